/* SPDX-License-Identifier: MIT */
/* What a refresh does for one policy. */
#include "refresh.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "refresh_index.h"
#include "refresh_sources.h"

#define SINGLE_MAX                                                                    \
	4u /* so few blobs are synced one by one, and not with all else that is dirty \
	    */

/* What one compile says reaches the caller's reporter with the policy's name. */
struct messenger {
	struct secbake_reporter base; /* first */
	struct sb_refresh *refresh;
	const char *name;
	unsigned int errors; /* the first is the one that the policy's event has */
};

static void forward(struct secbake_reporter *self, enum secbake_level level,
		    const struct secbake_error *text)
{
	struct messenger *m = (struct messenger *)self;

	if (level == SECBAKE_ERROR && !m->errors++)
		return;
	sb_refresh_message(m->refresh, level, m->name, text);
}

/* The first root that can be written, opened when the first compile needs it. */
static enum secbake_status open_store(struct sb_refresh *r, struct secbake_error *error)
{
	enum secbake_status status;

	pthread_mutex_lock(&r->mutex);
	if (!r->store_tried) {
		r->store_tried = true;
		r->store_status = SECBAKE_ERR_MISSING;
		for (size_t i = 0; i < r->place_count && r->store_status; i++)
			r->store_status = sb_store_open(&r->store, &r->lookup.trust, &r->place[i],
							&r->options->features, &r->store_error);
		if (!r->place_count)
			secbake_error_set(&r->store_error, r->store_status, 0,
					  "there is no cache to write to: name one, or set HOME");
		/* Opened before anything is written: it tells of what fails from here on. */
		if (!r->store_status && r->names.count > SINGLE_MAX)
			r->sync_fd = sb_open(r->store.dir, ".", O_RDONLY | O_DIRECTORY, 0);
	}
	status = r->store_status;
	if (status)
		sb_error_pass(error, &r->store_error);
	pthread_mutex_unlock(&r->mutex);
	return status;
}

/* A policy's text and that of its options, in memory of their own. */
struct texts {
	uint8_t *policy, *options;
	struct sb_refresh_sources *sources;
	char policy_file[SB_PATH_MAX + SECBAKE_NAME_MAX + 8];
	char options_file[SB_PATH_MAX + SECBAKE_NAME_MAX + 16];
};

static enum secbake_status read_options(const struct sb_refresh *r, const char *name,
					const struct sb_policy *found, struct texts *texts,
					struct secbake_compile_options *compile,
					struct secbake_error *error)
{
	char file[SECBAKE_NAME_MAX + sizeof(SB_SUFFIX_OPTIONS)];
	struct secbake_error why = {0};
	enum secbake_status status;
	size_t size = 0;
	int fd;

	snprintf(file, sizeof(file), "%s%s", name, SB_SUFFIX_OPTIONS);
	snprintf(texts->options_file, sizeof(texts->options_file), "%s/%s",
		 r->lookup.policies.root[found->root].path, file);
	status = sb_trust_file_at(sb_lookup_policy_trust(&r->lookup, found->root), found->dir, file,
				  SB_SOURCE_SIZE_MAX, &fd, NULL, &why);
	if (status == SECBAKE_ERR_MISSING)
		return SECBAKE_OK;
	if (!status) {
		status = sb_read_fd(fd, SB_SOURCE_SIZE_MAX, &texts->options, &size,
				    texts->options_file, &why);
		close(fd);
	}
	if (status) {
		secbake_error_file(&why, r->lookup.policies.root[found->root].path, 0, 0, NULL);
		sb_error_pass(error, &why);
		return status;
	}
	compile->options = (struct secbake_text){
		.bytes = (const char *)texts->options, .size = size, .file = texts->options_file};
	return SECBAKE_OK;
}

static enum secbake_status read_texts(const struct sb_refresh *r, const char *name,
				      struct texts *texts, struct secbake_compile_options *compile,
				      struct secbake_error *error)
{
	struct sb_policy found;
	enum secbake_status status;
	size_t size = 0;

	status = sb_lookup_policy(&r->lookup, name, &found, error);
	if (status)
		return status;
	snprintf(texts->policy_file, sizeof(texts->policy_file), "%s/%s%s",
		 r->lookup.policies.root[found.root].path, name, SB_SUFFIX_POLICY);
	status = sb_read_fd(found.fd, SB_SOURCE_SIZE_MAX, &texts->policy, &size, texts->policy_file,
			    error);
	if (!status) {
		compile->policy = (struct secbake_text){.bytes = (const char *)texts->policy,
							.size = size,
							.file = texts->policy_file};
		status = read_options(r, name, &found, texts, compile, error);
	}
	if (!status) {
		texts->sources = sb_refresh_sources_new(&r->lookup, found.root, name,
							r->options->places.image);
		if (!texts->sources)
			status = secbake_error_set(error, SECBAKE_ERR_MEMORY, 0, "out of memory");
		else
			compile->sources = &texts->sources->base;
	}
	close(found.fd);
	close(found.dir);
	return status;
}

