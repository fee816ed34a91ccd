/* SPDX-License-Identifier: MIT */
/*
 * secbake-exec among other processes: the compiler that it runs, the agent that
 * it hands the listener to, what it does as PID 1 and with raised privileges,
 * and, under a tracer, how many system calls it makes and what it does when its
 * file is cut while it reads.
 */
#include "tests/lib/exec_world.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* ---- the compiler ---- */

#define NOTE_ARGUMENTS                                                              \
	"#!/bin/sh\n"                                                               \
	"{ echo \"$0 $*\"; pwd; umask; env | grep -v -E '^(PWD|OLDPWD|SHLVL|_)='; " \
	"ls /proc/self/fd; } > %s/note\n"

static void put_compiler(const char *then)
{
	char text[2048];

	snprintf(text, sizeof(text), NOTE_ARGUMENTS "%s\n", top, then);
	put_text("bin/secbake", text, 0755);
}

static void read_note(char note[2048])
{
	int fd = open(in_top("note"), O_RDONLY);
	ssize_t got = fd < 0 ? -1 : read(fd, note, 2047);

	assert_true(got >= 0);
	note[got] = '\0';
	close(fd);
}

static void test_compiles(void **state)
{
	struct blob b = simple();
	char then[1024], note[2048], expected[2048];

	(void)state;
	put_blob("ready.sbk", &b);
	snprintf(then, sizeof(then), "echo noise; read x; cp %s %s", in_top("ready.sbk"),
		 in_top(entry("c1", "test")));
	put_compiler(then);
	assert_int_equal(RUN("test", "echo", "ran"), 0);
	assert_string_equal(output, "noise\nran\n"); /* the first on standard error; see below */
	read_note(note);
	snprintf(expected, sizeof(expected),
		 "%s/bin/secbake refresh --quiet -C %s/c1 -C %s/c2 -P %s/p -- test\n/\n0022\n", top,
		 top, top, top);
	assert_memory_equal(note, expected, strlen(expected));
	/* No environment, and no descriptors but the standard ones and that of ls. */
	assert_string_equal(note + strlen(expected), "0\n1\n2\n3\n");
	/* Now that it is there, nobody is asked again. */
	assert_int_equal(unlink(in_top("note")), 0);
	assert_int_equal(RUN("test", "echo", "ran"), 0);
	assert_int_equal(access(in_top("note"), F_OK), -1);
	/* The compiler's output is not the command's. */
	assert_int_equal(unlink(in_top(entry("c1", "test"))), 0);
	assert_int_equal(
		run_how((const char *const[]){"/bin/sh", "-c",
					      "bin/secbake-exec -C c1 -P p test echo ran 2>err",
					      NULL},
			0),
		0);
	assert_string_equal(output, "ran\n");
}

static void test_compiler_fails(void **state)
{
	(void)state;
	put_compiler("echo test.json:1: wrong >&2; exit 3");
	assert_int_equal(RUN("test", "echo", "ran"), 125);
	said("test.json:1: wrong");
	said("failed with status 3");
	not_said("ran");
	put_compiler("exit 0"); /* and yet nothing is there */
	assert_int_equal(RUN("test", "echo", "ran"), 125);
	said("there is no ");
	not_said("ran");
	put_compiler("kill -11 $$");
	assert_int_equal(RUN("test", "echo", "ran"), 125);
	said("killed by signal 11");
}

/* A closed standard error is no place for a file of the compiler's. */
static void test_compiler_without_stderr(void **state)
{
	char then[1024], note[2048];
	int status;

	(void)state;
	snprintf(then, sizeof(then), "exec 3>%s/opened; readlink /proc/$$/fd/2 > %s/note", top,
		 top);
	put_compiler(then);
	status = run_how((const char *const[]){"/bin/sh", "-c",
					       "exec bin/secbake-exec -C c1 -P p test true 2>&-",
					       NULL},
			 0);
	assert_int_equal(status, 125);
	read_note(note);
	assert_string_equal(note, "/dev/null\n");
}

/* What keeps it from being run at all is said, too. */
static void test_compiler_cannot_start(void **state)
{
	(void)state;
	put_text("bin/secbake", "#!/nonexistent/interpreter\n", 0755);
	assert_int_equal(RUN("test", "echo", "ran"), 125);
	said("bin/secbake (No such file or directory)");
	not_said("ran\n");
	assert_int_equal(chmod(in_top("bin/secbake"), 0644), 0);
	assert_int_equal(RUN("test", "echo", "ran"), 125);
	said("bin/secbake (Permission denied)");
}

