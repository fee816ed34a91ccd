#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""minijail.py SECBAKE POLICY...: imported minijail policies against a plain reading of their text.

The reading is written from the descriptions of minijail's format (minijail0(5), the comments of its
syscall_filter.c, the grammar in its tools/parser.py), and shares nothing with the importer: numbers of
calls come from libseccomp, constants from the list below. The interpreter is asked about every
number and about arguments at which a condition could turn.
"""
import errno
import fcntl
import itertools
import mmap
import os
import random
import re
import signal
import socket
import sys
import tempfile
import termios

from common import TOP, Library, interesting, run, verdicts

CONSTANTS = {
    "O_RDONLY": 0, "O_WRONLY": 1, "O_RDWR": 2, "O_ACCMODE": 3, "AT_FDCWD": -100, "SOL_SOCKET": 1,
    "CLONE_THREAD": 0x10000, "CLONE_NEWUSER": 0x10000000, "PR_SET_NAME": 15, "PR_GET_NAME": 16,
    "PR_SET_DUMPABLE": 4, "PR_SET_NO_NEW_PRIVS": 38, "TIOCSTI": 0x5412,
}
for module in (errno, fcntl, mmap, os, signal, socket, termios):
    for word, number in vars(module).items():
        if re.fullmatch(r"[A-Z_0-9]+", word) and isinstance(number, int):
            CONSTANTS.setdefault(word, int(number))

ALL = TOP - 1
WORDS = re.compile(r"""\s*(?:(\#.*)|(\.?/\S+)|(-?0[xX][0-9a-fA-F]+|-?\d+)|(@?[a-zA-Z_][\w@-]*)
                       |(\|\||&&|==|!=|<=|>=|[][:;,~(){}|&<>=]))""", re.X)
VERDICTS = {"kill": "KILL_THREAD", "kill-thread": "KILL_THREAD", "kill-process": "KILL_PROCESS",
            "trap": "TRAP", "trace": "TRACE(0)", "log": "LOG", "user-notify": "NOTIFY", "allow": "ALLOW",
            "1": "ALLOW"}


def words_of(path):
    """Lists of words, one a statement."""
    with open(path, encoding="utf-8") as file:
        text = file.read().replace("\\\n", " ")
    for line in text.splitlines():
        line, words = line.rstrip(), []
        while line:
            match = WORDS.match(line)
            if match.group(1) is None:
                words.append(match.group().strip())
            line = line[match.end():].rstrip()
        if words:
            yield words


class Policy:
    """filters[call]: a list of (expression or None, verdict)."""

    def __init__(self, path):
        self.filters, self.default, self.deny, self.values = {}, "KILL_THREAD", False, {}
        self.read(path)

    def read(self, path):
        for words in words_of(path):
            self.words = words
            if words[0] == "@include":
                self.read(os.path.join(os.path.dirname(path), words[1]))
            elif words[0] == "@default":
                self.default = VERDICTS[words[1]]
            elif words[0] == "@denylist":
                self.deny, self.default = True, "ALLOW"
            elif words[0] != "@frequency":
                self.rule()

    def take(self, word=None):
        if word is None or (self.words and self.words[0] == word):
            return self.words.pop(0)
        return None

    def call(self):
        name = self.take()
        if self.take("["):
            arches = []
            while not self.take("]"):
                arches.append(self.take())
            if "x86_64" not in arches:
                return []
        return [name]

    def rule(self):
        calls = []
        if self.take("{"):
            while not self.take("}"):
                calls += self.call()
                self.take(",")
        else:
            calls = self.call()
        assert self.take(":")
        filters = []
        if self.take("{"):
            while not self.take("}"):
                filters += self.filter(calls, True)
                self.take(",")
        else:
            filters = self.filter(calls, False)
        assert not self.words, self.words
        for name in calls:
            self.filters.setdefault(name, []).extend(filters)

    def filter(self, calls, braces):
        if not self.words[0].startswith("arg"):
            return [(None, self.action())]
        expression = [self.clause(calls)]
        while self.take("||"):
            expression.append(self.clause(calls))
        if not self.take(";"):
            return [(expression, "ALLOW")]
        if self.words[0] == "return" and not braces and not self.deny:
            return [(expression, "ALLOW"), (None, self.action())]
        return [(expression, self.action())]

    def action(self):
        word = self.take()
        if word != "return":
            return VERDICTS[word]
        if not self.words:
            return "KILL_THREAD"
        number = self.single()
        name = errno.errorcode.get(number)
        return f"ERRNO({number}{' ' + name if name else ''})"

    def single(self):
        word = self.take()
        if word in CONSTANTS:
            return CONSTANTS[word] & ALL
        sign, digits = (-1, word[1:]) if word[0] == "-" else (1, word)
        base = 16 if digits[:2] in ("0x", "0X") else 8 if digits[0] == "0" else 10
        return sign * int(digits, base) & ALL

    def constant(self):
        flip = self.take("~")
        if self.take("("):
            value = self.value()
            assert self.take(")")
        else:
            value = self.single()
        return ~value & ALL if flip else value

    def value(self):
        value = self.constant()
        while self.take("|"):
            value |= self.constant()
        return value

    def clause(self, calls):
        atoms = []
        while True:
            index, op, value = int(self.take()[3:]), self.take(), self.value()
            atoms.append((index, op, value))
            for name in calls:
                self.values.setdefault(name, []).append((index, value))
            if not self.take("&&"):
                return atoms

    @staticmethod
    def met(atom, args):
        index, op, value = atom
        arg = args[index]
        return {"==": arg == value, "!=": arg != value, "<": arg < value, "<=": arg <= value,
                ">": arg > value, ">=": arg >= value, "&": arg & value != 0,
                "in": arg & ~value & ALL == 0}[op]

    def verdict(self, name, args):
        for expression, verdict in self.filters.get(name, []):
            if expression is None or any(all(self.met(a, args) for a in clause)
                                         for clause in expression):
                return verdict
        return self.default


def arguments(values, rng):
    edges = [{0, 1, TOP - 1, 0xFFFFFFFF, 1 << 31, 1 << 32} for _ in range(6)]
    exact = [0] * 6
    for index, value in values:
        edges[index].update(interesting(value))
        exact[index] = value
    edges = [sorted(e) for e in edges]
    for one in ([0] * 6, exact):
        for i in range(6):
            for value in edges[i]:
                yield one[:i] + [value] + one[i + 1:]
        for i, j in itertools.combinations(range(6), 2):
            for a, b in itertools.product(edges[i], edges[j]):
                if rng.random() < 200 / (len(edges[i]) * len(edges[j])):
                    two = list(one)
                    two[i], two[j] = a, b
                    yield two
    for _ in range(300):
        yield [rng.choice(e) for e in edges]


def compare(secbake, path, rng):
    policy, library = Policy(path), Library()
    names = {library.number("x86_64", name): name for name in policy.filters}
    asked = [(nr, [0] * 6) for nr in list(range(600)) + [0x3FFFFFFF, 0xFFFFFFFF]]
    for name, values in policy.values.items():
        asked += [(library.number("x86_64", name), args) for args in arguments(values, rng)]
    with tempfile.TemporaryDirectory() as work:
        run(secbake, "import", "--from", "minijail", "--arch", "x86_64", "-o", f"{work}/p.json", path)
        done = run(secbake, "compile", f"{work}/p.json", "--arch", "x86_64", "--kernel", "6.12",
                   "--format", "raw", "-o", f"{work}/p.bin", warn=True)
        if done:
            return len(asked), [done]
        lines = [f"x86_64 {nr} {','.join(map(hex, args))}\n" for nr, args in asked]
        ours = verdicts(secbake, f"{work}/p.bin", lines)
    wrong = []
    for line, (nr, args), verdict in zip(lines, asked, ours):
        expected = policy.verdict(names.get(nr), args)
        if verdict != expected:
            wrong.append(f"{line.strip()} ({names.get(nr)}) => {verdict}, the text: {expected}")
    return len(asked), wrong


def main():
    secbake, *policies = sys.argv[1:]
    seed = int(os.environ.get("SECBAKE_SEED", "1"))
    print(f"seed {seed}")
    failed = len(policies) < 10
    for path in policies:
        count, wrong = compare(secbake, path, random.Random(seed))
        print(f"{os.path.basename(path)}: {count} calls, {len(wrong)} differ")
        for line in wrong[:20]:
            print("  " + line)
        failed |= bool(wrong)
    sys.exit(failed)


if __name__ == "__main__":
    main()
