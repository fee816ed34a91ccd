# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154
# The loader as PID 1: the whole system under one policy, and what happens when it is missing.
image_new "$work/whole" x86_64 "$bin/secbake-exec" "$work/probe-x86_64"
image_policies "$work/whole" whole plain supervised closed
image_compiler "$work/whole"
image_disk "$work/whole" "$work/whole.disk"
readonly whole_init='init=/usr/bin/secbake-exec'

for name in 5.10 6.12 7.x; do
	had "$name" whole || continue
	vm_disk "$work/whole.disk" "$name"
	boot "$name" whole 'under a policy' "$whole_init vm_scenario=whole whole -- /vm/init" "${disk[@]}"
	boot "$name" whole 'setuid programs' \
		"$whole_init vm_scenario=whole vm_privileges=kept -- --allow-new-privs whole /vm/init" "${disk[@]}"
	boot "$name" whole 'told to run without' \
		"$whole_init vm_scenario=unfiltered secbake_missing=run nosuch -- /vm/init" "${disk[@]}"
	asserted "$name" whole 'and says so on the console' \
		grep -q 'STARTING WITHOUT ITS SECCOMP FILTER' "$work/log/whole-$name-told-to-run-without.text"
	vm_run x86_64 "${kernel[$name]}" "$work/log/halt-$name" "$whole_init vm_scenario=whole nosuch -- /vm/init" \
		"${disk[@]}" || true
	asserted "$name" whole 'a missing policy is said' grep -q 'nosuch' "$work/log/halt-$name.text"
	asserted "$name" whole 'and the kernel stops' grep -q 'Attempted to kill init' "$work/log/halt-$name.text"
	asserted "$name" whole 'and init never ran' sh -c "! grep -q ^VM- '$work/log/halt-$name.text'"
	boot "$name" closed 'an outer filter' "init=/vm/init vm_scenario=closed" "${disk[@]}"
done
if had 6.12 cost; then
	vm_disk "$work/whole.disk" 6.12
	boot 6.12 cost cost "init=/vm/init vm_scenario=cost" "${disk[@]}"
fi
