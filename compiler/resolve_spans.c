/* SPDX-License-Identifier: MIT */
/*
 * Numbers that no rule names. libseccomp without x32 takes x86_64 numbers from
 * 0x40000000 up for another architecture's, but for 0xffffffff, a tracer's "skip
 * this call". runc puts a stub before the filter that answers ENOSYS above the
 * largest number that the policy names, so that libc's fallbacks for new calls
 * work (libcontainer/seccomp/patchbpf).
 */
#include "resolve.h"

#include <stdlib.h>

bool sb_number_stubbed(const struct sb_numbers *numbers, uint32_t nr)
{
	if (!numbers->stub)
		return false;
	if (numbers->x86_64 && (nr & SECBAKE_X32_BIT))
		return numbers->last_x32 && nr > numbers->last_x32;
	if (!numbers->last)
		return false;
	/* The kernel shows numbers that do not fit the svc instruction, and are unknown, as 0. */
	return nr > numbers->last || (numbers->s390 && nr == 0);
}

enum sb_number_kind sb_number_kind(const struct sb_numbers *numbers, uint32_t nr)
{
	if (sb_number_stubbed(numbers, nr))
		return SB_NUMBER_ENOSYS;
	if (!numbers->x86_64)
		return SB_NUMBER_DEFAULT;
	if (nr >= SECBAKE_X32_BIT && nr != UINT32_MAX && !numbers->has_x32)
		return SB_NUMBER_FOREIGN;
	if (nr < SECBAKE_X32_BIT && !numbers->has_64)
		return SB_NUMBER_FOREIGN;
	return SB_NUMBER_DEFAULT;
}

static int compare_numbers(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

struct sb_span *sb_number_spans(struct sb_arena *arena, const struct sb_numbers *numbers,
				const uint32_t action[3], uint32_t *count)
{
	/* Wherever the kind of a number can change; + 1 after UINT32_MAX is 0, which is there. */
	uint32_t cut[] = {0,
			  1,
			  numbers->last + 1,
			  SECBAKE_X32_BIT,
			  numbers->last_x32 + 1,
			  2 * SECBAKE_X32_BIT,
			  3 * SECBAKE_X32_BIT,
			  UINT32_MAX};
	const size_t cuts = sizeof(cut) / sizeof(cut[0]);
	struct sb_span *span = sb_alloc(arena, cuts, sizeof(*span));

	if (!span)
		return NULL;
	qsort(cut, cuts, sizeof(cut[0]), compare_numbers);
	*count = 0;
	for (size_t i = 0; i < cuts; i++) {
		enum sb_number_kind kind = sb_number_kind(numbers, cut[i]);
		uint32_t hi = i + 1 < cuts ? cut[i + 1] - 1 : UINT32_MAX;

		if (i + 1 < cuts && cut[i + 1] == cut[i])
			continue;
		if (*count && span[*count - 1].kind == kind)
			span[*count - 1].hi = hi;
		else
			span[(*count)++] = (struct sb_span){cut[i], hi, action[kind], kind};
	}
	return span;
}
