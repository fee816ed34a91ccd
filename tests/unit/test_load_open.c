/* SPDX-License-Identifier: MIT */
/*
 * secbake_load_open() and secbake_load_open_fd(), as a daemon calls them: what is opened,
 * what is refused and with which status, and that the blob, once open, is applied as it was
 * then: to the calling thread, or to all.
 */
#include "tests/lib/exec_world.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <secbake/load.h>

#define FAILED 200

static char cache[2][300], policies[300];
static const char *const caches[2] = {cache[0], cache[1]};
static const char *const policy_dirs[1] = {policies};

/* A blob that nothing may have touched. */
static const struct secbake_blob untouched = {.bytes = (const uint8_t *)"untouched", .size = 77};

static struct secbake_load_places places(void)
{
	snprintf(cache[0], sizeof(cache[0]), "%s/c1", top);
	snprintf(cache[1], sizeof(cache[1]), "%s/c2", top);
	snprintf(policies, sizeof(policies), "%s/p", top);
	return (struct secbake_load_places){.cache_dir = caches,
					    .cache_count = 2,
					    .policy_dir = policy_dirs,
					    .policy_count = 1};
}

static void assert_untouched(const struct secbake_blob *blob)
{
	assert_memory_equal(blob, &untouched, sizeof(untouched));
}

/* Each way with and without somebody to tell. */
static void opens_not(const char *name, const struct secbake_load_places *where,
		      const struct secbake_features *kernel, enum secbake_status status,
		      const char *why)
{
	struct secbake_blob blob = untouched;
	struct secbake_error e = {0};

	assert_int_equal(secbake_load_open(name, where, kernel, &blob, NULL), status);
	assert_untouched(&blob);
	assert_int_equal(secbake_load_open(name, where, kernel, &blob, &e), status);
	assert_untouched(&blob);
	assert_int_equal(e.status, status);
	if (!strstr(e.text, why))
		fail_msg("\"%s\" is not in: %s", why, e.text);
	if (status == SECBAKE_ERR_STALE && !strstr(e.file, "/c"))
		fail_msg("\"%s\" does not say which cache: %s", e.text, e.file);
}

static void opens(const struct secbake_load_places *where, const struct secbake_features *kernel)
{
	struct secbake_error e = {0};
	struct secbake_blob blob;

	if (secbake_load_open("test", where, kernel, &blob, &e))
		fail_msg("%s: %s", e.file, e.text);
	assert_int_equal(e.status, SECBAKE_OK);
	assert_string_equal(secbake_blob_header(&blob).name, "test");
	secbake_load_close(&blob);
	assert_null(blob.bytes);
	secbake_load_close(&blob); /* again: nothing to do */
}

/* ---- by name ---- */

static void test_open(void **state)
{
	struct secbake_load_places where = places();

	(void)state;
	opens_not("test", &where, &features, SECBAKE_ERR_MISSING, "run \"secbake refresh test\"");
	put_simple();
	opens(&where, &features);
	opens_not("other", &where, &features, SECBAKE_ERR_MISSING, "refresh other");
	opens_not("../test", &where, &features, SECBAKE_ERR_INPUT, "is not a policy name");
	opens_not("", &where, &features, SECBAKE_ERR_INPUT, "is not a policy name");
	where.reserved[7] = 1;
	opens_not("test", &where, &features, SECBAKE_ERR_INPUT, "reserved");
	where = places();
	where.cache_count = 17;
	opens_not("test", &where, &features, SECBAKE_ERR_LIMIT,
		  "17 cache directories are named; at most 16 are possible");
}

static void test_open_refuses(void **state)
{
	struct secbake_load_places where = places();
	struct blob b = simple();

	(void)state;
	put_simple();
	put_text("p/test.json", "{}", 0644);
	opens_not("test", &where, &features, SECBAKE_ERR_STALE,
		  "than when it was compiled; run \"secbake refresh test\"");
	put_text("p/test.json", POLICY, 0644);
	assert_int_equal(chmod(in_top(entry("c1", "test")), 0666), 0);
	opens_not("test", &where, &features, SECBAKE_ERR_UNTRUSTED, "can be written by group");
	put_text(entry("c1", "test"), "rubbish", 0644);
	opens_not("test", &where, &features, SECBAKE_ERR_INPUT, "not a blob");
	put_text(entry("c1", "test"), "", 0644);
	opens_not("test", &where, &features, SECBAKE_ERR_INPUT, "not a blob");
	b.name = "other";
	put_blob(entry("c1", "test"), &b);
	opens_not("test", &where, &features, SECBAKE_ERR_INPUT, "under another name");
	/* The next cache has a good one. */
	b = simple();
	put_blob(entry("c2", "test"), &b);
	opens(&where, &features);
	/* Two that cannot be used: the first is told of. */
	assert_int_equal(chmod(in_top(entry("c2", "test")), 0666), 0);
	opens_not("test", &where, &features, SECBAKE_ERR_INPUT, "under another name");
	assert_int_equal(truncate(in_top(entry("c1", "test")), SECBAKE_BLOB_SIZE_MAX + 1L), 0);
	opens_not("test", &where, &features, SECBAKE_ERR_LIMIT, "more than 16777216 bytes");
}

