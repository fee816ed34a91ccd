/* SPDX-License-Identifier: MIT */
/* From a call back to the rule that decides it. */
#include "check.h"

#include <compiler/read_oci.h>
#include <compiler/resolve_native.h>

static bool cond_holds(const struct sb_cond *cond, const struct seccomp_data *call)
{
	uint64_t value = call->args[cond->arg] & cond->mask;
	bool inside = false;

	for (uint32_t i = 0; i < cond->interval_count && !inside; i++)
		inside = cond->interval[i].lo <= value && value <= cond->interval[i].hi;
	return inside != cond->negate;
}

static bool rule_holds(const struct sb_rule *rule, const struct seccomp_data *call)
{
	for (uint32_t i = 0; i < rule->clause_count; i++) {
		uint32_t held = 0;

		while (held < rule->clause[i].cond_count &&
		       cond_holds(&rule->clause[i].cond[held], call))
			held++;
		if (held == rule->clause[i].cond_count)
			return true;
	}
	return rule->clause_count == 0;
}

static const struct sb_map *map_of(const struct sb_layer *layer, uint32_t audit_arch)
{
	for (uint32_t i = 0; i < layer->map_count; i++)
		if (layer->map[i].audit_arch == audit_arch)
			return &layer->map[i];
	return NULL;
}

/* The rule of one layer that decides, or NULL, and what it says. */
static const struct sb_rule *rule_of(const struct sb_layer *layer, const struct seccomp_data *call,
				     bool *foreign)
{
	const struct sb_map *map = map_of(layer, call->arch);
	uint32_t nr = (uint32_t)call->nr;

	*foreign = !map;
	for (uint32_t i = 0; map && i < map->entry_count; i++) {
		if (map->entry[i].nr != nr)
			continue;
		for (uint32_t k = 0; k < map->entry[i].rule_count; k++)
			if (rule_holds(&layer->rule[map->entry[i].rule[k]], call))
				return &layer->rule[map->entry[i].rule[k]];
		return NULL;
	}
	for (uint32_t i = 0; map && i < map->span_count; i++)
		if (map->span[i].lo <= nr && nr <= map->span[i].hi)
			*foreign = map->span[i].kind == SB_NUMBER_FOREIGN;
	return NULL;
}

/* Where the policy says what no rule decides. */
static void default_place(const struct sb_checker *c, uint32_t layer, bool foreign,
			  struct sb_place *place)
{
	const struct sb_document *document = &c->front->document;

	*place = (struct sb_place){0};
	if (document->dialect == SECBAKE_DIALECT_OCI)
		*place = document->oci->place;
	else if (foreign)
		sb_native_place(document->native->foreign_spot.node
					? &document->native->foreign_spot
					: &document->native->arch_spot,
				place);
	else
		sb_native_place(&document->native->layer[layer].default_spot, place);
}

bool sb_place_of(const struct sb_checker *c, const struct seccomp_data *call,
		 struct sb_place *place)
{
	uint32_t strictest = SECCOMP_RET_ALLOW;
	bool by_rule = false;

	*place = (struct sb_place){0};
	for (uint32_t i = 0; c->resolved && i < c->resolved->layer_count; i++) {
		const struct sb_layer *layer = &c->resolved->layer[i];
		uint32_t verdict = sb_prove_layer_eval(layer, call);
		const struct sb_rule *rule;
		bool foreign, stricter;

		/* Where all allow, a rule says more than a default does. */
		stricter = verdict != strictest &&
			   secbake_verdict_strictest(verdict, strictest) == verdict;
		rule = rule_of(layer, call, &foreign);
		if (i && !stricter && !(verdict == strictest && rule && !by_rule))
			continue;
		strictest = verdict;
		by_rule = rule;
		if (rule)
			*place = rule->place;
		else
			default_place(c, i, foreign, place);
	}
	return by_rule;
}

bool sb_place_of_set(const struct sb_checker *c, const struct secbake_arch *arch, uint32_t nr,
		     uint32_t set, struct sb_place *place)
{
	struct seccomp_data call = {0};

	if (set != SB_DD_FALSE && set != SB_DD_NONE)
		sb_ask_witness(&c->ask, set, &call);
	call.arch = arch->audit_arch;
	call.nr = (int)nr;
	return sb_place_of(c, &call, place);
}

static const struct sb_entry *entry_of(const struct sb_layer *layer, uint32_t audit_arch,
				       uint32_t nr)
{
	const struct sb_map *map = map_of(layer, audit_arch);

	for (uint32_t i = 0; map && i < map->entry_count; i++)
		if (map->entry[i].nr == nr)
			return &map->entry[i];
	return NULL;
}

/* The calls of an entry that rule number k of its rules decides, asked of a layer of its own. */
static uint32_t decided_by(struct sb_checker *c, const struct sb_layer *layer, uint32_t audit_arch,
			   const struct sb_entry *entry, uint32_t k)
{
	const struct sb_span span = {0, UINT32_MAX, SECCOMP_RET_ERRNO, SB_NUMBER_DEFAULT};
	struct sb_rule rule[SB_WHERES_MAX];
	uint32_t index[SB_WHERES_MAX], root;
	struct sb_entry alone = {entry->nr, k + 1, index, SECCOMP_RET_ERRNO};
	struct sb_map map = {audit_arch, 1, &span, 1, &alone};
	struct sb_layer one = {.foreign = SECCOMP_RET_ERRNO,
			       .rule_count = k + 1,
			       .rule = rule,
			       .map_count = 1,
			       .map = &map};

	for (uint32_t i = 0; i <= k; i++) {
		rule[i] = layer->rule[entry->rule[i]];
		rule[i].action = i == k ? SECCOMP_RET_ALLOW : SECCOMP_RET_ERRNO;
		index[i] = i;
	}
	if (sb_prove_layer(&c->ask.dd, &one, &root, NULL) != SECBAKE_OK)
		return SB_DD_NONE;
	return sb_ask_kind(&c->ask, sb_ask_number(&c->ask, root, audit_arch, entry->nr),
			   sb_verdict_runs);
}

static uint32_t one_where(const struct sb_checker *c, const struct secbake_arch *arch, uint32_t nr,
			  uint32_t set, struct sb_where *where)
{
	where->by_rule = sb_place_of_set(c, arch, nr, set, &where->place);
	return 1;
}

uint32_t sb_wheres_of_set(struct sb_checker *c, const struct secbake_arch *arch, uint32_t nr,
			  uint32_t set, struct sb_where where[SB_WHERES_MAX])
{
	const struct sb_layer *layer = NULL;
	const struct sb_entry *entry = NULL;
	uint32_t count = 0, rest = set;

	for (uint32_t i = 0; c->resolved && i < c->resolved->layer_count && !entry; i++) {
		layer = &c->resolved->layer[i];
		entry = entry_of(layer, arch->audit_arch, nr);
	}
	if (!entry || entry->rule_count >= SB_WHERES_MAX)
		return one_where(c, arch, nr, set, where);
	for (uint32_t k = 0; k < entry->rule_count && rest != SB_DD_FALSE; k++) {
		uint32_t by = decided_by(c, layer, arch->audit_arch, entry, k);

		if (sb_ask_and(&c->ask, rest, by) == SB_DD_FALSE)
			continue;
		where[count].place = layer->rule[entry->rule[k]].place;
		where[count++].by_rule = true;
		rest = sb_ask_and(&c->ask, rest, sb_ask_not(&c->ask, by));
	}
	return rest == SB_DD_FALSE ? count : count + one_where(c, arch, nr, rest, &where[count]);
}
