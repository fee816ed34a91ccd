#!/bin/bash
# SPDX-License-Identifier: MIT
#
# witness.sh SECBAKE CASES-DIR [POLICY...]: the calls that findings show are tried: in every case
# "*-slip*-past-yes*", and in the policies given, what is said to be refused is refused by the
# compiled program, and what is said to run runs. The interpreter decides, not the diagrams.
set -uo pipefail

secbake=$(realpath "$1") || exit 1
cases=$(realpath "$2") || exit 1
shift 2
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
failed=0 tried=0

verdict() { # ARCH CALL(A, B): of the program
	local name=${2%%(*} args=${2#*(}
	args=${args%)}
	printf '%s %s %s\n' "$1" "$name" "${args// /}" | "$secbake" emu --arch "$target" "$work/program"
}

try() { # POLICY [OPTION...]: of secbake check and compile
	local policy=$1 pattern arch refused runs
	shift
	"$secbake" compile "$policy" --kernel 6.12 "$@" --format raw -o "$work/program" 2>"$work/stderr" ||
		{ printf '%s: %s\n' "$policy" "$(cat "$work/stderr")" >&2; failed=1; return; }
	pattern='^.*: (error|warning): ([a-z0-9_]+\([^)]*\)) is refused( on ([a-z0-9]+))?, ([a-z0-9_]+\([^)]*\)) runs: '
	while read -r line; do
		[[ $line =~ $pattern ]] || continue
		refused=${BASH_REMATCH[2]} arch=${BASH_REMATCH[4]:-$target} runs=${BASH_REMATCH[5]}
		tried=$((tried + 1))
		[[ ! $(verdict "$arch" "$refused") =~ ^(ALLOW|LOG)$ ]] ||
			{ printf '%s: on %s %s is not refused\n' "$policy" "$arch" "$refused" >&2; failed=1; }
		[[ $(verdict "$arch" "$runs") =~ ^(ALLOW|LOG)$ ]] ||
			{ printf '%s: on %s %s does not run\n' "$policy" "$arch" "$runs" >&2; failed=1; }
	done < <("$secbake" check --kernel 6.12 "$@" "$policy")
}

target=x86_64
for case in "$cases"/*-slip*-past-yes*/; do
	options=(--arch x86_64)
	[[ ! -e $case/options ]] || read -r -d '' -a options <"$case/options"
	try "$case/policy.json" "${options[@]}"
done
for policy; do
	[[ ! -e $policy ]] || try "$policy" --arch x86_64
done
[[ $tried -ge 8 ]] || { printf 'witness: only %s calls were found\n' "$tried" >&2; failed=1; }
printf '%s pairs of calls tried\n' "$tried"
exit "$failed"
