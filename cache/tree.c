/* SPDX-License-Identifier: MIT */
/*
 * A cache that is made at build time, to be copied into an image: the same
 * names and bytes as a refresh on the target would leave, and nothing else. A
 * build's folder is its owner's, so that nobody is kept out and nothing locked; but it
 * may be a cache in use, where somebody cleans up meanwhile.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <secbake/cache.h>

#include "lookup.h"
#include "places.h"
#include "stage.h"
#include "store.h"

#define PUT_TRIES 100

/* With this mode, whatever the umask, if it is new: builds shall be alike. */
static enum secbake_status open_dir(int parent, const char *name, const char *path, int *fd,
				    struct secbake_error *error)
{
	bool made = !TEMP_FAILURE_RETRY(mkdirat(parent, name, 0755));

	if (!made && errno != EEXIST)
		return secbake_error_set(error, SECBAKE_ERR_SYSTEM, errno,
					 "cannot make the directory %s", path);
	if (made && fchmodat(parent, name, 0755, 0))
		return secbake_error_set(error, SECBAKE_ERR_SYSTEM, errno,
					 "cannot set the mode of the directory %s", path);
	*fd = sb_open(parent, name, O_RDONLY | O_DIRECTORY, 0);
	return *fd >= 0 ? SECBAKE_OK
			: secbake_error_set(error, SECBAKE_ERR_SYSTEM, errno,
					    "cannot open the directory %s", path);
}

/* What is missing of the folders above a tree; what is there already is its owner's business. */
static enum secbake_status make_above(const char *tree, struct secbake_error *error)
{
	char above[SB_PATH_MAX];

	for (size_t at = 1; tree[at]; at++) {
		if (tree[at] != '/' || tree[at - 1] == '/')
			continue;
		memcpy(above, tree, at);
		above[at] = '\0';
		if (!TEMP_FAILURE_RETRY(mkdir(above, 0755))) {
			if (chmod(above, 0755))
				return secbake_error_set(error, SECBAKE_ERR_SYSTEM, errno,
							 "cannot set the mode of the directory %s",
							 above);
		} else if (errno != EEXIST && access(above, F_OK)) {
			return secbake_error_set(error, SECBAKE_ERR_SYSTEM, errno,
						 "cannot make the directory %s", above);
		}
	}
	return SECBAKE_OK;
}

/* features last: who cleans up and has seen no blob may just have removed it. */
static enum secbake_status put_files(int dir, const char *path,
				     const struct secbake_features *features, const char *name,
				     const void *bytes, size_t size, struct secbake_error *error)
{
	char text[SECBAKE_FEATURES_TEXT_MAX], file[SECBAKE_NAME_MAX + sizeof(SB_SUFFIX_BLOB)];
	size_t text_size = sb_store_features_text(features, text);
	enum secbake_status status;

	snprintf(file, sizeof(file), "%s%s", name, SB_SUFFIX_BLOB);
	status = sb_stage_replace(dir, path, file, bytes, size, 0644, error);
	if (status)
		return status;
	return sb_stage_replace(dir, path, SB_FEATURES_FILE, text, text_size, 0644, error);
}

static enum secbake_status put_below(int top, const char *hash, const char *path,
				     const struct secbake_features *features, const char *name,
				     const void *bytes, size_t size, struct secbake_error *error)
{
	struct secbake_error why;
	enum secbake_status status = SECBAKE_OK;

	for (int i = 0; i < PUT_TRIES; i++) {
		int dir;

		why = (struct secbake_error){0};
		status = open_dir(top, hash, path, &dir, &why);
		if (!status) {
			status = put_files(dir, path, features, name, bytes, size, &why);
			close(dir);
		}
		/* Else somebody has removed the folder, since it was empty. */
		if (why.sys_errno != ENOENT)
			break;
	}
	if (status)
		sb_error_pass(error, &why);
	return status;
}

enum secbake_status secbake_tree_put(const char *tree, const struct secbake_features *features,
				     const char *name, const void *bytes, size_t size,
				     struct secbake_error *error)
{
	char hash[SECBAKE_HASH_TEXT], path[SB_PATH_MAX + SECBAKE_HASH_TEXT];
	struct secbake_hash hashed;
	enum secbake_status status;
	int top;

	if (!secbake_name_valid(name))
		return secbake_error_set(error, SECBAKE_ERR_INPUT, 0, "'%s' cannot name a policy",
					 name);
	if (strlen(tree) >= SB_PATH_MAX)
		return secbake_error_set(error, SECBAKE_ERR_LIMIT, 0, "the path %s is too long",
					 tree);
	secbake_features_hash(features, &hashed);
	secbake_hash_format(&hashed, hash);
	snprintf(path, sizeof(path), "%s/%s", tree, hash);
	status = make_above(tree, error);
	if (!status)
		status = open_dir(AT_FDCWD, tree, tree, &top, error);
	if (status)
		return status;
	status = put_below(top, hash, path, features, name, bytes, size, error);
	close(top);
	return status;
}
