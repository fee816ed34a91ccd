/* SPDX-License-Identifier: MIT */
/*
 * Policies with NOTIFY, from their text to an agent that answers: what the agent is sent, field
 * by field against "The Container Process State" of the OCI runtime specification
 * (config-linux.md; "state": runtime.md), and that the descriptor beside it is good for its
 * purpose, with each flag that the policy asks for. The agent is this process; it takes no
 * word of the loader's for granted.
 */
#include "tests/lib/exec_world.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

#define NO_PROCESS 0x7fffffff /* more than any has */

/* ---- the command: makes the call that the agent is asked about, and says what came of it ---- */

static volatile sig_atomic_t signals;

static void on_signal(int signal)
{
	(void)signal;
	signals++;
}

static int ask(void)
{
	struct sigaction action = {.sa_handler = on_signal}; /* not SA_RESTART */
	long r;

	sigaction(SIGUSR1, &action, NULL);
	r = syscall(SYS_getsid, NO_PROCESS);
	printf("getsid %ld, errno %d, signals %d\n", r, r < 0 ? errno : 0, (int)signals);
	return 0;
}

static char self[512];

/* ---- the policy ---- */

#define OCI_START \
	"{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"listenerPath\": \"%s\", %s\"syscalls\": "
#define OCI_END "[%s{\"names\": [%s], \"action\": \"SCMP_ACT_NOTIFY\"}]}"
#define NATIVE                                                                            \
	"{\"secbake\": 1, \"default\": \"allow\", \"notify\": {\"listener\": \"%s\"%s}, " \
	"\"rules\": [{\"syscalls\": [\"getsid\"], \"action\": \"notify\"}]}"

static void compile(const char *text)
{
	const char *const refresh[] = {
		SECBAKE_BIN_DIR "/secbake", "refresh", "-q", "-C", "c1", "-P", "p", "test", NULL};

	put_text("p/test.json", text, 0644);
	if (run_how(refresh, 0))
		fail_msg("%s", output);
}

static void compile_oci_of(const char *names, const char *rules)
{
	char text[2048];

	snprintf(text, sizeof(text), OCI_START OCI_END, in_top("agent"), "", rules, names);
	compile(text);
}

/* more: members of an OCI policy, each with its comma. */
static void compile_oci(const char *more)
{
	char text[2048];

	snprintf(text, sizeof(text), OCI_START OCI_END, in_top("agent"), more, "", "\"getsid\"");
	compile(text);
}

/* ---- the agent ---- */

static struct sockaddr_un address_of_agent(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", in_top("agent"));
	return address;
}

static int listen_here(void)
{
	struct sockaddr_un address = address_of_agent();
	int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	unlink(address.sun_path);
	assert_int_equal(bind(s, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(s, 4), 0);
	return s;
}

/* A connection, all that came over it, and the one descriptor that came along. */
struct session {
	int listening, out; /* out: what the command says */
	pid_t loader;
	int fd;
	char text[20000];
	size_t size;
	json_t *state;
};

static void one_message(int connection, struct session *s, ssize_t *got)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(8 * sizeof(int))]; /* more than may come */
	} control = {.bytes = {0}};
	struct iovec iov = {.iov_base = s->text + s->size, .iov_len = sizeof(s->text) - s->size};
	struct msghdr message = {.msg_iov = &iov,
				 .msg_iovlen = 1,
				 .msg_control = control.bytes,
				 .msg_controllen = sizeof(control.bytes)};
	struct cmsghdr *c;

	*got = recvmsg(connection, &message, MSG_CMSG_CLOEXEC);
	assert_true(*got >= 0);
	assert_false(message.msg_flags & MSG_CTRUNC);
	c = CMSG_FIRSTHDR(&message);
	if (!c)
		return;
	/* "the file descriptors MUST be sent only in the first call" */
	assert_int_equal(s->size, 0);
	assert_int_equal(c->cmsg_level, SOL_SOCKET);
	assert_int_equal(c->cmsg_type, SCM_RIGHTS);
	assert_int_equal(c->cmsg_len, CMSG_LEN(sizeof(int)));
	assert_null(CMSG_NXTHDR(&message, c));
	memcpy(&s->fd, CMSG_DATA(c), sizeof(s->fd));
}

/* "exactly one container process state per connection", which is closed after it. */
static void receive(struct session *s)
{
	int connection = accept4(s->listening, NULL, NULL, SOCK_CLOEXEC);
	const struct timeval patience = {.tv_sec = 20}; /* for what would never come */
	json_error_t error;
	ssize_t got;

	assert_true(connection >= 0);
	setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	s->fd = -1;
	s->size = 0;
	do {
		one_message(connection, s, &got);
		s->size += (size_t)got;
		assert_true(s->size < sizeof(s->text));
	} while (got);
	close(connection);
	assert_true(s->fd >= 0);
	s->state = json_loadb(s->text, s->size, JSON_REJECT_DUPLICATES, &error);
	if (!s->state)
		fail_msg("%s at %d of: %.*s", error.text, error.position, (int)s->size, s->text);
}

