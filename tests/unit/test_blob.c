/* SPDX-License-Identifier: MIT */
/*
 * Reading blobs: whatever is wrong is refused, and named. Damage is done twice
 * over: as it comes (the checksum must tell), and with a checksum made right
 * again, as an attacker would, when the checks behind it must tell.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <linux/seccomp.h>

#include "cache/blob_layout.h"
#include "cache/blob_write.h"
#include "cache/hash.h"

#define COUNT(array) ((uint32_t)(sizeof(array) / sizeof((array)[0])))
#define RET(k) BPF_STMT(BPF_RET | BPF_K, (k))

/* ---- a blob with something in every section ---- */

static const struct sock_filter program[] = {
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 59, 1, 0),
	RET(SECCOMP_RET_ERRNO | 1),
	RET(SECCOMP_RET_ALLOW),
};
static const struct sock_filter allow[] = {RET(SECCOMP_RET_ALLOW)};

static const struct sb_blob_rule_in rules[] = {
	{.action = SECCOMP_RET_ERRNO | 1, .source = 1, .line = 7, .pointer = "/syscalls/0"},
};
static const struct sb_blob_layer_in layers[] = {
	{.filter_flags = SECBAKE_FLAG_LOG,
	 .insn = program,
	 .insn_count = 4,
	 .rule = rules,
	 .rule_count = 1},
	{.filter_flags = SECBAKE_FLAG_NEW_LISTENER, .insn = allow, .insn_count = 1},
};
static const char *const notes[] = {"the flag spec-allow was dropped"};

#define VARIANT(m, from, to)                                                                     \
	{                                                                                        \
		.mode = (m), .kernel_from = (from), .kernel_to = (to),                           \
		.consulted_actions = SECBAKE_ACTION_LOG | SECBAKE_ACTION_NOTIFY,                 \
		.answered_actions = SECBAKE_ACTION_LOG,                                          \
		.consulted_flags =                                                               \
			SECBAKE_FLAG_LOG | SECBAKE_FLAG_NEW_LISTENER | SECBAKE_FLAG_SPEC_ALLOW,  \
		.answered_flags = SECBAKE_FLAG_LOG | SECBAKE_FLAG_NEW_LISTENER, .layer = layers, \
		.layer_count = 2, .note = notes, .note_count = 1,                                \
	}

static const struct sb_blob_variant_in variants[] = {
	VARIANT(SECBAKE_MODE_ENFORCE, 0, SECBAKE_KERNEL(4, 8)),
	VARIANT(SECBAKE_MODE_ENFORCE, SECBAKE_KERNEL(4, 8), SECBAKE_KERNEL_ANY),
	VARIANT(SECBAKE_MODE_COMPLAIN, 0, SECBAKE_KERNEL_ANY),
};
static const struct sb_blob_source_in sources[] = {
	{.kind = SECBAKE_SOURCE_POLICY, .present = true, .name = "web", .content = {{1}}},
	{.kind = SECBAKE_SOURCE_OPTIONS, .present = false, .name = "web"},
	{.kind = SECBAKE_SOURCE_FILE, .present = true, .name = "parts/net.json", .content = {{2}}},
	{.kind = SECBAKE_SOURCE_FILE, .present = false, .parent = 2, .name = "local.json"},
	{.kind = SECBAKE_SOURCE_ACCOUNT, .present = true, .name = "user:www", .content = {{33}}},
};

static struct sb_blob_in rich(void)
{
	return (struct sb_blob_in){
		.name = "web",
		.arch = secbake_arch_find("x86_64"),
		.feature_hash = {{3}},
		.policy_hash = {{4}},
		.listener_path = "/run/agent",
		.listener_metadata = "{}",
		.variant = variants,
		.variant_count = COUNT(variants),
		.source = sources,
		.source_count = COUNT(sources),
	};
}

static uint8_t *bytes, *copy;
static size_t size;

static int set_up(void **state)
{
	struct sb_blob_in in = rich();

	(void)state;
	if (sb_blob_write(&in, &bytes, &size, NULL))
		return -1;
	copy = malloc(size + 64);
	return copy ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	free(bytes);
	free(copy);
	return 0;
}

static uint8_t *fresh(void)
{
	memcpy(copy, bytes, size);
	return copy;
}

static void put32(uint8_t *at, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> (8 * i));
}

static uint32_t get32(const uint8_t *at)
{
	return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 |
	       (uint32_t)at[3] << 24;
}

/* What an attacker would do after a change. */
static void sign(uint8_t *at, size_t length)
{
	struct secbake_hash hash;
	size_t place = offsetof(struct secbake_blob_header, checksum);

	if (length < place + sizeof(hash))
		return;
	memset(at + place, 0, sizeof(hash));
	hash = sb_hash_bytes(at, length);
	memcpy(at + place, &hash, sizeof(hash));
}

/* ---- a good one ---- */

