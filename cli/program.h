/* SPDX-License-Identifier: MIT */
/* Programs as the command line names them: a bare program, or one of a blob. */
#ifndef CLI_PROGRAM_H
#define CLI_PROGRAM_H

#include <secbake/inspect.h>

#include "cli.h"

struct cli_programs {
	char *bytes; /* the file */
	size_t size;
	struct secbake_blob blob;	 /* bytes NULL: the file is a bare program */
	const struct secbake_arch *arch; /* the ABI to name calls by, where none is said */
	uint32_t count;
	struct secbake_program program[SECBAKE_LAYERS_MAX]; /* loaded first to last */
	uint32_t filter_flags[SECBAKE_LAYERS_MAX];	    /* of a blob's programs */
};

/*
 * Reads path: a blob, told by its magic, gives the programs that the kernel of
 * target would load in mode; anything else is taken for a bare program in
 * arch's byte order. CLI_DONE or the exit status after a message.
 */
enum cli_exit cli_programs_open(const struct cli_verb *verb, struct cli_programs *programs,
				const char *path, const struct cli_target *target,
				enum secbake_mode mode);
void cli_programs_close(struct cli_programs *programs);

/*
 * The features of the kernel whose variant of the blob is wanted: what the options
 * name, else of one that answers as the blob's own did.
 */
enum cli_exit cli_programs_features(const struct cli_verb *verb,
				    const struct cli_programs *programs,
				    const struct cli_target *target,
				    struct secbake_features *features);

/* The programs of one variant of a checked blob, replacing what was chosen before. */
void cli_programs_of_variant(struct cli_programs *programs,
			     const struct secbake_blob_variant *variant);

/* The programs that a checked blob gives a kernel in a mode. */
enum cli_exit cli_programs_of_blob(struct cli_programs *programs,
				   const struct secbake_features *features, enum secbake_mode mode,
				   const char *path);

/* A number up to end: decimal, 0x hexadecimal or 0 octal; from -2^63, as two's complement. */
bool cli_parse_number(const char *text, const char *end, uint64_t *value);

/*
 * A call as "SYSCALL [ARG,ARG...]" says it, names or numbers, on arch (from
 * --arch x32, numbers get their bit). False after a message.
 */
bool cli_parse_call(const struct cli_verb *verb, const struct secbake_arch *arch,
		    const char *syscall, const char *args, struct secbake_call *call);

/* "name(0x1, 0x2)" of a call, arguments up to the last that is not zero. */
void cli_print_call(FILE *out, const struct secbake_call *call);

#endif