/* Another kernel's blob, where all that its compile asked has the same answer here. */
static void test_open_other_sets(void **state)
{
	struct secbake_load_places where = places();
	struct blob b = simple();

	(void)state;
	put_blob(other_entry("c2", 7), &b);
	opens(&where, &features);
	put_text(entry("c1", "test"), "rubbish", 0644);
	opens(&where, &features);
	assert_int_equal(unlink(in_top(entry("c1", "test"))), 0);
	put_text("p/test.json", "{}", 0644);
	opens_not("test", &where, &features, SECBAKE_ERR_STALE, "test.json has other content");
	put_text("p/test.json", POLICY, 0644);
	b.lacks = features.flags & -features.flags;
	if (b.lacks) {
		put_blob(other_entry("c2", 7), &b);
		opens_not("test", &where, &features, SECBAKE_ERR_STALE,
			  "compiled for a kernel without");
		/* Yet another set has a good one. */
		b.lacks = 0;
		put_blob(other_entry("c2", 8), &b);
		opens(&where, &features);
	}
	assert_int_equal(chmod(in_top("c2"), 0777), 0);
	opens_not("test", &where, &features, SECBAKE_ERR_UNTRUSTED, "can be written by group");
}

static void test_open_other_sets_bounded(void **state)
{
	struct secbake_load_places where = places();
	struct blob b = simple();
	char set[64];

	(void)state;
	/* More than are looked at: with so many it is found, or it is not, and that is all. */
	for (unsigned int i = 0; i < 400; i++)
		other_entry("c1", i);
	opens_not("test", &where, &features, SECBAKE_ERR_MISSING, "refresh test");
	/* What is no feature set's name is none of them. */
	for (unsigned int i = 0; i < 400; i++) {
		snprintf(set, sizeof(set), "c1/%032x", i);
		assert_int_equal(rmdir(in_top(set)), 0);
	}
	put_blob(other_entry("c1", 7), &b);
	opens(&where, &features);
	assert_int_equal(rename(in_top("c1/00000000000000000000000000000007"),
				in_top("c1/0000000000000000000000000000007")),
			 0);
	opens_not("test", &where, &features, SECBAKE_ERR_MISSING, "refresh test");
}

/* ---- by descriptor ---- */

