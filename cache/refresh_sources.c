/* SPDX-License-Identifier: MIT */
/*
 * Bases and shipped groups for a refresh. They are found just where the loader
 * will look for them again (lookup.c): a policy's name along the policy path, a
 * file below the folder of the one that names it, by descriptors and under the
 * trust that applies there.
 */
#include "refresh_sources.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "places.h"

static enum secbake_status no_memory(struct secbake_error *error)
{
	return secbake_error_set(error, SECBAKE_ERR_MEMORY, 0, "out of memory");
}

static enum secbake_status take(struct sb_refresh_sources *s, uint32_t index, int fd,
				struct secbake_text *text, struct secbake_error *error)
{
	struct sb_refresh_source *at = &s->at[index];
	enum secbake_status status;
	size_t size;

	if (asprintf(&at->file, "%s/%s", s->lookup->policies.root[at->root].path, at->path) < 0) {
		at->file = NULL;
		return no_memory(error);
	}
	status = sb_read_fd(fd, SB_SOURCE_SIZE_MAX, &at->text, &size, at->file, error);
	if (!status)
		*text = (struct secbake_text){
			.bytes = (const char *)at->text, .size = size, .file = at->file};
	return status;
}

static enum secbake_status read_policy(struct sb_refresh_sources *s, uint32_t index,
				       const char *name, struct secbake_text *text,
				       struct secbake_error *error)
{
	struct sb_refresh_source *at = &s->at[index];
	struct sb_policy found;
	enum secbake_status status = sb_lookup_policy(s->lookup, name, &found, error);

	if (status)
		return status;
	at->root = found.root;
	if (asprintf(&at->path, "%s%s", name, SB_SUFFIX_POLICY) < 0) {
		at->path = NULL;
		status = no_memory(error);
	} else {
		status = take(s, index, found.fd, text, error);
	}
	close(found.fd);
	close(found.dir);
	return status;
}

static enum secbake_status read_file(struct sb_refresh_sources *s, uint32_t index, uint32_t parent,
				     const char *name, struct secbake_text *text,
				     struct secbake_error *error)
{
	struct sb_refresh_source *at = &s->at[index], *above = &s->at[parent];
	const struct sb_trust *trust = sb_lookup_policy_trust(s->lookup, above->root);
	const struct sb_root *root = &s->lookup->policies.root[above->root];
	const char *slash = strrchr(above->path, '/');
	enum secbake_status status;
	int dir, fd;

	at->root = above->root;
	if (asprintf(&at->path, "%.*s%s", slash ? (int)(slash - above->path) + 1 : 0, above->path,
		     name) < 0) {
		at->path = NULL;
		return no_memory(error);
	}
	status = sb_trust_root(trust, root->path, root->anchor, &dir, error);
	if (status)
		return status;
	status = sb_trust_file_at(trust, dir, at->path, SB_SOURCE_SIZE_MAX, &fd, NULL, error);
	close(dir);
	if (status)
		return status;
	status = take(s, index, fd, text, error);
	close(fd);
	return status;
}

static enum secbake_status read_source(struct secbake_source_reader *self, uint32_t index,
				       enum secbake_source_kind kind, uint32_t parent,
				       const char *name, struct secbake_text *text,
				       struct secbake_error *error)
{
	struct sb_refresh_sources *s = (struct sb_refresh_sources *)self; /* base is first */
	struct sb_refresh_source *at = &s->at[index];

	free(at->path); /* a source that could not be read leaves its number to the next */
	free(at->file);
	free(at->text);
	*at = (struct sb_refresh_source){0};
	return kind == SECBAKE_SOURCE_POLICY ? read_policy(s, index, name, text, error)
					     : read_file(s, index, parent, name, text, error);
}

/* These decide who a rule is about: only where nobody else could have written them. */
static enum secbake_status read_accounts(struct secbake_source_reader *self, bool groups,
					 struct secbake_text *text, struct secbake_error *error)
{
	struct sb_refresh_sources *s = (struct sb_refresh_sources *)self;
	const char *path = groups ? "/etc/group" : "/etc/passwd";
	enum sb_anchor anchor = SB_ANCHOR_SYSTEM;
	char in_image[SB_PATH_MAX];
	enum secbake_status status;
	size_t size;
	int fd;

	if (s->image) {
		anchor = SB_ANCHOR_NAMED;
		if ((size_t)snprintf(in_image, sizeof(in_image), "%s/.%s", s->image, path) >=
		    sizeof(in_image))
			return secbake_error_set(error, SECBAKE_ERR_LIMIT, 0,
						 "the path %s%s is too long", s->image, path);
		path = in_image;
	}

	free(s->accounts[groups]);
	s->accounts[groups] = NULL;
	status = sb_trust_file(&s->lookup->trust, path, anchor, SB_SOURCE_SIZE_MAX, &fd, NULL,
			       error);
	if (status)
		return status;
	status = sb_read_fd(fd, SB_SOURCE_SIZE_MAX, &s->accounts[groups], &size, path, error);
	close(fd);
	if (!status)
		*text = (struct secbake_text){
			.bytes = (const char *)s->accounts[groups], .size = size, .file = path};
	return status;
}

struct sb_refresh_sources *sb_refresh_sources_new(const struct sb_lookup *lookup, size_t root,
						  const char *name, const char *image)
{
	struct sb_refresh_sources *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->base = (struct secbake_source_reader){.read = read_source, .accounts = read_accounts};
	s->lookup = lookup;
	s->image = image;
	s->at[0].root = root;
	if (asprintf(&s->at[0].path, "%s%s", name, SB_SUFFIX_POLICY) < 0) {
		free(s);
		return NULL;
	}
	return s;
}

void sb_refresh_sources_free(struct sb_refresh_sources *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < SECBAKE_SOURCES_MAX; i++) {
		free(s->at[i].path);
		free(s->at[i].file);
		free(s->at[i].text);
	}
	free(s->accounts[0]);
	free(s->accounts[1]);
	free(s);
}
