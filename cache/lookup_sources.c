/* SPDX-License-Identifier: MIT */
/* See lookup.h: the policy path, and whether a blob's sources are what they were. */
#include "lookup.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "accounts.h"
#include "blob_layout.h"
#include "hash_stream.h"

#define READ_SIZE 16384u
#define PAGE 4096u
#define READS 3u	 /* of a further source, if memory allows */
#define READS_FIRST 6u	 /* of the first: they are not more with each source */
#define LEFT_OPEN_MAX 8u /* sources; a limit on open files may be low */

const struct sb_trust *sb_lookup_policy_trust(const struct sb_lookup *lookup, size_t root)
{
	return lookup->policies.root[root].anchor == SB_ANCHOR_SYSTEM ? &lookup->trust
								      : &lookup->policy_trust;
}

/*
 * Descriptors of the policy path's folders, opened when first asked for: with
 * many sources the path is walked once and not once a source.
 */
struct folders {
	const struct sb_lookup *lookup;
	enum secbake_status status[SB_ROOTS_MAX]; /* of opening: OK or MISSING */
	bool asked[SB_ROOTS_MAX];
	int fd[SB_ROOTS_MAX];
};

static void folders_close(struct folders *folders, size_t but)
{
	for (size_t i = 0; i < SB_ROOTS_MAX; i++) {
		if (i != but && folders->asked[i] && !folders->status[i] &&
		    !folders->lookup->trust.leave_open)
			close(folders->fd[i]);
	}
}

static enum secbake_status folder(struct folders *folders, size_t root, int *fd,
				  struct secbake_error *error)
{
	const struct sb_root *at = &folders->lookup->policies.root[root];
	enum secbake_status status;

	if (!folders->asked[root]) {
		status = sb_trust_root(sb_lookup_policy_trust(folders->lookup, root), at->path,
				       at->anchor, &folders->fd[root], error);
		if (status && status != SECBAKE_ERR_MISSING)
			return status;
		folders->asked[root] = true;
		folders->status[root] = status;
	}
	if (!folders->status[root])
		*fd = folders->fd[root];
	return folders->status[root];
}

/*
 * An error record costs a page of stack if each caller has one of its own. So those below
 * write to the one that there is, where it holds nothing yet, and take back what turns
 * out to be none.
 */
static struct secbake_error *fresh(struct secbake_error *error)
{
	return error && error->status == SECBAKE_OK ? error : NULL;
}

static void forget(struct secbake_error *error)
{
	if (error)
		error->status = SECBAKE_OK;
}

/* The first NAME.json; dir is borrowed from folders, fd is new. error: as by fresh(). */
static enum secbake_status find_policy(struct folders *folders, const char *name,
				       struct sb_policy *found, struct secbake_error *error)
{
	const struct sb_lookup *lookup = folders->lookup;
	char json[SB_FILE_NAME_MAX];
	enum secbake_status status = sb_lookup_file_name(json, name, SB_SUFFIX_POLICY, error);

	if (status)
		return status;
	for (size_t i = 0; i < lookup->policies.count; i++) {
		struct sb_policy at = {.root = i};
		bool in_folder;

		status = folder(folders, i, &at.dir, error);
		in_folder = !status;
		if (in_folder)
			status = sb_trust_file_at(sb_lookup_policy_trust(lookup, i), at.dir, json,
						  SB_SOURCE_SIZE_MAX, &at.fd, &at.size, error);
		if (status == SECBAKE_ERR_MISSING) {
			forget(error);
			continue;
		}
		if (!status) {
			*found = at;
			return SECBAKE_OK;
		}
		if (in_folder)
			secbake_error_file(error, lookup->policies.root[i].path, 0, 0, NULL);
		return status;
	}
	return secbake_error_set(
		error, SECBAKE_ERR_MISSING, 0,
		"there is no %s on the policy path (%s%s); put it there, or name its directory with -P",
		json, lookup->policies.root[0].path, lookup->policies.count > 1 ? " ..." : "");
}

enum secbake_status sb_lookup_policy(const struct sb_lookup *lookup, const char *name,
				     struct sb_policy *found, struct secbake_error *error)
{
	struct folders folders = {.lookup = lookup};
	struct sb_policy at = {0};
	enum secbake_status status = find_policy(&folders, name, &at, fresh(error));

