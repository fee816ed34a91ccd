/* SPDX-License-Identifier: MIT */
/*
 * What somebody else could have written, put before the real loader: each directory and each
 * file that it goes through, in each way that it may be wrong. It runs nothing, exits with 125
 * and names the path and the reason. First where the caller names the directories (-C, -P),
 * then where the system's own are, in a mount namespace with a /run of its own.
 */
#include "tests/lib/exec_world.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

/* ---- ways to be wrong; each leaves the good one at KEPT ---- */

#define KEPT ".kept"

static char kept[700];

static void put_aside(const char *path)
{
	snprintf(kept, sizeof(kept), "%s" KEPT, path);
	assert_int_equal(rename(path, kept), 0);
}

static bool by_mode(const char *path, mode_t more)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(chmod(path, (st.st_mode & 07777) | more), 0);
	return true;
}

static bool by_group(const char *path)
{
	return by_mode(path, 0020);
}

static bool by_others(const char *path)
{
	return by_mode(path, 0002);
}

static bool by_all(const char *path)
{
	return by_mode(path, 0022);
}

static bool sticky_file(const char *path)
{
	return by_mode(path, 01002);
}

static bool foreign(const char *path)
{
	return !geteuid() && !chown(path, STRANGER, 0);
}

static bool link_to_it(const char *path)
{
	put_aside(path);
	assert_int_equal(symlink(kept, path), 0);
	return true;
}

static bool fifo(const char *path)
{
	put_aside(path);
	assert_int_equal(mkfifo(path, 0644), 0);
	return true;
}

