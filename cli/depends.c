/* SPDX-License-Identifier: MIT */
/* Depfiles: which files an output was made of, for make and ninja. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <secbake/cache.h>

#include "tree.h"

bool cli_depends_add(struct cli_depends *depends, const char *path)
{
	struct secbake_error error = {0};
	char *copy;

	if (!strcmp(path, "-"))
		return true;
	for (size_t i = 0; i < depends->count; i++)
		if (!strcmp(depends->path[i], path))
			return true;
	if (depends->count == depends->room) {
		size_t room = depends->room ? depends->room * 2 : 16;
		void *grown = reallocarray(depends->path, room, sizeof(*depends->path));

		if (grown) {
			depends->path = grown;
			depends->room = room;
		}
	}
	copy = depends->count < depends->room ? strdup(path) : NULL;
	if (!copy) {
		secbake_error_set(&error, SECBAKE_ERR_MEMORY, 0, "out of memory");
		cli_fail(&error);
		return false;
	}
	depends->path[depends->count++] = copy;
	return true;
}

bool cli_depends_add_policy(struct cli_depends *depends, const struct cli_policy *policy)
{
	const struct cli_sources *sources = &policy->sources;
	bool good = !sources->file[0] || cli_depends_add(depends, sources->file[0]);

	if (policy->options.options.bytes)
		good = good && cli_depends_add(depends, policy->options_path);
	for (size_t i = 1; good && i < SECBAKE_SOURCES_MAX; i++)
		if (sources->text[i])
			good = cli_depends_add(depends, sources->file[i]);
	for (int groups = 0; good && groups < 2; groups++)
		if (sources->accounts[groups])
			good = cli_depends_add(depends, sources->accounts_file[groups]);
	if (policy->target.features)
		good = good && cli_depends_add(depends, policy->target.features);
	return good;
}

enum cli_exit cli_depends_spare(const struct cli_depends *depends, const struct cli_verb *verb,
				const char *path)
{
	struct stat output, source;

	if (stat(path, &output) || !S_ISREG(output.st_mode))
		return CLI_DONE;
	for (size_t i = 0; i < depends->count; i++)
		if (!stat(depends->path[i], &source) && source.st_dev == output.st_dev &&
		    source.st_ino == output.st_ino)
			return cli_usage(verb, "%s would be written over, and is a source: %s",
					 path, depends->path[i]);
	return CLI_DONE;
}

/*
 * What no quoting gets past both tools. Ninja takes " & ' < > ^ ` | ; * and what is not
 * printed for ends of a path, and then compiles each time, or looks at other files; make takes
 * * ? [ for wildcards, which may match another file and not this one, and runs what is behind
 * a ;.
 */
#define UNWRITABLE "\"&'*;<>?[^`|"

/* In the target, in front of the colon, make also takes = for an assignment and % for a pattern. */
static const char *unwritable(const char *path, bool target)
{
	size_t size = strlen(path);

	if (target && *path == '~')
		return path;
	/* A member of an archive, make would say. */
	if (size && path[size - 1] == ')' && strchr(path, '('))
		return strchr(path, '(');
	for (; *path; path++)
		if ((unsigned char)*path < ' ' || *path == 0x7f || strchr(UNWRITABLE, *path) ||
		    (target && strchr("=%", *path)))
			return path;
	return NULL;
}

/*
 * As make and ninja both read it: $ doubled; before a space # and : a backslash, and those
 * already in front of a space doubled. Other backslashes are themselves. (In front of # and
 * : the two tools do not agree about them.)
 */
static void put_escaped(FILE *out, const char *path)
{
	size_t backslashes = 0;

	for (const char *p = path; *p; p++) {
		if (*p == '$')
			putc('$', out);
		for (; *p == ' ' && backslashes; backslashes--)
			putc('\\', out);
		if (strchr(" #:", *p))
			putc('\\', out);
		putc(*p, out);
		backslashes = *p == '\\' ? backslashes + 1 : 0;
	}
}

