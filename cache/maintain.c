/* SPDX-License-Identifier: MIT */
/*
 * Looking through a cache and cleaning it. Both walk root by root, feature set
 * by feature set; what is found is judged here and reported to the caller, who
 * prints.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <secbake/cache.h>

#include "places.h"
#include "stage.h"
#include "store.h"

/* The entries of a directory that pass the filter, sorted by bytes. */
struct listing {
	struct dirent **entry;
	int count;
};

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static enum secbake_status list(int dir, const char *path, int (*wanted)(const struct dirent *),
				struct listing *listing, struct secbake_error *error)
{
	listing->count = scandirat(dir, ".", &listing->entry, wanted, by_bytes);
	if (listing->count >= 0)
		return SECBAKE_OK;
	*listing = (struct listing){0};
	return secbake_error_set(error, SECBAKE_ERR_SYSTEM, errno, "cannot list %s", path);
}

static void listing_free(struct listing *listing)
{
	for (int i = 0; i < listing->count; i++)
		free(listing->entry[i]);
	free(listing->entry);
	*listing = (struct listing){0};
}

static int is_hash(const struct dirent *entry)
{
	return strlen(entry->d_name) == SECBAKE_HASH_TEXT - 1 &&
	       strspn(entry->d_name, "0123456789abcdef") == SECBAKE_HASH_TEXT - 1;
}

/* The policy's name in NAME.sbk; false for other files. */
static bool blob_name(const char *file, char name[SECBAKE_NAME_MAX + 1])
{
	size_t size = strlen(file), suffix = strlen(SB_SUFFIX_BLOB);

	if (size <= suffix || size - suffix > SECBAKE_NAME_MAX ||
	    strcmp(file + size - suffix, SB_SUFFIX_BLOB) != 0)
		return false;
	memcpy(name, file, size - suffix);
	name[size - suffix] = '\0';
	return secbake_name_valid(name);
}

static int is_blob(const struct dirent *entry)
{
	char name[SECBAKE_NAME_MAX + 1];

	return blob_name(entry->d_name, name);
}

