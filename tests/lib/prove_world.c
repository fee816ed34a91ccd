/* SPDX-License-Identifier: MIT */
/* Programs and layers written by hand, and the prover asked about them. */
#include "prove_world.h"

#include <string.h>

enum secbake_status prove(const struct sock_filter *insn, uint32_t count, bool big_endian,
			  const struct sb_layer *policy, struct secbake_error *error)
{
	struct sb_program program = {.insn = insn, .count = count, .big_endian = big_endian};
	struct secbake_error own = {.status = SECBAKE_OK};
	struct sb_witness witness;
	enum secbake_status status;

	memset(&witness, 0xaa, sizeof(witness));
	status = sb_prove(&program, policy, &witness, &own);
	assert_int_equal(status, own.status);
	if (status != SECBAKE_ERR_INTERNAL)
		assert_int_equal(witness.program_verdict, 0xaaaaaaaa);
	if (error != NULL)
		*error = own;
	return status;
}

struct sb_witness refute(const struct sock_filter *insn, uint32_t count, bool big_endian,
			 const struct sb_layer *policy)
{
	struct sb_program program = {.insn = insn, .count = count, .big_endian = big_endian};
	struct secbake_error error = {.status = SECBAKE_OK};
	struct sb_witness witness = {.program_verdict = 0};
	uint32_t verdict = 0;

	assert_int_equal(sb_prove(&program, policy, &witness, &error), SECBAKE_ERR_INTERNAL);
	assert_non_null(strstr(error.text, "does not decide as its policy"));
	assert_int_equal(sb_interpret(&program, &witness.data, &verdict, NULL), SECBAKE_OK);
	assert_int_equal(verdict, witness.program_verdict);
	assert_int_equal(sb_prove_layer_eval(policy, &witness.data), witness.policy_verdict);
	assert_int_not_equal(witness.program_verdict, witness.policy_verdict);
	assert_false(witness.hidden_allow);
	return witness;
}

/*
 * The policy of most tests: on x86_64 (and x32, folded) number 1 is allowed,
 * number 2 if args[0] is 0x100000005 to 0x2fffffff0, number 3 if the low half
 * of args[1] is 7; other numbers up to 9 give EPERM, up to 0x3fffffff ENOSYS,
 * x32's kill. On i386 all below 100 is allowed. Elsewhere: kill.
 */
static const struct sb_interval wide[] = {{0x100000005, 0x2fffffff0}};
static const struct sb_interval seven[] = {{7, 7}};
const struct sb_cond cond_wide = {
	.arg = 0, .mask = UINT64_MAX, .interval_count = 1, .interval = wide};
static const struct sb_cond cond_seven = {
	.arg = 1, .mask = 0xffffffff, .interval_count = 1, .interval = seven};
static const struct sb_clause clause_wide = {.cond_count = 1, .cond = &cond_wide};
static const struct sb_clause clause_seven = {.cond_count = 1, .cond = &cond_seven};
const struct sb_rule rules[] = {
	{.action = ALLOW},
	{.action = ALLOW, .clause_count = 1, .clause = &clause_wide},
	{.action = ALLOW, .clause_count = 1, .clause = &clause_seven},
};
static const uint32_t rule_index[] = {0, 1, 2};
static const struct sb_entry entries[] = {
	{.nr = 1, .rule_count = 1, .rule = &rule_index[0], .fallback = EPERM_},
	{.nr = 2, .rule_count = 1, .rule = &rule_index[1], .fallback = EPERM_},
	{.nr = 3, .rule_count = 1, .rule = &rule_index[2], .fallback = EPERM_},
};
static const struct sb_span spans_64[] = {
	{0, 9, EPERM_, 0}, {10, 0x3fffffff, ENOSYS_, 0}, {0x40000000, 0xffffffff, KILL, 0}};
static const struct sb_span spans_32[] = {{0, 99, ALLOW, 0}, {100, 0xffffffff, ENOSYS_, 0}};
const struct sb_map maps[] = {
	{.audit_arch = X86_64,
	 .span_count = 3,
	 .span = spans_64,
	 .entry_count = 3,
	 .entry = entries},
	{.audit_arch = I386, .span_count = 2, .span = spans_32},
};
const struct sb_layer layer = {
	.foreign = KILL, .rule_count = 3, .rule = rules, .map_count = 2, .map = maps};

const struct sock_filter good[] = {
	/* 0 */ LOAD(4),
	/* 1 */ JEQ(X86_64, 1, 0),
	/* 2 */ JEQ(I386, 19, 18),
	/* 3 */ LOAD(0),
	/* 4 */ JGE(0x40000000, 16, 0),
	/* 5 */ JGE(10, 14, 0),
	/* 6 */ JEQ(1, 17, 0),
	/* 7 */ JEQ(2, 1, 0),
	/* 8 */ JEQ(3, 8, 10),
	/* 9 */ LOAD(ARG_HI(0)),
	/* 10 */ JGE(3, 8, 0),
	/* 11 */ JGE(1, 0, 7),
	/* 12 */ JEQ(2, 2, 0),
	/* 13 */ LOAD(ARG_LO(0)),
	/* 14 */ JGE(5, 9, 4),
	/* 15 */ LOAD(ARG_LO(0)),
	/* 16 */ JGT(0xfffffff0, 2, 7),
	/* 17 */ LOAD(ARG_LO(1)),
	/* 18 */ JEQ(7, 5, 0),
	/* 19 */ RET(EPERM_),
	/* 20 */ RET(ENOSYS_),
	/* 21 */ RET(KILL),
	/* 22 */ LOAD(0),
	/* 23 */ JGE(100, 1, 0),
	/* 24 */ RET(ALLOW),
	/* 25 */ RET(ENOSYS_),
};

/* A layer that looks at the number alone: 16 to 31 give EPERM, the rest kill. */
static const struct sb_span band_spans[] = {
	{0, 15, KILL, 0}, {16, 31, EPERM_, 0}, {32, 0xffffffff, KILL, 0}};
const struct sb_map band_map[] = {
	{.audit_arch = X86_64, .span_count = 3, .span = band_spans},
	{.audit_arch = 5, .span_count = 1, .span = &(const struct sb_span){0, ~0u, EPERM_, 0}},
};
const struct sb_layer band = {.foreign = KILL, .map_count = 1, .map = band_map};
