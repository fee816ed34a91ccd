/* SPDX-License-Identifier: MIT */
/*
 * The kernel's rules, by hand and against the running kernel: sb_validate() and
 * seccomp(2) must accept the same programs.
 *
 * The kernel is asked without installing anything: a child that already has a
 * filter with a listener asks for a second listener, which fails with EBUSY
 * after the program was accepted and with EINVAL when it was not.
 */
#include "compiler/program.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#ifndef SECCOMP_FILTER_FLAG_NEW_LISTENER
#define SECCOMP_FILTER_FLAG_NEW_LISTENER 8
#endif

#define COUNT(array) ((uint32_t)(sizeof(array) / sizeof((array)[0])))
#define S(code, k) BPF_STMT((code), (k))
#define J(code, k, jt, jf) BPF_JUMP((code), (k), (jt), (jf))
#define ALLOW S(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define PROGRAM_MAX 12

static bool accepted(const struct sock_filter *insn, uint32_t count)
{
	struct sb_program program = {.insn = insn, .count = count};
	struct secbake_error error = {.status = SECBAKE_OK};
	enum secbake_status status = sb_validate(&program, &error);

	assert_int_equal(status, error.status);
	assert_true(status == SECBAKE_OK || status == SECBAKE_ERR_INPUT);
	return status == SECBAKE_OK;
}

struct question {
	struct sock_filter insn[PROGRAM_MAX];
	uint32_t count;
	int answer; /* errno */
};

/* In a child; false: this kernel, or what surrounds the test, cannot be asked. */
static bool ask_kernel(struct question *questions, uint32_t count)
{
	struct sock_filter allow = ALLOW;
	struct sock_fprog prog = {.len = 1, .filter = &allow};
	int wait_status = 0;
	pid_t child = fork();

	if (child == 0) {
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
		    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
			    &prog) < 0)
			_exit(1);
		for (uint32_t i = 0; i < count; i++) {
			prog.len = (unsigned short)questions[i].count;
			prog.filter = questions[i].insn;
			if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
				    SECCOMP_FILTER_FLAG_NEW_LISTENER, &prog) >= 0)
				_exit(2);
			questions[i].answer = errno;
		}
		_exit(0);
	}
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &wait_status, 0), child);
	assert_true(WIFEXITED(wait_status));
	assert_int_not_equal(WEXITSTATUS(wait_status), 2);
	return WEXITSTATUS(wait_status) == 0;
}

