/* SPDX-License-Identifier: MIT */
/*
 * The least that a program can do to start another under a filter: map the
 * bare program, no_new_privs, seccomp(2) with the flag that policies have by
 * default, execve. Nothing is checked, so it is no loader; it is what
 * secbake-exec is compared with.
 */
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv, char **environ_of)
{
	struct sock_fprog program;
	struct stat st;
	int fd;

	if (argc < 3)
		return 125;
	fd = open(argv[1], O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st))
		return 125;
	program.len = (unsigned short)((size_t)st.st_size / sizeof(struct sock_filter));
	program.filter = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (program.filter == MAP_FAILED || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &program))
		return 125;
	execve(argv[2], argv + 2, environ_of);
	return 127;
}
