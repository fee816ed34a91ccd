/* SPDX-License-Identifier: MIT */
/* See exec_world.h. */
#include "exec_world.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cache/hash.h"
#include "support.h"

#ifndef SECBAKE_EXEC_PATH
#define SECBAKE_EXEC_PATH "(SECBAKE_EXEC is not set)"
#endif
#define PATH_ROOM 640

/* ---- a world for each test: c1 and c2 (caches), p (policies), bin (loader, compiler) ---- */

char top[256];
static char hash[SECBAKE_HASH_TEXT];
struct secbake_features features;

unsigned int filters_here(void)
{
	char line[256];
	unsigned int count = 0;
	FILE *status = fopen("/proc/self/status", "re");

	while (status && fgets(line, sizeof(line), status))
		sscanf(line, "Seccomp_filters: %u", &count);
	if (status)
		fclose(status);
	return count;
}

const char *in_top(const char *name)
{
	static char paths[16][PATH_ROOM];
	static unsigned int next;
	char *path = paths[next++ % 16];

	snprintf(path, PATH_ROOM, "%s/%s", top, name);
	return path;
}

void put_bytes(const char *name, const void *bytes, size_t size, mode_t mode)
{
	int fd = open(in_top(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), (ssize_t)size);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

void put_text(const char *name, const char *text, mode_t mode)
{
	put_bytes(name, text, strlen(text), mode);
}

void copy_file(const char *from, const char *to, mode_t mode)
{
	static char buffer[1 << 16];
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ssize_t got;

	if (in < 0 || out < 0)
		fail_msg("cannot copy %s to %s: %s", from, to, strerror(errno));
	while ((got = read(in, buffer, sizeof(buffer))) > 0)
		assert_int_equal(write(out, buffer, (size_t)got), got);
	assert_int_equal(got, 0);
	assert_int_equal(fchmod(out, mode), 0);
	close(in);
	close(out);
}

/* A file of its own beside which a compiler may lie, or none. */
static void copy_loader(void)
{
	const char *loader = getenv("SECBAKE_EXEC");

	copy_file(loader ? loader : SECBAKE_EXEC_PATH, in_top("bin/secbake-exec"), 0755);
}

int set_up(void **state)
{
	static const char *const dirs[] = {"c1", "c2", "p", "bin"};
	struct secbake_hash key;
	char name[128];

	(void)state;
	umask(022);
	if (!test_make_top(top, sizeof(top), "secbake-exec") || chmod(top, 0755) ||
	    secbake_features_probe(&features, NULL))
		return -1;
	secbake_features_hash(&features, &key);
	secbake_hash_format(&key, hash);
	for (uint32_t i = 0; i < COUNT(dirs); i++) {
		if (mkdir(in_top(dirs[i]), 0755))
			return -1;
		snprintf(name, sizeof(name), "%s/%s", dirs[i], hash);
		if (i < 2 && mkdir(in_top(name), 0755))
			return -1;
	}
	put_text("p/test.json", POLICY, 0644);
	copy_loader();
	return 0;
}

int tear_down(void **state)
{
	(void)state;
	return test_remove_tree(top);
}

/* ---- blobs ---- */

static const struct sock_filter deny_getppid[] = {LOAD(0), IS(SYS_getppid, SECCOMP_RET_ERRNO | 1),
						  RET(SECCOMP_RET_ALLOW)};
static const struct sock_filter allow[] = {RET(SECCOMP_RET_ALLOW)};

struct blob simple(void)
{
	return (struct blob){
		.name = "test",
		.layer = {{.insn = deny_getppid, .insn_count = COUNT(deny_getppid)}},
		.layer_count = 1,
	};
}

void put_blob(const char *file, const struct blob *b)
{
	const char *policy = b->policy ? b->policy : POLICY;
	const struct sb_blob_source_in sources[] = {
		{.kind = SECBAKE_SOURCE_POLICY,
		 .present = true,
		 .name = b->name,
		 .content = sb_hash_bytes(policy, strlen(policy))},
		{.kind = SECBAKE_SOURCE_OPTIONS, .name = b->name},
	};
	const struct sb_blob_layer_in quiet[] = {{.insn = allow, .insn_count = COUNT(allow)}};
	struct sb_blob_variant_in variants[] = {
		{.mode = SECBAKE_MODE_ENFORCE, .layer = b->layer, .layer_count = b->layer_count},
		{.mode = SECBAKE_MODE_COMPLAIN,
		 .layer = quiet,
		 .layer_count = b->layer_count ? 1 : 0},
	};
	struct sb_blob_in in = {.name = b->name,
				.arch = features.arch,
				.flags = b->flags,
				.listener_path = b->listener_path,
				.listener_metadata = b->listener_metadata,
				.variant = variants,
				.variant_count = 2,
				.source = sources,
				.source_count = b->no_source ? 0 : 2};
	struct secbake_error e = {0};
	uint8_t *bytes;
	size_t size;

	for (uint32_t i = 0; i < 2; i++) {
		variants[i].kernel_to = SECBAKE_KERNEL_ANY;
		variants[i].consulted_flags = SECBAKE_FLAGS_ALL;
		variants[i].answered_flags = features.flags & ~b->lacks;
	}
	if (sb_blob_write(&in, &bytes, &size, &e))
		fail_msg("%s", e.text);
	put_bytes(file, bytes, size, 0644);
	free(bytes);
}

/* c1/HASH/NAME.sbk */
const char *entry(const char *cache, const char *name)
{
	static char paths[4][128];
	static unsigned int next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s/%s.sbk", cache, hash, name);
	return path;
}

const char *other_entry(const char *cache, unsigned int n)
{
	static char paths[4][128];
	static unsigned int next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%032x", cache, n);
	if (mkdir(in_top(path), 0755) && errno != EEXIST)
		fail_msg("cannot make %s", path);
	snprintf(path, sizeof(paths[0]), "%s/%032x/test.sbk", cache, n);
	return path;
}

void put_simple(void)
{
	struct blob b = simple();

	put_blob(entry("c1", "test"), &b);
}

/* ---- the system's directories ---- */

bool own_run(void)
{
	return !geteuid() && !unshare(CLONE_NEWNS) &&
	       !mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) &&
	       !mount("tmpfs", "/run", "tmpfs", 0, "mode=755") && !mkdir("/run/secbake", 0755) &&
	       !mkdir("/run/secbake/cache", 0755) && !mkdir("/run/secbake/policies", 0755) &&
	       !mkdir(in_system_cache(""), 0755);
}

