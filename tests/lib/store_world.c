/* SPDX-License-Identifier: MIT */
/* A directory for each test of what is written, and a store in it. */
#include "store_world.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support.h"

char top[256];
int top_fd = -1;

int set_up(void **state)
{

	(void)state;
	umask(022);
	if (!test_make_top(top, sizeof(top), "secbake-store"))
		return -1;
	top_fd = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return top_fd < 0 ? -1 : 0;
}

int tear_down(void **state)
{
	(void)state;
	umask(022);
	close(top_fd);
	return test_remove_tree(top);
}

const char *in_top(const char *name)
{
	static char paths[4][PATH_MAX];
	static unsigned int next;
	char *path = paths[next++ % 4];

	snprintf(path, PATH_MAX, "%s/%s", top, name);
	return path;
}

void put_text(const char *name, const char *text, mode_t mode)
{
	int fd = openat(top_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

void assert_text(const char *name, const char *text)
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

mode_t mode_of(const char *name)
{
	struct stat st;

	if (fstatat(top_fd, name, &st, AT_SYMLINK_NOFOLLOW))
		fail_msg("%s: %s", name, strerror(errno));
	return st.st_mode & 07777;
}

int count_names(const char *name, bool temps)
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

int in_child(int (*body)(void))
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

struct secbake_features features(void)
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

const char *set_name(const char *root, const char *file)
{
	static char names[4][PATH_MAX];
	static unsigned int next;
	char *name = names[next++ % 4];

	snprintf(name, PATH_MAX, "%s/%s%s%s", root, hash_name(), file ? "/" : "", file ? file : "");
	return name;
}

enum secbake_status open_at(struct sb_store *store, const char *path, size_t existing,
			    struct secbake_error *error)
{
	struct sb_trust trust = sb_trust_self();
	struct secbake_features f = features();
	struct sb_store_place place = {.root = {.path = path, .anchor = SB_ANCHOR_NAMED},
				       .existing = existing};

	return sb_store_open(store, &trust, &place, &f, error);
}

void open_ok(struct sb_store *store, const char *path)
{
	struct secbake_error error = {0};

	if (open_at(store, path, 0, &error))
		fail_msg("%s", error.text);
}

void put_ok(const struct sb_store *store, const char *name, const char *text)
{
	struct secbake_error error = {0};

	if (sb_store_put(store, name, text, strlen(text), &error))
		fail_msg("%s", error.text);
}
