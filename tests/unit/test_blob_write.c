/* SPDX-License-Identifier: MIT */
/*
 * Laying out blobs: what goes in comes out of the reader again, equal things are stored
 * once, and equal input gives equal bytes. test_blob_limits.c has the limits.
 */
#include "tests/lib/blob_input_world.h"

#include <stdlib.h>

static void assert_header(const struct secbake_blob *blob, const struct sb_blob_in *in)
{
	struct secbake_blob_header header = secbake_blob_header(blob);

	assert_memory_equal(header.magic, SECBAKE_BLOB_MAGIC, 8);
	assert_int_equal(header.version, 3);
	assert_int_equal(header.header_size, 256);
	assert_int_equal(header.total_size, blob->size);
	assert_int_equal(header.audit_arch, in->arch->audit_arch);
	assert_memory_equal(&header.feature_hash, &in->feature_hash, 16);
	assert_memory_equal(&header.policy_hash, &in->policy_hash, 16);
	assert_string_equal(header.name, "web");
	assert_string_equal(header.compiler, SECBAKE_VERSION);
	assert_string_equal(secbake_blob_string(blob, header.listener_path), in->listener_path);
	assert_string_equal(secbake_blob_string(blob, header.listener_metadata),
			    in->listener_metadata);
}

static void assert_variants(const struct secbake_blob *blob)
{
	assert_int_equal(secbake_blob_count(blob, SECBAKE_SECTION_VARIANTS), COUNT(variants));
	for (uint32_t i = 0; i < COUNT(variants); i++) {
		struct secbake_blob_variant v = secbake_blob_variant(blob, i);

		assert_int_equal(v.mode, variants[i].mode);
		assert_int_equal(v.kernel_from, variants[i].kernel_from);
		assert_int_equal(v.kernel_to, variants[i].kernel_to);
		assert_int_equal(v.consulted_actions, variants[i].consulted_actions);
		assert_int_equal(v.answered_actions, variants[i].answered_actions);
		assert_int_equal(v.consulted_flags, variants[i].consulted_flags);
		assert_int_equal(v.answered_flags, variants[i].answered_flags);
		assert_int_equal(v.layer_count, variants[i].layer_count);
		for (uint32_t l = 0; l < v.layer_count; l++) {
			const struct sb_blob_layer_in *layer = &variants[i].layer[l];

			assert_int_equal(secbake_blob_layer(blob, v.layer_first + l).filter_flags,
					 layer->filter_flags);
			assert_same_program(blob, v.layer_first + l, layer->insn, layer->insn_count,
					    blob->arch->big_endian);
		}
	}
}

static void assert_sources(const struct secbake_blob *blob)
{
	assert_int_equal(secbake_blob_count(blob, SECBAKE_SECTION_SOURCES), COUNT(sources));
	for (uint32_t i = 0; i < COUNT(sources); i++) {
		struct secbake_blob_source s = secbake_blob_source(blob, i);

		assert_int_equal(s.kind, sources[i].kind);
		assert_int_equal(s.present, sources[i].present);
		assert_int_equal(s.parent, sources[i].parent);
		assert_string_equal(secbake_blob_string(blob, s.name), sources[i].name);
		assert_memory_equal(&s.content, &sources[i].content, 16);
	}
}

static void assert_texts(const struct secbake_blob *blob)
{
	static const uint32_t of_variant[] = {0, 0, 2};

	assert_int_equal(secbake_blob_count(blob, SECBAKE_SECTION_NOTES), COUNT(of_variant));
	for (uint32_t i = 0; i < COUNT(of_variant); i++) {
		struct secbake_blob_note note = secbake_blob_note(blob, i);

		assert_int_equal(note.variant, of_variant[i]);
		assert_string_equal(secbake_blob_string(blob, note.text), notes[i % 2]);
	}
	/* Those of layer 0 and of layer 2; layer 1 has none. */
	assert_int_equal(secbake_blob_count(blob, SECBAKE_SECTION_RULES), 2 * COUNT(rules));
	for (uint32_t i = 0; i < 2 * COUNT(rules); i++) {
		struct secbake_blob_rule rule = secbake_blob_rule(blob, i);

		assert_int_equal(rule.layer, i < COUNT(rules) ? 0 : 2);
		assert_int_equal(rule.action, rules[i % COUNT(rules)].action);
		assert_int_equal(rule.source, rules[i % COUNT(rules)].source);
		assert_int_equal(rule.line, rules[i % COUNT(rules)].line);
		assert_string_equal(secbake_blob_string(blob, rule.pointer),
				    rules[i % COUNT(rules)].pointer);
	}
}