static void test_open_and_read(void **state)
{
	struct secbake_blob blob;
	struct secbake_blob_header h;
	struct secbake_blob_variant v;
	struct secbake_blob_layer l;
	struct secbake_blob_source s;
	struct secbake_blob_rule r;

	(void)state;
	assert_int_equal(secbake_blob_open(bytes, size, &blob, NULL), SECBAKE_OK);
	assert_string_equal(blob.arch->name, "x86_64");
	h = secbake_blob_header(&blob);
	assert_int_equal(h.total_size, size);
	assert_string_equal(h.name, "web");
	assert_int_equal(h.policy_hash.bytes[0], 4);
	assert_string_equal(secbake_blob_string(&blob, h.listener_path), "/run/agent");
	assert_int_equal(secbake_blob_count(&blob, SECBAKE_SECTION_VARIANTS), 3);
	v = secbake_blob_variant(&blob, 1);
	assert_int_equal(v.kernel_from, SECBAKE_KERNEL(4, 8));
	assert_int_equal(v.kernel_to, SECBAKE_KERNEL_ANY);
	l = secbake_blob_layer(&blob, v.layer_first);
	assert_int_equal(l.insn_count, 4);
	assert_memory_equal(secbake_blob_program(&blob, v.layer_first), program, sizeof(program));
	s = secbake_blob_source(&blob, 3);
	assert_int_equal(s.parent, 2);
	assert_string_equal(secbake_blob_string(&blob, s.name), "local.json");
	r = secbake_blob_rule(&blob, 0);
	assert_int_equal(r.line, 7);
	assert_string_equal(secbake_blob_string(&blob, r.pointer), "/syscalls/0");
	assert_int_equal(secbake_blob_note(&blob, 2).variant, 2);
	/* beyond the last: zeros */
	assert_int_equal(secbake_blob_variant(&blob, 3).kernel_to, 0);
	assert_int_equal(secbake_blob_layer(&blob, 1000).insn_count, 0);
	assert_string_equal(secbake_blob_string(&blob, (struct secbake_blob_string){1 << 20, 3}),
			    "");
}

/* Touches all that a loader looks at; a sanitizer watches. */
static size_t read_loaded(const struct secbake_blob *blob)
{
	uint32_t n = secbake_blob_count(blob, SECBAKE_SECTION_LAYERS);
	size_t sum = 0;

	for (uint32_t i = 0; i < n; i++) {
		const uint8_t *insn = secbake_blob_program(blob, i);

		for (uint32_t k = 0; k < secbake_blob_layer(blob, i).insn_count * 8; k++)
			sum += insn[k];
	}
	n = secbake_blob_count(blob, SECBAKE_SECTION_SOURCES);
	for (uint32_t i = 0; i < n; i++)
		sum += strlen(secbake_blob_string(blob, secbake_blob_source(blob, i).name));
	return sum + strlen(secbake_blob_string(blob, secbake_blob_header(blob).listener_path));
}

/* Touches all that a checked blob promises. */
static void read_everything(const struct secbake_blob *blob)
{
	size_t sum = read_loaded(blob);
	uint32_t n = secbake_blob_count(blob, SECBAKE_SECTION_RULES);

	for (uint32_t i = 0; i < n; i++)
		sum += strlen(secbake_blob_string(blob, secbake_blob_rule(blob, i).pointer));
	n = secbake_blob_count(blob, SECBAKE_SECTION_NOTES);
	for (uint32_t i = 0; i < n; i++)
		sum += strlen(secbake_blob_string(blob, secbake_blob_note(blob, i).text));
	assert_true(sum > 0);
}

/* ---- damage ---- */

static void test_every_bit_flipped(void **state)
{
	struct secbake_blob blob = {.flags = 77};

	(void)state;
	for (size_t i = 0; i < size; i++) {
		for (int bit = 0; bit < 8; bit++) {
			uint8_t *at = fresh();

			at[i] ^= (uint8_t)(1 << bit);
			assert_int_not_equal(secbake_blob_open(at, size, &blob, NULL), SECBAKE_OK);
		}
	}
	assert_int_equal(blob.flags, 77);
}

/* A copy of its own for each length: reading behind the end is then a fault. */
static void test_every_truncation(void **state)
{
	struct secbake_blob blob;

	(void)state;
	for (size_t length = 0; length < size; length++) {
		uint8_t *part = malloc(length + 1);

		assert_non_null(part);
		part = realloc(part, length ? length : 1);
		memcpy(part, bytes, length);
		assert_int_not_equal(secbake_blob_open(part, length, &blob, NULL), SECBAKE_OK);
		if (length >= sizeof(struct secbake_blob_header)) {
			put32(part + offsetof(struct secbake_blob_header, total_size),
			      (uint32_t)length);
			sign(part, length);
			assert_int_not_equal(secbake_blob_open(part, length, &blob, NULL),
					     SECBAKE_OK);
		}
		free(part);
	}
}

