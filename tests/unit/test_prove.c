/* SPDX-License-Identifier: MIT */
/*
 * The prover against programs written by hand, as an attacker or a careless
 * compiler writer would write them: right ones in unusual form are proved, and each
 * wrong one is refuted by a call that the interpreter confirms. test_prove_random.c does
 * the same at random, test_prove_limits.c has what is out of reach.
 */
#include "tests/lib/prove_world.h"

#include <string.h>

#define AND(k) S(BPF_ALU | BPF_AND | BPF_K, (k))

#define REFUTE(layer, program) refute((program), COUNT(program), false, (layer))

static void proves_the_right_program(void **state)
{
	struct sock_filter program[COUNT(good)];

	(void)state;
	assert_int_equal(PROVE(&layer, good), SECBAKE_OK);
	/* The same for the other byte order: the halves of arguments change places. */
	memcpy(program, good, sizeof(good));
	for (uint32_t i = 0; i < COUNT(program); i++) {
		if (program[i].code == (BPF_LD | BPF_W | BPF_ABS) && program[i].k >= 8)
			program[i].k ^= 4;
	}
	assert_int_equal(prove(program, COUNT(program), true, &layer, NULL), SECBAKE_OK);
	REFUTE(&layer, program);
	refute(good, COUNT(good), true, &layer);
}

static void refutes_each_mistake(void **state)
{
	static const struct {
		const char *what;
		uint32_t at;
		struct sock_filter insn;
	} mistakes[] = {
		{"another architecture", 1, JEQ(X86_64 ^ 1, 1, 0)},
		{"the second one wrong", 2, JEQ(I386 | 0x80000000, 19, 18)},
		{"no check of the architecture", 1, JEQ(X86_64, 1, 1)},
		{"x32 begins too late", 4, JGE(0x40000001, 16, 0)},
		{"x32 begins too early", 4, JGE(0x3fffffff, 16, 0)},
		{"x32 by its bit alone", 4, JSET(0x40000000, 16, 0)},
		{"x32 without 0x40000000 itself", 4, JGT(0x40000000, 16, 0)},
		{"a range one too long", 5, JGE(11, 14, 0)},
		{"a range one too short", 5, JGT(8, 14, 0)},
		{"allow for the wrong number", 6, JEQ(0, 17, 0)},
		{"allow for two numbers", 6, JGE(3, 0, 17)},
		{"the low half for the high", 9, LOAD(ARG_LO(0))},
		{"high half too large", 10, JGE(4, 8, 0)},
		{"high half too small", 11, JGE(0, 0, 7)},
		{"high half of the next argument", 9, LOAD(ARG_HI(1))},
		{"the low half at the upper end of the lower range", 12, JEQ(1, 2, 0)},
		{"one below the least", 14, JGE(4, 9, 4)},
		{"the least left out", 14, JGT(5, 9, 4)},
		{"one above the greatest", 16, JGT(0xfffffff1, 2, 7)},
		{"the greatest left out", 16, JGE(0xfffffff0, 2, 7)},
		{"32 bits compared with the upper half", 17, LOAD(ARG_HI(1))},
		{"the instruction pointer for an argument", 17, LOAD(8)},
		{"a bit for a value", 18, JSET(7, 5, 0)},
		{"another errno", 19, RET(SECCOMP_RET_ERRNO | 13)},
		{"allow with data", 24, RET(ALLOW | 1)},
		{"log for allow", 24, RET(SECCOMP_RET_LOG)},
		{"foreign calls kill the process", 21, RET(SECCOMP_RET_KILL_PROCESS)},
		{"foreign calls allowed", 21, RET(ALLOW)},
		{"i386 judged by its architecture", 22, LOAD(4)},
		{"i386 one too many", 23, JGT(100, 1, 0)},
	};

	(void)state;
	for (uint32_t i = 0; i < COUNT(mistakes); i++) {
		struct sock_filter program[COUNT(good)];

		memcpy(program, good, sizeof(good));
		program[mistakes[i].at] = mistakes[i].insn;
		if (PROVE(&layer, program) != SECBAKE_ERR_INTERNAL)
			fail_msg("not refuted: %s", mistakes[i].what);
		REFUTE(&layer, program);
	}
}

