#!/bin/bash
# SPDX-License-Identifier: MIT
#
# commands.sh SECBAKE
#
# The command line as a stranger types it: misspelt, too much, too little, the wrong kind of
# file. Each line has its exit status and says where, what, and how to mend it.
set -uo pipefail

secbake=$(realpath "$1")
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
failed=0 tried=0

# STATUS TEXT ARGUMENT...: the exit status, and all of what standard error has ("": nothing).
says() {
	local status=$1 text=$2 was said
	shift 2
	said=$("$secbake" "$@" 2>&1 >stdout </dev/null)
	was=$?
	tried=$((tried + 1))
	[[ $was = "$status" && $said = "$text" ]] && return
	printf 'secbake %s: status %s, not %s\n  wanted: %s\n  said:   %s\n' "$*" "$was" "$status" "$text" "$said" >&2
	failed=1
}

# STATUS TEXT VERB ARGUMENT...: the same of what a verb says of its usage.
usage() {
	local text=$1 verb=$2 stop=\;
	shift 2
	[[ $text = *\? ]] && stop=
	says 2 "secbake $verb: $text$stop secbake $verb --help tells more" "$verb" "$@"
}

verbs=(compile check import emu explain disasm prove diff refresh cache features constants syscalls)

# ---- verbs, help and versions ----

version=$("$secbake" --version)
for verb in "${verbs[@]}"; do
	for words in "$verb --help" "$verb -h" "help $verb"; do
		says 0 '' $words
		grep -q "^usage: secbake $verb" stdout || { echo "secbake $words: no usage" >&2; failed=1; }
	done
	says 0 '' "$verb" --version
	[[ $(<stdout) = "$version" ]] || { echo "secbake $verb --version: not $version" >&2; failed=1; }
	usage 'there is no option --hepl; did you mean --help?' "$verb" --hepl
	usage 'there is no option --quite-another' "$verb" --quite-another=1
	usage 'there is no option -z' "$verb" -z
done
says 0 '' help
says 2 "secbake: there is no verb 'complie'; did you mean 'compile'? secbake --help lists them" complie web.json
says 2 "secbake: there is no verb 'Check'; did you mean 'check'? secbake --help lists them" Check
says 2 "secbake: there is no verb 'dif'; did you mean 'diff'? secbake --help lists them" help dif
says 2 "secbake: there is no verb 'nonsense'; secbake --help lists them" nonsense
says 2 "secbake: there is no verb ''; secbake --help lists them" ''
says 2 'secbake: --kernel stands where a verb should: secbake VERB [OPTION...]; secbake --help lists the verbs' --kernel 6.1 compile

# ---- options ----

usage 'there is no option --kernl; did you mean --kernel?' compile --kernl 6.1 web.json
usage 'there is no option --kernl; did you mean --kernel?' refresh --kernl=6.1
usage '--f may be --features or --format' compile --f=raw web.json
usage '--strict takes no value' compile --strict=yes web.json
usage '--strict takes no value' compile --stri=yes web.json
usage '--kernel needs a value' compile --kernel
usage 'there is no option --' compile --=6.1
formats='snap, minijail, systemd, oci, firecracker'
usage "from which format? give --from, one of $formats" import web.json
usage "there is no format 'x'; there are $formats" import --from x web.json
usage "there is no format 'systmd'; did you mean 'systemd'? There are $formats" import --from systmd web.json

echo "$tried command lines"
exit $failed
