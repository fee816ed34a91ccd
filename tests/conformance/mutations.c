/* SPDX-License-Identifier: MIT */
/*
 * The prover, held against programs that are almost right: every single-field change
 * of a policy's program (k by one and by each bit, jump distances by one, each other
 * opcode, two neighbours swapped) is refuted by a call on which interpreter and plain
 * evaluator differ, or proved equal, and then no call tried differs. "Cannot tell" is
 * a failure here.
 * usage: mutations FILE... POLICY-DIRECTORY...
 * Environment: SECBAKE_SEED; SECBAKE_MUTATIONS, how many of each program, evenly
 * (0: all); SECBAKE_MUTATION_CALLS, how many to confirm an equality by.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <compiler/front.h>
#include <compiler/prove.h>
#include <tests/lib/compiled.h>
#include <tests/lib/evaluate.h>

#define KERNEL SECBAKE_KERNEL(6, 12)
#define SEED 1u
#define MUTATIONS 400u
#define CALLS 2000u
#define PROGRAMS 20u /* at least */
#define BOUNDARY_MAX 300000u

static const uint16_t codes[] = {
	BPF_LD | BPF_W | BPF_ABS,
	BPF_LD | BPF_W | BPF_LEN,
	BPF_LD | BPF_IMM,
	BPF_LD | BPF_MEM,
	BPF_LDX | BPF_W | BPF_LEN,
	BPF_LDX | BPF_IMM,
	BPF_LDX | BPF_MEM,
	BPF_ST,
	BPF_STX,
	BPF_MISC | BPF_TAX,
	BPF_MISC | BPF_TXA,
	BPF_RET | BPF_K,
	BPF_RET | BPF_A,
	BPF_ALU | BPF_NEG,
	BPF_ALU | BPF_ADD | BPF_K,
	BPF_ALU | BPF_ADD | BPF_X,
	BPF_ALU | BPF_SUB | BPF_K,
	BPF_ALU | BPF_SUB | BPF_X,
	BPF_ALU | BPF_MUL | BPF_K,
	BPF_ALU | BPF_MUL | BPF_X,
	BPF_ALU | BPF_DIV | BPF_K,
	BPF_ALU | BPF_DIV | BPF_X,
	BPF_ALU | BPF_AND | BPF_K,
	BPF_ALU | BPF_AND | BPF_X,
	BPF_ALU | BPF_OR | BPF_K,
	BPF_ALU | BPF_OR | BPF_X,
	BPF_ALU | BPF_XOR | BPF_K,
	BPF_ALU | BPF_XOR | BPF_X,
	BPF_ALU | BPF_LSH | BPF_K,
	BPF_ALU | BPF_LSH | BPF_X,
	BPF_ALU | BPF_RSH | BPF_K,
	BPF_ALU | BPF_RSH | BPF_X,
	BPF_JMP | BPF_JA,
	BPF_JMP | BPF_JEQ | BPF_K,
	BPF_JMP | BPF_JEQ | BPF_X,
	BPF_JMP | BPF_JGT | BPF_K,
	BPF_JMP | BPF_JGT | BPF_X,
	BPF_JMP | BPF_JGE | BPF_K,
	BPF_JMP | BPF_JGE | BPF_X,
	BPF_JMP | BPF_JSET | BPF_K,
	BPF_JMP | BPF_JSET | BPF_X,
};

#define CODES (sizeof(codes) / sizeof(codes[0]))
#define KINDS (32u + 2u + 4u + (uint32_t)CODES + 1u) /* of changes to one instruction */

static struct {
	size_t programs, mutations, invalid, refuted, equal, calls;
} total;

/* What an equality is confirmed by: calls at which something could turn. */
struct boundary {
	struct test_visitor visitor;
	struct seccomp_data *data;
	uint32_t *verdict;
	size_t count;
	const struct test_program *program;
};

static void collect(struct test_visitor *self, const struct seccomp_data *data)
{
	struct boundary *b = (struct boundary *)self;

	if (b->count == BOUNDARY_MAX)
		return;
	b->data[b->count] = *data;
	b->verdict[b->count++] = test_interpret(b->program, data);
}

