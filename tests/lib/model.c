/* SPDX-License-Identifier: MIT */
/* The OCI dialect a second time; see model.h. */
#include "model.h"

#include <errno.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>

#include <secbake/inspect.h>

#define IPC_CALL_MASK 0xffffu /* sys_ipc(): call & 0xffff; a version above it */

/* What i386's socketcall(2) and ipc(2) take as their first argument. */
static const struct mux {
	const char *name;
	uint32_t nr;
	uint64_t mask, call;
} muxes[] = {
	{"socket", 102, UINT64_MAX, 1},	     {"bind", 102, UINT64_MAX, 2},
	{"connect", 102, UINT64_MAX, 3},     {"listen", 102, UINT64_MAX, 4},
	{"accept", 102, UINT64_MAX, 5},	     {"getsockname", 102, UINT64_MAX, 6},
	{"getpeername", 102, UINT64_MAX, 7}, {"socketpair", 102, UINT64_MAX, 8},
	{"send", 102, UINT64_MAX, 9},	     {"recv", 102, UINT64_MAX, 10},
	{"sendto", 102, UINT64_MAX, 11},     {"recvfrom", 102, UINT64_MAX, 12},
	{"shutdown", 102, UINT64_MAX, 13},   {"setsockopt", 102, UINT64_MAX, 14},
	{"getsockopt", 102, UINT64_MAX, 15}, {"sendmsg", 102, UINT64_MAX, 16},
	{"recvmsg", 102, UINT64_MAX, 17},    {"accept4", 102, UINT64_MAX, 18},
	{"recvmmsg", 102, UINT64_MAX, 19},   {"sendmmsg", 102, UINT64_MAX, 20},
	{"semop", 117, IPC_CALL_MASK, 1},    {"semget", 117, IPC_CALL_MASK, 2},
	{"semctl", 117, IPC_CALL_MASK, 3},   {"semtimedop", 117, IPC_CALL_MASK, 4},
	{"msgsnd", 117, IPC_CALL_MASK, 11},  {"msgrcv", 117, IPC_CALL_MASK, 12},
	{"msgget", 117, IPC_CALL_MASK, 13},  {"msgctl", 117, IPC_CALL_MASK, 14},
	{"shmat", 117, IPC_CALL_MASK, 21},   {"shmdt", 117, IPC_CALL_MASK, 22},
	{"shmget", 117, IPC_CALL_MASK, 23},  {"shmctl", 117, IPC_CALL_MASK, 24},
};

bool model_number(const struct secbake_arch *arch, const char *name, uint32_t *nr)
{
	uint32_t token = seccomp_arch_resolve_name(arch->name);
	int found = token ? seccomp_syscall_resolve_name_arch(token, name) : __NR_SCMP_ERROR;

	if (found >= 0) {
		*nr = (uint32_t)found;
		return true;
	}
	/* Not known to it, or one of those that it treats as part of socketcall and ipc. */
	return secbake_syscall_number(arch, name, nr);
}

void model_add_arch(struct model *model, const struct secbake_arch *arch)
{
	for (size_t i = 0; i < model->arch_count; i++)
		if (model->arch[i] == arch)
			return;
	if (model->arch_count == MODEL_ARCHES_MAX)
		test_die("too many architectures");
	model->arch[model->arch_count++] = arch;
}

static void add_use(struct model *model, struct model_use use)
{
	if (model->use_count == model->use_capacity) {
		model->use_capacity = model->use_capacity ? model->use_capacity * 2 : 256;
		model->use = realloc(model->use, model->use_capacity * sizeof(*model->use));
		if (!model->use)
			test_die("out of memory");
	}
	model->use[model->use_count++] = use;
}

/* "Two conditions of a rule on one argument index: each condition becomes a rule." */
static bool same_index_twice(const struct model_rule *rule)
{
	for (size_t i = 0; i < rule->cond_count; i++)
		for (size_t k = 0; k < i; k++)
			if (rule->cond[i].index == rule->cond[k].index)
				return true;
	return false;
}

