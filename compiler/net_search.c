/* SPDX-License-Identifier: MIT */
/*
 * Search by random moves, each of which leaves the net deciding right. A move for
 * the worse is taken at times, ever more seldom (simulated annealing).
 * What it does depends on the policy alone: whole numbers, a seed made of what the
 * policy decides, and a number of tries instead of a clock.
 */
#include <linux/filter.h>

#include <secbake/features.h>

#include "cost.h"
#include "net.h"

struct search {
	struct sb_net *net;
	uint64_t random;
	struct sb_net_shape trial, best;
	uint32_t *boundary; /* numbers at which decisions change */
	uint32_t boundary_count;
	struct sb_net_rebuild *rebuild;
	uint16_t select[2];
	uint32_t select_count;
	uint64_t cost, best_cost;
};

/* An edge of the trial: of a node, or into a map's root. */
struct edge {
	uint16_t *to;
	uint16_t from; /* SB_NET_NONE: none */
	bool select;   /* of a SELECT */
	uint64_t set[SB_NET_WORDS_MAX];
};

static uint64_t random_next(struct search *s)
{
	uint64_t z = s->random += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static uint32_t below(struct search *s, uint32_t bound)
{
	return (uint32_t)((random_next(s) >> 32) * bound >> 32);
}

static bool decides_right(const struct sb_net *net, const uint64_t *set, uint16_t node)
{
	return sb_net_within(net, set, sb_net_set(net, net->decides, node));
}

/* A SELECT leaves another word in the accumulator. */
static bool may_follow(const struct sb_net *net, bool select, uint16_t node)
{
	return !select || net->shape.node[node].kind <= SB_NET_SELECT;
}

/* Any node in use that decides right for set and does not lead to from; SB_NET_NONE: there is none.
 */
static uint16_t any_right(struct search *s, const uint64_t *set, uint16_t from, uint16_t but,
			  bool select)
{
	const struct sb_net *net = s->net;
	uint32_t at = below(s, net->view.order_count);

	for (uint32_t i = 0; i < net->view.order_count; i++, at++) {
		uint16_t node = net->view.order[at % net->view.order_count];

		if (node != but && node != from && may_follow(net, select, node) &&
		    decides_right(net, set, node) &&
		    (from == SB_NET_NONE || !sb_net_leads_to(net, &net->shape, node, from)))
			return node;
	}
	return SB_NET_NONE;
}

/* A node with successors; the current shape must have one. */
static uint16_t any_node(struct search *s)
{
	uint16_t node;

	do
		node = s->net->view.order[below(s, s->net->view.order_count)];
	while (s->net->shape.node[node].kind == SB_NET_LEAF);
	return node;
}

static void any_edge(struct search *s, struct edge *edge)
{
	struct sb_net *net = s->net;
	struct sb_net_node *node;
	bool yes = below(s, 2);

	if (!below(s, net->view.order_count)) {
		uint32_t map = below(s, net->map_count);
		const uint64_t *start = sb_net_set(net, net->start, map);

		edge->to = &s->trial.root[map];
		edge->from = SB_NET_NONE;
		edge->select = false;
		for (uint32_t w = 0; w < net->words; w++)
			edge->set[w] = start[w];
		return;
	}
	edge->from = any_node(s);
	node = &s->trial.node[edge->from];
	if (node->kind == SB_NET_MASK)
		yes = true;
	edge->to = yes ? &node->t : &node->f;
	edge->select = node->kind == SB_NET_SELECT;
	sb_net_edge(net, node, sb_net_set(net, net->view.reach, edge->from), yes, edge->set);
}

/* A test: one that is in use, or one where decisions change. */
static uint16_t any_test(struct search *s)
{
	uint32_t k = s->boundary[below(s, s->boundary_count)];
	const struct sb_net_node *node;

	switch (below(s, 8)) {
	case 0:
	case 1:
		node = &s->net->shape.node[any_node(s)];
		if (node->kind == SB_NET_TEST)
			return node->test;
		return sb_net_test(s->net, BPF_JGE, k);
	case 2:
	case 3:
	case 4:
		return sb_net_test(s->net, BPF_JGE, k);
	case 5:
	case 6:
		return sb_net_test(s->net, BPF_JEQ, k);
	default:
		return sb_net_test(s->net, BPF_JSET,
				   1u << below(s, 9) | (below(s, 2) ? 1u << below(s, 9) : 0));
	}
}

static bool divide(const struct sb_net *net, uint16_t test, const uint64_t *set, uint64_t *yes,
		   uint64_t *no)
{
	uint64_t some_yes = 0, some_no = 0;

	for (uint32_t w = 0; w < net->words; w++) {
		some_yes |= yes[w] = set[w] & net->test[test].yes[w];
		some_no |= no[w] = set[w] & net->test[test].no[w];
	}
	return some_yes && some_no;
}

/* A free place for a node in the trial. */
static uint16_t new_node(struct search *s)
{
	const struct sb_net *net = s->net;

	for (uint32_t i = net->leaf_count; i < s->trial.count; i++)
		if (net->view.position[i] == SB_NET_NONE)
			return (uint16_t)i;
	return s->trial.count < SB_NET_NODES_MAX ? (uint16_t)s->trial.count++ : SB_NET_NONE;
}

static bool move_edge(struct search *s)
{
	struct edge edge;
	uint16_t to;

	any_edge(s, &edge);
	to = any_right(s, edge.set, edge.from, *edge.to, edge.select);
	if (to == SB_NET_NONE)
		return false;
	*edge.to = to;
	return true;
}

/* A test in front of what an edge leads to; one side may lead elsewhere. */
static bool insert_test(struct search *s)
{
	uint64_t yes[SB_NET_WORDS_MAX], no[SB_NET_WORDS_MAX];
	struct sb_net_node made = {.kind = SB_NET_TEST, .t_first = below(s, 2)};
	struct edge edge;
	uint16_t node, other;

	any_edge(s, &edge);
	if (edge.select)
		return false;
	made.test = any_test(s);
	if (made.test == SB_NET_NONE || !divide(s->net, made.test, edge.set, yes, no))
		return false;
	made.t = made.f = *edge.to;
	if (below(s, 4)) {
		bool side = below(s, 2);

		other = any_right(s, side ? yes : no, edge.from, *edge.to, false);
		if (other != SB_NET_NONE)
			*(side ? &made.t : &made.f) = other;
	}
	node = new_node(s);
	if (node == SB_NET_NONE)
		return false;
	s->trial.node[node] = made;
	*edge.to = node;
	return true;
}

/* Where an edge leads, what is not of one kind is told apart at once, by a SELECT. */
static bool insert_select(struct search *s)
{
	const struct sb_net *net = s->net;
	uint64_t yes[SB_NET_WORDS_MAX], no[SB_NET_WORDS_MAX];
	struct sb_net_node made = {.kind = SB_NET_SELECT, .t_first = below(s, 2)};
	struct edge edge;
	uint16_t node;

	any_edge(s, &edge);
	made.test = s->select[below(s, s->select_count)];
	if (!divide(net, made.test, edge.set, yes, no))
		return false;
	made.t = any_right(s, yes, edge.from, SB_NET_NONE, true);
	made.f = any_right(s, no, edge.from, SB_NET_NONE, true);
	node = new_node(s);
	if (made.t == SB_NET_NONE || made.f == SB_NET_NONE || node == SB_NET_NONE)
		return false;
	s->trial.node[node] = made;
	*edge.to = node;
	return true;
}

static bool change_test(struct search *s)
{
	const struct sb_net *net = s->net;
	uint64_t yes[SB_NET_WORDS_MAX], no[SB_NET_WORDS_MAX];
	uint16_t index = any_node(s);
	struct sb_net_node *node = &s->trial.node[index];
	uint16_t test = any_test(s);

	if (node->kind != SB_NET_TEST || test == SB_NET_NONE || test == node->test ||
	    !divide(net, test, sb_net_set(net, net->view.reach, index), yes, no))
		return false;
	node->test = test;
	if (below(s, 2)) {
		uint16_t t = node->t;

		node->t = node->f;
		node->f = t;
	}
	if (!decides_right(net, yes, node->t))
		node->t = any_right(s, yes, index, SB_NET_NONE, false);
	if (!decides_right(net, no, node->f))
		node->f = any_right(s, no, index, SB_NET_NONE, false);
	return node->t != SB_NET_NONE && node->f != SB_NET_NONE;
}

/* All edges into a node go elsewhere, each where it may. */
static bool drop_node(struct search *s)
{
	struct sb_net *net = s->net;
	uint16_t index = any_node(s);
	struct edge edge;

	for (uint32_t i = 0; i < net->map_count; i++)
		if (s->trial.root[i] == index)
			return false;
	for (uint32_t i = 0; i < net->view.position[index]; i++) {
		uint16_t from = net->view.order[i];
		struct sb_net_node *node = &s->trial.node[from];

		for (int yes = 1; node->kind != SB_NET_LEAF && yes >= 0; yes--) {
			uint16_t *to = yes ? &node->t : &node->f;

			if (*to != index)
				continue;
			sb_net_edge(net, node, sb_net_set(net, net->view.reach, from), yes,
				    edge.set);
			*to = any_right(s, edge.set, from, index, node->kind == SB_NET_SELECT);
			if (*to == SB_NET_NONE)
				return false;
		}
	}
	return true;
}

static bool turn_order(struct search *s)
{
	struct sb_net_node *node = &s->trial.node[any_node(s)];

	node->t_first = !node->t_first;
	return true;
}

/* What an edge leads to is made anew, with prices that are a little off. */
static bool rebuild(struct search *s)
{
	struct edge edge;

	any_edge(s, &edge);
	return !edge.select && sb_net_rebuild(s->rebuild, &s->trial, edge.from, edge.to, edge.set,
					      60 + below(s, 81));
}

static bool move(struct search *s)
{
	if (!below(s, 32))
		return rebuild(s);
	switch (below(s, 16)) {
	case 0:
	case 1:
	case 2:
	case 3:
	case 4:
		return move_edge(s);
	case 5:
	case 6:
	case 7:
		return insert_test(s);
	case 8:
		return s->select_count ? insert_select(s) : insert_test(s);
	case 9:
	case 10:
	case 11:
		return change_test(s);
	case 12:
	case 13:
		return drop_node(s);
	default:
		return turn_order(s);
	}
}

/* How much worse a move may be, in ps: temperature * -ln(random), in whole numbers. */
static uint64_t leave(struct search *s, uint64_t temperature)
{
	uint64_t r = random_next(s) | 1;
	unsigned int zeros = (unsigned int)__builtin_clzll(r);
	uint64_t log2 = (zeros + 1) * 256u -
			(r << zeros << 1 >> 56); /* of 1/random, 8 bits behind the point */

	return temperature * log2 / 256 * 177 / 256;
}

static void try_move(struct search *s, uint64_t temperature)
{
	struct sb_net *net = s->net;

	sb_net_shape_copy(net, &s->trial, &net->shape);
	if (!move(s) || !sb_net_try(net, &s->trial, s->cost + leave(s, temperature), &s->cost))
		return;
	sb_net_decide(net, &net->shape);
	if (s->cost < s->best_cost) {
		s->best_cost = s->cost;
		sb_net_shape_copy(net, &s->best, &net->shape);
	}
}

static bool collect_boundaries(struct search *s)
{
	const struct sb_net *net = s->net;

	s->boundary = sb_alloc(net->graph->arena, (size_t)net->words * 64, sizeof(*s->boundary));
	if (!s->boundary)
		return false;
	for (uint32_t leaf = 0; leaf < net->leaf_count; leaf++) {
		const uint64_t *right = sb_net_set(net, net->right, leaf);

		for (uint32_t a = 0; a < net->words * 64; a++) {
			bool in = right[a / 64] >> a % 64 & 1;
			bool before = a && right[(a - 1) / 64] >> (a - 1) % 64 & 1;

			if (in && !before && net->atom[a].lo && s->boundary_count < net->words * 64)
				s->boundary[s->boundary_count++] = net->atom[a].lo;
		}
	}
	return s->boundary_count > 0;
}

static bool has_tests(const struct sb_net *net)
{
	for (uint32_t i = 0; i < net->view.order_count; i++)
		if (net->shape.node[net->view.order[i]].kind != SB_NET_LEAF)
			return true;
	return false;
}

void sb_net_search(struct sb_net *net, uint32_t tries)
{
	struct search s = {.net = net, .random = net->seed};
	const uint64_t hottest = SB_COST_INSN * 2ull;

	s.rebuild = sb_net_rebuild_new(net);
	if (!s.rebuild || !sb_net_shape_new(net, &s.trial) || !sb_net_shape_new(net, &s.best) ||
	    !collect_boundaries(&s))
		return;
	if (net->map_count == 2)
		s.select[s.select_count++] = sb_net_test(net, SB_SELECT_ARCH, net->arch[1]);
	if (net->x32_words)
		s.select[s.select_count++] = sb_net_test(net, SB_SELECT_X32, SECBAKE_X32_BIT);
	s.cost = s.best_cost = sb_net_measure(net, &net->shape);
	if (!has_tests(net))
		return;
	sb_net_decide(net, &net->shape);
	sb_net_shape_copy(net, &s.best, &net->shape);
	for (uint32_t i = 0; i < tries; i++) {
		uint64_t left = tries - i, part = left * left / tries; /* cools by the square */

		try_move(&s, hottest * part / tries);
		if (!has_tests(net))
			break;
	}
	sb_net_shape_copy(net, &net->shape, &s.best);
	sb_net_measure(net, &net->shape);
}
