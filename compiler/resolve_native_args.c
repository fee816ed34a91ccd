/* SPDX-License-Identifier: MIT */
/*
 * Arguments of a rule on one call: where each is, how the kernel reads it, and
 * what that makes of the rule's conditions. On 32-bit ABIs an argument of 64
 * bits takes two registers, which moves those behind it; how is said in the
 * kernel's calling conventions (man 2 syscall, "Architecture-specific requirements").
 */
#include "resolve_native.h"

#include <string.h>

#include "nearest.h"
#include "prove_internal.h"
#include "syscalls.h"

#define ARGS_MAX 6u

/* Arguments of a call in registers. */
struct layout {
	const char *called;
	int count;    /* registers; -1: not known */
	int declared; /* arguments */
	struct sb_arg arg[ARGS_MAX];
	uint8_t at[ARGS_MAX]; /* register of each */
	bool wide[ARGS_MAX];  /* takes two */
};

/* What was found out about the comparisons of a rule, over all calls. */
enum { TRIED = 1, POSSIBLE = 2, REPORTED = 4 };

struct sb_native_args {
	struct sb_binder *b;
	const struct sb_native_rule *rule;
	uint32_t matcher_count;
	const struct sb_native_matcher **matcher; /* of all sets, in order */
	uint8_t *set_seen;
	uint8_t *matcher_seen;
	uint8_t **test_seen; /* of each matcher */
	/* Where the first call on this architecture had each, to compare. */
	uint32_t arch;
	const char **first; /* call */
	uint8_t *first_index;
};

struct sb_native_args *sb_native_args_new(struct sb_binder *b, const struct sb_native_rule *rule)
{
	struct sb_native_args *args = sb_alloc(b->arena, 1, sizeof(*args));
	uint32_t count = 0;

	if (!args)
		return NULL;
	*args = (struct sb_native_args){.b = b, .rule = rule, .arch = SB_NONE};
	for (uint32_t i = 0; i < rule->set_count; i++)
		args->matcher_count += rule->set[i].matcher_count;
	args->matcher = sb_alloc(b->arena, args->matcher_count, sizeof(*args->matcher));
	args->set_seen = sb_alloc(b->arena, rule->set_count, 1);
	args->matcher_seen = sb_alloc(b->arena, args->matcher_count, 1);
	args->test_seen = sb_alloc(b->arena, args->matcher_count, sizeof(*args->test_seen));
	args->first = sb_alloc(b->arena, args->matcher_count, sizeof(*args->first));
	args->first_index = sb_alloc(b->arena, args->matcher_count, 1);
	if (!args->matcher || !args->set_seen || !args->matcher_seen || !args->test_seen ||
	    !args->first || !args->first_index)
		return NULL;
	for (uint32_t i = 0; i < rule->set_count; i++) {
		for (uint32_t j = 0; j < rule->set[i].matcher_count; j++) {
			args->matcher[count] = &rule->set[i].matcher[j];
			args->test_seen[count] =
				sb_alloc(b->arena, args->matcher[count]->test_count, 1);
			if (!args->test_seen[count++])
				return NULL;
		}
	}
	return args;
}

uint32_t sb_native_matcher_count(const struct sb_native_args *args)
{
	return args->matcher_count;
}

static bool is_wide(const struct sb_arg *arg)
{
	static const char *const types[] = {"loff_t", "u64", "__u64", "const loff_t"};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (!strcmp(arg->type, types[i]))
			return true;
	return false;
}

/* arm, powerpc and mips pass a pair of registers that begins at an even one. */
static bool pairs_are_even(const struct secbake_arch *arch)
{
	return !strcmp(arch->table, "arm") || !strcmp(arch->table, "ppc") ||
	       !strcmp(arch->table, "mips");
}

static void find_layout(const struct secbake_arch *arch, const char *called, struct layout *layout)
{
	uint8_t at = 0;

	*layout = (struct layout){.called = called, .count = -1};
	if (called)
		layout->declared = sb_syscall_args(arch, called, layout->arg);
	if (!called || layout->declared < 0)
		return;
	for (int i = 0; i < layout->declared; i++) {
		layout->wide[i] = arch->bits == 32 && is_wide(&layout->arg[i]);
		if (layout->wide[i] && pairs_are_even(arch))
			at += at & 1;
		layout->at[i] = at;
		at = (uint8_t)(at + 1 + layout->wide[i]);
	}
	layout->count = at > ARGS_MAX ? ARGS_MAX : at;
}

