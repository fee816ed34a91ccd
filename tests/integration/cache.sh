#!/bin/bash
# SPDX-License-Identifier: MIT
#
# cache.sh SECBAKE SECBAKE-EXEC
#
# What cache list, verify and gc, and refresh, say of what they find, and whether that is
# mended by what they say.
set -uo pipefail
umask 022
shopt -s nullglob dotglob

secbake=$(realpath "$1") exec=$(realpath "$2")
export ASAN_OPTIONS=detect_leaks=0 # it cannot look for leaks without ptrace(2)
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
target=(--arch x86_64 --kernel 6.12)
hash=$("$secbake" features "${target[@]}" --hash)
set=c/$hash
failed=0
fail() {
	printf 'cache: %s: %s\n' "$step" "$*" >&2
	failed=1
}

allow='{ "defaultAction": "SCMP_ACT_ALLOW" }'
start() { # NAME...: policies of these names, refreshed from nothing
	rm -rf c p
	mkdir p
	for name; do echo "$allow" >"p/$name.json"; done
	"$secbake" refresh -q -C c -P p "${target[@]}" || fail 'the refresh'
}

# STATUS TEXT WORD...: the exit status, and all that it prints, errors first.
says() {
	local status=$1 text=$2 was said
	shift 2
	said=$("$secbake" "$@" 2>&1 >stdout)
	was=$?
	[[ ! -s stdout ]] || said+=${said:+$'\n'}$(<stdout)
	[[ $was = "$status" ]] || fail "secbake $*: status $was, not $status"
	[[ $said = "$text" ]] || fail "secbake $*: wanted"$'\n'"$text"$'\n'"said"$'\n'"$said"
}

