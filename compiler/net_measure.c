/* SPDX-License-Identifier: MIT */
/* What reaches each node of a net, whether it decides right, and what it costs. */
#include <linux/filter.h>
#include <string.h>

#include "cost.h"
#include "net.h"

bool sb_net_within(const struct sb_net *net, const uint64_t *set, const uint64_t *of)
{
	for (uint32_t w = 0; w < net->words; w++)
		if (set[w] & ~of[w])
			return false;
	return true;
}

void sb_net_edge(const struct sb_net *net, const struct sb_net_node *node, const uint64_t *reach,
		 bool yes, uint64_t *set)
{
	if (node->kind != SB_NET_MASK) {
		const struct sb_net_test *test = &net->test[node->test];
		const uint64_t *way = yes ? test->yes : test->no;

		for (uint32_t w = 0; w < net->words; w++)
			set[w] = reach[w] & way[w];
		return;
	}
	memcpy(set, reach, net->words * sizeof(*set));
	for (uint32_t w = 0; w < net->x32_words; w++) {
		set[net->masked + w] |= reach[net->x32 + w];
		set[net->x32 + w] = 0;
	}
}

/*
 * The order that emission will lay them out in, and the price: a test that falls
 * through into neither successor takes two instructions in the kernel, one with
 * a constant from 2^31 on one more; what goes straight on and has its successor
 * elsewhere takes a jump.
 */
struct walk {
	struct sb_net *net;
	const struct sb_net_shape *shape;
	uint32_t done;	       /* nodes laid out, last ones of the program first */
	uint32_t insns, jumps; /* see SB_COST_JUMP */
	bool circle;
};

/* In place of a position while one is looked for. */
enum { UNSEEN = SB_NET_NONE, OPEN = SB_NET_NONE - 1, LAID = 0 };

static void lay(struct walk *walk, uint16_t index)
{
	struct sb_net *net = walk->net;
	const struct sb_net_node *node = &walk->shape->node[index];
	uint16_t last = walk->done ? net->stack[walk->done - 1] : SB_NET_NONE;

	if (node->kind == SB_NET_TEST || node->kind == SB_NET_SELECT) {
		const struct sb_net_test *test = &net->test[node->test];
		bool falls = last == node->f || (last == node->t && test->op != BPF_JSET);

		walk->insns += 1u + (node->kind == SB_NET_SELECT);
		walk->jumps += !falls + (test->k >> 31);
	} else if (node->kind == SB_NET_MASK) {
		walk->insns += 1u + (last != node->t);
	}
	net->view.position[index] = LAID;
	net->stack[walk->done++] = index;
}

/* At most SB_NET_NODES_MAX deep. */
static void visit(struct walk *walk, uint16_t index)
{
	const struct sb_net_node *node = &walk->shape->node[index];

	walk->circle |= walk->net->view.position[index] == OPEN;
	if (walk->net->view.position[index] != UNSEEN)
		return;
	walk->net->view.position[index] = OPEN;
	if (node->kind != SB_NET_LEAF) {
		visit(walk, node->t_first ? node->t : node->f);
		visit(walk, node->t_first ? node->f : node->t);
	}
	lay(walk, index);
}

/* False: the shape has a circle. */
static bool put_in_order(struct sb_net *net, const struct sb_net_shape *shape, uint64_t *price)
{
	struct walk walk = {.net = net, .shape = shape};

	memset(net->view.position, 0xff, shape->count * sizeof(*net->view.position)); /* UNSEEN */
	for (uint32_t i = 0; i < net->map_count; i++) {
		visit(&walk, shape->root[i]);
		/* The load in front of it needs it next to itself, or a copy. */
		walk.insns += net->stack[walk.done - 1] != shape->root[i];
	}
	for (uint32_t i = 0; i < walk.done; i++) {
		net->view.order[i] = net->stack[walk.done - 1 - i];
		net->view.position[net->view.order[i]] = (uint16_t)i;
	}
	net->view.order_count = walk.done;
	*price = (uint64_t)walk.insns * SB_COST_INSN + (uint64_t)walk.jumps * SB_COST_JUMP;
	return !walk.circle;
}

