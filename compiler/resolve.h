/* SPDX-License-Identifier: MIT */
/*
 * Resolving, inside: what the files resolve_*.c share. resolve_oci.c leads.
 * "Raw" actions are the policy's; what goes into the layer is lowered first.
 */
#ifndef SB_RESOLVE_H
#define SB_RESOLVE_H

#include "mux.h"
#include "read_oci.h"
#include "report.h"

/*
 * resolve_lower.c: what the target lacks, and what was asked of it. What stands
 * in for an action or a flag: SB_INSTEAD_USUAL is ALLOW for LOG, KILL_THREAD for
 * KILL_PROCESS, and to leave the flags LOG and SPEC_ALLOW out; all else fails.
 */
enum sb_instead_kind { SB_INSTEAD_USUAL = 0, SB_INSTEAD_TAKE, SB_INSTEAD_FAIL };
enum { SB_INSTEAD_LOG, SB_INSTEAD_KILL_PROCESS, SB_INSTEAD_NOTIFY, SB_INSTEAD_ACTIONS };
struct sb_instead_action {
	enum sb_instead_kind kind;
	uint32_t raw; /* to take */
};
struct sb_instead {
	struct sb_instead_action action[SB_INSTEAD_ACTIONS];
	enum sb_instead_kind flag[32]; /* by bit; taken: the flag is left out */
};

struct sb_lowering {
	struct sb_arena *arena;
	struct sb_report report;
	const struct secbake_features *target;
	enum secbake_mode mode;
	struct sb_instead instead;
	struct sb_consulted consulted;
	const char **note;
	uint32_t note_count;
};

/* Adds a note, which must stay, unless it is there. False: out of memory. */
bool sb_lower_note(struct sb_lowering *lowering, const char *text);

/* place is of what asks for the action. SECBAKE_ERR_TARGET: nothing can stand in. */
enum secbake_status sb_lower_action(struct sb_lowering *lowering, uint32_t raw,
				    const struct sb_place *place, uint32_t *lowered);

/* given: SECBAKE_FLAG_* that the policy lists; or listed is false and it has none. */
enum secbake_status sb_lower_flags(struct sb_lowering *lowering, bool listed, uint32_t given,
				   bool notifies, const struct sb_place *place, uint32_t *flags);

/*
 * resolve_spans.c: the numbers of one AUDIT_ARCH that no rule names, and runc's
 * stub, which comes before all rules.
 */
struct sb_numbers {
	bool x86_64;	      /* the audit_arch that x86_64 and x32 share */
	bool s390;	      /* s390 or s390x */
	bool has_64, has_x32; /* which of the two the policy covers */
	bool stub;
	uint32_t last;	   /* largest number that the policy names, 0: none; of x86_64 there */
	uint32_t last_x32; /* the same with bit 30 */
};
enum sb_number_kind sb_number_kind(const struct sb_numbers *numbers, uint32_t nr);
/* True when runc's stub answers nr, whatever the rules say. */
bool sb_number_stubbed(const struct sb_numbers *numbers, uint32_t nr);
/* Spans with an action for each kind; NULL: out of memory. */
struct sb_span *sb_number_spans(struct sb_arena *arena, const struct sb_numbers *numbers,
				const uint32_t action[3], uint32_t *count);

/* resolve_overlap.c: can a call match both? */
bool sb_clauses_overlap(const struct sb_clause *a, const struct sb_clause *b);

#define SB_ARCHES_MAX 64
#define SB_NONE UINT32_MAX

enum sb_force {
	SB_OFF = 0,   /* includes or excludes leave it out */
	SB_REDUNDANT, /* in force, but it says what the default says */
	SB_ON,
};

/* The rules that decide for one name, indices into the policy's, in order of precedence. */
struct sb_list {
	uint32_t *rule;
	uint32_t count;
	bool unconditional; /* one rule that decides alone */
};

struct sb_resolver {
	struct sb_arena *arena;
	struct sb_arena *scratch; /* for what is not part of the result */
	const struct sb_oci *oci;
	const struct sb_resolve_options *options;
	struct sb_lowering lowering;
	const struct secbake_arch *arch[SB_ARCHES_MAX]; /* the target's own first */
	uint32_t arch_count;
	uint32_t *action;     /* of each rule, raw */
	uint8_t *in_force;    /* of each rule: enum sb_force */
	uint8_t *warned;      /* of each rule */
	bool *used;	      /* of each name: some rule in force has it */
	struct sb_list *list; /* of each name */
	uint32_t **number;    /* of each arch: of each name, or SB_NONE */
	uint32_t *emitted;    /* of each rule: its index in the layer, or SB_NONE */
	uint32_t *narrowed;   /* of each rule: that of its copy for 32-bit ABIs, or SB_NONE */
	struct sb_rule *rule;
	uint32_t *origin; /* of each rule of the layer: of the policy */
	uint32_t rule_count, rule_room;
	uint32_t default_raw;
	uint32_t kind[3]; /* lowered actions by enum sb_number_kind */
	bool notifies;
};

/* resolve_rules.c: which rules decide for which names; fills in what they emit. */
enum secbake_status sb_resolve_rules(struct sb_resolver *r);
/* A rule of the layer from rule number origin of the policy, its action lowered. */
enum secbake_status sb_emit_rule(struct sb_resolver *r, uint32_t origin,
				 const struct sb_clause *clause, uint32_t clause_count,
				 uint32_t *index);

/*
 * The rule of the layer that stands for rule number origin on arch: itself, or on a 32-bit ABI a
 * copy that compares lower halves. Only for rules that were emitted.
 */
enum secbake_status sb_rule_on_arch(struct sb_resolver *r, const struct secbake_arch *arch,
				    uint32_t origin, uint32_t *index);

/* resolve_map.c: numbers to rules, an architecture at a time. */
enum secbake_status sb_resolve_maps(struct sb_resolver *r, struct sb_layer *layer);
/* Does runc put its stub before this policy? */
bool sb_wants_stub(const struct sb_resolver *r);

/* resolve_oci.c: with the target's number where an error is named. */
uint32_t sb_raw_action(const struct sb_resolver *r, const struct sb_oci_action *action);

#endif
