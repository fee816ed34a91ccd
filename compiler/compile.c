/* SPDX-License-Identifier: MIT */
/*
 * A blob of one policy: read once (front.c), then resolved and generated
 * (generate.c) for each variant that the blob holds: enforce and complain, on
 * each interval between the kernel versions that the policy names.
 */
#include <secbake/compile.h>

#include <stdlib.h>
#include <string.h>

#include <cache/accounts.h>
#include <cache/blob_write.h>

#include "arena.h"
#include "digest.h"
#include "front.h"
#include "generate.h"
#include "hot.h"
#include "prove.h"
#include "same.h"
#include "takeover.h"

struct secbake_compiled {
	uint8_t *blob;
	size_t size;
	bool restamped;
};

struct compilation {
	struct sb_arena *arena;
	struct sb_arena *scratch; /* for making one program after the other */
	const struct secbake_compile_options *given;
	struct sb_front front;
	struct sb_digest *digest;
	struct sb_blob_variant_in *variant;
	struct sb_resolved *resolved; /* of each variant */
	uint32_t variant_count;
	const struct secbake_blob *earlier; /* whose programs are as good; or NULL */
	struct known *known;		    /* programs made so far, latest first */
	bool proved;			    /* some program was generated */
	struct secbake_error *error;
};

/* A proved program, and its layer. */
struct known {
	const struct sb_layer *layer;
	struct sb_program program;
	struct known *next;
};

enum {
	TAG_LISTENER_PATH = 1,
	TAG_LISTENER_METADATA,
	TAG_VARIANT,
	TAG_ARCH,
	TAG_MODE,
	TAG_TUNING,
	TAG_HOT
};

static enum secbake_status no_memory(struct compilation *c)
{
	return secbake_error_set(c->error, SECBAKE_ERR_MEMORY, 0, "out of memory");
}

static const struct sb_blob_rule_in *provenance(struct compilation *c, const struct sb_layer *layer)
{
	struct sb_blob_rule_in *rule = sb_alloc(c->arena, layer->rule_count, sizeof(*rule));

	for (uint32_t i = 0; rule && i < layer->rule_count; i++) {
		const struct sb_place *place = &layer->rule[i].place;

		rule[i] = (struct sb_blob_rule_in){layer->rule[i].action, place->source,
						   place->line, place->pointer};
	}
	return rule;
}

/* Is this interval of kernel versions the one that the target falls into? */
static bool is_targets(const struct compilation *c, uint32_t from, uint32_t to)
{
	uint32_t kernel = c->given->target.kernel;

	return kernel ? from <= kernel && kernel < to : to == SECBAKE_KERNEL_ANY;
}

/* Is this the variant that the target itself would load first: the one worth messages? */
static bool is_targets_own(const struct compilation *c, enum secbake_mode mode, uint32_t from,
			   uint32_t to)
{
	return mode == c->front.mode && is_targets(c, from, to);
}

/*
 * Variants often come to the same policy; their programs are made once. That layers
 * look the same is a hint here and no more: what is found is proved against this one, too.
 */
static enum secbake_status program_of(struct compilation *c, const struct sb_resolved *resolved,
				      const struct sb_layer *layer, bool complain,
				      struct sb_program *program)
{
	struct known *made = sb_alloc(c->arena, 1, sizeof(*made));
	struct sb_tuning tuning = {
		.best = c->front.options.effort == SECBAKE_EFFORT_BEST,
		/* Who complains is looking for what is missing, and not in a hurry. */
		.tries = complain ? SB_TRIES_BEST / 16 : SB_TRIES_BEST,
		.off = c->front.options.passes_off,
	};
	enum secbake_status status;

	if (!made)
		return no_memory(c);
	for (struct known *known = c->known; known; known = known->next) {
		if (!sb_same_layer(known->layer, layer) ||
		    sb_prove(&known->program, layer, NULL, NULL) != SECBAKE_OK)
			continue;
		*program = known->program;
		return SECBAKE_OK;
	}
	if (!sb_hot_calls(c->arena, &c->front.document, layer, &tuning))
		return no_memory(c);
	c->proved = true;
	status = sb_generate(c->arena, c->scratch, layer, &tuning, resolved->big_endian,
			     &made->program, c->error);
	if (status != SECBAKE_OK)
		return status;
	made->layer = layer;
	made->next = c->known;
	c->known = made;
	*program = made->program;
	return SECBAKE_OK;
}

