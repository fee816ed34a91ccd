/* SPDX-License-Identifier: MIT */
/*
 * libsecbake: from a policy's text to a blob, every program proved.
 */
#ifndef SECBAKE_COMPILE_H
#define SECBAKE_COMPILE_H

#include <secbake/blob.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SECBAKE_POLICY_SIZE_MAX (1u << 20) /* bytes of one policy file */
#define SECBAKE_BASES_SIZE_MAX (1u << 20)  /* bytes of all others that it reads, together */
#define SECBAKE_POLICY_DEPTH_MAX 64u	   /* nesting of its JSON */

enum secbake_dialect {
	SECBAKE_DIALECT_AUTO = 0, /* detected from the document */
	SECBAKE_DIALECT_OCI,
	SECBAKE_DIALECT_NATIVE,
};

/* What answers ENOSYS for calls that the author could not know. */
enum secbake_enosys {
	SECBAKE_ENOSYS_AUTO = 0, /* as the dialect: OCI: runc; native: its baseline */
	SECBAKE_ENOSYS_RUNC,	 /* runc's rule: numbers above the largest that the policy names */
	SECBAKE_ENOSYS_NONE,
};

/* How long the generator may look for shorter programs. */
enum secbake_effort {
	SECBAKE_EFFORT_AUTO = 0, /* NAME.options', or else the default */
	SECBAKE_EFFORT_DEFAULT,	 /* milliseconds: for whoever waits */
	SECBAKE_EFFORT_BEST,	 /* seconds: for images */
};

/**
 * struct secbake_text - a file's content, read by the caller
 * @bytes: @size bytes, borrowed; need not end with NUL
 * @size: at most SECBAKE_POLICY_SIZE_MAX
 * @file: what messages call it
 */
struct secbake_text {
	const char *bytes;
	size_t size;
	const char *file;
};

/**
 * struct secbake_source_reader - hands out the other files that a policy names
 * @read: the file @name; @kind SECBAKE_SOURCE_POLICY: a policy's name, to be looked
 *	up on the policy path as NAME.json; SECBAKE_SOURCE_FILE: a relative path without
 *	"." and "..", from the folder of source number @parent
 * @index: the number that this source gets if it is read; 0 is the policy itself, 1
 *	its options. Numbers that were given before mean that a new compile began
 * @parent: a number that was given before, or 0
 * @text: receives the content, at most SECBAKE_POLICY_SIZE_MAX bytes, which must
 *	stay until the compile is over
 * @accounts: the text of passwd(5) or, with @groups, group(5), at most
 *	SECBAKE_POLICY_SIZE_MAX bytes; NULL: values user:NAME and group:NAME are errors
 *
 * Called by the thread that compiles. Both return SECBAKE_OK, SECBAKE_ERR_MISSING when
 * there is no such file, or what else went wrong, with a text in @error.
 */
struct secbake_source_reader {
	enum secbake_status (*read)(struct secbake_source_reader *self, uint32_t index,
				    enum secbake_source_kind kind, uint32_t parent,
				    const char *name, struct secbake_text *text,
				    struct secbake_error *error);
	enum secbake_status (*accounts)(struct secbake_source_reader *self, bool groups,
					struct secbake_text *text, struct secbake_error *error);
};

/**
 * struct secbake_compile_options - zero it, then set
 * @target: features of the kernel to compile for
 * @name: the policy's name, recorded in the blob; secbake_name_valid()
 * @policy: its text
 * @options: text of NAME.options beside it; bytes NULL: there is none. Either
 *	way a source of the blob. Options given below come on top:
 *	capabilities are added, the others win where they are not AUTO or false.
 * @dialect: how to read @policy
 * @enosys: see enum secbake_enosys
 * @caps: @cap_count capability names ("CAP_SYS_ADMIN") for includes/excludes
 * @cap_count: at most 64
 * @strict: every warning is an error
 * @sealed: the blob is for an image without policies: it counts where its sources are not
 *	there
 * @no_complain: leave the variants for complain mode out, and with them what they ask of
 *	the kernel; an error for a policy whose own mode that is
 * @only_target: of the variants make only the one that @target itself would load, in the
 *	policy's own mode or @mode: for a bare program, which needs no others
 * @reporter: receives warnings and notes, and of a policy in the native language each
 *	error, of which the first is returned as well; may be NULL
 * @sources: reads the bases and shipped groups of native policies; NULL: a policy
 *	that names any is an error
 * @mode: instead of the policy's own; NULL: that one. SECBAKE_MODE_OWN is the same
 * @earlier: a blob of this policy that was opened, and that the caller trusts as it
 *	trusts this compiler; or NULL. If the same version made it of a policy with the same
 *	meaning (the policy hash), its programs are taken as they are: they were
 *	proved when they were made. The bytes are the same as without it.
 * @effort: see enum secbake_effort; each program is proved, whatever it is
 * @passes: which of the generator's passes run, a list of "-NAME" (all but these) or
 *	"none,NAME" (none but these); NULL: all. For measurements
 * @reserved: zero
 */
struct secbake_compile_options {
	struct secbake_features target;
	const char *name;
	struct secbake_text policy;
	struct secbake_text options;
	enum secbake_dialect dialect;
	enum secbake_enosys enosys;
	const char *const *caps;
	size_t cap_count;
	bool strict;
	bool sealed;
	bool no_complain;
	bool only_target;
	struct secbake_reporter *reporter;
	struct secbake_source_reader *sources;
	const enum secbake_mode *mode;
	const struct secbake_blob *earlier;
	const char *passes;
	uint32_t effort; /* enum secbake_effort */
	uintptr_t reserved[3];
};

struct secbake_compiled;

/**
 * secbake_compile() - compile and prove one policy
 * @options: borrowed
 * @compiled: receives the result, to be freed by secbake_compiled_free();
 *	written only on success
 * @error: the first error; may be NULL
 *
 * Deterministic: equal options give equal bytes, on any machine.
 * Return: SECBAKE_OK; SECBAKE_ERR_INPUT, SECBAKE_ERR_LIMIT: the policy;
 * SECBAKE_ERR_TARGET: the target lacks what the policy needs;
 * SECBAKE_ERR_UNKNOWN: the proof found no end within its limits;
 * SECBAKE_ERR_INTERNAL: the proof failed; SECBAKE_ERR_MEMORY.
 */
enum secbake_status secbake_compile(const struct secbake_compile_options *options,
				    struct secbake_compiled **compiled,
				    struct secbake_error *error);

/**
 * secbake_compiled_restamped() - were all programs taken from the earlier blob?
 * Return: true when nothing had to be generated and proved.
 */
bool secbake_compiled_restamped(const struct secbake_compiled *compiled);

/* Takes NULL. */
void secbake_compiled_free(struct secbake_compiled *compiled);

/**
 * secbake_compiled_blob() - the finished blob
 * @size: receives its bytes
 * Return: borrowed from @compiled.
 */
const uint8_t *secbake_compiled_blob(const struct secbake_compiled *compiled, size_t *size);

/**
 * secbake_pass() - the passes of the generator, in the order in which they run
 * @index: from 0
 * @what: receives a line about it; may be NULL
 *
 * Return: its name; NULL past the last.
 */
const char *secbake_pass(size_t index, const char **what);

#ifdef __cplusplus
}
#endif
#endif
