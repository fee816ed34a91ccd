/* SPDX-License-Identifier: MIT */
/* The command line: options, NAME, [--], COMMAND. */
#include "exec.h"

#include <string.h>
#include <unistd.h>

static const char help[] =
	"Usage: secbake-exec [OPTION]... NAME [--] COMMAND [ARG]...\n"
	"Run COMMAND under the seccomp policy NAME, from the cache for this kernel.\n"
	"\n"
	"  -C DIR              look for compiled policies in DIR (may be repeated;\n"
	"                      replaces the default places)\n"
	"  -P DIR              look for policies in DIR (may be repeated; replaces\n"
	"                      the default places)\n"
	"      --blob FILE     use this compiled policy, and never compile\n"
	"      --complain      log what would be denied, and allow it\n"
	"      --no-compile    fail rather than compile what the cache lacks\n"
	"      --allow-new-privs\n"
	"                      do not set no_new_privs; needs CAP_SYS_ADMIN\n"
	"  -v, --verbose       say which compiled policy is used, and which is not\n"
	"      --help          show this help\n"
	"      --version       show the version\n"
	"\n"
	"Exit status: 125 when nothing was run, 126 when COMMAND cannot be run, 127 when\n"
	"it cannot be found, else that of COMMAND.\n";

static int usage(const struct sb_exec *x, const char *what, const char *which)
{
	sb_tell(x, "%s%s; see secbake-exec --help", what, which);
	return SB_EXIT_FAILED;
}

/* The value of an option that takes one: "-CDIR", "--blob=FILE", or the next argument. */
static const char *value_of(int argc, char **argv, int *at, size_t length)
{
	const char *rest = argv[*at] + length;

	if (*rest == '=' && argv[*at][1] == '-')
		return rest + 1;
	if (*rest)
		return rest;
	return *at + 1 < argc ? argv[++*at] : NULL;
}

static int add_dir(const struct sb_exec *x, const char **dir, size_t *count, const char *value,
		   const char *option)
{
	if (!value)
		return usage(x, option, " needs a directory");
	if (*count == SB_ROOTS_MAX)
		return usage(x, option, " is given more than 16 times");
	dir[(*count)++] = value;
	return -1;
}

static int long_option(struct sb_exec *x, int argc, char **argv, int *at)
{
	const char *option = argv[*at];

	if (!strcmp(option, "--help")) {
		sb_write(STDOUT_FILENO, help);
		return 0;
	}
	if (!strcmp(option, "--version")) {
		sb_write(STDOUT_FILENO, "secbake-exec " SECBAKE_VERSION "\n");
		return 0;
	}
	if (!strcmp(option, "--blob") || !strncmp(option, "--blob=", 7)) {
		x->blob_file = value_of(argc, argv, at, 6);
		return x->blob_file && *x->blob_file ? -1 : usage(x, "--blob", " needs a file");
	}
	if (!strcmp(option, "--complain"))
		x->complain = true;
	else if (!strcmp(option, "--no-compile"))
		x->no_compile = true;
	else if (!strcmp(option, "--allow-new-privs"))
		x->allow_new_privs = true;
	else if (!strcmp(option, "--verbose"))
		x->verbose = true;
	else
		return usage(x, "unknown option ", option);
	return -1;
}

static int one_option(struct sb_exec *x, int argc, char **argv, int *at)
{
	const char *option = argv[*at];

	if (option[1] == '-')
		return long_option(x, argc, argv, at);
	if (option[1] == 'C')
		return add_dir(x, x->cache_dir, &x->cache_count, value_of(argc, argv, at, 2), "-C");
	if (option[1] == 'P')
		return add_dir(x, x->policy_dir, &x->policy_count, value_of(argc, argv, at, 2),
			       "-P");
	if (!strcmp(option, "-v")) {
		x->verbose = true;
		return -1;
	}
	return usage(x, "unknown option ", option);
}

/* Whoever starts a privileged loader has no say in what is loaded. */
static void drop_untrusted(struct sb_exec *x)
{
	if (!x->secure)
		return;
	if (x->cache_count || x->policy_count || x->blob_file || x->complain || x->allow_new_privs)
		sb_tell(x, "started with raised privileges: -C, -P, --blob, --complain and "
			   "--allow-new-privs are ignored");
	x->cache_count = x->policy_count = 0;
	x->blob_file = NULL;
	x->complain = x->allow_new_privs = false;
	x->no_compile = true;
}

int sb_arguments(struct sb_exec *x, int argc, char **argv)
{
	int at = 1, status;

	for (; at < argc && argv[at][0] == '-' && argv[at][1]; at++) {
		if (!strcmp(argv[at], "--")) {
			at++;
			break;
		}
		status = one_option(x, argc, argv, &at);
		if (status >= 0)
			return status;
	}
	if (at >= argc)
		return usage(x, "the name of a policy is missing", "");
	if (!secbake_name_valid(argv[at]))
		return usage(
			x, argv[at],
			" is not a policy name: 1 to 64 letters, digits and _ . @ -, without a "
			"leading dot");
	x->name = argv[at++];
	if (at < argc && !strcmp(argv[at], "--"))
		at++;
	if (at >= argc)
		return usage(x, "the command is missing", "");
	x->command = argv + at;
	drop_untrusted(x);
	return -1;
}
