/* SPDX-License-Identifier: MIT */
/*
 * Which calls a rule names. Each distinct name and number is looked up once and
 * each group spread out once, however often they are used, so that the work
 * stays in proportion to what the policy says.
 */
#include "resolve_native.h"

#include <stdlib.h>
#include <string.h>

#include "nearest.h"
#include "syscalls.h"

#define NESTING_MAX 64u	       /* groups in groups */
#define MEMBERS_MAX (2u << 20) /* of all groups that are used, spread out */

enum { GROUP_NEW = 0, GROUP_OPEN, GROUP_DONE, GROUP_WRONG };

struct spread {
	uint8_t state;
	uint32_t count, mark;
	uint32_t *call;
};

/* Calls while a rule or a group collects them, none twice. */
struct collection {
	uint32_t *call;
	uint32_t count, room;
};

/* Numbers of one architecture's table, to find names by. */
struct by_number {
	uint32_t nr;
	const char *name;
};

struct sb_native_calls {
	struct sb_native_call *at;
	uint32_t count, room;
	uint32_t *slot; /* open addressing: index + 1, 0: free */
	uint32_t slots;
	struct spread *group; /* of native->group */
	struct spread known;  /* @known */
	struct by_number *table[SB_ARCHES_MAX];
	uint32_t table_count[SB_ARCHES_MAX];
	uint32_t mark;
	uint64_t members;
	const struct sb_native_group *open[NESTING_MAX];
	uint32_t depth;
	struct collection scratch; /* of the current rule */
};

static int compare_numbers(const void *a, const void *b)
{
	const struct by_number *x = a, *y = b;

	return (x->nr > y->nr) - (x->nr < y->nr);
}

static bool fill_tables(struct sb_binder *b, struct sb_native_calls *calls)
{
	size_t names = 0;

	while (sb_syscall_at(names))
		names++;
	for (uint32_t a = 0; a < b->bound->arch_count; a++) {
		struct by_number *table = sb_alloc(b->arena, names, sizeof(*table));
		uint32_t count = 0;

		if (!table)
			return false;
		for (size_t i = 0; i < names; i++) {
			table[count].name = sb_syscall_at(i);
			if (sb_syscall_number(b->bound->arch[a], table[count].name,
					      &table[count].nr))
				count++;
		}
		qsort(table, count, sizeof(*table), compare_numbers);
		calls->table[a] = table;
		calls->table_count[a] = count;
	}
	return true;
}

struct sb_native_calls *sb_native_calls_new(struct sb_binder *b)
{
	struct sb_native_calls *calls = sb_alloc(b->arena, 1, sizeof(*calls));

	if (!calls)
		return NULL;
	calls->group = sb_alloc(b->arena, b->native->group_count, sizeof(*calls->group));
	calls->slots = 1024;
	calls->slot = sb_alloc(b->arena, calls->slots, sizeof(*calls->slot));
	if (!calls->group || !calls->slot || !fill_tables(b, calls))
		return NULL;
	return calls;
}

const struct sb_native_call *sb_native_call_at(const struct sb_binder *b, uint32_t index)
{
	return &b->calls->at[index];
}

static const char *name_of(const struct sb_native_calls *calls, uint32_t arch, uint32_t nr)
{
	const struct by_number key = {.nr = nr}, *found;

	found = bsearch(&key, calls->table[arch], calls->table_count[arch], sizeof(key),
			compare_numbers);
	return found ? found->name : NULL;
}

static uint32_t hash_of(const char *name, uint32_t number)
{
	uint64_t h = 0xcbf29ce484222325u ^ number;

	for (; name && *name; name++)
		h = (h ^ (uint8_t)*name) * 0x100000001b3u;
	h *= 0x9e3779b97f4a7c15u;
	return (uint32_t)(h >> 32);
}

