/* SPDX-License-Identifier: MIT */
/*
 * One call a child: what the kernel does to it must be what the interpreter says of
 * it. Where the verdict lets it through, it must do what it does without a filter.
 */
#include "live.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#define SYS_SECCOMP_ 1 /* si_code */
#define X32 0x40000000u

/* Calls that no runtime makes on its own: sanitizers live in these children, too. */
static const char rules[] =
	"\"syscalls\": ["
	"{\"names\": [\"getppid\"], \"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": 77},"
	"{\"names\": [\"getgid\"], \"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": 0},"
	"{\"names\": [\"getsid\"], \"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": 4095},"
	"{\"names\": [\"getpgid\"], \"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": 78,"
	"  \"args\": [{\"index\": 0, \"op\": \"SCMP_CMP_EQ\", \"value\": 5}]},"
	"{\"names\": [\"setpriority\"], \"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": 79,"
	"  \"args\": [{\"index\": 0, \"op\": \"SCMP_CMP_GE\", \"value\": 4294967296}]},"
	"{\"names\": [\"getpriority\"], \"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": 80,"
	"  \"args\": [{\"index\": 0, \"op\": \"SCMP_CMP_EQ\", \"value\": 7},"
	"             {\"index\": 1, \"op\": \"SCMP_CMP_NE\", \"value\": 9}]},"
	"{\"names\": [\"personality\"], \"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": 81,"
	"  \"args\": [{\"index\": 0, \"op\": \"SCMP_CMP_MASKED_EQ\", \"value\": 4278190080,"
	"             \"valueTwo\": 301989888}]},"
	"{\"names\": [\"dup2\"], \"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": 82,"
	"  \"args\": [{\"index\": 1, \"op\": \"SCMP_CMP_GT\", \"value\": 18446744073709551614}]},"
	"{\"names\": [\"umask\"], \"action\": \"SCMP_ACT_TRAP\"},"
	"{\"names\": [\"alarm\"], \"action\": \"SCMP_ACT_TRACE\", \"errnoRet\": 9},"
	"{\"names\": [\"times\"], \"action\": \"SCMP_ACT_LOG\"},"
	"{\"names\": [\"setfsuid\"], \"action\": \"SCMP_ACT_KILL_THREAD\"},"
	"{\"names\": [\"setfsgid\"], \"action\": \"SCMP_ACT_KILL_PROCESS\"}]}";

enum {
	GETPPID,
	GETGID,
	GETSID,
	GETPGID,
	SETPRIORITY,
	GETPRIORITY,
	PERSONALITY,
	DUP2,
	UMASK,
	ALARM,
	TIMES,
	SETFSUID,
	SETFSGID,
	GETEGID,
	CALLS
};

static const uint32_t numbers[][CALLS] = {
	[LIVE_X86_64] = {110, 104, 124, 121, 141, 140, 135, 33, 95, 37, 100, 122, 123, 108},
	[LIVE_I386] = {64, 47, 147, 132, 97, 96, 136, 63, 60, 27, 43, 138, 139, 50},
};

/* Arguments, and the calls that they are tried on. */
static const struct {
	int call;
	uint64_t args[2];
} tried[] = {
	{GETPPID, {0}},
	{GETPPID, {UINT64_MAX, UINT64_MAX}},
	{GETGID, {0}},
	{GETSID, {0}},
	{GETEGID, {0}},
	{GETPGID, {0}},
	{GETPGID, {5}},
	{GETPGID, {0x100000005}},
	{GETPGID, {0xffffffff00000005}},
	{GETPGID, {0x8000000000000005}},
	{GETPGID, {0x500000000}},
	{SETPRIORITY, {0xffffffff}},
	{SETPRIORITY, {0x100000000}},
	{SETPRIORITY, {0xffffffff00000000}},
	{SETPRIORITY, {99}},
	{GETPRIORITY, {7, 0}},
	{GETPRIORITY, {7, 9}},
	{GETPRIORITY, {7, 0x100000009}},
	{GETPRIORITY, {0x100000007, 0}},
	{GETPRIORITY, {8, 0}},
	{PERSONALITY, {0xffffffff}},
	{PERSONALITY, {0x12ffffff}},
	{PERSONALITY, {0xffffffff12000000}},
	{DUP2, {1000, UINT64_MAX}},
	{DUP2, {1000, UINT64_MAX - 1}},
	{DUP2, {1000, 0xffffffff}},
	{UMASK, {022}},
	{ALARM, {0}},
	{TIMES, {0}},
	{SETFSUID, {0xffffffff}},
	{SETFSGID, {0xffffffff}},
};

static const char *describe(const struct live_call *call)
{
	static char text[96];

	snprintf(text, sizeof(text), "%s 0x%x 0x%llx,0x%llx",
		 call->abi == LIVE_I386 ? "int $0x80" : "syscall", call->nr,
		 (unsigned long long)call->args[0], (unsigned long long)call->args[1]);
	return text;
}

