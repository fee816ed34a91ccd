/* SPDX-License-Identifier: MIT */
/*
 * Which parts of seccomp a kernel has: asked of the running one without
 * installing anything, or looked up by version. Part of the loader: libc only,
 * no heap, few system calls.
 */
#include <secbake/features.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "features_text.h"

/* Spelled out, so that neither old kernel headers nor a libc's own matter
 * (include/uapi/linux/seccomp.h). */
#define OP_SET_MODE_FILTER 1u
#define OP_GET_ACTION_AVAIL 2u
#define OP_GET_NOTIF_SIZES 3u
#define MODE_FILTER 2ul

struct notif_sizes {
	uint16_t notif, resp, data;
};

/*
 * In the order of the SECBAKE_ACTION_* bits, as policies name them. Names here are no pointers:
 * each of those costs the loader a relocation, four times its size.
 */
static const char actions[][13] = {"kill-process", "kill-thread", "trap", "errno",
				   "notify",	   "trace",	  "log",  "allow"};

/* Those that some kernel with filters lacks. */
static const struct {
	uint32_t bit;	    /* SECBAKE_ACTION_* */
	uint32_t value;	    /* SECCOMP_RET_* */
	char proc_name[13]; /* in actions_avail */
} newer[] = {
	{SECBAKE_ACTION_KILL_PROCESS, 0x80000000u, "kill_process"},
	{SECBAKE_ACTION_NOTIFY, 0x7fc00000u, "user_notif"},
	{SECBAKE_ACTION_LOG, 0x7ffc0000u, "log"},
};

/* In the order of the SECBAKE_FLAG_* bits. */
static const char flags[][19] = {"tsync",	 "log",		"spec-allow",
				 "new-listener", "tsync-esrch", "wait-killable-recv"};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
_Static_assert((1u << COUNT(actions)) - 1 == SECBAKE_ACTIONS_ALL, "actions");
_Static_assert(SECBAKE_ACTIONS_OLDEST == (SECBAKE_ACTIONS_ALL &
					  ~(uint32_t)(SECBAKE_ACTION_KILL_PROCESS |
						      SECBAKE_ACTION_NOTIFY | SECBAKE_ACTION_LOG)),
	       "newer");
_Static_assert((1u << COUNT(flags)) - 1 == SECBAKE_FLAGS_ALL, "flags");

/* 0, or the errno. Only what a kernel answers says that something is absent; see lie(). */
static int ask(unsigned int operation, unsigned int flag_bits, void *argument)
{
	return syscall(SYS_seccomp, operation, flag_bits, argument) < 0 ? errno : 0;
}

/* @answer is none that a kernel gives to @question, so that nothing follows from it. */
static enum secbake_status lie(struct secbake_error *error, const char *question, int answer)
{
	return secbake_error_set(error, SECBAKE_ERR_UNKNOWN, answer,
				 "the probe %s %s, as on no kernel: an emulator, a tracer or an "
				 "outer filter answers for it; allow seccomp(2) there",
				 question, answer ? "fails" : "succeeds");
}

static enum secbake_status denied(struct secbake_error *error, const char *other, int answer)
{
	return secbake_error_set(error, SECBAKE_ERR_UNKNOWN, answer,
				 "seccomp(2) and %s are both denied, most likely by an outer "
				 "filter; allow seccomp(2) there",
				 other);
}

static const char actions_avail[] = "/proc/sys/kernel/seccomp/actions_avail";
static const char set_seccomp[] = "prctl(PR_SET_SECCOMP)";
static const char set_mode_filter[] = "SECCOMP_SET_MODE_FILTER";

static enum secbake_status probe_each_flag(struct secbake_features *f, struct secbake_error *error)
{
	for (size_t i = 0; i < COUNT(flags); i++) {
		uint32_t bit = 1u << i;
		/* WAIT_KILLABLE_RECV alone is refused by kernels that know it. */
		uint32_t asked = bit == SECBAKE_FLAG_WAIT_KILLABLE_RECV
					 ? bit | SECBAKE_FLAG_NEW_LISTENER
					 : bit;
		int answer = ask(OP_SET_MODE_FILTER, asked, NULL);

		if (answer == EFAULT)
			f->flags |= bit;
		else if (answer != EINVAL)
			return lie(error, set_mode_filter, answer);
	}
	return SECBAKE_OK;
}

/*
 * The flag check comes before the NULL argument is looked at: EFAULT says that
 * the flags are known. All at once first: that is the only question to a
 * current kernel. TSYNC with NEW_LISTENER is a valid pair because of TSYNC_ESRCH.
 */
