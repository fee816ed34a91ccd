/* SPDX-License-Identifier: MIT */
/*
 * secbake-exec under a tracer: how many system calls it makes, and what it does when its
 * file is cut while it reads, or written to after the check.
 */
#include "tests/lib/exec_world.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

enum disturbance {
	NONE,
	CUT,	/* the blob is cut to nothing when it is about to be read */
	REWRITE /* it is cut, and other.sbk written into it, when its program is to go in */
};

static void disturb(enum disturbance how)
{
	char text[4096];
	int from, to;
	ssize_t got;

	assert_int_equal(truncate(in_top(entry("c1", "test")), 0), 0);
	if (how != REWRITE)
		return;
	from = open(in_top("other.sbk"), O_RDONLY);
	to = open(in_top(entry("c1", "test")), O_WRONLY);
	got = read(from, text, sizeof(text));
	assert_true(got > 0);
	assert_int_equal(write(to, text, (size_t)got), got);
	close(from);
	close(to);
}

/* Is this system call the moment, before it is done? The first read is the blob's. */
static bool is_moment(const struct __ptrace_syscall_info *info, enum disturbance how)
{
	if (how == CUT)
		return info->entry.nr == SYS_read;
	return how == REWRITE && info->entry.nr == SYS_seccomp && info->entry.args[0] == 1 &&
	       info->entry.args[2];
}

/* Runs the loader to its second execve (the command's) and counts system calls until then. */
static int traced(const char *const *argv, unsigned int *calls, enum disturbance how)
{
	struct __ptrace_syscall_info info;
	int status, null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	unsigned int execs = 0;
	pid_t pid = fork();
	bool done = false;

	assert_true(pid >= 0);
	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		become(argv, 0, null);
	}
	close(null);
	*calls = 0;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
	for (int signal = 0;;) {
		if (ptrace(PTRACE_SYSCALL, pid, 0, signal))
			break;
		if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
			break;
		signal = WSTOPSIG(status) == (SIGTRAP | 0x80) || WSTOPSIG(status) == SIGTRAP
				 ? 0
				 : WSTOPSIG(status);
		if (WSTOPSIG(status) != (SIGTRAP | 0x80))
			continue;
		if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) <= 0)
			break;
		if (info.op == PTRACE_SYSCALL_INFO_EXIT)
			continue;
		execs += info.entry.nr == SYS_execve;
		*calls += execs > 0;
		if (execs == 2)
			ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_EXITKILL);
		if (execs == 2 && ptrace(PTRACE_DETACH, pid, 0, 0) == 0) {
			waitpid(pid, &status, 0);
			break;
		}
		if (!done && is_moment(&info, how)) {
			done = true;
			disturb(how);
		}
	}
	assert_true(done == (how != NONE));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000;
}

static void test_few_system_calls(void **state)
{
	unsigned int calls;

	(void)state;
#ifdef SANITIZED
	skip(); /* the loader is then an ordinary dynamic program */
#endif
	put_simple();
	assert_int_equal(traced(ARGV("test", "/bin/true"), &calls, NONE), 0);
	assert_true(calls > 10);
	if (calls > 60)
		fail_msg("%u system calls", calls);
}

static void test_cut_while_read(void **state)
{
	unsigned int calls;

	(void)state;
#ifdef SANITIZED
	skip(); /* which maps memory of its own */
#endif
	put_simple();
	assert_int_equal(traced(ARGV("test", "/bin/true"), &calls, CUT), 125);
}

/* What was checked is what is installed, whatever becomes of the file in between. */
static void test_rewritten_after_the_check(void **state)
{
	static const struct sock_filter deny[] = {LOAD(0),
#ifdef SYS_mkdir
						  IS(SYS_mkdir, SECCOMP_RET_ERRNO | 13),
#endif
						  IS(SYS_mkdirat, SECCOMP_RET_ERRNO | 13),
						  RET(SECCOMP_RET_ALLOW)};
	struct sock_filter allow[COUNT(deny)];
	struct blob b = simple();
	unsigned int calls;

	(void)state;
	b.layer[0] = (struct sb_blob_layer_in){.insn = deny, .insn_count = COUNT(deny)};
	put_blob(entry("c1", "test"), &b);
	for (uint32_t i = 0; i < COUNT(allow); i++)
		allow[i] = (struct sock_filter)RET(SECCOMP_RET_ALLOW);
	b.layer[0].insn = allow;
	put_blob("other.sbk", &b);
	assert_int_equal(traced(ARGV("test", "/bin/mkdir", "made"), &calls, REWRITE), 1);
	assert_int_equal(access(in_top("made"), F_OK), -1);
	/* The file did change. */
	assert_int_equal(traced(ARGV("test", "/bin/mkdir", "made"), &calls, NONE), 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(test_few_system_calls),
		T(test_cut_while_read),
		T(test_rewritten_after_the_check),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
