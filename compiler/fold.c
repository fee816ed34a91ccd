/* SPDX-License-Identifier: MIT */
/*
 * x32 has x86_64's numbers with bit 30, but for the calls that it has numbers of
 * its own for. So the bit is masked off first; then what x32 decides otherwise is
 * tested, with constants that tests of other architectures may have, too; all else
 * joins x86_64's tests. A number on which both agree may go either way: to the
 * verdict itself, if its neighbours do, or on to join.
 */
#include "fold.h"

#include <linux/filter.h>

#include <secbake/features.h>

struct folder {
	struct sb_piece *piece; /* numbers with the bit */
	uint32_t count;
	const struct sb_node *join;
	/* Of the piece that is being made: where it may lead. */
	const struct sb_node *verdict;
	bool may_join, open;
	uint32_t lo;
};

static void close_piece(struct folder *f)
{
	if (f->open)
		f->piece[f->count++] = (struct sb_piece){
			.lo = f->lo, .target = f->may_join ? f->join : f->verdict};
	f->open = false;
}

/* From lo on x32 says verdict; both: x86_64 does, too. */
static void take(struct folder *f, uint32_t lo, const struct sb_node *verdict, bool both)
{
	const struct sb_node *common = f->verdict == verdict ? verdict : NULL;
	bool join = f->may_join && both;

	if (f->open && (common || join)) {
		f->verdict = common;
		f->may_join = join;
		return;
	}
	close_piece(f);
	f->open = true;
	f->lo = lo;
	f->verdict = verdict;
	f->may_join = both;
}

const struct sb_node *sb_fold(struct sb_graph *graph, const struct sb_piece *x32,
			      uint32_t x32_count, const struct sb_piece *low, uint32_t low_count,
			      const struct sb_node *low_root)
{
	struct folder f = {.join = low_root};
	const struct sb_node *root;
	uint32_t j = 0;

	if (!sb_pass_on(graph->tuning, SB_PASS_FOLD_X32))
		return sb_search(graph, x32, x32_count);
	f.piece = sb_alloc(graph->arena, (size_t)x32_count + low_count, sizeof(*f.piece));
	if (!f.piece)
		graph->failed = true;
	if (graph->failed)
		return NULL;
	for (uint32_t i = 0; i < x32_count; i++) {
		/* Counted from the bit; from 2^31 on, too, x86_64's last piece is what it joins. */
		uint32_t lo = i ? x32[i].lo - SECBAKE_X32_BIT : 0;

		for (;;) {
			while (j + 1 < low_count && low[j + 1].lo <= lo)
				j++;
			take(&f, lo, x32[i].target, x32[i].target == low[j].target);
			if (j + 1 == low_count ||
			    (i + 1 < x32_count && low[j + 1].lo >= x32[i + 1].lo - SECBAKE_X32_BIT))
				break;
			lo = low[j + 1].lo;
		}
	}
	close_piece(&f);
	if (f.count + 1 > x32_count) /* they have too little in common */
		return sb_search(graph, x32, x32_count);
	for (uint32_t i = 1; i < f.count; i++) /* from 2^31 on, one bit is gone in half of them */
		if (f.piece[i].lo >= SECBAKE_X32_BIT)
			return sb_search(graph, x32, x32_count);
	root = sb_search(graph, f.piece, f.count);
	return root && root->kind == SB_NODE_TEST ? sb_and(graph, ~SECBAKE_X32_BIT, root) : root;
}
