# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# One boot of a machine with a compiler: $vm_compiled policies have to be compiled for this kernel,
# $vm_failed cannot be, all others are reused.
start=$(cut -d ' ' -f 1 /proc/uptime)
secbake refresh --json >/tmp/refresh.json 2>/tmp/refresh.err
fact refresh "$start $(cut -d ' ' -f 1 /proc/uptime) compiled $(count compiled /tmp/refresh.json)"
check "compiled: $vm_compiled" test "$(count compiled /tmp/refresh.json)" = "$vm_compiled"
check "failed: $vm_failed" test "$(count failed /tmp/refresh.json)" = "$vm_failed"
cat /tmp/refresh.json /tmp/refresh.err
for name in plain logged layered; do
	check "$name" expect $name --no-compile
done
check 'a second refresh has nothing to do' test "$(secbake refresh --json 2>/dev/null >/tmp/again.json; count compiled /tmp/again.json)" = 0
if [ "$vm_failed" = 0 ]; then
	check 'without its agent nothing runs' refused 125 /run/agent.sock secbake-exec supervised -- /vm/probe
else
	check 'what needs a notification is refused' refused 125 supervised secbake-exec supervised -- /vm/probe
	check 'and why is said' grep -qi notify /tmp/refresh.err
	check 'what was lowered is said' says LOG secbake compile -o /tmp/lowered.sbk /usr/lib/secbake/policies/logged.json
fi
check 'complain mode' says 'Seccomp:	2' secbake-exec --complain plain -- /vm/probe
