/* SPDX-License-Identifier: MIT */
/* secbake diff: what one policy, blob or program does to calls that another does not. */
#include <ctype.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "diff.h"
#include "policy.h"
#include "program.h"

/* One of the two, as the command line names it. */
struct operand {
	const char *path;
	bool is_policy;
	struct cli_policy policy; /* its options, and if it is one, the policy */
	struct cli_programs programs;
	char *label;
	struct secbake_side side;
};

enum { OPT_JSON = CLI_OPT_OWN };

static const struct option longs[] = {
	CLI_POLICY_OPTIONS,
	{"json", no_argument, NULL, OPT_JSON},
	{0},
};

struct request {
	struct operand operand[2];
	unsigned int kernels, features, modes; /* how often each was given */
	bool json;
};

/*
 * Given once, an option is for both; what tells the two apart can be given twice, for
 * the first and the second.
 */
static enum cli_exit take(struct request *r, int option)
{
	unsigned int *given = option == CLI_OPT_KERNEL	   ? &r->kernels
			      : option == CLI_OPT_FEATURES ? &r->features
			      : option == CLI_OPT_MODE	   ? &r->modes
							   : NULL;
	enum cli_exit status = CLI_DONE;

	if (given && *given == 2)
		return cli_usage(&cli_diff, "there are two to compare: --kernel, --features and "
					    "--mode can be given twice at most");
	for (unsigned int i = given ? (*given)++ : 0; i < 2 && status == CLI_DONE; i++)
		status = cli_policy_option(&cli_diff, &r->operand[i].policy, option, optarg);
	return status;
}

static enum cli_exit parse(int argc, char **argv, struct request *r)
{
	enum cli_exit status = CLI_DONE;
	bool twice;
	int option;

	while (status == CLI_DONE &&
	       (option = cli_next(&cli_diff, argc, argv, ":P:", longs)) != -1) {
		if (option == '?')
			return CLI_USAGE;
		if (option == CLI_HELP)
			return (enum cli_exit)CLI_HELP;
		if (option == OPT_JSON)
			r->json = true;
		else
			status = take(r, option);
	}
	if (status != CLI_DONE)
		return status;
	twice = r->kernels == 2 || r->features == 2 || r->modes == 2;
	if (argc - optind != 2 && !(argc - optind == 1 && twice))
		return cli_usage(&cli_diff,
				 "two things to compare are wanted, or one with --kernel, "
				 "--features or --mode given twice");
	r->operand[0].path = argv[optind];
	r->operand[1].path = argv[argc - 1];
	for (unsigned int i = 0; i < 2; i++)
		if (!r->operand[i].policy.mode_given)
			r->operand[i].policy.mode = SECBAKE_MODE_OWN;
	if (!strcmp(r->operand[0].path, "-") && !strcmp(r->operand[1].path, "-"))
		return cli_usage(&cli_diff, "standard input can be read once only");
	return CLI_DONE;
}

/* A policy begins with a brace, which no program does: there is no such instruction. */
static bool looks_like_policy(const char *path)
{
	char bytes[512];
	ssize_t size, i = 0;
	int fd;

	if (!strcmp(path, "-"))
		return true;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	size = fd < 0 ? 0 : read(fd, bytes, sizeof(bytes));
	if (fd >= 0)
		close(fd);
	if (size >= 3 && !memcmp(bytes, "\xef\xbb\xbf", 3)) /* as the reader of policies tells */
		return true;
	while (i < size && isspace((unsigned char)bytes[i]))
		i++;
	return i < size && bytes[i] == '{';
}

static enum cli_exit open_programs(struct operand *o)
{
	struct cli_programs *programs = &o->programs;
	enum cli_exit status =
		cli_programs_open(&cli_diff, programs, o->path, &o->policy.target, o->policy.mode);

	if (status != CLI_DONE)
		return status;
	o->side.program = programs->program;
	o->side.program_count = programs->count;
	o->side.file = cli_shown(o->path);
	if (!programs->blob.bytes)
		return CLI_DONE;
	o->side.filter_flags = programs->filter_flags;
	return CLI_DONE;
}

