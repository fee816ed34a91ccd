/* SPDX-License-Identifier: MIT */
/*
 * What a kernel's seccomp offers: probed, named by version, or read from a
 * file; as canonical text and as the hash that keys the cache.
 * Facts: kernel/seccomp.c, seccomp(2), Documentation/userspace-api/seccomp_filter.rst.
 */
#ifndef SECBAKE_FEATURES_H
#define SECBAKE_FEATURES_H

#include <secbake/arch.h>
#include <secbake/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One bit an action; the order is the kernel's precedence, strictest first. */
enum {
	SECBAKE_ACTION_KILL_PROCESS = 1u << 0,
	SECBAKE_ACTION_KILL_THREAD = 1u << 1,
	SECBAKE_ACTION_TRAP = 1u << 2,
	SECBAKE_ACTION_ERRNO = 1u << 3,
	SECBAKE_ACTION_NOTIFY = 1u << 4,
	SECBAKE_ACTION_TRACE = 1u << 5,
	SECBAKE_ACTION_LOG = 1u << 6,
	SECBAKE_ACTION_ALLOW = 1u << 7,
	SECBAKE_ACTIONS_ALL = 0xffu,
	/* What a kernel has that cannot answer SECCOMP_GET_ACTION_AVAIL (before 4.14). */
	SECBAKE_ACTIONS_OLDEST = SECBAKE_ACTION_KILL_THREAD | SECBAKE_ACTION_TRAP |
				 SECBAKE_ACTION_ERRNO | SECBAKE_ACTION_TRACE | SECBAKE_ACTION_ALLOW,
};

/* Filter flags: the kernel's own bits, SECCOMP_FILTER_FLAG_*. */
enum {
	SECBAKE_FLAG_TSYNC = 1u << 0,
	SECBAKE_FLAG_LOG = 1u << 1,
	SECBAKE_FLAG_SPEC_ALLOW = 1u << 2,
	SECBAKE_FLAG_NEW_LISTENER = 1u << 3,
	SECBAKE_FLAG_TSYNC_ESRCH = 1u << 4,
	SECBAKE_FLAG_WAIT_KILLABLE_RECV = 1u << 5,
	SECBAKE_FLAGS_ALL = 0x3fu,
};

/**
 * enum secbake_method - how a filter can be installed at all
 * @SECBAKE_METHOD_NONE: no filters in this kernel
 * @SECBAKE_METHOD_PRCTL: prctl(PR_SET_SECCOMP) only; no flags (3.5 to 3.16, or
 *	seccomp(2) denied by a filter that is already in force)
 * @SECBAKE_METHOD_SECCOMP: seccomp(2)
 */
enum secbake_method {
	SECBAKE_METHOD_NONE = 0,
	SECBAKE_METHOD_PRCTL,
	SECBAKE_METHOD_SECCOMP,
};

#define SECBAKE_HASH_SIZE 16
#define SECBAKE_HASH_TEXT 33 /* lower-case hexadecimal and NUL */
#define SECBAKE_FEATURES_TEXT_MAX 2048

/**
 * struct secbake_hash - an XXH3-128 in canonical (big-endian) order
 * @bytes: most significant first, as printed
 */
struct secbake_hash {
	uint8_t bytes[SECBAKE_HASH_SIZE];
};

/**
 * struct secbake_features - what one kernel offers
 * @arch: the ABI compiled for; static; never x32
 * @method: how filters are installed
 * @actions: SECBAKE_ACTION_* known to it
 * @flags: SECBAKE_FLAG_* known to it
 * @notif_size: sizeof struct seccomp_notif, 0 where it has none (before 5.0)
 * @notif_resp_size: sizeof struct seccomp_notif_resp
 * @notif_data_size: sizeof struct seccomp_data
 * @kernel: version as SECBAKE_KERNEL(X, Y); 0: not known. Beside the features,
 *	not among them: the hash does not cover it, and only policies that ask
 *	for a version look at it.
 */