static bool is_unsigned(const char *type)
{
	return strstr(type, "unsigned") || !strncmp(type, "u32", 3);
}

/* The type of register number index, as the kernel reads it there. */
static struct sb_native_type type_of(const struct secbake_arch *arch, const struct layout *layout,
				     uint8_t index)
{
	struct sb_native_type type = {.index = index, .width = 64, .bits = 64};
	const struct sb_arg *arg = NULL;

	for (int i = 0; layout->count >= 0 && i < layout->declared; i++)
		if (layout->at[i] == index && !layout->wide[i])
			arg = &layout->arg[i];
	if (arch->bits == 32)
		type.bits = 32;
	switch (arg ? arg->class : SB_ARG_NONE) {
	case SB_ARG_S32:
		type.is_signed = true;
		type.width = 32;
		break;
	case SB_ARG_FD:
		type.is_signed = !is_unsigned(arg->type);
		type.width = 32;
		break;
	case SB_ARG_U32:
	case SB_ARG_U16: /* narrower types reach the kernel's functions as 32 bits */
	case SB_ARG_FD64:
		type.width = 32;
		break;
	case SB_ARG_S64:
		type.is_signed = true;
		break;
	default:
		break;
	}
	return type;
}

static bool no_name(const struct sb_reader *reader, const struct secbake_arch *arch,
		    const struct sb_native_matcher *matcher, const struct layout *layout)
{
	struct sb_nearest nearest = {.word = matcher->node->name};
	char list[256] = "";
	size_t used = 0;

	if (layout->count < 0)
		return sb_native_fail(reader, matcher->node,
				      "the arguments of %s are not known by name; write an index, "
				      "\"0\" to \"5\"",
				      layout->called ? layout->called : "this number");
	for (int i = 0; i < layout->declared; i++) {
		size_t size = strlen(layout->arg[i].name);

		sb_nearest_try(&nearest, layout->arg[i].name);
		if (used + size + 3 > sizeof(list))
			continue;
		if (used) {
			memcpy(list + used, ", ", 2);
			used += 2;
		}
		memcpy(list + used, layout->arg[i].name, size + 1);
		used += size;
	}
	if (nearest.best)
		return sb_native_fail(reader, matcher->node,
				      "%s has no argument \"%.64s\" on %s; did you mean \"%s\"?",
				      layout->called, matcher->node->name, arch->name,
				      nearest.best);
	if (!used)
		return sb_native_fail(reader, matcher->node, "%s has no arguments on %s",
				      layout->called, arch->name);
	return sb_native_fail(reader, matcher->node,
			      "%s has no argument \"%.64s\" on %s; it has %s", layout->called,
			      matcher->node->name, arch->name, list);
}

static bool find_index(const struct sb_reader *reader, const struct secbake_arch *arch,
		       const struct sb_native_matcher *matcher, const struct layout *layout,
		       uint8_t *index)
{
	const char *name = matcher->node->name;

	if (*name >= '0' && *name <= '9') {
		if (name[1] || *name > '5')
			return sb_native_fail(reader, matcher->node,
					      "there is no argument \"%.64s\"; a call has \"0\" to "
					      "\"5\"",
					      name);
		*index = (uint8_t)(*name - '0');
		if (layout->count >= 0 && *index >= layout->count)
			return sb_native_fail(reader, matcher->node,
					      "%s has %d argument%s on %s; there is no \"%s\"",
					      layout->called, layout->count,
					      layout->count == 1 ? "" : "s", arch->name, name);
		return true;
	}
	for (int i = 0; layout->count >= 0 && i < layout->declared; i++) {
		if (strcmp(layout->arg[i].name, name) != 0)
			continue;
		if (layout->wide[i])
			return sb_native_fail(reader, matcher->node,
					      "\"%s\" of %s takes two registers on %s; use their "
					      "indices, \"%u\" and \"%u\"",
					      name, layout->called, arch->name, layout->at[i],
					      layout->at[i] + 1u);
		if (layout->at[i] >= ARGS_MAX)
			return sb_native_fail(
				reader, matcher->node,
				"\"%s\" of %s is the seventh register on %s, which no "
				"filter sees",
				name, layout->called, arch->name);
		*index = layout->at[i];
		return true;
	}
	return no_name(reader, arch, matcher, layout);
}

