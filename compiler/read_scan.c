/* SPDX-License-Identifier: MIT */
/*
 * The first pass over a JSON text: structure, depth, places, and numbers as
 * they are written. jansson gives no places for what it accepts, and its
 * integers end at 2^63-1, where comparisons in policies do not. Strings are
 * only skipped here; their content is jansson's to judge.
 */
#include "read_json.h"

#include <string.h>

struct scanner {
	const struct sb_reader *reader;
	const char *text;
	size_t size, at;
	size_t line_start;
	uint32_t line;
	struct sb_json *node;
	uint32_t used, room;
	uint32_t open[SECBAKE_POLICY_DEPTH_MAX]; /* containers that are not closed yet */
	uint32_t depth;
	char *blank;
};

enum expect {
	EXPECT_VALUE = 0,
	EXPECT_FIRST,	  /* a value or the end of an array just opened */
	EXPECT_KEY,	  /* a member, behind a comma */
	EXPECT_FIRST_KEY, /* a member or the end of an object just opened */
	EXPECT_AFTER,	  /* what follows a value */
};

/* A member's name that waits for its value. */
struct key {
	const char *name;
	uint32_t size, line, column;
};

static uint32_t column_at(const struct scanner *s, size_t at)
{
	return (uint32_t)(at - s->line_start) + 1;
}

#define fail_at(s, position, status, ...)                                                    \
	({                                                                                   \
		struct sb_json_spot spot_;                                                   \
		sb_fail(&(s)->reader->report, place_here((s), (position), &spot_), (status), \
			__VA_ARGS__);                                                        \
	})

/* The place of a fault: its line and column, and the container it is in. */
static const struct sb_place *place_here(const struct scanner *s, size_t at,
					 struct sb_json_spot *spot)
{
	static const struct sb_json root = {.type = SB_JSON_NULL};

	sb_json_spot(spot, s->depth ? &s->node[s->open[s->depth - 1]] : &root);
	spot->place.line = s->line;
	spot->place.column = column_at(s, at);
	return &spot->place;
}

static void skip_space(struct scanner *s)
{
	for (; s->at < s->size; s->at++) {
		char c = s->text[s->at];

		if (c == '\n') {
			s->line++;
			s->line_start = s->at + 1;
		} else if (c != ' ' && c != '\t' && c != '\r') {
			return;
		}
	}
}

/* Is the closing bracket here preceded by a comma? */
static bool behind_comma(const struct scanner *s)
{
	size_t at = s->at;

	if (s->text[at] != ']' && s->text[at] != '}')
		return false;
	while (at && strchr(" \t\r\n", s->text[at - 1]))
		at--;
	return at && s->text[at - 1] == ',';
}

static enum secbake_status unexpected(const struct scanner *s, const char *wanted)
{
	unsigned char c;

	if (s->at >= s->size)
		return fail_at(s, s->at, SECBAKE_ERR_INPUT, "the file ends where %s is expected",
			       wanted);
	c = (unsigned char)s->text[s->at];
	if (behind_comma(s))
		return fail_at(s, s->at, SECBAKE_ERR_INPUT,
			       "'%c' behind a comma; take the comma in front of it out", c);
	if (c < 0x20 || c >= 0x7f)
		return fail_at(s, s->at, SECBAKE_ERR_INPUT, "byte 0x%02x where %s is expected", c,
			       wanted);
	return fail_at(s, s->at, SECBAKE_ERR_INPUT, "'%c' where %s is expected", c, wanted);
}

/* at stands on the opening quote; leaves it behind the closing one. */
static enum secbake_status skip_string(struct scanner *s)
{
	size_t start = s->at;

	for (s->at++; s->at < s->size; s->at++) {
		char c = s->text[s->at];

		if (c == '\\') {
			s->at++;
		} else if (c == '"') {
			s->at++;
			return SECBAKE_OK;
		} else if (c == '\n') {
			break;
		}
	}
	if (s->at < s->size)
		return fail_at(s, start, SECBAKE_ERR_INPUT,
			       "this string does not end on its line; write \\n for a new line");
	return fail_at(s, start, SECBAKE_ERR_INPUT, "this string does not end");
}

static size_t skip_digits(struct scanner *s)
{
	size_t start = s->at;

	while (s->at < s->size && s->text[s->at] >= '0' && s->text[s->at] <= '9')
		s->at++;
	return s->at - start;
}

static void take_magnitude(struct sb_json *node)
{
	uint64_t value = 0;

	for (uint32_t i = node->negative; i < node->text_size; i++) {
		uint64_t digit = (uint64_t)(node->text[i] - '0');

		if (__builtin_mul_overflow(value, (uint64_t)10, &value) ||
		    __builtin_add_overflow(value, digit, &value)) {
			node->number = SB_JSON_BIG;
			return;
		}
	}
	node->magnitude = value;
}

