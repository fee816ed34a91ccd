/* SPDX-License-Identifier: MIT */
/*
 * Resolving the oci dialect: each clause of it, seen in the verdicts of calls.
 * Verdicts are found here by a few lines that read compiler/resolved.h plainly.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>

#include <compiler/read_oci.h>
#include <compiler/resolve.h>

#define ALLOW SECCOMP_RET_ALLOW
#define LOG SECCOMP_RET_LOG
#define KILL SECCOMP_RET_KILL_THREAD
#define ERR(n) (SECCOMP_RET_ERRNO | (uint32_t)(n))
#define NOSYS ERR(38)
#define X32(n) (SECBAKE_X32_BIT | (uint32_t)(n))

struct fixture {
	struct secbake_reporter reporter;
	struct sb_arena *arena;
	struct sb_options options;
	struct secbake_features target;
	enum secbake_mode mode;
	struct sb_resolved resolved;
	struct secbake_error error;
	uint32_t warnings, notes;
	char last[512]; /* text of the last message */
};

static void report(struct secbake_reporter *self, enum secbake_level level,
		   const struct secbake_error *message)
{
	struct fixture *f = (struct fixture *)self;

	if (level == SECBAKE_NOTE)
		f->notes++;
	else
		f->warnings++;
	snprintf(f->last, sizeof(f->last), "%s", message->text);
}

static int setup(void **state)
{
	static struct fixture f;

	f = (struct fixture){.reporter = {report}, .arena = sb_arena_new()};
	f.target = (struct secbake_features){.arch = secbake_arch_find("x86_64"),
					     .method = SECBAKE_METHOD_SECCOMP,
					     .actions = SECBAKE_ACTIONS_ALL,
					     .flags = SECBAKE_FLAGS_ALL,
					     .kernel = SECBAKE_KERNEL(6, 1)};
	*state = &f;
	return f.arena ? 0 : -1;
}

static int teardown(void **state)
{
	sb_arena_free(((struct fixture *)*state)->arena);
	return 0;
}

static enum secbake_status try_resolve(struct fixture *f, const char *json)
{
	struct secbake_text text = {.bytes = json, .size = strlen(json), .file = "policy.json"};
	struct sb_document document;
	struct sb_resolve_options options = {.target = &f->target,
					     .kernel = f->target.kernel,
					     .mode = f->mode,
					     .options = &f->options,
					     .file = "policy.json"};

	f->error = (struct secbake_error){0};
	f->warnings = 0;
	f->notes = 0;
	if (sb_read(f->arena, &text, &f->options, &f->reporter, &document, &f->error) != SECBAKE_OK)
		fail_msg("line %u: %s: %s", f->error.line, f->error.pointer, f->error.text);
	return sb_resolve_oci(f->arena, document.oci, &options, &f->reporter, &f->resolved,
			      &f->error);
}

/* Without the stub, unless a test is about it: what is left is the policy's own. */
static void resolve(struct fixture *f, const char *json)
{
	if (f->options.enosys == SECBAKE_ENOSYS_AUTO)
		f->options.enosys = SECBAKE_ENOSYS_NONE;
	if (try_resolve(f, json) != SECBAKE_OK)
		fail_msg("line %u: %s: %s", f->error.line, f->error.pointer, f->error.text);
	assert_int_equal(f->resolved.layer_count, 1);
}

static bool condition_holds(const struct sb_cond *cond, const uint64_t args[6])
{
	bool inside = false;

	for (uint32_t i = 0; i < cond->interval_count; i++)
		inside |= (args[cond->arg] & cond->mask) >= cond->interval[i].lo &&
			  (args[cond->arg] & cond->mask) <= cond->interval[i].hi;
	return inside != cond->negate;
}

static bool rule_holds(const struct sb_rule *rule, const uint64_t args[6])
{
	for (uint32_t i = 0; i < rule->clause_count; i++) {
		bool all = true;

		for (uint32_t j = 0; j < rule->clause[i].cond_count; j++)
			all &= condition_holds(&rule->clause[i].cond[j], args);
		if (all)
			return true;
	}
	return !rule->clause_count;
}

static uint32_t map_verdict(const struct sb_layer *layer, const struct sb_map *map, uint32_t nr,
			    const uint64_t args[6])
{
	for (uint32_t i = 0; i < map->entry_count; i++) {
		const struct sb_entry *entry = &map->entry[i];

		if (entry->nr != nr)
			continue;
		for (uint32_t j = 0; j < entry->rule_count; j++)
			if (rule_holds(&layer->rule[entry->rule[j]], args))
				return layer->rule[entry->rule[j]].action;
		return entry->fallback;
	}
	for (uint32_t i = 0; i < map->span_count; i++)
		if (nr >= map->span[i].lo && nr <= map->span[i].hi)
			return map->span[i].action;
	fail_msg("no span holds %u", nr);
	return 0;
}

static uint32_t verdict_of(const struct fixture *f, const char *arch, uint32_t nr, uint64_t a0,
			   uint64_t a1)
{
	const struct sb_layer *layer = f->resolved.layer;
	const uint64_t args[6] = {a0, a1, 0, 0, 0, 0};

	for (uint32_t i = 0; i < layer->map_count; i++)
		if (layer->map[i].audit_arch == secbake_arch_find(arch)->audit_arch)
			return map_verdict(layer, &layer->map[i], nr, args);
	return layer->foreign;
}

#define expect(f, arch, nr, a0, verdict)                                                   \
	do {                                                                               \
		uint32_t got_ = verdict_of((f), (arch), (nr), (a0), 0);                    \
		if (got_ != (verdict))                                                     \
			fail_msg("line %d: %s %#x: wanted %#x, got %#x", __LINE__, (arch), \
				 (unsigned int)(nr), (unsigned int)(verdict), got_);       \
	} while (0)

