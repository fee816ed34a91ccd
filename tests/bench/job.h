/* SPDX-License-Identifier: MIT */
/* One policy that is measured. */
#ifndef BENCH_JOB_H
#define BENCH_JOB_H

#include <secbake/compile.h>
#include <secbake/inspect.h>

#include "bench.h"

#define BENCH_NUMBERS 470u /* of each table that the kernel walks */

enum { OURS, LEVEL_1, LEVEL_2, KINDS };

struct job {
	const char *secbake; /* the command */
	const char *output;  /* a file that it may write */
	const char *path, *label;
	char *text;
	struct secbake_compile_options options;
	struct secbake_compiled *compiled;
	struct sb_arena *arena;
	struct sb_resolved resolved;
	struct bench_filter filter[KINDS];
	struct secbake_cost cost[KINDS];
	uint64_t attach[KINDS], compile[KINDS];
};

/* Reads path into text, and sets options for it. */
void bench_job_read(struct job *job);

/* Ours, and the resolved rules for the others. False: it does not compile. */
bool bench_job_prepare(struct job *job, struct secbake_error *error);
void bench_job_free(struct job *job);

/* least.c: both efforts of all policies, beside the bounds; prints a table. */
int bench_least(char **paths, int count, const struct secbake_features *features);

#endif
