/* SPDX-License-Identifier: MIT */
/*
 * Lays out a blob: what the compiler knows becomes the bytes that the loader
 * maps. Each section grows in a buffer of its own, then they are joined behind
 * the header. Nothing depends on addresses, time or the host, so that equal
 * input gives equal bytes wherever it is built.
 */
#include "blob_write.h"

#include <endian.h>
#include <stdlib.h>

#include "blob_layout.h"
#include "hash.h"

struct buffer {
	uint8_t *bytes;
	size_t size, room;
};

/* A program that is stored already. */
struct stored {
	uint64_t hash;
	uint32_t insn_first, insn_count;
};

struct writer {
	const struct sb_blob_in *in;
	struct buffer section[SECBAKE_SECTION_COUNT];
	uint32_t *string; /* open-addressed: offset of a string + 1, 0: free */
	size_t string_slots, string_count;
	struct stored program[SECBAKE_VARIANTS_MAX * SECBAKE_LAYERS_MAX];
	uint32_t program_count;
	uint32_t insn_first[SECBAKE_VARIANTS_MAX][SECBAKE_LAYERS_MAX];
	uint32_t layer_first[SECBAKE_VARIANTS_MAX];
	struct secbake_error *error;
};

static enum secbake_status no_memory(const struct writer *w)
{
	return secbake_error_set(w->error, SECBAKE_ERR_MEMORY, 0,
				 "out of memory while laying out the blob of %s", w->in->name);
}

static enum secbake_status append(struct writer *w, enum secbake_blob_section section,
				  const void *bytes, size_t size)
{
	struct buffer *b = &w->section[section];

	/* Each section alone stays below the limit, so that no sum of them overflows. */
	if (size > SECBAKE_BLOB_SIZE_MAX - b->size)
		return secbake_error_set(w->error, SECBAKE_ERR_LIMIT, 0,
					 "the blob of %s would be larger than %u bytes; split the "
					 "policy",
					 w->in->name, SECBAKE_BLOB_SIZE_MAX);
	if (size > b->room - b->size) {
		size_t room = b->room ? b->room : 4096;
		uint8_t *grown;

		while (room - b->size < size)
			room *= 2;
		grown = realloc(b->bytes, room);
		if (!grown)
			return no_memory(w);
		b->bytes = grown;
		b->room = room;
	}
	if (size)
		memcpy(b->bytes + b->size, bytes, size);
	b->size += size;
	return SECBAKE_OK;
}

static const char *string_at(const struct writer *w, uint32_t slot)
{
	return (const char *)w->section[SECBAKE_SECTION_STRINGS].bytes + (slot - 1);
}

/* The slot that holds text, or the free one where it belongs. */
static uint32_t *string_slot(const struct writer *w, const char *text, size_t size)
{
	size_t at = (size_t)XXH3_64bits(text, size) & (w->string_slots - 1);

	while (w->string[at] && strcmp(string_at(w, w->string[at]), text) != 0)
		at = (at + 1) & (w->string_slots - 1);
	return &w->string[at];
}

static enum secbake_status grow_strings(struct writer *w)
{
	size_t old_slots = w->string_slots;
	uint32_t *old = w->string;
	size_t slots = old_slots ? old_slots * 2 : 256;
	uint32_t *table = calloc(slots, sizeof(*table));

	if (!table)
		return no_memory(w);
	w->string = table;
	w->string_slots = slots;
	for (size_t i = 0; i < old_slots; i++) {
		const char *text;

		if (!old[i])
			continue;
		text = string_at(w, old[i]);
		*string_slot(w, text, strlen(text)) = old[i];
	}
	free(old);
	return SECBAKE_OK;
}

/* Stores text once, in order of first use; NULL and "" are {0, 0}. out is in little-endian. */
static enum secbake_status put_string(struct writer *w, const char *text, size_t max,
				      struct secbake_blob_string *out)
{
	struct buffer *strings = &w->section[SECBAKE_SECTION_STRINGS];
	size_t size = text ? strlen(text) : 0;
	enum secbake_status status;
	uint32_t *slot;

	*out = (struct secbake_blob_string){0, 0};
	if (!size)
		return SECBAKE_OK;
	if (size > max)
		return secbake_error_set(w->error, SECBAKE_ERR_LIMIT, 0,
					 "a text of %s has %zu bytes, at most %zu are possible: "
					 "%.40s...",
					 w->in->name, size, max, text);
	if (w->string_count >= w->string_slots / 2) {
		status = grow_strings(w);
		if (status)
			return status;
	}
	slot = string_slot(w, text, size);
	if (!*slot) {
		uint32_t offset = (uint32_t)strings->size;

		status = append(w, SECBAKE_SECTION_STRINGS, text, size + 1);
		if (status)
			return status;
		*slot = offset + 1;
		w->string_count++;
	}
	out->offset = htole32(*slot - 1);
	out->size = htole32((uint32_t)size);
	return SECBAKE_OK;
}

