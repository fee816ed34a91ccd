/* SPDX-License-Identifier: MIT */
/* secbake check: advice on a policy, a blob or a bare program. */
#include <stdlib.h>
#include <string.h>

#include <secbake/check.h>

#include "policy.h"
#include "program.h"

#define IGNORE_MAX 64

struct request {
	struct secbake_findings base; /* first: it receives the findings */
	struct cli_policy policy;
	struct secbake_check_options options;
	const char *ignore[IGNORE_MAX];
	enum secbake_level level;
	bool json, list;
	char from[16]; /* of --kernel A..B */
	uint32_t told, found;
};

enum { OPT_LEVEL = CLI_OPT_OWN, OPT_JSON, OPT_LIST, OPT_IGNORE };

static const struct option longs[] = {
	CLI_SUBJECT_OPTIONS,
	{"level", required_argument, NULL, OPT_LEVEL},
	{"json", no_argument, NULL, OPT_JSON},
	{"list", no_argument, NULL, OPT_LIST},
	{"ignore", required_argument, NULL, OPT_IGNORE},
	{0},
};

static const char *const levels[] = {
	[SECBAKE_NOTE] = "note", [SECBAKE_WARNING] = "warning", [SECBAKE_ERROR] = "error"};

static void print_text(const struct secbake_finding *finding)
{
	const struct secbake_error *at = &finding->message;

	printf("%s:", at->file);
	if (at->line)
		printf("%u:", at->line);
	printf(" %s%s%s: %s [%s]\n", at->pointer, *at->pointer ? ": " : "", levels[finding->level],
	       at->text, finding->check->code);
	if (*finding->reason)
		printf("    accepted: %s\n", finding->reason);
	else
		printf("    to mend: %s\n", finding->check->mend);
}

static void print_json(const struct secbake_finding *finding, bool first)
{
	const struct secbake_error *at = &finding->message;

	printf("%s\n\t{\n\t\t\"code\": ", first ? "[" : ",");
	cli_json_string(finding->check->code);
	printf(",\n\t\t\"level\": ");
	cli_json_string(levels[finding->level]);
	printf(",\n\t\t\"file\": ");
	cli_json_string(at->file);
	if (at->line)
		printf(",\n\t\t\"line\": %u,\n\t\t\"column\": %u", at->line, at->column);
	printf(",\n\t\t\"pointer\": ");
	cli_json_string(at->pointer);
	printf(",\n\t\t\"text\": ");
	cli_json_string(at->text);
	printf(",\n\t\t\"mend\": ");
	cli_json_string(finding->check->mend);
	if (*finding->reason) {
		printf(",\n\t\t\"accepted\": ");
		cli_json_string(finding->reason);
	}
	printf("\n\t}");
}

static void found(struct secbake_findings *self, const struct secbake_finding *finding)
{
	struct request *r = (struct request *)self; /* base is its first member */

	if (finding->level < r->level)
		return;
	r->found += !*finding->reason; /* what is accepted is told, and is no finding any more */
	if (r->json)
		print_json(finding, !r->told);
	else
		print_text(finding);
	r->told++;
}

static enum cli_exit list(void)
{
	const struct secbake_check *check;

	for (size_t i = 0; (check = secbake_check_at(i)); i++)
		printf("%-26s %-8s %s\n", check->code, levels[check->level], check->title);
	return CLI_DONE;
}

static enum cli_exit check(struct request *r)
{
	struct secbake_error error = {0};
	enum secbake_status status;

	r->base.found = found;
	r->options.findings = &r->base;
	r->options.ignore = r->ignore;
	status = secbake_check(&r->options, &error);
	if (status != SECBAKE_OK)
		return cli_policy_fail(&r->policy, &error);
	if (r->json)
		puts(r->told ? "\n]" : "[]");
	return r->found ? CLI_FINDING : CLI_DONE;
}

/* "5.10..6.12": from and to; the policy's target is then the newer one. */
static bool split_range(struct request *r)
{
	const char *kernel = r->policy.target.kernel, *dots = kernel ? strstr(kernel, "..") : NULL;
	size_t size = dots ? (size_t)(dots - kernel) : 0;

	if (!dots)
		return true;
	if (size >= sizeof(r->from))
		return false;
	memcpy(r->from, kernel, size);
	r->policy.target.kernel = dots + 2;
	return secbake_kernel_parse(r->from, &r->options.kernel_from) && r->options.kernel_from &&
	       secbake_kernel_parse(dots + 2, &r->options.kernel_to) &&
	       r->options.kernel_from <= r->options.kernel_to;
}

static enum cli_exit check_programs(struct request *r, const char *path)
{
	struct cli_programs programs = {0};
	enum cli_exit status = cli_programs_open(&cli_check, &programs, path, &r->policy.target,
						 SECBAKE_MODE_ENFORCE);

