/* SPDX-License-Identifier: MIT */
/*
 * libsecbake: what one policy or set of programs does to calls that another
 * does not. Proved, not sampled: what is not listed is the same for every call.
 */
#ifndef SECBAKE_DIFF_H
#define SECBAKE_DIFF_H

#include <secbake/inspect.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * struct secbake_side - one of the two that are compared
 * @policy: a policy, as for secbake_compile(); or NULL
 * @mode: of the policy: enforce, complain, or its own
 * @program: without a policy: @program_count programs, loaded first to last; none: all is
 *	allowed
 * @program_count: at most SECBAKE_LAYERS_MAX
 * @filter_flags: SECBAKE_FLAG_* of each program; NULL: not known
 * @file: what errors call the programs, or NULL
 * @reserved: zero
 *
 * Several programs, or a policy's several layers, count as what the kernel makes of
 * them together (seccomp_run_filters): the strictest verdict, the latest one's data
 * where actions are equal.
 */
struct secbake_side {
	const struct secbake_compile_options *policy;
	enum secbake_mode mode;
	const struct secbake_program *program;
	uint32_t program_count;
	const uint32_t *filter_flags;
	const char *file;
	uintptr_t reserved[3];
};

#define SECBAKE_WORD_IP 6u /* secbake_diff_term.word: the instruction pointer */

/* (word & mask) lies in lo..hi, both included. */
struct secbake_diff_set {
	uint64_t mask;
	uint64_t lo, hi;
};

/**
 * struct secbake_diff_term - one word of a call lies in one of some sets
 * @word: 0..5: that argument; SECBAKE_WORD_IP
 * @negate: it lies in none of them
 * @cut: there are more sets than are listed
 */
struct secbake_diff_term {
	uint32_t word;
	bool negate;
	bool cut;
	uint32_t set_count;
	const struct secbake_diff_set *set;
};

/* All terms hold. None: always. */
struct secbake_diff_clause {
	uint32_t term_count;
	const struct secbake_diff_term *term;
};

/**
 * struct secbake_diff_case - calls on which the two sides say two certain things
 * @verdict: of the first and of the second side, as the kernel acts on it: data that it
 *	does not look at are 0, an error number is at most 4095
 * @clause_count: of which one holds for those calls, and for no others
 * @cut: there are more clauses than are listed
 * @witness: one of those calls; both verdicts were confirmed by running it
 */
struct secbake_diff_case {
	uint32_t verdict[2];
	uint32_t clause_count;
	const struct secbake_diff_clause *clause;
	bool cut;
	struct secbake_call witness;
};

struct secbake_diff_range {
	uint32_t first, last; /* numbers, both included */
};

/**
 * struct secbake_diff_group - numbers of one architecture that differ alike
 * @audit_arch: seccomp_data.arch
 * @others: not this architecture alone, but all that differ alike: those without a name
 *	here, and those with a name but for @except
 * @except_count: of the known architectures that @others does not mean: both sides agree
 *	on them, or they have groups of their own; 0 without @others
 * @except: in the order of secbake_arch_at()
 * @range_count: at least 1; sorted
 * @range: their numbers
 * @case_count: at least 1
 * @cases: what they differ in; @cut: there are more
 */
struct secbake_diff_group {
	uint32_t audit_arch;
	bool others;
	bool cut;
	uint32_t except_count;
	const struct secbake_arch *const *except;
	uint32_t range_count;
	const struct secbake_diff_range *range;
	uint32_t case_count;
	const struct secbake_diff_case *cases;
};

struct secbake_diff;

/**
 * secbake_diff() - compare
 * @a, @b: the two; borrowed, for the call alone
 * @diff: receives what differs, to be freed by secbake_diff_free(); written with
 *	SECBAKE_OK only
 * @error: the first error; may be NULL
 *
 * Return: SECBAKE_OK, whether they differ or not; SECBAKE_ERR_UNKNOWN: a program or the
 * comparison is beyond what can be represented exactly; SECBAKE_ERR_INPUT: no kernel
 * takes a program; SECBAKE_ERR_INTERNAL; else as secbake_compile().
 */
enum secbake_status secbake_diff(const struct secbake_side *a, const struct secbake_side *b,
				 struct secbake_diff **diff, struct secbake_error *error);

/* Takes NULL. */
void secbake_diff_free(struct secbake_diff *diff);

/**
 * secbake_diff_group() - what differs, by architecture and number
 * @index: from 0
 * Return: borrowed from @diff, or NULL past the last; none: every call is decided alike.
 */
const struct secbake_diff_group *secbake_diff_group(const struct secbake_diff *diff,
						    uint32_t index);

/**
 * secbake_diff_cut() - are there more groups than are listed?
 */
bool secbake_diff_cut(const struct secbake_diff *diff);

/**
 * secbake_diff_flags() - the filter flags of a side's programs
 * @side: 0 or 1
 * @count: receives how many programs the side has
 * Return: SECBAKE_FLAG_* of each, borrowed from @diff; NULL where they are not known.
 */
const uint32_t *secbake_diff_flags(const struct secbake_diff *diff, uint32_t side, uint32_t *count);

/**
 * secbake_diff_same() - nothing differs, filter flags included where both are known
 */
bool secbake_diff_same(const struct secbake_diff *diff);

#ifdef __cplusplus
}
#endif
#endif
