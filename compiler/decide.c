/* SPDX-License-Identifier: MIT */
/* From rules to a total map of numbers to decisions. */
#include "decide.h"

#include <string.h>

#define BUCKETS 1024u
/* Cases over all numbers: far more than any program holds; bounds work on hostile policies. */
#define CASES_MAX (1u << 20)

/* A list of rules that was decided before: calls named together share theirs. */
struct decided_list {
	const struct sb_entry *entry;
	const struct sb_decision *decision;
	struct decided_list *chain;
};

struct decider {
	struct sb_arena *arena;
	const struct sb_layer *layer;
	const struct sb_decision *bucket[BUCKETS];
	struct decided_list *list[BUCKETS];
	size_t cases;
	uint32_t decision_count;
};

enum truth { NEVER, SOMETIMES, ALWAYS };

/* What a condition comes to without looking at the argument. */
static enum truth truth_of(const struct sb_cond *cond)
{
	bool full = cond->interval_count == 1 && cond->interval[0].lo == 0 &&
		    cond->interval[0].hi >= cond->mask;
	bool empty = true;

	/* The masked value is at most the mask, and 0 is always among those it takes. */
	for (uint32_t i = 0; i < cond->interval_count; i++) {
		const struct sb_interval *in = &cond->interval[i];

		if (in->lo > cond->mask)
			continue;
		if (in->lo == in->hi && (in->lo & ~cond->mask))
			continue;
		empty = false;
	}
	if (full)
		return cond->negate ? NEVER : ALWAYS;
	if (empty)
		return cond->negate ? ALWAYS : NEVER;
	return SOMETIMES;
}

/*
 * Comparing under a mask 11..100..0 is comparing the whole value with wider
 * intervals: said so, it can be merged with its neighbours. Returns the
 * condition itself where the mask is of another form, or memory is out.
 */
static struct sb_cond without_mask(struct decider *d, const struct sb_cond *cond)
{
	uint64_t width = cond->mask > UINT32_MAX ? UINT64_MAX : UINT32_MAX;
	uint64_t below = width & ~cond->mask;
	struct sb_interval *wider;
	struct sb_cond out = *cond;
	uint32_t count = 0;

	if (!below || !cond->mask || (below & (below + 1)))
		return out;
	wider = sb_alloc(d->arena, cond->interval_count, sizeof(*wider));
	if (!wider)
		return out;
	for (uint32_t i = 0; i < cond->interval_count; i++) {
		const struct sb_interval *in = &cond->interval[i];
		uint64_t hi = in->hi < cond->mask ? in->hi & ~below : cond->mask, lo;

		if (in->lo > hi) /* the mask lets no value of it through */
			continue;
		lo = (in->lo + below) & ~below; /* at most hi, so this cannot wrap */
		if (count && lo <= wider[count - 1].hi + 1)
			wider[count - 1].hi = hi | below;
		else
			wider[count++] = (struct sb_interval){lo, hi | below};
	}
	out.mask = width;
	out.interval = wider;
	out.interval_count = count;
	return out;
}

/* The clause without conditions that always hold; ALWAYS when none is left. */
static enum truth simplify(struct decider *d, const struct sb_clause *in, struct sb_clause *out)
{
	struct sb_cond *kept = sb_alloc(d->arena, in->cond_count, sizeof(*kept));
	uint32_t count = 0;

	if (!kept && in->cond_count)
		return NEVER; /* seen by the caller: out->cond is NULL */
	for (uint32_t i = 0; i < in->cond_count; i++) {
		enum truth truth = truth_of(&in->cond[i]);

		if (truth == NEVER) {
			*out = (struct sb_clause){0, kept};
			return NEVER;
		}
		if (truth == SOMETIMES)
			kept[count++] = without_mask(d, &in->cond[i]);
	}
	*out = (struct sb_clause){count, kept};
	return count ? SOMETIMES : ALWAYS;
}

