/* SPDX-License-Identifier: MIT */
/* Where two sets of programs or layers differ, for every call. docs/proof.md. */
#ifndef SB_PROVE_DIFF_H
#define SB_PROVE_DIFF_H

#include <secbake/diff.h>

#include "arena.h"
#include "program.h"
#include "resolved.h"

/* Layers of a policy, or programs; loaded first to last. Of one kind only. */
struct sb_side {
	uint32_t layer_count, program_count;
	const struct sb_layer *layer;
	const struct sb_program *program;
	const char *file; /* for errors, or NULL */
};

struct sb_diff {
	uint32_t group_count;
	struct secbake_diff_group *group;
	bool cut;
};

/* The verdict without what the kernel does not look at (__seccomp_filter()). */
uint32_t sb_prove_acted_on(uint32_t verdict);

/*
 * What differs, in arena; nothing: both sides are the same function of a call, as
 * far as the kernel acts on it. SECBAKE_OK, SECBAKE_ERR_UNKNOWN, SECBAKE_ERR_INPUT,
 * SECBAKE_ERR_INTERNAL, SECBAKE_ERR_MEMORY.
 */
enum secbake_status sb_diff(struct sb_arena *arena, const struct sb_side *a,
			    const struct sb_side *b, struct sb_diff *diff,
			    struct secbake_error *error);

#endif
