/* SPDX-License-Identifier: MIT */
/*
 * Names for values of arguments. Many constants share a value: only those whose
 * prefix goes with the call's argument are looked at.
 */
#include "diff.h"

#include <string.h>

#include <secbake/inspect.h>

static const struct {
	const char *call;
	uint32_t arg;
	const char *prefix[6];
} families[] = {
	{"ioctl", 1, {"TIOC", "TC", "FIO", "SIOC", "FS_IOC_", "BLK"}},
	{"fcntl", 1, {"F_"}},
	{"fcntl64", 1, {"F_"}},
	{"prctl", 0, {"PR_"}},
	{"arch_prctl", 0, {"ARCH_"}},
	{"socket", 0, {"AF_"}},
	{"socket", 1, {"SOCK_"}},
	{"socketpair", 0, {"AF_"}},
	{"socketpair", 1, {"SOCK_"}},
	{"setsockopt", 1, {"SOL_"}},
	{"getsockopt", 1, {"SOL_"}},
	{"clone", 0, {"CLONE_"}},
	{"unshare", 0, {"CLONE_"}},
	{"setns", 1, {"CLONE_"}},
	{"personality", 0, {"PER_"}},
	{"open", 1, {"O_"}},
	{"openat", 2, {"O_"}},
	{"mmap", 2, {"PROT_"}},
	{"mmap", 3, {"MAP_"}},
	{"mmap2", 2, {"PROT_"}},
	{"mmap2", 3, {"MAP_"}},
	{"mprotect", 2, {"PROT_"}},
	{"madvise", 2, {"MADV_"}},
	{"mount", 3, {"MS_"}},
	{"umount2", 1, {"MNT_"}},
	{"mknod", 1, {"S_IF"}},
	{"mknodat", 2, {"S_IF"}},
	{"bpf", 0, {"BPF_"}},
	{"keyctl", 0, {"KEYCTL_"}},
	{"ptrace", 0, {"PTRACE_"}},
	{"futex", 1, {"FUTEX_"}},
	{"seccomp", 0, {"SECCOMP_SET_MODE_", "SECCOMP_GET_"}},
	{"kill", 1, {"SIG"}},
	{"tgkill", 2, {"SIG"}},
	{"clock_settime", 0, {"CLOCK_"}},
	{"clock_gettime", 0, {"CLOCK_"}},
};

static bool in_family(size_t family, const char *name)
{
	for (size_t i = 0; i < 6 && families[family].prefix[i]; i++)
		if (!strncmp(name, families[family].prefix[i], strlen(families[family].prefix[i])))
			return true;
	return false;
}

/* The first name, in sorted order, of exactly this value. */
static const char *name_of(const struct secbake_arch *abi, size_t family, uint64_t mask,
			   uint64_t value)
{
	const char *name;

	for (size_t i = 0; (name = secbake_constant_at(i)); i++) {
		uint64_t known;
		bool negative;

		if (in_family(family, name) && secbake_constant(abi, name, &known, &negative) &&
		    (known & mask) == value && (negative || known <= mask))
			return name;
	}
	return NULL;
}

/* All bits of value by name, joined. */
static bool name_bits(const struct secbake_arch *abi, size_t family, uint64_t value, char *text,
		      size_t size)
{
	size_t used = 0;

	for (uint64_t bit = 1; bit; bit <<= 1) {
		const char *name = value & bit ? name_of(abi, family, UINT64_MAX, bit) : NULL;
		int length;

		if (!(value & bit))
			continue;
		if (!name)
			return false;
		length = snprintf(text + used, size - used, "%s%s", used ? "|" : "", name);
		if (length < 0 || (size_t)length >= size - used)
			return false;
		used += (size_t)length;
	}
	return used != 0;
}

bool cli_diff_constant(const struct cli_diff_call *call, uint32_t arg, uint64_t mask,
		       uint64_t value, char *text, size_t size)
{
	bool whole = !(mask & (mask + 1)); /* no flags, but a number of so many bits */
	const char *name;

	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		if (strcmp(families[i].call, call->name) != 0 || families[i].arg != arg)
			continue;
		name = whole ? name_of(call->abi, i, mask, value) : NULL;
		if (name) {
			snprintf(text, size, "%s", name);
			return true;
		}
		return name_bits(call->abi, i, whole || value ? value : mask, text, size);
	}
	return false;
}
