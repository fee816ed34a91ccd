/* SPDX-License-Identifier: MIT */
/*
 * Calls that are tried first and done without. docs/checks.md has the source for
 * each line; only callers that give up after another error than ENOSYS count.
 */
#include "check.h"

#include <compiler/errnos.h>

static const struct {
	const char *call;
	const char *instead[3]; /* one of them runs, or there is nothing to fall back to */
} fallbacks[] = {
	{"faccessat2", {"faccessat", "access"}},
	{"openat2", {"openat"}},
	{"close_range", {"close"}},
	{"fchmodat2", {"fchmodat", "chmod"}},
	{"statx", {"newfstatat", "fstatat64", "stat64"}},
	{"renameat2", {"renameat", "rename"}},
	{"preadv2", {"preadv"}},
	{"pwritev2", {"pwritev"}},
	{"getrandom", {"openat", "open"}},
	{"clock_gettime64", {"clock_gettime"}},
	{"clock_nanosleep_time64", {"clock_nanosleep"}},
	{"futex_time64", {"futex"}},
	{"ppoll_time64", {"ppoll", "poll"}},
	{"pselect6_time64", {"pselect6", "_newselect"}},
	{"utimensat_time64", {"utimensat"}},
	{"timerfd_settime64", {"timerfd_settime"}},
	{"rt_sigtimedwait_time64", {"rt_sigtimedwait"}},
	{"recvmmsg_time64", {"recvmmsg"}},
};

/* Calls that libc makes for every process or thread, and does without after any error. */
static const char *const tries[] = {"rseq", "set_robust_list"};

static bool refused_otherwise(struct sb_checker *c, const struct secbake_arch *arch, uint32_t f,
			      bool any_errno)
{
	uint32_t enosys = SECCOMP_RET_ERRNO | sb_errno_value(sb_errno_find("ENOSYS"), arch);
	uint32_t verdict[8], count = sb_ask_verdicts(&c->ask, f, verdict, 8);
	bool otherwise = false;

	for (uint32_t i = 0; i < count; i++) {
		if (!sb_verdict_refuses(verdict[i]))
			return false; /* some of them run, or somebody is asked */
		if (any_errno && (verdict[i] & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO)
			continue;
		otherwise |= verdict[i] != enosys;
	}
	return otherwise;
}

static void add(struct sb_checker *c, struct sb_tally *tally, const struct secbake_arch *arch,
		const char *name, bool any_errno)
{
	struct sb_place place;
	uint32_t nr, verdicts;

	if (!sb_call(c, arch, name, &nr, &verdicts) ||
	    !refused_otherwise(c, arch, verdicts, any_errno))
		return;
	sb_place_of_set(c, arch, nr, SB_DD_TRUE, &place);
	sb_tally_add(tally, &place, name, arch);
}

void sb_check_fallbacks(struct sb_checker *c)
{
	struct sb_tally needs = {.c = c}, tried = {.c = c};

	for (uint32_t a = 0; a < c->arch_count; a++) {
		const struct secbake_arch *arch = c->arch[a];

		if (arch->x32)
			continue; /* it has numbers in every policy, and no libc that anybody runs
				   */
		for (size_t i = 0; i < sizeof(fallbacks) / sizeof(fallbacks[0]); i++) {
			bool there = false;

			for (size_t k = 0; k < 3 && fallbacks[i].instead[k]; k++)
				there |= sb_call_runs(c, arch, fallbacks[i].instead[k]) !=
					 SB_DD_FALSE;
			if (there)
				add(c, &needs, arch, fallbacks[i].call, false);
		}
		for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]); i++)
			add(c, &tried, arch, tries[i], true);
	}
	sb_tally_tell(&needs, SB_CHECK_FALLBACK_WITHOUT_ENOSYS, "",
		      " would be done without after ENOSYS, but not after what the policy answers");
	sb_tally_tell(
		&tried, SB_CHECK_FALLBACK_WITHOUT_ENOSYS, "",
		": tried whenever a program or a thread starts, where an error would do no harm, "
		"but the policy ends the program");
}

void sb_check_new_calls(struct sb_checker *c)
{
	const struct secbake_arch *arch = c->arch[0];
	uint32_t nr = sb_syscall_last(arch) + 64, verdict;
	uint32_t f = sb_ask_call(&c->ask, arch->audit_arch, nr);
	struct sb_place place;
	uint32_t code = SB_CHECK_NEW_CALLS_WITHOUT_ENOSYS;

	if (sb_ask_verdicts(&c->ask, f, &verdict, 1) != 1 || !sb_verdict_refuses(verdict) ||
	    !refused_otherwise(c, arch, f, false))
		return;
	/* Who kills on what he does not know means it. */
	if ((verdict & SECCOMP_RET_ACTION_FULL) != SECCOMP_RET_ERRNO)
		code = SB_AT_LEVEL(code, SECBAKE_NOTE);
	sb_place_of_set(c, arch, nr, SB_DD_TRUE, &place);
	sb_found(c, code, &place,
		 "calls that Linux will gain get %s: programs that would do without them after "
		 "ENOSYS will fail",
		 sb_verdict_text(c, arch, f));
}
