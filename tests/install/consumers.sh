#!/bin/bash
# SPDX-License-Identifier: MIT
#
# What a user would build against an installed secbake: by pkg-config, shared and static; by
# find_package; and the headers as C++.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# Where the prefix is not must not matter: it moves after the installation.
prefix=$work/prefix
install_below "$work/image"
mv "$work/image$configured" "$prefix"

for file in bin/secbake bin/secbake-exec include/secbake/compile.h include/secbake/load.h \
	lib/secbake/policies/@groups.json; do
	[[ -f $prefix/$file ]] || fail "$file is missing"
done
"$prefix/bin/secbake" --version >/dev/null

# Each policy that is in the tree is there, with all that it extends.
for policy in "$here"/../../profiles/*.json; do
	policy=${policy##*/}
	[[ -f $prefix/lib/secbake/policies/$policy ]] || fail "$policy is not installed"
	[[ $policy = @groups.json ]] || "$prefix/bin/secbake" compile -o /dev/null "$prefix/lib/secbake/policies/$policy"
done

pc=$(dirname "$(find "$prefix" -name secbake.pc)")
libraries=$(dirname "$pc")
export PKG_CONFIG_PATH=$pc LD_LIBRARY_PATH=$libraries
flags=(-std=c17 -Wall -Wextra -Werror)

# shared: the library that is loaded is the installed one
# shellcheck disable=SC2046 # pkg-config prints words
"$cc" "${flags[@]}" "$here/consumer/compile.c" $(pkg-config --cflags --libs secbake) -o "$work/compile"
# shellcheck disable=SC2046
"$cc" "${flags[@]}" "$here/consumer/load.c" $(pkg-config --cflags --libs secbake-load) -o "$work/load"
ldd "$work/compile" | grep -F "libsecbake.so.0 => $libraries/" >/dev/null || fail 'compile does not use libsecbake.so.0'
ldd "$work/load" | grep -F "libsecbake-load.so.0 => $libraries/" >/dev/null || fail 'load does not use libsecbake-load.so.0'
if ldd "$work/load" | grep -E 'jansson|libseccomp' >/dev/null; then
	fail 'libsecbake-load needs more than libc'
fi
"$work/compile"
"$work/load"

# Nothing but what the headers declare is to be seen.
for library in secbake secbake-load; do
	if nm -D --defined-only "$libraries/lib$library.so" | awk '$2 != "A" { print $3 }' |
		grep -v '^secbake_' >/dev/null; then
		fail "lib$library.so exports other names than secbake_*"
	fi
done

