/* SPDX-License-Identifier: MIT */
/*
 * Running the compiler, once, when no blob is usable: the "secbake" beside this
 * very file, else the installed one, and never what a PATH would find. It gets
 * nothing from this process but the question.
 */
#include "exec.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SECBAKE_COMPILER_PATH
#define SECBAKE_COMPILER_PATH "/usr/bin/secbake"
#endif

#define COMPILER "secbake"
#define COMPILER_SIZE_MAX ((uint64_t)1 << 30)
#define ARGUMENTS_MAX (2 * SB_ROOTS_MAX * 2 + 8)

/* The path of this program's own file; false when nothing tells. */
static bool own_path(char path[SB_PATH_MAX])
{
	ssize_t length = readlink("/proc/self/exe", path, SB_PATH_MAX - 1);
	const char *started_as;

	if (length > 0 && path[0] == '/') {
		path[length] = '\0';
		return true;
	}
	/* Early in boot, without /proc: what execve was given, if that says where. */
	started_as = (const char *)getauxval(AT_EXECFN);
	if (!started_as || started_as[0] != '/' || strlen(started_as) >= SB_PATH_MAX)
		return false;
	memcpy(path, started_as, strlen(started_as) + 1);
	return true;
}

static enum secbake_status trusted_program(const struct sb_exec *x, const char *path,
					   struct secbake_error *error)
{
	int fd;
	enum secbake_status status = sb_trust_file(&x->lookup.trust, path, SB_ANCHOR_SYSTEM,
						   COMPILER_SIZE_MAX, &fd, NULL, error);

	if (!status)
		close(fd);
	return status;
}

/*
 * All folders down to it are trusted, so nobody else can put another file there
 * between this check and the execve.
 */
static enum secbake_status find_compiler(const struct sb_exec *x, char path[SB_PATH_MAX],
					 struct secbake_error *error)
{
	struct secbake_error beside = {0};
	enum secbake_status status = SECBAKE_ERR_MISSING;
	char *slash;

	if (own_path(path)) {
		slash = strrchr(path, '/');
		if ((size_t)(slash - path) + 1 + sizeof(COMPILER) <= SB_PATH_MAX) {
			memcpy(slash + 1, COMPILER, sizeof(COMPILER));
			status = trusted_program(x, path, &beside);
			if (!status)
				return SECBAKE_OK;
		}
	}
	memcpy(path, SECBAKE_COMPILER_PATH, sizeof(SECBAKE_COMPILER_PATH));
	if (!trusted_program(x, path, NULL))
		return SECBAKE_OK;
	if (status == SECBAKE_ERR_MISSING)
		return secbake_error_set(
			error, SECBAKE_ERR_MISSING, 0,
			"there is no compiler to make it: neither a secbake beside "
			"secbake-exec nor " SECBAKE_COMPILER_PATH);
	return secbake_error_set(error, status, beside.sys_errno, "the compiler may not be run: %s",
				 beside.text);
}

/* The argument list, and room for the paths in it. */
struct arguments {
	char *list[ARGUMENTS_MAX];
	size_t count;
	char cwd[SB_PATH_MAX];
	char text[2 * SB_ROOTS_MAX * SB_PATH_MAX / 4];
	size_t used;
};

static void add(struct arguments *a, const char *argument)
{
	a->list[a->count++] = (char *)(uintptr_t)argument;
}

/* The compiler runs in "/": what was relative to this folder is no longer. */
static bool add_dir(struct arguments *a, const char *option, const char *dir)
{
	size_t cwd = dir[0] == '/' ? 0 : strlen(a->cwd), size = strlen(dir) + 1;
	char *path = a->text + a->used;

	if (dir[0] != '/' && a->cwd[0] != '/') /* getcwd failed, or is unreachable */
		return false;
	if (cwd >= sizeof(a->text) || size >= sizeof(a->text) - cwd ||
	    cwd + 1 + size > sizeof(a->text) - a->used)
		return false;
	memcpy(path, a->cwd, cwd);
	if (cwd)
		path[cwd++] = '/';
	memcpy(path + cwd, dir, size);
	a->used += cwd + size;
	add(a, option);
	add(a, path);
	return true;
}