static int is_any(const struct dirent *entry)
{
	return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

/* One feature set, on its way through. */
struct set {
	const struct sb_trust *trust;
	const char *root, *hash;
	int dir;
	char path[SB_PATH_MAX + SECBAKE_HASH_TEXT];
};

/* A blob in memory; bytes stay NULL when it cannot even be read. */
struct loaded {
	uint8_t *bytes;
	size_t size;
	struct secbake_blob blob;
};

/* SECBAKE_ERR_INPUT: it was read, and is no blob of this name. */
static enum secbake_status load(const struct set *set, const char *file, const char *name,
				struct loaded *loaded, struct secbake_error *error)
{
	struct secbake_blob_header header;
	enum secbake_status status;
	int fd;

	*loaded = (struct loaded){0};
	status = sb_trust_file_at(set->trust, set->dir, file, SECBAKE_BLOB_SIZE_MAX, &fd, NULL,
				  error);
	if (status)
		return status;
	status = sb_read_fd(fd, SECBAKE_BLOB_SIZE_MAX, &loaded->bytes, &loaded->size, file, error);
	close(fd);
	if (status)
		return status;
	status = secbake_blob_open(loaded->bytes, loaded->size, &loaded->blob, error);
	if (status)
		return status;
	header = secbake_blob_header(&loaded->blob);
	if (!strcmp(header.name, name))
		return SECBAKE_OK;
	return secbake_error_set(error, SECBAKE_ERR_INPUT, 0, "it is the blob of the policy %s",
				 header.name);
}

static enum secbake_status open_set(struct set *set, int root, const struct sb_trust *trust,
				    const char *path, const char *hash, struct secbake_error *error)
{
	*set = (struct set){.trust = trust, .root = path, .hash = hash, .dir = -1};
	snprintf(set->path, sizeof(set->path), "%s/%s", path, hash);
	return sb_trust_dir_at(trust, root, hash, &set->dir, error);
}

/* ---- visiting ---- */

/* The features that the directory says it is for; SECBAKE_ERR_MISSING when it does not say. */
static enum secbake_status set_features(const struct set *set, struct secbake_features *features,
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
	return secbake_error_set(error, SECBAKE_ERR_INPUT, 0,
				 "this is of another kernel: its hash is %s", hex);
}

static void visit_entry(const struct set *set, const char *file,
			const struct secbake_features *features,
			struct secbake_cache_visitor *visitor)
{
	struct secbake_error error = {0};
	char name[SECBAKE_NAME_MAX + 1];
	struct secbake_cache_entry entry = {
		.root = set->root, .hash = set->hash, .name = name, .error = &error};
	struct loaded loaded;
	struct stat st;

	if (!blob_name(file, name))
		return;
	if (!fstatat(set->dir, file, &st, AT_SYMLINK_NOFOLLOW) && st.st_size > 0)
		entry.size = (uint64_t)st.st_size;
	entry.status = load(set, file, name, &loaded, &error);
	if (loaded.blob.bytes)
		entry.blob = &loaded.blob;
	if (!entry.status && features)
		entry.status = sb_blob_agrees(&loaded.blob, features, &error);
	visitor->entry(visitor, &entry);
	free(loaded.bytes);
}

static void visit_set(const struct set *set, struct secbake_cache_visitor *visitor)
{
	struct secbake_features features;
	struct secbake_error error = {0};
	struct listing files;
	enum secbake_status known = set_features(set, &features, &error);

	if (known && known != SECBAKE_ERR_MISSING && visitor->trouble) {
		char path[sizeof(set->path) + sizeof("/" SB_FEATURES_FILE)];

		snprintf(path, sizeof(path), "%s/" SB_FEATURES_FILE, set->path);
		secbake_error_file(&error, path, error.line, error.column, NULL);
		visitor->trouble(visitor, &error);
	}
	error = (struct secbake_error){0};
	if (list(set->dir, set->path, is_blob, &files, &error)) {
		if (visitor->trouble)
			visitor->trouble(visitor, &error);
		return;
	}
	for (int i = 0; i < files.count; i++)
		visit_entry(set, files.entry[i]->d_name, known ? NULL : &features, visitor);
	listing_free(&files);
}

static enum secbake_status visit_root(const struct sb_lookup *lookup, size_t index,
				      struct secbake_cache_visitor *visitor,
				      struct secbake_error *error)
{
	const struct sb_root *at = &lookup->cache.root[index];
	enum secbake_status status;
	struct listing sets;
	int root;

	status = sb_trust_root(&lookup->trust, at->path, at->anchor, &root, error);
	if (status)
		return status;
	status = list(root, at->path, is_hash, &sets, error);
	for (int i = 0; !status && i < sets.count; i++) {
		struct secbake_error trouble = {0};
		struct set set;

		if (!open_set(&set, root, &lookup->trust, at->path, sets.entry[i]->d_name,
			      &trouble)) {
			visit_set(&set, visitor);
			close(set.dir);
		} else if (visitor->trouble) {
			secbake_error_file(&trouble, at->path, 0, 0, NULL);
			visitor->trouble(visitor, &trouble);
		}
	}
	if (!status)
		listing_free(&sets);
	close(root);
	return status;
}

/* Of the default roots each may be missing; one that was named should be there. */
static bool may_miss(const struct secbake_places *places, enum secbake_status status)
{
	return status == SECBAKE_ERR_MISSING && !places->cache_count;
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

		if (seen && !may_miss(places, seen) && visitor->trouble)
			visitor->trouble(visitor, &trouble);
	}
	free(user_cache);
	return status;
}

/* ---- cleaning ---- */

struct gc {
	const struct secbake_gc_options *options;
	struct sb_lookup lookup;
	char user_cache[SB_PATH_MAX];
	char keep[SECBAKE_HASH_TEXT]; /* or "" */
	bool policies_there;
	enum secbake_status worst;
};

static void trouble(struct gc *gc, const struct secbake_error *error)
{
	struct secbake_gc_reporter *reporter = gc->options->reporter;

	gc->worst = sb_graver(gc->worst, error->status);
	if (reporter && reporter->trouble)
		reporter->trouble(reporter, error);
}

