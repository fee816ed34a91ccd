/* SPDX-License-Identifier: MIT */
/*
 * The net's sets of atoms, against asking each number; and the search's trees,
 * against the plainest dynamic programming over the same prices. What is known of
 * the bits of all numbers of a range, against asking each.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include <compiler/cost.h>
#include <compiler/mask.h>
#include <compiler/net.h>
#include <compiler/search.h>

#include "../lib/support.h"

static const struct sb_tuning usual, without_bits = {.off = 1u << SB_PASS_BITS};

/* Appends a range; neighbours decide differently. */
static void add_range(struct sb_number_map *map, struct sb_range *range, uint32_t lo, uint32_t hi,
		      const struct sb_decision *decision, uint32_t decisions)
{
	range[map->range_count] =
		(struct sb_range){lo, hi, &decision[map->range_count % decisions]};
	map->range_count++;
}

/* A map of ranges; with x32's, there is a boundary at its bit. */
static struct sb_number_map random_map(struct sb_arena *arena, struct test_random *random,
				       uint32_t audit_arch, const struct sb_decision *decision,
				       uint32_t decisions)
{
	struct sb_range *range = sb_alloc(arena, 200, sizeof(*range));
	struct sb_number_map map = {audit_arch, 0, range};
	uint32_t lo = 0;

	while (map.range_count < 100) {
		uint32_t most = map.range_count % 9 ? 3 : 60;
		uint32_t hi = lo + test_random_below(random, most);

		add_range(&map, range, lo, hi, decision, decisions);
		lo = hi + 1;
	}
	if (audit_arch == AUDIT_ARCH_X86_64) {
		add_range(&map, range, lo, 0x3fffffff, decision, decisions);
		lo = 0x40000000;
		for (int i = 0; i < 40; i++) {
			uint32_t hi = lo + test_random_below(random, 20);

			add_range(&map, range, lo, hi, decision, decisions);
			lo = hi + 1;
		}
	}
	add_range(&map, range, lo, UINT32_MAX, decision, decisions);
	return map;
}

static bool passes(uint16_t op, uint32_t a, uint32_t k)
{
	return op == BPF_JEQ   ? a == k
	       : op == BPF_JGT ? a > k
	       : op == BPF_JGE ? a >= k
			       : (a & k) != 0;
}

/*
 * The numbers of an atom go where the sets say: each of them, for a test of bits; for others it
 * does to ask the ends, and those beside k.
 */
static void check_atom(const struct sb_net *net, const struct sb_net_test *test, uint32_t a)
{
	const struct sb_atom *atom = &net->atom[a];
	const uint32_t near[] = {atom->lo, atom->hi, test->k - 1, test->k, test->k + 1};
	bool yes = test->yes[a / 64] >> a % 64 & 1, no = test->no[a / 64] >> a % 64 & 1;
	bool seen_yes = false, seen_no = false;

	if (!atom->used) {
		assert_false(yes || no);
		return;
	}
	for (size_t i = 0; i < sizeof(near) / sizeof(near[0]); i++) {
		if (near[i] < atom->lo || near[i] > atom->hi)
			continue;
		seen_yes |= passes(test->op, near[i], test->k);
		seen_no |= !passes(test->op, near[i], test->k);
	}
	for (uint32_t i = 0; test->op == BPF_JSET && i <= atom->hi - atom->lo && i < 4096; i++) {
		seen_yes |= passes(test->op, atom->lo + i, test->k);
		seen_no |= !passes(test->op, atom->lo + i, test->k);
	}
	if (test->op == BPF_JSET && atom->hi - atom->lo >= 4096) { /* seen is not all there is */
		assert_true((yes || !seen_yes) && (no || !seen_no) && (yes || no));
		return;
	}
	assert_int_equal(yes, seen_yes);
	assert_int_equal(no, seen_no);
}

static void sets_of_tests(void **state)
{
	static const uint16_t ops[] = {BPF_JEQ, BPF_JGT, BPF_JGE, BPF_JSET};
	static const struct sb_decision decision[] = {
		{.id = 0, .fallback = SECCOMP_RET_ALLOW},
		{.id = 1, .fallback = SECCOMP_RET_ERRNO | 1},
		{.id = 2, .fallback = SECCOMP_RET_KILL_PROCESS},
	};
	struct test_random random = {.state = 11};
	struct sb_arena *arena = sb_arena_new();

	(void)state;
	for (int round = 0; round < 10; round++) {
		struct sb_number_map map[] = {
			random_map(arena, &random, AUDIT_ARCH_X86_64, decision, 3),
			random_map(arena, &random, AUDIT_ARCH_I386, decision, 2),
		};
		struct sb_decided decided = {2, map, SECCOMP_RET_KILL_PROCESS, 3};
		const struct sb_node *root[2], *leaf[3];
		struct sb_piece piece[200];
		struct sb_graph graph;
		struct sb_net *net;

		sb_graph_init(&graph, arena, &usual, false);
		for (int i = 0; i < 3; i++)
			leaf[i] = sb_ret(&graph, decision[i].fallback);
		for (int m = 0; m < 2; m++) {
			for (uint32_t i = 0; i < map[m].range_count; i++)
				piece[i] = (struct sb_piece){map[m].range[i].lo, 1,
							     leaf[map[m].range[i].decision->id]};
			root[m] = sb_search(&graph, piece, map[m].range_count);
		}
		net = sb_net_import(&graph, &decided, root);
		assert_non_null(net);
		for (int i = 0; i < 400; i++) {
			const struct sb_atom *atom =
				&net->atom[test_random(&random) % (net->words * 64)];
			uint32_t k = i == 0   ? UINT32_MAX
				     : i == 1 ? 0
					      : atom->lo + (uint32_t)(test_random(&random) % 3) - 1;
			uint16_t test = sb_net_test(net, ops[i % 4], k);

			assert_true(test != SB_NET_NONE);
			for (uint32_t a = 0; a < net->words * 64; a++)
				check_atom(net, &net->test[test], a);
		}
	}
	sb_arena_free(arena);
}

