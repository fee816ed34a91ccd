/* SPDX-License-Identifier: MIT */
/* Words and numbers of a minijail policy. A line that ends with "\" goes on in the next. */
#include "minijail.h"

#include <string.h>

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"
#define DIGITS "0123456789"

/* How many bytes from p on are in set, or are not. A line may have a MiB: only what is counted is
 * looked at. */
static size_t span(const char *p, const char *set, bool in)
{
	size_t count = 0;

	while (p[count] && (strchr(set, p[count]) != NULL) == in)
		count++;
	return count;
}

static bool add(struct sb_mj_tokens *t, enum sb_mj_kind kind, const char *text, size_t size,
		uint32_t line)
{
	if (t->count == t->room) {
		uint32_t room = t->room ? t->room * 2 : 32;
		void *grown =
			sb_grow(t->import->arena, t->token, t->count, room, sizeof(*t->token));

		if (!grown)
			return sb_import_memory(t->import);
		t->token = grown;
		t->room = room;
	}
	text = sb_strndup(t->import->arena, text, size);
	if (!text)
		return sb_import_memory(t->import);
	t->token[t->count++] = (struct sb_mj_token){.kind = kind, .text = text, .line = line};
	return true;
}

static size_t sign_size(const char *p)
{
	static const char *const two[] = {"||", "&&", "==", "!=", "<=", ">="};

	for (size_t i = 0; i < sizeof(two) / sizeof(two[0]); i++)
		if (p[0] == two[i][0] && p[1] == two[i][1])
			return 2;
	return *p && strchr(":;,~(){}[]|&<>=", *p) ? 1 : 0;
}

/* The longest word of any kind at p; 0: there is none. */
static size_t scan_one(const char *p, enum sb_mj_kind *kind)
{
	if (*p == '/' || (p[0] == '.' && p[1] == '/')) {
		*kind = SB_MJ_PATH;
		return span(p, " \t", false);
	}
	if (strchr(DIGITS, *p) || (*p == '-' && p[1] && strchr(DIGITS, p[1]))) {
		*kind = SB_MJ_NUMBER;
		return 1 + span(p + 1, LETTERS DIGITS, true);
	}
	if (strchr(LETTERS, *p) || (*p == '@' && p[1] && strchr(LETTERS, p[1]))) {
		*kind = SB_MJ_WORD;
		return 1 + span(p + 1, LETTERS DIGITS "-@.", true);
	}
	*kind = SB_MJ_SIGN;
	return sign_size(p);
}

static bool scan_line(struct sb_mj_tokens *t, const char *p, uint32_t line)
{
	enum sb_mj_kind kind;
	size_t size;

	for (;; p += size) {
		p += span(p, " \t\r", true);
		if (!*p || *p == '#' || (p[0] == '\\' && !p[1]))
			return true;
		size = scan_one(p, &kind);
		if (!size)
			return sb_import_fail(t->import, line,
					      "\"%.16s\": no word of a policy starts like this", p);
		if (!add(t, kind, p, size, line))
			return false;
	}
}

static bool add_comment(struct sb_import *import, struct sb_words *comment, char *line)
{
	line = sb_import_trim(line + strspn(line, "#"));
	return !*line || sb_words_add(import, comment, line);
}

/* At the top of the policy, a paragraph of comments is about all of it. */
static bool end_paragraph(struct sb_import *import, struct sb_words *comment)
{
	const struct sb_out_policy *policy = &import->policy;

	if (policy->layer[0].rule_count)
		return true;
	for (uint32_t i = 0; i < comment->count; i++)
		if (!sb_words_add(import, &import->policy.comment, comment->word[i]))
			return false;
	*comment = (struct sb_words){0};
	return true;
}

bool sb_mj_statement(struct sb_import *import, struct sb_import_file *file, struct sb_mj_tokens *t,
		     struct sb_words *comment)
{
	char *line, *start;
	bool more = false;

	t->import = import;
	t->count = t->next = 0;
	while (sb_import_line(import, file, &line)) {
		size_t size = strlen(line);
		bool middle = more;

		more = size && line[size - 1] == '\\';
		start = line + span(line, " \t\r", true);
		if (!middle && *start == '#' && !more) {
			if (!add_comment(import, comment, start))
				return false;
			continue;
		}
		if (!middle && !*start && !end_paragraph(import, comment))
			return false;
		if (!scan_line(t, start, file->line))
			return false;
		if (!more && t->count)
			break;
	}
	if (import->status || !t->count)
		return false;
	/* What messages call it; no word has a blank. */
	return add(t, SB_MJ_END, "end of the line", 15, t->token[t->count - 1].line);
}

const struct sb_mj_token *sb_mj_peek(const struct sb_mj_tokens *t)
{
	return &t->token[t->next];
}

bool sb_mj_take(struct sb_mj_tokens *t, const char *text)
{
	const struct sb_mj_token *token = sb_mj_peek(t);

	if (token->kind == SB_MJ_END || token->kind == SB_MJ_PATH || strcmp(token->text, text) != 0)
		return false;
	t->next++;
	return true;
}

bool sb_mj_expect(struct sb_mj_tokens *t, const char *text, const char *where)
{
	const struct sb_mj_token *token = sb_mj_peek(t);

	if (sb_mj_take(t, text))
		return true;
	if (token->kind == SB_MJ_END)
		return sb_import_fail(t->import, token->line, "\"%s\" is missing %s", text, where);
	return sb_import_fail(t->import, token->line, "\"%.64s\" stands where \"%s\" should, %s",
			      token->text, text, where);
}
