/* SPDX-License-Identifier: MIT */
/* Rules of the native language, and the layers that hold them. */
#include "read_native.h"

#include <stdlib.h>
#include <string.h>

#include "syscalls.h"

#define STRING SB_TYPE(SB_JSON_STRING)
#define NUMBER SB_TYPE(SB_JSON_NUMBER)
#define LIST SB_TYPE(SB_JSON_ARRAY)
#define OBJECT SB_TYPE(SB_JSON_OBJECT)
#define BOOL SB_TYPE(SB_JSON_BOOL)

static bool read_call(const struct sb_reader *reader, const struct sb_json *word)
{
	if (word->type == SB_JSON_STRING)
		return word->text_size || sb_native_fail(reader, word, "empty; name a system call");
	if (word->type != SB_JSON_NUMBER)
		return sb_native_fail(reader, word,
				      "a system call is a name, a \"@group\" or a number, not %s",
				      sb_json_type_name((enum sb_json_type)word->type));
	if (word->number != SB_JSON_INTEGER || word->negative || word->magnitude > INT32_MAX)
		return sb_native_fail(reader, word,
				      "%.*s is no number of a system call; they go from 0 to "
				      "2147483647",
				      word->text_size < 40 ? (int)word->text_size : 40, word->text);
	return true;
}

bool sb_native_unknown_name(const struct sb_reader *reader, const struct sb_json *word)
{
	const char *near = sb_syscall_nearest(word->text);
	const char *shown = sb_native_shown(reader, word->text);

	if (near)
		return sb_native_fail(reader, word,
				      "no architecture has a system call \"%s\"; did you mean "
				      "\"%s\"?",
				      shown, near);
	return sb_native_fail(reader, word, "no architecture has a system call \"%s\"", shown);
}

bool sb_native_check_names(const struct sb_reader *reader, const struct sb_json *calls)
{
	bool good = true;

	if (calls->type == SB_JSON_STRING)
		return *calls->text == '@' || sb_syscall_known(calls->text) ||
		       sb_native_unknown_name(reader, calls);
	if (calls->type != SB_JSON_ARRAY)
		return true;
	sb_json_each(word, calls)
		if (word->type == SB_JSON_STRING)
			good &= sb_native_check_names(reader, word);
	return good;
}

/* A name, "@group" or number, or a list of such. */
bool sb_native_read_calls(const struct sb_reader *reader, const struct sb_json *calls)
{
	bool good = true;

	if (calls->type != SB_JSON_ARRAY)
		return read_call(reader, calls);
	sb_json_each(word, calls) {
		if (sb_native_over(reader))
			return false;
		good &= read_call(reader, word);
	}
	return good;
}

static bool read_arches(const struct sb_reader *reader, const struct sb_json *node,
			struct sb_native_filter *filter)
{
	uint32_t count = node->type == SB_JSON_ARRAY ? node->count : 1;
	const struct secbake_arch **arch = sb_alloc(reader->arena, count, sizeof(*arch));
	bool good = true;

	if (!count)
		return sb_native_fail(reader, node, "an empty list; name an architecture");
	if (!arch)
		return sb_native_memory(reader);
	filter->arch = arch;
	filter->arch_count = count;
	if (node->type != SB_JSON_ARRAY)
		return sb_native_read_arch(reader, node, arch);
	sb_json_each(word, node)
		good &= sb_native_read_arch(reader, word, &arch[word->index]);
	return good;
}

static bool read_caps(const struct sb_reader *reader, const struct sb_json *node,
		      struct sb_native_filter *filter)
{
	uint32_t count = node->type == SB_JSON_ARRAY ? node->count : 1;
	const char **cap = sb_alloc(reader->arena, count, sizeof(*cap));
	bool good = true;

	if (!count)
		return sb_native_fail(reader, node, "an empty list; name a capability");
	if (!cap)
		return sb_native_memory(reader);
	filter->cap = cap;
	filter->cap_count = count;
	if (node->type != SB_JSON_ARRAY) {
		*cap = node->text;
		return sb_native_read_capability(reader, node);
	}
	sb_json_each(word, node) {
		cap[word->index] = word->text;
		good &= sb_native_read_capability(reader, word);
	}
	return good;
}

