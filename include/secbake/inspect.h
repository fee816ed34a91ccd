/* SPDX-License-Identifier: MIT */
/*
 * libsecbake: looking at programs and policies: what a program says to a call,
 * what it looks like, which rule decides, and whether it decides as its policy.
 */
#ifndef SECBAKE_INSPECT_H
#define SECBAKE_INSPECT_H

#include <secbake/compile.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * struct secbake_program - a filter program as the kernel takes it
 * @bytes: @count instructions of 8 bytes (struct sock_filter), in the target's
 *	byte order; borrowed; no alignment needed
 * @count: 1..SECBAKE_PROGRAM_MAX
 * @big_endian: the target's byte order
 */
struct secbake_program {
	const uint8_t *bytes;
	uint32_t count;
	bool big_endian;
};

/**
 * struct secbake_call - what a filter sees of a call (struct seccomp_data)
 * @audit_arch: seccomp_data.arch
 * @nr: seccomp_data.nr
 * @instruction_pointer: where the call was made
 * @args: as the registers hold them; the upper half is 0 on 32-bit ABIs
 */
struct secbake_call {
	uint32_t audit_arch;
	uint32_t nr;
	uint64_t instruction_pointer;
	uint64_t args[6];
};

#define SECBAKE_VERDICT_TEXT 48

/**
 * secbake_verdict_format_on() - "ALLOW", "ERRNO(1 EPERM)", "TRAP(7)", "KILL_THREAD" ...
 * @arch: whose names of error numbers; mips and parisc have numbers of their own
 * @verdict: what a program returned: SECCOMP_RET_* with data
 * @text: receives it and NUL
 *
 * An action that no kernel knows reads "UNKNOWN(0x...)"; kernels kill on it.
 */
void secbake_verdict_format_on(const struct secbake_arch *arch, uint32_t verdict,
			       char text[SECBAKE_VERDICT_TEXT]);

/**
 * secbake_verdict_format() - the same for the ABI that this library was compiled for
 */
void secbake_verdict_format(uint32_t verdict, char text[SECBAKE_VERDICT_TEXT]);

/**
 * secbake_verdict_strictest() - the verdict that counts when several filters ran
 * @newer: of the filter installed later
 * @older: of the one installed before it
 * Return: the one of higher precedence, the newer one where actions are equal
 * (seccomp_run_filters).
 */
uint32_t secbake_verdict_strictest(uint32_t newer, uint32_t older);

/**
 * secbake_syscall_number() - a call's number
 * @arch: its ABI
 * @name: the kernel's name for it
 * @nr: seccomp_data.nr; written only on success
 * Return: false when the ABI has no such call.
 */
bool secbake_syscall_number(const struct secbake_arch *arch, const char *name, uint32_t *nr);

/**
 * secbake_syscall_name() - a number's name on an ABI, or NULL; static
 */
const char *secbake_syscall_name(const struct secbake_arch *arch, uint32_t nr);

/**
 * secbake_syscall_nearest() - the known name nearest to a misspelt one, or NULL; static
 */
const char *secbake_syscall_nearest(const char *name);

/**
 * secbake_syscall_at() - the names of all calls that are known, sorted
 * @index: from 0
 * Return: static, or NULL past the last.
 */
const char *secbake_syscall_at(size_t index);

/**
 * struct secbake_syscall - a call as an ABI has it
 * @nr: seccomp_data.nr (x32: with bit 30)
 * @since: the release that put it into the ABI's table, as SECBAKE_KERNEL(X, Y): at
 *	the latest, where the exact one is not established; 2.6 stands for 2.6 and
 *	older, 0 for not known
 * @arg_count: 0..6, or -1 when its arguments are not known
 * @arg: @arg_count types and names, as the kernel declares them; static
 */
struct secbake_syscall {
	uint32_t nr;
	uint32_t since;
	int arg_count;
	struct {
		const char *type;
		const char *name;
	} arg[6];
};

/**
 * secbake_syscall_describe() - all that is known about a call
 * @arch: its ABI
 * @name: the kernel's name for it
 * @syscall: written only on success
 * Return: false when the ABI has no such call.
 */
bool secbake_syscall_describe(const struct secbake_arch *arch, const char *name,
			      struct secbake_syscall *syscall);

/**
 * secbake_constant() - the value of a constant of an ABI's kernel headers
 * @arch: the ABI
 * @name: "O_CLOEXEC", "AF_UNIX", "ENOSYS" ...
 * @value: a negative one as two's complement of 64 bits; written only on success
 * @negative: whether it is; written only on success
 * Return: false when the ABI has none of that name.
 */
bool secbake_constant(const struct secbake_arch *arch, const char *name, uint64_t *value,
		      bool *negative);

/**
 * secbake_constant_at() - the names of all constants of all ABIs, sorted
 * @index: from 0
 * Return: static, or NULL past the last.
 */
const char *secbake_constant_at(size_t index);

/**
 * secbake_constant_nearest() - the known name nearest to a misspelt one, or NULL; static
 */
const char *secbake_constant_nearest(const char *name);

/**
 * secbake_capability_known() - is that a capability, "CAP_SYS_ADMIN"?
 */
bool secbake_capability_known(const char *name);

/**
 * secbake_capability_nearest() - the one that a misspelt name may have meant, or NULL; static
 */
const char *secbake_capability_nearest(const char *name);

