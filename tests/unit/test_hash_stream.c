/* SPDX-License-Identifier: MIT */
/* The loader's XXH3-128 gives what the header's does, in whatever pieces the bytes come. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cache/hash.h"
#include "cache/hash_stream.h"

/* Some blocks of 1024 bytes, and what comes after. */
#define SIZE 5000u

static uint8_t bytes[SIZE];

static int fill(void **state)
{
	uint32_t x = 12345;

	(void)state;
	for (size_t i = 0; i < SIZE; i++) {
		x = x * 1664525u + 1013904223u;
		bytes[i] = (uint8_t)(x >> 24);
	}
	return 0;
}

/* Pieces of first bytes and then of more each. */
static void compare(size_t size, size_t first, size_t more)
{
	const struct secbake_hash expected = sb_hash_bytes(bytes, size);
	struct sb_hash_stream stream;
	struct secbake_hash got;

	sb_hash_begin(&stream);
	for (size_t at = 0, piece = first; at < size; at += piece, piece = more) {
		uint8_t *part;

		if (piece > size - at)
			piece = size - at;
		/* Of its own, and anywhere: a sanitizer sees what is read behind it. */
		part = malloc(piece + 1);
		assert_non_null(part);
		memcpy(part + 1, bytes + at, piece);
		sb_hash_add(&stream, part + 1, piece);
		free(part);
	}
	got = sb_hash_end(&stream);
	if (memcmp(&got, &expected, sizeof(got)) != 0)
		fail_msg("%zu bytes, first %zu, then %zu at a time", size, first, more);
	got = sb_hash_end(&stream); /* which does not change it */
	assert_memory_equal(&got, &expected, sizeof(got));
}

static void test_whole(void **state)
{
	(void)state;
	for (size_t size = 0; size <= SIZE; size++)
		compare(size, SIZE, SIZE);
}

static void test_pieces(void **state)
{
	static const size_t pieces[] = {1,   2,	  15,  16,  63,	 64,   65,   127,  128, 191,
					192, 240, 241, 255, 256, 257,  320,  511,  512, 513,
					768, 960, 961, 993, 994, 1023, 1024, 1025, 2048};
	const size_t count = sizeof(pieces) / sizeof(pieces[0]);

	(void)state;
	for (size_t f = 0; f < count; f++)
		for (size_t m = 0; m < count; m++)
			for (size_t size = f % 7; size <= SIZE; size += 61)
				compare(size, pieces[f], pieces[m]);
}

/* Each length up to some blocks, cut in two anywhere. */
static void test_cut(void **state)
{
	(void)state;
	for (size_t size = 1; size <= 1400; size += size < 700 ? 1 : 29)
		for (size_t cut = 0; cut <= size; cut += 1 + cut / 97)
			compare(size, cut, SIZE);
}

static void test_nothing_added(void **state)
{
	const struct secbake_hash expected = sb_hash_bytes(bytes, 300);
	struct sb_hash_stream stream;
	struct secbake_hash got;

	(void)state;
	sb_hash_begin(&stream);
	sb_hash_add(&stream, NULL, 0);
	sb_hash_add(&stream, bytes, 256);
	sb_hash_add(&stream, NULL, 0);
	sb_hash_add(&stream, bytes + 256, 44);
	got = sb_hash_end(&stream);
	assert_memory_equal(&got, &expected, sizeof(got));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_nothing_added),
	};

	return cmocka_run_group_tests_name("hash_stream", tests, fill, NULL);
}
