/* SPDX-License-Identifier: MIT */
/* What the verbs of secbake share. One verb a file: cmd_VERB.c; the table is in main.c. */
#ifndef CLI_H
#define CLI_H

#include <stdbool.h>
#include <stdio.h>

#include <secbake/compile.h>

/* Exit statuses, the same for every verb. */
enum cli_exit {
	CLI_DONE = 0,
	CLI_FINDING = 1, /* the thing asked about does not hold */
	CLI_USAGE = 2,
	CLI_REJECTED = 3, /* bad input */
	CLI_SYSTEM = 4,
	CLI_CANNOT_TELL = 5,
};

struct cli_verb {
	const char *name;
	const char *summary;			     /* one line of `secbake --help` */
	const char *help;			     /* all of `secbake VERB --help` */
	enum cli_exit (*run)(int argc, char **argv); /* argv[0] is the verb */
};

extern const struct cli_verb cli_compile, cli_check, cli_import, cli_emu, cli_disasm, cli_explain,
	cli_features, cli_refresh, cli_cache, cli_prove, cli_diff, cli_constants, cli_syscalls;

/* common.c: a value of --effort; CLI_DONE, or CLI_USAGE after a message. */
enum cli_exit cli_effort(const struct cli_verb *verb, const char *value,
			 enum secbake_effort *effort);

/* "secbake VERB: text" on stderr and where to find help; returns CLI_USAGE. */
enum cli_exit cli_usage(const struct cli_verb *verb, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * Options of one verb, by getopt_long; every verb has --help and -h (prints verb->help
 * and makes cli_next() return CLI_HELP), and --version likewise.
 */
#define CLI_HELP (-2)
struct option;
/* As getopt_long(argc, argv, shorts, longs), complaining in the verb's name; '?' after a complaint.
 */
int cli_next(const struct cli_verb *verb, int argc, char **argv, const char *shorts,
	     const struct option *longs);

/*
 * common.c: the architecture of this name; NULL after a message with the nearest ones. x32 is
 * none that a kernel is compiled for: only where calls are asked about.
 */
const struct secbake_arch *cli_arch(const struct cli_verb *verb, const char *name, bool x32_too);

/* Prints "file:line: /pointer: text" (what there is of it) to stderr. */
void cli_print(const char *prefix, const struct secbake_error *error);

/* Prints error and returns the exit status that its status stands for. */
enum cli_exit cli_fail(const struct secbake_error *error);
enum cli_exit cli_exit_of(enum secbake_status status);

/* Prints warnings and degradations to stderr: "warning: file:line: ...". */
struct cli_reporter {
	struct secbake_reporter base;
	unsigned int errors, warnings;
};
void cli_reporter_init(struct cli_reporter *reporter);

/* --arch, --kernel, --features as given; NULL where not. */
struct cli_target {
	const char *arch, *kernel, *features;
};

/*
 * The features that these options mean: a file's (--features, "-" is standard
 * input; --kernel then replaces its version), a version's (--kernel), else the
 * running kernel's; for --arch, by default the native one. CLI_DONE, or the
 * exit status after a message.
 */
enum cli_exit cli_target_features(const struct cli_verb *verb, const struct cli_target *target,
				  struct secbake_features *features);

/* What messages call a path: "-" is standard input, and "" is seen in quotes. */
const char *cli_shown(const char *path);

/*
 * A whole file ("-": standard input) of at most max bytes, in malloc'd memory
 * with a NUL behind it. SECBAKE_OK, SECBAKE_ERR_SYSTEM, SECBAKE_ERR_LIMIT,
 * SECBAKE_ERR_MEMORY.
 */
enum secbake_status cli_read_file(const char *path, size_t max, char **bytes, size_t *size,
				  struct secbake_error *error);

/*
 * Does name match pattern, upper and lower case being equal? A pattern with *, ?
 * or [ is a shell glob of the whole name, any other a part of it; NULL is every name.
 */
bool cli_matches(const char *pattern, const char *name);

/* json.c: text as a JSON string on stdout, whatever bytes it has. */
void cli_json_string(const char *text);

/* For verbs that compile many policies: memory that was freed is kept for the next. */
void cli_keep_memory(void);

/* Closes stdout; a full disk is an error, too. Returns status, or CLI_SYSTEM after a message. */
enum cli_exit cli_close_stdout(enum cli_exit status);

#endif
