/* SPDX-License-Identifier: MIT */
/*
 * Reading a blob that blob_check.c has found whole: records as copies in host
 * order, strings and programs in place, and the variant for a kernel. Part of
 * the loader: libc only, no heap.
 */
#include <secbake/blob.h>

#include <string.h>

#include "blob_layout.h"

uint32_t sb_le32(const uint8_t *at)
{
	return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 |
	       (uint32_t)at[3] << 24;
}

/* All fields of a record from offset on are 32-bit words: one loop brings them to host order. */
static void swap_words(void *record, size_t offset, size_t size)
{
	uint8_t *bytes = record;

	for (size_t i = offset; i + 4 <= size; i += 4) {
		uint32_t word = sb_le32(bytes + i);

		memcpy(bytes + i, &word, sizeof(word));
	}
}

struct secbake_blob_header sb_header_of(const uint8_t *bytes)
{
	struct secbake_blob_header h;
	uint64_t total;

	memcpy(&h, bytes, sizeof(h));
	total = (uint64_t)sb_le32(bytes + offsetof(struct secbake_blob_header, total_size)) |
		(uint64_t)sb_le32(bytes + offsetof(struct secbake_blob_header, total_size) + 4)
			<< 32;
	swap_words(&h, offsetof(struct secbake_blob_header, version),
		   offsetof(struct secbake_blob_header, total_size));
	h.total_size = total;
	swap_words(&h, offsetof(struct secbake_blob_header, audit_arch),
		   offsetof(struct secbake_blob_header, checksum));
	swap_words(&h, offsetof(struct secbake_blob_header, listener_path),
		   offsetof(struct secbake_blob_header, reserved));
	return h;
}

size_t sb_record_size(enum secbake_blob_section section)
{
	switch (section) {
	case SECBAKE_SECTION_VARIANTS:
		return sizeof(struct secbake_blob_variant);
	case SECBAKE_SECTION_LAYERS:
		return sizeof(struct secbake_blob_layer);
	case SECBAKE_SECTION_PROGRAMS:
		return SB_INSN_SIZE;
	case SECBAKE_SECTION_SOURCES:
		return sizeof(struct secbake_blob_source);
	case SECBAKE_SECTION_NOTES:
		return sizeof(struct secbake_blob_note);
	case SECBAKE_SECTION_RULES:
		return sizeof(struct secbake_blob_rule);
	case SECBAKE_SECTION_STRINGS:
	case SECBAKE_SECTION_COUNT:
		break;
	}
	return 1;
}

static struct secbake_blob_range range_of(const struct secbake_blob *blob,
					  enum secbake_blob_section section)
{
	const uint8_t *at = blob->bytes + offsetof(struct secbake_blob_header, section) +
			    (size_t)section * sizeof(struct secbake_blob_range);

	return (struct secbake_blob_range){.offset = sb_le32(at), .size = sb_le32(at + 4)};
}

struct secbake_blob_header secbake_blob_header(const struct secbake_blob *blob)
{
	return sb_header_of(blob->bytes);
}

uint32_t secbake_blob_count(const struct secbake_blob *blob, enum secbake_blob_section section)
{
	if ((unsigned int)section >= SECBAKE_SECTION_COUNT)
		return 0;
	return range_of(blob, section).size / (uint32_t)sb_record_size(section);
}

/* Copies record number index; leaves zeros when there is none. */
static void record(const struct secbake_blob *blob, enum secbake_blob_section section,
		   uint32_t index, void *out)
{
	struct secbake_blob_range range = range_of(blob, section);
	uint64_t size = sb_record_size(section), at = index * size;

	if (at + size <= range.size)
		memcpy(out, blob->bytes + range.offset + at, size);
}

struct secbake_blob_variant secbake_blob_variant(const struct secbake_blob *blob, uint32_t index)
{
	struct secbake_blob_variant out = {0};

	record(blob, SECBAKE_SECTION_VARIANTS, index, &out);
	swap_words(&out, 0, sizeof(out));
	return out;
}

struct secbake_blob_layer secbake_blob_layer(const struct secbake_blob *blob, uint32_t index)
{
	struct secbake_blob_layer out = {0};

	record(blob, SECBAKE_SECTION_LAYERS, index, &out);
	swap_words(&out, 0, sizeof(out));
	return out;
}

struct secbake_blob_source secbake_blob_source(const struct secbake_blob *blob, uint32_t index)
{
	struct secbake_blob_source out = {0};

	record(blob, SECBAKE_SECTION_SOURCES, index, &out);
	swap_words(&out, 0, offsetof(struct secbake_blob_source, content));
	return out;
}

