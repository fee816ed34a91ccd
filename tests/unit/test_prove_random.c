/* SPDX-License-Identifier: MIT */
/*
 * Whole proofs of random layers, compiled by a compiler as plain as can be and then broken in
 * one place. test_prove_random_*.c have the diagrams of each side. SECBAKE_SEED repeats a run.
 */
#include "tests/lib/prove_random_world.h"

#include <string.h>

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
	uint64_t random = test_seed();
	uint32_t outcomes[OUTCOMES] = {0};
	uint32_t proved = 0;

	(void)state;
	for (uint32_t i = 0; i < TRIED(400); i++) {
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
	assert_true(proved > TRIED(200));
	assert_true(outcomes[REFUTED] > TRIED(1000));
	assert_true(outcomes[UNKNOWN] < TRIED(100));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(proofs_and_refutations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
