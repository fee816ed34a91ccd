/* SPDX-License-Identifier: MIT */
/*
 * A condition written out for people. A diagram takes the words of a call one after
 * the other, each from its first bit to its last: the nodes of one word are a block.
 * A way through a block that leaves it at the same node is one set of values, and a
 * clause is one way through all blocks. Sets are given as intervals, or as masks with
 * values where that is shorter, of the values inside or of those outside.
 */
#include <secbake/diff.h>

#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "prove_internal.h"

#define SETS_MAX 16u
#define EXITS_MAX 64u
#define WORDS 7u

/* Sets of one kind that were found; count is SETS_MAX + 1 where there are more. */
struct sets {
	struct secbake_diff_set set[SETS_MAX];
	uint32_t count;
};

static void add_set(struct sets *sets, uint64_t mask, uint64_t lo, uint64_t hi)
{
	if (sets->count < SETS_MAX)
		sets->set[sets->count] = (struct secbake_diff_set){mask, lo, hi};
	if (sets->count <= SETS_MAX)
		sets->count++;
}

/* A block as a condition alone: TRUE where it is left at exit. */
struct block {
	struct sb_dd *dd;
	uint32_t first; /* its first variable, the word's most significant bit */
	struct sb_intern seen;
	uint32_t *result, capacity;
	uint32_t exit;
};

static bool inside(const struct block *b, uint32_t f)
{
	return b->dd->node[f].var < b->first + 64;
}

static uint32_t leads_to_exit(struct block *b, uint32_t f)
{
	struct sb_dd_node node = b->dd->node[f];
	uint32_t index, count = b->seen.count, lo, hi;
	enum secbake_status status;

	if (!inside(b, f))
		return f == b->exit ? SB_DD_TRUE : SB_DD_FALSE;
	status = sb_intern_get(&b->seen, &f, &index);
	if (status == SECBAKE_OK && index >= b->capacity) {
		uint32_t capacity = b->capacity ? b->capacity * 2 : 256;
		uint32_t *result = reallocarray(b->result, capacity, sizeof(*result));

		if (result) {
			b->result = result;
			b->capacity = capacity;
		} else {
			status = SECBAKE_ERR_MEMORY;
		}
	}
	if (status != SECBAKE_OK)
		return sb_dd_fail(b->dd, status);
	if (index < count)
		return b->result[index];
	lo = leads_to_exit(b, node.lo);
	hi = leads_to_exit(b, node.hi);
	return b->result[index] = sb_dd_node(b->dd, node.var, lo, hi);
}

static uint32_t block_condition(struct sb_dd *dd, uint32_t f, uint32_t first, uint32_t exit)
{
	struct block b = {.dd = dd, .first = first, .exit = exit};
	uint32_t result;

	sb_intern_init(&b.seen, sizeof(uint32_t), dd->node_limit);
	result = leads_to_exit(&b, f);
	sb_intern_free(&b.seen);
	free(b.result);
	return result;
}

/* Nodes of f's block or behind it, each once: a bounded list, in order of least values. */
static bool visit(struct sb_dd *dd, struct sb_intern *seen, uint32_t f, uint32_t end,
		  uint32_t *exits, uint32_t *exit_count, uint64_t *support)
{
	uint32_t index, count = seen->count, var = dd->node[f].var;
	enum secbake_status status = sb_intern_get(seen, &f, &index);

	if (status != SECBAKE_OK) {
		sb_dd_fail(dd, status);
		return false;
	}
	if (index < count)
		return true;
	if (var >= end) {
		if (f != SB_DD_FALSE && exits && *exit_count < EXITS_MAX)
			exits[(*exit_count)++] = f;
		else if (f != SB_DD_FALSE && exits)
			*exit_count = EXITS_MAX + 1;
		return true;
	}
	*support |= UINT64_C(1) << (end - 1 - var);
	return visit(dd, seen, dd->node[f].lo, end, exits, exit_count, support) &&
	       visit(dd, seen, dd->node[f].hi, end, exits, exit_count, support);
}

static bool look_around(struct sb_dd *dd, uint32_t f, uint32_t end, uint32_t *exits,
			uint32_t *exit_count, uint64_t *support)
{
	struct sb_intern seen;
	bool good;

	*support = 0;
	*exit_count = 0;
	sb_intern_init(&seen, sizeof(uint32_t), dd->node_limit);
	good = visit(dd, &seen, f, end, exits, exit_count, support);
	sb_intern_free(&seen);
	return good;
}

/* Intervals in which f is wanted, of words whose bits from `bits` up do not matter. */
static void intervals(const struct sb_dd *dd, uint32_t f, uint32_t wanted, uint32_t bits,
		      uint32_t end, uint64_t base, uint64_t mask, struct sets *sets)
{
	struct secbake_diff_set *last;
	uint64_t top = base | (bits == 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1);
	uint32_t var = end - bits;

	if (sets->count > SETS_MAX || (f <= SB_DD_TRUE && f != wanted))
		return;
	if (f == wanted) {
		last = sets->count ? &sets->set[sets->count - 1] : NULL;
		if (last && last->hi + 1 == base)
			last->hi = top;
		else
			add_set(sets, mask, base, top);
		return;
	}
	bits--;
	intervals(dd, sb_dd_half(dd, f, var, false), wanted, bits, end, base, mask, sets);
	intervals(dd, sb_dd_half(dd, f, var, true), wanted, bits, end, base | UINT64_C(1) << bits,
		  mask, sets);
}

