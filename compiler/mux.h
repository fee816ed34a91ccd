/* SPDX-License-Identifier: MIT */
/*
 * socketcall(2) and ipc(2), which carry many calls under one number on some
 * architectures.
 */
#ifndef SB_MUX_H
#define SB_MUX_H

#include <stdint.h>

struct sb_mux {
	const char *carrier; /* "socketcall" or "ipc" */
	uint64_t mask;	     /* of argument 0, which tells the call */
};

/* All there are; ends with NULL. */
extern const struct sb_mux *const sb_mux_all[];

/* Is name carried by another call somewhere? call: the value of its argument 0. */
const struct sb_mux *sb_mux_find(const char *name, uint32_t *call);

#endif
