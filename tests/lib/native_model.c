/* SPDX-License-Identifier: MIT */
/* The native dialect a second time; see native_model.h. N numbers are docs/policy.md's. */
#include "native_model.h"

#include <stdlib.h>
#include <string.h>

#include <compiler/syscalls.h>

#define X86_64 0xc000003eu
#define SKIPPED 0xffffffffu /* a tracer's "skip this call" */

static const struct native_constant enosys_number = {"ENOSYS", 38, {{" mips64 ", 89}}};
static const struct native_action enosys = {.error = &enosys_number};

const char *const native_caps[NATIVE_CAPS] = {"CAP_SYS_ADMIN", "CAP_NET_ADMIN"};

uint64_t native_constant_on(const struct native_constant *constant, const struct secbake_arch *arch)
{
	char word[32] = " ";

	strncat(word, arch->name, sizeof(word) - 3);
	strcat(word, " ");
	for (int i = 0; i < 3; i++)
		if (constant->other[i].arches && strstr(constant->other[i].arches, word))
			return constant->other[i].value;
	return constant->usual;
}

/* ---- N4: what a rule names ---- */

static void add_use(struct native_model *model, struct native_use use)
{
	if (model->use_count == model->use_capacity) {
		model->use_capacity = model->use_capacity ? model->use_capacity * 2 : 256;
		model->use = realloc(model->use, model->use_capacity * sizeof(*model->use));
		if (!model->use)
			test_die("out of memory");
	}
	model->use[model->use_count++] = use;
}

static void use_number(struct native_model *model, struct native_use use, uint32_t number)
{
	const struct secbake_arch *arch = model->arch[use.arch];

	use.nr = number;
	if (arch->x32)
		use.nr |= SECBAKE_X32_BIT;
	else if (arch->audit_arch == X86_64 && (number & SECBAKE_X32_BIT))
		return;
	use.name = sb_syscall_name(arch, use.nr);
	add_use(model, use);
}

static void use_call(struct native_model *model, struct native_use use,
		     const struct native_call *call)
{
	if (call->group) {
		const struct native_group *group = &model->group[call->group - 1];

		for (uint32_t i = 0; i < group->call_count; i++)
			use_call(model, use, &group->call[i]);
	} else if (call->name) {
		use.name = call->name;
		if (sb_syscall_number(model->arch[use.arch], call->name, &use.nr))
			add_use(model, use);
	} else {
		use_number(model, use, call->number);
	}
}

void native_model_use(struct native_model *model, uint32_t layer, const struct native_rule *rule)
{
	for (uint32_t a = 0; a < model->arch_count; a++)
		for (uint32_t i = 0; i < rule->call_count; i++)
			use_call(model,
				 (struct native_use){.layer = layer, .arch = a, .rule = rule},
				 &rule->call[i]);
}

/* ---- N8: how arguments are compared ---- */

static void kernel_type(const struct sb_arg *arg, struct native_type *type)
{
	type->width = 32;
	type->is_signed = false;
	switch (arg->class) {
	case SB_ARG_NONE:
	case SB_ARG_PTR:
	case SB_ARG_U64:
		type->width = 64;
		break;
	case SB_ARG_S64:
		type->width = 64;
		type->is_signed = true;
		break;
	case SB_ARG_S32:
		type->is_signed = true;
		break;
	case SB_ARG_FD:
		type->is_signed = !strstr(arg->type, "unsigned");
		break;
	case SB_ARG_U32:
	case SB_ARG_U16:
	case SB_ARG_FD64:
		break;
	}
}

bool native_model_type(const struct native_model *model, const struct native_use *use,
		       const struct native_matcher *matcher, struct native_type *type)
{
	struct sb_arg args[6] = {0};
	int count = use->name ? sb_syscall_args(model->arch[use->arch], use->name, args) : -1;

	type->index = matcher->index;
	if (matcher->name) {
		for (type->index = 0; (int)type->index < count; type->index++)
			if (!strcmp(args[type->index].name, matcher->name))
				break;
		if ((int)type->index >= count)
			return false;
	} else if (count >= 0 && (int)type->index >= count) {
		return false;
	}
	kernel_type(&args[type->index], type); /* all of them NONE where none is known */
	if (matcher->width)
		type->width = matcher->width;
	if (matcher->is_signed >= 0)
		type->is_signed = matcher->is_signed;
	return true;
}

static bool less(struct native_number a, struct native_number b)
{
	return a.negative != b.negative ? a.negative : a.bits < b.bits;
}

static struct native_number number_on(const struct native_value *value,
				      const struct secbake_arch *arch)
{
	struct native_number number = value->number;

	if (value->constant)
		number.bits |= native_constant_on(value->constant, arch);
	return number;
}