/* Paths to what is wanted: masks and the values under them. */
static void cubes(const struct sb_dd *dd, uint32_t f, uint32_t wanted, uint32_t end, uint64_t mask,
		  uint64_t value, struct sets *sets)
{
	uint64_t bit;

	if (sets->count > SETS_MAX || (f <= SB_DD_TRUE && f != wanted))
		return;
	if (f == wanted) {
		add_set(sets, mask, value, value);
		return;
	}
	bit = UINT64_C(1) << (end - 1 - dd->node[f].var);
	cubes(dd, dd->node[f].lo, wanted, end, mask | bit, value, sets);
	cubes(dd, dd->node[f].hi, wanted, end, mask | bit, value | bit, sets);
}

/* The bits that matter are all from some bit up to a word's or half-word's first. */
static bool is_ordered(uint64_t support)
{
	uint64_t ones = support / (support & (~support + 1));

	return (support >> 63 || support >> 31 == 1) && !(ones & (ones + 1));
}

/* The shortest way to say where condition f over one word holds; f is no leaf. */
static bool describe(struct sb_dd *dd, struct sb_arena *arena, uint32_t f, uint32_t end,
		     struct secbake_diff_term *term)
{
	struct sets found[4] = {{.count = 0}};
	struct secbake_diff_set *copy;
	uint64_t support, mask;
	uint32_t bits, none, best = 0;

	if (!look_around(dd, f, end, NULL, &none, &support))
		return false;
	bits = 64 - (uint32_t)__builtin_clzll(support);
	mask = bits == 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
	intervals(dd, f, SB_DD_TRUE, bits, end, 0, mask, &found[0]);
	intervals(dd, f, SB_DD_FALSE, bits, end, 0, mask, &found[1]);
	cubes(dd, f, SB_DD_TRUE, end, 0, 0, &found[2]);
	cubes(dd, f, SB_DD_FALSE, end, 0, 0, &found[3]);
	for (uint32_t i = 1; i < 4; i++)
		if (found[i].count < found[best].count ||
		    (found[i].count == found[best].count && i >= 2 && best < 2 &&
		     (found[i].count > SETS_MAX || !is_ordered(support))))
			best = i;
	term->negate = best % 2 != 0 && found[best].count <= SETS_MAX;
	if (found[best].count > SETS_MAX) {
		best = 2;
		term->cut = true;
	}
	term->set_count = term->cut ? SETS_MAX : found[best].count;
	copy = sb_alloc(arena, term->set_count, sizeof(*copy));
	if (!copy) {
		sb_dd_fail(dd, SECBAKE_ERR_MEMORY);
		return false;
	}
	memcpy(copy, found[best].set, term->set_count * sizeof(*copy));
	term->set = copy;
	return true;
}

struct writer {
	struct sb_dd *dd;
	struct sb_arena *arena;
	struct secbake_diff_clause *clause;
	uint32_t count, limit;
	bool cut;
	struct secbake_diff_term term[WORDS];
	uint32_t term_count;
};

static bool write_clause(struct writer *w)
{
	struct secbake_diff_term *copy;

	if (w->count == w->limit) {
		w->cut = true;
		return true;
	}
	copy = sb_alloc(w->arena, w->term_count + 1, sizeof(*copy));
	if (!copy) {
		sb_dd_fail(w->dd, SECBAKE_ERR_MEMORY);
		return false;
	}
	memcpy(copy, w->term, w->term_count * sizeof(*copy));
	w->clause[w->count++] = (struct secbake_diff_clause){w->term_count, copy};
	return true;
}

/* All ways from f on, behind the terms that stand; as deep as there are words. */
static bool write_ways(struct writer *w, uint32_t f)
{
	uint32_t exits[EXITS_MAX], exit_count, word, first, condition;
	uint64_t support;

	if (f == SB_DD_FALSE || (w->cut && w->count == w->limit))
		return true;
	if (f == SB_DD_TRUE)
		return write_clause(w);
	word = (w->dd->node[f].var - SB_VAR_IP) / 64;
	first = SB_VAR_IP + word * 64;
	if (!look_around(w->dd, f, first + 64, exits, &exit_count, &support))
		return false;
	if (exit_count > EXITS_MAX) {
		w->cut = true;
		exit_count = EXITS_MAX;
	}
	for (uint32_t i = 0; i < exit_count; i++) {
		struct secbake_diff_term *term = &w->term[w->term_count];

		condition = block_condition(w->dd, f, first, exits[i]);
		if (condition == SB_DD_NONE)
			return false;
		*term = (struct secbake_diff_term){.word = word ? word - 1 : SECBAKE_WORD_IP};
		if (!describe(w->dd, w->arena, condition, first + 64, term))
			return false;
		w->term_count++;
		if (!write_ways(w, exits[i]))
			return false;
		w->term_count--;
	}
	return true;
}

bool sb_prove_terms(struct sb_dd *dd, struct sb_arena *arena, uint32_t condition,
		    struct secbake_diff_clause **clause, uint32_t *clause_count, bool *cut)
{
	struct writer w = {.dd = dd, .arena = arena, .limit = *clause_count};

	w.clause = sb_alloc(arena, w.limit, sizeof(*w.clause));
	if (!w.clause) {
		sb_dd_fail(dd, SECBAKE_ERR_MEMORY);
		return false;
	}
	if (!write_ways(&w, condition))
		return false;
	*clause = w.clause;
	*clause_count = w.count;
	*cut = w.cut;
	return true;
}
