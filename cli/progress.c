/* SPDX-License-Identifier: MIT */
/* See progress.h. */
#include "progress.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIRST_SECONDS 0.5 /* what is done by then needs no line */
#define EACH_SECONDS 0.1
#define CLEAR "\r\033[K"

static volatile sig_atomic_t on_terminal; /* the line is there */

bool cli_progress_wanted(void)
{
	const char *term = getenv("TERM");

	return isatty(STDERR_FILENO) && term && strcmp(term, "dumb") != 0;
}

static double seconds(const struct timespec *from, const struct timespec *to)
{
	return (double)(to->tv_sec - from->tv_sec) + (double)(to->tv_nsec - from->tv_nsec) / 1e9;
}

/* Who is interrupted leaves no half of a line behind, and dies of the signal as without this. */
static void interrupted(int number)
{
	/* If it fails there is nobody to tell. */
	if (on_terminal && write(STDERR_FILENO, CLEAR, sizeof(CLEAR) - 1) < 0)
		on_terminal = 0;
	raise(number);
}

static void watch_signals(void)
{
	static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
	const struct sigaction action = {.sa_handler = interrupted,
					 .sa_flags = (int)SA_RESETHAND | SA_NODEFER | SA_RESTART};
	struct sigaction was;

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (!sigaction(numbers[i], NULL, &was) && was.sa_handler == SIG_DFL)
			sigaction(numbers[i], &action, NULL);
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
	/* What was cleared for something else to be printed comes back at once. */
	if (passed < FIRST_SECONDS || !done ||
	    (progress->visible && seconds(&progress->shown, &now) < EACH_SECONDS))
		return;
	if (!progress->shown.tv_sec)
		watch_signals();
	progress->shown = now;
	progress->visible = true;
	on_terminal = 1;
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
	fputs(CLEAR, stderr);
	fflush(stderr);
	progress->visible = false;
	on_terminal = 0;
}
