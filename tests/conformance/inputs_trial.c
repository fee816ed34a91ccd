/* SPDX-License-Identifier: MIT */
/* Compiling one policy of a set of documents, and comparing what came of it; see inputs.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/conformance/inputs.h"

#include "tests/lib/calls.h"
#include "tests/lib/evaluate.h"

#include <cache/hash.h>

#define MEANINGS_MAX 8192u

/* The first four are policies, the others what they read. */
const char *const file[DOCUMENTS] = {"oci.json",  "podman.json",     "native.json", "layers.json",
				     "base.json", "parts/more.json", "@groups.json"};
size_t policy, failures;
struct trial before;
struct texts base_texts;

static struct meaning seen[MEANINGS_MAX];
static size_t seen_count;

/* ---- compiling a set of documents ---- */

static enum secbake_status hand_out(struct secbake_source_reader *self, uint32_t index,
				    enum secbake_source_kind kind, uint32_t parent,
				    const char *name, struct secbake_text *text,
				    struct secbake_error *error)
{
	const struct texts *texts = (const struct texts *)self;
	const size_t size = strlen(name);

	(void)index;
	(void)kind;
	(void)parent;
	for (size_t i = 0; i < DOCUMENTS; i++) {
		if (strncmp(file[i], name, size) != 0 ||
		    (strcmp(file[i] + size, ".json") != 0 && file[i][size]))
			continue;
		*text = (struct secbake_text){texts->text[i], strlen(texts->text[i]), file[i]};
		return SECBAKE_OK;
	}
	return secbake_error_set(error, SECBAKE_ERR_MISSING, 0, "there is no %s", name);
}

static enum secbake_status accounts(struct secbake_source_reader *self, bool groups,
				    struct secbake_text *text, struct secbake_error *error)
{
	static const char passwd[] = "www:x:33:33:::\nother:x:34:34:::\n";
	static const char group[] = "www:x:43:\nother:x:44:\n";

	(void)self;
	(void)error;
	*text = groups ? (struct secbake_text){group, sizeof(group) - 1, "group"}
		       : (struct secbake_text){passwd, sizeof(passwd) - 1, "passwd"};
	return SECBAKE_OK;
}

static const char *const caps[] = {"CAP_SYS_ADMIN"};

struct secbake_compile_options options_for(struct texts *texts)
{
	struct secbake_compile_options options = {
		.name = "web",
		.policy = {texts->text[policy], strlen(texts->text[policy]), file[policy]},
		.caps = caps,
		.cap_count = 1,
		.sources = &texts->base,
	};

	texts->base = (struct secbake_source_reader){.read = hand_out, .accounts = accounts};
	if (secbake_features_of_kernel(secbake_arch_find("x86_64"), SECBAKE_KERNEL(6, 12),
				       &options.target, NULL))
		test_die("no features");
	return options;
}

bool trial_compile(struct trial *trial, const struct secbake_compile_options *options,
		   struct secbake_error *error)
{
	const uint8_t *bytes;
	size_t size;

	*trial = (struct trial){0};
	if (secbake_compile(options, &trial->compiled, error))
		return false;
	bytes = secbake_compiled_blob(trial->compiled, &size);
	trial->arena = sb_arena_new();
	if (secbake_blob_open(bytes, size, &trial->blob, error) || !trial->arena ||
	    sb_front_read(trial->arena, options, &trial->front, error))
		test_die("what compiles can be read again");
	return true;
}

void trial_free(struct trial *trial)
{
	secbake_compiled_free(trial->compiled);
	sb_arena_free(trial->arena);
}

static void add(struct secbake_hash *to, const void *bytes, size_t size)
{
	const struct secbake_hash chain[2] = {*to, sb_hash_bytes(bytes, size)};

	*to = sb_hash_bytes(chain, sizeof(chain));
}

/* All that a loader acts by: no names, sources, notes and lines. */
static struct secbake_hash payload_of(const struct secbake_blob *blob)
{
	struct secbake_blob_header h = secbake_blob_header(blob);
	const char *path = secbake_blob_string(blob, h.listener_path),
		   *metadata = secbake_blob_string(blob, h.listener_metadata);
	uint32_t count = secbake_blob_count(blob, SECBAKE_SECTION_VARIANTS);
	struct secbake_hash all = {{0}};

