/* SPDX-License-Identifier: MIT */
/*
 * secbake_load_apply() on the live kernel, each case in a child: the filter is in
 * force and decides, flags arrive, what cannot be installed is refused before
 * anything is. And the loader's own interpreter against the same programs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <secbake/load.h>

#include "cache/blob_write.h"

#define COUNT(array) ((uint32_t)(sizeof(array) / sizeof((array)[0])))
#define LOAD(offset) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (offset))
#define RET(k) BPF_STMT(BPF_RET | BPF_K, (k))
#define IS(nr, verdict) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (nr), 0, 1), RET(verdict)

/* getppid is what nobody needs: it is denied, told apart by errno. */
static const struct sock_filter deny_11[] = {LOAD(0), IS(SYS_getppid, SECCOMP_RET_ERRNO | 11),
					     RET(SECCOMP_RET_ALLOW)};
static const struct sock_filter deny_22[] = {LOAD(0), IS(SYS_getppid, SECCOMP_RET_ERRNO | 22),
					     RET(SECCOMP_RET_ALLOW)};
static const struct sock_filter notify[] = {LOAD(0), IS(SYS_getppid, SECCOMP_RET_USER_NOTIF),
					    RET(SECCOMP_RET_ALLOW)};

static uint8_t *made;

/* One variant of each mode: enforce has the given layers, complain none that denies. */
static struct secbake_blob blob_of(const struct sb_blob_layer_in *layer, uint32_t count,
				   uint32_t flags)
{
	static const struct sock_filter allow[] = {RET(SECCOMP_RET_ALLOW)};
	static const struct sb_blob_layer_in quiet[] = {{.insn = allow, .insn_count = 1}};
	const struct sb_blob_variant_in variants[] = {
		{.mode = SECBAKE_MODE_ENFORCE,
		 .kernel_to = SECBAKE_KERNEL_ANY,
		 .consulted_flags = SECBAKE_FLAGS_ALL,
		 .answered_flags = SECBAKE_FLAGS_ALL,
		 .layer = layer,
		 .layer_count = count},
		{.mode = SECBAKE_MODE_COMPLAIN,
		 .kernel_to = SECBAKE_KERNEL_ANY,
		 .layer = quiet,
		 .layer_count = count ? 1 : 0},
	};
	struct sb_blob_in in = {.name = "test",
				.arch = secbake_arch_native(),
				.flags = flags,
				.variant = variants,
				.variant_count = 2};
	struct secbake_blob blob;
	size_t size;

	free(made);
	assert_int_equal(sb_blob_write(&in, &made, &size, NULL), SECBAKE_OK);
	assert_int_equal(secbake_blob_open(made, size, &blob, NULL), SECBAKE_OK);
	return blob;
}

static struct secbake_features probed(void)
{
	struct secbake_features f;

	assert_int_equal(secbake_features_probe(&f, NULL), SECBAKE_OK);
	if (f.flags != SECBAKE_FLAGS_ALL)
		skip(); /* the blobs above say that they were compiled for all flags */
	return f;
}

/* Runs f in a child; returns its exit status. */
static int in_child(int (*f)(const void *), const void *argument)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (!pid)
		_exit(f(argument));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

struct job {
	struct secbake_blob blob;
	struct secbake_features features;
	struct secbake_load_options options;
};

#define FAILED 200

static int denied_with(void)
{
	return syscall(SYS_getppid) < 0 ? errno : 0;
}

static int apply_and_ask(const void *argument)
{
	const struct job *job = argument;
	int listener = -7;

	if (secbake_load_apply(&job->blob, &job->features, &job->options, &listener, NULL))
		return FAILED;
	if (listener != -1)
		return FAILED + 1;
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != !job->options.keep_privileges)
		return FAILED + 2;
	return denied_with();
}

