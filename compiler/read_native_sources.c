/* SPDX-License-Identifier: MIT */
/*
 * The documents of a native policy: itself, then its bases, depth first, each
 * once. A base that leads back to a document that is still open is a cycle.
 */
#include "read_native.h"

#include <string.h>

#define DEPTH_MAX 32u /* documents in one chain of extends */

#define STRING SB_TYPE(SB_JSON_STRING)
#define LIST SB_TYPE(SB_JSON_ARRAY)
#define OBJECT SB_TYPE(SB_JSON_OBJECT)

static const struct sb_native_field members[SB_NATIVE_MEMBERS] = {
	[SB_NATIVE_SCHEMA] = {"$schema", STRING, "a string", false},
	[SB_NATIVE_VERSION] = {"secbake", SB_TYPE(SB_JSON_NUMBER), "the number 1", true},
	[SB_NATIVE_EXTENDS] = {"extends", LIST, "a list", false},
	[SB_NATIVE_ARCHITECTURES] = {"architectures", LIST, "a list", false},
	[SB_NATIVE_DEFAULT] = {"default", STRING, "a string", false},
	[SB_NATIVE_FOREIGN] = {"foreignArch", STRING, "a string", false},
	[SB_NATIVE_BASELINE] = {"baseline", STRING, "a string such as \"6.1\"", false},
	[SB_NATIVE_MODE] = {"mode", STRING, "a string", false},
	[SB_NATIVE_FLAGS] = {"flags", LIST, "a list", false},
	[SB_NATIVE_ON_UNSUPPORTED] = {"onUnsupported", OBJECT, "an object", false},
	[SB_NATIVE_NOTIFY] = {"notify", OBJECT, "an object", false},
	[SB_NATIVE_HOT] = {"hot", LIST, "a list", false},
	[SB_NATIVE_RULES] = {"rules", LIST, "a list", false},
	[SB_NATIVE_GROUPS] = {"groups", OBJECT, "an object", false},
	[SB_NATIVE_LAYERS] = {"layers", LIST, "a list", false},
	[SB_NATIVE_ACCEPT] = {"accept", OBJECT, "an object", false},
};

/* Documents while bases are followed; open: the chain that leads to the current one. */
struct walk {
	struct sb_native_reading *r;
	struct sb_native_doc **doc;
	uint32_t count;
	const struct sb_native_doc *open[DEPTH_MAX];
	uint32_t depth;
};

static struct sb_native_doc *new_doc(struct sb_native_reading *r, uint32_t source, const char *file)
{
	struct sb_native_doc *doc = sb_alloc(r->arena, 1, sizeof(*doc));

	if (!doc)
		return NULL;
	doc->source = source;
	doc->reader = (struct sb_reader){.arena = r->arena, .report = r->report};
	doc->reader.report.file = file;
	return doc;
}

/* Its members, of the right types; a wrong version makes the rest meaningless. */
static bool take_members(struct sb_native_doc *doc)
{
	const struct sb_json **found =
		sb_alloc(doc->reader.arena, SB_NATIVE_MEMBERS, sizeof(*found));
	const struct sb_json *version;

	if (!found)
		return sb_native_memory(&doc->reader);
	version = sb_json_member(doc->root, "secbake");
	if (!version)
		return sb_native_fail(&doc->reader, doc->root,
				      "a policy in the native language has the member \"secbake\": "
				      "1");
	if (version->type != SB_JSON_NUMBER || version->number != SB_JSON_INTEGER ||
	    version->negative || version->magnitude != 1)
		return sb_native_fail(&doc->reader, version,
				      "\"secbake\" must be the number 1, the version of the policy "
				      "language that this program reads");
	doc->member = found;
	sb_native_fields(&doc->reader, doc->root, "a policy", members, SB_NATIVE_MEMBERS, found);
	return true;
}

/* The text of one more document. JSON that cannot be parsed ends that document. */
static bool parse(struct sb_native_doc *doc, const struct secbake_text *text)
{
	struct secbake_error first = {0};
	struct sb_reader alone = doc->reader;

	alone.report.error = &first;
	alone.report.faults = NULL;
	if (sb_json_parse(&alone, text, &doc->root) != SECBAKE_OK) {
		const struct sb_place place = {
			.line = first.line, .column = first.column, .pointer = first.pointer};

		if (first.status == SECBAKE_ERR_MEMORY)
			return sb_native_memory(&doc->reader);
		sb_fail(&doc->reader.report, &place, first.status, "%s", first.text);
		return false;
	}
	if (doc->root->type != SB_JSON_OBJECT)
		return sb_native_fail(&doc->reader, doc->root,
				      "a policy is a JSON object, this is %s",
				      sb_json_type_name((enum sb_json_type)doc->root->type));
	return true;
}

/* An error of the reader of sources, told where the source is named. */
static bool cannot_read(const struct sb_reader *reader, const struct sb_json *node,
			const struct secbake_error *why)
{
	struct secbake_error message = {0};
	struct sb_json_spot spot;

	if (why->status == SECBAKE_ERR_MEMORY)
		return sb_native_memory(reader);
	/* That a file is not there is the fault of the policy that names it. */
	secbake_error_set(&message,
			  why->status == SECBAKE_ERR_MISSING ? SECBAKE_ERR_INPUT : why->status,
			  why->sys_errno, "%s", why->text);
	sb_report_error(&reader->report, sb_json_spot(&spot, node), &message);
	return false;
}

static bool same_source(const struct sb_source *a, const struct sb_source *b)
{
	if (a->kind != b->kind)
		return false;
	return a->kind == SECBAKE_SOURCE_POLICY ? !strcmp(a->name, b->name)
						: a->root == b->root && !strcmp(a->path, b->path);
}