/* What every layer must be, whatever the policy: see compiler/resolved.h. */
static void check_shape(const struct fixture *f)
{
	const struct sb_layer *layer = f->resolved.layer;

	assert_true(layer->map_count > 0);
	assert_int_equal(layer->map[0].audit_arch, f->target.arch->audit_arch);
	for (uint32_t i = 0; i < layer->map_count; i++) {
		const struct sb_map *map = &layer->map[i];
		uint64_t next = 0;

		for (uint32_t j = 0; j < i; j++)
			assert_int_not_equal(map->audit_arch, layer->map[j].audit_arch);
		for (uint32_t j = 0; j < map->span_count; j++) {
			assert_true(map->span[j].lo == next && map->span[j].hi >= next);
			next = (uint64_t)map->span[j].hi + 1;
		}
		assert_true(next == UINT64_C(1) << 32);
		for (uint32_t j = 0; j < map->entry_count; j++) {
			assert_true(!j || map->entry[j].nr > map->entry[j - 1].nr);
			assert_true(map->entry[j].rule_count > 0);
			for (uint32_t k = 0; k < map->entry[j].rule_count; k++)
				assert_true(map->entry[j].rule[k] < layer->rule_count);
		}
	}
}

static void architectures(void **state)
{
	struct fixture *f = *state;

	resolve(f, "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"syscalls\": ["
		   "{\"names\": [\"read\", \"openat\"], \"action\": \"SCMP_ACT_ALLOW\"}]}");
	check_shape(f);
	expect(f, "x86_64", 0, 0, ALLOW);
	expect(f, "x86_64", 1, 0, ERR(1));
	expect(f, "x86_64", X32(0), 0, KILL);
	expect(f, "x86_64", 0x3fffffff, 0, ERR(1));
	expect(f, "x86_64", 0x80000000, 0, KILL);
	expect(f, "x86_64", 0xfffffffe, 0, KILL);
	expect(f, "x86_64", 0xffffffff, 0, ERR(1));
	expect(f, "x86", 3, 0, KILL);
	resolve(f, "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"architectures\": [\"SCMP_ARCH_X86\","
		   "\"SCMP_ARCH_X32\", \"SCMP_ARCH_AARCH64\", \"SCMP_ARCH_X86\"], \"syscalls\": ["
		   "{\"names\": [\"read\", \"openat\"], \"action\": \"SCMP_ACT_ALLOW\"}]}");
	check_shape(f);
	assert_int_equal(f->resolved.layer->map_count, 3);
	expect(f, "x86_64", 0, 0, ALLOW); /* native, listed or not */
	expect(f, "x86_64", X32(0), 0, ALLOW);
	expect(f, "x86_64", X32(1), 0, ERR(1));
	expect(f, "x86_64", 0xfffffffe, 0, ERR(1));
	expect(f, "x86", 3, 0, ALLOW);
	expect(f, "x86", 295, 0, ALLOW);
	expect(f, "aarch64", 63, 0, ALLOW);
	expect(f, "arm", 3, 0, KILL);
}

static void x32_alone(void **state)
{
	struct fixture *f = *state;

	f->target.arch = secbake_arch_find("x86");
	resolve(f, "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"architectures\": [\"SCMP_ARCH_X32\"],"
		   "\"syscalls\": [{\"names\": [\"read\"], \"action\": \"SCMP_ACT_ALLOW\"}]}");
	check_shape(f);
	expect(f, "x86", 3, 0, ALLOW);
	expect(f, "x86_64", 0, 0, KILL);
	expect(f, "x86_64", 0x3fffffff, 0, KILL);
	expect(f, "x86_64", X32(0), 0, ALLOW);
	expect(f, "x86_64", X32(1), 0, ERR(1));
}

static const char arch_map[] =
	"{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"architectures\": [], \"archMap\": ["
	"{\"architecture\": \"SCMP_ARCH_X86_64\", \"subArchitectures\": [\"SCMP_ARCH_X86\"]},"
	"{\"architecture\": \"SCMP_ARCH_AARCH64\", \"subArchitectures\": [\"SCMP_ARCH_ARM\"]},"
	"{\"architecture\": \"SCMP_ARCH_X86_64\", \"subArchitectures\": [\"SCMP_ARCH_X32\"]},"
	"{\"architecture\": \"SCMP_ARCH_PPC64LE\", \"subArchitectures\": [\"SCMP_ARCH_PPC64\"]}],"
	"\"syscalls\": [{\"names\": [\"read\"], \"action\": \"SCMP_ACT_ALLOW\"}]}";

static void arch_maps(void **state)
{
	struct fixture *f = *state;

	resolve(f, arch_map);
	assert_int_equal(f->resolved.layer->map_count, 2);
	expect(f, "x86", 3, 0, ALLOW);
	expect(f, "x86_64", X32(0), 0, KILL); /* the first entry of an architecture counts */
	expect(f, "arm", 3, 0, KILL);
	f->target.arch = secbake_arch_find("aarch64");
	resolve(f, arch_map);
	check_shape(f);
	expect(f, "aarch64", 63, 0, ALLOW);
	expect(f, "arm", 3, 0, ALLOW);
	expect(f, "x86", 3, 0, KILL);
	f->target.arch = secbake_arch_find("riscv64"); /* no entry: native only */
	resolve(f, arch_map);
	assert_int_equal(f->resolved.layer->map_count, 1);
	expect(f, "riscv64", 63, 0, ALLOW);
	f->target.arch = secbake_arch_find("ppc64le");
	assert_int_equal(try_resolve(f, arch_map), SECBAKE_ERR_INPUT);
	assert_string_equal(f->error.pointer, "/archMap/3/subArchitectures/0");
	assert_non_null(strstr(f->error.text, "byte order"));
}

static const char filters[] =
	"{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"syscalls\": ["
	"{\"names\": [\"read\"], \"action\": \"SCMP_ACT_ALLOW\","
	" \"includes\": {\"caps\": [\"CAP_BPF\", \"CAP_PERFMON\"]}},"
	"{\"names\": [\"write\"], \"action\": \"SCMP_ACT_ALLOW\","
	" \"excludes\": {\"caps\": [\"CAP_BPF\", \"CAP_PERFMON\"]}},"
	"{\"names\": [\"open\"], \"action\": \"SCMP_ACT_ALLOW\","
	" \"includes\": {\"arches\": [\"arm64\", \"amd64\"]}},"
	"{\"names\": [\"close\"], \"action\": \"SCMP_ACT_ALLOW\","
	" \"excludes\": {\"arches\": [\"arm64\", \"amd64\"]}},"
	"{\"names\": [\"stat\"], \"action\": \"SCMP_ACT_ALLOW\", \"includes\": {\"minKernel\": \"4.8\"}},"
	"{\"names\": [\"fstat\"], \"action\": \"SCMP_ACT_ALLOW\", \"excludes\": {\"minKernel\": \"4.8\"}},"
	"{\"names\": [\"lstat\"], \"action\": \"SCMP_ACT_ALLOW\","
	" \"includes\": {\"caps\": [], \"arches\": []}, \"excludes\": {}}]}";

