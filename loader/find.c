/* SPDX-License-Identifier: MIT */
/*
 * Finding a blob that may be used: opened under the trust rule, read so that
 * nothing can change it any more, checked, right for this kernel, and with the
 * sources that are there now.
 */
#include "exec.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cache/blob_layout.h"

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
	enum secbake_status status = sb_blob_open(bytes, size, SB_BLOB_LOAD, &at.blob, error);

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
	uint8_t *bytes = sb_take_in(fd, size, x->rooms->blob, SB_BLOB_USUAL, error);
	enum secbake_status status;

	x->lookup.buffer = x->rooms->blob + (size > SB_BLOB_USUAL ? 0 : (size + 7) / 8 * 8);
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
	struct secbake_error *why = error;
	uint64_t size;
	bool there;
	int fd;

	if (error->status) {
		x->rooms->why = (struct secbake_error){0};
		why = &x->rooms->why;
	}
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

/* Another kernel's blob in one root; the list is read to room that nothing else needs yet. */
static bool find_other(struct sb_exec *x, size_t root, const char *own, struct sb_found *found,
		       struct secbake_error *error)
{
	struct sb_sets sets =
		sb_sets_read(&x->lookup, root, x->rooms->state, sizeof(x->rooms->state));
	const char *set;

	while ((set = sb_sets_next(&sets, own)))
		if (find_in(x, root, set, found, error))
			return true;
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
