/* SPDX-License-Identifier: MIT */
/*
 * A policy of the native language as it was written, its bases with it: words
 * are checked, values parsed, but nothing is decided that depends on the target.
 * resolve_native.c goes on from here. Reading goes on after an error, to report
 * as many as it can: functions return false after one, and sb_report.faults has
 * the count.
 */
#ifndef SB_READ_NATIVE_H
#define SB_READ_NATIVE_H

#include "errnos.h"
#include "read.h"
#include "read_json.h"

/* One file: the policy, a base, or the shipped groups. */
struct sb_native_doc {
	uint32_t source;
	struct sb_reader reader; /* its report names the file */
	const struct sb_json *root;
	const struct sb_json *const *member; /* by enum sb_native_member, NULL: absent */
};

enum sb_native_member {
	SB_NATIVE_SCHEMA,
	SB_NATIVE_VERSION,
	SB_NATIVE_EXTENDS,
	SB_NATIVE_ARCHITECTURES,
	SB_NATIVE_DEFAULT,
	SB_NATIVE_FOREIGN,
	SB_NATIVE_BASELINE,
	SB_NATIVE_MODE,
	SB_NATIVE_FLAGS,
	SB_NATIVE_ON_UNSUPPORTED,
	SB_NATIVE_NOTIFY,
	SB_NATIVE_HOT,
	SB_NATIVE_RULES,
	SB_NATIVE_GROUPS,
	SB_NATIVE_LAYERS,
	SB_NATIVE_ACCEPT,
	SB_NATIVE_MEMBERS
};

/* Where something stands: a node and the file that it is in. */
struct sb_native_spot {
	const struct sb_native_doc *doc;
	const struct sb_json *node; /* NULL: nowhere, a default */
};

/* Its data is errno_name's number on the architecture concerned, or else data. */
struct sb_native_action {
	uint32_t ret; /* SECCOMP_RET_* */
	uint32_t data;
	const struct sb_errno *errno_name;
};

/* when or unless of a rule. */
struct sb_native_filter {
	uint32_t arch_count;
	const struct secbake_arch *const *arch; /* NULL entries: the target's */
	uint32_t cap_count;
	const char *const *cap;
	uint32_t min_kernel; /* SECBAKE_KERNEL(X, Y), 0: none */
};

/* A number or, with a name, a constant. */
struct sb_native_part {
	const char *constant;
	uint64_t magnitude;
	bool negative;
};

/* Its parts, ORed. */
struct sb_native_value {
	const struct sb_json *node;
	uint32_t part_count;
	const struct sb_native_part *part;
};

enum sb_native_op {
	SB_NATIVE_IN, /* eq, too */
	SB_NATIVE_NOT_IN,
	SB_NATIVE_LT,
	SB_NATIVE_LE,
	SB_NATIVE_GT,
	SB_NATIVE_GE,
	SB_NATIVE_RANGE,
	SB_NATIVE_ALL,
	SB_NATIVE_ANY,
	SB_NATIVE_NONE,
};

/* One comparison. */
struct sb_native_test {
	enum sb_native_op op;
	const struct sb_json *node;
	const struct sb_native_value *mask; /* NULL: all bits; else op is IN or NOT_IN */
	uint32_t value_count;
	const struct sb_native_value *value;
};

/* All comparisons of one member of args. */
struct sb_native_matcher {
	const struct sb_json *node; /* its name is the argument's */
	uint8_t width;		    /* 32 or 64, 0: the type's */
	int8_t is_signed;	    /* -1: the type's */
	uint32_t test_count;
	const struct sb_native_test *test;
};

/* One object of args: all hold. */
struct sb_native_set {
	uint32_t matcher_count;
	const struct sb_native_matcher *matcher;
};

struct sb_native_rule {
	struct sb_native_spot spot;
	const struct sb_json *syscalls; /* a string, a number, or a list of such */
	struct sb_native_action action;
	bool broken; /* wrong in itself: only its names are still looked at */
	bool optional, hold;
	const struct sb_json *accept; /* or NULL */
	struct sb_native_filter when, unless;
	uint32_t set_count; /* any holds; 0: no conditions */
	const struct sb_native_set *set;
};

struct sb_native_layer {
	struct sb_native_spot spot; /* nowhere: the policy has no layers */
	uint32_t rule_count;
	const struct sb_native_rule *rule;
	struct sb_native_action default_action;
	struct sb_native_spot default_spot;
	uint32_t flags; /* SECBAKE_FLAG_* */
	struct sb_native_spot flags_spot;
};

/* A finding of secbake check that the policy accepts. */
struct sb_native_accept {
	const char *code, *reason;
	const char *scope;     /* JSON pointer of the rule that it is for; "": everywhere */
	struct sb_place place; /* of the acceptance */
};

/* "@name" and what it stands for. */
struct sb_native_group {
	struct sb_native_spot spot;
	const char *name;
	const struct sb_json *syscalls; /* as of a rule */
	bool shipped;
};

/* What to do for an action or a flag that the target lacks. */
enum sb_native_unsupported { SB_NATIVE_ERROR = 1, SB_NATIVE_DROP, SB_NATIVE_SUBSTITUTE };
struct sb_native_substitute {
	enum sb_native_unsupported kind; /* 0: none given */
	struct sb_native_action action;
};

