/* SPDX-License-Identifier: MIT */
/* Small things that all test programs need. */
#ifndef TEST_SUPPORT_H
#define TEST_SUPPORT_H

#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <secbake/arch.h>

#define TEST_SKIP 77 /* exit status that ctest takes for "skipped" */

/* Says why on stderr and ends the program: failed, or skipped. */
_Noreturn void test_die(const char *format, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void test_skip(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* malloc and friends that never fail; zeroed. */
void *test_alloc(size_t count, size_t size);
char *test_sprintf(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A whole file, with a NUL behind it; the caller's to free. */
char *test_read_file(const char *path, size_t *size);

/* A number from the environment, or what it is without. */
uint64_t test_env(const char *name, uint64_t otherwise);

/* $SECBAKE_SEED, or the time; prints it, so that the same run can be had again. */
uint64_t test_seed(void);

/* A new directory of this name and some letters in $TMPDIR or /tmp, mode 0700. */
bool test_make_top(char *path, size_t size, const char *name);
/* A directory with all that is in it; 0, or -1 with errno. */
int test_remove_tree(const char *path);

/* splitmix64: the same numbers everywhere for a seed. */
struct test_random {
	uint64_t state;
};
uint64_t test_random(struct test_random *random);
/* 0 .. count - 1 */
uint32_t test_random_below(struct test_random *random, uint32_t count);

/* "x86_64 read(3) 0x1,0x2,... ip 0x0" in static memory, for messages. */
const char *test_call_text(const struct seccomp_data *data);
/* secbake_verdict_format() in static memory; four calls may be alive. */
const char *test_verdict_text(uint32_t verdict);

#endif
