/* SPDX-License-Identifier: MIT */
/*
 * Refreshing a cache, with the real compiler: what is good is reused, what is not
 * is compiled, what fails changes nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/seccomp.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <secbake/cache.h>

#include "cache/blob_write.h"
#include "cache/hash.h"
#include "cache/store.h"
#include "tests/lib/cache_world.h"

#define PROCESSES 20

static void expect_one(const char *name)
{
	struct heard heard;
	struct secbake_refresh_options options = options_for(&heard);

	options.name = &name;
	options.name_count = 1;
	assert_int_equal(refresh(&options).compiled, 1);
}

static void test_compiles_then_reuses(void **state)
{
	struct file first, second;
	struct heard heard;

	(void)state;
	put_text("p/web.json", POLICY("read"));
	put_text("p/db.json", POLICY("write"));
	heard = expect("db=compiled web=compiled ", SECBAKE_OK);
	assert_string_equal(heard.root, cache);
	assert_int_equal(heard.last_total, 2);
	assert_opens(cached("c", "web.sbk"), "web");
	assert_opens(cached("c", "db.sbk"), "db");
	assert_int_equal(count_names(cached("c", NULL)), 3);
	first = read_file(cached("c", "web.sbk"));
	expect("db=reused web=reused ", SECBAKE_OK);
	second = read_file(cached("c", "web.sbk"));
	assert_same_file(&first, &second);
}

static void test_nothing_to_do(void **state)
{
	(void)state;
	expect("", SECBAKE_OK);
	assert_false(exists("c"));
}

/* Content decides: times do not, every byte of a source does. */
static void test_follows_sources(void **state)
{
	const struct timespec times[2] = {{.tv_sec = 1}, {.tv_sec = 1}};

	(void)state;
	put_text("p/web.json", POLICY("read"));
	expect("web=compiled ", SECBAKE_OK);
	assert_int_equal(utimensat(top_fd, "p/web.json", times, 0), 0);
	expect("web=reused ", SECBAKE_OK);
	put_text("p/web.json", POLICY("read") "\n");
	expect("web=restamped ", SECBAKE_OK);
	expect("web=reused ", SECBAKE_OK);
	put_text("p/web.options", "enosys=none\n"); /* which this policy means anyhow */
	expect("web=restamped ", SECBAKE_OK);
	expect("web=reused ", SECBAKE_OK);
	put_text("p/web.options", "complain=no\n");
	expect("web=compiled ", SECBAKE_OK);
	assert_int_equal(unlinkat(top_fd, "p/web.options", 0), 0);
	expect("web=compiled ", SECBAKE_OK);
	expect("web=reused ", SECBAKE_OK);
}

static void test_follows_overrides(void **state)
{
	char over[300];
	const char *const both[] = {over, policies};
	struct heard heard;
	struct secbake_refresh_options options = options_for(&heard);

	(void)state;
	snprintf(over, sizeof(over), "%s/over", top);
	options.places.policy_dir = both;
	options.places.policy_count = 2;
	assert_int_equal(mkdirat(top_fd, "over", 0755), 0);
	put_text("p/web.json", POLICY("read"));
	put_text("p/db.json", POLICY("read"));
	assert_int_equal(refresh(&options).compiled, 2);
	put_text("over/web.json", POLICY("write"));
	heard.names[0] = '\0';
	heard.events = 0;
	refresh(&options);
	assert_string_equal(heard.names, "db=reused web=compiled ");
	/* Options beside the one that is overridden do not count any more. */
	put_text("p/web.options", "enosys=none\n");
	heard.names[0] = '\0';
	heard.events = 0;
	refresh(&options);
	assert_string_equal(heard.names, "db=reused web=reused ");
}

