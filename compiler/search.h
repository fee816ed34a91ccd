/* SPDX-License-Identifier: MIT */
/* Finding the piece of a 32-bit word's range that the accumulator lies in. */
#ifndef SB_SEARCH_H
#define SB_SEARCH_H

#include "graph.h"

/* Values lo and up, to where the next piece begins, lead to target. */
struct sb_piece {
	uint32_t lo;
	uint32_t weight; /* how many calls of the kernel's tables pass here: what a longer path
			    costs */
	const struct sb_node *target;
};

/*
 * The cheapest tree of tests found for pieces (sorted by lo, the first at 0, no
 * equal neighbours), with A already loaded. NULL once the graph has failed.
 * pieces: at least one.
 */
const struct sb_node *sb_search(struct sb_graph *graph, const struct sb_piece *piece,
				uint32_t count);

#endif
