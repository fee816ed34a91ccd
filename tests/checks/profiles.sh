#!/bin/bash
# SPDX-License-Identifier: MIT
#
# profiles.sh SECBAKE DIR: every policy that is shipped passes secbake check at its default
# level, with the exceptions written into it, on the architectures and kernels that matter.
set -uo pipefail
shopt -s nullglob

secbake=$1 dir=$2 failed=0 count=0

for policy in "$dir"/*.json; do
	[[ $(basename "$policy") != @* ]] || continue # groups: no policy by itself
	kernels=4.4..6.12
	[[ $(basename "$policy") != audit-all.json ]] || kernels=4.14..6.12 # it refuses kernels that cannot log
	for arch in x86_64 aarch64; do
		count=$((count + 1))
		"$secbake" check --arch "$arch" --kernel "$kernels" -P "$dir" "$policy" && continue
		printf 'profiles: %s on %s: exit status %s\n' "$policy" "$arch" "$?" >&2
		failed=1
	done
done
[[ $count -ge 4 ]] || { printf 'profiles: nothing to check in %s\n' "$dir" >&2; exit 1; }
exit "$failed"
