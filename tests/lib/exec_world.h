/* SPDX-License-Identifier: MIT */
/*
 * A world for one test of secbake-exec: c1 and c2 (caches), p (policies) and bin
 * (the loader, and a compiler if the test puts one there) in a directory of its
 * own; blobs made by hand; and the loader run in it. The loader's path comes from
 * SECBAKE_EXEC in the environment, or from SECBAKE_EXEC_PATH at compile time.
 */
#ifndef TEST_EXEC_WORLD_H
#define TEST_EXEC_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <linux/seccomp.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "cache/blob_write.h"
#include "sanitized.h"

#define COUNT(array) ((uint32_t)(sizeof(array) / sizeof((array)[0])))
#define LOAD(offset) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (offset))
#define RET(k) BPF_STMT(BPF_RET | BPF_K, (k))
#define IS(nr, verdict) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (nr), 0, 1), RET(verdict)
#define POLICY "{\"the\": \"policy\"}" /* content of p/test.json */
#define STRANGER 65534

/* Filters that this process is under, by /proc/self/status; 0 where it does not say. */
unsigned int filters_here(void);

extern char top[256]; /* the directory */
extern struct secbake_features features;

/* For each test. */
int set_up(void **state);
int tear_down(void **state);

/* A path in top; sixteen results may be alive. */
const char *in_top(const char *name);
/* "c1/HASH/NAME.sbk"; four results may be alive. */
const char *entry(const char *cache, const char *name);
void put_bytes(const char *name, const void *bytes, size_t size, mode_t mode);
void put_text(const char *name, const char *text, mode_t mode);

struct blob {
	const char *name; /* "test" */
	struct sb_blob_layer_in layer[SECBAKE_LAYERS_MAX];
	uint32_t layer_count;
	uint32_t flags;
	uint32_t lacks; /* filter flags that the kernel of its compile had not */
	bool no_source;
	const char *policy; /* what it was made of; NULL: POLICY */
	const char *listener_path, *listener_metadata;
};

/* "c1/SET/test.sbk" for another feature set, number n; made with its folder. Alive as above. */
const char *other_entry(const char *cache, unsigned int n);
/* A blob of policy "test" that denies getppid. */
struct blob simple(void);
/* Made of p/test.json, with a second mode, complain, that allows everything. */
void put_blob(const char *file, const struct blob *b);
/* simple() in c1 */
void put_simple(void);
/* bin/secbake: a script that writes what it was run with to "note", then runs this. */
void put_compiler(const char *then);

/*
 * A /run of this process's own, from here on, with an empty cache and policy path in
 * /run/secbake; false where that cannot be had.
 */
bool own_run(void);
/* "/run/secbake/cache/HASH" and rest; four results may be alive. */
const char *in_system_cache(const char *rest);
/* b, and its policy, in /run/secbake. */
void put_system(const struct blob *b);
/* A copy of a file, at an absolute path. */
void copy_file(const char *from, const char *to, mode_t mode);

extern char output[8192];		   /* what the last run said, on both descriptors */
extern const char *const *run_environment; /* of runs to come; NULL: the usual one */

#define NEW_PID 1  /* as PID 1 of a namespace */
#define AS_OTHER 2 /* as nobody */

/* Becomes argv in top, with out as standard output and error. */
void become(const char *const *argv, int how, int out);
/* Runs argv and waits; its status, or 1000 and the signal. */
int run_how(const char *const *argv, int how);
void said(const char *what);
void not_said(const char *what);

#define LOADER in_top("bin/secbake-exec")
#define ARGV(...) \
	((const char *const[]){LOADER, "-C", "c1", "-C", "c2", "-P", "p", __VA_ARGS__, NULL})
#define RUN(...) run_how(ARGV(__VA_ARGS__), 0)

#endif