/* By each length: as it comes, and with a header that says and signs so. */
static void test_something_appended(void **state)
{
	(void)state;
	for (size_t more = 1; more <= 64; more++) {
		uint8_t *at = fresh();
		struct secbake_error e = {0}, signed_e = {0};
		struct secbake_blob blob;

		memset(at + size, 0, more);
		assert_int_equal(secbake_blob_open(at, size + more, &blob, &e), SECBAKE_ERR_INPUT);
		assert_non_null(strstr(e.text, "something was appended"));
		put32(at + offsetof(struct secbake_blob_header, total_size),
		      (uint32_t)(size + more));
		sign(at, size + more);
		assert_int_equal(secbake_blob_open(at, size + more, &blob, &signed_e),
				 SECBAKE_ERR_INPUT);
		assert_non_null(strstr(signed_e.text,
				       more % 8 ? "no multiple of 8" : "behind the last section"));
	}
}

/*
 * Each byte with several values and a right checksum: either refused, or a blob
 * that can be read through. In some places any value is right (a hash, a line
 * number); in the others none but the first is.
 */
static void test_signed_damage(void **state)
{
	static const uint8_t values[] = {0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff};
	struct secbake_blob blob;
	unsigned int refused = 0, tried = 0;

	(void)state;
	for (size_t i = 0; i < size; i++) {
		for (size_t v = 0; v < COUNT(values); v++) {
			uint8_t *exact = malloc(size);

			assert_non_null(exact);
			memcpy(exact, bytes, size);
			exact[i] = values[v];
			sign(exact, size);
			tried += exact[i] != bytes[i];
			if (secbake_blob_open(exact, size, &blob, NULL))
				refused++;
			else
				read_everything(&blob);
			if (!sb_blob_open(exact, size, SB_BLOB_LOAD, &blob, NULL))
				(void)read_loaded(&blob);
			free(exact);
		}
	}
	assert_true(refused > tried / 2);
}

static void test_misaligned(void **state)
{
	struct secbake_blob blob;

	(void)state;
	memmove(copy + 4, bytes, size);
	assert_int_equal(secbake_blob_open(copy + 4, size, &blob, NULL), SECBAKE_ERR_INPUT);
}

/* Offset of a field of record number i of a section. */
#define HEADER(field) offsetof(struct secbake_blob_header, field)
static size_t in_section(enum secbake_blob_section section, size_t offset)
{
	return get32(bytes + HEADER(section) + (size_t)section * 8) + offset;
}
#define RECORD(section, type, i, field) \
	in_section(section, (i) * sizeof(struct type) + offsetof(struct type, field))
#define VARIANT_AT(i, field) RECORD(SECBAKE_SECTION_VARIANTS, secbake_blob_variant, i, field)
#define LAYER_AT(i, field) RECORD(SECBAKE_SECTION_LAYERS, secbake_blob_layer, i, field)
#define SOURCE_AT(i, field) RECORD(SECBAKE_SECTION_SOURCES, secbake_blob_source, i, field)
#define NOTE_AT(i, field) RECORD(SECBAKE_SECTION_NOTES, secbake_blob_note, i, field)
#define RULE_AT(i, field) RECORD(SECBAKE_SECTION_RULES, secbake_blob_rule, i, field)
#define INSN_AT(i, offset) in_section(SECBAKE_SECTION_PROGRAMS, (i)*8 + (offset))

/* What a loader does not look at. */
static bool for_people(size_t at)
{
	return at >= in_section(SECBAKE_SECTION_NOTES, 0) &&
	       at < in_section(SECBAKE_SECTION_STRINGS, 0);
}

/* One word changed and signed: refused for that reason, and by a loader too if it looks there. */
static void refused(size_t at, uint32_t value, const char *why)
{
	struct secbake_error e = {0}, load_e = {0};
	enum secbake_status loaded;
	struct secbake_blob blob;
	uint8_t *damaged = fresh();

	put32(damaged + at, value);
	sign(damaged, size);
	if (secbake_blob_open(damaged, size, &blob, &e) == SECBAKE_OK)
		fail_msg("accepted, though %s", why);
	if (!strstr(e.text, why))
		fail_msg("refused because \"%s\", not because \"%s\"", e.text, why);
	loaded = sb_blob_open(damaged, size, SB_BLOB_LOAD, &blob, &load_e);
	if (for_people(at) ? loaded != SECBAKE_OK : strcmp(load_e.text, e.text) != 0)
		fail_msg("opened to be loaded: \"%s\", not \"%s\"", load_e.text, e.text);
}

