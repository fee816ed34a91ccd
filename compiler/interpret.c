/* SPDX-License-Identifier: MIT */
/*
 * An interpreter of seccomp filters: what the kernel would return for a call.
 *
 * It is the reference that the prover's refutations and the tests are held
 * against, so it is as plain as can be: one instruction at a time, nothing
 * precomputed. The program may be hostile: each instruction is checked when it
 * is reached, hence code that no call reaches is not judged (sb_validate() is
 * for that).
 *
 * Where the kernel leaves room, this is what its interpreter (since 5.13) and
 * the JITs of x86 and arm64 do: a shift by X counts modulo 32. DIV by an X of 0
 * ends the program with 0, on every kernel.
 */
#include "program.h"

#include <stddef.h>

struct machine {
	uint32_t a, x;
	uint32_t memory[BPF_MEMWORDS];
	uint32_t written; /* one bit a word of memory */
	uint32_t pc;	  /* of the next instruction */
	bool done;
	uint32_t verdict;
};

static enum secbake_status refuse(struct secbake_error *error, uint32_t pc,
				  const struct sock_filter *insn, const char *why)
{
	return secbake_error_set(error, SECBAKE_ERR_INPUT, 0,
				 "instruction %u (code 0x%x, k 0x%x): %s", pc,
				 (unsigned int)insn->code, (unsigned int)insn->k, why);
}

/* The word at offset of seccomp_data as it lies in the target's memory. */
static uint32_t data_word(const struct sb_program *program, const struct seccomp_data *data,
			  uint32_t offset)
{
	uint64_t value;
	bool second = (offset & 4) != 0;

	if (offset == offsetof(struct seccomp_data, nr))
		return (uint32_t)data->nr;
	if (offset == offsetof(struct seccomp_data, arch))
		return data->arch;
	if (offset < offsetof(struct seccomp_data, args))
		value = data->instruction_pointer;
	else
		value = data->args[(offset - offsetof(struct seccomp_data, args)) / 8];
	return (uint32_t)(second != program->big_endian ? value >> 32 : value);
}

/* LD and LDX; NULL, or what is wrong. */
static const char *load(const struct sb_program *program, const struct seccomp_data *data,
			struct machine *m, const struct sock_filter *insn)
{
	uint32_t value;

	switch (insn->code) {
	case BPF_LD | BPF_W | BPF_ABS:
		if (insn->k >= sizeof(struct seccomp_data) || (insn->k & 3) != 0)
			return "no word of seccomp_data is at this offset";
		value = data_word(program, data, insn->k);
		break;
	case BPF_LD | BPF_W | BPF_LEN:
	case BPF_LDX | BPF_W | BPF_LEN:
		value = sizeof(struct seccomp_data);
		break;
	case BPF_LD | BPF_IMM:
	case BPF_LDX | BPF_IMM:
		value = insn->k;
		break;
	case BPF_LD | BPF_MEM:
	case BPF_LDX | BPF_MEM:
		if (insn->k >= BPF_MEMWORDS)
			return "scratch memory has 16 words";
		if ((m->written & (1u << insn->k)) == 0)
			return "this word of scratch memory was not written before";
		value = m->memory[insn->k];
		break;
	default:
		return "seccomp has no such load";
	}
	if (BPF_CLASS(insn->code) == BPF_LD)
		m->a = value;
	else
		m->x = value;
	return NULL;
}

