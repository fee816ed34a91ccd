/* SPDX-License-Identifier: MIT */
/*
 * Policies with NOTIFY: the descriptor that the agent is sent is good for its purpose, and
 * comes with each flag that the policy asks for.
 */
#include "tests/lib/exec_world.h"
#include "tests/lib/notify_world.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)

/* ---- the policy ---- */

static void compile_oci_of(const char *names, const char *rules)
{
	char text[2048];

	snprintf(text, sizeof(text), OCI_START OCI_END, in_top("agent"), "", rules, names);
	compile(text);
}

/* ---- the descriptor ---- */

static void test_answers(void **state)
{
	struct session s;

	(void)state;
	if (!have(SECBAKE_FLAG_NEW_LISTENER))
		skip();
	compile_oci("");
	/* An error, a value, the call itself, and nobody there any more. */
	start(&s, 0);
	receive(&s);
	assert_true(fcntl(s.fd, F_GETFD) & FD_CLOEXEC);
	answer(&s, asked(&s).id, -EXDEV, 0, 0);
	ends_with(&s, "getsid -1, errno 18, signals 0\n");
	start(&s, 0);
	receive(&s);
	answer(&s, asked(&s).id, 0, 4711, 0);
	ends_with(&s, "getsid 4711, errno 0, signals 0\n");
	start(&s, 0);
	receive(&s);
	answer(&s, asked(&s).id, 0, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE);
	ends_with(&s, "getsid -1, errno 3, signals 0\n"); /* ESRCH: the call was made */
	start(&s, 0);
	receive(&s);
	close(s.fd);
	s.fd = -1;
	ends_with(&s, "getsid -1, errno 38, signals 0\n");
}

/* Even the loader's own execve: the agent has all by then, and knows that it has. */
static void test_asked_about_execve(void **state)
{
	struct seccomp_notif request = {0}, request2 = {0};
	struct session s;

	(void)state;
	if (!have(SECBAKE_FLAG_NEW_LISTENER))
		skip();
	compile_oci_of("\"execve\"", "");
	start(&s, 0);
	receive(&s);
	assert_int_equal(ioctl(s.fd, SECCOMP_IOCTL_NOTIF_RECV, &request), 0);
	assert_int_equal(request.data.nr, SYS_execve);
	assert_int_equal(request.pid, s.loader);
	answer(&s, request.id, 0, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE);
	ends_with(&s, "getsid -1, errno 3, signals 0\n");
	/* It goes without an answer: the loader does not wait for ever, and says so. */
	start(&s, 0);
	receive(&s);
	assert_int_equal(ioctl(s.fd, SECCOMP_IOCTL_NOTIF_RECV, &request2), 0);
	close(s.fd);
	s.fd = -1;
	assert_int_equal(finish(&s), 126);
	said("cannot be run (Function not implemented)");
	/* A policy that does not let the connection be closed: the command's start does that. */
	compile_oci_of("\"getsid\"",
		       "{\"names\": [\"close\"], \"action\": \"SCMP_ACT_KILL_PROCESS\", \"args\": ["
		       "{\"index\": 0, \"value\": 5, \"op\": \"SCMP_CMP_GE\"}]}, ");
	start(&s, 0);
	receive(&s);
	refuse_and_end(&s);
	/* Nor is anything else asked then that the policy may forbid by now. */
	compile_oci_of("\"getsid\"",
		       "{\"names\": [\"close\"], \"action\": \"SCMP_ACT_TRACE\", \"args\": ["
		       "{\"index\": 0, \"value\": 5, \"op\": \"SCMP_CMP_GE\"}]}, "
		       "{\"names\": [\"read\"], \"action\": \"SCMP_ACT_KILL_PROCESS\", \"args\": ["
		       "{\"index\": 0, \"value\": 5, \"op\": \"SCMP_CMP_GE\"}]}, ");
	start(&s, 0);
	receive(&s);
	refuse_and_end(&s);
}

