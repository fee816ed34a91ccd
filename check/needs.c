/* SPDX-License-Identifier: MIT */
/* Calls that programs do not ask for, and need. Refused by a rule, they are meant to be. */
#include "check.h"

static const struct {
	enum sb_check_code code;
	const char *call[2]; /* one of them will do */
	const char *told;
} needs[] = {
	{SB_CHECK_EXECVE_DENIED, {"execve", "execveat"}, ": the program itself cannot be started"},
	{SB_CHECK_EXIT_DENIED, {"exit_group", NULL}, ": a program that ends crashes instead"},
	{SB_CHECK_EXIT_DENIED, {"exit", NULL}, ": a thread that ends crashes the program"},
	{SB_CHECK_SIGRETURN_DENIED,
	 {"rt_sigreturn", "sigreturn"},
	 ": a program crashes when a signal handler returns"},
	{SB_CHECK_RESTART_SYSCALL_DENIED,
	 {"restart_syscall", NULL},
	 ": nanosleep, poll and futex fail with this when a program was stopped and goes on"},
};

void sb_check_needs(struct sb_checker *c)
{
	for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++) {
		struct sb_tally tally = {.c = c};

		for (uint32_t a = 0; a < c->arch_count; a++) {
			const struct secbake_arch *arch = c->arch[a];
			uint32_t nr, verdicts, verdict;
			struct sb_place place;

			if (!sb_call(c, arch, needs[i].call[0], &nr, &verdicts) ||
			    sb_call_runs(c, arch, needs[i].call[0]) != SB_DD_FALSE ||
			    (needs[i].call[1] &&
			     sb_call_runs(c, arch, needs[i].call[1]) != SB_DD_FALSE) ||
			    sb_ask_verdicts(&c->ask, verdicts, &verdict, 1) != 1 ||
			    !sb_verdict_refuses(verdict))
				continue;
			if (!sb_place_of_set(c, arch, nr, SB_DD_TRUE, &place))
				sb_tally_add(&tally, &place, needs[i].call[0], arch);
		}
		sb_tally_tell(&tally, needs[i].code, "nothing allows ", needs[i].told);
	}
}
