/* SPDX-License-Identifier: MIT */
/*
 * Reading the native language: what cases cannot say. Which words are rejected, and how,
 * is in tests/cases/native-reject-*; here are several errors in one run, the files
 * that a policy is made of, and limits.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <compiler/read_native.h>
#include <compiler/resolve_native.h>

#define MESSAGES_MAX 128

struct file {
	const char *path; /* as the reader is asked for it; a policy has a '@' in front */
	const char *text;
};

struct fixture {
	struct secbake_reporter reporter;
	struct secbake_source_reader reader;
	struct sb_arena *arena;
	struct sb_sources sources;
	struct sb_options options;
	struct sb_document document;
	struct secbake_error error;
	const struct file *files;
	const char *passwd;
	uint32_t reads;
	uint32_t errors, warnings;
	struct secbake_error message[MESSAGES_MAX];
};

static void report(struct secbake_reporter *self, enum secbake_level level,
		   const struct secbake_error *message)
{
	struct fixture *f = (struct fixture *)self;

	assert_true(f->errors + f->warnings < MESSAGES_MAX);
	f->message[f->errors + f->warnings] = *message;
	if (level == SECBAKE_ERROR)
		f->errors++;
	else
		f->warnings++;
}

static struct fixture *fixture_of(struct secbake_source_reader *reader)
{
	return (struct fixture *)((char *)reader - offsetof(struct fixture, reader));
}

static enum secbake_status hand_out(struct secbake_source_reader *self, uint32_t index,
				    enum secbake_source_kind kind, uint32_t parent,
				    const char *name, struct secbake_text *text,
				    struct secbake_error *error)
{
	struct fixture *f = fixture_of(self);

	assert_int_equal(index, f->sources.count);
	assert_true(parent < index);
	f->reads++;
	for (const struct file *file = f->files; file && file->path; file++) {
		bool policy = *file->path == '@';

		if (policy != (kind == SECBAKE_SOURCE_POLICY) ||
		    strcmp(file->path + policy, name) != 0)
			continue;
		*text = (struct secbake_text){.bytes = file->text, .size = strlen(file->text)};
		return SECBAKE_OK;
	}
	return secbake_error_set(error, SECBAKE_ERR_MISSING, 0, "no %s", name);
}

static enum secbake_status hand_out_accounts(struct secbake_source_reader *self, bool groups,
					     struct secbake_text *text, struct secbake_error *error)
{
	struct fixture *f = fixture_of(self);

	if (groups || !f->passwd)
		return secbake_error_set(error, SECBAKE_ERR_MISSING, 0, "no such file");
	*text = (struct secbake_text){.bytes = f->passwd, .size = strlen(f->passwd)};
	return SECBAKE_OK;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (!f)
		return -1;
	f->reporter.report = report;
	f->reader = (struct secbake_source_reader){hand_out, hand_out_accounts};
	f->arena = sb_arena_new();
	*state = f;
	return f->arena ? 0 : -1;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	sb_arena_free(f->arena);
	free(f);
	return 0;
}

static enum secbake_status try_read(struct fixture *f, const char *json)
{
	struct secbake_compile_options given = {
		.target.arch = secbake_arch_find("x86_64"),
		.name = "policy",
		.policy = {.bytes = json, .size = strlen(json), .file = "policy.json"},
		.sources = &f->reader};

	f->error = (struct secbake_error){0};
	f->errors = f->warnings = f->reads = 0;
	assert_int_equal(sb_sources_init(&f->sources, f->arena, &given, NULL), SECBAKE_OK);
	f->options.target = given.target.arch;
	f->options.sources = &f->sources;
	return sb_read(f->arena, &given.policy, &f->options, &f->reporter, &f->document, &f->error);
}

static void read_good(struct fixture *f, const char *json)
{
	if (try_read(f, json) != SECBAKE_OK)
		fail_msg("%s:%u: %s: %s", f->error.file, f->error.line, f->error.pointer,
			 f->error.text);
}

/* Each error goes to the reporter, the first one is returned as well. */
static void several_errors(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(try_read(f,
				  "{\"secbake\": 1, \"default\": \"alow\",\n"
				  "\"rules\": [{\"syscalls\": \"opennat\", \"action\": \"log\"},\n"
				  "{\"syscalls\": \"close\", \"args\": {\"fd\": \"+5\"},"
				  " \"action\": \"log\"}]}"),
			 SECBAKE_ERR_INPUT);
	assert_int_equal(f->errors, 3);
	assert_string_equal(f->error.pointer, "/default");
	assert_string_equal(f->message[0].text, f->error.text);
	assert_string_equal(f->message[1].pointer, "/rules/1/args/fd");
	assert_int_equal(f->message[1].line, 3);
	assert_string_equal(f->message[2].pointer, "/rules/0/syscalls");
	assert_string_equal(f->message[2].file, "policy.json");
}