static void test_one_layer(void **state)
{
	const struct sb_blob_layer_in layer[] = {{.insn = deny_11, .insn_count = COUNT(deny_11)}};
	struct job job = {.blob = blob_of(layer, 1, 0), .features = probed()};

	(void)state;
	assert_int_equal(in_child(apply_and_ask, &job), 11);
	job.options.mode = SECBAKE_MODE_COMPLAIN;
	assert_int_equal(in_child(apply_and_ask, &job), 0);
	/* What the policy asks for, of which the blob has a flag. */
	job.options.mode = SECBAKE_MODE_OWN;
	assert_int_equal(in_child(apply_and_ask, &job), 11);
	job.blob.flags |= SECBAKE_BLOB_COMPLAIN;
	assert_int_equal(in_child(apply_and_ask, &job), 0);
}

/* The later of two with the same action gives the errno: so the order is first to last. */
static void test_layers_in_order(void **state)
{
	const struct sb_blob_layer_in layer[] = {
		{.insn = deny_11, .insn_count = COUNT(deny_11)},
		{.filter_flags = SECBAKE_FLAG_LOG, .insn = deny_22, .insn_count = COUNT(deny_22)},
	};
	struct job job = {.blob = blob_of(layer, 2, 0), .features = probed()};

	(void)state;
	assert_int_equal(in_child(apply_and_ask, &job), 22);
}

static void test_by_prctl(void **state)
{
	const struct sb_blob_layer_in layer[] = {{.insn = deny_11, .insn_count = COUNT(deny_11)}};
	struct job job = {.blob = blob_of(layer, 1, 0), .features = probed()};

	(void)state;
	job.features.method = SECBAKE_METHOD_PRCTL;
	assert_int_equal(in_child(apply_and_ask, &job), 11);
}

/* Outer filters that say "done" to what they do not let through. */
struct faked {
	uint32_t nr, argument; /* not zero: the argument decides */
	struct job job;
};

static int apply_under_a_liar(const void *argument)
{
	const struct faked *faked = argument;
	struct sock_filter lie[] = {
		LOAD(0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, faked->nr, 0, 3),
		LOAD(16 + 8 * faked->argument),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0),
		RET(SECCOMP_RET_ERRNO),
		RET(SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = {.len = COUNT(lie), .filter = lie};
	struct secbake_error error = {0};

	/* With CAP_SYS_ADMIN, so that no_new_privs is not set by this already. */
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program))
		return FAILED;
	if (!secbake_load_apply(&faked->job.blob, &faked->job.features, &faked->job.options, NULL,
				&error))
		return FAILED + 1;
	if (error.status != SECBAKE_ERR_UNKNOWN || !strstr(error.text, "outer filter answers"))
		return FAILED + 2;
	return denied_with();
}

static void test_faked_answers(void **state)
{
	const struct sb_blob_layer_in layer[] = {{.insn = deny_11, .insn_count = COUNT(deny_11)}};
	struct faked faked = {.job = {.blob = blob_of(layer, 1, 0), .features = probed()}};

	(void)state;
	if (geteuid())
		skip();
	/* The program, at its address: what probing asks, with NULL, is let through. */
	faked.nr = SYS_seccomp;
	faked.argument = 2;
	assert_int_equal(in_child(apply_under_a_liar, &faked), 0);
	/* PR_SET_NO_NEW_PRIVS, and all else. */
	faked.nr = SYS_prctl;
	faked.argument = 0;
	assert_int_equal(in_child(apply_under_a_liar, &faked), 0);
	faked.job.features.method = SECBAKE_METHOD_PRCTL;
	faked.job.options.keep_privileges = true;
	assert_int_equal(in_child(apply_under_a_liar, &faked), 0);
}

static void test_keep_privileges(void **state)
{
	const struct sb_blob_layer_in layer[] = {{.insn = deny_11, .insn_count = COUNT(deny_11)}};
	struct job job = {.blob = blob_of(layer, 1, 0), .features = probed()};

	(void)state;
	job.options.keep_privileges = true;
	/* Either the kernel takes it from a privileged caller, or refuses: never half. */
	assert_int_equal(in_child(apply_and_ask, &job), geteuid() == 0 ? 11 : FAILED);
}

