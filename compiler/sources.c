/* SPDX-License-Identifier: MIT */
/*
 * Which files a policy is made of. They are handed out by whoever compiles; here
 * they are counted, hashed and limited, so that a blob can say what it depends on.
 */
#include "sources.h"

#include <string.h>

#include <cache/hash.h>
#include <cache/trust.h>

#define PARENTS_MAX 16u /* FILEs that may lead to a source: docs/blob-format.md */

static enum secbake_status out_of_memory(struct secbake_error *error)
{
	return secbake_error_set(error, SECBAKE_ERR_MEMORY, 0, "out of memory");
}

enum secbake_status sb_sources_init(struct sb_sources *sources, struct sb_arena *arena,
				    const struct secbake_compile_options *given,
				    struct secbake_error *error)
{
	const struct secbake_text *policy = &given->policy, *options = &given->options;

	*sources = (struct sb_sources){.arena = arena, .reader = given->sources, .count = 2};
	sources->at = sb_alloc(arena, SECBAKE_SOURCES_MAX, sizeof(*sources->at));
	if (!sources->at)
		return out_of_memory(error);
	sources->at[0] = (struct sb_source){.kind = SECBAKE_SOURCE_POLICY,
					    .present = true,
					    .name = given->name,
					    .path = "",
					    .file = policy->file,
					    .content = sb_hash_bytes(policy->bytes, policy->size)};
	sources->at[1] = (struct sb_source){.kind = SECBAKE_SOURCE_OPTIONS,
					    .present = options->bytes,
					    .name = given->name,
					    .path = "",
					    .file = options->file};
	if (options->bytes)
		sources->at[1].content = sb_hash_bytes(options->bytes, options->size);
	return SECBAKE_OK;
}

enum secbake_status sb_sources_name(const struct sb_sources *sources, enum secbake_source_kind kind,
				    uint32_t parent, const char *name, struct sb_source *source,
				    struct secbake_error *error)
{
	const struct sb_source *above = &sources->at[parent];
	const char *slash = strrchr(above->path, '/');
	struct sb_source at = {.kind = kind, .present = true};

	at.name = sb_strndup(sources->arena, name, strlen(name));
	if (!at.name)
		return out_of_memory(error);
	if (kind == SECBAKE_SOURCE_POLICY) {
		if (!secbake_name_valid(name))
			return secbake_error_set(
				error, SECBAKE_ERR_INPUT, 0,
				"\"%.64s\" cannot be a policy's name: up to 64 of A-Z a-z 0-9 _ . "
				"@ -, the first not a dot",
				name);
		at.path = "";
		at.file = sb_sprintf(sources->arena, "@%s", name);
	} else {
		if (!sb_path_plain(name))
			return secbake_error_set(
				error, SECBAKE_ERR_INPUT, 0,
				"\"%.64s\" is not a path below this file's folder; write one "
				"without a leading slash, \".\" and \"..\", or \"@NAME\" for a "
				"policy on the policy path",
				name);
		at.parent = parent;
		at.root = above->kind == SECBAKE_SOURCE_FILE ? above->root : parent;
		at.depth = above->depth + 1;
		at.path = sb_sprintf(sources->arena, "%.*s%s",
				     slash ? (int)(slash - above->path) + 1 : 0, above->path, name);
		slash = strrchr(above->file, '/');
		at.file = sb_sprintf(sources->arena, "%.*s%s",
				     slash ? (int)(slash - above->file) + 1 : 0, above->file, name);
		if (at.depth > PARENTS_MAX)
			return secbake_error_set(
				error, SECBAKE_ERR_LIMIT, 0,
				"more than %u files lead to \"%.64s\"; that is the "
				"limit",
				PARENTS_MAX, name);
	}
	if (!at.path || !at.file)
		return out_of_memory(error);
	*source = at;
	return SECBAKE_OK;
}

enum secbake_status sb_sources_account(struct sb_sources *sources, const char *name, uint32_t id,
				       struct secbake_error *error)
{
	for (uint32_t i = 0; i < sources->account_count; i++)
		if (!strcmp(sources->account[i].name, name))
			return SECBAKE_OK;
	if (sources->account_count == sources->account_room) {
		uint32_t room = sources->account_room * 2 + 8;
		void *grown = sb_grow(sources->arena, sources->account, sources->account_room, room,
				      sizeof(*sources->account));

		if (!grown)
			return out_of_memory(error);
		sources->account = grown;
		sources->account_room = room;
	}
	name = sb_strndup(sources->arena, name, strlen(name));
	if (!name)
		return out_of_memory(error);
	sources->account[sources->account_count++] = (struct sb_account){.name = name, .id = id};
	return SECBAKE_OK;
}

enum secbake_status sb_sources_read(struct sb_sources *sources, const struct sb_source *source,
				    uint32_t *index, struct secbake_text *text,
				    struct secbake_error *error)
{
	struct secbake_text read = {0};
	struct sb_source *at;
	enum secbake_status status;

	if (!sources->reader || !sources->reader->read)
		return secbake_error_set(
			error, SECBAKE_ERR_INPUT, 0,
			"\"%.64s\" cannot be read: this compile reads no other files",
			source->name);
	if (sources->count == SECBAKE_SOURCES_MAX)
		return secbake_error_set(error, SECBAKE_ERR_LIMIT, 0,
					 "a policy can be made of %u files; that is the limit",
					 SECBAKE_SOURCES_MAX);
	status = sources->reader->read(sources->reader, sources->count, source->kind,
				       source->parent, source->name, &read, error);
	if (status != SECBAKE_OK)
		return status;
	if (read.size > SECBAKE_POLICY_SIZE_MAX ||
	    read.size > SECBAKE_BASES_SIZE_MAX - sources->size)
		return secbake_error_set(error, SECBAKE_ERR_LIMIT, 0,
					 "the files that this policy reads have more than %u bytes "
					 "together; that is the limit",
					 SECBAKE_BASES_SIZE_MAX);
	sources->size += read.size;
	at = &sources->at[sources->count];
	*at = *source;
	at->content = sb_hash_bytes(read.bytes, read.size);
	if (read.file) { /* the reader knows best what it is called */
		at->file = sb_strndup(sources->arena, read.file, strlen(read.file));
		if (!at->file)
			return out_of_memory(error);
	}
	*index = sources->count++;
	*text = read;
	text->file = at->file;
	return SECBAKE_OK;
}
