/* SPDX-License-Identifier: MIT */
/* A policy as the command line names it. */
#include "policy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <secbake/inspect.h>

/* The index of value in words, or -1 after a message. */
static int one_of(const struct cli_verb *verb, const char *option, const char *value,
		  const char *const *words)
{
	char list[64] = "";

	for (int i = 0; words[i]; i++)
		if (!strcmp(words[i], value))
			return i;
	for (int i = 0; words[i]; i++) {
		size_t used = strlen(list);

		snprintf(list + used, sizeof(list) - used, "%s%s",
			 i ? words[i + 1] ? ", " : " or " : "", words[i]);
	}
	cli_usage(verb, "%s wants %s, not '%s'", option, list, value);
	return -1;
}

static enum cli_exit no_capability(const struct cli_verb *verb, const char *name)
{
	const char *near = secbake_capability_nearest(name);

	if (near)
		return cli_usage(verb, "there is no capability '%s'; did you mean '%s'?", name,
				 near);
	return cli_usage(verb, "there is no capability '%s'", name);
}

enum cli_exit cli_policy_option(const struct cli_verb *verb, struct cli_policy *policy, int option,
				const char *value)
{
	static const char *const dialects[] = {"auto", "oci", "native", NULL};
	static const char *const enosys[] = {"auto", "runc", "none", NULL};
	static const char *const modes[] = {"enforce", "complain", NULL};
	int i = 0;

	switch (option) {
	case CLI_OPT_ARCH:
		policy->target.arch = value;
		break;
	case CLI_OPT_KERNEL:
		policy->target.kernel = value;
		break;
	case CLI_OPT_FEATURES:
		policy->target.features = value;
		break;
	case CLI_OPT_NAME:
		policy->name = value;
		break;
	case CLI_OPT_CAP:
		if (!secbake_capability_known(value))
			return no_capability(verb, value);
		if (policy->cap_count == CLI_CAPS_MAX)
			return cli_usage(verb, "--cap can be given %d times", CLI_CAPS_MAX);
		policy->cap[policy->cap_count++] = value;
		break;
	case CLI_OPT_DIALECT:
		i = one_of(verb, "--dialect", value, dialects);
		policy->dialect = (enum secbake_dialect)i;
		break;
	case CLI_OPT_ENOSYS:
		i = one_of(verb, "--enosys", value, enosys);
		policy->enosys = (enum secbake_enosys)i;
		break;
	case CLI_OPT_MODE:
		i = one_of(verb, "--mode", value, modes);
		policy->mode = (enum secbake_mode)i;
		policy->mode_given = true;
		break;
	case 'P':
	case CLI_OPT_POLICIES:
		if (policy->sources.dir_count == CLI_POLICY_DIRS_MAX || !*value)
			return cli_usage(verb, "-P wants a directory, at most %d times",
					 CLI_POLICY_DIRS_MAX);
		policy->sources.dir[policy->sources.dir_count++] = value;
		break;
	case CLI_OPT_ROOT:
		if (!*value)
			return cli_usage(verb, "--root wants the directory of an image");
		policy->sources.root = value;
		break;
	case CLI_OPT_STRICT:
		policy->strict = true;
		break;
	default:
		return CLI_USAGE;
	}
	return i < 0 ? CLI_USAGE : CLI_DONE;
}

/*
 * The file's name without ".json". It only labels the blob, so that characters
 * which no name may have are no reason to refuse the file: they become '_'.
 */
void cli_policy_name(const char *path, char name[SECBAKE_NAME_MAX + 1])
{
	size_t end = strlen(path), size;
	const char *base;

	while (end > 1 && path[end - 1] == '/') /* a directory, as its reader says */
		end--;
	for (base = path + end; base > path && base[-1] != '/';)
		base--;
	size = (size_t)(path + end - base);
	if (!strcmp(path, "-")) {
		base = "stdin";
		size = strlen(base);
	}
	if (size > 5 && !strcmp(base + size - 5, ".json"))
		size -= 5;
	if (size > SECBAKE_NAME_MAX)
		size = SECBAKE_NAME_MAX;
	for (size_t i = 0; i < size; i++) {
		char one[2] = {base[i], '\0'};

		name[i] = one[0] == '.' || secbake_name_valid(one) ? one[0] : '_';
	}
	name[size] = '\0';
	if (!size && *path) /* "/" */
		memcpy(name, "_", 2);
	if (name[0] == '.')
		name[0] = '_';
}

