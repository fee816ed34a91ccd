/* SPDX-License-Identifier: MIT */
/*
 * Never unfiltered: each system call that secbake-exec makes before it executes
 * the command is made to fail in turn, with each of several errors; to succeed
 * without being done; and to be the last, by SIGKILL. Whatever happens, a command
 * that runs says itself that its filters are in force. A tracer stands in for the
 * kernel, so that this holds for one lie at a time: who may trace can do worse.
 */
#include "tests/lib/exec_world.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#if (defined(__x86_64__) && !defined(__ILP32__)) || defined(__aarch64__)
#define CAN_REPLACE
#endif

/* ---- the command: it looks at itself ---- */

struct sight {
	bool ran;
	unsigned int filters; /* of /proc/self/status; 0: not told */
	bool first, second;   /* the layers' own errors came back */
	bool no_new_privs;
};

static int look(const char *result)
{
	struct sight sight = {.ran = true, .filters = filters_here()};
	int fd = open(result, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	sight.first = syscall(SYS_getppid) == -1 && errno == 1;
	sight.second = syscall(SYS_getpgid, 0) == -1 && errno == 2;
	sight.no_new_privs = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
	return fd < 0 || write(fd, &sight, sizeof(sight)) != (ssize_t)sizeof(sight);
}

static char self[512]; /* this executable */

static struct sight what_ran(void)
{
	struct sight sight = {0};
	int fd = open(in_top("result"), O_RDONLY | O_CLOEXEC);

	if (fd >= 0) {
		assert_int_equal(read(fd, &sight, sizeof(sight)), (ssize_t)sizeof(sight));
		close(fd);
		unlink(in_top("result"));
	}
	return sight;
}

#ifdef CAN_REPLACE

/* ---- the tracer ---- */

enum how {
	NOTHING,
	RETURN,	 /* not made; value is what comes back */
	PRETEND, /* not made; all that was asked for is said to be done (read: all bytes) */
	KILL
};

struct fault {
	enum how how;
	long value;
	unsigned int at; /* the call, from 1, counted from the loader's start */
	/* filled in */
	bool struck;
	long nr;
	bool installs; /* it was the one that installs a program: not a probe */
};

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

/* A program with instructions; the trial that comes before has none. */
static bool installs(pid_t pid, const struct __ptrace_syscall_info *info)
{
	uint64_t program = info->entry.args[2];

	if (!program || !((info->entry.nr == SYS_seccomp && info->entry.args[0] == 1) ||
			  (info->entry.nr == SYS_prctl && info->entry.args[0] == PR_SET_SECCOMP)))
		return false;
	return ptrace(PTRACE_PEEKDATA, pid, program, NULL) & 0xffff;
}

static void strike(pid_t pid, struct fault *fault, const struct __ptrace_syscall_info *info,
		   bool *skipped)
{
	fault->struck = true;
	fault->nr = (long)info->entry.nr;
	fault->installs = installs(pid, info);
	if (fault->how == PRETEND)
		fault->value = info->entry.nr == SYS_read ? (long)info->entry.args[2] : 0;
	if (fault->how == KILL) {
		kill(pid, SIGKILL);
	} else {
		skip_call(pid);
		*skipped = true;
	}
}

/* Runs the loader until it is another program; its status, or 1000 and the signal. */
static int run_with(const char *const *argv, struct fault *fault)
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
		} else if (info.op == PTRACE_SYSCALL_INFO_ENTRY && ++calls == fault->at &&
			   fault->how != NOTHING) {
			strike(pid, fault, &info, &skipped);
		}
	}
	/* Killed while it was stopped. */
	while (WIFSTOPPED(status) && waitpid(pid, &status, 0) == pid)
		ptrace(PTRACE_CONT, pid, 0, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

/* ---- the scenarios ---- */

static const struct sock_filter deny_getpgid[] = {LOAD(0), IS(SYS_getpgid, SECCOMP_RET_ERRNO | 2),
						  RET(SECCOMP_RET_ALLOW)};

static struct blob two_layers(void)
{
	struct blob b = simple();

	b.layer[1] =
		(struct sb_blob_layer_in){.insn = deny_getpgid, .insn_count = COUNT(deny_getpgid)};
	b.layer_count = 2;
	return b;
}

struct scenario {
	void (*prepare)(void); /* before each run */
	bool stale;	       /* the command must not run at all */
	const char *option;
};

static void fail_at(const struct fault *fault, unsigned int at, int status, const char *what)
{
	fail_msg("call %u (number %ld), %s %ld: status %d: %s", at, fault->nr,
		 fault->how == KILL	 ? "killed"
		 : fault->how == PRETEND ? "pretended"
					 : "result",
		 fault->value, status, what);
}

/* musl ends a program that cannot have its thread pointer, before main(). */
static bool is_libc_start(const struct fault *fault, int status)
{
	return fault->at == 1 && status >= 1000;
}

/* Runs once; false when there is no such call any more. */
static bool try_fault(const struct scenario *scenario, struct fault fault, unsigned int before)
{
	const char *const argv[] = {LOADER, "-C", "c1",	    "-C",
				    "c2",   "-P", "p",	    scenario->option,
				    "test", self, "--look", in_top("result"),
				    NULL};
	const unsigned int at = fault.at;
	struct sight sight;
	int status;

	scenario->prepare();
	status = run_with(argv, &fault);
	sight = what_ran();
	if (!fault.struck && fault.how != NOTHING)
		return false;
	if (fault.installs && fault.how != KILL && fault.value >= 0)
		return true; /* who answers so is the kernel, or may as well be */
	if (sight.ran && scenario->stale)
		fail_at(&fault, at, status, "it ran, and its filter is stale");
	if (sight.ran && !(sight.first && sight.second))
		fail_at(&fault, at, status, "it ran without its filter");
	if (sight.ran && sight.filters && sight.filters != before + 2)
		fail_at(&fault, at, status, "the kernel counts other filters");
	if (sight.ran && !sight.no_new_privs)
		fail_at(&fault, at, status, "it ran without no_new_privs");
	if (!sight.ran && status != 125 && status != 126 && status != 127 &&
	    !(fault.how == KILL && status == 1000 + SIGKILL) && !is_libc_start(&fault, status))
		fail_at(&fault, at, status, "it did not run, and the status does not say so");
	return true;
}

static unsigned int try_all(const struct scenario *scenario)
{
	static const int errors[] = {EPERM,  ENOENT, EINTR,  EIO,    EAGAIN, ENOMEM,
				     EFAULT, EINVAL, EMFILE, ENOSPC, ENOSYS, EOPNOTSUPP};
	const unsigned int before = filters_here();
	struct fault none = {.how = NOTHING};
	unsigned int at = 1;

	assert_true(try_fault(scenario, none, before));
	for (;; at++) {
		bool there = try_fault(scenario, (struct fault){.how = KILL, .at = at}, before);

		if (!there)
			break;
		for (uint32_t i = 0; i < COUNT(errors); i++)
			try_fault(scenario,
				  (struct fault){.how = RETURN, .value = -errors[i], .at = at},
				  before);
		try_fault(scenario, (struct fault){.how = RETURN, .value = 0, .at = at}, before);
		try_fault(scenario, (struct fault){.how = RETURN, .value = 1, .at = at}, before);
		try_fault(scenario, (struct fault){.how = PRETEND, .at = at}, before);
	}
	print_message("%u calls, each with %u faults\n", at - 1, COUNT(errors) + 4);
	return at - 1;
}

static void run_scenario(const struct scenario *scenario)
{
#ifdef SANITIZED
	skip(); /* the loader is then an ordinary dynamic program */
#endif
	/* All calls of the usual path, at least. */
	assert_in_range(try_all(scenario), 20, 400);
}

static void put_warm(void)
{
	struct blob b = two_layers();

	put_blob(entry("c1", "test"), &b);
}

static void test_warm(void **state)
{
	(void)state;
	run_scenario(&(struct scenario){.prepare = put_warm, .option = "--no-compile"});
	/* And without a fault it runs. */
	assert_int_equal(RUN("test", self, "--look", in_top("result")), 0);
	assert_true(what_ran().second);
}

static void put_second(void)
{
	put_text(entry("c1", "test"), "not a blob", 0644);
	struct blob b = two_layers();
	put_blob(entry("c2", "test"), &b);
}

static void test_second_root(void **state)
{
	(void)state;
	run_scenario(&(struct scenario){.prepare = put_second, .option = "--no-compile"});
}

/* The compiler puts a blob there; its own calls are not disturbed. */
static void put_missing(void)
{
	struct blob b = two_layers();
	char text[1500];

	unlink(in_top(entry("c1", "test")));
	put_blob("ready.sbk", &b);
	snprintf(text, sizeof(text), "#!/bin/sh\nexec cp %s %s\n", in_top("ready.sbk"),
		 in_top(entry("c1", "test")));
	put_text("bin/secbake", text, 0755);
}

static void test_compiled(void **state)
{
	(void)state;
	run_scenario(&(struct scenario){.prepare = put_missing, .option = "-v"});
}

static void put_stale(void)
{
	put_warm();
	put_text("p/test.json", "{\"another\": \"policy\"}", 0644);
}

static void test_stale(void **state)
{
	(void)state;
	run_scenario(
		&(struct scenario){.prepare = put_stale, .stale = true, .option = "--no-compile"});
}

#endif /* CAN_REPLACE */

int main(int argc, char **argv)
{
	ssize_t length;

	if (argc == 3 && !strcmp(argv[1], "--look"))
		return look(argv[2]);
	length = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (length <= 0)
		snprintf(self, sizeof(self), "%s", argv[0]);
#ifdef CAN_REPLACE
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {T(test_warm), T(test_second_root), T(test_compiled),
					   T(test_stale)};

	return cmocka_run_group_tests_name("exec_faults", tests, NULL, NULL);
#else
	puts("no system calls can be replaced here: only on x86_64 and aarch64");
	return 77;
#endif
}
