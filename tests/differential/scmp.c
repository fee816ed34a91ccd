/* SPDX-License-Identifier: MIT */
#include "scmp.h"

#include <seccomp.h>
#include <string.h>

#include <secbake/inspect.h>

uint32_t scmp_action(uint32_t action)
{
	uint32_t data = action & SECCOMP_RET_DATA;

	switch (action & SECCOMP_RET_ACTION_FULL) {
	case SECCOMP_RET_ERRNO:
		return SCMP_ACT_ERRNO(data);
	case SECCOMP_RET_TRACE:
		return SCMP_ACT_TRACE(data);
	default:
		return action; /* libseccomp's names for the others are the kernel's values */
	}
}

bool is_multiplexed(const char *name)
{
	static const char *const names[] = {
		"socket",      "bind",	     "connect",	   "listen",  "accept",	 "getsockname",
		"getpeername", "socketpair", "send",	   "recv",    "sendto",	 "recvfrom",
		"shutdown",    "setsockopt", "getsockopt", "sendmsg", "recvmsg", "accept4",
		"recvmmsg",    "sendmmsg",   "semop",	   "semget",  "semctl",	 "semtimedop",
		"msgsnd",      "msgrcv",     "msgget",	   "msgctl",  "shmat",	 "shmdt",
		"shmget",      "shmctl",     "socketcall", "ipc",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

bool is_carrier(const struct seccomp_data *data)
{
	const struct secbake_arch *arch = secbake_arch_by_audit(data->arch);
	uint32_t socketcall, ipc;

	if (!arch)
		return false;
	return (secbake_syscall_number(arch, "socketcall", &socketcall) &&
		(uint32_t)data->nr == socketcall) ||
	       (secbake_syscall_number(arch, "ipc", &ipc) && (uint32_t)data->nr == ipc);
}
