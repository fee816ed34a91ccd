/* SPDX-License-Identifier: MIT */
/*
 * XXH3-128, piece by piece, of what does not lie in memory in one piece. One copy of
 * the code for everything that the loader hashes: inlined three times, it would
 * be a sixth of the loader. Same result as sb_hash_bytes().
 */
#ifndef SB_HASH_STREAM_H
#define SB_HASH_STREAM_H

#include <stddef.h>

#include <secbake/features.h>

/* Room for XXH3_state_t, whose header only hash_stream.c includes. */
struct sb_hash_stream {
	_Alignas(64) unsigned char state[576];
};

void sb_hash_begin(struct sb_hash_stream *stream);
void sb_hash_add(struct sb_hash_stream *stream, const void *bytes, size_t size);
struct secbake_hash sb_hash_end(const struct sb_hash_stream *stream);

#endif
