/* SPDX-License-Identifier: MIT */
/*
 * Fits the prices of compiler/cost.h on the running kernel. Filters that differ
 * in one thing only are attached in turn: instructions that nothing reaches, tests
 * that fall through and tests that do not (the kernel makes two instructions of
 * these), tests of each kind on the path of every number.
 */
#include "bench.h"

#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>

#define ROUNDS 401u
#define MANY 400u
#define NUMBERS 940.0 /* that the kernel emulates: two tables */

enum {
	BARE,
	DEAD_FALL,
	DEAD_JUMP,
	DEAD_RETURN,
	PATH_EQUAL,
	PATH_BIT,
	PATH_GREATER,
	PATH_AT_LEAST,
	FILTERS
};

/* Of the paths, each a test that no number of the tables passes. */
static const uint16_t op[FILTERS] = {
	[PATH_EQUAL] = BPF_JEQ,
	[PATH_BIT] = BPF_JSET,
	[PATH_GREATER] = BPF_JGT,
	[PATH_AT_LEAST] = BPF_JGE,
};
static const char *const name[FILTERS] = {
	[PATH_EQUAL] = "A == k",
	[PATH_BIT] = "A & k",
	[PATH_GREATER] = "A > k",
	[PATH_AT_LEAST] = "A >= k",
};

static void put(struct bench_filter *filter, uint16_t code, uint8_t jt, uint8_t jf, uint32_t k)
{
	filter->insn[filter->count++] = (struct sock_filter){code, jt, jf, k};
}

static void build(struct bench_filter *filter, int kind)
{
	put(filter, BPF_LD | BPF_W | BPF_ABS, 0, 0, 0);
	for (uint32_t i = 0; kind >= PATH_EQUAL && i < MANY; i++)
		put(filter, (uint16_t)(BPF_JMP | op[kind] | BPF_K), 1, 0, 0x10000 + (i << 10));
	put(filter, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW);
	for (uint32_t i = 0; kind > BARE && kind < PATH_EQUAL && i < MANY; i++) {
		if (kind == DEAD_RETURN)
			put(filter, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW);
		else
			put(filter, BPF_JMP | BPF_JEQ | BPF_K, kind == DEAD_FALL ? 0 : 1,
			    kind == DEAD_FALL ? 1 : 2, 0x10000 + i);
	}
	/* Jumps of the last ones need somewhere to go. */
	for (int i = 0; i < 3; i++)
		put(filter, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW);
}

int bench_fit(void)
{
	static struct bench_filter filter[FILTERS];
	const struct bench_filter *all[FILTERS];
	uint64_t ns[FILTERS];
	double fall, jump, give;

	for (int kind = 0; kind < FILTERS; kind++) {
		build(&filter[kind], kind);
		all[kind] = &filter[kind];
	}
	bench_attach(all, FILTERS, ROUNDS, ns);
	fall = ((double)ns[DEAD_FALL] - (double)ns[BARE]) / MANY;
	jump = ((double)ns[DEAD_JUMP] - (double)ns[BARE]) / MANY;
	give = ((double)ns[DEAD_RETURN] - (double)ns[BARE]) / MANY;
	printf("| what is attached | ns |\n|---|---|\n"
	       "| the least filter | %.0f |\n"
	       "| a test that falls through | %.1f |\n"
	       "| a test that does not | %.1f |\n"
	       "| a return | %.1f |\n",
	       (double)ns[BARE], fall, jump, give);
	for (int kind = PATH_EQUAL; kind < FILTERS; kind++)
		printf("| %s on the path of one emulated number | %.2f |\n", name[kind],
		       ((double)ns[kind] - (double)ns[DEAD_FALL]) / MANY / NUMBERS);
	return 0;
}