static void not_without_end(void **state)
{
	struct fixture *f = *state;
	char json[8192] = "{\"secbake\": 1, \"default\": \"allow\", \"rules\": [";

	for (int i = 0; i < 100; i++)
		strcat(json, i ? ",\n{\"syscalls\": 1, \"action\": \"x\"}"
			       : "{\"syscalls\": 1, \"action\": \"x\"}");
	strcat(json, "]}");
	assert_int_equal(try_read(f, json), SECBAKE_ERR_INPUT);
	assert_int_equal(f->errors, SB_FAULTS_MAX + 1); /* and that there are more */
	assert_int_equal(f->message[SB_FAULTS_MAX - 1].line, SB_FAULTS_MAX);
	assert_int_equal(f->message[SB_FAULTS_MAX].line, 0);
}

static void no_reporter(void **state)
{
	struct fixture *f = *state;
	static const char json[] = "{\"secbake\": 1, \"default\": \"alow\", \"mode\": \"x\"}";
	const struct secbake_text text = {json, sizeof(json) - 1, "policy.json"};
	const struct sb_options options = {0};

	assert_int_equal(sb_read(f->arena, &text, &options, NULL, &f->document, NULL),
			 SECBAKE_ERR_INPUT);
	assert_int_equal(sb_read(f->arena, &text, &options, NULL, &f->document, &f->error),
			 SECBAKE_ERR_INPUT);
	assert_string_equal(f->error.pointer, "/mode");
}

/* In the order in which they are read, each once, with what led to them. */
static void sources(void **state)
{
	struct fixture *f = *state;
	static const struct file files[] = {
		{"sub/a.json", "{\"secbake\": 1, \"extends\": [\"b.json\", \"@c\"]}"},
		{"b.json", "{\"secbake\": 1, \"rules\": [{\"syscalls\": \"@swap\", \"action\": "
			   "\"log\"}]}"},
		{"@c", "{\"secbake\": 1}"},
		{"@@groups", "{\"secbake\": 1, \"groups\": {\"@swap\": [\"swapon\"]}}"},
		{NULL, NULL}};
	const struct sb_source *at;

	f->files = files;
	read_good(f, "{\"secbake\": 1, \"default\": \"allow\","
		     " \"extends\": [\"sub/a.json\", \"@c\", \"sub/a.json\"]}");
	assert_int_equal(f->reads, 4);
	assert_int_equal(f->sources.count, 6);
	at = f->sources.at;
	assert_int_equal(at[0].kind, SECBAKE_SOURCE_POLICY);
	assert_string_equal(at[0].name, "policy");
	assert_int_equal(at[1].kind, SECBAKE_SOURCE_OPTIONS);
	assert_false(at[1].present);
	assert_int_equal(at[2].kind, SECBAKE_SOURCE_FILE);
	assert_int_equal(at[2].parent, 0);
	assert_string_equal(at[2].name, "sub/a.json");
	assert_int_equal(at[3].kind, SECBAKE_SOURCE_FILE);
	assert_int_equal(at[3].parent, 2);
	assert_string_equal(at[3].name, "b.json");
	assert_string_equal(at[3].path, "sub/b.json");
	assert_int_equal(at[4].kind, SECBAKE_SOURCE_POLICY);
	assert_string_equal(at[4].name, "c");
	assert_int_equal(at[5].kind, SECBAKE_SOURCE_POLICY);
	assert_string_equal(at[5].name, "@groups");
	assert_int_equal(f->document.bound->layer[0].force[0].place.source, 3);
}

static void groups_are_read_when_named(void **state)
{
	struct fixture *f = *state;

	read_good(f, "{\"secbake\": 1, \"default\": \"allow\", \"groups\": {\"@a\": [\"read\"]},"
		     "\"rules\": [{\"syscalls\": [\"@a\", \"@known\"], \"action\": \"log\"}]}");
	assert_int_equal(f->reads, 0);
	assert_int_equal(try_read(f, "{\"secbake\": 1, \"default\": \"allow\","
				     "\"groups\": {\"@a\": [\"@b\"]}}"),
			 SECBAKE_ERR_INPUT);
	assert_string_equal(f->error.pointer, "/groups/@a/0");
	assert_int_equal(f->reads, 1);
}

