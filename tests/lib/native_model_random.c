/* SPDX-License-Identifier: MIT */
/*
 * Random native policies that are accepted: few calls and many rules on each, so
 * that rules meet; what would be an error (a value that does not fit, an argument
 * that a call lacks) is drawn again.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <compiler/syscalls.h>

#include "native_model.h"

#ifndef SECCOMP_RET_USER_NOTIF
#define SECCOMP_RET_USER_NOTIF 0x7fc00000u
#endif

#define COUNT(array) ((uint32_t)(sizeof(array) / sizeof((array)[0])))
#define TRIES 40u

/* Of each kind of argument some; the first few meet most of the rules. */
static const char *const names[] = {
	"setpriority", "ioctl",	  "socket",    "clone",	   "lseek",	     "openat",
	"kill",	       "fcntl",	  "open",      "prctl",	   "personality",    "getpriority",
	"mprotect",    "read",	  "write",     "close",	   "chmod",	     "umask",
	"waitid",      "dup",	  "dup3",      "getpid",   "io_uring_setup", "mseal",
	"statx",       "unshare", "mmap",      "mmap2",	   "arch_prctl",     "lchown",
	"semctl",      "futex",	  "seccomp",   "setns",	   "pidfd_open",     "clone3",
	"bpf",	       "time",	  "getrandom", "sendfile",
};

static const struct native_constant constants[] = {
	{"AF_INET", 2, {{0}}},
	{"CLONE_NEWUSER", 0x10000000, {{0}}},
	{"CLONE_IO", 0x80000000, {{0}}},
	{"O_EXCL", 0200, {{" mips64 ", 02000}}},
	{"O_DIRECTORY", 0200000, {{" arm aarch64 ppc64le ", 040000}}},
	{"O_DIRECT",
	 040000,
	 {{" arm aarch64 ", 0200000}, {" ppc64le ", 0400000}, {" mips64 ", 0100000}}},
	{"EDEADLOCK", 35, {{" ppc64le ", 58}, {" mips64 ", 56}}},
};
static const struct native_constant *const edeadlock = &constants[COUNT(constants) - 1];

static bool chance(struct test_random *random, uint32_t of)
{
	return test_random_below(random, of) == 0;
}

/* ---- actions ---- */

static uint32_t random_ret(struct test_random *random)
{
	static const uint16_t data[] = {EPERM, ENOSYS, EACCES, 0, 1, 4095, 77};
	uint32_t number = data[test_random_below(random, COUNT(data))];

	switch (test_random_below(random, 10)) {
	case 0:
		return SECCOMP_RET_KILL_PROCESS;
	case 1:
		return SECCOMP_RET_KILL_THREAD;
	case 2:
		return SECCOMP_RET_TRAP | (number == 4095 ? 65535 : number);
	case 3:
		return SECCOMP_RET_TRACE | (number == 4095 ? 65535 : number);
	case 4:
		return SECCOMP_RET_LOG;
	case 5:
	case 6:
		return SECCOMP_RET_ALLOW;
	default:
		return SECCOMP_RET_ERRNO | number;
	}
}

static struct native_action random_action(struct test_random *random)
{
	struct native_action action = {.ret = random_ret(random)};

