/* SPDX-License-Identifier: MIT */
/*
 * Profiles of snapd, as its snap-seccomp compiles them (cmd/snap-seccomp/main.go of
 * snapd, 2.57 and, for "~", 2.61): a line allows a call, or with "~" denies it; a call
 * is let through if some line allows it and none denies it.
 *
 * Lines are collected first, then sorted by call, so that lines of one call become
 * one rule wherever they stand: duplicates would only shadow each other.
 */
#include "import.h"

#include <stdlib.h>
#include <string.h>

#include "snap.h"

/* bufio.Scanner's limit: snap-seccomp does not read on behind a longer line, and says nothing. */
#define LINE_MAX_BYTES 65535u

struct reading {
	struct sb_import *import;
	struct sb_import_file *file;
	struct sb_snap snap;
	struct sb_words pending; /* comment lines that the next call gets */
	bool unrestricted, complain;
};

static bool is_name(const char *word)
{
	if (*word >= '0' && *word <= '9')
		return false;
	return *word && word[strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					  "0123456789_")] == '\0';
}

/* "# text", "### text"; a line of nothing else is an ornament. */
static bool take_comment(struct reading *r, char *line)
{
	line = sb_import_trim(line + strspn(line, "#"));
	return !*line || sb_words_add(r->import, &r->pending, line);
}

/* Before the first call, a comment that a blank line ends is about the whole profile. */
static bool take_blank(struct reading *r)
{
	struct sb_words *lines = &r->pending;

	if (r->snap.line_count)
		return true;
	for (uint32_t i = 0; i < lines->count; i++)
		if (!sb_words_add(r->import, &r->import->policy.comment, lines->word[i]))
			return false;
	*lines = (struct sb_words){0};
	return true;
}

static bool take_call(struct reading *r, char *line)
{
	struct sb_snap_line call = {.line = r->file->line, .order = r->snap.line_count};
	const char *why = NULL;
	char *name = strtok_r(line, " \t\r", &line);

	call.deny = *name == '~';
	call.name = name + call.deny;
	if (!is_name(call.name))
		return sb_import_lost(
			r->import, call.line, &r->pending,
			"\"%.64s\" is neither a call nor a directive, and snap-seccomp "
			"looks past such lines",
			name);
	if (!sb_snap_conditions(r->import, &r->snap, &call, line, &why))
		return why && sb_import_fail(r->import, call.line, "%s", why);
	if (why) /* a call that nobody knows: snap-seccomp does not look at what follows */
		return sb_import_lost(
			r->import, call.line, &r->pending,
			"there is no call \"%.64s\", and what follows it means nothing: %s",
			call.name, why);
	call.comment = r->pending;
	r->pending = (struct sb_words){0};
	return sb_snap_add(r->import, &r->snap, &call);
}

static bool take_line(struct reading *r, char *line)
{
	line = sb_import_trim(line);
	if (!*line)
		return take_blank(r);
	if (*line == '#')
		return take_comment(r, line);
	if (!strcmp(line, "@unrestricted"))
		return r->unrestricted = true;
	if (!strcmp(line, "@complain"))
		return r->complain = true;
	return take_call(r, line);
}

static bool take_lines(struct reading *r)
{
	char *line;

	while (sb_import_line(r->import, r->file, &line)) {
		if (strlen(line) > LINE_MAX_BYTES)
			return sb_import_fail(
				r->import, r->file->line,
				"the line has more than %u bytes; snap-seccomp would stop "
				"reading here, without a word",
				LINE_MAX_BYTES);
		if (!take_line(r, line))
			return false;
	}
	for (uint32_t i = 0; i < r->pending.count; i++)
		if (!sb_words_add(r->import, &r->import->policy.comment, r->pending.word[i]))
			return false;
	return !r->import->status;
}

bool sb_import_snap(struct sb_import *import, struct sb_import_file *file)
{
	struct reading r = {.import = import, .file = file};
	struct sb_out_policy *policy = &import->policy;

	if (!sb_snap_architectures(import, &r.snap) || !take_lines(&r))
		return false;
	policy->default_action = "errno:EPERM";
	policy->foreign = "kill-thread";
	if (r.unrestricted)
		policy->mode = "unrestricted";
	else if (r.complain)
		policy->mode = "complain";
	if (r.snap.arch_count > 1 &&
	    (!sb_words_add(import, &policy->architectures, "native") ||
	     !sb_words_add(import, &policy->architectures, r.snap.arch[1]->name)))
		return false;
	return sb_snap_rules(import, &r.snap);
}