/* One that does not end is ended, and what it started does not hold up the loader. */
static void test_compiler_hangs(void **state)
{
	char copy[600];
	time_t start = time(NULL);

	(void)state;
	/* It runs the compiler beside itself. */
	snprintf(copy, sizeof(copy), "cp %s %s", SECBAKE_HASTY_EXEC, in_top("bin/hasty"));
	assert_int_equal(run_how((const char *const[]){"/bin/sh", "-c", copy, NULL}, 0), 0);
	put_compiler("trap '' TERM; exec sleep 50");
	assert_int_equal(run_how((const char *const[]){in_top("bin/hasty"), "-C", "c1", "-P", "p",
						       "test", "echo", "ran", NULL},
				 0),
			 125);
	said("took more than 2 seconds and was killed");
	not_said("ran\n");
	assert_in_range(time(NULL) - start, 1, 40);
}

/* However few descriptors there are: it runs under its filter, or says why not. */
static void test_few_descriptors(void **state)
{
	char script[1200];
	unsigned int ran = 0;

	(void)state;
	put_simple();
	for (int limit = 3; limit < 24; limit++) {
		int status;

		snprintf(script, sizeof(script),
			 "ulimit -n %d; exec %s -C c1 -P p --no-compile test echo ran", limit,
			 LOADER);
		status = run_how((const char *const[]){"/bin/sh", "-c", script, NULL}, 0);
		if (!status) {
			said("ran");
			ran++;
			continue;
		}
		not_said("ran\n");
#ifdef SANITIZED
		if (status == 127) /* ld.so has none for the libraries of such a loader */
			continue;
#endif
		assert_int_equal(status, 125);
		said("cannot open");
	}
	assert_in_range(ran, 1, 20); /* both happened */
}

static void test_untrusted_compiler(void **state)
{
	struct blob b = simple();
	char then[1024];

	(void)state;
	put_blob("ready.sbk", &b);
	snprintf(then, sizeof(then), "cp %s %s", in_top("ready.sbk"), in_top(entry("c1", "test")));
	put_compiler(then);
	assert_int_equal(chmod(in_top("bin"), 0777), 0);
	assert_int_equal(RUN("test", "echo", "ran"), 125);
	said("the compiler may not be run");
	said("bin can be written by group or others");
	assert_int_equal(access(in_top("note"), F_OK), -1);
	assert_int_equal(chmod(in_top("bin"), 0755), 0);
	assert_int_equal(chmod(in_top("bin/secbake"), 0775), 0);
	assert_int_equal(RUN("test", "echo", "ran"), 125);
	assert_int_equal(access(in_top("note"), F_OK), -1);
	assert_int_equal(chmod(in_top("bin/secbake"), 0755), 0);
	assert_int_equal(RUN("--no-compile", "test", "echo", "ran"), 125);
	assert_int_equal(access(in_top("note"), F_OK), -1);
}

/* Without -C, somebody without privileges compiles into a cache of their own. */
static void test_per_user_cache(void **state)
{
	static char home[300];
	static const char *environment[] = {"PATH=/usr/bin:/bin", home, NULL};
	char note[2048], expected[1024];
	const char *const argv[] = {LOADER, "-P", "p", "no-such-policy-anywhere", "true", NULL};

	(void)state;
	snprintf(home, sizeof(home), "HOME=%s", top);
	put_compiler("exit 3");
	if (!geteuid())
		assert_int_equal(chown(top, STRANGER, STRANGER), 0);
	run_environment = environment;
	assert_int_equal(run_how(argv, geteuid() ? 0 : AS_OTHER), 125);
	run_environment = NULL;
	if (!geteuid())
		assert_int_equal(chown(top, 0, 0), 0);
	read_note(note);
	snprintf(expected, sizeof(expected),
		 "refresh --quiet -P %s/p -C %s/.cache/secbake -- no-such-policy-anywhere\n", top,
		 top);
	if (!strstr(note, expected))
		fail_msg("%s", note);
}

/* ---- the listener ---- */

static int agent(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", in_top("agent"));
	assert_int_equal(bind(s, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(s, 1), 0);
	return s;
}

static int receive(int s, char *text, size_t size)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov = {.iov_base = text, .iov_len = size - 1};
	struct msghdr message = {.msg_iov = &iov,
				 .msg_iovlen = 1,
				 .msg_control = control.bytes,
				 .msg_controllen = sizeof(control.bytes)};
	ssize_t got = recvmsg(s, &message, MSG_CMSG_CLOEXEC);
	int fd = -1;

	assert_true(got > 0);
	text[got] = '\0';
	assert_non_null(CMSG_FIRSTHDR(&message));
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
	return fd;
}

/* Answers the first call that it is asked about with errno 95. */
static void answer(int fd)
{
	struct seccomp_notif request = {0};
	struct seccomp_notif_resp response = {.error = -95};

	assert_int_equal(syscall(SYS_ioctl, fd, SECCOMP_IOCTL_NOTIF_RECV, &request), 0);
	response.id = request.id;
	assert_int_equal(syscall(SYS_ioctl, fd, SECCOMP_IOCTL_NOTIF_SEND, &response), 0);
}

