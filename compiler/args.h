/* SPDX-License-Identifier: MIT */
/* Argument checks: a decision becomes a graph that starts by loading what it looks at. */
#ifndef SB_ARGS_H
#define SB_ARGS_H

#include "decide.h"
#include "graph.h"

/* NULL once the graph has failed. A constant decision is its RET alone. */
const struct sb_node *sb_decision_graph(struct sb_graph *graph, const struct sb_decision *decision);

#endif
