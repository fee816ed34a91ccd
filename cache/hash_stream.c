/* SPDX-License-Identifier: MIT */
/* See hash_stream.h. */
#include "hash_stream.h"

#include "hash.h"

_Static_assert(sizeof(XXH3_state_t) <= sizeof(struct sb_hash_stream), "state of XXH3");
_Static_assert(_Alignof(XXH3_state_t) <= _Alignof(struct sb_hash_stream), "alignment of XXH3");

static XXH3_state_t *state_of(struct sb_hash_stream *stream)
{
	return (XXH3_state_t *)(void *)stream->state;
}

void sb_hash_begin(struct sb_hash_stream *stream)
{
	XXH3_128bits_reset(state_of(stream));
}

void sb_hash_add(struct sb_hash_stream *stream, const void *bytes, size_t size)
{
	XXH3_128bits_update(state_of(stream), bytes, size);
}

struct secbake_hash sb_hash_end(const struct sb_hash_stream *stream)
{
	return sb_hash_canonical(
		XXH3_128bits_digest((const XXH3_state_t *)(const void *)stream->state));
}
