/* SPDX-License-Identifier: MIT */
/* Messages, targets and files, as all verbs of secbake treat them. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <secbake/inspect.h>

#include "cli.h"

/*
 * Each compile takes megabytes and gives them back; mapped and faulted in anew each time they
 * were a third of the time, and threads waited for each other's faults.
 */
void cli_keep_memory(void)
{
#ifdef __GLIBC__
	mallopt(M_MMAP_THRESHOLD, 32 << 20);
	mallopt(M_TRIM_THRESHOLD, 256 << 20);
	mallopt(M_TOP_PAD, 16 << 20);
#endif
}

enum cli_exit cli_usage(const struct cli_verb *verb, const char *format, ...)
{
	struct secbake_error shown = {0};
	va_list args;
	char *text;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	/* What was typed may have been a file's name, and that anybody's choice: as in all
	 * messages. */
	secbake_error_set(&shown, SECBAKE_ERR_INPUT, 0, "%s", text ? text : "out of memory");
	free(text);
	fprintf(stderr, "secbake %s: %s%s secbake %s --help tells more\n", verb->name, shown.text,
		format[strlen(format) - 1] == '?' ? "" : ";", verb->name);
	return CLI_USAGE;
}

enum cli_exit cli_effort(const struct cli_verb *verb, const char *value,
			 enum secbake_effort *effort)
{
	if (!strcmp(value, "default"))
		*effort = SECBAKE_EFFORT_DEFAULT;
	else if (!strcmp(value, "best"))
		*effort = SECBAKE_EFFORT_BEST;
	else
		return cli_usage(verb, "--effort wants default or best, not '%s'", value);
	return CLI_DONE;
}

#define LONGS_MAX 64

/* What is wrong with "--NAME" or "--NAME=VALUE", which getopt_long() refused. */
static void bad_long(const struct cli_verb *verb, const char *given, const struct option *longs)
{
	const char *names[LONGS_MAX] = {"help", "version"};
	const char *begins[2] = {NULL}, *whole = NULL, *near;
	int size = (int)strcspn(given + 2, "=");
	size_t count = 2, found = 0;
	char *name;

	for (; longs->name && count < LONGS_MAX; longs++) {
		names[count++] = longs->name;
		if (!size || strncmp(longs->name, given + 2, (size_t)size) != 0)
			continue;
		if (!longs->name[size])
			whole = longs->name;
		if (found < 2)
			begins[found++] = longs->name;
	}
	if (!whole && found == 1)
		whole = begins[0];
	name = strndup(given + 2, (size_t)size);
	near = name ? secbake_nearest(name, names, count) : NULL;
	if (whole)
		cli_usage(verb, "--%s takes no value", whole);
	else if (found)
		cli_usage(verb, "--%.*s may be --%s or --%s", size, given + 2, begins[0],
			  begins[1]);
	else if (near)
		cli_usage(verb, "there is no option --%s; did you mean --%s?", name, near);
	else
		cli_usage(verb, "there is no option --%.*s", size, given + 2);
	free(name);
}

int cli_next(const struct cli_verb *verb, int argc, char **argv, const char *shorts,
	     const struct option *longs)
{
	int c;

	opterr = 0;
	c = getopt_long(argc, argv, shorts, longs, NULL);
	if (c == ':') {
		cli_usage(verb, "%s needs a value", argv[optind - 1]);
		return '?';
	}
	if (c == '?' && (optopt == 'h' || !strcmp(argv[optind - 1], "--help"))) {
		fputs(verb->help, stdout);
		return CLI_HELP;
	}
	if (c == '?' && !strcmp(argv[optind - 1], "--version")) {
		puts("secbake " SECBAKE_VERSION);
		return CLI_HELP;
	}
	if (c != '?')
		return c;
	if (optopt && optopt < 128 && strncmp(argv[optind - 1], "--", 2) != 0)
		cli_usage(verb, "there is no option -%c", optopt);
	else
		bad_long(verb, argv[optind - 1], longs);
	return '?';
}

