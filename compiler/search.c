/* SPDX-License-Identifier: MIT */
/*
 * An optimal tree by dynamic programming over runs of pieces. A run is decided
 * by one of
 *   nothing      all its pieces lead to one node;
 *   a split      A >= k, and each side is a run;
 *   peeling      all pieces but those of one background are single values: a
 *                JEQ for each, then the background;
 *   bits         one JSET tells a group of pieces, which lead to one target, from
 *                the background, wherever they lie; other single values are peeled
 *                in front of it.
 * What it minimises is what the kernel charges for attaching (cost.h). A test both
 * of whose successors are elsewhere is two instructions there: in a tree those are
 * the tests that have no test below.
 */
#include "search.h"

#include <linux/filter.h>
#include <stddef.h>

#include "cost.h"
#include "mask.h"

/* Past these the cubic search gives way to halving; costs of less fit in 31 bits. */
#define PIECES_MAX 400u
#define WEIGHT_MAX 20000u

/* How long a run is looked through for a group: longer ones have all bits. */
#define GROUP_PIECES_MAX 12u
#define TARGETS_MAX 4u

/*
 * More than the best tree of any run costs: halving asks at most PIECES_MAX - 1
 * tests, 9 of them on each path. Two trees and a test more still fit.
 */
#define COST_MAX (1 << 29)
_Static_assert((PIECES_MAX - 1) * (uint64_t)(SB_COST_INSN + SB_COST_JUMP) +
			       9 * (uint64_t)SB_COST_STEP * WEIGHT_MAX <
		       COST_MAX,
	       "the cost of a tree fits");

/* How a run is decided; what is peeled is peeled from the target of its first or second piece. */
enum { SPLIT, PEEL_FIRST, PEEL_SECOND, BITS };

struct search {
	struct sb_graph *graph;
	const struct sb_piece *piece;
	uint32_t count;
	uint8_t *how;	       /* of pieces i..j at i * count + j */
	uint32_t *bits;	       /* that some value of the piece has */
	uint32_t *weight_upto; /* sum of weights of the pieces before i */
	/*
	 * Of i..j at i * count + j, and once more at j * count + i, so that both sides of
	 * the splits of a run lie in a row.
	 */
	int32_t *cost;
};

static void settle(struct search *s, uint32_t i, uint32_t j, int32_t cost, uint8_t how)
{
	s->how[(size_t)i * s->count + j] = how;
	s->cost[(size_t)i * s->count + j] = cost;
	s->cost[(size_t)j * s->count + i] = cost;
}

static uint32_t weight_of(const struct search *s, uint32_t i, uint32_t j)
{
	return s->weight_upto[j + 1] - s->weight_upto[i];
}

static uint32_t last_value(const struct search *s, uint32_t i)
{
	return i + 1 < s->count ? s->piece[i + 1].lo - 1 : UINT32_MAX;
}

static bool is_single(const struct search *s, uint32_t i)
{
	return last_value(s, i) == s->piece[i].lo;
}

static const struct sb_node *background_of(const struct search *s, uint32_t i, uint8_t how)
{
	return s->piece[how == PEEL_FIRST ? i : i + 1].target;
}

/* The peelings of all runs that start at i before the given background. */
static void peel_from(struct search *s, uint32_t i, uint8_t how)
{
	const struct sb_node *background = background_of(s, i, how);
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
		if (cost < COST_MAX && (s->how[at] == SPLIT || cost < (uint64_t)s->cost[at]))
			settle(s, i, j, (int32_t)cost, how);
	}
}

/* What pieces that lead to one target have in common. */
struct target {
	const struct sb_node *node;
	uint32_t bits; /* that some of their values have */
	uint32_t pieces;
	bool single; /* each of them */
};

/* A run by its targets. */
struct run {
	uint32_t i, j, count;
	struct target target[TARGETS_MAX];
};

/* Pieces each of whose values has a bit of mask, of which the background's have none. */
struct group {
	const struct sb_node *target, *background;
	uint32_t mask;
};

static bool in_group(const struct search *s, uint32_t k, const struct group *group)
{
	return s->piece[k].target == group->target &&
	       sb_mask_each(s->piece[k].lo, last_value(s, k), group->mask);
}

/* False: it has too many targets with piece j. */
static bool extend(const struct search *s, struct run *run, uint32_t j)
{
	struct target *target = run->target;

	while (target < run->target + run->count && target->node != s->piece[j].target)
		target++;
	if (target == run->target + TARGETS_MAX)
		return false;
	if (target == run->target + run->count) {
		run->count++;
		*target = (struct target){.node = s->piece[j].target, .single = true};
	}
	target->bits |= s->bits[j];
	target->single &= is_single(s, j);
	target->pieces++;
	run->j = j;
	return true;
}

/* UINT64_MAX: what is neither in the group nor the background's is no single value. */
static uint64_t group_cost(const struct search *s, const struct run *run, const struct group *group)
{
	uint64_t tests = 1, path = 0, rest = 0;

	for (uint32_t k = run->i; k <= run->j; k++) {
		if (s->piece[k].target == group->background || in_group(s, k, group))
			rest += s->piece[k].weight;
		else if (is_single(s, k))
			path += tests++ * s->piece[k].weight;
		else
			return UINT64_MAX;
	}
	return (uint64_t)SB_COST_INSN * tests + SB_COST_JUMP + SB_COST_STEP * (path + tests * rest);
}

