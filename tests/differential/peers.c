/* SPDX-License-Identifier: MIT */
/*
 * libseccomp's own programs, for whole policies and given to it as container runtimes
 * do, read by the prover: at levels 1 (linear) and 2 (binary tree), for the corpus and
 * for random policies. Each case of a difference is replayed in the interpreter and by
 * the model, and sorted by cause (docs/proof.md); one without a cause fails the test.
 * Some policies make libseccomp loop for ever: it works in children with a limit of
 * processor time.
 * usage: peers [DIRECTORY], the corpus
 * Environment: SECBAKE_SEED, SECBAKE_DIFFERENTIAL_COUNT.
 */
#include <dirent.h>
#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <secbake/diff.h>

#include <tests/lib/compiled.h>
#include <tests/lib/model.h>

#include "scmp.h"

#define KERNEL SECBAKE_KERNEL(6, 12)
#define SEED 901u
#define COUNT 300u
#define SECONDS 2u /* of processor time for one filter */
#define LEVELS 2u

enum cause {
	UNEXPLAINED,
	UPPER_HALF,
	MULTIPLEXED,
	UNKNOWN_NAME,
	TWO_RULES,
	TWO_ARGUMENTS,
	LARGE_VALUE,
	MISSING_ELSEWHERE,
	REPEATED,
	OTHER_CALLS,
	CAUSES,
};

static const char *const cause_text[CAUSES] = {
	[UNEXPLAINED] = "no cause known",
	[UPPER_HALF] = "upper halves of arguments on x32",
	[MULTIPLEXED] = "calls that an ABI multiplexes, and socketcall and ipc",
	[UNKNOWN_NAME] = "calls that this libseccomp does not know on that ABI",
	[TWO_RULES] = "several rules on one call, in an order of libseccomp's own",
	[TWO_ARGUMENTS] = "a rule with several arguments",
	[LARGE_VALUE] = "an ordered or masked comparison with a value above 2^32",
	[MISSING_ELSEWHERE] = "calls that another architecture of the policy lacks",
	[REPEATED] = "a rule given twice",
	[OTHER_CALLS] = "right for the call's own rules alone, wrong beside those of other calls",
};

/* What a child hands back. */
enum outcome { BUILT, REFUSED, ENDLESS, CRASHED, OUTCOMES };
struct shared {
	uint32_t outcome, size;
	uint8_t bytes[SECBAKE_PROGRAM_MAX * 8 + 8];
};

static struct shared *shared;
static struct {
	size_t outcome[OUTCOMES], same, differ, too_permissive, cases[CAUSES], policies[CAUSES],
		unknown;
} count[LEVELS];

static bool repeats_argument(const struct model_rule *rule)
{
	for (size_t i = 0; i < rule->cond_count; i++)
		for (size_t j = 0; j < i; j++)
			if (rule->cond[i].index == rule->cond[j].index)
				return true;
	return false;
}

static struct scmp_arg_cmp comparison(const struct model_cond *cond)
{
	return (struct scmp_arg_cmp){cond->index, (enum scmp_compare)cond->op, cond->value,
				     cond->op == MODEL_MASKED_EQ ? cond->value_two : 0};
}

/* As runc adds them: unknown names are left out, conditions on one argument are ORed. */
static bool add_rules(scmp_filter_ctx filter, const struct model_rule *rule, const char *only)
{
	for (size_t n = 0; n < rule->name_count; n++) {
		int nr = seccomp_syscall_resolve_name(rule->name[n]), r = 0;
		uint32_t action = scmp_action(rule->action);
		struct scmp_arg_cmp cmp[6];

		if (nr == __NR_SCMP_ERROR || (only && strcmp(only, rule->name[n]) != 0))
			continue;
		if (repeats_argument(rule)) {
			for (size_t i = 0; i < rule->cond_count && (!r || r == -EEXIST); i++) {
				cmp[0] = comparison(&rule->cond[i]);
				r = seccomp_rule_add_array(filter, action, nr, 1, cmp);
			}
		} else {
			for (size_t i = 0; i < rule->cond_count && i < 6; i++)
				cmp[i] = comparison(&rule->cond[i]);
			r = seccomp_rule_add_array(filter, action, nr,
						   (unsigned int)rule->cond_count, cmp);
		}
		if (r && r != -EEXIST)
			return false;
	}
	return true;
}