/* Calls around every constant of `layer`. */
static bool decides_alike_on_boundaries(const struct sb_program *program)
{
	static const uint32_t archs[] = {X86_64, I386, X86_64 ^ 1, 0};
	static const uint32_t numbers[] = {
		0, 1, 2, 3, 4, 9, 10, 11, 99, 100, 0x3fffffff, 0x40000000, 0x40000001, 0xffffffff};
	static const uint64_t values[] = {0,	       7,	    5,		 0x100000004,
					  0x100000005, 0x200000000, 0x2fffffff0, 0x2fffffff1,
					  0x300000000, 0xf00000007, 0x700000000, UINT64_MAX};

	for (uint32_t i = 0; i < COUNT(archs) * COUNT(numbers) * COUNT(values); i++) {
		struct seccomp_data data = {
			.nr = (int)numbers[i % COUNT(numbers)],
			.arch = archs[i / COUNT(numbers) % COUNT(archs)],
		};
		uint64_t value = values[i / COUNT(numbers) / COUNT(archs)];
		uint32_t verdict = 0;

		data.args[0] = data.args[1] = value;
		data.instruction_pointer = value;
		assert_int_equal(sb_interpret(program, &data, &verdict, NULL), SECBAKE_OK);
		if (verdict != sb_prove_layer_eval(&layer, &data))
			return false;
	}
	return true;
}

/* Each bit of the program flipped: refuted by a real call, or no call differs. */
static void flips_every_bit(void **state)
{
	uint32_t refuted = 0, harmless = 0, invalid = 0, hidden = 0;

	(void)state;
	for (uint32_t bit = 0; bit < COUNT(good) * 64; bit++) {
		struct sock_filter insn[COUNT(good)];
		struct sb_program program = {.insn = insn, .count = COUNT(insn)};
		struct secbake_error error;
		unsigned char *bytes = (unsigned char *)insn;
		enum secbake_status status;

		memcpy(insn, good, sizeof(good));
		bytes[bit / 8] = (unsigned char)(bytes[bit / 8] ^ 1u << bit % 8);
		status = prove(insn, COUNT(insn), false, &layer, &error);
		if (sb_validate(&program, NULL) != SECBAKE_OK) {
			assert_int_equal(status, SECBAKE_ERR_INTERNAL);
			assert_non_null(strstr(error.text, "the kernel would refuse"));
			invalid++;
		} else if (status == SECBAKE_OK) {
			assert_true(decides_alike_on_boundaries(&program));
			harmless++;
		} else if (strstr(error.text, "emulator cannot see") != NULL) {
			assert_true(decides_alike_on_boundaries(&program));
			hidden++;
		} else {
			REFUTE(&layer, insn);
			refuted++;
		}
	}
	print_message("%u refuted, %u harmless, %u invalid, %u hidden from the bitmap\n", refuted,
		      harmless, invalid, hidden);
	assert_true(refuted > 500);
	assert_true(harmless > 10);
}

static void dirty_upper_halves(void **state)
{
	/* args[1] & 0xffffffff == 7 does not look at the upper half, this program does. */
	struct sock_filter program[COUNT(good) + 2];
	struct sb_witness witness;

	(void)state;
	memcpy(program, good, sizeof(good[0]) * 17);
	memcpy(&program[19], &good[17], sizeof(good[0]) * 9);
	program[17] = (struct sock_filter)LOAD(ARG_HI(1));
	program[18] = (struct sock_filter)JEQ(0, 0, 2);
	for (uint32_t i = 0; i < 17; i++) {
		if (BPF_CLASS(program[i].code) != BPF_JMP)
			continue;
		if (i + 1 + program[i].jt > 17)
			program[i].jt = (uint8_t)(program[i].jt + 2);
		if (i + 1 + program[i].jf > 17)
			program[i].jf = (uint8_t)(program[i].jf + 2);
	}
	witness = REFUTE(&layer, program);
	assert_int_equal(witness.data.nr, 3);
	assert_int_equal(witness.data.args[1] & 0xffffffff, 7);
	assert_int_not_equal(witness.data.args[1] >> 32, 0);
	program[18].jf = 0;
	assert_int_equal(PROVE(&layer, program), SECBAKE_OK);
}

