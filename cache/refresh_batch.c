/* SPDX-License-Identifier: MIT */
/*
 * Results of a refresh on their way to the reporter. Staged blobs wait for each
 * other: all contents of a batch are made durable by one syncfs(2), then each
 * blob gets its name, then the names are made durable by one fsync(2). For one
 * blob alone these are most of the time that storing it takes.
 *
 * Until its batch is through an entry stays locked, so that whoever waits for it
 * finds the blob and does not compile it again. Nobody waits with a batch in hand:
 * what another process waits for may be just what is in it. For the same reason, and
 * since an interruption loses it, no batch grows old: the loaders that wait give up
 * after SECBAKE_LOCK_SECONDS.
 */
#include "refresh.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "refresh_index.h"

#define BATCH_MAX 256u
#define BATCH_AGE_NS 500000000ll /* a hundred compiles, beside which the syncs are little */

/* A lock each, and at most two batches at once; and other things want to be opened, too. */
static size_t batch_max(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur >= 4 * BATCH_MAX)
		return BATCH_MAX;
	return limit.rlim_cur >= 64 ? (size_t)limit.rlim_cur / 4 : 1;
}

static void fail(struct sb_result *result, const struct secbake_error *why)
{
	result->outcome = SECBAKE_FAILED;
	result->root = NULL;
	result->status = why->status;
	result->error = *why;
}

static void fail_staged(struct sb_batch *batch, const struct secbake_error *why)
{
	for (size_t i = 0; i < batch->count; i++)
		if (batch->at[i].staged)
			fail(&batch->at[i], why);
}

/* Contents, names, directory; each step for all. A blob whose step fails is not renamed. */
static void name_all(struct sb_refresh *r, struct sb_batch *batch)
{
	struct secbake_error error = {0};

	if (r->sync_fd >= 0 && TEMP_FAILURE_RETRY(syncfs(r->sync_fd))) {
		secbake_error_set(&error, SECBAKE_ERR_SYSTEM, errno,
				  "cannot sync the file system of %s", r->store.path);
		fail_staged(batch, &error);
	}
	for (size_t i = 0; i < batch->count; i++) {
		struct sb_result *result = &batch->at[i];
		struct secbake_error why = {0};

		if (!result->staged)
			continue;
		result->stage.name = result->file; /* it has moved with the batch */
		if (!result->status && sb_stage_rename(&result->stage, &why))
			fail(result, &why);
		if (result->status) {
			sb_stage_drop(&result->stage);
			result->staged = false;
		}
	}
	if (sb_dir_sync(r->store.dir, r->store.path, &error))
		fail_staged(batch, &error);
}

/* Called without the mutex. */
static void finish(struct sb_refresh *r, struct sb_batch *batch)
{
	if (batch->staged)
		name_all(r, batch);
	for (size_t i = 0; i < batch->count; i++) {
		if (batch->at[i].lock >= 0)
			close(batch->at[i].lock);
		sb_refresh_account(r, &batch->at[i]);
	}
	free(batch->at);
}

void sb_refresh_flush(struct sb_refresh *r)
{
	struct sb_batch batch;

	pthread_mutex_lock(&r->flush);
	pthread_mutex_lock(&r->mutex);
	batch = r->batch;
	r->batch = (struct sb_batch){0};
	pthread_mutex_unlock(&r->mutex);
	finish(r, &batch);
	pthread_mutex_unlock(&r->flush);
}

static long long now_ns(void)
{
	struct timespec now = {0};

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ll + now.tv_nsec;
}

/* Of what is in it, has the oldest waited long enough? */
static bool is_old(const struct sb_batch *batch)
{
	return batch->count && now_ns() - batch->since_ns >= BATCH_AGE_NS;
}

