/* SPDX-License-Identifier: MIT */
/*
 * A profile from its text to a filter of libseccomp, as a container runtime gets there:
 * reads the JSON with jansson, takes what holds for this machine, its kernel and no
 * capabilities, and adds one rule after the other by name. Written for its speed to be
 * compared with: of the format it knows what the profiles of the benchmark have.
 */
#include "runtime.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

struct word {
	const char *name;
	uint32_t value;
};

/* As "architectures" have them, and as "includes" do. */
static const struct word arches[] = {
	{"SCMP_ARCH_X86_64", SCMP_ARCH_X86_64}, {"SCMP_ARCH_X86", SCMP_ARCH_X86},
	{"SCMP_ARCH_X32", SCMP_ARCH_X32},	{"SCMP_ARCH_AARCH64", SCMP_ARCH_AARCH64},
	{"SCMP_ARCH_ARM", SCMP_ARCH_ARM},	{NULL, 0},
};
static const struct word go_arches[] = {
	{"amd64", SCMP_ARCH_X86_64},
	{"arm64", SCMP_ARCH_AARCH64},
	{NULL, 0},
};

static const struct word actions[] = {
	{"SCMP_ACT_ALLOW", SCMP_ACT_ALLOW},
	{"SCMP_ACT_ERRNO", SCMP_ACT_ERRNO(0)},
	{"SCMP_ACT_KILL", SCMP_ACT_KILL},
	{"SCMP_ACT_KILL_PROCESS", SCMP_ACT_KILL_PROCESS},
	{"SCMP_ACT_LOG", SCMP_ACT_LOG},
	{"SCMP_ACT_TRAP", SCMP_ACT_TRAP},
	{NULL, 0},
};

