/* SPDX-License-Identifier: MIT */
/*
 * `refresh --quick` where times are odd: clocks that are set back, files from the future or
 * of this very moment, times that somebody restores, files that are replaced, linked, made
 * again, come in a folder that ranks higher, or change their mode alone; and indexes that
 * are another version's, cut, or signed by somebody hostile. It never says that nothing is
 * to be done where something is. Clocks are the test's own (--wrap=clock_gettime), so
 * that nothing depends on how fast it runs.
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
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cache/index_format.h"
#include "tests/lib/cache_world.h"
#include "tests/lib/support.h"

#define SECOND 1000000000LL
#define HOUR (3600 * SECOND)

/* ---- clocks ---- */

int __real_clock_gettime(clockid_t clock, struct timespec *time);
int __wrap_clock_gettime(clockid_t clock, struct timespec *time);

static bool frozen;
static struct timespec frozen_real;
static int64_t ahead;		    /* of the real time, ns */
static int calls_until, calls_then; /* after so many questions it is set ... */
static int64_t ahead_then;	    /* ... to this */

static struct timespec plus(struct timespec time, int64_t ns)
{
	const int64_t sum = (int64_t)time.tv_sec * SECOND + time.tv_nsec + ns;

	return (struct timespec){.tv_sec = sum / SECOND, .tv_nsec = sum % SECOND};
}

int __wrap_clock_gettime(clockid_t clock, struct timespec *time)
{
	int result = __real_clock_gettime(clock, time);

	if (clock == CLOCK_BOOTTIME && frozen)
		*time = (struct timespec){.tv_sec = 1000};
	if (clock != CLOCK_REALTIME)
		return result;
	if (frozen)
		*time = frozen_real;
	if (calls_until && ++calls_then > calls_until)
		ahead = ahead_then;
	*time = plus(*time, ahead);
	return result;
}

/* All files are as old as they may be: later by hours. */
static void later(void)
{
	frozen = false;
	calls_until = calls_then = 0;
	ahead = 10 * HOUR;
}

/* ---- refreshes ---- */

static const char *dirs[2];
static size_t dir_count;

static struct heard run(bool quick, struct secbake_refresh_summary *summary)
{
	struct heard heard;
	struct secbake_refresh_options options = options_for(&heard);

	options.quick = quick;
	if (dir_count) {
		options.places.policy_dir = dirs;
		options.places.policy_count = dir_count;
	}
	*summary = refresh(&options);
	return heard;
}

static bool quick(void)
{
	struct secbake_refresh_summary summary;
	struct heard heard = run(true, &summary);

	if (summary.quick)
		assert_int_equal(heard.events, 0);
	return summary.quick;
}

/* Does a refresh now leave an index that is believed now? */
static bool leaves_an_index(void)
{
	struct secbake_refresh_summary summary;
	char name[300];

	snprintf(name, sizeof(name), "%s.index", cached("c", NULL));
	unlinkat(top_fd, name, 0);
	run(false, &summary);
	assert_int_equal(summary.worst, SECBAKE_OK);
	return exists(name) && quick();
}

static void make_index(void)
{
	later();
	assert_true(leaves_an_index());
}

static int set_up_index(void **state)
{
	dir_count = 0;
	later();
	if (set_up(state))
		return -1;
	put_text("p/web.json", POLICY("read"));
	return 0;
}

static void set_times(const char *name, time_t seconds)
{
	const struct timespec times[2] = {{.tv_sec = seconds}, {.tv_sec = seconds}};

	assert_int_equal(utimensat(top_fd, name, times, AT_SYMLINK_NOFOLLOW), 0);
}

static struct timespec changed_at(const char *name)
{
	struct stat st;

	assert_int_equal(fstatat(top_fd, name, &st, AT_SYMLINK_NOFOLLOW), 0);
	return st.st_ctim;
}

/* ---- clocks that are not to be believed ---- */

static void test_clock_set_back(void **state)
{
	(void)state;
	make_index();
	/* All files are from the future: when they change next nobody knows. */
	ahead = -HOUR;
	assert_false(leaves_an_index());
	later();
	assert_true(leaves_an_index());
	/* An hour back while the refresh was at work; after the start, and its offset. */
	for (int calls = 1; calls < 3; calls++) {
		later();
		calls_until = calls;
		ahead_then = 9 * HOUR;
		assert_false(leaves_an_index());
	}
	/* Forward is of no matter: what changes is then newer. */
	later();
	calls_until = 2;
	ahead_then = 11 * HOUR;
	assert_true(leaves_an_index());
}

