/* SPDX-License-Identifier: MIT */
/*
 * Features as text: the canonical lines, their hash, and reading them back.
 * The text is what the cache's key is made of, so a byte more or less here is
 * another cache. Part of the loader: libc only, no heap.
 */
#include "features_text.h"

#include <stdbool.h>
#include <string.h>

#include <secbake/features.h>

#include "hash_stream.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char methods[][8] = {"none", "prctl", "seccomp"};

/* The lines of a features file, sorted as they are written. */
enum line_kind { LINE_ACTION, LINE_ARCH, LINE_FLAG, LINE_KERNEL, LINE_METHOD, LINE_SIZE };

static const struct line {
	char key[24]; /* no pointer, which would be a relocation in the loader */
	uint8_t kind;
	uint8_t bit;   /* LINE_ACTION, LINE_FLAG */
	uint8_t index; /* LINE_SIZE: 0 data, 1 notif, 2 resp */
} lines[] = {
	{"action.allow", LINE_ACTION, SECBAKE_ACTION_ALLOW, 0},
	{"action.errno", LINE_ACTION, SECBAKE_ACTION_ERRNO, 0},
	{"action.kill-process", LINE_ACTION, SECBAKE_ACTION_KILL_PROCESS, 0},
	{"action.kill-thread", LINE_ACTION, SECBAKE_ACTION_KILL_THREAD, 0},
	{"action.log", LINE_ACTION, SECBAKE_ACTION_LOG, 0},
	{"action.notify", LINE_ACTION, SECBAKE_ACTION_NOTIFY, 0},
	{"action.trace", LINE_ACTION, SECBAKE_ACTION_TRACE, 0},
	{"action.trap", LINE_ACTION, SECBAKE_ACTION_TRAP, 0},
	{"arch", LINE_ARCH, 0, 0},
	{"flag.log", LINE_FLAG, SECBAKE_FLAG_LOG, 0},
	{"flag.new-listener", LINE_FLAG, SECBAKE_FLAG_NEW_LISTENER, 0},
	{"flag.spec-allow", LINE_FLAG, SECBAKE_FLAG_SPEC_ALLOW, 0},
	{"flag.tsync", LINE_FLAG, SECBAKE_FLAG_TSYNC, 0},
	{"flag.tsync-esrch", LINE_FLAG, SECBAKE_FLAG_TSYNC_ESRCH, 0},
	{"flag.wait-killable-recv", LINE_FLAG, SECBAKE_FLAG_WAIT_KILLABLE_RECV, 0},
	{"kernel", LINE_KERNEL, 0, 0},
	{"method", LINE_METHOD, 0, 0},
	{"notif.data", LINE_SIZE, 0, 0},
	{"notif.notif", LINE_SIZE, 0, 1},
	{"notif.resp", LINE_SIZE, 0, 2},
};
/* A line has at most 23 + 1 + 13 + 1 bytes. */
#define LINE_MAX 38u
_Static_assert(COUNT(lines) * LINE_MAX < SECBAKE_FEATURES_TEXT_MAX, "text of features");

struct text {
	char *bytes;
	size_t used;
};

static void put(struct text *text, const char *string)
{
	char *to = text->bytes + text->used;

	/* A loop: for a few bytes, calls of the libc's functions cost the loader more. */
	while (*string)
		*to++ = *string++;
	text->used = (size_t)(to - text->bytes);
}

static void put_u16(struct text *text, uint32_t value)
{
	char digits[6];
	size_t i = sizeof(digits) - 1;

	digits[i] = '\0';
	do {
		digits[--i] = (char)('0' + value % 10);
		value /= 10;
	} while (value && i);
	put(text, digits + i);
}

static uint16_t *size_field(struct secbake_features *f, uint32_t index)
{
	return index == 0 ? &f->notif_data_size : index == 1 ? &f->notif_size : &f->notif_resp_size;
}

