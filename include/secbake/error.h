/* SPDX-License-Identifier: MIT */
/*
 * How the libraries of secbake report: a status, and a caller-owned record
 * that says what went wrong and where. They never print and never exit.
 */
#ifndef SECBAKE_ERROR_H
#define SECBAKE_ERROR_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * enum secbake_status - what a function of secbake returns
 * @SECBAKE_OK: done; the only value that is not a failure
 * @SECBAKE_ERR_INPUT: a policy, program, blob or option was rejected; its
 *	author can mend it
 * @SECBAKE_ERR_TARGET: the input is good, but the target kernel lacks what it
 *	needs
 * @SECBAKE_ERR_LIMIT: a documented limit (size, depth, program length) is exceeded
 * @SECBAKE_ERR_MISSING: what was asked for is not there
 * @SECBAKE_ERR_UNTRUSTED: somebody else could have written it
 * @SECBAKE_ERR_STALE: a blob is whole, but not for this kernel or these sources
 * @SECBAKE_ERR_SYSTEM: a system call failed; sys_errno says how
 * @SECBAKE_ERR_MEMORY: out of memory
 * @SECBAKE_ERR_UNKNOWN: cannot tell (a probe or a proof without an answer)
 * @SECBAKE_ERR_INTERNAL: secbake is wrong; nothing was written
 */
enum secbake_status {
	SECBAKE_OK = 0,
	SECBAKE_ERR_INPUT,
	SECBAKE_ERR_TARGET,
	SECBAKE_ERR_LIMIT,
	SECBAKE_ERR_MISSING,
	SECBAKE_ERR_UNTRUSTED,
	SECBAKE_ERR_STALE,
	SECBAKE_ERR_SYSTEM,
	SECBAKE_ERR_MEMORY,
	SECBAKE_ERR_UNKNOWN,
	SECBAKE_ERR_INTERNAL,
};

/**
 * enum secbake_level - how much a message matters
 * @SECBAKE_NOTE: a fact worth knowing, a degradation for instance
 * @SECBAKE_WARNING: probably not what the author meant; an error when strict
 * @SECBAKE_ERROR: nothing is produced
 */
enum secbake_level {
	SECBAKE_NOTE = 0,
	SECBAKE_WARNING,
	SECBAKE_ERROR,
};

/* A native policy without "default", in itself and its bases: good for a base only. */
#define SECBAKE_CODE_LACKS_DEFAULT "lacks-default"

/**
 * struct secbake_error - one message
 * @status: the same that the function returned; in notes SECBAKE_OK, or
 *	SECBAKE_ERR_TARGET for a degradation: what the target lacks and what became of it
 * @sys_errno: errno of the failed system call, or 0
 * @line: line in @file from 1, or 0 when it concerns no line
 * @column: byte column from 1, or 0
 * @file: what the caller named the file, cut from the left if too long; or ""
 * @pointer: JSON pointer (RFC 6901) of the member concerned; "" is the whole
 *	document
 * @text: what is wrong and how to mend it, one sentence without a full stop
 * @code: of a warning that secbake check tells under a code of its own, that code; of an error
 *	SECBAKE_CODE_LACKS_DEFAULT; static, or NULL
 *
 * Owned by the caller; all strings end with NUL. Functions take it as their
 * last parameter, it may be NULL, and the first error wins.
 */
struct secbake_error {
	enum secbake_status status;
	int sys_errno;
	uint32_t line;
	uint32_t column;
	char file[256];
	char pointer[256];
	char text[512];
	const char *code;
};

/**
 * struct secbake_reporter - receives messages while a policy is worked on
 * @report: called once a message, in document order; must not keep @message
 *
 * Embed it in a struct of your own to carry state. A NULL reporter drops notes
 * and warnings.
 */
struct secbake_reporter {
	void (*report)(struct secbake_reporter *self, enum secbake_level level,
		       const struct secbake_error *message);
};

/**
 * secbake_error_set() - fill in an error, unless it holds one already
 * @error: may be NULL
 * @status: what the caller is about to return
 * @sys_errno: errno, or 0
 * @format: printf-like; %s %d %u %x %zu only need be relied upon
 *
 * Return: @status, so that a caller can return it at once.
 */
enum secbake_status secbake_error_set(struct secbake_error *error, enum secbake_status status,
				      int sys_errno, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/**
 * secbake_error_file() - add the place to an error that has none yet
 * @error: may be NULL
 * @file: borrowed; may be NULL
 * @line: from 1, or 0
 * @column: from 1, or 0
 * @pointer: JSON pointer, or NULL
 */
void secbake_error_file(struct secbake_error *error, const char *file, uint32_t line,
			uint32_t column, const char *pointer);

#ifdef __cplusplus
}
#endif
#endif
