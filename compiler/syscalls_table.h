/* SPDX-License-Identifier: MIT */
/* Shape of the generated table; only syscalls.c reads it. */
#ifndef SB_SYSCALLS_TABLE_H
#define SB_SYSCALLS_TABLE_H

#include "syscalls.h"

#define SB_SYSCALL_COLUMNS 17

struct sb_syscall_row {
	const char *name;
	int32_t nr[SB_SYSCALL_COLUMNS];	    /* seccomp_data.nr, -1: none */
	uint16_t since[SB_SYSCALL_COLUMNS]; /* major << 8 | minor, 0: none */
};

struct sb_syscall_args_row {
	const char *name;
	const char *only; /* "x86,arm": for these architectures; NULL: for all others */
	int8_t count;
	struct sb_arg arg[6];
};

extern const char *const sb_syscall_columns[SB_SYSCALL_COLUMNS];
extern const struct sb_syscall_row sb_syscall_rows[]; /* sorted by name */
extern const size_t sb_syscall_row_count;
extern const struct sb_syscall_args_row sb_syscall_args_rows[]; /* sorted by name */
extern const size_t sb_syscall_args_row_count;

#endif
