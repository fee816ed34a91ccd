#!/bin/bash
# SPDX-License-Identifier: MIT
#
# hostile.sh SECBAKE: policies of hostile size. Each import must end within a minute and
# 256 MiB, with status 0, or with 3 and one line that says why.
set -uo pipefail
shopt -s lastpipe # what try() remembers must outlive its pipe

secbake=$(realpath "$1") || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
failed=0
readonly mib=$((1 << 20))

fail() {
	printf '%s: %s\n' "$name" "$*" >&2
	failed=1
}

# repeat COUNT TEXT: COUNT bytes of TEXT, over and over.
repeat() {
	yes -- "$2" | tr -d '\n' | head -c "$1"
}

# lines COUNT TEXT: COUNT bytes of lines TEXT.
lines() {
	yes -- "$2" | head -c "$1"
}

# try STATUS FORMAT NAME [MESSAGE]: standard input is the policy.
try() {
	local wanted=$1 format=$2 message=${4:-} status
	name="$format $3"
	cat >"$work/policy"
	printf kept >"$work/out"
	(
		# A sanitizer maps far more than it uses.
		ldd "$secbake" | grep -q libasan || grep -qa __asan_init "$secbake" || ulimit -v $((256 << 10))
		exec timeout 60 "$secbake" import --from "$format" -o "$work/out" "$work/policy"
	) >"$work/stdout" 2>"$work/stderr"
	status=$?
	[[ $status = "$wanted" ]] || fail "status $status, not $wanted: $(head -c 300 "$work/stderr")"
	[[ $wanted = 0 ]] && return
	[[ $(wc -l <"$work/stderr") = 1 ]] || fail "not one line: $(head -c 300 "$work/stderr")"
	[[ $(wc -c <"$work/stderr") -lt 1000 ]] || fail 'the message has no end'
	[[ $(cat "$work/out") = kept ]] || fail 'the output was touched'
	grep -qF -- "$message" "$work/stderr" || fail "it says: $(cat "$work/stderr")"
}

for format in snap minijail; do
	lines $((mib + 1)) '# a' | try 3 $format 'larger than the limit' 'is larger than'
	lines "$mib" '# a' | try 0 $format 'comments only'
	head -c "$mib" /dev/zero | try 3 $format 'zeros' ':1: the control character 0x00'
	lines $((mib - 1)) '' | try 0 $format 'empty lines'
done
seq -f 'call%.0f' 80000 | head -c "$mib" | try 3 snap 'names that nobody has, more than a policy holds' 'in the native language'
lines "$mib" 'read' | try 0 snap 'one line, again and again'
lines 400000 'read 1 2 3' | try 0 snap 'one condition, again and again'
seq -f 'read %.0f' 60000 | try 3 snap 'a condition a line' 'in the native language'
seq -f 'read %.0f' 3000 | try 0 snap 'some conditions'
{ printf 'read\n'; repeat 70000 x; } | try 3 snap 'a long line' ':2: the line has more than 65535 bytes'
repeat 65000 x | try 0 snap 'a long name'
repeat 60000 '- ' | try 0 snap 'many words behind no name'
{ printf 'read '; repeat 60000 '- '; } | try 3 snap 'many words' ':1: a call has six arguments'
lines "$mib" '{{x}}' >"$work/templates"
head -c 20000 "$work/templates" | try 0 snap 'template lines'
repeat "$mib" 'a' | try 3 minijail 'one word' ':1: there is no call'
repeat "$mib" '(' | try 3 minijail 'no call' ':1: "("'
{ printf 'read: arg0 == '; repeat $((mib - 20)) '('; } | try 3 minijail 'parentheses' 'parentheses in each other'
{ printf 'read: arg0 == '; repeat $((mib - 20)) '~'; } | try 3 minijail 'complements' ':1:'
{ printf 'read: arg0 == 1'; repeat 900003 ' || arg0 == 1'; printf '\n'; } | try 3 minijail 'one expression' 'in the native language'
{ printf 'read: arg0 != 1'; repeat 90000 ' && arg0 != 1'; printf '\n'; } | try 0 minijail 'one conjunction'
{ printf 'read: arg0 == 0'; repeat 900000 '|1'; printf '\n'; } | try 0 minijail 'one value'
{ printf '{'; repeat 900000 'read,'; } | try 3 minijail 'one call' ':1: read is listed twice'
lines 14000 '@default kill' | try 0 minijail 'defaults'
lines 980000 'read: arg0 == 1' | try 3 minijail 'one statement again and again' 'in the native language'
lines "$mib" '\' | try 0 minijail 'lines that go on'
lines "$mib" '@include ./policy' | try 3 minijail 'itself' 'includes itself'

