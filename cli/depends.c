/* SPDX-License-Identifier: MIT */
/* Depfiles: which files an output was made of, for make and ninja. */
#include <stdlib.h>
#include <string.h>

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

static void put_escaped(FILE *out, const char *path)
{
	for (const char *p = path; *p; p++) {
		if (*p == '$')
			putc('$', out);
		if (strchr(" #\\", *p))
			putc('\\', out);
		putc(*p, out);
	}
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
