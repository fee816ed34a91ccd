/* SPDX-License-Identifier: MIT */
/* "did you mean": the word nearest to a misspelt one. */
#ifndef SB_NEAREST_H
#define SB_NEAREST_H

#include <stddef.h>

/* Set word, try each candidate, read best: NULL when none is near enough. */
struct sb_nearest {
	const char *word;
	const char *best;
	size_t distance; /* of best, while it is not NULL */
};

/*
 * Takes candidate (borrowed) if its edit distance (insert, delete, replace,
 * swap of neighbours) is the least so far and at most a third of the word's
 * length, one at least. Words over 64 bytes have no neighbours.
 */
void sb_nearest_try(struct sb_nearest *nearest, const char *candidate);

#endif