static bool add_kernel(struct sb_native_reading *r, const struct sb_reader *reader, uint32_t kernel)
{
	if (r->overridden)
		return true;
	if (r->kernel_count == r->kernel_room) {
		r->kernel = sb_grow(r->arena, r->kernel, r->kernel_room, r->kernel_room * 2 + 16,
				    sizeof(*r->kernel));
		r->kernel_room = r->kernel_room * 2 + 16;
	}
	if (!r->kernel)
		return sb_native_memory(reader);
	r->kernel[r->kernel_count++] = kernel;
	return true;
}

static bool read_filter(struct sb_native_reading *r, const struct sb_reader *reader,
			const struct sb_json *object, const char *what,
			struct sb_native_filter *filter)
{
	enum { ARCH, CAPS, MIN_KERNEL, FIELDS };
	static const struct sb_native_field fields[FIELDS] = {
		[ARCH] = {"arch", STRING | LIST, "an architecture or a list of such", false},
		[CAPS] = {"caps", STRING | LIST, "a capability or a list of such", false},
		[MIN_KERNEL] = {"minKernel", STRING, "a string such as \"6.1\"", false},
	};
	const struct sb_json *found[FIELDS];
	bool good;

	if (!object)
		return true;
	good = sb_native_fields(reader, object, what, fields, FIELDS, found);
	if (found[ARCH])
		good &= read_arches(reader, found[ARCH], filter);
	if (found[CAPS])
		good &= read_caps(reader, found[CAPS], filter);
	if (found[MIN_KERNEL])
		good &= sb_native_read_kernel(reader, found[MIN_KERNEL], &filter->min_kernel) &&
			add_kernel(r, reader, filter->min_kernel);
	return good;
}

static bool read_set(struct sb_native_reading *r, const struct sb_reader *reader,
		     const struct sb_json *object, struct sb_native_set *set)
{
	struct sb_native_matcher *matcher;
	bool good = true;

	if (object->type != SB_JSON_OBJECT)
		return sb_native_fail(reader, object,
				      "conditions are an object of arguments, not %s",
				      sb_json_type_name((enum sb_json_type)object->type));
	matcher = sb_alloc(reader->arena, object->count, sizeof(*matcher));
	if (!matcher)
		return sb_native_memory(reader);
	set->matcher = matcher;
	sb_json_each(member, object) {
		if (sb_native_over(reader))
			return false;
		if (!strcmp(member->name, "comment"))
			good &= member->type == SB_JSON_STRING ||
				sb_native_fail(reader, member, "\"comment\" must be a string");
		else
			good &= sb_native_read_matcher(r, reader, member,
						       &matcher[set->matcher_count++]);
	}
	return good;
}

static bool read_args(struct sb_native_reading *r, const struct sb_reader *reader,
		      const struct sb_json *args, struct sb_native_rule *rule)
{
	uint32_t count = args->type == SB_JSON_ARRAY ? args->count : 1;
	struct sb_native_set *set = sb_alloc(reader->arena, count, sizeof(*set));
	bool good = true;

	if (!count)
		return sb_native_fail(reader, args,
				      "an empty list; give conditions, or take \"args\" out");
	if (!set)
		return sb_native_memory(reader);
	rule->set = set;
	rule->set_count = count;
	if (args->type != SB_JSON_ARRAY)
		return read_set(r, reader, args, set);
	sb_json_each(object, args) {
		if (sb_native_over(reader))
			return false;
		good &= read_set(r, reader, object, &set[object->index]);
	}
	return good;
}

