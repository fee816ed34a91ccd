#!/bin/bash
# SPDX-License-Identifier: MIT
#
# userns.sh SECBAKE SECBAKE-EXEC WITNESS
#
# The loader in user namespaces: whose files it may use, and whose not. An owner that the
# namespace does not map looks like nobody (65534), and so does a caller that it does not
# map: those two must not be taken for one another. The table of docs/security.md, line by line.
set -uo pipefail
umask 022

secbake=$(realpath "$1") exec=$(realpath "$2") witness=$(realpath "$3")
export ASAN_OPTIONS=detect_leaks=0
[[ $EUID = 0 ]] || { echo 'SKIPPED: needs root, to be several users'; exit 77; }
for tool in setpriv unshare; do
	command -v $tool >/dev/null || { echo "SKIPPED: no $tool"; exit 77; }
done
user() { local id=$1; shift; setpriv --reuid "$id" --regid "$id" --clear-groups "$@"; }
user 1000 unshare -U true 2>/dev/null || { echo 'SKIPPED: no user namespaces for users'; exit 77; }

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
mkdir "$work/bin"
cp "$exec" "$work/bin/secbake-exec"
cp "$secbake" "$work/bin/secbake"
cp "$witness" "$work/bin/witness"
# A tree for each of four owners: cache and policy, which denies getsid with an errno of its own.
owners=(root caller nobody third)
declare -A id=([root]=0 [caller]=1000 [nobody]=65534 [third]=4242) errno=([root]=61 [caller]=62 [nobody]=63 [third]=64)
for owner in "${owners[@]}"; do
	mkdir -p "$work/$owner/p"
	echo "{ \"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": [
		{ \"names\": [\"getsid\"], \"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": ${errno[$owner]} }] }" \
		>"$work/$owner/p/web.json"
	"$work/bin/secbake" refresh -q -C "$work/$owner/c" -P "$work/$owner/p" || exit 1
	chown -R "${id[$owner]}:${id[$owner]}" "$work/$owner"
done

failed=0 cases=0
# within STEP USABLE... -- COMMAND...: of the owners' trees, those may be used there, and no other.
within() {
	local step=$1 usable=' ' owner got was
	shift
	while [[ $1 != -- ]]; do usable+="$1 "; shift; done
	shift
	for owner in "${owners[@]}"; do
		got=$("$@" "$work/bin/secbake-exec" -v --no-compile -C "$work/$owner/c" -P "$work/$owner/p" \
			web -- "$work/bin/witness" 2>"$work/said")
		was=$?
		cases=$((cases + 1))
		if [[ $usable = *" $owner "* ]]; then
			[[ $was = 0 && $got = Seccomp:2\ *\ NoNewPrivs:1\ getsid:${errno[$owner]} ]] && continue
		else
			[[ $was = 125 && -z $got ]] && grep -q 'belongs to user' "$work/said" && continue
		fi
		printf 'userns: %s: a tree of %s: status %s, %s%s\n' "$step" "$owner" "$was" "$got" \
			"$(<"$work/said")" >&2
		failed=1
	done
}

within 'no namespace, root' root -- env
within 'no namespace, user' root caller -- user 1000
within 'no namespace, nobody' root nobody -- user 65534
within 'root as root (-r)' root -- unshare -r
within 'root, not mapped (-U)' -- unshare -U
within 'user as root (-r)' caller -- user 1000 unshare -r
within 'user, not mapped (-U)' -- user 1000 unshare -U
within 'user as itself' caller -- user 1000 unshare -U --map-user=1000
within 'user as nobody' -- user 1000 unshare -U --map-user=65534
within 'nobody as root (-r)' nobody -- user 65534 unshare -r
within 'nobody, not mapped (-U)' -- user 65534 unshare -U
within 'nobody as itself' -- user 65534 unshare -U --map-user=65534

# The system's directories belong to nobody where root is not mapped, and so do the compiler and "/".
step() { printf 'userns: %s: %s\n' "$1" "$(<"$work/said")" >&2; failed=1; }
user 1000 unshare -r "$work/bin/secbake-exec" -v no-such-policy true 2>"$work/said"
[[ $? = 125 ]] && grep -q 'the compiler may not be run: / belongs to user 65534' "$work/said" || step 'the compiler'
# And what such a namespace can have: a cache of its own, compiled by hand.
rm -rf "$work/caller/c"
user 1000 unshare -r "$work/bin/secbake" refresh -q -C "$work/caller/c" -P "$work/caller/p" web 2>"$work/said" ||
	step 'a refresh of its own'
within 'user as root, refreshed there' caller -- user 1000 unshare -r
# Privileges in the namespace are enough for what the kernel asks for.
got=$(user 1000 unshare -r "$work/bin/secbake-exec" --allow-new-privs --no-compile -C "$work/caller/c" \
	-P "$work/caller/p" web -- "$work/bin/witness" 2>"$work/said")
[[ $got = Seccomp:2\ *\ NoNewPrivs:0\ getsid:62 ]] || { echo "$got" >>"$work/said"; step '--allow-new-privs'; }
[[ $cases -ge 52 ]] || { echo "only $cases cases" >"$work/said"; step count; }
exit $failed
