/* SPDX-License-Identifier: MIT */
/*
 * Reading: a policy's text to a document that still has its own dialect's
 * shape, with the place of everything in it; then resolving, dialect by
 * dialect, to the common form of resolved.h.
 */
#ifndef SB_READ_H
#define SB_READ_H

#include <secbake/compile.h>

#include "arena.h"
#include "resolved.h"
#include "sources.h"

/* Compile options as read from NAME.options and merged with the caller's. */
struct sb_options {
	enum secbake_dialect dialect;
	enum secbake_enosys enosys;
	bool strict;
	bool no_complain;
	enum secbake_effort effort;
	uint32_t passes_off; /* bits: enum sb_pass */
	const char *const *caps;
	size_t cap_count;
	const struct secbake_arch
		*target;	    /* native policies are read for it; NULL: this machine's */
	struct sb_sources *sources; /* what the policy was read from; NULL: it can name no others */
};

/*
 * read_options.c: lines "key=value" with keys cap, enosys, dialect, effort, strict
 * and complain (yes|no); blank lines and '#' comments may stand; unknown keys and values
 * are errors. merged starts as the caller's options and wins over the file
 * (capabilities add up).
 */
enum secbake_status sb_read_options(struct sb_arena *arena, const struct secbake_text *text,
				    struct sb_options *merged, struct secbake_error *error);

struct sb_oci;	  /* read_oci.h */
struct sb_native; /* read_native.h */
struct sb_bound;  /* resolve_native.h: the same, names and arguments found */

/* What the loader can connect to: an absolute path that a sun_path holds, with its NUL. */
#define SB_LISTENER_PATH_MAX 107
static inline bool sb_listener_path_good(const char *path, size_t size)
{
	return path[0] == '/' && size <= SB_LISTENER_PATH_MAX;
}

struct sb_document {
	enum secbake_dialect dialect; /* never AUTO */
	const struct sb_oci *oci;
	const struct sb_native *native;
	const struct sb_bound *bound;
	const char *listener_path;     /* or NULL */
	const char *listener_metadata; /* or NULL */
	enum secbake_mode mode;	       /* the policy's own */
	bool unrestricted;	       /* instead: it asks for no program */
	uint32_t hot_count;	       /* names of calls whose path counts, the hottest first */
	const char *const *hot;	       /* NULL: none are named */
	/* Kernel versions that the document names (minKernel), sorted, no two equal. */
	uint32_t kernel_count;
	const uint32_t *kernel;
};

/*
 * read.c: detects the dialect and reads. Warnings go to reporter; with
 * options->strict each is an error.
 */
enum secbake_status sb_read(struct sb_arena *arena, const struct secbake_text *text,
			    const struct sb_options *options, struct secbake_reporter *reporter,
			    struct sb_document *document, struct secbake_error *error);

struct sb_resolve_options {
	const struct secbake_features *target;
	uint32_t
		kernel; /* the version to decide minKernel by, instead of target's; 0: none known */
	enum secbake_mode mode;
	const struct sb_options *options;
	const char *file; /* for messages */
};

/* resolve_oci.c. Called once a mode and an interval of kernel versions; reporter may be NULL. */
enum secbake_status sb_resolve_oci(struct sb_arena *arena, const struct sb_oci *oci,
				   const struct sb_resolve_options *options,
				   struct secbake_reporter *reporter, struct sb_resolved *resolved,
				   struct secbake_error *error);

/* resolve_native.c: the same of a native policy. */
enum secbake_status sb_resolve_native(struct sb_arena *arena, const struct sb_bound *bound,
				      const struct sb_resolve_options *options,
				      struct secbake_reporter *reporter,
				      struct sb_resolved *resolved, struct secbake_error *error);

#endif
