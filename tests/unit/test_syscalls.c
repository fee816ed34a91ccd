/* SPDX-License-Identifier: MIT */
/*
 * The table of system calls: its shape, libseccomp's and the C library's numbers
 * against ours, and facts from the kernel's tables and git history written here
 * by hand.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <sys/syscall.h>

#include <compiler/syscalls.h>
#include <compiler/syscalls_libseccomp.h>
#include <compiler/syscalls_table.h>
#include <secbake/features.h>
#include <secbake/inspect.h>

static const struct secbake_arch *arch_of(const char *name)
{
	const struct secbake_arch *arch = secbake_arch_find(name);

	assert_non_null(arch);
	return arch;
}

static void test_table(void **state)
{
	const struct secbake_arch *arch;
	(void)state;

	for (size_t i = 0; (arch = secbake_arch_at(i)); i++) {
		bool found = false;

		for (size_t c = 0; c < SB_SYSCALL_COLUMNS; c++)
			found |= !strcmp(sb_syscall_columns[c], arch->table);
		if (!found)
			fail_msg("no column for %s", arch->name);
	}
	for (size_t i = 0; i < sb_syscall_row_count; i++) {
		const struct sb_syscall_row *row = &sb_syscall_rows[i];

		assert_non_null(memchr(row->name, 0, sizeof(row->name)));
		if (i)
			assert_true(strcmp(row[-1].name, row->name) < 0);
		/* A call has a release just where it has a number. */
		for (size_t c = 0; c < SB_SYSCALL_COLUMNS; c++)
			if ((row->nr[c] >= 0) != (row->since[c] != 0))
				fail_msg("%s on %s", row->name, sb_syscall_columns[c]);
	}
	for (size_t i = 0; i < sb_syscall_args_row_count; i++) {
		const struct sb_syscall_args_row *row = &sb_syscall_args_rows[i];

		assert_non_null(memchr(row->name, 0, sizeof(row->name)));
		assert_non_null(memchr(row->only, 0, sizeof(row->only)));
		for (int8_t j = 0; j < row->count; j++) {
			assert_non_null(memchr(row->arg[j].type, 0, sizeof(row->arg[j].type)));
			assert_non_null(memchr(row->arg[j].name, 0, sizeof(row->arg[j].name)));
		}
	}
	for (size_t i = 1; i < sb_syscall_args_row_count; i++)
		assert_true(strcmp(sb_syscall_args_rows[i - 1].name,
				   sb_syscall_args_rows[i].name) <= 0);
}

/* Names and numbers are one to one on each ABI. */
static void test_names_and_numbers(void **state)
{
	const struct secbake_arch *arch;
	const char *name;
	uint32_t nr, kernel;
	(void)state;

	for (size_t a = 0; (arch = secbake_arch_at(a)); a++) {
		uint32_t last = 0;

		for (size_t i = 0; (name = sb_syscall_at(i)); i++) {
			assert_true(sb_syscall_known(name));
			if (!sb_syscall_number(arch, name, &nr)) {
				assert_false(sb_syscall_since(arch, name, &kernel));
				continue;
			}
			if (!sb_syscall_name(arch, nr) ||
			    strcmp(sb_syscall_name(arch, nr), name) != 0)
				fail_msg("%s: %u is %s, not %s", arch->name, nr,
					 sb_syscall_name(arch, nr), name);
			assert_int_equal(!!(nr & SECBAKE_X32_BIT), arch->x32);
			assert_true(sb_syscall_since(arch, name, &kernel));
			assert_true(kernel >= SECBAKE_KERNEL(2, 6));
			last = nr > last ? nr : last;
		}
		assert_int_equal(sb_syscall_last(arch), last);
		assert_null(sb_syscall_name(arch, last + 1));
		assert_null(sb_syscall_name(arch, UINT32_MAX));
	}
}

/* Where libseccomp has a number of its own (negative ones it does not show), it is ours. */
static void test_libseccomp_agrees(void **state)
{
	const struct secbake_arch *arch;
	size_t compared = 0;
	const char *name;
	(void)state;

	for (size_t a = 0; (arch = secbake_arch_at(a)); a++)
		for (size_t i = 0; (name = sb_syscall_at(i)); i++) {
			uint32_t theirs, ours;

			if (!sb_libseccomp_number(arch, name, &theirs) ||
			    !sb_syscall_number(arch, name, &ours))
				continue;
			if (theirs != ours)
				fail_msg("%s on %s: %u, libseccomp says %u", name, arch->name, ours,
					 theirs);
			compared++;
		}
	assert_true(compared > 5000);
}

