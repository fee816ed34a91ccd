/* SPDX-License-Identifier: MIT */
/*
 * Rules that could as well not be there. A rule is in another's shadow where
 * each of its conditions is within what earlier rules of the same file decide:
 * a rule without conditions, one whose conditions are weaker, or several on
 * one argument that together leave nothing out. A file's rules that come before
 * those of its bases override them, which is what bases are for: no warning.
 */
#include "resolve_native.h"

#include <stdlib.h>
#include <string.h>

#include "syscalls.h"

#define STEPS_MAX (1u << 21) /* comparisons of conditions: this is a courtesy, and quadratic */
#define POINTS_MAX 256u

struct judge {
	struct sb_binder *b;
	struct sb_bound_layer *layer;
	uint32_t steps;
	uint8_t *seen;	/* of each rule */
	uint32_t *line; /* of each rule: of the first that shadows it */
};

enum { CLAIMED = 1, DECIDES = 2, DIFFERS = 4 };

static bool contains(const struct sb_cond *outer, uint64_t lo, uint64_t hi)
{
	uint32_t from = 0, to = outer->interval_count;

	while (to - from > 1) {
		uint32_t middle = from + (to - from) / 2;

		if (outer->interval[middle].lo <= lo)
			from = middle;
		else
			to = middle;
	}
	return from < to && outer->interval[from].lo <= lo && hi <= outer->interval[from].hi;
}

/* Does every value that inner takes meet outer? */
static bool within(struct judge *j, const struct sb_cond *inner, const struct sb_cond *outer)
{
	if (inner->arg != outer->arg || (outer->mask & ~inner->mask) ||
	    (inner->mask != outer->mask && inner->interval_count > POINTS_MAX))
		return false;
	j->steps += inner->interval_count;
	for (uint32_t i = 0; i < inner->interval_count; i++) {
		const struct sb_interval *in = &inner->interval[i];

		if (inner->mask != outer->mask && in->lo != in->hi)
			return false;
		if (!contains(outer, in->lo & outer->mask, in->hi & outer->mask))
			return false;
	}
	return true;
}

static bool implies(struct judge *j, const struct sb_clause *inner, const struct sb_clause *outer)
{
	for (uint32_t i = 0; i < outer->cond_count; i++) {
		uint32_t k = 0;

		j->steps++;
		while (k < inner->cond_count && !within(j, &inner->cond[k], &outer->cond[i]))
			k++;
		if (k == inner->cond_count)
			return false;
	}
	return true;
}

/* May an earlier rule shadow a later one? In the same file, and in force whenever it is. */
static bool may_shadow(const struct judge *j, uint32_t earlier, uint32_t later)
{
	const struct sb_native_rule *rule = j->layer->native->rule;
	const struct sb_bound_force *force = j->layer->force;

	return earlier != later && rule[earlier].spot.doc == rule[later].spot.doc &&
	       force[earlier].from <= force[later].from && force[later].to <= force[earlier].to;
}

/* Takes what one condition accepts away from the intervals that are left. */
static bool subtract(struct judge *j, struct sb_native_words *left, const struct sb_cond *cond)
{
	struct sb_interval *out =
		sb_alloc(j->b->arena, (size_t)left->count + cond->interval_count, sizeof(*out));
	uint32_t count = 0, k = 0;

	if (!out)
		return false;
	j->steps += left->count + cond->interval_count;
	for (uint32_t i = 0; i < left->count; i++) {
		uint64_t lo = left->interval[i].lo, hi = left->interval[i].hi;
		bool some = true;

		while (k < cond->interval_count && cond->interval[k].hi < lo)
			k++;
		for (uint32_t m = k; some && m < cond->interval_count; m++) {
			const struct sb_interval *in = &cond->interval[m];

			if (in->lo > hi)
				break;
			if (in->lo > lo)
				out[count++] = (struct sb_interval){lo, in->lo - 1};
			some = in->hi < hi;
			lo = in->hi + 1;
		}
		if (some)
			out[count++] = (struct sb_interval){lo, hi};
	}
	left->interval = out;
	left->count = count;
	return true;
}

/* Do earlier rules, of one condition each, leave nothing of this one? */
static bool used_up(struct judge *j, const struct sb_bound_claim *claim, uint32_t count,
		    const struct sb_cond *cond, uint32_t *line)
{
	uint32_t rule = j->layer->bound[claim[count].bound].rule;
	struct sb_native_words left = {.mask = cond->mask, .count = cond->interval_count};

	left.interval = sb_alloc(j->b->arena, left.count, sizeof(*left.interval));
	if (!left.interval)
		return false;
	if (left.count)
		memcpy(left.interval, cond->interval, left.count * sizeof(*left.interval));
	for (uint32_t i = 0; i < count && left.count && j->steps < STEPS_MAX; i++) {
		const struct sb_bound_rule *earlier = &j->layer->bound[claim[i].bound];

		if (!may_shadow(j, earlier->rule, rule))
			continue;
		for (uint32_t k = 0; k < earlier->clause_count && j->steps < STEPS_MAX; k++) {
			const struct sb_clause *clause = &earlier->clause[k];

			j->steps++;
			if (clause->cond_count != 1 || clause->cond->arg != cond->arg ||
			    clause->cond->mask != cond->mask)
				continue;
			if (!subtract(j, &left, clause->cond))
				return false;
			*line = *line ? *line : j->layer->force[earlier->rule].place.line;
		}
	}
	return !left.count;
}

