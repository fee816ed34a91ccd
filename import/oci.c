/* SPDX-License-Identifier: MIT */
/*
 * OCI profiles in the native language, deciding as docs/policy.md has the oci dialect decide:
 * a rule without conditions before all that have some, each kind in the profile's order,
 * which is the order in which the native language looks at them.
 *
 * includes.arches and excludes.arches ask for the target, and the native "arch" for the
 * call; so they are decided here, for --arch. Capabilities and kernels stay conditions.
 */
#include "oci.h"

#include <linux/seccomp.h>
#include <string.h>

#include "compiler/capabilities.h"
#include "compiler/mux.h"
#include "compiler/syscalls.h"

/* ---- what the profile is about ---- */

static bool add_arch(struct oci_import *o, const struct sb_oci_arch *listed)
{
	for (uint32_t i = 0; i < o->arch_count; i++)
		if (o->arch[i] == listed->arch)
			return true;
	if (listed->arch->big_endian != o->import->arch->big_endian)
		return sb_import_fail(o->import, listed->place.line,
				      "%s has another byte order than the target, %s; one filter "
				      "cannot serve both, take it out",
				      listed->arch->scmp_name, o->import->arch->name);
	if (o->arch_count == OCI_ARCHES_MAX)
		return sb_import_fail(o->import, listed->place.line,
				      "more architectures than there are");
	o->arch[o->arch_count++] = listed->arch;
	return true;
}

static bool collect_arches(struct oci_import *o)
{
	const struct sb_oci *oci = o->oci;
	const struct sb_oci_arch *listed = oci->arch;
	uint32_t count = oci->arch_count;

	o->arch[o->arch_count++] = o->import->arch;
	for (uint32_t i = 0; i < oci->map_count; i++) {
		if (oci->map[i].arch != o->import->arch)
			continue;
		listed = oci->map[i].sub;
		count = oci->map[i].sub_count;
		break;
	}
	for (uint32_t i = 0; i < count; i++)
		if (!add_arch(o, &listed[i]))
			return false;
	for (uint32_t i = 0; i < o->arch_count; i++)
		if (!sb_words_add(o->import, &o->import->policy.architectures,
				  i ? o->arch[i]->name : "native"))
			return false;
	return true;
}

static uint32_t raw_action(const struct oci_import *o, const struct sb_oci_action *action)
{
	return action->ret |
	       (action->errno_name ? sb_errno_value(action->errno_name, o->import->arch)
				   : action->data);
}

/* The name of an error number, where all architectures number it alike. */
static const char *errno_text(struct oci_import *o, uint32_t number)
{
	const char *name = sb_errno_name(o->import->arch, number);

	for (uint32_t i = 0; name && i < o->arch_count; i++)
		if (sb_errno_value(sb_errno_find(name), o->arch[i]) != number)
			name = NULL;
	return name ? sb_import_text(o->import, "errno:%s", name)
		    : sb_import_text(o->import, "errno:%u", number);
}

static const char *action_text(struct oci_import *o, const struct sb_oci_action *action)
{
	uint32_t data = raw_action(o, action) & SECCOMP_RET_DATA;

	switch (action->ret) {
	case SECCOMP_RET_ALLOW:
		return "allow";
	case SECCOMP_RET_LOG:
		return "log";
	case SECCOMP_RET_USER_NOTIF:
		return "notify";
	case SECCOMP_RET_TRAP:
		return "trap";
	case SECCOMP_RET_KILL_THREAD:
		return "kill-thread";
	case SECCOMP_RET_KILL_PROCESS:
		return "kill-process";
	case SECCOMP_RET_TRACE:
		return sb_import_text(o->import, "trace:%u", data);
	default:
		return errno_text(o, data);
	}
}

/* ---- rules in force ---- */

static bool names_target(const struct oci_import *o, const struct sb_oci_filter *filter)
{
	for (uint32_t i = 0; i < filter->arch_count; i++)
		if (filter->arch[i] == o->import->arch)
			return true;
	return false;
}