/* An outer filter that lets no program be installed but with just these flags. */
static void demand_flags(uint32_t flags)
{
	struct sock_filter insn[] = {
		LOAD(0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_seccomp, 0, 7),
		LOAD(16), /* the operation: what the probes ask beside it, the kernel answers */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SECCOMP_SET_MODE_FILTER, 0, 5),
		LOAD(16 + 8 * 2), /* the program; the probes have none */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 3, 0),
		LOAD(16 + 8 * 1),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, flags, 1, 0),
		RET(SECCOMP_RET_ERRNO | 99),
		RET(SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = {.len = COUNT(insn), .filter = insn};

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program))
		_exit(97);
}

static void start(struct session *s, uint32_t demanded)
{
	int out[2];

	*s = (struct session){.listening = listen_here(), .fd = -1};
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	s->loader = fork();
	assert_true(s->loader >= 0);
	if (!s->loader) {
		if (demanded)
			demand_flags(demanded);
		become(ARGV("--no-compile", "test", self, "--ask"), 0, out[1]);
	}
	close(out[1]);
	s->out = out[0];
}

/* Waits for the command, and reads what it said into output. */
static int finish(struct session *s)
{
	size_t used = 0;
	int status;
	ssize_t got;

	while (used < sizeof(output) - 1 &&
	       (got = read(s->out, output + used, sizeof(output) - 1 - used)) > 0)
		used += (size_t)got;
	output[used] = '\0';
	assert_int_equal(waitpid(s->loader, &status, 0), s->loader);
	close(s->out);
	close(s->listening);
	if (s->fd >= 0)
		close(s->fd);
	json_decref(s->state);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static struct seccomp_notif asked(const struct session *s)
{
	struct seccomp_notif request = {0};

	assert_int_equal(ioctl(s->fd, SECCOMP_IOCTL_NOTIF_RECV, &request), 0);
	assert_int_equal(request.pid, s->loader);
	assert_int_equal(request.data.nr, SYS_getsid);
	assert_int_equal(request.data.arch, features.arch->audit_arch);
	assert_int_equal(request.data.args[0], NO_PROCESS);
	return request;
}

static void answer(const struct session *s, uint64_t id, int32_t error, int64_t value,
		   uint32_t flags)
{
	struct seccomp_notif_resp response = {
		.id = id, .error = error, .val = value, .flags = flags};

	assert_int_equal(ioctl(s->fd, SECCOMP_IOCTL_NOTIF_SEND, &response), 0);
}

/* The whole: the command made its call, and got this. */
static void ends_with(struct session *s, const char *what)
{
	assert_int_equal(finish(s), 0);
	assert_string_equal(output, what);
}

static void refuse_and_end(struct session *s)
{
	answer(s, asked(s).id, -95, 0, 0);
	ends_with(s, "getsid -1, errno 95, signals 0\n");
}

static bool have(uint32_t flags)
{
	return (features.flags & flags) == flags;
}

/* ---- the state, field by field ---- */

/* "SemVer v2.0.0": three numbers; nothing behind them is needed here. */
static void assert_semver(const json_t *value)
{
	unsigned int part[3];
	char rest;

	assert_true(json_is_string(value));
	assert_int_equal(
		sscanf(json_string_value(value), "%u.%u.%u%c", &part[0], &part[1], &part[2], &rest),
		3);
}

static void assert_only(const json_t *object, const char *const *known, size_t count)
{
	const char *key;
	json_t *value;

	assert_true(json_is_object(object));
	json_object_foreach((json_t *)(uintptr_t)object, key, value)
	{
		bool found = false;

		for (size_t i = 0; i < count; i++)
			found |= !strcmp(key, known[i]);
		if (!found)
			fail_msg("the specification has no \"%s\" there", key);
	}
}

static void assert_text(const json_t *object, const char *key, const char *expected)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_string(value))
		fail_msg("no text \"%s\"", key);
	assert_string_equal(json_string_value(value), expected);
}

static void assert_pid(const json_t *object, pid_t expected)
{
	const json_t *value = json_object_get(object, "pid");

	assert_true(json_is_integer(value));
	assert_int_equal(json_integer_value(value), expected);
}

