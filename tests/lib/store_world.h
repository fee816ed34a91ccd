/* SPDX-License-Identifier: MIT */
/*
 * A directory for each test of what is written: files put there and looked at, and a
 * store of one feature set in it.
 */
#ifndef TEST_STORE_WORLD_H
#define TEST_STORE_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <sys/stat.h>

#include "cache/stage.h"
#include "cache/store.h"

#define NOBODY 65534
#define CHILD_SKIPPED 77 /* of in_child(): the child may not do what it needs */

/* The directory. */
extern char top[256];
extern int top_fd;

int set_up(void **state);
int tear_down(void **state);

/* Inside the directory; the result lives until the fourth call after it. */
const char *in_top(const char *name);
void put_text(const char *name, const char *text, mode_t mode);
void assert_text(const char *name, const char *text);
mode_t mode_of(const char *name);

/* Names in a directory, "." and ".." aside; temps: only those that are temporary. */
int count_names(const char *name, bool temps);

/* Runs body in a child, where limits and users may be changed; 0 is its success. */
int in_child(int (*body)(void));

/* Of the store: Linux 6.1 on x86_64. */
struct secbake_features features(void);

/* "ROOT/HASH" or "ROOT/HASH/FILE", relative to the test's directory. */
const char *set_name(const char *root, const char *file);

/* existing: bytes of path that must be there already. */
enum secbake_status open_at(struct sb_store *store, const char *path, size_t existing,
			    struct secbake_error *error);
void open_ok(struct sb_store *store, const char *path);
void put_ok(const struct sb_store *store, const char *name, const char *text);

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
