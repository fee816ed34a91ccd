/* SPDX-License-Identifier: MIT */
/*
 * Error numbers by name. Most architectures share asm-generic/errno.h; mips and
 * parisc took theirs from older systems, and powerpc differs in one alias
 * (uapi/asm/errno.h of each). A policy compiled for another machine
 * needs that machine's numbers, so libc's <errno.h> will not do: they are rows of
 * the table of constants. The few names that some architectures lack (EINIT,
 * ECANCELLED) are constants like any other, and no answers of a policy.
 */
#include "errnos.h"

#include "constants_table.h"
#include "nearest.h"

/*
 * struct sb_errno is never defined: it is a row of the table under a name of its
 * own, so that nothing but an error number passes for one.
 */
static const struct sb_constant_row *row_of(const struct sb_errno *entry)
{
	return (const struct sb_constant_row *)(const void *)entry;
}

const struct sb_errno *sb_errno_find(const char *name)
{
	const struct sb_constant_row *row = sb_constant_row_find(name);

	return row && row->is_errno ? (const struct sb_errno *)(const void *)row : NULL;
}

uint32_t sb_errno_value(const struct sb_errno *entry, const struct secbake_arch *arch)
{
	/* Never NULL: is_errno means that each ABI has it. */
	return (uint32_t)sb_constant_row_value(row_of(entry), arch)->value;
}

const char *sb_errno_nearest(const char *name)
{
	struct sb_nearest nearest = {.word = name};

	for (size_t i = 0; i < sb_constant_row_count; i++)
		if (sb_constant_rows[i].is_errno)
			sb_nearest_try(&nearest, sb_constant_rows[i].name);
	return nearest.best;
}

const char *sb_errno_name(const struct secbake_arch *arch, uint32_t number)
{
	for (size_t i = 0; i < sb_constant_row_count; i++) {
		const struct sb_constant_row *row = &sb_constant_rows[i];

		if (row->is_errno && sb_constant_row_value(row, arch)->value == number)
			return row->name;
	}
	return NULL;
}