static enum secbake_status probe_flags(struct secbake_features *f, int *answer,
				       struct secbake_error *error)
{
	*answer = ask(OP_SET_MODE_FILTER, SECBAKE_FLAGS_ALL, NULL);
	if (*answer == EFAULT) {
		f->flags = SECBAKE_FLAGS_ALL;
		return SECBAKE_OK;
	}
	if (*answer)
		*answer = ask(OP_SET_MODE_FILTER, 0, NULL);
	switch (*answer) {
	case EFAULT:
		return probe_each_flag(f, error);
	case EINVAL: /* no filters */
	case ENOSYS: /* before 3.17, or an outer filter */
	case EPERM:  /* an outer filter */
		return SECBAKE_OK;
	default:
		return lie(error, set_mode_filter, *answer);
	}
}

static enum secbake_status probe_method(struct secbake_features *f, struct secbake_error *error)
{
	int answer, by_prctl;
	enum secbake_status status = probe_flags(f, &answer, error);

	if (status)
		return status;
	if (answer == EFAULT) {
		f->method = SECBAKE_METHOD_SECCOMP;
		return SECBAKE_OK;
	}
	by_prctl = prctl(PR_SET_SECCOMP, MODE_FILTER, NULL) < 0 ? errno : 0;
	if (!by_prctl)
		return lie(error, set_seccomp, 0);
	if (by_prctl == EINVAL) {
		f->method = SECBAKE_METHOD_NONE;
		return SECBAKE_OK;
	}
	if (by_prctl != EFAULT)
		return denied(error, set_seccomp, by_prctl);
	if (answer == EINVAL) /* it has filters after all */
		return lie(error, set_mode_filter, answer);
	f->method = SECBAKE_METHOD_PRCTL;
	return SECBAKE_OK;
}

