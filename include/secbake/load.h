/* SPDX-License-Identifier: MIT */
/*
 * Applying blobs: for the loader, for init systems and for daemons that
 * sandbox themselves. Needs libc only, allocates nothing, never prints.
 */
#ifndef SECBAKE_LOAD_H
#define SECBAKE_LOAD_H

#include <stddef.h>

#include <secbake/blob.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * struct secbake_load_options - how to apply; zero it, then set
 * @mode: SECBAKE_MODE_OWN: the one that the policy asks for. Zero is enforce, whatever that is
 * @keep_privileges: do not set no_new_privs; needs CAP_SYS_ADMIN
 * @all_threads: on all threads of the process (TSYNC), whether the policy's flags ask for
 *	that or not; SECBAKE_ERR_TARGET where the kernel cannot
 * @reserved: zero
 */
struct secbake_load_options {
	enum secbake_mode mode;
	bool keep_privileges;
	bool all_threads;
	uint32_t reserved[6];
};

/**
 * struct secbake_load_places - where compiled policies and their sources lie; zero it, then set
 * @cache_dir: @cache_count directories, at most 16, instead of the system's caches
 * @policy_dir: @policy_count directories, at most 16, instead of the system's policy path
 * @reserved: zero
 *
 * The system's are those of secbake-exec without options, less the per-user cache: no
 * environment is read. Under AT_SECURE all four are ignored.
 */
struct secbake_load_places {
	const char *const *cache_dir;
	size_t cache_count;
	const char *const *policy_dir;
	size_t policy_count;
	uint32_t reserved[8];
};

/**
 * secbake_load_open() - find the compiled policy NAME for this kernel
 * @name: the policy's
 * @places: borrowed
 * @features: of the running kernel
 * @blob: written only on success; release it with secbake_load_close()
 * @error: why the first cache that has one cannot be used; may be NULL
 *
 * Under the rules of secbake-exec: only files and directories that nobody but root and
 * the caller can write to; the blob whole, of this name and for this kernel, its
 * sources still what they were; this kernel's feature set in each cache, then others, which
 * are as good where they answer alike. Nothing is compiled. It is read into memory of the
 * process's own, so that later changes of the file do not reach it.
 * Return: SECBAKE_OK; SECBAKE_ERR_MISSING, SECBAKE_ERR_STALE, SECBAKE_ERR_UNTRUSTED,
 * SECBAKE_ERR_INPUT, SECBAKE_ERR_LIMIT, SECBAKE_ERR_TARGET, SECBAKE_ERR_SYSTEM.
 */
enum secbake_status secbake_load_open(const char *name, const struct secbake_load_places *places,
				      const struct secbake_features *features,
				      struct secbake_blob *blob, struct secbake_error *error);

/**
 * secbake_load_open_fd() - read and check a blob that the caller opened
 * @fd: a regular file, from its position to its end; stays open, its position changes
 * @blob: as secbake_load_open()
 * @error: may be NULL
 *
 * Where it came from, its name, its sources and whether it is for this kernel are the caller's
 * business; the last secbake_load_apply() asks as well.
 * Return: SECBAKE_OK; SECBAKE_ERR_INPUT, SECBAKE_ERR_LIMIT, SECBAKE_ERR_SYSTEM.
 */
enum secbake_status secbake_load_open_fd(int fd, struct secbake_blob *blob,
					 struct secbake_error *error);

/**
 * secbake_load_close() - release a blob of secbake_load_open() or secbake_load_open_fd()
 * @blob: zeroed; one that is zeroed already is left alone
 */
void secbake_load_close(struct secbake_blob *blob);

/**
 * secbake_load_mode() - the mode that the policy itself asks for
 * @blob: checked
 * Return: for struct secbake_load_options, where SECBAKE_MODE_OWN means the same.
 */
enum secbake_mode secbake_load_mode(const struct secbake_blob *blob);

/**
 * secbake_load_apply() - install the programs of a blob on the calling thread
 * @blob: checked by secbake_blob_open(), secbake_load_open() or secbake_load_open_fd()
 * @features: of the running kernel, from secbake_features_probe()
 * @options: borrowed
 * @listener: receives the user-notification descriptor (close-on-exec), -1 when
 *	no program has NOTIFY; NULL: such a policy is refused before anything is
 *	applied
 * @error: may be NULL; TSYNC failures name the thread
 *
 * All or nothing is not in the kernel's power: when a later program of several
 * fails, the earlier ones stay. The caller must then not go on.
 * Return: SECBAKE_OK; SECBAKE_ERR_STALE or SECBAKE_ERR_MISSING as
 * secbake_blob_select(); SECBAKE_ERR_SYSTEM with errno; SECBAKE_ERR_TARGET;
 * SECBAKE_ERR_INPUT for a closed blob, empty features or unknown options.
 */
enum secbake_status secbake_load_apply(const struct secbake_blob *blob,
				       const struct secbake_features *features,
				       const struct secbake_load_options *options, int *listener,
				       struct secbake_error *error);

#ifdef __cplusplus
}
#endif
#endif
