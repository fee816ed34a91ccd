/* SPDX-License-Identifier: MIT */
/*
 * Cleaning a cache: what nothing needs is removed, under the locks that writers hold, and
 * reported to the caller, who prints.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "places.h"
#include "sets.h"
#include "stage.h"
#include "store.h"

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
		/* Somebody (secbake compile -d, which takes no lock) has just written there. */
		if ((flags & AT_REMOVEDIR) && (errno == ENOTEMPTY || errno == EEXIST))
			return false;
		secbake_error_set(&error, SECBAKE_ERR_SYSTEM, errno, "cannot remove %s", path);
		trouble(gc, &error);
		return false;
	}
	if (reason && reporter && reporter->removed)
		reporter->removed(reporter, path, reason,
				  S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0);
	return true;
}

/*
 * The user's own, and never a blob that is used: a link, a pipe, a directory, too large, writable
 * by others, or closed to the user. What could only not be read this time is not that.
 */
static bool unusable(const struct stat *st, const struct secbake_error *error)
{
	return st->st_uid == geteuid() &&
	       (error->status == SECBAKE_ERR_UNTRUSTED || error->status == SECBAKE_ERR_LIMIT ||
		error->sys_errno == EACCES);
}

/* Why a blob goes, or NULL: it stays. */
static const char *judge(struct gc *gc, const struct sb_set *set, const char *file,
			 const char *name, const struct stat *st)
{
	struct secbake_error error = {0};
	struct sb_policy policy;
	struct sb_loaded loaded;
	enum secbake_status status;
	const char *reason = NULL;

	if (gc->keep[0] && strcmp(gc->keep, set->hash) != 0)
		return "for other features";
	status = sb_set_load(set, file, name, &loaded, &error);
	if (status && loaded.bytes) {
		reason = "broken";
	} else if (status && unusable(st, &error)) {
		reason = "cannot be used as a blob";
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

static bool is_empty(int dir, const char *file)
{
	struct sb_listing files = {0};
	int fd = sb_open(dir, file, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	bool empty = fd >= 0 && !sb_list_dir(fd, file, sb_is_any, &files, NULL) && !files.count;

	sb_listing_free(&files);
	if (fd >= 0)
		close(fd);
	return empty;
}

/* What has a blob's name, whatever it is; true when it is gone, or would be. */
static bool clean_blob(struct gc *gc, const struct sb_set *set, const char *file, const char *name)
{
	struct secbake_error error = {0};
	const char *reason;
	struct stat st;

	if (fstatat(set->dir, file, &st, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT;
	reason = judge(gc, set, file, name, &st);
	if (!reason)
		return false;
	if (!S_ISDIR(st.st_mode))
		return removed(gc, set->dir, set->path, file, 0, reason);
	if (is_empty(set->dir, file))
		return removed(gc, set->dir, set->path, file, AT_REMOVEDIR, reason);
	secbake_error_set(&error, SECBAKE_ERR_UNTRUSTED, 0,
			  "%s/%s is a directory where a blob should be, and not empty: see what is "
			  "in it, and remove it",
			  set->path, file);
	trouble(gc, &error);
	return false;
}

/* A temporary file goes if its writer is dead; true when it is gone, or would be. */
static bool clean_temp(struct gc *gc, const struct sb_set *set, const char *file)
{
	int fd = sb_stage_dead(set->dir, file);
	bool gone;

	if (fd < 0)
		return false;
	gone = removed(gc, set->dir, set->path, file, 0,
		       "left over from a process that was killed");
	close(fd);
	return gone;
}

/* Cleans the files; true when nothing but "features" is left. */
static bool clean_files(struct gc *gc, const struct sb_set *set)
{
	struct secbake_error error = {0};
	char name[SECBAKE_NAME_MAX + 1];
	struct sb_listing files;
	int left = 0;

	if (sb_list_dir(set->dir, set->path, sb_is_any, &files, &error)) {
		trouble(gc, &error);
		return false;
	}
	for (int i = 0; i < files.count; i++) {
		const char *file = files.entry[i]->d_name;

		if (!strcmp(file, SB_FEATURES_FILE))
			continue;
		if (sb_stage_is_temp(file))
			left += !clean_temp(gc, set, file);
		else if (sb_blob_name(file, name))
			left += !clean_blob(gc, set, file, name);
		else
			left++;
	}
	sb_listing_free(&files);
	return !left;
}

/* Locks of this feature set's entries that have no blob; nobody can hold them now. */
static void clean_locks(struct gc *gc, const struct sb_set *set, int locks)
{
	const size_t prefix = SECBAKE_HASH_TEXT - 1, suffix = strlen(SB_LOCK_SUFFIX);
	struct secbake_error error = {0};
	struct sb_listing files;

	if (sb_list_dir(locks, set->root, sb_is_any, &files, &error)) {
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
	sb_listing_free(&files);
}

/* Under the exclusive lock of the feature set, but for a dry run, which changes nothing. */
static void clean_set(struct gc *gc, int root, int locks, const char *path, const char *hash)
{
	char file[SB_LOCK_NAME_MAX];
	struct secbake_error error = {0};
	struct sb_set set;
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
	if (error.status || sb_set_open(&set, root, &gc->lookup.trust, path, hash, &error)) {
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
	struct sb_listing sets;

	status = sb_trust_root(&gc->lookup.trust, at->path, at->anchor, &root, error);
	if (status)
		return status;
	/* A root of somebody else's, or a read-only one, is not ours to clean. */
	if (sb_writable(root)) {
		status = sb_list_dir(root, at->path, sb_is_hash, &sets, error);
		if (!status && sets.count && !gc->options->dry_run)
			status = sb_locks_open(root, at->path, true, &locks, error);
		for (int i = 0; !status && i < sets.count; i++)
			clean_set(gc, root, locks, at->path, sets.entry[i]->d_name);
		sb_listing_free(&sets);
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
		} else if (status != SECBAKE_ERR_MISSING ||
			   !sb_policies_may_miss(&gc->options->places)) {
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

		if (cleaned &&
		    (cleaned != SECBAKE_ERR_MISSING || !sb_caches_may_miss(&options->places)))
			trouble(gc, &why);
	}
	if (!status && gc->worst)
		status = secbake_error_set(error, gc->worst, 0, "not everything could be cleaned");
	free(gc);
	return status;
}