	if ((action.ret & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO && chance(random, 5))
		action.error = edeadlock;
	return action;
}

/* ---- values ---- */

/* What a rule's argument is compared as, over all calls that the rule names. */
struct ground {
	struct native_model *model;
	size_t use_first;
	unsigned int width; /* the narrowest */
	bool any_signed, any_unsigned, narrow_register;
};

static uint64_t random_bits(struct test_random *random)
{
	static const uint64_t special[] = {
		0,
		1,
		2,
		0x7f,
		0x80,
		0x7ffffffe,
		0x7fffffff,
		0x80000000,
		0x80000001,
		0xfffffffe,
		0xffffffff,
		0x100000000,
		0x100000001,
		0x1ffffffff,
		0x7fffffffffffffff,
		0x8000000000000000,
		0xffffffff00000000,
		0xfffffffffffffffe,
		0xffffffffffffffff,
	};

	switch (test_random_below(random, 4)) {
	case 0:
		return special[test_random_below(random, COUNT(special))];
	case 1:
		return test_random_below(random, 8);
	case 2:
		return (uint64_t)1 << test_random_below(random, 64);
	default:
		return test_random(random) >> test_random_below(random, 64);
	}
}

static struct native_value random_value(struct test_random *random, const struct ground *ground,
					bool ordered)
{
	struct native_value value = {.form = (enum native_form)test_random_below(random, 4)};
	uint64_t bits = random_bits(random);
	unsigned int width = ground->width;

	if (chance(random, 5)) {
		value.number.negative = true;
		/* -2^(w-1) .. -1 */
		value.number.bits = ~(bits & (((uint64_t)1 << (width - 1)) - 1));
		return value;
	}
	if (width == 32)
		bits &= UINT32_MAX;
	if (ordered && ground->any_signed)
		bits &= ((uint64_t)1 << (width - 1)) - 1;
	value.number.bits = bits;
	if (!(ordered && ground->any_signed) && chance(random, 5)) {
		value.constant = &constants[test_random_below(random, COUNT(constants))];
		if (chance(random, 2))
			value.number.bits = 0;
	}
	return value;
}

static uint64_t plain(const struct native_value *value)
{
	return value->number.bits;
}

/* Both of one sign, or a negative and another where no comparison is unsigned. */
static void random_range(struct test_random *random, const struct ground *ground,
			 struct native_test *test)
{
	struct ground narrow = *ground;
	bool turned;

	if (ground->narrow_register)
		narrow.width = 32; /* what is below -2^31 is another number in 32 bits than in 64 */
	narrow.any_signed |= ground->width != narrow.width;
	test->value_count = 2;
	do {
		for (int i = 0; i < 2; i++) {
			test->value[i] = random_value(random, &narrow, true);
			test->value[i].constant = NULL;
		}
	} while (test->value[0].number.negative != test->value[1].number.negative &&
		 ground->any_unsigned);
	if (test->value[0].number.negative != test->value[1].number.negative)
		turned = test->value[1].number.negative;
	else
		turned = plain(&test->value[0]) > plain(&test->value[1]);
	if (turned) {
		struct native_value value = test->value[0];

		test->value[0] = test->value[1];
		test->value[1] = value;
	}
}

static void random_test(struct test_random *random, const struct ground *ground,
			struct native_test *test)
{
	struct ground narrow = *ground;

	test->op = (enum native_op)test_random_below(random, NATIVE_OPS);
	test->value_count = 1;
	/* Which bits of a register of 32 "all" of a number below -2^31 asks for, nobody can tell.
	 */
	if (test->op == NATIVE_ALL && ground->narrow_register)
		narrow.width = 32;
	switch (test->op) {
	case NATIVE_RANGE:
		random_range(random, ground, test);
		break;
	case NATIVE_IN:
	case NATIVE_NOT_IN:
		test->value_count = 1 + test_random_below(random, 4);
		/* fallthrough */
	default:
		for (uint32_t i = 0; i < test->value_count; i++)
			test->value[i] = random_value(
				random, &narrow, test->op >= NATIVE_LT && test->op <= NATIVE_GE);
		break;
	}
}

/* ---- arguments ---- */

/* False: some call lacks the argument, or means another one by its name. */
static bool survey(struct ground *ground, const struct native_matcher *matcher)
{
	const struct native_model *model = ground->model;
	int index[NATIVE_ARCHES_MAX];

	memset(index, -1, sizeof(index));
	ground->width = 64;
	ground->any_signed = ground->any_unsigned = ground->narrow_register = false;
	for (size_t i = ground->use_first; i < model->use_count; i++) {
		const struct native_use *use = &model->use[i];
		struct native_type type;

		if (!native_model_type(model, use, matcher, &type))
			return false;
		if (index[use->arch] >= 0 && index[use->arch] != (int)type.index)
			return false;
		index[use->arch] = (int)type.index;
		if (type.width < ground->width)
			ground->width = type.width;
		ground->any_signed |= type.is_signed;
		ground->any_unsigned |= !type.is_signed;
		ground->narrow_register |= model->arch[use->arch]->bits == 32;
	}
	return true;
}

static void choose_key(struct test_random *random, const struct ground *ground,
		       struct native_matcher *matcher)
{
	const struct native_model *model = ground->model;
	const struct native_use *use;
	struct sb_arg args[6];

