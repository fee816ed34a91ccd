#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The recipe of docs/boot.md for an image, run as it stands there: what is compiled is what the image's
# own policy path says.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
root=$source
# shellcheck source=../vm/document.sh
. "$source/tests/vm/document.sh"
cd "$work"

mkdir -p rootfs/{etc,usr/lib}/secbake/policies
cp "$here/policies/parts/base.json" rootfs/usr/lib/secbake/policies/lower.json
echo '{"secbake":1,"extends":["@lower"],"rules":[{"syscalls":"read","action":"allow"}]}' >rootfs/usr/lib/secbake/policies/app.json
echo '{"secbake":1,"default":"errno:EACCES","rules":[]}' >rootfs/etc/secbake/policies/lower.json
quietly env PATH="$build/bin:$PATH" bash -euo pipefail -c "$(document image)"

blobs=(rootfs/usr/lib/secbake/cache/*/app.sbk)
((${#blobs[@]} > 1)) || fail "one blob for four kernels: ${blobs[*]}"
for blob in "${blobs[@]}"; do
	[[ $("$build/bin/secbake" emu --syscall close "$blob") = 'ERRNO(13 EACCES)' ]] ||
		fail "$blob was made from another base than the image has"
done
