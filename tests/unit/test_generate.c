/* SPDX-License-Identifier: MIT */
/*
 * The generator on layers that no dialect need be able to say: any intervals,
 * masks, negations and widths. Each program is proved, as always, and tried call
 * by call against the plain evaluator. SECBAKE_SEED and SECBAKE_RANDOM_COUNT as printed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <compiler/generate.h>

#include "../lib/calls.h"
#include "../lib/evaluate.h"
#include "../lib/support.h"

static const struct sb_tuning usual;

struct check {
	struct test_visitor visitor;
	const struct sb_layer *layer;
	const struct sb_program *program;
	size_t calls;
};

static void check_call(struct test_visitor *self, const struct seccomp_data *data)
{
	struct check *check = (struct check *)self;
	uint32_t wanted = test_evaluate(check->layer, data), got = ~wanted;

	assert_int_equal(sb_interpret(check->program, data, &got, NULL), SECBAKE_OK);
	if (wanted != got)
		fail_msg("%s: policy %s, program %s", test_call_text(data),
			 test_verdict_text(wanted), test_verdict_text(got));
	check->calls++;
}

/* One for all tests: what one leaves behind must be nothing to the next. */
static struct sb_arena *scratch;

static void check_layer(struct sb_arena *arena, const struct sb_layer *layer, bool big_endian,
			const struct sb_tuning *tuning, struct test_random *random)
{
	struct check check = {.visitor = {check_call}, .layer = layer};
	struct secbake_error error = {0};
	struct sb_program program;

	if (sb_generate(arena, scratch, layer, tuning, big_endian, &program, &error) != SECBAKE_OK)
		fail_msg("not generated: %s", error.text);
	check.program = &program;
	for (uint32_t i = 0; i < program.count; i++) /* what A > k - 1 does for less */
		assert_int_not_equal(program.insn[i].code, BPF_JMP | BPF_JGE | BPF_K);
	test_calls_of_layer(layer, random, &check.visitor);
	assert_true(check.calls > 1000);
}

/* A value that is worth comparing with: small, near a power of two, or anything. */
static uint64_t random_value(struct test_random *random)
{
	uint64_t near = (uint64_t)1 << test_random_below(random, 64);

	switch (test_random_below(random, 5)) {
	case 0:
		return test_random_below(random, 16);
	case 1:
		return near - 1;
	case 2:
		return near;
	case 3:
		return ~(uint64_t)test_random_below(random, 4);
	default:
		return test_random(random);
	}
}

static uint64_t random_mask(struct test_random *random)
{
	switch (test_random_below(random, 6)) {
	case 0:
		return random_value(random);
	case 1:
		return UINT32_MAX;
	case 2:
		return ~random_value(random);
	case 3:
		return UINT64_MAX << test_random_below(random, 64);
	default:
		return UINT64_MAX;
	}
}

static int compare_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static struct sb_cond random_cond(struct sb_arena *arena, struct test_random *random)
{
	uint32_t count = test_random_below(random, 4);
	uint64_t edge[8];
	struct sb_interval *interval = sb_alloc(arena, 4, sizeof(*interval));
	uint32_t used = 0;

	for (uint32_t i = 0; i < 2 * count; i++)
		edge[i] = random_value(random);
	qsort(edge, 2 * (size_t)count, sizeof(edge[0]), compare_value);
	for (uint32_t i = 0; i < count; i++) {
		uint64_t lo = edge[2 * i], hi = edge[2 * i + 1];

		if (test_random_below(random, 2))
			hi = lo;
		if (used && lo <= interval[used - 1].hi)
			continue;
		interval[used++] = (struct sb_interval){lo, hi};
	}
	return (struct sb_cond){.arg = (uint8_t)test_random_below(random, 6),
				.negate = test_random_below(random, 3) == 0,
				.mask = random_mask(random),
				.interval_count = used,
				.interval = interval};
}

static const uint32_t actions[] = {
	SECCOMP_RET_ALLOW,	 SECCOMP_RET_ERRNO | 1, SECCOMP_RET_ERRNO | 38,
	SECCOMP_RET_KILL_THREAD, SECCOMP_RET_TRAP,	SECCOMP_RET_ALLOW,
};