step='a policy without programs'
start web
echo '{ "secbake": 1, "mode": "unrestricted", "default": "allow" }' >p/all.json
"$secbake" refresh -q -C c -P p "${target[@]}" || fail 'the refresh'
sizes=($(stat -c %s "$set"/*.sbk))
says 0 "c	$hash	all	${sizes[0]}	unrestricted
c	$hash	web	${sizes[1]}	any" cache list -C c

step='damaged features'
start web
cp "$set/features" good
for text in nonsense "$("$secbake" features --arch x86_64 --kernel 4.9)"; do
	sleep 0.2 # then what is there is old enough for an index
	says 0 "1 policy: 1 reused, 0 compiled, 0 failed" refresh -C c -P p "${target[@]}"
	echo "$text" >"$set/features"
	said=$("$secbake" cache verify -C c 2>&1)
	[[ $? = 1 ]] || fail "verify: not status 1: $said"
	[[ $said = "$set/features:"*' not the features that its folder is named after; remove it: a refresh for that kernel writes it anew'*'1 blob: 1 ok, 0 not; 1 other fault' ]] ||
		fail "verify: $said"
	"$secbake" cache verify -q -C c >/dev/null 2>&1 && fail 'verify -q: status 0'
	says 0 "1 policy: 1 reused, 0 compiled, 0 failed (nothing has changed)" refresh --quick -C c -P p "${target[@]}"
	cmp -s good "$set/features" && fail '--quick looked at it'
	says 0 "1 policy: 1 reused, 0 compiled, 0 failed" refresh -C c -P p "${target[@]}"
	cmp good "$set/features" || fail 'a refresh does not mend it'
	says 0 "$set/web.sbk: ok"$'\n''1 blob: 1 ok, 0 not' cache verify -C c
done
echo nonsense >"$set/features" # what is said to help does
rm "$set/features"
says 0 "$set/web.sbk: ok"$'\n''1 blob: 1 ok, 0 not' cache verify -C c

step='what is no blob'
start web dir link fifo large open node
echo precious >precious
for name in dir link fifo large open node; do rm "$set/$name.sbk"; done
mkdir "$set/dir.sbk"
ln -s "$work/precious" "$set/link.sbk"
mkfifo "$set/fifo.sbk"
truncate -s 17M "$set/large.sbk"
cp "$set/web.sbk" "$set/open.sbk"
chmod 666 "$set/open.sbk"
mknod "$set/node.sbk" c 1 3 2>/dev/null || mkfifo "$set/node.sbk"
gone=
for name in dir fifo large link node open; do gone+="removed $set/$name.sbk: cannot be used as a blob"$'\n'; done
said=$("$secbake" cache gc -n -C c -P p 2>&1) || fail "gc -n: $said"
[[ ${said%$'\n'*} = "$(sed 's/^removed/would remove/' <<<"${gone%$'\n'}")" ]] || fail "gc -n: $said"
said=$("$secbake" cache gc -C c -P p 2>&1) || fail "gc: $said"
[[ ${said%$'\n'*} = "${gone%$'\n'}" ]] || fail "gc: $said"
[[ $(<precious) = precious ]] || fail 'it followed a link'
[[ $(echo "$set"/*.sbk) = "$set/web.sbk" ]] || fail "left are $(echo "$set"/*.sbk)"

step='a directory that is not empty'
mkdir "$set/dir.sbk"
echo mine >"$set/dir.sbk/file"
text="secbake: $set/dir.sbk is a directory where a blob should be, and not empty: see what is in it, and remove it"
says 3 "$text"$'\nsecbake: not everything could be cleaned\n0 removed, 0 bytes' cache gc -C c -P p
[[ $(<"$set/dir.sbk/file") = mine ]] || fail 'it is not there any more'
says 4 "secbake: dir: $set/dir.sbk is a directory, in whose place a file is to be written: see what is in it, and remove it" \
	refresh -q -C c -P p "${target[@]}" dir
rm -r "$set/dir.sbk"
says 0 '' refresh -q -C c -P p "${target[@]}"

step='which cache'
start web
chmod 777 "$set"
text="$hash can be written by group or others (mode 777); take that away with chmod go-w"
echo >>p/web.json
says 3 "secbake: web: in c: $text" refresh -q -C c -P p "${target[@]}"
says 3 "c: $text"$'\nsecbake: not everything could be cleaned\n0 removed, 0 bytes' cache gc -C c -P p
says 1 "c: $text"$'\n0 blobs: 0 ok, 0 not; 1 other fault' cache verify -C c
rm -r "$set"
: >"$set"
says 3 "c: $hash is not a directory (symbolic links are not followed here)
secbake: not everything could be cleaned
0 removed, 0 bytes" cache gc -C c -P p
says 3 "secbake: web: in c: $hash is not a directory (symbolic links are not followed here)" \
	refresh -q -C c -P p "${target[@]}"
rm "$set"
ln -s "$work/p" "$set"
says 1 "c: $hash is not a directory (symbolic links are not followed here)
0 blobs: 0 ok, 0 not; 1 other fault" cache verify -C c
ln -s web.json p/linked.json
says 3 'p: linked.json is a symbolic link, which is not followed here; put the file itself there' \
	refresh -q -C c -P p "${target[@]}" linked

step='a cache that cannot be made'
rm -r p/linked.json
says 4 'secbake: web: cannot make the directory /proc/nowhere for /proc/nowhere/x/y: No such file or directory' \
	refresh -q -C /proc/nowhere/x/y -P p "${target[@]}"
says 4 'secbake: web: cannot make the directory /proc/nowhere: No such file or directory' \
	refresh -q -C /proc/nowhere -P p "${target[@]}"

step='under a filter that does not know faccessat2(2)'
start web
mkdir outer
for answer in EPERM ENOSYS; do
	echo '{ "secbake": 1, "default": "allow", "rules": [{ "syscalls": "faccessat2", "action": "errno:'$answer'" }] }' >outer/o.json
	"$secbake" refresh -q -C outer-cache -P outer || fail 'no outer filter'
	rm -rf c
	said=$("$exec" -C outer-cache -P outer o -- "$secbake" refresh -q -C c -P p "${target[@]}" 2>&1) ||
		fail "$answer: refresh: $said"
	[[ -e $set/web.sbk ]] || fail "$answer: there is no blob"
	echo half >"$set/.web.sbk.0123456789abcdef.tmp"
	said=$("$exec" -C outer-cache -P outer o -- "$secbake" cache gc -C c -P p 2>&1)
	[[ $said = *'1 removed, 5 bytes' ]] || fail "$answer: gc: $said"
done

step='a feature set that nobody may change: the next root is written to'
start web
if chattr +i "$set" 2>/dev/null; then
	echo '{ "secbake": 1, "default": "errno:EPERM", "rules": [] }' >p/web.json
	said=$("$secbake" refresh -q -C c -C next -P p "${target[@]}" 2>&1) || fail "$said"
	chattr -i "$set"
	[[ -e next/${set#c/}/web.sbk ]] || fail 'there is no blob in the next root'
else
	echo "not tried, as chattr +i cannot be had here: $step"
fi

step='an image without policies'
start web
mkdir image
says 0 '0 policies: 0 reused, 0 compiled, 0 failed' refresh --root image "${target[@]}"
says 0 '' cache list --root image
says 0 '0 blobs: 0 ok, 0 not' cache verify --root image
says 0 '0 removed, 0 bytes' cache gc --root image
[[ -z $(ls image) ]] || fail "made: $(ls image)"
# What is named must be there, and so must the image.
says 4 $'secbake: image/./more is not there: No such file or directory\n0 policies: 0 reused, 0 compiled, 0 failed' \
	refresh --root image -P more "${target[@]}"
says 4 'secbake: image/./more is not there: No such file or directory' cache list --root image -C more
says 4 'secbake: there is no image in imgae: No such file or directory' refresh --root imgae "${target[@]}"
mkdir -p image/usr/lib/secbake/policies
cp p/web.json image/usr/lib/secbake/policies
says 0 $'web: compiled into image/./usr/lib/secbake/cache\n1 policy: 0 reused, 1 compiled, 0 failed' \
	refresh --root image "${target[@]}"
says 0 '1 policy: 1 reused, 0 compiled, 0 failed' refresh --root image "${target[@]}"
# And one that comes in a folder that was not there.
mkdir -p image/etc/secbake/policies
sed 's/ALLOW/LOG/' p/web.json >image/etc/secbake/policies/web.json
says 0 $'web: compiled into image/./usr/lib/secbake/cache\n1 policy: 0 reused, 1 compiled, 0 failed' \
	refresh --root image "${target[@]}"

exit $failed
