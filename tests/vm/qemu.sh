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

# vm_disk IMAGE: options that give the guest a disk, /dev/nvme0n1. Debian's cloud kernels and the one
# built here know NVMe and ext4 without modules.
vm_disk() {
	printf '%s\n' -drive "file=$1,if=none,id=disk,format=raw,cache=writeback" \
		-device nvme,drive=disk,serial=secbake
}
