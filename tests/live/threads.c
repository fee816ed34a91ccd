/* SPDX-License-Identifier: MIT */
/* Threads and tracers: who dies, who follows, who is told. */
#include "live.h"

#include <errno.h>
#include <linux/filter.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t wait_for(pid_t child, int *status)
{
	pid_t r;

	do
		r = waitpid(child, status, __WALL);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		test_die("waitpid: %s", strerror(errno));
	return r;
}

/* TRACE with a tracer: it is told the data, and may answer in the kernel's place. */
static void trace(const struct live_policy *policy, bool answer)
{
	struct live_shared *shared = live_share();
	const struct live_call call = {LIVE_X86_64, SYS_alarm, {0}};
	struct user_regs_struct regs = {0};
	unsigned long message = 0;
	int status = 0, events = 0;
	pid_t child = fork();

	if (child < 0)
		test_die("fork: %s", strerror(errno));
	if (!child) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
			_exit(2);
		raise(SIGSTOP);
		if (!live_apply(policy, shared))
			_exit(1);
		shared->value = live_make_call(&call);
		shared->done = 1;
		_exit(0);
	}
	wait_for(child, &status);
	if (WIFSTOPPED(status) &&
	    ptrace(PTRACE_SETOPTIONS, child, NULL, PTRACE_O_TRACESECCOMP | PTRACE_O_EXITKILL))
		test_die("ptrace: %s", strerror(errno));
	while (WIFSTOPPED(status)) {
		if (status >> 8 == (SIGTRAP | PTRACE_EVENT_SECCOMP << 8)) {
			events++;
			ptrace(PTRACE_GETEVENTMSG, child, NULL, &message);
			ptrace(PTRACE_GETREGS, child, NULL, &regs);
			if (regs.orig_rax != SYS_alarm)
				live_fail("the tracer sees call %llu", regs.orig_rax);
			if (answer) {
				regs.orig_rax = (unsigned long long)-1;
				regs.rax = (unsigned long long)-55;
				ptrace(PTRACE_SETREGS, child, NULL, &regs);
			}
		}
		ptrace(PTRACE_CONT, child, NULL, NULL);
		wait_for(child, &status);
	}
	live_checks++;
	if (!shared->applied || events != 1 || message != 1234 || !shared->done ||
	    shared->value != (answer ? -55 : 0))
		live_fail("TRACE(1234), tracer %s: %d events, message %lu, returned %ld (%s)",
			  answer ? "answers" : "lets it go", events, message, shared->value,
			  shared->error.text);
	munmap(shared, sizeof(*shared));
}

