/* SPDX-License-Identifier: MIT */
/* Resolving the oci dialect: calls that an architecture multiplexes, by socketcall and ipc. */
#include "tests/lib/oci_world.h"

#include <stdio.h>

static const char mux_policy[] =
	"{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"architectures\": [%s], \"syscalls\": ["
	"{\"names\": [\"bind\", \"connect\", \"accept\", \"semop\", \"shmget\"],"
	" \"action\": \"SCMP_ACT_ALLOW\"},"
	"{\"names\": [\"listen\"], \"action\": \"SCMP_ACT_LOG\"},"
	"{\"names\": [\"socket\"], \"action\": \"SCMP_ACT_ALLOW\","
	" \"args\": [{\"index\": 0, \"value\": 1, \"op\": \"SCMP_CMP_EQ\"}]}%s]}";

static void resolve_mux(struct fixture *f, const char *arches, const char *more)
{
	char json[2048];

	snprintf(json, sizeof(json), mux_policy, arches, more);
	resolve(f, json);
	check_shape(f);
}

static void multiplexed_calls(void **state)
{
	struct fixture *f = *state;

	resolve_mux(f, "\"SCMP_ARCH_X86\"", "");
	assert_int_equal(f->notes, 1);
	assert_int_equal(f->warnings, 0);
	expect(f, "x86", 361, 0, ALLOW); /* bind, by its own number */
	expect(f, "x86", 102, 2, ALLOW); /* and as socketcall's */
	expect(f, "x86", 102, 3, ALLOW);
	expect(f, "x86", 102, 4, LOG);
	expect(f, "x86", 102, 5, ALLOW); /* accept has no other number */
	expect(f, "x86", 102, 6, ERR(1));
	expect(f, "x86", 359, 1, ALLOW); /* socket's condition holds */
	expect(f, "x86", 359, 2, ERR(1));
	expect(f, "x86", 102, 1, ERR(1)); /* and is never granted where it cannot be seen */
	expect(f, "x86", 117, 1, ALLOW);
	expect(f, "x86", 117, 0x10001, ALLOW); /* with ipc's version in the upper half */
	expect(f, "x86", 117, 23, ALLOW);
	expect(f, "x86", 117, 22, ERR(1));
	expect(f, "x86_64", 102, 2, ERR(1)); /* getuid there */
	/* Rules for the carrier itself: without conditions it decides alone, else in order. */
	resolve_mux(f, "\"SCMP_ARCH_X86\"",
		    ",{\"names\": [\"socketcall\"], \"action\": \"SCMP_ACT_KILL\"}");
	expect(f, "x86", 102, 2, KILL);
	expect(f, "x86", 102, 6, KILL);
	expect(f, "x86", 361, 0, ALLOW);
	resolve_mux(f, "\"SCMP_ARCH_X86\"",
		    ",{\"names\": [\"socketcall\"], \"action\": \"SCMP_ACT_KILL\","
		    " \"args\": [{\"index\": 0, \"value\": 3, \"op\": \"SCMP_CMP_GE\"}]}");
	expect(f, "x86", 102, 2, ALLOW);
	expect(f, "x86", 102, 3, ALLOW);
	expect(f, "x86", 102, 4, LOG);
	expect(f, "x86", 102, 6, KILL);
}

static void multiplexed_denials(void **state)
{
	static const char json[] =
		"{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"architectures\": [\"SCMP_ARCH_S390\"],"
		"\"syscalls\": [{\"names\": [\"connect\", \"shmat\"], \"action\": \"SCMP_ACT_ERRNO\"},"
		"{\"names\": [\"socket\"], \"action\": \"SCMP_ACT_KILL\","
		" \"args\": [{\"index\": 0, \"value\": 16, \"op\": \"SCMP_CMP_EQ\"}]}]}";
	struct fixture *f = *state;

	f->target.arch = secbake_arch_find("s390x");
	resolve(f, json);
	check_shape(f);
	assert_int_equal(f->warnings, 1); /* socket through socketcall is not denied */
	assert_non_null(strstr(f->last, "get around"));
	expect(f, "s390x", 362, 0, ERR(1));
	expect(f, "s390x", 102, 3, ERR(1));
	expect(f, "s390x", 102, 0x700000003, ERR(1)); /* the kernel reads 32 bits of it */
	expect(f, "s390x", 102, 4, ALLOW);
	expect(f, "s390x", 117, 21, ERR(1));
	expect(f, "s390x", 117, 0x7000000090015, ERR(1));
	expect(f, "s390", 102, 3, ERR(1));
	f->target.arch = secbake_arch_find("x86_64"); /* no socketcall, nothing to get around by */
	resolve(f, "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": ["
		   "{\"names\": [\"socket\"], \"action\": \"SCMP_ACT_KILL\","
		   " \"args\": [{\"index\": 0, \"value\": 16, \"op\": \"SCMP_CMP_EQ\"}]}]}");
	assert_int_equal(f->warnings + f->notes, 0);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(multiplexed_calls),
		TEST(multiplexed_denials),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
