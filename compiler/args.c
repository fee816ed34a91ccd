/* SPDX-License-Identifier: MIT */
/*
 * Argument checks. seccomp_data.args[] is 64 bits wide, the accumulator 32: a
 * comparison looks at the high word first and at the low word only where the
 * high word leaves it open. Cases in a row that look at one masked argument
 * alone become one map over its values, however many and in whatever order.
 */
#include "args_internal.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>

#include "cover.h"
#include "search.h"

static bool fail(struct sb_graph *graph)
{
	graph->failed = true;
	return false;
}

static uint32_t word_offset(const struct sb_graph *graph, unsigned int arg, bool high)
{
	uint32_t offset = (uint32_t)(offsetof(struct seccomp_data, args) + 8 * arg);

	return offset + (high != graph->big_endian ? 4 : 0);
}

/* The pieces that a word ANDed with mask can reach, equal neighbours merged. */
static uint32_t reachable(struct sb_piece *piece, uint32_t count, uint32_t mask)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < count; i++) {
		if (piece[i].lo > mask)
			break;
		if (kept && piece[kept - 1].target == piece[i].target)
			continue;
		piece[kept++] = piece[i];
	}
	return kept;
}

/*
 * Comparing (w & mask) with mask 11..100..0 is comparing w itself, once each
 * boundary is rounded up to a value that the mask lets through.
 */
static bool round_boundaries(struct sb_piece *piece, uint32_t *count, uint32_t mask)
{
	uint32_t kept = 0, below = ~mask;

	if (mask == 0 || (below & (below + 1)) != 0)
		return false;
	for (uint32_t i = 0; i < *count; i++) {
		uint32_t lo = piece[i].lo;

		if (lo & below) {
			if ((lo | below) == UINT32_MAX)
				break; /* no value is that large */
			lo = (lo | below) + 1;
		}
		if (kept && piece[kept - 1].lo == lo)
			kept--; /* an empty piece */
		piece[kept] = piece[i];
		piece[kept++].lo = lo;
	}
	*count = reachable(piece, kept, UINT32_MAX);
	return true;
}

/* Pieces of (word & mask): the word is loaded, masked if need be, and searched. */
static const struct sb_node *test_word(struct sb_graph *graph, uint32_t offset, uint32_t mask,
				       struct sb_piece *piece, uint32_t count)
{
	const struct sb_node *zero, *one;

	count = reachable(piece, count, mask);
	if (graph->failed || count == 1)
		return graph->failed ? NULL : piece[0].target;
	zero = piece[0].target;
	one = piece[count - 1].target;
	if (mask != UINT32_MAX && count == 2 && (piece[1].lo == 1 || !(mask & (mask - 1))))
		return sb_load(graph, offset, sb_test(graph, BPF_JSET, mask, one, zero));
	if (mask == UINT32_MAX || round_boundaries(piece, &count, mask))
		return count == 1 ? piece[0].target
				  : sb_load(graph, offset, sb_cover(graph, piece, count));
	return sb_load(graph, offset, sb_and(graph, mask, sb_search(graph, piece, count)));
}

/* The stretch that value lies in, by halving. */
static uint32_t stretch_of(const struct sb_stretches *s, uint64_t value)
{
	uint32_t lo = 0, hi = s->count;

	while (hi - lo > 1) {
		uint32_t middle = lo + (hi - lo) / 2;

		if (s->at[middle].lo <= value)
			lo = middle;
		else
			hi = middle;
	}
	return lo;
}

/* What is left to decide once the high word (masked) is known to be high. */
static const struct sb_node *test_low(struct sb_graph *graph, unsigned int arg, uint32_t mask,
				      const struct sb_stretches *s, uint32_t high)
{
	uint64_t base = (uint64_t)high << 32;
	uint32_t first = stretch_of(s, base), last = stretch_of(s, base | UINT32_MAX), count = 0;
	struct sb_piece *piece = sb_alloc(graph->arena, (size_t)last - first + 1, sizeof(*piece));

	if (!piece) {
		fail(graph);
		return NULL;
	}
	for (uint32_t i = first; i <= last; i++)
		piece[count++] = (struct sb_piece){.lo = i == first ? 0 : (uint32_t)s->at[i].lo,
						   .weight = 1,
						   .target = s->at[i].target};
	return test_word(graph, word_offset(graph, arg, false), mask, piece, count);
}

