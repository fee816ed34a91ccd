/* SPDX-License-Identifier: MIT */
/*
 * Actions and flags as the target has them. Every question to its features is
 * recorded: a blob serves all kernels that answer the same questions alike.
 */
#include "resolve.h"

#include <linux/seccomp.h>
#include <string.h>

static uint32_t action_bit(uint32_t action)
{
	switch (action & SECCOMP_RET_ACTION_FULL) {
	case SECCOMP_RET_KILL_PROCESS:
		return SECBAKE_ACTION_KILL_PROCESS;
	case SECCOMP_RET_KILL_THREAD:
		return SECBAKE_ACTION_KILL_THREAD;
	case SECCOMP_RET_TRAP:
		return SECBAKE_ACTION_TRAP;
	case SECCOMP_RET_ERRNO:
		return SECBAKE_ACTION_ERRNO;
	case SECCOMP_RET_USER_NOTIF:
		return SECBAKE_ACTION_NOTIFY;
	case SECCOMP_RET_TRACE:
		return SECBAKE_ACTION_TRACE;
	case SECCOMP_RET_LOG:
		return SECBAKE_ACTION_LOG;
	default:
		return SECBAKE_ACTION_ALLOW;
	}
}

bool sb_lower_note(struct sb_lowering *lowering, const char *text)
{
	uint32_t count = lowering->note_count;

	for (uint32_t i = 0; i < count; i++)
		if (!strcmp(lowering->note[i], text))
			return true;
	if (!(count & (count - 1))) { /* full at each power of two */
		lowering->note = sb_grow(lowering->arena, lowering->note, count, 2 * count + 1,
					 sizeof(*lowering->note));
		if (!lowering->note)
			return false;
	}
	lowering->note[lowering->note_count++] = text;
	return true;
}

static enum secbake_status out_of_memory(const struct sb_lowering *lowering)
{
	return secbake_error_set(lowering->report.error, SECBAKE_ERR_MEMORY, 0, "out of memory");
}

static bool has_action(struct sb_lowering *lowering, uint32_t action)
{
	uint32_t bit = action_bit(action);

	lowering->consulted.actions |= bit;
	return lowering->target->actions & bit;
}

static bool has_flag(struct sb_lowering *lowering, uint32_t flag)
{
	lowering->consulted.flags |= flag;
	return lowering->target->flags & flag;
}

/* What to take for an action that the target lacks; 0: nothing. note says so. */
static bool stand_in(const struct sb_lowering *lowering, uint32_t action, uint32_t *taken,
		     const char **note)
{
	static const char no_log[] =
		"the kernel has no action LOG: what should be logged and allowed is only allowed";
	static const char no_kill_process[] =
		"the kernel has no action KILL_PROCESS: only the calling thread is killed";
	uint32_t ret = action & SECCOMP_RET_ACTION_FULL;
	int which = ret == SECCOMP_RET_LOG	      ? SB_INSTEAD_LOG
		    : ret == SECCOMP_RET_KILL_PROCESS ? SB_INSTEAD_KILL_PROCESS
						      : SB_INSTEAD_NOTIFY;
	const struct sb_instead_action *instead = &lowering->instead.action[which];

	if (which == SB_INSTEAD_NOTIFY && ret != SECCOMP_RET_USER_NOTIF)
		return false;
	*note = NULL;
	*taken = instead->raw;
	if (instead->kind != SB_INSTEAD_USUAL || which == SB_INSTEAD_NOTIFY)
		return instead->kind == SB_INSTEAD_TAKE;
	*taken = which == SB_INSTEAD_LOG ? SECCOMP_RET_ALLOW : SECCOMP_RET_KILL_THREAD;
	*note = which == SB_INSTEAD_LOG ? no_log : no_kill_process;
	return true;
}

