/* SPDX-License-Identifier: MIT */
/* What refreshing, visiting and cleaning share: where to look, where to write, reading. */
#ifndef SB_PLACES_H
#define SB_PLACES_H

#include <secbake/cache.h>

#include "lookup.h"
#include "store.h"

/* The roots that a caller's places mean for this process; user_cache stays as long as lookup. */
enum secbake_status sb_places_lookup(const struct secbake_places *places, struct sb_lookup *lookup,
				     char user_cache[SB_PATH_MAX], struct secbake_error *error);

/* Is it no fault that one of them is not there? Of the default ones each may be missing. */
static inline bool sb_caches_may_miss(const struct secbake_places *places)
{
	return !places->cache_count || places->cache_optional;
}

static inline bool sb_policies_may_miss(const struct secbake_places *places)
{
	return !places->policy_count || places->policy_optional;
}

/* The roots that new blobs may go to, best first; their number. */
size_t sb_places_to_write(const struct secbake_places *places, const struct sb_lookup *lookup,
			  struct sb_store_place place[SB_ROOTS_MAX]);

/*
 * The rest of a file, of at most max bytes, in malloc'd memory aligned for a
 * blob; what names it in messages. SECBAKE_OK, SECBAKE_ERR_LIMIT,
 * SECBAKE_ERR_SYSTEM, SECBAKE_ERR_MEMORY.
 */
enum secbake_status sb_read_fd(int fd, size_t max, uint8_t **bytes, size_t *size, const char *what,
			       struct secbake_error *error);

/* SECBAKE_ERR_STALE unless each variant's consulted answers are those of features. */
enum secbake_status sb_blob_agrees(const struct secbake_blob *blob,
				   const struct secbake_features *features,
				   struct secbake_error *error);

/* Hands a callee's error on, with its place; the first one wins, as ever. */
static inline void sb_error_pass(struct secbake_error *error, const struct secbake_error *why)
{
	if (error && error->status == SECBAKE_OK)
		*error = *why;
}

/* Which of two outcomes decides how the whole is called; a when they weigh the same. */
enum secbake_status sb_graver(enum secbake_status a, enum secbake_status b);

#endif
