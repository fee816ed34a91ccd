/* SPDX-License-Identifier: MIT */
/*
 * The second pass over a JSON text, and the only file that includes jansson:
 * it decodes strings and judges UTF-8, escapes and duplicate members. Its tree
 * keeps the order of the text, so walking it beside the scanner's nodes fills
 * them in; a difference between the two is a fault of this file, never a value.
 */
#include "read_json.h"

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

/* A name without escapes must be what jansson says, byte for byte. */
static bool same_name(const struct sb_json *node, const char *key, size_t size)
{
	if (memchr(node->name, '\\', node->name_size))
		return true;
	return size == node->name_size && !memcmp(node->name, key, size);
}

static enum secbake_status fill(const struct sb_reader *reader, struct sb_json *node,
				json_t *value);

static enum secbake_status fill_object(const struct sb_reader *reader, struct sb_json *node,
				       json_t *value)
{
	struct sb_json *child = node + 1;
	enum secbake_status status;

	for (void *at = json_object_iter(value); at; at = json_object_iter_next(value, at)) {
		const char *key = json_object_iter_key(at);
		size_t size = strlen(key);

		if (!same_name(child, key, size))
			return disagree(reader, child);
		child->name = sb_strndup(reader->arena, key, size);
		child->name_size = (uint32_t)size;
		if (!child->name)
			return out_of_memory(reader);
		status = fill(reader, child, json_object_iter_value(at));
		if (status != SECBAKE_OK)
			return status;
		child += child->span;
	}
	return SECBAKE_OK;
}

/* Recursion is as deep as the scanner let the document be. */
static enum secbake_status fill(const struct sb_reader *reader, struct sb_json *node, json_t *value)
{
	struct sb_json *child = node + 1;
	enum secbake_status status;

	if (!same_type(node, value))
		return disagree(reader, node);
	switch ((enum sb_json_type)node->type) {
	case SB_JSON_STRING:
		node->text_size = (uint32_t)json_string_length(value);
		node->text = sb_strndup(reader->arena, json_string_value(value), node->text_size);
		return node->text ? SECBAKE_OK : out_of_memory(reader);
	case SB_JSON_NUMBER: /* the text it points into may go */
		node->text = sb_strndup(reader->arena, node->text, node->text_size);
		return node->text ? SECBAKE_OK : out_of_memory(reader);
	case SB_JSON_ARRAY:
		for (uint32_t i = 0; i < node->count; i++, child += child->span) {
			status = fill(reader, child, json_array_get(value, i));
			if (status != SECBAKE_OK)
				return status;
		}
		return SECBAKE_OK;
	case SB_JSON_OBJECT:
		return fill_object(reader, node, value);
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
	json_error_t fault;
	json_t *value;

	if (status != SECBAKE_OK)
		return status;
	value = json_loadb(scan.blank, text->size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY,
			   &fault);
	if (!value)
		return refuse(reader, &scan, scan.blank, text->size, &fault);
	status = fill(reader, scan.node, value);
	json_decref(value);
	if (status == SECBAKE_OK)
		*root = scan.node;
	return status;
}
