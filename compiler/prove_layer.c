/* SPDX-License-Identifier: MIT */
/*
 * The policy's side of the proof: a resolved layer as a diagram, built straight
 * from the wording of resolved.h, with 64-bit values split bit by bit here and
 * nowhere else; and a plain evaluator, by which a witness is checked without
 * diagrams. A layer that breaks resolved.h's promises means nothing that could
 * be proved, so it is checked first.
 */
#include "prove_internal.h"

#include <stdlib.h>

/* Values a condition's number can still take: base and all with the low bits varied. */
struct cond_builder {
	struct sb_dd *dd;
	const struct sb_cond *cond;
	uint32_t yes, no; /* leaves */
};

/*
 * The condition for values from base with `bits` low bits free. Of the
 * intervals, those from first up to last may meet them.
 */
static uint32_t build_cond(const struct cond_builder *b, uint32_t bits, uint64_t base,
			   uint32_t first, uint32_t last)
{
	const struct sb_interval *interval = b->cond->interval;
	uint64_t top = base | (bits == 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1);
	uint32_t lo, hi;
	uint64_t bit;

	while (first < last && interval[first].hi < base)
		first++;
	while (last > first && interval[last - 1].lo > top)
		last--;
	if (first == last)
		return b->no;
	if (interval[first].lo <= base && interval[first].hi >= top)
		return b->yes;
	/* One value is in an interval or not, so there is a bit left. */
	bits--;
	bit = UINT64_C(1) << bits;
	lo = build_cond(b, bits, base, first, last);
	if ((b->cond->mask & bit) == 0) /* masked away: 0 for every argument */
		return lo;
	hi = build_cond(b, bits, base | bit, first, last);
	return sb_dd_node(b->dd, SB_VAR_ARG + b->cond->arg * 64u + 63 - bits, lo, hi);
}

uint32_t sb_prove_clauses(struct sb_dd *dd, const struct sb_clause *clause, uint32_t count)
{
	uint32_t any = SB_DD_FALSE;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t all = SB_DD_TRUE;

		for (uint32_t j = 0; j < clause[i].cond_count; j++) {
			const struct sb_cond *cond = &clause[i].cond[j];
			struct cond_builder b = {
				.dd = dd,
				.cond = cond,
				.yes = cond->negate ? SB_DD_FALSE : SB_DD_TRUE,
				.no = cond->negate ? SB_DD_TRUE : SB_DD_FALSE,
			};

			all = sb_dd_ite(dd, build_cond(&b, 64, 0, 0, cond->interval_count), all,
					SB_DD_FALSE);
		}
		any = sb_dd_ite(dd, any, SB_DD_TRUE, all);
	}
	return any;
}

static uint32_t rule_cond(struct sb_dd *dd, const struct sb_rule *rule)
{
	return rule->clause_count ? sb_prove_clauses(dd, rule->clause, rule->clause_count)
				  : SB_DD_TRUE;
}

struct map_builder {
	struct sb_dd *dd;
	const struct sb_layer *layer;
	const struct sb_map *map;
	uint32_t *cond; /* of each rule, SB_DD_NONE until it is needed */
};

static uint32_t build_entry(const struct map_builder *b, const struct sb_entry *entry)
{
	uint32_t result = sb_dd_verdict(b->dd, entry->fallback);

	/* The first rule wins, so it is put on last. */
	for (uint32_t i = entry->rule_count; i-- > 0;) {
		uint32_t index = entry->rule[i];
		const struct sb_rule *rule = &b->layer->rule[index];

		if (b->cond[index] == SB_DD_NONE)
			b->cond[index] = rule_cond(b->dd, rule);
		result = sb_dd_ite(b->dd, b->cond[index], sb_dd_verdict(b->dd, rule->action),
				   result);
	}
	return result;
}

/* Of the entries first..last-1, sorted, the first whose number is nr or above. */
static uint32_t first_from(const struct sb_map *map, uint32_t first, uint32_t last, uint32_t nr)
{
	while (first < last) {
		uint32_t middle = first + (last - first) / 2;

		if (map->entry[middle].nr < nr)
			first = middle + 1;
		else
			last = middle;
	}
	return first;
}

/*
 * Numbers from base with `bits` low bits free, of which entries first..last-1
 * are singled out; the span that holds base has index span.
 */
static uint32_t build_map(const struct map_builder *b, uint32_t bits, uint32_t base, uint32_t first,
			  uint32_t last, uint32_t span)
{
	const struct sb_map *map = b->map;
	uint32_t top = base | (uint32_t)((UINT64_C(1) << bits) - 1);
	uint32_t lo, hi, middle;

	while (map->span[span].hi < base)
		span++;
	if (first == last && map->span[span].hi >= top)
		return sb_dd_verdict(b->dd, map->span[span].action);
	if (bits == 0)
		return build_entry(b, &map->entry[first]);
	bits--;
	middle = first_from(map, first, last, base | 1u << bits);
	lo = build_map(b, bits, base, first, middle, span);
	hi = build_map(b, bits, base | 1u << bits, middle, last, span);
	return sb_dd_node(b->dd, SB_VAR_NR + 31 - bits, lo, hi);
}

enum secbake_status sb_prove_layer(struct sb_dd *dd, const struct sb_layer *layer, uint32_t *root,
				   struct secbake_error *error)
{
	struct map_builder b = {.dd = dd, .layer = layer};
	struct sb_word arch = sb_word_input(dd, offsetof(struct seccomp_data, arch), false);
	uint32_t result = sb_dd_verdict(dd, layer->foreign);

