/* SPDX-License-Identifier: MIT */
/* Emission: the graph laid out as instructions. */
#ifndef SB_EMIT_H
#define SB_EMIT_H

#include <secbake/error.h>

#include "graph.h"
#include "program.h"

/*
 * Lays out what root reaches. Return: SECBAKE_OK; SECBAKE_ERR_LIMIT when it is
 * longer than the kernel takes (BPF_MAXINSNS); SECBAKE_ERR_MEMORY.
 */
enum secbake_status sb_emit(struct sb_graph *graph, const struct sb_node *root,
			    struct sb_program *program, struct secbake_error *error);

#endif
