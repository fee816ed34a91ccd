/* SPDX-License-Identifier: MIT */
/*
 * Firecracker's JSON: several threads' filters in a file, as its seccompiler reads them
 * (docs/seccompiler.md, src/seccompiler/src/backend.rs and compiler.rs). All rules of a
 * filter have one action, so their order means nothing; conditions of one rule are
 * ANDed, rules for one call ORed.
 */
#include "import.h"

#include <inttypes.h>
#include <string.h>

#include "compiler/errnos.h"
#include "compiler/read_json.h"
#include "compiler/syscalls.h"

struct fc_import {
	struct sb_import *import;
	struct sb_reader reader;
	const char *action; /* of every rule */
	uint32_t plain;	    /* index of the rule for calls without conditions and comment */
	bool has_plain;
};

/* An error at a value; false. */
#define FAIL(f, node, ...)                                                                         \
	((f)->import->status = sb_json_fail(&(f)->reader, (node), SECBAKE_ERR_INPUT, __VA_ARGS__), \
	 false)

/* ---- words and members ---- */

/* seccompiler takes no member that it does not know. */
static bool check_members(struct fc_import *f, const struct sb_json *object, const char *what,
			  const char *const *names, size_t count)
{
	if (object->type != SB_JSON_OBJECT)
		return FAIL(f, object, "%s is an object", what);
	sb_json_each(member, object) {
		size_t i = 0;

		while (i < count && strcmp(member->name, names[i]) != 0)
			i++;
		if (i == count)
			return FAIL(f, member, "%s has no member \"%.64s\"", what, member->name);
		if (!strcmp(member->name, "comment") && member->type != SB_JSON_STRING &&
		    member->type != SB_JSON_NULL)
			return FAIL(f, member, "a comment is a string");
	}
	return true;
}

static bool need_member(struct fc_import *f, const struct sb_json *object, const char *name,
			const struct sb_json **found)
{
	*found = sb_json_member(object, name);
	return *found || FAIL(f, object, "\"%s\" is missing", name);
}

static bool read_number(struct fc_import *f, const struct sb_json *value, uint64_t max,
			uint64_t *number)
{
	if (value->type != SB_JSON_NUMBER || value->number != SB_JSON_INTEGER || value->negative ||
	    value->magnitude > max)
		return FAIL(f, value, "this is a whole number from 0 to %" PRIu64, max);
	*number = value->magnitude;
	return true;
}

static const char *errno_text(struct fc_import *f, uint64_t number)
{
	const char *name = sb_errno_name(f->import->arch, (uint32_t)number);

	return name ? sb_import_text(f->import, "errno:%s", name)
		    : sb_import_text(f->import, "errno:%" PRIu64, number);
}

static bool read_action(struct fc_import *f, const struct sb_json *value, const char **action)
{
	static const char *const words[][2] = {
		{"allow", "allow"},
		{"log", "log"},
		{"trap", "trap"},
		{"kill_thread", "kill-thread"},
		{"kill_process", "kill-process"},
	};
	const struct sb_json *data = sb_json_first(value);
	uint64_t number;

	for (size_t i = 0; value->type == SB_JSON_STRING && i < sizeof(words) / sizeof(words[0]);
	     i++) {
		if (!strcmp(value->text, words[i][0])) {
			*action = words[i][1];
			return true;
		}
	}
	if (value->type == SB_JSON_OBJECT && value->count == 1 && !strcmp(data->name, "errno")) {
		if (!read_number(f, data, 4095, &number))
			return false;
		*action = errno_text(f, number);
		return *action;
	}
	if (value->type == SB_JSON_OBJECT && value->count == 1 && !strcmp(data->name, "trace")) {
		if (!read_number(f, data, UINT16_MAX, &number))
			return false;
		*action = sb_import_text(f->import, "trace:%" PRIu64, number);
		return *action;
	}
	return FAIL(f, value,
		    "an action is allow, log, trap, kill_thread, kill_process, "
		    "{\"errno\": N} or {\"trace\": N}");
}

