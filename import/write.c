/* SPDX-License-Identifier: MIT */
/*
 * Native JSON, laid out as the shipped policies are: tabs, members in one order,
 * what fits into a line on one line, long lists filled.
 *
 * Each value is first written flat, on one line, into a scratch text; if that does
 * not fit behind what stands before it, it is written again, broken into lines.
 * An allocation that fails makes the whole text fail, once, at the end.
 */
#include "import.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS 100
#define TAB 8

struct out {
	char *text;
	size_t size, room;
	unsigned int depth; /* tabs in front of a line */
	unsigned int column;
	bool flat; /* no line may be broken */
	bool failed;
};

/* ---- characters ---- */

static void put_bytes(struct out *o, const char *bytes, size_t size)
{
	if (o->failed)
		return;
	if (size >= o->room - o->size) {
		size_t room = (o->room + size + 256) * 2;
		char *grown = room > o->room ? realloc(o->text, room) : NULL;

		if (!grown) {
			o->failed = true;
			return;
		}
		o->text = grown;
		o->room = room;
	}
	memcpy(o->text + o->size, bytes, size);
	o->size += size;
	o->column += (unsigned int)size;
}

static void put(struct out *o, const char *text)
{
	put_bytes(o, text, strlen(text));
}

static void new_line(struct out *o)
{
	put(o, "\n");
	for (unsigned int i = 0; i < o->depth; i++)
		put(o, "\t");
	o->column = o->depth * TAB;
}

/* Texts are UTF-8 without NUL. */
static void put_escaped(struct out *o, const char *text)
{
	for (const char *p = text; *p; p++) {
		unsigned char c = (unsigned char)*p;
		char code[8];

		if (c == '"' || c == '\\')
			put(o, "\\");
		if (c >= 0x20) {
			put_bytes(o, p, 1);
			continue;
		}
		if (c == '\n')
			snprintf(code, sizeof(code), "\\n");
		else if (c == '\t')
			snprintf(code, sizeof(code), "\\t");
		else
			snprintf(code, sizeof(code), "\\u%04x", c);
		put(o, code);
	}
}

static void put_string(struct out *o, const char *text)
{
	put(o, "\"");
	put_escaped(o, text);
	put(o, "\"");
}

/* A decimal integer that JSON and the language take as a number. */
static bool is_number(const char *word)
{
	const char *digits = word + (*word == '-');
	size_t size = strlen(digits);

	return size && size <= 19 && strspn(digits, "0123456789") == size &&
	       (*digits != '0' || (size == 1 && digits == word));
}

static void put_word(struct out *o, const char *word)
{
	if (is_number(word))
		put(o, word);
	else
		put_string(o, word);
}

/* ---- objects, flat or a member a line ---- */

struct object {
	struct out *o;
	bool any;
};

static struct object open_object(struct out *o)
{
	put(o, "{");
	o->depth++;
	return (struct object){.o = o};
}

static void close_object(struct object *object)
{
	struct out *o = object->o;

	o->depth--;
	if (object->any && !o->flat)
		new_line(o);
	put(o, "}");
}

static void key(struct object *object, const char *name)
{
	struct out *o = object->o;

	if (object->any)
		put(o, o->flat ? ", " : ",");
	if (!o->flat)
		new_line(o);
	object->any = true;
	put_string(o, name);
	put(o, ": ");
}

/* A writer of one value, flat or not as o->flat says. */
typedef void (*writer)(struct out *o, const void *value);

/* Flat if it fits into the line, with a comma or bracket behind it. */
static void put_fitting(struct out *o, writer write, const void *value)
{
	size_t start = o->size;
	unsigned int column = o->column;
	bool flat = o->flat;

	o->flat = true;
	write(o, value);
	o->flat = flat;
	if (flat || o->failed || o->column < COLUMNS)
		return;
	o->size = start;
	o->column = column;
	write(o, value);
}

static void member(struct object *object, const char *name, writer write, const void *value)
{
	key(object, name);
	put_fitting(object->o, write, value);
}

