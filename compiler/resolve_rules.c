/* SPDX-License-Identifier: MIT */
/*
 * Which rules decide: includes and excludes, what the default says anyway,
 * precedence, and warnings where an author may mean something else.
 */
#include "resolve.h"

#include <linux/seccomp.h>
#include <string.h>

#include "syscalls.h"

#define PAIRS_MAX (1u << 20) /* rules compared for overlaps: it is a courtesy, and quadratic */

static enum secbake_status out_of_memory(const struct sb_resolver *r)
{
	return secbake_error_set(r->lowering.report.error, SECBAKE_ERR_MEMORY, 0, "out of memory");
}

static bool has_capability(const struct sb_resolver *r, const char *name)
{
	const struct sb_options *options = r->options->options;

	for (size_t i = 0; i < options->cap_count; i++)
		if (!strcmp(options->caps[i], name))
			return true;
	return false;
}

static bool names_target(const struct sb_resolver *r, const struct sb_oci_filter *filter)
{
	for (uint32_t i = 0; i < filter->arch_count; i++)
		if (filter->arch[i] == r->options->target->arch)
			return true;
	return false;
}

/* Any of excludes takes the rule out; all of includes must hold. */
static bool is_in_force(const struct sb_resolver *r, const struct sb_oci_rule *rule)
{
	const struct sb_oci_filter *includes = &rule->includes, *excludes = &rule->excludes;

	if (names_target(r, excludes))
		return false;
	for (uint32_t i = 0; i < excludes->cap_count; i++)
		if (has_capability(r, excludes->cap[i]))
			return false;
	if (excludes->min_kernel && r->options->kernel >= excludes->min_kernel)
		return false;
	if (includes->arch_count && !names_target(r, includes))
		return false;
	for (uint32_t i = 0; i < includes->cap_count; i++)
		if (!has_capability(r, includes->cap[i]))
			return false;
	return r->options->kernel >= includes->min_kernel;
}

/* Gathers for each name the rules in force that have it, in document order. */
static enum secbake_status gather_rules(struct sb_resolver *r)
{
	const struct sb_oci *oci = r->oci;
	size_t total = 0;
	uint32_t *room;

	for (uint32_t i = 0; i < oci->rule_count; i++) {
		const struct sb_oci_rule *rule = &oci->rule[i];

		r->action[i] = sb_raw_action(r, &rule->action);
		r->in_force[i] = !is_in_force(r, rule)		  ? SB_OFF
				 : r->action[i] == r->default_raw ? SB_REDUNDANT
								  : SB_ON;
		for (uint32_t j = 0; j < rule->name_count; j++) {
			if (r->in_force[i] != SB_OFF)
				r->used[rule->name[j]] = true;
			if (r->in_force[i] == SB_ON)
				r->list[rule->name[j]].count++;
		}
		total += rule->name_count;
	}
	room = sb_alloc(r->scratch, total, sizeof(*room));
	if (!room)
		return out_of_memory(r);
	for (uint32_t i = 0; i < oci->name_count; i++) {
		r->list[i].rule = room;
		room += r->list[i].count;
		r->list[i].count = 0;
	}
	for (uint32_t i = 0; i < oci->rule_count; i++) {
		if (r->in_force[i] != SB_ON)
			continue;
		for (uint32_t j = 0; j < oci->rule[i].name_count; j++) {
			struct sb_list *list = &r->list[oci->rule[i].name[j]];

			list->rule[list->count++] = i;
		}
	}
	return SECBAKE_OK;
}

static enum secbake_status warn_shadowed(struct sb_resolver *r, uint32_t name, uint32_t by)
{
	const struct sb_list *list = &r->list[name];
	enum secbake_status status = SECBAKE_OK;

	for (uint32_t i = 0; i < list->count && status == SECBAKE_OK; i++) {
		uint32_t rule = list->rule[i];

		if (r->action[rule] == r->action[by] || r->warned[rule])
			continue;
		r->warned[rule] = true;
		status = sb_warn_as(
			&r->lowering.report, &r->oci->rule[rule].place, "shadowed-rule",
			"this rule never decides for \"%s\": the one without conditions at "
			"line %u does",
			r->oci->name[name], r->oci->rule[by].place.line);
	}
	return status;
}

