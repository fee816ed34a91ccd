# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# A kernel without seccomp filters.
check 'nothing runs' refused 125 seccomp secbake-exec -v plain -- /vm/probe
check 'not in complain mode either' refused 125 seccomp secbake-exec -v --complain plain -- /vm/probe
