/* SPDX-License-Identifier: MIT */
/*
 * The program is written from its end: a node's successors stand before it is
 * written, so every jump's distance is known. Of two successors that are both
 * still to be written the second one stands next to the node, which falls through
 * into it; which that is, an order says: several are tried (the pass "layout"),
 * and the program that the kernel charges least for is taken.
 *
 * A conditional jump reaches 255 instructions. Where a successor is further
 * away, it is made to stand nearer: a RET is written again (it costs what a
 * jump would, and saves a step), anything else gets a JA in front, which later
 * nodes may use as well.
 */
#include "emit.h"

#include <string.h>

#include <secbake/blob.h>

#include "cost.h"

#define REACH 255u
#define UNPLACED UINT32_MAX
#define TURN_MAX 1024u /* instructions: turning nodes takes their square */

/* Which successor of a test is written first, and so stands further away. */
enum order { AS_TOLD, OTHER_WAY, HEAVY_FIRST, TAKEN_FIRST, ORDERS };

struct emitter {
	struct sb_graph *graph;
	struct sock_filter *insn; /* backwards: [0] is the last instruction */
	uint32_t count, size;
	uint32_t *place; /* of a node by id: index into insn of its nearest copy */
	const struct sb_node **stack;
	const bool *turned; /* by id: its successors the other way round */
	enum order order;
	bool failed; /* no memory */
};

static void put(struct emitter *e, uint16_t code, uint32_t jt, uint32_t jf, uint32_t k)
{
	if (e->count == e->size) {
		uint32_t size = e->size ? e->size * 2 : 512;
		struct sock_filter *insn =
			sb_grow(e->graph->arena, e->insn, e->count, size, sizeof(*insn));

		if (!insn) {
			e->failed = true;
			return;
		}
		e->insn = insn;
		e->size = size;
	}
	e->insn[e->count++] = (struct sock_filter){code, (uint8_t)jt, (uint8_t)jf, k};
}

/* Instructions between the next one to be written and node's place. */
static uint32_t distance(const struct emitter *e, const struct sb_node *node)
{
	return e->count - 1 - e->place[node->id];
}

/* Makes node stand at most reach instructions behind the next one to be written. */
static void bring_near(struct emitter *e, const struct sb_node *node, uint32_t reach)
{
	if (distance(e, node) <= reach)
		return;
	if (node->kind == SB_NODE_RET)
		put(e, BPF_RET | BPF_K, 0, 0, node->k);
	else
		put(e, BPF_JMP | BPF_JA, 0, 0, distance(e, node));
	e->place[node->id] = e->count - 1;
}

static void put_test(struct emitter *e, const struct sb_node *node)
{
	/* A > k - 1 for A >= k: the kernel's emulator takes up to a quarter longer over JGE. */
	bool greater = node->op == BPF_JGE && node->k;

	/* Bringing one near pushes the other one away: by one instruction at the most. */
	bring_near(e, node->t, distance(e, node->f) > REACH ? REACH - 1 : REACH);
	bring_near(e, node->f, REACH);
	put(e, (uint16_t)(BPF_JMP | (greater ? BPF_JGT : node->op) | BPF_K), distance(e, node->t),
	    distance(e, node->f), node->k - greater);
}

/* What is to follow a load: where it stands elsewhere, a test is written again, as long as a jump.
 */
static void put_straight(struct emitter *e, uint16_t code, const struct sb_node *node)
{
	const struct sb_node *next = node->t;

	if (distance(e, next) && next->kind == SB_NODE_TEST && distance(e, next->t) < REACH &&
	    distance(e, next->f) < REACH) {
		put_test(e, next);
		e->place[next->id] = e->count - 1;
	}
	bring_near(e, next, 0);
	put(e, code, 0, 0, node->k);
}

static void put_node(struct emitter *e, const struct sb_node *node)
{
	switch (node->kind) {
	case SB_NODE_RET:
		put(e, BPF_RET | BPF_K, 0, 0, node->k);
		break;
	case SB_NODE_LOAD:
		put_straight(e, BPF_LD | BPF_W | BPF_ABS, node);
		break;
	case SB_NODE_AND:
		put_straight(e, BPF_ALU | BPF_AND | BPF_K, node);
		break;
	case SB_NODE_TEST:
		put_test(e, node);
		break;
	}
	e->place[node->id] = e->count - 1;
}

static bool placed(const struct emitter *e, const struct sb_node *node)
{
	return !node || e->place[node->id] != UNPLACED;
}

static bool t_first(const struct emitter *e, const struct sb_node *node)
{
	bool first = e->order == TAKEN_FIRST ||
		     (e->order == HEAVY_FIRST ? node->t->weight >= node->f->weight : node->t_first);

	return (first != (e->order == OTHER_WAY)) != e->turned[node->id];
}

