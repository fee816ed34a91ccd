/* SPDX-License-Identifier: MIT */
/*
 * Laying out blobs: how many and how long everything may be, and that nothing is handed
 * out that the loader would refuse.
 */
#include "tests/lib/blob_input_world.h"

#include <stdio.h>
#include <stdlib.h>

static void write_fails(const struct sb_blob_in *in, enum secbake_status expected, const char *text)
{
	struct secbake_error error = {0};
	uint8_t mark, *bytes = &mark;
	size_t size = 42;

	assert_int_equal(sb_blob_write(in, &bytes, &size, &error), expected);
	assert_int_equal(error.status, expected);
	if (!strstr(error.text, text))
		fail_msg("'%s' does not say '%s'", error.text, text);
	assert_ptr_equal(bytes, &mark);
	assert_int_equal(size, 42);
}

#define MANY 3000u

static void test_many_strings(void **state)
{
	static struct sb_blob_rule_in rule[2 * MANY];
	static char pointer[MANY][24];
	struct sb_blob_layer_in layer = one_layer[0];
	struct sb_blob_variant_in variant = variants[2];
	struct sb_blob_in in = input("x86_64");
	struct written w;

	(void)state;
	for (uint32_t i = 0; i < 2 * MANY; i++) {
		snprintf(pointer[i % MANY], sizeof(pointer[0]), "/syscalls/%u", i % MANY);
		rule[i] = (struct sb_blob_rule_in){.line = i, .pointer = pointer[i % MANY]};
	}
	layer.rule = rule;
	layer.rule_count = 2 * MANY;
	variant.layer = &layer;
	in.variant = &variant;
	in.variant_count = 1;
	w = write_ok(&in);
	assert_int_equal(secbake_blob_count(&w.blob, SECBAKE_SECTION_RULES), 2 * MANY);
	for (uint32_t i = 0; i < 2 * MANY; i++) {
		struct secbake_blob_rule r = secbake_blob_rule(&w.blob, i);

		assert_int_equal(r.line, i);
		assert_string_equal(secbake_blob_string(&w.blob, r.pointer), pointer[i % MANY]);
		assert_int_equal(r.pointer.offset,
				 secbake_blob_rule(&w.blob, i % MANY).pointer.offset);
	}
	free(w.bytes);
}

static void test_counts_limited(void **state)
{
	static struct sb_blob_variant_in many[SECBAKE_VARIANTS_MAX + 1];
	static struct sb_blob_source_in files[SECBAKE_SOURCES_MAX + 1];
	static struct sb_blob_layer_in layers[SECBAKE_LAYERS_MAX + 1];
	struct sb_blob_in in = input("x86_64");
	struct written w;

	(void)state;
	for (uint32_t i = 0; i < COUNT(many); i++) {
		many[i] = variants[1];
		many[i].kernel_from = i ? SECBAKE_KERNEL(5, i) : 0;
		many[i].kernel_to = SECBAKE_KERNEL(5, i + 1);
	}
	in.variant = many;
	in.variant_count = SECBAKE_VARIANTS_MAX + 1;
	many[SECBAKE_VARIANTS_MAX].kernel_to = SECBAKE_KERNEL_ANY;
	write_fails(&in, SECBAKE_ERR_LIMIT, "65 variants");
	in.variant_count = SECBAKE_VARIANTS_MAX;
	many[SECBAKE_VARIANTS_MAX - 1].kernel_to = SECBAKE_KERNEL_ANY;
	w = write_ok(&in);
	assert_int_equal(secbake_blob_count(&w.blob, SECBAKE_SECTION_VARIANTS), 64);
	assert_int_equal(secbake_blob_count(&w.blob, SECBAKE_SECTION_LAYERS), 1);
	free(w.bytes);

	in = input("x86_64");
	for (uint32_t i = 0; i < COUNT(files); i++)
		files[i] = sources[i ? 2 : 0];
	in.source = files;
	in.source_count = SECBAKE_SOURCES_MAX + 1;
	write_fails(&in, SECBAKE_ERR_LIMIT, "257 files");
	in.source_count = SECBAKE_SOURCES_MAX;
	free(write_ok(&in).bytes);

	in = input("x86_64");
	for (uint32_t i = 0; i < COUNT(layers); i++)
		layers[i] = one_layer[0];
	many[0] = variants[2];
	many[0].layer = layers;
	many[0].layer_count = SECBAKE_LAYERS_MAX + 1;
	in.variant = many;
	in.variant_count = 1;
	write_fails(&in, SECBAKE_ERR_LIMIT, "17 layers");
	many[0].layer_count = SECBAKE_LAYERS_MAX;
	free(write_ok(&in).bytes);
}

