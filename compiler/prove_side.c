/* SPDX-License-Identifier: MIT */
/*
 * What the kernel makes of several filters (seccomp_run_filters in kernel/seccomp.c):
 * it begins with ALLOW, asks the latest filter first, and takes a verdict whose
 * action is lower than the one that it has. Hence an ALLOW never has data, and of
 * equal actions the latest one's data count.
 */
#include "prove_diff.h"
#include "prove_internal.h"

#ifndef SECCOMP_RET_USER_NOTIF
#define SECCOMP_RET_USER_NOTIF 0x7fc00000u
#endif

#define MAX_ERRNO 4095u /* include/linux/err.h; __seccomp_filter() caps there */

/* have: of the filters that were asked before, later ones; next: of the next. */
static uint32_t strictest(uint32_t have, uint32_t next)
{
	int32_t a = (int32_t)(have & SECCOMP_RET_ACTION_FULL);
	int32_t b = (int32_t)(next & SECCOMP_RET_ACTION_FULL);

	return b < a ? next : have;
}

uint32_t sb_prove_acted_on(uint32_t verdict)
{
	uint32_t action = verdict & SECCOMP_RET_ACTION_FULL, data = verdict & SECCOMP_RET_DATA;

	switch (action) {
	case SECCOMP_RET_ERRNO:
		return action | (data > MAX_ERRNO ? MAX_ERRNO : data);
	case SECCOMP_RET_TRAP:
	case SECCOMP_RET_TRACE:
		return verdict;
	case SECCOMP_RET_KILL_THREAD:
	case SECCOMP_RET_USER_NOTIF:
	case SECCOMP_RET_LOG:
	case SECCOMP_RET_ALLOW:
		return action;
	default: /* one that it does not know kills the process */
		return SECCOMP_RET_KILL_PROCESS;
	}
}

static uint32_t strictest_leaf(struct sb_dd *dd, const void *context, uint32_t have, uint32_t next)
{
	(void)context;
	return strictest(dd->node[have].lo, dd->node[next].lo) == dd->node[have].lo ? have : next;
}

static uint32_t acted_on_leaf(struct sb_dd *dd, const void *context, uint32_t f, uint32_t g)
{
	(void)context;
	(void)g;
	return sb_dd_verdict(dd, sb_prove_acted_on(dd->node[f].lo));
}

static enum secbake_status one_diagram(struct sb_dd *dd, const struct sb_side *side, uint32_t i,
				       uint32_t points, uint32_t *root, struct secbake_error *error)
{
	struct secbake_error beyond = {.status = SECBAKE_OK};
	enum secbake_status status;

	if (side->layer_count) {
		status = sb_prove_layer_check(&side->layer[i], error);
		return status == SECBAKE_OK ? sb_prove_layer(dd, &side->layer[i], root, error)
					    : status;
	}
	status = sb_validate(&side->program[i], error);
	if (status == SECBAKE_OK)
		status = sb_prove_program(dd, &side->program[i], points, root, &beyond, error);
	if (status != SECBAKE_OK || beyond.status == SECBAKE_OK ||
	    sb_prove_beyond(dd, *root) == SB_DD_FALSE)
		return status;
	return secbake_error_set(error, beyond.status, 0, "%s", beyond.text);
}

enum secbake_status sb_prove_side(struct sb_dd *dd, const struct sb_side *side, uint32_t points,
				  uint32_t *root, struct secbake_error *error)
{
	uint32_t have = sb_dd_verdict(dd, SECCOMP_RET_ALLOW), next;

	for (uint32_t i = side->layer_count + side->program_count; i-- > 0;) {
		enum secbake_status status = one_diagram(dd, side, i, points, &next, error);

		if (status != SECBAKE_OK)
			return status;
		have = sb_dd_pairs(dd, have, next, strictest_leaf, NULL);
		if (have == SB_DD_NONE)
			return sb_dd_failed(dd, "several programs together", error);
	}
	*root = sb_dd_pairs(dd, have, have, acted_on_leaf, NULL);
	return dd->status == SECBAKE_OK ? SECBAKE_OK : sb_dd_failed(dd, "the verdicts", error);
}

enum secbake_status sb_prove_side_eval(const struct sb_side *side, const struct seccomp_data *data,
				       uint32_t *verdict, struct secbake_error *error)
{
	uint32_t have = SECCOMP_RET_ALLOW, next;

	for (uint32_t i = side->layer_count + side->program_count; i-- > 0;) {
		enum secbake_status status = SECBAKE_OK;

		if (side->layer_count)
			next = sb_prove_layer_eval(&side->layer[i], data);
		else
			status = sb_interpret(&side->program[i], data, &next, error);
		if (status != SECBAKE_OK)
			return status;
		have = strictest(have, next);
	}
	*verdict = sb_prove_acted_on(have);
	return SECBAKE_OK;
}
