/* SPDX-License-Identifier: MIT */
/*
 * Reading blobs: each field made wrong in turn, and the checksum made right again, as an
 * attacker would: what is refused, and the words for it.
 */
#include "tests/lib/blob_world.h"

#include <stdlib.h>

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_header_fields),  cmocka_unit_test(test_section_table),
		cmocka_unit_test(test_variant_fields), cmocka_unit_test(test_layer_fields),
		cmocka_unit_test(test_programs),       cmocka_unit_test(test_source_fields),
		cmocka_unit_test(test_source_names),   cmocka_unit_test(test_source_depth),
		cmocka_unit_test(test_texts),	       cmocka_unit_test(test_long_strings),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
