/* SPDX-License-Identifier: MIT */
/*
 * Resolving the oci dialect for one target: which rules are in force, for which
 * numbers on which architectures, and what is left to the default. Decides as
 * runc with libseccomp does where that is well defined; docs/policy.md says how.
 */
#include "resolve.h"

#include <linux/seccomp.h>
#include <string.h>

static enum secbake_status out_of_memory(const struct sb_resolver *r)
{
	return secbake_error_set(r->lowering.report.error, SECBAKE_ERR_MEMORY, 0, "out of memory");
}

uint32_t sb_raw_action(const struct sb_resolver *r, const struct sb_oci_action *action)
{
	uint32_t data = action->data;

	if (action->errno_name)
		data = sb_errno_value(action->errno_name, r->options->target->arch);
	return action->ret | data;
}

static enum secbake_status add_arch(struct sb_resolver *r, const struct secbake_arch *arch,
				    const struct sb_place *place)
{
	const struct secbake_arch *own = r->options->target->arch;

	for (uint32_t i = 0; i < r->arch_count; i++)
		if (r->arch[i] == arch)
			return SECBAKE_OK;
	if (arch->big_endian != own->big_endian)
		return sb_fail(
			&r->lowering.report, place, SECBAKE_ERR_INPUT,
			"%s has another byte order than the target, %s; one filter cannot serve "
			"both, take it out",
			arch->scmp_name, own->name);
	if (r->arch_count == SB_ARCHES_MAX)
		return sb_fail(&r->lowering.report, place, SECBAKE_ERR_INTERNAL,
			       "more architectures than there are");
	r->arch[r->arch_count++] = arch;
	return SECBAKE_OK;
}

static enum secbake_status collect_arches(struct sb_resolver *r)
{
	const struct secbake_arch *own = r->options->target->arch;
	const struct sb_oci *oci = r->oci;
	const struct sb_oci_arch *listed = oci->arch;
	uint32_t count = oci->arch_count;
	enum secbake_status status = add_arch(r, own, &oci->place);

	for (uint32_t i = 0; i < oci->map_count; i++) {
		if (oci->map[i].arch != own)
			continue;
		listed = oci->map[i].sub;
		count = oci->map[i].sub_count;
		break; /* the first entry counts, as for Docker and Podman */
	}
	for (uint32_t i = 0; i < count && status == SECBAKE_OK; i++)
		status = add_arch(r, listed[i].arch, &listed[i].place);
	return status;
}

/* The actions of numbers without rules; ENOSYS is the target's number for it. */
static enum secbake_status lower_kinds(struct sb_resolver *r)
{
	const uint32_t raw[3] = {
		[SB_NUMBER_DEFAULT] = r->default_raw,
		[SB_NUMBER_FOREIGN] = SECCOMP_RET_KILL_THREAD,
		[SB_NUMBER_ENOSYS] = SECCOMP_RET_ERRNO | sb_errno_value(sb_errno_find("ENOSYS"),
									r->options->target->arch),
	};
	enum secbake_status status = SECBAKE_OK;

	for (uint32_t i = 0; i < 3 && status == SECBAKE_OK; i++)
		if (i != SB_NUMBER_ENOSYS || sb_wants_stub(r))
			status = sb_lower_action(&r->lowering, raw[i], &r->oci->place, &r->kind[i]);
	return status;
}

static enum secbake_status allocate(struct sb_resolver *r)
{
	const struct sb_oci *oci = r->oci;

	r->action = sb_alloc(r->scratch, oci->rule_count, sizeof(*r->action));
	r->in_force = sb_alloc(r->scratch, oci->rule_count, sizeof(*r->in_force));
	r->warned = sb_alloc(r->scratch, oci->rule_count, sizeof(*r->warned));
	r->emitted = sb_alloc(r->scratch, oci->rule_count, sizeof(*r->emitted));
	r->narrowed = sb_alloc(r->scratch, oci->rule_count, sizeof(*r->narrowed));
	r->used = sb_alloc(r->scratch, oci->name_count, sizeof(*r->used));
	r->list = sb_alloc(r->scratch, oci->name_count, sizeof(*r->list));
	r->number = sb_alloc(r->scratch, SB_ARCHES_MAX, sizeof(*r->number));
	return r->action && r->in_force && r->warned && r->emitted && r->narrowed && r->used &&
			       r->list && r->number
		       ? SECBAKE_OK
		       : out_of_memory(r);
}

static void finish(const struct sb_resolver *r, struct sb_layer *layer,
		   struct sb_resolved *resolved)
{
	layer->foreign = r->kind[SB_NUMBER_FOREIGN];
	layer->rule = r->rule;
	layer->rule_count = r->rule_count;
	*resolved = (struct sb_resolved){.big_endian = r->options->target->arch->big_endian,
					 .layer_count = 1,
					 .layer = layer,
					 .consulted = r->lowering.consulted,
					 .note_count = r->lowering.note_count,
					 .note = r->lowering.note};
}

enum secbake_status sb_resolve_oci(struct sb_arena *arena, const struct sb_oci *oci,
				   const struct sb_resolve_options *options,
				   struct secbake_reporter *reporter, struct sb_resolved *resolved,
				   struct secbake_error *error)
{
	struct sb_resolver r = {.arena = arena,
				.scratch = sb_arena_new(),
				.oci = oci,
				.options = options,
				.lowering = {.arena = arena,
					     .report = {.file = options->file,
							.strict = options->options->strict,
							.reporter = reporter,
							.error = error},
					     .target = options->target,
					     .mode = options->mode}};
	struct sb_layer *layer = sb_alloc(arena, 1, sizeof(*layer));
	enum secbake_status status = layer && r.scratch ? allocate(&r) : out_of_memory(&r);

	r.default_raw = sb_raw_action(&r, &oci->default_action);
	if (status == SECBAKE_OK)
		status = collect_arches(&r);
	if (status == SECBAKE_OK)
		status = lower_kinds(&r);
	if (status == SECBAKE_OK)
		status = sb_resolve_rules(&r);
	if (status == SECBAKE_OK)
		status = sb_resolve_maps(&r, layer);
	if (status == SECBAKE_OK)
		status = sb_lower_flags(&r.lowering, oci->flags_given, oci->flags, r.notifies,
					&oci->flags_place, &layer->filter_flags);
	if (status == SECBAKE_OK)
		finish(&r, layer, resolved);
	sb_arena_free(r.scratch);
	return status;
}
