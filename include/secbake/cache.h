/* SPDX-License-Identifier: MIT */
/*
 * The cache's writing side: bringing it up to date, looking through it,
 * cleaning it, and replacing files atomically. docs/cache.md describes it for
 * users. The library reads no environment: callers pass what counts.
 */
#ifndef SECBAKE_CACHE_H
#define SECBAKE_CACHE_H

#include <stdint.h>

#include <secbake/blob.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SECBAKE_LOCK_SECONDS 30u /* longest wait for another process */

/**
 * struct secbake_places - where caches and policies are; zero it, then set
 * @cache_dir: @cache_count cache roots instead of the default ones; the first that
 *	can be written receives new blobs, and is made if it is not there
 * @policy_dir: @policy_count directories of policies instead of the default ones
 * @xdg_cache_home: of the environment, or NULL; counts only without privileges
 * @home: of the environment, or NULL; likewise
 * @image: NULL, or the folder of an image that is being built: users and groups are
 *	those of its etc/passwd and etc/group
 * @cache_optional: each of @cache_dir may be missing, as each default one may
 * @policy_optional: the same of @policy_dir
 * @reserved: zero
 *
 * Default roots read: /run/secbake/cache, /var/cache/secbake, /usr/lib/secbake/cache and,
 * without privileges, $XDG_CACHE_HOME/secbake or $HOME/.cache/secbake. Written:
 * /var/cache/secbake, else /run/secbake/cache; without privileges the per-user one.
 * Policies: /etc/secbake/policies, /run/secbake/policies, /usr/lib/secbake/policies.
 */
struct secbake_places {
	const char *const *cache_dir;
	size_t cache_count;
	const char *const *policy_dir;
	size_t policy_count;
	const char *xdg_cache_home;
	const char *home;
	const char *image;
	bool cache_optional, policy_optional;
	uintptr_t reserved[2];
};

/**
 * enum secbake_outcome - what became of one policy
 * @SECBAKE_REUSED: a blob in the cache is good as it is
 * @SECBAKE_COMPILED: compiled, proved and stored
 * @SECBAKE_FAILED: none of the others
 * @SECBAKE_COPIED: another kernel's blob is as good for this one, and stored as such
 * @SECBAKE_RESTAMPED: its sources have changed and what they mean has not: stored
 *	anew with the programs that were proved before
 * @SECBAKE_BASE: it lacks "default", so that it cannot be compiled by itself, and others that
 *	were not left out are made of it: no blob, and no failure. Not where it was named.
 */
enum secbake_outcome {
	SECBAKE_REUSED = 0,
	SECBAKE_COMPILED,
	SECBAKE_FAILED,
	SECBAKE_COPIED,
	SECBAKE_RESTAMPED,
	SECBAKE_BASE,
};

/**
 * struct secbake_refresh_event - one policy is done
 * @outcome: see enum secbake_outcome
 * @name: the policy's; borrowed
 * @root: cache root that holds the blob; NULL when failed or a base; borrowed
 * @error: why it failed; NULL otherwise; borrowed
 * @done: policies done so far, this one included
 * @total: policies to do
 */
struct secbake_refresh_event {
	enum secbake_outcome outcome;
	const char *name;
	const char *root;
	const struct secbake_error *error;
	size_t done, total;
};

/**
 * struct secbake_refresh_reporter - hears how a refresh gets on
 * @policy: called once a policy; with one job in order of names, but for what lacks "default":
 *	whether it is a base shows at the end
 * @message: notes and warnings of the compile of @name; with @name NULL what concerns
 *	no policy: a file that is skipped, and at SECBAKE_ERROR a directory that
 *	cannot be used
 *
 * Either may be NULL. Never called by two threads at once, but not always by the
 * thread that called secbake_refresh().
 */
struct secbake_refresh_reporter {
	void (*policy)(struct secbake_refresh_reporter *self,
		       const struct secbake_refresh_event *event);
	void (*message)(struct secbake_refresh_reporter *self, enum secbake_level level,
			const char *name, const struct secbake_error *message);
};

/**
 * struct secbake_refresh_options - zero it, then set
 * @features: of the kernel to refresh for
 * @places: where
 * @name: @name_count names of policies; 0: all on the policy path
 * @jobs: compiles at the same time; 0 is 1; at most 256 are used
 * @quick: if the index that the last refresh left says that nothing has changed since,
 *	believe it and do nothing; no blob is opened and no policy is reported. With
 *	names, or on any doubt, it is as if this were false.
 * @reporter: may be NULL
 * @effort: enum secbake_effort, for what has to be compiled; 0: NAME.options' or the default
 * @reserved: zero
 */
struct secbake_refresh_options {
	struct secbake_features features;
	struct secbake_places places;
	const char *const *name;
	size_t name_count;
	unsigned int jobs;
	bool quick;
	struct secbake_refresh_reporter *reporter;
	uint32_t effort; /* enum secbake_effort */
	uintptr_t reserved[7];
};

/**
 * struct secbake_refresh_summary - what a refresh did
 * @policies: looked at, bases aside; the sum of the five that follow
 * @worst: the gravest status of all policies and directories; SECBAKE_OK: all are
 *	up to date
 * @quick: the index said so; nothing else was looked at
 */
struct secbake_refresh_summary {
	size_t policies, reused, copied, restamped, compiled, failed;
	enum secbake_status worst;
	bool quick;
};

