/* SPDX-License-Identifier: MIT */
/* Children under filters, and what came of their calls; see live.h. */
#include "live.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define AUDIT_ARCH_X86_64_ 0xc000003eu
#define AUDIT_ARCH_I386_ 0x40000003u

unsigned int live_failures, live_checks;

void live_fail(const char *format, ...)
{
	va_list args;

	live_failures++;
	fflush(stdout);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

static enum secbake_status read_shipped(struct secbake_source_reader *self, uint32_t index,
					enum secbake_source_kind kind, uint32_t parent,
					const char *name, struct secbake_text *text,
					struct secbake_error *error)
{
	struct live_policy *policy = (struct live_policy *)self; /* its first member */
	char *path = test_sprintf("%s/profiles/%s.json", SECBAKE_SOURCE_DIR, name);

	(void)parent;
	if (kind != SECBAKE_SOURCE_POLICY || index >= LIVE_BASES_MAX)
		return secbake_error_set(error, SECBAKE_ERR_MISSING, 0, "%s is not here", name);
	free(policy->base[index]);
	policy->base[index] = test_read_file(path, &text->size);
	text->bytes = policy->base[index];
	text->file = "shipped.json";
	free(path);
	return SECBAKE_OK;
}

static enum secbake_status no_accounts(struct secbake_source_reader *self, bool groups,
				       struct secbake_text *text, struct secbake_error *error)
{
	(void)self;
	(void)groups;
	(void)text;
	return secbake_error_set(error, SECBAKE_ERR_MISSING, 0, "there are none");
}

void live_policy_init(struct live_policy *policy, const char *json)
{
	struct secbake_error error = {0};
	uint32_t variant;

	*policy = (struct live_policy){.sources = {read_shipped, no_accounts},
				       .text = test_sprintf("%s", json)};
	if (secbake_features_probe(&policy->features, &error) != SECBAKE_OK)
		test_skip("the kernel's features cannot be probed: %s", error.text);
	if (policy->features.method != SECBAKE_METHOD_SECCOMP)
		test_skip("seccomp(2) cannot be had here");
	if ((policy->features.actions & SECBAKE_ACTIONS_ALL) != SECBAKE_ACTIONS_ALL)
		test_skip("this kernel lacks actions that the tests are about");
	policy->options = (struct secbake_compile_options){
		.target = policy->features,
		.name = "live",
		.policy = {.bytes = policy->text,
			   .size = strlen(policy->text),
			   .file = "live.json"},
		.enosys = SECBAKE_ENOSYS_NONE,
		.sources = &policy->sources,
	};
	if (test_compile(&policy->compiled, &policy->options, &error) != SECBAKE_OK)
		test_die("live.json:%u: %s: %s", error.line, error.pointer, error.text);
	if (secbake_blob_select(&policy->compiled.blob, &policy->features, SECBAKE_MODE_ENFORCE,
				&variant, &error) != SECBAKE_OK)
		test_die("no variant for this kernel: %s", error.text);
	test_program_of_layer(&policy->compiled,
			      secbake_blob_variant(&policy->compiled.blob, variant).layer_first,
			      &policy->program);
}

void live_policy_free(struct live_policy *policy)
{
	test_compiled_free(&policy->compiled);
	for (uint32_t i = 0; i < LIVE_BASES_MAX; i++)
		free(policy->base[i]);
	free(policy->text);
}

bool live_apply(const struct live_policy *policy, struct live_shared *shared)
{
	const struct secbake_load_options options = {.mode = SECBAKE_MODE_ENFORCE};

	shared->applied = secbake_load_apply(&policy->compiled.blob, &policy->features, &options,
					     NULL, &shared->error) == SECBAKE_OK;
	return shared->applied;
}

struct live_shared *live_share(void)
{
	struct live_shared *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
					  MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (shared == MAP_FAILED)
		test_die("mmap: %s", strerror(errno));
	return shared;
}

static long call_x86_64(const struct live_call *call)
{
	register uint64_t r10 __asm__("r10") = call->args[3];
	register uint64_t r8 __asm__("r8") = call->args[4];
	register uint64_t r9 __asm__("r9") = call->args[5];
	long value;

	__asm__ volatile("syscall"
			 : "=a"(value)
			 : "a"((unsigned long)call->nr), "D"(call->args[0]), "S"(call->args[1]),
			   "d"(call->args[2]), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return value;
}

/* rbx is saved by hand: not every compiler lets asm take it in position-independent code. */
static long call_i386(const struct live_call *call)
{
	long value;

	__asm__ volatile("xchg %%rbx, %[b]\n\t"
			 "int $0x80\n\t"
			 "xchg %%rbx, %[b]"
			 : "=a"(value)
			 : "a"((unsigned long)call->nr), [b] "r"(call->args[0]), "c"(call->args[1]),
			   "d"(call->args[2]), "S"(call->args[3]), "D"(call->args[4])
			 : "r8", "r9", "r10", "r11", "memory");
	return (int)value;
}

long live_make_call(const struct live_call *call)
{
	return call->abi == LIVE_I386 ? call_i386(call) : call_x86_64(call);
}

static struct live_shared *trap_shared;

static void on_trap(int signo, siginfo_t *info, void *context)
{
	(void)signo;
	(void)context;
	trap_shared->trap_code = info->si_code;
	trap_shared->trap_errno = info->si_errno;
	trap_shared->trap_syscall = info->si_syscall;
	trap_shared->trap_arch = info->si_arch;
	trap_shared->trap_address = (unsigned long)info->si_call_addr;
	trap_shared->traps++;
}

void live_catch_traps(struct live_shared *shared)
{
	struct sigaction action = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO};

	trap_shared = shared;
	if (sigaction(SIGSYS, &action, NULL))
		test_die("sigaction: %s", strerror(errno));
}

uint32_t live_verdict(const struct live_policy *policy, const struct live_call *call)
{
	struct seccomp_data data = {
		.nr = (int)call->nr,
		.arch = call->abi == LIVE_I386 ? AUDIT_ARCH_I386_ : AUDIT_ARCH_X86_64_,
	};

	/* What int $0x80 takes of a register is its lower half; call_i386() has five. */
	for (unsigned int i = 0; i < 6; i++)
		data.args[i] = call->abi == LIVE_I386 ? (uint32_t)call->args[i] : call->args[i];
	return test_interpret(&policy->program, &data);
}

int live_run(const struct live_policy *policy, const struct live_call *call,
	     struct live_shared *shared)
{
	int status;
	pid_t child;

	memset(shared, 0, sizeof(*shared));
	fflush(stdout);
	child = fork();
	if (child < 0)
		test_die("fork: %s", strerror(errno));
	if (!child) {
		if (policy)
			live_catch_traps(shared);
		if (policy && !live_apply(policy, shared))
			_exit(1);
		shared->value = live_make_call(call);
		shared->done = 1;
		_exit(0);
	}
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			test_die("waitpid: %s", strerror(errno));
	return status;
}

bool live_has_i386(void)
{
	const struct live_call getpid_i386 = {LIVE_I386, 20, {0}};
	struct live_shared *shared = live_share();
	bool there;

	live_run(NULL, &getpid_i386, shared);
	there = shared->done && shared->value > 0;
	munmap(shared, sizeof(*shared));
	return there;
}