static void test_replaces_broken_blobs(void **state)
{
	struct file good, damaged;

	(void)state;
	put_text("p/web.json", POLICY("read"));
	put_text("p/db.json", POLICY("read"));
	expect("db=compiled web=compiled ", SECBAKE_OK);
	good = read_file(cached("c", "web.sbk"));

	damaged = good;
	((uint8_t *)damaged.bytes)[good.size / 2] ^= 1;
	put_bytes(cached("c", "web.sbk"), damaged.bytes, good.size);
	expect("db=reused web=compiled ", SECBAKE_OK);
	put_bytes(cached("c", "web.sbk"), good.bytes, good.size - 8);
	expect("db=reused web=compiled ", SECBAKE_OK);
	put_bytes(cached("c", "web.sbk"), "", 0);
	expect("db=reused web=compiled ", SECBAKE_OK);
	/* Another policy's blob under this name is whole, and wrong. */
	damaged = read_file(cached("c", "db.sbk"));
	put_bytes(cached("c", "web.sbk"), damaged.bytes, damaged.size);
	expect("db=reused web=compiled ", SECBAKE_OK);

	damaged = read_file(cached("c", "web.sbk"));
	assert_int_equal(damaged.size, good.size);
	assert_memory_equal(damaged.bytes, good.bytes, good.size);
}

static void set_checksum(struct file *file)
{
	uint8_t *at = (uint8_t *)file->bytes + offsetof(struct secbake_blob_header, checksum);
	struct secbake_hash hash;

	memset(at, 0, sizeof(hash));
	hash = sb_hash_bytes(file->bytes, file->size);
	memcpy(at, &hash, sizeof(hash));
}

static void test_replaces_other_versions(void **state)
{
	struct file file;

	(void)state;
	put_text("p/web.json", POLICY("read"));
	expect("web=compiled ", SECBAKE_OK);
	file = read_file(cached("c", "web.sbk"));
	((char *)file.bytes)[offsetof(struct secbake_blob_header, compiler)] ^= 1;
	set_checksum(&file);
	put_bytes(cached("c", "web.sbk"), file.bytes, file.size);
	assert_opens(cached("c", "web.sbk"), "web");
	expect("web=compiled ", SECBAKE_OK);
}

static void test_failure_changes_nothing(void **state)
{
	struct file before, after;
	struct heard heard;

	(void)state;
	put_text("p/bad.json", POLICY("read"));
	put_text("p/good.json", POLICY("read"));
	expect("bad=compiled good=compiled ", SECBAKE_OK);
	before = read_file(cached("c", "bad.sbk"));
	put_text("p/bad.json", BROKEN_POLICY);
	put_text("p/good.json", POLICY("write"));
	put_text("p/new.json", BROKEN_POLICY);
	heard = expect("bad=failed good=compiled new=failed ", SECBAKE_ERR_INPUT);
	assert_non_null(strstr(heard.failure.file, "/p/new.json"));
	after = read_file(cached("c", "bad.sbk"));
	assert_same_file(&before, &after);
	/* "features" and two blobs: nothing of what failed. */
	assert_int_equal(count_names(cached("c", NULL)), 3);
	expect("bad=failed good=reused new=failed ", SECBAKE_ERR_INPUT);
	put_text("p/bad.json", POLICY("read"));
	unlinkat(top_fd, "p/new.json", 0);
	expect("bad=reused good=reused ", SECBAKE_OK);
}

static void test_bad_options(void **state)
{
	struct heard heard;

	(void)state;
	put_text("p/web.json", POLICY("read"));
	put_text("p/web.options", "nonsense\n");
	heard = expect("web=failed ", SECBAKE_ERR_INPUT);
	assert_non_null(strstr(heard.failure.file, "web.options"));
}

static void test_names(void **state)
{
	static const char *const twice[] = {"web", "db", "web"};
	static const char *const missing[] = {"nothing"};
	static const char *const invalid[] = {"web", "../web"};
	struct secbake_refresh_summary summary;
	struct secbake_error error = {0};
	struct heard heard;
	struct secbake_refresh_options options = options_for(&heard);

	(void)state;
	put_text("p/web.json", POLICY("read"));
	put_text("p/db.json", POLICY("read"));
	put_text("p/other.json", POLICY("read"));

	options.name = missing;
	options.name_count = 1;
	summary = refresh(&options);
	assert_int_equal(summary.worst, SECBAKE_ERR_MISSING);
	assert_string_equal(heard.names, "nothing=failed ");
	assert_false(exists("c")); /* nothing is made for a misspelt name */

	options = options_for(&heard);
	options.name = invalid;
	options.name_count = 2;
	assert_int_equal(secbake_refresh(&options, &summary, &error), SECBAKE_ERR_INPUT);
	assert_int_equal(heard.events, 0);
	assert_false(exists("c"));

	options = options_for(&heard);
	options.name = twice;
	options.name_count = 3;
	refresh(&options);
	assert_string_equal(heard.names, "db=compiled web=compiled ");
	assert_false(exists(cached("c", "other.sbk")));
}

