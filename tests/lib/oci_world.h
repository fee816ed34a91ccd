/* SPDX-License-Identifier: MIT */
/*
 * A policy of the oci dialect resolved, and what it says to a call: by a few lines that
 * read compiler/resolved.h plainly.
 */
#ifndef TEST_OCI_WORLD_H
#define TEST_OCI_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <linux/seccomp.h>
#include <string.h>

#include <compiler/read_oci.h>
#include <compiler/resolve.h>

#define ALLOW SECCOMP_RET_ALLOW
#define LOG SECCOMP_RET_LOG
#define KILL SECCOMP_RET_KILL_THREAD
#define ERR(n) (SECCOMP_RET_ERRNO | (uint32_t)(n))
#define NOSYS ERR(38)
#define X32(n) (SECBAKE_X32_BIT | (uint32_t)(n))

struct fixture {
	struct secbake_reporter reporter;
	struct sb_arena *arena;
	struct sb_options options;
	struct secbake_features target;
	enum secbake_mode mode;
	struct sb_resolved resolved;
	struct secbake_error error;
	uint32_t warnings, notes;
	char last[512]; /* text of the last message */
};

int setup(void **state);
int teardown(void **state);

enum secbake_status try_resolve(struct fixture *f, const char *json);

/* Without the stub, unless a test is about it: what is left is the policy's own. */
void resolve(struct fixture *f, const char *json);
uint32_t verdict_of(const struct fixture *f, const char *arch, uint32_t nr, uint64_t a0,
		    uint64_t a1);

#define expect(f, arch, nr, a0, verdict)                                                   \
	do {                                                                               \
		uint32_t got_ = verdict_of((f), (arch), (nr), (a0), 0);                    \
		if (got_ != (verdict))                                                     \
			fail_msg("line %d: %s %#x: wanted %#x, got %#x", __LINE__, (arch), \
				 (unsigned int)(nr), (unsigned int)(verdict), got_);       \
	} while (0)

/* What every layer must be, whatever the policy: see compiler/resolved.h. */
void check_shape(const struct fixture *f);

#endif
