/* SPDX-License-Identifier: MIT */
/*
 * old_kernel COMMAND...: runs a command whose questions to seccomp(2), and those of
 * all its children, are answered as Linux 4.9 would: no SECCOMP_GET_ACTION_AVAIL,
 * no SECCOMP_GET_NOTIF_SIZES, no flag but TSYNC. All else is the kernel's own.
 * x86_64; elsewhere exit status 77.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define TASKS_MAX 64
#define FLAG_TSYNC 1u

#ifdef __x86_64__

/* A task between its call's entry and its exit. */
struct task {
	pid_t pid;
	int inside;
	long answer; /* 0: the kernel's own */
};

static struct task tasks[TASKS_MAX];

static struct task *task_of(pid_t pid)
{
	struct task *unused = NULL;

	for (int i = 0; i < TASKS_MAX; i++) {
		if (tasks[i].pid == pid)
			return &tasks[i];
		if (!tasks[i].pid && !unused)
			unused = &tasks[i];
	}
	if (unused)
		*unused = (struct task){.pid = pid};
	return unused;
}

/* What 4.9 says to this call, or 0 where it says what this kernel does. */
static long old_answer(const struct user_regs_struct *regs)
{
	if (regs->orig_rax != SYS_seccomp)
		return 0;
	switch (regs->rdi) {
	case 0:
		return 0;
	case 1:
		return regs->rsi & ~(unsigned long long)FLAG_TSYNC ? -EINVAL : 0;
	default:
		return -EINVAL;
	}
}

static void at_call(struct task *task)
{
	struct user_regs_struct regs;

	if (ptrace(PTRACE_GETREGS, task->pid, NULL, &regs))
		return;
	task->inside = !task->inside;
	if (task->inside) {
		task->answer = old_answer(&regs);
		if (!task->answer)
			return;
		regs.orig_rax = (unsigned long long)-1; /* no call at all */
	} else {
		if (!task->answer)
			return;
		regs.rax = (unsigned long long)task->answer;
		task->answer = 0;
	}
	ptrace(PTRACE_SETREGS, task->pid, NULL, &regs);
}

/* The signal to hand on. */
static int at_stop(struct task *task, int status)
{
	int signo = WSTOPSIG(status);

	if (signo == (SIGTRAP | 0x80)) {
		at_call(task);
		return 0;
	}
	if (status >> 16) { /* fork, vfork, clone, exec */
		if (status >> 16 == PTRACE_EVENT_EXEC)
			task->inside = 1; /* its exit is still to come */
		return 0;
	}
	return signo == SIGSTOP || signo == SIGTRAP ? 0 : signo;
}

static int watch(pid_t first)
{
	int status, result = 125;
	pid_t pid;

	while ((pid = waitpid(-1, &status, __WALL)) > 0 || errno == EINTR) {
		struct task *task;

		if (pid < 0)
			continue;
		task = task_of(pid);
		if (!task) {
			fputs("old_kernel: too many tasks\n", stderr);
			return 125;
		}
		if (WIFSTOPPED(status)) {
			ptrace(PTRACE_SYSCALL, pid, NULL, (long)at_stop(task, status));
			continue;
		}
		task->pid = 0;
		if (pid == first)
			result = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	}
	return result;
}

int main(int argc, char **argv)
{
	const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
			     PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
	int status;
	pid_t child;

	if (argc < 2) {
		fputs("usage: old_kernel COMMAND...\n", stderr);
		return 2;
	}
	child = fork();
	if (child < 0)
		return 125;
	if (!child) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
			_exit(77);
		raise(SIGSTOP);
		execvp(argv[1], argv + 1);
		perror(argv[1]);
		_exit(127);
	}
	if (waitpid(child, &status, 0) < 0)
		return 125;
	if (!WIFSTOPPED(status))
		return WIFEXITED(status) ? WEXITSTATUS(status) : 125;
	task_of(child);
	if (ptrace(PTRACE_SETOPTIONS, child, NULL, options) ||
	    ptrace(PTRACE_SYSCALL, child, NULL, NULL)) {
		perror("ptrace");
		return 125;
	}
	return watch(child);
}

#else
int main(void)
{
	(void)TASKS_MAX;
	(void)FLAG_TSYNC;
	puts("SKIPPED: written for x86_64");
	return 77;
}
#endif
