/* SPDX-License-Identifier: MIT */
/*
 * A unit's settings to a policy. systemd installs a program for each setting and each
 * architecture that the kernel takes, one after the other (exec_child() of
 * src/core/execute.c); the kernel runs all and takes the strictest verdict, and of two
 * errors that of the program installed last. Here they are at most three layers: the
 * settings that give errors, SystemCallLog=, and SystemCallFilter= as the last.
 */
#include "systemd.h"

#include <string.h>

#include "compiler/mux.h"
#include "compiler/syscalls.h"

/* ---- architectures ---- */

void sb_systemd_local_arches(const struct secbake_arch *arch,
			     const struct secbake_arch *local[SD_LOCAL_MAX])
{
	static const char *const siblings[][SD_LOCAL_MAX] = {
		{"x86_64", "x86", "x32"},
		{"aarch64", "arm"},
		{"mips64", "mips", "mips64n32"},
		{"mipsel64", "mipsel", "mipsel64n32"},
		{"ppc64", "ppc"},
		{"s390x", "s390"},
		{"parisc64", "parisc"},
	};

	memset(local, 0, SD_LOCAL_MAX * sizeof(*local));
	local[0] = arch;
	for (size_t i = 0; i < sizeof(siblings) / sizeof(siblings[0]); i++)
		for (size_t j = 1; !strcmp(siblings[i][0], arch->name) && siblings[i][j]; j++)
			local[j] = secbake_arch_find(siblings[i][j]);
}

bool sb_systemd_local_mixed(const struct secbake_arch *arch)
{
	return !strncmp(arch->name, "mips", 4) || !strncmp(arch->name, "ppc64", 5);
}

/* The local ones that SystemCallArchitectures= leaves, NULL at the end; closed: not all. */
static void cover(const struct sd_unit *unit, const struct secbake_arch *covered[SD_LOCAL_MAX],
		  bool *closed)
{
	const struct secbake_arch *local[SD_LOCAL_MAX];
	uint32_t count = 0;

	sb_systemd_local_arches(unit->import->arch, local);
	memset(covered, 0, SD_LOCAL_MAX * sizeof(*covered));
	*closed = false;
	for (uint32_t i = 0; i < SD_LOCAL_MAX && local[i]; i++) {
		bool kept = !i || !unit->arch.count; /* its own is never blocked */

		for (uint32_t j = 0; j < unit->arch.count; j++)
			kept |= !strcmp(unit->arch.word[j], local[i]->name);
		if (kept)
			covered[count++] = local[i];
		else
			*closed = true;
	}
	/* Those of the other byte order that the line does not name are blocked, too. */
	*closed |= unit->arch.count && sb_systemd_local_mixed(unit->import->arch);
}

static bool write_arches(struct sd_unit *unit, const struct secbake_arch *const *covered,
			 bool closed)
{
	struct sb_import *import = unit->import;
	struct sb_out_policy *policy = &import->policy;

	for (uint32_t i = 0; i < SD_LOCAL_MAX && covered[i]; i++)
		if (!sb_words_add(import, &policy->architectures, i ? covered[i]->name : "native"))
			return false;
	/* seccomp_restrict_archs() leaves libseccomp's SCMP_FLTATR_ACT_BADARCH as it is. */
	policy->foreign = closed ? "kill-thread" : "allow";
	if (closed || !sb_systemd_local_mixed(import->arch))
		return true;
	policy->foreign = "kill-thread";
	return sb_import_lost(import, 0, &policy->comment,
			      "systemd also filters programs of the other byte order; one policy "
			      "cannot, and this one kills them");
}

/* ---- SystemCallFilter= and SystemCallLog= ---- */

struct list_actions {
	const char *listed, *other;
};

static const char *word_action(const struct sd_word *word, const struct list_actions *actions)
{
	if (word->action)
		return word->action;
	return word->removed ? actions->other : actions->listed;
}

/* Has the group the calls that carrier carries, and the carrier itself? All or none, in systemd. */
static bool group_has(const char *group, const char *carrier)
{
	return !strcmp(group, "@known") || !strcmp(group, "@system-service") ||
	       !strcmp(group, strcmp(carrier, "ipc") ? "@network-io" : "@ipc");
}

/* What the list says of a call that is a carrier or carried by it; NULL: not on it. */
static const char *listed_action(const struct sd_list *list, const struct list_actions *actions,
				 const char *name, const char *carrier)
{
	for (uint32_t i = list->word_count; i--;) {
		const struct sd_word *word = &list->word[i];

		if (*word->name == '@' ? group_has(word->name, carrier) : !strcmp(word->name, name))
			return word->removed ? NULL : word_action(word, actions);
	}
	return NULL;
}

static bool any_has(const struct secbake_arch *const *covered, const char *name)
{
	uint32_t nr;

	for (uint32_t i = 0; i < SD_LOCAL_MAX && covered[i]; i++)
		if (sb_syscall_number(covered[i], name, &nr))
			return true;
	return false;
}

bool sb_systemd_call_may_lack(const struct secbake_arch *const *covered, const char *name)
{
	const struct secbake_arch *usual[SD_LOCAL_MAX] = {secbake_arch_find("x86_64")};
	const struct secbake_arch *newer[SD_LOCAL_MAX] = {secbake_arch_find("aarch64")};

	return !any_has(covered, name) || !any_has(usual, name) || !any_has(newer, name);
}

