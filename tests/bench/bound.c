/* SPDX-License-Identifier: MIT */
/*
 * How few tests of numbers a policy can do with. Where decisions change between
 * n - 1 and n some test has to tell the two apart: A >= n does, and A == n and
 * A == n - 1 do; a test of equality so serves two neighbouring boundaries. What is
 * counted is the least number of such tests for given boundaries; tests of bits (JSET)
 * can tell more boundaries apart, so a program may go below either figure.
 */
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>

#include <compiler/decide.h>
#include <secbake/features.h>

#include "bench.h"

struct boundaries {
	uint32_t *at;
	uint32_t count, size;
};

static void add(struct boundaries *b, uint32_t at)
{
	if (b->count == b->size) {
		b->size = b->size ? 2 * b->size : 256;
		b->at = reallocarray(b->at, b->size, sizeof(*b->at));
		if (!b->at)
			bench_die("out of memory");
	}
	b->at[b->count++] = at;
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* From the least boundary on, an equality for two neighbours, else one test: none does better. */
static uint32_t least_tests(struct boundaries *b)
{
	uint32_t tests = 0;

	if (b->count)
		qsort(b->at, b->count, sizeof(*b->at), compare);
	for (uint32_t i = 0; i < b->count;) {
		uint32_t here = b->at[i];

		tests++;
		while (i < b->count && b->at[i] - here <= 1)
			i++;
	}
	return tests;
}

/* Boundaries of one architecture; numbers of x32 count without their bit, that bit itself once. */
static void collect(const struct sb_number_map *map, struct boundaries *b)
{
	for (uint32_t i = 1; i < map->range_count; i++) {
		uint32_t lo = map->range[i].lo;

		if (map->audit_arch == AUDIT_ARCH_X86_64 && lo > SECBAKE_X32_BIT)
			lo -= SECBAKE_X32_BIT;
		add(b, lo);
	}
}

bool bench_bound(const struct sb_layer *layer, struct bench_bound *bound)
{
	struct sb_arena *arena = sb_arena_new();
	struct boundaries all = {0};
	struct sb_decided decided;

	if (!arena || sb_decide(arena, layer, &decided, NULL) != SECBAKE_OK) {
		sb_arena_free(arena);
		return false;
	}
	*bound = (struct bench_bound){0};
	for (uint32_t i = 0; i < decided.map_count; i++) {
		struct boundaries one = {0};

		collect(&decided.map[i], &one);
		collect(&decided.map[i], &all);
		bound->trees += least_tests(&one);
		free(one.at);
	}
	bound->constants = least_tests(&all);
	free(all.at);
	sb_arena_free(arena);
	return true;
}

/* Generated programs look at one word at a time: what the accumulator holds is settled by place. */
uint32_t bench_number_tests(const struct bench_filter *filter)
{
	static bool number[SECBAKE_PROGRAM_MAX + 1]; /* by instruction: A may hold the number */
	uint32_t tests = 0;

	for (uint32_t i = 0; i <= filter->count; i++)
		number[i] = false;
	for (uint32_t i = 0; i < filter->count; i++) {
		const struct sock_filter *insn = &filter->insn[i];
		bool here = number[i];

		if (insn->code == (BPF_LD | BPF_W | BPF_ABS))
			here = insn->k == offsetof(struct seccomp_data, nr);
		if (BPF_CLASS(insn->code) == BPF_RET || !here)
			continue;
		if (BPF_CLASS(insn->code) != BPF_JMP) {
			number[i + 1] = true;
		} else if (BPF_OP(insn->code) == BPF_JA) {
			if (insn->k < filter->count - i)
				number[i + 1 + insn->k] = true;
		} else {
			tests++;
			number[i + 1 + insn->jt < filter->count ? i + 1 + insn->jt : 0] = true;
			number[i + 1 + insn->jf < filter->count ? i + 1 + insn->jf : 0] = true;
		}
	}
	return tests;
}