static struct sock_filter target_order(struct sock_filter insn, bool big_endian)
{
	insn.code = big_endian ? htobe16(insn.code) : htole16(insn.code);
	insn.k = big_endian ? htobe32(insn.k) : htole32(insn.k);
	return insn;
}

static enum secbake_status put_program(struct writer *w, const struct sb_blob_layer_in *layer,
				       uint32_t *insn_first)
{
	const struct buffer *section = &w->section[SECBAKE_SECTION_PROGRAMS];
	struct sock_filter insn[SECBAKE_PROGRAM_MAX];
	size_t size = layer->insn_count * sizeof(*insn);
	enum secbake_status status;
	uint64_t hash;

	for (uint32_t i = 0; i < layer->insn_count; i++)
		insn[i] = target_order(layer->insn[i], w->in->arch->big_endian);
	hash = XXH3_64bits(insn, size);
	for (uint32_t i = 0; i < w->program_count; i++) {
		const struct stored *p = &w->program[i];

		if (p->hash != hash || p->insn_count != layer->insn_count ||
		    memcmp(section->bytes + p->insn_first * sizeof(*insn), insn, size) != 0)
			continue;
		*insn_first = p->insn_first;
		return SECBAKE_OK;
	}
	*insn_first = (uint32_t)(section->size / sizeof(*insn));
	status = append(w, SECBAKE_SECTION_PROGRAMS, insn, size);
	if (status)
		return status;
	w->program[w->program_count++] = (struct stored){
		.hash = hash, .insn_first = *insn_first, .insn_count = layer->insn_count};
	return SECBAKE_OK;
}

static bool same_rules(const struct sb_blob_layer_in *a, const struct sb_blob_layer_in *b)
{
	if (a->rule_count != b->rule_count)
		return false;
	for (uint32_t i = 0; i < a->rule_count; i++) {
		const struct sb_blob_rule_in *x = &a->rule[i], *y = &b->rule[i];

		if (x->action != y->action || x->source != y->source || x->line != y->line ||
		    strcmp(x->pointer ? x->pointer : "", y->pointer ? y->pointer : "") != 0)
			return false;
	}
	return true;
}

/* Programs are compared by where they were stored: equal ones have one place. */
static bool same_layers(const struct writer *w, uint32_t v, uint32_t u)
{
	const struct sb_blob_variant_in *a = &w->in->variant[v], *b = &w->in->variant[u];

	if (a->layer_count != b->layer_count)
		return false;
	for (uint32_t i = 0; i < a->layer_count; i++) {
		if (a->layer[i].filter_flags != b->layer[i].filter_flags ||
		    a->layer[i].insn_count != b->layer[i].insn_count ||
		    w->insn_first[v][i] != w->insn_first[u][i] ||
		    !same_rules(&a->layer[i], &b->layer[i]))
			return false;
	}
	return true;
}

static enum secbake_status put_rules(struct writer *w, const struct sb_blob_layer_in *layer,
				     uint32_t index)
{
	for (uint32_t i = 0; i < layer->rule_count; i++) {
		const struct sb_blob_rule_in *in = &layer->rule[i];
		struct secbake_blob_rule rule = {
			.layer = htole32(index),
			.action = htole32(in->action),
			.source = htole32(in->source),
			.line = htole32(in->line),
		};
		enum secbake_status status =
			put_string(w, in->pointer, SB_STRING_MAX, &rule.pointer);

		if (!status)
			status = append(w, SECBAKE_SECTION_RULES, &rule, sizeof(rule));
		if (status)
			return status;
	}
	return SECBAKE_OK;
}

static enum secbake_status put_layers(struct writer *w, uint32_t v)
{
	const struct sb_blob_variant_in *in = &w->in->variant[v];
	const struct buffer *section = &w->section[SECBAKE_SECTION_LAYERS];
	enum secbake_status status;

