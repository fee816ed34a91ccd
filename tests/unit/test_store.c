/* SPDX-License-Identifier: MIT */
/*
 * Writing into a cache root: modes do not depend on the umask, nobody else's directories
 * are used, and an old blob survives every failure. test_store_file.c has single files,
 * test_store_lock.c the locks.
 */
#include "tests/lib/store_world.h"

#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static void open_fails(const char *path, enum secbake_status expected)
{
	struct sb_store store = {.locks = 99};
	struct secbake_error error = {0};

	assert_int_equal(open_at(&store, path, 0, &error), expected);
	assert_int_equal(error.status, expected);
	assert_int_equal(store.locks, 99);
}

/* Every path component that is missing is made, with modes that the umask has no part in. */
static void test_store_made(void **state)
{
	static const mode_t masks[] = {0, 022, 077, 0177};
	static const char *const roots[] = {"r0/a/b", "r1/a//b/", "r2", "r3"};

	(void)state;
	for (size_t i = 0; i < sizeof(masks) / sizeof(masks[0]); i++) {
		struct sb_store store;
		char lock[64];

		umask(masks[i]);
		open_ok(&store, in_top(roots[i]));
		put_ok(&store, "web", "blob");
		sb_store_close(&store);
		umask(022);
		snprintf(lock, sizeof(lock), "%s/.lock", roots[i]);
		assert_int_equal(mode_of(roots[i]), 0755);
		assert_int_equal(mode_of(lock), 0700);
		assert_int_equal(mode_of(set_name(roots[i], NULL)), 0755);
		assert_int_equal(mode_of(set_name(roots[i], "features")), 0644);
		assert_int_equal(mode_of(set_name(roots[i], "web.sbk")), 0644);
		assert_text(set_name(roots[i], "web.sbk"), "blob");
		assert_int_equal(count_names(set_name(roots[i], NULL), false), 2);
	}
}

/* Twice: who comes next must find nothing that is shut. Root without its capabilities. */
static int child_shut_out(void)
{
	uint32_t header[2] = {0x20080522u, 0}, none[6] = {0};
	struct sb_store store;
	int lock;

	if (syscall(SYS_capset, header, none))
		return 1;
	umask(0777);
	for (int i = 0; i < 2; i++) {
		if (open_at(&store, in_top("made/root"), 0, NULL))
			return 2 + i;
		if (sb_store_lock(&store, "web", &lock, NULL) ||
		    sb_store_put(&store, "web", "blob", 4, NULL))
			return 4 + i;
		close(lock);
		sb_store_close(&store);
	}
	return 0;
}

static void test_store_umask_of_everything(void **state)
{
	(void)state;
	assert_int_equal(in_child(child_shut_out), 0);
	assert_int_equal(mode_of("made"), 0755);
	assert_int_equal(mode_of("made/root/.lock"), 0700);
	assert_int_equal(mode_of(set_name("made/root", "web.sbk")), 0644);
}

static void test_store_existing_part(void **state)
{
	struct sb_store store;
	struct secbake_error error = {0};
	const char *path = in_top("cache/secbake");

	(void)state;
	/* "cache" must be there: it might be a mount point. */
	assert_int_equal(open_at(&store, path, strlen(path) - strlen("/secbake"), &error),
			 SECBAKE_ERR_MISSING);
	assert_int_equal(count_names(".", false), 0);
	assert_int_equal(mkdirat(top_fd, "cache", 0755), 0);
	assert_int_equal(open_at(&store, path, strlen(path) - strlen("/secbake"), NULL),
			 SECBAKE_OK);
	sb_store_close(&store);
}

static void test_store_features(void **state)
{
	struct secbake_features f = features(), parsed;
	char text[SECBAKE_FEATURES_TEXT_MAX];
	struct sb_store store;

	(void)state;
	open_ok(&store, in_top("root"));
	sb_store_close(&store);
	f.kernel = 0; /* not in the file: it is not in the hash */
	assert_true(secbake_features_format(&f, text) > 0);
	assert_text(set_name("root", "features"), text);
	assert_int_equal(secbake_features_parse(text, strlen(text), &parsed, NULL), SECBAKE_OK);
	assert_int_equal(parsed.kernel, 0);

	/* Damaged, it is written again. */
	put_text(set_name("root", "features"), "nonsense", 0644);
	open_ok(&store, in_top("root"));
	sb_store_close(&store);
	assert_text(set_name("root", "features"), text);
}

static void test_store_names(void **state)
{
	static const char *const wrong[] = {"", ".web", "../web", "a/b"};
	struct sb_store store;

	(void)state;
	open_ok(&store, in_top("root"));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(sb_store_put(&store, wrong[i], "x", 1, NULL), SECBAKE_ERR_INPUT);
	assert_int_equal(count_names(set_name("root", NULL), false), 1);
	sb_store_close(&store);
}

/* A file of the name of a policy called "features" is not the features file. */
static void test_store_policy_called_features(void **state)
{
	struct sb_store store;
	int a, b;

	(void)state;
	open_ok(&store, in_top("root"));
	put_ok(&store, "features", "blob");
	assert_text(set_name("root", "features.sbk"), "blob");
	/* And a policy called "lock" does not take the feature set's lock. */
	assert_int_equal(sb_store_lock(&store, "lock", &a, NULL), SECBAKE_OK);
	assert_int_equal(sb_store_lock(&store, "features", &b, NULL), SECBAKE_OK);
	close(a);
	close(b);
	sb_store_close(&store);
}