/* "a.json extends b.json extends a.json": from where the circle begins. */
static bool report_cycle(const struct walk *w, const struct sb_json *word,
			 const struct sb_native_doc *again)
{
	const struct sb_native_doc *at = w->open[w->depth - 1];
	const char *chain = again->reader.report.file;
	uint32_t i = 0;

	while (w->open[i] != again)
		i++;
	for (i++; chain && i < w->depth; i++)
		chain = sb_sprintf(w->r->arena, "%s extends %s", chain,
				   w->open[i]->reader.report.file);
	if (!chain)
		return sb_native_memory(&at->reader);
	return sb_native_fail(&at->reader, word,
			      "a circle of bases: %s extends %s again; take one of them out", chain,
			      again->reader.report.file);
}

static bool open_doc(struct walk *w, struct sb_native_doc *doc);

static bool open_base(struct walk *w, const struct sb_native_doc *doc, const struct sb_json *word)
{
	struct sb_sources *sources = w->r->options->sources;
	const struct sb_reader *reader = &doc->reader;
	enum secbake_source_kind kind =
		*word->text == '@' ? SECBAKE_SOURCE_POLICY : SECBAKE_SOURCE_FILE;
	struct secbake_error why = {0};
	struct secbake_text text;
	struct sb_source source;
	struct sb_native_doc *base;
	uint32_t index;

	if (!sources)
		return sb_native_fail(reader, word,
				      "\"%.64s\" cannot be read: this compile reads no other files",
				      word->text);
	if (sb_sources_name(sources, kind, doc->source,
			    word->text + (kind == SECBAKE_SOURCE_POLICY), &source,
			    &why) != SECBAKE_OK)
		return cannot_read(reader, word, &why);
	for (uint32_t i = 0; i < w->count; i++) {
		if (!same_source(&source, &sources->at[w->doc[i]->source]))
			continue;
		for (uint32_t j = 0; j < w->depth; j++)
			if (w->open[j] == w->doc[i])
				return report_cycle(w, word, w->doc[i]);
		return true; /* it counts once, where it was first */
	}
	if (w->depth == DEPTH_MAX)
		return sb_json_fail(reader, word, SECBAKE_ERR_LIMIT,
				    "a chain of more than %u bases; that is the limit",
				    DEPTH_MAX - 1),
		       false;
	if (sb_sources_read(sources, &source, &index, &text, &why) != SECBAKE_OK)
		return cannot_read(reader, word, &why);
	base = new_doc(w->r, index, text.file);
	if (!base)
		return sb_native_memory(reader);
	return parse(base, &text) && open_doc(w, base);
}

static bool open_doc(struct walk *w, struct sb_native_doc *doc)
{
	const struct sb_json *extends;
	bool good = true;

	if (!take_members(doc))
		return false;
	w->doc[w->count++] = doc; /* no more than sources */
	extends = doc->member[SB_NATIVE_EXTENDS];
	if (!extends)
		return true;
	w->open[w->depth++] = doc;
	sb_json_each(word, extends) {
		if (sb_native_over(&doc->reader))
			return false;
		if (word->type != SB_JSON_STRING || !word->text_size)
			good = sb_native_fail(&doc->reader, word,
					      "a base is the name of a policy, as \"@name\", or "
					      "of a file");
		else
			good &= open_base(w, doc, word);
	}
	w->depth--;
	return good;
}

bool sb_native_open(struct sb_native_reading *r, const struct sb_json *root)
{
	struct walk w = {.r = r};
	struct sb_native_doc *doc = new_doc(r, 0, r->report.file);

	w.doc = sb_alloc(r->arena, SECBAKE_SOURCES_MAX, sizeof(struct sb_native_doc *));
	if (!doc || !w.doc)
		return doc ? sb_native_memory(&doc->reader) : false;
	doc->root = root;
	r->native->main = doc;
	r->native->incomplete = !open_doc(&w, doc);
	r->doc = w.doc;
	r->doc_count = w.count;
	return w.count > 0;
}

bool sb_native_open_groups(struct sb_native_reading *r, const struct sb_native_spot *user,
			   const char *name, struct sb_native_doc **doc)
{
	const struct sb_reader *reader = &user->doc->reader;
	struct sb_sources *sources = r->options->sources;
	struct secbake_error why = {0};
	struct secbake_text text;
	struct sb_source source;
	uint32_t index;

	if (!sources)
		return sb_native_fail(
			reader, user->node,
			"the policy has no group \"%.64s\", and this compile reads no "
			"others",
			name);
	if (sb_sources_name(sources, SECBAKE_SOURCE_POLICY, 0, "@groups", &source, &why) !=
	    SECBAKE_OK)
		return cannot_read(reader, user->node, &why);
	switch (sb_sources_read(sources, &source, &index, &text, &why)) {
	case SECBAKE_OK:
		break;
	case SECBAKE_ERR_MISSING:
		return sb_native_fail(reader, user->node,
				      "the policy has no group \"%.64s\", and the shipped ones, "
				      "@groups.json, are not on the policy path",
				      name);
	default:
		return cannot_read(reader, user->node, &why);
	}
	*doc = new_doc(r, index, text.file);
	if (!*doc)
		return sb_native_memory(reader);
	if (!parse(*doc, &text) || !take_members(*doc))
		return false;
	for (uint32_t i = 0; i < SB_NATIVE_MEMBERS; i++)
		if ((*doc)->member[i] && i != SB_NATIVE_VERSION && i != SB_NATIVE_GROUPS &&
		    i != SB_NATIVE_SCHEMA)
			return sb_native_fail(
				&(*doc)->reader, (*doc)->member[i],
				"the file of shipped groups has nothing but \"groups\"");
	return true;
}