/* An argument as the comparison sees it. */
struct seen {
	const struct secbake_arch *arch;
	unsigned int bits; /* of the register */
	bool is_signed;
	uint64_t word;
};

/* The value's bits in the register; false: it needs more. */
static bool in_register(const struct seen *seen, const struct native_value *value, uint64_t *word)
{
	struct native_number n = number_on(value, seen->arch);

	*word = n.bits;
	if (seen->bits == 64)
		return true;
	*word &= UINT32_MAX;
	return n.negative ? n.bits >= (uint64_t)INT32_MIN : n.bits <= UINT32_MAX;
}

static bool any_of(const struct seen *seen, uint64_t arg, const struct native_test *test)
{
	uint64_t word;

	for (uint32_t i = 0; i < test->value_count; i++)
		if (in_register(seen, &test->value[i], &word) && word == arg)
			return true;
	return false;
}

/* Is the argument below the value (-1), equal (0), or above (1)? */
static int order(const struct seen *seen, const struct native_value *value)
{
	struct native_number a = {false, seen->word}, v = number_on(value, seen->arch);
	uint64_t word;

	if (seen->is_signed && (seen->word >> (seen->bits - 1) & 1)) {
		a.negative = true;
		if (seen->bits == 32)
			a.bits |= 0xffffffff00000000u;
	}
	if (!seen->is_signed && v.negative) {
		v.negative = false;
		if (in_register(seen, value, &word))
			v.bits = word;
	}
	return less(a, v) ? -1 : less(v, a);
}

static bool bits_hold(const struct seen *seen, const struct native_test *test)
{
	uint64_t bits = number_on(test->value, seen->arch).bits, word;
	bool fits = in_register(seen, test->value, &word);

	switch (test->op) {
	case NATIVE_ALL: /* a bit that the register lacks is never set */
		return fits && (seen->word & word) == word;
	case NATIVE_ANY:
		return (seen->word & bits) != 0;
	default:
		return (seen->word & bits) == 0;
	}
}

static bool test_holds(const struct seen *seen, const struct native_test *test, uint64_t mask)
{
	switch (test->op) {
	case NATIVE_EQ:
	case NATIVE_IN:
		return any_of(seen, seen->word & mask, test);
	case NATIVE_NE:
	case NATIVE_NOT_IN:
		return !any_of(seen, seen->word & mask, test);
	case NATIVE_LT:
		return order(seen, test->value) < 0;
	case NATIVE_LE:
		return order(seen, test->value) <= 0;
	case NATIVE_GT:
		return order(seen, test->value) > 0;
	case NATIVE_GE:
		return order(seen, test->value) >= 0;
	case NATIVE_RANGE:
		return order(seen, &test->value[0]) >= 0 && order(seen, &test->value[1]) <= 0;
	case NATIVE_ALL:
	case NATIVE_ANY:
	case NATIVE_NONE:
		return bits_hold(seen, test);
	case NATIVE_OPS:
		break;
	}
	test_die("operator %d", (int)test->op);
}

static bool matcher_holds(const struct native_model *model, const struct native_use *use,
			  const struct native_matcher *matcher, const struct seccomp_data *data)
{
	struct seen seen = {.arch = model->arch[use->arch]};
	struct native_type type;

	if (!native_model_type(model, use, matcher, &type))
		test_die("%s has no such argument", use->name);
	seen.bits = seen.arch->bits == 32 ? 32 : type.width;
	seen.is_signed = type.is_signed;
	seen.word = data->args[type.index];
	if (seen.bits == 32)
		seen.word &= UINT32_MAX;
	for (uint32_t i = 0; i < matcher->test_count; i++) {
		uint64_t mask = UINT64_MAX;

		if (matcher->masked && !i)
			mask = number_on(&matcher->mask, seen.arch).bits;
		if (!test_holds(&seen, &matcher->test[i], mask))
			return false;
	}
	return true;
}

/* N6 */
static bool args_hold(const struct native_model *model, const struct native_use *use,
		      const struct seccomp_data *data)
{
	const struct native_rule *rule = use->rule;

	for (uint32_t s = 0; s < rule->set_count; s++) {
		const struct native_set *set = &rule->set[s];
		uint32_t m = 0;

		while (m < set->matcher_count && matcher_holds(model, use, &set->matcher[m], data))
			m++;
		if (m == set->matcher_count)
			return true;
	}
	return !rule->set_count;
}

/* ---- N9 to N14 ---- */

