/* SPDX-License-Identifier: MIT */
/*
 * The native dialect a second time: a policy as plain structs, and what it says to
 * a call, written from docs/policy.md alone, without the project's reader,
 * resolver, generator or prover. Which calls there are, with which arguments and
 * since when, is the one thing taken from the project: compiler/syscalls.h.
 */
#ifndef TEST_NATIVE_MODEL_H
#define TEST_NATIVE_MODEL_H

#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <secbake/compile.h>

#include "calls.h"
#include "support.h"

#define NATIVE_ARCHES_MAX 8u
#define NATIVE_GROUPS_MAX 3u
#define NATIVE_LAYERS_MAX 3u
#define NATIVE_RULES_MAX 12u
#define NATIVE_CAPS 2u

/* A constant whose value differs between architectures, or not. */
struct native_constant {
	const char *name;
	uint64_t usual;
	struct {
		const char *arches; /* " ppc64le arm " */
		uint64_t value;
	} other[3];
};
uint64_t native_constant_on(const struct native_constant *constant,
			    const struct secbake_arch *arch);

/* A whole number in -2^63 .. 2^64-1. */
struct native_number {
	bool negative;
	uint64_t bits; /* two's complement where negative */
};

enum native_form {
	NATIVE_INTEGER,
	NATIVE_DECIMAL,
	NATIVE_HEX,
	NATIVE_OCTAL,
};

struct native_value {
	struct native_number number; /* not negative beside a constant */
	const struct native_constant *constant;
	enum native_form form;
};

enum native_op {
	NATIVE_EQ,
	NATIVE_NE,
	NATIVE_LT,
	NATIVE_LE,
	NATIVE_GT,
	NATIVE_GE,
	NATIVE_IN,
	NATIVE_NOT_IN,
	NATIVE_RANGE,
	NATIVE_ALL,
	NATIVE_ANY,
	NATIVE_NONE,
	NATIVE_OPS
};

struct native_test {
	enum native_op op;
	struct native_value value[4];
	uint32_t value_count;
};

struct native_matcher {
	unsigned int index;
	const char *name;   /* instead of the index */
	bool bare;	    /* written as a value or a list */
	unsigned int width; /* 0: the kernel's */
	int is_signed;	    /* -1: the kernel's */
	bool masked;	    /* the first test is, by mask */
	struct native_value mask;
	struct native_test test[2];
	uint32_t test_count;
};

struct native_set {
	struct native_matcher matcher[3];
	uint32_t matcher_count;
};

struct native_call {
	const char *name; /* or */
	uint32_t group;	  /* its index + 1, or */
	uint32_t number;
};

struct native_action {
	uint32_t ret;			     /* SECCOMP_RET_* with data */
	const struct native_constant *error; /* instead of the data */
};

struct native_terms {
	uint32_t arches; /* bits of the model's; 0: not asked for */
	uint32_t kernel; /* 0: not asked for */
	uint32_t caps;	 /* bits */
};

struct native_rule {
	struct native_call call[4];
	uint32_t call_count;
	struct native_set set[3];
	uint32_t set_count;
	bool one_set; /* written as an object, not as a list */
	struct native_action action;
	struct native_terms when, unless;
	bool optional, hold;
};

struct native_group {
	const char *name;
	struct native_call call[6];
	uint32_t call_count;
};

struct native_layer {
	bool own_default;
	struct native_action default_action;
	struct native_rule rule[NATIVE_RULES_MAX];
	uint32_t rule_count;
};

/* A call that a rule names: made by native_model_prepare(). */
struct native_use {
	uint32_t layer, arch, nr;
	const char *name; /* NULL: not known */
	const struct native_rule *rule;
};

struct native_model {
	const struct secbake_arch *target;
	struct secbake_features features;
	const struct secbake_arch *arch[NATIVE_ARCHES_MAX];
	uint32_t arch_count;
	struct native_action default_action, foreign;
	bool own_foreign;
	uint32_t baseline;
	enum secbake_enosys enosys;
	bool complain;
	uint32_t caps; /* that are given */
	bool instead_of_log, instead_of_kill;
	uint32_t log_action, kill_action; /* onUnsupported */
	struct native_group group[NATIVE_GROUPS_MAX];
	uint32_t group_count;
	struct native_layer layer[NATIVE_LAYERS_MAX];
	uint32_t layer_count;
	bool layered;
	uint32_t base_from; /* rules from this one on are a base's; 0: there is no base */
	bool base_members;  /* the base has default, groups and baseline */
	struct native_use *use;
	size_t use_count, use_capacity;
	uint32_t last[NATIVE_ARCHES_MAX];  /* the largest number that is known */
	uint32_t *late[NATIVE_ARCHES_MAX]; /* numbers that are newer than the baseline, sorted */
	size_t late_count[NATIVE_ARCHES_MAX];
};

extern const char *const native_caps[NATIVE_CAPS];

/* The calls that a rule names, appended to the model's uses. */
void native_model_use(struct native_model *model, uint32_t layer, const struct native_rule *rule);

/* How a comparison is made: the kernel's way, with the matcher's word on it. False: no such
 * argument. */
struct native_type {
	unsigned int index, width;
	bool is_signed;
};
bool native_model_type(const struct native_model *model, const struct native_use *use,
		       const struct native_matcher *matcher, struct native_type *type);

/* Once it stands. */
void native_model_prepare(struct native_model *model);

/* What the variant is for, and what decided: for statistics. */
enum native_decided {
	NATIVE_BY_FOREIGN,
	NATIVE_BY_RULE,
	NATIVE_BY_ARGS,
	NATIVE_BY_BASELINE,
	NATIVE_BY_DEFAULT,
	NATIVE_DECIDERS
};
struct native_question {
	uint32_t layer, kernel;
	bool complain;
	enum native_decided decided; /* receives */
};
uint32_t native_model_evaluate(const struct native_model *model, struct native_question *question,
			       const struct seccomp_data *data);

/* Calls worth trying on a layer. */
void native_model_calls(const struct native_model *model, uint32_t layer,
			struct test_random *random, struct test_visitor *visitor);

void native_model_free(struct native_model *model);

/* native_model_json.c: the document, and its base's or NULL; the caller frees both. */
char *native_model_to_json(const struct native_model *model, char **base);

/* native_model_random.c: an accepted policy. */
struct native_model *native_model_random(struct test_random *random);

#endif