/* ---- conditions ---- */

struct condition {
	uint64_t index, value, mask;
	bool masked;
	uint8_t width;
	const char *op;
};

static bool read_operator(struct fc_import *f, const struct sb_json *value, uint64_t max,
			  struct condition *c)
{
	static const char *const ops[] = {"eq", "ge", "gt", "le", "lt", "ne"};
	const struct sb_json *mask = sb_json_member(value, "masked_eq");

	for (size_t i = 0; value->type == SB_JSON_STRING && i < sizeof(ops) / sizeof(ops[0]); i++)
		if (!strcmp(value->text, ops[i]))
			c->op = ops[i];
	if (c->op)
		return true;
	if (value->type != SB_JSON_OBJECT || value->count != 1 || !mask)
		return FAIL(f, value,
			    "an operator is eq, ge, gt, le, lt, ne or "
			    "{\"masked_eq\": MASK}");
	c->masked = true;
	c->op = "eq";
	return read_number(f, mask, max, &c->mask);
}

static bool read_condition(struct fc_import *f, const struct sb_json *object, struct condition *c)
{
	static const char *const names[] = {"index", "type", "op", "val", "comment"};
	const struct sb_json *index, *type, *op, *value;
	uint64_t max;

	*c = (struct condition){0};
	if (!check_members(f, object, "a condition", names, 5) ||
	    !need_member(f, object, "index", &index) || !need_member(f, object, "type", &type) ||
	    !need_member(f, object, "op", &op) || !need_member(f, object, "val", &value) ||
	    !read_number(f, index, 5, &c->index))
		return false;
	if (type->type != SB_JSON_STRING ||
	    (strcmp(type->text, "dword") != 0 && strcmp(type->text, "qword") != 0))
		return FAIL(f, type, "a type is \"dword\", 32 bits, or \"qword\", 64");
	c->width = *type->text == 'd' ? 32 : 64;
	max = c->width == 32 ? UINT32_MAX : UINT64_MAX;
	if (!read_operator(f, op, max, c) || !read_number(f, value, max, &c->value))
		return false;
	c->value &= c->masked ? c->mask : UINT64_MAX;
	return true;
}

/*
 * Has the matcher room for the condition? It knows each operator once, and a mask beside
 * one of eq, ne and notIn only.
 */
static bool fits(const struct sb_out_matcher *matcher, const struct condition *c)
{
	bool order = *c->op == 'l' || *c->op == 'g';

	for (uint32_t i = 0; i < matcher->test_count; i++) {
		const struct sb_out_test *test = &matcher->test[i];
		bool ordered = *test->op == 'l' || *test->op == 'g';

		if (!strcmp(test->op, c->op) && strcmp(c->op, "ne") != 0)
			return false; /* of ne a list is made */
		if ((test->mask && !order) || (c->masked && !ordered))
			return false;
	}
	return true;
}

static bool add_test(struct fc_import *f, struct sb_out_matcher *matcher, const struct condition *c)
{
	const char *value, *mask = NULL;

	for (uint32_t i = 0; i < matcher->test_count; i++) {
		struct sb_out_test *test = &matcher->test[i];

		if (strcmp(test->op, "ne") != 0 && strcmp(test->op, "notIn") != 0)
			continue;
		if (strcmp(c->op, "ne") != 0)
			continue;
		test->op = "notIn";
		value = sb_import_text(f->import, "%" PRIu64, c->value);
		return value && sb_words_add(f->import, &test->value, value);
	}
	if (c->masked) {
		mask = sb_import_text(f->import, "0x%" PRIx64, c->mask);
		value = mask ? sb_import_text(f->import, "0x%" PRIx64, c->value) : NULL;
	} else {
		value = sb_import_text(f->import, "%" PRIu64, c->value);
	}
	return value && sb_out_test(f->import, matcher, c->op, mask, value);
}

/*
 * A condition in a set. Two on one argument that one matcher cannot hold (of different
 * widths, or one operator twice) stand under its name and under its index.
 */