/* The change number kind of instruction at; false: it changes nothing. */
static bool mutate(struct test_program *program, uint32_t at, uint32_t kind)
{
	struct sock_filter *insn = &program->insn[at], before = *insn;

	if (kind < 32) {
		insn->k ^= 1u << kind;
	} else if (kind < 34) {
		insn->k += kind == 32 ? 1u : UINT32_MAX;
	} else if (kind < 36) {
		insn->jt = (uint8_t)(insn->jt + (kind == 34 ? 1 : 255));
	} else if (kind < 38) {
		insn->jf = (uint8_t)(insn->jf + (kind == 36 ? 1 : 255));
	} else if (kind < 38 + CODES) {
		insn->code = codes[kind - 38];
	} else if (at + 1 < program->program.count) {
		*insn = insn[1];
		insn[1] = before;
	}
	return memcmp(insn, &before, sizeof(before)) != 0;
}

/* A call near one of the boundary's, and what the program before the change says to it. */
static uint32_t draw_call(const struct boundary *b, size_t i, struct test_random *random,
			  struct seccomp_data *data)
{
	size_t from = i < b->count ? i : test_random(random) % b->count;

	*data = b->data[from];
	if (i < b->count)
		return b->verdict[from];
	switch (test_random_below(random, 4)) {
	case 0:
		data->args[test_random_below(random, 6)] = test_random(random);
		break;
	case 1:
		data->args[test_random_below(random, 6)] ^= UINT64_C(1)
							    << test_random_below(random, 64);
		break;
	case 2:
		data->args[test_random_below(random, 6)] =
			b->program->insn[test_random_below(random, b->program->program.count)].k;
		break;
	default:
		data->nr = (int)test_random_below(random, 600);
		data->instruction_pointer = test_random(random);
		break;
	}
	return test_interpret(b->program, data);
}

static void confirm_equal(const struct boundary *b, const struct test_program *mutated,
			  struct test_random *random, const char *what)
{
	uint64_t count = test_env("SECBAKE_MUTATION_CALLS", CALLS);
	size_t step = count < b->count ? b->count / count : 1, start = 0;
	struct seccomp_data data;

	if (step > 1)
		start = test_random(random) % step;
	for (size_t i = 0; i < count; i++) {
		uint32_t verdict = draw_call(b, start + i * step, random, &data);

		if (test_interpret(mutated, &data) != verdict)
			test_die("%s: proved equal, but differs for %s", what,
				 test_call_text(&data));
	}
	total.calls += count;
}

static void check(const struct boundary *b, const struct sb_layer *layer,
		  const struct test_program *mutated, struct test_random *random, const char *what)
{
	struct secbake_error error = {0};
	struct sb_witness witness = {0};
	enum secbake_status status = sb_prove(&mutated->program, layer, &witness, &error);

	total.mutations++;
	if (sb_validate(&mutated->program, NULL) != SECBAKE_OK) {
		if (status != SECBAKE_ERR_INTERNAL || !strstr(error.text, "would refuse"))
			test_die("%s: no kernel takes it, the prover says %s", what, error.text);
		total.invalid++;
	} else if (status == SECBAKE_OK || witness.hidden_allow) {
		total.equal++;
		confirm_equal(b, mutated, random, what);
	} else {
		if (status != SECBAKE_ERR_INTERNAL ||
		    witness.program_verdict == witness.policy_verdict ||
		    test_interpret(mutated, &witness.data) != witness.program_verdict ||
		    test_evaluate(layer, &witness.data) != witness.policy_verdict)
			test_die("%s: neither proved nor refuted: %s", what, error.text);
		total.refuted++;
	}
}

static void run_program(const struct test_program *program, const struct sb_layer *layer,
			struct boundary *b, struct test_random *random, const char *file)
{
	static struct test_program mutated;
	uint64_t wanted = test_env("SECBAKE_MUTATIONS", MUTATIONS);
	uint32_t all = program->program.count * KINDS;
	uint32_t step = wanted && wanted < all ? all / (uint32_t)wanted : 1;

