/* SPDX-License-Identifier: MIT */
/*
 * The interpreter: each instruction by hand-computed results, each word of
 * seccomp_data in both byte orders, hostile programs, and random programs
 * against the running kernel, twelve bits of the accumulator at a time.
 */
#include "compiler/program.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "../lib/support.h"

#define COUNT(array) ((uint32_t)(sizeof(array) / sizeof((array)[0])))
#define S(code, k) BPF_STMT((code), (k))
#define J(code, k, jt, jf) BPF_JUMP((code), (k), (jt), (jf))
#define RUN(program, data, verdict) run((program), COUNT(program), (data), (verdict))

static enum secbake_status run(const struct sock_filter *insn, uint32_t count,
			       const struct seccomp_data *data, uint32_t *verdict)
{
	struct sb_program program = {.insn = insn, .count = count};
	struct secbake_error error = {.status = SECBAKE_OK};
	enum secbake_status status = sb_interpret(&program, data, verdict, &error);

	assert_int_equal(status, error.status);
	return status;
}

static uint64_t next_random(uint64_t *state)
{
	uint64_t x = *state += 0x9e3779b97f4a7c15u;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

/* A op operand, both as K and as X. */
static void check_alu(uint16_t op, uint32_t a, uint32_t operand, uint32_t expected)
{
	const struct sock_filter by_k[] = {
		S(BPF_LD | BPF_IMM, a),
		S(BPF_ALU | op | BPF_K, operand),
		S(BPF_RET | BPF_A, 0),
	};
	const struct sock_filter by_x[] = {
		S(BPF_LD | BPF_IMM, a),
		S(BPF_LDX | BPF_IMM, operand),
		S(BPF_ALU | op | BPF_X, 0),
		S(BPF_RET | BPF_A, 0),
	};
	struct seccomp_data data = {.nr = 1};
	uint32_t verdict = 0;

	assert_int_equal(RUN(by_k, &data, &verdict), SECBAKE_OK);
	assert_int_equal(verdict, expected);
	assert_int_equal(RUN(by_x, &data, &verdict), SECBAKE_OK);
	assert_int_equal(verdict, expected);
}

static void arithmetic(void **state)
{
	const struct sock_filter negate[] = {
		S(BPF_LD | BPF_IMM, 1),
		S(BPF_ALU | BPF_NEG, 0),
		S(BPF_RET | BPF_A, 0),
	};
	struct seccomp_data data = {.nr = 1};
	uint32_t verdict = 0;

	(void)state;
	check_alu(BPF_ADD, 0xffffffff, 3, 2);
	check_alu(BPF_SUB, 2, 3, 0xffffffff);
	check_alu(BPF_MUL, 0x10001, 0x10001, 0x20001);
	check_alu(BPF_DIV, 0xffffffff, 0x10, 0x0fffffff);
	check_alu(BPF_AND, 0xf0f0f0f0, 0xff00ff00, 0xf000f000);
	check_alu(BPF_OR, 0xf0f0f0f0, 0x0f000000, 0xfff0f0f0);
	check_alu(BPF_XOR, 0xffff0000, 0x0ff00ff0, 0xf00f0ff0);
	check_alu(BPF_LSH, 0x80000001, 31, 0x80000000);
	check_alu(BPF_RSH, 0x80000001, 31, 1);
	assert_int_equal(RUN(negate, &data, &verdict), SECBAKE_OK);
	assert_int_equal(verdict, 0xffffffff);
}

/* What only X can be: 0 as a divisor, 32 and more as a shift. */
static void arithmetic_by_x(void **state)
{
	struct sock_filter program[] = {
		S(BPF_LD | BPF_IMM, 0x80000001),
		S(BPF_LDX | BPF_IMM, 0),
		S(BPF_ALU | BPF_DIV | BPF_X, 0),
		S(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct seccomp_data data = {.nr = 1};
	uint32_t verdict = 1;

	(void)state;
	assert_int_equal(RUN(program, &data, &verdict), SECBAKE_OK);
	assert_int_equal(verdict, 0);
	program[1].k = 33;
	program[2].code = BPF_ALU | BPF_LSH | BPF_X;
	program[3].code = BPF_RET | BPF_A;
	assert_int_equal(RUN(program, &data, &verdict), SECBAKE_OK);
	assert_int_equal(verdict, 2);
	program[2].code = BPF_ALU | BPF_RSH | BPF_X;
	assert_int_equal(RUN(program, &data, &verdict), SECBAKE_OK);
	assert_int_equal(verdict, 0x40000000);
}

static void check_jump(uint16_t op, uint32_t a, uint32_t operand, bool taken)
{
	const struct sock_filter by_k[] = {
		S(BPF_LD | BPF_IMM, a),
		J(BPF_JMP | op | BPF_K, operand, 1, 0),
		S(BPF_RET | BPF_K, 0),
		S(BPF_RET | BPF_K, 1),
	};
	const struct sock_filter by_x[] = {
		S(BPF_LD | BPF_IMM, a),
		S(BPF_LDX | BPF_IMM, operand),
		J(BPF_JMP | op | BPF_X, 0, 0, 1),
		S(BPF_RET | BPF_K, 1),
		S(BPF_RET | BPF_K, 0),
	};
	struct seccomp_data data = {.nr = 1};
	uint32_t verdict = 2;

	assert_int_equal(RUN(by_k, &data, &verdict), SECBAKE_OK);
	assert_int_equal(verdict, taken);
	assert_int_equal(RUN(by_x, &data, &verdict), SECBAKE_OK);
	assert_int_equal(verdict, taken);
}

static void jumps(void **state)
{
	const struct sock_filter always[] = {
		S(BPF_JMP | BPF_JA, 1),
		S(BPF_RET | BPF_K, 0),
		S(BPF_RET | BPF_K, 1),
	};
	struct seccomp_data data = {.nr = 1};
	uint32_t verdict = 0;

	(void)state;
	check_jump(BPF_JEQ, 5, 5, true);
	check_jump(BPF_JEQ, 5, 6, false);
	check_jump(BPF_JGT, 0x80000000, 0x7fffffff, true);
	check_jump(BPF_JGT, 5, 5, false);
	check_jump(BPF_JGE, 5, 5, true);
	check_jump(BPF_JGE, 0x7fffffff, 0x80000000, false);
	check_jump(BPF_JSET, 0x80000000, 0xc0000000, true);
	check_jump(BPF_JSET, 0x80000000, 0x7fffffff, false);
	assert_int_equal(RUN(always, &data, &verdict), SECBAKE_OK);
	assert_int_equal(verdict, 1);
}

static void registers_and_memory(void **state)
{
	const struct sock_filter moves[] = {
		S(BPF_LD | BPF_IMM, 7),
		S(BPF_ST, 15),
		S(BPF_MISC | BPF_TAX, 0),
		S(BPF_STX, 0),
		S(BPF_LD | BPF_W | BPF_LEN, 0),
		S(BPF_LDX | BPF_MEM, 15),
		S(BPF_ALU | BPF_ADD | BPF_X, 0),
		S(BPF_ST, 1),
		S(BPF_LDX | BPF_W | BPF_LEN, 0),
		S(BPF_MISC | BPF_TXA, 0),
		S(BPF_LDX | BPF_MEM, 1),
		S(BPF_ALU | BPF_ADD | BPF_X, 0),
		S(BPF_LDX | BPF_MEM, 0),
		S(BPF_ALU | BPF_MUL | BPF_X, 0),
		S(BPF_ST, 2),
		S(BPF_LD | BPF_MEM, 2),
		S(BPF_RET | BPF_A, 0),
	};
	const struct sock_filter initial[] = {
		S(BPF_ALU | BPF_ADD | BPF_X, 0),
		S(BPF_RET | BPF_A, 0),
	};
	struct seccomp_data data = {.nr = 1};
	uint32_t verdict = 1;

	(void)state;
	assert_int_equal(RUN(moves, &data, &verdict), SECBAKE_OK);
	assert_int_equal(verdict, ((64 + 7) + 64) * 7);
	assert_int_equal(RUN(initial, &data, &verdict), SECBAKE_OK);
	assert_int_equal(verdict, 0);
}

/* Every word of seccomp_data, as the host and as a machine of the other order has it. */
static void words_of_data(void **state)
{
	struct seccomp_data data = {.nr = (int)0xf0000001, .arch = 0xc000003e};
	struct sock_filter insn[] = {S(BPF_LD | BPF_W | BPF_ABS, 0), S(BPF_RET | BPF_A, 0)};
	struct sb_program program = {.insn = insn, .count = 2};

	(void)state;
	data.instruction_pointer = 0x0102030405060708;
	for (uint32_t i = 0; i < 6; i++)
		data.args[i] = 0xa0000000b0000000u + i * 0x100000002u;
	for (uint32_t offset = 0; offset < 64; offset += 4) {
		uint64_t wide = offset < 16 ? data.instruction_pointer
					    : 0xa0000000b0000000u + (offset / 8 - 2) * 0x100000002u;
		uint32_t little = (uint32_t)(offset % 8 == 0 ? wide : wide >> 32);
		uint32_t big = (uint32_t)(offset % 8 == 0 ? wide >> 32 : wide);
		uint32_t verdict = 0;

		if (offset < 8)
			little = big = offset == 0 ? 0xf0000001 : 0xc000003e;
		insn[0].k = offset;
		program.big_endian = false;
		assert_int_equal(sb_interpret(&program, &data, &verdict, NULL), SECBAKE_OK);
		assert_int_equal(verdict, little);
		program.big_endian = true;
		assert_int_equal(sb_interpret(&program, &data, &verdict, NULL), SECBAKE_OK);
		assert_int_equal(verdict, big);
	}
}

static void hostile_programs(void **state)
{
	static const struct sock_filter bad[] = {
		S(BPF_LD | BPF_W | BPF_ABS, 64),
		S(BPF_LD | BPF_W | BPF_ABS, 2),
		S(BPF_LD | BPF_W | BPF_ABS, 0xfffff000),
		S(BPF_LD | BPF_H | BPF_ABS, 0),
		S(BPF_LD | BPF_B | BPF_ABS, 0),
		S(BPF_LD | BPF_W | BPF_IND, 0),
		S(BPF_LDX | BPF_B | BPF_MSH, 0),
		S(BPF_LDX | BPF_W | BPF_ABS, 0),
		S(BPF_LD | BPF_MEM, 0),
		S(BPF_LDX | BPF_MEM, 15),
		S(BPF_LD | BPF_MEM, 16),
		S(BPF_ST, 16),
		S(BPF_STX, 0xffffffff),
		S(BPF_ALU | BPF_DIV | BPF_K, 0),
		S(BPF_ALU | BPF_MOD | BPF_K, 3),
		S(BPF_ALU | BPF_LSH | BPF_K, 32),
		S(BPF_ALU | BPF_RSH | BPF_K, 0xffffffff),
		S(BPF_ALU | BPF_NEG | BPF_X, 0),
		S(BPF_ALU | 0xb0, 0),
		S(BPF_JMP | BPF_JA, 1),
		S(BPF_JMP | BPF_JA, 0xffffffff),
		S(BPF_JMP | BPF_JA, 0xfffffffe),
		S(BPF_JMP | BPF_JA | BPF_X, 0),
		J(BPF_JMP | BPF_JEQ | BPF_K, 0, 255, 0),
		J(BPF_JMP | 0x50, 0, 0, 0),
		S(BPF_RET | BPF_X, 0),
		S(BPF_MISC | 0x40, 0),
		S(0x100 | BPF_ALU | BPF_ADD, 0),
		S(0x100 | BPF_JMP | BPF_JEQ, 0),
		S(0xffff, 0),
	};
	struct sock_filter program[] = {bad[0], S(BPF_RET | BPF_K, 0)};
	struct seccomp_data data = {.nr = 1};
	uint32_t verdict = 77;

	(void)state;
	for (uint32_t i = 0; i < COUNT(bad); i++) {
		program[0] = bad[i];
		assert_int_equal(RUN(program, &data, &verdict), SECBAKE_ERR_INPUT);
	}
	program[0] = (struct sock_filter)S(BPF_LD | BPF_IMM, 0);
	assert_int_equal(run(program, 1, &data, &verdict), SECBAKE_ERR_INPUT);
	assert_int_equal(run(program, 0, &data, &verdict), SECBAKE_ERR_INPUT);
	assert_int_equal(run(program, 4097, &data, &verdict), SECBAKE_ERR_INPUT);
	assert_int_equal(verdict, 77);
}

#define BODY 24
#define PROBE_NR 0x3fff0123 /* no call of any kernel; the filter alone answers it */

static const uint16_t alu_ops[] = {BPF_ADD, BPF_SUB, BPF_MUL, BPF_DIV, BPF_AND,
				   BPF_OR,  BPF_XOR, BPF_LSH, BPF_RSH};
static const uint16_t jump_ops[] = {BPF_JEQ, BPF_JGT, BPF_JGE, BPF_JSET};

static uint32_t random_constant(uint64_t *random)
{
	static const uint32_t edges[] = {0, 1, 2, 31, 32, 33, 0x7fffffff, 0x80000000, 0xffffffff};
	uint64_t r = next_random(random);

	switch (r & 3) {
	case 0:
		return edges[(r >> 8) % COUNT(edges)];
	case 1:
		return (uint32_t)(r >> 8) & 63;
	default:
		return (uint32_t)(r >> 32);
	}
}

/* One valid instruction for the body, with `left` instructions behind it. All of memory is written.
 */
static struct sock_filter random_insn(uint64_t *random, uint32_t left)
{
	uint64_t r = next_random(random);
	uint32_t pick = (uint32_t)(r >> 16);
	uint16_t source = (r & 0x100) != 0 ? BPF_X : BPF_K;
	uint32_t k = random_constant(random);
	uint16_t op;

	switch (r % 16) {
	case 0:
		return (struct sock_filter)S(BPF_LD | BPF_W | BPF_ABS, pick % 16 * 4);
	case 1:
		return (struct sock_filter)S(
			(r & 0x100) != 0 ? BPF_LD | BPF_W | BPF_LEN : BPF_LDX | BPF_W | BPF_LEN, k);
	case 2:
		return (struct sock_filter)S(
			(r & 0x100) != 0 ? BPF_LD | BPF_IMM : BPF_LDX | BPF_IMM, k);
	case 3:
		return (struct sock_filter)S(
			(r & 0x100) != 0 ? BPF_LD | BPF_MEM : BPF_LDX | BPF_MEM, pick % 16);
	case 4:
		return (struct sock_filter)S((r & 0x100) != 0 ? BPF_ST : BPF_STX, pick % 16);
	case 5:
		return (struct sock_filter)S(BPF_MISC | ((r & 0x100) != 0 ? BPF_TAX : BPF_TXA), k);
	case 6:
		return (struct sock_filter)S(BPF_ALU | BPF_NEG, k);
	case 7:
	case 8:
	case 9:
		return (struct sock_filter)J(BPF_JMP | source | jump_ops[pick % COUNT(jump_ops)], k,
					     (uint8_t)((r >> 40) % left),
					     (uint8_t)((r >> 48) % left));
	default:
		op = alu_ops[pick % COUNT(alu_ops)];
		if (source == BPF_K && (op == BPF_LSH || op == BPF_RSH))
			k %= 32;
		if (source == BPF_K && op == BPF_DIV && k == 0)
			k = 7;
		return (struct sock_filter)S(BPF_ALU | op | source, k);
	}
}

/*
 * A program that answers PROBE_NR alone, with an errno of the 12 bits of the
 * accumulator from `shift` on, and allows the rest.
 */
static uint32_t random_program(uint64_t *random, uint32_t shift, struct sock_filter *insn)
{
	uint32_t n = 0;

	insn[n++] = (struct sock_filter)S(BPF_LD | BPF_W | BPF_ABS, 0);
	insn[n++] = (struct sock_filter)J(BPF_JMP | BPF_JEQ | BPF_K, PROBE_NR, 1, 0);
	insn[n++] = (struct sock_filter)S(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	for (uint32_t i = 0; i < BPF_MEMWORDS; i++) {
		insn[n++] = (struct sock_filter)S(BPF_LD | BPF_W | BPF_ABS, i * 4);
		insn[n++] = (struct sock_filter)S(BPF_ST, i);
	}
	for (uint32_t i = 0; i < BODY; i++)
		insn[n++] = random_insn(random, BODY - i);
	insn[n++] = (struct sock_filter)S(BPF_ALU | BPF_RSH | BPF_K, shift);
	insn[n++] = (struct sock_filter)S(BPF_ALU | BPF_AND | BPF_K, 0xfff);
	insn[n++] = (struct sock_filter)S(BPF_ALU | BPF_OR | BPF_K, SECCOMP_RET_ERRNO);
	insn[n++] = (struct sock_filter)S(BPF_RET | BPF_A, 0);
	return n;
}

#define ANSWER_NONE (-1) /* the filter could not be installed */
#define ANSWER_KILLED (-2)

/* What the kernel's verdict is: an errno, or that it killed. */
static int ask_kernel(const struct sock_filter *insn, uint32_t count, const uint64_t args[6],
		      volatile int *shared)
{
	struct sock_fprog prog = {.len = (unsigned short)count,
				  .filter = (struct sock_filter *)(uintptr_t)insn};
	int wait_status = 0;
	pid_t child;

	*shared = ANSWER_NONE;
	child = fork();
	if (child == 0) {
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
		    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog) == 0) {
			*shared = ANSWER_KILLED;
			errno = 0;
			if (syscall(PROBE_NR, args[0], args[1], args[2], args[3], args[4],
				    args[5]) == 0)
				*shared = 0;
			else
				*shared = errno;
		}
		_exit(0);
	}
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &wait_status, 0), child);
	return *shared;
}

