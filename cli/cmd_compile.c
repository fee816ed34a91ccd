/* SPDX-License-Identifier: MIT */
/* secbake compile: a policy into a blob or a bare program. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <secbake/cache.h>

#include "policy.h"
#include "program.h"
#include "tree.h"

enum format { FORMAT_BLOB, FORMAT_RAW, FORMAT_C, FORMAT_ASM };

struct request {
	struct cli_policy policy;
	const char *path, *output, *layer;
	enum format format;
	bool sealed, no_complain, format_given;
	struct cli_tree tree;
	unsigned int arches;	      /* --arch, how often */
	struct cli_depends sources;   /* what was read */
	bool depends;		      /* -MD */
	const char *depfile, *target; /* -MF, -MT */
};

enum {
	OPT_FORMAT = CLI_OPT_OWN,
	OPT_LAYER,
	OPT_SEALED,
	OPT_NO_COMPLAIN,
	OPT_EFFORT,
	OPT_PASSES,
};

static const struct option longs[] = {
	CLI_POLICY_OPTIONS,
	{"output", required_argument, NULL, 'o'},
	{"format", required_argument, NULL, OPT_FORMAT},
	{"layer", required_argument, NULL, OPT_LAYER},
	{"sealed", no_argument, NULL, OPT_SEALED},
	{"effort", required_argument, NULL, OPT_EFFORT},
	{"passes", required_argument, NULL, OPT_PASSES},
	{"no-complain", no_argument, NULL, OPT_NO_COMPLAIN},
	{"directory", required_argument, NULL, 'd'},
	{"jobs", required_argument, NULL, 'j'},
	{0},
};

static enum cli_exit parse_format(const char *value, enum format *format)
{
	static const char *const names[] = {"blob", "raw", "c", "asm"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!strcmp(value, names[i])) {
			*format = (enum format)i;
			return CLI_DONE;
		}
	}
	return cli_usage(&cli_compile, "--format wants blob, raw, c or asm, not '%s'", value);
}

static bool lists_passes(const struct request *r)
{
	return r->policy.passes && !strcmp(r->policy.passes, "list");
}

static void list_passes(void)
{
	const char *name, *what;

	for (size_t i = 0; (name = secbake_pass(i, &what)); i++)
		printf("%-10s %s\n", name, what);
}

/* -MD, -MF FILE, -MT TARGET, as compilers take them. */
static enum cli_exit parse_depends(int argc, char **argv, struct request *r)
{
	const char letter = optarg[0], *value = optarg + 1;

	if (!strcmp(optarg, "D")) {
		r->depends = true;
		return CLI_DONE;
	}
	if (letter != 'F' && letter != 'T')
		return cli_usage(&cli_compile, "there is no option -M%s; -MD, -MF FILE, -MT TARGET",
				 optarg);
	if (!*value && optind < argc)
		value = argv[optind++];
	if (!*value)
		return cli_usage(&cli_compile, "-M%c needs a value", letter);
	*(letter == 'F' ? &r->depfile : &r->target) = value;
	return CLI_DONE;
}

/* --features or --kernel: of one policy the last, of a tree all of them. */
static enum cli_exit add_kernel(const char *option, const char *value, const char **list,
				size_t *count, const char **last)
{
	if (*count == CLI_KERNELS_MAX)
		return cli_usage(&cli_compile, "%s can be given %d times", option, CLI_KERNELS_MAX);
	list[(*count)++] = *last = value;
	return CLI_DONE;
}

static enum cli_exit parse_jobs(const char *text, unsigned int *jobs)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (*text < '1' || *text > '9' || *end || value > CLI_TREE_JOBS_MAX)
		return cli_usage(&cli_compile, "-j wants 1 to %u, not '%s'", CLI_TREE_JOBS_MAX,
				 text);
	*jobs = (unsigned int)value;
	return CLI_DONE;
}

