/* SPDX-License-Identifier: MIT */
/*
 * Once a program is in force, the loader itself is under it, with work left:
 * the other programs, the listener's descriptor, the execve, and if that fails a
 * message and the exit. A policy that forbids one of those would end in a dead
 * process without a word. So the programs are asked here, while there is still
 * somebody to say why.
 */
#include "exec.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "filter.h"

#define ACTION_MASK 0xffff0000u
#define RET_ERRNO 0x00050000u
#define RET_NOTIFY 0x7fc00000u
#define RET_TRACE 0x7ff00000u
#define RET_LOG 0x7ffc0000u
#define RET_ALLOW 0x7fff0000u

/* A call to come. */
struct call {
	const char *name;
	long nr;
	uint64_t arg[6];
	bool answered; /* a listener is there by then, and may allow it */
};

static uint64_t address(const void *pointer)
{
	return (uint64_t)(uintptr_t)pointer;
}

static uint32_t verdict_of(const struct sb_found *found, uint32_t layer, const struct call *call)
{
	const uint8_t *program = secbake_blob_program(&found->blob, layer);
	struct seccomp_data data = {.nr = (int)call->nr, .arch = found->blob.arch->audit_arch};

	for (size_t i = 0; i < 6; i++)
		data.args[i] = call->arg[i];
	/* Aligned to 8 and in host order: a blob for another architecture was not selected. */
	return sb_filter_run((const struct sock_filter *)(const void *)program,
			     secbake_blob_layer(&found->blob, layer).insn_count, &data);
}

/* "TracerPid:\t0"; without /proc nobody is known to trace this process. */
static __attribute__((noinline)) bool is_traced(void)
{
	char text[4096];
	const char *at = sb_own_status("\nTracerPid:\t", text, sizeof(text));

	return at && *at != '0';
}

/*
 * ALLOW and LOG execute the call. NOTIFY may, once a listener has been handed to
 * somebody; before, the call would wait for ever. TRACE may, if there is a
 * tracer; else the call fails. All others do not execute it, ERRNO(0) included.
 */
static bool may_pass(uint32_t verdict, const struct call *call)
{
	switch (verdict & ACTION_MASK) {
	case RET_ALLOW:
	case RET_LOG:
		return true;
	case RET_NOTIFY:
		return call->answered;
	case RET_TRACE:
		return is_traced();
	default:
		return false;
	}
}

static const char *action_text(uint32_t verdict)
{
	switch (verdict & ACTION_MASK) {
	case 0x00000000u:
		return "KILL_THREAD";
	case 0x00030000u:
		return "TRAP";
	case RET_ERRNO:
		return "ERRNO";
	case RET_NOTIFY:
		return "NOTIFY, and nobody can answer yet";
	case RET_TRACE:
		return "TRACE, and there is no tracer";
	default:
		return "KILL_PROCESS";
	}
}

/* Asks the first count layers of the plan. */
static enum secbake_status ask(const struct sb_found *found, uint32_t count,
			       const struct call *call, struct secbake_error *error)
{
	for (uint32_t i = 0; i < count; i++) {
		uint32_t verdict = verdict_of(found, found->plan.first + i, call);
		bool is_errno = (verdict & ACTION_MASK) == RET_ERRNO;

		if (may_pass(verdict, call))
			continue;
		if (is_errno)
			return secbake_error_set(
				error, SECBAKE_ERR_INPUT, 0,
				"the policy forbids %s, which the loader needs to "
				"start the command (ERRNO %u); allow it in the policy",
				call->name, verdict & 0xffffu);
		return secbake_error_set(
			error, SECBAKE_ERR_INPUT, 0,
			"the policy forbids %s, which the loader needs to start the "
			"command (%s); allow it in the policy",
			call->name, action_text(verdict));
	}
	return SECBAKE_OK;
}

/* Each program after the first is installed under those before it. */
static enum secbake_status ask_installing(const struct sb_exec *x, const struct sb_found *found,
					  struct secbake_error *error)
{
	enum secbake_status status = SECBAKE_OK;
	struct call call;

	for (uint32_t i = 1; i < found->plan.count && !status; i++) {
		uint32_t layer = found->plan.first + i;

		if (x->features.method == SECBAKE_METHOD_PRCTL)
			call = (struct call){"prctl", SYS_prctl, {22, 2, address(&call)}, false};
		else
			call = (struct call){"seccomp",
					     SYS_seccomp,
					     {1,
					      secbake_blob_layer(&found->blob, layer).filter_flags,
					      address(&call)},
					     false};
		status = ask(found, i, &call, error);
	}
	return status;
}

enum secbake_status sb_forecast(const struct sb_exec *x, const struct sb_found *found,
				const char *path, struct secbake_error *error)
{
	const struct sb_listener *listener = &x->listener;
	const bool answered = found->plan.listener;
	const struct call calls[] = {
		{"execve",
		 SYS_execve,
		 {address(path), address(x->command), address(x->environment)},
		 answered},
		{"write", SYS_write, {STDERR_FILENO, address(x), 1}, answered},
		{"exit_group", SYS_exit_group, {SB_EXIT_FAILED}, answered},
	};
	const struct call send = {
		"sendmsg",
		SYS_sendmsg,
		{(uint64_t)(unsigned int)listener->socket, address(listener), MSG_NOSIGNAL},
		false};
	enum secbake_status status = ask_installing(x, found, error);

	if (!status && found->plan.listener)
		status = ask(found, found->plan.count, &send, error);
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]) && !status; i++)
		status = ask(found, found->plan.count, &calls[i], error);
	return status;
}

void sb_close_if_allowed(const struct sb_found *found, int fd)
{
	const struct call call = {"close", SYS_close, {(uint64_t)(unsigned int)fd}, false};

	/* Not may_pass(): what it looks up may be forbidden by now. */
	for (uint32_t i = 0; i < found->plan.count; i++) {
		uint32_t action = verdict_of(found, found->plan.first + i, &call) & ACTION_MASK;

		if (action != RET_ALLOW && action != RET_LOG)
			return;
	}
	close(fd);
}
