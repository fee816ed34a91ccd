#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""warnings.py SECBAKE: what the compiler says of rules that do nothing, against what they do.

Of random policies, a rule is warned of as deciding no call, or as never true, exactly if another
action in it makes no difference to `secbake diff`; and without one that only repeats the default
there is none, in both modes, for an old and a new kernel, with and without runc's stub.
Environment: SECBAKE_SEED, SECBAKE_RANDOM_COUNT.
"""
import copy
import json
import os
import random
import re
import subprocess
import sys
import tempfile

TARGET = ["--arch", "x86_64"]
CALLS = ["read", "kcmp", "mseal", "clone3", "openat2", "cachestat"]
OPERATORS = ["all", "any", "none", "eq", "ne", "lt", "ge", "range", "in", "mask"]


def matcher(rng):
    def value():
        return rng.randrange(8)

    operator = rng.choice(OPERATORS)
    if operator == "range":
        return {operator: sorted([value(), value()])}
    if operator == "in":
        return {operator: [value(), value(), value()]}
    if operator == "mask":
        return {operator: rng.randrange(1, 8), rng.choice(["eq", "ne"]): value()}
    if operator in ("all", "any", "none") and rng.random() < .3:
        return {operator: value(), "lt": value() + 1}
    return {operator: value()}


def crossing(rng):
    """Rules with conditions on one call, each with an action of its own."""
    rules = []
    for i in range(7):
        args = {key: matcher(rng) for key in rng.sample(["type", "idx1", "idx2"], rng.choice([0, 1, 1, 1, 2]))}
        rules.append({"syscalls": "kcmp", "action": f"errno:{i + 2}", **({"args": args} if args else {})})
    return {"secbake": 1, "default": "errno:EPERM", "rules": rules}


def repeating(rng):
    """Rules most of which say what the default says."""
    rules = []
    for _ in range(6):
        rule = {"syscalls": rng.sample(CALLS, rng.choice([1, 1, 2])),
                "action": rng.choice(["errno:EPERM"] * 4 + ["log", "errno:5"])}
        if rng.random() < .4:
            rule["args"] = {"0": rng.choice([1, {"lt": 3}, {"ne": 1}])}
        if rng.random() < .2:
            rule["hold"] = True
        if rng.random() < .2:
            rule[rng.choice(["when", "unless"])] = {"minKernel": "6.0"}
        rules.append(rule)
    policy = {"secbake": 1, "default": "errno:EPERM", "rules": rules}
    if rng.random() < .3:
        policy["baseline"] = "5.5"
    return policy


def write(path, policy):
    with open(path, "w", encoding="utf-8") as file:
        json.dump(policy, file, indent=1)


def said(secbake, policy, *options):
    command = [secbake, "explain", "--syscall", "read", "--kernel", "6.12", *TARGET, *options, policy]
    return subprocess.run(command, capture_output=True, check=True, text=True).stderr


def rules_of(text, what):
    return {int(rule) for rule in re.findall(rf"/rules/(\d+)\S*: {what}", text)}


def same(secbake, *options):
    done = subprocess.run([secbake, "diff", *TARGET, *options, "a.json", "b.json"], capture_output=True,
                          check=False, text=True)
    if done.returncode > 1:
        sys.exit(done.stderr)
    return done.returncode == 0


def check_idle(secbake, policy):
    write("a.json", policy)
    text = said(secbake, "a.json")
    idle = rules_of(text, "this rule decides no call") | rules_of(text, "never true")
    for i in range(len(policy["rules"])):
        other = copy.deepcopy(policy)
        other["rules"][i]["action"] = "log"
        write("b.json", other)
        if same(secbake, "--kernel", "6.12") != (i in idle):
            yield f"/rules/{i} decides {'some call' if i in idle else 'no call'}"


def check_repeated(secbake, policy):
    write("a.json", policy)
    for stub in ("auto", "runc"):
        for i in rules_of(said(secbake, "a.json", "--enosys", stub), "this rule only repeats"):
            other = copy.deepcopy(policy)
            del other["rules"][i]
            write("b.json", other)
            for kernel in ("5.4", "6.12"):
                for mode in ("enforce", "complain"):
                    if not same(secbake, "--enosys", stub, "--kernel", kernel, "--mode", mode):
                        yield f"/rules/{i} counts: --enosys {stub}, {kernel}, {mode}"


def main():
    secbake = os.path.abspath(sys.argv[1])
    seed = int(os.environ.get("SECBAKE_SEED", "20261129"), 0)
    count = int(os.environ.get("SECBAKE_RANDOM_COUNT", "60"))
    failed = False
    print(f"SECBAKE_SEED={seed}")
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for number in range(seed, seed + count):
            rng = random.Random(number)
            for check, policy in ((check_idle, crossing(rng)), (check_repeated, repeating(rng))):
                for wrong in check(secbake, policy):
                    print(f"SECBAKE_SEED={number} SECBAKE_RANDOM_COUNT=1: {wrong}\n{json.dumps(policy)}",
                          file=sys.stderr)
                    failed = True
        os.chdir("/")
    return failed


sys.exit(main())
