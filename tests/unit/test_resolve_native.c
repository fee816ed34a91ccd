/* SPDX-License-Identifier: MIT */
/*
 * Resolving the native language: comparisons as sets of words, against arithmetic on
 * whole numbers; layers, flags and modes, which cases cannot show. The rest of the
 * language is in tests/cases/native-*.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>

#include <compiler/resolve_native.h>

#define ALLOW SECCOMP_RET_ALLOW
#define LOG SECCOMP_RET_LOG
#define KILL SECCOMP_RET_KILL_PROCESS
#define ERR(n) (SECCOMP_RET_ERRNO | (uint32_t)(n))

typedef __int128 whole;

struct fixture {
	struct secbake_reporter reporter;
	struct sb_arena *arena;
	struct sb_options options;
	struct secbake_features target;
	enum secbake_mode mode;
	struct sb_document document;
	struct sb_resolved resolved;
	struct secbake_error error;
	uint32_t warnings, notes;
};

static void report(struct secbake_reporter *self, enum secbake_level level,
		   const struct secbake_error *message)
{
	struct fixture *f = (struct fixture *)self;

	(void)message;
	if (level == SECBAKE_NOTE)
		f->notes++;
	else
		f->warnings++;
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
	const struct secbake_text text = {json, strlen(json), "policy.json"};
	struct sb_resolve_options options = {.target = &f->target,
					     .kernel = f->target.kernel,
					     .mode = f->mode,
					     .options = &f->options,
					     .file = "policy.json"};

	f->error = (struct secbake_error){0};
	f->warnings = f->notes = 0;
	f->options.target = f->target.arch;
	if (sb_read(f->arena, &text, &f->options, &f->reporter, &f->document, &f->error) !=
	    SECBAKE_OK)
		fail_msg("line %u: %s: %s", f->error.line, f->error.pointer, f->error.text);
	return sb_resolve_native(f->arena, f->document.bound, &options, &f->reporter, &f->resolved,
				 &f->error);
}

static void resolve(struct fixture *f, const char *json)
{
	if (try_resolve(f, json) != SECBAKE_OK)
		fail_msg("line %u: %s: %s", f->error.line, f->error.pointer, f->error.text);
}

static bool holds(const struct sb_cond *cond, const uint64_t args[6])
{
	uint64_t value = args[cond->arg] & cond->mask;
	bool inside = false;

	for (uint32_t i = 0; i < cond->interval_count; i++)
		inside |= cond->interval[i].lo <= value && value <= cond->interval[i].hi;
	return inside != cond->negate;
}

static bool rule_holds(const struct sb_rule *rule, const uint64_t args[6])
{
	for (uint32_t i = 0; i < rule->clause_count; i++) {
		bool all = true;

		for (uint32_t j = 0; j < rule->clause[i].cond_count; j++)
			all &= holds(&rule->clause[i].cond[j], args);
		if (all)
			return true;
	}
	return !rule->clause_count;
}

/* What a layer says to a call, read off resolved.h's own words. */
static uint32_t verdict(const struct fixture *f, uint32_t index, const char *arch, uint32_t nr,
			uint64_t arg0)
{
	const struct sb_layer *layer = &f->resolved.layer[index];
	const uint64_t args[6] = {arg0};
	const struct sb_map *map = NULL;

	assert_true(index < f->resolved.layer_count);
	for (uint32_t i = 0; i < layer->map_count; i++)
		if (layer->map[i].audit_arch == secbake_arch_find(arch)->audit_arch)
			map = &layer->map[i];
	if (!map)
		return layer->foreign;
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
		if (map->span[i].lo <= nr && nr <= map->span[i].hi)
			return map->span[i].action;
	fail_msg("no span holds %u", nr);
	return 0;
}

/* Spans are gapless from 0 to the end, entries sorted, no number twice. */
static void check_form(const struct sb_layer *layer)
{
	for (uint32_t i = 0; i < layer->map_count; i++) {
		const struct sb_map *map = &layer->map[i];
		uint64_t next = 0;

		for (uint32_t j = 0; j < map->span_count; j++) {
			assert_int_equal(map->span[j].lo, next);
			assert_true(map->span[j].lo <= map->span[j].hi);
			next = (uint64_t)map->span[j].hi + 1;
		}
		assert_int_equal(next, UINT64_C(1) << 32);
		for (uint32_t j = 1; j < map->entry_count; j++)
			assert_true(map->entry[j - 1].nr < map->entry[j].nr);
	}
}