#define PIECES 30u

struct plain {
	const struct sb_piece *piece;
	uint32_t count;
	uint64_t cost[PIECES][PIECES];
};

static uint64_t weight(const struct plain *p, uint32_t i, uint32_t j)
{
	uint64_t sum = 0;

	for (; i <= j; i++)
		sum += p->piece[i].weight;
	return sum;
}

/* All but background are peeled, the first first; UINT64_MAX: one is no single value. */
static uint64_t peel(const struct plain *p, uint32_t i, uint32_t j,
		     const struct sb_node *background)
{
	uint64_t tests = 0, path = 0, rest = 0;

	for (uint32_t k = i; k <= j; k++) {
		uint64_t end = k + 1 < p->count ? p->piece[k + 1].lo : (uint64_t)UINT32_MAX + 1;

		if (p->piece[k].target == background) {
			rest += p->piece[k].weight;
			continue;
		}
		if (end - p->piece[k].lo != 1)
			return UINT64_MAX;
		path += ++tests * p->piece[k].weight;
	}
	return tests * SB_COST_INSN + (tests ? SB_COST_JUMP : 0) +
	       SB_COST_STEP * (path + tests * rest);
}

static uint64_t plain_cost(struct plain *p)
{
	for (uint32_t length = 1; length <= p->count; length++)
		for (uint32_t i = 0; i + length <= p->count; i++) {
			uint32_t j = i + length - 1;
			uint64_t best = peel(p, i, j, p->piece[i].target);

			if (i < j && peel(p, i, j, p->piece[i + 1].target) < best)
				best = peel(p, i, j, p->piece[i + 1].target);
			for (uint32_t k = i + 1; k <= j; k++) {
				uint64_t below = p->cost[i][k - 1] + p->cost[k][j];
				uint64_t cost = SB_COST_INSN + SB_COST_STEP * weight(p, i, j) +
						(below ? below : SB_COST_JUMP);

				best = cost < best ? cost : best;
			}
			p->cost[i][j] = best;
		}
	return p->cost[0][p->count - 1];
}

/* The price of a tree: of each test, once for the program and once for each number there. */
static uint64_t price(const struct plain *p, const struct sb_node *node, uint32_t i, uint32_t j)
{
	uint64_t here = SB_COST_INSN + SB_COST_STEP * weight(p, i, j);
	uint32_t at = i;

	if (node->kind != SB_NODE_TEST) {
		for (uint32_t k = i; k <= j; k++)
			assert_ptr_equal(p->piece[k].target, node);
		return 0;
	}
	while (at < j && p->piece[at].lo < node->k)
		at++;
	assert_int_equal(p->piece[at].lo, node->k);
	if (node->op == BPF_JGE) {
		assert_true(at > i);
		here += price(p, node->t, at, j) + price(p, node->f, i, at - 1);
		return here + (node->t->kind != SB_NODE_TEST && node->f->kind != SB_NODE_TEST
				       ? SB_COST_JUMP
				       : 0);
	}
	/* A peel: the others must be the background, or peeled in turn. */
	assert_int_equal(node->op, BPF_JEQ);
	assert_ptr_equal(p->piece[at].target, node->t);
	{
		struct sb_piece rest[PIECES];
		struct plain without = {.piece = rest};

		for (uint32_t k = i; k <= j; k++)
			if (k != at)
				rest[without.count++] = p->piece[k];
		if (node->f->kind != SB_NODE_TEST)
			return here + SB_COST_JUMP + price(&without, node->f, 0, without.count - 1);
		return here + price(&without, node->f, 0, without.count - 1);
	}
}

/* Single values and others, in turn without and with weights; neighbours lead elsewhere. */
static void random_pieces(struct test_random *random, bool weigh, const struct sb_node **leaf,
			  uint32_t leaves, struct sb_piece *piece, struct plain *plain)
{
	uint32_t lo = 0, last = leaves;

	*plain = (struct plain){.piece = piece, .count = 1 + test_random_below(random, PIECES)};
	for (uint32_t i = 0; i < plain->count; i++) {
		uint32_t size =
			test_random_below(random, 3) ? 1 : 1 + test_random_below(random, 40);
		uint32_t which = test_random_below(random, leaves);

		which = which == last ? (which + 1) % leaves : which;
		last = which;
		piece[i] = (struct sb_piece){lo, weigh ? size : 0, leaf[which]};
		lo += size;
	}
}

