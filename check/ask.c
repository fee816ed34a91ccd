/* SPDX-License-Identifier: MIT */
/* Questions to decision diagrams; docs/proof.md says what those are. */
#include "ask.h"

#include <stdlib.h>
#include <string.h>

#include <secbake/inspect.h>

/* As for a proof. */
static const struct sb_prove_limits limits = {
	.nodes = 1u << 21,
	.steps = 1u << 26,
	.points = 1u << 16,
};

enum secbake_status sb_ask_init(struct sb_ask *ask)
{
	*ask = (struct sb_ask){0};
	if (sb_dd_init(&ask->dd, &limits) == SECBAKE_OK)
		ask->root = sb_dd_verdict(&ask->dd, SECCOMP_RET_ALLOW);
	return ask->dd.status;
}

void sb_ask_free(struct sb_ask *ask)
{
	sb_dd_free(&ask->dd);
	free(ask->stamp);
	free(ask->result);
}

enum secbake_status sb_ask_failed(enum secbake_status status, struct secbake_error *error)
{
	return secbake_error_set(error, status, 0,
				 status == SECBAKE_ERR_MEMORY
					 ? "out of memory"
					 : "cannot be checked: its conditions are too many or too "
					   "involved");
}

/* Pairs of nodes that were merged, and into what. */
struct merge {
	struct sb_dd *dd;
	struct sb_intern pairs;
	uint32_t *into, room;
};

static uint32_t merge(struct merge *m, uint32_t f, uint32_t g)
{
	const uint32_t key[2] = {f, g};
	uint32_t known = m->pairs.count, index, var, lo, hi;
	struct sb_dd *dd = m->dd;

	if (f == SB_DD_NONE || g == SB_DD_NONE)
		return SB_DD_NONE;
	if (dd->node[f].var == SB_VAR_VERDICT && dd->node[g].var == SB_VAR_VERDICT)
		return sb_dd_verdict(dd, secbake_verdict_strictest(dd->node[f].lo, dd->node[g].lo));
	if (dd->node[f].var > SB_VAR_VERDICT || dd->node[g].var > SB_VAR_VERDICT) {
		dd->status = SECBAKE_ERR_UNKNOWN; /* a leaf that is no verdict */
		return SB_DD_NONE;
	}
	if (sb_intern_get(&m->pairs, key, &index) != SECBAKE_OK) {
		dd->status = SECBAKE_ERR_UNKNOWN;
		return SB_DD_NONE;
	}
	if (index < known)
		return m->into[index];
	if (index >= m->room) {
		uint32_t room = m->room ? 2 * m->room : 1024;
		uint32_t *into = reallocarray(m->into, room, sizeof(*into));

		if (!into) {
			dd->status = SECBAKE_ERR_MEMORY;
			return SB_DD_NONE;
		}
		m->into = into;
		m->room = room;
	}
	var = dd->node[f].var < dd->node[g].var ? dd->node[f].var : dd->node[g].var;
	lo = merge(m, sb_dd_half(dd, f, var, false), sb_dd_half(dd, g, var, false));
	hi = merge(m, sb_dd_half(dd, f, var, true), sb_dd_half(dd, g, var, true));
	return m->into[index] = sb_dd_node(dd, var, lo, hi);
}

static enum secbake_status add(struct sb_ask *ask, uint32_t root, struct secbake_error *error)
{
	struct merge m = {.dd = &ask->dd};

	sb_intern_init(&m.pairs, 2 * sizeof(uint32_t), limits.nodes);
	ask->root = merge(&m, root, ask->root);
	sb_intern_free(&m.pairs);
	free(m.into);
	return ask->dd.status == SECBAKE_OK ? SECBAKE_OK : sb_ask_failed(ask->dd.status, error);
}

enum secbake_status sb_ask_add_layer(struct sb_ask *ask, const struct sb_layer *layer,
				     struct secbake_error *error)
{
	uint32_t root = SB_DD_NONE;
	enum secbake_status status = sb_prove_layer_check(layer, error);

	if (status != SECBAKE_OK)
		return status;
	status = sb_prove_layer(&ask->dd, layer, &root, NULL);
	if (status != SECBAKE_OK)
		return sb_ask_failed(status, error);
	return add(ask, root, error);
}

enum secbake_status sb_ask_add_program(struct sb_ask *ask, const struct sb_program *program,
				       struct secbake_error *error)
{
	uint32_t root = SB_DD_NONE;
	struct secbake_error beyond = {0};
	enum secbake_status status = sb_validate(program, error);

