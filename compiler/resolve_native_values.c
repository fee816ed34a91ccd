/* SPDX-License-Identifier: MIT */
/*
 * Comparisons as sets of words. A comparison is first understood as one of
 * whole numbers, at the width and sign of the argument; what is left of it in
 * a register of 32 or 64 bits is an exact set of intervals.
 */
#include "resolve_native.h"

#include <stdlib.h>
#include <string.h>

#include "constants.h"

/* A whole number in -2^63 .. 2^64-1. */
typedef __int128 whole;

struct context {
	const struct sb_reader *reader;
	const struct sb_native_type *type;
	const struct secbake_arch *arch;
	const char *argument; /* for messages */
};

static uint64_t all_ones(uint8_t bits)
{
	return bits == 32 ? UINT32_MAX : UINT64_MAX;
}

static bool unknown_constant(const struct context *c, const struct sb_native_value *value,
			     const char *name)
{
	const char *near;

	if (sb_constant_known(name))
		return sb_native_fail(c->reader, value->node,
				      "%s has no constant \"%.64s\"; keep the rule from it with "
				      "\"when\" or \"unless\"",
				      c->arch->name, name);
	near = sb_constant_nearest(name);
	if (near)
		return sb_native_fail(c->reader, value->node,
				      "there is no constant \"%.64s\"; did you mean \"%s\"?", name,
				      near);
	return sb_native_fail(c->reader, value->node, "there is no constant \"%.64s\"", name);
}

static bool evaluate(const struct context *c, const struct sb_native_value *value, whole *number)
{
	uint64_t sum = 0;
	bool negative = false;

	for (uint32_t i = 0; i < value->part_count; i++) {
		const struct sb_native_part *part = &value->part[i];
		uint64_t magnitude = part->magnitude;

		negative = part->negative;
		if (part->constant) {
			if (!sb_constant(c->arch, part->constant, &magnitude, &negative))
				return unknown_constant(c, value, part->constant);
			if (negative)
				magnitude = -magnitude;
		}
		if (negative && value->part_count > 1)
			return sb_native_fail(
				c->reader, value->node,
				"%.64s is negative on %s; it cannot be joined with '|'",
				part->constant ? part->constant : "a number", c->arch->name);
		sum |= magnitude;
	}
	*number = negative ? -(whole)sum : (whole)sum;
	return true;
}

/* The text of a value, for messages. */
static int shown(const struct sb_json *node)
{
	return node->text_size < 64 ? (int)node->text_size : 64;
}

/* The number, if the width of the comparison can hold it. */
static bool read_whole(const struct context *c, const struct sb_native_value *value, whole *number)
{
	whole least = -((whole)1 << (c->type->width - 1)), most = ((whole)1 << c->type->width) - 1;

	if (!evaluate(c, value, number))
		return false;
	if (*number >= least && *number <= most)
		return true;
	return sb_native_fail(c->reader, value->node,
			      "%.*s does not fit: %s is compared on %u bits; give \"width\": 64 if "
			      "all of the register is meant",
			      shown(value->node), value->node->text, c->argument, c->type->width);
}

/* Its bits in the register; false: the register cannot hold them. */
static bool word_of(const struct sb_native_type *type, whole number, uint64_t *word)
{
	if (type->bits == 32 && (number > UINT32_MAX || number < INT32_MIN))
		return false;
	*word = (uint64_t)number & all_ones(type->bits);
	return true;
}

static int compare_intervals(const void *a, const void *b)
{
	const struct sb_interval *x = a, *y = b;

	return (x->lo > y->lo) - (x->lo < y->lo);
}

/* Sorts, and joins what overlaps or touches. */
static void normalise(struct sb_native_words *words)
{
	uint32_t kept = 0;

	if (words->count)
		qsort(words->interval, words->count, sizeof(*words->interval), compare_intervals);
	for (uint32_t i = 0; i < words->count; i++) {
		struct sb_interval next = words->interval[i], *last = &words->interval[kept - 1];

		if (kept && (last->hi == UINT64_MAX || next.lo <= last->hi + 1)) {
			if (next.hi > last->hi)
				last->hi = next.hi;
		} else {
			words->interval[kept++] = next;
		}
	}
	words->count = kept;
}

/* All that the mask can reach, as a number, but for these. */
static bool invert(struct sb_arena *arena, struct sb_native_words *words)
{
	struct sb_interval *out = sb_alloc(arena, (size_t)words->count + 1, sizeof(*out));
	uint64_t from = 0;
	uint32_t count = 0;
	bool open = true; /* something is left from `from` on */

	if (!out)
		return false;
	for (uint32_t i = 0; i < words->count; i++) {
		const struct sb_interval *in = &words->interval[i];

		if (in->lo > from)
			out[count++] = (struct sb_interval){from, in->lo - 1};
		open = in->hi < words->mask;
		from = in->hi + 1;
	}
	if (open)
		out[count++] = (struct sb_interval){from, words->mask};
	words->interval = out;
	words->count = count;
	return true;
}

bool sb_native_words_both(struct sb_arena *arena, struct sb_native_words *a,
			  const struct sb_native_words *b)
{
	struct sb_interval *out = sb_alloc(arena, (size_t)a->count + b->count, sizeof(*out));
	uint32_t i = 0, j = 0, count = 0;

	if (!out)
		return false;
	while (i < a->count && j < b->count) {
		const struct sb_interval *x = &a->interval[i], *y = &b->interval[j];
		uint64_t lo = x->lo > y->lo ? x->lo : y->lo, hi = x->hi < y->hi ? x->hi : y->hi;

		if (lo <= hi)
			out[count++] = (struct sb_interval){lo, hi};
		if (x->hi < y->hi)
			i++;
		else
			j++;
	}
	a->interval = out;
	a->count = count;
	return true;
}

