/* SPDX-License-Identifier: MIT */
/* What secbake/import.h promises beside the formats: tests/import/ holds those. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <secbake/import.h>

/* Counts messages, and hands one text out as every file. */
struct world {
	struct secbake_reporter reporter; /* first */
	unsigned int warnings;
	struct secbake_error last;
};

struct reader {
	struct secbake_import_reader base; /* first */
	const char *text;
	char name[64];
	uint32_t index, parent;
	enum secbake_status status;
};

static void report(struct secbake_reporter *self, enum secbake_level level,
		   const struct secbake_error *message)
{
	struct world *world = (struct world *)self;

	world->warnings += level == SECBAKE_WARNING;
	world->last = *message;
}

static enum secbake_status read_file(struct secbake_import_reader *self, uint32_t index,
				     uint32_t parent, const char *name, struct secbake_text *text,
				     struct secbake_error *error)
{
	struct reader *reader = (struct reader *)self;

	snprintf(reader->name, sizeof(reader->name), "%s", name); /* it goes with the import */
	reader->index = index;
	reader->parent = parent;
	if (reader->status != SECBAKE_OK)
		return secbake_error_set(error, reader->status, 5, "cannot be read");
	*text = (struct secbake_text){reader->text, strlen(reader->text), "other"};
	return SECBAKE_OK;
}

static struct secbake_import_options options_of(const char *format, const char *text)
{
	return (struct secbake_import_options){
		.format = format,
		.policy = {text, strlen(text), "file"},
		.arch = secbake_arch_find("x86_64"),
	};
}

static void formats_are_listed(void **state)
{
	(void)state;
	assert_string_equal(secbake_import_format_at(0), "snap");
	assert_null(secbake_import_format_at(100));
	for (size_t i = 0; secbake_import_format_at(i); i++)
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(secbake_import_format_at(i),
						secbake_import_format_at(k));
}

static void text_is_given_out_with_its_size(void **state)
{
	struct secbake_import_options options = options_of("snap", "read\n");
	struct secbake_error error = {0};
	char *text = NULL, *again = NULL;
	size_t size = 0;

	(void)state;
	assert_int_equal(secbake_import(&options, &text, &size, &error), SECBAKE_OK);
	assert_int_equal(strlen(text), size);
	assert_int_equal(text[size - 1], '\n');
	assert_int_equal(secbake_import(&options, &again, NULL, NULL), SECBAKE_OK);
	assert_string_equal(text, again);
	free(text);
	free(again);
}

static void what_is_not_there_is_missing(void **state)
{
	struct secbake_import_options options = options_of("apparmor", "read\n");
	struct secbake_error error = {0};
	char *text = NULL;

	(void)state;
	assert_int_equal(secbake_import(&options, &text, NULL, &error), SECBAKE_ERR_MISSING);
	assert_non_null(strstr(error.text, "apparmor"));
	options.format = "snap";
	options.part = "vmm";
	error = (struct secbake_error){0};
	assert_int_equal(secbake_import(&options, &text, NULL, &error), SECBAKE_ERR_MISSING);
	assert_int_equal(secbake_import(&options, &text, NULL, NULL), SECBAKE_ERR_MISSING);
	assert_null(text);
}

static void what_is_lost_is_a_warning_or_an_error(void **state)
{
	struct secbake_import_options options = options_of("snap", "read\n{{x}}\n");
	struct world world = {.reporter = {report}};
	struct secbake_error error = {0};
	char *text = NULL;

	(void)state;
	options.reporter = &world.reporter;
	assert_int_equal(secbake_import(&options, &text, NULL, &error), SECBAKE_OK);
	assert_int_equal(world.warnings, 1);
	assert_int_equal(world.last.line, 2);
	assert_string_equal(world.last.file, "file");
	assert_non_null(strstr(text, "Not imported, line 2: "));
	free(text);
	text = NULL;
	options.strict = true;
	assert_int_equal(secbake_import(&options, &text, NULL, &error), SECBAKE_ERR_INPUT);
	assert_int_equal(error.line, 2);
	assert_null(text);
}

static void included_files_come_from_the_reader(void **state)
{
	struct secbake_import_options options =
		options_of("minijail", "write: 1\n@include ./././a/b\n");
	struct reader reader = {.base = {read_file}, .text = "read: 1\n"};
	struct secbake_error error = {0};
	char *text = NULL;

	(void)state;
	assert_int_equal(secbake_import(&options, &text, NULL, &error), SECBAKE_ERR_INPUT);
	assert_int_equal(error.line, 2);
	options.reader = &reader.base;
	assert_int_equal(secbake_import(&options, &text, NULL, NULL), SECBAKE_OK);
	assert_string_equal(reader.name, "a/b");
	assert_int_equal(reader.index, 1);
	assert_int_equal(reader.parent, 0);
	assert_non_null(strstr(text, "[\"write\", \"read\"]"));
	free(text);
	text = NULL;
	reader.status = SECBAKE_ERR_SYSTEM;
	error = (struct secbake_error){0};
	assert_int_equal(secbake_import(&options, &text, NULL, &error), SECBAKE_ERR_SYSTEM);
	assert_int_equal(error.sys_errno, 5);
	assert_int_equal(error.line, 2);
	reader.status = SECBAKE_ERR_MISSING;
	assert_int_equal(secbake_import(&options, &text, NULL, NULL), SECBAKE_ERR_INPUT);
	assert_null(text);
}

static void an_error_in_an_included_file_names_it(void **state)
{
	struct secbake_import_options options =
		options_of("minijail", "@include /x\nwrite: 1\nraed: 1\n");
	struct reader reader = {.base = {read_file}, .text = "read: 1\n\nfrob: 1\n"};
	struct secbake_error error = {0};
	char *text = NULL;

	(void)state;
	options.reader = &reader.base;
	assert_int_equal(secbake_import(&options, &text, NULL, &error), SECBAKE_ERR_INPUT);
	assert_string_equal(error.file, "other");
	assert_int_equal(error.line, 3);
	reader.text = "read: 1\n";
	error = (struct secbake_error){0};
	assert_int_equal(secbake_import(&options, &text, NULL, &error), SECBAKE_ERR_INPUT);
	assert_string_equal(error.file, "file"); /* again, behind it */
	assert_int_equal(error.line, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(formats_are_listed),
		cmocka_unit_test(text_is_given_out_with_its_size),
		cmocka_unit_test(what_is_not_there_is_missing),
		cmocka_unit_test(what_is_lost_is_a_warning_or_an_error),
		cmocka_unit_test(included_files_come_from_the_reader),
		cmocka_unit_test(an_error_in_an_included_file_names_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
