/* SPDX-License-Identifier: MIT */
/*
 * Asking the policy itself: which rule decides a call; and whether a program
 * at hand decides as the policy does.
 */
#include <secbake/inspect.h>

#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>

#include "front.h"
#include "program_bytes.h"
#include "prove.h"
#include "prove_diff.h"

static bool cond_holds(const struct sb_cond *cond, const struct secbake_call *call)
{
	uint64_t value = call->args[cond->arg] & cond->mask;
	bool inside = false;

	for (uint32_t i = 0; i < cond->interval_count && !inside; i++)
		inside = cond->interval[i].lo <= value && value <= cond->interval[i].hi;
	return inside != cond->negate;
}

static bool rule_holds(const struct sb_rule *rule, const struct secbake_call *call)
{
	for (uint32_t i = 0; i < rule->clause_count; i++) {
		const struct sb_clause *clause = &rule->clause[i];
		uint32_t held = 0;

		while (held < clause->cond_count && cond_holds(&clause->cond[held], call))
			held++;
		if (held == clause->cond_count)
			return true;
	}
	return rule->clause_count == 0;
}

static void say(struct secbake_explanation *out, uint32_t verdict, const char *reason)
{
	*out = (struct secbake_explanation){.verdict = verdict};
	snprintf(out->reason, sizeof(out->reason), "%s", reason);
}

static void explain_entry(const struct sb_front *front, const struct sb_layer *layer,
			  const struct sb_entry *entry, const struct secbake_call *call,
			  struct secbake_explanation *out)
{
	for (uint32_t i = 0; i < entry->rule_count; i++) {
		const struct sb_rule *rule = &layer->rule[entry->rule[i]];

		if (!rule_holds(rule, call))
			continue;
		say(out, rule->action,
		    rule->clause_count ? "this rule names the call and its conditions hold"
				       : "this rule names the call");
		out->line = rule->place.line;
		snprintf(out->file, sizeof(out->file), "%s",
			 front->sources.at[rule->place.source].file);
		if (rule->place.pointer)
			snprintf(out->pointer, sizeof(out->pointer), "%s", rule->place.pointer);
		return;
	}
	say(out, entry->fallback,
	    "rules name the call, but no rule's conditions hold: the default action");
}

static const char *const why[] = {
	[SB_NUMBER_DEFAULT] = "no rule decides the call: the default action",
	[SB_NUMBER_FOREIGN] = "the number belongs to an ABI that the policy does not list",
	[SB_NUMBER_ENOSYS] = "the number is newer than the policy: ENOSYS, so that libc falls back",
};

static void explain_layer(const struct sb_front *front, const struct sb_layer *layer,
			  const struct secbake_call *call, struct secbake_explanation *out)
{
	const struct sb_map *map = NULL;

	for (uint32_t i = 0; i < layer->map_count && !map; i++)
		if (layer->map[i].audit_arch == call->audit_arch)
			map = &layer->map[i];
	if (!map) {
		say(out, layer->foreign, "the policy does not list the call's architecture");
		return;
	}
	for (uint32_t i = 0; i < map->entry_count; i++) {
		if (map->entry[i].nr == call->nr) {
			explain_entry(front, layer, &map->entry[i], call, out);
			return;
		}
	}
	for (uint32_t i = 0; i < map->span_count; i++)
		if (map->span[i].lo <= call->nr && call->nr <= map->span[i].hi)
			say(out, map->span[i].action, why[map->span[i].kind]);
}

enum secbake_status secbake_explain(const struct secbake_compile_options *options,
				    enum secbake_mode mode, const struct secbake_call *call,
				    struct secbake_explanation *explanation,
				    struct secbake_error *error)
{
	struct sb_arena *arena = sb_arena_new();
	struct sb_front front;
	struct sb_resolved resolved;
	enum secbake_status status;

	if (!arena)
		return secbake_error_set(error, SECBAKE_ERR_MEMORY, 0, "out of memory");
	status = sb_front_policy(arena, options, mode, &front, &resolved, error);
	if (status == SECBAKE_OK && resolved.layer_count == 0)
		say(explanation, SECCOMP_RET_ALLOW, "the policy is unrestricted");
	for (uint32_t i = 0; status == SECBAKE_OK && i < resolved.layer_count; i++) {
		struct secbake_explanation one;

		explain_layer(&front, &resolved.layer[i], call, &one);
		if (i == 0 ||
		    secbake_verdict_strictest(one.verdict, explanation->verdict) == one.verdict)
			*explanation = one;
	}
	sb_arena_free(arena);
	return status;
}

