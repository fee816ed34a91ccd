/* SPDX-License-Identifier: MIT */
/*
 * What those share who walk through a cache, root by root, feature set by feature set:
 * visit.c and clean.c.
 */
#ifndef SB_SETS_H
#define SB_SETS_H

#include <dirent.h>

#include <secbake/blob.h>
#include <secbake/cache.h>

#include "lookup.h"

/* The entries of a directory that pass a filter, sorted by bytes. */
struct sb_listing {
	struct dirent **entry;
	int count;
};

enum secbake_status sb_list_dir(int dir, const char *path, int (*wanted)(const struct dirent *),
				struct sb_listing *listing, struct secbake_error *error);
void sb_listing_free(struct sb_listing *listing);

/* Filters: directories of feature sets, blobs, all but "." and "..". */
int sb_is_hash(const struct dirent *entry);
int sb_is_blob(const struct dirent *entry);
int sb_is_any(const struct dirent *entry);

/* The policy's name in NAME.sbk; false for other files. */
bool sb_blob_name(const char *file, char name[SECBAKE_NAME_MAX + 1]);

/* One feature set, on its way through. */
struct sb_set {
	const struct sb_trust *trust;
	const char *root, *hash;
	int dir;
	char path[SB_PATH_MAX + SECBAKE_HASH_TEXT];
};

/* The caller closes set->dir. */
enum secbake_status sb_set_open(struct sb_set *set, int root, const struct sb_trust *trust,
				const char *path, const char *hash, struct secbake_error *error);

/* A blob in memory; bytes stay NULL when it cannot even be read. */
struct sb_loaded {
	uint8_t *bytes;
	size_t size;
	struct secbake_blob blob;
};

/* SECBAKE_ERR_INPUT: it was read, and is no blob of this name. The caller frees the bytes. */
enum secbake_status sb_set_load(const struct sb_set *set, const char *file, const char *name,
				struct sb_loaded *loaded, struct secbake_error *error);

#endif
