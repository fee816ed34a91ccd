/* SPDX-License-Identifier: MIT */
/* secbake constants: what names of a policy's arguments stand for. */
#include <getopt.h>
#include <inttypes.h>
#include <string.h>

#include <secbake/inspect.h>

#include "cli.h"

#define TEXT 24 /* "0x" and 16 digits, or a sign and 20 */

static const struct option longs[] = {
	{"arch", required_argument, NULL, 'a'},
	{"json", no_argument, NULL, 'j'},
	{0},
};

struct row {
	const char *name;
	char hex[TEXT], decimal[TEXT];
};

struct widths {
	int name, hex, decimal;
};

static int wider(int width, const char *text)
{
	int size = (int)strlen(text);

	return size > width ? size : width;
}

/* The row at index, if the name is wanted and arch has it. */
static bool row_at(const struct secbake_arch *arch, const char *pattern, size_t index,
		   struct row *row)
{
	const char *name = secbake_constant_at(index);
	bool negative;
	uint64_t value;

	if (!cli_matches(pattern, name) || !secbake_constant(arch, name, &value, &negative))
		return false;
	row->name = name;
	if (negative)
		snprintf(row->decimal, sizeof(row->decimal), "-%" PRIu64, -value);
	else
		snprintf(row->decimal, sizeof(row->decimal), "%" PRIu64, value);
	/* A register of a 32-bit ABI has no upper half to fill with ones. */
	if (arch->bits == 32)
		value = (uint32_t)value;
	snprintf(row->hex, sizeof(row->hex), "0x%" PRIx64, value);
	return true;
}

static enum cli_exit none(const struct secbake_arch *arch, const char *pattern)
{
	const char *nearest = pattern ? secbake_constant_nearest(pattern) : NULL;

	if (!nearest)
		fprintf(stderr, "secbake constants: no constant of %s matches '%s'\n", arch->name,
			pattern ? pattern : "");
	else if (!strcmp(nearest, pattern))
		fprintf(stderr, "secbake constants: %s has no %s, other architectures have it\n",
			arch->name, nearest);
	else
		fprintf(stderr,
			"secbake constants: no constant of %s matches '%s'; did you mean '%s'?\n",
			arch->name, pattern, nearest);
	return CLI_FINDING;
}

static enum cli_exit list(const struct secbake_arch *arch, const char *pattern, bool json)
{
	struct widths widths = {0};
	struct row row;

	for (size_t i = 0; secbake_constant_at(i); i++) {
		if (!row_at(arch, pattern, i, &row))
			continue;
		widths.name = wider(widths.name, row.name);
		widths.hex = wider(widths.hex, row.hex);
		widths.decimal = wider(widths.decimal, row.decimal);
	}
	if (!widths.name)
		return none(arch, pattern);
	for (size_t i = 0; secbake_constant_at(i); i++) {
		if (!row_at(arch, pattern, i, &row))
			continue;
		if (json)
			printf("{\"name\": \"%s\", \"value\": %s, \"hex\": \"%s\"}\n", row.name,
			       row.decimal, row.hex);
		else
			printf("%-*s  %*s  %*s\n", widths.name, row.name, widths.hex, row.hex,
			       widths.decimal, row.decimal);
	}
	return CLI_DONE;
}

static enum cli_exit run(int argc, char **argv)
{
	const struct secbake_arch *arch = secbake_arch_native();
	bool json = false;
	int option;

	while ((option = cli_next(&cli_constants, argc, argv, ":", longs)) != -1) {
		switch (option) {
		case 'a':
			arch = cli_arch(&cli_constants, optarg, true);
			if (!arch)
				return CLI_USAGE;
			break;
		case 'j':
			json = true;
			break;
		case CLI_HELP:
			return CLI_DONE;
		default:
			return CLI_USAGE;
		}
	}
	if (argc - optind > 1)
		return cli_usage(&cli_constants, "'%s' is one argument too many", argv[optind + 1]);
	return list(arch, argv[optind], json);
}

const struct cli_verb cli_constants = {
	.name = "constants",
	.summary = "list the constants that policies can name, and their values",
	.help = "usage: secbake constants [--arch ARCH] [--json] [PATTERN]\n"
		"Lists the constants of an architecture's kernel that a policy's arguments can\n"
		"name: name, value in hexadecimal (of a register's width), value in decimal.\n"
		"PATTERN is a part of the name, or a shell glob of all of it; case does not matter.\n"
		"Exit status 1: nothing matches.\n\n"
		"  --arch ARCH  of this architecture (default: this machine's)\n"
		"  --json       an object a line\n",
	.run = run,
};
