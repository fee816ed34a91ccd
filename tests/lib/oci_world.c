/* SPDX-License-Identifier: MIT */
/* A policy of the oci dialect resolved, and what it says to a call. */
#include "oci_world.h"

#include <stdio.h>

static void report(struct secbake_reporter *self, enum secbake_level level,
		   const struct secbake_error *message)
{
	struct fixture *f = (struct fixture *)self;

	if (level == SECBAKE_NOTE)
		f->notes++;
	else
		f->warnings++;
	snprintf(f->last, sizeof(f->last), "%s", message->text);
}

int setup(void **state)
{
	static struct fixture f;

	f = (struct fixture){.reporter = {report}, .arena = sb_arena_new()};
	f.target = (struct secbake_features){.arch = secbake_arch_find("x86_64"),
					     .method = SECBAKE_METHOD_SECCOMP,
					     .actions = SECBAKE_ACTIONS_ALL,
					     .flags = SECBAKE_FLAGS_ALL,
					     .kernel = SECBAKE_KERNEL(6, 1)};
	*state = &f;
	return f.arena ? 0 : -1;
}

int teardown(void **state)
{
	sb_arena_free(((struct fixture *)*state)->arena);
	return 0;
}

enum secbake_status try_resolve(struct fixture *f, const char *json)
{
	struct secbake_text text = {.bytes = json, .size = strlen(json), .file = "policy.json"};
	struct sb_document document;
	struct sb_resolve_options options = {.target = &f->target,
					     .kernel = f->target.kernel,
					     .mode = f->mode,
					     .options = &f->options,
					     .file = "policy.json"};

	f->error = (struct secbake_error){0};
	f->warnings = 0;
	f->notes = 0;
	if (sb_read(f->arena, &text, &f->options, &f->reporter, &document, &f->error) != SECBAKE_OK)
		fail_msg("line %u: %s: %s", f->error.line, f->error.pointer, f->error.text);
	return sb_resolve_oci(f->arena, document.oci, &options, &f->reporter, &f->resolved,
			      &f->error);
}

void resolve(struct fixture *f, const char *json)
{
	if (f->options.enosys == SECBAKE_ENOSYS_AUTO)
		f->options.enosys = SECBAKE_ENOSYS_NONE;
	if (try_resolve(f, json) != SECBAKE_OK)
		fail_msg("line %u: %s: %s", f->error.line, f->error.pointer, f->error.text);
	assert_int_equal(f->resolved.layer_count, 1);
}

static bool condition_holds(const struct sb_cond *cond, const uint64_t args[6])
{
	bool inside = false;

	for (uint32_t i = 0; i < cond->interval_count; i++)
		inside |= (args[cond->arg] & cond->mask) >= cond->interval[i].lo &&
			  (args[cond->arg] & cond->mask) <= cond->interval[i].hi;
	return inside != cond->negate;
}

static bool rule_holds(const struct sb_rule *rule, const uint64_t args[6])
{
	for (uint32_t i = 0; i < rule->clause_count; i++) {
		bool all = true;

		for (uint32_t j = 0; j < rule->clause[i].cond_count; j++)
			all &= condition_holds(&rule->clause[i].cond[j], args);
		if (all)
			return true;
	}
	return !rule->clause_count;
}

static uint32_t map_verdict(const struct sb_layer *layer, const struct sb_map *map, uint32_t nr,
			    const uint64_t args[6])
{
	for (uint32_t i = 0; i < map->entry_count; i++) {
		const struct sb_entry *entry = &map->entry[i];

		if (entry->nr != nr)
			continue;
		for (uint32_t j = 0; j < entry->rule_count; j++)
			if (rule_holds(&layer->rule[entry->rule[j]], args))
				return layer->rule[entry->rule[j]].action;
		return entry->fallback;
	}
	for (uint32_t i = 0; i < map->span_count; i++)
		if (nr >= map->span[i].lo && nr <= map->span[i].hi)
			return map->span[i].action;
	fail_msg("no span holds %u", nr);
	return 0;
}

uint32_t verdict_of(const struct fixture *f, const char *arch, uint32_t nr, uint64_t a0,
		    uint64_t a1)
{
	const struct sb_layer *layer = f->resolved.layer;
	const uint64_t args[6] = {a0, a1, 0, 0, 0, 0};

	for (uint32_t i = 0; i < layer->map_count; i++)
		if (layer->map[i].audit_arch == secbake_arch_find(arch)->audit_arch)
			return map_verdict(layer, &layer->map[i], nr, args);
	return layer->foreign;
}

void check_shape(const struct fixture *f)
{
	const struct sb_layer *layer = f->resolved.layer;

	assert_true(layer->map_count > 0);
	assert_int_equal(layer->map[0].audit_arch, f->target.arch->audit_arch);
	for (uint32_t i = 0; i < layer->map_count; i++) {
		const struct sb_map *map = &layer->map[i];
		uint64_t next = 0;

		for (uint32_t j = 0; j < i; j++)
			assert_int_not_equal(map->audit_arch, layer->map[j].audit_arch);
		for (uint32_t j = 0; j < map->span_count; j++) {
			assert_true(map->span[j].lo == next && map->span[j].hi >= next);
			next = (uint64_t)map->span[j].hi + 1;
		}
		assert_true(next == UINT64_C(1) << 32);
		for (uint32_t j = 0; j < map->entry_count; j++) {
			assert_true(!j || map->entry[j].nr > map->entry[j - 1].nr);
			assert_true(map->entry[j].rule_count > 0);
			for (uint32_t k = 0; k < map->entry[j].rule_count; k++)
				assert_true(map->entry[j].rule[k] < layer->rule_count);
		}
	}
}
