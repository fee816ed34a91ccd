/* SPDX-License-Identifier: MIT */
/*
 * Hostile blobs for libFuzzer. What the checksum would stop at once is signed
 * again, so that the checks behind it are reached; whatever opens is then used
 * as the loader and the command use it: every accessor, every string, selection,
 * the look at its sources, the loader's interpreter. Starts from blobs of its own
 * making, needs no corpus.
 */
#include <stdlib.h>
#include <string.h>

#include "cache/blob_layout.h"
#include "cache/blob_write.h"
#include "cache/hash.h"
#include "cache/lookup.h"
#include "loader/filter.h"
#include "loader/load_plan.h"

#define SIZE_MAX_HERE 16384u
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);

/* ---- something to start from ---- */

static size_t make_seed(uint8_t *data, size_t max)
{
	static const struct sock_filter program[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 4),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0xc000003e, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xbfffffff),
		BPF_STMT(BPF_ST, 3),
		BPF_STMT(BPF_LDX | BPF_MEM, 3),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_X, 0, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0x7fff0000),
		BPF_STMT(BPF_RET | BPF_K, 0x00050001),
	};
	static const struct sb_blob_rule_in rule[] = {{0x7fff0000, 0, 3, "/syscalls/0"},
						      {0x00050001, 2, 9, ""}};
	static const struct sb_blob_layer_in layer[] = {
		{0x02, program, COUNT(program), rule, COUNT(rule)},
		{0x18, program + 8, 2, NULL, 0},
	};
	static const char *const note[] = {"the kernel lacks something"};
	static const struct sb_blob_variant_in variant[] = {
		{SECBAKE_MODE_ENFORCE, 0, SECBAKE_KERNEL(5, 8), 0xff, 0xcf, 0x3f, 0x1a, layer, 2,
		 note, 1},
		{SECBAKE_MODE_ENFORCE, SECBAKE_KERNEL(5, 8), SECBAKE_KERNEL_ANY, 0xff, 0xff, 0x3f,
		 0x3f, layer, 2, NULL, 0},
		{SECBAKE_MODE_COMPLAIN, 0, SECBAKE_KERNEL_ANY, 0, 0, 0x3f, 0x3f, layer, 1, NULL, 0},
	};
	static const struct sb_blob_source_in source[] = {
		{.kind = SECBAKE_SOURCE_POLICY, .present = true, .name = "web"},
		{.kind = SECBAKE_SOURCE_OPTIONS, .name = "web"},
		{.kind = SECBAKE_SOURCE_FILE, .present = true, .name = "parts/a.json"},
		{.kind = SECBAKE_SOURCE_FILE, .parent = 2, .name = "b/c.json"},
	};
	const struct sb_blob_in in = {
		.name = "web",
		.arch = secbake_arch_native(),
		.listener_path = "/run/agent",
		.listener_metadata = "some",
		.variant = variant,
		.variant_count = COUNT(variant),
		.source = source,
		.source_count = COUNT(source),
	};
	uint8_t *bytes;
	size_t size;

	if (sb_blob_write(&in, &bytes, &size, NULL))
		abort();
	if (size > max)
		size = 0;
	memcpy(data, bytes, size);
	free(bytes);
	return size;
}

/* Bytes as the library likes them, and words as the format has them. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed)
{
	static const uint32_t telling[] = {
		0,	1,	2,	    3,		 4,	  7,	   8,
		16,	17,	0x3f,	    0xff,	 0x100,	  0x101,   0xfff,
		0x1000, 0x1001, 0x7fffffff, 0x80000000u, ~0u - 7, ~0u - 1, ~0u};
	uint32_t word;
	size_t at;

	if (size < sizeof(struct secbake_blob_header))
		size = make_seed(data, max);
	if (size < 4 || seed % 3 == 0)
		return LLVMFuzzerMutate(data, size, max);
	seed /= 3;
	at = (seed >> 8) % (size / 4) * 4;
	word = sb_le32(data + at);
	switch (seed % 4) {
	case 0:
		word = telling[(seed >> 2) % COUNT(telling)];
		break;
	case 1:
		word += (seed >> 2) % 33 - 16;
		break;
	case 2:
		word ^= 1u << (seed >> 2) % 32;
		break;
	default: /* some other word of it */
		word = sb_le32(data + (seed >> 4) % (size / 4) * 4);
	}
	for (int i = 0; i < 4; i++)
		data[at + (size_t)i] = (uint8_t)(word >> 8 * i);
	return size;
}

/* ---- what a reader does ---- */

