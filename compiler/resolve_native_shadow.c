/* SPDX-License-Identifier: MIT */
/*
 * Rules that could as well not be there. A rule is in the shadow of others where
 * earlier rules of the same file take every call that it would match. What rules
 * mean is compared, not how they are written: sets of calls are diagrams, as in the
 * proof. A file's rules that come before those of its bases override them, which is
 * what bases are for: no warning.
 */
#include "resolve_native.h"

#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>

#include "prove_internal.h"
#include "syscalls.h"

#define STEPS_MAX (1u << 21) /* earlier rules looked at: this is a courtesy, and quadratic */

struct judge {
	struct sb_binder *b;
	struct sb_bound_layer *layer;
	uint32_t steps;
	uint8_t *seen; /* of each rule */
	struct lines {
		uint32_t first, last;
	} * line;	 /* of each rule: of those that shadow it */
	uint32_t *calls; /* of each bound rule: those that it matches, SB_DD_NONE: not asked yet */
};

enum { CLAIMED = 1, DECIDES = 2, DIFFERS = 4 };

/* What rules before another one take, as far as they have been looked at. */
struct taken {
	uint32_t kernel, rule; /* in force there; of the file of this one */
	uint32_t done;	       /* claims */
	uint32_t calls;
};

/* The calls that a bound rule matches; SB_DD_NONE: they are too involved. */
static uint32_t calls_of(struct judge *j, uint32_t bound)
{
	const struct sb_bound_rule *rule = &j->layer->bound[bound];

	if (j->calls[bound] == SB_DD_NONE)
		j->calls[bound] = rule->never ? SB_DD_FALSE
				  : !rule->clause_count
					  ? SB_DD_TRUE
					  : sb_native_ask(j->b, rule->clause, rule->clause_count);
	return j->calls[bound];
}

/* Where f holds g, elsewhere h; at least one of them is no constant. */
static uint32_t ite(struct judge *j, uint32_t f, uint32_t g, uint32_t h)
{
	struct sb_dd *dd = j->b->dd;

	return dd && dd->status == SECBAKE_OK ? sb_dd_ite(dd, f, g, h) : SB_DD_NONE;
}

static uint32_t and_not(struct judge *j, uint32_t f, uint32_t g)
{
	if (f == SB_DD_FALSE || g == SB_DD_FALSE)
		return f;
	return g == SB_DD_TRUE ? SB_DD_FALSE : ite(j, g, SB_DD_FALSE, f);
}

static uint32_t either(struct judge *j, uint32_t f, uint32_t g)
{
	if (f == SB_DD_TRUE || g == SB_DD_FALSE)
		return f;
	return g == SB_DD_TRUE || f == SB_DD_FALSE ? g : ite(j, f, SB_DD_TRUE, g);
}

/* Does an earlier rule come before a later one, of the same file, on this kernel? */
static bool counts(const struct judge *j, uint32_t earlier, uint32_t later, uint32_t kernel)
{
	const struct sb_native_rule *rule = j->layer->native->rule;
	const struct sb_bound_force *force = &j->layer->force[earlier];

	return earlier != later && rule[earlier].spot.doc == rule[later].spot.doc &&
	       force->from <= kernel && kernel < force->to;
}

/* Do the claims before claim[count] take all of its calls on a kernel? */
static bool all_taken(struct judge *j, const struct sb_bound_claim *claim, uint32_t count,
		      uint32_t kernel, struct taken *taken)
{
	const struct sb_native_rule *rules = j->layer->native->rule;
	uint32_t rule = j->layer->bound[claim[count].bound].rule;

	if (taken->kernel != kernel || rules[taken->rule].spot.doc != rules[rule].spot.doc)
		*taken = (struct taken){kernel, rule, 0, SB_DD_FALSE};
	for (; taken->done < count && taken->calls != SB_DD_TRUE; taken->done++) {
		uint32_t bound = claim[taken->done].bound, earlier = j->layer->bound[bound].rule;

		if (earlier == rule)
			break;
		j->steps++;
		if (counts(j, earlier, rule, kernel))
			taken->calls = either(j, taken->calls, calls_of(j, bound));
	}
	if (taken->calls == SB_DD_FALSE || taken->calls == SB_DD_TRUE)
		return taken->calls == SB_DD_TRUE;
	return and_not(j, calls_of(j, claim[count].bound), taken->calls) == SB_DD_FALSE;
}

/* The lines of the rules that do: one that does alone, or else each that takes some. */
static void find_lines(struct judge *j, const struct sb_bound_claim *claim, uint32_t count,
		       uint32_t kernel, struct lines *lines)
{
	uint32_t rule = j->layer->bound[claim[count].bound].rule;
	uint32_t all = calls_of(j, claim[count].bound), left = all;

	for (uint32_t pass = 0; pass < 2; pass++) {
		for (uint32_t i = 0; i < count && left != SB_DD_FALSE; i++) {
			uint32_t earlier = j->layer->bound[claim[i].bound].rule;
			uint32_t line = j->layer->force[earlier].place.line, rest;

			j->steps++;
			if (!counts(j, earlier, rule, kernel))
				continue;
			rest = and_not(j, left, calls_of(j, claim[i].bound));
			if (rest == left || (!pass && rest != SB_DD_FALSE))
				continue;
			left = rest;
			lines->first = lines->first && lines->first < line ? lines->first : line;
			lines->last = lines->last > line ? lines->last : line;
		}
	}
}