static int opened(const char *name, int flags)
{
	int fd = open(in_top(name), flags | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static void fd_opens_not(int fd, enum secbake_status status, const char *why)
{
	struct secbake_blob blob = untouched;
	struct secbake_error e = {0};
	off_t at = lseek(fd, 0, SEEK_CUR);

	assert_int_equal(secbake_load_open_fd(fd, &blob, NULL), status);
	assert_untouched(&blob);
	if (at >= 0)
		lseek(fd, at, SEEK_SET);
	assert_int_equal(secbake_load_open_fd(fd, &blob, &e), status);
	assert_untouched(&blob);
	assert_int_equal(e.status, status);
	if (!strstr(e.text, why))
		fail_msg("\"%s\" is not in: %s", why, e.text);
}

static void fd_opens(int fd)
{
	struct secbake_error e = {0};
	struct secbake_blob blob;

	if (secbake_load_open_fd(fd, &blob, &e))
		fail_msg("%s", e.text);
	assert_string_equal(secbake_blob_header(&blob).name, "test");
	assert_true(fcntl(fd, F_GETFD) >= 0); /* stays the caller's */
	secbake_load_close(&blob);
	assert_null(blob.bytes);
}

static size_t read_bytes(const char *name, uint8_t bytes[8192])
{
	int fd = opened(name, O_RDONLY);
	ssize_t got = read(fd, bytes, 8192);

	assert_in_range(got, 100, 8191);
	close(fd);
	return (size_t)got;
}

static void test_fd(void **state)
{
	static uint8_t bytes[8192 + 100];
	struct blob b = simple();
	size_t size;
	int fd;

	(void)state;
	put_blob("b.sbk", &b);
	fd = opened("b.sbk", O_RDONLY);
	fd_opens(fd);
	fd_opens_not(fd, SECBAKE_ERR_INPUT, "shorter than a header"); /* it is at its end */
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	fd_opens(fd);
	assert_int_equal(lseek(fd, 1 << 20, SEEK_SET), 1 << 20);
	fd_opens_not(fd, SECBAKE_ERR_INPUT, "shorter than a header");
	close(fd);
	fd = opened("b.sbk", O_RDWR);
	fd_opens(fd);
	close(fd);
	/* Behind something else: from the position on. */
	memset(bytes, 'x', 100);
	size = read_bytes("b.sbk", bytes + 100);
	put_bytes("behind", bytes, size + 100, 0644);
	fd = opened("behind", O_RDONLY);
	fd_opens_not(fd, SECBAKE_ERR_INPUT, "");
	assert_int_equal(lseek(fd, 100, SEEK_SET), 100);
	fd_opens(fd);
	close(fd);
	/* No name leads to it any more, and nobody asks whose it is. */
	fd = opened("b.sbk", O_RDONLY);
	assert_int_equal(unlink(in_top("b.sbk")), 0);
	fd_opens(fd);
	close(fd);
}

static void test_fd_damaged(void **state)
{
	static uint8_t bytes[8192];
	struct blob b = simple();
	size_t size;
	int fd;

	(void)state;
	put_blob("b.sbk", &b);
	size = read_bytes("b.sbk", bytes);
	for (size_t i = 0; i < size; i++) {
		bytes[i] ^= 0x10;
		put_bytes("damaged", bytes, size, 0644);
		bytes[i] ^= 0x10;
		fd = opened("damaged", O_RDONLY);
		fd_opens_not(fd, SECBAKE_ERR_INPUT, "");
		close(fd);
	}
	for (size_t less = 1; less <= size; less++) {
		put_bytes("damaged", bytes, size - less, 0644);
		fd = opened("damaged", O_RDONLY);
		fd_opens_not(fd, SECBAKE_ERR_INPUT, "");
		close(fd);
	}
	put_bytes("damaged", bytes, size, 0644);
	assert_int_equal(truncate(in_top("damaged"), (off_t)size + 1), 0);
	fd = opened("damaged", O_RDONLY);
	fd_opens_not(fd, SECBAKE_ERR_INPUT, "");
	/* The largest that may be is read, and one byte more is not. */
	assert_int_equal(truncate(in_top("damaged"), SECBAKE_BLOB_SIZE_MAX), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	fd_opens_not(fd, SECBAKE_ERR_INPUT, "");
	assert_int_equal(truncate(in_top("damaged"), SECBAKE_BLOB_SIZE_MAX + 1L), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	fd_opens_not(fd, SECBAKE_ERR_LIMIT, "a blob has at most 16777216 bytes");
	close(fd);
}

static void test_fd_wrong(void **state)
{
	struct blob b = simple();
	int ends[2], fd;

	(void)state;
	put_blob("b.sbk", &b);
	fd_opens_not(-1, SECBAKE_ERR_SYSTEM, "cannot stat");
	fd = opened("b.sbk", O_RDONLY);
	close(fd);
	fd_opens_not(fd, SECBAKE_ERR_SYSTEM, "cannot stat");
	fd = opened("b.sbk", O_WRONLY);
	fd_opens_not(fd, SECBAKE_ERR_SYSTEM, "cannot read the blob");
	close(fd);
	fd = opened("b.sbk", O_PATH);
	fd_opens_not(fd, SECBAKE_ERR_SYSTEM, "cannot read the blob");
	close(fd);
	fd = opened("p", O_RDONLY | O_DIRECTORY);
	fd_opens_not(fd, SECBAKE_ERR_INPUT, "not a regular file");
	close(fd);
	fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	fd_opens_not(fd, SECBAKE_ERR_INPUT, "not a regular file");
	close(fd);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	fd_opens_not(ends[0], SECBAKE_ERR_INPUT, "not a regular file");
	close(ends[0]);
	close(ends[1]);
	fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC); /* a regular file of 0 bytes */
	if (fd >= 0)
		fd_opens_not(fd, SECBAKE_ERR_INPUT, "shorter than a header");
	close(fd);
}

/* ---- what is open is applied, to whom it is to ---- */

static struct secbake_blob open_test(void)
{
	struct secbake_blob blob;
	int fd = opened("b.sbk", O_RDONLY);

	assert_int_equal(secbake_load_open_fd(fd, &blob, NULL), SECBAKE_OK);
	close(fd);
	return blob;
}

static int denied_with(void)
{
	return syscall(SYS_getppid) < 0 ? errno : 0;
}

static int in_child(int (*f)(const struct secbake_blob *), const struct secbake_blob *blob)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (!pid)
		_exit(f(blob));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int apply_here(const struct secbake_blob *blob)
{
	const struct secbake_load_options options = {.mode = secbake_load_mode(blob)};

	if (secbake_load_apply(blob, &features, &options, NULL, NULL))
		return FAILED;
	return denied_with();
}

/* Nothing of the file is needed, or heard of, after it was opened. */
static void test_file_changes_after_opening(void **state)
{
	struct blob b = simple();
	struct secbake_blob blob;

	(void)state;
	put_blob("b.sbk", &b);
	blob = open_test();
	assert_int_equal(truncate(in_top("b.sbk"), 0), 0);
	put_text("b.sbk", "something else", 0644);
	assert_int_equal(unlink(in_top("b.sbk")), 0);
	assert_int_equal(in_child(apply_here, &blob), EPERM);
	secbake_load_close(&blob);
}

/* It is whole, so it can be opened; and no kernel here runs it. */
static void test_wrong_arch(void **state)
{
	const char *other = strcmp(features.arch->name, "s390x") ? "s390x" : "x86_64";
	const struct secbake_features here = features;
	const int before = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
	const struct secbake_load_options options = {.mode = SECBAKE_MODE_ENFORCE};
	struct blob b = simple();
	struct secbake_error e = {0};
	struct secbake_blob blob;

	(void)state;
	features.arch = secbake_arch_find(other);
	put_blob("b.sbk", &b);
	features = here;
	blob = open_test();
	assert_string_equal(blob.arch->name, other);
	assert_int_equal(secbake_load_apply(&blob, &features, &options, NULL, &e),
			 SECBAKE_ERR_STALE);
	assert_string_not_equal(e.text, "");
	assert_int_equal(denied_with(), 0);
	assert_int_equal(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), before);
	secbake_load_close(&blob);
}

static pthread_barrier_t barrier;

struct thread_job {
	const struct secbake_blob *blob;
	bool applies, all_threads;
	int before, after, child; /* what getppid gave */
};

static void *ask_once(void *result)
{
	*(int *)result = denied_with();
	return NULL;
}

static void *thread_main(void *argument)
{
	struct thread_job *job = argument;
	struct secbake_load_options options = {.mode = secbake_load_mode(job->blob),
					       .all_threads = job->all_threads};
	pthread_t child;

	job->before = denied_with();
	pthread_barrier_wait(&barrier);
	if (job->applies && secbake_load_apply(job->blob, &features, &options, NULL, NULL))
		job->before = FAILED;
	pthread_barrier_wait(&barrier);
	job->after = denied_with();
	job->child = -1;
	if (!pthread_create(&child, NULL, ask_once, &job->child))
		pthread_join(child, NULL);
	return NULL;
}

static int threads(const struct secbake_blob *blob, bool all_threads)
{
	struct thread_job job[3] = {{.blob = blob, .applies = true, .all_threads = all_threads},
				    {.blob = blob},
				    {.blob = blob}};
	const int others = all_threads ? EPERM : 0;
	pthread_t thread[3];

	pthread_barrier_init(&barrier, NULL, 3);
	for (int i = 0; i < 3; i++)
		if (pthread_create(&thread[i], NULL, thread_main, &job[i]))
			return FAILED;
	for (int i = 0; i < 3; i++)
		pthread_join(thread[i], NULL);
	for (int i = 0; i < 3; i++) {
		const int expected = i ? others : EPERM;

		/* A new thread is under what the one that made it is under. */
		if (job[i].before || job[i].after != expected || job[i].child != expected)
			return i + 1;
	}
	return denied_with() == others ? 0 : 4; /* the first thread of all */
}

static int one_thread(const struct secbake_blob *blob)
{
	return threads(blob, false);
}

static int all_threads(const struct secbake_blob *blob)
{
	return threads(blob, true);
}

static void test_threads(void **state)
{
	struct blob b = simple();
	struct secbake_blob blob;

	(void)state;
	put_blob("b.sbk", &b);
	blob = open_test();
	assert_int_equal(in_child(one_thread, &blob), 0);
	if (features.flags & SECBAKE_FLAG_TSYNC)
		assert_int_equal(in_child(all_threads, &blob), 0);
	secbake_load_close(&blob);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(test_open),
		T(test_open_refuses),
		T(test_open_other_sets),
		T(test_open_other_sets_bounded),
		T(test_fd),
		T(test_fd_damaged),
		T(test_fd_wrong),
		T(test_file_changes_after_opening),
		T(test_wrong_arch),
		T(test_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
