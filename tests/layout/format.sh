#!/bin/bash
# SPDX-License-Identifier: MIT
# format.sh SOURCE-DIR: every C file is as .clang-format says.
cd "$1" || exit 1
command -v clang-format >/dev/null || { echo 'SKIPPED: no clang-format'; exit 77; }
# The tables of system calls and constants are generated.
find compiler check import cache loader cli include tests boot -name '*.[ch]' ! -name syscalls_table.c ! -name constants_table.c -print0 2>/dev/null |
	xargs -0 clang-format --style=file --dry-run -Werror
