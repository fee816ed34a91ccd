/* SPDX-License-Identifier: MIT */
/*
 * Refresh: each policy on the path gets a blob for this kernel, reused if there
 * is a good one, else copied from another kernel's, else compiled. This file
 * lets several threads do it and says what came of it; refresh.h names the parts.
 */
#include "refresh.h"

#include <stdlib.h>
#include <unistd.h>

#include "refresh_index.h"

#define JOBS_MAX 256u

void sb_refresh_message(struct sb_refresh *r, enum secbake_level level, const char *name,
			const struct secbake_error *text)
{
	struct secbake_refresh_reporter *reporter = r->options->reporter;

	if (!reporter || !reporter->message)
		return;
	pthread_mutex_lock(&r->mutex);
	reporter->message(reporter, level, name, text);
	pthread_mutex_unlock(&r->mutex);
}

void sb_refresh_worsen(struct sb_refresh *r, enum secbake_status status)
{
	r->summary.worst = sb_graver(r->summary.worst, status);
}

void sb_refresh_account(struct sb_refresh *r, const struct sb_result *result)
{
	struct secbake_refresh_reporter *reporter = r->options->reporter;
	struct secbake_refresh_event event = {
		.outcome = result->outcome,
		.name = result->name,
		.root = result->root,
		.error = result->status ? &result->error : NULL,
	};

	pthread_mutex_lock(&r->mutex);
	r->summary.policies += event.outcome != SECBAKE_BASE;
	r->summary.reused += event.outcome == SECBAKE_REUSED;
	r->summary.copied += event.outcome == SECBAKE_COPIED;
	r->summary.restamped += event.outcome == SECBAKE_RESTAMPED;
	r->summary.compiled += event.outcome == SECBAKE_COMPILED;
	r->summary.failed += event.outcome == SECBAKE_FAILED;
	sb_refresh_worsen(r, result->status);
	event.done = ++r->done;
	event.total = r->names.count;
	if (reporter && reporter->policy)
		reporter->policy(reporter, &event);
	pthread_mutex_unlock(&r->mutex);
}

static void *work(void *argument)
{
	struct sb_refresh *r = argument;

	for (;;) {
		struct sb_result result;
		size_t index;

		pthread_mutex_lock(&r->mutex);
		index = r->next < r->names.count ? r->next++ : r->names.count;
		pthread_mutex_unlock(&r->mutex);
		if (index == r->names.count)
			break;
		sb_refresh_policy(r, r->names.name[index], &result);
		sb_refresh_deliver(r, &result);
	}
	/* Another thread may be at a compile for long yet. */
	sb_refresh_flush(r);
	return NULL;
}

/* This thread works, too: where no other can be made it does everything. */
static void work_all(struct sb_refresh *r)
{
	pthread_t thread[JOBS_MAX];
	size_t jobs = r->options->jobs ? r->options->jobs : 1, started = 0;

	if (jobs > JOBS_MAX)
		jobs = JOBS_MAX;
	if (jobs > r->names.count)
		jobs = r->names.count;
	while (started + 1 < jobs && !pthread_create(&thread[started], NULL, work, r))
		started++;
	work(r);
	while (started)
		pthread_join(thread[--started], NULL);
	sb_refresh_bases(r);
}

static enum secbake_status check_reserved(const struct secbake_refresh_options *options,
					  struct secbake_error *error)
{
	for (size_t i = 0; i < sizeof(options->reserved) / sizeof(options->reserved[0]); i++)
		if (options->reserved[i])
			return secbake_error_set(error, SECBAKE_ERR_INPUT, 0,
						 "a reserved member of the options is not zero");
	return SECBAKE_OK;
}

/* No start needs these files: one that cannot be mended is no reason to fail. */
static void mend_features(struct sb_refresh *r)
{
	for (size_t i = 0; i < r->place_count; i++) {
		struct secbake_error error = {0};

		if (sb_store_mend_features(&r->lookup.trust, &r->place[i], &r->options->features,
					   &error))
			sb_refresh_message(r, SECBAKE_WARNING, NULL, &error);
	}
}

/* All policies, one after the other; the index only if nothing was left to be wished for. */
static enum secbake_status refresh(struct sb_refresh *r, struct secbake_error *error)
{
	enum secbake_status status;

	if (!r->options->name_count && !(r->index = sb_index_new(r)))
		return secbake_error_set(error, SECBAKE_ERR_MEMORY, 0, "out of memory");
	status = sb_refresh_list(r, error);
	if (status)
		return status;
	sb_refresh_other_sets(r);
	work_all(r);
	mend_features(r);
	if (!r->summary.worst)
		sb_index_write(r->index, r);
	return SECBAKE_OK;
}

enum secbake_status secbake_refresh(const struct secbake_refresh_options *options,
				    struct secbake_refresh_summary *summary,
				    struct secbake_error *error)
{
	struct sb_refresh *r = calloc(1, sizeof(*r)); /* too large for a caller's stack */
	enum secbake_status status;

	if (!r)
		return secbake_error_set(error, SECBAKE_ERR_MEMORY, 0, "out of memory");
	r->options = options;
	r->store = (struct sb_store){.locks = -1, .dir = -1, .in_use = -1};
	r->sync_fd = -1;
	pthread_mutex_init(&r->mutex, NULL);
	pthread_mutex_init(&r->flush, NULL);
	secbake_features_hash(&options->features, &r->hash);
	status = check_reserved(options, error);
	if (!status)
		status = sb_places_lookup(&options->places, &r->lookup, r->user_cache, error);
	if (!status) {
		r->place_count = sb_places_to_write(&options->places, &r->lookup, r->place);
		if (options->quick && !options->name_count &&
		    sb_index_holds(r, &r->summary.policies)) {
			r->summary.reused = r->summary.policies;
			r->summary.quick = true;
		} else {
			status = refresh(r, error);
		}
	}
	if (!status)
		*summary = r->summary;
	sb_index_free(r->index);
	if (r->sync_fd >= 0)
		close(r->sync_fd);
	sb_store_close(&r->store);
	pthread_mutex_destroy(&r->flush);
	pthread_mutex_destroy(&r->mutex);
	free(r->bases.at);
	free(r->others.at);
	free(r->names.name);
	free(r);
	return status;
}