static uint32_t *find_slot(const struct sb_native_calls *calls, const char *name, uint32_t number)
{
	uint32_t at = hash_of(name, number) & (calls->slots - 1);

	for (; calls->slot[at]; at = (at + 1) & (calls->slots - 1)) {
		const struct sb_native_call *call = &calls->at[calls->slot[at] - 1];

		if (name ? call->name && !strcmp(call->name, name)
			 : !call->name && call->number == number)
			break;
	}
	return &calls->slot[at];
}

static bool grow(struct sb_binder *b)
{
	struct sb_native_calls *calls = b->calls;
	uint32_t room = calls->room * 2 + 512;

	calls->at = sb_grow(b->arena, calls->at, calls->count, room, sizeof(*calls->at));
	calls->room = room;
	calls->slots *= 2;
	while (calls->slots < 2 * room)
		calls->slots *= 2;
	calls->slot = sb_alloc(b->arena, calls->slots, sizeof(*calls->slot));
	if (!calls->at || !calls->slot)
		return false;
	for (uint32_t i = 0; i < calls->count; i++)
		*find_slot(calls, calls->at[i].name, calls->at[i].number) = i + 1;
	return true;
}

/* Numbers are those of seccomp_data.nr; with bit 30 they are x32's on x86_64. */
static bool number_on(const struct secbake_arch *arch, uint32_t number, uint32_t *nr)
{
	*nr = arch->x32 ? number | SECBAKE_X32_BIT : number;
	return strcmp(arch->name, "x86_64") != 0 || !(number & SECBAKE_X32_BIT);
}

static bool look_up(struct sb_binder *b, struct sb_native_call *call)
{
	uint32_t count = b->bound->arch_count;

	call->nr = sb_alloc(b->arena, count, sizeof(*call->nr));
	call->called = sb_alloc(b->arena, count, sizeof(*call->called));
	if (!call->nr || !call->called)
		return false;
	for (uint32_t a = 0; a < count; a++) {
		const struct secbake_arch *arch = b->bound->arch[a];
		bool there = call->name ? sb_syscall_number(arch, call->name, &call->nr[a])
					: number_on(arch, call->number, &call->nr[a]);

		if (!there) {
			call->nr[a] = SB_NONE;
			continue;
		}
		call->somewhere = true;
		call->called[a] = call->name ? call->name : name_of(b->calls, a, call->nr[a]);
	}
	return true;
}

/* The index of a call, which is looked up when it is first named. */
static bool intern(struct sb_binder *b, const char *name, uint32_t number, uint32_t *index)
{
	struct sb_native_calls *calls = b->calls;
	uint32_t *slot;

	if (calls->count == calls->room && !grow(b))
		return false;
	slot = find_slot(calls, name, number);
	if (!*slot) {
		calls->at[calls->count] = (struct sb_native_call){.name = name, .number = number};
		if (!look_up(b, &calls->at[calls->count]))
			return false;
		*slot = ++calls->count;
	}
	*index = *slot - 1;
	return true;
}

static bool spread_known(struct sb_binder *b)
{
	struct sb_native_calls *calls = b->calls;
	struct spread *known = &calls->known;
	size_t names = 0;

	if (known->state == GROUP_DONE)
		return true;
	while (sb_syscall_at(names))
		names++;
	known->call = sb_alloc(b->arena, names, sizeof(*known->call));
	if (!known->call)
		return false;
	for (size_t i = 0; i < names; i++)
		if (!intern(b, sb_syscall_at(i), 0, &known->call[known->count++]))
			return false;
	known->state = GROUP_DONE;
	return true;
}

static bool collect(struct sb_binder *b, struct collection *c, uint32_t call, uint32_t mark)
{
	if (b->calls->at[call].mark == mark)
		return true;
	b->calls->at[call].mark = mark;
	if (c->count == c->room) {
		c->call = sb_grow(b->arena, c->call, c->count, c->room * 2 + 16, sizeof(*c->call));
		c->room = c->room * 2 + 16;
		if (!c->call)
			return false;
	}
	c->call[c->count++] = call;
	return true;
}

