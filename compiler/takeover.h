/* SPDX-License-Identifier: MIT */
/*
 * Programs out of an earlier blob. A policy whose text changed and whose meaning
 * did not (white space, comments, a file that was touched and saved) has the
 * policy hash that it had, and the programs that were proved for it then.
 */
#ifndef SB_TAKEOVER_H
#define SB_TAKEOVER_H

#include <cache/blob_write.h>

#include "arena.h"

/*
 * May programs be taken from earlier (NULL: no)? Only if this very version of the
 * compiler made it, for the same architecture, from a policy of the same hash.
 */
bool sb_takeover_possible(const struct secbake_blob *earlier, const struct sb_blob_in *in);

/*
 * The program of one layer of variant number index, in host order, in memory of
 * the arena. False where earlier has another variant or layer there, or memory is out:
 * the program is then made anew.
 */
bool sb_takeover_program(struct sb_arena *arena, const struct secbake_blob *earlier, uint32_t index,
			 const struct sb_blob_variant_in *variant, uint32_t layer,
			 uint32_t filter_flags, struct sb_blob_layer_in *out);

#endif
