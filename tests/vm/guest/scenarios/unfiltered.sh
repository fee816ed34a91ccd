# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Somebody wrote secbake_missing=run on the command line, and the policy is missing.
check 'PID 1 runs without a filter' grep -q '^Seccomp:.*0' /proc/1/status
check 'others still do not' refused 125 nosuch secbake-exec nosuch -- /vm/probe