static bool is_for_target(const struct oci_import *o, const struct sb_oci_rule *rule)
{
	for (uint32_t i = 0; i < rule->includes.cap_count; i++)
		if (!sb_capability_known(rule->includes.cap[i]))
			return false; /* nobody can have it; the reader has warned */
	return !names_target(o, &rule->excludes) &&
	       (!rule->includes.arch_count || names_target(o, &rule->includes));
}

/* Adds a line to the policy's comment: "...: the rules at lines 12, 30." */
static bool tell_left_out(struct oci_import *o, const char *why, const struct sb_words *lines)
{
	const char *text = why;

	for (uint32_t i = 0; text && i < lines->count; i++)
		text = sb_import_text(o->import, "%s%s %s", text, i ? "," : "", lines->word[i]);
	text = text ? sb_import_text(o->import, "%s.", text) : NULL;
	return text && (!lines->count || sb_words_add(o->import, &o->import->policy.comment, text));
}

/* At most so many lines are named: joining them takes the square of their number. */
#define LINES_SHOWN 50u

static bool choose_actions(struct oci_import *o)
{
	uint32_t default_raw = raw_action(o, &o->oci->default_action);
	struct sb_words other = {0}, same = {0};

	for (uint32_t i = 0; i < o->oci->rule_count; i++) {
		const struct sb_oci_rule *rule = &o->oci->rule[i];
		bool here = is_for_target(o, rule);
		struct sb_words *lines = here ? &same : &other;

		if (here && raw_action(o, &rule->action) != default_raw) {
			o->action[i] = action_text(o, &rule->action);
			if (!o->action[i])
				return false;
		} else if (lines->count < LINES_SHOWN) {
			const char *line = sb_import_text(
				o->import, lines->count + 1 < LINES_SHOWN ? "%u" : "%u ...",
				rule->place.line);

			if (!line || !sb_words_add(o->import, lines, line))
				return false;
		}
	}
	return tell_left_out(o, "Not in force on this target, and left out: the rules at lines",
			     &other) &&
	       tell_left_out(o,
			     "They say what the default says, and are left out: the rules at lines",
			     &same);
}

/* ---- writing ---- */

static bool write_filter(struct oci_import *o, const struct sb_oci_filter *from,
			 struct sb_out_filter *to)
{
	for (uint32_t i = 0; i < from->cap_count; i++)
		if (sb_capability_known(from->cap[i]) &&
		    !sb_words_add(o->import, &to->cap, from->cap[i]))
			return false;
	if (!from->min_kernel)
		return true;
	to->min_kernel = sb_import_text(o->import, "%u.%u", from->min_kernel >> 16,
					from->min_kernel & 0xffff);
	return to->min_kernel;
}

static bool write_comment(struct oci_import *o, const struct sb_json *object,
			  struct sb_words *words)
{
	const struct sb_json *comment = sb_json_member(object, "comment");
	const char *text = comment ? sb_oci_text(comment) : NULL;

	return !text || sb_words_add(o->import, words, text);
}

static bool tell_unknown_name(struct oci_import *o, const struct sb_json *name,
			      struct sb_words *words)
{
	const char *text;

	if (!name || name->type != SB_JSON_STRING || !name->text_size ||
	    sb_syscall_known(name->text))
		return true;
	text = sb_import_text(o->import,
			      "Not imported, line %u: no architecture has a system call \"%s\".",
			      name->line, name->text);
	return text && sb_words_add(o->import, words, text);
}

/* A sentence for each name that no architecture has; the reader has warned of it. */
static bool tell_unknown(struct oci_import *o, uint32_t index, struct sb_words *words)
{
	const struct sb_json *names = sb_json_member(o->rule[index], "names");

	if (names && names->count)
		sb_json_each(name, names)
			if (!tell_unknown_name(o, name, words))
				return false;
	return tell_unknown_name(o, sb_json_member(o->rule[index], "name"), words);
}

