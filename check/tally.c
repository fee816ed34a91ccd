/* SPDX-License-Identifier: MIT */
/* Findings that would differ in a name only are told as one. */
#include "check.h"

#include <stdio.h>
#include <string.h>

#define NAMES_SHOWN 12u

struct sb_tally_name {
	const char *name;
	struct sb_tally_name *next;
};

struct sb_tally_group {
	struct sb_place place;
	struct sb_tally_name *what, *arch;
	struct sb_tally_group *next;
};

static bool same_place(const struct sb_place *a, const struct sb_place *b)
{
	if (a->source != b->source || a->line != b->line || a->column != b->column)
		return false;
	return !strcmp(a->pointer ? a->pointer : "", b->pointer ? b->pointer : "");
}

static void add_name(struct sb_checker *c, struct sb_tally_name **list, const char *name)
{
	while (*list) {
		if (!strcmp((*list)->name, name))
			return;
		list = &(*list)->next;
	}
	*list = sb_alloc(c->arena, 1, sizeof(**list));
	if (*list)
		(*list)->name = name;
	c->no_memory |= !*list;
}

void sb_tally_add(struct sb_tally *t, const struct sb_place *place, const char *what,
		  const struct secbake_arch *arch)
{
	struct sb_tally_group **at = &t->first;

	while (*at && !same_place(&(*at)->place, place))
		at = &(*at)->next;
	if (!*at) {
		*at = sb_alloc(t->c->arena, 1, sizeof(**at));
		if (!*at) {
			t->c->no_memory = true;
			return;
		}
		(*at)->place = *place;
	}
	add_name(t->c, &(*at)->what, what);
	if (arch)
		add_name(t->c, &(*at)->arch, arch->name);
}

void sb_tally_also(struct sb_tally *t, const struct sb_place *place,
		   const struct secbake_arch *arch)
{
	for (struct sb_tally_group *group = t->first; group; group = group->next)
		if (same_place(&group->place, place))
			add_name(t->c, &group->arch, arch->name);
}

/* "a, b and c" */
static const char *join(struct sb_checker *c, const struct sb_tally_name *list)
{
	uint32_t count = 0, shown = 0;
	const char *text = "";

	for (const struct sb_tally_name *name = list; name; name = name->next)
		count++;
	for (const struct sb_tally_name *name = list; name && text; name = name->next, shown++) {
		if (shown == NAMES_SHOWN && count > NAMES_SHOWN + 1) {
			text = sb_sprintf(c->arena, "%s and %u more", text, count - shown);
			break;
		}
		text = sb_sprintf(c->arena, "%s%s%s", text,
				  !shown	      ? ""
				  : shown + 1 < count ? ", "
						      : " and ",
				  name->name);
	}
	c->no_memory |= !text;
	return text ? text : "";
}

void sb_tally_tell(struct sb_tally *t, uint32_t code, const char *before, const char *after)
{
	for (struct sb_tally_group *group = t->first; group; group = group->next) {
		const char *on = join(t->c, group->arch);
		bool plain = !*on || (t->c->arch_count == 1 && !strcmp(on, t->c->arch[0]->name));

		sb_found(t->c, code, &group->place, "%s%s%s%s%s", before, join(t->c, group->what),
			 plain ? "" : " on ", plain ? "" : on, after);
	}
}