static uint16_t size_of(const struct secbake_features *f, uint32_t index)
{
	return index == 0 ? f->notif_data_size : index == 1 ? f->notif_size : f->notif_resp_size;
}

/* One line with its end; no bytes for a line that is not there. */
static size_t format_line(const struct secbake_features *f, const struct line *line,
			  bool with_kernel, char bytes[LINE_MAX])
{
	struct text text = {.bytes = bytes};

	if (line->kind == LINE_KERNEL && (!with_kernel || !f->kernel))
		return 0;
	put(&text, line->key);
	text.bytes[text.used++] = ' ';
	switch (line->kind) {
	case LINE_ACTION:
		put(&text, f->actions & line->bit ? "yes" : "no");
		break;
	case LINE_FLAG:
		put(&text, f->flags & line->bit ? "yes" : "no");
		break;
	case LINE_ARCH:
		put(&text, f->arch->name);
		break;
	case LINE_KERNEL:
		put_u16(&text, f->kernel >> 16);
		text.bytes[text.used++] = '.';
		put_u16(&text, f->kernel & 0xffff);
		break;
	case LINE_METHOD:
		put(&text, methods[(unsigned int)f->method < COUNT(methods) ? f->method : 0]);
		break;
	case LINE_SIZE:
		put_u16(&text, size_of(f, line->index));
		break;
	}
	text.bytes[text.used++] = '\n';
	return text.used;
}

/* All lines, without a NUL. */
static size_t format(const struct secbake_features *features, bool with_kernel, char *text)
{
	size_t used = 0;

	for (size_t i = 0; i < COUNT(lines); i++)
		used += format_line(features, &lines[i], with_kernel, text + used);
	return used;
}

size_t secbake_features_format(const struct secbake_features *features,
			       char text[SECBAKE_FEATURES_TEXT_MAX])
{
	const size_t used = format(features, true, text);

	text[used] = '\0';
	return used;
}

static bool parse_value(const struct line *line, const char *value, struct secbake_features *f)
{
	uint32_t number;
	const char *end;
	bool yes;

	switch (line->kind) {
	case LINE_ACTION:
	case LINE_FLAG:
		yes = !strcmp(value, "yes");
		if (!yes && strcmp(value, "no") != 0)
			return false;
		if (yes && line->kind == LINE_ACTION)
			f->actions |= line->bit;
		if (yes && line->kind == LINE_FLAG)
			f->flags |= line->bit;
		return true;
	case LINE_ARCH: /* "native" would mean another thing on each machine */
		f->arch = strcmp(value, "native") != 0 ? secbake_arch_find(value) : NULL;
		return f->arch && !f->arch->x32;
	case LINE_KERNEL:
		if (!secbake_kernel_parse(value, &number) ||
		    strspn(value, "0123456789.") != strlen(value) ||
		    strchr(strchr(value, '.') + 1, '.') || number < SECBAKE_KERNEL(3, 5))
			return false;
		f->kernel = number;
		return true;
	case LINE_METHOD:
		for (size_t i = 0; i < COUNT(methods); i++) {
			if (strcmp(value, methods[i]) != 0)
				continue;
			f->method = (enum secbake_method)i;
			return true;
		}
		return false;
	case LINE_SIZE:
		end = sb_parse_u16(value, &number);
		if (!end || *end)
			return false;
		*size_field(f, line->index) = (uint16_t)number;
		return true;
	}
	return false;
}

