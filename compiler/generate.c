/* SPDX-License-Identifier: MIT */
/*
 * The pipeline for one program: run_passes() is the whole of it, a line a pass.
 *
 * The proof's finding is put to use: where it shows that a call is allowed
 * whatever its arguments although the rules do not look like it (two rules that
 * together leave nothing out), the generator is told so and runs again, since
 * only what the kernel's emulator can see as constant is answered from its
 * bitmap. What it is told need not be trusted: the new program is proved against
 * the policy as it was.
 */
#include "generate.h"

#include <linux/seccomp.h>
#include <string.h>

#include <secbake/blob.h>

#include "decide.h"
#include "emit.h"
#include "graph.h"
#include "prove.h"
#include "tree.h"

static enum secbake_status run_passes(struct sb_arena *arena, const struct sb_layer *layer,
				      const struct sb_tuning *tuning, bool big_endian,
				      struct sb_program *program, struct secbake_error *error)
{
	struct sb_decided decided;
	struct sb_graph graph;
	const struct sb_node *root;
	enum secbake_status status = sb_decide(arena, layer, &decided, error);

	if (status != SECBAKE_OK)
		return status;
	sb_graph_init(&graph, arena, tuning, big_endian);
	root = sb_tree(&graph, &decided);
	if (!root && !graph.too_large && graph.node_count < SB_GRAPH_NODES_MAX)
		return secbake_error_set(error, SECBAKE_ERR_MEMORY, 0, "out of memory");
	if (!root)
		return secbake_error_set(
			error, SECBAKE_ERR_LIMIT, 0,
			"needs a program far beyond the kernel's %u instructions; name "
			"fewer calls or fewer argument values",
			SECBAKE_PROGRAM_MAX);
	return sb_emit(&graph, root, program, error);
}

static bool same_rules(const struct sb_entry *a, const struct sb_entry *b)
{
	return a->rule_count == b->rule_count && a->fallback == b->fallback &&
	       (!a->rule_count || !memcmp(a->rule, b->rule, a->rule_count * sizeof(*a->rule)));
}

static const struct sb_entry *find_entry(const struct sb_layer *layer, uint32_t audit_arch,
					 uint32_t nr)
{
	for (uint32_t i = 0; i < layer->map_count; i++)
		for (uint32_t j = 0; j < layer->map[i].entry_count; j++)
			if (layer->map[i].audit_arch == audit_arch &&
			    layer->map[i].entry[j].nr == nr)
				return &layer->map[i].entry[j];
	return NULL;
}

/* Entries of map with the rules of hidden simply allow. */
static void allow_alike(const struct sb_map *map, struct sb_entry *entry, struct sb_entry hidden)
{
	for (uint32_t j = 0; j < map->entry_count; j++)
		if (same_rules(&entry[j], &hidden))
			entry[j] =
				(struct sb_entry){.nr = entry[j].nr, .fallback = SECCOMP_RET_ALLOW};
}

/* A copy of layer in which the entries found, and all with the same rules, simply allow. */
static bool simplify(struct sb_arena *arena, const struct sb_layer *layer,
		     const struct sb_witness *found, struct sb_layer *simpler)
{
	struct sb_map *map = sb_alloc(arena, layer->map_count, sizeof(*map));
	bool changed = false;

	if (!map)
		return false;
	for (uint32_t i = 0; i < layer->map_count; i++) {
		size_t count = layer->map[i].entry_count;
		struct sb_entry *entry = sb_alloc(arena, count + 1, sizeof(*entry));

		if (!entry)
			return false;
		if (count)
			memcpy(entry, layer->map[i].entry, count * sizeof(*entry));
		map[i] = layer->map[i];
		map[i].entry = entry;
	}
	*simpler = *layer;
	simpler->map = map;
	for (uint32_t k = 0; k < found->hidden_count; k++) {
		const struct sb_entry *hidden =
			find_entry(simpler, found->hidden[k].arch, found->hidden[k].nr);

		if (!hidden || !hidden->rule_count)
			continue; /* one with the same rules was found before */
		changed = true;
		for (uint32_t i = 0; i < layer->map_count; i++)
			allow_alike(&map[i], (struct sb_entry *)map[i].entry, *hidden);
	}
	return changed;
}

/* The program out of scratch, into the arena that stays. */
static bool keep(struct sb_arena *arena, struct sb_program *program)
{
	struct sock_filter *insn = sb_alloc(arena, program->count, sizeof(*insn));

	if (insn)
		program->insn = memcpy(insn, program->insn, program->count * sizeof(*insn));
	return insn != NULL;
}

enum secbake_status sb_generate(struct sb_arena *arena, struct sb_arena *scratch,
				const struct sb_layer *layer, const struct sb_tuning *tuning,
				bool big_endian, struct sb_program *program,
				struct secbake_error *error)
{
	struct sb_layer simpler = *layer;
	struct secbake_error refuted;
	struct sb_witness witness;
	enum secbake_status status;

	do {
		sb_arena_reset(scratch); /* what the passes need, they need once */
		refuted = (struct secbake_error){0};
		witness = (struct sb_witness){0};
		status = run_passes(scratch, &simpler, tuning, big_endian, program, error);
		/* A pass that had none was left out: the same policy must give the same bytes. */
		if (status == SECBAKE_OK && sb_arena_exhausted(scratch))
			status = secbake_error_set(error, SECBAKE_ERR_MEMORY, 0, "out of memory");
		if (status != SECBAKE_OK)
			break;
		status = sb_prove(program, layer, &witness, &refuted);
		/* Each round has fewer entries with rules: it ends. */
	} while (witness.hidden_allow && simplify(arena, &simpler, &witness, &simpler));
	if (status == SECBAKE_OK && !keep(arena, program))
		status = secbake_error_set(error, SECBAKE_ERR_MEMORY, 0, "out of memory");
	else if (status != SECBAKE_OK && refuted.status != SECBAKE_OK)
		secbake_error_set(error, status, refuted.sys_errno, "%s", refuted.text);
	return status;
}
