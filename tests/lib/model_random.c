/* SPDX-License-Identifier: MIT */
/* Random policies: few calls and many rules on each, so that rules meet. */
#include <errno.h>
#include <string.h>

#include "model.h"

#ifndef SECCOMP_RET_USER_NOTIF
#define SECCOMP_RET_USER_NOTIF 0x7fc00000u
#endif

/* No calls that i386 multiplexes: tests/cases/socketcall-* and ipc-* have those. */
static const char *const names[] = {
	"read",	       "write",	     "open",	   "openat",	     "close",
	"ioctl",       "mmap",	     "mmap2",	   "mprotect",	     "clone",
	"clone3",      "unshare",    "setns",	   "execve",	     "execveat",
	"prctl",       "arch_prctl", "ptrace",	   "futex",	     "getpid",
	"personality", "seccomp",    "bpf",	   "io_uring_setup", "pidfd_open",
	"statx",       "getrandom",  "_llseek",	   "time",	     "gettimeofday",
	"mount",       "umount2",    "kexec_load", "cacheflush",     "sync_file_range",
	"rseq",
};

static const char *const natives[] = {"x86_64", "x86_64", "x86_64", "aarch64", "s390x", "ppc64le"};

static void choose_arches(struct model *model, struct test_random *random, bool native_only)
{
	static const char *const little[] = {"x86", "x32", "arm", "aarch64", "riscv64", "ppc64le"};
	const uint32_t natives_count = sizeof(natives) / sizeof(natives[0]);

	model_add_arch(model, secbake_arch_find(natives[test_random_below(random, natives_count)]));
	if (native_only)
		return;
	if (model->arch[0]->big_endian) {
		if (test_random_below(random, 2))
			model_add_arch(model, secbake_arch_find("s390"));
		return;
	}
	for (size_t i = 0; i < sizeof(little) / sizeof(little[0]); i++)
		if (!test_random_below(random, i < 2 ? 2 : 5))
			model_add_arch(model, secbake_arch_find(little[i]));
}

static uint32_t random_action(struct test_random *random, bool default_action)
{
	static const uint16_t errnos[] = {EPERM, ENOSYS, EACCES, 0, 1, 4095, 77};
	uint32_t number = errnos[test_random_below(random, sizeof(errnos) / sizeof(errnos[0]))];

	switch (test_random_below(random, default_action ? 8 : 10)) {
	case 0:
		return SECCOMP_RET_KILL_PROCESS;
	case 1:
		return SECCOMP_RET_KILL_THREAD;
	case 2:
		return SECCOMP_RET_TRAP;
	case 3:
		return SECCOMP_RET_TRACE | (number == 4095 ? 65535 : number);
	case 4:
		return SECCOMP_RET_LOG;
	case 5:
		return SECCOMP_RET_ALLOW;
	case 8:
		return SECCOMP_RET_USER_NOTIF;
	case 9:
		return SECCOMP_RET_ALLOW;
	default:
		return SECCOMP_RET_ERRNO | number;
	}
}

/* libseccomp 2.5.4 refuses the largest error number there is. */
static uint32_t simple_action(struct test_random *random, bool default_action)
{
	uint32_t action = random_action(random, default_action);

	return action == (SECCOMP_RET_ERRNO | 4095) ? SECCOMP_RET_ERRNO | 4094 : action;
}

static uint64_t random_value(struct test_random *random, bool simple)
{
	static const uint64_t special[] = {
		0,
		1,
		2,
		0x7f,
		0x80,
		0x7fffffff,
		0x80000000,
		0xfffffffe,
		0xffffffff,
		0x100000000,
		0x100000001,
		0x1ffffffff,
		0x7fffffffffffffff,
		0x8000000000000000,
		0xfffffffeffffffff,
		0xffffffff00000000,
		0xfffffffffffffffe,
		0xffffffffffffffff,
	};
	const uint32_t count = sizeof(special) / sizeof(special[0]);
	uint64_t value;

	switch (test_random_below(random, 4)) {
	case 0:
		value = special[test_random_below(random, count)];
		break;
	case 1:
		value = test_random_below(random, 8);
		break;
	case 2:
		value = (uint64_t)1 << test_random_below(random, 64);
		break;
	default:
		value = test_random(random) >> test_random_below(random, 64);
		break;
	}
	return simple ? (uint32_t)value : value;
}

