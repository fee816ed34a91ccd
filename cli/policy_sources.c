/* SPDX-License-Identifier: MIT */
/*
 * The files that a policy names beside itself: bases on the policy path or
 * relative to the one that names them, shipped groups, users and groups. Whoever
 * compiles by hand reads them as the policy itself, with no check whom they belong to.
 * In an image, links are not followed: the loader does not, and an absolute one leads out of it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy.h"

static const char *const default_dirs[] = {"/etc/secbake/policies", "/run/secbake/policies",
					   "/usr/lib/secbake/policies"};

static enum secbake_status no_memory(struct secbake_error *error)
{
	return secbake_error_set(error, SECBAKE_ERR_MEMORY, 0, "out of memory");
}

/* "": this machine. "/" too, that paths are named as everywhere. */
static const char *root_of(const struct cli_sources *s)
{
	return s->root && strcmp(s->root, "/") != 0 ? s->root : "";
}

/* Is each component of a path a file or folder itself, from the one at byte at on? */
static enum secbake_status refuse_links(char *path, size_t at, struct secbake_error *error)
{
	enum secbake_status status = SECBAKE_OK;
	char end;

	do {
		struct stat st;

		at += strcspn(path + at, "/");
		end = path[at];
		path[at] = '\0';
		if (!lstat(path, &st) && S_ISLNK(st.st_mode))
			status = secbake_error_set(error, SECBAKE_ERR_UNTRUSTED, 0,
						   "%s is a symbolic link, which is not followed "
						   "there; put what it leads to in its place",
						   path);
		path[at] = end;
		at += end != '\0';
	} while (status == SECBAKE_OK && end);
	return status;
}

/* path as the next source's; what was there is of an earlier compile. */
static enum secbake_status take(struct cli_sources *s, uint32_t index, char *path,
				struct secbake_text *text, struct secbake_error *error)
{
	struct secbake_error why = {0};
	enum secbake_status status;
	char *bytes;
	size_t size;

	free(s->file[index]);
	free(s->text[index]);
	s->text[index] = NULL;
	s->file[index] = path;
	status = cli_read_file(path, SECBAKE_POLICY_SIZE_MAX, &bytes, &size, &why);
	if (status != SECBAKE_OK) {
		if (why.sys_errno == ENOENT)
			status = SECBAKE_ERR_MISSING;
		return secbake_error_set(error, status, why.sys_errno, "%s %s", path, why.text);
	}
	s->text[index] = bytes;
	*text = (struct secbake_text){.bytes = bytes, .size = size, .file = path};
	return SECBAKE_OK;
}

/* NAME.json in a folder of size bytes, taken if it is there; MISSING if not. */
static enum secbake_status try_folder(struct cli_sources *s, uint32_t index, bool in_image,
				      const char *folder, int size, const char *name,
				      struct secbake_text *text, struct secbake_error *error)
{
	char *path;

	if (asprintf(&path, "%s%.*s/%s.json", in_image ? root_of(s) : "", size, folder, name) < 0)
		return no_memory(error);
	if (in_image && refuse_links(path, strlen(root_of(s)) + 1, error) != SECBAKE_OK) {
		free(path);
		return SECBAKE_ERR_UNTRUSTED;
	}
	if (!access(path, F_OK) || errno != ENOENT)
		return take(s, index, path, text, error);
	free(path);
	return SECBAKE_ERR_MISSING;
}

/*
 * Without -P and --root the policy's own folder comes first: policies that belong together lie
 * together. In an image the loader will look on the policy path alone.
 */
static enum secbake_status find_policy(struct cli_sources *s, uint32_t index, const char *name,
				       struct secbake_text *text, struct secbake_error *error)
{
	const char *const *dir = s->dir_count ? s->dir : default_dirs;
	size_t count = s->dir_count ? s->dir_count : sizeof(default_dirs) / sizeof(*default_dirs);
	const char *slash = strrchr(s->file[0], '/');
	const bool in_image = !s->dir_count && s->root, beside = !s->dir_count && !s->root;
	enum secbake_status status = SECBAKE_ERR_MISSING;