static bool unknown_group(struct sb_binder *b, const struct sb_reader *reader,
			  const struct sb_json *word)
{
	struct sb_nearest nearest = {.word = word->text};

	if (b->native->no_groups) { /* it may be one of those that could not be read */
		return false;
	}
	sb_nearest_try(&nearest, "@known");
	for (uint32_t i = 0; i < b->native->group_count; i++)
		sb_nearest_try(&nearest, b->native->group[i].name);
	if (nearest.best)
		return sb_native_fail(reader, word,
				      "there is no group \"%.64s\"; did you mean \"%s\"?",
				      word->text, nearest.best);
	return sb_native_fail(reader, word, "there is no group \"%.64s\"", word->text);
}

/* A name or number that none of the policy's architectures has. */
static bool nowhere(struct sb_binder *b, const struct sb_reader *reader, const struct sb_json *word)
{
	const char *list = "";

	for (uint32_t a = 0; list && a < b->bound->arch_count; a++)
		list = sb_sprintf(b->arena, "%s%s%s", list, a ? ", " : "", b->bound->arch[a]->name);
	if (!list)
		return sb_native_memory(reader);
	if (word->type == SB_JSON_NUMBER)
		return sb_native_fail(reader, word,
				      "%.*s is a number of x32, which is not among the policy's "
				      "architectures (%s)",
				      (int)word->text_size, word->text, list);
	if (!sb_syscall_known(word->text))
		return sb_native_unknown_name(reader, word);
	return sb_native_fail(
		reader, word,
		"none of the policy's architectures (%s) has a system call \"%.64s\"; "
		"take it out, or make the rule \"optional\"",
		list, word->text);
}

static bool spread_group(struct sb_binder *b, const struct sb_native_group *group);

static bool report_circle(struct sb_binder *b, const struct sb_reader *reader,
			  const struct sb_json *word, const struct sb_native_group *again)
{
	const struct sb_native_calls *calls = b->calls;
	const char *chain = again->name;
	uint32_t i = 0;

	while (calls->open[i] != again)
		i++;
	for (i++; chain && i < calls->depth; i++)
		chain = sb_sprintf(b->arena, "%s has %s", chain, calls->open[i]->name);
	if (!chain)
		return sb_native_memory(reader);
	return sb_native_fail(reader, word, "a group in itself: %s has %s; take one of them out",
			      chain, again->name);
}

/* The members of a group, into c; its own contents were spread before. */
static bool collect_group(struct sb_binder *b, const struct sb_reader *reader,
			  const struct sb_json *word, struct spread **spread)
{
	const struct sb_native_group *group;

	if (!strcmp(word->text, "@known")) {
		*spread = &b->calls->known;
		return spread_known(b) || sb_native_memory(reader);
	}
	group = sb_native_find_group(b->native, word->text);
	if (!group)
		return unknown_group(b, reader, word);
	*spread = &b->calls->group[group - b->native->group];
	if ((*spread)->state == GROUP_OPEN)
		return report_circle(b, reader, word, group);
	if (b->calls->depth == NESTING_MAX)
		return sb_json_fail(reader, word, SECBAKE_ERR_LIMIT,
				    "groups in groups more than %u deep; that is the limit",
				    NESTING_MAX),
		       false;
	if ((*spread)->state == GROUP_NEW)
		return spread_group(b, group);
	return (*spread)->state == GROUP_DONE;
}

/* How a name that is missing is taken. */
enum strictness { MUST_BE_HERE, MUST_BE_KNOWN, MAY_BE_MISSING };

static bool collect_word(struct sb_binder *b, const struct sb_reader *reader,
			 const struct sb_json *word, enum strictness strictness,
			 struct collection *c, uint32_t mark)
{
	struct spread *spread;
	uint32_t call;

