/* SPDX-License-Identifier: MIT */
/*
 * Is this a blob? Everything that a reader relies on is checked here, once,
 * before anything is believed: the bytes may be anybody's. Every offset and
 * count is compared before it is used, all work is linear in the size or has a
 * fixed bound. docs/blob-format.md says what is checked and in which words.
 */
#include <secbake/blob.h>

#include <string.h>

#include "accounts.h"
#include "blob_layout.h"
#include "hash_stream.h"

static const char section_name[SECBAKE_SECTION_COUNT][9] = {
	"variants", "layers", "programs", "sources", "notes", "rules", "strings"};

static enum secbake_status bad(struct secbake_error *error, const char *what, uint32_t index,
			       const char *why)
{
	return secbake_error_set(error, SECBAKE_ERR_INPUT, 0, "not a blob: %s %u: %s", what, index,
				 why);
}

static enum secbake_status bad_header(struct secbake_error *error, const char *why)
{
	return secbake_error_set(error, SECBAKE_ERR_INPUT, 0, "not a blob: %s", why);
}

static bool all_zero(const void *bytes, size_t size)
{
	const uint8_t *p = bytes;
	uint8_t any = 0;

	for (size_t i = 0; i < size; i++)
		any |= p[i];
	return !any;
}

/* A field of a header: text, then zeros to the end, at least one. */
static bool padded_text(const char *field, size_t size)
{
	size_t length = strnlen(field, size);

	for (size_t i = 0; i < length; i++) {
		if (field[i] < 0x21 || field[i] > 0x7e)
			return false;
	}
	return length < size && all_zero(field + length, size - length);
}

/* Apart, as check_sources(): their frames then lie in the same place. */
static __attribute__((noinline)) bool checksum_right(const uint8_t *bytes, size_t size)
{
	static const uint8_t zeros[SECBAKE_HASH_SIZE];
	size_t at = offsetof(struct secbake_blob_header, checksum), after = at + sizeof(zeros);
	struct sb_hash_stream stream;
	struct secbake_hash hash;

	sb_hash_begin(&stream);
	sb_hash_add(&stream, bytes, at);
	sb_hash_add(&stream, zeros, sizeof(zeros));
	sb_hash_add(&stream, bytes + after, size - after);
	hash = sb_hash_end(&stream);
	return !memcmp(hash.bytes, bytes + at, sizeof(hash.bytes));
}

static enum secbake_status check_size(const uint8_t *bytes, size_t size,
				      struct secbake_error *error)
{
	if ((uintptr_t)bytes % SECBAKE_BLOB_ALIGN)
		return bad_header(error, "it is not aligned to 8 in memory");
	if (size > SECBAKE_BLOB_SIZE_MAX)
		return secbake_error_set(error, SECBAKE_ERR_LIMIT, 0,
					 "a blob has at most %u bytes, this has %zu",
					 SECBAKE_BLOB_SIZE_MAX, size);
	if (size < sizeof(struct secbake_blob_header))
		return bad_header(error, "it is shorter than a header");
	if (memcmp(bytes, SECBAKE_BLOB_MAGIC, 8) != 0)
		return bad_header(error, "the first 8 bytes are not its magic");
	return SECBAKE_OK;
}

static enum secbake_status check_header(const uint8_t *bytes, size_t size,
					const struct secbake_blob_header *h,
					const struct secbake_arch **arch,
					struct secbake_error *error)
{
	if (h->version != SECBAKE_BLOB_VERSION)
		return secbake_error_set(
			error, SECBAKE_ERR_INPUT, 0,
			"format version %u; this program reads version %u: compile "
			"the policy again",
			h->version, SECBAKE_BLOB_VERSION);
	if (h->header_size != sizeof(*h))
		return bad_header(error, "the size of its header is wrong");
	if (h->total_size != size)
		return secbake_error_set(error, SECBAKE_ERR_INPUT, 0,
					 "not a blob: it has %zu bytes and says %llu: %s", size,
					 (unsigned long long)h->total_size,
					 size < h->total_size ? "it was cut short"
							      : "something was appended");
	if (size % SECBAKE_BLOB_ALIGN)
		return bad_header(error, "its size is no multiple of 8");
	if (!checksum_right(bytes, size))
		return bad_header(error, "the checksum is wrong: it is damaged");
	if (h->flags & ~(uint32_t)SECBAKE_BLOB_FLAGS_ALL)
		return bad_header(error, "flags are set that this version does not have");
	if ((h->flags & SECBAKE_BLOB_UNRESTRICTED) && (h->flags & SECBAKE_BLOB_COMPLAIN))
		return bad_header(error, "it is unrestricted and complain at once");
	*arch = secbake_arch_by_audit(h->audit_arch);
	if (!*arch)
		return bad_header(error, "its architecture is not known");
	if ((*arch)->big_endian != !!(h->flags & SECBAKE_BLOB_BIG_ENDIAN))
		return bad_header(error, "its byte order is not that of its architecture");
	if (!padded_text(h->name, sizeof(h->name)) || !secbake_name_valid(h->name))
		return bad_header(error, "its name is none that a policy may have");
	if (!padded_text(h->compiler, sizeof(h->compiler)))
		return bad_header(error, "the compiler's version is not text");
	if (!all_zero(h->reserved, sizeof(h->reserved)))
		return bad_header(error, "reserved bytes of the header are not zero");
	return SECBAKE_OK;
}

