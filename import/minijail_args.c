/* SPDX-License-Identifier: MIT */
/*
 * Conditions of a minijail policy, in disjunctive normal form: "arg0 == 1 && arg1 in 3 ||
 * arg2 & 4". They are about whole registers, without a sign, and are gathered for each
 * argument, since an object of the language has each operator once.
 */
#include "minijail.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <secbake/inspect.h>

#define ARGUMENTS 6
#define NESTING_MAX 32u /* of parentheses */
#define LIST_MAX 64u	/* != on one argument in one conjunction */

/* ---- values ---- */

static uint64_t word_mask(const struct sb_import *import)
{
	return import->arch->bits == 32 ? UINT32_MAX : UINT64_MAX;
}

static const char *number_text(struct sb_import *import, uint64_t number)
{
	return sb_import_text(import, number < 65536 ? "%llu" : "0x%llx",
			      (unsigned long long)number);
}

static bool read_number(struct sb_mj_tokens *t, const struct sb_mj_token *token,
			struct sb_mj_value *value)
{
	const char *digits = token->text + (*token->text == '-');
	bool negative = digits != token->text;
	int bits = t->import->arch->bits;
	uint64_t least = bits == 32 ? 1ull << 31 : 1ull << 63;
	bool octal = *digits == '0' && digits[1] && digits[1] != 'x' && digits[1] != 'X';
	char *end;

	errno = 0;
	value->number = strtoull(digits, &end, 0);
	if (*end)
		return sb_import_fail(t->import, token->line,
				      octal ? "\"%.64s\" is no octal number; write it without the 0"
					    : "\"%.64s\" is no number",
				      token->text);
	if (errno || value->number > word_mask(t->import) || (negative && value->number > least))
		return sb_import_fail(t->import, token->line, "%.64s is no number of %d bits",
				      token->text, bits);
	value->text = NULL;
	if (negative) {
		value->number = (0 - value->number) & word_mask(t->import);
		value->text = token->text;
	}
	if (negative && (octal || strpbrk(digits, "xX")))
		value->text = NULL;
	else if (!negative && octal)
		value->text = sb_import_text(t->import, "0o%s", digits + 1);
	else if (!negative && !strncmp(digits, "0x", 2))
		value->text = digits;
	if (!value->text)
		value->text = number_text(t->import, value->number);
	return value->text;
}

static bool read_single(struct sb_mj_tokens *t, struct sb_mj_value *value)
{
	const struct sb_mj_token *token = sb_mj_peek(t);
	const char *near;
	bool negative;

	*value = (struct sb_mj_value){0};
	if (token->kind == SB_MJ_NUMBER) {
		t->next++;
		return read_number(t, token, value);
	}
	if (token->kind != SB_MJ_WORD)
		return sb_import_fail(t->import, token->line,
				      "\"%.64s\" stands where a number or a constant should",
				      token->text);
	if (!secbake_constant(t->import->arch, token->text, &value->number, &negative)) {
		near = secbake_constant_nearest(token->text);
		return near ? sb_import_fail(t->import, token->line,
					     "there is no constant \"%.64s\"; did you mean \"%s\"?",
					     token->text, near)
			    : sb_import_fail(t->import, token->line,
					     "there is no constant \"%.64s\"; write its value",
					     token->text);
	}
	t->next++;
	value->number &= word_mask(t->import);
	value->text = token->text;
	return true;
}

static bool read_ored(struct sb_mj_tokens *t, uint32_t depth, struct sb_mj_value *value);

static bool read_constant(struct sb_mj_tokens *t, uint32_t depth, struct sb_mj_value *value)
{
	uint32_t line = sb_mj_peek(t)->line;
	bool complement = sb_mj_take(t, "~");

	if (sb_mj_take(t, "(")) {
		if (depth == NESTING_MAX)
			return sb_import_fail(t->import, line,
					      "more than %u parentheses in each other",
					      NESTING_MAX);
		if (!read_ored(t, depth + 1, value) || !sb_mj_expect(t, ")", "behind a constant"))
			return false;
	} else if (!read_single(t, value)) {
		return false;
	}
	if (!complement)
		return true;
	*value = (struct sb_mj_value){.number = ~value->number & word_mask(t->import),
				      .complement = value->complement ? NULL : value->text};
	value->text = number_text(t->import, value->number);
	return value->text;
}