static bool rules_overlap(const struct sb_oci_rule *a, const struct sb_oci_rule *b)
{
	for (uint32_t i = 0; i < a->clause_count; i++)
		for (uint32_t j = 0; j < b->clause_count; j++)
			if (sb_clauses_overlap(&a->clause[i], &b->clause[j]))
				return true;
	return false;
}

static enum secbake_status warn_overlaps(struct sb_resolver *r, uint32_t name, uint32_t *pairs)
{
	const struct sb_list *list = &r->list[name];
	const struct sb_oci_rule *rule = r->oci->rule;

	for (uint32_t j = 1; j < list->count; j++) {
		for (uint32_t i = 0; i < j && !r->warned[list->rule[j]]; i++) {
			uint32_t first = list->rule[i], second = list->rule[j];
			uint64_t cost =
				(uint64_t)rule[first].clause_count * rule[second].clause_count;
			enum secbake_status status;

			if (cost + *pairs >= PAIRS_MAX)
				return SECBAKE_OK;
			*pairs += (uint32_t)cost;
			if (r->action[first] == r->action[second] ||
			    !rules_overlap(&rule[first], &rule[second]))
				continue;
			r->warned[second] = true;
			status = sb_warn_as(
				&r->lowering.report, &rule[second].place, "ambiguous-rules",
				"this rule and the one at line %u can both match a call of "
				"\"%s\", with different actions; the first decides, with "
				"libseccomp either may",
				rule[first].place.line, r->oci->name[name]);
			if (status != SECBAKE_OK)
				return status;
		}
	}
	return SECBAKE_OK;
}

/* The first rule without conditions decides alone; else all stay, in order. */
static enum secbake_status settle_lists(struct sb_resolver *r)
{
	bool listen = r->lowering.report.reporter || r->lowering.report.strict;
	uint32_t pairs = 0;

	for (uint32_t name = 0; name < r->oci->name_count; name++) {
		struct sb_list *list = &r->list[name];
		enum secbake_status status = SECBAKE_OK;
		uint32_t i = 0;

		while (i < list->count && r->oci->rule[list->rule[i]].clause_count)
			i++;
		if (i == list->count) {
			if (listen)
				status = warn_overlaps(r, name, &pairs);
		} else {
			if (listen)
				status = warn_shadowed(r, name, list->rule[i]);
			list->rule[0] = list->rule[i];
			list->count = 1;
			list->unconditional = true;
		}
		if (status != SECBAKE_OK)
			return status;
	}
	return SECBAKE_OK;
}

_Static_assert(SB_NONE == SB_SYSCALL_NONE, "no number");

static enum secbake_status number_names(struct sb_resolver *r)
{
	uint32_t number[SB_ARCHES_MAX];

	for (uint32_t a = 0; a < r->arch_count; a++) {
		r->number[a] = sb_alloc(r->scratch, r->oci->name_count, sizeof(*r->number[a]));
		if (!r->number[a])
			return out_of_memory(r);
	}
	for (uint32_t i = 0; i < r->oci->name_count; i++) {
		if (r->used[i])
			sb_syscall_numbers(r->arch, r->arch_count, r->oci->name[i], number);
		for (uint32_t a = 0; a < r->arch_count; a++)
			r->number[a][i] = r->used[i] ? number[a] : SB_NONE;
	}
	return SECBAKE_OK;
}

/* A rule of the layer, its action lowered. */
enum secbake_status sb_emit_rule(struct sb_resolver *r, uint32_t origin,
				 const struct sb_clause *clause, uint32_t clause_count,
				 uint32_t *index)
{
	const struct sb_oci_rule *from = &r->oci->rule[origin];
	struct sb_rule *rule;
	enum secbake_status status;

	if (r->rule_count == r->rule_room) {
		uint32_t room = r->rule_room * 2 + 16;

		r->rule = sb_grow(r->arena, r->rule, r->rule_count, room, sizeof(*r->rule));
		r->origin = sb_grow(r->scratch, r->origin, r->rule_count, room, sizeof(*r->origin));
		if (!r->rule || !r->origin)
			return out_of_memory(r);
		r->rule_room = room;
	}
	rule = &r->rule[r->rule_count];
	*rule = (struct sb_rule){
		.clause_count = clause_count, .clause = clause, .place = from->place};
	status = sb_lower_action(&r->lowering, r->action[origin], &from->place, &rule->action);
	if (status != SECBAKE_OK)
		return status;
	if (rule->action == SECCOMP_RET_USER_NOTIF)
		r->notifies = true;
	r->origin[r->rule_count] = origin;
	*index = r->rule_count++;
	return SECBAKE_OK;
}

