/* SPDX-License-Identifier: MIT */
/* The front half of the pipeline, which compiling, explaining and proving share. */
#ifndef SB_FRONT_H
#define SB_FRONT_H

#include "read.h"

struct sb_front {
	const struct secbake_compile_options *given;
	struct sb_options options; /* the caller's and NAME.options' */
	struct sb_document document;
	struct sb_sources sources;
	enum secbake_mode mode; /* the caller's or else the policy's; no program if unrestricted */
	bool unrestricted;
};

/* front must not move: it points into itself. Checks the caller's options and reads NAME.options
 * and the policy. */
enum secbake_status sb_front_read(struct sb_arena *arena,
				  const struct secbake_compile_options *given,
				  struct sb_front *front, struct secbake_error *error);

/* The mode as a blob has it: SECBAKE_BLOB_UNRESTRICTED, SECBAKE_BLOB_COMPLAIN, or 0. */
uint32_t sb_front_mode_flags(const struct sb_front *front);

/* The policy for one mode and kernel version (0: none known). reporter may be NULL. */
enum secbake_status sb_front_resolve(struct sb_arena *arena, const struct sb_front *front,
				     enum secbake_mode mode, uint32_t kernel,
				     struct secbake_reporter *reporter,
				     struct sb_resolved *resolved, struct secbake_error *error);

/*
 * Both: the policy for the target's kernel in one mode, which may be its own;
 * unrestricted: it has no layer.
 */
enum secbake_status sb_front_policy(struct sb_arena *arena,
				    const struct secbake_compile_options *given,
				    enum secbake_mode mode, struct sb_front *front,
				    struct sb_resolved *resolved, struct secbake_error *error);

#endif
