/* SPDX-License-Identifier: MIT */
/* Calls that do what another call does, which is filtered. */
#include "check.h"

#include <compiler/errnos.h>
#include <string.h>

/* The calls of that name with a flag set in an argument, and that run. */
static uint32_t runs_with(struct sb_checker *c, const struct secbake_arch *arch, const char *name,
			  const char *arg, uint64_t mask, uint64_t value)
{
	int index = sb_call_arg(arch, name, arg);
	uint32_t runs = sb_call_runs(c, arch, name);

	if (index < 0 || runs == SB_DD_FALSE)
		return SB_DD_FALSE;
	return sb_ask_and(&c->ask, runs, sb_ask_where(&c->ask, (uint32_t)index, mask, value));
}

static bool is_enosys(const struct sb_checker *c, const struct secbake_arch *arch, uint32_t f)
{
	const struct sb_dd_node *node = &c->ask.dd.node[f];

	return node->var == SB_VAR_VERDICT &&
	       node->lo == (SECCOMP_RET_ERRNO | sb_errno_value(sb_errno_find("ENOSYS"), arch));
}

void sb_check_clone3(struct sb_checker *c)
{
	struct sb_tally past = {.c = c}, errors = {.c = c};

	for (uint32_t a = 0; a < c->arch_count; a++) {
		const struct secbake_arch *arch = c->arch[a];
		uint32_t clone = sb_call_runs(c, arch, "clone"), nr, verdicts, runs, verdict;
		struct sb_place place;

		if (clone == SB_DD_FALSE || !sb_call(c, arch, "clone3", &nr, &verdicts))
			continue;
		runs = sb_ask_kind(&c->ask, verdicts, sb_verdict_runs);
		if (runs != SB_DD_FALSE && clone != SB_DD_TRUE) {
			sb_place_of_set(c, arch, nr, runs, &place);
			sb_tally_add(&past, &place, "clone3", arch);
		}
		if (runs != SB_DD_FALSE || is_enosys(c, arch, verdicts) || arch->x32 ||
		    sb_ask_verdicts(&c->ask, verdicts, &verdict, 1) != 1 ||
		    !sb_verdict_refuses(verdict))
			continue;
		sb_place_of_set(c, arch, nr, SB_DD_TRUE, &place);
		sb_tally_add(&errors, &place, sb_verdict_text(c, arch, verdicts), arch);
	}
	sb_tally_tell(&past, SB_CHECK_CLONE_WITHOUT_CLONE3, "the flags of clone are filtered, ",
		      " runs: its flags are in memory, where no filter sees them");
	sb_tally_tell(
		&errors, SB_CHECK_CLONE3_NOT_ENOSYS, "clone3 gets ",
		": glibc from 2.34 on takes clone only after ENOSYS, and cannot start a thread");
}

/* CLONE_NEWTIME is no flag of clone: its bit is in the exit signal there. */
void sb_check_namespaces(struct sb_checker *c)
{
	static const char *const flags[] = {"CLONE_NEWNS",  "CLONE_NEWCGROUP", "CLONE_NEWUTS",
					    "CLONE_NEWIPC", "CLONE_NEWUSER",   "CLONE_NEWPID",
					    "CLONE_NEWNET"};
	struct sb_tally unshare = {.c = c}, clone = {.c = c};

	for (uint32_t a = 0; a < c->arch_count; a++) {
		const struct secbake_arch *arch = c->arch[a];
		bool clones = sb_call_runs(c, arch, "clone") != SB_DD_FALSE;
		bool unshares = sb_call_runs(c, arch, "unshare") != SB_DD_FALSE;
		uint32_t clone_nr, unshare_nr;

		if (!clones || !unshares || !sb_syscall_number(arch, "clone", &clone_nr) ||
		    !sb_syscall_number(arch, "unshare", &unshare_nr))
			continue;
		for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
			uint64_t flag = sb_value(arch, flags[i]);
			uint32_t by_clone = runs_with(c, arch, "clone", "clone_flags", flag, flag);
			uint32_t by_unshare =
				runs_with(c, arch, "unshare", "unshare_flags", flag, flag);
			struct sb_place place;

			if (by_clone == SB_DD_FALSE && by_unshare != SB_DD_FALSE) {
				sb_place_of_set(c, arch, unshare_nr, by_unshare, &place);
				sb_tally_add(&unshare, &place, flags[i], arch);
			} else if (by_clone != SB_DD_FALSE && by_unshare == SB_DD_FALSE) {
				sb_place_of_set(c, arch, clone_nr, by_clone, &place);
				sb_tally_add(&clone, &place, flags[i], arch);
			}
		}
	}
	sb_tally_tell(&unshare, SB_CHECK_NAMESPACE_BY_OTHER_CALL,
		      "clone may not, but unshare may: ", "");
	sb_tally_tell(&clone, SB_CHECK_NAMESPACE_BY_OTHER_CALL,
		      "unshare may not, but clone may: ", "");
}