static void includes_and_excludes(void **state)
{
	static const char *const caps[] = {"CAP_PERFMON", "CAP_BPF"};
	struct fixture *f = *state;

	resolve(f, filters);
	expect(f, "x86_64", 0, 0, ERR(1));
	expect(f, "x86_64", 1, 0, ALLOW);
	expect(f, "x86_64", 2, 0, ALLOW);
	expect(f, "x86_64", 3, 0, ERR(1));
	expect(f, "x86_64", 4, 0, ALLOW);
	expect(f, "x86_64", 5, 0, ERR(1));
	expect(f, "x86_64", 6, 0, ALLOW);
	f->options.caps = caps;
	f->options.cap_count = 1; /* any excludes, all include */
	resolve(f, filters);
	expect(f, "x86_64", 0, 0, ERR(1));
	expect(f, "x86_64", 1, 0, ERR(1));
	f->options.cap_count = 2;
	resolve(f, filters);
	expect(f, "x86_64", 0, 0, ALLOW);
}

static void kernel_versions(void **state)
{
	static const struct {
		uint32_t kernel, included, excluded;
	} cases[] = {
		{0, ERR(1), ALLOW},
		{SECBAKE_KERNEL(3, 19), ERR(1), ALLOW},
		{SECBAKE_KERNEL(4, 7), ERR(1), ALLOW},
		{SECBAKE_KERNEL(4, 8), ALLOW, ERR(1)},
		{SECBAKE_KERNEL(4, 10), ALLOW, ERR(1)}, /* ten is more than eight */
		{SECBAKE_KERNEL(10, 0), ALLOW, ERR(1)},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		f->target.kernel = cases[i].kernel;
		resolve(f, filters);
		expect(f, "x86_64", 4, 0, cases[i].included);
		expect(f, "x86_64", 5, 0, cases[i].excluded);
	}
}

static void one_condition(struct fixture *f, const char *condition)
{
	char json[512];

	snprintf(json, sizeof(json),
		 "{\"defaultAction\": \"SCMP_ACT_KILL\", \"syscalls\": [{\"names\": [\"read\"],"
		 "\"action\": \"SCMP_ACT_ALLOW\", \"args\": [{\"index\": 0, %s}]}]}",
		 condition);
	resolve(f, json);
	check_shape(f);
}

static void comparisons(void **state)
{
	static const uint64_t top = UINT64_C(1) << 63;
	static const struct {
		const char *condition;
		uint64_t arg;
		uint32_t verdict;
	} cases[] = {
		{"\"value\": 5, \"op\": \"SCMP_CMP_EQ\"", 5, ALLOW},
		{"\"value\": 5, \"op\": \"SCMP_CMP_EQ\"", 0x100000005, KILL},
		{"\"value\": 18446744073709551615, \"op\": \"SCMP_CMP_EQ\"", UINT64_MAX, ALLOW},
		{"\"value\": 18446744073709551615, \"op\": \"SCMP_CMP_EQ\"", UINT64_MAX - 1, KILL},
		{"\"value\": 9223372036854775809, \"op\": \"SCMP_CMP_EQ\"", top + 1, ALLOW},
		{"\"value\": 9223372036854775809, \"op\": \"SCMP_CMP_EQ\"", top, KILL},
		{"\"value\": 5, \"op\": \"SCMP_CMP_NE\"", 5, KILL},
		{"\"value\": 5, \"op\": \"SCMP_CMP_NE\"", 0x100000005, ALLOW},
		{"\"value\": 0, \"op\": \"SCMP_CMP_NE\"", 0, KILL},
		{"\"value\": 18446744073709551615, \"op\": \"SCMP_CMP_NE\"", UINT64_MAX, KILL},
		{"\"value\": 5, \"op\": \"SCMP_CMP_LT\"", 4, ALLOW},
		{"\"value\": 5, \"op\": \"SCMP_CMP_LT\"", 5, KILL},
		{"\"value\": 5, \"op\": \"SCMP_CMP_LT\"", top, KILL}, /* unsigned */
		{"\"value\": 0, \"op\": \"SCMP_CMP_LT\"", 0, KILL},
		{"\"value\": 5, \"op\": \"SCMP_CMP_LE\"", 5, ALLOW},
		{"\"value\": 5, \"op\": \"SCMP_CMP_LE\"", 6, KILL},
		{"\"value\": 18446744073709551615, \"op\": \"SCMP_CMP_LE\"", UINT64_MAX, ALLOW},
		{"\"value\": 5, \"op\": \"SCMP_CMP_GE\"", 5, ALLOW},
		{"\"value\": 5, \"op\": \"SCMP_CMP_GE\"", 4, KILL},
		{"\"value\": 0, \"op\": \"SCMP_CMP_GE\"", 0, ALLOW},
		{"\"value\": 4294967296, \"op\": \"SCMP_CMP_GT\"", 4294967296, KILL},
		{"\"value\": 4294967296, \"op\": \"SCMP_CMP_GT\"", 4294967297, ALLOW},
		{"\"value\": 18446744073709551615, \"op\": \"SCMP_CMP_GT\"", UINT64_MAX, KILL},
		{"\"value\": 18446744073709551614, \"op\": \"SCMP_CMP_GT\"", UINT64_MAX, ALLOW},
		{"\"value\": 15, \"valueTwo\": 5, \"op\": \"SCMP_CMP_MASKED_EQ\"", 0x15, ALLOW},
		{"\"value\": 15, \"valueTwo\": 21, \"op\": \"SCMP_CMP_MASKED_EQ\"", 0x25, ALLOW},
		{"\"value\": 15, \"valueTwo\": 5, \"op\": \"SCMP_CMP_MASKED_EQ\"", 4, KILL},
		{"\"value\": 15, \"op\": \"SCMP_CMP_MASKED_EQ\"", 0x10, ALLOW},
		{"\"value\": 0, \"valueTwo\": 7, \"op\": \"SCMP_CMP_MASKED_EQ\"", 3, ALLOW},
		{"\"value\": 9223372036854775808, \"valueTwo\": 9223372036854775808,"
		 "\"op\": \"SCMP_CMP_MASKED_EQ\"",
		 top + 3, ALLOW},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		one_condition(f, cases[i].condition);
		if (verdict_of(f, "x86_64", 0, cases[i].arg, 0) != cases[i].verdict)
			fail_msg("case %zu: %s, %#llx", i, cases[i].condition,
				 (unsigned long long)cases[i].arg);
	}
}

