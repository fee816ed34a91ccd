/* SPDX-License-Identifier: MIT */
/*
 * See hash_stream.h. Written from the specification (xxHash, doc/xxhash_spec.md, "XXH3
 * algorithm description"): inputs of up to 240 bytes are the header's matter; longer
 * ones are accumulated in stripes of 64 bytes, with the secret moved on by 8 bytes for each and
 * the accumulators scrambled after 16; the last 64 bytes are a stripe of their own.
 */
#include "hash_stream.h"

#include "hash.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define STRIPE 64u
#define BLOCK 16u /* stripes */
#define SHORT_MAX 240u
#define SECRET_SCRAMBLE 128u /* the secret's last 64 bytes */
#define SECRET_LAST 121u     /* 7 bytes before */
#define SECRET_LOW 11u
#define SECRET_HIGH 117u
#define PRIME32_1 0x9e3779b1u
#define PRIME32_2 0x85ebca77u
#define PRIME32_3 0xc2b2ae3du
#define PRIME64_1 0x9e3779b185ebca87u
#define PRIME64_2 0xc2b2ae3d27d4eb4fu
#define PRIME64_3 0x165667b19e3779f9u
#define PRIME64_4 0x85ebca77c2b2ae63u
#define PRIME64_5 0x27d4eb2f165667c5u

_Static_assert(sizeof(XXH3_kSecret) == SECRET_SCRAMBLE + STRIPE, "default secret");

#ifdef __SSE2__
static inline __m128i lane(__m128i acc, const uint8_t *in, const uint8_t *secret)
{
	const __m128i data = _mm_loadu_si128((const __m128i *)(const void *)in);
	const __m128i key =
		_mm_xor_si128(data, _mm_loadu_si128((const __m128i *)(const void *)secret));
	const __m128i product = _mm_mul_epu32(key, _mm_shuffle_epi32(key, _MM_SHUFFLE(0, 3, 0, 1)));
	const __m128i swapped = _mm_shuffle_epi32(data, _MM_SHUFFLE(1, 0, 3, 2));

	return _mm_add_epi64(acc, _mm_add_epi64(product, swapped));
}

static void accumulate(uint64_t acc[8], const uint8_t *in, const uint8_t *secret, size_t stripes)
{
	__m128i *at = (__m128i *)(void *)acc, a = at[0], b = at[1], c = at[2], d = at[3];

	for (; stripes; stripes--, in += STRIPE, secret += 8) {
		a = lane(a, in, secret);
		b = lane(b, in + 16, secret + 16);
		c = lane(c, in + 32, secret + 32);
		d = lane(d, in + 48, secret + 48);
	}
	at[0] = a;
	at[1] = b;
	at[2] = c;
	at[3] = d;
}
#else
static void accumulate(uint64_t acc[8], const uint8_t *in, const uint8_t *secret, size_t stripes)
{
	for (; stripes; stripes--, in += STRIPE, secret += 8) {
		for (unsigned int i = 0; i < 8; i++) {
			const uint64_t data = XXH_readLE64(in + 8 * i);
			const uint64_t key = data ^ XXH_readLE64(secret + 8 * i);

			acc[i ^ 1] += data;
			acc[i] += (key & 0xffffffffu) * (key >> 32);
		}
	}
}
#endif

static void consume(uint64_t acc[8], uint32_t *stripe, const uint8_t *in, size_t stripes)
{
	while (stripes) {
		const size_t left = BLOCK - *stripe, now = stripes < left ? stripes : left;

		accumulate(acc, in, XXH3_kSecret + 8 * (size_t)*stripe, now);
		in += now * STRIPE;
		stripes -= now;
		*stripe += (uint32_t)now;
		if (*stripe < BLOCK)
			continue;
		*stripe = 0;
		for (unsigned int i = 0; i < 8; i++) {
			acc[i] ^= acc[i] >> 47;
			acc[i] ^= XXH_readLE64(XXH3_kSecret + SECRET_SCRAMBLE + 8 * i);
			acc[i] *= PRIME32_1;
		}
	}
}

void sb_hash_begin(struct sb_hash_stream *stream)
{
	static const uint64_t start[8] = {PRIME32_3, PRIME64_1, PRIME64_2, PRIME64_3,
					  PRIME64_4, PRIME32_2, PRIME64_5, PRIME32_1};

	memcpy(stream->acc, start, sizeof(start));
	stream->stripe = stream->buffered = 0;
	stream->total = 0;
}

/*
 * A stripe is consumed only if bytes come after it. So the buffer is never empty once something
 * was consumed; and its end then holds the last bytes that were.
 */
void sb_hash_add(struct sb_hash_stream *stream, const void *bytes, size_t size)
{
	const uint8_t *in = bytes;
	const size_t room = SB_HASH_BUFFER - stream->buffered;
	size_t stripes;

	stream->total += size;
	if (size > room) {
		if (stream->buffered) {
			memcpy(stream->buffer + stream->buffered, in, room);
			consume(stream->acc, &stream->stripe, stream->buffer,
				SB_HASH_BUFFER / STRIPE);
			in += room;
			size -= room;
			stream->buffered = 0;
		}
		stripes = (size - 1) / STRIPE;
		if (stripes) {
			consume(stream->acc, &stream->stripe, in, stripes);
			in += stripes * STRIPE;
			size -= stripes * STRIPE;
			memcpy(stream->buffer + SB_HASH_BUFFER - STRIPE, in - STRIPE, STRIPE);
		}
	}
	if (size)
		memcpy(stream->buffer + stream->buffered, in, size);
	stream->buffered += (uint32_t)size;
}

/* XXH3_128bits() brings with it what the header has for longer ones. */
static XXH128_hash_t hash_short(const uint8_t *bytes, size_t size)
{
	if (size <= 16)
		return XXH3_len_0to16_128b(bytes, size, XXH3_kSecret, 0);
	if (size <= 128)
		return XXH3_len_17to128_128b(bytes, size, XXH3_kSecret, sizeof(XXH3_kSecret), 0);
	return XXH3_len_129to240_128b(bytes, size, XXH3_kSecret, sizeof(XXH3_kSecret), 0);
}

struct secbake_hash sb_hash_end(const struct sb_hash_stream *stream)
{
	const uint64_t total = stream->total;
	const uint32_t buffered = stream->buffered;
	const uint8_t *last;
	_Alignas(16) uint64_t acc[8];
	uint32_t stripe = stream->stripe;
	uint8_t joined[STRIPE];
	XXH128_hash_t hash;

	if (total <= SHORT_MAX)
		return sb_hash_canonical(hash_short(stream->buffer, (size_t)total));
	memcpy(acc, stream->acc, sizeof(acc));
	if (buffered >= STRIPE) {
		consume(acc, &stripe, stream->buffer, (buffered - 1) / STRIPE);
		last = stream->buffer + buffered - STRIPE;
	} else { /* with what was consumed before it */
		memcpy(joined, stream->buffer + SB_HASH_BUFFER - STRIPE + buffered,
		       STRIPE - buffered);
		memcpy(joined + STRIPE - buffered, stream->buffer, buffered);
		last = joined;
	}
	accumulate(acc, last, XXH3_kSecret + SECRET_LAST, 1);
	hash.low64 = XXH3_mergeAccs(acc, XXH3_kSecret + SECRET_LOW, total * PRIME64_1);
	hash.high64 = XXH3_mergeAccs(acc, XXH3_kSecret + SECRET_HIGH, ~(total * PRIME64_2));
	return sb_hash_canonical(hash);
}
