/* SPDX-License-Identifier: MIT */
/*
 * Reduced ordered decision diagrams with many leaves, hash-consed: a node is
 * made at most once, tests variables in the one order, and never has two equal
 * halves. Hence two diagrams are the same function exactly when they are the
 * same index, which is all that the proof rests on.
 *
 * Nodes are never freed one by one: a proof is short, and everything goes at
 * its end. The memo of sb_dd_ite() may forget; the table of nodes may not.
 */
#include "prove_internal.h"

#include <stdlib.h>

#define FIRST_CAPACITY (1u << 13) /* a container policy needs no more */
#define MEMO_MAX (1u << 18)

static uint32_t mix(uint32_t a, uint32_t b, uint32_t c)
{
	uint64_t x = ((uint64_t)a << 32 | b) * 0x9e3779b97f4a7c15u;

	x = (x ^ (x >> 29) ^ c) * 0xbf58476d1ce4e5b9u;
	return (uint32_t)(x >> 32);
}

uint32_t sb_dd_fail(struct sb_dd *dd, enum secbake_status status)
{
	if (dd->status == SECBAKE_OK)
		dd->status = status;
	return SB_DD_NONE;
}

/* The place of a node, or the free one where it belongs. */
static uint32_t *find_slot(const struct sb_dd *dd, uint32_t var, uint32_t lo, uint32_t hi)
{
	uint32_t mask = dd->capacity * 2 - 1;
	uint32_t i = mix(lo, hi, var) & mask;

	for (;;) {
		const struct sb_dd_node *node;

		if (dd->slot[i] == 0)
			return &dd->slot[i];
		node = &dd->node[dd->slot[i] - 1];
		if (node->var == var && node->lo == lo && node->hi == hi)
			return &dd->slot[i];
		i = (i + 1) & mask;
	}
}

static bool grow(struct sb_dd *dd)
{
	uint32_t capacity = dd->capacity != 0 ? dd->capacity * 2 : FIRST_CAPACITY;
	uint32_t memo_size = capacity / 4 < MEMO_MAX ? capacity / 4 : MEMO_MAX;
	struct sb_dd_node *node;
	uint32_t *slot;

	node = realloc(dd->node, (size_t)capacity * sizeof(*node));
	if (node == NULL)
		return false;
	dd->node = node;
	slot = calloc((size_t)capacity * 2, sizeof(*slot));
	if (slot == NULL)
		return false;
	free(dd->slot);
	dd->slot = slot;
	dd->capacity = capacity;
	for (uint32_t i = 0; i < dd->count; i++)
		*find_slot(dd, node[i].var, node[i].lo, node[i].hi) = i + 1;
	if (memo_size != dd->memo_size) {
		struct sb_dd_memo *memo = calloc(memo_size, sizeof(*memo));

		if (memo == NULL)
			return false;
		free(dd->memo);
		dd->memo = memo;
		dd->memo_size = memo_size;
	}
	return true;
}

/* The index of a node, leaf or not, made when there is none. */
static uint32_t intern(struct sb_dd *dd, uint32_t var, uint32_t lo, uint32_t hi)
{
	uint32_t *slot = find_slot(dd, var, lo, hi);

	if (*slot != 0)
		return *slot - 1;
	if (dd->count >= dd->node_limit)
		return sb_dd_fail(dd, SECBAKE_ERR_UNKNOWN);
	if (dd->count == dd->capacity) {
		if (!grow(dd))
			return sb_dd_fail(dd, SECBAKE_ERR_MEMORY);
		slot = find_slot(dd, var, lo, hi);
	}
	dd->node[dd->count] = (struct sb_dd_node){.var = var, .lo = lo, .hi = hi};
	*slot = ++dd->count;
	return dd->count - 1;
}

enum secbake_status sb_dd_init(struct sb_dd *dd, const struct sb_prove_limits *limits)
{
	*dd = (struct sb_dd){.node_limit = limits->nodes, .step_limit = limits->steps};
	if (!grow(dd)) {
		dd->status = SECBAKE_ERR_MEMORY;
		return dd->status;
	}
	/* In this order they get the indices SB_DD_FALSE and SB_DD_TRUE. */
	intern(dd, SB_VAR_CONDITION, SB_DD_FALSE, SB_DD_FALSE);
	intern(dd, SB_VAR_CONDITION, SB_DD_TRUE, SB_DD_TRUE);
	return dd->status;
}

