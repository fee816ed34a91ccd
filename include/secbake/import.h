/* SPDX-License-Identifier: MIT */
/*
 * libsecbake: policies in the formats of other projects, written again in the
 * native language. docs/import.md says, format by format, what is carried over.
 */
#ifndef SECBAKE_IMPORT_H
#define SECBAKE_IMPORT_H

#include <secbake/compile.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SECBAKE_IMPORT_FILES_MAX 64u /* files that one import reads, itself included */

/**
 * struct secbake_import_reader - hands out the other files that a policy includes
 * @read: the file @name, as file number @parent names it: absolute, or else relative to
 *	the folder of that file. @index is the number that it gets; 0 is the policy itself
 * @text: receives the content, at most SECBAKE_POLICY_SIZE_MAX bytes, which must stay
 *	until the import is over, and in @text->file what messages shall call it
 *
 * A relative @name has no ".." and does not start with "./". Returns SECBAKE_OK,
 * SECBAKE_ERR_MISSING when there is no such file, or what else went wrong, with a text in
 * @error.
 */
struct secbake_import_reader {
	enum secbake_status (*read)(struct secbake_import_reader *self, uint32_t index,
				    uint32_t parent, const char *name, struct secbake_text *text,
				    struct secbake_error *error);
};

/**
 * struct secbake_import_options - zero it, then set
 * @format: a name that secbake_import_format_at() gives
 * @policy: the text to import
 * @arch: architecture that the policy is for, as far as its format leaves that to whoever
 *	compiles it; NULL: secbake_arch_native()
 * @part: which of several policies in the text; NULL: the only one
 * @strict: every warning is an error: something was not carried over
 * @reporter: receives warnings and notes; may be NULL
 * @reader: reads included files; NULL: a policy that includes any is an error
 * @reserved: zero
 */
struct secbake_import_options {
	const char *format;
	struct secbake_text policy;
	const struct secbake_arch *arch;
	const char *part;
	bool strict;
	struct secbake_reporter *reporter;
	struct secbake_import_reader *reader;
	uintptr_t reserved[8];
};

/**
 * secbake_import() - write a policy of another format in the native language
 * @options: borrowed
 * @text: receives malloc'd JSON, the caller's to free, with NUL behind it; written only
 *	on success
 * @size: its bytes without the NUL; may be NULL
 * @error: the first error; may be NULL
 *
 * What @text says it decides as the format's own compiler would; what it cannot say is an
 * error, or a warning and a comment in @text. Deterministic.
 * Return: SECBAKE_OK; SECBAKE_ERR_INPUT, SECBAKE_ERR_LIMIT: the text, or a file that
 * it includes; SECBAKE_ERR_MISSING: there is no such format or part;
 * SECBAKE_ERR_MEMORY; or as the reader returned.
 */
enum secbake_status secbake_import(const struct secbake_import_options *options, char **text,
				   size_t *size, struct secbake_error *error);

/**
 * secbake_import_format_at() - the formats that can be imported
 * @index: from 0
 * Return: static, or NULL past the last.
 */
const char *secbake_import_format_at(size_t index);

#ifdef __cplusplus
}
#endif
#endif