static void test_header_fields(void **state)
{
	(void)state;
	refused(HEADER(version), 1, "format version 1");
	refused(HEADER(header_size), 264, "size of its header");
	refused(HEADER(total_size), (uint32_t)size + 8, "it was cut short");
	refused(HEADER(total_size), (uint32_t)size - 8, "something was appended");
	refused(HEADER(total_size) + 4, 1, "it was cut short");
	refused(HEADER(audit_arch), 0xC000FFFF, "architecture");
	refused(HEADER(flags), 0x10, "flags");
	refused(HEADER(flags), SECBAKE_BLOB_BIG_ENDIAN, "byte order");
	refused(HEADER(flags), SECBAKE_BLOB_UNRESTRICTED | SECBAKE_BLOB_COMPLAIN, "at once");
	refused(HEADER(flags), SECBAKE_BLOB_UNRESTRICTED, "unrestricted and has programs");
	refused(HEADER(name), 0x0000002e, "its name"); /* "." */
	refused(HEADER(name), 0x00620061, "its name"); /* "a\0b" */
	refused(HEADER(name) + 68, 1, "its name");
	refused(HEADER(name), 0, "its name");
	refused(HEADER(compiler) + 20, 0x61616161, "compiler's version");
	refused(HEADER(compiler), 0x0a, "compiler's version");
	refused(HEADER(reserved), 1, "reserved");
	refused(HEADER(listener_path) + 4, 0, "listener's path is empty and has an offset");
	refused(HEADER(listener_path) + 4, 0x10000, "listener's path reaches outside");
	refused(HEADER(listener_path) + 4, 9, "listener's path has no NUL");
	refused(HEADER(listener_metadata), 0xffffffff, "listener's metadata reaches outside");
	refused(HEADER(listener_metadata) + 4, 3, "listener's metadata ");
}

static void test_section_table(void **state)
{
	(void)state;
	for (uint32_t s = 0; s < SECBAKE_SECTION_COUNT; s++) {
		size_t at = HEADER(section) + s * 8;
		uint32_t offset = get32(bytes + at), length = get32(bytes + at + 4);

		/* A section that is moved up leaves a gap, unless it then reaches outside. */
		refused(at, offset + 8,
			offset + 8 + length > size ? "reaches outside" : "leaves a gap before it");
		refused(at, offset - 8, "overlaps what is before it");
		refused(at, 0, "overlaps what is before it");
		refused(at, offset - 4, "is not aligned to 8");
		refused(at, offset + 1,
			offset + 1 + length > size ? "reaches outside" : "is not aligned to 8");
		refused(at, (uint32_t)size + 8, "reaches outside of the file");
		refused(at, 0xfffffff8, "reaches outside of the file");
		refused(at + 4, 0xffffffff, "reaches outside of the file");
		refused(at + 4, (uint32_t)size - offset + 1, "reaches outside of the file");
		if (s != SECBAKE_SECTION_STRINGS)
			refused(at + 4, length + 1, "ends within a record");
	}
	/* One record less or more: the next section is then in the wrong place. */
	for (uint32_t s = 0; s < SECBAKE_SECTION_STRINGS; s++) {
		static const uint32_t record[] = {48, 16, 8, 40, 16, 24};
		size_t at = HEADER(section) + s * 8 + 4;
		uint32_t length = get32(bytes + at);

		refused(at, length - record[s], "leaves a gap before it");
		refused(at, length + record[s], "overlaps what is before it");
	}
	refused(HEADER(section) + SECBAKE_SECTION_STRINGS * 8 + 4, 0, "behind the last section");
	/* "{}\0" of the strings is followed by padding. */
	if (get32(bytes + HEADER(section) + SECBAKE_SECTION_STRINGS * 8 + 4) % 8)
		refused(size - 4, 0x01000000, "padding");
}

static void test_variant_fields(void **state)
{
	(void)state;
	refused(VARIANT_AT(0, mode), 2, "mode is not known");
	refused(VARIANT_AT(0, mode), 1, "modes are out of order");
	refused(VARIANT_AT(2, mode), 0, "kernel versions");
	refused(VARIANT_AT(0, kernel_to), SECBAKE_KERNEL(4, 9), "kernel versions");
	refused(VARIANT_AT(0, kernel_to), 0, "no kernel version");
	refused(VARIANT_AT(1, kernel_from), SECBAKE_KERNEL(4, 7), "kernel versions");
	refused(VARIANT_AT(0, consulted_actions), 0x100, "does not know");
	refused(VARIANT_AT(0, consulted_flags), 0x40, "does not know");
	refused(VARIANT_AT(0, answered_actions), SECBAKE_ACTION_TRAP, "not asked");
	refused(VARIANT_AT(0, answered_flags), SECBAKE_FLAG_TSYNC, "not asked");
	refused(VARIANT_AT(0, answered_flags), SECBAKE_FLAG_LOG, "not recorded as available");
	refused(VARIANT_AT(0, layer_first), 1, "outside");
	refused(VARIANT_AT(0, layer_first), 0xffffffff, "outside");
	refused(VARIANT_AT(0, layer_count), 3, "outside");
	refused(VARIANT_AT(0, layer_count), 17, "16 layers");
	refused(VARIANT_AT(0, layer_count), 0, "must have programs");
	refused(VARIANT_AT(0, reserved), 1, "reserved");
	refused(VARIANT_AT(0, reserved) + 8, 1, "reserved");
}

