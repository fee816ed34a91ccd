/* SPDX-License-Identifier: MIT */
/* One balanced tree an architecture, behind a test for each. */
#include "tree.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>

#include "args.h"
#include "cost.h"
#include "fold.h"
#include "net.h"
#include "search.h"

/* The kernel emulates a new filter once for each number of its tables: these weigh. */
static uint32_t weight_of(const struct sb_range *range)
{
	uint32_t end = range->hi < SB_TABLE_END ? range->hi + 1 : SB_TABLE_END;

	return range->lo < end ? end - range->lo : 0;
}

/* The pieces of the ranges; decisions that differ may come to one graph, and so to one piece. */
static uint32_t number_pieces(struct sb_graph *graph, const struct sb_number_map *map,
			      const struct sb_node **made, struct sb_piece *piece)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < map->range_count; i++) {
		const struct sb_range *range = &map->range[i];
		const struct sb_node *target = made[range->decision->id];

		if (!target)
			made[range->decision->id] = target =
				sb_decision_graph(graph, range->decision);
		if (count && piece[count - 1].target == target)
			piece[count - 1].weight += weight_of(range);
		else
			piece[count++] = (struct sb_piece){range->lo, weight_of(range), target};
	}
	return count;
}

/*
 * Numbers with SECBAKE_X32_BIT are a table of their own, where the map has a
 * boundary there: two searches of half the size take a quarter of the time.
 */
static const struct sb_node *number_tree(struct sb_graph *graph, const struct sb_number_map *map,
					 const struct sb_node **made)
{
	struct sb_piece *piece = sb_alloc(graph->arena, map->range_count, sizeof(*piece));
	const struct sb_node *low, *high;
	uint32_t count, half = 0;

	if (!piece) {
		graph->failed = true;
		return NULL;
	}
	count = number_pieces(graph, map, made, piece);
	while (half < count && piece[half].lo < SECBAKE_X32_BIT)
		half++;
	if (half == count || piece[half].lo != SECBAKE_X32_BIT)
		return sb_search(graph, piece, count);
	low = sb_search(graph, piece, half);
	piece[half].lo = 0; /* a search starts at 0; below, the test before it decides */
	high = sb_fold(graph, piece + half, count - half, piece, half, low);
	return sb_test(graph, BPF_JGE, SECBAKE_X32_BIT, high, low);
}

/* The passes over all architectures' tests together. */
static void improve(struct sb_graph *graph, const struct sb_decided *decided,
		    const struct sb_node **root)
{
	const struct sb_tuning *tuning = graph->tuning;
	struct sb_net *net = sb_net_import(graph, decided, root);

	if (!net)
		return;
	if (sb_pass_on(tuning, SB_PASS_REDIRECT))
		sb_net_redirect(net);
	if (sb_pass_on(tuning, SB_PASS_REBUILD) && tuning->best)
		sb_net_rebuild_all(net);
	if (sb_pass_on(tuning, SB_PASS_BYPASS))
		sb_net_bypass(net);
	if (sb_pass_on(tuning, SB_PASS_ANNEAL) && tuning->best)
		sb_net_search(net, tuning->tries);
	sb_net_export(net, root);
}

const struct sb_node *sb_tree(struct sb_graph *graph, const struct sb_decided *decided)
{
	const struct sb_node *node = sb_ret(graph, decided->foreign);
	const struct sb_node **made = /* graphs of decisions, by id */
		sb_alloc(graph->arena, decided->decision_count, sizeof(const struct sb_node *));
	const struct sb_node **root =
		sb_alloc(graph->arena, decided->map_count, sizeof(const struct sb_node *));

	graph->failed |= !made || (!root && decided->map_count);
	for (uint32_t i = 0; i < decided->map_count && !graph->failed; i++)
		root[i] = number_tree(graph, &decided->map[i], made);
	if (!graph->failed)
		improve(graph, decided, root);
	/* From the last to the first, so that the target's own is tested first. */
	for (uint32_t i = decided->map_count; i > 0 && !graph->failed; i--) {
		const struct sb_node *numbers = root[i - 1];

		if (numbers->kind == SB_NODE_TEST || numbers->kind == SB_NODE_AND)
			numbers = sb_load(graph, offsetof(struct seccomp_data, nr), numbers);
		node = sb_test_laid(graph, BPF_JEQ, decided->map[i - 1].audit_arch, numbers, node,
				    true);
	}
	if (node && node->kind == SB_NODE_TEST)
		node = sb_load(graph, offsetof(struct seccomp_data, arch), node);
	return graph->failed ? NULL : node;
}
