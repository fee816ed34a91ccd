/* SPDX-License-Identifier: MIT */
/*
 * Conditions that look at other bits than the kernel does. All are one question:
 * is there a call that is refused, and runs when bits are set that make no
 * difference to the kernel?
 */
#include "check.h"

#include <stdio.h>
#include <string.h>

#define LOW UINT64_C(0xffffffff)

/* Of the calls that run, those that run only because bits in mask are not 0. */
static uint32_t slipping(struct sb_checker *c, uint32_t runs, uint32_t arg, uint64_t mask)
{
	uint32_t plain = sb_ask_with(&c->ask, runs, arg, mask, 0);

	return sb_ask_and(&c->ask, runs, sb_ask_not(&c->ask, plain));
}

/* "ioctl(0x0, 0x100005412)": the call that shows it. */
static const char *call_text(struct sb_checker *c, const char *name,
			     const struct seccomp_data *call)
{
	const char *text = sb_sprintf(c->arena, "%s(", name);
	int last = 5;

	while (last > 0 && !call->args[last])
		last--;
	for (int i = 0; i <= last && text; i++)
		text = sb_sprintf(c->arena, "%s%s0x%llx", text, i ? ", " : "",
				  (unsigned long long)call->args[i]);
	text = text ? sb_sprintf(c->arena, "%s)", text) : NULL;
	c->no_memory |= !text;
	return text ? text : "";
}

static const char *on(struct sb_checker *c, const struct secbake_arch *arch)
{
	const char *text = c->arch_count > 1 ? sb_sprintf(c->arena, " on %s", arch->name) : "";

	c->no_memory |= !text;
	return text ? text : "";
}

/* One argument of a call whose verdict depends on arguments. */
struct argument {
	const struct secbake_arch *arch;
	const char *call;
	uint32_t nr;
	uint32_t runs; /* the calls that run */
	const struct sb_arg *is;
	uint32_t index;
};

/*
 * Each argument of each such call. A check returns true when it told something: it is not told
 * again for another architecture.
 */
static void each_argument(struct sb_checker *c,
			  bool (*check)(struct sb_checker *c, const struct argument *at))
{
	const char *name;

	for (size_t i = 0; (name = sb_syscall_at(i)); i++) {
		const char *told[6] = {0};

		for (uint32_t a = 0; a < c->arch_count; a++) {
			struct argument at = {.arch = c->arch[a], .call = name};
			struct sb_arg arg[6];
			uint32_t verdicts;
			int count;

			if (!sb_call(c, at.arch, name, &at.nr, &verdicts) ||
			    c->ask.dd.node[verdicts].var >= SB_VAR_COUNT)
				continue;
			at.runs = sb_ask_kind(&c->ask, verdicts, sb_verdict_runs);
			count = sb_syscall_args(at.arch, name, arg);
			for (int k = 0; k < count && at.runs != SB_DD_NONE; k++) {
				at.is = &arg[k];
				at.index = (uint32_t)k;
				if ((!told[k] || strcmp(told[k], arg[k].name) != 0) &&
				    check(c, &at))
					told[k] = arg[k].name;
			}
		}
	}
}

/* Tells one slip: the call with the bits set runs, without them it does not. */
static void tell_slip(struct sb_checker *c, const struct argument *at, uint64_t mask, uint32_t set,
		      enum sb_check_code code, const char *why)
{
	struct seccomp_data call, refused;
	struct sb_place place;

	sb_ask_witness(&c->ask, set, &call);
	call.arch = at->arch->audit_arch;
	call.nr = (int)at->nr;
	refused = call;
	refused.args[at->index] &= ~mask;
	/* The rule that refuses, or else the one that lets too much run. */
	if (!sb_place_of(c, &refused, &place))
		sb_place_of(c, &call, &place);
	sb_found(c, code, &place, "%s is refused%s, %s runs: %s", call_text(c, at->call, &refused),
		 on(c, at->arch), call_text(c, at->call, &call), why);
}

static bool has_32_bits(const struct sb_arg *arg)
{
	switch (arg->class) {
	case SB_ARG_U32:
	case SB_ARG_S32:
	case SB_ARG_U16:
	case SB_ARG_FD:
	case SB_ARG_FD64:
		return true;
	default:
		/* SYSCALL_DEFINE says unsigned long, kernel_clone() takes lower_32_bits(). */
		return !strcmp(arg->name, "clone_flags");
	}
}

