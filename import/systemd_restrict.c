/* SPDX-License-Identifier: MIT */
/*
 * What systemd's settings forbid one by one, from src/shared/seccomp-util.c of systemd 252.
 * All give errors, and of several the one installed last; so they are written from the
 * last to the first.
 *
 * libseccomp compares all 64 bits of an argument, of x32 and n32 32; where that makes
 * a difference there are two rules.
 */
#include "systemd.h"

#include <string.h>

/* What the rules are written with; arch NULL ends the list. */
struct restrictions {
	struct sd_unit *unit;
	struct sb_import *import;
	struct sb_out_layer *layer;
	const struct secbake_arch *const *covered;
	const char *comment; /* of the next rule; NULL: none */
};

static bool is_ilp32(const struct secbake_arch *arch)
{
	return arch->x32 || !strcmp(arch->name, "mips64n32") || !strcmp(arch->name, "mipsel64n32");
}

static bool names(const char *const *list, const char *name)
{
	for (; list && *list; list++)
		if (!strcmp(*list, name))
			return true;
	return false;
}

/*
 * A rule for calls, words up to NULL, on those covered architectures that arch lists (NULL:
 * all); half 32 or 64: only those whose arguments libseccomp compares so. Without any
 * there is no rule: *rule is NULL.
 */
static bool add_rule(struct restrictions *r, const char *const *calls, const char *const *arch,
		     unsigned int half, const char *action, struct sb_out_rule **rule)
{
	struct sb_words on = {0};
	uint32_t count = 0;

	*rule = NULL;
	for (; count < SD_LOCAL_MAX && r->covered[count]; count++) {
		const struct secbake_arch *one = r->covered[count];

		if ((arch && !names(arch, one->name)) || (half && is_ilp32(one) != (half == 32)))
			continue;
		if (!sb_words_add(r->import, &on, one->name))
			return false;
	}
	if (!on.count)
		return true;
	*rule = sb_out_rule(r->import, r->layer);
	if (!*rule)
		return false;
	if (on.count < count)
		(*rule)->when.arch = on;
	(*rule)->action = action;
	for (; *calls; calls++) {
		(*rule)->optional |= **calls != '@' && sb_systemd_call_may_lack(r->covered, *calls);
		if (!sb_words_add(r->import, &(*rule)->syscalls, *calls))
			return false;
	}
	if (r->comment && !sb_words_add(r->import, &(*rule)->comment, r->comment))
		return false;
	r->comment = NULL;
	return true;
}

static bool deny(struct restrictions *r, const char *const *calls, const char *const *arch,
		 const char *action)
{
	struct sb_out_rule *rule;

	return add_rule(r, calls, arch, 0, action, &rule);
}

static bool add_test(struct restrictions *r, struct sb_out_set *set, const char *argument,
		     const char *op, const char *value, uint8_t width)
{
	struct sb_out_matcher *matcher = sb_out_matcher(r->import, set, argument);

	if (!matcher || !sb_out_test(r->import, matcher, op, NULL, value))
		return false;
	matcher->width = width;
	return true;
}

/* A rule about bits of an argument; of how many bits it is does not matter to it. */
static bool deny_bits(struct restrictions *r, const char *const *calls, const char *const *arch,
		      const char *argument, const char *op, const char *bits)
{
	struct sb_out_rule *rule;
	struct sb_out_set *set;

	if (!add_rule(r, calls, arch, 0, "errno:EPERM", &rule))
		return false;
	if (!rule)
		return true;
	set = sb_out_set(r->import, rule);
	return set && add_test(r, set, argument, op, bits, 0);
}

/* A rule about an argument's value. */
static bool deny_value(struct restrictions *r, const char *call, const char *const *arch,
		       const char *argument, const char *op, const struct sb_words *values,
		       const char *action)
{
	for (uint8_t half = 64; half >= 32; half /= 2) {
		const char *const calls[] = {call, NULL};
		struct sb_out_rule *rule;
		struct sb_out_set *set;

		if (!add_rule(r, calls, arch, half, action, &rule))
			return false;
		if (!rule)
			continue;
		set = sb_out_set(r->import, rule);
		if (!set || !add_test(r, set, argument, op, values->word[0], half))
			return false;
		for (uint32_t i = 1; i < values->count; i++)
			if (!sb_words_add(r->import, &set->matcher->test->value, values->word[i]))
				return false;
	}
	return true;
}

static bool deny_one_value(struct restrictions *r, const char *call, const char *argument,
			   const char *op, const char *value)
{
	struct sb_words values = {.word = &value, .count = 1};

	return deny_value(r, call, NULL, argument, op, &values, "errno:EPERM");
}

