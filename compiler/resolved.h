/* SPDX-License-Identifier: MIT */
/*
 * The resolved policy: what both dialects become, and what the generator, the
 * prover and the plain evaluator each read by themselves. Nothing here knows
 * JSON, names of calls, or how programs look.
 *
 * Verdict of a call (seccomp_data) under a layer:
 *   the map whose audit_arch is the call's, none: foreign;
 *   in it the entry whose nr is the call's, none: the action of the span that
 *   holds nr;
 *   of the entry the first rule, in order, that has no clauses or one clause
 *   whose conditions all hold; none: the entry's fallback.
 */
#ifndef SB_RESOLVED_H
#define SB_RESOLVED_H

#include <stdbool.h>
#include <stdint.h>

#include <secbake/features.h>

struct sb_interval {
	uint64_t lo, hi; /* both included, lo <= hi */
};

/*
 * (args[arg] & mask) lies in one of the intervals; with negate, in none.
 * No interval: never true (negate: always). A 32-bit comparison has a mask
 * within 0xffffffff. Intervals are sorted, disjoint, and inside the mask's
 * reach only by chance: a value that (x & mask) cannot take never matches.
 */
struct sb_cond {
	uint8_t arg; /* 0..5 */
	bool negate;
	uint64_t mask;
	uint32_t interval_count;
	const struct sb_interval *interval;
};

/* All conditions hold (AND). No condition: always. */
struct sb_clause {
	uint32_t cond_count;
	const struct sb_cond *cond;
};

/* Where a thing stands in the sources. */
struct sb_place {
	uint32_t source; /* index of the source */
	uint32_t line;	 /* from 1, 0: none */
	uint32_t column;
	const char *pointer; /* JSON pointer */
};

struct sb_rule {
	uint32_t action;       /* SECCOMP_RET_* | data, lowered for the target */
	uint32_t clause_count; /* 0: unconditional */
	const struct sb_clause *clause;
	struct sb_place place;
};

struct sb_entry {
	uint32_t nr; /* seccomp_data.nr */
	uint32_t rule_count;
	const uint32_t *rule; /* indices into the layer's rules, in order of precedence */
	uint32_t fallback;    /* action when none matches */
};

/* Why numbers that no entry names get what they get: for explaining, not part of the meaning. */
enum sb_number_kind {
	SB_NUMBER_DEFAULT = 0,
	SB_NUMBER_FOREIGN, /* of an ABI that the policy does not cover */
	SB_NUMBER_ENOSYS,  /* newer than the policy */
};

struct sb_span {
	uint32_t lo, hi; /* both included */
	uint32_t action;
	enum sb_number_kind kind;
};

struct sb_map {
	uint32_t audit_arch;
	uint32_t span_count; /* sorted, gapless from 0 to 0xffffffff */
	const struct sb_span *span;
	uint32_t entry_count; /* sorted by nr, no nr twice */
	const struct sb_entry *entry;
};

struct sb_layer {
	uint32_t filter_flags; /* SECBAKE_FLAG_* */
	uint32_t foreign;      /* action for an audit_arch without a map */
	uint32_t rule_count;
	const struct sb_rule *rule;
	uint32_t map_count; /* the target's own first; no audit_arch twice; one byte order */
	const struct sb_map *map;
};

/* What a compile asked the target about; see secbake_blob_variant. */
struct sb_consulted {
	uint32_t actions, flags;
};

struct sb_resolved {
	bool big_endian; /* of seccomp_data on the target */
	uint32_t layer_count;
	const struct sb_layer *layer; /* loaded first to last */
	struct sb_consulted consulted;
	uint32_t note_count;
	const char *const *note; /* degradations, a sentence each, no two equal */
};

#endif
