/* SPDX-License-Identifier: MIT */
/*
 * Small changes of a net, chosen at random, each of which leaves it deciding
 * right. What they are chosen by is whole numbers only, so that the same net and
 * the same seed come to the same changes on any machine.
 */
#ifndef SB_NET_MOVES_H
#define SB_NET_MOVES_H

#include "net.h"

struct sb_net_mover {
	struct sb_net *net;
	uint64_t random; /* state: a seed at first */
	struct sb_net_shape trial;
	struct sb_net_rebuild *rebuild;
};

/* False: out of memory. */
bool sb_net_mover_init(struct sb_net_mover *m, struct sb_net *net);

/*
 * Makes trial a changed copy of the net's current shape, for which view and
 * decides are up to date. False: what was chosen cannot be done here, or would
 * change nothing.
 */
bool sb_net_move(struct sb_net_mover *m);

/* The next random number, and one from 0 to bound - 1. */
uint64_t sb_net_random(struct sb_net_mover *m);
uint32_t sb_net_below(struct sb_net_mover *m, uint32_t bound);

#endif
