/* SPDX-License-Identifier: MIT */
/*
 * From a policy's text to filters: secbake as a process, libseccomp inside one, and
 * snap-seccomp with its default template as a process. In turn, on one processor.
 */
#include "bench.h"

#include <stdio.h>

#define ROUNDS 41u
#define LEVEL 2u

enum { OURS, OTHER, SNAP, KINDS };

static uint64_t sample[KINDS][2][ROUNDS]; /* on the clock; of the processor */

static void note(int kind, unsigned int round, struct bench_took took)
{
	sample[kind][0][round] = took.ns;
	sample[kind][1][round] = took.processor_ns;
}

static void row(const char *what, const uint64_t *median, const uint64_t *ours)
{
	printf("| %-60s | %7.2f | %13.2f | %12.2f |\n", what, (double)median[0] / 1e6,
	       (double)median[1] / 1e6, (double)median[0] / (double)ours[0]);
}

static void print(uint64_t median[KINDS][2], bool snap)
{
	printf("| from a profile's text to filters                             | ms      "
	       "| processor, ms | of secbake's |\n"
	       "|--------------------------------------------------------------|---------"
	       "|---------------|--------------|\n");
	row("secbake compile, all variants, proved and stored, a process", median[OURS],
	    median[OURS]);
	row("libseccomp, level 2: read, built, loaded, inside a process", median[OTHER],
	    median[OURS]);
	if (snap)
		row("snap-seccomp compile, its default template, a process", median[SNAP],
		    median[OURS]);
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
	uint32_t length = bench_other_profile_length(path, LEVEL);
	uint64_t median[KINDS][2];
	long memory;

	if (!length)
		bench_die("libseccomp takes no filter from %s", path);
	bench_process(ours, &memory); /* warm */
	for (unsigned int i = 0; i < ROUNDS; i++) {
		note(OURS, i, bench_process(ours, &memory));
		note(OTHER, i, bench_other_profile_time(path, LEVEL));
		if (snap[0])
			note(SNAP, i, bench_process(snap, NULL));
	}
	for (int kind = 0; kind < KINDS; kind++)
		for (int i = 0; i < 2; i++)
			median[kind][i] = bench_median(sample[kind][i], ROUNDS);
	print(median, snap[0] != NULL);
	printf("\nsecbake takes %.2f of libseccomp's time (for a filter of %u instructions), %.2f of its\n"
	       "processor's, and %.1f MiB at most.\n",
	       (double)median[OURS][0] / (double)median[OTHER][0], length,
	       (double)median[OURS][1] / (double)median[OTHER][1], (double)memory / 1024);
	return 0;
}
