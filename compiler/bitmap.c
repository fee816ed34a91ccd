/* SPDX-License-Identifier: MIT */
/*
 * The emulator that the kernel runs over a new filter, once for each number of
 * its tables, to learn which calls are always allowed (seccomp_is_const_allow()
 * in kernel/seccomp.c, since 5.11). Those are then answered from a bitmap and
 * the filter does not run, so a program whose ALLOW it cannot see is slow.
 *
 * It is deliberately the kernel's narrow view, not a clever one: what is not
 * listed here ends the emulation. The kernel's one exception, uretprobe and
 * uprobe on x86_64 which no filter sees at all, says nothing about a program
 * and is left out.
 */
#include "program.h"

#include <stddef.h>

/* A conditional jump with a constant; false: the emulator does not know it. */
static bool condition(const struct sock_filter *insn, uint32_t a, bool *taken)
{
	switch (insn->code) {
	case BPF_JMP | BPF_JEQ | BPF_K:
		*taken = a == insn->k;
		return true;
	case BPF_JMP | BPF_JGE | BPF_K:
		*taken = a >= insn->k;
		return true;
	case BPF_JMP | BPF_JGT | BPF_K:
		*taken = a > insn->k;
		return true;
	case BPF_JMP | BPF_JSET | BPF_K:
		*taken = (a & insn->k) != 0;
		return true;
	default:
		return false;
	}
}

static bool emulate(const struct sb_program *program, uint32_t audit_arch, uint32_t nr,
		    uint32_t *walked)
{
	uint32_t a = 0;
	uint64_t pc; /* JA's offset is 32 bits of anything */

	for (pc = 0; pc < program->count; pc++) {
		const struct sock_filter *insn = &program->insn[pc];
		bool taken;

		++*walked;
		switch (insn->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			if (insn->k == offsetof(struct seccomp_data, nr))
				a = nr;
			else if (insn->k == offsetof(struct seccomp_data, arch))
				a = audit_arch;
			else
				return false;
			break;
		case BPF_RET | BPF_K:
			return insn->k == SECCOMP_RET_ALLOW;
		case BPF_JMP | BPF_JA:
			pc += insn->k;
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= insn->k;
			break;
		default:
			if (!condition(insn, a, &taken))
				return false;
			pc += taken ? insn->jt : insn->jf;
			break;
		}
	}
	return false;
}

bool sb_const_allow(const struct sb_program *program, uint32_t audit_arch, uint32_t nr,
		    uint32_t *steps)
{
	uint32_t walked = 0;
	bool allow = emulate(program, audit_arch, nr, &walked);

	if (steps != NULL)
		*steps = walked;
	return allow;
}
