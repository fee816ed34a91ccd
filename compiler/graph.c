/* SPDX-License-Identifier: MIT */
/* Making nodes, each only once. */
#include "graph.h"

#include <linux/filter.h>
#include <stddef.h>

#define FIRST_BUCKETS 1024u /* a power of two */
#define WEIGHT_MAX 0x7fffffffu

void sb_graph_init(struct sb_graph *graph, struct sb_arena *arena, const struct sb_tuning *tuning,
		   bool big_endian)
{
	*graph = (struct sb_graph){
		.arena = arena,
		.tuning = tuning,
		.bucket_count = FIRST_BUCKETS,
		.big_endian = big_endian,
	};
	graph->bucket = sb_alloc(arena, FIRST_BUCKETS, sizeof(struct sb_node *));
	graph->failed = !graph->bucket;
}

static uint32_t hash_of(const struct sb_node *node)
{
	uint64_t h = node->k * 0x9e3779b97f4a7c15u;

	h ^= ((uint64_t)node->kind << 32 | node->op) * 0xc2b2ae3d27d4eb4fu;
	h ^= node->t ? (node->t->id + 1ull) * 0x165667b19e3779f9u : 0;
	h = (h ^ h >> 29) * 0xbf58476d1ce4e5b9u;
	h ^= node->f ? (node->f->id + 1ull) * 0x94d049bb133111ebu : 0;
	h = (h ^ h >> 32) * 0x9e3779b97f4a7c15u;
	return (uint32_t)(h >> 32);
}

static bool grow_buckets(struct sb_graph *graph)
{
	uint32_t count = graph->bucket_count * 2;
	struct sb_node **bucket = sb_alloc(graph->arena, count, sizeof(*bucket));

	if (!bucket)
		return false;
	for (uint32_t i = 0; i < graph->bucket_count; i++) {
		for (struct sb_node *node = graph->bucket[i], *next; node; node = next) {
			uint32_t at = hash_of(node) & (count - 1);

			next = node->chain;
			node->chain = bucket[at];
			bucket[at] = node;
		}
	}
	graph->bucket = bucket;
	graph->bucket_count = count;
	return true;
}

static uint32_t weight_below(const struct sb_node *node)
{
	return node ? node->weight : 0;
}

static const struct sb_node *make(struct sb_graph *graph, struct sb_node wanted)
{
	struct sb_node *node;
	uint32_t at;

	if (graph->failed)
		return NULL;
	at = hash_of(&wanted) & (graph->bucket_count - 1);
	for (node = graph->bucket[at]; node; node = node->chain)
		if (node->kind == wanted.kind && node->op == wanted.op && node->k == wanted.k &&
		    node->t == wanted.t && node->f == wanted.f)
			return node;
	if (graph->node_count >= SB_GRAPH_NODES_MAX ||
	    (graph->node_count >= graph->bucket_count && !grow_buckets(graph)) ||
	    !(node = sb_alloc(graph->arena, 1, sizeof(*node)))) {
		graph->failed = true;
		return NULL;
	}
	at = hash_of(&wanted) & (graph->bucket_count - 1);
	*node = wanted;
	node->id = graph->node_count++;
	node->weight = 1 + weight_below(wanted.t) + weight_below(wanted.f);
	if (node->weight > WEIGHT_MAX)
		node->weight = WEIGHT_MAX;
	node->chain = graph->bucket[at];
	graph->bucket[at] = node;
	return node;
}

const struct sb_node *sb_ret(struct sb_graph *graph, uint32_t k)
{
	return make(graph, (struct sb_node){.kind = SB_NODE_RET, .k = k});
}

const struct sb_node *sb_load(struct sb_graph *graph, uint32_t offset, const struct sb_node *next)
{
	return make(graph, (struct sb_node){.kind = SB_NODE_LOAD, .k = offset, .t = next});
}

const struct sb_node *sb_and(struct sb_graph *graph, uint32_t k, const struct sb_node *next)
{
	return make(graph, (struct sb_node){.kind = SB_NODE_AND, .k = k, .t = next});
}

const struct sb_node *sb_test(struct sb_graph *graph, uint16_t op, uint32_t k,
			      const struct sb_node *t, const struct sb_node *f)
{
	return sb_test_laid(graph, op, k, t, f, weight_below(t) >= weight_below(f));
}

const struct sb_node *sb_test_laid(struct sb_graph *graph, uint16_t op, uint32_t k,
				   const struct sb_node *t, const struct sb_node *f, bool t_first)
{
	if (t == f)
		return t;
	return make(graph, (struct sb_node){.kind = SB_NODE_TEST,
					    .op = op,
					    .k = k,
					    .t = t,
					    .f = f,
					    .t_first = t_first});
}