static void test_other_files(void **state)
{
	struct heard heard;

	(void)state;
	put_text("p/web.json", POLICY("read"));
	put_text("p/.hidden.json", BROKEN_POLICY);
	put_text("p/README", "x");
	put_text("p/.json", "x");
	put_text("p/web.json~", BROKEN_POLICY);
	heard = expect("web=compiled ", SECBAKE_OK);
	assert_int_equal(heard.warnings, 0);
	put_text("p/with space.json", BROKEN_POLICY);
	heard = expect("web=reused ", SECBAKE_OK);
	assert_int_equal(heard.warnings, 1);
	assert_non_null(strstr(heard.warning.text, "with space.json"));
}

static void test_odd_files(void **state)
{
	(void)state;
	assert_int_equal(mkfifoat(top_fd, "p/fifo.json", 0600), 0);
	assert_int_equal(mkdirat(top_fd, "p/dir.json", 0755), 0);
	put_text("elsewhere", POLICY("read"));
	assert_int_equal(symlinkat("../elsewhere", top_fd, "p/link.json"), 0);
	expect("dir=failed fifo=failed link=failed ", SECBAKE_ERR_UNTRUSTED);
}

static void test_missing_folder(void **state)
{
	struct heard heard;
	struct secbake_refresh_options options = options_for(&heard);
	static const char *const nowhere[] = {"/nonexistent/policies"};

	(void)state;
	options.places.policy_dir = nowhere;
	assert_int_equal(refresh(&options).worst, SECBAKE_ERR_MISSING);
	assert_int_equal(heard.errors, 1);
	assert_int_equal(heard.events, 0);
}

/* Root compiles only what nobody else could have written; others, what they name. */
static void test_untrusted_policy(void **state)
{
	(void)state;
	put_text("p/web.json", POLICY("read"));
	assert_int_equal(fchmodat(top_fd, "p/web.json", 0666, 0), 0);
	if (geteuid())
		expect("web=compiled ", SECBAKE_OK);
	else
		expect("web=failed ", SECBAKE_ERR_UNTRUSTED);
	assert_int_equal(exists(cached("c", "web.sbk")), geteuid() != 0);
}

static void test_several_roots(void **state)
{
	char file[300], second[300];
	const char *const roots[] = {file, second, cache};
	struct heard heard;
	struct secbake_refresh_options options = options_for(&heard);

	(void)state;
	snprintf(file, sizeof(file), "%s/file", top);
	snprintf(second, sizeof(second), "%s/second", top);
	put_text("file", "not a directory");
	put_text("p/web.json", POLICY("read"));
	expect("web=compiled ", SECBAKE_OK);

	/* Good in the last: nothing is written to the first that could be. */
	options.places.cache_dir = roots;
	options.places.cache_count = 3;
	assert_int_equal(refresh(&options).reused, 1);
	assert_string_equal(heard.root, cache);
	assert_false(exists("second"));

	/* Stale everywhere: the first that can be written gets it. */
	put_text("p/web.json", POLICY("write"));
	options = options_for(&heard);
	options.places.cache_dir = roots;
	options.places.cache_count = 3;
	assert_int_equal(refresh(&options).compiled, 1);
	assert_string_equal(heard.root, second);
	assert_opens(cached("second", "web.sbk"), "web");

	/* None can be written: that is said, of each policy. */
	put_text("p/web.json", POLICY("close"));
	options = options_for(&heard);
	options.places.cache_dir = roots;
	options.places.cache_count = 1;
	assert_int_equal(refresh(&options).failed, 1);
	assert_non_null(strstr(heard.failure.text, "file"));
}

