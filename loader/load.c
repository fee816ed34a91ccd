/* SPDX-License-Identifier: MIT */
/*
 * Installing the programs of a checked blob on the calling thread. Part of
 * libsecbake-load and of the loader: libc only, no heap, no printing. All that
 * can be refused is refused before the first program goes in.
 */
#include <secbake/load.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "load_plan.h"

#define OP_SET_MODE_FILTER 1u
#define MODE_FILTER 2ul
/*
 * MAX_INSNS_PER_PATH of kernel/seccomp.c: all programs of a thread, with 4 more for each
 * but the newest, in the form that they are translated to. There an instruction is at least one;
 * a return, or a jump by a constant of 32 bits, is two; and one with two targets is one more.
 */
#define PATH_INSNS_MAX 32768u
#define COST_LEAST(insns) ((insns) + 4u)
#define COST_MOST(insns) (3u * (insns) + 8u)

const char *sb_own_status(const char *key, char *text, size_t size)
{
	int fd = open("/proc/thread-self/status", O_RDONLY | O_CLOEXEC);
	ssize_t got;

	if (fd < 0) /* before Linux 3.17 */
		fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	got = fd < 0 ? -1 : read(fd, text, size - 1);
	if (fd >= 0)
		close(fd);
	if (got <= 0)
		return NULL;
	text[got] = '\0';
	/* Not strstr(), which is 1.3 KB of the loader. */
	for (const size_t length = strlen(key); *text; text++)
		if (!strncmp(text, key, length))
			return text + length;
	return NULL;
}

static enum secbake_status check_options(const struct secbake_load_options *options,
					 struct secbake_error *error)
{
	for (size_t i = 0; i < sizeof(options->reserved) / sizeof(options->reserved[0]); i++) {
		if (options->reserved[i])
			return secbake_error_set(error, SECBAKE_ERR_INPUT, 0,
						 "reserved options must be zero");
	}
	if (options->mode != SECBAKE_MODE_ENFORCE && options->mode != SECBAKE_MODE_COMPLAIN)
		return secbake_error_set(error, SECBAKE_ERR_INPUT, 0, "%d is not a mode",
					 (int)options->mode);
	return SECBAKE_OK;
}

/* Flags were decided when the policy was compiled; none is dropped here. */
static enum secbake_status check_layer(const struct secbake_features *features, uint32_t flags,
				       struct secbake_error *error)
{
	uint32_t lacking = flags & ~features->flags;

	if (!lacking)
		return SECBAKE_OK;
	lacking &= -lacking;
	return secbake_error_set(error, SECBAKE_ERR_TARGET, 0,
				 "the policy needs the filter flag %s, which cannot be had here%s",
				 secbake_flag_name(lacking),
				 features->method == SECBAKE_METHOD_PRCTL
					 ? ": seccomp(2) is missing or denied by an outer filter"
					 : "");
}

/* The kernel takes TSYNC with NEW_LISTENER only if a failure is told as ESRCH. */
static uint32_t flags_of(uint32_t own, uint32_t more)
{
	uint32_t flags = own | more;

	if ((more & SECBAKE_FLAG_TSYNC) && (flags & SECBAKE_FLAG_NEW_LISTENER))
		flags |= SECBAKE_FLAG_TSYNC_ESRCH;
	return flags;
}

enum secbake_status sb_load_plan(const struct secbake_blob *blob,
				 const struct secbake_features *features,
				 const struct secbake_load_options *options,
				 struct sb_load_plan *plan, struct secbake_error *error)
{
	struct sb_load_plan made = {0};
	struct secbake_blob_variant v;
	uint32_t length = 0;
	enum secbake_status status = check_options(options, error);

