/* SPDX-License-Identifier: MIT */
/*
 * The same policy through libseccomp's API: where its answer is well defined, both
 * programs give the same verdict to every call. Random policies of the shape that
 * it decides right, and the corpus without what it does not; each exception below
 * has its reason, and is counted and printed.
 * usage: libseccomp [DIRECTORY], the corpus
 * Environment: SECBAKE_SEED, SECBAKE_DIFFERENTIAL_COUNT.
 */
#include <dirent.h>
#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <secbake/inspect.h>

#include <tests/lib/compiled.h>
#include <tests/lib/model.h>

#include "scmp.h"

#define KERNEL SECBAKE_KERNEL(6, 12)
#define SEED 77u
#define COUNT 700u
#define NAMED_MAX 64u

/* Why a name of a policy, or a call, is not compared. */
enum reason {
	COMPARED,
	TWO_ARGUMENTS, /* libseccomp chains them in an order of its own, and is wrong at times */
	LARGE_VALUE,   /* ordered comparisons with values above 2^32 are wrong in 2.5.4 and 2.6.1 */
	OVERLAP,       /* which of two matching rules decides depends on its internal order */
	UNKNOWN_NAME, /* newer than the installed libseccomp, which leaves the number to the default
		       */
	UNKNOWN_NUMBER, /* the same, on one ABI only */
	MULTIPLEXED, /* conditions on a call that some ABI multiplexes: libseccomp drops the first
		      * argument's and grants the whole call by socketcall or ipc; secbake never
		      * does */
	UPPER_HALF,  /* x32's registers have 64 bits, which secbake compares; libseccomp does not
		      * look  at upper halves there */
	MUX_UPPER_BITS, /* ipc's version bits, and on 64-bit ABIs the upper half: libseccomp
			 * compares all 64 bits, the kernel looks at 16 or 32, and so does secbake
			 */
	REASONS,
};

static const char *const reason_text[REASONS] = {
	[TWO_ARGUMENTS] = "rule with two arguments",
	[LARGE_VALUE] = "value above 2^32",
	[OVERLAP] = "rules with different actions that may overlap",
	[UNKNOWN_NAME] = "name that this libseccomp does not know",
	[UNKNOWN_NUMBER] = "name that this libseccomp does not know on that architecture",
	[MULTIPLEXED] = "conditions on a multiplexed call",
	[UPPER_HALF] = "upper halves on x32",
	[MUX_UPPER_BITS] = "upper bits of a multiplexer's first argument",
};

static size_t calls, differences, skipped_calls[REASONS], skipped_names[REASONS];

/* One policy both ways. */
struct pair {
	struct test_visitor visitor;
	const char *what;
	const struct model *model;
	const struct test_program *ours, *theirs;
	uint32_t *left_out; /* pairs of audit_arch and number */
	size_t left_out_count;
	const char *named[NAMED_MAX]; /* names that were left out and reported */
	size_t named_count;
};

static bool has_name(const struct model_rule *rule, const char *name)
{
	for (size_t i = 0; i < rule->name_count; i++)
		if (!strcmp(rule->name[i], name))
			return true;
	return false;
}

/* Is the answer to this name well defined with libseccomp, as this rule and the others stand? */
static enum reason judge(const struct model *model, const char *name, const struct model_rule *rule)
{
	if (seccomp_syscall_resolve_name(name) == __NR_SCMP_ERROR)
		return UNKNOWN_NAME;
	if (rule->cond_count > 1)
		return TWO_ARGUMENTS;
	if (rule->cond_count && is_multiplexed(name))
		return MULTIPLEXED;
	if (rule->cond_count &&
	    (rule->cond->value > UINT32_MAX || rule->cond->value_two > UINT32_MAX))
		return LARGE_VALUE;
	for (size_t i = 0; i < model->rule_count; i++) {
		const struct model_rule *other = &model->rule[i];

		if (other->action != rule->action && other->action != model->default_action &&
		    has_name(other, name))
			return OVERLAP;
	}
	return COMPARED;
}

/* Judged by all of its rules: one bad rule leaves the name out. */
static enum reason judge_name(const struct model *model, const char *name)
{
	enum reason worst = COMPARED;

