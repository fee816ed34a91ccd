#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""firecracker.py SECBAKE FILE.json...: imported Firecracker filters against their own meaning.

FILE.verdicts beside each is a table written by hand. What it leaves open is asked of evaluate(), a
reading of the JSON of its own, from seccompiler's documentation and generator: every number of
x86_64 to 600, and arguments at which a condition could turn, with dirty upper halves.
"""
import json
import random
import sys
import tempfile

from common import ARCHES, TOP, Library, interesting, run, verdicts

ACTIONS = {"allow": "ALLOW", "log": "LOG", "trap": "TRAP", "kill_thread": "KILL_THREAD",
           "kill_process": "KILL_PROCESS"}
ERRORS = {1: "EPERM", 13: "EACCES"}
COMPARE = {"eq": lambda a, v: a == v, "ne": lambda a, v: a != v, "lt": lambda a, v: a < v,
           "le": lambda a, v: a <= v, "gt": lambda a, v: a > v, "ge": lambda a, v: a >= v}


def verdict_of(action):
    if isinstance(action, str):
        return ACTIONS[action]
    if "trace" in action:
        return f"TRACE({action['trace']})"
    return f"ERRNO({action['errno']} {ERRORS[action['errno']]})"


def holds(condition, args):
    width = {"dword": 1 << 32, "qword": TOP}[condition["type"]]
    argument, value, op = args[condition["index"]] % width, condition["val"], condition["op"]
    if isinstance(op, dict):
        mask = op["masked_eq"]
        return argument & mask == value & mask
    return COMPARE[op](argument, value)


def evaluate(part, numbers, number, args):
    for rule in part["filter"]:
        if numbers[rule["syscall"]] == number and all(holds(c, args) for c in rule.get("args") or []):
            return verdict_of(part["filter_action"])
    return verdict_of(part["default_action"])


def calls(part, numbers, rng):
    """(number, args) to try."""
    values = {}
    for rule in part["filter"]:
        for c in rule.get("args") or []:
            mask = c["op"]["masked_eq"] if isinstance(c["op"], dict) else 0
            values.setdefault((numbers[rule["syscall"]], c["index"]), set()).update(
                interesting(c["val"]) + interesting(mask) + interesting(c["val"] & mask)
                + [0, TOP - 1, 1 << 32, c["val"] ^ mask])
    for number in range(600):
        yield number, [0] * 6
        yield number, [TOP - 1] * 6
        here = {i: sorted(v) for (n, i), v in values.items() if n == number}
        for index, several in here.items():
            for value in several:
                for _ in range(8):
                    args = [rng.choice(here.get(i, [0, rng.randrange(TOP)])) for i in range(6)]
                    args[index] = value
                    yield number, args


def hand_written(path, part):
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            name, _, rest = line.rstrip("\n").partition(" ")
            if name == part:
                call, _, verdict = rest.partition(" => ")
                yield call, verdict


def compare(secbake, path, name, part, numbers, seed):
    with tempfile.TemporaryDirectory() as folder:
        native, blob = f"{folder}/p.json", f"{folder}/p.sbk"
        run(secbake, "import", "--from", "firecracker", "--arch", "x86_64", "--strict", "--part", name,
            "-o", native, path)
        run(secbake, "compile", "--arch", "x86_64", "--kernel", "6.12", "-o", blob, native)
        table = list(hand_written(path.replace(".json", ".verdicts"), name))
        tried = list(calls(part, numbers, random.Random(seed)))
        lines = [f"{call}\n" if call.split()[0] in ARCHES else f"x86_64 {call}\n" for call, _ in table]
        lines += [f"x86_64 {n} {','.join(hex(a) for a in args)}\n" for n, args in tried]
        got = verdicts(secbake, blob, lines)
    wanted = [v for _, v in table] + [evaluate(part, numbers, n, args) for n, args in tried]
    wrong = [(line, w, g) for line, w, g in zip(lines, wanted, got) if w != g]
    for line, w, g in wrong[:8]:
        print(f"{path}: {name}: {line.strip()}: should be {w}, is {g}", file=sys.stderr)
    print(f"{path}: {name}: {len(table)} verdicts by hand, {len(tried)} calls, {len(wrong)} wrong")
    return bool(wrong) or not table or len(got) != len(wanted)


def main(secbake, *paths):
    library, seed, failed = Library(), 1, 0
    for path in paths:
        with open(path, encoding="utf-8") as file:
            parts = json.load(file)
        numbers = {rule["syscall"]: library.number("x86_64", rule["syscall"])
                   for part in parts.values() for rule in part["filter"]}
        for name, part in parts.items():
            failed += compare(secbake, path, name, part, numbers, seed)
    return 1 if failed or not paths else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
