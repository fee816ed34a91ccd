/* SPDX-License-Identifier: MIT */
/*
 * What an edge leads to, made anew: the best tree for what takes that edge, by
 * dynamic programming as in search.c, but any node that stays in use otherwise may
 * end a branch, if it decides right for what would come to it, or if single tests in
 * front of it take care of the rest. Numbers that do not take the edge are no obstacle.
 */
#include <linux/filter.h>
#include <string.h>

#include "cost.h"
#include "mask.h"
#include "net.h"

#define PIECES_MAX 200u
#define PEELS_MAX 12u
#define DEPTHS_MAX (1u << 20)

struct piece {
	uint32_t lo, hi;
	uint32_t first; /* index of its first atom in rebuild.atom */
	uint16_t leaf;
	uint32_t bits;	/* that some of its numbers have */
	uint64_t price; /* of a step for all its numbers */
};

struct cell {
	uint64_t cost;
	uint16_t split; /* first piece of the right side; 0: end */
	uint16_t end;	/* single pieces that it decides wrongly are peeled in front */
	bool bare;	/* no test at all */
	bool wrong_has; /* a bit of mask, and what end decides right has none; or the reverse */
	uint32_t mask;	/* 0: none. By it one test takes away all that end decides wrongly */
};

struct sb_net_rebuild {
	struct sb_net *net;
	struct sb_net_shape *shape; /* that gets the new nodes */
	uint32_t percent;	    /* of the price of steps */
	struct piece piece[PIECES_MAX];
	uint32_t count;
	uint32_t *atom; /* what takes the edge, sorted by number */
	uint32_t atoms;
	uint8_t *depth;	   /* by position in order, then by index in atom */
	bool *leads_back;  /* by node: to where the edge comes from */
	bool *usable;	   /* by node: stays in use, and does not lead back */
	bool *wrong;	   /* of usable nodes, by position in order, then by piece */
	uint64_t *below;   /* the same: the price of its steps from there on */
	struct cell *cell; /* of pieces i..j at i * count + j */
	uint32_t next_free;
};

struct sb_net_rebuild *sb_net_rebuild_new(struct sb_net *net)
{
	struct sb_arena *arena = net->graph->arena;
	struct sb_net_rebuild *r = sb_alloc(arena, 1, sizeof(*r));

	if (!r)
		return NULL;
	r->net = net;
	r->atom = sb_alloc(arena, (size_t)net->words * 64, sizeof(*r->atom));
	r->depth = sb_alloc(arena, DEPTHS_MAX, sizeof(*r->depth));
	r->usable = sb_alloc(arena, SB_NET_NODES_MAX, sizeof(*r->usable));
	r->leads_back = sb_alloc(arena, SB_NET_NODES_MAX, sizeof(*r->leads_back));
	r->wrong = sb_alloc(arena, SB_NET_NODES_MAX, PIECES_MAX * sizeof(*r->wrong));
	r->below = sb_alloc(arena, SB_NET_NODES_MAX, PIECES_MAX * sizeof(*r->below));
	r->cell = sb_alloc(arena, PIECES_MAX, PIECES_MAX * sizeof(*r->cell));
	return r->atom && r->depth && r->usable && r->leads_back && r->wrong && r->below && r->cell
		       ? r
		       : NULL;
}

static void sort_atoms(struct sb_net_rebuild *r)
{
	const struct sb_atom *atom = r->net->atom;

	/* Insertion from the end: blocks arrive in order, mostly. */
	for (uint32_t i = 1; i < r->atoms; i++) {
		uint32_t a = r->atom[i], j = i;

		for (; j && atom[r->atom[j - 1]].lo > atom[a].lo; j--)
			r->atom[j] = r->atom[j - 1];
		r->atom[j] = a;
	}
}

/* False: too many pieces, or numbers that no test of a number tells apart. */
static bool cut(struct sb_net_rebuild *r, struct sb_net_part part)
{
	struct sb_net *net = r->net;
	struct piece *last = NULL;

	r->atoms = r->count = 0;
	for (uint64_t left = part.words; left; left &= left - 1) {
		uint32_t w = sb_net_lowest(left);

		for (uint64_t bits = part.set[w]; bits; bits &= bits - 1)
			r->atom[r->atoms++] = w * 64 + sb_net_lowest(bits);
	}
	sort_atoms(r);
	for (uint32_t i = 0; i < r->atoms; i++) {
		const struct sb_atom *atom = &net->atom[r->atom[i]];
		uint16_t leaf = net->leaf_of[r->atom[i]];

		if (!last || last->leaf != leaf) {
			if (r->count == PIECES_MAX || (last && atom->lo <= last->hi))
				return false;
			last = &r->piece[r->count++];
			*last = (struct piece){
				.lo = atom->lo, .hi = atom->hi, .first = i, .leaf = leaf};
		}
		last->bits |= sb_mask_some(atom->lo, atom->hi);
		if (atom->hi > last->hi)
			last->hi = atom->hi;
		last->price += (uint64_t)net->price[r->atom[i]] * r->percent / 100;
	}
	return r->count > 0;
}

