/* SPDX-License-Identifier: MIT */
/*
 * Groups of calls. A group is looked for in the policy, then in its bases, then
 * among the shipped ones, whose file is only read when one of these is named.
 */
#include "read_native.h"

#include <stdlib.h>
#include <string.h>

#include "nearest.h"

#define BUILT_IN "@known" /* every call of the table: resolve_native_calls.c */

struct group_list {
	struct sb_native_group *at;
	uint32_t count, room;
};

static bool valid_name(const char *name)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
		"_.-";

	return name[0] == '@' && name[1] && !name[1 + strspn(name + 1, letters)];
}

static bool add_group(struct group_list *list, const struct sb_native_doc *doc,
		      const struct sb_json *member, const struct sb_json *calls)
{
	if (list->count == list->room) {
		list->at = sb_grow(doc->reader.arena, list->at, list->room, list->room * 2 + 32,
				   sizeof(*list->at));
		list->room = list->room * 2 + 32;
	}
	if (!list->at)
		return sb_native_memory(&doc->reader);
	list->at[list->count++] = (struct sb_native_group){
		.spot = {doc, member}, .name = member->name, .syscalls = calls};
	return true;
}

/* A list of calls, or an object of that list and a comment. */
static bool read_group(struct group_list *list, const struct sb_native_doc *doc,
		       const struct sb_json *member)
{
	enum { SYSCALLS, FIELDS };
	static const struct sb_native_field fields[FIELDS] = {
		[SYSCALLS] = {"syscalls", SB_ANY_LIST | SB_TYPE(SB_JSON_NUMBER),
			      "a system call or a list of such", true},
	};
	const struct sb_json *calls = member;

	if (member->type == SB_JSON_OBJECT &&
	    !sb_native_fields(&doc->reader, member, "a group", fields, FIELDS, &calls))
		return false;
	if (!((SB_ANY_LIST | SB_TYPE(SB_JSON_NUMBER)) & SB_TYPE(calls->type)))
		return sb_native_fail(&doc->reader, member, "a group is a list of calls, not %s",
				      sb_json_type_name((enum sb_json_type)member->type));
	return sb_native_read_calls(&doc->reader, calls) && add_group(list, doc, member, calls);
}

static bool read_member(struct group_list *list, const struct sb_native_doc *doc,
			const struct sb_json *member)
{
	const struct sb_reader *reader = &doc->reader;

	if (!strcmp(member->name, "comment"))
		return member->type == SB_JSON_STRING ||
		       sb_native_fail(reader, member, "\"comment\" must be a string");
	if (!valid_name(member->name))
		return sb_native_fail(reader, member,
				      "\"%.64s\" cannot name a group; write @ and letters, digits, "
				      "_ . -",
				      member->name);
	if (!strcmp(member->name, BUILT_IN))
		return sb_native_fail(reader, member,
				      "\"%s\" is every call that secbake knows, it cannot be "
				      "replaced",
				      BUILT_IN);
	return read_group(list, doc, member);
}

static bool read_groups(struct group_list *list, const struct sb_native_doc *doc)
{
	const struct sb_json *groups = doc->member[SB_NATIVE_GROUPS];
	bool good = true;

	if (!groups)
		return true;
	sb_json_each(member, groups) {
		if (sb_native_over(&doc->reader))
			return false;
		good &= read_member(list, doc, member);
	}
	return good;
}

static int compare_groups(const void *a, const void *b)
{
	const struct sb_native_group *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	if (order)
		return order;
	return (x->spot.doc->source > y->spot.doc->source) -
	       (x->spot.doc->source < y->spot.doc->source);
}

/*
 * Sorted; of several with one name, the one of the first document stays. Those of the policy's
 * own that do not are only looked at for unknown names.
 */
static bool sort_groups(struct sb_native *native, struct group_list *list)
{
	uint32_t kept = 0;
	bool good = true;

	if (list->count)
		qsort(list->at, list->count, sizeof(*list->at), compare_groups);
	for (uint32_t i = 0; i < list->count; i++) {
		if (!kept || strcmp(list->at[i].name, list->at[kept - 1].name) != 0)
			list->at[kept++] = list->at[i];
		else if (!list->at[i].shipped)
			good &= sb_native_check_names(&list->at[i].spot.doc->reader,
						      list->at[i].syscalls);
	}
	list->count = kept;
	native->group = list->at;
	native->group_count = kept;
	return good;
}

static int compare_name(const void *key, const void *group)
{
	return strcmp(key, ((const struct sb_native_group *)group)->name);
}

const struct sb_native_group *sb_native_find_group(const struct sb_native *native, const char *name)
{
	return native->group_count ? bsearch(name, native->group, native->group_count,
					     sizeof(*native->group), compare_name)
				   : NULL;
}

/* The first group in calls that is not the policy's; NULL: none. */
static const struct sb_json *foreign_in(const struct sb_native *native, const struct sb_json *calls)
{
	if (!calls)
		return NULL;
	if (calls->type == SB_JSON_STRING)
		return *calls->text == '@' && strcmp(calls->text, BUILT_IN) != 0 &&
				       !sb_native_find_group(native, calls->text)
			       ? calls
			       : NULL;
	if (calls->type != SB_JSON_ARRAY)
		return NULL;
	sb_json_each(word, calls)
		if (word->type == SB_JSON_STRING && foreign_in(native, word))
			return word;
	return NULL;
}

/* Where a group is named that is not the policy's own. */
static bool find_foreign(const struct sb_native *native, struct sb_native_spot *user)
{
	for (uint32_t i = 0; i < native->layer_count; i++) {
		for (uint32_t j = 0; j < native->layer[i].rule_count; j++) {
			const struct sb_native_rule *rule = &native->layer[i].rule[j];

			*user = (struct sb_native_spot){rule->spot.doc,
							foreign_in(native, rule->syscalls)};
			if (user->node)
				return true;
		}
	}
	for (uint32_t i = 0; i < native->group_count; i++) {
		const struct sb_native_group *group = &native->group[i];

		*user = (struct sb_native_spot){group->spot.doc,
						foreign_in(native, group->syscalls)};
		if (user->node)
			return true;
	}
	return false;
}

bool sb_native_read_groups(struct sb_native_reading *r)
{
	struct sb_native *native = r->native;
	struct group_list list = {0};
	struct sb_native_spot user;
	struct sb_native_doc *shipped;
	uint32_t own;
	bool good = true;

	for (uint32_t i = 0; i < r->doc_count; i++)
		good &= read_groups(&list, r->doc[i]);
	good &= sort_groups(native, &list);
	if (sb_native_over(&native->main->reader) || !find_foreign(native, &user))
		return good;
	native->no_groups = native->incomplete; /* a base that is missing may have had it */
	if (native->incomplete)
		return false;
	native->no_groups = !sb_native_open_groups(r, &user, user.node->text, &shipped);
	if (native->no_groups)
		return false;
	own = list.count;
	good &= read_groups(&list, shipped);
	for (uint32_t i = own; i < list.count; i++)
		list.at[i].shipped = true;
	return sort_groups(native, &list) && good;
}