/* A file of this very moment, and of a little before: within a tick it may change unseen. */
static void test_this_moment(void **state)
{
	static const int64_t after[] = {-SECOND,	 -1,	     0, 1, SECOND / 100,
					SECOND / 10 - 1, SECOND / 10};
	struct timespec set, newest;

	(void)state;
	make_index();
	newest = changed_at("p/web.json");
	set = changed_at(cached("c", NULL));
	if (set.tv_sec > newest.tv_sec ||
	    (set.tv_sec == newest.tv_sec && set.tv_nsec > newest.tv_nsec))
		newest = set;
	frozen = true;
	ahead = 0;
	for (size_t i = 0; i < sizeof(after) / sizeof(after[0]); i++) {
		frozen_real = plus(changed_at("p/web.json"), after[i]);
		assert_false(leaves_an_index());
	}
	frozen_real = plus(newest, SECOND / 5);
	assert_true(leaves_an_index());
}

/* ---- times that say nothing ---- */

static void test_restored_times(void **state)
{
	static const time_t times[] = {0, 1, 1000000000, 4102444800 /* 2100 */};

	(void)state;
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		put_text("p/web.json", POLICY("read"));
		set_times("p/web.json", times[i]);
		make_index();
		/* Of the same size, in place, the mtime as it was. */
		put_text("p/web.json", POLICY("pipe"));
		set_times("p/web.json", times[i]);
		assert_false(quick());
		make_index();
		/* The same as another file. */
		put_text("p/.new", POLICY("send"));
		set_times("p/.new", times[i]);
		assert_int_equal(renameat(top_fd, "p/.new", top_fd, "p/web.json"), 0);
		set_times("p", times[i]);
		assert_false(quick());
	}
}

static void test_folder_times(void **state)
{
	(void)state;
	put_text("p/web.options", "enosys=none\n");
	set_times("p", 1000);
	make_index();
	assert_int_equal(unlinkat(top_fd, "p/web.options", 0), 0);
	set_times("p", 1000);
	assert_false(quick());
	make_index();
	put_text("p/web.options", "enosys=none\n");
	set_times("p", 1000);
	assert_false(quick());
	make_index();
	put_text("p/other.json", POLICY("read"));
	set_times("p", 1000);
	assert_false(quick());
}

/* ---- files that are others ---- */

static void test_links_and_replacements(void **state)
{
	(void)state;
	assert_int_equal(linkat(top_fd, "p/web.json", top_fd, "elsewhere", 0), 0);
	make_index();
	/* Written through another name. */
	put_text("elsewhere", POLICY("pipe"));
	assert_false(quick());
	make_index();
	/* Gone, and made again of the same bytes. */
	assert_int_equal(unlinkat(top_fd, "p/web.json", 0), 0);
	put_text("p/web.json", POLICY("pipe"));
	assert_false(quick());
	make_index();
	/* A link in its place, even to the same. */
	assert_int_equal(renameat(top_fd, "p/web.json", top_fd, "p/.real"), 0);
	assert_int_equal(symlinkat(".real", top_fd, "p/web.json"), 0);
	assert_false(quick());
	assert_int_equal(unlinkat(top_fd, "p/web.json", 0), 0);
	assert_int_equal(renameat(top_fd, "p/.real", top_fd, "p/web.json"), 0);
	make_index();
	/* Gone, and nothing in its place. */
	assert_int_equal(unlinkat(top_fd, "p/web.json", 0), 0);
	assert_false(quick());
}

static void test_mode_and_owner(void **state)
{
	(void)state;
	make_index();
	assert_int_equal(fchmodat(top_fd, "p/web.json", 0666, 0), 0);
	assert_false(quick());
	assert_int_equal(fchmodat(top_fd, "p/web.json", 0644, 0), 0);
	make_index();
	assert_int_equal(fchmodat(top_fd, "p", 0777, 0), 0);
	assert_false(quick());
	assert_int_equal(fchmodat(top_fd, "p", 0755, 0), 0);
	make_index();
	if (geteuid())
		return;
	assert_int_equal(fchownat(top_fd, "p/web.json", 65534, 65534, 0), 0);
	assert_false(quick());
	assert_int_equal(fchownat(top_fd, "p/web.json", 0, 0, 0), 0);
	make_index();
	assert_int_equal(fchownat(top_fd, "p", 65534, 65534, 0), 0);
	assert_false(quick());
}

/* A folder that ranks higher gets something else, and the override. */
static void test_higher_folder(void **state)
{
	static char high[400];

	(void)state;
	snprintf(high, sizeof(high), "%s/high", top);
	dirs[0] = high;
	dirs[1] = policies;
	dir_count = 2;
	assert_int_equal(mkdirat(top_fd, "high", 0755), 0);
	make_index();
	put_text("high/.hidden", "");
	assert_false(quick());
	make_index();
	put_text("high/web.json", POLICY("pipe"));
	assert_false(quick());
	make_index();
	/* What it hides does not matter. */
	assert_int_equal(unlinkat(top_fd, "high/web.json", 0), 0);
	assert_false(quick());
	make_index();
	/* Another path of the same folders. */
	dirs[0] = policies;
	dirs[1] = high;
	assert_false(quick());
	dir_count = 1;
	assert_false(quick());
}