static uint32_t random_action(struct test_random *random)
{
	return actions[test_random_below(random, 6)];
}

static struct sb_rule random_rule(struct sb_arena *arena, struct test_random *random)
{
	uint32_t clauses = test_random_below(random, 4);
	struct sb_clause *clause = sb_alloc(arena, clauses + 1, sizeof(*clause));

	for (uint32_t i = 0; i < clauses; i++) {
		uint32_t conds =
			test_random_below(random, 10) ? 1 + test_random_below(random, 3) : 0;
		struct sb_cond *cond = sb_alloc(arena, conds + 1, sizeof(*cond));

		for (uint32_t j = 0; j < conds; j++)
			cond[j] = random_cond(arena, random);
		clause[i] = (struct sb_clause){conds, cond};
	}
	return (struct sb_rule){
		.action = random_action(random), .clause_count = clauses, .clause = clause};
}

static void random_map(struct sb_arena *arena, struct test_random *random, struct sb_map *map,
		       uint32_t rules)
{
	uint32_t entries = test_random_below(random, 40), spans = 1 + test_random_below(random, 4);
	struct sb_entry *entry = sb_alloc(arena, entries + 1, sizeof(*entry));
	struct sb_span *span = sb_alloc(arena, spans, sizeof(*span));
	uint32_t nr = 0, lo = 0;

	for (uint32_t i = 0; i < entries; i++) {
		uint32_t count = test_random_below(random, 4);
		uint32_t *rule = sb_alloc(arena, count + 1, sizeof(*rule));

		for (uint32_t j = 0; j < count; j++)
			rule[j] = test_random_below(random, rules);
		nr += 1 + test_random_below(random, 4) * test_random_below(random, 8);
		if (i == entries / 2 && test_random_below(random, 2))
			nr += 0x40000000;
		entry[i] = (struct sb_entry){nr, count, rule, random_action(random)};
	}
	for (uint32_t i = 0; i < spans; i++) {
		uint32_t hi =
			i + 1 == spans ? UINT32_MAX : lo + test_random_below(random, 0x40000000);

		span[i] = (struct sb_span){lo, hi, random_action(random), 0};
		lo = hi + 1;
	}
	map->span_count = spans;
	map->span = span;
	map->entry_count = entries;
	map->entry = entry;
}

/* Any passes, and the search, which must be right from any start and at any end. */
static void random_tuning(struct sb_tuning *tuning, struct test_random *random)
{
	*tuning = (struct sb_tuning){0};
	if (!test_random_below(random, 3))
		tuning->off = (uint32_t)test_random(random);
	if (!test_random_below(random, 3)) {
		tuning->best = true;
		tuning->tries = 1 + test_random_below(random, 2000);
	}
}

static void random_layers(void **state)
{
	static const uint32_t arches[] = {0xC000003Eu, 0x40000003u, 0xC00000B7u};
	struct test_random random = {test_env("SECBAKE_SEED", 20)};
	uint64_t count = test_env("SECBAKE_RANDOM_COUNT", 300);

	(void)state;
	print_message("SECBAKE_SEED=%llu SECBAKE_RANDOM_COUNT=%llu\n",
		      (unsigned long long)random.state, (unsigned long long)count);
	for (uint64_t i = 0; i < count; i++) {
		struct sb_arena *arena = sb_arena_new();
		uint32_t rules = 1 + test_random_below(&random, 12);
		struct sb_rule *rule = sb_alloc(arena, rules, sizeof(*rule));
		struct sb_map map[3] = {0};
		struct sb_tuning tuning;
		struct sb_layer layer = {.foreign = random_action(&random),
					 .rule_count = rules,
					 .rule = rule,
					 .map_count = 1 + test_random_below(&random, 3),
					 .map = map};

		for (uint32_t j = 0; j < rules; j++)
			rule[j] = random_rule(arena, &random);
		for (uint32_t j = 0; j < layer.map_count; j++) {
			map[j].audit_arch = arches[j];
			random_map(arena, &random, &map[j], rules);
		}
		random_tuning(&tuning, &random);
		check_layer(arena, &layer, test_random_below(&random, 4) == 0, &tuning, &random);
		sb_arena_free(arena);
	}
}