/* In front, make takes ~ for a home folder, and = += != for what makes the line an assignment. */
static void put_source(FILE *out, const char *path)
{
	if (strchr("~=+!", *path))
		fputs("./", out);
	put_escaped(out, path);
}

static bool refuse(const char *path, const char *bad, bool target)
{
	struct secbake_error error = {0};
	char shown[16];

	if (*bad == '\n')
		snprintf(shown, sizeof(shown), "a line break");
	else if ((unsigned char)*bad < ' ' || *bad == 0x7f)
		snprintf(shown, sizeof(shown), "a byte 0x%02x", (unsigned char)*bad);
	else
		snprintf(shown, sizeof(shown), "%c", *bad);
	secbake_error_set(&error, SECBAKE_ERR_INPUT, 0,
			  "a depfile cannot have the path %s: no form of %s in it is read by both "
			  "make and ninja; give %s, or compile without -MD",
			  path, shown,
			  target ? "a target without it with -MT" : "a path without it");
	cli_fail(&error);
	return false;
}

static bool can_be_written(const struct cli_depends *depends, const char *target)
{
	const char *bad = unwritable(target, true);

	if (bad)
		return refuse(target, bad, true);
	for (size_t i = 0; i < depends->count; i++) {
		bad = unwritable(depends->path[i], false);
		if (bad)
			return refuse(depends->path[i], bad, false);
	}
	return true;
}

/*
 * "target: a=b" is an assignment to make, unless another word stands in front of it (and
 * that is not a word like "private"): a source, else this program, which is one in a way.
 * NULL: there is none to be had.
 */
static const char *first_word(const struct cli_depends *depends, char *room, size_t size)
{
	ssize_t length;
	bool needed = false;

	for (size_t i = 0; i < depends->count; i++)
		needed = needed || strchr(depends->path[i], '=');
	if (!needed)
		return "";
	for (size_t i = 0; i < depends->count; i++)
		if (!strchr(depends->path[i], '=') && strpbrk(depends->path[i], "/."))
			return depends->path[i];
	length = readlink("/proc/self/exe", room, size - 1);
	if (length <= 0 || (size_t)length >= size - 1)
		return NULL;
	room[length] = '\0';
	return strchr(room, '=') || unwritable(room, false) ? NULL : room;
}

static int by_path(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void put_all(FILE *out, const struct cli_depends *depends, const char *target,
		    const char *first)
{
	put_escaped(out, target);
	putc(':', out);
	if (*first) {
		fputs(" \\\n  ", out);
		put_source(out, first);
	}
	for (size_t i = 0; i < depends->count; i++) {
		if (depends->path[i] == first)
			continue;
		fputs(" \\\n  ", out);
		put_source(out, depends->path[i]);
	}
	putc('\n', out);
	/*
	 * What is removed is to be compiled without, and not "no rule to make it". With % and =
	 * in them these lines would be something else.
	 */
	for (size_t i = 0; i < depends->count; i++) {
		if (strpbrk(depends->path[i], "%="))
			continue;
		put_source(out, depends->path[i]);
		fputs(":\n", out);
	}
}

enum cli_exit cli_depends_write(const struct cli_depends *depends, const char *file,
				const char *target)
{
	struct secbake_error error = {0};
	char room[PATH_MAX], *text = NULL;
	const char *first;
	size_t size = 0;
	FILE *out;

	if (!can_be_written(depends, target))
		return CLI_REJECTED;
	if (depends->count)
		qsort(depends->path, depends->count, sizeof(*depends->path), by_path);
	first = first_word(depends, room, sizeof(room));
	if (!first) {
		refuse(depends->path[0], "=", false);
		return CLI_REJECTED;
	}
	out = open_memstream(&text, &size);
	if (out)
		put_all(out, depends, target, first);
	if (!out || fclose(out))
		secbake_error_set(&error, SECBAKE_ERR_MEMORY, 0, "out of memory");
	else
		secbake_store_file(file, text, size, &error);
	free(text);
	return error.status ? cli_fail(&error) : CLI_DONE;
}

void cli_depends_free(struct cli_depends *depends)
{
	while (depends->count)
		free(depends->path[--depends->count]);
	free(depends->path);
}
