/* SPDX-License-Identifier: MIT */
/*
 * Reading the native language: the documents (read_native_sources.c), the
 * members that hold for all of them, then rules and layers (read_native_rules.c)
 * and the groups that these name.
 */
#include "read_native.h"

#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>

#include <cache/blob_layout.h>

#include "hot.h"
#include "resolve_native.h"
#include "syscalls.h"

/* Reads a member for what is wrong with it alone: another document's takes its place. */
static bool read_overridden(struct sb_native_reading *r, const struct sb_native_doc *doc,
			    const struct sb_json *node,
			    bool (*read)(struct sb_native_reading *r,
					 const struct sb_native_doc *doc,
					 const struct sb_json *node))
{
	struct sb_native native = *r->native;
	struct sb_document document = *r->document;
	struct sb_native_reading unused = *r;
	bool good;

	unused.native = &native;
	unused.document = &document;
	unused.overridden = true;
	good = read(&unused, doc, node);
	memcpy(r->accounts, unused.accounts, sizeof(r->accounts));
	return good;
}

bool sb_native_read_member(struct sb_native_reading *r, enum sb_native_member member,
			   bool (*read)(struct sb_native_reading *r,
					const struct sb_native_doc *doc,
					const struct sb_json *node))
{
	bool good = true, first = true;

	for (uint32_t i = 0; i < r->doc_count; i++) {
		const struct sb_json *node = r->doc[i]->member[member];

		if (!node)
			continue;
		good &= first ? read(r, r->doc[i], node)
			      : read_overridden(r, r->doc[i], node, read);
		first = false;
	}
	return good;
}

const struct secbake_arch sb_native_compat = {.name = "compat"};

static bool read_arch_list(struct sb_native_reading *r, const struct sb_native_doc *doc,
			   const struct sb_json *list)
{
	const struct secbake_arch **arch = sb_alloc(r->arena, list->count, sizeof(*arch));
	bool good = true;

	if (!list->count)
		return sb_native_fail(&doc->reader, list, "an empty list; name an architecture");
	if (!arch)
		return sb_native_memory(&doc->reader);
	r->native->arch = arch;
	r->native->arch_count = list->count;
	r->native->arch_spot = (struct sb_native_spot){doc, list};
	sb_json_each(word, list) {
		if (word->type == SB_JSON_STRING && !strcmp(word->text, sb_native_compat.name))
			arch[word->index] = &sb_native_compat;
		else
			good &= sb_native_read_arch(&doc->reader, word, &arch[word->index]);
	}
	if (!good) /* names are then looked up for the target alone */
		r->native->arch_spot.node = NULL;
	return good;
}

/* Without a list: the target's, NULL. */
static bool read_arches(struct sb_native_reading *r)
{
	static const struct secbake_arch *const target;

	r->native->arch = &target;
	r->native->arch_count = 1;
	r->native->arch_spot = (struct sb_native_spot){r->native->main, NULL};
	return sb_native_read_member(r, SB_NATIVE_ARCHITECTURES, read_arch_list);
}

static bool read_foreign_action(struct sb_native_reading *r, const struct sb_native_doc *doc,
				const struct sb_json *word)
{
	r->native->foreign_spot = (struct sb_native_spot){doc, word};
	return sb_native_read_action(&doc->reader, word, &r->native->foreign);
}

static bool read_foreign(struct sb_native_reading *r)
{
	r->native->foreign = (struct sb_native_action){.ret = SECCOMP_RET_KILL_PROCESS};
	r->native->foreign_spot.doc = r->native->main;
	return sb_native_read_member(r, SB_NATIVE_FOREIGN, read_foreign_action);
}

static bool read_mode(struct sb_native_reading *r, const struct sb_native_doc *doc,
		      const struct sb_json *word)
{
	static const char *const modes[] = {"enforce", "complain", "unrestricted"};
	uint32_t mode = 0;

	if (!sb_native_choose(&doc->reader, word, "mode", modes, 3, &mode))
		return false;
	r->document->mode = mode == 1 ? SECBAKE_MODE_COMPLAIN : SECBAKE_MODE_ENFORCE;
	r->document->unrestricted = mode == 2;
	return true;
}

static bool read_notify(struct sb_native_reading *r, const struct sb_native_doc *doc,
			const struct sb_json *object)
{
	enum { LISTENER, METADATA, FIELDS };
	static const struct sb_native_field fields[FIELDS] = {
		[LISTENER] = {"listener", SB_TYPE(SB_JSON_STRING), "a string", true},
		[METADATA] = {"metadata", SB_TYPE(SB_JSON_STRING), "a string", false},
	};
	const struct sb_json *found[FIELDS];
	bool good = sb_native_fields(&doc->reader, object, "\"notify\"", fields, FIELDS, found);

	if (found[LISTENER] && !found[LISTENER]->text_size)
		return sb_native_fail(&doc->reader, found[LISTENER],
				      "empty; write the path of the socket that gets the listener");
	if (found[LISTENER] &&
	    !sb_listener_path_good(found[LISTENER]->text, found[LISTENER]->text_size))
		return sb_native_fail(&doc->reader, found[LISTENER],
				      "\"%s\" is not an absolute path of at most %d bytes",
				      sb_native_shown(&doc->reader, found[LISTENER]->text),
				      SB_LISTENER_PATH_MAX);
	if (found[METADATA] && found[METADATA]->text_size > SB_METADATA_MAX)
		return sb_json_fail(&doc->reader, found[METADATA], SECBAKE_ERR_LIMIT,
				    "%u bytes; \"metadata\" can have %u",
				    found[METADATA]->text_size, SB_METADATA_MAX),
		       false;
	r->document->listener_path = found[LISTENER] ? found[LISTENER]->text : NULL;
	if (found[METADATA] && found[METADATA]->text_size)
		r->document->listener_metadata = found[METADATA]->text;
	return good;
}

