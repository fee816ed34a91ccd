/* SPDX-License-Identifier: MIT */
/* Numbers into names, as far as they have any. */
#include "diff.h"

#include <stdlib.h>
#include <string.h>

#include <secbake/inspect.h>

const struct secbake_arch *cli_diff_abi(uint32_t audit_arch, uint32_t nr)
{
	const struct secbake_arch *arch = secbake_arch_by_audit(audit_arch);

	if (arch && !strcmp(arch->name, "x86_64") && (nr & SECBAKE_X32_BIT))
		return secbake_arch_find("x32");
	return arch;
}

static int by_number(const void *a, const void *b)
{
	const struct cli_diff_call *x = a, *y = b;

	return x->nr < y->nr ? -1 : x->nr > y->nr;
}

static bool contains(const struct secbake_diff_group *group, uint32_t nr)
{
	for (uint32_t i = 0; i < group->range_count; i++)
		if (group->range[i].first <= nr && nr <= group->range[i].last)
			return true;
	return false;
}

static bool add_abi(const struct secbake_diff_group *group, const struct secbake_arch *abi,
		    struct cli_diff_calls *calls)
{
	const char *name;

	for (size_t i = 0; (name = secbake_syscall_at(i)); i++) {
		struct cli_diff_call *grown;
		uint32_t nr;

		if (!secbake_syscall_number(abi, name, &nr) || !contains(group, nr))
			continue;
		grown = reallocarray(calls->call, calls->count + 1, sizeof(*grown));
		if (!grown)
			return false;
		calls->call = grown;
		calls->call[calls->count++] = (struct cli_diff_call){abi, name, nr};
	}
	return true;
}

static bool add_rest(struct cli_diff_calls *calls, uint32_t first, uint32_t last)
{
	struct secbake_diff_range *grown =
		reallocarray(calls->rest, calls->rest_count + 1, sizeof(*grown));

	if (!grown)
		return false;
	calls->rest = grown;
	calls->rest[calls->rest_count++] = (struct secbake_diff_range){first, last};
	return true;
}

static bool find_rest(const struct secbake_diff_group *group, struct cli_diff_calls *calls)
{
	size_t next = 0;

	for (uint32_t i = 0; i < group->range_count; i++) {
		uint64_t at = group->range[i].first;

		while (next < calls->count && calls->call[next].nr <= group->range[i].last) {
			if (calls->call[next].nr > at &&
			    !add_rest(calls, (uint32_t)at, calls->call[next].nr - 1))
				return false;
			at = (uint64_t)calls->call[next++].nr + 1;
		}
		if (at <= group->range[i].last &&
		    !add_rest(calls, (uint32_t)at, group->range[i].last))
			return false;
	}
	return true;
}

bool cli_diff_calls(const struct secbake_diff_group *group, struct cli_diff_calls *calls)
{
	const struct secbake_arch *arch = cli_diff_abi(group->audit_arch, 0);
	const struct secbake_arch *x32 = cli_diff_abi(group->audit_arch, SECBAKE_X32_BIT);

	*calls = (struct cli_diff_calls){0};
	if (arch && !group->others &&
	    (!add_abi(group, arch, calls) || (x32 != arch && !add_abi(group, x32, calls))))
		return false;
	if (calls->count)
		qsort(calls->call, calls->count, sizeof(*calls->call), by_number);
	return find_rest(group, calls);
}

void cli_diff_calls_free(struct cli_diff_calls *calls)
{
	free(calls->call);
	free(calls->rest);
}
