/* SPDX-License-Identifier: MIT */
/*
 * A policy in the native language that is about to be written. Importers fill it
 * in (one file a format: snap.c, minijail.c ...), write.c writes it: the only place
 * that knows what native JSON looks like.
 *
 * Words (names, actions, values, keys of arguments) are texts as the language has
 * them, borrowed from the import's arena or static. A word that is a plain decimal
 * integer is written as one where the language takes it.
 */
#ifndef SB_IMPORT_H
#define SB_IMPORT_H

#include <secbake/import.h>

#include "compiler/arena.h"
#include "compiler/report.h"

/* A growing list of words. */
struct sb_words {
	const char **word;
	uint32_t count, room;
};

/* One operator of a matcher: "eq": value, or "in": [values], or "range": [lo, hi] ... */
struct sb_out_test {
	const char *op; /* "eq" "ne" "lt" "le" "gt" "ge" "in" "notIn" "range" "all" "any" "none" */
	const char *mask; /* NULL: none; else op is eq, ne, in or notIn */
	struct sb_words value;
};

/* What one argument must meet: all tests. A single unmasked eq or in is written bare. */
struct sb_out_matcher {
	const char *argument; /* "0" to "5", or the kernel's name */
	uint8_t width;	      /* 32 or 64, 0: the kernel's */
	int8_t is_signed;     /* 0 or 1, -1: the kernel's */
	struct sb_out_test *test;
	uint32_t test_count, test_room;
};

/* One object of args: all matchers must hold. No two of one argument, no operator twice in one. */
struct sb_out_set {
	struct sb_out_matcher *matcher;
	uint32_t matcher_count, matcher_room;
};

/* when or unless. */
struct sb_out_filter {
	struct sb_words arch, cap;
	const char *min_kernel; /* "X.Y", NULL: none */
};

struct sb_out_rule {
	struct sb_words comment;  /* lines, written as one text */
	struct sb_words syscalls; /* names, "@group"s, numbers */
	struct sb_out_set *set;	  /* any of them holds; none: no conditions */
	uint32_t set_count, set_room;
	struct sb_out_filter when, unless;
	const char *action;
	bool optional, hold;
};

/* One program. */
struct sb_out_layer {
	struct sb_words comment;
	const char *default_action; /* NULL: the policy's */
	struct sb_words flags;
	struct sb_out_rule *rule;
	uint32_t rule_count, rule_room;
};

/* Members that are NULL, 0 or empty are not written. With one layer, its rules are the policy's. */
struct sb_out_policy {
	struct sb_words comment;
	struct sb_words architectures;
	const char *default_action, *foreign, *baseline, *mode;
	struct sb_words flags;
	const char *listener, *metadata; /* of notify */
	struct sb_out_layer *layer;
	uint32_t layer_count, layer_room;
};

/* State of one import. Functions that return bool have reported why, when it is false. */
struct sb_import {
	struct sb_arena *arena;
	const struct secbake_import_options *options;
	const struct secbake_arch *arch; /* never NULL */
	struct sb_report report;	 /* of the file that is read now; see sb_import_file */
	uint32_t file_count;		 /* read so far */
	enum secbake_status status;	 /* of the first error */
	struct sb_out_policy policy;
};

/* One of the files of an import: its lines, and where in it the reading stands. */
struct sb_import_file {
	struct secbake_text text;
	uint32_t index;
	const struct sb_import_file *parent; /* that includes it, or NULL */
	uint32_t line;			     /* that sb_import_line() gave last, from 1 */
	size_t next;			     /* offset of the line after it */
};

/* ---- the formats ---- */

struct sb_import_format {
	const char *name;
	bool (*read)(struct sb_import *import, struct sb_import_file *file);
	bool parts; /* knows --part */
};

bool sb_import_snap(struct sb_import *import, struct sb_import_file *file);
bool sb_import_minijail(struct sb_import *import, struct sb_import_file *file);
bool sb_import_systemd(struct sb_import *import, struct sb_import_file *file);
bool sb_import_oci(struct sb_import *import, struct sb_import_file *file);
bool sb_import_firecracker(struct sb_import *import, struct sb_import_file *file);

/* ---- exact.c ---- */

/*
 * Lets the matcher of that argument of a call compare as libseccomp and minijail do: whole
 * registers without a sign. op: of the test that is about to be added, "eq" "lt" ...
 */
void sb_out_compare_registers(struct sb_out_matcher *matcher, const struct secbake_arch *arch,
			      const char *call, uint32_t argument, const char *op);

/* ---- text.c: files and lines ---- */

/*
 * Checks a text (size, NUL, UTF-8, control characters) and makes import->report
 * name it. Formats with a parser of their own call only this.
 */
bool sb_import_open(struct sb_import *import, struct sb_import_file *file);

/* Reads and opens what file names at its current line; cycles and ".." are errors. */
bool sb_import_include(struct sb_import *import, const struct sb_import_file *file,
		       const char *name, struct sb_import_file *included);

/* The next line without its end, in the arena; false behind the last one, or without memory. */
bool sb_import_line(struct sb_import *import, struct sb_import_file *file, char **line);

/* text without white space at both ends; changes it. */
char *sb_import_trim(char *text);

/* ---- model.c: filling in the policy ---- */

bool sb_import_memory(struct sb_import *import); /* out of memory: reports it; false */
bool sb_words_add(struct sb_import *import, struct sb_words *words, const char *word);
/* A copy in the arena, printf-like; NULL after sb_import_memory(). */
const char *sb_import_text(struct sb_import *import, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* New elements, zeroed (is_signed -1); NULL after sb_import_memory(). Older pointers move. */
struct sb_out_layer *sb_out_layer(struct sb_import *import);
struct sb_out_rule *sb_out_rule(struct sb_import *import, struct sb_out_layer *layer);
struct sb_out_set *sb_out_set(struct sb_import *import, struct sb_out_rule *rule);
/* The matcher of that argument and width, an old one or a new one. */
struct sb_out_matcher *sb_out_matcher(struct sb_import *import, struct sb_out_set *set,
				      const char *argument);
struct sb_out_test *sb_out_test(struct sb_import *import, struct sb_out_matcher *matcher,
				const char *op, const char *mask, const char *value);

/* An error at a line of the file that is read (0: at none); false. */
#define sb_import_fail(import, at_line, ...)                                                  \
	((import)->status = sb_fail(&(import)->report, &(struct sb_place){.line = (at_line)}, \
				    SECBAKE_ERR_INPUT, __VA_ARGS__),                          \
	 false)

/*
 * Something of the source is not carried over: a warning (an error when strict: false) at
 * the line, and a line in words, the comment of what stands nearest in the output. The
 * text is a sentence that says what and why, without its full stop.
 */
bool sb_import_lost(struct sb_import *import, uint32_t line, struct sb_words *words,
		    const char *format, ...) __attribute__((format(printf, 4, 5)));

/* ---- write.c ---- */

/* The policy as native JSON, malloc'd; NULL when memory is out. */
char *sb_import_write(const struct sb_out_policy *policy, size_t *size);

#endif
