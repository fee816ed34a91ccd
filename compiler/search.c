/* SPDX-License-Identifier: MIT */
/*
 * An optimal tree by dynamic programming over runs of pieces. A run is decided
 * by one of
 *   nothing      all its pieces lead to one node;
 *   a split      A >= k, and each side is a run;
 *   peeling      all pieces but those of one background are single values: a
 *                JEQ for each, then the background.
 * What it minimises is what the kernel charges for attaching (cost.h). A test both
 * of whose successors are elsewhere is two instructions there: in a tree those are
 * the tests that have no test below.
 */
#include "search.h"

#include <linux/filter.h>
#include <stddef.h>

#include "cost.h"

/* Past this many pieces the cubic search gives way to halving. */
#define PIECES_MAX 400u

struct run {
	uint32_t split;			  /* first piece of the right side; 0: peel or leaf */
	const struct sb_node *background; /* of a peel */
};

struct search {
	struct sb_graph *graph;
	const struct sb_piece *piece;
	uint32_t count;
	struct run *run;       /* of pieces i..j at i * count + j */
	uint64_t *weight_upto; /* sum of weights of the pieces before i */
	/* Costs twice, so that both sides of the splits of a run lie in a row. */
	uint64_t *cost_from; /* of i..j at i * count + j */
	uint64_t *cost_to;   /* of i..j at j * count + i */
};

static void settle(struct search *s, uint32_t i, uint32_t j, uint64_t cost, struct run run)
{
	s->run[(size_t)i * s->count + j] = run;
	s->cost_from[(size_t)i * s->count + j] = cost;
	s->cost_to[(size_t)j * s->count + i] = cost;
}

static uint64_t weight_of(const struct search *s, uint32_t i, uint32_t j)
{
	return s->weight_upto[j + 1] - s->weight_upto[i];
}

static bool is_single(const struct search *s, uint32_t i)
{
	uint64_t end = i + 1 < s->count ? s->piece[i + 1].lo : (uint64_t)UINT32_MAX + 1;

	return end - s->piece[i].lo == 1;
}

/* The peelings of all runs that start at i before the given background. */
static void peel_from(struct search *s, uint32_t i, const struct sb_node *background)
{
	uint64_t tests = 0, path = 0, background_weight = 0;

	for (uint32_t j = i; j < s->count; j++) {
		size_t at = (size_t)i * s->count + j;
		uint64_t cost;

		if (s->piece[j].target == background) {
			background_weight += s->piece[j].weight;
		} else {
			if (!is_single(s, j))
				return;
			tests++;
			path += tests * s->piece[j].weight;
		}
		cost = (uint64_t)SB_COST_INSN * tests + (tests ? SB_COST_JUMP : 0) +
		       SB_COST_STEP * (path + tests * background_weight);
		if (tests > 1 && !sb_pass_on(s->graph->tuning, SB_PASS_PEEL))
			return;
		if (!s->run[at].background || cost < s->cost_from[at])
			settle(s, i, j, cost, (struct run){0, background});
	}
}

/* The best split of i..j, if it beats what peeling found. */
static void split(struct search *s, uint32_t i, uint32_t j)
{
	const uint64_t *left = s->cost_from + (size_t)i * s->count;
	const uint64_t *right = s->cost_to + (size_t)j * s->count;
	uint64_t here = SB_COST_INSN + SB_COST_STEP * weight_of(s, i, j);
	bool peeled = s->run[(size_t)i * s->count + j].background != NULL;
	uint64_t best = peeled ? left[j] : UINT64_MAX;
	uint32_t at = 0;

	for (uint32_t k = i + 1; k <= j; k++) {
		uint64_t below = left[k - 1] + right[k];
		uint64_t cost = here + below + (below ? 0 : SB_COST_JUMP);

		if (cost < best) {
			best = cost;
			at = k;
		}
	}
	if (at)
		settle(s, i, j, best, (struct run){at, NULL});
}

static void solve(struct search *s)
{
	for (uint32_t i = 0; i < s->count; i++) {
		peel_from(s, i, s->piece[i].target);
		if (i + 1 < s->count)
			peel_from(s, i, s->piece[i + 1].target);
	}
	for (uint32_t length = 2; length <= s->count; length++)
		for (uint32_t i = 0; i + length <= s->count; i++)
			split(s, i, i + length - 1);
}

static const struct sb_node *peel(struct search *s, uint32_t i, uint32_t j,
				  const struct sb_node *background)
{
	const struct sb_node *node = background;

	/* Backwards, so that the first single value is tested first, as solve() reckons. */
	for (uint32_t k = j + 1; k-- > i;)
		if (s->piece[k].target != background)
			node = sb_test(s->graph, BPF_JEQ, s->piece[k].lo, s->piece[k].target, node);
	return node;
}

/* Pieces k and up to the right, those before to the left. */
static const struct sb_node *at_least(struct search *s, uint32_t k, const struct sb_node *left,
				      const struct sb_node *right)
{
	return sb_test(s->graph, BPF_JGE, s->piece[k].lo, right, left);
}

static const struct sb_node *build(struct search *s, uint32_t i, uint32_t j)
{
	const struct run *run = &s->run[(size_t)i * s->count + j];

	if (!run->split)
		return peel(s, i, j, run->background);
	return at_least(s, run->split, build(s, i, run->split - 1), build(s, run->split, j));
}

static const struct sb_node *halve(struct search *s, uint32_t i, uint32_t j)
{
	uint32_t k = i + (j - i + 1) / 2;

	if (i == j)
		return s->piece[i].target;
	return at_least(s, k, halve(s, i, k - 1), halve(s, k, j));
}

const struct sb_node *sb_search(struct sb_graph *graph, const struct sb_piece *piece,
				uint32_t count)
{
	struct search s = {.graph = graph, .piece = piece, .count = count};

	if (graph->failed)
		return NULL;
	if (count > PIECES_MAX)
		return halve(&s, 0, count - 1);
	s.run = sb_alloc(graph->arena, (size_t)count * count, sizeof(*s.run));
	s.cost_from = sb_alloc(graph->arena, (size_t)count * count, sizeof(*s.cost_from));
	s.cost_to = sb_alloc(graph->arena, (size_t)count * count, sizeof(*s.cost_to));
	s.weight_upto = sb_alloc(graph->arena, (size_t)count + 1, sizeof(*s.weight_upto));
	if (!s.run || !s.cost_from || !s.cost_to || !s.weight_upto) {
		graph->failed = true;
		return NULL;
	}
	for (uint32_t i = 0; i < count; i++)
		s.weight_upto[i + 1] = s.weight_upto[i] + piece[i].weight;
	solve(&s);
	return build(&s, 0, count - 1);
}
