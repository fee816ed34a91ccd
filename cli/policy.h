/* SPDX-License-Identifier: MIT */
/* The options by which verbs are told a policy and a target, and the policy's text. */
#ifndef CLI_POLICY_H
#define CLI_POLICY_H

#include <getopt.h>

#include "cli.h"

#define CLI_CAPS_MAX 64
#define CLI_POLICY_DIRS_MAX 16

/* The other files that a policy names, as this user reads them. */
struct cli_sources {
	struct secbake_source_reader base; /* first */
	const char *dir[CLI_POLICY_DIRS_MAX];
	size_t dir_count; /* 0: the default policy path */
	const char *root; /* of the image that the rest is of; NULL: this machine */
	char *file[SECBAKE_SOURCES_MAX], *text[SECBAKE_SOURCES_MAX];
	char *accounts[2], *accounts_file[2]; /* passwd, group */
};

struct cli_policy {
	struct cli_target target;
	const char *name; /* --name */
	const char *cap[CLI_CAPS_MAX];
	size_t cap_count;
	enum secbake_dialect dialect;
	enum secbake_enosys enosys;
	enum secbake_effort effort;
	const char *passes;
	enum secbake_mode mode; /* SECBAKE_MODE_OWN unless --mode says another */
	bool mode_given;
	bool strict;
	struct cli_sources sources;
	/* Filled by cli_policy_open(). */
	struct cli_reporter reporter;
	struct secbake_compile_options options;
	char *text, *options_text, *options_path;
	char stem[SECBAKE_NAME_MAX + 1];
};

/* The name that a policy has by its path: the file's, without ".json", "-" is "stdin". */
void cli_policy_name(const char *path, char name[SECBAKE_NAME_MAX + 1]);

/* Long options for a verb's table; their values are above any character's. */
enum {
	CLI_OPT_ARCH = 0x100,
	CLI_OPT_KERNEL,
	CLI_OPT_FEATURES,
	CLI_OPT_NAME,
	CLI_OPT_CAP,
	CLI_OPT_DIALECT,
	CLI_OPT_ENOSYS,
	CLI_OPT_MODE,
	CLI_OPT_STRICT,
	CLI_OPT_POLICIES,
	CLI_OPT_ROOT,
	CLI_OPT_OWN, /* the verb's own start here */
};

/* clang-format off */
/* What says which policy, for which kernel. */
#define CLI_SUBJECT_OPTIONS                                            \
	{"arch", required_argument, NULL, CLI_OPT_ARCH},               \
	{"kernel", required_argument, NULL, CLI_OPT_KERNEL},           \
	{"features", required_argument, NULL, CLI_OPT_FEATURES},       \
	{"name", required_argument, NULL, CLI_OPT_NAME},               \
	{"cap", required_argument, NULL, CLI_OPT_CAP},                 \
	{"dialect", required_argument, NULL, CLI_OPT_DIALECT},         \
	{"enosys", required_argument, NULL, CLI_OPT_ENOSYS},           \
	{"policies", required_argument, NULL, CLI_OPT_POLICIES},       \
	{"policy-dir", required_argument, NULL, CLI_OPT_POLICIES},     \
	{"root", required_argument, NULL, CLI_OPT_ROOT}
#define CLI_POLICY_OPTIONS                                             \
	CLI_SUBJECT_OPTIONS,                                           \
	{"mode", required_argument, NULL, CLI_OPT_MODE},               \
	{"strict", no_argument, NULL, CLI_OPT_STRICT}

#define CLI_SUBJECT_HELP                                                                   \
	"  --arch ARCH           architecture of the target (default: this machine's)\n"  \
	"  --kernel X.Y          compile for mainline X.Y instead of the running kernel\n" \
	"  --features FILE       compile for a kernel saved by secbake features\n"        \
	"  --name NAME           the policy's name (default: the file's, without .json)\n" \
	"  --dialect auto|oci|native\n"                                                   \
	"  --enosys auto|runc|none\n"                                                     \
	"                        what answers ENOSYS for calls that the policy does not know\n" \
	"  --cap CAP_X           a capability for includes and excludes; repeatable\n"    \
	"  -P, --policies DIR    where \"@name\" in a policy is looked for, instead of the\n" \
	"                        default policy path; repeatable\n"                       \
	"  --root DIR            as in the image in DIR: its policy path, alone, and its users\n" \
	"                        and groups\n"
#define CLI_POLICY_HELP                                                                   \
	CLI_SUBJECT_HELP                                                                  \
	"  --mode enforce|complain\n"                                                     \
	"                        instead of the policy's own\n"                           \
	"  --strict              every warning is an error\n"
/* clang-format on */

/* Takes one of the options above: CLI_DONE, or CLI_USAGE after a message. */
enum cli_exit cli_policy_option(const struct cli_verb *verb, struct cli_policy *policy, int option,
				const char *value);

/*
 * Reads the policy (path "-": standard input) and NAME.options beside it, asks
 * for the target's features, and sets policy->options. CLI_DONE, or the exit
 * status after a message. cli_policy_close() in either case.
 */
enum cli_exit cli_policy_open(const struct cli_verb *verb, struct cli_policy *policy,
			      const char *path);
void cli_policy_close(struct cli_policy *policy);

/* As cli_fail(), for what became of this policy: says nothing twice. */
enum cli_exit cli_policy_fail(const struct cli_policy *policy, const struct secbake_error *error);

/* policy_sources.c */
void cli_sources_init(struct cli_sources *sources, const char *policy);
void cli_sources_close(struct cli_sources *sources);

#endif
