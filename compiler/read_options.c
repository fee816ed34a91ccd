/* SPDX-License-Identifier: MIT */
/*
 * NAME.options: compile options that stand beside a policy. Whoever compiles
 * by hand comes first; the file fills in what was left open.
 */
#include "read.h"

#include <stdio.h>
#include <string.h>

#include "capabilities.h"
#include "nearest.h"

enum key { KEY_CAP, KEY_DIALECT, KEY_ENOSYS, KEY_EFFORT, KEY_STRICT, KEY_COMPLAIN, KEYS };

static const char *const keys[KEYS] = {
	[KEY_CAP] = "cap",	 [KEY_DIALECT] = "dialect", [KEY_ENOSYS] = "enosys",
	[KEY_EFFORT] = "effort", [KEY_STRICT] = "strict",   [KEY_COMPLAIN] = "complain",
};

/* Values in the order of what they stand for; cap has none of its own. */
static const char *const dialects[] = {
	[SECBAKE_DIALECT_AUTO] = "auto",
	[SECBAKE_DIALECT_OCI] = "oci",
	[SECBAKE_DIALECT_NATIVE] = "native",
};
static const char *const enosyses[] = {
	[SECBAKE_ENOSYS_AUTO] = "auto",
	[SECBAKE_ENOSYS_RUNC] = "runc",
	[SECBAKE_ENOSYS_NONE] = "none",
};
static const char *const efforts[] = {
	[SECBAKE_EFFORT_AUTO] = "auto",
	[SECBAKE_EFFORT_DEFAULT] = "default",
	[SECBAKE_EFFORT_BEST] = "best",
};
static const char *const answers[] = {"no", "yes"};

struct options_reader {
	struct sb_arena *arena;
	struct secbake_error *error;
	uint32_t line;
	bool seen[KEYS];
	uint32_t dialect, enosys, effort, strict, complain;
	const char **cap;
	size_t cap_count, cap_room;
};

/* Without blanks at either end; a carriage return is one. */
static const char *trimmed(struct sb_arena *arena, const char *text, size_t size)
{
	while (size && strchr(" \t\r", text[size - 1]))
		size--;
	while (size && strchr(" \t\r", *text)) {
		text++;
		size--;
	}
	return sb_strndup(arena, text, size);
}

static enum secbake_status unknown(const struct options_reader *r, const char *kind,
				   const char *word, const char *near)
{
	if (near)
		return secbake_error_set(r->error, SECBAKE_ERR_INPUT, 0,
					 "there is no %s \"%.64s\"; did you mean \"%s\"?", kind,
					 word, near);
	return secbake_error_set(r->error, SECBAKE_ERR_INPUT, 0, "there is no %s \"%.64s\"", kind,
				 word);
}

/* Nothing is near: all that there are, since they are few. */
static enum secbake_status unknown_of(const struct options_reader *r, const char *kind,
				      const char *const *words, uint32_t count, const char *word)
{
	char all[128] = "";
	size_t used = 0;

	for (uint32_t i = 0; i < count && used < sizeof(all); i++)
		used += (size_t)snprintf(all + used, sizeof(all) - used, "%s%s", i ? ", " : "",
					 words[i]);
	return secbake_error_set(r->error, SECBAKE_ERR_INPUT, 0,
				 "there is no %s \"%.64s\"; there are %s", kind, word, all);
}

static enum secbake_status choose(const struct options_reader *r, const char *kind,
				  const char *const *words, uint32_t count, const char *word,
				  uint32_t *value)
{
	struct sb_nearest nearest = {.word = word};

	for (uint32_t i = 0; i < count; i++) {
		if (!strcmp(words[i], word)) {
			*value = i;
			return SECBAKE_OK;
		}
		sb_nearest_try(&nearest, words[i]);
	}
	return nearest.best ? unknown(r, kind, word, nearest.best)
			    : unknown_of(r, kind, words, count, word);
}

static enum secbake_status take_cap(struct options_reader *r, const char *value)
{
	if (!sb_capability_known(value))
		return unknown(r, "capability", value, sb_capability_nearest(value));
	if (r->cap_count == r->cap_room) {
		r->cap = sb_grow(r->arena, r->cap, r->cap_count, r->cap_room * 2, sizeof(*r->cap));
		r->cap_room *= 2;
	}
	if (!r->cap)
		return secbake_error_set(r->error, SECBAKE_ERR_MEMORY, 0, "out of memory");
	r->cap[r->cap_count++] = value;
	return SECBAKE_OK;
}

