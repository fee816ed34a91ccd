/* SPDX-License-Identifier: MIT */
/*
 * The generator's form of a program: an acyclic graph of nodes over one
 * accumulator, hash-consed, so that equal subgraphs are one node.
 *
 *   RET k        the verdict
 *   LOAD k       A = word at offset k of seccomp_data; then t
 *   AND k        A &= k; then t
 *   TEST op k    A op k (JEQ JGT JGE JSET): t, else f
 *
 * What a node means depends on A alone, which each path to it has set.
 */
#ifndef SB_GRAPH_H
#define SB_GRAPH_H

#include <stdbool.h>
#include <stdint.h>

#include "arena.h"
#include "passes.h"

enum sb_node_kind { SB_NODE_RET, SB_NODE_LOAD, SB_NODE_AND, SB_NODE_TEST };

struct sb_node {
	enum sb_node_kind kind;
	uint16_t op; /* of a TEST: BPF_JEQ, BPF_JGT, BPF_JGE or BPF_JSET */
	uint32_t k;
	uint32_t id;	 /* from 0, in order of making: successors have smaller ones */
	bool t_first;	 /* of a TEST: t is laid out further away than f */
	uint32_t weight; /* nodes below and including this one, each path's own; capped */
	const struct sb_node *t, *f;
	struct sb_node *chain; /* of the hash bucket */
};

struct sb_graph {
	struct sb_arena *arena;
	const struct sb_tuning *tuning; /* which passes run */
	struct sb_node **bucket;
	uint32_t bucket_count, node_count;
	bool big_endian; /* of seccomp_data: where the halves of an argument lie */
	bool too_large;	 /* it failed because the policy asks for too much */
	bool failed;	 /* out of memory, or past SB_GRAPH_NODES_MAX; nodes are NULL then */
};

/* Far more than a program can have instructions; bounds work on hostile policies. */
#define SB_GRAPH_NODES_MAX 65536u

void sb_graph_init(struct sb_graph *graph, struct sb_arena *arena, const struct sb_tuning *tuning,
		   bool big_endian);

/* Each takes and returns NULL once the graph has failed. */
const struct sb_node *sb_ret(struct sb_graph *graph, uint32_t k);
const struct sb_node *sb_load(struct sb_graph *graph, uint32_t offset, const struct sb_node *next);
const struct sb_node *sb_and(struct sb_graph *graph, uint32_t k, const struct sb_node *next);
/* t itself where t and f are one. */
const struct sb_node *sb_test(struct sb_graph *graph, uint16_t op, uint32_t k,
			      const struct sb_node *t, const struct sb_node *f);

/* The same, with the order in which to lay out: the heavier one first, where not told. */
const struct sb_node *sb_test_laid(struct sb_graph *graph, uint16_t op, uint32_t k,
				   const struct sb_node *t, const struct sb_node *f, bool t_first);

#endif
