/* SPDX-License-Identifier: MIT */
/*
 * The kernel's emulator: what it follows, where it gives up, how far it walks;
 * and its tie to the interpreter: what it promises holds for every argument,
 * and with only the instructions it follows it misses nothing.
 */
#include "compiler/program.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define COUNT(array) ((uint32_t)(sizeof(array) / sizeof((array)[0])))
#define S(code, k) BPF_STMT((code), (k))
#define J(code, k, jt, jf) BPF_JUMP((code), (k), (jt), (jf))
#define NR S(BPF_LD | BPF_W | BPF_ABS, 0)
#define ARCH S(BPF_LD | BPF_W | BPF_ABS, 4)
#define ALLOW S(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define DENY S(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 1)
#define X86_64 0xc000003eu

static bool seen(const struct sock_filter *insn, uint32_t count, uint32_t nr, uint32_t *steps)
{
	struct sb_program program = {.insn = insn, .count = count};

	return sb_const_allow(&program, X86_64, nr, steps);
}

static void follows_numbers(void **state)
{
	const struct sock_filter insn[] = {
		ARCH,
		J(BPF_JMP | BPF_JEQ | BPF_K, X86_64, 1, 0),
		DENY,
		NR,
		J(BPF_JMP | BPF_JGE | BPF_K, 10, 0, 4),
		J(BPF_JMP | BPF_JGT | BPF_K, 19, 3, 0),
		J(BPF_JMP | BPF_JSET | BPF_K, 1, 0, 1),
		S(BPF_JMP | BPF_JA, 1),
		ALLOW,
		DENY,
	};
	struct sb_program program = {.insn = insn, .count = COUNT(insn)};
	uint32_t steps = 0;

	(void)state;
	/* 10 to 19, even. */
	for (uint32_t nr = 0; nr < 64; nr++)
		assert_int_equal(seen(insn, COUNT(insn), nr, NULL),
				 nr >= 10 && nr <= 19 && nr % 2 == 0);
	assert_true(seen(insn, COUNT(insn), 12, &steps));
	assert_int_equal(steps, 7);
	assert_false(seen(insn, COUNT(insn), 13, &steps));
	assert_int_equal(steps, 8);
	assert_false(sb_const_allow(&program, 0x40000003, 12, &steps));
	assert_int_equal(steps, 3);
}

static void masks(void **state)
{
	const struct sock_filter insn[] = {
		NR,
		S(BPF_ALU | BPF_AND | BPF_K, 0xbfffffff),
		J(BPF_JMP | BPF_JEQ | BPF_K, 5, 0, 1),
		ALLOW,
		DENY,
	};

	(void)state;
	assert_true(seen(insn, COUNT(insn), 5, NULL));
	assert_true(seen(insn, COUNT(insn), 0x40000005, NULL));
	assert_false(seen(insn, COUNT(insn), 0x80000005, NULL));
}

static void accumulator_starts_as_zero(void **state)
{
	const struct sock_filter insn[] = {J(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1), ALLOW, DENY};

	(void)state;
	assert_true(seen(insn, COUNT(insn), 5, NULL));
}

/* One such instruction on the way, and the kernel does not know any more. */
static void gives_up(void **state)
{
	static const struct sock_filter blind[] = {
		S(BPF_LD | BPF_W | BPF_ABS, 8),
		S(BPF_LD | BPF_W | BPF_ABS, 16),
		S(BPF_LD | BPF_W | BPF_ABS, 60),
		S(BPF_LD | BPF_IMM, 0),
		S(BPF_LD | BPF_W | BPF_LEN, 0),
		S(BPF_LDX | BPF_IMM, 0),
		S(BPF_ST, 0),
		S(BPF_STX, 0),
		S(BPF_MISC | BPF_TAX, 0),
		S(BPF_MISC | BPF_TXA, 0),
		S(BPF_ALU | BPF_OR | BPF_K, 0),
		S(BPF_ALU | BPF_RSH | BPF_K, 0),
		S(BPF_ALU | BPF_AND | BPF_X, 0),
		J(BPF_JMP | BPF_JEQ | BPF_X, 0, 0, 0),
		S(BPF_RET | BPF_A, 0),
		S(BPF_RET | BPF_K, SECCOMP_RET_ALLOW | 1),
		S(BPF_RET | BPF_K, SECCOMP_RET_LOG),
	};
	struct sock_filter insn[] = {NR, ALLOW, ALLOW};
	uint32_t steps = 0;

	(void)state;
	for (uint32_t i = 0; i < COUNT(blind); i++) {
		insn[1] = blind[i];
		assert_false(seen(insn, COUNT(insn), 5, &steps));
		assert_int_equal(steps, 2);
	}
	insn[1] = (struct sock_filter)ARCH;
	assert_true(seen(insn, COUNT(insn), 5, NULL));
}

