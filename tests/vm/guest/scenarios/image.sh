# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# An image whose blobs were made elsewhere, without a compiler on it.
check 'there is no compiler' test ! -e /usr/bin/secbake
for name in plain logged layered; do
	check "$name decides as the interpreter said" expect $name
	check "$name in complain mode only logs" says 'Seccomp:	2' secbake-exec --complain $name -- /vm/probe
done
ifconfig lo up
secbake-exec plain -- /bin/busybox httpd -f -p 80 -h /www &
daemon=$!
sleep 0.3
check 'a daemon runs under its filter' grep -q '^Seccomp:.*2' /proc/$daemon/status
check 'and serves' says 'hello from a guest' secbake-exec layered -- /bin/busybox wget -q -O - http://127.0.0.1/
check 'a policy that is not there is refused' refused 125 nosuch secbake-exec nosuch -- /vm/probe
kill $daemon
