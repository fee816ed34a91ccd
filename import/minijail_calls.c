/* SPDX-License-Identifier: MIT */
/* The calls that a statement of a minijail policy is about: "call", "{call, call[arch=...]}". */
#include "minijail.h"

#include <string.h>

#include "compiler/syscalls.h"

static bool arch_is(const struct secbake_arch *arch, const char *word)
{
	static const struct {
		const char *word, *name;
	} others[] = {{"i386", "x86"},
		      {"i686", "x86"},
		      {"arm64", "aarch64"},
		      {"armv7a", "arm"},
		      {"x64", "x86_64"}};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (!strcmp(others[i].word, word))
			word = others[i].name;
	return !strcmp(arch->name, word);
}

/* "[arch=x86_64,arm64]" behind a call: is it for the target? */
static bool read_metadata(struct sb_mj_tokens *t, bool *wanted)
{
	do {
		bool arch = sb_mj_take(t, "arch");

		if (!arch) {
			const struct sb_mj_token *key = sb_mj_peek(t);

			return sb_import_fail(
				t->import, key->line,
				"\"%.64s\" behind a call; only arch=... is known there", key->text);
		}
		if (!sb_mj_expect(t, "=", "behind arch"))
			return false;
		*wanted = false;
		do {
			const struct sb_mj_token *value = sb_mj_peek(t);

			if (value->kind != SB_MJ_WORD)
				return sb_import_fail(
					t->import, value->line,
					"the name of an architecture is missing behind arch=");
			*wanted |= arch_is(t->import->arch, value->text);
			t->next++;
		} while (sb_mj_take(t, ","));
	} while (sb_mj_take(t, ";"));
	return sb_mj_expect(t, "]", "behind the architectures");
}

static bool no_call(struct sb_mj_tokens *t, const struct sb_mj_token *token)
{
	const char *near = sb_syscall_nearest(token->text);

	if (token->kind != SB_MJ_WORD)
		return sb_import_fail(t->import, token->line,
				      "\"%.64s\" stands where a call should", token->text);
	if (strchr(token->text, '@'))
		return sb_import_fail(
			t->import, token->line,
			"\"%.64s\" is a group of calls from minijail's own tables; list them",
			token->text);
	if (sb_syscall_known(token->text))
		return sb_import_fail(t->import, token->line,
				      "%s has no call \"%.64s\"; add [arch=...]",
				      t->import->arch->name, token->text);
	return near ? sb_import_fail(t->import, token->line,
				     "there is no call \"%.64s\"; did you mean \"%s\"?",
				     token->text, near)
		    : sb_import_fail(t->import, token->line, "there is no call \"%.64s\"",
				     token->text);
}

static bool read_call(struct sb_mj_tokens *t, struct sb_words *calls)
{
	const struct sb_mj_token *token = sb_mj_peek(t);
	bool wanted = true;
	const char *note;
	uint32_t nr;

	if (token->kind != SB_MJ_WORD || strchr(token->text, '@'))
		return no_call(t, token);
	t->next++;
	if (sb_mj_take(t, "[") && !read_metadata(t, &wanted))
		return false;
	if (!wanted) {
		note = sb_import_text(t->import, "Line %u: %s is not for %s.", token->line,
				      token->text, t->import->arch->name);
		return note && sb_words_add(t->import, &t->import->policy.comment, note);
	}
	if (!sb_syscall_number(t->import->arch, token->text, &nr))
		return no_call(t, token);
	for (uint32_t i = 0; i < calls->count; i++)
		if (!strcmp(calls->word[i], token->text))
			return sb_import_fail(t->import, token->line, "%s is listed twice",
					      token->text);
	return sb_words_add(t->import, calls, token->text);
}

bool sb_mj_calls(struct sb_mj_tokens *t, struct sb_words *calls)
{
	if (!sb_mj_take(t, "{"))
		return read_call(t, calls);
	do {
		if (!read_call(t, calls))
			return false;
	} while (sb_mj_take(t, ","));
	return sb_mj_expect(t, "}", "behind the calls");
}
