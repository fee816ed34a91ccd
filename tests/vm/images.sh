# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# What guests boot into: a folder, then a disk or an initramfs of it.
# usage: . images.sh; needs $root, $vm, $work and $bin.

# image_busybox ARCH: a static BusyBox for that machine, on standard output.
image_busybox() {
	local deb arch=$1 folder=$vm_cache/busybox-$1

	if [[ $arch == x86_64 ]]; then
		printf '%s\n' /bin/busybox
		return
	fi
	[[ $arch == aarch64 ]] && arch=arm64
	if [[ ! -e $folder/busybox ]]; then
		deb=$(debian_download bookworm "$arch" busybox-static) || return
		mkdir -p "$folder"
		dpkg-deb --fsys-tarfile "$deb" | tar -x -O --wildcards '*/bin/busybox' >"$folder/busybox"
		chmod 755 "$folder/busybox"
	fi
	printf '%s\n' "$folder/busybox"
}

# image_new FOLDER ARCH LOADER PROBE: BusyBox, the loader and the scenarios.
image_new() {
	local folder=$1 busybox applet
	busybox=$(image_busybox "$2") || return

	rm -rf "$folder"
	mkdir -p "$folder"/{bin,sbin,usr/bin,usr/lib/secbake/policies,proc,sys,dev,run,tmp,var/cache,etc,vm,www}
	install "$busybox" "$folder/bin/busybox"
	for applet in sh mount umount sync reboot sed cat grep cut cp rm ls mkdir sleep wc tail head cmp tr awk \
		ifconfig httpd wget dmesg dd kill ps touch stat find uname mv ln test true; do
		ln -s busybox "$folder/bin/$applet"
	done
	install "$3" "$folder/usr/bin/secbake-exec"
	install "$4" "$folder/vm/probe"
	install -m 755 "$4" "$folder/vm/setuid-probe" && chmod 4755 "$folder/vm/setuid-probe"
	cp -r "$vm"/guest/* "$folder/vm/"
	printf 'hello from a guest\n' >"$folder/www/index.html"
	printf 'root:x:0:0::/:/bin/sh\n' >"$folder/etc/passwd"
}

# image_policies FOLDER NAME...: of those that are made for these tests.
image_policies() {
	local folder=$1 name
	shift

	for name; do
		install -m 644 "$vm/policies/$name.json" "$folder/usr/lib/secbake/policies/"
	done
}

# image_compiler FOLDER: secbake, with the libraries that it is linked with.
image_compiler() {
	local folder=$1 library

	install "$bin/secbake" "$folder/usr/bin/secbake"
	ldd "$bin/secbake" | grep -o '/[^ ]*' | while read -r library; do
		install -D "$library" "$folder$library"
	done
}

# What is asked of a guest: call, arguments, and what the kernel itself answers. Arguments are such
# that nothing happens: null pointers, and values that no call takes.
image_calls() {
	cat <<-'END'
		getpid - RETURNED
		mkdirat 0,0,0 ERRNO 14
		unlinkat 0,0,0 ERRNO 14
		socket 99,1,0 ERRNO 97
		socket 16,99,0 ERRNO 22
		unshare 0 RETURNED
		unshare 0x20000,0xffff RETURNED
		personality 0xffffffff RETURNED
	END
}

# image_expect FOLDER ARCH POLICY [COMPILE-OPTION...]: what the probe is to print under POLICY, from the
# interpreter's verdict on the compiled programs; the kernel's own answer where they let the call pass.
image_expect() {
	local folder=$1 arch=$2 policy=$3 blob=$work/expect.sbk call args native number verdict
	shift 3

	"$bin/secbake" compile --arch "$arch" "$@" -o "$blob" "$vm/policies/$policy.json" 2>"$work/expect.log" ||
		{ cat "$work/expect.log" >&2; return 1; }
	mkdir -p "$folder/vm/expect"
	image_calls | while read -r call args native; do
		number=$("$bin/secbake" syscalls --arch "$arch" "$call" | awk -v call="$call" '$1 == call { print $2 }')
		verdict=$("$bin/secbake" emu "$blob" --arch "$arch" --syscall "$call" --args "${args/#-/0}")
		case $verdict in
		ERRNO*) native="ERRNO $(sed 's/^ERRNO(\([0-9]*\).*/\1/' <<<"$verdict")" ;;
		ALLOW | LOG) ;;
		*) continue ;;
		esac
		[[ $args == - ]] && args='' || args=,$args
		printf '%s %s\n' "$number$args" "$native"
	done >"$folder/vm/expect/$policy"
}

# image_disk FOLDER IMAGE: an ext4 file system with what is in FOLDER.
image_disk() {
	mke2fs -qq -t ext4 -F -d "$1" "$2" "${3:-96M}" >/dev/null
}

# image_stage NAME: an initramfs that finds the disk and goes on to what init= names, as those of
# distributions do. The kernel's modules for the disk are in it, unless they are built in.
image_stage() {
	local name=$1 folder=$work/stage-$1 base version module

	rm -rf "$folder" && mkdir -p "$folder"/{bin,dev,proc,root,modules}
	install /bin/busybox "$folder/bin/busybox"
	install "$vm/guest/stage" "$folder/init"
	base=$(dirname "${kernel[$name]}")
	[[ -d $base/usr/lib/modules ]] && base=$base/usr
	if version=$(ls "$base/lib/modules" 2>/dev/null); then
		[[ -e $base/lib/modules/$version/modules.dep ]] || depmod -b "$base" "$version" 2>/dev/null
		for module in virtio_pci virtio_blk; do
			# One that is built in need not be known to modprobe.
			modprobe -d "$base" -S "$version" --show-depends "$module" 2>/dev/null || true
		done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' | while read -r module; do
			case $module in
			*.xz) xz -dc "$module" >"$folder/modules/$(basename "$module" .xz)" ;;
			*) cp "$module" "$folder/modules/" ;;
			esac
			basename "$module" .xz >>"$folder/modules/order"
		done
	fi
	image_initramfs "$folder" "$work/$name.stage"
}

# image_initramfs FOLDER ARCHIVE
image_initramfs() {
	(cd "$1" && find . -print0 | cpio --quiet --null --create --format=newc) | gzip -1 >"$2"
}