	for (uint32_t i = 0; i < in->layer_count; i++) {
		status = put_program(w, &in->layer[i], &w->insn_first[v][i]);
		if (status)
			return status;
	}
	for (uint32_t u = 0; u < v; u++) {
		if (same_layers(w, v, u)) {
			w->layer_first[v] = w->layer_first[u];
			return SECBAKE_OK;
		}
	}
	w->layer_first[v] = (uint32_t)(section->size / sizeof(struct secbake_blob_layer));
	for (uint32_t i = 0; i < in->layer_count; i++) {
		struct secbake_blob_layer layer = {
			.filter_flags = htole32(in->layer[i].filter_flags),
			.insn_first = htole32(w->insn_first[v][i]),
			.insn_count = htole32(in->layer[i].insn_count),
		};

		status = append(w, SECBAKE_SECTION_LAYERS, &layer, sizeof(layer));
		if (!status)
			status = put_rules(w, &in->layer[i], w->layer_first[v] + i);
		if (status)
			return status;
	}
	return SECBAKE_OK;
}

static enum secbake_status put_variant(struct writer *w, uint32_t v)
{
	const struct sb_blob_variant_in *in = &w->in->variant[v];
	struct secbake_blob_variant variant = {
		.mode = htole32((uint32_t)in->mode),
		.kernel_from = htole32(in->kernel_from),
		.kernel_to = htole32(in->kernel_to),
		.consulted_actions = htole32(in->consulted_actions),
		.answered_actions = htole32(in->answered_actions),
		.consulted_flags = htole32(in->consulted_flags),
		.answered_flags = htole32(in->answered_flags),
		.layer_count = htole32(in->layer_count),
	};
	enum secbake_status status = put_layers(w, v);

	if (status)
		return status;
	variant.layer_first = htole32(w->layer_first[v]);
	status = append(w, SECBAKE_SECTION_VARIANTS, &variant, sizeof(variant));
	for (uint32_t i = 0; !status && i < in->note_count; i++) {
		struct secbake_blob_note note = {.variant = htole32(v)};

		status = put_string(w, in->note[i], SB_STRING_MAX, &note.text);
		if (!status)
			status = append(w, SECBAKE_SECTION_NOTES, &note, sizeof(note));
	}
	return status;
}

static enum secbake_status put_source(struct writer *w, const struct sb_blob_source_in *in)
{
	struct secbake_blob_source source = {
		.kind = htole32((uint32_t)in->kind),
		.present = htole32(in->present),
		.parent = htole32(in->parent),
		.content = in->content,
	};
	enum secbake_status status = put_string(w, in->name, SB_STRING_MAX, &source.name);

	return status ? status : append(w, SECBAKE_SECTION_SOURCES, &source, sizeof(source));
}

static enum secbake_status check_limits(const struct writer *w)
{
	const struct sb_blob_in *in = w->in;

	if (!in->name || !secbake_name_valid(in->name))
		return secbake_error_set(w->error, SECBAKE_ERR_INTERNAL, 0,
					 "a blob needs a valid policy name");
	if (in->variant_count > SECBAKE_VARIANTS_MAX)
		return secbake_error_set(w->error, SECBAKE_ERR_LIMIT, 0,
					 "%s needs %u variants, a blob holds %u; name fewer kernel "
					 "versions",
					 in->name, in->variant_count, SECBAKE_VARIANTS_MAX);
	if (in->source_count > SECBAKE_SOURCES_MAX)
		return secbake_error_set(
			w->error, SECBAKE_ERR_LIMIT, 0,
			"%s reads %u files, users and groups, a blob records %u; use "
			"fewer bases, or numbers in place of names",
			in->name, in->source_count, SECBAKE_SOURCES_MAX);
	for (uint32_t v = 0; v < in->variant_count; v++) {
		const struct sb_blob_variant_in *variant = &in->variant[v];

		if (variant->layer_count > SECBAKE_LAYERS_MAX)
			return secbake_error_set(w->error, SECBAKE_ERR_LIMIT, 0,
						 "%s has %u layers, a blob holds %u", in->name,
						 variant->layer_count, SECBAKE_LAYERS_MAX);
		for (uint32_t i = 0; i < variant->layer_count; i++) {
			if (variant->layer[i].insn_count > SECBAKE_PROGRAM_MAX)
				return secbake_error_set(
					w->error, SECBAKE_ERR_LIMIT, 0,
					"a program of %s has %u instructions, the kernel takes %u; "
					"split the policy into layers",
					in->name, variant->layer[i].insn_count,
					SECBAKE_PROGRAM_MAX);
		}
	}
	return SECBAKE_OK;
}

static enum secbake_status fill(struct writer *w, struct secbake_blob_header *header)
{
	const struct sb_blob_in *in = w->in;
	enum secbake_status status = SECBAKE_OK;
	uint32_t flags = in->flags & ~(uint32_t)SECBAKE_BLOB_BIG_ENDIAN;

