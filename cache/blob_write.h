/* SPDX-License-Identifier: MIT */
/* Laying out a blob; see secbake/blob.h and docs/blob-format.md. */
#ifndef SB_BLOB_WRITE_H
#define SB_BLOB_WRITE_H

#include <linux/filter.h>

#include <secbake/blob.h>

struct sb_blob_rule_in {
	uint32_t action, source, line;
	const char *pointer;
};

struct sb_blob_layer_in {
	uint32_t filter_flags;
	const struct sock_filter *insn; /* host order */
	uint32_t insn_count;
	const struct sb_blob_rule_in *rule;
	uint32_t rule_count;
};

struct sb_blob_variant_in {
	enum secbake_mode mode;
	uint32_t kernel_from, kernel_to;
	uint32_t consulted_actions, answered_actions;
	uint32_t consulted_flags, answered_flags;
	const struct sb_blob_layer_in *layer;
	uint32_t layer_count;
	const char *const *note;
	uint32_t note_count;
};

struct sb_blob_source_in {
	enum secbake_source_kind kind;
	bool present;
	uint32_t parent;
	const char *name;
	struct secbake_hash content;
};

struct sb_blob_in {
	const char *name;
	const struct secbake_arch *arch;
	uint32_t flags; /* SECBAKE_BLOB_*; BIG_ENDIAN is set from arch */
	struct secbake_hash feature_hash, policy_hash;
	const char *listener_path, *listener_metadata; /* or NULL */
	const struct sb_blob_variant_in *variant;
	uint32_t variant_count;
	const struct sb_blob_source_in *source;
	uint32_t source_count;
};

/*
 * Builds the blob in memory from malloc, *bytes to be freed by the caller.
 * Equal programs (and equal lists of layers) are stored once; equal input gives
 * equal bytes. The result is opened by secbake_blob_open() before it is handed
 * out. Return: SECBAKE_OK, SECBAKE_ERR_LIMIT, SECBAKE_ERR_MEMORY,
 * SECBAKE_ERR_INTERNAL.
 */
enum secbake_status sb_blob_write(const struct sb_blob_in *in, uint8_t **bytes, size_t *size,
				  struct secbake_error *error);

#endif
