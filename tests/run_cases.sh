#!/bin/bash
# SPDX-License-Identifier: MIT
#
# run_cases.sh SECBAKE CASE...: runs cases, each a directory of files:
#   policy.json  the policy; or
#   shipped      the name of a policy in profiles/ to take instead
#   options      more words for `secbake compile`; the target is x86_64, Linux 6.12, unless
#                they say otherwise (may be missing)
#   verdicts     lines `ARCH SYSCALL [ARG,ARG...] => VERDICT`, # comments: what the program
#                and the blob must answer
#   verdicts.T   the same, for the target T (`--arch T`)
#   error        the message, the only line on stderr: the policy is rejected with status 3,
#                nothing is written, and a file that was there is not touched
#   warnings     all lines on stderr, in order, of a compile that succeeds
# A case has verdicts, error or warnings; it may have verdicts and warnings.
set -uo pipefail

secbake=$(realpath "$1") || exit 1
profiles=$(realpath "$(dirname "${BASH_SOURCE[0]}")/../profiles") || exit 1
shift
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
failed=0

fail() {
	printf '%s: %s\n' "$case" "$*" >&2
	failed=1
}

compile() { # OUTPUT [OPTION...]: status in $status, stderr in $work/stderr
	local output=$1
	shift
	# As the message shall name it: from inside the case's folder.
	(cd "$dir" && "$secbake" compile "$policy" --arch x86_64 --kernel 6.12 \
		"${options[@]}" "$@" -o "$output") >"$work/stdout" 2>"$work/stderr"
	status=$?
	[[ -s $work/stdout ]] && fail "compile writes to standard output: $(head -1 "$work/stdout")"
}

expect_file() { # WANTED GOT WHAT
	diff -u --label wanted --label got "$1" "$2" >"$work/diff" || fail "$3:
$(cat "$work/diff")"
}

rejected() {
	local kept=$work/kept
	rm -f "$work/none"
	compile "$work/none"
	[[ $status = 3 ]] || fail "exit status $status, not 3"
	expect_file "$dir/error" "$work/stderr" 'the message differs'
	[[ -e $work/none ]] && fail 'a file was made for a rejected policy'
	printf 'what was there' >"$kept"
	local before
	before=$(stat -c '%i %Y %Z %s' "$kept")
	compile "$kept"
	[[ $status = 3 ]] || fail "exit status $status with an existing output, not 3"
	[[ $(cat "$kept") = 'what was there' && $(stat -c '%i %Y %Z %s' "$kept") = "$before" ]] ||
		fail 'the existing output file was touched'
	compile "$kept" --format raw
	[[ $(cat "$kept") = 'what was there' ]] || fail 'the existing output was touched by --format raw'
	local left
	left=$(find "$work" -name '*.tmp')
	[[ -z $left ]] || fail "a temporary file is left: $left"
}

# The word behind --arch in the options, which is the byte order of a bare program.
target() {
	local arch=x86_64 i
	for ((i = 0; i < ${#options[@]}; i++)); do
		[[ ${options[i]} = --arch ]] && arch=${options[i + 1]}
		[[ ${options[i]} = --arch=* ]] && arch=${options[i]#--arch=}
	done
	printf '%s' "$arch"
}

kernel() {
	local kernel=6.12 i
	for ((i = 0; i < ${#options[@]}; i++)); do
		[[ ${options[i]} = --kernel ]] && kernel=${options[i + 1]}
		[[ ${options[i]} = --kernel=* ]] && kernel=${options[i]#--kernel=}
	done
	printf '%s' "$kernel"
}

verdicts() { # TABLE
	local lines=0
	sed -e 's/[ \t]*#.*//' -e '/^[ \t]*$/d' "$1" >"$work/lines"
	grep -n -v ' => ' "$work/lines" >"$work/bad" && fail "no ' => ' in: $(head -1 "$work/bad")"
	sed 's/ *=> .*//' "$work/lines" >"$work/calls"
	lines=$(wc -l <"$work/lines")
	[[ $lines -gt 0 ]] || fail "${1##*/} is empty"
	for program in blob raw; do
		local how=()
		compile "$work/program" --format "$program"
		if [[ $status != 0 ]]; then
			fail "compile --format $program: exit status $status: $(cat "$work/stderr")"
			return
		fi
		[[ -e $dir/warnings ]] || {
			[[ -s $work/stderr ]] && fail "unexpected: $(cat "$work/stderr")"
		}
		if [[ $program = raw ]]; then
			how=(--arch "$(target)")
		else
			how=(--kernel "$(kernel)")
		fi
		"$secbake" emu "${how[@]}" "$work/program" <"$work/calls" >"$work/answers" 2>"$work/stderr" ||
			fail "emu ($program): $(cat "$work/stderr")"
		paste -d '\t' "$work/calls" "$work/answers" | sed 's/\t/ => /' >"$work/got"
		sed 's/ *=> */ => /' "$work/lines" >"$work/wanted"
		expect_file "$work/wanted" "$work/got" "${1##*/} of the $program differ"
	done
}

for case in "$@"; do
	dir=$(realpath "$case") || exit 1
	case=$(basename "$dir")
	policy=policy.json options=()
	[[ -e $dir/shipped ]] && policy=$profiles/$(<"$dir/shipped").json
	tables=()
	for table in "$dir"/verdicts "$dir"/verdicts.*; do
		[[ -e $table ]] && tables+=("$table")
	done
	if [[ -e $dir/options ]]; then
		read -r -d '' -a options <"$dir/options"
	fi
	[[ -e $dir/error || -e $dir/warnings || -n ${tables[*]} ]] || fail 'has nothing to check'
	if [[ -e $dir/error ]]; then
		[[ -e $dir/warnings || -n ${tables[*]} ]] && fail 'error stands alone'
		rejected
	fi
	if [[ -e $dir/warnings ]]; then
		compile "$work/warned"
		[[ $status = 0 ]] || fail "exit status $status, not 0"
		[[ -s $work/warned ]] || fail 'nothing was compiled'
		expect_file "$dir/warnings" "$work/stderr" 'the messages differ'
	fi
	given=("${options[@]}")
	for table in "${tables[@]}"; do
		options=("${given[@]}")
		[[ $table = */verdicts.* ]] && options+=(--arch "${table##*.}")
		verdicts "$table"
	done
done
exit "$failed"
