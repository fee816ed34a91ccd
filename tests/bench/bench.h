/* SPDX-License-Identifier: MIT */
/*
 * The benchmark's parts. It measures, it does not test: no figure fails it.
 * Anything that another generator may do wrong happens in forked children with
 * a limit on their time.
 */
#ifndef BENCH_H
#define BENCH_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <compiler/resolved.h>
#include <secbake/blob.h>

/* Says why on stderr and ends the program. */
_Noreturn void bench_die(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* CLOCK_MONOTONIC, in nanoseconds. */
uint64_t bench_now(void);

/* Sorts and returns the one in the middle; count: at least 1. */
uint64_t bench_median(uint64_t *value, size_t count);

/* measure.c: what a filter costs. */

struct bench_filter {
	uint32_t count; /* 0: there is none */
	struct sock_filter insn[SECBAKE_PROGRAM_MAX];
};

/*
 * Times seccomp(2) for filters in turn, each in a child of its own, rounds
 * times. ns[i] receives the median for filter[i]; 0 where it has none.
 */
void bench_attach(const struct bench_filter *const *filter, size_t count, unsigned int rounds,
		  uint64_t *ns);

/*
 * Times whole processes in turn, from posix_spawn() to their end, rounds times.
 * Each must end with status 0. ns[i] receives the median for argv[i].
 */
void bench_processes(char *const *const *argv, size_t count, unsigned int rounds, uint64_t *ns);

/* What something took: on the clock, and of a processor alone, which other load changes less. */
struct bench_took {
	uint64_t ns, processor_ns;
};

/* The time of one process, and its peak memory in KiB (memory may be NULL). */
struct bench_took bench_process(char *const *argv, long *memory);

/* fit.c: prints what the generator's cost model (compiler/cost.h) takes from the kernel. */
int bench_fit(void);

/*
 * whole.c: prints what the way from a profile's text to a filter takes. Arguments:
 * SECBAKE OUTPUT POLICY [SNAP-SECCOMP TEMPLATE].
 */
int bench_whole(int argc, char **argv);

/* bound.c: how far a program is from the least. */

struct bench_bound {
	uint32_t trees;	    /* tests of numbers: each architecture's own, x32 with x86_64's */
	uint32_t constants; /* the same, one test serving all architectures */
};

/* False: out of memory. */
bool bench_bound(const struct sb_layer *layer, struct bench_bound *bound);

/* How many tests of numbers one of our programs has. */
uint32_t bench_number_tests(const struct bench_filter *filter);

/* other.c: the same rules through libseccomp. */

/*
 * Builds the filter in a child of at most 20 seconds. level: libseccomp's
 * optimise level, 1 or 2. False: it took longer, or refused.
 */
bool bench_other_build(const struct sb_layer *layer, unsigned int level,
		       struct bench_filter *filter);

/* The median time of building and loading it, over rounds children. 0: failed. */
uint64_t bench_other_time(const struct sb_layer *layer, unsigned int level, unsigned int rounds);

/*
 * The same from an OCI profile's file, as a container runtime does it (runtime.c): the
 * length of the filter (0: failed), and the time to read, build and load it.
 */
uint32_t bench_other_profile_length(const char *path, unsigned int level);
struct bench_took bench_other_profile_time(const char *path, unsigned int level);

/* start.c: the loader beside the floor and libseccomp; argv: as usage has it. */
int bench_start(char **argv, const struct sb_layer *layer);

/* Its system calls and memory. */
int bench_calls(char **argv);

#endif
