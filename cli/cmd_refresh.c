/* SPDX-License-Identifier: MIT */
/* secbake refresh: bring the cache up to date for a kernel. */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "places.h"
#include "progress.h"

#define JOBS_MAX 256
#define LINES_MAX 100 /* of more policies only the sum is of interest */

struct report {
	struct secbake_refresh_reporter base; /* first */
	bool quiet, json;
	bool some; /* JSON: there was a result before */
	bool progress, same_terminal;
	size_t bases;
	struct cli_progress bar;
};

static const char *outcome_name(enum secbake_outcome outcome)
{
	static const char *const names[] = {
		[SECBAKE_REUSED] = "reused",	   [SECBAKE_COMPILED] = "compiled",
		[SECBAKE_FAILED] = "failed",	   [SECBAKE_COPIED] = "copied",
		[SECBAKE_RESTAMPED] = "restamped", [SECBAKE_BASE] = "base",
	};

	return names[outcome];
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

/* Who gives a file's name has said ".json" once too often. */
static void print_failure(const struct secbake_refresh_event *event)
{
	const size_t size = strlen(event->name);

	print_error("", event->name, event->error);
	if (event->error->status == SECBAKE_ERR_MISSING && size > 5 &&
	    !strcmp(event->name + size - 5, ".json"))
		fprintf(stderr, "secbake: policies are named without .json: secbake refresh %.*s\n",
			(int)size - 5, event->name);
}

static void policy(struct secbake_refresh_reporter *self, const struct secbake_refresh_event *event)
{
	struct report *report = (struct report *)self;
	const bool line = event->root && event->outcome != SECBAKE_REUSED && !report->quiet &&
			  event->total <= LINES_MAX;

	report->bases += event->outcome == SECBAKE_BASE;
	/* The line stays where nothing is printed over it: results come in bursts, by batches. */
	if (event->outcome == SECBAKE_FAILED || (report->json ? report->same_terminal : line))
		cli_progress_clear(&report->bar);
	if (event->outcome == SECBAKE_FAILED)
		print_failure(event);
	if (report->json)
		print_json_event(report, event);
	else if (line)
		printf("%s: %s into %s\n", event->name, outcome_name(event->outcome), event->root);
	if (report->progress)
		cli_progress_show(&report->bar, event->done, event->total);
}

static void message(struct secbake_refresh_reporter *self, enum secbake_level level,
		    const char *name, const struct secbake_error *text)
{
	struct report *report = (struct report *)self;

	cli_progress_clear(&report->bar);
	if (level == SECBAKE_ERROR)
		print_error("", name, text);
	else if (text->status == SECBAKE_ERR_TARGET || (level == SECBAKE_WARNING && !report->quiet))
		print_error(level == SECBAKE_WARNING ? "warning: " : "note: ", name, text);
}

static void print_summary(const struct report *report, const struct secbake_refresh_summary *s)
{
	if (report->json) {
		printf("%s],\n  \"policies\": %zu, \"reused\": %zu, \"copied\": %zu, "
		       "\"restamped\": %zu, \"compiled\": %zu, \"failed\": %zu\n}\n",
		       report->some ? "\n  " : "", s->policies, s->reused, s->copied, s->restamped,
		       s->compiled, s->failed);
		return;
	}
	if (report->quiet)
		return;
	printf("%zu polic%s: %zu reused, ", s->policies, s->policies == 1 ? "y" : "ies", s->reused);
	if (s->copied)
		printf("%zu copied, ", s->copied);
	if (s->restamped)
		printf("%zu restamped, ", s->restamped);
	printf("%zu compiled, %zu failed%s", s->compiled, s->failed,
	       s->quick ? " (nothing has changed)" : "");
	if (report->bases)
		printf("; %zu base%s of others", report->bases, report->bases == 1 ? "" : "s");
	putchar('\n');
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
	unsigned int jobs;
	enum secbake_effort effort;
	bool quiet, json, quick;
};

enum { OPT_JSON = CLI_PLACES_OWN, OPT_QUICK, OPT_EFFORT };

/* CLI_DONE: go on; names are from optind on. */
static enum cli_exit parse(int argc, char **argv, struct arguments *arguments, bool *help)
{
	static const struct option longs[] = {
		CLI_PLACES_OPTIONS,
		{"jobs", required_argument, NULL, 'j'},
		{"quiet", no_argument, NULL, 'q'},
		{"json", no_argument, NULL, OPT_JSON},
		{"quick", no_argument, NULL, OPT_QUICK},
		{"effort", required_argument, NULL, OPT_EFFORT},
		{NULL, 0, NULL, 0},
	};
	enum cli_exit status = CLI_DONE;
	int c;

	while (status == CLI_DONE &&
	       (c = cli_next(&cli_refresh, argc, argv, ":j:q" CLI_PLACES_SHORTS, longs)) != -1) {
		if (c == CLI_HELP) {
			*help = true;
			return CLI_DONE;
		}
		if (c == 'j' && !parse_jobs(optarg, &arguments->jobs))
			return cli_usage(&cli_refresh, "-j wants 1 to %d, not '%s'", JOBS_MAX,
					 optarg);
		if (c == 'q')
			arguments->quiet = true;
		else if (c == OPT_JSON)
			arguments->json = true;
		else if (c == OPT_QUICK)
			arguments->quick = true;
		else if (c == OPT_EFFORT)
			status = cli_effort(&cli_refresh, optarg, &arguments->effort);
		else if (c != 'j')
			status = cli_places_option(&cli_refresh, &arguments->places, c, optarg);
	}
	return status;
}

static enum cli_exit refresh(struct report *report, struct secbake_refresh_options *options)
{
	struct secbake_refresh_summary summary;
	struct secbake_error error = {0};

	cli_keep_memory();
	report->progress = cli_progress_wanted() && !report->quiet;
	report->same_terminal = isatty(STDOUT_FILENO);
	if (report->json)
		fputs("{\"results\": [", stdout);
	if (secbake_refresh(options, &summary, &error)) {
		if (report->json)
			puts("], \"policies\": 0, \"reused\": 0, \"copied\": 0, \"restamped\": 0, "
			     "\"compiled\": 0, \"failed\": 0}");
		return cli_fail(&error);
	}
	cli_progress_clear(&report->bar);
	print_summary(report, &summary);
	return cli_exit_of(summary.worst);
}

static enum cli_exit run(int argc, char **argv)
{
	struct arguments arguments = {.jobs = 1};
	struct report report = {.base = {.policy = policy, .message = message}};
	struct secbake_refresh_options options = {.reporter = &report.base};
	enum cli_exit status;
	bool help = false;

	status = parse(argc, argv, &arguments, &help);
	if (status != CLI_DONE || help)
		return status;
	for (int i = optind; i < argc; i++)
		if (!secbake_name_valid(argv[i]))
			return cli_usage(
				&cli_refresh,
				"'%s' cannot name a policy: give NAME of NAME.json, up to %u of "
				"A-Z a-z 0-9 _ . @ -, and with -P where it is",
				argv[i], SECBAKE_NAME_MAX);
	status = cli_target_features(&cli_refresh, &arguments.places.target, &options.features);
	if (status == CLI_DONE)
		status = cli_places_of(&cli_refresh, &arguments.places, &options.places);
	if (status == CLI_DONE) {
		report.quiet = arguments.quiet;
		report.json = arguments.json;
		options.jobs = arguments.jobs;
		options.quick = arguments.quick;
		options.effort = arguments.effort;
		options.name = (const char *const *)argv + optind;
		options.name_count = (size_t)(argc - optind);
		status = refresh(&report, &options);
	}
	cli_places_free(&arguments.places);
	return status;
}

const struct cli_verb cli_refresh = {
	.name = "refresh",
	.summary = "bring the cache up to date for this kernel",
	.help = "usage: secbake refresh [OPTION...] [NAME...]\n"
		"Sees to it that each policy on the policy path (or each NAME) has a blob for this\n"
		"kernel in the cache: reuses what is good, copies what was made for another kernel and\n"
		"is as good for this one, compiles and proves the rest.\n\n"
		"  -C, --cache DIR     a cache root instead of the default ones; may be repeated:\n"
		"                      all are read, the first that can be written is written to\n"
		"  -P, --policies DIR  a directory of policies instead of the default ones; may be\n"
		"                      repeated, the first that has a NAME.json wins\n"
		"  -j, --jobs N        compile N policies at the same time\n"
		"  -q, --quiet         print failures, what the kernel lacks, and which numbers users\n"
		"                      and groups have, only\n"
		"      --json          print the result as JSON\n"
		"      --effort default|best\n"
		"                      best: seconds instead of milliseconds, for shorter programs\n"
		"      --quick         do nothing if no policy has changed since the last refresh of\n"
		"                      all: one look at each file, for use at boot\n"
		"      --root DIR      policies, users and cache of the image in DIR; the cache there\n"
		"                      is usr/lib/secbake/cache\n"
		"      --arch ARCH, --kernel X.Y, --features FILE\n"
		"                      for another kernel than the running one\n\n"
		"Compile options of a policy stand beside it in NAME.options.\n"
		"Exit status: 0 all are up to date, 3 a policy was rejected, 4 system error,\n"
		"5 a proof found no end.\n",
	.run = run,
};
