/* SPDX-License-Identifier: MIT */
/*
 * The prover at its limits: what is out of reach is never called equal, and layers that
 * break the rules of compiler/resolved.h are refused.
 */
#include "tests/lib/prove_world.h"

#include <string.h>

/*
 * Programs that kill whatever the call is, by ways that diagrams cannot follow: for
 * two arguments, JEQ X has no small one in any order that takes one after the other.
 */
static void never_equal_when_out_of_reach(void **state)
{
	static const struct {
		const char *text;
		uint32_t count;
		struct sock_filter insn[8];
	} beyond[] = {
		{"instruction 3 ",
		 6,
		 {LOAD(16), S(BPF_MISC | BPF_TAX, 0), LOAD(24), S(BPF_ALU | BPF_LSH | BPF_X, 0),
		  JEQ(1, 0, 0), RET(KILL)}},
		{"instruction 2 ",
		 5,
		 {LOAD(16), S(BPF_LDX | BPF_IMM, 33), S(BPF_ALU | BPF_RSH | BPF_X, 0), JEQ(1, 0, 0),
		  RET(KILL)}},
		{"instruction 3",
		 6,
		 {LOAD(16), S(BPF_MISC | BPF_TAX, 0), LOAD(24), S(BPF_ALU | BPF_DIV | BPF_X, 0),
		  JEQ(1, 0, 0), RET(KILL)}},
		{"instruction 3",
		 6,
		 {LOAD(16), S(BPF_MISC | BPF_TAX, 0), LOAD(24),
		  J(BPF_JMP | BPF_JEQ | BPF_X, 0, 1, 0), RET(KILL), RET(KILL)}},
		{"instruction 3",
		 6,
		 {LOAD(16), S(BPF_MISC | BPF_TAX, 0), LOAD(24), S(BPF_ALU | BPF_MUL | BPF_X, 0),
		  JEQ(1, 0, 0), RET(KILL)}},
	};
	const struct sb_layer kills = {.foreign = KILL};

	(void)state;
	for (uint32_t i = 0; i < COUNT(beyond); i++) {
		struct secbake_error error;

		assert_int_equal(prove(beyond[i].insn, beyond[i].count, false, &kills, &error),
				 SECBAKE_ERR_UNKNOWN);
		if (strstr(error.text, beyond[i].text) == NULL)
			fail_msg("%u: %s", i, error.text);
		/* What has no proof is refuted all the same where a call shows it. */
		refute(beyond[i].insn, beyond[i].count, false, &band);
	}
}

/* Whatever the limit is hit by: cannot tell, from the first node to the last. */
static void limits(void **state)
{
	struct sb_program program = {.insn = good, .count = COUNT(good)};
	struct sb_prove_limits ample = {.nodes = 10000, .steps = 10000, .points = 1000};
	struct sb_prove_limits tight = ample;
	struct secbake_error error = {.status = SECBAKE_OK};
	uint32_t unknown = 0;

	(void)state;
	assert_int_equal(sb_prove_within(&program, &layer, &ample, NULL, NULL), SECBAKE_OK);
	for (tight.nodes = 2; tight.nodes < 600; tight.nodes++) {
		enum secbake_status status = sb_prove_within(&program, &layer, &tight, NULL, NULL);

		assert_true(status == SECBAKE_OK || status == SECBAKE_ERR_UNKNOWN);
		unknown += status != SECBAKE_OK;
	}
	assert_true(unknown > 100);
	tight = ample;
	unknown = 0;
	for (tight.steps = 0; tight.steps < 600; tight.steps++) {
		enum secbake_status status = sb_prove_within(&program, &layer, &tight, NULL, NULL);

		assert_true(status == SECBAKE_OK || status == SECBAKE_ERR_UNKNOWN);
		unknown += status != SECBAKE_OK;
	}
	assert_true(unknown > 100);
	tight = ample;
	for (tight.points = 0; tight.points < 10; tight.points++)
		assert_int_equal(sb_prove_within(&program, &layer, &tight, NULL, NULL),
				 SECBAKE_ERR_UNKNOWN);
	tight.nodes = 100;
	assert_int_equal(sb_prove_within(&program, &layer, &tight, NULL, &error),
			 SECBAKE_ERR_UNKNOWN);
	assert_non_null(strstr(error.text, "more than 100 nodes"));
}