static void precedence(void **state)
{
	struct fixture *f = *state;

	resolve(f, "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"syscalls\": ["
		   "{\"names\": [\"read\"], \"action\": \"SCMP_ACT_KILL\","
		   " \"args\": [{\"index\": 0, \"value\": 9, \"op\": \"SCMP_CMP_EQ\"}]},"
		   "{\"names\": [\"read\"], \"action\": \"SCMP_ACT_LOG\"},"
		   "{\"names\": [\"read\"], \"action\": \"SCMP_ACT_ALLOW\"},"
		   "{\"names\": [\"write\"], \"action\": \"SCMP_ACT_KILL\","
		   " \"args\": [{\"index\": 0, \"value\": 9, \"op\": \"SCMP_CMP_GE\"}]},"
		   "{\"names\": [\"write\"], \"action\": \"SCMP_ACT_ALLOW\","
		   " \"args\": [{\"index\": 0, \"value\": 5, \"op\": \"SCMP_CMP_GE\"},"
		   "            {\"index\": 1, \"value\": 0, \"op\": \"SCMP_CMP_EQ\"}]},"
		   "{\"names\": [\"close\"], \"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": 1},"
		   "{\"names\": [\"close\"], \"action\": \"SCMP_ACT_ALLOW\","
		   " \"args\": [{\"index\": 0, \"value\": 3, \"op\": \"SCMP_CMP_EQ\"}]}]}");
	check_shape(f);
	expect(f, "x86_64", 0, 9, LOG); /* the first without conditions decides alone */
	expect(f, "x86_64", 1, 9, KILL);
	expect(f, "x86_64", 1, 5, ALLOW);
	expect(f, "x86_64", 1, 4, ERR(1));
	assert_int_equal(verdict_of(f, "x86_64", 1, 5, 1), ERR(1));
	expect(f, "x86_64", 3, 3, ALLOW); /* the one that says what the default says is skipped */
	expect(f, "x86_64", 3, 4, ERR(1));
	assert_int_equal(f->warnings,
			 3); /* two rules for read never decide, two for write overlap */
}

static void overlap_only_when_it_matters(void **state)
{
	static const struct {
		const char *first, *second;
		uint32_t warnings;
	} cases[] = {
		{"\"index\": 0, \"value\": 1, \"op\": \"SCMP_CMP_EQ\"",
		 "\"index\": 0, \"value\": 2, \"op\": \"SCMP_CMP_EQ\"", 0},
		{"\"index\": 0, \"value\": 1, \"op\": \"SCMP_CMP_EQ\"",
		 "\"index\": 1, \"value\": 1, \"op\": \"SCMP_CMP_EQ\"", 1},
		{"\"index\": 0, \"value\": 8, \"op\": \"SCMP_CMP_LT\"",
		 "\"index\": 0, \"value\": 8, \"op\": \"SCMP_CMP_GE\"", 0},
		{"\"index\": 0, \"value\": 8, \"op\": \"SCMP_CMP_LE\"",
		 "\"index\": 0, \"value\": 8, \"op\": \"SCMP_CMP_GE\"", 1},
		{"\"index\": 0, \"value\": 8, \"op\": \"SCMP_CMP_NE\"",
		 "\"index\": 0, \"value\": 8, \"op\": \"SCMP_CMP_EQ\"", 0},
		{"\"index\": 0, \"value\": 8, \"op\": \"SCMP_CMP_NE\"",
		 "\"index\": 0, \"value\": 9, \"op\": \"SCMP_CMP_NE\"", 1},
		{"\"index\": 0, \"value\": 3, \"valueTwo\": 1, \"op\": \"SCMP_CMP_MASKED_EQ\"",
		 "\"index\": 0, \"value\": 6, \"valueTwo\": 2, \"op\": \"SCMP_CMP_MASKED_EQ\"", 0},
		{"\"index\": 0, \"value\": 3, \"valueTwo\": 1, \"op\": \"SCMP_CMP_MASKED_EQ\"",
		 "\"index\": 0, \"value\": 12, \"valueTwo\": 4, \"op\": \"SCMP_CMP_MASKED_EQ\"", 1},
		{"\"index\": 0, \"value\": 8, \"valueTwo\": 8, \"op\": \"SCMP_CMP_MASKED_EQ\"",
		 "\"index\": 0, \"value\": 8, \"op\": \"SCMP_CMP_LT\"", 0},
		{"\"index\": 0, \"value\": 8, \"valueTwo\": 0, \"op\": \"SCMP_CMP_MASKED_EQ\"",
		 "\"index\": 0, \"value\": 18446744073709551607, \"op\": \"SCMP_CMP_GE\"", 1},
		{"\"index\": 0, \"value\": 8, \"valueTwo\": 0, \"op\": \"SCMP_CMP_MASKED_EQ\"",
		 "\"index\": 0, \"value\": 18446744073709551608, \"op\": \"SCMP_CMP_GE\"", 0},
	};
	struct fixture *f = *state;
	char json[1024];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(
			json, sizeof(json),
			"{\"defaultAction\": \"SCMP_ACT_KILL\", \"syscalls\": ["
			"{\"names\": [\"read\"], \"action\": \"SCMP_ACT_ALLOW\", \"args\": [{%s}]},"
			"{\"names\": [\"read\"], \"action\": \"SCMP_ACT_LOG\", \"args\": [{%s}]}]}",
			cases[i].first, cases[i].second);
		resolve(f, json);
		if (f->warnings != cases[i].warnings)
			fail_msg("case %zu: %s", i, f->last);
	}
}

