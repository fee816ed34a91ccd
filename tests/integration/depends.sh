#!/bin/bash
# SPDX-License-Identifier: MIT
#
# depends.sh SECBAKE
#
# Depfiles, as make and ninja read them: what was read rebuilds when it changes, nothing else
# does, and that in folders whose names these tools would like to understand.
set -uo pipefail

secbake=$(realpath "$1")
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
failed=0
fail() {
	printf 'depends: %s: %s\n' "$step" "$*" >&2
	[[ -s $work/said ]] && sed 's/^/    /' "$work/said" >&2
	failed=1
}
tools=()
for tool in make ninja; do command -v $tool >/dev/null && tools+=($tool); done
[[ ${#tools[@]} -gt 0 ]] || { echo 'SKIPPED: neither make nor ninja'; exit 77; }

# The build files name nothing that is strange: what has to be quoted is in the depfile.
prepare() { # FOLDER
	mkdir -p "$1/parts" "$1/path"
	cat >"$1/web.json" <<-'END'
		{ "secbake": 1, "extends": ["@base", "parts/more.json"], "default": "errno:EPERM",
		  "rules": [{ "syscalls": ["@shipped"], "action": "allow" },
		            { "syscalls": "setuid", "args": { "uid": "user:root" }, "action": "allow" }] }
	END
	echo '{ "secbake": 1, "rules": [{ "syscalls": "read", "action": "allow" }] }' >"$1/path/base.json"
	echo '{ "secbake": 1, "rules": [{ "syscalls": "write", "action": "allow" }] }' >"$1/parts/more.json"
	echo '{ "secbake": 1, "groups": { "@shipped": ["close"] } }' >"$1/path/@groups.json"
	echo 'complain=no' >"$1/web.options"
	echo 'nobody reads this' >"$1/other.json"
	cat >"$1/compile" <<-END
		#!/bin/sh
		echo run >>runs
		exec "$secbake" compile -P "\$PWD/path" -MD -MF out.d -MT out.sbk -o out.sbk "\$PWD/web.json"
	END
	chmod 755 "$1/compile"
	printf 'out.sbk: web.json\n\t./compile\n-include out.d\n' >"$1/Makefile"
	printf 'rule compile\n  command = ./compile\n  depfile = out.d\nbuild out.sbk: compile web.json\n' >"$1/build.ninja"
}

runs() { wc -l <"$folder/runs"; }

build() { # TOOL
	(cd "$folder" && "$1" out.sbk) >"$work/said" 2>&1 || fail "$1 fails"
}

# TOOL FILE RUNS: after a change of FILE so many compiles.
changed() {
	local before
	before=$(runs)
	sleep 0.01
	touch -d '+1 hour' "$2"
	# make looks at times alone: an output that is older by an hour is made again, then is older still.
	build "$1"
	[[ $(($(runs) - before)) = "$3" ]] || fail "$1, after a change of ${2##*/}: $(($(runs) - before)) compiles, not $3"
	touch -d '-1 hour' "$2"
	build "$1" >/dev/null
}

names=(plain 'with space' 'a$b' 'a$$b' 'a#b' 'a:b' 'a%b' 'a\b' 'a\ b' 'a\\ b' 'a(b)' 'a=b' 'a~b' '~a' 'ä' 'trailing '
	' leading' 'a  b' 'a!b' 'a{b}' '{a}' 'a,b' 'a@b' '@a' 'a+b' '-a' '=a' 'a]b')
for tool in "${tools[@]}"; do
	for name in "${names[@]}"; do
		folder=$work/$tool/$name
		step="$tool, in \"$name\""
		prepare "$folder"
		: >"$folder/runs"
		build "$tool"
		[[ $(runs) = 1 ]] || fail "$(runs) compiles at first"
		build "$tool"
		build "$tool"
		[[ $(runs) = 1 ]] || { fail 'it is compiled again for nothing'; continue; }
		changed "$tool" "$folder/other.json" 0
		for file in web.json web.options parts/more.json path/base.json path/@groups.json; do
			changed "$tool" "$folder/$file" 1
		done
		# Removed: compiled without it, and then it is no longer asked for.
		[[ $tool = make && $name = *[%=]* ]] && continue # which no rule can be for
		before=$(runs)
		rm "$folder/web.options"
		build "$tool"
		[[ $(($(runs) - before)) = 1 ]] || fail "web.options is removed: $(($(runs) - before)) compiles"
		grep -q web.options "$folder/out.d" && [[ $tool = make ]] && fail 'and is still in the depfile'
	done
done

step='what is in it'
for file in web.json parts/more.json path/base.json path/@groups.json; do
	grep -q "/$file" "$work/${tools[0]}/plain/out.d" || fail "$file is not"
done
grep -q ' /etc/passwd' "$work/${tools[0]}/plain/out.d" || fail '/etc/passwd is not, and a user was looked up'
grep -q '/etc/group' "$work/${tools[0]}/plain/out.d" && fail '/etc/group is, and no group was looked up'
for char in $'\n' $'\t' $'\x7f' \; \| \' \" \& \< \> ^ \` \* \? [; do
	step="in a folder with ${char@Q} in its name"
	folder=$work/a${char}b
	prepare "$folder"
	(cd "$folder" && ./compile) >"$work/said" 2>&1 && fail 'which no depfile can have is taken'
	grep -q 'is read by both make and ninja' "$work/said" || fail 'it does not say why'
	[[ ! -e $folder/out.sbk ]] || fail 'and the blob is written all the same'
done
step='a file whose name make takes for a member of an archive'
echo '{ "secbake": 1, "default": "allow" }' >"$work/w(1)"
"$secbake" compile -MD -o "$work/w.sbk" "$work/w(1)" >"$work/said" 2>&1
[[ $? = 3 && ! -e $work/w.sbk ]] || fail 'is taken'
for target in 'a=b' 'a%b' '~a' "a'b"; do
	step="a target named $target"
	(cd "$work/${tools[0]}/plain" && "$secbake" compile -P path -MD -MF strange.d -MT "$target" -o strange.sbk web.json) >"$work/said" 2>&1
	[[ $? = 3 && ! -e $work/${tools[0]}/plain/strange.sbk ]] || fail 'is taken'
	grep -q 'a target without it with -MT' "$work/said" || fail 'it does not say what to do'
done

# Words that would make of a line of make's something else; all of one policy's sources have an =.
folder=$work/words
mkdir "$folder"
cd "$folder" || exit 1
for tool in "${tools[@]}"; do
	for name in '=a' '!=a' '+=a' '~a' 'a=b' private "$folder/a=b"; do
		step="$tool, a policy's file named $name"
		rm -rf "${folder:?}"/* "$folder"/.ninja*
		printf '{ "secbake": 1, "default": "kill-process" }' >"$name"
		printf '#!/bin/sh\necho run >>runs\nexec %q compile -MD -MF out.d -o out.sbk %q\n' "$secbake" "$name" >compile
		chmod 755 compile
		printf 'out.sbk:\n\t./compile\n-include out.d\n' >Makefile
		printf 'rule compile\n  command = ./compile\n  depfile = out.d\nbuild out.sbk: compile\n' >build.ninja
		: >runs
		build "$tool"
		build "$tool"
		[[ $(runs) = 1 ]] || fail "$(runs) compiles at first"
		changed "$tool" "$name" 1
	done
done

# What is read is not written over; and without its depfile there is no output.
folder=$work/over
prepare "$folder"
cp -r "$folder" "$work/before"
cd "$folder" || exit 1
refused() { # STATUS WORDS OPTION...
	local expected=$1 words=$2
	shift 2
	step="compile $*"
	"$secbake" compile -P path "$@" >"$work/said" 2>&1
	[[ $? = "$expected" ]] || fail "the status is not $expected"
	grep -qF -- "$words" "$work/said" || fail "it does not say: $words"
	diff -r "$work/before" . >>"$work/said" || fail 'something was written'
}
ln web.json linked.json
cp -al linked.json "$work/before"
refused 2 'web.json would be written over' -o web.json web.json
refused 2 'linked.json would be written over' -o linked.json web.json
refused 2 'parts/more.json would be written over' -o ./parts/more.json web.json
refused 2 'web.options would be written over' -o out.sbk -MD -MF web.options web.json
refused 2 'path/base.json would be written over' -o out.sbk -MD -MF path/base.json web.json
refused 2 'name the same file' -o out.sbk -MD -MF out.sbk web.json
refused 4 'nowhere/out.d' -o out.sbk -MD -MF nowhere/out.d web.json
refused 2 '0 to 0' --format raw --layer 3 -o out.bpf -MD web.json
refused 2 'are both named base' -d tree path/base.json parts/base.json
refused 2 'are both named a_b' -d tree 'a b.json' web.json a_b.json
exit $failed
