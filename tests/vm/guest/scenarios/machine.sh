# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Another machine, its loader cross-compiled, its blobs made on x86_64.
for name in plain logged layered; do
	check "$name decides as the interpreter said" expect $name
done
check 'what is missing is refused' refused 125 nosuch secbake-exec nosuch -- /vm/probe
