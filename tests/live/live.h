/* SPDX-License-Identifier: MIT */
/*
 * What the tests on the running kernel share: a policy compiled for it, real calls
 * in a child under the real loader's code, and what came of them.
 */
#ifndef TEST_LIVE_H
#define TEST_LIVE_H

#include <secbake/load.h>

#include <tests/lib/compiled.h>

enum live_abi {
	LIVE_X86_64, /* syscall; x32's numbers too */
	LIVE_I386,   /* int $0x80 in a 64-bit program */
};

struct live_call {
	enum live_abi abi;
	uint32_t nr;
	uint64_t args[6];
};

/* In memory that a child shares, for a filter may deny it everything else. */
struct live_shared {
	volatile int applied; /* secbake_load_apply() was successful */
	volatile int done;    /* the call returned */
	volatile long value;  /* what it returned, -errno on failure */
	volatile int traps;   /* SIGSYS that were caught, and what the last one said */
	volatile int trap_code, trap_errno, trap_syscall;
	volatile unsigned int trap_arch;
	volatile unsigned long trap_address;
	volatile int survived; /* another thread went on */
	volatile int tid;
	struct secbake_error error;
};

#define LIVE_BASES_MAX 8u

struct live_policy {
	struct secbake_source_reader sources; /* bases and groups, of profiles/; first member */
	char *base[LIVE_BASES_MAX];	      /* their texts, by source number */
	struct secbake_features features;
	struct secbake_compile_options options;
	struct test_compiled compiled;
	struct test_program program; /* for the running kernel */
	char *text;
};

/* Ends the test as skipped where filters cannot be had. */
void live_policy_init(struct live_policy *policy, const char *json);
void live_policy_free(struct live_policy *policy);

/* In the child: installs it, or says why not in shared->error. */
bool live_apply(const struct live_policy *policy, struct live_shared *shared);

struct live_shared *live_share(void);

/* The call, by no libc function. */
long live_make_call(const struct live_call *call);

/* Catches SIGSYS and keeps what it says. */
void live_catch_traps(struct live_shared *shared);

/* The verdict of the interpreter. */
uint32_t live_verdict(const struct live_policy *policy, const struct live_call *call);

/* Makes the call in a child, under policy or without (NULL). Return: wait status. */
int live_run(const struct live_policy *policy, const struct live_call *call,
	     struct live_shared *shared);

/* Is int $0x80 there? */
bool live_has_i386(void);

/* Counts and prints; the test fails in the end. */
void live_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
extern unsigned int live_failures, live_checks;

void live_test_calls(void);
void live_test_sweep(void);
void live_test_tracer(void);
void live_test_threads(void);
void live_test_tsync(void);

#endif