/* ---- comparisons ---- */

/* A register as the number that the kernel reads. */
static whole read_as(const struct sb_native_type *type, uint64_t word)
{
	if (type->bits == 32)
		return type->is_signed ? (whole)(int32_t)word : (whole)(uint32_t)word;
	return type->is_signed ? (whole)(int64_t)word : (whole)word;
}

static bool in_words(const struct sb_native_words *words, uint64_t word)
{
	for (uint32_t i = 0; i < words->count; i++)
		if (words->interval[i].lo <= (word & words->mask) &&
		    (word & words->mask) <= words->interval[i].hi)
			return true;
	return false;
}

/* Sorted, disjoint, no two that touch, and no wider than the register. */
static void check_words(const struct sb_native_words *words, const struct sb_native_type *type)
{
	for (uint32_t i = 0; i < words->count; i++) {
		assert_true(words->interval[i].lo <= words->interval[i].hi);
		assert_true(type->bits == 64 || words->interval[i].hi <= UINT32_MAX);
		if (i)
			assert_true(words->interval[i - 1].hi + 1 < words->interval[i].lo);
	}
	assert_true(type->bits == 64 || words->mask <= UINT32_MAX);
}

static const uint64_t samples[] = {0,
				   1,
				   4,
				   5,
				   6,
				   0x7ffffffe,
				   0x7fffffff,
				   0x80000000,
				   0x80000001,
				   0xfffffffa,
				   0xfffffffb,
				   0xfffffffc,
				   0xffffffff,
				   0x100000000,
				   0x100000005,
				   0x7fffffffffffffff,
				   0x8000000000000000,
				   0xffffffff00000005,
				   0xfffffffffffffffa,
				   0xfffffffffffffffb,
				   0xffffffffffffffff};
#define SAMPLES (sizeof(samples) / sizeof(samples[0]))

static const struct sb_native_type types[] = {
	{0, 32, false, 32}, {0, 32, true, 32},	{0, 64, false, 64},
	{0, 64, true, 64},  {0, 64, false, 32}, {0, 64, true, 32}, /* on a 32-bit ABI */
};
#define TYPES (sizeof(types) / sizeof(types[0]))

/* The order of two numbers, by plain arithmetic. */
static bool ordered(enum sb_native_op op, whole a, whole b)
{
	switch (op) {
	case SB_NATIVE_LT:
		return a < b;
	case SB_NATIVE_LE:
		return a <= b;
	case SB_NATIVE_GT:
		return a > b;
	default:
		return a >= b;
	}
}

static bool words_of(struct fixture *f, enum sb_native_op op, const struct sb_native_type *type,
		     const struct sb_native_part *part, const struct sb_native_part *mask,
		     struct sb_native_words *words)
{
	static const struct sb_json node = {.text = "x", .text_size = 1};
	struct sb_faults faults = {0};
	const struct sb_reader reader = {.arena = f->arena, .report = {.faults = &faults}};
	const struct sb_native_value value = {&node, 1, part}, masked = {&node, 1, mask};
	const struct sb_native_test test = {.op = op,
					    .node = &node,
					    .mask = mask ? &masked : NULL,
					    .value_count = 1,
					    .value = &value};

	return sb_native_words(&reader, &test, type, secbake_arch_find("x86_64"), "x", words);
}

