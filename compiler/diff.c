/* SPDX-License-Identifier: MIT */
/* Comparing policies and programs: each side resolved or decoded, then compared. */
#include <secbake/diff.h>

#include <stdlib.h>
#include <string.h>

#include "front.h"
#include "program_bytes.h"
#include "prove_diff.h"

struct secbake_diff {
	struct sb_arena *arena;
	struct sb_diff found;
	struct {
		uint32_t count;
		uint32_t *flags; /* NULL: not known */
	} side[2];
};

static enum secbake_status no_memory(struct secbake_error *error)
{
	return secbake_error_set(error, SECBAKE_ERR_MEMORY, 0, "out of memory");
}

static enum secbake_status prepare_policy(struct secbake_diff *diff, uint32_t index,
					  const struct secbake_side *given, struct sb_side *side,
					  struct secbake_error *error)
{
	struct sb_front *front = sb_alloc(diff->arena, 1, sizeof(*front));
	struct sb_resolved resolved;
	enum secbake_status status;

	if (!front)
		return no_memory(error);
	status = sb_front_policy(diff->arena, given->policy, given->mode, front, &resolved, error);
	if (status != SECBAKE_OK)
		return status;
	side->layer = resolved.layer;
	side->layer_count = resolved.layer_count;
	diff->side[index].flags = sb_alloc(diff->arena, (size_t)side->layer_count + 1,
					   sizeof(*diff->side[index].flags));
	if (!diff->side[index].flags)
		return no_memory(error);
	for (uint32_t i = 0; i < side->layer_count; i++)
		diff->side[index].flags[i] = side->layer[i].filter_flags;
	diff->side[index].count = side->layer_count;
	return SECBAKE_OK;
}

static enum secbake_status prepare_programs(struct secbake_diff *diff, uint32_t index,
					    const struct secbake_side *given, struct sb_side *side,
					    struct secbake_error *error)
{
	uint32_t count = given->program_count;
	struct sb_program *program = sb_alloc(diff->arena, (size_t)count + 1, sizeof(*program));

	if (!program)
		return no_memory(error);
	for (uint32_t i = 0; i < count; i++) {
		struct sock_filter *insn =
			sb_alloc(diff->arena, SECBAKE_PROGRAM_MAX, sizeof(*insn));
		enum secbake_status status =
			insn ? sb_program_decode(&given->program[i], insn, &program[i], error)
			     : no_memory(error);

		if (status != SECBAKE_OK)
			return status;
	}
	side->program = program;
	side->program_count = diff->side[index].count = count;
	if (!given->filter_flags)
		return SECBAKE_OK;
	diff->side[index].flags =
		sb_alloc(diff->arena, (size_t)count + 1, sizeof(*diff->side[index].flags));
	if (!diff->side[index].flags)
		return no_memory(error);
	if (count)
		memcpy(diff->side[index].flags, given->filter_flags,
		       count * sizeof(*given->filter_flags));
	return SECBAKE_OK;
}

static enum secbake_status prepare(struct secbake_diff *diff, uint32_t index,
				   const struct secbake_side *given, struct sb_side *side,
				   struct secbake_error *error)
{
	enum secbake_status status;

	*side = (struct sb_side){.file = given->policy ? given->policy->policy.file : given->file};
	for (size_t i = 0; i < sizeof(given->reserved) / sizeof(given->reserved[0]); i++)
		if (given->reserved[i])
			return secbake_error_set(error, SECBAKE_ERR_INPUT, 0,
						 "reserved members must be zero");
	if (given->policy)
		return prepare_policy(diff, index, given, side, error);
	if (given->program_count > SECBAKE_LAYERS_MAX)
		return secbake_error_set(error, SECBAKE_ERR_INPUT, 0,
					 "%u programs are more than the %u that can be compared",
					 given->program_count, SECBAKE_LAYERS_MAX);
	status = prepare_programs(diff, index, given, side, error);
	if (status != SECBAKE_OK)
		secbake_error_file(error, given->file, 0, 0, NULL);
	return status;
}

enum secbake_status secbake_diff(const struct secbake_side *a, const struct secbake_side *b,
				 struct secbake_diff **result, struct secbake_error *error)
{
	struct secbake_diff *diff = calloc(1, sizeof(*diff));
	struct sb_side side[2];
	enum secbake_status status;

	if (diff)
		diff->arena = sb_arena_new();
	status = diff && diff->arena ? SECBAKE_OK : no_memory(error);
	if (status == SECBAKE_OK)
		status = prepare(diff, 0, a, &side[0], error);
	if (status == SECBAKE_OK)
		status = prepare(diff, 1, b, &side[1], error);
	if (status == SECBAKE_OK)
		status = sb_diff(diff->arena, &side[0], &side[1], &diff->found, error);
	if (status == SECBAKE_OK)
		*result = diff;
	else
		secbake_diff_free(diff);
	return status;
}

void secbake_diff_free(struct secbake_diff *diff)
{
	if (diff)
		sb_arena_free(diff->arena);
	free(diff);
}

const struct secbake_diff_group *secbake_diff_group(const struct secbake_diff *diff, uint32_t index)
{
	return index < diff->found.group_count ? &diff->found.group[index] : NULL;
}

bool secbake_diff_cut(const struct secbake_diff *diff)
{
	return diff->found.cut;
}

const uint32_t *secbake_diff_flags(const struct secbake_diff *diff, uint32_t side, uint32_t *count)
{
	*count = diff->side[side].count;
	return diff->side[side].flags;
}

bool secbake_diff_same(const struct secbake_diff *diff)
{
	const uint32_t *a = diff->side[0].flags, *b = diff->side[1].flags;
	uint32_t count = diff->side[0].count;

	if (diff->found.group_count || diff->found.cut)
		return false;
	return !a || !b ||
	       (count == diff->side[1].count && (!count || !memcmp(a, b, count * sizeof(*a))));
}
