# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154
# The power is cut in the middle of a refresh, at ten moments; the next boot heals.
image_new "$work/cut" x86_64 "$bin/secbake-exec" "$work/probe-x86_64"
image_policies "$work/cut" plain logged layered closed
image_compiler "$work/cut"
mkdir -p "$work/cut/etc/secbake/policies"
image_disk "$work/cut" "$work/cut.disk"

# cut MILLISECONDS: after the guest said that it began
cut_after() {
	local log=$work/log/cut-$1 waited=0

	mkdir -p "$work/log"
	vm_start x86_64 "${kernel[$2]}" "$log" "init=/vm/init vm_scenario=cut" "${disk[@]}"
	until grep -q VM-READY "$log" || [[ $((waited++)) -gt 600 ]]; do
		sleep 0.1
	done
	sleep "$(printf '%d.%03d' $(($1 / 1000)) $(($1 % 1000)))"
	pkill -KILL -P "$vm_pid" || true # timeout(1) has QEMU as its child
	wait "$vm_pid" 2>/dev/null || true
}

if had 6.12 cut; then
	vm_disk "$work/cut.disk" 6.12
	for moment in 40 130 250 380 520 710 930 1210 1640 2300; do
		cut_after "$moment" 6.12
		boot 6.12 cut "cut after $moment ms" "init=/vm/init vm_scenario=heal" "${disk[@]}"
	done
fi