/* The overlap of masked and ordered conditions, against trying every value of a few bits. */
static void overlap_is_exact(void **state)
{
	(void)state;
	for (uint64_t mask = 0; mask < 16; mask++) {
		for (uint64_t code = 0; code < 16 * 16 * 16; code++) {
			uint64_t value = code & 15, lo = code >> 4 & 15, hi = code >> 8;
			struct sb_interval one = {value, value}, two = {lo, hi};
			struct sb_cond a = {.mask = mask, .interval_count = 1, .interval = &one};
			struct sb_cond b = {
				.mask = UINT64_MAX, .interval_count = 1, .interval = &two};
			struct sb_clause x = {1, &a}, y = {1, &b};
			bool some = false;

			if ((value & ~mask) || lo > hi)
				continue;
			for (uint64_t v = lo; v <= hi; v++)
				some |= (v & mask) == value;
			assert_int_equal(sb_clauses_overlap(&x, &y), some);
			assert_int_equal(sb_clauses_overlap(&y, &x), some);
		}
	}
}

static void or_of_conditions(void **state)
{
	struct fixture *f = *state;

	resolve(f, "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"syscalls\": ["
		   "{\"names\": [\"read\"], \"action\": \"SCMP_ACT_ALLOW\", \"args\": ["
		   "{\"index\": 0, \"value\": 3, \"op\": \"SCMP_CMP_EQ\"},"
		   "{\"index\": 1, \"value\": 7, \"op\": \"SCMP_CMP_EQ\"},"
		   "{\"index\": 0, \"value\": 4, \"op\": \"SCMP_CMP_EQ\"}]}]}");
	assert_int_equal(f->warnings, 1);
	expect(f, "x86_64", 0, 3, ALLOW);
	expect(f, "x86_64", 0, 4, ALLOW);
	expect(f, "x86_64", 0, 5, ERR(1));
	assert_int_equal(verdict_of(f, "x86_64", 0, 5, 7), ALLOW);
}