void cli_print(const char *prefix, const struct secbake_error *error)
{
	fputs(prefix, stderr);
	if (error->file[0])
		fprintf(stderr, "%s:", error->file);
	if (error->file[0] && error->line)
		fprintf(stderr, "%u:", error->line);
	if (error->file[0])
		fputc(' ', stderr);
	if (error->pointer[0])
		fprintf(stderr, "%s: ", error->pointer);
	fputs(error->text, stderr);
	if (error->sys_errno)
		fprintf(stderr, ": %s", strerror(error->sys_errno));
	fputc('\n', stderr);
}

enum cli_exit cli_exit_of(enum secbake_status status)
{
	switch (status) {
	case SECBAKE_OK:
		return CLI_DONE;
	case SECBAKE_ERR_INPUT:
	case SECBAKE_ERR_TARGET:
	case SECBAKE_ERR_LIMIT:
	case SECBAKE_ERR_UNTRUSTED:
		return CLI_REJECTED;
	case SECBAKE_ERR_STALE:
		return CLI_FINDING;
	case SECBAKE_ERR_UNKNOWN:
		return CLI_CANNOT_TELL;
	case SECBAKE_ERR_MISSING:
	case SECBAKE_ERR_SYSTEM:
	case SECBAKE_ERR_MEMORY:
	case SECBAKE_ERR_INTERNAL:
		break;
	}
	return CLI_SYSTEM;
}

enum cli_exit cli_fail(const struct secbake_error *error)
{
	cli_print(error->file[0] ? "" : "secbake: ", error);
	return cli_exit_of(error->status);
}

/* Degradations and warnings. Other notes are advice that nobody asked these verbs for. */
static void report(struct secbake_reporter *self, enum secbake_level level,
		   const struct secbake_error *message)
{
	struct cli_reporter *reporter = (struct cli_reporter *)self; /* base is its first member */

	if (level == SECBAKE_NOTE && message->status == SECBAKE_OK)
		return;
	reporter->errors += level == SECBAKE_ERROR;
	reporter->warnings += level == SECBAKE_WARNING;
	cli_print(level == SECBAKE_NOTE	     ? "note: "
		  : level == SECBAKE_WARNING ? "warning: "
					     : "",
		  message);
}

void cli_reporter_init(struct cli_reporter *reporter)
{
	*reporter = (struct cli_reporter){.base = {.report = report}};
}

static enum cli_exit features_from_file(const char *path, struct secbake_features *features)
{
	struct secbake_error error = {0};
	char *text;
	size_t size;

	if (cli_read_file(path, SECBAKE_FEATURES_TEXT_MAX, &text, &size, &error) != SECBAKE_OK)
		return cli_fail(&error);
	if (secbake_features_parse(text, size, features, &error) != SECBAKE_OK)
		secbake_error_file(&error, cli_shown(path), error.line, error.column, NULL);
	free(text);
	return error.status == SECBAKE_OK ? CLI_DONE : cli_fail(&error);
}

/* What other projects call them, beside Go's names. */
static const struct {
	const char *theirs, *ours;
} other_names[] = {
	{"i386", "x86"},   {"i486", "x86"},  {"i586", "x86"},	{"i686", "x86"},
	{"x64", "x86_64"}, {"armhf", "arm"}, {"armv7l", "arm"}, {"armv6l", "arm"},
};

#define ARCHES_MAX 64

const struct secbake_arch *cli_arch(const struct cli_verb *verb, const char *name, bool x32_too)
{
	const struct secbake_arch *arch = secbake_arch_find(name), *at;
	const char *names[ARCHES_MAX], *near = NULL;
	char list[512] = "";
	size_t count = 0;

	if (arch && (x32_too || !arch->x32))
		return arch;
	if (arch) {
		cli_usage(verb, "%s is an ABI of x86_64's kernels: give x86_64", name);
		return NULL;
	}
	for (size_t i = 0; (at = secbake_arch_at(i)) && count < ARCHES_MAX; i++) {
		size_t used = strlen(list);

		if ((at->go_name && !strcasecmp(at->go_name, name)) ||
		    (at->scmp_name && !strcasecmp(at->scmp_name, name)))
			near = at->name;
		if (at->x32 && !x32_too)
			continue;
		snprintf(list + used, sizeof(list) - used, "%s%s", count ? " " : "", at->name);
		names[count++] = at->name;
	}
	for (size_t i = 0; i < sizeof(other_names) / sizeof(other_names[0]); i++)
		if (!strcasecmp(other_names[i].theirs, name))
			near = other_names[i].ours;
	if (!near)
		near = secbake_nearest(name, names, count);
	if (near)
		cli_usage(verb, "there is no architecture '%s'; did you mean '%s'?", name, near);
	else
		cli_usage(verb, "there is no architecture '%s'; there are %s", name, list);
	return NULL;
}

