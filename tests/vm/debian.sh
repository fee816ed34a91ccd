# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Packages of other Debian suites and architectures than this machine's: found by
# the machine's own apt configuration with another suite's name in place, with
# apt's folders of their own, so that nothing of the machine's is changed.
# usage: . debian.sh; needs $vm_cache, a folder that is kept between runs.

# debian_site: where this machine gets its own release from, without the security archive.
debian_site() {
	local codename

	codename=$(. /etc/os-release && printf '%s' "$VERSION_CODENAME")
	apt-get indextargets --format '$(SITE) $(RELEASE) $(COMPONENT)' |
		awk -v codename="$codename" '$2 == codename && $3 == "main" { print $1; exit }'
}

# debian_apt SUITE ARCH COMMAND...: COMMAND is apt-get or apt-cache, seeing that suite alone.
debian_apt() {
	local suite=$1 arch=$2 command=$3 folder=$vm_cache/apt/$1-$2
	shift 3

	"$command" -q \
		-o Dir::Etc::SourceList="$folder/sources.list" -o Dir::Etc::SourceParts=/dev/null \
		-o Dir::Etc::Preferences=/dev/null -o Dir::Etc::PreferencesParts=/dev/null \
		-o Dir::State="$folder/state" -o Dir::State::Status="$folder/status" \
		-o Dir::Cache="$folder/cache" -o APT::Architecture="$arch" \
		-o APT::Architectures="$arch" -o APT::Sandbox::User=root \
		-o Acquire::Languages=none -o Acquire::Retries=2 "$@"
}

# debian_suite SUITE ARCH: makes its lists ready; false where it cannot be had.
debian_suite() {
	local suite=$1 arch=$2 folder=$vm_cache/apt/$1-$2 site key

	[[ -e $folder/ready ]] && return
	site=$(debian_site)
	[[ -n $site ]] || return
	key=/usr/share/keyrings/debian-archive-keyring.gpg
	mkdir -p "$folder/state/lists/partial" "$folder/cache/archives/partial"
	: >"$folder/status"
	printf 'deb [signed-by=%s] %s %s main\n' "$key" "$site" "$suite" >"$folder/sources.list"
	debian_apt "$suite" "$arch" apt-get update >"$folder/update.log" 2>&1 &&
		! grep -q '^[WE]:' "$folder/update.log" && touch "$folder/ready"
}

# debian_download SUITE ARCH PACKAGE: its path below $vm_cache on standard output.
debian_download() {
	local suite=$1 arch=$2 package=$3 folder=$vm_cache/packages/$1-$2

	debian_suite "$suite" "$arch" || return
	mkdir -p "$folder"
	if ! compgen -G "$folder/${package}_*.deb" >/dev/null; then
		(cd "$folder" && debian_apt "$suite" "$arch" apt-get download "$package") \
			>"$folder/$package.log" 2>&1 || return
	fi
	compgen -G "$folder/${package}_*.deb"
}

# debian_kernel_package SUITE ARCH META: the versioned package that META stands for.
debian_kernel_package() {
	debian_suite "$1" "$2" || return
	debian_apt "$1" "$2" apt-cache depends "$3" |
		awk '$1 == "Depends:" && $2 ~ /^linux-image-/ { print $2; exit }'
}

# debian_kernel SUITE ARCH META: the newest such kernel, unpacked; its folder on standard output,
# with vmlinuz and version in it.
debian_kernel() {
	local suite=$1 arch=$2 package version part deb folder unpacked=0

	package=$(debian_kernel_package "$suite" "$arch" "$3") || return
	[[ -n $package ]] || return
	version=${package#linux-image-}
	folder=$vm_cache/kernels/$version
	if [[ ! -e $folder/version ]]; then
		rm -rf "$folder" && mkdir -p "$folder"
		# One package, or, since 7.1, an empty one beside these.
		for part in image binary modules; do
			deb=$(debian_download "$suite" "$arch" "linux-$part-$version") || continue
			dpkg-deb --extract "$deb" "$folder" && unpacked=$((unpacked + 1))
		done
		[[ $unpacked -gt 0 ]] || return
		mv "$folder"/boot/vmlinu?-* "$folder/vmlinuz" 2>/dev/null ||
			mv "$folder/usr/lib/modules/$version/vmlinuz" "$folder/vmlinuz" || return
		printf '%s\n' "$version" >"$folder/version"
	fi
	printf '%s\n' "$folder"
}
