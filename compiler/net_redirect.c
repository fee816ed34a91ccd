/* SPDX-License-Identifier: MIT */
/*
 * Don't cares: a node gives way to another one that decides right for all that
 * reaches it, whatever the other does elsewhere. So the tests of one architecture
 * serve for parts of another's.
 */
#include "net.h"

#include <string.h>

bool sb_net_leads_to(const struct sb_net *net, const struct sb_net_shape *shape, uint16_t from,
		     uint16_t to)
{
	bool mark[SB_NET_NODES_MAX];

	if (net->view.position[from] > net->view.position[to])
		return false;
	memset(mark, 0, shape->count * sizeof(*mark));
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

/* A node that may give way: what reaches it, and what leads to it. */
struct candidate {
	uint16_t node;
	struct sb_net_part reach;
	bool known;		      /* the nodes above it are: */
	bool above[SB_NET_NODES_MAX]; /* a way leads from this node to it */
};

static void find_above(const struct sb_net *net, struct candidate *candidate)
{
	const struct sb_net_node *node = net->shape.node;

	memset(candidate->above, 0, net->shape.count * sizeof(*candidate->above));
	candidate->above[candidate->node] = true;
	for (uint32_t i = net->view.position[candidate->node]; i-- > 0;) {
		uint16_t at = net->view.order[i];

		if (node[at].kind != SB_NET_LEAF)
			candidate->above[at] =
				candidate->above[node[at].t] || candidate->above[node[at].f];
	}
	candidate->known = true;
}

/*
 * Whatever leads to the node ends with an edge that is to lead to other: there is a
 * circle then, if other leads to the node.
 */
static bool acyclic(const struct sb_net *net, struct candidate *candidate, uint16_t other)
{
	if (net->view.position[other] > net->view.position[candidate->node])
		return true;
	if (!candidate->known)
		find_above(net, candidate);
	return !candidate->above[other];
}

static bool give_way(struct sb_net *net, struct sb_net_shape *trial, uint16_t node, uint64_t *cost)
{
	struct candidate candidate;

	candidate.node = node;
	candidate.reach = sb_net_reach(net, node);
	candidate.known = false;
	for (uint32_t i = 0; i < net->view.order_count; i++) {
		uint16_t other = net->view.order[i];

		if (!sb_net_within(candidate.reach, sb_net_set(net, net->decides, other)) ||
		    other == node || !acyclic(net, &candidate, other))
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
	uint32_t failures = 0;

	if (!sb_net_shape_new(net, &trial))
		return;
	sb_net_decide(net, &net->shape);
	/* Round and round, until each node was tried in the shape as it is. */
	for (uint32_t i = 0; failures < net->view.order_count; i++) {
		uint16_t node;

		if (i >= net->view.order_count)
			i = 0;
		node = net->view.order[i];
		failures++;
		if (net->shape.node[node].kind != SB_NET_LEAF && give_way(net, &trial, node, &cost))
			failures = 0;
	}
}
