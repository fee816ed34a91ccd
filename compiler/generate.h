/* SPDX-License-Identifier: MIT */
/* From a resolved layer to a proved program. */
#ifndef SB_GENERATE_H
#define SB_GENERATE_H

#include "arena.h"
#include "passes.h"
#include "program.h"
#include "resolved.h"

/*
 * Generates the program of one layer, into arena, and proves it. scratch is for what
 * that takes: emptied first, and of no use afterwards but for the next. Return: SECBAKE_OK: proved;
 * SECBAKE_ERR_LIMIT: no kernel takes so long a program; SECBAKE_ERR_UNKNOWN: the
 * proof ended at its limits; SECBAKE_ERR_INTERNAL: the proof failed;
 * SECBAKE_ERR_MEMORY.
 */
enum secbake_status sb_generate(struct sb_arena *arena, struct sb_arena *scratch,
				const struct sb_layer *layer, const struct sb_tuning *tuning,
				bool big_endian, struct sb_program *program,
				struct secbake_error *error);

#endif
