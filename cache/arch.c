/* SPDX-License-Identifier: MIT */
/*
 * The ABIs. AUDIT_ARCH values: include/uapi/linux/audit.h, spelled out because
 * older headers lack the newer ones.
 */
#include <secbake/arch.h>

#include <string.h>

/*
 * The loader knows policies in no language but its blobs': each name costs it a string, a
 * pointer and a relocation.
 */
#ifdef SB_LOADER_ALONE
#define OTHER(scmp, go, table) NULL, NULL, NULL
#else
#define OTHER(scmp, go, table) scmp, go, table
#endif

static const struct secbake_arch arches[] = {
	/* name, OCI's, Go's, table, AUDIT_ARCH, bits, big-endian, x32 */
	{"x86_64", OTHER("SCMP_ARCH_X86_64", "amd64", "x86_64"), 0xC000003Eu, 64, false, false},
	{"x86", OTHER("SCMP_ARCH_X86", "x86", "x86"), 0x40000003u, 32, false, false},
	{"x32", OTHER("SCMP_ARCH_X32", "x32", "x32"), 0xC000003Eu, 64, false, true},
	{"aarch64", OTHER("SCMP_ARCH_AARCH64", "arm64", "aarch64"), 0xC00000B7u, 64, false, false},
	{"arm", OTHER("SCMP_ARCH_ARM", "arm", "arm"), 0x40000028u, 32, false, false},
	{"riscv64", OTHER("SCMP_ARCH_RISCV64", "riscv64", "riscv64"), 0xC00000F3u, 64, false,
	 false},
	{"ppc64le", OTHER("SCMP_ARCH_PPC64LE", "ppc64le", "ppc64le"), 0xC0000015u, 64, false,
	 false},
	{"ppc64", OTHER("SCMP_ARCH_PPC64", "ppc64", "ppc64le"), 0x80000015u, 64, true, false},
	{"ppc", OTHER("SCMP_ARCH_PPC", "ppc", "ppc"), 0x00000014u, 32, true, false},
	{"s390x", OTHER("SCMP_ARCH_S390X", "s390x", "s390x"), 0x80000016u, 64, true, false},
	{"s390", OTHER("SCMP_ARCH_S390", "s390", "s390"), 0x00000016u, 32, true, false},
	{"mips", OTHER("SCMP_ARCH_MIPS", "mips", "mips"), 0x00000008u, 32, true, false},
	{"mipsel", OTHER("SCMP_ARCH_MIPSEL", "mipsel", "mips"), 0x40000008u, 32, false, false},
	{"mips64", OTHER("SCMP_ARCH_MIPS64", "mips64", "mips64"), 0x80000008u, 64, true, false},
	{"mipsel64", OTHER("SCMP_ARCH_MIPSEL64", "mipsel64", "mips64"), 0xC0000008u, 64, false,
	 false},
	{"mips64n32", OTHER("SCMP_ARCH_MIPS64N32", "mips64n32", "mips64n32"), 0xA0000008u, 64, true,
	 false},
	{"mipsel64n32", OTHER("SCMP_ARCH_MIPSEL64N32", "mipsel64n32", "mips64n32"), 0xE0000008u, 64,
	 false, false},
	{"loongarch64", OTHER("SCMP_ARCH_LOONGARCH64", "loong64", "loongarch64"), 0xC0000102u, 64,
	 false, false},
	{"m68k", OTHER("SCMP_ARCH_M68K", "m68k", "m68k"), 0x00000004u, 32, true, false},
	{"parisc", OTHER("SCMP_ARCH_PARISC", "parisc", "parisc"), 0x0000000Fu, 32, true, false},
	{"parisc64", OTHER("SCMP_ARCH_PARISC64", "parisc64", "parisc"), 0x8000000Fu, 64, true,
	 false},
	{"sh", OTHER("SCMP_ARCH_SH", "sh", "sh"), 0x4000002Au, 32, false, false},
	{"sheb", OTHER("SCMP_ARCH_SHEB", "sheb", "sh"), 0x0000002Au, 32, true, false},
};

const struct secbake_arch *secbake_arch_at(size_t index)
{
	return index < sizeof(arches) / sizeof(arches[0]) ? &arches[index] : NULL;
}

const struct secbake_arch *secbake_arch_native(void)
{
#if defined(__x86_64__)
	return secbake_arch_find("x86_64"); /* built for x32, it still runs on this kernel ABI */
#elif defined(__i386__)
	return secbake_arch_find("x86");
#elif defined(__aarch64__)
	return secbake_arch_find("aarch64");
#elif defined(__arm__)
	return secbake_arch_find("arm");
#elif defined(__riscv) && __riscv_xlen == 64
	return secbake_arch_find("riscv64");
#elif defined(__powerpc64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return secbake_arch_find("ppc64le");
#elif defined(__powerpc64__)
	return secbake_arch_find("ppc64");
#elif defined(__powerpc__)
	return secbake_arch_find("ppc");
#elif defined(__s390x__)
	return secbake_arch_find("s390x");
#elif defined(__s390__)
	return secbake_arch_find("s390");
#elif defined(__mips__)
#if defined(__mips64) && defined(_ABI64) && _MIPS_SIM == _ABI64
	return secbake_arch_find(__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? "mips64" : "mipsel64");
#elif defined(__mips64)
	return secbake_arch_find(__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? "mips64n32"
									: "mipsel64n32");
#else
	return secbake_arch_find(__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? "mips" : "mipsel");
#endif
#elif defined(__loongarch64)
	return secbake_arch_find("loongarch64");
#elif defined(__m68k__)
	return secbake_arch_find("m68k");
#elif defined(__hppa__)
	return secbake_arch_find("parisc");
#elif defined(__sh__)
	return secbake_arch_find(__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? "sheb" : "sh");
#else
#error "secbake does not know the system calls of this architecture"
#endif
}

const struct secbake_arch *secbake_arch_find(const char *name)
{
	const struct secbake_arch *arch;

	if (!strcmp(name, "native"))
		return secbake_arch_native();
	for (size_t i = 0; (arch = secbake_arch_at(i)); i++)
		if (!strcmp(arch->name, name))
			return arch;
	return NULL;
}

const struct secbake_arch *secbake_arch_by_audit(uint32_t audit_arch)
{
	const struct secbake_arch *arch;

	for (size_t i = 0; (arch = secbake_arch_at(i)); i++)
		if (arch->audit_arch == audit_arch && !arch->x32)
			return arch;
	return NULL;
}
