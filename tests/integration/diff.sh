#!/bin/bash
# SPDX-License-Identifier: MIT
#
# diff.sh SECBAKE: secbake diff and secbake prove, as people meet them: what is printed,
# and the exit status. Expectations are written by hand.
set -uo pipefail

secbake=$(realpath "$1") || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
failed=0

fail() {
	printf 'diff: %s\n' "$*" >&2
	failed=1
}

# expect STATUS ARGUMENT...: runs secbake; standard output must be standard input, - for any.
expect() {
	local wanted=$1 status
	shift
	cat >wanted
	"$secbake" "$@" >got 2>stderr
	status=$?
	[[ $status = "$wanted" ]] || fail "secbake $*: exit status $status, not $wanted: $(cat stderr)"
	[[ $(cat wanted) = - ]] || diff -u wanted got >difference || fail "secbake $*:
$(cat difference)"
}

readonly on=(--arch x86_64 --kernel 6.12)
cat >a.json <<'POLICY'
{"secbake": 1, "default": "errno:EPERM", "rules": [
 {"syscalls": ["read", "write", "exit_group"], "action": "allow"},
 {"syscalls": ["ioctl"], "args": {"1": {"ne": "TIOCSTI"}}, "action": "allow"},
 {"syscalls": ["clone"], "args": {"0": {"none": "CLONE_NEWUSER|CLONE_NEWNS"}}, "action": "allow"},
 {"syscalls": ["socket"], "args": {"0": {"in": ["AF_UNIX", "AF_INET"]}}, "action": "allow"},
 {"syscalls": ["personality"], "args": {"0": {"range": [5, 7]}}, "action": "allow"},
 {"syscalls": ["reboot"], "action": "errno:EACCES"}
]}
POLICY
sed 's/"ne": "TIOCSTI"/"ne": "TIOCLINUX"/; s/|CLONE_NEWNS//; s/"write", //
	s/"AF_INET"/"AF_NETLINK"/; s/\[5, 7\]/[3, 9]/; s/"errno:EACCES"/"log"/' a.json >b.json

expect 0 diff "${on[@]}" a.json a.json <<'TEXT'
the same for every call
TEXT

expect 1 diff "${on[@]}" a.json b.json <<'TEXT'
A: a.json, Linux 6.12
B: b.json, Linux 6.12
x86_64
  write
    only A allows: ALLOW, not ERRNO(1 EPERM)
      always
      for example x86_64 write(0x0)
  ioctl
    only B allows: ALLOW, not ERRNO(1 EPERM)
      where arg1 & 0xffffffff == 0x5412 (TIOCSTI)
      for example x86_64 ioctl(0x0, 0x5412)
    only A allows: ALLOW, not ERRNO(1 EPERM)
      where arg1 & 0xffffffff == 0x541c (TIOCLINUX)
      for example x86_64 ioctl(0x0, 0x541c)
  socket
    only A allows: ALLOW, not ERRNO(1 EPERM)
      where arg0 & 0xffffffff == 0x2 (AF_INET)
      for example x86_64 socket(0x2)
    only B allows: ALLOW, not ERRNO(1 EPERM)
      where arg0 & 0xffffffff == 0x10 (AF_NETLINK)
      for example x86_64 socket(0x10)
  clone
    only B allows: ALLOW, not ERRNO(1 EPERM)
      where arg0 & 0x10020000 == 0x20000 (CLONE_NEWNS)
      for example x86_64 clone(0x20000)
  personality
    only B allows: ALLOW, not ERRNO(1 EPERM)
      where (arg0 & 0xffffffff in 0x3..0x4 or arg0 & 0xffffffff in 0x8..0x9)
      for example x86_64 personality(0x3)
  reboot
    only B allows: LOG, not ERRNO(13 EACCES)
      always
      for example x86_64 reboot(0x0)
TEXT

