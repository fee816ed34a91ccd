/* SPDX-License-Identifier: MIT */
/*
 * secbake-exec with raised privileges (AT_SECURE): set-user-ID, set-group-ID, and with file
 * capabilities. Whoever starts it so has no say: options and environment that would lead a
 * plain copy to a filter that allows all lead these nowhere. In a mount namespace with a
 * /run of its own, where the system's policy lies.
 */
#include "tests/lib/exec_world.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <secbake/load.h>

#define NAME "secbake-secure-test"

static const struct sock_filter allow[] = {RET(SECCOMP_RET_ALLOW)};

/* ---- the command ---- */

static int look(void)
{
	long r = syscall(SYS_getppid);

	printf("under %u filters, getppid %d, no_new_privs %d\n", filters_here(), r < 0 ? errno : 0,
	       prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
	fflush(stdout);
	_exit(0); /* a sanitizer that looks for leaks at exit needs getppid */
}

/* The same for a program that sandboxes itself, and would have its caller's directories. */
static int open_and_look(void)
{
	const char *const caches[] = {"c1"}, *const policies[] = {"p"};
	const struct secbake_load_places places = {
		.cache_dir = caches, .cache_count = 1, .policy_dir = policies, .policy_count = 1};
	struct secbake_load_options options = {.mode = SECBAKE_MODE_ENFORCE};
	struct secbake_error error = {0};
	struct secbake_features kernel;
	struct secbake_blob blob;

	if (secbake_features_probe(&kernel, &error) ||
	    secbake_load_open(NAME, &places, &kernel, &blob, &error) ||
	    secbake_load_apply(&blob, &kernel, &options, NULL, &error)) {
		printf("%s: %s\n", error.file, error.text);
		return 125;
	}
	return look();
}

static char self[512];
static char strict[128], loose[128]; /* what it says under the system's filter, and the caller's */

/* ---- the ways to have raised privileges ---- */

static bool set_user_id(const char *loader)
{
	return !chmod(loader, 04755);
}

static bool set_group_id(const char *loader)
{
	return !chmod(loader, 02755);
}

/* As setcap(8) writes it: cap_net_bind_service, permitted and effective. */
static bool file_capability(const char *loader)
{
	const struct vfs_cap_data data = {.magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE,
					  .data = {{.permitted = 1u << CAP_NET_BIND_SERVICE}}};

	return !setxattr(loader, "security.capability", &data, sizeof(data), 0);
}

/* ---- what the caller puts in the way ---- */

static char home[300], cache_home[300], search[300];
static const char *const environment[] = {
	home, cache_home, search, "secbake_missing=run", "SECBAKE_CACHE=c1", NULL};

static void put_traps(void)
{
	struct blob b = simple();
	char text[1024];

	b.name = NAME;
	put_system(&b);
	b.layer[0] = (struct sb_blob_layer_in){.insn = allow, .insn_count = COUNT(allow)};
	put_blob(entry("c1", NAME), &b);
	put_blob("evil.sbk", &b);
	put_text("p/" NAME ".json", POLICY, 0644);
	/* The per-user cache, twice. */
	assert_int_equal(mkdir(in_top("home"), 0755), 0);
	assert_int_equal(mkdir(in_top("home/.cache"), 0755), 0);
	assert_int_equal(symlink("../../c1", in_top("home/.cache/secbake")), 0);
	assert_int_equal(symlink("../c1", in_top("home/secbake")), 0);
	/* Commands of their names, and a compiler. */
	assert_int_equal(mkdir(in_top("evil"), 0755), 0);
	put_text("evil/true", "#!/bin/sh\necho evil\n", 0755);
	put_text("evil/only-there", "#!/bin/sh\necho evil\n", 0755);
	snprintf(text, sizeof(text), "#!/bin/sh\necho compiled; cp %s %s\n", in_top("evil.sbk"),
		 in_system_cache("/" NAME ".sbk"));
	put_text("bin/secbake", text, 0755);
	copy_file(self, in_top("look"), 0755);
	copy_file(self, in_top("opens"), 0755);
	snprintf(home, sizeof(home), "HOME=%s/home", top);
	snprintf(cache_home, sizeof(cache_home), "XDG_CACHE_HOME=%s/home", top);
	snprintf(search, sizeof(search), "PATH=%s/evil", top);
}

#define AS_NOBODY(...) \
	run_how((const char *const[]){"bin/secbake-exec", __VA_ARGS__, NULL}, AS_OTHER)

static void said_only(const char *what)
{
	const char *at = strstr(output, what);

	if (!at || strstr(at + 1, "under ") || at[strlen(what)])
		fail_msg("not \"%s\" alone: %s", what, output);
}

static void options_are_ignored(void)
{
	assert_int_equal(AS_NOBODY(NAME, "./look"), 0);
	assert_string_equal(output, strict); /* the environment, too */
	assert_int_equal(AS_NOBODY("-C", "c1", NAME, "./look"), 0);
	said("-C, -P, --blob, --complain and --allow-new-privs are ignored");
	said_only(strict);
	assert_int_equal(AS_NOBODY("-C", "c1", "-P", "p", "--allow-new-privs", NAME, "./look"), 0);
	said_only(strict);
	assert_int_equal(AS_NOBODY("--complain", NAME, "./look"), 0);
	said_only(strict);
	assert_int_equal(AS_NOBODY("--blob", "evil.sbk", NAME, "./look"), 0);
	said_only(strict);
	/* Commands are looked for in the default places only. */
	assert_int_equal(AS_NOBODY(NAME, "true"), 0);
	not_said("evil");
	assert_int_equal(AS_NOBODY(NAME, "only-there"), 127);
	not_said("evil\n");
}

/* No system policy: then nothing runs, whatever else there is; and nothing is compiled. */
static void nothing_else_will_do(void)
{
	assert_int_equal(unlink(in_system_cache("/" NAME ".sbk")), 0);
	assert_int_equal(AS_NOBODY("-v", NAME, "./look"), 125);
	not_said("under ");
	not_said("c1");
	not_said("compiled\n");
	said("compiling is not allowed here");
	assert_int_equal(
		AS_NOBODY("-v", "-C", "c1", "-P", "p", "--blob", "evil.sbk", NAME, "./look"), 125);
	not_said("under ");
	not_said("compiled\n");
	assert_int_equal(access(in_system_cache("/" NAME ".sbk"), F_OK), -1);
}

/* The caller's own file in the system's place: the caller counts for nothing. */
static void the_caller_is_nobody(void)
{
	copy_file(in_top("evil.sbk"), in_system_cache("/" NAME ".sbk"), 0644);
	assert_int_equal(chown(in_system_cache("/" NAME ".sbk"), STRANGER, STRANGER), 0);
	assert_int_equal(AS_NOBODY("-v", NAME, "./look"), 125);
	said("belongs to user 65534; it must belong to root\n");
	not_said("under ");
}

/* The library's directories count no more than the loader's. */
static void the_library_too(bool (*raise)(const char *program))
{
#ifndef SANITIZED /* whose runtime does not like it */
	assert_true(raise(in_top("opens")));
	assert_int_equal(run_how((const char *const[]){"./opens", NULL}, AS_OTHER), 0);
	assert_string_equal(output, strict);
#else
	(void)raise;
#endif
}

static void raised(bool (*raise)(const char *loader))
{
	struct statvfs vfs;

	if (statvfs(top, &vfs) || (vfs.f_flag & ST_NOSUID) || !own_run())
		skip();
	put_traps();
	snprintf(strict, sizeof(strict), "under %u filters, getppid 1, no_new_privs 1\n",
		 filters_here() + 1);
	snprintf(loose, sizeof(loose), "under %u filters, getppid 0, no_new_privs 1\n",
		 filters_here() + 1);
	run_environment = environment;
	if (!raise(LOADER)) {
		run_environment = NULL;
		skip();
	}
	options_are_ignored();
	the_library_too(raise);
	nothing_else_will_do();
	the_caller_is_nobody();
	run_environment = NULL;
}

static void test_set_user_id(void **state)
{
	(void)state;
	raised(set_user_id);
}

static void test_set_group_id(void **state)
{
	(void)state;
	raised(set_group_id);
}

static void test_file_capability(void **state)
{
	(void)state;
	raised(file_capability);
}

/* That all these traps work: a plain copy falls into them, as it is told to. */
static void test_plain_copy_does_as_told(void **state)
{
	(void)state;
	if (!own_run())
		skip();
	put_traps();
	snprintf(strict, sizeof(strict), "under %u filters, getppid 1, no_new_privs 1\n",
		 filters_here() + 1);
	snprintf(loose, sizeof(loose), "under %u filters, getppid 0, no_new_privs 1\n",
		 filters_here() + 1);
	run_environment = environment;
	assert_int_equal(AS_NOBODY(NAME, "./look"), 0);
	assert_string_equal(output, strict);
	assert_int_equal(AS_NOBODY("-C", "c1", "-P", "p", NAME, "./look"), 0);
	assert_string_equal(output, loose);
	assert_int_equal(AS_NOBODY("--blob", "evil.sbk", NAME, "./look"), 0);
	assert_string_equal(output, loose);
	assert_int_equal(AS_NOBODY("--complain", NAME, "./look"), 0);
	assert_string_equal(output, loose);
	assert_int_equal(run_how((const char *const[]){"./opens", NULL}, AS_OTHER), 0);
	assert_string_equal(output, loose);
	assert_int_equal(AS_NOBODY(NAME, "only-there"), 0);
	assert_string_equal(output, "evil\n");
	/* The per-user cache, by either variable, and the compiler. */
	assert_int_equal(unlink(in_system_cache("/" NAME ".sbk")), 0);
	assert_int_equal(AS_NOBODY(NAME, "./look"), 0);
	assert_string_equal(output, loose);
	assert_int_equal(unlink(in_top(entry("c1", NAME))), 0);
	assert_int_equal(AS_NOBODY(NAME, "./look"), 125);
	said("compiled\n");
	run_environment = NULL;
}

int main(int argc, char **argv)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(test_plain_copy_does_as_told),
		T(test_set_user_id),
		T(test_set_group_id),
		T(test_file_capability),
	};
	ssize_t length;

	if (argc == 1 && strstr(argv[0], "look"))
		return look();
	if (argc == 1 && strstr(argv[0], "opens"))
		return open_and_look();
	length = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (length <= 0)
		snprintf(self, sizeof(self), "%s", argv[0]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
