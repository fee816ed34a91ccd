# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# seccomp(2) is denied by an outer filter: prctl(2) serves where no flag is needed.
check 'by prctl' says 'Seccomp:	2' secbake-exec closed -- secbake-exec plain -- /vm/probe
check 'and both are in force' says 'Seccomp_filters:	2' secbake-exec closed -- secbake-exec plain -- /vm/probe
check 'which decides' says 'ERRNO 30' secbake-exec closed -- secbake-exec plain -- /vm/probe 258,0,0,0
check 'what prctl cannot do is refused' refused 125 supervised secbake-exec closed -- secbake-exec supervised -- /vm/probe
