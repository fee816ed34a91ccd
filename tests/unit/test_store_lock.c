/* SPDX-License-Identifier: MIT */
/*
 * Locks of a store: they exclude, one on a file that lost its name is none, and many
 * writers at once leave one whole file.
 */
#include "tests/lib/store_world.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#define WRITERS 20
#define ROUNDS 25
#define LOCKERS 4
#define LOCK_ROUNDS 100

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
	assert_int_equal(error.sys_errno, 0);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_lock_excludes),
		TEST(test_lock_removed),
		TEST(test_lock_race),
		TEST(test_many_writers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
