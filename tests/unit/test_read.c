/* SPDX-License-Identifier: MIT */
/*
 * Reading: JSON with places and exact numbers, the words of the oci dialect,
 * dialects, limits. What is rejected, and with which words, is in
 * tests/cases/oci-reject-* and oci-warn-*; here is what they cannot say.
 */
#include "tests/lib/read_world.h"

#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum secbake_status parse(struct sb_arena *arena, const char *json,
				 const struct sb_json **root, struct secbake_error *error)
{
	const struct sb_reader reader = {.arena = arena,
					 .report = {.file = "policy.json", .error = error}};
	struct secbake_text text = {.bytes = json, .size = strlen(json), .file = "policy.json"};

	return sb_json_parse(&reader, &text, root);
}

static const struct sb_json *parsed(struct sb_arena *arena, const char *json)
{
	struct secbake_error error = {0};
	const struct sb_json *root = NULL;

	if (parse(arena, json, &root, &error) != SECBAKE_OK)
		fail_msg("%s: %s", json, error.text);
	return root;
}

static void numbers_are_exact(void **state)
{
	static const struct {
		const char *literal;
		enum sb_json_number number;
		bool negative;
		uint64_t magnitude;
	} cases[] = {
		{"0", SB_JSON_INTEGER, false, 0},
		{"-0", SB_JSON_INTEGER, true, 0},
		{"7", SB_JSON_INTEGER, false, 7},
		{"4294967296", SB_JSON_INTEGER, false, UINT64_C(1) << 32},
		{"9007199254740993", SB_JSON_INTEGER, false, 9007199254740993u}, /* 2^53 + 1 */
		{"9223372036854775807", SB_JSON_INTEGER, false, INT64_MAX},
		{"9223372036854775808", SB_JSON_INTEGER, false, UINT64_C(1) << 63},
		{"18446744073709551615", SB_JSON_INTEGER, false, UINT64_MAX},
		{"-9223372036854775808", SB_JSON_INTEGER, true, UINT64_C(1) << 63},
		{"18446744073709551616", SB_JSON_BIG, false, 0},
		{"184467440737095516150", SB_JSON_BIG, false, 0},
		{"5.0", SB_JSON_REAL, false, 0},
		{"1e3", SB_JSON_REAL, false, 0},
		{"1E+400", SB_JSON_REAL, false, 0},
		{"-2.5e-7", SB_JSON_REAL, true, 0},
	};
	struct sb_arena *arena = sb_arena_new();
	char json[64];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct sb_json *list, *node;

		snprintf(json, sizeof(json), "[1,%s ,2]", cases[i].literal);
		list = parsed(arena, json);
		node = sb_json_next(sb_json_first(list));
		assert_int_equal(node->type, SB_JSON_NUMBER);
		assert_int_equal(node->number, cases[i].number);
		assert_int_equal(node->negative, cases[i].negative);
		assert_true(node->magnitude == cases[i].magnitude);
		assert_int_equal(node->text_size, strlen(cases[i].literal));
		assert_memory_equal(node->text, cases[i].literal, node->text_size);
		assert_true(sb_json_next(node)->magnitude == 2);
	}
	sb_arena_free(arena);
}

static void not_numbers(void **state)
{
	static const char *const cases[] = {"[01]",  "[-]",   "[1.]",  "[.5]",
					    "[1e]",  "[1e+]", "[+1]",  "[--1]",
					    "[0x1]", "[1_0]", "[-01]", "[Infinity]"};
	struct sb_arena *arena = sb_arena_new();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct secbake_error error = {0};
		const struct sb_json *root = NULL;

		assert_int_equal(parse(arena, cases[i], &root, &error), SECBAKE_ERR_INPUT);
		assert_null(root);
		assert_int_equal(error.line, 1);
	}
	sb_arena_free(arena);
}

