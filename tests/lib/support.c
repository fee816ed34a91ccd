/* SPDX-License-Identifier: MIT */
/* Small things that all test programs need; see support.h. */
#include "support.h"

#include <errno.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <secbake/inspect.h>

void test_die(const char *format, ...)
{
	va_list args;

	fflush(stdout);
	fputs("FAILED: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

void test_skip(const char *format, ...)
{
	va_list args;

	fputs("SKIPPED: ", stdout);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	exit(TEST_SKIP);
}

void *test_alloc(size_t count, size_t size)
{
	void *memory = calloc(count ? count : 1, size);

	if (!memory)
		test_die("out of memory");
	return memory;
}

char *test_sprintf(const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		test_die("out of memory");
	va_end(args);
	return text;
}

char *test_read_file(const char *path, size_t *size)
{
	FILE *file = fopen(path, "re");
	char *text = NULL;
	size_t capacity = 0;

	if (!file)
		test_die("%s: %s", path, strerror(errno));
	*size = 0;
	do {
		if (*size + 1 >= capacity) {
			capacity = capacity ? capacity * 2 : 1 << 16;
			text = realloc(text, capacity);
			if (!text)
				test_die("out of memory");
		}
		*size += fread(text + *size, 1, capacity - *size - 1, file);
	} while (!feof(file) && !ferror(file));
	if (ferror(file))
		test_die("%s: cannot be read", path);
	fclose(file);
	text[*size] = '\0';
	return text;
}

uint64_t test_env(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);
	char *end;
	uint64_t value;

	if (!text || !*text)
		return otherwise;
	value = strtoull(text, &end, 0);
	if (*end)
		test_die("%s=%s is no number", name, text);
	return value;
}

uint64_t test_seed(void)
{
	struct timespec now;
	uint64_t seed;

	clock_gettime(CLOCK_REALTIME, &now);
	seed = test_env("SECBAKE_SEED", (uint64_t)now.tv_nsec);
	printf("SECBAKE_SEED=%llu\n", (unsigned long long)seed);
	fflush(stdout);
	return seed;
}

bool test_make_top(char *path, size_t size, const char *name)
{
	const char *base = getenv("TMPDIR");
	int length = snprintf(path, size, "%s/%s-XXXXXX", base && *base ? base : "/tmp", name);

	return length > 0 && (size_t)length < size && mkdtemp(path);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)ftw;
	return type == FTW_DP || type == FTW_DNR ? rmdir(path) : unlink(path);
}

int test_remove_tree(const char *path)
{
	return nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

uint64_t test_random(struct test_random *random)
{
	uint64_t z = random->state += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

uint32_t test_random_below(struct test_random *random, uint32_t count)
{
	return (uint32_t)((test_random(random) >> 32) * count >> 32);
}

const char *test_call_text(const struct seccomp_data *data)
{
	static char text[256];
	const struct secbake_arch *arch = secbake_arch_by_audit(data->arch);
	const char *name = arch ? secbake_syscall_name(arch, (uint32_t)data->nr) : NULL;

	snprintf(text, sizeof(text),
		 "%s(0x%x) %s(0x%x) 0x%llx,0x%llx,0x%llx,0x%llx,0x%llx,0x%llx ip 0x%llx",
		 arch ? arch->name : "?", data->arch, name ? name : "?", (uint32_t)data->nr,
		 data->args[0], data->args[1], data->args[2], data->args[3], data->args[4],
		 data->args[5], data->instruction_pointer);
	return text;
}

const char *test_verdict_text(uint32_t verdict)
{
	static char text[4][SECBAKE_VERDICT_TEXT];
	static unsigned int next;
	char *into = text[next++ % 4];

	secbake_verdict_format(verdict, into);
	return into;
}
