/* SPDX-License-Identifier: MIT */
/*
 * Is this a program that the kernel would take? The structural rules of
 * seccomp_check_filter() and bpf_check_classic(), on bytes in the target's
 * order. What is left to the kernel: memory words read before they are written.
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <string.h>

#include "blob_layout.h"

_Static_assert(sizeof(struct sock_filter) == SB_INSN_SIZE, "sock_filter");
_Static_assert(sizeof(struct seccomp_data) == 64, "seccomp_data");

#define HOST_BIG_ENDIAN (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)

static uint16_t insn_code(const uint8_t *insn, bool big_endian)
{
	unsigned int high = insn[big_endian ? 0 : 1], low = insn[big_endian ? 1 : 0];

	return (uint16_t)(high << 8 | low);
}

static uint32_t insn_k(const uint8_t *insn, bool big_endian)
{
	uint32_t k = sb_le32(insn + 4);

	return big_endian ? __builtin_bswap32(k) : k;
}

/* What an instruction's operands must keep to. */
enum rule {
	UNKNOWN = 0, /* the kernel does not take it */
	ANY,
	DATA,	 /* k: offset of a word of struct seccomp_data */
	DIVISOR, /* k: not 0 */
	SHIFT,	 /* k: below 32 */
	MEMORY,	 /* k: a memory word */
	JUMP,	 /* k: how many instructions are jumped over */
	BRANCH,	 /* jt, jf: likewise */
};

/* By code; a table, because a start is as long as what is looked at here. */
static const uint8_t rules[256] = {
	[BPF_LD | BPF_W | BPF_ABS] = DATA,
	[BPF_LD | BPF_W | BPF_LEN] = ANY,
	[BPF_LDX | BPF_W | BPF_LEN] = ANY,
	[BPF_LD | BPF_IMM] = ANY,
	[BPF_LDX | BPF_IMM] = ANY,
	[BPF_LD | BPF_MEM] = MEMORY,
	[BPF_LDX | BPF_MEM] = MEMORY,
	[BPF_ST] = MEMORY,
	[BPF_STX] = MEMORY,
	[BPF_MISC | BPF_TAX] = ANY,
	[BPF_MISC | BPF_TXA] = ANY,
	[BPF_RET | BPF_K] = ANY,
	[BPF_RET | BPF_A] = ANY,
	[BPF_ALU | BPF_NEG] = ANY,
	[BPF_ALU | BPF_ADD | BPF_K] = ANY,
	[BPF_ALU | BPF_ADD | BPF_X] = ANY,
	[BPF_ALU | BPF_SUB | BPF_K] = ANY,
	[BPF_ALU | BPF_SUB | BPF_X] = ANY,
	[BPF_ALU | BPF_MUL | BPF_K] = ANY,
	[BPF_ALU | BPF_MUL | BPF_X] = ANY,
	[BPF_ALU | BPF_DIV | BPF_K] = DIVISOR,
	[BPF_ALU | BPF_DIV | BPF_X] = ANY,
	[BPF_ALU | BPF_AND | BPF_K] = ANY,
	[BPF_ALU | BPF_AND | BPF_X] = ANY,
	[BPF_ALU | BPF_OR | BPF_K] = ANY,
	[BPF_ALU | BPF_OR | BPF_X] = ANY,
	[BPF_ALU | BPF_XOR | BPF_K] = ANY,
	[BPF_ALU | BPF_XOR | BPF_X] = ANY,
	[BPF_ALU | BPF_LSH | BPF_K] = SHIFT,
	[BPF_ALU | BPF_LSH | BPF_X] = ANY,
	[BPF_ALU | BPF_RSH | BPF_K] = SHIFT,
	[BPF_ALU | BPF_RSH | BPF_X] = ANY,
	[BPF_JMP | BPF_JA] = JUMP,
	[BPF_JMP | BPF_JEQ | BPF_K] = BRANCH,
	[BPF_JMP | BPF_JEQ | BPF_X] = BRANCH,
	[BPF_JMP | BPF_JGE | BPF_K] = BRANCH,
	[BPF_JMP | BPF_JGE | BPF_X] = BRANCH,
	[BPF_JMP | BPF_JGT | BPF_K] = BRANCH,
	[BPF_JMP | BPF_JGT | BPF_X] = BRANCH,
	[BPF_JMP | BPF_JSET | BPF_K] = BRANCH,
	[BPF_JMP | BPF_JSET | BPF_X] = BRANCH,
};

