/* SPDX-License-Identifier: MIT */
/*
 * Calls that some architectures carry under one number: net/socket.c and
 * ipc/syscall.c, numbers from include/uapi/linux/net.h and ipc.h. Argument 0
 * tells which one; the others lie in memory, where no filter can look.
 */
#include "mux.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* The kernel takes 32 bits of it on every ABI: what is above is anybody's, and must not decide. */
static const struct sb_mux socketcall = {"socketcall", 0xffffffff};
/* The upper half of ipc's first argument is a version that some calls look at. */
static const struct sb_mux ipc = {"ipc", 0xffff};

const struct sb_mux *const sb_mux_all[] = {&socketcall, &ipc, NULL};

struct carried {
	const char *name;
	const struct sb_mux *mux;
	uint32_t call;
};

/* Sorted by name: asked for every name of a policy. */
static const struct carried carried[] = {
	{"accept", &socketcall, 5},
	{"accept4", &socketcall, 18},
	{"bind", &socketcall, 2},
	{"connect", &socketcall, 3},
	{"getpeername", &socketcall, 7},
	{"getsockname", &socketcall, 6},
	{"getsockopt", &socketcall, 15},
	{"listen", &socketcall, 4},
	{"msgctl", &ipc, 14},
	{"msgget", &ipc, 13},
	{"msgrcv", &ipc, 12},
	{"msgsnd", &ipc, 11},
	{"recv", &socketcall, 10},
	{"recvfrom", &socketcall, 12},
	{"recvmmsg", &socketcall, 19},
	{"recvmsg", &socketcall, 17},
	{"semctl", &ipc, 3},
	{"semget", &ipc, 2},
	{"semop", &ipc, 1},
	{"semtimedop", &ipc, 4},
	{"send", &socketcall, 9},
	{"sendmmsg", &socketcall, 20},
	{"sendmsg", &socketcall, 16},
	{"sendto", &socketcall, 11},
	{"setsockopt", &socketcall, 14},
	{"shmat", &ipc, 21},
	{"shmctl", &ipc, 24},
	{"shmdt", &ipc, 22},
	{"shmget", &ipc, 23},
	{"shutdown", &socketcall, 13},
	{"socket", &socketcall, 1},
	{"socketpair", &socketcall, 8},
};

static int compare_name(const void *name, const void *entry)
{
	return strcmp(name, ((const struct carried *)entry)->name);
}

const struct sb_mux *sb_mux_find(const char *name, uint32_t *call)
{
	const struct carried *found = bsearch(name, carried, sizeof(carried) / sizeof(carried[0]),
					      sizeof(carried[0]), compare_name);

	if (!found)
		return NULL;
	*call = found->call;
	return found->mux;
}
