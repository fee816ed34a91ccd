/* SPDX-License-Identifier: MIT */
/*
 * What can happen to a program that writes, at a system call of the tester's choice.
 *   fault kill N FOLDER COMMAND...         SIGKILL before its Nth call, and the power is lost:
 *                                          what it wrote below FOLDER and did not sync is gone
 *   fault fail CALL N ERRNO COMMAND...     its Nth CALL fails and is not made; CALL "any": its
 *                                          Nth of whatever kind
 *   fault short N COMMAND...               its Nth write(2) writes one byte only
 * Exit status: 90 there was no such call; 91 killed; 99 a file was given a name by
 * rename before its content was synced; else the command's. One thread; x86_64,
 * elsewhere exit status 77.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NOT_REACHED = 90, KILLED = 91, RENAMED_UNSYNCED = 99 };

#ifdef __x86_64__

#define DIRTY_MAX 1024

/* A file with content that a loss of power would take. */
struct dirty {
	dev_t device;
	ino_t inode;
	char path[PATH_MAX];
};

static struct dirty dirty[DIRTY_MAX];
static size_t dirty_count;
static const char *below; /* FOLDER, resolved */
static bool renamed_unsynced;

static const struct {
	const char *name;
	long number;
} calls[] = {{"write", SYS_write},	     {"fsync", SYS_fsync},	 {"syncfs", SYS_syncfs},
	     {"renameat", SYS_renameat},     {"openat", SYS_openat},	 {"mkdirat", SYS_mkdirat},
	     {"fchmod", SYS_fchmod},	     {"flock", SYS_flock},	 {"read", SYS_read},
	     {"getdents64", SYS_getdents64}, {"unlinkat", SYS_unlinkat}, {"any", -1}};

static const struct {
	const char *name;
	int number;
} errnos[] = {
	{"EIO", EIO}, {"ENOSPC", ENOSPC}, {"EINTR", EINTR}, {"EDQUOT", EDQUOT}, {"EROFS", EROFS}};

static void drop_dirty(const struct stat *st)
{
	for (size_t i = 0; i < dirty_count; i++) {
		if (dirty[i].device != st->st_dev || dirty[i].inode != st->st_ino)
			continue;
		dirty[i] = dirty[--dirty_count];
		return;
	}
}

static bool is_dirty(const struct stat *st)
{
	for (size_t i = 0; i < dirty_count; i++)
		if (dirty[i].device == st->st_dev && dirty[i].inode == st->st_ino)
			return true;
	return false;
}

static void note_write(pid_t pid, unsigned long long fd)
{
	char link[64], path[PATH_MAX];
	struct stat st;
	ssize_t size;

	snprintf(link, sizeof(link), "/proc/%d/fd/%llu", pid, fd);
	size = readlink(link, path, sizeof(path) - 1);
	if (size <= 0 || stat(link, &st) || !S_ISREG(st.st_mode) || is_dirty(&st))
		return;
	path[size] = '\0';
	if (strncmp(path, below, strlen(below)) != 0 || dirty_count == DIRTY_MAX)
		return;
	dirty[dirty_count] = (struct dirty){.device = st.st_dev, .inode = st.st_ino};
	memcpy(dirty[dirty_count++].path, path, sizeof(path));
}

static void note_sync(pid_t pid, unsigned long long fd)
{
	char link[64];
	struct stat st;

	snprintf(link, sizeof(link), "/proc/%d/fd/%llu", pid, fd);
	if (!stat(link, &st))
		drop_dirty(&st);
}

static void note_rename(pid_t pid, unsigned long long dir, unsigned long long name)
{
	char path[PATH_MAX + 64], text[256] = "";
	struct stat st;

	for (size_t i = 0; i + sizeof(long) < sizeof(text); i += sizeof(long)) {
		long word = ptrace(PTRACE_PEEKDATA, pid, name + i, NULL);

		memcpy(text + i, &word, sizeof(word));
		if (memchr(&word, 0, sizeof(word)))
			break;
	}
	snprintf(path, sizeof(path), "/proc/%d/fd/%d/%s", pid, (int)dir, text);
	if (!stat(path, &st) && is_dirty(&st))
		renamed_unsynced = true;
}

