/* SPDX-License-Identifier: MIT */
/* secbake prove: does a program decide as a policy says, for every call? */
#include <stdlib.h>
#include <string.h>

#include "policy.h"
#include "program.h"

static const struct option longs[] = {
	CLI_POLICY_OPTIONS,
	{0},
};

static enum cli_exit show_difference(const struct secbake_error *error,
				     const struct secbake_difference *difference)
{
	const struct secbake_arch *arch = secbake_arch_by_audit(difference->call.audit_arch);
	char program[SECBAKE_VERDICT_TEXT], policy[SECBAKE_VERDICT_TEXT];

	if (difference->program_verdict == difference->policy_verdict) {
		printf("not proved: %s\n", error->text); /* no call shows it */
		return CLI_FINDING;
	}
	if (!arch)
		arch = secbake_arch_native();
	secbake_verdict_format_on(arch, difference->program_verdict, program);
	secbake_verdict_format_on(arch, difference->policy_verdict, policy);
	printf("differs: ");
	cli_print_call(stdout, &difference->call);
	printf(": the program says %s, the policy %s\n", program, policy);
	if (difference->rule.line)
		printf("  %s:%u: %s: %s\n", difference->rule.file, difference->rule.line,
		       difference->rule.pointer, difference->rule.reason);
	else
		printf("  %s\n", difference->rule.reason);
	return CLI_FINDING;
}

/* "log, spec-allow" or "none" */
static void print_flags(uint32_t flags)
{
	bool some = false;

	for (uint32_t bit = 1; bit; bit <<= 1) {
		const char *name = flags & bit ? secbake_flag_name(bit) : NULL;

		if (!name)
			continue;
		printf("%s%s", some ? ", " : "", name);
		some = true;
	}
	fputs(some ? "" : "none", stdout);
}

/* A bare program has no flags that could differ. */
static enum cli_exit check_flags(const struct cli_programs *programs, uint32_t i, uint32_t wanted)
{
	if (!programs->blob.bytes || programs->filter_flags[i] == wanted)
		return CLI_DONE;
	printf("differs: program %u is installed with the flags ", i);
	print_flags(programs->filter_flags[i]);
	fputs(", the policy asks for ", stdout);
	print_flags(wanted);
	putchar('\n');
	return CLI_FINDING;
}

/* The programs chosen, one for one: neither side may have one more. CLI_DONE: equal. */
static enum cli_exit prove_programs(const struct cli_programs *programs,
				    const struct cli_policy *policy, enum secbake_mode mode)
{
	static const struct secbake_program none;

	for (uint32_t i = 0; i <= programs->count; i++) {
		bool more = i < programs->count;
		struct secbake_difference difference = {0};
		struct secbake_error error = {0};
		enum secbake_status status =
			secbake_prove(more ? &programs->program[i] : &none, &policy->options, mode,
				      i, &difference, &error);

		if (more && status == SECBAKE_OK &&
		    check_flags(programs, i, difference.policy_flags) != CLI_DONE)
			return CLI_FINDING;
		if (more ? status == SECBAKE_OK : status == SECBAKE_ERR_MISSING)
			continue;
		if (more && status == SECBAKE_ERR_STALE)
			return show_difference(&error, &difference);
		if (more && status != SECBAKE_ERR_MISSING)
			return cli_policy_fail(policy, &error);
		printf("not proved: the policy has %s programs than the %u at hand\n",
		       more ? "fewer" : "more", programs->count);
		return CLI_FINDING;
	}
	return CLI_DONE;
}

static const char *mode_name(uint32_t flags)
{
	return flags & SECBAKE_BLOB_UNRESTRICTED ? "unrestricted"
	       : flags & SECBAKE_BLOB_COMPLAIN	 ? "complain"
						 : "enforce";
}

/* A loader takes the programs of the blob's own mode: it is part of what the blob decides. */
static enum cli_exit check_mode(const struct cli_programs *programs,
				const struct cli_policy *policy)
{
	static const struct secbake_program none;
	uint32_t mode = programs->blob.flags & (SECBAKE_BLOB_UNRESTRICTED | SECBAKE_BLOB_COMPLAIN);
	struct secbake_difference difference = {0};
	struct secbake_error error = {0};

	/* A program that no policy has: nothing is proved yet. */
	if (secbake_prove(&none, &policy->options, SECBAKE_MODE_OWN, SECBAKE_LAYERS_MAX,
			  &difference, &error) != SECBAKE_ERR_MISSING)
		return cli_policy_fail(policy, &error);
	if (difference.policy_mode == mode)
		return CLI_DONE;
	printf("differs: the blob's mode is %s, the policy's %s\n", mode_name(mode),
	       mode_name(difference.policy_mode));
	return CLI_FINDING;
}

