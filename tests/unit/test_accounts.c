/* SPDX-License-Identifier: MIT */
/* Numbers of users and groups: as getpwnam(3) finds them, in whatever pieces the text comes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <pwd.h>

#include "cache/accounts.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define NONE UINT64_MAX

static const char passwd[] = "root:x:0:0:root:/root:/bin/sh\n"
			     "\n"
			     "svc\n"
			     "svc:x\n"
			     "svc:x:12\n"
			     "svc:x::12:\n"
			     "svc:x:1y:12:\n"
			     "svc:x:-1:12:\n"
			     "svc:x: 1:12:\n"
			     "svc:x:4294967296:12:\n"
			     "svc:x:99999999999999999999999999:12:\n"
			     "svcs:x:13:13:\n"
			     "sv:x:14:14:\n"
			     ":x:15:15:\n"
			     "x:svc:16:16:\n"
			     "+svc:x:17:17:\n"
			     "svc:x:0033:33:first:/:\n"
			     "svc:x:34:34:second:/:\n"
			     "max:x:4294967295:1:\n"
			     "last:x:65534:1";

static const struct {
	const char *name;
	uint64_t id;
} cases[] = {{"root", 0},     {"svc", 33},	   {"svcs", 13},    {"sv", 14},	 {"s", NONE},
	     {"x", 16},	      {"max", 0xffffffff}, {"last", 65534}, {"", 15},	 {"SVC", NONE},
	     {"svcsx", NONE}, {"lastx", NONE},	   {"svc:x", NONE}, {"\n", NONE}};

/* In pieces of so many bytes. */
static uint64_t find(const char *name, const char *text, size_t size, size_t piece)
{
	struct sb_account_scan scan = {.name = name};

	for (size_t at = 0; at < size; at += piece) {
		size_t length = size - at < piece ? size - at : piece;
		/* Of its own: a sanitizer sees what is read behind it. */
		char *part = malloc(length);
		bool found;

		assert_non_null(part);
		memcpy(part, text + at, length);
		found = sb_account_scan(&scan, part, length);
		free(part);
		if (found)
			return scan.id;
	}
	return NONE;
}

static void test_numbers(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		for (size_t piece = 1; piece < sizeof(passwd); piece++)
			if (find(cases[i].name, passwd, sizeof(passwd) - 1, piece) != cases[i].id)
				fail_msg("\"%s\" is not %llu in pieces of %zu", cases[i].name,
					 (unsigned long long)cases[i].id, piece);
}

/* NUL bytes, and what no line break ends. */
static void test_odd_text(void **state)
{
	static const char text[] = "a\0b:x:1:1:\nab:x:2:2:\nb:x:3:";

	(void)state;
	assert_int_equal(find("a", text, sizeof(text) - 1, 7), NONE);
	assert_int_equal(find("ab", text, sizeof(text) - 1, 7), 2);
	assert_int_equal(find("b", text, sizeof(text) - 1, 7), 3);
	assert_int_equal(find("b", text, sizeof(text) - 2, 7), NONE);
	assert_int_equal(find("b", text, 0, 7), NONE);
}

/* This machine's own: as libc reads them. */
static void test_as_libc(void **state)
{
	static char text[1 << 20];
	FILE *file = fopen("/etc/passwd", "r");
	struct passwd *entry;
	size_t size;

	(void)state;
	if (!file)
		skip();
	size = fread(text, 1, sizeof(text), file);
	rewind(file);
	while ((entry = fgetpwent(file))) {
		bool first = find(entry->pw_name, text, size, 4096) == entry->pw_uid;

		if (!first)
			fail_msg("%s is not %u", entry->pw_name, entry->pw_uid);
	}
	fclose(file);
}

static void test_names(void **state)
{
	static const char *const good[] = {"user:root", "group:a b", "user:group"};
	static const char *const bad[] = {"",	    "user", "user:",	"group:",   "users:a",
					  "User:a", ":a",   "user:a:b", "user:a\n", "group"};

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		assert_true(sb_account_name_valid(good[i]));
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(sb_account_name_valid(bad[i]));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_odd_text),
		cmocka_unit_test(test_as_libc),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
