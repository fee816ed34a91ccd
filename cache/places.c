/* SPDX-License-Identifier: MIT */
/* Where to look and to write, and reading what is there; see places.h. */
#include "places.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#define READ_FIRST 16384u

enum secbake_status sb_places_lookup(const struct secbake_places *places, struct sb_lookup *lookup,
				     char user_cache[SB_PATH_MAX], struct secbake_error *error)
{
	const struct sb_lookup_options options = {
		.privileged = geteuid() == 0,
		.secure = getauxval(AT_SECURE) != 0,
		.cache_dir = places->cache_dir,
		.cache_count = places->cache_count,
		.policy_dir = places->policy_dir,
		.policy_count = places->policy_count,
		.xdg_cache_home = places->xdg_cache_home,
		.home = places->home,
		.user_cache = user_cache,
	};
	enum secbake_status status;

	for (size_t i = 0; i < sizeof(places->reserved) / sizeof(places->reserved[0]); i++)
		if (places->reserved[i])
			return secbake_error_set(error, SECBAKE_ERR_INPUT, 0,
						 "a reserved member of the places is not zero");
	status = sb_lookup_init(lookup, &options, error);
	if (!status)
		lookup->image = places->image;
	return status;
}

size_t sb_places_to_write(const struct secbake_places *places, const struct sb_lookup *lookup,
			  struct sb_store_place place[SB_ROOTS_MAX])
{
	/*
	 * /var/cache may be a mount point that is yet to be mounted: what does not
	 * exist there is not made, but for what is secbake's own.
	 */
	static const struct sb_store_place system_place[] = {
		{{"/var/cache/secbake", SB_ANCHOR_SYSTEM}, sizeof("/var/cache") - 1},
		{{"/run/secbake/cache", SB_ANCHOR_SYSTEM}, sizeof("/run") - 1},
	};
	const bool secure = getauxval(AT_SECURE) != 0;
	size_t count = 0;

	if (geteuid() == 0 && (secure || !places->cache_count)) {
		for (; count < sizeof(system_place) / sizeof(system_place[0]); count++)
			place[count] = system_place[count];
		return count;
	}
	for (size_t i = 0; i < lookup->cache.count; i++) {
		const struct sb_root *root = &lookup->cache.root[i];

		if (places->cache_count || root->path == lookup->user_cache)
			place[count++] = (struct sb_store_place){.root = *root};
	}
	return count;
}

static enum secbake_status grow(uint8_t **bytes, size_t *room, size_t max, const char *what,
				struct secbake_error *error)
{
	size_t larger = *room ? *room * 2 : READ_FIRST;
	uint8_t *grown;

	/* One byte more than allowed, so that too large a file shows. */
	if (larger > max + 1)
		larger = max + 1;
	grown = realloc(*bytes, larger);
	if (!grown)
		return secbake_error_set(error, SECBAKE_ERR_MEMORY, 0,
					 "out of memory while reading %s", what);
	*bytes = grown;
	*room = larger;
	return SECBAKE_OK;
}

enum secbake_status sb_read_fd(int fd, size_t max, uint8_t **bytes, size_t *size, const char *what,
			       struct secbake_error *error)
{
	enum secbake_status status = SECBAKE_OK;
	uint8_t *buffer = NULL;
	size_t used = 0, room = 0;

	for (;;) {
		ssize_t n;

		if (used == room)
			status = grow(&buffer, &room, max, what, error);
		if (status)
			break;
		n = TEMP_FAILURE_RETRY(read(fd, buffer + used, room - used));
		if (n < 0)
			status = secbake_error_set(error, SECBAKE_ERR_SYSTEM, errno,
						   "cannot read %s", what);
		if (n <= 0)
			break;
		used += (size_t)n;
		if (used > max) {
			status = secbake_error_set(error, SECBAKE_ERR_LIMIT, 0,
						   "%s is larger than %zu bytes, the limit", what,
						   max);
			break;
		}
	}
	if (status) {
		free(buffer);
		return status;
	}
	*bytes = buffer;
	*size = used;
	return SECBAKE_OK;
}

enum secbake_status sb_blob_agrees(const struct secbake_blob *blob,
				   const struct secbake_features *features,
				   struct secbake_error *error)
{
	uint32_t count = secbake_blob_count(blob, SECBAKE_SECTION_VARIANTS);

	if (blob->arch->audit_arch != features->arch->audit_arch)
		return secbake_error_set(error, SECBAKE_ERR_STALE, 0,
					 "it is for %s, the kernel is for %s", blob->arch->name,
					 features->arch->name);
	for (uint32_t i = 0; i < count; i++) {
		struct secbake_blob_variant v = secbake_blob_variant(blob, i);

		if ((features->actions & v.consulted_actions) != v.answered_actions)
			return secbake_error_set(error, SECBAKE_ERR_STALE, 0,
						 "it is for a kernel that has other actions");
		if ((features->flags & v.consulted_flags) != v.answered_flags)
			return secbake_error_set(error, SECBAKE_ERR_STALE, 0,
						 "it is for a kernel that has other filter flags");
	}
	return SECBAKE_OK;
}

/* The system's failures are graver than a policy's, and those than an open question. */
static int gravity(enum secbake_status status)
{
	switch (status) {
	case SECBAKE_OK:
		return 0;
	case SECBAKE_ERR_UNKNOWN:
		return 1;
	case SECBAKE_ERR_INPUT:
	case SECBAKE_ERR_TARGET:
	case SECBAKE_ERR_LIMIT:
	case SECBAKE_ERR_UNTRUSTED:
	case SECBAKE_ERR_STALE:
		return 2;
	case SECBAKE_ERR_MISSING:
		return 3;
	case SECBAKE_ERR_SYSTEM:
	case SECBAKE_ERR_MEMORY:
		return 4;
	case SECBAKE_ERR_INTERNAL:
		break;
	}
	return 5;
}

enum secbake_status sb_graver(enum secbake_status a, enum secbake_status b)
{
	return gravity(b) > gravity(a) ? b : a;
}