/*
 * claim[count] against the ones before it, on each kernel for which other rules are in force:
 * those on which the rule itself begins, or a rule before it begins or ends.
 */
static bool shadowed(struct judge *j, const struct sb_bound_claim *claim, uint32_t count,
		     struct taken *taken, struct lines *lines)
{
	uint32_t rule = j->layer->bound[claim[count].bound].rule;
	const struct sb_bound_force *force = j->layer->force;
	uint32_t next;

	for (uint32_t kernel = force[rule].from; kernel < force[rule].to; kernel = next) {
		if (j->steps >= STEPS_MAX || !all_taken(j, claim, count, kernel, taken))
			return false;
		find_lines(j, claim, count, kernel, lines);
		next = force[rule].to;
		for (uint32_t i = 0; i < count; i++) {
			const struct sb_bound_force *at =
				&force[j->layer->bound[claim[i].bound].rule];

			j->steps++;
			if (at->from > kernel && at->from < next)
				next = at->from;
			if (at->to > kernel && at->to < next)
				next = at->to;
		}
	}
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

/*
 * runc's stub begins above the largest number that a rule in force names: without this rule, is
 * there none at nr or above, at times?
 */
static bool holds_stub_off(struct judge *j, uint32_t arch, uint32_t nr, uint32_t rule)
{
	const struct sb_bound_force *force = j->layer->force;

	if (j->b->options->enosys != SECBAKE_ENOSYS_RUNC)
		return false;
	for (uint32_t i = j->layer->claim_count[arch];
	     i-- > 0 && j->layer->claim[arch][i].nr >= nr && j->steps < STEPS_MAX; j->steps++) {
		uint32_t other = j->layer->bound[j->layer->claim[arch][i].bound].rule;

		if (other != rule && force[other].from <= force[rule].from &&
		    force[rule].to <= force[other].to)
			return false;
	}
	return true;
}

/* Complain mode changes neither what is allowed nor what is held. */
static bool is_held(const struct judge *j, const struct sb_bound_rule *bound)
{
	return j->layer->native->rule[bound->rule].hold && bound->action != SECCOMP_RET_ALLOW;
}

static void judge_number(struct judge *j, uint32_t arch, const struct sb_bound_claim *claim,
			 uint32_t count)
{
	const struct secbake_arch *on = j->b->bound->arch[arch];
	uint32_t action = sb_native_raw(&j->layer->native->default_action, on);
	bool differs = is_late(j, on, claim->nr); /* where the default is not what is repeated */
	struct taken taken = {.kernel = SB_NONE};

	/* From the last: a rule matters if it, or one behind it, says something else in some mode.
	 */
	for (uint32_t i = count; i > 0; i--) {
		const struct sb_bound_rule *bound = &j->layer->bound[claim[i - 1].bound];

		differs |= bound->action != action || is_held(j, bound);
		if (differs || holds_stub_off(j, arch, claim->nr, bound->rule))
			j->seen[bound->rule] |= DIFFERS;
	}
	for (uint32_t i = 0; i < count; i++) {
		const struct sb_bound_rule *bound = &j->layer->bound[claim[i].bound];
		struct lines lines = {0};

		if (bound->never)
			continue;
		j->seen[bound->rule] |= CLAIMED;
		if (j->seen[bound->rule] & DECIDES)
			continue;
		if (!shadowed(j, claim, i, &taken, &lines))
			j->seen[bound->rule] |= DECIDES;
		else if (!j->line[bound->rule].first)
			j->line[bound->rule] = lines;
	}
}

static void warn_rule(const struct judge *j, uint32_t index)
{
	const struct sb_native_layer *layer = j->layer->native;
	const struct sb_native_rule *rule = &layer->rule[index];
	const struct sb_native_doc *doc = rule->spot.doc;

	if (!(j->seen[index] & CLAIMED))
		return;
	if (!(j->seen[index] & DECIDES) && j->line[index].first < j->line[index].last)
		sb_json_warn_as(&doc->reader, rule->spot.node, "shadowed-rule",
				"this rule decides no call: those at lines %u to %u do before it",
				j->line[index].first, j->line[index].last);
	else if (!(j->seen[index] & DECIDES))
		sb_json_warn_as(&doc->reader, rule->spot.node, "shadowed-rule",
				"this rule decides no call: the one at line %u does before it",
				j->line[index].first);
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
	j.calls = sb_alloc(b->arena, layer->bound_count, sizeof(*j.calls));
	if (!j.seen || !j.line || !j.calls) {
		sb_native_memory(&b->native->main->reader);
		return;
	}
	for (uint32_t i = 0; i < layer->bound_count; i++)
		j.calls[i] = SB_DD_NONE;
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