/*
 * Depth first with a stack of its own: a path may be as long as the program.
 * Ids fall along every edge, so a stack of node_count entries suffices.
 */
static void put_all(struct emitter *e, const struct sb_node *root)
{
	uint32_t depth = 0;

	e->stack[depth++] = root;
	while (depth && !e->failed && e->count <= SECBAKE_PROGRAM_MAX) {
		const struct sb_node *node = e->stack[depth - 1];
		const struct sb_node *first = node->t, *second = node->f;

		if (second && !t_first(e, node)) {
			first = node->f;
			second = node->t;
		}
		if (!placed(e, first)) {
			e->stack[depth++] = first;
		} else if (!placed(e, second)) {
			e->stack[depth++] = second;
		} else {
			if (!placed(e, node))
				put_node(e, node);
			depth--;
		}
	}
}

/* What the kernel charges for the length, in ps; cost.h. */
static uint64_t price(const struct emitter *e)
{
	uint64_t jumps = 0;

	for (uint32_t i = 0; i < e->count; i++) {
		const struct sock_filter *insn = &e->insn[i];

		if (BPF_CLASS(insn->code) == BPF_RET)
			jumps++;
		if (BPF_CLASS(insn->code) != BPF_JMP || BPF_OP(insn->code) == BPF_JA)
			continue;
		jumps += insn->k >> 31;
		jumps += insn->jf && (insn->jt || BPF_OP(insn->code) == BPF_JSET);
	}
	return (uint64_t)e->count * SB_COST_INSN + jumps * SB_COST_JUMP;
}

/* Writes the program in an order; UINT64_MAX: it is too long. */
static uint64_t write_all(struct emitter *e, const struct sb_node *root, enum order order)
{
	e->order = order;
	e->count = 0;
	memset(e->place, 0xff, e->graph->node_count * sizeof(*e->place)); /* UNPLACED */
	put_all(e, root);
	return e->failed || e->count > SECBAKE_PROGRAM_MAX ? UINT64_MAX : price(e);
}

/* Node by node, what is cheaper the other way round. */
static uint64_t turn_nodes(struct emitter *e, const struct sb_node *root, enum order order,
			   bool *turned, uint64_t best)
{
	for (uint32_t id = 0; id < e->graph->node_count && !e->failed; id++) {
		uint64_t other;

		if (e->place[id] == UNPLACED)
			continue;
		turned[id] = !turned[id];
		other = write_all(e, root, order);
		if (other < best)
			best = other;
		else
			turned[id] = !turned[id];
	}
	return best;
}

/* Leaves the cheapest program that it finds written. */
static void lay_out(struct emitter *e, const struct sb_node *root, bool *turned)
{
	const struct sb_tuning *tuning = e->graph->tuning;
	enum order best = HEAVY_FIRST;
	uint64_t least = write_all(e, root, HEAVY_FIRST);

	if (!sb_pass_on(tuning, SB_PASS_LAYOUT) || least == UINT64_MAX)
		return;
	for (enum order order = 0; order < ORDERS; order++) {
		uint64_t cost = write_all(e, root, order);

		if (cost < least) {
			least = cost;
			best = order;
		}
	}
	if (tuning->best && e->count < TURN_MAX) {
		write_all(e, root, best);
		turn_nodes(e, root, best, turned, least);
	}
	write_all(e, root, best);
}

enum secbake_status sb_emit(struct sb_graph *graph, const struct sb_node *root,
			    struct sb_program *program, struct secbake_error *error)
{
	struct emitter e = {.graph = graph};
	struct sock_filter *insn;
	bool *turned = sb_alloc(graph->arena, graph->node_count, sizeof(*turned));

	e.turned = turned;
	e.place = sb_alloc(graph->arena, graph->node_count, sizeof(*e.place));
	e.stack = sb_alloc(graph->arena, (size_t)graph->node_count + 1,
			   sizeof(const struct sb_node *));
	if (!e.place || !e.stack || !turned)
		return secbake_error_set(error, SECBAKE_ERR_MEMORY, 0, "out of memory");
	lay_out(&e, root, turned);
	if (!e.failed && e.count > SECBAKE_PROGRAM_MAX)
		return secbake_error_set(
			error, SECBAKE_ERR_LIMIT, 0,
			"needs a program of more than %u instructions, which no kernel "
			"takes; name fewer calls or fewer argument values",
			SECBAKE_PROGRAM_MAX);
	insn = e.failed ? NULL : sb_alloc(graph->arena, e.count, sizeof(*insn));
	if (!insn)
		return secbake_error_set(error, SECBAKE_ERR_MEMORY, 0, "out of memory");
	for (uint32_t i = 0; i < e.count; i++)
		insn[i] = e.insn[e.count - 1 - i];
	program->insn = insn;
	program->count = e.count;
	program->big_endian = graph->big_endian;
	return SECBAKE_OK;
}
