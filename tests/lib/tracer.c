/* SPDX-License-Identifier: MIT */
/* See tracer.h. */
#include "tests/lib/exec_world.h"
#include "tests/lib/tracer.h"

#ifdef CAN_REPLACE

#include <elf.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

static struct user_regs_struct registers(pid_t pid)
{
	struct user_regs_struct regs;
	struct iovec iov = {&regs, sizeof(regs)};

	assert_int_equal(ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &iov), 0);
	return regs;
}

/* On entry: no call is made. */
static void skip_call(pid_t pid)
{
#if defined(__x86_64__)
	struct user_regs_struct regs = registers(pid);
	struct iovec iov = {&regs, sizeof(regs)};

	regs.orig_rax = (unsigned long long)-1;
	assert_int_equal(ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, &iov), 0);
#else
	int none = -1;
	struct iovec iov = {&none, sizeof(none)};

	assert_int_equal(ptrace(PTRACE_SETREGSET, pid, NT_ARM_SYSTEM_CALL, &iov), 0);
#endif
}

/* On exit. */
static void set_result(pid_t pid, long value)
{
	struct user_regs_struct regs = registers(pid);
	struct iovec iov = {&regs, sizeof(regs)};

#if defined(__x86_64__)
	regs.rax = (unsigned long long)value;
#else
	regs.regs[0] = (unsigned long long)value;
#endif
	assert_int_equal(ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, &iov), 0);
}

static enum purpose purpose_of(pid_t pid, const struct __ptrace_syscall_info *info)
{
	const uint64_t *arg = (const uint64_t *)info->entry.args;
	const bool by_prctl = info->entry.nr == SYS_prctl;

	if (by_prctl && arg[0] == PR_SET_NO_NEW_PRIVS)
		return SET_PRIVILEGES;
	if (by_prctl && arg[0] == PR_GET_NO_NEW_PRIVS)
		return GET_PRIVILEGES;
	if (info->entry.nr == SYS_seccomp && arg[0] == SECCOMP_GET_ACTION_AVAIL)
		return PROBE_ACTION;
	if (info->entry.nr == SYS_seccomp && arg[0] == SECCOMP_GET_NOTIF_SIZES)
		return PROBE_SIZES;
	if (!(info->entry.nr == SYS_seccomp && arg[0] == SECCOMP_SET_MODE_FILTER) &&
	    !(by_prctl && arg[0] == PR_SET_SECCOMP))
		return ANY;
	if (!arg[2])
		return PROBE_FLAGS;
	return ptrace(PTRACE_PEEKDATA, pid, arg[2], NULL) & 0xffff ? INSTALLATION : TRIAL;
}

static void strike(pid_t pid, struct fault *fault, const struct __ptrace_syscall_info *info,
		   bool *skipped)
{
	fault->struck = true;
	if (fault->how == PRETEND)
		fault->value = info->entry.nr == SYS_read ? (long)info->entry.args[2] : 0;
	if (fault->how == KILL) {
		kill(pid, SIGKILL);
	} else {
		skip_call(pid);
		*skipped = true;
	}
}

/* On entry of call number calls. */
static void look_at(pid_t pid, struct fault *fault, unsigned int calls,
		    const struct __ptrace_syscall_info *info, bool *skipped)
{
	const struct made_call call = {(long)info->entry.nr, purpose_of(pid, info)};

	if (fault->trace && fault->traced < CALLS_MAX)
		fault->trace[fault->traced++] = call;
	if (calls != fault->at || fault->how == NOTHING)
		return;
	fault->call = call;
	strike(pid, fault, info, skipped);
}

int run_with(const char *const *argv, struct fault *fault)
{
	struct __ptrace_syscall_info info;
	int status, null = open("/dev/null", O_RDWR | O_CLOEXEC);
	unsigned int calls = 0, execs = 0;
	bool skipped = false;
	pid_t pid = fork();

	assert_true(pid >= 0 && null >= 0);
	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		become(argv, 0, null);
	}
	close(null);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	ptrace(PTRACE_SETOPTIONS, pid, 0,
	       PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL | PTRACE_O_TRACEEXEC);
	for (int signal = 0;;) {
		if (ptrace(PTRACE_SYSCALL, pid, 0, signal) || waitpid(pid, &status, 0) != pid ||
		    !WIFSTOPPED(status))
			break;
		signal = 0;
		if (status >> 8 == (SIGTRAP | (PTRACE_EVENT_EXEC << 8))) {
			if (++execs == 1)
				continue;
			assert_int_equal(ptrace(PTRACE_DETACH, pid, 0, 0), 0);
			assert_int_equal(waitpid(pid, &status, 0), pid);
			break;
		}
		if (WSTOPSIG(status) != (SIGTRAP | 0x80)) {
			signal = WSTOPSIG(status);
			continue;
		}
		if (!execs)
			continue;
		if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) <= 0)
			break;
		if (info.op == PTRACE_SYSCALL_INFO_EXIT && skipped) {
			set_result(pid, fault->value);
			skipped = false;
		} else if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
			look_at(pid, fault, ++calls, &info, &skipped);
		}
	}
	/* Killed while it was stopped. */
	while (WIFSTOPPED(status) && waitpid(pid, &status, 0) == pid)
		ptrace(PTRACE_CONT, pid, 0, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

#endif /* CAN_REPLACE */
