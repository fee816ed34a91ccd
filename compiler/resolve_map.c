/* SPDX-License-Identifier: MIT */
/*
 * Numbers to rules: one map for each AUDIT_ARCH, with the calls that are carried
 * by socketcall(2) and ipc(2), and runc's stub before all.
 */
#include "resolve.h"

#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>

#include "syscalls.h"

static enum secbake_status out_of_memory(const struct sb_resolver *r)
{
	return secbake_error_set(r->lowering.report.error, SECBAKE_ERR_MEMORY, 0, "out of memory");
}

/* A call that an architecture carries under another's number, and its rule. */
struct carried {
	const struct sb_mux *mux;
	uint32_t rule, call; /* rule: of the policy */
};

static int compare_word(const void *key, const void *word)
{
	return strcmp(key, *(const char *const *)word);
}

/* What carrier is answered as far as its arguments do not matter: its own rule, or the default. */
static uint32_t carrier_action(const struct sb_resolver *r, const char *carrier)
{
	const char *const *name = bsearch(carrier, r->oci->name, r->oci->name_count,
					  sizeof(*r->oci->name), compare_word);
	const struct sb_list *list = name ? &r->list[name - r->oci->name] : NULL;

	return list && list->unconditional ? r->action[list->rule[0]] : r->default_raw;
}

/* Signed, as the kernel compares actions: the lower one is the stricter. */
static bool is_stricter(uint32_t a, uint32_t b)
{
	return (int32_t)(a & SECCOMP_RET_ACTION_FULL) < (int32_t)(b & SECCOMP_RET_ACTION_FULL);
}

/* Conditions on a call that arch also carries under another number. */
static enum secbake_status report_carried(struct sb_resolver *r, uint32_t name,
					  const struct secbake_arch *arch, const struct sb_mux *mux)
{
	const struct sb_oci_rule *rule = r->oci->rule;
	const struct sb_list *list = &r->list[name];
	uint32_t answer = carrier_action(r, mux->carrier);

	for (uint32_t i = 0; i < list->count; i++)
		if (is_stricter(r->action[list->rule[i]], answer))
			return sb_warn_as(
				&r->lowering.report, &rule[list->rule[i]].place, "carrier-bypass",
				"%s programs get around this rule: they can call \"%s\" through "
				"%s, where no filter sees the arguments; deny %s too",
				arch->name, r->oci->name[name], mux->carrier, mux->carrier);
	sb_note(&r->lowering.report, &rule[list->rule[0]].place,
		"the conditions on \"%s\" are not applied to %s of %s programs, where no filter sees "
		"the arguments; rules for %s itself decide there",
		r->oci->name[name], mux->carrier, arch->name, mux->carrier);
	return SECBAKE_OK;
}

static int compare_carried(const void *a, const void *b)
{
	const struct carried *x = a, *y = b;

	if (x->mux != y->mux)
		return strcmp(x->mux->carrier, y->mux->carrier);
	if (x->rule != y->rule)
		return x->rule < y->rule ? -1 : 1;
	return (x->call > y->call) - (x->call < y->call);
}

static bool has_carriers(const struct secbake_arch *arch)
{
	uint32_t number;

	for (const struct sb_mux *const *mux = sb_mux_all; *mux; mux++)
		if (sb_syscall_number(arch, (*mux)->carrier, &number))
			return true;
	return false;
}

/* What arch carries under another number: calls whose rule has no conditions. */
static enum secbake_status collect_carried(struct sb_resolver *r, const struct secbake_arch *arch,
					   bool *reported, struct carried *carried, uint32_t *count)
{
	bool report = !*reported; /* of the first architecture only: the others are alike */

	*count = 0;
	if (!has_carriers(arch))
		return SECBAKE_OK;
	for (uint32_t i = 0; i < r->oci->name_count; i++) {
		const struct sb_list *list = &r->list[i];
		const struct sb_mux *mux;
		uint32_t call, number;
		enum secbake_status status;

		mux = list->count ? sb_mux_find(r->oci->name[i], &call) : NULL;
		if (!mux || !sb_syscall_number(arch, mux->carrier, &number))
			continue;
		if (list->unconditional) {
			carried[(*count)++] = (struct carried){mux, list->rule[0], call};
			continue;
		}
		*reported = true;
		if (!report)
			continue;
		status = report_carried(r, i, arch, mux);
		if (status != SECBAKE_OK)
			return status;
	}
	qsort(carried, *count, sizeof(*carried), compare_carried);
	return SECBAKE_OK;
}

