/* SPDX-License-Identifier: MIT */
/*
 * Refresh: each policy on the path gets a blob for this kernel, reused if there
 * is a good one, else compiled. list_policies() says which, do_policy() is what
 * happens to one, and the rest lets several threads do it.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <secbake/cache.h>
#include <secbake/compile.h>

#include "places.h"
#include "refresh_sources.h"
#include "stage.h"
#include "store.h"

#define JOBS_MAX 256u

struct names {
	char (*name)[SECBAKE_NAME_MAX + 1];
	size_t count, room;
};

struct refresh {
	const struct secbake_refresh_options *options;
	struct sb_lookup lookup;
	struct sb_store_place place[SB_ROOTS_MAX]; /* where to write, best first */
	size_t place_count;
	struct secbake_hash hash;
	struct names names;

	pthread_mutex_t mutex; /* for what follows, and for the reporter */
	size_t next, done;
	struct secbake_refresh_summary summary;
	bool store_tried;
	enum secbake_status store_status;
	struct secbake_error store_error;
	struct sb_store store;
};

/* What one compile says reaches the caller's reporter with the policy's name. */
struct messenger {
	struct secbake_reporter base; /* first */
	struct refresh *refresh;
	const char *name;
	bool failed; /* the first error is the one that the policy's event has */
};

static void message(struct refresh *r, enum secbake_level level, const char *name,
		    const struct secbake_error *text)
{
	struct secbake_refresh_reporter *reporter = r->options->reporter;

	if (!reporter || !reporter->message)
		return;
	pthread_mutex_lock(&r->mutex);
	reporter->message(reporter, level, name, text);
	pthread_mutex_unlock(&r->mutex);
}

static void forward(struct secbake_reporter *self, enum secbake_level level,
		    const struct secbake_error *text)
{
	struct messenger *m = (struct messenger *)self;
	bool first = level == SECBAKE_ERROR && !m->failed;

	m->failed |= first;
	if (first)
		return;
	message(m->refresh, level, m->name, text);
}

static void worsen(struct refresh *r, enum secbake_status status)
{
	r->summary.worst = sb_graver(r->summary.worst, status);
}

/* ---- which policies ---- */

static enum secbake_status add_name(struct names *names, const char *name, size_t size,
				    struct secbake_error *error)
{
	if (names->count == names->room) {
		size_t room = names->room ? names->room * 2 : 64;
		void *grown = reallocarray(names->name, room, sizeof(*names->name));

		if (!grown)
			return secbake_error_set(error, SECBAKE_ERR_MEMORY, 0,
						 "out of memory for the list of policies");
		names->name = grown;
		names->room = room;
	}
	memcpy(names->name[names->count], name, size);
	names->name[names->count][size] = '\0';
	names->count++;
	return SECBAKE_OK;
}

/* A file in a folder of policies: is it one? Other kinds of files may lie there, too. */
static enum secbake_status take_file(struct refresh *r, const char *folder, const char *file,
				     struct secbake_error *error)
{
	size_t size = strlen(file), suffix = strlen(SB_SUFFIX_POLICY);
	struct secbake_error odd = {0};
	char name[SECBAKE_NAME_MAX + 1];

	/* A name that begins with '@' is of what other policies are made of: @groups.json. */
	if (file[0] == '.' || file[0] == '@' || size < suffix ||
	    strcmp(file + size - suffix, SB_SUFFIX_POLICY) != 0)
		return SECBAKE_OK;
	size -= suffix;
	if (size <= SECBAKE_NAME_MAX) {
		memcpy(name, file, size);
		name[size] = '\0';
		if (secbake_name_valid(name))
			return add_name(&r->names, name, size, error);
	}
	secbake_error_set(&odd, SECBAKE_OK, 0,
			  "%s/%s is skipped: a policy's name is 1 to %u of A-Z a-z 0-9 _ . @ -",
			  folder, file, SECBAKE_NAME_MAX);
	message(r, SECBAKE_WARNING, NULL, &odd);
	return SECBAKE_OK;
}

static void folder_failed(struct refresh *r, const struct secbake_error *why)
{
	message(r, SECBAKE_ERROR, NULL, why);
	worsen(r, why->status);
}

static enum secbake_status list_folder(struct refresh *r, size_t index, struct secbake_error *error)
{
	const struct sb_root *root = &r->lookup.policies.root[index];
	enum secbake_status status;
	struct secbake_error why = {0};
	const struct dirent *entry;
	DIR *list;
	int dir, fd;

