#!/bin/bash
# SPDX-License-Identifier: MIT
#
# command.sh SECBAKE: the options of secbake check, its exit statuses, and its JSON.
set -uo pipefail

secbake=$(realpath "$1") || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
failed=0

expect() { # STATUS WORD...: of secbake check WORD...; its output is in out, err
	local wanted=$1 status
	shift
	"$secbake" check --arch x86_64 "$@" >out 2>err
	status=$?
	[[ $status = "$wanted" ]] && return
	printf 'check %s: exit status %s, not %s: %s%s\n' "$*" "$status" "$wanted" "$(cat out)" \
		"$(cat err)" >&2
	failed=1
}

says() { # FILE TEXT
	grep -qF -- "$2" "$1" && return
	printf '%s lacks "%s": %s\n' "$1" "$2" "$(cat "$1")" >&2
	failed=1
}

silent() { # FILE
	[[ -s $1 ]] || return
	printf '%s is not empty: %s\n' "$1" "$(cat "$1")" >&2
	failed=1
}

body='"default": "errno:EPERM", "baseline": "6.12", "rules": [
	{ "syscalls": ["read", "ptrace", "execve", "exit", "exit_group", "rt_sigreturn", "restart_syscall"],
	  "action": "allow" } ]'
printf '{ "secbake": 1, %s }\n' "$body" >open.json
printf '{ "secbake": 1, "accept": { "ptrace-allowed": "a \\"debugger\\"" }, %s }\n' "$body" >accepted.json
printf '{ "secbake": 1, "rules": [] }\n' >wrong.json

expect 1 open.json
says out 'open.json:2: /rules/0: warning: allows ptrace'
says out '[ptrace-allowed]'
silent err
expect 0 --level error open.json
silent out
expect 0 --ignore ptrace-allowed open.json
silent out
expect 0 accepted.json
silent out
expect 1 --level note accepted.json # arch-left-out stays
says out 'note: allows ptrace'
says out 'accepted: a "debugger"'
expect 0 --level note --ignore arch-left-out accepted.json
expect 2 --ignore ptrace-allwed open.json
says err "did you mean 'ptrace-allowed'"
expect 2 --level loud open.json
says err 'note, warning or error'
expect 2 --kernel 6.1..5.4 open.json
expect 2 --kernel 6.1.. open.json
expect 0 --kernel 5.4..6.12 --ignore ptrace-allowed open.json
expect 2
expect 2 open.json accepted.json
expect 3 wrong.json
says err 'lacks "default"'
expect 3 --json wrong.json
silent out
printf '{ "secbake": 1, "default": "errno:EPERMM", "baseline": "x" }\n' >twice.json
expect 3 twice.json
[[ $(wc -l <err) = 2 ]] || { echo "not two errors: $(cat err)" >&2; failed=1; }
expect 4 missing.json
expect 0 --list
says out 'ptrace-allowed'
"$secbake" check --arch x86_64 - <open.json >out 2>err
[[ $? = 1 ]] || { echo 'standard input is not checked' >&2; failed=1; }
says out '(standard input):2: /rules/0'

head -c 12 /dev/zero >short
expect 3 short
says err 'neither a blob nor a program'
printf '\xef\xbb\xbf{}' >mark.json
expect 3 mark.json
says err 'byte order mark'
"$secbake" compile --arch x86_64 --kernel 6.12 open.json -o open.sbk || failed=1
expect 1 open.sbk
says out 'open.sbk: warning: allows ptrace'
expect 2 --kernel 5.4..6.12 open.sbk
says err 'a range of kernels is for policies'
expect 1 --kernel 6.1 open.sbk
head -c 16 /dev/zero >refused
expect 3 refused # an instruction 0 at the end: no return

if command -v python3 >/dev/null; then
	expect 1 --json --level note accepted.json
	python3 - <<-'END' || failed=1
		import json
		found = json.load(open("out"))
		one = [f for f in found if f["code"] == "ptrace-allowed"]
		assert len(one) == 1, found
		one = one[0]
		assert one["accepted"] == 'a "debugger"' and one["level"] == "note", one
		assert one["file"] == "accepted.json" and one["line"] == 2, one
		assert one["pointer"] == "/rules/0" and one["text"] and one["mend"], one
		assert any(f["code"] == "arch-left-out" and "accepted" not in f for f in found), found
	END
	expect 0 --json accepted.json
	[[ $(cat out) = '[]' ]] || { echo "not an empty array: $(cat out)" >&2; failed=1; }
fi
exit "$failed"