/* Every variant of a blob, or those that --kernel and --mode leave. */
static enum cli_exit prove_blob(struct cli_programs *programs, struct cli_policy *policy)
{
	uint32_t count = secbake_blob_count(&programs->blob, SECBAKE_SECTION_VARIANTS);
	uint32_t kernel = policy->target.kernel ? policy->options.target.kernel : 0;
	enum cli_exit status = CLI_DONE;
	uint32_t proved = 0;
	enum secbake_mode mode;

	for (uint32_t i = 0; i < count && status == CLI_DONE; i++) {
		struct secbake_blob_variant v = secbake_blob_variant(&programs->blob, i);

		if ((kernel && (kernel < v.kernel_from || kernel >= v.kernel_to)) ||
		    (policy->mode != SECBAKE_MODE_OWN && policy->mode != v.mode))
			continue;
		mode = programs->blob.flags & SECBAKE_BLOB_UNRESTRICTED
			       ? SECBAKE_MODE_OWN /* of which there is one, if the policy agrees */
			       : (enum secbake_mode)v.mode;
		cli_programs_of_variant(programs, &v);
		policy->options.target.kernel = v.kernel_from;
		if (!proved && !policy->mode_given)
			status = check_mode(programs, policy);
		if (status == CLI_DONE)
			status = prove_programs(programs, policy, mode);
		proved++;
	}
	if (status == CLI_DONE)
		printf("proved: equal for every call, in %u variant%s\n", proved,
		       proved == 1 ? "" : "s");
	return status;
}

static enum cli_exit prove(struct cli_programs *programs, struct cli_policy *policy)
{
	enum cli_exit status;

	if (programs->blob.bytes) {
		status = cli_programs_features(&cli_prove, programs, &policy->target,
					       &policy->options.target);
		return status == CLI_DONE ? prove_blob(programs, policy) : status;
	}
	status = prove_programs(programs, policy, policy->mode);
	if (status == CLI_DONE)
		puts("proved: equal for every call");
	return status;
}

static enum cli_exit run(int argc, char **argv)
{
	struct cli_programs programs = {0};
	struct cli_policy policy = {0};
	enum cli_exit status = CLI_DONE;
	int option;

	while (status == CLI_DONE &&
	       (option = cli_next(&cli_prove, argc, argv, ":P:", longs)) != -1) {
		if (option == '?')
			return CLI_USAGE;
		if (option == CLI_HELP)
			return CLI_DONE;
		status = cli_policy_option(&cli_prove, &policy, option, optarg);
	}
	if (status != CLI_DONE)
		return status;
	if (argc - optind != 2)
		return cli_usage(&cli_prove, "a program and a policy are wanted");
	if (!strcmp(argv[optind], "-") && !strcmp(argv[optind + 1], "-"))
		return cli_usage(&cli_prove, "standard input can be read once only");
	status =
		cli_programs_open(&cli_prove, &programs, argv[optind], &policy.target, policy.mode);
	if (status == CLI_DONE && programs.blob.bytes && programs.arch != programs.blob.arch)
		status = cli_usage(&cli_prove, "--arch says %s, and the blob is for %s",
				   programs.arch->name, programs.blob.arch->name);
	/* A blob says which architecture it is for; a kernel's features name theirs. */
	if (programs.blob.bytes && !policy.target.features)
		policy.target.arch = programs.arch->name;
	if (status == CLI_DONE)
		status = cli_policy_open(&cli_prove, &policy, argv[optind + 1]);
	if (status == CLI_DONE)
		status = prove(&programs, &policy);
	cli_programs_close(&programs);
	cli_policy_close(&policy);
	return status;
}

const struct cli_verb cli_prove = {
	.name = "prove",
	.summary = "prove that a program or a blob decides as a policy says",
	.help = "usage: secbake prove [OPTION...] PROGRAM POLICY.json\n"
		"Proves for every architecture, number and argument that a bare program, or the\n"
		"programs of a blob in each of its variants (or those that --kernel and --mode\n"
		"leave), decide as the policy does, and that a blob's filter flags and, without\n"
		"--mode, its mode are those that the policy asks for. Exit status 0: equal; 1: not,\n"
		"and a call and the rule that decides it show why; 5: cannot tell.\n\n" CLI_POLICY_HELP,
	.run = run,
};
