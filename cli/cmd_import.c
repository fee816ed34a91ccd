/* SPDX-License-Identifier: MIT */
/* secbake import: a policy of another project's format, written in the native language. */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include <secbake/cache.h>
#include <secbake/import.h>
#include <secbake/inspect.h>

#include "cli.h"
#include "tree.h"

/* The files that the policy includes, as this user reads them. */
struct files {
	struct secbake_import_reader base; /* first */
	const char *root;		   /* --root */
	char *path[SECBAKE_IMPORT_FILES_MAX], *text[SECBAKE_IMPORT_FILES_MAX];
};

struct request {
	const char *output, *arch;
	struct secbake_import_options options;
	struct files files;
	struct cli_reporter reporter;
};

enum { OPT_FROM = 0x100, OPT_ARCH, OPT_STRICT, OPT_PART, OPT_ROOT };

static const struct option longs[] = {
	{"from", required_argument, NULL, OPT_FROM},
	{"output", required_argument, NULL, 'o'},
	{"arch", required_argument, NULL, OPT_ARCH},
	{"part", required_argument, NULL, OPT_PART},
	{"root", required_argument, NULL, OPT_ROOT},
	{"strict", no_argument, NULL, OPT_STRICT},
	{0},
};

static enum secbake_status no_memory(struct secbake_error *error)
{
	return secbake_error_set(error, SECBAKE_ERR_MEMORY, 0, "out of memory");
}

static enum secbake_status read_file(struct secbake_import_reader *self, uint32_t index,
				     uint32_t parent, const char *name, struct secbake_text *text,
				     struct secbake_error *error)
{
	struct files *files = (struct files *)self; /* base is its first member */
	const char *slash = strrchr(files->path[parent], '/');
	int folder = slash ? (int)(slash - files->path[parent]) + 1 : 0;
	struct secbake_error why = {0};
	enum secbake_status status;
	size_t size;

	if ((*name == '/'
		     ? asprintf(&files->path[index], "%s%s", files->root ? files->root : "", name)
		     : asprintf(&files->path[index], "%.*s%s", folder, files->path[parent], name)) <
	    0) {
		files->path[index] = NULL;
		return no_memory(error);
	}
	status = cli_read_file(files->path[index], SECBAKE_POLICY_SIZE_MAX, &files->text[index],
			       &size, &why);
	if (why.sys_errno == ENOENT)
		status = SECBAKE_ERR_MISSING;
	if (status != SECBAKE_OK)
		return secbake_error_set(error, status, why.sys_errno, "%s %s", files->path[index],
					 why.text);
	*text = (struct secbake_text){
		.bytes = files->text[index], .size = size, .file = files->path[index]};
	return SECBAKE_OK;
}

static void close_files(struct files *files)
{
	for (size_t i = 0; i < SECBAKE_IMPORT_FILES_MAX; i++) {
		free(files->path[i]);
		free(files->text[i]);
	}
}

#define FORMATS_MAX 32

/* CLI_DONE if --from names a format; else which there are. */
static enum cli_exit check_format(const char *format)
{
	const char *names[FORMATS_MAX], *near;
	char list[256] = "";
	size_t count = 0;

	for (; count < FORMATS_MAX && (names[count] = secbake_import_format_at(count)); count++) {
		size_t used = strlen(list);

		if (format && !strcmp(names[count], format))
			return CLI_DONE;
		snprintf(list + used, sizeof(list) - used, "%s%s", count ? ", " : "", names[count]);
	}
	if (!format)
		return cli_usage(&cli_import, "from which format? give --from, one of %s", list);
	near = secbake_nearest(format, names, count);
	if (near)
		return cli_usage(&cli_import,
				 "there is no format '%s'; did you mean '%s'? There are %s", format,
				 near, list);
	return cli_usage(&cli_import, "there is no format '%s'; there are %s", format, list);
}

static enum cli_exit parse(int argc, char **argv, struct request *r)
{
	int option;