static const struct word operators[] = {
	{"SCMP_CMP_NE", SCMP_CMP_NE},
	{"SCMP_CMP_LT", SCMP_CMP_LT},
	{"SCMP_CMP_LE", SCMP_CMP_LE},
	{"SCMP_CMP_EQ", SCMP_CMP_EQ},
	{"SCMP_CMP_GE", SCMP_CMP_GE},
	{"SCMP_CMP_GT", SCMP_CMP_GT},
	{"SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ},
	{NULL, 0},
};

static bool find(const struct word *table, const char *name, uint32_t *value)
{
	for (; name && table->name; table++) {
		if (strcmp(table->name, name) != 0)
			continue;
		*value = table->value;
		return true;
	}
	return false;
}

struct runtime {
	scmp_filter_ctx filter;
	const char *native; /* in Go's words */
	unsigned int major, minor;
	uint32_t usual; /* action */
};

static const char *text_of(const json_t *object, const char *member)
{
	const char *text = json_string_value(json_object_get(object, member));

	return text ? text : "";
}

static bool read_action(const json_t *from, const char *action, const char *data, uint32_t *out)
{
	const json_t *number = json_object_get(from, data);

	if (!find(actions, text_of(from, action), out))
		return false;
	if (*out == SCMP_ACT_ERRNO(0))
		*out |= json_is_integer(number) ? (uint32_t)json_integer_value(number) : EPERM;
	return true;
}

static bool add_arch(struct runtime *r, const char *name)
{
	uint32_t arch;
	int rc;

	if (!find(arches, name, &arch))
		return false;
	rc = seccomp_arch_add(r->filter, arch);
	return !rc || rc == -EEXIST;
}

static bool add_arches(struct runtime *r, const json_t *profile)
{
	const json_t *list = json_object_get(profile, "architectures");
	const json_t *map = json_object_get(profile, "archMap"), *entry, *name;
	size_t i;
	bool good = true;

	json_array_foreach(map, i, entry)
	{
		uint32_t arch;

		if (find(arches, text_of(entry, "architecture"), &arch) &&
		    arch == seccomp_arch_native())
			list = json_object_get(entry, "subArchitectures");
	}
	json_array_foreach(list, i, name) good &= add_arch(r, json_string_value(name));
	return good;
}

static bool has_text(const json_t *array, const char *text)
{
	const json_t *value;
	size_t i;

	json_array_foreach(array, i,
			   value) if (!strcmp(json_string_value(value), text)) return true;
	return false;
}

/* Is the running kernel at least what minKernel says, if anything? */
static bool new_enough(const struct runtime *r, const json_t *condition)
{
	unsigned int major, minor;

	if (sscanf(text_of(condition, "minKernel"), "%u.%u", &major, &minor) != 2)
		return true;
	return r->major > major || (r->major == major && r->minor >= minor);
}

/* No capabilities are given. */
static bool applies(const struct runtime *r, const json_t *rule)
{
	const json_t *in = json_object_get(rule, "includes");
	const json_t *out = json_object_get(rule, "excludes");
	const json_t *in_arches = json_object_get(in, "arches");

	if (has_text(json_object_get(out, "arches"), r->native) ||
	    (json_object_get(out, "minKernel") && new_enough(r, out)))
		return false;
	return !json_array_size(json_object_get(in, "caps")) && new_enough(r, in) &&
	       (!json_array_size(in_arches) || has_text(in_arches, r->native));
}

/* Conditions of one rule; false: one that is not known. */
static bool read_args(const json_t *rule, struct scmp_arg_cmp arg[6], unsigned int *count,
		      bool *alone)
{
	const json_t *args = json_object_get(rule, "args"), *from;
	size_t i;

	*count = 0;
	*alone = false;
	json_array_foreach(args, i, from)
	{
		uint32_t op;

		if (!find(operators, text_of(from, "op"), &op) || *count == 6)
			return false;
		arg[i] = (struct scmp_arg_cmp){
			.arg = (unsigned int)json_integer_value(json_object_get(from, "index")),
			.op = (enum scmp_compare)op,
			.datum_a = (scmp_datum_t)json_integer_value(json_object_get(from, "value")),
			.datum_b =
				(scmp_datum_t)json_integer_value(json_object_get(from, "valueTwo")),
		};
		for (unsigned int k = 0; k < *count; k++)
			*alone |= arg[k].arg == arg[i].arg;
		(*count)++;
	}
	return true;
}

/* alone: each condition is a rule, since libseccomp takes one for each argument. */
static bool add_name(struct runtime *r, uint32_t action, const char *name,
		     const struct scmp_arg_cmp *arg, unsigned int count, bool alone)
{
	int nr = seccomp_syscall_resolve_name(name), rc = 0;

	if (nr == __NR_SCMP_ERROR)
		return true;
	if (!alone)
		rc = seccomp_rule_add_array(r->filter, action, nr, count, arg);
	for (unsigned int i = 0; alone && i < count && !rc; i++)
		rc = seccomp_rule_add_array(r->filter, action, nr, 1, &arg[i]);
	return !rc || rc == -EEXIST;
}

static bool add_rule(struct runtime *r, const json_t *rule)
{
	const json_t *name;
	struct scmp_arg_cmp arg[6];
	unsigned int count;
	uint32_t action;
	size_t i;
	bool alone;

	if (!applies(r, rule))
		return true;
	if (!read_action(rule, "action", "errnoRet", &action) ||
	    !read_args(rule, arg, &count, &alone))
		return false;
	if (action == r->usual)
		return true;
	json_array_foreach(json_object_get(rule, "names"), i,
			   name) if (!add_name(r, action, json_string_value(name), arg, count,
					       alone)) return false;
	return true;
}

static bool find_machine(struct runtime *r)
{
	struct utsname name;

	for (const struct word *arch = go_arches; arch->name; arch++)
		if (arch->value == seccomp_arch_native())
			r->native = arch->name;
	return r->native && !uname(&name) &&
	       sscanf(name.release, "%u.%u", &r->major, &r->minor) == 2;
}

scmp_filter_ctx bench_runtime_build(const char *path, unsigned int level)
{
	struct runtime r = {.filter = NULL};
	json_t *profile = json_load_file(path, JSON_REJECT_DUPLICATES, NULL);
	const json_t *rule;
	size_t i;
	bool good;

	if (!find_machine(&r) ||
	    !read_action(profile, "defaultAction", "defaultErrnoRet", &r.usual) ||
	    !(r.filter = seccomp_init(r.usual)))
		return NULL;
	good = add_arches(&r, profile) &&
	       !seccomp_attr_set(r.filter, SCMP_FLTATR_CTL_OPTIMIZE, level);
	json_array_foreach(json_object_get(profile, "syscalls"), i, rule) good =
		good && add_rule(&r, rule);
	json_decref(profile);
	return good ? r.filter : NULL;
}