static void test_feature_set(void **state)
{
	char path[700];

	(void)state;
	make_index();
	snprintf(path, sizeof(path), "%s/%s", top, cached("c", NULL));
	assert_int_equal(test_remove_tree(path), 0);
	assert_false(quick());
	make_index();
	assert_int_equal(renameat(top_fd, cached("c", "web.sbk"), top_fd, "kept"), 0);
	assert_int_equal(renameat(top_fd, "kept", top_fd, cached("c", "web.sbk")), 0);
	set_times(cached("c", NULL), 1000);
	assert_false(quick());
}

/* ---- indexes ---- */

static uint8_t *bytes_of(struct file *index)
{
	return (uint8_t *)index->bytes;
}

/* As somebody who may write it: with a right checksum. */
static bool believed(const char *name, struct file *index, size_t size)
{
	struct sb_index_header header;
	bool is;

	memcpy(&header, bytes_of(index), sizeof(header));
	header.size = size;
	memcpy(bytes_of(index), &header, sizeof(header));
	header.checksum = sb_index_checksum(bytes_of(index), size);
	memcpy(bytes_of(index), &header, sizeof(header));
	put_bytes(name, index->bytes, size);
	is = quick();
	return is;
}

static void test_signed_damage(void **state)
{
	const size_t header = sizeof(struct sb_index_header),
		     record = sizeof(struct sb_index_record);
	struct file good, index;
	char name[300];

	(void)state;
	make_index();
	snprintf(name, sizeof(name), "%s.index", cached("c", NULL));
	good = index = read_file(name);
	assert_true(believed(name, &index, index.size));
	/* Each length. */
	for (size_t size = header; size < good.size; size++) {
		index = good;
		assert_false(believed(name, &index, size));
	}
	/* Each word of what a stamp, a record and the counts say, but for the number of policies.
	 */
	for (size_t at = offsetof(struct sb_index_header, key); at < header + record; at += 4) {
		if (at >= offsetof(struct sb_index_header, size) &&
		    at < offsetof(struct sb_index_header, root_count))
			continue;
		/* Roots and accounts that there are not; their stamps are nobody's. */
		if (at >= offsetof(struct sb_index_header, root[2]) && at < header)
			continue;
		index = good;
		bytes_of(&index)[at] ^= 0x01;
		assert_false(believed(name, &index, good.size));
		index = good;
		memset(bytes_of(&index) + at, 0xff, 4);
		if (memcmp(bytes_of(&index) + at, bytes_of(&good) + at, 4) != 0)
			assert_false(believed(name, &index, good.size));
	}
	/* A name without an end. */
	index = good;
	bytes_of(&index)[good.size - 1] = 'x';
	assert_false(believed(name, &index, good.size));
	put_bytes(name, good.bytes, good.size);
	assert_true(quick());
}

/* ---- bases ---- */

#define BASE(call) \
	"{\"secbake\": 1, \"rules\": [{\"syscalls\": \"" call "\", \"action\": \"allow\"}]}"
#define EXTENDS "{\"secbake\": 1, \"extends\": [\"@base\"], \"default\": \"errno:EPERM\"}"

/* A policy that cannot be compiled by itself, and need not: each way in which that may change. */
static void test_bases(void **state)
{
	static const struct {
		const char *file, *text;
	} changes[] = {
		{"p/base.json", BASE("write")},
		{"p/base.json", EXTENDS},	     /* of itself: a failure */
		{"p/base.json", POLICY("read")},     /* a policy now, in the other dialect */
		{"p/base.options", "dialect=oci\n"}, /* it fails in another way */
		{"p/web.json", POLICY("write")},     /* nothing is made of it any more */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		for (int had_options = 0; had_options < 2; had_options++) {
			put_text("p/base.json", BASE("read"));
			put_text("p/web.json", EXTENDS);
			unlinkat(top_fd, "p/base.options", 0);
			if (had_options)
				put_text("p/base.options", "enosys=none\n");
			make_index();
			assert_true(quick());
			put_text(changes[i].file, changes[i].text);
			assert_false(quick());
		}
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_index, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_clock_set_back),	   TEST(test_this_moment),
		TEST(test_restored_times),	   TEST(test_folder_times),
		TEST(test_links_and_replacements), TEST(test_mode_and_owner),
		TEST(test_higher_folder),	   TEST(test_feature_set),
		TEST(test_signed_damage),	   TEST(test_bases),
	};

	umask(022);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
