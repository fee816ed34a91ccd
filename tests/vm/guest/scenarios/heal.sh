# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# The boot after a power cut: what the policies say now is what runs, and nothing is left over.
for name in plain logged layered closed; do
	wanted=$(sed -n 's/.*errno:\([0-9]*\).*/\1/p' /etc/secbake/policies/$name.json 2>/dev/null)
	if [ -n "$wanted" ]; then
		check "$name" says "258,0,0,0 ERRNO $wanted" secbake-exec $name -- /vm/probe 258,0,0,0
	else
		check "$name, as the vendor has it" says 'Seccomp:	2' secbake-exec $name -- /vm/probe
	fi
done
check 'refresh' secbake refresh --quiet
check 'every blob is whole' secbake cache verify --quiet
check 'nothing is left over' test -z "$(find /var/cache/secbake -name '*.tmp*' -o -name '.*.tmp')"
check 'nothing more to do' test "$(secbake refresh --json 2>/dev/null >/tmp/again.json; count compiled /tmp/again.json)" = 0