static void use_direct(struct model *model, const struct model_rule *rule, uint32_t audit_arch,
		       uint32_t nr)
{
	struct model_use use = {audit_arch, nr, rule, rule->cond, rule->cond_count};

	if (!same_index_twice(rule)) {
		add_use(model, use);
		return;
	}
	use.cond_count = 1;
	for (size_t i = 0; i < rule->cond_count; i++) {
		use.cond = &rule->cond[i];
		add_use(model, use);
	}
}

static void use_mux(struct model *model, const struct model_rule *rule, const char *name)
{
	static struct model_cond conds[sizeof(muxes) / sizeof(muxes[0])];

	if (rule->cond_count)
		return; /* its arguments are in memory: a conditional rule never grants it */
	for (size_t i = 0; i < sizeof(muxes) / sizeof(muxes[0]); i++) {
		if (strcmp(muxes[i].name, name))
			continue;
		conds[i] = (struct model_cond){0, MODEL_MASKED_EQ, muxes[i].mask, muxes[i].call};
		add_use(model, (struct model_use){secbake_arch_find("x86")->audit_arch, muxes[i].nr,
						  rule, &conds[i], 1});
	}
}

static void prepare_name(struct model *model, const struct model_rule *rule, const char *name)
{
	for (size_t a = 0; a < model->arch_count; a++) {
		uint32_t nr;

		if (model_number(model->arch[a], name, &nr)) {
			if (!model->has_last[a] || nr > model->last[a])
				model->last[a] = nr;
			model->has_last[a] = true;
			if (rule->action != model->default_action)
				use_direct(model, rule, model->arch[a]->audit_arch, nr);
		}
		if (!strcmp(model->arch[a]->name, "x86") && rule->action != model->default_action)
			use_mux(model, rule, name);
	}
}

void model_prepare(struct model *model)
{
	for (size_t r = 0; r < model->rule_count; r++)
		for (size_t n = 0; n < model->rule[r].name_count; n++)
			prepare_name(model, &model->rule[r], model->rule[r].name[n]);
}

/* runc: a default of ALLOW, LOG or TRACE has no stub. */
bool model_has_stub(uint32_t default_action)
{
	switch (default_action & SECCOMP_RET_ACTION_FULL) {
	case SECCOMP_RET_ALLOW:
	case SECCOMP_RET_LOG:
	case SECCOMP_RET_TRACE:
		return false;
	default:
		return true;
	}
}

static bool cond_holds(const struct model_cond *cond, const struct seccomp_data *data)
{
	uint64_t arg = data->args[cond->index];

	switch (cond->op) {
	case MODEL_NE:
		return arg != cond->value;
	case MODEL_LT:
		return arg < cond->value;
	case MODEL_LE:
		return arg <= cond->value;
	case MODEL_EQ:
		return arg == cond->value;
	case MODEL_GE:
		return arg >= cond->value;
	case MODEL_GT:
		return arg > cond->value;
	case MODEL_MASKED_EQ:
		return (arg & cond->value) == (cond->value_two & cond->value);
	}
	test_die("operator %d", cond->op);
}

static bool use_holds(const struct model_use *use, const struct seccomp_data *data)
{
	for (size_t i = 0; i < use->cond_count; i++)
		if (!cond_holds(&use->cond[i], data))
			return false;
	return true;
}

/* Index of the ABI that a call is made in, or arch_count: foreign. */
static size_t arch_of(const struct model *model, const struct seccomp_data *data)
{
	size_t a;

	for (a = 0; a < model->arch_count; a++) {
		const struct secbake_arch *arch = model->arch[a];

		if (arch->audit_arch != data->arch)
			continue;
		if (arch->audit_arch == 0xc000003eu &&
		    arch->x32 != ((uint32_t)data->nr >= SECBAKE_X32_BIT))
			continue;
		break;
	}
	return a;
}

/*
 * runc's stub stands before the filter (libcontainer/seccomp/patchbpf): ENOSYS
 * above the largest number that the policy names, x86_64 and x32 told apart by bit
 * 30 alone, and for number 0 on s390, which stands for what the kernel does not know.
 */
