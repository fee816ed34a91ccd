/* SPDX-License-Identifier: MIT */
/* Random layers, calls near what they name, and a lookup of their verdicts. */
#include "prove_random_world.h"

#include <stdlib.h>
#include <string.h>

const struct sb_prove_limits limits = {.nodes = 1u << 17, .steps = 1u << 21, .points = 1u << 14};

uint64_t next_random(uint64_t *state)
{
	uint64_t x = *state += 0x9e3779b97f4a7c15u;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

uint32_t below(uint64_t *random, uint32_t end)
{
	return (uint32_t)((next_random(random) >> 32) % end);
}

uint32_t random_word(uint64_t *random)
{
	static const uint32_t edges[] = {0, 1, 2, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff};

	switch (below(random, 4)) {
	case 0:
		return edges[below(random, COUNT(edges))];
	case 1:
		return (uint32_t)next_random(random);
	default:
		return below(random, 8);
	}
}

uint64_t random_value(uint64_t *random)
{
	return (uint64_t)random_word(random) << 32 | random_word(random);
}

static const uint32_t archs[MAPS] = {0xc000003e, 0x40000003, 0xc00000b7};

static uint32_t random_action(uint64_t *random)
{
	static const uint32_t actions[] = {SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_KILL_THREAD,
					   SECCOMP_RET_LOG,	     SECCOMP_RET_TRACE,
					   SECCOMP_RET_ERRNO | 1,    SECCOMP_RET_ERRNO | 38};

	return actions[below(random, COUNT(actions))];
}

static void random_cond(uint64_t *random, struct sb_cond *cond, struct sb_interval *interval)
{
	static const uint64_t masks[] = {UINT64_MAX,	     UINT64_MAX,	 0xffffffff, 0xf0f0,
					 0xffffffff00000000, 0x8000000000000001, 0xff,	     0};
	uint64_t next = below(random, 2) != 0 ? 0 : random_value(random) >> 1;
	uint32_t count = 0, wanted = below(random, INTERVALS + 1);

	cond->arg = (uint8_t)below(random, 3);
	cond->negate = below(random, 4) == 0;
	cond->mask = masks[below(random, COUNT(masks))];
	cond->interval = interval;
	while (count < wanted) {
		uint64_t lo = next + (below(random, 2) != 0 ? below(random, 9)
							    : random_value(random) >> 3);
		uint64_t hi =
			lo + (below(random, 2) != 0 ? below(random, 9) : random_value(random) >> 3);

		if (lo < next || hi < lo)
			break;
		if (below(random, 16) == 0)
			hi = UINT64_MAX;
		interval[count++] = (struct sb_interval){lo, hi};
		if (hi == UINT64_MAX)
			break;
		next = hi + 1;
	}
	cond->interval_count = count;
}

static void random_rules(uint64_t *random, struct sample *s)
{
	for (uint32_t i = 0; i < RULES; i++) {
		s->rule[i].action = random_action(random);
		s->rule[i].clause_count = below(random, CLAUSES + 1);
		s->rule[i].clause = s->clause[i];
		for (uint32_t j = 0; j < CLAUSES; j++) {
			s->clause[i][j].cond_count = 1 + below(random, CONDS);
			s->clause[i][j].cond = s->cond[i][j];
			for (uint32_t k = 0; k < CONDS; k++)
				random_cond(random, &s->cond[i][j][k], s->interval[i][j][k]);
		}
	}
	s->layer.rule = s->rule;
	s->layer.rule_count = RULES;
}

static void random_map(uint64_t *random, struct sample *s, uint32_t m)
{
	struct sb_map *map = &s->map[m];
	uint32_t spans = 1 + below(random, SPANS), next = 0;

	map->audit_arch = archs[m];
	map->span = s->span[m];
	map->span_count = spans;
	for (uint32_t i = 0; i < spans; i++) {
		uint32_t hi = i + 1 == spans ? UINT32_MAX : next + below(random, 40);

		if (i + 2 == spans && below(random, 2) != 0)
			hi = 0x3fffffff;
		s->span[m][i] = (struct sb_span){next, hi, random_action(random), 0};
		if (i != 0 && below(random, 2) != 0)
			s->span[m][i].action = SECCOMP_RET_ALLOW;
		next = hi + 1;
	}
	map->entry = s->entry[m];
	map->entry_count = below(random, ENTRIES + 1);
	next = 0;
	for (uint32_t i = 0; i < map->entry_count; i++) {
		struct sb_entry *entry = &s->entry[m][i];

		entry->nr = next + below(random, 9);
		if (i + 1 == map->entry_count && below(random, 3) == 0)
			entry->nr = below(random, 2) != 0 ? UINT32_MAX : 0x40000000 + entry->nr;
		next = entry->nr + 1;
		entry->fallback = random_action(random);
		entry->rule_count = below(random, 5);
		entry->rule = s->entry_rule[m][i];
		for (uint32_t j = 0; j < entry->rule_count; j++)
			s->entry_rule[m][i][j] = below(random, RULES);
	}
}

void random_layer(uint64_t *random, struct sample *s)
{
	memset(s, 0, sizeof(*s));
	s->layer.foreign = random_action(random);
	s->layer.map_count = below(random, MAPS + 1);
	s->layer.map = s->map;
	random_rules(random, s);
	for (uint32_t m = 0; m < s->layer.map_count; m++)
		random_map(random, s, m);
	assert_int_equal(sb_prove_layer_check(&s->layer, NULL), SECBAKE_OK);
}

/* Of some clause all conditions hold; by this file's own reading of resolved.h. */
static bool holds(const struct sb_rule *rule, const uint64_t *args)
{
	bool any = rule->clause_count == 0;

	for (uint32_t i = 0; i < rule->clause_count; i++) {
		bool all = true;

		for (uint32_t j = 0; j < rule->clause[i].cond_count; j++) {
			const struct sb_cond *cond = &rule->clause[i].cond[j];
			uint64_t value = args[cond->arg] & cond->mask;
			uint32_t hits = 0;

			for (uint32_t k = 0; k < cond->interval_count; k++)
				hits += cond->interval[k].lo <= value &&
					value <= cond->interval[k].hi;
			all = all && (hits > 0) != cond->negate;
		}
		any = any || all;
	}
	return any;
}

static uint32_t look_up(const struct sb_layer *layer, const struct seccomp_data *data,
			const uint64_t *args)
{
	uint32_t nr = (uint32_t)data->nr, verdict = layer->foreign;

	for (uint32_t m = 0; m < layer->map_count; m++) {
		const struct sb_map *map = &layer->map[m];

		if (map->audit_arch != data->arch)
			continue;
		for (uint32_t i = 0; i < map->span_count; i++) {
			if (map->span[i].lo <= nr && nr <= map->span[i].hi)
				verdict = map->span[i].action;
		}
		for (uint32_t i = 0; i < map->entry_count; i++) {
			if (map->entry[i].nr != nr)
				continue;
			verdict = map->entry[i].fallback;
			for (uint32_t j = map->entry[i].rule_count; j-- > 0;) {
				if (holds(&layer->rule[map->entry[i].rule[j]], args))
					verdict = layer->rule[map->entry[i].rule[j]].action;
			}
		}
	}
	return verdict;
}

struct seccomp_data random_call(uint64_t *random, const struct sample *s)
{
	struct seccomp_data data = {.nr = (int)below(random, 60)};
	uint32_t m = below(random, MAPS);

	data.arch = below(random, 16) == 0 ? random_word(random) : archs[m];
	if (s->map[m].entry_count != 0 && below(random, 4) != 0)
		data.nr = (int)s->entry[m][below(random, s->map[m].entry_count)].nr;
	if (below(random, 10) == 0)
		data.nr = (int)(s->span[m][below(random, SPANS)].hi + below(random, 2));
	for (uint32_t i = 0; i < 6; i++) {
		const struct sb_interval *near =
			&s->interval[below(random, RULES)][below(random, CLAUSES)]
				    [below(random, CONDS)][below(random, INTERVALS)];
		uint64_t value = below(random, 2) != 0 ? near->lo : near->hi;

		value += (uint64_t)below(random, 3) - 1;
		if (below(random, 4) == 0)
			value ^= (uint64_t)1 << below(random, 64);
		data.args[i] = below(random, 6) == 0 ? random_value(random) : value;
	}
	data.instruction_pointer = random_value(random);
	return data;
}

uint32_t expected(const struct sample *s, const struct seccomp_data *data)
{
	uint64_t args[6];

	memcpy(args, data->args, sizeof(args));
	return look_up(&s->layer, data, args);
}
