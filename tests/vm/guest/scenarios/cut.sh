# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Refreshes without end, each after every policy changed, until the power is cut.
i=0
echo VM-READY
while :; do
	i=$((i + 1))
	for name in plain logged layered closed; do
		printf '{"secbake": 1, "default": "allow", "rules": [{"syscalls": ["mkdir", "mkdirat"], "action": "errno:%d"}]}\n' \
			$((i % 100 + 1)) | dd of=/etc/secbake/policies/$name.new conv=fsync 2>/dev/null
		mv /etc/secbake/policies/$name.new /etc/secbake/policies/$name.json
	done
	secbake refresh --quiet
done
