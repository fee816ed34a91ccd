/* SPDX-License-Identifier: MIT */
/*
 * attempts NAME=ERRNO...: makes calls that policies deny, by number, and holds what
 * comes of each against what is wanted: the name of an error, OK, or KILL (SIGSYS in a
 * child). The arguments are such that nothing happens where a call is let through.
 * Exit status: 0: all as wanted; 1: not, said on stderr; 2: usage.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define NO_POINTER (-1L) /* EFAULT, where it is looked at */
#define NEWUSER 0x10000000L

struct attempt {
	const char *name;
	long nr;
	long args[6];
};

static const struct attempt attempts[] = {
	{"unshare-user", SYS_unshare, {NEWUSER}},
	{"unshare-files", SYS_unshare, {0x400}},
	{"setns", SYS_setns, {-1}},
	{"clone-user", SYS_clone, {NEWUSER | SIGCHLD}},
	{"clone3", SYS_clone3, {NO_POINTER, 88}},
	{"mount", SYS_mount, {NO_POINTER, NO_POINTER, NO_POINTER, 0, NO_POINTER}},
	{"umount2", SYS_umount2, {NO_POINTER, 0}},
	{"pivot_root", SYS_pivot_root, {NO_POINTER, NO_POINTER}},
	{"chroot", SYS_chroot, {NO_POINTER}},
	{"fsopen", SYS_fsopen, {NO_POINTER, 0}},
	{"open_by_handle_at", SYS_open_by_handle_at, {-1, NO_POINTER, 0}},
	{"ptrace", SYS_ptrace, {0x4206 /* SEIZE */, -1}},
	{"process_vm_readv", SYS_process_vm_readv, {1, NO_POINTER, 1, NO_POINTER, 1, 0}},
	{"process_vm_writev", SYS_process_vm_writev, {1, NO_POINTER, 1, NO_POINTER, 1, 0}},
	{"bpf", SYS_bpf, {0, NO_POINTER, 64}},
	{"perf_event_open", SYS_perf_event_open, {NO_POINTER, 0, -1, -1, 0}},
	{"userfaultfd", SYS_userfaultfd, {-1}},
	{"keyctl", SYS_keyctl, {-1}},
	{"add_key", SYS_add_key, {NO_POINTER, NO_POINTER, NO_POINTER, 0, 0}},
	{"io_uring_setup", SYS_io_uring_setup, {1, NO_POINTER}},
	{"init_module", SYS_init_module, {NO_POINTER, 0, NO_POINTER}},
	{"finit_module", SYS_finit_module, {-1, NO_POINTER, 0}},
	{"kexec_load", SYS_kexec_load, {0, 0, NO_POINTER, -1}},
	{"reboot", SYS_reboot, {0, 0, 0, 0}},
	{"swapon", SYS_swapon, {NO_POINTER, 0}},
	{"settimeofday", SYS_settimeofday, {NO_POINTER, NO_POINTER}},
	{"sethostname", SYS_sethostname, {NO_POINTER, 8}},
	{"TIOCSTI", SYS_ioctl, {-1, 0x5412, NO_POINTER}},
	{"TIOCLINUX", SYS_ioctl, {-1, 0x541c, NO_POINTER}},
	/* the kernel does not look at the upper half: CVE-2019-10063 */
	{"TIOCSTI-upper", SYS_ioctl, {-1, 0x100005412, NO_POINTER}},
	{"ioctl-unknown", SYS_ioctl, {-1, 0x4c00 /* LOOP_SET_FD */, NO_POINTER}},
	{"prctl-mm", SYS_prctl, {35, 0, 0, 0, 0}},
	{"personality-aslr", SYS_personality, {0x0040000}},
	{"mknod-device", SYS_mknodat, {-1, NO_POINTER, 020600, 0x103}},
	{"setuid-file", SYS_fchmod, {-1, 04755}},
	{"setuid-open", SYS_openat, {-1, NO_POINTER, 0101, 04755}},
	{"openat2", SYS_openat2, {-1, NO_POINTER, NO_POINTER, 24}},
	{"setuid", SYS_setuid, {-1}},
	{"mmap-wx", SYS_mmap, {0, 4096, 7, 0x22, -1, 0}},
	{"mprotect-x", SYS_mprotect, {0, 0, 5}},
	{"mprotect-wx", SYS_mprotect, {0, 0, 7}},
	{"socket-unix", SYS_socket, {1, 1, 0}},
	{"socket-tcp", SYS_socket, {2, 1, 0}},
	{"socket-udp6", SYS_socket, {10, 2, 0}},
	{"socket-raw", SYS_socket, {2, 3, 255}},
	{"socket-sctp", SYS_socket, {2, 1, 132}},
	{"socket-packet", SYS_socket, {17, 3, 0}},
	{"socket-alg", SYS_socket, {38, 5, 0}},
	{"socket-vsock", SYS_socket, {40, 1, 0}},
	{"pair-stream", SYS_socketpair, {1, 1, 0, NO_POINTER}},
	{"pair-datagram", SYS_socketpair, {1, 2, 0, NO_POINTER}},
	{"connect", SYS_connect, {-1, NO_POINTER, 0}},
	{"bind", SYS_bind, {-1, NO_POINTER, 0}},
	{"shmget", SYS_shmget, {0, 0, 0}},
	{"shmat-exec", SYS_shmat, {-1, 0, 0x8000}},
	{"msgget", SYS_msgget, {1, 0}},
	{"sched_setscheduler", SYS_sched_setscheduler, {-1, 1, NO_POINTER}},
	{"io_setup", SYS_io_setup, {1, NO_POINTER}},
	{"syslog", SYS_syslog, {-1, 0, 0}},
	{"getppid", SYS_getppid, {0}},
};