/* Elsewhere in the program anything may stand. */
static void only_the_path_counts(void **state)
{
	const struct sock_filter insn[] = {
		NR,
		J(BPF_JMP | BPF_JEQ | BPF_K, 5, 3, 0),
		S(BPF_LD | BPF_W | BPF_ABS, 16),
		J(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0),
		DENY,
		ALLOW,
	};

	(void)state;
	assert_true(seen(insn, COUNT(insn), 5, NULL));
	assert_false(seen(insn, COUNT(insn), 6, NULL));
}

/* Never past the end, whatever the offsets say. */
static void hostile(void **state)
{
	struct sock_filter insn[] = {NR, S(BPF_JMP | BPF_JA, 0xffffffff), ALLOW};

	(void)state;
	assert_false(seen(insn, COUNT(insn), 5, NULL));
	insn[1].k = 0xfffffffe;
	assert_false(seen(insn, COUNT(insn), 5, NULL));
	insn[1] = (struct sock_filter)J(BPF_JMP | BPF_JEQ | BPF_K, 5, 255, 255);
	assert_false(seen(insn, COUNT(insn), 5, NULL));
	assert_false(seen(insn, 1, 5, NULL));
	assert_false(seen(insn, 0, 5, NULL));
}

static uint64_t next_random(uint64_t *state)
{
	uint64_t x = *state += 0x9e3779b97f4a7c15u;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

/* What the emulator follows; with arguments, loads of them among it. */
static struct sock_filter random_insn(uint64_t *random, uint32_t left, bool arguments)
{
	static const uint16_t jumps[] = {BPF_JEQ, BPF_JGT, BPF_JGE, BPF_JSET};
	uint64_t r = next_random(random);
	uint32_t small = (uint32_t)(r >> 16) % 16;

	switch (r % 8) {
	case 0:
		return (struct sock_filter)S(BPF_LD | BPF_W | BPF_ABS,
					     arguments ? (uint32_t)(r >> 8) % 5 * 4 : 0);
	case 1:
		return (struct sock_filter)S(BPF_ALU | BPF_AND | BPF_K, small);
	case 2:
		return (struct sock_filter)S(BPF_JMP | BPF_JA, (uint32_t)(r >> 8) % left);
	case 3:
		return (struct sock_filter)ALLOW;
	case 4:
		return (struct sock_filter)DENY;
	default:
		return (struct sock_filter)J(BPF_JMP | BPF_K | jumps[(r >> 8) % 4], small,
					     (uint8_t)((r >> 32) % left),
					     (uint8_t)((r >> 40) % left));
	}
}

static void agrees_with_interpreter(void **state)
{
	enum { LENGTH = 14 };
	struct sock_filter insn[LENGTH];
	struct sb_program program = {.insn = insn, .count = LENGTH};
	uint64_t random = 1;
	uint32_t allowed = 0, missed = 0;

	(void)state;
	for (uint32_t i = 0; i < 4000; i++) {
		bool arguments = i % 2 != 0;

		insn[0] = (struct sock_filter)NR;
		for (uint32_t j = 1; j < LENGTH - 1; j++)
			insn[j] = random_insn(&random, LENGTH - 1 - j, arguments);
		insn[LENGTH - 1] = (struct sock_filter)ALLOW;
		for (uint32_t nr = 0; nr < 16; nr++) {
			struct seccomp_data data = {.nr = (int)nr, .arch = X86_64};
			bool known = sb_const_allow(&program, X86_64, nr, NULL);
			uint32_t verdict = 0;

			for (uint32_t arg = 0; arg < 4; arg++) {
				data.args[0] = arg * 0x100000003u;
				data.instruction_pointer = arg * 0x700000005u;
				assert_int_equal(sb_interpret(&program, &data, &verdict, NULL),
						 SECBAKE_OK);
				if (known)
					assert_int_equal(verdict, SECCOMP_RET_ALLOW);
				else if (!arguments)
					assert_int_not_equal(verdict, SECCOMP_RET_ALLOW);
			}
			allowed += known;
			missed += !known && verdict == SECCOMP_RET_ALLOW;
		}
	}
	assert_true(allowed > 1000);
	assert_true(missed > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(follows_numbers),
		cmocka_unit_test(masks),
		cmocka_unit_test(accumulator_starts_as_zero),
		cmocka_unit_test(gives_up),
		cmocka_unit_test(only_the_path_counts),
		cmocka_unit_test(hostile),
		cmocka_unit_test(agrees_with_interpreter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
