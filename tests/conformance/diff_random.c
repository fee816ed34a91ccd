/* SPDX-License-Identifier: MIT */
/*
 * Random pairs of policies, compared: for each call tried, the models of the two say
 * different things exactly where the comparison lists a case for it, and then what the
 * case says. The models know neither reader nor resolver nor prover; terms are
 * evaluated here, one by one.
 * Environment: SECBAKE_SEED, SECBAKE_RANDOM_COUNT. A failure prints the seed of its pair.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <secbake/diff.h>

#include <tests/lib/compiled.h>
#include <tests/lib/model.h>

#define KERNEL SECBAKE_KERNEL(6, 12)
#define SEED 31u
#define COUNT 300u

static size_t calls, different, pairs_same, cases, cut;

struct pair {
	struct test_visitor visitor;
	const struct model *model[2];
	const struct secbake_diff *diff;
	uint64_t seed;
	const char *text[2];
};

static _Noreturn void fail(const struct pair *pair, const struct seccomp_data *data,
			   const char *why)
{
	fprintf(stderr, "A: %s\nB: %s\n", pair->text[0], pair->text[1]);
	test_die("SECBAKE_SEED=%llu SECBAKE_RANDOM_COUNT=1: %s: %s", (unsigned long long)pair->seed,
		 data ? test_call_text(data) : "", why);
}

static bool term_holds(const struct secbake_diff_term *term, const struct seccomp_data *data)
{
	uint64_t word =
		term->word == SECBAKE_WORD_IP ? data->instruction_pointer : data->args[term->word];
	bool inside = false;

	for (uint32_t i = 0; i < term->set_count; i++)
		inside |= (word & term->set[i].mask) >= term->set[i].lo &&
			  (word & term->set[i].mask) <= term->set[i].hi;
	return inside != term->negate;
}

/* Does any clause hold? unsure: it may be one that is not listed. */
static bool case_holds(const struct secbake_diff_case *found, const struct seccomp_data *data,
		       bool *unsure)
{
	*unsure |= found->cut;
	for (uint32_t i = 0; i < found->clause_count; i++) {
		const struct secbake_diff_clause *clause = &found->clause[i];
		uint32_t held = 0;

		for (uint32_t j = 0; j < clause->term_count; j++)
			*unsure |= clause->term[j].cut;
		while (held < clause->term_count && term_holds(&clause->term[held], data))
			held++;
		if (held == clause->term_count)
			return true;
	}
	return false;
}

static bool named_elsewhere(const struct pair *pair, uint32_t arch)
{
	const struct secbake_diff_group *group;

	for (uint32_t i = 0; (group = secbake_diff_group(pair->diff, i)); i++)
		if (!group->others && group->audit_arch == arch)
			return true;
	return false;
}

static bool group_has(const struct pair *pair, const struct secbake_diff_group *group,
		      const struct seccomp_data *data)
{
	uint32_t nr = (uint32_t)data->nr;

	if (group->others ? named_elsewhere(pair, data->arch) : group->audit_arch != data->arch)
		return false;
	for (uint32_t i = 0; i < group->range_count; i++)
		if (group->range[i].first <= nr && nr <= group->range[i].last)
			return true;
	return false;
}

static void check_call(struct test_visitor *self, const struct seccomp_data *data)
{
	struct pair *pair = (struct pair *)self; /* visitor is its first member */
	uint32_t verdict[2];
	const struct secbake_diff_group *group;
	const struct secbake_diff_case *found = NULL;
	bool unsure = secbake_diff_cut(pair->diff);

	for (int i = 0; i < 2; i++)
		verdict[i] = model_evaluate(pair->model[i], data);
	for (uint32_t i = 0; (group = secbake_diff_group(pair->diff, i)); i++) {
		/* "others" are those that differ so, of all architectures in no other group. */
		if (!group_has(pair, group, data) || (group->others && verdict[0] == verdict[1]))
			continue;
		unsure |= group->cut;
		for (uint32_t j = 0; j < group->case_count; j++) {
			if (!case_holds(&group->cases[j], data, &unsure))
				continue;
			if (found)
				fail(pair, data, "two cases for one call");
			found = &group->cases[j];
		}
	}
	calls++;
	different += verdict[0] != verdict[1];
	if (!found && verdict[0] != verdict[1] && !unsure)
		fail(pair, data, "they differ, and nothing says so");
	if (found && (found->verdict[0] != verdict[0] || found->verdict[1] != verdict[1]))
		fail(pair, data, "a case says another thing than the models");
}