/*
 * The upper half of a 32-bit argument. Programs pass it as 0 or as copies of bit 31; what is
 * refused with both, and runs with another one, is refused to honest programs only.
 */
static bool check_upper_half(struct sb_checker *c, const struct argument *at)
{
	uint32_t zero, minus, negative, slip;
	struct sb_place place;

	if (at->arch->bits != 64 || !has_32_bits(at->is))
		return false;
	zero = sb_ask_with(&c->ask, at->runs, at->index, ~LOW, 0);
	if (zero == at->runs)
		return false; /* it does not depend on the upper half */
	negative = sb_ask_where(&c->ask, at->index, UINT64_C(1) << 31, UINT64_C(1) << 31);
	minus = sb_ask_and(&c->ask, sb_ask_with(&c->ask, at->runs, at->index, ~LOW, ~LOW),
			   negative);
	slip = sb_ask_and(
		&c->ask, at->runs,
		sb_ask_and(&c->ask, sb_ask_not(&c->ask, zero), sb_ask_not(&c->ask, minus)));
	if (slip != SB_DD_FALSE) {
		tell_slip(c, at, ~LOW, slip, SB_CHECK_UPPER_HALF_SLIPS_PAST,
			  sb_sprintf(c->arena,
				     "of \"%s\" the kernel looks at the lower 32 bits only",
				     at->is->name));
		return true;
	}
	/* The rule that lets only some upper halves run. */
	sb_place_of_set(c, at->arch, at->nr, at->runs, &place);
	sb_found(c, SB_CHECK_UPPER_HALF_COMPARED, &place,
		 "\"%s\" of %s is compared on 64 bits%s, the kernel looks at 32: the same call is "
		 "refused when the upper half is not what the rule expects",
		 at->is->name, at->call, on(c, at->arch));
	return true;
}

void sb_check_upper_halves(struct sb_checker *c)
{
	each_argument(c, check_upper_half);
}

/* umode_t and the old ids have 16 bits; above 32 is another check's. */
static bool check_dropped(struct sb_checker *c, const struct argument *at)
{
	uint64_t mask = at->is->class == SB_ARG_U16 ? UINT64_C(0xffff0000) : 0;
	uint32_t slip;

	/* chmod and its like: fs/open.c has (mode & S_IALLUGO). */
	if (strstr(at->call, "chmod") && !strcmp(at->is->name, "mode"))
		mask |= 0xf000;
	slip = mask ? slipping(c, at->runs, at->index, mask) : SB_DD_FALSE;
	if (slip == SB_DD_FALSE || slip == SB_DD_NONE)
		return false;
	tell_slip(c, at, mask, slip, SB_CHECK_DROPPED_BITS_SLIP_PAST,
		  sb_sprintf(c->arena, "of \"%s\" the kernel keeps the lower %d bits only",
			     at->is->name, mask & 0xf000 ? 12 : 16));
	return true;
}

void sb_check_dropped_bits(struct sb_checker *c)
{
	each_argument(c, check_dropped);
}

/* Bits that do not change what a call is refused for. */
static const struct {
	const char *call, *arg;
	uint64_t mask;
	const char *constant; /* of the architecture, or'ed to mask */
	const char *why;
} flag_bits[] = {
	/* net/socket.c: type = flags & SOCK_TYPE_MASK */
	{"socket", "type", 0, "SOCK_CLOEXEC", "SOCK_CLOEXEC changes nothing of the type"},
	{"socket", "type", 0, "SOCK_NONBLOCK", "SOCK_NONBLOCK changes nothing of the type"},
	{"socketpair", "type", 0, "SOCK_CLOEXEC", "SOCK_CLOEXEC changes nothing of the type"},
	{"socketpair", "type", 0, "SOCK_NONBLOCK", "SOCK_NONBLOCK changes nothing of the type"},
	/* kernel/fork.c: the signal that tells the parent, not a flag */
	{"clone", "clone_flags", 0xff, NULL, "the lowest byte is a signal, not a flag"},
	/* mm/mmap.c looks at PROT_READ, PROT_WRITE and PROT_EXEC and ignores what it does not know
	 */
	{"mmap", "prot", 0x8, NULL, "PROT_SEM (0x8) changes nothing"},
	{"mmap2", "prot", 0x8, NULL, "PROT_SEM (0x8) changes nothing"},
	{"mprotect", "prot", 0x8, NULL, "PROT_SEM (0x8) changes nothing"},
	{"pkey_mprotect", "prot", 0x8, NULL, "PROT_SEM (0x8) changes nothing"},
	/* fs/namespace.c: discards MS_MGC_VAL */
	{"mount", "flags", 0xc0ed0000, NULL, "mount discards the magic number 0xC0ED"},
};
#define FLAG_BITS (sizeof(flag_bits) / sizeof(flag_bits[0]))

