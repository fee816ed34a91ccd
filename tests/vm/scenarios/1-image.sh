# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154
# An image is built with blobs for the kernels that it may boot, and has no compiler on it.
image_new "$work/image" x86_64 "$bin/secbake-exec" "$work/probe-x86_64"
image_policies "$work/image" plain logged layered
features=()
for name in 5.10 6.1 6.12 7.2; do
	"$bin/secbake" features --kernel "$name" >"$work/$name.features"
	features+=(--features "$work/$name.features")
done
"$bin/secbake" compile "${features[@]}" -d "$work/image/usr/lib/secbake/cache" \
	"$work"/image/usr/lib/secbake/policies/*.json
for policy in plain logged layered; do
	image_expect "$work/image" x86_64 "$policy" --kernel 6.12
done
image_disk "$work/image" "$work/image.disk"
mapfile -t disk < <(vm_disk "$work/image.disk")
for name in 5.10 6.1 6.12 7.x; do
	had "$name" image || continue
	boot "$name" image services "root=/dev/nvme0n1 rw init=/vm/init vm_scenario=image" "${disk[@]}"
	boot "$name" image 'early, read-only' "root=/dev/nvme0n1 ro init=/vm/early" "${disk[@]}"
done
