/* SPDX-License-Identifier: MIT */
/* secbake cache: list, verify and clean what is in a cache. */
#include <getopt.h>
#include <string.h>

#include "cli.h"
#include "places.h"

struct arguments {
	struct cli_places places;
	struct secbake_places where;
	bool quiet, dry_run, all_features, help;
};

struct visit {
	struct secbake_cache_visitor base; /* first */
	const struct arguments *arguments;
	size_t blobs, broken, troubles;
	enum cli_exit trouble;
};

static void print_version(uint32_t kernel)
{
	printf("%u.%u", kernel >> 16, kernel & 0xffff);
}

/* The intervals of kernel versions that its variants of mode enforce are for. */
static void print_kernels(const struct secbake_blob *blob)
{
	uint32_t count = secbake_blob_count(blob, SECBAKE_SECTION_VARIANTS);
	bool some = false;

	if (blob->flags & SECBAKE_BLOB_UNRESTRICTED) {
		fputs("unrestricted", stdout);
		return;
	}
	for (uint32_t i = 0; i < count; i++) {
		struct secbake_blob_variant v = secbake_blob_variant(blob, i);

		if (v.mode != SECBAKE_MODE_ENFORCE)
			continue;
		if (some)
			putchar(',');
		some = true;
		if (!v.kernel_from && v.kernel_to == SECBAKE_KERNEL_ANY) {
			fputs("any", stdout);
			continue;
		}
		if (v.kernel_from)
			print_version(v.kernel_from);
		fputs("..", stdout);
		if (v.kernel_to != SECBAKE_KERNEL_ANY)
			print_version(v.kernel_to);
	}
	if (!some)
		fputs("none", stdout);
}

static void list_entry(struct secbake_cache_visitor *self, const struct secbake_cache_entry *entry)
{
	struct visit *visit = (struct visit *)self;

	visit->blobs++;
	printf("%s\t%s\t%s\t%llu\t", entry->root, entry->hash, entry->name,
	       (unsigned long long)entry->size);
	if (entry->status)
		fputs("broken", stdout);
	else
		print_kernels(entry->blob);
	putchar('\n');
}

static void verify_entry(struct secbake_cache_visitor *self,
			 const struct secbake_cache_entry *entry)
{
	struct visit *visit = (struct visit *)self;
	const char *system = "";

	visit->blobs++;
	if (entry->status)
		visit->broken++;
	else if (visit->arguments->quiet)
		return;
	if (entry->status && entry->error->sys_errno)
		system = strerror(entry->error->sys_errno);
	printf("%s/%s/%s.sbk: %s%s%s\n", entry->root, entry->hash, entry->name,
	       entry->status ? entry->error->text : "ok", *system ? ": " : "", system);
}

static void visit_trouble(struct secbake_cache_visitor *self, const struct secbake_error *error)
{
	struct visit *visit = (struct visit *)self;
	enum cli_exit status = cli_fail(error);

	visit->troubles++;
	if (visit->trouble == CLI_DONE)
		visit->trouble = status;
}

static enum cli_exit walk(const struct arguments *arguments, struct visit *visit)
{
	struct secbake_error error = {0};

	visit->arguments = arguments;
	visit->base.trouble = visit_trouble;
	if (secbake_cache_visit(&arguments->where, &visit->base, &error))
		return cli_fail(&error);
	return visit->trouble;
}

static enum cli_exit run_list(const struct arguments *arguments)
{
	struct visit visit = {.base = {.entry = list_entry}};

	return walk(arguments, &visit);
}

static enum cli_exit run_verify(const struct arguments *arguments)
{
	struct visit visit = {.base = {.entry = verify_entry}};
	enum cli_exit status = walk(arguments, &visit);

	if (!arguments->quiet) {
		printf("%zu blob%s: %zu ok, %zu not", visit.blobs, visit.blobs == 1 ? "" : "s",
		       visit.blobs - visit.broken, visit.broken);
		if (visit.troubles)
			printf("; %zu other fault%s", visit.troubles,
			       visit.troubles == 1 ? "" : "s");
		putchar('\n');
	}
	return visit.broken || status == CLI_REJECTED ? CLI_FINDING : status;
}

struct sweep {
	struct secbake_gc_reporter base; /* first */
	const struct arguments *arguments;
	size_t count;
	unsigned long long bytes;
};

static void gc_removed(struct secbake_gc_reporter *self, const char *path, const char *reason,
		       uint64_t size)
{
	struct sweep *sweep = (struct sweep *)self;

	sweep->count++;
	sweep->bytes += size;
	if (!sweep->arguments->quiet)
		printf("%s %s: %s\n", sweep->arguments->dry_run ? "would remove" : "removed", path,
		       reason);
}

static void gc_trouble(struct secbake_gc_reporter *self, const struct secbake_error *error)
{
	(void)self;
	cli_fail(error);
}

