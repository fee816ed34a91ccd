/* SPDX-License-Identifier: MIT */
/*
 * What the kernel has no room for: secbake-exec under many filters, and under an outer
 * filter that answers in the kernel's place where the real thing would take the
 * whole machine's memory. Each limit has a message of its own that says how to mend it,
 * and nothing is run.
 */
#include "tests/lib/exec_world.h"

#include <errno.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define ENOTSUPP_ 524 /* the kernel's own */

/* Instructions that the kernel keeps one for one; few of them returns, which become two. */
static struct sock_filter longest[SECBAKE_PROGRAM_MAX];

static void put_longest(const char *name)
{
	struct blob b = simple();
	const uint32_t own = b.layer[0].insn_count;

	/* Decides as simple() does, and then there is more. */
	for (uint32_t i = 0; i < COUNT(longest); i++)
		longest[i] = i < own ? b.layer[0].insn[i] : (struct sock_filter)LOAD(0);
	longest[COUNT(longest) - 1] = (struct sock_filter)RET(0);
	b.name = name;
	b.layer[0] = (struct sb_blob_layer_in){.insn = longest, .insn_count = COUNT(longest)};
	put_blob(entry("c1", name), &b);
}

/* Loaders start loaders: "deep" of them with the longest program, then one with "last". */
static int nested(unsigned int deep, const char *last)
{
	static const char *const loader[] = {"-C", "c1", "-P", "p", "--no-compile"};
	const char *argv[128];
	unsigned int used = 0;

	for (unsigned int i = 0; i <= deep; i++) {
		argv[used++] = LOADER;
		for (uint32_t k = 0; k < COUNT(loader); k++)
			argv[used++] = loader[k];
		argv[used++] = i < deep ? "long" : last;
	}
	argv[used++] = "grep";
	argv[used++] = "Seccomp";
	argv[used++] = "/proc/self/status";
	argv[used] = NULL;
	assert_true(used < COUNT(argv));
	return run_how(argv, 0);
}

/* Seven programs of 4096 instructions fit; the eighth is told that it is one too many. */
static void test_too_many_filters(void **state)
{
	const unsigned int before = filters_here();
	unsigned int deep = 0;
	char count[64];

	(void)state;
	put_longest("long");
	put_text("p/long.json", POLICY, 0644);
	put_simple();
	while (nested(deep, "long") == 0) {
		snprintf(count, sizeof(count), "Seccomp:\t2\nSeccomp_filters:\t%u\n",
			 before + deep + 1);
		said(count);
		assert_true(++deep < 8);
	}
	if (!before)
		assert_int_equal(deep, 7);
	assert_int_equal(nested(deep, "long"), 125);
	said("with the filters that are in force it is too long (the kernel takes 32768 ");
	said("fewer nested containers");
	not_said("Seccomp:");
	/* A shorter policy, which is what the message advises, has room. */
	if (!before) {
		assert_int_equal(nested(deep, "test"), 0);
		said("Seccomp_filters:\t8\n");
	}
}

/* All layers of one policy: refused before the first is in force. */
static void test_policy_too_long(void **state)
{
	struct blob b = simple();

	(void)state;
	put_longest("long");
	for (b.layer_count = 0; b.layer_count < 8; b.layer_count++)
		b.layer[b.layer_count] =
			(struct sb_blob_layer_in){.insn = longest, .insn_count = COUNT(longest)};
	put_blob(entry("c1", "test"), &b);
	assert_int_equal(RUN("--no-compile", "test", "echo", "ran"), 125);
	said("the policy's programs are too long together: more than 32768 ");
	said("use fewer or shorter layers");
	not_said("ran\n");
}

/* Becomes the loader under a filter that answers each installation with errnum; probes pass. */
static int under_a_kernel_that_says(uint32_t errnum)
{
	struct sock_filter answer[] = {
		LOAD(0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_seccomp, 0, 5),
		LOAD(16), /* the operation */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SECCOMP_SET_MODE_FILTER, 0, 3),
		LOAD(16 + 8 * 2), /* the program's address */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0),
		RET(SECCOMP_RET_ERRNO | errnum),
		RET(SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = {.len = COUNT(answer), .filter = answer};
	int out[2], status;
	ssize_t got;
	pid_t pid;

	assert_int_equal(pipe(out), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program))
			_exit(97);
		become(ARGV("--no-compile", "test", "echo", "ran"), 0, out[1]);
	}
	close(out[1]);
	got = read(out[0], output, sizeof(output) - 1); /* one line, one write */
	output[got > 0 ? got : 0] = '\0';
	close(out[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

/* Each of the kernel's answers is told in its own words, with what to do. */
static void test_each_answer_is_told(void **state)
{
	static const struct {
		uint32_t errnum;
		const char *what, *mend;
	} cases[] = {
		{ENOMEM, "the kernel has no memory for it", "raise the limit of the cgroup"},
		{ENOTSUPP_, "no room to compile it (errno 524)", "raise net.core.bpf_jit_limit"},
		{EINVAL, "the kernel refuses the program", "compile the policy again"},
		{E2BIG, "the kernel refuses the program", "compile the policy again"},
		{EPERM, "an outer filter denies seccomp(2)", "allow it there"},
		{EBUSY, "has a listener", "start from a process without"},
		{EACCES, "no_new_privs is not set", "set no_new_privs"},
		{EMFILE, "no descriptor is left", "raise the limit of open files"},
		{ESRCH, "a thread cannot be synchronised", "before threads are started"},
	};

	(void)state;
	if (filters_here() > 5)
		skip(); /* then memory may not be what is short */
	put_simple();
	for (uint32_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(under_a_kernel_that_says(cases[i].errnum), 125);
		said("secbake-exec: test: installing program 0: ");
		said(cases[i].what);
		said(cases[i].mend);
		not_said("ran\n");
		not_said("No error information");
		not_said("Unknown error");
	}
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(test_too_many_filters),
		T(test_policy_too_long),
		T(test_each_answer_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
