/* SPDX-License-Identifier: MIT */
/*
 * Looking through a cache: what is found is judged here and reported to the caller, who
 * prints.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "places.h"
#include "sets.h"

/* The features that the directory says it is for; SECBAKE_ERR_MISSING when it does not say. */
static enum secbake_status set_features(const struct sb_set *set, struct secbake_features *features,
					struct secbake_error *error)
{
	char hex[SECBAKE_HASH_TEXT];
	struct secbake_hash hash;
	enum secbake_status status;
	uint8_t *text;
	size_t size;
	int fd;

	status = sb_trust_file_at(set->trust, set->dir, SB_FEATURES_FILE, SECBAKE_FEATURES_TEXT_MAX,
				  &fd, NULL, error);
	if (status)
		return status;
	status = sb_read_fd(fd, SECBAKE_FEATURES_TEXT_MAX, &text, &size, SB_FEATURES_FILE, error);
	close(fd);
	if (status)
		return status;
	status = secbake_features_parse((const char *)text, size, features, error);
	free(text);
	if (status)
		return status;
	secbake_features_hash(features, &hash);
	secbake_hash_format(&hash, hex);
	if (!strcmp(hex, set->hash))
		return SECBAKE_OK;
	return secbake_error_set(error, SECBAKE_ERR_INPUT, 0, "its hash is %s", hex);
}

static void visit_entry(const struct sb_set *set, const char *file,
			const struct secbake_features *features,
			struct secbake_cache_visitor *visitor)
{
	struct secbake_error error = {0};
	char name[SECBAKE_NAME_MAX + 1];
	struct secbake_cache_entry entry = {
		.root = set->root, .hash = set->hash, .name = name, .error = &error};
	struct sb_loaded loaded;
	struct stat st;

	if (!sb_blob_name(file, name))
		return;
	if (!fstatat(set->dir, file, &st, AT_SYMLINK_NOFOLLOW) && st.st_size > 0)
		entry.size = (uint64_t)st.st_size;
	entry.status = sb_set_load(set, file, name, &loaded, &error);
	if (loaded.blob.bytes)
		entry.blob = &loaded.blob;
	if (!entry.status && features)
		entry.status = sb_blob_agrees(&loaded.blob, features, &error);
	visitor->entry(visitor, &entry);
	free(loaded.bytes);
}

static void report_features(const struct sb_set *set, const struct secbake_error *error,
			    struct secbake_cache_visitor *visitor)
{
	char path[sizeof(set->path) + sizeof("/" SB_FEATURES_FILE)];
	struct secbake_error told = {0};

	snprintf(path, sizeof(path), "%s/" SB_FEATURES_FILE, set->path);
	if (error->status == SECBAKE_ERR_INPUT || error->status == SECBAKE_ERR_LIMIT)
		secbake_error_set(&told, error->status, 0,
				  "not the features that its folder is named after; remove it: a "
				  "refresh for that kernel writes it anew");
	else
		told = *error;
	secbake_error_file(&told, path, error->line, error->column, NULL);
	visitor->trouble(visitor, &told);
}

static void visit_set(const struct sb_set *set, struct secbake_cache_visitor *visitor)
{
	struct secbake_features features;
	struct secbake_error error = {0};
	struct sb_listing files;
	enum secbake_status known = set_features(set, &features, &error);

	if (known && known != SECBAKE_ERR_MISSING && visitor->trouble)
		report_features(set, &error, visitor);
	error = (struct secbake_error){0};
	if (sb_list_dir(set->dir, set->path, sb_is_blob, &files, &error)) {
		if (visitor->trouble)
			visitor->trouble(visitor, &error);
		return;
	}
	for (int i = 0; i < files.count; i++)
		visit_entry(set, files.entry[i]->d_name, known ? NULL : &features, visitor);
	sb_listing_free(&files);
}

static enum secbake_status visit_root(const struct sb_lookup *lookup, size_t index,
				      struct secbake_cache_visitor *visitor,
				      struct secbake_error *error)
{
	const struct sb_root *at = &lookup->cache.root[index];
	enum secbake_status status;
	struct sb_listing sets;
	int root;

	status = sb_trust_root(&lookup->trust, at->path, at->anchor, &root, error);
	if (status)
		return status;
	status = sb_list_dir(root, at->path, sb_is_hash, &sets, error);
	for (int i = 0; !status && i < sets.count; i++) {
		struct secbake_error trouble = {0};
		struct sb_set set;

		if (!sb_set_open(&set, root, &lookup->trust, at->path, sets.entry[i]->d_name,
				 &trouble)) {
			visit_set(&set, visitor);
			close(set.dir);
		} else if (visitor->trouble) {
			visitor->trouble(visitor, &trouble);
		}
	}
	if (!status)
		sb_listing_free(&sets);
	close(root);
	return status;
}

enum secbake_status secbake_cache_visit(const struct secbake_places *places,
					struct secbake_cache_visitor *visitor,
					struct secbake_error *error)
{
	struct sb_lookup lookup;
	char *user_cache = malloc(SB_PATH_MAX);
	enum secbake_status status;

	if (!user_cache)
		return secbake_error_set(error, SECBAKE_ERR_MEMORY, 0, "out of memory");
	status = sb_places_lookup(places, &lookup, user_cache, error);
	for (size_t i = 0; !status && i < lookup.cache.count; i++) {
		struct secbake_error trouble = {0};
		enum secbake_status seen = visit_root(&lookup, i, visitor, &trouble);

		if (seen == SECBAKE_ERR_MISSING && sb_caches_may_miss(places))
			continue;
		if (seen && visitor->trouble)
			visitor->trouble(visitor, &trouble);
	}
	free(user_cache);
	return status;
}
