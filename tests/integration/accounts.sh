#!/bin/bash
# SPDX-License-Identifier: MIT
#
# accounts.sh SECBAKE SECBAKE-EXEC TRY_CALL
#
# A policy that names a user and a group depends on their numbers, and on nothing else in
# passwd and group: a number that changed, went or came is noticed by the loader and by
# refresh, with --quick as well, and another line that changed costs no compile. In a mount
# namespace with an /etc of its own, which takes root; elsewhere that part is left out. The
# other is an image's, with --root.
set -uo pipefail
umask 022

secbake=$(realpath "$1") exec=$(realpath "$2") try_call=$(realpath "$3")
if [[ $EUID = 0 && -z ${ACCOUNTS_INSIDE:-} ]] && unshare --mount true 2>/dev/null; then
	ACCOUNTS_INSIDE=1 exec unshare --mount "$0" "$@"
fi
export ASAN_OPTIONS=detect_leaks=0
work=$(mktemp -d) || exit 1
trap 'umount /etc 2>/dev/null; rm -rf "$work"' EXIT
chmod 755 "$work"
failed=0
fail() {
	printf 'accounts: %s: %s\n' "$step" "$*" >&2
	[[ -s $work/stderr ]] && sed 's/^/    /' "$work/stderr" >&2
	failed=1
}

mkdir -p "$work"/{bin,tools,policies,cache}
cp "$exec" "$work/bin/secbake-exec"
cp "$try_call" "$secbake" "$work/tools"
cat >"$work/bin/secbake" <<-END
	#!/bin/sh
	echo "\$*" >>$work/runs
	exec $work/tools/secbake "\$@"
END
chmod 755 "$work/bin/secbake"
# getsid(0) is denied exactly if a number is 0.
cat >"$work/policies/web.json" <<-'END'
	{ "secbake": 1, "default": "allow", "rules": [
	  { "syscalls": "getsid", "args": { "pid": "user:svc" }, "action": "errno:71" },
	  { "syscalls": "getsid", "args": { "pid": "group:grp" }, "action": "errno:72" } ] }
END
cat >"$work/policies/plain.json" <<-'END'
	{ "secbake": 1, "default": "allow", "rules": [{ "syscalls": "times", "action": "errno:73" }] }
END

# ---- an image: refresh alone ----