/* One rule for all calls of the carrier that one rule of the policy decides. */
static enum secbake_status emit_carried(struct sb_resolver *r, const struct carried *carried,
					uint32_t count, uint32_t *index)
{
	struct sb_interval *interval = sb_alloc(r->arena, count, sizeof(*interval));
	struct sb_cond *cond = sb_alloc(r->arena, 1, sizeof(*cond));
	struct sb_clause *clause = sb_alloc(r->arena, 1, sizeof(*clause));
	uint32_t used = 0;

	if (!interval || !cond || !clause)
		return out_of_memory(r);
	for (uint32_t i = 0; i < count; i++) {
		if (used && interval[used - 1].hi + 1 == carried[i].call)
			interval[used - 1].hi++;
		else
			interval[used++] = (struct sb_interval){carried[i].call, carried[i].call};
	}
	*cond = (struct sb_cond){
		.mask = carried->mux->mask, .interval_count = used, .interval = interval};
	*clause = (struct sb_clause){1, cond};
	return sb_emit_rule(r, carried->rule, clause, 1, index);
}

/* A rule for a number, while a map is built. */
struct claim {
	uint32_t nr, origin, rule; /* origin: the policy's rule, for precedence */
	bool unconditional;
};

static int compare_claims(const void *a, const void *b)
{
	const struct claim *x = a, *y = b;

	if (x->nr != y->nr)
		return x->nr < y->nr ? -1 : 1;
	if (x->unconditional != y->unconditional)
		return x->unconditional ? -1 : 1;
	if (x->origin != y->origin)
		return x->origin < y->origin ? -1 : 1;
	return (x->rule > y->rule) - (x->rule < y->rule);
}

struct map_builder {
	struct claim *claim;
	uint32_t count, room;
	struct carried *carried;
};

static enum secbake_status claim(struct sb_resolver *r, struct map_builder *b, uint32_t nr,
				 uint32_t rule, bool unconditional)
{
	if (b->count == b->room) {
		b->room = b->room * 2 + 64;
		b->claim = sb_grow(r->scratch, b->claim, b->count, b->room, sizeof(*b->claim));
		if (!b->claim)
			return out_of_memory(r);
	}
	b->claim[b->count++] = (struct claim){nr, r->origin[rule], rule, unconditional};
	return SECBAKE_OK;
}

static enum secbake_status claim_carried(struct sb_resolver *r, struct map_builder *b,
					 const struct secbake_arch *arch, bool *reported)
{
	enum secbake_status status;
	uint32_t count;

	status = collect_carried(r, arch, reported, b->carried, &count);
	for (uint32_t i = 0, end; status == SECBAKE_OK && i < count; i = end) {
		const struct carried *first = &b->carried[i];
		uint32_t nr, rule;

		for (end = i; end < count && b->carried[end].mux == first->mux &&
			      b->carried[end].rule == first->rule;
		     end++)
			;
		if (!sb_syscall_number(arch, first->mux->carrier, &nr))
			continue; /* cannot be: collect_carried asked */
		status = emit_carried(r, first, end - i, &rule);
		if (status == SECBAKE_OK)
			status = claim(r, b, nr, rule, false);
	}
	return status;
}

static enum secbake_status claim_arch(struct sb_resolver *r, struct map_builder *b, uint32_t a,
				      bool *reported)
{
	enum secbake_status status = SECBAKE_OK;

	for (uint32_t i = 0; i < r->oci->name_count; i++) {
		const struct sb_list *list = &r->list[i];

		if (r->number[a][i] == SB_NONE)
			continue;
		for (uint32_t j = 0; j < list->count && status == SECBAKE_OK; j++) {
			uint32_t rule;

			status = sb_rule_on_arch(r, r->arch[a], list->rule[j], &rule);
			if (status == SECBAKE_OK)
				status = claim(r, b, r->number[a][i], rule, list->unconditional);
		}
		if (status != SECBAKE_OK)
			return status;
	}
	return claim_carried(r, b, r->arch[a], reported);
}