static void sign(uint8_t *bytes, size_t size)
{
	struct secbake_blob_header *h = (struct secbake_blob_header *)(void *)bytes;
	struct secbake_hash hash;

	memcpy(bytes, SECBAKE_BLOB_MAGIC, 8);
	for (size_t i = 0; i < 8; i++)
		bytes[offsetof(struct secbake_blob_header, total_size) + i] =
			(uint8_t)((uint64_t)size >> 8 * i);
	memset(&h->checksum, 0, sizeof(h->checksum));
	hash = sb_hash_bytes(bytes, size);
	memcpy(&h->checksum, &hash, sizeof(hash));
}

static void use_string(const struct secbake_blob *blob, struct secbake_blob_string string)
{
	const char *text = secbake_blob_string(blob, string);

	/* What was checked is just as long as it says. */
	if (strlen(text) != string.size)
		abort();
}

static void use_records(const struct secbake_blob *blob)
{
	struct secbake_blob_header h = secbake_blob_header(blob);

	use_string(blob, h.listener_path);
	use_string(blob, h.listener_metadata);
	for (uint32_t i = 0; i < secbake_blob_count(blob, SECBAKE_SECTION_SOURCES); i++)
		use_string(blob, secbake_blob_source(blob, i).name);
	for (uint32_t i = 0; i < secbake_blob_count(blob, SECBAKE_SECTION_NOTES); i++)
		use_string(blob, secbake_blob_note(blob, i).text);
	for (uint32_t i = 0; i < secbake_blob_count(blob, SECBAKE_SECTION_RULES); i++)
		use_string(blob, secbake_blob_rule(blob, i).pointer);
}

static void use_plan(const struct secbake_blob *blob, const struct secbake_features *features,
		     enum secbake_mode mode)
{
	const struct secbake_load_options options = {.mode = mode};
	struct sb_load_plan plan;

	if (sb_load_plan(blob, features, &options, &plan, NULL))
		return;
	/* Who asks for programs gets at least one, or the policy has none at all. */
	if (!plan.count != !!(blob->flags & SECBAKE_BLOB_UNRESTRICTED))
		abort();
	for (uint32_t i = 0; i < plan.count; i++) {
		struct secbake_blob_layer layer = secbake_blob_layer(blob, plan.first + i);
		struct seccomp_data data = {.nr = 59, .arch = blob->arch->audit_arch};

		if (!layer.insn_count || (layer.filter_flags & ~features->flags))
			abort();
		sb_filter_run((const struct sock_filter *)(const void *)secbake_blob_program(
				      blob, plan.first + i),
			      layer.insn_count, &data);
	}
}

static void use_sources(const struct secbake_blob *blob)
{
	static const char *const nowhere[] = {"/nonexistent"};
	const struct sb_lookup_options options = {.policy_dir = nowhere, .policy_count = 1};
	struct sb_lookup lookup;

	if (sb_lookup_init(&lookup, &options, NULL))
		abort();
	sb_lookup_sources(&lookup, blob, false, NULL);
	sb_lookup_sources(&lookup, blob, true, NULL);
}

static void use(const struct secbake_blob *blob)
{
	static const uint32_t kernels[] = {0, SECBAKE_KERNEL(3, 5), SECBAKE_KERNEL(4, 14),
					   SECBAKE_KERNEL(6, 1)};

	use_records(blob);
	for (size_t i = 0; i < COUNT(kernels); i++) {
		struct secbake_features features = {.arch = blob->arch,
						    .method = SECBAKE_METHOD_SECCOMP,
						    .actions = SECBAKE_ACTIONS_ALL,
						    .flags = SECBAKE_FLAGS_ALL};

		if (kernels[i] &&
		    secbake_features_of_kernel(blob->arch, kernels[i], &features, NULL))
			abort();
		use_plan(blob, &features, SECBAKE_MODE_ENFORCE);
		use_plan(blob, &features, SECBAKE_MODE_COMPLAIN);
	}
	use_sources(blob);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct secbake_blob blob;
	uint8_t *bytes;

	/* As it is, from a buffer just as long; and signed. */
	if (size > SIZE_MAX_HERE)
		return -1;
	bytes = malloc(size ? size : 1);
	if (!bytes)
		abort();
	memcpy(bytes, data, size);
	secbake_blob_open(bytes, size, &blob, NULL);
	if (size >= sizeof(struct secbake_blob_header)) {
		sign(bytes, size);
		if (!secbake_blob_open(bytes, size, &blob, NULL))
			use(&blob);
	}
	free(bytes);
	return 0;
}
