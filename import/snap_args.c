/* SPDX-License-Identifier: MIT */
/*
 * The words behind a call in a snap profile: one for each argument, "-" for any value.
 * snap-seccomp compares all 64 bits of a register, without a sign, whatever the kernel
 * makes of the argument; only user and group numbers it compares by their lower half.
 */
#include "snap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <secbake/inspect.h>

#include "compiler/syscalls.h"

#define ARGUMENTS 6

/* Those whose arguments snap-seccomp takes for 32 bits: they may be negative, and only equal. */
static const char *const lower_half[] = {
	"chown",       "chown32",    "copy_file_range", "fchown",      "fchown32",
	"fchownat",    "lchown",     "lchown32",	"setgid",      "setgid32",
	"setregid",    "setregid32", "setresgid",	"setresgid32", "setresuid",
	"setresuid32", "setreuid",   "setreuid32",	"setuid",      "setuid32",
};

/* Names of snap-seccomp's that no kernel header has. */
static const struct {
	const char *name, *value;
} own_constants[] = {{"AF_CONN", "123"}, {"PF_CONN", "123"}};

static const struct {
	const char *prefix, *op;
} operators[] = {{">=", "ge"}, {"<=", "le"}, {"!", "ne"}, {"<", "lt"}, {">", "gt"}, {"|", "all"}};

static const struct {
	const char *arch, *second;
} compatible[] = {{"x86_64", "x86"}, {"aarch64", "arm"}, {"ppc64", "ppc"}};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

bool sb_snap_architectures(struct sb_import *import, struct sb_snap *snap)
{
	snap->arch[0] = import->arch;
	snap->arch_count = 1;
	for (size_t i = 0; i < COUNT(compatible); i++)
		if (!strcmp(import->arch->name, compatible[i].arch))
			snap->arch[snap->arch_count++] = secbake_arch_find(compatible[i].second);
	return true;
}

/* One condition while it is read. */
struct condition {
	struct sb_import *import;
	struct sb_snap_line *line;
	const struct sb_snap *snap;
	uint32_t argument;
	bool lower; /* compared by the lower half */
	const char *op, *value, *why;
};

static bool takes_lower_half(const char *call)
{
	for (size_t i = 0; i < COUNT(lower_half); i++)
		if (!strcmp(lower_half[i], call))
			return true;
	return false;
}

static const char *no_value(struct condition *c, const char *word)
{
	const char *near = secbake_constant_nearest(word);

	if (*word == '-' && !c->lower)
		return sb_import_text(c->import,
				      "%s takes no negative number in snap-seccomp; what does "
				      "\"%.64s\" mean?",
				      c->line->name, word);
	return near ? sb_import_text(c->import,
				     "there is no constant \"%.64s\"; did you mean \"%s\"?", word,
				     near)
		    : sb_import_text(c->import,
				     "\"%.64s\" is neither a decimal number nor a constant", word);
}

/* [+-]digits, within 32 bits; signs only where negative numbers are understood. */
static bool read_number(struct condition *c, const char *word)
{
	const char *digits = word + (c->lower && (*word == '-' || *word == '+'));
	unsigned long long value;

	if (!*digits || strspn(digits, "0123456789") != strlen(digits)) {
		c->why = no_value(c, word);
		return false;
	}
	errno = 0;
	value = strtoull(digits, NULL, 10);
	if (errno || value > UINT32_MAX || (*word == '-' && value > 0x80000000u) ||
	    (*word == '+' && value > INT32_MAX)) {
		c->why = sb_import_text(c->import, "%.64s is no number of 32 bits", word);
		return false;
	}
	c->value = sb_import_text(c->import, "%s%llu", *word == '-' && value ? "-" : "", value);
	return c->value;
}

static bool read_value(struct condition *c, const char *word)
{
	uint64_t value;
	bool negative;

	for (size_t i = 0; i < COUNT(own_constants); i++) {
		if (!strcmp(word, own_constants[i].name)) {
			c->value = own_constants[i].value;
			return true;
		}
	}
	if (!secbake_constant(c->import->arch, word, &value, &negative))
		return read_number(c, word);
	if (negative || value > UINT32_MAX) {
		c->why = sb_import_text(
			c->import, "snap-seccomp takes no constant beyond 32 bits, as %s is", word);
		return false;
	}
	c->value = word;
	return true;
}

/* "u:NAME": resolved where the policy is compiled, as snap-seccomp does. */
static bool read_account(struct condition *c, const char *word)
{
	const char *name = word + 2;
	bool user = *word == 'u';

	c->op = "eq";
	if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789", *name) || !*name ||
	    name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-+._")]) {
		c->why = sb_import_text(c->import, "\"%.64s\" cannot be the name of a %s", name,
					user ? "user" : "group");
		return false;
	}
	c->value = sb_import_text(c->import, "%s:%s", user ? "user" : "group", name);
	return c->value;
}

