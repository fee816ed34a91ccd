#!/bin/bash
# SPDX-License-Identifier: MIT
#
# OpenRC's own start of the example service: it runs under its filter, and is found when it stops.
# shellcheck source-path=SCRIPTDIR source=system.sh
. "$(dirname "${BASH_SOURCE[0]}")/system.sh" "$@"
for file in sbin/openrc-run usr/sbin/nginx; do
	[[ -x $system/$file ]] || skip "no $file"
done
install_below "$system"

# As if the system had been booted by it; network and file systems are there.
mkdir -p "$system"/run/openrc/{daemons,exclusive,failed,options,scheduled,started,starting,stopping,tmp} && touch "$system/run/openrc/softlevel"
cp "$system"/usr/share/doc/secbake/examples/openrc/* "$system/etc/init.d/"
service() {
	inside rc-service --nodeps "$@"
}

quietly service secbake-refresh start
compgen -G "$system/var/cache/secbake/*/web-server.sbk" >/dev/null || fail 'nothing was compiled'

quietly service nginx start
pid=$(<"$system/run/nginx.pid")
grep -q '^Seccomp:.*2' "/proc/$pid/status" || fail 'nginx runs without a filter'
[[ $(readlink "/proc/$pid/exe") = */usr/sbin/nginx ]] || fail 'what runs is not nginx'
quietly service nginx status
quietly service nginx stop
[[ ! -e /proc/$pid ]] || fail 'nginx was not stopped'

# A policy that is rejected: no service, said loudly.
echo '{"secbake":1}' >"$system/etc/secbake/policies/web-server.json"
refuses web-server service nginx start