/* "A|B" keeps its names; with a complement or a negative number in it, it becomes one number. */
static bool read_ored(struct sb_mj_tokens *t, uint32_t depth, struct sb_mj_value *value)
{
	if (!read_constant(t, depth, value))
		return false;
	while (sb_mj_take(t, "|")) {
		uint64_t limit = word_mask(t->import) >> 1;
		struct sb_mj_value next;
		bool names;

		if (!read_constant(t, depth, &next))
			return false;
		names = !value->complement && !next.complement && value->number <= limit &&
			next.number <= limit && *value->text != '-' && *next.text != '-' &&
			strlen(value->text) + strlen(next.text) < 400;
		value->number |= next.number;
		value->complement = NULL;
		value->text = names ? sb_import_text(t->import, "%s|%s", value->text, next.text)
				    : number_text(t->import, value->number);
		if (!value->text)
			return false;
	}
	return true;
}

bool sb_mj_value(struct sb_mj_tokens *t, bool plain, struct sb_mj_value *value)
{
	return plain ? read_single(t, value) : read_ored(t, 0, value);
}

/* ---- conjunctions ---- */

enum op { EQ, LT, LE, GT, GE, OP_ONE, NE = OP_ONE, ANY, SUBSET };

/* All that a conjunction asks of one argument. */
struct asked {
	bool one[OP_ONE]; /* these once: the strictest */
	struct sb_mj_value value[OP_ONE];
	uint32_t ne_count, any_count;
	struct sb_mj_value ne[LIST_MAX], any[2];
	bool subset;
	struct sb_mj_value none; /* bits that must not be set */
};

static bool read_op(struct sb_mj_tokens *t, enum op *op)
{
	static const struct {
		const char *text;
		enum op op;
	} ops[] = {{"==", EQ}, {"!=", NE}, {"<=", LE}, {"<", LT},
		   {">=", GE}, {">", GT},  {"&", ANY}, {"in", SUBSET}};
	const struct sb_mj_token *token = sb_mj_peek(t);

	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		if (sb_mj_take(t, ops[i].text)) {
			*op = ops[i].op;
			return true;
		}
	}
	return sb_import_fail(t->import, token->line,
			      "\"%.64s\" stands where ==, !=, <, <=, >, >=, & or in should",
			      token->text);
}

static bool read_argument(struct sb_mj_tokens *t, uint32_t *index)
{
	const struct sb_mj_token *token = sb_mj_peek(t);

	if (token->kind != SB_MJ_WORD || strncmp(token->text, "arg", 3) != 0 ||
	    strlen(token->text) != 4 || token->text[3] < '0' || token->text[3] > '5')
		return sb_import_fail(t->import, token->line,
				      "\"%.64s\" stands where an argument should, arg0 to arg5",
				      token->text);
	*index = (uint32_t)(token->text[3] - '0');
	t->next++;
	return true;
}

/* Of two demands of a kind the stricter; two different == are never met, as both together say. */
static bool add_one(struct asked *a, enum op op, const struct sb_mj_value *value)
{
	bool stricter = op == LT || op == LE ? value->number < a->value[op].number
					     : value->number > a->value[op].number;

	if (op == EQ && a->one[EQ] && a->value[EQ].number != value->number)
		return false;
	if (!a->one[op] || stricter)
		a->value[op] = *value;
	a->one[op] = true;
	return true;
}

static bool add_atom(struct sb_mj_tokens *t, struct asked *a, enum op op,
		     const struct sb_mj_value *value, uint32_t line)
{
	uint64_t none = ~value->number & word_mask(t->import);

	switch (op) {
	case NE:
		for (uint32_t i = 0; i < a->ne_count; i++)
			if (a->ne[i].number == value->number)
				return true;
		if (a->ne_count == LIST_MAX)
			return sb_import_fail(t->import, line,
					      "more than %u values with !=", LIST_MAX);
		a->ne[a->ne_count++] = *value;
		return true;
	case ANY:
		if (a->any_count == 2)
			return sb_import_fail(
				t->import, line,
				"the language can ask for two & of one argument, not three");
		a->any[a->any_count++] = *value;
		return true;
	case SUBSET:
		if (!a->subset && value->complement)
			a->none = (struct sb_mj_value){.text = value->complement, .number = none};
		else if (!a->subset || (none & ~a->none.number))
			a->none = (struct sb_mj_value){.number = a->none.number | none};
		a->subset = true;
		if (!a->none.text)
			a->none.text = number_text(t->import, a->none.number);
		return a->none.text;
	default:
		return add_one(a, op, value) ||
		       sb_import_fail(t->import, line,
				      "an argument cannot equal two values; write || between them");
	}
}

static bool put_test(struct sb_import *import, struct sb_out_matcher *m, const char *op,
		     const char *mask, const struct sb_mj_value *value)
{
	if (value->number >> (import->arch->bits - 1) && *value->text != '-')
		m->is_signed = 0; /* such a number fits no signed type */
	return sb_out_test(import, m, op, mask, value->text);
}

