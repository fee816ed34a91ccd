/* SPDX-License-Identifier: MIT */
/* Which policies a refresh is about. */
#include "refresh.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static enum secbake_status add_name(struct sb_names *names, const char *name, size_t size,
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
static enum secbake_status take_file(struct sb_refresh *r, const char *folder, const char *file,
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
	sb_refresh_message(r, SECBAKE_WARNING, NULL, &odd);
	return SECBAKE_OK;
}

static void folder_failed(struct sb_refresh *r, const struct secbake_error *why)
{
	sb_refresh_message(r, SECBAKE_ERROR, NULL, why);
	sb_refresh_worsen(r, why->status);
}

static enum secbake_status list_folder(struct sb_refresh *r, size_t index,
				       struct secbake_error *error)
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
		if (status != SECBAKE_ERR_MISSING || !sb_policies_may_miss(&r->options->places))
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

enum secbake_status sb_refresh_list(struct sb_refresh *r, struct secbake_error *error)
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
