/* SPDX-License-Identifier: MIT */
/* What a test of bits (JSET) can say about all numbers from lo to hi, lo <= hi. */
#ifndef SB_MASK_H
#define SB_MASK_H

#include <stdbool.h>
#include <stdint.h>

/* Those to ask for: a constant from 2^31 on the kernel loads by an instruction of its own. */
#define SB_MASK_BITS 0x7fffffffu

/* The bits that at least one of the numbers has. */
static inline uint32_t sb_mask_some(uint32_t lo, uint32_t hi)
{
	uint32_t differ = lo ^ hi;

	/* From the highest bit in which they differ on down there is each value. */
	return differ ? hi | ((2u << (31 - __builtin_clz(differ))) - 1) : lo;
}

/* Does each of the numbers have a bit of mask? */
static inline bool sb_mask_each(uint32_t lo, uint32_t hi, uint32_t mask)
{
	for (;;) {
		uint32_t bits = lo & mask;

		if (!bits)
			return false;
		/* All numbers have the highest of these bits, up to where it is carried over. */
		lo |= (1u << (31 - __builtin_clz(bits))) - 1;
		if (lo >= hi)
			return true;
		lo++;
	}
}

#endif
