/* SPDX-License-Identifier: MIT */
/*
 * What an argument is compared with: values and the comparisons they stand in.
 * Whether a value fits is only known with the call and the architecture.
 */
#include "read_native.h"

#include <string.h>

#include <cache/accounts.h>

#include "nearest.h"

#define ACCOUNT_MAX 64u /* bytes of a name that is looked for among all others */

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : 16;
}

enum number { NO_NUMBER, NUMBER, TOO_LARGE };

/* Decimal without leading zeros, 0x or 0o; all of text. */
static enum number parse_number(const char *text, size_t size, uint64_t *value)
{
	uint64_t base = 10, sum = 0;
	bool large = false;

	if (size > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'o')) {
		base = text[1] == 'x' ? 16 : 8;
		text += 2;
		size -= 2;
	} else if (size > 1 && text[0] == '0') {
		return NO_NUMBER;
	}
	if (!size)
		return NO_NUMBER;
	for (size_t i = 0; i < size; i++) {
		uint64_t digit = (uint64_t)digit_of(text[i]);

		if (digit >= base)
			return NO_NUMBER;
		large |= __builtin_mul_overflow(sum, base, &sum);
		large |= __builtin_add_overflow(sum, digit, &sum);
	}
	*value = sum;
	return large ? TOO_LARGE : NUMBER;
}

/* Its number; or the name most like it that has a line. */
static bool find_account(const struct secbake_text *text, const char *name,
			 struct sb_nearest *nearest, struct sb_arena *arena, uint64_t *id)
{
	const char *at = text->bytes, *end = text->bytes + text->size;
	struct sb_account_scan scan = {.name = name};

	if (sb_account_scan(&scan, at, text->size)) {
		*id = scan.id;
		return true;
	}
	while (at < end) {
		const char *line_end = memchr(at, '\n', (size_t)(end - at)), *colon;

		line_end = line_end ? line_end : end;
		colon = memchr(at, ':', (size_t)(line_end - at));
		if (colon && (size_t)(colon - at) <= ACCOUNT_MAX) {
			const char *candidate = sb_strndup(arena, at, (size_t)(colon - at));

			if (candidate && strcmp(candidate, name) != 0)
				sb_nearest_try(nearest, candidate);
		}
		at = line_end + 1;
	}
	return false;
}

static bool load_accounts(struct sb_native_reading *r, const struct sb_reader *reader,
			  const struct sb_json *node, bool groups)
{
	struct secbake_source_reader *sources =
		r->options->sources ? r->options->sources->reader : NULL;
	struct secbake_text *text = &r->accounts[groups];
	struct secbake_error why = {0};
	const char *file = groups ? "/etc/group" : "/etc/passwd";

	if (text->bytes)
		return true;
	if (!sources || !sources->accounts)
		return sb_native_fail(reader, node,
				      "\"%.64s\": this compile looks up no users and groups; write "
				      "the number",
				      node->text);
	if (sources->accounts(sources, groups, text, &why) != SECBAKE_OK) {
		sb_json_fail(reader, node, why.status, "%s cannot be read to find \"%.64s\": %s",
			     why.file[0] ? why.file : file, node->text, why.text);
		return false;
	}
	if (!text->bytes)
		text->bytes = "";
	return true;
}

/* The compile depends on more than files then: the blob records it, and keeps a note for people. */
static bool note_account(struct sb_native_reading *r, const struct sb_reader *reader,
			 const struct sb_json *node, uint64_t id)
{
	const char *note = sb_sprintf(r->arena, "%s is %u here", node->text, (unsigned int)id);

	if (r->overridden)
		return true;
	if (!note || sb_sources_account(r->options->sources, node->text, (uint32_t)id, NULL))
		return sb_native_memory(reader);
	for (uint32_t i = 0; i < r->native->note_count; i++)
		if (!strcmp(r->note[i], note))
			return true;
	if (r->native->note_count == r->note_room) {
		r->note = sb_grow(r->arena, r->note, r->note_room, r->note_room * 2 + 8,
				  sizeof(*r->note));
		r->note_room = r->note_room * 2 + 8;
	}
	if (!r->note)
		return sb_native_memory(reader);
	r->note[r->native->note_count++] = note;
	r->native->note = r->note;
	return true;
}

