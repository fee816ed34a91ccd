/* SPDX-License-Identifier: MIT */
/*
 * Cases over several arguments as a decision diagram: an argument (under one mask)
 * is looked at once, all conditions on it together, and what is left of the cases
 * is decided for each stretch of its values. Cases in a chain would look at it
 * again in each.
 */
#include "args_internal.h"

#include <linux/filter.h>
#include <string.h>

#define CASES_MAX 32u
#define CONDS_MAX 64u
#define INTERVALS_MAX 256u
#define STATES_MAX 256u

/* What is known of the cases: those that may still hold, and their conditions left to see. */
struct state {
	uint32_t alive;
	uint64_t open;
	const struct sb_node *node; /* what decides it */
};

struct diagram {
	struct sb_graph *graph;
	const struct sb_decision *decision;
	const struct sb_cond *cond[CONDS_MAX];
	uint64_t of_case[CASES_MAX]; /* its conditions */
	uint32_t cond_count;
	bool by_frequency; /* which argument first: that of most conditions, or of the first case */
	struct state *state;
	uint32_t state_count;
	bool too_large;
};

static bool collect(struct diagram *d)
{
	uint32_t intervals = 0;

	if (d->decision->case_count > CASES_MAX)
		return false;
	for (uint32_t i = 0; i < d->decision->case_count; i++) {
		const struct sb_clause *clause = &d->decision->cases[i].clause;

		for (uint32_t j = 0; j < clause->cond_count; j++) {
			if (d->cond_count == CONDS_MAX ||
			    clause->cond[j].interval_count > INTERVALS_MAX)
				return false;
			intervals += clause->cond[j].interval_count;
			d->of_case[i] |= 1ull << d->cond_count;
			d->cond[d->cond_count++] = &clause->cond[j];
		}
	}
	return intervals <= INTERVALS_MAX;
}

static bool holds(const struct sb_cond *cond, uint64_t value)
{
	for (uint32_t i = 0; i < cond->interval_count; i++)
		if (cond->interval[i].lo <= value && value <= cond->interval[i].hi)
			return !cond->negate;
	return cond->negate;
}

static bool same_word(const struct sb_cond *a, const struct sb_cond *b)
{
	return a->arg == b->arg && a->mask == b->mask;
}

/* The first case that holds already hides those behind it. */
static void normalise(const struct diagram *d, struct state *s)
{
	for (uint32_t i = 0; i < d->decision->case_count; i++)
		if (s->alive >> i & 1 && !(d->of_case[i] & s->open)) {
			s->alive &= 2u * (1u << i) - 1;
			break;
		}
	for (uint32_t i = 0; i < d->decision->case_count; i++)
		if (!(s->alive >> i & 1))
			s->open &= ~d->of_case[i];
}

static const struct sb_cond *next_word(const struct diagram *d, const struct state *s)
{
	const struct sb_cond *best = NULL;
	uint32_t most = 0;

	for (uint32_t i = 0; i < d->cond_count; i++) {
		uint32_t count = 0;

		if (!(s->open >> i & 1))
			continue;
		for (uint32_t j = 0; j < d->cond_count; j++)
			count += s->open >> j & 1 && same_word(d->cond[i], d->cond[j]);
		if (count > most) {
			most = count;
			best = d->cond[i];
		}
		if (!d->by_frequency)
			break;
	}
	return best;
}

/* s once the word of cond is known to have value. */
static struct state with_value(const struct diagram *d, const struct state *s,
			       const struct sb_cond *word, uint64_t value)
{
	struct state next = *s;

	for (uint32_t i = 0; i < d->decision->case_count; i++)
		for (uint32_t j = 0; s->alive >> i & 1 && j < d->cond_count; j++) {
			if (!(d->of_case[i] & s->open) || !(d->of_case[i] & s->open & 1ull << j) ||
			    !same_word(d->cond[j], word))
				continue;
			next.open &= ~(1ull << j);
			if (!holds(d->cond[j], value))
				next.alive &= ~(1u << i);
		}
	return next;
}

