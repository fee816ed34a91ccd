/* SPDX-License-Identifier: MIT */
/* What the installed libseccomp knows beyond our table. */
#ifndef SB_SYSCALLS_LIBSECCOMP_H
#define SB_SYSCALLS_LIBSECCOMP_H

#include <secbake/arch.h>

/* seccomp_data.nr of a name on arch; false where libseccomp has none, or does not know arch. */
bool sb_libseccomp_number(const struct secbake_arch *arch, const char *name, uint32_t *nr);

#endif
