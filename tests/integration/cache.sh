#!/bin/bash
# SPDX-License-Identifier: MIT
#
# cache.sh SECBAKE
#
# What cache list, verify and gc, and refresh, say of what they find, and whether that is
# mended by what they say.
set -uo pipefail
umask 022
shopt -s nullglob dotglob

secbake=$(realpath "$1")
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
	said+=${said:+$'\n'}$(<stdout)
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

exit $failed
