# SPDX-License-Identifier: MIT
"""What the tests of imported policies share."""
import ctypes
import json
import subprocess
import sys

ARCHES = {"x86_64": 0xC000003E, "x86": 0x40000003, "x32": 0xC000003E}
TOP = 1 << 64


def run(*command, warn=False, **more):
    """Its output; with warn what it said on stderr, notes left out."""
    done = subprocess.run(command, capture_output=True, check=False, **more)
    if done.returncode:
        sys.exit(f"{' '.join(command)}: status {done.returncode}\n{done.stderr.decode()}")
    if warn:
        said = done.stderr.decode().splitlines()
        return "\n".join(line for line in said if not line.startswith("note: "))
    return done.stdout


class Library:
    """What libseccomp, knows of names."""

    def __init__(self):
        self.lib = ctypes.CDLL("libseccomp.so.2")
        self.lib.seccomp_syscall_resolve_name_arch.argtypes = [ctypes.c_uint32, ctypes.c_char_p]

    def knows(self, name):
        return self.lib.seccomp_syscall_resolve_name_arch(ARCHES["x86_64"], name.encode()) != -1

    def number(self, arch, name):
        return self.lib.seccomp_syscall_resolve_name_arch(ARCHES[arch], name.encode())


def table(secbake, arch):
    out = run(secbake, "syscalls", "--arch", arch, "--json").decode()
    return [json.loads(line) for line in out.splitlines()]


def interesting(value):
    low = value & 0xFFFFFFFF
    return [v % TOP for v in (value, value - 1, value + 1, low, low | 1 << 32, low | 0xFFFFFFFF << 32,
                              (low + 1) | 1 << 63, ~value, value << 1, value >> 1)]


def verdicts(secbake, program, lines):
    out = run(secbake, "emu", "--arch", "x86_64", program, input="".join(lines).encode())
    return out.decode().splitlines()
