/* SPDX-License-Identifier: MIT */
/*
 * Never unfiltered: each system call that secbake-exec makes before it executes
 * the command is made to fail in turn, with each of several errors; to succeed
 * without being done; and to be the last, by SIGKILL. Whatever happens, a command
 * that runs says itself that its filters are in force. A tracer stands in for the
 * kernel, so that this holds for one lie at a time: who may trace can do worse.
 */
#include "tests/lib/exec_world.h"
#include "tests/lib/tracer.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- the command: it looks at itself ---- */

struct sight {
	bool ran;
	int mode, filters;  /* lines of /proc/self/status; -1: the kernel does not have it */
	bool first, second; /* the layers' own errors came back */
	bool no_new_privs;
};

static void look_at_status(struct sight *sight)
{
	char line[256];
	FILE *status = fopen("/proc/self/status", "re");

	while (status && fgets(line, sizeof(line), status)) {
		sscanf(line, "Seccomp: %d", &sight->mode);
		sscanf(line, "Seccomp_filters: %d", &sight->filters);
	}
	if (status)
		fclose(status);
}

static int look(const char *result)
{
	struct sight sight = {.ran = true, .mode = -1, .filters = -1};
	int fd = open(result, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	look_at_status(&sight);
	sight.first = syscall(SYS_getppid) == -1 && errno == 1;
	sight.second = syscall(SYS_getpgid, 0) == -1 && errno == 2;
	sight.no_new_privs = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
	return fd < 0 || write(fd, &sight, sizeof(sight)) != (ssize_t)sizeof(sight);
}

static char self[512]; /* this executable */

#ifdef CAN_REPLACE

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
	bool keeps_privileges; /* no_new_privs is not set, as was asked for */
	bool by_name;	       /* the command is looked for in PATH */
	const char *option[4];
	long calls[12]; /* numbers that must be among those made; 0 ends */
};

/* What was disturbed, in this scenario; and answered "yes" falsely, in any. */
static unsigned int struck_calls[1024], false_success[PURPOSES];

static const char *how_text(const struct fault *fault)
{
	return fault->how == KILL ? "killed" : fault->how == PRETEND ? "pretended" : "result";
}

static void fail_at(const struct fault *fault, int status, const char *what)
{
	fail_msg("call %u (number %ld, purpose %d), %s %ld: status %d: %s", fault->at,
		 fault->call.nr, (int)fault->call.purpose, how_text(fault), fault->value, status,
		 what);
}

/* musl ends a program that cannot have its thread pointer, before main(). */
static bool is_libc_start(const struct fault *fault, int status)
{
	return fault->at == 1 && status >= 1000;
}

static void judge(const struct scenario *scenario, const struct fault *fault, int status)
{
	const int expected = (int)filters_here() + 2;
	struct sight sight = what_ran();

	if (fault->call.purpose == INSTALLATION && fault->how != KILL && fault->how != NOTHING &&
	    fault->value >= 0)
		return; /* who answers so is the kernel, or may as well be */
	if (!sight.ran) {
		if (status != 125 && status != 126 && status != 127 &&
		    !(fault->how == KILL && status == 1000 + SIGKILL) &&
		    !is_libc_start(fault, status))
			fail_at(fault, status, "it did not run, and the status does not say so");
		return;
	}
	if (scenario->stale)
		fail_at(fault, status, "it ran, and its filter is stale");
	if (!sight.first || !sight.second)
		fail_at(fault, status, "it ran without its filter");
	if (sight.mode != SECCOMP_MODE_FILTER && sight.mode != -1)
		fail_at(fault, status, "its Seccomp: line does not say 2");
	if (sight.filters != expected && sight.filters != -1)
		fail_at(fault, status, "its Seccomp_filters: line says another number");
	if (!sight.no_new_privs && !scenario->keeps_privileges)
		fail_at(fault, status, "it ran without no_new_privs");
}

