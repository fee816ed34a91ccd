/* SPDX-License-Identifier: MIT */
/* Filling in the policy that is about to be written: lists that grow in the arena. */
#include "import.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool sb_import_memory(struct sb_import *import)
{
	import->status = sb_fail(&import->report, &(struct sb_place){0}, SECBAKE_ERR_MEMORY,
				 "out of memory");
	return false;
}

/* Room for one element more; the element, zeroed. */
static void *append(struct sb_import *import, void **list, uint32_t *count, uint32_t *room,
		    size_t size)
{
	if (*count == *room) {
		uint32_t larger = *room ? *room * 2 : 4;
		void *grown =
			larger > *room ? sb_grow(import->arena, *list, *count, larger, size) : NULL;

		if (!grown) {
			sb_import_memory(import);
			return NULL;
		}
		*list = grown;
		*room = larger;
	}
	/* Counts go down, too, where an element was not wanted in the end. */
	return memset((char *)*list + size * (*count)++, 0, size);
}

#define APPEND(import, parent, list)                                        \
	append((import), (void **)&(parent)->list, &(parent)->list##_count, \
	       &(parent)->list##_room, sizeof(*(parent)->list))

bool sb_words_add(struct sb_import *import, struct sb_words *words, const char *word)
{
	const char **place = append(import, (void **)&words->word, &words->count, &words->room,
				    sizeof(*words->word));

	if (place)
		*place = word;
	return place;
}

static const char *text_of(struct sb_import *import, const char *format, va_list args)
{
	va_list again;
	char *text = NULL;
	int size;

	va_copy(again, args);
	size = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (size >= 0)
		text = sb_alloc(import->arena, (size_t)size + 1, 1);
	if (text)
		vsnprintf(text, (size_t)size + 1, format, args);
	else
		sb_import_memory(import);
	return text;
}

const char *sb_import_text(struct sb_import *import, const char *format, ...)
{
	const char *text;
	va_list args;

	va_start(args, format);
	text = text_of(import, format, args);
	va_end(args);
	return text;
}

struct sb_out_layer *sb_out_layer(struct sb_import *import)
{
	return APPEND(import, &import->policy, layer);
}

struct sb_out_rule *sb_out_rule(struct sb_import *import, struct sb_out_layer *layer)
{
	return APPEND(import, layer, rule);
}

struct sb_out_set *sb_out_set(struct sb_import *import, struct sb_out_rule *rule)
{
	return APPEND(import, rule, set);
}

struct sb_out_matcher *sb_out_matcher(struct sb_import *import, struct sb_out_set *set,
				      const char *argument)
{
	struct sb_out_matcher *matcher;

	for (uint32_t i = 0; i < set->matcher_count; i++)
		if (!strcmp(set->matcher[i].argument, argument))
			return &set->matcher[i];
	matcher = APPEND(import, set, matcher);
	if (matcher) {
		matcher->argument = argument;
		matcher->is_signed = -1;
	}
	return matcher;
}

struct sb_out_test *sb_out_test(struct sb_import *import, struct sb_out_matcher *matcher,
				const char *op, const char *mask, const char *value)
{
	struct sb_out_test *test = APPEND(import, matcher, test);

	if (!test)
		return NULL;
	test->op = op;
	test->mask = mask;
	return sb_words_add(import, &test->value, value) ? test : NULL;
}

bool sb_import_lost(struct sb_import *import, uint32_t line, struct sb_words *words,
		    const char *format, ...)
{
	const char *text, *note;
	enum secbake_status status;
	va_list args;

	va_start(args, format);
	text = text_of(import, format, args);
	va_end(args);
	note = text ? sb_import_text(import, "Not imported, line %u: %s.", line, text) : NULL;
	if (!note || !sb_words_add(import, words, note))
		return false;
	status = sb_warn(&import->report, &(struct sb_place){.line = line}, "%s", text);
	if (status != SECBAKE_OK)
		import->status = status;
	return status == SECBAKE_OK;
}
