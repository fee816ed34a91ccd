/* SPDX-License-Identifier: MIT */
/*
 * The command: found before any filter is in force, so that a wrong name is told
 * as env(1) would, and so that the filter can be asked about this very execve.
 */
#include "exec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define DEFAULT_PATH "/usr/local/bin:/usr/bin:/bin"

/* 0, or why this file cannot be executed. */
static int executable(const char *path)
{
	struct stat st;

	if (stat(path, &st))
		return errno;
	if (!S_ISREG(st.st_mode))
		return EACCES;
	return access(path, X_OK) ? errno : 0;
}

static int report(const struct sb_exec *x, const char *what, int errnum)
{
	struct secbake_error e = {0};

	secbake_error_set(&e, SECBAKE_ERR_SYSTEM, errnum, "%s: cannot be run", what);
	sb_say(x, &e);
	return errnum == ENOENT ? SB_EXIT_NOT_FOUND : SB_EXIT_CANNOT_RUN;
}

/* "DIR/NAME" for one element of PATH; an empty one is the current folder. */
static bool join(char path[SB_PATH_MAX], const char *dir, size_t length, const char *name)
{
	size_t size = strlen(name);

	if (length >= SB_PATH_MAX || size >= SB_PATH_MAX - length - 1)
		return false;
	memcpy(path, dir, length);
	if (length)
		path[length++] = '/';
	memcpy(path + length, name, size + 1);
	return true;
}

int sb_command_resolve(struct sb_exec *x, const char **path)
{
	const char *name = x->command[0], *list;
	int errnum, found = ENOENT;

	if (!*name)
		return report(x, name, ENOENT);
	if (strchr(name, '/')) {
		*path = name;
		/* A directory is told by execve: nothing else is looked for instead. */
		errnum = access(name, X_OK) ? errno : 0;
		return errnum ? report(x, name, errnum) : 0;
	}
	*path = x->rooms->path;
	list = x->secure ? NULL : getenv("PATH");
	for (const char *p = list ? list : DEFAULT_PATH;; p++) {
		size_t length = strcspn(p, ":");

		/* What execvp(3) passes over; EACCES is told if there is no other. */
		errnum =
			join(x->rooms->path, p, length, name) ? executable(x->rooms->path) : ENOENT;
		if (!errnum)
			return 0;
		if (errnum == EACCES)
			found = EACCES;
		else if (errnum != ENOENT && errnum != ENOTDIR)
			return report(x, name, errnum);
		p += length;
		if (!*p)
			return report(x, name, found);
	}
}

/* All six arguments are given, because a filter may look at them; see forecast.c. */
static void execute(const char *path, char **argv, char **environment)
{
	syscall(SYS_execve, path, argv, environment, 0L, 0L, 0L);
}

int sb_command_run(const struct sb_exec *x, const char *path)
{
	execute(path, x->command, x->environment);
	if (errno == ENOEXEC) { /* a script without "#!": execvp(3) gives it to the shell */
		x->command[0] = (char *)(uintptr_t)path;
		x->command[-1] = (char *)(uintptr_t) "/bin/sh";
		execute("/bin/sh", x->command - 1, x->environment);
	}
	return report(x, path, errno);
}