const char *in_system_cache(const char *rest)
{
	static char paths[4][256];
	static unsigned int next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "/run/secbake/cache/%s%s", hash, rest);
	return path;
}

void put_system(const struct blob *b)
{
	char name[128];

	put_blob("system.sbk", b);
	snprintf(name, sizeof(name), "/%s.sbk", b->name);
	copy_file(in_top("system.sbk"), in_system_cache(name), 0644);
	snprintf(name, sizeof(name), "/run/secbake/policies/%s.json", b->name);
	copy_file(in_top("p/test.json"), name, 0644);
}

/* ---- running ---- */

char output[8192];
const char *const *run_environment;

void become(const char *const *argv, int how, int out)
{
	static const char *const usual[] = {"PATH=/usr/bin:/bin", "HOME=/nonexistent", NULL};

	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	closefrom(3); /* what this test inherited is not its matter */
	if (chdir(top) || (how == AS_OTHER && (setgid(STRANGER) || setuid(STRANGER))))
		_exit(99);
	execve(argv[0], (char *const *)(uintptr_t)argv,
	       (char *const *)(uintptr_t)(run_environment ? run_environment : usual));
	_exit(98);
}

int run_how(const char *const *argv, int how)
{
	int out[2], status = 0;
	size_t used = 0;
	ssize_t got;
	pid_t pid;

	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	pid = how == NEW_PID ? (pid_t)syscall(SYS_clone, CLONE_NEWPID | SIGCHLD, 0, 0, 0, 0)
			     : fork();
	if (pid < 0)
		skip();
	if (!pid)
		become(argv, how, out[1]);
	close(out[1]);
	while (used < sizeof(output) - 1 &&
	       (got = read(out[0], output + used, sizeof(output) - 1 - used)) > 0)
		used += (size_t)got;
	output[used] = '\0';
	close(out[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

void said(const char *what)
{
	if (!strstr(output, what))
		fail_msg("\"%s\" is not in: %s", what, output);
}

void not_said(const char *what)
{
	if (strstr(output, what))
		fail_msg("\"%s\" is in: %s", what, output);
}

#define NOTE_ARGUMENTS                                                              \
	"#!/bin/sh\n"                                                               \
	"{ echo \"$0 $*\"; pwd; umask; env | grep -v -E '^(PWD|OLDPWD|SHLVL|_)='; " \
	"ls /proc/self/fd; } > %s/note\n"

void put_compiler(const char *then)
{
	char text[2048];

	snprintf(text, sizeof(text), NOTE_ARGUMENTS "%s\n", top, then);
	put_text("bin/secbake", text, 0755);
}
