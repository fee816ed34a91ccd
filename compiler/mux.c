/* SPDX-License-Identifier: MIT */
/*
 * Calls that some architectures carry under one number: net/socket.c and
 * ipc/syscall.c, numbers from include/uapi/linux/net.h and ipc.h. Argument 0
 * tells which one; the others lie in memory, where no filter can look.
 */
#include "mux.h"

#include <stddef.h>
#include <string.h>

/* The kernel takes 32 bits of it on every ABI: what is above is anybody's, and must not decide. */
static const struct sb_mux socketcall = {"socketcall", 0xffffffff};
/* The upper half of ipc's first argument is a version that some calls look at. */
static const struct sb_mux ipc = {"ipc", 0xffff};

static const struct {
	const char *name;
	const struct sb_mux *mux;
	uint32_t call;
} carried[] = {
	{"socket", &socketcall, 1},
	{"bind", &socketcall, 2},
	{"connect", &socketcall, 3},
	{"listen", &socketcall, 4},
	{"accept", &socketcall, 5},
	{"getsockname", &socketcall, 6},
	{"getpeername", &socketcall, 7},
	{"socketpair", &socketcall, 8},
	{"send", &socketcall, 9},
	{"recv", &socketcall, 10},
	{"sendto", &socketcall, 11},
	{"recvfrom", &socketcall, 12},
	{"shutdown", &socketcall, 13},
	{"setsockopt", &socketcall, 14},
	{"getsockopt", &socketcall, 15},
	{"sendmsg", &socketcall, 16},
	{"recvmsg", &socketcall, 17},
	{"accept4", &socketcall, 18},
	{"recvmmsg", &socketcall, 19},
	{"sendmmsg", &socketcall, 20},
	{"semop", &ipc, 1},
	{"semget", &ipc, 2},
	{"semctl", &ipc, 3},
	{"semtimedop", &ipc, 4},
	{"msgsnd", &ipc, 11},
	{"msgrcv", &ipc, 12},
	{"msgget", &ipc, 13},
	{"msgctl", &ipc, 14},
	{"shmat", &ipc, 21},
	{"shmdt", &ipc, 22},
	{"shmget", &ipc, 23},
	{"shmctl", &ipc, 24},
};

const struct sb_mux *sb_mux_find(const char *name, uint32_t *call)
{
	for (size_t i = 0; i < sizeof(carried) / sizeof(carried[0]); i++) {
		/* Asked for every name of a policy: most differ in the first letter. */
		if (carried[i].name[0] == name[0] && !strcmp(carried[i].name, name)) {
			*call = carried[i].call;
			return carried[i].mux;
		}
	}
	return NULL;
}
