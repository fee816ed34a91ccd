#!/bin/bash
# SPDX-License-Identifier: MIT
#
# other-user.sh SECBAKE SECBAKE-EXEC WITNESS
#
# What another user (nobody) may do while root refreshes a cache and starts commands: hold
# locks on all that can be opened, try to fill, remove and replace what is there, and, where a
# directory is sticky, be there first. Root is never kept waiting for a lock of somebody else's and
# never misled: commands run under root's policy; in a sticky directory they may be refused
# with 125, naming what is in the way.
set -uo pipefail
umask 022
shopt -s nullglob dotglob

secbake=$(realpath "$1") exec=$(realpath "$2") witness=$(realpath "$3")
export ASAN_OPTIONS=detect_leaks=0
[[ $EUID = 0 ]] || { echo 'SKIPPED: needs root, who is to be kept from work by nobody'; exit 77; }
command -v setpriv >/dev/null || { echo 'SKIPPED: no setpriv to become nobody'; exit 77; }
command -v flock >/dev/null || { echo 'SKIPPED: no flock(1)'; exit 77; }
nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups)
work=$(mktemp -d) || exit 1
holder=
trap '[[ -z $holder ]] || kill "$holder"; rm -rf "$work"' EXIT
chmod 755 "$work"
mkdir "$work"/{bin,policies,cache,nobodys}
chown 65534:65534 "$work/nobodys"
cp "$exec" "$work/bin/secbake-exec"
cp "$secbake" "$work/bin/secbake"
cp "$witness" "$work/bin/witness"
hash=$("$secbake" features --hash)

failed=0
fail() {
	printf 'other-user: %s: %s\n' "$step" "$*" >&2
	failed=$((failed + 1))
}

policy() { # ERRNO
	echo "{ \"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": [
		{ \"names\": [\"getsid\"], \"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": $1 }] }" \
		>"$work/policies/web.json"
}

places=(-C "$work/cache" -P "$work/policies")
loader() { "$work/bin/secbake-exec" "${places[@]}" "$@" web -- "$work/bin/witness" 2>"$work/said"; }

runs() { # ERRNO [OPTION...]
	local errno=$1 got
	shift
	got=$(loader "$@") || fail "status $?: $(<"$work/said")"
	[[ $got = Seccomp:2\ *\ NoNewPrivs:1\ getsid:$errno ]] || fail "ran as: $got"
}

# refused WORD...: with 125, nothing ran, and the message has each word.
refused() {
	local got was
	got=$(loader -v)
	was=$?
	[[ $was = 125 && -z $got ]] || fail "status $was, ran as: $got"
	for word in "$@"; do
		grep -qF -- "$word" "$work/said" || fail "no '$word' in: $(<"$work/said")"
	done
}

step='to begin with'
policy 71
runs 71

# 1. nobody holds an exclusive lock on everything that nobody can open. The lock files it cannot.
step='locks held'
cat >"$work/bin/hold" <<'END'
#!/bin/bash
# hold DIR...: locks all below that can be opened, says how many, and waits.
shopt -s globstar nullglob dotglob
count=0
for path in "$@" "${@/%//**/*}"; do
	for file in $path; do
		exec {fd}<"$file" || continue
		flock -n -x "$fd" && count=$((count + 1))
	done
done 2>/dev/null
echo "$count"
exec sleep 600
END
chmod 755 "$work/bin/hold"
mkfifo "$work/count"
"${nobody[@]}" "$work/bin/hold" "$work/cache" "$work/policies" >"$work/count" &
holder=$!
read -r count <"$work/count"
[[ $count -ge 5 ]] || fail "only $count locks could be taken: this shows nothing"
"${nobody[@]}" test -x "$work/cache/.lock" && fail 'nobody may enter the directory of locks'
start=$SECONDS
runs 71 --no-compile
policy 72
runs 72
policy 73
"$secbake" refresh -q "${places[@]}" web || fail "refresh: status $?"
runs 73 --no-compile
# Each of these waits 30 seconds before it gives up; so this is no matter of being quick.
[[ $((SECONDS - start)) -lt 29 ]] || fail 'somebody waited for a lock'
kill "$holder"
wait "$holder" 2>/dev/null
holder=

