/* SPDX-License-Identifier: MIT */
/*
 * The table of constants: against the C library's headers for the machine that
 * the test runs on, against values from ABI documents and the kernel's headers
 * for the others, and that errno names are the same table.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/quota.h>
#include <sys/random.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/timerfd.h>
#include <sys/timex.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include <compiler/constants.h>
#include <compiler/constants_table.h>
#include <compiler/errnos.h>
#include <secbake/inspect.h>

struct expected {
	const char *name;
	uint64_t value;
};

static void assert_constant(const char *arch, const char *name, uint64_t expected)
{
	bool negative;
	uint64_t value;

	if (!sb_constant(secbake_arch_find(arch), name, &value, &negative))
		fail_msg("%s has no %s", arch, name);
	if (value != expected)
		fail_msg("%s on %s: 0x%" PRIx64 ", not 0x%" PRIx64, name, arch, value, expected);
}

static void test_libc_agrees(void **state)
{
	static const struct expected all[] = {
#define CHECK(name) {#name, (uint64_t)(name)},
#include "libc_constants.h"
#undef CHECK
	};
	(void)state;

	assert_true(sizeof(all) / sizeof(all[0]) > 1000);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		assert_constant(secbake_arch_native()->name, all[i].name, all[i].value);
}

/* Each ABI has a column, each column is an ABI's, and no value is given twice for one. */
static void test_table(void **state)
{
	const struct secbake_arch *arch;
	size_t count = 0;
	(void)state;

	for (; (arch = secbake_arch_at(count)); count++) {
		bool found = false;

		for (size_t i = 0; i < SB_CONSTANT_COLUMNS; i++)
			found |= !strcmp(sb_constant_columns[i], arch->name);
		if (!found)
			fail_msg("no column for %s", arch->name);
	}
	assert_int_equal(count, SB_CONSTANT_COLUMNS);
	assert_true(sb_constant_row_count > 5000);
	for (size_t i = 0; i < sb_constant_row_count; i++) {
		const struct sb_constant_row *row = &sb_constant_rows[i];
		uint32_t seen = row->usual.abis;

		if (i)
			assert_true(strcmp(row[-1].name, row->name) < 0);
		assert_non_null(memchr(row->name, 0, sizeof(row->name)));
		for (const struct sb_constant_value *v = &sb_constant_others[row->others]; v->abis;
		     v++) {
			assert_int_equal(seen & v->abis, 0);
			seen |= v->abis;
		}
		assert_true(seen && !(seen >> SB_CONSTANT_COLUMNS));
		if (row->is_errno)
			assert_int_equal(seen, (1u << SB_CONSTANT_COLUMNS) - 1);
	}
}

static void test_lookup(void **state)
{
	const struct secbake_arch *x86_64 = secbake_arch_find("x86_64");
	uint64_t value = 77;
	bool negative = true;
	size_t count = 0;
	(void)state;

	assert_true(sb_constant(x86_64, "O_CLOEXEC", &value, &negative));
	assert_int_equal(value, 02000000);
	assert_false(negative);
	assert_true(sb_constant(x86_64, "AT_FDCWD", &value, &negative));
	assert_int_equal(value, (uint64_t)-100);
	assert_true(negative);
	assert_true(sb_constant(secbake_arch_find("arm"), "PRIO_MIN", &value, &negative));
	assert_int_equal(value, (uint64_t)-20);
	assert_true(negative);
	/* Bit 31 is a bit, although the header writes it as an int. */
	assert_true(sb_constant(x86_64, "MS_NOUSER", &value, &negative));
	assert_int_equal(value, 0x80000000u);
	assert_false(negative);

	value = 77;
	assert_false(sb_constant(x86_64, "O_CLOEXE", &value, &negative));
	assert_false(sb_constant(secbake_arch_find("mips"), "ARCH_SET_FS", &value, &negative));
	assert_int_equal(value, 77);
	assert_true(sb_constant_known("ARCH_SET_FS"));
	assert_true(sb_constant_known("EPERM"));
	assert_false(sb_constant_known("ARCH_SET"));
	assert_false(sb_constant_known(""));
	assert_string_equal(sb_constant_nearest("O_CLOEXE"), "O_CLOEXEC");
	assert_string_equal(sb_constant_nearest("SOCK_STRAEM"), "SOCK_STREAM");
	assert_null(sb_constant_nearest("nothing like a constant"));

	while (sb_constant_at(count)) {
		assert_true(sb_constant_known(sb_constant_at(count)));
		count++;
	}
	assert_int_equal(count, sb_constant_row_count);
	assert_null(sb_constant_at(SIZE_MAX));
	assert_ptr_equal(secbake_constant_at(5), sb_constant_at(5));
	assert_null(secbake_constant_at(count));
	assert_string_equal(secbake_constant_nearest("CLONE_NEWUSR"), "CLONE_NEWUSER");
	assert_true(secbake_constant(x86_64, "CLONE_NEWUSER", &value, &negative));
	assert_int_equal(value, 0x10000000);
}

