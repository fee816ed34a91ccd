/* SPDX-License-Identifier: MIT */
/* Architectures that a program can switch to without asking: what becomes of their calls. */
#include "check.h"

#include <string.h>

static const struct {
	const char *arch, *others[3];
} families[] = {
	{"x86_64", {"x86", "x32"}},
	{"aarch64", {"arm"}},
	{"s390x", {"s390"}},
	{"ppc64", {"ppc"}},
	{"mips64", {"mips", "mips64n32"}},
	{"mipsel64", {"mipsel", "mipsel64n32"}},
	{"parisc64", {"parisc"}},
};

const struct secbake_arch *sb_sibling(const struct secbake_arch *arch, size_t index)
{
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		if (!strcmp(families[i].arch, arch->name) && index < 3 && families[i].others[index])
			return secbake_arch_find(families[i].others[index]);
	return NULL;
}

uint32_t sb_arch_numbers(const struct sb_checker *c, const struct secbake_arch *arch)
{
	uint32_t f = sb_ask_arch(&c->ask, arch->audit_arch);

	if (arch->x32) { /* bit 30 set, bit 31 not */
		f = sb_dd_half(&c->ask.dd, f, SB_VAR_NR, false);
		f = sb_dd_half(&c->ask.dd, f, SB_VAR_NR + 1, true);
	}
	return f;
}

/*
 * By a policy that lists it, or a program that tells its numbers apart; not by chance, because
 * the program does not look at `arch`: it then says the same for a value that no architecture has.
 */
static bool covered(const struct sb_checker *c, const struct secbake_arch *arch)
{
	if (!c->front && sb_arch_numbers(c, arch) == sb_ask_arch(&c->ask, 0))
		return false;
	for (uint32_t i = 0; i < c->arch_count; i++)
		if (c->arch[i] == arch)
			return true;
	return false;
}

/*
 * What an architecture that is not covered gets: of policies the same for every number, of
 * programs that do not look at `arch` what the same numbers of the target get.
 */
void sb_check_arches(struct sb_checker *c)
{
	struct sb_tally open = {.c = c};
	bool filters = sb_ask_kind(&c->ask, sb_ask_arch(&c->ask, c->target->audit_arch),
				   sb_verdict_refuses) != SB_DD_FALSE;

	for (size_t i = 0; i < 3; i++) {
		const struct secbake_arch *arch = sb_sibling(c->target, i);
		uint32_t nr, f;
		struct sb_place place;

		if (!arch || covered(c, arch) || !sb_call(c, arch, "getpid", &nr, &f))
			continue;
		sb_place_of_set(c, arch, nr, SB_DD_TRUE, &place);
		if (sb_ask_kind(&c->ask, sb_arch_numbers(c, arch), sb_verdict_runs) == SB_DD_FALSE)
			sb_found(c, SB_CHECK_ARCH_LEFT_OUT, &place,
				 "%s is not covered: its programs get %s at their first call",
				 arch->name, sb_verdict_text(c, arch, f));
		else if (filters) /* else nothing is got around */
			sb_tally_add(&open, &place, arch->name, NULL);
	}
	sb_tally_tell(
		&open, SB_CHECK_FOREIGN_ARCH_ALLOWED, "not covered: ",
		"; any program can make calls of these architectures, and they run unfiltered");
}

/* Only for programs: a policy's rules say what they mean on each architecture. */
void sb_check_abis(struct sb_checker *c)
{
	struct sb_tally tally = {.c = c};
	const char *name;

	if (c->front)
		return;
	for (uint32_t a = 1; a < c->arch_count; a++) {
		for (size_t i = 0; (name = sb_syscall_at(i)); i++) {
			uint32_t nr, f, own_nr, own;

			if (!sb_call(c, c->arch[a], name, &nr, &f) ||
			    !sb_call(c, c->arch[0], name, &own_nr, &own))
				continue;
			if (sb_ask_kind(&c->ask, own, sb_verdict_runs) == SB_DD_FALSE &&
			    sb_ask_kind(&c->ask, f, sb_verdict_runs) != SB_DD_FALSE)
				sb_tally_add(&tally, &(struct sb_place){0}, name, c->arch[a]);
		}
	}
	sb_tally_tell(&tally, SB_CHECK_DENIED_ON_ONE_ARCH_ONLY,
		      "refused on the target, these run: ", "");
}