static enum secbake_status make_arguments(const struct sb_exec *x, struct arguments *a,
					  struct secbake_error *error)
{
	bool fits = true;

	if (syscall(SYS_getcwd, a->cwd, sizeof(a->cwd)) < 0) /* libc's brings a heap with it */
		a->cwd[0] = '\0';
	add(a, COMPILER);
	add(a, "refresh");
	add(a, "--quiet");
	for (size_t i = 0; i < x->cache_count; i++)
		fits = fits && add_dir(a, "-C", x->cache_dir[i]);
	for (size_t i = 0; i < x->policy_count; i++)
		fits = fits && add_dir(a, "-P", x->policy_dir[i]);
	if (!x->cache_count && !x->privileged) {
		if (x->lookup.cache.root[x->lookup.cache.count - 1].path != x->lookup.user_cache)
			return secbake_error_set(error, SECBAKE_ERR_MISSING, 0,
						 "there is no cache to compile into; set HOME, or "
						 "name a directory with -C");
		fits = fits && add_dir(a, "-C", x->lookup.user_cache);
	}
	if (!fits)
		return secbake_error_set(
			error, SECBAKE_ERR_LIMIT, 0,
			"the directories given with -C and -P are too long, or the "
			"current one has no path; name them absolutely");
	add(a, "--");
	add(a, x->name);
	a->list[a->count] = NULL;
	return SECBAKE_OK;
}

static void close_others(void)
{
	struct rlimit limit;
	int last = 1 << 16;

#ifdef SYS_close_range
	if (!syscall(SYS_close_range, 3u, ~0u, 0u))
		return;
#endif
	if (!getrlimit(RLIMIT_NOFILE, &limit) && limit.rlim_cur < (rlim_t)last)
		last = (int)limit.rlim_cur;
	for (int fd = 3; fd < last; fd++)
		close(fd);
}

/* Standard input is the command's to read, and standard output its to write. */
static void standard_descriptors(void)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (null >= 0)
		dup2(null, STDIN_FILENO);
	else
		close(STDIN_FILENO);
	dup2(STDERR_FILENO, STDOUT_FILENO);
	/* And back: if it was closed, what main() put there is close-on-exec; a file of the
	 * compiler's would take its place, and receive the messages. */
	dup2(STDOUT_FILENO, STDERR_FILENO);
	close_others();
}

/* In the child: the parent says no more than that it failed. */
static void child_failed(const struct sb_exec *x, const char *what, const char *path)
	__attribute__((noreturn));
static void child_failed(const struct sb_exec *x, const char *what, const char *path)
{
	struct secbake_error error = {0};

	secbake_error_set(&error, SECBAKE_ERR_SYSTEM, errno, "%s%s", what, path);
	sb_say(x, &error);
	_exit(SB_EXIT_CANNOT_RUN);
}

static void run_compiler(const struct sb_exec *x, const char *path, struct arguments *a,
			 pid_t parent) __attribute__((noreturn));
static void run_compiler(const struct sb_exec *x, const char *path, struct arguments *a,
			 pid_t parent)
{
	static char *const no_environment[] = {NULL};
	struct sigaction normal = {.sa_handler = SIG_DFL};
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, (unsigned long)SIGKILL, 0ul, 0ul, 0ul);
	if (getppid() != parent) {
		errno = 0;
		if (!getppid())
			child_failed(x,
				     "children of this process go to a PID namespace of their own, "
				     "which would end with the compiler; use unshare --fork, or "
				     "compile beforehand",
				     "");
		_exit(SB_EXIT_FAILED); /* the parent is gone */
	}
	for (int i = 1; i < 32; i++)
		sigaction(i, &normal, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	umask(022);
	if (chdir("/"))
		child_failed(x, "cannot enter ", "/");
	standard_descriptors();
	execve(path, a->list, no_environment);
	child_failed(x, "cannot run ", path);
}