static void ordered_comparisons(void **state)
{
	static const int64_t values[] = {0,	    1,	       5,	  -1,	    -5,
					 INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN};
	struct fixture *f = *state;
	uint32_t done = 0;

	for (size_t t = 0; t < TYPES; t++) {
		for (size_t v = 0; v < sizeof(values) / sizeof(values[0]); v++) {
			const struct sb_native_part part = {
				.magnitude =
					values[v] < 0 ? -(uint64_t)values[v] : (uint64_t)values[v],
				.negative = values[v] < 0};
			/* Without a sign, a negative number is its bits. */
			whole bound = values[v];

			if (!types[t].is_signed && values[v] < 0)
				bound = (uint64_t)values[v] &
					(types[t].bits == 32 && values[v] >= INT32_MIN
						 ? UINT32_MAX
						 : UINT64_MAX);
			for (int op = SB_NATIVE_LT; op <= SB_NATIVE_GE; op++) {
				struct sb_native_words words;

				if (!words_of(f, (enum sb_native_op)op, &types[t], &part, NULL,
					      &words)) {
					assert_true(
						types[t].width == 32 &&
						(values[v] > INT32_MAX || values[v] < INT32_MIN));
					continue;
				}
				check_words(&words, &types[t]);
				for (size_t i = 0; i < SAMPLES; i++, done++)
					if (in_words(&words, samples[i]) !=
					    ordered((enum sb_native_op)op,
						    read_as(&types[t], samples[i]), bound))
						fail_msg("type %zu, op %d, value %lld, word %#llx",
							 t, op, (long long)values[v],
							 (unsigned long long)samples[i]);
			}
		}
	}
	assert_true(done > 3000);
}

static void equality_and_bits(void **state)
{
	struct fixture *f = *state;
	uint32_t done = 0;

	for (size_t t = 0; t < TYPES; t++) {
		uint64_t all = types[t].bits == 32 ? UINT32_MAX : UINT64_MAX;

		for (size_t v = 0; v < SAMPLES; v++) {
			const struct sb_native_part part = {.magnitude = samples[v]};
			struct sb_native_words in, out, every, any, none;

			if (!words_of(f, SB_NATIVE_IN, &types[t], &part, NULL, &in)) {
				assert_true(types[t].width == 32 && samples[v] > UINT32_MAX);
				continue;
			}
			assert_true(words_of(f, SB_NATIVE_NOT_IN, &types[t], &part, NULL, &out));
			assert_true(words_of(f, SB_NATIVE_ALL, &types[t], &part, NULL, &every));
			assert_true(words_of(f, SB_NATIVE_ANY, &types[t], &part, NULL, &any));
			assert_true(words_of(f, SB_NATIVE_NONE, &types[t], &part, NULL, &none));
			check_words(&in, &types[t]);
			check_words(&out, &types[t]);
			for (size_t i = 0; i < SAMPLES; i++, done++) {
				uint64_t word = samples[i] & all;

				assert_int_equal(in_words(&in, samples[i]), word == samples[v]);
				assert_int_equal(in_words(&out, samples[i]), word != samples[v]);
				assert_int_equal(in_words(&every, samples[i]),
						 (word & samples[v]) == samples[v]);
				assert_int_equal(in_words(&any, samples[i]),
						 (word & samples[v]) != 0);
				assert_int_equal(in_words(&none, samples[i]),
						 (word & samples[v]) == 0);
			}
		}
	}
	assert_true(done > 2000);
}

static void masked_equality(void **state)
{
	struct fixture *f = *state;

	for (size_t t = 0; t < TYPES; t++) {
		uint64_t all = types[t].bits == 32 ? UINT32_MAX : UINT64_MAX;

		for (size_t m = 0; m < SAMPLES; m++) {
			for (size_t v = 0; v < SAMPLES; v++) {
				const struct sb_native_part part = {.magnitude = samples[v]},
							    mask = {.magnitude = samples[m]};
				struct sb_native_words in, out;

				if (!words_of(f, SB_NATIVE_IN, &types[t], &part, &mask, &in))
					continue;
				assert_true(words_of(f, SB_NATIVE_NOT_IN, &types[t], &part, &mask,
						     &out));
				for (size_t i = 0; i < SAMPLES; i++) {
					bool equal = (samples[i] & all & samples[m]) == samples[v];

					assert_int_equal(in_words(&in, samples[i]), equal);
					assert_int_equal(in_words(&out, samples[i]), !equal);
				}
			}
		}
	}
}

/* ---- the rest ---- */

