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
#include <string.h>

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
		sb_found(c,
			 sb_verdict_refuses(rule->action.ret)
				 ? SB_AT_LEVEL(SB_CHECK_RULE_REPEATS_DEFAULT, SECBAKE_NOTE)
				 : SB_CHECK_RULE_REPEATS_DEFAULT,
			 &rule->place, "this rule only repeats the default%s",
			 sb_verdict_refuses(rule->action.ret)
				 ? ": it decides nothing, though its names count for the "
				   "number from which runc answers ENOSYS"
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

/* Names of one rule that each architecture lacks, told as "x32 and x86_64 lack a, b". */
struct lacks {
	struct sb_tally tally;
	const char *text; /* of all its names, to find those that lack the same */
};

static void add_lack(struct sb_checker *c, struct lacks *lacks, const struct sb_place *place,
		     const char *name)
{
	uint32_t nr;

	for (uint32_t a = 0; a < c->arch_count; a++) {
		if (sb_syscall_number(c->arch[a], name, &nr))
			continue;
		lacks[a].text = sb_sprintf(c->arena, "%s %s", lacks[a].text, name);
		c->no_memory |= !lacks[a].text;
		if (c->no_memory)
			return;
		sb_tally_add(&lacks[a].tally, place, name, c->arch[a]);
	}
}

static void tell_lacks(struct sb_checker *c, struct lacks *lacks, const struct sb_place *place)
{
	for (uint32_t a = 0; a < c->arch_count; a++) {
		for (uint32_t b = a + 1; b < c->arch_count && *lacks[a].text; b++) {
			if (strcmp(lacks[a].text, lacks[b].text) != 0)
				continue;
			sb_tally_also(&lacks[a].tally, place, c->arch[b]);
			lacks[b].tally.first = NULL;
			lacks[b].text = "";
		}
		sb_tally_tell(&lacks[a].tally, SB_CHECK_NAME_MISSING_ON_ARCH, "there is no ", "");
	}
}

static struct lacks *new_lacks(struct sb_checker *c)
{
	struct lacks *lacks = sb_alloc(c->arena, c->arch_count, sizeof(*lacks));

	c->no_memory |= !lacks;
	for (uint32_t a = 0; lacks && a < c->arch_count; a++)
		lacks[a] = (struct lacks){.tally = {.c = c}, .text = ""};
	return lacks;
}

static void names_of_oci(struct sb_checker *c, const struct sb_oci *oci, uint32_t index)
{
	const struct sb_oci_rule *rule = &oci->rule[index];
	struct lacks *lacks = new_lacks(c);

	for (uint32_t i = 0; lacks && i < rule->name_count && !c->no_memory; i++)
		add_lack(c, lacks, &rule->place, oci->name[rule->name[i]]);
	if (!c->no_memory)
		tell_lacks(c, lacks, &rule->place);
}

static bool is_name(const struct sb_json *word)
{
	return word->type == SB_JSON_STRING && *word->text != '@';
}

/* Those that a native rule itself names; members of groups may be missing anywhere. */
static void names_of_native(struct sb_checker *c, const struct sb_native_rule *rule)
{
	struct lacks *lacks = new_lacks(c);
	struct sb_place place;

	if (rule->when.arch_count || rule->unless.arch_count || !rule->syscalls || !lacks)
		return; /* with architectures said, the author knows */
	if (!sb_native_place(&rule->spot, &place)) {
		c->no_memory = true;
		return;
	}
	if (rule->syscalls->type == SB_JSON_ARRAY) {
		sb_json_each(word, rule->syscalls)
			if (is_name(word) && !c->no_memory)
				add_lack(c, lacks, &place, word->text);
	} else if (is_name(rule->syscalls)) {
		add_lack(c, lacks, &place, rule->syscalls->text);
	}
	if (!c->no_memory)
		tell_lacks(c, lacks, &place);
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
	const struct sb_native *native = c->front ? c->front->document.native : NULL;
	uint32_t mode = c->options->program_mode;
	struct sb_place place;

	if (!c->front && mode)
		sb_found(c, SB_CHECK_NOT_ENFORCED, NULL,
			 mode & SECBAKE_BLOB_UNRESTRICTED
				 ? "the blob's mode is \"unrestricted\": it has no program"
				 : "the blob's mode is \"complain\"; what is said here is of what "
				   "it would enforce");
	if (!native || (!c->front->unrestricted && c->front->mode == SECBAKE_MODE_ENFORCE))
		return;
	if (!sb_native_place(
		    &(struct sb_native_spot){native->main, native->main->member[SB_NATIVE_MODE]},
		    &place))
		c->no_memory = true;
	sb_found(c, SB_CHECK_NOT_ENFORCED, &place,
		 "the policy's mode is \"%s\"; what is said here is of what it would enforce",
		 c->front->unrestricted ? "unrestricted" : "complain");
}