static uint32_t records_max(uint32_t section)
{
	switch (section) {
	case SECBAKE_SECTION_VARIANTS:
		return SECBAKE_VARIANTS_MAX;
	case SECBAKE_SECTION_LAYERS:
		return SECBAKE_VARIANTS_MAX * SECBAKE_LAYERS_MAX;
	case SECBAKE_SECTION_SOURCES:
		return SECBAKE_SOURCES_MAX;
	default:
		return SECBAKE_BLOB_SIZE_MAX;
	}
}

/* A section must begin at next; if it does and is inside, NULL. */
static const char *misplaced(size_t offset, size_t length, size_t next, size_t size)
{
	if (offset > size || length > size - offset)
		return "reaches outside of the file";
	if (offset % SECBAKE_BLOB_ALIGN)
		return "is not aligned to 8";
	if (offset < next)
		return "overlaps what is before it";
	return offset > next ? "leaves a gap before it" : NULL;
}

/* Sections follow each other without a gap but zeros up to the next multiple of 8. */
static enum secbake_status check_sections(const uint8_t *bytes, size_t size,
					  const struct secbake_blob_header *h,
					  struct secbake_error *error)
{
	size_t next = sizeof(*h);

	for (uint32_t i = 0; i < SECBAKE_SECTION_COUNT; i++) {
		size_t offset = h->section[i].offset, length = h->section[i].size;
		size_t record = sb_record_size((enum secbake_blob_section)i), end;
		const char *wrong = misplaced(offset, length, next, size);

		if (wrong)
			return secbake_error_set(error, SECBAKE_ERR_INPUT, 0,
						 "not a blob: section %s %s", section_name[i],
						 wrong);
		if (length % record)
			return secbake_error_set(error, SECBAKE_ERR_INPUT, 0,
						 "not a blob: section %s ends within a record",
						 section_name[i]);
		if (length / record > records_max(i))
			return secbake_error_set(error, SECBAKE_ERR_LIMIT, 0,
						 "section %s has more than %u records",
						 section_name[i], records_max(i));
		end = offset + length;
		/* Below size, a multiple of 8, so that rounding up stays within. */
		next = (end + SECBAKE_BLOB_ALIGN - 1) & ~(size_t)(SECBAKE_BLOB_ALIGN - 1);
		if (!all_zero(bytes + end, next - end))
			return secbake_error_set(
				error, SECBAKE_ERR_INPUT, 0,
				"not a blob: the padding after section %s is not zero",
				section_name[i]);
	}
	return next == size ? SECBAKE_OK
			    : bad_header(error, "there is something behind the last section");
}

/* NULL if it is zero-terminated inside the section, none of its bytes NUL; or it is none. */
static const char *string_wrong(const struct secbake_blob *blob,
				const struct secbake_blob_header *h, struct secbake_blob_string s)
{
	const struct secbake_blob_range *strings = &h->section[SECBAKE_SECTION_STRINGS];
	const uint8_t *text;

	if (!s.size)
		return s.offset ? "is empty and has an offset" : NULL;
	if (s.offset >= strings->size || s.size >= strings->size - s.offset)
		return "reaches outside of the strings";
	text = blob->bytes + strings->offset + s.offset;
	if (text[s.size])
		return "has no NUL at its end";
	return memchr(text, '\0', s.size) ? "has a NUL inside" : NULL;
}

static enum secbake_status check_layers(const struct secbake_blob *blob,
					struct secbake_error *error)
{
	uint32_t count = secbake_blob_count(blob, SECBAKE_SECTION_LAYERS);
	uint32_t insns = secbake_blob_count(blob, SECBAKE_SECTION_PROGRAMS);

