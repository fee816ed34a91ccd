/* SPDX-License-Identifier: MIT */
/* Findings: none twice, those that the policy accepts with its reason, in order of place. */
#include "check.h"

#include <compiler/read_native.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool ignored(const struct sb_checker *c, const char *code)
{
	for (size_t i = 0; i < c->options->ignore_count; i++)
		if (!strcmp(c->options->ignore[i], code))
			return true;
	return false;
}

static void add(struct sb_checker *c, enum sb_check_code code, enum secbake_level level,
		uint32_t source, const struct secbake_error *message)
{
	struct sb_found *found;

	for (uint32_t i = 0; i < c->found_count; i++) {
		const struct secbake_error *other = &c->found[i].is.message;

		if (c->found[i].is.check == &sb_check_rows[code].is &&
		    c->found[i].source == source && other->line == message->line &&
		    !strcmp(other->pointer, message->pointer) &&
		    !strcmp(other->text, message->text))
			return;
	}
	if (c->found_count == c->found_room) {
		uint32_t room = c->found_room ? 2 * c->found_room : 32;

		found = sb_grow(c->arena, c->found, c->found_count, room, sizeof(*found));
		if (!found) {
			c->no_memory = true;
			return;
		}
		c->found = found;
		c->found_room = room;
	}
	found = &c->found[c->found_count++];
	*found = (struct sb_found){.source = source};
	found->is.check = &sb_check_rows[code].is;
	found->is.level = level;
	found->is.message = *message;
	found->is.message.status = SECBAKE_OK;
}

void sb_found(struct sb_checker *c, uint32_t code, const struct sb_place *place, const char *format,
	      ...)
{
	static const struct sb_place nowhere;
	enum sb_check_code which = (enum sb_check_code)(code & 0xffff);
	enum secbake_level level =
		code >> 16 ? (enum secbake_level)((code >> 16) - 1) : sb_check_rows[which].is.level;
	struct secbake_error message = {0};
	const char *file = c->options->file;
	va_list args;

	if (!place)
		place = &nowhere;
	if (c->front)
		file = c->front->sources.at[place->source].file;
	va_start(args, format);
	vsnprintf(message.text, sizeof(message.text), format, args);
	va_end(args);
	secbake_error_file(&message, file, place->line, place->column, place->pointer);
	add(c, which, level, place->source, &message);
}

void sb_found_message(struct sb_checker *c, enum sb_check_code code, enum secbake_level level,
		      const struct secbake_error *message)
{
	uint32_t source = 0;

	for (uint32_t i = 0; c->front && i < c->front->sources.count; i++)
		if (c->front->sources.at[i].file &&
		    !strcmp(c->front->sources.at[i].file, message->file))
			source = i;
	add(c, code, level, source, message);
}

/* Does the place lie in what a pointer names? */
static bool within(const char *place, const char *prefix)
{
	size_t size = strlen(prefix);

	return !strncmp(place, prefix, size) && (!place[size] || place[size] == '/');
}

/* An acceptance at the top holds for all documents, one in a rule for that rule. */
static bool accepts(const struct sb_native_accept *accept, const struct sb_found *found)
{
	if (strcmp(accept->code, found->is.check->code) != 0)
		return false;
	return !*accept->scope || (accept->place.source == found->source &&
				   within(found->is.message.pointer, accept->scope));
}

static void apply_acceptances(struct sb_checker *c)
{
	const struct sb_native *native = c->front ? c->front->document.native : NULL;
	uint32_t count = c->found_count;

	for (uint32_t i = 0; native && i < native->accept_count; i++) {
		const struct sb_native_accept *accept = &native->accept[i];
		bool used = false;

		for (uint32_t k = 0; k < count; k++) {
			struct sb_found *found = &c->found[k];

			if (!accepts(accept, found))
				continue;
			used = true;
			if (found->accepted)
				continue;
			found->accepted = true;
			found->is.level = SECBAKE_NOTE;
			snprintf(found->is.reason, sizeof(found->is.reason), "%s", accept->reason);
		}
		/* A base accepts for all that extend it. */
		if (!used && !accept->place.source && !ignored(c, accept->code))
			sb_found(c, SB_CHECK_ACCEPT_UNUSED, &accept->place,
				 "\"%s\" is accepted, and not found", accept->code);
	}
}

/* Of warnings that say the same of many places, the first; it tells how many. */
static void fold_warnings(struct sb_checker *c)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < c->found_count; i++) {
		struct sb_found *found = &c->found[i];
		uint32_t k = 0;

		while (k < kept &&
		       (found->is.check != &sb_check_rows[SB_CHECK_COMPILER_WARNING].is ||
			c->found[k].is.check != found->is.check ||
			c->found[k].source != found->source || found->accepted ||
			strcmp(c->found[k].is.message.text, found->is.message.text) != 0))
			k++;
		if (k < kept)
			c->found[k].more++;
		else
			c->found[kept++] = *found;
	}
	c->found_count = kept;
	for (uint32_t i = 0; i < kept; i++) {
		struct secbake_error *message = &c->found[i].is.message;
		size_t size = strlen(message->text);

		if (c->found[i].more)
			snprintf(message->text + size, sizeof(message->text) - size,
				 "; and %u more like this", c->found[i].more);
	}
}

static int compare(const void *a, const void *b)
{
	const struct sb_found *x = a, *y = b;

	if (x->source != y->source)
		return x->source < y->source ? -1 : 1;
	if (x->is.message.line != y->is.message.line)
		return x->is.message.line < y->is.message.line ? -1 : 1;
	if (x->is.check != y->is.check)
		return x->is.check < y->is.check ? -1 : 1;
	return strcmp(x->is.message.text, y->is.message.text);
}

void sb_found_tell(struct sb_checker *c)
{
	apply_acceptances(c);
	if (c->found_count)
		qsort(c->found, c->found_count, sizeof(*c->found), compare);
	fold_warnings(c);
	for (uint32_t i = 0; i < c->found_count; i++)
		if (!ignored(c, c->found[i].is.check->code))
			c->options->findings->found(c->options->findings, &c->found[i].is);
}
