/* SPDX-License-Identifier: MIT */
/* What reaches each node of a net, whether it decides right, and what it costs. */
#include <linux/filter.h>
#include <string.h>

#include "cost.h"
#include "net.h"

static bool meet(struct sb_net_part part, const uint64_t *with)
{
	for (uint64_t left = part.words; left; left &= left - 1) {
		uint32_t w = sb_net_lowest(left);

		if (part.set[w] & with[w])
			return true;
	}
	return false;
}

static struct sb_net_part look(const struct sb_net *net, const uint64_t *set)
{
	struct sb_net_part part = {set, 0};

	for (uint32_t w = 0; w < net->words; w++)
		part.words |= (uint64_t)(set[w] != 0) << w;
	return part;
}

struct sb_net_part sb_net_start(const struct sb_net *net, uint32_t map)
{
	return look(net, sb_net_set(net, net->start, map));
}

static struct sb_net_part mask(const struct sb_net *net, struct sb_net_part reach, uint64_t *set)
{
	memset(set, 0, net->words * sizeof(*set));
	for (uint64_t left = reach.words; left; left &= left - 1) {
		uint32_t w = sb_net_lowest(left);

		set[w] = reach.set[w];
	}
	for (uint32_t w = 0; w < net->x32_words; w++) {
		set[net->masked + w] |= set[net->x32 + w];
		set[net->x32 + w] = 0;
	}
	return look(net, set);
}

struct sb_net_part sb_net_edge(const struct sb_net *net, const struct sb_net_node *node,
			       struct sb_net_part reach, bool yes, uint64_t *set)
{
	const struct sb_net_test *test = &net->test[node->test];
	const uint64_t *way = yes ? test->yes : test->no;
	struct sb_net_part part = {set, 0};

	if (node->kind == SB_NET_MASK)
		return mask(net, reach, set);
	for (uint64_t left = reach.words; left; left &= left - 1) {
		uint32_t w = sb_net_lowest(left);

		set[w] = reach.set[w] & way[w];
		part.words |= (uint64_t)(set[w] != 0) << w;
	}
	return part;
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

	if (node->kind == SB_NET_TEST) {
		const struct sb_net_test *test = &net->test[node->test];
		bool falls = last == node->f || (last == node->t && test->op != BPF_JSET);

		walk->insns++;
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
	*price = (uint64_t)walk.insns * SB_COST_INSN +
		 (net->jumps_are_free ? 0 : (uint64_t)walk.jumps * SB_COST_JUMP);
	return !walk.circle;
}

uint16_t sb_net_skip(const struct sb_net *net, const struct sb_net_shape *shape,
		     struct sb_net_part part, uint16_t to)
{
	for (;;) {
		const struct sb_net_node *node = &shape->node[to];
		const struct sb_net_test *test = &net->test[node->test];

		if (node->kind == SB_NET_LEAF || node->kind == SB_NET_MASK)
			return to;
		if (node->t == node->f || !meet(part, test->no))
			to = node->t;
		else if (!meet(part, test->yes))
			to = node->f;
		else
			return to;
	}
}

/* Part takes the edge; what it need not be asked is skipped. */
static void pass(struct sb_net *net, const struct sb_net_shape *shape, struct sb_net_part part,
		 uint16_t *edge, bool *skipped)
{
	uint64_t *reach, *words;
	uint16_t to;

	if (!part.words)
		return;
	to = sb_net_skip(net, shape, part, *edge);
	*skipped |= to != *edge;
	*edge = to;
	reach = sb_net_set(net, net->view.reach, to);
	words = &net->view.words[to];
	for (uint64_t left = part.words; left; left &= left - 1) {
		uint32_t w = sb_net_lowest(left);

		reach[w] = *words >> w & 1 ? reach[w] | part.set[w] : part.set[w];
	}
	*words |= part.words;
}

/* Follows what enters to the leaves. False: something arrives where it should not. */
static bool flow(struct sb_net *net, struct sb_net_shape *shape, bool *skipped)
{
	uint64_t set[SB_NET_WORDS_MAX];

	for (uint32_t i = 0; i < net->view.order_count; i++)
		net->view.words[net->view.order[i]] = 0;
	for (uint32_t i = 0; i < net->map_count; i++)
		pass(net, shape, sb_net_start(net, i), &shape->root[i], skipped);
	for (uint32_t i = 0; i < net->view.order_count; i++) {
		struct sb_net_node *node = &shape->node[net->view.order[i]];
		struct sb_net_part reach = sb_net_reach(net, net->view.order[i]);

		if (node->kind == SB_NET_LEAF) {
			if (!sb_net_within(reach, sb_net_set(net, net->right, node->test)))
				return false;
			continue;
		}
		if (node->kind == SB_NET_MASK && meet(reach, net->unmaskable))
			return false;
		pass(net, shape, sb_net_edge(net, node, reach, true, set), &node->t, skipped);
		if (node->kind == SB_NET_MASK)
			node->f = node->t;
		else
			pass(net, shape, sb_net_edge(net, node, reach, false, set), &node->f,
			     skipped);
	}
	return true;
}

/* Of the tables' numbers that pass a node, and of hot calls that do. */
static uint64_t step_price(const struct sb_net *net, const struct sb_net_node *node,
			   struct sb_net_part reach)
{
	bool order = node->kind == SB_NET_TEST &&
		     (net->test[node->test].op == BPF_JGE || net->test[node->test].op == BPF_JGT);
	uint64_t hot = 0;
	uint32_t here = 0;

