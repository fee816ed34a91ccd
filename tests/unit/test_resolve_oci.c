/* SPDX-License-Identifier: MIT */
/*
 * Resolving the oci dialect: architectures, which rules are in force, conditions and the
 * order of rules, seen in the verdicts of calls. test_resolve_oci_*.c have the rest.
 */
#include "tests/lib/oci_world.h"

#include <stdio.h>

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
		TEST(architectures),	TEST(x32_alone),
		TEST(arch_maps),	TEST(includes_and_excludes),
		TEST(kernel_versions),	TEST(comparisons),
		TEST(precedence),	TEST(overlap_only_when_it_matters),
		TEST(overlap_is_exact), TEST(or_of_conditions),
		TEST(actions),		TEST(provenance),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
