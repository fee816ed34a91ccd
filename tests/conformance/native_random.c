/* SPDX-License-Identifier: MIT */
/*
 * Random native policies: each compiles (so its programs are proved equal to what
 * the resolver made of it), and each program answers as the model does, which
 * knows neither reader nor resolver.
 * Environment: SECBAKE_SEED, SECBAKE_RANDOM_COUNT; SECBAKE_ONE_IN: of so many calls
 * one is tried, for more policies in the same time. A failure prints the seed of its
 * policy, to be run alone with SECBAKE_RANDOM_COUNT=1.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tests/lib/compiled.h>
#include <tests/lib/native_model.h>

#define SEED 20240601u
#define COUNT 700u
#define VARIANTS_MAX 3u /* of one policy */

static uint64_t one_in;
static size_t calls, decided[NATIVE_DECIDERS], variants, layers;

struct against_model {
	struct test_visitor visitor;
	const struct native_model *model;
	const struct test_program *program;
	struct native_question question;
	struct test_random chooser; /* of calls, apart from what makes them */
	size_t differences;
};

static void compare_call(struct test_visitor *self, const struct seccomp_data *data)
{
	struct against_model *a = (struct against_model *)self; /* visitor is its first member */
	uint32_t program, model;

	if (one_in > 1 && test_random(&a->chooser) % one_in)
		return;
	program = test_interpret(a->program, data);
	model = native_model_evaluate(a->model, &a->question, data);
	calls++;
	decided[a->question.decided]++;
	if (program == model)
		return;
	if (a->differences++ < 5)
		fprintf(stderr, "layer %u, kernel %u.%u, %s: %s: program %s, model %s\n",
			a->question.layer, a->question.kernel >> 16, a->question.kernel & 0xffff,
			a->question.complain ? "complain" : "enforce", test_call_text(data),
			test_verdict_text(program), test_verdict_text(model));
}

struct base_reader {
	struct secbake_source_reader reader;
	const char *base;
};

static enum secbake_status read_base(struct secbake_source_reader *self, uint32_t index,
				     enum secbake_source_kind kind, uint32_t parent,
				     const char *name, struct secbake_text *text,
				     struct secbake_error *error)
{
	const struct base_reader *reader = (const struct base_reader *)self;

	(void)index;
	if (kind != SECBAKE_SOURCE_FILE || parent || strcmp(name, "base.json") || !reader->base)
		return secbake_error_set(error, SECBAKE_ERR_MISSING, 0, "there is no %s", name);
	*text = (struct secbake_text){reader->base, strlen(reader->base), "base.json"};
	return SECBAKE_OK;
}

static enum secbake_status no_accounts(struct secbake_source_reader *self, bool groups,
				       struct secbake_text *text, struct secbake_error *error)
{
	(void)self;
	(void)groups;
	(void)text;
	return secbake_error_set(error, SECBAKE_ERR_MISSING, 0, "there are no accounts");
}

static void fail(uint64_t seed, const struct native_model *model, const char *policy,
		 const char *base, const char *why)
{
	fprintf(stderr, "%s%s%starget %s\n", policy, base ? "base.json: " : "", base ? base : "",
		model->target->name);
	test_die("SECBAKE_SEED=%llu SECBAKE_RANDOM_COUNT=1: %s", (unsigned long long)seed, why);
}

static void compile(const struct native_model *model, struct base_reader *reader, const char *text,
		    uint64_t seed, struct secbake_compiled **compiled, struct secbake_blob *blob)
{
	const char *caps[NATIVE_CAPS];
	struct secbake_compile_options options = {
		.target = model->features,
		.name = "random",
		.policy = {text, strlen(text), "random.json"},
		.enosys = model->enosys,
		.caps = caps,
		.sources = &reader->reader,
	};
	struct secbake_error error = {0};
	const uint8_t *bytes;
	size_t size;

	for (uint32_t i = 0; i < NATIVE_CAPS; i++)
		if (model->caps >> i & 1)
			caps[options.cap_count++] = native_caps[i];
	if (secbake_compile(&options, compiled, &error) != SECBAKE_OK) {
		fprintf(stderr, "%s:%u: %s: %s\n", error.file, error.line, error.pointer,
			error.text);
		fail(seed, model, text, reader->base, "is rejected");
	}
	bytes = secbake_compiled_blob(*compiled, &size);
	if (secbake_blob_open(bytes, size, blob, &error) != SECBAKE_OK)
		fail(seed, model, text, reader->base, error.text);
}