	for (size_t i = 0; i < model->rule_count && worst == COMPARED; i++)
		if (model->rule[i].action != model->default_action &&
		    has_name(&model->rule[i], name))
			worst = judge(model, name, &model->rule[i]);
	return worst;
}

static void leave_out(struct pair *pair, uint32_t audit_arch, uint32_t nr)
{
	pair->left_out =
		realloc(pair->left_out, (pair->left_out_count + 2) * sizeof(*pair->left_out));
	if (!pair->left_out)
		test_die("out of memory");
	pair->left_out[pair->left_out_count++] = audit_arch;
	pair->left_out[pair->left_out_count++] = nr;
}

static void leave_out_name(struct pair *pair, const char *name, enum reason reason)
{
	const struct model *model = pair->model;
	static const char *const carriers[] = {"socketcall", "ipc"};

	for (size_t i = 0; i < pair->named_count; i++)
		if (!strcmp(pair->named[i], name))
			return;
	if (pair->named_count < NAMED_MAX)
		pair->named[pair->named_count++] = name;
	skipped_names[reason]++;
	printf("%s: %s is left out: %s\n", pair->what, name, reason_text[reason]);
	for (size_t a = 0; a < model->arch_count; a++) {
		uint32_t nr;

		if (model_number(model->arch[a], name, &nr))
			leave_out(pair, model->arch[a]->audit_arch, nr);
		for (size_t i = 0; is_multiplexed(name) && i < 2; i++)
			if (model_number(model->arch[a], carriers[i], &nr))
				leave_out(pair, model->arch[a]->audit_arch, nr);
	}
}

/* Names that are compared, but not where libseccomp has no number for them and secbake has. */
static void leave_out_numbers(struct pair *pair, const char *name)
{
	for (size_t a = 0; a < pair->model->arch_count; a++) {
		const struct secbake_arch *arch = pair->model->arch[a];
		uint32_t token = seccomp_arch_resolve_name(arch->name), nr;

		if (is_multiplexed(name) || seccomp_syscall_resolve_name_arch(token, name) >= 0 ||
		    !secbake_syscall_number(arch, name, &nr))
			continue;
		skipped_names[UNKNOWN_NUMBER]++;
		printf("%s: %s is left out on %s: %s\n", pair->what, name, arch->name,
		       reason_text[UNKNOWN_NUMBER]);
		leave_out(pair, arch->audit_arch, nr);
	}
}

static void add_rule(scmp_filter_ctx filter, const struct model_rule *rule, const char *name,
		     const char *what)
{
	const struct model_cond *cond = rule->cond;
	int nr = seccomp_syscall_resolve_name(name), r;
	struct scmp_arg_cmp cmp = {0};

	if (rule->cond_count) {
		bool masked = cond->op == MODEL_MASKED_EQ;

		cmp = (struct scmp_arg_cmp){cond->index, (enum scmp_compare)cond->op, cond->value,
					    masked ? cond->value_two : 0};
	}
	r = seccomp_rule_add_array(filter, scmp_action(rule->action), nr,
				   (unsigned int)rule->cond_count, &cmp);
	if (r)
		test_die(
			"%s: libseccomp refuses a rule for %s (op %d, value 0x%llx 0x%llx, action 0x%x): %s",
			what, name, rule->cond_count ? cond->op : 0,
			rule->cond_count ? (unsigned long long)cond->value : 0,
			rule->cond_count ? (unsigned long long)cond->value_two : 0, rule->action,
			strerror(-r));
}

/*
 * Was this very rule added for this name before? libseccomp 2.5.4 says EEXIST then, and
 * loses rules of the other architectures on the way.
 */
static bool is_repeated(const struct model *model, const struct model_rule *rule, size_t n)
{
	for (const struct model_rule *other = model->rule; other <= rule; other++) {
		size_t names = other == rule ? n : other->name_count;

		if (other->action != rule->action || other->cond_count != rule->cond_count ||
		    (rule->cond_count && memcmp(other->cond, rule->cond, sizeof(*rule->cond)) != 0))
			continue;
		for (size_t i = 0; i < names; i++)
			if (!strcmp(other->name[i], rule->name[n]))
				return true;
	}
	return false;
}

/*
 * The model's rules for names that are compared, for one architecture. Names that it
 * lacks are left out: libseccomp 2.5.4 at times drops other rules with them. What it
 * takes for socketcall and ipc has numbers of its own below zero, and stays.
 */