	if (status == SECBAKE_OK)
		status = sb_prove_program(&ask->dd, program, limits.points, &root, &beyond, error);
	if (status == SECBAKE_OK && beyond.status != SECBAKE_OK) { /* no exact form: no answers */
		status = beyond.status;
		if (error)
			*error = beyond;
	}
	return status == SECBAKE_OK ? add(ask, root, error) : status;
}

static uint32_t follow(const struct sb_ask *ask, uint32_t f, uint32_t var, uint32_t value)
{
	for (uint32_t bit = 32; bit-- > 0; var++)
		f = sb_dd_half(&ask->dd, f, var, value >> bit & 1);
	return f;
}

uint32_t sb_ask_arch(const struct sb_ask *ask, uint32_t audit_arch)
{
	return follow(ask, ask->root, SB_VAR_ARCH, audit_arch);
}

uint32_t sb_ask_number(const struct sb_ask *ask, uint32_t root, uint32_t audit_arch, uint32_t nr)
{
	return follow(ask, follow(ask, root, SB_VAR_ARCH, audit_arch), SB_VAR_NR, nr);
}

uint32_t sb_ask_call(const struct sb_ask *ask, uint32_t audit_arch, uint32_t nr)
{
	return sb_ask_number(ask, ask->root, audit_arch, nr);
}

/* One question, answered from the leaves up. */
struct question {
	struct sb_ask *ask;
	enum { KIND, WITH, SOME } is;
	bool (*kind)(uint32_t verdict);
	uint32_t arg;
	uint64_t mask, value;
};

/* The bit of an argument that var stands for, if the question is about it. */
static uint64_t asked(const struct question *q, uint32_t var)
{
	uint32_t first = SB_VAR_ARG + 64 * q->arg;

	if (q->is == KIND || var < first || var >= first + 64)
		return 0;
	return q->mask & UINT64_C(1) << (63 - (var - first));
}

/* A leaf that says neither yes or no nor a verdict: there is no exact answer. */
static uint32_t no_verdict(struct sb_ask *ask)
{
	ask->dd.status = SECBAKE_ERR_UNKNOWN;
	return SB_DD_NONE;
}

static uint32_t answer(const struct question *q, uint32_t f)
{
	struct sb_ask *ask = q->ask;
	struct sb_dd_node node;
	uint32_t lo, hi, result;
	uint64_t bit;

	if (f == SB_DD_NONE)
		return SB_DD_NONE;
	node = ask->dd.node[f];
	if (node.var == SB_VAR_VERDICT && q->is == KIND)
		return q->kind(node.lo);
	if (node.var >= SB_VAR_COUNT)
		return node.var == SB_VAR_CONDITION || node.var == SB_VAR_VERDICT ? f
										  : no_verdict(ask);
	if (ask->stamp[f] == ask->now)
		return ask->result[f];
	bit = asked(q, node.var);
	if (bit && q->is == WITH) {
		result = answer(q, q->value & bit ? node.hi : node.lo);
	} else {
		lo = answer(q, node.lo);
		hi = answer(q, node.hi);
		result = bit ? sb_dd_ite(&ask->dd, lo, SB_DD_TRUE, hi)
			     : sb_dd_node(&ask->dd, node.var, lo, hi);
	}
	ask->stamp[f] = ask->now;
	ask->result[f] = result;
	return result;
}

static bool make_room(struct sb_ask *ask)
{
	uint32_t room = ask->dd.capacity;
	uint32_t *stamp, *result;

	if (ask->room >= ask->dd.count)
		return true;
	stamp = reallocarray(ask->stamp, room, sizeof(*stamp));
	if (stamp)
		ask->stamp = stamp;
	result = reallocarray(ask->result, room, sizeof(*result));
	if (result)
		ask->result = result;
	if (!stamp || !result)
		return false;
	memset(stamp + ask->room, 0, (room - ask->room) * sizeof(*stamp));
	ask->room = room;
	return true;
}

/* Before each walk over a diagram: none of its nodes has been seen. */
static bool start_walk(struct sb_ask *ask)
{
	if (!make_room(ask)) {
		ask->dd.status = SECBAKE_ERR_MEMORY;
		return false;
	}
	ask->now++;
	return true;
}

static uint32_t ask_one(const struct question *q, uint32_t f)
{
	return start_walk(q->ask) ? answer(q, f) : SB_DD_NONE;
}