/* other: a blob says which architecture and kernel the policy beside it is read for. */
static enum cli_exit open_policy(struct operand *o, const struct operand *other)
{
	const struct cli_programs *blob = other->programs.blob.bytes ? &other->programs : NULL;
	struct cli_target asked = o->policy.target;
	enum cli_exit status;

	if (blob && !asked.features && !asked.arch)
		o->policy.target.arch = blob->arch->name;
	status = cli_policy_open(&cli_diff, &o->policy, o->path);
	if (status == CLI_DONE && blob && !asked.features && !asked.kernel && !asked.arch)
		status = cli_programs_features(&cli_diff, blob, &asked, &o->policy.options.target);
	o->side.policy = &o->policy.options;
	o->side.mode = o->policy.mode;
	return status;
}

static enum cli_exit label(struct operand *o)
{
	const struct cli_target *target = &o->policy.target;
	struct secbake_error error = {0};

	if (asprintf(&o->label, "%s%s%s%s%s%s", o->path, target->kernel ? ", Linux " : "",
		     target->kernel ? target->kernel : "", target->features ? ", " : "",
		     target->features ? target->features : "",
		     !o->policy.mode_given		       ? ""
		     : o->policy.mode == SECBAKE_MODE_COMPLAIN ? ", complain"
							       : ", enforce") < 0) {
		o->label = NULL;
		secbake_error_set(&error, SECBAKE_ERR_MEMORY, 0, "out of memory");
		return cli_fail(&error);
	}
	return CLI_DONE;
}

static enum cli_exit compare(const struct request *r)
{
	const struct operand *a = &r->operand[0], *b = &r->operand[1];
	const char *const labels[2] = {a->label, b->label};
	struct secbake_diff *diff;
	struct secbake_error error = {0};
	enum cli_exit status;

	if (secbake_diff(&a->side, &b->side, &diff, &error) != SECBAKE_OK)
		return a->policy.reporter.errors || b->policy.reporter.errors
			       ? cli_exit_of(error.status)
			       : cli_fail(&error);
	if (r->json)
		cli_diff_json(diff, labels);
	else
		cli_diff_text(diff, labels);
	status = secbake_diff_same(diff) ? CLI_DONE : CLI_FINDING;
	secbake_diff_free(diff);
	return status;
}

static enum cli_exit open_both(struct request *r)
{
	enum cli_exit status = CLI_DONE;

	for (unsigned int i = 0; i < 2 && status == CLI_DONE; i++) {
		struct operand *o = &r->operand[i];

		o->is_policy = looks_like_policy(o->path);
		status = label(o);
		if (status == CLI_DONE && !o->is_policy)
			status = open_programs(o);
	}
	for (unsigned int i = 0; i < 2 && status == CLI_DONE; i++)
		if (r->operand[i].is_policy)
			status = open_policy(&r->operand[i], &r->operand[1 - i]);
	return status;
}

static enum cli_exit run(int argc, char **argv)
{
	struct request r = {.json = false};
	enum cli_exit status = parse(argc, argv, &r);

	if (status == (enum cli_exit)CLI_HELP)
		return CLI_DONE;
	if (status == CLI_DONE)
		status = open_both(&r);
	if (status == CLI_DONE)
		status = compare(&r);
	for (unsigned int i = 0; i < 2; i++) {
		cli_programs_close(&r.operand[i].programs);
		cli_policy_close(&r.operand[i].policy);
		free(r.operand[i].label);
	}
	return status;
}

const struct cli_verb cli_diff = {
	.name = "diff",
	.summary = "show what one policy, blob or program does to calls that another does not",
	.help = "usage: secbake diff [OPTION...] A B\n"
		"       secbake diff --kernel X.Y --kernel X.Y [OPTION...] A\n"
		"Compares policies, blobs and bare programs, in any mixture, for every call there can\n"
		"be: what only A allows, what only B allows, what they answer differently, by call,\n"
		"each with the condition and a call that shows it. Several programs count as what the\n"
		"kernel makes of them together. --kernel, --features and --mode can be given twice, for\n"
		"A and for B, and then B may be left out. A policy beside a blob is read for the blob's\n"
		"kernel. Exit status 0: the same; 1: not; 5: cannot tell.\n\n"
		"  --json                one object\n" CLI_POLICY_HELP,
	.run = run,
};
