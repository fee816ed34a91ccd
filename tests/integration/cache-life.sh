#!/bin/bash
# SPDX-License-Identifier: MIT
#
# cache-life.sh SECBAKE SECBAKE-EXEC OLD_KERNEL TRY_CALL [user]
#
# A cache's life: from nothing, through edits, damage, another kernel and failing
# policies, and after each step: which filter was in force (the errno that the policy
# gives to getsid) and how often the compiler ran. With "user": as nobody, with the
# per-user cache. The compiler is counted by a script of its name beside a copy of the
# loader, which is where the loader looks for it.
set -uo pipefail
umask 022
shopt -s nullglob

secbake=$(realpath "$1") exec=$(realpath "$2") old_kernel=$(realpath "$3") try_call=$(realpath "$4")
user=${5:-}
readonly nobody=65534
export ASAN_OPTIONS=detect_leaks=0 # it cannot look for leaks in a traced process

if [[ $user = user && $EUID = 0 ]]; then
	command -v setpriv >/dev/null || { echo 'SKIPPED: no setpriv to become nobody'; exit 77; }
elif [[ $user = user ]]; then
	echo 'SKIPPED: already not root; cache-life without "user" did it'
	exit 77
fi

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
mkdir "$work"/{bin,tools,cache,high,low,log}
cp "$exec" "$work/bin/secbake-exec"
cp "$old_kernel" "$try_call" "$work/tools"
cp "$secbake" "$work/tools/secbake"
cat >"$work/bin/secbake" <<-END
	#!/bin/sh
	echo "\$*" >>$work/log/runs
	export ASAN_OPTIONS=detect_leaks=0
	exec $work/tools/secbake "\$@"
END
chmod 755 "$work/bin/secbake"
places=(-P "$work/high" -P "$work/low")
if [[ $user = user ]]; then
	chown -R $nobody:$nobody "$work"
	export XDG_CACHE_HOME=$work/cache
	as=(setpriv --reuid $nobody --regid $nobody --clear-groups)
	root=$work/cache/secbake
else
	as=()
	root=$work/cache
	places+=(-C "$root")
fi

failed=0
fail() {
	printf 'cache-life%s: %s: %s\n' "${user:+ ($user)}" "$step" "$*" >&2
	[[ -s $work/stderr ]] && sed 's/^/    /' "$work/stderr" >&2
	failed=1
}

runs() {
	if [[ -e $work/log/runs ]]; then wc -l <"$work/log/runs"; else echo 0; fi
}

