/* SPDX-License-Identifier: MIT */
/*
 * secbake-exec from outside: a cache made by hand, the real loader, and what
 * becomes of the command. With the compiler: test_exec_compiler.c; an agent or
 * raised privileges: test_exec_process.c; a tracer: test_exec_traced.c.
 */
#include "tests/lib/exec_world.h"

#include <signal.h>
#include <unistd.h>

static const struct sock_filter allow[] = {RET(SECCOMP_RET_ALLOW)};

/* ---- what works ---- */

static void test_runs_under_the_filter(void **state)
{
	(void)state;
	put_simple();
	assert_int_equal(RUN("test", "--", "cat", "/proc/self/status"), 0);
	said("\nSeccomp:\t2\n");
	said("\nNoNewPrivs:\t1\n");
	not_said("secbake-exec");
	/* Without "--"; arguments and status are the command's. */
	assert_int_equal(RUN("test", "sh", "-c", "echo \"$0 $1\"; exit 7", "--", "-v"), 7);
	said("-- -v\n");
	assert_int_equal(RUN("test", "/bin/sh", "-c", "kill -9 $$"), 1000 + SIGKILL);
	assert_int_equal(RUN("-v", "test", "true"), 0);
	said("using c1/");
}

static void test_environment_and_descriptors(void **state)
{
	static const char *const environment[] = {"PATH=/usr/bin:/bin", "A=b c", NULL};

	(void)state;
	put_simple();
	run_environment = environment;
	assert_int_equal(RUN("test", "env"), 0);
	run_environment = NULL;
	assert_string_equal(output, "PATH=/usr/bin:/bin\nA=b c\n");
	/* The last is that of ls. */
	assert_int_equal(RUN("test", "ls", "/proc/self/fd"), 0);
	assert_string_equal(output, "0\n1\n2\n3\n");
	/* Closed ones stay closed, and no file of the loader takes their place: ls gets 0. */
	assert_int_equal(run_how((const char *const[]){"/bin/sh", "-c",
						       "exec bin/secbake-exec -C c1 -P p test "
						       "ls /proc/self/fd <&- 2>&-",
						       NULL},
				 0),
			 0);
	assert_string_equal(output, "0\n1\n");
}

static void test_layers(void **state)
{
	struct blob b = simple();

	(void)state;
	b.layer[1] = (struct sb_blob_layer_in){
		.filter_flags = SECBAKE_FLAG_LOG, .insn = allow, .insn_count = COUNT(allow)};
	b.layer_count = 2;
	put_blob(entry("c1", "test"), &b);
	assert_int_equal(RUN("test", "sh", "-c", "grep Seccomp_filters: /proc/self/status"), 0);
	said("Seccomp_filters:\t2");
}

static void test_complain(void **state)
{
	static const struct sock_filter no_mkdir[] = {LOAD(0),
#ifdef SYS_mkdir
						      IS(SYS_mkdir, SECCOMP_RET_ERRNO | 13),
#endif
						      IS(SYS_mkdirat, SECCOMP_RET_ERRNO | 13),
						      RET(SECCOMP_RET_ALLOW)};
	struct blob b = simple();

	(void)state;
	b.layer[0] = (struct sb_blob_layer_in){.insn = no_mkdir, .insn_count = COUNT(no_mkdir)};
	put_blob(entry("c1", "test"), &b);
	assert_int_equal(RUN("test", "mkdir", "made"), 1);
	said("Permission denied");
	assert_int_equal(RUN("--complain", "test", "mkdir", "made"), 0);
	assert_int_equal(RUN("test", "mkdir", "made2"), 1);
	b.flags = SECBAKE_BLOB_COMPLAIN; /* the policy says so itself */
	put_blob(entry("c1", "test"), &b);
	assert_int_equal(RUN("test", "mkdir", "made2"), 0);
}

