/* SPDX-License-Identifier: MIT */
/*
 * Shape of the generated table; only syscalls.c reads it. No pointers: those would be
 * relocated at each start.
 */
#ifndef SB_SYSCALLS_TABLE_H
#define SB_SYSCALLS_TABLE_H

#include "syscalls.h"

#define SB_SYSCALL_COLUMNS 17

#define SB_SYSCALL_NAME_SIZE 32
#define SB_SYSCALL_ONLY_SIZE 72
#define SB_SYSCALL_TYPE_SIZE 44
#define SB_SYSCALL_ARG_SIZE 19

struct sb_syscall_row {
	char name[SB_SYSCALL_NAME_SIZE];
	int32_t nr[SB_SYSCALL_COLUMNS];	    /* seccomp_data.nr, -1: none */
	uint16_t since[SB_SYSCALL_COLUMNS]; /* major << 8 | minor, 0: none */
};

/* A struct sb_arg, in 64 bytes. */
struct sb_syscall_arg {
	uint8_t class;
	char type[SB_SYSCALL_TYPE_SIZE], name[SB_SYSCALL_ARG_SIZE];
};

struct sb_syscall_args_row {
	char name[SB_SYSCALL_NAME_SIZE];
	char only[SB_SYSCALL_ONLY_SIZE]; /* "x86,arm": for these architectures; "": for all others
					  */
	int8_t count;
	struct sb_syscall_arg arg[6];
};

extern const char *const sb_syscall_columns[SB_SYSCALL_COLUMNS];
extern const struct sb_syscall_row sb_syscall_rows[]; /* sorted by name */
extern const size_t sb_syscall_row_count;
extern const struct sb_syscall_args_row sb_syscall_args_rows[]; /* sorted by name */
extern const size_t sb_syscall_args_row_count;

#endif