static bool looks_at_upper_half(const struct sb_oci_rule *rule)
{
	for (uint32_t i = 0; i < rule->clause_count; i++)
		for (uint32_t j = 0; j < rule->clause[i].cond_count; j++)
			if (rule->clause[i].cond[j].mask > UINT32_MAX)
				return true;
	return false;
}

/* Copies of a rule's clauses that look at lower halves only; NULL: out of memory. */
static const struct sb_clause *narrow(struct sb_resolver *r, const struct sb_oci_rule *rule)
{
	struct sb_clause *clause = sb_alloc(r->arena, rule->clause_count, sizeof(*clause));

	for (uint32_t i = 0; clause && i < rule->clause_count; i++) {
		const struct sb_clause *from = &rule->clause[i];
		struct sb_cond *cond = sb_alloc(r->arena, from->cond_count, sizeof(*cond));

		if (!cond)
			return NULL;
		for (uint32_t j = 0; j < from->cond_count; j++) {
			cond[j] = from->cond[j];
			cond[j].mask &= UINT32_MAX;
		}
		clause[i] = (struct sb_clause){from->cond_count, cond};
	}
	return clause;
}

/*
 * A call of a 32-bit ABI takes the lower halves of registers, and mostly the upper
 * ones show as 0. Not always: for int $0x80 in a 64-bit program x86 shows the filter
 * whole registers (arch/x86/include/asm/syscall.h, syscall_get_arguments), so that
 * rubbish there would get a call past a rule.
 */
enum secbake_status sb_rule_on_arch(struct sb_resolver *r, const struct secbake_arch *arch,
				    uint32_t origin, uint32_t *index)
{
	const struct sb_oci_rule *rule = &r->oci->rule[origin];
	const struct sb_clause *clause;
	enum secbake_status status;

	*index = r->emitted[origin];
	if (arch->bits != 32 || !looks_at_upper_half(rule))
		return SECBAKE_OK;
	if (r->narrowed[origin] == SB_NONE) {
		clause = narrow(r, rule);
		if (!clause)
			return out_of_memory(r);
		status = sb_emit_rule(r, origin, clause, rule->clause_count, &r->narrowed[origin]);
		if (status != SECBAKE_OK)
			return status;
	}
	*index = r->narrowed[origin];
	return SECBAKE_OK;
}

/* Emits, in document order, the rules that decide some number; lists then name those. */
static enum secbake_status emit_rules(struct sb_resolver *r)
{
	bool *wanted = sb_alloc(r->scratch, r->oci->rule_count, sizeof(*wanted));

	if (!wanted)
		return out_of_memory(r);
	for (uint32_t i = 0; i < r->oci->name_count; i++) {
		bool somewhere = false;

		for (uint32_t a = 0; a < r->arch_count; a++)
			somewhere |= r->number[a][i] != SB_NONE;
		for (uint32_t j = 0; somewhere && j < r->list[i].count; j++)
			wanted[r->list[i].rule[j]] = true;
	}
	for (uint32_t i = 0; i < r->oci->rule_count; i++) {
		const struct sb_oci_rule *rule = &r->oci->rule[i];
		enum secbake_status status = SECBAKE_OK;

		r->emitted[i] = SB_NONE;
		r->narrowed[i] = SB_NONE;
		if (wanted[i])
			status = sb_emit_rule(r, i, rule->clause, rule->clause_count,
					      &r->emitted[i]);
		if (status != SECBAKE_OK)
			return status;
	}
	return SECBAKE_OK;
}

enum secbake_status sb_resolve_rules(struct sb_resolver *r)
{
	enum secbake_status status = gather_rules(r);

	if (status == SECBAKE_OK)
		status = settle_lists(r);
	if (status == SECBAKE_OK)
		status = number_names(r);
	return status == SECBAKE_OK ? emit_rules(r) : status;
}
