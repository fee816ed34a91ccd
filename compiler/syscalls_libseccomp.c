/* SPDX-License-Identifier: MIT */
/* The one file that includes libseccomp's header. */
#include "syscalls_libseccomp.h"

#include <seccomp.h>

/* libseccomp's token: AUDIT_ARCH_* but for x32, which it makes up. */
static uint32_t token_of(const struct secbake_arch *arch)
{
	return arch->x32 ? SCMP_ARCH_X32 : arch->audit_arch;
}

bool sb_libseccomp_number(const struct secbake_arch *arch, const char *name, uint32_t *nr)
{
	int number = seccomp_syscall_resolve_name_arch(token_of(arch), name);

	/* Negative: unknown, or a pseudo number for calls that other ABIs have. */
	if (number < 0)
		return false;
	*nr = (uint32_t)number;
	return true;
}
