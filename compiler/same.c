/* SPDX-License-Identifier: MIT */
/* Comparing resolved layers. Variants share what they have from the policy: often a pointer tells.
 */
#include "same.h"

#include <string.h>

static bool same_cond(const struct sb_cond *a, const struct sb_cond *b)
{
	if (a->arg != b->arg || a->negate != b->negate || a->mask != b->mask ||
	    a->interval_count != b->interval_count)
		return false;
	for (uint32_t i = 0; i < a->interval_count; i++)
		if (a->interval[i].lo != b->interval[i].lo ||
		    a->interval[i].hi != b->interval[i].hi)
			return false;
	return true;
}

static bool same_clause(const struct sb_clause *a, const struct sb_clause *b)
{
	if (a->cond_count != b->cond_count)
		return false;
	for (uint32_t i = 0; a->cond != b->cond && i < a->cond_count; i++)
		if (!same_cond(&a->cond[i], &b->cond[i]))
			return false;
	return true;
}

static bool same_rule(const struct sb_rule *a, const struct sb_rule *b)
{
	if (a->action != b->action || a->clause_count != b->clause_count)
		return false;
	for (uint32_t i = 0; a->clause != b->clause && i < a->clause_count; i++)
		if (!same_clause(&a->clause[i], &b->clause[i]))
			return false;
	return true;
}

static bool same_entry(const struct sb_entry *a, const struct sb_entry *b)
{
	return a->nr == b->nr && a->fallback == b->fallback && a->rule_count == b->rule_count &&
	       (!a->rule_count || !memcmp(a->rule, b->rule, a->rule_count * sizeof(*a->rule)));
}

static bool same_span(const struct sb_span *a, const struct sb_span *b)
{
	return a->lo == b->lo && a->hi == b->hi && a->action == b->action;
}

static bool same_map(const struct sb_map *a, const struct sb_map *b)
{
	if (a->audit_arch != b->audit_arch || a->span_count != b->span_count ||
	    a->entry_count != b->entry_count)
		return false;
	for (uint32_t i = 0; i < a->span_count; i++)
		if (!same_span(&a->span[i], &b->span[i]))
			return false;
	for (uint32_t i = 0; i < a->entry_count; i++)
		if (!same_entry(&a->entry[i], &b->entry[i]))
			return false;
	return true;
}

bool sb_same_layer(const struct sb_layer *a, const struct sb_layer *b)
{
	if (a->filter_flags != b->filter_flags || a->foreign != b->foreign ||
	    a->rule_count != b->rule_count || a->map_count != b->map_count)
		return false;
	for (uint32_t i = 0; i < a->rule_count; i++)
		if (!same_rule(&a->rule[i], &b->rule[i]))
			return false;
	for (uint32_t i = 0; i < a->map_count; i++)
		if (!same_map(&a->map[i], &b->map[i]))
			return false;
	return true;
}