	status = sb_trust_root(sb_lookup_policy_trust(&r->lookup, index), root->path, root->anchor,
			       &dir, &why);
	if (status) {
		/* Of the default ones, each may be missing; one that was named must be there. */
		if (status != SECBAKE_ERR_MISSING || r->options->places.policy_count)
			folder_failed(r, &why);
		return SECBAKE_OK;
	}
	fd = sb_open(dir, ".", O_RDONLY | O_DIRECTORY, 0);
	close(dir);
	list = fd >= 0 ? fdopendir(fd) : NULL;
	if (!list) {
		secbake_error_set(&why, SECBAKE_ERR_SYSTEM, errno, "cannot list %s", root->path);
		folder_failed(r, &why);
		if (fd >= 0)
			close(fd);
		return SECBAKE_OK;
	}
	for (errno = 0; !status && (entry = readdir(list)); errno = 0)
		status = take_file(r, root->path, entry->d_name, error);
	if (!status && errno) {
		secbake_error_set(&why, SECBAKE_ERR_SYSTEM, errno, "cannot list %s", root->path);
		folder_failed(r, &why);
	}
	closedir(list);
	return status;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* All names on the policy path, or those that were given; sorted, none twice. */
static enum secbake_status list_policies(struct refresh *r, struct secbake_error *error)
{
	const struct secbake_refresh_options *o = r->options;
	enum secbake_status status = SECBAKE_OK;
	size_t kept = 0;

	for (size_t i = 0; !status && i < o->name_count; i++) {
		if (!secbake_name_valid(o->name[i]))
			return secbake_error_set(error, SECBAKE_ERR_INPUT, 0,
						 "'%s' cannot name a policy: 1 to %u of A-Z a-z "
						 "0-9 _ . @ -, no dot in front",
						 o->name[i], SECBAKE_NAME_MAX);
		status = add_name(&r->names, o->name[i], strlen(o->name[i]), error);
	}
	for (size_t i = 0; !status && !o->name_count && i < r->lookup.policies.count; i++)
		status = list_folder(r, i, error);
	if (status || !r->names.count)
		return status;
	qsort(r->names.name, r->names.count, sizeof(*r->names.name), by_name);
	for (size_t i = 1; i < r->names.count; i++)
		if (strcmp(r->names.name[kept], r->names.name[i]) != 0 && ++kept != i)
			memcpy(r->names.name[kept], r->names.name[i], sizeof(*r->names.name));
	r->names.count = kept + 1;
	return SECBAKE_OK;
}

/* ---- one policy ---- */

/* Good for this kernel and these sources, and not another version's work? */
static bool current(const struct refresh *r, const char *name, const uint8_t *bytes, size_t size)
{
	struct secbake_blob_header header;
	struct secbake_blob blob;

	if (secbake_blob_open(bytes, size, &blob, NULL))
		return false;
	header = secbake_blob_header(&blob);
	return !strcmp(header.name, name) && !strcmp(header.compiler, SECBAKE_VERSION) &&
	       !sb_blob_agrees(&blob, &r->options->features, NULL) &&
	       !sb_lookup_sources(&r->lookup, &blob, false, NULL);
}

/*
 * The root with a good blob, or NULL. What is wrong with the others does not
 * matter: they are not used. Only the first that opens is a candidate of the
 * loader's, but it goes on to the next as well.
 */
static const char *find_current(const struct refresh *r, const char *name)
{
	for (size_t i = 0; i < r->lookup.cache.count; i++) {
		bool good = false;
		uint64_t file_size;
		uint8_t *bytes;
		size_t size;
		int fd;

		if (sb_lookup_blob(&r->lookup, i, &r->hash, name, &fd, &file_size, NULL))
			continue;
		if (!sb_read_fd(fd, SECBAKE_BLOB_SIZE_MAX, &bytes, &size, name, NULL)) {
			good = current(r, name, bytes, size);
			free(bytes);
		}
		close(fd);
		if (good)
			return r->lookup.cache.root[i].path;
	}
	return NULL;
}

/* The first root that can be written, opened when the first compile needs it. */
static enum secbake_status open_store(struct refresh *r, struct secbake_error *error)
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

static enum secbake_status read_options(const struct refresh *r, const char *name,
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

static enum secbake_status read_texts(const struct refresh *r, const char *name,
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
		texts->sources = sb_refresh_sources_new(&r->lookup, found.root, name);
		if (!texts->sources)
			status = secbake_error_set(error, SECBAKE_ERR_MEMORY, 0, "out of memory");
		else
			compile->sources = &texts->sources->base;
	}
	close(found.fd);
	close(found.dir);
	return status;
}

static enum secbake_status compile_policy(struct refresh *r, const char *name,
					  struct secbake_error *error)
{
	struct messenger messenger = {.base = {.report = forward}, .refresh = r, .name = name};
	struct secbake_compile_options compile = {
		.target = r->options->features,
		.name = name,
		.reporter = &messenger.base,
		.effort = r->options->effort,
	};
	struct texts texts = {0};
	struct secbake_compiled *compiled = NULL;
	enum secbake_status status;