static void test_unrestricted(void **state)
{
	struct blob b = {.name = "test", .flags = SECBAKE_BLOB_UNRESTRICTED};

	(void)state;
	put_blob(entry("c1", "test"), &b);
	assert_int_equal(RUN("test", "grep", "-E", "^(Seccomp|NoNewPrivs):", "/proc/self/status"),
			 0);
	said("NoNewPrivs:\t1\nSeccomp:\t0\n");
}

static void test_new_privileges(void **state)
{
	(void)state;
	put_simple();
	assert_int_equal(RUN("--allow-new-privs", "test", "grep", "-E",
			     "^(Seccomp|NoNewPrivs):", "/proc/self/status"),
			 0);
	said("Seccomp:\t2\n");
	said(geteuid() ? "NoNewPrivs:\t1\n" : "NoNewPrivs:\t0\n");
}

static void test_blob_file(void **state)
{
	struct blob b = simple();

	(void)state;
	put_blob("some.sbk", &b);
	assert_int_equal(RUN("--blob", "some.sbk", "test", "grep", "Seccomp:", "/proc/self/status"),
			 0);
	said("Seccomp:\t2");
	assert_int_equal(RUN("--blob=some.sbk", "other", "true"), 125);
	said("under another name");
	assert_int_equal(RUN("--blob=none.sbk", "test", "true"), 125);
	said("not there");
	/* A policy of that name with other content: not the one that this was made of. */
	put_text("p/test.json", "{}", 0644);
	assert_int_equal(RUN("--blob=some.sbk", "test", "true"), 125);
	said("test.json has other content");
	assert_int_equal(unlink(in_top("p/test.json")), 0);
	assert_int_equal(RUN("--blob=some.sbk", "test", "true"), 0);
	assert_int_equal(chmod(in_top("some.sbk"), 0666), 0);
	assert_int_equal(RUN("--blob=some.sbk", "test", "true"), 125);
	said("can be written by group or others");
}

/* ---- the command ---- */

static void test_command_not_found(void **state)
{
	(void)state;
	put_simple();
	put_text("plain", "#!/bin/sh\n", 0644);
	put_text("no-interpreter", "#!/nonexistent/sh\n", 0755);
	put_text("script", "echo a script $1\n", 0755);
	assert_int_equal(RUN("test", "no-such-command"), 127);
	said("no-such-command: cannot be run (No such file or directory)");
	assert_int_equal(RUN("test", "./none"), 127);
	assert_int_equal(RUN("test", "plain/none"), 126); /* ENOTDIR, as env(1) */
	assert_int_equal(RUN("test", ""), 127);
	assert_int_equal(RUN("test", "./plain"), 126);
	assert_int_equal(RUN("test", top), 126);
	assert_int_equal(RUN("test", "./no-interpreter"), 127);
	assert_int_equal(RUN("test", "./script", "it is"), 0);
	assert_string_equal(output, "a script it is\n");
}

static void test_path_search(void **state)
{
	static const char *const empty_element[] = {"PATH=/nonexistent::/bin", NULL};
	static const char *const not_executable[] = {"PATH=p", NULL};
	static const char *const none[] = {"A=b", NULL};

	(void)state;
	put_simple();
	put_text("tool", "#!/bin/sh\necho found\n", 0755);
	put_text("p/tool", "#!/bin/sh\n", 0644);
	assert_int_equal(symlink("looped", in_top("p/looped")), 0);
	run_environment = empty_element; /* is the current folder */
	assert_int_equal(RUN("test", "tool"), 0);
	assert_string_equal(output, "found\n");
	run_environment = not_executable;
	assert_int_equal(RUN("test", "tool"), 126);
	assert_int_equal(RUN("test", "looped"), 126);
	said("looped: cannot be run (");
	run_environment = none;
	assert_int_equal(RUN("test", "true"), 0);
	assert_int_equal(RUN("test", "tool"), 127);
	run_environment = NULL;
}

/* ---- what the cache may be like ---- */

static void test_missing(void **state)
{
	(void)state;
	assert_int_equal(RUN("test", "echo", "ran"), 125);
	said("there is no ");
	said("no compiler");
	not_said("ran");
	assert_int_equal(RUN("--no-compile", "test", "echo", "ran"), 125);
	said("compiling is not allowed");
	not_said("ran");
}

