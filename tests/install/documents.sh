#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The documentation that is installed: what it links to is there, and the manual of the loader has
# each of its options.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
install_below "$work/image"
share=$work/image$configured/share

for page in "$share"/doc/secbake/*.md; do
	while read -r link; do
		[[ -e ${page%/*}/$link ]] || fail "${page##*/} links to $link, which is not installed"
	done < <(grep -oE '\]\([^)#:]+\)' "$page" | tr -d '])(')
done

options=$("$build/bin/secbake-exec" --help | sed -nE 's/^ {2,6}(-[a-zA-Z])?(, )?(--[a-z-]+)?.*/\1 \3/p')
[[ $options == *--help* ]] || fail 'the options of secbake-exec were not found'
for option in $options; do
	tr -d '\\' <"$share/man/man1/secbake-exec.1" | grep -E -- "^\.BI?R? (.* )?$option( |\$)" >/dev/null ||
		fail "$option is not in the manual of secbake-exec"
done
