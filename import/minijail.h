/* SPDX-License-Identifier: MIT */
/*
 * A minijail policy between its words (minijail_scan.c), calls (minijail_calls.c),
 * conditions (minijail_args.c) and statements.
 */
#ifndef SB_IMPORT_MINIJAIL_H
#define SB_IMPORT_MINIJAIL_H

#include "import.h"

enum sb_mj_kind {
	SB_MJ_END,  /* of the statement */
	SB_MJ_WORD, /* a name: identifiers, arguments, actions and directives ("@include") alike */
	SB_MJ_NUMBER,
	SB_MJ_PATH,
	SB_MJ_SIGN, /* one of : ; , ~ ( ) { } [ ] || && | & == != <= < >= > = */
};

struct sb_mj_token {
	enum sb_mj_kind kind;
	const char *text;
	uint32_t line;
};

/* The words of one statement: a line, with those that it goes on in. */
struct sb_mj_tokens {
	struct sb_import *import;
	struct sb_mj_token *token; /* the last is SB_MJ_END */
	uint32_t count, room, next;
};

/*
 * The words of the next statement that has any; comments above it go to comment, and a
 * paragraph of them at the top to the policy's. False at the end, and after an error.
 */
bool sb_mj_statement(struct sb_import *import, struct sb_import_file *file,
		     struct sb_mj_tokens *tokens, struct sb_words *comment);

/* The next token; it is taken if it is that sign or word. */
const struct sb_mj_token *sb_mj_peek(const struct sb_mj_tokens *tokens);
bool sb_mj_take(struct sb_mj_tokens *tokens, const char *text);
/* Takes it, or says what should stand there; false. */
bool sb_mj_expect(struct sb_mj_tokens *tokens, const char *text, const char *where);

/* minijail_calls.c: the names of a statement, those for other architectures left out. */
bool sb_mj_calls(struct sb_mj_tokens *tokens, struct sb_words *calls);

/* A value: text as the language writes it, and what it comes to on the target. */
struct sb_mj_value {
	const char *text;
	uint64_t number;
	const char *complement; /* of what the text is the "~"; NULL: it is none */
};

/* One constant (plain), or constants and complements ORed. */
bool sb_mj_value(struct sb_mj_tokens *tokens, bool plain, struct sb_mj_value *value);

/* "arg0 == 1 && arg1 in 3 || arg2 & 4" for calls, into sets of a rule. */
bool sb_mj_expression(struct sb_mj_tokens *tokens, const struct sb_words *calls,
		      struct sb_out_rule *rule);

#endif
