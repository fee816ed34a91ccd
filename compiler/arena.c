/* SPDX-License-Identifier: MIT */
/*
 * Bump allocation from chunks that are freed together. Chunks come zeroed from
 * calloc and are never used twice, so what is handed out is zero without a memset.
 */
#include "arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALIGN alignof(max_align_t)
#define CHUNK_SIZE ((size_t)64 << 10)

struct chunk {
	struct chunk *next;
	size_t used, size;
	alignas(max_align_t) unsigned char bytes[];
};

struct sb_arena {
	struct chunk *head; /* the one that small allocations come from */
};

struct sb_arena *sb_arena_new(void)
{
	return calloc(1, sizeof(struct sb_arena));
}

void sb_arena_free(struct sb_arena *arena)
{
	if (!arena)
		return;
	for (struct chunk *chunk = arena->head, *next; chunk; chunk = next) {
		next = chunk->next;
		free(chunk);
	}
	free(arena);
}

static struct chunk *chunk_new(size_t size)
{
	struct chunk *chunk;
	size_t total;

	if (__builtin_add_overflow(size, sizeof(*chunk), &total))
		return NULL;
	chunk = calloc(1, total);
	if (chunk)
		chunk->size = size;
	return chunk;
}

void *sb_alloc(struct sb_arena *arena, size_t count, size_t size)
{
	struct chunk *chunk = arena->head;
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes) ||
	    __builtin_add_overflow(bytes, ALIGN - 1, &bytes))
		return NULL;
	bytes &= ~(ALIGN - 1);
	if (!bytes)
		bytes = ALIGN; /* empty arrays have an address too */
	if (chunk && bytes <= chunk->size - chunk->used) {
		chunk->used += bytes;
		return chunk->bytes + (chunk->used - bytes);
	}
	chunk = chunk_new(bytes > CHUNK_SIZE / 4 ? bytes : CHUNK_SIZE);
	if (!chunk)
		return NULL;
	chunk->used = bytes;
	if (arena->head && bytes > CHUNK_SIZE / 4) { /* the room left in the head stays in use */
		chunk->next = arena->head->next;
		arena->head->next = chunk;
	} else {
		chunk->next = arena->head;
		arena->head = chunk;
	}
	return chunk->bytes;
}

char *sb_strndup(struct sb_arena *arena, const char *text, size_t size)
{
	char *copy;

	if (size == (size_t)-1)
		return NULL;
	copy = sb_alloc(arena, size + 1, 1);
	if (copy && size)
		memcpy(copy, text, size);
	return copy;
}

char *sb_sprintf(struct sb_arena *arena, const char *format, ...)
{
	char *text = NULL;
	va_list args;
	int size;

	va_start(args, format);
	size = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (size < 0)
		return NULL;
	text = sb_alloc(arena, (size_t)size + 1, 1);
	if (!text)
		return NULL;
	va_start(args, format);
	vsnprintf(text, (size_t)size + 1, format, args);
	va_end(args);
	return text;
}

void *sb_grow(struct sb_arena *arena, const void *old, size_t old_count, size_t new_count,
	      size_t size)
{
	void *larger;

	if (new_count < old_count)
		return NULL;
	larger = sb_alloc(arena, new_count, size);
	if (larger && old_count)
		memcpy(larger, old, old_count * size);
	return larger;
}