/* eq, in, ne, notIn, with or without a mask. */
static bool words_of_list(const struct context *c, const struct sb_native_test *test,
			  struct sb_native_words *words)
{
	bool good = true;

	for (uint32_t i = 0; i < test->value_count; i++) {
		whole number;
		uint64_t word;

		if (!read_whole(c, &test->value[i], &number))
			good = false; /* the others may be wrong, too */
		/* A bit outside of the mask is never set after masking. */
		else if (word_of(c->type, number, &word) && !(word & ~words->mask))
			words->interval[words->count++] = (struct sb_interval){word, word};
	}
	if (!good)
		return false;
	normalise(words);
	return test->op == SB_NATIVE_IN || invert(c->reader->arena, words) ||
	       sb_native_memory(c->reader);
}

/* all, any, none. */
static bool words_of_bits(const struct context *c, const struct sb_native_test *test,
			  struct sb_native_words *words)
{
	whole number;
	uint64_t bits;

	if (!read_whole(c, test->value, &number))
		return false;
	bits = (uint64_t)number & all_ones(c->type->width);
	words->mask = bits & all_ones(c->type->bits);
	words->interval[0] = (struct sb_interval){0, 0};
	words->count = 1;
	switch (test->op) {
	case SB_NATIVE_ALL: /* bits that the register lacks are never set */
		words->interval[0] = (struct sb_interval){words->mask, words->mask};
		if (number < 0 ? number < -((whole)1 << (c->type->bits - 1)) : bits != words->mask)
			words->count = 0;
		return true;
	case SB_NATIVE_ANY:
		return invert(c->reader->arena, words) || sb_native_memory(c->reader);
	default:
		return true;
	}
}

/*
 * A bound of an ordered comparison, as a number of the argument's sign; at width: the same as it
 * is held against the type, whatever the register has.
 */
static bool read_bound(const struct context *c, const struct sb_native_value *value, whole *number,
		       whole *at_width)
{
	const struct sb_native_type *type = c->type;

	if (!read_whole(c, value, number))
		return false;
	if (type->is_signed && *number >= (whole)1 << (type->width - 1))
		return sb_native_fail(
			c->reader, value->node,
			"%.*s is above all signed numbers of %u bits, and %s is signed; write a "
			"negative number, or \"signed\": false",
			shown(value->node), value->node->text, type->width, c->argument);
	*at_width = *number;
	if (!type->is_signed && *number < 0) { /* its bits, read without a sign */
		*at_width += (whole)1 << type->width;
		*number += (whole)1 << (*number >= INT32_MIN ? type->bits : type->width);
	}
	return true;
}

/* Numbers from lo to hi, as words of the register. */
static void words_between(const struct sb_native_type *type, whole lo, whole hi,
			  struct sb_native_words *words)
{
	whole size = (whole)1 << type->bits;
	whole least = type->is_signed ? -(size / 2) : 0, most = least + size - 1;

	lo = lo < least ? least : lo;
	hi = hi > most ? most : hi;
	if (lo > hi)
		return;
	if (lo < 0)
		words->interval[words->count++] = (struct sb_interval){
			(uint64_t)(size + lo), (uint64_t)(size + (hi < 0 ? hi : -1))};
	if (hi >= 0)
		words->interval[words->count++] =
			(struct sb_interval){(uint64_t)(lo < 0 ? 0 : lo), (uint64_t)hi};
	normalise(words);
}

static bool words_of_order(const struct context *c, const struct sb_native_test *test,
			   struct sb_native_words *words)
{
	const whole far = (whole)1 << 65;
	whole lo, hi, lowest, highest;

	if (!read_bound(c, test->value, &lo, &lowest))
		return false;
	hi = lo;
	switch (test->op) {
	case SB_NATIVE_RANGE:
		if (!read_bound(c, &test->value[1], &hi, &highest))
			return false;
		if (lowest > highest)
			return sb_native_fail(
				c->reader, test->node,
				"\"range\" is [lowest, highest]: %.*s is above %.*s%s",
				shown(test->value[0].node), test->value[0].node->text,
				shown(test->value[1].node), test->value[1].node->text,
				c->type->is_signed ? "" : ", compared without a sign");
		break;
	case SB_NATIVE_LT:
		hi--; /* fallthrough */
	case SB_NATIVE_LE:
		lo = -far;
		break;
	case SB_NATIVE_GT:
		lo++; /* fallthrough */
	default:      /* SB_NATIVE_GE */
		hi = far;
		break;
	}
	words_between(c->type, lo, hi, words);
	return true;
}

bool sb_native_words(const struct sb_reader *reader, const struct sb_native_test *test,
		     const struct sb_native_type *type, const struct secbake_arch *arch,
		     const char *argument, struct sb_native_words *words)
{
	const struct context c = {reader, type, arch, argument};

	*words = (struct sb_native_words){.mask = all_ones(type->bits)};
	words->interval =
		sb_alloc(reader->arena, (size_t)test->value_count + 2, sizeof(*words->interval));
	if (!words->interval)
		return sb_native_memory(reader);
	switch (test->op) {
	case SB_NATIVE_IN:
	case SB_NATIVE_NOT_IN:
		if (test->mask) {
			whole mask;

			if (!read_whole(&c, test->mask, &mask))
				return false;
			words->mask &= (uint64_t)mask;
		}
		return words_of_list(&c, test, words);
	case SB_NATIVE_ALL:
	case SB_NATIVE_ANY:
	case SB_NATIVE_NONE:
		return words_of_bits(&c, test, words);
	default:
		return words_of_order(&c, test, words);
	}
}
