# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# What booting with policies costs; nothing fails on a figure.
check 'refresh' secbake refresh --quiet
fact 'refresh with nothing to do, us' "$(/vm/probe --time 20 /usr/bin/secbake refresh --quiet)"
fact 'its system calls' "$(/vm/probe --count /usr/bin/secbake refresh --quiet)"
fact 'a service without a policy, us' "$(/vm/probe --time 50 /bin/busybox true)"
fact 'under plain, us' "$(/vm/probe --time 50 /usr/bin/secbake-exec plain -- /bin/busybox true)"
fact 'system calls of the loader' "$(/vm/probe --count /usr/bin/secbake-exec plain -- /bin/busybox true)"