#define CALLS(...)                \
	(const char *const[])     \
	{                         \
		__VA_ARGS__, NULL \
	}

static bool lock_personality(struct restrictions *r)
{
	return deny_one_value(r, "personality", "personality", "ne", r->unit->personality);
}

static bool private_devices(struct restrictions *r)
{
	return deny(r, CALLS("@raw-io"), NULL, "errno:EPERM");
}

static bool protect_clock(struct restrictions *r)
{
	return deny(r, CALLS("@clock"), NULL, "errno:EPERM");
}

static bool protect_logs(struct restrictions *r)
{
	return deny(r, CALLS("syslog"), NULL, "errno:EPERM");
}

static bool protect_modules(struct restrictions *r)
{
	return deny(r, CALLS("@module"), NULL, "errno:EPERM");
}

static bool protect_tunables(struct restrictions *r)
{
	return deny(r, CALLS("_sysctl"), NULL, "errno:EPERM");
}

static bool protect_hostname(struct restrictions *r)
{
	return deny(r, CALLS("sethostname", "setdomainname"), NULL, "errno:EPERM");
}

static const char *namespace_flags(struct restrictions *r)
{
	const char *flags = NULL;

	for (uint32_t i = 0; i < SD_NAMESPACES; i++) {
		if (r->unit->retained & 1u << i)
			continue;
		flags = flags ? sb_import_text(r->import, "%s|%s", flags,
					       sb_systemd_namespace[i].flag)
			      : sb_systemd_namespace[i].flag;
		if (!flags)
			return NULL;
	}
	return flags;
}

static bool restrict_namespaces(struct restrictions *r)
{
	const char *flags = namespace_flags(r);

	if (!flags)
		return false;
	if (!deny_bits(r, CALLS("unshare"), NULL, "unshare_flags", "any", flags) ||
	    !deny_bits(r, CALLS("clone"), NULL, "clone_flags", "any", flags))
		return false;
	if (!(r->unit->retained & SD_NAMESPACES_ALL)) {
		if (!deny(r, CALLS("setns"), NULL, "errno:EPERM"))
			return false;
	} else if (!deny_bits(r, CALLS("setns"), NULL, "flags", "any", flags) ||
		   !deny_one_value(r, "setns", "flags", "eq", "0")) {
		return false;
	}
	r->comment = "Its flags are in memory, where no filter can look; libc takes clone instead.";
	return deny(r, CALLS("clone3"), NULL, "errno:ENOSYS");
}

/* What is created or changed with a mode. */
static bool restrict_suid_sgid(struct restrictions *r)
{
	static const char bits[] = "S_ISUID|S_ISGID";
	static const char *const opens[][3] = {{"open", "flags", "mode"},
					       {"openat", "flags", "mode"}};

	if (!deny_bits(r, CALLS("chmod", "fchmod", "mkdir", "mknod", "creat"), NULL, "mode", "any",
		       bits) ||
	    !deny_bits(r, CALLS("fchmodat", "fchmodat2", "mkdirat", "mknodat"), NULL, "mode", "any",
		       bits))
		return false;
	for (size_t i = 0; i < 2; i++) {
		struct sb_out_rule *rule;
		struct sb_out_set *set;

		if (!add_rule(r, CALLS(opens[i][0]), NULL, 0, "errno:EPERM", &rule))
			return false;
		set = rule ? sb_out_set(r->import, rule) : NULL;
		if (!set || !add_test(r, set, opens[i][1], "all", "O_CREAT", 0) ||
		    !add_test(r, set, opens[i][2], "any", bits, 0))
			return false;
	}
	r->comment = "Its mode is in memory, where no filter can look; libc takes openat instead.";
	return deny(r, CALLS("openat2"), NULL, "errno:ENOSYS");
}

static bool restrict_realtime(struct restrictions *r)
{
	const char *policy[] = {"SCHED_OTHER", "SCHED_BATCH", "SCHED_IDLE"};
	struct sb_words values = {.word = policy, .count = 3};

	return deny_value(r, "sched_setscheduler", NULL, "policy", "notIn", &values, "errno:EPERM");
}