static void test_unrestricted(void **state)
{
	struct job job = {.blob = blob_of(NULL, 0, SECBAKE_BLOB_UNRESTRICTED),
			  .features = probed()};

	(void)state;
	assert_int_equal(in_child(apply_and_ask, &job), 0);
}

static int apply_and_listen(const void *argument)
{
	const struct job *job = argument;
	int listener = -1;

	if (secbake_load_apply(&job->blob, &job->features, &job->options, NULL, NULL) !=
	    SECBAKE_ERR_INPUT)
		return FAILED;
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0))
		return FAILED + 1; /* refused, and yet something was done */
	if (secbake_load_apply(&job->blob, &job->features, &job->options, &listener, NULL))
		return FAILED + 2;
	if (listener < 0 || !(fcntl(listener, F_GETFD) & FD_CLOEXEC))
		return FAILED + 3;
	close(listener); /* nobody answers: ENOSYS */
	return denied_with();
}

static void test_listener(void **state)
{
	const struct sb_blob_layer_in layer[] = {{.filter_flags = SECBAKE_FLAG_NEW_LISTENER,
						  .insn = notify,
						  .insn_count = COUNT(notify)}};
	struct job job = {.blob = blob_of(layer, 1, 0), .features = probed()};

	(void)state;
	assert_int_equal(in_child(apply_and_listen, &job), ENOSYS);
}

/* ---- threads ---- */

static pthread_barrier_t barrier;

static void *ask_in_thread(void *result)
{
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	*(int *)result = denied_with();
	return NULL;
}

static int apply_to_threads(const void *argument)
{
	const struct job *job = argument;
	pthread_t thread;
	int result = -1;

	pthread_barrier_init(&barrier, NULL, 2);
	if (pthread_create(&thread, NULL, ask_in_thread, &result))
		return FAILED;
	pthread_barrier_wait(&barrier);
	if (secbake_load_apply(&job->blob, &job->features, &job->options, NULL, NULL))
		return FAILED + 1;
	pthread_barrier_wait(&barrier);
	pthread_join(thread, NULL);
	return result;
}

static void test_tsync(void **state)
{
	const struct sb_blob_layer_in one[] = {{.insn = deny_11, .insn_count = COUNT(deny_11)}};
	const struct sb_blob_layer_in all[] = {{.filter_flags = SECBAKE_FLAG_TSYNC,
						.insn = deny_11,
						.insn_count = COUNT(deny_11)}};
	struct job job = {.blob = blob_of(one, 1, 0), .features = probed()};

	(void)state;
	assert_int_equal(in_child(apply_to_threads, &job), 0);
	job.blob = blob_of(all, 1, 0);
	assert_int_equal(in_child(apply_to_threads, &job), 11);
}

static void *diverge(void *tid)
{
	static const struct sock_filter allow[] = {RET(SECCOMP_RET_ALLOW)};
	struct sock_fprog program = {.len = 1, .filter = (struct sock_filter *)(uintptr_t)allow};

	*(pid_t *)tid = (pid_t)syscall(SYS_gettid);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (syscall(SYS_seccomp, 1u, 0u, &program))
		*(pid_t *)tid = -1;
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	return NULL;
}

static int tsync_with_diverged(const void *argument)
{
	const struct job *job = argument;
	struct secbake_error e = {0};
	char expected[64];
	pthread_t thread;
	pid_t tid = 0;
	enum secbake_status status;

	pthread_barrier_init(&barrier, NULL, 2);
	if (pthread_create(&thread, NULL, diverge, &tid))
		return FAILED;
	pthread_barrier_wait(&barrier);
	status = secbake_load_apply(&job->blob, &job->features, &job->options, NULL, &e);
	pthread_barrier_wait(&barrier);
	pthread_join(thread, NULL);
	if (status != SECBAKE_ERR_SYSTEM || tid <= 0)
		return FAILED + 1;
	snprintf(expected, sizeof(expected), "thread %d cannot", (int)tid);
	return strstr(e.text, expected) ? 0 : FAILED + 2;
}

