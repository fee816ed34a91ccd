#!/bin/bash
# SPDX-License-Identifier: MIT
#
# run_checks.sh SECBAKE CASE...: runs cases of secbake check, each a directory CODE-yes
# or CODE-no, a word behind it perhaps (CODE-yes-WORD), of files:
#   policy.json  the policy; others beside it, as it names them
#   options      more words for `secbake check`; the target is x86_64, Linux 6.12, unless
#                they say otherwise (may be missing)
#   compile      words for `secbake compile`: what is checked is what that makes of the policy
#                (may be empty)
#   program      instead of a policy: a program for x86_64, an instruction a line, "CODE JT JF K",
#                # comments
#   found        of CODE-yes: all lines with this code that the check prints, in order
# The check of CODE-no must print no line with this code. Only the last word of a line's
# bracket counts, so that cases do not depend on each other's codes.
set -uo pipefail

secbake=$(realpath "$1") || exit 1
shift
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
failed=0

fail() {
	printf '%s: %s\n' "$case" "$*" >&2
	failed=1
}

words() { # FILE: its words, into the array `word`
	word=()
	[[ ! -e $1 ]] || read -r -d '' -a word <"$1"
}

assemble() { # FILE: its instructions, little-endian, to standard output
	local code jt jf k rest
	while read -r code jt jf k rest; do
		[[ $code = '#'* || -z $code ]] ||
			printf "$(printf '\\x%02x' $((code & 255)) $((code >> 8)) $((jt)) $((jf)) \
				$((k & 255)) $((k >> 8 & 255)) $((k >> 16 & 255)) $((k >> 24 & 255)))"
	done <"$1"
}

for case in "$@"; do
	dir=$(realpath "$case") || exit 1
	case=$(basename "$dir")
	[[ $case =~ ^(.*)-(yes|no)(-.*)?$ ]] || { fail 'is not named CODE-yes or CODE-no'; continue; }
	code=${BASH_REMATCH[1]} wanted=${BASH_REMATCH[2]}
	"$secbake" check --list | grep -q "^$code " || { fail "there is no check $code"; continue; }
	subject=policy.json target=(--arch x86_64 --kernel 6.12)
	if [[ -e $dir/compile ]]; then
		words "$dir/compile"
		subject=$work/compiled
		(cd "$dir" && "$secbake" compile policy.json "${target[@]}" "${word[@]}" -o "$subject") \
			2>"$work/stderr" || { fail "compile: $(cat "$work/stderr")"; continue; }
		target=(--arch x86_64)
	fi
	if [[ -e $dir/program ]]; then
		subject=$work/program target=(--arch x86_64)
		assemble "$dir/program" >"$subject"
	fi
	words "$dir/options"
	# As the messages shall name it: from inside the case's folder.
	(cd "$dir" && "$secbake" check --level note "${target[@]}" "${word[@]}" "$subject") \
		>"$work/stdout" 2>"$work/stderr"
	status=$?
	[[ $status -le 1 ]] || fail "exit status $status: $(cat "$work/stderr")"
	[[ ! -s $work/stderr ]] || fail "stderr: $(cat "$work/stderr")"
	sed "s|^$work/||" "$work/stdout" | grep -F "[$code]" >"$work/got"
	if [[ $wanted = no ]]; then
		[[ ! -s $work/got ]] || fail "finds $(cat "$work/got")"
	else
		[[ -s $dir/found ]] || fail 'has no file "found"'
		diff -u --label wanted --label got "$dir/found" "$work/got" >"$work/diff" ||
			fail "what is found differs:
$(cat "$work/diff")"
	fi
done
exit "$failed"