/* An agent that hangs up before it has the descriptor: the command does not run. */
static void test_agent_hangs_up(void **state)
{
	struct session s;
	int connection;

	(void)state;
	if (!have(SECBAKE_FLAG_NEW_LISTENER))
		skip();
	compile_oci("");
	start(&s, 0);
	connection = accept4(s.listening, NULL, NULL, SOCK_CLOEXEC);
	assert_true(connection >= 0);
	close(connection);
	/* Either it was too late for the agent to hang up, or the loader says so. */
	if (finish(&s) == 125)
		said("cannot hand the descriptor to the agent");
	else
		said("errno 38"); /* it was sent, and closed with the connection */
}

/* ---- flags ---- */

#define FLAGS(list) "\"flags\": [" list "], "
#define TSYNC "\"SECCOMP_FILTER_FLAG_TSYNC\""
#define KILLABLE "\"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV\""
#define LOGGED "\"SECCOMP_FILTER_FLAG_LOG\""

/* The kernel gets just these, and the agent can answer. */
static void flags_arrive(const char *members, uint32_t flags)
{
	struct session s;

	compile_oci(members);
	start(&s, flags);
	receive(&s);
	assert_fields(&s, NULL);
	refuse_and_end(&s);
}

static void test_flags(void **state)
{
	const uint32_t listener = SECCOMP_FILTER_FLAG_NEW_LISTENER;
	const uint32_t killable = SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
	const uint32_t tsync = SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_TSYNC_ESRCH;
	struct session s;

	(void)state;
	if (!have(SECBAKE_FLAG_NEW_LISTENER | SECBAKE_FLAG_TSYNC_ESRCH |
		  SECBAKE_FLAG_WAIT_KILLABLE_RECV | SECBAKE_FLAG_LOG))
		skip();
	flags_arrive(FLAGS(""), listener);
	flags_arrive(FLAGS(KILLABLE), listener | killable);
	flags_arrive(FLAGS(TSYNC), listener | tsync);
	flags_arrive(FLAGS(TSYNC ", " KILLABLE), listener | tsync | killable);
	flags_arrive(FLAGS(LOGGED ", " TSYNC ", " KILLABLE),
		     listener | tsync | killable | SECCOMP_FILTER_FLAG_LOG);
	/* That such a demand can fail: with one flag less. */
	start(&s, listener | tsync | killable);
	s.state = NULL;
	assert_int_equal(finish(&s), 125);
	said("installing program 0");
	not_said("getsid");
}

/* Stopped for the agent, and then comes a signal: is the call interrupted? */
static void test_wait_killable(void **state)
{
	const struct timespec moment = {.tv_nsec = 200000000};
	struct seccomp_notif request;
	struct session s;

	(void)state;
	if (!have(SECBAKE_FLAG_NEW_LISTENER | SECBAKE_FLAG_WAIT_KILLABLE_RECV))
		skip();
	compile_oci(FLAGS(KILLABLE));
	start(&s, 0);
	receive(&s);
	request = asked(&s);
	assert_int_equal(kill(s.loader, SIGUSR1), 0);
	nanosleep(&moment, NULL);
	assert_int_equal(ioctl(s.fd, SECCOMP_IOCTL_NOTIF_ID_VALID, &request.id), 0);
	answer(&s, request.id, 0, 42, 0);
	ends_with(&s, "getsid 42, errno 0, signals 1\n");
	/* Without the flag it is: there is nobody left to answer. */
	compile_oci(FLAGS(""));
	start(&s, 0);
	receive(&s);
	asked(&s);
	assert_int_equal(kill(s.loader, SIGUSR1), 0);
	ends_with(&s, "getsid -1, errno 4, signals 1\n");
}

int main(int argc, char **argv)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(test_answers), T(test_asked_about_execve), T(test_agent_hangs_up),
		T(test_flags),	 T(test_wait_killable),
	};
	ssize_t length;

	if (argc == 2 && !strcmp(argv[1], "--ask"))
		return ask();
	length = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (length <= 0)
		snprintf(self, sizeof(self), "%s", argv[0]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
