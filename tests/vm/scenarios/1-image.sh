# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154
# An image is built with blobs for the kernels that it may boot, and has no compiler on it.
image_new "$work/image" x86_64 "$bin/secbake-exec" "$work/probe-x86_64"
image_policies "$work/image" plain logged layered
mkdir -p "$work/build-image" && ln -sfn "$work/image" "$work/build-image/rootfs"
(cd "$work/build-image" && PATH=$bin:$PATH bash -euo pipefail -c "$(document image)")
for policy in plain logged layered; do
	image_expect "$work/image" x86_64 "$policy" --kernel 6.12
done
image_disk "$work/image" "$work/image.disk"
for name in 5.10 6.1 6.12 7.x; do
	had "$name" image || continue
	vm_disk "$work/image.disk" "$name"
	boot "$name" image services "init=/vm/init vm_scenario=image" "${disk[@]}"
	boot "$name" image 'early, read-only' "ro init=/vm/early" "${disk[@]}"
done
