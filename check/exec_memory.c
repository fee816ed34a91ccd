/* SPDX-License-Identifier: MIT */
/*
 * Memory that is written, then executed. A policy claims to keep it away when no
 * mmap gives memory both rights though it gives each alone, or when no mprotect
 * makes memory executable though it changes other rights. Then every way must be shut.
 */
#include "check.h"

#define LOW UINT64_C(0xffffffff)

struct maker {
	const char *call, *arg;
	const char *bit[2]; /* constants, all of which together are wanted */
	const char *told;
};

static const struct maker makers[] = {
	{"mmap", "prot", {"PROT_WRITE", "PROT_EXEC"}, "mmap with PROT_WRITE|PROT_EXEC"},
	{"mmap2", "prot", {"PROT_WRITE", "PROT_EXEC"}, "mmap2 with PROT_WRITE|PROT_EXEC"},
	{"mprotect", "prot", {"PROT_EXEC", NULL}, "mprotect with PROT_EXEC"},
	{"pkey_mprotect", "prot", {"PROT_EXEC", NULL}, "pkey_mprotect with PROT_EXEC"},
	{"shmat", "shmflg", {"SHM_EXEC", NULL}, "shmat with SHM_EXEC"},
};
#define MAKERS (sizeof(makers) / sizeof(makers[0]))
#define CLAIMING 4 /* the first so many show what a policy means */

/* 0: the architecture lacks one of them. */
static uint64_t bits_of(const struct secbake_arch *arch, const struct maker *maker)
{
	uint64_t first = sb_value(arch, maker->bit[0]);
	uint64_t second = maker->bit[1] ? sb_value(arch, maker->bit[1]) : first;

	return first && second ? first | second : 0;
}

static bool claims(struct sb_checker *c, const struct secbake_arch *arch, const struct maker *maker)
{
	int index = sb_call_arg(arch, maker->call, maker->arg);
	uint64_t bits = bits_of(arch, maker);
	uint32_t runs = sb_call_runs(c, arch, maker->call);

	if (index < 0 || runs == SB_DD_FALSE || !bits)
		return false;
	return sb_ask_with(&c->ask, runs, (uint32_t)index, bits, bits) == SB_DD_FALSE;
}

/* The calls that make such memory, and run. */
static uint32_t open_way(struct sb_checker *c, const struct secbake_arch *arch,
			 const struct maker *maker)
{
	int index = sb_call_arg(arch, maker->call, maker->arg);
	uint64_t bits = bits_of(arch, maker);
	uint32_t runs = sb_call_runs(c, arch, maker->call);

	if (index < 0) /* old_mmap of i386 and others has its arguments in memory */
		return runs;
	if (!bits)
		return SB_DD_FALSE;
	return sb_ask_and(&c->ask, runs, sb_ask_where(&c->ask, (uint32_t)index, bits, bits));
}

/* personality(READ_IMPLIES_EXEC), but not the question personality(0xffffffff). */
static uint32_t read_implies_exec(struct sb_checker *c, const struct secbake_arch *arch)
{
	uint64_t bit = sb_value(arch, "READ_IMPLIES_EXEC");
	uint32_t runs = sb_call_runs(c, arch, "personality");
	uint32_t query = sb_ask_where(&c->ask, 0, LOW, LOW);

	if (!bit)
		return SB_DD_FALSE;
	runs = sb_ask_and(&c->ask, runs, sb_ask_not(&c->ask, query));
	return sb_ask_and(&c->ask, runs, sb_ask_where(&c->ask, 0, bit, bit));
}

static void add(struct sb_checker *c, struct sb_tally *tally, const struct secbake_arch *arch,
		const char *call, uint32_t set, const char *told)
{
	struct sb_place place;
	uint32_t nr;

	if (set == SB_DD_FALSE || set == SB_DD_NONE || !sb_syscall_number(arch, call, &nr))
		return;
	sb_place_of_set(c, arch, nr, set, &place);
	sb_tally_add(tally, &place, told, arch);
}

void sb_check_exec_memory(struct sb_checker *c)
{
	struct sb_tally tally = {.c = c};
	bool claimed = false;

	for (uint32_t a = 0; a < c->arch_count; a++)
		for (size_t i = 0; i < CLAIMING && !claimed; i++)
			claimed = claims(c, c->arch[a], &makers[i]);
	for (uint32_t a = 0; a < c->arch_count && claimed; a++) {
		const struct secbake_arch *arch = c->arch[a];

		for (size_t i = 0; i < MAKERS; i++)
			add(c, &tally, arch, makers[i].call, open_way(c, arch, &makers[i]),
			    sb_call_arg(arch, makers[i].call, makers[i].arg) < 0 ? makers[i].call
										 : makers[i].told);
		add(c, &tally, arch, "personality", read_implies_exec(c, arch),
		    "personality with READ_IMPLIES_EXEC");
	}
	sb_tally_tell(
		&tally, SB_CHECK_WRITE_EXECUTE_INCOMPLETE,
		"other rules keep memory from being written and executed, but this runs: ", "");
}
