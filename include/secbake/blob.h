/* SPDX-License-Identifier: MIT */
/*
 * The blob, NAME.sbk: compiled programs of one policy for one set of kernel
 * features, mapped and used in place. docs/blob-format.md is its specification
 * and keeps its version history; a change here is a change there.
 *
 * All integers are little-endian, whatever the target; programs are stored in
 * the target's byte order, ready for the kernel.
 */
#ifndef SECBAKE_BLOB_H
#define SECBAKE_BLOB_H

#include <secbake/features.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SECBAKE_BLOB_MAGIC "\x89SBK\r\n\x1a\n" /* 8 bytes; a text-mode copy breaks it */
#define SECBAKE_BLOB_VERSION 3u
#define SECBAKE_BLOB_ALIGN 8u
#define SECBAKE_BLOB_SIZE_MAX (16u << 20)
#define SECBAKE_NAME_MAX 64u	  /* bytes of a policy's name */
#define SECBAKE_PROGRAM_MAX 4096u /* BPF_MAXINSNS */
#define SECBAKE_LAYERS_MAX 16u	  /* programs of one variant */
#define SECBAKE_VARIANTS_MAX 64u
#define SECBAKE_SOURCES_MAX 256u
#define SECBAKE_KERNEL_ANY 0xffffffffu /* no upper end */

/* secbake_blob_header.flags */
enum {
	SECBAKE_BLOB_UNRESTRICTED = 1u << 0, /* the policy's own mode asks for no program at all */
	SECBAKE_BLOB_SEALED = 1u << 1,	     /* made for an image that has no sources */
	SECBAKE_BLOB_BIG_ENDIAN = 1u << 2,   /* byte order of the programs */
	SECBAKE_BLOB_COMPLAIN = 1u << 3,     /* the policy's own mode is complain */
	SECBAKE_BLOB_FLAGS_ALL = 0xfu,
};

enum secbake_blob_section {
	SECBAKE_SECTION_VARIANTS = 0,
	SECBAKE_SECTION_LAYERS,
	SECBAKE_SECTION_PROGRAMS, /* struct sock_filter, 8 bytes each, target's byte order */
	SECBAKE_SECTION_SOURCES,
	SECBAKE_SECTION_NOTES, /* degradations */
	SECBAKE_SECTION_RULES, /* provenance */
	SECBAKE_SECTION_STRINGS,
	SECBAKE_SECTION_COUNT,
};

struct secbake_blob_range {
	uint32_t offset; /* bytes from the start of the blob, multiple of SECBAKE_BLOB_ALIGN */
	uint32_t size;	 /* bytes; the next section starts at the next multiple of 8 */
};

/* A string in SECBAKE_SECTION_STRINGS; size bytes at offset, then NUL. {0, 0} is none. */
struct secbake_blob_string {
	uint32_t offset;
	uint32_t size;
};

struct secbake_blob_header {
	uint8_t magic[8];
	uint32_t version;
	uint32_t header_size; /* sizeof(struct secbake_blob_header) */
	uint64_t total_size;  /* the file's size */
	uint32_t audit_arch;
	uint32_t flags;
	struct secbake_hash checksum; /* XXH3-128 of the blob with these 16 bytes as zeros */
	struct secbake_hash feature_hash;
	struct secbake_hash policy_hash; /* of the canonical resolved policy */
	char name[SECBAKE_NAME_MAX + 8]; /* the policy's, NUL padded */
	char compiler[24];		 /* version of secbake, NUL padded */
	struct secbake_blob_string listener_path;
	struct secbake_blob_string listener_metadata;
	struct secbake_blob_range section[SECBAKE_SECTION_COUNT];
	uint8_t reserved[8]; /* zero */
};

enum secbake_mode {
	SECBAKE_MODE_ENFORCE = 0,
	SECBAKE_MODE_COMPLAIN = 1,
	SECBAKE_MODE_OWN = 2, /* in calls only: the one that the policy or blob itself asks for */
};

/* What is loaded in one mode on one interval of kernel versions. */
struct secbake_blob_variant {
	uint32_t mode;		    /* enum secbake_mode */
	uint32_t kernel_from;	    /* SECBAKE_KERNEL(X, Y), included; 0: no lower end */
	uint32_t kernel_to;	    /* excluded; SECBAKE_KERNEL_ANY */
	uint32_t consulted_actions; /* SECBAKE_ACTION_* that the compile asked about ... */
	uint32_t answered_actions;  /* ... and which of them the target has */
	uint32_t consulted_flags;
	uint32_t answered_flags;
	uint32_t layer_first; /* index into SECBAKE_SECTION_LAYERS */
	uint32_t layer_count; /* 0 only when unrestricted */
	uint32_t reserved[3];
};

/* One program; equal programs share their instructions. Loaded first to last. */
struct secbake_blob_layer {
	uint32_t filter_flags; /* SECBAKE_FLAG_* for seccomp(2) */
	uint32_t insn_first;   /* index into SECBAKE_SECTION_PROGRAMS */
	uint32_t insn_count;   /* 1..SECBAKE_PROGRAM_MAX */
	uint32_t reserved;
};

enum secbake_source_kind {
	SECBAKE_SOURCE_POLICY = 1,  /* NAME.json, looked up on the policy path */
	SECBAKE_SOURCE_OPTIONS = 2, /* NAME.options beside source number parent */
	SECBAKE_SOURCE_FILE = 3,    /* a path relative to the folder of source number parent */
	SECBAKE_SOURCE_ACCOUNT = 4, /* "user:NAME" or "group:NAME"; content is the number */
};