static bool read_account(struct sb_native_reading *r, const struct sb_reader *reader,
			 const struct sb_json *node, struct sb_native_part *part)
{
	bool groups = *node->text == 'g';
	const char *name = strchr(node->text, ':') + 1;
	struct sb_nearest nearest = {.word = name};
	const char *kind = groups ? "group" : "user";

	if (!load_accounts(r, reader, node, groups))
		return false;
	if (*name && find_account(&r->accounts[groups], name, &nearest, r->arena, &part->magnitude))
		return note_account(r, reader, node, part->magnitude);
	if (nearest.best)
		return sb_native_fail(reader, node,
				      "there is no %s \"%.64s\" here; did you mean \"%s\"?", kind,
				      name, nearest.best);
	return sb_native_fail(reader, node, "there is no %s \"%.64s\" here", kind, name);
}

static bool is_word(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		char c = text[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';

		if (!letter && (!i || c < '0' || c > '9'))
			return false;
	}
	return size > 0;
}

static bool too_large(const struct sb_reader *reader, const struct sb_json *node)
{
	int size = node->text_size < 64 ? (int)node->text_size : 64;

	return sb_native_fail(reader, node, "%.*s: values go from -2^63 to 2^64-1", size,
			      node->text);
}

/* One of the words that '|' joins; alone: it is the only one. */
static bool read_part(const struct sb_reader *reader, const struct sb_json *node, const char *text,
		      size_t size, bool alone, struct sb_native_part *part)
{
	int shown = size < 64 ? (int)size : 64;
	bool minus = size && *text == '-';

	switch (parse_number(text + minus, size - minus, &part->magnitude)) {
	case TOO_LARGE:
		return too_large(reader, node);
	case NUMBER:
		if (!minus)
			return true;
		if (!alone)
			return sb_native_fail(reader, node,
					      "%.*s: a negative number cannot be joined with '|'",
					      shown, text);
		if (text[1] == '0' && size > 2)
			break; /* -0x5 */
		part->negative = part->magnitude != 0;
		return part->magnitude <= UINT64_C(1) << 63 || too_large(reader, node);
	case NO_NUMBER:
		break;
	}
	if (!is_word(text, size))
		return sb_native_fail(
			reader, node,
			"\"%.*s\" is not a value: write a number in decimal, 0x hexadecimal or 0o "
			"octal, or a constant",
			shown, text);
	part->constant = sb_strndup(reader->arena, text, size);
	return part->constant || sb_native_memory(reader);
}

static bool read_joined(const struct sb_reader *reader, const struct sb_json *node,
			struct sb_native_value *value)
{
	const char *stop = node->text + node->text_size;
	struct sb_native_part *part;
	uint32_t count = 1;

	for (const char *at = node->text; at < stop; at++)
		count += *at == '|';
	part = sb_alloc(reader->arena, count, sizeof(*part));
	if (!part)
		return sb_native_memory(reader);
	for (const char *at = node->text; value->part_count < count;) {
		const char *end = memchr(at, '|', (size_t)(stop - at));
		const char *next = end ? end + 1 : NULL;

		end = end ? end : stop;
		while (value->part_count && *at == ' ')
			at++;
		while (next && end > at && end[-1] == ' ')
			end--;
		if (!read_part(reader, node, at, (size_t)(end - at), count == 1,
			       &part[value->part_count]))
			return false;
		value->part_count++;
		at = next;
	}
	value->part = part;
	return true;
}

static bool read_literal(const struct sb_reader *reader, const struct sb_json *node,
			 struct sb_native_part *part)
{
	int size = node->text_size < 64 ? (int)node->text_size : 64;

	if (node->number == SB_JSON_REAL)
		return sb_native_fail(reader, node,
				      "%.*s: write a whole number, without fraction or exponent",
				      size, node->text);
	if (node->number == SB_JSON_BIG || (node->negative && node->magnitude > UINT64_C(1) << 63))
		return too_large(reader, node);
	part->magnitude = node->magnitude;
	part->negative = node->negative && node->magnitude;
	return true;
}

