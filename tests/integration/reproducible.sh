#!/bin/bash
# SPDX-License-Identifier: MIT
#
# reproducible.sh SECBAKE SOURCE-DIR
#
# A cache tree for several kernels and architectures, built twice: in another folder, under
# another umask, locale, time zone and time, with other parallelism and, as root, by
# another user. Names, modes and bytes must be the same; and the same as those of a
# refresh on such a kernel, where policies lie on the policy path.
set -uo pipefail

secbake=$(realpath "$1") source=$2
readonly nobody=65534
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
failed=0
fail() {
	printf 'reproducible: %s\n' "$*" >&2
	failed=1
}

kernels=(x86_64:4.9 x86_64:4.14 x86_64:5.4 x86_64:6.6 aarch64:6.1 s390x:6.1 arm:5.10)
prepare() { # FOLDER
	mkdir -p "$1/policies"
	cp "$source"/profiles/*.json "$1/policies"
	cp "$source"/tests/cases/min-kernel-newer/policy.json "$1/policies/versions.json"
	cat >"$1/policies/accounts.json" <<-'END'
		{ "secbake": 1, "default": "errno:EPERM", "rules": [
		  { "syscalls": "setuid", "args": { "uid": "user:root" }, "action": "allow" } ] }
	END
	printf 'enosys=none\ncap=CAP_BPF\n' >"$1/policies/versions.options"
	for kernel in "${kernels[@]}"; do
		"$secbake" features --arch "${kernel%:*}" --kernel "${kernel#*:}" >"$1/${kernel/:/-}"
	done
	chmod -R a+rX "$1"
}

tree() { # every name with its mode and content, not its time or owner
	(cd "$1" && find . -printf '%p %m\n' | LC_ALL=C sort && find . -type f -exec sha256sum {} + |
		LC_ALL=C sort)
}

options=(-P policies)
for kernel in "${kernels[@]}"; do options+=(--features "${kernel/:/-}"); done
policies=(policies/container.json policies/web-server.json policies/versions.json policies/accounts.json)

prepare "$work/first"
(cd "$work/first" && umask 022 && LC_ALL=C TZ=UTC "$secbake" compile -d tree "${options[@]}" "${policies[@]}") \
	2>"$work/stderr1" || fail "the first build: $(cat "$work/stderr1")"

sleep 1.1
prepare "$work/second folder/deeper"
as=()
command -v faketime >/dev/null && as=(faketime '2001-02-03 04:05:06')
if [[ $EUID = 0 ]] && command -v setpriv >/dev/null; then
	as+=(setpriv --reuid $nobody --regid $nobody --clear-groups)
	chown -R $nobody:$nobody "$work/second folder"
	for folder in "$(dirname "$secbake")"; do
		"${as[@]}" test -x "$folder/secbake" || as=()
	done
fi
(cd "$work/second folder/deeper" && umask 077 && LC_ALL=de_DE.UTF-8 TZ=Asia/Tokyo HOME=/nowhere SECBAKE_X=1 \
	"${as[@]}" "$secbake" compile -j 4 -d "$PWD/tree" "${options[@]}" "${policies[2]}" "${policies[3]}" "${policies[1]}" \
	"${policies[0]}") 2>"$work/stderr2" || fail "the second build: $(cat "$work/stderr2")"

tree "$work/first/tree" >"$work/tree1"
tree "$work/second folder/deeper/tree" >"$work/tree2"
diff -u "$work/tree1" "$work/tree2" >&2 || fail 'the two trees differ'
count=$(grep -c 'sbk$' "$work/tree1")
[[ $count = 28 ]] || fail "$count blobs, not 4 for each of 7 kernels"

# The same as a refresh makes, which has the policies' names from the path.
(cd "$work/first" && umask 022 && "$secbake" refresh -q -C cache -P policies --features x86_64-6.6 \
	container web-server versions accounts 2>/dev/null)
hash=$("$secbake" features --features "$work/first/x86_64-6.6" --hash)
for name in container web-server versions accounts; do
	cmp "$work/first/tree/$hash/$name.sbk" "$work/first/cache/$hash/$name.sbk" >&2 ||
		fail "a refresh makes another $name"
done
exit $failed