static void test_listener(void **state)
{
	static const struct sock_filter notify_mkdir[] = {LOAD(0),
#ifdef SYS_mkdir
							  IS(SYS_mkdir, SECCOMP_RET_USER_NOTIF),
#endif
							  IS(SYS_mkdirat, SECCOMP_RET_USER_NOTIF),
							  RET(SECCOMP_RET_ALLOW)};
	struct blob b = simple();
	char text[4096], expected[64];
	int listening, connection, fd, status;
	pid_t pid;

	(void)state;
	if (!(features.flags & SECBAKE_FLAG_NEW_LISTENER))
		skip();
	b.layer[0] = (struct sb_blob_layer_in){.filter_flags = SECBAKE_FLAG_NEW_LISTENER,
					       .insn = notify_mkdir,
					       .insn_count = COUNT(notify_mkdir)};
	b.listener_path = in_top("agent");
	b.listener_metadata = "a \"quoted\"\n\\ thing";
	put_blob(entry("c1", "test"), &b);
	assert_int_equal(RUN("test", "echo", "ran"), 125);
	said("cannot connect to the agent");
	not_said("ran");

	listening = agent();
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		int null = open("/dev/null", O_WRONLY);

		become(ARGV("test", "mkdir", "made"), 0, null);
	}
	connection = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
	assert_true(connection >= 0);
	fd = receive(connection, text, sizeof(text));
	assert_true(fd >= 0);
	answer(fd);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 1); /* mkdir failed with the agent's errno */
	close(fd);
	close(connection);
	close(listening);
	snprintf(expected, sizeof(expected), "\"fds\":[\"seccompFd\"],\"pid\":%d,", (int)pid);
	assert_non_null(strstr(text, expected));
	assert_non_null(
		strstr(text, "\"metadata\":\"a \\u0022quoted\\u0022\\u000a\\u005c thing\""));
	assert_non_null(strstr(text, "\"state\":{\"ociVersion\":\""));
	assert_non_null(strstr(text, "\"id\":\"test\",\"status\":\"creating\""));
	assert_int_equal(text[strlen(text) - 1], '}');
}

/* An agent that never accepts: its queue is full. */
static void test_listener_does_not_accept(void **state)
{
	static const struct sock_filter allow[] = {RET(SECCOMP_RET_ALLOW)};
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct blob b = simple();
	int listening, waiting[8], count = 0;

	(void)state;
	if (!(features.flags & SECBAKE_FLAG_NEW_LISTENER))
		skip();
	b.layer[0] = (struct sb_blob_layer_in){.filter_flags = SECBAKE_FLAG_NEW_LISTENER,
					       .insn = allow,
					       .insn_count = COUNT(allow)};
	b.listener_path = in_top("agent");
	put_blob(entry("c1", "test"), &b);
	listening = agent();
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", in_top("agent"));
	for (; count < 8; count++) {
		waiting[count] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (connect(waiting[count], (struct sockaddr *)&address, sizeof(address)))
			break;
	}
	assert_in_range(count, 1, 7);
	assert_int_equal(RUN("test", "echo", "ran"), 125);
	said("cannot connect to the agent");
	not_said("ran\n");
	while (count >= 0)
		close(waiting[count--]);
	close(listening);
}

/* NOTIFY for what hands the descriptor over would wait for ever. */
static void test_listener_deadlock(void **state)
{
	static const struct sock_filter notify_sendmsg[] = {
		LOAD(0), IS(SYS_sendmsg, SECCOMP_RET_USER_NOTIF), RET(SECCOMP_RET_ALLOW)};
	struct blob b = simple();
	int listening;

	(void)state;
	if (!(features.flags & SECBAKE_FLAG_NEW_LISTENER))
		skip();
	b.layer[0] = (struct sb_blob_layer_in){.filter_flags = SECBAKE_FLAG_NEW_LISTENER,
					       .insn = notify_sendmsg,
					       .insn_count = COUNT(notify_sendmsg)};
	put_blob(entry("c1", "test"), &b);
	assert_int_equal(RUN("test", "echo", "ran"), 125);
	said("listenerPath");
	listening = agent();
	b.listener_path = in_top("agent");
	put_blob(entry("c1", "test"), &b);
	assert_int_equal(RUN("test", "echo", "ran"), 125);
	said("forbids sendmsg");
	close(listening);
}

/*
 * A closed standard error is no place for the connection to the agent: what the loader says is not
 * the agent's to read. In another feature set: standard input's number goes to the folder that was
 * looked into first, and what is opened after that is closed.
 */
