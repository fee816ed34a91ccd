/* SPDX-License-Identifier: MIT */
/*
 * Random policies: each compiles (so its programs are proved), program, plain
 * evaluator and model agree, secbake_prove() holds, and does not hold for a
 * program that was tampered with.
 * Environment: SECBAKE_SEED, SECBAKE_RANDOM_COUNT. A failure prints the seed of
 * its policy, to be run alone with SECBAKE_RANDOM_COUNT=1.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <secbake/inspect.h>

#include <tests/lib/compiled.h>
#include <tests/lib/evaluate.h>
#include <tests/lib/model.h>

#define KERNEL SECBAKE_KERNEL(6, 12)
#define SEED 20240501u
#define COUNT 2000u

static size_t calls, refuted, unharmed;

struct against_model {
	struct test_visitor visitor;
	const struct test_program *program, *tampered;
	const struct sb_layer *layer;
	const struct model *model;
	size_t differences, tampered_differences;
};

/* What the kernel makes of a verdict that a tampered program returns (__seccomp_filter()). */
static uint32_t acted_on(uint32_t verdict)
{
	uint32_t action = verdict & SECCOMP_RET_ACTION_FULL, data = verdict & SECCOMP_RET_DATA;

	switch (action) {
	case SECCOMP_RET_ERRNO:
		return action | (data < 4095 ? data : 4095);
	case SECCOMP_RET_TRAP:
	case SECCOMP_RET_TRACE:
		return verdict;
	case SECCOMP_RET_KILL_THREAD:
	case 0x7fc00000u: /* SECCOMP_RET_USER_NOTIF */
	case SECCOMP_RET_LOG:
	case SECCOMP_RET_ALLOW:
		return action;
	default:
		return SECCOMP_RET_KILL_PROCESS;
	}
}

static void compare_call(struct test_visitor *self, const struct seccomp_data *data)
{
	struct against_model *a = (struct against_model *)self; /* visitor is its first member */
	uint32_t verdict = test_interpret(a->program, data);
	uint32_t model = model_evaluate(a->model, data);
	uint32_t evaluated = test_evaluate(a->layer, data);

	calls++;
	a->tampered_differences += acted_on(test_interpret(a->tampered, data)) != evaluated;
	if (verdict == model && verdict == evaluated)
		return;
	if (a->differences++ < 5)
		fprintf(stderr, "%s: program %s, evaluator %s, model %s\n", test_call_text(data),
			test_verdict_text(verdict), test_verdict_text(evaluated),
			test_verdict_text(model));
}

/* Another verdict, another constant, or the two ways of a jump exchanged. */
static void tamper(struct test_program *program, uint8_t *bytes, bool big_endian,
		   struct test_random *random)
{
	uint32_t count = program->program.count, at;
	struct sock_filter *insn;

	for (;;) {
		at = test_random_below(random, count);
		insn = &program->insn[at];
		if (BPF_CLASS(insn->code) == BPF_RET) {
			insn->k ^= test_random_below(random, 2) ? 1 : 0x00040000;
			break;
		}
		if (BPF_CLASS(insn->code) == BPF_JMP && BPF_OP(insn->code) != BPF_JA) {
			uint8_t jt = insn->jt;

			if (test_random_below(random, 2)) {
				insn->k ^= (uint32_t)1 << test_random_below(random, 32);
			} else {
				insn->jt = insn->jf;
				insn->jf = jt;
			}
			break;
		}
		if (insn->code == (BPF_LD | BPF_W | BPF_ABS) && insn->k >= 16) {
			insn->k ^= 4; /* the other half of an argument */
			break;
		}
	}
	bytes[8 * (size_t)at + 2] = insn->jt;
	bytes[8 * (size_t)at + 3] = insn->jf;
	for (unsigned int i = 0; i < 4; i++)
		bytes[8 * (size_t)at + 4 + i] =
			(uint8_t)(insn->k >> (big_endian ? 24 - 8 * i : 8 * i));
}

static void fail(uint64_t seed, const char *policy, const char *why)
{
	fprintf(stderr, "%s\n", policy);
	test_die("SECBAKE_SEED=%llu SECBAKE_RANDOM_COUNT=1: %s", (unsigned long long)seed, why);
}