static enum cli_exit take_option(int argc, char **argv, struct request *r, int option)
{
	switch (option) {
	case 'o':
		r->output = optarg;
		return CLI_DONE;
	case 'd':
		r->tree.folder = optarg;
		return CLI_DONE;
	case 'j':
		return parse_jobs(optarg, &r->tree.jobs);
	case 'M':
		return parse_depends(argc, argv, r);
	case OPT_FORMAT:
		r->format_given = true;
		return parse_format(optarg, &r->format);
	case OPT_LAYER:
		r->layer = optarg;
		return CLI_DONE;
	case OPT_SEALED:
		r->sealed = true;
		return CLI_DONE;
	case OPT_EFFORT:
		return cli_effort(&cli_compile, optarg, &r->policy.effort);
	case OPT_PASSES:
		r->policy.passes = optarg;
		return CLI_DONE;
	case OPT_NO_COMPLAIN:
		r->no_complain = true;
		return CLI_DONE;
	case CLI_OPT_FEATURES:
		return add_kernel("--features", optarg, r->tree.features, &r->tree.feature_count,
				  &r->policy.target.features);
	case CLI_OPT_ARCH:
		r->arches++;
		return cli_policy_option(&cli_compile, &r->policy, option, optarg);
	case CLI_OPT_KERNEL:
		return add_kernel("--kernel", optarg, r->tree.kernel, &r->tree.kernel_count,
				  &r->policy.target.kernel);
	default:
		return cli_policy_option(&cli_compile, &r->policy, option, optarg);
	}
}

static enum cli_exit check_tree(struct request *r, int argc, char **argv)
{
	if (!*r->tree.folder)
		return cli_usage(&cli_compile, "-d wants a directory");
	if (r->output || r->format_given || r->layer || r->policy.mode_given)
		return cli_usage(&cli_compile, "-d writes blobs, named by their policies: it goes "
					       "without -o, --format, --layer and --mode");
	if (r->policy.name && argc - optind > 1)
		return cli_usage(&cli_compile, "one name for several policies");
	if (r->arches > 1)
		return cli_usage(&cli_compile, "one --arch at a time; for several machines give "
					       "--features of each");
	if (r->tree.kernel_count > 1 && r->tree.feature_count)
		return cli_usage(&cli_compile, "several --kernel go without --features, of which "
					       "each says a kernel, too");
	if (r->depends && (!r->depfile || !r->target))
		return cli_usage(&cli_compile, "-MD with -d wants -MF FILE and -MT TARGET");
	r->tree.policy = (const char *const *)argv + optind;
	r->tree.policy_count = (size_t)(argc - optind);
	r->tree.verb = &cli_compile;
	return cli_tree_check(&r->tree);
}

static enum cli_exit check_single(struct request *r, int argc)
{
	if (argc - optind != 1)
		return cli_usage(&cli_compile,
				 "one policy at a time, unless -d says where they go");
	if (r->tree.feature_count > 1 || r->tree.jobs > 1)
		return cli_usage(&cli_compile, "several --features, and -j, go with -d");
	if (r->output && !*r->output)
		return cli_usage(&cli_compile, "-o wants a file, or - for standard output");
	if (!r->output && r->format <= FORMAT_RAW && isatty(STDOUT_FILENO))
		return cli_usage(&cli_compile,
				 "where to? a terminal cannot show it, give --output FILE");
	if (r->format == FORMAT_BLOB && (r->layer || r->policy.mode_given))
		return cli_usage(&cli_compile,
				 "a blob holds every layer and mode; --layer and --mode "
				 "are for --format raw, c and asm");
	if (r->format != FORMAT_BLOB && (r->sealed || r->no_complain))
		return cli_usage(&cli_compile, "--sealed and --no-complain are for blobs: they go "
					       "without --format raw, c and asm");
	if (r->depends && (!r->depfile || !r->target) && (!r->output || !strcmp(r->output, "-")))
		return cli_usage(&cli_compile, "-MD wants -o FILE, or -MF FILE and -MT TARGET");
	if (r->output && r->depfile && !strcmp(r->output, r->depfile))
		return cli_usage(&cli_compile, "-o and -MF name the same file, %s", r->output);
	return CLI_DONE;
}