/* Since boot. Not clock_gettime(): finding it in the vDSO is a kilobyte of code. */
static long seconds(void)
{
	struct sysinfo now = {0};

	sysinfo(&now);
	return (long)now.uptime;
}

/*
 * SIGCHLD is blocked, and wakes at once; looking each second as well costs nothing
 * and needs no signal. Else it is killed: ETIMEDOUT, it took too long; or why it cannot be
 * waited for.
 */
static int wait_for(pid_t pid, const sigset_t *chld, int *result)
{
	const struct timespec second = {.tv_sec = 1};
	const long end = seconds() + SB_COMPILE_SECONDS;
	int failed = 0;

	while (!failed) {
		pid_t got = waitpid(pid, result, WNOHANG);

		if (got == pid)
			return 0;
		if (got < 0 && errno != EINTR)
			failed = errno; /* an outer filter's */
		else if (seconds() >= end)
			failed = ETIMEDOUT;
		else
			sigtimedwait(chld, NULL, &second);
	}
	kill(pid, SIGKILL);
	while (waitpid(pid, result, 0) < 0 && errno == EINTR)
		;
	return failed;
}

static enum secbake_status spawn(const struct sb_exec *x, const char *path, struct arguments *a,
				 struct secbake_error *error)
{
	struct sigaction old_action, normal = {.sa_handler = SIG_DFL};
	sigset_t chld, old_mask;
	pid_t parent = getpid(), pid;
	int result = 0, failed = 0;

	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	sigprocmask(SIG_BLOCK, &chld, &old_mask);
	/* Where it is ignored, the child's status would be lost. */
	sigaction(SIGCHLD, &normal, &old_action);
	pid = _Fork(); /* no threads, no atfork handlers; fork() would bring a heap with it */
	if (!pid)
		run_compiler(x, path, a, parent);
	if (pid < 0)
		secbake_error_set(error, SECBAKE_ERR_SYSTEM, errno, "cannot start the compiler %s",
				  path);
	if (pid > 0)
		failed = wait_for(pid, &chld, &result);
	sigaction(SIGCHLD, &old_action, NULL);
	sigprocmask(SIG_SETMASK, &old_mask, NULL);
	if (pid < 0)
		return SECBAKE_ERR_SYSTEM;
	if (failed && failed != ETIMEDOUT)
		return secbake_error_set(error, SECBAKE_ERR_SYSTEM, failed,
					 "cannot wait for the compiler %s, which was killed; run "
					 "\"secbake refresh\" beforehand",
					 path);
	if (failed)
		return secbake_error_set(
			error, SECBAKE_ERR_SYSTEM, 0,
			"the compiler %s took more than %d seconds and was killed; "
			"run \"secbake refresh\" beforehand",
			path, SB_COMPILE_SECONDS);
	if (WIFSIGNALED(result))
		return secbake_error_set(error, SECBAKE_ERR_SYSTEM, 0,
					 "the compiler %s was killed by signal %d", path,
					 WTERMSIG(result));
	if (WEXITSTATUS(result))
		return secbake_error_set(
			error, SECBAKE_ERR_SYSTEM, 0,
			"the compiler %s failed with status %d; what it said is above", path,
			WEXITSTATUS(result));
	return SECBAKE_OK;
}

enum secbake_status sb_refresh(const struct sb_exec *x, struct secbake_error *error)
{
	char path[SB_PATH_MAX];
	struct arguments a = {.count = 0};
	enum secbake_status status = find_compiler(x, path, error);

	if (!status)
		status = make_arguments(x, &a, error);
	if (status)
		return status;
	if (x->verbose)
		sb_tell(x, "running %s", path);
	return spawn(x, path, &a, error);
}
