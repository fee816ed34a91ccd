/* SPDX-License-Identifier: MIT */
/*
 * Resolving the oci dialect: what a target or a mode changes: filter flags, actions that a
 * kernel lacks, error numbers, complain.
 */
#include "tests/lib/oci_world.h"

#include <stdio.h>

static void errors_of_the_target(void **state)
{
	static const char json[] =
		"{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"defaultErrno\": \"ENOSYS\", \"syscalls\": ["
		"{\"names\": [\"read\"], \"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": 38},"
		"{\"names\": [\"write\"], \"action\": \"SCMP_ACT_ALLOW\"}]}";
	struct fixture *f = *state;

	f->options.enosys = SECBAKE_ENOSYS_RUNC;
	f->target.arch = secbake_arch_find("mips64");
	resolve(f, json);
	assert_true(f->resolved.big_endian);
	expect(f, "mips64", 5000, 0, ERR(38)); /* a number is a number */
	expect(f, "mips64", 4999, 0, ERR(89));
	expect(f, "mips64", 5002, 0, ERR(89));
}

static uint32_t flags_for(struct fixture *f, const char *flags, const char *action)
{
	char json[512];

	snprintf(json, sizeof(json),
		 "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"listenerPath\": \"/a\", %s"
		 "\"syscalls\": [{\"names\": [\"read\"], \"action\": \"%s\"}]}",
		 flags, action);
	resolve(f, json);
	return f->resolved.layer->filter_flags;
}

static void flags(void **state)
{
	static const char log[] = "\"flags\": [\"SECCOMP_FILTER_FLAG_LOG\"],";
	static const char spec[] = "\"flags\": [\"SECCOMP_FILTER_FLAG_SPEC_ALLOW\"],";
	static const char tsync[] = "\"flags\": [\"SECCOMP_FILTER_FLAG_TSYNC\"],";
	static const char wait[] = "\"flags\": [\"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV\"],";
	struct fixture *f = *state;

	assert_int_equal(flags_for(f, "", "SCMP_ACT_KILL"), SECBAKE_FLAG_SPEC_ALLOW);
	assert_int_equal(flags_for(f, "\"flags\": null,", "SCMP_ACT_KILL"),
			 SECBAKE_FLAG_SPEC_ALLOW);
	assert_int_equal(f->resolved.consulted.flags, SECBAKE_FLAG_SPEC_ALLOW);
	assert_int_equal(flags_for(f, "\"flags\": [],", "SCMP_ACT_KILL"), 0);
	assert_int_equal(f->resolved.consulted.flags, 0);
	assert_int_equal(flags_for(f, log, "SCMP_ACT_KILL"), SECBAKE_FLAG_LOG);
	assert_int_equal(flags_for(f, log, "SCMP_ACT_NOTIFY"),
			 SECBAKE_FLAG_LOG | SECBAKE_FLAG_NEW_LISTENER);
	assert_int_equal(flags_for(f, tsync, "SCMP_ACT_KILL"), SECBAKE_FLAG_TSYNC);
	assert_int_equal(flags_for(f, tsync, "SCMP_ACT_NOTIFY"),
			 SECBAKE_FLAG_TSYNC | SECBAKE_FLAG_TSYNC_ESRCH | SECBAKE_FLAG_NEW_LISTENER);
	assert_int_equal(flags_for(f, wait, "SCMP_ACT_KILL"), 0);
	assert_int_equal(f->warnings, 1);
	assert_int_equal(flags_for(f, wait, "SCMP_ACT_NOTIFY"),
			 SECBAKE_FLAG_WAIT_KILLABLE_RECV | SECBAKE_FLAG_NEW_LISTENER);
	f->target.flags = SECBAKE_FLAG_TSYNC;
	assert_int_equal(flags_for(f, "", "SCMP_ACT_KILL"), 0);
	assert_int_equal(f->resolved.consulted.flags, SECBAKE_FLAG_SPEC_ALLOW);
	assert_int_equal(f->resolved.note_count, 0); /* nobody asked for it */
	assert_int_equal(flags_for(f, spec, "SCMP_ACT_KILL"), 0);
	assert_int_equal(f->resolved.note_count, 1);
	assert_int_equal(flags_for(f, log, "SCMP_ACT_KILL"), 0);
	assert_int_equal(f->resolved.note_count, 1);
	assert_int_equal(f->resolved.consulted.flags, SECBAKE_FLAG_LOG);
}