static bool append(struct sb_batch *batch, const struct sb_result *result)
{
	if (batch->count == batch->room) {
		size_t room = batch->room ? batch->room * 2 : 16;
		void *grown = reallocarray(batch->at, room, sizeof(*batch->at));

		if (!grown)
			return false;
		batch->at = grown;
		batch->room = room;
	}
	if (!batch->count)
		batch->since_ns = now_ns();
	batch->at[batch->count++] = *result;
	batch->staged += result->staged;
	return true;
}

/* Into the batch; false when it need not wait, or there is no memory for it to. */
static bool enqueue(struct sb_refresh *r, const struct sb_result *result, bool *full)
{
	struct sb_batch *batch = &r->batch;

	/* Nothing of it is staged. Without a ledger of sources it stays a failure. */
	if (result->lacks_default && r->index)
		return append(&r->bases, result);
	if ((!result->staged && !batch->count) || !append(batch, result))
		return false;
	*full = batch->count >= batch_max() || r->waiting || is_old(batch);
	return true;
}

void sb_refresh_before_compile(struct sb_refresh *r, bool slow)
{
	bool due;

	pthread_mutex_lock(&r->mutex);
	due = slow ? r->batch.count > 0 : is_old(&r->batch);
	pthread_mutex_unlock(&r->mutex);
	if (due)
		sb_refresh_flush(r);
}

static void no_memory(struct sb_result *result)
{
	struct secbake_error why = {0};

	secbake_error_set(&why, SECBAKE_ERR_MEMORY, 0, "out of memory");
	fail(result, &why);
}

void sb_refresh_deliver(struct sb_refresh *r, const struct sb_result *result)
{
	bool queued, full = false;

	pthread_mutex_lock(&r->mutex);
	queued = enqueue(r, result, &full);
	pthread_mutex_unlock(&r->mutex);
	if (!queued) {
		struct sb_batch alone = {.count = 1, .staged = result->staged};

		alone.at = malloc(sizeof(*alone.at));
		if (alone.at) {
			*alone.at = *result;
			if (result->lacks_default && r->index) /* it may be a base */
				no_memory(alone.at);
			finish(r, &alone);
		} else {
			struct sb_result lost = *result;

			if (lost.staged)
				sb_stage_drop(&lost.stage);
			if (lost.lock >= 0)
				close(lost.lock);
			no_memory(&lost);
			sb_refresh_account(r, &lost);
		}
	}
	if (full)
		sb_refresh_flush(r);
}

/* It may be all right: of a policy that failed early it is not known what that is made of. */
static void admit_doubt(struct sb_result *result)
{
	struct secbake_error told = {0};

	secbake_error_set(&told, result->error.status, result->error.sys_errno,
			  "%s; or it is a base of a policy that failed: mend that first",
			  result->error.text);
	memcpy(result->error.text, told.text, sizeof(told.text));
}

void sb_refresh_bases(struct sb_refresh *r)
{
	const bool failures = r->summary.failed;

	for (size_t i = 0; i < r->bases.count; i++) {
		struct sb_result *result = &r->bases.at[i];

		if (sb_index_add_base(r->index, result->name)) {
			result->outcome = SECBAKE_BASE;
			result->status = SECBAKE_OK;
		} else if (sb_index_no_memory(r->index)) {
			no_memory(result);
		} else if (failures) {
			admit_doubt(result);
		}
		sb_refresh_account(r, result);
	}
}

enum secbake_status sb_refresh_lock(struct sb_refresh *r, const char *name, int *lock,
				    struct secbake_error *error)
{
	enum secbake_status status;

	*lock = sb_store_try_lock(&r->store, name);
	if (*lock >= 0)
		return SECBAKE_OK;
	/* Counted first: what other threads stage from now on they name themselves. */
	pthread_mutex_lock(&r->mutex);
	r->waiting++;
	pthread_mutex_unlock(&r->mutex);
	sb_refresh_flush(r);
	status = sb_store_lock(&r->store, name, lock, error);
	pthread_mutex_lock(&r->mutex);
	r->waiting--;
	pthread_mutex_unlock(&r->mutex);
	return status;
}
