/* SPDX-License-Identifier: MIT */
/* Calls by name: their numbers, arguments and verdicts. */
#include "check.h"

#include <compiler/constants.h>
#include <string.h>

bool sb_verdict_runs(uint32_t verdict)
{
	uint32_t action = verdict & SECCOMP_RET_ACTION_FULL;

	return action == SECCOMP_RET_ALLOW || action == SECCOMP_RET_LOG;
}

bool sb_verdict_refuses(uint32_t verdict)
{
	uint32_t action = verdict & SECCOMP_RET_ACTION_FULL;

	return action == SECCOMP_RET_ERRNO || action == SECCOMP_RET_TRAP ||
	       action == SECCOMP_RET_KILL_THREAD || action == SECCOMP_RET_KILL_PROCESS;
}

bool sb_call(const struct sb_checker *c, const struct secbake_arch *arch, const char *name,
	     uint32_t *nr, uint32_t *verdicts)
{
	if (!sb_syscall_number(arch, name, nr))
		return false;
	*verdicts = sb_ask_call(&c->ask, arch->audit_arch, *nr);
	return true;
}

uint32_t sb_call_runs(struct sb_checker *c, const struct secbake_arch *arch, const char *name)
{
	uint32_t nr, verdicts;

	if (!sb_call(c, arch, name, &nr, &verdicts))
		return SB_DD_FALSE;
	return sb_ask_kind(&c->ask, verdicts, sb_verdict_runs);
}

int sb_call_arg(const struct secbake_arch *arch, const char *name, const char *arg)
{
	struct sb_arg args[6];
	int count = sb_syscall_args(arch, name, args);

	for (int i = 0; i < count; i++)
		if (!strcmp(args[i].name, arg))
			return i;
	return -1;
}

uint64_t sb_value(const struct secbake_arch *arch, const char *name)
{
	uint64_t value = 0;
	bool negative;

	return sb_constant(arch, name, &value, &negative) ? value : 0;
}

const char *sb_verdict_text(struct sb_checker *c, const struct secbake_arch *arch, uint32_t f)
{
	char text[SECBAKE_VERDICT_TEXT];
	uint32_t verdict[2];
	const char *copy;

	if (sb_ask_verdicts(&c->ask, f, verdict, 2) != 1)
		return "several verdicts";
	secbake_verdict_format_on(arch, verdict[0], text);
	copy = sb_sprintf(c->arena, "%s", text);
	c->no_memory |= !copy;
	return copy ? copy : "";
}
