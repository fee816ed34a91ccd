/* SPDX-License-Identifier: MIT */
/*
 * inputs FOLDER
 *
 * Is the policy hash of all that a policy means, and of nothing else? Documents that say
 * everything there is to say (FOLDER) are changed in one place at a time: each value to
 * others, each member and element away, elements doubled and swapped. Of each change that
 * compiles:
 * - programs, flags, versions or listener are others: so is the hash. That holds for any two
 *   changes: one hash, one meaning;
 * - the hash is the same: the plain evaluator says the same to every call, too;
 * - taking programs over from the blob before the change gives the bytes that a compile
 *   without gives.
 * Each member must have changed the hash in some way, but for those that mean nothing
 * (comments and the like), which never may. White space and the order of members may not.
 * Then the options, each feature of the kernel and its release.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "tests/conformance/inputs.h"
#include "tests/lib/support.h"

#define PATTERNS_MAX 256u

static json_t *document[DOCUMENTS];

/* ---- what the changes did ---- */

/* A place in a document, with every index and every key of a map as "*". */
struct pattern {
	char text[256];
	size_t tried, compiled, changed;
};

static struct pattern pattern[PATTERNS_MAX];
static uint64_t one_in; /* of so many changes one is tried */
static size_t pattern_count, mutants, compiled_mutants, changed_mutants;

static struct pattern *pattern_of(const char *path)
{
	for (size_t i = 0; i < pattern_count; i++)
		if (!strcmp(pattern[i].text, path))
			return &pattern[i];
	if (pattern_count == PATTERNS_MAX)
		test_die("more than %u patterns", PATTERNS_MAX);
	snprintf(pattern[pattern_count].text, sizeof(pattern[0].text), "%s", path);
	return &pattern[pattern_count++];
}

/* Compiles the policy with text in the place of document number changed. */
static void try_text(size_t changed, char *text, struct pattern *place, bool may_differ)
{
	struct texts texts = base_texts;
	struct secbake_compile_options options;
	struct trial after;
	struct meaning meaning, first = meaning_of(&before.blob);

	texts.text[changed] = text;
	options = options_for(&texts);
	if (mutants++ % one_in && may_differ)
		return;
	place->tried++;
	if (!trial_compile(&after, &options, NULL)) {
		if (!may_differ)
			complain("does not compile", place->text, text);
		return;
	}
	compiled_mutants++;
	place->compiled++;
	meaning = meaning_of(&after.blob);
	check_unique(&meaning, place->text, text);
	if (!same(&meaning.hash, &first.hash)) {
		changed_mutants++;
		place->changed++;
		if (!may_differ)
			complain("gives another hash", place->text, text);
	} else if (!same_verdicts(&before, &after)) {
		complain("the hash is the same, verdicts differ", place->text, text);
	}
	check_takeover(options, &after, place->text, text);
	trial_free(&after);
}

static void try_document(size_t changed, const json_t *root, struct pattern *place)
{
	char *text = json_dumps(root, JSON_COMPACT);

	if (!text)
		test_die("out of memory");
	try_text(changed, text, place, true);
	free(text);
}

/* ---- changes ---- */

/* What a text may be instead, wherever it stands: what does not fit does not compile. */
static const char *const words[] = {"getpgrp",
				    "msync",
				    "SCMP_ACT_LOG",
				    "SCMP_ACT_KILL_THREAD",
				    "SCMP_ACT_ALLOW",
				    "SCMP_CMP_NE",
				    "SCMP_CMP_LE",
				    "SCMP_ARCH_X86",
				    "SCMP_ARCH_X32",
				    "SCMP_ARCH_ARM",
				    "SCMP_ARCH_X86_64",
				    "SECCOMP_FILTER_FLAG_SPEC_ALLOW",
				    "/run/other",
				    "EXDEV",
				    "CAP_BPF",
				    "CAP_SYS_ADMIN",
				    "amd64",
				    "s390x",
				    "5.15",
				    "allow",
				    "log",
				    "errno:EXDEV",
				    "trace:10",
				    "kill-process",
				    "x32",
				    "x86_64",
				    "x86",
				    "complain",
				    "unrestricted",
				    "tsync-esrch",
				    "drop",
				    "user:other",
				    "group:other",
				    "CLONE_NEWNET",
				    "PER_BSD",
				    "@own",
				    "@shipped",
				    "@base"};

struct spot {
	size_t changed; /* document */
	json_t *root;	/* a copy of it, to be changed and mended */
	char path[256];
};

