/* SPDX-License-Identifier: MIT */
/* What the probing and the text of features share. */
#ifndef SB_FEATURES_TEXT_H
#define SB_FEATURES_TEXT_H

#include <stdint.h>

/* A decimal number of at most 65535 without a leading zero; NULL, or what follows it. */
const char *sb_parse_u16(const char *text, uint32_t *value);

#endif