/* Degradations are reported once, by whoever compiles; the blob keeps them for later. */
static void report_degradations(const struct compilation *c, const struct sb_resolved *resolved,
				struct secbake_reporter *reporter)
{
	for (uint32_t i = 0; reporter && i < resolved->note_count; i++) {
		struct secbake_error message = {0};

		secbake_error_set(&message, SECBAKE_ERR_TARGET, 0, "%s", resolved->note[i]);
		secbake_error_file(&message, c->given->policy.file, 0, 0, NULL);
		reporter->report(reporter, SECBAKE_NOTE, &message);
	}
}

static enum secbake_status compile_layer(struct compilation *c, uint32_t index, uint32_t number,
					 struct sb_blob_layer_in *layer)
{
	const struct sb_blob_variant_in *variant = &c->variant[index];
	const struct sb_layer *from = &c->resolved[index].layer[number];

	if (!c->earlier || !sb_takeover_program(c->arena, c->earlier, index, variant, number,
						from->filter_flags, layer)) {
		struct sb_program program = {0};
		enum secbake_status status =
			program_of(c, &c->resolved[index], from,
				   variant->mode == SECBAKE_MODE_COMPLAIN, &program);

		if (status != SECBAKE_OK)
			return status;
		*layer = (struct sb_blob_layer_in){.filter_flags = from->filter_flags,
						   .insn = program.insn,
						   .insn_count = program.count};
	}
	if (variant->mode != SECBAKE_MODE_ENFORCE)
		return SECBAKE_OK; /* its rules are those of enforce, all of one action */
	layer->rule = provenance(c, from);
	layer->rule_count = from->rule_count;
	return layer->rule || !from->rule_count ? SECBAKE_OK : no_memory(c);
}

static enum secbake_status compile_layers(struct compilation *c, uint32_t index)
{
	struct sb_blob_variant_in *variant = &c->variant[index];
	uint32_t count = c->resolved[index].layer_count;
	struct sb_blob_layer_in *layer = sb_alloc(c->arena, count, sizeof(*layer));

	if (!layer && count)
		return no_memory(c);
	for (uint32_t i = 0; i < count; i++) {
		enum secbake_status status = compile_layer(c, index, i, &layer[i]);

		if (status != SECBAKE_OK)
			return status;
	}
	variant->layer = layer;
	variant->layer_count = count;
	return SECBAKE_OK;
}

/*
 * What the policy means in one mode on one interval of kernel versions. Versions
 * that the target is not of may need what it lacks: a kernel of these features
 * that is one of them has no program, and the blob no variant for it.
 */
static enum secbake_status resolve_variant(struct compilation *c, enum secbake_mode mode,
					   uint32_t from, uint32_t to)
{
	const bool own = is_targets_own(c, mode, from, to), gap = !is_targets(c, from, to);
	struct sb_resolved *resolved = &c->resolved[c->variant_count];
	struct secbake_error why = {0};
	enum secbake_status status;

	if (c->given->only_target && !own)
		return SECBAKE_OK;
	status = sb_front_resolve(c->arena, &c->front, mode, from, own ? c->given->reporter : NULL,
				  resolved, gap ? &why : c->error);
	if (status == SECBAKE_ERR_TARGET && gap)
		return SECBAKE_OK;
	if (status != SECBAKE_OK) {
		if (gap)
			*c->error = why;
		return status;
	}
	c->variant[c->variant_count++] = (struct sb_blob_variant_in){
		.mode = mode,
		.kernel_from = from,
		.kernel_to = to,
		.consulted_actions = resolved->consulted.actions,
		.answered_actions = resolved->consulted.actions & c->given->target.actions,
		.consulted_flags = resolved->consulted.flags,
		.answered_flags = resolved->consulted.flags & c->given->target.flags,
		.note = resolved->note,
		.note_count = resolved->note_count,
	};
	sb_digest_number(c->digest, TAG_VARIANT, mode);
	sb_digest_number(c->digest, TAG_VARIANT, from);
	sb_digest_number(c->digest, TAG_VARIANT, to);
	sb_digest_resolved(c->digest, resolved);
	return SECBAKE_OK;
}

