/* SPDX-License-Identifier: MIT */
/*
 * A policy of the oci dialect as it was written: words are checked and turned
 * into numbers, conditions into intervals, but nothing is decided that depends
 * on the target. resolve_oci.c goes on from here.
 */
#ifndef SB_READ_OCI_H
#define SB_READ_OCI_H

#include "errnos.h"
#include "read.h"
#include "read_json.h"

/* Its data is errno_name's number on the target, or else data. */
struct sb_oci_action {
	uint32_t ret; /* SECCOMP_RET_* */
	uint32_t data;
	const struct sb_errno *errno_name;
};

/* includes or excludes of a rule. */
struct sb_oci_filter {
	uint32_t cap_count;
	const char *const *cap;
	uint32_t arch_count; /* NULL entries: architectures that secbake does not know */
	const struct secbake_arch *const *arch;
	uint32_t min_kernel; /* SECBAKE_KERNEL(X, Y), 0: none */
};

struct sb_oci_rule {
	struct sb_oci_action action;
	uint32_t name_count;   /* sorted, no two equal; names that exist nowhere are left out */
	const uint32_t *name;  /* indices into the policy's names */
	uint32_t clause_count; /* 0: unconditional */
	const struct sb_clause *clause;
	struct sb_oci_filter includes, excludes;
	struct sb_place place;
};

struct sb_oci_arch {
	const struct secbake_arch *arch;
	struct sb_place place;
};

/* An entry of archMap. */
struct sb_oci_arch_map {
	const struct secbake_arch *arch;
	uint32_t sub_count;
	const struct sb_oci_arch *sub;
};

struct sb_oci {
	struct sb_oci_action default_action;
	struct sb_place place; /* of defaultAction */
	uint32_t arch_count;   /* of architectures */
	const struct sb_oci_arch *arch;
	uint32_t map_count; /* of archMap */
	const struct sb_oci_arch_map *map;
	bool flags_given;
	uint32_t flags; /* SECBAKE_FLAG_* */
	struct sb_place flags_place;
	uint32_t name_count; /* names of calls that some architecture has, sorted */
	const char *const *name;
	uint32_t rule_count; /* in document order */
	const struct sb_oci_rule *rule;
};

/* document: linux.seccomp, a profile, or a whole config.json; fills in document. */
enum secbake_status sb_read_oci(const struct sb_reader *reader, const struct sb_json *root,
				struct sb_document *document);

/* read_oci_rules.c: syscalls, a list, with the names that it uses. */
enum secbake_status sb_oci_read_rules(const struct sb_reader *reader, const struct sb_json *list,
				      struct sb_oci *oci);
/*
 * The data of an action: errno, else errnoRet, else EPERM for those that carry
 * one, as runc with libseccomp has it (its TRAP ignores errnoRet).
 */
enum secbake_status sb_oci_read_data(const struct sb_reader *reader, const struct sb_json *word,
				     const struct sb_json *errno_ret,
				     const struct sb_json *errno_name,
				     struct sb_oci_action *action);
/* The text of an optional string; empty is absent, as for Go. */
const char *sb_oci_text(const struct sb_json *value);

/* read_oci_words.c: the vocabulary. Each word is a JSON string; unknown ones are errors. */
enum secbake_status sb_oci_read_action(const struct sb_reader *reader, const struct sb_json *word,
				       uint32_t *ret);
enum secbake_status sb_oci_read_flag(const struct sb_reader *reader, const struct sb_json *word,
				     uint32_t *flag);
enum secbake_status sb_oci_read_arch(const struct sb_reader *reader, const struct sb_json *word,
				     const struct secbake_arch **arch);
/* A name in includes.arches; unknown ones are a warning and NULL. */
enum secbake_status sb_oci_read_go_arch(const struct sb_reader *reader, const struct sb_json *word,
					const struct secbake_arch **arch);
enum secbake_status sb_oci_read_capability(const struct sb_reader *reader,
					   const struct sb_json *word);
/* "X.Y"; empty: 0 */
enum secbake_status sb_oci_read_kernel(const struct sb_reader *reader, const struct sb_json *word,
				       uint32_t *kernel);
/* An error number by name, or in digits as containers-common takes it. */
enum secbake_status sb_oci_read_errno(const struct sb_reader *reader, const struct sb_json *word,
				      struct sb_oci_action *action);
/* The condition {index, value, valueTwo, op}; interval has room for one. */
enum secbake_status sb_oci_read_condition(const struct sb_reader *reader,
					  const struct sb_json *object, struct sb_cond *cond,
					  struct sb_interval *interval);

#endif