/* Calls that give a file its mode. Not mkdir: vfs_mkdir() drops the set-ID bits. */
static const char *const modes[] = {"chmod",  "fchmod", "fchmodat", "fchmodat2", "open",
				    "openat", "creat",	"mknod",    "mknodat"};
#define MODES (sizeof(modes) / sizeof(modes[0]))

/* Those of that name that run and give a file a mode with that value under that bit. */
static uint32_t sets_mode(struct sb_checker *c, const struct secbake_arch *arch, const char *name,
			  uint64_t bit, uint64_t value)
{
	uint32_t runs = runs_with(c, arch, name, "mode", bit, value);
	int flags = sb_call_arg(arch, name, "flags");
	uint64_t creat = sb_value(arch, "O_CREAT"), tmpfile = sb_value(arch, "O_TMPFILE");
	uint32_t made, unnamed;

	/* open looks at its mode where it makes a file, with a name or without. */
	if (strncmp(name, "open", 4) != 0 || flags < 0 || runs == SB_DD_FALSE)
		return runs;
	made = sb_ask_and(&c->ask, runs, sb_ask_where(&c->ask, (uint32_t)flags, creat, creat));
	unnamed =
		sb_ask_and(&c->ask, runs, sb_ask_where(&c->ask, (uint32_t)flags, tmpfile, tmpfile));
	return made != SB_DD_FALSE ? made : unnamed;
}

void sb_check_modes(struct sb_checker *c)
{
	struct sb_tally tally = {.c = c};

	for (uint32_t a = 0; a < c->arch_count; a++) {
		const struct secbake_arch *arch = c->arch[a];
		uint64_t bit = sb_value(arch, "S_ISUID");
		bool claimed = false;

		for (size_t i = 0; i < MODES && !claimed && bit; i++)
			claimed = sets_mode(c, arch, modes[i], bit, 0) != SB_DD_FALSE &&
				  sets_mode(c, arch, modes[i], bit, bit) == SB_DD_FALSE;
		for (size_t i = 0; i < MODES + 1 && claimed; i++) {
			const char *name = i < MODES ? modes[i] : "openat2";
			uint32_t runs = i < MODES ? sets_mode(c, arch, name, bit, bit)
						  : sb_call_runs(c, arch, name);
			struct sb_place place;
			uint32_t nr;

			if (runs == SB_DD_FALSE || !sb_syscall_number(arch, name, &nr))
				continue;
			sb_place_of_set(c, arch, nr, runs, &place);
			sb_tally_add(&tally, &place, name, arch);
		}
	}
	sb_tally_tell(&tally, SB_CHECK_SETUID_BIT_BY_OTHER_CALL,
		      "what makes a file set-user-ID is filtered, but these may: ", "");
}

/* Calls that socketcall (include/uapi/linux/net.h) and ipc (linux/ipc.h) carry. */
static const char *const carried[] = {
	"socket",     "bind",	 "connect",    "listen",  "accept",   "getsockname", "getpeername",
	"socketpair", "send",	 "recv",       "sendto",  "recvfrom", "shutdown",    "setsockopt",
	"getsockopt", "sendmsg", "recvmsg",    "accept4", "recvmmsg", "sendmmsg",    "semop",
	"semget",     "semctl",	 "semtimedop", "msgsnd",  "msgrcv",   "msgget",	     "msgctl",
	"shmat",      "shmdt",	 "shmget",     "shmctl"};