# expect STEP STATUS OUTPUT COMPILES [WORD...]: words before the loader's name, then "--",
# then options of the loader and the command, which is try_call by default.
expect() {
	step=$1
	local status=$2 output=$3 compiles=$4 before after got words=() options=()
	shift 4
	while [[ $# -gt 0 && $1 != -- ]]; do words+=("$1"); shift; done
	[[ $# -gt 0 ]] && shift
	options=("$@")
	[[ ${#options[@]} -gt 0 ]] || options=(web -- "$work/tools/try_call")
	before=$(runs)
	got=$("${as[@]}" "${words[@]}" "$work/bin/secbake-exec" "${places[@]}" "${options[@]}" 2>"$work/stderr")
	local was=$?
	after=$(runs)
	[[ $was = "$status" ]] || fail "exit status $was, not $status"
	[[ $got = "$output" ]] || fail "getsid gave '$got', not '$output'"
	[[ $((after - before)) = "$compiles" ]] ||
		fail "the compiler ran $((after - before)) times, not $compiles"
}

# policy FILE ERRNO [MORE]: the rule about times makes the blob ask the kernel for LOG.
policy() {
	cat >"$1" <<-END
		{
		  "defaultAction": "SCMP_ACT_ALLOW",
		  "syscalls": [
		    ${3:-}
		    { "names": ["getsid"], "action": "SCMP_ACT_ERRNO", "errnoRet": $2 },
		    { "names": ["times"], "action": "SCMP_ACT_LOG" }
		  ]
		}
	END
}

blob() { # the only blob, in the directory of the kernel that is really there
	local hash
	hash=$("$work/tools/secbake" features --hash)
	printf '%s/%s/web.sbk' "$root" "$hash"
}

low=$work/low/web.json high=$work/high/web.json

expect 'no policy at all' 125 '' 1
policy "$low" 71
expect 'from nothing' 0 71 1
expect 'again' 0 71 0
cp "$(blob)" "$work/kept"
touch "$low"
expect 'touched, not changed' 0 71 0
policy "$low" 72
expect 'edited' 0 72 1
expect 'edited, again' 0 72 0
echo >>"$low"
expect 'white space' 0 72 1
expect 'white space, again' 0 72 0

# Damage: never run, never trusted.
b=$(blob)
[[ -f $b ]] || { step=blob; fail "no $b"; }
size=$(stat -c %s "$b")
for at in 0 9 40 100 260 $((size / 2)) $((size - 1)); do
	byte=$(od -An -tu1 -j "$at" -N1 "$b")
	# shellcheck disable=SC2059 # the format is the byte
	printf "\\x$(printf %x $((byte ^ 0x41)))" | dd of="$b" bs=1 seek="$at" conv=notrunc status=none
	expect "byte $at changed" 0 72 1
done
truncate -s $((size / 2)) "$b"
expect 'cut in half' 0 72 1
: >"$b"
expect 'empty' 0 72 1
head -c "$size" /dev/urandom >"$b"
expect 'rubbish' 0 72 1
cp "$work/kept" "$b"
expect "an older policy's blob" 0 72 1
rm "$b"
expect 'removed' 0 72 1
chmod 666 "$b"
expect 'writable by anybody' 0 72 1
rm "$b"
ln -s "$work/kept" "$b"
expect 'a link in its place' 0 72 1
expect 'after all that' 0 72 0

# Another kernel: another feature set, side by side.
"$old_kernel" true >/dev/null 2>&1
if [[ $? = 0 ]]; then
	expect 'an older kernel' 0 72 1 "$work/tools/old_kernel" --
	expect 'an older kernel, again' 0 72 0 "$work/tools/old_kernel" --
	expect 'back on the newer one' 0 72 0
	sets=("$root"/*/web.sbk)
	step='two feature sets'
	[[ ${#sets[@]} = 2 ]] || fail "${#sets[@]} blobs, not 2: ${sets[*]}"
	cmp -s "${sets[0]}" "${sets[1]}" && fail 'both are the same, but the old kernel has no LOG'
	# Nothing that differs was asked: the newer kernel's blob is used where it lies.
	plain=$work/low/plain.json
	echo '{ "defaultAction": "SCMP_ACT_ALLOW", "flags": [], "syscalls": [
		{ "names": ["getsid"], "action": "SCMP_ACT_ERRNO", "errnoRet": 70 } ] }' >"$plain"
	command=(plain -- "$work/tools/try_call")
	expect 'nothing asked' 0 70 1 -- "${command[@]}"
	expect 'nothing asked, older kernel' 0 70 0 "$work/tools/old_kernel" -- "${command[@]}"
	expect 'nothing asked, no compiling' 0 70 0 "$work/tools/old_kernel" -- --no-compile "${command[@]}"
	sets=("$root"/*/plain.sbk)
	step='in place'
	[[ ${#sets[@]} = 1 ]] || fail "${#sets[@]} blobs, not 1: ${sets[*]}"
	sed -i 's/70/69/' "$plain"
	expect 'edited, older kernel' 0 69 1 "$work/tools/old_kernel" -- "${command[@]}"
	expect 'edited, newer kernel uses it' 0 69 0 -- "${command[@]}"
	rm "$plain"
	policy "$low" 73
	expect 'edited, on the newer kernel' 0 73 1
	expect 'edited, on the older kernel' 0 73 1 "$work/tools/old_kernel" --
	expect 'both are up to date: newer' 0 73 0
	expect 'both are up to date: older' 0 73 0 "$work/tools/old_kernel" --
else
	echo 'an older kernel is not tried: tracing is not to be had here'
	policy "$low" 73
	expect 'edited' 0 73 1
fi

# Which policy counts.
policy "$high" 74
expect 'a policy of higher rank' 0 74 1
expect 'a policy of higher rank, again' 0 74 0
rm "$high"
expect 'and gone' 0 73 1
more='{ "names": ["getsid"], "action": "SCMP_ACT_ERRNO", "errnoRet": 75,
	"includes": { "caps": ["CAP_SYS_ADMIN"] } },'
policy "$low" 76 "$more"
expect 'a rule for a capability' 0 76 1
echo cap=CAP_SYS_ADMIN >"$work/low/web.options"
expect 'options appear' 0 75 1
expect 'options, again' 0 75 0
echo cap=CAP_CHOWN >"$work/low/web.options"
expect 'options change' 0 76 1
rm "$work/low/web.options"
expect 'options vanish' 0 76 1
expect 'options vanished, again' 0 76 0

# A policy that fails: nothing runs, and what was there stays.
cp "$(blob)" "$work/kept"
cp "$low" "$work/policy"
sed -i 's/SCMP_ACT_ALLOW/SCMP_ACT_ALOW/' "$low"
expect 'a broken policy' 125 '' 1
grep -q 'web.json:2: /defaultAction' "$work/stderr" || fail 'the message does not say where'
cmp -s "$(blob)" "$work/kept" || fail 'the old blob was touched'
expect 'a broken policy, no compiling' 125 '' 0 -- --no-compile web -- "$work/tools/try_call"
cp "$work/policy" "$low"
expect 'mended' 0 76 0
step='what a failure leaves'
left=$(find "$root" -name '*.tmp')
[[ -z $left ]] || fail "temporary files: $left"

# Without the compiler.
rm "$(blob)"
expect 'no compiling wanted' 125 '' 0 -- --no-compile web -- "$work/tools/try_call"
mv "$work/bin/secbake" "$work/bin/away"
if [[ ! -e /usr/local/bin/secbake && ! -e /usr/bin/secbake ]]; then
	expect 'no compiler' 125 '' 0
fi
mv "$work/bin/away" "$work/bin/secbake"
chmod 777 "$work/bin/secbake"
expect 'a compiler that anybody could have written' 125 '' 0
chmod 755 "$work/bin/secbake"
expect 'a compiler again' 0 76 1

# Several at once, from nothing: each under the filter.
rm -f "$(blob)"
step='several at once'
for i in 1 2 3 4; do
	"${as[@]}" "$work/bin/secbake-exec" "${places[@]}" web -- "$work/tools/try_call" \
		>"$work/log/out$i" 2>"$work/log/err$i" &
done
wait
for i in 1 2 3 4; do
	[[ $(cat "$work/log/out$i") = 76 ]] || fail "number $i: $(cat "$work/log/out$i" "$work/log/err$i")"
done
expect 'after several at once' 0 76 0

# Exit statuses.
printf '#!/bin/sh\nexit 7\n' >"$work/tools/seven"
printf 'no program' >"$work/tools/data"
chmod 755 "$work/tools/seven"
chmod 644 "$work/tools/data"
expect "the command's own status" 7 '' 0 -- web -- "$work/tools/seven"
expect 'no such command' 127 '' 0 -- web -- "$work/tools/missing"
expect 'not executable' 126 '' 0 -- web -- "$work/tools/data"
expect 'no such policy' 125 '' 1 -- other -- "$work/tools/try_call"
expect 'a name that leads elsewhere' 125 '' 0 -- ../web -- "$work/tools/try_call"
expect 'no command' 125 '' 0 -- web
exit "$failed"
