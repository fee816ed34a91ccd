/* SPDX-License-Identifier: MIT */
/*
 * The ABIs that secbake knows. Facts: include/uapi/linux/audit.h (AUDIT_ARCH_*)
 * and the kernel's system call tables.
 */
#ifndef SECBAKE_ARCH_H
#define SECBAKE_ARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Bit 30 of a system call number marks the x32 ABI (arch/x86/include/uapi/asm/unistd.h). */
#define SECBAKE_X32_BIT 0x40000000u

/**
 * struct secbake_arch - one system call ABI
 * @name: name in policies and options: "x86_64", "x32", "aarch64" ...
 * @scmp_name: OCI's name: "SCMP_ARCH_X86_64" ...; NULL if the format has none
 * @go_name: name in includes.arches and excludes.arches: "amd64" ...; NULL if none
 * @table: the column of the system call table that it reads
 * @audit_arch: seccomp_data.arch
 * @bits: 32 or 64: width of a register as the kernel reads it for this ABI
 * @big_endian: byte order of seccomp_data
 * @x32: numbers carry SECBAKE_X32_BIT
 */
struct secbake_arch {
	const char *name;
	const char *scmp_name;
	const char *go_name;
	const char *table;
	uint32_t audit_arch;
	uint8_t bits;
	bool big_endian;
	bool x32;
};

/**
 * secbake_arch_native() - the ABI that this library was compiled for
 *
 * Not what uname(2) says: a 32-bit build on a 64-bit kernel is 32-bit.
 * Return: never NULL; static.
 */
const struct secbake_arch *secbake_arch_native(void);

/**
 * secbake_arch_find() - an ABI by its name in policies
 * @name: "native" is accepted
 * Return: static, or NULL when there is none of that name.
 */
const struct secbake_arch *secbake_arch_find(const char *name);

/**
 * secbake_arch_by_audit() - an ABI by seccomp_data.arch
 * @audit_arch: AUDIT_ARCH_*; x32 is found as x86_64
 * Return: static, or NULL.
 */
const struct secbake_arch *secbake_arch_by_audit(uint32_t audit_arch);

/**
 * secbake_arch_at() - all ABIs, by index from 0
 * Return: static, or NULL past the last.
 */
const struct secbake_arch *secbake_arch_at(size_t index);

#ifdef __cplusplus
}
#endif
#endif