static bool in_force(const struct native_model *model, const struct native_use *use,
		     uint32_t kernel)
{
	const struct native_terms *when = &use->rule->when, *unless = &use->rule->unless;
	uint32_t arch = (uint32_t)1 << use->arch;

	if ((when->arches && !(when->arches & arch)) || (unless->arches & arch))
		return false;
	if (kernel < when->kernel || (unless->kernel && kernel >= unless->kernel))
		return false;
	return (when->caps & ~model->caps) == 0 && (unless->caps & model->caps) == 0;
}

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static bool has_baseline(uint32_t default_ret)
{
	switch (default_ret & SECCOMP_RET_ACTION_FULL) {
	case SECCOMP_RET_ERRNO:
	case SECCOMP_RET_TRAP:
	case SECCOMP_RET_KILL_THREAD:
	case SECCOMP_RET_KILL_PROCESS:
		return true;
	default:
		return false;
	}
}

/* For a number that no rule in force names. */
static bool baseline_answers(const struct native_model *model, uint32_t layer, uint32_t arch,
			     uint32_t nr, uint32_t kernel)
{
	bool named = false;
	uint32_t last = 0;

	if (nr == SKIPPED)
		return false;
	if (model->enosys == SECBAKE_ENOSYS_AUTO)
		return model->baseline && (nr > model->last[arch] ||
					   bsearch(&nr, model->late[arch], model->late_count[arch],
						   sizeof(nr), by_number));
	for (size_t i = 0; i < model->use_count && model->enosys == SECBAKE_ENOSYS_RUNC; i++) {
		const struct native_use *use = &model->use[i];

		if (use->layer != layer || use->arch != arch || !in_force(model, use, kernel))
			continue;
		named = true;
		if (use->nr > last)
			last = use->nr;
	}
	return named && nr > last;
}

static uint32_t on_arch(const struct native_action *action, const struct secbake_arch *arch)
{
	return action->error ? SECCOMP_RET_ERRNO | (uint32_t)native_constant_on(action->error, arch)
			     : action->ret;
}

static uint32_t lowered(const struct native_model *model, uint32_t ret)
{
	if (ret == SECCOMP_RET_LOG && !(model->features.actions & SECBAKE_ACTION_LOG))
		return model->instead_of_log ? lowered(model, model->log_action)
					     : SECCOMP_RET_ALLOW;
	if (ret == SECCOMP_RET_KILL_PROCESS &&
	    !(model->features.actions & SECBAKE_ACTION_KILL_PROCESS))
		return model->instead_of_kill ? model->kill_action : SECCOMP_RET_KILL_THREAD;
	return ret;
}

static uint32_t verdict(const struct native_model *model, bool complain, uint32_t ret)
{
	if (complain && ret != SECCOMP_RET_ALLOW)
		ret = SECCOMP_RET_LOG;
	return lowered(model, ret);
}

/* N10 */
static bool covered(const struct native_model *model, const struct seccomp_data *data,
		    uint32_t *arch)
{
	uint32_t nr = (uint32_t)data->nr;
	bool any = false;

	for (uint32_t a = 0; a < model->arch_count; a++) {
		if (model->arch[a]->audit_arch != data->arch)
			continue;
		any = true;
		*arch = a;
		if (data->arch != X86_64 || model->arch[a]->x32 == (nr >= SECBAKE_X32_BIT))
			return true;
	}
	return any && nr == SKIPPED;
}

uint32_t native_model_evaluate(const struct native_model *model, struct native_question *question,
			       const struct seccomp_data *data)
{
	const struct native_layer *layer = &model->layer[question->layer];
	const struct native_action *otherwise =
		layer->own_default ? &layer->default_action : &model->default_action;
	uint32_t nr = (uint32_t)data->nr, arch = 0;
	bool named = false;

	if (!covered(model, data, &arch)) {
		question->decided = NATIVE_BY_FOREIGN;
		return verdict(model, question->complain,
			       model->own_foreign ? on_arch(&model->foreign, model->target)
						  : SECCOMP_RET_KILL_PROCESS);
	}
	for (size_t i = 0; i < model->use_count; i++) {
		const struct native_use *use = &model->use[i];

		if (use->layer != question->layer || use->arch != arch || use->nr != nr ||
		    !in_force(model, use, question->kernel))
			continue;
		named = true;
		if (!args_hold(model, use, data))
			continue;
		question->decided = use->rule->set_count ? NATIVE_BY_ARGS : NATIVE_BY_RULE;
		return verdict(model, question->complain && !use->rule->hold,
			       on_arch(&use->rule->action, model->arch[arch]));
	}
	question->decided = NATIVE_BY_BASELINE;
	if (!named && has_baseline(otherwise->ret) &&
	    baseline_answers(model, question->layer, arch, nr, question->kernel))
		return verdict(model, question->complain, on_arch(&enosys, model->arch[arch]));
	question->decided = NATIVE_BY_DEFAULT;
	return verdict(model, question->complain, on_arch(otherwise, model->arch[arch]));
}