static void test_round_trip(void **state)
{
	static const char *const arch[] = {"x86_64", "s390x", "arm", "riscv64"};

	(void)state;
	for (uint32_t i = 0; i < COUNT(arch); i++) {
		struct sb_blob_in in = input(arch[i]);
		struct written w = write_ok(&in);

		assert_header(&w.blob, &in);
		assert_int_equal(!!(w.blob.flags & SECBAKE_BLOB_BIG_ENDIAN), in.arch->big_endian);
		assert_variants(&w.blob);
		assert_sources(&w.blob);
		assert_texts(&w.blob);
		free(w.bytes);
	}
}

static void test_flags(void **state)
{
	struct sb_blob_in in = input("x86_64");
	struct written w;

	(void)state;
	/* The byte order is the architecture's, whatever the caller says. */
	in.flags = SECBAKE_BLOB_SEALED | SECBAKE_BLOB_COMPLAIN | SECBAKE_BLOB_BIG_ENDIAN;
	w = write_ok(&in);
	assert_int_equal(w.blob.flags, SECBAKE_BLOB_SEALED | SECBAKE_BLOB_COMPLAIN);
	free(w.bytes);
}

static void test_unrestricted(void **state)
{
	static const struct sb_blob_variant_in nothing = {.kernel_to = SECBAKE_KERNEL_ANY};
	struct sb_blob_in in = input("x86_64");
	struct written w;

	(void)state;
	in.flags = SECBAKE_BLOB_UNRESTRICTED;
	in.variant = &nothing;
	in.variant_count = 1;
	in.listener_path = NULL;
	in.listener_metadata = NULL;
	w = write_ok(&in);
	assert_int_equal(secbake_blob_variant(&w.blob, 0).layer_count, 0);
	assert_int_equal(secbake_blob_header(&w.blob).listener_path.size, 0);
	free(w.bytes);
}

/* Equal input in other memory: no address, no order of allocation shows. */
static void test_deterministic(void **state)
{
	struct sb_blob_in in = input("x86_64");
	struct sb_blob_variant_in other[COUNT(variants)];
	struct sb_blob_layer_in layer[2];
	struct sock_filter insn[COUNT(enforce)];
	struct sb_blob_rule_in rule[COUNT(rules)];
	char pointer[] = "/syscalls/0", note[] = "LOG became ALLOW";
	const char *const note_list[] = {note, notes[1]};
	struct written a = write_ok(&in), b;

	(void)state;
	memcpy(other, variants, sizeof(other));
	memcpy(layer, two_layers, sizeof(layer));
	memcpy(insn, enforce, sizeof(insn));
	memcpy(rule, rules, sizeof(rule));
	rule[2].pointer = pointer;
	layer[0].rule = rule;
	layer[0].insn = insn;
	other[0].layer = layer;
	other[0].note = note_list;
	in.variant = other;
	b = write_ok(&in);
	assert_int_equal(a.size, b.size);
	assert_memory_equal(a.bytes, b.bytes, a.size);
	free(a.bytes);
	free(b.bytes);
}

/*
 * The bytes of version 3 themselves, but for the compiler's version. A change
 * here is a new format version, or a blob that older readers misread.
 */
static void test_golden(void **state)
{
	static const struct {
		const char *arch, *hash;
	} golden[] = {
		{"x86_64", "b97aae242d4070ab595acf3206e3d2e6"},
		{"s390x", "3e2f2c92b6e82a3753df2b15370bb74e"},
	};

	(void)state;
	for (uint32_t i = 0; i < COUNT(golden); i++) {
		struct sb_blob_in in = input(golden[i].arch);
		struct written w = write_ok(&in);
		char text[SECBAKE_HASH_TEXT];
		struct secbake_hash hash;

		memset(w.bytes + offsetof(struct secbake_blob_header, compiler), 0, 24);
		memset(w.bytes + offsetof(struct secbake_blob_header, checksum), 0, 16);
		hash = sb_hash_bytes(w.bytes, w.size);
		secbake_hash_format(&hash, text);
		assert_string_equal(text, golden[i].hash);
		free(w.bytes);
	}
}

