/* SPDX-License-Identifier: MIT */
/*
 * A set of keys of one size, numbered in order of arrival: the prover's words,
 * register states and program points, so that each is looked at once.
 */
#include "prove_internal.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_CAPACITY 256u

void sb_intern_init(struct sb_intern *intern, size_t key_size, uint32_t limit)
{
	*intern = (struct sb_intern){.key_size = key_size, .limit = limit};
}

void sb_intern_free(struct sb_intern *intern)
{
	free(intern->keys);
	free(intern->slot);
	*intern = (struct sb_intern){.count = 0};
}

const void *sb_intern_key(const struct sb_intern *intern, uint32_t index)
{
	return intern->keys + (size_t)index * intern->key_size;
}

static uint32_t hash(const void *key, size_t size)
{
	uint64_t x = 0x9e3779b97f4a7c15u;

	for (size_t i = 0; i < size; i += sizeof(uint32_t)) {
		uint32_t part;

		memcpy(&part, (const uint8_t *)key + i, sizeof(part));
		x = (x ^ part) * 0xbf58476d1ce4e5b9u;
		x ^= x >> 29;
	}
	return (uint32_t)(x >> 32);
}

/* The place of a key, or the free one where it belongs. */
static uint32_t *find_slot(const struct sb_intern *intern, const void *key)
{
	uint32_t mask = intern->capacity * 2 - 1;
	uint32_t i = hash(key, intern->key_size) & mask;

	while (intern->slot[i] != 0 &&
	       memcmp(sb_intern_key(intern, intern->slot[i] - 1), key, intern->key_size) != 0)
		i = (i + 1) & mask;
	return &intern->slot[i];
}

static bool grow(struct sb_intern *intern)
{
	uint32_t capacity = intern->capacity != 0 ? intern->capacity * 2 : FIRST_CAPACITY;
	uint32_t *slot;
	uint8_t *keys;

	keys = reallocarray(intern->keys, capacity, intern->key_size);
	if (keys == NULL)
		return false;
	intern->keys = keys;
	slot = calloc((size_t)capacity * 2, sizeof(*slot));
	if (slot == NULL)
		return false;
	free(intern->slot);
	intern->slot = slot;
	intern->capacity = capacity;
	for (uint32_t i = 0; i < intern->count; i++)
		*find_slot(intern, sb_intern_key(intern, i)) = i + 1;
	return true;
}

enum secbake_status sb_intern_get(struct sb_intern *intern, const void *key, uint32_t *index)
{
	uint32_t *slot;

	if (intern->count == intern->capacity && !grow(intern))
		return SECBAKE_ERR_MEMORY;
	slot = find_slot(intern, key);
	if (*slot == 0) {
		if (intern->count >= intern->limit)
			return SECBAKE_ERR_UNKNOWN;
		memcpy(intern->keys + (size_t)intern->count * intern->key_size, key,
		       intern->key_size);
		*slot = ++intern->count;
	}
	*index = *slot - 1;
	return SECBAKE_OK;
}