static void test_layer_fields(void **state)
{
	(void)state;
	refused(LAYER_AT(0, filter_flags), 0x40, "flags");
	refused(LAYER_AT(0, filter_flags), SECBAKE_FLAG_WAIT_KILLABLE_RECV, "needs new-listener");
	refused(LAYER_AT(0, filter_flags), SECBAKE_FLAG_TSYNC | SECBAKE_FLAG_NEW_LISTENER,
		"needs tsync-esrch");
	refused(LAYER_AT(0, filter_flags), SECBAKE_FLAG_NEW_LISTENER, "one listener");
	refused(LAYER_AT(0, filter_flags), SECBAKE_FLAG_SPEC_ALLOW, "not recorded as available");
	refused(LAYER_AT(0, insn_count), 0, "1 to 4096");
	refused(LAYER_AT(0, insn_count), 4097, "1 to 4096");
	refused(LAYER_AT(0, insn_count), 6, "outside");
	refused(LAYER_AT(0, insn_first), 0xffffffff, "outside");
	refused(LAYER_AT(0, insn_first), 2, "outside");
	refused(LAYER_AT(0, insn_count), 2, "jumps behind the end");
	refused(LAYER_AT(0, insn_count), 1, "does not end with a RET");
	refused(LAYER_AT(0, reserved), 1, "reserved");
}

#define CODE(code, jt, jf) ((uint32_t)(code) | (uint32_t)(jt) << 16 | (uint32_t)(jf) << 24)

static void test_programs(void **state)
{
	(void)state;
	refused(INSN_AT(0, 4), 64, "beside the call's data");
	refused(INSN_AT(0, 4), 2, "beside the call's data");
	refused(INSN_AT(0, 0), BPF_LD | BPF_H | BPF_ABS, "does not take");
	refused(INSN_AT(0, 0), BPF_LD | BPF_W | BPF_IND, "does not take");
	refused(INSN_AT(0, 0), BPF_ALU | BPF_MOD | BPF_K, "does not take");
	refused(INSN_AT(0, 0), 0xffff, "does not take");
	refused(INSN_AT(1, 0), CODE(BPF_JMP | BPF_JEQ | BPF_K, 2, 0), "behind the end");
	refused(INSN_AT(1, 0), CODE(BPF_JMP | BPF_JEQ | BPF_K, 0, 2), "behind the end");
	refused(INSN_AT(1, 0), CODE(BPF_JMP | BPF_JEQ | BPF_X, 255, 0), "behind the end");
	refused(INSN_AT(1, 0), BPF_JMP | BPF_JA, "behind the end"); /* k is 59 */
	refused(INSN_AT(1, 0), BPF_ST, "memory word");
	refused(INSN_AT(1, 0), BPF_ALU | BPF_LSH | BPF_K, "shifts");
	refused(INSN_AT(0, 0), BPF_ALU | BPF_DIV | BPF_K, "divides by zero"); /* k is 0 */
	refused(INSN_AT(3, 0), BPF_MISC | BPF_TAX, "does not end with a RET");
	refused(INSN_AT(3, 0), BPF_RET | BPF_X, "does not take");
}

static void test_source_fields(void **state)
{
	const uint8_t *next = bytes + in_section(SECBAKE_SECTION_STRINGS,
						 get32(bytes + SOURCE_AT(0, name)) + sizeof("web"));

	(void)state;
	refused(SOURCE_AT(0, kind), 0, "kind");
	refused(SOURCE_AT(0, kind), 5, "kind");
	refused(SOURCE_AT(0, kind), SECBAKE_SOURCE_ACCOUNT, "none of a user or group");
	refused(SOURCE_AT(4, name) + 4, 7, "no NUL");
	refused(SOURCE_AT(4, kind), SECBAKE_SOURCE_POLICY, "its name is none"); /* a colon */
	refused(SOURCE_AT(4, content) + 4, 1, "more than 4 bytes");
	refused(SOURCE_AT(4, content) + 12, 0x80000000, "more than 4 bytes");
	refused(SOURCE_AT(4, parent), 2, "no parent");
	refused(SOURCE_AT(0, present), 2, "neither present nor absent");
	refused(SOURCE_AT(0, present), 0, "absent and has content");
	refused(SOURCE_AT(0, reserved), 1, "reserved");
	refused(SOURCE_AT(0, parent), 1, "no parent");
	refused(SOURCE_AT(0, name) + 4, 0, "its name has not 1 to 4095");
	refused(SOURCE_AT(0, name) + 4, 4096, "its name has not 1 to 4095");
	refused(SOURCE_AT(0, name) + 4, 2, "its name has no NUL"); /* behind "we" */
	/* From "web" to the end of the string behind it. */
	refused(SOURCE_AT(0, name) + 4, 4 + (uint32_t)strlen((const char *)next),
		"its name has a NUL inside");
	refused(SOURCE_AT(0, name), 0xfffffff0, "its name reaches outside");
	refused(SOURCE_AT(1, parent), 1, "parent does not come before");
	refused(SOURCE_AT(1, parent), 0xffffffff, "parent does not come before");
	refused(SOURCE_AT(1, content), 1, "absent and has content");
	refused(SOURCE_AT(2, kind), SECBAKE_SOURCE_OPTIONS, "options belong");
	refused(SOURCE_AT(2, kind), SECBAKE_SOURCE_POLICY, "its name is none"); /* a slash */
	refused(SOURCE_AT(3, parent), 1, "cannot have sources beside it");
}