static void no_reader(void **state)
{
	struct fixture *f = *state;
	static const char json[] =
		"{\"secbake\": 1, \"default\": \"allow\", \"extends\": [\"@a\"]}";
	const struct secbake_text text = {json, sizeof(json) - 1, "policy.json"};
	const struct sb_options options = {0};

	assert_int_equal(sb_read(f->arena, &text, &options, NULL, &f->document, &f->error),
			 SECBAKE_ERR_INPUT);
	assert_string_equal(f->error.pointer, "/extends/0");
}

static void accounts(void **state)
{
	struct fixture *f = *state;
	static const char *const bad[] = {"nob", "www-data", "", "bad", "huge"};

	f->passwd = "root:x:0:0:root:/root:/bin/sh\nwww:x:33:33::/:\nbad:x:0x5:1::/:\n"
		    "huge:x:4294967296:1::/:\nnobody:x:65534:1";
	read_good(f,
		  "{\"secbake\": 1, \"default\": \"allow\", \"rules\": [{\"syscalls\": \"setuid\","
		  "\"args\": {\"uid\": [\"user:nobody\", \"user:www\", \"user:www\"]},"
		  "\"action\": \"log\"}]}");
	assert_int_equal(f->document.native->note_count, 2);
	assert_string_equal(f->document.native->note[0], "user:nobody is 65534 here");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char json[256];

		snprintf(json, sizeof(json),
			 "{\"secbake\": 1, \"default\": \"allow\", \"rules\": [{\"syscalls\": "
			 "\"setuid\", \"args\": {\"uid\": \"user:%s\"}, \"action\": \"log\"}]}",
			 bad[i]);
		assert_int_equal(try_read(f, json), SECBAKE_ERR_INPUT);
		assert_string_equal(f->error.pointer, "/rules/0/args/uid");
	}
	assert_int_equal(try_read(f, "{\"secbake\": 1, \"default\": \"allow\", \"rules\": [{"
				     "\"syscalls\": \"setgid\", \"args\": {\"gid\": \"group:x\"},"
				     "\"action\": \"log\"}]}"),
			 SECBAKE_ERR_MISSING);
}

/* The versions that rules name, and what else a blob wants to know of the document. */
static void document(void **state)
{
	struct fixture *f = *state;

	read_good(f,
		  "{\"secbake\": 1, \"default\": \"allow\", \"mode\": \"complain\","
		  "\"notify\": {\"listener\": \"/l\", \"metadata\": \"m\"}, \"rules\": ["
		  "{\"syscalls\": 1, \"when\": {\"minKernel\": \"6.1\"}, \"action\": \"log\"},"
		  "{\"syscalls\": 2, \"unless\": {\"minKernel\": \"5.4\"}, \"action\": \"log\"},"
		  "{\"syscalls\": 3, \"when\": {\"minKernel\": \"6.1\"}, \"action\": \"log\"}]}");
	assert_int_equal(f->document.dialect, SECBAKE_DIALECT_NATIVE);
	assert_int_equal(f->document.mode, SECBAKE_MODE_COMPLAIN);
	assert_false(f->document.unrestricted);
	assert_string_equal(f->document.listener_path, "/l");
	assert_string_equal(f->document.listener_metadata, "m");
	assert_int_equal(f->document.kernel_count, 2);
	assert_int_equal(f->document.kernel[0], SECBAKE_KERNEL(5, 4));
	assert_int_equal(f->document.kernel[1], SECBAKE_KERNEL(6, 1));
	read_good(f, "{\"secbake\": 1, \"default\": \"allow\", \"mode\": \"unrestricted\"}");
	assert_true(f->document.unrestricted);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(several_errors, setup, teardown),
		cmocka_unit_test_setup_teardown(not_without_end, setup, teardown),
		cmocka_unit_test_setup_teardown(no_reporter, setup, teardown),
		cmocka_unit_test_setup_teardown(sources, setup, teardown),
		cmocka_unit_test_setup_teardown(groups_are_read_when_named, setup, teardown),
		cmocka_unit_test_setup_teardown(no_reader, setup, teardown),
		cmocka_unit_test_setup_teardown(accounts, setup, teardown),
		cmocka_unit_test_setup_teardown(document, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
