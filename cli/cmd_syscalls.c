/* SPDX-License-Identifier: MIT */
/* secbake syscalls: the calls that policies can name. */
#include <getopt.h>
#include <inttypes.h>
#include <string.h>

#include <secbake/inspect.h>

#include "cli.h"
#include "group.h"

static const struct option longs[] = {
	{"arch", required_argument, NULL, 'a'},
	{"json", no_argument, NULL, 'j'},
	{"policies", required_argument, NULL, 'P'},
	{0},
};

#define SINCE_TEXT 16

static void format_since(uint32_t since, char text[SINCE_TEXT])
{
	if (since)
		snprintf(text, SINCE_TEXT, "%u.%u", since >> 16, since & 0xffff);
	else
		strcpy(text, "-");
}

static void print_row(const char *name, int width, int number_width,
		      const struct secbake_syscall *syscall)
{
	char since[SINCE_TEXT];

	format_since(syscall->since, since);
	printf("%-*s  %*" PRIu32 "  %4s  ", width, name, number_width, syscall->nr, since);
	if (syscall->arg_count <= 0)
		fputs(syscall->arg_count ? "?" : "void", stdout);
	for (int i = 0; i < syscall->arg_count; i++) {
		const char *type = syscall->arg[i].type;

		printf("%s%s%s%s", i ? ", " : "", type, type[strlen(type) - 1] == '*' ? "" : " ",
		       syscall->arg[i].name);
	}
	putchar('\n');
}

static void print_json(const char *name, const struct secbake_syscall *syscall)
{
	char since[SINCE_TEXT];

	format_since(syscall->since, since);
	printf("{\"name\": \"%s\", \"nr\": %" PRIu32, name, syscall->nr);
	if (syscall->since)
		printf(", \"since\": \"%s\"", since);
	if (syscall->arg_count >= 0) {
		fputs(", \"args\": [", stdout);
		for (int i = 0; i < syscall->arg_count; i++)
			printf("%s{\"type\": \"%s\", \"name\": \"%s\"}", i ? ", " : "",
			       syscall->arg[i].type, syscall->arg[i].name);
		putchar(']');
	}
	puts("}");
}

static enum cli_exit none(const struct secbake_arch *arch, const char *pattern)
{
	const char *nearest = pattern ? secbake_syscall_nearest(pattern) : NULL;

	if (!nearest)
		fprintf(stderr, "secbake syscalls: no call of %s matches '%s'\n", arch->name,
			pattern ? pattern : "");
	else if (!strcmp(nearest, pattern))
		fprintf(stderr, "secbake syscalls: %s has no %s, other architectures have it\n",
			arch->name, nearest);
	else
		fprintf(stderr,
			"secbake syscalls: no call of %s matches '%s'; did you mean '%s'?\n",
			arch->name, pattern, nearest);
	return CLI_FINDING;
}

/* What is listed: an architecture's calls that a pattern matches, or that a group has. */
struct wanted {
	const struct secbake_arch *arch;
	const char *pattern;	       /* or NULL */
	const struct cli_group *group; /* or NULL */
	bool json;
};

static bool is_wanted(const struct wanted *wanted, const char *name,
		      struct secbake_syscall *syscall)
{
	if (!wanted->group && !cli_matches(wanted->pattern, name))
		return false;
	return secbake_syscall_describe(wanted->arch, name, syscall) &&
	       (!wanted->group || cli_group_has(wanted->group, wanted->arch, syscall->nr));
}

static enum cli_exit list(const struct wanted *wanted)
{
	struct secbake_syscall syscall;
	const char *name;
	int width = 0;

	for (size_t i = 0; (name = secbake_syscall_at(i)); i++)
		if ((int)strlen(name) > width && is_wanted(wanted, name, &syscall))
			width = (int)strlen(name);
	if (!width)
		return none(wanted->arch, wanted->pattern);
	for (size_t i = 0; (name = secbake_syscall_at(i)); i++) {
		if (!is_wanted(wanted, name, &syscall))
			continue;
		if (wanted->json)
			print_json(name, &syscall);
		else
			print_row(name, width, wanted->arch->x32 ? 10 : 4, &syscall);
	}
	return CLI_DONE;
}

static enum cli_exit list_group(struct wanted *wanted, struct cli_sources *sources)
{
	struct cli_group group;
	enum cli_exit status = cli_group_open(&group, sources, wanted->arch, wanted->pattern);

	wanted->group = &group;
	if (status == CLI_DONE)
		status = list(wanted);
	cli_group_close(&group);
	cli_sources_close(sources);
	return status;
}

static enum cli_exit parse(int argc, char **argv, struct wanted *wanted,
			   struct cli_sources *sources)
{
	int option;

	while ((option = cli_next(&cli_syscalls, argc, argv, ":P:", longs)) != -1) {
		switch (option) {
		case 'a':
			wanted->arch = cli_arch(&cli_syscalls, optarg, true);
			if (!wanted->arch)
				return CLI_USAGE;
			break;
		case 'j':
			wanted->json = true;
			break;
		case 'P':
			if (sources->dir_count == CLI_POLICY_DIRS_MAX)
				return cli_usage(&cli_syscalls, "-P can be given %d times",
						 CLI_POLICY_DIRS_MAX);
			sources->dir[sources->dir_count++] = optarg;
			break;
		default:
			return option == CLI_HELP ? (enum cli_exit)CLI_HELP : CLI_USAGE;
		}
	}
	if (argc - optind > 1)
		return cli_usage(&cli_syscalls, "'%s' is one argument too many", argv[optind + 1]);
	wanted->pattern = argv[optind];
	return CLI_DONE;
}

static enum cli_exit run(int argc, char **argv)
{
	struct wanted wanted = {.arch = secbake_arch_native()};
	struct cli_sources sources = {.dir_count = 0};
	enum cli_exit status = parse(argc, argv, &wanted, &sources);

	if (status == (enum cli_exit)CLI_HELP)
		return CLI_DONE;
	if (status != CLI_DONE)
		return status;
	if (wanted.pattern && wanted.pattern[0] == '@')
		return list_group(&wanted, &sources);
	return list(&wanted);
}

const struct cli_verb cli_syscalls = {
	.name = "syscalls",
	.summary = "list the system calls that policies can name",
	.help = "usage: secbake syscalls [--arch ARCH] [--json] [-P DIR]... [PATTERN|@GROUP]\n"
		"Lists an architecture's system calls: name, number (as seccomp sees it: x32's with\n"
		"bit 30), the kernel release by which it was there (2.6: or older; -: not known), and\n"
		"arguments as the kernel declares them (?: not known).\n"
		"PATTERN is a part of the name, or a shell glob of all of it; case does not matter.\n"
		"@GROUP lists what the group comes to there, nested groups and all.\n"
		"Exit status 1: nothing matches.\n\n"
		"  --arch ARCH  of this architecture (default: this machine's)\n"
		"  --json       an object a line\n"
		"  -P, --policies DIR\n"
		"               where @groups.json is, instead of the policy path; repeatable\n",
	.run = run,
};
