/* SPDX-License-Identifier: MIT */
/* The loader's own interpreter, instruction by instruction; what it cannot follow it kills. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "loader/filter.h"

#define COUNT(array) ((uint32_t)(sizeof(array) / sizeof((array)[0])))
#define LOAD(offset) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (offset))
#define RET(k) BPF_STMT(BPF_RET | BPF_K, (k))

static uint32_t run(const struct sock_filter *insn, uint32_t count)
{
	struct seccomp_data data = {.nr = 5, .arch = 6, .instruction_pointer = 0x1122334455667788};

	for (uint32_t i = 0; i < 6; i++)
		data.args[i] = 0x100000000u * (i + 1) + 0xf0 + i;
	return sb_filter_run(insn, count, &data);
}

#define RUN(...)                                       \
	run((const struct sock_filter[]){__VA_ARGS__}, \
	    COUNT(((const struct sock_filter[]){__VA_ARGS__})))
#define RET_A BPF_STMT(BPF_RET | BPF_A, 0)
#define ALU(op, k) BPF_STMT(BPF_ALU | (op) | BPF_K, (k))
#define ALU_X(op) BPF_STMT(BPF_ALU | (op) | BPF_X, 0)
#define IMM(k) BPF_STMT(BPF_LD | BPF_IMM, (k))
#define IMM_X(k) BPF_STMT(BPF_LDX | BPF_IMM, (k))

static void test_interpreter(void **state)
{
	static const uint16_t jumps[] = {BPF_JEQ, BPF_JGT, BPF_JGE, BPF_JSET};
	static const uint8_t taken[4][3] = {{0, 1, 0}, {1, 0, 0}, {1, 1, 0}, {1, 1, 0}};
	static const uint32_t operands[] = {4, 6, 8};

	(void)state;
	assert_int_equal(RUN(RET(0x7fff0000)), 0x7fff0000);
	assert_int_equal(RUN(LOAD(0), RET_A), 5);
	assert_int_equal(RUN(LOAD(4), RET_A), 6);
	assert_int_equal(RUN(LOAD(16), RET_A), 0xf0);
	assert_int_equal(RUN(LOAD(60), RET_A), 6);
	assert_int_equal(RUN(BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0), RET_A), 64);
	assert_int_equal(
		RUN(BPF_STMT(BPF_LDX | BPF_W | BPF_LEN, 0), BPF_STMT(BPF_MISC | BPF_TXA, 0), RET_A),
		64);
	assert_int_equal(
		RUN(IMM(7), BPF_STMT(BPF_ST, 3), IMM(1), BPF_STMT(BPF_LD | BPF_MEM, 3), RET_A), 7);
	assert_int_equal(
		RUN(IMM_X(9), BPF_STMT(BPF_STX, 15), BPF_STMT(BPF_LD | BPF_MEM, 15), RET_A), 9);
	assert_int_equal(
		RUN(IMM(7), BPF_STMT(BPF_MISC | BPF_TAX, 0), IMM(2), ALU_X(BPF_MUL), RET_A), 14);
	assert_int_equal(RUN(IMM(0), ALU(BPF_SUB, 1), RET_A), 0xffffffff);
	assert_int_equal(RUN(IMM(1), ALU(BPF_NEG, 0), RET_A), 0xffffffff);
	assert_int_equal(RUN(IMM(0xf0), ALU(BPF_AND, 0x33), ALU(BPF_OR, 1), ALU(BPF_XOR, 3), RET_A),
			 0x32);
	assert_int_equal(RUN(IMM(1), ALU(BPF_LSH, 31), ALU(BPF_RSH, 30), ALU(BPF_ADD, 5), RET_A),
			 7);
	assert_int_equal(RUN(IMM(9), ALU(BPF_DIV, 2), RET_A), 4);
	assert_int_equal(RUN(IMM(9), ALU_X(BPF_DIV), RET(0x7fff0000)), 0);
	assert_int_equal(RUN(BPF_STMT(BPF_JMP | BPF_JA, 1), RET(1), RET(2)), 2);
	for (uint32_t j = 0; j < COUNT(jumps); j++) {
		for (uint32_t o = 0; o < COUNT(operands); o++) {
			uint32_t k = operands[o];

			assert_int_equal(RUN(IMM(6), BPF_JUMP(BPF_JMP | jumps[j] | BPF_K, k, 1, 0),
					     RET(0), RET(1)),
					 taken[j][o]);
			assert_int_equal(RUN(IMM(6), IMM_X(k),
					     BPF_JUMP(BPF_JMP | jumps[j] | BPF_X, 0, 1, 0), RET(0),
					     RET(1)),
					 taken[j][o]);
		}
	}
	/* What leaves its bounds, or does not exist, allows nothing. */
	assert_int_equal(RUN(LOAD(0)), SECCOMP_RET_KILL_PROCESS);
	assert_int_equal(RUN(BPF_STMT(BPF_JMP | BPF_JA, 0xffffffff), RET(1)),
			 SECCOMP_RET_KILL_PROCESS);
	assert_int_equal(RUN(BPF_STMT(BPF_LD | BPF_MEM, 16), RET(1)), SECCOMP_RET_KILL_PROCESS);
	assert_int_equal(RUN(BPF_STMT(BPF_ST, 16), RET(1)), SECCOMP_RET_KILL_PROCESS);
	assert_int_equal(RUN(ALU(BPF_MOD, 1), RET(1)), SECCOMP_RET_KILL_PROCESS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_interpreter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
