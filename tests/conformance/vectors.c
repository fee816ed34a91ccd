/* SPDX-License-Identifier: MIT */
/*
 * The conformance vectors: policy and calls with the verdict each must get. The
 * program, the plain evaluator and the model are each held against it.
 * usage: vectors DIRECTORY
 */
#include <dirent.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <tests/lib/compiled.h>
#include <tests/lib/evaluate.h>
#include <tests/lib/model.h>

#define KERNEL SECBAKE_KERNEL(6, 12)

static size_t failures, checks;

/* "ERRNO(1)", "TRACE(1234)", "KILL" ... to what a program returns. */
static uint32_t verdict_of(const char *text, const char *file)
{
	static const struct {
		const char *name;
		uint32_t action;
	} actions[] = {
		{"KILL_PROCESS", SECCOMP_RET_KILL_PROCESS},
		{"KILL", SECCOMP_RET_KILL_THREAD},
		{"TRAP", SECCOMP_RET_TRAP},
		{"LOG", SECCOMP_RET_LOG},
		{"ALLOW", SECCOMP_RET_ALLOW},
	};
	unsigned int data;
	char end;

	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (!strcmp(actions[i].name, text))
			return actions[i].action;
	if (sscanf(text, "ERRNO(%u%c", &data, &end) == 2 && end == ')')
		return SECCOMP_RET_ERRNO | data;
	if (sscanf(text, "TRACE(%u%c", &data, &end) == 2 && end == ')')
		return SECCOMP_RET_TRACE | data;
	test_die("%s: verdict '%s'", file, text);
}

static void check(const char *file, const char *who, const struct seccomp_data *data,
		  uint32_t verdict, uint32_t wanted)
{
	checks++;
	if (verdict == wanted)
		return;
	failures++;
	fprintf(stderr, "%s: %s: %s says %s, the vector %s\n", file, test_call_text(data), who,
		test_verdict_text(verdict), test_verdict_text(wanted));
}

static void run_vector(const char *file, json_t *vector, const struct test_program *program,
		       const struct sb_layer *layer, const struct model *model)
{
	const char *arch_name = json_string_value(json_object_get(vector, "arch"));
	const struct secbake_arch *arch = arch_name ? secbake_arch_find(arch_name) : NULL;
	json_t *nr = json_object_get(vector, "nr"), *arg;
	const char *expect = json_string_value(json_object_get(vector, "expect"));
	struct seccomp_data data = {0};
	uint32_t wanted;
	size_t i;

	if (!arch || !json_is_integer(nr) || !expect ||
	    json_array_size(json_object_get(vector, "args")) > 6)
		test_die("%s: a vector that the test cannot read", file);
	data.arch = arch->audit_arch;
	data.nr = (int)json_integer_value(nr);
	json_array_foreach(json_object_get(vector, "args"), i, arg)
	{
		data.args[i] = strtoull(json_string_value(arg), NULL, 16);
	}
	wanted = verdict_of(expect, file);
	check(file, "the program", &data, test_interpret(program, &data), wanted);
	check(file, "the evaluator", &data, test_evaluate(layer, &data), wanted);
	check(file, "the model", &data, model_evaluate(model, &data), wanted);
}

/* The architecture that the kernel would be: the policy's first 64-bit one. */
static const char *target_of(json_t *policy)
{
	json_t *arch;
	size_t i;

	json_array_foreach(json_object_get(policy, "architectures"), i, arch)
	{
		if (!strcmp(json_string_value(arch), "SCMP_ARCH_X86_64"))
			return "x86_64";
	}
	test_die("a vector file without x86_64");
}

static size_t run_file(const char *directory, const char *name)
{
	static struct test_program program;
	char *path = test_sprintf("%s/%s", directory, name), *policy;
	json_error_t json_error;
	json_t *root = json_load_file(path, 0, &json_error), *vector;
	struct secbake_compile_options options;
	struct secbake_error error = {0};
	struct test_compiled compiled;
	struct sb_resolved resolved;
	struct model *model;
	const char *target;
	size_t i, count;

	if (!root)
		test_die("%s:%d: %s", path, json_error.line, json_error.text);
	target = target_of(json_object_get(root, "policy"));
	policy = json_dumps(json_object_get(root, "policy"), JSON_INDENT(1));
	options = test_options(target, KERNEL, policy, strlen(policy), name);
	if (test_compile(&compiled, &options, &error) != SECBAKE_OK)
		test_die("%s:%u: %s: %s", name, error.line, error.pointer, error.text);
	test_program_of_layer(&compiled, 0, &program);
	test_resolve(&compiled, 0, &resolved);
	model = model_from_json(policy, name, secbake_arch_find(target), KERNEL);
	model_prepare(model);
	json_array_foreach(json_object_get(root, "vectors"), i, vector)
	{
		run_vector(name, vector, &program, &resolved.layer[0], model);
	}
	count = i;
	model_free(model);
	test_compiled_free(&compiled);
	free(policy);
	json_decref(root);
	free(path);
	return count;
}

int main(int argc, char **argv)
{
	size_t files = 0, vectors = 0;
	struct dirent **entry;
	int count;

	if (argc != 2)
		test_die("usage: vectors DIRECTORY");
	count = scandir(argv[1], &entry, NULL, alphasort);
	if (count < 0)
		test_skip("%s is not there: no conformance vectors", argv[1]);
	for (int i = 0; i < count; i++) {
		size_t length = strlen(entry[i]->d_name);

		if (length > 5 && !strcmp(entry[i]->d_name + length - 5, ".json")) {
			vectors += run_file(argv[1], entry[i]->d_name);
			files++;
		}
		free(entry[i]);
	}
	free(entry);
	if (!files || !vectors)
		test_die("%s holds no vectors", argv[1]);
	printf("%zu files, %zu vectors, %zu checks, %zu failures\n", files, vectors, checks,
	       failures);
	return failures != 0;
}
