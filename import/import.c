/* SPDX-License-Identifier: MIT */
/* From a text in another project's format to native JSON: its importer, then the writer. */
#include "import.h"

#include <stdlib.h>
#include <string.h>

/* One line a format; the last has no name. */
static const struct sb_import_format formats[] = {
	{.name = "snap", .read = sb_import_snap},
	{.name = "minijail", .read = sb_import_minijail},
	{.name = "systemd", .read = sb_import_systemd},
	{.name = "oci", .read = sb_import_oci},
	{.name = "firecracker", .read = sb_import_firecracker, .parts = true},
	{0},
};

#define FORMAT_COUNT (sizeof(formats) / sizeof(formats[0]))

const char *secbake_import_format_at(size_t index)
{
	return index < FORMAT_COUNT ? formats[index].name : NULL;
}

static const struct sb_import_format *find(const char *name)
{
	for (const struct sb_import_format *format = formats; format->name; format++)
		if (!strcmp(format->name, name))
			return format;
	return NULL;
}

static enum secbake_status run(struct sb_import *import, const struct sb_import_format *format,
			       char **text, size_t *size, struct secbake_error *error)
{
	struct sb_import_file file = {.text = import->options->policy};
	size_t written;
	char *json;

	if (!sb_import_open(import, &file) || !format->read(import, &file) || import->status)
		return import->status ? import->status
				      : secbake_error_set(error, SECBAKE_ERR_INTERNAL, 0,
							  "the importer says no and not why");
	json = sb_import_write(&import->policy, &written);
	if (!json)
		return secbake_error_set(error, SECBAKE_ERR_MEMORY, 0, "out of memory");
	if (written > SECBAKE_POLICY_SIZE_MAX) {
		free(json);
		return sb_fail(&import->report, &(struct sb_place){0}, SECBAKE_ERR_LIMIT,
			       "comes to %zu bytes in the native language; a policy has %u at most",
			       written, SECBAKE_POLICY_SIZE_MAX);
	}
	*text = json;
	if (size)
		*size = written;
	return SECBAKE_OK;
}

enum secbake_status secbake_import(const struct secbake_import_options *options, char **text,
				   size_t *size, struct secbake_error *error)
{
	const struct sb_import_format *format = find(options->format);
	struct secbake_error local = {0};
	struct sb_import import = {
		.options = options,
		.arch = options->arch ? options->arch : secbake_arch_native(),
		.report = {.strict = options->strict,
			   .reporter = options->reporter,
			   .error = error ? error : &local},
		.file_count = 1,
	};
	enum secbake_status status;

	if (!format)
		return secbake_error_set(error, SECBAKE_ERR_MISSING, 0,
					 "there is no format \"%s\" to import", options->format);
	if (options->part && !format->parts)
		return secbake_error_set(error, SECBAKE_ERR_MISSING, 0,
					 "a file of the format %s holds one policy and no parts",
					 format->name);
	import.arena = sb_arena_new();
	if (!import.arena)
		return secbake_error_set(error, SECBAKE_ERR_MEMORY, 0, "out of memory");
	status = run(&import, format, text, size, import.report.error);
	sb_arena_free(import.arena);
	return status;
}