enum cli_exit cli_target_features(const struct cli_verb *verb, const struct cli_target *target,
				  struct secbake_features *features)
{
	const struct secbake_arch *arch = secbake_arch_native();
	struct secbake_error error = {0};
	uint32_t kernel = 0;
	enum cli_exit status;

	if (target->arch && !(arch = cli_arch(verb, target->arch, false)))
		return CLI_USAGE;
	/* The last number of all stands for "no end" in a blob. */
	if (target->kernel &&
	    (!secbake_kernel_parse(target->kernel, &kernel) || kernel == SECBAKE_KERNEL_ANY))
		return cli_usage(verb, "--kernel wants a version such as 6.1, not '%s'",
				 target->kernel);
	/* With --features too: a version without filters is no kernel's of these. */
	if (target->kernel &&
	    secbake_features_of_kernel(arch, kernel, features, &error) != SECBAKE_OK)
		return cli_fail(&error);
	if (target->features) {
		status = features_from_file(target->features, features);
		if (status != CLI_DONE)
			return status;
		if (target->arch && features->arch != arch)
			return cli_usage(verb, "%s is of a kernel for %s, --arch says %s",
					 target->features, features->arch->name, arch->name);
		if (target->kernel)
			features->kernel = kernel;
		return CLI_DONE;
	}
	if (!target->kernel)
		secbake_features_probe(features, &error);
	if (error.status != SECBAKE_OK)
		return cli_fail(&error);
	/* Another machine's kernel of the same version as ours is the best guess there is. */
	features->arch = arch;
	return CLI_DONE;
}

const char *cli_shown(const char *path)
{
	return !*path ? "''" : strcmp(path, "-") ? path : "(standard input)";
}

enum secbake_status cli_read_file(const char *path, size_t max, char **bytes, size_t *size,
				  struct secbake_error *error)
{
	bool standard = !strcmp(path, "-");
	FILE *file = standard ? stdin : fopen(path, "re");
	enum secbake_status status = SECBAKE_OK;
	char *buffer = NULL;
	struct stat st;

	if (!file) {
		status = errno == ENOMEM
				 ? secbake_error_set(error, SECBAKE_ERR_MEMORY, 0, "out of memory")
				 : secbake_error_set(error, SECBAKE_ERR_SYSTEM, errno,
						     "cannot be opened");
		secbake_error_file(error, cli_shown(path), 0, 0, NULL);
		return status;
	}
	if (!fstat(fileno(file), &st) && S_ISDIR(st.st_mode))
		status = secbake_error_set(error, SECBAKE_ERR_SYSTEM, EISDIR, "cannot be read");
	else if (!(buffer = malloc(max + 2)))
		status = secbake_error_set(error, SECBAKE_ERR_MEMORY, 0, "out of memory");
	else if (*size = fread(buffer, 1, max + 1, file), ferror(file))
		status = secbake_error_set(error, SECBAKE_ERR_SYSTEM, errno, "cannot be read");
	else if (*size > max)
		status = secbake_error_set(error, SECBAKE_ERR_LIMIT, 0,
					   "is larger than %zu bytes, the limit", max);
	if (!standard)
		fclose(file);
	if (status != SECBAKE_OK) {
		secbake_error_file(error, cli_shown(path), 0, 0, NULL);
		free(buffer);
		return status;
	}
	buffer[*size] = '\0';
	*bytes = buffer;
	return SECBAKE_OK;
}

enum cli_exit cli_close_stdout(enum cli_exit status)
{
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "secbake: standard output: %s\n", strerror(errno));
		return CLI_SYSTEM;
	}
	return status;
}