/* In a child, since they may kill. */
static int in_child(void (*call)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		call();
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void call_x32(void)
{
#ifdef __x86_64__
	syscall(0x40000000 | SYS_getppid);
#else
	raise(SIGILL); /* there is none */
#endif
}

static void call_i386(void)
{
#ifdef __x86_64__
	long value;

	__asm__ volatile("int $0x80" : "=a"(value) : "a"(64L) : "memory", "r8", "r9", "r10", "r11");
#else
	raise(SIGILL);
#endif
}

static const char *result_of(const char *name)
{
	int signal = 0;

	if (!strcmp(name, "x32"))
		signal = in_child(call_x32);
	else if (!strcmp(name, "i386"))
		signal = in_child(call_i386);
	else {
		for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++) {
			const struct attempt *at = &attempts[i];
			const char *text;
			long value;

			if (strcmp(at->name, name) != 0)
				continue;
			value = syscall(at->nr, at->args[0], at->args[1], at->args[2], at->args[3],
					at->args[4], at->args[5]);
			if (value == 0 && at->nr == SYS_clone)
				_exit(0); /* the child that should not be */
			text = value == -1 ? strerrorname_np(errno) : "OK";
			return text ? text : "an error without a name";
		}
		return NULL;
	}
	return signal == 0 ? "OK" : signal == SIGSYS ? "KILL" : "another signal";
}

int main(int argc, char *argv[])
{
	bool good = true;

	for (int i = 1; i < argc; i++) {
		char *wanted = strchr(argv[i], '=');
		const char *result;

		if (!wanted)
			return 2;
		*wanted++ = '\0';
		result = result_of(argv[i]);
		if (!result) {
			fprintf(stderr, "attempts: there is no \"%s\"\n", argv[i]);
			return 2;
		}
		if (strcmp(result, wanted) != 0) {
			fprintf(stderr, "attempts: %s: %s, not %s\n", argv[i], result, wanted);
			good = false;
		}
	}
	return good ? 0 : 1;
}
