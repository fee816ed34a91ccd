/* SPDX-License-Identifier: MIT */
/*
 * Shape of the generated table of constants; only constants.c and errnos.c read it.
 * No pointers: those would be relocated at each start, all 6000 rows of them.
 */
#ifndef SB_CONSTANTS_TABLE_H
#define SB_CONSTANTS_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <secbake/arch.h>

#define SB_CONSTANT_COLUMNS 23
#define SB_CONSTANT_NAME_SIZE 52

struct sb_constant_value {
	uint64_t value; /* two's complement where it is negative */
	uint32_t abis;	/* bit i: on sb_constant_columns[i] */
	bool negative;
};

struct sb_constant_row {
	char name[SB_CONSTANT_NAME_SIZE];
	bool is_errno;	 /* an error number that each ABI has */
	uint16_t others; /* index in sb_constant_others; those from there to one for no ABI */
	struct sb_constant_value usual;
};

extern const char *const sb_constant_columns[SB_CONSTANT_COLUMNS]; /* secbake_arch.name */
extern const struct sb_constant_row sb_constant_rows[];		   /* sorted by name */
extern const size_t sb_constant_row_count;
extern const struct sb_constant_value sb_constant_others[];

/* The row of that name, or NULL. In constants.c, as the next. */
const struct sb_constant_row *sb_constant_row_find(const char *name);

/* The row's value on arch, or NULL. */
const struct sb_constant_value *sb_constant_row_value(const struct sb_constant_row *row,
						      const struct secbake_arch *arch);

#endif
