/* SPDX-License-Identifier: MIT */
/*
 * The rules by which the kernel accepts a seccomp program, written anew from
 * what net/core/filter.c (bpf_check_classic(), check_load_and_stores()) and
 * kernel/seccomp.c (seccomp_check_filter()) demand. The sets must be equal, not
 * merely close: a program refused here that the kernel takes would be a needless
 * failure, one taken here that the kernel refuses would fail at boot.
 * tests/unit/test_validate.c compares them on the running kernel.
 */
#include "program.h"

#include <stddef.h>

#define MEMORY_ALL 0xffffu

static enum secbake_status refuse(struct secbake_error *error, const struct sb_program *program,
				  uint32_t pc, const char *rule)
{
	const struct sock_filter *insn = &program->insn[pc];

	return secbake_error_set(error, SECBAKE_ERR_INPUT, 0,
				 "instruction %u (code 0x%x, k 0x%x): %s", pc,
				 (unsigned int)insn->code, (unsigned int)insn->k, rule);
}

/* May an instruction of this code stand in a seccomp program? */
static bool code_allowed(uint16_t code)
{
	switch (code) {
	case BPF_LD | BPF_W | BPF_ABS:
	case BPF_LD | BPF_W | BPF_LEN:
	case BPF_LDX | BPF_W | BPF_LEN:
	case BPF_LD | BPF_IMM:
	case BPF_LDX | BPF_IMM:
	case BPF_LD | BPF_MEM:
	case BPF_LDX | BPF_MEM:
	case BPF_ST:
	case BPF_STX:
	case BPF_MISC | BPF_TAX:
	case BPF_MISC | BPF_TXA:
	case BPF_RET | BPF_K:
	case BPF_RET | BPF_A:
	case BPF_JMP | BPF_JA:
	case BPF_ALU | BPF_NEG:
		return true;
	default:
		break;
	}
	switch (code & ~BPF_X) {
	case BPF_ALU | BPF_ADD:
	case BPF_ALU | BPF_SUB:
	case BPF_ALU | BPF_MUL:
	case BPF_ALU | BPF_DIV:
	case BPF_ALU | BPF_AND:
	case BPF_ALU | BPF_OR:
	case BPF_ALU | BPF_XOR:
	case BPF_ALU | BPF_LSH:
	case BPF_ALU | BPF_RSH:
	case BPF_JMP | BPF_JEQ:
	case BPF_JMP | BPF_JGE:
	case BPF_JMP | BPF_JGT:
	case BPF_JMP | BPF_JSET:
		return true;
	default:
		return false;
	}
}

/* What the constants of one instruction break, or NULL. */
static const char *operand_wrong(const struct sock_filter *insn, uint32_t pc, uint32_t count)
{
	switch (insn->code) {
	case BPF_LD | BPF_W | BPF_ABS:
		if (insn->k >= sizeof(struct seccomp_data) || (insn->k & 3) != 0)
			return "loads must be of whole words of seccomp_data (below 64, divisible by 4)";
		return NULL;
	case BPF_LD | BPF_MEM:
	case BPF_LDX | BPF_MEM:
	case BPF_ST:
	case BPF_STX:
		return insn->k < BPF_MEMWORDS ? NULL : "scratch memory has 16 words";
	case BPF_ALU | BPF_DIV | BPF_K:
		return insn->k != 0 ? NULL : "division by the constant 0";
	case BPF_ALU | BPF_LSH | BPF_K:
	case BPF_ALU | BPF_RSH | BPF_K:
		return insn->k < 32 ? NULL : "shift by 32 or more";
	case BPF_JMP | BPF_JA:
		return insn->k < count - pc - 1 ? NULL : "jump out of the program";
	default:
		break;
	}
	if (BPF_CLASS(insn->code) == BPF_JMP) {
		if (pc + 1 + insn->jt >= count || pc + 1 + insn->jf >= count)
			return "jump out of the program";
	}
	return NULL;
}

/*
 * No word of scratch memory is read before it was written, by the kernel's own
 * reckoning: what a RET leaves behind still counts as flowing into the next
 * instruction, while nothing flows past a jump.
 */
static enum secbake_status check_memory(const struct sb_program *program,
					struct secbake_error *error)
{
	uint16_t entering[BPF_MAXINSNS]; /* words surely written on every jump to here */
	uint32_t written = 0;
	uint32_t pc;

	for (pc = 0; pc < program->count; pc++)
		entering[pc] = MEMORY_ALL;
	for (pc = 0; pc < program->count; pc++) {
		const struct sock_filter *insn = &program->insn[pc];

		written &= entering[pc];
		switch (BPF_CLASS(insn->code)) {
		case BPF_ST:
		case BPF_STX:
			written |= 1u << insn->k;
			break;
		case BPF_LD:
		case BPF_LDX:
			if (BPF_MODE(insn->code) == BPF_MEM && (written & (1u << insn->k)) == 0)
				return refuse(
					error, program, pc,
					"some path leaves this word of scratch memory unwritten");
			break;
		case BPF_JMP:
			if (BPF_OP(insn->code) == BPF_JA) {
				entering[pc + 1 + insn->k] &= (uint16_t)written;
			} else {
				entering[pc + 1 + insn->jt] &= (uint16_t)written;
				entering[pc + 1 + insn->jf] &= (uint16_t)written;
			}
			written = MEMORY_ALL;
			break;
		default:
			break;
		}
	}
	return SECBAKE_OK;
}

enum secbake_status sb_validate(const struct sb_program *program, struct secbake_error *error)
{
	uint32_t pc;

	if (program->count == 0 || program->count > BPF_MAXINSNS)
		return secbake_error_set(error, SECBAKE_ERR_INPUT, 0,
					 "a program has 1 to %d instructions, this one %u",
					 BPF_MAXINSNS, program->count);
	for (pc = 0; pc < program->count; pc++) {
		const struct sock_filter *insn = &program->insn[pc];
		const char *wrong;

		if (!code_allowed(insn->code))
			return refuse(error, program, pc, "seccomp has no such instruction");
		wrong = operand_wrong(insn, pc, program->count);
		if (wrong != NULL)
			return refuse(error, program, pc, wrong);
	}
	if (BPF_CLASS(program->insn[program->count - 1].code) != BPF_RET)
		return refuse(error, program, program->count - 1,
			      "the last instruction must be a RET");
	return check_memory(program, error);
}
