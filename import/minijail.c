/* SPDX-License-Identifier: MIT */
/*
 * Policies of minijail: the grammar of its syscall_filter.c, and what the newer
 * tools/parser.py adds to it (lists of calls and of filters in braces, actions by name,
 * @default, @frequency, @denylist, metadata). docs/import.md says where the two differ.
 */
#include "minijail.h"

#include <string.h>

#define DEPTH_MAX 10u	   /* of includes, as in tools/parser.py */
#define KILL "kill-thread" /* SECCOMP_RET_KILL, what both tools mean by kill */

/* A call that some statement was about. */
struct seen {
	const char *name, *file;
	uint32_t line;
	bool final; /* it ends with an action for whatever is left */
};

struct reading {
	struct sb_import *import;
	struct sb_import_file *file;
	struct sb_out_layer *layer;
	struct sb_words comment; /* for the next rule */
	bool joinable;		 /* the newest rule takes more calls */
	bool denylist;
	uint32_t depth;
	struct seen *seen;
	uint32_t seen_count, seen_room;
};

/* ---- actions ---- */

static bool read_return(struct reading *r, struct sb_mj_tokens *t, const char **action)
{
	const struct sb_mj_token *token = sb_mj_peek(t);
	struct sb_mj_value value;

	if (token->kind == SB_MJ_END) { /* syscall_filter.c: nothing to return, so it kills */
		*action = KILL;
		return true;
	}
	if (!sb_mj_value(t, true, &value))
		return false;
	if (value.number > 4095)
		return sb_import_fail(r->import, token->line,
				      "%.64s is no error number; they go from 0 to 4095",
				      token->text);
	*action = token->kind == SB_MJ_WORD && *token->text == 'E'
			  ? sb_import_text(r->import, "errno:%s", token->text)
			  : sb_import_text(r->import, "errno:%u", (uint32_t)value.number);
	return *action;
}

static bool read_action(struct reading *r, struct sb_mj_tokens *t, const char **action)
{
	static const struct {
		const char *word, *action;
	} actions[] = {
		{"allow", "allow"},
		{"1", "allow"},
		{"kill", KILL},
		{"kill-thread", KILL},
		{"kill-process", "kill-process"},
		{"trap", "trap"},
		{"trace", "trace:0"},
		{"log", "log"},
		{"user-notify", "notify"},
	};
	const struct sb_mj_token *token = sb_mj_peek(t);

	if (r->denylist && strcmp(token->text, "return") != 0)
		return sb_import_fail(
			r->import, token->line,
			"in a @denylist policy each filter returns an error number, none is "
			"\"%.64s\"",
			token->text);
	if (sb_mj_take(t, "return"))
		return read_return(r, t, action);
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		if (sb_mj_take(t, actions[i].word)) {
			*action = actions[i].action;
			return true;
		}
	}
	return sb_import_fail(r->import, token->line,
			      "\"%.64s\" stands where an action should: allow, kill, kill-process, "
			      "kill-thread, trap, trace, log, user-notify or return",
			      token->text);
}

static bool read_default(struct reading *r, struct sb_mj_tokens *t)
{
	static const char *const harsh[] = {"kill", "kill-process", "kill-thread", "trap",
					    "user-notify"};
	const struct sb_mj_token *token = sb_mj_peek(t);
	bool denylist = r->denylist, good;

	for (size_t i = 0; i < sizeof(harsh) / sizeof(harsh[0]); i++) {
		if (strcmp(token->text, harsh[i]) != 0)
			continue;
		r->denylist = false; /* whose demand is about filters only */
		good = read_action(r, t, &r->import->policy.default_action);
		r->denylist = denylist;
		return good;
	}
	return sb_import_fail(
		r->import, token->line,
		"@default takes kill, kill-process, kill-thread, trap or user-notify, not "
		"\"%.64s\"",
		token->text);
}

/* ---- calls ---- */

static struct seen *find_seen(struct reading *r, const char *name)
{
	for (uint32_t i = 0; i < r->seen_count; i++)
		if (!strcmp(r->seen[i].name, name))
			return &r->seen[i];
	return NULL;
}

/* Notes that this statement is about the call; an error if an earlier one left nothing over. */
static bool see(struct reading *r, const char *name, uint32_t line, bool final)
{
	struct seen *seen = find_seen(r, name);

	if (seen && seen->final)
		return sb_import_fail(
			r->import, line,
			"%s is decided for all arguments by line %u%s%s; nothing is left to "
			"say about it",
			name, seen->line, seen->file == r->file->text.file ? "" : " of ",
			seen->file == r->file->text.file ? "" : seen->file);
	if (!seen) {
		if (r->seen_count == r->seen_room) {
			uint32_t room = r->seen_room ? r->seen_room * 2 : 64;
			void *grown = sb_grow(r->import->arena, r->seen, r->seen_count, room,
					      sizeof(*r->seen));

			if (!grown)
				return sb_import_memory(r->import);
			r->seen = grown;
			r->seen_room = room;
		}
		seen = &r->seen[r->seen_count++];
	}
	*seen = (struct seen){name, r->file->text.file, line, final};
	return true;
}

