#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""snap.py SECBAKE PROFILE...: imported snap profiles against snap-seccomp itself.

Each profile is compiled by snap-seccomp ($SNAP_SECCOMP, or /usr/lib/snapd/snap-seccomp) and by
`secbake import` and `secbake compile`; the interpreter then asks both programs about every number of
every architecture and about arguments at which a condition could turn.

The snap-seccomp of Debian 12 knows no lines with "~": those lines are compiled by it, too, as a
program of their own without the "~". What that one allows is denied, as snapd since 2.61
has it with two filters. docs/import.md lists what may differ; this counts it.
"""
import itertools
import os
import random
import re
import subprocess
import sys
import tempfile

from common import ARCHES, TOP, Library, interesting, run, table, verdicts

DENIED, CARRIERS = "ERRNO(13 EACCES)", {"socketcall", "ipc"}
CARRIED = set("""socket bind connect listen accept getsockname getpeername socketpair send recv
    sendto recvfrom shutdown setsockopt getsockopt sendmsg recvmsg accept4 recvmmsg sendmmsg semop
    semget semctl semtimedop msgsnd msgrcv msgget msgctl shmat shmdt shmget shmctl""".split())
HALVES = set("""chown chown32 fchown fchown32 fchownat lchown lchown32 setgid setgid32 setregid
    setregid32 setresgid setresgid32 setreuid setreuid32 setresuid setresuid32 setuid setuid32
    copy_file_range""".split())


def calls_of(text):
    """(name, denied, words) of each line."""
    for line in text.splitlines():
        words = line.split()
        if words and not words[0].startswith(("#", "@", "{")):
            yield words[0].lstrip("~"), words[0].startswith("~"), words[1:]


def value_of(constants, word):
    word = re.sub(r"^(>=|<=|[!<>|])", "", word)
    if word[:2] in ("u:", "g:"):
        word = subprocess.run(["getent", "passwd" if word[0] == "u" else "group", word[2:]],
                              capture_output=True, text=True).stdout.split(":")[2]
    if re.fullmatch(r"[-+]?\d+", word):
        return int(word) % TOP
    return {"AF_CONN": 123, "PF_CONN": 123}.get(word, constants.get(word))


def arguments(constants, conditions, rng):
    """Lists of six, for the conditions on one call."""
    edges = [{0, 1, TOP - 1, 0xFFFFFFFF, 1 << 31, 1 << 32} for _ in range(6)]
    exact = []
    for words in conditions:
        one = [0] * 6
        for i, word in enumerate(words):
            value = None if word == "-" else value_of(constants, word)
            if value is not None:
                edges[i].update(interesting(value))
                one[i] = value
        exact.append(one)
    edges = [sorted(e) for e in edges]
    for one in exact or [[0] * 6]:
        yield one
        for i in range(6):
            for value in edges[i]:
                yield one[:i] + [value] + one[i + 1:]
        for i, j in itertools.combinations(range(6), 2):
            for _ in range(4):
                two = list(one)
                two[i], two[j] = rng.choice(edges[i]), rng.choice(edges[j])
                yield two
    for _ in range(200):
        yield [rng.choice(e) for e in edges]


def every_call(library, constants, text, rng):
    """Lines for `secbake emu`, with the name that a condition is on."""
    conditions = {}
    for name, _, words in calls_of(text):
        conditions.setdefault(name, []).append(words)
    named = {(arch, library.number(arch, name)): name for name in conditions for arch in ARCHES}
    for arch in ARCHES:
        bit = 1 << 30 if arch == "x32" else 0
        for nr in itertools.chain(range(600), (0x3FFFFFFF, 0x7FFFFFFF, 0xFFFFFFFF)):
            yield arch, str(nr | bit), named.get((arch, nr | bit), ""), [0] * 6
    for name, lines in conditions.items():
        for arch in ("x86_64", "x86"):
            nr = library.number(arch, name)
            if nr < 0 or not any(lines):
                continue
            for args in arguments(constants, lines, rng):
                if arch == "x86":
                    args = [a & 0xFFFFFFFF for a in args]
                yield arch, str(nr), name, args
    for name, most in (("socketcall", 22), ("ipc", 26)):
        for call in range(most):
            yield "x86", str(library.number("x86", name)), name, [call, 0, 0, 0, 0, 0]


def compare(secbake, peer, profile, seed):
    with open(profile, encoding="utf-8") as file:
        text = file.read()
    library, rng = Library(), random.Random(seed)
    constants = {w[0]: int(w[1], 0) for w in (l.split() for l in run(
        secbake, "constants", "--arch", "x86_64").decode().splitlines()) if len(w) > 1}
    parts = {"allow": [], "deny": []}
    for line in text.splitlines():
        parts["deny" if line.startswith("~") else "allow"].append(line.lstrip("~"))
    with tempfile.TemporaryDirectory() as work:
        for part, lines in parts.items():
            with open(f"{work}/{part}", "w", encoding="utf-8") as file:
                file.write("\n".join(lines) + "\n")
            run(peer, "compile", f"{work}/{part}", f"{work}/{part}.bin")
        run(secbake, "import", "--from", "snap", "--arch", "x86_64", "-o", f"{work}/p.json", profile)
        said = run(secbake, "compile", f"{work}/p.json", "--arch", "x86_64", "--kernel", "6.12",
                   "--format", "raw", "-o", f"{work}/p.bin", warn=True).splitlines()
        said = [line for line in said if "never true" not in line]  # "<0", say: the profile's own
        asked = list(every_call(library, constants, text, rng))
        lines = [f"{a} {n} {','.join(map(hex, args))}\n" for a, n, _, args in asked]
        allow = verdicts(secbake, f"{work}/allow.bin", lines)
        deny = verdicts(secbake, f"{work}/deny.bin", lines)
        ours = verdicts(secbake, f"{work}/p.bin", lines)
    count, left, wrong = judge(secbake, text, constants, lines, asked, allow, deny, ours)
    return count, left, said + wrong


class Model:
    """What the text says, read line by line: libseccomp 2.5 gets several conditions wrong at times."""

    OPS = {">=": lambda a, v: a >= v, "<=": lambda a, v: a <= v, "!": lambda a, v: a != v,
           "<": lambda a, v: a < v, ">": lambda a, v: a > v, "|": lambda a, v: a & v == v,
           "": lambda a, v: a == v}

    def __init__(self, secbake, text, constants):
        self.constants, self.lines, self.count = constants, {}, {}
        for name, deny, words in calls_of(text):
            self.lines.setdefault(name, []).append((deny, words))
        for arch in ("x86_64", "x86"):
            for call in table(secbake, arch):
                args = call.get("args")
                self.count[arch, call["name"]] = 6 if args is None else len(args)

    def holds(self, arch, name, words, args):
        for i, word in enumerate(words):
            if word == "-":
                continue
            op = re.match(r">=|<=|[!<>|]|", word).group()
            value, arg = value_of(self.constants, word), args[i]
            if name in HALVES:
                value, arg = value & 0xFFFFFFFF, arg & 0xFFFFFFFF
            if not self.OPS[op](arg, value):
                return False
        return True

    def verdict(self, arch, name, args, other):
        """other: where no line holds. Also: was there a line with an argument too many?"""
        verdict, beyond = other, False
        for deny, words in self.lines[name]:
            if any(w != "-" for w in words[self.count.get((arch, name), 6):]):
                beyond = True
            elif self.holds(arch, name, words, args):
                if deny:
                    return DENIED, beyond
                verdict = "ALLOW"
        return verdict, beyond

    def several(self, name):
        return any(sum(w != "-" for w in words) > 1 for _, words in self.lines[name])


def numbers_unknown(secbake, library, text):
    """Calls that libseccomp has no name for, and secbake does."""
    found = set()
    for name in {name for name, _, _ in calls_of(text) if not library.knows(name)}:
        for arch in ARCHES:
            for call in table(secbake, arch):
                if call["name"] == name:
                    found.add((arch, str(call["nr"])))
    return found


def judge(secbake, text, constants, lines, asked, allow, deny, ours):
    left, wrong = {}, []
    complain = any(line.strip() == "@complain" for line in text.splitlines())
    unknown = numbers_unknown(secbake, Library(), text)
    narrow = {n for n, _, words in calls_of(text) if words and n in CARRIED}
    model = Model(secbake, text, constants)
    for line, (arch, nr, name, args), a, d, o in zip(lines, asked, allow, deny, ours):
        expected = DENIED if d == "ALLOW" else a
        reason = None
        if expected == o:
            continue
        if (arch, nr) in unknown:
            reason = "a name that libseccomp does not know"
        elif name in CARRIERS and narrow and (expected == "ALLOW" or d == "ALLOW"):
            reason = "socketcall or ipc for a call with conditions"
        elif complain and expected == "KILL_THREAD" and o == "LOG":
            reason = "a foreign architecture under @complain"
        elif name in model.lines:
            said, beyond = model.verdict(arch, name, args, "LOG" if complain else "ERRNO(1 EPERM)")
            if said == o and beyond:
                reason = "an argument that the call does not have"
            elif said == o and model.several(name):
                reason = "several conditions, which libseccomp decides otherwise than they say"
        if reason:
            left[reason] = left.get(reason, 0) + 1
        else:
            wrong.append(f"{line.strip()} => {o}, snap-seccomp: {expected}")
    return len(lines), left, wrong


def main():
    secbake, *profiles = sys.argv[1:]
    peer = os.environ.get("SNAP_SECCOMP", "/usr/lib/snapd/snap-seccomp")
    if not os.access(peer, os.X_OK):
        print(f"SKIPPED: no {peer} (package snapd)")
        sys.exit(77)
    if os.uname().machine != "x86_64":
        print("SKIPPED: snap-seccomp compiles for its own machine; this compares x86_64")
        sys.exit(77)
    seed = int(os.environ.get("SECBAKE_SEED", "1"))
    print(f"seed {seed}")
    failed = False
    for profile in profiles:
        count, left, wrong = compare(secbake, peer, profile, seed)
        print(f"{os.path.basename(profile)}: {count} calls, {len(wrong)} differ; "
              f"intended: {left or 'none'}")
        for line in wrong[:20]:
            print("  " + line)
        failed |= bool(wrong)
    sys.exit(failed)


if __name__ == "__main__":
    main()
