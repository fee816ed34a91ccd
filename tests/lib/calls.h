/* SPDX-License-Identifier: MIT */
/*
 * Which calls are worth trying: every number near those that exist, and for each
 * the arguments at which a comparison could turn.
 */
#ifndef TEST_CALLS_H
#define TEST_CALLS_H

#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>

#include <compiler/resolved.h>

#include "support.h"

/*
 * A comparison with value under mask; points of one group belong to one rule,
 * and a call that meets all of them at once is tried.
 */
struct test_point {
	unsigned int arg;
	unsigned int group;
	uint64_t value, mask;
};

struct test_points {
	struct test_point *point;
	size_t count, capacity;
	unsigned int groups;
};

void test_points_add(struct test_points *points, unsigned int arg, uint64_t value, uint64_t mask);
void test_points_clear(struct test_points *points);

struct test_visitor {
	void (*call)(struct test_visitor *self, const struct seccomp_data *data);
};

/*
 * Arguments for one number: each point's value, its neighbours, the same with
 * the upper half and the bits outside of the mask dirtied, zero, all ones; one
 * argument at a time from several starting points, all pairs if only two
 * arguments matter, and some at random.
 */
void test_calls_of_number(uint32_t audit_arch, uint32_t nr, const struct test_points *points,
			  struct test_random *random, struct test_visitor *visitor);

/*
 * Numbers for one architecture: 0..600, the same with bit 30, the edges of each
 * kind, and those given. No number twice. The caller frees.
 */
uint32_t *test_numbers(const uint32_t *more, size_t more_count, size_t *count);

/* Calls for all maps of a layer and for architectures that it does not know. */
void test_calls_of_layer(const struct sb_layer *layer, struct test_random *random,
			 struct test_visitor *visitor);

#endif
