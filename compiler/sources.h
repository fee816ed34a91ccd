/* SPDX-License-Identifier: MIT */
/* The files that one policy is made of, in the order in which they were read. */
#ifndef SB_SOURCES_H
#define SB_SOURCES_H

#include <secbake/compile.h>

#include "arena.h"

struct sb_source {
	enum secbake_source_kind kind;
	bool present;
	uint32_t parent;
	const char *name;	     /* as the blob records it */
	const char *path;	     /* from the folder of the policy that leads to it */
	uint32_t root, depth;	     /* that policy's number; FILEs from it to here */
	const char *file;	     /* for messages */
	struct secbake_hash content; /* zero when absent */
};

/* A user or group that was looked up. */
struct sb_account {
	const char *name; /* "user:NAME" or "group:NAME" */
	uint32_t id;
};

struct sb_sources {
	struct sb_arena *arena;
	struct secbake_source_reader *reader; /* or NULL */
	struct sb_source *at;
	uint32_t count;
	size_t size; /* bytes of all that reader handed out */
	struct sb_account *account;
	uint32_t account_count, account_room;
};

/* Source 0 is the policy, source 1 its options, there or not. */
enum secbake_status sb_sources_init(struct sb_sources *sources, struct sb_arena *arena,
				    const struct secbake_compile_options *given,
				    struct secbake_error *error);

/*
 * What a source would be called, without reading it; two with the same root,
 * path and kind are one file. SECBAKE_ERR_INPUT: name cannot be a source.
 */
enum secbake_status sb_sources_name(const struct sb_sources *sources, enum secbake_source_kind kind,
				    uint32_t parent, const char *name, struct sb_source *source,
				    struct secbake_error *error);

/* The blob is to record it; one that is known is not recorded again. */
enum secbake_status sb_sources_account(struct sb_sources *sources, const char *name, uint32_t id,
				       struct secbake_error *error);

/* Reads it; text stays the reader's. */
enum secbake_status sb_sources_read(struct sb_sources *sources, const struct sb_source *source,
				    uint32_t *index, struct secbake_text *text,
				    struct secbake_error *error);

#endif