static bool read_value(struct sb_native_reading *r, const struct sb_reader *reader,
		       const struct sb_json *node, struct sb_native_value *value)
{
	struct sb_native_part *part;

	*value = (struct sb_native_value){.node = node};
	if (node->type == SB_JSON_STRING && strncmp(node->text, "user:", 5) != 0 &&
	    strncmp(node->text, "group:", 6) != 0)
		return read_joined(reader, node, value);
	if (node->type == SB_JSON_ARRAY)
		return sb_native_fail(reader, node, "a list inside a list; write one list");
	if (node->type != SB_JSON_STRING && node->type != SB_JSON_NUMBER)
		return sb_native_fail(reader, node, "a value is a number or a string, not %s",
				      sb_json_type_name((enum sb_json_type)node->type));
	part = sb_alloc(reader->arena, 1, sizeof(*part));
	if (!part)
		return sb_native_memory(reader);
	value->part = part;
	value->part_count = 1;
	return node->type == SB_JSON_NUMBER ? read_literal(reader, node, part)
					    : read_account(r, reader, node, part);
}

static bool read_list(struct sb_native_reading *r, const struct sb_reader *reader,
		      const struct sb_json *list, struct sb_native_test *test)
{
	struct sb_native_value *value = sb_alloc(reader->arena, list->count, sizeof(*value));
	bool good = true;

	if (!list->count)
		return sb_native_fail(reader, list, "an empty list; name a value");
	if (!value)
		return sb_native_memory(reader);
	sb_json_each(node, list) {
		if (sb_native_over(reader))
			return false;
		good &= read_value(r, reader, node, &value[node->index]);
	}
	test->value = value;
	test->value_count = list->count;
	return good;
}

static bool read_one(struct sb_native_reading *r, const struct sb_reader *reader,
		     const struct sb_json *node, struct sb_native_test *test)
{
	struct sb_native_value *value = sb_alloc(reader->arena, 1, sizeof(*value));

	if (!value)
		return sb_native_memory(reader);
	test->value = value;
	test->value_count = 1;
	return read_value(r, reader, node, value);
}

enum { EQ, NE, IN, NOT_IN, LT, LE, GT, GE, RANGE, ALL, ANY, NONE, MASK, WIDTH, SIGNED, FIELDS };
#define SCALAR (SB_TYPE(SB_JSON_STRING) | SB_TYPE(SB_JSON_NUMBER))
#define LIST SB_TYPE(SB_JSON_ARRAY)

static const struct sb_native_field fields[FIELDS] = {
	[EQ] = {"eq", SCALAR, "a value", false},
	[NE] = {"ne", SCALAR, "a value", false},
	[IN] = {"in", LIST, "a list of values", false},
	[NOT_IN] = {"notIn", LIST, "a list of values", false},
	[LT] = {"lt", SCALAR, "a value", false},
	[LE] = {"le", SCALAR, "a value", false},
	[GT] = {"gt", SCALAR, "a value", false},
	[GE] = {"ge", SCALAR, "a value", false},
	[RANGE] = {"range", LIST, "a list of two values", false},
	[ALL] = {"all", SCALAR, "a value", false},
	[ANY] = {"any", SCALAR, "a value", false},
	[NONE] = {"none", SCALAR, "a value", false},
	[MASK] = {"mask", SCALAR, "a value", false},
	[WIDTH] = {"width", SB_TYPE(SB_JSON_NUMBER), "32 or 64", false},
	[SIGNED] = {"signed", SB_TYPE(SB_JSON_BOOL), "true or false", false},
};

static const enum sb_native_op ops[MASK] = {
	[EQ] = SB_NATIVE_IN,	     [NE] = SB_NATIVE_NOT_IN, [IN] = SB_NATIVE_IN,
	[NOT_IN] = SB_NATIVE_NOT_IN, [LT] = SB_NATIVE_LT,     [LE] = SB_NATIVE_LE,
	[GT] = SB_NATIVE_GT,	     [GE] = SB_NATIVE_GE,     [RANGE] = SB_NATIVE_RANGE,
	[ALL] = SB_NATIVE_ALL,	     [ANY] = SB_NATIVE_ANY,   [NONE] = SB_NATIVE_NONE,
};