/* Writes the new blob beside the old one; it gets its name with its batch. */
static enum secbake_status stage(struct sb_refresh *r, struct sb_result *result,
				 const uint8_t *bytes, size_t size, struct secbake_error *error)
{
	enum secbake_status status;

	snprintf(result->file, sizeof(result->file), "%s%s", result->name, SB_SUFFIX_BLOB);
	status = sb_stage_write(&result->stage, r->store.dir, r->store.path, result->file, bytes,
				size, 0644, error);
	if (status)
		return status;
	result->staged = true;
	if (r->sync_fd < 0)
		status = sb_stage_sync(&result->stage, error);
	/* Descriptors may be few; from here on the name will do. */
	sb_stage_close(&result->stage);
	return status;
}

/* Seconds, not milliseconds. Of the options a word is enough: to be wrong costs one sync. */
static bool slow(const struct sb_refresh *r, const struct secbake_text *options)
{
	static const char best[] = "best";

	return r->options->effort == SECBAKE_EFFORT_BEST ||
	       (options->bytes && memmem(options->bytes, options->size, best, sizeof(best) - 1));
}

static enum secbake_status compile_policy(struct sb_refresh *r, struct sb_result *result,
					  const struct sb_candidate *earlier,
					  struct secbake_error *error)
{
	struct messenger messenger = {
		.base = {.report = forward}, .refresh = r, .name = result->name};
	struct secbake_compile_options compile = {
		.target = r->options->features,
		.name = result->name,
		.reporter = &messenger.base,
		.earlier = earlier->bytes ? &earlier->blob : NULL,
		.effort = r->options->effort,
	};
	struct texts texts = {0};
	struct secbake_compiled *compiled = NULL;
	enum secbake_status status;

	status = read_texts(r, result->name, &texts, &compile, error);
	sb_refresh_before_compile(r, slow(r, &compile.options));
	if (!status)
		status = secbake_compile(&compile, &compiled, error);
	if (!status) {
		size_t size;
		const uint8_t *bytes = secbake_compiled_blob(compiled, &size);

		result->outcome =
			secbake_compiled_restamped(compiled) ? SECBAKE_RESTAMPED : SECBAKE_COMPILED;
		status = stage(r, result, bytes, size, error);
		if (!status)
			sb_index_add_bytes(r->index, bytes, size);
	}
	result->lacks_default = status && messenger.errors == 1 && error->code &&
				!strcmp(error->code, SECBAKE_CODE_LACKS_DEFAULT);
	/* What it is made of has no fault of its own. */
	if (status && !result->lacks_default)
		sb_index_add_failed(r->index, texts.sources);
	secbake_compiled_free(compiled);
	free(texts.policy);
	free(texts.options);
	sb_refresh_sources_free(texts.sources);
	return status;
}

/*
 * Another kernel's blob, if there is one that is as good for this. The entry is not
 * locked: to copy costs no more than to wait, and two copies are the same bytes.
 */
static bool copy_policy(struct sb_refresh *r, struct sb_result *result, struct secbake_error *error)
{
	struct sb_candidate other = {0};
	bool found = sb_refresh_find_other(r, result->name, &other);

	if (!found)
		return false;
	result->outcome = SECBAKE_COPIED;
	result->status = open_store(r, error);
	if (!result->status)
		result->status = stage(r, result, other.bytes, other.size, error);
	if (!result->status) {
		result->root = r->store.root;
		sb_index_add(r->index, &other.blob);
	}
	free(other.bytes);
	return true;
}

static enum secbake_status look_and_renew(struct sb_refresh *r, struct sb_result *result,
					  struct sb_candidate *earlier, struct secbake_error *error)
{
	enum secbake_status status;
	struct sb_policy found;

	result->root = sb_refresh_find(r, result->name, earlier);
	if (result->root)
		return SECBAKE_OK;
	if (copy_policy(r, result, error))
		return result->status;
	/* A misspelt name makes no directories. */
	status = sb_lookup_policy(&r->lookup, result->name, &found, error);
	if (status)
		return status;
	close(found.fd);
	close(found.dir);
	status = open_store(r, error);
	if (!status)
		status = sb_refresh_lock(r, result->name, &result->lock, error);
	if (status)
		return status;
	/* Whoever held the lock before may have done the work. */
	result->root = sb_refresh_find(r, result->name, earlier);
	if (result->root)
		return SECBAKE_OK;
	status = compile_policy(r, result, earlier, error);
	result->root = r->store.root;
	return status;
}

void sb_refresh_policy(struct sb_refresh *r, const char *name, struct sb_result *result)
{
	struct sb_candidate earlier = {0};

	*result = (struct sb_result){
		.name = name, .outcome = SECBAKE_REUSED, .lock = -1, .stage = {.fd = -1}};
	result->status = look_and_renew(r, result, &earlier, &result->error);
	free(earlier.bytes);
	if (result->status) {
		if (result->staged)
			sb_stage_drop(&result->stage);
		result->staged = false;
		result->outcome = SECBAKE_FAILED;
		result->root = NULL;
	}
	if (!result->staged && result->lock >= 0) {
		close(result->lock);
		result->lock = -1;
	}
}
