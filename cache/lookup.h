/* SPDX-License-Identifier: MIT */
/*
 * Where blobs and policies are found, and whether a blob's sources are still
 * what they were. The loader and the cache's writing side ask here, so that
 * they cannot disagree. libc and xxHash's header only, no heap, no state.
 */
#ifndef SB_LOOKUP_H
#define SB_LOOKUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <secbake/blob.h>
#include <secbake/error.h>
#include <secbake/features.h>

#include "cache/trust.h"

#define SB_ROOTS_MAX 16u
#define SB_PATH_MAX 4096u
#define SB_SOURCE_SIZE_MAX (1u << 20) /* bytes of a policy or of its options */
#define SB_SOURCE_DEPTH_MAX 16u	      /* FILEs that lead from a POLICY to a source */

/* File names: what comes after NAME. */
#define SB_SUFFIX_BLOB ".sbk"
#define SB_SUFFIX_POLICY ".json"
#define SB_SUFFIX_OPTIONS ".options"

/* A root, where to look below it, and from where on it must be trusted. */
struct sb_root {
	const char *path; /* borrowed */
	enum sb_anchor anchor;
};

struct sb_roots {
	struct sb_root root[SB_ROOTS_MAX];
	size_t count;
};

/**
 * struct sb_lookup - where one caller looks
 * @trust: for cache roots
 * @policy_trust: for policies named with -P; differs from @trust in @any_owner, which
 *	is set for a caller without privileges: only root compiles nothing but policies
 *	that are trusted
 * @cache: cache roots, in order
 * @policies: the policy path, in order; the first NAME.json on it wins
 * @buffer: where sources are read, @buffer_size bytes. NULL, as
 *	sb_lookup_init() leaves it: memory of the stack. For the loader, which pays for
 *	each page that it touches
 * @image: the folder whose etc/passwd and etc/group count; NULL, as sb_lookup_init() leaves
 *	it: those of the running system
 * @user_cache: the per-user cache's path, if the last root of @cache is it; else not to be read.
 *	The caller's, see struct sb_lookup_options
 *
 * Filled in by sb_lookup_init().
 */
struct sb_lookup {
	struct sb_trust trust;
	struct sb_trust policy_trust;
	struct sb_roots cache;
	struct sb_roots policies;
	uint8_t *buffer;
	size_t buffer_size;
	const char *image;
	const char *user_cache;
};

/**
 * struct sb_lookup_options - what the caller said; zero it, then set
 * @privileged: effective user is root
 * @secure: AT_SECURE: everything below is ignored
 * @cache_dir: @cache_count directories given with -C, which replace the default
 * @policy_dir: @policy_count directories given with -P, which replace the default
 * @xdg_cache_home: of the environment, or NULL
 * @home: of the environment, or NULL
 * @user_cache: SB_PATH_MAX bytes for the per-user cache's path, which stay as long as the lookup;
 *	NULL: there is no such root
 */
struct sb_lookup_options {
	bool privileged;
	bool secure;
	const char *const *cache_dir;
	size_t cache_count;
	const char *const *policy_dir;
	size_t policy_count;
	const char *xdg_cache_home;
	const char *home;
	char *user_cache;
};

/**
 * sb_lookup_init() - fill in the roots
 *
 * Cache roots without -C: /run/secbake/cache, /var/cache/secbake,
 * /usr/lib/secbake/cache, and for a caller without privileges after them the per-user
 * cache: $XDG_CACHE_HOME/secbake (if that is absolute) or $HOME/.cache/secbake.
 * Policies without -P: /etc/secbake/policies, /run/secbake/policies,
 * /usr/lib/secbake/policies.
 * Return: SECBAKE_OK; SECBAKE_ERR_LIMIT for more than SB_ROOTS_MAX directories;
 * SECBAKE_ERR_INPUT for an empty one.
 */
enum secbake_status sb_lookup_init(struct sb_lookup *lookup,
				   const struct sb_lookup_options *options,
				   struct secbake_error *error);

/**
 * sb_lookup_user_cache() - the per-user cache's path
 * @xdg_cache_home, @home: of the environment, or NULL; used only if absolute
 * @path: written only on success
 * Return: false when neither names one, or it is too long.
 */
bool sb_lookup_user_cache(const char *xdg_cache_home, const char *home, char path[SB_PATH_MAX]);