	if (word->type == SB_JSON_STRING && *word->text == '@') {
		if (!collect_group(b, reader, word, &spread))
			return false;
		if (spread->mark == mark)
			return true;
		spread->mark = mark;
		for (uint32_t i = 0; i < spread->count; i++)
			if (!collect(b, c, spread->call[i], mark))
				return sb_native_memory(reader);
		return true;
	}
	if (!intern(b, word->type == SB_JSON_STRING ? word->text : NULL, (uint32_t)word->magnitude,
		    &call))
		return sb_native_memory(reader);
	if (!b->calls->at[call].somewhere) {
		if (strictness == MUST_BE_HERE)
			return nowhere(b, reader, word);
		if (strictness == MUST_BE_KNOWN && word->type == SB_JSON_STRING &&
		    !sb_syscall_known(word->text))
			return sb_native_unknown_name(reader, word);
		return true;
	}
	return collect(b, c, call, mark) || sb_native_memory(reader);
}

/*
 * Groups that a list names are spread first: a mark tells what one collection
 * has, and theirs must not come between.
 */
static bool prepare(struct sb_binder *b, const struct sb_reader *reader,
		    const struct sb_json *calls)
{
	struct spread *spread;
	bool good = true;

	if (calls->type == SB_JSON_STRING)
		return *calls->text != '@' || collect_group(b, reader, calls, &spread);
	if (calls->type != SB_JSON_ARRAY)
		return true;
	sb_json_each(word, calls) {
		if (sb_native_over(reader))
			return false;
		if (word->type == SB_JSON_STRING && *word->text == '@')
			good &= collect_group(b, reader, word, &spread);
	}
	return good;
}

static bool collect_all(struct sb_binder *b, const struct sb_reader *reader,
			const struct sb_json *calls, enum strictness strictness,
			struct collection *c)
{
	uint32_t mark;
	bool good = prepare(b, reader, calls);

	mark = ++b->calls->mark;
	if (calls->type != SB_JSON_ARRAY)
		return good && collect_word(b, reader, calls, strictness, c, mark);
	sb_json_each(word, calls) {
		if (sb_native_over(reader))
			return false;
		if (word->type == SB_JSON_STRING && *word->text == '@' && !good)
			continue; /* reported */
		good &= collect_word(b, reader, word, strictness, c, mark);
	}
	return good;
}

static bool spread_group(struct sb_binder *b, const struct sb_native_group *group)
{
	struct sb_native_calls *calls = b->calls;
	struct spread *spread = &calls->group[group - b->native->group];
	const struct sb_reader *reader = &group->spot.doc->reader;
	struct collection c = {0};
	bool good;

	spread->state = GROUP_OPEN;
	calls->open[calls->depth++] = group;
	good = collect_all(b, reader, group->syscalls, MUST_BE_KNOWN, &c);
	calls->depth--;
	spread->call = c.call;
	spread->count = c.count;
	calls->members += c.count;
	if (calls->members > MEMBERS_MAX)
		good = (sb_json_fail(reader, group->spot.node, SECBAKE_ERR_LIMIT,
				     "the groups of this policy have more than %u members; that "
				     "is the limit",
				     MEMBERS_MAX),
			reader->report.faults->over = true, false);
	spread->state = good ? GROUP_DONE : GROUP_WRONG;
	return good;
}

void sb_native_check_groups(struct sb_binder *b)
{
	for (uint32_t i = 0; i < b->native->group_count; i++) {
		const struct sb_native_group *group = &b->native->group[i];

		if (sb_native_over(&group->spot.doc->reader))
			return;
		if (!group->shipped && b->calls->group[i].state == GROUP_NEW)
			spread_group(b, group);
	}
}

bool sb_native_rule_calls(struct sb_binder *b, const struct sb_native_rule *rule, bool in_force,
			  const uint32_t **call, uint32_t *count)
{
	struct collection *c = &b->calls->scratch;
	bool good = true;

	c->count = 0;
	if (rule->syscalls)
		good = collect_all(b, &rule->spot.doc->reader, rule->syscalls,
				   rule->optional || !in_force ? MAY_BE_MISSING : MUST_BE_HERE, c);
	*call = c->call;
	*count = c->count;
	return good;
}