	if (in->arch->big_endian)
		flags |= SECBAKE_BLOB_BIG_ENDIAN;
	memcpy(header->magic, SECBAKE_BLOB_MAGIC, sizeof(header->magic));
	header->version = htole32(SECBAKE_BLOB_VERSION);
	header->header_size = htole32((uint32_t)sizeof(*header));
	header->audit_arch = htole32(in->arch->audit_arch);
	header->flags = htole32(flags);
	header->feature_hash = in->feature_hash;
	header->policy_hash = in->policy_hash;
	memcpy(header->name, in->name, strlen(in->name));
	_Static_assert(sizeof(SECBAKE_VERSION) <= sizeof(header->compiler), "version");
	memcpy(header->compiler, SECBAKE_VERSION, sizeof(SECBAKE_VERSION));

	for (uint32_t i = 0; !status && i < in->source_count; i++)
		status = put_source(w, &in->source[i]);
	if (!status)
		status = put_string(w, in->listener_path, SB_STRING_MAX, &header->listener_path);
	if (!status)
		status = put_string(w, in->listener_metadata, SB_METADATA_MAX,
				    &header->listener_metadata);
	for (uint32_t v = 0; !status && v < in->variant_count; v++)
		status = put_variant(w, v);
	return status;
}

static size_t aligned(size_t size)
{
	return (size + (SECBAKE_BLOB_ALIGN - 1)) & ~(size_t)(SECBAKE_BLOB_ALIGN - 1);
}

/* Header and sections in one piece, gaps zero, checksum last. */
static enum secbake_status join(const struct writer *w, struct secbake_blob_header *header,
				uint8_t **bytes, size_t *size)
{
	size_t total = sizeof(*header);
	struct secbake_hash checksum;
	uint8_t *out;

	for (uint32_t i = 0; i < SECBAKE_SECTION_COUNT; i++) {
		/* Below SECBAKE_SECTION_COUNT times the limit of append(). */
		header->section[i].offset = htole32((uint32_t)total);
		header->section[i].size = htole32((uint32_t)w->section[i].size);
		total = aligned(total + w->section[i].size);
	}
	if (total > SECBAKE_BLOB_SIZE_MAX)
		return secbake_error_set(w->error, SECBAKE_ERR_LIMIT, 0,
					 "the blob of %s has %zu bytes, at most %u are possible; "
					 "split the policy",
					 w->in->name, total, SECBAKE_BLOB_SIZE_MAX);
	header->total_size = htole64((uint64_t)total);
	out = calloc(1, total);
	if (!out)
		return no_memory(w);
	memcpy(out, header, sizeof(*header));
	for (uint32_t i = 0; i < SECBAKE_SECTION_COUNT; i++) {
		if (w->section[i].size)
			memcpy(out + le32toh(header->section[i].offset), w->section[i].bytes,
			       w->section[i].size);
	}
	checksum = sb_hash_bytes(out, total);
	memcpy(out + offsetof(struct secbake_blob_header, checksum), &checksum, sizeof(checksum));
	*bytes = out;
	*size = total;
	return SECBAKE_OK;
}

static void writer_free(struct writer *w)
{
	if (!w)
		return;
	for (uint32_t i = 0; i < SECBAKE_SECTION_COUNT; i++)
		free(w->section[i].bytes);
	free(w->string);
	free(w);
}

/* What the loader would refuse never leaves the compiler. */
static enum secbake_status reopen(const struct writer *w, const uint8_t *bytes, size_t size)
{
	struct secbake_error why = {0};
	struct secbake_blob blob;
	enum secbake_status status = secbake_blob_open(bytes, size, &blob, &why);

	if (!status)
		return SECBAKE_OK;
	return secbake_error_set(
		w->error, status == SECBAKE_ERR_LIMIT ? status : SECBAKE_ERR_INTERNAL, 0,
		"the blob just made for %s does not open: %s", w->in->name, why.text);
}

enum secbake_status sb_blob_write(const struct sb_blob_in *in, uint8_t **bytes, size_t *size,
				  struct secbake_error *error)
{
	struct secbake_blob_header header = {0};
	struct writer *w = calloc(1, sizeof(*w));
	enum secbake_status status;
	uint8_t *out = NULL;
	size_t total = 0;

	if (!w)
		return secbake_error_set(error, SECBAKE_ERR_MEMORY, 0,
					 "out of memory while laying out a blob");
	w->in = in;
	w->error = error;
	status = check_limits(w);
	if (!status)
		status = fill(w, &header);
	if (!status)
		status = join(w, &header, &out, &total);
	if (!status)
		status = reopen(w, out, total);
	writer_free(w);
	if (status) {
		free(out);
		return status;
	}
	*bytes = out;
	*size = total;
	return SECBAKE_OK;
}