# Blobs and bare programs of the same policy are the same as it.
"$secbake" compile "${on[@]}" a.json -o a.sbk && "$secbake" compile "${on[@]}" b.json -o b.sbk &&
	"$secbake" compile "${on[@]}" --format raw a.json -o a.bpf || fail 'the policies do not compile'
for left in a.json a.sbk a.bpf; do
	for right in a.json a.sbk a.bpf; do
		expect 0 diff "${on[@]}" "$left" "$right" <<<'the same for every call'
	done
	expect 1 diff "${on[@]}" "$left" b.sbk <<<-
	expect 1 diff "${on[@]}" b.json "$left" <<<-
done
expect 0 diff a.sbk a.json <<<'the same for every call' # read for the blob's kernel

# What a kernel changes.
cat >kernel.json <<'POLICY'
{"defaultAction": "SCMP_ACT_ERRNO", "architectures": ["SCMP_ARCH_X86_64"], "flags": [], "syscalls": [
 {"names": ["read"], "action": "SCMP_ACT_ALLOW"},
 {"names": ["ptrace"], "action": "SCMP_ACT_ALLOW", "includes": {"minKernel": "4.8"}},
 {"names": ["reboot"], "action": "SCMP_ACT_KILL_PROCESS"}]}
POLICY
expect 1 diff --arch x86_64 --enosys none --kernel 4.7 --kernel 6.12 kernel.json <<'TEXT'
A: kernel.json, Linux 4.7
B: kernel.json, Linux 6.12
x86_64
  ptrace
    only B allows: ALLOW, not ERRNO(1 EPERM)
      always
      for example x86_64 ptrace(0x0)
  reboot
    A says KILL_THREAD, B KILL_PROCESS
      always
      for example x86_64 reboot(0x0)
TEXT
expect 0 diff --arch x86_64 --kernel 5.10 --kernel 6.12 kernel.json <<<'the same for every call'

# Several programs count together: here the second forbids what the first allows.
cat >layers.json <<'POLICY'
{"secbake": 1, "layers": [
 {"default": "allow", "flags": ["log"], "rules": [{"syscalls": ["reboot"], "action": "errno:EACCES"}]},
 {"default": "allow", "rules": [{"syscalls": ["reboot"], "args": {"0": 5}, "action": "errno:EPERM"}]}
]}
POLICY
cat >together.json <<'POLICY'
{"secbake": 1, "default": "allow", "rules": [
 {"syscalls": ["reboot"], "args": {"0": 5}, "action": "errno:EPERM"},
 {"syscalls": ["reboot"], "action": "errno:EACCES"}]}
POLICY
expect 1 diff "${on[@]}" layers.json together.json <<'TEXT'
A: layers.json, Linux 6.12
B: together.json, Linux 6.12
the same for every call, but for filter flags
filter flags
  A asks for log; then none
  B asks for none
TEXT
expect 1 diff "${on[@]}" --mode enforce --mode complain a.json <<<-
grep -q '^B: a.json, Linux 6.12, complain$' got || fail 'the mode of B is not told'

# Of other architectures, those on which both agree, or which differ otherwise, are told.
echo '{"secbake": 1, "default": "allow", "architectures": ["x86_64", "x32"], "foreignArch": "allow"}' >open.json
echo '{"secbake": 1, "default": "allow", "architectures": ["x86_64", "x32", "x86"]}' >closed.json
expect 1 diff "${on[@]}" open.json closed.json <<'TEXT'
A: open.json, Linux 6.12
B: closed.json, Linux 6.12
other architectures, but for x86_64, x86 and x32
  all numbers
    only A allows: ALLOW, not KILL_PROCESS
      always
      for example arch 0x0 0(0x0)
