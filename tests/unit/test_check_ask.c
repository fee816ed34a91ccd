/* SPDX-License-Identifier: MIT */
/*
 * Questions to diagrams against the plain evaluator, on random layers whose conditions look at
 * a few bits only: then every call that differs in those bits can be tried. SECBAKE_SEED repeats
 * a run.
 */
#include "check/ask.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include <secbake/inspect.h>

#include "tests/lib/evaluate.h"

#define ARCH 0xc000003eu /* AUDIT_ARCH_X86_64 */
#define NR 16u
#define ROUNDS 300
#define BITS 4u /* of each of two arguments */
#define CALLS (1u << 2 * BITS)

static const uint32_t position[BITS] = {0, 31, 32, 63};

static uint64_t next_random(uint64_t *state)
{
	uint64_t x = *state += 0x9e3779b97f4a7c15u;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

static uint32_t below(uint64_t *random, uint32_t end)
{
	return (uint32_t)((next_random(random) >> 32) % end);
}

/* A value of an argument from BITS bits. */
static uint64_t spread(uint32_t bits)
{
	uint64_t value = 0;

	for (uint32_t i = 0; i < BITS; i++)
		if (bits >> i & 1)
			value |= UINT64_C(1) << position[i];
	return value;
}

static struct seccomp_data call_of(uint32_t bits)
{
	return (struct seccomp_data){
		.arch = ARCH,
		.nr = NR,
		.args = {spread(bits & ((1u << BITS) - 1)), 0, spread(bits >> BITS)}};
}

/* A layer for one number, whose rules look at arguments 0 and 2. */
struct world {
	struct sb_interval interval[16];
	struct sb_cond cond[16];
	struct sb_clause clause[16];
	struct sb_rule rule[4];
	uint32_t index[4];
	struct sb_entry entry;
	struct sb_span span;
	struct sb_map map;
	struct sb_layer layer;
};

static uint32_t random_action(uint64_t *random)
{
	static const uint32_t actions[] = {SECCOMP_RET_ALLOW, SECCOMP_RET_LOG,
					   SECCOMP_RET_ERRNO | 1, SECCOMP_RET_ERRNO | 38,
					   SECCOMP_RET_KILL_PROCESS};

	return actions[below(random, 5)];
}

static void random_world(uint64_t *random, struct world *w)
{
	uint32_t conds = 0;

	for (uint32_t r = 0; r < 4; r++) {
		w->rule[r] = (struct sb_rule){.action = random_action(random),
					      .clause_count = 1 + below(random, 2),
					      .clause = &w->clause[2 * r]};
		w->index[r] = r;
		for (uint32_t k = 0; k < 2; k++) {
			w->clause[2 * r + k] = (struct sb_clause){
				.cond_count = 1 + below(random, 2), .cond = &w->cond[conds]};
			for (uint32_t i = 0; i < 2; i++, conds++) {
				uint64_t mask = spread(below(random, 1u << BITS));
				uint64_t lo = spread(below(random, 1u << BITS)) & mask;
				uint64_t hi = spread(below(random, 1u << BITS)) & mask;

				w->interval[conds] =
					(struct sb_interval){lo < hi ? lo : hi, lo < hi ? hi : lo};
				w->cond[conds] = (struct sb_cond){.arg = below(random, 2) ? 2 : 0,
								  .negate = below(random, 2),
								  .mask = mask,
								  .interval_count = 1,
								  .interval = &w->interval[conds]};
			}
		}
	}
	w->entry = (struct sb_entry){.nr = NR,
				     .rule_count = below(random, 5),
				     .rule = w->index,
				     .fallback = random_action(random)};
	w->span = (struct sb_span){0, UINT32_MAX, SECCOMP_RET_ERRNO | 1, SB_NUMBER_DEFAULT};
	w->map = (struct sb_map){ARCH, 1, &w->span, 1, &w->entry};
	w->layer = (struct sb_layer){.foreign = SECCOMP_RET_KILL_PROCESS,
				     .rule_count = 4,
				     .rule = w->rule,
				     .map_count = 1,
				     .map = &w->map};
}

static bool runs(uint32_t verdict)
{
	uint32_t action = verdict & SECCOMP_RET_ACTION_FULL;

	return action == SECCOMP_RET_ALLOW || action == SECCOMP_RET_LOG;
}

static bool holds(const struct sb_ask *ask, uint32_t f, struct seccomp_data call)
{
	return sb_prove_lookup(&ask->dd, f, &call) == SB_DD_TRUE;
}

static uint32_t verdict_of(const struct world *w, uint32_t layers, const struct seccomp_data *call)
{
	uint32_t verdict = SECCOMP_RET_ALLOW;

	for (uint32_t i = 0; i < layers; i++)
		verdict = secbake_verdict_strictest(test_evaluate(&w[i].layer, call), verdict);
	return verdict;
}

/* Bits of an argument, chosen in all ways: does the call run with one of them? */
static bool runs_somehow(const struct world *w, uint32_t layers, struct seccomp_data call,
			 uint32_t arg, uint64_t mask)
{
	for (uint32_t i = 0; i < 1u << BITS; i++) {
		call.args[arg] = (call.args[arg] & ~mask) | (spread(i) & mask);
		if (runs(verdict_of(w, layers, &call)))
			return true;
	}
	return false;
}

/* Of the values of an argument, the share with which the call runs: no other bits matter. */
static double share(const struct world *w, uint32_t layers, struct seccomp_data call, uint32_t arg)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < 1u << BITS; i++) {
		call.args[arg] = spread(i);
		count += runs(verdict_of(w, layers, &call));
	}
	return count / (double)(1u << BITS);
}