static void places_and_pointers(void **state)
{
	static const char json[] = "{ \"a\": [true,\n"
				   "    {\"b/c~\" :null}, \"\\u00e9\\n\"\n"
				   "  ],\n"
				   "\t\"\\u0061b\": {}\r\n"
				   "}";
	struct sb_arena *arena = sb_arena_new();
	const struct sb_json *root = parsed(arena, json), *a, *object, *leaf, *last;
	char buffer[64];

	(void)state;
	assert_int_equal(root->type, SB_JSON_OBJECT);
	assert_int_equal(root->count, 2);
	assert_string_equal(sb_json_pointer(root, buffer, sizeof(buffer)), "");
	a = sb_json_member(root, "a");
	assert_int_equal(a->count, 3);
	assert_int_equal(a->line, 1);
	assert_int_equal(a->column, 8);
	assert_int_equal(a->name_column, 3);
	object = sb_json_next(sb_json_first(a));
	assert_int_equal(object->line, 2);
	assert_int_equal(object->column, 5);
	leaf = sb_json_first(object);
	assert_string_equal(leaf->name, "b/c~");
	assert_int_equal(leaf->name_line, 2);
	assert_int_equal(leaf->column, 14);
	assert_string_equal(sb_json_pointer(leaf, buffer, sizeof(buffer)), "/a/1/b~1c~0");
	assert_string_equal(sb_json_pointer(leaf, buffer, 8), "/b~1c~0");
	last = sb_json_next(object);
	assert_string_equal(last->text, "\xc3\xa9\n");
	assert_null(sb_json_next(last));
	last = sb_json_member(root, "ab");
	assert_int_equal(last->type, SB_JSON_OBJECT);
	assert_int_equal(last->line, 4);
	assert_int_equal(last->name_column, 2);
	assert_null(sb_json_first(last));
	assert_null(sb_json_next(last));
	sb_arena_free(arena);
}

static void depth_limit(void **state)
{
	struct sb_arena *arena = sb_arena_new();
	struct secbake_error error = {0};
	const struct sb_json *root;
	char json[2 * 65 + 1];

	(void)state;
	memset(json, '[', 64);
	memset(json + 64, ']', 64);
	json[128] = '\0';
	assert_int_equal(parse(arena, json, &root, &error), SECBAKE_OK);
	memset(json, '[', 65);
	memset(json + 65, ']', 65);
	json[130] = '\0';
	assert_int_equal(parse(arena, json, &root, &error), SECBAKE_ERR_LIMIT);
	assert_int_equal(error.column, 65);
	sb_arena_free(arena);
}

static void size_limit(void **state)
{
	static const char policy[] = "{\"defaultAction\":\"SCMP_ACT_ALLOW\"}";
	const struct sb_options options = {0};
	char *text = malloc(SECBAKE_POLICY_SIZE_MAX + 1);
	struct sb_arena *arena = sb_arena_new();
	struct secbake_error error = {0};
	struct sb_document document = {0};

	(void)state;
	assert_non_null(text);
	memset(text, ' ', SECBAKE_POLICY_SIZE_MAX + 1);
	memcpy(text, policy, sizeof(policy) - 1);
	assert_int_equal(
		read_bytes(arena, text, SECBAKE_POLICY_SIZE_MAX, &options, NULL, &document, &error),
		SECBAKE_OK);
	assert_int_equal(document.dialect, SECBAKE_DIALECT_OCI);
	assert_int_equal(read_bytes(arena, text, SECBAKE_POLICY_SIZE_MAX + 1, &options, NULL,
				    &document, &error),
			 SECBAKE_ERR_LIMIT);
	free(text);
	sb_arena_free(arena);
}

