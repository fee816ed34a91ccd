#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The hooks of initramfs generators, run by these: which policies come into an initramfs, with which
# bases and groups, and that one which is missing or rejected stops the generator.
# shellcheck source-path=SCRIPTDIR source=system.sh
. "$(dirname "${BASH_SOURCE[0]}")/system.sh" "$@"
install_below "$system"

# One function a generator: makes an initramfs with the hook, as a folder $1.
initramfs-tools() {
	mkdir -p "$system$1" && inside DESTDIR="$1" version=6.1.0-9-amd64 verbose=n /usr/share/initramfs-tools/hooks/secbake
}

dracut() {
	inside dracut --quiet --force --no-hostonly --no-kernel --kver 6.1.0-9-amd64 --gzip --modules secbake "$1.img" &&
		inside sh -c "mkdir $1 && cd $1 && gzip -dc $1.img | cpio --quiet --extract --make-directories"
}

# What a vendor has, and what was changed on this machine.
vendor=$system/usr/lib/secbake/policies own=$system/etc/secbake/policies
echo '{"secbake":1,"default":"errno:EPERM","rules":[{"syscalls":["getpid","getppid"],"action":"allow"}]}' >"$vendor/lower.json"
echo '{"secbake":1,"extends":["@lower"],"rules":[{"syscalls":"@raw-io","action":"allow"}]}' >"$vendor/app.json"
cp "$here/policies/parts/base.json" "$vendor/other.json"
echo '{"secbake":1,"default":"errno:EPERM","rules":[{"syscalls":"getppid","action":"allow"}]}' >"$own/lower.json"
echo '{"secbake":1,"groups":{"@raw-io":{"syscalls":["ioperm"]}}}' >"$own/@groups.json"
echo '{"secbake":1,"rules":[]}' >"$own/broken.json"
# In the way of the vendor's, as it is for the loader.
cp "$vendor/other.json" "$vendor/nowhere.json"
ln -s missing "$own/nowhere.json"

# verdict CALL VERDICT: of app in the initramfs
verdict() {
	local blob
	blob=$(compgen -G "$system$into/usr/lib/secbake/cache/*/app.sbk") || fail "$tool: app is not in the initramfs"
	[[ $("$build/bin/secbake" emu --syscall "$1" "$blob") = "$2" ]] || fail "$tool: $1 is not answered by $2"
}

tried=0
for tool in initramfs-tools dracut; do
	case $tool in
	initramfs-tools) needs=/usr/share/initramfs-tools/hook-functions ;;
	dracut) needs=/usr/bin/dracut ;;
	esac
	[[ -e $system$needs ]] || { echo "no $tool, not tried"; continue; }
	into=/tmp/$tool tried=$((tried + 1))

	printf '# for early services\n\napp # one\nother' >"$system/etc/secbake/initramfs"
	quietly $tool $into
	compgen -G "$system$into/usr/lib/secbake/cache/*/other.sbk" >/dev/null ||
		fail "$tool: the last line, which does not end, is not read"
	[[ -x $system$into/usr/bin/secbake-exec ]] || fail "$tool: there is no loader"
	verdict getppid ALLOW
	verdict getpid 'ERRNO(1 EPERM)' # as this machine's base has it
	verdict ioperm ALLOW
	verdict iopl 'ERRNO(1 EPERM)' # by this machine's group

	for name in nosuch broken nowhere; do
		printf '%s\nother\n' $name >"$system/etc/secbake/initramfs"
		refuses $name $tool $into-$name
	done
done
((tried > 0)) || skip 'no generator of initramfs'
