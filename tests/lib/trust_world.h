/* SPDX-License-Identifier: MIT */
/* A tree for each test of trust: top/a/b/file; descriptors that are closed behind it. */
#ifndef TEST_TRUST_WORLD_H
#define TEST_TRUST_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <limits.h>

#include "cache/blob_write.h"
#include "cache/hash.h"
#include "cache/lookup.h"

#define COUNT(array) ((uint32_t)(sizeof(array) / sizeof((array)[0])))

extern char top[PATH_MAX];
extern uint8_t *made[8];
extern uint32_t made_count;

const char *in_top(const char *name);

/* For a path that a lookup keeps: number of its place, 0 to 2. */
const char *keep(unsigned int place, const char *name);
void put_file(const char *name, const char *text);
int set_up(void **state);
int tear_down(void **state);
unsigned int open_descriptors(void);

struct sb_lookup here(const char **caches, size_t cache_count, const char **policies,
		      size_t policy_count);

#endif
