/* SPDX-License-Identifier: MIT */
/* Whether some call satisfies two clauses: exact, for conditions as the oci dialect has them. */
#include "resolve.h"

/*
 * The least x >= from with (x & mask) == value; false if there is none. Bits
 * outside the mask are free.
 */
static bool least_match(uint64_t from, uint64_t mask, uint64_t value, uint64_t *x)
{
	uint64_t differ = (from & mask) ^ value, bit;

	if (value & ~mask)
		return false;
	if (!differ) {
		*x = from;
		return true;
	}
	bit = UINT64_C(1) << (63 - __builtin_clzll(differ));
	if (from & bit) { /* too large there: carry into a free bit above that is still 0 */
		do {
			if (bit == UINT64_C(1) << 63)
				return false;
			bit <<= 1;
		} while ((mask & bit) || (from & bit));
		*x = (from & ~(2 * bit - 1)) | bit | (value & (bit - 1));
	} else {
		*x = (from & ~(2 * bit - 1)) | (value & (2 * bit - 1));
	}
	return true;
}

/* Intervals that a condition without a mask accepts, those of a negation spelled out. */
static uint32_t accepted(const struct sb_cond *cond, struct sb_interval out[2])
{
	const struct sb_interval *in = cond->interval;
	uint32_t count = 0;

	if (!cond->negate) {
		for (; count < cond->interval_count && count < 2; count++)
			out[count] = in[count];
		return count;
	}
	if (in->lo > 0)
		out[count++] = (struct sb_interval){0, in->lo - 1};
	if (in->hi < UINT64_MAX)
		out[count++] = (struct sb_interval){in->hi + 1, UINT64_MAX};
	return count;
}

static bool masked_overlap(const struct sb_cond *masked, const struct sb_cond *other)
{
	uint64_t mask = masked->mask, value = masked->interval->lo, x;
	struct sb_interval interval[2];
	uint32_t count;

	if (other->mask != UINT64_MAX)
		return ((value ^ other->interval->lo) & mask & other->mask) == 0;
	count = accepted(other, interval);
	for (uint32_t i = 0; i < count; i++)
		if (least_match(interval[i].lo, mask, value, &x) && x <= interval[i].hi)
			return true;
	return false;
}

static bool conditions_overlap(const struct sb_cond *a, const struct sb_cond *b)
{
	struct sb_interval x[2], y[2];
	uint32_t x_count, y_count;

	if (a->mask != UINT64_MAX)
		return masked_overlap(a, b);
	if (b->mask != UINT64_MAX)
		return masked_overlap(b, a);
	x_count = accepted(a, x);
	y_count = accepted(b, y);
	for (uint32_t i = 0; i < x_count; i++)
		for (uint32_t j = 0; j < y_count; j++)
			if (x[i].lo <= y[j].hi && y[j].lo <= x[i].hi)
				return true;
	return false;
}

/* Is there a value at all for each condition? */
static bool can_match(const struct sb_clause *clause)
{
	for (uint32_t i = 0; i < clause->cond_count; i++)
		if (!clause->cond[i].interval_count && !clause->cond[i].negate)
			return false;
	return true;
}

bool sb_clauses_overlap(const struct sb_clause *a, const struct sb_clause *b)
{
	if (!can_match(a) || !can_match(b))
		return false;
	for (uint32_t i = 0; i < a->cond_count; i++)
		for (uint32_t j = 0; j < b->cond_count; j++)
			if (a->cond[i].arg == b->cond[j].arg &&
			    !conditions_overlap(&a->cond[i], &b->cond[j]))
				return false;
	return true;
}