/* The values, from 0, at which some open condition on the word may turn; sorted. */
static uint32_t boundaries(const struct diagram *d, const struct state *s,
			   const struct sb_cond *word, uint64_t *at)
{
	uint32_t count = 1;

	at[0] = 0;
	for (uint32_t j = 0; j < d->cond_count; j++) {
		if (!(s->open >> j & 1) || !same_word(d->cond[j], word))
			continue;
		for (uint32_t k = 0; k < d->cond[j]->interval_count; k++) {
			at[count++] = d->cond[j]->interval[k].lo;
			if (d->cond[j]->interval[k].hi != UINT64_MAX)
				at[count++] = d->cond[j]->interval[k].hi + 1;
		}
	}
	for (uint32_t i = 1; i < count; i++) {
		uint64_t value = at[i];
		uint32_t k = i;

		for (; k && at[k - 1] > value; k--)
			at[k] = at[k - 1];
		at[k] = value;
	}
	return count;
}

static const struct sb_node *decide(struct diagram *d, struct state s)
{
	const struct sb_cond *word;
	struct sb_stretches stretches = {0};
	uint64_t at[2 * INTERVALS_MAX + 1];
	uint32_t count;

	normalise(d, &s);
	if (!s.alive)
		return sb_ret(d->graph, d->decision->fallback);
	if (!s.open)
		return sb_ret(d->graph, d->decision->cases[__builtin_ctz(s.alive)].action);
	for (uint32_t i = 0; i < d->state_count; i++)
		if (d->state[i].alive == s.alive && d->state[i].open == s.open)
			return d->state[i].node;
	word = next_word(d, &s);
	count = boundaries(d, &s, word, at);
	stretches.at = sb_alloc(d->graph->arena, count, sizeof(*stretches.at));
	d->graph->failed |= !stretches.at;
	for (uint32_t i = 0; i < count && !d->graph->failed && !d->too_large; i++)
		if (!i || at[i] != at[i - 1])
			sb_stretch_add(&stretches, at[i],
				       decide(d, with_value(d, &s, word, at[i])));
	d->too_large |= d->state_count == STATES_MAX;
	if (d->graph->failed || d->too_large)
		return NULL;
	s.node = sb_test_argument(d->graph, word->arg, word->mask, &stretches);
	d->state[d->state_count++] = s;
	return s.node;
}

/* Nodes that only the decision needs: ids rise towards the root, so one pass finds them. */
static uint32_t size_of(struct sb_graph *graph, const struct sb_node *root)
{
	const struct sb_node **open;
	uint32_t count = 0, seen = 0, total = 0;

	if (!root || root->weight > SB_GRAPH_NODES_MAX)
		return UINT32_MAX;
	open = sb_alloc(graph->arena, 2 * (size_t)root->weight + 2, sizeof(const struct sb_node *));
	if (!open)
		return UINT32_MAX;
	open[count++] = root;
	while (seen < count) {
		const struct sb_node *node = open[seen++];
		const struct sb_node *next[] = {node->t, node->f};

		total++;
		for (int i = 0; i < 2; i++) {
			bool known = !next[i];

			for (uint32_t k = 0; k < count && !known; k++)
				known = open[k] == next[i];
			if (!known)
				open[count++] = next[i];
		}
	}
	return total;
}

const struct sb_node *sb_decision_diagram(struct sb_graph *graph,
					  const struct sb_decision *decision,
					  const struct sb_node *other)
{
	const struct sb_node *best = other;

	for (int by_frequency = 0; by_frequency < 2; by_frequency++) {
		struct diagram d = {
			.graph = graph, .decision = decision, .by_frequency = by_frequency};
		struct state all = {.alive = UINT32_MAX};
		const struct sb_node *node;

		if (graph->failed || !collect(&d))
			return best;
		d.state = sb_alloc(graph->arena, STATES_MAX, sizeof(*d.state));
		if (!d.state)
			return best;
		if (decision->case_count < 32)
			all.alive = (1u << decision->case_count) - 1;
		all.open = d.cond_count == 64 ? UINT64_MAX : (1ull << d.cond_count) - 1;
		node = decide(&d, all);
		if (!d.too_large && node && size_of(graph, node) < size_of(graph, best))
			best = node;
	}
	return best;
}
