/* SPDX-License-Identifier: MIT */
/* The plain evaluator; see evaluate.h. */
#include "evaluate.h"

#include "support.h"

static bool cond_holds(const struct sb_cond *cond, const struct seccomp_data *data)
{
	uint64_t value = data->args[cond->arg] & cond->mask;
	bool inside = false;

	for (uint32_t i = 0; i < cond->interval_count; i++)
		if (value >= cond->interval[i].lo && value <= cond->interval[i].hi)
			inside = true;
	return cond->negate ? !inside : inside;
}

static bool clause_holds(const struct sb_clause *clause, const struct seccomp_data *data)
{
	for (uint32_t i = 0; i < clause->cond_count; i++)
		if (!cond_holds(&clause->cond[i], data))
			return false;
	return true;
}

static bool rule_matches(const struct sb_rule *rule, const struct seccomp_data *data)
{
	if (rule->clause_count == 0)
		return true;
	for (uint32_t i = 0; i < rule->clause_count; i++)
		if (clause_holds(&rule->clause[i], data))
			return true;
	return false;
}

static uint32_t evaluate_entry(const struct sb_layer *layer, const struct sb_entry *entry,
			       const struct seccomp_data *data)
{
	for (uint32_t i = 0; i < entry->rule_count; i++) {
		if (entry->rule[i] >= layer->rule_count)
			test_die("entry of number %u names rule %u of %u", entry->nr,
				 entry->rule[i], layer->rule_count);
		if (rule_matches(&layer->rule[entry->rule[i]], data))
			return layer->rule[entry->rule[i]].action;
	}
	return entry->fallback;
}

static uint32_t evaluate_map(const struct sb_layer *layer, const struct sb_map *map,
			     const struct seccomp_data *data)
{
	uint32_t nr = (uint32_t)data->nr;

	for (uint32_t i = 0; i < map->entry_count; i++)
		if (map->entry[i].nr == nr)
			return evaluate_entry(layer, &map->entry[i], data);
	for (uint32_t i = 0; i < map->span_count; i++)
		if (nr >= map->span[i].lo && nr <= map->span[i].hi)
			return map->span[i].action;
	test_die("number 0x%x of arch 0x%x is in no span", nr, map->audit_arch);
}

uint32_t test_evaluate(const struct sb_layer *layer, const struct seccomp_data *data)
{
	for (uint32_t i = 0; i < layer->map_count; i++)
		if (layer->map[i].audit_arch == data->arch)
			return evaluate_map(layer, &layer->map[i], data);
	return layer->foreign;
}
