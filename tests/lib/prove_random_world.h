/* SPDX-License-Identifier: MIT */
/*
 * Random layers, random calls near what they name, and a lookup of their verdicts that is
 * this file's own reading of compiler/resolved.h. SECBAKE_SEED repeats a run.
 */
#ifndef TEST_PROVE_RANDOM_WORLD_H
#define TEST_PROVE_RANDOM_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "compiler/prove.h"
#include "compiler/prove_internal.h"
#include "sanitized.h"
#include "support.h"

#define COUNT(array) ((uint32_t)(sizeof(array) / sizeof((array)[0])))
#define S(code, k) ((struct sock_filter)BPF_STMT((code), (k)))
#define J(code, k, jt, jf) ((struct sock_filter)BPF_JUMP((code), (k), (jt), (jf)))

/* How many are tried of n that are without sanitizers, which take a tenth of the speed. */
#ifdef SANITIZED
#define TRIED(n) ((n) / 8)
#else
#define TRIED(n) (n)
#endif

extern const struct sb_prove_limits limits;

uint64_t next_random(uint64_t *state);
uint32_t below(uint64_t *random, uint32_t end);
uint32_t random_word(uint64_t *random);
uint64_t random_value(uint64_t *random);

enum { MAPS = 3, RULES = 8, ENTRIES = 6, SPANS = 5, CLAUSES = 2, CONDS = 2, INTERVALS = 4 };

/* A layer and all that it points to. */
struct sample {
	struct sb_layer layer;
	struct sb_map map[MAPS];
	struct sb_span span[MAPS][SPANS];
	struct sb_entry entry[MAPS][ENTRIES];
	uint32_t entry_rule[MAPS][ENTRIES][RULES];
	struct sb_rule rule[RULES];
	struct sb_clause clause[RULES][CLAUSES];
	struct sb_cond cond[RULES][CLAUSES][CONDS];
	struct sb_interval interval[RULES][CLAUSES][CONDS][INTERVALS];
};

void random_layer(uint64_t *random, struct sample *s);

/* A call near what the layer names: its numbers, its intervals' ends and what lies beside. */
struct seccomp_data random_call(uint64_t *random, const struct sample *s);
uint32_t expected(const struct sample *s, const struct seccomp_data *data);

#endif
