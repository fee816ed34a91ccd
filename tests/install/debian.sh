#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The Debian package, installed and purged by dpkg in a copy of this machine; and made twice.
# shellcheck source-path=SCRIPTDIR source=system.sh
. "$(dirname "${BASH_SOURCE[0]}")/system.sh" "$@"
for program in dpkg dpkg-shlibdeps deb-systemd-helper; do
	command -v $program >/dev/null || skip "no $program"
done

# package FOLDER: the package, at a time that is given
package() {
	quietly env SOURCE_DATE_EPOCH=1700000000 "${cmake%/*}/cpack" -G DEB -B "$1" --config "$build/CPackConfig.cmake"
	cp "$1"/*.deb "$system/root/secbake.deb"
}
package "$work/first"
sleep 1.1
package "$work/second"
cmp "$work"/{first,second}/*.deb || fail 'a package that is made again is another one'

quietly inside dpkg --install /root/secbake.deb
[[ -L $system/etc/systemd/system/sysinit.target.wants/secbake-refresh.service ]] || fail 'the unit is not enabled'
inside ldconfig --print-cache | grep 'libsecbake\.so\.0' >/dev/null || fail 'the dynamic linker does not know libsecbake'
while read -r file; do
	[[ -f $system$file ]] || continue
	# shellcheck disable=SC2016 # dpkg's own variable
	inside dpkg-query -W -f '${Conffiles}\n' secbake | grep "^ $file " >/dev/null || fail "$file is no conffile"
done < <(inside dpkg-query -L secbake | grep '^/etc/')

# Programs of other packages: what they depend on.
mkdir "$system/tmp/debian"
echo 'Source: other' >"$system/tmp/debian/control"
"$cc" -I"$source/include" "$here/consumer/load.c" -L"$build/lib" -lsecbake-load -o "$system/tmp/load"
quietly inside sh -c 'cd /tmp && dpkg-shlibdeps -O load >depends'
grep -q 'secbake (>= ' "$system/tmp/depends" || fail "a program with libsecbake-load needs $(<"$system/tmp/depends")"

quietly inside dpkg --purge secbake
left=$(cd "$system" && find etc var/cache var/lib/systemd -name '*secbake*' ! -path 'etc/secbake*')
[[ -z $left ]] || fail "purged, and there is still: $left"