# 2. nobody tries to fill, remove and replace; all of it fails, and nothing changes.
step='hands off'
before=$(find "$work/cache" "$work/policies" -printf '%p %i %m %u %s\n' | LC_ALL=C sort)
"${nobody[@]}" env WORK="$work" SET="$work/cache/$hash" bash -c '
	cp "$WORK/policies/web.json" "$WORK/nobodys/web.sbk"
	for dir in "$WORK/cache" "$SET" "$WORK/cache/.lock" "$WORK/policies"; do
		touch "$dir/new"; mkdir "$dir/dir"; ln -s /dev/null "$dir/link"; mkfifo "$dir/fifo"
		mv "$WORK/nobodys/web.sbk" "$dir/web.sbk"; mv "$dir" "$dir.away"; chmod 777 "$dir"
	done
	for file in "$SET/web.sbk" "$WORK/policies/web.json"; do
		rm -f "$file"; echo rubbish >"$file"; truncate -s 0 "$file"; chmod 666 "$file"
		ln "$file" "$WORK/nobodys/linked"; mv "$file" "$WORK/nobodys/moved"
	done' >/dev/null 2>&1
after=$(find "$work/cache" "$work/policies" -printf '%p %i %m %u %s\n' | LC_ALL=C sort)
[[ $before = "$after" ]] || fail "something changed: $(diff <(echo "$before") <(echo "$after"))"
runs 73 --no-compile

# 3. A sticky directory, as below /tmp, and nobody is there first.
sticky() { rm -rf "$work/cache" "$work/evil"; mkdir "$work/cache"; chmod 1777 "$work/cache"; }
"$secbake" compile -q -o "$work/nobodys/web.sbk" "$work/policies/web.json" 2>/dev/null ||
	"$secbake" compile -o "$work/nobodys/web.sbk" "$work/policies/web.json" || exit 1
chmod 644 "$work/nobodys/web.sbk"

step="the feature set's folder is somebody else's"
sticky
"${nobody[@]}" sh -c "mkdir $work/cache/$hash && cp $work/nobodys/web.sbk $work/cache/$hash"
refused "$hash belongs to user 65534"

step='the folder of locks is somebody else'"'"'s'
sticky
"${nobody[@]}" mkdir -m 777 "$work/cache/.lock"
refused '.lock' 65534

step='the folder of locks is a link'
sticky
"${nobody[@]}" ln -s "$work/nobodys" "$work/cache/.lock"
refused '.lock'

step="the feature set's folder is a link"
sticky
"${nobody[@]}" sh -c "mkdir -p $work/nobodys/set && cp $work/nobodys/web.sbk $work/nobodys/set"
"${nobody[@]}" ln -s "$work/nobodys/set" "$work/cache/$hash"
refused "$hash is not a directory"

step='the folder is a FIFO'
sticky
"${nobody[@]}" mkfifo "$work/cache/$hash"
refused "$hash is not a directory"

step='another feature set is somebody else'"'"'s'
sticky
other=0123456789abcdef0123456789abcdef
"${nobody[@]}" sh -c "mkdir $work/cache/$other && cp $work/nobodys/web.sbk $work/cache/$other"
refuses=$(loader -v --no-compile)
[[ $? = 125 && -z $refuses ]] || fail "ran as: $refuses"
grep -q "$other belongs to user 65534" "$work/said" || fail "$(<"$work/said")"
runs 73 # what root compiles beside it

step='root was there first'
sticky
runs 73
"${nobody[@]}" sh -c "rm -rf $work/cache/$hash $work/cache/.lock; mv $work/cache/$hash $work/cache/away
	mv $work/cache/.lock $work/cache/away; echo >$work/cache/$hash/web.sbk" 2>/dev/null
runs 73 --no-compile
policy 74
runs 74

exit $((failed > 0))
