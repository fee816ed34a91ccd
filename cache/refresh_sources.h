/* SPDX-License-Identifier: MIT */
/* The other files that a policy names, read under the cache's rules of trust. */
#ifndef SB_REFRESH_SOURCES_H
#define SB_REFRESH_SOURCES_H

#include <secbake/compile.h>

#include "lookup.h"

struct sb_refresh_source {
	size_t root; /* of the policy path */
	char *path;  /* below it */
	char *file;  /* for messages */
	uint8_t *text;
};

struct sb_refresh_sources {
	struct secbake_source_reader base; /* first */
	const struct sb_lookup *lookup;
	const char *image; /* as secbake_places; borrowed */
	struct sb_refresh_source at[SECBAKE_SOURCES_MAX];
	uint8_t *accounts[2];
};

/* For one compile of the policy that was found in root number root as NAME.json. */
struct sb_refresh_sources *sb_refresh_sources_new(const struct sb_lookup *lookup, size_t root,
						  const char *name, const char *image);
void sb_refresh_sources_free(struct sb_refresh_sources *sources); /* takes NULL */

#endif