uint32_t sb_ask_kind(struct sb_ask *ask, uint32_t f, bool (*kind)(uint32_t verdict))
{
	return ask_one(&(struct question){.ask = ask, .is = KIND, .kind = kind}, f);
}

uint32_t sb_ask_with(struct sb_ask *ask, uint32_t f, uint32_t arg, uint64_t mask, uint64_t value)
{
	return ask_one(&(struct question){ask, WITH, NULL, arg, mask, value}, f);
}

uint32_t sb_ask_some(struct sb_ask *ask, uint32_t f, uint32_t arg, uint64_t mask)
{
	return ask_one(&(struct question){ask, SOME, NULL, arg, mask, 0}, f);
}

uint32_t sb_ask_where(struct sb_ask *ask, uint32_t arg, uint64_t mask, uint64_t value)
{
	uint32_t f = SB_DD_TRUE;

	for (uint32_t bit = 0; bit < 64; bit++) {
		uint32_t var = SB_VAR_ARG + 64 * arg + 63 - bit;

		if (mask >> bit & 1)
			f = value >> bit & 1 ? sb_dd_node(&ask->dd, var, SB_DD_FALSE, f)
					     : sb_dd_node(&ask->dd, var, f, SB_DD_FALSE);
	}
	return f;
}

uint32_t sb_ask_and(struct sb_ask *ask, uint32_t f, uint32_t g)
{
	return sb_dd_ite(&ask->dd, f, g, SB_DD_FALSE);
}

uint32_t sb_ask_not(struct sb_ask *ask, uint32_t f)
{
	return sb_dd_ite(&ask->dd, f, SB_DD_FALSE, SB_DD_TRUE);
}

#define WHOLE (1u << 31)

/* Of a set that depends on one argument alone (and the instruction pointer, taken for 0). */
static uint32_t share(struct sb_ask *ask, uint32_t f)
{
	const struct sb_dd_node *node = &ask->dd.node[f];

	if (node->var >= SB_VAR_COUNT)
		return f == SB_DD_TRUE ? WHOLE : 0;
	if (node->var < SB_VAR_ARG)
		return share(ask, node->lo);
	if (ask->stamp[f] != ask->now) {
		ask->result[f] = share(ask, node->lo) / 2 + share(ask, node->hi) / 2;
		ask->stamp[f] = ask->now;
	}
	return ask->result[f];
}

double sb_ask_share(struct sb_ask *ask, uint32_t f, uint32_t arg, const struct seccomp_data *call)
{
	for (uint32_t i = 0; i < 6; i++)
		if (i != arg)
			f = sb_ask_with(ask, f, i, UINT64_MAX, call->args[i]);
	return f != SB_DD_NONE && start_walk(ask) ? share(ask, f) / (double)WHOLE : 0;
}

void sb_ask_witness(const struct sb_ask *ask, uint32_t f, struct seccomp_data *data)
{
	*data = (struct seccomp_data){0};
	while (ask->dd.node[f].var < SB_VAR_COUNT) {
		const struct sb_dd_node *node = &ask->dd.node[f];
		uint32_t at = node->var - SB_VAR_ARG;

		if (node->lo != SB_DD_FALSE) {
			f = node->lo;
			continue;
		}
		if (node->var >= SB_VAR_ARG)
			data->args[at / 64] |= UINT64_C(1) << (63 - at % 64);
		else if (node->var >= SB_VAR_IP)
			data->instruction_pointer |= UINT64_C(1) << (63 - (node->var - SB_VAR_IP));
		f = node->hi;
	}
}

static uint32_t collect(struct sb_ask *ask, uint32_t f, uint32_t *verdict, uint32_t count,
			uint32_t max)
{
	const struct sb_dd_node *node = &ask->dd.node[f];

	if (count == max)
		return count;
	if (node->var >= SB_VAR_COUNT) {
		for (uint32_t i = 0; i < count; i++)
			if (verdict[i] == node->lo)
				return count;
		verdict[count] = node->lo;
		return count + 1;
	}
	if (ask->stamp[f] == ask->now)
		return count;
	ask->stamp[f] = ask->now;
	count = collect(ask, node->lo, verdict, count, max);
	return collect(ask, node->hi, verdict, count, max);
}

uint32_t sb_ask_verdicts(struct sb_ask *ask, uint32_t f, uint32_t *verdict, uint32_t max)
{
	return f != SB_DD_NONE && start_walk(ask) ? collect(ask, f, verdict, 0, max) : 0;
}