struct secbake_blob_note secbake_blob_note(const struct secbake_blob *blob, uint32_t index)
{
	struct secbake_blob_note out = {0};

	record(blob, SECBAKE_SECTION_NOTES, index, &out);
	swap_words(&out, 0, sizeof(out));
	return out;
}

struct secbake_blob_rule secbake_blob_rule(const struct secbake_blob *blob, uint32_t index)
{
	struct secbake_blob_rule out = {0};

	record(blob, SECBAKE_SECTION_RULES, index, &out);
	swap_words(&out, 0, sizeof(out));
	return out;
}

const char *secbake_blob_string(const struct secbake_blob *blob, struct secbake_blob_string string)
{
	struct secbake_blob_range strings = range_of(blob, SECBAKE_SECTION_STRINGS);

	/* Checked when the blob was opened; this is for a string of another blob. */
	if (!string.size || string.offset >= strings.size ||
	    string.size >= strings.size - string.offset)
		return "";
	return (const char *)blob->bytes + strings.offset + string.offset;
}

const uint8_t *secbake_blob_program(const struct secbake_blob *blob, uint32_t layer)
{
	struct secbake_blob_layer record_of = secbake_blob_layer(blob, layer);

	return blob->bytes + range_of(blob, SECBAKE_SECTION_PROGRAMS).offset +
	       (size_t)record_of.insn_first * SB_INSN_SIZE;
}

bool secbake_name_valid(const char *name)
{
	size_t size = strnlen(name, SECBAKE_NAME_MAX + 1);

	if (!size || size > SECBAKE_NAME_MAX || name[0] == '.')
		return false;
	for (size_t i = 0; i < size; i++) {
		char c = name[i];

		if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
		      c == '_' || c == '.' || c == '@' || c == '-'))
			return false;
	}
	return true;
}

/* Does this kernel answer as the one that the variant was compiled for? */
static enum secbake_status check_answers(const struct secbake_blob_variant *v,
					 const struct secbake_features *f,
					 struct secbake_error *error)
{
	uint32_t action = (f->actions & v->consulted_actions) ^ v->answered_actions;
	uint32_t flag = (f->flags & v->consulted_flags) ^ v->answered_flags;
	bool is_action = action;
	uint32_t bit = is_action ? action & -action : flag & -flag;

	if (!bit)
		return SECBAKE_OK;
	return secbake_error_set(
		error, SECBAKE_ERR_STALE, 0,
		"the blob was compiled for a kernel %s the %s %s, and this one is not "
		"such a kernel",
		(is_action ? v->answered_actions : v->answered_flags) & bit ? "with" : "without",
		is_action ? "action" : "flag",
		is_action ? secbake_action_name(bit) : secbake_flag_name(bit));
}

static bool holds(const struct secbake_blob_variant *v, uint32_t kernel)
{
	return v->kernel_from <= kernel &&
	       (kernel < v->kernel_to || v->kernel_to == SECBAKE_KERNEL_ANY);
}

enum secbake_status secbake_blob_select(const struct secbake_blob *blob,
					const struct secbake_features *features,
					enum secbake_mode mode, uint32_t *variant,
					struct secbake_error *error)
{
	uint32_t count = secbake_blob_count(blob, SECBAKE_SECTION_VARIANTS);
	enum secbake_status status;
	bool other_versions = false;

	if (blob->arch->audit_arch != features->arch->audit_arch)
		return secbake_error_set(error, SECBAKE_ERR_STALE, 0,
					 "the blob is for %s, this is %s", blob->arch->name,
					 features->arch->name);
	for (uint32_t i = 0; i < count; i++) {
		struct secbake_blob_variant v = secbake_blob_variant(blob, i);

		if (v.mode != (uint32_t)mode)
			continue;
		/* With one variant for all versions the version does not matter. */
		if (!features->kernel && (v.kernel_from || v.kernel_to != SECBAKE_KERNEL_ANY))
			return secbake_error_set(
				error, SECBAKE_ERR_UNKNOWN, 0,
				"the policy depends on the kernel's version, which "
				"is not known");
		if (!holds(&v, features->kernel)) {
			other_versions = true;
			continue;
		}
		status = check_answers(&v, features, error);
		if (!status)
			*variant = i;
		return status;
	}
	return secbake_error_set(
		error, SECBAKE_ERR_MISSING, 0,
		other_versions ? "the blob has no program for this kernel's version in mode %s"
			       : "the blob has no program for mode %s",
		mode == SECBAKE_MODE_COMPLAIN ? "complain" : "enforce");
}