static void text_member(struct object *object, const char *name, const char *text)
{
	if (!text)
		return;
	key(object, name);
	put_string(object->o, text);
}

/* ---- lists ---- */

static void put_word_element(struct out *o, const struct sb_words *words, uint32_t i, bool last)
{
	const char *word = words->word[i];

	if (!o->flat) {
		size_t wide = strlen(word) + (is_number(word) ? 0 : 2) + !last;

		if (o->column > o->depth * TAB && o->column + 1 + wide > COLUMNS)
			new_line(o);
		else if (o->column > o->depth * TAB)
			put(o, " ");
	} else if (i) {
		put(o, " ");
	}
	put_word(o, word);
	if (!last)
		put(o, ",");
}

/* One word stands for itself; a broken list is filled, not a word a line. */
static void write_word_list(struct out *o, const struct sb_words *words)
{
	put(o, "[");
	o->depth++;
	if (!o->flat)
		new_line(o);
	for (uint32_t i = 0; i < words->count; i++)
		put_word_element(o, words, i, i + 1 == words->count);
	o->depth--;
	if (!o->flat)
		new_line(o);
	put(o, "]");
}

static void write_list(struct out *o, const void *value)
{
	write_word_list(o, value);
}

static void write_words(struct out *o, const void *value)
{
	const struct sb_words *words = value;

	if (words->count == 1)
		put_word(o, words->word[0]);
	else
		write_word_list(o, words);
}

/* Lines of a comment are one text: a JSON string of several lines reads badly. */
static void comment_member(struct object *object, const struct sb_words *lines)
{
	if (!lines->count)
		return;
	key(object, "comment");
	put(object->o, "\"");
	for (uint32_t i = 0; i < lines->count; i++) {
		if (i)
			put(object->o, " ");
		put_escaped(object->o, lines->word[i]);
	}
	put(object->o, "\"");
}

static void list_member(struct object *object, const char *name, const struct sb_words *words)
{
	if (words->count)
		member(object, name, write_list, words);
}

/* ---- rules ---- */

static void write_matcher(struct out *o, const void *value)
{
	const struct sb_out_matcher *m = value;
	const struct sb_out_test *only = m->test_count == 1 ? m->test : NULL;
	struct object object;

	if (only && !only->mask && !m->width && m->is_signed < 0 &&
	    (!strcmp(only->op, "eq") || !strcmp(only->op, "in"))) {
		write_words(o, &only->value);
		return;
	}
	object = open_object(o);
	for (uint32_t i = 0; i < m->test_count; i++) {
		const struct sb_out_test *test = &m->test[i];
		bool list = !strcmp(test->op, "in") || !strcmp(test->op, "notIn") ||
			    !strcmp(test->op, "range");

		if (test->mask) {
			key(&object, "mask");
			put_word(o, test->mask);
		}
		member(&object, test->op, list ? write_list : write_words, &test->value);
	}
	if (m->width) {
		key(&object, "width");
		put(o, m->width == 32 ? "32" : "64");
	}
	if (m->is_signed >= 0) {
		key(&object, "signed");
		put(o, m->is_signed ? "true" : "false");
	}
	close_object(&object);
}

static void write_set(struct out *o, const void *value)
{
	const struct sb_out_set *set = value;
	struct object object = open_object(o);

	for (uint32_t i = 0; i < set->matcher_count; i++)
		member(&object, set->matcher[i].argument, write_matcher, &set->matcher[i]);
	close_object(&object);
}

static void write_args(struct out *o, const void *value)
{
	const struct sb_out_rule *rule = value;

	if (rule->set_count == 1) {
		write_set(o, rule->set);
		return;
	}
	put(o, "[");
	o->depth++;
	for (uint32_t i = 0; i < rule->set_count; i++) {
		if (i)
			put(o, o->flat ? ", " : ",");
		if (!o->flat)
			new_line(o);
		put_fitting(o, write_set, &rule->set[i]);
	}
	o->depth--;
	if (!o->flat)
		new_line(o);
	put(o, "]");
}