/* left: how many instructions follow. */
static const char *insn_wrong(uint16_t code, uint32_t k, uint32_t jt, uint32_t jf, uint32_t left)
{
	enum rule rule = code < sizeof(rules) ? (enum rule)rules[code] : UNKNOWN;

	switch (rule) {
	case UNKNOWN:
		return "the kernel does not take it";
	case ANY:
		return NULL;
	case DATA:
		return k < sizeof(struct seccomp_data) && k % 4 == 0
			       ? NULL
			       : "it loads from beside the call's data";
	case DIVISOR:
		return k ? NULL : "it divides by zero";
	case SHIFT:
		return k < 32 ? NULL : "it shifts by 32 or more";
	case MEMORY:
		return k < BPF_MEMWORDS ? NULL : "it uses a memory word that does not exist";
	case JUMP:
		return k < left ? NULL : "it jumps behind the end";
	case BRANCH:
		return jt < left && jf < left ? NULL : "it jumps behind the end";
	}
	return "the kernel does not take it";
}

/*
 * The same question for most instructions, without a branch for each: bits that K must not have,
 * and whether jt and jf count. By rule; rules that are not here have to be asked about one by one.
 */
static const struct {
	uint32_t not_in_k;
	uint16_t jumps; /* 0xff: they do */
	uint16_t ask;
} quick[] = {
	[UNKNOWN] = {.ask = 1},
	[ANY] = {.ask = 0},
	[DATA] = {.not_in_k = ~((uint32_t)sizeof(struct seccomp_data) - 4u)},
	[DIVISOR] = {.ask = 1},
	[SHIFT] = {.not_in_k = ~31u},
	[MEMORY] = {.not_in_k = ~(BPF_MEMWORDS - 1u)},
	[JUMP] = {.ask = 1},
	[BRANCH] = {.jumps = 0xff},
};

/* false: look closer. In the order of this host. */
static bool insns_right(const uint8_t *insn, uint32_t count)
{
	uint32_t wrong = 0;

	for (uint32_t left = count; left--; insn += SB_INSN_SIZE) {
		const uint32_t jump = insn[2] > insn[3] ? insn[2] : insn[3];
		struct sock_filter at;
		unsigned int rule;

		memcpy(&at, insn, sizeof(at));
		rule = at.code < sizeof(rules) ? rules[at.code] : UNKNOWN;
		wrong |= quick[rule].ask | (at.k & quick[rule].not_in_k);
		/* jump < left, if it counts */
		wrong |= (jump & quick[rule].jumps) + (quick[rule].jumps & 1) > left;
	}
	return !wrong;
}

const char *sb_program_wrong(const uint8_t *insn, uint32_t count, bool big_endian, uint32_t *at)
{
	const uint8_t *last = insn + (size_t)(count - 1) * SB_INSN_SIZE;
	const uint16_t last_code = insn_code(last, big_endian);

	if (big_endian != HOST_BIG_ENDIAN || !insns_right(insn, count)) {
		for (uint32_t i = 0; i < count; i++, insn += SB_INSN_SIZE) {
			const char *wrong =
				insn_wrong(insn_code(insn, big_endian), insn_k(insn, big_endian),
					   insn[2], insn[3], count - i - 1);

			*at = i;
			if (wrong)
				return wrong;
		}
	}
	*at = count - 1;
	if (last_code != (BPF_RET | BPF_K) && last_code != (BPF_RET | BPF_A))
		return "the program does not end with a RET";
	return NULL;
}