static const struct sb_layer band_and_five = {.foreign = KILL, .map_count = 2, .map = band_map};

#define BAND(...)                                                           \
	{                                                                   \
		LOAD(4), JEQ(X86_64, 1, 0), RET(KILL), LOAD(0), __VA_ARGS__ \
	}

/* Each way to say "16 to 31", and the constant in it that makes it wrong when changed. */
static void unusual_forms(void **state)
{
	static const struct {
		const char *what;
		uint32_t count, change;
		uint32_t wrong;
		struct sock_filter insn[16];
	} forms[] = {
		{"shift", 8, 4, 3,
		 BAND(S(BPF_ALU | BPF_RSH | BPF_K, 4), JEQ(1, 0, 1), RET(EPERM_), RET(KILL))},
		{"mask", 8, 4, 0xffffffe0,
		 BAND(AND(0xfffffff0), JEQ(16, 0, 1), RET(EPERM_), RET(KILL))},
		{"subtract and compare", 8, 4, 15,
		 BAND(S(BPF_ALU | BPF_SUB | BPF_K, 16), JGE(16, 1, 0), RET(EPERM_), RET(KILL))},
		{"add and compare", 8, 5, 0xffffffef,
		 BAND(S(BPF_ALU | BPF_ADD | BPF_K, 0xffffffe0), JGE(0xfffffff0, 0, 1), RET(EPERM_),
		      RET(KILL))},
		{"divide", 8, 4, 17,
		 BAND(S(BPF_ALU | BPF_DIV | BPF_K, 16), JEQ(1, 0, 1), RET(EPERM_), RET(KILL))},
		{"xor", 8, 4, 48,
		 BAND(S(BPF_ALU | BPF_XOR | BPF_K, 16), JGT(15, 1, 0), RET(EPERM_), RET(KILL))},
		{"complement", 9, 5, 0xffffffe0,
		 BAND(S(BPF_ALU | BPF_NEG, 0), JGT(0xfffffff0, 2, 0), JGE(0xffffffe1, 0, 1),
		      RET(EPERM_), RET(KILL))},
		{"compare with X", 10, 4, 15,
		 BAND(S(BPF_LDX | BPF_IMM, 16), J(BPF_JMP | BPF_JGE | BPF_X, 0, 0, 3),
		      S(BPF_LDX | BPF_IMM, 32), J(BPF_JMP | BPF_JGE | BPF_X, 0, 1, 0), RET(EPERM_),
		      RET(KILL))},
		{"through memory", 13, 7, 17,
		 BAND(S(BPF_ST, 3), S(BPF_LD | BPF_IMM, 0xffff), S(BPF_LDX | BPF_MEM, 3),
		      S(BPF_LD | BPF_IMM, 16), J(BPF_JMP | BPF_JGT | BPF_X, 0, 3, 0),
		      S(BPF_MISC | BPF_TXA, 0), JGE(32, 1, 0), RET(EPERM_), RET(KILL))},
		{"divide by X", 11, 5, 17,
		 BAND(S(BPF_ST, 0), S(BPF_LDX | BPF_IMM, 16), S(BPF_LD | BPF_MEM, 0),
		      S(BPF_ALU | BPF_DIV | BPF_X, 0), JEQ(1, 0, 1), RET(EPERM_), RET(KILL))},
		/* By 4 from 16 to 31, by 5 below. */
		{"shift by X", 15, 7, 4,
		 BAND(S(BPF_ST, 0), S(BPF_ALU | BPF_RSH | BPF_K, 4), AND(1),
		      S(BPF_ALU | BPF_XOR | BPF_K, 5), S(BPF_MISC | BPF_TAX, 0),
		      S(BPF_LD | BPF_MEM, 0), JGE(32, 3, 0), S(BPF_ALU | BPF_RSH | BPF_X, 0),
		      JEQ(1, 0, 1), RET(EPERM_), RET(KILL))},
		/* 15 below 16, and ends with 0 there: KILL_THREAD. */
		{"divide by what may be 0", 15, 7, 4,
		 BAND(S(BPF_ST, 0), JGE(32, 6, 0), S(BPF_ALU | BPF_RSH | BPF_K, 4), AND(3),
		      S(BPF_MISC | BPF_TAX, 0), S(BPF_LD | BPF_MEM, 0),
		      S(BPF_ALU | BPF_DIV | BPF_X, 0), JGE(16, 1, 0), RET(KILL), RET(EPERM_),
		      RET(KILL))},
		{"verdict in the accumulator", 9, 6, EPERM_ | 2,
		 BAND(JGE(32, 3, 0), JGE(16, 0, 2), S(BPF_LD | BPF_IMM, EPERM_),
		      S(BPF_RET | BPF_A, 0), RET(KILL))},
		{"verdict computed from the number", 10, 7, SECCOMP_RET_ERRNO | 2,
		 BAND(S(BPF_ALU | BPF_RSH | BPF_K, 4), JEQ(1, 0, 3), AND(1),
		      S(BPF_ALU | BPF_OR | BPF_K, SECCOMP_RET_ERRNO), S(BPF_RET | BPF_A, 0),
		      RET(KILL))},
	};

	(void)state;
	for (uint32_t i = 0; i < COUNT(forms); i++) {
		struct sock_filter insn[16];
		struct secbake_error error;

		memcpy(insn, forms[i].insn, sizeof(insn));
		if (prove(insn, forms[i].count, false, &band, &error) != SECBAKE_OK)
			fail_msg("%s: %s", forms[i].what, error.text);
		insn[forms[i].change].k = forms[i].wrong;
		refute(insn, forms[i].count, false, &band);
	}
}

