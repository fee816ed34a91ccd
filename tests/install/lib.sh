# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034 # used by whoever reads this file
#
# What the tests of what is installed share. Each is called with BUILD-DIR PREFIX CMAKE CC, PREFIX being
# the one that the build was configured with. They have a folder of their own, $work, and install below it.
set -euo pipefail
umask 022

readonly build=$1 configured=$2 cmake=$3 cc=$4
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source=$(cd "$here/../.." && pwd)
readonly here source
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
	printf 'install: %s\n' "$*" >&2
	exit 1
}

skip() {
	printf 'SKIPPED: %s\n' "$*"
	exit 77
}

# quietly COMMAND...: its output is shown if it fails.
quietly() {
	"$@" >"$work/quietly.log" 2>&1 || { cat "$work/quietly.log" >&2; fail "failed: $*"; }
}

# refuses TEXT COMMAND...: it fails, and says TEXT.
refuses() {
	local text=$1
	shift

	if "$@" >"$work/refuses.log" 2>&1; then
		fail "succeeds: $*"
	fi
	# Messages of cmake are broken into lines.
	tr -s ' \n' '  ' <"$work/refuses.log" | grep -F -- "$text" >/dev/null ||
		{ cat "$work/refuses.log" >&2; fail "does not say '$text': $*"; }
}

# install_below FOLDER: the build, into an image.
install_below() {
	quietly env DESTDIR="$1" "$cmake" --install "$build"
}

# configure FOLDER [CMAKE-OPTION...]: another build of these sources, not built.
configure() {
	local folder=$1
	shift

	"$cmake" -G Ninja -S "$source" -B "$folder" -DCMAKE_C_COMPILER="$cc" -DBUILD_TESTING=OFF "$@"
}