static scmp_filter_ctx build_arch(const struct pair *pair, size_t a)
{
	const struct model *model = pair->model;
	scmp_filter_ctx filter = seccomp_init(scmp_action(model->default_action));
	uint32_t token = seccomp_arch_resolve_name(model->arch[a]->name), nr;

	if (!filter || seccomp_arch_remove(filter, SCMP_ARCH_NATIVE) ||
	    seccomp_arch_add(filter, token))
		test_die("%s: libseccomp refuses %s", pair->what, model->arch[a]->name);
	for (size_t i = 0; i < model->rule_count; i++) {
		const struct model_rule *rule = &model->rule[i];

		if (rule->action == model->default_action)
			continue;
		for (size_t n = 0; n < rule->name_count; n++)
			if ((model_number(model->arch[a], rule->name[n], &nr) ||
			     is_multiplexed(rule->name[n])) &&
			    judge_name(model, rule->name[n]) == COMPARED &&
			    !is_repeated(model, rule, n))
				add_rule(filter, rule, rule->name[n], pair->what);
	}
	return filter;
}

static void build_theirs(struct pair *pair, struct test_program *program)
{
	scmp_filter_ctx filter = build_arch(pair, 0);
	int fd = memfd_create("filter", MFD_CLOEXEC), r;
	char path[64];
	uint8_t *bytes;
	size_t size;

	if (fd < 0)
		test_die("memfd_create: %s", strerror(errno));
	for (size_t a = 1; a < pair->model->arch_count; a++)
		if (seccomp_merge(filter, build_arch(pair, a)))
			test_die("%s: libseccomp does not merge", pair->what);
	r = seccomp_export_bpf(filter, fd);
	if (r)
		test_die("%s: libseccomp exports nothing: %s", pair->what, strerror(-r));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	bytes = (uint8_t *)test_read_file(path, &size);
	test_program_decode(bytes, (uint32_t)(size / 8), pair->model->arch[0]->big_endian, program);
	free(bytes);
	close(fd);
	seccomp_release(filter);
}

static enum reason judge_call(const struct pair *pair, const struct seccomp_data *data)
{
	const struct secbake_arch *arch = secbake_arch_by_audit(data->arch);

	for (size_t i = 0; i < pair->left_out_count; i += 2)
		if (pair->left_out[i] == data->arch && pair->left_out[i + 1] == (uint32_t)data->nr)
			return REASONS; /* by its name, counted there */
	if (arch && arch->audit_arch == 0xc000003eu && ((uint32_t)data->nr & SECBAKE_X32_BIT))
		for (unsigned int i = 0; i < 6; i++)
			if (data->args[i] > UINT32_MAX)
				return UPPER_HALF;
	if (is_carrier(data) && data->args[0] > 0xffff)
		return MUX_UPPER_BITS;
	return COMPARED;
}

static void compare_call(struct test_visitor *self, const struct seccomp_data *data)
{
	struct pair *pair = (struct pair *)self; /* visitor is its first member */
	enum reason reason = judge_call(pair, data);
	uint32_t ours, theirs;

	if (reason != COMPARED) {
		if (reason != REASONS)
			skipped_calls[reason]++;
		return;
	}
	ours = test_interpret(pair->ours, data);
	theirs = test_interpret(pair->theirs, data);
	calls++;
	if (ours != theirs && differences++ < 20)
		fprintf(stderr, "%s: %s: secbake %s, libseccomp %s\n", pair->what,
			test_call_text(data), test_verdict_text(ours), test_verdict_text(theirs));
}

static void compare(const struct model *model, const char *text, size_t size, const char *file,
		    struct test_random *random)
{
	static struct test_program ours, theirs;
	struct secbake_compile_options options =
		test_options(model->arch[0]->name, KERNEL, text, size, file);
	char *what = test_sprintf("%s for %s", file, model->arch[0]->name);
	struct pair pair = {.visitor = {compare_call},
			    .what = what,
			    .model = model,
			    .ours = &ours,
			    .theirs = &theirs};
	struct secbake_error error = {0};
	struct test_compiled compiled;
	uint32_t variant;