static bool read_type(const struct sb_reader *reader, const struct sb_json *const *found,
		      struct sb_native_matcher *matcher)
{
	const struct sb_json *width = found[WIDTH];

	if (found[SIGNED])
		matcher->is_signed = found[SIGNED]->truth;
	if (!width)
		return true;
	if (width->number != SB_JSON_INTEGER || width->negative ||
	    (width->magnitude != 32 && width->magnitude != 64))
		return sb_native_fail(reader, width, "\"width\" must be 32 or 64, not %.*s",
				      width->text_size < 40 ? (int)width->text_size : 40,
				      width->text);
	matcher->width = (uint8_t)width->magnitude;
	return true;
}

static bool read_test(struct sb_native_reading *r, const struct sb_reader *reader,
		      const struct sb_json *node, uint32_t field, struct sb_native_test *test)
{
	*test = (struct sb_native_test){.op = ops[field], .node = node};
	if (field == RANGE && node->count != 2)
		return sb_native_fail(
			reader, node,
			"\"range\" takes two values, the lowest and the highest; this "
			"list has %u",
			node->count);
	return node->type == SB_JSON_ARRAY ? read_list(r, reader, node, test)
					   : read_one(r, reader, node, test);
}

static bool read_mask(struct sb_native_reading *r, const struct sb_reader *reader,
		      const struct sb_json *const *found, struct sb_native_value **mask)
{
	uint32_t count = 0;

	for (uint32_t i = EQ; i <= NOT_IN; i++)
		count += found[i] != NULL;
	if (count != 1)
		return sb_native_fail(
			reader, found[MASK],
			"\"mask\" goes with exactly one of \"eq\", \"ne\", \"in\" and "
			"\"notIn\"; here are %u",
			count);
	*mask = sb_alloc(reader->arena, 1, sizeof(**mask));
	return *mask ? read_value(r, reader, found[MASK], *mask) : sb_native_memory(reader);
}

static bool read_object(struct sb_native_reading *r, const struct sb_reader *reader,
			const struct sb_json *object, struct sb_native_test *test,
			struct sb_native_matcher *matcher)
{
	const struct sb_json *found[FIELDS];
	struct sb_native_value *mask = NULL;
	bool good = sb_native_fields(reader, object, "a comparison", fields, FIELDS, found);

	good &= read_type(reader, found, matcher);
	if (found[MASK])
		good &= read_mask(r, reader, found, &mask);
	for (uint32_t i = 0; i < MASK; i++) {
		if (!found[i])
			continue;
		good &= read_test(r, reader, found[i], i, &test[matcher->test_count]);
		if (i <= NOT_IN)
			test[matcher->test_count].mask = mask;
		matcher->test_count++;
	}
	if (good && !matcher->test_count)
		return sb_native_fail(reader, object,
				      "nothing to compare with: give a value, or one of \"eq\", "
				      "\"in\", \"range\", \"all\" ...");
	return good;
}

bool sb_native_read_matcher(struct sb_native_reading *r, const struct sb_reader *reader,
			    const struct sb_json *member, struct sb_native_matcher *matcher)
{
	bool object = member->type == SB_JSON_OBJECT;
	struct sb_native_test *test = sb_alloc(reader->arena, object ? MASK : 1, sizeof(*test));

	*matcher = (struct sb_native_matcher){.node = member, .is_signed = -1, .test = test};
	if (!test)
		return sb_native_memory(reader);
	if (object)
		return read_object(r, reader, member, test, matcher);
	matcher->test_count = 1;
	*test = (struct sb_native_test){.op = SB_NATIVE_IN, .node = member};
	return member->type == SB_JSON_ARRAY ? read_list(r, reader, member, test)
					     : read_one(r, reader, member, test);
}