/* A kernel of the variant's interval: its first, or its last. */
static uint32_t some_kernel(const struct secbake_blob_variant *variant, struct test_random *random)
{
	if (test_random_below(random, 2))
		return variant->kernel_from;
	return variant->kernel_to == SECBAKE_KERNEL_ANY ? SECBAKE_KERNEL(99, 0)
							: variant->kernel_to - 1;
}

static size_t compare_variant(const struct native_model *model, const struct secbake_blob *blob,
			      uint32_t index, struct test_random *random)
{
	static struct test_program program;
	struct secbake_blob_variant variant = secbake_blob_variant(blob, index);
	struct against_model a = {.visitor = {compare_call}, .model = model, .program = &program};

	if (variant.layer_count != model->layer_count)
		test_die("%u layers, not %u", variant.layer_count, model->layer_count);
	a.chooser.state = test_random(random);
	a.question.kernel = some_kernel(&variant, random);
	a.question.complain = variant.mode == SECBAKE_MODE_COMPLAIN;
	variants++;
	for (uint32_t l = 0; l < model->layer_count; l++, layers++) {
		uint32_t layer = variant.layer_first + l;

		a.question.layer = l;
		test_program_decode(secbake_blob_program(blob, layer),
				    secbake_blob_layer(blob, layer).insn_count,
				    blob->flags & SECBAKE_BLOB_BIG_ENDIAN, &program);
		native_model_calls(model, l, random, &a.visitor);
	}
	return a.differences;
}

static void run_policy(uint64_t seed)
{
	struct test_random random = {seed};
	struct native_model *model = native_model_random(&random);
	struct base_reader reader = {{read_base, no_accounts}, NULL};
	struct secbake_compiled *compiled;
	struct secbake_blob blob;
	char *base, *text = native_model_to_json(model, &base);
	uint32_t count, modes = 0;

	reader.base = base;
	native_model_prepare(model);
	compile(model, &reader, text, seed, &compiled, &blob);
	count = secbake_blob_count(&blob, SECBAKE_SECTION_VARIANTS);
	if (!count)
		fail(seed, model, text, base, "no variants");
	for (uint32_t i = 0; i < count; i++) {
		modes |= (uint32_t)1 << secbake_blob_variant(&blob, i).mode;
		if (test_random_below(&random, count) < VARIANTS_MAX &&
		    compare_variant(model, &blob, i, &random))
			fail(seed, model, text, base, "verdicts differ");
	}
	if (modes != (1u << SECBAKE_MODE_ENFORCE | 1u << SECBAKE_MODE_COMPLAIN))
		fail(seed, model, text, base, "programs for one mode only");
	if (!!(blob.flags & SECBAKE_BLOB_COMPLAIN) != model->complain)
		fail(seed, model, text, base, "not the mode that it asks for");
	secbake_compiled_free(compiled);
	free(base);
	free(text);
	native_model_free(model);
}

int main(void)
{
	static const char *const by[NATIVE_DECIDERS] = {"foreignArch", "a rule", "a rule with args",
							"baseline", "default"};
	uint64_t seed = test_env("SECBAKE_SEED", SEED), count;
	bool poor = false;

	count = test_env("SECBAKE_RANDOM_COUNT", COUNT);
	one_in = test_env("SECBAKE_ONE_IN", 1);
	printf("SECBAKE_SEED=%llu SECBAKE_RANDOM_COUNT=%llu\n", (unsigned long long)seed,
	       (unsigned long long)count);
	fflush(stdout);
	for (uint64_t i = 0; i < count; i++)
		run_policy(seed + i);
	printf("%zu variants, %zu programs, %zu calls\n", variants, layers, calls);
	for (int i = 0; i < NATIVE_DECIDERS; i++) {
		printf("%zu decided by %s\n", decided[i], by[i]);
		poor |= decided[i] < count;
	}
	if (poor && count >= 100)
		test_die("the policies leave something out");
	return 0;
}
