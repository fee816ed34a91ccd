/* SPDX-License-Identifier: MIT */
/* A policy's text read, and what is reported on the way. */
#include "read_world.h"

#include <stdlib.h>
#include <string.h>

void collect(struct secbake_reporter *self, enum secbake_level level,
	     const struct secbake_error *message)
{
	struct collector *collector = (struct collector *)self;

	assert_true(collector->count < MESSAGES_MAX);
	collector->level[collector->count] = level;
	collector->message[collector->count++] = *message;
}

enum secbake_status read_bytes(struct sb_arena *arena, const char *bytes, size_t size,
			       const struct sb_options *options, struct secbake_reporter *reporter,
			       struct sb_document *document, struct secbake_error *error)
{
	char *copy = malloc(size ? size : 1);
	struct secbake_text text = {.bytes = copy, .size = size, .file = "policy.json"};
	enum secbake_status status;

	assert_non_null(copy);
	memcpy(copy, bytes, size);
	status = sb_read(arena, &text, options, reporter, document, error);
	free(copy); /* a document borrows nothing from its text */
	return status;
}
