/* SPDX-License-Identifier: MIT */
/*
 * From the lines of a snap profile to rules: denials first, since the first rule that
 * holds decides; all lines of one call as one rule, at the place of its first line;
 * neighbours without conditions as one rule, up to the next comment.
 */
#include "snap.h"

#include <stdlib.h>
#include <string.h>

#include "compiler/mux.h"
#include "compiler/syscalls.h"

/* Lines of one call and kind: line[first] .. line[end - 1] of the sorted ones. */
struct group {
	uint32_t first, end;
	uint32_t order;		     /* of its earliest line, where the rule stands */
	bool bare;		     /* some line has no conditions: the others say nothing */
	uint32_t denied, denied_end; /* of an allowance: the lines that deny the same call */
	bool gone;		     /* it is denied without conditions: nothing is left */
};

struct rules {
	struct sb_import *import;
	struct sb_snap *snap;
	struct sb_out_layer *layer;
	struct group *group;
	uint32_t group_count;
	bool denying; /* the kind that is written now */
	bool narrow;  /* conditions on calls that others carry were met */
};

bool sb_snap_add(struct sb_import *import, struct sb_snap *snap, const struct sb_snap_line *line)
{
	if (snap->line_count == snap->line_room) {
		uint32_t room = snap->line_room ? snap->line_room * 2 : 64;
		void *grown = sb_grow(import->arena, snap->line, snap->line_count, room,
				      sizeof(*snap->line));

		if (!grown)
			return sb_import_memory(import);
		snap->line = grown;
		snap->line_room = room;
	}
	snap->line[snap->line_count++] = *line;
	return true;
}

static int compare_lines(const void *a, const void *b)
{
	const struct sb_snap_line *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	if (!order)
		order = y->deny - x->deny; /* denials first */
	if (!order)
		order = strcmp(x->conditions, y->conditions);
	return order ? order : (x->order > y->order) - (x->order < y->order);
}

static int compare_groups(const void *a, const void *b)
{
	const struct group *x = a, *y = b;

	return (x->order > y->order) - (x->order < y->order);
}

static int compare_orders(const void *a, const void *b)
{
	const struct sb_snap_line *const *x = a, *const *y = b;

	return ((*x)->order > (*y)->order) - ((*x)->order < (*y)->order);
}

static bool find_groups(struct rules *r)
{
	const struct sb_snap_line *line = r->snap->line;
	uint32_t count = r->snap->line_count;

	r->group = sb_alloc(r->import->arena, count, sizeof(*r->group));
	if (!r->group)
		return sb_import_memory(r->import);
	for (uint32_t i = 0; i < count; i++) {
		struct group *g = r->group_count ? &r->group[r->group_count - 1] : NULL;

		if (!g || strcmp(line[g->first].name, line[i].name) != 0 ||
		    line[g->first].deny != line[i].deny) {
			bool same = g && !strcmp(line[g->first].name, line[i].name);

			r->group[r->group_count] = (struct group){
				.first = i,
				.order = line[i].order,
				.bare = !line[i].set.matcher_count,
				.denied = same ? g->first : 0,
				.denied_end = same ? g->end : 0,
				.gone = same && g->bare,
			};
			g = &r->group[r->group_count++];
		}
		g->end = i + 1;
		if (line[i].order < g->order)
			g->order = line[i].order;
	}
	return true;
}

/* ---- rules ---- */

static bool add_words(struct sb_import *import, struct sb_words *to, const struct sb_words *from)
{
	for (uint32_t i = 0; i < from->count; i++)
		if (!sb_words_add(import, to, from->word[i]))
			return false;
	return true;
}

static struct sb_out_rule *new_rule(struct rules *r)
{
	struct sb_out_rule *rule = sb_out_rule(r->import, r->layer);

	if (rule) {
		rule->action = r->denying ? "errno:EACCES" : "allow";
		rule->hold = r->denying && r->import->policy.mode;
		rule->optional = true; /* snap-seccomp looks past names that it does not know */
	}
	return rule;
}

/* The lines of a group as they stood, each condition once; comments of all of them. */
static uint32_t lines_of(const struct rules *r, const struct group *g,
			 const struct sb_snap_line **lines)
{
	uint32_t count = 0;

	for (uint32_t i = g->first; i < g->end; i++)
		lines[count++] = &r->snap->line[i];
	qsort(lines, count, sizeof(*lines), compare_orders);
	return count;
}

/* Is line the first of its group with these conditions? Sorted neighbours tell. */
static bool is_first(const struct rules *r, const struct group *g, const struct sb_snap_line *line)
{
	return line == &r->snap->line[g->first] ||
	       strcmp(line[-1].conditions, line->conditions) != 0;
}

