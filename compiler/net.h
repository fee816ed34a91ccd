/* SPDX-License-Identifier: MIT */
/*
 * The tests of numbers as a graph that can be changed, over all architectures
 * at once. The numbers that some test may tell apart are *atoms*; which of them
 * reach a node, and for which a node decides right, are sets of atoms, one bit
 * each. An edge may lead to any node that decides right for what takes it,
 * whatever that node does for others: with sets this is one comparison.
 *
 * x32: numbers of x86_64 with bit 30 are atoms twice, as they are and with the
 * bit masked off. A node MASK moves from one to the other.
 */
#ifndef SB_NET_H
#define SB_NET_H

#include "decide.h"
#include "graph.h"
#include "passes.h"

#define SB_NET_NODES_MAX 1024u
#define SB_NET_WORDS_MAX 64u /* of 64 atoms; a bit each in struct sb_net_part */
#define SB_NET_TESTS_MAX 4096u
#define SB_NET_TEST_BUCKETS (2 * SB_NET_TESTS_MAX)
#define SB_NET_NONE UINT16_MAX

enum sb_net_kind { SB_NET_LEAF, SB_NET_TEST, SB_NET_MASK };

struct sb_net_node {
	uint16_t kind;
	uint16_t test; /* TEST: index of its test; LEAF: index of the leaf */
	uint16_t t, f; /* MASK: t */
	bool t_first;  /* TEST: t is laid out before f, further away; f is fallen into */
};

/* A test, and which atoms may pass it either way: both, where an atom's numbers differ. */
struct sb_net_test {
	uint16_t op;
	uint32_t k;
	uint64_t *yes, *no;
};

/* One shape of the graph. Leaves come first, then the others, in any order. */
struct sb_net_shape {
	uint32_t count; /* of nodes, in use or not */
	uint16_t *root; /* by map */
	struct sb_net_node *node;
};

/* A set of atoms of which only words that are not 0 are looked at: most have few. */
struct sb_net_part {
	const uint64_t *set;
	uint64_t words; /* bit w: set[w] is not 0. Where it is not set, set[w] is anything */
};

/* What measuring a shape tells. */
struct sb_net_view {
	uint64_t *reach; /* sets by node */
	uint64_t *words; /* of reach, by node; see struct sb_net_part */
	uint16_t *order; /* nodes in use, each before its successors */
	uint32_t order_count;
	uint16_t *position; /* of a node in order; SB_NET_NONE: not in use */
};

struct sb_net {
	struct sb_graph *graph;
	uint32_t words;	   /* of a set */
	uint64_t weighted; /* words with the kernel's numbers, each a call that is emulated when
			      the filter is attached */
	uint32_t map_count;
	uint64_t *start; /* set by map: what enters at its root */
	/* x32: word of the first atom as it is, and masked; words of each. 0: none */
	uint32_t x32, masked, x32_words, x32_bit;
	uint64_t *unmaskable; /* atoms that MASK would change into something else */
	uint32_t leaf_count;
	const struct sb_node **leaf;
	uint64_t *right; /* set by leaf: what is to arrive there */
	struct sb_net_test *test;
	uint32_t test_count;
	uint16_t *test_bucket;
	struct sb_atom *atom;
	struct sb_net_run *run; /* all atoms in use, in order */
	uint32_t run_count;
	uint16_t *leaf_of; /* by atom */
	uint32_t *price;   /* by atom: of a step on its path, in ps */
	uint32_t hot_count;
	struct sb_hot *hot;
	uint64_t seed;

	bool jumps_are_free;	   /* the price of a shape leaves out what its layout costs */
	struct sb_net_shape shape; /* the current one */

	/* Of the shape that was measured last; spare: room for another one's. */
	struct sb_net_view view, spare;
	uint64_t *decides; /* sets by node */
	bool *redo;	   /* by node, for sb_net_decide_again() */
	uint16_t *stack;
};

/* Numbers lo to hi, all of them with one decision and on one side of each test made of cuts. */
struct sb_atom {
	uint32_t lo, hi;
	uint32_t audit_arch;
	bool used, x32;
};

/* Atoms first to end - 1, sorted by number, without overlap. */
struct sb_net_run {
	uint32_t first, end;
};

struct sb_hot {
	uint32_t atom;
	uint32_t cost; /* ps for each test on its path */
};

/*
 * Takes over the tests of the given roots (one a map). NULL: too large for this,
 * or out of memory (then graph->failed): the graph is as good as it is.
 */
struct sb_net *sb_net_import(struct sb_graph *graph, const struct sb_decided *decided,
			     const struct sb_node *const *root);

/* The current shape as nodes of the graph; writes a root a map. */
void sb_net_export(const struct sb_net *net, const struct sb_node **root);

