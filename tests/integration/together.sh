#!/bin/bash
# SPDX-License-Identifier: MIT
#
# together.sh SECBAKE SECBAKE-EXEC WITNESS LOADERS
#
# Many at once: LOADERS loaders on an empty cache, for one compile; refresh against refresh;
# and loaders and refreshes while policies are replaced under them. Each command says itself
# what filter it is under, and each compile is counted by what `secbake refresh` reports.
# No verdict depends on time: what a command may be under is bounded by counters that the
# editor keeps, one before and one after each edit.
set -uo pipefail
umask 022
shopt -s nullglob dotglob

secbake=$(realpath "$1") exec=$(realpath "$2") witness=$(realpath "$3") loaders=$4
export ASAN_OPTIONS=detect_leaks=0
work=$(mktemp -d) || exit 1
work=$(realpath "$work")
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
mkdir "$work"/{bin,tools,cache,policies,log,out}
cp "$exec" "$work/bin/secbake-exec"
cp "$secbake" "$work/tools/secbake"
cp "$witness" "$work/tools/witness"
# What a loader runs: the compiler, saying what it did to a file of its own.
cat >"$work/bin/secbake" <<-END
	#!/bin/sh
	export ASAN_OPTIONS=detect_leaks=0
	[ "\$1 \$2" = 'refresh --quiet' ] || exit 9
	shift 2
	exec $work/tools/secbake refresh --json "\$@" >$work/log/\$\$.json
END
chmod 755 "$work/bin/secbake"
places=(-C "$work/cache" -P "$work/policies")
hash=$("$secbake" features --hash)
here=$("$work/tools/witness") || exit 1
before=${here#*Seccomp_filters:}
before=${before%% *}
one=-
[[ $before = - ]] || one=$((before + 1))

failed=0
fail() {
	printf 'together: %s: %s\n' "$step" "$*" >&2
	failed=$((failed + 1))
	[[ $failed -lt 10 ]] || exit 1
}

# What the witness says under the filter that denies getsid with ERRNO.
under() { printf 'Seccomp:2 Seccomp_filters:%s NoNewPrivs:1 getsid:%s' "$one" "$1"; }

put() { # FILE TEXT: never seen half-written
	printf '%s\n' "$2" >"$1.new"
	mv "$1.new" "$1"
}

policy() { # NAME ERRNO
	put "$work/policies/$1.json" "{ \"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": [
		{ \"names\": [\"getsid\"], \"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": $2 }] }"
}