/* What no kernel offers together is a file that somebody mistyped. */
static enum secbake_status check_whole(const struct secbake_features *f, uint32_t seen,
				       struct secbake_error *error)
{
	for (size_t i = 0; i < COUNT(lines); i++) {
		if (!(seen & (1u << i)) && lines[i].kind != LINE_KERNEL)
			return secbake_error_set(error, SECBAKE_ERR_INPUT, 0,
						 "the line \"%s\" is missing; write the file with "
						 "\"secbake features\"",
						 lines[i].key);
	}
	if (f->method != SECBAKE_METHOD_SECCOMP && f->flags)
		return secbake_error_set(
			error, SECBAKE_ERR_INPUT, 0,
			"flags are there, but the method is %s; only seccomp has flags",
			methods[f->method]);
	if (f->method == SECBAKE_METHOD_NONE && f->actions)
		return secbake_error_set(error, SECBAKE_ERR_INPUT, 0,
					 "actions are there, but the method is none");
	if (f->method != SECBAKE_METHOD_NONE &&
	    (f->actions & SECBAKE_ACTIONS_OLDEST) != SECBAKE_ACTIONS_OLDEST)
		return secbake_error_set(
			error, SECBAKE_ERR_INPUT, 0,
			"every kernel with filters has the actions kill-thread, trap, "
			"errno, trace and allow; one of them says no");
	return SECBAKE_OK;
}

static enum secbake_status parse_line(char *text, uint32_t *seen, struct secbake_features *f,
				      struct secbake_error *error)
{
	char *value = strchr(text, ' ');

	if (value)
		*value++ = '\0';
	for (size_t i = 0; i < COUNT(lines); i++) {
		if (strcmp(lines[i].key, text) != 0)
			continue;
		if (*seen & (1u << i))
			return secbake_error_set(error, SECBAKE_ERR_INPUT, 0,
						 "\"%s\" is there twice", text);
		*seen |= 1u << i;
		if (value && parse_value(&lines[i], value, f))
			return SECBAKE_OK;
		return secbake_error_set(error, SECBAKE_ERR_INPUT, 0, "\"%s\" cannot be \"%s\"",
					 text, value ? value : "");
	}
	return secbake_error_set(error, SECBAKE_ERR_INPUT, 0,
				 "unknown key \"%s\"; write the file with \"secbake features\"",
				 text);
}

enum secbake_status secbake_features_parse(const char *text, size_t length,
					   struct secbake_features *features,
					   struct secbake_error *error)
{
	struct secbake_features f = {0};
	uint32_t seen = 0, number = 0;
	enum secbake_status status;
	size_t at = 0;
	char line[80];

	if (length > SECBAKE_FEATURES_TEXT_MAX)
		return secbake_error_set(error, SECBAKE_ERR_INPUT, 0,
					 "a features file has at most %u bytes",
					 (unsigned int)SECBAKE_FEATURES_TEXT_MAX);
	while (at < length) {
		const char *end = memchr(text + at, '\n', length - at);
		size_t size = end ? (size_t)(end - (text + at)) : length - at;

		number++;
		if (size && text[at] != '#') {
			if (size >= sizeof(line) || memchr(text + at, '\0', size)) {
				status = secbake_error_set(
					error, SECBAKE_ERR_INPUT, 0,
					"this is not a line \"key value\"; write the file with \"secbake features\"");
			} else {
				memcpy(line, text + at, size);
				line[size] = '\0';
				status = parse_line(line, &seen, &f, error);
			}
			if (status) {
				secbake_error_file(error, NULL, number, 1, NULL);
				return status;
			}
		}
		at += size + 1;
	}
	status = check_whole(&f, seen, error);
	if (!status)
		*features = f;
	return status;
}

void secbake_features_hash(const struct secbake_features *features, struct secbake_hash *hash)
{
	struct sb_hash_stream stream;
	char text[COUNT(lines) * LINE_MAX];

	sb_hash_begin(&stream);
	sb_hash_add(&stream, text, format(features, false, text));
	*hash = sb_hash_end(&stream);
}

void secbake_hash_format(const struct secbake_hash *hash, char text[SECBAKE_HASH_TEXT])
{
	for (size_t i = 0; i < SECBAKE_HASH_SIZE; i++) {
		text[2 * i] = "0123456789abcdef"[hash->bytes[i] >> 4];
		text[2 * i + 1] = "0123456789abcdef"[hash->bytes[i] & 15];
	}
	text[2 * SECBAKE_HASH_SIZE] = '\0';
}