	for (uint32_t i = 0; i < count; i++) {
		struct secbake_blob_layer layer = secbake_blob_layer(blob, i);
		uint32_t flags = layer.filter_flags, insn;
		const char *wrong;

		if (flags & ~(uint32_t)SECBAKE_FLAGS_ALL)
			return bad(error, "layer", i,
				   "it has flags that this version does not know");
		if ((flags & SECBAKE_FLAG_WAIT_KILLABLE_RECV) &&
		    !(flags & SECBAKE_FLAG_NEW_LISTENER))
			return bad(error, "layer", i, "wait-killable-recv needs new-listener");
		if ((flags & SECBAKE_FLAG_TSYNC) && (flags & SECBAKE_FLAG_NEW_LISTENER) &&
		    !(flags & SECBAKE_FLAG_TSYNC_ESRCH))
			return bad(error, "layer", i, "tsync with new-listener needs tsync-esrch");
		if (!layer.insn_count || layer.insn_count > SECBAKE_PROGRAM_MAX)
			return bad(error, "layer", i, "its program has not 1 to 4096 instructions");
		if (layer.insn_first > insns || layer.insn_count > insns - layer.insn_first)
			return bad(error, "layer", i, "its program is outside of the section");
		if (layer.reserved)
			return bad(error, "layer", i, "reserved bytes are not zero");
		wrong = sb_program_wrong(secbake_blob_program(blob, i), layer.insn_count,
					 blob->arch->big_endian, &insn);
		if (wrong)
			return secbake_error_set(error, SECBAKE_ERR_INPUT, 0,
						 "not a blob: layer %u, instruction %u: %s", i,
						 insn, wrong);
	}
	return SECBAKE_OK;
}

static enum secbake_status check_variant_layers(const struct secbake_blob *blob,
						const struct secbake_blob_variant *v, uint32_t i,
						struct secbake_error *error)
{
	uint32_t count = secbake_blob_count(blob, SECBAKE_SECTION_LAYERS), listeners = 0;

	if (!v->layer_count != !!(blob->flags & SECBAKE_BLOB_UNRESTRICTED))
		return bad(error, "variant", i,
			   "it must have programs, unless the policy is unrestricted");
	if (v->layer_count > SECBAKE_LAYERS_MAX)
		return bad(error, "variant", i, "it has more than 16 layers");
	if (v->layer_first > count || v->layer_count > count - v->layer_first)
		return bad(error, "variant", i, "its layers are outside of the section");
	for (uint32_t l = 0; l < v->layer_count; l++) {
		uint32_t flags = secbake_blob_layer(blob, v->layer_first + l).filter_flags;

		if (flags & ~v->answered_flags)
			return bad(error, "variant", i,
				   "a layer has a flag that is not recorded as available");
		listeners += !!(flags & SECBAKE_FLAG_NEW_LISTENER);
	}
	return listeners <= 1 ? SECBAKE_OK
			      : bad(error, "variant", i, "the kernel allows one listener only");
}

/*
 * Sorted by mode and version, so that no two overlap is a matter of neighbours. Between
 * them versions may be left out, for which there is then no program.
 */
static enum secbake_status check_variants(const struct secbake_blob *blob,
					  struct secbake_error *error)
{
	uint32_t count = secbake_blob_count(blob, SECBAKE_SECTION_VARIANTS);
	struct secbake_blob_variant last = {0};

	if (!count)
		return bad_header(error, "it has no variant");
	for (uint32_t i = 0; i < count; i++) {
		struct secbake_blob_variant v = secbake_blob_variant(blob, i);
		bool first = !i || v.mode != last.mode;
		enum secbake_status status;

		if (v.mode > SECBAKE_MODE_COMPLAIN)
			return bad(error, "variant", i, "its mode is not known");
		if (i && v.mode < last.mode)
			return bad(error, "variant", i, "modes are out of order");
		if (!first && last.kernel_to > v.kernel_from)
			return bad(error, "variant", i,
				   "kernel versions of a mode overlap or are out of order");
		if (v.kernel_from >= v.kernel_to)
			return bad(error, "variant", i, "it is for no kernel version");
		if ((v.consulted_actions & ~(uint32_t)SECBAKE_ACTIONS_ALL) ||
		    (v.consulted_flags & ~(uint32_t)SECBAKE_FLAGS_ALL))
			return bad(error, "variant", i, "it asked what this version does not know");
		if ((v.answered_actions & ~v.consulted_actions) ||
		    (v.answered_flags & ~v.consulted_flags))
			return bad(error, "variant", i, "it has answers to what was not asked");
		if (!all_zero(v.reserved, sizeof(v.reserved)))
			return bad(error, "variant", i, "reserved bytes are not zero");
		status = check_variant_layers(blob, &v, i, error);
		if (status)
			return status;
		last = v;
	}
	return SECBAKE_OK;
}

