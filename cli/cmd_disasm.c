/* SPDX-License-Identifier: MIT */
/* secbake disasm: a program, readable. */
#include <stdlib.h>
#include <string.h>

#include "policy.h"
#include "program.h"

static const struct option longs[] = {
	{"arch", required_argument, NULL, CLI_OPT_ARCH},
	{"kernel", required_argument, NULL, CLI_OPT_KERNEL},
	{"features", required_argument, NULL, CLI_OPT_FEATURES},
	{"mode", required_argument, NULL, CLI_OPT_MODE},
	{0},
};

static enum cli_exit show(const struct cli_programs *programs, const char *path)
{
	for (uint32_t i = 0; i < programs->count; i++) {
		struct secbake_error error = {0};
		char *text;

		if (secbake_disassemble(&programs->program[i], SECBAKE_STYLE_LISTING, NULL, &text,
					&error) != SECBAKE_OK) {
			secbake_error_file(&error, cli_shown(path), 0, 0, NULL);
			return cli_fail(&error);
		}
		if (programs->count > 1)
			printf("program %u:\n", i);
		fputs(text, stdout);
		free(text);
	}
	if (programs->count == 0)
		puts("no program: the policy is unrestricted");
	return CLI_DONE;
}

static enum cli_exit run(int argc, char **argv)
{
	struct cli_programs programs = {0};
	struct cli_policy policy = {.mode = SECBAKE_MODE_OWN};
	enum cli_exit status = CLI_DONE;
	int option;

	while (status == CLI_DONE &&
	       (option = cli_next(&cli_disasm, argc, argv, ":", longs)) != -1) {
		if (option == '?')
			return CLI_USAGE;
		if (option == CLI_HELP)
			return CLI_DONE;
		status = cli_policy_option(&cli_disasm, &policy, option, optarg);
	}
	if (status != CLI_DONE)
		return status;
	if (argc - optind != 1)
		return cli_usage(&cli_disasm,
				 argc == optind ? "which program?" : "one program at a time");
	status = cli_programs_open(&cli_disasm, &programs, argv[optind], &policy.target,
				   policy.mode);
	if (status == CLI_DONE)
		status = show(&programs, argv[optind]);
	cli_programs_close(&programs);
	return status;
}

const struct cli_verb cli_disasm = {
	.name = "disasm",
	.summary = "write a program out, with names of calls and actions",
	.help = "usage: secbake disasm [OPTION...] PROGRAM\n"
		"Writes out a bare program or the programs of a blob (\"-\": standard input), an\n"
		"instruction a line.\n\n"
		"  --arch ARCH           byte order of a bare program (default: this machine's)\n"
		"  --kernel X.Y, --features FILE\n"
		"                        whose variant of a blob\n"
		"  --mode enforce|complain\n"
		"                        of a blob\n",
	.run = run,
};