/* At the join A is the number on one path and the architecture on the other. */
static void accumulator_differs_by_path(void **state)
{
	const struct sock_filter program[] = {
		LOAD(4),       JEQ(X86_64, 0, 1), LOAD(0),     JGE(32, 3, 0),
		JGE(16, 1, 0), JEQ(5, 0, 1),	  RET(EPERM_), RET(KILL),
	};
	const struct sock_filter right[] = {
		LOAD(4),       JEQ(X86_64, 0, 1), LOAD(0),	S(BPF_ST, 0),
		LOAD(4),       JEQ(X86_64, 1, 0), JEQ(5, 4, 5), S(BPF_LD | BPF_MEM, 0),
		JGE(32, 3, 0), JGE(16, 1, 2),	  RET(KILL), /* unreachable */
		RET(EPERM_),   RET(KILL),
	};
	struct sb_witness witness;

	(void)state;
	/* It takes number 5 for architecture 5, or 16 to 31 for architectures. */
	witness = REFUTE(&band, program);
	assert_true(witness.data.arch != X86_64 || witness.data.nr == 5);
	REFUTE(&band_and_five, program);
	assert_int_equal(PROVE(&band_and_five, right), SECBAKE_OK);
	witness = REFUTE(&band, right);
	assert_int_equal(witness.data.arch, 5);
}

static void instruction_pointer(void **state)
{
	struct sock_filter program[] =
		BAND(JGE(32, 7, 0), JGE(16, 0, 6), LOAD(12), JEQ(0x7fff, 0, 1), RET(EPERM_),
		     LOAD(8), JEQ(0x1234, 1, 0), RET(EPERM_), RET(KILL));
	struct sb_program p = {.insn = program, .count = COUNT(program)};
	struct seccomp_data data = {.nr = 20, .arch = X86_64};
	struct sb_witness witness;
	uint32_t verdict = 0;

	(void)state;
	assert_int_equal(sb_interpret(&p, &data, &verdict, NULL), SECBAKE_OK);
	assert_int_equal(verdict, EPERM_);
	witness = REFUTE(&band, program);
	assert_int_equal(witness.data.instruction_pointer & 0xffffffff, 0x1234);
	/* Read, but to no effect. */
	program[10].jt = 0;
	assert_int_equal(PROVE(&band, program), SECBAKE_OK);
}

