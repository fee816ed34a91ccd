/* SPDX-License-Identifier: MIT */
/*
 * What the parts of conformance.inputs share: one policy out of a set of documents,
 * compiled as it is (before) and with one thing changed, and the two compared.
 */
#ifndef TEST_INPUTS_H
#define TEST_INPUTS_H

#include <compiler/front.h>

#define DOCUMENTS 7u

/* The first four are policies, the others what they read. */
extern const char *const file[DOCUMENTS];

struct texts {
	struct secbake_source_reader base; /* first */
	char *text[DOCUMENTS];
};

/* One compile, and the policy read once more for the evaluator. */
struct trial {
	struct secbake_compiled *compiled;
	struct secbake_blob blob;
	struct sb_arena *arena;
	struct sb_front front;
};

struct meaning {
	struct secbake_hash hash;    /* what the compiler calls it */
	struct secbake_hash payload; /* what is run */
};

extern size_t policy; /* that is compiled */
extern struct trial before;
extern struct texts base_texts;
extern size_t failures;

/* inputs_trial.c */
struct secbake_compile_options options_for(struct texts *texts);
bool trial_compile(struct trial *trial, const struct secbake_compile_options *options,
		   struct secbake_error *error);
void trial_free(struct trial *trial);
bool same(const struct secbake_hash *a, const struct secbake_hash *b);
struct meaning meaning_of(const struct secbake_blob *blob);
bool same_verdicts(const struct trial *a, const struct trial *b);
/* A failure; the first few are shown. */
void complain(const char *what, const char *path, const char *text);
/* One hash, one meaning, over all changes of this policy. */
void check_unique(const struct meaning *meaning, const char *path, const char *text);
void forget_meanings(void);
/* With the blob before the change at hand: the same bytes. */
void check_takeover(struct secbake_compile_options options, const struct trial *after,
		    const char *path, const char *text);

/* inputs_options.c: the options, each feature of the kernel and its release. */
void try_inputs(void);

#endif
