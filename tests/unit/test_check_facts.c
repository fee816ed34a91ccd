/* SPDX-License-Identifier: MIT */
/*
 * What secbake check believes of the kernel, tried on the running one: which bits of which
 * arguments make no difference. A call that this machine refuses anyway tells nothing, and is
 * passed over.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define ABOVE (sizeof(long) == 8 ? (long)(UINT64_C(1) << 32) : 0)

static void upper_half_of_an_int(void **state)
{
	long plain, dirty;

	(void)state;
	plain = syscall(SYS_socket, (long)AF_UNIX, (long)SOCK_STREAM, 0l);
	dirty = syscall(SYS_socket, ABOVE | AF_UNIX, ABOVE | SOCK_STREAM, ABOVE);
	if (plain < 0)
		skip();
	assert_true(dirty >= 0);
	close((int)plain);
	/* unsigned long in the kernel's declaration, a descriptor all the same */
	assert_int_equal(syscall(SYS_fcntl, ABOVE | dirty, (long)F_GETFD, 0l), 0);
	close((int)dirty);
}

static void flags_of_a_socket(void **state)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), type = 0;
	socklen_t size = sizeof(type);

	(void)state;
	if (fd < 0)
		skip();
	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size), 0);
	assert_int_equal(type, SOCK_DGRAM);
	close(fd);
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_mode & 07777;
}

/* umode_t has 16 bits, and chmod keeps 12 of them. */
static void bits_of_a_mode(void **state)
{
	char path[] = "/tmp/secbake-facts-XXXXXX";
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
#ifdef SYS_chmod
	assert_int_equal(syscall(SYS_chmod, path, 0x10000l | 0640), 0);
	assert_int_equal(mode_of(path), 0640);
	assert_int_equal(syscall(SYS_chmod, path, 0xf000l | 0600), 0);
	assert_int_equal(mode_of(path), 0600);
#endif
	assert_int_equal(syscall(SYS_fchmod, (long)fd, 0x7fff0000l | 0xf000 | 0644), 0);
	assert_int_equal(mode_of(path), 0644);
	unlink(path);
	close(fd);
}

static void protection_bits(void **state)
{
	void *page = mmap(NULL, 4096, PROT_READ | 0x8, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)state;
	assert_ptr_not_equal(page, MAP_FAILED);
	assert_int_equal(mprotect(page, 4096, PROT_READ | PROT_WRITE | 0x8), 0);
	*(volatile char *)page = 1;
	munmap(page, 4096);
}

#ifdef __x86_64__
/* kernel_clone() takes lower_32_bits() of the flags, and the lowest byte is the signal. */
static void flags_of_clone(void **state)
{
	pid_t child = (pid_t)syscall(SYS_clone, ABOVE | SIGCHLD, 0l, 0l, 0l, 0l);
	int status;

	(void)state;
	if (child == 0)
		_exit(7);
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 7);
	child = (pid_t)syscall(SYS_clone, (long)SIGUSR1, 0l, 0l, 0l, 0l);
	if (child == 0)
		_exit(0);
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, (int)__WCLONE), child);
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(upper_half_of_an_int), cmocka_unit_test(flags_of_a_socket),
		cmocka_unit_test(bits_of_a_mode),	cmocka_unit_test(protection_bits),
#ifdef __x86_64__
		cmocka_unit_test(flags_of_clone),
#endif
	};

	signal(SIGUSR1, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
