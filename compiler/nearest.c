/* SPDX-License-Identifier: MIT */
/* Optimal string alignment distance; words are short, so three rows do. */
#include "nearest.h"

#include <stdbool.h>
#include <string.h>

#include <secbake/inspect.h>

#define WORD_MAX 64

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* In either case: "eperm" is as near to EPERM as a word can be. */
static bool same(char a, char b)
{
	if (a >= 'A' && a <= 'Z')
		a = (char)(a - 'A' + 'a');
	if (b >= 'A' && b <= 'Z')
		b = (char)(b - 'A' + 'a');
	return a == b;
}

static size_t distance(const char *a, size_t a_size, const char *b, size_t b_size)
{
	size_t rows[3][WORD_MAX + 1];

	for (size_t j = 0; j <= b_size; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= a_size; i++) {
		size_t *row = rows[i % 3], *above = rows[(i - 1) % 3],
		       *two_above = rows[(i + 1) % 3];

		row[0] = i;
		for (size_t j = 1; j <= b_size; j++) {
			row[j] = least(least(above[j] + 1, row[j - 1] + 1),
				       above[j - 1] + !same(a[i - 1], b[j - 1]));
			if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]))
				row[j] = least(row[j], two_above[j - 2] + 1);
		}
	}
	return rows[a_size % 3][b_size];
}

void sb_nearest_try(struct sb_nearest *nearest, const char *candidate)
{
	size_t word_size = strlen(nearest->word), size = strlen(candidate);
	size_t limit = word_size / 3 ? word_size / 3 : 1, d;

	if (word_size > WORD_MAX || size > WORD_MAX || size > word_size + limit ||
	    word_size > size + limit)
		return;
	d = distance(nearest->word, word_size, candidate, size);
	if (d <= limit && (!nearest->best || d < nearest->distance)) {
		nearest->best = candidate;
		nearest->distance = d;
	}
}

const char *secbake_nearest(const char *word, const char *const *known, size_t count)
{
	struct sb_nearest nearest = {.word = word};

	for (size_t i = 0; i < count; i++)
		if (known[i])
			sb_nearest_try(&nearest, known[i]);
	return nearest.best;
}