compiled() { # how many compiles the reports tell of
	cat "$work"/log/*.json /dev/null | grep -c '"outcome": "compiled"'
}

no_leftovers() {
	local temps=("$work"/cache/.*.tmp "$work/cache/$hash"/.*.tmp)

	[[ ${#temps[@]} = 0 ]] || fail "temporary files: ${temps[*]}"
}

start() { rm -rf "$work"/cache "$work"/log/* "$work"/out/*; mkdir "$work/cache"; }

loader() { # NAME [OPTION...]
	local name=$1
	shift
	"$work/bin/secbake-exec" "${places[@]}" "$@" "$name" -- "$work/tools/witness"
}

# 1. All at once, from nothing.
policy web 71
for round in 1 2; do
	step="$loaders loaders at once, round $round"
	start
	for ((i = 0; i < loaders; i++)); do
		loader web >"$work/out/$i" 2>"$work/out/$i.err" || echo "status $?" >>"$work/out/$i" &
	done
	wait
	for ((i = 0; i < loaders; i++)); do
		[[ $(<"$work/out/$i") = "$(under 71)" ]] ||
			fail "number $i: $(<"$work/out/$i") $(<"$work/out/$i.err")"
	done
	[[ $(compiled) = 1 ]] || fail "$(compiled) compiles, not 1"
	no_leftovers
done

# 2. Refreshes of all at once, from nothing and again when all are stale: each policy is compiled
# once, whoever does it, and the bytes are those of one refresh alone.
names=()
for ((i = 0; i < 24; i++)); do names+=("p$i"); done
for errno in 72 73; do
	step="refreshes at once, errno $errno"
	[[ $errno = 73 ]] || start
	rm -f "$work"/log/*
	for name in "${names[@]}"; do policy "$name" "$errno"; done
	for ((i = 0; i < 8; i++)); do
		"$secbake" refresh --json -j 2 "${places[@]}" "${names[@]}" >"$work/log/$i.json" 2>"$work/out/$i.err" ||
			echo "status $?" >>"$work/out/$i.err" &
	done
	wait
	for ((i = 0; i < 8; i++)); do
		[[ ! -s $work/out/$i.err ]] || fail "number $i: $(<"$work/out/$i.err")"
	done
	[[ $(compiled) = "${#names[@]}" ]] || fail "$(compiled) compiles of ${#names[@]} policies"
	no_leftovers
	"$secbake" refresh -q -C "$work/alone-$errno" -P "$work/policies" "${names[@]}" || fail 'one alone fails'
	for name in "${names[@]}"; do
		cmp -s "$work/alone-$errno/$hash/$name.sbk" "$work/cache/$hash/$name.sbk" || fail "$name differs"
	done
done
rm -f "$work"/policies/p*

# 3. Policies that are replaced while refreshes run and loaders start. Version N denies getsid with
# errno N; "begun" is written before and "done" after the policy has it, so a command
# that was started after "done" said A and has ended before "begun" said B is under one of A to B.
# web is edited itself, app by the base that it extends.
readonly first=100 edits=40
put "$work/policies/app.json" '{"secbake": 1, "extends": ["base.json"], "rules": []}'
version() {
	put "$work/begun" "$1"
	policy web "$1"
	put "$work/policies/base.json" "{\"secbake\": 1, \"default\": \"allow\",
		\"rules\": [{\"syscalls\": [\"getsid\"], \"action\": \"errno:$1\"}]}"
	put "$work/done" "$1"
}

editor() {
	for ((n = first + 1; n <= first + edits; n++)); do
		version $n
		sleep 0.05
	done
	: >"$work/over"
}

# One does all the work each time; the other believes the index, if that still holds.
refresher() { # NUMBER OPTION...
	local number=$1
	shift
	until [[ -e $work/over ]]; do
		"$secbake" refresh -q "$@" "${places[@]}" || echo "status $?"
	done >"$work/out/refresh$number" 2>&1
}

starter() { # NUMBER NAME
	local low high said
	until [[ -e $work/over ]]; do
		low=$(<"$work/done")
		said=$(loader "$2" 2>"$work/out/$1.err")
		local was=$?
		high=$(<"$work/begun")
		if [[ $was = 125 && -z $said ]]; then
			echo refused
			continue
		fi
		local errno=${said##*getsid:}
		if [[ $was != 0 || ! $errno =~ ^[0-9]+$ || $said != "$(under "$errno")" ]]; then
			echo "bad: status $was, $said $(<"$work/out/$1.err")"
		elif ((errno < low || errno > high)); then
			echo "stale: $errno, and the policy was $low to $high"
		else
			echo ran
		fi
	done >"$work/out/starter$1"
}

step='policies replaced meanwhile'
start
version $first
editor &
refresher 1 -j 2 &
refresher 2 --quick -j 2 &
for i in 1 2 3; do starter "$i" web & starter "$((i + 3))" app & done
wait
ran=0 refused=0
for i in 1 2 3 4 5 6; do
	wrong=$(grep -E '^(bad|stale)' "$work/out/starter$i") && fail "$wrong"
	ran=$((ran + $(grep -c '^ran$' "$work/out/starter$i")))
	refused=$((refused + $(grep -c '^refused$' "$work/out/starter$i")))
done
[[ $ran -gt 0 ]] || fail 'no command ran at all'
for i in 1 2; do
	[[ ! -s $work/out/refresh$i ]] || fail "a refresh failed: $(head -n 3 "$work/out/refresh$i")"
done

step='one refresh after all that'
"$secbake" refresh -q --quick "${places[@]}" 2>"$work/out/err" || fail "$(<"$work/out/err")"
for name in web app; do
	said=$(loader $name --no-compile 2>&1)
	[[ $said = "$(under $((first + edits)))" ]] || fail "$name: $said"
done
no_leftovers
echo "$loaders loaders at once; $ran commands ran and $refused were refused during $edits edits"
exit $((failed > 0))