	status = read_texts(r, name, &texts, &compile, error);
	if (!status)
		status = secbake_compile(&compile, &compiled, error);
	if (!status) {
		size_t size;
		const uint8_t *bytes = secbake_compiled_blob(compiled, &size);

		status = sb_store_put(&r->store, name, bytes, size, error);
	}
	secbake_compiled_free(compiled);
	free(texts.policy);
	free(texts.options);
	sb_refresh_sources_free(texts.sources);
	return status;
}

static enum secbake_status do_policy(struct refresh *r, const char *name,
				     enum secbake_outcome *outcome, const char **root,
				     struct secbake_error *error)
{
	enum secbake_status status;
	struct sb_policy found;
	int lock;

	*outcome = SECBAKE_REUSED;
	*root = find_current(r, name);
	if (*root)
		return SECBAKE_OK;
	*outcome = SECBAKE_FAILED;
	/* A misspelt name makes no directories. */
	status = sb_lookup_policy(&r->lookup, name, &found, error);
	if (status)
		return status;
	close(found.fd);
	close(found.dir);
	status = open_store(r, error);
	if (!status)
		status = sb_store_lock(&r->store, name, &lock, error);
	if (status)
		return status;
	/* Whoever held the lock before may have done the work. */
	*root = find_current(r, name);
	if (*root) {
		*outcome = SECBAKE_REUSED;
	} else {
		status = compile_policy(r, name, error);
		if (!status) {
			*outcome = SECBAKE_COMPILED;
			*root = r->store.root;
		}
	}
	close(lock);
	return status;
}

/* ---- all of them ---- */

static void account(struct refresh *r, const struct secbake_refresh_event *done,
		    enum secbake_status status)
{
	struct secbake_refresh_reporter *reporter = r->options->reporter;
	struct secbake_refresh_event event = *done;

	pthread_mutex_lock(&r->mutex);
	r->summary.policies++;
	r->summary.reused += event.outcome == SECBAKE_REUSED;
	r->summary.compiled += event.outcome == SECBAKE_COMPILED;
	r->summary.failed += event.outcome == SECBAKE_FAILED;
	worsen(r, status);
	event.done = ++r->done;
	event.total = r->names.count;
	if (reporter && reporter->policy)
		reporter->policy(reporter, &event);
	pthread_mutex_unlock(&r->mutex);
}

static void *work(void *argument)
{
	struct refresh *r = argument;

	for (;;) {
		struct secbake_error error = {0};
		struct secbake_refresh_event event = {0};
		enum secbake_status status;
		size_t index;

		pthread_mutex_lock(&r->mutex);
		index = r->next < r->names.count ? r->next++ : r->names.count;
		pthread_mutex_unlock(&r->mutex);
		if (index == r->names.count)
			return NULL;
		event.name = r->names.name[index];
		status = do_policy(r, event.name, &event.outcome, &event.root, &error);
		if (status)
			event.error = &error;
		account(r, &event, status);
	}
}

/* This thread works, too: where no other can be made it does everything. */
static void work_all(struct refresh *r)
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

enum secbake_status secbake_refresh(const struct secbake_refresh_options *options,
				    struct secbake_refresh_summary *summary,
				    struct secbake_error *error)
{
	struct refresh *r = calloc(1, sizeof(*r)); /* too large for a caller's stack */
	enum secbake_status status;

	if (!r)
		return secbake_error_set(error, SECBAKE_ERR_MEMORY, 0, "out of memory");
	r->options = options;
	r->store = (struct sb_store){.locks = -1, .dir = -1, .in_use = -1};
	pthread_mutex_init(&r->mutex, NULL);
	secbake_features_hash(&options->features, &r->hash);
	status = check_reserved(options, error);
	if (!status)
		status = sb_places_lookup(&options->places, &r->lookup, error);
	if (!status) {
		r->place_count = sb_places_to_write(&options->places, &r->lookup, r->place);
		status = list_policies(r, error);
	}
	if (!status) {
		work_all(r);
		*summary = r->summary;
	}
	sb_store_close(&r->store);
	pthread_mutex_destroy(&r->mutex);
	free(r->names.name);
	free(r);
	return status;
}