	matcher->index = test_random_below(random, chance(random, 3) ? 6 : 3);
	if (ground->use_first == model->use_count || chance(random, 3))
		return;
	use = &model->use[ground->use_first];
	if (use->name &&
	    sb_syscall_args(model->arch[use->arch], use->name, args) > (int)matcher->index)
		matcher->name = args[matcher->index].name;
}

static bool same_key(const struct native_matcher *a, const struct native_matcher *b)
{
	if (a->name || b->name)
		return a->name && b->name && !strcmp(a->name, b->name);
	return a->index == b->index;
}

static bool random_matcher(struct test_random *random, struct ground *ground,
			   struct native_matcher *matcher)
{
	*matcher = (struct native_matcher){.is_signed = -1};
	choose_key(random, ground, matcher);
	if (chance(random, 5))
		matcher->width = chance(random, 2) ? 32 : 64;
	if (chance(random, 5))
		matcher->is_signed = (int)test_random_below(random, 2);
	if (!survey(ground, matcher))
		return false;
	matcher->test_count = 1 + chance(random, 4);
	random_test(random, ground, &matcher->test[0]);
	random_test(random, ground, &matcher->test[1]);
	if (matcher->test[1].op == matcher->test[0].op)
		matcher->test_count = 1;
	switch (matcher->test[0].op) {
	case NATIVE_EQ:
	case NATIVE_IN:
		matcher->bare = !matcher->width && matcher->is_signed < 0 &&
				matcher->test_count == 1 && chance(random, 2);
		/* fallthrough */
	case NATIVE_NE:
	case NATIVE_NOT_IN:
		/* One of the four stands beside a mask. */
		if (matcher->bare || chance(random, 2) ||
		    (matcher->test_count == 2 &&
		     (matcher->test[1].op <= NATIVE_NE || matcher->test[1].op == NATIVE_IN ||
		      matcher->test[1].op == NATIVE_NOT_IN)))
			break;
		matcher->masked = true;
		matcher->mask = random_value(random, ground, false);
		for (uint32_t i = 0; i < matcher->test[0].value_count; i++)
			if (!matcher->test[0].value[i].constant && !matcher->mask.constant &&
			    !matcher->test[0].value[i].number.negative && !chance(random, 4))
				matcher->test[0].value[i].number.bits &= matcher->mask.number.bits;
		break;
	default:
		break;
	}
	return true;
}

static void random_args(struct test_random *random, struct native_model *model,
			struct native_rule *rule)
{
	struct ground ground = {.model = model, .use_first = model->use_count};