const struct sb_node *sb_test_argument(struct sb_graph *graph, unsigned int arg, uint64_t mask,
				       const struct sb_stretches *s)
{
	uint32_t high_mask = (uint32_t)(mask >> 32), low_mask = (uint32_t)mask, count = 0;
	struct sb_piece *piece;

	if (high_mask == 0)
		return test_low(graph, arg, low_mask, s, 0);
	/* Each boundary's high word is decided by the low word, those between are not. */
	piece = sb_alloc(graph->arena, 2 * (size_t)s->count + 1, sizeof(*piece));
	if (!piece) {
		fail(graph);
		return NULL;
	}
	for (uint32_t i = 0; i < s->count && !graph->failed; i++) {
		uint64_t high = s->at[i].lo >> 32;
		uint64_t next = i + 1 < s->count ? s->at[i + 1].lo >> 32 : (uint64_t)1 << 32;

		if (!count || piece[count - 1].lo != high)
			piece[count++] = (struct sb_piece){
				.lo = (uint32_t)high,
				.weight = 1,
				.target = test_low(graph, arg, low_mask, s, (uint32_t)high)};
		if (high + 1 < next)
			piece[count++] = (struct sb_piece){
				.lo = (uint32_t)high + 1, .weight = 1, .target = s->at[i].target};
	}
	if (graph->failed)
		return NULL;
	return test_word(graph, word_offset(graph, arg, true), high_mask, piece, count);
}

void sb_stretch_add(struct sb_stretches *s, uint64_t lo, const struct sb_node *target)
{
	if (s->count && s->at[s->count - 1].lo == lo)
		s->at[s->count - 1].target = target;
	else if (!s->count || s->at[s->count - 1].target != target)
		s->at[s->count++] = (struct sb_stretch){lo, target};
}

/* One condition: t where it holds, f elsewhere. */
static const struct sb_node *test_cond(struct sb_graph *graph, const struct sb_cond *cond,
				       const struct sb_node *t, const struct sb_node *f)
{
	const struct sb_node *inside = cond->negate ? f : t, *outside = cond->negate ? t : f;
	struct sb_stretches s = {0};

	s.at = sb_alloc(graph->arena, 2 * (size_t)cond->interval_count + 1, sizeof(*s.at));
	if (!s.at || graph->failed) {
		fail(graph);
		return NULL;
	}
	sb_stretch_add(&s, 0, outside);
	for (uint32_t i = 0; i < cond->interval_count; i++) {
		sb_stretch_add(&s, cond->interval[i].lo, inside);
		if (cond->interval[i].hi != UINT64_MAX)
			sb_stretch_add(&s, cond->interval[i].hi + 1, outside);
	}
	return sb_test_argument(graph, cond->arg, cond->mask, &s);
}

/* A run of cases that each are one condition on the same masked argument. */
struct run {
	const struct sb_case *first;
	uint32_t count;
	uint64_t *boundary; /* sorted, no two equal, the first 0 */
	const struct sb_node **target;
	uint32_t *free_from; /* union-find: first boundary from here on without a target */
	uint32_t boundary_count;
};

static int compare_u64(const void *a, const void *b)
{
	uint64_t x, y;

	x = *(const uint64_t *)a;
	y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

static bool collect_boundaries(struct sb_graph *graph, struct run *run)
{
	size_t most = 1, count = 0, kept = 0;

	for (uint32_t i = 0; i < run->count; i++)
		most += 2 * (size_t)run->first[i].clause.cond[0].interval_count;
	run->boundary = sb_alloc(graph->arena, most, sizeof(*run->boundary));
	run->target = sb_alloc(graph->arena, most, sizeof(*run->target));
	run->free_from = sb_alloc(graph->arena, most + 1, sizeof(*run->free_from));
	graph->too_large |= most > SB_GRAPH_NODES_MAX * 4;
	if (graph->too_large || !run->boundary || !run->target || !run->free_from)
		return fail(graph);
	run->boundary[count++] = 0;
	for (uint32_t i = 0; i < run->count; i++) {
		const struct sb_cond *cond = run->first[i].clause.cond;

		for (uint32_t j = 0; j < cond->interval_count; j++) {
			run->boundary[count++] = cond->interval[j].lo;
			if (cond->interval[j].hi != UINT64_MAX)
				run->boundary[count++] = cond->interval[j].hi + 1;
		}
	}
	qsort(run->boundary, count, sizeof(*run->boundary), compare_u64);
	for (size_t i = 0; i < count; i++)
		if (!i || run->boundary[i] != run->boundary[kept - 1])
			run->boundary[kept++] = run->boundary[i];
	run->boundary_count = (uint32_t)kept;
	for (uint32_t i = 0; i <= run->boundary_count; i++)
		run->free_from[i] = i;
	return true;
}

static uint32_t next_free(struct run *run, uint32_t i)
{
	while (run->free_from[i] != i) {
		run->free_from[i] = run->free_from[run->free_from[i]];
		i = run->free_from[i];
	}
	return i;
}

/* First match: what an earlier case took stays its own. From lo to before end (0: no end). */
static void take(struct run *run, uint64_t lo, uint64_t end, const struct sb_node *target)
{
	uint32_t low = 0, high = run->boundary_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (run->boundary[middle] < lo)
			low = middle + 1;
		else
			high = middle;
	}
	for (uint32_t i = next_free(run, low);
	     i < run->boundary_count && (!end || run->boundary[i] < end);
	     i = next_free(run, i + 1)) {
		run->target[i] = target;
		run->free_from[i] = i + 1;
	}
}

