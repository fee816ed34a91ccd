/* SPDX-License-Identifier: MIT */
/*
 * How long a finished blob waits for its name, and whoever waits for its entry for that:
 * seen from inside later compiles, which warn.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <secbake/compile.h>

#include "cache/stage.h"
#include "cache/store.h"
#include "tests/lib/cache_world.h"

#define POLICY_WARNS "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"nobodyKnowsThis\": 1}"

struct watch {
	struct secbake_refresh_reporter base; /* first */
	const char *sleeper;		      /* the policy in whose compile time passes */
	char seen[256];			      /* "NAME:BLOBS " for each that warned */
};

/* Which of a to d have their blobs, while name is compiled? */
static void look(struct secbake_refresh_reporter *self, enum secbake_level level, const char *name,
		 const struct secbake_error *text)
{
	static const char *const blobs[] = {"a.sbk", "b.sbk", "c.sbk", "d.sbk"};
	const struct timespec a_while = {.tv_nsec = 600000000};
	struct watch *watch = (struct watch *)self;

	(void)text;
	if (level != SECBAKE_WARNING)
		return;
	strcat(strcat(watch->seen, name), ":");
	for (size_t i = 0; i < sizeof(blobs) / sizeof(blobs[0]); i++)
		if (exists(cached("c", blobs[i])))
			strncat(watch->seen, blobs[i], 1);
	strcat(watch->seen, " ");
	if (watch->sleeper && !strcmp(name, watch->sleeper))
		nanosleep(&a_while, NULL);
}

static void watched(struct watch *watch, uint32_t effort)
{
	struct heard heard;
	struct secbake_refresh_options options = options_for(&heard);

	watch->base.message = look;
	options.reporter = &watch->base;
	options.effort = effort;
	put_text("p/a.json", POLICY_WARNS);
	put_text("p/b.json", POLICY_WARNS);
	put_text("p/c.json", POLICY_WARNS);
	put_text("p/d.json", POLICY_WARNS);
	assert_int_equal(refresh(&options).compiled, 4);
}

/* What was finished before a compile that may take long does not wait for it. */
static void test_before_a_slow_one(void **state)
{
	struct watch watch = {.seen = ""};

	(void)state;
	put_text("p/c.options", "# for an image\neffort=best\n");
	watched(&watch, SECBAKE_EFFORT_AUTO);
	assert_non_null(strstr(watch.seen, "c:ab "));
}

static void test_all_slow(void **state)
{
	struct watch watch = {.seen = ""};

	(void)state;
	watched(&watch, SECBAKE_EFFORT_BEST);
	assert_string_equal(watch.seen, "a: b:a c:ab d:abc ");
}

/* b is slow without saying so: it and what was before it wait for nothing more. */
static void test_when_time_has_passed(void **state)
{
	struct watch watch = {.sleeper = "b"};

	(void)state;
	watched(&watch, SECBAKE_EFFORT_AUTO);
	assert_non_null(strstr(watch.seen, "c:ab"));
}

/* The only thing that a loader that gave up can be told. */
static void test_lock_message(void **state)
{
	struct secbake_error error = {0};
	int locks, held, lock;

	(void)state;
	put_text("p/a.json", POLICY("read"));
	expect("a=compiled ", SECBAKE_OK);
	locks = sb_open(top_fd, "c/.lock", O_RDONLY | O_DIRECTORY, 0);
	assert_true(locks >= 0);
	held = sb_lock_try(locks, "x.lock", LOCK_EX);
	assert_true(held >= 0);
	assert_int_equal(sb_lock_wait(locks, cache, "x.lock", LOCK_EX, 0, &lock, &error),
			 SECBAKE_ERR_SYSTEM);
	assert_int_equal(error.sys_errno, 0); /* no connection was tried */
	assert_non_null(strstr(error.text, "try again"));
	assert_non_null(strstr(error.text, "/.lock/x.lock"));
	close(held);
	close(locks);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_before_a_slow_one),
		TEST(test_all_slow),
		TEST(test_when_time_has_passed),
		TEST(test_lock_message),
	};

	umask(022);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
