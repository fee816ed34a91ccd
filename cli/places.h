/* SPDX-License-Identifier: MIT */
/* Where caches and policies are, and for which kernel: options of the verbs that look at a cache.
 */
#ifndef CLI_PLACES_H
#define CLI_PLACES_H

#include <getopt.h>

#include <secbake/cache.h>

#include "cli.h"

#define CLI_PLACES_MAX 16

struct cli_places {
	const char *cache[CLI_PLACES_MAX], *policies[CLI_PLACES_MAX];
	size_t cache_count, policy_count;
	const char *root; /* --root, or NULL */
	struct cli_target target;
	/* Filled by cli_places_of(), for --root. */
	char *made[2 * CLI_PLACES_MAX];
	size_t made_count;
};

enum {
	CLI_PLACES_ARCH = 0x200,
	CLI_PLACES_KERNEL,
	CLI_PLACES_FEATURES,
	CLI_PLACES_ROOT,
	CLI_PLACES_OWN /* the verb's own start here */
};

/* clang-format off */
#define CLI_PLACES_SHORTS "C:P:"
#define CLI_PLACES_OPTIONS                                           \
	{"cache", required_argument, NULL, 'C'},                     \
	{"policies", required_argument, NULL, 'P'},                  \
	{"root", required_argument, NULL, CLI_PLACES_ROOT},          \
	{"arch", required_argument, NULL, CLI_PLACES_ARCH},          \
	{"kernel", required_argument, NULL, CLI_PLACES_KERNEL},      \
	{"features", required_argument, NULL, CLI_PLACES_FEATURES}
/* clang-format on */

/* Takes one of the options above: CLI_DONE, or CLI_USAGE, after a message if it is one of them. */
enum cli_exit cli_places_option(const struct cli_verb *verb, struct cli_places *places, int option,
				const char *value);

/* What the library wants to know; borrows from places and the environment. CLI_DONE, or after a
 * message the exit status. cli_places_free() in either case. */
enum cli_exit cli_places_of(const struct cli_verb *verb, struct cli_places *places,
			    struct secbake_places *out);
void cli_places_free(struct cli_places *places);

#endif
