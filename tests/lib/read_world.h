/* SPDX-License-Identifier: MIT */
/* A policy's text read, and what is reported on the way. */
#ifndef TEST_READ_WORLD_H
#define TEST_READ_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <compiler/capabilities.h>
#include <compiler/read_oci.h>

#define MESSAGES_MAX 16

struct collector {
	struct secbake_reporter reporter;
	uint32_t count;
	enum secbake_level level[MESSAGES_MAX];
	struct secbake_error message[MESSAGES_MAX];
};

void collect(struct secbake_reporter *self, enum secbake_level level,
	     const struct secbake_error *message);

/* A copy without anything behind it, so that the sanitizers see reads beyond the end. */
enum secbake_status read_bytes(struct sb_arena *arena, const char *bytes, size_t size,
			       const struct sb_options *options, struct secbake_reporter *reporter,
			       struct sb_document *document, struct secbake_error *error);

#endif