/* What changes no verdict, but the programs: they are not taken over from those made otherwise. */
static void digest_tuning(struct compilation *c)
{
	const struct sb_document *document = &c->front.document;

	sb_digest_number(c->digest, TAG_TUNING, c->front.options.effort == SECBAKE_EFFORT_BEST);
	sb_digest_number(c->digest, TAG_TUNING, c->front.options.passes_off);
	sb_digest_number(c->digest, TAG_HOT, document->hot_count);
	for (uint32_t i = 0; i < document->hot_count; i++)
		sb_digest_bytes(c->digest, TAG_HOT, document->hot[i], strlen(document->hot[i]));
}

static enum secbake_status resolve_mode(struct compilation *c, enum secbake_mode mode)
{
	enum secbake_status status = SECBAKE_OK;
	uint32_t from = 0;

	for (uint32_t i = 0; i <= c->front.document.kernel_count && status == SECBAKE_OK; i++) {
		uint32_t to = i < c->front.document.kernel_count ? c->front.document.kernel[i]
								 : SECBAKE_KERNEL_ANY;

		if (to > from)
			status = resolve_variant(c, mode, from, to);
		from = to;
	}
	return status;
}

/* All of the blob but its programs. */
static enum secbake_status describe_blob(struct compilation *c, struct sb_blob_in *in)
{
	const struct secbake_compile_options *given = c->given;
	const struct sb_sources *sources = &c->front.sources;
	const uint32_t count = sources->count + sources->account_count;
	struct sb_blob_source_in *source = sb_alloc(c->arena, count, sizeof(*source));

	*in = (struct sb_blob_in){
		.name = given->name,
		.arch = given->target.arch,
		.flags = (given->sealed ? SECBAKE_BLOB_SEALED : 0) | sb_front_mode_flags(&c->front),
		.listener_path = c->front.document.listener_path,
		.listener_metadata = c->front.document.listener_metadata,
		.variant = c->variant,
		.variant_count = c->variant_count,
		.source = source,
		.source_count = count,
	};
	if (!source)
		return no_memory(c);
	for (uint32_t i = 0; i < sources->count; i++)
		source[i] = (struct sb_blob_source_in){.kind = sources->at[i].kind,
						       .present = sources->at[i].present,
						       .parent = sources->at[i].parent,
						       .name = sources->at[i].name,
						       .content = sources->at[i].content};
	for (uint32_t i = 0; i < sources->account_count; i++)
		source[sources->count + i] = (struct sb_blob_source_in){
			.kind = SECBAKE_SOURCE_ACCOUNT,
			.present = true,
			.name = sources->account[i].name,
			.content = sb_account_content(sources->account[i].id)};
	secbake_features_hash(&given->target, &in->feature_hash);
	in->policy_hash = sb_digest_end(c->digest);
	return SECBAKE_OK;
}

/* Programs, taken over or made and proved, then the bytes. */
static enum secbake_status finish_blob(struct compilation *c, struct secbake_compiled *compiled)
{
	struct sb_blob_in in;
	enum secbake_status status = describe_blob(c, &in);

	if (status == SECBAKE_OK && sb_takeover_possible(c->given->earlier, &in))
		c->earlier = c->given->earlier;
	for (uint32_t v = 0; v < c->variant_count && status == SECBAKE_OK; v++) {
		const struct sb_blob_variant_in *variant = &c->variant[v];

		status = compile_layers(c, v);
		if (status == SECBAKE_OK &&
		    is_targets_own(c, variant->mode, variant->kernel_from, variant->kernel_to))
			report_degradations(c, &c->resolved[v], c->given->reporter);
	}
	if (status == SECBAKE_OK)
		status = sb_blob_write(&in, &compiled->blob, &compiled->size, c->error);
	compiled->restamped = c->earlier && !c->proved;
	return status;
}