static void test_program_limited(void **state)
{
	static struct sock_filter insn[SECBAKE_PROGRAM_MAX + 1];
	struct sb_blob_layer_in layer = {.insn = insn, .insn_count = SECBAKE_PROGRAM_MAX + 1};
	struct sb_blob_variant_in variant = variants[2];
	struct sb_blob_in in = input("s390x");
	struct written w;

	(void)state;
	for (uint32_t i = 0; i < COUNT(insn); i++)
		insn[i] = (struct sock_filter)RET(i);
	variant.layer = &layer;
	in.variant = &variant;
	in.variant_count = 1;
	write_fails(&in, SECBAKE_ERR_LIMIT, "4097 instructions");
	layer.insn_count = SECBAKE_PROGRAM_MAX;
	w = write_ok(&in);
	assert_same_program(&w.blob, 0, insn, SECBAKE_PROGRAM_MAX, true);
	free(w.bytes);
}

/* 64 variants of 16 different programs of 4096 instructions are 32 MiB. */
static void test_size_limited(void **state)
{
	enum { PROGRAMS = SECBAKE_VARIANTS_MAX * SECBAKE_LAYERS_MAX };
	static struct sb_blob_layer_in layer[PROGRAMS];
	static struct sb_blob_variant_in many[SECBAKE_VARIANTS_MAX];
	struct sock_filter *insn = calloc(SECBAKE_PROGRAM_MAX + PROGRAMS, sizeof(*insn));
	struct sb_blob_in in = input("x86_64");

	(void)state;
	assert_non_null(insn);
	for (uint32_t i = 0; i < SECBAKE_PROGRAM_MAX + PROGRAMS; i++)
		insn[i] = (struct sock_filter)RET(i);
	for (uint32_t i = 0; i < PROGRAMS; i++)
		layer[i] = (struct sb_blob_layer_in){.insn = insn + i,
						     .insn_count = SECBAKE_PROGRAM_MAX};
	for (uint32_t i = 0; i < SECBAKE_VARIANTS_MAX; i++)
		many[i] = (struct sb_blob_variant_in){.kernel_from = i,
						      .kernel_to = i + 1,
						      .layer = layer + i * SECBAKE_LAYERS_MAX,
						      .layer_count = SECBAKE_LAYERS_MAX};
	many[SECBAKE_VARIANTS_MAX - 1].kernel_to = SECBAKE_KERNEL_ANY;
	in.variant = many;
	in.variant_count = SECBAKE_VARIANTS_MAX;
	write_fails(&in, SECBAKE_ERR_LIMIT, "larger than 16777216 bytes");
	free(insn);
}

static void test_strings_limited(void **state)
{
	char *text = malloc(65537);
	struct sb_blob_in in = input("x86_64");

	(void)state;
	assert_non_null(text);
	memset(text, 'm', 65536);
	text[65536] = '\0';
	in.listener_metadata = text;
	write_fails(&in, SECBAKE_ERR_LIMIT, "65536 bytes");
	in.listener_metadata = text + 1;
	free(write_ok(&in).bytes);
	in = input("x86_64");
	in.listener_path = text + 65536 - 4096;
	write_fails(&in, SECBAKE_ERR_LIMIT, "4096 bytes");
	free(text);
}

static void test_name_checked(void **state)
{
	static const char *const wrong[] = {NULL, "", ".web", "a/b", "a b"};

	(void)state;
	for (uint32_t i = 0; i < COUNT(wrong); i++) {
		struct sb_blob_in in = input("x86_64");

		in.name = wrong[i];
		write_fails(&in, SECBAKE_ERR_INTERNAL, "name");
	}
}

/* The reader is asked before anything is handed out. */
static void test_nothing_bad_is_handed_out(void **state)
{
	static const struct sock_filter no_ret[] = {INSN(BPF_LD | BPF_W | BPF_ABS, 0, 0, 0)};
	static const struct sb_blob_rule_in no_source[] = {{.source = 3, .pointer = "/x"}};
	struct sb_blob_layer_in layer = one_layer[0];
	struct sb_blob_variant_in variant = variants[2];
	struct sb_blob_in in = input("x86_64");

	(void)state;
	variant.layer = &layer;
	in.variant = &variant;
	in.variant_count = 1;
	layer.insn = no_ret;
	layer.insn_count = 1;
	write_fails(&in, SECBAKE_ERR_INTERNAL, "does not open");
	layer.insn_count = 0;
	write_fails(&in, SECBAKE_ERR_INTERNAL, "does not open");
	layer = one_layer[0];
	layer.rule = no_source;
	layer.rule_count = 1;
	write_fails(&in, SECBAKE_ERR_INTERNAL, "does not open");
	layer = one_layer[0];
	variant.kernel_from = variant.kernel_to; /* for no kernel at all */
	write_fails(&in, SECBAKE_ERR_INTERNAL, "does not open");
	in.variant_count = 0;
	write_fails(&in, SECBAKE_ERR_INTERNAL, "does not open");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_many_strings),
		cmocka_unit_test(test_counts_limited),
		cmocka_unit_test(test_program_limited),
		cmocka_unit_test(test_size_limited),
		cmocka_unit_test(test_strings_limited),
		cmocka_unit_test(test_name_checked),
		cmocka_unit_test(test_nothing_bad_is_handed_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
