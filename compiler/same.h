/* SPDX-License-Identifier: MIT */
#ifndef SB_SAME_H
#define SB_SAME_H

#include <stdbool.h>

#include "resolved.h"

/*
 * Do two layers say the same, word by word? Places do not count. A difference is
 * mostly found soon; layers that mean the same otherwise written are not the same.
 */
bool sb_same_layer(const struct sb_layer *a, const struct sb_layer *b);

#endif
