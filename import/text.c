/* SPDX-License-Identifier: MIT */
/* The files of an import: what a text may hold, its lines, and what it includes. */
#include "import.h"

#include <string.h>

/* The first byte that starts no valid UTF-8 character, or size (RFC 3629). */
static size_t utf8_end(const unsigned char *p, size_t size)
{
	size_t i = 0;

	while (i < size) {
		unsigned int first = p[i], more = first < 0x80	 ? 0
						  : first < 0xe0 ? 1
						  : first < 0xf0 ? 2
								 : 3;
		uint32_t point = more ? first & (0x3fu >> more) : first;

		if ((first >= 0x80 && first < 0xc2) || first > 0xf4 || more > size - i - 1)
			return i;
		for (unsigned int k = 1; k <= more; k++) {
			if ((p[i + k] & 0xc0) != 0x80)
				return i;
			point = point << 6 | (p[i + k] & 0x3fu);
		}
		if ((more == 2 && point < 0x800) || (more == 3 && point < 0x10000) ||
		    point > 0x10ffff || (point >= 0xd800 && point < 0xe000))
			return i;
		i += more + 1;
	}
	return size;
}

static uint32_t line_of(const char *bytes, size_t offset)
{
	uint32_t line = 1;

	for (size_t i = 0; i < offset; i++)
		line += bytes[i] == '\n';
	return line;
}

bool sb_import_open(struct sb_import *import, struct sb_import_file *file)
{
	const char *bytes = file->text.bytes;
	size_t size = file->text.size, bad;

	import->report.file = file->text.file;
	if (size > SECBAKE_POLICY_SIZE_MAX) {
		import->status =
			sb_fail(&import->report, &(struct sb_place){0}, SECBAKE_ERR_LIMIT,
				"is larger than %u bytes, the limit", SECBAKE_POLICY_SIZE_MAX);
		return false;
	}
	bad = utf8_end((const unsigned char *)bytes, size);
	if (bad < size)
		return sb_import_fail(import, line_of(bytes, bad),
				      "the byte 0x%02x is not UTF-8 here; save the file as UTF-8",
				      (unsigned char)bytes[bad]);
	for (size_t i = 0; i < size; i++) {
		unsigned char c = (unsigned char)bytes[i];

		if ((c < 0x20 && !strchr("\t\n\r", c)) || c == 0x7f || !c)
			return sb_import_fail(
				import, line_of(bytes, i),
				"the control character 0x%02x; a policy is plain text", c);
	}
	return true;
}

/* "a/../b", "..": what climbs out of the folder that a file lies in. */
static bool climbs(const char *name)
{
	for (const char *p = name; p; p = strchr(p, '/')) {
		p += *p == '/';
		if (!strncmp(p, "..", 2) && (!p[2] || p[2] == '/'))
			return true;
	}
	return false;
}

/* A file that was included by one of the same content would go on for ever, whatever it is called.
 */
static bool includes_itself(struct sb_import *import, const struct sb_import_file *file,
			    const struct sb_import_file *included)
{
	for (const struct sb_import_file *f = file; f; f = f->parent) {
		if (f->text.size != included->text.size ||
		    memcmp(f->text.bytes, included->text.bytes, f->text.size) != 0)
			continue;
		(void)sb_import_fail(import, file->line, "%s includes itself", included->text.file);
		return true;
	}
	return false;
}

bool sb_import_include(struct sb_import *import, const struct sb_import_file *file,
		       const char *name, struct sb_import_file *included)
{
	struct secbake_import_reader *reader = import->options->reader;
	struct secbake_error why = {0};
	enum secbake_status status;

	if (!reader)
		return sb_import_fail(import, file->line,
				      "\"%s\" cannot be included here: there is nobody to read it",
				      name);
	while (!strncmp(name, "./", 2))
		name += 1 + strspn(name + 1, "/");
	if (!*name)
		return sb_import_fail(import, file->line,
				      "a folder cannot be included; name a file");
	if (*name != '/' && climbs(name))
		return sb_import_fail(
			import, file->line,
			"\"%s\" leads out of the file's folder; use a path without \"..\"", name);
	if (import->file_count == SECBAKE_IMPORT_FILES_MAX)
		return sb_import_fail(import, file->line,
				      "more than %u files are included, the limit",
				      SECBAKE_IMPORT_FILES_MAX);
	*included = (struct sb_import_file){.index = import->file_count++};
	included->parent = file;
	status = reader->read(reader, included->index, file->index, name, &included->text, &why);
	if (status == SECBAKE_OK)
		return !includes_itself(import, file, included) && sb_import_open(import, included);
	if (status == SECBAKE_ERR_MISSING)
		return sb_import_fail(import, file->line, "there is no file \"%s\" to include",
				      name);
	secbake_error_file(&why, file->text.file, file->line, 0, NULL);
	import->status =
		sb_report_error(&import->report, &(struct sb_place){.line = file->line}, &why);
	return false;
}

bool sb_import_line(struct sb_import *import, struct sb_import_file *file, char **line)
{
	const char *start = file->text.bytes + file->next;
	size_t left = file->text.size - file->next;
	const char *end = left ? memchr(start, '\n', left) : NULL;
	size_t size = end ? (size_t)(end - start) : left;

	if (!left)
		return false;
	file->next += end ? size + 1 : size;
	file->line++;
	if (size && start[size - 1] == '\r')
		size--;
	*line = sb_strndup(import->arena, start, size);
	return *line ? true : sb_import_memory(import);
}

char *sb_import_trim(char *text)
{
	char *end;

	text += strspn(text, " \t\r\n");
	end = text + strlen(text);
	while (end > text && strchr(" \t\r\n", end[-1]))
		end--;
	*end = '\0';
	return text;
}
