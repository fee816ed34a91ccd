/* SPDX-License-Identifier: MIT */
/*
 * Resolving a bound native policy for one mode and one kernel version: which
 * rules are in force, actions as the target has them, what numbers get that no
 * rule names. docs/policy.md says how.
 */
#include "resolve_native.h"

#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>

#include "syscalls.h"

/* State of one layer. */
struct resolver {
	struct sb_arena *arena;
	const struct sb_bound *bound;
	const struct sb_resolve_options *options;
	struct sb_lowering lowering;
	const struct sb_bound_layer *from;
	uint32_t default_action[SB_ARCHES_MAX];
	uint32_t enosys[SB_ARCHES_MAX];
	uint32_t foreign;
	uint32_t *emitted; /* of each bound rule: index in rule, or SB_NONE */
	struct sb_rule *rule;
	uint32_t rule_count;
	bool notifies;
};

static enum secbake_status out_of_memory(const struct resolver *r)
{
	return secbake_error_set(r->lowering.report.error, SECBAKE_ERR_MEMORY, 0, "out of memory");
}

static bool in_force(const struct resolver *r, uint32_t rule)
{
	const struct sb_bound_force *force = &r->from->force[rule];

	return force->from <= r->options->kernel && r->options->kernel < force->to;
}

/* What stands in for what the target lacks, with the error numbers of arch. */
static void set_instead(struct resolver *r, const struct secbake_arch *arch)
{
	const struct sb_native *native = r->bound->native;
	const struct sb_native_substitute *const from[SB_INSTEAD_ACTIONS] = {
		[SB_INSTEAD_LOG] = &native->no_log,
		[SB_INSTEAD_KILL_PROCESS] = &native->no_kill_process,
		[SB_INSTEAD_NOTIFY] = &native->no_notify,
	};
	struct sb_instead *instead = &r->lowering.instead;

	for (int i = 0; i < SB_INSTEAD_ACTIONS; i++) {
		if (from[i]->kind == SB_NATIVE_ERROR)
			instead->action[i] = (struct sb_instead_action){.kind = SB_INSTEAD_FAIL};
		else if (from[i]->kind == SB_NATIVE_SUBSTITUTE)
			instead->action[i] = (struct sb_instead_action){
				SB_INSTEAD_TAKE, sb_native_raw(&from[i]->action, arch)};
	}
	for (int i = 0; i < 32; i++)
		if (native->no_flag[i].kind)
			instead->flag[i] = native->no_flag[i].kind == SB_NATIVE_DROP
						   ? SB_INSTEAD_TAKE
						   : SB_INSTEAD_FAIL;
}