static bool read_rule(struct sb_native_reading *r, const struct sb_native_doc *doc,
		      const struct sb_json *object, struct sb_native_rule *rule)
{
	enum { SYSCALLS, ACTION, ARGS, WHEN, UNLESS, OPTIONAL, HOLD, ACCEPT, FIELDS };
	static const struct sb_native_field fields[FIELDS] = {
		[SYSCALLS] = {"syscalls", STRING | NUMBER | LIST, "a system call or a list of such",
			      true},
		[ACTION] = {"action", STRING, "a string", true},
		[ARGS] = {"args", OBJECT | LIST, "an object or a list of objects", false},
		[WHEN] = {"when", OBJECT, "an object", false},
		[UNLESS] = {"unless", OBJECT, "an object", false},
		[OPTIONAL] = {"optional", BOOL, "true or false", false},
		[HOLD] = {"hold", BOOL, "true or false", false},
		[ACCEPT] = {"accept", OBJECT, "an object", false},
	};
	const struct sb_reader *reader = &doc->reader;
	const struct sb_json *found[FIELDS];
	bool good = sb_native_fields(reader, object, "a rule", fields, FIELDS, found);

	*rule = (struct sb_native_rule){.spot = {doc, object}, .syscalls = found[SYSCALLS]};
	if (found[SYSCALLS]) {
		if (!sb_native_read_calls(reader, found[SYSCALLS])) {
			rule->syscalls = NULL;
			good = false;
		}
		if (found[SYSCALLS]->type == SB_JSON_ARRAY && !found[SYSCALLS]->count)
			good = sb_native_fail(reader, found[SYSCALLS],
					      "an empty list; name a system call, or take the rule "
					      "out");
	}
	if (found[ACTION])
		good &= sb_native_read_action(reader, found[ACTION], &rule->action);
	if (found[ARGS])
		good &= read_args(r, reader, found[ARGS], rule);
	good &= read_filter(r, reader, found[WHEN], "\"when\"", &rule->when);
	good &= read_filter(r, reader, found[UNLESS], "\"unless\"", &rule->unless);
	rule->optional = found[OPTIONAL] && found[OPTIONAL]->truth;
	rule->hold = found[HOLD] && found[HOLD]->truth;
	rule->accept = found[ACCEPT];
	rule->broken = !good;
	return good;
}

/* Rules of one list; those that are wrong stay, as nothing is made of them. */
static bool read_list(struct sb_native_reading *r, const struct sb_native_doc *doc,
		      const struct sb_json *list, struct sb_native_rule *rule)
{
	bool good = true;

	sb_json_each(object, list) {
		if (sb_native_over(&doc->reader))
			return false;
		good &= read_rule(r, doc, object, &rule[object->index]);
	}
	return good;
}

/* The document's own rules, then those of its bases. */
static bool read_rules(struct sb_native_reading *r, struct sb_native_layer *layer)
{
	struct sb_native_rule *rule;
	uint32_t count = 0;
	bool good = true;

	for (uint32_t i = 0; i < r->doc_count; i++)
		if (r->doc[i]->member[SB_NATIVE_RULES])
			count += r->doc[i]->member[SB_NATIVE_RULES]->count;
	rule = sb_alloc(r->arena, count, sizeof(*rule));
	if (!rule)
		return sb_native_memory(&r->native->main->reader);
	layer->rule = rule;
	layer->rule_count = count;
	for (uint32_t i = 0; i < r->doc_count; i++) {
		const struct sb_json *list = r->doc[i]->member[SB_NATIVE_RULES];

		if (!list)
			continue;
		good &= read_list(r, r->doc[i], list, rule);
		rule += list->count;
	}
	return good;
}

static bool read_layer(struct sb_native_reading *r, const struct sb_native_doc *doc,
		       const struct sb_json *object, struct sb_native_layer *layer)
{
	enum { RULES, DEFAULT, FLAGS, FIELDS };
	static const struct sb_native_field fields[FIELDS] = {
		[RULES] = {"rules", LIST, "a list", false},
		[DEFAULT] = {"default", STRING, "a string", false},
		[FLAGS] = {"flags", LIST, "a list", false},
	};
	const struct sb_reader *reader = &doc->reader;
	const struct sb_json *found[FIELDS];
	struct sb_native_rule *rule;
	bool good;

	if (sb_json_member(object, "extends"))
		return sb_native_fail(reader, sb_json_member(object, "extends"),
				      "a layer cannot have bases; write \"extends\" beside "
				      "\"layers\"");
	good = sb_native_fields(reader, object, "a layer", fields, FIELDS, found);
	if (found[RULES]) {
		rule = sb_alloc(r->arena, found[RULES]->count, sizeof(*rule));
		if (!rule)
			return sb_native_memory(reader);
		layer->rule = rule;
		layer->rule_count = found[RULES]->count;
		good &= read_list(r, doc, found[RULES], rule);
	}
	if (found[DEFAULT]) {
		layer->default_spot = (struct sb_native_spot){doc, found[DEFAULT]};
		good &= sb_native_read_action(reader, found[DEFAULT], &layer->default_action);
	}
	if (found[FLAGS]) {
		layer->flags_spot = (struct sb_native_spot){doc, found[FLAGS]};
		good &= sb_native_read_flags(reader, found[FLAGS], &layer->flags);
	}
	return good;
}