/* "kill_process kill_thread ... allow\n"; false when there is no such file. */
static bool actions_from_proc(uint32_t *found)
{
	char text[512];
	ssize_t got;
	int fd = open(actions_avail, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	got = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (got <= 0)
		return false;
	text[got] = '\0';
	for (const char *p = text; *p;) {
		size_t length = strcspn(p, " \n");

		for (size_t i = 0; i < COUNT(newer); i++) {
			if (strlen(newer[i].proc_name) == length &&
			    !memcmp(newer[i].proc_name, p, length))
				*found |= newer[i].bit;
		}
		p += length;
		p += strspn(p, " \n");
	}
	return true;
}

/*
 * The system call decides; the file answers only what the call could not. The oldest actions
 * are not asked for: no kernel has filters without them.
 */
static enum secbake_status probe_actions(struct secbake_features *f, struct secbake_error *error)
{
	uint32_t unanswered = 0, listed = 0;
	size_t invalid = 0;
	int denial = 0;

	f->actions = SECBAKE_ACTIONS_OLDEST;
	for (size_t i = 0; i < COUNT(newer); i++) {
		uint32_t value = newer[i].value;
		int answer = ask(OP_GET_ACTION_AVAIL, 0, &value);

		if (!answer) {
			f->actions |= newer[i].bit;
		} else if (answer == EINVAL) { /* before 4.14: no such operation */
			invalid++;
		} else if (answer != EOPNOTSUPP) { /* no seccomp(2), or an outer filter */
			unanswered |= newer[i].bit;
			denial = answer;
		}
	}
	if (invalid && invalid < COUNT(newer)) /* the operation is there, or is not */
		return lie(error, "SECCOMP_GET_ACTION_AVAIL", EINVAL);
	/* Before 3.17 neither is there. */
	if (unanswered && !actions_from_proc(&listed) &&
	    !(denial == ENOSYS && f->method == SECBAKE_METHOD_PRCTL))
		return denied(error, actions_avail, denial);
	f->actions |= unanswered & listed;
	return SECBAKE_OK;
}

static enum secbake_status probe_notif_sizes(struct secbake_features *f,
					     struct secbake_error *error)
{
	struct notif_sizes sizes = {0};
	int answer = ask(OP_GET_NOTIF_SIZES, 0, &sizes);

	if (answer == EINVAL && !(f->flags & SECBAKE_FLAG_NEW_LISTENER)) /* both since 5.0 */
		return SECBAKE_OK;
	if (answer || !sizes.notif || !sizes.resp || !sizes.data)
		return lie(error, "SECCOMP_GET_NOTIF_SIZES", answer);
	f->notif_size = sizes.notif;
	f->notif_resp_size = sizes.resp;
	f->notif_data_size = sizes.data;
	return SECBAKE_OK;
}

enum secbake_status secbake_features_probe(struct secbake_features *features,
					   struct secbake_error *error)
{
	struct secbake_features f = {.arch = secbake_arch_native()};
	struct utsname name = {0};
	enum secbake_status status = probe_method(&f, error);

	if (!status && f.method != SECBAKE_METHOD_NONE)
		status = probe_actions(&f, error);
	if (!status && f.method == SECBAKE_METHOD_SECCOMP)
		status = probe_notif_sizes(&f, error);
	if (status)
		return status;
	/* Below 3.5 is no kernel with filters: personality(UNAME26), or a lie. Not known, then. */
	if (uname(&name) || !secbake_kernel_parse(name.release, &f.kernel) ||
	    f.kernel < SECBAKE_KERNEL(3, 5))
		f.kernel = 0;
	*features = f;
	return SECBAKE_OK;
}

/*
 * What each release brought; the last row that is not newer than the kernel
 * holds. The same for all architectures: when each of them got filters at all
 * (arm 3.8, arm64 3.19, powerpc 4.3 ...) is not asked.
 */
static const struct {
	uint32_t kernel;
	enum secbake_method method;
	uint32_t actions, flags;
	bool notify;
} releases[] = {
	{SECBAKE_KERNEL(3, 5), SECBAKE_METHOD_PRCTL, SECBAKE_ACTIONS_OLDEST, 0, false},
	{SECBAKE_KERNEL(3, 17), SECBAKE_METHOD_SECCOMP, SECBAKE_ACTIONS_OLDEST, 0x01, false},
	{SECBAKE_KERNEL(4, 14), SECBAKE_METHOD_SECCOMP,
	 SECBAKE_ACTIONS_ALL & ~(uint32_t)SECBAKE_ACTION_NOTIFY, 0x03, false},
	{SECBAKE_KERNEL(4, 17), SECBAKE_METHOD_SECCOMP,
	 SECBAKE_ACTIONS_ALL & ~(uint32_t)SECBAKE_ACTION_NOTIFY, 0x07, false},
	{SECBAKE_KERNEL(5, 0), SECBAKE_METHOD_SECCOMP, SECBAKE_ACTIONS_ALL, 0x0f, true},
	{SECBAKE_KERNEL(5, 7), SECBAKE_METHOD_SECCOMP, SECBAKE_ACTIONS_ALL, 0x1f, true},
	{SECBAKE_KERNEL(5, 19), SECBAKE_METHOD_SECCOMP, SECBAKE_ACTIONS_ALL, 0x3f, true},
};

enum secbake_status secbake_features_of_kernel(const struct secbake_arch *arch, uint32_t kernel,
					       struct secbake_features *features,
					       struct secbake_error *error)
{
	size_t i = COUNT(releases);

	if (kernel < releases[0].kernel)
		return secbake_error_set(error, SECBAKE_ERR_INPUT, 0,
					 "Linux %u.%u has no seccomp filters; they came with 3.5",
					 kernel >> 16, kernel & 0xffff);
	while (releases[i - 1].kernel > kernel)
		i--;
	*features = (struct secbake_features){
		.arch = arch,
		.method = releases[i - 1].method,
		.actions = releases[i - 1].actions,
		.flags = releases[i - 1].flags,
		.notif_size = releases[i - 1].notify ? 80 : 0,
		.notif_resp_size = releases[i - 1].notify ? 24 : 0,
		.notif_data_size = releases[i - 1].notify ? 64 : 0,
		.kernel = kernel,
	};
	if (arch->x32) /* not a kernel's arch, but an ABI of x86_64's */
		features->arch = secbake_arch_by_audit(arch->audit_arch);
	return SECBAKE_OK;
}

const char *sb_parse_u16(const char *text, uint32_t *value)
{
	const char *p = text;
	uint32_t v = 0;

	for (; *p >= '0' && *p <= '9'; p++) {
		v = v * 10 + (uint32_t)(*p - '0');
		if (v > 65535)
			return NULL;
	}
	if (p == text || (*text == '0' && p - text > 1))
		return NULL;
	*value = v;
	return p;
}

bool secbake_kernel_parse(const char *text, uint32_t *kernel)
{
	uint32_t x, y;
	const char *p = sb_parse_u16(text, &x);

	if (!p || *p != '.')
		return false;
	p = sb_parse_u16(p + 1, &y);
	if (!p || (*p && !strchr(".-+_", *p)))
		return false;
	*kernel = SECBAKE_KERNEL(x, y);
	return true;
}

static int bit_index(uint32_t bit)
{
	return bit && !(bit & (bit - 1)) ? __builtin_ctz(bit) : -1;
}

const char *secbake_action_name(uint32_t action_bit)
{
	int i = bit_index(action_bit);

	return i >= 0 && (size_t)i < COUNT(actions) ? actions[i] : NULL;
}

const char *secbake_flag_name(uint32_t flag_bit)
{
	int i = bit_index(flag_bit);

	return i >= 0 && (size_t)i < COUNT(flags) ? flags[i] : NULL;
}
