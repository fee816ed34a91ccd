/* SPDX-License-Identifier: MIT */
/*
 * A classic BPF interpreter for seccomp's subset. Its semantics are those of
 * kernel/seccomp.c and net/core/filter.c: 32-bit words, LEN is 64, a division by
 * a zero X ends the program with 0.
 */
#include "filter.h"

#include <stdbool.h>
#include <string.h>

/* SECCOMP_RET_KILL_PROCESS: what cannot be understood allows nothing. */
#define BROKEN 0x80000000u

struct machine {
	uint32_t a, x, memory[BPF_MEMWORDS];
};

static uint32_t load(const struct seccomp_data *data, uint32_t at)
{
	uint32_t word = 0;

	if (at <= sizeof(*data) - sizeof(word))
		memcpy(&word, (const char *)data + at, sizeof(word));
	return word;
}

/* false: the program ends here (division by zero) or does not exist. */
static bool compute(struct machine *m, uint16_t code, uint32_t k, uint32_t *verdict)
{
	uint32_t operand = BPF_SRC(code) == BPF_X ? m->x : k;

	switch (BPF_OP(code)) {
	case BPF_ADD:
		m->a += operand;
		return true;
	case BPF_SUB:
		m->a -= operand;
		return true;
	case BPF_MUL:
		m->a *= operand;
		return true;
	case BPF_DIV:
		*verdict = 0;
		if (operand)
			m->a /= operand;
		return operand;
	case BPF_AND:
		m->a &= operand;
		return true;
	case BPF_OR:
		m->a |= operand;
		return true;
	case BPF_XOR:
		m->a ^= operand;
		return true;
	case BPF_LSH: /* by X: the kernel takes the count modulo 32 */
		m->a <<= operand & 31;
		return true;
	case BPF_RSH:
		m->a >>= operand & 31;
		return true;
	case BPF_NEG:
		m->a = 0u - m->a;
		return true;
	default:
		*verdict = BROKEN;
		return false;
	}
}

static bool compare(const struct machine *m, uint16_t code, uint32_t k)
{
	uint32_t operand = BPF_SRC(code) == BPF_X ? m->x : k;

	switch (BPF_OP(code)) {
	case BPF_JEQ:
		return m->a == operand;
	case BPF_JGT:
		return m->a > operand;
	case BPF_JGE:
		return m->a >= operand;
	default: /* BPF_JSET */
		return m->a & operand;
	}
}

/* What the load puts into the register; false for one that does not exist. */
static bool load_value(const struct machine *m, const struct sock_filter *insn,
		       const struct seccomp_data *data, uint32_t *value)
{
	switch (BPF_MODE(insn->code)) {
	case BPF_ABS:
		*value = load(data, insn->k);
		return true;
	case BPF_LEN:
		*value = sizeof(*data);
		return true;
	case BPF_IMM:
		*value = insn->k;
		return true;
	case BPF_MEM:
		if (insn->k >= BPF_MEMWORDS)
			return false;
		*value = m->memory[insn->k];
		return true;
	default:
		return false;
	}
}

static bool step(struct machine *m, const struct sock_filter *insn, const struct seccomp_data *data,
		 uint64_t *pc, uint32_t *verdict)
{
	*verdict = BROKEN;
	switch (BPF_CLASS(insn->code)) {
	case BPF_LD:
		return load_value(m, insn, data, &m->a);
	case BPF_LDX:
		return load_value(m, insn, data, &m->x);
	case BPF_ST:
	case BPF_STX:
		if (insn->k >= BPF_MEMWORDS)
			return false;
		m->memory[insn->k] = BPF_CLASS(insn->code) == BPF_ST ? m->a : m->x;
		return true;
	case BPF_ALU:
		return compute(m, insn->code, insn->k, verdict);
	case BPF_JMP:
		if (BPF_OP(insn->code) == BPF_JA)
			*pc += insn->k;
		else
			*pc += compare(m, insn->code, insn->k) ? insn->jt : insn->jf;
		return true;
	case BPF_MISC:
		if (insn->code == (BPF_MISC | BPF_TAX))
			m->x = m->a;
		else
			m->a = m->x;
		return true;
	default: /* BPF_RET */
		*verdict = BPF_RVAL(insn->code) == BPF_A ? m->a : insn->k;
		return false;
	}
}

uint32_t sb_filter_run(const struct sock_filter *insn, uint32_t count,
		       const struct seccomp_data *data)
{
	struct machine m = {0};
	uint32_t verdict = BROKEN;

	/* Jumps are forward: each step makes pc larger. */
	for (uint64_t pc = 0; pc < count; pc++) {
		if (!step(&m, &insn[pc], data, &pc, &verdict))
			return verdict;
		verdict = BROKEN;
	}
	return verdict;
}
