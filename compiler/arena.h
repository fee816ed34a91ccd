/* SPDX-License-Identifier: MIT */
/* One arena a compilation: everything that a compile allocates goes at once. */
#ifndef SB_ARENA_H
#define SB_ARENA_H

#include <stdbool.h>
#include <stddef.h>

struct sb_arena;

struct sb_arena *sb_arena_new(void);
void sb_arena_free(struct sb_arena *arena); /* takes NULL */

/* All that was handed out is gone; the memory stays, for what comes. */
void sb_arena_reset(struct sb_arena *arena);

/* Was there ever no memory? Who can do without makes something else then, if as good. */
bool sb_arena_exhausted(const struct sb_arena *arena);

/* Zeroed, aligned for any type; NULL when count * size overflows or memory is out. */
void *sb_alloc(struct sb_arena *arena, size_t count, size_t size);

/*
 * The same with anything in it: for large tables that are written before they are
 * read, and not to the end.
 */
void *sb_alloc_raw(struct sb_arena *arena, size_t count, size_t size);

/* A copy of size bytes with a NUL behind them; NULL when memory is out. */
char *sb_strndup(struct sb_arena *arena, const char *text, size_t size);

/* printf into the arena; NULL when memory is out. */
char *sb_sprintf(struct sb_arena *arena, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * A larger copy of an array: old_count elements are kept, the rest is zeroed.
 * The old one stays in the arena; callers grow by doubling.
 */
void *sb_grow(struct sb_arena *arena, const void *old, size_t old_count, size_t new_count,
	      size_t size);

#endif
