/* SPDX-License-Identifier: MIT */
/* A tree for each test of trust. */
#include "trust_world.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support.h"

char top[PATH_MAX];
uint8_t *made[8];
uint32_t made_count;
static char kept[3][PATH_MAX + 256];

const char *in_top(const char *name)
{
	static char paths[8][PATH_MAX + 256];
	static unsigned int next;
	char *path = paths[next++ % 8];

	snprintf(path, sizeof(paths[0]), "%s/%s", top, name);
	return path;
}

const char *keep(unsigned int place, const char *name)
{
	snprintf(kept[place], sizeof(kept[0]), "%s/%s", top, name);
	return kept[place];
}

void put_file(const char *name, const char *text)
{
	int fd = open(in_top(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

int set_up(void **state)
{
	char path[PATH_MAX];

	(void)state;
	umask(022);
	if (!test_make_top(path, sizeof(path), "secbake-trust") || !realpath(path, top) ||
	    chmod(top, 0755))
		return -1;
	if (mkdir(in_top("a"), 0755) || mkdir(in_top("a/b"), 0755))
		return -1;
	put_file("a/b/file", "content");
	return 0;
}

int tear_down(void **state)
{
	(void)state;
	while (made_count)
		free(made[--made_count]);
	return test_remove_tree(top);
}

unsigned int open_descriptors(void)
{
	unsigned int count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

struct sb_lookup here(const char **caches, size_t cache_count, const char **policies,
		      size_t policy_count)
{
	struct sb_lookup_options options = {.privileged = getuid() == 0,
					    .cache_dir = caches,
					    .cache_count = cache_count,
					    .policy_dir = policies,
					    .policy_count = policy_count};
	struct sb_lookup lookup;

	assert_int_equal(sb_lookup_init(&lookup, &options, NULL), SECBAKE_OK);
	return lookup;
}