/* A file that the compile read, or looked for; or an account that it looked up. */
struct secbake_blob_source {
	uint32_t kind;	  /* enum secbake_source_kind */
	uint32_t present; /* 1; or 0: it was looked for and must still not be there */
	uint32_t parent;  /* index of another source, before this one; 0 for policies */
	uint32_t reserved;
	struct secbake_blob_string name;
	struct secbake_hash content; /* XXH3-128; zero when absent; of accounts their number */
};

/* One degradation: what the target lacked and what it became. */
struct secbake_blob_note {
	uint32_t variant;
	uint32_t reserved;
	struct secbake_blob_string text;
};

/* Where an action of a program comes from. */
struct secbake_blob_rule {
	uint32_t layer;	 /* index into SECBAKE_SECTION_LAYERS */
	uint32_t action; /* SECCOMP_RET_* with data */
	uint32_t source; /* index into SECBAKE_SECTION_SOURCES */
	uint32_t line;
	struct secbake_blob_string pointer; /* JSON pointer */
};

#define SECBAKE_STATIC_ASSERT_(x, m) _Static_assert(x, m)
#ifndef __cplusplus
SECBAKE_STATIC_ASSERT_(sizeof(struct secbake_blob_header) == 256, "blob header");
SECBAKE_STATIC_ASSERT_(sizeof(struct secbake_blob_variant) == 48, "blob variant");
SECBAKE_STATIC_ASSERT_(sizeof(struct secbake_blob_layer) == 16, "blob layer");
SECBAKE_STATIC_ASSERT_(sizeof(struct secbake_blob_source) == 40, "blob source");
SECBAKE_STATIC_ASSERT_(sizeof(struct secbake_blob_note) == 16, "blob note");
SECBAKE_STATIC_ASSERT_(sizeof(struct secbake_blob_rule) == 24, "blob rule");
#endif

/**
 * struct secbake_blob - a blob that was checked
 * @bytes: the whole file, borrowed from the caller; must stay and not change (as a mapping
 *	does, a private one too, of a file that somebody cuts)
 * @size: its bytes
 * @arch: of the header; static
 * @flags: SECBAKE_BLOB_*
 */
struct secbake_blob {
	const uint8_t *bytes;
	size_t size;
	const struct secbake_arch *arch;
	uint32_t flags;
};

/**
 * secbake_blob_open() - check every byte that a reader relies on
 * @bytes: @size bytes, aligned to 8; hostile until this returns SECBAKE_OK
 * @size: of the file
 * @blob: written only on success; borrows @bytes
 * @error: which field is wrong; may be NULL
 *
 * Checks magic, version, sizes, section table (in order, aligned, without
 * overlap, inside the file, zero padding), reserved bytes, checksum, each
 * record's indices, strings and ranges, that variants of a mode are in
 * order and do not overlap, and that each program is one that the
 * kernel would accept structurally (length, last instruction a RET, jumps
 * forward and inside).
 * Return: SECBAKE_OK, SECBAKE_ERR_INPUT, SECBAKE_ERR_LIMIT.
 */
enum secbake_status secbake_blob_open(const uint8_t *bytes, size_t size, struct secbake_blob *blob,
				      struct secbake_error *error);

/**
 * secbake_blob_select() - the variant for a kernel
 * @blob: checked
 * @features: of the running kernel
 * @mode: enum secbake_mode
 * @variant: index of the variant; written only on success
 * @error: may be NULL
 *
 * Return: SECBAKE_OK; SECBAKE_ERR_STALE when the architecture or a consulted
 * answer differs; SECBAKE_ERR_MISSING when there is none for that mode, or for this
 * kernel's version;
 * SECBAKE_ERR_UNKNOWN when the version matters and is not known.
 */
enum secbake_status secbake_blob_select(const struct secbake_blob *blob,
					const struct secbake_features *features,
					enum secbake_mode mode, uint32_t *variant,
					struct secbake_error *error);

/* Copies of checked records, in host order. Index below the count, or zeros come back. */
struct secbake_blob_header secbake_blob_header(const struct secbake_blob *blob);
uint32_t secbake_blob_count(const struct secbake_blob *blob, enum secbake_blob_section section);
struct secbake_blob_variant secbake_blob_variant(const struct secbake_blob *blob, uint32_t index);
struct secbake_blob_layer secbake_blob_layer(const struct secbake_blob *blob, uint32_t index);
struct secbake_blob_source secbake_blob_source(const struct secbake_blob *blob, uint32_t index);
struct secbake_blob_note secbake_blob_note(const struct secbake_blob *blob, uint32_t index);
struct secbake_blob_rule secbake_blob_rule(const struct secbake_blob *blob, uint32_t index);

/**
 * secbake_blob_string() - a string of the blob
 * Return: NUL-terminated, borrowed from the blob; "" for none.
 */
const char *secbake_blob_string(const struct secbake_blob *blob, struct secbake_blob_string string);

/**
 * secbake_blob_program() - the instructions of a layer, in the target's byte order
 * Return: secbake_blob_layer().insn_count times 8 bytes, aligned to 8, borrowed.
 */
const uint8_t *secbake_blob_program(const struct secbake_blob *blob, uint32_t layer);

/**
 * secbake_name_valid() - may a policy have this name
 * Return: true for [A-Za-z0-9_.@-]{1,64} without a leading dot.
 */
bool secbake_name_valid(const char *name);

#ifdef __cplusplus
}
#endif
#endif
