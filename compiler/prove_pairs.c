/* SPDX-License-Identifier: MIT */
/* Two diagrams into one: each pair of nodes is looked at once. */
#include "prove_internal.h"

#include <stdlib.h>

struct pairs {
	struct sb_dd *dd;
	uint32_t (*leaf)(struct sb_dd *dd, const void *context, uint32_t f, uint32_t g);
	const void *context;
	struct sb_intern seen; /* pairs of nodes */
	uint32_t *result;      /* of each of them */
	uint32_t capacity;
};

static bool remember(struct pairs *p, const uint32_t pair[2], uint32_t *index, bool *known)
{
	uint32_t count = p->seen.count;
	enum secbake_status status = sb_intern_get(&p->seen, pair, index);

	if (status == SECBAKE_OK && *index >= p->capacity) {
		uint32_t capacity = p->capacity ? p->capacity * 2 : 256;
		uint32_t *result = reallocarray(p->result, capacity, sizeof(*result));

		if (result) {
			p->result = result;
			p->capacity = capacity;
		} else {
			status = SECBAKE_ERR_MEMORY;
		}
	}
	if (status != SECBAKE_OK) {
		sb_dd_fail(p->dd, status);
		return false;
	}
	*known = *index < count;
	return true;
}

/* As deep as there are variables. */
static uint32_t descend(struct pairs *p, uint32_t f, uint32_t g)
{
	const uint32_t pair[2] = {f, g};
	uint32_t var = p->dd->node[f].var, index, lo, hi;
	bool known;

	if (p->dd->node[g].var < var)
		var = p->dd->node[g].var;
	if (var >= SB_VAR_COUNT)
		return p->leaf(p->dd, p->context, f, g);
	if (!remember(p, pair, &index, &known))
		return SB_DD_NONE;
	if (known)
		return p->result[index];
	lo = descend(p, sb_dd_half(p->dd, f, var, false), sb_dd_half(p->dd, g, var, false));
	hi = lo == SB_DD_NONE
		     ? lo
		     : descend(p, sb_dd_half(p->dd, f, var, true), sb_dd_half(p->dd, g, var, true));
	return p->result[index] = sb_dd_node(p->dd, var, lo, hi);
}

uint32_t sb_dd_pairs(struct sb_dd *dd, uint32_t f, uint32_t g,
		     uint32_t (*leaf)(struct sb_dd *dd, const void *context, uint32_t f,
				      uint32_t g),
		     const void *context)
{
	struct pairs p = {.dd = dd, .leaf = leaf, .context = context};
	uint32_t result;

	sb_intern_init(&p.seen, 2 * sizeof(uint32_t), dd->node_limit);
	result = descend(&p, f, g);
	sb_intern_free(&p.seen);
	free(p.result);
	return result;
}
