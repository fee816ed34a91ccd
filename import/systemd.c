/* SPDX-License-Identifier: MIT */
/*
 * systemd units: the settings of [Service], [Socket], [Mount] and [Swap] that become
 * seccomp filters. Lines and sections are as src/shared/conf-parser.c of systemd 252 has
 * them; what "systemctl cat" prints is a unit with its drop-ins.
 */
#include "systemd.h"

#include <string.h>

/* Where in the file the reading stands. */
struct sd_reading {
	struct sd_unit *unit;
	struct sb_import_file *file;
	bool section; /* one that holds settings of processes */
	struct sb_words comment;
};

static bool is_exec_section(const char *name, size_t size)
{
	static const char *const sections[] = {"Service", "Socket", "Mount", "Swap"};

	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++)
		if (strlen(sections[i]) == size && !memcmp(sections[i], name, size))
			return true;
	return false;
}

/* Settings of filters; a line of one that is not read says more than one of another. */
static bool is_filter_key(const char *key)
{
	return !strncmp(key, "SystemCall", 10) || !strncmp(key, "Restrict", 8) ||
	       !strcmp(key, "MemoryDenyWriteExecute") || !strcmp(key, "LockPersonality");
}

static bool read_assignment(struct sd_reading *r, char *text, uint32_t line)
{
	char *equals = strchr(text, '=');
	struct sd_line at = {.line = line, .comment = r->comment};
	bool known;

	r->comment = (struct sb_words){0};
	if (*text == '[') {
		size_t size = strlen(text);

		if (text[size - 1] != ']')
			return sb_import_fail(r->unit->import, line,
					      "a section's name ends with \"]\"");
		r->section = is_exec_section(text + 1, size - 2);
		return true;
	}
	if (!equals || equals == text)
		return SD_LOST(r->unit, &at,
			       "this is no setting, they read NAME=VALUE; systemd ignores "
			       "the line");
	*equals = '\0';
	at.key = sb_import_trim(text);
	at.value = sb_import_trim(equals + 1);
	if (!r->section)
		return !is_filter_key(at.key) ||
		       SD_LOST(r->unit, &at,
			       "%.60s= stands in no section whose processes it could "
			       "restrict ([Service], [Socket], [Mount], [Swap])",
			       at.key);
	if (!sb_systemd_read_setting(r->unit, &at, &known))
		return false;
	if (!known &&
	    (!strncmp(at.key, "SystemCall", 10) || !strcmp(at.key, "RestrictFileSystems")))
		return SD_LOST(r->unit, &at,
			       "%.60s= is nothing that a filter of system calls can do", at.key);
	return true;
}

static bool is_comment(const char *line)
{
	line += strspn(line, " \t\r\n");
	return *line == '#' || *line == ';';
}

static bool read_comment(struct sd_reading *r, char *line)
{
	char *text = sb_import_trim(line);

	text += strspn(text, "#; \t");
	return !*text || sb_words_add(r->unit->import, &r->comment, text);
}

/* Does the line go on in the next one? */
static bool goes_on(const char *line)
{
	bool escaped = false;

	for (const char *p = line; *p; p++)
		escaped = !escaped && *p == '\\';
	return escaped;
}

/* A line with those that it goes on in; comments may stand between them. */
static bool join_lines(struct sd_reading *r, char *first, char **joined)
{
	struct sb_import *import = r->unit->import;
	size_t size = strlen(first), room = size + 1;
	char *text = first, *line;

	for (bool more = goes_on(first); more;) {
		size_t length;

		text[size - 1] = ' ';
		do {
			if (!sb_import_line(import, r->file, &line))
				goto out;
		} while (is_comment(line));
		more = goes_on(line);
		length = strlen(line);
		if (size + length >= room) {
			size_t larger = (size + length + 1) * 2;

			text = sb_grow(import->arena, text, size, larger, 1);
			if (!text)
				return sb_import_memory(import);
			room = larger;
		}
		memcpy(text + size, line, length + 1);
		size += length;
	}
out:
	*joined = text;
	return !import->status;
}

static bool read_unit(struct sd_reading *r)
{
	char *line, *text = NULL;

	while (sb_import_line(r->unit->import, r->file, &line)) {
		uint32_t number = r->file->line;

		if (number == 1 && !strncmp(line, "\xef\xbb\xbf", 3))
			line += 3;
		if (is_comment(line)) {
			if (!read_comment(r, line))
				return false;
			continue;
		}
		if (!join_lines(r, line, &text))
			return false;
		text = sb_import_trim(text);
		if (!*text)
			r->comment = (struct sb_words){0};
		else if (!read_assignment(r, text, number))
			return false;
	}
	return !r->unit->import->status;
}

bool sb_import_systemd(struct sb_import *import, struct sb_import_file *file)
{
	struct sd_unit unit = {.import = import, .personality = "0", .retained = SD_NAMESPACES_ALL};
	struct sd_reading reading = {.unit = &unit, .file = file};

	return read_unit(&reading) && sb_systemd_write(&unit);
}
