/* SPDX-License-Identifier: MIT */
/* Which variant of a blob is for a mode and a kernel, and when a blob is stale. */
#include "tests/lib/blob_world.h"

#include <stdlib.h>

static struct secbake_features of(const char *arch, uint32_t kernel)
{
	struct secbake_features f;

	assert_int_equal(
		secbake_features_of_kernel(secbake_arch_find(arch), SECBAKE_KERNEL(6, 1), &f, NULL),
		SECBAKE_OK);
	f.actions &= ~(uint32_t)SECBAKE_ACTION_NOTIFY;
	f.flags &= ~(uint32_t)SECBAKE_FLAG_SPEC_ALLOW;
	f.kernel = kernel;
	return f;
}

static void test_select(void **state)
{
	struct secbake_features f = of("x86_64", SECBAKE_KERNEL(4, 7));
	struct secbake_blob blob;
	uint32_t v = 9;

	(void)state;
	assert_int_equal(secbake_blob_open(bytes, size, &blob, NULL), SECBAKE_OK);
	assert_int_equal(secbake_blob_select(&blob, &f, SECBAKE_MODE_ENFORCE, &v, NULL),
			 SECBAKE_OK);
	assert_int_equal(v, 0);
	f.kernel = SECBAKE_KERNEL(4, 8);
	assert_int_equal(secbake_blob_select(&blob, &f, SECBAKE_MODE_ENFORCE, &v, NULL),
			 SECBAKE_OK);
	assert_int_equal(v, 1);
	f.kernel = SECBAKE_KERNEL(65535, 65535);
	assert_int_equal(secbake_blob_select(&blob, &f, SECBAKE_MODE_ENFORCE, &v, NULL),
			 SECBAKE_OK);
	assert_int_equal(v, 1);
	assert_int_equal(secbake_blob_select(&blob, &f, SECBAKE_MODE_COMPLAIN, &v, NULL),
			 SECBAKE_OK);
	assert_int_equal(v, 2);
	/* Not known: it matters for enforce alone. */
	f.kernel = 0;
	assert_int_equal(secbake_blob_select(&blob, &f, SECBAKE_MODE_COMPLAIN, &v, NULL),
			 SECBAKE_OK);
	assert_int_equal(secbake_blob_select(&blob, &f, SECBAKE_MODE_ENFORCE, &v, NULL),
			 SECBAKE_ERR_UNKNOWN);
	assert_int_equal(v, 2);
}

static void stale(struct secbake_features f, const char *what)
{
	struct secbake_error e = {0};
	struct secbake_blob blob;
	uint32_t v = 9;

	assert_int_equal(secbake_blob_open(bytes, size, &blob, NULL), SECBAKE_OK);
	assert_int_equal(secbake_blob_select(&blob, &f, SECBAKE_MODE_ENFORCE, &v, &e),
			 SECBAKE_ERR_STALE);
	assert_non_null(strstr(e.text, what));
	assert_int_equal(v, 9);
}

static void test_select_stale(void **state)
{
	struct secbake_features f = of("x86_64", SECBAKE_KERNEL(6, 1)), other;
	struct secbake_blob blob;
	uint32_t v;

	(void)state;
	stale(of("aarch64", SECBAKE_KERNEL(6, 1)), "aarch64");
	other = f;
	other.actions |= SECBAKE_ACTION_NOTIFY;
	stale(other, "without the action notify");
	other = f;
	other.actions &= ~(uint32_t)SECBAKE_ACTION_LOG;
	stale(other, "with the action log");
	other = f;
	other.flags |= SECBAKE_FLAG_SPEC_ALLOW;
	stale(other, "without the flag spec-allow");
	/* What was not asked about does not matter. */
	other = f;
	other.actions &= ~(uint32_t)SECBAKE_ACTION_KILL_PROCESS;
	other.flags &= ~(uint32_t)SECBAKE_FLAG_TSYNC_ESRCH;
	assert_int_equal(secbake_blob_open(bytes, size, &blob, NULL), SECBAKE_OK);
	assert_int_equal(secbake_blob_select(&blob, &other, SECBAKE_MODE_ENFORCE, &v, NULL),
			 SECBAKE_OK);
}

/* A version that no variant is for: as if there were no blob, and no neighbour stands in. */
static void test_select_gap(void **state)
{
	static const uint32_t versions[] = {SECBAKE_KERNEL(4, 1), SECBAKE_KERNEL(4, 3),
					    SECBAKE_KERNEL(4, 6)};
	uint8_t *changed = fresh();
	struct secbake_features f = of("x86_64", SECBAKE_KERNEL(4, 7));
	struct secbake_blob blob;
	uint32_t v = 9;

	(void)state;
	put32(changed + VARIANT_AT(0, kernel_from), SECBAKE_KERNEL(4, 2));
	put32(changed + VARIANT_AT(0, kernel_to), SECBAKE_KERNEL(4, 3));
	sign(changed, size);
	assert_int_equal(secbake_blob_open(changed, size, &blob, NULL), SECBAKE_OK);
	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
		struct secbake_error error = {0};

		f.kernel = versions[i];
		assert_int_equal(secbake_blob_select(&blob, &f, SECBAKE_MODE_ENFORCE, &v, &error),
				 SECBAKE_ERR_MISSING);
		assert_non_null(strstr(error.text, "this kernel's version"));
	}
	assert_int_equal(v, 9);
	f.kernel = SECBAKE_KERNEL(4, 2);
	assert_int_equal(secbake_blob_select(&blob, &f, SECBAKE_MODE_ENFORCE, &v, NULL),
			 SECBAKE_OK);
	assert_int_equal(v, 0);
}

static void test_select_no_mode(void **state)
{
	struct sb_blob_in in = rich();
	struct secbake_features f = of("x86_64", SECBAKE_KERNEL(6, 1));
	struct secbake_blob blob;
	uint8_t *made;
	size_t made_size;
	uint32_t v;

	(void)state;
	in.variant_count = 2;
	assert_int_equal(sb_blob_write(&in, &made, &made_size, NULL), SECBAKE_OK);
	assert_int_equal(secbake_blob_open(made, made_size, &blob, NULL), SECBAKE_OK);
	assert_int_equal(secbake_blob_select(&blob, &f, SECBAKE_MODE_COMPLAIN, &v, NULL),
			 SECBAKE_ERR_MISSING);
	free(made);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_select),
		cmocka_unit_test(test_select_stale),
		cmocka_unit_test(test_select_gap),
		cmocka_unit_test(test_select_no_mode),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
