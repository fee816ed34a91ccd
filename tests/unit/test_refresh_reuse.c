/* SPDX-License-Identifier: MIT */
/*
 * What a refresh need not compile: a policy that means what it meant, another
 * kernel's blob, and, with the index, anything at all. Each is held against a
 * compile from nothing: the bytes must be the same.
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

#include "tests/lib/cache_world.h"
#include "tests/lib/support.h"

#define POLICY_LOG                                                                           \
	"{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"architectures\": [\"SCMP_ARCH_X86_64\"]," \
	" \"syscalls\": [{\"names\": [\"read\"], \"action\": \"SCMP_ACT_LOG\"}]}"
#define POLICY_NOTIFY_LATER                                                                  \
	"{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"architectures\": [\"SCMP_ARCH_X86_64\"]," \
	" \"listenerPath\": \"/run/agent\","                                                 \
	" \"syscalls\": [{\"names\": [\"mount\"], \"action\": \"SCMP_ACT_NOTIFY\","          \
	" \"includes\": {\"minKernel\": \"5.0\"}}]}"

static void forget_cache(void)
{
	assert_int_equal(test_remove_tree(cache), 0);
}

/* One refresh for a kernel; what was heard. */
static struct heard for_kernel(struct secbake_features features, bool quick,
			       struct secbake_refresh_summary *summary)
{
	struct secbake_refresh_summary unused;
	struct heard heard;
	struct secbake_refresh_options options = options_for(&heard);

	options.features = features;
	options.quick = quick;
	*(summary ? summary : &unused) = refresh(&options);
	return heard;
}

static const char *blob_of(const struct secbake_features *features)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "c/%s/web.sbk", hash_name(features));
	return path;
}

/* The blob that is there must be the one that a compile from nothing makes. */
static void assert_as_compiled(struct secbake_features features)
{
	struct file there = read_file(blob_of(&features)), fresh;
	struct heard heard;

	forget_cache();
	heard = for_kernel(features, false, NULL);
	assert_string_equal(heard.names, "web=compiled ");
	fresh = read_file(blob_of(&features));
	assert_int_equal(there.size, fresh.size);
	assert_memory_equal(there.bytes, fresh.bytes, fresh.size);
}

static void test_restamped_is_as_compiled(void **state)
{
	(void)state;
	put_text("p/web.json", POLICY_LOG);
	expect("web=compiled ", SECBAKE_OK);
	put_text("p/web.json", "\n\n\n" POLICY_LOG " \n");
	expect("web=restamped ", SECBAKE_OK);
	assert_as_compiled(kernel(6, 1));
	put_text("p/web.json", "\n\n\n" POLICY("read") " \n");
	expect("web=compiled ", SECBAKE_OK);
	/* One whose earlier blob is broken has nothing to be taken from. */
	put_text(cached("c", "web.sbk"), "no blob");
	expect("web=compiled ", SECBAKE_OK);
}

static void test_copied_is_as_compiled(void **state)
{
	struct secbake_features newer = kernel(6, 1);
	struct heard heard;

	(void)state;
	newer.flags &= ~(uint32_t)SECBAKE_FLAG_TSYNC; /* which nobody asked about */
	put_text("p/web.json", POLICY_LOG);
	expect("web=compiled ", SECBAKE_OK);
	heard = for_kernel(newer, false, NULL);
	assert_string_equal(heard.names, "web=copied ");
	heard = for_kernel(newer, false, NULL);
	assert_string_equal(heard.names, "web=reused ");
	assert_as_compiled(newer);
}

/* What was asked and is answered otherwise now: not copied. Nor are stale ones. */
static void test_not_copied(void **state)
{
	struct secbake_features newer = kernel(6, 1);
	struct heard heard;

	(void)state;
	newer.actions &= ~(uint32_t)SECBAKE_ACTION_LOG;
	put_text("p/web.json", POLICY_LOG);
	expect("web=compiled ", SECBAKE_OK);
	heard = for_kernel(newer, false, NULL);
	assert_string_equal(heard.names, "web=compiled ");
	newer = kernel(6, 1);
	newer.flags &= ~(uint32_t)SECBAKE_FLAG_TSYNC;
	put_text("p/web.json", POLICY("write"));
	heard = for_kernel(newer, false, NULL);
	assert_string_equal(heard.names, "web=compiled ");
}

/* Complain mode asks for LOG; where it is left out, LOG is of no matter. */
static void test_complain_does_not_bind_enforce(void **state)
{
	struct secbake_features newer = kernel(6, 1);
	struct heard heard;

	(void)state;
	newer.actions &= ~(uint32_t)SECBAKE_ACTION_LOG;
	put_text("p/web.json", POLICY("read"));
	expect("web=compiled ", SECBAKE_OK);
	heard = for_kernel(newer, false, NULL);
	assert_string_equal(heard.names, "web=compiled ");
	forget_cache();
	put_text("p/web.options", "complain=no\n");
	expect("web=compiled ", SECBAKE_OK);
	heard = for_kernel(newer, false, NULL);
	assert_string_equal(heard.names, "web=copied ");
	assert_as_compiled(newer);
}

/* A blob without a variant for some versions: not for them, and not for a kernel that could have
 * it. */