static bool meet(const struct sb_net *net, const uint64_t *a, const uint64_t *b)
{
	for (uint32_t w = 0; w < net->words; w++)
		if (a[w] & b[w])
			return true;
	return false;
}

/* What takes an edge; words before first and from end on are empty. Most sets are short. */
struct flood {
	uint32_t first, end;
	uint64_t set[SB_NET_WORDS_MAX];
};

static void trim(struct flood *flood)
{
	while (flood->first < flood->end && !flood->set[flood->first])
		flood->first++;
	while (flood->first < flood->end && !flood->set[flood->end - 1])
		flood->end--;
}

static bool floods(const struct flood *flood, const uint64_t *set)
{
	for (uint32_t w = flood->first; w < flood->end; w++)
		if (flood->set[w] & set[w])
			return true;
	return false;
}

/* Where it arrives behind tests that are the same for all of it. */
static uint16_t skip(const struct sb_net *net, const struct sb_net_shape *shape,
		     const struct flood *flood, uint16_t to)
{
	for (;;) {
		const struct sb_net_node *node = &shape->node[to];
		const struct sb_net_test *test = &net->test[node->test];

		if (node->kind == SB_NET_LEAF || node->kind == SB_NET_MASK)
			return to;
		if (node->t == node->f || !floods(flood, test->no))
			to = node->t;
		else if (!floods(flood, test->yes))
			to = node->f;
		else
			return to;
	}
}

/* It takes the edge; what it need not be asked is skipped. */
static void pass(struct sb_net *net, const struct sb_net_shape *shape, struct flood *flood,
		 uint16_t *edge, bool *skipped)
{
	uint64_t *reach;
	uint16_t to;

	trim(flood);
	if (flood->first == flood->end)
		return;
	to = skip(net, shape, flood, *edge);
	*skipped |= to != *edge;
	*edge = to;
	reach = sb_net_set(net, net->view.reach, to);
	for (uint32_t w = flood->first; w < flood->end; w++)
		reach[w] |= flood->set[w];
}

static void pass_test(struct sb_net *net, struct sb_net_shape *shape, uint16_t index, bool *skipped)
{
	struct sb_net_node *node = &shape->node[index];
	const struct sb_net_test *test = &net->test[node->test];
	const uint64_t *reach = sb_net_set(net, net->view.reach, index);
	uint32_t first = 0, end = net->words;
	struct flood yes, no;

	while (first < end && !reach[first])
		first++;
	while (first < end && !reach[end - 1])
		end--;
	yes.first = no.first = first;
	yes.end = no.end = end;
	for (uint32_t w = first; w < end; w++) {
		yes.set[w] = reach[w] & test->yes[w];
		no.set[w] = reach[w] & test->no[w];
	}
	pass(net, shape, &yes, &node->t, skipped);
	pass(net, shape, &no, &node->f, skipped);
}

static void pass_mask(struct sb_net *net, struct sb_net_shape *shape, uint16_t index, bool *skipped)
{
	struct sb_net_node *node = &shape->node[index];
	struct flood all;

	all.first = 0;
	all.end = net->words;
	sb_net_edge(net, node, sb_net_set(net, net->view.reach, index), true, all.set);
	pass(net, shape, &all, &node->t, skipped);
	node->f = node->t;
}

