/* SPDX-License-Identifier: MIT */
/* Rules of the oci dialect, and the names of calls in them. */
#include "read_oci.h"

#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>

#include "syscalls.h"

#define SUGGESTIONS_MAX 64 /* searching neighbours for each of 10^5 wrong names would take long */

/* A name where it stands, while names are collected. */
struct use {
	const char *name; /* NULL once it turned out to be unknown */
	uint32_t rule, order;
	const struct sb_json *node;
};

struct oci_reader {
	const struct sb_reader *reader;
	struct sb_oci *oci;
	struct sb_oci_rule *rule;
	struct use *use;
	uint32_t use_count;
};

static enum secbake_status out_of_memory(const struct sb_reader *reader)
{
	return secbake_error_set(reader->report.error, SECBAKE_ERR_MEMORY, 0, "out of memory");
}

/* The text of an optional string; empty is absent, as for Go. */
const char *sb_oci_text(const struct sb_json *value)
{
	return value && value->text_size ? value->text : NULL;
}

/* The number that a string asks for, as on the machines that profiles are written on. */
static uint64_t errno_number(const struct sb_oci_action *action)
{
	if (!action->errno_name)
		return action->data;
	return sb_errno_value(action->errno_name, secbake_arch_find("x86_64"));
}

/*
 * The data of an action: errno, else errnoRet, else EPERM for those that carry
 * one, as runc with libseccomp has it (its TRAP ignores errnoRet).
 */
enum secbake_status sb_oci_read_data(const struct sb_reader *reader, const struct sb_json *word,
				     const struct sb_json *errno_ret,
				     const struct sb_json *errno_name, struct sb_oci_action *action)
{
	bool carries = action->ret == SECCOMP_RET_ERRNO || action->ret == SECCOMP_RET_TRACE;
	const struct sb_json *from = sb_oci_text(errno_name) ? errno_name : errno_ret;
	enum secbake_status status = SECBAKE_OK;
	uint64_t number = 1; /* EPERM, on every architecture */

	if (errno_ret && errno_ret->number == SB_JSON_BIG && !errno_ret->negative)
		number = UINT64_MAX; /* too large below, with the limit that counts there */
	else if (errno_ret)
		status = sb_json_unsigned(reader, errno_ret, UINT64_MAX, &number);
	action->data = number > UINT16_MAX ? UINT32_MAX : (uint32_t)number;
	if (status == SECBAKE_OK && sb_oci_text(errno_name)) {
		status = sb_oci_read_errno(reader, errno_name, action);
		if (status == SECBAKE_OK && errno_ret && errno_number(action) != number)
			status = sb_json_warn(
				reader, errno_name,
				"\"%s\" and \"%s\" differ; Podman takes \"%s\", Docker "
				"\"%s\"; secbake takes \"%s\"",
				errno_name->name, errno_ret->name, errno_name->name,
				errno_ret->name, errno_name->name);
	}
	if (status != SECBAKE_OK)
		return status;
	if (!carries) {
		action->data = 0;
		action->errno_name = NULL;
		return from ? sb_json_warn(reader, from, "\"%s\" has no effect with %s", from->name,
					   word->text)
			    : SECBAKE_OK;
	}
	if (!action->errno_name && action->ret == SECCOMP_RET_ERRNO && action->data > 4095)
		return sb_json_fail(reader, from, SECBAKE_ERR_INPUT,
				    "\"%s\" is %.*s; error numbers end at 4095", from->name,
				    from->text_size < 40 ? (int)from->text_size : 40, from->text);
	if (!action->errno_name && action->data > UINT16_MAX)
		return sb_json_fail(reader, from, SECBAKE_ERR_INPUT,
				    "\"%s\" is %.*s; a tracer gets 16 bits, 65535 at most",
				    from->name, from->text_size < 40 ? (int)from->text_size : 40,
				    from->text);
	return SECBAKE_OK;
}

static enum secbake_status read_caps(const struct sb_reader *reader, const struct sb_json *list,
				     struct sb_oci_filter *filter)
{
	const char **cap = sb_alloc(reader->arena, list->count, sizeof(*cap));

