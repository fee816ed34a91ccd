#!/bin/bash
# SPDX-License-Identifier: MIT
#
# What systemd makes of the units: the policy that secbake@NAME.service compiles is NAME, as it is written.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
readonly systemd=/lib/systemd/systemd
[[ -x $systemd ]] || skip 'no systemd'
install_below "$work/image"

# nginx, with the drop-in that is an example, and a policy of any name
units=$work/units
mkdir -p "$units/nginx.service.d" "$work/run"
cp "$work/image$configured"/lib/systemd/system/* "$units"
cp "$work/image$configured/share/doc/secbake/examples/systemd/nginx.service.d-secbake.conf" "$units/nginx.service.d/secbake.conf"
printf '[Unit]\nRequires=secbake@-9.a_b@C-d.service\n[Service]\nExecStart=/usr/sbin/nginx\n' >"$units/nginx.service"

# What would be started; systemd does not say as root.
as=(env SYSTEMD_UNIT_PATH="$units:" XDG_RUNTIME_DIR="$work/run")
if [[ $EUID -eq 0 ]]; then
	chown -R 65534:65534 "$work/run" && chmod 755 "$work"
	as=(setpriv --reuid 65534 --regid 65534 --clear-groups "${as[@]}")
fi
"${as[@]}" "$systemd" --test --system --unit=nginx.service >"$work/dump" 2>&1 ||
	skip "systemd --test: $(tail -n 1 "$work/dump")"

sed -n 's/.*Command Line: //p' "$work/dump" >"$work/commands"
for command in 'secbake refresh --quiet -- web-server' 'secbake refresh --quiet -- -9.a_b@C-d' \
	'secbake-exec web-server -- /usr/sbin/nginx -g "daemon on; master_process on;"'; do
	grep -qxF "$configured/bin/$command" "$work/commands" ||
		fail "systemd would not run $command, but: $(grep secbake "$work/commands")"
done