/* Names of sources, by writing whole blobs: sb_blob_write() opens what it made. */
static void source_refused(enum secbake_source_kind kind, const char *name)
{
	struct sb_blob_source_in list[] = {
		{.kind = SECBAKE_SOURCE_POLICY, .present = true, .name = "web"},
		{.kind = kind, .present = true, .name = name},
	};
	struct sb_blob_in in = rich();
	struct secbake_error e = {0};
	uint8_t *made;
	size_t made_size;

	in.source = list;
	in.source_count = 2;
	if (!sb_blob_write(&in, &made, &made_size, &e))
		fail_msg("a source named %s was accepted", name);
	assert_non_null(strstr(e.text, "source 1"));
}

static void test_source_names(void **state)
{
	static const char *const paths[] = {"/etc/passwd", "..",  "../x", "a/../b", "a//b",
					    "a/",	   "./a", ".",	  "a/.",    "a/.."};
	static const char *const accounts[] = {"web", "user:", "group:", "user:a:b", "group:a\nb"};
	static const char *const names[] = {
		".hidden", "a/b", "a b", "\xc3\xa4",
		"x1234567890123456789012345678901234567890123456789012345678901234"};

	(void)state;
	for (uint32_t i = 0; i < COUNT(paths); i++)
		source_refused(SECBAKE_SOURCE_FILE, paths[i]);
	for (uint32_t i = 0; i < COUNT(names); i++)
		source_refused(SECBAKE_SOURCE_POLICY, names[i]);
	source_refused(SECBAKE_SOURCE_OPTIONS, "other");
	for (uint32_t i = 0; i < COUNT(accounts); i++)
		source_refused(SECBAKE_SOURCE_ACCOUNT, accounts[i]);
}

static void test_source_depth(void **state)
{
	struct sb_blob_source_in list[18] = {
		{.kind = SECBAKE_SOURCE_POLICY, .present = true, .name = "web"}};
	struct sb_blob_in in = rich();
	uint8_t *made;
	size_t made_size;

	(void)state;
	for (uint32_t i = 1; i < COUNT(list); i++)
		list[i] = (struct sb_blob_source_in){.kind = SECBAKE_SOURCE_FILE,
						     .present = true,
						     .parent = i - 1,
						     .name = "d/f"};
	in.source = list;
	in.source_count = 17;
	assert_int_equal(sb_blob_write(&in, &made, &made_size, NULL), SECBAKE_OK);
	free(made);
	in.source_count = 18;
	assert_int_not_equal(sb_blob_write(&in, &made, &made_size, NULL), SECBAKE_OK);
}

static void test_texts(void **state)
{
	(void)state;
	refused(NOTE_AT(0, variant), 3, "note 0: its variant is not there");
	refused(NOTE_AT(0, reserved), 1, "note 0: reserved bytes");
	refused(NOTE_AT(0, text) + 4, 0, "note 0: it has no text");
	refused(NOTE_AT(0, text) + 4, 0x7fffffff, "a note's text reaches outside");
	refused(RULE_AT(0, layer), 2, "rule 0: its layer is not there");
	refused(RULE_AT(0, source), 5, "rule 0: its source is not there");
	refused(RULE_AT(0, pointer), 0x7fffffff, "a rule's pointer reaches outside");
}

static void test_long_strings(void **state)
{
	struct sb_blob_in in = rich();
	char *text = malloc(65537);
	uint8_t *made;
	size_t made_size;

	(void)state;
	assert_non_null(text);
	memset(text, 'x', 65536);
	text[65536] = '\0';
	in.listener_metadata = text;
	assert_int_equal(sb_blob_write(&in, &made, &made_size, NULL), SECBAKE_ERR_LIMIT);
	text[65535] = '\0';
	assert_int_equal(sb_blob_write(&in, &made, &made_size, NULL), SECBAKE_OK);
	free(made);
	free(text);
}

/* ---- other kinds of blobs ---- */

