#!/bin/bash
# SPDX-License-Identifier: MIT
#
# unproved.sh ERRING-SECBAKE: a secbake whose generator errs (erring.c) says so, shows
# a call with both verdicts, and writes nothing: no blob, no bare program, no cache
# entry, and what was there stays.
set -uo pipefail

secbake=$(realpath "$1") || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
cd "$work" || exit 1
umask 022
failed=0

fail() {
	printf 'unproved: %s\n' "$*" >&2
	failed=1
}

mkdir policies cache
cat >policies/one.json <<'POLICY'
{"secbake": 1, "default": "errno:EPERM", "rules": [{"syscalls": ["getppid", "read"], "action": "allow"}]}
POLICY

told() {
	grep -q 'the program does not decide as its policy: for arch 0x[0-9a-f]*, number [0-9]*, args .* the program returns 0x[0-9a-f]*, the policy says 0x[0-9a-f]*' "$1" ||
		fail "$2 does not show the differing call: $(cat "$1")"
}

for format in blob raw c asm; do
	"$secbake" compile --arch x86_64 --kernel 6.12 --format "$format" -o "new.$format" policies/one.json 2>message
	status=$?
	[[ $status = 4 ]] || fail "compile --format $format: exit status $status, not 4"
	told message "compile --format $format"
	[[ ! -e new.$format ]] || fail "compile --format $format wrote an unproved program"
	printf 'what was there' >"old.$format"
	before=$(stat -c '%i %Y %Z %s' "old.$format")
	"$secbake" compile --arch x86_64 --kernel 6.12 --format "$format" -o "old.$format" policies/one.json 2>/dev/null
	[[ $(stat -c '%i %Y %Z %s' "old.$format") = "$before" ]] || fail "the existing old.$format was touched"
	size=$("$secbake" compile --arch x86_64 --kernel 6.12 --format "$format" -o - policies/one.json 2>/dev/null | wc -c)
	[[ $size = 0 ]] || fail "compile --format $format wrote $size bytes to standard output"
done

"$secbake" refresh -C cache -P policies one >message 2>&1 && fail 'refresh succeeds'
told message refresh
[[ -z $(find cache -name '*.sbk') ]] || fail "refresh cached $(find cache -name '*.sbk')"
left=$(find . -name '*.tmp' -o -name '.*.tmp')
[[ -z $left ]] || fail "left behind: $left"
exit "$failed"