/*
 * A policy that refuses by name: by a rule, or all but a few values run ("ne", "notIn"), which
 * is the same. In a list of what is allowed, a combination that is left out is left out on
 * purpose as often as not.
 */
static bool refuses_by_name(struct sb_checker *c, const struct argument *at,
			    const struct seccomp_data *refused)
{
	struct sb_place place;

	return !c->front || sb_place_of(c, refused, &place) ||
	       sb_ask_share(&c->ask, at->runs, at->index, refused) > 255.0 / 256;
}

static bool check_flags(struct sb_checker *c, const struct argument *at)
{
	for (size_t i = 0; i < FLAG_BITS; i++) {
		uint64_t mask = flag_bits[i].mask;
		struct seccomp_data call;
		uint32_t slip;

		if (strcmp(flag_bits[i].call, at->call) != 0 ||
		    strcmp(flag_bits[i].arg, at->is->name) != 0)
			continue;
		if (flag_bits[i].constant)
			mask |= sb_value(at->arch, flag_bits[i].constant);
		slip = mask ? slipping(c, at->runs, at->index, mask) : SB_DD_FALSE;
		if (slip == SB_DD_FALSE || slip == SB_DD_NONE)
			continue;
		sb_ask_witness(&c->ask, slip, &call);
		call.arch = at->arch->audit_arch;
		call.nr = (int)at->nr;
		call.args[at->index] &= ~mask;
		if (!refuses_by_name(c, at, &call))
			continue;
		tell_slip(c, at, mask, slip, SB_CHECK_FLAG_BITS_SLIP_PAST, flag_bits[i].why);
		return true;
	}
	return false;
}

void sb_check_flag_bits(struct sb_checker *c)
{
	each_argument(c, check_flags);
}

/* Does the verdict depend on a pointer beyond its being NULL? */
static bool check_pointer(struct sb_checker *c, const struct argument *at)
{
	uint64_t all = at->arch->bits == 64 ? UINT64_MAX : LOW;
	uint32_t null, some, refused, depends;
	struct sb_place place;

	if (at->is->class != SB_ARG_PTR)
		return false;
	null = sb_ask_where(&c->ask, at->index, all, 0);
	/* With all else equal, one address runs and another is refused. */
	some = sb_ask_and(&c->ask, at->runs, sb_ask_not(&c->ask, null));
	refused = sb_ask_and(&c->ask, sb_ask_not(&c->ask, at->runs), sb_ask_not(&c->ask, null));
	depends = sb_ask_and(&c->ask, sb_ask_some(&c->ask, some, at->index, all),
			     sb_ask_some(&c->ask, refused, at->index, all));
	if (depends == SB_DD_FALSE || depends == SB_DD_NONE)
		return false;
	/* The rule is where the smaller part of the addresses goes: try both. */
	if (!sb_place_of_set(c, at->arch, at->nr, sb_ask_and(&c->ask, depends, some), &place))
		sb_place_of_set(c, at->arch, at->nr, sb_ask_and(&c->ask, depends, refused), &place);
	sb_found(
		c, SB_CHECK_POINTER_COMPARED, &place,
		"whether %s runs%s depends on the address in \"%s\", which the caller chooses freely",
		at->call, on(c, at->arch), at->is->name);
	return true;
}

void sb_check_pointers(struct sb_checker *c)
{
	each_argument(c, check_pointer);
}
