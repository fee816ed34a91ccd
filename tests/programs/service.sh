#!/bin/bash
# SPDX-License-Identifier: MIT
# service: a server of python's with threads, over TCP and a local socket, and its clients.
. "$(dirname "$0")/lib.sh"
python=$(command -v /usr/bin/python3 python3 | head -n1)
[[ -n $python ]] || skip "no python3 here: Debian's package python3 has it"
bake service

cat >"$work/service.py" <<'END'
import asyncio, http.server, multiprocessing, os, socket, subprocess, sys, threading, urllib.request

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
os.chdir(sys.argv[1])
open("page", "w").write("served\n")
threading.Thread(target=server.serve_forever, daemon=True).start()
url = "http://127.0.0.1:%d/page" % server.server_port
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
assert opener.open(url).read() == b"served\n"
assert socket.getaddrinfo("127.0.0.1", 80)

async def echo(reader, writer):
    writer.write(await reader.read(100))
    await writer.drain()
    writer.close()

async def main():
    listening = await asyncio.start_unix_server(echo, "local")
    reader, writer = await asyncio.open_unix_connection("local")
    writer.write(b"hello")
    assert await reader.read(100) == b"hello"
    writer.close()
    listening.close()
asyncio.run(main())

a, b = socket.socket(type=socket.SOCK_DGRAM), socket.socket(type=socket.SOCK_DGRAM)
a.bind(("127.0.0.1", 0))
b.sendto(b"datagram", a.getsockname())
assert a.recv(100) == b"datagram"
worker = multiprocessing.get_context("fork").Process(target=os.getpid)
worker.start()
worker.join()
assert worker.exitcode == 0
os.sched_setaffinity(0, os.sched_getaffinity(0))
if os.getuid() == 0:  # becoming somebody else is what a daemon does first
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
    assert os.getuid() == 65534
END
mkdir "$work/site"
works service 'a server in python' "$python" "$work/service.py" "$work/site"
denied service "${traps[@]}" socket-unix=OK socket-tcp=OK socket-raw=EPROTONOSUPPORT \
	socket-sctp=EPROTONOSUPPORT socket-packet=EAFNOSUPPORT socket-alg=EAFNOSUPPORT socket-vsock=EAFNOSUPPORT \
	mmap-wx=EPERM mprotect-wx=EPERM mprotect-x=EPERM setuid-file=EPERM setuid-open=EPERM openat2=ENOSYS \
	mknod-device=EPERM ioctl-unknown=ENOTTY prctl-mm=EINVAL shmget=EPERM shmat-exec=EPERM msgget=EPERM \
	sched_setscheduler=EPERM io_setup=EPERM x32=KILL
exit "$failed"