static void digest_strings(struct compilation *c)
{
	const char *path = c->front.document.listener_path,
		   *metadata = c->front.document.listener_metadata;

	digest_tuning(c);
	sb_digest_number(c->digest, TAG_ARCH, c->given->target.arch->audit_arch);
	sb_digest_number(c->digest, TAG_MODE, sb_front_mode_flags(&c->front));
	if (path)
		sb_digest_bytes(c->digest, TAG_LISTENER_PATH, path, strlen(path));
	if (metadata)
		sb_digest_bytes(c->digest, TAG_LISTENER_METADATA, metadata, strlen(metadata));
}

static enum secbake_status resolve_all(struct compilation *c)
{
	enum secbake_status status;

	if (c->front.unrestricted) {
		c->variant[c->variant_count++] = (struct sb_blob_variant_in){
			.mode = SECBAKE_MODE_ENFORCE, .kernel_to = SECBAKE_KERNEL_ANY};
		return SECBAKE_OK;
	}
	status = resolve_mode(c, SECBAKE_MODE_ENFORCE);
	if (status == SECBAKE_OK && !c->front.options.no_complain)
		status = resolve_mode(c, SECBAKE_MODE_COMPLAIN);
	return status;
}

static enum secbake_status run(struct compilation *c, struct secbake_compiled *compiled)
{
	const struct secbake_compile_options *given = c->given;
	enum secbake_status status;
	size_t most;

	status = sb_front_read(c->arena, given, &c->front, c->error);
	if (status != SECBAKE_OK)
		return status;
	most = 2 * ((size_t)c->front.document.kernel_count + 1);
	if (most > SECBAKE_VARIANTS_MAX) {
		secbake_error_set(c->error, SECBAKE_ERR_LIMIT, 0,
				  "names %u kernel versions; %u is the limit",
				  c->front.document.kernel_count, SECBAKE_VARIANTS_MAX / 2 - 1);
		secbake_error_file(c->error, given->policy.file, 0, 0, NULL);
		return SECBAKE_ERR_LIMIT;
	}
	c->variant = sb_alloc(c->arena, most, sizeof(*c->variant));
	c->resolved = sb_alloc(c->arena, most, sizeof(*c->resolved));
	if (!c->variant || !c->resolved)
		return no_memory(c);
	digest_strings(c);
	status = resolve_all(c);
	if (status == SECBAKE_OK)
		status = finish_blob(c, compiled);
	if (status != SECBAKE_OK)
		secbake_error_file(c->error, given->policy.file, 0, 0, NULL);
	return status;
}

enum secbake_status secbake_compile(const struct secbake_compile_options *options,
				    struct secbake_compiled **compiled, struct secbake_error *error)
{
	struct secbake_error unseen = {0};
	struct compilation c = {.given = options, .error = error ? error : &unseen};
	struct secbake_compiled *made;
	enum secbake_status status;

	made = calloc(1, sizeof(*made));
	c.arena = sb_arena_new();
	c.scratch = sb_arena_new();
	c.digest = sb_digest_new();
	status = made && c.arena && c.scratch && c.digest ? run(&c, made) : no_memory(&c);
	sb_digest_free(c.digest);
	sb_arena_free(c.scratch);
	sb_arena_free(c.arena);
	if (status != SECBAKE_OK) {
		secbake_compiled_free(made);
		return status;
	}
	*compiled = made;
	return SECBAKE_OK;
}

void secbake_compiled_free(struct secbake_compiled *compiled)
{
	if (!compiled)
		return;
	free(compiled->blob);
	free(compiled);
}

const uint8_t *secbake_compiled_blob(const struct secbake_compiled *compiled, size_t *size)
{
	*size = compiled->size;
	return compiled->blob;
}

bool secbake_compiled_restamped(const struct secbake_compiled *compiled)
{
	return compiled->restamped;
}
