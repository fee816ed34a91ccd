/* SPDX-License-Identifier: MIT */
/*
 * Which registers and words of scratch memory are still read, from each instruction on. What is
 * not is forgotten by prove_program.c; an instruction that this gets wrong forgets what is
 * needed.
 */
#include "prove_internal.h"

/* Which registers are read before they are written, from one instruction on. */
static uint32_t live_before(const struct sock_filter *insn, uint32_t after)
{
	uint32_t a = 1u << SB_REG_A, x = 1u << SB_REG_X;
	uint32_t memory = insn->k < BPF_MEMWORDS ? 1u << insn->k : 0;
	bool reads_memory = BPF_MODE(insn->code) == BPF_MEM;
	uint32_t operand = BPF_SRC(insn->code) == BPF_X ? x : 0;

	switch (BPF_CLASS(insn->code)) {
	case BPF_LD:
		return (after & ~a) | (reads_memory ? memory : 0);
	case BPF_LDX:
		return (after & ~x) | (reads_memory ? memory : 0);
	case BPF_ST:
		return (after & ~memory) | a;
	case BPF_STX:
		return (after & ~memory) | x;
	case BPF_ALU:
		return after | a | operand;
	case BPF_JMP:
		return BPF_OP(insn->code) == BPF_JA ? after : after | a | operand;
	case BPF_MISC:
		return BPF_MISCOP(insn->code) == BPF_TAX ? (after & ~x) | a : (after & ~a) | x;
	default:
		return insn->code == (BPF_RET | BPF_A) ? a : 0;
	}
}

void sb_prove_live(const struct sb_program *program, uint32_t *live)
{
	for (uint32_t pc = program->count; pc-- > 0;) {
		const struct sock_filter *insn = &program->insn[pc];
		uint32_t after = 0;

		if (BPF_CLASS(insn->code) == BPF_JMP) {
			if (BPF_OP(insn->code) == BPF_JA)
				after = live[pc + 1 + insn->k];
			else
				after = live[pc + 1 + insn->jt] | live[pc + 1 + insn->jf];
		} else if (BPF_CLASS(insn->code) != BPF_RET) {
			after = live[pc + 1];
		}
		live[pc] = live_before(insn, after);
	}
}
