/* SPDX-License-Identifier: MIT */
/* The proof that a program decides as its policy, for every call. docs/proof.md. */
#ifndef SB_PROVE_H
#define SB_PROVE_H

#include "program.h"
#include "resolved.h"

/*
 * A call on which program and policy differ; or, with hidden_allow, a number
 * (data.arch, data.nr) that both always allow, but not visibly to the kernel's
 * emulator: right, and slower than it need be.
 */
#define SB_HIDDEN_MAX 1024u
struct sb_witness {
	bool hidden_allow;
	uint32_t hidden_count; /* with hidden_allow: all such numbers, up to SB_HIDDEN_MAX */
	struct {
		uint32_t arch, nr;
	} hidden[SB_HIDDEN_MAX];
	struct seccomp_data data;
	uint32_t program_verdict;
	uint32_t policy_verdict;
};

/*
 * Proves, for every audit_arch, number, instruction pointer and argument, that
 * program returns what layer says; that the kernel accepts the program; and
 * that each number whose verdict is ALLOW whatever its arguments is seen as
 * such by the kernel's emulator.
 * Return: SECBAKE_OK: proved. SECBAKE_ERR_INTERNAL: refuted, witness is written
 * if a call shows it (error says what else). SECBAKE_ERR_UNKNOWN: a form or a
 * limit is beyond the prover; never "equal". SECBAKE_ERR_MEMORY.
 */
enum secbake_status sb_prove(const struct sb_program *program, const struct sb_layer *layer,
			     struct sb_witness *witness, struct secbake_error *error);

#endif