void sb_dd_free(struct sb_dd *dd)
{
	free(dd->node);
	free(dd->slot);
	free(dd->memo);
	*dd = (struct sb_dd){.count = 0};
}

uint32_t sb_dd_node(struct sb_dd *dd, uint32_t var, uint32_t lo, uint32_t hi)
{
	if (lo == SB_DD_NONE || hi == SB_DD_NONE)
		return SB_DD_NONE;
	if (lo == hi)
		return lo;
	return intern(dd, var, lo, hi);
}

uint32_t sb_dd_verdict(struct sb_dd *dd, uint32_t verdict)
{
	return intern(dd, SB_VAR_VERDICT, verdict, 0);
}

uint32_t sb_dd_beyond(struct sb_dd *dd)
{
	return intern(dd, SB_VAR_BEYOND, 0, 0);
}

static uint32_t lowest_var(const struct sb_dd *dd, uint32_t f, uint32_t g, uint32_t h)
{
	uint32_t var = dd->node[f].var;

	if (dd->node[g].var < var)
		var = dd->node[g].var;
	if (dd->node[h].var < var)
		var = dd->node[h].var;
	return var;
}

/*
 * Recursion goes one variable down each time, so it is at most SB_VAR_COUNT
 * deep whatever the program looks like.
 */
uint32_t sb_dd_ite(struct sb_dd *dd, uint32_t f, uint32_t g, uint32_t h)
{
	struct sb_dd_memo *memo;
	uint32_t place, var, lo, hi, result;

	if (f == SB_DD_NONE || g == SB_DD_NONE || h == SB_DD_NONE)
		return SB_DD_NONE;
	if (f == SB_DD_TRUE || g == h)
		return g;
	if (f == SB_DD_FALSE)
		return h;
	/* Under f, f is true; equal questions then meet in the memo. */
	if (g == f)
		g = SB_DD_TRUE;
	if (h == f)
		h = SB_DD_FALSE;
	if (g == SB_DD_TRUE && h == SB_DD_FALSE)
		return f;
	var = lowest_var(dd, f, g, h);
	if (var >= SB_VAR_COUNT) /* f is a verdict: not a condition */
		return sb_dd_fail(dd, SECBAKE_ERR_INTERNAL);
	/* One bit alone, above both: words are compared from their last bit up. */
	if (dd->node[f].lo == SB_DD_FALSE && dd->node[f].hi == SB_DD_TRUE &&
	    dd->node[g].var > var && dd->node[h].var > var)
		return sb_dd_node(dd, var, h, g);
	place = mix(f, g, h) & (dd->memo_size - 1);
	memo = &dd->memo[place];
	if (memo->f == f && memo->g == g && memo->h == h)
		return memo->result;
	if (dd->steps >= dd->step_limit)
		return sb_dd_fail(dd, SECBAKE_ERR_UNKNOWN);
	dd->steps++;
	lo = sb_dd_ite(dd, sb_dd_half(dd, f, var, false), sb_dd_half(dd, g, var, false),
		       sb_dd_half(dd, h, var, false));
	hi = sb_dd_ite(dd, sb_dd_half(dd, f, var, true), sb_dd_half(dd, g, var, true),
		       sb_dd_half(dd, h, var, true));
	result = sb_dd_node(dd, var, lo, hi);
	if (result == SB_DD_NONE)
		return SB_DD_NONE;
	/* The memo may have grown meanwhile. */
	place = mix(f, g, h) & (dd->memo_size - 1);
	dd->memo[place] = (struct sb_dd_memo){.f = f, .g = g, .h = h, .result = result};
	return result;
}

enum secbake_status sb_dd_failed(const struct sb_dd *dd, const char *where,
				 struct secbake_error *error)
{
	switch (dd->status) {
	case SECBAKE_ERR_MEMORY:
		return secbake_error_set(error, dd->status, 0, "out of memory during the proof");
	case SECBAKE_ERR_UNKNOWN:
		if (dd->steps >= dd->step_limit)
			return secbake_error_set(
				error, dd->status, 0,
				"cannot prove the program: at %s the proof takes more steps than "
				"it may; fewer or simpler argument conditions would help",
				where);
		return secbake_error_set(
			error, dd->status, 0,
			"cannot prove the program: at %s its decision diagram needs more than %u "
			"nodes; fewer or simpler argument conditions would help",
			where, dd->node_limit);
	default:
		return secbake_error_set(error, SECBAKE_ERR_INTERNAL, 0,
					 "the prover took a verdict for a condition at %s", where);
	}
}
