#!/bin/bash
# SPDX-License-Identifier: MIT
# build-sandbox: gcc compiles, links and runs; make -j; cmake and ninja; no network.
. "$(dirname "$0")/lib.sh"
need gcc gcc
bake build-sandbox
build=$work/build
mkdir "$build"
cd "$build" || exit 1

cat >hello.c <<'END'
#include <stdio.h>
#include <math.h>
int main(void) { printf("%.0f\n", sqrt(1764)); return 0; }
END
works build-sandbox gcc gcc -O2 -g -pipe -flto -o hello hello.c -lm &&
	[[ $(under build-sandbox ./hello) = 42 ]] || fail 'what gcc made does not print 42'

if command -v make >/dev/null; then
	{
		printf 'objects = %s\nall: program\n' "$(seq -f 'f%.0f.o' -s ' ' 24)"
		printf 'program: main.o lib.a\n\t$(CC) -o $@ main.o lib.a\nlib.a: $(objects)\n\t$(AR) rcs $@ $(objects)\n'
		printf '%%.o: %%.c\n\t$(CC) -c -o $@ $<\ninstall: program\n\tinstall -D -m 755 program root/bin/program\n'
	} >Makefile
	for i in $(seq 24); do echo "int f$i(void) { return $i; }" >"f$i.c"; done
	{
		for i in $(seq 24); do echo "int f$i(void);"; done
		echo '#include <stdio.h>'
		echo "int main(void) { printf(\"%d\\n\", $(seq -f 'f%.0f()' -s '+' 24)); return 0; }"
	} >main.c
	works build-sandbox 'make -j4' make -j4 all install &&
		[[ $(under build-sandbox root/bin/program) = 300 ]] || fail 'what make made does not print 300'
else
	echo 'no make: not tried'
fi

if command -v cmake >/dev/null && command -v ninja >/dev/null; then
	printf 'cmake_minimum_required(VERSION 3.20)\nproject(p C)\nadd_executable(hello hello.c)\ntarget_link_libraries(hello m)\n' >CMakeLists.txt
	works build-sandbox cmake cmake -S . -B out -G Ninja && works build-sandbox ninja ninja -C out &&
		[[ $(out/hello) = 42 ]] || fail 'what cmake made does not print 42'
else
	echo 'no cmake and ninja: not tried'
fi

# 32-bit programs run, where the compiler and the kernel have them.
if gcc -m32 -o hello32 hello.c -lm 2>/dev/null && ./hello32 >/dev/null 2>&1; then
	[[ $(under build-sandbox ./hello32) = 42 ]] || fail 'a 32-bit program does not run'
fi
"$work/bin/attempts" i386=OK 2>/dev/null && denied build-sandbox i386=OK

# An ordinary client finds no network.
if command -v curl >/dev/null; then
	under build-sandbox curl --silent --max-time 5 http://127.0.0.1:9/ 2>/dev/null
	[[ $? = 7 ]] || fail 'curl does not fail to connect'
fi
denied build-sandbox "${traps[@]}" socket-unix=EAFNOSUPPORT socket-tcp=EAFNOSUPPORT socket-udp6=EAFNOSUPPORT \
	socket-packet=EAFNOSUPPORT socket-vsock=EAFNOSUPPORT pair-datagram=EPERM connect=EPERM bind=EPERM \
	setuid=EPERM shmget=EPERM mknod-device=EPERM
under build-sandbox "$work/bin/attempts" pair-stream=EFAULT || fail "no pairs of sockets"
exit "$failed"