	for (uint64_t left = reach.words & net->weighted; left; left &= left - 1) {
		uint32_t w = sb_net_lowest(left);

		here += sb_net_population(reach.set[w]);
	}
	for (uint32_t h = 0; h < net->hot_count; h++) {
		uint32_t word = net->hot[h].atom / 64, bit = net->hot[h].atom % 64;

		if (reach.words >> word & 1)
			hot += net->hot[h].cost * (reach.set[word] >> bit & 1);
	}
	return (uint64_t)here * (order ? SB_COST_STEP : SB_COST_EQUAL) + hot;
}

uint64_t sb_net_measure(struct sb_net *net, struct sb_net_shape *shape)
{
	bool skipped = false;
	uint64_t price;

	if (!put_in_order(net, shape, &price) || !flow(net, shape, &skipped))
		return UINT64_MAX;
	/* What is skipped to lies further on: sets stay as they are, some nodes are out of use. */
	if (skipped)
		put_in_order(net, shape, &price);
	for (uint32_t i = 0; i < net->view.order_count; i++) {
		const struct sb_net_node *node = &shape->node[net->view.order[i]];

		if (node->kind != SB_NET_LEAF)
			price += step_price(net, node, sb_net_reach(net, net->view.order[i]));
	}
	return price;
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

/* Writes what one node decides right, by its successors'; tells whether that changed. */
static bool decide(struct sb_net *net, const struct sb_net_shape *shape, uint16_t index)
{
	const struct sb_net_node *node = &shape->node[index];
	uint64_t *to = sb_net_set(net, net->decides, index), changed = 0, old;
	const uint64_t *t, *f, *yes, *no;

	if (node->kind == SB_NET_LEAF) {
		memcpy(to, sb_net_set(net, net->right, node->test), net->words * sizeof(*to));
		return true;
	}
	t = sb_net_set(net, net->decides, node->t);
	f = sb_net_set(net, net->decides, node->f);
	if (node->kind == SB_NET_MASK) {
		for (uint32_t w = 0; w < net->words; w++)
			to[w] = t[w] & ~net->unmaskable[w];
		for (uint32_t w = 0; w < net->x32_words; w++)
			to[net->x32 + w] = t[net->masked + w];
		return true;
	}
	yes = net->test[node->test].yes;
	no = net->test[node->test].no;
	for (uint32_t w = 0; w < net->words; w++) {
		old = to[w];
		to[w] = (t[w] | ~yes[w]) & (f[w] | ~no[w]);
		changed |= old ^ to[w];
	}
	return changed != 0;
}

void sb_net_decide(struct sb_net *net, const struct sb_net_shape *shape)
{
	for (uint32_t i = net->view.order_count; i > 0; i--)
		decide(net, shape, net->view.order[i - 1]);
}

static bool same_node(const struct sb_net_node *a, const struct sb_net_node *b)
{
	return a->kind == b->kind && a->test == b->test && a->t == b->t && a->f == b->f;
}

void sb_net_decide_again(struct sb_net *net, const struct sb_net_shape *old)
{
	for (uint32_t i = net->view.order_count; i > 0; i--) {
		uint16_t index = net->view.order[i - 1];
		const struct sb_net_node *node = &net->shape.node[index];
		bool is_new = index >= old->count || net->spare.position[index] == SB_NET_NONE ||
			      !same_node(node, &old->node[index]);

		net->redo[index] = false;
		if (node->kind == SB_NET_LEAF ||
		    (!is_new && !net->redo[node->t] && !net->redo[node->f]))
			continue;
		net->redo[index] = decide(net, &net->shape, index) || is_new;
	}
}