	r->options.program = programs.program;
	r->options.program_count = programs.count;
	r->options.arch = programs.arch;
	r->options.file = path;
	if (programs.blob.bytes)
		r->options.program_mode =
			programs.blob.flags & (SECBAKE_BLOB_UNRESTRICTED | SECBAKE_BLOB_COMPLAIN);
	if (status == CLI_DONE)
		status = check(r);
	cli_programs_close(&programs);
	return status;
}

static enum cli_exit check_policy(struct request *r, const char *path)
{
	enum cli_exit status = cli_policy_open(&cli_check, &r->policy, path);

	r->options.policy = &r->policy.options;
	if (status == CLI_DONE)
		status = check(r);
	cli_policy_close(&r->policy);
	return status;
}

/* A policy is text; a program and a blob have a NUL soon. */
static bool is_policy(const char *path)
{
	char start[64];
	size_t size;
	FILE *file;

	if (!strcmp(path, "-"))
		return true; /* standard input is read once */
	file = fopen(path, "re");
	if (!file)
		return true; /* whoever reads it says what is wrong */
	size = fread(start, 1, sizeof(start), file);
	fclose(file);
	return !memchr(start, '\0', size);
}

static enum cli_exit own_option(struct request *r, int option)
{
	const char *near;

	switch (option) {
	case OPT_LEVEL:
		for (int i = SECBAKE_NOTE; i <= SECBAKE_ERROR; i++) {
			if (strcmp(levels[i], optarg) != 0)
				continue;
			r->level = (enum secbake_level)i;
			return CLI_DONE;
		}
		return cli_usage(&cli_check, "--level wants note, warning or error, not '%s'",
				 optarg);
	case OPT_IGNORE:
		if (r->options.ignore_count == IGNORE_MAX)
			return cli_usage(&cli_check, "--ignore can be given %d times", IGNORE_MAX);
		if (!secbake_check_find(optarg)) {
			near = secbake_check_nearest(optarg);
			if (near)
				return cli_usage(&cli_check,
						 "there is no check '%s'; did you mean '%s'?",
						 optarg, near);
			return cli_usage(&cli_check, "there is no check '%s'; --list names them",
					 optarg);
		}
		r->ignore[r->options.ignore_count++] = optarg;
		return CLI_DONE;
	case OPT_JSON:
		r->json = true;
		return CLI_DONE;
	case OPT_LIST:
		r->list = true;
		return CLI_DONE;
	default:
		return cli_policy_option(&cli_check, &r->policy, option, optarg);
	}
}

static enum cli_exit run(int argc, char **argv)
{
	struct request r = {.level = SECBAKE_WARNING};
	enum cli_exit status = CLI_DONE;
	int option;

	while (status == CLI_DONE &&
	       (option = cli_next(&cli_check, argc, argv, ":P:", longs)) != -1) {
		if (option == '?')
			return CLI_USAGE;
		if (option == CLI_HELP)
			return CLI_DONE;
		status = own_option(&r, option);
	}
	if (status != CLI_DONE)
		return status;
	if (r.list && argc == optind)
		return list();
	if (r.list)
		return cli_usage(&cli_check, "--list takes no policy");
	if (argc - optind != 1)
		return cli_usage(&cli_check,
				 argc == optind ? "which policy?" : "one policy at a time");
	if (!split_range(&r))
		return cli_usage(&cli_check,
				 "--kernel wants a version or a range such as 5.10..6.12");
	if (is_policy(argv[optind]))
		return check_policy(&r, argv[optind]);
	if (r.options.kernel_from)
		return cli_usage(&cli_check, "a range of kernels is for policies; a blob has a "
					     "program for each, choose one");
	return check_programs(&r, argv[optind]);
}

const struct cli_verb cli_check = {
	.name = "check",
	.summary = "look for what a policy gets wrong: holes, traps, rules without effect",
	.help = "usage: secbake check [OPTION...] POLICY.json|PROGRAM|BLOB\n"
		"       secbake check --list\n"
		"Asks what a policy, a blob or a bare program decides, and tells what an attacker\n"
		"gets around, what breaks programs by accident, and what has no effect. Exit\n"
		"status 0: nothing is left at the level asked for or above; 1: something is.\n\n"
		"  --level note|warning|error\n"
		"                        tell what is at this level or above (default: warning)\n"
		"  --json                an array of objects instead of text\n"
		"  --ignore CODE         leave out what has this code; repeatable\n"
		"  --kernel A..B         check for every kernel version from A to B\n"
		"  --list                the codes, their levels, and what they mean\n" CLI_SUBJECT_HELP,
	.run = run,
};