/*
 * Words that differ from run to run are kept out: the instruction pointer is
 * read by the interpreter's data as 0, so programs that load it are skipped.
 */
static bool reads_ip(const struct sock_filter *insn, uint32_t count)
{
	for (uint32_t i = 3 + 2 * BPF_MEMWORDS; i < count; i++) {
		if (insn[i].code == (BPF_LD | BPF_W | BPF_ABS) &&
		    (insn[i].k == 8 || insn[i].k == 12))
			return true;
	}
	return false;
}

static uint32_t native_audit_arch(void)
{
#if defined(__x86_64__)
	return 0xc000003e;
#elif defined(__aarch64__)
	return 0xc00000b7;
#else
	return 0;
#endif
}

static void random_programs_on_kernel(void **state)
{
	struct sock_filter insn[128];
	uint64_t random;
	uint32_t compared = 0, killed = 0;
	volatile int *shared =
		mmap(NULL, sizeof(int), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	(void)state;
	assert_true(shared != MAP_FAILED);
	if (native_audit_arch() == 0)
		skip(); /* shifts by X of 32 and more are the machine's own elsewhere */
	random = test_seed();
	for (uint32_t i = 0; i < 1500; i++) {
		struct seccomp_data data = {.nr = PROBE_NR, .arch = native_audit_arch()};
		uint32_t count = random_program(&random, i % 3 * 10, insn);
		struct sb_program program = {.insn = insn, .count = count};
		uint32_t verdict = 0;
		int answer;

		/* Scratch words 2 and 3 would be the instruction pointer; make them arguments. */
		insn[3 + 4].k = 16;
		insn[3 + 6].k = 20;
		if (reads_ip(insn, count))
			continue;
		for (uint32_t j = 0; j < 6; j++)
			data.args[j] =
				(uint64_t)random_constant(&random) << 32 | random_constant(&random);
		assert_int_equal(sb_interpret(&program, &data, &verdict, NULL), SECBAKE_OK);
		answer = ask_kernel(insn, count, (const uint64_t *)data.args, shared);
		if (answer == ANSWER_NONE) {
			assert_int_equal(compared, 0);
			print_message("no filter can be installed here: skipped\n");
			skip();
		}
		if (answer == ANSWER_KILLED) {
			killed++;
			assert_int_equal(verdict, 0);
		} else {
			assert_int_equal(verdict, SECCOMP_RET_ERRNO | (uint32_t)answer);
		}
		compared++;
	}
	print_message("%u programs compared, %u divided by 0\n", compared, killed);
	assert_true(compared > 500);
	assert_true(killed > 0);
	munmap((void *)(uintptr_t)shared, sizeof(int));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arithmetic),
		cmocka_unit_test(arithmetic_by_x),
		cmocka_unit_test(jumps),
		cmocka_unit_test(registers_and_memory),
		cmocka_unit_test(words_of_data),
		cmocka_unit_test(hostile_programs),
		cmocka_unit_test(random_programs_on_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
