/* SPDX-License-Identifier: MIT */
/* See lookup.h: roots, and blobs in them. lookup_sources.c has the policy path. */
#include "lookup.h"

#include <string.h>
#include <unistd.h>

static const char system_caches[][25] = {"/run/secbake/cache", "/var/cache/secbake",
					 "/usr/lib/secbake/cache"};
static const char system_policies[][26] = {"/etc/secbake/policies", "/run/secbake/policies",
					   "/usr/lib/secbake/policies"};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

bool sb_path_append(char *to, size_t size, const char *text)
{
	size_t used = strlen(to), more = strlen(text);

	if (more >= size - used)
		return false;
	memcpy(to + used, text, more + 1);
	return true;
}

bool sb_lookup_user_cache(const char *xdg_cache_home, const char *home, char path[SB_PATH_MAX])
{
	char joined[SB_PATH_MAX] = "";
	bool fits = false;

	/* A relative XDG_CACHE_HOME is to be ignored, says the specification. */
	if (xdg_cache_home && xdg_cache_home[0] == '/')
		fits = sb_path_append(joined, sizeof(joined), xdg_cache_home) &&
		       sb_path_append(joined, sizeof(joined), "/secbake");
	else if (home && home[0] == '/')
		fits = sb_path_append(joined, sizeof(joined), home) &&
		       sb_path_append(joined, sizeof(joined), "/.cache/secbake");
	if (fits)
		memcpy(path, joined, sizeof(joined));
	return fits;
}

/* kind: whoever names them calls it an option or a member. */
static enum secbake_status named_roots(struct sb_roots *roots, const char *const *dir, size_t count,
				       const char *kind, struct secbake_error *error)
{
	if (count > SB_ROOTS_MAX)
		return secbake_error_set(error, SECBAKE_ERR_LIMIT, 0,
					 "%zu %s directories are named; at most %u are possible",
					 count, kind, SB_ROOTS_MAX);
	for (size_t i = 0; i < count; i++) {
		if (!dir[i][0])
			return secbake_error_set(error, SECBAKE_ERR_INPUT, 0,
						 "the name of a %s directory is empty", kind);
		roots->root[i] = (struct sb_root){.path = dir[i], .anchor = SB_ANCHOR_NAMED};
	}
	roots->count = count;
	return SECBAKE_OK;
}

/* dir: count names of size bytes each, one behind the other. */
static void system_roots(struct sb_roots *roots, const char *dir, size_t size, size_t count)
{
	for (size_t i = 0; i < count; i++)
		roots->root[i] =
			(struct sb_root){.path = dir + i * size, .anchor = SB_ANCHOR_SYSTEM};
	roots->count = count;
}

enum secbake_status sb_lookup_init(struct sb_lookup *lookup,
				   const struct sb_lookup_options *options,
				   struct secbake_error *error)
{
	enum secbake_status status = SECBAKE_OK;
	bool named = !options->secure;

	*lookup = (struct sb_lookup){.user_cache = options->user_cache};
	lookup->trust = sb_trust_self();
	if (options->secure)
		lookup->trust.uid = 0;
	lookup->policy_trust = lookup->trust;
	lookup->policy_trust.any_owner = !options->privileged && !options->secure;

	system_roots(&lookup->cache, system_caches[0], sizeof(system_caches[0]),
		     COUNT(system_caches));
	system_roots(&lookup->policies, system_policies[0], sizeof(system_policies[0]),
		     COUNT(system_policies));
	if (named && !options->privileged && options->user_cache &&
	    sb_lookup_user_cache(options->xdg_cache_home, options->home, options->user_cache))
		lookup->cache.root[lookup->cache.count++] =
			(struct sb_root){.path = options->user_cache, .anchor = SB_ANCHOR_NAMED};
	if (named && options->cache_count)
		status = named_roots(&lookup->cache, options->cache_dir, options->cache_count,
				     "cache", error);
	if (!status && named && options->policy_count)
		status = named_roots(&lookup->policies, options->policy_dir, options->policy_count,
				     "policy", error);
	return status;
}

enum secbake_status sb_lookup_file_name(char out[SB_FILE_NAME_MAX], const char *name,
					const char *suffix, struct secbake_error *error)
{
	out[0] = '\0';
	if (!secbake_name_valid(name))
		return secbake_error_set(error, SECBAKE_ERR_INPUT, 0,
					 "\"%s\" is not a policy name: 1 to 64 letters, digits and "
					 "_ . @ -, without a leading dot",
					 name);
	if (!sb_path_append(out, SB_FILE_NAME_MAX, name) ||
	    !sb_path_append(out, SB_FILE_NAME_MAX, suffix))
		return secbake_error_set(error, SECBAKE_ERR_LIMIT, 0, "the name is too long");
	return SECBAKE_OK;
}

enum secbake_status sb_lookup_set(const struct sb_lookup *lookup, size_t root,
				  const char set[SECBAKE_HASH_TEXT], const char *name, int *fd,
				  uint64_t *size, struct secbake_error *error)
{
	char path[SECBAKE_HASH_TEXT + SB_FILE_NAME_MAX];
	const struct sb_root *at = &lookup->cache.root[root];
	enum secbake_status status;
	int dir;

	memcpy(path, set, SECBAKE_HASH_TEXT - 1);
	path[SECBAKE_HASH_TEXT - 1] = '/';
	status = sb_lookup_file_name(path + SECBAKE_HASH_TEXT, name, SB_SUFFIX_BLOB, error);
	if (status)
		return status;
	status = sb_trust_root(&lookup->trust, at->path, at->anchor, &dir, error);
	if (!status) {
		status = sb_trust_file_at(&lookup->trust, dir, path, SECBAKE_BLOB_SIZE_MAX, fd,
					  size, error);
		if (!lookup->trust.leave_open)
			close(dir);
		if (status)
			secbake_error_file(error, at->path, 0, 0, NULL);
	}
	return status;
}

enum secbake_status sb_lookup_blob(const struct sb_lookup *lookup, size_t root,
				   const struct secbake_hash *hash, const char *name, int *fd,
				   uint64_t *size, struct secbake_error *error)
{
	char set[SECBAKE_HASH_TEXT];

	secbake_hash_format(hash, set);
	return sb_lookup_set(lookup, root, set, name, fd, size, error);
}
