/* SPDX-License-Identifier: MIT */
/*
 * Formats whose compilers compare whole registers without a sign, whatever the kernel
 * makes of the argument: what a matcher must say to do the same.
 */
#include "import.h"

#include <string.h>

#include "compiler/syscalls.h"

#define ARGUMENTS 6

void sb_out_compare_registers(struct sb_out_matcher *matcher, const struct secbake_arch *arch,
			      const char *call, uint32_t argument, const char *op)
{
	struct sb_arg arg[ARGUMENTS];
	int count = sb_syscall_args(arch, call, arg);
	enum sb_arg_class class = count > (int)argument ? arg[argument].class : SB_ARG_NONE;
	bool wide = class == SB_ARG_NONE || class == SB_ARG_PTR || class == SB_ARG_U64 ||
		    class == SB_ARG_S64;
	bool order = *op == 'l' || *op == 'g';

	if (!wide && arch->bits == 64 && strcmp(op, "all") != 0)
		matcher->width = 64;
	if (order && (class == SB_ARG_S32 || class == SB_ARG_S64 || class == SB_ARG_FD))
		matcher->is_signed = 0;
}
