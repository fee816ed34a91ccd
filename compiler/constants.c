/* SPDX-License-Identifier: MIT */
/* Looking constants up in the generated table. */
#include "constants.h"

#include <stdlib.h>
#include <string.h>

#include "constants_table.h"
#include "nearest.h"

static int compare_row(const void *key, const void *row)
{
	return strcmp(key, ((const struct sb_constant_row *)row)->name);
}

const struct sb_constant_row *sb_constant_row_find(const char *name)
{
	return bsearch(name, sb_constant_rows, sb_constant_row_count, sizeof(sb_constant_rows[0]),
		       compare_row);
}

/* arch's bit in abis; 0 where it has no column, which tests/unit/test_constants.c rules out. */
static uint32_t abi_of(const struct secbake_arch *arch)
{
	for (unsigned int i = 0; i < SB_CONSTANT_COLUMNS; i++)
		if (!strcmp(sb_constant_columns[i], arch->name))
			return UINT32_C(1) << i;
	return 0;
}

const struct sb_constant_value *sb_constant_row_value(const struct sb_constant_row *row,
						      const struct secbake_arch *arch)
{
	uint32_t abi = abi_of(arch);

	if (row->usual.abis & abi)
		return &row->usual;
	for (const struct sb_constant_value *other = &sb_constant_others[row->others]; other->abis;
	     other++)
		if (other->abis & abi)
			return other;
	return NULL;
}

bool sb_constant(const struct secbake_arch *arch, const char *name, uint64_t *value, bool *negative)
{
	const struct sb_constant_row *row = sb_constant_row_find(name);
	const struct sb_constant_value *found = row ? sb_constant_row_value(row, arch) : NULL;

	if (!found)
		return false;
	*value = found->value;
	*negative = found->negative;
	return true;
}

bool sb_constant_known(const char *name)
{
	return sb_constant_row_find(name);
}

const char *sb_constant_nearest(const char *name)
{
	struct sb_nearest nearest = {.word = name};

	for (size_t i = 0; i < sb_constant_row_count; i++)
		sb_nearest_try(&nearest, sb_constant_rows[i].name);
	return nearest.best;
}

const char *sb_constant_at(size_t index)
{
	return index < sb_constant_row_count ? sb_constant_rows[index].name : NULL;
}
