# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034
#
# A copy of this machine, with the build installed, for tests of what lies in fixed places: $system is
# its root folder. What is written there stays in memory, has no network, and is gone with all that
# runs when the test ends. Packages that were unpacked into $SECBAKE_BOOT_PACKAGES (scripts/test does that) are in it, too.
# usage, first in a test: . system.sh "$@"; it reads lib.sh
if [[ -z ${SECBAKE_MOUNTS:-} ]]; then
	apart=(unshare --mount --net --pid --fork --kill-child --mount-proc)
	if [[ $EUID -ne 0 ]] || ! "${apart[@]}" true 2>/dev/null; then
		echo 'SKIPPED: takes root, and namespaces'
		exit 77
	fi
	SECBAKE_MOUNTS=own exec "${apart[@]}" -- "$0" "$@"
fi
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
[[ $configured = /usr ]] || skip 'what boots a system has its places with the prefix /usr'

readonly system=$work/system
mount -t tmpfs tmpfs "$work"
trap 'umount --lazy "$work" && rmdir "$work"' EXIT
mkdir "$system" "$work/upper" "$work/overlay"
mount -t overlay overlay -o "lowerdir=/,upperdir=$work/upper,workdir=$work/overlay" "$system" 2>"$work/mount.log" ||
	skip "no overlay of /: $(<"$work/mount.log")"
mount -t proc proc "$system/proc"
mount --rbind /dev "$system/dev"
mount --rbind /sys "$system/sys"
mount -t tmpfs tmpfs "$system/run"
mount -t tmpfs tmpfs "$system/tmp"
if [[ -n ${SECBAKE_BOOT_PACKAGES:-} ]]; then
	tar -C "$SECBAKE_BOOT_PACKAGES" -c . | tar -C "$system" -x --keep-directory-symlink
fi
mkdir -p "$system/etc/secbake/policies"

# inside COMMAND...
inside() {
	chroot "$system" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 "$@"
}
