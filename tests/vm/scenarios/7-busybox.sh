# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154
# BusyBox init, with the example inittab: a refresh, then a web server under a shipped policy.
image_new "$work/busybox" x86_64 "$bin/secbake-exec" "$work/probe-x86_64"
image_compiler "$work/busybox"
install -m 644 "$root"/profiles/*.json "$work/busybox/usr/lib/secbake/policies/"
mkdir -p "$work/busybox"/{etc/init.d,srv,usr/sbin}
ln -s /bin/busybox "$work/busybox/sbin/init"
ln -s /bin/busybox "$work/busybox/usr/sbin/httpd"
mv "$work/busybox/www" "$work/busybox/srv/www"
install "$vm/guest/rcS" "$work/busybox/etc/init.d/rcS"
{
	cat "$work/release/boot/busybox/inittab"
	echo '::once:/vm/busybox'
} >"$work/busybox/etc/inittab"
image_disk "$work/busybox" "$work/busybox.disk"
for name in 5.10 6.12 7.x; do
	had "$name" busybox || continue
	vm_disk "$work/busybox.disk" "$name"
	boot "$name" busybox 'inittab' 'init=/sbin/init' "${disk[@]}"
done