static void test_feature_sets(void **state)
{
	struct heard heard;
	struct secbake_refresh_options options = options_for(&heard);
	char other[PATH_MAX];

	(void)state;
	put_text("p/web.json", POLICY("read"));
	expect("web=compiled ", SECBAKE_OK);
	options.features = kernel(4, 9);
	snprintf(other, sizeof(other), "c/%s/web.sbk", hash_name(&options.features));
	assert_string_not_equal(other, cached("c", "web.sbk"));
	assert_int_equal(refresh(&options).compiled, 1);
	assert_opens(other, "web");
	/* Back on the old kernel there is nothing to do. */
	expect("web=reused ", SECBAKE_OK);
}

static void test_jobs(void **state)
{
	struct heard heard;
	struct secbake_refresh_options options = options_for(&heard);
	char name[32];

	(void)state;
	for (int i = 0; i < 40; i++) {
		snprintf(name, sizeof(name), "p/policy%02d.json", i);
		put_text(name, i == 17 ? BROKEN_POLICY : POLICY("read"));
	}
	options.jobs = 4;
	assert_int_equal(refresh(&options).compiled, 39);
	assert_int_equal(heard.events, 40);
	assert_int_equal(count_names(cached("c", NULL)), 40);
	options = options_for(&heard);
	options.jobs = 1000;
	assert_int_equal(refresh(&options).reused, 39);
	assert_int_equal(heard.events, 40);
}

/* Many at once on an empty cache: the lock lets one compile, the others wait and reuse. */
static void test_one_compile(void **state)
{
	pid_t pid[PROCESSES];
	int compiled = 0;

	(void)state;
	put_text("p/web.json", POLICY("read"));
	for (int i = 0; i < PROCESSES; i++) {
		pid[i] = fork();
		assert_true(pid[i] >= 0);
		if (!pid[i]) {
			struct heard heard;
			struct secbake_refresh_options options = options_for(&heard);
			struct secbake_refresh_summary summary;

			if (secbake_refresh(&options, &summary, NULL) || summary.worst)
				_exit(99);
			_exit((int)summary.compiled);
		}
	}
	for (int i = 0; i < PROCESSES; i++) {
		int status;

		assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
		assert_true(WIFEXITED(status));
		assert_true(WEXITSTATUS(status) <= 1);
		compiled += WEXITSTATUS(status);
	}
	assert_int_equal(compiled, 1);
	assert_int_equal(count_names(cached("c", NULL)), 2);
}

/* Appears within the time that a refresh waits for a lock? */
static bool appears(const char *name)
{
	const struct timespec pause = {.tv_nsec = 10000000};

	for (int i = 0; i < 2000; i++) {
		if (exists(name))
			return true;
		nanosleep(&pause, NULL);
	}
	return false;
}

/*
 * What was staged gets its name before a lock is waited for: whoever holds that lock may
 * wait for what this refresh holds. Somebody holds the entry "held" for as long as "other" lacks
 * its blob.
 */
static void waits_with_empty_hands(const char *held, const char *other, unsigned int jobs)
{
	static const char *const names[] = {"a", "b", "c", "d", "e", "f"};
	struct secbake_features features = kernel(6, 1);
	char file[SB_LOCK_NAME_MAX], name[16];
	int locks, lock, status;
	bool appeared;
	pid_t pid;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(name, sizeof(name), "p/%s.json", names[i]);
		put_text(name, POLICY("read"));
	}
	/* So that there is a directory of locks. */
	put_text("p/first.json", POLICY("read"));
	expect_one("first");
	locks = openat(top_fd, "c/.lock", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(locks >= 0);
	sb_lock_name(hash_name(&features), held, file);
	lock = sb_lock_try(locks, file, LOCK_EX);
	assert_true(lock >= 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		struct heard heard;
		struct secbake_refresh_options options = options_for(&heard);

		close(lock);
		options.jobs = jobs;
		_exit(refresh(&options).failed ? 1 : 0);
	}
	snprintf(name, sizeof(name), "%s.sbk", other);
	appeared = appears(cached("c", name));
	close(lock);
	close(locks);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(appeared);
	assert_int_equal(status, 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(name, sizeof(name), "%s.sbk", names[i]);
		assert_opens(cached("c", name), names[i]);
	}
}

static void test_waits_with_empty_hands(void **state)
{
	(void)state;
	waits_with_empty_hands("f", "a", 1);
}

/* Nor does what other threads stage meanwhile stay in their hands. */
static void test_threads_wait_with_empty_hands(void **state)
{
	(void)state;
	waits_with_empty_hands("a", "f", 2);
}