static bool write_condition(struct fc_import *f, const char *call, struct sb_out_set *set,
			    const struct condition *c, const struct sb_json *object)
{
	struct sb_arg arg[6];
	int count = sb_syscall_args(f->import->arch, call, arg);
	const char *keys[2] = {NULL, sb_import_text(f->import, "%" PRIu64, c->index)};
	enum sb_arg_class class;
	uint8_t natural;

	if (!keys[1])
		return false;
	if (count >= 0 && c->index >= (uint64_t)count)
		return FAIL(f, object,
			    "%s has no argument %" PRIu64 " on %s, and the native language "
			    "compares only arguments that there are; take the condition out",
			    call, c->index, f->import->arch->name);
	class = count < 0 ? SB_ARG_NONE : arg[c->index].class;
	keys[0] = count < 0 ? keys[1] : arg[c->index].name;
	natural = class == SB_ARG_NONE || class == SB_ARG_PTR || class == SB_ARG_U64 ||
				  class == SB_ARG_S64
			  ? 64
			  : 32;
	for (size_t i = 0; i < 2; i++) {
		struct sb_out_matcher *matcher = sb_out_matcher(f->import, set, keys[i]);
		uint8_t width = c->width == natural ? 0 : c->width;

		if (!matcher)
			return false;
		if (matcher->test_count && (matcher->width != width || !fits(matcher, c)))
			continue;
		matcher->width = width;
		if ((*c->op == 'l' || *c->op == 'g') &&
		    (class == SB_ARG_S32 || class == SB_ARG_S64 || class == SB_ARG_FD))
			matcher->is_signed = 0;
		return add_test(f, matcher, c);
	}
	return FAIL(f, object,
		    "more conditions on argument %" PRIu64 " than one matcher of the "
		    "native language holds; say them as one, or as several rules",
		    c->index);
}

/* ---- rules ---- */

/* The comment of a rule, or of its condition on an argument, NULL: the rule's own. */
static bool add_comment(struct fc_import *f, struct sb_out_rule *rule, const struct sb_json *object,
			const char *argument)
{
	const struct sb_json *comment = sb_json_member(object, "comment");
	const char *text;

	if (!comment || comment->type != SB_JSON_STRING || !comment->text_size)
		return true;
	text = argument ? sb_import_text(f->import, "(%s: %s)", argument, comment->text)
			: comment->text;
	return text && sb_words_add(f->import, &rule->comment, text);
}

static bool write_args(struct fc_import *f, const char *call, struct sb_out_rule *rule,
		       const struct sb_json *args)
{
	struct sb_out_set *set = sb_out_set(f->import, rule);

	if (!set)
		return false;
	sb_json_each(object, args) {
		struct condition c;

		if (!read_condition(f, object, &c) || !write_condition(f, call, set, &c, object) ||
		    !add_comment(f, rule, object, set->matcher[set->matcher_count - 1].argument))
			return false;
	}
	return true;
}

/* Calls of which nothing else is said share a rule. */
static struct sb_out_rule *rule_for(struct fc_import *f, bool plain)
{
	struct sb_out_layer *layer = f->import->policy.layer;
	struct sb_out_rule *rule;

	if (plain && f->has_plain)
		return &layer->rule[f->plain];
	rule = sb_out_rule(f->import, layer);
	if (rule && plain) {
		f->has_plain = true;
		f->plain = layer->rule_count - 1;
	}
	if (rule)
		rule->action = f->action;
	return rule;
}