/* The cheapest group of a run, if it costs less than limit: what it costs, or limit. */
static uint64_t best_group(const struct search *s, const struct run *run, uint64_t limit,
			   struct group *best)
{
	for (const struct target *t = run->target; t < run->target + run->count; t++) {
		if (t->pieces == 1 && t->single) /* JEQ does as well */
			continue;
		for (const struct target *b = run->target; b < run->target + run->count; b++) {
			struct group group = {t->node, b->node, t->bits & ~b->bits & SB_MASK_BITS};
			uint64_t cost = group.mask ? group_cost(s, run, &group) : UINT64_MAX;

			if (cost < limit) {
				limit = cost;
				*best = group;
			}
		}
	}
	return limit;
}

/* All runs from i on in which bits tell a group from a background. */
static void group_from(struct search *s, uint32_t i)
{
	struct run run = {.i = i};

	for (uint32_t j = i; j < s->count && j < i + GROUP_PIECES_MAX && extend(s, &run, j); j++) {
		size_t at = (size_t)i * s->count + j;
		uint64_t limit = s->how[at] == SPLIT ? COST_MAX : (uint64_t)s->cost[at];
		struct group group;
		uint64_t cost = best_group(s, &run, limit, &group);

		if (cost < limit)
			settle(s, i, j, (int32_t)cost, BITS);
	}
}

/* The least sum of two costs side by side. Small and plain: compilers do four at once. */
static int32_t least(const int32_t *left, const int32_t *right, uint32_t count)
{
	int32_t best = 2 * (COST_MAX - 1);

	for (uint32_t k = 0; k < count; k++) {
		int32_t sum = left[k] + right[k];

		best = sum < best ? sum : best;
	}
	return best;
}

/* What a split costs below its own test; where nothing is tested there, that takes a jump. */
static int32_t below(const struct search *s, uint32_t i, uint32_t k, uint32_t j)
{
	int32_t sum = s->cost[(size_t)i * s->count + k - 1] + s->cost[(size_t)j * s->count + k];

	return sum ? sum : (int32_t)SB_COST_JUMP;
}

static int32_t least_below(const struct search *s, uint32_t i, uint32_t j)
{
	int32_t best = least(s->cost + (size_t)i * s->count + i,
			     s->cost + (size_t)j * s->count + i + 1, j - i);

	if (best)
		return best;
	best = below(s, i, i + 1, j);
	for (uint32_t k = i + 2; k <= j; k++)
		if (below(s, i, k, j) < best)
			best = below(s, i, k, j);
	return best;
}

static int32_t test_cost(const struct search *s, uint32_t i, uint32_t j)
{
	return (int32_t)(SB_COST_INSN + SB_COST_STEP * weight_of(s, i, j));
}

/* The best split of i..j, if it beats what peeling found. */
static void split(struct search *s, uint32_t i, uint32_t j)
{
	size_t at = (size_t)i * s->count + j;
	int32_t cost = test_cost(s, i, j) + least_below(s, i, j);

	if (s->how[at] == SPLIT || cost < s->cost[at])
		settle(s, i, j, cost, SPLIT);
}

/* Where: the first piece of the right side. Only the tree that is built needs to know. */
static uint32_t split_at(const struct search *s, uint32_t i, uint32_t j)
{
	int32_t wanted = s->cost[(size_t)i * s->count + j] - test_cost(s, i, j);
	uint32_t k = i + 1;

	while (k < j && below(s, i, k, j) != wanted)
		k++;
	return k;
}

static void solve(struct search *s)
{
	for (uint32_t i = 0; i < s->count; i++) {
		peel_from(s, i, PEEL_FIRST);
		if (i + 1 < s->count)
			peel_from(s, i, PEEL_SECOND);
	}
	for (uint32_t i = 0; i + 2 < s->count && sb_pass_on(s->graph->tuning, SB_PASS_BITS); i++)
		group_from(s, i);
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

static const struct sb_node *test_bits(struct search *s, uint32_t i, uint32_t j)
{
	struct run run = {.i = i};
	struct group group = {0};
	const struct sb_node *node;

	for (uint32_t k = i; k <= j; k++)
		extend(s, &run, k);
	best_group(s, &run, COST_MAX, &group); /* as group_from() did */
	node = sb_test(s->graph, BPF_JSET, group.mask, group.target, group.background);
	for (uint32_t k = j + 1; k-- > i;)
		if (s->piece[k].target != group.background && !in_group(s, k, &group))
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
	uint8_t how = s->how[(size_t)i * s->count + j];
	uint32_t k;

	if (how == BITS)
		return test_bits(s, i, j);
	if (how != SPLIT)
		return peel(s, i, j, background_of(s, i, how));
	k = split_at(s, i, j);
	return at_least(s, k, build(s, i, k - 1), build(s, k, j));
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
	uint64_t weight = 0;

	if (graph->failed)
		return NULL;
	for (uint32_t i = 0; i < count; i++)
		weight += piece[i].weight;
	if (count > PIECES_MAX || weight > WEIGHT_MAX)
		return halve(&s, 0, count - 1);
	s.weight_upto = sb_alloc(graph->arena, (size_t)count + 1, sizeof(*s.weight_upto));
	s.bits = sb_alloc(graph->arena, count, sizeof(*s.bits));
	s.how = sb_alloc(graph->arena, (size_t)count * count, sizeof(*s.how));
	s.cost = sb_alloc_raw(graph->arena, (size_t)count * count, sizeof(*s.cost));
	if (!s.bits || !s.how || !s.cost || !s.weight_upto) {
		graph->failed = true;
		return NULL;
	}
	for (uint32_t i = 0; i < count; i++) {
		s.weight_upto[i + 1] = s.weight_upto[i] + piece[i].weight;
		s.bits[i] = sb_mask_some(piece[i].lo, last_value(&s, i));
	}
	solve(&s);
	return build(&s, 0, count - 1);
}
