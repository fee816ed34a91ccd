/* SPDX-License-Identifier: MIT */
/* Differences for people: by architecture, by call, each case with its condition. */
#include "diff.h"

#include <inttypes.h>
#include <string.h>

#include <secbake/inspect.h>

#include "program.h"

#define WIDTH 96
#define REST_MAX 8u /* ranges without names that are listed */

static bool lets_through(uint32_t verdict)
{
	/* SECCOMP_RET_LOG and SECCOMP_RET_ALLOW */
	return verdict == 0x7ffc0000u || verdict == 0x7fff0000u;
}

const char *cli_diff_kind(const struct secbake_diff_case *found)
{
	bool a = lets_through(found->verdict[0]), b = lets_through(found->verdict[1]);

	return a == b ? "differs" : a ? "only-a-allows" : "only-b-allows";
}

static void print_word(FILE *out, const struct secbake_diff_term *term,
		       const struct secbake_diff_set *set)
{
	if (term->word == SECBAKE_WORD_IP)
		fputs("instruction_pointer", out);
	else
		fprintf(out, "arg%" PRIu32, term->word);
	if (set->mask != UINT64_MAX)
		fprintf(out, " & 0x%" PRIx64, set->mask);
}

static void print_set(FILE *out, const struct secbake_diff_term *term,
		      const struct secbake_diff_set *set, const struct cli_diff_call *call)
{
	char name[256];

	print_word(out, term, set);
	if (set->lo == set->hi) {
		fprintf(out, " %s 0x%" PRIx64, term->negate ? "!=" : "==", set->lo);
		if (call && term->word < 6 &&
		    cli_diff_constant(call, term->word, set->mask, set->lo, name, sizeof(name)))
			fprintf(out, set->lo ? " (%s)" : " (of %s)", name);
	} else if (set->lo == 0) {
		fprintf(out, " %s 0x%" PRIx64, term->negate ? ">" : "<=", set->hi);
	} else if (set->hi == set->mask && !(set->mask & (set->mask + 1))) {
		fprintf(out, " %s 0x%" PRIx64, term->negate ? "<" : ">=", set->lo);
	} else {
		fprintf(out, " %sin 0x%" PRIx64 "..0x%" PRIx64, term->negate ? "not " : "", set->lo,
			set->hi);
	}
}

/* Sets of a term: one of them; or, negated, none. */
static void print_term(FILE *out, const struct secbake_diff_term *term,
		       const struct cli_diff_call *call)
{
	bool more = term->set_count > 1 || term->cut;

	if (more && !term->negate)
		fputc('(', out);
	for (uint32_t i = 0; i < term->set_count; i++) {
		if (i)
			fputs(term->negate ? " and " : " or ", out);
		print_set(out, term, &term->set[i], call);
	}
	if (term->cut)
		fputs(" or more", out);
	if (more && !term->negate)
		fputc(')', out);
}

void cli_diff_when(FILE *out, const struct secbake_diff_case *found,
		   const struct cli_diff_call *first)
{
	for (uint32_t i = 0; i < found->clause_count; i++) {
		const struct secbake_diff_clause *clause = &found->clause[i];

		if (i)
			fputs(", or ", out);
		if (!clause->term_count)
			fputs("always", out);
		for (uint32_t j = 0; j < clause->term_count; j++) {
			if (j)
				fputs(" and ", out);
			print_term(out, &clause->term[j], first);
		}
	}
	if (found->cut)
		fputs(", or more (not all are listed)", out);
}

static void print_piece(const char *text, size_t *column, bool *first)
{
	size_t size = strlen(text) + 2;

	if (!*first)
		putchar(',');
	if (!*first && *column + size > WIDTH) {
		fputs("\n   ", stdout);
		*column = 3;
	}
	printf(*first ? "%s" : " %s", text);
	*column += size;
	*first = false;
}

static void print_calls(const struct cli_diff_calls *calls)
{
	size_t column = 2;
	bool first = true;
	char text[128];

	fputs("  ", stdout);
	for (size_t i = 0; i < calls->count; i++) {
		const struct cli_diff_call *call = &calls->call[i];

		snprintf(text, sizeof(text), "%s%s", call->abi->x32 ? "x32 " : "", call->name);
		print_piece(text, &column, &first);
	}
	for (size_t i = 0; i < calls->rest_count && i < REST_MAX; i++) {
		const struct secbake_diff_range *rest = &calls->rest[i];

		if (rest->first == 0 && rest->last == UINT32_MAX)
			snprintf(text, sizeof(text), "all numbers");
		else if (rest->first == rest->last)
			snprintf(text, sizeof(text), "number %" PRIu32, rest->first);
		else
			snprintf(text, sizeof(text), "numbers %" PRIu32 " to %" PRIu32, rest->first,
				 rest->last);
		print_piece(text, &column, &first);
	}
	if (calls->rest_count > REST_MAX) {
		snprintf(text, sizeof(text), "and %zu more ranges of numbers without names",
			 calls->rest_count - REST_MAX);
		print_piece(text, &column, &first);
	}
	putchar('\n');
}