	native_model_use(model, 0, rule);
	rule->set_count = test_random_below(random, 4);
	rule->one_set = rule->set_count == 1 && chance(random, 2);
	for (uint32_t s = 0; s < rule->set_count; s++) {
		struct native_set *set = &rule->set[s];
		uint32_t wanted = test_random_below(random, 8) ? 1 + test_random_below(random, 3)
							       : 0; /* {} */

		for (uint32_t tries = 0; set->matcher_count < wanted && tries < TRIES; tries++) {
			struct native_matcher *matcher = &set->matcher[set->matcher_count];
			bool good = random_matcher(random, &ground, matcher);

			for (uint32_t m = 0; m < set->matcher_count; m++)
				good &= !same_key(matcher, &set->matcher[m]);
			set->matcher_count += good;
		}
	}
	model->use_count = ground.use_first;
}

/* ---- rules ---- */

static const char *random_name(struct test_random *random)
{
	return names[test_random_below(random, test_random_below(random, 3) ? 7 : COUNT(names))];
}

static bool has_x32(const struct native_model *model)
{
	for (uint32_t a = 0; a < model->arch_count; a++)
		if (model->arch[a]->x32)
			return true;
	return false;
}

/* Has it an argument of 64 bits where they take two registers? The model has no types for those. */
static bool takes_pairs(const struct native_model *model, uint32_t nr)
{
	struct sb_arg args[6];

	for (uint32_t a = 0; a < model->arch_count; a++) {
		const struct secbake_arch *arch = model->arch[a];
		const char *name = arch->bits == 32 ? sb_syscall_name(arch, nr) : NULL;
		int count = name ? sb_syscall_args(arch, name, args) : 0;

		for (int i = 0; i < count; i++)
			if (!strcmp(args[i].type, "loff_t") || !strcmp(args[i].type, "u64") ||
			    !strcmp(args[i].type, "__u64"))
				return true;
	}
	return false;
}

static uint32_t random_number(struct test_random *random, const struct native_model *model)
{
	const struct secbake_arch *arch = model->arch[test_random_below(random, model->arch_count)];
	uint32_t nr = test_random_below(random, 600);

	if (chance(random, 2))
		sb_syscall_number(arch, random_name(random), &nr);
	if (chance(random, 8))
		nr = 0x3fffffff - test_random_below(random, 3);
	if (takes_pairs(model, nr))
		nr = 3; /* read, close and the like */
	if (!has_x32(model))
		return nr & ~SECBAKE_X32_BIT;
	return chance(random, 4) ? (nr | SECBAKE_X32_BIT) : nr;
}

static bool exists_here(const struct native_model *model, const char *name)
{
	uint32_t nr;

	for (uint32_t a = 0; a < model->arch_count; a++)
		if (sb_syscall_number(model->arch[a], name, &nr))
			return true;
	return false;
}

static void random_calls(struct test_random *random, const struct native_model *model,
			 struct native_rule *rule)
{
	rule->call_count = 1 + (chance(random, 2) ? test_random_below(random, 4) : 0);
	rule->optional = chance(random, 6);
	for (uint32_t i = 0; i < rule->call_count; i++) {
		struct native_call *call = &rule->call[i];

		switch (test_random_below(random, 8)) {
		case 0:
			call->number = random_number(random, model);
			break;
		case 1:
			if (model->group_count) {
				call->group = 1 + test_random_below(random, model->group_count);
				break;
			}
			/* fallthrough */
		default:
			call->name = random_name(random);
			rule->optional |= !exists_here(model, call->name);
			break;
		}
	}
}

static uint32_t random_kernel(struct test_random *random)
{
	static const uint32_t kernels[] = {SECBAKE_KERNEL(4, 14), SECBAKE_KERNEL(5, 3),
					   SECBAKE_KERNEL(6, 1)};

	return kernels[test_random_below(random, COUNT(kernels))];
}

static void random_terms(struct test_random *random, const struct native_model *model,
			 struct native_terms *terms)
{
	if (chance(random, 2))
		terms->arches =
			1 + test_random_below(random, ((uint32_t)1 << model->arch_count) - 1);
	if (chance(random, 3))
		terms->kernel = random_kernel(random);
	if (chance(random, 3))
		terms->caps = 1 + test_random_below(random, (1u << NATIVE_CAPS) - 1);
}

static void random_rule(struct test_random *random, struct native_model *model, bool notify,
			struct native_rule *rule)
{
	random_calls(random, model, rule);
	if (!chance(random, 4))
		random_args(random, model, rule);
	rule->action = random_action(random);
	if (notify && chance(random, 10))
		rule->action = (struct native_action){.ret = SECCOMP_RET_USER_NOTIF};
	if (chance(random, 6))
		random_terms(random, model, &rule->when);
	if (chance(random, 8))
		random_terms(random, model, &rule->unless);
	rule->hold = chance(random, 4);
}

/* ---- the document ---- */

static void choose_arches(struct test_random *random, struct native_model *model)
{
	static const char *const little[] = {"x86_64", "x86",	  "x32",    "aarch64",
					     "arm",    "riscv64", "ppc64le"};
	static const char *const big[] = {"s390x", "s390", "mips64"};
	bool is_big = chance(random, 8);
	const char *const *list = is_big ? big : little;
	const char *target = is_big ? "s390x"
			     : test_random_below(random, 3)
				     ? "x86_64"
				     : little[3 + test_random_below(random, 4)];
	const uint32_t count = is_big ? COUNT(big) : COUNT(little);

	model->target = secbake_arch_find(target);
	while (!model->arch_count)
		for (uint32_t i = 0; i < count; i++)
			if (chance(random, !strcmp(list[i], target) ? 1 + chance(random, 8)
					   : i < 3		    ? 2
								    : 4))
				model->arch[model->arch_count++] = secbake_arch_find(list[i]);
}

static void random_groups(struct test_random *random, struct native_model *model)
{
	static const char *const group_names[NATIVE_GROUPS_MAX] = {"@one", "@io-event", "@x.3"};
	uint32_t wanted = test_random_below(random, NATIVE_GROUPS_MAX + 1);

	for (; model->group_count < wanted; model->group_count++) {
		struct native_group *group = &model->group[model->group_count];

		group->name = group_names[model->group_count];
		group->call_count = test_random_below(random, COUNT(group->call) + 1);
		for (uint32_t i = 0; i < group->call_count; i++) {
			if (model->group_count && chance(random, 4))
				group->call[i].group =
					1 + test_random_below(random, model->group_count);
			else
				group->call[i].name = random_name(random);
		}
	}
}

static void choose_target(struct test_random *random, struct native_model *model)
{
	static const uint32_t kernels[] = {SECBAKE_KERNEL(6, 12), SECBAKE_KERNEL(6, 12),
					   SECBAKE_KERNEL(4, 19), SECBAKE_KERNEL(4, 13)};
	static const uint32_t baselines[] = {SECBAKE_KERNEL(3, 5), SECBAKE_KERNEL(4, 4),
					     SECBAKE_KERNEL(5, 4), SECBAKE_KERNEL(6, 1)};
	struct secbake_error error = {0};

	if (secbake_features_of_kernel(model->target,
				       kernels[test_random_below(random, COUNT(kernels))],
				       &model->features, &error) != SECBAKE_OK)
		test_die("no features: %s", error.text);
	if (chance(random, 2))
		model->baseline = baselines[test_random_below(random, COUNT(baselines))];
	model->enosys = (enum secbake_enosys)(chance(random, 4) ? test_random_below(random, 3) : 0);
	model->complain = chance(random, 8);
	model->caps = test_random_below(random, 1u << NATIVE_CAPS);
	model->own_foreign = chance(random, 2);
	model->foreign = random_action(random);
	model->instead_of_log = chance(random, 4);
	model->log_action = random_ret(random);
	if (model->log_action == SECCOMP_RET_LOG)
		model->log_action = SECCOMP_RET_KILL_PROCESS;
	model->instead_of_kill = chance(random, 4);
	do {
		model->kill_action = random_ret(random);
	} while (model->kill_action == SECCOMP_RET_KILL_PROCESS ||
		 model->kill_action == SECCOMP_RET_LOG);
	model->default_action = random_action(random);
}

struct native_model *native_model_random(struct test_random *random)
{
	struct native_model *model = test_alloc(1, sizeof(*model));
	bool notify;

	choose_arches(random, model);
	choose_target(random, model);
	random_groups(random, model);
	notify = model->features.actions & SECBAKE_ACTION_NOTIFY;
	model->layered = chance(random, 6);
	model->layer_count = model->layered ? 1 + test_random_below(random, NATIVE_LAYERS_MAX) : 1;
	for (uint32_t l = 0; l < model->layer_count; l++) {
		struct native_layer *layer = &model->layer[l];
		uint32_t wanted = test_random_below(random, NATIVE_RULES_MAX + 1);

		layer->own_default = model->layered && chance(random, 2);
		layer->default_action = random_action(random);
		for (; layer->rule_count < wanted; layer->rule_count++)
			random_rule(random, model, notify && !l, &layer->rule[layer->rule_count]);
	}
	if (!model->layered && chance(random, 4)) {
		model->base_from = test_random_below(random, model->layer[0].rule_count + 1);
		model->base_members = model->base_from && chance(random, 2);
	}
	return model;
}