	folders_close(&folders, status ? SB_ROOTS_MAX : at.root);
	if (!status)
		*found = at;
	return status;
}

/* What a file is read to; reads: in how many it should be done. */
struct reading {
	uint8_t *buffer;
	size_t size;
	unsigned int reads;
};

/*
 * A page that is touched first costs as much as five reads: few reads, but no page more than
 * that takes.
 */
static size_t chunk_of(const struct reading *to, uint64_t size)
{
	const uint64_t whole_pages = PAGE + (-((uintptr_t)to->buffer + PAGE) & (PAGE - 1));
	const uint64_t few = size / to->reads + 1;
	const uint64_t chunk = few > whole_pages ? few : whole_pages;

	return chunk < to->size ? (size_t)chunk : to->size;
}

/*
 * Up to size bytes, to the end of the file or to so many: who knows the size from
 * fstat need not ask for the end.
 */
static enum secbake_status hash_up_to(int fd, uint64_t size, const struct reading *to,
				      struct secbake_hash *hash, uint64_t *total,
				      struct secbake_error *error)
{
	const size_t chunk = chunk_of(to, size);
	struct sb_hash_stream stream;
	ssize_t got = 1;

	*total = 0;
	sb_hash_begin(&stream);
	while (*total < size && got) {
		uint64_t left = size - *total;

		got = read(fd, to->buffer, left < chunk ? (size_t)left : chunk);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return secbake_error_set(error, SECBAKE_ERR_SYSTEM, errno,
						 "cannot read a file");
		sb_hash_add(&stream, to->buffer, (size_t)got);
		*total += (uint64_t)got;
	}
	*hash = sb_hash_end(&stream);
	return SECBAKE_OK;
}

static __attribute__((noinline)) enum secbake_status hash_on_stack(int fd, uint64_t size,
								   struct secbake_hash *hash,
								   uint64_t *total,
								   struct secbake_error *error)
{
	uint8_t buffer[READ_SIZE];

	return hash_up_to(fd, size, &(struct reading){buffer, sizeof(buffer), READS}, hash, total,
			  error);
}

enum secbake_status sb_hash_fd(int fd, uint64_t size_max, struct secbake_hash *hash,
			       struct secbake_error *error)
{
	struct secbake_hash all;
	uint64_t total;
	enum secbake_status status = hash_on_stack(fd, size_max + 1, &all, &total, error);

	if (status)
		return status;
	if (total > size_max)
		return secbake_error_set(error, SECBAKE_ERR_LIMIT, 0,
					 "a file has more than %llu bytes",
					 (unsigned long long)size_max);
	*hash = all;
	return SECBAKE_OK;
}

/* A source that is not there, in struct check. */
#define NOWHERE 0xffu

/* Where each source was found, for those whose parent it is. */
struct check {
	const struct sb_lookup *lookup;
	const struct secbake_blob *blob;
	bool lenient;
	struct folders folders;
	struct secbake_error *error;	   /* NULL, or with none in it yet */
	uint8_t root[SECBAKE_SOURCES_MAX]; /* up to the source at hand */
};

static const char *source_suffix(const struct secbake_blob_source *source)
{
	return source->kind == SECBAKE_SOURCE_POLICY	? SB_SUFFIX_POLICY
	       : source->kind == SECBAKE_SOURCE_OPTIONS ? SB_SUFFIX_OPTIONS
							: "";
}

static enum secbake_status stale(const struct check *check,
				 const struct secbake_blob_source *source, const char *why)
{
	return secbake_error_set(check->error, SECBAKE_ERR_STALE, 0, "source %s%s %s",
				 secbake_blob_string(check->blob, source->name),
				 source_suffix(source), why);
}

