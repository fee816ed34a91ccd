/* SPDX-License-Identifier: MIT */
/*
 * The same resolved rules, handed to libseccomp as a container runtime does: by
 * name, one rule after the other. It can take very long over some policies, so
 * it works in children that an alarm ends.
 */
#include "bench.h"
#include "runtime.h"

#include <errno.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <secbake/arch.h>
#include <secbake/inspect.h>

#define SECONDS 20

/* What a child hands back. */
struct result {
	uint64_t ns, processor_ns;
	bool good;
	struct bench_filter filter;
};

static const struct secbake_arch *arch_of(const struct sb_map *map, uint32_t nr)
{
	const struct secbake_arch *arch = secbake_arch_by_audit(map->audit_arch);

	if (!strcmp(arch->name, "x86_64") && (nr & SECBAKE_X32_BIT))
		return secbake_arch_find("x32");
	return arch;
}

static bool add_arches(scmp_filter_ctx filter, const struct sb_layer *layer)
{
	bool good = true;

	for (uint32_t i = 0; i < layer->map_count; i++) {
		const struct sb_map *map = &layer->map[i];
		uint32_t last = map->entry_count ? map->entry[map->entry_count - 1].nr : 0;

		if (i > 0)
			good &= !seccomp_arch_add(filter, map->audit_arch);
		if (arch_of(map, last)->x32)
			good &= !seccomp_arch_add(filter, SCMP_ARCH_X32);
	}
	return good;
}

/* A condition of the oci dialect in libseccomp's terms. False: it never holds. */
static bool comparison(const struct sb_cond *cond, struct scmp_arg_cmp *out)
{
	const struct sb_interval *in = cond->interval;

	if (!cond->interval_count)
		return false;
	*out = (struct scmp_arg_cmp){.arg = cond->arg, .op = SCMP_CMP_EQ, .datum_a = in->lo};
	if (cond->mask != UINT64_MAX) {
		out->op = SCMP_CMP_MASKED_EQ;
		out->datum_a = cond->mask;
		out->datum_b = in->lo;
	} else if (in->lo == in->hi) {
		out->op = cond->negate ? SCMP_CMP_NE : SCMP_CMP_EQ;
	} else if (in->hi == UINT64_MAX) {
		out->op = SCMP_CMP_GE;
	} else {
		out->op = SCMP_CMP_LE;
		out->datum_a = in->hi;
	}
	return true;
}

/*
 * Names that libseccomp does not know are left out, as runtimes do, and so is
 * what it takes for a rule that is there already (socketcall, where it drops
 * the conditions of the calls carried).
 */
static bool add_rule(scmp_filter_ctx filter, const struct sb_rule *rule, const char *name)
{
	int nr = seccomp_syscall_resolve_name(name), rc = 0;

	if (nr == __NR_SCMP_ERROR)
		return true;
	if (!rule->clause_count)
		rc = seccomp_rule_add(filter, rule->action, nr, 0);
	for (uint32_t i = 0; i < rule->clause_count && !rc; i++) {
		struct scmp_arg_cmp arg[6];
		unsigned int count = 0;

		while (count < rule->clause[i].cond_count &&
		       comparison(&rule->clause[i].cond[count], &arg[count]))
			count++;
		if (count == rule->clause[i].cond_count)
			rc = seccomp_rule_add_array(filter, rule->action, nr, count, arg);
		if (rc == -EEXIST)
			rc = 0;
	}
	return !rc;
}

static bool already(const char *const *name, uint32_t count, const char *wanted)
{
	for (uint32_t i = 0; i < count; i++)
		if (!strcmp(name[i], wanted))
			return true;
	return false;
}

/* The names that a rule decides on any architecture, each once. */
static uint32_t names_of(const struct sb_layer *layer, uint32_t rule, const char **name)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < layer->map_count; i++) {
		const struct sb_map *map = &layer->map[i];

		for (uint32_t j = 0; j < map->entry_count; j++) {
			const struct sb_entry *entry = &map->entry[j];
			const char *this = secbake_syscall_name(arch_of(map, entry->nr), entry->nr);

			/* libseccomp makes the conditional rules for these carriers itself. */
			if (!this || ((!strcmp(this, "socketcall") || !strcmp(this, "ipc")) &&
				      layer->rule[rule].clause_count))
				continue;
			for (uint32_t k = 0; k < entry->rule_count; k++)
				if (entry->rule[k] == rule && !already(name, count, this))
					name[count++] = this;
		}
	}
	return count;
}