static const char whole[] =
	"{\n"
	" \"defaultAction\": \"SCMP_ACT_ERRNO\", \"defaultErrno\": \"ENOSYS\", \"comment\": null,\n"
	" \"archMap\": [{\"architecture\": \"SCMP_ARCH_X86_64\", \"subArchitectures\": null}],\n"
	" \"flags\": [\"SECCOMP_FILTER_FLAG_LOG\", \"SECCOMP_FILTER_FLAG_TSYNC\"],\n"
	" \"listenerPath\": \"/run/a.sock\", \"listenerMetadata\": \"m\",\n"
	" \"syscalls\": [\n"
	"  {\"names\": [\"write\", \"read\", \"write\"], \"name\": \"\", \"action\": \"SCMP_ACT_ALLOW\",\n"
	"   \"args\": null, \"comment\": \"x\", \"includes\": {\"minKernel\": \"4.8\"}, \"errno\": \"\"},\n"
	"  {\"name\": \"mmap\", \"action\": \"SCMP_ACT_TRACE\", \"errnoRet\": 65535,\n"
	"   \"includes\": {\"caps\": [\"CAP_BPF\"], \"arches\": [\"arm64\"], \"minKernel\": \"\"},\n"
	"   \"excludes\": {\"minKernel\": \"5.11\"}},\n"
	"  {\"names\": [\"close\"], \"action\": \"SCMP_ACT_NOTIFY\", \"excludes\": {\"minKernel\": \"4.8\"},\n"
	"   \"args\": [{\"index\": 5, \"value\": 18446744073709551615, \"valueTwo\": 9223372036854775808,\n"
	"              \"op\": \"SCMP_CMP_MASKED_EQ\"}]}\n"
	" ]\n"
	"}\n";

static void check_rules(const struct sb_oci *oci)
{
	assert_int_equal(oci->rule_count, 3);
	assert_int_equal(oci->name_count, 4);
	assert_string_equal(oci->name[0], "close");
	assert_string_equal(oci->name[3], "write");
	assert_int_equal(oci->rule[0].name_count, 2);
	assert_int_equal(oci->rule[0].name[0], 2);
	assert_int_equal(oci->rule[0].name[1], 3);
	assert_int_equal(oci->rule[0].clause_count, 0);
	assert_int_equal(oci->rule[0].includes.min_kernel, SECBAKE_KERNEL(4, 8));
	assert_int_equal(oci->rule[1].action.ret, SECCOMP_RET_TRACE);
	assert_int_equal(oci->rule[1].action.data, 65535);
	assert_string_equal(oci->rule[1].includes.cap[0], "CAP_BPF");
	assert_ptr_equal(oci->rule[1].includes.arch[0], secbake_arch_find("aarch64"));
	assert_int_equal(oci->rule[1].includes.min_kernel, 0);
	assert_int_equal(oci->rule[2].place.line, 12);
	assert_string_equal(oci->rule[2].place.pointer, "/syscalls/2");
	assert_int_equal(oci->rule[2].clause_count, 1);
	assert_int_equal(oci->rule[2].clause->cond_count, 1);
	assert_int_equal(oci->rule[2].clause->cond->arg, 5);
	assert_true(oci->rule[2].clause->cond->mask == UINT64_MAX);
	assert_true(oci->rule[2].clause->cond->interval->lo == UINT64_C(1) << 63);
}

static void check_whole(const struct sb_document *document)
{
	const struct sb_oci *oci = document->oci;

	assert_int_equal(document->dialect, SECBAKE_DIALECT_OCI);
	assert_string_equal(document->listener_path, "/run/a.sock");
	assert_string_equal(document->listener_metadata, "m");
	assert_int_equal(document->kernel_count, 2);
	assert_int_equal(document->kernel[0], SECBAKE_KERNEL(4, 8));
	assert_int_equal(document->kernel[1], SECBAKE_KERNEL(5, 11));
	assert_int_equal(oci->default_action.ret, SECCOMP_RET_ERRNO);
	assert_ptr_equal(oci->default_action.errno_name, sb_errno_find("ENOSYS"));
	assert_int_equal(oci->map_count, 1);
	assert_int_equal(oci->map[0].sub_count, 0);
	assert_int_equal(oci->flags, SECBAKE_FLAG_LOG | SECBAKE_FLAG_TSYNC);
	check_rules(oci);
}

static void every_member(void **state)
{
	const struct sb_options options = {.strict = true};
	struct sb_arena *arena = sb_arena_new();
	struct collector collector = {.reporter = {collect}};
	struct secbake_error error = {0};
	struct sb_document document = {0};

	(void)state;
	if (read_bytes(arena, whole, sizeof(whole) - 1, &options, &collector.reporter, &document,
		       &error) != SECBAKE_OK)
		fail_msg("%u: %s: %s", error.line, error.pointer, error.text);
	assert_int_equal(collector.count, 0);
	check_whole(&document);
	sb_arena_free(arena);
}