static void visit(struct spot *spot, json_t *node, const json_t *slot_of, const char *key,
		  size_t index);

static void put(json_t *parent, const char *key, size_t index, json_t *value)
{
	if (key)
		json_object_set_new(parent, key, value);
	else
		json_array_set_new(parent, index, value);
}

/* Each value that could stand there instead. */
static void change_scalar(struct spot *spot, json_t *parent, const char *key, size_t index,
			  struct pattern *place)
{
	json_t *was = key ? json_object_get(parent, key) : json_array_get(parent, index);

	json_incref(was);
	if (json_is_integer(was)) {
		const json_int_t value = json_integer_value(was);
		const json_int_t others[] = {value + 1, value ^ 4, value + 4294967296, 0};

		for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
			put(parent, key, index, json_integer(others[i]));
			try_document(spot->changed, spot->root, place);
		}
	} else if (json_is_boolean(was)) {
		put(parent, key, index, json_boolean(!json_is_true(was)));
		try_document(spot->changed, spot->root, place);
	} else {
		for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
			put(parent, key, index, json_string(words[i]));
			try_document(spot->changed, spot->root, place);
		}
	}
	put(parent, key, index, was);
}

static void change_array(struct spot *spot, json_t *array, struct pattern *place)
{
	for (size_t i = 0; i < json_array_size(array); i++) {
		json_t *element = json_incref(json_array_get(array, i));

		json_array_remove(array, i); /* away */
		try_document(spot->changed, spot->root, place);
		if (i < json_array_size(array)) { /* behind the next */
			json_array_insert(array, i + 1, element);
			try_document(spot->changed, spot->root, place);
			json_array_remove(array, i + 1);
		}
		json_array_insert(array, i, element);
		json_array_insert_new(array, i, json_deep_copy(element)); /* twice */
		try_document(spot->changed, spot->root, place);
		json_array_remove(array, i);
		json_decref(element);
	}
}

/* Keys of a group, of an argument, of what a kernel lacks: data, and not members. */
static bool is_map(const char *path)
{
	const char *last = strrchr(path, '/');

	return !strcmp(last, "/groups") || !strcmp(last, "/args") ||
	       !strcmp(last, "/onUnsupported") || !strcmp(last, "/accept") ||
	       (strlen(path) > 7 && !strcmp(path + strlen(path) - 7, "/args/*"));
}

static void change_object(struct spot *spot, json_t *object)
{
	size_t length = strlen(spot->path);
	const bool map = length && is_map(spot->path);
	const char *key;
	json_t *copy = json_copy(object), *value; /* the order of members is kept by it */

	json_object_foreach(copy, key, value)
	{
		snprintf(spot->path + length, sizeof(spot->path) - length, "/%s", map ? "*" : key);
		json_object_del(object, key);
		try_document(spot->changed, spot->root, pattern_of(spot->path));
		json_object_set(object, key, value);
		visit(spot, value, object, key, 0);
		spot->path[length] = '\0';
	}
	json_decref(copy);
}

/* In all places, from the top. */
static void visit(struct spot *spot, json_t *node, const json_t *slot_of, const char *key,
		  size_t index)
{
	size_t length = strlen(spot->path);

	if (json_is_object(node)) {
		change_object(spot, node);
	} else if (json_is_array(node)) {
		snprintf(spot->path + length, sizeof(spot->path) - length, "/*");
		change_array(spot, node, pattern_of(spot->path));
		for (size_t i = 0; i < json_array_size(node); i++)
			visit(spot, json_array_get(node, i), node, NULL, i);
		spot->path[length] = '\0';
	} else {
		char *own = key ? strdup(key) : NULL;

		change_scalar(spot, (json_t *)(uintptr_t)slot_of, own, index,
			      pattern_of(spot->path));
		free(own);
	}
}

/* ---- what means nothing ---- */

static json_t *reversed(const json_t *node)
{
	json_t *copy, *value;
	const char **keys;
	size_t count = 0, i;
	const char *key;

	if (json_is_array(node)) {
		copy = json_array();
		json_array_foreach(node, i, value) json_array_append_new(copy, reversed(value));
		return copy;
	}
	if (!json_is_object(node))
		return json_deep_copy(node);
	copy = json_object();
	keys = calloc(json_object_size(node) + 1, sizeof(*keys));
	if (!keys)
		test_die("out of memory");
	json_object_foreach((json_t *)(uintptr_t)node, key, value) keys[count++] = key;
	while (count--)
		json_object_set_new(copy, keys[count],
				    reversed(json_object_get(node, keys[count])));
	free(keys);
	return copy;
}