static void write_filter(struct out *o, const void *value)
{
	const struct sb_out_filter *filter = value;
	struct object object = open_object(o);

	list_member(&object, "arch", &filter->arch);
	text_member(&object, "minKernel", filter->min_kernel);
	list_member(&object, "caps", &filter->cap);
	close_object(&object);
}

static void filter_member(struct object *object, const char *name,
			  const struct sb_out_filter *filter)
{
	if (filter->arch.count || filter->cap.count || filter->min_kernel)
		member(object, name, write_filter, filter);
}

static void write_rule(struct out *o, const void *value)
{
	const struct sb_out_rule *rule = value;
	struct object object = open_object(o);

	comment_member(&object, &rule->comment);
	member(&object, "syscalls", write_words, &rule->syscalls);
	if (rule->optional) {
		key(&object, "optional");
		put(o, "true");
	}
	filter_member(&object, "when", &rule->when);
	filter_member(&object, "unless", &rule->unless);
	if (rule->set_count)
		member(&object, "args", write_args, rule);
	text_member(&object, "action", rule->action);
	if (rule->hold) {
		key(&object, "hold");
		put(o, "true");
	}
	close_object(&object);
}

static void rules_member(struct object *object, const struct sb_out_layer *layer)
{
	struct out *o = object->o;

	key(object, "rules");
	put(o, "[");
	o->depth++;
	for (uint32_t i = 0; i < layer->rule_count; i++) {
		if (i)
			put(o, ",");
		new_line(o);
		put_fitting(o, write_rule, &layer->rule[i]);
	}
	o->depth--;
	if (layer->rule_count)
		new_line(o);
	put(o, "]");
}

/* ---- the policy ---- */

static void layers_member(struct object *object, const struct sb_out_policy *policy)
{
	struct out *o = object->o;

	key(object, "layers");
	put(o, "[");
	o->depth++;
	for (uint32_t i = 0; i < policy->layer_count; i++) {
		const struct sb_out_layer *layer = &policy->layer[i];
		struct object one;

		if (i)
			put(o, ",");
		new_line(o);
		one = open_object(o);
		comment_member(&one, &layer->comment);
		text_member(&one, "default", layer->default_action);
		list_member(&one, "flags", &layer->flags);
		rules_member(&one, layer);
		close_object(&one);
	}
	o->depth--;
	new_line(o);
	put(o, "]");
}

static void write_notify(struct out *o, const void *value)
{
	const struct sb_out_policy *policy = value;
	struct object object = open_object(o);

	text_member(&object, "listener", policy->listener);
	text_member(&object, "metadata", policy->metadata);
	close_object(&object);
}

static void write_policy(struct out *o, const struct sb_out_policy *policy)
{
	const struct sb_out_layer *only = policy->layer_count == 1 ? policy->layer : NULL;
	struct object object = open_object(o);

	key(&object, "secbake");
	put(o, "1");
	comment_member(&object, &policy->comment);
	list_member(&object, "architectures", &policy->architectures);
	text_member(&object, "default",
		    only && only->default_action ? only->default_action : policy->default_action);
	text_member(&object, "foreignArch", policy->foreign);
	text_member(&object, "baseline", policy->baseline);
	text_member(&object, "mode", policy->mode);
	list_member(&object, "flags", only && only->flags.count ? &only->flags : &policy->flags);
	if (policy->listener)
		member(&object, "notify", write_notify, policy);
	if (only)
		rules_member(&object, only);
	else if (policy->layer_count)
		layers_member(&object, policy);
	close_object(&object);
	put(o, "\n");
}

char *sb_import_write(const struct sb_out_policy *policy, size_t *size)
{
	struct out o = {0};

	write_policy(&o, policy);
	put_bytes(&o, "", 1);
	if (o.failed) {
		free(o.text);
		return NULL;
	}
	*size = o.size - 1;
	return o.text;
}
