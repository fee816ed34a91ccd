/* SPDX-License-Identifier: MIT */
/* Actions that promise more than they keep. */
#include "check.h"

static bool is_notify(uint32_t verdict)
{
	return (verdict & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_USER_NOTIF;
}

static bool is_trace(uint32_t verdict)
{
	return (verdict & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_TRACE;
}

static bool is_kill_thread(uint32_t verdict)
{
	return (verdict & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_KILL_THREAD;
}

static bool has_pointer(const struct secbake_arch *arch, const char *name)
{
	struct sb_arg arg[6];
	int count = sb_syscall_args(arch, name, arg);

	for (int i = 0; i < count; i++)
		if (arg[i].class == SB_ARG_PTR)
			return true;
	return false;
}

/* All calls that some verdict of a kind meets. */
static void each_of_kind(struct sb_checker *c, bool (*kind)(uint32_t), bool with_pointers,
			 struct sb_tally *tally)
{
	const char *name;

	for (uint32_t a = 0; a < c->arch_count; a++) {
		for (size_t i = 0; (name = sb_syscall_at(i)); i++) {
			struct sb_place place;
			uint32_t nr, f, set;

			if (!sb_call(c, c->arch[a], name, &nr, &f))
				continue;
			set = sb_ask_kind(&c->ask, f, kind);
			if (set == SB_DD_FALSE || set == SB_DD_NONE ||
			    (with_pointers && !has_pointer(c->arch[a], name)))
				continue;
			sb_place_of_set(c, c->arch[a], nr, set, &place);
			sb_tally_add(tally, &place, name, c->arch[a]);
		}
	}
}

void sb_check_notify(struct sb_checker *c)
{
	struct sb_tally tally = {.c = c};

	each_of_kind(c, is_notify, true, &tally);
	sb_tally_tell(
		&tally, SB_CHECK_NOTIFY_ON_POINTERS, "a supervisor is asked about ",
		": memory that pointers lead to can change after it has looked, so that letting the "
		"call continue is no decision");
}

void sb_check_trace(struct sb_checker *c)
{
	struct sb_tally tally = {.c = c};

	each_of_kind(c, is_trace, false, &tally);
	sb_tally_tell(&tally, SB_CHECK_TRACE_WITHOUT_TRACER, "a tracer is asked about ",
		      "; without one they fail with ENOSYS");
}

/* One finding is enough: where the first such verdict comes from. */
void sb_check_kill_thread(struct sb_checker *c)
{
	struct sb_tally tally = {.c = c};

	each_of_kind(c, is_kill_thread, false, &tally);
	sb_tally_tell(&tally, SB_CHECK_KILL_THREAD, "one thread is killed for ",
		      "; the others go on without it, with its locks held");
}
