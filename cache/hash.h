/* SPDX-License-Identifier: MIT */
/* XXH3-128 as secbake uses it. Inlined, so that the loader needs no library. */
#ifndef SB_HASH_H
#define SB_HASH_H

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <string.h>

#include <secbake/features.h>

static inline struct secbake_hash sb_hash_canonical(XXH128_hash_t hash)
{
	struct secbake_hash out;
	XXH128_canonical_t canonical;

	XXH128_canonicalFromHash(&canonical, hash);
	memcpy(out.bytes, canonical.digest, sizeof(out.bytes));
	return out;
}

static inline struct secbake_hash sb_hash_bytes(const void *bytes, size_t size)
{
	return sb_hash_canonical(XXH3_128bits(bytes, size));
}

#endif