/**
 * secbake_nearest() - the one of some words that a misspelt one may have meant
 * @word: the misspelt one
 * @known: @count words, borrowed; NULL ones are passed over
 *
 * As the messages about policies do: upper and lower case are equal, and a third of the letters
 * may be missing, too many, others, or swapped with their neighbour.
 * Return: one of @known, or NULL where none is near.
 */
const char *secbake_nearest(const char *word, const char *const *known, size_t count);

/**
 * secbake_emulate() - what a program returns for a call
 * @verdict: written only on success
 * @error: may be NULL
 * Return: SECBAKE_OK; SECBAKE_ERR_INPUT when the kernel would not take the program.
 */
enum secbake_status secbake_emulate(const struct secbake_program *program,
				    const struct secbake_call *call, uint32_t *verdict,
				    struct secbake_error *error);

/**
 * struct secbake_cost - what the kernel charges for a program
 * @instructions: its length
 * @cached: numbers of the tables given whose ALLOW the kernel's bitmap answers
 * @steps: instructions that the kernel emulates over those tables when it attaches
 */
struct secbake_cost {
	uint32_t instructions;
	uint32_t cached;
	uint64_t steps;
};

/**
 * secbake_cost_of() - count what attaching a program costs
 * @audit_arch: @arch_count architectures whose tables the kernel walks
 * @numbers: their numbers 0 .. @numbers - 1
 * Return: SECBAKE_OK; SECBAKE_ERR_INPUT when the kernel would not take the program.
 */
enum secbake_status secbake_cost_of(const struct secbake_program *program,
				    const uint32_t *audit_arch, size_t arch_count, uint32_t numbers,
				    struct secbake_cost *cost, struct secbake_error *error);

/**
 * enum secbake_style - how a program is written out
 * @SECBAKE_STYLE_LISTING: for reading: numbers, jump targets, names of calls and actions
 * @SECBAKE_STYLE_ASM: input of the kernel's bpf_asm
 * @SECBAKE_STYLE_C: a C header with an array of struct sock_filter, for any byte order
 */
enum secbake_style {
	SECBAKE_STYLE_LISTING = 0,
	SECBAKE_STYLE_ASM,
	SECBAKE_STYLE_C,
};

/**
 * secbake_disassemble() - write a program out
 * @name: of the array in SECBAKE_STYLE_C; any text, made an identifier
 * @text: receives malloc'd text, the caller's to free; written only on success
 * Return: SECBAKE_OK; SECBAKE_ERR_INPUT; SECBAKE_ERR_MEMORY.
 */
enum secbake_status secbake_disassemble(const struct secbake_program *program,
					enum secbake_style style, const char *name, char **text,
					struct secbake_error *error);

/**
 * struct secbake_explanation - why a policy decides a call as it does
 * @verdict: SECCOMP_RET_* with data, as compiled for the target
 * @line: of the rule that decides, or 0
 * @file: that the rule is in, a base of the policy perhaps; cut if too long; or ""
 * @pointer: JSON pointer of that rule, or ""
 * @reason: a sentence
 */
struct secbake_explanation {
	uint32_t verdict;
	uint32_t line;
	char file[256];
	char pointer[256];
	char reason[256];
};

/**
 * secbake_explain() - ask the policy itself, not a program
 * @options: as for secbake_compile()
 * @mode: enforce, complain, or the policy's own
 * @explanation: written only on success
 * Return: as secbake_compile().
 */
enum secbake_status secbake_explain(const struct secbake_compile_options *options,
				    enum secbake_mode mode, const struct secbake_call *call,
				    struct secbake_explanation *explanation,
				    struct secbake_error *error);

/**
 * struct secbake_difference - a call on which a program and a policy differ
 * @call: the call
 * @program_verdict: of the program
 * @policy_verdict: of the policy
 * @rule: what in the policy decides @call
 * @policy_flags: SECBAKE_FLAG_* that the policy asks for this program; what the program is
 *	installed with, the caller knows
 * @policy_mode: the mode that @options give the policy, or else its own, as a blob has it:
 *	SECBAKE_BLOB_UNRESTRICTED, SECBAKE_BLOB_COMPLAIN, or 0
 */
struct secbake_difference {
	struct secbake_call call;
	uint32_t program_verdict;
	uint32_t policy_verdict;
	struct secbake_explanation rule;
	uint32_t policy_flags;
	uint32_t policy_mode;
};

/**
 * secbake_prove() - prove a program against a policy
 * @program: any program
 * @options: the policy, as for secbake_compile(); @options->target.kernel chooses
 *	the variant
 * @mode: enforce, complain, or the policy's own
 * @layer: which of the policy's programs, from 0
 * @difference: with SECBAKE_OK its @policy_flags and @policy_mode are written, with
 *	SECBAKE_ERR_MISSING the latter, with SECBAKE_ERR_STALE all of it; where its verdicts are
 *	equal no call shows the difference, and @error says what it is; may be NULL
 * Bits of a verdict that the kernel does not look at, as the data of ALLOW, make no difference.
 * Return: SECBAKE_OK: equal for every call; SECBAKE_ERR_STALE: not equal;
 * SECBAKE_ERR_UNKNOWN: the proof cannot tell; SECBAKE_ERR_MISSING: the policy has no such
 * program; else as secbake_compile().
 */
enum secbake_status secbake_prove(const struct secbake_program *program,
				  const struct secbake_compile_options *options,
				  enum secbake_mode mode, uint32_t layer,
				  struct secbake_difference *difference,
				  struct secbake_error *error);

#ifdef __cplusplus
}
#endif
#endif