static void failure_leaves_the_document(void **state)
{
	static const char json[] = "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"flags\": [\"X\"]}";
	const struct sb_options options = {0};
	struct sb_arena *arena = sb_arena_new();
	struct sb_document document = {.kernel_count = 99}, same = document;

	(void)state;
	assert_int_equal(read_bytes(arena, json, sizeof(json) - 1, &options, NULL, &document, NULL),
			 SECBAKE_ERR_INPUT);
	assert_memory_equal(&document, &same, sizeof(same));
	sb_arena_free(arena);
}

static enum secbake_status read_as(const char *json, enum secbake_dialect dialect,
				   struct secbake_error *error)
{
	const struct sb_options options = {.dialect = dialect};
	struct sb_arena *arena = sb_arena_new();
	struct sb_document document;
	enum secbake_status status;

	*error = (struct secbake_error){0};
	status = read_bytes(arena, json, strlen(json), &options, NULL, &document, error);
	sb_arena_free(arena);
	return status;
}

static void dialects(void **state)
{
	static const char oci[] = "{\"defaultAction\": \"SCMP_ACT_ALLOW\"}";
	static const char both[] = "{\"secbake\": 1, \"defaultAction\": \"SCMP_ACT_ALLOW\"}";
	struct secbake_error error;

	(void)state;
	assert_int_equal(read_as(oci, SECBAKE_DIALECT_AUTO, &error), SECBAKE_OK);
	assert_int_equal(read_as(oci, SECBAKE_DIALECT_OCI, &error), SECBAKE_OK);
	assert_int_equal(read_as(oci, SECBAKE_DIALECT_NATIVE, &error), SECBAKE_ERR_INPUT);
	assert_non_null(strstr(error.text, "native"));
	assert_int_equal(read_as(both, SECBAKE_DIALECT_AUTO, &error), SECBAKE_ERR_INPUT);
	assert_string_equal(error.pointer, "/defaultAction");
	assert_int_equal(read_as(both, SECBAKE_DIALECT_OCI, &error), SECBAKE_OK);
}

static void config_json(void **state)
{
	static const char json[] =
		"{\"ociVersion\": \"1.0.2\", \"process\": {\"args\": [\"sh\"], \"Linux\": 1},\n"
		" \"linux\": {\"namespaces\": [], \"seccomp\": {\n"
		"  \"defaultAction\": \"SCMP_ACT_ALLOW\",\n"
		"  \"syscalls\": [{\"names\": [\"read\"], \"action\": \"SCMP_ACT_KILL\"}]}}}";
	const struct sb_options options = {.strict = true};
	struct sb_arena *arena = sb_arena_new();
	struct sb_document document;

	(void)state;
	assert_int_equal(read_bytes(arena, json, sizeof(json) - 1, &options, NULL, &document, NULL),
			 SECBAKE_OK);
	assert_string_equal(document.oci->rule[0].place.pointer, "/linux/seccomp/syscalls/0");
	assert_int_equal(document.oci->rule[0].place.line, 4);
	sb_arena_free(arena);
}

/* Error numbers are the target's; both spellings of one number are one number. */
static void error_numbers(void **state)
{
	const struct secbake_arch *x86_64 = secbake_arch_find("x86_64");
	const struct secbake_arch *mips = secbake_arch_find("mipsel64");
	const struct secbake_arch *parisc = secbake_arch_find("parisc");
	const struct secbake_arch *ppc = secbake_arch_find("ppc64le");

	(void)state;
	assert_int_equal(sb_errno_value(sb_errno_find("EPERM"), mips), 1);
	assert_int_equal(sb_errno_value(sb_errno_find("ENOSYS"), x86_64), 38);
	assert_int_equal(sb_errno_value(sb_errno_find("ENOSYS"), mips), 89);
	assert_int_equal(sb_errno_value(sb_errno_find("ENOSYS"), parisc), 251);
	assert_int_equal(sb_errno_value(sb_errno_find("EDEADLOCK"), x86_64), 35);
	assert_int_equal(sb_errno_value(sb_errno_find("EDEADLOCK"), ppc), 58);
	assert_int_equal(sb_errno_value(sb_errno_find("EDEADLOCK"), mips), 56);
	assert_int_equal(sb_errno_value(sb_errno_find("EDQUOT"), mips), 1133);
	assert_null(sb_errno_find("EPERMS"));
	assert_null(sb_errno_find(""));
}

