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
	c->no_memory |= !text;
	return text ? text : "";
}

static const char *on(struct sb_checker *c, const struct secbake_arch *arch)
{
	const char *text = c->arch_count > 1 ? sb_sprintf(c->arena, " on %s", arch->name) : "";

	c->no_memory |= !text;
	return text ? text : "";
}

/* Tells one slip: the call with the bits set runs, without them it does not. */
static void tell_slip(struct sb_checker *c, const struct secbake_arch *arch, const char *name,
		      uint32_t nr, const struct sb_arg *arg, uint32_t index, uint64_t mask,
		      uint32_t set, enum sb_check_code code, const char *why)
{
	struct seccomp_data call, refused;
	struct sb_place place;

	sb_ask_witness(&c->ask, set, &call);
	call.arch = arch->audit_arch;
	call.nr = (int)nr;
	refused = call;
	refused.args[index] &= ~mask;
	sb_place_of(c, &refused, &place);
	sb_found(c, code, &place, "%s is refused%s, %s runs: %s of \"%s\"",
		 call_text(c, name, &refused), on(c, arch), call_text(c, name, &call), why,
		 arg->name);
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
static void upper_half(struct sb_checker *c, const struct secbake_arch *arch, const char *name,
		       uint32_t nr, uint32_t runs, const struct sb_arg *arg, uint32_t index)
{
	uint32_t zero = sb_ask_with(&c->ask, runs, index, ~LOW, 0);
	uint32_t minus = sb_ask_with(&c->ask, runs, index, ~LOW, ~LOW);
	uint32_t negative = sb_ask_where(&c->ask, index, UINT64_C(1) << 31, UINT64_C(1) << 31);
	uint32_t usual, slip;
	struct sb_place place;

	if (zero == runs)
		return; /* it does not depend on the upper half */
	minus = sb_ask_and(&c->ask, minus, negative);
	usual = sb_ask_not(&c->ask, sb_ask_and(&c->ask, sb_ask_not(&c->ask, zero),
					       sb_ask_not(&c->ask, minus)));
	slip = sb_ask_and(&c->ask, runs, sb_ask_not(&c->ask, usual));
	if (slip != SB_DD_FALSE) {
		tell_slip(c, arch, name, nr, arg, index, ~LOW, slip, SB_CHECK_UPPER_HALF_SLIPS_PAST,
			  "the kernel does not look at the upper half");
		return;
	}
	/* The rule that lets only some upper halves run. */
	sb_place_of_set(c, arch, nr, runs, &place);
	sb_found(c, SB_CHECK_UPPER_HALF_COMPARED, &place,
		 "\"%s\" of %s is compared on 64 bits%s, the kernel looks at 32: the same call is "
		 "refused when the upper half is not what the rule expects",
		 arg->name, name, on(c, arch));
}

/* Calls f for each argument of each call whose verdict depends on arguments. */
typedef void argument_check(struct sb_checker *c, const struct secbake_arch *arch, const char *name,
			    uint32_t nr, uint32_t runs, const struct sb_arg *arg, uint32_t index);

static void each_argument(struct sb_checker *c, argument_check *check)
{
	const char *name;

	for (uint32_t a = 0; a < c->arch_count; a++) {
		for (size_t i = 0; (name = sb_syscall_at(i)); i++) {
			uint32_t nr, verdicts, runs;
			struct sb_arg arg[6];
			int count;

			if (!sb_call(c, c->arch[a], name, &nr, &verdicts) ||
			    c->ask.dd.node[verdicts].var >= SB_VAR_COUNT)
				continue;
			runs = sb_ask_kind(&c->ask, verdicts, sb_verdict_runs);
			count = sb_syscall_args(c->arch[a], name, arg);
			for (int k = 0; k < count && runs != SB_DD_NONE; k++)
				check(c, c->arch[a], name, nr, runs, &arg[k], (uint32_t)k);
		}
	}
}

static void check_upper_half(struct sb_checker *c, const struct secbake_arch *arch,
			     const char *name, uint32_t nr, uint32_t runs, const struct sb_arg *arg,
			     uint32_t index)
{
	if (arch->bits == 64 && has_32_bits(arg))
		upper_half(c, arch, name, nr, runs, arg, index);
}

void sb_check_upper_halves(struct sb_checker *c)
{
	each_argument(c, check_upper_half);
}

/* umode_t and the old ids have 16 bits; only 32 are asked about, the rest is another check's. */
static void check_dropped(struct sb_checker *c, const struct secbake_arch *arch, const char *name,
			  uint32_t nr, uint32_t runs, const struct sb_arg *arg, uint32_t index)
{
	uint64_t mask = arg->class == SB_ARG_U16 ? UINT64_C(0xffff0000) : 0;
	uint32_t slip;

	/* chmod and its like: fs/open.c has (mode & S_IALLUGO). */
	if (strstr(name, "chmod") && !strcmp(arg->name, "mode"))
		mask |= 0xf000;
	if (!mask)
		return;
	slip = slipping(c, runs, index, mask);
	if (slip != SB_DD_FALSE && slip != SB_DD_NONE)
		tell_slip(c, arch, name, nr, arg, index, mask, slip,
			  SB_CHECK_DROPPED_BITS_SLIP_PAST, "the kernel drops those bits");
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
	/* kernel/fork.c: the signal that tells the parent, not a flag */
	{"clone", "clone_flags", 0xff, NULL, "the lowest byte is a signal, not a flag"},
	/* mm/mmap.c looks at PROT_READ, PROT_WRITE and PROT_EXEC; what it does not know it ignores
	 */
	{"mmap", "prot", 0x8, NULL, "mmap ignores PROT_SEM"},
	{"mmap2", "prot", 0x8, NULL, "mmap ignores PROT_SEM"},
	{"mprotect", "prot", 0x8, NULL, "mprotect ignores PROT_SEM"},
	{"pkey_mprotect", "prot", 0x8, NULL, "mprotect ignores PROT_SEM"},
	/* fs/namespace.c: discards MS_MGC_VAL */
	{"mount", "flags", 0xc0ed0000, NULL, "mount discards the magic number 0xC0ED"},
};

/*
 * Only what a rule refuses: in a list of what is allowed, a combination that is left out is
 * left out on purpose as often as not.
 */
static void check_flags(struct sb_checker *c, const struct secbake_arch *arch, const char *name,
			uint32_t nr, uint32_t runs, const struct sb_arg *arg, uint32_t index)
{
	for (size_t i = 0; i < sizeof(flag_bits) / sizeof(flag_bits[0]); i++) {
		uint64_t mask = flag_bits[i].mask;
		struct seccomp_data call;
		struct sb_place place;
		uint32_t slip;

		if (strcmp(flag_bits[i].call, name) != 0 ||
		    strcmp(flag_bits[i].arg, arg->name) != 0)
			continue;
		if (flag_bits[i].constant)
			mask |= sb_value(arch, flag_bits[i].constant);
		slip = mask ? slipping(c, runs, index, mask) : SB_DD_FALSE;
		if (slip == SB_DD_FALSE || slip == SB_DD_NONE)
			continue;
		sb_ask_witness(&c->ask, slip, &call);
		call.arch = arch->audit_arch;
		call.nr = (int)nr;
		call.args[index] &= ~mask;
		if (!c->front || sb_place_of(c, &call, &place))
			tell_slip(c, arch, name, nr, arg, index, mask, slip,
				  SB_CHECK_FLAG_BITS_SLIP_PAST,
				  sb_sprintf(c->arena, "%s, which is part", flag_bits[i].why));
	}
}

void sb_check_flag_bits(struct sb_checker *c)
{
	each_argument(c, check_flags);
}

/* Does the verdict depend on a pointer beyond its being NULL? */
static void check_pointer(struct sb_checker *c, const struct secbake_arch *arch, const char *name,
			  uint32_t nr, uint32_t runs, const struct sb_arg *arg, uint32_t index)
{
	uint64_t all = arch->bits == 64 ? UINT64_MAX : LOW;
	uint32_t null, some, every;
	struct sb_place place;

	if (arg->class != SB_ARG_PTR)
		return;
	null = sb_ask_where(&c->ask, index, all, 0);
	some = sb_ask_some(&c->ask, sb_ask_and(&c->ask, runs, sb_ask_not(&c->ask, null)), index,
			   all);
	every = sb_ask_not(&c->ask, sb_ask_some(&c->ask,
						sb_ask_and(&c->ask, sb_ask_not(&c->ask, runs),
							   sb_ask_not(&c->ask, null)),
						index, all));
	if (some == every)
		return;
	sb_place_of_set(
		c, arch, nr,
		sb_ask_and(&c->ask, runs, sb_ask_and(&c->ask, some, sb_ask_not(&c->ask, every))),
		&place);
	sb_found(
		c, SB_CHECK_POINTER_COMPARED, &place,
		"whether %s runs%s depends on the address in \"%s\", which the caller chooses freely",
		name, on(c, arch), arg->name);
}

void sb_check_pointers(struct sb_checker *c)
{
	each_argument(c, check_pointer);
}
