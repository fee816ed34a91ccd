/* SPDX-License-Identifier: MIT */
/*
 * The two halves of secbake_load_apply(), which the loader calls one by one:
 * between what can be refused and what cannot be undone it has work to do.
 */
#ifndef SB_LOAD_PLAN_H
#define SB_LOAD_PLAN_H

#include <secbake/load.h>

/* What will be installed. */
struct sb_load_plan {
	uint32_t variant;
	uint32_t first, count; /* layers, in order */
	bool listener;	       /* one of them has NEW_LISTENER */
};

/* Selects and checks; changes nothing. Return: as secbake_load_apply(). */
enum secbake_status sb_load_plan(const struct secbake_blob *blob,
				 const struct secbake_features *features,
				 const struct secbake_load_options *options,
				 struct sb_load_plan *plan, struct secbake_error *error);

/* Installs; from the first program on there is no way back. listener may be NULL without one. */
enum secbake_status sb_load_install(const struct secbake_blob *blob,
				    const struct secbake_features *features,
				    const struct secbake_load_options *options,
				    const struct sb_load_plan *plan, int *listener,
				    struct secbake_error *error);

#endif