	if (test_compile(&compiled, &options, &error) != SECBAKE_OK ||
	    secbake_blob_select(&compiled.blob, &options.target, SECBAKE_MODE_ENFORCE, &variant,
				&error) != SECBAKE_OK)
		test_die("%s: %s\n%s", what, error.text, text);
	test_program_of_layer(&compiled, secbake_blob_variant(&compiled.blob, variant).layer_first,
			      &ours);
	for (size_t r = 0; r < model->rule_count; r++) {
		for (size_t n = 0; n < model->rule[r].name_count; n++) {
			const char *name = model->rule[r].name[n];
			enum reason reason = judge_name(model, name);

			if (reason != COMPARED)
				leave_out_name(&pair, name, reason);
			else
				leave_out_numbers(&pair, name);
		}
	}
	build_theirs(&pair, &theirs);
	model_calls(model, random, &pair.visitor);
	test_compiled_free(&compiled);
	free(pair.left_out);
	free(what);
}

static void run_random(uint64_t seed)
{
	struct test_random random = {seed};
	const struct model_shape shape = {.simple = true};
	struct model *model = model_random(&random, &shape);
	char *text = model_to_json(model);
	char *file = test_sprintf("SECBAKE_SEED=%llu SECBAKE_DIFFERENTIAL_COUNT=1",
				  (unsigned long long)seed);

	model_prepare(model);
	compare(model, text, strlen(text), file, &random);
	if (differences)
		fprintf(stderr, "%s\n", text);
	free(file);
	free(text);
	model_free(model);
}

static void run_file(const char *directory, const char *name)
{
	static const char *const targets[] = {"x86_64", "aarch64", "riscv64", "s390x"};
	char *path = test_sprintf("%s/%s", directory, name);
	struct test_random random = {1};
	size_t size;
	char *text = test_read_file(path, &size);

	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
		const struct secbake_arch *arch = secbake_arch_find(targets[i]);
		struct model *model;

		/*
		 * Beyond 255 instructions libseccomp 2.5.4 repeats returns nearer to their
		 * jumps, and swaps the bytes of those values twice when the target's order
		 * is not this machine's: ALLOW becomes 0x0000ff7f.
		 */
		if (arch->big_endian != secbake_arch_native()->big_endian) {
			printf("%s: not for %s: libseccomp's long programs for another byte "
			       "order are wrong\n",
			       name, arch->name);
			continue;
		}
		model = model_from_json(text, name, arch, KERNEL);
		model_prepare(model);
		compare(model, text, size, name, &random);
		model_free(model);
	}
	free(text);
	free(path);
}

static size_t run_corpus(const char *directory)
{
	struct dirent **entry;
	int count = scandir(directory, &entry, NULL, alphasort);
	size_t files = 0;

	if (count < 0) {
		printf("%s is not there: random policies only\n", directory);
		return 0;
	}
	for (int i = 0; i < count; i++) {
		size_t length = strlen(entry[i]->d_name);

		if (length > 5 && !strcmp(entry[i]->d_name + length - 5, ".json")) {
			run_file(directory, entry[i]->d_name);
			files++;
		}
		free(entry[i]);
	}
	free(entry);
	return files;
}

int main(int argc, char **argv)
{
	uint64_t seed = test_env("SECBAKE_SEED", SEED);
	uint64_t count = test_env("SECBAKE_DIFFERENTIAL_COUNT", COUNT);
	const struct scmp_version *version = seccomp_version();
	size_t files;

	printf("libseccomp %u.%u.%u, SECBAKE_SEED=%llu SECBAKE_DIFFERENTIAL_COUNT=%llu\n",
	       version->major, version->minor, version->micro, (unsigned long long)seed,
	       (unsigned long long)count);
	for (uint64_t i = 0; i < count && !differences; i++)
		run_random(seed + i);
	files = argc > 1 ? run_corpus(argv[1]) : 0;
	printf("%llu random policies, %zu profiles, %zu calls, %zu differences\n",
	       (unsigned long long)count, files, calls, differences);
	for (size_t i = 1; i < REASONS; i++)
		if (skipped_names[i] || skipped_calls[i])
			printf("not compared: %zu names, %zu calls: %s\n", skipped_names[i],
			       skipped_calls[i], reason_text[i]);
	return differences != 0;
}
