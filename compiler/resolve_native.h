/* SPDX-License-Identifier: MIT */
/*
 * Resolving the native language, inside. Binding comes first, once a policy: names
 * become numbers and arguments conditions, an architecture at a time; whatever
 * is wrong with the policy is reported by then. resolve_native.c makes of that
 * what one mode and one interval of kernel versions need.
 */
#ifndef SB_RESOLVE_NATIVE_H
#define SB_RESOLVE_NATIVE_H

#include "read_native.h"
#include "resolve.h"

/* A call that the policy names, by name or by number. */
struct sb_native_call {
	const char *name;    /* NULL: by number */
	const char **called; /* on each architecture, for its arguments; NULL: not known */
	uint32_t *nr;	     /* on each architecture, or SB_NONE */
	uint32_t number, mark;
	bool somewhere; /* on some architecture of the policy */
};

struct sb_native_calls; /* resolve_native_calls.c */

/* A rule as it binds to some of its calls: where arguments are typed alike. */
struct sb_bound_rule {
	uint32_t rule;	       /* index into the layer's */
	uint32_t action;       /* raw */
	uint32_t arch;	       /* index: whose error numbers a substitute has */
	bool never;	       /* its conditions cannot hold: it names the call, no more */
	uint32_t clause_count; /* 0: always */
	const struct sb_clause *clause;
};

struct sb_bound_claim {
	uint32_t nr;
	uint32_t bound; /* index into sb_bound_layer.bound, which follows document order */
};

/* When a rule is in force, as far as the kernel's version decides; the rest is decided. */
struct sb_bound_force {
	uint32_t from, to; /* SECBAKE_KERNEL(); from <= version < to */
	struct sb_place place;
};

struct sb_bound_layer {
	const struct sb_native_layer *native;
	struct sb_bound_force *force; /* of each rule */
	struct sb_bound_rule *bound;
	uint32_t bound_count, bound_room;
	struct sb_bound_claim *claim[SB_ARCHES_MAX]; /* sorted */
	uint32_t claim_count[SB_ARCHES_MAX];
};

struct sb_bound {
	const struct sb_native *native;
	const struct secbake_arch *target;
	const struct secbake_arch *arch[SB_ARCHES_MAX]; /* the target's own first, if listed */
	uint32_t arch_count;
	uint32_t layer_count;
	struct sb_bound_layer *layer;
};

/* State of binding. */
struct sb_binder {
	struct sb_arena *arena;
	const struct sb_native *native;
	const struct sb_options *options;
	struct sb_bound *bound;
	struct sb_native_calls *calls;
	uint64_t claims;  /* so far, of all layers */
	bool by_arch;	  /* a substitute's error number may differ by architecture */
	struct sb_dd *dd; /* NULL until sb_native_ask() needs it */
};

/* resolve_native_bind.c; errors are counted in native->faults. */
void sb_bind_native(struct sb_arena *arena, struct sb_native *native,
		    const struct sb_options *options, const struct sb_bound **bound);
uint32_t sb_native_raw(const struct sb_native_action *action, const struct secbake_arch *arch);
/*
 * The calls for which one of some clauses holds, as a diagram in b->dd (prove_internal.h);
 * SB_DD_NONE: too involved, or out of memory, of which sb_bind_native() tells.
 */
uint32_t sb_native_ask(struct sb_binder *b, const struct sb_clause *clause, uint32_t count);
bool sb_native_place(const struct sb_native_spot *spot, struct sb_place *place);

/* resolve_native_calls.c */
struct sb_native_calls *sb_native_calls_new(struct sb_binder *b);
/* The calls that a rule names: their indices, none twice, until the next rule's are asked for. */
bool sb_native_rule_calls(struct sb_binder *b, const struct sb_native_rule *rule, bool in_force,
			  const uint32_t **call, uint32_t *count);
const struct sb_native_call *sb_native_call_at(const struct sb_binder *b, uint32_t index);
/* Checks what no rule uses, too. */
void sb_native_check_groups(struct sb_binder *b);

/* resolve_native_args.c: conditions of one rule on one call. */
struct sb_native_type {
	uint8_t index; /* of the argument */
	uint8_t width; /* of the type, 32 or 64 */
	uint8_t is_signed;
	uint8_t bits; /* of the register: 32 on 32-bit ABIs */
};
struct sb_native_args; /* state of one rule */
struct sb_native_args *sb_native_args_new(struct sb_binder *b, const struct sb_native_rule *rule);
/* One type for each matcher of the rule; false after an error. */
bool sb_native_types(struct sb_native_args *args, uint32_t arch, const struct sb_native_call *call,
		     struct sb_native_type *type);
uint32_t sb_native_matcher_count(const struct sb_native_args *args);
bool sb_native_clauses(struct sb_native_args *args, uint32_t arch,
		       const struct sb_native_type *type, struct sb_bound_rule *bound);
/* Comparisons that were never true wherever they were tried: warnings. */
void sb_native_warn_never(struct sb_native_args *args);

/* resolve_native_values.c: the values of a masked argument that one comparison takes. */
struct sb_native_words {
	uint64_t mask;
	uint32_t count; /* sorted, disjoint, no two touch; within the mask's reach as a number */
	struct sb_interval *interval;
};
bool sb_native_words(const struct sb_reader *reader, const struct sb_native_test *test,
		     const struct sb_native_type *type, const struct secbake_arch *arch,
		     const char *argument, struct sb_native_words *words);
bool sb_native_words_both(struct sb_arena *arena, struct sb_native_words *a,
			  const struct sb_native_words *b);

/* resolve_native_shadow.c: rules that decide no call, or as the default does anyway. */
void sb_native_warn_rules(struct sb_binder *b, struct sb_bound_layer *layer);

#endif