static enum cli_exit run_gc(const struct arguments *arguments)
{
	struct sweep sweep = {.base = {.removed = gc_removed, .trouble = gc_trouble},
			      .arguments = arguments};
	struct secbake_gc_options options = {
		.places = arguments->where, .dry_run = arguments->dry_run, .reporter = &sweep.base};
	struct secbake_error error = {0};
	struct secbake_features features;
	struct secbake_hash hash;

	if (arguments->all_features) {
		enum cli_exit status =
			cli_target_features(&cli_cache, &arguments->places.target, &features);

		if (status != CLI_DONE)
			return status;
		secbake_features_hash(&features, &hash);
		options.keep_only = &hash;
	}
	secbake_cache_gc(&options, &error);
	if (!arguments->quiet)
		printf("%zu %s, %llu bytes\n", sweep.count,
		       arguments->dry_run ? "to remove" : "removed", sweep.bytes);
	return error.status ? cli_fail(&error) : CLI_DONE;
}

static enum cli_exit parse(int argc, char **argv, struct arguments *arguments)
{
	static const struct option longs[] = {
		CLI_PLACES_OPTIONS,
		{"quiet", no_argument, NULL, 'q'},
		{"dry-run", no_argument, NULL, 'n'},
		{"all-features", no_argument, NULL, 'A'},
		{NULL, 0, NULL, 0},
	};
	enum cli_exit status = CLI_DONE;
	int c;

	while (status == CLI_DONE &&
	       (c = cli_next(&cli_cache, argc, argv, ":qn" CLI_PLACES_SHORTS, longs)) != -1) {
		if (c == CLI_HELP) {
			arguments->help = true;
			return CLI_DONE;
		}
		if (c == 'q')
			arguments->quiet = true;
		else if (c == 'n')
			arguments->dry_run = true;
		else if (c == 'A')
			arguments->all_features = true;
		else
			status = cli_places_option(&cli_cache, &arguments->places, c, optarg);
	}
	return status;
}

/* Options that say what to remove are dangerous to accept where nothing is removed. */
static enum cli_exit check(const struct arguments *arguments, const char *what)
{
	const struct cli_target *target = &arguments->places.target;
	bool gc = !strcmp(what, "gc");

	if (!gc && (arguments->dry_run || arguments->all_features))
		return cli_usage(&cli_cache, "--dry-run and --all-features go with gc");
	if (!arguments->all_features && (target->arch || target->kernel || target->features))
		return cli_usage(&cli_cache,
				 "--arch, --kernel and --features go with gc --all-features");
	return CLI_DONE;
}

static enum cli_exit run(int argc, char **argv)
{
	static const struct {
		const char *name;
		enum cli_exit (*run)(const struct arguments *arguments);
	} what[] = {{"list", run_list}, {"verify", run_verify}, {"gc", run_gc}};
	struct arguments arguments = {0};
	enum cli_exit status = parse(argc, argv, &arguments);

	if (status != CLI_DONE || arguments.help)
		return status;
	if (optind == argc)
		return cli_usage(&cli_cache, "list, verify or gc?");
	if (optind + 1 != argc)
		return cli_usage(&cli_cache, "'%s' is one argument too many", argv[optind + 1]);
	for (size_t i = 0; i < sizeof(what) / sizeof(what[0]); i++) {
		if (strcmp(argv[optind], what[i].name) != 0)
			continue;
		status = check(&arguments, what[i].name);
		if (status == CLI_DONE)
			status = cli_places_of(&cli_cache, &arguments.places, &arguments.where);
		if (status == CLI_DONE)
			status = what[i].run(&arguments);
		cli_places_free(&arguments.places);
		return status;
	}
	return cli_usage(&cli_cache, "there is no '%s'; list, verify or gc", argv[optind]);
}

const struct cli_verb cli_cache = {
	.name = "cache",
	.summary = "list, verify or clean a cache",
	.help = "usage: secbake cache list|verify|gc [OPTION...]\n"
		"list    one line a blob, separated by tabs: cache root, feature hash, policy, bytes,\n"
		"        kernel versions that it has variants for\n"
		"verify  checks every byte of each blob: ok, or what is wrong; exit status 1 if any is\n"
		"gc      removes leftovers of killed processes, broken blobs, and blobs of policies\n"
		"        that are gone\n\n"
		"  -C, --cache DIR     a cache root instead of the default ones; may be repeated\n"
		"  -P, --policies DIR  gc: a directory of policies instead of the default ones; may\n"
		"                      be repeated; give the same as to refresh\n"
		"  -n, --dry-run       gc: only say what would be removed\n"
		"      --all-features  gc: remove all blobs for other features than this kernel's, or\n"
		"                      than those of --arch ARCH, --kernel X.Y, --features FILE\n"
		"      --root DIR      the folders of the image in DIR\n"
		"  -q, --quiet         print what is broken only; gc: print nothing\n",
	.run = run,
};