	b.cond = calloc((size_t)layer->rule_count + 1, sizeof(*b.cond));
	if (b.cond == NULL)
		return secbake_error_set(error, SECBAKE_ERR_MEMORY, 0,
					 "out of memory during the proof");
	for (uint32_t i = 0; i < layer->rule_count; i++)
		b.cond[i] = SB_DD_NONE;
	for (uint32_t i = 0; i < layer->map_count; i++) {
		struct sb_word wanted = sb_word_constant(layer->map[i].audit_arch);

		b.map = &layer->map[i];
		result = sb_dd_ite(dd, sb_word_test(dd, BPF_JEQ, &arch, &wanted),
				   build_map(&b, 32, 0, 0, b.map->entry_count, 0), result);
	}
	free(b.cond);
	if (dd->status != SECBAKE_OK)
		return sb_dd_failed(dd, "the policy", error);
	*root = result;
	return SECBAKE_OK;
}

static bool cond_holds(const struct sb_cond *cond, const struct seccomp_data *data)
{
	uint64_t value = data->args[cond->arg] & cond->mask;
	bool inside = false;

	for (uint32_t i = 0; i < cond->interval_count; i++) {
		if (value >= cond->interval[i].lo && value <= cond->interval[i].hi)
			inside = true;
	}
	return inside != cond->negate;
}

static bool rule_matches(const struct sb_rule *rule, const struct seccomp_data *data)
{
	if (rule->clause_count == 0)
		return true;
	for (uint32_t i = 0; i < rule->clause_count; i++) {
		const struct sb_clause *clause = &rule->clause[i];
		uint32_t holding = 0;

		while (holding < clause->cond_count && cond_holds(&clause->cond[holding], data))
			holding++;
		if (holding == clause->cond_count)
			return true;
	}
	return false;
}

static uint32_t eval_map(const struct sb_layer *layer, const struct sb_map *map,
			 const struct seccomp_data *data)
{
	uint32_t nr = (uint32_t)data->nr;
	uint32_t span = 0;

	for (uint32_t i = 0; i < map->entry_count; i++) {
		const struct sb_entry *entry = &map->entry[i];

		if (entry->nr != nr)
			continue;
		for (uint32_t j = 0; j < entry->rule_count; j++) {
			const struct sb_rule *rule = &layer->rule[entry->rule[j]];

			if (rule_matches(rule, data))
				return rule->action;
		}
		return entry->fallback;
	}
	while (map->span[span].hi < nr)
		span++;
	return map->span[span].action;
}

uint32_t sb_prove_layer_eval(const struct sb_layer *layer, const struct seccomp_data *data)
{
	for (uint32_t i = 0; i < layer->map_count; i++) {
		if (layer->map[i].audit_arch == data->arch)
			return eval_map(layer, &layer->map[i], data);
	}
	return layer->foreign;
}

/* What is wrong with a condition, or NULL. */
static const char *cond_wrong(const struct sb_cond *cond)
{
	if (cond->arg > 5)
		return "a condition on an argument beyond the sixth";
	for (uint32_t i = 0; i < cond->interval_count; i++) {
		if (cond->interval[i].lo > cond->interval[i].hi)
			return "an interval that ends before it begins";
		if (i > 0 && cond->interval[i].lo <= cond->interval[i - 1].hi)
			return "intervals out of order";
	}
	return NULL;
}

static const char *rule_wrong(const struct sb_rule *rule)
{
	for (uint32_t i = 0; i < rule->clause_count; i++) {
		for (uint32_t j = 0; j < rule->clause[i].cond_count; j++) {
			const char *wrong = cond_wrong(&rule->clause[i].cond[j]);

			if (wrong != NULL)
				return wrong;
		}
	}
	return NULL;
}

static const char *map_wrong(const struct sb_layer *layer, const struct sb_map *map)
{
	uint64_t next = 0;

	for (uint32_t i = 0; i < map->span_count; i++) {
		if (map->span[i].lo != next || map->span[i].hi < map->span[i].lo)
			return "spans that leave a gap or overlap";
		next = (uint64_t)map->span[i].hi + 1;
	}
	if (next != UINT64_C(1) << 32)
		return "spans that do not cover every number";
	for (uint32_t i = 0; i < map->entry_count; i++) {
		const struct sb_entry *entry = &map->entry[i];

		if (i > 0 && entry->nr <= map->entry[i - 1].nr)
			return "entries out of order";
		for (uint32_t j = 0; j < entry->rule_count; j++) {
			if (entry->rule[j] >= layer->rule_count)
				return "an entry with a rule that is not there";
		}
	}
	return NULL;
}

enum secbake_status sb_prove_layer_check(const struct sb_layer *layer, struct secbake_error *error)
{
	const char *wrong = NULL;

	for (uint32_t i = 0; wrong == NULL && i < layer->rule_count; i++)
		wrong = rule_wrong(&layer->rule[i]);
	for (uint32_t i = 0; wrong == NULL && i < layer->map_count; i++) {
		wrong = map_wrong(layer, &layer->map[i]);
		for (uint32_t j = 0; wrong == NULL && j < i; j++) {
			if (layer->map[j].audit_arch == layer->map[i].audit_arch)
				wrong = "two maps for one architecture";
		}
	}
	if (wrong == NULL)
		return SECBAKE_OK;
	return secbake_error_set(error, SECBAKE_ERR_INTERNAL, 0, "the resolved policy has %s",
				 wrong);
}
