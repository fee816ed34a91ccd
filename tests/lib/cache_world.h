/* SPDX-License-Identifier: MIT */
/*
 * A directory for each test, with policies in "p" and a cache in "c", refreshes of
 * it for Linux 6.1 on x86_64, and what is heard of them.
 */
#ifndef TEST_CACHE_WORLD_H
#define TEST_CACHE_WORLD_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <secbake/cache.h>

#define POLICY(call)                                                                         \
	"{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"architectures\": [\"SCMP_ARCH_X86_64\"]," \
	" \"syscalls\": [{\"names\": [\"" call "\"], \"action\": \"SCMP_ACT_ALLOW\"}]}"
#define BROKEN_POLICY "this is no JSON"

extern char top[256];
extern int top_fd;
extern char policies[300], cache[300];
extern const char *const policy_dirs[1], *const cache_dirs[1];

struct file {
	uint64_t bytes[16384]; /* aligned as a blob must be */
	size_t size;
	ino_t inode;
};

struct heard {
	struct secbake_refresh_reporter base; /* first */
	size_t events, bases, warnings, errors, last_total;
	char names[1024]; /* "NAME=outcome " each, in order */
	char root[PATH_MAX];
	struct secbake_error failure, warning; /* the last */
};

int set_up(void **state);
int tear_down(void **state);
void put_bytes(const char *name, const void *bytes, size_t size);
void put_text(const char *name, const char *text);
struct file read_file(const char *name);
void assert_same_file(const struct file *a, const struct file *b);
bool exists(const char *name);
int count_names(const char *name);
struct secbake_features kernel(unsigned int major, unsigned int minor);
const char *hash_name(const struct secbake_features *features);
const char *cached(const char *root, const char *file);
struct secbake_refresh_options options_for(struct heard *heard);
struct secbake_refresh_summary refresh(const struct secbake_refresh_options *options);
struct heard expect(const char *names, enum secbake_status worst);
void assert_opens(const char *name, const char *policy);

#endif