static void test_broken_in_the_first_root(void **state)
{
	struct blob b = simple();

	(void)state;
	put_blob(entry("c2", "test"), &b);
	put_text(entry("c1", "test"), "rubbish", 0644);
	assert_int_equal(RUN("test", "true"), 0);
	assert_string_equal(output, "");
	assert_int_equal(RUN("-v", "test", "true"), 0);
	said("c1: not a blob");
	said("using c2/");
	/* Each of these makes the entry unusable, and the next is taken. */
	put_text(entry("c1", "test"), "", 0644);
	assert_int_equal(RUN("test", "true"), 0);
	b.name = "other";
	put_blob(entry("c1", "test"), &b);
	assert_int_equal(RUN("-v", "test", "true"), 0);
	said("c1: it is the policy other under another name");
	b = simple();
	put_blob(entry("c1", "test"), &b);
	assert_int_equal(chmod(in_top(entry("c1", "test")), 0664), 0);
	assert_int_equal(RUN("-v", "test", "true"), 0);
	said("can be written by group or others");
	said("using c2/");
	/* The first of two good ones wins. */
	assert_int_equal(chmod(in_top(entry("c1", "test")), 0644), 0);
	assert_int_equal(RUN("-v", "test", "true"), 0);
	said("using c1/");
	/* Nothing else is left. */
	assert_int_equal(chmod(in_top("c1"), 0777), 0);
	put_text(entry("c2", "test"), "rubbish", 0644);
	assert_int_equal(RUN("--no-compile", "test", "echo", "ran"), 125);
	said("c1 can be written by group or others");
	not_said("ran");
}

/* Another kernel's blob, in place: where all that was asked has the same answer here. */
static void test_other_set(void **state)
{
	struct blob b = simple();

	(void)state;
	put_blob(other_entry("c2", 7), &b);
	assert_int_equal(RUN("-v", "--no-compile", "test", "grep", "Seccomp:", "/proc/self/status"),
			 0);
	said("using c2/00000000000000000000000000000007/test.sbk");
	said("Seccomp:\t2");
	assert_int_equal(RUN("test", "true"), 0); /* there is no compiler to ask */
	assert_string_equal(output, "");
	assert_int_equal(access(in_top(entry("c1", "test")), F_OK), -1);
	/* A broken one of its own is no better than none; a good one goes first. */
	put_text(entry("c1", "test"), "rubbish", 0644);
	assert_int_equal(RUN("--no-compile", "test", "true"), 0);
	put_blob(entry("c2", "test"), &b);
	assert_int_equal(RUN("-v", "test", "true"), 0);
	not_said("using c2/00000000000000000000000000000007");
}

static void test_other_set_refused(void **state)
{
	struct blob b = simple();
	const char *set = "c1/00000000000000000000000000000007";

	(void)state;
	b.lacks = features.flags & -features.flags;
	if (b.lacks) {
		put_blob(other_entry("c1", 7), &b);
		assert_int_equal(RUN("--no-compile", "test", "echo", "ran"), 125);
		said("the blob was compiled for a kernel without");
		not_said("ran");
	}
	b = simple();
	b.name = "other";
	put_blob(other_entry("c1", 7), &b);
	assert_int_equal(RUN("--no-compile", "test", "echo", "ran"), 125);
	said("under another name");
	b = simple();
	put_blob(other_entry("c1", 7), &b);
	put_text("p/test.json", "{}", 0644);
	assert_int_equal(RUN("--no-compile", "test", "echo", "ran"), 125);
	said("test.json has other content");
	put_text("p/test.json", POLICY, 0644);
	assert_int_equal(chmod(in_top(set), 0777), 0);
	assert_int_equal(RUN("--no-compile", "test", "echo", "ran"), 125);
	said("can be written by group or others");
	assert_int_equal(chmod(in_top(set), 0755), 0);
	assert_int_equal(RUN("--no-compile", "test", "true"), 0);
	/* A link to a good set, and a good set under what is no hash. */
	assert_int_equal(rename(in_top(set), in_top("c1/elsewhere")), 0);
	assert_int_equal(RUN("--no-compile", "test", "echo", "ran"), 125);
	assert_int_equal(symlink("elsewhere", in_top(set)), 0);
	assert_int_equal(RUN("--no-compile", "test", "echo", "ran"), 125);
	said("00000000000000000000000000000007 is not a directory");
	not_said("ran");
}

