/* SPDX-License-Identifier: MIT */
/* -C and -P, as the verbs that look at a cache collect them. */
#ifndef CLI_PLACES_H
#define CLI_PLACES_H

#include <stdlib.h>

#include <secbake/cache.h>

#include "cli.h"

#define CLI_PLACES_MAX 16

struct cli_places {
	const char *cache[CLI_PLACES_MAX], *policies[CLI_PLACES_MAX];
	size_t cache_count, policy_count;
};

/* Notes the value of -C or -P; false after a message. */
static inline bool cli_places_add(const struct cli_verb *verb, struct cli_places *places,
				  int option, const char *value)
{
	const char **list = option == 'C' ? places->cache : places->policies;
	size_t *count = option == 'C' ? &places->cache_count : &places->policy_count;

	if (*count == CLI_PLACES_MAX || !*value) {
		cli_usage(verb, "-%c wants a directory, at most %d times", option, CLI_PLACES_MAX);
		return false;
	}
	list[(*count)++] = value;
	return true;
}

/* What the library wants to know; borrows from places and the environment. */
static inline struct secbake_places cli_places_of(const struct cli_places *places)
{
	return (struct secbake_places){
		.cache_dir = places->cache,
		.cache_count = places->cache_count,
		.policy_dir = places->policies,
		.policy_count = places->policy_count,
		.xdg_cache_home = getenv("XDG_CACHE_HOME"),
		.home = getenv("HOME"),
	};
}

#endif