void sb_check_carriers(struct sb_checker *c)
{
	for (uint32_t a = 0; a < c->arch_count; a++) {
		const struct secbake_arch *arch = c->arch[a];
		struct sb_tally past = {.c = c}, refused = {.c = c};

		for (size_t i = 0; i < sizeof(carried) / sizeof(carried[0]); i++) {
			uint32_t number, nr, verdicts, own_nr, runs, own;
			const struct sb_mux *mux = sb_mux_find(carried[i], &number);
			struct sb_place place;

			if (!mux || !sb_call(c, arch, mux->carrier, &nr, &verdicts) ||
			    !sb_syscall_number(arch, carried[i], &own_nr))
				continue;
			runs = sb_ask_with(&c->ask, sb_ask_kind(&c->ask, verdicts, sb_verdict_runs),
					   0, mux->mask, number);
			own = sb_call_runs(c, arch, carried[i]);
			if (runs != SB_DD_FALSE && own != SB_DD_TRUE) {
				sb_place_of_set(
					c, arch, nr,
					sb_ask_and(&c->ask,
						   sb_ask_where(&c->ask, 0, mux->mask, number),
						   runs),
					&place);
				sb_tally_add(&past, &place, carried[i], arch);
			} else if (runs == SB_DD_FALSE && own != SB_DD_FALSE) {
				sb_place_of_set(c, arch, own_nr, own, &place);
				sb_tally_add(&refused, &place, carried[i], arch);
			}
		}
		sb_tally_tell(&past, SB_CHECK_CARRIER_BYPASS,
			      "these calls are refused, wholly or for some arguments, and run "
			      "through socketcall or ipc: ",
			      "");
		sb_tally_tell(&refused, SB_CHECK_CARRIER_NOT_GRANTED,
			      "refused through socketcall or ipc: ",
			      "; old 32-bit programs know no other way");
	}
}

/*
 * What a ring does (include/uapi/linux/io_uring.h, enum io_uring_op) and a filter should have
 * seen. Where the call beside it runs whatever its arguments, nothing is kept from programs.
 */
static const struct {
	const char *call, *beside;
} ring[] = {
	{"openat", "openat"},	    {"openat2", "openat"},	{"statx", "newfstatat"},
	{"unlinkat", "unlinkat"},   {"renameat2", "renameat"},	{"mkdirat", "mkdirat"},
	{"symlinkat", "symlinkat"}, {"linkat", "linkat"},	{"socket", "socket"},
	{"connect", "connect"},	    {"accept4", "accept"},	{"bind", "bind"},
	{"listen", "listen"},	    {"sendmsg", "sendmsg"},	{"recvmsg", "recvmsg"},
	{"fallocate", "fallocate"}, {"ftruncate", "ftruncate"}, {"setxattr", "setxattr"},
	{"getxattr", "getxattr"},   {"splice", "splice"},	{"madvise", "madvise"},
	{"waitid", "waitid"},	    {"epoll_ctl", "epoll_ctl"},
};

void sb_check_io_uring(struct sb_checker *c)
{
	struct sb_tally tally = {.c = c};

	for (uint32_t a = 0; a < c->arch_count; a++) {
		const struct secbake_arch *arch = c->arch[a];
		uint32_t setup = sb_call_runs(c, arch, "io_uring_setup"), nr;
		struct sb_place place;

		if (setup == SB_DD_FALSE || !sb_syscall_number(arch, "io_uring_setup", &nr))
			continue;
		sb_place_of_set(c, arch, nr, setup, &place);
		for (size_t i = 0; i < sizeof(ring) / sizeof(ring[0]); i++)
			if (sb_syscall_number(arch, ring[i].call, &nr) &&
			    sb_call_runs(c, arch, ring[i].call) != SB_DD_TRUE &&
			    sb_call_runs(c, arch, ring[i].beside) != SB_DD_TRUE)
				sb_tally_add(&tally, &place, ring[i].call, arch);
	}
	sb_tally_tell(&tally, SB_CHECK_IO_URING_BESIDE_FILTER,
		      "io_uring_setup runs, and a ring does unseen what is filtered: ", "");
}
