/* SPDX-License-Identifier: MIT */
/*
 * Conditions of OCI profiles. They compare 64 bits without a sign, on 32-bit ABIs 32; the
 * native language compares as the kernel reads the argument, unless a matcher says otherwise.
 */
#include "oci.h"

#include <inttypes.h>
#include <string.h>

#include "compiler/syscalls.h"

#define ARGUMENTS 6

struct condition {
	uint32_t index;
	uint64_t value, mask;
	const char *op; /* native */
	bool masked;
};

static struct condition read_condition(const struct sb_json *object)
{
	static const char *const ops[][2] = {
		{"SCMP_CMP_NE", "ne"}, {"SCMP_CMP_LT", "lt"}, {"SCMP_CMP_LE", "le"},
		{"SCMP_CMP_EQ", "eq"}, {"SCMP_CMP_GE", "ge"}, {"SCMP_CMP_GT", "gt"},
	};
	const char *op = sb_json_member(object, "op")->text;
	const struct sb_json *two = sb_json_member(object, "valueTwo");
	struct condition c = {
		.index = (uint32_t)sb_json_member(object, "index")->magnitude,
		.value = sb_json_member(object, "value")->magnitude,
	};

	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		if (!strcmp(op, ops[i][0]))
			c.op = ops[i][1];
	if (c.op)
		return c;
	c.masked = true;
	c.mask = c.value;
	c.value = two && two->type == SB_JSON_NUMBER ? two->magnitude & c.mask : 0;
	c.op = !c.value ? "none" : c.value == c.mask ? "all" : "eq";
	return c;
}

/* What the calls of a rule say of one of their arguments, on all architectures listed. */
struct argument {
	const char *name; /* the same for each; NULL: not */
	bool seen;
	bool narrow; /* some call takes 32 bits of it in a register of 64 */
	bool is_signed;
	const char *lacking; /* a call that has no such argument, and where; NULL: none */
	const struct secbake_arch *where;
};

/*
 * On a 32-bit ABI an argument of 64 bits takes two registers and moves the others: indices
 * mean registers then, and names do not mean indices.
 */
static bool has_pairs(const struct secbake_arch *arch, const struct sb_arg *arg, int count)
{
	for (int i = 0; i < count && arch->bits == 32; i++)
		if (strstr(arg[i].type, "loff_t") || strstr(arg[i].type, "u64"))
			return true;
	return false;
}

static void look_at_call(const struct secbake_arch *arch, const char *name,
			 struct argument out[ARGUMENTS])
{
	struct sb_arg arg[ARGUMENTS];
	int count = sb_syscall_args(arch, name, arg);

	if (has_pairs(arch, arg, count))
		count = -1;
	for (int i = 0; i < ARGUMENTS; i++) {
		const char *own = i < count ? arg[i].name : NULL;
		enum sb_arg_class class = i < count ? arg[i].class : SB_ARG_NONE;
		bool is_signed = class == SB_ARG_S32 || class == SB_ARG_FD;
		bool narrow = is_signed || class == SB_ARG_U32 || class == SB_ARG_U16 ||
			      class == SB_ARG_FD64;

		if (!out[i].seen)
			out[i].name = own;
		else if (!own || !out[i].name || strcmp(own, out[i].name) != 0)
			out[i].name = NULL;
		out[i].seen = true;
		out[i].narrow |= narrow && arch->bits == 64;
		out[i].is_signed |= is_signed || class == SB_ARG_S64;
		if (count >= 0 && i >= count && !out[i].lacking) {
			out[i].lacking = name;
			out[i].where = arch;
		}
	}
}

static void look_at_arguments(const struct oci_import *o, const struct sb_oci_rule *rule,
			      struct argument out[ARGUMENTS])
{
	memset(out, 0, ARGUMENTS * sizeof(*out));
	for (uint32_t a = 0; a < o->arch_count; a++) {
		for (uint32_t i = 0; i < rule->name_count; i++) {
			const char *name = o->oci->name[rule->name[i]];
			uint32_t nr;

			if (sb_syscall_number(o->arch[a], name, &nr))
				look_at_call(o->arch[a], name, out);
		}
	}
}

static bool write_condition(struct oci_import *o, const struct argument *argument, uint32_t line,
			    struct sb_out_set *set, const struct condition *c)
{
	struct sb_import *import = o->import;
	struct sb_out_matcher *matcher;
	const char *value, *mask = NULL, *key;
	bool low = c->masked && c->mask <= UINT32_MAX;

	if (argument->lacking)
		return sb_import_fail(
			import, line,
			"%s has no argument %u on %s, and the native language "
			"compares only arguments that there are; take the condition out",
			argument->lacking, c->index, argument->where->name);
	key = argument->name ? argument->name : sb_import_text(import, "%u", c->index);
	matcher = key ? sb_out_matcher(import, set, key) : NULL;
	if (!matcher)
		return false;
	if ((argument->narrow && !low) || c->value > UINT32_MAX || c->mask > UINT32_MAX)
		matcher->width = 64;
	if (argument->is_signed && (*c->op == 'l' || *c->op == 'g'))
		matcher->is_signed = 0;
	if (c->masked && c->op[0] != 'e') {
		value = sb_import_text(import, "0x%" PRIx64, c->mask);
	} else if (c->masked) {
		mask = sb_import_text(import, "0x%" PRIx64, c->mask);
		value = mask ? sb_import_text(import, "0x%" PRIx64, c->value) : NULL;
	} else {
		value = sb_import_text(import, "%" PRIu64, c->value);
	}
	return value && sb_out_test(import, matcher, c->op, mask, value);
}

/* Two conditions on one argument make each of the rule's a rule of its own; see read_oci_rules.c.
 */
bool sb_oci_write_args(struct oci_import *o, struct sb_out_rule *rule, uint32_t index)
{
	const struct sb_oci_rule *from = &o->oci->rule[index];
	const struct sb_json *args = sb_json_member(o->rule[index], "args");
	struct argument argument[ARGUMENTS];
	struct sb_out_set *set = NULL;

	look_at_arguments(o, from, argument);
	sb_json_each(object, args) {
		struct condition c = read_condition(object);

		if (!set || from->clause_count > 1)
			set = sb_out_set(o->import, rule);
		if (!set || !write_condition(o, &argument[c.index], object->line, set, &c))
			return false;
	}
	return true;
}