/* Values as the ABIs' documents and the kernel's headers give them, written here by hand. */
static void test_other_architectures(void **state)
{
	static const struct {
		const char *arch, *name;
		uint64_t value;
	} all[] = {
		{"x86_64", "O_DIRECTORY", 0200000},
		{"x86_64", "O_LARGEFILE", 0100000},
		{"x86_64", "SOCK_STREAM", 1},
		{"x86_64", "SOCK_SEQPACKET", 5},
		{"x86_64", "TIOCSTI", 0x5412},
		{"x86_64", "TIOCLINUX", 0x541c},
		{"x86_64", "TCGETS", 0x5401},
		{"x86_64", "ARCH_SET_FS", 0x1002},
		{"x86_64", "MAP_32BIT", 0x40},
		{"x86_64", "ADDR_NO_RANDOMIZE", 0x0040000},
		{"x86_64", "UNAME26", 0x0020000},
		{"x86_64", "PER_LINUX32", 8},
		{"x86_64", "READ_IMPLIES_EXEC", 0x0400000},
		{"x86_64", "KEYCTL_READ", 11},
		{"x86_64", "BPF_PROG_LOAD", 5},
		{"x86_64", "SECCOMP_SET_MODE_FILTER", 1},
		{"x86_64", "CLONE_NEWUSER", 0x10000000},
		{"x86_64", "CLONE_NEWTIME", 0x80},
		{"x86_64", "PR_SET_NO_NEW_PRIVS", 38},
		{"x86_64", "NETLINK_AUDIT", 9},
		{"x86_64", "CAP_SYS_ADMIN", 21},
		{"x86_64", "LANDLOCK_CREATE_RULESET_VERSION", 1},
		{"x86_64", "LINUX_REBOOT_CMD_RESTART", 0x1234567},
		{"x86_64", "LINUX_REBOOT_MAGIC1", 0xfee1dead},
		{"x86_64", "SYSLOG_ACTION_READ_ALL", 3},
		{"x86_64", "IORING_REGISTER_BUFFERS", 0},
		{"x86_64", "PERF_EVENT_IOC_ENABLE", 0x2400},
		{"x86_64", "UFFDIO_API", 0xc018aa3f},
		{"x86_64", "FS_IOC_GETFLAGS", 0x80086601},
		{"x86", "FS_IOC_GETFLAGS", 0x80046601},
		{"x86_64", "FIONREAD", 0x541b},
		{"x86_64", "FICLONE", 0x40049409},
		{"x86_64", "KVM_CREATE_VM", 0xae01},
		{"x86_64", "TUNSETIFF", 0x400454ca},
		{"x86_64", "LOOP_CTL_GET_FREE", 0x4c82},
		{"x86_64", "SG_IO", 0x2285},
		{"x86_64", "BLKGETSIZE64", 0x80081272},
		{"x86", "BLKGETSIZE64", 0x80041272},
		{"x86_64", "DRM_IOCTL_VERSION", 0xc0406400},
		{"x86", "DRM_IOCTL_VERSION", 0xc0246400},
		{"x86_64", "VIDIOC_QUERYCAP", 0x80685600},
		{"x86_64", "F_GETLK", 5},
		{"x86", "F_GETLK64", 12},
		{"x86", "O_LARGEFILE", 0100000},
		{"x86", "IPC_STAT", 2},
		{"x86", "SHMGET", 23},
		{"x86", "SYS_SOCKET", 1},
		{"x86_64", "BTPROTO_HCI", 1},
		{"x86_64", "KEY_POS_ALL", 0x3f000000},
		{"x32", "TCGETS", 0x5401},
		{"arm", "O_DIRECTORY", 040000},
		{"arm", "O_NOFOLLOW", 0100000},
		{"arm", "O_DIRECT", 0200000},
		{"arm", "O_LARGEFILE", 0400000},
		{"aarch64", "O_DIRECTORY", 040000},
		{"aarch64", "PROT_BTI", 0x10},
		{"aarch64", "O_DIRECT", 0200000},
		{"riscv64", "O_DIRECTORY", 0200000},
		{"loongarch64", "O_DIRECT", 040000},
		{"ppc64le", "O_DIRECTORY", 040000},
		{"ppc64", "O_LARGEFILE", 0200000},
		{"ppc", "TCGETS", 0x402c7413},
		{"ppc64le", "SO_RCVLOWAT", 16},
		{"ppc64", "MAP_NORESERVE", 0x40},
		{"ppc", "MCL_CURRENT", 0x2000},
		{"ppc64le", "PROT_SAO", 0x10},
		{"s390x", "POSIX_FADV_DONTNEED", 6},
		{"s390x", "POSIX_FADV_NOREUSE", 7},
		{"s390", "POSIX_FADV_DONTNEED", 4},
		{"s390", "RLIM_INFINITY", 0xffffffff},
		{"s390x", "RLIM_INFINITY", UINT64_MAX},
		{"mips", "SOCK_STREAM", 2},
		{"mipsel64", "SOCK_DGRAM", 1},
		{"mips", "SOCK_RAW", 3},
		{"mips", "SHUT_RDWR", 2},
		{"mips", "SIOCGPGRP", 0x40047309},
		{"mipsel", "O_CREAT", 0x100},
		{"mips", "O_NONBLOCK", 0x80},
		{"mips64", "SOCK_NONBLOCK", 0x80},
		{"mips", "O_APPEND", 8},
		{"mips", "F_GETLK", 14},
		{"mips", "F_GETLK64", 33},
		{"mips64", "MAP_ANONYMOUS", 0x800},
		{"mips64", "MAP_ANON", 0x800},
		{"mips", "SOL_SOCKET", 0xffff},
		{"mips", "SO_REUSEADDR", 4},
		{"mips", "SIGUSR1", 16},
		{"mips", "SIGCHLD", 18},
		{"mips", "SIG_BLOCK", 1},
		{"mipsel64n32", "TCGETS", 0x540d},
		{"mips", "TIOCSTI", 0x5472},
		{"mips", "RLIMIT_NOFILE", 5},
		{"mips", "RLIM_INFINITY", 0x7fffffff},
		{"mips", "FIONREAD", 0x467f},
		{"mips", "BLKGETSIZE64", 0x40041272},
		{"mips", "EADDRINUSE", 125},
		{"mips", "EDQUOT", 1133},
		{"m68k", "O_DIRECTORY", 040000},
		{"m68k", "PTRACE_GETREGS", 12},
		{"parisc", "O_CREAT", 0x100},
		{"parisc", "O_DIRECTORY", 010000},
		{"parisc", "MAP_ANONYMOUS", 0x10},
		{"parisc", "SOL_SOCKET", 0xffff},
		{"parisc", "SOCK_STREAM", 1},
		{"parisc", "SOCK_NONBLOCK", 0x40000000},
		{"parisc", "SIGUSR1", 16},
		{"parisc64", "EADDRINUSE", 226},
		{"parisc", "MAP_FIXED", 4},
		{"sh", "O_CREAT", 0100},
		{"sh", "TIOCSTI", 0x40015412},
		{"sheb", "TCGETS", 0x5401},
	};
	(void)state;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		assert_constant(all[i].arch, all[i].name, all[i].value);
}