/* Of a rule that counts for nothing, and is bound to no architecture. */
static bool check_names(const struct sb_native_rule *rule)
{
	bool always = !rule->when.arch_count && !rule->when.cap_count && !rule->when.min_kernel;

	return !rule->syscalls || rule->optional || !always ||
	       sb_native_check_names(&rule->spot.doc->reader, rule->syscalls);
}

/* What layers have in common, to be changed: a copy, since what is overridden changes its own. */
static struct sb_native_layer *change_common(struct sb_native_reading *r)
{
	struct sb_native_layer *common = sb_alloc(r->arena, 1, sizeof(*common));

	if (common)
		r->native->layer = memcpy(common, r->native->layer, sizeof(*common));
	return common;
}

static bool read_default(struct sb_native_reading *r, const struct sb_native_doc *doc,
			 const struct sb_json *word)
{
	struct sb_native_layer *common = change_common(r);

	if (!common)
		return sb_native_memory(&doc->reader);
	common->default_spot = (struct sb_native_spot){doc, word};
	return sb_native_read_action(&doc->reader, word, &common->default_action);
}

static bool read_flags(struct sb_native_reading *r, const struct sb_native_doc *doc,
		       const struct sb_json *list)
{
	struct sb_native_layer *common = change_common(r);

	if (!common)
		return sb_native_memory(&doc->reader);
	common->flags_spot = (struct sb_native_spot){doc, list};
	return sb_native_read_flags(&doc->reader, list, &common->flags);
}

/* What a layer lacks is the document's, which stands in r->native->layer. */
static bool read_all_layers(struct sb_native_reading *r, const struct sb_native_doc *doc,
			    const struct sb_json *list)
{
	static const struct sb_native_layer none;
	const struct sb_native_layer *common = r->overridden ? &none : r->native->layer;
	struct sb_native_layer *layer = sb_alloc(r->arena, list->count, sizeof(*layer));
	bool good = true;

	if (!list->count)
		return sb_native_fail(&doc->reader, list, "an empty list; write a layer");
	if (list->count > SECBAKE_LAYERS_MAX)
		return sb_json_fail(&doc->reader, list, SECBAKE_ERR_LIMIT,
				    "%u layers; a policy can have %u", list->count,
				    SECBAKE_LAYERS_MAX),
		       false;
	if (!layer)
		return sb_native_memory(&doc->reader);
	sb_json_each(object, list) {
		layer[object->index] = *common;
		layer[object->index].spot = (struct sb_native_spot){doc, object};
		good &= read_layer(r, doc, object, &layer[object->index]);
	}
	r->native->layer = layer;
	r->native->layer_count = list->count;
	for (uint32_t i = 0; r->overridden && i < list->count; i++)
		for (uint32_t k = 0; k < layer[i].rule_count; k++)
			good &= check_names(&layer[i].rule[k]);
	return good;
}

bool sb_native_read_layers(struct sb_native_reading *r)
{
	struct sb_native_layer *common = sb_alloc(r->arena, 1, sizeof(*common));
	const struct sb_native_doc *layered = NULL;
	bool good = true;

	if (!common)
		return sb_native_memory(&r->native->main->reader);
	for (uint32_t i = 0; i < r->doc_count && !layered; i++)
		if (r->doc[i]->member[SB_NATIVE_LAYERS])
			layered = r->doc[i];
	for (uint32_t i = 0; layered && i < r->doc_count; i++) {
		const struct sb_json *rules = r->doc[i]->member[SB_NATIVE_RULES];

		if (rules && r->doc[i] == layered)
			good = sb_native_fail(
				&layered->reader, rules,
				"\"rules\" beside \"layers\"; move them into a layer");
		else if (rules && rules->count)
			good = sb_native_fail(
				&r->doc[i]->reader, rules,
				"these rules belong to none of the layers that %s has; "
				"have rules or layers, in a policy with its bases",
				layered->reader.report.file);
	}
	r->native->layer = common;
	r->native->layer_count = 1;
	good &= sb_native_read_member(r, SB_NATIVE_DEFAULT, read_default);
	good &= sb_native_read_member(r, SB_NATIVE_FLAGS, read_flags);
	if (layered)
		return sb_native_read_member(r, SB_NATIVE_LAYERS, read_all_layers) && good;
	*common = *r->native->layer;
	r->native->layer = common;
	return read_rules(r, common) && good;
}
