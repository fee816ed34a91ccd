/* SPDX-License-Identifier: MIT */
/* A snap profile between its lines (snap.c), their conditions (snap_args.c) and its rules. */
#ifndef SB_IMPORT_SNAP_H
#define SB_IMPORT_SNAP_H

#include "import.h"

/* One line that names a call. */
struct sb_snap_line {
	const char *name;
	bool deny, known; /* known: some architecture has the call */
	uint32_t line;
	uint32_t order;		 /* among such lines */
	struct sb_words comment; /* that stands above it */
	struct sb_out_set set;	 /* its conditions; no matchers: none */
	const char *conditions;	 /* the same as text: equal for equal conditions */
	uint32_t arch;		 /* bits of sb_snap.arch on which the conditions make sense */
};

struct sb_snap {
	const struct secbake_arch *arch[2]; /* the target, and the one that snap-seccomp adds */
	uint32_t arch_count;
	struct sb_snap_line *line;
	uint32_t line_count, line_room;
};

bool sb_snap_add(struct sb_import *import, struct sb_snap *snap, const struct sb_snap_line *line);

/* snap_args.c: the architectures of a profile for import->arch. */
bool sb_snap_architectures(struct sb_import *import, struct sb_snap *snap);

/*
 * Reads the words behind a call into line->set. With false, *why says what is wrong (or is
 * NULL when memory is out); with true and *why, the same of a call that is not known.
 */
bool sb_snap_conditions(struct sb_import *import, const struct sb_snap *snap,
			struct sb_snap_line *line, char *words, const char **why);

/* snap_rules.c: from all lines to rules of the policy. */
bool sb_snap_rules(struct sb_import *import, struct sb_snap *snap);

#endif
