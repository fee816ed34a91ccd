/* SPDX-License-Identifier: MIT */
/* Error numbers by name, as the target's kernel numbers them. */
#ifndef SB_ERRNOS_H
#define SB_ERRNOS_H

#include <secbake/arch.h>

struct sb_errno;

/* "ENOSYS"; NULL when there is none of that name. */
const struct sb_errno *sb_errno_find(const char *name);
uint32_t sb_errno_value(const struct sb_errno *entry, const struct secbake_arch *arch);
const char *sb_errno_nearest(const char *name);
/* The name of an error number on arch, the first of several; NULL when it has none. */
const char *sb_errno_name(const struct secbake_arch *arch, uint32_t number);

#endif