/* ---- filters ---- */

static struct sb_out_rule *new_rule(struct reading *r, const struct sb_words *calls)
{
	struct sb_out_rule *rule = sb_out_rule(r->import, r->layer);

	if (!rule)
		return NULL;
	rule->comment = r->comment;
	r->comment = (struct sb_words){0};
	r->joinable = false;
	for (uint32_t i = 0; i < calls->count; i++)
		if (!sb_words_add(r->import, &rule->syscalls, calls->word[i]))
			return NULL;
	return rule;
}

/* An action without conditions: the calls join the rule above it, if that says the same. */
static bool put_action(struct reading *r, const struct sb_words *calls, const char *action)
{
	struct sb_out_rule *rule =
		r->layer->rule_count ? &r->layer->rule[r->layer->rule_count - 1] : NULL;

	if (r->joinable && !r->comment.count && !strcmp(rule->action, action)) {
		for (uint32_t i = 0; i < calls->count; i++)
			if (!sb_words_add(r->import, &rule->syscalls, calls->word[i]))
				return false;
		return true;
	}
	rule = new_rule(r, calls);
	if (rule)
		rule->action = action;
	return rule;
}

/*
 * "EXPRESSION", "EXPRESSION; ACTION" or "ACTION". In braces, ACTION is for calls that meet
 * the expression; alone, "EXPRESSION; return N" is syscall_filter.c's: N for those that do not.
 */
static bool read_filter(struct reading *r, struct sb_mj_tokens *t, const struct sb_words *calls,
			bool braced, bool *final)
{
	const char *word = sb_mj_peek(t)->text, *action = "allow";
	struct sb_out_rule *rule;
	bool otherwise;

	*final = strncmp(word, "arg", 3) != 0;
	if (*final) {
		if (!read_action(r, t, &action) || !put_action(r, calls, action))
			return false;
		r->joinable = !braced;
		return true;
	}
	rule = new_rule(r, calls);
	if (!rule || !sb_mj_expression(t, calls, rule))
		return false;
	rule->action = action;
	if (!sb_mj_take(t, ";"))
		return true;
	otherwise = !braced && !r->denylist && !strcmp(sb_mj_peek(t)->text, "return");
	if (!read_action(r, t, &action))
		return false;
	if (!otherwise) {
		rule->action = action;
		return true;
	}
	*final = true;
	return put_action(r, calls, action);
}

static bool read_filters(struct reading *r, struct sb_mj_tokens *t, const struct sb_words *calls,
			 bool *final)
{
	if (!sb_mj_take(t, "{"))
		return read_filter(r, t, calls, false, final);
	*final = false;
	do {
		if (*final)
			return sb_import_fail(
				r->import, sb_mj_peek(t)->line,
				"nothing is left for a filter behind one without conditions");
		if (!read_filter(r, t, calls, true, final))
			return false;
	} while (sb_mj_take(t, ","));
	return sb_mj_expect(t, "}", "behind the filters");
}

static bool read_rule(struct reading *r, struct sb_mj_tokens *t)
{
	uint32_t line = sb_mj_peek(t)->line, before;
	struct sb_words calls = {0};
	bool final;

	if (!sb_mj_calls(t, &calls) || !sb_mj_expect(t, ":", "behind the call"))
		return false;
	for (uint32_t i = 0; i < calls.count; i++)
		if (!see(r, calls.word[i], line, false))
			return false;
	r->joinable &= calls.count > 0;
	before = r->layer->rule_count;
	if (!read_filters(r, t, &calls, &final))
		return false;
	if (!calls.count) { /* for other architectures only */
		r->layer->rule_count = before;
		r->joinable = false;
	}
	for (uint32_t i = 0; final && i < calls.count; i++)
		find_seen(r, calls.word[i])->final = true;
	return true;
}

/* ---- statements ---- */

static bool read_file(struct reading *r, struct sb_import_file *file);

static bool read_path(struct reading *r, struct sb_mj_tokens *t, const char *what,
		      const char **path)
{
	const struct sb_mj_token *token = sb_mj_peek(t);

	if (token->kind != SB_MJ_PATH)
		return sb_import_fail(r->import, token->line,
				      "%s wants a path that starts with / or ./, not \"%.64s\"",
				      what, token->text);
	*path = token->text;
	t->next++;
	return true;
}

