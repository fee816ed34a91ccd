/* SPDX-License-Identifier: MIT */
/* See progress.h. */
#include "progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIRST_SECONDS 0.5 /* what is done by then needs no line */
#define EACH_SECONDS 0.1

bool cli_progress_wanted(void)
{
	const char *term = getenv("TERM");

	return isatty(STDERR_FILENO) && term && strcmp(term, "dumb") != 0;
}

static double seconds(const struct timespec *from, const struct timespec *to)
{
	return (double)(to->tv_sec - from->tv_sec) + (double)(to->tv_nsec - from->tv_nsec) / 1e9;
}

void cli_progress_show(struct cli_progress *progress, size_t done, size_t total)
{
	struct timespec now;
	double passed, left;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (!progress->started) {
		progress->started = true;
		progress->start = now;
	}
	passed = seconds(&progress->start, &now);
	if (passed < FIRST_SECONDS || seconds(&progress->shown, &now) < EACH_SECONDS || !done)
		return;
	progress->shown = now;
	progress->visible = true;
	left = passed / (double)done * (double)(total - done);
	fflush(stdout); /* what came before stands above */
	fprintf(stderr, "\r%zu of %zu policies, %.0f a second, %.0f:%02.0f left\033[K", done, total,
		(double)done / passed, (double)((long)left / 60), (double)((long)left % 60));
	fflush(stderr);
}

void cli_progress_clear(struct cli_progress *progress)
{
	if (!progress->visible)
		return;
	fputs("\r\033[K", stderr);
	fflush(stderr);
	progress->visible = false;
}
