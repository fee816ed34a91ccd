#!/bin/bash
# SPDX-License-Identifier: MIT
#
# crash-write.sh SECBAKE SECBAKE-EXEC FAULT TRY_CALL
#
# crash.sh is about a refresh of many policies. Here: one policy compiled and stored (refresh
# of its name), into a file (compile -o) and into a tree (compile -d). Each is killed before
# each of its system calls with the power lost; each of its calls, of whatever kind, fails
# once; each write is cut short; and the file system is full, out of inodes or read-only.
# After each the loader runs the command under the filter of the policy that is there or
# refuses with 125, what is there under a blob's name is whole, and the same again mends it
# and leaves no temporary file.
set -uo pipefail
umask 022
shopt -s nullglob dotglob

secbake=$(realpath "$1") exec=$(realpath "$2") fault=$(realpath "$3") try_call=$(realpath "$4")
export ASAN_OPTIONS=detect_leaks=0
work=$(mktemp -d) || exit 1
trap 'umount "$work/out" 2>/dev/null; rm -rf "$work"' EXIT
chmod 755 "$work"
mkdir "$work"/{policies,empty,out}
hash=$("$secbake" features --hash)
"$secbake" features >"$work/features" # not asked for each time: a kernel that errs there is another
policy=$work/policies/web.json
failed=0
fail() {
	printf 'crash-write: %s: %s\n' "$step" "$*" >&2
	failed=$((failed + 1))
	[[ $failed -lt 10 ]] || exit 1
}

write_policy() { # ERRNO
	cat >"$policy" <<-END
		{ "defaultAction": "SCMP_ACT_ALLOW",
		  "syscalls": [{ "names": ["getsid"], "action": "SCMP_ACT_ERRNO", "errnoRet": $1 }] }
	END
}

# What each writes, where its blob is then, and how the loader finds it.
declare -A command=(
	[refresh]="refresh -q -C $work/out -P $work/policies web"
	[file]="compile -o $work/out/web.sbk -MD --features $work/features $policy"
	[tree]="compile -d $work/out -P $work/policies $policy"
)
declare -A blob=([refresh]=$hash/web.sbk [file]=web.sbk [tree]=$hash/web.sbk)
declare -A finds=(
	[refresh]="-C $work/out -P $work/policies"
	[file]="--blob $work/out/web.sbk -P $work/policies"
	[tree]="-C $work/out -P $work/policies"
)

start() { # WAY STATE: out is as before
	find "$work/out" -mindepth 1 -delete
	[[ $2 = empty ]] || cp -a "$work/$2-$1/." "$work/out"
}

temps() { find "$work/out" -name '.*.tmp' | wc -l; }

# WAY [TEMPORARY-FILES]: at most so many may be left.
check() {
	local got was there=$work/out/${blob[$1]} left
	got=$("$exec" ${finds[$1]} --no-compile web -- "$try_call" 2>"$work/stderr")
	was=$?
	[[ $was = 125 && -z $got ]] || [[ $was = 0 && $got = 72 ]] ||
		fail "the loader: status $was, getsid '$got': $(cat "$work/stderr")"
	[[ ! -e $there ]] || cmp -s "$there" "$work/old-$1/${blob[$1]}" || cmp -s "$there" "$work/new-$1/${blob[$1]}" ||
		fail "what is at $there is neither the old blob nor the new one"
	left=$(temps)
	[[ $left -le ${2:-0} ]] || fail "$left temporary files are left"
	"$secbake" ${command[$1]} 2>"$work/stderr" || fail "the same again fails: $(cat "$work/stderr")"
	cmp -s "$there" "$work/new-$1/${blob[$1]}" || fail 'the same again does not mend it'
	[[ $(temps) = 0 ]] || fail 'a temporary file stays after the same again'
	swept=$((swept + left))
}

for errno in 71 72; do
	write_policy $errno
	for way in refresh file tree; do
		step="making $way"
		state=old
		[[ $errno = 71 ]] || state=new
		start $way empty
		"$secbake" ${command[$way]} || exit 1
		cp -a "$work/out" "$work/$state-$way"
	done
done

