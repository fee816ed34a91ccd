/* SPDX-License-Identifier: MIT */
/*
 * Writing one file atomically: the old one survives every failure, modes are what they
 * were or what the umask says, and what killed writers left is cleared away.
 */
#include "tests/lib/store_world.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- one file ---- */

static void store_ok(const char *path, const char *text)
{
	struct secbake_error error = {0};

	if (secbake_store_file(path, text, strlen(text), &error))
		fail_msg("%s", error.text);
}

static void store_fails(const char *path, enum secbake_status expected, int sys_errno)
{
	struct secbake_error error = {0};

	assert_int_equal(secbake_store_file(path, "new", 3, &error), expected);
	assert_int_equal(error.status, expected);
	assert_int_equal(error.sys_errno, sys_errno);
	assert_true(error.text[0]);
}

static void test_file_new(void **state)
{
	static const mode_t masks[] = {0, 022, 077};

	(void)state;
	for (size_t i = 0; i < sizeof(masks) / sizeof(masks[0]); i++) {
		umask(masks[i]);
		unlinkat(top_fd, "new", 0);
		store_ok(in_top("new"), "content");
		assert_text("new", "content");
		assert_int_equal(mode_of("new"), 0666 & ~masks[i]);
	}
	assert_int_equal(count_names(".", false), 1);
}

static void test_file_empty(void **state)
{
	(void)state;
	put_text("file", "old", 0644);
	store_ok(in_top("file"), "");
	assert_text("file", "");
}

static void test_file_replaced(void **state)
{
	(void)state;
	put_text("old", "old content", 0640);
	assert_int_equal(linkat(top_fd, "old", top_fd, "other", 0), 0);
	umask(0);
	store_ok(in_top("old"), "new content");
	assert_text("old", "new content");
	assert_text("other", "old content");
	assert_int_equal(mode_of("old"), 0640);
	assert_int_equal(count_names(".", false), 2);
}

static void test_file_relative(void **state)
{
	int here = open(".", O_PATH | O_CLOEXEC);

	(void)state;
	assert_int_equal(fchdir(top_fd), 0);
	store_ok("plain", "1");
	store_ok("./dotted", "2");
	assert_int_equal(fchdir(here), 0);
	close(here);
	assert_text("plain", "1");
	assert_text("dotted", "2");
}

