/* SPDX-License-Identifier: MIT */
/* secbake compile -d: many policies for many kernels, into a cache that a build makes. */
#ifndef CLI_TREE_H
#define CLI_TREE_H

#include "policy.h"

#define CLI_KERNELS_MAX 64
#define CLI_TREE_JOBS_MAX 256u

struct cli_tree {
	const struct cli_verb *verb;
	const struct cli_policy *options; /* as the command line has set it, not opened */
	bool sealed, no_complain;
	const char *folder; /* -d */
	const char *features[CLI_KERNELS_MAX], *kernel[CLI_KERNELS_MAX];
	size_t feature_count, kernel_count; /* each 0: none given; at most one above 1 */
	const char *const *policy;
	size_t policy_count;
	unsigned int jobs;
};

/* What was read on the way, each file once; paths for a depfile. */
struct cli_depends {
	char **path;
	size_t count, room;
};

bool cli_depends_add(struct cli_depends *depends, const char *path);
bool cli_depends_add_policy(struct cli_depends *depends, const struct cli_policy *policy);
/*
 * Whether @path may be written: CLI_USAGE, after a message, if it was read. Like a compiler we
 * do not put an output in the place of its source.
 */
enum cli_exit cli_depends_spare(const struct cli_depends *depends, const struct cli_verb *verb,
				const char *path);
/* "TARGET: PATH..." as make and ninja read it. CLI_DONE, or after a message the exit status. */
enum cli_exit cli_depends_write(const struct cli_depends *depends, const char *file,
				const char *target);
void cli_depends_free(struct cli_depends *depends);

/* CLI_USAGE, after a message, if two policies would have one blob. */
enum cli_exit cli_tree_check(const struct cli_tree *tree);
/* All policies for all kernels; the gravest exit status, after messages. */
enum cli_exit cli_tree_compile(const struct cli_tree *tree, struct cli_depends *depends);

#endif