bool sb_native_types(struct sb_native_args *args, uint32_t arch, const struct sb_native_call *call,
		     struct sb_native_type *type)
{
	const struct secbake_arch *on = args->b->bound->arch[arch];
	const struct sb_reader *reader = &args->rule->spot.doc->reader;
	struct layout layout;
	bool good = true;

	find_layout(on, call->called[arch], &layout);
	if (args->arch != arch) {
		args->arch = arch;
		memset(args->first, 0, args->matcher_count * sizeof(*args->first));
	}
	for (uint32_t i = 0; i < args->matcher_count; i++) {
		const struct sb_native_matcher *matcher = args->matcher[i];
		uint8_t index = 0;

		if (args->matcher_seen[i] & REPORTED) {
			good = false;
			continue;
		}
		if (!find_index(reader, on, matcher, &layout, &index)) {
			args->matcher_seen[i] |= REPORTED;
			good = false;
			continue;
		}
		if (args->first[i] && args->first_index[i] != index) {
			args->matcher_seen[i] |= REPORTED;
			good = sb_native_fail(reader, matcher->node,
					      "\"%s\" is argument %u of %s and %u of %s; write a "
					      "rule for each",
					      matcher->node->name, args->first_index[i],
					      args->first[i], index, layout.called);
			continue;
		}
		if (layout.called) {
			args->first[i] = layout.called;
			args->first_index[i] = index;
		}
		type[i] = type_of(on, &layout, index);
		if (matcher->width)
			type[i].width = matcher->width;
		if (type[i].width < type[i].bits)
			type[i].bits = type[i].width;
		if (matcher->is_signed >= 0)
			type[i].is_signed = matcher->is_signed != 0;
	}
	return good;
}

/*
 * Conditions of one set, while they are collected; those on the same bits are one. In
 * order: how the members of "args" are written means nothing, so it changes no program.
 */
struct conditions {
	uint32_t count, room;
	uint8_t *arg;
	struct sb_native_words *words;
};

static bool add_words(struct sb_native_args *args, struct conditions *c, uint8_t arg,
		      const struct sb_native_words *words)
{
	uint32_t at = 0;

	while (at < c->count &&
	       (c->arg[at] < arg || (c->arg[at] == arg && c->words[at].mask < words->mask)))
		at++;
	if (at < c->count && c->arg[at] == arg && c->words[at].mask == words->mask)
		return sb_native_words_both(args->b->arena, &c->words[at], words) ||
		       sb_native_memory(&args->rule->spot.doc->reader);
	memmove(c->arg + at + 1, c->arg + at, (c->count - at) * sizeof(*c->arg));
	memmove(c->words + at + 1, c->words + at, (c->count - at) * sizeof(*c->words));
	c->arg[at] = arg;
	c->words[at] = *words;
	c->count++;
	return true;
}

static bool add_matcher(struct sb_native_args *args, uint32_t index, uint32_t arch,
			const struct sb_native_type *type, struct conditions *c)
{
	const struct sb_native_matcher *matcher = args->matcher[index];
	bool good = true;

	for (uint32_t i = 0; i < matcher->test_count; i++) {
		uint8_t *seen = &args->test_seen[index][i];
		struct sb_native_words words;

		if (*seen & REPORTED) {
			good = false;
			continue;
		}
		*seen |= TRIED;
		if (!sb_native_words(&args->rule->spot.doc->reader, &matcher->test[i], type,
				     args->b->bound->arch[arch], matcher->node->name, &words)) {
			*seen |= REPORTED;
			good = false;
			continue;
		}
		if (words.count)
			*seen |= POSSIBLE;
		good &= add_words(args, c, type->index, &words);
	}
	return good;
}

enum outcome { FAILED, NEVER, SOMETIMES, ALWAYS };

/* Conditions of which each holds for some value, but not together on one argument, or not masked.
 */
static bool contradict(struct sb_binder *b, const struct sb_clause *clause)
{
	bool possible = true;

	for (uint32_t i = 0; i < clause->cond_count && possible; i++) {
		const struct sb_cond *cond = &clause->cond[i];
		uint32_t k = 0;

		while (k < cond->interval_count && (cond->interval[k].lo & ~cond->mask) &&
		       (cond->interval[k].hi & ~cond->mask))
			k++;
		possible = k < cond->interval_count && (!i || cond->arg != cond[-1].arg);
	}
	return !possible && sb_native_ask(b, clause, 1) == SB_DD_FALSE;
}