static bool read_include(struct reading *r, struct sb_mj_tokens *t)
{
	struct sb_import_file included, *file = r->file;
	uint32_t line = sb_mj_peek(t)->line;
	const char *path;
	bool good;

	if (!read_path(r, t, "@include", &path))
		return false;
	if (r->depth == DEPTH_MAX)
		return sb_import_fail(r->import, line,
				      "files include each other %u deep, the limit", DEPTH_MAX);
	if (!sb_import_include(r->import, file, path, &included))
		return false;
	r->depth++;
	good = read_file(r, &included);
	r->depth--;
	r->file = file;
	r->import->report.file = file->text.file;
	return good;
}

/* It says which calls to test first: nothing that a verdict depends on. */
static bool read_frequency(struct reading *r, struct sb_mj_tokens *t)
{
	uint32_t line = sb_mj_peek(t)->line;
	const char *path, *note;

	if (!read_path(r, t, "@frequency", &path))
		return false;
	note = sb_import_text(
		r->import,
		"Not imported, line %u: @frequency %s, by which minijail orders its tests.", line,
		path);
	if (!note || !sb_words_add(r->import, &r->import->policy.comment, note))
		return false;
	sb_note(&r->import->report, &(struct sb_place){.line = line},
		"@frequency is not needed: it changes no verdict");
	return true;
}

static bool read_denylist(struct reading *r, uint32_t line)
{
	if (r->layer->rule_count)
		return sb_import_fail(r->import, line, "@denylist stands above all rules");
	r->denylist = true;
	r->import->policy.default_action = "allow";
	return true;
}

static bool read_statement(struct reading *r, struct sb_mj_tokens *t)
{
	const struct sb_mj_token *token = sb_mj_peek(t);
	uint32_t line = token->line;
	bool good;

	if (sb_mj_take(t, "@include"))
		good = read_include(r, t);
	else if (sb_mj_take(t, "@default"))
		good = read_default(r, t);
	else if (sb_mj_take(t, "@frequency"))
		good = read_frequency(r, t);
	else if (sb_mj_take(t, "@denylist"))
		good = read_denylist(r, line);
	else if (*token->text == '@')
		return sb_import_fail(
			r->import, line,
			"there is no %.64s; there are @include, @default, @frequency and "
			"@denylist",
			token->text);
	else
		good = read_rule(r, t);
	token = sb_mj_peek(t);
	if (good && token->kind != SB_MJ_END)
		return sb_import_fail(r->import, token->line, "\"%.64s\" is left over at the end",
				      token->text);
	return good;
}

static bool read_file(struct reading *r, struct sb_import_file *file)
{
	struct sb_mj_tokens tokens = {0};

	r->file = file;
	while (sb_mj_statement(r->import, file, &tokens, &r->comment))
		if (!read_statement(r, &tokens))
			return false;
	return !r->import->status;
}

/*
 * A rule without conditions that does what the default does says nothing; which one that is
 * is known at the end only. What it was about stays readable in the comment.
 */
static bool drop_repeated(struct reading *r)
{
	struct sb_import *import = r->import;
	struct sb_words *comment = &import->policy.comment;
	uint32_t kept = 0;

	for (uint32_t i = 0; i < r->layer->rule_count; i++) {
		const struct sb_out_rule *rule = &r->layer->rule[i];

		if (rule->set_count || strcmp(rule->action, import->policy.default_action) != 0) {
			r->layer->rule[kept++] = *rule;
			continue;
		}
		for (uint32_t k = 0; k < rule->comment.count; k++)
			if (!sb_words_add(import, comment, rule->comment.word[k]))
				return false;
		for (uint32_t k = 0; k < rule->syscalls.count; k++) {
			const char *text =
				sb_import_text(import, "Left to the default, as said: %s.",
					       rule->syscalls.word[k]);

			if (!text || !sb_words_add(import, comment, text))
				return false;
		}
	}
	r->layer->rule_count = kept;
	return true;
}

bool sb_import_minijail(struct sb_import *import, struct sb_import_file *file)
{
	struct reading r = {.import = import, .layer = sb_out_layer(import)};

	import->policy.default_action = KILL;
	import->policy.foreign = KILL;
	if (!r.layer || !read_file(&r, file) || !drop_repeated(&r))
		return false;
	for (uint32_t i = 0; i < r.comment.count; i++)
		if (!sb_words_add(import, &import->policy.comment, r.comment.word[i]))
			return false;
	return true;
}