	b->program = program;
	b->count = 0;
	test_calls_of_layer(layer, random, &b->visitor);
	if (sb_prove(&program->program, layer, NULL, NULL) != SECBAKE_OK)
		test_die("%s: its own program is not proved", file);
	for (uint32_t i = test_random_below(random, step); i < all; i += step) {
		char what[512];

		mutated = *program;
		mutated.program.insn = mutated.insn;
		if (!mutate(&mutated, i / KINDS, i % KINDS))
			continue;
		snprintf(what, sizeof(what), "%s: change %u of instruction %u", file, i % KINDS,
			 i / KINDS);
		check(b, layer, &mutated, random, what);
	}
	total.programs++;
}

static void run_file(const char *path, struct boundary *b, struct test_random *random)
{
	static struct test_program program;
	struct secbake_error error = {0};
	struct test_compiled compiled;
	struct sb_arena *arena = sb_arena_new();
	struct sb_front front;
	struct sb_resolved resolved;
	size_t size;
	char *text = test_read_file(path, &size);
	struct secbake_compile_options options = test_options("x86_64", KERNEL, text, size, path);
	uint32_t variant;

	if (test_compile(&compiled, &options, &error) == SECBAKE_OK) {
		if (!(compiled.blob.flags & SECBAKE_BLOB_UNRESTRICTED) &&
		    secbake_blob_select(&compiled.blob, &options.target, SECBAKE_MODE_ENFORCE,
					&variant, &error) == SECBAKE_OK) {
			if (sb_front_policy(arena, &options, SECBAKE_MODE_ENFORCE, &front,
					    &resolved, &error) != SECBAKE_OK)
				test_die("%s: %s", path, error.text);
			for (uint32_t i = 0; i < resolved.layer_count; i++) {
				test_program_of_layer(
					&compiled,
					secbake_blob_variant(&compiled.blob, variant).layer_first +
						i,
					&program);
				run_program(&program, &resolved.layer[i], b, random, path);
			}
		}
		test_compiled_free(&compiled);
	}
	sb_arena_free(arena);
	free(text);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Policies of a directory, in order; what does not compile alone is passed over. */
static void run_directory(const char *path, struct boundary *b, struct test_random *random)
{
	DIR *directory = opendir(path);
	struct dirent *entry;
	char *names[256];
	size_t count = 0;

	if (!directory) {
		printf("%s is not there\n", path);
		return;
	}
	while ((entry = readdir(directory)) && count < 256) {
		size_t length = strlen(entry->d_name);

		if (length > 5 && !strcmp(entry->d_name + length - 5, ".json"))
			names[count++] = test_sprintf("%s/%s", path, entry->d_name);
	}
	closedir(directory);
	qsort(names, count, sizeof(names[0]), by_name);
	for (size_t i = 0; i < count; i++) {
		run_file(names[i], b, random);
		free(names[i]);
	}
}

int main(int argc, char **argv)
{
	struct test_random random = {test_env("SECBAKE_SEED", SEED)};
	struct boundary b = {.visitor = {collect}};

	b.data = test_alloc(BOUNDARY_MAX, sizeof(*b.data));
	b.verdict = test_alloc(BOUNDARY_MAX, sizeof(*b.verdict));
	printf("SECBAKE_SEED=%llu SECBAKE_MUTATIONS=%llu SECBAKE_MUTATION_CALLS=%llu\n",
	       (unsigned long long)random.state,
	       (unsigned long long)test_env("SECBAKE_MUTATIONS", MUTATIONS),
	       (unsigned long long)test_env("SECBAKE_MUTATION_CALLS", CALLS));
	fflush(stdout);
	for (int i = 1; i < argc; i++) {
		struct stat st;

		if (!stat(argv[i], &st) && S_ISREG(st.st_mode))
			run_file(argv[i], &b, &random);
		else
			run_directory(argv[i], &b, &random);
	}
	printf("%zu programs, %zu changes: %zu invalid, %zu refuted, %zu equal, confirmed by %zu "
	       "calls\n",
	       total.programs, total.mutations, total.invalid, total.refuted, total.equal,
	       total.calls);
	if (total.programs < PROGRAMS)
		test_die("only %zu programs were tried", total.programs);
	free(b.data);
	free(b.verdict);
	return 0;
}