static void check_trap(const struct live_call *call, uint32_t data,
		       const struct live_shared *shared)
{
	unsigned int arch = call->abi == LIVE_I386 ? 0x40000003u : 0xc000003eu;

	if (shared->traps != 1 || shared->trap_code != SYS_SECCOMP_ ||
	    shared->trap_syscall != (int)call->nr || shared->trap_arch != arch ||
	    shared->trap_errno != (int)data || !shared->trap_address)
		live_fail("%s: %d SIGSYS, code %d errno %d syscall 0x%x arch 0x%x address 0x%lx",
			  describe(call), shared->traps, shared->trap_code, shared->trap_errno,
			  (unsigned int)shared->trap_syscall, shared->trap_arch,
			  shared->trap_address);
}

/* Results are compared as far as they do not depend on the process. */
static bool same_result(long a, long b)
{
	return a == b || (a >= 0 && b >= 0);
}

static void check_call(const struct live_policy *policy, const struct live_call *call,
		       struct live_shared *shared)
{
	uint32_t verdict = live_verdict(policy, call), data = verdict & SECCOMP_RET_DATA;
	long plain;
	int status;

	live_run(NULL, call, shared);
	plain = shared->done ? shared->value : -1;
	status = live_run(policy, call, shared);
	live_checks++;
	if (!shared->applied) {
		live_fail("%s: not applied: %s", describe(call), shared->error.text);
		return;
	}
	switch (verdict & SECCOMP_RET_ACTION_FULL) {
	case SECCOMP_RET_ALLOW:
	case SECCOMP_RET_LOG:
		if (!shared->done || !same_result(shared->value, plain))
			live_fail("%s: %s, but it %s %ld (without a filter: %ld)", describe(call),
				  test_verdict_text(verdict),
				  shared->done ? "returned" : "did not return", shared->value,
				  plain);
		break;
	case SECCOMP_RET_ERRNO:
		if (!shared->done || shared->value != -(long)data)
			live_fail("%s: %s, but it %s %ld", describe(call),
				  test_verdict_text(verdict),
				  shared->done ? "returned" : "did not return", shared->value);
		break;
	case SECCOMP_RET_TRACE: /* nobody traces */
		if (!shared->done || shared->value != -ENOSYS)
			live_fail("%s: TRACE without a tracer returned %ld", describe(call),
				  shared->value);
		break;
	case SECCOMP_RET_TRAP:
		check_trap(call, data, shared);
		break;
	default:
		if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS || shared->done)
			live_fail("%s: %s, but wait status 0x%x", describe(call),
				  test_verdict_text(verdict), (unsigned int)status);
	}
}

static void check_policy(const char *arches, bool i386)
{
	char *text =
		test_sprintf("{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"architectures\": [%s], %s",
			     arches, rules);
	struct live_shared *shared = live_share();
	struct live_policy policy;

	live_policy_init(&policy, text);
	for (size_t i = 0; i < sizeof(tried) / sizeof(tried[0]); i++) {
		struct live_call call = {LIVE_X86_64,
					 numbers[LIVE_X86_64][tried[i].call],
					 {tried[i].args[0], tried[i].args[1]}};

		check_call(&policy, &call, shared);
		call.nr |= X32;
		check_call(&policy, &call, shared);
		call.abi = LIVE_I386;
		call.nr = numbers[LIVE_I386][tried[i].call];
		if (i386)
			check_call(&policy, &call, shared);
	}
	live_policy_free(&policy);
	munmap(shared, sizeof(*shared));
	free(text);
}

void live_test_calls(void)
{
	bool i386 = live_has_i386();

	if (!i386)
		puts("int $0x80 is not to be had here: i386 is not tried");
	check_policy("\"SCMP_ARCH_X86_64\", \"SCMP_ARCH_X86\", \"SCMP_ARCH_X32\"", i386);
	check_policy("\"SCMP_ARCH_X86_64\"", i386); /* the other two are foreign */
}

/* Every number that the project's own profile denies is denied by the kernel. */
static void sweep(const struct live_policy *policy, enum live_abi abi, uint32_t base,
		  struct live_shared *shared)
{
	unsigned int denied = 0;

	for (uint32_t nr = 0; nr <= 600; nr++) {
		struct live_call call = {abi, base | nr, {0}};
		uint32_t verdict;

		memset(call.args, 0xff, sizeof(call.args));
		verdict = live_verdict(policy, &call);
		/* 335 and 336 on x86_64 serve the kernel's own probes: no filter sees them. */
		if ((verdict & SECCOMP_RET_ACTION_FULL) != SECCOMP_RET_ERRNO ||
		    (abi == LIVE_X86_64 && (nr == 335 || nr == 336)))
			continue;
		denied++;
		live_run(policy, &call, shared);
		live_checks++;
		if (!shared->done || shared->value != -(long)(verdict & SECCOMP_RET_DATA))
			live_fail("container.json: %s: %s, but it returned %ld", describe(&call),
				  test_verdict_text(verdict), shared->value);
	}
	if (denied < 20)
		live_fail("container.json denies only %u numbers of 0x%x", denied, base);
}

void live_test_sweep(void)
{
	struct live_shared *shared = live_share();
	struct live_policy policy;
	size_t size;
	char *text = test_read_file(SECBAKE_SOURCE_DIR "/profiles/container.json", &size);

	live_policy_init(&policy, text);
	sweep(&policy, LIVE_X86_64, 0, shared);
	if (live_has_i386())
		sweep(&policy, LIVE_I386, 0, shared);
	live_policy_free(&policy);
	munmap(shared, sizeof(*shared));
	free(text);
}
