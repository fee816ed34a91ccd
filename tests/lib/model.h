/* SPDX-License-Identifier: MIT */
/*
 * The OCI dialect a second time: a policy as a list of rules, and what it says to
 * a call, written from design section 3 alone (docs/policy.md), without the
 * project's reader, resolver, generator or prover. Numbers of calls come from
 * libseccomp; from the project's table only where libseccomp has none.
 */
#ifndef TEST_MODEL_H
#define TEST_MODEL_H

#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <secbake/arch.h>

#include "calls.h"
#include "support.h"

enum model_op {
	MODEL_NE = 1, /* the values of enum scmp_compare */
	MODEL_LT,
	MODEL_LE,
	MODEL_EQ,
	MODEL_GE,
	MODEL_GT,
	MODEL_MASKED_EQ,
};

struct model_cond {
	unsigned int index;
	enum model_op op;
	uint64_t value, value_two;
};

struct model_rule {
	char **name;
	size_t name_count;
	uint32_t action; /* SECCOMP_RET_* with data */
	struct model_cond *cond;
	size_t cond_count;
};

/* A rule as it applies to one number: made by model_prepare(). */
struct model_use {
	uint32_t audit_arch, nr;
	const struct model_rule *rule;
	const struct model_cond *cond; /* the whole rule's, or one of them, or those of a mux */
	size_t cond_count;
};

#define MODEL_ARCHES_MAX 24u

struct model {
	uint32_t default_action;
	const struct secbake_arch *arch[MODEL_ARCHES_MAX]; /* the native one first, none twice */
	size_t arch_count;
	struct model_rule *rule;
	size_t rule_count;
	bool stub_asked;       /* --enosys runc ... */
	bool enosys;	       /* ... and the default action is one that has the stub */
	struct model_use *use; /* in document order */
	size_t use_count, use_capacity;
	bool has_last[MODEL_ARCHES_MAX]; /* any name of the policy exists there ... */
	uint32_t last[MODEL_ARCHES_MAX]; /* ... and the largest number of them */
};

/* Number of a name on an architecture; false: it has none. */
bool model_number(const struct secbake_arch *arch, const char *name, uint32_t *nr);

/* Adds an architecture unless it is there. */
void model_add_arch(struct model *model, const struct secbake_arch *arch);

/* Does runc's stub come with this default action? */
bool model_has_stub(uint32_t default_action);

/* Call once rules and architectures stand. */
void model_prepare(struct model *model);
uint32_t model_evaluate(const struct model *model, const struct seccomp_data *data);
void model_free(struct model *model);

/* Calls worth trying, from the model's own comparisons. */
void model_calls(const struct model *model, struct test_random *random,
		 struct test_visitor *visitor);

/* model_json.c: an OCI policy's text to a model; ends the test for what it does not know. */
struct model *model_from_json(const char *text, const char *file, const struct secbake_arch *native,
			      uint32_t kernel);
/* A model as an OCI policy; the caller frees. */
char *model_to_json(const struct model *model);

/* model_random.c */
struct model_shape {
	bool simple; /* what libseccomp decides right: see differential/libseccomp.c */
	bool native_only;
};
struct model *model_random(struct test_random *random, const struct model_shape *shape);

#endif