static void test_tsync_names_the_thread(void **state)
{
	const struct sb_blob_layer_in all[] = {{.filter_flags = SECBAKE_FLAG_TSYNC,
						.insn = deny_11,
						.insn_count = COUNT(deny_11)}};
	struct job job = {.blob = blob_of(all, 1, 0), .features = probed()};

	(void)state;
	assert_int_equal(in_child(tsync_with_diverged, &job), 0);
}

/* TSYNC and NEW_LISTENER go together with TSYNC_ESRCH only: one listener for all threads. */
static int listen_to_threads(const void *argument)
{
	const struct job *job = argument;
	struct seccomp_notif request = {0};
	struct seccomp_notif_resp response = {.error = -95};
	int listener = -1, result = -1;
	pthread_t thread;

	pthread_barrier_init(&barrier, NULL, 2);
	if (pthread_create(&thread, NULL, ask_in_thread, &result))
		return FAILED;
	pthread_barrier_wait(&barrier);
	if (secbake_load_apply(&job->blob, &job->features, &job->options, &listener, NULL))
		return FAILED + 1;
	pthread_barrier_wait(&barrier);
	/* The other thread was there before, and its call comes here. */
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &request))
		return FAILED + 2;
	response.id = request.id;
	if (request.pid == (uint32_t)getpid() ||
	    ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response))
		return FAILED + 3;
	pthread_join(thread, NULL);
	return result;
}

static int listener_with_diverged(const void *argument)
{
	const struct job *job = argument;
	struct secbake_error e = {0};
	int listener = -7;
	pthread_t thread;
	pid_t tid = 0;
	enum secbake_status status;

	pthread_barrier_init(&barrier, NULL, 2);
	if (pthread_create(&thread, NULL, diverge, &tid))
		return FAILED;
	pthread_barrier_wait(&barrier);
	status = secbake_load_apply(&job->blob, &job->features, &job->options, &listener, &e);
	pthread_barrier_wait(&barrier);
	pthread_join(thread, NULL);
	if (status != SECBAKE_ERR_SYSTEM || e.sys_errno != ESRCH || listener != -7)
		return FAILED + 1;
	return strstr(e.text, "a thread cannot be synchronised") ? denied_with() : FAILED + 2;
}

static void test_listener_for_all_threads(void **state)
{
	const uint32_t flags = SECBAKE_FLAG_NEW_LISTENER | SECBAKE_FLAG_TSYNC |
			       SECBAKE_FLAG_TSYNC_ESRCH | SECBAKE_FLAG_WAIT_KILLABLE_RECV;
	const struct sb_blob_layer_in asked[] = {{.filter_flags = SECBAKE_FLAG_NEW_LISTENER,
						  .insn = notify,
						  .insn_count = COUNT(notify)}};
	const struct sb_blob_layer_in all[] = {
		{.filter_flags = flags, .insn = notify, .insn_count = COUNT(notify)}};
	struct job job = {.blob = blob_of(all, 1, 0), .features = probed()};

	(void)state;
	/* As the policy says, and as the caller asks. */
	assert_int_equal(in_child(listen_to_threads, &job), 95);
	job.blob = blob_of(asked, 1, 0);
	job.options.all_threads = true;
	assert_int_equal(in_child(listen_to_threads, &job), 95);
	assert_int_equal(in_child(listener_with_diverged, &job), 0);
}

/* ---- what is refused ---- */

static int apply_status(const void *argument)
{
	const struct job *job = argument;
	enum secbake_status status =
		secbake_load_apply(&job->blob, &job->features, &job->options, NULL, NULL);

	if (denied_with() || prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0))
		return FAILED;
	return (int)status;
}