static void lowering(void **state)
{
	static const char json[] =
		"{\"defaultAction\": \"SCMP_ACT_KILL_PROCESS\", \"syscalls\": ["
		"{\"names\": [\"read\"], \"action\": \"SCMP_ACT_LOG\"},"
		"{\"names\": [\"write\"], \"action\": \"SCMP_ACT_KILL_PROCESS\"},"
		"{\"names\": [\"close\"], \"action\": \"SCMP_ACT_LOG\"}]}";
	static const char notify[] =
		"{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"listenerPath\": \"/a\",\n \"syscalls\": [\n"
		"{\"names\": [\"%s\"], \"action\": \"SCMP_ACT_NOTIFY\"}]}";
	struct fixture *f = *state;
	char text[256];

	f->target.actions = SECBAKE_ACTIONS_OLDEST;
	f->target.flags = 0;
	resolve(f, json);
	expect(f, "x86_64", 0, 0, ALLOW);
	expect(f, "x86_64", 1, 0, KILL);
	assert_int_equal(f->resolved.note_count, 2);
	assert_int_equal(f->resolved.consulted.actions, SECBAKE_ACTION_LOG | SECBAKE_ACTION_ALLOW |
								SECBAKE_ACTION_KILL_PROCESS |
								SECBAKE_ACTION_KILL_THREAD);
	snprintf(text, sizeof(text), notify, "read");
	assert_int_equal(try_resolve(f, text), SECBAKE_ERR_TARGET);
	assert_int_equal(f->error.line, 3);
	assert_string_equal(f->error.pointer, "/syscalls/0");
	f->target.actions = SECBAKE_ACTIONS_ALL; /* but no flag for its listener */
	assert_int_equal(try_resolve(f, text), SECBAKE_ERR_TARGET);
	snprintf(text, sizeof(text), notify, "waitpid"); /* not on x86_64: nothing is asked for */
	f->target.actions = SECBAKE_ACTIONS_OLDEST;
	resolve(f, text);
	assert_int_equal(f->resolved.layer->filter_flags, 0);
	assert_int_equal(f->resolved.layer->rule_count, 0);
}

static void complain(void **state)
{
	static const char json[] =
		"{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"listenerPath\": \"/a\", \"syscalls\": ["
		"{\"names\": [\"read\"], \"action\": \"SCMP_ACT_ALLOW\"},"
		"{\"names\": [\"write\"], \"action\": \"SCMP_ACT_NOTIFY\"},"
		"{\"names\": [\"close\"], \"action\": \"SCMP_ACT_KILL\","
		" \"args\": [{\"index\": 0, \"value\": 1, \"op\": \"SCMP_CMP_EQ\"}]}]}";
	struct fixture *f = *state;

	f->options.enosys = SECBAKE_ENOSYS_RUNC;
	f->mode = SECBAKE_MODE_COMPLAIN;
	resolve(f, json);
	check_shape(f);
	expect(f, "x86_64", 0, 0, ALLOW);
	expect(f, "x86_64", 1, 0, LOG);
	expect(f, "x86_64", 2, 0, LOG);
	expect(f, "x86_64", 3, 1, LOG);
	expect(f, "x86_64", 3, 2, LOG);
	expect(f, "x86_64", 1000, 0, LOG);
	expect(f, "x86_64", X32(0), 0, LOG);
	expect(f, "arm", 3, 0, LOG);
	assert_int_equal(f->resolved.layer->filter_flags, SECBAKE_FLAG_SPEC_ALLOW);
	assert_int_equal(f->resolved.consulted.actions, SECBAKE_ACTION_LOG | SECBAKE_ACTION_ALLOW);
	f->target.actions = SECBAKE_ACTIONS_OLDEST;
	resolve(f, json);
	expect(f, "x86_64", 2, 0, ALLOW);
	expect(f, "arm", 3, 0, ALLOW);
	assert_int_equal(f->resolved.note_count, 1);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(errors_of_the_target),
		TEST(flags),
		TEST(lowering),
		TEST(complain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
