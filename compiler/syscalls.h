/* SPDX-License-Identifier: MIT */
/*
 * System calls: names, numbers, releases and argument types. The table is
 * generated (scripts/gen-syscalls.py); names that it lacks come from the
 * installed libseccomp.
 */
#ifndef SB_SYSCALLS_H
#define SB_SYSCALLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <secbake/arch.h>

/* How the kernel reads an argument. */
enum sb_arg_class {
	SB_ARG_NONE = 0, /* the call has no such argument, or it is not known */
	SB_ARG_PTR,
	SB_ARG_U64,
	SB_ARG_S64,
	SB_ARG_U32,
	SB_ARG_S32,
	SB_ARG_U16,
	SB_ARG_FD,   /* descriptor declared int or unsigned int */
	SB_ARG_FD64, /* descriptor declared unsigned long, used as 32 bits */
};

struct sb_arg {
	enum sb_arg_class class;
	const char *type; /* C type as the kernel declares it */
	const char *name;
};

/* Does any architecture have a call of this name? Our table and libseccomp's. */
bool sb_syscall_known(const char *name);

/* All names of our table in sorted order, by index from 0; NULL past the last. */
const char *sb_syscall_at(size_t index);

/* Its number as seccomp_data.nr shows it on arch (x32: with bit 30); false: no such call there. */
bool sb_syscall_number(const struct secbake_arch *arch, const char *name, uint32_t *nr);

/* The same for several architectures at once; SB_SYSCALL_NONE where there is no such call. */
#define SB_SYSCALL_NONE UINT32_MAX
void sb_syscall_numbers(const struct secbake_arch *const *arch, uint32_t count, const char *name,
			uint32_t *nr);

/* The name of a number (seccomp_data.nr), or NULL; from our table only. */
const char *sb_syscall_name(const struct secbake_arch *arch, uint32_t nr);

/*
 * The release that put the call into arch's table, as SECBAKE_KERNEL(X, Y): an
 * upper bound where the exact one is not established; 2.6 and older are
 * SECBAKE_KERNEL(2, 6). False: not known.
 */
bool sb_syscall_since(const struct secbake_arch *arch, const char *name, uint32_t *kernel);

/* Arguments as arch declares them; returns their number, or -1 when not known. */
int sb_syscall_args(const struct secbake_arch *arch, const char *name, struct sb_arg args[6]);

/* The known name nearest to a misspelt one, or NULL if none is near. */
const char *sb_syscall_nearest(const char *name);

/* Largest number in arch's own table (with bit 30 on x32). */
uint32_t sb_syscall_last(const struct secbake_arch *arch);

#endif
