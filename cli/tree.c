/* SPDX-License-Identifier: MIT */
/* See tree.h. */
#include "tree.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <secbake/cache.h>

struct work {
	const struct cli_tree *tree;
	struct cli_depends *depends;
	pthread_mutex_t mutex; /* for what follows, and depends */
	size_t next;
	enum cli_exit worst;
};

static size_t kernels_of(const struct cli_tree *tree)
{
	const size_t most =
		tree->feature_count > tree->kernel_count ? tree->feature_count : tree->kernel_count;

	return most ? most : 1;
}

/* One policy for one kernel. */
static enum cli_exit compile_one(struct work *work, const char *path, size_t kernel)
{
	const struct cli_tree *tree = work->tree;
	struct cli_policy *policy = malloc(sizeof(*policy));
	struct secbake_compiled *compiled = NULL;
	struct secbake_error error = {0};
	enum cli_exit status;
	const uint8_t *blob;
	size_t size;

	if (!policy) {
		secbake_error_set(&error, SECBAKE_ERR_MEMORY, 0, "out of memory");
		return cli_fail(&error);
	}
	*policy = *tree->options;
	if (tree->feature_count)
		policy->target.features = tree->features[kernel];
	if (tree->kernel_count > 1)
		policy->target.kernel = tree->kernel[kernel];
	status = cli_policy_open(tree->verb, policy, path);
	if (status == CLI_DONE) {
		policy->options.sealed = tree->sealed;
		policy->options.no_complain = tree->no_complain;
		if (secbake_compile(&policy->options, &compiled, &error) != SECBAKE_OK) {
			status = cli_policy_fail(policy, &error);
		} else {
			blob = secbake_compiled_blob(compiled, &size);
			if (secbake_tree_put(tree->folder, &policy->options.target,
					     policy->options.name, blob, size, &error))
				status = cli_fail(&error);
		}
		pthread_mutex_lock(&work->mutex);
		if (status == CLI_DONE && !cli_depends_add_policy(work->depends, policy))
			status = CLI_SYSTEM;
		pthread_mutex_unlock(&work->mutex);
	}
	secbake_compiled_free(compiled);
	cli_policy_close(policy);
	free(policy);
	return status;
}

static void *run(void *argument)
{
	struct work *work = argument;
	const struct cli_tree *tree = work->tree;
	const size_t kernels = kernels_of(tree);

	for (;;) {
		enum cli_exit status;
		size_t index;

		pthread_mutex_lock(&work->mutex);
		index = work->next++;
		pthread_mutex_unlock(&work->mutex);
		if (index >= tree->policy_count * kernels)
			return NULL;
		status = compile_one(work, tree->policy[index / kernels], index % kernels);
		pthread_mutex_lock(&work->mutex);
		if (status > work->worst)
			work->worst = status;
		pthread_mutex_unlock(&work->mutex);
	}
}

struct named {
	char name[SECBAKE_NAME_MAX + 1];
	const char *path;
};

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct named *)a)->name, ((const struct named *)b)->name);
}

enum cli_exit cli_tree_check(const struct cli_tree *tree)
{
	struct named *named = calloc(tree->policy_count, sizeof(*named));
	struct secbake_error error = {0};
	enum cli_exit status = CLI_DONE;

	if (!named) {
		secbake_error_set(&error, SECBAKE_ERR_MEMORY, 0, "out of memory");
		return cli_fail(&error);
	}
	for (size_t i = 0; i < tree->policy_count; i++) {
		cli_policy_name(tree->policy[i], named[i].name);
		named[i].path = tree->policy[i];
	}
	qsort(named, tree->policy_count, sizeof(*named), by_name);
	for (size_t i = 1; i < tree->policy_count && status == CLI_DONE; i++)
		if (!by_name(&named[i - 1], &named[i]))
			status = cli_usage(tree->verb,
					   "%s and %s are both named %s, and a tree has one blob "
					   "of a name",
					   named[i - 1].path, named[i].path, named[i].name);
	free(named);
	return status;
}

enum cli_exit cli_tree_compile(const struct cli_tree *tree, struct cli_depends *depends)
{
	struct work work = {.tree = tree, .depends = depends};
	pthread_t thread[CLI_TREE_JOBS_MAX];
	unsigned int started = 0;

	cli_keep_memory();
	pthread_mutex_init(&work.mutex, NULL);
	for (size_t i = 0; i < tree->feature_count; i++)
		if (!cli_depends_add(depends, tree->features[i]))
			work.worst = CLI_SYSTEM;
	while (started + 1 < tree->jobs && !pthread_create(&thread[started], NULL, run, &work))
		started++;
	run(&work);
	while (started)
		pthread_join(thread[--started], NULL);
	pthread_mutex_destroy(&work.mutex);
	return work.worst;
}
