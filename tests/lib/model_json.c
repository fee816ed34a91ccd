/* SPDX-License-Identifier: MIT */
/*
 * OCI policies to models and back. The reader is strict where the dialect is
 * large: what it does not know ends the test, so that nothing is compared that
 * was not understood. Jansson's integers end at 2^63-1, which is enough for files;
 * random models do not pass through here.
 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <secbake/features.h>

#include "model.h"

#ifndef SECCOMP_RET_USER_NOTIF
#define SECCOMP_RET_USER_NOTIF 0x7fc00000u
#endif

static const struct {
	const char *name;
	uint32_t action;
} actions[] = {
	{"SCMP_ACT_KILL_THREAD", SECCOMP_RET_KILL_THREAD},
	{"SCMP_ACT_KILL", SECCOMP_RET_KILL_THREAD},
	{"SCMP_ACT_KILL_PROCESS", SECCOMP_RET_KILL_PROCESS},
	{"SCMP_ACT_TRAP", SECCOMP_RET_TRAP},
	{"SCMP_ACT_ERRNO", SECCOMP_RET_ERRNO},
	{"SCMP_ACT_NOTIFY", SECCOMP_RET_USER_NOTIF},
	{"SCMP_ACT_TRACE", SECCOMP_RET_TRACE},
	{"SCMP_ACT_LOG", SECCOMP_RET_LOG},
	{"SCMP_ACT_ALLOW", SECCOMP_RET_ALLOW},
};

static const char *const ops[] = {
	[MODEL_NE] = "SCMP_CMP_NE",
	[MODEL_LT] = "SCMP_CMP_LT",
	[MODEL_LE] = "SCMP_CMP_LE",
	[MODEL_EQ] = "SCMP_CMP_EQ",
	[MODEL_GE] = "SCMP_CMP_GE",
	[MODEL_GT] = "SCMP_CMP_GT",
	[MODEL_MASKED_EQ] = "SCMP_CMP_MASKED_EQ",
};

struct context {
	const char *file;
	uint32_t kernel;
	struct model *model;
};

/* Members other than those listed end the test. */
static void only(const struct context *c, json_t *object, const char *const *known)
{
	const char *key;
	json_t *value;

	json_object_foreach(object, key, value)
	{
		size_t i = 0;

		while (known[i] && strcmp(known[i], key) != 0)
			i++;
		if (!known[i])
			test_die("%s: the model does not know \"%s\"", c->file, key);
	}
}

static const char *string(const struct context *c, json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	if (!text)
		test_die("%s: no string \"%s\"", c->file, key);
	return text;
}

static uint64_t integer(const struct context *c, json_t *value)
{
	if (!json_is_integer(value) || json_integer_value(value) < 0)
		test_die("%s: not a number that the model reads", c->file);
	return (uint64_t)json_integer_value(value);
}

static uint32_t errno_of(const struct context *c, json_t *object, const char *number_key,
			 const char *name_key)
{
	static const struct {
		const char *name;
		uint32_t value;
	} names[] = {{"EPERM", EPERM}, {"ENOSYS", ENOSYS}, {"EINVAL", EINVAL}, {"EACCES", EACCES}};
	json_t *number = json_object_get(object, number_key);
	const char *name = json_string_value(json_object_get(object, name_key));

	for (size_t i = 0; name && i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(names[i].name, name))
			return names[i].value;
	if (name && *name)
		test_die("%s: the model does not know errno %s", c->file, name);
	return number && !json_is_null(number) ? (uint32_t)integer(c, number) : EPERM;
}

static uint32_t action_of(const struct context *c, const char *name, uint32_t data)
{
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		uint32_t action = actions[i].action;

		if (strcmp(actions[i].name, name) != 0)
			continue;
		return action == SECCOMP_RET_ERRNO || action == SECCOMP_RET_TRACE ? action | data
										  : action;
	}
	test_die("%s: action %s", c->file, name);
}

static const struct secbake_arch *arch_of(const struct context *c, const char *name)
{
	const struct secbake_arch *arch;

	for (size_t i = 0; (arch = secbake_arch_at(i)); i++)
		if (arch->scmp_name && !strcmp(arch->scmp_name, name))
			return arch;
	test_die("%s: architecture %s", c->file, name);
}