void live_test_tracer(void)
{
	struct live_policy policy;

	live_policy_init(&policy, "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": ["
				  "{\"names\": [\"alarm\"], \"action\": \"SCMP_ACT_TRACE\","
				  " \"errnoRet\": 1234}]}");
	trace(&policy, true);
	trace(&policy, false);
	live_policy_free(&policy);
}

struct thread {
	struct live_shared *shared;
	const struct live_policy *policy;
	struct live_call call;
	pthread_barrier_t start, ready;
	bool own_filter;
};

/* The same in a thread: waits until the filter is there, then calls. */
static void *calling_thread(void *argument)
{
	struct thread *t = argument;
	struct sock_filter allow[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
	const struct sock_fprog program = {1, allow};

	t->shared->tid = (int)syscall(SYS_gettid);
	if (t->own_filter &&
	    (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || syscall(SYS_seccomp, 1, 0, &program)))
		_exit(3);
	pthread_barrier_wait(&t->ready);
	pthread_barrier_wait(&t->start);
	t->shared->value = live_make_call(&t->call);
	t->shared->done = 1;
	return NULL;
}

/* In a child: one more thread, the filter from the first, then the second one's call. */
static int run_threads(struct thread *t)
{
	pthread_t thread;
	int status;
	pid_t child;

	fflush(stdout);
	memset(t->shared, 0, sizeof(*t->shared));
	child = fork();
	if (child < 0)
		test_die("fork: %s", strerror(errno));
	if (!child) {
		pthread_barrier_init(&t->ready, NULL, 2);
		pthread_barrier_init(&t->start, NULL, 2);
		if (pthread_create(&thread, NULL, calling_thread, t))
			_exit(2);
		pthread_barrier_wait(&t->ready);
		if (!live_apply(t->policy, t->shared))
			_exit(1);
		pthread_barrier_wait(&t->start);
		/* A killed thread's end wakes this, too: the kernel clears its id. */
		pthread_join(thread, NULL);
		t->shared->survived = 1;
		_exit(0);
	}
	wait_for(child, &status);
	return status;
}

#define TSYNC "\"flags\": [\"SECCOMP_FILTER_FLAG_TSYNC\"], "
#define POLICY(flags)                                                                   \
	"{\"defaultAction\": \"SCMP_ACT_ALLOW\", " flags "\"syscalls\": ["              \
	"{\"names\": [\"getppid\"], \"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": 77}," \
	"{\"names\": [\"setfsuid\"], \"action\": \"SCMP_ACT_KILL_THREAD\"},"            \
	"{\"names\": [\"setfsgid\"], \"action\": \"SCMP_ACT_KILL_PROCESS\"}]}"

void live_test_threads(void)
{
	struct live_policy policy;
	struct thread t = {.shared = live_share(), .policy = &policy};
	int status;

	/* TSYNC, so that the other thread has the filter: a thread of its own cannot die alone. */
	live_policy_init(&policy, POLICY(TSYNC));
	t.call = (struct live_call){LIVE_X86_64, SYS_setfsuid, {0xffffffff}};
	status = run_threads(&t);
	live_checks++;
	if (!t.shared->applied || t.shared->done || !t.shared->survived || !WIFEXITED(status) ||
	    WEXITSTATUS(status))
		live_fail("KILL_THREAD: applied %d, call done %d, the other %s, status 0x%x",
			  t.shared->applied, t.shared->done,
			  t.shared->survived ? "survived" : "died", (unsigned int)status);
	t.call.nr = SYS_setfsgid;
	status = run_threads(&t);
	live_checks++;
	if (!t.shared->applied || t.shared->done || t.shared->survived || !WIFSIGNALED(status) ||
	    WTERMSIG(status) != SIGSYS)
		live_fail("KILL_PROCESS: applied %d, call done %d, the other %s, status 0x%x",
			  t.shared->applied, t.shared->done,
			  t.shared->survived ? "survived" : "died", (unsigned int)status);
	live_policy_free(&policy);
	munmap(t.shared, sizeof(*t.shared));
}

void live_test_tsync(void)
{
	struct live_policy together, alone;
	struct thread t = {.shared = live_share(), .policy = &together};
	char name[32];

	live_policy_init(&together, POLICY(TSYNC));
	live_policy_init(&alone, POLICY("\"flags\": [], "));
	t.call = (struct live_call){LIVE_X86_64, SYS_getppid, {0}};
	run_threads(&t);
	live_checks += 3;
	if (!t.shared->applied || t.shared->value != -77)
		live_fail("TSYNC: the other thread's call returned %ld (%s)", t.shared->value,
			  t.shared->error.text);
	t.policy = &alone;
	run_threads(&t);
	if (!t.shared->applied || t.shared->value <= 0)
		live_fail("without TSYNC the other thread's call returned %ld (%s)",
			  t.shared->value, t.shared->error.text);
	t.policy = &together;
	t.own_filter = true;
	run_threads(&t);
	snprintf(name, sizeof(name), "thread %d ", t.shared->tid);
	if (t.shared->applied || t.shared->error.status != SECBAKE_ERR_SYSTEM ||
	    !strstr(t.shared->error.text, name))
		live_fail("TSYNC with a thread that cannot follow: applied %d, no '%s' in: %s",
			  t.shared->applied, name, t.shared->error.text);
	live_policy_free(&together);
	live_policy_free(&alone);
	munmap(t.shared, sizeof(*t.shared));
}
