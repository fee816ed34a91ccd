/* SPDX-License-Identifier: MIT */
/* secbake: the table of verbs. */
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <secbake/inspect.h>

#include "cli.h"

static const struct cli_verb *const verbs[] = {
	&cli_compile,  &cli_check,     &cli_import,   &cli_emu,	    &cli_explain,
	&cli_disasm,   &cli_prove,     &cli_diff,     &cli_refresh, &cli_cache,
	&cli_features, &cli_constants, &cli_syscalls,
};

#define KEPT_MAX (32 << 20)
#define KEPT_STEP (1 << 20)
#define VERB_COUNT (sizeof(verbs) / sizeof(verbs[0]))

static void help(FILE *out)
{
	fputs("usage: secbake VERB [OPTION...] [ARGUMENT...]\n"
	      "Compiles seccomp policies into programs, proves them, and keeps them in a cache.\n\n",
	      out);
	for (size_t i = 0; i < VERB_COUNT; i++)
		fprintf(out, "  %-10s %s\n", verbs[i]->name, verbs[i]->summary);
	fputs("\nsecbake VERB --help tells more; secbake --version names the version.\n"
	      "Exit status: 0 done, 1 a finding, 2 usage, 3 rejected input, 4 system error,\n"
	      "5 cannot tell.\n",
	      out);
}

/*
 * Where a standard descriptor is closed, a file opened here would take its place,
 * and messages would go into a blob. What stands there instead fails as a closed
 * one would: it is open the wrong way.
 */
static bool occupy_standard_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 &&
		    open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd &&
		    open("/", O_PATH) != fd)
			return false;
	return true;
}

/*
 * A command does not run for long: memory that is free again goes to what comes next.
 * Given back to the kernel, it would come back page by page, each with a fault.
 */
static void keep_memory(void)
{
#ifdef __GLIBC__
	mallopt(M_TRIM_THRESHOLD, KEPT_MAX);
	mallopt(M_MMAP_THRESHOLD, KEPT_MAX);
	mallopt(M_TOP_PAD, KEPT_STEP);
#endif
}

static const struct cli_verb *find(const char *name)
{
	for (size_t i = 0; i < VERB_COUNT; i++)
		if (!strcmp(name, verbs[i]->name))
			return verbs[i];
	return NULL;
}

static enum cli_exit no_verb(const char *word)
{
	const char *names[VERB_COUNT + 1] = {"help"}, *near;
	struct secbake_error shown = {0}; /* without control characters */

	secbake_error_set(&shown, SECBAKE_ERR_INPUT, 0, "%s", word);
	if (*word == '-') {
		fprintf(stderr,
			"secbake: %s stands where a verb should: secbake VERB [OPTION...]; secbake "
			"--help lists the verbs\n",
			shown.text);
		return CLI_USAGE;
	}
	for (size_t i = 0; i < VERB_COUNT; i++)
		names[i + 1] = verbs[i]->name;
	near = secbake_nearest(word, names, VERB_COUNT + 1);
	if (near)
		fprintf(stderr,
			"secbake: there is no verb '%s'; did you mean '%s'? secbake --help lists "
			"them\n",
			shown.text, near);
	else
		fprintf(stderr, "secbake: there is no verb '%s'; secbake --help lists them\n",
			shown.text);
	return CLI_USAGE;
}

/* secbake --help, and secbake help [VERB] */
static enum cli_exit tell(const char *word)
{
	const struct cli_verb *verb = word ? find(word) : NULL;

	if (word && !verb)
		return no_verb(word);
	if (verb)
		fputs(verb->help, stdout);
	else
		help(stdout);
	return CLI_DONE;
}

int main(int argc, char **argv)
{
	const struct cli_verb *verb;

	keep_memory();
	if (!occupy_standard_descriptors())
		return CLI_SYSTEM;
	if (argc < 2) {
		help(stderr);
		return CLI_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
		return (int)cli_close_stdout(tell(NULL));
	if (!strcmp(argv[1], "help"))
		return (int)cli_close_stdout(tell(argv[2]));
	if (!strcmp(argv[1], "--version")) {
		puts("secbake " SECBAKE_VERSION);
		return (int)cli_close_stdout(CLI_DONE);
	}
	verb = find(argv[1]);
	return verb ? (int)cli_close_stdout(verb->run(argc - 1, argv + 1)) : (int)no_verb(argv[1]);
}
