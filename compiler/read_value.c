/* SPDX-License-Identifier: MIT */
/*
 * Taking a JSON document apart: children, places, members by name, integers
 * without loss. What is wrong is an error that names the member.
 */
#include "read_json.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "nearest.h"

const struct sb_json *sb_json_first(const struct sb_json *container)
{
	return container->count ? container + 1 : NULL;
}

const struct sb_json *sb_json_next(const struct sb_json *child)
{
	const struct sb_json *parent = child - child->up;

	return child->up && child->index + 1 < parent->count ? child + child->span : NULL;
}

const struct sb_json *sb_json_member(const struct sb_json *object, const char *name)
{
	if (object->type != SB_JSON_OBJECT)
		return NULL;
	sb_json_each(child, object)
		if (!strcmp(child->name, name))
			return child;
	return NULL;
}

const char *sb_json_type_name(enum sb_json_type type)
{
	static const char *const names[] = {"null",	"true or false", "a number",
					    "a string", "a list",	 "an object"};

	return (size_t)type < sizeof(names) / sizeof(names[0]) ? names[type] : "nothing";
}

/* Puts text before at; what does not fit any more is left out. */
static char *prepend(char *at, const char *start, const char *text, size_t size)
{
	if ((size_t)(at - start) < size) {
		text += size - (size_t)(at - start);
		size = (size_t)(at - start);
	}
	return memcpy(at - size, text, size);
}

static char *prepend_name(char *at, const char *start, const struct sb_json *node)
{
	for (uint32_t i = node->name_size; i-- && at > start;) {
		if (node->name[i] == '~')
			at = prepend(at, start, "~0", 2);
		else if (node->name[i] == '/')
			at = prepend(at, start, "~1", 2);
		else
			*--at = node->name[i];
	}
	return at;
}

const char *sb_json_pointer(const struct sb_json *node, char *buffer, size_t size)
{
	char *at = buffer + size - 1;
	char number[16];

	*at = '\0';
	for (; node->up && at > buffer; node -= node->up) {
		if (node->name) {
			at = prepend_name(at, buffer, node);
		} else {
			int digits = snprintf(number, sizeof(number), "%" PRIu32, node->index);

			at = prepend(at, buffer, number, (size_t)digits);
		}
		at = prepend(at, buffer, "/", 1);
	}
	return at;
}

bool sb_json_place(const struct sb_reader *reader, const struct sb_json *node,
		   struct sb_place *place)
{
	char buffer[SB_JSON_POINTER_MAX];
	const char *pointer = sb_json_pointer(node, buffer, sizeof(buffer));

	*place = (struct sb_place){.line = node->line, .column = node->column};
	place->pointer = sb_strndup(reader->arena, pointer, strlen(pointer));
	return place->pointer != NULL;
}

const struct sb_place *sb_json_spot(struct sb_json_spot *spot, const struct sb_json *node)
{
	spot->place = (struct sb_place){
		.line = node->line,
		.column = node->column,
		.pointer = sb_json_pointer(node, spot->buffer, sizeof(spot->buffer)),
	};
	return &spot->place;
}

const struct sb_place *sb_json_name_spot(struct sb_json_spot *spot, const struct sb_json *node)
{
	sb_json_spot(spot, node);
	if (node->name_line) {
		spot->place.line = node->name_line;
		spot->place.column = node->name_column;
	}
	return &spot->place;
}

/*
 * Equal but for case, as Go's encoding/json compares: beside ASCII, the long s
 * (U+017F) and the Kelvin sign (U+212A) fold onto letters.
 */
static bool equal_folded(const char *given, const char *known)
{
	while (*given && *known) {
		char c = *given;

		if (!strncmp(given, "\xc5\xbf", 2)) {
			c = 's';
			given += 2;
		} else if (!strncmp(given, "\xe2\x84\xaa", 3)) {
			c = 'k';
			given += 3;
		} else {
			given++;
		}
		if (strncasecmp(&c, known, 1) != 0)
			return false;
		known++;
	}
	return !*given && !*known;
}

static enum secbake_status case_variant(const struct sb_reader *reader,
					const struct sb_json *member, const char *known)
{
	struct sb_json_spot spot;

	return sb_fail(&reader->report, sb_json_name_spot(&spot, member), SECBAKE_ERR_INPUT,
		       "write \"%s\": programs in Go read \"%.64s\" as that, others ignore it",
		       known, member->name);
}

