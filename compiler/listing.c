/* SPDX-License-Identifier: MIT */
/* The tables of calls and constants, as libsecbake shows them to its users. */
#include <secbake/inspect.h>

#include "constants.h"
#include "syscalls.h"

const char *secbake_syscall_at(size_t index)
{
	return sb_syscall_at(index);
}

bool secbake_syscall_describe(const struct secbake_arch *arch, const char *name,
			      struct secbake_syscall *syscall)
{
	struct secbake_syscall found = {0};
	struct sb_arg args[6] = {{0}};

	if (!sb_syscall_number(arch, name, &found.nr))
		return false;
	if (!sb_syscall_since(arch, name, &found.since))
		found.since = 0;
	found.arg_count = sb_syscall_args(arch, name, args);
	for (int i = 0; i < found.arg_count; i++) {
		found.arg[i].type = args[i].type;
		found.arg[i].name = args[i].name;
	}
	*syscall = found;
	return true;
}

bool secbake_constant(const struct secbake_arch *arch, const char *name, uint64_t *value,
		      bool *negative)
{
	return sb_constant(arch, name, value, negative);
}

const char *secbake_constant_at(size_t index)
{
	return sb_constant_at(index);
}

const char *secbake_constant_nearest(const char *name)
{
	return sb_constant_nearest(name);
}