static bool same_cond(const struct sb_cond *a, const struct sb_cond *b)
{
	return a->arg == b->arg && a->negate == b->negate && a->mask == b->mask &&
	       a->interval_count == b->interval_count &&
	       (a->interval == b->interval || !a->interval_count ||
		!memcmp(a->interval, b->interval, a->interval_count * sizeof(*a->interval)));
}

static bool same_decision(const struct sb_decision *a, const struct sb_decision *b)
{
	if (a->case_count != b->case_count || a->fallback != b->fallback)
		return false;
	for (uint32_t i = 0; i < a->case_count; i++) {
		const struct sb_case *x = &a->cases[i], *y = &b->cases[i];

		if (x->action != y->action || x->clause.cond_count != y->clause.cond_count)
			return false;
		for (uint32_t j = 0; j < x->clause.cond_count; j++)
			if (!same_cond(&x->clause.cond[j], &y->clause.cond[j]))
				return false;
	}
	return true;
}

static uint64_t mix(uint64_t h, uint64_t value)
{
	h = (h ^ value) * 0x9e3779b97f4a7c15u;
	return h ^ h >> 29;
}

static uint32_t hash_decision(const struct sb_decision *decision)
{
	uint64_t h = mix(decision->fallback, decision->case_count);

	for (uint32_t i = 0; i < decision->case_count; i++) {
		const struct sb_case *c = &decision->cases[i];

		h = mix(h, c->action);
		for (uint32_t j = 0; j < c->clause.cond_count; j++) {
			const struct sb_cond *cond = &c->clause.cond[j];

			h = mix(h, cond->mask + cond->arg);
			if (cond->interval_count)
				h = mix(h, cond->interval[0].lo);
		}
	}
	return (uint32_t)h & (BUCKETS - 1);
}

/* The one object for this decision; NULL when memory is out. */
static const struct sb_decision *intern(struct decider *d, const struct sb_decision *wanted)
{
	uint32_t at = hash_decision(wanted);
	struct sb_decision *made;

	for (const struct sb_decision *known = d->bucket[at]; known; known = known->chain)
		if (same_decision(known, wanted))
			return known;
	made = sb_alloc(d->arena, 1, sizeof(*made));
	if (!made)
		return NULL;
	*made = *wanted;
	made->id = d->decision_count++;
	made->chain = d->bucket[at];
	d->bucket[at] = made;
	return made;
}

static const struct sb_decision *constant(struct decider *d, uint32_t action)
{
	return intern(d, &(struct sb_decision){.fallback = action});
}

static const struct sb_decision *decide_rules(struct decider *d, const struct sb_entry *entry)
{
	struct sb_decision decision = {.fallback = entry->fallback};
	struct sb_case *cases;
	size_t most = 0;
	bool over = false; /* a case that always holds: nothing behind it counts */

	for (uint32_t i = 0; i < entry->rule_count; i++)
		most += d->layer->rule[entry->rule[i]].clause_count;
	d->cases += most;
	if (d->cases > CASES_MAX)
		return NULL;
	cases = sb_alloc(d->arena, most, sizeof(*cases));
	if (!cases && most)
		return NULL;
	for (uint32_t i = 0; i < entry->rule_count && !over; i++) {
		const struct sb_rule *rule = &d->layer->rule[entry->rule[i]];

		over = rule->clause_count == 0;
		for (uint32_t j = 0; j < rule->clause_count && !over; j++) {
			struct sb_clause clause;
			enum truth truth = simplify(d, &rule->clause[j], &clause);

			if (truth == NEVER && !clause.cond)
				return NULL;
			if (truth == SOMETIMES)
				cases[decision.case_count++] =
					(struct sb_case){clause, rule->action};
			over = truth == ALWAYS;
		}
		if (over)
			decision.fallback = rule->action;
	}
	while (decision.case_count && cases[decision.case_count - 1].action == decision.fallback)
		decision.case_count--;
	decision.cases = cases;
	return intern(d, &decision);
}