/* After a call: what it did to what is on the disk. */
static void account(pid_t pid, const struct user_regs_struct *regs)
{
	if ((long long)regs->rax < 0)
		return;
	if (regs->orig_rax == SYS_write)
		note_write(pid, regs->rdi);
	else if (regs->orig_rax == SYS_fsync || regs->orig_rax == SYS_fdatasync)
		note_sync(pid, regs->rdi);
	else if (regs->orig_rax == SYS_syncfs)
		dirty_count = 0;
}

static int lose_power(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	for (size_t i = 0; i < dirty_count; i++)
		if (truncate(dirty[i].path, 0) && errno != ENOENT)
			perror(dirty[i].path);
	return renamed_unsynced ? RENAMED_UNSYNCED : KILLED;
}

static int finish(int status, bool reached)
{
	if (renamed_unsynced)
		return RENAMED_UNSYNCED;
	if (!reached)
		return NOT_REACHED;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* What is to happen at call number when, of that kind or (-1) any. */
enum what { KILL, FAIL, CUT_SHORT };

/* From the command's first call after its execve. */
static int trace(pid_t pid, enum what what, long call, unsigned long when, int error)
{
	bool inside = false, reached = false, inject = false;
	unsigned long seen = 0;
	int status, hand_on = 0;

	if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
		return 1;
	ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
	for (;;) {
		struct user_regs_struct regs;

		ptrace(PTRACE_SYSCALL, pid, NULL, hand_on);
		hand_on = 0;
		if (waitpid(pid, &status, 0) != pid)
			return 1;
		if (!WIFSTOPPED(status))
			return finish(status, reached);
		if (WSTOPSIG(status) != (SIGTRAP | 0x80)) {
			hand_on = WSTOPSIG(status) == SIGTRAP ? 0 : WSTOPSIG(status);
			continue;
		}
		if (ptrace(PTRACE_GETREGS, pid, NULL, &regs))
			return 1;
		inside = !inside;
		if (!inside) {
			if (inject) {
				regs.rax = (unsigned long long)-error;
				ptrace(PTRACE_SETREGS, pid, NULL, &regs);
			} else {
				account(pid, &regs);
			}
			inject = false;
			continue;
		}
		if (regs.orig_rax == SYS_renameat)
			note_rename(pid, regs.rdi, regs.rsi);
		if (call >= 0 && (long)regs.orig_rax != call)
			continue;
		if (++seen != when)
			continue;
		reached = true;
		if (what == KILL)
			return lose_power(pid);
		if (what == CUT_SHORT && regs.rdx)
			regs.rdx = 1;
		inject = what == FAIL;
		if (inject)
			regs.orig_rax = (unsigned long long)-1;
		ptrace(PTRACE_SETREGS, pid, NULL, &regs);
	}
}

static int usage(void)
{
	fputs("fault kill N FOLDER COMMAND... | fault fail CALL N ERRNO COMMAND... |\n"
	      "fault short N COMMAND...\n",
	      stderr);
	return 2;
}

static int run(char **command, enum what what, long call, unsigned long when, int error)
{
	pid_t pid = fork();

	if (pid < 0)
		return 1;
	if (!pid) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
			_exit(77);
		execv(command[0], command);
		_exit(127);
	}
	return trace(pid, what, call, when, error);
}

static int fail_one(char **argv)
{
	unsigned long when = strtoul(argv[1], NULL, 10);
	int error = 0;
	size_t kind = 0;

	while (kind < sizeof(calls) / sizeof(calls[0]) && strcmp(calls[kind].name, argv[0]) != 0)
		kind++;
	for (size_t i = 0; i < sizeof(errnos) / sizeof(errnos[0]); i++)
		if (!strcmp(errnos[i].name, argv[2]))
			error = errnos[i].number;
	if (kind == sizeof(calls) / sizeof(calls[0]) || !when || !error)
		return usage();
	return run(argv + 3, FAIL, calls[kind].number, when, error);
}

int main(int argc, char **argv)
{
	static char folder[PATH_MAX];
	unsigned long when = argc > 3 ? strtoul(argv[2], NULL, 10) : 0;

	below = "/";
	if (argc > 5 && !strcmp(argv[1], "fail"))
		return fail_one(argv + 2);
	if (when && !strcmp(argv[1], "short"))
		return run(argv + 3, CUT_SHORT, SYS_write, when, 0);
	if (!when || argc < 5 || strcmp(argv[1], "kill") != 0 || !realpath(argv[3], folder))
		return usage();
	below = folder;
	return run(argv + 4, KILL, -1, when, 0);
}

#else

int main(void)
{
	return 77;
}

#endif