/* One rule where types are alike, though names and numbers differ. */
static void rules_are_shared(void **state)
{
	struct fixture *f = *state;

	resolve(f, "{\"secbake\": 1, \"default\": \"errno:EPERM\","
		   "\"architectures\": [\"native\", \"x86\", \"aarch64\"],"
		   "\"rules\": [{\"syscalls\": [\"read\", \"write\", \"close\"],"
		   "\"args\": {\"fd\": [1, 2, 3]}, \"action\": \"allow\"}]}");
	assert_int_equal(f->resolved.layer[0].rule_count, 1);
	assert_int_equal(f->resolved.layer[0].map_count, 3);
	assert_int_equal(f->resolved.layer[0].rule[0].clause[0].cond[0].interval_count, 1);
	assert_int_equal(f->resolved.layer[0].rule[0].clause[0].cond[0].mask, UINT32_MAX);
	check_form(&f->resolved.layer[0]);
	resolve(f, "{\"secbake\": 1, \"default\": \"errno:EPERM\", \"rules\": [{"
		   "\"syscalls\": [\"read\", \"openat\"], \"args\": {\"2\": 5}, \"action\": "
		   "\"allow\"}]}");
	assert_int_equal(f->resolved.layer[0].rule_count, 2);
	assert_string_equal(f->resolved.layer[0].rule[1].place.pointer, "/rules/0");
}

static void layers(void **state)
{
	struct fixture *f = *state;

	resolve(f, "{\"secbake\": 1, \"default\": \"errno:EPERM\", \"flags\": [\"log\"],"
		   "\"foreignArch\": \"trap:3\", \"layers\": ["
		   "{\"rules\": [{\"syscalls\": [0, 1], \"action\": \"allow\"}]},"
		   "{\"default\": \"allow\", \"flags\": [], \"rules\": ["
		   "{\"syscalls\": 1, \"action\": \"kill-process\"}]}]}");
	assert_int_equal(f->resolved.layer_count, 2);
	assert_int_equal(f->resolved.layer[0].filter_flags, SECBAKE_FLAG_LOG);
	assert_int_equal(f->resolved.layer[1].filter_flags, 0);
	assert_int_equal(verdict(f, 0, "x86_64", 0, 0), ALLOW);
	assert_int_equal(verdict(f, 0, "x86_64", 1, 0), ALLOW);
	assert_int_equal(verdict(f, 0, "x86_64", 2, 0), ERR(1));
	assert_int_equal(verdict(f, 1, "x86_64", 0, 0), ALLOW);
	assert_int_equal(verdict(f, 1, "x86_64", 1, 0), KILL);
	assert_int_equal(verdict(f, 1, "x86_64", 2, 0), ALLOW);
	for (uint32_t i = 0; i < 2; i++) {
		assert_int_equal(verdict(f, i, "arm", 1, 0), SECCOMP_RET_TRAP | 3);
		check_form(&f->resolved.layer[i]);
	}
}

static void flags(void **state)
{
	static const char json[] = "{\"secbake\": 1, \"default\": \"allow\", \"flags\": [\"tsync\","
				   "\"log\", \"spec-allow\", \"wait-killable-recv\"],"
				   "\"rules\": [{\"syscalls\": \"read\", \"action\": \"%s\"}],"
				   "\"onUnsupported\": {\"flag:tsync\": \"%s\"}}";
	struct fixture *f = *state;
	char text[512];

	snprintf(text, sizeof(text), json, "notify", "error");
	resolve(f, text);
	assert_int_equal(f->resolved.layer[0].filter_flags,
			 SECBAKE_FLAG_TSYNC | SECBAKE_FLAG_LOG | SECBAKE_FLAG_SPEC_ALLOW |
				 SECBAKE_FLAG_NEW_LISTENER | SECBAKE_FLAG_TSYNC_ESRCH |
				 SECBAKE_FLAG_WAIT_KILLABLE_RECV);
	snprintf(text, sizeof(text), json, "log", "error");
	resolve(f, text);
	assert_int_equal(f->warnings, 1); /* wait-killable-recv without a listener */
	assert_int_equal(f->resolved.layer[0].filter_flags,
			 SECBAKE_FLAG_TSYNC | SECBAKE_FLAG_LOG | SECBAKE_FLAG_SPEC_ALLOW);
	f->target.flags &= ~(uint32_t)(SECBAKE_FLAG_TSYNC | SECBAKE_FLAG_SPEC_ALLOW);
	assert_int_equal(try_resolve(f, text), SECBAKE_ERR_TARGET);
	assert_string_equal(f->error.pointer, "/flags");
	snprintf(text, sizeof(text), json, "log", "drop");
	resolve(f, text);
	assert_int_equal(f->resolved.layer[0].filter_flags, SECBAKE_FLAG_LOG);
	assert_int_equal(f->resolved.note_count, 2);
	assert_true(f->resolved.consulted.flags & SECBAKE_FLAG_TSYNC);
	assert_false(f->resolved.consulted.flags & SECBAKE_FLAG_TSYNC_ESRCH);
	/* What the kernel demands with a listener cannot be dropped. */
	f->target.flags = SECBAKE_FLAGS_ALL & ~(uint32_t)SECBAKE_FLAG_TSYNC_ESRCH;
	assert_int_equal(
		try_resolve(f, "{\"secbake\": 1, \"default\": \"notify\", \"flags\": [\"tsync\"],"
			       "\"onUnsupported\": {\"flag:tsync-esrch\": \"drop\"}}"),
		SECBAKE_ERR_TARGET);
}