/* 2^16 contents of memory could meet at the end: an end is found all the same. */
static void many_contents(void **state)
{
	struct sock_filter program[2 + 16 * 4 + 17];
	struct sb_prove_limits small = {.nodes = 1u << 20, .steps = 1u << 20, .points = 2000};
	struct sb_program p = {.insn = program};
	uint32_t n = 0;

	(void)state;
	for (uint32_t i = 0; i < 16; i++) {
		program[n++] = (struct sock_filter)LOAD(0);
		program[n++] = (struct sock_filter)JSET(1u << i, 0, 1);
		program[n++] = (struct sock_filter)S(BPF_LD | BPF_IMM, i);
		program[n++] = (struct sock_filter)S(BPF_ST, i);
	}
	for (uint32_t i = 0; i < 16; i++)
		program[n++] = (struct sock_filter)S(BPF_LD | BPF_MEM, i);
	program[n++] = (struct sock_filter)RET(KILL);
	p.count = n;
	assert_int_equal(
		sb_prove_within(&p, &(struct sb_layer){.foreign = KILL}, &small, NULL, NULL),
		SECBAKE_ERR_UNKNOWN);
	/* What is not read any more does not count. */
	p.count = 16 * 4 + 1;
	program[16 * 4] = (struct sock_filter)RET(KILL);
	assert_int_equal(
		sb_prove_within(&p, &(struct sb_layer){.foreign = KILL}, &small, NULL, NULL),
		SECBAKE_OK);
}

static void refuses_broken_layers(void **state)
{
	static const struct sb_span gap[] = {{0, 5, KILL, 0}, {7, ~0u, KILL, 0}};
	static const struct sb_span open_end[] = {{0, 5, KILL, 0}};
	static const struct sb_entry swapped[] = {{.nr = 2}, {.nr = 1}};
	static const uint32_t no_rule[] = {3};
	static const struct sb_entry stray[] = {{.nr = 2, .rule_count = 1, .rule = no_rule}};
	static const struct sb_interval crossed[] = {{5, 9}, {9, 12}};
	static const struct sb_interval backwards[] = {{5, 4}};
	struct sb_map map[2] = {maps[0], maps[1]};
	struct sb_cond cond = cond_wide;
	struct sb_clause clause = {.cond_count = 1, .cond = &cond};
	struct sb_rule rule[3] = {rules[0], rules[1], rules[2]};
	struct sb_layer broken = layer;

	(void)state;
	rule[1].clause = &clause;
	broken.rule = rule;
	broken.map = map;
	assert_int_equal(PROVE(&broken, good), SECBAKE_OK);
#define BROKEN(change)                                                        \
	do {                                                                  \
		change;                                                       \
		assert_int_equal(PROVE(&broken, good), SECBAKE_ERR_INTERNAL); \
		map[0] = maps[0];                                             \
		map[1] = maps[1];                                             \
		cond = cond_wide;                                             \
	} while (0)
	BROKEN((map[0].span = gap, map[0].span_count = 2));
	BROKEN((map[0].span = open_end, map[0].span_count = 1));
	BROKEN(map[0].span_count = 0);
	BROKEN((map[0].entry = swapped, map[0].entry_count = 2));
	BROKEN((map[0].entry = stray, map[0].entry_count = 1));
	BROKEN(map[1].audit_arch = X86_64);
	BROKEN(cond.arg = 6);
	BROKEN((cond.interval = crossed, cond.interval_count = 2));
	BROKEN(cond.interval = backwards);
#undef BROKEN
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(never_equal_when_out_of_reach),
		cmocka_unit_test(limits),
		cmocka_unit_test(many_contents),
		cmocka_unit_test(refuses_broken_layers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