static bool lists_arch(const struct context *c, json_t *arches)
{
	json_t *arch;
	size_t i;

	json_array_foreach(arches, i, arch)
	{
		if (!strcmp(json_string_value(arch), c->model->arch[0]->go_name) ||
		    !strcmp(json_string_value(arch), c->model->arch[0]->name))
			return true;
	}
	return false;
}

/* Does a filter's one member match? No capabilities are given: caps never do. */
static bool kernel_matches(const struct context *c, json_t *filter)
{
	const char *text = json_string_value(json_object_get(filter, "minKernel"));
	uint32_t kernel;

	if (!secbake_kernel_parse(text, &kernel))
		test_die("%s: minKernel %s", c->file, text);
	return kernel <= c->kernel;
}

static bool applies(const struct context *c, json_t *includes, json_t *excludes)
{
	static const char *const known[] = {"caps", "arches", "minKernel", NULL};
	json_t *caps = json_object_get(includes, "caps");
	json_t *arches = json_object_get(includes, "arches");

	if (includes)
		only(c, includes, known);
	if (excludes)
		only(c, excludes, known);
	if (json_array_size(json_object_get(excludes, "arches")) &&
	    lists_arch(c, json_object_get(excludes, "arches")))
		return false;
	if (json_object_get(excludes, "minKernel") && kernel_matches(c, excludes))
		return false;
	if (json_array_size(caps))
		return false;
	if (json_array_size(arches) && !lists_arch(c, arches))
		return false;
	return !json_object_get(includes, "minKernel") || kernel_matches(c, includes);
}

static void read_conds(const struct context *c, json_t *args, struct model_rule *rule)
{
	static const char *const known[] = {"index", "value", "valueTwo", "op", NULL};
	json_t *arg;
	size_t i;

	rule->cond = test_alloc(json_array_size(args), sizeof(*rule->cond));
	json_array_foreach(args, i, arg)
	{
		struct model_cond *cond = &rule->cond[rule->cond_count++];
		json_t *two = json_object_get(arg, "valueTwo");
		const char *op = string(c, arg, "op");

		only(c, arg, known);
		cond->index = (unsigned int)integer(c, json_object_get(arg, "index"));
		cond->value = integer(c, json_object_get(arg, "value"));
		cond->value_two = two ? integer(c, two) : 0;
		for (int k = MODEL_NE; k <= MODEL_MASKED_EQ; k++)
			if (!strcmp(ops[k], op))
				cond->op = (enum model_op)k;
		if (!cond->op)
			test_die("%s: operator %s", c->file, op);
	}
}

static void read_rule(const struct context *c, json_t *object)
{
	static const char *const known[] = {"names",	"name", "action",  "errnoRet",
					    "errno",	"args", "comment", "includes",
					    "excludes", "case", /* youki's own; it does nothing */
					    NULL};
	struct model_rule *rule = &c->model->rule[c->model->rule_count];
	json_t *names = json_object_get(object, "names"), *name;
	size_t i;

	only(c, object, known);
	if (!applies(c, json_object_get(object, "includes"), json_object_get(object, "excludes")))
		return;
	rule->action =
		action_of(c, string(c, object, "action"), errno_of(c, object, "errnoRet", "errno"));
	rule->name = test_alloc(json_array_size(names) + 1, sizeof(*rule->name));
	json_array_foreach(names, i, name)
	{
		rule->name[rule->name_count++] = test_sprintf("%s", json_string_value(name));
	}
	if (!names)
		rule->name[rule->name_count++] = test_sprintf("%s", string(c, object, "name"));
	read_conds(c, json_object_get(object, "args"), rule);
	c->model->rule_count++;
}

static void read_arches(const struct context *c, json_t *seccomp)
{
	json_t *arch_map = json_object_get(seccomp, "archMap"), *entry, *arch;
	size_t i, k;

	json_array_foreach(json_object_get(seccomp, "architectures"), i, arch)
	{
		model_add_arch(c->model, arch_of(c, json_string_value(arch)));
	}
	json_array_foreach(arch_map, i, entry)
	{
		if (arch_of(c, string(c, entry, "architecture")) != c->model->arch[0])
			continue;
		json_array_foreach(json_object_get(entry, "subArchitectures"), k, arch)
		{
			model_add_arch(c->model, arch_of(c, json_string_value(arch)));
		}
	}
}