static void test_store_untrusted(void **state)
{
	struct sb_store store;

	(void)state;
	open_ok(&store, in_top("root"));
	sb_store_close(&store);

	assert_int_equal(fchmodat(top_fd, "root", 0775, 0), 0);
	open_fails(in_top("root"), SECBAKE_ERR_UNTRUSTED);
	assert_int_equal(fchmodat(top_fd, "root", 0755, 0), 0);

	assert_int_equal(fchmodat(top_fd, set_name("root", NULL), 0777, 0), 0);
	open_fails(in_top("root"), SECBAKE_ERR_UNTRUSTED);
	assert_int_equal(mode_of(set_name("root", NULL)), 0777);
	assert_int_equal(fchmodat(top_fd, set_name("root", NULL), 0755, 0), 0);

	assert_int_equal(renameat(top_fd, set_name("root", NULL), top_fd, "elsewhere"), 0);
	assert_int_equal(symlinkat("../elsewhere", top_fd, set_name("root", NULL)), 0);
	open_fails(in_top("root"), SECBAKE_ERR_UNTRUSTED);
	unlinkat(top_fd, set_name("root", NULL), 0);
	assert_int_equal(renameat(top_fd, "elsewhere", top_fd, set_name("root", NULL)), 0);

	/* Whoever can open a lock can hold it. */
	assert_int_equal(fchmodat(top_fd, "root/.lock", 0777, 0), 0);
	open_ok(&store, in_top("root"));
	sb_store_close(&store);
	assert_int_equal(mode_of("root/.lock"), 0700);

	assert_int_equal(renameat(top_fd, "root/.lock", top_fd, "locks"), 0);
	assert_int_equal(symlinkat("../locks", top_fd, "root/.lock"), 0);
	open_fails(in_top("root"), SECBAKE_ERR_SYSTEM);
}

static void test_store_foreign_owner(void **state)
{
	struct sb_store store;

	(void)state;
	if (geteuid())
		skip();
	open_ok(&store, in_top("root"));
	sb_store_close(&store);
	assert_int_equal(fchownat(top_fd, "root/.lock", NOBODY, NOBODY, 0), 0);
	open_fails(in_top("root"), SECBAKE_ERR_UNTRUSTED);
	assert_int_equal(fchownat(top_fd, "root/.lock", 0, 0, 0), 0);
	assert_int_equal(fchownat(top_fd, "root", NOBODY, NOBODY, 0), 0);
	open_fails(in_top("root"), SECBAKE_ERR_UNTRUSTED);
}

static int child_read_only(void)
{
	struct sb_store store;

	if (!geteuid() && (setgid(NOBODY) || setuid(NOBODY)))
		return CHILD_SKIPPED;
	return open_at(&store, in_top("closed/root"), 0, NULL) == SECBAKE_OK;
}

static void test_store_not_writable(void **state)
{
	int result;

	(void)state;
	assert_int_equal(mkdirat(top_fd, "closed", 0555), 0);
	assert_int_equal(fchmod(top_fd, 0755), 0);
	result = in_child(child_read_only);
	if (result == CHILD_SKIPPED)
		skip();
	assert_int_equal(result, 0);
	assert_int_equal(count_names("closed", false), 0);
}

static int child_put_too_large(void)
{
	static const char text[100000];
	struct sb_store store;
	struct rlimit limit = {5000, 5000};

	signal(SIGXFSZ, SIG_IGN);
	if (open_at(&store, in_top("root"), 0, NULL) || setrlimit(RLIMIT_FSIZE, &limit))
		return 1;
	return sb_store_put(&store, "web", text, sizeof(text), NULL) != SECBAKE_ERR_SYSTEM;
}

static void test_store_keeps_old_blob(void **state)
{
	struct sb_store store;

	(void)state;
	open_ok(&store, in_top("root"));
	put_ok(&store, "web", "old blob");
	assert_int_equal(in_child(child_put_too_large), 0);
	assert_text(set_name("root", "web.sbk"), "old blob");
	assert_int_equal(count_names(set_name("root", NULL), true), 0);
	/* What stands in the way and cannot be replaced stays, too. */
	assert_int_equal(mkdirat(top_fd, set_name("root", "dir.sbk"), 0755), 0);
	assert_int_equal(sb_store_put(&store, "dir", "x", 1, NULL), SECBAKE_ERR_SYSTEM);
	assert_int_equal(count_names(set_name("root", NULL), true), 0);
	sb_store_close(&store);
}

/* Temporary files of the dead go with the next store, those of the living do not. */
static void test_store_sweeps(void **state)
{
	static const char left[] = ".web.sbk.0123456789abcdef.tmp";
	struct sb_store first, second;

	(void)state;
	open_ok(&first, in_top("root"));
	put_ok(&first, "web", "blob");
	put_text(set_name("root", left), "half", 0600);
	open_ok(&second, in_top("root"));
	assert_text(set_name("root", left), "half");
	sb_store_close(&first);
	sb_store_close(&second);
	open_ok(&first, in_top("root"));
	assert_int_equal(count_names(set_name("root", NULL), true), 0);
	assert_text(set_name("root", "web.sbk"), "blob");
	sb_store_close(&first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_store_made),		TEST(test_store_umask_of_everything),
		TEST(test_store_existing_part), TEST(test_store_features),
		TEST(test_store_names),		TEST(test_store_policy_called_features),
		TEST(test_store_untrusted),	TEST(test_store_foreign_owner),
		TEST(test_store_not_writable),	TEST(test_store_keeps_old_blob),
		TEST(test_store_sweeps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