static scmp_filter_ctx build(const struct sb_layer *layer, unsigned int level,
			     const char *const *const *name, const uint32_t *name_count)
{
	scmp_filter_ctx filter = seccomp_init(layer->map[0].span[0].action);

	if (!filter || !add_arches(filter, layer) ||
	    seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, level))
		return NULL;
	for (uint32_t i = 0; i < layer->rule_count; i++)
		for (uint32_t j = 0; j < name_count[i]; j++)
			if (!add_rule(filter, &layer->rule[i], name[i][j]))
				return NULL;
	return filter;
}

/* What a child builds: from a resolved layer, or from a profile's file. */
struct order {
	const struct sb_layer *layer;
	const char *const *const *name; /* of each rule of layer */
	const uint32_t *name_count;
	const char *path; /* NULL: from layer */
	unsigned int level;
};

static uint64_t processor_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* In the child. load: time it until it is in force; else only export it. */
static _Noreturn void work(const struct order *order, bool load, struct result *result)
{
	uint64_t start = bench_now(), processor_start = processor_now();
	scmp_filter_ctx filter;
	ssize_t size;
	int fd;

	alarm(SECONDS);
	filter = order->path ? bench_runtime_build(order->path, order->level)
			     : build(order->layer, order->level, order->name, order->name_count);
	if (!filter)
		_exit(1);
	if (load) {
		if (!seccomp_load(filter)) {
			result->ns = bench_now() - start;
			result->processor_ns = processor_now() - processor_start;
			result->good = true;
		}
		_exit(0);
	}
	fd = memfd_create("filter", MFD_CLOEXEC);
	if (fd < 0 || seccomp_export_bpf(filter, fd))
		_exit(1);
	size = pread(fd, result->filter.insn, sizeof(result->filter.insn), 0);
	if (size > 0) {
		result->filter.count = (uint32_t)((size_t)size / sizeof(struct sock_filter));
		result->good = true;
	}
	_exit(0);
}

static bool in_child(const struct order *order, bool load, struct result *result)
{
	struct result *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t child;

	if (shared == MAP_FAILED)
		bench_die("out of memory");
	child = fork();
	if (child == 0)
		work(order, load, shared);
	if (child < 0 || waitpid(child, NULL, 0) != child)
		bench_die("a child could not be run");
	*result = *shared;
	munmap(shared, sizeof(*shared));
	return result->good;
}

static bool layer_in_child(const struct sb_layer *layer, unsigned int level, bool load,
			   struct result *result)
{
	const char ***name = calloc(layer->rule_count + 1, sizeof(*name));
	uint32_t *count = calloc(layer->rule_count + 1, sizeof(*count));
	struct order order = {
		.layer = layer,
		.name = (const char *const *const *)name,
		.name_count = count,
		.level = level,
	};
	bool good;

	if (!name || !count)
		bench_die("out of memory");
	for (uint32_t i = 0; i < layer->rule_count; i++) {
		name[i] = calloc(4096, sizeof(**name));
		if (!name[i])
			bench_die("out of memory");
		count[i] = names_of(layer, i, name[i]);
	}
	good = in_child(&order, load, result);
	for (uint32_t i = 0; i < layer->rule_count; i++)
		free(name[i]);
	free(name);
	free(count);
	return good;
}

bool bench_other_build(const struct sb_layer *layer, unsigned int level,
		       struct bench_filter *filter)
{
	static struct result result;
	bool good = layer_in_child(layer, level, false, &result);

	*filter = result.filter;
	if (!good)
		filter->count = 0;
	return good;
}

uint64_t bench_other_time(const struct sb_layer *layer, unsigned int level, unsigned int rounds)
{
	static struct result result;
	uint64_t sample[64];

	for (unsigned int i = 0; i < rounds && i < 64; i++) {
		if (!layer_in_child(layer, level, true, &result))
			return 0;
		sample[i] = result.ns;
	}
	return bench_median(sample, rounds < 64 ? rounds : 64);
}

uint32_t bench_other_profile_length(const char *path, unsigned int level)
{
	static struct result result;
	struct order order = {.path = path, .level = level};

	return in_child(&order, false, &result) ? result.filter.count : 0;
}

struct bench_took bench_other_profile_time(const char *path, unsigned int level)
{
	static struct result result;
	struct order order = {.path = path, .level = level};

	if (!in_child(&order, true, &result))
		bench_die("libseccomp loads no filter from %s", path);
	return (struct bench_took){result.ns, result.processor_ns};
}