/* only: the rules for this call alone, or NULL for all. */
static bool build(const struct model *model, uint32_t level, const char *only)
{
	scmp_filter_ctx filter = seccomp_init(scmp_action(model->default_action));
	int fd = memfd_create("filter", MFD_CLOEXEC);
	ssize_t size;

	if (!filter || fd < 0 || seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, level) ||
	    seccomp_arch_remove(filter, SCMP_ARCH_NATIVE))
		return false;
	for (size_t i = 0; i < model->arch_count; i++)
		if (seccomp_arch_add(filter, seccomp_arch_resolve_name(model->arch[i]->name)))
			return false;
	for (size_t i = 0; i < model->rule_count; i++)
		if (model->rule[i].action != model->default_action &&
		    !add_rules(filter, &model->rule[i], only))
			return false;
	if (seccomp_export_bpf(filter, fd))
		return false;
	size = pread(fd, shared->bytes, sizeof(shared->bytes), 0);
	if (size <= 0 || size > (ssize_t)SECBAKE_PROGRAM_MAX * 8)
		return false;
	shared->size = (uint32_t)size;
	return true;
}

static enum outcome build_in_child(const struct model *model, uint32_t level, const char *only)
{
	const struct rlimit limit = {SECONDS, SECONDS}, none = {0, 0};
	int status;
	pid_t child;

	fflush(stdout);
	shared->outcome = CRASHED;
	child = fork();
	if (child == 0) {
		setrlimit(RLIMIT_CPU, &limit);
		setrlimit(RLIMIT_CORE, &none);
		shared->outcome = build(model, level, only) ? BUILT : REFUSED;
		_exit(0);
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		test_die("a child could not be run");
	if (WIFSIGNALED(status) && (WTERMSIG(status) == SIGXCPU || WTERMSIG(status) == SIGKILL))
		return ENDLESS;
	return (enum outcome)shared->outcome;
}

static bool has_name(const struct model_rule *rule, const char *name)
{
	for (size_t i = 0; i < rule->name_count; i++)
		if (!strcmp(rule->name[i], name))
			return true;
	return false;
}

/* Why the rules that name a call may come out differently; as specific as can be. */
static enum cause cause_by_rules(const struct model *model, const char *name)
{
	size_t rules = 0, unconditional = 0;
	bool arguments = false, large = false, repeated = false;
	const struct model_rule *first = NULL;

	for (size_t i = 0; i < model->rule_count; i++) {
		const struct model_rule *rule = &model->rule[i];

		if (rule->action == model->default_action || !has_name(rule, name))
			continue;
		repeated |= first && first->action == rule->action &&
			    first->cond_count == rule->cond_count && !rule->cond_count;
		first = first ? first : rule;
		rules++;
		unconditional += !rule->cond_count;
		arguments |= rule->cond_count > 1;
		for (size_t j = 0; j < rule->cond_count; j++)
			large |= rule->cond[j].value > UINT32_MAX ||
				 rule->cond[j].value_two > UINT32_MAX;
	}
	if (rules > 1)
		return repeated && rules == unconditional ? REPEATED : TWO_RULES;
	if (arguments)
		return TWO_ARGUMENTS;
	return large ? LARGE_VALUE : UNEXPLAINED;
}

static const struct secbake_arch *abi_of(const struct seccomp_data *data)
{
	const struct secbake_arch *arch = secbake_arch_by_audit(data->arch);

	if (arch && !strcmp(arch->name, "x86_64") && ((uint32_t)data->nr & SECBAKE_X32_BIT))
		return secbake_arch_find("x32");
	return arch;
}

static enum cause cause_of(const struct model *model, const struct seccomp_data *data)
{
	const struct secbake_arch *abi = abi_of(data);
	const char *name = abi ? secbake_syscall_name(abi, (uint32_t)data->nr) : NULL;
	enum cause cause;