static struct question *shared_questions(uint32_t count)
{
	struct question *questions = mmap(NULL, count * sizeof(*questions), PROT_READ | PROT_WRITE,
					  MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_true(questions != MAP_FAILED);
	return questions;
}

static void describe(const struct question *q)
{
	for (uint32_t i = 0; i < q->count && i < PROGRAM_MAX; i++)
		print_message("  { 0x%x, %u, %u, 0x%x }\n", (unsigned int)q->insn[i].code,
			      (unsigned int)q->insn[i].jt, (unsigned int)q->insn[i].jf,
			      (unsigned int)q->insn[i].k);
}

/* Number of programs that the kernel accepts; every one must agree with sb_validate(). */
static uint32_t compare(const struct question *questions, uint32_t count)
{
	uint32_t good = 0;

	for (uint32_t i = 0; i < count; i++) {
		const struct question *q = &questions[i];

		if (q->answer != EBUSY && q->answer != EINVAL)
			fail_msg("question %u: errno %d", i, q->answer);
		if (accepted(q->insn, q->count) != (q->answer == EBUSY)) {
			describe(q);
			fail_msg("question %u: the kernel says %d", i, q->answer);
		}
		good += q->answer == EBUSY;
	}
	return good;
}

struct example {
	const char *what;
	bool good;
	uint32_t count;
	struct sock_filter insn[6];
};

static const struct example examples[] = {
	{"the least program", true, 1, {ALLOW}},
	{"RET A", true, 1, {S(BPF_RET | BPF_A, 0)}},
	{"RET X", false, 1, {S(BPF_RET | BPF_X, 0)}},
	{"no RET at the end", false, 2, {ALLOW, S(BPF_LD | BPF_IMM, 0)}},
	{"unreachable code", true, 3, {ALLOW, S(BPF_LD | BPF_IMM, 0), ALLOW}},
	{"last word", true, 2, {S(BPF_LD | BPF_W | BPF_ABS, 60), ALLOW}},
	{"past the last word", false, 2, {S(BPF_LD | BPF_W | BPF_ABS, 64), ALLOW}},
	{"unaligned", false, 2, {S(BPF_LD | BPF_W | BPF_ABS, 6), ALLOW}},
	{"ancillary", false, 2, {S(BPF_LD | BPF_W | BPF_ABS, 0xfffff000), ALLOW}},
	{"halfword", false, 2, {S(BPF_LD | BPF_H | BPF_ABS, 0), ALLOW}},
	{"byte", false, 2, {S(BPF_LD | BPF_B | BPF_ABS, 0), ALLOW}},
	{"indirect", false, 2, {S(BPF_LD | BPF_W | BPF_IND, 0), ALLOW}},
	{"LDX ABS", false, 2, {S(BPF_LDX | BPF_W | BPF_ABS, 0), ALLOW}},
	{"MSH", false, 2, {S(BPF_LDX | BPF_B | BPF_MSH, 0), ALLOW}},
	{"LEN", true, 3, {S(BPF_LD | BPF_LEN, 9), S(BPF_LDX | BPF_LEN, 9), ALLOW}},
	{"IMM", true, 3, {S(BPF_LD | BPF_IMM, 9), S(BPF_LDX | BPF_IMM, 9), ALLOW}},
	{"IMM of a halfword", false, 2, {S(BPF_LD | BPF_H | BPF_IMM, 9), ALLOW}},
	{"moves", true, 3, {S(BPF_MISC | BPF_TAX, 0), S(BPF_MISC | BPF_TXA, 0), ALLOW}},
	{"another move", false, 2, {S(BPF_MISC | 0x40, 0), ALLOW}},
	{"NEG", true, 2, {S(BPF_ALU | BPF_NEG, 0), ALLOW}},
	{"NEG X", false, 2, {S(BPF_ALU | BPF_NEG | BPF_X, 0), ALLOW}},
	{"MOD K", false, 2, {S(BPF_ALU | BPF_MOD | BPF_K, 3), ALLOW}},
	{"MOD X", false, 2, {S(BPF_ALU | BPF_MOD | BPF_X, 0), ALLOW}},
	{"DIV 0", false, 2, {S(BPF_ALU | BPF_DIV | BPF_K, 0), ALLOW}},
	{"DIV X", true, 2, {S(BPF_ALU | BPF_DIV | BPF_X, 0), ALLOW}},
	{"shift by 31", true, 2, {S(BPF_ALU | BPF_LSH | BPF_K, 31), ALLOW}},
	{"shift by 32", false, 2, {S(BPF_ALU | BPF_RSH | BPF_K, 32), ALLOW}},
	{"shift by X", true, 2, {S(BPF_ALU | BPF_RSH | BPF_X, 32), ALLOW}},
	{"high byte of code", false, 2, {S(0x100 | BPF_ALU | BPF_ADD, 0), ALLOW}},
	{"JA in", true, 3, {S(BPF_JMP | BPF_JA, 1), ALLOW, ALLOW}},
	{"JA out", false, 3, {S(BPF_JMP | BPF_JA, 2), ALLOW, ALLOW}},
	{"JA back", false, 3, {S(BPF_JMP | BPF_JA, 0xffffffff), ALLOW, ALLOW}},
	{"JA X", false, 2, {S(BPF_JMP | BPF_JA | BPF_X, 0), ALLOW}},
	{"jt in", true, 3, {J(BPF_JMP | BPF_JEQ, 0, 1, 0), ALLOW, ALLOW}},
	{"jt out", false, 3, {J(BPF_JMP | BPF_JEQ, 0, 2, 0), ALLOW, ALLOW}},
	{"jf out", false, 3, {J(BPF_JMP | BPF_JSET | BPF_X, 0, 0, 2), ALLOW, ALLOW}},
	{"another jump", false, 2, {J(BPF_JMP | 0x50, 0, 0, 0), ALLOW}},
	{"memory", true, 3, {S(BPF_ST, 15), S(BPF_LDX | BPF_MEM, 15), ALLOW}},
	{"other memory", false, 3, {S(BPF_STX, 15), S(BPF_LD | BPF_MEM, 14), ALLOW}},
	{"memory past its end", false, 2, {S(BPF_ST, 16), ALLOW}},
	{"one path leaves it unwritten",
	 false,
	 4,
	 {J(BPF_JMP | BPF_JEQ, 0, 1, 0), S(BPF_ST, 0), S(BPF_LD | BPF_MEM, 0), ALLOW}},
	{"both paths write",
	 true,
	 6,
	 {J(BPF_JMP | BPF_JEQ, 0, 0, 2), S(BPF_ST, 0), S(BPF_JMP | BPF_JA, 1), S(BPF_STX, 0),
	  S(BPF_LD | BPF_MEM, 0), ALLOW}},
	{"behind a jump all counts as written",
	 true,
	 4,
	 {S(BPF_JMP | BPF_JA, 1), S(BPF_LD | BPF_MEM, 3), S(BPF_LD | BPF_IMM, 0), ALLOW}},
	{"behind a RET it does not", false, 3, {ALLOW, S(BPF_LD | BPF_MEM, 3), ALLOW}},
};

static void examples_by_hand(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < COUNT(examples); i++) {
		if (accepted(examples[i].insn, examples[i].count) != examples[i].good)
			fail_msg("%s", examples[i].what);
	}
}