/* Entries from claims sorted by number; those that the stub answers before are left out. */
static enum secbake_status build_entries(struct sb_resolver *r, const struct map_builder *b,
					 const struct sb_numbers *numbers, struct sb_map *map)
{
	struct sb_entry *entry = sb_alloc(r->arena, b->count, sizeof(*entry));
	uint32_t *rule = sb_alloc(r->arena, b->count, sizeof(*rule));

	if (!entry || !rule)
		return out_of_memory(r);
	qsort(b->claim, b->count, sizeof(*b->claim), compare_claims);
	for (uint32_t i = 0, end; i < b->count; i = end) {
		const struct claim *first = &b->claim[i];
		uint32_t kept = 0;

		for (end = i; end < b->count && b->claim[end].nr == first->nr; end++)
			if (end == i ||
			    (!first->unconditional && b->claim[end].rule != b->claim[end - 1].rule))
				rule[kept++] = b->claim[end].rule;
		if (sb_number_stubbed(numbers, first->nr))
			continue;
		entry[map->entry_count++] =
			(struct sb_entry){.nr = first->nr,
					  .rule_count = kept,
					  .rule = rule,
					  .fallback = r->kind[SB_NUMBER_DEFAULT]};
		rule += kept;
	}
	map->entry = entry;
	return SECBAKE_OK;
}

static uint32_t last_number(const struct sb_resolver *r, uint32_t a)
{
	uint32_t last = 0;

	for (uint32_t i = 0; i < r->oci->name_count; i++)
		if (r->number[a][i] != SB_NONE && r->number[a][i] > last)
			last = r->number[a][i];
	return last;
}

/* A default that lets calls run, or leaves them to a tracer, needs no stub. */
bool sb_wants_stub(const struct sb_resolver *r)
{
	uint32_t action = r->default_raw & SECCOMP_RET_ACTION_FULL;

	return r->options->options->enosys != SECBAKE_ENOSYS_NONE && action != SECCOMP_RET_ALLOW &&
	       action != SECCOMP_RET_LOG && action != SECCOMP_RET_TRACE;
}

/* The map of arch number first and, on x86_64, of its companion. */
static enum secbake_status build_map(struct sb_resolver *r, uint32_t first, bool *reported,
				     struct sb_map *map)
{
	const struct secbake_arch *x86_64 = secbake_arch_find("x86_64");
	struct sb_numbers numbers = {.stub = sb_wants_stub(r),
				     .s390 = !strncmp(r->arch[first]->table, "s390", 4)};
	struct map_builder b = {.room = 16};
	enum secbake_status status;

	map->audit_arch = r->arch[first]->audit_arch;
	numbers.x86_64 = map->audit_arch == x86_64->audit_arch;
	for (uint32_t a = first; a < r->arch_count; a++)
		b.room += r->arch[a]->audit_arch == map->audit_arch ? r->oci->name_count : 0;
	b.claim = sb_alloc_raw(r->scratch, b.room, sizeof(*b.claim));
	b.carried = sb_alloc_raw(r->scratch, r->oci->name_count, sizeof(*b.carried));
	if (!b.claim || !b.carried)
		return out_of_memory(r);
	for (uint32_t a = first; a < r->arch_count; a++) {
		if (r->arch[a]->audit_arch != map->audit_arch)
			continue;
		if (r->arch[a]->x32) {
			numbers.has_x32 = true;
			numbers.last_x32 = last_number(r, a);
		} else {
			numbers.has_64 = true;
			numbers.last = last_number(r, a);
		}
		status = claim_arch(r, &b, a, reported);
		if (status != SECBAKE_OK)
			return status;
	}
	map->span = sb_number_spans(r->arena, &numbers, r->kind, &map->span_count);
	if (!map->span)
		return out_of_memory(r);
	return build_entries(r, &b, &numbers, map);
}

enum secbake_status sb_resolve_maps(struct sb_resolver *r, struct sb_layer *layer)
{
	struct sb_map *map = sb_alloc(r->arena, r->arch_count, sizeof(*map));
	bool reported = false;

	if (!map)
		return out_of_memory(r);
	for (uint32_t a = 0; a < r->arch_count; a++) {
		enum secbake_status status;
		uint32_t i = 0;

		while (i < layer->map_count && map[i].audit_arch != r->arch[a]->audit_arch)
			i++;
		if (i < layer->map_count)
			continue;
		status = build_map(r, a, &reported, &map[layer->map_count++]);
		if (status != SECBAKE_OK)
			return status;
	}
	layer->map = map;
	return SECBAKE_OK;
}