static void test_big_endian(void **state)
{
	struct sb_blob_in in = rich();
	struct secbake_blob blob;
	const uint8_t *insn;
	uint8_t *made;
	size_t made_size;

	(void)state;
	in.arch = secbake_arch_find("s390x");
	assert_int_equal(sb_blob_write(&in, &made, &made_size, NULL), SECBAKE_OK);
	assert_int_equal(secbake_blob_open(made, made_size, &blob, NULL), SECBAKE_OK);
	assert_int_equal(secbake_blob_layer(&blob, 0).insn_count, 4);
	insn = secbake_blob_program(&blob, 0);
	assert_memory_equal(insn + 8, ((uint8_t[]){0x00, 0x15, 1, 0, 0, 0, 0, 59}), 8);
	free(made);
}

static void test_unrestricted(void **state)
{
	struct sb_blob_variant_in none = {.kernel_to = SECBAKE_KERNEL_ANY};
	struct sb_blob_in in = rich();
	struct secbake_blob blob;
	uint8_t *made;
	size_t made_size;

	(void)state;
	in.variant = &none;
	in.variant_count = 1;
	assert_int_not_equal(sb_blob_write(&in, &made, &made_size, NULL), SECBAKE_OK);
	in.flags = SECBAKE_BLOB_UNRESTRICTED;
	assert_int_equal(sb_blob_write(&in, &made, &made_size, NULL), SECBAKE_OK);
	assert_int_equal(secbake_blob_open(made, made_size, &blob, NULL), SECBAKE_OK);
	free(made);
	in.variant_count = 0;
	assert_int_not_equal(sb_blob_write(&in, &made, &made_size, NULL), SECBAKE_OK);
}

/* ---- selecting ---- */

static struct secbake_features of(const char *arch, uint32_t kernel)
{
	struct secbake_features f;

	assert_int_equal(
		secbake_features_of_kernel(secbake_arch_find(arch), SECBAKE_KERNEL(6, 1), &f, NULL),
		SECBAKE_OK);
	f.actions &= ~(uint32_t)SECBAKE_ACTION_NOTIFY;
	f.flags &= ~(uint32_t)SECBAKE_FLAG_SPEC_ALLOW;
	f.kernel = kernel;
	return f;
}

static void test_select(void **state)
{
	struct secbake_features f = of("x86_64", SECBAKE_KERNEL(4, 7));
	struct secbake_blob blob;
	uint32_t v = 9;

	(void)state;
	assert_int_equal(secbake_blob_open(bytes, size, &blob, NULL), SECBAKE_OK);
	assert_int_equal(secbake_blob_select(&blob, &f, SECBAKE_MODE_ENFORCE, &v, NULL),
			 SECBAKE_OK);
	assert_int_equal(v, 0);
	f.kernel = SECBAKE_KERNEL(4, 8);
	assert_int_equal(secbake_blob_select(&blob, &f, SECBAKE_MODE_ENFORCE, &v, NULL),
			 SECBAKE_OK);
	assert_int_equal(v, 1);
	f.kernel = SECBAKE_KERNEL(65535, 65535);
	assert_int_equal(secbake_blob_select(&blob, &f, SECBAKE_MODE_ENFORCE, &v, NULL),
			 SECBAKE_OK);
	assert_int_equal(v, 1);
	assert_int_equal(secbake_blob_select(&blob, &f, SECBAKE_MODE_COMPLAIN, &v, NULL),
			 SECBAKE_OK);
	assert_int_equal(v, 2);
	/* Not known: it matters for enforce alone. */
	f.kernel = 0;
	assert_int_equal(secbake_blob_select(&blob, &f, SECBAKE_MODE_COMPLAIN, &v, NULL),
			 SECBAKE_OK);
	assert_int_equal(secbake_blob_select(&blob, &f, SECBAKE_MODE_ENFORCE, &v, NULL),
			 SECBAKE_ERR_UNKNOWN);
	assert_int_equal(v, 2);
}

static void stale(struct secbake_features f, const char *what)
{
	struct secbake_error e = {0};
	struct secbake_blob blob;
	uint32_t v = 9;

	assert_int_equal(secbake_blob_open(bytes, size, &blob, NULL), SECBAKE_OK);
	assert_int_equal(secbake_blob_select(&blob, &f, SECBAKE_MODE_ENFORCE, &v, &e),
			 SECBAKE_ERR_STALE);
	assert_non_null(strstr(e.text, what));
	assert_int_equal(v, 9);
}

