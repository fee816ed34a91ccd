/* SPDX-License-Identifier: MIT */
/* From the graph to a net and back: atoms, leaves, tests. */
#include "net.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <secbake/features.h>

#include "cost.h"
#include "mask.h"

#define X32_MASK (~SECBAKE_X32_BIT)

/* What import() needs besides the net itself. */
struct importer {
	struct sb_net *net;
	const struct sb_decided *decided;
	const struct sb_node *const *root;
	/* Where atoms begin, sorted: where any map's ranges do; and each number of the tables. */
	uint32_t *coarse, *fine;
	uint32_t coarse_count, fine_count;
	uint16_t *known; /* by id of a node of the graph: its index here */
	uint32_t atoms;
	uint32_t x32_map; /* the map with x32's numbers; map_count: none has */
	/* The range that was asked for last, and its leaf. */
	const struct sb_range *range;
	uint32_t range_map;
	uint16_t range_leaf;
};

static int compare_u32(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static bool has_x32(const struct sb_number_map *map)
{
	if (map->audit_arch != AUDIT_ARCH_X86_64)
		return false;
	for (uint32_t i = 0; i < map->range_count; i++)
		if (map->range[i].lo == SECBAKE_X32_BIT)
			return true;
	return false;
}

static uint32_t sort_unique(uint32_t *cut, uint32_t count)
{
	uint32_t kept = 0;

	qsort(cut, count, sizeof(*cut), compare_u32);
	for (uint32_t i = 0; i < count; i++)
		if (!i || cut[i] != cut[kept - 1])
			cut[kept++] = cut[i];
	return kept;
}

static bool collect_cuts(struct importer *im)
{
	struct sb_arena *arena = im->net->graph->arena;
	size_t most = SB_TABLE_END + 5;
	uint32_t count = 0;

	for (uint32_t i = 0; i < im->decided->map_count; i++)
		most += 2 * (size_t)im->decided->map[i].range_count;
	if (most > SB_NET_WORDS_MAX * 64u)
		return false;
	im->coarse = sb_alloc(arena, most, sizeof(*im->coarse));
	im->fine = sb_alloc(arena, most, sizeof(*im->fine));
	if (!im->coarse || !im->fine)
		return false;
	for (uint32_t i = 0; i < 4; i++) /* where masking bit 30 wraps */
		im->coarse[count++] = i << 30;
	for (uint32_t i = 0; i < im->decided->map_count; i++)
		for (uint32_t j = 0; j < im->decided->map[i].range_count; j++) {
			uint32_t lo = im->decided->map[i].range[j].lo;

			im->coarse[count++] = lo;
			if (i == im->x32_map && lo >> 30 == 1)
				im->coarse[count++] = lo & X32_MASK;
		}
	im->coarse_count = sort_unique(im->coarse, count);
	for (uint32_t i = 0; i <= SB_TABLE_END; i++)
		im->fine[im->fine_count++] = i;
	for (uint32_t i = 0; i < im->coarse_count; i++)
		if (im->coarse[i] > SB_TABLE_END)
			im->fine[im->fine_count++] = im->coarse[i];
	return true;
}

/* Where a number arrives, by the tests of the graph. */
static const struct sb_node *arrive(const struct sb_node *node, uint32_t a)
{
	for (;;) {
		bool yes;

		if (node->kind == SB_NODE_AND) {
			a &= node->k;
			node = node->t;
			continue;
		}
		if (node->kind != SB_NODE_TEST)
			return node;
		yes = node->op == BPF_JEQ   ? a == node->k
		      : node->op == BPF_JGE ? a >= node->k
		      : node->op == BPF_JGT ? a > node->k
					    : (a & node->k) != 0;
		node = yes ? node->t : node->f;
	}
}

static uint16_t leaf_index(struct importer *im, const struct sb_node *leaf)
{
	struct sb_net *net = im->net;

	if (im->known[leaf->id] == SB_NET_NONE && net->leaf_count < SB_NET_NODES_MAX / 2) {
		im->known[leaf->id] = (uint16_t)net->leaf_count;
		net->leaf[net->leaf_count++] = leaf;
	}
	return im->known[leaf->id];
}

/* The leaf of an atom that begins at nr; numbers are asked for in order, mostly. */
static uint16_t leaf_of(struct importer *im, uint32_t map, uint32_t nr)
{
	const struct sb_number_map *numbers = &im->decided->map[map];
	const struct sb_range *range = im->range;

	if (range && im->range_map == map && nr >= range->lo && nr <= range->hi)
		return im->range_leaf;
	if (!range || im->range_map != map || nr < range->lo)
		range = numbers->range;
	while (range->hi < nr) /* the last one ends at UINT32_MAX */
		range++;
	im->range = range;
	im->range_map = map;
	im->range_leaf = leaf_index(im, arrive(im->root[map], nr));
	return im->range_leaf;
}

/*
 * An atom of map that is seen as the numbers from shown_as on. All numbers of a range
 * arrive at one leaf; measuring would find a shape wrong in which they did not.
 */
static bool add_atom(struct importer *im, uint32_t map, uint32_t lo, uint32_t hi, uint32_t shown_as)
{
	struct sb_net *net = im->net;
	uint16_t index = leaf_of(im, map, lo);

	if (im->atoms == SB_NET_WORDS_MAX * 64 || index == SB_NET_NONE)
		return false;
	net->leaf_of[im->atoms] = index;
	net->atom[im->atoms++] = (struct sb_atom){
		.lo = shown_as,
		.hi = shown_as + (hi - lo),
		.audit_arch = im->decided->map[map].audit_arch,
		.used = true,
		.x32 = lo >= SECBAKE_X32_BIT && im->x32_map == map,
	};
	return true;
}

static void start_word(struct importer *im)
{
	while (im->atoms % 64)
		im->net->atom[im->atoms++] = (struct sb_atom){.used = false};
}

/* The numbers lo to hi of one map, which are whole atoms. */
static bool add_atoms(struct importer *im, uint32_t map, uint32_t lo, uint32_t hi, bool masked)
{
	for (uint32_t i = 0; i < im->fine_count; i++) {
		uint32_t from = im->fine[i];
		uint32_t to = i + 1 < im->fine_count ? im->fine[i + 1] - 1 : UINT32_MAX;

		if (from > hi)
			break;
		if (from < lo)
			continue;
		if (!add_atom(im, map, from, to < hi ? to : hi, masked ? from & X32_MASK : from))
			return false;
	}
	return true;
}

/* x32's numbers: the coarse atoms below the bit once more with it, and what is above. */
static bool add_x32(struct importer *im, uint32_t map, bool masked)
{
	for (uint32_t i = 0; i < im->coarse_count && im->coarse[i] < SECBAKE_X32_BIT; i++) {
		uint32_t from = im->coarse[i]; /* the next one is at the bit itself, at most */

		if (!add_atom(im, map, from | SECBAKE_X32_BIT,
			      (im->coarse[i + 1] - 1) | SECBAKE_X32_BIT,
			      masked ? from : from | SECBAKE_X32_BIT))
			return false;
	}
	return add_atoms(im, map, 2 * SECBAKE_X32_BIT, UINT32_MAX, masked);
}

static bool collect_atoms(struct importer *im)
{
	struct sb_net *net = im->net;
	uint32_t maps = im->decided->map_count, first[SB_NET_WORDS_MAX / 8],
		 end[SB_NET_WORDS_MAX / 8], words;

	if (maps > SB_NET_WORDS_MAX / 8) /* each map's numbers of the tables take eight words */
		return false;
	/* Weighted numbers first: theirs are the words that are counted. */
	for (uint32_t i = 0; i < maps; i++) {
		first[i] = im->atoms;
		if (!add_atoms(im, i, 0, SB_TABLE_END - 1, false))
			return false;
		end[i] = im->atoms;
	}
	start_word(im);
	net->weighted = (1ull << im->atoms / 64) - 1;
	for (uint32_t a = 0; a < im->atoms; a++)
		net->price[a] = net->atom[a].used ? SB_COST_STEP : 0;
	net->start = sb_alloc(net->graph->arena, maps, SB_NET_WORDS_MAX * sizeof(uint64_t));
	if (!net->start)
		return false;
	for (uint32_t i = 0; i < maps; i++) {
		uint32_t rest = im->atoms;
		bool split = i == im->x32_map;
		uint64_t *start = net->start + (size_t)i * SB_NET_WORDS_MAX;

		if (!add_atoms(im, i, SB_TABLE_END, split ? SECBAKE_X32_BIT - 1 : UINT32_MAX,
			       false))
			return false;
		for (uint32_t a = first[i]; a < end[i]; a++)
			start[a / 64] |= 1ull << a % 64;
		for (uint32_t a = rest; a < im->atoms; a++)
			start[a / 64] |= 1ull << a % 64;
	}
	if (im->x32_map == maps)
		return true;
	start_word(im);
	net->x32 = im->atoms / 64;
	net->x32_bit = SECBAKE_X32_BIT;
	first[0] = im->atoms;
	if (!add_x32(im, im->x32_map, false))
		return false;
	for (uint32_t a = first[0]; a < im->atoms; a++)
		net->start[(size_t)im->x32_map * SB_NET_WORDS_MAX + a / 64] |= 1ull << a % 64;
	start_word(im);
	net->masked = im->atoms / 64;
	words = net->masked - net->x32;
	net->x32_words = words;
	return add_x32(im, im->x32_map, true);
}

/* Where atoms follow each other in order of their numbers: tests find their place there. */
static void find_runs(struct sb_net *net)
{
	struct sb_net_run *run = NULL;

	for (uint32_t a = 0; a < net->words * 64; a++) {
		const struct sb_atom *atom = &net->atom[a];

		if (!atom->used)
			continue;
		if (!run || run->end != a || net->atom[a - 1].hi >= atom->lo) {
			run = &net->run[net->run_count++];
			run->first = a;
		}
		run->end = a + 1;
	}
}

/* Sets by leaf, and what MASK must not touch: all that has the bit but is not x32's. */
static bool fill_sets(struct importer *im)
{
	struct sb_net *net = im->net;
	uint32_t maps = im->decided->map_count;
	uint64_t *start;

	start_word(im);
	net->words = im->atoms / 64;
	find_runs(net);
	start = sb_alloc(net->graph->arena, maps, net->words * sizeof(uint64_t));
	net->right = sb_alloc(net->graph->arena, net->leaf_count, net->words * sizeof(uint64_t));
	net->unmaskable = sb_alloc(net->graph->arena, net->words, sizeof(uint64_t));
	if (!start || !net->right || !net->unmaskable)
		return false;
	for (uint32_t i = 0; i < maps; i++)
		memcpy(start + (size_t)i * net->words, net->start + (size_t)i * SB_NET_WORDS_MAX,
		       net->words * sizeof(uint64_t));
	net->start = start;
	for (uint32_t a = 0; a < im->atoms; a++) {
		bool x32 = net->x32_words && a / 64 >= net->x32;

		if (!net->atom[a].used)
			continue;
		sb_net_set(net, net->right, net->leaf_of[a])[a / 64] |= 1ull << a % 64;
		if (!x32 && (net->atom[a].hi & SECBAKE_X32_BIT || net->atom[a].hi >> 31))
			net->unmaskable[a / 64] |= 1ull << a % 64;
		net->seed = (net->seed ^ net->atom[a].lo ^ (uint64_t)net->leaf_of[a] << 32) *
			    0x9e3779b97f4a7c15u;
		net->seed ^= net->seed >> 29;
	}
	return true;
}

/* Depth first: successors get their index before the node. A tree of tests is not deep. */
static uint16_t import_node(struct importer *im, const struct sb_node *node,
			    struct sb_net_shape *shape)
{
	struct sb_net_node made = {.kind = SB_NET_MASK};

	if (im->known[node->id] != SB_NET_NONE)
		return im->known[node->id];
	if (node->kind != SB_NODE_TEST && (node->kind != SB_NODE_AND || node->k != X32_MASK))
		return SB_NET_NONE; /* a leaf that no atom reaches: impossible */
	made.t = made.f = import_node(im, node->t, shape);
	if (node->kind == SB_NODE_TEST) {
		made.kind = SB_NET_TEST;
		made.f = import_node(im, node->f, shape);
		made.test = sb_net_test(im->net, node->op, node->k);
		made.t_first = node->t_first;
	}
	if (made.t == SB_NET_NONE || made.f == SB_NET_NONE || made.test == SB_NET_NONE ||
	    shape->count == SB_NET_NODES_MAX)
		return SB_NET_NONE;
	shape->node[shape->count] = made;
	return im->known[node->id] = (uint16_t)shape->count++;
}

static bool import_shape(struct importer *im, struct sb_net_shape *shape)
{
	struct sb_net *net = im->net;

	for (shape->count = 0; shape->count < net->leaf_count; shape->count++)
		shape->node[shape->count] =
			(struct sb_net_node){.kind = SB_NET_LEAF, .test = (uint16_t)shape->count};
	for (uint32_t i = 0; i < net->map_count; i++) {
		shape->root[i] = import_node(im, im->root[i], shape);
		if (shape->root[i] == SB_NET_NONE)
			return false;
	}
	return sb_net_measure(net, shape) != UINT64_MAX;
}

bool sb_net_shape_new(const struct sb_net *net, struct sb_net_shape *shape)
{
	shape->node = sb_alloc(net->graph->arena, SB_NET_NODES_MAX, sizeof(*shape->node));
	shape->root = sb_alloc(net->graph->arena, net->map_count, sizeof(*shape->root));
	return shape->node && shape->root;
}

void sb_net_shape_copy(const struct sb_net *net, struct sb_net_shape *to,
		       const struct sb_net_shape *from)
{
	to->count = from->count;
	memcpy(to->root, from->root, net->map_count * sizeof(*to->root));
	memcpy(to->node, from->node, from->count * sizeof(*to->node));
}

static bool allocate_view(const struct sb_net *net, struct sb_net_view *view)
{
	struct sb_arena *arena = net->graph->arena;

	view->reach = sb_alloc_raw(arena, SB_NET_NODES_MAX, net->words * sizeof(*view->reach));
	view->order = sb_alloc(arena, SB_NET_NODES_MAX, sizeof(*view->order));
	view->position = sb_alloc(arena, SB_NET_NODES_MAX, sizeof(*view->position));
	view->words = sb_alloc(arena, SB_NET_NODES_MAX, sizeof(*view->words));
	return view->reach && view->order && view->position && view->words;
}

static bool allocate(struct importer *im)
{
	struct sb_net *net = im->net;
	struct sb_arena *arena = net->graph->arena;

	net->stack = sb_alloc(arena, SB_NET_NODES_MAX, 4 * sizeof(*net->stack));
	net->leaf = sb_alloc(arena, SB_NET_NODES_MAX, sizeof(const struct sb_node *));
	net->test = sb_alloc_raw(arena, SB_NET_TESTS_MAX, sizeof(*net->test));
	net->test_bucket = sb_alloc(arena, SB_NET_TEST_BUCKETS, sizeof(*net->test_bucket));
	net->atom = sb_alloc_raw(arena, (size_t)SB_NET_WORDS_MAX * 64, sizeof(*net->atom));
	net->run = sb_alloc_raw(arena, (size_t)SB_NET_WORDS_MAX * 64, sizeof(*net->run));
	net->leaf_of = sb_alloc(arena, (size_t)SB_NET_WORDS_MAX * 64, sizeof(*net->leaf_of));
	net->price = sb_alloc(arena, (size_t)SB_NET_WORDS_MAX * 64, sizeof(*net->price));
	net->redo = sb_alloc(arena, SB_NET_NODES_MAX, sizeof(*net->redo));
	im->known = sb_alloc(arena, net->graph->node_count, sizeof(*im->known));
	if (!net->stack || !net->leaf || !net->test || !net->test_bucket || !net->atom ||
	    !net->run || !net->leaf_of || !net->price || !net->redo || !im->known)
		return false;
	memset(im->known, 0xff, net->graph->node_count * sizeof(*im->known)); /* SB_NET_NONE */
	return sb_net_shape_new(net, &net->shape);
}

/* The atom of one number alone, as it is first seen on its architecture. */
static bool find_number(const struct sb_net *net, uint32_t audit_arch, uint32_t nr, uint32_t *found)
{
	for (uint32_t i = 0; i < net->run_count; i++) {
		const struct sb_net_run *run = &net->run[i];
		uint32_t a = sb_net_find(net, run, nr);
		const struct sb_atom *atom = &net->atom[a];

		if (a == run->end || atom->lo != nr || atom->hi != nr ||
		    atom->audit_arch != audit_arch || (atom->x32 && a / 64 >= net->masked))
			continue;
		*found = a;
		return true;
	}
	return false;
}

/* The atoms of hot calls, those that are simply allowed left out: the bitmap answers them. */
static bool find_hot(struct sb_net *net)
{
	const struct sb_tuning *tuning = net->graph->tuning;

	net->hot = sb_alloc(net->graph->arena, (size_t)tuning->hot_count + 1, sizeof(*net->hot));
	for (uint32_t i = 0; net->hot && i < tuning->hot_count; i++) {
		const struct sb_node *leaf;
		uint32_t a;

		if (!find_number(net, tuning->hot[i].audit_arch, tuning->hot[i].nr, &a))
			continue;
		leaf = net->leaf[net->leaf_of[a]];
		if (leaf->kind == SB_NODE_RET && leaf->k == SECCOMP_RET_ALLOW)
			continue;
		net->hot[net->hot_count] = (struct sb_hot){a, SB_COST_HOT / (net->hot_count + 1)};
		net->price[a] += net->hot[net->hot_count++].cost;
	}
	return net->hot != NULL;
}

static bool import(struct importer *im)
{
	struct sb_net *net = im->net;
	size_t set;

	if (!allocate(im) || !collect_cuts(im) || !collect_atoms(im) || !fill_sets(im))
		return false;
	set = net->words * sizeof(uint64_t);
	net->decides = sb_alloc_raw(net->graph->arena, SB_NET_NODES_MAX, set);
	if (!net->decides || !allocate_view(net, &net->view) || !allocate_view(net, &net->spare))
		return false;
	return find_hot(net) && import_shape(im, &net->shape);
}

struct sb_net *sb_net_import(struct sb_graph *graph, const struct sb_decided *decided,
			     const struct sb_node *const *root)
{
	struct importer im = {.decided = decided, .root = root};

	if (graph->failed || graph->node_count > 4 * SB_NET_NODES_MAX)
		return NULL;
	im.net = sb_alloc(graph->arena, 1, sizeof(*im.net));
	if (!im.net)
		return NULL;
	im.net->graph = graph;
	im.net->map_count = decided->map_count;
	while (im.x32_map < decided->map_count && !has_x32(&decided->map[im.x32_map]))
		im.x32_map++;
	return import(&im) ? im.net : NULL;
}

/* What a test asks for; of bits, only for those that something which reaches it has. */
static uint32_t constant_of(const struct sb_net *net, uint16_t index)
{
	const struct sb_net_test *test = &net->test[net->shape.node[index].test];
	const uint64_t *reach = sb_net_set(net, net->view.reach, index);
	uint32_t some = 0;

	if (test->op != BPF_JSET)
		return test->k;
	for (uint64_t left = net->view.words[index]; left; left &= left - 1) {
		uint32_t w = sb_net_lowest(left);

		for (uint64_t bits = reach[w]; bits; bits &= bits - 1) {
			const struct sb_atom *atom = &net->atom[w * 64 + sb_net_lowest(bits)];

			some |= sb_mask_some(atom->lo, atom->hi);
		}
	}
	return test->k & some;
}

void sb_net_export(const struct sb_net *net, const struct sb_node **root)
{
	const struct sb_node **made =
		sb_alloc(net->graph->arena, net->shape.count, sizeof(const struct sb_node *));

	if (!made) {
		net->graph->failed = true;
		return;
	}
	for (uint32_t i = net->view.order_count; i > 0; i--) {
		uint16_t index = net->view.order[i - 1];
		const struct sb_net_node *node = &net->shape.node[index];

		if (node->kind == SB_NET_LEAF)
			made[index] = net->leaf[node->test];
		else if (node->kind == SB_NET_MASK)
			made[index] = sb_and(net->graph, X32_MASK, made[node->t]);
		else
			made[index] = sb_test_laid(net->graph, net->test[node->test].op,
						   constant_of(net, index), made[node->t],
						   made[node->f], node->t_first);
	}
	for (uint32_t i = 0; i < net->map_count; i++)
		root[i] = made[net->shape.root[i]];
}
