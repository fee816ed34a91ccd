#!/bin/bash
# SPDX-License-Identifier: MIT
#
# kernels.sh SECBAKE
#
# --kernel: a version without filters, or none at all, is refused, and not taken for "this
# kernel"; what is taken decides alike in explain, in the program and in prove.
set -uo pipefail

secbake=$(realpath "$1")
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
failed=0
fail() {
	printf 'kernels: %s: %s\n' "$version" "$*" >&2
	failed=1
}

cat >policy.json <<'END_POLICY'
{ "secbake": 1, "default": "allow",
  "rules": [{ "syscalls": "getsid", "when": { "minKernel": "5.0" }, "action": "errno:EDOM" }] }
END_POLICY
version=4.4
"$secbake" features --kernel 4.4 >features || fail 'has no features'

for version in '' 0 0.0 2.6 3.4 65535.65535 65536.0 6.1x; do
	for options in "--kernel" "--features features --kernel"; do
		"$secbake" compile $options "$version" --format raw -o out policy.json 2>said &&
			fail "compile $options takes it"
		[[ -s said && ! -e out ]] || fail "compile $options says nothing, or writes"
		"$secbake" features $options "$version" >said 2>&1 && fail "features $options takes it"
		"$secbake" refresh $options "$version" -q -C cache -P . >said 2>&1 && fail "refresh $options takes it"
	done
	"$secbake" check --kernel "$version..6.1" policy.json >said 2>&1
	[[ $? = [23] && -s said ]] || fail 'check takes a range that begins there'
done
[[ -z $(find cache -name '*.sbk' 2>/dev/null) ]] || fail 'there are blobs'

for version in 3.5 4.20 5.0 6.1 65535.65534; do
	"$secbake" compile --kernel $version --format raw -o out policy.json 2>said || fail "$(cat said)"
	expected='ERRNO(33 EDOM)'
	[[ $version = [34].* ]] && expected=ALLOW
	[[ $("$secbake" emu --syscall getsid out) = "$expected" ]] || fail 'the program decides otherwise'
	"$secbake" explain --kernel $version --syscall getsid policy.json 2>said | grep -qF ": $expected" ||
		fail 'explain says otherwise'
	"$secbake" prove --kernel $version out policy.json >said 2>&1 || fail "$(cat said)"
done
exit $failed
