/* SPDX-License-Identifier: MIT */
/* The whole program as a graph: architecture, then number, then arguments. */
#ifndef SB_TREE_H
#define SB_TREE_H

#include "decide.h"
#include "graph.h"

/*
 * The program's first node, or NULL once the graph has failed. Nothing but
 * arch and nr is loaded before the number is resolved, so that the kernel's
 * emulator can see each constant ALLOW (seccomp_is_const_allow).
 */
const struct sb_node *sb_tree(struct sb_graph *graph, const struct sb_decided *decided);

#endif
