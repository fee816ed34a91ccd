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

	if (net->view.position[from] > net->view.position[to])
		return false;
	mark[from] = true;
	for (uint32_t i = net->view.position[from]; i < net->view.position[to]; i++) {
		const struct sb_net_node *node = &shape->node[net->view.order[i]];

		if (!mark[net->view.order[i]] || node->kind == SB_NET_LEAF)
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
	if (net->view.position[other] > net->view.position[node])
		return true;
	for (uint32_t i = net->view.position[other]; i < net->view.position[node]; i++) {
		const struct sb_net_node *parent = &shape->node[net->view.order[i]];

		if (parent->kind != SB_NET_LEAF && (parent->t == node || parent->f == node) &&
		    sb_net_leads_to(net, shape, other, net->view.order[i]))
			return false;
	}
	return true;
}

static bool give_way(struct sb_net *net, struct sb_net_shape *trial, uint16_t node, uint64_t *cost)
{
	for (uint32_t i = 0; i < net->view.order_count; i++) {
		const uint64_t *reach = sb_net_set(net, net->view.reach, node);
		uint16_t other = net->view.order[i];

		if (other == node ||
		    !sb_net_within(net, reach, sb_net_set(net, net->decides, other)) ||
		    !acyclic(net, &net->shape, node, other))
			continue;
		sb_net_shape_copy(net, trial, &net->shape);
		sb_net_replace(net, trial, node, other);
		if (!sb_net_try(net, trial, *cost - 1, cost))
			continue;
		sb_net_decide(net, &net->shape);
		return true;
	}
	return false;
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
		for (uint32_t i = 0; i < net->view.order_count; i++)
			if (net->shape.node[net->view.order[i]].kind != SB_NET_LEAF)
				changed |= give_way(net, &trial, net->view.order[i], &cost);
	} while (changed);
}