static void test_errnos(void **state)
{
	static const struct {
		const char *name;
		uint32_t generic, mips, parisc, ppc;
	} all[] = {
		{"EPERM", 1, 1, 1, 1},
		{"ERANGE", 34, 34, 34, 34},
		{"EDEADLK", 35, 45, 45, 35},
		{"EDEADLOCK", 35, 56, 45, 58},
		{"ENAMETOOLONG", 36, 78, 248, 36},
		{"ENOSYS", 38, 89, 251, 38},
		{"EWOULDBLOCK", 11, 11, 11, 11},
		{"EILSEQ", 84, 88, 47, 84},
		{"ENOTSUP", 95, 122, 223, 95},
		{"EOPNOTSUPP", 95, 122, 223, 95},
		{"EADDRINUSE", 98, 125, 226, 98},
		{"EDQUOT", 122, 1133, 69, 122},
		{"ECANCELED", 125, 158, 253, 125},
		{"ENOTRECOVERABLE", 131, 166, 255, 131},
		{"EHWPOISON", 133, 168, 257, 133},
		{"EREMOTE", 66, 66, 71, 66},
		{"ECONNREFUSED", 111, 146, 239, 111},
		{"ESTALE", 116, 151, 70, 116},
	};
	size_t count = 0;
	(void)state;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		const struct sb_errno *entry = sb_errno_find(all[i].name);

		assert_non_null(entry);
		assert_int_equal(sb_errno_value(entry, secbake_arch_find("x86_64")),
				 all[i].generic);
		assert_int_equal(sb_errno_value(entry, secbake_arch_find("mipsel")), all[i].mips);
		assert_int_equal(sb_errno_value(entry, secbake_arch_find("parisc64")),
				 all[i].parisc);
		assert_int_equal(sb_errno_value(entry, secbake_arch_find("ppc64le")), all[i].ppc);
		assert_constant("sh", all[i].name, all[i].generic);
	}
	/* Constants that begin with E and are no error numbers, and error numbers of one ABI. */
	assert_null(sb_errno_find("EPOLLIN"));
	assert_null(sb_errno_find("EFD_CLOEXEC"));
	assert_null(sb_errno_find("ECANCELLED"));
	assert_constant("parisc", "ECANCELLED", 253);
	assert_null(sb_errno_find("EPER"));
	assert_string_equal(sb_errno_nearest("EPEM"), "EPERM");
	assert_null(sb_errno_nearest("EPOLLONESHOT"));
	for (size_t i = 0; sb_constant_at(i); i++)
		count += sb_errno_find(sb_constant_at(i)) != NULL;
	assert_int_equal(count, 134);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),	    cmocka_unit_test(test_lookup),
		cmocka_unit_test(test_libc_agrees), cmocka_unit_test(test_other_architectures),
		cmocka_unit_test(test_errnos),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
