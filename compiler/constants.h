/* SPDX-License-Identifier: MIT */
/*
 * Constants of the kernel's interface, as arguments of calls take them, with
 * their values on each architecture. The table is generated
 * (scripts/gen-constants.py) from the kernel's own headers.
 */
#ifndef SB_CONSTANTS_H
#define SB_CONSTANTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <secbake/arch.h>

/*
 * The value of a constant on arch, errno names included; a negative one
 * (AT_FDCWD, PRIO_MIN ...) as two's complement of 64 bits, with *negative set.
 * False: arch's kernel has none of that name.
 */
bool sb_constant(const struct secbake_arch *arch, const char *name, uint64_t *value,
		 bool *negative);

/* Does any architecture have it? */
bool sb_constant_known(const char *name);

/* The known name nearest to a misspelt one, or NULL. */
const char *sb_constant_nearest(const char *name);

/* All names in sorted order, by index from 0; NULL past the last. */
const char *sb_constant_at(size_t index);

#endif
