/* SPDX-License-Identifier: MIT */
/*
 * secbake-exec among other processes: the agent that it hands the listener to, what it does
 * as PID 1 and with raised privileges, and its command line.
 */
#include "tests/lib/exec_world.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

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

/* A blob of these instructions, whose listener goes to the agent. */
static struct blob listened_to(const struct sock_filter *insn, uint32_t count)
{
	struct blob b = simple();

	b.layer[0] = (struct sb_blob_layer_in){
		.filter_flags = SECBAKE_FLAG_NEW_LISTENER, .insn = insn, .insn_count = count};
	b.listener_path = in_top("agent");
	return b;
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
	struct blob b = listened_to(notify_mkdir, COUNT(notify_mkdir));
	char text[4096], expected[64];
	int listening, connection, fd, status;
	pid_t pid;

	(void)state;
	if (!(features.flags & SECBAKE_FLAG_NEW_LISTENER))
		skip();
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
	struct blob b = listened_to(allow, COUNT(allow));
	int listening, waiting[8], count = 0;

	(void)state;
	if (!(features.flags & SECBAKE_FLAG_NEW_LISTENER))
		skip();
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
	struct blob b = listened_to(notify_sendmsg, COUNT(notify_sendmsg));
	int listening;

	(void)state;
	if (!(features.flags & SECBAKE_FLAG_NEW_LISTENER))
		skip();
	b.listener_path = NULL;
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
	struct blob b = listened_to(notify_sendmsg, COUNT(notify_sendmsg));
	int listening, connection, status;
	char received[64];

	(void)state;
	if (!(features.flags & SECBAKE_FLAG_NEW_LISTENER))
		skip();
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
	assert_int_equal(run_how(ARGV("--no-compile", "test", "sh", "-c",
				      "echo ran $$; cat /proc/thread-self/status"),
				 NEW_PID),
			 0);
	said("ran 1");
	said("STARTING WITHOUT ITS SECCOMP FILTER");
	said("NoNewPrivs:\t1");
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

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(test_listener),
		T(test_listener_does_not_accept),
		T(test_listener_deadlock),
		T(test_listener_without_stderr),
		T(test_pid_1),
		T(test_raised_privileges),
		T(test_usage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
