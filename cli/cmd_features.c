/* SPDX-License-Identifier: MIT */
/* secbake features: what a kernel's seccomp offers, as text or as the hash of it. */
#include <getopt.h>

#include "cli.h"

static enum cli_exit run(int argc, char **argv)
{
	static const struct option longs[] = {
		{"arch", required_argument, NULL, 'a'},
		{"kernel", required_argument, NULL, 'k'},
		{"features", required_argument, NULL, 'f'},
		{"hash", no_argument, NULL, 'H'},
		{NULL, 0, NULL, 0},
	};
	struct cli_target target = {0};
	struct secbake_features features;
	enum cli_exit status;
	bool hash = false;
	int c;

	while ((c = cli_next(&cli_features, argc, argv, ":", longs)) != -1) {
		switch (c) {
		case 'a':
			target.arch = optarg;
			break;
		case 'k':
			target.kernel = optarg;
			break;
		case 'f':
			target.features = optarg;
			break;
		case 'H':
			hash = true;
			break;
		case CLI_HELP:
			return CLI_DONE;
		default:
			return CLI_USAGE;
		}
	}
	if (optind != argc)
		return cli_usage(&cli_features, "'%s' is one argument too many", argv[optind]);
	status = cli_target_features(&cli_features, &target, &features);
	if (status != CLI_DONE)
		return status;
	if (hash) {
		struct secbake_hash value;
		char text[SECBAKE_HASH_TEXT];

		secbake_features_hash(&features, &value);
		secbake_hash_format(&value, text);
		puts(text);
	} else {
		char text[SECBAKE_FEATURES_TEXT_MAX];

		secbake_features_format(&features, text);
		fputs(text, stdout);
	}
	return CLI_DONE;
}

const struct cli_verb cli_features = {
	.name = "features",
	.summary = "print what a kernel's seccomp offers",
	.help = "usage: secbake features [--hash] [--arch ARCH] [--kernel X.Y | --features FILE]\n"
		"Prints the seccomp features of the running kernel, in the form that --features of\n"
		"other verbs reads.\n\n"
		"  --hash           print their hash, which names the directory in the cache\n"
		"  --arch ARCH      of a kernel for this architecture\n"
		"  --kernel X.Y     of this version, instead of the running one\n"
		"  --features FILE  of a file that was saved before; '-' is standard input\n",
	.run = run,
};