static bool clause_shadowed(struct judge *j, const struct sb_bound_claim *claim, uint32_t count,
			    const struct sb_clause *clause, uint32_t *line)
{
	uint32_t rule = j->layer->bound[claim[count].bound].rule;

	for (uint32_t i = 0; i < count && j->steps < STEPS_MAX; i++) {
		const struct sb_bound_rule *earlier = &j->layer->bound[claim[i].bound];
		bool covered = !earlier->clause_count && !earlier->never;

		j->steps++;
		if (!may_shadow(j, earlier->rule, rule))
			continue;
		for (uint32_t k = 0; clause && !covered && k < earlier->clause_count; k++)
			covered = implies(j, clause, &earlier->clause[k]);
		if (covered) {
			*line = j->layer->force[earlier->rule].place.line;
			return true;
		}
	}
	for (uint32_t i = 0; clause && i < clause->cond_count; i++) {
		uint32_t first = 0;

		if (used_up(j, claim, count, &clause->cond[i], &first)) {
			*line = first;
			return true;
		}
	}
	return false;
}

/* claim[count] against the ones before it. */
static bool shadowed(struct judge *j, const struct sb_bound_claim *claim, uint32_t count,
		     uint32_t *line)
{
	const struct sb_bound_rule *bound = &j->layer->bound[claim[count].bound];

	if (!bound->clause_count)
		return clause_shadowed(j, claim, count, NULL, line);
	for (uint32_t i = 0; i < bound->clause_count; i++)
		if (j->steps >= STEPS_MAX ||
		    !clause_shadowed(j, claim, count, &bound->clause[i], line))
			return false;
	return true;
}

static bool is_late(const struct judge *j, const struct secbake_arch *arch, uint32_t nr)
{
	const char *name = sb_syscall_name(arch, nr);
	uint32_t since;

	if (!j->b->native->baseline)
		return false;
	return nr > sb_syscall_last(arch) ||
	       (name && sb_syscall_since(arch, name, &since) && since > j->b->native->baseline);
}

static void judge_number(struct judge *j, uint32_t arch, const struct sb_bound_claim *claim,
			 uint32_t count)
{
	const struct secbake_arch *on = j->b->bound->arch[arch];
	uint32_t action = sb_native_raw(&j->layer->native->default_action, on);
	bool differs = is_late(j, on, claim->nr); /* where the default is not what is repeated */

	/* From the last: a rule matters if it, or one behind it, says something else. */
	for (uint32_t i = count; i > 0; i--) {
		const struct sb_bound_rule *bound = &j->layer->bound[claim[i - 1].bound];

		differs |= bound->action != action;
		if (differs)
			j->seen[bound->rule] |= DIFFERS;
	}
	for (uint32_t i = 0; i < count; i++) {
		const struct sb_bound_rule *bound = &j->layer->bound[claim[i].bound];
		uint32_t line = 0;

		if (bound->never)
			continue;
		j->seen[bound->rule] |= CLAIMED;
		if (j->seen[bound->rule] & DECIDES)
			continue;
		if (!shadowed(j, claim, i, &line))
			j->seen[bound->rule] |= DECIDES;
		else if (!j->line[bound->rule])
			j->line[bound->rule] = line;
	}
}

static void warn_rule(const struct judge *j, uint32_t index)
{
	const struct sb_native_layer *layer = j->layer->native;
	const struct sb_native_rule *rule = &layer->rule[index];
	const struct sb_native_doc *doc = rule->spot.doc;

	if (!(j->seen[index] & CLAIMED))
		return;
	if (!(j->seen[index] & DECIDES))
		sb_json_warn_as(&doc->reader, rule->spot.node, "shadowed-rule",
				"this rule decides no call: the one at line %u does before it",
				j->line[index]);
	else if (!(j->seen[index] & DIFFERS) && !rule->hold &&
		 (doc == j->b->native->main || doc == layer->default_spot.doc))
		sb_json_warn_as(&doc->reader, rule->spot.node, "rule-repeats-default",
				"this rule only repeats the default; take it out");
}

void sb_native_warn_rules(struct sb_binder *b, struct sb_bound_layer *layer)
{
	const struct sb_report *report = &b->native->main->reader.report;
	struct judge j = {.b = b, .layer = layer};

	if (!report->reporter && !report->strict)
		return;
	j.seen = sb_alloc(b->arena, layer->native->rule_count, 1);
	j.line = sb_alloc(b->arena, layer->native->rule_count, sizeof(*j.line));
	if (!j.seen || !j.line) {
		sb_native_memory(&b->native->main->reader);
		return;
	}
	for (uint32_t a = 0; a < b->bound->arch_count; a++) {
		const struct sb_bound_claim *claim = layer->claim[a];

		for (uint32_t i = 0, end; i < layer->claim_count[a]; i = end) {
			for (end = i; end < layer->claim_count[a] && claim[end].nr == claim[i].nr;)
				end++;
			judge_number(&j, a, &claim[i], end - i);
		}
	}
	for (uint32_t i = 0; i < layer->native->rule_count; i++)
		warn_rule(&j, i);
}