/* Any number of sets may lie there; so many are opened and no more. */
static void test_other_sets_bounded(void **state)
{
	size_t asked = 0;

	(void)state;
	for (unsigned int i = 0; i < 70; i++)
		other_entry("c1", i);
	assert_int_equal(RUN("-v", "--no-compile", "test", "echo", "ran"), 125);
	for (const char *at = output; (at = strstr(at, "test.sbk is not there")); at++)
		asked++;
	assert_int_equal(asked, 2 + 64); /* its own in both roots */
	not_said("ran");
}

static void test_foreign_cache(void **state)
{
	(void)state;
	if (getuid())
		skip();
	put_simple();
	assert_int_equal(chown(in_top("c1"), STRANGER, STRANGER), 0);
	assert_int_equal(RUN("--no-compile", "test", "echo", "ran"), 125);
	said("belongs to user 65534");
	not_said("ran");
	/* Its owner may, beside root's own. */
	assert_int_equal(run_how(ARGV("test", "echo", "ran"), AS_OTHER), 0);
	assert_string_equal(output, "ran\n");
}

static void test_stale(void **state)
{
	(void)state;
	put_simple();
	put_text("p/test.json", "{}", 0644);
	assert_int_equal(RUN("--no-compile", "test", "echo", "ran"), 125);
	said("test.json has other content");
	put_text("p/test.json", POLICY, 0644);
	assert_int_equal(RUN("--no-compile", "test", "true"), 0);
	put_text("p/test.options", "", 0644);
	assert_int_equal(RUN("--no-compile", "test", "echo", "ran"), 125);
	said("test.options is new");
	not_said("ran");
}

static void test_sealed(void **state)
{
	struct blob b = simple();

	(void)state;
	b.flags = SECBAKE_BLOB_SEALED;
	b.no_source = true;
	put_blob(entry("c1", "test"), &b);
	assert_int_equal(RUN("--no-compile", "test", "true"), 125);
	said("does not say what it was made of");
	assert_int_equal(unlink(in_top("p/test.json")), 0);
	assert_int_equal(RUN("--no-compile", "test", "true"), 0);
}

static void test_untrusted_policy(void **state)
{
	(void)state;
	put_simple();
	assert_int_equal(chmod(in_top("p/test.json"), 0666), 0);
	/* Root believes trusted policies only; what others name is their own choice. */
	assert_int_equal(RUN("--no-compile", "test", "true"), geteuid() ? 0 : 125);
	if (!geteuid())
		said("can be written by group or others");
}

/* ---- what a policy may not forbid ---- */

static void refused(const struct sock_filter *insn, uint32_t count, const char *why)
{
	struct blob b = simple();

	b.layer[0] = (struct sb_blob_layer_in){.insn = insn, .insn_count = count};
	put_blob(entry("c1", "test"), &b);
	assert_int_equal(RUN("test", "echo", "ran"), 125);
	said(why);
	not_said("ran");
}