TEXT
sed 's/"foreignArch": "allow"/"foreignArch": "errno:EPERM"/' open.json >errno.json
expect 1 diff "${on[@]}" closed.json errno.json <<<- # x86 differs in its own way
grep -qx x86 got && grep -qx 'other architectures, but for x86_64, x86 and x32' got || fail "others: $(grep -A 1 arch got)"
"$secbake" diff "${on[@]}" --json open.json closed.json >json
python3 - json <<'PYTHON' || fail "--json: $(cat json)"
import json, sys
difference, = json.load(open(sys.argv[1]))["differences"]
assert difference["arch"] is None and difference["except"] == ["x86_64", "x86", "x32"], difference
PYTHON

# An object for programs.
"$secbake" diff "${on[@]}" --json a.json b.sbk >json
python3 - json <<'PYTHON' || fail "--json: $(cat json)"
import json, sys
o = json.load(open(sys.argv[1]))
assert o["same"] is False and o["a"]["flags"] == [[]] and len(o["differences"]) == 6, o
ioctl = [d for d in o["differences"] if d["calls"] == [{"abi": "x86_64", "syscall": "ioctl"}]][0]
assert ioctl["numbers"] == [[16, 16]] and ioctl["arch"] == "x86_64"
case = [c for c in ioctl["cases"] if c["kind"] == "only-b-allows"][0]
assert case["a"] == "ERRNO(1 EPERM)" and case["b"] == "ALLOW"
assert case["when"] == "arg1 & 0xffffffff == 0x5412 (TIOCSTI)"
assert case["conditions"] == [[{"arg": 1, "in": True, "sets": [
    {"mask": "0xffffffff", "from": "0x5412", "to": "0x5412"}]}]]
assert case["witness"]["args"][1] == "0x5412" and case["witness"]["syscall"] == "ioctl"
PYTHON

# ld [args 0]; tax; ld [args 1]; jeq x, 0, 1; ret allow; ret kill: no diagram is that small.
printf '\x20\0\0\0\x10\0\0\0\x07\0\0\0\0\0\0\0\x20\0\0\0\x18\0\0\0\x1d\0\0\x01\0\0\0\0\x06\0\0\0\0\0\xff\x7f\x06\0\0\0\0\0\0\0' >same-args.bpf
expect 5 diff "${on[@]}" same-args.bpf a.json <<<-
grep -q 'instruction 3' stderr || fail "what cannot be told: $(cat stderr)"
head -c 12 a.bpf >broken.bpf
expect 3 diff "${on[@]}" a.json broken.bpf <<<-
printf '\x06\0\0\0\0\0\xff\x7f\x20\0\0\0\x10\0\0\0' >no-return.bpf
expect 3 diff "${on[@]}" a.json no-return.bpf <<<-
expect 2 diff "${on[@]}" a.json <<<-
expect 2 diff --kernel 5.10 --kernel 5.11 --kernel 5.12 a.json <<<-
expect 4 diff "${on[@]}" a.json missing.json <<<-

# prove tells the rule; flags of a blob are compared, too.
expect 0 prove "${on[@]}" a.bpf a.json <<<'proved: equal for every call'
expect 1 prove "${on[@]}" a.bpf b.json <<'TEXT'
differs: x86_64 write(0x0): the program says ALLOW, the policy ERRNO(1 EPERM)
  no rule decides the call: the default action
TEXT
sed 's/"reboot"\], "action": "errno:EACCES"/"reboot"], "action": "kill-process"/' a.json >c.json
expect 1 prove "${on[@]}" a.bpf c.json <<'TEXT'
differs: x86_64 reboot(0x0): the program says ERRNO(13 EACCES), the policy KILL_PROCESS
  c.json:7: /rules/5: this rule names the call
