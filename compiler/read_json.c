/* SPDX-License-Identifier: MIT */
/*
 * The second pass over a JSON text, and the only file that includes jansson:
 * it decodes strings and judges UTF-8, escapes and duplicate members. Its tree
 * keeps the order of the text, so walking it beside the scanner's nodes fills
 * them in; a difference between the two is a fault of this file, never a value.
 */
#include "read_json.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

static enum secbake_status out_of_memory(const struct sb_reader *reader)
{
	return secbake_error_set(reader->report.error, SECBAKE_ERR_MEMORY, 0, "out of memory");
}

static enum secbake_status disagree(const struct sb_reader *reader, const struct sb_json *node)
{
	return sb_json_fail(reader, node, SECBAKE_ERR_INTERNAL,
			    "the two passes over this file differ here");
}

static bool same_type(const struct sb_json *node, const json_t *value)
{
	switch ((enum sb_json_type)node->type) {
	case SB_JSON_NULL:
		return json_is_null(value);
	case SB_JSON_BOOL:
		return node->truth ? json_is_true(value) : json_is_false(value);
	case SB_JSON_NUMBER:
		return json_is_integer(value) && json_integer_value(value) == 0;
	case SB_JSON_STRING:
		return json_is_string(value);
	case SB_JSON_ARRAY:
		return json_is_array(value) && json_array_size(value) == node->count;
	case SB_JSON_OBJECT:
		return json_is_object(value) && json_object_size(value) == node->count;
	}
	return false;
}

/* Walks over the strings of a text that the scanner took, in order: names and values alike. */
struct strings {
	const char *at, *end;
};