	while ((option = cli_next(&cli_import, argc, argv, ":o:", longs)) != -1) {
		switch (option) {
		case '?':
			return CLI_USAGE;
		case CLI_HELP:
			return (enum cli_exit)CLI_HELP;
		case OPT_FROM:
			r->options.format = optarg;
			break;
		case 'o':
			r->output = optarg;
			break;
		case OPT_ARCH:
			r->arch = optarg;
			break;
		case OPT_PART:
			r->options.part = optarg;
			break;
		case OPT_ROOT:
			r->files.root = optarg;
			break;
		case OPT_STRICT:
			r->options.strict = true;
			break;
		}
	}
	if (check_format(r->options.format) != CLI_DONE)
		return CLI_USAGE;
	if (r->arch && !(r->options.arch = cli_arch(&cli_import, r->arch, false)))
		return CLI_USAGE;
	if (r->output && !*r->output)
		return cli_usage(&cli_import, "-o wants a file, or - for standard output");
	if (argc - optind != 1)
		return cli_usage(&cli_import,
				 argc == optind ? "which policy?" : "one policy at a time");
	return CLI_DONE;
}

/* Like a compiler it does not put its output in the place of what it was made of. */
static enum cli_exit spare_sources(const struct request *r)
{
	struct cli_depends read = {0};
	enum cli_exit status = CLI_DONE;

	for (size_t i = 0; i < SECBAKE_IMPORT_FILES_MAX && status == CLI_DONE; i++)
		if (r->files.text[i] && !cli_depends_add(&read, r->files.path[i]))
			status = CLI_SYSTEM;
	if (status == CLI_DONE)
		status = cli_depends_spare(&read, &cli_import, r->output);
	cli_depends_free(&read);
	return status;
}

static enum cli_exit put(const struct request *r, const char *text, size_t size)
{
	struct secbake_error error = {0};
	enum cli_exit status;

	if (!r->output || !strcmp(r->output, "-")) {
		fwrite(text, 1, size, stdout); /* cli_close_stdout() tells of failures */
		return CLI_DONE;
	}
	status = spare_sources(r);
	if (status == CLI_DONE && secbake_store_file(r->output, text, size, &error) != SECBAKE_OK)
		status = cli_fail(&error);
	return status;
}

static enum cli_exit import(struct request *r, const char *path)
{
	struct secbake_text *policy = &r->options.policy;
	struct secbake_error error = {0};
	enum cli_exit status;
	size_t size;
	char *text;

	r->files.base.read = read_file;
	r->files.path[0] = strdup(path);
	if (!r->files.path[0])
		no_memory(&error);
	else
		cli_read_file(path, SECBAKE_POLICY_SIZE_MAX, &r->files.text[0], &policy->size,
			      &error);
	if (error.status != SECBAKE_OK)
		return cli_fail(&error);
	policy->bytes = r->files.text[0];
	policy->file = cli_shown(path);
	cli_reporter_init(&r->reporter);
	r->options.reporter = &r->reporter.base;
	r->options.reader = &r->files.base;
	if (secbake_import(&r->options, &text, &size, &error) != SECBAKE_OK) {
		/* No such part: what is missing is no file. */
		if (error.status == SECBAKE_ERR_MISSING && !error.file[0])
			return cli_usage(&cli_import, "%s", error.text);
		return cli_fail(&error);
	}
	status = put(r, text, size);
	free(text);
	return status;
}

static enum cli_exit run(int argc, char **argv)
{
	struct request r = {0};
	enum cli_exit status = parse(argc, argv, &r);

	if (status == (enum cli_exit)CLI_HELP)
		return CLI_DONE;
	if (status == CLI_DONE)
		status = import(&r, argv[optind]);
	close_files(&r.files);
	return status;
}

const struct cli_verb cli_import = {
	.name = "import",
	.summary = "write a policy of another project's format in the native language",
	.help = "usage: secbake import --from FORMAT [OPTION...] FILE\n"
		"Writes the policy in FILE (\"-\": standard input) as native JSON. What cannot be carried\n"
		"over is an error, or a warning and a comment in the output.\n\n"
		"  --from FORMAT         snap, minijail, systemd, oci or firecracker\n"
		"  -o, --output FILE     where to (default, and \"-\": standard output)\n"
		"  --arch ARCH           architecture that the policy is for (default: this machine's)\n"
		"  --part NAME           which of several policies in the file\n"
		"  --root DIR            where absolute paths that the policy includes start\n"
		"  --strict              every warning is an error\n",
	.run = run,
};
