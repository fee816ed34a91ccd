/* SPDX-License-Identifier: MIT */
/*
 * secbake-exec and the compiler that it runs where there is no good blob: once, with what
 * environment, for how long, and never one that others could have written.
 */
#include "tests/lib/exec_world.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

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
	not_said("timed out"); /* no connection was tried */
	not_said("ran\n");
	assert_in_range(time(NULL) - start, 1, 40);
}

/* Under an outer filter that does not let it wait, it says that, and not that time ran out. */
static void test_compiler_not_waited_for(void **state)
{
	static const struct sock_filter no_wait[] = {LOAD(0), IS(SYS_wait4, SECCOMP_RET_ERRNO | 1),
						     RET(SECCOMP_RET_ALLOW)};
	struct blob b = simple();

	(void)state;
	b.layer[0] = (struct sb_blob_layer_in){.insn = no_wait, .insn_count = COUNT(no_wait)};
	put_blob(entry("c1", "test"), &b);
	put_compiler("exit 0");
	assert_int_equal(RUN("test", LOADER, "-C", "c2", "-P", "p", "test", "echo", "ran"), 125);
	said("cannot wait for the compiler");
	said("Operation not permitted");
	not_said("seconds");
	not_said("ran\n");
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

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(test_compiles),
		T(test_compiler_fails),
		T(test_compiler_hangs),
		T(test_compiler_not_waited_for),
		T(test_few_descriptors),
		T(test_compiler_without_stderr),
		T(test_compiler_cannot_start),
		T(test_untrusted_compiler),
		T(test_per_user_cache),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