/* Node from, where the edge comes from, and all that lead to it. */
static void find_leading_back(struct sb_net_rebuild *r, uint16_t from)
{
	struct sb_net *net = r->net;

	memset(r->leads_back, 0, SB_NET_NODES_MAX * sizeof(*r->leads_back));
	if (from == SB_NET_NONE)
		return;
	r->leads_back[from] = true;
	for (uint32_t i = net->view.position[from]; i-- > 0;) {
		const struct sb_net_node *node = &r->shape->node[net->view.order[i]];

		if (node->kind != SB_NET_LEAF)
			r->leads_back[net->view.order[i]] =
				r->leads_back[node->t] || r->leads_back[node->f];
	}
}

/* Nodes that are in use without the edge (of node from, or a root), and do not lead to it. */
static void find_usable(struct sb_net_rebuild *r, uint16_t from, const uint16_t *edge)
{
	struct sb_net *net = r->net;
	const struct sb_net_shape *shape = r->shape;

	find_leading_back(r, from);
	memset(r->usable, 0, SB_NET_NODES_MAX * sizeof(*r->usable));
	for (uint32_t i = 0; i < net->map_count; i++)
		if (edge != &shape->root[i])
			r->usable[shape->root[i]] = true;
	for (uint32_t i = 0; i < net->view.order_count; i++) {
		const struct sb_net_node *node = &shape->node[net->view.order[i]];

		if (!r->usable[net->view.order[i]] || node->kind == SB_NET_LEAF)
			continue;
		if (edge != &node->t)
			r->usable[node->t] = true;
		if (edge != &node->f && node->kind != SB_NET_MASK)
			r->usable[node->f] = true;
	}
	for (uint32_t i = 0; i < net->leaf_count; i++)
		r->usable[i] = true;
	for (uint32_t i = 0; i < net->view.order_count; i++)
		if (r->leads_back[net->view.order[i]])
			r->usable[net->view.order[i]] = false;
}

/* For each usable node: which pieces it decides wrongly, and the steps from it on. */
static bool judge(struct sb_net_rebuild *r)
{
	struct sb_net *net = r->net;

	if ((size_t)net->view.order_count * r->atoms > DEPTHS_MAX)
		return false;
	for (uint32_t i = net->view.order_count; i-- > 0;) {
		uint16_t index = net->view.order[i];
		const struct sb_net_node *node = &r->shape->node[index];
		const uint64_t *decides = sb_net_set(net, net->decides, index);
		const struct sb_net_test *test = &net->test[node->test];
		uint8_t *depth = r->depth + (size_t)i * r->atoms;
		const uint8_t *t, *f;
		bool *wrong = r->wrong + (size_t)i * r->count;
		uint64_t *below = r->below + (size_t)i * r->count;
		bool leaf = node->kind == SB_NET_LEAF;

		if (!r->usable[index]) /* none of the usable ones leads to it */
			continue;
		t = leaf ? NULL : r->depth + (size_t)net->view.position[node->t] * r->atoms;
		f = leaf ? NULL : r->depth + (size_t)net->view.position[node->f] * r->atoms;
		for (uint32_t p = 0; p < r->count; p++) {
			uint32_t end = p + 1 < r->count ? r->piece[p + 1].first : r->atoms;

			wrong[p] = false;
			below[p] = 0;
			for (uint32_t a = r->piece[p].first; a < end; a++) {
				uint32_t at = r->atom[a];

				if (leaf)
					depth[a] = 0;
				else if (node->kind == SB_NET_MASK ||
					 test->yes[at / 64] >> at % 64 & 1)
					depth[a] = (uint8_t)(t[a] + 1);
				else
					depth[a] = (uint8_t)(f[a] + 1);
				wrong[p] |= !(decides[at / 64] >> at % 64 & 1);
				below[p] += (uint64_t)depth[a] * net->price[at];
			}
			below[p] = below[p] * r->percent / 100;
		}
	}
	return true;
}

static struct cell *cell_of(struct sb_net_rebuild *r, uint32_t i, uint32_t j)
{
	return &r->cell[(size_t)i * r->count + j];
}

