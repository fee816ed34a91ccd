/* SPDX-License-Identifier: MIT */
/*
 * From a policy's text to filters: secbake as a process, libseccomp inside one, and
 * snap-seccomp with its default template as a process. In turn, on one processor.
 */
#include "bench.h"

#include <stdio.h>
#include <sys/resource.h>

#define ROUNDS 41u
#define LEVEL 2u

enum { OURS, OTHER, SNAP, KINDS };

/* Time of one process; also the peak memory of all so far, in KiB. */
static uint64_t process(char *const *argv, long *memory)
{
	uint64_t ns;
	char *const *const all[] = {argv};
	struct rusage usage;

	bench_processes(all, 1, 1, &ns);
	if (!getrusage(RUSAGE_CHILDREN, &usage) && usage.ru_maxrss > *memory)
		*memory = usage.ru_maxrss;
	return ns;
}

static void row(const char *what, uint64_t ns, uint64_t ours)
{
	printf("| %-61s | %6.2f | %12.2f |\n", what, (double)ns / 1e6, (double)ns / (double)ours);
}

int bench_whole(int argc, char **argv)
{
	char *path = argv[2], *output = argv[1];
	char *ours[] = {argv[0],
			(char *)"compile",
			(char *)"--enosys",
			(char *)"none",
			(char *)"-o",
			output,
			path,
			NULL};
	char *snap[] = {argc > 4 ? argv[3] : NULL, (char *)"compile", argc > 4 ? argv[4] : NULL,
			output, NULL};
	static uint64_t sample[KINDS][ROUNDS];
	uint32_t length = bench_other_profile_length(path, LEVEL);
	uint64_t median[KINDS];
	long memory = 0, unused = 0;

	if (!length)
		bench_die("libseccomp takes no filter from %s", path);
	process(ours, &memory); /* before any other child: the peak is of all so far */
	for (unsigned int i = 0; i < ROUNDS; i++) {
		sample[OURS][i] = process(ours, &unused);
		sample[OTHER][i] = bench_other_profile_time(path, LEVEL);
		if (snap[0])
			sample[SNAP][i] = process(snap, &unused);
	}
	for (int i = 0; i < KINDS; i++)
		median[i] = bench_median(sample[i], ROUNDS);
	printf("| from a profile's text to filters                              | ms     | of secbake's |\n"
	       "|---------------------------------------------------------------|--------|--------------|\n");
	row("secbake compile, all variants proved and stored, a process", median[OURS],
	    median[OURS]);
	row("libseccomp, level 2: read, built, loaded, inside a process", median[OTHER],
	    median[OURS]);
	if (snap[0])
		row("snap-seccomp compile, its default template, a process", median[SNAP],
		    median[OURS]);
	printf("\nsecbake takes %.2f of libseccomp's time (a filter of %u instructions), and %.1f MiB "
	       "at most.\n",
	       (double)median[OURS] / (double)median[OTHER], length, (double)memory / 1024);
	return 0;
}
