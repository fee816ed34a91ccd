/* SPDX-License-Identifier: MIT */
/* include/uapi/linux/capability.h; the last one came with 5.9. */
#include "capabilities.h"

#include <secbake/inspect.h>
#include <string.h>
#include <strings.h>

#include "nearest.h"

static const char *const capabilities[] = {
	"CAP_CHOWN",
	"CAP_DAC_OVERRIDE",
	"CAP_DAC_READ_SEARCH",
	"CAP_FOWNER",
	"CAP_FSETID",
	"CAP_KILL",
	"CAP_SETGID",
	"CAP_SETUID",
	"CAP_SETPCAP",
	"CAP_LINUX_IMMUTABLE",
	"CAP_NET_BIND_SERVICE",
	"CAP_NET_BROADCAST",
	"CAP_NET_ADMIN",
	"CAP_NET_RAW",
	"CAP_IPC_LOCK",
	"CAP_IPC_OWNER",
	"CAP_SYS_MODULE",
	"CAP_SYS_RAWIO",
	"CAP_SYS_CHROOT",
	"CAP_SYS_PTRACE",
	"CAP_SYS_PACCT",
	"CAP_SYS_ADMIN",
	"CAP_SYS_BOOT",
	"CAP_SYS_NICE",
	"CAP_SYS_RESOURCE",
	"CAP_SYS_TIME",
	"CAP_SYS_TTY_CONFIG",
	"CAP_MKNOD",
	"CAP_LEASE",
	"CAP_AUDIT_WRITE",
	"CAP_AUDIT_CONTROL",
	"CAP_SETFCAP",
	"CAP_MAC_OVERRIDE",
	"CAP_MAC_ADMIN",
	"CAP_SYSLOG",
	"CAP_WAKE_ALARM",
	"CAP_BLOCK_SUSPEND",
	"CAP_AUDIT_READ",
	"CAP_PERFMON",
	"CAP_BPF",
	"CAP_CHECKPOINT_RESTORE",
};

#define COUNT (sizeof(capabilities) / sizeof(capabilities[0]))

bool sb_capability_known(const char *name)
{
	for (size_t i = 0; i < COUNT; i++)
		if (!strcmp(capabilities[i], name))
			return true;
	return false;
}

const char *sb_capability_nearest(const char *name)
{
	struct sb_nearest nearest = {.word = name};

	for (size_t i = 0; i < COUNT; i++) {
		sb_nearest_try(&nearest, capabilities[i]);
		if (!strcasecmp(name, capabilities[i] + strlen("CAP_")))
			return capabilities[i];
	}
	return nearest.best;
}

bool secbake_capability_known(const char *name)
{
	return sb_capability_known(name);
}

const char *secbake_capability_nearest(const char *name)
{
	return sb_capability_nearest(name);
}
