/* SPDX-License-Identifier: MIT */
/* Calls that are known to lead out of a sandbox, or far into the kernel. */
#include "check.h"

static const struct {
	enum sb_check_code code;
	const char *call[18];
	const char *why;
} dangers[] = {
	{SB_CHECK_PTRACE_ALLOWED, {"ptrace"}, ": this takes over other processes of the same user"},
	{SB_CHECK_PROCESS_VM_ALLOWED,
	 {"process_vm_readv", "process_vm_writev", "pidfd_getfd", "kcmp"},
	 ": this reaches into other processes of the same user"},
	{SB_CHECK_BPF_ALLOWED, {"bpf"}, ": its verifier and JIT are a wide way into the kernel"},
	{SB_CHECK_USERFAULTFD_ALLOWED,
	 {"userfaultfd"},
	 ": this makes races in the kernel easy to win"},
	{SB_CHECK_KEYCTL_ALLOWED,
	 {"keyctl", "add_key", "request_key"},
	 ": keyrings are not part of any namespace but the user's"},
	{SB_CHECK_PERF_EVENT_OPEN_ALLOWED,
	 {"perf_event_open"},
	 ": this watches the kernel and other processes, and has been a way into the kernel"},
	{SB_CHECK_OPEN_BY_HANDLE_ALLOWED,
	 {"open_by_handle_at"},
	 ": with CAP_DAC_READ_SEARCH this opens any file of a mounted file system, bind mounts "
	 "notwithstanding"},
	{SB_CHECK_KEXEC_ALLOWED, {"kexec_load", "kexec_file_load"}, ": this replaces the kernel"},
	{SB_CHECK_MODULE_ALLOWED,
	 {"init_module", "finit_module", "delete_module", "create_module"},
	 ": this changes the kernel"},
	{SB_CHECK_MOUNT_ALLOWED,
	 {"mount", "umount", "umount2", "pivot_root", "move_mount", "open_tree", "open_tree_attr",
	  "fsopen", "fsconfig", "fsmount", "fspick", "mount_setattr"},
	 ": this changes what files a process sees, and has the kernel parse what file systems contain"},
	{SB_CHECK_MOUNT_ALLOWED, {"chroot"}, ": this changes what files a process sees"},
	{SB_CHECK_RAW_IO_ALLOWED,
	 {"iopl", "ioperm"},
	 ": this gives a program the machine's I/O ports"},
};

#define DANGERS (sizeof(dangers) / sizeof(dangers[0]))

/*
 * Where the default runs, what nobody thought of is told as one finding: the fault is the
 * default's.
 */
struct tallies {
	struct sb_tally named, left;
};

static void add(struct sb_checker *c, struct tallies *t, const struct secbake_arch *arch,
		const char *name, uint32_t nr, uint32_t runs)
{
	struct sb_where where[SB_WHERES_MAX];
	uint32_t count;

	if (runs == SB_DD_FALSE || runs == SB_DD_NONE)
		return;
	count = sb_wheres_of_set(c, arch, nr, runs, where);
	for (uint32_t i = 0; i < count; i++)
		sb_tally_add(c->open && !where[i].by_rule ? &t->left : &t->named, &where[i].place,
			     name, arch);
}

static void user_namespaces(struct sb_checker *c, struct tallies *t)
{
	static const struct {
		const char *call, *arg, *told;
	} makers[] = {
		{"clone", "clone_flags", "clone with CLONE_NEWUSER"},
		{"unshare", "unshare_flags", "unshare with CLONE_NEWUSER"},
	};

	for (uint32_t a = 0; a < c->arch_count; a++) {
		const struct secbake_arch *arch = c->arch[a];
		uint64_t flag = sb_value(arch, "CLONE_NEWUSER");

		for (size_t i = 0; i < 2; i++) {
			int index = sb_call_arg(arch, makers[i].call, makers[i].arg);
			uint32_t runs = sb_call_runs(c, arch, makers[i].call), nr;

			if (index < 0 || runs == SB_DD_FALSE || !flag)
				continue;
			sb_syscall_number(arch, makers[i].call, &nr);
			add(c, t, arch, makers[i].told, nr,
			    sb_ask_and(&c->ask, runs,
				       sb_ask_where(&c->ask, (uint32_t)index, flag, flag)));
		}
	}
	sb_tally_tell(&t->named, SB_CHECK_USER_NAMESPACE_ALLOWED, "allows ",
		      ": in a user namespace any user has all capabilities towards much of the "
		      "kernel");
}

/* Input for whoever reads the terminal next: the shell that started the program. */
static void terminal(struct sb_checker *c, struct tallies *t)
{
	static const struct {
		const char *constant, *told;
	} requests[] = {
		{"TIOCSTI", "ioctl with TIOCSTI"},
		{"TIOCLINUX", "ioctl with TIOCLINUX"},
	};

	for (uint32_t a = 0; a < c->arch_count; a++) {
		const struct secbake_arch *arch = c->arch[a];
		uint32_t runs = sb_call_runs(c, arch, "ioctl"), nr;

		if (runs == SB_DD_FALSE || !sb_syscall_number(arch, "ioctl", &nr))
			continue;
		for (size_t i = 0; i < 2; i++) {
			uint64_t request = sb_value(arch, requests[i].constant);

			if (request)
				add(c, t, arch, requests[i].told, nr,
				    sb_ask_and(&c->ask, runs,
					       sb_ask_where(&c->ask, 1, UINT64_C(0xffffffff),
							    request)));
		}
	}
	sb_tally_tell(&t->named, SB_CHECK_TERMINAL_INJECTION, "allows ",
		      ": a program types commands into the terminal that it was started from");
}

void sb_check_danger(struct sb_checker *c)
{
	struct sb_tally left = {.c = c};
	struct tallies t;

	for (size_t i = 0; i < DANGERS; i++) {
		t = (struct tallies){.named = {.c = c}, .left = left};
		for (uint32_t a = 0; a < c->arch_count; a++) {
			for (size_t k = 0; k < 18 && dangers[i].call[k]; k++) {
				const char *name = dangers[i].call[k];
				uint32_t nr;

				if (sb_syscall_number(c->arch[a], name, &nr))
					add(c, &t, c->arch[a], name, nr,
					    sb_call_runs(c, c->arch[a], name));
			}
		}
		left = t.left;
		sb_tally_tell(&t.named, dangers[i].code, "allows ", dangers[i].why);
	}
	t = (struct tallies){.named = {.c = c}, .left = left};
	user_namespaces(c, &t);
	t.named = (struct sb_tally){.c = c};
	terminal(c, &t);
	sb_tally_tell(&t.left, SB_CHECK_DEFAULT_ALLOWS,
		      "the default lets every call run that no rule names: ", "");
}