/* Removes a file or (AT_REMOVEDIR) directory; true when it is gone, or would be. */
static bool removed(struct gc *gc, int dir, const char *folder, const char *file, int flags,
		    const char *reason)
{
	char path[SB_PATH_MAX + SECBAKE_HASH_TEXT + NAME_MAX + 2];
	struct secbake_gc_reporter *reporter = gc->options->reporter;
	struct secbake_error error = {0};
	struct stat st = {0};

	snprintf(path, sizeof(path), "%s/%s", folder, file);
	if (fstatat(dir, file, &st, AT_SYMLINK_NOFOLLOW) && errno == ENOENT)
		return true;
	if (!gc->options->dry_run && unlinkat(dir, file, flags) && errno != ENOENT) {
		secbake_error_set(&error, SECBAKE_ERR_SYSTEM, errno, "cannot remove %s", path);
		trouble(gc, &error);
		return false;
	}
	if (reason && reporter && reporter->removed)
		reporter->removed(reporter, path, reason,
				  S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0);
	return true;
}

/* Why a blob goes, or NULL: it stays. */
static const char *judge(struct gc *gc, const struct set *set, const char *file, const char *name)
{
	struct secbake_error error = {0};
	struct sb_policy policy;
	struct loaded loaded;
	enum secbake_status status;
	const char *reason = NULL;

	if (gc->keep[0] && strcmp(gc->keep, set->hash) != 0)
		return "for other features";
	status = load(set, file, name, &loaded, &error);
	if (status && loaded.bytes) {
		reason = "broken";
	} else if (status) {
		secbake_error_file(&error, set->path, 0, 0, NULL);
		trouble(gc, &error);
	} else if (!(loaded.blob.flags & SECBAKE_BLOB_SEALED)) {
		status = sb_lookup_policy(&gc->lookup, name, &policy, NULL);
		if (status == SECBAKE_ERR_MISSING && gc->policies_there)
			reason = "its policy is gone";
		if (!status) {
			close(policy.fd);
			close(policy.dir);
		}
	}
	free(loaded.bytes);
	return reason;
}

/* Cleans the files; true when nothing but "features" is left. */
static bool clean_files(struct gc *gc, const struct set *set)
{
	struct secbake_error error = {0};
	char name[SECBAKE_NAME_MAX + 1];
	struct listing files;
	int left = 0;

	if (list(set->dir, set->path, is_any, &files, &error)) {
		trouble(gc, &error);
		return false;
	}
	for (int i = 0; i < files.count; i++) {
		const char *file = files.entry[i]->d_name, *reason = NULL;

		if (!strcmp(file, SB_FEATURES_FILE))
			continue;
		if (sb_stage_is_temp(file))
			reason = "left over from a process that was killed";
		else if (blob_name(file, name))
			reason = judge(gc, set, file, name);
		if (!reason || !removed(gc, set->dir, set->path, file, 0, reason))
			left++;
	}
	listing_free(&files);
	return !left;
}

/* Locks of this feature set's entries that have no blob; nobody can hold them now. */
static void clean_locks(struct gc *gc, const struct set *set, int locks)
{
	const size_t prefix = SECBAKE_HASH_TEXT - 1, suffix = strlen(SB_LOCK_SUFFIX);
	struct secbake_error error = {0};
	struct listing files;

	if (list(locks, set->root, is_any, &files, &error)) {
		trouble(gc, &error);
		return;
	}
	for (int i = 0; i < files.count; i++) {
		char blob[NAME_MAX + 1 + sizeof(SB_SUFFIX_BLOB)];
		const char *file = files.entry[i]->d_name;
		size_t size = strlen(file);
		struct stat st;

		/* "<hash>.NAME.lock", but not "<hash>.lock" */
		if (size <= prefix + 1 + suffix || strncmp(file, set->hash, prefix) != 0 ||
		    file[prefix] != '.' || strcmp(file + size - suffix, SB_LOCK_SUFFIX) != 0)
			continue;
		snprintf(blob, sizeof(blob), "%.*s%s", (int)(size - suffix - prefix - 1),
			 file + prefix + 1, SB_SUFFIX_BLOB);
		if (fstatat(set->dir, blob, &st, AT_SYMLINK_NOFOLLOW) && errno == ENOENT)
			removed(gc, locks, set->root, file, 0, NULL);
	}
	listing_free(&files);
}

