/* SPDX-License-Identifier: MIT */
/* What `secbake diff` prints. */
#ifndef CLI_DIFF_H
#define CLI_DIFF_H

#include <secbake/diff.h>

#include "cli.h"

/* diff_text.c; label: what the sides are called. */
void cli_diff_text(const struct secbake_diff *diff, const char *const label[2]);
/* diff_json.c: one object. */
void cli_diff_json(const struct secbake_diff *diff, const char *const label[2]);

/* "only-a-allows", "only-b-allows" or "differs"; ALLOW and LOG let the call through. */
const char *cli_diff_kind(const struct secbake_diff_case *found);

/* The ABI by which to call a number: x32 has the architecture of x86_64. NULL: not known. */
const struct secbake_arch *cli_diff_abi(uint32_t audit_arch, uint32_t nr);

/* diff_names.c: the numbers of a group that have names, in order, and the rest. */
struct cli_diff_call {
	const struct secbake_arch *abi;
	const char *name;
	uint32_t nr;
};
struct cli_diff_calls {
	struct cli_diff_call *call;
	size_t count;
	struct secbake_diff_range *rest; /* numbers without a name */
	size_t rest_count;
};
/* False: out of memory. cli_diff_calls_free() in either case. */
bool cli_diff_calls(const struct secbake_diff_group *group, struct cli_diff_calls *calls);
void cli_diff_calls_free(struct cli_diff_calls *calls);

/*
 * The condition of a case in text, into a FILE: "always", or clauses joined by "or". first:
 * the call of the group by whose arguments constants are named, or NULL.
 */
void cli_diff_when(FILE *out, const struct secbake_diff_case *found,
		   const struct cli_diff_call *first);

/*
 * diff_constants.c: a value of an argument as constants of the call's ABI, "TIOCSTI" or
 * "A|B", into text; false: it has no name that one could be sure of.
 */
bool cli_diff_constant(const struct cli_diff_call *call, uint32_t arg, uint64_t mask,
		       uint64_t value, char *text, size_t size);

#endif
