/* SPDX-License-Identifier: MIT */
/* secbake emu: what a program answers to calls. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy.h"
#include "program.h"

struct request {
	struct cli_target target;
	enum secbake_mode mode;
	const char *path, *syscall, *args;
	uint64_t ip;
	bool json;
};

enum { OPT_SYSCALL = CLI_OPT_OWN, OPT_ARGS, OPT_JSON, OPT_IP };

static const struct option longs[] = {
	{"arch", required_argument, NULL, CLI_OPT_ARCH},
	{"kernel", required_argument, NULL, CLI_OPT_KERNEL},
	{"features", required_argument, NULL, CLI_OPT_FEATURES},
	{"mode", required_argument, NULL, CLI_OPT_MODE},
	{"syscall", required_argument, NULL, OPT_SYSCALL},
	{"args", required_argument, NULL, OPT_ARGS},
	{"ip", required_argument, NULL, OPT_IP},
	{"json", no_argument, NULL, OPT_JSON},
	{0},
};

static enum cli_exit parse_ip(const char *text, uint64_t *ip)
{
	if (!cli_parse_number(text, text + strlen(text), ip))
		return cli_usage(&cli_emu, "--ip wants an address, not '%s'", text);
	return CLI_DONE;
}

static enum cli_exit take(struct request *r, int option)
{
	struct cli_policy shared = {0};
	enum cli_exit status;

	switch (option) {
	case OPT_SYSCALL:
		r->syscall = optarg;
		return CLI_DONE;
	case OPT_ARGS:
		r->args = optarg;
		return CLI_DONE;
	case OPT_JSON:
		r->json = true;
		return CLI_DONE;
	case OPT_IP:
		return parse_ip(optarg, &r->ip);
	default:
		shared.target = r->target;
		shared.mode = r->mode;
		status = cli_policy_option(&cli_emu, &shared, option, optarg);
		r->target = shared.target;
		r->mode = shared.mode;
		return status;
	}
}

static enum cli_exit parse(int argc, char **argv, struct request *r)
{
	enum cli_exit status = CLI_DONE;
	int option;

	while (status == CLI_DONE && (option = cli_next(&cli_emu, argc, argv, ":", longs)) != -1) {
		if (option == '?')
			return CLI_USAGE;
		if (option == CLI_HELP)
			return (enum cli_exit)CLI_HELP;
		status = take(r, option);
	}
	if (status != CLI_DONE)
		return status;
	if (argc - optind != 1)
		return cli_usage(&cli_emu,
				 argc == optind ? "which program?" : "one program at a time");
	r->path = argv[optind];
	if (r->args && !r->syscall)
		return cli_usage(&cli_emu, "--args is for the call that --syscall names");
	if (!r->syscall && !strcmp(r->path, "-"))
		return cli_usage(&cli_emu,
				 "standard input cannot be both the program and the calls; "
				 "give --syscall");
	return CLI_DONE;
}

/* What the kernel makes of it: all programs run, the strictest verdict counts. */
static enum cli_exit verdict_of(const struct cli_programs *programs, const char *path,
				const struct secbake_call *call, uint32_t *verdict)
{
	struct secbake_error error = {0};

	for (uint32_t i = 0; i < programs->count; i++) {
		uint32_t one;

		if (secbake_emulate(&programs->program[i], call, &one, &error) != SECBAKE_OK) {
			secbake_error_file(&error, cli_shown(path), 0, 0, NULL);
			return cli_fail(&error);
		}
		*verdict = i ? secbake_verdict_strictest(one, *verdict) : one;
	}
	return CLI_DONE;
}

static enum cli_exit answer(const struct request *r, const struct cli_programs *programs,
			    const struct secbake_arch *arch, struct secbake_call *call)
{
	const char *name = secbake_syscall_name(arch, call->nr);
	char text[SECBAKE_VERDICT_TEXT];
	uint32_t verdict = 0x7fff0000u; /* no program: the kernel allows */
	enum cli_exit status;

	call->instruction_pointer = r->ip;
	status = verdict_of(programs, r->path, call, &verdict);
	if (status != CLI_DONE)
		return status;
	secbake_verdict_format_on(arch, verdict, text);
	if (!r->json) {
		printf("%s\n", text);
		return CLI_DONE;
	}
	printf("{\"arch\":\"%s\",\"nr\":%u,", arch->name, call->nr);
	if (name)
		printf("\"syscall\":\"%s\",", name);
	/* Strings: such numbers do not fit what most readers of JSON make of them. */
	printf("\"args\":[");
	for (int i = 0; i < 6; i++)
		printf("%s\"0x%llx\"", i ? "," : "", (unsigned long long)call->args[i]);
	printf("],\"verdict\":\"%s\",\"value\":%u}\n", text, verdict);
	return CLI_DONE;
}

