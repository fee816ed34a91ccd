# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154
# A Debian with systemd: secbake as a package, its trigger, the hooks of kernel packages and of initramfs
# generators, the units, and nginx under a shipped policy, serving a page to curl.
readonly debian=$work/debian

in_debian() {
	chroot "$debian" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive "$@"
}

# The base is kept between runs; what is put on top of it is not.
debian_base() {
	local base=$vm_cache/debian-bookworm.tar

	if [[ ! -e $base ]]; then
		mmdebstrap --quiet --mode=root --variant=minbase --aptopt='Acquire::Languages "none"' \
			--include=systemd-sysv,udev,kmod,linux-base,nginx-light,curl,initramfs-tools,dracut-core,libjansson4,libseccomp2 \
			bookworm "${base%.tar}.new.tar" "deb $(debian_site) bookworm main" >"$work/mmdebstrap.log" 2>&1 || return
		mv "${base%.tar}.new.tar" "$base"
	fi
	rm -rf "$debian" && mkdir -p "$debian" && tar -C "$debian" --exclude='./dev/*' -xf "$base"
}

# A package of somebody's with a policy, to see the trigger.
other_package() {
	local folder=$work/other

	rm -rf "$folder" && mkdir -p "$folder/DEBIAN" "$folder/usr/lib/secbake/policies"
	install -m 644 "$vm/policies/logged.json" "$folder/usr/lib/secbake/policies/other.json"
	printf 'Package: other\nVersion: 1\nArchitecture: all\nMaintainer: tests <tests@example.org>\nDescription: a policy\n' \
		>"$folder/DEBIAN/control"
	dpkg-deb --root-owner-group --build "$folder" "$work/other.deb" >/dev/null
}

debian_install() {
	local kernel_package
	kernel_package=$(compgen -G "$vm_cache/packages/bookworm-amd64/linux-image-*.deb" | head -n 1)

	quietly "$work/build-all.log" cmake --build "$work/release"
	(cd "$work/release" && quietly "$work/cpack.log" cpack -G DEB)
	other_package
	install -m 644 "$work"/release/secbake_*.deb "$debian/root/secbake.deb"
	install -m 644 "$work/other.deb" "$kernel_package" "$debian/root/"
	mkdir -p "$debian/vm" "$debian/etc/secbake/policies"
	cp -r "$vm"/guest/* "$debian/vm/"
	install "$work/probe-x86_64" "$debian/vm/probe"
	install -m 644 "$vm/policies/plain.json" "$debian/etc/secbake/policies/"
	# What looks at the loader within the initramfs, before the root file system is mounted.
	install "$vm/guest/initramfs-hook" "$debian/etc/initramfs-tools/hooks/vm-probe"
	install "$vm/guest/initramfs-script" "$debian/etc/initramfs-tools/scripts/init-premount/vm-probe"
	in_debian dpkg --install /root/secbake.deb && in_debian dpkg --install /root/other.deb &&
		in_debian sh -c 'dpkg --install /root/linux-image-*.deb'
}

debian_configure() {
	local unit

	in_debian sh -euc "$(document systemd)" && in_debian sh -euc "$(document initramfs)" || return
	for unit in "$vm"/guest/systemd/*.service; do
		install -m 644 "$unit" "$debian/etc/systemd/system/"
	done
	in_debian systemctl enable vm.service nginx.service >/dev/null 2>&1
	printf '/dev/vda / ext4 defaults 0 1\n' >"$debian/etc/fstab"
	rm -f "$debian"/root/*.deb
}

debian_kernel_hook() {
	local hash
	hash=$("$bin/secbake" features --kernel 6.1 --hash)

	[[ -e $debian/var/cache/secbake/$hash/plain.sbk && -e $debian/var/cache/secbake/$hash/web-server.sbk ]]
}

if ! had 6.1 systemd; then
	:
elif ! debian_base; then
	skipped 6.1 systemd 'no Debian base system could be made'
else
	quietly "$work/debian.log" debian_install
	quietly "$work/configure-debian.log" debian_configure
	asserted 6.1 systemd 'the package enabled its unit' \
		test -L "$debian/etc/systemd/system/sysinit.target.wants/secbake-refresh.service"
	asserted 6.1 systemd 'dpkg trigger: the other package'"'"'s policy is compiled' \
		compgen -G "$debian/var/cache/secbake/*/other.sbk"
	asserted 6.1 systemd 'kernel hook: policies are compiled for the installed kernel' debian_kernel_hook
	asserted 6.1 systemd 'dracut module' in_debian sh -c \
		'dracut --quiet --force --no-hostonly --modules "base secbake" /root/dracut.img "$(ls /lib/modules)" &&
		lsinitrd /root/dracut.img | grep -q plain.sbk && lsinitrd /root/dracut.img | grep -q bin/secbake-exec'
	initrd=$(compgen -G "$debian/boot/initrd.img-*" | head -n 1)
	image_disk "$debian" "$work/systemd.disk" 700M
	vm_disk "$work/systemd.disk"
	boot 6.1 systemd 'first boot' 'root=/dev/vda ro systemd.show_status=false' -initrd "$initrd" "${disk[@]}"
	boot 6.1 systemd 'second boot' 'root=/dev/vda ro systemd.show_status=false' -initrd "$initrd" "${disk[@]}"

	# The same without secbake, to compare the times with.
	rm -r "$debian/etc/systemd/system/nginx.service.d"
	in_debian systemctl mask secbake-refresh.service >/dev/null 2>&1
	image_disk "$debian" "$work/systemd.disk" 700M
	boot 6.1 systemd 'without secbake' 'root=/dev/vda ro systemd.show_status=false vm_bare=1' \
		-initrd "$initrd" "${disk[@]}"
fi
