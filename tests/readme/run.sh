#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Runs what a document (default: README.md) shows: each block marked `console` is a session, and one
# marked `json FILE` or `text FILE` is written to that file first. A line
# "$ COMMAND" is run (in a folder with the shipped policies, secbake and
# secbake-exec on the PATH), and the lines behind it must be what it prints, on
# both outputs; "..." stands for any lines. usage: run.sh SOURCE_DIR BIN_DIR [DOCUMENT]
set -uo pipefail
source=$1 bin=$2 document=${3:-README.md}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
umask 022
cp -r "$source/profiles" "$work/profiles"
chmod -R go-w "$work"
cd "$work" || exit 1
export PATH=$bin:$PATH LC_ALL=C HOME=$work

run=0 failed=0
command='' expected=''

# The expected text as a pattern: "..." alone on a line is any text.
matches() {
	local pattern='' line
	while IFS= read -r line; do
		if [[ $line == ... ]]; then
			pattern+='*'
		else
			pattern+=${line//[\[\]\\*?]/\\&}$'\n'
		fi
	done <<<"$2"
	# shellcheck disable=SC2053
	[[ $1$'\n' == $pattern ]]
}

flush() {
	[[ -n $command ]] || return 0
	local printed
	run=$((run + 1))
	printed=$(bash -c "$command" 2>&1 </dev/null)
	if ! matches "$printed" "${expected%$'\n'}"; then
		failed=$((failed + 1))
		printf '%s shows:\n$ %s\n%s\nbut it prints:\n%s\n\n' \
			"$document" "$command" "$expected" "$printed" >&2
	fi
	command='' expected=''
}

session=false file=''
while IFS= read -r line; do
	if [[ -n $file && $line != '```' ]]; then
		printf '%s\n' "$line" >>"$file"
		continue
	fi
	case $line in
	'```json '* | '```text '*)
		file=${line#'```'????' '}
		mkdir -p "$(dirname "$file")"
		: >"$file"
		;;
	'```console') session=true ;;
	'```'*) flush; session=false file='' ;;
	'$ '*) $session && { flush; command=${line#'$ '}; } ;;
	*) $session && expected+=$line$'\n' ;;
	esac
done <"$source/$document"

# What the text names must be there.
[[ $document = README.md ]] && for script in scripts/demo scripts/test tests/bench/run; do
	if ! grep -q "$script" "$source/README.md" || [[ ! -x $source/$script ]]; then
		echo "README.md and $script do not agree" >&2
		failed=$((failed + 1))
	fi
done
while read -r file; do
	[[ -e $source/$(dirname "$document")/$file ]] && continue
	echo "$document links to $file, which is not there" >&2
	failed=$((failed + 1))
done < <(grep -oE '\]\([^)#:]+\)' "$source/$document" | tr -d '])(')

echo "$run commands run, $failed failed"
((run > 0 && failed == 0))