/* All runs from piece i on that end at a node, what it decides wrongly peeled in front. */
static void end_at(struct sb_net_rebuild *r, uint32_t i, uint32_t position)
{
	const bool *wrong = r->wrong + (size_t)position * r->count;
	const uint64_t *below = r->below + (size_t)position * r->count;
	uint64_t tests = 0, path = 0, rest = 0, steps = 0;

	for (uint32_t j = i; j < r->count; j++) {
		const struct piece *piece = &r->piece[j];
		struct cell *cell = cell_of(r, i, j);
		uint64_t cost;

		if (!wrong[j]) {
			rest += piece->price;
			steps += below[j];
		} else if (piece->lo != piece->hi || ++tests > PEELS_MAX) {
			return;
		} else {
			path += tests * piece->price;
		}
		cost = tests * SB_COST_INSN + (tests ? SB_COST_JUMP : 0) + path + tests * rest +
		       steps;
		if (cost < cell->cost)
			*cell = (struct cell){
				.cost = cost, .end = r->net->view.order[position], .bare = !tests};
	}
}

/* Has each number of pieces i to j that is decided wrongly (or each other one) a bit of mask? */
static bool each_has(const struct sb_net_rebuild *r, const bool *wrong, bool which, uint32_t i,
		     uint32_t j, uint32_t mask)
{
	for (uint32_t p = i; p <= j; p++) {
		uint32_t end = p + 1 < r->count ? r->piece[p + 1].first : r->atoms;

		for (uint32_t a = r->piece[p].first; wrong[p] == which && a < end; a++) {
			const struct sb_atom *atom = &r->net->atom[r->atom[a]];

			if (!sb_mask_each(atom->lo, atom->hi, mask))
				return false;
		}
	}
	return true;
}

/* All runs from piece i on that end at a node behind one test of bits. */
static void end_behind_bits(struct sb_net_rebuild *r, uint32_t i, uint32_t position)
{
	const bool *wrong = r->wrong + (size_t)position * r->count;
	const uint64_t *below = r->below + (size_t)position * r->count;
	uint64_t cost = SB_COST_INSN;
	uint32_t bits[2] = {0}; /* of what is decided right, and wrongly */
	uint16_t leaf = SB_NET_NONE;

	for (uint32_t j = i; j < r->count; j++) {
		const struct piece *piece = &r->piece[j];
		struct cell *cell = cell_of(r, i, j);

		if (wrong[j] && leaf != SB_NET_NONE && leaf != piece->leaf)
			return;
		if (wrong[j])
			leaf = piece->leaf;
		bits[wrong[j]] |= piece->bits;
		cost += piece->price + (wrong[j] ? 0 : below[j]);
		for (int has = 1; has >= 0 && j > i + 1 && leaf != SB_NET_NONE; has--) {
			uint32_t mask = bits[has] & ~bits[!has] & SB_MASK_BITS;

			if (mask && cost < cell->cost && each_has(r, wrong, has, i, j, mask))
				*cell = (struct cell){.cost = cost,
						      .end = r->net->view.order[position],
						      .wrong_has = has,
						      .mask = mask};
		}
	}
}

static void solve(struct sb_net_rebuild *r)
{
	bool bits = sb_pass_on(r->net->graph->tuning, SB_PASS_BITS);
	uint64_t upto[PIECES_MAX + 1] = {0};

	for (uint32_t i = 0; i < r->count; i++) {
		upto[i + 1] = upto[i] + r->piece[i].price;
		for (uint32_t j = i; j < r->count; j++)
			cell_of(r, i, j)->cost = UINT64_MAX;
	}
	for (uint32_t v = 0; v < r->net->view.order_count; v++) {
		const bool *wrong = r->wrong + (size_t)v * r->count;

		if (!r->usable[r->net->view.order[v]])
			continue;
		for (uint32_t i = 0; i < r->count; i++)
			if (!wrong[i] || (i + 1 < r->count && !wrong[i + 1]))
				end_at(r, i, v);
		for (uint32_t i = 0; i < r->count && bits; i++)
			end_behind_bits(r, i, v);
	}
	for (uint32_t length = 2; length <= r->count; length++)
		for (uint32_t i = 0; i + length <= r->count; i++) {
			uint32_t j = i + length - 1;
			uint64_t here = SB_COST_INSN + upto[j + 1] - upto[i];
			struct cell *cell = cell_of(r, i, j);

			for (uint32_t k = i + 1; k <= j; k++) {
				const struct cell *left = cell_of(r, i, k - 1);
				const struct cell *right = cell_of(r, k, j);
				uint64_t cost = here + left->cost + right->cost +
						(left->bare && right->bare ? SB_COST_JUMP : 0);

				if (cost < cell->cost)
					*cell = (struct cell){.cost = cost, .split = (uint16_t)k};
			}
		}
}