static bool stub_answers(const struct model *model, const struct seccomp_data *data)
{
	uint32_t nr = (uint32_t)data->nr;

	for (size_t a = 0; model->enosys && a < model->arch_count; a++) {
		const struct secbake_arch *arch = model->arch[a];

		if (arch->audit_arch != data->arch || !model->has_last[a] || !model->last[a])
			continue;
		if (arch->audit_arch == 0xc000003eu && arch->x32 != !!(nr & SECBAKE_X32_BIT))
			continue;
		if (nr > model->last[a] || (!strncmp(arch->name, "s390", 4) && nr == 0))
			return true;
	}
	return false;
}

uint32_t model_evaluate(const struct model *model, const struct seccomp_data *given)
{
	size_t a = arch_of(model, given);
	struct seccomp_data copy = *given, *data = &copy;
	uint32_t nr = (uint32_t)data->nr;

	/* Calls of 32-bit ABIs take lower halves, whatever int $0x80 shows above them. */
	for (unsigned int i = 0; i < 6; i++)
		if (a < model->arch_count && model->arch[a]->bits == 32)
			data->args[i] = (uint32_t)data->args[i];
	if (stub_answers(model, data))
		return SECCOMP_RET_ERRNO | ENOSYS;
	if (a == model->arch_count) {
		struct seccomp_data low = {.arch = data->arch};

		/* A tracer's "skip this call" is not foreign where x86_64 is not. */
		if (nr == UINT32_MAX && arch_of(model, &low) < model->arch_count)
			return model->default_action;
		return SECCOMP_RET_KILL_THREAD;
	}
	for (size_t i = 0; i < model->use_count; i++)
		if (model->use[i].audit_arch == data->arch && model->use[i].nr == nr &&
		    !model->use[i].cond_count)
			return model->use[i].rule->action;
	for (size_t i = 0; i < model->use_count; i++)
		if (model->use[i].audit_arch == data->arch && model->use[i].nr == nr &&
		    use_holds(&model->use[i], data))
			return model->use[i].rule->action;
	return model->default_action;
}

void model_calls(const struct model *model, struct test_random *random,
		 struct test_visitor *visitor)
{
	uint32_t *more = test_alloc(model->use_count, sizeof(*more));
	struct test_points points = {0};

	for (size_t a = 0; a < model->arch_count; a++) {
		size_t count, more_count = 0;
		uint32_t *numbers;

		if (model->arch[a]->x32 &&
		    arch_of(model, &(struct seccomp_data){.arch = 0xc000003eu}) < model->arch_count)
			continue; /* x86_64's numbers include them */
		for (size_t i = 0; i < model->use_count; i++)
			if (model->use[i].audit_arch == model->arch[a]->audit_arch)
				more[more_count++] = model->use[i].nr;
		numbers = test_numbers(more, more_count, &count);
		for (size_t i = 0; i < count; i++) {
			test_points_clear(&points);
			for (size_t u = 0; u < model->use_count; u++) {
				const struct model_use *use = &model->use[u];

				if (use->audit_arch != model->arch[a]->audit_arch ||
				    use->nr != numbers[i])
					continue;
				for (size_t c = 0; c < use->cond_count; c++) {
					const struct model_cond *cond = &use->cond[c];
					bool masked = cond->op == MODEL_MASKED_EQ;

					test_points_add(&points, cond->index,
							masked ? cond->value_two & cond->value
							       : cond->value,
							masked ? cond->value : UINT64_MAX);
				}
				points.groups++;
			}
			test_calls_of_number(model->arch[a]->audit_arch, numbers[i], &points,
					     random, visitor);
		}
		free(numbers);
	}
	free(points.point);
	free(more);
}

void model_free(struct model *model)
{
	for (size_t r = 0; r < model->rule_count; r++) {
		for (size_t n = 0; n < model->rule[r].name_count; n++)
			free(model->rule[r].name[n]);
		free(model->rule[r].name);
		free(model->rule[r].cond);
	}
	free(model->rule);
	free(model->use);
	free(model);
}
