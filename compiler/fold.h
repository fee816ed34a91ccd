/* SPDX-License-Identifier: MIT */
/* x32 beside x86_64. */
#ifndef SB_FOLD_H
#define SB_FOLD_H

#include "search.h"

/*
 * x32: pieces of the numbers from bit 30 on, the first one's lo being 0 as in any
 * search; low: those of x86_64, all below the bit, which low_root decides. Returns
 * what decides the numbers from the bit on.
 */
const struct sb_node *sb_fold(struct sb_graph *graph, const struct sb_piece *x32,
			      uint32_t x32_count, const struct sb_piece *low, uint32_t low_count,
			      const struct sb_node *low_root);

#endif
