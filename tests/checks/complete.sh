#!/bin/bash
# SPDX-License-Identifier: MIT
#
# complete.sh SECBAKE SOURCE-DIR: every check has a case that triggers it, one that does not,
# and a section in docs/checks.md; there are no cases and no sections of other codes.
set -uo pipefail
shopt -s nullglob

secbake=$1 source=$2 failed=0

fail() {
	printf 'complete: %s\n' "$*" >&2
	failed=1
}

codes=$("$secbake" check --list | awk '{ print $1 }') || exit 1
[[ $(wc -w <<<"$codes") -ge 40 ]] || fail "--list names only: $codes"
for code in $codes; do
	for kind in yes no; do
		cases=("$source/tests/checks/$code-$kind" "$source/tests/checks/$code-$kind"-*)
		[[ -d ${cases[0]} ]] || fail "there is no case tests/checks/$code-$kind"
	done
	grep -qxF "### $code" "$source/docs/checks.md" || fail "docs/checks.md has no section \"### $code\""
	grep -qF "\"$code\"" "$source/profiles/schema/policy-v1.schema.json" ||
		fail "the schema of policies does not know $code"
done
for case in "$source"/tests/checks/*/; do
	case=$(basename "$case")
	[[ $case =~ ^(.*)-(yes|no)(-.*)?$ ]] && grep -qxF "${BASH_REMATCH[1]}" <<<"$codes" ||
		fail "tests/checks/$case is of no check"
done
while read -r code; do
	grep -qxF "$code" <<<"$codes" || fail "docs/checks.md has a section \"$code\", which is no check"
done < <(sed -n 's/^### //p' "$source/docs/checks.md")
# The table of levels must say what --list says.
while read -r code level rest; do
	grep -qF "| \`$code\` | $level |" "$source/docs/checks.md" ||
		fail "docs/checks.md does not say that $code is of level $level"
done < <("$secbake" check --list)
exit "$failed"
