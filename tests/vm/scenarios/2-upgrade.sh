# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154
# One disk, carried from kernel to kernel: up, down to one from before 4.14, and up again.
image_new "$work/machine" x86_64 "$bin/secbake-exec" "$work/probe-x86_64"
image_policies "$work/machine" plain logged layered supervised
image_compiler "$work/machine"
# Without complain mode, this one asks for nothing that any of these kernels lacks.
echo 'complain=no' >"$work/machine/usr/lib/secbake/policies/layered.options"
for policy in plain logged layered; do
	image_expect "$work/machine" x86_64 "$policy" --kernel 6.12
done
image_disk "$work/machine" "$work/machine.disk"

# refreshed KERNEL LABEL COMPILED FAILED
refreshed() {
	had "$1" upgrade || return 0
	vm_disk "$work/machine.disk" "$1"
	boot "$1" upgrade "$2" "init=/vm/init vm_scenario=refresh vm_compiled=$3 vm_failed=$4" \
		"${disk[@]}"
}

# All four have to be compiled once. 6.12 has a flag that 5.10 lacks, which one of them asks for; 7.x
# offers nothing else; the old one lacks LOG, which two of them ask for, plain in complain mode only, and NOTIFY.
refreshed 5.10 'first boot' 4 0
refreshed 5.10 'second boot' 0 0
refreshed 6.12 'after an upgrade' 1 0
refreshed 6.12 'second boot' 0 0
refreshed 7.x 'after an upgrade' 0 0
refreshed old 'after a downgrade' 2 1
refreshed old 'second boot' 0 1
refreshed 6.12 'back again' 0 0
