/* SPDX-License-Identifier: MIT */
/* Names of capabilities, which includes and excludes of policies ask for. */
#ifndef SB_CAPABILITIES_H
#define SB_CAPABILITIES_H

#include <stdbool.h>

/* "CAP_SYS_ADMIN" */
bool sb_capability_known(const char *name);

/* The known one nearest to a misspelt one, or NULL. */
const char *sb_capability_nearest(const char *name);

#endif