	if (!cap)
		return out_of_memory(reader);
	sb_json_each(word, list) {
		enum secbake_status status = sb_oci_read_capability(reader, word);

		if (status != SECBAKE_OK)
			return status;
		cap[word->index] = word->text;
	}
	filter->cap = cap;
	filter->cap_count = list->count;
	return SECBAKE_OK;
}

static enum secbake_status read_go_arches(const struct sb_reader *reader,
					  const struct sb_json *list, struct sb_oci_filter *filter)
{
	const struct secbake_arch **arch = sb_alloc(reader->arena, list->count, sizeof(*arch));

	if (!arch)
		return out_of_memory(reader);
	sb_json_each(word, list) {
		enum secbake_status status = sb_oci_read_go_arch(reader, word, &arch[word->index]);

		if (status != SECBAKE_OK)
			return status;
	}
	filter->arch = arch;
	filter->arch_count = list->count;
	return SECBAKE_OK;
}

static enum secbake_status read_filter(const struct sb_reader *reader, const struct sb_json *object,
				       const char *what, struct sb_oci_filter *filter)
{
	enum { CAPS, ARCHES, MIN_KERNEL, FIELDS };
	static const struct sb_json_field fields[FIELDS] = {
		[CAPS] = {"caps", SB_JSON_ARRAY, false},
		[ARCHES] = {"arches", SB_JSON_ARRAY, false},
		[MIN_KERNEL] = {"minKernel", SB_JSON_STRING, false},
	};
	const struct sb_json *found[FIELDS];
	enum secbake_status status;

	if (!object)
		return SECBAKE_OK;
	status = sb_json_fields(reader, object, what, fields, FIELDS, found);
	if (status == SECBAKE_OK && found[CAPS])
		status = read_caps(reader, found[CAPS], filter);
	if (status == SECBAKE_OK && found[ARCHES])
		status = read_go_arches(reader, found[ARCHES], filter);
	if (status == SECBAKE_OK && found[MIN_KERNEL])
		status = sb_oci_read_kernel(reader, found[MIN_KERNEL], &filter->min_kernel);
	return status;
}

/*
 * Conditions of a rule are one clause; but when two are on one argument, each
 * is a clause of its own (OR), as runc makes of them rules of their own.
 */
static enum secbake_status read_args(const struct sb_reader *reader, const struct sb_json *list,
				     struct sb_oci_rule *rule)
{
	struct sb_cond *cond = sb_alloc(reader->arena, list->count, sizeof(*cond));
	struct sb_interval *interval = sb_alloc(reader->arena, list->count, sizeof(*interval));
	struct sb_clause *clause;
	enum secbake_status status;
	uint32_t seen = 0, twice = 6;

	if (!cond || !interval)
		return out_of_memory(reader);
	sb_json_each(object, list) {
		struct sb_cond *at = &cond[object->index];

		status = sb_oci_read_condition(reader, object, at, &interval[object->index]);
		if (status != SECBAKE_OK)
			return status;
		if (twice == 6 && (seen & 1u << at->arg))
			twice = at->arg;
		seen |= 1u << at->arg;
	}
	rule->clause_count = twice == 6 ? 1 : list->count;
	clause = sb_alloc(reader->arena, rule->clause_count, sizeof(*clause));
	if (!clause)
		return out_of_memory(reader);
	for (uint32_t i = 0; i < rule->clause_count; i++)
		clause[i] = (struct sb_clause){twice == 6 ? list->count : 1, &cond[i]};
	rule->clause = clause;
	if (twice < 6)
		return sb_json_warn(
			reader, list,
			"two conditions on argument %u: as with runc, one condition of this "
			"rule is enough then (OR); write a rule each if that is meant",
			twice);
	return SECBAKE_OK;
}

static void add_use(struct oci_reader *r, uint32_t rule, const struct sb_json *node)
{
	r->use[r->use_count] =
		(struct use){.name = node->text, .rule = rule, .order = r->use_count, .node = node};
	r->use_count++;
}

/* runc cannot hand the listener over once write asks that very listener. */
static enum secbake_status check_notify(const struct sb_reader *reader, const struct sb_json *name,
					uint32_t ret)
{
	if (ret == SECCOMP_RET_USER_NOTIF && !strcmp(name->text, "write"))
		return sb_json_warn(reader, name, "runc refuses SCMP_ACT_NOTIFY for write");
	return SECBAKE_OK;
}