static void take_cond(struct run *run, const struct sb_cond *cond, const struct sb_node *target)
{
	uint64_t at = 0;

	for (uint32_t i = 0; i < cond->interval_count; i++) {
		const struct sb_interval *in = &cond->interval[i];

		if (!cond->negate)
			take(run, in->lo, in->hi + 1, target); /* wraps to 0: no end */
		else if (in->lo > at)
			take(run, at, in->lo, target);
		at = in->hi + 1;
	}
	if (cond->negate && (!cond->interval_count || at))
		take(run, at, 0, target);
}

/* The whole run, then rest. */
static const struct sb_node *test_run(struct sb_graph *graph, struct run *run,
				      const struct sb_node *rest)
{
	const struct sb_cond *cond = run->first->clause.cond;
	struct sb_stretches s = {0};

	if (!collect_boundaries(graph, run))
		return NULL;
	for (uint32_t i = 0; i < run->count; i++)
		take_cond(run, run->first[i].clause.cond, sb_ret(graph, run->first[i].action));
	s.at = sb_alloc(graph->arena, run->boundary_count, sizeof(*s.at));
	if (!s.at || graph->failed) {
		fail(graph);
		return NULL;
	}
	for (uint32_t i = 0; i < run->boundary_count; i++)
		sb_stretch_add(&s, run->boundary[i], run->target[i] ? run->target[i] : rest);
	return sb_test_argument(graph, cond->arg, cond->mask, &s);
}

static bool same_argument(const struct sb_case *a, const struct sb_case *b)
{
	return a->clause.cond_count == 1 && b->clause.cond_count == 1 &&
	       a->clause.cond->arg == b->clause.cond->arg &&
	       a->clause.cond->mask == b->clause.cond->mask;
}

/* Case by case, runs on one argument together. */
static const struct sb_node *chain(struct sb_graph *graph, const struct sb_decision *decision)
{
	const struct sb_node *node = sb_ret(graph, decision->fallback);

	for (uint32_t i = decision->case_count; i > 0 && !graph->failed;) {
		const struct sb_case *last = &decision->cases[--i];

		if (last->clause.cond_count == 1) {
			struct run run = {.first = last, .count = 1};

			for (; i > 0 && same_argument(&decision->cases[i - 1], last); i--) {
				run.first--;
				run.count++;
			}
			node = test_run(graph, &run, node);
		} else {
			const struct sb_node *rest = node;

			node = sb_ret(graph, last->action);
			for (uint32_t j = last->clause.cond_count; j > 0 && !graph->failed; j--)
				node = test_cond(graph, &last->clause.cond[j - 1], node, rest);
		}
	}
	return graph->failed ? NULL : node;
}

/* Cases in one run are one map already, and may be thousands. */
static bool is_one_run(const struct sb_decision *decision)
{
	for (uint32_t i = 0; i < decision->case_count; i++)
		if (!same_argument(&decision->cases[0], &decision->cases[i]))
			return false;
	return true;
}

const struct sb_node *sb_decision_graph(struct sb_graph *graph, const struct sb_decision *decision)
{
	const struct sb_node *node = chain(graph, decision);

	if (!graph->failed && sb_pass_on(graph->tuning, SB_PASS_DIAGRAM) && !is_one_run(decision))
		node = sb_decision_diagram(graph, decision, node);
	return graph->failed ? NULL : node;
}