/* One line of standard input: [ARCH] SYSCALL [ARG,ARG...]. */
static enum cli_exit answer_line(const struct request *r, const struct cli_programs *programs,
				 char *line)
{
	const struct secbake_arch *arch = programs->arch, *named;
	const char *word[4];
	struct secbake_call call;
	int count = 0, at = 0;
	char *rest;

	for (char *w = strtok_r(line, " \t\r\n", &rest); w; w = strtok_r(NULL, " \t\r\n", &rest)) {
		if (count == 4)
			break;
		word[count++] = w;
	}
	if (count == 0 || word[0][0] == '#')
		return CLI_DONE;
	named = count > 1 ? secbake_arch_find(word[0]) : NULL;
	if (named) {
		arch = named;
		at = 1;
	}
	if (count - at > 2)
		return cli_usage(&cli_emu,
				 "a line is [ARCH] SYSCALL [ARG,ARG...], not '%s %s %s ...'",
				 word[0], word[1], word[2]);
	if (!cli_parse_call(&cli_emu, arch, word[at], count - at == 2 ? word[at + 1] : NULL, &call))
		return CLI_USAGE;
	return answer(r, programs, arch, &call);
}

static enum cli_exit answer_all(const struct request *r, const struct cli_programs *programs)
{
	enum cli_exit status = CLI_DONE;
	char *line = NULL;
	size_t size = 0, number = 0;
	ssize_t length;

	while (status == CLI_DONE && (length = getline(&line, &size, stdin)) >= 0) {
		number++;
		if (strlen(line) != (size_t)length)
			status = cli_usage(&cli_emu, "a NUL byte; calls are lines of text");
		else
			status = answer_line(r, programs, line);
	}
	if (status == CLI_USAGE) {
		fprintf(stderr, "secbake emu: that was line %zu of standard input\n", number);
		status = CLI_REJECTED;
	} else if (status == CLI_DONE && ferror(stdin)) {
		fprintf(stderr, "standard input: cannot be read: %s\n", strerror(errno));
		status = CLI_SYSTEM;
	}
	free(line);
	return status;
}

static enum cli_exit run(int argc, char **argv)
{
	struct cli_programs programs = {0};
	struct request r = {.mode = SECBAKE_MODE_OWN};
	struct secbake_call call;
	enum cli_exit status = parse(argc, argv, &r);

	if (status == (enum cli_exit)CLI_HELP)
		return CLI_DONE;
	if (status == CLI_DONE)
		status = cli_programs_open(&cli_emu, &programs, r.path, &r.target, r.mode);
	if (status == CLI_DONE && !r.syscall)
		status = answer_all(&r, &programs);
	else if (status == CLI_DONE &&
		 cli_parse_call(&cli_emu, programs.arch, r.syscall, r.args, &call))
		status = answer(&r, &programs, programs.arch, &call);
	else if (status == CLI_DONE)
		status = CLI_USAGE;
	cli_programs_close(&programs);
	return status;
}

const struct cli_verb cli_emu = {
	.name = "emu",
	.summary = "ask a program or a blob what it answers to calls",
	.help = "usage: secbake emu [OPTION...] PROGRAM\n"
		"Prints the verdict of each call, a line each. PROGRAM is a bare program or a blob.\n"
		"Without --syscall, calls are read from standard input, one a line:\n"
		"[ARCH] SYSCALL [ARG,ARG...]; blank lines and # comments are passed over.\n\n"
		"  --syscall CALL        a name or a number\n"
		"  --args A,B,...        its arguments, up to six; others are 0\n"
		"  --arch ARCH           ABI of the call, x32 and x86 too (default: the blob's, else\n"
		"                        this machine's); byte order of a bare program\n"
		"  --ip ADDRESS          the instruction pointer\n"
		"  --kernel X.Y, --features FILE\n"
		"                        whose variant of a blob\n"
		"  --mode enforce|complain\n"
		"                        of a blob\n"
		"  --json                an object a line\n",
	.run = run,
};