enum secbake_status sb_lower_action(struct sb_lowering *lowering, uint32_t raw,
				    const struct sb_place *place, uint32_t *lowered)
{
	uint32_t action = raw, taken;

	/* In complain mode nothing is denied: it is logged, so that the policy can be mended. */
	if (lowering->mode == SECBAKE_MODE_COMPLAIN && action != SECCOMP_RET_ALLOW)
		action = SECCOMP_RET_LOG;
	for (int i = 0; !has_action(lowering, action); i++) {
		const char *note;

		if (!stand_in(lowering, action, &taken, &note))
			return sb_fail(
				&lowering->report, place, SECBAKE_ERR_TARGET,
				"the target kernel has no action \"%s\", and nothing can stand in "
				"for it; compile for a newer kernel or take another action",
				secbake_action_name(action_bit(action)));
		if (i == SB_INSTEAD_ACTIONS)
			return sb_fail(&lowering->report, place, SECBAKE_ERR_TARGET,
				       "the target kernel has no action \"%s\", and what stands in "
				       "for it leads back to it",
				       secbake_action_name(action_bit(action)));
		if (!note)
			note = sb_sprintf(lowering->arena,
					  "the kernel has no action %s: %s stands in for it",
					  secbake_action_name(action_bit(action)),
					  secbake_action_name(action_bit(taken)));
		if (!note || !sb_lower_note(lowering, note))
			return out_of_memory(lowering);
		action = taken;
	}
	*lowered = action;
	return SECBAKE_OK;
}

/* What it costs to do without a flag; NULL: nothing that anybody asked for. */
static const char *without_flag(struct sb_lowering *lowering, uint32_t flag, bool listed)
{
	switch (flag) {
	case SECBAKE_FLAG_LOG:
		return "the kernel has no filter flag LOG: denied calls are not logged";
	case SECBAKE_FLAG_SPEC_ALLOW: /* where nobody asked, nothing is lost: runc drops it too */
		return listed ? "the kernel has no filter flag SPEC_ALLOW: its mitigations of "
				"speculation stay on"
			      : "";
	default:
		return sb_sprintf(lowering->arena,
				  "the kernel has no filter flag %s: it is left out",
				  secbake_flag_name(flag));
	}
}

/* required: the kernel would refuse the others without this one. */
static enum secbake_status take_flag(struct sb_lowering *lowering, uint32_t flag, bool listed,
				     bool required, const struct sb_place *place, uint32_t *flags)
{
	enum sb_instead_kind instead = lowering->instead.flag[__builtin_ctz(flag)];
	bool optional = flag == SECBAKE_FLAG_LOG || flag == SECBAKE_FLAG_SPEC_ALLOW;
	const char *note;

	if (has_flag(lowering, flag)) {
		*flags |= flag;
		return SECBAKE_OK;
	}
	if (instead != SB_INSTEAD_USUAL)
		optional = instead == SB_INSTEAD_TAKE;
	if (required || !optional)
		return sb_fail(
			&lowering->report, place, SECBAKE_ERR_TARGET,
			"the target kernel has no filter flag \"%s\", and the policy cannot do "
			"without it; compile for a newer kernel",
			secbake_flag_name(flag));
	note = without_flag(lowering, flag, listed);
	if (!note || (*note && !sb_lower_note(lowering, note)))
		return out_of_memory(lowering);
	return SECBAKE_OK;
}

enum secbake_status sb_lower_flags(struct sb_lowering *lowering, bool listed, uint32_t given,
				   bool notifies, const struct sb_place *place, uint32_t *flags)
{
	uint32_t taken = 0;
	enum secbake_status status = SECBAKE_OK;

	if (!listed)
		given = SECBAKE_FLAG_SPEC_ALLOW; /* runc's default */
	if ((given & SECBAKE_FLAG_WAIT_KILLABLE_RECV) && !notifies) {
		given &= ~(uint32_t)SECBAKE_FLAG_WAIT_KILLABLE_RECV;
		if (lowering->mode == SECBAKE_MODE_ENFORCE)
			status = sb_warn(
				&lowering->report, place,
				"WAIT_KILLABLE_RECV is left out: no call gets SCMP_ACT_NOTIFY, "
				"and the kernel refuses it without a listener");
	}
	if (notifies)
		given |= SECBAKE_FLAG_NEW_LISTENER;
	for (uint32_t flag = 1; status == SECBAKE_OK && flag <= SECBAKE_FLAGS_ALL; flag <<= 1) {
		bool required = flag == SECBAKE_FLAG_NEW_LISTENER;

		/* The kernel refuses TSYNC with a listener unless failures are told apart from it.
		 */
		if (flag == SECBAKE_FLAG_TSYNC_ESRCH && notifies && (taken & SECBAKE_FLAG_TSYNC)) {
			given |= flag;
			required = true;
		}
		if (given & flag)
			status = take_flag(lowering, flag, listed, required, place, &taken);
	}
	if (status == SECBAKE_OK)
		*flags = taken;
	return status;
}
