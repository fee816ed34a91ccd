/* SPDX-License-Identifier: MIT */
/* Tests of a net, each made once: which atoms pass it. */
#include <linux/filter.h>
#include <string.h>

#include "mask.h"
#include "net.h"

/* An atom under a test of bits: 1 yes, 2 no, 3 some of it either way. */
static unsigned int outcome(const struct sb_atom *atom, uint32_t k)
{
	if (atom->lo == atom->hi)
		return atom->lo & k ? 1 : 2;
	if (!(sb_mask_some(atom->lo, atom->hi) & k))
		return 2;
	return sb_mask_each(atom->lo, atom->hi, k) ? 1 : 3;
}

static void ask_each(const struct sb_net *net, struct sb_net_test *test)
{
	for (uint32_t i = 0; i < net->run_count; i++)
		for (uint32_t a = net->run[i].first; a < net->run[i].end; a++) {
			unsigned int way = outcome(&net->atom[a], test->k);

			test->yes[a / 64] |= (uint64_t)(way & 1) << a % 64;
			test->no[a / 64] |= (uint64_t)(way >> 1) << a % 64;
		}
}

static void put(uint64_t *set, uint32_t a)
{
	set[a / 64] |= 1ull << a % 64;
}

/* Atoms from to end - 1. */
static void put_all(uint64_t *set, uint32_t from, uint32_t end)
{
	uint64_t first = UINT64_MAX << from % 64, last = ~(UINT64_MAX << end % 64);

	if (from >= end)
		return;
	if (from / 64 == end / 64) {
		set[from / 64] |= first & last;
		return;
	}
	set[from / 64] |= first;
	for (uint32_t w = from / 64 + 1; w < end / 64; w++)
		set[w] = UINT64_MAX;
	if (last) /* there may be no word behind */
		set[end / 64] |= last;
}

uint32_t sb_net_find(const struct sb_net *net, const struct sb_net_run *run, uint32_t k)
{
	uint32_t from = run->first, end = run->end;

	while (from < end) {
		uint32_t middle = from + (end - from) / 2;

		if (net->atom[middle].hi < k)
			from = middle + 1;
		else
			end = middle;
	}
	return from;
}

/* A == k. An atom with other numbers besides passes either way. */
static void ask_equal(const struct sb_net *net, struct sb_net_test *test, uint32_t k)
{
	for (uint32_t i = 0; i < net->run_count; i++) {
		const struct sb_net_run *run = &net->run[i];
		uint32_t at = sb_net_find(net, run, k);
		const struct sb_atom *atom = &net->atom[at];
		bool found = at < run->end && atom->lo <= k;

		put_all(test->no, run->first, at);
		if (found)
			put(test->yes, at);
		put_all(test->no, found && atom->lo == atom->hi ? at + 1 : at, run->end);
	}
}

/* A >= k. */
static void ask_at_least(const struct sb_net *net, struct sb_net_test *test, uint32_t k)
{
	for (uint32_t i = 0; i < net->run_count; i++) {
		const struct sb_net_run *run = &net->run[i];
		uint32_t at = sb_net_find(net, run, k);

		put_all(test->no, run->first, at);
		put_all(test->yes, at, run->end);
		if (at < run->end && net->atom[at].lo < k)
			put(test->no, at);
	}
}

static void ask(const struct sb_net *net, struct sb_net_test *test)
{
	if (test->op == BPF_JEQ)
		ask_equal(net, test, test->k);
	else if (test->op == BPF_JGE)
		ask_at_least(net, test, test->k);
	else if (test->op == BPF_JGT && test->k < UINT32_MAX)
		ask_at_least(net, test, test->k + 1);
	else if (test->op == BPF_JGT)
		for (uint32_t i = 0; i < net->run_count; i++)
			put_all(test->no, net->run[i].first, net->run[i].end);
	else
		ask_each(net, test);
}

uint16_t sb_net_test(struct sb_net *net, uint16_t op, uint32_t k)
{
	uint32_t at = (uint32_t)((k * 0x9e3779b97f4a7c15u + op * 0x165667b19e3779f9u) >> 40) %
		      SB_NET_TEST_BUCKETS;
	struct sb_net_test *test;

	for (; net->test_bucket[at]; at = (at + 1) % SB_NET_TEST_BUCKETS) {
		test = &net->test[net->test_bucket[at] - 1];
		if (test->op == op && test->k == k)
			return (uint16_t)(net->test_bucket[at] - 1);
	}
	if (net->test_count == SB_NET_TESTS_MAX)
		return SB_NET_NONE;
	test = &net->test[net->test_count];
	*test = (struct sb_net_test){.op = op, .k = k};
	test->yes = sb_alloc(net->graph->arena, 2 * (size_t)net->words, sizeof(uint64_t));
	if (!test->yes)
		return SB_NET_NONE;
	test->no = test->yes + net->words;
	ask(net, test);
	net->test_bucket[at] = (uint16_t)++net->test_count;
	return (uint16_t)(net->test_count - 1);
}