readonly service='[Service]\nSystemCallFilter='
lines $((mib + 1)) '# a' | try 3 systemd 'larger than the limit' 'is larger than'
lines "$mib" '# a' | try 3 systemd 'comments only' 'restricts no system calls'
head -c "$mib" /dev/zero | try 3 systemd 'zeros' ':1: the control character 0x00'
lines "$mib" '\' | try 3 systemd 'lines that go on' 'restricts no system calls'
{ printf '%b' "$service"; lines 980000 'read \'; } | try 3 systemd 'one word' 'in the native language'
{ printf '%b' "$service"; repeat 100000 '@clock '; } | try 0 systemd 'one group'
{ printf '%b' "$service"; repeat 1000000 x; } | try 0 systemd 'a long name'
lines 900000 '[Service]' | try 3 systemd 'sections' 'restricts no system calls'
{ printf '[Service]\n'; lines 100000 'SystemCallFilter=~read write'; lines 900000 'SystemCallFilter='; } |
	try 3 systemd 'resets' 'restricts no system calls'
{ printf '[Service]\n'; lines 1000000 'RestrictAddressFamilies=AF_UNIX AF_INET'; } | try 0 systemd 'families'
{ printf '[Service]\n'; lines 960000 'SystemCallFilter=~socket:1 bind'; } | try 3 systemd 'turns' 'in the native language'

readonly profile='{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": ['
readonly rule='{"names": ["read"], "action": "SCMP_ACT_KILL"'
repeat "$mib" '[' | try 3 oci 'brackets' ':1: '
{ printf '%s' "$profile"; repeat 690000 "$rule},"; printf '%s}]}' "$rule"; } | head -c 999999 | try 3 oci 'cut off' ':1: '
{ printf '%s' "$profile"; for _ in {1..15000}; do printf '%s},' "$rule"; done; printf '%s}]}' "$rule"; } |
	try 0 oci 'rules'
{
	printf '%s%s, "args": [' "$profile" "$rule"
	for _ in {1..5000}; do printf '{"index": 0, "value": 1, "op": "SCMP_CMP_EQ"},'; done
	printf '{"index": 0, "value": 1, "op": "SCMP_CMP_EQ"}]}]}'
} | try 0 oci 'conditions'

readonly filter='{"vmm": {"default_action": "trap", "filter_action": "allow", "filter": ['
repeat "$mib" '{"a":' | try 3 firecracker 'braces' ':1: '
{ printf '{'; for i in {1..9000}; do printf '"t%d": {},' "$i"; done; printf '"t": {}}'; } |
	try 3 firecracker 'threads' 'choose with --part'
{ printf '%s' "$filter"; for _ in {1..30000}; do printf '{"syscall": "read"},'; done; printf '{"syscall": "read"}]}}'; } |
	try 0 firecracker 'rules'
{
	printf '%s{"syscall": "read", "args": [' "$filter"
	for _ in {1..5000}; do printf '{"index": 0, "type": "dword", "op": "ne", "val": 1},'; done
	printf '{"index": 0, "type": "dword", "op": "ne", "val": 1}]}]}}'
} | try 0 firecracker 'conditions'
exit "$failed"