	if (status)
		return status;
	status = secbake_blob_select(blob, features, options->mode, &made.variant, error);
	if (status)
		return status;
	v = secbake_blob_variant(blob, made.variant);
	if (v.layer_count && features->method == SECBAKE_METHOD_NONE)
		return secbake_error_set(error, SECBAKE_ERR_TARGET, 0,
					 "this kernel has no seccomp filters; it needs "
					 "CONFIG_SECCOMP_FILTER");
	made.more_flags = options->all_threads ? SECBAKE_FLAG_TSYNC : 0;
	for (uint32_t i = 0; i < v.layer_count; i++) {
		struct secbake_blob_layer layer = secbake_blob_layer(blob, v.layer_first + i);
		uint32_t flags = flags_of(layer.filter_flags, made.more_flags);

		length += COST_LEAST(layer.insn_count);

		status = check_layer(features, flags, error);
		if (status)
			return status;
		made.listener |= !!(flags & SECBAKE_FLAG_NEW_LISTENER);
	}
	if (length > COST_LEAST(PATH_INSNS_MAX))
		return secbake_error_set(
			error, SECBAKE_ERR_LIMIT, 0,
			"the policy's programs are too long together: more than %u "
			"instructions, with 4 for each beside; use fewer or "
			"shorter layers",
			PATH_INSNS_MAX);
	made.first = v.layer_first;
	made.count = v.layer_count;
	*plan = made;
	return SECBAKE_OK;
}

/*
 * The kernel says ENOMEM for two things. Where the programs cannot be too long together,
 * whatever the ones that were there before are like, it is memory.
 */
static const char *why_no_memory(const struct secbake_blob *blob, uint32_t layer, uint32_t done)
{
	static const char key[] = "\nSeccomp_filters:\t";
	uint32_t before = 0, length = 0;
	const char *at = NULL;
	char text[4096];

	for (uint32_t i = 0; i <= done; i++)
		length += COST_MOST(secbake_blob_layer(blob, layer - i).insn_count);
	/* With a program of the policy in force it may not be allowed to open files. */
	if (!done)
		at = sb_own_status(key, text, sizeof(text));
	for (at = at ? at : "9"; *at >= '0' && *at <= '9' && before < 9; at++)
		before = before * 10 + (uint32_t)(*at - '0');
	if (length + before * COST_MOST(SECBAKE_PROGRAM_MAX) <= PATH_INSNS_MAX)
		return "the kernel has no memory for it; free some, or raise the limit of the "
		       "cgroup";
	return "with the filters that are in force it is too long (the kernel takes 32768 of its "
	       "own instructions together), or memory is short; start it from fewer nested "
	       "containers or sandboxes, or use a shorter policy";
}

static enum secbake_status install_failed(int errnum, const struct secbake_blob *blob,
					  uint32_t layer, uint32_t done,
					  struct secbake_error *error)
{
	const char *why;

	switch (errnum) {
	case ENOMEM:
		why = why_no_memory(blob, layer, done);
		break;
	case E2BIG:
	case EINVAL:
		why = "the kernel refuses the program or a flag of it; compile the policy again for "
		      "this kernel";
		break;
	case 524: /* ENOTSUPP, of the kernel's own; it binds who has not CAP_BPF */
		why = "no room to compile it (errno 524); raise net.core.bpf_jit_limit, or end "
		      "processes that have filters";
		break;
	case EACCES:
		why = "no_new_privs is not set and CAP_SYS_ADMIN is missing; set no_new_privs";
		break;
	case EBUSY:
		why = "a filter that is already in force has a listener, and the kernel allows one; "
		      "start from a process without";
		break;
	case EMFILE:
	case ENFILE:
		why = "no descriptor is left for the listener; raise the limit of open files";
		break;
	case ESRCH:
		why = "a thread cannot be synchronised, because it has filters of its own; apply "
		      "the policy before threads are started";
		break;
	case EPERM:
	case ENOSYS:
		why = "an outer filter denies seccomp(2); allow it there";
		break;
	default:
		why = "the kernel refuses it";
	}
	return secbake_error_set(error, SECBAKE_ERR_SYSTEM, errnum, "installing program %u: %s",
				 layer, why);
}

/* One place, for the same instruction pointer each time. */
static __attribute__((noinline)) long attach(enum secbake_method method, uint32_t flags,
					     const struct sock_fprog *program)
{
	if (method == SECBAKE_METHOD_PRCTL)
		return prctl(PR_SET_SECCOMP, MODE_FILTER, program);
	return syscall(SYS_seccomp, OP_SET_MODE_FILTER, flags, program);
}

/*
 * An outer filter may say that a program is installed, and have it not be. It
 * cannot look behind the pointer, though: a program of no instructions, which
 * no kernel takes, gets the same answer.
 */