static bool path_sane(const char *path)
{
	for (const char *p = path;;) {
		size_t length = strcspn(p, "/");

		if (!length || (length <= 2 && !memcmp(p, "..", length)))
			return false;
		p += length;
		if (!*p++)
			return true;
	}
}

static const char *name_wrong(const struct secbake_blob *blob, const struct secbake_blob_header *h,
			      struct secbake_blob_string name)
{
	if (!name.size || name.size > SB_STRING_MAX)
		return "has not 1 to 4095 bytes";
	return string_wrong(blob, h, name);
}

static const char *account_wrong(const struct secbake_blob_source *s, const char *name)
{
	if (!sb_account_name_valid(name))
		return "its name is none of a user or group";
	if (!s->present)
		return "an account is present";
	return all_zero(s->content.bytes + 4, sizeof(s->content) - 4)
		       ? NULL
		       : "its number has more than 4 bytes";
}

/*
 * Its name is known to be right. depth: of each source before this one, so that chains of
 * parents are bounded.
 */
static const char *source_wrong(const struct secbake_blob *blob, uint32_t i, uint8_t *depth)
{
	struct secbake_blob_source s = secbake_blob_source(blob, i), parent;
	const char *name;

	if (s.present > 1)
		return "it is neither present nor absent";
	if (s.reserved)
		return "reserved bytes are not zero";
	if (!s.present && !all_zero(&s.content, sizeof(s.content)))
		return "it is absent and has content";
	name = secbake_blob_string(blob, s.name);
	depth[i] = 0;
	if (s.kind == SECBAKE_SOURCE_POLICY || s.kind == SECBAKE_SOURCE_ACCOUNT) {
		if (s.parent)
			return "its kind has no parent";
		if (s.kind == SECBAKE_SOURCE_ACCOUNT)
			return account_wrong(&s, name);
		return secbake_name_valid(name) ? NULL : "its name is none that a policy may have";
	}
	if (s.kind != SECBAKE_SOURCE_OPTIONS && s.kind != SECBAKE_SOURCE_FILE)
		return "its kind is not known";
	if (s.parent >= i)
		return "its parent does not come before it";
	parent = secbake_blob_source(blob, s.parent);
	if (!parent.present || parent.kind == SECBAKE_SOURCE_OPTIONS ||
	    parent.kind == SECBAKE_SOURCE_ACCOUNT)
		return "its parent cannot have sources beside it";
	if (s.kind == SECBAKE_SOURCE_OPTIONS) {
		if (parent.kind != SECBAKE_SOURCE_POLICY ||
		    strcmp(name, secbake_blob_string(blob, parent.name)) != 0)
			return "options belong to the policy of their name";
		return NULL;
	}
	depth[i] = (uint8_t)(depth[s.parent] + 1);
	if (depth[i] > SB_PARENTS_MAX)
		return "more than 16 files lead to it";
	return path_sane(name) ? NULL : "its path must be relative, without . and ..";
}

static __attribute__((noinline)) enum secbake_status
check_sources(const struct secbake_blob *blob, const struct secbake_blob_header *h,
	      struct secbake_error *error)
{
	uint32_t count = secbake_blob_count(blob, SECBAKE_SECTION_SOURCES);
	uint8_t depth[SECBAKE_SOURCES_MAX];

	for (uint32_t i = 0; i < count; i++) {
		const char *wrong = name_wrong(blob, h, secbake_blob_source(blob, i).name);

		if (wrong)
			return secbake_error_set(error, SECBAKE_ERR_INPUT, 0,
						 "not a blob: source %u: its name %s", i, wrong);
		wrong = source_wrong(blob, i, depth);
		if (wrong)
			return bad(error, "source", i, wrong);
	}
	return SECBAKE_OK;
}

/* Too long is the author's matter, and another status: the writer passes it on. */
static enum secbake_status check_text(const struct secbake_blob *blob,
				      const struct secbake_blob_header *h,
				      struct secbake_blob_string s, uint32_t max, const char *what,
				      struct secbake_error *error)
{
	const char *wrong = string_wrong(blob, h, s);