static void trees_are_optimal(void **state)
{
	struct test_random random = {.state = 5};
	struct sb_arena *arena = sb_arena_new();

	(void)state;
	for (int round = 0; round < 400; round++) {
		static struct plain plain;
		struct sb_piece piece[PIECES];
		const struct sb_node *leaf[4], *root;
		struct sb_graph graph;

		sb_graph_init(&graph, arena, &without_bits, false);
		for (uint32_t i = 0; i < 4; i++)
			leaf[i] = sb_ret(&graph, i);
		random_pieces(&random, round % 2, leaf, 4, piece, &plain);
		root = sb_search(&graph, piece, plain.count);
		assert_non_null(root);
		assert_int_equal(price(&plain, root, 0, plain.count - 1), plain_cost(&plain));
		sb_arena_reset(arena);
	}
	sb_arena_free(arena);
}

/* The same for any tree: it is walked by those of the pieces that are in. */
static uint64_t price_of(const struct plain *p, const struct sb_node *node, const bool *in)
{
	uint64_t cost = SB_COST_INSN;
	bool side[2][PIECES] = {{false}}, some[2] = {false};

	for (uint32_t i = 0; i < p->count; i++) {
		uint32_t lo = p->piece[i].lo;
		uint32_t hi = i + 1 < p->count ? p->piece[i + 1].lo - 1 : lo + 2000;

		if (!in[i])
			continue;
		if (node->kind != SB_NODE_TEST) {
			assert_ptr_equal(p->piece[i].target, node);
			continue;
		}
		cost += SB_COST_STEP * (uint64_t)p->piece[i].weight;
		some[passes(node->op, lo, node->k)] = side[passes(node->op, lo, node->k)][i] = true;
		for (uint32_t a = lo; a <= hi; a++)
			assert_int_equal(passes(node->op, a, node->k),
					 passes(node->op, lo, node->k));
	}
	if (node->kind != SB_NODE_TEST)
		return 0;
	assert_true(some[0] && some[1]);
	if (node->t->kind != SB_NODE_TEST && node->f->kind != SB_NODE_TEST)
		cost += SB_COST_JUMP;
	return cost + price_of(p, node->t, side[1]) + price_of(p, node->f, side[0]);
}

/* Tests of bits are taken where they are cheaper, and there they often are. */
static void bits_are_cheaper(void **state)
{
	struct test_random random = {.state = 6};
	struct sb_arena *arena = sb_arena_new();
	uint32_t cheaper = 0;

	(void)state;
	for (int round = 0; round < 400; round++) {
		static struct plain plain;
		struct sb_piece piece[PIECES];
		const struct sb_node *leaf[4], *root;
		bool all[PIECES];
		struct sb_graph graph;
		uint64_t with, without;

		sb_graph_init(&graph, arena, &usual, false);
		for (uint32_t i = 0; i < 4; i++)
			leaf[i] = sb_ret(&graph, i);
		random_pieces(&random, round % 2, leaf, 2 + (uint32_t)round % 3, piece, &plain);
		for (uint32_t i = 0; i < PIECES; i++)
			all[i] = i < plain.count;
		root = sb_search(&graph, piece, plain.count);
		assert_non_null(root);
		with = price_of(&plain, root, all);
		without = plain_cost(&plain);
		assert_true(with <= without);
		cheaper += with < without;
		sb_arena_reset(arena);
	}
	assert_true(cheaper > 100);
	sb_arena_free(arena);
}

static void masks(void **state)
{
	(void)state;
	for (uint32_t lo = 0; lo < 64; lo++)
		for (uint32_t hi = lo; hi < 64; hi++)
			for (uint32_t mask = 0; mask < 128; mask++) {
				uint32_t some = 0;
				bool each = true;

				for (uint32_t a = lo; a <= hi; a++) {
					some |= a;
					each &= (a & mask) != 0;
				}
				assert_int_equal(sb_mask_some(lo, hi), some);
				assert_int_equal(sb_mask_each(lo, hi, mask), each);
			}
	assert_int_equal(sb_mask_some(0, UINT32_MAX), UINT32_MAX);
	assert_int_equal(sb_mask_some(0x7fffffff, 0x80000000), UINT32_MAX);
	assert_true(sb_mask_each(0x80000000, UINT32_MAX, 0x80000000));
	assert_true(sb_mask_each(UINT32_MAX, UINT32_MAX, 1));
	assert_false(sb_mask_each(0x7fffffff, UINT32_MAX, 0x80000000));
	assert_false(sb_mask_each(1, UINT32_MAX, 0x7fffffff));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sets_of_tests),
		cmocka_unit_test(trees_are_optimal),
		cmocka_unit_test(bits_are_cheaper),
		cmocka_unit_test(masks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