/* The rule of the carrier with that action, or a new one. */
static struct sb_out_test *carrier_test(struct sb_import *import, struct sb_out_layer *layer,
					const char *carrier, const char *action, const char *value)
{
	struct sb_out_rule *rule;
	struct sb_out_set *set;
	struct sb_out_matcher *matcher;

	for (uint32_t i = 0; i < layer->rule_count; i++) {
		rule = &layer->rule[i];
		if (!strcmp(rule->syscalls.word[0], carrier) && !strcmp(rule->action, action)) {
			struct sb_out_test *test = rule->set->matcher->test;

			return sb_words_add(import, &test->value, value) ? test : NULL;
		}
	}
	rule = sb_out_rule(import, layer);
	set = rule ? sb_out_set(import, rule) : NULL;
	matcher = set ? sb_out_matcher(import, set, "0") : NULL;
	if (!matcher || !sb_words_add(import, &rule->syscalls, carrier) ||
	    !sb_words_add(import, &rule->comment,
			  "What the calls on the list are on architectures that carry them "
			  "under one number."))
		return NULL;
	rule->action = action;
	return sb_out_test(import, matcher, "in", NULL, value);
}

/*
 * libseccomp answers a carried call as it answers the call itself, unless the carrier
 * is on the list: then that decides alone.
 */
static bool write_carriers(struct sd_unit *unit, struct sb_out_layer *layer,
			   const struct sd_list *list, const struct list_actions *actions,
			   const struct secbake_arch *const *covered)
{
	const char *name;

	for (size_t i = 0; (name = sb_syscall_at(i)); i++) {
		uint32_t call;
		const struct sb_mux *mux = sb_mux_find(name, &call);
		const char *action, *value;

		if (!mux || !any_has(covered, mux->carrier) ||
		    listed_action(list, actions, mux->carrier, mux->carrier))
			continue;
		action = listed_action(list, actions, name, mux->carrier);
		if (!action)
			continue;
		value = sb_import_text(unit->import, "%u", call);
		if (!value || !carrier_test(unit->import, layer, mux->carrier, action, value))
			return false;
	}
	return true;
}

static bool write_list_rule(struct sd_unit *unit, struct sb_out_layer *layer,
			    const struct sd_list *list, uint32_t first, uint32_t end,
			    const char *action, const struct secbake_arch *const *covered)
{
	struct sb_out_rule *rule = sb_out_rule(unit->import, layer);

	if (!rule)
		return false;
	rule->action = action;
	for (uint32_t i = first; i < end; i++) {
		const struct sd_word *word = &list->word[i];

		for (uint32_t j = 0; j < word->comment.count; j++)
			if (!sb_words_add(unit->import, &rule->comment, word->comment.word[j]))
				return false;
		if (!sb_words_add(unit->import, &rule->syscalls, word->name))
			return false;
		if (*word->name != '@' && sb_systemd_call_may_lack(covered, word->name))
			rule->optional = true;
	}
	return true;
}

/*
 * The last word that names a call decides it, and in the native language the first rule
 * does: the words are written from the last to the first, those of one action together.
 */
static bool write_list(struct sd_unit *unit, const struct sd_list *list, const char *comment,
		       struct list_actions actions, const struct secbake_arch *const *covered)
{
	struct sb_out_layer *layer;
	bool acts = list->allow_list;

	for (uint32_t i = 0; i < list->word_count; i++)
		acts |= !list->word[i].removed;
	if (!list->given || !acts)
		return true;
	layer = sb_out_layer(unit->import);
	if (!layer || !sb_words_add(unit->import, &layer->comment, comment))
		return false;
	layer->default_action = actions.other;
	if (!write_carriers(unit, layer, list, &actions, covered))
		return false;
	for (uint32_t end = list->word_count, first; end; end = first) {
		const char *action = word_action(&list->word[end - 1], &actions);

		for (first = end - 1; first; first--)
			if (strcmp(word_action(&list->word[first - 1], &actions), action))
				break;
		if (!first && !strcmp(action, actions.other))
			break; /* nothing before it to take off */
		if (!write_list_rule(unit, layer, list, first, end, action, covered))
			return false;
	}
	return true;
}

bool sb_systemd_write(struct sd_unit *unit)
{
	struct sb_import *import = unit->import;
	const char *error = unit->error ? unit->error : "kill-process";
	const struct secbake_arch *covered[SD_LOCAL_MAX];
	bool closed;

	cover(unit, covered, &closed);
	if (!sb_systemd_write_restrictions(unit, covered) ||
	    !write_list(unit, &unit->log, "SystemCallLog=",
			unit->log.allow_list ? (struct list_actions){"log", "allow"}
					     : (struct list_actions){"allow", "log"},
			covered) ||
	    !write_list(unit, &unit->filter, "SystemCallFilter=",
			unit->filter.allow_list ? (struct list_actions){"allow", error}
						: (struct list_actions){error, "allow"},
			covered))
		return false;
	if (!import->policy.layer_count && closed) {
		struct sb_out_layer *layer = sb_out_layer(import);

		if (!layer)
			return false;
		layer->default_action = "allow";
	}
	if (!import->policy.layer_count)
		return sb_import_fail(import, 0,
				      "this unit restricts no system calls; there is "
				      "nothing to import");
	return write_arches(unit, covered, closed);
}
