/* SPDX-License-Identifier: MIT */
/* Features: the probe against the running kernel, and against filters that stand for others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <secbake/features.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define LOAD(offset) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (offset))
#define RET(k) BPF_STMT(BPF_RET | BPF_K, (k))
#define ARG(n) \
	((uint32_t)(offsetof(struct seccomp_data, args) + (n)*8)) /* low half, little-endian */

/* ---- the running kernel ---- */

static bool action_listed(const char *text, const char *name)
{
	size_t size = strlen(name);

	for (const char *p = text; (p = strstr(p, name)); p += size) {
		if ((p == text || p[-1] == ' ') && (p[size] == ' ' || p[size] == '\n'))
			return true;
	}
	return false;
}

static void test_probe_agrees_with_proc(void **state)
{
	static const struct {
		uint32_t bit;
		const char *name;
	} named[] = {
		{SECBAKE_ACTION_KILL_PROCESS, "kill_process"},
		{SECBAKE_ACTION_KILL_THREAD, "kill_thread"},
		{SECBAKE_ACTION_TRAP, "trap"},
		{SECBAKE_ACTION_ERRNO, "errno"},
		{SECBAKE_ACTION_NOTIFY, "user_notif"},
		{SECBAKE_ACTION_TRACE, "trace"},
		{SECBAKE_ACTION_LOG, "log"},
		{SECBAKE_ACTION_ALLOW, "allow"},
	};
	struct secbake_features f;
	struct utsname uts;
	char text[512] = "";
	uint32_t kernel;
	FILE *file;

	(void)state;
	assert_int_equal(secbake_features_probe(&f, NULL), SECBAKE_OK);
	assert_ptr_equal(f.arch, secbake_arch_native());
	assert_int_equal(f.method, SECBAKE_METHOD_SECCOMP);
	assert_int_equal(uname(&uts), 0);
	assert_true(secbake_kernel_parse(uts.release, &kernel));
	assert_int_equal(f.kernel, kernel);
	file = fopen("/proc/sys/kernel/seccomp/actions_avail", "re");
	if (!file)
		skip();
	assert_non_null(fgets(text, sizeof(text), file));
	fclose(file);
	for (size_t i = 0; i < COUNT(named); i++)
		assert_int_equal(!!(f.actions & named[i].bit), action_listed(text, named[i].name));
}

/* Flags one by one, as the probe's shortcut for all at once must agree with. */
static void test_probe_agrees_with_single_questions(void **state)
{
	struct secbake_features f;

	(void)state;
	assert_int_equal(secbake_features_probe(&f, NULL), SECBAKE_OK);
	for (uint32_t bit = 1; bit <= 0x20; bit <<= 1) {
		uint32_t asked = bit == 0x20 ? 0x28 : bit;
		long r = syscall(SYS_seccomp, 1u, asked, NULL);

		assert_int_equal(r, -1);
		assert_true(errno == EFAULT || errno == EINVAL);
		assert_int_equal(!!(f.flags & bit), errno == EFAULT);
	}
}

/* ---- other kernels, by a filter that answers for them ---- */

enum { CHILD_OK = 0, CHILD_FAILED = 1, CHILD_CANNOT = 77 };

/* Runs the probe under a filter; the child's expectations decide. */
static void probe_under(const struct sock_filter *insn, size_t count,
			enum secbake_status expected_status,
			const struct secbake_features *expected)
{
	struct sock_fprog program = {.len = (unsigned short)count,
				     .filter = (struct sock_filter *)(uintptr_t)insn};
	int result;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid) {
		struct secbake_features f = {0};
		enum secbake_status status;

		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
		    syscall(SYS_seccomp, 1u, 0u, &program))
			_exit(CHILD_CANNOT);
		status = secbake_features_probe(&f, NULL);
		if (status != expected_status)
			_exit(CHILD_FAILED);
		if (!status &&
		    (f.method != expected->method || f.flags != expected->flags ||
		     f.actions != expected->actions || f.notif_size != expected->notif_size))
			_exit(CHILD_FAILED + 1);
		_exit(CHILD_OK);
	}
	assert_int_equal(waitpid(pid, &result, 0), pid);
	assert_true(WIFEXITED(result));
	assert_int_equal(WEXITSTATUS(result), CHILD_OK);
}