static bool listening_socket(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const char *base = strrchr(path, '/') + 1;
	char folder[600];
	int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	put_aside(path);
	/* The whole path may be too long for an address. */
	snprintf(folder, sizeof(folder), "%.*s", (int)(base - path), path);
	assert_int_equal(chdir(folder), 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", base);
	assert_int_equal(bind(s, (struct sockaddr *)&address, sizeof(address)), 0);
	close(s);
	assert_int_equal(chdir("/"), 0);
	assert_int_equal(chmod(path, 0644), 0);
	return true;
}

static bool device(const char *path)
{
	put_aside(path);
	return !geteuid() && !mknod(path, S_IFCHR | 0644, makedev(1, 3)) && !chmod(path, 0644);
}

static bool directory(const char *path)
{
	put_aside(path);
	assert_int_equal(mkdir(path, 0755), 0);
	return true;
}

static bool plain_file(const char *path)
{
	int fd;

	put_aside(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	close(fd);
	return true;
}

static void put_back(const char *path, mode_t mode)
{
	struct stat st;

	snprintf(kept, sizeof(kept), "%s" KEPT, path);
	if (!lstat(kept, &st)) {
		if (unlink(path))
			rmdir(path);
		assert_int_equal(rename(kept, path), 0);
	}
	assert_int_equal(chmod(path, mode), 0);
	if (!geteuid())
		assert_int_equal(chown(path, 0, 0), 0);
}

#define WRITABLE "can be written by group or others"
#define NO_DIRECTORY "is not a directory"
#define NO_FILE "is not a regular file"

struct way {
	const char *name;
	bool (*make)(const char *path); /* false: cannot be had here */
	const char *why;
};

static const struct way of_a_directory[] = {
	{"writable by group", by_group, WRITABLE},
	{"writable by others", by_others, WRITABLE},
	{"writable by all", by_all, WRITABLE},
	{"foreign", foreign, "belongs to user 65534"},
	{"a FIFO", fifo, NO_DIRECTORY},
	{"a socket", listening_socket, NO_DIRECTORY},
	{"a device", device, NO_DIRECTORY},
	{"a file", plain_file, NO_DIRECTORY},
	{"a link", link_to_it, NO_DIRECTORY}, /* last: left out where the caller named it */
};

static const struct way of_a_file[] = {
	{"writable by group", by_group, WRITABLE},
	{"writable by others", by_others, WRITABLE},
	{"writable by all", by_all, WRITABLE},
	{"sticky and writable", sticky_file, WRITABLE},
	{"foreign", foreign, "belongs to user 65534"},
	{"a link", link_to_it, "is a symbolic link"},
	{"a FIFO", fifo, NO_FILE},
	{"a socket", listening_socket, NO_FILE},
	{"a device", device, NO_FILE},
	{"a directory", directory, NO_FILE},
};

/* ---- the loader, before each ---- */

static const char *const *argv; /* runs "echo ran", in top */
static unsigned int tried;

static void must_run(const char *path)
{
	if (run_how(argv, 0) != 0 || !strstr(output, "ran\n"))
		fail_msg("%s is good, and yet: %s", path, output);
}

static void each_way(const struct way *way, uint32_t count, const char *path, mode_t mode,
		     const char *named)
{
	char expected[700];

	must_run(path);
	for (uint32_t i = 0; i < count; i++) {
		int status;

		if (!way[i].make(path)) {
			put_back(path, mode);
			print_message("%s as %s cannot be had here\n", named, way[i].name);
			continue;
		}
		status = run_how(argv, 0);
		snprintf(expected, sizeof(expected), "%s %s", named, way[i].why);
		if (status != 125 || strstr(output, "ran\n") || !strstr(output, expected))
			fail_msg("%s is %s: status %d, no \"%s\" in: %s", path, way[i].name, status,
				 expected, output);
		put_back(path, mode);
		tried++;
	}
	must_run(path);
}

#define DIRECTORY(path, named) each_way(of_a_directory, COUNT(of_a_directory), path, 0755, named)
/* A link that the caller names is the caller's choice. */
#define NAMED_DIRECTORY(path, named)                                                    \
	do {                                                                            \
		each_way(of_a_directory, COUNT(of_a_directory) - 1, path, 0755, named); \
		link_to_it(path);                                                       \
		must_run(path);                                                         \
		put_back(path, 0755);                                                   \
	} while (0)
#define FILE_(path, named) each_way(of_a_file, COUNT(of_a_file), path, 0644, named)

static char path[600];

static const char *absolute(const char *name)
{
	snprintf(path, sizeof(path), "%s", in_top(name));
	return path;
}

static void test_named_directories(void **state)
{
	const char *named = entry("c1", "test") + 3; /* HASH/test.sbk */
	char set[SECBAKE_HASH_TEXT], folder[64];

	(void)state;
	put_simple();
	snprintf(set, sizeof(set), "%s", named);
	snprintf(folder, sizeof(folder), "c1/%s", set);
	argv = (const char *const[]){"bin/secbake-exec", "-v",	 "-C",	 "c1",	"-P", "p",
				     "--no-compile",	 "test", "echo", "ran", NULL};
	NAMED_DIRECTORY(absolute("c1"), "c1");
	DIRECTORY(absolute(folder), set);
	FILE_(absolute(entry("c1", "test")), named);
	if (geteuid()) /* whoever is not root may name any policy */
		return;
	NAMED_DIRECTORY(absolute("p"), "p");
	FILE_(absolute("p/test.json"), "test.json");
	print_message("%u things were refused\n", tried);
}

static void test_blob_files(void **state)
{
	struct blob b = simple();

	(void)state;
	assert_int_equal(mkdir(in_top("b"), 0755), 0);
	put_blob("b/some.sbk", &b);
	argv = (const char *const[]){"bin/secbake-exec", "-v",	 "-P",	 "p",	"--blob",
				     "b/some.sbk",	 "test", "echo", "ran", NULL};
	NAMED_DIRECTORY(absolute("b"), "b");
	FILE_(absolute("b/some.sbk"), "some.sbk");
}

/* The sources beside a policy. */
static void test_options_files(void **state)
{
	(void)state;
	if (geteuid())
		skip();
	put_simple();
	argv = (const char *const[]){"bin/secbake-exec", "-v",	 "-C",	 "c1",	"-P", "p",
				     "--no-compile",	 "test", "echo", "ran", NULL};
	must_run("all");
	/* It was not there, and is: whatever it is, the blob does not count any more. */
	for (uint32_t i = 0; i < COUNT(of_a_file); i++) {
		put_text("p/test.options", "", 0644);
		absolute("p/test.options");
		if (of_a_file[i].make(path))
			assert_int_equal(run_how(argv, 0), 125);
		not_said("ran\n");
		put_back(path, 0644);
		assert_int_equal(unlink(path), 0);
	}
	must_run("all");
}

/* ---- the system's own directories ---- */

#define SYSTEM_NAME "secbake-trust-test"

static void test_system_directories(void **state)
{
	struct blob b = simple();
	char set_path[128], blob_path[256];

	(void)state;
	if (!own_run())
		skip();
	b.name = SYSTEM_NAME;
	put_system(&b);
	snprintf(set_path, sizeof(set_path), "%s", in_system_cache(""));
	snprintf(blob_path, sizeof(blob_path), "%s", in_system_cache("/" SYSTEM_NAME ".sbk"));
	argv = (const char *const[]){
		"bin/secbake-exec", "-v", "--no-compile", SYSTEM_NAME, "echo", "ran", NULL};
	tried = 0;
	DIRECTORY("/run/secbake", "/run/secbake");
	DIRECTORY("/run/secbake/cache", "/run/secbake/cache");
	DIRECTORY(set_path, set_path + sizeof("/run/secbake/cache"));
	FILE_(blob_path, blob_path + sizeof("/run/secbake/cache"));
	DIRECTORY("/run/secbake/policies", "/run/secbake/policies");
	FILE_("/run/secbake/policies/" SYSTEM_NAME ".json", SYSTEM_NAME ".json");
	/* A mount point cannot be exchanged, but what it is like counts as well. */
	for (uint32_t i = 0; i < 4; i++) {
		assert_true(of_a_directory[i].make("/run"));
		assert_int_equal(run_how(argv, 0), 125);
		said(of_a_directory[i].why);
		said(": /run ");
		put_back("/run", 0755);
	}
	must_run("/run");
	print_message("%u things were refused\n", tried);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(test_named_directories),
		T(test_blob_files),
		T(test_options_files),
		T(test_system_directories),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
