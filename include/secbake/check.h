/* SPDX-License-Identifier: MIT */
/*
 * libsecbake: advice on policies and programs: what an attacker gets around,
 * what breaks programs by accident, and what says nothing. docs/checks.md.
 */
#ifndef SECBAKE_CHECK_H
#define SECBAKE_CHECK_H

#include <secbake/compile.h>
#include <secbake/inspect.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * struct secbake_check - a kind of finding
 * @code: its name, which stays: "clone-without-clone3"
 * @level: how much it matters, unless the finding itself says otherwise
 * @title: what is found, a sentence without a full stop
 * @mend: what to do about it, the same
 */
struct secbake_check {
	const char *code;
	enum secbake_level level;
	const char *title;
	const char *mend;
};

/**
 * secbake_check_at() - all kinds of findings
 * @index: from 0
 * Return: static, or NULL past the last.
 */
const struct secbake_check *secbake_check_at(size_t index);

/**
 * secbake_check_find() - a kind of finding by its code; static, or NULL
 */
const struct secbake_check *secbake_check_find(const char *code);

/**
 * secbake_check_nearest() - the code nearest to a misspelt one, or NULL; static
 */
const char *secbake_check_nearest(const char *code);

/**
 * struct secbake_finding - one of them
 * @check: what kind; static
 * @level: SECBAKE_NOTE where the policy accepts it
 * @message: where it is and what was found; @message.status is SECBAKE_OK
 * @reason: why the policy accepts it, or ""; cut if too long
 */
struct secbake_finding {
	const struct secbake_check *check;
	enum secbake_level level;
	struct secbake_error message;
	char reason[256];
};

/**
 * struct secbake_findings - receives them
 * @found: called once a finding, in order of place; must not keep @finding
 */
struct secbake_findings {
	void (*found)(struct secbake_findings *self, const struct secbake_finding *finding);
};

/**
 * struct secbake_check_options - zero it, then set
 * @policy: the policy, as for secbake_compile(); or NULL. Its reporter receives errors only.
 *	@policy->mode and strict are not looked at: what is checked is what the policy enforces
 * @program: without @policy: @program_count programs, loaded first to last
 * @program_count: 1..SECBAKE_LAYERS_MAX; 0 with SECBAKE_BLOB_UNRESTRICTED in @program_mode
 * @program_mode: the mode of the blob that they are the enforcing programs of:
 *	SECBAKE_BLOB_UNRESTRICTED, SECBAKE_BLOB_COMPLAIN, or 0
 * @arch: of the programs' target
 * @file: what messages call the programs
 * @kernel_from: the oldest kernel that matters, or 0: @policy->target alone
 * @kernel_to: the newest one, not below @kernel_from
 * @ignore: @ignore_count codes that are not wanted
 * @findings: receives the findings
 * @reserved: zero
 */
struct secbake_check_options {
	const struct secbake_compile_options *policy;
	const struct secbake_program *program;
	uint32_t program_count, program_mode;
	const struct secbake_arch *arch;
	const char *file;
	uint32_t kernel_from, kernel_to;
	const char *const *ignore;
	size_t ignore_count;
	struct secbake_findings *findings;
	uintptr_t reserved[6];
};

/**
 * secbake_check() - look for what is wrong with a policy, or with programs
 * @error: the first error; may be NULL
 *
 * Return: SECBAKE_OK, whatever was found; SECBAKE_ERR_UNKNOWN: a program's meaning is beyond
 * the prover; else as secbake_compile().
 */
enum secbake_status secbake_check(const struct secbake_check_options *options,
				  struct secbake_error *error);

#ifdef __cplusplus
}
#endif
#endif