/* net_test.c. The index of a test, made if need be; SB_NET_NONE where it would cut an atom, or no
 * room. */
uint16_t sb_net_test(struct sb_net *net, uint16_t op, uint32_t k);

/* The first atom of a run that has a number of at least k; its end: there is none. */
uint32_t sb_net_find(const struct sb_net *net, const struct sb_net_run *run, uint32_t k);

/* Without a processor's own instruction, which not every x86_64 has. */
static inline uint32_t sb_net_population(uint64_t x)
{
	x -= x >> 1 & 0x5555555555555555u;
	x = (x & 0x3333333333333333u) + (x >> 2 & 0x3333333333333333u);
	return (uint32_t)(((x + (x >> 4)) & 0x0f0f0f0f0f0f0f0fu) * 0x0101010101010101u >> 56);
}

/* The number of the lowest bit, which there is, to go through them all: left &= left - 1. */
static inline uint32_t sb_net_lowest(uint64_t left)
{
	return (uint32_t)__builtin_ctzll(left);
}

static inline uint64_t *sb_net_set(const struct sb_net *net, uint64_t *sets, uint32_t index)
{
	return sets + (size_t)index * net->words;
}

/*
 * net_measure.c. Drops from shape tests that nothing needs, writes order and
 * reach, and returns what the shape costs in ps; UINT64_MAX: it decides wrongly.
 */
uint64_t sb_net_measure(struct sb_net *net, struct sb_net_shape *shape);
/* Writes decides: for which atoms each node in use arrives where it should. */
void sb_net_decide(struct sb_net *net, const struct sb_net_shape *shape);
/* The same for the current shape, after sb_net_try() took it in place of the one now in old. */
void sb_net_decide_again(struct sb_net *net, const struct sb_net_shape *old);

/* What reaches a node of the shape that was measured last. */
static inline struct sb_net_part sb_net_reach(const struct sb_net *net, uint16_t node)
{
	return (struct sb_net_part){sb_net_set(net, net->view.reach, node), net->view.words[node]};
}

/* What enters at a map's root. */
struct sb_net_part sb_net_start(const struct sb_net *net, uint32_t map);
/* What of reach takes one of node's edges; set is room for it. */
struct sb_net_part sb_net_edge(const struct sb_net *net, const struct sb_net_node *node,
			       struct sb_net_part reach, bool yes, uint64_t *set);
/* Where part, which is not empty, arrives behind tests that are the same for all of it. */
uint16_t sb_net_skip(const struct sb_net *net, const struct sb_net_shape *shape,
		     struct sb_net_part part, uint16_t to);
/* Is all of part in the set? */
static inline bool sb_net_within(struct sb_net_part part, const uint64_t *of)
{
	for (uint64_t left = part.words; left; left &= left - 1) {
		uint32_t w = sb_net_lowest(left);

		if (part.set[w] & ~of[w])
			return false;
	}
	return true;
}

/* Shapes are copied to try something out. */
bool sb_net_shape_new(const struct sb_net *net, struct sb_net_shape *shape);
void sb_net_shape_copy(const struct sb_net *net, struct sb_net_shape *to,
		       const struct sb_net_shape *from);

/*
 * Measures trial beside the current shape, whose view stays, if trial does not
 * cost at most limit; then it is the current one, the other way round.
 */
bool sb_net_try(struct sb_net *net, struct sb_net_shape *trial, uint64_t limit, uint64_t *cost);

/* net_redirect.c: does a way lead from one node in use to the other, in the current shape? */
bool sb_net_leads_to(const struct sb_net *net, const struct sb_net_shape *shape, uint16_t from,
		     uint16_t to);
/* Each edge to old leads to with. */
void sb_net_replace(const struct sb_net *net, struct sb_net_shape *shape, uint16_t old,
		    uint16_t with);

/*
 * net_rebuild.c: makes anew what an edge of shape (a copy of the current one, with
 * decides written) leads to: that of node from, or a root (from SB_NET_NONE), which
 * part takes. percent: of the price of steps, to see things differently. False: it has
 * more runs of equal decisions than pieces_max, or the edge is as it was.
 */
struct sb_net_rebuild;
struct sb_net_rebuild *sb_net_rebuild_new(struct sb_net *net);
bool sb_net_rebuild(struct sb_net_rebuild *r, struct sb_net_shape *shape, uint16_t from,
		    uint16_t *edge, struct sb_net_part part, uint32_t percent, uint32_t pieces_max);

/* The passes over it: net_redirect.c, net_bypass.c, net_search.c. */
void sb_net_redirect(struct sb_net *net);
void sb_net_rebuild_all(struct sb_net *net);
void sb_net_bypass(struct sb_net *net);
void sb_net_search(struct sb_net *net, uint32_t tries);

#endif
