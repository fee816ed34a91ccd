/* SPDX-License-Identifier: MIT */
/* A finished filter program, and calls to try it with. */
#ifndef SB_PROGRAM_H
#define SB_PROGRAM_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdint.h>

#include <secbake/error.h>

/* Fields in host order; big_endian says how seccomp_data lies in the target's memory. */
struct sb_program {
	const struct sock_filter *insn;
	uint32_t count;
	bool big_endian;
};

/*
 * interpret.c: what the kernel's interpreter returns for one call. data is in
 * host representation (arch, nr, args as numbers); loads see it as the
 * target's memory would hold it. Return: SECBAKE_OK, or SECBAKE_ERR_INPUT
 * where the program is not one the kernel accepts.
 */
enum secbake_status sb_interpret(const struct sb_program *program, const struct seccomp_data *data,
				 uint32_t *verdict, struct secbake_error *error);

/*
 * validate.c: the kernel's own rules for a seccomp program (bpf_check_classic
 * and seccomp_check_filter, "Installing" in their sources): SECBAKE_OK, or
 * SECBAKE_ERR_INPUT naming the instruction and the rule.
 */
enum secbake_status sb_validate(const struct sb_program *program, struct secbake_error *error);

/*
 * bitmap.c: does the kernel's emulator (seccomp_is_const_allow, 5.11) see that
 * arch and nr are always allowed? steps, if not NULL, receives the number of
 * instructions it walks until it knows or gives up.
 */
bool sb_const_allow(const struct sb_program *program, uint32_t audit_arch, uint32_t nr,
		    uint32_t *steps);

#endif
