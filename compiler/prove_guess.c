/* SPDX-License-Identifier: MIT */
/*
 * Where there is no proof, a call may still show that there can be none: calls put
 * together from what program and policy compare with are run through the
 * interpreter and looked up in the layer. Finding nothing means nothing.
 */
#include "prove.h"
#include "prove_internal.h"

#define TRIES 20000u

/* splitmix64, always from the same seed: the same answer every time. */
static uint64_t draw(uint64_t *state)
{
	uint64_t x = *state += 0x9e3779b97f4a7c15u;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

static uint32_t below(uint64_t *state, uint32_t count)
{
	return (uint32_t)(draw(state) >> 32) % count;
}

/* A word that the program may compare with, or one beside it. */
static uint32_t word(const struct sb_program *program, uint64_t *state)
{
	uint32_t k = program->insn[below(state, program->count)].k;

	switch (below(state, 8)) {
	case 0:
		return 0;
	case 1:
		return UINT32_MAX;
	case 2:
		return (uint32_t)draw(state);
	case 3:
		return k - 1;
	case 4:
		return k + 1;
	case 5:
		return k ^ 1u << below(state, 32);
	default:
		return k;
	}
}

static void make_call(const struct sb_program *program, const struct sb_layer *layer,
		      uint64_t *state, struct seccomp_data *data)
{
	const struct sb_map *map =
		layer->map_count ? &layer->map[below(state, layer->map_count)] : NULL;

	*data = (struct seccomp_data){.nr = (int)word(program, state)};
	data->arch = map && below(state, 16) ? map->audit_arch : word(program, state);
	if (map && map->entry_count && below(state, 4))
		data->nr = (int)map->entry[below(state, map->entry_count)].nr;
	else if (below(state, 2))
		data->nr = (int)below(state, 600);
	if (!below(state, 4)) /* x32's, where there is x32 */
		data->nr ^= (int)SECBAKE_X32_BIT;
	for (uint32_t i = 0; i < 6; i++)
		if (below(state, 2))
			data->args[i] =
				(below(state, 2) ? (uint64_t)word(program, state) << 32 : 0) |
				word(program, state);
	if (!below(state, 8))
		data->instruction_pointer = draw(state);
}

/* Bits of the call set so that it meets the condition, by a way through its diagram. */
static void meet(const struct sb_dd *dd, uint32_t condition, uint64_t *state,
		 struct seccomp_data *data)
{
	while (condition > SB_DD_TRUE) {
		const struct sb_dd_node *node = &dd->node[condition];
		bool high = node->lo == SB_DD_FALSE ||
			    (node->hi != SB_DD_FALSE && below(state, 2) != 0);

		sb_prove_set_bit(data, node->var, high);
		condition = high ? node->hi : node->lo;
	}
}

#define VERDICTS_MAX 16u

/* What the layer can say, each once, as many as there is room for. */
struct verdicts {
	uint32_t verdict[VERDICTS_MAX];
	uint32_t count;
};

static void add_verdict(struct verdicts *v, uint32_t verdict)
{
	for (uint32_t i = 0; i < v->count; i++)
		if (v->verdict[i] == verdict)
			return;
	if (v->count < VERDICTS_MAX)
		v->verdict[v->count++] = verdict;
}

static void find_verdicts(const struct sb_layer *layer, struct verdicts *v)
{
	v->count = 0;
	add_verdict(v, layer->foreign);
	for (uint32_t i = 0; i < layer->rule_count; i++)
		add_verdict(v, layer->rule[i].action);
	for (uint32_t i = 0; i < layer->map_count; i++)
		for (uint32_t j = 0; j < layer->map[i].span_count; j++)
			add_verdict(v, layer->map[i].span[j].action);
}

static uint32_t is_verdict(struct sb_dd *dd, const void *context, uint32_t f, uint32_t g)
{
	return f == SB_DD_TRUE && dd->node[g].lo == *(const uint32_t *)context ? SB_DD_TRUE
									       : SB_DD_FALSE;
}

/* One word of the call that was made to meet something is another now. */
static void disturb(const struct sb_program *program, uint64_t *state, struct seccomp_data *data)
{
	__u64 *arg = &data->args[below(state, 6)];

	if (below(state, 2))
		*arg ^= (__u64)1 << below(state, 64);
	else if (below(state, 2))
		*arg = (*arg & UINT32_MAX) | (__u64)word(program, state) << 32;
	else
		*arg = (*arg & ~(__u64)UINT32_MAX) | word(program, state);
}

bool sb_prove_guess(const struct sb_program *program, const struct sb_layer *layer,
		    struct sb_dd *dd, uint32_t condition, uint32_t wanted,
		    struct sb_witness *witness)
{
	uint32_t part[VERDICTS_MAX] = {0}, parts = 0;
	struct verdicts v;
	uint64_t state = 1;

	/* Each verdict of the policy gets its share, however rare it is. */
	find_verdicts(layer, &v);
	for (uint32_t i = 0; dd && i < v.count; i++) {
		uint32_t some = sb_dd_pairs(dd, condition, wanted, is_verdict, &v.verdict[i]);

		if (some != SB_DD_FALSE && some != SB_DD_NONE)
			part[parts++] = some;
	}
	for (uint32_t i = 0; i < TRIES; i++) {
		make_call(program, layer, &state, &witness->data);
		if (parts) {
			meet(dd, part[i % parts], &state, &witness->data);
			if (i / parts % 4 != 0)
				disturb(program, &state, &witness->data);
		}
		if (sb_interpret(program, &witness->data, &witness->program_verdict, NULL) !=
		    SECBAKE_OK)
			return false;
		witness->policy_verdict = sb_prove_layer_eval(layer, &witness->data);
		if (witness->program_verdict != witness->policy_verdict)
			return true;
	}
	return false;
}
