/* SPDX-License-Identifier: MIT */
/* One policy both ways; see compiled.h. */
#include "compiled.h"

#include <stdio.h>
#include <string.h>

#include "evaluate.h"

#define SHOWN_MAX 5u

static enum secbake_status read_again(struct test_compiled *compiled, struct secbake_error *error)
{
	const struct secbake_compile_options *given = compiled->given;

	compiled->options = (struct sb_options){.dialect = given->dialect,
						.enosys = given->enosys,
						.strict = given->strict,
						.caps = given->caps,
						.cap_count = given->cap_count};
	compiled->arena = sb_arena_new();
	if (!compiled->arena)
		return secbake_error_set(error, SECBAKE_ERR_MEMORY, 0, "out of memory");
	if (given->sources) {
		enum secbake_status status =
			sb_sources_init(&compiled->sources, compiled->arena, given, error);

		if (status != SECBAKE_OK)
			return status;
		compiled->options.target = given->target.arch;
		compiled->options.sources = &compiled->sources;
	}
	return sb_read(compiled->arena, &given->policy, &compiled->options, NULL,
		       &compiled->document, error);
}

enum secbake_status test_compile(struct test_compiled *compiled,
				 const struct secbake_compile_options *options,
				 struct secbake_error *error)
{
	enum secbake_status status;
	const uint8_t *bytes;
	size_t size;

	*compiled = (struct test_compiled){.given = options};
	status = secbake_compile(options, &compiled->compiled, error);
	if (status != SECBAKE_OK)
		return status;
	bytes = secbake_compiled_blob(compiled->compiled, &size);
	status = secbake_blob_open(bytes, size, &compiled->blob, error);
	if (status == SECBAKE_OK)
		status = read_again(compiled, error);
	if (status != SECBAKE_OK)
		test_compiled_free(compiled);
	return status;
}

void test_compiled_free(struct test_compiled *compiled)
{
	secbake_compiled_free(compiled->compiled);
	sb_arena_free(compiled->arena);
	*compiled = (struct test_compiled){0};
}

static uint32_t number(const uint8_t *bytes, unsigned int size, bool big_endian)
{
	uint32_t value = 0;

	for (unsigned int i = 0; i < size; i++)
		value = value << 8 | bytes[big_endian ? i : size - 1 - i];
	return value;
}

void test_program_decode(const uint8_t *bytes, uint32_t count, bool big_endian,
			 struct test_program *program)
{
	if (count == 0 || count > SECBAKE_PROGRAM_MAX)
		test_die("a program of %u instructions", count);
	for (uint32_t i = 0; i < count; i++)
		program->insn[i] = (struct sock_filter){
			.code = (uint16_t)number(bytes + 8 * (size_t)i, 2, big_endian),
			.jt = bytes[8 * (size_t)i + 2],
			.jf = bytes[8 * (size_t)i + 3],
			.k = number(bytes + 8 * (size_t)i + 4, 4, big_endian),
		};
	program->program = (struct sb_program){program->insn, count, big_endian};
}

void test_program_of_layer(const struct test_compiled *compiled, uint32_t layer,
			   struct test_program *program)
{
	test_program_decode(secbake_blob_program(&compiled->blob, layer),
			    secbake_blob_layer(&compiled->blob, layer).insn_count,
			    compiled->blob.flags & SECBAKE_BLOB_BIG_ENDIAN, program);
}

uint32_t test_interpret(const struct test_program *program, const struct seccomp_data *data)
{
	struct secbake_error error = {0};
	uint32_t verdict;

	if (sb_interpret(&program->program, data, &verdict, &error) != SECBAKE_OK)
		test_die("the interpreter refuses the program at %s: %s", test_call_text(data),
			 error.text);
	return verdict;
}

void test_resolve(const struct test_compiled *compiled, uint32_t variant,
		  struct sb_resolved *resolved)
{
	struct secbake_blob_variant v = secbake_blob_variant(&compiled->blob, variant);
	struct sb_resolve_options options = {
		.target = &compiled->given->target,
		.kernel = v.kernel_from,
		.mode = v.mode,
		.options = &compiled->options,
		.file = compiled->given->policy.file,
	};
	struct secbake_error error = {0};

	if (sb_resolve_oci(compiled->arena, compiled->document.oci, &options, NULL, resolved,
			   &error) != SECBAKE_OK)
		test_die("%s compiles, but does not resolve again: %s", options.file, error.text);
	if (resolved->layer_count != v.layer_count)
		test_die("%s resolves to %u layers, the blob has %u", options.file,
			 resolved->layer_count, v.layer_count);
}

struct secbake_compile_options test_options(const char *arch, uint32_t kernel, const char *text,
					    size_t size, const char *file)
{
	struct secbake_compile_options options = {
		.name = "test",
		.policy = {.bytes = text, .size = size, .file = file},
		.enosys = SECBAKE_ENOSYS_NONE,
	};
	struct secbake_error error = {0};

	if (secbake_features_of_kernel(secbake_arch_find(arch), kernel, &options.target, &error) !=
	    SECBAKE_OK)
		test_die("no features for %s: %s", arch, error.text);
	return options;
}

struct comparison {
	struct test_visitor visitor;
	const char *what;
	const struct sb_layer *layer;
	const struct test_program *program;
	size_t calls, differences;
};

static void compare_call(struct test_visitor *self, const struct seccomp_data *data)
{
	struct comparison *c = (struct comparison *)self; /* visitor is its first member */
	uint32_t verdict = test_interpret(c->program, data);
	uint32_t wanted = test_evaluate(c->layer, data);

	c->calls++;
	if (verdict == wanted)
		return;
	if (c->differences++ < SHOWN_MAX)
		fprintf(stderr, "%s: %s: program %s, policy %s\n", c->what, test_call_text(data),
			test_verdict_text(verdict), test_verdict_text(wanted));
}

size_t test_compare(const struct test_compiled *compiled, const char *what,
		    struct test_random *random, size_t *calls)
{
	static struct test_program program;
	struct comparison c = {.visitor = {compare_call}, .what = what, .program = &program};
	uint32_t count = secbake_blob_count(&compiled->blob, SECBAKE_SECTION_VARIANTS);

	for (uint32_t i = 0; i < count; i++) {
		struct secbake_blob_variant variant = secbake_blob_variant(&compiled->blob, i);
		struct sb_resolved resolved;

		test_resolve(compiled, i, &resolved);
		for (uint32_t k = 0; k < variant.layer_count; k++) {
			c.layer = &resolved.layer[k];
			test_program_of_layer(compiled, variant.layer_first + k, &program);
			test_calls_of_layer(c.layer, random, &c.visitor);
		}
	}
	*calls += c.calls;
	return c.differences;
}
