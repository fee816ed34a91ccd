/* SPDX-License-Identifier: MIT */
/* How far a long run has got: one line on a terminal, rewritten. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

struct cli_progress {
	struct timespec start, shown;
	bool started, visible;
};

/* Is standard error a terminal that can rewrite a line? */
bool cli_progress_wanted(void);

/* Count, rate and time left, at most ten times a second. */
void cli_progress_show(struct cli_progress *progress, size_t done, size_t total);

/* Before anything else is printed, and at the end. */
void cli_progress_clear(struct cli_progress *progress);

#endif