/**
 * sb_lookup_blob() - open <root>/<feature hash>/NAME.sbk in one cache root
 * @root: index into lookup->cache
 * @hash: the feature hash
 * @name: secbake_name_valid()
 * @fd: as sb_trust_file_at(); @size: its size
 * Return: as sb_trust_file_at(), size at most SECBAKE_BLOB_SIZE_MAX.
 */
enum secbake_status sb_lookup_blob(const struct sb_lookup *lookup, size_t root,
				   const struct secbake_hash *hash, const char *name, int *fd,
				   uint64_t *size, struct secbake_error *error);

/**
 * sb_lookup_set() - the same, with the feature set's folder by its name
 * @set: as secbake_hash_format() writes it
 */
enum secbake_status sb_lookup_set(const struct sb_lookup *lookup, size_t root,
				  const char set[SECBAKE_HASH_TEXT], const char *name, int *fd,
				  uint64_t *size, struct secbake_error *error);

/**
 * struct sb_policy - a policy found on the path
 * @root: index into lookup->policies
 * @dir: O_PATH descriptor of the folder
 * @fd: of NAME.json, O_RDONLY
 * @size: of NAME.json, bytes
 *
 * Both descriptors are close-on-exec and the caller's to close.
 */
struct sb_policy {
	size_t root;
	int dir;
	int fd;
	uint64_t size;
};

/**
 * sb_lookup_policy() - the first NAME.json on the policy path
 * @name: secbake_name_valid()
 * @found: written only on success
 *
 * The first that is there decides: one that may not be trusted is an error and does
 * not make way for the next, nor does a folder that may not be trusted.
 * Return: SECBAKE_OK; SECBAKE_ERR_MISSING when there is none; SECBAKE_ERR_UNTRUSTED,
 * SECBAKE_ERR_LIMIT (more than SB_SOURCE_SIZE_MAX), SECBAKE_ERR_SYSTEM.
 */
enum secbake_status sb_lookup_policy(const struct sb_lookup *lookup, const char *name,
				     struct sb_policy *found, struct secbake_error *error);

/* Appends to a string in a buffer of size bytes; false when it does not fit. */
bool sb_path_append(char *to, size_t size, const char *text);

#define SB_FILE_NAME_MAX (SECBAKE_NAME_MAX + 16u) /* NAME and a suffix */

/**
 * sb_lookup_file_name() - the name of a policy's file: NAME and a suffix
 * @out: receives it
 * @name: refused with SECBAKE_ERR_INPUT if no policy can be called so
 * @suffix: SB_SUFFIX_*
 */
enum secbake_status sb_lookup_file_name(char out[SB_FILE_NAME_MAX], const char *name,
					const char *suffix, struct secbake_error *error);

/**
 * sb_lookup_policy_trust() - the trust that applies in one root of the policy path
 * @root: index into lookup->policies
 * Return: borrowed from @lookup. For opening NAME.options beside a policy found there,
 * with sb_trust_file_at() and SB_SOURCE_SIZE_MAX.
 */
const struct sb_trust *sb_lookup_policy_trust(const struct sb_lookup *lookup, size_t root);

/**
 * sb_hash_fd() - XXH3-128 of a file's content, from the descriptor's position on
 * @fd: stays open
 * @size_max: more is SECBAKE_ERR_LIMIT
 * @hash: written only on success
 * Return: SECBAKE_OK, SECBAKE_ERR_LIMIT, SECBAKE_ERR_SYSTEM.
 */
enum secbake_status sb_hash_fd(int fd, uint64_t size_max, struct secbake_hash *hash,
			       struct secbake_error *error);

/**
 * sb_lookup_sources() - does this blob still count
 * @blob: checked by secbake_blob_open()
 * @lenient: check as if the blob were sealed (for --blob FILE)
 *
 * Each source is looked up again and must have the recorded content:
 *  - POLICY: the first NAME.json on the policy path;
 *  - OPTIONS: NAME.options (name in the blob: the policy's, without suffix) in the folder
 *    where its parent, a POLICY, was found; recorded as absent, it must not be there;
 *  - FILE: below the folder where its parent was found; likewise.
 * A blob that is not sealed must record a POLICY source of its own name.
 * Sealed (or @lenient): a source that is not there is forgiven (and then the sources
 * whose parent it is), one that is there must match; and if the blob records no POLICY
 * of its own name, there must be none on the path.
 * Return: SECBAKE_OK; SECBAKE_ERR_STALE, saying which source; else as
 * sb_lookup_policy().
 */
enum secbake_status sb_lookup_sources(const struct sb_lookup *lookup,
				      const struct secbake_blob *blob, bool lenient,
				      struct secbake_error *error);

#endif
