/* SPDX-License-Identifier: MIT */
/*
 * Hashing a resolved policy. Each field goes in as tag, length, bytes, each
 * list with its count first, all numbers little-endian: two policies that
 * differ anywhere cannot give the same input.
 */
#include "digest.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include <cache/hash.h>

enum tag {
	TAG_RESOLVED = 0x100,
	TAG_LAYER,
	TAG_RULE,
	TAG_CLAUSE,
	TAG_COND,
	TAG_INTERVAL,
	TAG_MAP,
	TAG_SPAN,
	TAG_ENTRY,
	TAG_ENTRY_RULE,
};

/* Policies are thousands of small numbers: they are hashed a bufferful at a time. */
#define BUFFER 1536u

struct sb_digest {
	XXH3_state_t state;
	uint32_t used;
	unsigned char buffer[BUFFER];
};

struct sb_digest *sb_digest_new(void)
{
	struct sb_digest *digest = NULL;

	/* The state wants 64-byte alignment, which malloc does not promise. */
	if (posix_memalign((void **)&digest, 64, sizeof(*digest)))
		return NULL;
	XXH3_128bits_reset(&digest->state);
	digest->used = 0;
	return digest;
}

void sb_digest_free(struct sb_digest *digest)
{
	free(digest);
}

static void put(struct sb_digest *digest, const void *bytes, uint64_t size)
{
	if (size > BUFFER - digest->used) {
		XXH3_128bits_update(&digest->state, digest->buffer, digest->used);
		digest->used = 0;
	}
	if (size > BUFFER) {
		XXH3_128bits_update(&digest->state, bytes, size);
		return;
	}
	if (size)
		memcpy(digest->buffer + digest->used, bytes, size);
	digest->used += (uint32_t)size;
}

void sb_digest_bytes(struct sb_digest *digest, uint32_t tag, const void *bytes, uint64_t size)
{
	struct {
		uint64_t tag, size;
	} frame = {htole64(tag), htole64(size)};

	put(digest, &frame, sizeof(frame));
	put(digest, bytes, size);
}

void sb_digest_number(struct sb_digest *digest, uint32_t tag, uint64_t value)
{
	const uint64_t framed[] = {htole64(tag), htole64(sizeof(value)), htole64(value)};

	put(digest, framed, sizeof(framed));
}

static void digest_cond(struct sb_digest *d, const struct sb_cond *cond)
{
	sb_digest_number(d, TAG_COND, cond->arg);
	sb_digest_number(d, TAG_COND, cond->negate);
	sb_digest_number(d, TAG_COND, cond->mask);
	sb_digest_number(d, TAG_COND, cond->interval_count);
	for (uint32_t i = 0; i < cond->interval_count; i++) {
		sb_digest_number(d, TAG_INTERVAL, cond->interval[i].lo);
		sb_digest_number(d, TAG_INTERVAL, cond->interval[i].hi);
	}
}

static void digest_rule(struct sb_digest *d, const struct sb_rule *rule)
{
	sb_digest_number(d, TAG_RULE, rule->action);
	sb_digest_number(d, TAG_RULE, rule->clause_count);
	for (uint32_t i = 0; i < rule->clause_count; i++) {
		sb_digest_number(d, TAG_CLAUSE, rule->clause[i].cond_count);
		for (uint32_t j = 0; j < rule->clause[i].cond_count; j++)
			digest_cond(d, &rule->clause[i].cond[j]);
	}
}

static void digest_map(struct sb_digest *d, const struct sb_map *map)
{
	sb_digest_number(d, TAG_MAP, map->audit_arch);
	sb_digest_number(d, TAG_MAP, map->span_count);
	for (uint32_t i = 0; i < map->span_count; i++) {
		sb_digest_number(d, TAG_SPAN, map->span[i].lo);
		sb_digest_number(d, TAG_SPAN, map->span[i].hi);
		sb_digest_number(d, TAG_SPAN, map->span[i].action);
	}
	sb_digest_number(d, TAG_MAP, map->entry_count);
	for (uint32_t i = 0; i < map->entry_count; i++) {
		const struct sb_entry *entry = &map->entry[i];

		sb_digest_number(d, TAG_ENTRY, entry->nr);
		sb_digest_number(d, TAG_ENTRY, entry->fallback);
		sb_digest_number(d, TAG_ENTRY, entry->rule_count);
		for (uint32_t j = 0; j < entry->rule_count; j++)
			sb_digest_number(d, TAG_ENTRY_RULE, entry->rule[j]);
	}
}

void sb_digest_resolved(struct sb_digest *d, const struct sb_resolved *resolved)
{
	sb_digest_number(d, TAG_RESOLVED, resolved->big_endian);
	sb_digest_number(d, TAG_RESOLVED, resolved->consulted.actions);
	sb_digest_number(d, TAG_RESOLVED, resolved->consulted.flags);
	sb_digest_number(d, TAG_RESOLVED, resolved->layer_count);
	for (uint32_t i = 0; i < resolved->layer_count; i++) {
		const struct sb_layer *layer = &resolved->layer[i];

		sb_digest_number(d, TAG_LAYER, layer->filter_flags);
		sb_digest_number(d, TAG_LAYER, layer->foreign);
		sb_digest_number(d, TAG_LAYER, layer->rule_count);
		for (uint32_t j = 0; j < layer->rule_count; j++)
			digest_rule(d, &layer->rule[j]);
		sb_digest_number(d, TAG_LAYER, layer->map_count);
		for (uint32_t j = 0; j < layer->map_count; j++)
			digest_map(d, &layer->map[j]);
	}
}

struct secbake_hash sb_digest_end(const struct sb_digest *digest)
{
	XXH3_state_t state = digest->state;

	XXH3_128bits_update(&state, digest->buffer, digest->used);
	return sb_hash_canonical(XXH3_128bits_digest(&state));
}
