#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""progress.py SECBAKE

What a long refresh shows on a terminal: count, rate and time left, in one line that is gone
at the end, or when it is interrupted; and that there is nothing of it anywhere else.
--json is JSON, with and without failures. How long a refresh takes is nobody's to say:
where nothing was shown because it was over, it is tried with twice the policies.
"""
import json
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import tempfile

SECBAKE = os.path.realpath(sys.argv[1])
LINE = re.compile(rb"\r(\d+) of (\d+) policies, \d+ a second, \d+:\d\d left\x1b\[K")
CLEAR = b"\r\x1b[K"
COUNT_MAX = 32000
work = tempfile.mkdtemp()
os.chmod(work, 0o755)
failures = 0


def check(what, good, shown=""):
    global failures
    if not good:
        failures += 1
        print(f"progress: {what} {shown}", file=sys.stderr)


def policy(number):
    return (
        '{"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": %d, "syscalls": [{"names": '
        '["read", "write", "close", "ioctl", "mmap"], "action": "SCMP_ACT_ALLOW"}]}' % (number % 4000 + 1)
    )


def make(count):
    folder = f"{work}/p{count}"
    if not os.path.isdir(folder):
        os.mkdir(folder, 0o755)
        for i in range(count):
            with open(f"{folder}/n{i:05}.json", "w") as file:
                file.write(policy(i))
            os.chmod(f"{folder}/n{i:05}.json", 0o644)
    shutil.rmtree(f"{work}/cache", ignore_errors=True)
    return [SECBAKE, "refresh", "-C", f"{work}/cache", "-P", folder]


def environment(term="xterm"):
    env = dict(os.environ, TERM=term)
    if term is None:
        del env["TERM"]
    return env


def on_terminal(command, stdout=None, term="xterm", interrupt=False):
    """Runs it with a terminal as standard error, and as output unless that is a file; what
    the terminal got, and the status. interrupt: Ctrl-C when the line is there."""
    pid, terminal = pty.fork()
    if pid == 0:
        if stdout is not None:
            os.dup2(stdout, 1)
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # what shells start in the background ignores it
        os.execve(command[0], command, environment(term))
    got = b""
    while True:
        try:
            piece = os.read(terminal, 65536)
        except OSError:
            break
        if not piece:
            break
        got += piece
        if interrupt and LINE.search(got):
            os.write(terminal, b"\x03")
            interrupt = False
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    return got, status


def screen(stream):
    """The lines that are left of it: what stands behind the last return or erasure in each."""
    return [re.split(rb"\r|\x1b\[K", line)[-1] for line in stream.replace(b"\r\n", b"\n").split(b"\n")]


def long_enough(run):
    """run(count) until it says that there was something to be seen."""
    count = 500
    while count <= COUNT_MAX:
        result = run(count)
        if result is not None:
            return count, result
        count *= 2
    print(f"SKIPPED: {COUNT_MAX} policies are done before anything is shown")
    sys.exit(77)


# On a terminal.
def shown(count):
    stream, status = on_terminal(make(count))
    return (stream, status) if LINE.search(stream) else None


count, (stream, status) = long_enough(shown)
lines = LINE.findall(stream)
check("a refresh on a terminal has a status", status == 0, status)
check("the count goes backwards", [int(d) for d, _ in lines] == sorted(int(d) for d, _ in lines))
check("the total is another", {int(t) for _, t in lines} == {count}, lines[:3])
left = [line for line in screen(stream) if line.strip()]
check("something but the summary is left:", left == [b"%d policies: 0 reused, %d compiled, 0 failed" % (count, count)], left)
# Nothing is printed beside it: it stands until the end.
check("the line is not cleared once, at the end", stream.count(CLEAR) == 1, stream[-200:])
check("the line was not cleared", CLEAR in stream[stream.rindex(b" left") :])

# Not on one.
for name, term, extra, terminal in [
    ("standard error is a pipe", "xterm", [], False),
    ("TERM is dumb", "dumb", [], True),
    ("there is no TERM", None, [], True),
    ("--quiet", "xterm", ["--quiet"], True),
]:
    command = make(count) + extra
    if terminal:
        stream, status = on_terminal(command, term=term)
        check(f"{name}: status", status == 0, status)
    else:
        done = subprocess.run(command, capture_output=True, env=environment(term))
        check(f"{name}: status", done.returncode == 0, done.returncode)
        check(f"{name}: standard error", done.stderr == b"", done.stderr[:200])
        stream = done.stdout
    check(f"{name}: there is progress", b" a second" not in stream and b"\x1b" not in stream, stream[:200])
    expected = b"" if "--quiet" in extra else b"%d policies: 0 reused, %d compiled, 0 failed" % (count, count)
    check(f"{name}: output", stream.strip() == expected, stream[:200])


# JSON, with the line on the terminal beside it.
def as_json(count):
    with tempfile.TemporaryFile() as file:
        stream, status = on_terminal(make(count) + ["--json"], stdout=file.fileno())
        file.seek(0)
        return (stream, status, file.read()) if LINE.search(stream) else None


count, (stream, status, text) = long_enough(as_json)
result = json.loads(text)
check("--json: status", status == 0, status)
check("--json: results", sorted(r["name"] for r in result["results"]) == [f"n{i:05}" for i in range(count)])
check("--json: sums", (result["policies"], result["compiled"], result["failed"]) == (count, count, 0), text[-200:])
check("--json: something is left on the terminal", not any(l.strip() for l in screen(stream)), stream[-200:])

# JSON of failures, whatever is in their texts.
folder = f"{work}/bad \"quoted\"\\\t\u00e4"
os.mkdir(folder, 0o755)
for name, body in {
    "good": policy(1),
    "broken": '{"defaultAction": "SCMP_ACT_\\"\\\\\\u0001\\u00e4\\u2028"}',
    "nothing": "",
    "latin": b'{"defaultAction": "\xe4"}',
    "unknown": '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["\\n\\u001b[31m"], "action": "x"}]}',
}.items():
    with open(f"{folder}/{name}.json", "wb") as file:
        file.write(body if isinstance(body, bytes) else body.encode())
    os.chmod(f"{folder}/{name}.json", 0o644)
shutil.rmtree(f"{work}/cache", ignore_errors=True)
done = subprocess.run([SECBAKE, "refresh", "--json", "-C", f"{work}/cache", "-P", folder], capture_output=True)
result = json.loads(done.stdout)
check("--json of failures: status", done.returncode == 3, done.returncode)
check("--json of failures: sums", (result["compiled"], result["failed"]) == (1, 4), done.stdout)
for r in result["results"]:
    check("--json of failures: a text is missing", r["outcome"] == "compiled" or r["error"], r)
done = subprocess.run([SECBAKE, "refresh", "--json", "-C", f"{work}/cache", "-P", folder, "nobody"], capture_output=True)
check("--json of a name that is nowhere", json.loads(done.stdout)["failed"] == 1, done.stdout)
done = subprocess.run([SECBAKE, "refresh", "--json", "-C", "/dev/null/x", "-P", folder], capture_output=True)
check("--json without a cache", json.loads(done.stdout)["failed"] > 0 and done.returncode in (3, 4), done.stdout)


# Interrupted.
def interrupted(count):
    stream, status = on_terminal(make(count), interrupt=True)
    if not os.WIFSIGNALED(status) or os.WTERMSIG(status) != signal.SIGINT:
        return None
    done = subprocess.run([SECBAKE, "cache", "list", "-C", f"{work}/cache"], capture_output=True)
    return stream if done.stdout.count(b"\n") < count else None


count, stream = long_enough(interrupted)
check("interrupted: the line is not cleared", CLEAR in stream[stream.rindex(b" left") :], stream[-100:])
done = subprocess.run([SECBAKE, "cache", "verify", "-C", f"{work}/cache"], capture_output=True)
check("interrupted: verify", done.returncode == 0, done.stdout[-200:])
done = subprocess.run([SECBAKE, "refresh", "--json", "-C", f"{work}/cache", "-P", f"{work}/p{count}"], capture_output=True)
result = json.loads(done.stdout)
check("interrupted: the next refresh", done.returncode == 0 and result["failed"] == 0, done.stderr[-200:])
check("interrupted: nothing was left to do", result["compiled"] > 0, done.stdout[-200:])
left = [f for _, _, files in os.walk(f"{work}/cache") for f in files if f.endswith(".tmp")]
check("interrupted: temporary files", not left, left)

shutil.rmtree(work)
sys.exit(failures > 0)