static uint32_t four_digits(const char *at)
{
	uint32_t unit = 0;

	for (int i = 0; i < 4; i++) {
		char c = at[i];

		unit = unit << 4 | (uint32_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
	}
	return unit;
}

/* What the escape at at means, in bytes (at most 4), and its size; jansson found it good. */
static size_t unescape(const char *at, const char *end, char bytes[4], size_t *size)
{
	static const char letters[] = "bfnrt", meant[] = "\b\f\n\r\t";
	const char *letter;
	uint32_t c;

	*size = 2;
	if (end - at < 2)
		return 0;
	letter = strchr(letters, at[1]);
	bytes[0] = letter && *letter ? meant[letter - letters] : at[1];
	if (at[1] != 'u')
		return 1;
	if (end - at < 6)
		return 0;
	*size = 6;
	c = four_digits(at + 2);
	if (c >= 0xd800 && c < 0xdc00 && end - at >= 12) { /* the first of a pair */
		*size = 12;
		c = 0x10000 + ((c & 0x3ff) << 10 | (four_digits(at + 8) & 0x3ff));
	}
	if (c < 0x80) {
		bytes[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		bytes[0] = (char)(0xc0 | c >> 6);
		bytes[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		bytes[0] = (char)(0xe0 | c >> 12);
		bytes[1] = (char)(0x80 | (c >> 6 & 0x3f));
		bytes[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	bytes[0] = (char)(0xf0 | c >> 18);
	bytes[1] = (char)(0x80 | (c >> 12 & 0x3f));
	bytes[2] = (char)(0x80 | (c >> 6 & 0x3f));
	bytes[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

/*
 * Is decoded what the text's next string says? jansson does not look whether the bytes that it
 * collects were kept: without memory one in the middle can be missing, and the rest be there.
 */
static bool next_string_is(struct strings *s, const char *decoded, size_t size)
{
	const char *end = decoded + size;

	s->at = memchr(s->at, '"', (size_t)(s->end - s->at));
	if (!s->at)
		return false;
	for (s->at++; s->at < s->end && *s->at != '"';) {
		char bytes[4] = {*s->at};
		size_t raw = 1, count = 1;

		if (*s->at == '\\')
			count = unescape(s->at, s->end, bytes, &raw);
		if (!count || (size_t)(end - decoded) < count || memcmp(decoded, bytes, count) != 0)
			return false;
		decoded += count;
		s->at += raw;
	}
	s->at++;
	return decoded == end;
}

static enum secbake_status fill(const struct sb_reader *reader, struct strings *strings,
				struct sb_json *node, json_t *value);

static enum secbake_status fill_object(const struct sb_reader *reader, struct strings *strings,
				       struct sb_json *node, json_t *value)
{
	struct sb_json *child = node + 1;
	enum secbake_status status;

	for (void *at = json_object_iter(value); at; at = json_object_iter_next(value, at)) {
		const char *key = json_object_iter_key(at);
		size_t size = strlen(key);

		if (!next_string_is(strings, key, size))
			return out_of_memory(reader);
		child->name = sb_strndup(reader->arena, key, size);
		child->name_size = (uint32_t)size;
		if (!child->name)
			return out_of_memory(reader);
		status = fill(reader, strings, child, json_object_iter_value(at));
		if (status != SECBAKE_OK)
			return status;
		child += child->span;
	}
	return SECBAKE_OK;
}

/* Recursion is as deep as the scanner let the document be. */
static enum secbake_status fill(const struct sb_reader *reader, struct strings *strings,
				struct sb_json *node, json_t *value)
{
	struct sb_json *child = node + 1;
	enum secbake_status status;

	if (!same_type(node, value))
		return disagree(reader, node);
	switch ((enum sb_json_type)node->type) {
	case SB_JSON_STRING:
		node->text_size = (uint32_t)json_string_length(value);
		if (!next_string_is(strings, json_string_value(value), node->text_size))
			return out_of_memory(reader);
		node->text = sb_strndup(reader->arena, json_string_value(value), node->text_size);
		return node->text ? SECBAKE_OK : out_of_memory(reader);
	case SB_JSON_NUMBER: /* the text it points into may go */
		node->text = sb_strndup(reader->arena, node->text, node->text_size);
		return node->text ? SECBAKE_OK : out_of_memory(reader);
	case SB_JSON_ARRAY:
		for (uint32_t i = 0; i < node->count; i++, child += child->span) {
			status = fill(reader, strings, child, json_array_get(value, i));
			if (status != SECBAKE_OK)
				return status;
		}
		return SECBAKE_OK;
	case SB_JSON_OBJECT:
		return fill_object(reader, strings, node, value);
	case SB_JSON_NULL:
	case SB_JSON_BOOL:
		return SECBAKE_OK;
	}
	return disagree(reader, node);
}

/* Does a place of the document lie at or before line and column? */
static bool starts_by(uint32_t node_line, uint32_t node_column, uint32_t line, uint32_t column)
{
	return node_line && (node_line < line || (node_line == line && node_column <= column));
}

/* What jansson refused: jansson says how far it came, the scanner's nodes what stands there. */
static enum secbake_status refuse(const struct sb_reader *reader, const struct sb_json_scan *scan,
				  const char *text, size_t size, const json_error_t *fault)
{
	size_t end = fault->position > 0 ? (size_t)fault->position - 1 : 0;
	uint32_t line = 1, column, i = 0;
	size_t start = 0;
	struct sb_json_spot spot;
	const struct sb_place *place;
	enum json_error_code code = json_error_code(fault);

	for (size_t at = 0; at < end && at < size; at++) {
		if (text[at] == '\n') {
			line++;
			start = at + 1;
		}
	}
	column = (uint32_t)(end - start) + 1;
	while (i + 1 < scan->count &&
	       (starts_by(scan->node[i + 1].name_line, scan->node[i + 1].name_column, line,
			  column) ||
		starts_by(scan->node[i + 1].line, scan->node[i + 1].column, line, column)))
		i++;
	place = starts_by(scan->node[i].line, scan->node[i].column, line, column)
			? sb_json_spot(&spot, &scan->node[i])
			: sb_json_name_spot(&spot, &scan->node[i]);
	switch (code) {
	case json_error_duplicate_key:
		return sb_fail(&reader->report, place, SECBAKE_ERR_INPUT,
			       "the member \"%.*s\" is given twice; keep one",
			       (int)(scan->node[i].name_size < 64 ? scan->node[i].name_size : 64),
			       scan->node[i].name ? scan->node[i].name : "");
	case json_error_invalid_utf8:
		return sb_fail(&reader->report, place, SECBAKE_ERR_INPUT,
			       "this text is not UTF-8; save the file as UTF-8");
	case json_error_null_character:
	case json_error_null_byte_in_key:
		return sb_fail(&reader->report, place, SECBAKE_ERR_INPUT,
			       "a string may not hold the character NUL (\\u0000)");
	case json_error_out_of_memory:
		return out_of_memory(reader);
	default:
		return sb_fail(&reader->report, place, SECBAKE_ERR_INPUT, "not JSON: %.*s",
			       (int)(strstr(fault->text, " near '")
					     ? strstr(fault->text, " near '") - fault->text
					     : (long)strlen(fault->text)),
			       fault->text);
	}
}

enum secbake_status sb_json_parse(const struct sb_reader *reader, const struct secbake_text *text,
				  const struct sb_json **root)
{
	struct sb_json_scan scan;
	enum secbake_status status = sb_json_scan(reader, text, &scan);
	struct strings strings;
	json_error_t fault;
	json_t *value;

	if (status != SECBAKE_OK)
		return status;
	errno = 0;
	value = json_loadb(scan.blank, text->size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY,
			   &fault);
	/*
	 * What jansson says when it finds no memory is any of its errors, or none; its allocation
	 * functions are the whole process's and not ours to set. But malloc() sets errno, and
	 * jansson clears that only at numbers: after a failure it stops, unless a string
	 * was to grow, which next_string_is() sees.
	 */
	if (errno == ENOMEM) {
		json_decref(value);
		return out_of_memory(reader);
	}
	if (!value)
		return refuse(reader, &scan, scan.blank, text->size, &fault);
	strings = (struct strings){.at = scan.blank, .end = scan.blank + text->size};
	status = fill(reader, &strings, scan.node, value);
	json_decref(value);
	if (status == SECBAKE_OK)
		*root = scan.node;
	return status;
}
