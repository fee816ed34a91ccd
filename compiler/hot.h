/* SPDX-License-Identifier: MIT */
/* Which calls count by themselves when programs are made. */
#ifndef SB_HOT_H
#define SB_HOT_H

#include "passes.h"
#include "read.h"

#define SB_HOT_MAX 32u

/*
 * The policy's "hot" calls or else the default ones, as numbers of the layer's
 * architectures, into tuning. False: out of memory.
 */
bool sb_hot_calls(struct sb_arena *arena, const struct sb_document *document,
		  const struct sb_layer *layer, struct sb_tuning *tuning);

#endif
