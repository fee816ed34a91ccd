/* SPDX-License-Identifier: MIT */
/*
 * Features: the table of releases, and the text that the hash is of. test_features_probe.c
 * has how they are found out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include <secbake/features.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- releases ---- */

static void test_releases(void **state)
{
	static const struct {
		uint32_t kernel;
		enum secbake_method method;
		uint32_t lacking_actions, flags;
		uint16_t notif;
	} expected[] = {
		{SECBAKE_KERNEL(3, 5), SECBAKE_METHOD_PRCTL, 0x51, 0, 0},
		{SECBAKE_KERNEL(3, 16), SECBAKE_METHOD_PRCTL, 0x51, 0, 0},
		{SECBAKE_KERNEL(3, 17), SECBAKE_METHOD_SECCOMP, 0x51, 1, 0},
		{SECBAKE_KERNEL(4, 9), SECBAKE_METHOD_SECCOMP, 0x51, 1, 0},
		{SECBAKE_KERNEL(4, 13), SECBAKE_METHOD_SECCOMP, 0x51, 1, 0},
		{SECBAKE_KERNEL(4, 14), SECBAKE_METHOD_SECCOMP, 0x10, 3, 0},
		{SECBAKE_KERNEL(4, 17), SECBAKE_METHOD_SECCOMP, 0x10, 7, 0},
		{SECBAKE_KERNEL(4, 20), SECBAKE_METHOD_SECCOMP, 0x10, 7, 0},
		{SECBAKE_KERNEL(5, 0), SECBAKE_METHOD_SECCOMP, 0, 0xf, 80},
		{SECBAKE_KERNEL(5, 6), SECBAKE_METHOD_SECCOMP, 0, 0xf, 80},
		{SECBAKE_KERNEL(5, 7), SECBAKE_METHOD_SECCOMP, 0, 0x1f, 80},
		{SECBAKE_KERNEL(5, 18), SECBAKE_METHOD_SECCOMP, 0, 0x1f, 80},
		{SECBAKE_KERNEL(5, 19), SECBAKE_METHOD_SECCOMP, 0, 0x3f, 80},
		{SECBAKE_KERNEL(6, 1), SECBAKE_METHOD_SECCOMP, 0, 0x3f, 80},
		{SECBAKE_KERNEL(99, 0), SECBAKE_METHOD_SECCOMP, 0, 0x3f, 80},
	};
	const struct secbake_arch *arch = secbake_arch_find("s390x");
	struct secbake_features f;

	(void)state;
	for (size_t i = 0; i < COUNT(expected); i++) {
		assert_int_equal(secbake_features_of_kernel(arch, expected[i].kernel, &f, NULL),
				 SECBAKE_OK);
		assert_ptr_equal(f.arch, arch);
		assert_int_equal(f.method, expected[i].method);
		assert_int_equal(f.actions, SECBAKE_ACTIONS_ALL & ~expected[i].lacking_actions);
		assert_int_equal(f.flags, expected[i].flags);
		assert_int_equal(f.notif_size, expected[i].notif);
		assert_int_equal(f.kernel, expected[i].kernel);
	}
	assert_int_equal(secbake_features_of_kernel(arch, SECBAKE_KERNEL(3, 4), &f, NULL),
			 SECBAKE_ERR_INPUT);
	assert_int_equal(secbake_features_of_kernel(secbake_arch_find("x32"), SECBAKE_KERNEL(6, 1),
						    &f, NULL),
			 SECBAKE_OK);
	assert_string_equal(f.arch->name, "x86_64");
}

static void test_kernel_parse(void **state)
{
	static const char *const good[] = {"6.1", "6.1.0-18-amd64", "6.1-rc3", "6.1+", "6.1_x"};
	static const char *const bad[] = {"",	  "6",	  "6.",	     ".1",	"6.1x",
					  "6 .1", "-6.1", "65536.1", "6.65536", "06.1",
					  "6.01", "v6.1", "6.1 "};
	uint32_t kernel = 7;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(secbake_kernel_parse(bad[i], &kernel));
	assert_int_equal(kernel, 7);
	for (size_t i = 0; i < COUNT(good); i++) {
		kernel = 0;
		assert_true(secbake_kernel_parse(good[i], &kernel));
		assert_int_equal(kernel, SECBAKE_KERNEL(6, 1));
	}
	assert_true(secbake_kernel_parse("65535.65535", &kernel));
	assert_int_equal(kernel, 0xffffffffu);
}

