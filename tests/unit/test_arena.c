/* SPDX-License-Identifier: MIT */
/* The arena: what is handed out is zero and nobody else's, also after a reset. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include <compiler/arena.h>

#include "../lib/support.h"

#define PARTS 200

struct part {
	unsigned char *bytes;
	size_t size;
};

static bool is_all(const struct part *part, unsigned char value)
{
	for (size_t i = 0; i < part->size; i++)
		if (part->bytes[i] != value)
			return false;
	return true;
}

/* Small and large ones, each filled with a value of its own. */
static void fill_round(struct sb_arena *arena, struct test_random *random)
{
	struct part part[PARTS];

	for (int i = 0; i < PARTS; i++) {
		bool raw = test_random(random) % 4 == 0;

		part[i].size = test_random(random) % (i % 16 ? 500 : 100000);
		part[i].bytes = raw ? sb_alloc_raw(arena, part[i].size, 1)
				    : sb_alloc(arena, part[i].size, 1);
		assert_non_null(part[i].bytes);
		assert_int_equal((uintptr_t)part[i].bytes % _Alignof(max_align_t), 0);
		assert_true(raw || is_all(&part[i], 0));
		if (part[i].size)
			memset(part[i].bytes, i + 1, part[i].size);
	}
	for (int i = 0; i < PARTS; i++)
		assert_true(is_all(&part[i], (unsigned char)(i + 1)));
}

static void zero_and_apart(void **state)
{
	struct test_random random = {.state = 7};
	struct sb_arena *arena = sb_arena_new();

	(void)state;
	for (int round = 0; round < 20; round++) {
		fill_round(arena, &random);
		sb_arena_reset(arena);
	}
	sb_arena_free(arena);
}

/* A round like the one before gets the memory of that. */
static void memory_is_used_again(void **state)
{
	struct sb_arena *arena = sb_arena_new();
	void *small = sb_alloc(arena, 10, 1), *large = sb_alloc(arena, 50000, 1);

	(void)state;
	sb_arena_reset(arena);
	assert_ptr_equal(sb_alloc(arena, 10, 1), small);
	assert_ptr_equal(sb_alloc(arena, 50000, 1), large);
	sb_arena_free(arena);
}

static void grown_and_copied(void **state)
{
	struct sb_arena *arena = sb_arena_new();
	uint32_t *list = sb_alloc(arena, 3, sizeof(*list));

	(void)state;
	memset(sb_alloc(arena, 1000, 1), 0xff, 1000);
	sb_arena_reset(arena);
	list = memcpy(sb_alloc_raw(arena, 3, sizeof(*list)), (uint32_t[]){1, 2, 3}, 12);
	list = sb_grow(arena, list, 3, 100, sizeof(*list));
	assert_true(list[0] == 1 && list[1] == 2 && list[2] == 3);
	for (int i = 3; i < 100; i++)
		assert_int_equal(list[i], 0);
	assert_string_equal(sb_strndup(arena, "abcdef", 3), "abc");
	assert_string_equal(sb_sprintf(arena, "%d-%s", 7, "x"), "7-x");
	sb_arena_free(arena);
}

static void too_large(void **state)
{
	struct sb_arena *arena = sb_arena_new();

	(void)state;
	assert_null(sb_alloc(arena, SIZE_MAX / 2, 3));
	assert_null(sb_alloc(arena, SIZE_MAX, 1));
	assert_null(sb_alloc_raw(arena, SIZE_MAX - 40, 1));
	assert_null(sb_strndup(arena, "", SIZE_MAX));
	assert_non_null(sb_alloc(arena, 0, 8));
	sb_arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(zero_and_apart),
		cmocka_unit_test(memory_is_used_again),
		cmocka_unit_test(grown_and_copied),
		cmocka_unit_test(too_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