/* Runs once; false when there is no such call any more. */
static bool try_fault(const struct scenario *scenario, struct fault *fault)
{
	const char *argv[24] = {LOADER, "-C", "c1", "-C", "c2", "-P", "p"};
	size_t used = 7;
	int status;

	for (size_t i = 0; i < COUNT(scenario->option) && scenario->option[i]; i++)
		argv[used++] = scenario->option[i];
	argv[used++] = "test";
	argv[used++] = scenario->by_name ? strrchr(self, '/') + 1 : self;
	argv[used++] = "--look";
	argv[used++] = in_top("result");
	scenario->prepare();
	status = run_with(argv, fault);
	if (!fault->struck && fault->how != NOTHING) {
		what_ran(); /* of no interest: nothing was disturbed */
		return false;
	}
	judge(scenario, fault, status);
	return true;
}

static const int errors[] = {EPERM,  ENOENT, EINTR,  EIO,    EAGAIN, ENOMEM,
			     EFAULT, EINVAL, EMFILE, ENOSPC, ENOSYS, EOPNOTSUPP};

/*
 * One call, in each way; each way must have met the very call that the undisturbed run made.
 * Without one: whichever call is there, if any.
 */
static void try_call(const struct scenario *scenario, unsigned int at, const struct made_call *call)
{
	struct fault faults[COUNT(errors) + 4] = {{.how = KILL},
						  {.how = RETURN, .value = 0},
						  {.how = RETURN, .value = 1},
						  {.how = PRETEND}};

	for (uint32_t i = 0; i < COUNT(errors); i++)
		faults[4 + i] = (struct fault){.how = RETURN, .value = -errors[i]};
	for (uint32_t i = 0; i < COUNT(faults); i++) {
		struct fault *fault = &faults[i];

		fault->at = at;
		if (!try_fault(scenario, fault)) {
			if (call)
				fail_msg("call %u (number %ld) is not there, %s %ld", at, call->nr,
					 how_text(fault), fault->value);
			continue;
		}
		if (call && (fault->call.nr != call->nr || fault->call.purpose != call->purpose))
			fail_msg("call %u is number %ld, and was %ld", at, fault->call.nr,
				 call->nr);
		if (fault->call.nr >= 0 && (size_t)fault->call.nr < COUNT(struck_calls))
			struck_calls[fault->call.nr]++;
		if (fault->how != KILL && fault->value >= 0)
			false_success[fault->call.purpose]++;
	}
}

/* How many more calls a run may make than the undisturbed one, when the compiler takes longer. */
#define WAITS_MAX 6u

/* Waiting for the compiler takes as many calls as it takes: from there on they are as they come. */
static size_t settled(const struct made_call *trace, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (trace[i].nr == SYS_wait4)
			return i;
	return count;
}

static void run_scenario(const struct scenario *scenario)
{
	static struct made_call trace[CALLS_MAX];
	struct fault none = {.how = NOTHING, .trace = trace};
	unsigned int at;
	size_t certain;

#ifdef SANITIZED
	skip(); /* the loader is then an ordinary dynamic program */
#endif
	memset(struck_calls, 0, sizeof(struck_calls));
	assert_true(try_fault(scenario, &none));
	/* The last is the execve of the command, unless there is none. */
	assert_in_range(none.traced, 20, CALLS_MAX - 1);
	certain = settled(trace, none.traced);
	for (at = 1; at <= certain; at++)
		try_call(scenario, at, &trace[at - 1]);
	for (; certain < none.traced && at <= none.traced + WAITS_MAX; at++)
		try_call(scenario, at, NULL);
	/* Each call that is made, by number, was disturbed; and those that this is about are made.
	 */
	for (size_t i = 0; i < none.traced; i++)
		if (!struck_calls[trace[i].nr])
			fail_msg("call number %ld is made, and was never disturbed", trace[i].nr);
	for (const long *nr = scenario->calls; *nr; nr++) {
		size_t i = 0;

		while (i < none.traced && trace[i].nr != *nr)
			i++;
		if (i == none.traced)
			fail_msg("call number %ld is not made: this tests something else", *nr);
	}
	print_message("%u calls, each with %u faults\n", at - 1, COUNT(errors) + 4);
}

static void put_warm(void)
{
	struct blob b = two_layers();

	put_blob(entry("c1", "test"), &b);
}