static bool read_baseline(struct sb_native_reading *r, const struct sb_native_doc *doc,
			  const struct sb_json *word)
{
	return sb_native_read_kernel(&doc->reader, word, &r->native->baseline);
}

static bool read_unsupported(struct sb_native_reading *r, const struct sb_native_doc *doc,
			     const struct sb_json *object)
{
	return sb_native_read_unsupported(&doc->reader, object, r->native);
}

/* Calls whose path counts by itself; what a program means is the same with and without. */
static bool read_hot(struct sb_native_reading *r, const struct sb_native_doc *doc,
		     const struct sb_json *list)
{
	const char **hot = sb_alloc(r->arena, list->count + 1u, sizeof(*hot));
	bool good = true;

	if (!hot)
		return sb_native_memory(&doc->reader);
	if (list->count > SB_HOT_MAX)
		return sb_native_fail(&doc->reader, list, "%u calls; at most %u can be hot",
				      list->count, SB_HOT_MAX);
	sb_json_each(word, list) {
		if (word->type == SB_JSON_STRING && *word->text != '@') {
			hot[word->index] = word->text;
			good &= sb_native_check_names(&doc->reader, word);
		} else {
			good = sb_native_fail(
				&doc->reader, word, "%s: \"hot\" lists names of system calls",
				sb_native_shown(&doc->reader, word->text ? word->text : ""));
		}
	}
	r->document->hot = hot;
	r->document->hot_count = list->count;
	return good;
}

static int compare_numbers(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void sort_kernels(struct sb_native_reading *r)
{
	uint32_t kept = 0;

	if (r->kernel_count)
		qsort(r->kernel, r->kernel_count, sizeof(*r->kernel), compare_numbers);
	for (uint32_t i = 0; i < r->kernel_count; i++)
		if (!i || r->kernel[i] != r->kernel[i - 1])
			r->kernel[kept++] = r->kernel[i];
	r->document->kernel = r->kernel;
	r->document->kernel_count = kept;
}

/* No default: only a base may lack it. */
static bool check_defaults(struct sb_native_reading *r)
{
	const struct sb_native_doc *main = r->native->main;

	for (uint32_t i = 0; i < r->native->layer_count; i++) {
		const struct sb_native_layer *layer = &r->native->layer[i];

		if (layer->default_spot.node)
			continue;
		if (layer->spot.node)
			sb_json_fail_as(&layer->spot.doc->reader, layer->spot.node,
					SECBAKE_CODE_LACKS_DEFAULT,
					"the layer lacks \"default\", the action for calls that no "
					"rule names; add it here, beside \"layers\", or in a base");
		else
			sb_json_fail_as(
				&main->reader, main->root, SECBAKE_CODE_LACKS_DEFAULT,
				"the policy lacks \"default\", the action for calls that no rule "
				"names; add it here or in a base");
		return false;
	}
	return true;
}

static void read_members(struct sb_native_reading *r)
{
	bool good = read_arches(r);

	good &= read_foreign(r);
	good &= sb_native_read_member(r, SB_NATIVE_BASELINE, read_baseline);
	good &= sb_native_read_member(r, SB_NATIVE_MODE, read_mode);
	good &= sb_native_read_member(r, SB_NATIVE_ON_UNSUPPORTED, read_unsupported);
	good &= sb_native_read_member(r, SB_NATIVE_NOTIFY, read_notify);
	good &= sb_native_read_member(r, SB_NATIVE_HOT, read_hot);
	good &= sb_native_read_layers(r);
	if (good && !r->native->incomplete)
		good = check_defaults(r);
	sb_native_read_acceptances(r);
	sb_native_read_groups(r);
	sort_kernels(r);
}

enum secbake_status sb_read_native(const struct sb_reader *reader, const struct sb_json *root,
				   const struct sb_options *options, struct sb_document *document)
{
	struct sb_native *native = sb_alloc(reader->arena, 1, sizeof(*native));
	struct sb_native_reading r = {.arena = reader->arena,
				      .options = options,
				      .report = reader->report,
				      .native = native,
				      .document = document};

	if (!native)
		return secbake_error_set(reader->report.error, SECBAKE_ERR_MEMORY, 0,
					 "out of memory");
	r.report.faults = &native->faults;
	document->dialect = SECBAKE_DIALECT_NATIVE;
	document->native = native;
	if (sb_native_open(&r, root)) {
		read_members(&r);
		sb_bind_native(reader->arena, native, options, &document->bound);
	}
	return native->faults.count ? native->faults.status : SECBAKE_OK;
}
