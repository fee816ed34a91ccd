/* SPDX-License-Identifier: MIT */
/*
 * The number of a user or group in passwd(5) or group(5), as the compiler takes it
 * and the loader looks at it again: one reader, so that they cannot disagree. libc
 * only, no heap.
 */
#ifndef SB_ACCOUNTS_H
#define SB_ACCOUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <secbake/blob.h>

#include "cache/lookup.h"

/* Zero it, then set the name. Text may come in any pieces. */
struct sb_account_scan {
	const char *name;
	size_t matched;	    /* bytes of it that this line begins with */
	unsigned int field; /* of this line, counted from 0 */
	unsigned int digits;
	bool other; /* this line is not the one */
	uint64_t id;
};

/*
 * True once id is the number in field 2 of the first line whose field 0 is the name.
 * A line of fewer than four fields, or with anything but a number of 32 bits there, is
 * passed over, as getpwnam(3) does.
 */
bool sb_account_scan(struct sb_account_scan *scan, const char *bytes, size_t size);

/* "user:NAME" or "group:NAME", with a NAME that a line can have? */
bool sb_account_name_valid(const char *name);

/* A number as a source's content: four bytes, the lowest first, then zeros. */
struct secbake_hash sb_account_content(uint32_t id);

/*
 * Is the number of "user:NAME" or "group:NAME" still the one in content? OK; STALE;
 * MISSING: there is no such file, or no such line; or why it cannot be told.
 */
enum secbake_status sb_account_check(const struct sb_lookup *lookup, const char *name,
				     const struct secbake_hash *content,
				     struct secbake_error *error);

#endif