/**
 * secbake_refresh() - bring policies up to date for one kernel
 * @options: borrowed
 * @summary: written only on success
 * @error: may be NULL
 *
 * A blob of the feature hash is reused if it opens, was made by this version of
 * secbake, its consulted answers are the kernel's and its sources are what they
 * were. Otherwise another feature set's blob of which all that is true is copied,
 * or else the policy is compiled under its entry's lock, and the blob replaced
 * atomically; a failed compile changes nothing. New blobs are named many at a
 * time, after a sync for all of them, and reported then. One failed policy does
 * not stop the others. Privileged callers compile only policies that nobody else
 * could have written.
 * Return: SECBAKE_OK when every policy was looked at, whatever came of it: that is
 * in @summary. Else nothing was done: SECBAKE_ERR_INPUT or SECBAKE_ERR_LIMIT for
 * @options, SECBAKE_ERR_MEMORY.
 */
enum secbake_status secbake_refresh(const struct secbake_refresh_options *options,
				    struct secbake_refresh_summary *summary,
				    struct secbake_error *error);

/**
 * struct secbake_cache_entry - one blob of a cache
 * @root: cache root, as it was named
 * @hash: of the features; the directory's name
 * @name: of the policy
 * @size: of the file, bytes
 * @status: SECBAKE_OK: whole, and what its place says; else see @error
 * @error: what is wrong with it
 * @blob: checked; NULL when it does not open
 *
 * All borrowed, for the time of the call.
 */
struct secbake_cache_entry {
	const char *root;
	const char *hash;
	const char *name;
	uint64_t size;
	enum secbake_status status;
	const struct secbake_error *error;
	const struct secbake_blob *blob;
};

/**
 * struct secbake_cache_visitor - sees the entries of a cache
 * @entry: called once a blob, in order of roots, hashes, names
 * @trouble: called for a directory that cannot be read or trusted; may be NULL
 */
struct secbake_cache_visitor {
	void (*entry)(struct secbake_cache_visitor *self, const struct secbake_cache_entry *entry);
	void (*trouble)(struct secbake_cache_visitor *self, const struct secbake_error *error);
};

/**
 * secbake_cache_visit() - open every blob of every root
 * @places: where; policies are not looked at
 * @visitor: borrowed
 * @error: may be NULL
 *
 * A blob is wrong, too, when it has another policy's name, or was made for a kernel
 * that answers otherwise than the "features" beside it say.
 * Return: SECBAKE_OK, whatever was found; SECBAKE_ERR_INPUT or SECBAKE_ERR_LIMIT for
 * @places; SECBAKE_ERR_MEMORY.
 */
enum secbake_status secbake_cache_visit(const struct secbake_places *places,
					struct secbake_cache_visitor *visitor,
					struct secbake_error *error);

/**
 * struct secbake_gc_reporter - hears what is removed
 * @removed: @path is gone (or would be), because of @reason; may be NULL
 * @trouble: something could not be looked at or removed; may be NULL
 */
struct secbake_gc_reporter {
	void (*removed)(struct secbake_gc_reporter *self, const char *path, const char *reason,
			uint64_t size);
	void (*trouble)(struct secbake_gc_reporter *self, const struct secbake_error *error);
};

/**
 * struct secbake_gc_options - zero it, then set
 * @places: where
 * @keep_only: NULL, or the one feature hash of which blobs are kept
 * @dry_run: report, remove nothing
 * @reporter: may be NULL
 * @reserved: zero
 */
struct secbake_gc_options {
	struct secbake_places places;
	const struct secbake_hash *keep_only;
	bool dry_run;
	struct secbake_gc_reporter *reporter;
	uintptr_t reserved[8];
};

/**
 * secbake_cache_gc() - remove what no start will use
 * @options: borrowed
 * @error: may be NULL
 *
 * From each root that can be written: temporary files of processes that were
 * killed; blobs that do not open; blobs whose policy is no longer on the policy path,
 * unless they are sealed; with @keep_only all of other features; directories without a
 * blob, and locks of what is gone. A feature set that somebody is writing to is
 * left alone. What cannot be judged stays: a policy that is not trusted, for instance,
 * or all of them when no directory of policies is there at all.
 * Return: SECBAKE_OK; else the gravest of what the reporter heard as trouble, or as
 * secbake_cache_visit().
 */
enum secbake_status secbake_cache_gc(const struct secbake_gc_options *options,
				     struct secbake_error *error);

/**
 * secbake_store_file() - write a file atomically
 * @path: to be made or replaced; a link stays, the file that it leads to is replaced;
 *	what is neither missing nor a regular file (a device, a pipe) is written to
 * @bytes: @size bytes
 * @error: may be NULL
 *
 * The old content stays until all of the new is on the disk, and if anything fails. A
 * file that was there keeps its permission bits, a new one gets 0666 less the umask. Other
 * hard links keep the old content. What a killed process has left beside it that was writing
 * the same file is removed.
 * Return: SECBAKE_OK; SECBAKE_ERR_SYSTEM with errno; SECBAKE_ERR_LIMIT for too
 * long a path.
 */
enum secbake_status secbake_store_file(const char *path, const void *bytes, size_t size,
				       struct secbake_error *error);

/**
 * secbake_tree_put() - put a blob into a cache that is made at build time
 * @tree: folder that becomes the cache root; made with all that leads to it
 * @features: that the blob was compiled for
 * @name: the policy's; secbake_name_valid()
 * @bytes: @size bytes of a blob
 * @error: may be NULL
 *
 * Writes @tree/<feature hash>/NAME.sbk and "features" beside it, each replaced
 * atomically. Directories that are made get mode 0755, files 0644, whatever the umask.
 * Nothing depends on time, user or the folder's name.
 * Return: SECBAKE_OK; SECBAKE_ERR_INPUT for @name; SECBAKE_ERR_SYSTEM; SECBAKE_ERR_LIMIT
 * for too long a path.
 */
enum secbake_status secbake_tree_put(const char *tree, const struct secbake_features *features,
				     const char *name, const void *bytes, size_t size,
				     struct secbake_error *error);

#ifdef __cplusplus
}
#endif
#endif
