/* SPDX-License-Identifier: MIT */
/*
 * Trust: what somebody else could have written is refused, whichever component of the path
 * it is. test_lookup.c and test_sources.c rest on it.
 */
#include "tests/lib/trust_world.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define STRANGER 65534

/* ---- a tree: top/a/b/file ---- */

static enum secbake_status open_file(const char *path, enum sb_anchor anchor, const char *why)
{
	struct sb_trust trust = sb_trust_self();
	struct secbake_error e = {0};
	uint64_t size = 0;
	int fd = -1;
	enum secbake_status status = sb_trust_file(&trust, path, anchor, 100, &fd, &size, &e);

	assert_int_equal(fd >= 0, status == SECBAKE_OK);
	if (!status) {
		assert_int_equal(size, 7);
		assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
		close(fd);
	} else if (why && !strstr(e.text, why)) {
		fail_msg("\"%s\" does not say \"%s\"", e.text, why);
	}
	return status;
}

/* Some component is wrong: refused from "/" down. */
static void assert_untrusted(const char *why)
{
	assert_int_equal(open_file(in_top("a/b/file"), SB_ANCHOR_SYSTEM, why),
			 SECBAKE_ERR_UNTRUSTED);
}

static void test_good(void **state)
{
	(void)state;
	assert_int_equal(open_file(in_top("a/b/file"), SB_ANCHOR_SYSTEM, NULL), SECBAKE_OK);
	assert_int_equal(open_file(in_top("a/b/file"), SB_ANCHOR_NAMED, NULL), SECBAKE_OK);
	assert_int_equal(open_file(in_top("a/b/none"), SB_ANCHOR_SYSTEM, "not there"),
			 SECBAKE_ERR_MISSING);
	assert_int_equal(open_file(in_top("none/b/file"), SB_ANCHOR_SYSTEM, "not there"),
			 SECBAKE_ERR_MISSING);
	assert_int_equal(chdir(in_top("a/b")), 0);
	assert_int_equal(open_file("file", SB_ANCHOR_NAMED, NULL), SECBAKE_OK);
	assert_int_equal(open_file("./file", SB_ANCHOR_NAMED, NULL), SECBAKE_OK);
	assert_int_equal(open_file("file", SB_ANCHOR_SYSTEM, "plain path"), SECBAKE_ERR_INPUT);
	assert_int_equal(chdir("/"), 0);
}

static void test_writable_by_others(void **state)
{
	static const char *const names[] = {"a/b/file", "a/b", "a"};
	static const mode_t bits[] = {020, 002, 022};

	(void)state;
	for (uint32_t i = 0; i < COUNT(names); i++) {
		mode_t normal = i ? 0755 : 0644;

		for (uint32_t b = 0; b < COUNT(bits); b++) {
			assert_int_equal(chmod(in_top(names[i]), normal | bits[b]), 0);
			assert_untrusted("can be written by group or others");
			/* The sticky bit helps a directory and nothing else. */
			assert_int_equal(chmod(in_top(names[i]), normal | bits[b] | 01000), 0);
			if (i)
				assert_int_equal(
					open_file(in_top("a/b/file"), SB_ANCHOR_SYSTEM, NULL),
					SECBAKE_OK);
			else
				assert_untrusted("can be written by group or others");
		}
		assert_int_equal(chmod(in_top(names[i]), normal), 0);
	}
	assert_int_equal(open_file(in_top("a/b/file"), SB_ANCHOR_SYSTEM, NULL), SECBAKE_OK);
}

static void test_foreign_owner(void **state)
{
	static const char *const names[] = {"a/b/file", "a/b", "a"};

	(void)state;
	if (getuid())
		skip();
	for (uint32_t i = 0; i < COUNT(names); i++) {
		assert_int_equal(chown(in_top(names[i]), STRANGER, 0), 0);
		assert_untrusted("belongs to user 65534");
		assert_int_equal(chown(in_top(names[i]), 0, 0), 0);
	}
}

/* The caller counts beside root, if asked so; a third does not. */
static void test_caller_counts(void **state)
{
	struct sb_trust trust = {.uid = STRANGER};
	struct stat st = {.st_mode = S_IFREG | 0644, .st_uid = STRANGER};

	(void)state;
	assert_int_equal(sb_trust_stat(&trust, &st, "x", NULL), SECBAKE_OK);
	st.st_uid = 0;
	assert_int_equal(sb_trust_stat(&trust, &st, "x", NULL), SECBAKE_OK);
	st.st_uid = STRANGER - 1;
	assert_int_equal(sb_trust_stat(&trust, &st, "x", NULL), SECBAKE_ERR_UNTRUSTED);
	trust.uid = 0;
	st.st_uid = STRANGER;
	assert_int_equal(sb_trust_stat(&trust, &st, "x", NULL), SECBAKE_ERR_UNTRUSTED);
	trust.any_owner = true;
	assert_int_equal(sb_trust_stat(&trust, &st, "x", NULL), SECBAKE_OK);
}

