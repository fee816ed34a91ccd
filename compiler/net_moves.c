/* SPDX-License-Identifier: MIT */
/*
 * The moves. A move that comes to nothing costs as much as one that counts, so
 * what is chosen is chosen among what fits: a constant within the gap that the
 * numbers leave, a node that decides right for what would take the edge.
 */
#include "mask.h"
#include "net_moves.h"

#include <linux/filter.h>

/* What is made anew by dynamic programming at once: its time grows with the third power. */
#define REBUILT_PIECES_MAX 32u

/* Above the kernel's numbers: one of these bits says as much as another. */
#define HIGH_BITS (SB_MASK_BITS & ~0x3ffu)

/* An edge of the trial: of a node, or into a map's root. */
struct edge {
	uint16_t *to;
	uint16_t from; /* SB_NET_NONE: none */
	struct sb_net_part part;
	uint64_t set[SB_NET_WORDS_MAX];
};

uint64_t sb_net_random(struct sb_net_mover *m)
{
	uint64_t z = m->random += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

uint32_t sb_net_below(struct sb_net_mover *m, uint32_t bound)
{
	return (uint32_t)((sb_net_random(m) >> 32) * bound >> 32);
}

static bool decides_right(const struct sb_net *net, struct sb_net_part part, uint16_t node)
{
	return sb_net_within(part, sb_net_set(net, net->decides, node));
}

/*
 * A node in use, other than but, that decides right for part and does not lead to
 * from, behind what is settled for part; SB_NET_NONE: there is none.
 */
static uint16_t any_right(struct sb_net_mover *m, struct sb_net_part part, uint16_t from,
			  uint16_t but)
{
	const struct sb_net *net = m->net;
	uint32_t at = sb_net_below(m, net->view.order_count);

	for (uint32_t i = 0; i < net->view.order_count; i++, at++) {
		uint16_t node;

		if (at == net->view.order_count)
			at = 0;
		node = net->view.order[at];
		if (!decides_right(net, part, node))
			continue;
		node = sb_net_skip(net, &net->shape, part, node);
		if (node != but && node != from &&
		    (from == SB_NET_NONE || !sb_net_leads_to(net, &net->shape, node, from)))
			return node;
	}
	return SB_NET_NONE;
}

/* A node with successors, rather one far from the roots; the current shape must have one. */
static uint16_t any_node(struct sb_net_mover *m)
{
	const struct sb_net *net = m->net;
	uint32_t a, b;
	uint16_t node;

	do {
		a = sb_net_below(m, net->view.order_count);
		b = sb_net_below(m, net->view.order_count);
		node = net->view.order[a > b ? a : b];
	} while (net->shape.node[node].kind == SB_NET_LEAF);
	return node;
}

static void any_edge(struct sb_net_mover *m, struct edge *edge)
{
	struct sb_net *net = m->net;
	struct sb_net_node *node;
	bool yes = sb_net_below(m, 2);

	if (!sb_net_below(m, net->view.order_count)) {
		uint32_t map = sb_net_below(m, net->map_count);

		edge->to = &m->trial.root[map];
		edge->from = SB_NET_NONE;
		edge->part = sb_net_start(net, map);
		return;
	}
	edge->from = any_node(m);
	node = &m->trial.node[edge->from];
	if (node->kind == SB_NET_MASK)
		yes = true;
	edge->to = yes ? &node->t : &node->f;
	edge->part = sb_net_edge(net, node, sb_net_reach(net, edge->from), yes, edge->set);
}

/* One atom of part, which is not empty: of some word the first one from some bit on. */
static uint32_t any_atom(struct sb_net_mover *m, struct sb_net_part part)
{
	uint32_t skip = sb_net_below(m, 64), w = sb_net_below(m, m->net->words);
	uint64_t words = part.words >> w ? part.words >> w << w : part.words, word;

	w = sb_net_lowest(words);
	word = part.set[w];
	if (word >> skip)
		word = word >> skip << skip;
	return w * 64 + sb_net_lowest(word);
}

/* A test that is likely to divide part, which is not empty. */
static uint16_t any_test(struct sb_net_mover *m, struct sb_net_part part)
{
	uint32_t k = m->net->atom[any_atom(m, part)].lo;

	switch (sb_net_below(m, 8)) {
	case 0:
		return sb_net_test(m->net, BPF_JSET,
				   1u << sb_net_below(m, 9) |
					   (sb_net_below(m, 2) ? 1u << sb_net_below(m, 9) : 0));
	case 1:
	case 2:
	case 3:
		return sb_net_test(m->net, BPF_JEQ, k);
	default:
		return k ? sb_net_test(m->net, BPF_JGE, k) : SB_NET_NONE;
	}
}

/* What a test makes of a part. */
struct halves {
	struct sb_net_part yes, no;
	uint64_t yes_set[SB_NET_WORDS_MAX], no_set[SB_NET_WORDS_MAX];
};

static bool divide(const struct sb_net *net, uint16_t test, struct sb_net_part part,
		   struct halves *halves)
{
	struct sb_net_node node = {.kind = SB_NET_TEST, .test = test};

	halves->yes = sb_net_edge(net, &node, part, true, halves->yes_set);
	halves->no = sb_net_edge(net, &node, part, false, halves->no_set);
	return halves->yes.words && halves->no.words;
}

/* A free place for a node in the trial, other than the one given. */
static uint16_t new_node(struct sb_net_mover *m, uint16_t but)
{
	const struct sb_net *net = m->net;

	for (uint32_t i = net->leaf_count; i < m->trial.count; i++)
		if (net->view.position[i] == SB_NET_NONE && i != but)
			return (uint16_t)i;
	return m->trial.count < SB_NET_NODES_MAX ? (uint16_t)m->trial.count++ : SB_NET_NONE;
}

static bool move_edge(struct sb_net_mover *m)
{
	struct edge edge;
	uint16_t to;

	any_edge(m, &edge);
	to = any_right(m, edge.part, edge.from, *edge.to);
	if (to == SB_NET_NONE)
		return false;
	*edge.to = to;
	return true;
}

/* A test in front of what an edge leads to; one side leads elsewhere. */
static bool insert_test(struct sb_net_mover *m)
{
	struct halves halves;
	struct sb_net_node made = {.kind = SB_NET_TEST, .t_first = sb_net_below(m, 2)};
	struct edge edge;
	bool side = sb_net_below(m, 2);
	uint16_t node, other;

	any_edge(m, &edge);
	made.test = any_test(m, edge.part);
	if (made.test == SB_NET_NONE || !divide(m->net, made.test, edge.part, &halves))
		return false;
	made.t = made.f = *edge.to;
	other = any_right(m, side ? halves.yes : halves.no, edge.from, *edge.to);
	node = new_node(m, SB_NET_NONE);
	if (other == SB_NET_NONE || node == SB_NET_NONE)
		return false;
	*(side ? &made.t : &made.f) = other;
	m->trial.node[node] = made;
	*edge.to = node;
	return true;
}

/* What of a part may not take one of two ways. */
struct forced {
	uint64_t set[SB_NET_WORDS_MAX];
	struct sb_net_part part;
	uint32_t lo, hi; /* the least and the greatest number. lo > hi: there is none */
	uint32_t bits;	 /* that some number has */
};

/* Of what reaches a node, that which may not take the way to other. */
static void find_forced(const struct sb_net *net, struct sb_net_part reach, uint16_t other,
			struct forced *forced)
{
	const uint64_t *decides = sb_net_set(net, net->decides, other);

	forced->lo = UINT32_MAX;
	forced->hi = forced->bits = 0;
	forced->part = (struct sb_net_part){.set = forced->set};
	for (uint64_t left = reach.words; left; left &= left - 1) {
		uint32_t w = sb_net_lowest(left);

		forced->set[w] = reach.set[w] & ~decides[w];
		forced->part.words |= (uint64_t)(forced->set[w] != 0) << w;
		for (uint64_t bits = forced->set[w]; bits; bits &= bits - 1) {
			const struct sb_atom *atom = &net->atom[w * 64 + sb_net_lowest(bits)];

			forced->bits |= sb_mask_some(atom->lo, atom->hi);
			if (atom->lo < forced->lo)
				forced->lo = atom->lo;
			if (atom->hi > forced->hi)
				forced->hi = atom->hi;
		}
	}
}

static bool each_has(const struct sb_net *net, struct sb_net_part part, uint32_t mask)
{
	for (uint64_t left = part.words; left; left &= left - 1) {
		uint32_t w = sb_net_lowest(left);

		for (uint64_t bits = part.set[w]; bits; bits &= bits - 1) {
			const struct sb_atom *atom = &net->atom[w * 64 + sb_net_lowest(bits)];

			if (!sb_mask_each(atom->lo, atom->hi, mask))
				return false;
		}
	}
	return true;
}

/* A test of bits that all of yes pass and none of no; of the rest now more do, now less. */
static uint16_t tell_by_bits(struct sb_net_mover *m, const struct forced *yes,
			     const struct forced *no)
{
	uint32_t mask = ~no->bits & SB_MASK_BITS;

	if (sb_net_below(m, 2))
		mask &= (uint32_t)sb_net_random(m) | HIGH_BITS;
	return mask && each_has(m->net, yes->part, mask) ? sb_net_test(m->net, BPF_JSET, mask)
							 : SB_NET_NONE;
}

/* A test of order that does the same, near number k. */
static uint16_t tell_by_order(struct sb_net_mover *m, const struct forced *yes,
			      const struct forced *no, uint32_t k)
{
	k += sb_net_below(m, 2);
	if (yes->lo <= yes->hi && k > yes->lo)
		k = yes->lo;
	if (no->lo <= no->hi && k <= no->hi)
		k = no->hi + 1;
	return k ? sb_net_test(m->net, BPF_JGE, k) : SB_NET_NONE;
}

/* Another constant, or another kind of test, that sends all where it is decided right. */
static bool slide(struct sb_net_mover *m)
{
	struct sb_net *net = m->net;
	uint16_t index = any_node(m), t, f, test;
	struct sb_net_node *node = &m->trial.node[index];
	struct sb_net_part reach = sb_net_reach(net, index);
	struct forced yes, no;
	struct halves halves;
	uint32_t kind = sb_net_below(m, 32); /* how often each kind of test is tried */

	if (node->kind != SB_NET_TEST)
		return false;
	t = node->t;
	f = node->f;
	if (sb_net_below(m, 2)) {
		t = node->f;
		f = node->t;
	}
	find_forced(net, reach, f, &yes);
	find_forced(net, reach, t, &no);
	if (kind < 12)
		test = tell_by_bits(m, &yes, &no);
	else if (kind < 17)
		test = any_test(m, reach);
	else if (yes.lo == yes.hi && sb_net_below(m, 2))
		test = sb_net_test(net, BPF_JEQ, yes.lo);
	else
		test = tell_by_order(m, &yes, &no, net->atom[any_atom(m, reach)].lo);
	if (test == SB_NET_NONE || (test == node->test && t == node->t) ||
	    !divide(net, test, reach, &halves) || !decides_right(net, halves.yes, t) ||
	    !decides_right(net, halves.no, f))
		return false;
	node->test = test;
	node->t = t;
	node->f = f;
	return true;
}

/* A test changes places with one that follows it. */
static bool rotate(struct sb_net_mover *m)
{
	struct sb_net_shape *trial = &m->trial;
	uint16_t index = any_node(m), below, yes, no;
	struct sb_net_node above = trial->node[index], child;
	bool side = sb_net_below(m, 2);

	below = side ? above.t : above.f;
	child = trial->node[below];
	if (above.kind != SB_NET_TEST || child.kind != SB_NET_TEST)
		return false;
	yes = new_node(m, SB_NET_NONE);
	no = new_node(m, yes);
	if (yes == SB_NET_NONE || no == SB_NET_NONE)
		return false;
	trial->node[yes] = trial->node[no] = above;
	*(side ? &trial->node[yes].t : &trial->node[yes].f) = child.t;
	*(side ? &trial->node[no].t : &trial->node[no].f) = child.f;
	trial->node[index] = child;
	trial->node[index].t = yes;
	trial->node[index].f = no;
	return true;
}

static bool change_test(struct sb_net_mover *m)
{
	const struct sb_net *net = m->net;
	struct halves halves;
	uint16_t index = any_node(m);
	struct sb_net_node *node = &m->trial.node[index];
	uint16_t test = any_test(m, sb_net_reach(net, index));

	if (node->kind != SB_NET_TEST || test == SB_NET_NONE || test == node->test ||
	    !divide(net, test, sb_net_reach(net, index), &halves))
		return false;
	node->test = test;
	if (sb_net_below(m, 2)) {
		uint16_t t = node->t;

		node->t = node->f;
		node->f = t;
	}
	if (!decides_right(net, halves.yes, node->t))
		node->t = any_right(m, halves.yes, index, SB_NET_NONE);
	if (!decides_right(net, halves.no, node->f))
		node->f = any_right(m, halves.no, index, SB_NET_NONE);
	return node->t != SB_NET_NONE && node->f != SB_NET_NONE;
}

/* All edges into a node go elsewhere, each where it may. */
static bool drop_node(struct sb_net_mover *m)
{
	struct sb_net *net = m->net;
	uint16_t index = any_node(m);
	struct edge edge;

	for (uint32_t i = 0; i < net->map_count; i++)
		if (m->trial.root[i] == index)
			return false;
	for (uint32_t i = 0; i < net->view.position[index]; i++) {
		uint16_t from = net->view.order[i];
		struct sb_net_node *node = &m->trial.node[from];

		for (int yes = 1; node->kind != SB_NET_LEAF && yes >= 0; yes--) {
			uint16_t *to = yes ? &node->t : &node->f;

			if (*to != index)
				continue;
			edge.part = sb_net_edge(net, node, sb_net_reach(net, from), yes, edge.set);
			*to = any_right(m, edge.part, from, index);
			if (*to == SB_NET_NONE)
				return false;
		}
	}
	return true;
}

static bool turn_order(struct sb_net_mover *m)
{
	struct sb_net_node *node = &m->trial.node[any_node(m)];
	const struct sb_net_node *all = m->trial.node;

	if (all[node->t].kind == SB_NET_LEAF && all[node->f].kind == SB_NET_LEAF)
		return false;
	node->t_first = !node->t_first;
	return true;
}

/* What an edge leads to is made anew, with prices that are a little off. */
static bool rebuild(struct sb_net_mover *m)
{
	struct edge edge;

	any_edge(m, &edge);
	return sb_net_rebuild(m->rebuild, &m->trial, edge.from, edge.to, edge.part,
			      60 + sb_net_below(m, 81), REBUILT_PIECES_MAX);
}

bool sb_net_move(struct sb_net_mover *m)
{
	static const struct {
		bool (*move)(struct sb_net_mover *m);
		uint32_t share;
	} moves[] = {
		{insert_test, 40}, {move_edge, 24},   {slide, 24},  {rotate, 16},
		{drop_node, 12},   {change_test, 10}, {rebuild, 6}, {turn_order, 20},
	};
	/* The order of nodes is worth a move only where it has a price. */
	uint32_t at = sb_net_below(m, m->net->jumps_are_free ? 132 : 152), i = 0;

	while (at >= moves[i].share)
		at -= moves[i++].share;
	sb_net_shape_copy(m->net, &m->trial, &m->net->shape);
	return moves[i].move(m);
}

bool sb_net_mover_init(struct sb_net_mover *m, struct sb_net *net)
{
	*m = (struct sb_net_mover){.net = net, .random = net->seed};
	m->rebuild = sb_net_rebuild_new(net);
	return m->rebuild && sb_net_shape_new(net, &m->trial);
}