static void examples_on_kernel(void **state)
{
	struct question *questions = shared_questions(COUNT(examples));

	(void)state;
	for (uint32_t i = 0; i < COUNT(examples); i++) {
		memcpy(questions[i].insn, examples[i].insn, sizeof(examples[i].insn));
		questions[i].count = examples[i].count;
	}
	if (!ask_kernel(questions, COUNT(examples))) {
		print_message("no listener can be had here: skipped\n");
		skip();
	}
	compare(questions, COUNT(examples));
	munmap(questions, COUNT(examples) * sizeof(*questions));
}

static void lengths(void **state)
{
	static struct sock_filter insn[4097];

	(void)state;
	for (uint32_t i = 0; i < COUNT(insn); i++)
		insn[i] = (struct sock_filter)ALLOW;
	assert_false(accepted(insn, 0));
	assert_true(accepted(insn, 4096));
	assert_false(accepted(insn, 4097));
	insn[0] = (struct sock_filter)S(BPF_JMP | BPF_JA, 4094);
	assert_true(accepted(insn, 4096));
	insn[0].k = 4095;
	assert_false(accepted(insn, 4096));
}

static void message_names_instruction(void **state)
{
	const struct sock_filter insn[] = {S(BPF_LD | BPF_IMM, 0), S(BPF_ST, 99), ALLOW};
	struct sb_program program = {.insn = insn, .count = 3};
	struct secbake_error error = {.status = SECBAKE_OK};

	(void)state;
	assert_int_equal(sb_validate(&program, &error), SECBAKE_ERR_INPUT);
	assert_non_null(strstr(error.text, "instruction 1 "));
	assert_non_null(strstr(error.text, "scratch memory"));
	assert_int_equal(sb_validate(&program, NULL), SECBAKE_ERR_INPUT);
}

