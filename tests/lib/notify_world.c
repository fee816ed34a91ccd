/* SPDX-License-Identifier: MIT */
/* A command that asks, policies that ask, and the agent that answers. */
#include "notify_world.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

static volatile sig_atomic_t signals;

static void on_signal(int signal)
{
	(void)signal;
	signals++;
}

int ask(void)
{
	struct sigaction action = {.sa_handler = on_signal}; /* not SA_RESTART */
	long r;

	sigaction(SIGUSR1, &action, NULL);
	r = syscall(SYS_getsid, NO_PROCESS);
	printf("getsid %ld, errno %d, signals %d\n", r, r < 0 ? errno : 0, (int)signals);
	return 0;
}

char self[512];

void compile(const char *text)
{
	const char *const refresh[] = {
		SECBAKE_BIN_DIR "/secbake", "refresh", "-q", "-C", "c1", "-P", "p", "test", NULL};

	put_text("p/test.json", text, 0644);
	if (run_how(refresh, 0))
		fail_msg("%s", output);
}

void compile_oci(const char *more)
{
	char text[2048];

	snprintf(text, sizeof(text), OCI_START OCI_END, in_top("agent"), more, "", "\"getsid\"");
	compile(text);
}

static struct sockaddr_un address_of_agent(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", in_top("agent"));
	return address;
}

int listen_here(void)
{
	struct sockaddr_un address = address_of_agent();
	int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	unlink(address.sun_path);
	assert_int_equal(bind(s, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(s, 4), 0);
	return s;
}

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

void receive(struct session *s)
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

void start(struct session *s, uint32_t demanded)
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

int finish(struct session *s)
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

struct seccomp_notif asked(const struct session *s)
{
	struct seccomp_notif request = {0};

	assert_int_equal(ioctl(s->fd, SECCOMP_IOCTL_NOTIF_RECV, &request), 0);
	assert_int_equal(request.pid, s->loader);
	assert_int_equal(request.data.nr, SYS_getsid);
	assert_int_equal(request.data.arch, features.arch->audit_arch);
	assert_int_equal(request.data.args[0], NO_PROCESS);
	return request;
}

void answer(const struct session *s, uint64_t id, int32_t error, int64_t value, uint32_t flags)
{
	struct seccomp_notif_resp response = {
		.id = id, .error = error, .val = value, .flags = flags};

	assert_int_equal(ioctl(s->fd, SECCOMP_IOCTL_NOTIF_SEND, &response), 0);
}

void ends_with(struct session *s, const char *what)
{
	assert_int_equal(finish(s), 0);
	assert_string_equal(output, what);
}

void refuse_and_end(struct session *s)
{
	answer(s, asked(s).id, -95, 0, 0);
	ends_with(s, "getsid -1, errno 95, signals 0\n");
}

bool have(uint32_t flags)
{
	return (features.flags & flags) == flags;
}

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

void assert_fields(const struct session *s, const char *metadata)
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
