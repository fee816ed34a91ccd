/* SPDX-License-Identifier: MIT */
/*
 * RET A: from a word to a decision. All 32 bits are followed at once along the
 * variables, so that the work is that of the values which A really takes, however
 * many of its bits depend on the call.
 */
#include "prove_internal.h"

#include <stdlib.h>

/* About as many values a word may take, and no more: each is a leaf. */
#define WORDS_MAX (1u << 13)

struct returned {
	struct sb_dd *dd;
	struct sb_intern seen; /* words */
	uint32_t *diagram;     /* of each word seen, SB_DD_NONE until it is known */
	uint32_t capacity;
	enum secbake_status status;
};

static bool remember(struct returned *r, const struct sb_word *a, uint32_t *index, bool *known)
{
	uint32_t count = r->seen.count;
	enum secbake_status status = sb_intern_get(&r->seen, a, index);

	if (status == SECBAKE_OK && *index >= r->capacity) {
		uint32_t capacity = r->capacity ? r->capacity * 2 : 64;
		uint32_t *diagram = reallocarray(r->diagram, capacity, sizeof(*diagram));

		if (diagram) {
			r->diagram = diagram;
			r->capacity = capacity;
		} else {
			status = SECBAKE_ERR_MEMORY;
		}
	}
	if (status != SECBAKE_OK) {
		r->status = status;
		return false;
	}
	*known = *index < count;
	return true;
}

/* As deep as there are variables. */
static uint32_t follow(struct returned *r, const struct sb_word *a)
{
	struct sb_word half[2];
	uint32_t var = SB_VAR_CONDITION, value, index, side[2];
	bool known;

	if (sb_word_value(a, &value))
		return sb_dd_verdict(r->dd, value);
	if (!remember(r, a, &index, &known))
		return SB_DD_NONE;
	if (known)
		return r->diagram[index];
	for (uint32_t i = 0; i < 32; i++)
		if (r->dd->node[a->bit[i]].var < var)
			var = r->dd->node[a->bit[i]].var;
	for (uint32_t s = 0; s < 2; s++) {
		for (uint32_t i = 0; i < 32; i++)
			half[s].bit[i] = sb_dd_half(r->dd, a->bit[i], var, s != 0);
		side[s] = follow(r, &half[s]);
		if (side[s] == SB_DD_NONE)
			return SB_DD_NONE;
	}
	r->diagram[index] = sb_dd_node(r->dd, var, side[0], side[1]);
	return r->diagram[index];
}

const char *sb_word_return(struct sb_dd *dd, const struct sb_word *a, uint32_t *diagram)
{
	struct returned r = {.dd = dd, .status = SECBAKE_OK};

	sb_intern_init(&r.seen, sizeof(*a), WORDS_MAX);
	*diagram = follow(&r, a);
	sb_intern_free(&r.seen);
	free(r.diagram);
	if (r.status == SECBAKE_ERR_UNKNOWN)
		return "it returns a value that can be one of too many";
	if (r.status != SECBAKE_OK)
		sb_dd_fail(dd, r.status);
	return NULL;
}
