/* SPDX-License-Identifier: MIT */
/*
 * A test that all numbers of the kernel's tables pass on the same side (that for
 * x32's bit) costs each a step. Another test in front, of those behind it, lets
 * one half of the numbers pass by.
 */
#include "net.h"

/* Trying is worth it for as many numbers. */
#define PASSING_MIN 64u
#define DEPTH 3u

struct bypass {
	struct sb_net *net;
	struct sb_net_shape trial;
	uint64_t cost;
	uint16_t front; /* the test that is to be bypassed */
	uint16_t test[1u << (DEPTH + 1)];
	uint32_t test_count;
};

static uint32_t passing(const struct sb_net *net, struct sb_net_part part)
{
	uint32_t sum = 0;

	for (uint32_t w = 0; w < net->words; w++)
		if (part.words & net->weighted & 1ull << w)
			sum += sb_net_population(part.set[w]);
	return sum;
}

/* The successor that all numbers of the tables take, where they are many. */
static uint16_t popular(const struct sb_net *net, uint16_t index)
{
	const struct sb_net_node *node = &net->shape.node[index];
	struct sb_net_part reach = sb_net_reach(net, index);
	uint64_t set[SB_NET_WORDS_MAX];
	uint32_t all, yes;

	if (node->kind != SB_NET_TEST)
		return SB_NET_NONE;
	all = passing(net, reach);
	yes = passing(net, sb_net_edge(net, node, reach, true, set));
	if (all < PASSING_MIN || (yes && yes != all))
		return SB_NET_NONE;
	return yes ? node->t : node->f;
}

static void collect(struct bypass *b, uint16_t index, uint32_t depth)
{
	const struct sb_net_node *node = &b->net->shape.node[index];

	if (node->kind != SB_NET_TEST)
		return;
	b->test[b->test_count++] = node->test;
	if (depth) {
		collect(b, node->t, depth - 1);
		collect(b, node->f, depth - 1);
	}
}

/* The test in front of b->front, wherever that is reached from. */
static bool try_test(struct bypass *b, uint16_t test)
{
	struct sb_net *net = b->net;
	uint16_t made;

	sb_net_shape_copy(net, &b->trial, &net->shape);
	made = (uint16_t)b->trial.count++;
	sb_net_replace(net, &b->trial, b->front, made);
	b->trial.node[made] = (struct sb_net_node){
		.kind = SB_NET_TEST, .test = test, .t = b->front, .f = b->front};
	/* A copy of the front for one side: t and f that are one node would be no test. */
	b->trial.node[b->trial.count] = b->trial.node[b->front];
	b->trial.node[made].f = (uint16_t)b->trial.count++;
	return sb_net_try(net, &b->trial, b->cost - 1, &b->cost);
}

void sb_net_bypass(struct sb_net *net)
{
	struct bypass b = {.net = net};
	bool changed = true;

	if (!sb_net_shape_new(net, &b.trial))
		return;
	b.cost = sb_net_measure(net, &net->shape);
	while (changed) {
		changed = false;
		for (uint32_t i = 0; i < net->view.order_count && !changed; i++) {
			uint16_t next = popular(net, net->view.order[i]);

			if (next == SB_NET_NONE)
				continue;
			b.front = net->view.order[i];
			b.test_count = 0;
			collect(&b, next, DEPTH);
			for (uint32_t t = 0; t < b.test_count && !changed; t++)
				if (net->shape.count + 2 <= SB_NET_NODES_MAX)
					changed = try_test(&b, b.test[t]);
		}
	}
}