static void test_links(void **state)
{
	(void)state;
	assert_int_equal(symlink("file", in_top("a/b/link")), 0);
	assert_int_equal(symlink("b", in_top("a/c")), 0);
	assert_int_equal(open_file(in_top("a/b/link"), SB_ANCHOR_SYSTEM, "symbolic link"),
			 SECBAKE_ERR_UNTRUSTED);
	assert_int_equal(open_file(in_top("a/b/link"), SB_ANCHOR_NAMED, "symbolic link"),
			 SECBAKE_ERR_UNTRUSTED);
	assert_int_equal(open_file(in_top("a/c/file"), SB_ANCHOR_SYSTEM, "not a directory"),
			 SECBAKE_ERR_UNTRUSTED);
	/* What leads to a directory that the caller named is the caller's own choice. */
	assert_int_equal(open_file(in_top("a/c/file"), SB_ANCHOR_NAMED, NULL), SECBAKE_OK);
}

/* A directory named by the caller: checked itself, and what is below, not above. */
static void test_named_anchor(void **state)
{
	struct sb_trust trust = sb_trust_self();
	int dir, fd;

	(void)state;
	assert_int_equal(chmod(top, 0777), 0);
	assert_int_equal(open_file(in_top("a/b/file"), SB_ANCHOR_NAMED, NULL), SECBAKE_OK);
	assert_untrusted("can be written");
	assert_int_equal(sb_trust_root(&trust, in_top("a"), SB_ANCHOR_NAMED, &dir, NULL),
			 SECBAKE_OK);
	assert_int_equal(sb_trust_file_at(&trust, dir, "b/file", 7, &fd, NULL, NULL), SECBAKE_OK);
	close(fd);
	assert_int_equal(sb_trust_file_at(&trust, dir, "b/file", 6, &fd, NULL, NULL),
			 SECBAKE_ERR_LIMIT);
	assert_int_equal(chmod(in_top("a/b"), 0775), 0);
	assert_int_equal(sb_trust_file_at(&trust, dir, "b/file", 7, &fd, NULL, NULL),
			 SECBAKE_ERR_UNTRUSTED);
	close(dir);
	assert_int_equal(sb_trust_root(&trust, in_top("a/b"), SB_ANCHOR_NAMED, &dir, NULL),
			 SECBAKE_ERR_UNTRUSTED);
}

static void test_not_regular(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int s;

	(void)state;
	assert_int_equal(mkfifo(in_top("fifo"), 0644), 0);
	assert_int_equal(open_file(in_top("fifo"), SB_ANCHOR_SYSTEM, "not a regular file"),
			 SECBAKE_ERR_UNTRUSTED);
	assert_int_equal(open_file(in_top("a"), SB_ANCHOR_SYSTEM, "not a regular file"),
			 SECBAKE_ERR_UNTRUSTED);
	assert_int_equal(open_file("/dev/null", SB_ANCHOR_SYSTEM, NULL), SECBAKE_ERR_UNTRUSTED);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", in_top("socket"));
	s = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(s, (struct sockaddr *)&address, sizeof(address)), 0);
	close(s);
	assert_int_equal(open_file(in_top("socket"), SB_ANCHOR_SYSTEM, "not a regular file"),
			 SECBAKE_ERR_UNTRUSTED);
	/* A file where a directory is expected. */
	assert_int_equal(open_file(in_top("a/b/file/x"), SB_ANCHOR_SYSTEM, "not a directory"),
			 SECBAKE_ERR_UNTRUSTED);
}

static void test_paths(void **state)
{
	static const char *const plain[] = {"a", "a/b", "...", "a..", ".a/b"};
	static const char *const other[] = {"",	 "/",  "/a",	"a/",	"a//b",
					    ".", "..", "a/./b", "a/..", "../a"};
	struct sb_trust trust = sb_trust_self();
	char longest[PATH_MAX + 2];
	int fd;

	(void)state;
	for (uint32_t i = 0; i < COUNT(plain); i++)
		assert_true(sb_path_plain(plain[i]));
	for (uint32_t i = 0; i < COUNT(other); i++)
		assert_false(sb_path_plain(other[i]));
	memset(longest, 'a', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	assert_false(sb_path_plain(longest));
	assert_int_equal(sb_trust_root(&trust, longest, SB_ANCHOR_NAMED, &fd, NULL),
			 SECBAKE_ERR_LIMIT);
	longest[300] = '\0'; /* longer than NAME_MAX */
	assert_int_equal(sb_trust_dir_at(&trust, AT_FDCWD, longest, &fd, NULL), SECBAKE_ERR_LIMIT);
	assert_int_equal(sb_trust_root(&trust, "/tmp/../etc", SB_ANCHOR_SYSTEM, &fd, NULL),
			 SECBAKE_ERR_INPUT);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(test_good),	       T(test_writable_by_others),
		T(test_foreign_owner), T(test_caller_counts),
		T(test_links),	       T(test_named_anchor),
		T(test_not_regular),   T(test_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