static void check_witnesses(const struct pair *pair)
{
	const struct secbake_diff_group *group;

	for (uint32_t i = 0; (group = secbake_diff_group(pair->diff, i)); i++) {
		for (uint32_t j = 0; j < group->case_count; j++) {
			const struct secbake_diff_case *found = &group->cases[j];
			struct seccomp_data data = {.arch = found->witness.audit_arch,
						    .nr = (int)found->witness.nr};
			bool unsure = false;

			memcpy(data.args, found->witness.args, sizeof(data.args));
			if (!group_has(pair, group, &data) ||
			    (!case_holds(found, &data, &unsure) && !unsure))
				fail(pair, &data, "a witness outside of its case");
			if (model_evaluate(pair->model[0], &data) != found->verdict[0] ||
			    model_evaluate(pair->model[1], &data) != found->verdict[1])
				fail(pair, &data, "a witness of something else");
			cases++;
			cut += unsure;
		}
	}
}

/* A small change: what a person comparing two versions of a policy has made. */
static void change(struct model *model, struct test_random *random)
{
	struct model_rule *rule;

	if (!model->rule_count)
		return;
	rule = &model->rule[test_random_below(random, (uint32_t)model->rule_count)];
	if (rule->cond_count && test_random_below(random, 3)) {
		struct model_cond *cond =
			&rule->cond[test_random_below(random, (uint32_t)rule->cond_count)];

		cond->value ^= UINT64_C(1) << test_random_below(random, 64);
	} else if (rule->action != SECCOMP_RET_ALLOW) {
		rule->action = SECCOMP_RET_ALLOW;
	} else {
		rule->action = SECCOMP_RET_ERRNO | 13;
	}
}

static void run_pair(uint64_t seed)
{
	struct test_random random = {seed}, again = {seed}, chooser = {seed ^ 0x5eedu};
	const struct model_shape shape = {.simple = seed % 2 != 0, .native_only = seed % 3 == 0};
	struct model *model[2] = {model_random(&random, &shape), NULL};
	struct secbake_compile_options options[2];
	struct secbake_side side[2];
	struct secbake_diff *diff = NULL;
	struct secbake_error error = {0};
	struct pair pair = {.visitor = {check_call}, .seed = seed};
	char *text[2];

	if (seed % 4 == 0) { /* two that have nothing to do with each other */
		again.state = seed + 1000000007u;
		model[1] = model_random(&again, &shape);
	} else {
		model[1] = model_random(&again, &shape);
		for (uint32_t i = test_random_below(&chooser, 3); i > 0; i--)
			change(model[1], &chooser);
	}
	for (int i = 0; i < 2; i++) {
		text[i] = model_to_json(model[i]);
		options[i] = test_options(model[i]->arch[0]->name, KERNEL, text[i], strlen(text[i]),
					  i ? "b.json" : "a.json");
		options[i].enosys =
			model[i]->stub_asked ? SECBAKE_ENOSYS_RUNC : SECBAKE_ENOSYS_NONE;
		side[i] = (struct secbake_side){.policy = &options[i], .mode = SECBAKE_MODE_OWN};
		model_prepare(model[i]);
		pair.model[i] = model[i];
		pair.text[i] = text[i];
	}
	if (secbake_diff(&side[0], &side[1], &diff, &error) != SECBAKE_OK)
		fail(&pair, NULL, error.text);
	pair.diff = diff;
	pairs_same += secbake_diff_same(diff);
	check_witnesses(&pair);
	model_calls(model[0], &chooser, &pair.visitor);
	model_calls(model[1], &chooser, &pair.visitor);
	secbake_diff_free(diff);
	for (int i = 0; i < 2; i++) {
		free(text[i]);
		model_free(model[i]);
	}
}

int main(void)
{
	uint64_t seed = test_env("SECBAKE_SEED", SEED);
	uint64_t count = test_env("SECBAKE_RANDOM_COUNT", COUNT);

	printf("SECBAKE_SEED=%llu SECBAKE_RANDOM_COUNT=%llu\n", (unsigned long long)seed,
	       (unsigned long long)count);
	fflush(stdout);
	for (uint64_t i = 0; i < count; i++)
		run_pair(seed + i);
	printf("%zu calls, %zu decided differently; %zu pairs the same; %zu cases, %zu of them cut\n",
	       calls, different, pairs_same, cases, cut);
	if (count >= 100 && (!pairs_same || !different))
		test_die("the pairs are all alike or all different");
	return 0;
}