static bool put_matcher(struct sb_mj_tokens *t, const struct asked *a, struct sb_out_matcher *m)
{
	static const char *const names[] = {"eq", "lt", "le", "gt", "ge"};
	const struct sb_mj_value zero = {.text = "0"};
	struct sb_import *import = t->import;

	for (uint32_t op = 0; op < OP_ONE; op++)
		if (a->one[op] && !put_test(import, m, names[op], NULL, &a->value[op]))
			return false;
	for (uint32_t i = 0; i < a->ne_count; i++) {
		if (!i && !put_test(import, m, a->ne_count > 1 ? "notIn" : "ne", NULL, &a->ne[0]))
			return false;
		if (i && !sb_words_add(import, &m->test[m->test_count - 1].value, a->ne[i].text))
			return false;
	}
	if (a->any_count && !put_test(import, m, "any", NULL, &a->any[0]))
		return false;
	if (a->subset && a->none.number && !put_test(import, m, "none", NULL, &a->none))
		return false;
	/* Another masked operator, since "any" stands there already; "ne" must not be in use. */
	if (a->any_count > 1 && a->ne_count)
		return sb_import_fail(
			import, sb_mj_peek(t)->line,
			"the language can ask for one & beside != of one argument, not two");
	return a->any_count < 2 || put_test(import, m, "ne", a->any[1].text, &zero);
}

/* Compares as minijail does, for each of the calls. */
static bool set_widths(struct sb_mj_tokens *t, const struct sb_words *calls, uint32_t argument,
		       const struct asked *a, struct sb_out_matcher *m)
{
	bool order = a->one[LT] || a->one[LE] || a->one[GT] || a->one[GE];

	for (uint32_t i = 0; i < calls->count; i++) {
		struct secbake_syscall call;

		if (secbake_syscall_describe(t->import->arch, calls->word[i], &call) &&
		    call.arg_count >= 0 && call.arg_count <= (int)argument)
			return sb_import_fail(
				t->import, sb_mj_peek(t)->line,
				"%s has no arg%u, and a condition on it means nothing; take "
				"it out",
				calls->word[i], argument);
		sb_out_compare_registers(m, t->import->arch, calls->word[i], argument,
					 order ? "lt" : "eq");
	}
	return true;
}

/* The kernel's name of the argument, if all calls have the same; on 32 bits registers may differ.
 */
static const char *argument_key(struct sb_mj_tokens *t, const struct sb_words *calls,
				uint32_t argument)
{
	static const char *const index[] = {"0", "1", "2", "3", "4", "5"};
	const char *name = NULL;

	for (uint32_t i = 0; i < calls->count; i++) {
		struct secbake_syscall call;

		if (t->import->arch->bits == 32 ||
		    !secbake_syscall_describe(t->import->arch, calls->word[i], &call) ||
		    call.arg_count <= (int)argument || !call.arg[argument].name ||
		    (name && strcmp(name, call.arg[argument].name) != 0))
			return index[argument];
		name = call.arg[argument].name;
	}
	return name ? name : index[argument];
}

static bool read_conjunction(struct sb_mj_tokens *t, const struct sb_words *calls,
			     struct sb_out_rule *rule, struct asked *asked)
{
	struct sb_out_set *set = sb_out_set(t->import, rule);
	uint32_t used = 0, argument;

	memset(asked, 0, ARGUMENTS * sizeof(*asked));
	do {
		uint32_t line = sb_mj_peek(t)->line;
		struct sb_mj_value value;
		enum op op;

		if (!set || !read_argument(t, &argument) || !read_op(t, &op) ||
		    !sb_mj_value(t, false, &value) ||
		    !add_atom(t, &asked[argument], op, &value, line))
			return false;
		used |= 1u << argument;
	} while (sb_mj_take(t, "&&"));
	for (argument = 0; argument < ARGUMENTS; argument++) {
		const struct asked *a = &asked[argument];
		struct sb_out_matcher *m;

		if (!(used & 1u << argument))
			continue;
		m = sb_out_matcher(t->import, set, argument_key(t, calls, argument));
		if (!m || !put_matcher(t, a, m) || !set_widths(t, calls, argument, a, m))
			return false;
		if (!m->test_count) /* "in ~0": any value */
			set->matcher_count--;
	}
	return true;
}

bool sb_mj_expression(struct sb_mj_tokens *t, const struct sb_words *calls,
		      struct sb_out_rule *rule)
{
	struct asked asked[ARGUMENTS];

	do {
		if (!read_conjunction(t, calls, rule, asked))
			return false;
	} while (sb_mj_take(t, "||"));
	return true;
}
