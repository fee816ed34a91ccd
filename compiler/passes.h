/* SPDX-License-Identifier: MIT */
/*
 * The passes of the generator, by name: each can be left out, and none is needed
 * for a right program. passes.c is the list.
 */
#ifndef SB_PASSES_H
#define SB_PASSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sb_pass {
	SB_PASS_PEEL,
	SB_PASS_BITS,
	SB_PASS_COVER,
	SB_PASS_DIAGRAM,
	SB_PASS_FOLD_X32,
	SB_PASS_REDIRECT,
	SB_PASS_REBUILD,
	SB_PASS_BYPASS,
	SB_PASS_ANNEAL,
	SB_PASS_LAYOUT,
	SB_PASSES,
};

/*
 * Tries of the random search: a number and not a time, so that programs are the
 * same anywhere. One takes 3 to 5 us for a policy of containers' size; smaller ones get fewer.
 */
#define SB_TRIES_BEST 3000000u

/* A call whose path counts by itself: the kernel's bitmap does not answer it. */
struct sb_hot_call {
	uint32_t audit_arch, nr;
};

/* Which passes run: all, but for those that are named as left out. */
struct sb_tuning {
	const struct sb_hot_call *hot; /* the hottest first */
	uint32_t hot_count;
	bool best;	/* effort: seconds instead of milliseconds */
	uint32_t tries; /* of the random search, with best */
	uint32_t off;	/* bits: enum sb_pass */
};

struct sb_pass_text {
	const char *name, *what;
};

extern const struct sb_pass_text sb_pass_text[SB_PASSES];

static inline bool sb_pass_on(const struct sb_tuning *tuning, enum sb_pass pass)
{
	return !(tuning->off >> pass & 1);
}

/*
 * "-fold-x32,-redirect": all but these; "none,peel": none but these. False: the
 * word of size bytes at *bad is no pass.
 */
bool sb_passes_parse(const char *list, uint32_t *off, const char **bad, size_t *size);

#endif