/* NULL: memory is out, or d->cases is past its limit. */
static const struct sb_decision *decide_entry(struct decider *d, const struct sb_entry *entry)
{
	uint64_t h = mix(entry->fallback, entry->rule_count);
	struct decided_list *made, **bucket;

	for (uint32_t i = 0; i < entry->rule_count; i++)
		h = mix(h, entry->rule[i]);
	bucket = &d->list[h & (BUCKETS - 1)];
	for (const struct decided_list *known = *bucket; known; known = known->chain)
		if (known->entry->fallback == entry->fallback &&
		    known->entry->rule_count == entry->rule_count &&
		    (!entry->rule_count || !memcmp(known->entry->rule, entry->rule,
						   entry->rule_count * sizeof(*entry->rule))))
			return known->decision;
	made = sb_alloc(d->arena, 1, sizeof(*made));
	if (!made || !(made->decision = decide_rules(d, entry)))
		return NULL;
	made->entry = entry;
	made->chain = *bucket;
	*bucket = made;
	return made->decision;
}

/* Appends a range, or widens the last one when it decides the same. */
static void append(struct sb_range *range, uint32_t *count, uint32_t lo, uint32_t hi,
		   const struct sb_decision *decision)
{
	if (*count && range[*count - 1].decision == decision)
		range[*count - 1].hi = hi;
	else
		range[(*count)++] = (struct sb_range){lo, hi, decision};
}

static bool decide_map(struct decider *d, const struct sb_map *map, struct sb_number_map *out)
{
	size_t most = (size_t)map->span_count + 2 * (size_t)map->entry_count;
	struct sb_range *range = sb_alloc(d->arena, most, sizeof(*range));
	uint32_t count = 0, entry = 0;

	if (!range)
		return false;
	for (uint32_t i = 0; i < map->span_count; i++) {
		const struct sb_span *span = &map->span[i];
		const struct sb_decision *between = constant(d, span->action);
		uint64_t at = span->lo;

		for (; entry < map->entry_count && map->entry[entry].nr <= span->hi; entry++) {
			uint32_t nr = map->entry[entry].nr;
			const struct sb_decision *own = decide_entry(d, &map->entry[entry]);

			if (!own || !between)
				return false;
			if (at < nr)
				append(range, &count, (uint32_t)at, nr - 1, between);
			append(range, &count, nr, nr, own);
			at = (uint64_t)nr + 1;
		}
		if (!between)
			return false;
		if (at <= span->hi)
			append(range, &count, (uint32_t)at, span->hi, between);
	}
	*out = (struct sb_number_map){map->audit_arch, count, range};
	return true;
}

enum secbake_status sb_decide(struct sb_arena *arena, const struct sb_layer *layer,
			      struct sb_decided *decided, struct secbake_error *error)
{
	struct decider *d = sb_alloc(arena, 1, sizeof(*d));
	struct sb_number_map *map = sb_alloc(arena, layer->map_count, sizeof(*map));

	if (!d || (!map && layer->map_count))
		return secbake_error_set(error, SECBAKE_ERR_MEMORY, 0, "out of memory");
	d->arena = arena;
	d->layer = layer;
	for (uint32_t i = 0; i < layer->map_count; i++)
		if (!decide_map(d, &layer->map[i], &map[i]))
			return d->cases > CASES_MAX
				       ? secbake_error_set(error, SECBAKE_ERR_LIMIT, 0,
							   "has more than %u conditions to check "
							   "over all calls; name fewer calls or "
							   "fewer argument values",
							   CASES_MAX)
				       : secbake_error_set(error, SECBAKE_ERR_MEMORY, 0,
							   "out of memory");
	*decided = (struct sb_decided){layer->map_count, map, layer->foreign, d->decision_count};
	return SECBAKE_OK;
}
