# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# What scripts/demo and scripts/test share: where the checkout is, how they
# speak, and getting the packages that are not there yet.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
readonly root

# What configuring and building needs.
# shellcheck disable=SC2034 # used by whoever reads this file
readonly build_packages=(gcc libc6-dev linux-libc-dev cmake ninja-build pkg-config
	libseccomp-dev libjansson-dev libxxhash-dev libcmocka-dev musl-tools)

# Colours are for terminals, and for those who did not ask for none.
if [[ -t 1 && -z ${NO_COLOR:-} && ${TERM:-dumb} != dumb ]]; then
	bold=$'\e[1m' dim=$'\e[2m' green=$'\e[32m' red=$'\e[31m' plain=$'\e[0m'
else
	bold='' dim='' green='' red='' plain=''
fi
readonly bold dim green red plain

die() {
	printf '%s%s:%s %s\n' "$red" "${0##*/}" "$plain" "$*" >&2
	exit 1
}

# Names those of the packages given that dpkg does not have.
missing_packages() {
	local package

	for package; do
		[[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] ||
			printf '%s\n' "$package"
	done
}

# as_root COMMAND...: as we are, or by sudo if that asks nothing.
as_root() {
	if [[ $EUID -eq 0 ]]; then
		"$@"
	else
		sudo -n "$@"
	fi
}

# alone COMMAND...: without another script of this checkout in it. What it starts and leaves running,
# as a package's service, does not go on being alone.
alone() {
	mkdir -p "$root/build"
	{
		flock 9
		"$@" 9>&-
	} 9>"$root/build/apt.lock"
}

# apt_install PACKAGE...
apt_install() {
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y update &&
		as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y install \
			--no-install-recommends "$@"
}

# install_packages PACKAGE...: by apt, and only what is missing.
install_packages() {
	local missing log=$1
	shift

	if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
		printf 'No apt here: make sure that these are installed (Debian names): %s\n' "$*"
		return 0
	fi
	mapfile -t missing < <(missing_packages "$@")
	[[ ${#missing[@]} -gt 0 ]] || return 0
	if [[ $EUID -ne 0 ]] && ! sudo -n true 2>/dev/null; then
		die "packages are missing, and installing them takes root: run" \
			"'apt-get install ${missing[*]}' as root, then this again"
	fi
	printf 'installing %s\n' "${missing[*]}"
	alone apt_install "${missing[@]}" </dev/null >"$log" 2>&1 || {
		tail -n 20 "$log" >&2
		die "apt-get could not install ${missing[*]}; all that it said is in $log"
	}
}

# quietly LOG COMMAND...: its output goes to LOG, and is shown if it fails.
quietly() {
	local log=$1
	shift

	"$@" >"$log" 2>&1 && return
	tail -n 40 "$log" >&2
	die "failed: $*; all that it said is in $log"
}
