/* SPDX-License-Identifier: MIT */
/*
 * Search by random moves, each of which leaves the net deciding right. A move for
 * the worse is taken at times, ever more seldom (simulated annealing).
 * What it does depends on the policy alone: whole numbers, a seed made of what the
 * policy decides, and a number of tries instead of a clock.
 */
#include "net_moves.h"

/*
 * Temperatures, in ps. A start as warm as half an instruction spends its tries on what
 * the way down undoes; one of a tenth of an instruction stays where it began. The way ends
 * where a step for one number still matters little: what comes then is the jumps' turn.
 */
#define WARM 20000u
#define COLD 1500u
#define TEPID 2200u

struct search {
	struct sb_net *net;
	struct sb_net_mover mover;
	struct sb_net_shape best;
	uint64_t cost, best_cost;
};

/* How much worse a move may be, in ps: temperature * -ln(random), in whole numbers. */
static uint64_t leave(struct search *s, uint64_t temperature)
{
	uint64_t r = sb_net_random(&s->mover) | 1;
	unsigned int zeros = (unsigned int)__builtin_clzll(r);
	uint64_t log2 = (zeros + 1) * 256u -
			(r << zeros << 1 >> 56); /* of 1/random, 8 bits behind the point */

	return temperature * log2 / 256 * 177 / 256;
}

static void try_move(struct search *s, uint64_t temperature)
{
	struct sb_net *net = s->net;

	if (!sb_net_move(&s->mover) ||
	    !sb_net_try(net, &s->mover.trial, s->cost + leave(s, temperature), &s->cost))
		return;
	sb_net_decide_again(net, &s->mover.trial);
	if (s->cost < s->best_cost) {
		s->best_cost = s->cost;
		sb_net_shape_copy(net, &s->best, &net->shape);
	}
}

static bool has_tests(const struct sb_net *net)
{
	for (uint32_t i = 0; i < net->view.order_count; i++)
		if (net->shape.node[net->view.order[i]].kind != SB_NET_LEAF)
			return true;
	return false;
}

/* So many tries, while the temperature falls evenly, in ps. */
static void anneal(struct search *s, uint32_t tries, uint64_t hot, uint64_t cold)
{
	struct sb_net *net = s->net;

	s->cost = s->best_cost = sb_net_measure(net, &net->shape);
	sb_net_decide(net, &net->shape);
	sb_net_shape_copy(net, &s->best, &net->shape);
	for (uint32_t i = 0; i < tries && has_tests(net); i++)
		try_move(s, hot - (hot - cold) * i / tries);
	sb_net_shape_copy(net, &net->shape, &s->best);
	sb_net_measure(net, &net->shape);
}

/* Fewer for smaller nets: moves and what they can lead to both grow with the nodes. */
static uint32_t tries_for(const struct sb_net *net, uint32_t tries)
{
	const uint32_t large = 160;
	uint32_t nodes = net->view.order_count < large ? net->view.order_count : large;

	return (uint32_t)((uint64_t)tries * nodes * nodes / (large * large));
}

/*
 * At first without the price of jumps: it depends on the order of all nodes, so that any
 * move changes it in places that have nothing to do with it, by more than it gains. Then
 * with it, only a little warm.
 */
void sb_net_search(struct sb_net *net, uint32_t tries)
{
	struct search s = {.net = net};

	if (!sb_net_mover_init(&s.mover, net) || !sb_net_shape_new(net, &s.best))
		return;
	tries = tries_for(net, tries);
	net->jumps_are_free = true;
	anneal(&s, tries - tries / 8, WARM, COLD);
	net->jumps_are_free = false;
	anneal(&s, tries / 8, TEPID, 0);
}
