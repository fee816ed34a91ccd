/* SPDX-License-Identifier: MIT */
/*
 * Reading blobs: a good one, and damage done to all of it twice over: as it comes (the
 * checksum must tell), and with a checksum made right again, as an attacker would, when
 * the checks behind it must tell. test_blob_fields.c has these one by one.
 */
#include "tests/lib/blob_world.h"

#include <stdlib.h>

/* ---- a good one ---- */

static void test_open_and_read(void **state)
{
	struct secbake_blob blob;
	struct secbake_blob_header h;
	struct secbake_blob_variant v;
	struct secbake_blob_layer l;
	struct secbake_blob_source s;
	struct secbake_blob_rule r;

	(void)state;
	assert_int_equal(secbake_blob_open(bytes, size, &blob, NULL), SECBAKE_OK);
	assert_string_equal(blob.arch->name, "x86_64");
	h = secbake_blob_header(&blob);
	assert_int_equal(h.total_size, size);
	assert_string_equal(h.name, "web");
	assert_int_equal(h.policy_hash.bytes[0], 4);
	assert_string_equal(secbake_blob_string(&blob, h.listener_path), "/run/agent");
	assert_int_equal(secbake_blob_count(&blob, SECBAKE_SECTION_VARIANTS), 3);
	v = secbake_blob_variant(&blob, 1);
	assert_int_equal(v.kernel_from, SECBAKE_KERNEL(4, 8));
	assert_int_equal(v.kernel_to, SECBAKE_KERNEL_ANY);
	l = secbake_blob_layer(&blob, v.layer_first);
	assert_int_equal(l.insn_count, 4);
	assert_memory_equal(secbake_blob_program(&blob, v.layer_first), program, sizeof(program));
	s = secbake_blob_source(&blob, 3);
	assert_int_equal(s.parent, 2);
	assert_string_equal(secbake_blob_string(&blob, s.name), "local.json");
	r = secbake_blob_rule(&blob, 0);
	assert_int_equal(r.line, 7);
	assert_string_equal(secbake_blob_string(&blob, r.pointer), "/syscalls/0");
	assert_int_equal(secbake_blob_note(&blob, 2).variant, 2);
	/* beyond the last: zeros */
	assert_int_equal(secbake_blob_variant(&blob, 3).kernel_to, 0);
	assert_int_equal(secbake_blob_layer(&blob, 1000).insn_count, 0);
	assert_string_equal(secbake_blob_string(&blob, (struct secbake_blob_string){1 << 20, 3}),
			    "");
}

/* Touches all that a loader looks at; a sanitizer watches. */
static size_t read_loaded(const struct secbake_blob *blob)
{
	uint32_t n = secbake_blob_count(blob, SECBAKE_SECTION_LAYERS);
	size_t sum = 0;

	for (uint32_t i = 0; i < n; i++) {
		const uint8_t *insn = secbake_blob_program(blob, i);

		for (uint32_t k = 0; k < secbake_blob_layer(blob, i).insn_count * 8; k++)
			sum += insn[k];
	}
	n = secbake_blob_count(blob, SECBAKE_SECTION_SOURCES);
	for (uint32_t i = 0; i < n; i++)
		sum += strlen(secbake_blob_string(blob, secbake_blob_source(blob, i).name));
	return sum + strlen(secbake_blob_string(blob, secbake_blob_header(blob).listener_path));
}

/* Touches all that a checked blob promises. */
static void read_everything(const struct secbake_blob *blob)
{
	size_t sum = read_loaded(blob);
	uint32_t n = secbake_blob_count(blob, SECBAKE_SECTION_RULES);

	for (uint32_t i = 0; i < n; i++)
		sum += strlen(secbake_blob_string(blob, secbake_blob_rule(blob, i).pointer));
	n = secbake_blob_count(blob, SECBAKE_SECTION_NOTES);
	for (uint32_t i = 0; i < n; i++)
		sum += strlen(secbake_blob_string(blob, secbake_blob_note(blob, i).text));
	assert_true(sum > 0);
}

/* ---- damage ---- */

static void test_every_bit_flipped(void **state)
{
	struct secbake_blob blob = {.flags = 77};

	(void)state;
	for (size_t i = 0; i < size; i++) {
		for (int bit = 0; bit < 8; bit++) {
			uint8_t *at = fresh();

			at[i] ^= (uint8_t)(1 << bit);
			assert_int_not_equal(secbake_blob_open(at, size, &blob, NULL), SECBAKE_OK);
		}
	}
	assert_int_equal(blob.flags, 77);
}

/* A copy of its own for each length: reading behind the end is then a fault. */
static void test_every_truncation(void **state)
{
	struct secbake_blob blob;

	(void)state;
	for (size_t length = 0; length < size; length++) {
		uint8_t *part = malloc(length + 1);

		assert_non_null(part);
		part = realloc(part, length ? length : 1);
		memcpy(part, bytes, length);
		assert_int_not_equal(secbake_blob_open(part, length, &blob, NULL), SECBAKE_OK);
		if (length >= sizeof(struct secbake_blob_header)) {
			put32(part + offsetof(struct secbake_blob_header, total_size),
			      (uint32_t)length);
			sign(part, length);
			assert_int_not_equal(secbake_blob_open(part, length, &blob, NULL),
					     SECBAKE_OK);
		}
		free(part);
	}
}

