/* SPDX-License-Identifier: MIT */
/*
 * What secbake-exec costs: time beside the floor and beside libseccomp, system calls,
 * memory. Calls and memory are looked at by ptrace(2), which sees the loader at the very
 * call that ends it, the command's execve.
 */
#include "bench.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/ptrace.h>

#define START_ROUNDS 801u
#define OTHER_ROUNDS 41u

/* KiB that no other process has, of what is resident: touched or, as text is, mapped along. */
static long private_memory(pid_t pid)
{
	char path[64], line[128];
	long sum = 0, kib;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)pid);
	file = fopen(path, "re");
	if (!file)
		bench_die("%s cannot be read", path);
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "Private_Clean: %ld kB", &kib) == 1 ||
		    sscanf(line, "Private_Dirty: %ld kB", &kib) == 1)
			sum += kib;
	fclose(file);
	return sum;
}

/* Goes on to the entry of the next system call; its number. */
static uint64_t next_call(pid_t pid)
{
	struct __ptrace_syscall_info info;
	int status;

	for (;;) {
		if (ptrace(PTRACE_SYSCALL, pid, 0, 0) || waitpid(pid, &status, 0) != pid ||
		    !WIFSTOPPED(status))
			bench_die("the loader ended before it executed anything");
		if (ptrace((enum __ptrace_request)PTRACE_GET_SYSCALL_INFO, pid, sizeof(info),
			   &info) <= 0)
			bench_die("PTRACE_GET_SYSCALL_INFO fails; it needs Linux 5.3");
		if (info.op == PTRACE_SYSCALL_INFO_ENTRY)
			return info.entry.nr;
	}
}

/* From after the loader's own execve to the command's, which is counted. */
static unsigned int count_calls(char *const *argv, long *memory)
{
	unsigned int calls = 1;
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		if (!ptrace(PTRACE_TRACEME, 0, 0, 0))
			execv(argv[0], argv);
		_exit(1);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
		bench_die("%s cannot be traced", argv[0]);
	/* Without TRACESYSGOOD the kernel does not say which side of a call it is. */
	if (ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL))
		bench_die("%s cannot be traced", argv[0]);
	while (next_call(pid) != SYS_execve)
		calls++;
	*memory = private_memory(pid);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return calls;
}

static void loader_command(const char *argv[10], char *const *places, const char *nothing)
{
	const char *const all[10] = {places[0],	     "-C",	places[1], "-P",    places[2],
				     "--no-compile", places[3], "--",	   nothing, NULL};

	memcpy(argv, all, sizeof(all));
}

int bench_calls(char **argv)
{
	const char *command[10];
	long memory;
	unsigned int calls;

	loader_command(command, argv + 1, argv[0]);
	calls = count_calls((char *const *)(uintptr_t)command, &memory);
	printf("%s: %u system calls, the last one execve; %ld KiB of private memory then.\n",
	       argv[4], calls, memory);
	return 0;
}

int bench_start(char **argv, const struct sb_layer *layer)
{
	char *nothing = argv[0], *floor = argv[1], *filter = argv[2];
	char *alone_argv[] = {nothing, NULL};
	char *floor_argv[] = {floor, filter, nothing, NULL};
	const char *command[10];
	char *const *const all[] = {alone_argv, floor_argv, (char *const *)(uintptr_t)command};
	uint64_t ns[3], other;

	loader_command(command, argv + 3, nothing);
	bench_processes(all, 3, START_ROUNDS, ns);
	other = bench_other_time(layer, 2, OTHER_ROUNDS);
	printf("| start-up of a program that does nothing | us     |\n"
	       "|-----------------------------------------|--------|\n"
	       "| alone                                   | %6.1f |\n"
	       "| by the floor: map, seccomp(2), execve   | %6.1f |\n"
	       "| by secbake-exec, warm                   | %6.1f |\n\n"
	       "secbake-exec takes %.3f times what the floor takes (%+.1f us; medians of %u).\n",
	       (double)ns[0] / 1e3, (double)ns[1] / 1e3, (double)ns[2] / 1e3,
	       (double)ns[2] / (double)ns[1], ((double)ns[2] - (double)ns[1]) / 1e3, START_ROUNDS);
	/* The loader's with the start and end of its process, libseccomp's without any. */
	if (other && ns[2] > ns[0])
		printf("Before the exec: secbake-exec %.1f us (the difference to alone), libseccomp "
		       "at\nlevel 2 %.1f us (building and loading, by the clock in the process): "
		       "%.1f times.\n",
		       (double)(ns[2] - ns[0]) / 1e3, (double)other / 1e3,
		       (double)other / (double)(ns[2] - ns[0]));
	return 0;
}