refresh() { # OUTCOME [OPTION...]: what becomes of web
	local outcome=$1
	shift
	got=$("$secbake" refresh --json "$@" 2>"$work/stderr" | python3 -c '
import json, sys
print(next((r["outcome"] for r in json.load(sys.stdin)["results"] if r["name"] == "web"), "none"))')
	[[ $got = "$outcome" ]] || fail "web is $got, not $outcome"
}

image=$work/image
mkdir -p "$image"/{etc/secbake,usr/lib/secbake}
cp -r "$work/policies" "$image/etc/secbake"
accounts() { # FOLDER USER-ID GROUP-ID [MORE-USERS]
	printf 'root:x:0:0:root:/root:/bin/sh\n%bsvc:x:%s:7::/:/bin/false\n' "${4:-}" "$2" >"$1/passwd.new"
	printf 'root:x:0:\ngrp:x:%s:svc\n' "$3" >"$1/group.new"
	mv "$1/passwd.new" "$1/passwd"
	mv "$1/group.new" "$1/group"
}
accounts "$image/etc" 33 44
step='an image' && refresh compiled --root "$image" web
step='an image, again' && refresh reused --root "$image" web
accounts "$image/etc" 33 44 'new:x:1000:1000::/:\nold:x:1:1::/:\n'
step='an image, another user came' && refresh reused --root "$image" web
accounts "$image/etc" 34 44
step='an image, the user got another number' && refresh compiled --root "$image" web
accounts "$image/etc" 34 45
step='an image, the group got another number' && refresh compiled --root "$image" web
rm "$image/etc/group"
step='an image, no group file' && refresh failed --root "$image" web
accounts "$image/etc" 34 45
step='an image, as it was' && refresh reused --root "$image" web

many=$(for ((i = 0; i < 260; i++)); do printf 'u%d:x:%d:1::/:\\n' $i $((5000 + i)); done)
accounts "$image/etc" 34 45 "$many"
users() { # COUNT: policy many names so many
	local names
	names=$(seq -f '"user:u%g"' -s, 0 $(($1 - 1)))
	printf '{ "secbake": 1, "default": "allow", "rules": [{ "syscalls": "setuid", "args": { "uid": [%s] }, "action": "errno:1" }] }' \
		"$names" >"$image/etc/secbake/policies/many.json"
}
step='an image, as many users as a blob can record, and one more'
users 254 # the policy and its options count
"$secbake" refresh -q --root "$image" many 2>"$work/stderr" || fail '254 are refused'
users 255
"$secbake" refresh -q --root "$image" many 2>"$work/stderr" && fail '255 are taken'
grep -q '257 files, users and groups' "$work/stderr" || fail 'the message does not speak of users'
: >"$work/stderr"

step='depfile'
"$secbake" compile -MD -MF "$work/d" -MT t -o "$work/root.sbk" <(sed 's/svc/root/; s/grp/root/' "$work/policies/web.json") \
	2>/dev/null
for file in /etc/passwd /etc/group; do
	grep -q " $file" "$work/d" || fail "$file is not in it: $(cat "$work/d")"
done

if [[ -z ${ACCOUNTS_INSIDE:-} ]]; then
	echo 'the loader and the running system are not tried: that takes root and a mount namespace'
	exit $failed
fi

# ---- the running system ----

cp -a /etc "$work/etc"
mount --bind "$work/etc" /etc || { echo 'SKIPPED: /etc cannot be mounted over'; exit $((failed ? 1 : 77)); }
places=(-C "$work/cache" -P "$work/policies")
: >"$work/runs"
expect() { # STEP STATUS OUTPUT COMPILES [OPTION...]
	step=$1
	local before after was
	before=$(wc -l <"$work/runs")
	got=$("$work/bin/secbake-exec" "${places[@]}" "${@:5}" web -- "$work/tools/try_call" 2>"$work/stderr")
	was=$?
	after=$(wc -l <"$work/runs")
	[[ $was = "$2" && $got = "$3" ]] || fail "status $was, getsid '$got'; not $2, '$3'"
	[[ $((after - before)) = "$4" ]] || fail "the compiler ran $((after - before)) times, not $4"
}
says() { grep -qF -- "$1" "$work/stderr" || fail "it does not say \"$1\""; }

accounts /etc 0 9
expect 'from nothing' 0 71 1
expect 'again' 0 71 0
accounts /etc 0 9 'new:x:1000:1000::/:\n'
expect 'another user came' 0 71 0 --no-compile
sed -i 's|^svc:.*|svc:!:0:99:A Service:/srv:/bin/sh|; s/^new/newer/' /etc/passwd
expect 'all but the number is another' 0 71 0 --no-compile
touch -d '2001-01-01' /etc/passwd
expect 'touched' 0 71 0 --no-compile
accounts /etc 5 9
expect 'another number' 125 '' 0 --no-compile -v
says 'source user:svc has another number than when it was compiled'
expect 'another number, with the compiler' 0 0 1
accounts /etc 5 0
expect 'the group has another number' 125 '' 0 --no-compile -v
says 'source group:grp has another number'
expect 'the group, with the compiler' 0 72 1
cp "$work"/cache/*/web.sbk "$work/kept.sbk"
accounts /etc 5 0 'svc:x:0:0::/:\n'
expect 'a line of the same name before it' 0 71 1
accounts /etc 5 0
echo 'svc:x:0:0::/:' >>/etc/passwd
expect 'one behind it does not count' 0 72 1
accounts /etc 5 0 'svc:x:y:0::/:\nsvc:x:4294967296:0::/:\nsvc:x\n'
expect 'nor do lines without a number' 0 72 0 --no-compile
sed -i '/^svc:x:5:/d' /etc/passwd
expect 'the user is gone' 125 '' 1 -v
says 'source user:svc is no longer there'
step='the user is gone, refresh' && refresh failed "${places[@]}" web
expect 'gone, and --blob' 0 72 0 --blob "$work/kept.sbk"
accounts /etc 6 0
expect 'another number, and --blob' 125 '' 0 --blob "$work/kept.sbk"
accounts /etc 5 0
expect 'it is back' 0 72 0 --no-compile
chmod 664 /etc/passwd
expect 'others can write it' 125 '' 1
says 'can be written by group or others'
chmod 644 /etc/passwd
mv /etc/passwd /etc/passwd.real
ln -s passwd.real /etc/passwd
expect 'a link' 125 '' 1
says 'symbolic link'
mv /etc/passwd.real /etc/passwd
expect 'it is a file again' 0 72 0 --no-compile

# The index stamps passwd and group, too.
step='an index'
sleep 0.3
"$secbake" refresh -q "${places[@]}" 2>"$work/stderr" || fail 'refresh'
ls "$work"/cache/*.index >/dev/null 2>&1 || echo 'no index here: a file system that it does not trust'
quick() { # STEP OUTCOME-OF-WEB
	step=$1
	refresh "$2" "${places[@]}" --quick
}
quick 'quick, nothing changed' none
accounts /etc 7 0
quick 'quick, another number' compiled
accounts /etc 7 0
quick 'quick, the same number in another file' reused
sleep 0.3
"$secbake" refresh -q "${places[@]}" 2>"$work/stderr" || fail 'refresh' # which leaves an index
accounts /etc 7 8
quick 'quick, another number of the group' compiled
expect 'and the loader has it' 0 0 0 --no-compile
exit $failed
