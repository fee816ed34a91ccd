/* SPDX-License-Identifier: MIT */
/*
 * The plain evaluator: what a resolved layer says to a call, read word by word
 * from the comment in compiler/resolved.h. It shares no code with the generator,
 * the prover or explain, and is slow on purpose: every table is searched from
 * its start, so that nothing depends on an order being kept.
 */
#ifndef TEST_EVALUATE_H
#define TEST_EVALUATE_H

#include <linux/seccomp.h>
#include <stdint.h>

#include <compiler/resolved.h>

/* SECCOMP_RET_* with data. Ends the test where the layer has no answer (a gap in its spans). */
uint32_t test_evaluate(const struct sb_layer *layer, const struct seccomp_data *data);

#endif
