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
 * In the order of the SECBAKE_ACTION_* bits. Names here are no pointers: each of those costs
 * the loader a relocation, four times its size.
 */
static const struct {
	char name[13];	    /* in policies */
	char proc_name[13]; /* in actions_avail */
	uint32_t value;	    /* SECCOMP_RET_* */
} actions[] = {
	{"kill-process", "kill_process", 0x80000000u},
	{"kill-thread", "kill_thread", 0x00000000u},
	{"trap", "trap", 0x00030000u},
	{"errno", "errno", 0x00050000u},
	{"notify", "user_notif", 0x7fc00000u},
	{"trace", "trace", 0x7ff00000u},
	{"log", "log", 0x7ffc0000u},
	{"allow", "allow", 0x7fff0000u},
};

/* In the order of the SECBAKE_FLAG_* bits. */
static const char flags[][19] = {"tsync",	 "log",		"spec-allow",
				 "new-listener", "tsync-esrch", "wait-killable-recv"};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
_Static_assert((1u << COUNT(actions)) - 1 == SECBAKE_ACTIONS_ALL, "actions");
_Static_assert((1u << COUNT(flags)) - 1 == SECBAKE_FLAGS_ALL, "flags");

/* 0, or the errno. */
static int ask(unsigned int operation, unsigned int flag_bits, void *argument)
{
	return syscall(SYS_seccomp, operation, flag_bits, argument) < 0 ? errno : 0;
}

static enum secbake_status impossible(struct secbake_error *error, const char *probe)
{
	return secbake_error_set(
		error, SECBAKE_ERR_UNKNOWN, 0,
		"%s without a program succeeded, which no kernel does; an emulator, "
		"a tracer or an outer filter answers for it, so what this kernel "
		"offers cannot be told",
		probe);
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
	if (!*answer)
		return impossible(error, "seccomp(SECCOMP_SET_MODE_FILTER)");
	if (*answer != EFAULT)
		return SECBAKE_OK;
	for (size_t i = 0; i < COUNT(flags); i++) {
		uint32_t bit = 1u << i;
		/* WAIT_KILLABLE_RECV alone is refused by kernels that know it. */
		uint32_t asked = bit == SECBAKE_FLAG_WAIT_KILLABLE_RECV
					 ? bit | SECBAKE_FLAG_NEW_LISTENER
					 : bit;
		int r = ask(OP_SET_MODE_FILTER, asked, NULL);

		if (!r)
			return impossible(error, "seccomp(SECCOMP_SET_MODE_FILTER)");
		if (r == EFAULT)
			f->flags |= bit;
	}
	return SECBAKE_OK;
}

static enum secbake_status probe_method(struct secbake_features *f, struct secbake_error *error)
{
	int answer;
	enum secbake_status status = probe_flags(f, &answer, error);

	if (status)
		return status;
	if (answer == EFAULT) {
		f->method = SECBAKE_METHOD_SECCOMP;
		return SECBAKE_OK;
	}
	/* EINVAL: no filters. ENOSYS: before 3.17. Those, EPERM and others: an outer filter. */
	answer = prctl(PR_SET_SECCOMP, MODE_FILTER, NULL) < 0 ? errno : 0;
	switch (answer) {
	case 0:
		return impossible(error, "prctl(PR_SET_SECCOMP)");
	case EFAULT:
		f->method = SECBAKE_METHOD_PRCTL;
		return SECBAKE_OK;
	case EINVAL:
		f->method = SECBAKE_METHOD_NONE;
		return SECBAKE_OK;
	default:
		return secbake_error_set(
			error, SECBAKE_ERR_UNKNOWN, answer,
			"seccomp(2) and prctl(PR_SET_SECCOMP) are both denied, most "
			"likely by an outer filter; allow seccomp there");
	}
}

/* "kill_process kill_thread ... allow\n"; 0 when there is no such file. */
static uint32_t actions_from_proc(void)
{
	char text[512];
	uint32_t found = 0;
	ssize_t got;
	int fd = open("/proc/sys/kernel/seccomp/actions_avail", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return 0;
	got = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (got <= 0)
		return 0;
	text[got] = '\0';
	for (const char *p = text; *p;) {
		size_t length = strcspn(p, " \n");

		for (size_t i = 0; i < COUNT(actions); i++) {
			if (strlen(actions[i].proc_name) == length &&
			    !memcmp(actions[i].proc_name, p, length))
				found |= 1u << i;
		}
		p += length;
		p += strspn(p, " \n");
	}
	return found;
}

/*
 * The system call decides; the file answers only what the call could not. The oldest actions
 * are not asked for: no kernel has filters without them.
 */
static void probe_actions(struct secbake_features *f)
{
	uint32_t unanswered = 0, listed;

	f->actions = SECBAKE_ACTIONS_OLDEST;
	for (size_t i = 0; i < COUNT(actions); i++) {
		uint32_t value = actions[i].value;

		if (SECBAKE_ACTIONS_OLDEST & (1u << i))
			continue;
		switch (ask(OP_GET_ACTION_AVAIL, 0, &value)) {
		case 0:
			f->actions |= 1u << i;
			break;
		case EOPNOTSUPP:
			break;
		case EINVAL: /* before 4.14: no such operation, and just the oldest */
			f->actions = SECBAKE_ACTIONS_OLDEST;
			return;
		default: /* no seccomp(2), or an outer filter in front of it */
			unanswered |= 1u << i;
		}
	}
	if (!unanswered)
		return;
	listed = actions_from_proc();
	f->actions |= unanswered & listed;
}

enum secbake_status secbake_features_probe(struct secbake_features *features,
					   struct secbake_error *error)
{
	struct secbake_features f = {.arch = secbake_arch_native()};
	struct notif_sizes sizes = {0};
	struct utsname name = {0};
	enum secbake_status status = probe_method(&f, error);

	if (status)
		return status;
	if (f.method != SECBAKE_METHOD_NONE)
		probe_actions(&f);
	if (f.method == SECBAKE_METHOD_SECCOMP && !ask(OP_GET_NOTIF_SIZES, 0, &sizes)) {
		f.notif_size = sizes.notif;
		f.notif_resp_size = sizes.resp;
		f.notif_data_size = sizes.data;
	}
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

	return i >= 0 && (size_t)i < COUNT(actions) ? actions[i].name : NULL;
}

const char *secbake_flag_name(uint32_t flag_bit)
{
	int i = bit_index(flag_bit);

	return i >= 0 && (size_t)i < COUNT(flags) ? flags[i] : NULL;
}
