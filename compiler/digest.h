/* SPDX-License-Identifier: MIT */
/* The policy hash: XXH3-128 over the canonical resolved policy, every field framed. */
#ifndef SB_DIGEST_H
#define SB_DIGEST_H

#include <secbake/features.h>

#include "resolved.h"

struct sb_digest;

struct sb_digest *sb_digest_new(void); /* NULL when memory is out */
void sb_digest_free(struct sb_digest *digest);

/* tag says which field follows, so that no two sequences of fields read alike. */
void sb_digest_bytes(struct sb_digest *digest, uint32_t tag, const void *bytes, uint64_t size);
void sb_digest_number(struct sb_digest *digest, uint32_t tag, uint64_t value);

/* Places (lines, pointers) are not part of what a policy means and left out. */
void sb_digest_resolved(struct sb_digest *digest, const struct sb_resolved *resolved);

struct secbake_hash sb_digest_end(const struct sb_digest *digest);

#endif