static void assert_fields(const struct session *s, const char *metadata)
{
	static const char *const outer[] = {"ociVersion", "fds", "pid", "metadata", "state"};
	static const char *const inner[] = {"ociVersion", "id",	    "status",
					    "pid",	  "bundle", "annotations"};
	const json_t *state = json_object_get(s->state, "state");
	const json_t *fds = json_object_get(s->state, "fds");

	assert_only(s->state, outer, COUNT(outer));
	assert_semver(json_object_get(s->state, "ociVersion"));
	/* One name for the one descriptor. */
	assert_true(json_is_array(fds));
	assert_int_equal(json_array_size(fds), 1);
	assert_true(json_is_string(json_array_get(fds, 0)));
	assert_string_equal(json_string_value(json_array_get(fds, 0)), "seccompFd");
	/* The loader becomes the command: one process. */
	assert_pid(s->state, s->loader);
	if (metadata)
		assert_text(s->state, "metadata", metadata);
	else
		assert_null(json_object_get(s->state, "metadata"));
	/* runtime.md, "State" */
	assert_only(state, inner, COUNT(inner));
	assert_semver(json_object_get(state, "ociVersion"));
	assert_text(state, "id", "test");
	assert_text(state, "status", "creating"); /* the program has not been executed */
	assert_pid(state, s->loader);
	assert_text(state, "bundle", "/"); /* absolute; there is none */
}

static void test_state(void **state)
{
	struct session s;

	(void)state;
	if (!have(SECBAKE_FLAG_NEW_LISTENER))
		skip();
	compile_oci("");
	start(&s, 0);
	receive(&s);
	assert_fields(&s, NULL);
	refuse_and_end(&s);
	compile_oci("\"listenerMetadata\": \"MKNOD=/dev/null,/dev/net/tun\", ");
	start(&s, 0);
	receive(&s);
	assert_fields(&s, "MKNOD=/dev/null,/dev/net/tun");
	refuse_and_end(&s);
}

static void test_native_policy(void **state)
{
	struct session s;
	char text[1024];

	(void)state;
	if (!have(SECBAKE_FLAG_NEW_LISTENER))
		skip();
	snprintf(text, sizeof(text), NATIVE, in_top("agent"), ", \"metadata\": \"m\"");
	compile(text);
	start(&s, 0);
	receive(&s);
	assert_fields(&s, "m");
	refuse_and_end(&s);
}

/* What the policy's author wrote is what the agent reads, whatever it is. */
static void metadata_arrives(const char *metadata)
{
	json_t *policy =
		json_pack("{s:s, s:s, s:s, s:[{s:[s], s:s}]}", "defaultAction", "SCMP_ACT_ALLOW",
			  "listenerPath", in_top("agent"), "listenerMetadata", metadata, "syscalls",
			  "names", "getsid", "action", "SCMP_ACT_NOTIFY");
	char *text = json_dumps(policy, JSON_ENSURE_ASCII);
	struct session s;

	assert_non_null(text);
	compile(text);
	free(text);
	json_decref(policy);
	start(&s, 0);
	receive(&s);
	assert_fields(&s, metadata);
	refuse_and_end(&s);
}

static void test_metadata(void **state)
{
	static char every[256], longest[6001];
	size_t used = 0;

	(void)state;
	if (!have(SECBAKE_FLAG_NEW_LISTENER))
		skip();
	for (char c = 1; c > 0 && c < 0x7f; c++)
		every[used++] = c;
	every[used++] = 0x7f;
	metadata_arrives(every); /* quotes, backslashes and controls among them */
	metadata_arrives("\"");
	metadata_arrives("\\\\\"\\u0022\\n");
	metadata_arrives("</script>\n\t\r\b\f");
	metadata_arrives("\xc3\xa9 \xe6\xbc\xa2 \xf0\x9f\x98\x80 \xe2\x80\xa8 \xef\xbf\xbf");
	metadata_arrives("{\"pid\": 1}, \"pid\": 1");
	memset(longest, '\n', sizeof(longest) - 1);
	longest[2500] = '\0'; /* six bytes each as JSON */
	metadata_arrives(longest);
	memset(longest, 'x', sizeof(longest) - 1);
	metadata_arrives(longest);
}

/* More than the loader has room for: told while nothing is in force. */
static void test_metadata_too_long(void **state)
{
	static char longest[3000];
	struct blob b = simple();
	int listening;

	(void)state;
	if (!have(SECBAKE_FLAG_NEW_LISTENER))
		skip();
	memset(longest, 1, sizeof(longest) - 1);
	b.layer[0].filter_flags = SECBAKE_FLAG_NEW_LISTENER;
	b.listener_path = in_top("agent");
	b.listener_metadata = longest;
	put_blob(entry("c1", "test"), &b);
	listening = listen_here();
	assert_int_equal(RUN("--no-compile", "test", "echo", "ran"), 125);
	said("the policy's listenerMetadata is too long to be handed over");
	not_said("ran\n");
	close(listening);
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
		T(test_state),		T(test_native_policy),
		T(test_metadata),	T(test_metadata_too_long),
		T(test_answers),	T(test_asked_about_execve),
		T(test_agent_hangs_up), T(test_flags),
		T(test_wait_killable),
	};
	ssize_t length;

	if (argc == 2 && !strcmp(argv[1], "--ask"))
		return ask();
	length = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (length <= 0)
		snprintf(self, sizeof(self), "%s", argv[0]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