static enum secbake_status lower(struct resolver *r, const struct secbake_arch *arch, uint32_t raw,
				 bool hold, const struct sb_native_doc *doc,
				 const struct sb_place *place, uint32_t *lowered)
{
	enum secbake_status status;

	set_instead(r, arch);
	r->lowering.mode = hold ? SECBAKE_MODE_ENFORCE : r->options->mode;
	r->lowering.report.file = doc->reader.report.file;
	status = sb_lower_action(&r->lowering, raw, place, lowered);
	if (status == SECBAKE_OK && (*lowered & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_USER_NOTIF)
		r->notifies = true;
	return status;
}

/* A default that lets calls run, or asks somebody, leaves nothing to answer for. */
static bool wants_enosys(const struct resolver *r)
{
	uint32_t ret = r->from->native->default_action.ret;
	bool denies = ret == SECCOMP_RET_ERRNO || ret == SECCOMP_RET_TRAP ||
		      ret == SECCOMP_RET_KILL_THREAD || ret == SECCOMP_RET_KILL_PROCESS;

	switch (r->options->options->enosys) {
	case SECBAKE_ENOSYS_NONE:
		return false;
	case SECBAKE_ENOSYS_RUNC:
		return denies;
	default:
		return denies && r->bound->native->baseline;
	}
}

static enum secbake_status lower_defaults(struct resolver *r)
{
	const struct sb_native *native = r->bound->native;
	const struct sb_native_layer *layer = r->from->native;
	const struct sb_errno *enosys = sb_errno_find("ENOSYS");
	enum secbake_status status = SECBAKE_OK;
	struct sb_place place, foreign;

	if (!sb_native_place(&layer->default_spot, &place) ||
	    !sb_native_place(&native->foreign_spot, &foreign))
		return out_of_memory(r);
	for (uint32_t a = 0; a < r->bound->arch_count && status == SECBAKE_OK; a++) {
		const struct secbake_arch *arch = r->bound->arch[a];

		status = lower(r, arch, sb_native_raw(&layer->default_action, arch), false,
			       layer->default_spot.doc, &place, &r->default_action[a]);
		if (status == SECBAKE_OK && wants_enosys(r))
			status = lower(r, arch, SECCOMP_RET_ERRNO | sb_errno_value(enosys, arch),
				       false, layer->default_spot.doc, &place, &r->enosys[a]);
	}
	if (status == SECBAKE_OK)
		status = lower(r, r->bound->target,
			       sb_native_raw(&native->foreign, r->bound->target), false,
			       native->foreign_spot.doc, &foreign, &r->foreign);
	return status;
}

static enum secbake_status emit(struct resolver *r, uint32_t bound, uint32_t *index)
{
	const struct sb_bound_rule *from = &r->from->bound[bound];
	const struct sb_native_rule *native = &r->from->native->rule[from->rule];
	struct sb_rule *rule = &r->rule[r->rule_count];
	enum secbake_status status;

	if (r->emitted[bound] != SB_NONE) {
		*index = r->emitted[bound];
		return SECBAKE_OK;
	}
	*rule = (struct sb_rule){.clause_count = from->clause_count,
				 .clause = from->clause,
				 .place = r->from->force[from->rule].place};
	status = lower(r, r->bound->arch[from->arch], from->action, native->hold, native->spot.doc,
		       &rule->place, &rule->action);
	*index = r->emitted[bound] = r->rule_count;
	r->rule_count++;
	return status;
}

/* Entries of one architecture, from claims sorted by number; rule has room for all. */
static enum secbake_status add_entries(struct resolver *r, uint32_t a, struct sb_map *map,
				       struct sb_entry *entry, uint32_t *rule)
{
	const struct sb_bound_claim *claim = r->from->claim[a];
	uint32_t count = r->from->claim_count[a];
	enum secbake_status status = SECBAKE_OK;

	for (uint32_t i = 0, end; i < count; i = end) {
		struct sb_entry *at = &entry[map->entry_count];
		bool named = false, decided = false;

		*at = (struct sb_entry){
			.nr = claim[i].nr, .rule = rule, .fallback = r->default_action[a]};
		for (end = i; end < count && claim[end].nr == claim[i].nr; end++) {
			const struct sb_bound_rule *bound = &r->from->bound[claim[end].bound];

			if (!in_force(r, bound->rule))
				continue;
			named = true;
			if (decided || bound->never ||
			    (end > i && claim[end].bound == claim[end - 1].bound))
				continue;
			status = emit(r, claim[end].bound, rule);
			if (status != SECBAKE_OK)
				return status;
			rule++;
			at->rule_count++;
			decided = !bound->clause_count;
		}
		map->entry_count += named;
	}
	return status;
}

/* Spans from 0 on, neighbours of one kind and action joined. */
struct spans {
	struct sb_span *at;
	uint32_t count;
	uint64_t next; /* where the next one begins */
};

static void extend(struct spans *spans, uint32_t hi, uint32_t action, enum sb_number_kind kind)
{
	if (hi < spans->next)
		return;
	if (spans->count && spans->at[spans->count - 1].action == action &&
	    spans->at[spans->count - 1].kind == kind)
		spans->at[spans->count - 1].hi = hi;
	else
		spans->at[spans->count++] =
			(struct sb_span){(uint32_t)spans->next, hi, action, kind};
	spans->next = (uint64_t)hi + 1;
}

static int compare_numbers(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* Numbers that the kernel gained after the baseline, sorted; NULL: out of memory. */
static uint32_t *late_numbers(struct resolver *r, uint32_t a, uint32_t *count)
{
	const struct secbake_arch *arch = r->bound->arch[a];
	size_t names = 0;
	uint32_t *late, since;

	while (sb_syscall_at(names))
		names++;
	late = sb_alloc(r->arena, names, sizeof(*late));
	*count = 0;
	for (size_t i = 0; late && i < names; i++)
		if (sb_syscall_since(arch, sb_syscall_at(i), &since) &&
		    since > r->bound->native->baseline &&
		    sb_syscall_number(arch, sb_syscall_at(i), &late[*count]))
			(*count)++;
	if (late)
		qsort(late, *count, sizeof(*late), compare_numbers);
	return late;
}

/* Numbers up to hi that architecture number a has to itself; last: the largest that rules name. */
static bool add_spans(struct resolver *r, struct spans *spans, uint32_t a, uint32_t hi,
		      uint32_t last)
{
	const struct secbake_arch *arch = r->bound->arch[a];
	bool runc = r->options->options->enosys == SECBAKE_ENOSYS_RUNC;
	uint32_t *late, count = 0;

	if (!wants_enosys(r) || (runc && last == SB_NONE)) {
		extend(spans, hi, r->default_action[a], SB_NUMBER_DEFAULT);
		return true;
	}
	if (!runc) {
		late = late_numbers(r, a, &count);
		if (!late)
			return false;
		for (uint32_t i = 0; i < count; i++) {
			if (late[i] > spans->next)
				extend(spans, late[i] - 1, r->default_action[a], SB_NUMBER_DEFAULT);
			extend(spans, late[i], r->enosys[a], SB_NUMBER_ENOSYS);
		}
		last = sb_syscall_last(arch);
	}
	extend(spans, last, r->default_action[a], SB_NUMBER_DEFAULT);
	extend(spans, hi, r->enosys[a], SB_NUMBER_ENOSYS);
	return true;
}

static uint32_t last_named(const struct sb_map *map, uint32_t first)
{
	return map->entry_count > first ? map->entry[map->entry_count - 1].nr : SB_NONE;
}

/* The architecture of this AUDIT_ARCH, x32 or not; SB_NONE: not among the policy's. */
static uint32_t find_arch(const struct resolver *r, uint32_t audit_arch, bool x32)
{
	for (uint32_t a = 0; a < r->bound->arch_count; a++)
		if (r->bound->arch[a]->audit_arch == audit_arch && r->bound->arch[a]->x32 == x32)
			return a;
	return SB_NONE;
}

/* One half of a map: entries and spans of an architecture, or foreign numbers up to hi. */
static enum secbake_status add_half(struct resolver *r, struct sb_map *map, struct sb_entry *entry,
				    uint32_t *rule, struct spans *spans, uint32_t a, uint32_t hi)
{
	uint32_t first = map->entry_count;
	enum secbake_status status;

	if (a == SB_NONE) {
		extend(spans, hi, r->foreign, SB_NUMBER_FOREIGN);
		return SECBAKE_OK;
	}
	map->entry = entry;
	status = add_entries(r, a, map, entry, rule);
	if (status != SECBAKE_OK)
		return status;
	return add_spans(r, spans, a, hi, last_named(map, first)) ? SECBAKE_OK : out_of_memory(r);
}

/*
 * x86_64 and x32 share a map, numbers from bit 30 on are x32's. The largest
 * number is what a tracer says for "skip this call": it is never foreign.
 */
static enum secbake_status build_map(struct resolver *r, uint32_t audit_arch, struct sb_map *map)
{
	bool shared = audit_arch == secbake_arch_find("x32")->audit_arch;
	uint32_t own = find_arch(r, audit_arch, false), x32 = find_arch(r, audit_arch, true);
	uint32_t claims = (own != SB_NONE ? r->from->claim_count[own] : 0) +
			  (x32 != SB_NONE ? r->from->claim_count[x32] : 0);
	struct sb_entry *entry = sb_alloc(r->arena, claims, sizeof(*entry));
	uint32_t *rule = sb_alloc(r->arena, claims, sizeof(*rule));
	struct spans spans = {0};
	enum secbake_status status;
	size_t names = 0;

	while (sb_syscall_at(names))
		names++;
	spans.at = sb_alloc(r->arena, 4 * names + 8, sizeof(*spans.at));
	if (!entry || !rule || !spans.at)
		return out_of_memory(r);
	*map = (struct sb_map){.audit_arch = audit_arch, .entry = entry};
	status = add_half(r, map, entry, rule, &spans, own,
			  shared ? SECBAKE_X32_BIT - 1 : UINT32_MAX - 1);
	if (status == SECBAKE_OK && shared)
		status = add_half(r, map, entry,
				  rule + (own != SB_NONE ? r->from->claim_count[own] : 0), &spans,
				  x32, UINT32_MAX - 1);
	extend(&spans, UINT32_MAX, r->default_action[own != SB_NONE ? own : x32],
	       SB_NUMBER_DEFAULT);
	map->span = spans.at;
	map->span_count = spans.count;
	return status;
}

static enum secbake_status build_maps(struct resolver *r, struct sb_layer *layer)
{
	struct sb_map *map = sb_alloc(r->arena, r->bound->arch_count, sizeof(*map));
	enum secbake_status status = SECBAKE_OK;

	if (!map)
		return out_of_memory(r);
	layer->map = map;
	for (uint32_t a = 0; a < r->bound->arch_count && status == SECBAKE_OK; a++) {
		uint32_t audit_arch = r->bound->arch[a]->audit_arch, i = 0;

		while (i < layer->map_count && map[i].audit_arch != audit_arch)
			i++;
		if (i == layer->map_count)
			status = build_map(r, audit_arch, &map[layer->map_count++]);
	}
	return status;
}

static enum secbake_status lower_flags(struct resolver *r, uint32_t *flags)
{
	const struct sb_native_layer *layer = r->from->native;
	const struct sb_native_doc *doc =
		layer->flags_spot.doc ? layer->flags_spot.doc : r->bound->native->main;
	uint32_t given = layer->flags;
	struct sb_place place = {0};
	bool asked = layer->default_action.ret == SECCOMP_RET_USER_NOTIF ||
		     r->bound->native->foreign.ret == SECCOMP_RET_USER_NOTIF;

	if (layer->flags_spot.node && !sb_native_place(&layer->flags_spot, &place))
		return out_of_memory(r);
	for (uint32_t i = 0; i < layer->rule_count && !asked; i++)
		asked = layer->rule[i].action.ret == SECCOMP_RET_USER_NOTIF;
	r->lowering.mode = r->options->mode;
	r->lowering.report.file = doc->reader.report.file;
	if ((given & SECBAKE_FLAG_WAIT_KILLABLE_RECV) && !r->notifies) {
		given &= ~(uint32_t)SECBAKE_FLAG_WAIT_KILLABLE_RECV;
		if (!asked) {
			enum secbake_status status = sb_warn(
				&r->lowering.report, &place,
				"\"wait-killable-recv\" is left out: no call gets \"notify\", "
				"and the kernel refuses it without a listener");

			if (status != SECBAKE_OK)
				return status;
		}
	}
	return sb_lower_flags(&r->lowering, true, given, r->notifies, &place, flags);
}

static enum secbake_status resolve_layer(struct resolver *r, struct sb_layer *layer)
{
	enum secbake_status status;

	r->notifies = false;
	r->rule_count = 0;
	r->rule = sb_alloc(r->arena, (size_t)r->from->bound_count + 1, sizeof(*r->rule));
	r->emitted = sb_alloc(r->arena, r->from->bound_count, sizeof(*r->emitted));
	if (!r->rule || !r->emitted)
		return out_of_memory(r);
	for (uint32_t i = 0; i < r->from->bound_count; i++)
		r->emitted[i] = SB_NONE;
	status = lower_defaults(r);
	if (status == SECBAKE_OK)
		status = build_maps(r, layer);
	if (status == SECBAKE_OK)
		status = lower_flags(r, &layer->filter_flags);
	layer->foreign = r->foreign;
	layer->rule = r->rule;
	layer->rule_count = r->rule_count;
	return status;
}

/* What was looked up outside of the policy belongs among the notes of each variant. */
static enum secbake_status add_notes(struct resolver *r)
{
	for (uint32_t i = 0; i < r->bound->native->note_count; i++)
		if (!sb_lower_note(&r->lowering, r->bound->native->note[i]))
			return out_of_memory(r);
	return SECBAKE_OK;
}

enum secbake_status sb_resolve_native(struct sb_arena *arena, const struct sb_bound *bound,
				      const struct sb_resolve_options *options,
				      struct secbake_reporter *reporter,
				      struct sb_resolved *resolved, struct secbake_error *error)
{
	struct resolver r = {.arena = arena,
			     .bound = bound,
			     .options = options,
			     .lowering = {.arena = arena,
					  .report = {.file = options->file,
						     .strict = options->options->strict,
						     .reporter = reporter,
						     .error = error},
					  .target = options->target,
					  .mode = options->mode}};
	struct sb_layer *layer = sb_alloc(arena, bound->layer_count, sizeof(*layer));
	enum secbake_status status = layer ? add_notes(&r) : out_of_memory(&r);

	for (uint32_t i = 0; i < bound->layer_count && status == SECBAKE_OK; i++) {
		r.from = &bound->layer[i];
		status = resolve_layer(&r, &layer[i]);
	}
	if (status != SECBAKE_OK)
		return status;
	*resolved = (struct sb_resolved){.big_endian = bound->target->big_endian,
					 .layer_count = bound->layer_count,
					 .layer = layer,
					 .consulted = r.lowering.consulted,
					 .note_count = r.lowering.note_count,
					 .note = r.lowering.note};
	return SECBAKE_OK;
}
