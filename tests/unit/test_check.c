/* SPDX-License-Identifier: MIT */
/* secbake_check() as a library function: its options, its errors, the order of what it finds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <secbake/check.h>

struct heard {
	struct secbake_findings base;
	uint32_t count, lines[16];
	const char *code[16];
};

static void hear(struct secbake_findings *self, const struct secbake_finding *finding)
{
	struct heard *heard = (struct heard *)self; /* base is its first member */

	assert_true(heard->count < 16);
	assert_int_equal(finding->message.status, SECBAKE_OK);
	assert_string_equal(finding->message.file, "p.json");
	heard->lines[heard->count] = finding->message.line;
	heard->code[heard->count++] = finding->check->code;
}

static const char text[] =
	"{ \"secbake\": 1, \"default\": \"errno:EPERM\", \"baseline\": \"6.12\",\n"
	"\"rules\": [\n"
	"{ \"syscalls\": \"bpf\", \"action\": \"allow\" },\n"
	"{ \"syscalls\": [\"execve\", \"exit\", \"exit_group\", \"rt_sigreturn\", "
	"\"restart_syscall\"], \"action\": \"allow\" },\n"
	"{ \"syscalls\": [\"ptrace\", \"bpf\"], \"action\": \"allow\" },\n"
	"{ \"syscalls\": \"ptrace\", \"action\": \"allow\" }]}\n";

static struct secbake_compile_options policy_of(const char *json)
{
	struct secbake_compile_options options = {.name = "p",
						  .policy = {json, strlen(json), "p.json"}};

	assert_int_equal(secbake_features_of_kernel(secbake_arch_find("aarch64"),
						    SECBAKE_KERNEL(6, 12), &options.target, NULL),
			 SECBAKE_OK);
	return options;
}

static void in_order(void **state)
{
	static const char *const ignore[] = {"arch-left-out"};
	struct secbake_compile_options policy = policy_of(text);
	struct heard heard = {.base = {hear}};
	struct secbake_check_options options = {
		.policy = &policy, .ignore = ignore, .ignore_count = 1, .findings = &heard.base};

	(void)state;
	assert_int_equal(secbake_check(&options, NULL), SECBAKE_OK);
	assert_int_equal(heard.count, 3);
	assert_string_equal(heard.code[0], "bpf-allowed");
	assert_int_equal(heard.lines[0], 3);
	assert_string_equal(heard.code[1], "ptrace-allowed");
	assert_int_equal(heard.lines[1], 5);
	assert_string_equal(heard.code[2], "shadowed-rule");
	assert_int_equal(heard.lines[2], 6);
}

static void wrong_options(void **state)
{
	struct secbake_compile_options policy = policy_of(text);
	struct heard heard = {.base = {hear}};
	struct secbake_check_options good = {.policy = &policy, .findings = &heard.base}, bad;
	struct secbake_error error = {0};

	(void)state;
	bad = good;
	bad.findings = NULL;
	assert_int_equal(secbake_check(&bad, &error), SECBAKE_ERR_INPUT);
	assert_true(error.text[0]);
	bad = good;
	bad.reserved[5] = 1;
	assert_int_equal(secbake_check(&bad, NULL), SECBAKE_ERR_INPUT);
	bad = good;
	bad.kernel_from = SECBAKE_KERNEL(6, 1);
	assert_int_equal(secbake_check(&bad, NULL), SECBAKE_ERR_INPUT);
	bad = good;
	bad.policy = NULL;
	assert_int_equal(secbake_check(&bad, NULL), SECBAKE_ERR_INPUT);
	assert_int_equal(heard.count, 0);
}

static void a_rejected_policy(void **state)
{
	struct secbake_compile_options policy = policy_of("{ \"secbake\": 1 }");
	struct heard heard = {.base = {hear}};
	struct secbake_check_options options = {.policy = &policy, .findings = &heard.base};
	struct secbake_error error = {0};

	(void)state;
	assert_int_equal(secbake_check(&options, &error), SECBAKE_ERR_INPUT);
	assert_string_equal(error.file, "p.json");
	assert_non_null(strstr(error.text, "default"));
	assert_int_equal(heard.count, 0);
}

static void codes(void **state)
{
	const struct secbake_check *check;
	size_t count = 0;

	(void)state;
	for (; (check = secbake_check_at(count)); count++) {
		assert_ptr_equal(secbake_check_find(check->code), check);
		assert_true(check->title[0] && check->mend[0]);
		assert_true(strspn(check->code, "abcdefghijklmnopqrstuvwxyz0123456789-") ==
			    strlen(check->code));
	}
	assert_true(count >= 40);
	assert_null(secbake_check_find("no-such-check"));
	assert_string_equal(secbake_check_nearest("ptrace-allwed"), "ptrace-allowed");
	assert_null(secbake_check_nearest("xyzzy"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_order),
		cmocka_unit_test(wrong_options),
		cmocka_unit_test(a_rejected_policy),
		cmocka_unit_test(codes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