static void ask_all(struct sb_ask *ask, const struct world *w, uint32_t layers, uint64_t *random)
{
	uint32_t f = sb_ask_call(ask, ARCH, NR), set = sb_ask_kind(ask, f, runs);
	uint32_t arg = below(random, 2) ? 2 : 0, all[8], distinct = 0, count;
	uint64_t mask = spread(below(random, 1u << BITS)),
		 value = spread(below(random, 1u << BITS)) & mask;
	uint32_t with = sb_ask_with(ask, set, arg, mask, value);
	uint32_t some = sb_ask_some(ask, set, arg, mask);
	uint32_t where = sb_ask_where(ask, arg, mask, value);
	uint32_t both = sb_ask_and(ask, set, where), other = sb_ask_not(ask, set);
	struct seccomp_data witness, one = call_of(below(random, CALLS));
	bool any = false, any_both = false;

	for (uint32_t i = 0; i < CALLS; i++) {
		struct seccomp_data call = call_of(i), changed = call;
		uint32_t verdict = verdict_of(w, layers, &call), k = 0;

		changed.args[arg] = (call.args[arg] & ~mask) | value;
		assert_int_equal(holds(ask, set, call), runs(verdict));
		assert_int_equal(holds(ask, other, call), !runs(verdict));
		assert_int_equal(holds(ask, with, call), runs(verdict_of(w, layers, &changed)));
		assert_int_equal(holds(ask, some, call), runs_somehow(w, layers, call, arg, mask));
		assert_int_equal(holds(ask, where, call), (call.args[arg] & mask) == value);
		assert_int_equal(holds(ask, both, call),
				 runs(verdict) && (call.args[arg] & mask) == value);
		any |= runs(verdict);
		any_both |= runs(verdict) && (call.args[arg] & mask) == value;
		while (k < distinct && all[k] != verdict)
			k++;
		if (k == distinct)
			all[distinct++] = verdict;
	}
	assert_int_equal(set != SB_DD_FALSE, any);
	assert_int_equal(both != SB_DD_FALSE, any_both);
	if (any_both) {
		sb_ask_witness(ask, both, &witness);
		witness.arch = ARCH;
		witness.nr = NR;
		assert_true(runs(verdict_of(w, layers, &witness)));
		assert_true((witness.args[arg] & mask) == value);
	}
	assert_true(sb_ask_share(ask, set, arg, &one) == share(w, layers, one, arg));
	count = sb_ask_verdicts(ask, f, all + distinct, 8 - distinct);
	assert_true(8 - distinct < distinct || count == distinct);
	assert_int_equal(ask->dd.status, SECBAKE_OK);
}

static void random_layers(void **state)
{
	const char *given = getenv("SECBAKE_SEED");
	uint64_t random = given ? strtoull(given, NULL, 0) : (uint64_t)time(NULL);

	(void)state;
	print_message("SECBAKE_SEED=%llu\n", (unsigned long long)random);
	for (int round = 0; round < ROUNDS; round++) {
		uint32_t layers = 1 + below(&random, 2);
		struct world w[2];
		struct sb_ask ask;

		assert_int_equal(sb_ask_init(&ask), SECBAKE_OK);
		for (uint32_t i = 0; i < layers; i++) {
			random_world(&random, &w[i]);
			assert_int_equal(sb_ask_add_layer(&ask, &w[i].layer, NULL), SECBAKE_OK);
		}
		for (int i = 0; i < 4; i++)
			ask_all(&ask, w, layers, &random);
		sb_ask_free(&ask);
	}
}

/* Without layers everything runs, on any architecture. */
static void no_layers(void **state)
{
	struct sb_ask ask;

	(void)state;
	assert_int_equal(sb_ask_init(&ask), SECBAKE_OK);
	assert_int_equal(sb_ask_kind(&ask, sb_ask_call(&ask, ARCH, NR), runs), SB_DD_TRUE);
	sb_ask_free(&ask);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_layers),
		cmocka_unit_test(no_layers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
