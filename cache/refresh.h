/* SPDX-License-Identifier: MIT */
/*
 * What the parts of a refresh share. One policy goes through them so:
 *   refresh_list.c    its name is found on the policy path
 *   refresh_find.c    is there a good blob, of these features or of others?
 *   refresh_policy.c  what becomes of it: reused, copied, or compiled, and staged
 *   refresh_batch.c   many staged blobs share their syncs, and then get their names
 *   refresh_index.c   what a next --quick compares with; refresh_index_read.c does
 */
#ifndef SB_REFRESH_H
#define SB_REFRESH_H

#include <pthread.h>

#include <secbake/cache.h>
#include <secbake/compile.h>

#include "places.h"
#include "stage.h"
#include "store.h"

struct sb_names {
	char (*name)[SECBAKE_NAME_MAX + 1];
	size_t count, room;
};

/* Another feature set of a cache root. */
struct sb_other_set {
	size_t root; /* of the lookup's */
	struct secbake_hash hash;
};

struct sb_other_sets {
	struct sb_other_set *at;
	size_t count;
};

/* What became of one policy; if it was staged, not to be reported before it has its name. */
struct sb_result {
	const char *name; /* borrowed from the names */
	const char *root; /* borrowed from the lookup */
	enum secbake_outcome outcome;
	enum secbake_status status;
	struct secbake_error error;
	bool lacks_default; /* and nothing else is wrong */
	int lock;	    /* the entry's, or -1 */
	bool staged;
	struct sb_stage stage;
	char file[SECBAKE_NAME_MAX + sizeof(SB_SUFFIX_BLOB)];
};

struct sb_batch {
	struct sb_result *at;
	size_t count, room, staged;
	long long since_ns; /* CLOCK_MONOTONIC when the first came */
};

struct sb_index_builder;

struct sb_refresh {
	const struct secbake_refresh_options *options;
	struct sb_lookup lookup;
	char user_cache[SB_PATH_MAX];
	struct sb_store_place place[SB_ROOTS_MAX]; /* where to write, best first */
	size_t place_count;
	struct secbake_hash hash;
	struct sb_names names;
	struct sb_other_sets others;

	pthread_mutex_t mutex; /* for what follows, and for the reporter */
	size_t next, done;
	struct secbake_refresh_summary summary;
	bool store_tried;
	enum secbake_status store_status;
	struct secbake_error store_error;
	struct sb_store store;
	int sync_fd; /* of the store's directory, for syncfs(2); -1: each blob is synced by itself
		      */
	struct sb_batch batch;
	struct sb_batch bases; /* what lacks a default, until all others are done */
	size_t waiting; /* threads that wait for a lock: nothing stays in the batch meanwhile */
	struct sb_index_builder *index; /* NULL: policies were named */

	pthread_mutex_t flush; /* one batch at a time is given names */
};

/* refresh.c: to the caller's reporter; name NULL: of no policy. */
void sb_refresh_message(struct sb_refresh *r, enum secbake_level level, const char *name,
			const struct secbake_error *text);
void sb_refresh_worsen(struct sb_refresh *r, enum secbake_status status);
void sb_refresh_account(struct sb_refresh *r, const struct sb_result *result);

/* refresh_list.c: all names on the policy path, or those that were given; sorted, none twice. */
enum secbake_status sb_refresh_list(struct sb_refresh *r, struct secbake_error *error);

/* A blob in memory of its own, opened. */
struct sb_candidate {
	uint8_t *bytes;
	size_t size;
	struct secbake_blob blob;
};

/*
 * refresh_find.c: the root with a good blob, or NULL. Then earlier, if it was empty,
 * receives one that is stale and may still be of use; free its bytes.
 */
const char *sb_refresh_find(const struct sb_refresh *r, const char *name,
			    struct sb_candidate *earlier);
/* A blob of other features that is as good for these, rewritten to say that it is for these. */
bool sb_refresh_find_other(const struct sb_refresh *r, const char *name,
			   struct sb_candidate *found);
/* Which other feature sets there are, the ones written to last first. */
void sb_refresh_other_sets(struct sb_refresh *r);

/* refresh_policy.c: everything for one policy up to its staged blob. */
void sb_refresh_policy(struct sb_refresh *r, const char *name, struct sb_result *result);

/*
 * refresh_batch.c: reports result, at once or when it and all before it have their names; what
 * may turn out to be a base, with sb_refresh_bases().
 */
void sb_refresh_deliver(struct sb_refresh *r, const struct sb_result *result);
void sb_refresh_bases(struct sb_refresh *r);
void sb_refresh_flush(struct sb_refresh *r);
/* Names what has waited too long to wait for one compile more; before a slow one, everything. */
void sb_refresh_before_compile(struct sb_refresh *r, bool slow);
/*
 * Locks an entry. While it waits, no staged blob keeps the lock of its own entry: two
 * processes would wait for each other.
 */
enum secbake_status sb_refresh_lock(struct sb_refresh *r, const char *name, int *lock,
				    struct secbake_error *error);

#endif