static const char *arithmetic(struct machine *m, const struct sock_filter *insn)
{
	bool by_x = BPF_SRC(insn->code) == BPF_X;
	uint32_t operand = by_x ? m->x : insn->k;

	if (insn->code == (BPF_ALU | BPF_NEG)) {
		m->a = 0u - m->a;
		return NULL;
	}
	if ((insn->code & ~(BPF_CLASS(0xff) | BPF_OP(0xff) | BPF_SRC(0xff))) != 0)
		return "seccomp has no such arithmetic";
	switch (BPF_OP(insn->code)) {
	case BPF_ADD:
		m->a += operand;
		return NULL;
	case BPF_SUB:
		m->a -= operand;
		return NULL;
	case BPF_MUL:
		m->a *= operand;
		return NULL;
	case BPF_AND:
		m->a &= operand;
		return NULL;
	case BPF_OR:
		m->a |= operand;
		return NULL;
	case BPF_XOR:
		m->a ^= operand;
		return NULL;
	case BPF_DIV:
		if (operand != 0) {
			m->a /= operand;
			return NULL;
		}
		if (!by_x)
			return "division by the constant 0";
		m->done = true;
		m->verdict = 0;
		return NULL;
	case BPF_LSH:
	case BPF_RSH:
		if (!by_x && operand >= 32)
			return "shift by 32 or more";
		operand &= 31;
		m->a = BPF_OP(insn->code) == BPF_LSH ? m->a << operand : m->a >> operand;
		return NULL;
	default:
		return "seccomp has no such arithmetic";
	}
}

static const char *jump(struct machine *m, const struct sock_filter *insn)
{
	uint32_t operand = BPF_SRC(insn->code) == BPF_X ? m->x : insn->k;
	bool taken;

	/* pc is at most 4096, so that only JA's offset can wrap; the caller checks pc. */
	if (insn->code == (BPF_JMP | BPF_JA)) {
		if (insn->k >= BPF_MAXINSNS)
			return "jump out of the program";
		m->pc += insn->k;
		return NULL;
	}
	if ((insn->code & ~(BPF_CLASS(0xff) | BPF_OP(0xff) | BPF_SRC(0xff))) != 0)
		return "seccomp has no such jump";
	switch (BPF_OP(insn->code)) {
	case BPF_JEQ:
		taken = m->a == operand;
		break;
	case BPF_JGT:
		taken = m->a > operand;
		break;
	case BPF_JGE:
		taken = m->a >= operand;
		break;
	case BPF_JSET:
		taken = (m->a & operand) != 0;
		break;
	default:
		return "seccomp has no such jump";
	}
	m->pc += taken ? insn->jt : insn->jf;
	return NULL;
}

/* What is left: stores, register moves, returns. */
static const char *other(struct machine *m, const struct sock_filter *insn)
{
	switch (insn->code) {
	case BPF_ST:
	case BPF_STX:
		if (insn->k >= BPF_MEMWORDS)
			return "scratch memory has 16 words";
		m->memory[insn->k] = insn->code == BPF_ST ? m->a : m->x;
		m->written |= 1u << insn->k;
		return NULL;
	case BPF_MISC | BPF_TAX:
		m->x = m->a;
		return NULL;
	case BPF_MISC | BPF_TXA:
		m->a = m->x;
		return NULL;
	case BPF_RET | BPF_K:
		m->done = true;
		m->verdict = insn->k;
		return NULL;
	case BPF_RET | BPF_A:
		m->done = true;
		m->verdict = m->a;
		return NULL;
	default:
		return "seccomp has no such instruction";
	}
}

enum secbake_status sb_interpret(const struct sb_program *program, const struct seccomp_data *data,
				 uint32_t *verdict, struct secbake_error *error)
{
	struct machine m = {.pc = 0};

	if (program->count == 0 || program->count > BPF_MAXINSNS)
		return secbake_error_set(error, SECBAKE_ERR_INPUT, 0,
					 "a program has 1 to %d instructions, this one %u",
					 BPF_MAXINSNS, program->count);
	while (!m.done) {
		const struct sock_filter *insn;
		const char *wrong;
		uint32_t pc = m.pc;

		if (pc >= program->count)
			return secbake_error_set(error, SECBAKE_ERR_INPUT, 0,
						 "the program runs past its last instruction");
		insn = &program->insn[pc];
		m.pc = pc + 1;
		switch (BPF_CLASS(insn->code)) {
		case BPF_LD:
		case BPF_LDX:
			wrong = load(program, data, &m, insn);
			break;
		case BPF_ALU:
			wrong = arithmetic(&m, insn);
			break;
		case BPF_JMP:
			wrong = jump(&m, insn);
			break;
		default:
			wrong = other(&m, insn);
			break;
		}
		if (wrong != NULL)
			return refuse(error, pc, insn, wrong);
	}
	*verdict = m.verdict;
	return SECBAKE_OK;
}
