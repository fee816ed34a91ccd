/* SPDX-License-Identifier: MIT */
/*
 * Values that are all combinations of some bits, {0, 8, 0x20000, 0x20008}, need
 * one test: no other bit is set (JSET of all others). With a base that is not 0
 * the accumulator is masked first, which costs it, so that comes last. Both pay
 * from four values on.
 */
#include "cover.h"

#include <linux/filter.h>

#define VALUES_MAX 64u
#define BITS_MAX 6u /* 2^6 values */
#define BITS_MIN 2u

struct values {
	uint32_t at[VALUES_MAX]; /* sorted */
	uint32_t count;
	const struct sb_node *in, *out;
};

/* Are the pieces single values that lead to one target, and a background? */
static bool collect(const struct sb_piece *piece, uint32_t count, struct values *values)
{
	bool first_is_in =
		count > 1 && piece[1].lo == 1 && count > 2 && piece[2].target == piece[0].target;

	*values =
		(struct values){.in = piece[!first_is_in].target, .out = piece[first_is_in].target};
	for (uint32_t i = 0; i < count; i++) {
		if (piece[i].target == values->out)
			continue;
		if (piece[i].target != values->in || values->count == VALUES_MAX ||
		    (i + 1 < count ? piece[i + 1].lo - piece[i].lo != 1
				   : piece[i].lo != UINT32_MAX))
			return false;
		values->at[values->count++] = piece[i].lo;
	}
	return values->count >= 1u << BITS_MIN;
}

static bool has(const struct values *values, uint32_t value)
{
	for (uint32_t i = 0; i < values->count; i++)
		if (values->at[i] == value)
			return true;
	return false;
}

/* Are base and all its combinations with bits of mask among them? */
static bool has_cube(const struct values *values, uint32_t base, uint32_t mask)
{
	uint32_t some = mask;

	for (;;) {
		if (!has(values, base | some))
			return false;
		if (!some)
			return true;
		some = (some - 1) & mask;
	}
}

/* The largest cube at base: the bits that vary in it. */
static uint32_t largest_cube(const struct values *values, uint32_t base)
{
	uint32_t bit[BITS_MAX], bits = 0, best = 0;

	for (uint32_t i = 0; i < values->count && bits < BITS_MAX; i++) {
		uint32_t differ = values->at[i] ^ base;

		if (differ && !(differ & (differ - 1)) && !(base & differ))
			bit[bits++] = differ;
	}
	for (uint32_t some = 1; some < 1u << bits; some++) {
		uint32_t mask = 0;

		for (uint32_t i = 0; i < bits; i++)
			mask |= some >> i & 1 ? bit[i] : 0;
		if (__builtin_popcount(some) > __builtin_popcount(best) &&
		    has_cube(values, base, mask))
			best = mask;
	}
	return best;
}

static void remove_cube(struct values *values, uint32_t base, uint32_t mask)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < values->count; i++)
		if ((values->at[i] & ~mask) != base)
			values->at[kept++] = values->at[i];
	values->count = kept;
}

static const struct sb_node *test_singles(struct sb_graph *graph, const struct values *values,
					  const struct sb_node *node)
{
	for (uint32_t i = values->count; i > 0; i--)
		node = sb_test(graph, BPF_JEQ, values->at[i - 1], values->in, node);
	return node;
}

const struct sb_node *sb_cover(struct sb_graph *graph, const struct sb_piece *piece, uint32_t count)
{
	uint32_t zero = 0, based = 0, base = 0;
	struct values values;
	const struct sb_node *node;

	if (!sb_pass_on(graph->tuning, SB_PASS_COVER) || !collect(piece, count, &values))
		return sb_search(graph, piece, count);
	if (has(&values, 0))
		zero = largest_cube(&values, 0);
	if (__builtin_popcount(zero) < (int)BITS_MIN)
		zero = 0;
	else
		remove_cube(&values, 0, zero);
	for (uint32_t i = 0; i < values.count; i++) {
		uint32_t mask = largest_cube(&values, values.at[i]);

		if (__builtin_popcount(mask) >= (int)BITS_MIN &&
		    __builtin_popcount(mask) > __builtin_popcount(based)) {
			based = mask;
			base = values.at[i];
		}
	}
	/* A search is logarithmic: chains of what is left must not be longer. */
	if ((!zero && !based) || values.count > 16 + (1u << __builtin_popcount(based)))
		return sb_search(graph, piece, count);
	node = values.out;
	if (based) {
		remove_cube(&values, base, based);
		node = sb_and(graph, ~based, sb_test(graph, BPF_JEQ, base, values.in, node));
	}
	node = test_singles(graph, &values, node);
	return zero ? sb_test(graph, BPF_JSET, ~zero, node, values.in) : node;
}
