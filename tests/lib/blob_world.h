/* SPDX-License-Identifier: MIT */
/* A blob with something in every section, and copies of it to be damaged. */
#ifndef TEST_BLOB_WORLD_H
#define TEST_BLOB_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <linux/seccomp.h>
#include <string.h>

#include "cache/blob_layout.h"
#include "cache/blob_write.h"
#include "cache/hash.h"

#define COUNT(array) ((uint32_t)(sizeof(array) / sizeof((array)[0])))
#define RET(k) BPF_STMT(BPF_RET | BPF_K, (k))

extern const struct sock_filter program[4];

extern const struct sb_blob_layer_in layers[2];
extern const char *const notes[1];

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

struct sb_blob_in rich(void);

/* The blob of rich() as written, and room for a copy of it with 64 bytes more. */
extern uint8_t *bytes, *copy;
extern size_t size;

int set_up(void **state);
int tear_down(void **state);
/* copy, as bytes are. */
uint8_t *fresh(void);
void put32(uint8_t *at, uint32_t value);
uint32_t get32(const uint8_t *at);

/* What an attacker would do after a change. */
void sign(uint8_t *at, size_t length);

/* Offset of a field of record number i of a section. */
#define HEADER(field) offsetof(struct secbake_blob_header, field)

size_t in_section(enum secbake_blob_section section, size_t offset);

#define RECORD(section, type, i, field) \
	in_section(section, (i) * sizeof(struct type) + offsetof(struct type, field))
#define VARIANT_AT(i, field) RECORD(SECBAKE_SECTION_VARIANTS, secbake_blob_variant, i, field)

#endif