static enum cli_exit name_of(const struct cli_verb *verb, struct cli_policy *policy,
			     const char *path)
{
	if (!*path)
		return cli_usage(verb, "the policy's path is empty");
	cli_policy_name(path, policy->stem);
	policy->options.name = policy->name ? policy->name : policy->stem;
	if (!secbake_name_valid(policy->options.name))
		return cli_usage(verb,
				 "'%s' cannot name a policy: up to %u of A-Z a-z 0-9 _ . @ - are "
				 "allowed, the first not a dot",
				 policy->options.name, SECBAKE_NAME_MAX);
	return CLI_DONE;
}

/* NAME.options beside the policy; its absence is fine. */
static enum cli_exit read_options(struct cli_policy *policy, const char *path)
{
	const char *slash = strrchr(path, '/');
	int folder = slash ? (int)(slash - path) + 1 : 0;
	struct secbake_error error = {0};
	struct secbake_text *text = &policy->options.options;
	const char *base = slash ? slash + 1 : path;

	if (!strcmp(path, "-"))
		return CLI_DONE;
	/* A name that had to be changed is a label: no file of options bears it. */
	if (!policy->name && strncmp(base, policy->stem, strlen(policy->stem)) != 0)
		return CLI_DONE;
	if (asprintf(&policy->options_path, "%.*s%s.options", folder, path, policy->options.name) <
	    0) {
		policy->options_path = NULL;
		secbake_error_set(&error, SECBAKE_ERR_MEMORY, 0, "out of memory");
		return cli_fail(&error);
	}
	if (access(policy->options_path, F_OK) && errno == ENOENT)
		return CLI_DONE;
	if (cli_read_file(policy->options_path, SECBAKE_POLICY_SIZE_MAX, &policy->options_text,
			  &text->size, &error) != SECBAKE_OK)
		return cli_fail(&error);
	text->bytes = policy->options_text;
	text->file = policy->options_path;
	return CLI_DONE;
}

enum cli_exit cli_policy_open(const struct cli_verb *verb, struct cli_policy *policy,
			      const char *path)
{
	struct secbake_compile_options *options = &policy->options;
	struct secbake_error error = {0};
	enum cli_exit status = name_of(verb, policy, path);

	if (status == CLI_DONE && policy->target.features && !strcmp(path, "-") &&
	    !strcmp(policy->target.features, "-"))
		status = cli_usage(verb, "standard input can be read once only");
	if (status == CLI_DONE)
		status = cli_target_features(verb, &policy->target, &options->target);
	if (status != CLI_DONE)
		return status;
	if (cli_read_file(path, SECBAKE_POLICY_SIZE_MAX, &policy->text, &options->policy.size,
			  &error) != SECBAKE_OK)
		return cli_fail(&error);
	options->policy.bytes = policy->text;
	options->policy.file = cli_shown(path);
	if (options->policy.size >= 8 && !memcmp(policy->text, SECBAKE_BLOB_MAGIC, 8)) {
		secbake_error_set(
			&error, SECBAKE_ERR_INPUT, 0,
			"is a blob, which was compiled; give the JSON that it was made of");
		secbake_error_file(&error, options->policy.file, 0, 0, NULL);
		return cli_fail(&error);
	}
	cli_reporter_init(&policy->reporter);
	options->reporter = &policy->reporter.base;
	options->dialect = policy->dialect;
	options->enosys = policy->enosys;
	options->effort = policy->effort;
	options->passes = policy->passes;
	options->strict = policy->strict;
	if (policy->mode_given)
		options->mode = &policy->mode;
	else
		policy->mode = SECBAKE_MODE_OWN;
	cli_sources_init(&policy->sources, path);
	options->sources = &policy->sources.base;
	options->caps = policy->cap;
	options->cap_count = policy->cap_count;
	return read_options(policy, path);
}

enum cli_exit cli_policy_fail(const struct cli_policy *policy, const struct secbake_error *error)
{
	return policy->reporter.errors ? cli_exit_of(error->status) : cli_fail(error);
}

void cli_policy_close(struct cli_policy *policy)
{
	cli_sources_close(&policy->sources);
	free(policy->text);
	free(policy->options_text);
	free(policy->options_path);
}