static void test_refused_before_anything(void **state)
{
	const struct sb_blob_layer_in layer[] = {
		{.insn = deny_11, .insn_count = COUNT(deny_11)},
		{.filter_flags = SECBAKE_FLAG_LOG, .insn = deny_22, .insn_count = COUNT(deny_22)},
	};
	const struct job good = {.blob = blob_of(layer, 2, 0), .features = probed()};
	struct job job = good;

	(void)state;
	job.options.reserved[5] = 1;
	assert_int_equal(in_child(apply_status, &job), SECBAKE_ERR_INPUT);
	job = good;
	job.options.mode = (enum secbake_mode)3;
	assert_int_equal(in_child(apply_status, &job), SECBAKE_ERR_INPUT);
	job = good;
	job.blob = (struct secbake_blob){0}; /* as secbake_load_close() leaves it */
	assert_int_equal(in_child(apply_status, &job), SECBAKE_ERR_INPUT);
	job = good;
	job.features = (struct secbake_features){0};
	assert_int_equal(in_child(apply_status, &job), SECBAKE_ERR_INPUT);
	job = good;
	job.features.flags &= ~(uint32_t)SECBAKE_FLAG_LOG;
	assert_int_equal(in_child(apply_status, &job), SECBAKE_ERR_STALE);
	job = good;
	job.features.arch = secbake_arch_find("s390x");
	assert_int_equal(in_child(apply_status, &job), SECBAKE_ERR_STALE);
	/* seccomp(2) denied: the probe then reports no flags. */
	job = good;
	job.features.method = SECBAKE_METHOD_PRCTL;
	job.features.flags = 0;
	assert_int_equal(in_child(apply_status, &job), SECBAKE_ERR_STALE);
	job = good;
	job.features.method = SECBAKE_METHOD_NONE;
	assert_int_equal(in_child(apply_status, &job), SECBAKE_ERR_TARGET);
}

/* What only the kernel can tell: it counts instructions in a form of its own. */
static int apply_too_long(const void *argument)
{
	const struct job *job = argument;
	struct secbake_error e = {0};
	enum secbake_status status =
		secbake_load_apply(&job->blob, &job->features, &job->options, NULL, &e);

	if (status != SECBAKE_ERR_SYSTEM || e.sys_errno != ENOMEM)
		return FAILED;
	return strstr(e.text, "it is too long") ? 0 : FAILED + 1;
}

/* The kernel's limit on all programs together: refused before the first goes in, if it is sure. */
static void test_too_long_together(void **state)
{
	static struct sock_filter longest[SECBAKE_PROGRAM_MAX];
	struct sb_blob_layer_in layer[8];
	struct job job = {.features = probed()};

	(void)state;
	for (uint32_t i = 0; i < COUNT(longest); i++)
		longest[i] = (struct sock_filter)LOAD(0);
	for (uint32_t i = 0; i < COUNT(layer); i++)
		layer[i] = (struct sb_blob_layer_in){.insn = longest, .insn_count = COUNT(longest)};
	longest[COUNT(longest) - 1] = (struct sock_filter)RET(SECCOMP_RET_ALLOW);
	job.blob = blob_of(layer, COUNT(layer), 0);
	assert_int_equal(in_child(apply_status, &job), SECBAKE_ERR_LIMIT);
	/* 32768 with 4 for each but the last, and one more. */
	layer[7].insn = longest + 27;
	layer[7].insn_count = COUNT(longest) - 27;
	job.blob = blob_of(layer, COUNT(layer), 0);
	assert_int_equal(in_child(apply_status, &job), SECBAKE_ERR_LIMIT);
	layer[7].insn = longest + 28;
	layer[7].insn_count = COUNT(longest) - 28;
	job.blob = blob_of(layer, COUNT(layer), 0);
	assert_int_equal(in_child(apply_too_long, &job), 0);
}

static int free_made(void **state)
{
	(void)state;
	free(made);
	made = NULL;
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_layer),
		cmocka_unit_test(test_layers_in_order),
		cmocka_unit_test(test_by_prctl),
		cmocka_unit_test(test_faked_answers),
		cmocka_unit_test(test_keep_privileges),
		cmocka_unit_test(test_unrestricted),
		cmocka_unit_test(test_listener),
		cmocka_unit_test(test_tsync),
		cmocka_unit_test(test_tsync_names_the_thread),
		cmocka_unit_test(test_listener_for_all_threads),
		cmocka_unit_test(test_refused_before_anything),
		cmocka_unit_test(test_too_long_together),
	};

	return cmocka_run_group_tests(tests, NULL, free_made);
}
