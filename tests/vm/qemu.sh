# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Guests under pure emulation. A guest tells on its serial console what it found, a
# line each, and resets when it is done, which ends QEMU.

# vm_command ARCH: QEMU for that machine, in the array vm_qemu.
vm_command() {
	case $1 in
	x86_64) vm_qemu=(qemu-system-x86_64 -machine q35 -cpu max) vm_console=ttyS0 ;;
	aarch64) vm_qemu=(qemu-system-aarch64 -machine virt -cpu max,pauth-impdef=on) vm_console=ttyAMA0 ;;
	s390x) vm_qemu=(qemu-system-s390x -machine s390-ccw-virtio -cpu max) vm_console=ttysclp0 ;;
	esac
	vm_qemu+=(-accel tcg -m 384 -nodefaults -no-user-config -display none -no-reboot -net none)
}

# vm_start ARCH KERNEL LOG COMMAND-LINE [QEMU-OPTION...]: in the background; its process in $vm_pid.
vm_start() {
	local arch=$1 kernel=$2 log=$3 line=$4
	shift 4

	vm_command "$arch"
	if [[ $arch == s390x ]]; then
		vm_qemu+=(-chardev "file,id=console,path=$log" -device sclpconsole,chardev=console)
	else
		vm_qemu+=(-serial "file:$log")
	fi
	: >"$log"
	timeout --kill-after=5 "${VM_TIMEOUT:-240}" "${vm_qemu[@]}" -kernel "$kernel" \
		-append "console=$vm_console quiet loglevel=4 panic=-1 $line" "$@" </dev/null >"$log.qemu" 2>&1 &
	vm_pid=$!
}

# vm_run ARCH KERNEL LOG COMMAND-LINE [QEMU-OPTION...]: until the guest is done; false if it never said so.
vm_run() {
	vm_start "$@"
	wait "$vm_pid" || true
	tr -d '\r' <"$3" >"$3.text"
	grep -q '^VM-DONE$' "$3.text"
}

# vm_disk IMAGE [KERNEL]: options that give the guest a disk, /dev/vda, in the array disk; and, where KERNEL is
# named, the initramfs that mounts it there. (Debian's kernels know NVMe without modules, but the NVMe of
# QEMU 7.2 now and then loses a request: it does not order its reads of the shadow doorbells.)
vm_disk() {
	disk=(-drive "file=$1,if=none,id=disk,format=raw,cache=writeback" -device virtio-blk-pci,drive=disk)
	[[ $# -gt 1 ]] || return 0
	[[ -e $work/$2.stage ]] || image_stage "$2"
	disk+=(-initrd "$work/$2.stage")
}
