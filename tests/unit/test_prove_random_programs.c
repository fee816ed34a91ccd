/* SPDX-License-Identifier: MIT */
/* The prover's diagrams of random programs, against the interpreter. */
#include "tests/lib/prove_random_world.h"

/* All of memory is written before. Few bits reach a RET A, or nothing could be proved. */
static struct sock_filter random_insn(uint64_t *random, uint32_t left)
{
	static const uint16_t alu[] = {BPF_ADD, BPF_SUB, BPF_AND, BPF_AND, BPF_OR, BPF_XOR,
				       BPF_LSH, BPF_RSH, BPF_MUL, BPF_DIV, BPF_DIV};
	static const uint16_t jumps[] = {BPF_JEQ, BPF_JGT, BPF_JGE, BPF_JSET};
	bool coin = below(random, 2) != 0;
	uint16_t source = below(random, 4) == 0 ? BPF_X : BPF_K;
	uint32_t k = random_word(random);
	uint16_t op;

	switch (below(random, 14)) {
	case 0:
	case 1:
		return S(BPF_LD | BPF_W | BPF_ABS, below(random, 16) * 4);
	case 2:
		return S(coin ? BPF_LD | BPF_IMM : BPF_LDX | BPF_IMM, k);
	case 3:
		return S(coin ? BPF_LD | BPF_MEM : BPF_LDX | BPF_MEM, below(random, BPF_MEMWORDS));
	case 4:
		return S(coin ? BPF_ST : BPF_STX, below(random, BPF_MEMWORDS));
	case 5:
		return S(BPF_MISC | (coin ? BPF_TAX : BPF_TXA), 0);
	case 6:
		return coin ? S(BPF_ALU | BPF_NEG, 0) : S(BPF_LDX | BPF_W | BPF_LEN, 0);
	case 7:
		return S(BPF_RET | BPF_K, k);
	case 8:
	case 9:
	case 10:
		return J(BPF_JMP | source | jumps[below(random, 4)], k,
			 (uint8_t)below(random, left), (uint8_t)below(random, left));
	default:
		op = alu[below(random, COUNT(alu))];
		if (op == BPF_LSH || op == BPF_RSH)
			k %= 32;
		if (op == BPF_DIV && coin)
			k |= 0x80000000;
		else if (op == BPF_MUL || op == BPF_DIV)
			k = 1 + k % 40;
		return S(BPF_ALU | op | source, k);
	}
}

static uint32_t random_program(uint64_t *random, struct sock_filter *insn)
{
	uint32_t n = 0, body = 4 + below(random, 20);

	for (uint32_t i = 0; i < BPF_MEMWORDS; i++) {
		if (below(random, 2) != 0)
			insn[n++] = S(BPF_LD | BPF_W | BPF_ABS, below(random, 16) * 4);
		insn[n++] = S(BPF_ST, i);
	}
	for (uint32_t i = 0; i < body; i++)
		insn[n++] = random_insn(random, body - i);
	insn[n++] = S(BPF_ALU | BPF_AND | BPF_K, 1u << below(random, 32) | 3);
	insn[n++] = S(BPF_RET | BPF_A, 0);
	return n;
}

static void programs_against_interpreter(void **state)
{
	enum { ROUNDS = TRIED(4000) };
	struct sock_filter insn[64];
	uint64_t random = test_seed();
	uint32_t known = 0, split = 0;

	(void)state;
	for (uint32_t i = 0; i < ROUNDS; i++) {
		struct sb_program program = {.insn = insn, .big_endian = i % 2 != 0};
		enum secbake_status status;
		struct secbake_error beyond = {.status = SECBAKE_OK};
		uint32_t root = 0, first = 0, where;
		bool differs = false;
		struct sb_dd dd;

		program.count = random_program(&random, insn);
		assert_int_equal(sb_validate(&program, NULL), SECBAKE_OK);
		assert_int_equal(sb_dd_init(&dd, &limits), SECBAKE_OK);
		status = sb_prove_program(&dd, &program, limits.points, &root, &beyond, NULL);
		where = status == SECBAKE_OK ? sb_prove_beyond(&dd, root) : SB_DD_FALSE;
		for (uint32_t j = 0; status == SECBAKE_OK && j < 100; j++) {
			struct seccomp_data data = {.nr = (int)random_word(&random)};
			uint32_t verdict = 0;

			data.arch = random_word(&random);
			data.instruction_pointer = random_value(&random);
			for (uint32_t k = 0; k < 6; k++)
				data.args[k] = random_value(&random);
			assert_int_equal(sb_interpret(&program, &data, &verdict, NULL), SECBAKE_OK);
			/* Right, or known to be beyond. */
			if (where != SB_DD_FALSE &&
			    sb_prove_lookup(&dd, where, &data) == SB_DD_TRUE)
				continue;
			if (sb_prove_lookup(&dd, root, &data) != verdict)
				fail_msg("program %u, call %u", i, j);
			if (j == 0)
				first = verdict;
			differs |= verdict != first;
		}
		if (status != SECBAKE_OK)
			assert_int_equal(status, SECBAKE_ERR_UNKNOWN);
		known += status == SECBAKE_OK && where == SB_DD_FALSE;
		split += differs;
		sb_dd_free(&dd);
	}
	print_message("%u of %u programs exact, %u with several verdicts\n", known,
		      (unsigned int)ROUNDS, split);
	assert_true(known > ROUNDS / 2);
	assert_true(split > ROUNDS / 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(programs_against_interpreter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