static void tell(const struct sb_front *front, const struct sb_layer *layer,
		 const struct sb_witness *witness, struct secbake_difference *difference)
{
	difference->call =
		(struct secbake_call){.audit_arch = witness->data.arch,
				      .nr = (uint32_t)witness->data.nr,
				      .instruction_pointer = witness->data.instruction_pointer};
	for (int i = 0; i < 6; i++)
		difference->call.args[i] = witness->data.args[i];
	difference->program_verdict = witness->program_verdict;
	difference->policy_verdict = witness->policy_verdict;
	explain_layer(front, layer, &difference->call, &difference->rule);
}

/*
 * The same question, where bits that the kernel does not look at differ on one call at
 * least: sets them aside, and finds another call or none.
 */
static enum secbake_status prove_acted_on(struct sb_arena *arena, const struct sb_program *program,
					  const struct sb_layer *layer, struct sb_witness *witness,
					  struct secbake_error *error)
{
	const struct sb_side sides[2] = {{.program_count = 1, .program = program},
					 {.layer_count = 1, .layer = layer}};
	const struct secbake_diff_case *found;
	enum secbake_status status;
	struct sb_diff diff;

	if (error)
		*error = (struct secbake_error){0};
	status = sb_diff(arena, &sides[0], &sides[1], &diff, error);
	if (status != SECBAKE_OK || (!diff.group_count && !diff.cut))
		return status;
	if (!diff.group_count)
		return secbake_error_set(error, SECBAKE_ERR_UNKNOWN, 0,
					 "cannot tell: more differs than can be listed");
	found = &diff.group[0].cases[0];
	*witness = (struct sb_witness){
		.data = {.arch = found->witness.audit_arch,
			 .nr = (int)found->witness.nr,
			 .instruction_pointer = found->witness.instruction_pointer},
		.policy_verdict = found->verdict[1]};
	for (int i = 0; i < 6; i++)
		witness->data.args[i] = found->witness.args[i];
	status = sb_interpret(program, &witness->data, &witness->program_verdict, error);
	if (status != SECBAKE_OK)
		return status;
	return secbake_error_set(error, SECBAKE_ERR_STALE, 0,
				 "the program does not decide as its policy");
}

static enum secbake_status prove_layer(struct sb_arena *arena, const struct secbake_program *bytes,
				       const struct sb_front *front,
				       const struct sb_resolved *resolved, uint32_t layer,
				       struct secbake_difference *difference,
				       struct secbake_error *error)
{
	struct sock_filter insn[SECBAKE_PROGRAM_MAX];
	struct sb_program program;
	struct sb_witness witness = {0};
	enum secbake_status status;

	if (difference)
		*difference =
			(struct secbake_difference){.policy_mode = sb_front_mode_flags(front)};
	if (layer >= resolved->layer_count)
		return secbake_error_set(error, SECBAKE_ERR_MISSING, 0,
					 "the policy has %u programs; there is no number %u",
					 resolved->layer_count, layer);
	if (difference)
		difference->policy_flags = resolved->layer[layer].filter_flags;
	status = sb_program_decode(bytes, insn, &program, error);
	if (status != SECBAKE_OK)
		return status;
	status = sb_prove(&program, &resolved->layer[layer], &witness, error);
	if (status != SECBAKE_ERR_INTERNAL)
		return status;
	if (witness.hidden_allow) { /* slower than need be, but equal: what was asked */
		if (error)
			*error = (struct secbake_error){0};
		return SECBAKE_OK;
	}
	/* Here the program is somebody else's: that it differs is a finding, not our fault. */
	if (error)
		error->status = SECBAKE_ERR_STALE;
	if (witness.program_verdict != witness.policy_verdict &&
	    sb_prove_acted_on(witness.program_verdict) ==
		    sb_prove_acted_on(witness.policy_verdict)) {
		status = prove_acted_on(arena, &program, &resolved->layer[layer], &witness, error);
		if (status != SECBAKE_ERR_STALE)
			return status;
	}
	if (difference && witness.program_verdict != witness.policy_verdict)
		tell(front, &resolved->layer[layer], &witness, difference);
	return SECBAKE_ERR_STALE;
}

enum secbake_status secbake_prove(const struct secbake_program *program,
				  const struct secbake_compile_options *options,
				  enum secbake_mode mode, uint32_t layer,
				  struct secbake_difference *difference,
				  struct secbake_error *error)
{
	struct sb_arena *arena = sb_arena_new();
	struct sb_front front;
	struct sb_resolved resolved;
	enum secbake_status status;

	if (!arena)
		return secbake_error_set(error, SECBAKE_ERR_MEMORY, 0, "out of memory");
	status = sb_front_policy(arena, options, mode, &front, &resolved, error);
	if (status == SECBAKE_OK)
		status = prove_layer(arena, program, &front, &resolved, layer, difference, error);
	sb_arena_free(arena);
	return status;
}