/* ---- the rest ---- */

void native_model_prepare(struct native_model *model)
{
	model->use_count = 0;
	for (uint32_t l = 0; l < model->layer_count; l++)
		for (uint32_t r = 0; r < model->layer[l].rule_count; r++)
			native_model_use(model, l, &model->layer[l].rule[r]);
	for (uint32_t a = 0; a < model->arch_count; a++) {
		const char *name;
		uint32_t nr, since;
		size_t all = 0;

		model->last[a] = sb_syscall_last(model->arch[a]);
		while (sb_syscall_at(all))
			all++;
		model->late[a] = test_alloc(all, sizeof(uint32_t));
		for (size_t i = 0; (name = sb_syscall_at(i)); i++)
			if (sb_syscall_number(model->arch[a], name, &nr) &&
			    sb_syscall_since(model->arch[a], name, &since) &&
			    since > model->baseline)
				model->late[a][model->late_count[a]++] = nr;
		qsort(model->late[a], model->late_count[a], sizeof(uint32_t), by_number);
	}
}

static void points_of_use(const struct native_model *model, const struct native_use *use,
			  struct test_points *points)
{
	const struct secbake_arch *arch = model->arch[use->arch];

	for (uint32_t s = 0; s < use->rule->set_count; s++, points->groups++) {
		const struct native_set *set = &use->rule->set[s];

		for (uint32_t m = 0; m < set->matcher_count; m++) {
			const struct native_matcher *matcher = &set->matcher[m];
			struct native_type type;

			if (!native_model_type(model, use, matcher, &type))
				continue;
			for (uint32_t t = 0; t < matcher->test_count; t++) {
				const struct native_test *test = &matcher->test[t];
				bool masked = matcher->masked && !t;
				uint64_t mask = masked ? number_on(&matcher->mask, arch).bits
						: test->op >= NATIVE_ALL
							? number_on(test->value, arch).bits
							: UINT64_MAX;

				for (uint32_t v = 0; v < test->value_count; v++)
					test_points_add(points, type.index,
							number_on(&test->value[v], arch).bits,
							mask);
			}
		}
	}
}

static void calls_of_arch(const struct native_model *model, uint32_t layer, uint32_t audit_arch,
			  struct test_random *random, struct test_visitor *visitor)
{
	uint32_t *more = test_alloc(model->use_count + 2, sizeof(*more)), *numbers;
	struct test_points points = {0};
	size_t count, more_count = 0;

	for (size_t i = 0; i < model->use_count; i++)
		if (model->arch[model->use[i].arch]->audit_arch == audit_arch)
			more[more_count++] = model->use[i].nr;
	for (uint32_t a = 0; a < model->arch_count; a++)
		if (model->arch[a]->audit_arch == audit_arch)
			more[more_count++] = model->last[a];
	numbers = test_numbers(more, more_count, &count);
	for (size_t i = 0; i < count; i++) {
		test_points_clear(&points);
		for (size_t u = 0; u < model->use_count; u++) {
			const struct native_use *use = &model->use[u];

			if (use->layer == layer && use->nr == numbers[i] &&
			    model->arch[use->arch]->audit_arch == audit_arch)
				points_of_use(model, use, &points);
		}
		test_calls_of_number(audit_arch, numbers[i], &points, random, visitor);
	}
	free(points.point);
	free(numbers);
	free(more);
}

void native_model_calls(const struct native_model *model, uint32_t layer,
			struct test_random *random, struct test_visitor *visitor)
{
	static const uint32_t others[] = {0,	  1,	       0x40000028u, 0x40000003u,
					  X86_64, 0x80000016u, 0xc00000b7u, 0xffffffffu};
	const struct test_points none = {0};

	for (uint32_t a = 0; a < model->arch_count; a++) {
		uint32_t b = 0;

		while (model->arch[b]->audit_arch != model->arch[a]->audit_arch)
			b++;
		if (b == a) /* x86_64 and x32 are one value of it */
			calls_of_arch(model, layer, model->arch[a]->audit_arch, random, visitor);
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		for (uint32_t nr = 0; nr <= 600; nr += 100)
			test_calls_of_number(others[i], nr ? nr : SKIPPED, &none, random, visitor);
}

void native_model_free(struct native_model *model)
{
	for (uint32_t a = 0; a < model->arch_count; a++)
		free(model->late[a]);
	free(model->use);
	free(model);
}
