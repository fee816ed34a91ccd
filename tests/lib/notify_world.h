/* SPDX-License-Identifier: MIT */
/*
 * What a test of NOTIFY needs besides lib/exec_world.h: a command that makes the call that
 * the agent is asked about, policies from their text, and the agent, which is this process;
 * it takes no word of the loader's for granted.
 */
#ifndef TEST_NOTIFY_WORLD_H
#define TEST_NOTIFY_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>

#include "tests/lib/exec_world.h"

#define NO_PROCESS 0x7fffffff /* more than any has */

/* The command: makes the call, getsid, and says what came of it. */
int ask(void);
/* This program, which is the command when it is run with an argument. */
extern char self[512];

#define OCI_START \
	"{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"listenerPath\": \"%s\", %s\"syscalls\": "
#define OCI_END "[%s{\"names\": [%s], \"action\": \"SCMP_ACT_NOTIFY\"}]}"

/* Policy "test", into c1, by secbake itself. */
void compile(const char *text);

/* more: members of an OCI policy, each with its comma. */
void compile_oci(const char *more);
/* The agent's socket, listening. */
int listen_here(void);

/* A connection, all that came over it, and the one descriptor that came along. */
struct session {
	int listening, out; /* out: what the command says */
	pid_t loader;
	int fd;
	char text[20000];
	size_t size;
	json_t *state;
};

/* "exactly one container process state per connection", which is closed after it. */
void receive(struct session *s);
/* Runs the command under the policy; demanded: flags that its blob must ask for. */
void start(struct session *s, uint32_t demanded);

/* Waits for the command, and reads what it said into output. */
int finish(struct session *s);

/* The request that the descriptor gives, and what is answered to it. */
struct seccomp_notif asked(const struct session *s);
void answer(const struct session *s, uint64_t id, int32_t error, int64_t value, uint32_t flags);

/* The whole: the command made its call, and got this. */
void ends_with(struct session *s, const char *what);
void refuse_and_end(struct session *s);
/* This kernel has these flags. */
bool have(uint32_t flags);
/* All of the state, field by field. */
void assert_fields(const struct session *s, const char *metadata);

#endif
