/* SPDX-License-Identifier: MIT */
/*
 * The prover at random: its diagrams of random programs against the
 * interpreter, those of random layers against a lookup of this file's own, and
 * whole proofs of random layers, compiled by a compiler as plain as can be and
 * then broken in one place. SECBAKE_SEED repeats a run.
 */
#include "compiler/prove.h"
#include "compiler/prove_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define COUNT(array) ((uint32_t)(sizeof(array) / sizeof((array)[0])))
#define S(code, k) ((struct sock_filter)BPF_STMT((code), (k)))
#define J(code, k, jt, jf) ((struct sock_filter)BPF_JUMP((code), (k), (jt), (jf)))

static const struct sb_prove_limits limits = {
	.nodes = 1u << 17, .steps = 1u << 21, .points = 1u << 14};

static uint64_t next_random(uint64_t *state)
{
	uint64_t x = *state += 0x9e3779b97f4a7c15u;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

static uint32_t below(uint64_t *random, uint32_t end)
{
	return (uint32_t)((next_random(random) >> 32) % end);
}

static uint64_t seed(void)
{
	const char *given = getenv("SECBAKE_SEED");
	struct timespec now;
	uint64_t value;

	clock_gettime(CLOCK_REALTIME, &now);
	value = given != NULL ? strtoull(given, NULL, 0) : (uint64_t)now.tv_nsec;
	print_message("SECBAKE_SEED=%llu\n", (unsigned long long)value);
	return value;
}

static uint32_t random_word(uint64_t *random)
{
	static const uint32_t edges[] = {0, 1, 2, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff};

	switch (below(random, 4)) {
	case 0:
		return edges[below(random, COUNT(edges))];
	case 1:
		return (uint32_t)next_random(random);
	default:
		return below(random, 8);
	}
}

static uint64_t random_value(uint64_t *random)
{
	return (uint64_t)random_word(random) << 32 | random_word(random);
}

/* --- programs ----------------------------------------------------------- */

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
	enum { ROUNDS = 4000 };
	struct sock_filter insn[64];
	uint64_t random = seed();
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

/* --- layers ------------------------------------------------------------- */

enum { MAPS = 3, RULES = 8, ENTRIES = 6, SPANS = 5, CLAUSES = 2, CONDS = 2, INTERVALS = 4 };

static const uint32_t archs[MAPS] = {0xc000003e, 0x40000003, 0xc00000b7};

/* A layer and all that it points to. */
struct sample {
	struct sb_layer layer;
	struct sb_map map[MAPS];
	struct sb_span span[MAPS][SPANS];
	struct sb_entry entry[MAPS][ENTRIES];
	uint32_t entry_rule[MAPS][ENTRIES][RULES];
	struct sb_rule rule[RULES];
	struct sb_clause clause[RULES][CLAUSES];
	struct sb_cond cond[RULES][CLAUSES][CONDS];
	struct sb_interval interval[RULES][CLAUSES][CONDS][INTERVALS];
};

static uint32_t random_action(uint64_t *random)
{
	static const uint32_t actions[] = {SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_KILL_THREAD,
					   SECCOMP_RET_LOG,	     SECCOMP_RET_TRACE,
					   SECCOMP_RET_ERRNO | 1,    SECCOMP_RET_ERRNO | 38};

	return actions[below(random, COUNT(actions))];
}

static void random_cond(uint64_t *random, struct sb_cond *cond, struct sb_interval *interval)
{
	static const uint64_t masks[] = {UINT64_MAX,	     UINT64_MAX,	 0xffffffff, 0xf0f0,
					 0xffffffff00000000, 0x8000000000000001, 0xff,	     0};
	uint64_t next = below(random, 2) != 0 ? 0 : random_value(random) >> 1;
	uint32_t count = 0, wanted = below(random, INTERVALS + 1);

	cond->arg = (uint8_t)below(random, 3);
	cond->negate = below(random, 4) == 0;
	cond->mask = masks[below(random, COUNT(masks))];
	cond->interval = interval;
	while (count < wanted) {
		uint64_t lo = next + (below(random, 2) != 0 ? below(random, 9)
							    : random_value(random) >> 3);
		uint64_t hi =
			lo + (below(random, 2) != 0 ? below(random, 9) : random_value(random) >> 3);

		if (lo < next || hi < lo)
			break;
		if (below(random, 16) == 0)
			hi = UINT64_MAX;
		interval[count++] = (struct sb_interval){lo, hi};
		if (hi == UINT64_MAX)
			break;
		next = hi + 1;
	}
	cond->interval_count = count;
}

static void random_rules(uint64_t *random, struct sample *s)
{
	for (uint32_t i = 0; i < RULES; i++) {
		s->rule[i].action = random_action(random);
		s->rule[i].clause_count = below(random, CLAUSES + 1);
		s->rule[i].clause = s->clause[i];
		for (uint32_t j = 0; j < CLAUSES; j++) {
			s->clause[i][j].cond_count = 1 + below(random, CONDS);
			s->clause[i][j].cond = s->cond[i][j];
			for (uint32_t k = 0; k < CONDS; k++)
				random_cond(random, &s->cond[i][j][k], s->interval[i][j][k]);
		}
	}
	s->layer.rule = s->rule;
	s->layer.rule_count = RULES;
}

static void random_map(uint64_t *random, struct sample *s, uint32_t m)
{
	struct sb_map *map = &s->map[m];
	uint32_t spans = 1 + below(random, SPANS), next = 0;

	map->audit_arch = archs[m];
	map->span = s->span[m];
	map->span_count = spans;
	for (uint32_t i = 0; i < spans; i++) {
		uint32_t hi = i + 1 == spans ? UINT32_MAX : next + below(random, 40);

		if (i + 2 == spans && below(random, 2) != 0)
			hi = 0x3fffffff;
		s->span[m][i] = (struct sb_span){next, hi, random_action(random), 0};
		if (i != 0 && below(random, 2) != 0)
			s->span[m][i].action = SECCOMP_RET_ALLOW;
		next = hi + 1;
	}
	map->entry = s->entry[m];
	map->entry_count = below(random, ENTRIES + 1);
	next = 0;
	for (uint32_t i = 0; i < map->entry_count; i++) {
		struct sb_entry *entry = &s->entry[m][i];

		entry->nr = next + below(random, 9);
		if (i + 1 == map->entry_count && below(random, 3) == 0)
			entry->nr = below(random, 2) != 0 ? UINT32_MAX : 0x40000000 + entry->nr;
		next = entry->nr + 1;
		entry->fallback = random_action(random);
		entry->rule_count = below(random, 5);
		entry->rule = s->entry_rule[m][i];
		for (uint32_t j = 0; j < entry->rule_count; j++)
			s->entry_rule[m][i][j] = below(random, RULES);
	}
}

static void random_layer(uint64_t *random, struct sample *s)
{
	memset(s, 0, sizeof(*s));
	s->layer.foreign = random_action(random);
	s->layer.map_count = below(random, MAPS + 1);
	s->layer.map = s->map;
	random_rules(random, s);
	for (uint32_t m = 0; m < s->layer.map_count; m++)
		random_map(random, s, m);
	assert_int_equal(sb_prove_layer_check(&s->layer, NULL), SECBAKE_OK);
}

/* Of some clause all conditions hold; by this file's own reading of resolved.h. */
static bool holds(const struct sb_rule *rule, const uint64_t *args)
{
	bool any = rule->clause_count == 0;

	for (uint32_t i = 0; i < rule->clause_count; i++) {
		bool all = true;

		for (uint32_t j = 0; j < rule->clause[i].cond_count; j++) {
			const struct sb_cond *cond = &rule->clause[i].cond[j];
			uint64_t value = args[cond->arg] & cond->mask;
			uint32_t hits = 0;

			for (uint32_t k = 0; k < cond->interval_count; k++)
				hits += cond->interval[k].lo <= value &&
					value <= cond->interval[k].hi;
			all = all && (hits > 0) != cond->negate;
		}
		any = any || all;
	}
	return any;
}

static uint32_t look_up(const struct sb_layer *layer, const struct seccomp_data *data,
			const uint64_t *args)
{
	uint32_t nr = (uint32_t)data->nr, verdict = layer->foreign;

	for (uint32_t m = 0; m < layer->map_count; m++) {
		const struct sb_map *map = &layer->map[m];

		if (map->audit_arch != data->arch)
			continue;
		for (uint32_t i = 0; i < map->span_count; i++) {
			if (map->span[i].lo <= nr && nr <= map->span[i].hi)
				verdict = map->span[i].action;
		}
		for (uint32_t i = 0; i < map->entry_count; i++) {
			if (map->entry[i].nr != nr)
				continue;
			verdict = map->entry[i].fallback;
			for (uint32_t j = map->entry[i].rule_count; j-- > 0;) {
				if (holds(&layer->rule[map->entry[i].rule[j]], args))
					verdict = layer->rule[map->entry[i].rule[j]].action;
			}
		}
	}
	return verdict;
}

/* A call near what the layer names: its numbers, its intervals' ends and what lies beside. */
static struct seccomp_data random_call(uint64_t *random, const struct sample *s)
{
	struct seccomp_data data = {.nr = (int)below(random, 60)};
	uint32_t m = below(random, MAPS);

	data.arch = below(random, 16) == 0 ? random_word(random) : archs[m];
	if (s->map[m].entry_count != 0 && below(random, 4) != 0)
		data.nr = (int)s->entry[m][below(random, s->map[m].entry_count)].nr;
	if (below(random, 10) == 0)
		data.nr = (int)(s->span[m][below(random, SPANS)].hi + below(random, 2));
	for (uint32_t i = 0; i < 6; i++) {
		const struct sb_interval *near =
			&s->interval[below(random, RULES)][below(random, CLAUSES)]
				    [below(random, CONDS)][below(random, INTERVALS)];
		uint64_t value = below(random, 2) != 0 ? near->lo : near->hi;

		value += (uint64_t)below(random, 3) - 1;
		if (below(random, 4) == 0)
			value ^= (uint64_t)1 << below(random, 64);
		data.args[i] = below(random, 6) == 0 ? random_value(random) : value;
	}
	data.instruction_pointer = random_value(random);
	return data;
}

static uint32_t expected(const struct sample *s, const struct seccomp_data *data)
{
	uint64_t args[6];

	memcpy(args, data->args, sizeof(args));
	return look_up(&s->layer, data, args);
}

static void layers_against_lookup(void **state)
{
	static struct sample s;
	uint64_t random = seed();

	(void)state;
	for (uint32_t i = 0; i < 1500; i++) {
		uint32_t root = 0;
		struct sb_dd dd;

		random_layer(&random, &s);
		assert_int_equal(sb_dd_init(&dd, &limits), SECBAKE_OK);
		assert_int_equal(sb_prove_layer(&dd, &s.layer, &root, NULL), SECBAKE_OK);
		for (uint32_t j = 0; j < 300; j++) {
			struct seccomp_data data = random_call(&random, &s);
			uint32_t verdict = expected(&s, &data);

			if (sb_prove_lookup(&dd, root, &data) != verdict)
				fail_msg("diagram of layer %u, call %u", i, j);
			if (sb_prove_layer_eval(&s.layer, &data) != verdict)
				fail_msg("evaluator on layer %u, call %u", i, j);
		}
		sb_dd_free(&dd);
	}
}

/* --- a plain compiler --------------------------------------------------- */

#define NO_LABEL 0xffffffffu

/* Jumps are to labels: a conditional one over two JAs, so that distance never matters. */
struct emitter {
	struct sock_filter insn[BPF_MAXINSNS];
	uint32_t label_of[BPF_MAXINSNS]; /* of each JA */
	uint32_t position[BPF_MAXINSNS]; /* of each label */
	uint32_t count, labels;
	bool full, big_endian;
};

static void emit(struct emitter *e, struct sock_filter insn, uint32_t label)
{
	if (e->count == COUNT(e->insn)) {
		e->full = true;
		return;
	}
	e->label_of[e->count] = label;
	e->insn[e->count++] = insn;
}

static uint32_t new_label(struct emitter *e)
{
	if (e->labels == COUNT(e->position)) {
		e->full = true;
		return 0;
	}
	return e->labels++;
}

static void place(struct emitter *e, uint32_t label)
{
	e->position[label] = e->count;
}

static void branch(struct emitter *e, uint16_t op, uint32_t k, uint32_t yes, uint32_t no)
{
	emit(e, J(BPF_JMP | op | BPF_K, k, 0, 1), NO_LABEL);
	emit(e, S(BPF_JMP | BPF_JA, 0), yes);
	emit(e, S(BPF_JMP | BPF_JA, 0), no);
}

static void load_half(struct emitter *e, const struct sb_cond *cond, bool high)
{
	uint32_t second = high != e->big_endian ? 4 : 0;

	emit(e, S(BPF_LD | BPF_W | BPF_ABS, 16 + cond->arg * 8u + second), NO_LABEL);
	emit(e, S(BPF_ALU | BPF_AND | BPF_K, (uint32_t)(high ? cond->mask >> 32 : cond->mask)),
	     NO_LABEL);
}

static void compile_cond(struct emitter *e, const struct sb_cond *cond, uint32_t yes, uint32_t no)
{
	uint32_t inside = cond->negate ? no : yes, outside = cond->negate ? yes : no;

	for (uint32_t i = 0; i < cond->interval_count; i++) {
		uint64_t lo = cond->interval[i].lo, hi = cond->interval[i].hi;
		uint32_t equal = new_label(e), low = new_label(e), upper = new_label(e);
		uint32_t upper_equal = new_label(e), upper_low = new_label(e), next = new_label(e);

		load_half(e, cond, true);
		branch(e, BPF_JGT, (uint32_t)(lo >> 32), upper, equal);
		place(e, equal);
		branch(e, BPF_JEQ, (uint32_t)(lo >> 32), low, next);
		place(e, low);
		load_half(e, cond, false);
		branch(e, BPF_JGE, (uint32_t)lo, upper, next);
		place(e, upper);
		load_half(e, cond, true);
		branch(e, BPF_JGT, (uint32_t)(hi >> 32), next, upper_equal);
		place(e, upper_equal);
		branch(e, BPF_JEQ, (uint32_t)(hi >> 32), upper_low, inside);
		place(e, upper_low);
		load_half(e, cond, false);
		branch(e, BPF_JGT, (uint32_t)hi, next, inside);
		place(e, next);
	}
	emit(e, S(BPF_JMP | BPF_JA, 0), outside);
}

static void compile_rule(struct emitter *e, const struct sb_rule *rule, uint32_t no)
{
	uint32_t yes = new_label(e);

	for (uint32_t i = 0; i < rule->clause_count; i++) {
		uint32_t next = new_label(e);

		for (uint32_t j = 0; j < rule->clause[i].cond_count; j++) {
			uint32_t holding = new_label(e);

			compile_cond(e, &rule->clause[i].cond[j], holding, next);
			place(e, holding);
		}
		emit(e, S(BPF_JMP | BPF_JA, 0), yes);
		place(e, next);
	}
	if (rule->clause_count != 0)
		emit(e, S(BPF_JMP | BPF_JA, 0), no);
	place(e, yes);
	emit(e, S(BPF_RET | BPF_K, rule->action), NO_LABEL);
}

static void compile_map(struct emitter *e, const struct sb_layer *layer, const struct sb_map *map)
{
	emit(e, S(BPF_LD | BPF_W | BPF_ABS, 0), NO_LABEL);
	for (uint32_t i = 0; i < map->entry_count; i++) {
		const struct sb_entry *entry = &map->entry[i];
		uint32_t here = new_label(e), next = new_label(e);

		branch(e, BPF_JEQ, entry->nr, here, next);
		place(e, here);
		for (uint32_t j = 0; j < entry->rule_count; j++) {
			uint32_t no = new_label(e);

			compile_rule(e, &layer->rule[entry->rule[j]], no);
			place(e, no);
		}
		emit(e, S(BPF_RET | BPF_K, entry->fallback), NO_LABEL);
		place(e, next);
	}
	for (uint32_t i = map->span_count; i-- > 0;) {
		uint32_t here = new_label(e), next = new_label(e);

		branch(e, BPF_JGE, map->span[i].lo, here, next);
		place(e, here);
		emit(e, S(BPF_RET | BPF_K, map->span[i].action), NO_LABEL);
		place(e, next);
	}
}

/* false: it became too long. */
static bool compile_layer(struct emitter *e, const struct sb_layer *layer, bool big_endian)
{
	e->count = e->labels = 0;
	e->full = false;
	e->big_endian = big_endian;
	for (uint32_t m = 0; m < layer->map_count; m++) {
		uint32_t here = new_label(e), next = new_label(e);

		emit(e, S(BPF_LD | BPF_W | BPF_ABS, 4), NO_LABEL);
		branch(e, BPF_JEQ, layer->map[m].audit_arch, here, next);
		place(e, here);
		compile_map(e, layer, &layer->map[m]);
		place(e, next);
	}
	emit(e, S(BPF_RET | BPF_K, layer->foreign), NO_LABEL);
	for (uint32_t i = 0; !e->full && i < e->count; i++) {
		if (e->label_of[i] != NO_LABEL)
			e->insn[i].k = e->position[e->label_of[i]] - i - 1;
	}
	return !e->full;
}

/* --- whole proofs ------------------------------------------------------- */

static void break_one_field(uint64_t *random, struct sock_filter *insn)
{
	switch (below(random, 8)) {
	case 0:
		insn->k++;
		break;
	case 1:
		insn->k--;
		break;
	case 2:
		insn->k ^= 1u << below(random, 32);
		break;
	case 3:
		insn->k ^= 4;
		break;
	case 4:
		insn->jt ^= 1;
		break;
	case 5:
		insn->jf ^= 1;
		break;
	case 6:
		insn->code ^= 0x10; /* JEQ and JGT ... */
		break;
	default:
		insn->k = (uint32_t)next_random(random);
		break;
	}
}

static void search_for_difference(uint64_t *random, const struct sb_program *program,
				  const struct sample *s)
{
	for (uint32_t i = 0; i < 500; i++) {
		struct seccomp_data data = random_call(random, s);
		uint32_t verdict = 0;

		assert_int_equal(sb_interpret(program, &data, &verdict, NULL), SECBAKE_OK);
		assert_int_equal(verdict, expected(s, &data));
	}
}

enum outcome { EQUAL, REFUTED, INVALID, HIDDEN, UNKNOWN, OUTCOMES };

/* Proves, and checks whatever answer comes. */
static enum outcome try_proof(uint64_t *random, const struct sb_program *program,
			      const struct sample *s)
{
	struct sb_witness witness = {.program_verdict = 0};
	struct secbake_error error = {.status = SECBAKE_OK};
	enum secbake_status status = sb_prove_within(program, &s->layer, &limits, &witness, &error);
	uint32_t verdict = 0;

	if (status == SECBAKE_ERR_UNKNOWN)
		return UNKNOWN;
	if (sb_validate(program, NULL) != SECBAKE_OK) {
		assert_int_equal(status, SECBAKE_ERR_INTERNAL);
		return INVALID;
	}
	if (status == SECBAKE_OK || strstr(error.text, "emulator cannot see") != NULL) {
		search_for_difference(random, program, s);
		return status == SECBAKE_OK ? EQUAL : HIDDEN;
	}
	assert_int_equal(status, SECBAKE_ERR_INTERNAL);
	if (strstr(error.text, "does not decide as its policy") == NULL)
		fail_msg("%s", error.text);
	assert_int_equal(sb_interpret(program, &witness.data, &verdict, NULL), SECBAKE_OK);
	assert_int_equal(verdict, witness.program_verdict);
	assert_int_equal(expected(s, &witness.data), witness.policy_verdict);
	assert_int_not_equal(witness.program_verdict, witness.policy_verdict);
	return REFUTED;
}

static void proofs_and_refutations(void **state)
{
	static struct sample s;
	static struct emitter e;
	uint64_t random = seed();
	uint32_t outcomes[OUTCOMES] = {0};
	uint32_t proved = 0;

	(void)state;
	for (uint32_t i = 0; i < 400; i++) {
		bool big_endian = i % 4 == 0;
		struct sb_program program = {.insn = e.insn, .big_endian = big_endian};

		random_layer(&random, &s);
		if (!compile_layer(&e, &s.layer, big_endian))
			continue;
		program.count = e.count;
		if (try_proof(&random, &program, &s) != EQUAL)
			fail_msg("layer %u: the right program is not proved", i);
		proved++;
		for (uint32_t j = 0; j < 20; j++) {
			uint32_t at = below(&random, e.count);
			struct sock_filter saved = e.insn[at];

			break_one_field(&random, &e.insn[at]);
			outcomes[try_proof(&random, &program, &s)]++;
			e.insn[at] = saved;
		}
	}
	print_message(
		"%u proved; broken: %u refuted, %u equal, %u invalid, %u hidden, %u unknown\n",
		proved, outcomes[REFUTED], outcomes[EQUAL], outcomes[INVALID], outcomes[HIDDEN],
		outcomes[UNKNOWN]);
	assert_true(proved > 200);
	assert_true(outcomes[REFUTED] > 1000);
	assert_true(outcomes[UNKNOWN] < 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(programs_against_interpreter),
		cmocka_unit_test(layers_against_lookup),
		cmocka_unit_test(proofs_and_refutations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
