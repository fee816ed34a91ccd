/* SPDX-License-Identifier: MIT */
/* What a blob is made of, with something in everything, and blobs written of it. */
#ifndef TEST_BLOB_INPUT_WORLD_H
#define TEST_BLOB_INPUT_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <linux/seccomp.h>
#include <string.h>

#include "cache/blob_write.h"
#include "cache/hash.h"

#define INSN(code, jt, jf, k)   \
	{                       \
		code, jt, jf, k \
	}
#define RET(k) INSN(BPF_RET | BPF_K, 0, 0, k)
#define COUNT(array) ((uint32_t)(sizeof(array) / sizeof((array)[0])))

extern const struct sock_filter enforce[4];
extern const struct sock_filter quiet[1];

extern const struct sb_blob_rule_in rules[3];

extern const struct sb_blob_layer_in two_layers[2];
extern const struct sb_blob_layer_in one_layer[1];

extern const char *const notes[2];

extern const struct sb_blob_variant_in variants[3];

extern const struct sb_blob_source_in sources[3];

/* A whole input to change; arch must be set. */
struct sb_blob_in input(const char *arch);

struct written {
	uint8_t *bytes;
	size_t size;
	struct secbake_blob blob;
};

struct written write_ok(const struct sb_blob_in *in);
void assert_same_program(const struct secbake_blob *blob, uint32_t layer,
			 const struct sock_filter *insn, uint32_t count, bool big_endian);

#endif