static void test_libc_agrees(void **state)
{
	static const struct {
		const char *name;
		uint32_t nr;
	} all[] = {
#define CALL(name) {#name, __NR_##name}
		CALL(read),
		CALL(write),
		CALL(close),
		CALL(openat),
		CALL(clone),
		CALL(execve),
		CALL(exit),
		CALL(exit_group),
		CALL(prctl),
		CALL(ptrace),
		CALL(bpf),
		CALL(keyctl),
		CALL(ioctl),
		CALL(mprotect),
		CALL(execveat),
		CALL(memfd_create),
		CALL(unshare),
		CALL(setns),
		CALL(mount),
		CALL(umount2),
		CALL(personality),
		CALL(userfaultfd),
		CALL(io_uring_setup),
		CALL(clone3),
#undef CALL
	};
	(void)state;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		uint32_t nr;

		assert_true(sb_syscall_number(secbake_arch_native(), all[i].name, &nr));
		assert_int_equal(nr, all[i].nr);
	}
}

static void test_numbers_of_other_architectures(void **state)
{
	static const struct {
		const char *arch, *name;
		int64_t nr; /* -1: has none */
	} all[] = {
		{"x86_64", "execve", 59},
		{"x86", "execve", 11},
		{"x32", "execve", 0x40000000 + 520},
		{"x32", "ptrace", 0x40000000 + 521},
		{"x32", "read", 0x40000000},
		{"aarch64", "execve", 221},
		{"riscv64", "execve", 221},
		{"loongarch64", "execve", 221},
		{"arm", "execve", 11},
		{"arm", "set_tls", 0xf0005},
		{"ppc64", "execve", 11},
		{"s390x", "execve", 11},
		{"mips", "execve", 4011},
		{"mipsel64", "execve", 5057},
		{"mips64n32", "execve", 6057},
		{"parisc", "execve", 11},
		{"sheb", "execve", 11},
		{"m68k", "execve", 11},
		{"x86_64", "socketcall", -1},
		{"x86", "socketcall", 102},
		{"aarch64", "open", -1},
		{"aarch64", "fork", -1},
		{"x86_64", "arch_prctl", 158},
		{"aarch64", "arch_prctl", -1},
		{"x86", "clock_gettime64", 403},
		{"x86_64", "clock_gettime64", -1},
		{"x86_64", "mseal", 462},
		{"mips", "mseal", 4462},
	};
	uint32_t nr;
	(void)state;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i].nr < 0)
			assert_false(sb_syscall_number(arch_of(all[i].arch), all[i].name, &nr));
		else if (!sb_syscall_number(arch_of(all[i].arch), all[i].name, &nr) ||
			 nr != (uint64_t)all[i].nr)
			fail_msg("%s on %s", all[i].name, all[i].arch);
}

static void test_since(void **state)
{
	static const struct {
		const char *arch, *name;
		uint32_t kernel;
	} all[] = {
		{"x86_64", "read", SECBAKE_KERNEL(2, 6)},
		{"x32", "read", SECBAKE_KERNEL(3, 4)},
		{"aarch64", "read", SECBAKE_KERNEL(3, 7)},
		{"riscv64", "read", SECBAKE_KERNEL(4, 15)},
		{"loongarch64", "read", SECBAKE_KERNEL(5, 19)},
		{"x86_64", "seccomp", SECBAKE_KERNEL(3, 17)},
		{"x86_64", "memfd_create", SECBAKE_KERNEL(3, 17)},
		{"x86", "socket", SECBAKE_KERNEL(4, 3)},
		{"x86_64", "clone3", SECBAKE_KERNEL(5, 3)},
		{"mips", "clone3", SECBAKE_KERNEL(5, 4)},
		{"x86_64", "openat2", SECBAKE_KERNEL(5, 6)},
		{"x86", "clock_gettime64", SECBAKE_KERNEL(5, 1)},
		{"x86_64", "io_uring_setup", SECBAKE_KERNEL(5, 1)},
		{"x86_64", "mseal", SECBAKE_KERNEL(6, 10)},
	};
	uint32_t kernel;
	(void)state;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (!sb_syscall_since(arch_of(all[i].arch), all[i].name, &kernel) ||
		    kernel != all[i].kernel)
			fail_msg("%s on %s", all[i].name, all[i].arch);
	assert_false(sb_syscall_since(arch_of("aarch64"), "open", &kernel));
	assert_false(sb_syscall_since(arch_of("x86_64"), "no_such_call", &kernel));
}

