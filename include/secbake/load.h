/* SPDX-License-Identifier: MIT */
/*
 * Applying blobs: for the loader, for init systems and for daemons that
 * sandbox themselves. Needs libc only, allocates nothing, never prints.
 */
#ifndef SECBAKE_LOAD_H
#define SECBAKE_LOAD_H

#include <secbake/blob.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * struct secbake_load_options - how to apply; zero it, then set
 * @mode: enum secbake_mode
 * @keep_privileges: do not set no_new_privs; needs CAP_SYS_ADMIN
 * @reserved: zero
 */
struct secbake_load_options {
	enum secbake_mode mode;
	bool keep_privileges;
	uint32_t reserved[6];
};

/**
 * secbake_load_apply() - install the programs of a blob on the calling thread
 * @blob: checked by secbake_blob_open()
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
 * secbake_blob_select(); SECBAKE_ERR_SYSTEM with errno; SECBAKE_ERR_TARGET.
 */
enum secbake_status secbake_load_apply(const struct secbake_blob *blob,
				       const struct secbake_features *features,
				       const struct secbake_load_options *options, int *listener,
				       struct secbake_error *error);

#ifdef __cplusplus
}
#endif
#endif