/* seccomp(2) as a kernel answers it that knows the flags in known and no GET_ACTION_AVAIL. */
static void test_probe_3_17(void **state)
{
	static const struct sock_filter insn[] = {
		LOAD(offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_seccomp, 0, 6),
		LOAD(ARG(0)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 1, 0, 2),
		LOAD(ARG(1)),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, 1, 0, 1),
		RET(SECCOMP_RET_ERRNO | EINVAL),
		RET(SECCOMP_RET_ERRNO | EFAULT),
		RET(SECCOMP_RET_ALLOW),
	};
	struct secbake_features expected;

	(void)state;
	assert_int_equal(secbake_features_of_kernel(secbake_arch_native(), SECBAKE_KERNEL(3, 17),
						    &expected, NULL),
			 SECBAKE_OK);
	probe_under(insn, COUNT(insn), SECBAKE_OK, &expected);
}

static void test_probe_before_seccomp_2(void **state)
{
	static const struct sock_filter insn[] = {
		LOAD(offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_seccomp, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 1),
		RET(SECCOMP_RET_ERRNO | ENOSYS),
		RET(SECCOMP_RET_ALLOW),
	};
	struct secbake_features expected;

	(void)state;
	assert_int_equal(secbake_features_of_kernel(secbake_arch_native(), SECBAKE_KERNEL(3, 5),
						    &expected, NULL),
			 SECBAKE_OK);
	probe_under(insn, COUNT(insn), SECBAKE_OK, &expected);
}

/* An outer filter denies seccomp(2); the actions come from /proc. */
static void test_probe_seccomp_denied(void **state)
{
	static const struct sock_filter insn[] = {
		LOAD(offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_seccomp, 0, 1),
		RET(SECCOMP_RET_ERRNO | EPERM),
		RET(SECCOMP_RET_ALLOW),
	};
	struct secbake_features expected;

	(void)state;
	assert_int_equal(secbake_features_probe(&expected, NULL), SECBAKE_OK);
	if (access("/proc/sys/kernel/seccomp/actions_avail", R_OK))
		skip();
	expected.method = SECBAKE_METHOD_PRCTL;
	expected.flags = 0;
	expected.notif_size = 0;
	probe_under(insn, COUNT(insn), SECBAKE_OK, &expected);
}

static void test_probe_both_denied(void **state)
{
	static const struct sock_filter insn[] = {
		LOAD(offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_seccomp, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_prctl, 0, 1),
		RET(SECCOMP_RET_ERRNO | EPERM),
		RET(SECCOMP_RET_ALLOW),
	};

	(void)state;
	probe_under(insn, COUNT(insn), SECBAKE_ERR_UNKNOWN, NULL);
}

static void test_probe_no_filters(void **state)
{
	static const struct sock_filter insn[] = {
		LOAD(offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_seccomp, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_prctl, 0, 1),
		RET(SECCOMP_RET_ERRNO | EINVAL),
		RET(SECCOMP_RET_ALLOW),
	};
	struct secbake_features expected = {.method = SECBAKE_METHOD_NONE};

	(void)state;
	probe_under(insn, COUNT(insn), SECBAKE_OK, &expected);
}

/* Success without a program is a lie, whichever call tells it. */
static void test_probe_refuses_lies(void **state)
{
	static const struct sock_filter seccomp_lies[] = {
		LOAD(offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_seccomp, 0, 1),
		RET(SECCOMP_RET_ERRNO),
		RET(SECCOMP_RET_ALLOW),
	};
	static const struct sock_filter prctl_lies[] = {
		LOAD(offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_seccomp, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_prctl, 0, 2),
		RET(SECCOMP_RET_ERRNO),
		RET(SECCOMP_RET_ERRNO | ENOSYS),
		RET(SECCOMP_RET_ALLOW),
	};

	(void)state;
	probe_under(seccomp_lies, COUNT(seccomp_lies), SECBAKE_ERR_UNKNOWN, NULL);
	probe_under(prctl_lies, COUNT(prctl_lies), SECBAKE_ERR_UNKNOWN, NULL);
}

