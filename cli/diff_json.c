/* SPDX-License-Identifier: MIT */
/* Differences for programs: one object, values of 64 bits as strings. */
#include "diff.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <secbake/inspect.h>

/* What cli_diff_when() says, as a string. */
static void print_when(const struct secbake_diff_case *found, const struct cli_diff_call *first)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out) {
		fputs("null", stdout);
		return;
	}
	cli_diff_when(out, found, first);
	if (fclose(out) == 0)
		cli_json_string(text);
	else
		fputs("null", stdout);
	free(text);
}

static void print_conditions(const struct secbake_diff_case *found)
{
	putchar('[');
	for (uint32_t i = 0; i < found->clause_count; i++) {
		const struct secbake_diff_clause *clause = &found->clause[i];

		fputs(i ? ",[" : "[", stdout);
		for (uint32_t j = 0; j < clause->term_count; j++) {
			const struct secbake_diff_term *term = &clause->term[j];

			fputs(j ? ",{" : "{", stdout);
			if (term->word == SECBAKE_WORD_IP)
				fputs("\"word\":\"instruction_pointer\",", stdout);
			else
				printf("\"arg\":%" PRIu32 ",", term->word);
			printf("\"in\":%s,\"sets\":[", term->negate ? "false" : "true");
			for (uint32_t k = 0; k < term->set_count; k++)
				printf("%s{\"mask\":\"0x%" PRIx64 "\",\"from\":\"0x%" PRIx64
				       "\",\"to\":\"0x%" PRIx64 "\"}",
				       k ? "," : "", term->set[k].mask, term->set[k].lo,
				       term->set[k].hi);
			printf("]%s}", term->cut ? ",\"cut\":true" : "");
		}
		putchar(']');
	}
	putchar(']');
}

static void print_witness(const struct secbake_call *call)
{
	const struct secbake_arch *abi = cli_diff_abi(call->audit_arch, call->nr);
	const char *name = abi ? secbake_syscall_name(abi, call->nr) : NULL;

	fputs("{", stdout);
	if (abi)
		printf("\"arch\":\"%s\",", abi->name);
	printf("\"audit_arch\":%" PRIu32 ",\"nr\":%" PRIu32 ",", call->audit_arch, call->nr);
	if (name)
		printf("\"syscall\":\"%s\",", name);
	printf("\"instruction_pointer\":\"0x%" PRIx64 "\",\"args\":[", call->instruction_pointer);
	for (int i = 0; i < 6; i++)
		printf("%s\"0x%" PRIx64 "\"", i ? "," : "", call->args[i]);
	fputs("]}", stdout);
}

static void print_case(const struct secbake_diff_case *found, const struct secbake_arch *abi,
		       const struct cli_diff_call *first)
{
	char a[SECBAKE_VERDICT_TEXT], b[SECBAKE_VERDICT_TEXT];

	secbake_verdict_format_on(abi, found->verdict[0], a);
	secbake_verdict_format_on(abi, found->verdict[1], b);
	printf("{\"kind\":\"%s\",\"a\":\"%s\",\"b\":\"%s\",\"when\":", cli_diff_kind(found), a, b);
	print_when(found, first);
	fputs(",\"conditions\":", stdout);
	print_conditions(found);
	fputs(found->cut ? ",\"cut\":true,\"witness\":" : ",\"witness\":", stdout);
	print_witness(&found->witness);
	putchar('}');
}

static void print_group(const struct secbake_diff_group *group)
{
	const struct secbake_arch *arch = secbake_arch_by_audit(group->audit_arch);
	const struct secbake_arch *abi = cli_diff_abi(group->audit_arch, group->range[0].first);
	struct cli_diff_calls calls;

	if (!abi)
		abi = secbake_arch_native();
	if (group->others) {
		fputs("{\"arch\":null,\"except\":[", stdout);
		for (uint32_t i = 0; i < group->except_count; i++)
			printf("%s\"%s\"", i ? "," : "", group->except[i]->name);
		putchar(']');
	} else {
		printf("{\"arch\":\"%s\"", arch ? arch->name : "");
	}
	fputs(",\"numbers\":[", stdout);
	for (uint32_t i = 0; i < group->range_count; i++)
		printf("%s[%" PRIu32 ",%" PRIu32 "]", i ? "," : "", group->range[i].first,
		       group->range[i].last);
	fputs("],\"calls\":[", stdout);
	if (!cli_diff_calls(group, &calls))
		calls.count = 0; /* names are a service, the numbers are all there */
	for (size_t i = 0; i < calls.count; i++)
		printf("%s{\"abi\":\"%s\",\"syscall\":\"%s\"}", i ? "," : "",
		       calls.call[i].abi->name, calls.call[i].name);
	fputs("],\"cases\":[", stdout);
	for (uint32_t i = 0; i < group->case_count; i++) {
		if (i)
			putchar(',');
		print_case(&group->cases[i], abi, calls.count ? &calls.call[0] : NULL);
	}
	printf("]%s}", group->cut ? ",\"cut\":true" : "");
	cli_diff_calls_free(&calls);
}

static void print_side(const struct secbake_diff *diff, uint32_t side, const char *label)
{
	uint32_t count;
	const uint32_t *flags = secbake_diff_flags(diff, side, &count);

	fputs("{\"what\":", stdout);
	cli_json_string(label);
	printf(",\"programs\":%" PRIu32 ",\"flags\":", count);
	if (!flags) {
		fputs("null}", stdout);
		return;
	}
	putchar('[');
	for (uint32_t i = 0; i < count; i++) {
		bool some = false;

		fputs(i ? ",[" : "[", stdout);
		for (uint32_t bit = 1; bit; bit <<= 1) {
			const char *name = flags[i] & bit ? secbake_flag_name(bit) : NULL;

			if (!name)
				continue;
			printf("%s\"%s\"", some ? "," : "", name);
			some = true;
		}
		putchar(']');
	}
	fputs("]}", stdout);
}

void cli_diff_json(const struct secbake_diff *diff, const char *const label[2])
{
	const struct secbake_diff_group *group;

	printf("{\"same\":%s,\"a\":", secbake_diff_same(diff) ? "true" : "false");
	print_side(diff, 0, label[0]);
	fputs(",\"b\":", stdout);
	print_side(diff, 1, label[1]);
	fputs(",\"differences\":[", stdout);
	for (uint32_t i = 0; (group = secbake_diff_group(diff, i)); i++) {
		fputs(i ? ",\n" : "\n", stdout);
		print_group(group);
	}
	printf("]%s}\n", secbake_diff_cut(diff) ? ",\"cut\":true" : "");
}
