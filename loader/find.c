/* SPDX-License-Identifier: MIT */
/*
 * Finding a blob that may be used: opened under the trust rule, read so that
 * nothing can change it any more, checked, right for this kernel, and with the
 * sources that are there now.
 */
#include "exec.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cache/blob_layout.h"

/* Other feature sets that are looked through in one root. */
#define SB_OTHER_SETS 64u

static __attribute__((noinline, cold)) void tell_usage(const struct sb_exec *x, const char *path,
						       const char *set)
{
	if (set)
		sb_tell(x, "using %s/%s/%s.sbk", path, set, x->name);
	else
		sb_tell(x, "using %s", path);
}

static enum secbake_status check(const struct sb_exec *x, const uint8_t *bytes, size_t size,
				 struct sb_found *found, struct secbake_error *error)
{
	struct sb_found at = {.options = {.keep_privileges = x->allow_new_privs}};
	enum secbake_status status = secbake_blob_open(bytes, size, &at.blob, error);

	if (status)
		return status;
	if (strcmp(sb_name_of(&at.blob), x->name) != 0)
		return secbake_error_set(error, SECBAKE_ERR_INPUT, 0,
					 "it is the policy %s under another name",
					 sb_name_of(&at.blob));
	at.options.mode = secbake_load_mode(&at.blob);
	if (x->complain && !(at.blob.flags & SECBAKE_BLOB_UNRESTRICTED))
		at.options.mode = SECBAKE_MODE_COMPLAIN;
	status = sb_load_plan(&at.blob, &x->features, &at.options, &at.plan, error);
	if (!status)
		status = sb_lookup_sources(&x->lookup, &at.blob, x->blob_file != NULL, error);
	if (!status)
		*found = at;
	return status;
}

static enum secbake_status use(struct sb_exec *x, int fd, uint64_t size, struct sb_found *found,
			       const char *where, struct secbake_error *error)
{
	uint8_t *bytes = sb_take_in(fd, size, x->room, SB_BLOB_USUAL, error);
	enum secbake_status status;

	x->lookup.buffer = x->room + (size > SB_BLOB_USUAL ? 0 : (size + 7) / 8 * 8);
	x->lookup.buffer_size = SB_READ_MAX;
	status = bytes ? check(x, bytes, (size_t)size, found, error) : error->status;
	if (status) {
		secbake_error_file(error, where, 0, 0, NULL);
		if (bytes)
			sb_give_back(bytes, (size_t)size, SB_BLOB_USUAL);
	}
	return status;
}

static enum secbake_status find_file(struct sb_exec *x, struct sb_found *found,
				     struct secbake_error *error)
{
	uint64_t size;
	int fd;
	enum secbake_status status = sb_trust_file(&x->lookup.trust, x->blob_file, SB_ANCHOR_NAMED,
						   SECBAKE_BLOB_SIZE_MAX, &fd, &size, error);

	if (!status)
		status = use(x, fd, size, found, x->blob_file, error);
	if (!status && x->verbose)
		tell_usage(x, x->blob_file, NULL);
	return status;
}

/*
 * One place. Among the messages the first about a blob that is there is kept: it is
 * more telling than that another is not.
 */
static bool find_in(struct sb_exec *x, size_t root, const char *set, struct sb_found *found,
		    struct secbake_error *error)
{
	const char *path = x->lookup.cache.root[root].path;
	enum secbake_status status;
	/* The message goes where one is wanted, unless there is one already. */
	struct secbake_error *why = error->status ? &x->why : error;
	uint64_t size;
	bool there;
	int fd;

	why->status = SECBAKE_OK;
	status = sb_lookup_set(&x->lookup, root, set, x->name, &fd, &size, why);
	there = status != SECBAKE_ERR_MISSING;
	if (!status) {
		status = use(x, fd, size, found, path, why);
		if (!x->lookup.trust.leave_open)
			close(fd);
	}
	if (status && x->verbose)
		sb_say(x, why);
	if (!there || !status)
		why->status = SECBAKE_OK;
	if (status)
		return false;
	if (x->verbose)
		tell_usage(x, path, set);
	error->status = SECBAKE_OK; /* of the places before */
	return true;
}

/* Descriptor of a root's list, or -1. */
static int open_list(const struct sb_exec *x, size_t root)
{
	const struct sb_root *at = &x->lookup.cache.root[root];
	int dir, list;

	if (sb_trust_root(&x->lookup.trust, at->path, at->anchor, &dir, NULL))
		return -1;
	list = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	close(dir);
	return list;
}

/* As the kernel writes it: inode, offset, length of the record, kind, name. */
#define ENTRY_LENGTH 16u
#define ENTRY_NAME 19u
#define SHORTEST 24 /* bytes, with its name and padding */

/*
 * Another kernel's blob in one root: as good for this kernel when it answers the same to
 * all that the variant's compile asked, which is checked as for any blob. The list is read
 * to room that nothing else needs yet.
 */
static bool find_other(struct sb_exec *x, size_t root, const char *own, struct sb_found *found,
		       struct secbake_error *error)
{
	unsigned int left = SB_OTHER_SETS;
	int list = open_list(x, root);
	long size = list < 0 ? 0 : syscall(SYS_getdents64, list, x->state, sizeof(x->state));
	uint16_t length;

	if (size > (long)sizeof(x->state))
		size = 0;
	if (list >= 0)
		close(list);
	/* An outer filter may make up the size: records are believed as far as they make sense. */
	for (long at = 0; left && at <= size - SHORTEST; at += length) {
		const char *set = x->state + at + ENTRY_NAME;

		memcpy(&length, x->state + at + ENTRY_LENGTH, sizeof(length));
		if (length < SHORTEST || length > size - at)
			break;
		if (length < ENTRY_NAME + SECBAKE_HASH_TEXT || set[SECBAKE_HASH_TEXT - 1] ||
		    strlen(set) != SECBAKE_HASH_TEXT - 1 || !strcmp(set, own))
			continue;
		left--;
		if (find_in(x, root, set, found, error))
			return true;
	}
	return false;
}

/* Not on the usual path. Of many places, so that no descriptor is left open. */
static __attribute__((noinline)) bool
find_others(struct sb_exec *x, const char *own, struct sb_found *found, struct secbake_error *error)
{
	x->lookup.trust.leave_open = x->lookup.policy_trust.leave_open = false;
	for (size_t i = 0; i < x->lookup.cache.count; i++)
		if (find_other(x, i, own, found, error))
			return true;
	return false;
}

enum secbake_status sb_find(struct sb_exec *x, struct sb_found *found, struct secbake_error *error)
{
	char hash[SECBAKE_HASH_TEXT];

	if (x->blob_file)
		return find_file(x, found, error);
	secbake_hash_format(&x->hash, hash);
	for (size_t i = 0; i < x->lookup.cache.count; i++)
		if (find_in(x, i, hash, found, error))
			return SECBAKE_OK;
	if (find_others(x, hash, found, error))
		return SECBAKE_OK;
	if (error->status)
		return error->status;
	return secbake_error_set(
		error, SECBAKE_ERR_MISSING, 0, "there is no %s/%s.sbk in the cache (%s%s)", hash,
		x->name, x->lookup.cache.root[0].path, x->lookup.cache.count > 1 ? " ..." : "");
}
