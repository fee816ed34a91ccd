/* SPDX-License-Identifier: MIT */
/*
 * Writing into one feature set of a cache root: <root>/<hash>/. While a store is
 * open it holds a shared lock on the feature set, so that nobody cleans up
 * behind its back; an entry's own lock makes one process compile while the
 * others wait for what it stores.
 */
#ifndef SB_STORE_H
#define SB_STORE_H

#include <stdbool.h>
#include <stddef.h>

#include <secbake/blob.h>
#include <secbake/cache.h>

#include "lookup.h"

#define SB_FEATURES_FILE "features"
#define SB_SUFFIX_INDEX ".index" /* <root>/<hash>.index, see refresh_index.h */

/*
 * What SB_FEATURES_FILE has: the features without the version, which is not part of the hash,
 * so that the bytes are the same wherever it is made. Their number.
 */
size_t sb_store_features_text(const struct secbake_features *features,
			      char text[SECBAKE_FEATURES_TEXT_MAX]);

/* A root to write to, and how much of its path must be there: the rest is made. */
struct sb_store_place {
	struct sb_root root;
	size_t existing; /* bytes of root.path */
};

struct sb_store {
	struct sb_trust trust;
	const char *root; /* path, borrowed */
	int locks;	  /* <root>/.lock */
	int dir;	  /* <root>/<hash> */
	int in_use;	  /* the shared lock */
	char hash[SECBAKE_HASH_TEXT];
	char path[SB_PATH_MAX + SECBAKE_HASH_TEXT]; /* <root>/<hash> */
};

/*
 * Makes what is missing, checks that nobody else can write there, removes the
 * temporary files of processes that were killed, writes "features". Fails for a
 * root that cannot be written. store is written only on success.
 */
enum secbake_status sb_store_open(struct sb_store *store, const struct sb_trust *trust,
				  const struct sb_store_place *place,
				  const struct secbake_features *features,
				  struct secbake_error *error);
void sb_store_close(struct sb_store *store);

/* Where a feature set is there whose "features" say something else, writes them anew. */
enum secbake_status sb_store_mend_features(const struct sb_trust *trust,
					   const struct sb_store_place *place,
					   const struct secbake_features *features,
					   struct secbake_error *error);

/*
 * May the user write in dir? Also where an outer filter knows faccessat(2) alone. False leaves
 * errno.
 */
bool sb_writable(int dir);

/* Locks the entry of a policy, waiting at most SECBAKE_LOCK_SECONDS; close(*lock) unlocks. */
enum secbake_status sb_store_lock(const struct sb_store *store, const char *name, int *lock,
				  struct secbake_error *error);

/* The same at once: the lock, or -1 when another holds it or it cannot be had. */
int sb_store_try_lock(const struct sb_store *store, const char *name);

/* Replaces NAME.sbk; the caller holds the entry's lock. */
enum secbake_status sb_store_put(const struct sb_store *store, const char *name, const void *bytes,
				 size_t size, struct secbake_error *error);

/*
 * Locks below a root. A lock file may be removed by who holds it exclusively;
 * the others notice, and take the new one.
 */
#define SB_LOCK_DIR ".lock"
#define SB_LOCK_SUFFIX ".lock"
#define SB_LOCK_NAME_MAX (SECBAKE_HASH_TEXT + SECBAKE_NAME_MAX + sizeof(SB_LOCK_SUFFIX))

/* The name of a lock: of an entry, or with name NULL of a whole feature set. */
void sb_lock_name(const char *hash, const char *name, char file[SB_LOCK_NAME_MAX]);

/* Opens the directory of locks, and makes it if asked; it belongs to this user alone. */
enum secbake_status sb_locks_open(int root, const char *path, bool make, int *locks,
				  struct secbake_error *error);

/* LOCK_SH or LOCK_EX without waiting: a descriptor, or -1 and errno (EWOULDBLOCK: held). */
int sb_lock_try(int locks, const char *file, int operation);

/* The same, trying again for so many seconds; path is the root's, for messages. */
enum secbake_status sb_lock_wait(int locks, const char *path, const char *file, int operation,
				 unsigned int seconds, int *lock, struct secbake_error *error);

/*
 * Removes dead writers' temporary files in a feature set (hash NULL), or those of one in its
 * root; only under its exclusive lock.
 */
void sb_store_sweep(int dir, const char *hash);

#endif