static uint64_t next_random(uint64_t *state)
{
	uint64_t x = *state += 0x9e3779b97f4a7c15u;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

static uint32_t random_constant(uint64_t *random)
{
	static const uint32_t edges[] = {0, 1, 4, 15, 16, 31, 32, 60, 64, 4095, 4096, 0xffffffff};
	uint64_t r = next_random(random);

	switch (r & 3) {
	case 0:
		return edges[(r >> 8) % COUNT(edges)];
	case 1:
		return (uint32_t)(r >> 8) % 16 * 4;
	case 2:
		return (uint32_t)(r >> 8) % 16;
	default:
		return (uint32_t)(r >> 8) & ((r & 0x10) != 0 ? 0x7fffffff : 0xffffffff);
	}
}

static struct sock_filter random_insn(uint64_t *random)
{
	static const uint16_t codes[] = {
		BPF_LD | BPF_W | BPF_ABS,
		BPF_LD | BPF_LEN,
		BPF_LDX | BPF_LEN,
		BPF_LD | BPF_IMM,
		BPF_LDX | BPF_IMM,
		BPF_LD | BPF_MEM,
		BPF_LDX | BPF_MEM,
		BPF_ST,
		BPF_STX,
		BPF_ST,
		BPF_STX,
		BPF_MISC | BPF_TAX,
		BPF_MISC | BPF_TXA,
		BPF_RET | BPF_K,
		BPF_RET | BPF_A,
		BPF_JMP | BPF_JA,
		BPF_JMP | BPF_JEQ,
		BPF_JMP | BPF_JGE | BPF_X,
		BPF_JMP | BPF_JGT,
		BPF_JMP | BPF_JSET,
		BPF_ALU | BPF_ADD,
		BPF_ALU | BPF_DIV,
		BPF_ALU | BPF_LSH,
		BPF_ALU | BPF_RSH,
		BPF_ALU | BPF_NEG,
		BPF_ALU | BPF_MUL | BPF_X,
	};
	uint64_t r = next_random(random);
	uint16_t code = codes[(r >> 8) % COUNT(codes)];
	uint32_t k = random_constant(random);

	/* Mostly small, so that programs have a chance to be valid. */
	if (BPF_CLASS(code) == BPF_JMP || BPF_MODE(code) == BPF_MEM || BPF_CLASS(code) == BPF_ST ||
	    BPF_CLASS(code) == BPF_STX)
		k %= (r & 0x7) != 0 ? 3 : 20;
	return (struct sock_filter)J(code, k, (uint8_t)((r >> 40) % 4), (uint8_t)((r >> 48) % 4));
}

static void mutate(uint64_t *random, struct question *q)
{
	uint64_t r = next_random(random);
	struct sock_filter *insn = &q->insn[(r >> 32) % (q->count != 0 ? q->count : 1)];

	switch (r % 8) {
	case 0:
		insn->code = (uint16_t)(r >> 8) & ((r & 0x700) != 0 ? 0xff : 0xffff);
		break;
	case 1:
		insn->code ^= (uint16_t)(1u << ((r >> 8) % 9));
		break;
	case 2:
		insn->k = random_constant(random);
		break;
	case 3:
		insn->jt = (uint8_t)(r >> 8);
		break;
	case 4:
		insn->jf = (uint8_t)(r >> 8);
		break;
	case 5:
		q->count = (uint32_t)(r >> 8) % (PROGRAM_MAX + 1);
		break;
	default:
		*insn = random_insn(random);
		break;
	}
}

static void random_on_kernel(void **state)
{
	enum { QUESTIONS = 20000 };
	struct question *questions = shared_questions(QUESTIONS);
	const char *given = getenv("SECBAKE_SEED");
	struct timespec now;
	uint64_t random;
	uint32_t good;

	(void)state;
	clock_gettime(CLOCK_REALTIME, &now);
	random = given != NULL ? strtoull(given, NULL, 0) : (uint64_t)now.tv_nsec;
	print_message("SECBAKE_SEED=%llu\n", (unsigned long long)random);
	for (uint32_t i = 0; i < QUESTIONS; i++) {
		struct question *q = &questions[i];

		for (uint32_t j = 0; j < PROGRAM_MAX; j++)
			q->insn[j] = random_insn(&random);
		q->count = 1 + (uint32_t)(next_random(&random) % PROGRAM_MAX);
		q->insn[q->count - 1] = (struct sock_filter)ALLOW;
		for (uint64_t n = next_random(&random) % 3; n > 0; n--)
			mutate(&random, q);
	}
	if (!ask_kernel(questions, QUESTIONS)) {
		print_message("no listener can be had here: skipped\n");
		skip();
	}
	good = compare(questions, QUESTIONS);
	print_message("%u of %u accepted\n", good, (unsigned int)QUESTIONS);
	assert_in_range(good, QUESTIONS / 10, QUESTIONS - QUESTIONS / 10);
	munmap(questions, QUESTIONS * sizeof(*questions));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(examples_by_hand), cmocka_unit_test(examples_on_kernel),
		cmocka_unit_test(lengths),	    cmocka_unit_test(message_names_instruction),
		cmocka_unit_test(random_on_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