/* The tampered program must be refuted if any call showed that it differs, by a call that does. */
static const char *check_refutation(const struct secbake_compile_options *options,
				    const struct secbake_program *program,
				    const struct against_model *a)
{
	struct secbake_difference difference = {0};
	struct secbake_error error = {0};
	struct seccomp_data data = {0};
	enum secbake_status status =
		secbake_prove(program, options, SECBAKE_MODE_ENFORCE, 0, &difference, &error);

	if (status == SECBAKE_OK) {
		unharmed++;
		return a->tampered_differences ? "the prover accepts a wrong program" : NULL;
	}
	if (status != SECBAKE_ERR_STALE)
		return "the prover neither accepts nor refutes a tampered program";
	refuted++;
	data.arch = difference.call.audit_arch;
	data.nr = (int)difference.call.nr;
	data.instruction_pointer = difference.call.instruction_pointer;
	memcpy(data.args, difference.call.args, sizeof(data.args));
	if (difference.program_verdict == difference.policy_verdict)
		/* Equal verdicts, but an ALLOW that the kernel cannot cache. */
		return a->tampered_differences ? "the prover shows no call that differs" : NULL;
	if (test_interpret(a->tampered, &data) != difference.program_verdict ||
	    test_evaluate(a->layer, &data) != difference.policy_verdict)
		return "the call that the prover shows does not differ";
	return NULL;
}

static void run_policy(uint64_t seed)
{
	static struct test_program program, tampered;
	struct test_random random = {seed};
	const struct model_shape shape = {.native_only = false};
	struct model *model = model_random(&random, &shape);
	char *text = model_to_json(model);
	struct secbake_compile_options options =
		test_options(model->arch[0]->name, KERNEL, text, strlen(text), "random.json");
	struct against_model a = {.visitor = {compare_call}, .model = model};
	struct secbake_error error = {0};
	struct secbake_program bytes;
	struct test_compiled compiled;
	struct sb_resolved resolved;
	const char *why;
	uint8_t *copy;

	options.enosys = model->stub_asked ? SECBAKE_ENOSYS_RUNC : SECBAKE_ENOSYS_NONE;
	model_prepare(model);
	if (test_compile(&compiled, &options, &error) != SECBAKE_OK)
		fail(seed, text, error.text);
	test_resolve(&compiled, 0, &resolved);
	test_program_of_layer(&compiled, 0, &program);
	bytes = (struct secbake_program){secbake_blob_program(&compiled.blob, 0),
					 program.program.count, program.program.big_endian};
	if (secbake_prove(&bytes, &options, SECBAKE_MODE_ENFORCE, 0, NULL, &error) != SECBAKE_OK)
		fail(seed, text, error.text);
	copy = test_alloc(bytes.count, 8);
	memcpy(copy, bytes.bytes, (size_t)bytes.count * 8);
	test_program_decode(copy, bytes.count, bytes.big_endian, &tampered);
	if (bytes.count > 1)
		tamper(&tampered, copy, bytes.big_endian, &random);
	a.program = &program;
	a.tampered = &tampered;
	a.layer = &resolved.layer[0];
	model_calls(model, &random, &a.visitor);
	test_calls_of_layer(a.layer, &random, &a.visitor);
	if (a.differences)
		fail(seed, text, "verdicts differ");
	bytes.bytes = copy;
	why = check_refutation(&options, &bytes, &a);
	if (why)
		fail(seed, text, why);
	free(copy);
	test_compiled_free(&compiled);
	free(text);
	model_free(model);
}

int main(void)
{
	uint64_t seed = test_env("SECBAKE_SEED", SEED), count;

	count = test_env("SECBAKE_RANDOM_COUNT", COUNT);
	printf("SECBAKE_SEED=%llu SECBAKE_RANDOM_COUNT=%llu\n", (unsigned long long)seed,
	       (unsigned long long)count);
	fflush(stdout);
	for (uint64_t i = 0; i < count; i++)
		run_policy(seed + i);
	printf("%zu calls; of the tampered programs %zu refuted, %zu equal to their policy\n",
	       calls, refuted, unharmed);
	return 0;
}
