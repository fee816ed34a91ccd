/* SPDX-License-Identifier: MIT */
/*
 * XXH3-128, piece by piece, of what does not lie in memory in one piece. One copy of
 * the code for everything that the loader hashes: inlined three times, it would
 * be a sixth of the loader. Same result as sb_hash_bytes().
 *
 * Not the header's own streaming, which is either slow (compiled for size, a call for each
 * eight bytes) or 7 KB long, and whose state is twice as large: hashing is half of what a start
 * computes.
 */
#ifndef SB_HASH_STREAM_H
#define SB_HASH_STREAM_H

#include <stddef.h>
#include <stdint.h>

#include <secbake/features.h>

#define SB_HASH_BUFFER 256u

struct sb_hash_stream {
	_Alignas(16) uint64_t acc[8];
	uint32_t stripe;   /* how many of this block were accumulated */
	uint32_t buffered; /* bytes */
	uint64_t total;	   /* bytes */
	uint8_t buffer[SB_HASH_BUFFER];
};

void sb_hash_begin(struct sb_hash_stream *stream);
void sb_hash_add(struct sb_hash_stream *stream, const void *bytes, size_t size);
struct secbake_hash sb_hash_end(const struct sb_hash_stream *stream);

#endif