static void test_select_stale(void **state)
{
	struct secbake_features f = of("x86_64", SECBAKE_KERNEL(6, 1)), other;
	struct secbake_blob blob;
	uint32_t v;

	(void)state;
	stale(of("aarch64", SECBAKE_KERNEL(6, 1)), "aarch64");
	other = f;
	other.actions |= SECBAKE_ACTION_NOTIFY;
	stale(other, "without the action notify");
	other = f;
	other.actions &= ~(uint32_t)SECBAKE_ACTION_LOG;
	stale(other, "with the action log");
	other = f;
	other.flags |= SECBAKE_FLAG_SPEC_ALLOW;
	stale(other, "without the flag spec-allow");
	/* What was not asked about does not matter. */
	other = f;
	other.actions &= ~(uint32_t)SECBAKE_ACTION_KILL_PROCESS;
	other.flags &= ~(uint32_t)SECBAKE_FLAG_TSYNC_ESRCH;
	assert_int_equal(secbake_blob_open(bytes, size, &blob, NULL), SECBAKE_OK);
	assert_int_equal(secbake_blob_select(&blob, &other, SECBAKE_MODE_ENFORCE, &v, NULL),
			 SECBAKE_OK);
}

/* A version that no variant is for: as if there were no blob, and no neighbour stands in. */
static void test_select_gap(void **state)
{
	static const uint32_t versions[] = {SECBAKE_KERNEL(4, 1), SECBAKE_KERNEL(4, 3),
					    SECBAKE_KERNEL(4, 6)};
	uint8_t *changed = fresh();
	struct secbake_features f = of("x86_64", SECBAKE_KERNEL(4, 7));
	struct secbake_blob blob;
	uint32_t v = 9;

	(void)state;
	put32(changed + VARIANT_AT(0, kernel_from), SECBAKE_KERNEL(4, 2));
	put32(changed + VARIANT_AT(0, kernel_to), SECBAKE_KERNEL(4, 3));
	sign(changed, size);
	assert_int_equal(secbake_blob_open(changed, size, &blob, NULL), SECBAKE_OK);
	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
		struct secbake_error error = {0};

		f.kernel = versions[i];
		assert_int_equal(secbake_blob_select(&blob, &f, SECBAKE_MODE_ENFORCE, &v, &error),
				 SECBAKE_ERR_MISSING);
		assert_non_null(strstr(error.text, "this kernel's version"));
	}
	assert_int_equal(v, 9);
	f.kernel = SECBAKE_KERNEL(4, 2);
	assert_int_equal(secbake_blob_select(&blob, &f, SECBAKE_MODE_ENFORCE, &v, NULL),
			 SECBAKE_OK);
	assert_int_equal(v, 0);
}

static void test_select_no_mode(void **state)
{
	struct sb_blob_in in = rich();
	struct secbake_features f = of("x86_64", SECBAKE_KERNEL(6, 1));
	struct secbake_blob blob;
	uint8_t *made;
	size_t made_size;
	uint32_t v;

	(void)state;
	in.variant_count = 2;
	assert_int_equal(sb_blob_write(&in, &made, &made_size, NULL), SECBAKE_OK);
	assert_int_equal(secbake_blob_open(made, made_size, &blob, NULL), SECBAKE_OK);
	assert_int_equal(secbake_blob_select(&blob, &f, SECBAKE_MODE_COMPLAIN, &v, NULL),
			 SECBAKE_ERR_MISSING);
	free(made);
}

static void test_names(void **state)
{
	static const char *const good[] = {"a", "docker", "web@1.service", "-x", "A_Z-0.9"};
	static const char *const bad[] = {"", ".", "..", ".a", "a/b", "a b", "a\n", "\xff", "a*"};
	char name[SECBAKE_NAME_MAX + 2];

	(void)state;
	for (uint32_t i = 0; i < COUNT(good); i++)
		assert_true(secbake_name_valid(good[i]));
	for (uint32_t i = 0; i < COUNT(bad); i++)
		assert_false(secbake_name_valid(bad[i]));
	memset(name, 'n', sizeof(name));
	name[SECBAKE_NAME_MAX + 1] = '\0';
	assert_false(secbake_name_valid(name));
	name[SECBAKE_NAME_MAX] = '\0';
	assert_true(secbake_name_valid(name));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open_and_read),
		cmocka_unit_test(test_every_bit_flipped),
		cmocka_unit_test(test_every_truncation),
		cmocka_unit_test(test_something_appended),
		cmocka_unit_test(test_signed_damage),
		cmocka_unit_test(test_misaligned),
		cmocka_unit_test(test_header_fields),
		cmocka_unit_test(test_section_table),
		cmocka_unit_test(test_variant_fields),
		cmocka_unit_test(test_layer_fields),
		cmocka_unit_test(test_programs),
		cmocka_unit_test(test_source_fields),
		cmocka_unit_test(test_source_names),
		cmocka_unit_test(test_source_depth),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_long_strings),
		cmocka_unit_test(test_big_endian),
		cmocka_unit_test(test_unrestricted),
		cmocka_unit_test(test_select),
		cmocka_unit_test(test_select_stale),
		cmocka_unit_test(test_select_gap),
		cmocka_unit_test(test_select_no_mode),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