static void test_versions_left_out(void **state)
{
	struct secbake_features old = kernel(4, 9), odd = old, better = old;
	struct secbake_refresh_summary summary;
	struct heard heard;

	(void)state;
	put_text("p/web.json", POLICY_NOTIFY_LATER);
	heard = for_kernel(old, false, NULL);
	assert_string_equal(heard.names, "web=compiled ");
	odd.kernel = SECBAKE_KERNEL(5, 4); /* the same features */
	heard = for_kernel(odd, false, &summary);
	assert_string_equal(heard.names, "web=failed ");
	assert_int_equal(summary.worst, SECBAKE_ERR_TARGET);
	heard = for_kernel(old, false, NULL);
	assert_string_equal(heard.names, "web=reused ");
	better.actions |= SECBAKE_ACTION_NOTIFY;
	better.flags |= SECBAKE_FLAG_NEW_LISTENER;
	heard = for_kernel(better, false, NULL);
	assert_string_equal(heard.names, "web=compiled ");
	better.kernel = SECBAKE_KERNEL(5, 4);
	heard = for_kernel(better, false, NULL);
	assert_string_equal(heard.names, "web=reused ");
}

/* ---- the index ---- */

/* Longer than what counts as the clock's last tick. */
static void settle(void)
{
	const struct timespec pause = {.tv_nsec = 250000000};

	nanosleep(&pause, NULL);
}

static bool quick(void)
{
	struct secbake_refresh_summary summary;
	struct heard heard = for_kernel(kernel(6, 1), true, &summary);

	assert_int_equal(summary.worst, SECBAKE_OK);
	assert_int_equal(summary.quick, heard.events == 0);
	return summary.quick;
}

/* After a refresh of what has settled nothing is to be done. */
static void make_index(void)
{
	settle();
	for_kernel(kernel(6, 1), false, NULL);
	assert_true(quick());
}

static void test_quick(void **state)
{
	const struct timespec times[2] = {{.tv_sec = 1}, {.tv_sec = 1}};
	struct secbake_refresh_summary summary;
	struct secbake_features other = kernel(6, 1);
	char name[300];

	(void)state;
	put_text("p/web.json", POLICY("read"));
	put_text("p/db.json", POLICY("write"));
	assert_false(quick()); /* nothing there */
	assert_false(quick()); /* compiled just now, from files of just now */
	make_index();
	put_text("p/web.json", POLICY("send"));
	assert_false(quick());
	make_index();
	/* Of the same size and mtime: the ctime tells. */
	put_text("p/web.json", POLICY("recv"));
	assert_int_equal(utimensat(top_fd, "p/web.json", times, 0), 0);
	make_index();
	settle();
	put_text("p/web.json", POLICY("pipe"));
	assert_int_equal(utimensat(top_fd, "p/web.json", times, 0), 0);
	assert_false(quick());
	make_index();
	put_text("p/new.json", POLICY("read"));
	assert_false(quick());
	make_index();
	put_text("p/web.options", "enosys=none\n");
	assert_false(quick());
	make_index();
	put_text("p/web.options", "enosys=runc\n");
	assert_false(quick());
	make_index();
	assert_int_equal(unlinkat(top_fd, "p/web.options", 0), 0);
	assert_false(quick());
	make_index();
	assert_int_equal(unlinkat(top_fd, cached("c", "web.sbk"), 0), 0);
	assert_false(quick());
	make_index();
	for_kernel(other, true, &summary);
	assert_true(summary.quick);
	other.kernel = SECBAKE_KERNEL(6, 2);
	for_kernel(other, true, &summary);
	assert_false(summary.quick);
	other = kernel(6, 1);
	other.flags = 0;
	for_kernel(other, true, &summary);
	assert_false(summary.quick);
	make_index();
	/* The index itself: writable by others, damaged, gone. */
	snprintf(name, sizeof(name), "%s.index", cached("c", NULL));
	assert_int_equal(fchmodat(top_fd, name, 0666, 0), 0);
	assert_false(quick());
	put_text(name, "sbkindx1");
	assert_false(quick());
	make_index();
	assert_int_equal(unlinkat(top_fd, name, 0), 0);
	assert_false(quick());
}

static void test_quick_damage(void **state)
{
	struct file index;
	char name[300];

	(void)state;
	put_text("p/web.json", POLICY("read"));
	make_index();
	snprintf(name, sizeof(name), "%s.index", cached("c", NULL));
	index = read_file(name);
	for (size_t i = 0; i < index.size; i += 7) {
		((uint8_t *)index.bytes)[i] ^= 0x10;
		put_bytes(name, index.bytes, index.size);
		assert_false(quick());
		((uint8_t *)index.bytes)[i] ^= 0x10;
	}
	put_bytes(name, index.bytes, index.size - 1);
	assert_false(quick());
}

/* A base and a group file below the policy, and an override that appears. */
static void test_quick_sources(void **state)
{
	(void)state;
	assert_int_equal(mkdirat(top_fd, "p/parts", 0755), 0);
	put_text("p/parts/base.json", "{\"secbake\": 1, \"default\": \"errno:EPERM\", \"rules\": "
				      "[{\"action\": \"allow\", \"syscalls\": [\"read\"]}]}");
	put_text("p/web.json", "{\"secbake\": 1, \"extends\": [\"parts/base.json\"]}");
	make_index();
	put_text("p/parts/base.json", "{\"secbake\": 1, \"default\": \"errno:EPERM\", \"rules\": "
				      "[{\"action\": \"allow\", \"syscalls\": [\"pipe\"]}]}");
	assert_false(quick());
	make_index();
	/* Where nothing is up to date, no index says so. */
	put_text("p/web.json", BROKEN_POLICY);
	settle();
	for_kernel(kernel(6, 1), false, NULL);
	{
		struct secbake_refresh_summary summary;

		for_kernel(kernel(6, 1), true, &summary);
		assert_false(summary.quick);
		assert_int_equal(summary.worst, SECBAKE_ERR_INPUT);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_restamped_is_as_compiled),
		TEST(test_copied_is_as_compiled),
		TEST(test_not_copied),
		TEST(test_complain_does_not_bind_enforce),
		TEST(test_versions_left_out),
		TEST(test_quick),
		TEST(test_quick_damage),
		TEST(test_quick_sources),
	};

	umask(022);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
