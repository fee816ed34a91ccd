#!/bin/bash
# SPDX-License-Identifier: MIT
# base: a shell, the usual tools on files, pipes and processes; python with threads and children.
. "$(dirname "$0")/lib.sh"
bake base
shell=$(command -v dash || command -v sh)
dir=$work/files
mkdir "$dir"

cat >"$work/tools.sh" <<'END'
set -eu
cd "$1"
printf 'b\na\nc\n' >list
sort list | tee sorted | wc -l | grep -q 3
[ "$(cat sorted | tr -d '\n')" = abc ]
cp list copy; mv copy moved; ln moved hard; ln -s moved soft; [ "$(readlink soft)" = moved ]
mkdir -p deep/er; touch -d '2001-02-03' deep/er/old; chmod 600 deep/er/old
[ "$(stat -c %a deep/er/old)" = 600 ]
[ "$(find . -name old)" = ./deep/er/old ]
dd if=/dev/zero of=zeros bs=4096 count=4 2>/dev/null; truncate -s 100 zeros; [ "$(wc -c <zeros)" = 100 ]
mkfifo pipe; (echo through >pipe) & [ "$(cat pipe)" = through ]; wait
sleep 30 & kill $!; wait $! || [ $? = 143 ]
trap 'echo caught >signal' USR1; kill -USR1 $$; [ "$(cat signal)" = caught ]
date >/dev/null; uname -a >/dev/null; id >/dev/null; nproc >/dev/null; df . >/dev/null || true
ls -lR / >/dev/null 2>&1 & kill $! 2>/dev/null; wait || true
timeout 5 true; nice -n 1 true; env -i /bin/sh -c :; tail -n1 list >/dev/null; du -s . >/dev/null
rm -rf deep
END
works base 'a shell with its tools' "$shell" "$work/tools.sh" "$dir"

if python=$(command -v /usr/bin/python3 python3 | head -n1) && [[ -n $python ]]; then
	cat >"$work/base.py" <<'END'
import concurrent.futures, hashlib, json, os, sqlite3, subprocess, sys, tempfile, threading
with concurrent.futures.ThreadPoolExecutor(4) as pool:
    assert sum(pool.map(lambda n: n * n, range(100))) == 328350
assert subprocess.run(["sh", "-c", "exit 7"]).returncode == 7
assert subprocess.check_output(["cat"], input=b"text") == b"text"
with tempfile.TemporaryDirectory() as folder:
    with open(os.path.join(folder, "f"), "w") as file:
        json.dump({"a": 1}, file)
    assert os.listdir(folder) == ["f"]
pid = os.fork()
if pid == 0:
    os._exit(3)
assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 3
import socket
for family in socket.AF_INET, socket.AF_UNIX:
    try:
        socket.socket(family)
        sys.exit("a socket could be made")
    except OSError as error:
        assert error.errno == 97, error
END
	works base python "$python" "$work/base.py"
else
	echo 'no python3: not tried'
fi

works base mkfifo mkfifo "$dir/fifo"
denied base "${traps[@]}" socket-unix=EAFNOSUPPORT socket-tcp=EAFNOSUPPORT socket-packet=EAFNOSUPPORT \
	pair-stream=EPERM connect=EPERM bind=EPERM setuid=EPERM mknod-device=EPERM ioctl-unknown=ENOTTY \
	prctl-mm=EINVAL shmget=EPERM msgget=EPERM sched_setscheduler=EPERM x32=KILL
if "$work/bin/attempts" i386=OK 2>/dev/null; then
	denied base i386=KILL
else
	echo 'no int $0x80 here: not tried'
fi
exit "$failed"