struct secbake_features {
	const struct secbake_arch *arch;
	enum secbake_method method;
	uint32_t actions;
	uint32_t flags;
	uint16_t notif_size;
	uint16_t notif_resp_size;
	uint16_t notif_data_size;
	uint32_t kernel;
};

#define SECBAKE_KERNEL(x, y) (((uint32_t)(x) << 16) | (uint32_t)(y))

/**
 * secbake_features_probe() - ask the running kernel
 * @features: written only on success
 * @error: may be NULL
 *
 * Installs nothing and needs no privilege and no /proc. SECBAKE_ACTIONS_OLDEST are not asked
 * for: they are there if filters are.
 * Return: SECBAKE_OK; SECBAKE_ERR_UNKNOWN when a probe gets an answer that no
 * kernel gives (success where failure is certain, an errno that does not say that
 * something is absent), or none that says what the kernel offers.
 */
enum secbake_status secbake_features_probe(struct secbake_features *features,
					   struct secbake_error *error);

/**
 * secbake_features_of_kernel() - what mainline X.Y offers
 * @arch: the target; not NULL
 * @kernel: SECBAKE_KERNEL(X, Y), from 3.5 on; versions yet to come are taken to
 *	offer what the newest known does
 * @features: written only on success
 * @error: may be NULL
 *
 * Return: SECBAKE_OK; SECBAKE_ERR_INPUT for versions before 3.5.
 */
enum secbake_status secbake_features_of_kernel(const struct secbake_arch *arch, uint32_t kernel,
					       struct secbake_features *features,
					       struct secbake_error *error);

/**
 * secbake_kernel_parse() - "6.1", "6.1.0-18-amd64": X.Y of it
 * @text: borrowed
 * @kernel: written only on success
 * Return: true when @text starts with X.Y, both at most 65535, followed by
 * nothing, '.', '-', '+' or '_'.
 */
bool secbake_kernel_parse(const char *text, uint32_t *kernel);

/**
 * secbake_features_format() - the text of a features file
 * @features: borrowed
 * @text: receives sorted lines "key value", each ended by a newline, and NUL
 * Return: length without NUL, below SECBAKE_FEATURES_TEXT_MAX.
 *
 * The line "kernel X.Y" is there when the version is known; the hash leaves it
 * out.
 */
size_t secbake_features_format(const struct secbake_features *features,
			       char text[SECBAKE_FEATURES_TEXT_MAX]);

/**
 * secbake_features_parse() - read a features file's text
 * @text: @length bytes
 * @length: at most SECBAKE_FEATURES_TEXT_MAX
 * @features: written only on success
 * @error: line number and text of the first fault; may be NULL
 *
 * Return: SECBAKE_OK; SECBAKE_ERR_INPUT for unknown, double or missing keys and
 * bad values. The order of lines is free; blank lines and '#' comments may stand.
 */
enum secbake_status secbake_features_parse(const char *text, size_t length,
					   struct secbake_features *features,
					   struct secbake_error *error);

/**
 * secbake_features_hash() - the feature hash: XXH3-128 of the canonical text
 * @features: borrowed
 * @hash: written always
 */
void secbake_features_hash(const struct secbake_features *features, struct secbake_hash *hash);

/**
 * secbake_hash_format() - 32 lower-case hexadecimal digits and NUL
 */
void secbake_hash_format(const struct secbake_hash *hash, char text[SECBAKE_HASH_TEXT]);

/**
 * secbake_action_name() - a policy's name of one SECBAKE_ACTION_* bit
 * Return: static ("kill-process" ... "allow"), or NULL for no or several bits.
 */
const char *secbake_action_name(uint32_t action_bit);

/**
 * secbake_flag_name() - a policy's name of one SECBAKE_FLAG_* bit
 * Return: static ("tsync", "log", "spec-allow", "new-listener", "tsync-esrch",
 * "wait-killable-recv"), or NULL.
 */
const char *secbake_flag_name(uint32_t flag_bit);

#ifdef __cplusplus
}
#endif
#endif