/* ---- text and hash ---- */

static const char canonical[] = "action.allow yes\n"
				"action.errno yes\n"
				"action.kill-process yes\n"
				"action.kill-thread yes\n"
				"action.log yes\n"
				"action.notify no\n"
				"action.trace yes\n"
				"action.trap yes\n"
				"arch x86_64\n"
				"flag.log yes\n"
				"flag.new-listener no\n"
				"flag.spec-allow no\n"
				"flag.tsync yes\n"
				"flag.tsync-esrch no\n"
				"flag.wait-killable-recv no\n"
				"kernel 4.14\n"
				"method seccomp\n"
				"notif.data 0\n"
				"notif.notif 0\n"
				"notif.resp 0\n";

static struct secbake_features parsed(const char *text)
{
	struct secbake_features f = {0};

	assert_int_equal(secbake_features_parse(text, strlen(text), &f, NULL), SECBAKE_OK);
	return f;
}

static void test_text(void **state)
{
	struct secbake_features f;
	char text[SECBAKE_FEATURES_TEXT_MAX];

	(void)state;
	assert_int_equal(secbake_features_of_kernel(secbake_arch_find("x86_64"),
						    SECBAKE_KERNEL(4, 14), &f, NULL),
			 SECBAKE_OK);
	assert_int_equal(secbake_features_format(&f, text), strlen(canonical));
	assert_string_equal(text, canonical);
}

static void test_text_round_trip(void **state)
{
	static const uint32_t kernels[] = {
		SECBAKE_KERNEL(3, 5), SECBAKE_KERNEL(3, 17), SECBAKE_KERNEL(4, 14),
		SECBAKE_KERNEL(5, 0), SECBAKE_KERNEL(5, 19), SECBAKE_KERNEL(65535, 65535),
	};
	char text[SECBAKE_FEATURES_TEXT_MAX], again[SECBAKE_FEATURES_TEXT_MAX];
	const struct secbake_arch *arch;

	(void)state;
	for (size_t a = 0; (arch = secbake_arch_at(a)); a++) {
		for (size_t k = 0; k < COUNT(kernels); k++) {
			struct secbake_features f, back;

			assert_int_equal(secbake_features_of_kernel(arch, kernels[k], &f, NULL),
					 SECBAKE_OK);
			secbake_features_format(&f, text);
			back = parsed(text);
			secbake_features_format(&back, again);
			assert_string_equal(text, again);
		}
	}
}

/* What the text may look like is free; what it says is not. */
static void test_text_comments_and_order(void **state)
{
	struct secbake_features f;
	char text[SECBAKE_FEATURES_TEXT_MAX] = "# a kernel\n\nnotif.resp 0\n",
	     again[SECBAKE_FEATURES_TEXT_MAX];

	(void)state;
	strcat(text, canonical);
	*strstr(text + 30, "notif.resp") = '#';
	f = parsed(text);
	secbake_features_format(&f, again);
	assert_string_equal(again, canonical);
	text[strlen(text) - 1] = '\0'; /* no newline at the end */
	parsed(text);
}

/* Each line left out, doubled, and with another value. */
static void test_text_is_strict(void **state)
{
	char text[SECBAKE_FEATURES_TEXT_MAX];
	struct secbake_features f = {.kernel = 99};
	uint32_t line_number = 0;

	(void)state;
	for (const char *line = canonical; *line; line = strchr(line, '\n') + 1) {
		size_t before = (size_t)(line - canonical), size = strcspn(line, "\n") + 1;
		bool is_kernel = !strncmp(line, "kernel ", 7);
		struct secbake_error e = {0};

		line_number++;
		memcpy(text, canonical, before);
		strcpy(text + before, line + size);
		assert_int_equal(secbake_features_parse(text, strlen(text), &f, NULL) == SECBAKE_OK,
				 is_kernel);
		f.kernel = 99;
		snprintf(text, sizeof(text), "%s%.*s", canonical, (int)size, line);
		assert_int_equal(secbake_features_parse(text, strlen(text), &f, &e),
				 SECBAKE_ERR_INPUT);
		assert_int_equal(e.line, 21);
		e = (struct secbake_error){0};
		snprintf(text, sizeof(text), "%.*s%.*s maybe\n%s", (int)before, canonical,
			 (int)strcspn(line, " "), line, line + size);
		assert_int_equal(secbake_features_parse(text, strlen(text), &f, &e),
				 SECBAKE_ERR_INPUT);
		assert_int_equal(e.line, line_number);
		assert_int_equal(f.kernel, 99);
	}
}