static void test_file_link(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(mkdirat(top_fd, "folder", 0755), 0);
	put_text("folder/target", "old", 0600);
	assert_int_equal(symlinkat("folder/target", top_fd, "link"), 0);
	store_ok(in_top("link"), "new");
	assert_int_equal(fstatat(top_fd, "link", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_text("folder/target", "new");
	assert_int_equal(mode_of("folder/target"), 0600);
	assert_int_equal(count_names("folder", false), 1);

	assert_int_equal(symlinkat("nowhere", top_fd, "dangling"), 0);
	store_fails(in_top("dangling"), SECBAKE_ERR_SYSTEM, ENOENT);
	assert_int_equal(faccessat(top_fd, "nowhere", F_OK, 0), -1);
}

static void test_file_special(void **state)
{
	int fifo;
	char got[16] = "";

	(void)state;
	store_ok("/dev/null", "gone");
	assert_int_equal(mkfifoat(top_fd, "fifo", 0600), 0);
	fifo = openat(top_fd, "fifo", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	assert_true(fifo >= 0);
	store_ok(in_top("fifo"), "piped");
	assert_int_equal(read(fifo, got, sizeof(got)), 5);
	assert_string_equal(got, "piped");
	close(fifo);
}

static void test_file_impossible(void **state)
{
	char name[300];

	(void)state;
	store_fails(top, SECBAKE_ERR_SYSTEM, EISDIR);
	store_fails(in_top("new/"), SECBAKE_ERR_SYSTEM, EISDIR);
	store_fails(in_top("missing/file"), SECBAKE_ERR_SYSTEM, ENOENT);
	put_text("file", "x", 0644);
	store_fails(in_top("file/below"), SECBAKE_ERR_SYSTEM, ENOTDIR);
	memset(name, 'n', 255);
	name[255] = '\0';
	store_fails(in_top(name), SECBAKE_ERR_LIMIT, 0);
	assert_int_equal(count_names(".", false), 1);
}

/* 3000 bytes to write, 1000 allowed. */
static int child_too_large(void)
{
	static const char text[3000];
	struct secbake_error error = {0};
	struct rlimit limit = {1000, 1000};

	signal(SIGXFSZ, SIG_IGN);
	if (setrlimit(RLIMIT_FSIZE, &limit))
		return 1;
	if (secbake_store_file(in_top("file"), text, sizeof(text), &error) != SECBAKE_ERR_SYSTEM)
		return 2;
	return error.sys_errno == EFBIG ? 0 : 3;
}

static void test_file_survives_limit(void **state)
{
	(void)state;
	put_text("file", "old", 0644);
	assert_int_equal(in_child(child_too_large), 0);
	assert_text("file", "old");
	assert_int_equal(count_names(".", false), 1);
}

static int child_denied(void)
{
	struct secbake_error error = {0};

	if (!geteuid() && (setgid(NOBODY) || setuid(NOBODY)))
		return CHILD_SKIPPED;
	if (secbake_store_file(in_top("closed/file"), "new", 3, &error) != SECBAKE_ERR_SYSTEM)
		return 2;
	return error.sys_errno == EACCES ? 0 : 3;
}

static void test_file_survives_denial(void **state)
{
	int result;

	(void)state;
	assert_int_equal(mkdirat(top_fd, "closed", 0755), 0);
	put_text("closed/file", "old", 0666);
	assert_int_equal(fchmodat(top_fd, "closed", 0555, 0), 0);
	assert_int_equal(fchmod(top_fd, 0755), 0);
	result = in_child(child_denied);
	assert_int_equal(fchmodat(top_fd, "closed", 0755, 0), 0);
	if (result == CHILD_SKIPPED)
		skip();
	assert_int_equal(result, 0);
	assert_text("closed/file", "old");
	assert_int_equal(count_names("closed", false), 1);
}

/* A file system of 64 KiB in a mount namespace of the child's own. */
static int child_full(void)
{
	static const char text[1u << 20];
	struct secbake_error error = {0};
	char got[8] = "";
	DIR *dir;
	int fd, names = 0;

	if (unshare(CLONE_NEWNS) || mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) ||
	    mount("none", top, "tmpfs", 0, "size=64k"))
		return CHILD_SKIPPED;
	if (secbake_store_file(in_top("file"), "old", 3, &error))
		return 1;
	if (secbake_store_file(in_top("file"), text, sizeof(text), &error) != SECBAKE_ERR_SYSTEM ||
	    error.sys_errno != ENOSPC)
		return 2;
	fd = open(in_top("file"), O_RDONLY);
	if (fd < 0 || read(fd, got, sizeof(got)) != 3 || strcmp(got, "old") != 0)
		return 3;
	close(fd);
	dir = opendir(top);
	if (!dir)
		return 4;
	while (readdir(dir))
		names++;
	closedir(dir);
	return names == 3 ? 0 : 5; /* ".", "..", "file" */
}

static void test_file_survives_full_disk(void **state)
{
	int result = in_child(child_full);

	(void)state;
	if (result == CHILD_SKIPPED)
		skip();
	assert_int_equal(result, 0);
}

static void test_temp_names(void **state)
{
	static const char *const temps[] = {".a.0123456789abcdef.tmp",
					    ".web.sbk.ffffffffffffffff.tmp"};
	static const char *const others[] = {"",
					     ".",
					     "web.sbk",
					     ".tmp",
					     "..0123456789abcdef.tmp",
					     "a.0123456789abcdef.tmp",
					     "ab.0123456789abcdef.tmp",
					     ".a.0123456789abcdeF.tmp",
					     ".a.0123456789abcde.tmp",
					     ".a.0123456789abcdef.tmp2",
					     ".a-0123456789abcdef.tmp",
					     "features"};

	(void)state;
	for (size_t i = 0; i < sizeof(temps) / sizeof(temps[0]); i++)
		assert_true(sb_stage_is_temp(temps[i]));
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (sb_stage_is_temp(others[i]))
			fail_msg("%s", others[i]);
}

/* ---- what killed writers leave ---- */

static bool there(const char *name)
{
	return !faccessat(top_fd, name, F_OK, AT_SYMLINK_NOFOLLOW);
}

static void test_file_leavings(void **state)
{
	int locked;

	(void)state;
	put_text(".file.0000000000000000.tmp", "a dead one's", 0600);
	put_text(".file.0000000000000001.tmp", "held", 0600);
	put_text(".other.0000000000000000.tmp", "another file's", 0600);
	put_text("precious", "old", 0600);
	assert_int_equal(symlinkat("precious", top_fd, ".file.0000000000000002.tmp"), 0);
	assert_int_equal(mkfifoat(top_fd, ".file.0000000000000003.tmp", 0600), 0);
	locked = openat(top_fd, ".file.0000000000000001.tmp", O_RDONLY | O_CLOEXEC);
	assert_true(locked >= 0);
	assert_int_equal(flock(locked, LOCK_EX), 0);

	store_ok(in_top("file"), "new");
	assert_text("file", "new");
	assert_false(there(".file.0000000000000000.tmp"));
	assert_true(there(".file.0000000000000001.tmp"));
	assert_true(there(".file.0000000000000002.tmp"));
	assert_true(there(".file.0000000000000003.tmp"));
	assert_true(there(".other.0000000000000000.tmp"));
	assert_text("precious", "old");

	/* All names taken: it goes on under another. */
	assert_int_equal(mkdirat(top_fd, ".file.0000000000000000.tmp", 0700), 0);
	store_ok(in_top("file"), "newer");
	assert_text("file", "newer");
	assert_true(there(".file.0000000000000000.tmp"));

	close(locked); /* as its death would */
	store_ok(in_top("file"), "newest");
	assert_false(there(".file.0000000000000001.tmp"));
	assert_int_equal(count_names(".", false), 6);
}

static void test_file_leavings_of_others(void **state)
{
	(void)state;
	if (geteuid())
		skip();
	put_text(".file.0000000000000000.tmp", "theirs", 0600);
	assert_int_equal(fchownat(top_fd, ".file.0000000000000000.tmp", NOBODY, NOBODY, 0), 0);
	store_ok(in_top("file"), "new");
	assert_text("file", "new");
	assert_text(".file.0000000000000000.tmp", "theirs");
}

#define FILE_WRITERS 6
#define WRITES 150

static int child_writes(void)
{
	char text[32];

	for (int i = 0; i < WRITES; i++) {
		struct secbake_error error = {0};
		int size = snprintf(text, sizeof(text), "%d\n", getpid());

		if (secbake_store_file(in_top("file"), text, (size_t)size, &error)) {
			fprintf(stderr, "%s\n", error.text);
			return 1;
		}
	}
	return 0;
}

/* Each takes the others' files for a dead one's at times, and none may be lost by it. */
static void test_file_together(void **state)
{
	pid_t child[FILE_WRITERS];
	int status;

	(void)state;
	for (int i = 0; i < FILE_WRITERS; i++) {
		child[i] = fork();
		assert_true(child[i] >= 0);
		if (!child[i])
			_exit(child_writes());
	}
	for (int i = 0; i < FILE_WRITERS; i++) {
		assert_int_equal(waitpid(child[i], &status, 0), child[i]);
		assert_int_equal(status, 0);
	}
	assert_int_equal(count_names(".", false), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_file_new),
		TEST(test_file_empty),
		TEST(test_file_replaced),
		TEST(test_file_relative),
		TEST(test_file_link),
		TEST(test_file_special),
		TEST(test_file_impossible),
		TEST(test_file_survives_limit),
		TEST(test_file_survives_denial),
		TEST(test_file_survives_full_disk),
		TEST(test_temp_names),
		TEST(test_file_leavings),
		TEST(test_file_leavings_of_others),
		TEST(test_file_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
