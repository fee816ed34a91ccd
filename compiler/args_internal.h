/* SPDX-License-Identifier: MIT */
/* What args.c and args_diagram.c share. */
#ifndef SB_ARGS_INTERNAL_H
#define SB_ARGS_INTERNAL_H

#include "args.h"

/* Values lo and up, to where the next one begins. */
struct sb_stretch {
	uint64_t lo;
	const struct sb_node *target;
};

struct sb_stretches {
	struct sb_stretch *at;
	uint32_t count;
};

/* Adds a boundary; equal targets in a row are one stretch. */
void sb_stretch_add(struct sb_stretches *s, uint64_t lo, const struct sb_node *target);

/* Decides (args[arg] & mask) over stretches, gapless from 0. */
const struct sb_node *sb_test_argument(struct sb_graph *graph, unsigned int arg, uint64_t mask,
				       const struct sb_stretches *s);

/*
 * args_diagram.c: the decision with each argument looked at once on a path, where
 * that is shorter than other. Returns other, too, where it has too many cases.
 */
const struct sb_node *sb_decision_diagram(struct sb_graph *graph,
					  const struct sb_decision *decision,
					  const struct sb_node *other);

#endif
