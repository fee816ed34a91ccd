/* SPDX-License-Identifier: MIT */
/*
 * Profiles that real projects ship: each compiles for each target whose byte
 * order its architectures share, and the program decides as the plain evaluator
 * and as the model, for each number times boundary arguments.
 * usage: corpus DIRECTORY
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tests/lib/compiled.h>
#include <tests/lib/model.h>

#define KERNEL SECBAKE_KERNEL(6, 12)

static size_t failures, compiled_count, calls;

struct against_model {
	struct test_visitor visitor;
	const char *what;
	const struct test_program *program;
	const struct model *model;
	size_t differences;
};

static void compare_call(struct test_visitor *self, const struct seccomp_data *data)
{
	struct against_model *a = (struct against_model *)self; /* visitor is its first member */
	uint32_t verdict = test_interpret(a->program, data);
	uint32_t wanted = model_evaluate(a->model, data);

	calls++;
	if (verdict == wanted)
		return;
	if (a->differences++ < 5)
		fprintf(stderr, "%s: %s: program %s, model %s\n", a->what, test_call_text(data),
			test_verdict_text(verdict), test_verdict_text(wanted));
}

/* The variant for the kernel that the model takes its minKernel by. */
static uint32_t layer_for_kernel(const struct test_compiled *compiled, const char *what)
{
	struct secbake_error error = {0};
	uint32_t variant;

	if (secbake_blob_select(&compiled->blob, &compiled->given->target, SECBAKE_MODE_ENFORCE,
				&variant, &error) != SECBAKE_OK)
		test_die("%s: no variant for the kernel that it was compiled for: %s", what,
			 error.text);
	return secbake_blob_variant(&compiled->blob, variant).layer_first;
}

static void run_target(const char *text, size_t size, const char *file, const char *target,
		       enum secbake_enosys enosys)
{
	static struct test_program program;
	struct secbake_compile_options options = test_options(target, KERNEL, text, size, file);
	char *what = test_sprintf("%s for %s%s", file, target,
				  enosys == SECBAKE_ENOSYS_NONE ? "" : " with the stub");
	struct against_model against = {.visitor = {compare_call}, .what = what};
	struct test_random random = {test_env("SECBAKE_SEED", 1)};
	struct secbake_error error = {0};
	struct test_compiled compiled;
	struct model *model;

	options.enosys = enosys;
	if (test_compile(&compiled, &options, &error) != SECBAKE_OK)
		test_die("%s: line %u: %s: %s", what, error.line, error.pointer, error.text);
	compiled_count++;
	failures += test_compare(&compiled, what, &random, &calls);
	test_program_of_layer(&compiled, layer_for_kernel(&compiled, what), &program);
	model = model_from_json(text, file, options.target.arch, KERNEL);
	model->stub_asked = enosys == SECBAKE_ENOSYS_RUNC;
	model->enosys = model->stub_asked && model_has_stub(model->default_action);
	model_prepare(model);
	against.program = &program;
	against.model = model;
	model_calls(model, &random, &against.visitor);
	failures += against.differences;
	model_free(model);
	test_compiled_free(&compiled);
	free(what);
}

/* A big-endian kernel cannot run programs for these. */
static bool little_endian_only(const char *text)
{
	return strstr(text, "\"architectures\"") != NULL;
}

static void run_file(const char *directory, const char *name)
{
	static const char *const targets[] = {"x86_64", "aarch64", "riscv64", "s390x"};
	char *path = test_sprintf("%s/%s", directory, name);
	size_t size;
	char *text = test_read_file(path, &size);

	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
		if (secbake_arch_find(targets[i])->big_endian && little_endian_only(text)) {
			printf("not for %s, it lists little-endian architectures: %s\n", targets[i],
			       name);
			continue;
		}
		run_target(text, size, name, targets[i], SECBAKE_ENOSYS_NONE);
		run_target(text, size, name, targets[i], SECBAKE_ENOSYS_RUNC);
	}
	free(text);
	free(path);
}

int main(int argc, char **argv)
{
	struct dirent **entry;
	size_t files = 0;
	int count;

	if (argc != 2)
		test_die("usage: corpus DIRECTORY");
	count = scandir(argv[1], &entry, NULL, alphasort);
	if (count < 0)
		test_skip("%s is not there: no corpus", argv[1]);
	for (int i = 0; i < count; i++) {
		size_t length = strlen(entry[i]->d_name);

		if (length > 5 && !strcmp(entry[i]->d_name + length - 5, ".json")) {
			run_file(argv[1], entry[i]->d_name);
			files++;
		}
		free(entry[i]);
	}
	free(entry);
	if (!files)
		test_die("%s holds no profiles", argv[1]);
	printf("%zu profiles, %zu compiles, %zu calls, %zu differences\n", files, compiled_count,
	       calls, failures);
	return failures != 0;
}