/* Behind these a filter sees seccomp(@op, ...) only. */
#define OPERATION(op)                                                                           \
	LOAD(offsetof(struct seccomp_data, nr)),                                                \
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_seccomp, 1, 0), RET(SECCOMP_RET_ALLOW), \
		LOAD(ARG(0)), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (op), 1, 0),                  \
		RET(SECCOMP_RET_ALLOW)

static void probe_answered(uint32_t operation, uint32_t answer, enum secbake_status expected_status,
			   const struct secbake_features *expected)
{
	const struct sock_filter insn[] = {OPERATION(operation), RET(SECCOMP_RET_ERRNO | answer)};

	probe_under(insn, COUNT(insn), expected_status, expected);
}

static const uint32_t no_answers[] = {0, EPERM, EROFS, ENOSYS, EIO, EFAULT, EOPNOTSUPP};

/* What only a filter answers does not say that there are no notifications. */
static void test_probe_notif_sizes(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(no_answers); i++)
		probe_answered(3, no_answers[i], SECBAKE_ERR_UNKNOWN, NULL);
	/* Before 5.0 it is EINVAL, as in test_probe_3_17; but then there are no listeners. */
	probe_answered(3, EINVAL, SECBAKE_ERR_UNKNOWN, NULL);
}

/* The call that asks for flags, with all of them or with some, answered by a filter. */
static void probe_flag_answered(uint32_t flag, uint32_t answer, enum secbake_status expected_status,
				const struct secbake_features *expected)
{
	const struct sock_filter insn[] = {
		OPERATION(1),
		LOAD(ARG(1)),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, flag, 1, 0),
		RET(SECCOMP_RET_ALLOW),
		RET(SECCOMP_RET_ERRNO | answer),
	};

	probe_under(insn, COUNT(insn), expected_status, expected);
}

static void test_probe_flags_denied(void **state)
{
	struct secbake_features expected;

	(void)state;
	for (size_t i = 0; i < COUNT(no_answers); i++) {
		if (no_answers[i] != EFAULT)
			probe_flag_answered(SECBAKE_FLAG_LOG, no_answers[i], SECBAKE_ERR_UNKNOWN,
					    NULL);
	}
	assert_int_equal(secbake_features_probe(&expected, NULL), SECBAKE_OK);
	expected.flags &= ~(uint32_t)SECBAKE_FLAG_LOG; /* a kernel without it */
	probe_flag_answered(SECBAKE_FLAG_LOG, EINVAL, SECBAKE_OK, &expected);
	/* EINVAL says that there are no filters; prctl(2) then does not have them. */
	probe_answered(1, EINVAL, SECBAKE_ERR_UNKNOWN, NULL);
	probe_answered(1, EIO, SECBAKE_ERR_UNKNOWN, NULL);
}

/* /proc answers for the call; without either nothing is known. */
static void test_probe_actions_denied(void **state)
{
	static const struct sock_filter neither[] = {
		LOAD(offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 5, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_open, 4, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_seccomp, 1, 0),
		RET(SECCOMP_RET_ALLOW),
		LOAD(ARG(0)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 2, 0, 1),
		RET(SECCOMP_RET_ERRNO | EROFS),
		RET(SECCOMP_RET_ALLOW),
	};
	struct secbake_features expected;

	(void)state;
	probe_under(neither, COUNT(neither), SECBAKE_ERR_UNKNOWN, NULL);
	if (access("/proc/sys/kernel/seccomp/actions_avail", R_OK))
		skip();
	assert_int_equal(secbake_features_probe(&expected, NULL), SECBAKE_OK);
	probe_answered(2, EROFS, SECBAKE_OK, &expected);
	probe_answered(2, EPERM, SECBAKE_OK, &expected);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_probe_agrees_with_proc),
		cmocka_unit_test(test_probe_agrees_with_single_questions),
		cmocka_unit_test(test_probe_3_17),
		cmocka_unit_test(test_probe_before_seccomp_2),
		cmocka_unit_test(test_probe_seccomp_denied),
		cmocka_unit_test(test_probe_both_denied),
		cmocka_unit_test(test_probe_no_filters),
		cmocka_unit_test(test_probe_refuses_lies),
		cmocka_unit_test(test_probe_notif_sizes),
		cmocka_unit_test(test_probe_flags_denied),
		cmocka_unit_test(test_probe_actions_denied),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