struct model *model_from_json(const char *text, const char *file, const struct secbake_arch *native,
			      uint32_t kernel)
{
	static const char *const known[] = {
		"defaultAction", "defaultErrnoRet", "defaultErrno",	"architectures", "archMap",
		"syscalls",	 "listenerPath",    "listenerMetadata", "flags",	 NULL};
	struct model *model = test_alloc(1, sizeof(*model));
	struct context c = {file, kernel, model};
	json_error_t error;
	json_t *root = json_loads(text, 0, &error), *seccomp, *rule;
	size_t i;

	if (!root)
		test_die("%s:%d: %s", file, error.line, error.text);
	seccomp = json_object_get(root, "linux");
	seccomp = seccomp ? json_object_get(seccomp, "seccomp") : root;
	only(&c, seccomp, known);
	model_add_arch(model, native);
	read_arches(&c, seccomp);
	model->default_action = action_of(&c, string(&c, seccomp, "defaultAction"),
					  errno_of(&c, seccomp, "defaultErrnoRet", "defaultErrno"));
	model->rule = test_alloc(json_array_size(json_object_get(seccomp, "syscalls")),
				 sizeof(*model->rule));
	json_array_foreach(json_object_get(seccomp, "syscalls"), i, rule)
	{
		read_rule(&c, rule);
	}
	json_decref(root);
	return model;
}

static const char *action_name(uint32_t action)
{
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (actions[i].action == (action & SECCOMP_RET_ACTION_FULL))
			return actions[i].name;
	test_die("action 0x%x", action);
}

static bool has_data(uint32_t action)
{
	action &= SECCOMP_RET_ACTION_FULL;
	return action == SECCOMP_RET_ERRNO || action == SECCOMP_RET_TRACE;
}

static void write_rule(FILE *out, const struct model_rule *rule)
{
	fputs("\t\t{\"names\": [", out);
	for (size_t i = 0; i < rule->name_count; i++)
		fprintf(out, "%s\"%s\"", i ? ", " : "", rule->name[i]);
	fprintf(out, "], \"action\": \"%s\"", action_name(rule->action));
	if (has_data(rule->action))
		fprintf(out, ", \"errnoRet\": %u", rule->action & SECCOMP_RET_DATA);
	if (rule->cond_count)
		fputs(", \"args\": [", out);
	for (size_t i = 0; i < rule->cond_count; i++) {
		const struct model_cond *cond = &rule->cond[i];

		fprintf(out, "%s{\"index\": %u, \"op\": \"%s\", \"value\": %llu", i ? ", " : "",
			cond->index, ops[cond->op], (unsigned long long)cond->value);
		if (cond->op == MODEL_MASKED_EQ)
			fprintf(out, ", \"valueTwo\": %llu", (unsigned long long)cond->value_two);
		fputc('}', out);
	}
	fputs(rule->cond_count ? "]}" : "}", out);
}

char *model_to_json(const struct model *model)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		test_die("out of memory");
	fprintf(out, "{\n\t\"defaultAction\": \"%s\",\n", action_name(model->default_action));
	if (has_data(model->default_action))
		fprintf(out, "\t\"defaultErrnoRet\": %u,\n",
			model->default_action & SECCOMP_RET_DATA);
	fputs("\t\"architectures\": [", out);
	for (size_t i = 0; i < model->arch_count; i++)
		fprintf(out, "%s\"%s\"", i ? ", " : "", model->arch[i]->scmp_name);
	fputs("],\n\t\"syscalls\": [\n", out);
	for (size_t i = 0; i < model->rule_count; i++) {
		write_rule(out, &model->rule[i]);
		fputs(i + 1 < model->rule_count ? ",\n" : "\n", out);
	}
	fputs("\t]\n}\n", out);
	if (fclose(out))
		test_die("out of memory");
	return text;
}
