/* SPDX-License-Identifier: MIT */
/* secbake refresh: bring the cache up to date for a kernel. */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "places.h"

#define JOBS_MAX 256

struct report {
	struct secbake_refresh_reporter base; /* first */
	bool quiet, json;
	bool some; /* JSON: there was a result before */
};

static const char *outcome_name(enum secbake_outcome outcome)
{
	return outcome == SECBAKE_REUSED     ? "reused"
	       : outcome == SECBAKE_COMPILED ? "compiled"
					     : "failed";
}

static void print_json_event(struct report *report, const struct secbake_refresh_event *event)
{
	printf("%s\n    {\"name\": \"%s\", \"outcome\": \"%s\"", report->some ? "," : "",
	       event->name, outcome_name(event->outcome));
	report->some = true;
	if (event->root) {
		fputs(", \"cache\": ", stdout);
		cli_json_string(event->root);
	}
	if (event->error) {
		if (event->error->file[0]) {
			fputs(", \"file\": ", stdout);
			cli_json_string(event->error->file);
		}
		if (event->error->line)
			printf(", \"line\": %u", event->error->line);
		if (event->error->pointer[0]) {
			fputs(", \"pointer\": ", stdout);
			cli_json_string(event->error->pointer);
		}
		fputs(", \"error\": ", stdout);
		cli_json_string(event->error->text);
		if (event->error->sys_errno) {
			fputs(", \"system\": ", stdout);
			cli_json_string(strerror(event->error->sys_errno));
		}
	}
	putchar('}');
}

/* On standard error, by file and line if the error has them, else by the policy's name. */
static void print_error(const char *level, const char *name, const struct secbake_error *error)
{
	char prefix[SECBAKE_NAME_MAX + 64];

	if (error->file[0] || !name)
		snprintf(prefix, sizeof(prefix), "%s%s", error->file[0] ? "" : "secbake: ", level);
	else
		snprintf(prefix, sizeof(prefix), "secbake: %s%.64s: ", level, name);
	cli_print(prefix, error);
}

static void policy(struct secbake_refresh_reporter *self, const struct secbake_refresh_event *event)
{
	struct report *report = (struct report *)self;

	if (event->outcome == SECBAKE_FAILED)
		print_error("", event->name, event->error);
	if (report->json)
		print_json_event(report, event);
	else if (event->outcome == SECBAKE_COMPILED && !report->quiet)
		printf("%s: compiled into %s\n", event->name, event->root);
}

static void message(struct secbake_refresh_reporter *self, enum secbake_level level,
		    const char *name, const struct secbake_error *text)
{
	struct report *report = (struct report *)self;

	if (level == SECBAKE_ERROR)
		print_error("", name, text);
	else if (text->status == SECBAKE_ERR_TARGET || (level == SECBAKE_WARNING && !report->quiet))
		print_error(level == SECBAKE_WARNING ? "warning: " : "note: ", name, text);
}

static void print_summary(const struct report *report,
			  const struct secbake_refresh_summary *summary)
{
	if (report->json)
		printf("%s],\n  \"policies\": %zu, \"reused\": %zu, \"compiled\": %zu, \"failed\": "
		       "%zu\n}\n",
		       report->some ? "\n  " : "", summary->policies, summary->reused,
		       summary->compiled, summary->failed);
	else if (!report->quiet)
		printf("%zu polic%s: %zu reused, %zu compiled, %zu failed\n", summary->policies,
		       summary->policies == 1 ? "y" : "ies", summary->reused, summary->compiled,
		       summary->failed);
}

static bool parse_jobs(const char *text, unsigned int *jobs)
{
	char *end;
	unsigned long value;

	if (*text < '1' || *text > '9')
		return false;
	value = strtoul(text, &end, 10);
	if (*end || value > JOBS_MAX)
		return false;
	*jobs = (unsigned int)value;
	return true;
}

struct arguments {
	struct cli_places places;
	struct cli_target target;
	unsigned int jobs;
	enum secbake_effort effort;
	bool quiet, json;
};

