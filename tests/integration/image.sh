#!/bin/bash
# SPDX-License-Identifier: MIT
#
# image.sh SECBAKE
#
# compile --root: a policy is read as in the image, whose base in /etc, groups, users and groups
# of users are other than those here and than those beside the policy. The blobs are those that
# a refresh of the image makes; for several kernels at once, into folders that are made.
set -uo pipefail

secbake=$(realpath "$1")
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
failed=0
fail() {
	printf 'image: %s\n' "$*" >&2
	failed=1
}

usr=image/usr/lib/secbake/policies etc=image/etc/secbake/policies
mkdir -p "$usr" "$etc"
printf 'root:x:0:0::/:\nmail:x:4711:8::/:\n' >image/etc/passwd
printf 'root:x:0:\nstaff:x:4712:\n' >image/etc/group
cat >"$usr/web.json" <<-'END'
	{ "secbake": 1, "extends": ["@base-of-web"], "default": "allow", "rules": [
	  { "syscalls": "setuid", "args": { "uid": "user:mail" }, "action": "errno:71" },
	  { "syscalls": "setgid", "args": { "gid": "group:staff" }, "action": "errno:72" } ] }
END
for folder in "$usr:allow" "$etc:errno:73"; do
	printf '{ "secbake": 1, "rules": [{ "syscalls": "getppid", "action": "%s" }] }\n' \
		"${folder#*:}" >"${folder%%:*}/base-of-web.json"
done

explains() { # VERDICT SYSCALL ARGUMENT
	local got
	got=$("$secbake" explain --root image --arch x86_64 --syscall "$2" --args "$3" "$usr/web.json" 2>&1)
	[[ ${got%%$'\n'*} = *": $1" ]] || fail "$2($3) is not $1: $got"
}
explains 'ERRNO(73 EDOTDOT)' getppid 0
explains 'ERRNO(71 EPROTO)' setuid 4711
explains 'ERRNO(72 EMULTIHOP)' setgid 4712
explains ALLOW setuid 8
# Without --root the base is the one beside the policy.
sed '2,3d; s/"rules": \[$/"rules": [] }/' "$usr/web.json" >"$usr/alone.json"
[[ $("$secbake" explain --arch x86_64 --syscall getppid "$usr/alone.json" 2>&1) = *': ALLOW'* ]] ||
	fail 'without --root the base is not the one beside the policy'

kernels=(--kernel 4.14 --kernel 5.10 --kernel 6.6)
(umask 077 && "$secbake" compile --root image "${kernels[@]}" -MD -MF d -MT t -d made/for/it "$usr/web.json" 2>stderr) ||
	fail "compile -d: $(cat stderr)"
for file in image/etc/passwd image/etc/group "$etc/base-of-web.json" "$usr/web.json"; do
	grep -q "^  $file" d || fail "$file is not in the depfile: $(cat d)"
done
[[ $(stat -c %a made made/for made/for/it) = $'755\n755\n755' ]] || fail 'folders that were made do not have mode 755'
for kernel in 4.14 5.10 6.6; do
	"$secbake" refresh -q --root image --kernel "$kernel" web 2>/dev/null || fail "refresh for $kernel"
	hash=$("$secbake" features --kernel "$kernel" --hash)
	cmp "made/for/it/$hash/web.sbk" "image/usr/lib/secbake/cache/$hash/web.sbk" || failed=1
done
[[ $(find made -name '*.sbk' | wc -l) = 3 ]] || fail "$(find made -name '*.sbk') are not three"

# This machine, as an image: the policy path alone, without the folder of the policy.
message=$("$secbake" compile --root / -o out "$usr/web.json" 2>&1) && fail '--root / looks beside the policy'
[[ $message = *'there is no base-of-web.json on the policy path (/etc/secbake/policies ...)'* ]] || fail "$message"
message=$("$secbake" compile --root nowhere -P "$usr" -o out "$usr/web.json" 2>&1) && fail 'an image that is not there'
[[ $message = *'nowhere/etc/passwd cannot be read to find "user:mail"'* ]] || fail "$message"
# Links: the loader follows none, and one may lead out of the image, or nowhere.
refused() { # LINK
	message=$("$secbake" compile --root image -o out "$usr/web.json" 2>&1) && fail "$1 is followed"
	[[ $message = *"$1 is a symbolic link, which is not followed there"* ]] || fail "$message"
}
mv "$etc/base-of-web.json" kept.json
ln -s missing "$etc/base-of-web.json"
refused "$etc/base-of-web.json"
ln -sf "$work/kept.json" "$etc/base-of-web.json"
refused "$etc/base-of-web.json"
mv kept.json "$etc/real.json" && mv -f "$etc/real.json" "$etc/base-of-web.json"
mv image/etc/secbake image/secbake && ln -s ../secbake image/etc/secbake
refused image/etc/secbake
rm image/etc/secbake && mv image/secbake image/etc/secbake
mv image/etc/passwd kept && ln -s /etc/passwd image/etc/passwd
refused image/etc/passwd
rm image/etc/passwd && mv kept image/etc/passwd
cp "$usr/web.json" kept.json
sed -i 's/"@base-of-web"/"part.json"/' "$usr/web.json"
ln -s base-of-web.json "$usr/part.json"
refused "$usr/part.json"
mv kept.json "$usr/web.json"
[[ ! -e out ]] || fail 'something was written'
"$secbake" compile --root image/ -o out "$usr/web.json" 2>stderr || fail "as it was: $(<stderr)"
exit $failed
