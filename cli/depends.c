/* SPDX-License-Identifier: MIT */
/* Depfiles: which files an output was made of, for make and ninja. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

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
			good = cli_depends_add(depends, groups ? "/etc/group" : "/etc/passwd");
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

/* No quoting takes a line break; behind ; make would run what follows, and | is a word of its. */
static bool can_be_written(const struct cli_depends *depends, const char *target)
{
	const char *bad = target[strcspn(target, "\n;|")] ? target : NULL;
	struct secbake_error error = {0};

	for (size_t i = 0; i < depends->count && !bad; i++)
		if (depends->path[i][strcspn(depends->path[i], "\n;|")])
			bad = depends->path[i];
	if (!bad)
		return true;
	secbake_error_set(&error, SECBAKE_ERR_INPUT, 0,
			  "a depfile cannot have the path %s: it has a line break, ; or |", bad);
	cli_fail(&error);
	return false;
}

static int by_path(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

enum cli_exit cli_depends_write(const struct cli_depends *depends, const char *file,
				const char *target)
{
	struct secbake_error error = {0};
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!can_be_written(depends, target))
		return CLI_REJECTED;
	if (depends->count)
		qsort(depends->path, depends->count, sizeof(*depends->path), by_path);
	if (out) {
		put_escaped(out, target);
		putc(':', out);
		for (size_t i = 0; i < depends->count; i++) {
			fputs(" \\\n  ", out);
			put_escaped(out, depends->path[i]);
		}
		putc('\n', out);
		/*
		 * What is removed is to be compiled without, and not "no rule to make it". With
		 * %, = and wildcards in them these lines would be something else.
		 */
		for (size_t i = 0; i < depends->count; i++) {
			if (strpbrk(depends->path[i], "%=*?["))
				continue;
			put_escaped(out, depends->path[i]);
			fputs(":\n", out);
		}
	}
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