static void test_warm(void **state)
{
	(void)state;
	run_scenario(&(struct scenario){
		.prepare = put_warm,
		.option = {"--no-compile"},
		.calls = {SYS_seccomp, SYS_prctl, SYS_openat, SYS_fstat, SYS_read, SYS_execve}});
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
	run_scenario(&(struct scenario){.prepare = put_second, .option = {"--no-compile"}});
}

static void put_other_set(void)
{
	struct blob b = two_layers();

	put_blob(other_entry("c2", 7), &b);
}

static void test_other_set(void **state)
{
	(void)state;
	run_scenario(&(struct scenario){.prepare = put_other_set,
					.option = {"--no-compile", "-v"},
					.calls = {SYS_getdents64, SYS_close, SYS_write}});
}

static void put_file(void)
{
	struct blob b = two_layers();

	put_blob("some.sbk", &b);
}

/* With all privileges kept, and the command looked for. */
static void test_blob_file(void **state)
{
	static char path[600];
	static const char *const environment[] = {path, NULL};
	struct scenario scenario = {.prepare = put_file,
				    .keeps_privileges = !geteuid(),
				    .by_name = true,
				    .option = {"--blob", "some.sbk", "--allow-new-privs"},
				    .calls = {SYS_capget}};

	(void)state;
	snprintf(path, sizeof(path), "PATH=/nonexistent:%.*s", (int)(strrchr(self, '/') - self),
		 self);
	run_environment = environment;
	run_scenario(&scenario);
	run_environment = NULL;
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
	run_scenario(&(struct scenario){
		.prepare = put_missing,
		.option = {"-v"},
		.calls = {SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_getcwd, SYS_wait4}});
}

static void put_stale(void)
{
	put_warm();
	put_text("p/test.json", "{\"another\": \"policy\"}", 0644);
}

static void test_stale(void **state)
{
	(void)state;
	run_scenario(&(struct scenario){
		.prepare = put_stale, .stale = true, .option = {"--no-compile"}});
}

/* An agent that takes what it is sent; it is told nothing, and asked nothing. */
static void take_all(int listening)
{
	char text[4096];

	for (;;) {
		int connection = accept4(listening, NULL, NULL, SOCK_CLOEXEC);

		while (connection >= 0 && recv(connection, text, sizeof(text), 0) > 0)
			;
		close(connection);
	}
}

static void put_listening(void)
{
	struct blob b = two_layers();

	b.layer[1].filter_flags = SECBAKE_FLAG_NEW_LISTENER;
	b.listener_path = in_top("agent");
	b.listener_metadata = "m";
	put_blob(entry("c1", "test"), &b);
}

static void test_listener(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	pid_t agent;

	(void)state;
	if (!(features.flags & SECBAKE_FLAG_NEW_LISTENER))
		skip();
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", in_top("agent"));
	assert_int_equal(bind(listening, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(listening, 64), 0);
	agent = fork();
	assert_true(agent >= 0);
	if (!agent) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		take_all(listening);
	}
	close(listening);
	run_scenario(&(struct scenario){
		.prepare = put_listening,
		.option = {"--no-compile"},
		.calls = {SYS_socket, SYS_setsockopt, SYS_connect, SYS_sendmsg, SYS_close}});
	kill(agent, SIGKILL);
	waitpid(agent, NULL, 0);
}

/* Each question to the kernel was answered "yes" falsely. */
static void test_each_probe_was_lied_to(void **state)
{
	(void)state;
#ifdef SANITIZED
	skip();
#endif
	for (int purpose = PROBE_ACTION; purpose < PURPOSES; purpose++)
		if (!false_success[purpose])
			fail_msg("no false success for purpose %d", purpose);
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
	const struct CMUnitTest tests[] = {
		T(test_warm),	   T(test_second_root),
		T(test_other_set), T(test_blob_file),
		T(test_compiled),  T(test_stale),
		T(test_listener),  cmocka_unit_test(test_each_probe_was_lied_to)};

	return cmocka_run_group_tests_name("exec_faults", tests, NULL, NULL);
#else
	puts("no system calls can be replaced here: only on x86_64 and aarch64");
	return 77;
#endif
}