static void test_reserved(void **state)
{
	struct secbake_refresh_summary summary;
	struct heard heard;
	struct secbake_refresh_options options = options_for(&heard);

	(void)state;
	options.places.reserved[1] = 1;
	assert_int_equal(secbake_refresh(&options, &summary, NULL), SECBAKE_ERR_INPUT);
	options = options_for(&heard);
	options.reserved[6] = 1;
	assert_int_equal(secbake_refresh(&options, &summary, NULL), SECBAKE_ERR_INPUT);
}

/* ---- what others are made of ---- */

#define BASE(call) \
	"{\"secbake\": 1, \"rules\": [{\"syscalls\": \"" call "\", \"action\": \"allow\"}]}"
#define EXTENDS(what) "{\"secbake\": 1, \"extends\": [" what "], \"default\": \"errno:EPERM\"}"
#define BETWEEN(what) "{\"secbake\": 1, \"extends\": [" what "]}"

static void test_bases(void **state)
{
	struct heard heard;

	(void)state;
	put_text("p/base.json", BASE("read"));
	/* Nothing is made of it: somebody has forgotten its default. */
	assert_non_null(strstr(expect("base=failed ", SECBAKE_ERR_INPUT).failure.text, "default"));
	put_text("p/web.json", EXTENDS("\"@base\""));
	expect("web=compiled base=base ", SECBAKE_OK);
	expect("web=reused base=base ", SECBAKE_OK);
	assert_false(exists(cached("c", "base.sbk")));
	/* By a base of a base, and by a path. */
	put_text("p/between.json", BETWEEN("\"@base\""));
	put_text("p/web.json", EXTENDS("\"@between\""));
	expect("web=restamped base=base between=base ", SECBAKE_OK);
	put_text("p/web.json", EXTENDS("\"base.json\""));
	expect("web=restamped base=base between=failed ", SECBAKE_ERR_INPUT);
	/* What one is made of that fails is not at fault. */
	put_text("p/between.json", BASE("write"));
	put_text("p/web.json", EXTENDS("\"@base\", \"@between\", \"@missing\""));
	expect("web=failed base=base between=base ", SECBAKE_ERR_INPUT);
	put_text("p/web.json", EXTENDS("\"@base\"") "x");
	heard = expect("web=failed base=failed between=failed ", SECBAKE_ERR_INPUT);
	assert_non_null(strstr(heard.failure.text, "a base of a policy that failed"));
	/* Nor is what has another fault a base. */
	put_text("p/web.json", EXTENDS("\"@base\", \"@between\""));
	put_text("p/between.options", "no-such-option=1\n");
	expect("between=failed web=compiled base=base ", SECBAKE_ERR_INPUT);
}

static void test_named_base(void **state)
{
	static const char *const names[] = {"base", "web"};
	struct heard heard;
	struct secbake_refresh_options options = options_for(&heard);

	(void)state;
	put_text("p/base.json", BASE("read"));
	put_text("p/web.json", EXTENDS("\"@base\""));
	options.name = names;
	options.name_count = 2;
	assert_int_equal(refresh(&options).worst, SECBAKE_ERR_INPUT);
	assert_string_equal(heard.names, "base=failed web=compiled ");
	options = options_for(&heard);
	options.jobs = 4;
	assert_int_equal(refresh(&options).worst, SECBAKE_OK);
	assert_int_equal(heard.bases, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_compiles_then_reuses),
		TEST(test_nothing_to_do),
		TEST(test_follows_sources),
		TEST(test_follows_overrides),
		TEST(test_replaces_broken_blobs),
		TEST(test_replaces_other_versions),
		TEST(test_failure_changes_nothing),
		TEST(test_bad_options),
		TEST(test_names),
		TEST(test_other_files),
		TEST(test_odd_files),
		TEST(test_missing_folder),
		TEST(test_untrusted_policy),
		TEST(test_several_roots),
		TEST(test_feature_sets),
		TEST(test_jobs),
		TEST(test_one_compile),
		TEST(test_waits_with_empty_hands),
		TEST(test_threads_wait_with_empty_hands),
		TEST(test_bases),
		TEST(test_named_base),
		TEST(test_reserved),
	};

	umask(022);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