static enum secbake_status read_names(struct oci_reader *r, const struct sb_json *object,
				      uint32_t rule, const struct sb_json *name,
				      const struct sb_json *names)
{
	const struct sb_reader *reader = r->reader;
	uint32_t ret = r->rule[rule].action.ret;
	enum secbake_status status;

	if (sb_oci_text(name) && names && names->count)
		return sb_json_fail(
			reader, name, SECBAKE_ERR_INPUT,
			"both \"name\" and \"names\" are given; move this one into \"names\"");
	if (sb_oci_text(name)) {
		add_use(r, rule, name);
		return check_notify(reader, name, ret);
	}
	if (!names && name)
		return sb_json_fail(reader, name, SECBAKE_ERR_INPUT,
				    "\"name\" is empty; name a system call");
	if (!names)
		return sb_json_fail(
			reader, object, SECBAKE_ERR_INPUT,
			"a rule lacks \"names\", the list of system calls that it is for");
	if (!names->count)
		return sb_json_warn(reader, names, "\"names\" is empty; this rule has no effect");
	sb_json_each(word, names) {
		status = sb_json_expect(reader, word, SB_JSON_STRING);
		if (status == SECBAKE_OK && !word->text_size)
			status = sb_json_fail(reader, word, SECBAKE_ERR_INPUT,
					      "empty; name a system call, or take the entry out");
		if (status == SECBAKE_OK)
			status = check_notify(reader, word, ret);
		if (status != SECBAKE_OK)
			return status;
		add_use(r, rule, word);
	}
	return SECBAKE_OK;
}

static enum secbake_status read_rule(struct oci_reader *r, const struct sb_json *object)
{
	enum { NAMES, NAME, ACTION, ERRNO_RET, ERRNO, ARGS, COMMENT, INCLUDES, EXCLUDES, FIELDS };
	static const struct sb_json_field fields[FIELDS] = {
		[NAMES] = {"names", SB_JSON_ARRAY, false},
		[NAME] = {"name", SB_JSON_STRING, false},
		[ACTION] = {"action", SB_JSON_STRING, true},
		[ERRNO_RET] = {"errnoRet", SB_JSON_NUMBER, false},
		[ERRNO] = {"errno", SB_JSON_STRING, false},
		[ARGS] = {"args", SB_JSON_ARRAY, false},
		[COMMENT] = {"comment", SB_JSON_STRING, false},
		[INCLUDES] = {"includes", SB_JSON_OBJECT, false},
		[EXCLUDES] = {"excludes", SB_JSON_OBJECT, false},
	};
	const struct sb_reader *reader = r->reader;
	const struct sb_json *found[FIELDS];
	struct sb_oci_rule *rule = &r->rule[object->index];
	enum secbake_status status =
		sb_json_fields(reader, object, "a rule", fields, FIELDS, found);

	if (status != SECBAKE_OK)
		return status;
	if (!sb_json_place(reader, object, &rule->place))
		return out_of_memory(reader);
	status = sb_oci_read_action(reader, found[ACTION], &rule->action.ret);
	if (status == SECBAKE_OK)
		status = read_names(r, object, object->index, found[NAME], found[NAMES]);
	if (status == SECBAKE_OK)
		status = sb_oci_read_data(reader, found[ACTION], found[ERRNO_RET], found[ERRNO],
					  &rule->action);
	if (status == SECBAKE_OK && found[ARGS] && found[ARGS]->count)
		status = read_args(reader, found[ARGS], rule);
	if (status == SECBAKE_OK)
		status = read_filter(reader, found[INCLUDES], "\"includes\"", &rule->includes);
	if (status == SECBAKE_OK)
		status = read_filter(reader, found[EXCLUDES], "\"excludes\"", &rule->excludes);
	return status;
}

static int compare_names(const void *a, const void *b)
{
	const struct use *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order ? order : (x->order > y->order) - (x->order < y->order);
}

static int compare_rules(const void *a, const void *b)
{
	const struct use *x = a, *y = b;

	if (x->rule != y->rule)
		return x->rule < y->rule ? -1 : 1;
	return (x->order > y->order) - (x->order < y->order);
}

