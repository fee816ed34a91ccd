/* SPDX-License-Identifier: MIT */
/* A random native policy as the text that the compiler reads. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "native_model.h"

#ifndef SECCOMP_RET_USER_NOTIF
#define SECCOMP_RET_USER_NOTIF 0x7fc00000u
#endif

static const char *const op_names[NATIVE_OPS] = {
	[NATIVE_EQ] = "eq",   [NATIVE_NE] = "ne",	 [NATIVE_LT] = "lt",
	[NATIVE_LE] = "le",   [NATIVE_GT] = "gt",	 [NATIVE_GE] = "ge",
	[NATIVE_IN] = "in",   [NATIVE_NOT_IN] = "notIn", [NATIVE_RANGE] = "range",
	[NATIVE_ALL] = "all", [NATIVE_ANY] = "any",	 [NATIVE_NONE] = "none",
};

static void write_value(FILE *out, const struct native_value *value)
{
	const struct native_number n = value->number;

	if (value->constant) {
		fprintf(out, "\"%s", value->constant->name);
		if (n.bits)
			fprintf(out, " | 0x%" PRIx64, n.bits);
		fputc('"', out);
	} else if (value->form == NATIVE_INTEGER) {
		fprintf(out, n.negative ? "%" PRId64 : "%" PRIu64, n.bits);
	} else if (n.negative) {
		fprintf(out, "\"%" PRId64 "\"", (int64_t)n.bits);
	} else if (value->form == NATIVE_HEX) {
		fprintf(out, "\"0x%" PRIx64 "\"", n.bits);
	} else if (value->form == NATIVE_OCTAL) {
		fprintf(out, "\"0o%" PRIo64 "\"", n.bits);
	} else {
		fprintf(out, "\"%" PRIu64 "\"", n.bits);
	}
}

static void write_values(FILE *out, const struct native_test *test)
{
	fputc('[', out);
	for (uint32_t i = 0; i < test->value_count; i++) {
		fputs(i ? ", " : "", out);
		write_value(out, &test->value[i]);
	}
	fputc(']', out);
}

static void write_test(FILE *out, const struct native_test *test)
{
	if (test->op == NATIVE_IN || test->op == NATIVE_NOT_IN || test->op == NATIVE_RANGE)
		write_values(out, test);
	else
		write_value(out, test->value);
}

static void write_matcher(FILE *out, const struct native_matcher *matcher)
{
	if (matcher->name)
		fprintf(out, "\"%s\": ", matcher->name);
	else
		fprintf(out, "\"%u\": ", matcher->index);
	if (matcher->bare) {
		write_test(out, matcher->test);
		return;
	}
	fputc('{', out);
	for (uint32_t i = 0; i < matcher->test_count; i++) {
		fprintf(out, "%s\"%s\": ", i ? ", " : "", op_names[matcher->test[i].op]);
		write_test(out, &matcher->test[i]);
	}
	if (matcher->masked) {
		fputs(", \"mask\": ", out);
		write_value(out, &matcher->mask);
	}
	if (matcher->width)
		fprintf(out, ", \"width\": %u", matcher->width);
	if (matcher->is_signed >= 0)
		fprintf(out, ", \"signed\": %s", matcher->is_signed ? "true" : "false");
	fputc('}', out);
}

static void write_args(FILE *out, const struct native_rule *rule)
{
	if (!rule->set_count)
		return;
	fputs(", \"args\": ", out);
	fputs(rule->one_set ? "" : "[", out);
	for (uint32_t s = 0; s < rule->set_count; s++) {
		fputs(s ? ", {" : "{", out);
		for (uint32_t m = 0; m < rule->set[s].matcher_count; m++) {
			fputs(m ? ", " : "", out);
			write_matcher(out, &rule->set[s].matcher[m]);
		}
		fputc('}', out);
	}
	fputs(rule->one_set ? "" : "]", out);
}

static void write_ret(FILE *out, uint32_t ret)
{
	uint32_t data = ret & SECCOMP_RET_DATA;

	switch (ret & SECCOMP_RET_ACTION_FULL) {
	case SECCOMP_RET_ALLOW:
		fputs("\"allow\"", out);
		break;
	case SECCOMP_RET_LOG:
		fputs("\"log\"", out);
		break;
	case SECCOMP_RET_ERRNO:
		fprintf(out, "\"errno:%u\"", data);
		break;
	case SECCOMP_RET_TRAP:
		if (data)
			fprintf(out, "\"trap:%u\"", data);
		else
			fputs("\"trap\"", out);
		break;
	case SECCOMP_RET_TRACE:
		fprintf(out, "\"trace:%u\"", data);
		break;
	case SECCOMP_RET_USER_NOTIF:
		fputs("\"notify\"", out);
		break;
	case SECCOMP_RET_KILL_THREAD:
		fputs("\"kill-thread\"", out);
		break;
	default:
		fputs("\"kill-process\"", out);
		break;
	}
}

static void write_action(FILE *out, const struct native_action *action)
{
	if (action->error)
		fprintf(out, "\"errno:%s\"", action->error->name);
	else
		write_ret(out, action->ret);
}

static void write_calls(FILE *out, const struct native_model *model, const struct native_call *call,
			uint32_t count)
{
	fputc('[', out);
	for (uint32_t i = 0; i < count; i++) {
		fputs(i ? ", " : "", out);
		if (call[i].group)
			fprintf(out, "\"%s\"", model->group[call[i].group - 1].name);
		else if (call[i].name)
			fprintf(out, "\"%s\"", call[i].name);
		else
			fprintf(out, "%u", call[i].number);
	}
	fputc(']', out);
}

static void write_names(FILE *out, uint32_t bits, const struct native_model *model)
{
	const char *comma = "";

	fputc('[', out);
	for (uint32_t i = 0; i < 32; i++) {
		if (!(bits >> i & 1))
			continue;
		fprintf(out, "%s\"%s\"", comma, model ? model->arch[i]->name : native_caps[i]);
		comma = ", ";
	}
	fputc(']', out);
}

static void write_terms(FILE *out, const char *member, const struct native_terms *terms,
			const struct native_model *model)
{
	const char *comma = "";

	if (!terms->arches && !terms->kernel && !terms->caps)
		return;
	fprintf(out, ", \"%s\": {", member);
	if (terms->arches) {
		fputs("\"arch\": ", out);
		write_names(out, terms->arches, model);
		comma = ", ";
	}
	if (terms->kernel) {
		fprintf(out, "%s\"minKernel\": \"%u.%u\"", comma, terms->kernel >> 16,
			terms->kernel & 0xffff);
		comma = ", ";
	}
	if (terms->caps) {
		fprintf(out, "%s\"caps\": ", comma);
		write_names(out, terms->caps, NULL);
	}
	fputc('}', out);
}

static void write_rules(FILE *out, const struct native_model *model, const struct native_rule *rule,
			uint32_t count)
{
	fputs(",\n\t\"rules\": [", out);
	for (uint32_t i = 0; i < count; i++) {
		fputs(i ? ",\n\t\t{\"syscalls\": " : "\n\t\t{\"syscalls\": ", out);
		write_calls(out, model, rule[i].call, rule[i].call_count);
		write_args(out, &rule[i]);
		write_terms(out, "when", &rule[i].when, model);
		write_terms(out, "unless", &rule[i].unless, model);
		fputs(", \"action\": ", out);
		write_action(out, &rule[i].action);
		fputs(rule[i].optional ? ", \"optional\": true" : "", out);
		fputs(rule[i].hold ? ", \"hold\": true}" : "}", out);
	}
	fputs("\n\t]", out);
}

/* What a base may have instead. */
static void write_inherited(FILE *out, const struct native_model *model)
{
	fputs(",\n\t\"default\": ", out);
	write_action(out, &model->default_action);
	if (model->baseline)
		fprintf(out, ",\n\t\"baseline\": \"%u.%u\"", model->baseline >> 16,
			model->baseline & 0xffff);
	fputs(",\n\t\"groups\": {", out);
	for (uint32_t i = 0; i < model->group_count; i++) {
		fprintf(out, "%s\"%s\": ", i ? ", " : "", model->group[i].name);
		write_calls(out, model, model->group[i].call, model->group[i].call_count);
	}
	fputc('}', out);
}