static void refuse_replaced(const char *what, const char *by)
{
	char text[SECBAKE_FEATURES_TEXT_MAX];
	const char *at = strstr(canonical, what);
	struct secbake_features f;

	assert_non_null(at);
	snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - canonical), canonical, by,
		 at + strlen(what));
	assert_int_equal(secbake_features_parse(text, strlen(text), &f, NULL), SECBAKE_ERR_INPUT);
}

static void test_text_refused(void **state)
{
	struct secbake_features f;
	char big[SECBAKE_FEATURES_TEXT_MAX + 1];

	(void)state;
	refuse_replaced("arch x86_64", "arch x32");
	refuse_replaced("arch x86_64", "arch native");
	refuse_replaced("arch x86_64", "arch  x86_64");
	refuse_replaced("kernel 4.14", "kernel 4.14.1");
	refuse_replaced("kernel 4.14", "kernel 4.14-rc1");
	refuse_replaced("kernel 4.14", "kernel 3.4");
	refuse_replaced("notif.data 0", "notif.data 00");
	refuse_replaced("notif.data 0", "notif.data 65536");
	refuse_replaced("notif.data 0", "notif.data -1");
	refuse_replaced("method seccomp", "method prctl"); /* which has no flags */
	refuse_replaced("action.allow yes", "action.allow no");
	refuse_replaced("action.allow yes", "action.allow Yes");
	refuse_replaced("action.allow yes", "action.allow yes ");
	refuse_replaced("action.allow yes", "action.allow yes\r");
	refuse_replaced("action.allow yes", "action.allows yes");
	refuse_replaced("action.allow yes", "action.allow");
	assert_int_equal(secbake_features_parse("", 0, &f, NULL), SECBAKE_ERR_INPUT);
	assert_int_equal(secbake_features_parse("a\0b\n", 4, &f, NULL), SECBAKE_ERR_INPUT);
	memset(big, '#', sizeof(big));
	assert_int_equal(secbake_features_parse(big, sizeof(big), &f, NULL), SECBAKE_ERR_INPUT);
}

static void test_hash(void **state)
{
	struct secbake_features f = parsed(canonical);
	struct secbake_hash first, second;
	char text[SECBAKE_HASH_TEXT];

	(void)state;
	secbake_features_hash(&f, &first);
	secbake_hash_format(&first, text);
	/* Fixed for ever: it names directories on people's disks. */
	assert_string_equal(text, "10a38bb228b1d0c2d448ef198fa43e3d");
	f.kernel = SECBAKE_KERNEL(4, 15);
	secbake_features_hash(&f, &second);
	assert_memory_equal(&first, &second, sizeof(first));
	f.kernel = 0;
	secbake_features_hash(&f, &second);
	assert_memory_equal(&first, &second, sizeof(first));
	f.flags ^= SECBAKE_FLAG_SPEC_ALLOW;
	secbake_features_hash(&f, &second);
	assert_memory_not_equal(&first, &second, sizeof(first));
}

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(secbake_action_name(SECBAKE_ACTION_NOTIFY), "notify");
	assert_string_equal(secbake_flag_name(SECBAKE_FLAG_WAIT_KILLABLE_RECV),
			    "wait-killable-recv");
	assert_null(secbake_action_name(0));
	assert_null(secbake_action_name(3));
	assert_null(secbake_action_name(1u << 8));
	assert_null(secbake_flag_name(1u << 6));
	assert_null(secbake_flag_name(0x80000000u));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_releases),
		cmocka_unit_test(test_kernel_parse),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_text_round_trip),
		cmocka_unit_test(test_text_comments_and_order),
		cmocka_unit_test(test_text_is_strict),
		cmocka_unit_test(test_text_refused),
		cmocka_unit_test(test_hash),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