	if (beside)
		status = try_folder(s, index, false, slash ? s->file[0] : ".",
				    slash ? (int)(slash - s->file[0]) : 1, name, text, error);
	for (size_t i = 0; i < count && status == SECBAKE_ERR_MISSING; i++)
		status = try_folder(s, index, in_image, dir[i], (int)strlen(dir[i]), name, text,
				    error);
	if (status == SECBAKE_ERR_MISSING)
		secbake_error_set(
			error, status, 0,
			"there is no %s.json %son the policy path (%s%s%s); put it there, "
			"or name its directory with -P",
			name, beside ? "beside the policy or " : "", in_image ? root_of(s) : "",
			dir[0], count > 1 ? " ..." : "");
	return status;
}

static enum secbake_status read_source(struct secbake_source_reader *self, uint32_t index,
				       enum secbake_source_kind kind, uint32_t parent,
				       const char *name, struct secbake_text *text,
				       struct secbake_error *error)
{
	struct cli_sources *s = (struct cli_sources *)self; /* base is its first member */
	const char *slash;
	char *path;
	int folder;

	if (kind == SECBAKE_SOURCE_POLICY)
		return find_policy(s, index, name, text, error);
	slash = strrchr(s->file[parent], '/');
	folder = slash ? (int)(slash - s->file[parent]) + 1 : 0;
	if (asprintf(&path, "%.*s%s", folder, s->file[parent], name) < 0)
		return no_memory(error);
	if (s->root && refuse_links(path, (size_t)folder, error) != SECBAKE_OK) {
		free(path);
		return SECBAKE_ERR_UNTRUSTED;
	}
	return take(s, index, path, text, error);
}

static enum secbake_status read_accounts(struct secbake_source_reader *self, bool groups,
					 struct secbake_text *text, struct secbake_error *error)
{
	struct cli_sources *s = (struct cli_sources *)self;
	enum secbake_status status;
	char *path;
	size_t size;

	free(s->accounts[groups]);
	free(s->accounts_file[groups]);
	s->accounts[groups] = s->accounts_file[groups] = NULL;
	if (asprintf(&path, "%s/etc/%s", root_of(s), groups ? "group" : "passwd") < 0)
		return no_memory(error);
	s->accounts_file[groups] = path;
	if (s->root && refuse_links(path, strlen(root_of(s)) + 1, error) != SECBAKE_OK)
		return SECBAKE_ERR_UNTRUSTED;
	status = cli_read_file(path, SECBAKE_POLICY_SIZE_MAX, &s->accounts[groups], &size, error);
	if (status == SECBAKE_OK)
		*text = (struct secbake_text){
			.bytes = s->accounts[groups], .size = size, .file = path};
	return status;
}

/* In place of read_source() when there is not even memory for the policy's own path. */
static enum secbake_status read_nothing(struct secbake_source_reader *self, uint32_t index,
					enum secbake_source_kind kind, uint32_t parent,
					const char *name, struct secbake_text *text,
					struct secbake_error *error)
{
	(void)self, (void)index, (void)kind, (void)parent, (void)name, (void)text;
	return no_memory(error);
}

void cli_sources_init(struct cli_sources *sources, const char *policy)
{
	sources->base.read = read_source;
	sources->base.accounts = read_accounts;
	sources->file[0] = strdup(policy);
	if (!sources->file[0])
		sources->base.read = read_nothing;
}

void cli_sources_close(struct cli_sources *sources)
{
	for (size_t i = 0; i < SECBAKE_SOURCES_MAX; i++) {
		free(sources->file[i]);
		free(sources->text[i]);
	}
	for (int groups = 0; groups < 2; groups++) {
		free(sources->accounts[groups]);
		free(sources->accounts_file[groups]);
	}
}
