/* SPDX-License-Identifier: MIT */
/* How far programs are from the least: both efforts beside bounds and libseccomp. */
#include <inttypes.h>
#include <linux/audit.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "job.h"

#define ROUNDS 401u

enum { DEFAULT, BEST, LINEAR, TREE, FILTERS };

struct least {
	struct bench_filter filter[FILTERS];
	struct secbake_cost cost[FILTERS];
	struct bench_bound bound;
	uint64_t attach[FILTERS];
};

/* Over all policies: sums of logarithms of ratios, and sums. */
struct all {
	unsigned int count;
	double insns[2], attach_linear[2], attach_tree[2]; /* by effort */
	uint64_t sum[FILTERS];
};

static bool compile(struct job *job, enum secbake_effort effort, struct bench_filter *filter,
		    struct secbake_error *error)
{
	bench_job_read(job);
	job->options.effort = effort;
	job->options.no_complain = true; /* not measured, and takes as long */
	if (!bench_job_prepare(job, error))
		return false;
	*filter = job->filter[OURS];
	return true;
}

static bool measure(struct least *least, const struct sb_layer *layer)
{
	static const uint32_t tables[] = {AUDIT_ARCH_X86_64, AUDIT_ARCH_I386};
	const struct bench_filter *filters[FILTERS];

	if (!bench_other_build(layer, LEVEL_1, &least->filter[LINEAR]) ||
	    !bench_other_build(layer, LEVEL_2, &least->filter[TREE]) ||
	    !bench_bound(layer, &least->bound))
		return false;
	for (int i = 0; i < FILTERS; i++) {
		struct secbake_program program = {.bytes = (const uint8_t *)least->filter[i].insn,
						  .count = least->filter[i].count};

		filters[i] = &least->filter[i];
		secbake_cost_of(&program, tables, 2, BENCH_NUMBERS, &least->cost[i], NULL);
	}
	bench_attach(filters, FILTERS, ROUNDS, least->attach);
	return true;
}

static void print_row(const char *label, const struct least *least)
{
	printf("| %-44.44s |", label);
	for (int i = 0; i < FILTERS; i++)
		printf(" %5" PRIu32, least->cost[i].instructions);
	printf(" |");
	for (int i = 0; i < FILTERS; i++)
		printf(" %6.2f", (double)least->cost[i].steps / (2.0 * BENCH_NUMBERS));
	printf(" | %4" PRIu32 " %4" PRIu32 " | %4" PRIu32 " %4" PRIu32 " |",
	       bench_number_tests(&least->filter[DEFAULT]),
	       bench_number_tests(&least->filter[BEST]), least->bound.trees,
	       least->bound.constants);
	for (int i = 0; i < FILTERS; i++)
		printf(" %6.1f", (double)least->attach[i] / 1e3);
	printf(" |\n");
	fflush(stdout);
}

static double ratio(uint64_t a, uint64_t b)
{
	return log((double)a / (double)b);
}

static void add(struct all *all, const struct least *least)
{
	all->count++;
	for (int i = 0; i < FILTERS; i++)
		all->sum[i] += least->cost[i].instructions;
	for (int effort = DEFAULT; effort <= BEST; effort++) {
		all->insns[effort] +=
			ratio(least->cost[effort].instructions, least->cost[LINEAR].instructions);
		all->attach_linear[effort] += ratio(least->attach[effort], least->attach[LINEAR]);
		all->attach_tree[effort] += ratio(least->attach[effort], least->attach[TREE]);
	}
}

static void print_all(const struct all *all)
{
	static const char *const name[] = {"default", "best"};

	if (!all->count)
		return;
	printf("\n| effort  | instructions of level 1's: geometric mean, all together "
	       "| seccomp(2) of level 1's, of level 2's: geometric means |\n|---|---|---|\n");
	for (int effort = DEFAULT; effort <= BEST; effort++)
		printf("| %-7s | %.3f %.3f | %.3f %.3f |\n", name[effort],
		       exp(all->insns[effort] / all->count),
		       (double)all->sum[effort] / (double)all->sum[LINEAR],
		       exp(all->attach_linear[effort] / all->count),
		       exp(all->attach_tree[effort] / all->count));
}

int bench_least(char **paths, int count, const struct secbake_features *features)
{
	struct all all = {0};

	printf("Each group: default effort, effort best, and where there are four libseccomp's level 1\n"
	       "and 2. Bounds: tests of numbers that separate trees need at the least, and that a graph\n"
	       "does in which a test serves all architectures (tests of bits may do with fewer).\n\n"
	       "| policy | instructions | mean path | tests of numbers | bounds | seccomp(2), us |\n"
	       "|---|---|---|---|---|---|\n");
	for (int i = 0; i < count; i++) {
		static struct least least;
		static struct job job, best;
		struct secbake_error error = {0};
		const char *slash = strrchr(paths[i], '/');

		job = (struct job){.path = paths[i],
				   .label = slash ? slash + 1 : paths[i],
				   .options = {.target = *features}};
		best = job;
		if (compile(&job, SECBAKE_EFFORT_DEFAULT, &least.filter[DEFAULT], &error) &&
		    compile(&best, SECBAKE_EFFORT_BEST, &least.filter[BEST], &error) &&
		    measure(&least, job.resolved.layer)) {
			print_row(job.label, &least);
			add(&all, &least);
		} else {
			printf("| %-44.44s | left out: %.90s |\n", job.label,
			       error.status ? error.text : "libseccomp refuses it");
		}
		bench_job_free(&job);
		bench_job_free(&best);
	}
	print_all(&all);
	return 0;
}