static bool deny_write_execute(struct restrictions *r)
{
	const char *const all[] = {"x86_64", "x32",  "x86",   "aarch64", "arm", "riscv64",
				   "s390x",  "s390", "ppc64", "ppc64le", "ppc", NULL};
	const char *const old[] = {"x86", "s390", NULL};
	const char *const mmap2[] = {"x86", "s390", "arm", NULL};
	const char *const mmap[] = {"x86_64", "x32",	 "aarch64", "riscv64",
				    "ppc64",  "ppc64le", "ppc",	    NULL};
	const char *const shmat[] = {"x86_64", "x32", "aarch64", "riscv64", "arm", NULL};

	if (!strcmp(r->import->arch->name, "s390x") &&
	    !sb_import_lost(r->import, 0, &r->import->policy.comment,
			    "on s390x systemd compares a third argument of mmap, which has one; "
			    "its verdict hangs on what is left in a register"))
		return false;
	if (!deny_bits(r, CALLS("mmap"), mmap, "prot", "all", "PROT_EXEC|PROT_WRITE") ||
	    !deny_bits(r, CALLS("mmap2"), mmap2, "prot", "all", "PROT_EXEC|PROT_WRITE") ||
	    !deny_bits(r, CALLS("mprotect", "pkey_mprotect"), all, "prot", "all", "PROT_EXEC") ||
	    !deny_bits(r, CALLS("shmat"), shmat, "shmflg", "all", "SHM_EXEC"))
		return false;
	r->comment = "The old form has its arguments in memory, where no filter can look.";
	return deny(r, CALLS("mmap"), old, "errno:EPERM");
}

/* Architectures whose sockets are all made by socket(2); systemd leaves the others alone. */
static bool restrict_families(struct restrictions *r)
{
	static const char *const direct[] = {"x86_64",	"x32",	    "arm",	 "aarch64",
					     "mips64",	"mipsel64", "mips64n32", "mipsel64n32",
					     "riscv64", NULL};
	struct sb_words family = {0};

	for (uint32_t i = 0; i < r->unit->family.count; i++) {
		const char *name = r->unit->family.word[i];

		if (r->unit->families_allowed && !strcmp(name, "AF_UNSPEC"))
			continue; /* below the first that can be allowed */
		if (!sb_words_add(r->import, &family, name))
			return false;
	}
	if (family.count)
		return deny_value(r, "socket", direct, "family",
				  r->unit->families_allowed ? "notIn" : "in", &family,
				  "errno:EAFNOSUPPORT");
	return !r->unit->families_allowed || deny(r, CALLS("socket"), direct, "errno:EAFNOSUPPORT");
}

/* From the last that systemd installs to the first. */
static const struct {
	const char *name;
	bool (*write)(struct restrictions *r);
	int which; /* enum sd_switch, -1: what the writer below knows */
} restriction[] = {
	{"LockPersonality=", lock_personality, SD_LOCK_PERSONALITY},
	{"PrivateDevices=", private_devices, SD_PRIVATE_DEVICES},
	{"ProtectClock=", protect_clock, SD_PROTECT_CLOCK},
	{"ProtectKernelLogs=", protect_logs, SD_PROTECT_KERNEL_LOGS},
	{"ProtectKernelModules=", protect_modules, SD_PROTECT_KERNEL_MODULES},
	{"ProtectKernelTunables=", protect_tunables, SD_PROTECT_KERNEL_TUNABLES},
	{"RestrictNamespaces=", restrict_namespaces, -1},
	{"RestrictSUIDSGID=", restrict_suid_sgid, SD_RESTRICT_SUID_SGID},
	{"RestrictRealtime=", restrict_realtime, SD_RESTRICT_REALTIME},
	{"MemoryDenyWriteExecute=", deny_write_execute, SD_MEMORY_DENY_WRITE_EXECUTE},
	{"RestrictAddressFamilies=", restrict_families, -1},
	{"ProtectHostname=", protect_hostname, SD_PROTECT_HOSTNAME},
};

static bool is_set(const struct sd_unit *unit, size_t i)
{
	if (restriction[i].which >= 0)
		return unit->on[restriction[i].which];
	if (restriction[i].write == restrict_namespaces)
		return unit->namespaces &&
		       (unit->retained & SD_NAMESPACES_ALL) != SD_NAMESPACES_ALL;
	return unit->families_allowed || unit->family.count;
}

bool sb_systemd_write_restrictions(struct sd_unit *unit, const struct secbake_arch *const *covered)
{
	struct restrictions r = {.unit = unit, .import = unit->import, .covered = covered};

	/* unit_patch_contexts() */
	unit->on[SD_RESTRICT_SUID_SGID] |= unit->on[SD_DYNAMIC_USER];
	for (size_t i = 0; i < sizeof(restriction) / sizeof(restriction[0]); i++) {
		if (!is_set(unit, i))
			continue;
		if (!r.layer) {
			r.layer = sb_out_layer(unit->import);
			if (!r.layer)
				return false;
			r.layer->default_action = "allow";
		}
		r.comment = restriction[i].name;
		if (!restriction[i].write(&r))
			return false;
	}
	return true;
}