struct sb_native {
	struct sb_faults faults;
	const struct sb_native_doc *main;
	uint32_t arch_count;
	const struct secbake_arch *const *arch; /* NULL: the target's; or &sb_native_compat */
	struct sb_native_spot arch_spot;
	struct sb_native_action foreign;
	struct sb_native_spot foreign_spot;
	uint32_t baseline; /* SECBAKE_KERNEL(X, Y), 0: none */
	struct sb_native_substitute no_log, no_kill_process, no_notify;
	struct sb_native_substitute no_flag[32]; /* by bit */
	bool incomplete;			 /* a base could not be read, which was reported */
	bool no_groups;	      /* the shipped ones could not be read, which was reported */
	uint32_t group_count; /* sorted by name, no two equal */
	const struct sb_native_group *group;
	uint32_t layer_count;
	const struct sb_native_layer *layer;
	uint32_t accept_count;
	const struct sb_native_accept *accept;
	uint32_t note_count; /* what was looked up outside of the policy */
	const char *const *note;
};

/* State of one reading. */
struct sb_native_reading {
	struct sb_arena *arena;
	const struct sb_options *options;
	struct sb_report report;
	struct sb_native *native;
	struct sb_document *document;
	struct sb_native_doc *const *doc; /* in order */
	uint32_t doc_count;
	struct secbake_text accounts[2]; /* passwd, group, once asked for */
	const char **note;
	uint32_t note_room;
	uint32_t *kernel;
	uint32_t kernel_count, kernel_room;
	bool overridden; /* a member that does not count is being read, for what is wrong with it */
};

enum secbake_status sb_read_native(const struct sb_reader *reader, const struct sb_json *root,
				   const struct sb_options *options, struct sb_document *document);

/*
 * Reads a member of each document that has it: read() puts it where it belongs, for the first of
 * them; those of the others are only checked.
 */
bool sb_native_read_member(struct sb_native_reading *r, enum sb_native_member member,
			   bool (*read)(struct sb_native_reading *r,
					const struct sb_native_doc *doc,
					const struct sb_json *node));

/* read_native_sources.c: the documents in order, and the shipped groups. */
bool sb_native_open(struct sb_native_reading *r, const struct sb_json *root);
bool sb_native_open_groups(struct sb_native_reading *r, const struct sb_native_spot *user,
			   const char *name, struct sb_native_doc **doc);

/* read_native_rules.c */
bool sb_native_read_layers(struct sb_native_reading *r);

/* read_native_accept.c: members "accept" of documents and rules. */
bool sb_native_read_acceptances(struct sb_native_reading *r);

/* A name, "@group" or number, or a list of such. */
bool sb_native_read_calls(const struct sb_reader *reader, const struct sb_json *calls);
/* The error that no architecture has a call of that name; false. */
bool sb_native_unknown_name(const struct sb_reader *reader, const struct sb_json *word);
/* Of calls that no rule comes to: some architecture must have each name. */
bool sb_native_check_names(const struct sb_reader *reader, const struct sb_json *calls);

/* read_native_groups.c: the policy's own, and the shipped ones if any of these is named. */
bool sb_native_read_groups(struct sb_native_reading *r);
const struct sb_native_group *sb_native_find_group(const struct sb_native *native,
						   const char *name);

/* read_native_values.c: one member of args. */
bool sb_native_read_matcher(struct sb_native_reading *r, const struct sb_reader *reader,
			    const struct sb_json *member, struct sb_native_matcher *matcher);

/* read_native_words.c: members and words. */
#define SB_TYPE(type) (1u << (type))
#define SB_ANY_LIST (SB_TYPE(SB_JSON_STRING) | SB_TYPE(SB_JSON_ARRAY))
struct sb_native_field {
	const char *name;
	uint32_t types; /* SB_TYPE()s */
	const char *wanted;
	bool required;
};
/* Finds members; found[i] is NULL where it is absent or wrong. "comment" may always stand. */
bool sb_native_fields(const struct sb_reader *reader, const struct sb_json *object,
		      const char *what, const struct sb_native_field *fields, size_t count,
		      const struct sb_json **found);
bool sb_native_memory(const struct sb_reader *reader);
/* A text for a message: whole, or its beginning and "..."; never a part of a character. */
const char *sb_native_shown(const struct sb_reader *reader, const char *text);
bool sb_native_over(const struct sb_reader *reader); /* too many errors, or no memory */
bool sb_native_read_action(const struct sb_reader *reader, const struct sb_json *word,
			   struct sb_native_action *action);
/* "compat" in a policy's architectures: what the target's kernels run beside its own ABI. */
extern const struct secbake_arch sb_native_compat;

/* NULL: "native" */
bool sb_native_read_arch(const struct sb_reader *reader, const struct sb_json *word,
			 const struct secbake_arch **arch);
bool sb_native_read_flags(const struct sb_reader *reader, const struct sb_json *list,
			  uint32_t *flags);
bool sb_native_read_kernel(const struct sb_reader *reader, const struct sb_json *word,
			   uint32_t *kernel);
bool sb_native_read_capability(const struct sb_reader *reader, const struct sb_json *word);
bool sb_native_read_unsupported(const struct sb_reader *reader, const struct sb_json *object,
				struct sb_native *native);
bool sb_native_choose(const struct sb_reader *reader, const struct sb_json *word, const char *kind,
		      const char *const *words, size_t count, uint32_t *index);

/* An error at a node; false. */
#define sb_native_fail(reader, node, ...) \
	(sb_json_fail((reader), (node), SECBAKE_ERR_INPUT, __VA_ARGS__), false)

#endif