static enum secbake_status unknown_name(const struct sb_reader *reader, const struct sb_json *name,
					bool suggest)
{
	const char *near = suggest ? sb_syscall_nearest(name->text) : NULL;

	if (near)
		return sb_json_warn(
			reader, name,
			"no architecture has a system call \"%.64s\", it is skipped; did "
			"you mean \"%s\"?",
			name->text, near);
	return sb_json_warn(reader, name,
			    "no architecture has a system call \"%.64s\", it is skipped",
			    name->text);
}

/* Unknown names are reported in document order: uses are sorted by rule again. */
static enum secbake_status report_unknown(struct oci_reader *r)
{
	uint32_t suggestions = 0;

	for (uint32_t i = 0; i < r->use_count; i++) {
		enum secbake_status status;

		if (r->use[i].name)
			continue;
		status = unknown_name(r->reader, r->use[i].node, suggestions++ < SUGGESTIONS_MAX);
		if (status != SECBAKE_OK)
			return status;
	}
	return SECBAKE_OK;
}

static int compare_numbers(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* Gives each rule its part of all, which holds the uses' names in order of rules. */
static void hand_out_names(struct oci_reader *r, const uint32_t *id, uint32_t *all)
{
	uint32_t used = 0;

	for (uint32_t i = 0; i < r->use_count;) {
		struct sb_oci_rule *rule = &r->rule[r->use[i].rule];
		uint32_t first = used, end = i, kept = used;

		for (; end < r->use_count && r->use[end].rule == r->use[i].rule; end++)
			if (r->use[end].name)
				all[used++] = id[r->use[end].order];
		qsort(all + first, used - first, sizeof(*all), compare_numbers);
		for (uint32_t j = first; j < used; j++)
			if (j == first || all[j] != all[j - 1])
				all[kept++] = all[j];
		rule->name = all + first;
		rule->name_count = kept - first;
		used = kept;
		i = end;
	}
}

/*
 * Numbers the distinct names that exist anywhere, so that looking them up and
 * gathering their rules takes each name once however often it stands there.
 */
static enum secbake_status number_names(struct oci_reader *r)
{
	const struct sb_reader *reader = r->reader;
	const char **name = sb_alloc(reader->arena, r->use_count, sizeof(*name));
	uint32_t *id = sb_alloc(reader->arena, r->use_count, sizeof(*id));
	uint32_t *all = sb_alloc(reader->arena, r->use_count, sizeof(*all));
	uint32_t count = 0;
	enum secbake_status status;

	if (!name || !id || !all)
		return out_of_memory(reader);
	qsort(r->use, r->use_count, sizeof(*r->use), compare_names);
	for (uint32_t i = 0; i < r->use_count;) {
		const char *this = r->use[i].name;
		bool known = sb_syscall_known(this);

		for (; i < r->use_count && !strcmp(r->use[i].node->text, this); i++) {
			id[r->use[i].order] = count;
			if (!known)
				r->use[i].name = NULL;
		}
		if (known)
			name[count++] = this;
	}
	qsort(r->use, r->use_count, sizeof(*r->use), compare_rules);
	status = report_unknown(r);
	if (status != SECBAKE_OK)
		return status;
	hand_out_names(r, id, all);
	r->oci->name = name;
	r->oci->name_count = count;
	return SECBAKE_OK;
}

enum secbake_status sb_oci_read_rules(const struct sb_reader *reader, const struct sb_json *list,
				      struct sb_oci *oci)
{
	struct oci_reader r = {.reader = reader, .oci = oci};
	uint32_t room = list->span; /* no more names than nodes */

	r.rule = sb_alloc(reader->arena, list->count, sizeof(*r.rule));
	r.use = sb_alloc(reader->arena, room, sizeof(*r.use));
	if (!r.rule || !r.use)
		return out_of_memory(reader);
	sb_json_each(object, list) {
		enum secbake_status status = read_rule(&r, object);

		if (status != SECBAKE_OK)
			return status;
	}
	oci->rule = r.rule;
	oci->rule_count = list->count;
	return number_names(&r);
}