static void test_forecast(void **state)
{
	static const struct {
		struct sock_filter insn[4];
		const char *why;
	} cases[] = {
		{{LOAD(0), IS(SYS_execve, SECCOMP_RET_ERRNO | 1), RET(SECCOMP_RET_ALLOW)},
		 "forbids execve, which the loader needs to start the command (ERRNO 1)"},
		{{LOAD(0), IS(SYS_execve, SECCOMP_RET_ERRNO), RET(SECCOMP_RET_ALLOW)},
		 "forbids execve"},
		{{LOAD(0), IS(SYS_execve, SECCOMP_RET_KILL_PROCESS), RET(SECCOMP_RET_ALLOW)},
		 "KILL_PROCESS"},
		{{LOAD(0), IS(SYS_execve, SECCOMP_RET_TRAP), RET(SECCOMP_RET_ALLOW)}, "TRAP"},
		{{LOAD(0), IS(SYS_execve, SECCOMP_RET_TRACE), RET(SECCOMP_RET_ALLOW)}, "no tracer"},
		{{LOAD(0), IS(SYS_execve, SECCOMP_RET_USER_NOTIF), RET(SECCOMP_RET_ALLOW)},
		 "nobody can answer"},
		{{LOAD(0), IS(SYS_write, SECCOMP_RET_KILL_THREAD), RET(SECCOMP_RET_ALLOW)},
		 "forbids write"},
		{{LOAD(0), IS(SYS_exit_group, SECCOMP_RET_ERRNO | 38), RET(SECCOMP_RET_ALLOW)},
		 "forbids exit_group"},
	};
	static const struct sock_filter log_all[] = {RET(SECCOMP_RET_LOG)};
	struct blob b = simple();

	(void)state;
	for (uint32_t i = 0; i < COUNT(cases); i++)
		refused(cases[i].insn, COUNT(cases[i].insn), cases[i].why);
	b.layer[0] = (struct sb_blob_layer_in){.insn = log_all, .insn_count = 1};
	put_blob(entry("c1", "test"), &b);
	assert_int_equal(RUN("test", "true"), 0);
}

/* The arguments are those that will be passed: six, the last three zero. */
static void test_forecast_arguments(void **state)
{
	static const struct sock_filter only_zero[] = {
		LOAD(0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_execve, 0, 3),
		LOAD(16 + 5 * 8),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0),
		RET(SECCOMP_RET_KILL_PROCESS),
		RET(SECCOMP_RET_ALLOW)};
	struct blob b = simple();

	(void)state;
	b.layer[0] = (struct sb_blob_layer_in){.insn = only_zero, .insn_count = COUNT(only_zero)};
	put_blob(entry("c1", "test"), &b);
	assert_int_equal(RUN("test", "true"), 0);
}

static void test_forecast_between_layers(void **state)
{
	static const struct sock_filter no_seccomp[] = {
		LOAD(0), IS(SYS_seccomp, SECCOMP_RET_ERRNO | 1), RET(SECCOMP_RET_ALLOW)};
	struct blob b = simple();

	(void)state;
	b.layer[0] = (struct sb_blob_layer_in){.insn = no_seccomp, .insn_count = COUNT(no_seccomp)};
	b.layer[1] = (struct sb_blob_layer_in){.insn = allow, .insn_count = COUNT(allow)};
	b.layer_count = 2;
	put_blob(entry("c1", "test"), &b);
	assert_int_equal(RUN("test", "echo", "ran"), 125);
	said("forbids seccomp");
	not_said("ran");
	/* As the last layer, or alone, it may. */
	b.layer_count = 1;
	put_blob(entry("c1", "test"), &b);
	assert_int_equal(RUN("test", "true"), 0);
	b.layer[1] = b.layer[0];
	b.layer[0] = (struct sb_blob_layer_in){.insn = allow, .insn_count = COUNT(allow)};
	b.layer_count = 2;
	put_blob(entry("c1", "test"), &b);
	assert_int_equal(RUN("test", "true"), 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(test_runs_under_the_filter),
		T(test_environment_and_descriptors),
		T(test_layers),
		T(test_complain),
		T(test_unrestricted),
		T(test_new_privileges),
		T(test_blob_file),
		T(test_command_not_found),
		T(test_path_search),
		T(test_missing),
		T(test_broken_in_the_first_root),
		T(test_other_set),
		T(test_other_set_refused),
		T(test_other_sets_bounded),
		T(test_foreign_cache),
		T(test_stale),
		T(test_sealed),
		T(test_untrusted_policy),
		T(test_forecast),
		T(test_forecast_arguments),
		T(test_forecast_between_layers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