/* Right, but the kernel could not see that number 1 is always allowed. */
static void allow_hidden_from_bitmap(void **state)
{
	static const struct sock_filter blind[] = {
		S(BPF_ALU | BPF_OR | BPF_K, 0),
		S(BPF_MISC | BPF_TAX, 0),
		S(BPF_ST, 0),
		J(BPF_JMP | BPF_JEQ | BPF_X, 0, 0, 0),
	};
	struct sock_filter program[COUNT(good) + 1];
	struct sb_program p = {.insn = program, .count = COUNT(program)};
	struct sb_witness witness = {.hidden_allow = false};
	struct secbake_error error;

	(void)state;
	memcpy(program, good, sizeof(good[0]) * 4);
	memcpy(&program[5], &good[4], sizeof(good[0]) * 22);
	program[2].jt++;
	program[2].jf++;
	program[4] = (struct sock_filter)AND(0xffffffff);
	assert_int_equal(PROVE(&layer, program), SECBAKE_OK);
	for (uint32_t i = 0; i < COUNT(blind); i++) {
		program[4] = blind[i];
		assert_int_equal(prove(program, COUNT(program), false, &layer, &error),
				 SECBAKE_ERR_INTERNAL);
		assert_non_null(strstr(error.text, "emulator cannot see"));
		assert_non_null(strstr(error.text, "number 1 of arch 0xc000003e"));
		assert_int_equal(sb_prove(&p, &layer, &witness, NULL), SECBAKE_ERR_INTERNAL);
		assert_true(witness.hidden_allow);
		assert_int_equal(witness.data.arch, X86_64);
		assert_int_equal(witness.data.nr, 1);
	}
}

static void message_tells_the_call(void **state)
{
	struct sock_filter program[COUNT(good)];
	struct secbake_error error;

	(void)state;
	memcpy(program, good, sizeof(good));
	program[14].k = 4;
	assert_int_equal(prove(program, COUNT(program), false, &layer, &error),
			 SECBAKE_ERR_INTERNAL);
	assert_non_null(strstr(error.text, "arch 0xc000003e, number 2, args 0x100000004,0x0,"));
	assert_non_null(strstr(error.text, "returns 0x7fff0000, the policy says 0x50001"));
}

/* What nobody reads need not be known; what a test before showed is. */
static void needs_no_form(void **state)
{
	static const struct sock_filter dead[] = {
		LOAD(16),  S(BPF_MISC | BPF_TAX, 0), LOAD(24), S(BPF_ALU | BPF_MUL | BPF_X, 0),
		RET(KILL),
	};
	/* The last test is of 3 / 40, whatever the division has for other calls. */
	static const struct sock_filter tested[] = {
		LOAD(16),     JEQ(3, 0, 3), S(BPF_ALU | BPF_DIV | BPF_K, 0x12345),
		JEQ(0, 1, 0), RET(EPERM_),  RET(KILL),
	};
	const struct sb_layer kills = {.foreign = KILL};

	(void)state;
	assert_int_equal(PROVE(&kills, dead), SECBAKE_OK);
	assert_int_equal(PROVE(&kills, tested), SECBAKE_OK);
	REFUTE(&band, tested);
}

/* Returns the argument, of which there are 2^32: no diagram, but a call that differs. */
static void returns_what_it_is_given(void **state)
{
	static const struct sock_filter program[] = {LOAD(16), S(BPF_RET | BPF_A, 0)};

	(void)state;
	REFUTE(&band, program);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(proves_the_right_program),
		cmocka_unit_test(refutes_each_mistake),
		cmocka_unit_test(flips_every_bit),
		cmocka_unit_test(dirty_upper_halves),
		cmocka_unit_test(unusual_forms),
		cmocka_unit_test(accumulator_differs_by_path),
		cmocka_unit_test(instruction_pointer),
		cmocka_unit_test(allow_hidden_from_bitmap),
		cmocka_unit_test(message_tells_the_call),
		cmocka_unit_test(needs_no_form),
		cmocka_unit_test(returns_what_it_is_given),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
