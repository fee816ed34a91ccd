/* SPDX-License-Identifier: MIT */
/*
 * Reading the options beside a policy, and those of the caller. What is rejected, and with
 * which words, is in tests/cases/oci-reject-* and oci-warn-*; here is what they cannot say.
 */
#include "tests/lib/read_world.h"

#include <string.h>

static void strict_stops_at_the_first_warning(void **state)
{
	static const char json[] =
		"{\"defaultAction\": \"SCMP_ACT_ALLOW\",\n \"one\": 1, \"two\": 2}";
	struct sb_options options = {0};
	struct sb_arena *arena = sb_arena_new();
	struct collector collector = {.reporter = {collect}};
	struct secbake_error error = {0};
	struct sb_document document;

	(void)state;
	assert_int_equal(read_bytes(arena, json, sizeof(json) - 1, &options, &collector.reporter,
				    &document, &error),
			 SECBAKE_OK);
	assert_int_equal(collector.count, 2);
	assert_int_equal(collector.level[0], SECBAKE_WARNING);
	assert_int_equal(collector.message[0].status, SECBAKE_OK);
	assert_string_equal(collector.message[1].pointer, "/two");
	assert_int_equal(error.status, SECBAKE_OK);
	options.strict = true;
	assert_int_equal(read_bytes(arena, json, sizeof(json) - 1, &options, &collector.reporter,
				    &document, &error),
			 SECBAKE_ERR_INPUT);
	assert_int_equal(collector.count, 2);
	assert_string_equal(error.pointer, "/one");
	assert_string_equal(error.text, collector.message[0].text);
	sb_arena_free(arena);
}

static enum secbake_status read_options(const char *text, struct sb_options *options,
					struct sb_arena *arena, struct secbake_error *error)
{
	struct secbake_text file = {.bytes = text, .size = strlen(text), .file = "NAME.options"};

	return sb_read_options(arena, &file, options, error);
}

static void options_file(void **state)
{
	static const char text[] = "# for the web servers\r\n"
				   "\n"
				   "  cap = CAP_SYS_ADMIN \r\n"
				   "cap=CAP_BPF\n"
				   "enosys=none\n"
				   "effort=best\n"
				   "dialect=oci\n"
				   "strict=yes";
	const char *const given[] = {"CAP_NET_RAW"};
	struct sb_arena *arena = sb_arena_new();
	struct sb_options options = {0}, merged = {.enosys = SECBAKE_ENOSYS_RUNC,
						   .dialect = SECBAKE_DIALECT_NATIVE,
						   .effort = SECBAKE_EFFORT_DEFAULT,
						   .caps = given,
						   .cap_count = 1};

	(void)state;
	assert_int_equal(read_options(text, &options, arena, NULL), SECBAKE_OK);
	assert_int_equal(options.cap_count, 2);
	assert_string_equal(options.caps[0], "CAP_SYS_ADMIN");
	assert_string_equal(options.caps[1], "CAP_BPF");
	assert_int_equal(options.enosys, SECBAKE_ENOSYS_NONE);
	assert_int_equal(options.dialect, SECBAKE_DIALECT_OCI);
	assert_int_equal(options.effort, SECBAKE_EFFORT_BEST);
	assert_true(options.strict);
	assert_int_equal(read_options(text, &merged, arena, NULL), SECBAKE_OK);
	assert_int_equal(merged.cap_count, 3);
	assert_string_equal(merged.caps[0], "CAP_NET_RAW");
	assert_int_equal(merged.enosys, SECBAKE_ENOSYS_RUNC);
	assert_int_equal(merged.dialect, SECBAKE_DIALECT_NATIVE);
	assert_int_equal(merged.effort, SECBAKE_EFFORT_DEFAULT);
	sb_arena_free(arena);
}

static void bad_options(void **state)
{
	static const struct {
		const char *text;
		uint32_t line;
		const char *says;
	} cases[] = {
		{"capp=CAP_BPF", 1, "did you mean \"cap\"?"},
		{"\n\ncap=CAP_SYS_ADMN", 3, "did you mean \"CAP_SYS_ADMIN\"?"},
		{"strict=true", 1, "value of \"strict\""},
		{"enosys=", 1, "value of \"enosys\""},
		{"effort=bset", 1, "did you mean \"best\"?"},
		{"dialect=oci\ndialect=oci", 2, "twice"},
		{"strict", 1, "key=value"},
		{"=yes", 1, "no option \"\""},
	};
	struct sb_arena *arena = sb_arena_new();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sb_options options = {0}, same = {0};
		struct secbake_error error = {0};

		assert_int_equal(read_options(cases[i].text, &options, arena, &error),
				 SECBAKE_ERR_INPUT);
		assert_int_equal(error.line, cases[i].line);
		assert_string_equal(error.file, "NAME.options");
		if (!strstr(error.text, cases[i].says))
			fail_msg("%s: %s", cases[i].text, error.text);
		assert_memory_equal(&options, &same, sizeof(same));
	}
	sb_arena_free(arena);
}

static void unknown_capability_of_the_caller(void **state)
{
	static const char json[] = "{\"defaultAction\": \"SCMP_ACT_ALLOW\"}";
	const char *const caps[] = {"CAP_BPF", "CAP_SYSADMIN"};
	const struct sb_options options = {.caps = caps, .cap_count = 2};
	struct sb_arena *arena = sb_arena_new();
	struct secbake_error error = {0};
	struct sb_document document;

	(void)state;
	assert_true(sb_capability_known("CAP_CHECKPOINT_RESTORE"));
	assert_int_equal(
		read_bytes(arena, json, sizeof(json) - 1, &options, NULL, &document, &error),
		SECBAKE_ERR_INPUT);
	assert_non_null(strstr(error.text, "CAP_SYS_ADMIN"));
	sb_arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strict_stops_at_the_first_warning),
		cmocka_unit_test(options_file),
		cmocka_unit_test(bad_options),
		cmocka_unit_test(unknown_capability_of_the_caller),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