TEXT
sed 's/"default"/"flags": ["log"], "default"/' a.json >flags.json
expect 1 prove a.sbk flags.json <<'TEXT'
differs: program 0 is installed with the flags none, the policy asks for log
TEXT
# Data that no kernel looks at make no difference to prove and diff; what else differs is found behind them.
ret() { # VALUE...: an instruction each that returns it
	local value
	for value; do
		printf "$(printf '\\x06\\0\\0\\0\\x%02x\\x%02x\\x%02x\\x%02x' $((value & 255)) $((value >> 8 & 255)) \
			$((value >> 16 & 255)) $((value >> 24)))"
	done
}
for pair in allow=0x7fff0007 kill-process=0x80000005 log=0x7ffc0001 errno:4095=0x5ffff; do
	printf '{"secbake": 1, "default": "%s", "foreignArch": "%s"}' "${pair%=*}" "${pair%=*}" >data.json
	ret "${pair#*=}" >data.bpf
	expect 0 prove "${on[@]}" data.bpf data.json <<<'proved: equal for every call'
	expect 0 diff "${on[@]}" data.bpf data.json <<<'the same for every call'
done
echo '{"secbake": 1, "default": "errno:EPERM", "foreignArch": "errno:EPERM", "rules": [
	{"syscalls": "read", "action": "allow"}, {"syscalls": "write", "action": "log"}]}' >data.json
# ld [arch]; jeq x86_64, 0, 2; ld [nr]; jeq 0, 1, 0; ret ERRNO(1); ret ALLOW with data
{ printf '\x20\0\0\0\x04\0\0\0\x15\0\0\x02\x3e\0\0\xc0\x20\0\0\0\0\0\0\0\x15\0\x01\0\0\0\0\0' && ret 0x50001 0x7fff0007; } >data.bpf
expect 1 prove "${on[@]}" data.bpf data.json <<'TEXT'
differs: x86_64 write(0x0): the program says ERRNO(1 EPERM), the policy LOG
  data.json:2: /rules/1: this rule names the call
TEXT

# The mode that a blob is loaded in is part of what it decides.
for mode in enforce complain unrestricted; do
	sed "s/\"default\"/\"mode\": \"$mode\", \"default\"/" a.json >$mode.json
	"$secbake" compile "${on[@]}" $mode.json -o $mode.sbk || fail "mode $mode does not compile"
done
for blob in enforce complain unrestricted; do
	for policy in enforce complain unrestricted; do
		if [[ $blob = "$policy" ]]; then
			expect 0 prove $blob.sbk $policy.json <<<-
		else
			expect 1 prove $blob.sbk $policy.json <<<"differs: the blob's mode is $blob, the policy's $policy"
		fi
	done
done
"$secbake" compile --arch s390x --kernel 6.12 a.json -o s390x.sbk || fail 'a.json does not compile for s390x'
expect 0 prove --arch s390x s390x.sbk a.json <<<-
expect 0 prove s390x.sbk a.json <<<-
expect 2 prove --arch x86_64 s390x.sbk a.json <<<-
[[ $(<stderr) = *'--arch says x86_64, and the blob is for s390x;'* ]] || fail "another --arch: $(cat stderr)"
expect 0 prove --mode enforce complain.sbk enforce.json <<<'proved: equal for every call, in 1 variant'
expect 1 prove "${on[@]}" same-args.bpf a.json <<<- # no proof, but a call that refutes it

# ---- disasm: numbers are named by their ABI, and bits and X are no numbers ----
if [[ $(printf '\1\0' | od -An -td2) -eq 1 ]]; then
	printf '%b' '\x20\0\0\0\x4\0\0\0' '\x15\0\0\x4\x3e\0\0\xc0' '\x20\0\0\0\0\0\0\0' '\x35\0\2\0\0\0\0\x40' '\x45\0\1\0\1\0\0\0' '\x1d\0\0\0\0\0\0\0' \
		'\x06\0\0\0\0\0\xff\x7f' >x32.bpf
	expect 0 disasm --arch x86_64 x32.bpf <<-'LISTING'
	   0  A = arch
	   1  if A == 0xc000003e (x86_64) goto 2 else 6
	   2  A = nr
	   3  if A >= 0x40000000 (x32 read) goto 6 else 4
	   4  if A & 0x1 goto 6 else 5
	   5  if A == X goto 6 else 6
	   6  return ALLOW
	LISTING
fi
exit "$failed"
