#!/bin/bash
# SPDX-License-Identifier: MIT
#
# A build of the loader alone: what it installs is enough to run programs, and to build against.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
quietly configure "$work/loader" -DSECBAKE_LOADER_ONLY=ON
quietly "$cmake" --build "$work/loader"
# No unit or hook is made for a prefix, so any will do.
quietly "$cmake" --install "$work/loader" --prefix "$work/prefix"

pc=$(find "$work/prefix" -name secbake-load.pc)
[[ -n $pc ]] || fail 'secbake-load.pc is not installed'
export PKG_CONFIG_PATH=${pc%/*} LD_LIBRARY_PATH=${pc%/pkgconfig/*}
"$work/prefix/bin/secbake-exec" --version >/dev/null
# shellcheck disable=SC2046 # pkg-config prints words
quietly "$cc" "$here/consumer/load.c" $(pkg-config --cflags --libs secbake-load) -o "$work/load"
# shellcheck disable=SC2046
quietly "$cc" -static "$here/consumer/load.c" $(pkg-config --cflags --libs secbake-load) -o "$work/load-static"
"$work/load"
"$work/load-static"
