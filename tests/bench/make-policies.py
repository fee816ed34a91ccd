#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""make-policies.py COUNT FOLDER POLICY...: writes policies p00000.json ... into FOLDER.

Each is one of the given ones in turn, of the OCI dialect, with a rule of its
own in front, so that no two are alike and each has to be compiled. The rule is
about personality(2) with one certain argument, which no policy here cares about.
"""
import json
import os
import sys


def main():
    count, folder = int(sys.argv[1]), sys.argv[2]
    documents = []
    for path in sys.argv[3:]:
        with open(path, encoding="utf-8") as file:
            document = json.load(file)
        if "defaultAction" in document:
            documents.append(document)
    if not documents:
        sys.exit("make-policies.py: none of the policies is one of the OCI dialect")
    os.makedirs(folder, exist_ok=True)
    for number in range(count):
        document = dict(documents[number % len(documents)])
        own = {
            "names": ["personality"],
            "action": "SCMP_ACT_ERRNO",
            "errnoRet": 1 + number % 4000,
            "args": [{"index": 0, "value": 0x10000000 + number, "op": "SCMP_CMP_EQ"}],
        }
        document["syscalls"] = [own] + list(document.get("syscalls") or [])
        with open(f"{folder}/p{number:05}.json", "w", encoding="utf-8") as file:
            json.dump(document, file, indent=1)
            file.write("\n")


main()