/* Could a policy be for architectures that all lack the call? */
static bool may_lack(const struct oci_import *o, const char *name)
{
	uint32_t nr;

	for (uint32_t a = 0; a < o->arch_count; a++)
		if (sb_syscall_number(o->arch[a], name, &nr))
			return !sb_syscall_number(secbake_arch_find("x86_64"), name, &nr) ||
			       !sb_syscall_number(secbake_arch_find("aarch64"), name, &nr);
	return true;
}

static struct sb_out_rule *new_rule(struct oci_import *o, uint32_t index)
{
	struct sb_out_rule *rule = sb_out_rule(o->import, o->import->policy.layer);

	if (!rule || !write_filter(o, &o->oci->rule[index].includes, &rule->when) ||
	    !write_filter(o, &o->oci->rule[index].excludes, &rule->unless))
		return NULL;
	rule->action = o->action[index];
	return rule;
}

static bool write_rule(struct oci_import *o, uint32_t index)
{
	const struct sb_oci_rule *from = &o->oci->rule[index];
	struct sb_out_rule *rule;

	if (!from->name_count)
		return tell_unknown(o, index, &o->import->policy.comment);
	rule = new_rule(o, index);
	if (!rule || !write_comment(o, o->rule[index], &rule->comment) ||
	    !tell_unknown(o, index, &rule->comment))
		return false;
	for (uint32_t i = 0; i < from->name_count; i++) {
		const char *name = o->oci->name[from->name[i]];

		if (!sb_words_add(o->import, &rule->syscalls, name))
			return false;
		rule->optional |= may_lack(o, name);
	}
	return !from->clause_count || sb_oci_write_args(o, rule, index);
}

/* Does a rule without conditions of any kind decide the carrier alone? */
static bool is_decided(const struct oci_import *o, const char *carrier)
{
	for (uint32_t i = 0; i < o->oci->rule_count; i++) {
		const struct sb_oci_rule *rule = &o->oci->rule[i];

		if (!o->action[i] || rule->clause_count || rule->includes.cap_count ||
		    rule->includes.min_kernel || rule->excludes.cap_count ||
		    rule->excludes.min_kernel)
			continue;
		for (uint32_t j = 0; j < rule->name_count; j++)
			if (!strcmp(o->oci->name[rule->name[j]], carrier))
				return true;
	}
	return false;
}

static bool has_carrier(const struct oci_import *o, const char *carrier)
{
	uint32_t nr;

	for (uint32_t a = 0; a < o->arch_count; a++)
		if (sb_syscall_number(o->arch[a], carrier, &nr))
			return true;
	return false;
}

/* What a rule without conditions says of calls that some architecture carries. */
static bool write_carried(struct oci_import *o, uint32_t index, const char *carrier)
{
	const struct sb_oci_rule *from = &o->oci->rule[index];
	struct sb_out_matcher *matcher;
	struct sb_out_test *test = NULL;
	struct sb_out_rule *rule = NULL;

	for (uint32_t i = 0; i < from->name_count; i++) {
		uint32_t call;
		const struct sb_mux *mux = sb_mux_find(o->oci->name[from->name[i]], &call);
		const char *value;

		if (!mux || strcmp(mux->carrier, carrier) != 0)
			continue;
		value = sb_import_text(o->import, "%u", call);
		if (!value)
			return false;
		if (test) {
			if (!sb_words_add(o->import, &test->value, value))
				return false;
			continue;
		}
		rule = new_rule(o, index);
		if (!rule || !sb_out_set(o->import, rule) ||
		    !sb_words_add(o->import, &rule->syscalls, carrier) ||
		    !sb_words_add(o->import, &rule->comment,
				  "The calls that it carries, as rules above have them."))
			return false;
		rule->optional = true;
		matcher = sb_out_matcher(o->import, rule->set, "0");
		test = matcher ? sb_out_test(o->import, matcher, "in",
					     strcmp(carrier, "ipc") ? NULL : "0xffff", value)
			       : NULL;
		if (!test)
			return false;
	}
	return true;
}