/* A node of the shape: an equal one that stays in use, or a new one. */
static uint16_t make(struct sb_net_rebuild *r, uint16_t op, uint32_t k, uint16_t t, uint16_t f,
		     bool t_first)
{
	struct sb_net *net = r->net;
	struct sb_net_node node = {.kind = SB_NET_TEST, .t = t, .f = f, .t_first = t_first};

	if (t == f || t == SB_NET_NONE || f == SB_NET_NONE)
		return f;
	node.test = sb_net_test(net, op, k);
	if (node.test == SB_NET_NONE)
		return SB_NET_NONE;
	/* What is there already, which often is just what is made anew. */
	for (uint32_t i = 0; i < net->view.order_count; i++) {
		const struct sb_net_node *other = &net->shape.node[net->view.order[i]];

		if (other->kind == SB_NET_TEST && other->test == node.test && other->t == t &&
		    other->f == f && !r->leads_back[net->view.order[i]])
			return net->view.order[i];
	}
	/* Places of nodes that are in use are known by their position in the current shape. */
	while (r->next_free < r->shape->count && net->view.position[r->next_free] != SB_NET_NONE)
		r->next_free++;
	if (r->next_free == SB_NET_NODES_MAX)
		return SB_NET_NONE;
	r->shape->node[r->next_free] = node;
	if (r->next_free == r->shape->count)
		r->shape->count++;
	return (uint16_t)r->next_free++;
}

static uint16_t build(struct sb_net_rebuild *r, uint32_t i, uint32_t j)
{
	const struct cell *cell = cell_of(r, i, j);
	uint16_t left, right, node = cell->end;
	const bool *wrong;

	if (cell->split) {
		left = build(r, i, cell->split - 1u);
		right = build(r, cell->split, j);
		return make(r, BPF_JGE, r->piece[cell->split].lo, right, left,
			    cell_of(r, cell->split, j)->bare);
	}
	if (cell->cost == UINT64_MAX)
		return SB_NET_NONE;
	wrong = r->wrong + (size_t)r->net->view.position[node] * r->count;
	if (cell->mask) {
		while (!wrong[i])
			i++;
		return make(r, BPF_JSET, cell->mask, cell->wrong_has ? r->piece[i].leaf : node,
			    cell->wrong_has ? node : r->piece[i].leaf, true);
	}
	for (uint32_t k = j + 1; k-- > i && node != SB_NET_NONE;)
		if (wrong[k])
			node = make(r, BPF_JEQ, r->piece[k].lo, r->piece[k].leaf, node, true);
	return node;
}

bool sb_net_rebuild(struct sb_net_rebuild *r, struct sb_net_shape *shape, uint16_t from,
		    uint16_t *edge, struct sb_net_part part, uint32_t percent, uint32_t pieces_max)
{
	uint16_t made;

	r->shape = shape;
	r->percent = percent;
	r->next_free = r->net->leaf_count;
	if (!cut(r, part) || r->count > pieces_max)
		return false;
	find_usable(r, from, edge);
	if (!judge(r))
		return false;
	solve(r);
	made = build(r, 0, r->count - 1);
	if (made == SB_NET_NONE || made == *edge)
		return false;
	*edge = made;
	return true;
}

/* Each architecture's own, given the others', as long as that makes them cheaper. */
void sb_net_rebuild_all(struct sb_net *net)
{
	struct sb_net_rebuild *r = sb_net_rebuild_new(net);
	uint64_t cost = sb_net_measure(net, &net->shape), set[SB_NET_WORDS_MAX];
	struct sb_net_shape trial;
	struct sb_net_part part;
	uint32_t failures = 0;

	if (!r || !sb_net_shape_new(net, &trial))
		return;
	for (uint32_t i = 0; failures < net->map_count + 1; i++) {
		uint32_t which = i % (net->map_count + 1);
		uint16_t from = SB_NET_NONE, *edge = NULL;

		sb_net_shape_copy(net, &trial, &net->shape);
		sb_net_decide(net, &net->shape);
		for (uint32_t n = 0; which == net->map_count && n < net->view.order_count; n++)
			if (net->shape.node[net->view.order[n]].kind == SB_NET_MASK)
				from = net->view.order[n];
		if (from != SB_NET_NONE) {
			struct sb_net_node *mask = &trial.node[from];

			edge = &mask->t;
			part = sb_net_edge(net, mask, sb_net_reach(net, from), true, set);
		} else if (which < net->map_count) {
			edge = &trial.root[which];
			part = sb_net_start(net, which);
			/* x32's bit is tested first: what is behind that is made anew. */
			while (trial.node[*edge].kind == SB_NET_TEST &&
			       net->test[trial.node[*edge].test].k == net->x32_bit) {
				from = *edge;
				part = sb_net_edge(net, &trial.node[from], sb_net_reach(net, from),
						   false, set);
				edge = &trial.node[from].f;
			}
		}
		failures++;
		if (!edge || !sb_net_rebuild(r, &trial, from, edge, part, 100, PIECES_MAX))
			continue;
		if (sb_net_try(net, &trial, cost - 1, &cost))
			failures = 0;
	}
}
