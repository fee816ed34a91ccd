/* SPDX-License-Identifier: MIT */
/* Timing filters and processes: in turn, so that what else the machine does hits all alike. */
#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

uint64_t bench_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static uint64_t ns_of(const struct timeval *time)
{
	return (uint64_t)time->tv_sec * 1000000000u + (uint64_t)time->tv_usec * 1000u;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

uint64_t bench_median(uint64_t *value, size_t count)
{
	qsort(value, count, sizeof(*value), compare);
	return value[count / 2];
}

/* In the child: the filter may forbid everything, so its time is already out when it ends. */
static _Noreturn void attach(const struct bench_filter *filter, volatile uint64_t *ns)
{
	struct sock_fprog program = {(unsigned short)filter->count,
				     (struct sock_filter *)filter->insn};
	uint64_t start;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		_exit(1);
	start = bench_now();
	if (!syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program))
		*ns = bench_now() - start;
	_exit(0);
}

static uint64_t attach_once(const struct bench_filter *filter, volatile uint64_t *shared)
{
	pid_t child;

	*shared = 0;
	child = fork();
	if (child == 0)
		attach(filter, shared);
	if (child < 0 || waitpid(child, NULL, 0) != child)
		bench_die("a child: %s", strerror(errno));
	if (!*shared)
		bench_die("seccomp(2) refused a filter of %u instructions", filter->count);
	return *shared;
}

void bench_attach(const struct bench_filter *const *filter, size_t count, unsigned int rounds,
		  uint64_t *ns)
{
	uint64_t *sample = calloc(count * rounds, sizeof(*sample));
	uint64_t *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (!sample || shared == MAP_FAILED)
		bench_die("out of memory");
	for (unsigned int round = 0; round < rounds; round++)
		for (size_t i = 0; i < count; i++)
			if (filter[i]->count)
				sample[i * rounds + round] = attach_once(filter[i], shared);
	for (size_t i = 0; i < count; i++)
		ns[i] = bench_median(sample + i * rounds, rounds);
	munmap(shared, sizeof(*shared));
	free(sample);
}

/* What it says is not of interest, only how long it takes. */
struct bench_took bench_process(char *const *argv, long *memory)
{
	posix_spawn_file_actions_t actions;
	struct bench_took took;
	struct rusage usage;
	uint64_t start;
	int status;
	pid_t child;

	if (posix_spawn_file_actions_init(&actions) ||
	    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0))
		bench_die("out of memory");
	start = bench_now();
	if (posix_spawn(&child, argv[0], &actions, NULL, argv, environ))
		bench_die("%s cannot be started", argv[0]);
	if (wait4(child, &status, 0, &usage) != child)
		bench_die("%s: %s", argv[0], strerror(errno));
	took.ns = bench_now() - start;
	if (status)
		bench_die("%s ended with status 0x%x", argv[0], (unsigned int)status);
	took.processor_ns = ns_of(&usage.ru_utime) + ns_of(&usage.ru_stime);
	if (memory)
		*memory = usage.ru_maxrss;
	posix_spawn_file_actions_destroy(&actions);
	return took;
}

static uint64_t process_once(char *const *argv)
{
	return bench_process(argv, NULL).ns;
}

void bench_processes(char *const *const *argv, size_t count, unsigned int rounds, uint64_t *ns)
{
	uint64_t *sample = calloc(count * rounds, sizeof(*sample));

	if (!sample)
		bench_die("out of memory");
	for (size_t i = 0; i < count; i++)
		process_once(argv[i]); /* warm */
	for (unsigned int round = 0; round < rounds; round++)
		for (size_t i = 0; i < count; i++)
			sample[i * rounds + round] = process_once(argv[i]);
	for (size_t i = 0; i < count; i++)
		ns[i] = bench_median(sample + i * rounds, rounds);
	free(sample);
}
