#!/bin/bash
# SPDX-License-Identifier: MIT
#
# run_cases.sh SECBAKE CASE...: runs `secbake import` on cases, each a directory of files:
#   from         the format
#   policy       the text
#   options      more words for `secbake import`; --arch x86_64 unless they say otherwise
#   json         what it must write; it must also compile without a word but notes
#   warnings     all of stderr of an import that succeeds; without it there must be nothing
#   error        the only line on stderr: status 3, and a file that was there is not touched
set -uo pipefail

secbake=$(realpath "$1") || exit 1
profiles=$(realpath "$(dirname "$0")/../../profiles") || exit 1
shift
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
failed=0

fail() {
	printf '%s: %s\n' "$case" "$*" >&2
	failed=1
}

same() { # WANTED GOT WHAT
	diff -u --label wanted --label got "$1" "$2" >"$work/diff" || fail "$3:
$(cat "$work/diff")"
}

for case in "$@"; do
	dir=$(realpath "$case") || exit 1
	case=$(basename "$dir")
	options=()
	[[ -e $dir/options ]] && read -r -d '' -a options <"$dir/options"
	[[ -e $dir/error || -e $dir/json ]] || fail 'has nothing to check'
	printf 'what was there' >"$work/out"
	# As messages shall name it: from inside the case's folder.
	(cd "$dir" && "$secbake" import --from "$(cat from)" --arch x86_64 "${options[@]}" \
		-o "$work/out" policy) >"$work/stdout" 2>"$work/stderr"
	status=$?
	[[ -s $work/stdout ]] && fail 'it writes to standard output'
	if [[ -e $dir/error ]]; then
		[[ $status = 3 ]] || fail "exit status $status, not 3"
		same "$dir/error" "$work/stderr" 'the message differs'
		[[ $(cat "$work/out") = 'what was there' ]] || fail 'the output was touched'
		continue
	fi
	[[ $status = 0 ]] || fail "exit status $status: $(cat "$work/stderr")"
	if [[ -e $dir/warnings ]]; then
		same "$dir/warnings" "$work/stderr" 'the messages differ'
	elif [[ -s $work/stderr ]]; then
		fail "unexpected: $(cat "$work/stderr")"
	fi
	same "$dir/json" "$work/out" 'the policy differs'
	"$secbake" compile --policies "$profiles" "$work/out" --arch x86_64 --kernel 6.12 -o "$work/blob" 2>"$work/stderr" ||
		fail "it does not compile: $(cat "$work/stderr")"
	grep -v '^note: ' "$work/stderr" >"$work/said" && fail "compile says: $(cat "$work/said")"
done
exit "$failed"