static enum secbake_status scan_number(struct scanner *s, struct sb_json *node)
{
	size_t start = s->at, digits, first;
	bool good;

	node->type = SB_JSON_NUMBER;
	node->negative = s->text[s->at] == '-';
	s->at += node->negative;
	first = s->at;
	digits = skip_digits(s);
	good = digits == 1 || (digits && s->text[first] != '0');
	if (s->at < s->size && s->text[s->at] == '.') {
		node->number = SB_JSON_REAL;
		s->at++;
		good &= skip_digits(s) > 0;
	}
	if (s->at < s->size && (s->text[s->at] == 'e' || s->text[s->at] == 'E')) {
		node->number = SB_JSON_REAL;
		s->at++;
		if (s->at < s->size && (s->text[s->at] == '+' || s->text[s->at] == '-'))
			s->at++;
		good &= skip_digits(s) > 0;
	}
	if (!good)
		return fail_at(
			s, start, SECBAKE_ERR_INPUT,
			"\"%.*s\" is not a JSON number: decimal digits without leading zeros",
			s->at - start < 40 ? (int)(s->at - start) : 40, s->text + start);
	node->text = s->text + start;
	node->text_size = (uint32_t)(s->at - start);
	if (node->number == SB_JSON_INTEGER)
		take_magnitude(node);
	memset(s->blank + start, ' ', node->text_size);
	s->blank[start] = '0';
	return SECBAKE_OK;
}

static bool scan_word(struct scanner *s, const char *word)
{
	size_t size = strlen(word);

	if (s->size - s->at < size || memcmp(s->text + s->at, word, size) != 0)
		return false;
	s->at += size;
	return true;
}

/* A node for the value at the current place, a child of the innermost container. */
static struct sb_json *add_node(struct scanner *s, const struct key *key)
{
	struct sb_json *node = &s->node[s->used], *parent;

	node->line = s->line;
	node->column = column_at(s, s->at);
	node->span = 1;
	if (s->depth) {
		parent = &s->node[s->open[s->depth - 1]];
		node->up = s->used - s->open[s->depth - 1];
		node->index = parent->count++;
		if (parent->type == SB_JSON_OBJECT) {
			node->name = key->name;
			node->name_size = key->size;
			node->name_line = key->line;
			node->name_column = key->column;
		}
	}
	s->used++;
	return node;
}

static enum secbake_status open_container(struct scanner *s, struct sb_json *node,
					  enum expect *next)
{
	bool object = s->text[s->at] == '{';

	if (s->depth == SECBAKE_POLICY_DEPTH_MAX)
		return fail_at(s, s->at, SECBAKE_ERR_LIMIT,
			       "nested more than %u levels deep; that is the limit",
			       SECBAKE_POLICY_DEPTH_MAX);
	node->type = object ? SB_JSON_OBJECT : SB_JSON_ARRAY;
	s->open[s->depth++] = (uint32_t)(node - s->node);
	s->at++;
	*next = object ? EXPECT_FIRST_KEY : EXPECT_FIRST;
	return SECBAKE_OK;
}

static enum secbake_status scan_value(struct scanner *s, const struct key *key, enum expect *next)
{
	struct sb_json *node;
	char c = s->at < s->size ? s->text[s->at] : '\0';

	*next = EXPECT_AFTER;
	if (!c || !strchr("{[\"-0123456789tfn", c))
		return unexpected(s, "a value");
	if (s->used == s->room) /* cannot be: room counts all that can precede a value */
		return fail_at(s, s->at, SECBAKE_ERR_INTERNAL, "more values than counted");
	node = add_node(s, key);
	switch (c) {
	case '{':
	case '[':
		return open_container(s, node, next);
	case '"':
		node->type = SB_JSON_STRING;
		return skip_string(s);
	case 't':
	case 'f':
		node->type = SB_JSON_BOOL;
		node->truth = c == 't';
		return scan_word(s, c == 't' ? "true" : "false") ? SECBAKE_OK
								 : unexpected(s, "a value");
	case 'n':
		return scan_word(s, "null") ? SECBAKE_OK : unexpected(s, "a value");
	default:
		return scan_number(s, node);
	}
}

static enum secbake_status scan_key(struct scanner *s, struct key *key)
{
	size_t start = s->at;
	enum secbake_status status;

	if (s->at >= s->size || s->text[s->at] != '"')
		return unexpected(s, "the name of a member in quotes");
	key->line = s->line;
	key->column = column_at(s, start);
	status = skip_string(s);
	if (status != SECBAKE_OK)
		return status;
	key->name = s->text + start + 1;
	key->size = (uint32_t)(s->at - start - 2);
	skip_space(s);
	if (s->at >= s->size || s->text[s->at] != ':')
		return unexpected(s, "a colon");
	s->at++;
	skip_space(s);
	return SECBAKE_OK;
}