/* Follows what enters to the leaves. False: something arrives where it should not. */
static bool flow(struct sb_net *net, struct sb_net_shape *shape, bool *skipped)
{
	for (uint32_t i = 0; i < net->view.order_count; i++)
		memset(sb_net_set(net, net->view.reach, net->view.order[i]), 0,
		       net->words * sizeof(uint64_t));
	for (uint32_t i = 0; i < net->map_count; i++) {
		struct flood all;

		all.first = 0;
		all.end = net->words;
		memcpy(all.set, sb_net_set(net, net->start, i), net->words * sizeof(*all.set));
		pass(net, shape, &all, &shape->root[i], skipped);
	}
	for (uint32_t i = 0; i < net->view.order_count; i++) {
		uint16_t index = net->view.order[i];
		const struct sb_net_node *node = &shape->node[index];
		const uint64_t *reach = sb_net_set(net, net->view.reach, index);

		if (node->kind == SB_NET_LEAF) {
			if (!sb_net_within(net, reach, sb_net_set(net, net->right, node->test)))
				return false;
		} else if (node->kind == SB_NET_MASK) {
			if (meet(net, reach, net->unmaskable))
				return false;
			pass_mask(net, shape, index, skipped);
		} else {
			pass_test(net, shape, index, skipped);
		}
	}
	return true;
}

uint64_t sb_net_measure(struct sb_net *net, struct sb_net_shape *shape)
{
	uint64_t steps = 0, hot = 0;
	uint64_t price;
	bool skipped;

	do {
		skipped = false;
		if (!put_in_order(net, shape, &price) || !flow(net, shape, &skipped))
			return UINT64_MAX;
	} while (skipped);
	for (uint32_t i = 0; i < net->view.order_count; i++) {
		const uint64_t *reach = sb_net_set(net, net->view.reach, net->view.order[i]);

		uint32_t here = 0;

		if (shape->node[net->view.order[i]].kind == SB_NET_LEAF)
			continue;
		for (uint32_t w = 0; w < net->weighted; w++)
			here += reach[w] ? sb_net_population(reach[w]) : 0;
		steps += here << (shape->node[net->view.order[i]].kind == SB_NET_SELECT);
		for (uint32_t h = 0; h < net->hot_count; h++)
			hot += net->hot[h].cost *
			       (reach[net->hot[h].atom / 64] >> net->hot[h].atom % 64 & 1);
	}
	return price + steps * SB_COST_STEP + hot;
}

static void swap_views(struct sb_net *net)
{
	struct sb_net_view view = net->view;

	net->view = net->spare;
	net->spare = view;
}

bool sb_net_try(struct sb_net *net, struct sb_net_shape *trial, uint64_t limit, uint64_t *cost)
{
	struct sb_net_shape shape = net->shape;
	uint64_t price;

	swap_views(net);
	price = sb_net_measure(net, trial);
	if (price == UINT64_MAX || price > limit) {
		swap_views(net);
		return false;
	}
	net->shape = *trial;
	*trial = shape;
	*cost = price;
	return true;
}

void sb_net_decide(struct sb_net *net, const struct sb_net_shape *shape)
{
	for (uint32_t i = net->view.order_count; i > 0; i--) {
		const struct sb_net_node *node = &shape->node[net->view.order[i - 1]];
		uint64_t *to = sb_net_set(net, net->decides, net->view.order[i - 1]);
		const uint64_t *t, *f;

		if (node->kind == SB_NET_LEAF) {
			memcpy(to, sb_net_set(net, net->right, node->test),
			       net->words * sizeof(*to));
			continue;
		}
		t = sb_net_set(net, net->decides, node->t);
		f = sb_net_set(net, net->decides, node->f);
		if (node->kind != SB_NET_MASK) {
			const struct sb_net_test *test = &net->test[node->test];

			for (uint32_t w = 0; w < net->words; w++)
				to[w] = (t[w] | ~test->yes[w]) & (f[w] | ~test->no[w]);
			continue;
		}
		for (uint32_t w = 0; w < net->words; w++)
			to[w] = t[w] & ~net->unmaskable[w];
		for (uint32_t w = 0; w < net->x32_words; w++)
			to[net->x32 + w] = t[net->masked + w];
	}
}
