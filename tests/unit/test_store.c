/* SPDX-License-Identifier: MIT */
/*
 * Writing files atomically and into a cache root: the old file survives every
 * failure, modes do not depend on the umask, nobody else's directories are
 * used, locks exclude, and many writers at once leave one whole file.
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
#include <ftw.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cache/stage.h"
#include "cache/store.h"

#define NOBODY 65534
#define WRITERS 20
#define ROUNDS 25
#define LOCKERS 4
#define LOCK_ROUNDS 100
#define CHILD_SKIPPED 77

/* ---- a directory for each test ---- */

static char top[256];
static int top_fd = -1;

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)ftw;
	return type == FTW_DP || type == FTW_DNR ? rmdir(path) : unlink(path);
}

static int set_up(void **state)
{
	const char *base = getenv("TMPDIR");

	(void)state;
	umask(022);
	snprintf(top, sizeof(top), "%s/secbake-store-XXXXXX", base && *base ? base : "/tmp");
	if (!mkdtemp(top))
		return -1;
	top_fd = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return top_fd < 0 ? -1 : 0;
}

static int tear_down(void **state)
{
	(void)state;
	umask(022);
	close(top_fd);
	return nftw(top, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Inside the directory; the result lives until the fourth call after it. */
static const char *in_top(const char *name)
{
	static char paths[4][PATH_MAX];
	static unsigned int next;
	char *path = paths[next++ % 4];

	snprintf(path, PATH_MAX, "%s/%s", top, name);
	return path;
}

static void put_text(const char *name, const char *text, mode_t mode)
{
	int fd = openat(top_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static void assert_text(const char *name, const char *text)
{
	char there[512] = "";
	int fd = openat(top_fd, name, O_RDONLY | O_CLOEXEC);
	ssize_t got;

	if (fd < 0)
		fail_msg("%s: %s", name, strerror(errno));
	got = read(fd, there, sizeof(there) - 1);
	close(fd);
	assert_true(got >= 0);
	assert_string_equal(there, text);
}

static mode_t mode_of(const char *name)
{
	struct stat st;

	if (fstatat(top_fd, name, &st, AT_SYMLINK_NOFOLLOW))
		fail_msg("%s: %s", name, strerror(errno));
	return st.st_mode & 07777;
}

/* Names in a directory, "." and ".." aside; temps: only those that are temporary. */
static int count_names(const char *name, bool temps)
{
	int fd = openat(top_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC), count = 0;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	assert_non_null(dir);
	while ((entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			count += !temps || sb_stage_is_temp(entry->d_name);
	closedir(dir);
	return count;
}

/* Runs body in a child, where limits and users may be changed; 0 is its success. */
static int in_child(int (*body)(void))
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (!pid)
		_exit(body());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

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

/* ---- a store ---- */

static struct secbake_features features(void)
{
	return (struct secbake_features){
		.arch = secbake_arch_find("x86_64"),
		.method = SECBAKE_METHOD_SECCOMP,
		.actions = SECBAKE_ACTIONS_ALL,
		.flags = SECBAKE_FLAGS_ALL,
		.notif_size = 80,
		.notif_resp_size = 24,
		.notif_data_size = 64,
		.kernel = SECBAKE_KERNEL(6, 1),
	};
}

static const char *hash_name(void)
{
	static char text[SECBAKE_HASH_TEXT];
	struct secbake_features f = features();
	struct secbake_hash hash;

	secbake_features_hash(&f, &hash);
	secbake_hash_format(&hash, text);
	return text;
}

/* "ROOT/HASH" or "ROOT/HASH/FILE", relative to the test's directory. */
static const char *set_name(const char *root, const char *file)
{
	static char names[4][PATH_MAX];
	static unsigned int next;
	char *name = names[next++ % 4];

	snprintf(name, PATH_MAX, "%s/%s%s%s", root, hash_name(), file ? "/" : "", file ? file : "");
	return name;
}

static enum secbake_status open_at(struct sb_store *store, const char *path, size_t existing,
				   struct secbake_error *error)
{
	struct sb_trust trust = sb_trust_self();
	struct secbake_features f = features();
	struct sb_store_place place = {.root = {.path = path, .anchor = SB_ANCHOR_NAMED},
				       .existing = existing};

	return sb_store_open(store, &trust, &place, &f, error);
}

static void open_ok(struct sb_store *store, const char *path)
{
	struct secbake_error error = {0};

	if (open_at(store, path, 0, &error))
		fail_msg("%s", error.text);
}

static void open_fails(const char *path, enum secbake_status expected)
{
	struct sb_store store = {.locks = 99};
	struct secbake_error error = {0};

	assert_int_equal(open_at(&store, path, 0, &error), expected);
	assert_int_equal(error.status, expected);
	assert_int_equal(store.locks, 99);
}

static void put_ok(const struct sb_store *store, const char *name, const char *text)
{
	struct secbake_error error = {0};

	if (sb_store_put(store, name, text, strlen(text), &error))
		fail_msg("%s", error.text);
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

/* ---- locks ---- */

static void test_lock_excludes(void **state)
{
	char file[SB_LOCK_NAME_MAX];
	struct secbake_error error = {0};
	struct sb_store store;
	int a, b = -2;

	(void)state;
	open_ok(&store, in_top("root"));
	assert_int_equal(sb_store_lock(&store, "web", &a, NULL), SECBAKE_OK);
	sb_lock_name(store.hash, "web", file);
	assert_int_equal(sb_lock_try(store.locks, file, LOCK_EX), -1);
	assert_int_equal(errno, EWOULDBLOCK);
	/* Bounded, and the message names the file. */
	assert_int_equal(sb_lock_wait(store.locks, "the/root", file, LOCK_EX, 1, &b, &error),
			 SECBAKE_ERR_SYSTEM);
	assert_int_equal(error.sys_errno, ETIMEDOUT);
	assert_non_null(strstr(error.text, file));
	assert_int_equal(b, -2);
	/* Another entry is free. */
	assert_int_equal(sb_store_lock(&store, "db", &b, NULL), SECBAKE_OK);
	close(b);
	close(a);
	assert_int_equal(sb_store_lock(&store, "web", &a, NULL), SECBAKE_OK);
	close(a);
	/* While a store is open its feature set cannot be cleaned. */
	sb_lock_name(store.hash, NULL, file);
	assert_int_equal(sb_lock_try(store.locks, file, LOCK_EX), -1);
	sb_store_close(&store);
}

/* A lock on a file that has lost its name is no lock. */
static void test_lock_removed(void **state)
{
	struct stat named, held;
	int a, b;

	(void)state;
	a = sb_lock_try(top_fd, "x.lock", LOCK_EX);
	assert_true(a >= 0);
	assert_int_equal(unlinkat(top_fd, "x.lock", 0), 0);
	b = sb_lock_try(top_fd, "x.lock", LOCK_EX);
	assert_true(b >= 0);
	assert_int_equal(fstatat(top_fd, "x.lock", &named, 0), 0);
	assert_int_equal(fstat(b, &held), 0);
	assert_int_equal(named.st_ino, held.st_ino);
	close(a);
	assert_int_equal(sb_lock_try(top_fd, "x.lock", LOCK_EX), -1);
	close(b);
}

static int writer_number;

/*
 * Takes the lock, shows by O_EXCL that it is alone, and removes the lock file while
 * holding it. Without a pause between two tries, so that others often have the
 * file open that just loses its name: to take that for the lock is the race.
 */
static int child_lock_race(void)
{
	for (int i = 0; i < LOCK_ROUNDS; i++) {
		int lock, alone;

		while ((lock = sb_lock_try(top_fd, "race.lock", LOCK_EX)) < 0)
			if (errno != EWOULDBLOCK)
				return 1;
		alone = openat(top_fd, "alone", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		if (alone < 0)
			return 2;
		close(alone);
		sched_yield();
		if (unlinkat(top_fd, "alone", 0))
			return 3;
		if (unlinkat(top_fd, "race.lock", 0))
			return 4;
		close(lock);
	}
	return 0;
}

/* A store of this writer's own text, again and again; readers never see anything else. */
static int child_store(void)
{
	char text[20001], got[20001];
	struct sb_store store;

	memset(text, 'A' + writer_number, sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	if (open_at(&store, in_top("root"), 0, NULL))
		return 1;
	for (int i = 0; i < ROUNDS; i++) {
		int fd;

		if (sb_store_put(&store, "web", text, sizeof(text) - 1, NULL))
			return 2;
		fd = openat(store.dir, "web.sbk", O_RDONLY | O_CLOEXEC);
		if (fd < 0 || read(fd, got, sizeof(got)) != (ssize_t)sizeof(text) - 1)
			return 3;
		for (size_t k = 1; k < sizeof(text) - 1; k++)
			if (got[k] != got[0])
				return 4;
		close(fd);
	}
	sb_store_close(&store);
	return 0;
}

static void at_once(int (*body)(void), int count)
{
	pid_t pid[WRITERS];

	for (int i = 0; i < count; i++) {
		writer_number = i;
		pid[i] = fork();
		assert_true(pid[i] >= 0);
		if (!pid[i])
			_exit(body());
	}
	for (int i = 0; i < count; i++) {
		int status;

		assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 0);
	}
}

static void test_lock_race(void **state)
{
	(void)state;
	at_once(child_lock_race, LOCKERS);
	assert_int_equal(faccessat(top_fd, "alone", F_OK, 0), -1);
}

static void test_many_writers(void **state)
{
	struct stat st;

	(void)state;
	at_once(child_store, WRITERS);
	assert_int_equal(fstatat(top_fd, set_name("root", "web.sbk"), &st, 0), 0);
	assert_int_equal(st.st_size, 20000);
	assert_int_equal(st.st_mode & 0777, 0644);
	/* "features" and "web.sbk". */
	assert_int_equal(count_names(set_name("root", NULL), false), 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

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
		TEST(test_store_made),
		TEST(test_store_umask_of_everything),
		TEST(test_store_existing_part),
		TEST(test_store_features),
		TEST(test_store_names),
		TEST(test_store_policy_called_features),
		TEST(test_store_untrusted),
		TEST(test_store_foreign_owner),
		TEST(test_store_not_writable),
		TEST(test_store_keeps_old_blob),
		TEST(test_store_sweeps),
		TEST(test_lock_excludes),
		TEST(test_lock_removed),
		TEST(test_lock_race),
		TEST(test_many_writers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