	if (wrong)
		return secbake_error_set(error, SECBAKE_ERR_INPUT, 0, "not a blob: %s %s", what,
					 wrong);
	if (s.size > max)
		return secbake_error_set(error, SECBAKE_ERR_LIMIT, 0,
					 "%s has %u bytes; %u are possible", what, s.size, max);
	return SECBAKE_OK;
}

/* What is told to the listener. */
static enum secbake_status check_listener(const struct secbake_blob *blob,
					  const struct secbake_blob_header *h,
					  struct secbake_error *error)
{
	enum secbake_status status =
		check_text(blob, h, h->listener_path, SB_STRING_MAX, "the listener's path", error);

	if (!status)
		status = check_text(blob, h, h->listener_metadata, SB_METADATA_MAX,
				    "the listener's metadata", error);
	return status;
}

/* Notes and rules: for people, and nothing that a loader looks at. */
static enum secbake_status check_for_people(const struct secbake_blob *blob,
					    const struct secbake_blob_header *h,
					    struct secbake_error *error)
{
	uint32_t notes = secbake_blob_count(blob, SECBAKE_SECTION_NOTES);
	uint32_t rules = secbake_blob_count(blob, SECBAKE_SECTION_RULES);
	uint32_t variants = secbake_blob_count(blob, SECBAKE_SECTION_VARIANTS);
	uint32_t layers = secbake_blob_count(blob, SECBAKE_SECTION_LAYERS);
	uint32_t sources = secbake_blob_count(blob, SECBAKE_SECTION_SOURCES);
	enum secbake_status status = SECBAKE_OK;

	for (uint32_t i = 0; i < notes && !status; i++) {
		struct secbake_blob_note note = secbake_blob_note(blob, i);

		if (note.variant >= variants)
			return bad(error, "note", i, "its variant is not there");
		if (note.reserved)
			return bad(error, "note", i, "reserved bytes are not zero");
		if (!note.text.size)
			return bad(error, "note", i, "it has no text");
		status = check_text(blob, h, note.text, SB_STRING_MAX, "a note's text", error);
	}
	for (uint32_t i = 0; i < rules && !status; i++) {
		struct secbake_blob_rule rule = secbake_blob_rule(blob, i);

		/* A blob without sources has rules all the same: of source 0, unnamed. */
		if (rule.layer >= layers)
			return bad(error, "rule", i, "its layer is not there");
		if (rule.source && rule.source >= sources)
			return bad(error, "rule", i, "its source is not there");
		status =
			check_text(blob, h, rule.pointer, SB_STRING_MAX, "a rule's pointer", error);
	}
	return status;
}

static enum secbake_status check_records(const struct secbake_blob *blob,
					 const struct secbake_blob_header *h,
					 struct secbake_error *error)
{
	enum secbake_status status = check_layers(blob, error);

	if (!status && (blob->flags & SECBAKE_BLOB_UNRESTRICTED) &&
	    (h->section[SECBAKE_SECTION_LAYERS].size || h->section[SECBAKE_SECTION_PROGRAMS].size))
		status = bad_header(error, "it is unrestricted and has programs");
	if (!status)
		status = check_variants(blob, error);
	if (!status)
		status = check_sources(blob, h, error);
	if (!status)
		status = check_listener(blob, h, error);
	return status;
}

enum secbake_status sb_blob_open(const uint8_t *bytes, size_t size, enum sb_blob_use use,
				 struct secbake_blob *blob, struct secbake_error *error)
{
	struct secbake_blob candidate = {.bytes = bytes, .size = size};
	struct secbake_blob_header h;
	enum secbake_status status = check_size(bytes, size, error);

	if (status)
		return status;
	h = sb_header_of(bytes);
	status = check_header(bytes, size, &h, &candidate.arch, error);
	if (!status)
		status = check_sections(bytes, size, &h, error);
	if (status)
		return status;
	candidate.flags = h.flags;
	status = check_records(&candidate, &h, error);
	if (!status && use == SB_BLOB_ALL)
		status = check_for_people(&candidate, &h, error);
	if (!status)
		*blob = candidate;
	return status;
}

enum secbake_status secbake_blob_open(const uint8_t *bytes, size_t size, struct secbake_blob *blob,
				      struct secbake_error *error)
{
	return sb_blob_open(bytes, size, SB_BLOB_ALL, blob, error);
}
