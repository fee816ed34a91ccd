# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Runs last in a booted Debian. In the initramfs vm-probe has left a file in /run.
. /vm/lib.sh

check 'curl gets a page' says 'Welcome to nginx' curl --silent --max-time 20 http://127.0.0.1/
nginx=$(systemctl show -p MainPID --value nginx.service)
if grep -q vm_bare /proc/cmdline; then
	check 'nginx is under no filter' grep -q '^Seccomp:.*0' "/proc/$nginx/status"
else
	check 'nginx is under its policy' grep -q '^Seccomp:.*2' "/proc/$nginx/status"
	check 'the refresh was done before sysinit.target' systemctl is-active --quiet secbake-refresh.service
	fact 'secbake-refresh.service, us' "$(systemctl show -p ExecMainStartTimestampMonotonic -p ExecMainExitTimestampMonotonic --value secbake-refresh.service | awk 'NR == 1 { start = $1 } NR == 2 { print $1 - start }')"
	check 'in the initramfs the loader worked' grep -q '258,0,0,0 ERRNO 30' /run/vm-initramfs.log
	systemctl start vm-open.service
	check 'within SystemCallFilter=@system-service seccomp' grep -q '258,0,0,0 ERRNO 30' /run/vm-open.log
	systemctl start vm-closed.service
	check 'within one without seccomp, by prctl' grep -q '258,0,0,0 ERRNO 30' /run/vm-closed.log
	systemctl start vm-missing.service 2>/dev/null
	check 'no policy, no service' test ! -e /run/vm-missing-ran
	check 'the reason is in the journal' sh -c 'journalctl --no-pager -u secbake@nosuch.service | grep -q nosuch'
fi
fact 'nginx was up after the kernel had started, us' "$(systemctl show -p ActiveEnterTimestampMonotonic --value nginx.service)"
check 'nothing failed' test -z "$(systemctl list-units --failed --no-legend --plain | grep -v 'nosuch\|vm-')"
systemctl list-units --failed --no-legend --plain
echo VM-DONE
sync
systemctl reboot -ff
