/* SPDX-License-Identifier: MIT */
/* All checks: code, level, what is found, how to mend it, and who looks. docs/checks.md. */
#include "check.h"

#include <compiler/nearest.h>
#include <string.h>

#define ROW(code_, level_, title_, mend_, run_)                                                 \
	{                                                                                       \
		.is = {.code = (code_), .level = (level_), .title = (title_), .mend = (mend_)}, \
		.run = (run_)                                                                   \
	}
#define TAKE_OUT \
	"take it out of the rule that allows it; if programs need it, accept this with the reason, or --ignore it"

const struct sb_check_row sb_check_rows[SB_CHECK_COUNT] = {
	[SB_CHECK_SHADOWED_RULE] =
		ROW("shadowed-rule", SECBAKE_WARNING,
		    "a rule decides no call, or not those that it names",
		    "put the narrower rule first, or take this one out", sb_check_rules),
	[SB_CHECK_RULE_REPEATS_DEFAULT] =
		ROW("rule-repeats-default", SECBAKE_WARNING, "a rule says what the default says",
		    "take the rule out", NULL),
	[SB_CHECK_NEVER_TRUE] =
		ROW("never-true", SECBAKE_WARNING, "a condition holds for no value",
		    "write what the argument can be; secbake syscalls NAME shows its type", NULL),
	[SB_CHECK_AMBIGUOUS_RULES] =
		ROW("ambiguous-rules", SECBAKE_WARNING,
		    "two rules match one call, and which one decides depends on the runtime",
		    "make their conditions exclude each other", NULL),
	[SB_CHECK_COMPILER_WARNING] =
		ROW("compiler-warning", SECBAKE_WARNING, "compiling the policy warns",
		    "mend what the warning says", NULL),
	[SB_CHECK_ACCEPT_UNUSED] =
		ROW("accept-unused", SECBAKE_WARNING, "the policy accepts what is not found",
		    "take the acceptance out, so that it cannot hide a later mistake", NULL),
	[SB_CHECK_KERNEL_OUTSIDE_RANGE] = ROW(
		"kernel-outside-range", SECBAKE_WARNING,
		"a rule depends on a kernel version that no kernel in the range decides differently",
		"take the condition out, or the rule where it never holds", sb_check_kernels),
	[SB_CHECK_NAME_MISSING_ON_ARCH] = ROW(
		"name-missing-on-arch", SECBAKE_NOTE,
		"a rule names calls that a listed architecture lacks, and is skipped for them there",
		"nothing, if what the architecture has in their place is named too",
		sb_check_names),
	[SB_CHECK_NOT_ENFORCED] =
		ROW("not-enforced", SECBAKE_NOTE, "the policy is not enforced",
		    "set \"mode\" to \"enforce\" once the logs are quiet", sb_check_mode),
	[SB_CHECK_UPPER_HALF_SLIPS_PAST] =
		ROW("upper-half-slips-past", SECBAKE_ERROR,
		    "what is refused runs when bits are set that the kernel does not look at",
		    "compare 32 bits: in the native language leave \"width\" out, in OCI use "
		    "SCMP_CMP_MASKED_EQ with the mask 4294967295",
		    sb_check_upper_halves),
	[SB_CHECK_UPPER_HALF_COMPARED] =
		ROW("upper-half-compared", SECBAKE_NOTE,
		    "a call is refused for bits that the kernel does not look at",
		    "compare 32 bits, since programs may leave anything in the upper half", NULL),
	[SB_CHECK_DROPPED_BITS_SLIP_PAST] = ROW(
		"dropped-bits-slip-past", SECBAKE_ERROR,
		"what is refused runs when bits are set that the kernel drops",
		"test bits with \"all\", \"any\" or \"none\", or compare under a mask of the bits that count",
		sb_check_dropped_bits),
	[SB_CHECK_FLAG_BITS_SLIP_PAST] =
		ROW("flag-bits-slip-past", SECBAKE_WARNING,
		    "what is refused runs with a flag added that changes nothing of it",
		    "compare under a mask that leaves such flags out, or test bits",
		    sb_check_flag_bits),
	[SB_CHECK_POINTER_COMPARED] = ROW(
		"pointer-compared", SECBAKE_WARNING, "a condition looks at the value of a pointer",
		"a filter sees addresses, never what they point to: filter the call as a whole",
		sb_check_pointers),
	[SB_CHECK_CLONE_WITHOUT_CLONE3] =
		ROW("clone-without-clone3", SECBAKE_ERROR,
		    "clone is filtered by its flags, and clone3 does the same unfiltered",
		    "answer clone3 with ENOSYS, so that libc takes clone", sb_check_clone3),
	[SB_CHECK_CLONE3_NOT_ENOSYS] =
		ROW("clone3-not-enosys", SECBAKE_WARNING,
		    "clone3 is refused with something else than ENOSYS",
		    "answer clone3 with ENOSYS, so that libc takes clone", NULL),
	[SB_CHECK_NAMESPACE_BY_OTHER_CALL] =
		ROW("namespace-by-other-call", SECBAKE_WARNING,
		    "namespaces that one call may not make are made by another",
		    "filter the flags of clone and unshare alike", sb_check_namespaces),
	[SB_CHECK_SETUID_BIT_BY_OTHER_CALL] = ROW(
		"setuid-bit-by-other-call", SECBAKE_WARNING,
		"set-user-ID bits that one call may not set are set by another",
		"filter the mode of chmod, fchmod, fchmodat, fchmodat2, open, openat, creat, mknod "
		"and mknodat alike, and answer openat2 with ENOSYS",
		sb_check_modes),
	[SB_CHECK_CARRIER_BYPASS] = ROW(
		"carrier-bypass", SECBAKE_ERROR,
		"socketcall or ipc carries calls that are refused by their own number",
		"refuse socketcall and ipc, which some 32-bit programs need, or leave the architecture out",
		sb_check_carriers),
	[SB_CHECK_CARRIER_NOT_GRANTED] = ROW(
		"carrier-not-granted", SECBAKE_NOTE,
		"calls that are allowed by their own number are refused through socketcall or ipc",
		"nothing, unless old 32-bit programs must run", NULL),
	[SB_CHECK_IO_URING_BESIDE_FILTER] = ROW(
		"io-uring-beside-filter", SECBAKE_WARNING,
		"io_uring is allowed, and does what other rules refuse",
		"refuse io_uring_setup, with ENOSYS for programs to fall back", sb_check_io_uring),
	[SB_CHECK_WRITE_EXECUTE_INCOMPLETE] =
		ROW("write-execute-incomplete", SECBAKE_WARNING,
		    "memory that is written and executed is refused, but can be had another way",
		    "filter mmap, mmap2, mprotect, pkey_mprotect, shmat and personality alike",
		    sb_check_exec_memory),
	[SB_CHECK_DEFAULT_ALLOWS] = ROW(
		"default-allows", SECBAKE_WARNING, "what no rule names runs, dangerous calls too",
		"name what programs need and refuse the rest, or refuse these too",
		sb_check_danger),
	[SB_CHECK_TERMINAL_INJECTION] =
		ROW("terminal-injection", SECBAKE_WARNING, "ioctl may put input into the terminal",
		    "refuse ioctl with TIOCSTI and TIOCLINUX before the rule that allows it", NULL),
	[SB_CHECK_PTRACE_ALLOWED] =
		ROW("ptrace-allowed", SECBAKE_WARNING, "ptrace is allowed", TAKE_OUT, NULL),
	[SB_CHECK_PROCESS_VM_ALLOWED] = ROW(
		"process-vm-allowed", SECBAKE_WARNING,
		"the memory and descriptors of other processes are within reach", TAKE_OUT, NULL),
	[SB_CHECK_BPF_ALLOWED] =
		ROW("bpf-allowed", SECBAKE_WARNING, "bpf is allowed", TAKE_OUT, NULL),
	[SB_CHECK_USERFAULTFD_ALLOWED] = ROW("userfaultfd-allowed", SECBAKE_WARNING,
					     "userfaultfd is allowed", TAKE_OUT, NULL),
	[SB_CHECK_KEYCTL_ALLOWED] = ROW("keyctl-allowed", SECBAKE_WARNING,
					"the kernel's keyrings are within reach", TAKE_OUT, NULL),
	[SB_CHECK_PERF_EVENT_OPEN_ALLOWED] = ROW("perf-event-open-allowed", SECBAKE_WARNING,
						 "perf_event_open is allowed", TAKE_OUT, NULL),
	[SB_CHECK_OPEN_BY_HANDLE_ALLOWED] = ROW("open-by-handle-at-allowed", SECBAKE_WARNING,
						"open_by_handle_at is allowed", TAKE_OUT, NULL),
	[SB_CHECK_KEXEC_ALLOWED] =
		ROW("kexec-allowed", SECBAKE_WARNING, "kexec is allowed", TAKE_OUT, NULL),
	[SB_CHECK_MODULE_ALLOWED] = ROW("module-allowed", SECBAKE_WARNING,
					"kernel modules may be loaded or removed", TAKE_OUT, NULL),
	[SB_CHECK_MOUNT_ALLOWED] =
		ROW("mount-allowed", SECBAKE_WARNING, "mounts may be changed", TAKE_OUT, NULL),
	[SB_CHECK_USER_NAMESPACE_ALLOWED] = ROW(
		"user-namespace-allowed", SECBAKE_WARNING, "user namespaces may be made",
		"allow clone and unshare only without CLONE_NEWUSER, and answer clone3 with ENOSYS",
		NULL),
	[SB_CHECK_RAW_IO_ALLOWED] = ROW("raw-io-allowed", SECBAKE_WARNING,
					"I/O ports are within reach", TAKE_OUT, NULL),
	[SB_CHECK_FALLBACK_WITHOUT_ENOSYS] =
		ROW("fallback-without-enosys", SECBAKE_WARNING,
		    "libc and programs would do without these calls, if they were told ENOSYS",
		    "allow them, or answer them with ENOSYS", sb_check_fallbacks),
	[SB_CHECK_NEW_CALLS_WITHOUT_ENOSYS] = ROW(
		"new-calls-without-enosys", SECBAKE_WARNING,
		"calls of kernels to come are refused with something else than ENOSYS",
		"set \"baseline\" to the kernel that you know; in OCI compile with --enosys auto",
		sb_check_new_calls),
	[SB_CHECK_EXECVE_DENIED] =
		ROW("execve-denied", SECBAKE_WARNING,
		    "no program can be started, the first one neither",
		    "allow execve, or refuse it by a rule if that is meant", sb_check_needs),
	[SB_CHECK_EXIT_DENIED] = ROW("exit-denied", SECBAKE_WARNING, "programs cannot end",
				     "allow exit_group and exit", NULL),
	[SB_CHECK_SIGRETURN_DENIED] =
		ROW("sigreturn-denied", SECBAKE_WARNING,
		    "programs cannot come back from a signal handler",
		    "allow rt_sigreturn, and sigreturn on 32-bit architectures", NULL),
	[SB_CHECK_RESTART_SYSCALL_DENIED] =
		ROW("restart-syscall-denied", SECBAKE_WARNING,
		    "sleeping calls fail when a program is stopped and continued",
		    "allow restart_syscall", NULL),
	[SB_CHECK_FOREIGN_ARCH_ALLOWED] = ROW(
		"foreign-arch-allowed", SECBAKE_ERROR,
		"calls of an architecture that is not covered run, unfiltered",
		"refuse what is not covered: \"foreignArch\": \"kill-process\"; a program must look "
		"at arch, and at bit 30 of the number",
		sb_check_arches),
	[SB_CHECK_ARCH_LEFT_OUT] =
		ROW("arch-left-out", SECBAKE_NOTE, "programs of another architecture cannot run",
		    "list the architecture if such programs must run", NULL),
	[SB_CHECK_DENIED_ON_ONE_ARCH_ONLY] = ROW(
		"denied-on-one-arch-only", SECBAKE_WARNING,
		"what is refused on one architecture runs on another",
		"filter alike on every architecture that programs can switch to", sb_check_abis),
	[SB_CHECK_NOTIFY_ON_POINTERS] = ROW(
		"notify-on-pointers", SECBAKE_WARNING,
		"a supervisor is asked about calls whose arguments are in memory",
		"have the supervisor do the call itself and never continue it, then accept this "
		"with that reason",
		sb_check_notify),
	[SB_CHECK_TRACE_WITHOUT_TRACER] =
		ROW("trace-without-tracer", SECBAKE_NOTE, "calls depend on a tracer",
		    "without one that asked for PTRACE_O_TRACESECCOMP they fail with ENOSYS",
		    sb_check_trace),
	[SB_CHECK_KILL_THREAD] = ROW("kill-thread", SECBAKE_NOTE,
				     "a refused call kills one thread and leaves the others",
				     "kill the process: \"kill-process\", SCMP_ACT_KILL_PROCESS",
				     sb_check_kill_thread),
};

const struct secbake_check *secbake_check_at(size_t index)
{
	return index < SB_CHECK_COUNT ? &sb_check_rows[index].is : NULL;
}

const struct secbake_check *secbake_check_find(const char *code)
{
	for (size_t i = 0; i < SB_CHECK_COUNT; i++)
		if (!strcmp(sb_check_rows[i].is.code, code))
			return &sb_check_rows[i].is;
	return NULL;
}

const char *secbake_check_nearest(const char *code)
{
	struct sb_nearest nearest = {.word = code};

	for (size_t i = 0; i < SB_CHECK_COUNT; i++)
		sb_nearest_try(&nearest, sb_check_rows[i].is.code);
	return nearest.best;
}