static bool write_rule(struct fc_import *f, const struct sb_json *object)
{
	static const char *const names[] = {"syscall", "args", "comment"};
	const struct sb_json *name, *args, *comment;
	const struct secbake_arch *arch = f->import->arch;
	struct sb_out_rule *rule;
	uint32_t nr;

	if (!check_members(f, object, "a rule", names, 3) ||
	    !need_member(f, object, "syscall", &name))
		return false;
	if (name->type != SB_JSON_STRING)
		return FAIL(f, name, "a system call is named by a string");
	if (!sb_syscall_number(arch, name->text, &nr)) {
		const char *near = sb_syscall_nearest(name->text);

		return FAIL(f, name, "%s has no system call \"%.64s\"%s%s%s", arch->name,
			    name->text, near ? "; did you mean \"" : "", near ? near : "",
			    near ? "\"?" : "");
	}
	args = sb_json_member(object, "args");
	comment = sb_json_member(object, "comment");
	if (args && args->type != SB_JSON_ARRAY && args->type != SB_JSON_NULL)
		return FAIL(f, args, "\"args\" is a list of conditions");
	if (args && !args->count)
		args = NULL; /* none is always */
	rule = rule_for(f, !args && (!comment || comment->type == SB_JSON_NULL));
	return rule && sb_words_add(f->import, &rule->syscalls, name->text) &&
	       add_comment(f, rule, object, NULL) &&
	       (!args || write_args(f, name->text, rule, args));
}

static bool write_filter(struct fc_import *f, const struct sb_json *object)
{
	static const char *const names[] = {"default_action", "filter_action", "filter"};
	const struct sb_json *otherwise, *action, *list;
	struct sb_out_policy *policy = &f->import->policy;

	if (!check_members(f, object, "a filter", names, 3) ||
	    !need_member(f, object, "default_action", &otherwise) ||
	    !need_member(f, object, "filter_action", &action) ||
	    !need_member(f, object, "filter", &list) ||
	    !read_action(f, otherwise, &policy->default_action) ||
	    !read_action(f, action, &f->action))
		return false;
	if (!strcmp(f->action, policy->default_action))
		return FAIL(f, action,
			    "the rules' action is the default's; nothing would be filtered");
	if (list->type != SB_JSON_ARRAY)
		return FAIL(f, list, "\"filter\" is a list of rules");
	policy->foreign = "kill-process";
	if (!sb_words_add(f->import, &policy->architectures, "native") || !sb_out_layer(f->import))
		return false;
	sb_json_each(rule, list)
		if (!write_rule(f, rule))
			return false;
	return true;
}

/* ---- threads ---- */

#define PARTS_SHOWN 20u

/* An error that lists the filters that there are. */
static bool fail_part(struct fc_import *f, const struct sb_json *root)
{
	const char *part = f->import->options->part, *list = "";

	sb_json_each(filter, root) {
		if (filter->index == PARTS_SHOWN)
			break;
		list = sb_import_text(f->import, "%s%s%.64s", list, filter->index ? ", " : "",
				      filter->name);
		if (!list)
			return false;
	}
	if (part)
		return FAIL(f, root, "there is no filter \"%.64s\"; the file has %s", part, list);
	return FAIL(f, root, "the file has the filters %s, a policy each; choose with --part",
		    list);
}

static bool choose_filter(struct fc_import *f, const struct sb_json *root)
{
	const char *part = f->import->options->part;
	const struct sb_json *filter;

	if (root->type != SB_JSON_OBJECT || !root->count)
		return FAIL(f, root, "the file is an object of filters by the names of threads");
	filter = part ? sb_json_member(root, part) : sb_json_first(root);
	if (!filter || (!part && root->count > 1))
		return fail_part(f, root);
	return write_filter(f, filter);
}

bool sb_import_firecracker(struct sb_import *import, struct sb_import_file *file)
{
	struct fc_import f = {.import = import,
			      .reader = {.arena = import->arena, .report = import->report}};
	const struct sb_json *root;

	if (strcmp(import->arch->name, "x86_64") != 0 &&
	    strcmp(import->arch->name, "aarch64") != 0 &&
	    strcmp(import->arch->name, "riscv64") != 0)
		return sb_import_fail(import, 0,
				      "Firecracker's filters are for x86_64, aarch64 and "
				      "riscv64; choose with --arch");
	import->status = sb_json_parse(&f.reader, &file->text, &root);
	return import->status == SECBAKE_OK && choose_filter(&f, root);
}