static bool read_word(struct condition *c, const char *word)
{
	c->op = "eq";
	if (!strncmp(word, "u:", 2) || !strncmp(word, "g:", 2))
		return read_account(c, word);
	for (size_t i = 0; i < COUNT(operators); i++) {
		size_t size = strlen(operators[i].prefix);

		if (!strncmp(word, operators[i].prefix, size)) {
			c->op = operators[i].op;
			word += size;
			break;
		}
	}
	if (c->lower && strcmp(c->op, "eq") != 0) {
		c->why = sb_import_text(
			c->import, "snap-seccomp compares the arguments of %s for equality only",
			c->line->name);
		return false;
	}
	return read_value(c, word);
}

/*
 * What the matcher must say so that it compares as snap-seccomp does, on each architecture
 * of the profile. Where the kernel's own type says the same, nothing.
 */
static void set_width(struct condition *c, struct sb_out_matcher *m)
{
	for (uint32_t i = 0; i < c->snap->arch_count; i++) {
		struct sb_arg arg[ARGUMENTS];
		int count = sb_syscall_args(c->snap->arch[i], c->line->name, arg);
		enum sb_arg_class class =
			count > (int)c->argument ? arg[c->argument].class : SB_ARG_NONE;
		bool wide = class == SB_ARG_NONE || class == SB_ARG_PTR || class == SB_ARG_U64 ||
			    class == SB_ARG_S64;

		if (c->lower && wide && c->snap->arch[i]->bits == 64)
			m->width = 32;
		if (!c->lower)
			sb_out_compare_registers(m, c->snap->arch[i], c->line->name, c->argument,
						 c->op);
	}
}

/* The kernel's name of the argument, if it has one and the same on each architecture. */
static const char *argument_name(const struct condition *c)
{
	static const char *const index[] = {"0", "1", "2", "3", "4", "5"};
	const char *name = NULL;

	for (uint32_t i = 0; i < c->snap->arch_count; i++) {
		struct sb_arg arg[ARGUMENTS];
		int count = sb_syscall_args(c->snap->arch[i], c->line->name, arg);

		if (count < 0)
			continue;
		/* Behind an argument of two registers an index and a place in the list differ. */
		for (int k = 0; k < count; k++)
			if (c->snap->arch[i]->bits == 32 && arg[k].type &&
			    strstr(arg[k].type, "loff_t"))
				return index[c->argument];
		if (count <= (int)c->argument || !arg[c->argument].name ||
		    (name && strcmp(name, arg[c->argument].name) != 0))
			return index[c->argument];
		name = arg[c->argument].name;
	}
	return name ? name : index[c->argument];
}

/* On which architectures the call has that argument; a condition on another has no meaning. */
static uint32_t where_declared(const struct sb_snap *snap, const char *call, uint32_t argument)
{
	uint32_t where = 0;

	for (uint32_t i = 0; i < snap->arch_count; i++) {
		struct secbake_syscall syscall;

		if (!secbake_syscall_describe(snap->arch[i], call, &syscall) ||
		    syscall.arg_count < 0 || syscall.arg_count > (int)argument)
			where |= 1u << i;
	}
	return where;
}

static bool add_condition(struct condition *c)
{
	struct sb_out_matcher *m = sb_out_matcher(c->import, &c->line->set, argument_name(c));

	if (!m || !sb_out_test(c->import, m, c->op, NULL, c->value))
		return false;
	set_width(c, m);
	c->line->arch &= where_declared(c->snap, c->line->name, c->argument);
	c->line->conditions = sb_import_text(c->import, "%s %u%s%s", c->line->conditions,
					     c->argument, c->op, c->value);
	return c->line->conditions;
}

static bool read_conditions(struct condition *c, char *words)
{
	char *word;

	for (; (word = strtok_r(words, " \t\r", &words)); c->argument++) {
		if (c->argument == ARGUMENTS) {
			c->why = "a call has six arguments at most";
			return false;
		}
		if (!strcmp(word, "-"))
			continue;
		if (!read_word(c, word))
			return false;
		if (!strcmp(c->op, "all") && !strcmp(c->value, "0"))
			continue; /* "|0": each value has all of no bits */
		if (!add_condition(c))
			return false;
	}
	return true;
}

bool sb_snap_conditions(struct sb_import *import, const struct sb_snap *snap,
			struct sb_snap_line *line, char *words, const char **why)
{
	struct condition c = {.import = import, .snap = snap, .line = line};
	bool good;

	line->known = sb_syscall_known(line->name);
	line->arch = ~0u;
	line->conditions = "";
	c.lower = takes_lower_half(line->name);
	good = read_conditions(&c, words);
	*why = good || import->status ? NULL : c.why;
	return good || (*why && !line->known && c.argument < ARGUMENTS);
}
