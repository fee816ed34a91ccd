#!/bin/bash
# SPDX-License-Identifier: MIT
#
# crash.sh SECBAKE SECBAKE-EXEC FAULT TRY_CALL
#
# A refresh is killed before each of its system calls in turn, with the power lost (what
# was not synced is gone), and each call that opens, writes, syncs or renames fails in turn:
# from an empty cache, and from one whose blobs are stale. After each the loader must run
# the command under the filter of the policy that is there, or refuse with 125; and the
# next refresh must mend everything and leave no temporary file.
# SECBAKE_CRASH_ALL=1 tries each errno at each call (some minutes), and not one of them.
set -uo pipefail
umask 022
shopt -s nullglob dotglob

secbake=$(realpath "$1") exec=$(realpath "$2") fault=$(realpath "$3") try_call=$(realpath "$4")
export ASAN_OPTIONS=detect_leaks=0
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
mkdir "$work/policies" "$work/empty" "$work/stale"
places=(-C "$work/cache" -P "$work/policies")
hash=$("$secbake" features --hash)

failed=0
fail() {
	printf 'crash: %s: %s\n' "$step" "$*" >&2
	failed=$((failed + 1))
	[[ $failed -lt 10 ]] || exit 1
}

# Five policies: a batch of more than a few, so that syncs are shared.
names=(a b c d web)
policies() { # ERRNO
	for name in "${names[@]}"; do
		cat >"$work/policies/$name.json" <<-END
			{ "defaultAction": "SCMP_ACT_ALLOW",
			  "syscalls": [{ "names": ["getsid"], "action": "SCMP_ACT_ERRNO", "errnoRet": $1 }] }
		END
	done
}

start() { rm -rf "$work/cache"; cp -a "$work/$1" "$work/cache"; }

refresh=("$secbake" refresh -q "${places[@]}")

# What must hold after anything; STATE is what the cache held before.
check() {
	local got was temps
	got=$("$exec" "${places[@]}" --no-compile web -- "$try_call" 2>"$work/stderr")
	was=$?
	[[ $was = 125 && -z $got ]] || [[ $was = 0 && $got = 72 ]] ||
		fail "the loader: status $was, getsid '$got': $(cat "$work/stderr")"
	"${refresh[@]}" 2>"$work/stderr" || fail "the next refresh fails: $(cat "$work/stderr")"
	temps=("$work"/cache/.*.tmp "$work/cache/$hash"/.*.tmp)
	[[ ${#temps[@]} = 0 ]] || fail "temporary files: ${temps[*]}"
	for name in "${names[@]}"; do
		cmp -s "$work/good/$hash/$name.sbk" "$work/cache/$hash/$name.sbk" || fail "$name was not mended"
	done
}

policies 71
start empty
"${refresh[@]}" || exit 1
rm -rf "$work/stale"
cp -a "$work/cache" "$work/stale"
policies 72
start empty
"${refresh[@]}" || exit 1
cp -a "$work/cache" "$work/good"
got=$("$exec" "${places[@]}" --no-compile web -- "$try_call") || exit 1
[[ $got = 72 ]] || { echo "crash: without any fault getsid gives '$got'" >&2; exit 1; }

# Killed at each call.
kills=0
for state in empty stale; do
	for ((n = 1; ; n++)); do
		step="$state, killed before call $n"
		start $state
		"$fault" kill $n "$work/cache" "${refresh[@]}" >/dev/null 2>&1
		case $? in
		90) break ;;
		91) kills=$((kills + 1)) ;;
		77) echo 'SKIPPED: calls cannot be traced here'; exit 77 ;;
		99) fail 'a blob got its name before its content was synced' ;;
		*) fail 'was not killed' ;;
		esac
		check
	done
done
step=kills
[[ $kills -gt 300 ]] || fail "only $kills calls were there to be killed at"

# Each call that touches the disk fails.
errnos=(EIO ENOSPC EINTR EDQUOT EROFS)
injected=0
for call in openat write fsync syncfs renameat mkdirat fchmod; do
	for ((n = 1; ; n++)); do
		some=("${errnos[n % 5]}")
		[[ -n ${SECBAKE_CRASH_ALL:-} ]] && some=("${errnos[@]}")
		for errno in "${some[@]}"; do
			step="$call number $n fails with $errno"
			start stale
			[[ $call = mkdirat ]] && start empty
			"$fault" fail $call $n "$errno" "${refresh[@]}" >/dev/null 2>"$work/fault"
			was=$?
			[[ $was = 90 ]] && break 2
			[[ $was = 99 ]] && fail 'a blob got its name before its content was synced'
			[[ $was -lt 128 ]] || fail "it died of a signal: $was"
			injected=$((injected + 1))
			check
		done
	done
done
step=failures
[[ $injected -gt 80 ]] || fail "only $injected calls were there to fail"

# A disk that is full: 16 KiB hold some of it.
step='a full disk'
start empty
if mount -t tmpfs -o size=16k,mode=755 tmpfs "$work/cache" 2>/dev/null; then
	"${refresh[@]}" >/dev/null 2>"$work/full"
	was=$?
	[[ $was = 4 ]] || fail "a refresh onto a full disk has status $was"
	grep -q 'No space left' "$work/full" || fail "it does not say so: $(cat "$work/full")"
	got=$("$exec" "${places[@]}" --no-compile web -- "$try_call" 2>/dev/null)
	was=$?
	[[ $was = 125 || ($was = 0 && $got = 72) ]] || fail "the loader: status $was, getsid '$got'"
	temps=("$work/cache/$hash"/.*.tmp)
	[[ ${#temps[@]} = 0 ]] || fail "temporary files: ${temps[*]}"
	mount -o remount,size=4m "$work/cache"
	check
	umount "$work/cache"
else
	echo 'a full disk is not tried: nothing can be mounted here'
fi
echo "$kills kills, $injected failed calls"
exit $((failed > 0))