static void actions(void **state)
{
	static const struct {
		const char *action;
		uint32_t verdict;
	} cases[] = {
		{"\"action\": \"SCMP_ACT_KILL\"", KILL},
		{"\"action\": \"SCMP_ACT_KILL_THREAD\"", KILL},
		{"\"action\": \"SCMP_ACT_KILL_PROCESS\"", SECCOMP_RET_KILL_PROCESS},
		{"\"action\": \"SCMP_ACT_TRAP\"", SECCOMP_RET_TRAP},
		{"\"action\": \"SCMP_ACT_TRAP\", \"errnoRet\": 5", SECCOMP_RET_TRAP},
		{"\"action\": \"SCMP_ACT_ERRNO\"", ERR(1)},
		{"\"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": 0", ERR(0)},
		{"\"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": 4095", ERR(4095)},
		{"\"action\": \"SCMP_ACT_ERRNO\", \"errno\": \"EACCES\"", ERR(13)},
		{"\"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": 1, \"errno\": \"ENOENT\"", ERR(2)},
		{"\"action\": \"SCMP_ACT_ERRNO\", \"errno\": \"17\"", ERR(17)},
		{"\"action\": \"SCMP_ACT_TRACE\"", SECCOMP_RET_TRACE | 1},
		{"\"action\": \"SCMP_ACT_TRACE\", \"errnoRet\": 65535", SECCOMP_RET_TRACE | 65535},
		{"\"action\": \"SCMP_ACT_LOG\"", LOG},
		{"\"action\": \"SCMP_ACT_NOTIFY\"", SECCOMP_RET_USER_NOTIF},
	};
	struct fixture *f = *state;
	char json[512];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(json, sizeof(json),
			 "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": ["
			 "{\"names\": [\"read\"], %s}]}",
			 cases[i].action);
		resolve(f, json);
		expect(f, "x86_64", 0, 0, cases[i].verdict);
		expect(f, "x86_64", 1, 0, ALLOW);
	}
}

static void errors_of_the_target(void **state)
{
	static const char json[] =
		"{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"defaultErrno\": \"ENOSYS\", \"syscalls\": ["
		"{\"names\": [\"read\"], \"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": 38},"
		"{\"names\": [\"write\"], \"action\": \"SCMP_ACT_ALLOW\"}]}";
	struct fixture *f = *state;

	f->options.enosys = SECBAKE_ENOSYS_RUNC;
	f->target.arch = secbake_arch_find("mips64");
	resolve(f, json);
	assert_true(f->resolved.big_endian);
	expect(f, "mips64", 5000, 0, ERR(38)); /* a number is a number */
	expect(f, "mips64", 4999, 0, ERR(89));
	expect(f, "mips64", 5002, 0, ERR(89));
}

static const char stub_policy[] =
	"{\"defaultAction\": \"%s\", \"architectures\": [%s], \"syscalls\": ["
	"{\"names\": [\"read\", \"%s\", \"made_up_name\"], \"action\": \"SCMP_ACT_ALLOW\"},"
	"{\"names\": [\"mmap\"], \"action\": \"%s\"},"
	"{\"names\": [\"openat2\"], \"action\": \"SCMP_ACT_ALLOW\","
	" \"includes\": {\"caps\": [\"CAP_BPF\"]}}]}";

static void resolve_stub(struct fixture *f, const char *action, const char *arches,
			 const char *name)
{
	char json[1024];

	snprintf(json, sizeof(json), stub_policy, action, arches, name, action);
	f->options.enosys = SECBAKE_ENOSYS_RUNC;
	resolve(f, json);
	check_shape(f);
}

static void stub_on_x86_64(void **state)
{
	struct fixture *f = *state;

	/* mmap (9) says what the default says, and counts; openat2 is not in force. */
	resolve_stub(f, "SCMP_ACT_ERRNO", "", "close");
	expect(f, "x86_64", 0, 0, ALLOW);
	expect(f, "x86_64", 9, 0, ERR(1));
	expect(f, "x86_64", 10, 0, NOSYS);
	expect(f, "x86_64", 0x3fffffff, 0, NOSYS);
	expect(f, "x86_64", 0x40000000, 0, KILL);
	expect(f, "x86_64", 0x7fffffff, 0, KILL);
	expect(f, "x86_64", 0x80000000, 0, NOSYS); /* bit 30 is clear, and the stub comes first */
	expect(f, "x86_64", 0xbfffffff, 0, NOSYS);
	expect(f, "x86_64", 0xc0000000, 0, KILL);
	expect(f, "x86_64", 0xffffffff, 0, ERR(1));
	expect(f, "x86", 3, 0, KILL);
	resolve_stub(f, "SCMP_ACT_KILL", "\"SCMP_ARCH_X32\", \"SCMP_ARCH_X86\"", "execveat");
	expect(f, "x86_64", 322, 0, ALLOW);
	expect(f, "x86_64", 321, 0, KILL);
	expect(f, "x86_64", 323, 0, NOSYS);
	expect(f, "x86_64", X32(545), 0, ALLOW); /* x32 has a number of its own for it */
	expect(f, "x86_64", X32(544), 0, KILL);
	expect(f, "x86_64", X32(546), 0, NOSYS);
	expect(f, "x86_64", 0x7fffffff, 0, NOSYS);
	expect(f, "x86_64", 0x80000000, 0, NOSYS);
	expect(f, "x86_64", 0xffffffff, 0, NOSYS);
	expect(f, "x86", 358, 0, ALLOW);
	expect(f, "x86", 359, 0, NOSYS);
	expect(f, "x86", 0xffffffff, 0, NOSYS);
}

static void no_stub(void **state)
{
	static const char *const defaults[] = {"SCMP_ACT_ALLOW", "SCMP_ACT_LOG", "SCMP_ACT_TRACE"};
	static const uint32_t verdicts[] = {ALLOW, LOG, SECCOMP_RET_TRACE | 1};
	struct fixture *f = *state;

	for (size_t i = 0; i < 3; i++) {
		resolve_stub(f, defaults[i], "", "close");
		expect(f, "x86_64", 1000, 0, verdicts[i]);
		expect(f, "x86_64", 0x80000000, 0, KILL);
	}
	/* The largest number is 0: read is all that x86_64 knows of it. */
	resolve(f, "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"syscalls\": ["
		   "{\"names\": [\"read\", \"waitpid\"], \"action\": \"SCMP_ACT_ALLOW\"}]}");
	expect(f, "x86_64", 1000, 0, ERR(1));
	f->options.enosys = SECBAKE_ENOSYS_NONE;
	resolve(f, "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"syscalls\": ["
		   "{\"names\": [\"close\"], \"action\": \"SCMP_ACT_ALLOW\"}]}");
	expect(f, "x86_64", 1000, 0, ERR(1));
	f->options.enosys = SECBAKE_ENOSYS_AUTO; /* is runc here */
	assert_int_equal(try_resolve(f,
				     "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"syscalls\": ["
				     "{\"names\": [\"close\"], \"action\": \"SCMP_ACT_ALLOW\"}]}"),
			 SECBAKE_OK);
	expect(f, "x86_64", 1000, 0, NOSYS);
}

static void stub_elsewhere(void **state)
{
	struct fixture *f = *state;

	f->target.arch = secbake_arch_find("s390x");
	resolve_stub(f, "SCMP_ACT_ERRNO", "\"SCMP_ARCH_S390\"", "close");
	expect(f, "s390x", 0, 0, NOSYS);
	expect(f, "s390x", 1, 0, ERR(1));
	expect(f, "s390x", 6, 0, ALLOW);
	expect(f, "s390x", 91, 0, NOSYS); /* mmap is 90 */
	expect(f, "s390", 0, 0, NOSYS);
	expect(f, "s390", 6, 0, ALLOW);
	expect(f, "s390x", 0xffffffff, 0, NOSYS);
	f->target.arch = secbake_arch_find("aarch64");
	resolve_stub(f, "SCMP_ACT_ERRNO", "\"SCMP_ARCH_X86_64\"", "close");
	expect(f, "aarch64", 0, 0, ERR(1));
	expect(f, "aarch64", 63, 0, ALLOW);
	expect(f, "aarch64", 222, 0, ERR(1));
	expect(f, "aarch64", 223, 0, NOSYS);
	expect(f, "aarch64", 0x40000000, 0, NOSYS);
	expect(f, "x86_64", 10, 0, NOSYS);
	expect(f, "x86_64", X32(0), 0, KILL);
}

static const char mux_policy[] =
	"{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"architectures\": [%s], \"syscalls\": ["
	"{\"names\": [\"bind\", \"connect\", \"accept\", \"semop\", \"shmget\"],"
	" \"action\": \"SCMP_ACT_ALLOW\"},"
	"{\"names\": [\"listen\"], \"action\": \"SCMP_ACT_LOG\"},"
	"{\"names\": [\"socket\"], \"action\": \"SCMP_ACT_ALLOW\","
	" \"args\": [{\"index\": 0, \"value\": 1, \"op\": \"SCMP_CMP_EQ\"}]}%s]}";

static void resolve_mux(struct fixture *f, const char *arches, const char *more)
{
	char json[2048];

	snprintf(json, sizeof(json), mux_policy, arches, more);
	resolve(f, json);
	check_shape(f);
}

static void multiplexed_calls(void **state)
{
	struct fixture *f = *state;

	resolve_mux(f, "\"SCMP_ARCH_X86\"", "");
	assert_int_equal(f->notes, 1);
	assert_int_equal(f->warnings, 0);
	expect(f, "x86", 361, 0, ALLOW); /* bind, by its own number */
	expect(f, "x86", 102, 2, ALLOW); /* and as socketcall's */
	expect(f, "x86", 102, 3, ALLOW);
	expect(f, "x86", 102, 4, LOG);
	expect(f, "x86", 102, 5, ALLOW); /* accept has no other number */
	expect(f, "x86", 102, 6, ERR(1));
	expect(f, "x86", 359, 1, ALLOW); /* socket's condition holds */
	expect(f, "x86", 359, 2, ERR(1));
	expect(f, "x86", 102, 1, ERR(1)); /* and is never granted where it cannot be seen */
	expect(f, "x86", 117, 1, ALLOW);
	expect(f, "x86", 117, 0x10001, ALLOW); /* with ipc's version in the upper half */
	expect(f, "x86", 117, 23, ALLOW);
	expect(f, "x86", 117, 22, ERR(1));
	expect(f, "x86_64", 102, 2, ERR(1)); /* getuid there */
	/* Rules for the carrier itself: without conditions it decides alone, else in order. */
	resolve_mux(f, "\"SCMP_ARCH_X86\"",
		    ",{\"names\": [\"socketcall\"], \"action\": \"SCMP_ACT_KILL\"}");
	expect(f, "x86", 102, 2, KILL);
	expect(f, "x86", 102, 6, KILL);
	expect(f, "x86", 361, 0, ALLOW);
	resolve_mux(f, "\"SCMP_ARCH_X86\"",
		    ",{\"names\": [\"socketcall\"], \"action\": \"SCMP_ACT_KILL\","
		    " \"args\": [{\"index\": 0, \"value\": 3, \"op\": \"SCMP_CMP_GE\"}]}");
	expect(f, "x86", 102, 2, ALLOW);
	expect(f, "x86", 102, 3, ALLOW);
	expect(f, "x86", 102, 4, LOG);
	expect(f, "x86", 102, 6, KILL);
}

static void multiplexed_denials(void **state)
{
	static const char json[] =
		"{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"architectures\": [\"SCMP_ARCH_S390\"],"
		"\"syscalls\": [{\"names\": [\"connect\", \"shmat\"], \"action\": \"SCMP_ACT_ERRNO\"},"
		"{\"names\": [\"socket\"], \"action\": \"SCMP_ACT_KILL\","
		" \"args\": [{\"index\": 0, \"value\": 16, \"op\": \"SCMP_CMP_EQ\"}]}]}";
	struct fixture *f = *state;

	f->target.arch = secbake_arch_find("s390x");
	resolve(f, json);
	check_shape(f);
	assert_int_equal(f->warnings, 1); /* socket through socketcall is not denied */
	assert_non_null(strstr(f->last, "get around"));
	expect(f, "s390x", 362, 0, ERR(1));
	expect(f, "s390x", 102, 3, ERR(1));
	expect(f, "s390x", 102, 0x700000003, ERR(1)); /* the kernel reads 32 bits of it */
	expect(f, "s390x", 102, 4, ALLOW);
	expect(f, "s390x", 117, 21, ERR(1));
	expect(f, "s390x", 117, 0x7000000090015, ERR(1));
	expect(f, "s390", 102, 3, ERR(1));
	f->target.arch = secbake_arch_find("x86_64"); /* no socketcall, nothing to get around by */
	resolve(f, "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": ["
		   "{\"names\": [\"socket\"], \"action\": \"SCMP_ACT_KILL\","
		   " \"args\": [{\"index\": 0, \"value\": 16, \"op\": \"SCMP_CMP_EQ\"}]}]}");
	assert_int_equal(f->warnings + f->notes, 0);
}

static uint32_t flags_for(struct fixture *f, const char *flags, const char *action)
{
	char json[512];

	snprintf(json, sizeof(json),
		 "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"listenerPath\": \"/a\", %s"
		 "\"syscalls\": [{\"names\": [\"read\"], \"action\": \"%s\"}]}",
		 flags, action);
	resolve(f, json);
	return f->resolved.layer->filter_flags;
}

static void flags(void **state)
{
	static const char log[] = "\"flags\": [\"SECCOMP_FILTER_FLAG_LOG\"],";
	static const char spec[] = "\"flags\": [\"SECCOMP_FILTER_FLAG_SPEC_ALLOW\"],";
	static const char tsync[] = "\"flags\": [\"SECCOMP_FILTER_FLAG_TSYNC\"],";
	static const char wait[] = "\"flags\": [\"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV\"],";
	struct fixture *f = *state;

	assert_int_equal(flags_for(f, "", "SCMP_ACT_KILL"), SECBAKE_FLAG_SPEC_ALLOW);
	assert_int_equal(flags_for(f, "\"flags\": null,", "SCMP_ACT_KILL"),
			 SECBAKE_FLAG_SPEC_ALLOW);
	assert_int_equal(f->resolved.consulted.flags, SECBAKE_FLAG_SPEC_ALLOW);
	assert_int_equal(flags_for(f, "\"flags\": [],", "SCMP_ACT_KILL"), 0);
	assert_int_equal(f->resolved.consulted.flags, 0);
	assert_int_equal(flags_for(f, log, "SCMP_ACT_KILL"), SECBAKE_FLAG_LOG);
	assert_int_equal(flags_for(f, log, "SCMP_ACT_NOTIFY"),
			 SECBAKE_FLAG_LOG | SECBAKE_FLAG_NEW_LISTENER);
	assert_int_equal(flags_for(f, tsync, "SCMP_ACT_KILL"), SECBAKE_FLAG_TSYNC);
	assert_int_equal(flags_for(f, tsync, "SCMP_ACT_NOTIFY"),
			 SECBAKE_FLAG_TSYNC | SECBAKE_FLAG_TSYNC_ESRCH | SECBAKE_FLAG_NEW_LISTENER);
	assert_int_equal(flags_for(f, wait, "SCMP_ACT_KILL"), 0);
	assert_int_equal(f->warnings, 1);
	assert_int_equal(flags_for(f, wait, "SCMP_ACT_NOTIFY"),
			 SECBAKE_FLAG_WAIT_KILLABLE_RECV | SECBAKE_FLAG_NEW_LISTENER);
	f->target.flags = SECBAKE_FLAG_TSYNC;
	assert_int_equal(flags_for(f, "", "SCMP_ACT_KILL"), 0);
	assert_int_equal(f->resolved.consulted.flags, SECBAKE_FLAG_SPEC_ALLOW);
	assert_int_equal(f->resolved.note_count, 0); /* nobody asked for it */
	assert_int_equal(flags_for(f, spec, "SCMP_ACT_KILL"), 0);
	assert_int_equal(f->resolved.note_count, 1);
	assert_int_equal(flags_for(f, log, "SCMP_ACT_KILL"), 0);
	assert_int_equal(f->resolved.note_count, 1);
	assert_int_equal(f->resolved.consulted.flags, SECBAKE_FLAG_LOG);
}

static void lowering(void **state)
{
	static const char json[] =
		"{\"defaultAction\": \"SCMP_ACT_KILL_PROCESS\", \"syscalls\": ["
		"{\"names\": [\"read\"], \"action\": \"SCMP_ACT_LOG\"},"
		"{\"names\": [\"write\"], \"action\": \"SCMP_ACT_KILL_PROCESS\"},"
		"{\"names\": [\"close\"], \"action\": \"SCMP_ACT_LOG\"}]}";
	static const char notify[] =
		"{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"listenerPath\": \"/a\",\n \"syscalls\": [\n"
		"{\"names\": [\"%s\"], \"action\": \"SCMP_ACT_NOTIFY\"}]}";
	struct fixture *f = *state;
	char text[256];

	f->target.actions = SECBAKE_ACTIONS_OLDEST;
	f->target.flags = 0;
	resolve(f, json);
	expect(f, "x86_64", 0, 0, ALLOW);
	expect(f, "x86_64", 1, 0, KILL);
	assert_int_equal(f->resolved.note_count, 2);
	assert_int_equal(f->resolved.consulted.actions, SECBAKE_ACTION_LOG | SECBAKE_ACTION_ALLOW |
								SECBAKE_ACTION_KILL_PROCESS |
								SECBAKE_ACTION_KILL_THREAD);
	snprintf(text, sizeof(text), notify, "read");
	assert_int_equal(try_resolve(f, text), SECBAKE_ERR_TARGET);
	assert_int_equal(f->error.line, 3);
	assert_string_equal(f->error.pointer, "/syscalls/0");
	f->target.actions = SECBAKE_ACTIONS_ALL; /* but no flag for its listener */
	assert_int_equal(try_resolve(f, text), SECBAKE_ERR_TARGET);
	snprintf(text, sizeof(text), notify, "waitpid"); /* not on x86_64: nothing is asked for */
	f->target.actions = SECBAKE_ACTIONS_OLDEST;
	resolve(f, text);
	assert_int_equal(f->resolved.layer->filter_flags, 0);
	assert_int_equal(f->resolved.layer->rule_count, 0);
}

static void complain(void **state)
{
	static const char json[] =
		"{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"listenerPath\": \"/a\", \"syscalls\": ["
		"{\"names\": [\"read\"], \"action\": \"SCMP_ACT_ALLOW\"},"
		"{\"names\": [\"write\"], \"action\": \"SCMP_ACT_NOTIFY\"},"
		"{\"names\": [\"close\"], \"action\": \"SCMP_ACT_KILL\","
		" \"args\": [{\"index\": 0, \"value\": 1, \"op\": \"SCMP_CMP_EQ\"}]}]}";
	struct fixture *f = *state;

	f->options.enosys = SECBAKE_ENOSYS_RUNC;
	f->mode = SECBAKE_MODE_COMPLAIN;
	resolve(f, json);
	check_shape(f);
	expect(f, "x86_64", 0, 0, ALLOW);
	expect(f, "x86_64", 1, 0, LOG);
	expect(f, "x86_64", 2, 0, LOG);
	expect(f, "x86_64", 3, 1, LOG);
	expect(f, "x86_64", 3, 2, LOG);
	expect(f, "x86_64", 1000, 0, LOG);
	expect(f, "x86_64", X32(0), 0, LOG);
	expect(f, "arm", 3, 0, LOG);
	assert_int_equal(f->resolved.layer->filter_flags, SECBAKE_FLAG_SPEC_ALLOW);
	assert_int_equal(f->resolved.consulted.actions, SECBAKE_ACTION_LOG | SECBAKE_ACTION_ALLOW);
	f->target.actions = SECBAKE_ACTIONS_OLDEST;
	resolve(f, json);
	expect(f, "x86_64", 2, 0, ALLOW);
	expect(f, "arm", 3, 0, ALLOW);
	assert_int_equal(f->resolved.note_count, 1);
}

/* Rules of the layer come in document order, each with its place, unused ones not at all. */
static void provenance(void **state)
{
	struct fixture *f = *state;
	const struct sb_layer *layer;

	resolve(f, "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"syscalls\": [\n"
		   "{\"names\": [\"write\"], \"action\": \"SCMP_ACT_ALLOW\"},\n"
		   "{\"names\": [\"waitpid\"], \"action\": \"SCMP_ACT_TRAP\"},\n"
		   "{\"names\": [\"read\"], \"action\": \"SCMP_ACT_LOG\"}]}");
	layer = f->resolved.layer;
	assert_int_equal(layer->rule_count, 2);
	assert_string_equal(layer->rule[0].place.pointer, "/syscalls/0");
	assert_string_equal(layer->rule[1].place.pointer, "/syscalls/2");
	assert_int_equal(layer->rule[1].place.line, 4);
	assert_int_equal(f->resolved.consulted.actions, SECBAKE_ACTION_ALLOW | SECBAKE_ACTION_LOG |
								SECBAKE_ACTION_ERRNO |
								SECBAKE_ACTION_KILL_THREAD);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(architectures),
		TEST(x32_alone),
		TEST(arch_maps),
		TEST(includes_and_excludes),
		TEST(kernel_versions),
		TEST(comparisons),
		TEST(precedence),
		TEST(overlap_only_when_it_matters),
		TEST(overlap_is_exact),
		TEST(or_of_conditions),
		TEST(actions),
		TEST(errors_of_the_target),
		TEST(stub_on_x86_64),
		TEST(no_stub),
		TEST(stub_elsewhere),
		TEST(multiplexed_calls),
		TEST(multiplexed_denials),
		TEST(flags),
		TEST(lowering),
		TEST(complain),
		TEST(provenance),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