static void random_cond(struct model_cond *cond, struct test_random *random, bool simple,
			unsigned int indices)
{
	cond->index = test_random_below(random, indices);
	cond->op = (enum model_op)(MODEL_NE + test_random_below(random, 7));
	cond->value = random_value(random, simple);
	if (cond->op == MODEL_MASKED_EQ)
		cond->value_two = test_random_below(random, 4)
					  ? random_value(random, simple) & cond->value
					  : random_value(random, simple);
}

static void add_names(struct model_rule *rule, struct test_random *random)
{
	const uint32_t count = sizeof(names) / sizeof(names[0]);
	uint32_t wanted = 1 + test_random_below(random, 4);

	rule->name = test_alloc(wanted, sizeof(*rule->name));
	for (uint32_t i = 0; i < wanted; i++) {
		/* Most rules are about the first few names. */
		uint32_t n = test_random_below(random, test_random_below(random, 3) ? 6 : count);

		if (rule->action == SECCOMP_RET_USER_NOTIF && !strcmp(names[n], "write"))
			n++; /* runc refuses NOTIFY for write */
		rule->name[rule->name_count++] = test_sprintf("%s", names[n]);
	}
}

static void random_rule(struct model_rule *rule, struct test_random *random)
{
	uint32_t conds = test_random_below(random, 5), shape = test_random_below(random, 4);

	rule->action = random_action(random, false);
	add_names(rule, random);
	if (!shape)
		conds = 0;
	rule->cond = test_alloc(conds, sizeof(*rule->cond));
	for (uint32_t i = 0; i < conds; i++) {
		random_cond(&rule->cond[i], random, false, 6);
		if (shape < 3)
			rule->cond[i].index = (rule->cond[0].index + i) % 6; /* no two alike */
	}
	rule->cond_count = conds;
}

/* A rule whose answer libseccomp gives right: see differential/libseccomp.c. */
static void simple_rule(struct model_rule *rule, uint32_t name, uint32_t action, bool conditional,
			struct test_random *random)
{
	rule->action = action;
	rule->name = test_alloc(1, sizeof(*rule->name));
	rule->name[rule->name_count++] = test_sprintf("%s", names[name]);
	rule->cond = test_alloc(1, sizeof(*rule->cond));
	rule->cond_count = conditional;
	if (conditional)
		random_cond(rule->cond, random, true, 3);
}

static void random_rules(struct model *model, struct test_random *random)
{
	uint32_t wanted = 1 + test_random_below(random, 12);

	model->rule = test_alloc(wanted, sizeof(*model->rule));
	for (; model->rule_count < wanted; model->rule_count++)
		random_rule(&model->rule[model->rule_count], random);
}

static void simple_rules(struct model *model, struct test_random *random)
{
	const uint32_t count = sizeof(names) / sizeof(names[0]);

	model->rule = test_alloc((size_t)count * 4, sizeof(*model->rule));
	for (uint32_t n = 0; n < count; n++) {
		uint32_t action = simple_action(random, false), rules;

		rules = test_random_below(random, 3) ? test_random_below(random, 5) : 0;
		if (action == SECCOMP_RET_USER_NOTIF || action == model->default_action)
			continue;
		if (rules == 4) {
			simple_rule(&model->rule[model->rule_count++], n, action, false, random);
			continue;
		}
		for (uint32_t i = 0; i < rules; i++)
			simple_rule(&model->rule[model->rule_count++], n, action, true, random);
	}
}

struct model *model_random(struct test_random *random, const struct model_shape *shape)
{
	struct model *model = test_alloc(1, sizeof(*model));

	choose_arches(model, random, shape->native_only);
	model->default_action =
		shape->simple ? simple_action(random, true) : random_action(random, true);
	if (shape->simple)
		simple_rules(model, random);
	else
		random_rules(model, random);
	model->stub_asked = !shape->simple && test_random_below(random, 2);
	model->enosys = model->stub_asked && model_has_stub(model->default_action);
	return model;
}
