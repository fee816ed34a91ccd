# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# The kernels that guests boot. Debian's come as packages; two are built from Debian's source:
#   old   answers seccomp(2) as kernels before 4.14 do (seccomp-4.13.patch says what that is)
#   none  has no seccomp filters at all
# usage: . kernels.sh, after debian.sh; everything is kept in $vm_cache/kernels.

readonly kernel_build_packages=(linux-source-6.1 bc bison flex libelf-dev libssl-dev xz-utils make patch)

# kernel_build NAME CONFIG [PATCH]: its vmlinuz, on standard output.
kernel_build() {
	local name=$1 config=$2 patch=${3:-} result source build
	# Another configuration or another patch is another kernel.
	result=$vm_cache/kernels/$name-$(cat "$config" ${patch:+"$patch"} | sha256sum | cut -c 1-16)

	source=$vm_cache/build/source build=$vm_cache/build/$name
	if [[ ! -e $result/vmlinuz ]]; then
		rm -rf "$source" "$build"
		mkdir -p "$source" "$build" "$result"
		{
			tar -C "$source" --strip-components=1 -xf /usr/src/linux-source-6.1.tar.xz &&
				{ [[ -z $patch ]] || patch -d "$source" -p1 <"$patch"; } &&
				make -C "$source" O="$build" tinyconfig &&
				(cd "$build" && "$source/scripts/kconfig/merge_config.sh" -m -O . .config "$config") &&
				make -C "$build" olddefconfig && make -C "$build" -j "$(nproc)" bzImage &&
				cp "$build/arch/x86/boot/bzImage" "$result/vmlinuz"
		} </dev/null >"$result/build.log" 2>&1 || return
		rm -rf "$source" "$build"
	fi
	printf '%s\n' "$result/vmlinuz"
}

# kernel_find NAME: its vmlinuz, on standard output; false where it cannot be had.
kernel_find() {
	local folder

	case $1 in
	5.10) folder=$(debian_kernel bullseye amd64 linux-image-cloud-amd64) ;;
	6.1) folder=$(debian_kernel bookworm amd64 linux-image-cloud-amd64) ;;
	6.12) folder=$(debian_kernel trixie amd64 linux-image-cloud-amd64) ;;
	7.x) folder=$(debian_kernel sid amd64 linux-image-cloud-amd64) ;;
	aarch64) folder=$(debian_kernel bookworm arm64 linux-image-cloud-arm64) ;;
	s390x) folder=$(debian_kernel bookworm s390x linux-image-s390x) ;;
	old) kernel_build old "$vm/kernel-old.config" "$vm/seccomp-4.13.patch"; return ;;
	none) kernel_build none "$vm/kernel-none.config"; return ;;
	esac && [[ -n $folder ]] && printf '%s\n' "$folder/vmlinuz"
}