/* By each length: as it comes, and with a header that says and signs so. */
static void test_something_appended(void **state)
{
	(void)state;
	for (size_t more = 1; more <= 64; more++) {
		uint8_t *at = fresh();
		struct secbake_error e = {0}, signed_e = {0};
		struct secbake_blob blob;

		memset(at + size, 0, more);
		assert_int_equal(secbake_blob_open(at, size + more, &blob, &e), SECBAKE_ERR_INPUT);
		assert_non_null(strstr(e.text, "something was appended"));
		put32(at + offsetof(struct secbake_blob_header, total_size),
		      (uint32_t)(size + more));
		sign(at, size + more);
		assert_int_equal(secbake_blob_open(at, size + more, &blob, &signed_e),
				 SECBAKE_ERR_INPUT);
		assert_non_null(strstr(signed_e.text,
				       more % 8 ? "no multiple of 8" : "behind the last section"));
	}
}

/*
 * Each byte with several values and a right checksum: either refused, or a blob
 * that can be read through. In some places any value is right (a hash, a line
 * number); in the others none but the first is.
 */
static void test_signed_damage(void **state)
{
	static const uint8_t values[] = {0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff};
	struct secbake_blob blob;
	unsigned int refused = 0, tried = 0;

	(void)state;
	for (size_t i = 0; i < size; i++) {
		for (size_t v = 0; v < COUNT(values); v++) {
			uint8_t *exact = malloc(size);

			assert_non_null(exact);
			memcpy(exact, bytes, size);
			exact[i] = values[v];
			sign(exact, size);
			tried += exact[i] != bytes[i];
			if (secbake_blob_open(exact, size, &blob, NULL))
				refused++;
			else
				read_everything(&blob);
			if (!sb_blob_open(exact, size, SB_BLOB_LOAD, &blob, NULL))
				(void)read_loaded(&blob);
			free(exact);
		}
	}
	assert_true(refused > tried / 2);
}

static void test_misaligned(void **state)
{
	struct secbake_blob blob;

	(void)state;
	memmove(copy + 4, bytes, size);
	assert_int_equal(secbake_blob_open(copy + 4, size, &blob, NULL), SECBAKE_ERR_INPUT);
}

/* ---- other kinds of blobs ---- */

static void test_big_endian(void **state)
{
	struct sb_blob_in in = rich();
	struct secbake_blob blob;
	const uint8_t *insn;
	uint8_t *made;
	size_t made_size;

	(void)state;
	in.arch = secbake_arch_find("s390x");
	assert_int_equal(sb_blob_write(&in, &made, &made_size, NULL), SECBAKE_OK);
	assert_int_equal(secbake_blob_open(made, made_size, &blob, NULL), SECBAKE_OK);
	assert_int_equal(secbake_blob_layer(&blob, 0).insn_count, 4);
	insn = secbake_blob_program(&blob, 0);
	assert_memory_equal(insn + 8, ((uint8_t[]){0x00, 0x15, 1, 0, 0, 0, 0, 59}), 8);
	free(made);
}

static void test_unrestricted(void **state)
{
	struct sb_blob_variant_in none = {.kernel_to = SECBAKE_KERNEL_ANY};
	struct sb_blob_in in = rich();
	struct secbake_blob blob;
	uint8_t *made;
	size_t made_size;

	(void)state;
	in.variant = &none;
	in.variant_count = 1;
	assert_int_not_equal(sb_blob_write(&in, &made, &made_size, NULL), SECBAKE_OK);
	in.flags = SECBAKE_BLOB_UNRESTRICTED;
	assert_int_equal(sb_blob_write(&in, &made, &made_size, NULL), SECBAKE_OK);
	assert_int_equal(secbake_blob_open(made, made_size, &blob, NULL), SECBAKE_OK);
	free(made);
	in.variant_count = 0;
	assert_int_not_equal(sb_blob_write(&in, &made, &made_size, NULL), SECBAKE_OK);
}

/* ---- selecting ---- */

static void test_names(void **state)
{
	static const char *const good[] = {"a", "docker", "web@1.service", "-x", "A_Z-0.9"};
	static const char *const bad[] = {"", ".", "..", ".a", "a/b", "a b", "a\n", "\xff", "a*"};
	char name[SECBAKE_NAME_MAX + 2];

	(void)state;
	for (uint32_t i = 0; i < COUNT(good); i++)
		assert_true(secbake_name_valid(good[i]));
	for (uint32_t i = 0; i < COUNT(bad); i++)
		assert_false(secbake_name_valid(bad[i]));
	memset(name, 'n', sizeof(name));
	name[SECBAKE_NAME_MAX + 1] = '\0';
	assert_false(secbake_name_valid(name));
	name[SECBAKE_NAME_MAX] = '\0';
	assert_true(secbake_name_valid(name));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open_and_read),
		cmocka_unit_test(test_every_bit_flipped),
		cmocka_unit_test(test_every_truncation),
		cmocka_unit_test(test_something_appended),
		cmocka_unit_test(test_signed_damage),
		cmocka_unit_test(test_misaligned),
		cmocka_unit_test(test_big_endian),
		cmocka_unit_test(test_unrestricted),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