/* The folder of a FILE's parent: the root of the POLICY above, then the folders of the FILEs. */
static enum secbake_status parent_path(const struct check *check, uint32_t index,
				       char path[SB_PATH_MAX])
{
	const struct secbake_blob *blob = check->blob;
	uint32_t chain[SB_SOURCE_DEPTH_MAX];
	size_t depth = 0;
	struct secbake_blob_source source = secbake_blob_source(blob, index);

	path[0] = '\0';
	while (source.kind == SECBAKE_SOURCE_FILE) {
		/* Checked by blob_open: parents come before, and so few of them. */
		if (depth == SB_SOURCE_DEPTH_MAX)
			return SECBAKE_ERR_LIMIT;
		chain[depth++] = index;
		index = source.parent;
		source = secbake_blob_source(blob, index);
	}
	while (depth--) {
		size_t used = strlen(path);
		const char *name, *slash;

		source = secbake_blob_source(blob, chain[depth]);
		name = secbake_blob_string(blob, source.name);
		if (!sb_path_append(path, SB_PATH_MAX, name))
			return SECBAKE_ERR_LIMIT;
		if (!depth)
			return SECBAKE_OK;
		/* Keep its folder with the slash, or nothing. */
		slash = strrchr(path + used, '/');
		path[slash ? (size_t)(slash - path) + 1 : used] = '\0';
	}
	return SECBAKE_OK;
}

/* A FILE below the folder of its parent. Apart, because its path takes a page of stack. */
static __attribute__((noinline)) enum secbake_status
open_file_source(const struct check *check, uint32_t index, const struct sb_trust *trust, int dir,
		 int *fd, uint64_t *size, struct secbake_error *error)
{
	char path[SB_PATH_MAX];

	if (parent_path(check, index, path))
		return secbake_error_set(error, SECBAKE_ERR_LIMIT, 0, "its path is too long");
	return sb_trust_file_at(trust, dir, path, SB_SOURCE_SIZE_MAX, fd, size, error);
}

/*
 * Opens source number index, below *root of the policy path; MISSING when it is not there,
 * with or without a message.
 */
static enum secbake_status open_source(struct check *check, uint32_t index,
				       const struct secbake_blob_source *source, const char *name,
				       int *fd, uint64_t *size, uint8_t *root)
{
	char options[SB_FILE_NAME_MAX];
	enum secbake_status status;
	struct sb_policy found = {0};
	struct sb_trust trust;
	int dir;

	if (source->kind == SECBAKE_SOURCE_POLICY) {
		status = find_policy(&check->folders, name, &found, check->error);
		if (!status) {
			*fd = found.fd;
			*size = found.size;
			*root = (uint8_t)found.root;
		}
		return status;
	}
	*root = check->root[source->parent];
	status = folder(&check->folders, *root, &dir, check->error);
	if (status)
		return status;
	trust = *sb_lookup_policy_trust(check->lookup, *root);
	trust.leave_open = trust.leave_open && index < LEFT_OPEN_MAX;
	if (source->kind == SECBAKE_SOURCE_FILE)
		return open_file_source(check, index, &trust, dir, fd, size, check->error);
	status = sb_lookup_file_name(options, name, SB_SUFFIX_OPTIONS, check->error);
	if (status)
		return status;
	/* Most policies have none: this costs half of what the attempt to open it does. */
	if (!source->present && sb_trust_absent(dir, options))
		return SECBAKE_ERR_MISSING;
	return sb_trust_file_at(&trust, dir, options, SB_SOURCE_SIZE_MAX, fd, size, check->error);
}

/* Is the content of this file, of size bytes when it was opened, the recorded one? */
static enum secbake_status check_content(const struct check *check,
					 const struct secbake_blob_source *source, uint32_t index,
					 int fd, uint64_t size)
{
	const struct reading to = {check->lookup->buffer, check->lookup->buffer_size,
				   index ? READS : READS_FIRST};
	struct secbake_hash hash;
	uint64_t total;
	enum secbake_status status =
		to.buffer ? hash_up_to(fd, size, &to, &hash, &total, check->error)
			  : hash_on_stack(fd, size, &hash, &total, check->error);

	if (!status && memcmp(&hash, &source->content, sizeof(hash)) != 0)
		return stale(check, source, "has other content than when it was compiled");
	return status;
}

/* Says of the message that is there which source it is about. */
static __attribute__((noinline)) enum secbake_status
about_source(const struct check *check, const struct secbake_blob_source *source, const char *name,
	     enum secbake_status status)
{
	struct secbake_error why;

