# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# The whole system runs under one policy: PID 1 was started by the loader.
check 'PID 1 is under a filter' grep -q '^Seccomp:.*2' /proc/1/status
check 'and so is what it starts' says 'Seccomp:	2' /vm/probe
check 'which decides' says '0x40000 ERRNO 1' /vm/probe 135,0x40000
if [ "$vm_privileges" = kept ]; then
	check 'setuid programs are' says 'euid 0' /vm/probe --as 1000 /vm/setuid-probe
else
	check 'setuid programs gain nothing' says 'euid 1000' /vm/probe --as 1000 /vm/setuid-probe
fi