static void assert_arg(const char *arch, const char *call, unsigned int index, const char *type,
		       const char *name, enum sb_arg_class class)
{
	struct sb_arg args[6];
	int count = sb_syscall_args(arch_of(arch), call, args);

	assert_true(count > (int)index);
	assert_string_equal(args[index].type, type);
	assert_string_equal(args[index].name, name);
	assert_int_equal(args[index].class, class);
}

static void test_args(void **state)
{
	struct sb_arg args[6];
	const char *name;
	(void)state;

	assert_arg("x86_64", "setpriority", 2, "int", "niceval", SB_ARG_S32);
	assert_arg("x86_64", "openat", 0, "int", "dfd", SB_ARG_FD);
	assert_arg("x86_64", "openat", 1, "const char *", "filename", SB_ARG_PTR);
	assert_arg("x86_64", "socket", 0, "int", "family", SB_ARG_S32);
	assert_arg("x86_64", "ioctl", 1, "unsigned int", "cmd", SB_ARG_U32);
	assert_arg("x86_64", "mmap", 4, "unsigned long", "fd", SB_ARG_FD64);
	assert_arg("x86_64", "clone", 0, "unsigned long", "clone_flags", SB_ARG_U64);
	assert_int_equal(sb_syscall_args(arch_of("x86_64"), "getpid", args), 0);
	assert_int_equal(sb_syscall_args(arch_of("x86_64"), "no_such_call", args), -1);

	/* s390 takes the stack first; i386 and aarch64 have tls before child_tidptr. */
	assert_arg("s390x", "clone", 1, "unsigned long", "clone_flags", SB_ARG_U64);
	assert_arg("x86", "clone", 3, "unsigned long", "tls", SB_ARG_U64);
	assert_arg("x86_64", "clone", 4, "unsigned long", "tls", SB_ARG_U64);
	/* A 64-bit offset is one register, two, or two after a hole. */
	assert_int_equal(sb_syscall_args(arch_of("x86_64"), "pread64", args), 4);
	assert_int_equal(sb_syscall_args(arch_of("x86"), "pread64", args), 5);
	assert_int_equal(sb_syscall_args(arch_of("ppc"), "pread64", args), 6);
	/* i386's mmap is the old one, of one argument. */
	assert_int_equal(sb_syscall_args(arch_of("x86"), "mmap", args), 1);

	for (size_t i = 0; (name = sb_syscall_at(i)); i++) {
		const struct secbake_arch *arch;

		for (size_t a = 0; (arch = secbake_arch_at(a)); a++) {
			int count = sb_syscall_args(arch, name, args);

			assert_true(count >= -1 && count <= 6);
			for (int n = 0; n < count; n++)
				assert_true(args[n].type[0] && args[n].name[0] &&
					    args[n].class != SB_ARG_NONE);
		}
	}
}

static void test_describe(void **state)
{
	struct secbake_syscall syscall = {.nr = 77};
	(void)state;

	assert_true(secbake_syscall_describe(arch_of("x32"), "openat2", &syscall));
	assert_int_equal(syscall.nr, 0x40000000 + 437);
	assert_int_equal(syscall.since, SECBAKE_KERNEL(5, 6));
	assert_int_equal(syscall.arg_count, 4);
	assert_string_equal(syscall.arg[2].type, "struct open_how *");
	assert_string_equal(syscall.arg[2].name, "how");

	syscall.nr = 77;
	assert_false(secbake_syscall_describe(arch_of("aarch64"), "open", &syscall));
	assert_int_equal(syscall.nr, 77);
	assert_true(secbake_syscall_describe(arch_of("x86_64"), "afs_syscall", &syscall));
	assert_int_equal(syscall.arg_count, -1);
	assert_ptr_equal(secbake_syscall_at(3), sb_syscall_at(3));
	assert_null(secbake_syscall_at(SIZE_MAX));
}

static void test_nearest(void **state)
{
	(void)state;

	assert_string_equal(sb_syscall_nearest("opennat"), "openat");
	assert_string_equal(sb_syscall_nearest("raed"), "read");
	assert_string_equal(sb_syscall_nearest("exeve"), "execve");
	assert_string_equal(sb_syscall_nearest("clone"), "clone");
	assert_null(sb_syscall_nearest("nothing of the kind"));
	assert_false(sb_syscall_known("opennat"));
	assert_false(sb_syscall_known(""));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_names_and_numbers),
		cmocka_unit_test(test_libseccomp_agrees),
		cmocka_unit_test(test_libc_agrees),
		cmocka_unit_test(test_numbers_of_other_architectures),
		cmocka_unit_test(test_since),
		cmocka_unit_test(test_args),
		cmocka_unit_test(test_describe),
		cmocka_unit_test(test_nearest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