static void try_formats(size_t changed)
{
	static const size_t flags[] = {JSON_COMPACT, JSON_INDENT(7),
				       JSON_INDENT(1) | JSON_SORT_KEYS, JSON_ENSURE_ASCII};
	json_t *other = reversed(document[changed]);
	char name[128];

	for (size_t i = 0; i <= sizeof(flags) / sizeof(flags[0]); i++) {
		const bool last = i == sizeof(flags) / sizeof(flags[0]);
		char *text = json_dumps(last ? other : document[changed],
					last ? JSON_INDENT(2) : flags[i]);

		snprintf(name, sizeof(name), "%s, written in another way (%zu)", file[changed], i);
		try_text(changed, text, pattern_of(name), false);
		free(text);
	}
	json_decref(other);
}

/* ---- all of it ---- */

static bool means_nothing(const char *path)
{
	const char *last = strrchr(path, '/');

	if (strstr(path, "/accept") || strstr(path, " written "))
		return true;
	return last && (!strcmp(last, "/comment") || !strcmp(last, "/optional"));
}

/* What stands there cannot go: what is in it changed the hash, or it is used elsewhere. */
static bool is_needed(const char *path)
{
	const size_t length = strlen(path);

	for (size_t i = 0; i < pattern_count; i++)
		if (!strncmp(pattern[i].text, path, length) && pattern[i].text[length] == '/' &&
		    pattern[i].changed)
			return true;
	return !strcmp(path, "/secbake");
}

static void judge(void)
{
	for (size_t i = 0; i < pattern_count; i++) {
		const struct pattern *p = &pattern[i];
		const bool nothing = means_nothing(p->text);

		if (one_in > 1 || !p->tried || (!p->compiled && is_needed(p->text)))
			continue;
		if (nothing ? p->changed > 0 : !p->changed) {
			failures++;
			printf("%s: of %zu changes at %s, %zu compile and %zu change the hash\n",
			       file[policy], p->tried, p->text, p->compiled, p->changed);
		}
		if (nothing && !p->compiled) {
			failures++;
			printf("%s: no change at %s compiles\n", file[policy], p->text);
		}
	}
	pattern_count = 0;
	memset(pattern, 0, sizeof(pattern));
}

/* The policy itself, and the documents that it reads. */
static bool reads(size_t one, size_t other)
{
	return one == other || (!strcmp(file[one], "native.json") && other >= 4);
}

static void try_policy(void)
{
	struct secbake_compile_options options = options_for(&base_texts);
	struct secbake_error error = {0};

	if (!trial_compile(&before, &options, &error))
		test_die("%s: %s: %s", file[policy], error.pointer, error.text);
	forget_meanings();
	try_inputs();
	for (size_t i = 0; i < DOCUMENTS; i++) {
		struct spot spot = {.changed = i};

		if (!reads(policy, i))
			continue;
		try_formats(i);
		spot.root = json_deep_copy(document[i]);
		visit(&spot, spot.root, NULL, NULL, 0);
		if (!json_equal(spot.root, document[i]))
			test_die("%s was not mended", file[i]);
		json_decref(spot.root);
		judge();
	}
	trial_free(&before);
}

int main(int argc, char **argv)
{
	if (argc != 2)
		test_die("inputs FOLDER");
	for (size_t i = 0; i < DOCUMENTS; i++) {
		char path[4096];
		json_error_t error;

		snprintf(path, sizeof(path), "%s/%s", argv[1], file[i]);
		document[i] = json_load_file(path, 0, &error);
		if (!document[i])
			test_die("%s:%d: %s", path, error.line, error.text);
		base_texts.text[i] = json_dumps(document[i], JSON_INDENT(2));
	}
	one_in = test_env("SECBAKE_ONE_IN", 1);
	if (!one_in)
		one_in = 1;
	for (policy = 0; policy < 4; policy++)
		try_policy();
	printf("%zu changes, %zu of them compile, %zu have another hash\n", mutants,
	       compiled_mutants, changed_mutants);
	if (one_in == 1 && (compiled_mutants < 500 || changed_mutants < 300))
		test_die("so few say nothing");
	for (size_t i = 0; i < DOCUMENTS; i++) {
		json_decref(document[i]);
		free(base_texts.text[i]);
	}
	return failures > 0;
}