static enum cli_exit parse(int argc, char **argv, struct request *r)
{
	enum cli_exit status = CLI_DONE;
	int option;

	while (status == CLI_DONE &&
	       (option = cli_next(&cli_compile, argc, argv, ":o:P:d:j:M:", longs)) != -1) {
		if (option == '?')
			return CLI_USAGE;
		if (option == CLI_HELP)
			return (enum cli_exit)CLI_HELP;
		status = take_option(argc, argv, r, option);
	}
	if (status != CLI_DONE)
		return status;
	if (argc == optind && lists_passes(r))
		return CLI_DONE;
	if (argc == optind)
		return cli_usage(&cli_compile, "which policy?");
	if (!r->depends && (r->depfile || r->target))
		return cli_usage(&cli_compile, "-MF and -MT go with -MD");
	r->path = argv[optind];
	return r->tree.folder ? check_tree(r, argc, argv) : check_single(r, argc);
}

/* The depfile, if there is to be one; neither it nor the output takes a source's place. */
static enum cli_exit put_depends(const struct request *r)
{
	const char *target = r->target ? r->target : r->output;
	enum cli_exit status = CLI_DONE;
	char *file = NULL;

	if (r->output && strcmp(r->output, "-") != 0)
		status = cli_depends_spare(&r->sources, &cli_compile, r->output);
	if (status != CLI_DONE || !r->depends)
		return status;
	if (!r->depfile && asprintf(&file, "%s.d", r->output) < 0)
		return CLI_SYSTEM;
	status = cli_depends_spare(&r->sources, &cli_compile, file ? file : r->depfile);
	if (status == CLI_DONE)
		status = cli_depends_write(&r->sources, file ? file : r->depfile, target);
	free(file);
	return status;
}

static enum cli_exit put(const struct request *r, const void *bytes, size_t size)
{
	struct secbake_error error = {0};
	/* The depfile goes first: make would take an output without one for done. */
	enum cli_exit status = put_depends(r);

	if (status != CLI_DONE)
		return status;
	if (!r->output || !strcmp(r->output, "-")) {
		fwrite(bytes, 1, size, stdout); /* cli_close_stdout() tells of failures */
		return CLI_DONE;
	}
	if (secbake_store_file(r->output, bytes, size, &error) != SECBAKE_OK)
		return cli_fail(&error); /* it names the file */
	return CLI_DONE;
}

static enum cli_exit choose_layer(const struct request *r, const struct cli_programs *programs,
				  uint32_t *layer)
{
	struct secbake_error error = {0};
	char *end;
	unsigned long wanted = r->layer ? strtoul(r->layer, &end, 10) : 0;

	if (programs->count == 0) {
		secbake_error_set(&error, SECBAKE_ERR_INPUT, 0,
				  "the policy is unrestricted: there is no program to write; use "
				  "--format blob");
		secbake_error_file(&error, r->policy.options.policy.file, 0, 0, NULL);
		return cli_fail(&error);
	}
	if (!r->layer && programs->count > 1)
		return cli_usage(&cli_compile,
				 "the policy has %u programs; choose one with --layer N",
				 programs->count);
	if (r->layer && (*end || end == r->layer || wanted >= programs->count))
		return cli_usage(&cli_compile, "--layer wants 0 to %u, not '%s'",
				 programs->count - 1, r->layer);
	*layer = (uint32_t)wanted;
	return CLI_DONE;
}

/* One program of the blob, bare or written out. */
static enum cli_exit put_program(const struct request *r, const uint8_t *blob, size_t size)
{
	const struct secbake_compile_options *options = &r->policy.options;
	struct cli_programs programs = {0};
	struct secbake_error error = {0};
	const struct secbake_program *program;
	enum cli_exit status;
	uint32_t layer = 0;
	char *text;