/* Under the exclusive lock of the feature set, but for a dry run, which changes nothing. */
static void clean_set(struct gc *gc, int root, int locks, const char *path, const char *hash)
{
	char file[SB_LOCK_NAME_MAX];
	struct secbake_error error = {0};
	struct set set;
	int lock = -1;
	bool empty;

	sb_lock_name(hash, NULL, file);
	if (locks >= 0) {
		lock = sb_lock_try(locks, file, LOCK_EX);
		if (lock < 0 && errno == EWOULDBLOCK) /* somebody writes there just now */
			return;
		if (lock < 0)
			secbake_error_set(&error, SECBAKE_ERR_SYSTEM, errno, "cannot lock %s/%s",
					  path, hash);
	}
	if (error.status || open_set(&set, root, &gc->lookup.trust, path, hash, &error)) {
		trouble(gc, &error);
		if (lock >= 0)
			close(lock);
		return;
	}
	empty = clean_files(gc, &set);
	if (locks >= 0)
		clean_locks(gc, &set, locks);
	if (empty && removed(gc, set.dir, set.path, SB_FEATURES_FILE, 0, NULL) &&
	    removed(gc, root, path, hash, AT_REMOVEDIR, "no blob is left in it")) {
		char index[SECBAKE_HASH_TEXT + sizeof(SB_SUFFIX_INDEX)];

		snprintf(index, sizeof(index), "%.*s%s", SECBAKE_HASH_TEXT - 1, hash,
			 SB_SUFFIX_INDEX);
		removed(gc, root, path, index, 0, NULL);
		if (locks >= 0)
			removed(gc, locks, path, file, 0, NULL);
	}
	close(set.dir);
	if (lock >= 0)
		close(lock);
}

static enum secbake_status clean_root(struct gc *gc, size_t index, struct secbake_error *error)
{
	const struct sb_root *at = &gc->lookup.cache.root[index];
	enum secbake_status status;
	int root, locks = -1;
	struct listing sets;

	status = sb_trust_root(&gc->lookup.trust, at->path, at->anchor, &root, error);
	if (status)
		return status;
	/* A root of somebody else's, or a read-only one, is not ours to clean. */
	if (!faccessat(root, ".", W_OK | X_OK, AT_EACCESS)) {
		status = list(root, at->path, is_hash, &sets, error);
		if (!status && sets.count && !gc->options->dry_run)
			status = sb_locks_open(root, at->path, true, &locks, error);
		for (int i = 0; !status && i < sets.count; i++)
			clean_set(gc, root, locks, at->path, sets.entry[i]->d_name);
		listing_free(&sets);
	}
	if (locks >= 0)
		close(locks);
	close(root);
	return status;
}

/*
 * Is there any folder of policies? If not, it is rather a file system that is not
 * mounted, or a misspelt -P, than a system that has given up all its policies.
 */
static bool find_policies(struct gc *gc)
{
	bool found = false;

	for (size_t i = 0; i < gc->lookup.policies.count; i++) {
		const struct sb_root *at = &gc->lookup.policies.root[i];
		struct secbake_error error = {0};
		enum secbake_status status;
		int dir;

		status = sb_trust_root(sb_lookup_policy_trust(&gc->lookup, i), at->path, at->anchor,
				       &dir, &error);
		if (!status) {
			found = true;
			close(dir);
		} else if (status != SECBAKE_ERR_MISSING || gc->options->places.policy_count) {
			trouble(gc, &error);
		}
	}
	return found;
}

enum secbake_status secbake_cache_gc(const struct secbake_gc_options *options,
				     struct secbake_error *error)
{
	struct gc *gc = calloc(1, sizeof(*gc));
	enum secbake_status status = SECBAKE_OK;

	if (!gc)
		return secbake_error_set(error, SECBAKE_ERR_MEMORY, 0, "out of memory");
	gc->options = options;
	if (options->keep_only)
		secbake_hash_format(options->keep_only, gc->keep);
	for (size_t i = 0; i < sizeof(options->reserved) / sizeof(options->reserved[0]); i++)
		if (options->reserved[i])
			status = secbake_error_set(error, SECBAKE_ERR_INPUT, 0,
						   "a reserved member of the options is not zero");
	if (!status)
		status = sb_places_lookup(&options->places, &gc->lookup, gc->user_cache, error);
	if (!status)
		gc->policies_there = find_policies(gc);
	for (size_t i = 0; !status && i < gc->lookup.cache.count; i++) {
		struct secbake_error why = {0};
		enum secbake_status cleaned = clean_root(gc, i, &why);

		if (cleaned && !may_miss(&options->places, cleaned))
			trouble(gc, &why);
	}
	if (!status && gc->worst)
		status = secbake_error_set(error, gc->worst, 0, "not everything could be cleaned");
	free(gc);
	return status;
}