	h.flags &= ~(uint32_t)SECBAKE_BLOB_SEALED; /* about sources */
	add(&all, &h.flags, sizeof(h.flags));
	add(&all, &h.audit_arch, sizeof(h.audit_arch));
	add(&all, path, strlen(path));
	add(&all, metadata, strlen(metadata));
	for (uint32_t i = 0; i < count; i++) {
		struct secbake_blob_variant v = secbake_blob_variant(blob, i);
		const uint32_t words[] = {v.mode,
					  v.kernel_from,
					  v.kernel_to,
					  v.consulted_actions,
					  v.answered_actions,
					  v.consulted_flags,
					  v.answered_flags,
					  v.layer_count};

		add(&all, words, sizeof(words));
		for (uint32_t l = 0; l < v.layer_count; l++) {
			struct secbake_blob_layer layer =
				secbake_blob_layer(blob, v.layer_first + l);

			add(&all, &layer.filter_flags, sizeof(layer.filter_flags));
			add(&all, secbake_blob_program(blob, v.layer_first + l),
			    (size_t)layer.insn_count * 8);
		}
	}
	return all;
}

bool same(const struct secbake_hash *a, const struct secbake_hash *b)
{
	return !memcmp(a, b, sizeof(*a));
}

struct meaning meaning_of(const struct secbake_blob *blob)
{
	return (struct meaning){secbake_blob_header(blob).policy_hash, payload_of(blob)};
}

/* ---- the same hash: the same verdicts ---- */

struct comparing {
	struct test_visitor base; /* first */
	const struct sb_layer *a, *b;
	size_t calls;
	bool differ;
};

static void compare_call(struct test_visitor *self, const struct seccomp_data *data)
{
	struct comparing *c = (struct comparing *)self;

	c->calls++;
	c->differ |= test_evaluate(c->a, data) != test_evaluate(c->b, data);
}

static void resolve(const struct trial *trial, const struct secbake_blob_variant *v,
		    struct sb_resolved *resolved)
{
	if (sb_front_resolve(trial->arena, &trial->front, v->mode, v->kernel_from, NULL, resolved,
			     NULL))
		test_die("what compiles can be resolved again");
}

bool same_verdicts(const struct trial *a, const struct trial *b)
{
	uint32_t count = secbake_blob_count(&a->blob, SECBAKE_SECTION_VARIANTS);
	struct test_random random = {1};

	if (a->front.unrestricted)
		return b->front.unrestricted;
	for (uint32_t v = 0; v < count; v++) {
		struct secbake_blob_variant variant = secbake_blob_variant(&a->blob, v);
		struct sb_resolved one, other;

		resolve(a, &variant, &one);
		resolve(b, &variant, &other);
		if (one.layer_count != other.layer_count)
			return false;
		for (uint32_t l = 0; l < one.layer_count; l++) {
			struct comparing c = {
				.base = {compare_call}, .a = &one.layer[l], .b = &other.layer[l]};

			test_calls_of_layer(c.a, &random, &c.base);
			if (c.differ || !c.calls)
				return false;
		}
	}
	return true;
}

/* ---- what must hold ---- */

void complain(const char *what, const char *path, const char *text)
{
	if (++failures < 10)
		printf("%s, %s: %s:\n%s\n", file[policy], path, what, text);
}

/* One hash, one meaning, over all changes of this policy. */
void check_unique(const struct meaning *meaning, const char *path, const char *text)
{
	for (size_t i = 0; i < seen_count; i++) {
		if (!same(&seen[i].hash, &meaning->hash))
			continue;
		if (!same(&seen[i].payload, &meaning->payload))
			complain("another meaning has this hash, too", path, text);
		return;
	}
	if (seen_count == MEANINGS_MAX)
		test_die("more than %u meanings", MEANINGS_MAX);
	seen[seen_count++] = *meaning;
}

/* With the blob before the change at hand: the same bytes. */
void check_takeover(struct secbake_compile_options options, const struct trial *after,
		    const char *path, const char *text)
{
	struct secbake_compiled *again;
	size_t size, alone;
	const uint8_t *bytes, *expected = secbake_compiled_blob(after->compiled, &alone);

	options.earlier = &before.blob;
	if (secbake_compile(&options, &again, NULL)) {
		complain("does not compile with an earlier blob", path, text);
		return;
	}
	bytes = secbake_compiled_blob(again, &size);
	if (size != alone || memcmp(bytes, expected, size) != 0)
		complain("other bytes with an earlier blob", path, text);
	secbake_compiled_free(again);
}

void forget_meanings(void)
{
	seen_count = 0;
}
