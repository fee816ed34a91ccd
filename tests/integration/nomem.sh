#!/bin/bash
# SPDX-License-Identifier: MIT
#
# nomem.sh SECBAKE NOMEM-LIBRARY
#
# Memory runs out at each allocation of a compile, and of a refresh, in turn, once and for good. Each time it says so
# (exit status 4), and not that the policy were wrong, and writes nothing; or it can do without, and
# writes the same bytes.
set -uo pipefail

secbake=$(realpath "$1") nomem=$(realpath "$2")
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
failed=0 tried=0
fail() {
	printf 'nomem: %s: %s\n' "$step" "$*" >&2
	failed=$((failed + 1))
	[[ $failed -lt 10 ]] || exit 1
}

cat >native.json <<'END'
{ "secbake": 1, "extends": ["base.json"], "default": "errno:EPERM", "rules": [
  { "syscalls": ["read", "write", "exit_group", "execve", "getpid", "futex"], "action": "allow" },
  { "syscalls": "socket", "args": { "family": ["AF_UNIX", "AF_INET"] }, "action": "allow" },
  { "syscalls": "kcmp", "args": { "type": { "all": 3, "none": 1 } }, "action": "errno:72" },
  { "syscalls": "setuid", "args": { "uid": "user:root" }, "action": "errno:71" } ] }
END
echo '{ "secbake": 1, "rules": [{ "syscalls": ["getppid"], "action": "kill-process" }] }' >base.json
echo 'complain=no' >native.options
# Strings for which jansson's buffer must grow, and numbers behind them. None may fill it to the last
# byte, 16, 32, 64 ...: the quote at its end would be lost, and jansson 2.14 reads on.
cat >oci.json <<'END'
{ "syscalls": [
  { "names": ["sched_rr_get_interval", "mlock"], "action": "SCMP_ACT_ERRNO", "errnoRet": 71 },
  { "comment": "long enough for a buffer of 64 bytes, \u00e9\u20ac\ud83d\ude00\n, \"and\" \\ some more",
    "names": ["read", "write", "rt_sigreturn", "exit_group"], "action": "SCMP_ACT_ALLOW" },
  { "names": ["personality"], "action": "SCMP_ACT_ALLOW", "args": [
    { "index": 0, "value": 4294967295, "valueTwo": 0, "op": "SCMP_CMP_MASKED_EQ" }] } ],
  "defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 38 }
END

target=(--arch x86_64 --kernel 6.12)
hash=$("$secbake" features --hash "${target[@]}")
mkdir policies
echo '{ "secbake": 1, "extends": ["@base"], "default": "errno:EPERM", "rules": [] }' >policies/web.json
cp base.json policies/base.json

for policy in native.json oci.json policies/web.json; do
	step=$policy
	command=("$secbake" compile "${target[@]}" -o out.sbk "$policy")
	out=out.sbk
	if [[ $policy = policies/* ]]; then
		command=("$secbake" refresh -q -C cache -P policies "${target[@]}")
		out=cache/$hash/web.sbk
	fi
	LD_PRELOAD=$nomem "${command[@]}" 9>count 2>good.err || { cat good.err >&2; fail 'with all memory'; exit 1; }
	mv "$out" good.sbk
	count=$(<count)
	[[ $count -gt 50 ]] || fail "only $count allocations"
	for ((n = 1; n <= count; n++)); do
		for on in '' 1; do
			step="$policy, allocation $n${on:+ and all after it}"
			was=0
			env NOMEM_AT=$n ${on:+NOMEM_ON=1} LD_PRELOAD="$nomem" "${command[@]}" 9>&- 2>err || was=$?
			tried=$((tried + 1))
			if [[ $was = 0 ]]; then
				cmp -s good.err err || fail "it says $(<err)"
				cmp -s good.sbk "$out" || fail 'it writes other bytes'
			elif [[ $was = 4 ]]; then
				grep -qi memory err || fail "it does not say why: $(<err)"
				[[ ! -e $out || $out = cache/* ]] || fail 'it writes something'
			else
				fail "status $was: $(<err)"
			fi
			rm -rf out.sbk cache
		done
	done
done
echo "$tried runs"
exit $((failed > 0))