enum secbake_status sb_json_only_member(const struct sb_reader *reader,
					const struct sb_json *object, const char *name,
					const struct sb_json **found)
{
	const struct sb_json *member = NULL;

	sb_json_each(child, object) {
		if (!strcmp(child->name, name))
			member = child;
		else if (equal_folded(child->name, name))
			return case_variant(reader, child, name);
	}
	*found = member && member->type != SB_JSON_NULL ? member : NULL;
	return SECBAKE_OK;
}

static enum secbake_status unknown_member(const struct sb_reader *reader,
					  const struct sb_json *member, const char *what,
					  const struct sb_json_field *fields, size_t count)
{
	struct sb_nearest nearest = {.word = member->name};
	struct sb_json_spot spot;
	const struct sb_place *place = sb_json_name_spot(&spot, member);

	for (size_t i = 0; i < count; i++) {
		if (equal_folded(member->name, fields[i].name))
			return case_variant(reader, member, fields[i].name);
		sb_nearest_try(&nearest, fields[i].name);
	}
	if (nearest.best)
		return sb_warn(&reader->report, place,
			       "%s has no member \"%.64s\", it is ignored; did you mean \"%s\"?",
			       what, member->name, nearest.best);
	return sb_warn(&reader->report, place, "%s has no member \"%.64s\", it is ignored", what,
		       member->name);
}

enum secbake_status sb_json_expect(const struct sb_reader *reader, const struct sb_json *value,
				   enum sb_json_type type)
{
	if (value->type == type)
		return SECBAKE_OK;
	if (value->name)
		return sb_json_fail(reader, value, SECBAKE_ERR_INPUT,
				    "\"%.64s\" must be %s, not %s", value->name,
				    sb_json_type_name(type),
				    sb_json_type_name((enum sb_json_type)value->type));
	return sb_json_fail(reader, value, SECBAKE_ERR_INPUT, "must be %s, not %s",
			    sb_json_type_name(type),
			    sb_json_type_name((enum sb_json_type)value->type));
}

enum secbake_status sb_json_fields(const struct sb_reader *reader, const struct sb_json *object,
				   const char *what, const struct sb_json_field *fields,
				   size_t count, const struct sb_json **found)
{
	enum secbake_status status = sb_json_expect(reader, object, SB_JSON_OBJECT);

	if (status != SECBAKE_OK)
		return status;
	memset(found, 0, count * sizeof(found[0]));
	sb_json_each(member, object) {
		size_t i = 0;

		while (i < count && strcmp(member->name, fields[i].name) != 0)
			i++;
		if (i == count) {
			status = unknown_member(reader, member, what, fields, count);
		} else if (member->type != SB_JSON_NULL) {
			status = sb_json_expect(reader, member, fields[i].type);
			found[i] = member;
		}
		if (status != SECBAKE_OK)
			return status;
	}
	for (size_t i = 0; i < count; i++)
		if (fields[i].required && !found[i])
			return sb_json_fail(reader, object, SECBAKE_ERR_INPUT,
					    "%s lacks \"%s\"; add it", what, fields[i].name);
	return SECBAKE_OK;
}

enum secbake_status sb_json_unsigned(const struct sb_reader *reader, const struct sb_json *value,
				     uint64_t max, uint64_t *out)
{
	const char *name = value->name ? value->name : "value";
	int size = value->text_size < 40 ? (int)value->text_size : 40;

	if (value->number == SB_JSON_REAL)
		return sb_json_fail(reader, value, SECBAKE_ERR_INPUT,
				    "\"%.64s\" is %.*s; write a whole number, without fraction or "
				    "exponent",
				    name, size, value->text);
	if (value->negative)
		return sb_json_fail(reader, value, SECBAKE_ERR_INPUT,
				    "\"%.64s\" is %.*s; it cannot be negative", name, size,
				    value->text);
	if (value->number == SB_JSON_BIG || value->magnitude > max)
		return sb_json_fail(
			reader, value, SECBAKE_ERR_INPUT,
			"\"%.64s\" is %.*s; the largest that can stand here is %" PRIu64, name,
			size, value->text, max);
	*out = value->magnitude;
	return SECBAKE_OK;
}