static enum secbake_status take_option(struct options_reader *r, const char *name,
				       const char *value)
{
	enum secbake_status status;
	uint32_t key = 0;

	status = choose(r, "option", keys, KEYS, name, &key);
	if (status != SECBAKE_OK)
		return status;
	if (key != KEY_CAP && r->seen[key])
		return secbake_error_set(r->error, SECBAKE_ERR_INPUT, 0,
					 "\"%s\" is given twice; keep one", name);
	r->seen[key] = true;
	switch ((enum key)key) {
	case KEY_CAP:
		return take_cap(r, value);
	case KEY_DIALECT:
		return choose(r, "dialect", dialects, 3, value, &r->dialect);
	case KEY_ENOSYS:
		return choose(r, "value of \"enosys\"", enosyses, 3, value, &r->enosys);
	case KEY_COMPLAIN:
		return choose(r, "value of \"complain\"", answers, 2, value, &r->complain);
	case KEY_EFFORT:
		return choose(r, "value of \"effort\"", efforts, 3, value, &r->effort);
	default:
		return choose(r, "value of \"strict\"", answers, 2, value, &r->strict);
	}
}

static enum secbake_status take_line(struct options_reader *r, const char *text, size_t size)
{
	const char *equals, *name, *value;

	if (memchr(text, '\0', size))
		return secbake_error_set(r->error, SECBAKE_ERR_INPUT, 0,
					 "a NUL byte; options are lines of text");
	if (r->line == 1 && size >= 3 && !memcmp(text, "\xef\xbb\xbf", 3))
		return secbake_error_set(r->error, SECBAKE_ERR_INPUT, 0,
					 "a byte order mark; options are UTF-8 text without one");
	name = trimmed(r->arena, text, size);
	if (!name)
		return secbake_error_set(r->error, SECBAKE_ERR_MEMORY, 0, "out of memory");
	if (!*name || *name == '#')
		return SECBAKE_OK;
	equals = strchr(name, '=');
	if (!equals)
		return secbake_error_set(r->error, SECBAKE_ERR_INPUT, 0,
					 "\"%.64s\" is not an option; write \"key=value\"", name);
	value = trimmed(r->arena, equals + 1, strlen(equals + 1));
	name = trimmed(r->arena, name, (size_t)(equals - name));
	if (!value || !name)
		return secbake_error_set(r->error, SECBAKE_ERR_MEMORY, 0, "out of memory");
	return take_option(r, name, value);
}

enum secbake_status sb_read_options(struct sb_arena *arena, const struct secbake_text *text,
				    struct sb_options *merged, struct secbake_error *error)
{
	struct options_reader r = {.arena = arena, .error = error, .complain = 1};
	enum secbake_status status = SECBAKE_OK;

	if (!text->bytes)
		return SECBAKE_OK;
	r.cap_room = merged->cap_count + 8;
	r.cap = sb_alloc(arena, r.cap_room, sizeof(*r.cap));
	if (!r.cap)
		return secbake_error_set(error, SECBAKE_ERR_MEMORY, 0, "out of memory");
	for (; r.cap_count < merged->cap_count; r.cap_count++)
		r.cap[r.cap_count] = merged->caps[r.cap_count];
	if (text->size > SECBAKE_POLICY_SIZE_MAX)
		status = secbake_error_set(error, SECBAKE_ERR_LIMIT, 0,
					   "the file has %zu bytes; options have at most %u",
					   text->size, SECBAKE_POLICY_SIZE_MAX);
	for (size_t at = 0; status == SECBAKE_OK && at < text->size;) {
		const char *start = text->bytes + at, *end = memchr(start, '\n', text->size - at);
		size_t size = end ? (size_t)(end - start) : text->size - at;

		r.line++;
		status = take_line(&r, start, size);
		at += size + 1;
	}
	if (status != SECBAKE_OK) {
		secbake_error_file(error, text->file, r.line, 0, NULL);
		return status;
	}
	if (merged->dialect == SECBAKE_DIALECT_AUTO)
		merged->dialect = (enum secbake_dialect)r.dialect;
	if (merged->enosys == SECBAKE_ENOSYS_AUTO)
		merged->enosys = (enum secbake_enosys)r.enosys;
	if (merged->effort == SECBAKE_EFFORT_AUTO)
		merged->effort = (enum secbake_effort)r.effort;
	merged->strict |= r.strict != 0;
	merged->no_complain |= !r.complain;
	merged->caps = r.cap;
	merged->cap_count = r.cap_count;
	return SECBAKE_OK;
}