	if (!check->error)
		return status;
	why = *check->error;
	forget(check->error);
	secbake_error_set(check->error, status, why.sys_errno, "source %s%s: %s", name,
			  source_suffix(source), why.text);
	secbake_error_file(check->error, why.file, 0, 0, NULL);
	return status;
}

/* A user's or group's number. */
static __attribute__((noinline)) enum secbake_status
check_account(const struct check *check, const struct secbake_blob_source *source, const char *name)
{
	enum secbake_status status =
		sb_account_check(check->lookup, name, &source->content, check->error);

	if (status == SECBAKE_ERR_STALE) {
		forget(check->error);
		return stale(check, source, "has another number than when it was compiled");
	}
	if (status == SECBAKE_ERR_MISSING) {
		forget(check->error);
		return !source->present || check->lenient
			       ? SECBAKE_OK
			       : stale(check, source, "is no longer there");
	}
	return status ? about_source(check, source, name, status) : SECBAKE_OK;
}

static enum secbake_status check_source(struct check *check, uint32_t index)
{
	struct secbake_blob_source source = secbake_blob_source(check->blob, index);
	const char *name = secbake_blob_string(check->blob, source.name);
	enum secbake_status status;
	uint64_t size = 0;
	uint8_t root = NOWHERE;
	int fd;

	check->root[index] = NOWHERE;
	if (source.kind == SECBAKE_SOURCE_ACCOUNT)
		return check_account(check, &source, name);
	if (source.kind != SECBAKE_SOURCE_POLICY && check->root[source.parent] == NOWHERE)
		return SECBAKE_OK; /* forgiven with its parent */
	status = open_source(check, index, &source, name, &fd, &size, &root);
	if (status == SECBAKE_ERR_MISSING) {
		forget(check->error);
		return !source.present || check->lenient
			       ? SECBAKE_OK
			       : stale(check, &source, "is no longer there");
	}
	if (status)
		return about_source(check, &source, name, status);
	check->root[index] = root;
	if (!source.present)
		status = stale(check, &source, "is new");
	else
		status = check_content(check, &source, index, fd, size);
	if (!check->lookup->trust.leave_open || index >= LEFT_OPEN_MAX)
		close(fd);
	return status;
}

/* A blob without a source of its own name: only right where there is no such policy. */
static enum secbake_status check_own(struct check *check)
{
	const char *own = sb_name_of(check->blob);
	uint32_t count = secbake_blob_count(check->blob, SECBAKE_SECTION_SOURCES);
	struct sb_policy found;
	enum secbake_status status;

	for (uint32_t i = 0; i < count; i++) {
		struct secbake_blob_source source = secbake_blob_source(check->blob, i);

		if (source.kind == SECBAKE_SOURCE_POLICY &&
		    !strcmp(secbake_blob_string(check->blob, source.name), own))
			return SECBAKE_OK;
	}
	if (!check->lenient)
		return secbake_error_set(check->error, SECBAKE_ERR_STALE, 0,
					 "the blob records no source %s.json and is not sealed",
					 own);
	status = find_policy(&check->folders, own, &found, check->error);
	if (status == SECBAKE_ERR_MISSING) {
		forget(check->error);
		return SECBAKE_OK;
	}
	if (status)
		return status;
	close(found.fd);
	return secbake_error_set(check->error, SECBAKE_ERR_STALE, 0,
				 "the blob does not say what it was made of, and there is a "
				 "%s.json in %s",
				 own, check->lookup->policies.root[found.root].path);
}

enum secbake_status sb_lookup_sources(const struct sb_lookup *lookup,
				      const struct secbake_blob *blob, bool lenient,
				      struct secbake_error *error)
{
	struct check check;
	uint32_t count = secbake_blob_count(blob, SECBAKE_SECTION_SOURCES);
	enum secbake_status status;

	check.lookup = lookup;
	check.blob = blob;
	check.lenient = lenient || (blob->flags & SECBAKE_BLOB_SEALED);
	check.folders.lookup = lookup;
	memset(check.folders.asked, 0, sizeof(check.folders.asked));
	check.error = fresh(error);
	status = check_own(&check);

	for (uint32_t i = 0; !status && i < count; i++)
		status = check_source(&check, i);
	folders_close(&check.folders, SB_ROOTS_MAX);
	return status;
}
