/* SPDX-License-Identifier: MIT */
/*
 * secbake beside libseccomp's two levels, a line a policy, and secbake-exec
 * beside the least that a loader can do. tests/bench/run calls it.
 */
#include "job.h"

#include <inttypes.h>
#include <linux/audit.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <compiler/front.h>
#include <secbake/compile.h>
#include <secbake/inspect.h>

#define ATTACH_ROUNDS 201u
#define COMPILE_ROUNDS 11u
#define OTHER_ROUNDS 5u

_Noreturn void bench_die(const char *format, ...)
{
	va_list args;

	fputs("bench: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

static void measure(struct job *job)
{
	static const uint32_t tables[] = {AUDIT_ARCH_X86_64, AUDIT_ARCH_I386};
	const struct bench_filter *filters[KINDS];
	char *argv[] = {(char *)job->secbake, (char *)"compile",
			(char *)"--enosys",   (char *)"none",
			(char *)"-o",	      (char *)job->output,
			(char *)"--name",     (char *)"bench",
			(char *)job->path,    NULL};
	char *const *const process = argv;

	for (unsigned int kind = 0; kind < KINDS; kind++) {
		struct bench_filter *filter = &job->filter[kind];
		struct secbake_program program = {.bytes = (const uint8_t *)filter->insn};

		filters[kind] = filter;
		if (kind != OURS && bench_other_build(job->resolved.layer, kind, filter))
			job->compile[kind] =
				bench_other_time(job->resolved.layer, kind, OTHER_ROUNDS);
		program.count = filter->count;
		if (filter->count)
			secbake_cost_of(&program, tables, 2, BENCH_NUMBERS, &job->cost[kind], NULL);
	}
	bench_attach(filters, KINDS, ATTACH_ROUNDS, job->attach);
	bench_processes(&process, 1, COMPILE_ROUNDS, &job->compile[OURS]);
}

static void print_ratio(uint64_t other, uint64_t ours)
{
	if (other && ours)
		printf(" %5.1f", (double)other / (double)ours);
	else
		printf("     -");
}

static void print_row(const struct job *job)
{
	printf("| %-44.44s |", job->label);
	for (int kind = 0; kind < KINDS; kind++)
		printf(" %5" PRIu32, job->cost[kind].instructions);
	printf(" |");
	for (int kind = 0; kind < KINDS; kind++)
		printf(" %5.1f", (double)job->cost[kind].steps / (2.0 * BENCH_NUMBERS));
	printf(" |");
	for (int kind = 0; kind < KINDS; kind++)
		printf(" %4" PRIu32, job->cost[kind].cached);
	printf(" |");
	for (int kind = 0; kind < KINDS; kind++)
		printf(" %6.1f", (double)job->attach[kind] / 1e3);
	print_ratio(job->attach[LEVEL_1], job->attach[OURS]);
	print_ratio(job->attach[LEVEL_2], job->attach[OURS]);
	printf(" |");
	for (int kind = 0; kind < KINDS; kind++)
		printf(" %6.1f", (double)job->compile[kind] / 1e6);
	print_ratio(job->compile[LEVEL_1], job->compile[OURS]);
	print_ratio(job->compile[LEVEL_2], job->compile[OURS]);
	printf(" |\n");
	fflush(stdout);
}

static void print_header(void)
{
	printf("Each group: secbake, libseccomp level 1, level 2; then how many times secbake's the\n"
	       "other two are. Steps: mean over numbers 0 to %u of x86_64 and i386.\n"
	       "Compiling: the whole of secbake compile, with proofs; libseccomp without a process\n"
	       "of its own, until the filter is loaded. libseccomp leaves out names newer than itself.\n"
	       "A dash: libseccomp refused the rules, or took more than 20 s.\n\n"
	       "| policy                                       | instructions      "
	       "| emulated steps    | in the bitmap  | seccomp(2), us                    "
	       "| compile, ms                       |\n"
	       "|----------------------------------------------|-------------------"
	       "|-------------------|----------------|-----------------------------------"
	       "|-----------------------------------|\n",
	       BENCH_NUMBERS - 1);
}

static void bench_policy(struct job *job)
{
	struct secbake_error error = {0};

	bench_job_read(job);
	if (bench_job_prepare(job, &error)) {
		measure(job);
		print_row(job);
	} else {
		printf("| %-44.44s | not compiled: %.90s |\n", job->label, error.text);
	}
	bench_job_free(job);
}

/* What each pass earns: programs without it, a line a policy. */
static void bench_passes(struct job *job)
{
	static const uint32_t tables[] = {AUDIT_ARCH_X86_64, AUDIT_ARCH_I386};
	const char *name = "";

	bench_job_read(job);
	printf("| %-44.44s |", job->label);
	for (size_t i = 0; name; i++) {
		struct secbake_program program = {.bytes = (const uint8_t *)job->filter[OURS].insn};
		struct secbake_error error = {0};
		char without[64];

		snprintf(without, sizeof(without), "-%s", name);
		job->options.passes = *name ? without : NULL;
		if (bench_job_prepare(job, &error)) {
			program.count = job->filter[OURS].count;
			secbake_cost_of(&program, tables, 2, BENCH_NUMBERS, &job->cost[OURS], NULL);
			printf(" %4" PRIu32 " %5.2f |", job->cost[OURS].instructions,
			       (double)job->cost[OURS].steps / (2.0 * BENCH_NUMBERS));
		} else {
			printf(" - |");
		}
		sb_arena_free(job->arena);
		secbake_compiled_free(job->compiled);
		job->arena = NULL;
		job->compiled = NULL;
		name = secbake_pass(i, NULL);
	}
	printf("\n");
	free(job->text);
}

static void print_passes_header(void)
{
	const char *name;

	printf("Instructions and mean path with all passes, then without one of them; those of\n"
	       "effort best alone change nothing here.\n\n| policy | all |");
	for (size_t i = 0; (name = secbake_pass(i, NULL)); i++)
		printf(" -%s |", name);
	printf("\n|---|---|");
	for (size_t i = 0; secbake_pass(i, NULL); i++)
		printf("---|");
	printf("\n");
}

/* The policy that the loader starts, for libseccomp. */
static int start(char **argv, const struct secbake_features *features)
{
	static struct job job;
	struct secbake_error error = {0};

	job = (struct job){.path = argv[7], .label = argv[7], .options = {.target = *features}};
	bench_job_read(&job);
	if (!bench_job_prepare(&job, &error))
		bench_die("%s", error.text);
	return bench_start(argv, job.resolved.layer);
}

/* One processor for all, and no core files of children that a filter ends. */
static void settle(void)
{
	const struct rlimit none = {0, 0};
	cpu_set_t set;
	int cpu = sched_getcpu();

	setrlimit(RLIMIT_CORE, &none);
	CPU_ZERO(&set);
	if (cpu < 0)
		return;
	CPU_SET((unsigned int)cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

int main(int argc, char **argv)
{
	struct secbake_features features;
	struct secbake_error error = {0};
	bool passes;

	settle();
	if (argc == 2 && !strcmp(argv[1], "fit"))
		return bench_fit();
	if (argc == 7 && !strcmp(argv[1], "calls"))
		return bench_calls(argv + 2);
	if (argc >= 5 && !strcmp(argv[1], "whole"))
		return bench_whole(argc - 2, argv + 2);
	if (argc == 10 && !strcmp(argv[1], "start")) {
		if (secbake_features_probe(&features, &error) != SECBAKE_OK)
			bench_die("%s", error.text);
		return start(argv + 2, &features);
	}
	if (argc >= 3 && !strcmp(argv[1], "least")) {
		if (secbake_features_probe(&features, &error) != SECBAKE_OK)
			bench_die("%s", error.text);
		return bench_least(argv + 2, argc - 2, &features);
	}
	if (argc < 5 || (strcmp(argv[1], "policies") && strcmp(argv[1], "passes")))
		bench_die(
			"usage: secbake-bench policies SECBAKE OUTPUT POLICY...\n"
			"       secbake-bench passes SECBAKE OUTPUT POLICY...\n"
			"       secbake-bench least POLICY...\n"
			"       secbake-bench fit\n"
			"       secbake-bench whole SECBAKE OUTPUT POLICY [SNAP-SECCOMP TEMPLATE]\n"
			"       secbake-bench start NOTHING FLOOR FILTER SECBAKE-EXEC CACHE POLICIES "
			"NAME POLICY\n"
			"       secbake-bench calls NOTHING SECBAKE-EXEC CACHE POLICIES NAME");
	if (secbake_features_probe(&features, &error) != SECBAKE_OK)
		bench_die("%s", error.text);
	passes = !strcmp(argv[1], "passes");
	if (passes)
		print_passes_header();
	else
		print_header();
	for (int i = 4; i < argc; i++) {
		static struct job job;
		const char *slash = strrchr(argv[i], '/');

		job = (struct job){.secbake = argv[2],
				   .output = argv[3],
				   .path = argv[i],
				   .label = slash ? slash + 1 : argv[i],
				   .options = {.target = features}};
		if (passes)
			bench_passes(&job);
		else
			bench_policy(&job);
	}
	return 0;
}