static bool write_rules(struct oci_import *o)
{
	static const char *const carriers[] = {"socketcall", "ipc"};
	bool open[2];

	for (size_t j = 0; j < 2; j++)
		open[j] = has_carrier(o, carriers[j]) && !is_decided(o, carriers[j]);
	for (uint32_t i = 0; i < o->oci->rule_count; i++)
		if (o->action[i] && !o->oci->rule[i].clause_count && !write_rule(o, i))
			return false;
	for (uint32_t i = 0; i < o->oci->rule_count; i++) {
		if (!o->action[i])
			continue;
		if (o->oci->rule[i].clause_count) {
			if (!write_rule(o, i))
				return false;
			continue;
		}
		for (size_t j = 0; j < 2; j++)
			if (open[j] && !write_carried(o, i, carriers[j]))
				return false;
	}
	return true;
}

static bool write_flags(struct oci_import *o, const struct sb_document *document)
{
	static const struct {
		uint32_t flag;
		const char *word;
	} flags[] = {
		{SECBAKE_FLAG_TSYNC, "tsync"},
		{SECBAKE_FLAG_LOG, "log"},
		{SECBAKE_FLAG_SPEC_ALLOW, "spec-allow"},
		{SECBAKE_FLAG_WAIT_KILLABLE_RECV, "wait-killable-recv"},
	};
	uint32_t given = o->oci->flags_given ? o->oci->flags : SECBAKE_FLAG_SPEC_ALLOW;
	struct sb_out_policy *policy = &o->import->policy;

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if ((given & flags[i].flag) &&
		    !sb_words_add(o->import, &policy->flags, flags[i].word))
			return false;
	policy->listener = document->listener_path;
	policy->metadata = document->listener_metadata;
	return true;
}

static bool write_policy(struct oci_import *o, const struct sb_document *document)
{
	struct sb_out_policy *policy = &o->import->policy;
	uint32_t ret = o->oci->default_action.ret;

	if (!write_comment(o, o->profile, &policy->comment) || !collect_arches(o) ||
	    !choose_actions(o))
		return false;
	if (ret != SECCOMP_RET_ALLOW && ret != SECCOMP_RET_LOG && ret != SECCOMP_RET_TRACE &&
	    !sb_words_add(o->import, &policy->comment,
			  "runc answers ENOSYS to calls above the largest number that is named: so "
			  "does this with --enosys runc."))
		return false;
	policy->default_action = action_text(o, &o->oci->default_action);
	policy->foreign = "kill-thread";
	return policy->default_action && sb_out_layer(o->import) && write_rules(o) &&
	       write_flags(o, document);
}

/* ---- reading ---- */

static bool find_rules(struct oci_import *o, const struct sb_json *root)
{
	const struct sb_json *list, *parent;

	o->profile = root;
	if (!sb_json_member(root, "defaultAction")) {
		parent = sb_json_member(root, "linux");
		o->profile = sb_json_member(parent, "seccomp");
	}
	list = sb_json_member(o->profile, "syscalls");
	o->rule = sb_alloc(o->import->arena, o->oci->rule_count, sizeof(*o->rule));
	o->action = sb_alloc(o->import->arena, o->oci->rule_count, sizeof(*o->action));
	if (!o->rule || !o->action)
		return sb_import_memory(o->import);
	if (o->oci->rule_count)
		sb_json_each(object, list)
			o->rule[object->index] = object;
	return true;
}

bool sb_import_oci(struct sb_import *import, struct sb_import_file *file)
{
	struct sb_reader reader = {.arena = import->arena, .report = import->report};
	struct oci_import o = {.import = import};
	struct sb_document document = {0};
	const struct sb_json *root;

	import->status = sb_json_parse(&reader, &file->text, &root);
	if (import->status == SECBAKE_OK)
		import->status = sb_read_oci(&reader, root, &document);
	if (import->status != SECBAKE_OK)
		return false;
	o.oci = document.oci;
	return find_rules(&o, root) && write_policy(&o, &document);
}
