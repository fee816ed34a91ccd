/* SPDX-License-Identifier: MIT */
/*
 * secbake-exec under a tracer that stands in for the kernel at one of its system calls.
 */
#ifndef TEST_TRACER_H
#define TEST_TRACER_H

#include <stdbool.h>
#include <stddef.h>

#if (defined(__x86_64__) && !defined(__ILP32__)) || defined(__aarch64__)
#define CAN_REPLACE
#endif

enum how {
	NOTHING,
	RETURN,	 /* not made; value is what comes back */
	PRETEND, /* not made; all that was asked for is said to be done (read: all bytes) */
	KILL
};

/* What a call is for, where the same number serves several ends. */
enum purpose {
	ANY,
	PROBE_ACTION,	/* seccomp(GET_ACTION_AVAIL) */
	PROBE_FLAGS,	/* seccomp(SET_MODE_FILTER) without a program */
	PROBE_SIZES,	/* seccomp(GET_NOTIF_SIZES) */
	TRIAL,		/* the installation of a program of no instructions */
	INSTALLATION,	/* and of one with */
	SET_PRIVILEGES, /* prctl(PR_SET_NO_NEW_PRIVS) */
	GET_PRIVILEGES, /* prctl(PR_GET_NO_NEW_PRIVS) */
	PURPOSES
};

struct made_call {
	long nr;
	enum purpose purpose;
};

#define CALLS_MAX 512u

struct fault {
	enum how how;
	long value;
	unsigned int at; /* the call, from 1, counted from the loader's start */
	/* filled in */
	bool struck;
	struct made_call call;	 /* that it struck */
	struct made_call *trace; /* NULL, or room for CALLS_MAX: all calls, in order */
	size_t traced;
};

/* Runs the loader until it is another program; its status, or 1000 and the signal. */
int run_with(const char *const *argv, struct fault *fault);

#endif
