#!/bin/bash
# SPDX-License-Identifier: MIT
#
# layout.sh SOURCE-DIR BUILD-DIR CC NM KIND LOAD-SOURCE...
#
# The architecture's rules, held against includes, objects and the loader's ELF.
# KIND: musl or static, how the loader was built. LOAD-SOURCE...: what the loader shares.
# Not for builds with sanitizers, which have symbols, data and exports of their own.
set -uo pipefail
shopt -s nullglob

source=$1 build=$2 cc=$3 nm=$4 kind=$5
shift 5
load_sources=("$@")
cd "$source" || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
failed=0
checks=0

rule() {
	name=$1
	checks=$((checks + 1))
}

fail() {
	printf 'layout: %s: %s\n' "$name" "$*" >&2
	failed=1
}

# including HEADER-PATTERN FILE...: those of the files that include it.
including() {
	local pattern=$1
	shift
	[[ $# -gt 0 ]] || { fail 'no files to look at'; return; }
	grep -lE "^[[:space:]]*#[[:space:]]*include[[:space:]]*[<\"]($pattern)[>\"]" "$@" || true
}

# headers FILE: all of this project's that it comes to include.
headers() {
	"$cc" -std=gnu17 -D_GNU_SOURCE -I"$source/include" -I"$source" -MM -MG "$1" |
		tr -d '\\' | tr ' ' '\n' | grep '\.h$' | sed "s|^$source/||" | sort -u
}

# undefined OBJECT-OR-LIBRARY...: names that it wants from elsewhere.
undefined() {
	"$nm" -u "$@" 2>/dev/null | awk '$1 == "U" { print $2 }' | sort -u
}

code=({compiler,check,import,cache,loader,cli}/*.[ch] include/secbake/*.h)
loader=(loader/*.[ch])
[[ ${#load_sources[@]} -ge 5 && ${#loader[@]} -ge 3 ]] ||
	{ rule 'sources'; fail 'the loader or what it shares was not found'; }

rule 'only compiler/read* includes jansson'
for file in $(including 'jansson\.h' "${code[@]}"); do
	[[ $file = compiler/read* ]] || fail "$file includes jansson"
done

rule 'one file of compiler/ includes <seccomp.h>, none elsewhere'
files=$(including 'seccomp\.h' "${code[@]}")
[[ $(wc -w <<<"$files") = 1 && $files = compiler/* ]] || fail "these do: ${files//$'\n'/ }"

rule 'the loader includes its own and what it shares'
for file in loader/*.c "${load_sources[@]}"; do
	for header in $(headers "$file"); do
		case $header in
		loader/* | cache/* | include/secbake/*) ;;
		*) fail "$file comes to include $header" ;;
		esac
	done
	[[ -z $(including 'jansson\.h|seccomp\.h|stdio\.h|malloc\.h' "$file") ]] ||
		fail "$file includes what the loader has no use for"
done

rule 'the cache does not know the compiler but by its public header, nor the loader at all'
for file in cache/*.[ch]; do
	[[ -z $(including '(compiler|loader|cli)/.*' "$file") ]] || fail "$file looks up"
done

rule 'the compiler does not know importers, loader and command'
for file in compiler/*.[ch]; do
	[[ -z $(including '(import|loader|cli)/.*' "$file") ]] || fail "$file looks up"
done

rule 'importers read and report with the parts of the compiler, and compile nothing'
for file in import/*.[ch]; do
	[[ -z $(including '(cache|loader|cli)/.*|compiler/(resolve|decide|tree|emit|generate|prove|graph|search|args|compile|front).*' "$file") ]] ||
		fail "$file looks elsewhere"
done

rule 'checks know the compiler, the compiler no checks but their list, by the public header'
for file in check/*.[ch]; do
	[[ -z $(including '(loader|cli)/.*' "$file") ]] || fail "$file looks up"
done
for file in {compiler,cache,loader}/*.[ch]; do
	[[ -z $(including 'check/.*' "$file") ]] || fail "$file looks up"
	[[ $file = compiler/read_native_accept.c || -z $(including 'secbake/check\.h' "$file") ]] ||
		fail "$file looks up"
done

rule 'the command uses public headers'
for file in cli/*.[ch]; do
	[[ -z $(including '(compiler|check|import|loader|cache)/.*' "$file") ]] || fail "$file looks inside"
done

generator='decide graph search args tree emit generate'
rule 'the proof includes nothing of the generator'
for file in compiler/prove*.[ch]; do
	for header in $(headers "$file"); do
		for part in $generator; do
			[[ $header != compiler/$part.h ]] || fail "$file comes to include $header"
		done
	done
done

rule 'the proof calls nothing of the generator'
objects=$build/compiler/CMakeFiles/secbake_objects.dir
prove=("$objects"/prove*.c.o)
parts=()
for part in $generator; do parts+=("$objects/$part.c.o"); done
[[ ${#prove[@]} -ge 1 ]] || fail "no objects in $objects"
for object in "${prove[@]}" "${parts[@]}"; do [[ -e $object ]] || fail "$object is missing"; done
"$nm" --defined-only -g "${parts[@]}" | awk 'NF == 3 { print $3 }' | sort -u >"$work/generator"
undefined "${prove[@]}" >"$work/wanted"
shared=$(comm -12 "$work/generator" "$work/wanted")
[[ -s $work/generator && -s $work/wanted ]] || fail 'no symbols to compare'
[[ -z $shared ]] || fail "it calls ${shared//$'\n'/ }"

rule 'the plain evaluator of the tests shares no code'
wanted=$(undefined "$build"/tests/CMakeFiles/test_support.dir/lib/evaluate.c.o)
[[ -n $wanted ]] || fail 'its object was not found'
[[ -z $(grep -E '^(sb|secbake)_' <<<"$wanted") ]] || fail "it calls ${wanted//$'\n'/ }"

# With and without the checks that _FORTIFY_SOURCE puts before them.
rule 'libraries never print and never exit'
for library in "$build"/lib/libsecbake.a "$build"/lib/libsecbake-load.a; do
	[[ -e $library ]] || fail "$library is missing"
	found=$(undefined "$library" |
		grep -xE '(__)?v?printf(_chk)?|puts|putchar|perror|psignal|std(in|out|err)|_?exit|_Exit|quick_exit|syslog|v?(err|warn)x?')
	[[ -z $found ]] || fail "$(basename "$library") wants ${found//$'\n'/ }"
done

rule 'no heap and no stdio in the loader'
for library in "$build"/lib/libsecbake-load.a "$build"/lib/libtest_loader.a; do
	[[ -e $library ]] || { fail "$library is missing"; continue; }
	found=$(undefined "$library" |
		grep -xE 'malloc|calloc|realloc|reallocarray|free|strn?dup|v?asprintf|open_memstream|getline|getdelim|fd?open|opendir|scandir|qsort|v?f?printf|__v?f?printf_chk|fputs|fwrite|setenv|putenv|getaddrinfo')
	[[ -z $found ]] || fail "$(basename "$library") wants ${found//$'\n'/ }"
done

rule 'libraries keep no state'
for library in "$build"/lib/libsecbake.a "$build"/lib/libsecbake-load.a; do
	found=$("$nm" -f sysv "$library" 2>/dev/null | awk -F'|' '
		$7 ~ /^\.(data|bss|tdata|tbss)/ && $7 !~ /^\.data\.rel\.ro/ { gsub(/ /, "", $1); print $1 }')
	[[ -z $found ]] || fail "$(basename "$library") has variables: ${found//$'\n'/ }"
done

# A program that links one of them statically has names of its own.
rule 'names in static libraries are the project'"'"'s'
for library in "$build"/lib/libsecbake.a "$build"/lib/libsecbake-load.a; do
	found=$("$nm" -g --defined-only "$library" 2>/dev/null | awk 'NF == 3 { print $3 }' |
		grep -vE '^(sb|secbake)_')
	[[ -z $found ]] || fail "$(basename "$library") defines ${found//$'\n'/ }"
done

# Variables beyond the page that holds its data would be a mapping more, for each start.
rule 'what the loader keeps fits into its page of data'
if [[ $kind = musl ]]; then
	read -r address file memory < <(readelf -lW "$build/bin/secbake-exec" |
		awk '$1 == "LOAD" && $7 == "RW" { print $3, $5, $6 }')
	((((address + file - 1) >> 12) == ((address + memory - 1) >> 12))) ||
		fail "secbake-exec has $((memory)) bytes of data from $address on, and $((file)) of them in its file"
fi

# A symbol that goes, or changes its version, breaks programs: that is a new SOVERSION. One
# that comes is written down. tests/layout/abi/README.md says how.
rule 'the ABI is the one written down'
for library in secbake secbake-load; do
	"$nm" -D --defined-only --with-symbol-versions "$build/lib/lib$library.so" 2>"$work/nm-error" |
		awk '{ print $3 }' | LC_ALL=C sort >"$work/abi"
	[[ -s $work/abi ]] || { fail "lib$library.so: $(<"$work/nm-error")"; continue; }
	diff "tests/layout/abi/lib$library.txt" "$work/abi" >"$work/differs" ||
		fail "lib$library.so: $(grep '^[<>]' "$work/differs" | tr '\n' ' ')"
done

rule 'public headers stand alone'
for header in include/secbake/*.h; do
	printf '#include <secbake/%s>\n' "$(basename "$header")" >"$work/alone.c"
	"$cc" -std=c17 -Wall -Wextra -Werror -I"$source/include" -fsyntax-only "$work/alone.c" ||
		fail "$header does not compile by itself"
done

rule 'every source says its licence in its first lines'
while read -r file; do
	head -2 "$file" | grep -q 'SPDX-License-Identifier: MIT' || fail "$file does not"
done < <(find compiler check import cache loader cli include tests scripts -name '*.[ch]' -o -name '*.sh' -o -name '*.py')

elf() {
	local exec=$build/bin/secbake-exec size
	[[ -e $exec ]] || { fail "$exec is missing"; return; }
	readelf -lW "$exec" >"$work/segments" && readelf -dW "$exec" >"$work/dynamic" &&
		readelf -sW "$exec" >"$work/symbols" || { fail 'readelf fails'; return; }
	grep -q INTERP "$work/segments" && fail 'it asks for an interpreter'
	grep -q NEEDED "$work/dynamic" && fail 'it needs a library'
	# Beside the null symbol and weak ones that nobody resolves.
	wanted=$(awk '$7 == "UND" && $5 != "WEAK" && $1 != "0:" { print $8 }' "$work/symbols")
	[[ -z $wanted ]] || fail "it has undefined symbols: ${wanted//$'\n'/ }"
	grep -qE 'GNU_STACK .* RWE' "$work/segments" && fail 'its stack is executable'
	grep -qE 'LOAD .* (RWE|WE)' "$work/segments" && fail 'it has memory to write and execute'
	if [[ $kind = musl ]]; then
		size=$(stat -c %s "$exec")
		[[ $size -le 65536 ]] || fail "$size bytes, more than 64 KiB"
	fi
}
rule 'the loader is static, whole and small'
if command -v readelf >/dev/null; then
	elf
else
	fail 'readelf (binutils) is needed'
fi

# Of docs/security.md: "file: `test`, `test`; ...", as pairs. A star stands for anything.
promised() {
	awk -F '|' '/^\|/ || /\([a-z_]+: `/ {
		count = split($0, word, /[ (]/)
		file = ""
		for (i = 1; i <= count; i++) {
			if (word[i] ~ /^[a-z_]+:$/)
				file = substr(word[i], 1, length(word[i]) - 1)
			else if (file != "" && match(word[i], /^`[a-z0-9_*]+`/))
				print file, substr(word[i], 2, RLENGTH - 2)
			if (word[i] ~ /;$/)
				file = ""
		}
	}' docs/security.md
}
rule 'the tests that docs/security.md names are there'
pairs=0
while read -r file test; do
	pairs=$((pairs + 1))
	[[ -e tests/unit/test_$file.c ]] || fail "docs/security.md names unit.$file, which is not there"
	grep -qE "^static void (test_)?${test//\*/.*}\(void \*\*state\)" "tests/unit/test_$file.c" 2>/dev/null ||
		fail "unit.$file has no $test"
done < <(promised)
[[ $pairs -ge 60 ]] || fail "it names $pairs"

printf '%d rules checked\n' "$checks"
exit "$failed"
