/* SPDX-License-Identifier: MIT */
/*
 * What a guest looks at itself with. Static, so that a policy has little to allow for it.
 *
 *	probe [NUMBER[,ARGUMENT...]]...		how many filters the kernel counts, the effective
 *user, and what each call comes back with probe --time N COMMAND [ARG]...		mean
 *microseconds of N runs probe --count COMMAND [ARG]...		system calls that it and what it
 *becomes make probe --as UID COMMAND [ARG]...		becomes that user, then the command
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void say_filters(void)
{
	char text[8192], *line;
	int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (size < 0) {
		printf("Seccomp: unknown\n");
		return;
	}
	text[size] = 0;
	close(fd);
	for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		if (!strncmp(line, "Seccomp", 7) || !strncmp(line, "NoNewPrivs", 10))
			printf("%s\n", line);
}

static void make_call(const char *word)
{
	unsigned long number, args[6] = {0};
	char *at;

	number = strtoul(word, &at, 0);
	for (int i = 0; i < 6 && *at == ','; i++)
		args[i] = strtoul(at + 1, &at, 0);
	if (syscall((long)number, args[0], args[1], args[2], args[3], args[4], args[5]) < 0)
		printf("%s ERRNO %d\n", word, errno);
	else
		printf("%s RETURNED\n", word);
}

static _Noreturn void become(char **command)
{
	execv(*command, command);
	perror(*command);
	_exit(127);
}

static int measure(unsigned int runs, char **command)
{
	struct timespec from, to;
	int status;

	clock_gettime(CLOCK_MONOTONIC, &from);
	for (unsigned int i = 0; i < runs; i++) {
		pid_t child = fork();

		if (!child)
			become(command);
		if (child < 0 || waitpid(child, &status, 0) != child || status)
			return 1;
	}
	clock_gettime(CLOCK_MONOTONIC, &to);
	printf("%lld\n",
	       ((to.tv_sec - from.tv_sec) * 1000000LL + (to.tv_nsec - from.tv_nsec) / 1000) / runs);
	return 0;
}

/* Entries only: PTRACE_O_TRACESYSGOOD tells stops at calls from others, each call has two. */
static int count(char **command)
{
	unsigned int stops = 0;
	int status, signal;
	pid_t child = fork();

	if (!child) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		become(command);
	}
	if (child < 0 || waitpid(child, &status, 0) != child || !WIFSTOPPED(status))
		return 1;
	ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACESYSGOOD);
	for (signal = 0;;) {
		ptrace(PTRACE_SYSCALL, child, 0, signal);
		if (waitpid(child, &status, 0) != child)
			return 1;
		if (!WIFSTOPPED(status))
			break;
		signal = WSTOPSIG(status) == SIGTRAP ? 0 : WSTOPSIG(status);
		if (signal == (SIGTRAP | 0x80)) {
			stops++;
			signal = 0;
		}
	}
	printf("%u\n", (stops + 1) / 2);
	return status != 0;
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc > 3 && !strcmp(argv[1], "--time"))
		return measure((unsigned int)strtoul(argv[2], NULL, 0), argv + 3);
	if (argc > 2 && !strcmp(argv[1], "--count"))
		return count(argv + 2);
	if (argc > 3 && !strcmp(argv[1], "--as")) {
		if (setuid((uid_t)strtoul(argv[2], NULL, 0))) {
			perror("setuid");
			return 1;
		}
		become(argv + 3);
	}
	say_filters();
	printf("euid %u\n", geteuid());
	for (int i = 1; i < argc; i++)
		make_call(argv[i]);
	return 0;
}