/* CLI_DONE: go on; names are from optind on. */
static enum cli_exit parse(int argc, char **argv, struct arguments *arguments, bool *help)
{
	static const struct option longs[] = {
		{"cache", required_argument, NULL, 'C'},
		{"policies", required_argument, NULL, 'P'},
		{"jobs", required_argument, NULL, 'j'},
		{"quiet", no_argument, NULL, 'q'},
		{"json", no_argument, NULL, 'J'},
		{"effort", required_argument, NULL, 'e'},
		{"arch", required_argument, NULL, 'a'},
		{"kernel", required_argument, NULL, 'k'},
		{"features", required_argument, NULL, 'f'},
		{NULL, 0, NULL, 0},
	};
	int c;

	while ((c = cli_next(&cli_refresh, argc, argv, ":C:P:j:q", longs)) != -1) {
		switch (c) {
		case 'C':
		case 'P':
			if (!cli_places_add(&cli_refresh, &arguments->places, c, optarg))
				return CLI_USAGE;
			break;
		case 'j':
			if (!parse_jobs(optarg, &arguments->jobs))
				return cli_usage(&cli_refresh, "-j wants 1 to %d, not '%s'",
						 JOBS_MAX, optarg);
			break;
		case 'q':
			arguments->quiet = true;
			break;
		case 'J':
			arguments->json = true;
			break;
		case 'e':
			if (cli_effort(&cli_refresh, optarg, &arguments->effort) != CLI_DONE)
				return CLI_USAGE;
			break;
		case 'a':
			arguments->target.arch = optarg;
			break;
		case 'k':
			arguments->target.kernel = optarg;
			break;
		case 'f':
			arguments->target.features = optarg;
			break;
		case CLI_HELP:
			*help = true;
			return CLI_DONE;
		default:
			return CLI_USAGE;
		}
	}
	return CLI_DONE;
}

static enum cli_exit run(int argc, char **argv)
{
	struct arguments arguments = {.jobs = 1};
	struct report report = {.base = {.policy = policy, .message = message}};
	struct secbake_refresh_options options = {.reporter = &report.base};
	struct secbake_refresh_summary summary;
	struct secbake_error error = {0};
	enum cli_exit status;
	bool help = false;

	status = parse(argc, argv, &arguments, &help);
	if (status != CLI_DONE || help)
		return status;
	for (int i = optind; i < argc; i++)
		if (!secbake_name_valid(argv[i]))
			return cli_usage(&cli_refresh,
					 "'%s' cannot name a policy: give NAME, not NAME.json",
					 argv[i]);
	status = cli_target_features(&cli_refresh, &arguments.target, &options.features);
	if (status != CLI_DONE)
		return status;
	report.quiet = arguments.quiet;
	report.json = arguments.json;
	options.places = cli_places_of(&arguments.places);
	options.jobs = arguments.jobs;
	options.effort = arguments.effort;
	options.name = (const char *const *)argv + optind;
	options.name_count = (size_t)(argc - optind);
	if (report.json)
		fputs("{\"results\": [", stdout);
	if (secbake_refresh(&options, &summary, &error)) {
		if (report.json)
			puts("], \"policies\": 0, \"reused\": 0, \"compiled\": 0, \"failed\": 0}");
		return cli_fail(&error);
	}
	print_summary(&report, &summary);
	return cli_exit_of(summary.worst);
}

const struct cli_verb cli_refresh = {
	.name = "refresh",
	.summary = "bring the cache up to date for this kernel",
	.help = "usage: secbake refresh [OPTION...] [NAME...]\n"
		"Sees to it that each policy on the policy path (or each NAME) has a blob for this\n"
		"kernel in the cache: reuses what is good, compiles and proves what is not.\n\n"
		"  -C, --cache DIR     a cache root instead of the default ones; may be repeated:\n"
		"                      all are read, the first that can be written is written to\n"
		"  -P, --policies DIR  a directory of policies instead of the default ones; may be\n"
		"                      repeated, the first that has a NAME.json wins\n"
		"  -j, --jobs N        compile N policies at the same time\n"
		"  -q, --quiet         print failures, and what the kernel lacks, only\n"
		"      --json          print the result as JSON\n"
		"      --effort default|best\n"
		"                      best: seconds instead of milliseconds, for shorter programs\n"
		"      --arch ARCH, --kernel X.Y, --features FILE\n"
		"                      for another kernel than the running one\n\n"
		"Compile options of a policy stand beside it in NAME.options.\n"
		"Exit status: 0 all are up to date, 3 a policy was rejected, 4 system error,\n"
		"5 a proof found no end.\n",
	.run = run,
};
