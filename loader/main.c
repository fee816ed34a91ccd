/* SPDX-License-Identifier: MIT */
/*
 * secbake-exec: start a command under its policy. The steps of main() are those
 * of the documentation: probe, find (compile if need be), resolve the command,
 * ask the programs, install them, execute. No command runs without its filter
 * but where somebody wrote that down: a policy of mode unrestricted, and
 * secbake_missing=run for PID 1.
 */
#include "exec.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CAP_SYS_ADMIN_BIT (1u << 21)
#define CAPABILITY_VERSION_3 0x20080522u

void sb_standard_descriptors(void)
{
	for (int fd = 0; fd < 3; fd++) {
		const int flags = fcntl(fd, F_GETFD);

		/* What an execve left open is not close-on-exec: it is the command's. */
		if (flags >= 0 && !(flags & FD_CLOEXEC))
			continue;
		if (flags >= 0)
			close(fd);
		/* The lowest that is free. Close-on-exec: the command finds them as they were. */
		if (open("/dev/null", O_RDWR | O_CLOEXEC) < 0)
			/* no /dev: any directory will do, it cannot be written to */
			open("/", O_PATH | O_CLOEXEC);
	}
}

static bool has_sys_admin(void)
{
	uint32_t header[2] = {CAPABILITY_VERSION_3, 0};
	uint32_t data[6] = {0}; /* effective, permitted, inheritable; twice */

	return !syscall(SYS_capget, header, data) && (data[0] & CAP_SYS_ADMIN_BIT);
}

/* The kernel would refuse to install a program without; so no_new_privs it is. */
static __attribute__((noinline, cold)) void check_new_privs(struct sb_exec *x)
{
	if (has_sys_admin())
		return;
	sb_tell(x, "--allow-new-privs needs CAP_SYS_ADMIN; no_new_privs is set");
	x->allow_new_privs = false;
}

static __attribute__((noinline, cold)) void tell_no_filters(const struct sb_exec *x)
{
	sb_tell(x, "this kernel has no seccomp filters");
}

static enum secbake_status prepare(struct sb_exec *x, struct secbake_error *error)
{
	struct sb_lookup_options options = {
		.privileged = x->privileged,
		.secure = x->secure,
		.cache_dir = x->cache_dir,
		.cache_count = x->cache_count,
		.policy_dir = x->policy_dir,
		.policy_count = x->policy_count,
	};
	enum secbake_status status;

	if (!x->privileged && !x->cache_count) {
		options.xdg_cache_home = getenv("XDG_CACHE_HOME");
		options.home = getenv("HOME");
		options.user_cache = x->rooms->user_cache;
	}
	status = sb_lookup_init(&x->lookup, &options, error);
	if (status)
		return status;
	x->lookup.trust.leave_open = true;
	x->lookup.policy_trust.leave_open = true;
	if (x->allow_new_privs)
		check_new_privs(x);
	return SECBAKE_OK;
}

/* What was not found, for a reason that is in error: compile once and find again. */
static __attribute__((noinline, cold)) enum secbake_status
compile_and_find(struct sb_exec *x, struct sb_found *found, struct secbake_error *error)
{
	struct secbake_error compiler = {0};
	enum secbake_status status;

	/* From here on a close is cheap, and descriptors may be few. */
	x->lookup.trust.leave_open = x->lookup.policy_trust.leave_open = false;
	sb_standard_descriptors();
	status = sb_refresh(x, &compiler);
	if (status) {
		sb_say(x, error);
		*error = compiler;
		return status;
	}
	*error = (struct secbake_error){0};
	return sb_find(x, found, error);
}

/* Probe, find; if there is nothing usable, compile. */
static enum secbake_status obtain(struct sb_exec *x, struct sb_found *found,
				  struct secbake_error *error)
{
	enum secbake_status status = secbake_features_probe(&x->features, error);

	if (status)
		return status;
	if (x->features.method == SECBAKE_METHOD_NONE && x->verbose)
		tell_no_filters(x);
	secbake_features_hash(&x->features, &x->hash);
	status = sb_find(x, found, error);
	if (!status || x->blob_file)
		return status;
	if (x->no_compile) {
		sb_say(x, error);
		*error = (struct secbake_error){0};
		return secbake_error_set(error, status, 0,
					 "no usable compiled policy, and compiling is not allowed "
					 "here; run \"secbake refresh %s\"",
					 x->name);
	}
	return compile_and_find(x, found, error);
}

/* PID 1, and its environment says so, to which the kernel adds its command line. */
static bool may_run_unfiltered(const struct sb_exec *x)
{
	const char *missing = getenv("secbake_missing");

	return getpid() == 1 && !x->secure && missing && !strcmp(missing, "run");
}

static void warn_console(const struct sb_exec *x)
{
	const char *const line[] = {
		"\nsecbake-exec: *** ", x->name,
		": STARTING WITHOUT ITS SECCOMP FILTER, because of secbake_missing=run "
		"in the environment of PID 1 ***\n\n"};
	int console;

	sb_standard_descriptors();
	console = open("/dev/console", O_WRONLY | O_NOCTTY | O_CLOEXEC);
	for (size_t i = 0; i < sizeof(line) / sizeof(line[0]); i++) {
		sb_write(STDERR_FILENO, line[i]);
		if (console >= 0)
			sb_write(console, line[i]);
	}
}

/* Everything that can be refused; then everything that cannot be undone. */
static enum secbake_status apply(struct sb_exec *x, const struct sb_found *found, const char *path,
				 struct secbake_error *error)
{
	enum secbake_status status;
	int fd = -1;

	x->listener.state = x->rooms->state;
	status = sb_listener_connect(x, found, &x->listener, error);
	if (!status)
		status = sb_forecast(x, found, path, error);
	if (!status)
		status = sb_load_install(&found->blob, &x->features, &found->options, &found->plan,
					 &fd, error);
	if (!status && fd >= 0) {
		status = sb_listener_send(&x->listener, fd, error);
		/* The agent may read to the end before it lets even the execve pass; and if it
		 * is gone, the kernel knows only when nobody has the descriptor. */
		sb_close_if_allowed(found, x->listener.socket);
		sb_close_if_allowed(found, fd);
	}
	return status;
}

static int run(struct sb_exec *x)
{
	struct secbake_error *error = &x->error;
	struct sb_found found;
	const char *path = NULL;
	bool filtered;
	int exit_status;

	if (prepare(x, error)) {
		sb_say(x, error);
		return SB_EXIT_FAILED;
	}
	filtered = obtain(x, &found, error) == SECBAKE_OK;
	if (!filtered) {
		sb_say(x, error);
		if (!may_run_unfiltered(x))
			return SB_EXIT_FAILED;
		/* Of what the policy would have brought, what needs no policy. */
		if (!x->allow_new_privs)
			prctl(PR_SET_NO_NEW_PRIVS, 1ul, 0ul, 0ul, 0ul);
		warn_console(x);
	}
	exit_status = sb_command_resolve(x, &path);
	if (exit_status)
		return exit_status;
	if (filtered && apply(x, &found, path, error)) {
		sb_say(x, error);
		return SB_EXIT_FAILED;
	}
	return sb_command_run(x, path);
}

int main(int argc, char **argv, char **environment)
{
	static struct sb_exec exec;
	struct sb_exec *const x = &exec;
	struct sb_rooms rooms;
	int status;

	x->rooms = &rooms;
	x->environment = environment;
	x->secure = getauxval(AT_SECURE) != 0;
	x->privileged = getauxval(AT_EUID) == 0;
	status = sb_arguments(x, argc, argv);
	if (status < 0)
		status = run(x);
	_exit(status);
}
