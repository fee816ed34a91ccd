# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154
# Other machines: the loader is cross-compiled, the blobs are made here. And a kernel without filters.
quietly "$work/cross.log" bash -euo pipefail -c "$(document cross)"
for name in aarch64 s390x; do
	had "$name" machine || continue
	image_new "$work/$name-image" "$name" "$work/$name/bin/secbake-exec" "$work/probe-$name" ||
		{ skipped "$name" machine 'no BusyBox for it'; continue; }
	image_policies "$work/$name-image" plain logged layered
	"$bin/secbake" compile --arch "$name" --kernel 6.1 -d "$work/$name-image/usr/lib/secbake/cache" \
		"$work/$name-image"/usr/lib/secbake/policies/*.json
	for policy in plain logged layered; do
		image_expect "$work/$name-image" "$name" "$policy" --kernel 6.1
	done
	image_initramfs "$work/$name-image" "$work/$name.initramfs"
	boot_arch=$name boot "$name" machine 'cross-compiled' 'rdinit=/vm/init vm_scenario=machine' \
		-initrd "$work/$name.initramfs"
done
if had none none; then
	image_new "$work/none-image" x86_64 "$bin/secbake-exec" "$work/probe-x86_64"
	image_policies "$work/none-image" plain
	"$bin/secbake" compile --kernel 6.1 -d "$work/none-image/usr/lib/secbake/cache" \
		"$work/none-image"/usr/lib/secbake/policies/plain.json
	image_initramfs "$work/none-image" "$work/none.initramfs"
	boot none none 'no filters in the kernel' 'rdinit=/vm/init vm_scenario=none' -initrd "$work/none.initramfs"
fi