	if (secbake_blob_open(blob, size, &programs.blob, &error) != SECBAKE_OK)
		return cli_fail(&error);
	status = cli_programs_of_blob(&programs, &options->target, r->policy.mode, r->path);
	if (status == CLI_DONE)
		status = choose_layer(r, &programs, &layer);
	if (status != CLI_DONE)
		return status;
	program = &programs.program[layer];
	if (r->format == FORMAT_RAW)
		return put(r, program->bytes, (size_t)program->count * 8);
	if (secbake_disassemble(program,
				r->format == FORMAT_C ? SECBAKE_STYLE_C : SECBAKE_STYLE_ASM,
				options->name, &text, &error) != SECBAKE_OK)
		return cli_fail(&error);
	status = put(r, text, strlen(text));
	free(text);
	return status;
}

static enum cli_exit compile(struct request *r)
{
	struct secbake_compiled *compiled = NULL;
	struct secbake_error error = {0};
	enum cli_exit status = cli_policy_open(&cli_compile, &r->policy, r->path);
	const uint8_t *blob;
	size_t size;

	if (status != CLI_DONE)
		return status;
	r->policy.options.sealed = r->sealed;
	r->policy.options.no_complain = r->no_complain;
	r->policy.options.only_target = r->format != FORMAT_BLOB;
	if (secbake_compile(&r->policy.options, &compiled, &error) != SECBAKE_OK)
		return cli_policy_fail(&r->policy, &error);
	status = cli_depends_add_policy(&r->sources, &r->policy) ? CLI_DONE : CLI_SYSTEM;
	blob = secbake_compiled_blob(compiled, &size);
	if (status == CLI_DONE)
		status = r->format == FORMAT_BLOB ? put(r, blob, size) : put_program(r, blob, size);
	secbake_compiled_free(compiled);
	return status;
}

static enum cli_exit compile_and_note(struct request *r)
{
	enum cli_exit status;

	if (r->tree.folder) {
		r->tree.options = &r->policy;
		r->tree.sealed = r->sealed;
		r->tree.no_complain = r->no_complain;
		status = cli_tree_compile(&r->tree, &r->sources);
		if (status == CLI_DONE)
			status = put_depends(r);
	} else {
		status = compile(r);
	}
	cli_depends_free(&r->sources);
	return status;
}

static enum cli_exit run(int argc, char **argv)
{
	struct request r = {0};
	enum cli_exit status = parse(argc, argv, &r);

	if (status == (enum cli_exit)CLI_HELP)
		return CLI_DONE;
	if (status == CLI_DONE && lists_passes(&r))
		list_passes();
	else if (status == CLI_DONE)
		status = compile_and_note(&r);
	cli_policy_close(&r.policy);
	return status;
}

const struct cli_verb cli_compile = {
	.name = "compile",
	.summary = "compile a policy into a blob or a bare program, and prove it",
	.help = "usage: secbake compile [OPTION...] POLICY.json\n"
		"       secbake compile -d TREE [--features FILE]... [OPTION...] POLICY.json...\n"
		"Compiles a policy; nothing is written unless every program is proved to decide as\n"
		"the policy says. NAME.options beside the policy is read too. POLICY \"-\" is standard\n"
		"input.\n\n"
		"  -o, --output FILE     where to (default, and \"-\": standard output)\n"
		"  --format blob|raw|c|asm\n"
		"                        blob: for secbake-exec; raw: the sock_filter array alone, in\n"
		"                        the target's byte order; c: a header; asm: for bpf_asm\n"
		"  --effort default|best\n"
		"                        best: seconds instead of milliseconds, for shorter programs\n"
		"  --passes LIST         of the generator, -NAME,...: all but these; none,NAME,...: none\n"
		"                        but these; list: what there are\n"
		"  --layer N             of a policy with several programs, which one (raw, c, asm)\n"
		"  -d, --directory TREE  each policy for each kernel, into a cache root that is made at\n"
		"                        build time: TREE/<feature hash>/NAME.sbk; --features or\n"
		"                        --kernel may be repeated then\n"
		"  -j, --jobs N          with -d: compile N at the same time\n"
		"  -MD [-MF FILE] [-MT TARGET]\n"
		"                        write a depfile for make or ninja: what was read\n"
		"  --no-complain         leave complain mode out of the blob\n"
		"  --sealed              the blob is for an image that has no policies\n" CLI_POLICY_HELP,
	.run = run,
};