kills=0 failures=0 cuts=0 swept=0
errnos=(EIO ENOSPC EINTR EDQUOT EROFS)
for way in refresh file tree; do
	for state in empty old; do
		for ((n = 1; ; n++)); do
			step="$way, $state, killed before call $n"
			start $way $state
			"$fault" kill $n "$work/out" "$secbake" ${command[$way]} >/dev/null 2>&1
			case $? in
			90) break ;;
			91) kills=$((kills + 1)) ;;
			77) echo 'SKIPPED: calls cannot be traced here'; exit 77 ;;
			99) fail 'a blob got its name before its content was synced' ;;
			*) fail 'was not killed' ;;
			esac
			check $way 1
		done
	done
	for ((n = 1; ; n++)); do
		errno=${errnos[n % 5]}
		step="$way, call $n fails with $errno"
		start $way old
		"$fault" fail any $n $errno "$secbake" ${command[$way]} >/dev/null 2>"$work/fault"
		was=$?
		[[ $was = 90 ]] && break
		[[ $was = 99 ]] && fail 'a blob got its name before its content was synced'
		[[ $was = 77 ]] && { echo 'SKIPPED: calls cannot be traced here'; exit 77; }
		failures=$((failures + 1))
		# unlinkat(2) may have been the one, or one without which no program runs: then it is left.
		check $way 1
		[[ $was != 0 || -e $work/out/${blob[$way]} ]] || fail 'it says that it was done'
	done
	for ((n = 1; ; n++)); do
		step="$way, write $n is cut short"
		start $way old
		"$fault" short $n "$secbake" ${command[$way]} >/dev/null 2>"$work/fault"
		was=$?
		[[ $was = 90 ]] && break
		[[ $was = 0 ]] || fail "it gives up: status $was: $(cat "$work/fault")"
		cmp -s "$work/out/${blob[$way]}" "$work/new-$way/${blob[$way]}" || fail 'the blob is not whole'
		cuts=$((cuts + 1))
	done
done
step='all of it'
[[ $kills -gt 400 && $failures -gt 250 && $cuts -ge 3 && $swept -gt 30 ]] ||
	fail "only $kills kills, $failures failures, $cuts cuts, $swept leavings"

# ---- real file systems that take no more ----

# WAY OPTIONS... : a tmpfs of these options with the old blob on it, if it fits.
full=0
on_tmpfs() {
	local way=$1 was
	shift
	find "$work/out" -mindepth 1 -delete
	mount -t tmpfs -o "mode=755,$1" tmpfs "$work/out" 2>/dev/null || return 1
	[[ $2 = empty ]] || cp -a "$work/old-$way/." "$work/out" 2>/dev/null
	[[ -z ${3:-} ]] || mount -o "remount,$3" "$work/out"
	"$secbake" ${command[$way]} >/dev/null 2>"$work/full"
	was=$?
	[[ $was = 0 || $was = 4 ]] || fail "status $was: $(cat "$work/full")"
	if [[ $was = 4 ]]; then
		full=$((full + 1))
		grep -qE 'No space left|Read-only file system' "$work/full" || fail "it does not say why: $(cat "$work/full")"
	fi
	# The loader, which compiles where it can: runs the right filter or nothing.
	got=$("$exec" ${finds[$way]} web -- "$try_call" 2>/dev/null)
	was=$?
	[[ $was = 125 && -z $got ]] || [[ $was = 0 && $got = 72 ]] || fail "the loader: status $was, getsid '$got'"
	mount -o remount,rw,size=4m,nr_inodes=1000 "$work/out"
	# What is there of an old tree that did not fit as a whole is not this test's.
	[[ -e $work/out/${blob[$way]} && $2 != empty ]] && ! cmp -s "$work/out/${blob[$way]}" "$work/old-$way/${blob[$way]}" &&
		! cmp -s "$work/out/${blob[$way]}" "$work/new-$way/${blob[$way]}" && rm -f "$work/out/${blob[$way]}"
	check $way
	umount "$work/out"
}

step='a small tmpfs'
if on_tmpfs refresh size=4m empty; then
	for way in refresh file tree; do
		for state in empty old; do
			for pages in 1 2 3 4 5; do
				step="$way, $state, $((pages * 4)) KiB"
				on_tmpfs $way size=$((pages * 4))k $state
			done
			for inodes in 2 3 4 5 6 7 8; do
				step="$way, $state, $inodes inodes"
				on_tmpfs $way size=4m,nr_inodes=$inodes $state
			done
			step="$way, $state, read-only"
			on_tmpfs $way size=4m $state ro
		done
	done
	step='small file systems'
	[[ $full -gt 20 ]] || fail "only $full of them were too small"
else
	echo 'full and read-only file systems are not tried: nothing can be mounted here'
fi
echo "$kills kills ($swept temporary files left and removed), $failures failed calls, $cuts writes cut short, $full file systems that took no more"
exit $((failed > 0))