# static
mkdir "$work/static"
cp "$libraries"/*.a "$work/static"
"$cc" "${flags[@]}" -I"$prefix/include" "$here/consumer/compile.c" -L"$work/static" \
	$(pkg-config --static --libs-only-l --libs-only-other secbake) -o "$work/compile-static"
"$cc" "${flags[@]}" -static -I"$prefix/include" "$here/consumer/load.c" -L"$work/static" -lsecbake-load \
	-o "$work/load-static"
"$work/compile-static"
"$work/load-static"

# find_package
"$cmake" -G Ninja -S "$here/consumer" -B "$work/cmake" -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_C_COMPILER="$cc" \
	>"$work/cmake.log" 2>&1 || { cat "$work/cmake.log" >&2; fail 'find_package failed'; }
"$cmake" --build "$work/cmake" >"$work/cmake.log" 2>&1 || { cat "$work/cmake.log" >&2; fail 'the package does not build'; }
"$work/cmake/compile"
"$work/cmake/load"
"$work/cmake/load_static"

# asks_for WORDS: a project with find_package(secbake WORDS)
asks_for() {
	mkdir -p "$work/asks"
	printf 'cmake_minimum_required(VERSION 3.25)\nproject(asks LANGUAGES NONE)\nfind_package(secbake %s)\n' "$1" \
		>"$work/asks/CMakeLists.txt"
	"$cmake" -S "$work/asks" -B "$work/asks/build" -DCMAKE_PREFIX_PATH="$prefix"
}
quietly asks_for 'REQUIRED COMPONENTS load secbake OPTIONAL_COMPONENTS nonsense'
refuses 'no component nonsense' asks_for 'REQUIRED COMPONENTS load nonsense'

# The daemon of docs/library.md, as root (who gives that up) or not.
mkdir "$work/daemon-policies"
chmod 755 "$work"
cat >"$work/daemon-policies/daemon.json" <<'TEXT'
{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["getppid"], "action": "SCMP_ACT_ERRNO"}]}
TEXT
if "$work/cmake/daemon" "$work/cache" "$work/daemon-policies" 2>"$work/said"; then
	fail 'the daemon goes on without its policy'
fi
grep -F 'secbake refresh daemon' "$work/said" >/dev/null || fail "the daemon says: $(<"$work/said")"
"$prefix/bin/secbake" refresh --quiet -C "$work/cache" -P "$work/daemon-policies"
[[ $("$work/cmake/daemon" "$work/cache" "$work/daemon-policies") = 'denied in the other thread: yes' ]] ||
	fail 'the daemon is not under its policy'
echo >>"$work/daemon-policies/daemon.json"
if "$work/cmake/daemon" "$work/cache" "$work/daemon-policies" 2>"$work/said"; then
	fail 'the daemon takes a stale policy'
fi
grep -F 'has other content' "$work/said" >/dev/null || fail "the daemon says: $(<"$work/said")"

# secbake_add_policies(): built once, again only for what it read, and installed
for kernel in 4.9 6.6; do
	name=old
	[[ $kernel = 6.6 ]] && name=new
	mkdir -p "$work/policies"
	cp -r "$here/policies/." "$work/policies"
	"$prefix/bin/secbake" features --kernel "$kernel" --arch x86_64 >"$work/$name.features"
done
cp "$work"/*.features "$work/policies"
"$cmake" -G Ninja -S "$work/policies" -B "$work/tree" -DCMAKE_PREFIX_PATH="$prefix" >"$work/cmake.log" 2>&1 ||
	{ cat "$work/cmake.log" >&2; fail 'find_package failed for the policies'; }
build_policies() {
	"$cmake" --build "$work/tree" >"$work/cmake.log" 2>&1 ||
		{ cat "$work/cmake.log" >&2; fail 'the policies do not build'; }
}
# What is not a build's own stays where it is, and is not installed.
mkdir -p "$work/tree/policies.cache/notes" "$work/tree/policies.cache/0123"
touch "$work/tree/policies.cache/notes/file" "$work/tree/policies.cache/0123/file"
build_policies
[[ -e $work/tree/policies.cache/notes/file && -e $work/tree/policies.cache/0123/file ]] ||
	fail 'what somebody else has in the folder of the policies is deleted'
blobs=$(find "$work/tree/policies.cache" -name worker.sbk | wc -l)
[[ $blobs = 2 ]] || fail "$blobs blobs for two kernels"
build_policies
grep -q 'no work to do' "$work/cmake.log" || fail 'policies that have not changed are compiled again'
sed -i 's/"close"/"close", "dup"/' "$work/policies/parts/base.json"
build_policies
grep -q 'no work to do' "$work/cmake.log" && fail 'a base that has changed is not noticed'
echo 'complain=no' >"$work/policies/worker.options"
build_policies
[[ $(find "$work/tree/policies.cache" -name worker.sbk -newer "$work/policies/worker.options" | wc -l) = 2 ]] ||
	fail 'options that come are not noticed'
build_policies
grep -q 'no work to do' "$work/cmake.log" || fail 'policies with options are compiled again for nothing'
echo 'complain=yes' >"$work/policies/worker.options"
build_policies
grep -q 'no work to do' "$work/cmake.log" && fail 'options that change are not noticed'
rm "$work/policies/worker.options"
build_policies
grep -q 'no work to do' "$work/cmake.log" && fail 'options that go are not noticed'
# A build that fails, for a reason that goes away and leaves no trace in any time.
chmod -x "$prefix/bin/secbake"
touch "$work/policies/worker.json"
if "$cmake" --build "$work/tree" >/dev/null 2>&1; then
	fail 'policies are built without a compiler'
fi
chmod +x "$prefix/bin/secbake"
touch -d '1 hour ago' "$work/policies/worker.json"
build_policies
[[ $(find "$work/tree/policies.cache" -name worker.sbk | wc -l) = 2 ]] || fail 'a build that failed is not done again'
"$cmake" --install "$work/tree" --prefix "$work/image" >"$work/cmake.log"
"$prefix/bin/secbake" cache verify -q -C "$work/image/lib/secbake/cache" ||
	fail 'what was installed does not verify'
[[ ! -e $work/image/lib/secbake/cache/notes ]] || fail 'what is no policy is installed'
echo "secbake_add_policies(again POLICIES worker.json DIRECTORY ../tree/./policies.cache)" >>"$work/policies/CMakeLists.txt"
refuses 'again and another target have the same DIRECTORY' "$cmake" "$work/tree"

# C++
for header in "$prefix"/include/secbake/*.h; do
	printf '#include <secbake/%s>\n' "${header##*/}"
done >"$work/headers.cc"
echo 'int main() { return secbake_arch_native() == nullptr; }' >>"$work/headers.cc"
if command -v g++ >/dev/null; then
	# shellcheck disable=SC2046
	g++ -std=c++17 -Wall -Wextra -Werror "$work/headers.cc" $(pkg-config --cflags --libs secbake) \
		-o "$work/headers"
	"$work/headers"
else
	echo 'install: no g++, the headers were not tried as C++'
fi
