/* SPDX-License-Identifier: MIT */
/*
 * Checking, inside. A check is a function over what a filter decides (ask.h) and
 * what its policy says where; table.c lists them. Those of one family share a file:
 *
 *	rules.c		rules that do nothing, and what the compiler warns of
 *	args.c		conditions that look at more or less than the kernel does
 *	twins.c		calls that do what a filtered call does
 *	exec_memory.c	policies that keep memory from being written and executed
 *	danger.c	calls that are known to lead out
 *	fallback.c	calls that libc does without, if only it hears ENOSYS
 *	needs.c		calls that every program needs
 *	arches.c	architectures that were forgotten
 *	actions.c	actions that do less than they seem to
 */
#ifndef SB_CHECK_H
#define SB_CHECK_H

#include <compiler/front.h>
#include <compiler/resolve.h>
#include <compiler/syscalls.h>
#include <secbake/check.h>

#include "ask.h"
#include "codes.h"

/* One finding, before it is told. */
struct sb_found {
	struct secbake_finding is;
	uint32_t source; /* of its place: index of the source */
	bool accepted;
	uint32_t more; /* like it, that are not told */
};

struct sb_checker {
	struct sb_arena *arena;
	const struct secbake_check_options *options;
	const struct secbake_arch *target;
	const struct sb_front *front;	    /* NULL: programs are checked */
	const struct sb_resolved *resolved; /* the same */
	uint32_t kernel;		    /* that resolved is for, or 0 */
	bool first;			    /* of the kernels that are looked at */
	bool open;			    /* what no rule names runs */
	struct sb_ask ask;
	const struct secbake_arch *arch[SB_ARCHES_MAX]; /* covered; the target's own first */
	uint32_t arch_count;
	struct sb_found *found;
	uint32_t found_count, found_room;
	bool no_memory;
};

struct sb_check_row {
	struct secbake_check is;
	void (*run)(struct sb_checker *c); /* NULL: found by the one that stands before it */
};
extern const struct sb_check_row sb_check_rows[SB_CHECK_COUNT];

/* finding.c. A level other than the table's: or'ed to the code. place may be NULL. */
#define SB_AT_LEVEL(code, level) ((uint32_t)(code) | ((uint32_t)(level) + 1) << 16)
void sb_found(struct sb_checker *c, uint32_t code, const struct sb_place *place, const char *format,
	      ...) __attribute__((format(printf, 4, 5)));
/* What the compiler reports, for which it has a code or not. */
void sb_found_message(struct sb_checker *c, enum sb_check_code code, enum secbake_level level,
		      const struct secbake_error *message);
/* Applies the policy's acceptances, sorts, and hands on. */
void sb_found_tell(struct sb_checker *c);

/* place.c: where the verdict of a call comes from; false: from no rule that names it. */
bool sb_place_of(const struct sb_checker *c, const struct seccomp_data *call,
		 struct sb_place *place);
/* Of the first call of a set: on arch, number nr. */
bool sb_place_of_set(const struct sb_checker *c, const struct secbake_arch *arch, uint32_t nr,
		     uint32_t set, struct sb_place *place);

/*
 * Every rule that decides some call of a set, and the default where it does: up to max of them.
 * What one rule is accepted for must not hide another.
 */
#define SB_WHERES_MAX 32u
struct sb_where {
	struct sb_place place;
	bool by_rule;
};
uint32_t sb_wheres_of_set(struct sb_checker *c, const struct secbake_arch *arch, uint32_t nr,
			  uint32_t set, struct sb_where where[SB_WHERES_MAX]);

/* calls.c: what checks want to know of calls, by name. */
bool sb_verdict_runs(uint32_t verdict);	   /* ALLOW or LOG */
bool sb_verdict_refuses(uint32_t verdict); /* an error, a trap or a kill */
/* Does arch have the call? Then its verdicts. */
bool sb_call(const struct sb_checker *c, const struct secbake_arch *arch, const char *name,
	     uint32_t *nr, uint32_t *verdicts);
/* The calls of that name that run; SB_DD_FALSE, too, where arch has none. */
uint32_t sb_call_runs(struct sb_checker *c, const struct secbake_arch *arch, const char *name);
/* The index of the argument that the kernel calls so, or -1. */
int sb_call_arg(const struct secbake_arch *arch, const char *name, const char *arg);
/* A constant of arch, 0 where it has none. */
uint64_t sb_value(const struct secbake_arch *arch, const char *name);
/* "ERRNO(1 EPERM)" of the verdicts f, or "several verdicts". */
const char *sb_verdict_text(struct sb_checker *c, const struct secbake_arch *arch, uint32_t f);

/* arches.c: the architectures that programs on this one can switch to, by index from 0; NULL. */
const struct secbake_arch *sb_sibling(const struct secbake_arch *arch, size_t index);
/* The verdicts of an architecture's own numbers. */
uint32_t sb_arch_numbers(const struct sb_checker *c, const struct secbake_arch *arch);

/* tally.c: the same of many calls on many architectures, told once a place. */
struct sb_tally_group;
struct sb_tally {
	struct sb_checker *c;
	struct sb_tally_group *first;
};
/* what must stay. arch NULL: it does not matter. */
void sb_tally_add(struct sb_tally *t, const struct sb_place *place, const char *what,
		  const struct secbake_arch *arch);
/* The same on one more architecture. */
void sb_tally_also(struct sb_tally *t, const struct sb_place *place,
		   const struct secbake_arch *arch);
/* "BEFORE a, b and c on x86AFTER" */
void sb_tally_tell(struct sb_tally *t, uint32_t code, const char *before, const char *after);

/* The checks. */
void sb_check_rules(struct sb_checker *c);
void sb_check_kernels(struct sb_checker *c);
void sb_check_names(struct sb_checker *c);
void sb_check_mode(struct sb_checker *c);
void sb_check_upper_halves(struct sb_checker *c);
void sb_check_dropped_bits(struct sb_checker *c);
void sb_check_flag_bits(struct sb_checker *c);
void sb_check_pointers(struct sb_checker *c);
void sb_check_clone3(struct sb_checker *c);
void sb_check_namespaces(struct sb_checker *c);
void sb_check_modes(struct sb_checker *c);
void sb_check_carriers(struct sb_checker *c);
void sb_check_io_uring(struct sb_checker *c);
void sb_check_exec_memory(struct sb_checker *c);
void sb_check_danger(struct sb_checker *c);
void sb_check_fallbacks(struct sb_checker *c);
void sb_check_new_calls(struct sb_checker *c);
void sb_check_needs(struct sb_checker *c);
void sb_check_arches(struct sb_checker *c);
void sb_check_abis(struct sb_checker *c);
void sb_check_notify(struct sb_checker *c);
void sb_check_trace(struct sb_checker *c);
void sb_check_kill_thread(struct sb_checker *c);

#endif
