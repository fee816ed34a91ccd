/* SPDX-License-Identifier: MIT */
/* Sets of values as one test of a mask. */
#ifndef SB_COVER_H
#define SB_COVER_H

#include "search.h"

/* As sb_search(), for words of arguments: with covers where these are shorter. */
const struct sb_node *sb_cover(struct sb_graph *graph, const struct sb_piece *piece,
			       uint32_t count);

#endif
