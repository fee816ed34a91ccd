/* SPDX-License-Identifier: MIT */
/* secbake explain: which rule of a policy decides a call. */
#include <string.h>

#include "policy.h"
#include "program.h"

struct request {
	struct cli_policy policy;
	const char *syscall, *args, *abi;
};

enum { OPT_SYSCALL = CLI_OPT_OWN, OPT_ARGS, OPT_ABI };

static const struct option longs[] = {
	CLI_POLICY_OPTIONS,
	{"syscall", required_argument, NULL, OPT_SYSCALL},
	{"args", required_argument, NULL, OPT_ARGS},
	{"abi", required_argument, NULL, OPT_ABI},
	{0},
};

static enum cli_exit explain(struct request *r)
{
	const struct secbake_compile_options *options = &r->policy.options;
	const struct secbake_arch *arch = options->target.arch;
	struct secbake_explanation why;
	struct secbake_error error = {0};
	char text[SECBAKE_VERDICT_TEXT];
	struct secbake_call call;

	if (r->abi && !(arch = cli_arch(&cli_explain, r->abi, true)))
		return CLI_USAGE;
	if (!cli_parse_call(&cli_explain, arch, r->syscall, r->args, &call))
		return CLI_USAGE;
	if (secbake_explain(options, r->policy.mode, &call, &why, &error) != SECBAKE_OK)
		return cli_policy_fail(&r->policy, &error);
	secbake_verdict_format_on(arch, why.verdict, text);
	cli_print_call(stdout, &call);
	printf(": %s\n  ", text);
	if (why.line)
		printf("%s:%u: %s: ", why.file, why.line, why.pointer);
	printf("%s\n", why.reason);
	return CLI_DONE;
}

static enum cli_exit run(int argc, char **argv)
{
	struct request r = {0};
	enum cli_exit status = CLI_DONE;
	int option;

	while (status == CLI_DONE &&
	       (option = cli_next(&cli_explain, argc, argv, ":P:", longs)) != -1) {
		if (option == '?')
			return CLI_USAGE;
		if (option == CLI_HELP)
			return CLI_DONE;
		if (option == OPT_SYSCALL)
			r.syscall = optarg;
		else if (option == OPT_ARGS)
			r.args = optarg;
		else if (option == OPT_ABI)
			r.abi = optarg;
		else
			status = cli_policy_option(&cli_explain, &r.policy, option, optarg);
	}
	if (status != CLI_DONE)
		return status;
	if (argc - optind != 1)
		return cli_usage(&cli_explain,
				 argc == optind ? "which policy?" : "one policy at a time");
	if (!r.syscall)
		return cli_usage(&cli_explain, "which call? give --syscall");
	status = cli_policy_open(&cli_explain, &r.policy, argv[optind]);
	if (status == CLI_DONE)
		status = explain(&r);
	cli_policy_close(&r.policy);
	return status;
}

const struct cli_verb cli_explain = {
	.name = "explain",
	.summary = "tell which rule of a policy decides a call, and why",
	.help = "usage: secbake explain [OPTION...] --syscall CALL POLICY.json\n"
		"Prints the verdict of one call and the rule that decides it.\n\n"
		"  --syscall CALL        a name or a number\n"
		"  --args A,B,...        its arguments, up to six; others are 0\n"
		"  --abi ARCH            ABI of the call, x86 or x32 for instance (default: the\n"
		"                        target's)\n" CLI_POLICY_HELP,
	.run = run,
};