/* One set of conditions as a clause; what always holds is left out. */
static enum outcome make_clause(struct sb_native_args *args, const struct conditions *c,
				struct sb_clause *clause)
{
	struct sb_cond *cond = sb_alloc(args->b->arena, c->count, sizeof(*cond));
	uint32_t count = 0;

	if (!cond) {
		sb_native_memory(&args->rule->spot.doc->reader);
		return FAILED;
	}
	for (uint32_t i = 0; i < c->count; i++) {
		const struct sb_native_words *words = &c->words[i];

		if (!words->count)
			return NEVER;
		if (words->count == 1 && words->interval->lo == 0 &&
		    words->interval->hi >= words->mask)
			continue;
		cond[count++] = (struct sb_cond){.arg = c->arg[i],
						 .mask = words->mask,
						 .interval_count = words->count,
						 .interval = words->interval};
	}
	*clause = (struct sb_clause){count, cond};
	if (!count)
		return ALWAYS;
	return contradict(args->b, clause) ? NEVER : SOMETIMES;
}

static enum outcome bind_set(struct sb_native_args *args, uint32_t set, uint32_t first,
			     uint32_t arch, const struct sb_native_type *type,
			     struct sb_clause *clause)
{
	const struct sb_native_set *from = &args->rule->set[set];
	struct conditions c = {0};
	enum outcome outcome;
	size_t room = 0;
	bool good = true;

	for (uint32_t i = 0; i < from->matcher_count; i++)
		room += from->matcher[i].test_count;
	c.arg = sb_alloc(args->b->arena, room, 1);
	c.words = sb_alloc(args->b->arena, room, sizeof(*c.words));
	if (!c.arg || !c.words) {
		sb_native_memory(&args->rule->spot.doc->reader);
		return FAILED;
	}
	for (uint32_t i = 0; i < from->matcher_count; i++)
		good &= add_matcher(args, first + i, arch, &type[first + i], &c);
	outcome = good ? make_clause(args, &c, clause) : FAILED;
	args->set_seen[set] |= TRIED | (outcome > NEVER ? POSSIBLE : 0);
	return outcome;
}

bool sb_native_clauses(struct sb_native_args *args, uint32_t arch,
		       const struct sb_native_type *type, struct sb_bound_rule *bound)
{
	const struct sb_native_rule *rule = args->rule;
	struct sb_clause *clause = sb_alloc(args->b->arena, rule->set_count, sizeof(*clause));
	uint32_t first = 0;
	bool always = rule->set_count == 0, good = true;

	bound->clause_count = 0;
	if (!clause)
		return sb_native_memory(&rule->spot.doc->reader);
	for (uint32_t i = 0; i < rule->set_count; i++) {
		switch (bind_set(args, i, first, arch, type, &clause[bound->clause_count])) {
		case FAILED:
			good = false;
			break;
		case ALWAYS:
			always = true;
			break;
		case SOMETIMES:
			bound->clause_count++;
			break;
		case NEVER:
			break;
		}
		first += rule->set[i].matcher_count;
	}
	bound->clause = clause;
	bound->never = !always && !bound->clause_count;
	if (always)
		bound->clause_count = 0;
	return good;
}

void sb_native_warn_never(struct sb_native_args *args)
{
	const struct sb_native_rule *rule = args->rule;
	const struct sb_reader *reader = &rule->spot.doc->reader;
	uint32_t first = 0;

	for (uint32_t i = 0; i < rule->set_count; i++) {
		bool told = false;

		for (uint32_t j = 0; j < rule->set[i].matcher_count; j++) {
			const struct sb_native_matcher *matcher = args->matcher[first + j];

			for (uint32_t k = 0; k < matcher->test_count; k++) {
				uint8_t seen = args->test_seen[first + j][k];

				if (!(seen & TRIED) || (seen & (POSSIBLE | REPORTED)))
					continue;
				told = true;
				sb_json_warn_as(reader, matcher->test[k].node, "never-true",
						"never true: no value of \"%s\" can meet this",
						matcher->node->name);
			}
		}
		first += rule->set[i].matcher_count;
		if (!told && (args->set_seen[i] & TRIED) && !(args->set_seen[i] & POSSIBLE))
			sb_json_warn_as(reader,
					rule->set_count == 1 ? rule->spot.node
							     : rule->set[i].matcher->node,
					"never-true",
					"never true: no call can meet all of these conditions");
	}
}