static void write_members(FILE *out, const struct native_model *model)
{
	fputs(",\n\t\"architectures\": [", out);
	for (uint32_t i = 0; i < model->arch_count; i++)
		fprintf(out, "%s\"%s\"", i ? ", " : "", model->arch[i]->name);
	fputs("]", out);
	if (model->own_foreign) {
		fputs(",\n\t\"foreignArch\": ", out);
		write_action(out, &model->foreign);
	}
	if (model->complain)
		fputs(",\n\t\"mode\": \"complain\"", out);
	fputs(",\n\t\"onUnsupported\": {\"flag:tsync\": \"drop\"", out);
	if (model->instead_of_log) {
		fputs(", \"log\": ", out);
		write_ret(out, model->log_action);
	}
	if (model->instead_of_kill) {
		fputs(", \"kill-process\": ", out);
		write_ret(out, model->kill_action);
	}
	fputs("}", out);
}

static void write_layers(FILE *out, const struct native_model *model)
{
	fputs(",\n\t\"layers\": [", out);
	for (uint32_t i = 0; i < model->layer_count; i++) {
		const struct native_layer *layer = &model->layer[i];

		fprintf(out, "%s{\"comment\": \"layer %u\"", i ? ", " : "", i);
		if (layer->own_default) {
			fputs(", \"default\": ", out);
			write_action(out, &layer->default_action);
		}
		write_rules(out, model, layer->rule, layer->rule_count);
		fputc('}', out);
	}
	fputs("]", out);
}

static FILE *begin(char **text, size_t *size)
{
	FILE *out = open_memstream(text, size);

	if (!out)
		test_die("out of memory");
	fputs("{\n\t\"secbake\": 1", out);
	return out;
}

static void end(FILE *out)
{
	fputs("\n}\n", out);
	if (fclose(out))
		test_die("out of memory");
}

char *native_model_to_json(const struct native_model *model, char **base)
{
	const struct native_layer *layer = &model->layer[0];
	uint32_t own = model->base_from ? model->base_from : layer->rule_count;
	char *text = NULL;
	size_t size;
	FILE *out;

	*base = NULL;
	if (model->base_from) {
		out = begin(base, &size);
		if (model->base_members)
			write_inherited(out, model);
		else /* the document's own wins */
			fputs(",\n\t\"default\": \"trace:7\"", out);
		write_rules(out, model, layer->rule + own, layer->rule_count - own);
		end(out);
	}
	out = begin(&text, &size);
	if (model->base_from)
		fputs(",\n\t\"extends\": [\"base.json\"]", out);
	write_members(out, model);
	if (!model->base_members)
		write_inherited(out, model);
	if (model->layered)
		write_layers(out, model);
	else
		write_rules(out, model, layer->rule, own);
	end(out);
	return text;
}
