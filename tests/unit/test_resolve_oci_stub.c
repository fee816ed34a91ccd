/* SPDX-License-Identifier: MIT */
/* Resolving the oci dialect: the ENOSYS stub of runc, for calls newer than the policy. */
#include "tests/lib/oci_world.h"

#include <stdio.h>

static const char stub_policy[] =
	"{\"defaultAction\": \"%s\", \"architectures\": [%s], \"syscalls\": ["
	"{\"names\": [\"read\", \"%s\", \"made_up_name\"], \"action\": \"SCMP_ACT_ALLOW\"},"
	"{\"names\": [\"mmap\"], \"action\": \"%s\"},"
	"{\"names\": [\"openat2\"], \"action\": \"SCMP_ACT_ALLOW\","
	" \"includes\": {\"caps\": [\"CAP_BPF\"]}}]}";

static void resolve_stub(struct fixture *f, const char *action, const char *arches,
			 const char *name)
{
	char json[1024];

	snprintf(json, sizeof(json), stub_policy, action, arches, name, action);
	f->options.enosys = SECBAKE_ENOSYS_RUNC;
	resolve(f, json);
	check_shape(f);
}

static void stub_on_x86_64(void **state)
{
	struct fixture *f = *state;

	/* mmap (9) says what the default says, and counts; openat2 is not in force. */
	resolve_stub(f, "SCMP_ACT_ERRNO", "", "close");
	expect(f, "x86_64", 0, 0, ALLOW);
	expect(f, "x86_64", 9, 0, ERR(1));
	expect(f, "x86_64", 10, 0, NOSYS);
	expect(f, "x86_64", 0x3fffffff, 0, NOSYS);
	expect(f, "x86_64", 0x40000000, 0, KILL);
	expect(f, "x86_64", 0x7fffffff, 0, KILL);
	expect(f, "x86_64", 0x80000000, 0, NOSYS); /* bit 30 is clear, and the stub comes first */
	expect(f, "x86_64", 0xbfffffff, 0, NOSYS);
	expect(f, "x86_64", 0xc0000000, 0, KILL);
	expect(f, "x86_64", 0xffffffff, 0, ERR(1));
	expect(f, "x86", 3, 0, KILL);
	resolve_stub(f, "SCMP_ACT_KILL", "\"SCMP_ARCH_X32\", \"SCMP_ARCH_X86\"", "execveat");
	expect(f, "x86_64", 322, 0, ALLOW);
	expect(f, "x86_64", 321, 0, KILL);
	expect(f, "x86_64", 323, 0, NOSYS);
	expect(f, "x86_64", X32(545), 0, ALLOW); /* x32 has a number of its own for it */
	expect(f, "x86_64", X32(544), 0, KILL);
	expect(f, "x86_64", X32(546), 0, NOSYS);
	expect(f, "x86_64", 0x7fffffff, 0, NOSYS);
	expect(f, "x86_64", 0x80000000, 0, NOSYS);
	expect(f, "x86_64", 0xffffffff, 0, NOSYS);
	expect(f, "x86", 358, 0, ALLOW);
	expect(f, "x86", 359, 0, NOSYS);
	expect(f, "x86", 0xffffffff, 0, NOSYS);
}

static void no_stub(void **state)
{
	static const char *const defaults[] = {"SCMP_ACT_ALLOW", "SCMP_ACT_LOG", "SCMP_ACT_TRACE"};
	static const uint32_t verdicts[] = {ALLOW, LOG, SECCOMP_RET_TRACE | 1};
	struct fixture *f = *state;

	for (size_t i = 0; i < 3; i++) {
		resolve_stub(f, defaults[i], "", "close");
		expect(f, "x86_64", 1000, 0, verdicts[i]);
		expect(f, "x86_64", 0x80000000, 0, KILL);
	}
	/* The largest number is 0: read is all that x86_64 knows of it. */
	resolve(f, "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"syscalls\": ["
		   "{\"names\": [\"read\", \"waitpid\"], \"action\": \"SCMP_ACT_ALLOW\"}]}");
	expect(f, "x86_64", 1000, 0, ERR(1));
	f->options.enosys = SECBAKE_ENOSYS_NONE;
	resolve(f, "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"syscalls\": ["
		   "{\"names\": [\"close\"], \"action\": \"SCMP_ACT_ALLOW\"}]}");
	expect(f, "x86_64", 1000, 0, ERR(1));
	f->options.enosys = SECBAKE_ENOSYS_AUTO; /* is runc here */
	assert_int_equal(try_resolve(f,
				     "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"syscalls\": ["
				     "{\"names\": [\"close\"], \"action\": \"SCMP_ACT_ALLOW\"}]}"),
			 SECBAKE_OK);
	expect(f, "x86_64", 1000, 0, NOSYS);
}

static void stub_elsewhere(void **state)
{
	struct fixture *f = *state;

	f->target.arch = secbake_arch_find("s390x");
	resolve_stub(f, "SCMP_ACT_ERRNO", "\"SCMP_ARCH_S390\"", "close");
	expect(f, "s390x", 0, 0, NOSYS);
	expect(f, "s390x", 1, 0, ERR(1));
	expect(f, "s390x", 6, 0, ALLOW);
	expect(f, "s390x", 91, 0, NOSYS); /* mmap is 90 */
	expect(f, "s390", 0, 0, NOSYS);
	expect(f, "s390", 6, 0, ALLOW);
	expect(f, "s390x", 0xffffffff, 0, NOSYS);
	f->target.arch = secbake_arch_find("aarch64");
	resolve_stub(f, "SCMP_ACT_ERRNO", "\"SCMP_ARCH_X86_64\"", "close");
	expect(f, "aarch64", 0, 0, ERR(1));
	expect(f, "aarch64", 63, 0, ALLOW);
	expect(f, "aarch64", 222, 0, ERR(1));
	expect(f, "aarch64", 223, 0, NOSYS);
	expect(f, "aarch64", 0x40000000, 0, NOSYS);
	expect(f, "x86_64", 10, 0, NOSYS);
	expect(f, "x86_64", X32(0), 0, KILL);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(stub_on_x86_64),
		TEST(no_stub),
		TEST(stub_elsewhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
