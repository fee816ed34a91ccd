/* SPDX-License-Identifier: MIT */
/*
 * Findings of secbake check that a policy accepts, with the reason: {"CODE": "why"} at the
 * top for the whole policy, in a rule for that rule. They mean nothing to a compile.
 */
#include "read_native.h"

#include <secbake/check.h>
#include <string.h>

#include "resolve_native.h"

static bool read_one(const struct sb_native_doc *doc, const struct sb_json *member,
		     const struct sb_native_spot *scope, struct sb_native_accept *accept)
{
	const struct sb_reader *reader = &doc->reader;
	const char *near = secbake_check_nearest(member->name);
	struct sb_place rule = {.pointer = ""};

	if (!secbake_check_find(member->name))
		return near ? sb_native_fail(reader, member,
					     "there is no check \"%.64s\"; did you mean \"%s\"?",
					     member->name, near)
			    : sb_native_fail(reader, member,
					     "there is no check \"%.64s\"; secbake check --list "
					     "names them",
					     member->name);
	if (member->type != SB_JSON_STRING || !member->text_size)
		return sb_native_fail(reader, member, "say in a string why \"%s\" is accepted",
				      member->name);
	if (scope && !sb_native_place(scope, &rule))
		return false;
	*accept = (struct sb_native_accept){
		.code = member->name, .reason = member->text, .scope = rule.pointer};
	return sb_native_place(&(struct sb_native_spot){doc, member}, &accept->place);
}

static bool read_object(const struct sb_native_doc *doc, const struct sb_json *object,
			const struct sb_native_spot *scope, struct sb_native_accept **accept)
{
	bool good = true;

	if (!object)
		return true;
	sb_json_each(member, object) {
		if (sb_native_over(&doc->reader))
			return false;
		if (!strcmp(member->name, "comment")) {
			good &= member->type == SB_JSON_STRING ||
				sb_native_fail(&doc->reader, member,
					       "\"comment\" must be a string");
			continue;
		}
		if (read_one(doc, member, scope, *accept))
			++*accept;
		else
			good = false;
	}
	return good;
}

static uint32_t count_of(const struct sb_json *object)
{
	return object ? object->count : 0;
}

bool sb_native_read_acceptances(struct sb_native_reading *r)
{
	struct sb_native *native = r->native;
	struct sb_native_accept *accept;
	uint32_t count = 0;
	bool good = true;

	for (uint32_t i = 0; i < r->doc_count; i++)
		count += count_of(r->doc[i]->member[SB_NATIVE_ACCEPT]);
	for (uint32_t l = 0; l < native->layer_count; l++)
		for (uint32_t i = 0; i < native->layer[l].rule_count; i++)
			count += count_of(native->layer[l].rule[i].accept);
	accept = sb_alloc(r->arena, count, sizeof(*accept));
	if (!accept)
		return sb_native_memory(&native->main->reader);
	native->accept = accept;
	for (uint32_t i = 0; i < r->doc_count; i++)
		good &= read_object(r->doc[i], r->doc[i]->member[SB_NATIVE_ACCEPT], NULL, &accept);
	for (uint32_t l = 0; l < native->layer_count; l++) {
		for (uint32_t i = 0; i < native->layer[l].rule_count; i++) {
			const struct sb_native_rule *rule = &native->layer[l].rule[i];

			good &= read_object(rule->spot.doc, rule->accept, &rule->spot, &accept);
		}
	}
	native->accept_count = (uint32_t)(accept - native->accept);
	return good;
}
