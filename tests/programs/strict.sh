#!/bin/bash
# SPDX-License-Identifier: MIT
# strict: no command can be started under it, and the loader says so; a program applies it to
# itself, reads and writes, and is killed when it tries more.
. "$(dirname "$0")/lib.sh"
bake strict
under strict true >"$work/out" 2>&1
[[ $? = 125 ]] || fail 'the loader does not refuse'
grep -q 'the policy forbids execve' "$work/out" || fail "the loader says: $(cat "$work/out")"

"$work/bin/secbake" compile -o "$work/strict.sbk" "$work/policies/strict.json" || fail 'strict does not compile'
[[ $(printf 12345 | "$work/bin/confined" "$work/strict.sbk" 2>&1) = '5 bytes' ]] ||
	fail 'a program that applies it does not count 5 bytes'
{ "$work/bin/confined" "$work/strict.sbk" open <<<12345 >"$work/out" 2>&1; } 2>/dev/null # bash says so, too
status=$?
[[ $status = 159 && ! -s $work/out ]] || fail "opening a file: exit status $status, not 159 (SIGSYS)"
head -c 100 "$work/strict.sbk" >"$work/cut.sbk"
printf 12345 | "$work/bin/confined" "$work/cut.sbk" >"$work/out" 2>"$work/stderr"
status=$?
[[ $status = 1 && ! -s $work/out ]] || fail "a damaged blob: exit status $status, not 1"
exit "$failed"
