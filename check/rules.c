/* SPDX-License-Identifier: MIT */
/*
 * Rules that do nothing. Most of them the compiler finds and warns of (run.c hears
 * it); here is what it has no reason to say.
 */
#include "check.h"

#include <compiler/read_native.h>
#include <compiler/read_oci.h>
#include <compiler/resolve_native.h>
#include <secbake/features.h>

/* An oci rule that says what the default says is dropped without a word, as runc does. */
void sb_check_rules(struct sb_checker *c)
{
	const struct sb_oci *oci = c->front ? c->front->document.oci : NULL;

	for (uint32_t i = 0; oci && c->first && i < oci->rule_count; i++) {
		const struct sb_oci_rule *rule = &oci->rule[i];

		if (rule->action.ret != oci->default_action.ret ||
		    rule->action.data != oci->default_action.data ||
		    rule->action.errno_name != oci->default_action.errno_name)
			continue;
		sb_found(
			c,
			sb_verdict_refuses(rule->action.ret)
				? SB_AT_LEVEL(SB_CHECK_RULE_REPEATS_DEFAULT, SECBAKE_NOTE)
				: SB_CHECK_RULE_REPEATS_DEFAULT,
			&rule->place, "this rule only repeats the default%s",
			sb_verdict_refuses(rule->action.ret)
				? ": it decides nothing, and only raises the number from which runc "
				  "answers ENOSYS"
				: "");
	}
}

static void kernel_condition(struct sb_checker *c, const struct sb_place *place, uint32_t kernel)
{
	uint32_t from = c->options->kernel_from, to = c->options->kernel_to;

	if (!kernel || (kernel > from && kernel <= to))
		return;
	sb_found(c, SB_CHECK_KERNEL_OUTSIDE_RANGE, place,
		 "this rule asks for Linux %u.%u, which %s kernel in the range %u.%u..%u.%u is",
		 kernel >> 16, kernel & 0xffff, kernel > to ? "no" : "every", from >> 16,
		 from & 0xffff, to >> 16, to & 0xffff);
}

void sb_check_kernels(struct sb_checker *c)
{
	const struct sb_oci *oci = c->front ? c->front->document.oci : NULL;
	const struct sb_native *native = c->front ? c->front->document.native : NULL;

	if (!c->options->kernel_from || c->options->kernel_from == c->options->kernel_to)
		return; /* one kernel: there every such condition is settled */
	for (uint32_t i = 0; oci && i < oci->rule_count; i++) {
		kernel_condition(c, &oci->rule[i].place, oci->rule[i].includes.min_kernel);
		kernel_condition(c, &oci->rule[i].place, oci->rule[i].excludes.min_kernel);
	}
	for (uint32_t l = 0; native && l < native->layer_count; l++) {
		for (uint32_t i = 0; i < native->layer[l].rule_count; i++) {
			const struct sb_native_rule *rule = &native->layer[l].rule[i];
			struct sb_place place;

			if (!sb_native_place(&rule->spot, &place)) {
				c->no_memory = true;
				return;
			}
			kernel_condition(c, &place, rule->when.min_kernel);
			kernel_condition(c, &place, rule->unless.min_kernel);
		}
	}
}

/* The names that a rule of the oci dialect has on some architectures only. */
static void names_of_oci(struct sb_checker *c, const struct sb_oci *oci, uint32_t index)
{
	const struct sb_oci_rule *rule = &oci->rule[index];

	for (uint32_t a = 0; a < c->arch_count; a++) {
		struct sb_tally tally = {.c = c};
		uint32_t nr;

		for (uint32_t i = 0; i < rule->name_count; i++)
			if (!sb_syscall_number(c->arch[a], oci->name[rule->name[i]], &nr))
				sb_tally_add(&tally, &rule->place, oci->name[rule->name[i]],
					     c->arch[a]);
		sb_tally_tell(&tally, SB_CHECK_NAME_MISSING_ON_ARCH, "there is no ", "");
	}
}

static void name_of_native(struct sb_checker *c, struct sb_tally *tally,
			   const struct sb_place *place, const struct sb_json *word)
{
	uint32_t nr;

	if (word->type != SB_JSON_STRING || *word->text == '@')
		return;
	for (uint32_t a = 0; a < c->arch_count; a++)
		if (!sb_syscall_number(c->arch[a], word->text, &nr))
			sb_tally_add(&tally[a], place, word->text, c->arch[a]);
}

/* Those that a native rule itself names; members of groups may be missing anywhere. */
static void names_of_native(struct sb_checker *c, const struct sb_native_rule *rule)
{
	struct sb_tally *tally = sb_alloc(c->arena, c->arch_count, sizeof(*tally));
	struct sb_place place;

	if (!tally || !sb_native_place(&rule->spot, &place)) {
		c->no_memory = true;
		return;
	}
	if (rule->when.arch_count || rule->unless.arch_count || !rule->syscalls)
		return; /* the author knows */
	for (uint32_t a = 0; a < c->arch_count; a++)
		tally[a].c = c;
	if (rule->syscalls->type == SB_JSON_ARRAY) {
		sb_json_each(word, rule->syscalls)
			name_of_native(c, tally, &place, word);
	} else {
		name_of_native(c, tally, &place, rule->syscalls);
	}
	for (uint32_t a = 0; a < c->arch_count; a++)
		sb_tally_tell(&tally[a], SB_CHECK_NAME_MISSING_ON_ARCH, "there is no ", "");
}

void sb_check_names(struct sb_checker *c)
{
	const struct sb_oci *oci = c->front ? c->front->document.oci : NULL;
	const struct sb_native *native = c->front ? c->front->document.native : NULL;

	if (c->arch_count < 2 || !c->first)
		return;
	for (uint32_t i = 0; oci && i < oci->rule_count; i++)
		names_of_oci(c, oci, i);
	for (uint32_t l = 0; native && l < native->layer_count; l++)
		for (uint32_t i = 0; i < native->layer[l].rule_count; i++)
			names_of_native(c, &native->layer[l].rule[i]);
}

void sb_check_mode(struct sb_checker *c)
{
	if (!c->front || (!c->front->unrestricted && c->front->mode == SECBAKE_MODE_ENFORCE))
		return;
	sb_found(c, SB_CHECK_NOT_ENFORCED, &(struct sb_place){.pointer = "/mode"},
		 "the policy's mode is \"%s\"; what is said here is of what it would enforce",
		 c->front->unrestricted ? "unrestricted" : "complain");
}
