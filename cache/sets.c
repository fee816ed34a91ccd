/* SPDX-License-Identifier: MIT */
/* A cache's directories listed, and its feature sets and blobs opened, by who may be trusted. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "places.h"
#include "sets.h"

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

enum secbake_status sb_list_dir(int dir, const char *path, int (*wanted)(const struct dirent *),
				struct sb_listing *listing, struct secbake_error *error)
{
	listing->count = scandirat(dir, ".", &listing->entry, wanted, by_bytes);
	if (listing->count >= 0)
		return SECBAKE_OK;
	*listing = (struct sb_listing){0};
	return secbake_error_set(error, SECBAKE_ERR_SYSTEM, errno, "cannot list %s", path);
}

void sb_listing_free(struct sb_listing *listing)
{
	for (int i = 0; i < listing->count; i++)
		free(listing->entry[i]);
	free(listing->entry);
	*listing = (struct sb_listing){0};
}

int sb_is_hash(const struct dirent *entry)
{
	return strlen(entry->d_name) == SECBAKE_HASH_TEXT - 1 &&
	       strspn(entry->d_name, "0123456789abcdef") == SECBAKE_HASH_TEXT - 1;
}

bool sb_blob_name(const char *file, char name[SECBAKE_NAME_MAX + 1])
{
	size_t size = strlen(file), suffix = strlen(SB_SUFFIX_BLOB);

	if (size <= suffix || size - suffix > SECBAKE_NAME_MAX ||
	    strcmp(file + size - suffix, SB_SUFFIX_BLOB) != 0)
		return false;
	memcpy(name, file, size - suffix);
	name[size - suffix] = '\0';
	return secbake_name_valid(name);
}

int sb_is_blob(const struct dirent *entry)
{
	char name[SECBAKE_NAME_MAX + 1];

	return sb_blob_name(entry->d_name, name);
}

int sb_is_any(const struct dirent *entry)
{
	return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

enum secbake_status sb_set_load(const struct sb_set *set, const char *file, const char *name,
				struct sb_loaded *loaded, struct secbake_error *error)
{
	struct secbake_blob_header header;
	enum secbake_status status;
	int fd;

	*loaded = (struct sb_loaded){0};
	status = sb_trust_file_at(set->trust, set->dir, file, SECBAKE_BLOB_SIZE_MAX, &fd, NULL,
				  error);
	if (status)
		return status;
	status = sb_read_fd(fd, SECBAKE_BLOB_SIZE_MAX, &loaded->bytes, &loaded->size, file, error);
	close(fd);
	if (status)
		return status;
	status = secbake_blob_open(loaded->bytes, loaded->size, &loaded->blob, error);
	if (status)
		return status;
	header = secbake_blob_header(&loaded->blob);
	if (!strcmp(header.name, name))
		return SECBAKE_OK;
	return secbake_error_set(error, SECBAKE_ERR_INPUT, 0, "it is the blob of the policy %s",
				 header.name);
}

enum secbake_status sb_set_open(struct sb_set *set, int root, const struct sb_trust *trust,
				const char *path, const char *hash, struct secbake_error *error)
{
	enum secbake_status status;
	struct secbake_error why = {0};

	*set = (struct sb_set){.trust = trust, .root = path, .hash = hash, .dir = -1};
	snprintf(set->path, sizeof(set->path), "%s/%s", path, hash);
	status = sb_trust_dir_at(trust, root, hash, &set->dir, &why);
	if (status) {
		secbake_error_file(&why, path, 0, 0, NULL);
		sb_error_pass(error, &why);
	}
	return status;
}