/*
 * Damaged text is read or refused with a place, and the two passes never differ
 * about it (SECBAKE_ERR_INTERNAL). xorshift with a fixed seed: the same each time.
 */
static void damaged_text(void **state)
{
	static const char bytes[] = "{}[]\",:\\0123456789.eE+-tfn \n\t\xc3\x28\xff\x00u";
	const struct sb_options options = {0};
	uint64_t random = 88172645463325252u;
	char text[sizeof(whole)];

	(void)state;
	for (uint32_t round = 0; round < 20000; round++) {
		struct sb_arena *arena = sb_arena_new();
		struct secbake_error error = {0};
		struct sb_document document;
		enum secbake_status status;
		size_t size = sizeof(whole) - 1;

		memcpy(text, whole, sizeof(whole));
		for (uint32_t i = 0; i <= round % 3; i++) {
			random ^= random << 13;
			random ^= random >> 7;
			random ^= random << 17;
			text[random % size] = bytes[(random >> 20) % (sizeof(bytes) - 1)];
			if ((random >> 40) % 8 == 0)
				size = (random >> 43) % size + 1;
		}
		status = read_bytes(arena, text, size, &options, NULL, &document, &error);
		assert_int_equal(status, error.status);
		if (status != SECBAKE_OK && (status != SECBAKE_ERR_INPUT || !error.line))
			fail_msg("round %u: status %d, line %u: %s", round, (int)status, error.line,
				 error.text);
		sb_arena_free(arena);
	}
}

static void arena_hands_out_zeros(void **state)
{
	struct sb_arena *arena = sb_arena_new();
	unsigned char *small, *large, *again;
	uint64_t *numbers;

	(void)state;
	small = sb_alloc(arena, 3, 1);
	large = sb_alloc(arena, 1, 1u << 20);
	again = sb_alloc(arena, 1, 24);
	assert_true(small && large && again);
	assert_true(((uintptr_t)again & (_Alignof(max_align_t) - 1)) == 0);
	for (size_t i = 0; i < 1u << 20; i++)
		assert_int_equal(large[i], 0);
	memset(small, 0xff, 3);
	for (size_t i = 0; i < 24; i++)
		assert_int_equal(again[i], 0);
	assert_null(sb_alloc(arena, SIZE_MAX / 2, 3));
	assert_null(sb_alloc(arena, SIZE_MAX, 1));
	assert_non_null(sb_alloc(arena, 0, 8));
	numbers = sb_alloc(arena, 2, sizeof(*numbers));
	numbers[1] = 7;
	numbers = sb_grow(arena, numbers, 2, 4, sizeof(*numbers));
	assert_true(numbers[1] == 7 && numbers[3] == 0);
	assert_null(sb_grow(arena, numbers, 4, 2, sizeof(*numbers)));
	assert_string_equal(sb_sprintf(arena, "%d-%s", 5, "x"), "5-x");
	assert_string_equal(sb_strndup(arena, "abcdef", 3), "abc");
	sb_arena_free(arena);
	sb_arena_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_exact),
		cmocka_unit_test(not_numbers),
		cmocka_unit_test(places_and_pointers),
		cmocka_unit_test(depth_limit),
		cmocka_unit_test(size_limit),
		cmocka_unit_test(every_member),
		cmocka_unit_test(failure_leaves_the_document),
		cmocka_unit_test(dialects),
		cmocka_unit_test(config_json),
		cmocka_unit_test(error_numbers),
		cmocka_unit_test(damaged_text),
		cmocka_unit_test(arena_hands_out_zeros),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
