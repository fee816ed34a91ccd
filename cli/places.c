/* SPDX-License-Identifier: MIT */
/* See places.h. */
#include "places.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static enum cli_exit add_dir(const struct cli_verb *verb, struct cli_places *places, int option,
			     const char *value)
{
	const char **list = option == 'C' ? places->cache : places->policies;
	size_t *count = option == 'C' ? &places->cache_count : &places->policy_count;

	if (*count == CLI_PLACES_MAX || !*value)
		return cli_usage(verb, "-%c wants a directory, at most %d times", option,
				 CLI_PLACES_MAX);
	list[(*count)++] = value;
	return CLI_DONE;
}

enum cli_exit cli_places_option(const struct cli_verb *verb, struct cli_places *places, int option,
				const char *value)
{
	switch (option) {
	case 'C':
	case 'P':
		return add_dir(verb, places, option, value);
	case CLI_PLACES_ROOT:
		if (!*value)
			return cli_usage(verb, "--root wants the folder of an image");
		places->root = value;
		return CLI_DONE;
	case CLI_PLACES_ARCH:
		places->target.arch = value;
		return CLI_DONE;
	case CLI_PLACES_KERNEL:
		places->target.kernel = value;
		return CLI_DONE;
	case CLI_PLACES_FEATURES:
		places->target.features = value;
		return CLI_DONE;
	default:
		return CLI_USAGE;
	}
}

/* Components that are names, and slashes between them. */
static bool plain(const char *path)
{
	for (const char *p = path;;) {
		size_t length = strcspn(p, "/");

		if (!length || (length <= 2 && !memcmp(p, "..", length)))
			return false;
		p += length;
		if (!*p++)
			return true;
	}
}

/*
 * A folder of the image. The dot says from where on nothing is believed: each
 * component behind it is checked, and no link followed, which would lead out of the image.
 */
static enum cli_exit in_image(const struct cli_verb *verb, struct cli_places *places,
			      const char *path, const char **out)
{
	struct secbake_error error = {0};
	char *made;

	while (*path == '/')
		path++;
	if (strstr(places->root, "/./"))
		return cli_usage(verb, "--root: write '%s' without '/./'", places->root);
	if (!plain(path))
		return cli_usage(verb,
				 "'%s' must lead from the image's root to a folder, without "
				 "'.', '..' and slashes at the end",
				 path);
	if (asprintf(&made, "%s/./%s", places->root, path) < 0) {
		secbake_error_set(&error, SECBAKE_ERR_MEMORY, 0, "out of memory");
		return cli_fail(&error);
	}
	places->made[places->made_count++] = made;
	*out = made;
	return CLI_DONE;
}

/* The image's own folders, unless others of it were named. */
static enum cli_exit image_places(const struct cli_verb *verb, struct cli_places *places)
{
	static const char *const policies[] = {"etc/secbake/policies", "run/secbake/policies",
					       "usr/lib/secbake/policies"};
	bool named = places->policy_count;
	enum cli_exit status = CLI_DONE;
	struct secbake_error error = {0};

	if (access(places->root, F_OK)) {
		secbake_error_set(&error, SECBAKE_ERR_MISSING, errno, "there is no image in %s",
				  places->root);
		return cli_fail(&error);
	}
	if (!places->cache_count)
		places->cache[places->cache_count++] = "usr/lib/secbake/cache";
	for (size_t i = 0; i < places->cache_count && status == CLI_DONE; i++)
		status = in_image(verb, places, places->cache[i], &places->cache[i]);
	if (named) {
		for (size_t i = 0; i < places->policy_count && status == CLI_DONE; i++)
			status = in_image(verb, places, places->policies[i], &places->policies[i]);
		return status;
	}
	for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]) && status == CLI_DONE; i++)
		status = in_image(verb, places, policies[i],
				  &places->policies[places->policy_count++]);
	return status;
}

enum cli_exit cli_places_of(const struct cli_verb *verb, struct cli_places *places,
			    struct secbake_places *out)
{
	/* An image's own folders, as a system's own. */
	const bool own_cache = !places->cache_count, own_policies = !places->policy_count;
	enum cli_exit status = CLI_DONE;

	if (places->root)
		status = image_places(verb, places);
	*out = (struct secbake_places){
		.cache_dir = places->cache,
		.cache_count = places->cache_count,
		.policy_dir = places->policies,
		.policy_count = places->policy_count,
		.xdg_cache_home = getenv("XDG_CACHE_HOME"),
		.home = getenv("HOME"),
		.image = places->root,
		.cache_optional = own_cache,
		.policy_optional = own_policies,
	};
	return status;
}

void cli_places_free(struct cli_places *places)
{
	while (places->made_count)
		free(places->made[--places->made_count]);
}