static void test_sharing(void **state)
{
	struct sb_blob_in in = input("x86_64");
	struct written w = write_ok(&in);
	struct secbake_blob_variant v[3];

	(void)state;
	for (uint32_t i = 0; i < 3; i++)
		v[i] = secbake_blob_variant(&w.blob, i);
	/* The last two have the same layers; the first has one like them but for its flags. */
	assert_int_equal(v[1].layer_first, v[2].layer_first);
	assert_int_not_equal(v[0].layer_first, v[1].layer_first);
	assert_int_equal(secbake_blob_count(&w.blob, SECBAKE_SECTION_LAYERS), 3);
	assert_int_equal(secbake_blob_layer(&w.blob, 0).insn_first,
			 secbake_blob_layer(&w.blob, 2).insn_first);
	assert_int_equal(secbake_blob_count(&w.blob, SECBAKE_SECTION_PROGRAMS),
			 COUNT(enforce) + COUNT(quiet));
	/* Strings as well: of two rules, and of two variants' notes. */
	assert_int_equal(secbake_blob_rule(&w.blob, 0).pointer.offset,
			 secbake_blob_rule(&w.blob, 5).pointer.offset);
	assert_int_equal(secbake_blob_note(&w.blob, 0).text.offset,
			 secbake_blob_note(&w.blob, 2).text.offset);
	free(w.bytes);
}

/* Layers that differ in where a rule comes from are apart, their program is not. */
static void test_sharing_differs(void **state)
{
	struct sb_blob_in in = input("x86_64");
	struct sb_blob_variant_in other[COUNT(variants)];
	struct sb_blob_rule_in rule[COUNT(rules)];
	struct sb_blob_layer_in layer = one_layer[0];

	(void)state;
	memcpy(other, variants, sizeof(other));
	memcpy(rule, rules, sizeof(rule));
	other[2].layer = &layer;
	layer.rule = rule;
	in.variant = other;
	for (int what = 0; what < 4; what++) {
		struct written w;

		memcpy(rule, rules, sizeof(rule));
		if (what == 0)
			rule[1].line++;
		else if (what == 1)
			rule[1].pointer = "/defaultAction";
		else if (what == 2)
			rule[1].source = 1;
		else
			rule[1].action++;
		w = write_ok(&in);
		assert_int_equal(secbake_blob_count(&w.blob, SECBAKE_SECTION_LAYERS), 4);
		assert_int_equal(secbake_blob_count(&w.blob, SECBAKE_SECTION_PROGRAMS),
				 COUNT(enforce) + COUNT(quiet));
		assert_int_not_equal(secbake_blob_variant(&w.blob, 1).layer_first,
				     secbake_blob_variant(&w.blob, 2).layer_first);
		free(w.bytes);
	}
}

/* A program that begins like another, or only differs in its last word, is another. */
static void test_similar_programs(void **state)
{
	struct sock_filter longer[COUNT(enforce) + 1], last[COUNT(enforce)];
	struct sb_blob_layer_in layer[3] = {one_layer[0], one_layer[0], one_layer[0]};
	struct sb_blob_variant_in variant = variants[2];
	struct sb_blob_in in = input("x86_64");
	struct written w;

	(void)state;
	memcpy(longer, enforce, sizeof(enforce));
	longer[COUNT(enforce)] = (struct sock_filter)RET(0);
	memcpy(last, enforce, sizeof(enforce));
	last[COUNT(enforce) - 1].k++;
	layer[1].insn = longer;
	layer[1].insn_count++;
	layer[2].insn = last;
	variant.layer = layer;
	variant.layer_count = 3;
	in.variant = &variant;
	in.variant_count = 1;
	w = write_ok(&in);
	assert_int_equal(secbake_blob_count(&w.blob, SECBAKE_SECTION_PROGRAMS),
			 3 * COUNT(enforce) + 1);
	assert_same_program(&w.blob, 0, enforce, COUNT(enforce), false);
	assert_same_program(&w.blob, 1, longer, COUNT(enforce) + 1, false);
	assert_same_program(&w.blob, 2, last, COUNT(enforce), false);
	free(w.bytes);
}

/* The checksum covers every byte, and the reader finds each change. */
static void test_every_byte_counts(void **state)
{
	struct sb_blob_in in = input("x86_64");
	struct written w = write_ok(&in);
	struct secbake_blob blob;

	(void)state;
	for (size_t i = 0; i < w.size; i++) {
		w.bytes[i] ^= 0x40;
		assert_int_not_equal(secbake_blob_open(w.bytes, w.size, &blob, NULL), SECBAKE_OK);
		w.bytes[i] ^= 0x40;
	}
	assert_int_equal(secbake_blob_open(w.bytes, w.size, &blob, NULL), SECBAKE_OK);
	free(w.bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_unrestricted),
		cmocka_unit_test(test_deterministic),
		cmocka_unit_test(test_golden),
		cmocka_unit_test(test_sharing),
		cmocka_unit_test(test_sharing_differs),
		cmocka_unit_test(test_similar_programs),
		cmocka_unit_test(test_every_byte_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