/* Behind a value: a comma, or the end of its container. */
static enum secbake_status scan_after(struct scanner *s, enum expect *next)
{
	uint32_t index = s->open[s->depth - 1];
	struct sb_json *container = &s->node[index];
	bool object = container->type == SB_JSON_OBJECT;
	char c = s->at < s->size ? s->text[s->at] : '\0';

	if (c == ',' && *next == EXPECT_AFTER) {
		s->at++;
		*next = object ? EXPECT_KEY : EXPECT_VALUE;
		return SECBAKE_OK;
	}
	if (c != (object ? '}' : ']'))
		return unexpected(s, object ? "',' or '}'" : "',' or ']'");
	s->at++;
	s->depth--;
	container->span = s->used - index;
	*next = EXPECT_AFTER;
	return SECBAKE_OK;
}

static enum secbake_status scan_document(struct scanner *s)
{
	enum secbake_status status = SECBAKE_OK;
	enum expect next = EXPECT_VALUE;
	struct key key = {0};

	do {
		skip_space(s);
		switch (next) {
		case EXPECT_FIRST:
			if (s->at < s->size && s->text[s->at] == ']') {
				status = scan_after(s, &next);
				break;
			}
			/* fallthrough */
		case EXPECT_VALUE:
			status = scan_value(s, &key, &next);
			break;
		case EXPECT_FIRST_KEY:
			if (s->at < s->size && s->text[s->at] == '}') {
				status = scan_after(s, &next);
				break;
			}
			/* fallthrough */
		case EXPECT_KEY:
			status = scan_key(s, &key);
			next = EXPECT_VALUE;
			break;
		case EXPECT_AFTER:
			status = scan_after(s, &next);
			break;
		}
	} while (status == SECBAKE_OK && (s->depth || next != EXPECT_AFTER));
	if (status != SECBAKE_OK)
		return status;
	skip_space(s);
	if (s->at < s->size)
		return fail_at(s, s->at, SECBAKE_ERR_INPUT,
			       "text follows the end of the document; a policy is one JSON value");
	return SECBAKE_OK;
}

/* Faults of the text as a whole, said better than as an unexpected byte. */
static enum secbake_status check_text(struct scanner *s)
{
	const char *nul = memchr(s->text, '\0', s->size);
	size_t end = nul ? (size_t)(nul - s->text) : 0;

	if (s->size >= 3 && !memcmp(s->text, "\xef\xbb\xbf", 3))
		return fail_at(
			s, 0, SECBAKE_ERR_INPUT,
			"the file starts with a byte order mark; save it as UTF-8 without one");
	if (s->size >= 2 && (!memcmp(s->text, "\xff\xfe", 2) || !memcmp(s->text, "\xfe\xff", 2)))
		return fail_at(s, 0, SECBAKE_ERR_INPUT, "the file is UTF-16; save it as UTF-8");
	if (nul) {
		for (; s->at < end; s->at++) {
			if (s->text[s->at] == '\n') {
				s->line++;
				s->line_start = s->at + 1;
			}
		}
		return fail_at(s, end, SECBAKE_ERR_INPUT, "a NUL byte; a policy is UTF-8 text");
	}
	skip_space(s);
	if (s->at == s->size)
		return fail_at(s, s->at, SECBAKE_ERR_INPUT,
			       "the file is empty; a policy is a JSON object");
	return SECBAKE_OK;
}

enum secbake_status sb_json_scan(const struct sb_reader *reader, const struct secbake_text *text,
				 struct sb_json_scan *scan)
{
	struct scanner s = {
		.reader = reader, .text = text->bytes, .size = text->size, .line = 1, .room = 1};
	enum secbake_status status;

	if (text->size > SECBAKE_POLICY_SIZE_MAX) /* before anything else looks at the bytes */
		return fail_at(&s, 0, SECBAKE_ERR_LIMIT,
			       "the file has %zu bytes; a policy has at most %u", text->size,
			       SECBAKE_POLICY_SIZE_MAX);
	if (!text->size)
		s.text = "";
	status = check_text(&s);
	if (status != SECBAKE_OK)
		return status;
	for (size_t i = 0; i < s.size; i++)
		s.room += s.text[i] == ',' || s.text[i] == '[' || s.text[i] == '{';
	s.node = sb_alloc(reader->arena, s.room, sizeof(*s.node));
	s.blank = sb_strndup(reader->arena, s.text, s.size);
	if (!s.node || !s.blank)
		return secbake_error_set(reader->report.error, SECBAKE_ERR_MEMORY, 0,
					 "out of memory");
	status = scan_document(&s);
	if (status != SECBAKE_OK)
		return status;
	*scan = (struct sb_json_scan){.node = s.node, .count = s.used, .blank = s.blank};
	return SECBAKE_OK;
}
