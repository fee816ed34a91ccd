/* SPDX-License-Identifier: MIT */
/* See cache_world.h. */
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
#include <unistd.h>

#include <secbake/cache.h>

#include "tests/lib/cache_world.h"
#include "tests/lib/support.h"

/* ---- a directory for each test: policies in "p", a cache in "c" ---- */

char top[256];
int top_fd = -1;
char policies[300], cache[300];
const char *const policy_dirs[] = {policies};
const char *const cache_dirs[] = {cache};

int set_up(void **state)
{

	(void)state;
	if (!test_make_top(top, sizeof(top), "secbake-refresh"))
		return -1;
	top_fd = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	snprintf(policies, sizeof(policies), "%s/p", top);
	snprintf(cache, sizeof(cache), "%s/c", top);
	return top_fd < 0 || mkdirat(top_fd, "p", 0755) ? -1 : 0;
}

int tear_down(void **state)
{
	(void)state;
	close(top_fd);
	return test_remove_tree(top);
}

void put_bytes(const char *name, const void *bytes, size_t size)
{
	int fd = openat(top_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0)
		fail_msg("%s: %s", name, strerror(errno));
	assert_int_equal(write(fd, bytes, size), (ssize_t)size);
	assert_int_equal(fchmod(fd, 0644), 0);
	close(fd);
}

void put_text(const char *name, const char *text)
{
	put_bytes(name, text, strlen(text));
}

struct file read_file(const char *name)
{
	struct file file = {0};
	int fd = openat(top_fd, name, O_RDONLY | O_CLOEXEC);
	ssize_t got;
	struct stat st;

	if (fd < 0)
		fail_msg("%s: %s", name, strerror(errno));
	assert_int_equal(fstat(fd, &st), 0);
	got = read(fd, file.bytes, sizeof(file.bytes));
	assert_true(got >= 0 && (size_t)got < sizeof(file.bytes));
	file.size = (size_t)got;
	file.inode = st.st_ino;
	close(fd);
	return file;
}

void assert_same_file(const struct file *a, const struct file *b)
{
	assert_int_equal(a->inode, b->inode);
	assert_int_equal(a->size, b->size);
	assert_memory_equal(a->bytes, b->bytes, a->size);
}

bool exists(const char *name)
{
	return !faccessat(top_fd, name, F_OK, AT_SYMLINK_NOFOLLOW);
}

int count_names(const char *name)
{
	int fd = openat(top_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC), count = 0;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	assert_non_null(dir);
	while ((entry = readdir(dir)))
		count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
	closedir(dir);
	return count;
}

struct secbake_features kernel(unsigned int major, unsigned int minor)
{
	struct secbake_features features;

	assert_int_equal(secbake_features_of_kernel(secbake_arch_find("x86_64"),
						    SECBAKE_KERNEL(major, minor), &features, NULL),
			 SECBAKE_OK);
	return features;
}

const char *hash_name(const struct secbake_features *features)
{
	static char text[SECBAKE_HASH_TEXT];
	struct secbake_hash hash;

	secbake_features_hash(features, &hash);
	secbake_hash_format(&hash, text);
	return text;
}

/* "ROOT/HASH/FILE" for kernel 6.1; with file NULL the directory. */
const char *cached(const char *root, const char *file)
{
	static char names[4][PATH_MAX];
	static unsigned int next;
	char *name = names[next++ % 4];
	struct secbake_features features = kernel(6, 1);

	snprintf(name, PATH_MAX, "%s/%s%s%s", root, hash_name(&features), file ? "/" : "",
		 file ? file : "");
	return name;
}

/* ---- refreshing, and what is heard of it ---- */

static void hear_policy(struct secbake_refresh_reporter *self,
			const struct secbake_refresh_event *event)
{
	struct heard *heard = (struct heard *)self;
	size_t used = strlen(heard->names);

	heard->events++;
	heard->last_total = event->total;
	assert_int_equal(event->done, heard->events);
	heard->bases += event->outcome == SECBAKE_BASE;
	assert_int_equal(event->outcome == SECBAKE_FAILED, event->error != NULL);
	assert_int_equal(event->outcome == SECBAKE_FAILED || event->outcome == SECBAKE_BASE,
			 event->root == NULL);
	snprintf(heard->names + used, sizeof(heard->names) - used, "%s=%s ", event->name,
		 event->outcome == SECBAKE_REUSED      ? "reused"
		 : event->outcome == SECBAKE_COMPILED  ? "compiled"
		 : event->outcome == SECBAKE_COPIED    ? "copied"
		 : event->outcome == SECBAKE_RESTAMPED ? "restamped"
		 : event->outcome == SECBAKE_BASE      ? "base"
						       : "failed");
	if (event->error)
		heard->failure = *event->error;
	if (event->root)
		snprintf(heard->root, sizeof(heard->root), "%s", event->root);
}

static void hear_message(struct secbake_refresh_reporter *self, enum secbake_level level,
			 const char *name, const struct secbake_error *message)
{
	struct heard *heard = (struct heard *)self;

	if (name) /* of a compile */
		return;
	heard->warnings += level == SECBAKE_WARNING;
	heard->errors += level == SECBAKE_ERROR;
	heard->warning = *message;
}

struct secbake_refresh_options options_for(struct heard *heard)
{
	*heard = (struct heard){.base = {.policy = hear_policy, .message = hear_message}};
	return (struct secbake_refresh_options){
		.features = kernel(6, 1),
		.places = {.cache_dir = cache_dirs,
			   .cache_count = 1,
			   .policy_dir = policy_dirs,
			   .policy_count = 1},
		.reporter = &heard->base,
	};
}

struct secbake_refresh_summary refresh(const struct secbake_refresh_options *options)
{
	struct secbake_refresh_summary summary = {0};
	struct secbake_error error = {0};

	if (secbake_refresh(options, &summary, &error))
		fail_msg("%s", error.text);
	assert_int_equal(summary.policies, summary.reused + summary.copied + summary.restamped +
						   summary.compiled + summary.failed);
	return summary;
}

/* Everything there is, in the usual places: outcomes must be these. */
struct heard expect(const char *names, enum secbake_status worst)
{
	struct heard heard;
	struct secbake_refresh_options options = options_for(&heard);
	struct secbake_refresh_summary summary = refresh(&options);

	if (heard.failure.text[0] && !strstr(names, "failed"))
		fail_msg("%s", heard.failure.text);
	assert_string_equal(heard.names, names);
	assert_int_equal(summary.worst, worst);
	assert_int_equal(summary.policies + heard.bases, heard.events);
	return heard;
}

void assert_opens(const char *name, const char *policy)
{
	struct file file = read_file(name);
	struct secbake_error error = {0};
	struct secbake_blob blob;

	if (secbake_blob_open((const uint8_t *)file.bytes, file.size, &blob, &error))
		fail_msg("%s: %s", name, error.text);
	assert_string_equal(secbake_blob_header(&blob).name, policy);
}
