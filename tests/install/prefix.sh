#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Where things are installed: units and hooks name programs that are there, and nothing comes to lie
# outside of the prefix that was configured.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# boot_files TREE FOLDER: what init systems get, by the rules of a build that need not be built
boot_files() {
	quietly env DESTDIR="$2" "$cmake" -P "$1/boot/cmake_install.cmake"
}

# By default what has fixed places is there.
quietly configure "$work/default"
boot_files "$work/default" "$work/image"
for file in etc/kernel/postinst.d/secbake usr/lib/systemd/system/secbake-refresh.service; do
	[[ -e $work/image/$file ]] || fail "by default there is no /$file"
done

# Another prefix has all that is installed.
quietly configure "$work/opt" -DCMAKE_INSTALL_PREFIX=/opt/secbake -DSECBAKE_OPENRC=ON
boot_files "$work/opt" "$work/opt-image"
outside=$(find "$work/opt-image" -type f ! -path "$work/opt-image/opt/secbake/*")
[[ -z $outside ]] || fail "outside of the prefix: $outside"

# Programs that units, hooks and scripts name are there.
install_below "$work/installed"
while read -r path; do
	[[ -x $work/installed$path ]] || fail "a boot file names $path, which is not installed"
done < <(grep -rhoE '/[^ :]*/bin/secbake(-exec)?\b' "$work/installed$configured"/lib/{systemd,dracut} \
	"$work/installed$configured"/share/{initramfs-tools,doc/secbake/examples} | sort -u)

# An installation with another prefix than the configured one writes nothing.
refuses '-DCMAKE_INSTALL_PREFIX=' "$cmake" --install "$build" --prefix "$work/other"
[[ ! -e $work/other ]] || fail 'it has installed something'
refuses '-DCMAKE_INSTALL_PREFIX=/opt' "${cmake%/*}/cpack" -G DEB -B "$work/package" --config "$build/CPackConfig.cmake" \
	-D CPACK_INSTALL_PREFIX=/opt

# What no unit and no shell script can have in a path is told early.
refuses '-DCMAKE_INSTALL_PREFIX=' configure "$work/space" -DCMAKE_INSTALL_PREFIX="$work/two words"
refuses '-DCMAKE_INSTALL_PREFIX=' configure "$work/percent" -DCMAKE_INSTALL_PREFIX="$work/100%"
