/* SPDX-License-Identifier: MIT */
/* What a group of calls comes to on an architecture. */
#ifndef CLI_GROUP_H
#define CLI_GROUP_H

#include <secbake/inspect.h>

#include "policy.h"

/*
 * A policy that allows just the group, compiled and proved: whatever the program
 * allows is a member. That is what a policy gets that names the group, replaced
 * shipped groups and nested ones included.
 */
struct cli_programs;

struct cli_group {
	struct secbake_compiled *compiled;
	struct cli_programs *programs;
};

/* group: "@name". Shipped groups come from sources. CLI_DONE, or a status after a message. */
enum cli_exit cli_group_open(struct cli_group *group, struct cli_sources *sources,
			     const struct secbake_arch *arch, const char *name);
bool cli_group_has(const struct cli_group *group, const struct secbake_arch *arch, uint32_t nr);
void cli_group_close(struct cli_group *group);

#endif
