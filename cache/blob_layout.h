/* SPDX-License-Identifier: MIT */
/* What reading and checking a blob share. */
#ifndef SB_BLOB_LAYOUT_H
#define SB_BLOB_LAYOUT_H

#include <stddef.h>
#include <stdint.h>

#include <secbake/blob.h>

#define SB_INSN_SIZE 8u /* sizeof(struct sock_filter) */

/* Longest strings, bytes without NUL; so that checking them all takes bounded time. */
#define SB_STRING_MAX 4095u
#define SB_METADATA_MAX 65535u

/* Deepest chain of sources, each the parent of the next. */
#define SB_PARENTS_MAX 16u

/* A little-endian word, wherever it lies. */
uint32_t sb_le32(const uint8_t *at);

/* What a blob is opened for. */
enum sb_blob_use {
	SB_BLOB_ALL,  /* all that can be asked of it */
	SB_BLOB_LOAD, /* to be installed: its notes and rules, and their strings, are not looked at
		       */
};

/* secbake_blob_open(); with SB_BLOB_LOAD nobody may ask for notes and rules of *blob. */
enum secbake_status sb_blob_open(const uint8_t *bytes, size_t size, enum sb_blob_use use,
				 struct secbake_blob *blob, struct secbake_error *error);

/* The header in host order; bytes are sizeof(struct secbake_blob_header) at least. */
struct secbake_blob_header sb_header_of(const uint8_t *bytes);

/* The policy's name, in place. Checked: it ends with NUL. */
static inline const char *sb_name_of(const struct secbake_blob *blob)
{
	return (const char *)blob->bytes + offsetof(struct secbake_blob_header, name);
}

/* Bytes of one record of a section; 1 for strings. */
size_t sb_record_size(enum secbake_blob_section section);

/* NULL, or what is wrong with a program of count instructions, at least one; *at says where. */
const char *sb_program_wrong(const uint8_t *insn, uint32_t count, bool big_endian, uint32_t *at);

#endif