/* Every number its own decision: more ranges than the cubic search takes, and far jumps. */
static void many_ranges(void **state)
{
	struct sb_arena *arena = sb_arena_new();
	struct sb_entry *entry = sb_alloc(arena, 1200, sizeof(*entry));
	struct sb_span span = {0, UINT32_MAX, SECCOMP_RET_ALLOW, 0};
	struct sb_map map = {0xC000003Eu, 1, &span, 1200, entry};
	struct sb_layer layer = {.foreign = 0, .map_count = 1, .map = &map};
	struct test_random random = {1};

	(void)state;
	for (uint32_t i = 0; i < 1200; i++)
		entry[i] = (struct sb_entry){i, 0, NULL, SECCOMP_RET_ERRNO | i};
	check_layer(arena, &layer, false, &usual, &random);
	sb_arena_free(arena);
}

/* What no kernel takes is refused, not cut. */
static void too_long(void **state)
{
	struct sb_arena *arena = sb_arena_new();
	struct sb_entry *entry = sb_alloc(arena, 5000, sizeof(*entry));
	struct sb_span span = {0, UINT32_MAX, SECCOMP_RET_ALLOW, 0};
	struct sb_map map = {0xC000003Eu, 1, &span, 5000, entry};
	struct sb_layer layer = {.foreign = 0, .map_count = 1, .map = &map};
	struct secbake_error error = {0};
	struct sb_program program;

	(void)state;
	for (uint32_t i = 0; i < 5000; i++)
		entry[i] = (struct sb_entry){i, 0, NULL, SECCOMP_RET_ERRNO | (i % 4096)};
	assert_int_equal(sb_generate(arena, scratch, &layer, &usual, false, &program, &error),
			 SECBAKE_ERR_LIMIT);
	assert_non_null(strstr(error.text, "4096 instructions"));
	sb_arena_free(arena);
}

/* Tests of single values, merged rules: the shapes that the figures rest on. */
static void known_lengths(void **state)
{
	static const struct sb_interval values[] = {{0, 0}, {8, 8}, {0x20000, 0x20000}};
	struct sb_cond cond[3];
	struct sb_clause clause[3];
	struct sb_rule rule[3];
	uint32_t indices[] = {0, 1, 2};
	struct sb_entry entry = {135, 3, indices, SECCOMP_RET_ERRNO | 1};
	struct sb_span span = {0, UINT32_MAX, SECCOMP_RET_ERRNO | 1, 0};
	struct sb_map map = {0xC000003Eu, 1, &span, 1, &entry};
	struct sb_layer layer = {.rule_count = 3, .rule = rule, .map_count = 1, .map = &map};
	struct sb_arena *arena = sb_arena_new();
	struct secbake_error error = {0};
	struct sb_program program;

	(void)state;
	for (int i = 0; i < 3; i++) {
		cond[i] = (struct sb_cond){0, false, UINT64_MAX, 1, &values[i]};
		clause[i] = (struct sb_clause){1, &cond[i]};
		rule[i] = (struct sb_rule){
			.action = SECCOMP_RET_ALLOW, .clause_count = 1, .clause = &clause[i]};
	}
	assert_int_equal(sb_generate(arena, scratch, &layer, &usual, false, &program, &error),
			 SECBAKE_OK);
	/* ld arch, jeq, ld nr, jeq, ld high, jeq, ld low, jeq, jset, and three verdicts */
	assert_int_equal(program.count, 12);
	sb_arena_free(arena);
}

static int make_scratch(void **state)
{
	(void)state;
	scratch = sb_arena_new();
	return !scratch;
}

static int free_scratch(void **state)
{
	(void)state;
	sb_arena_free(scratch);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_layers),
		cmocka_unit_test(many_ranges),
		cmocka_unit_test(too_long),
		cmocka_unit_test(known_lengths),
	};

	return cmocka_run_group_tests(tests, make_scratch, free_scratch);
}