	if (!name)
		return UNEXPLAINED;
	if (is_carrier(data) || is_multiplexed(name))
		return MULTIPLEXED;
	if (seccomp_syscall_resolve_name_arch(seccomp_arch_resolve_name(abi->name), name) < 0)
		return UNKNOWN_NAME;
	cause = cause_by_rules(model, name);
	if (abi->x32)
		for (int i = 0; i < 6; i++)
			if (data->args[i] > UINT32_MAX && cause != TWO_RULES)
				return UPPER_HALF;
	if (cause != UNEXPLAINED)
		return cause;
	for (size_t i = 0; i < model->arch_count; i++) {
		uint32_t token = seccomp_arch_resolve_name(model->arch[i]->name);

		if (seccomp_syscall_resolve_name_arch(token, name) < 0)
			return MISSING_ELSEWHERE;
	}
	return UNEXPLAINED;
}

/* Is libseccomp right where the policy has no rules but those for this call? */
static bool right_alone(const struct model *model, uint32_t level, const struct seccomp_data *data,
			uint32_t wanted)
{
	static struct test_program alone;
	const struct secbake_arch *abi = abi_of(data);
	const char *name = abi ? secbake_syscall_name(abi, (uint32_t)data->nr) : NULL;

	if (!name || build_in_child(model, level, name) != BUILT)
		return false;
	test_program_decode(shared->bytes, shared->size / 8, model->arch[0]->big_endian, &alone);
	return test_interpret(&alone, data) == wanted;
}

static void replay(const struct model *model, const struct test_program *theirs, uint32_t level,
		   const struct secbake_diff_case *found, bool *seen, const char *what)
{
	struct seccomp_data data = {.arch = found->witness.audit_arch,
				    .nr = (int)found->witness.nr,
				    .instruction_pointer = found->witness.instruction_pointer};
	enum cause cause;

	memcpy(data.args, found->witness.args, sizeof(data.args));
	if (test_interpret(theirs, &data) != found->verdict[1] ||
	    model_evaluate(model, &data) != found->verdict[0])
		test_die("%s, level %u: %s: the difference is none, or another", what, level,
			 test_call_text(&data));
	cause = cause_of(model, &data);
	if (cause == UNEXPLAINED && right_alone(model, level, &data, found->verdict[0]))
		cause = OTHER_CALLS;
	if (cause == UNEXPLAINED)
		fprintf(stderr, "%s, level %u: %s: secbake %s, libseccomp %s: no cause known\n",
			what, level, test_call_text(&data), test_verdict_text(found->verdict[0]),
			test_verdict_text(found->verdict[1]));
	count[level - 1].cases[cause]++;
	count[level - 1].policies[cause] += !seen[cause];
	seen[cause] = true;
	count[level - 1].too_permissive += found->verdict[1] == SECCOMP_RET_ALLOW;
}

static void compare(const struct model *model, const char *text, size_t size, const char *what,
		    uint32_t level)
{
	static struct test_program theirs;
	struct secbake_compile_options options =
		test_options(model->arch[0]->name, KERNEL, text, size, what);
	struct secbake_program program = {.bytes = shared->bytes,
					  .count = shared->size / 8,
					  .big_endian = model->arch[0]->big_endian};
	struct secbake_side ours = {.policy = &options},
			    other = {.program = &program, .program_count = 1};
	const struct secbake_diff_group *group;
	struct secbake_error error = {0};
	struct secbake_diff *diff;
	bool seen[CAUSES] = {false};
	enum secbake_status status;

	test_program_decode(program.bytes, program.count, program.big_endian, &theirs);
	status = secbake_diff(&ours, &other, &diff, &error);
	if (status == SECBAKE_ERR_UNKNOWN) {
		count[level - 1].unknown++;
		return;
	}
	if (status != SECBAKE_OK)
		test_die("%s, level %u: %s\n%s", what, level, error.text, text);
	for (uint32_t i = 0; (group = secbake_diff_group(diff, i)); i++)
		for (uint32_t j = 0; j < group->case_count; j++)
			replay(model, &theirs, level, &group->cases[j], seen, what);
	if (secbake_diff_group(diff, 0))
		count[level - 1].differ++;
	else
		count[level - 1].same++;
	secbake_diff_free(diff);
}

static void run_model(const struct model *model, const char *text, size_t size, const char *what)
{
	if (model->arch[0]->big_endian != secbake_arch_native()->big_endian)
		return; /* libseccomp.c says why */
	for (uint32_t level = 1; level <= LEVELS; level++) {
		enum outcome outcome = build_in_child(model, level, NULL);

		count[level - 1].outcome[outcome]++;
		if (outcome == BUILT)
			compare(model, text, size, what, level);
	}
}

static void run_random(uint64_t seed)
{
	struct test_random random = {seed};
	const struct model_shape shape = {.simple = seed % 2 != 0, .native_only = false};
	struct model *model = model_random(&random, &shape);
	char *what = test_sprintf("SECBAKE_SEED=%llu SECBAKE_DIFFERENTIAL_COUNT=1",
				  (unsigned long long)seed);
	char *text;

	model->stub_asked = false;
	text = model_to_json(model);
	model_prepare(model);
	run_model(model, text, strlen(text), what);
	free(text);
	free(what);
	model_free(model);
}

static void run_file(const char *directory, const char *name)
{
	char *path = test_sprintf("%s/%s", directory, name);
	size_t size;
	char *text = test_read_file(path, &size);
	struct model *model = model_from_json(text, name, secbake_arch_find("x86_64"), KERNEL);

	model_prepare(model);
	run_model(model, text, size, name);
	model_free(model);
	free(text);
	free(path);
}

static void run_corpus(const char *path)
{
	DIR *directory = opendir(path);
	struct dirent *entry;

	if (!directory) {
		printf("%s is not there: random policies only\n", path);
		return;
	}
	while ((entry = readdir(directory))) {
		size_t length = strlen(entry->d_name);

		if (length > 5 && !strcmp(entry->d_name + length - 5, ".json"))
			run_file(path, entry->d_name);
	}
	closedir(directory);
}

int main(int argc, char **argv)
{
	uint64_t seed = test_env("SECBAKE_SEED", SEED);
	uint64_t random = test_env("SECBAKE_DIFFERENTIAL_COUNT", COUNT);
	bool unexplained = false;

	printf("SECBAKE_SEED=%llu SECBAKE_DIFFERENTIAL_COUNT=%llu\n", (unsigned long long)seed,
	       (unsigned long long)random);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (shared == MAP_FAILED)
		test_die("mmap: %s", strerror(errno));
	if (argc > 1)
		run_corpus(argv[1]);
	for (uint64_t i = 0; i < random; i++)
		run_random(seed + i);
	for (uint32_t i = 0; i < LEVELS; i++) {
		printf("level %u: %zu filters built, %zu refused, %zu without end, %zu crashed; %zu "
		       "equal to their policy, %zu not, %zu cannot be told; %zu cases allow what the "
		       "policy does not\n",
		       i + 1, count[i].outcome[BUILT], count[i].outcome[REFUSED],
		       count[i].outcome[ENDLESS], count[i].outcome[CRASHED], count[i].same,
		       count[i].differ, count[i].unknown, count[i].too_permissive);
		for (uint32_t j = 0; j < CAUSES; j++)
			if (count[i].cases[j])
				printf("  %6zu cases in %5zu policies: %s\n", count[i].cases[j],
				       count[i].policies[j], cause_text[j]);
		unexplained |= count[i].cases[UNEXPLAINED] || count[i].unknown;
	}
	if (unexplained)
		test_die("differences without a known cause");
	return 0;
}