static void print_case(const struct secbake_diff_case *found, const struct secbake_arch *abi,
		       const struct cli_diff_call *first)
{
	const char *kind = cli_diff_kind(found);
	char a[SECBAKE_VERDICT_TEXT], b[SECBAKE_VERDICT_TEXT];

	secbake_verdict_format_on(abi, found->verdict[0], a);
	secbake_verdict_format_on(abi, found->verdict[1], b);
	if (!strcmp(kind, "differs"))
		printf("    A says %s, B %s", a, b);
	else if (!strcmp(kind, "only-a-allows"))
		printf("    only A allows: %s, not %s", a, b);
	else
		printf("    only B allows: %s, not %s", b, a);
	fputs(found->clause_count == 1 && !found->clause[0].term_count ? "\n      "
								       : "\n      where ",
	      stdout);
	cli_diff_when(stdout, found, first);
	fputs("\n      for example ", stdout);
	cli_print_call(stdout, &found->witness);
	if (found->witness.instruction_pointer)
		printf(" at 0x%" PRIx64, found->witness.instruction_pointer);
	putchar('\n');
}

static void print_group(const struct secbake_diff_group *group)
{
	const struct secbake_arch *abi = cli_diff_abi(group->audit_arch, group->range[0].first);
	struct cli_diff_calls calls;

	if (!abi)
		abi = secbake_arch_native();
	if (cli_diff_calls(group, &calls))
		print_calls(&calls);
	else
		puts("  (out of memory for the names)");
	for (uint32_t i = 0; i < group->case_count; i++)
		print_case(&group->cases[i], abi, calls.count ? &calls.call[0] : NULL);
	if (group->cut)
		puts("    and more, which are not listed");
	cli_diff_calls_free(&calls);
}

/* "other architectures, but for x86_64 and x32" */
static void print_others(const struct secbake_diff_group *group)
{
	fputs("other architectures", stdout);
	for (uint32_t i = 0; i < group->except_count; i++)
		printf("%s%s",
		       !i			     ? ", but for "
		       : i + 1 < group->except_count ? ", "
						     : " and ",
		       group->except[i]->name);
	putchar('\n');
}

static void print_flags(const struct secbake_diff *diff, uint32_t side)
{
	uint32_t count;
	const uint32_t *flags = secbake_diff_flags(diff, side, &count);

	printf("  %c asks for", side ? 'B' : 'A');
	if (!count)
		fputs(" no program", stdout);
	for (uint32_t i = 0; i < count; i++) {
		bool any = false;

		fputs(i ? "; then" : "", stdout);
		for (uint32_t bit = 1; bit; bit <<= 1) {
			const char *name = flags[i] & bit ? secbake_flag_name(bit) : NULL;

			if (flags[i] & bit)
				printf(" %s", name ? name : "an unknown flag");
			any |= (flags[i] & bit) != 0;
		}
		if (!any)
			fputs(" none", stdout);
	}
	putchar('\n');
}

void cli_diff_text(const struct secbake_diff *diff, const char *const label[2])
{
	const struct secbake_diff_group *group, *last = NULL;

	if (secbake_diff_same(diff)) {
		puts("the same for every call");
		return;
	}
	printf("A: %s\nB: %s\n", label[0], label[1]);
	for (uint32_t i = 0; (group = secbake_diff_group(diff, i)); i++) {
		const struct secbake_arch *arch = secbake_arch_by_audit(group->audit_arch);

		if (!last || last->audit_arch != group->audit_arch ||
		    last->others != group->others) {
			if (group->others)
				print_others(group);
			else
				puts(arch ? arch->name : "an architecture");
		}
		print_group(group);
		last = group;
	}
	if (!last && !secbake_diff_cut(diff)) {
		puts("the same for every call, but for filter flags");
	}
	if (secbake_diff_cut(diff))
		puts("and more, which are not listed");
	{
		uint32_t counts[2];
		const uint32_t *a = secbake_diff_flags(diff, 0, &counts[0]);
		const uint32_t *b = secbake_diff_flags(diff, 1, &counts[1]);

		if (a && b &&
		    (counts[0] != counts[1] || memcmp(a, b, counts[0] * sizeof(*a)) != 0)) {
			puts("filter flags");
			print_flags(diff, 0);
			print_flags(diff, 1);
		}
	}
}