static void test_listener_without_stderr(void **state)
{
	static const struct sock_filter notify_sendmsg[] = {
		LOAD(0), IS(SYS_sendmsg, SECCOMP_RET_USER_NOTIF), RET(SECCOMP_RET_ALLOW)};
	struct blob b = simple();
	int listening, connection, status;
	char received[64];

	(void)state;
	if (!(features.flags & SECBAKE_FLAG_NEW_LISTENER))
		skip();
	b.layer[0] = (struct sb_blob_layer_in){.filter_flags = SECBAKE_FLAG_NEW_LISTENER,
					       .insn = notify_sendmsg,
					       .insn_count = COUNT(notify_sendmsg)};
	b.listener_path = in_top("agent");
	put_blob(other_entry("c1", 7), &b);
	listening = agent();
	status = run_how((const char *const[]){"/bin/sh", "-c",
					       "exec bin/secbake-exec -C c1 -P p --no-compile test "
					       "true 0<&- 1>&- 2>&-",
					       NULL},
			 0);
	assert_int_equal(status, 125);
	connection = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
	assert_true(connection >= 0);
	assert_int_equal(read(connection, received, sizeof(received)), 0);
	close(connection);
	close(listening);
}

/* ---- PID 1, raised privileges ---- */

static void test_pid_1(void **state)
{
	static const char *const run[] = {"PATH=/usr/bin:/bin", "secbake_missing=run", NULL};
	static const char *const other[] = {"PATH=/usr/bin:/bin", "secbake_missing=yes", NULL};

	(void)state;
	if (geteuid())
		skip();
	run_environment = other;
	assert_int_equal(run_how(ARGV("--no-compile", "test", "sh", "-c", "echo ran $$"), NEW_PID),
			 125);
	not_said("ran");
	run_environment = run;
	assert_int_equal(run_how(ARGV("--no-compile", "test", "sh", "-c", "echo ran $$"), NEW_PID),
			 0);
	said("ran 1");
	said("STARTING WITHOUT ITS SECCOMP FILTER");
	/* Not for anybody else; and with a filter, with its filter. */
	assert_int_equal(RUN("--no-compile", "test", "echo", "ran"), 125);
	not_said("ran");
	put_simple();
	assert_int_equal(run_how(ARGV("test", "cat", "/proc/thread-self/status"), NEW_PID), 0);
	not_said("STARTING WITHOUT");
	run_environment = NULL;
}

static void test_raised_privileges(void **state)
{
	struct statvfs vfs;

	(void)state;
	if (geteuid() || statvfs(top, &vfs) || (vfs.f_flag & ST_NOSUID))
		skip();
	put_simple();
	assert_int_equal(chmod(LOADER, 04755), 0);
	put_compiler("exit 0");
	assert_int_equal(
		run_how(ARGV("--complain", "--allow-new-privs", "test", "echo", "ran"), AS_OTHER),
		125);
	said("are ignored");
	said("/run/secbake/cache");
	not_said("ran\n");
	assert_int_equal(access(in_top("note"), F_OK), -1);
}

/* ---- the command line ---- */

static void test_usage(void **state)
{
	(void)state;
	assert_int_equal(RUN("--help"), 0);
	said("Usage: secbake-exec");
	assert_int_equal(RUN("--version"), 0);
	assert_string_equal(output, "secbake-exec " SECBAKE_VERSION "\n");
	assert_int_equal(run_how((const char *const[]){LOADER, NULL}, 0), 125);
	said("the name of a policy is missing");
	assert_int_equal(RUN("test"), 125);
	said("the command is missing");
	assert_int_equal(RUN("test", "--"), 125);
	assert_int_equal(RUN("--frobnicate", "test", "true"), 125);
	said("unknown option --frobnicate");
	assert_int_equal(RUN("-x", "test", "true"), 125);
	assert_int_equal(RUN("../test", "true"), 125);
	said("is not a policy name");
	assert_int_equal(RUN("-C"), 125);
	assert_int_equal(RUN("--blob"), 125);
	assert_int_equal(RUN("--blob=", "test", "true"), 125);
	put_simple();
	assert_int_equal(RUN("-Cc1", "--", "test", "true"), 0);
}

/* ---- counted and disturbed: the loader under ptrace ---- */

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
		T(test_compiles),
		T(test_compiler_fails),
		T(test_compiler_hangs),
		T(test_few_descriptors),
		T(test_compiler_without_stderr),
		T(test_compiler_cannot_start),
		T(test_untrusted_compiler),
		T(test_per_user_cache),
		T(test_listener),
		T(test_listener_does_not_accept),
		T(test_listener_deadlock),
		T(test_listener_without_stderr),
		T(test_pid_1),
		T(test_raised_privileges),
		T(test_usage),
		T(test_few_system_calls),
		T(test_cut_while_read),
		T(test_rewritten_after_the_check),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
