/* SPDX-License-Identifier: MIT */
/*
 * Bump allocation from chunks that are freed together, or used again. What is handed
 * out is zeroed then, not with its chunk: pages that nobody writes to cost nothing.
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
	struct chunk *head;  /* the one that small allocations come from */
	struct chunk *spare; /* those that a reset emptied */
	bool exhausted;	     /* there was no memory for one */
};

struct sb_arena *sb_arena_new(void)
{
	return calloc(1, sizeof(struct sb_arena));
}

static void free_chunks(struct chunk *chunk)
{
	for (struct chunk *next; chunk; chunk = next) {
		next = chunk->next;
		free(chunk);
	}
}

void sb_arena_free(struct sb_arena *arena)
{
	if (!arena)
		return;
	free_chunks(arena->head);
	free_chunks(arena->spare);
	free(arena);
}

bool sb_arena_exhausted(const struct sb_arena *arena)
{
	return arena->exhausted;
}

void sb_arena_reset(struct sb_arena *arena)
{
	struct chunk **end = &arena->head;

	for (; *end; end = &(*end)->next)
		(*end)->used = 0;
	*end = arena->spare;
	arena->spare = arena->head;
	arena->head = NULL;
}

/* Out of the spare ones the first that is large enough. */
static struct chunk *chunk_again(struct sb_arena *arena, size_t size)
{
	for (struct chunk **at = &arena->spare; *at; at = &(*at)->next) {
		struct chunk *chunk = *at;

		if (chunk->size < size)
			continue;
		*at = chunk->next;
		return chunk;
	}
	return NULL;
}

static struct chunk *chunk_new(struct sb_arena *arena, size_t size)
{
	struct chunk *chunk = chunk_again(arena, size);
	size_t total;

	if (chunk)
		return chunk;
	if (__builtin_add_overflow(size, sizeof(*chunk), &total))
		return NULL;
	chunk = malloc(total);
	arena->exhausted |= !chunk;
	if (chunk)
		*chunk = (struct chunk){.size = size};
	return chunk;
}

/* A chunk with room for that many bytes. */
static struct chunk *find_room(struct sb_arena *arena, size_t bytes)
{
	struct chunk *chunk = arena->head;

	if (chunk && bytes <= chunk->size - chunk->used)
		return chunk;
	chunk = chunk_new(arena, bytes > CHUNK_SIZE / 4 ? bytes : CHUNK_SIZE);
	if (!chunk)
		return NULL;
	if (arena->head && bytes > CHUNK_SIZE / 4) { /* the room left in the head stays in use */
		chunk->next = arena->head->next;
		arena->head->next = chunk;
	} else {
		chunk->next = arena->head;
		arena->head = chunk;
	}
	return chunk;
}

/* Of count * size bytes; 0: too many. */
static size_t room_for(size_t count, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes) ||
	    __builtin_add_overflow(bytes, ALIGN - 1, &bytes))
		return 0;
	bytes &= ~(ALIGN - 1);
	return bytes ? bytes : ALIGN; /* empty arrays have an address too */
}

void *sb_alloc_raw(struct sb_arena *arena, size_t count, size_t size)
{
	size_t bytes = room_for(count, size);
	struct chunk *chunk = bytes ? find_room(arena, bytes) : NULL;

	if (!chunk)
		return NULL;
	chunk->used += bytes;
	return chunk->bytes + (chunk->used - bytes);
}

void *sb_alloc(struct sb_arena *arena, size_t count, size_t size)
{
	void *made = sb_alloc_raw(arena, count, size);

	return made ? memset(made, 0, count * size) : NULL;
}

char *sb_strndup(struct sb_arena *arena, const char *text, size_t size)
{
	char *copy;

	if (size == (size_t)-1)
		return NULL;
	copy = sb_alloc_raw(arena, size + 1, 1);
	if (!copy)
		return NULL;
	if (size)
		memcpy(copy, text, size);
	copy[size] = 0;
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
	unsigned char *larger;

	if (new_count < old_count)
		return NULL;
	larger = sb_alloc_raw(arena, new_count, size);
	if (!larger)
		return NULL;
	if (old_count)
		memcpy(larger, old, old_count * size);
	memset(larger + old_count * size, 0, (new_count - old_count) * size);
	return larger;
}
