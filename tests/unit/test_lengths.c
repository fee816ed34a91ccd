/* SPDX-License-Identifier: MIT */
/*
 * How long programs are, and how long the paths that the kernel emulates: both
 * are the same on any machine, so that what a change costs shows here. Also what
 * each pass is for: without it some policy gets a longer program or longer paths.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <linux/audit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <secbake/compile.h>
#include <secbake/inspect.h>

#include "../lib/compiled.h"
#include "../lib/sanitized.h"
#include "../lib/support.h"

#define NUMBERS 470u

static char *text_of(const char *path, size_t *size)
{
	FILE *file = fopen(path, "re");
	char *text = malloc(SECBAKE_POLICY_SIZE_MAX);

	if (!file || !text) {
		free(text);
		return NULL;
	}
	*size = fread(text, 1, SECBAKE_POLICY_SIZE_MAX, file);
	fclose(file);
	return text;
}

/* False: there is no such file. */
static bool cost_of(const char *path, enum secbake_effort effort, const char *passes,
		    struct secbake_cost *cost)
{
	static const uint32_t tables[] = {AUDIT_ARCH_X86_64, AUDIT_ARCH_I386};
	struct secbake_compile_options options;
	struct secbake_compiled *compiled;
	struct secbake_program program = {0};
	struct secbake_error error = {0};
	struct secbake_blob blob;
	const uint8_t *bytes;
	uint32_t variant;
	size_t size = 0;
	char *text = text_of(path, &size);

	if (!text)
		return false;
	options = test_options("x86_64", SECBAKE_KERNEL(6, 12), text, size, path);
	options.enosys = SECBAKE_ENOSYS_NONE;
	options.effort = effort;
	options.passes = passes;
	if (secbake_compile(&options, &compiled, &error) != SECBAKE_OK)
		fail_msg("%s: %s", path, error.text);
	bytes = secbake_compiled_blob(compiled, &size);
	assert_int_equal(secbake_blob_open(bytes, size, &blob, &error), SECBAKE_OK);
	assert_int_equal(
		secbake_blob_select(&blob, &options.target, SECBAKE_MODE_ENFORCE, &variant, &error),
		SECBAKE_OK);
	variant = secbake_blob_variant(&blob, variant).layer_first;
	program.bytes = secbake_blob_program(&blob, variant);
	program.count = secbake_blob_layer(&blob, variant).insn_count;
	assert_int_equal(secbake_cost_of(&program, tables, 2, NUMBERS, cost, &error), SECBAKE_OK);
	secbake_compiled_free(compiled);
	free(text);
	return true;
}

static void within(const char *path, enum secbake_effort effort, uint32_t instructions,
		   double mean_path)
{
	struct secbake_cost cost;
	double mean;

	if (!cost_of(path, effort, NULL, &cost)) {
		print_message("%s is not there\n", path);
		return;
	}
	mean = (double)cost.steps / (2.0 * NUMBERS);
	print_message("%s: %u instructions, mean path %.2f\n", path, cost.instructions, mean);
	if (cost.instructions > instructions || mean > mean_path)
		fail_msg("%s: %u instructions at %.2f; %u at %.2f are known to do", path,
			 cost.instructions, mean, instructions, mean_path);
}

static void own_policies(void **state)
{
	(void)state;
	within(SECBAKE_SOURCE_DIR "/tests/bench/container-oci.json", SECBAKE_EFFORT_DEFAULT, 209,
	       10.5);
	within(SECBAKE_SOURCE_DIR "/tests/cases/effort-best/policy.json", SECBAKE_EFFORT_DEFAULT,
	       44, 7.6);
}

static void corpus(void **state)
{
	(void)state;
	within(SECBAKE_SHARED_DIR "/corpus/moby+profiles__default.json", SECBAKE_EFFORT_DEFAULT,
	       178, 10.5);
	within(SECBAKE_SHARED_DIR "/corpus/containers+container-libs__seccomp.json",
	       SECBAKE_EFFORT_DEFAULT, 193, 10.5);
}

static void best(void **state)
{
	(void)state;
	within(SECBAKE_SOURCE_DIR "/tests/cases/effort-best/policy.json", SECBAKE_EFFORT_BEST, 43,
	       7.6);
#ifndef SANITIZED /* millions of tries: ten minutes */
	within(SECBAKE_SHARED_DIR "/corpus/moby+profiles__default.json", SECBAKE_EFFORT_BEST, 150,
	       10.5);
	within(SECBAKE_SHARED_DIR "/corpus/containers+container-libs__seccomp.json",
	       SECBAKE_EFFORT_BEST, 173, 10.5);
#endif
}

/* Without a pass, programs or paths are longer: it is there for something. */
static void passes(void **state)
{
	static const struct {
		const char *policy, *passes;
	} cases[] = {
		{"/tests/bench/container-oci.json", "-peel"},
		{"/tests/bench/container-oci.json", "-bits"},
		{"/tests/bench/container-oci.json", "-redirect"},
		{"/tests/cases/effort-best/policy.json", "-fold-x32"},
		{"/tests/cases/effort-best/policy.json", "-bypass"},
		{"/tests/cases/passes-arguments/policy.json", "-cover"},
		{"/tests/cases/passes-arguments/policy.json", "-diagram"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *path = test_sprintf("%s%s", SECBAKE_SOURCE_DIR, cases[i].policy);
		struct secbake_cost all, without;

		assert_true(cost_of(path, SECBAKE_EFFORT_DEFAULT, NULL, &all));
		assert_true(cost_of(path, SECBAKE_EFFORT_DEFAULT, cases[i].passes, &without));
		print_message("%s %s: %u instructions, %llu steps; with it %u, %llu\n",
			      cases[i].policy, cases[i].passes, without.instructions,
			      (unsigned long long)without.steps, all.instructions,
			      (unsigned long long)all.steps);
		/* An instruction is worth some 50 steps: compiler/cost.h. */
		assert_true(50 * (uint64_t)all.instructions + all.steps <
			    50 * (uint64_t)without.instructions + without.steps);
		free(path);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(own_policies),
		cmocka_unit_test(corpus),
		cmocka_unit_test(best),
		cmocka_unit_test(passes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
