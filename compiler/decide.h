/* SPDX-License-Identifier: MIT */
/*
 * Deciding: a resolved layer becomes, for each architecture, a total map from
 * number to decision, neighbours with equal decisions merged.
 */
#ifndef SB_DECIDE_H
#define SB_DECIDE_H

#include <secbake/error.h>

#include "arena.h"
#include "resolved.h"

/* A clause and the action it leads to; the first that holds decides. */
struct sb_case {
	struct sb_clause clause; /* at least one condition */
	uint32_t action;
};

/* Equal decisions are one object: compare pointers. */
struct sb_decision {
	uint32_t id;	     /* from 0, in order of making */
	uint32_t case_count; /* 0: fallback, whatever the arguments */
	const struct sb_case *cases;
	uint32_t fallback;
	const struct sb_decision *chain;
};

struct sb_range {
	uint32_t lo, hi; /* both included */
	const struct sb_decision *decision;
};

struct sb_number_map {
	uint32_t audit_arch;
	uint32_t range_count; /* sorted, gapless from 0 to 0xffffffff, no equal neighbours */
	const struct sb_range *range;
};

struct sb_decided {
	uint32_t map_count; /* as in the layer */
	const struct sb_number_map *map;
	uint32_t foreign;
	uint32_t decision_count;
};

/*
 * Conditions that cannot fail are dropped, clauses that cannot hold too; cases
 * behind one that always holds, and last ones that decide as the fallback.
 * Return: SECBAKE_OK or SECBAKE_ERR_MEMORY.
 */
enum secbake_status sb_decide(struct sb_arena *arena, const struct sb_layer *layer,
			      struct sb_decided *decided, struct secbake_error *error);

#endif