static bool is_faked(enum secbake_method method, uint32_t flags, struct sock_fprog *program)
{
	unsigned short length = program->len;
	long r;

	program->len = 0;
	r = attach(method, flags, program);
	program->len = length;
	return r >= 0;
}

/* *listener is set when the program has one. */
static enum secbake_status install(const struct secbake_blob *blob, uint32_t first, uint32_t done,
				   uint32_t more_flags, enum secbake_method method, int *listener,
				   struct secbake_error *error)
{
	const uint32_t layer = first + done;
	struct secbake_blob_layer l = secbake_blob_layer(blob, layer);
	const uint32_t flags = flags_of(l.filter_flags, more_flags);
	/* The kernel copies it; sock_fprog just lacks the const. */
	struct sock_fprog program = {
		.len = (unsigned short)l.insn_count,
		.filter = (struct sock_filter *)(uintptr_t)secbake_blob_program(blob, layer),
	};
	long r;

	if (is_faked(method, flags, &program))
		return secbake_error_set(
			error, SECBAKE_ERR_UNKNOWN, 0,
			"installing program %u: an outer filter answers that it is done, and it is "
			"not; allow seccomp there",
			layer);
	r = attach(method, flags, &program);
	if (r < 0)
		return install_failed(errno, blob, layer, done, error);
	if (flags & SECBAKE_FLAG_NEW_LISTENER)
		*listener = (int)r;
	else if (r > 0) /* TSYNC without TSYNC_ESRCH */
		return secbake_error_set(
			error, SECBAKE_ERR_SYSTEM, ESRCH,
			"installing program %u: thread %ld cannot be synchronised, "
			"because it has filters of its own; apply the policy before "
			"threads are started",
			layer, r);
	return SECBAKE_OK;
}

enum secbake_status sb_load_install(const struct secbake_blob *blob,
				    const struct secbake_features *features,
				    const struct secbake_load_options *options,
				    const struct sb_load_plan *plan, int *listener,
				    struct secbake_error *error)
{
	enum secbake_status status = SECBAKE_OK;
	int made = -1;

	if (!options->keep_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1ul, 0ul, 0ul, 0ul))
		return secbake_error_set(
			error, SECBAKE_ERR_SYSTEM, errno,
			"cannot set no_new_privs; it needs Linux 3.5, and an outer "
			"filter that allows prctl");
	/* An outer filter can make up 0 and errors, but not this answer. */
	if (!options->keep_privileges && prctl(PR_GET_NO_NEW_PRIVS, 0ul, 0ul, 0ul, 0ul) != 1)
		return secbake_error_set(
			error, SECBAKE_ERR_UNKNOWN, 0,
			"no_new_privs is not set, although prctl says so: an outer "
			"filter answers for it; allow prctl there");
	for (uint32_t i = 0; i < plan->count && !status; i++)
		status = install(blob, plan->first, i, plan->more_flags, features->method, &made,
				 error);
	if (status && made >= 0)
		close(made);
	if (!status && listener)
		*listener = made;
	return status;
}

enum secbake_status secbake_load_apply(const struct secbake_blob *blob,
				       const struct secbake_features *features,
				       const struct secbake_load_options *options, int *listener,
				       struct secbake_error *error)
{
	struct secbake_load_options chosen = *options;
	struct sb_load_plan plan;
	enum secbake_status status;

	if (!blob->bytes)
		return secbake_error_set(error, SECBAKE_ERR_INPUT, 0,
					 "the blob is not open, or closed already");
	if (!features->arch)
		return secbake_error_set(error, SECBAKE_ERR_INPUT, 0,
					 "the features are empty; secbake_features_probe() asks "
					 "for them");
	if (chosen.mode == SECBAKE_MODE_OWN)
		chosen.mode = secbake_load_mode(blob);
	status = sb_load_plan(blob, features, &chosen, &plan, error);
	if (status)
		return status;
	if (plan.listener && !listener)
		return secbake_error_set(error, SECBAKE_ERR_INPUT, 0,
					 "the policy has a listener, and nobody here takes its "
					 "descriptor");
	return sb_load_install(blob, features, &chosen, &plan, listener, error);
}
