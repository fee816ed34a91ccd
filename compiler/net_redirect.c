/* SPDX-License-Identifier: MIT */
/*
 * Don't cares: a node gives way to another one that decides right for all that
 * reaches it, whatever the other does elsewhere. So the tests of one architecture
 * serve for parts of another's.
 */
#include "net.h"

bool sb_net_leads_to(const struct sb_net *net, const struct sb_net_shape *shape, uint16_t from,
		     uint16_t to)
{
	bool mark[SB_NET_NODES_MAX] = {0};

	if (net->position[from] > net->position[to])
		return false;
	mark[from] = true;
	for (uint32_t i = net->position[from]; i < net->position[to]; i++) {
		const struct sb_net_node *node = &shape->node[net->order[i]];

		if (!mark[net->order[i]] || node->kind == SB_NET_LEAF)
			continue;
		mark[node->t] = mark[node->f] = true;
	}
	return mark[to];
}

void sb_net_replace(const struct sb_net *net, struct sb_net_shape *shape, uint16_t old,
		    uint16_t with)
{
	for (uint32_t i = 0; i < net->map_count; i++)
		if (shape->root[i] == old)
			shape->root[i] = with;
	for (uint32_t i = net->leaf_count; i < shape->count; i++) {
		struct sb_net_node *node = &shape->node[i];

		if (node->t == old)
			node->t = with;
		if (node->f == old)
			node->f = with;
	}
}

/* May node give way to other, without a circle? */
static bool acyclic(const struct sb_net *net, const struct sb_net_shape *shape, uint16_t node,
		    uint16_t other)
{
	if (net->position[other] > net->position[node])
		return true;
	for (uint32_t i = net->position[other]; i < net->position[node]; i++) {
		const struct sb_net_node *parent = &shape->node[net->order[i]];

		if (parent->kind != SB_NET_LEAF && (parent->t == node || parent->f == node) &&
		    sb_net_leads_to(net, shape, other, net->order[i]))
			return false;
	}
	return true;
}

static bool give_way(struct sb_net *net, struct sb_net_shape *trial, uint16_t node, uint64_t *cost)
{
	const struct sb_net_shape *shape = &net->shape;
	const uint64_t *reach = sb_net_set(net, net->reach, node);
	uint16_t best = SB_NET_NONE;

	for (uint32_t i = 0; i < net->order_count; i++) {
		uint16_t other = net->order[i];
		uint64_t price;

		if (other == node ||
		    !sb_net_within(net, reach, sb_net_set(net, net->decides, other)) ||
		    !acyclic(net, shape, node, other))
			continue;
		sb_net_shape_copy(net, trial, shape);
		sb_net_replace(net, trial, node, other);
		price = sb_net_measure(net, trial);
		if (price < *cost) {
			*cost = price;
			best = other;
		}
		sb_net_measure(net, &net->shape);
	}
	if (best == SB_NET_NONE)
		return false;
	sb_net_replace(net, &net->shape, node, best);
	sb_net_measure(net, &net->shape);
	sb_net_decide(net, &net->shape);
	return true;
}

void sb_net_redirect(struct sb_net *net)
{
	uint64_t cost = sb_net_measure(net, &net->shape);
	struct sb_net_shape trial;
	bool changed;

	if (!sb_net_shape_new(net, &trial))
		return;
	sb_net_decide(net, &net->shape);
	do {
		changed = false;
		for (uint32_t i = 0; i < net->order_count; i++)
			if (net->shape.node[net->order[i]].kind != SB_NET_LEAF)
				changed |= give_way(net, &trial, net->order[i], &cost);
	} while (changed);
}