/* Does a line deny just this? Lines of a group are sorted by their conditions. */
static bool is_denied(const struct rules *r, const struct group *g, const struct sb_snap_line *line)
{
	uint32_t low = g->denied, high = g->denied_end;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		int order = strcmp(r->snap->line[middle].conditions, line->conditions);

		if (!order)
			return true;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

static bool copy_set(struct rules *r, struct sb_out_rule *rule, const struct sb_snap_line *line)
{
	struct sb_out_set *set = sb_out_set(r->import, rule);

	if (set)
		*set = line->set;
	return set;
}

/* The architectures on which the conditions of all lines have a meaning. */
static bool restrict_to(struct rules *r, struct sb_out_rule *rule, uint32_t arch,
			const struct sb_snap_line *line)
{
	uint32_t all = (1u << r->snap->arch_count) - 1;

	if ((arch & all) == all)
		return true;
	for (uint32_t i = 0; i < r->snap->arch_count; i++) {
		const char *name = r->snap->arch[i]->name;

		if (arch & 1u << i) {
			if (!sb_words_add(r->import, &rule->when.arch, name))
				return false;
		} else if (!sb_import_lost(r->import, line->line, &rule->comment,
					   "on %s, %s has no such argument, and a condition on it "
					   "means nothing",
					   name, line->name)) {
			return false;
		}
	}
	return true;
}

/* What another line denies altogether is not allowed again; tell where it was. */
static bool write_gone(struct rules *r, const struct sb_snap_line **lines, uint32_t count)
{
	const char *text = sb_import_text(
		r->import, "Line %u has no effect: another denies what it allows of %s.",
		lines[0]->line, lines[0]->name);

	for (uint32_t i = 0; i < count; i++)
		if (!add_words(r->import, &r->import->policy.comment, &lines[i]->comment))
			return false;
	return text && sb_words_add(r->import, &r->import->policy.comment, text);
}

/* Lines whose conditions have a meaning on one set of architectures make one rule. */
static bool write_conditions(struct rules *r, const struct group *g,
			     const struct sb_snap_line **lines, uint32_t count, uint32_t arch)
{
	struct sb_out_rule *rule = NULL;
	uint32_t all = (1u << r->snap->arch_count) - 1;

	for (uint32_t i = 0; i < count; i++) {
		if ((lines[i]->arch & all) != arch)
			continue;
		if (is_denied(r, g, lines[i])) {
			if (!write_gone(r, &lines[i], 1))
				return false;
			continue;
		}
		if (!rule) {
			rule = new_rule(r);
			if (!rule || !sb_words_add(r->import, &rule->syscalls, lines[i]->name))
				return false;
			if (!restrict_to(r, rule, arch, lines[i]))
				return false;
		}
		if (!add_words(r->import, &rule->comment, &lines[i]->comment))
			return false;
		if (is_first(r, g, lines[i]) && !copy_set(r, rule, lines[i]))
			return false;
	}
	return true;
}

/* A condition that has a meaning nowhere: its allowance is left out, its denial cannot be. */
static bool lose_lines(struct rules *r, const struct sb_snap_line **lines, uint32_t count)
{
	uint32_t all = (1u << r->snap->arch_count) - 1;

	for (uint32_t i = 0; i < count; i++) {
		if (lines[i]->arch & all)
			continue;
		if (r->denying)
			return sb_import_fail(r->import, lines[i]->line,
					      "%s has no such argument; deny it altogether, or not",
					      lines[i]->name);
		if (!sb_import_lost(r->import, lines[i]->line, &r->import->policy.comment,
				    "%s has no such argument; the line allows nothing",
				    lines[i]->name))
			return false;
	}
	return true;
}

static bool write_conditional(struct rules *r, const struct group *g,
			      const struct sb_snap_line **lines, uint32_t count)
{
	uint32_t all = (1u << r->snap->arch_count) - 1, call;

	r->narrow |= !r->denying && sb_mux_find(lines[0]->name, &call);
	for (uint32_t arch = all; arch; arch--)
		if (!write_conditions(r, g, lines, count, arch))
			return false;
	return lose_lines(r, lines, count);
}

/* rule: the newest, if the group may join it; receives the one that the next may join. */
static bool write_bare(struct rules *r, const struct sb_snap_line **lines, uint32_t count,
		       struct sb_out_rule **rule)
{
	bool commented = false;

	for (uint32_t i = 0; i < count; i++)
		commented |= lines[i]->comment.count > 0;
	if (commented || !*rule)
		*rule = new_rule(r);
	if (!*rule)
		return false;
	for (uint32_t i = 0; i < count; i++)
		if (!add_words(r->import, &(*rule)->comment, &lines[i]->comment))
			return false;
	return sb_words_add(r->import, &(*rule)->syscalls, lines[0]->name);
}

static bool write_groups(struct rules *r)
{
	const struct sb_snap_line **lines =
		sb_alloc(r->import->arena, r->snap->line_count, sizeof(const void *));
	struct sb_out_rule *rule = NULL; /* that bare neighbours join */

	if (!lines)
		return sb_import_memory(r->import);
	for (uint32_t i = 0; i < r->group_count; i++) {
		const struct group *g = &r->group[i];
		uint32_t count;

		if (r->snap->line[g->first].deny != r->denying)
			continue;
		count = lines_of(r, g, lines);
		if (g->gone) {
			if (!write_gone(r, lines, count))
				return false;
		} else if (g->bare) {
			if (!write_bare(r, lines, count, &rule))
				return false;
		} else {
			rule = NULL;
			if (!write_conditional(r, g, lines, count))
				return false;
		}
	}
	return true;
}

/* ---- calls that socketcall and ipc carry ---- */

static const char *const carrying[] = {"x86", "ppc", "ppc64", "ppc64le", "s390", "s390x"};

static bool carries(const struct secbake_arch *arch)
{
	for (size_t i = 0; i < sizeof(carrying) / sizeof(carrying[0]); i++)
		if (!strcmp(arch->name, carrying[i]))
			return true;
	return false;
}

static const struct group *find(const struct rules *r, const char *name, bool deny)
{
	for (uint32_t i = 0; i < r->group_count; i++)
		if (r->snap->line[r->group[i].first].deny == deny &&
		    !strcmp(r->snap->line[r->group[i].first].name, name))
			return &r->group[i];
	return NULL;
}

/*
 * libseccomp grants with socket the socketcall that carries it. With conditions it grants
 * that without any; here it stays closed, for a filter cannot see what they are about.
 * A denial closes it in any case.
 */
static bool write_carrier(struct rules *r, const char *carrier)
{
	const struct group *own = find(r, carrier, r->denying);
	struct sb_out_rule *rule = NULL;
	struct sb_out_matcher *matcher;
	struct sb_out_set *set = NULL;
	struct sb_out_test *test = NULL;

	if (own && own->bare)
		return true;
	for (uint32_t i = 0; i < r->group_count; i++) {
		const struct group *g = &r->group[i];
		const struct sb_snap_line *line = &r->snap->line[g->first];
		uint32_t call;
		const struct sb_mux *mux = sb_mux_find(line->name, &call);
		const char *value;

		if (!mux || strcmp(mux->carrier, carrier) != 0 || line->deny != r->denying ||
		    g->gone || (!g->bare && !r->denying))
			continue;
		value = sb_import_text(r->import, "%u", call);
		if (!rule) {
			rule = new_rule(r);
			if (!rule || !sb_words_add(r->import, &rule->syscalls, carrier) ||
			    !sb_words_add(r->import, &rule->comment,
					  "What carries these calls on some architectures."))
				return false;
			for (uint32_t k = 0; k < r->snap->arch_count; k++)
				if (carries(r->snap->arch[k]) &&
				    !sb_words_add(r->import, &rule->when.arch,
						  r->snap->arch[k]->name))
					return false;
			set = sb_out_set(r->import, rule);
			matcher = set ? sb_out_matcher(r->import, set, "0") : NULL;
			test = matcher ? sb_out_test(r->import, matcher, "in", NULL, value) : NULL;
			if (!test)
				return false;
		} else if (!value || !sb_words_add(r->import, &test->value, value)) {
			return false;
		}
	}
	return true;
}

static bool write_kind(struct rules *r, bool denying)
{
	bool carried = false;

	r->denying = denying;
	for (uint32_t i = 0; i < r->snap->arch_count; i++)
		carried |= carries(r->snap->arch[i]);
	if (carried && denying && (!write_carrier(r, "socketcall") || !write_carrier(r, "ipc")))
		return false;
	if (!write_groups(r))
		return false;
	if (carried && !denying && (!write_carrier(r, "socketcall") || !write_carrier(r, "ipc")))
		return false;
	return true;
}

bool sb_snap_rules(struct sb_import *import, struct sb_snap *snap)
{
	struct rules r = {.import = import, .snap = snap, .layer = sb_out_layer(import)};

	if (!r.layer)
		return false;
	if (snap->line_count)
		qsort(snap->line, snap->line_count, sizeof(*snap->line), compare_lines);
	if (!find_groups(&r))
		return false;
	qsort(r.group, r.group_count, sizeof(*r.group), compare_groups);
	if (!write_kind(&r, true) || !write_kind(&r, false))
		return false;
	return !r.narrow || !r.snap->arch[1] || !carries(r.snap->arch[1]) ||
	       sb_words_add(
		       import, &import->policy.comment,
		       "Calls with conditions are not open by way of socketcall and ipc, where a "
		       "filter cannot see what the conditions are about.");
}