static void modes(void **state)
{
	static const char json[] =
		"{\"secbake\": 1, \"default\": \"errno:EPERM\", \"rules\": ["
		"{\"syscalls\": 0, \"action\": \"allow\"},"
		"{\"syscalls\": 1, \"action\": \"trap\"},"
		"{\"syscalls\": 2, \"action\": \"kill-process\", \"hold\": true}],"
		"\"onUnsupported\": {\"log\": \"errno:7\"}}";
	struct fixture *f = *state;

	f->mode = SECBAKE_MODE_COMPLAIN;
	resolve(f, json);
	assert_int_equal(verdict(f, 0, "x86_64", 0, 0), ALLOW);
	assert_int_equal(verdict(f, 0, "x86_64", 1, 0), LOG);
	assert_int_equal(verdict(f, 0, "x86_64", 2, 0), KILL);
	assert_int_equal(verdict(f, 0, "x86_64", 3, 0), LOG);
	assert_int_equal(verdict(f, 0, "arm", 0, 0), LOG);
	/* Complain comes first, lowering after it. */
	f->target.actions &= ~(uint32_t)SECBAKE_ACTION_LOG;
	resolve(f, json);
	assert_int_equal(verdict(f, 0, "x86_64", 1, 0), ERR(7));
	assert_int_equal(verdict(f, 0, "x86_64", 2, 0), KILL);
	f->mode = SECBAKE_MODE_ENFORCE;
	resolve(f, json);
	assert_int_equal(verdict(f, 0, "x86_64", 1, 0), SECCOMP_RET_TRAP);
	assert_int_equal(f->resolved.note_count, 0);
}

/* A rule that is only in force on other kernels names nothing, one that never holds does. */
static void baseline(void **state)
{
	static const char json[] =
		"{\"secbake\": 1, \"default\": \"errno:EPERM\", \"baseline\": \"6.1\","
		"\"rules\": [{\"syscalls\": 451, \"when\": {\"minKernel\": \"6.5\"},"
		"\"action\": \"allow\"}, {\"syscalls\": 452, \"args\": {\"0\":"
		"{\"any\": 0}}, \"action\": \"allow\"}]}";
	struct fixture *f = *state;

	f->target.kernel = SECBAKE_KERNEL(6, 4);
	resolve(f, json);
	assert_int_equal(verdict(f, 0, "x86_64", 451, 0), ERR(38));
	assert_int_equal(verdict(f, 0, "x86_64", 452, 0), ERR(1));
	assert_int_equal(verdict(f, 0, "x86_64", 453, 0), ERR(38));
	f->target.kernel = SECBAKE_KERNEL(6, 5);
	resolve(f, json);
	assert_int_equal(verdict(f, 0, "x86_64", 451, 0), ALLOW);
	f->options.enosys = SECBAKE_ENOSYS_RUNC;
	resolve(f, json);
	assert_int_equal(verdict(f, 0, "x86_64", 453, 0), ERR(38));
	assert_int_equal(verdict(f, 0, "x86_64", 450, 0), ERR(1));
	check_form(&f->resolved.layer[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(ordered_comparisons, setup, teardown),
		cmocka_unit_test_setup_teardown(equality_and_bits, setup, teardown),
		cmocka_unit_test_setup_teardown(masked_equality, setup, teardown),
		cmocka_unit_test_setup_teardown(rules_are_shared, setup, teardown),
		cmocka_unit_test_setup_teardown(layers, setup, teardown),
		cmocka_unit_test_setup_teardown(flags, setup, teardown),
		cmocka_unit_test_setup_teardown(modes, setup, teardown),
		cmocka_unit_test_setup_teardown(baseline, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
