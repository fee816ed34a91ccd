/* SPDX-License-Identifier: MIT */
/*
 * Imported systemd units against systemd itself: its own libraries read the unit
 * (libsystemd-core) and build the programs (libsystemd-shared, with libseccomp), in the
 * order of exec_child(); seccomp_load() below keeps each instead of installing it. Both
 * sides use the installed systemd's own groups: how the shipped ones differ from those is
 * groups.systemd's business.
 *
 * Left out, as docs/import.md says: ipc(2) with a version in its upper bits, and calls that
 * the installed libseccomp does not know.
 * usage: systemd FOLDER [UNIT...]: the units of the folder that have filters, and these
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <secbake/import.h>
#include <secbake/inspect.h>

#include <compiler/syscalls.h>
#include <tests/lib/compiled.h>

#define VERSION "252"
#define PROGRAMS_MAX 64u
#define SHOWN_MAX 8u

/* ---- systemd's side ---- */

struct filter_set { /* src/shared/seccomp-util.h: SyscallFilterSet */
	const char *name, *help, *value;
};

typedef int (*config_parser)(const char *unit, const char *filename, unsigned int line,
			     const char *section, unsigned int section_line, const char *lvalue,
			     int ltype, const char *rvalue, void *data, void *userdata);

struct config_item { /* src/shared/conf-parser.h: ConfigTableItem */
	const char *section, *lvalue;
	config_parser parse;
	int ltype;
	void *data;
};

static struct test_program peer[PROGRAMS_MAX];
static unsigned int peer_count;
static void *shared, *core;

/* Called by libsystemd-shared in the place of libseccomp's. */
__attribute__((visibility("default"))) int seccomp_load(const scmp_filter_ctx context)
{
	int fd = memfd_create("program", 0);
	struct sock_filter *insn;
	off_t size;

	if (fd < 0 || seccomp_export_bpf(context, fd) < 0 || (size = lseek(fd, 0, SEEK_END)) < 0)
		test_die("cannot export a program");
	if (peer_count == PROGRAMS_MAX)
		test_die("systemd installs more programs than this test has room for");
	insn = mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (insn == MAP_FAILED)
		test_die("cannot map a program");
	test_program_decode((const uint8_t *)insn, (uint32_t)((size_t)size / sizeof(*insn)), false,
			    &peer[peer_count++]);
	munmap(insn, (size_t)size);
	close(fd);
	return 0;
}

static void *symbol(void *library, const char *name)
{
	void *found = dlsym(library, name);

	if (!found)
		test_skip("systemd's libraries have no %s", name);
	return found;
}

static void open_systemd(void)
{
	static const char *const folders[] = {"/usr/lib/x86_64-linux-gnu/systemd",
					      "/usr/lib/systemd"};

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]) && !core; i++) {
		char *path = test_sprintf("%s/libsystemd-shared-" VERSION ".so", folders[i]);

		shared = dlopen(path, RTLD_NOW | RTLD_GLOBAL);
		free(path);
		path = test_sprintf("%s/libsystemd-core-" VERSION ".so", folders[i]);
		core = shared ? dlopen(path, RTLD_NOW) : NULL;
		free(path);
	}
	if (!core)
		test_skip("systemd " VERSION " is not installed; others have other libraries");
	((void (*)(int))symbol(shared, "log_set_max_level"))(0);
}

enum {
	MDWE,
	REALTIME,
	SUID,
	HOSTNAME,
	TUNABLES,
	MODULES,
	LOGS,
	CLOCK,
	DEVICES,
	LOCK,
	DYNAMIC,
	SWITCHES
};

/*
 * A piece of memory for each setting that the parser takes for an ExecContext. Where in it
 * the fields are is seen from what the parser changed.
 */
#define CONTEXT 16384u
struct context {
	uint64_t word[CONTEXT / 8];
};

static struct unit {
	struct context filter, log, error, family, space;
	void *archs;
	bool on[SWITCHES];
	int other; /* takes what is not looked at */
} unit;

/* Of the heap or a mapping; a bool in any byte of a word looks different. */
static bool is_pointer(uint64_t word)
{
	return word >> 44 && !(word >> 47);
}

static void *pointer_in(const struct context *context)
{
	for (size_t i = 0; i < CONTEXT / 8; i++)
		if (is_pointer(context->word[i]))
			return (void *)(uintptr_t)context->word[i];
	return NULL;
}

/* A bool that is true. */
static bool flag_in(const struct context *context)
{
	for (size_t i = 0; i < CONTEXT / 8; i++)
		if (context->word[i] && !is_pointer(context->word[i]))
			return true;
	return false;
}

static bool parse_file(const char *path)
{
	int (*parse)(const char *, const char *, FILE *, const char *, void *, const void *, int,
		     void *, void *) = symbol(shared, "config_parse");
	void *parse_bool = symbol(shared, "config_parse_bool");
	const struct config_item items[] = {
		{"Service", "SystemCallFilter", symbol(core, "config_parse_syscall_filter"), 0,
		 &unit.filter},
		{"Service", "SystemCallLog", symbol(core, "config_parse_syscall_log"), 0,
		 &unit.log},
		{"Service", "SystemCallErrorNumber", symbol(core, "config_parse_syscall_errno"), 0,
		 &unit.error},
		{"Service", "SystemCallArchitectures", symbol(core, "config_parse_syscall_archs"),
		 0, &unit.archs},
		{"Service", "RestrictAddressFamilies",
		 symbol(core, "config_parse_address_families"), 0, &unit.family},
		{"Service", "RestrictNamespaces", symbol(core, "config_parse_restrict_namespaces"),
		 0, &unit.space},
		{"Service", "MemoryDenyWriteExecute", parse_bool, 0, &unit.on[MDWE]},
		{"Service", "RestrictRealtime", parse_bool, 0, &unit.on[REALTIME]},
		{"Service", "RestrictSUIDSGID", parse_bool, 0, &unit.on[SUID]},
		{"Service", "ProtectHostname", parse_bool, 0, &unit.on[HOSTNAME]},
		{"Service", "ProtectKernelTunables", parse_bool, 0, &unit.on[TUNABLES]},
		{"Service", "ProtectKernelModules", parse_bool, 0, &unit.on[MODULES]},
		{"Service", "ProtectKernelLogs", parse_bool, 0, &unit.on[LOGS]},
		{"Service", "ProtectClock", parse_bool, 0, &unit.on[CLOCK]},
		{"Service", "PrivateDevices", parse_bool, 0, &unit.on[DEVICES]},
		{"Service", "LockPersonality", parse_bool, 0, &unit.on[LOCK]},
		{"Service", "DynamicUser", parse_bool, 0, &unit.on[DYNAMIC]},
		{0},
	};

	memset(&unit.space, 0xff, sizeof(unit.space)); /* NAMESPACE_FLAGS_INITIAL */
	return parse("x.service", path, NULL, "Unit\0Service\0Install\0",
		     symbol(shared, "config_item_table_lookup"), items, 1, &unit.other, NULL) >= 0;
}

static void deny_set(const char *name)
{
	const struct filter_set *(*find)(const char *) = symbol(shared, "syscall_filter_set_find");
	int (*load)(uint32_t, const struct filter_set *, uint32_t, bool) =
		symbol(shared, "seccomp_load_syscall_filter_set");

	load(SCMP_ACT_ALLOW, find(name), SCMP_ACT_ERRNO(EPERM), false);
}

static void call(const char *name)
{
	((int (*)(void))symbol(shared, name))();
}

static void load_lists(void)
{
	int (*load)(uint32_t, void *, uint32_t, bool) =
		symbol(shared, "seccomp_load_syscall_filter_set_raw");
	uint32_t negative = SCMP_ACT_KILL_PROCESS;

	for (size_t i = 0; i < CONTEXT / 4; i++) {
		uint32_t error = ((const uint32_t *)unit.error.word)[i];

		if (error && error < 4096)
			negative = SCMP_ACT_ERRNO(error);
	}
	if (pointer_in(&unit.log))
		load(flag_in(&unit.log) ? SCMP_ACT_ALLOW : SCMP_ACT_LOG, pointer_in(&unit.log),
		     flag_in(&unit.log) ? SCMP_ACT_LOG : SCMP_ACT_ALLOW, false);
	if (!pointer_in(&unit.filter))
		return;
	if (flag_in(&unit.filter))
		load(negative, pointer_in(&unit.filter), SCMP_ACT_ALLOW, false);
	else
		load(SCMP_ACT_ALLOW, pointer_in(&unit.filter), negative, false);
}

/* exec_child() of src/core/execute.c, as far as it installs programs. */
static void load_all(void)
{
	bool families = flag_in(&unit.family);
	unsigned long retained = ~0ul;

	for (size_t i = 0; i < CONTEXT / 8; i++)
		if (unit.space.word[i] != UINT64_MAX)
			retained = unit.space.word[i];
	if (unit.on[HOSTNAME])
		call("seccomp_protect_hostname");
	if (families || pointer_in(&unit.family))
		((int (*)(void *, bool))symbol(shared, "seccomp_restrict_address_families"))(
			pointer_in(&unit.family), families);
	if (unit.on[MDWE])
		call("seccomp_memory_deny_write_execute");
	if (unit.on[REALTIME])
		((int (*)(int))symbol(shared, "seccomp_restrict_realtime_full"))(EPERM);
	if (unit.on[SUID] || unit.on[DYNAMIC])
		call("seccomp_restrict_suid_sgid");
	if (retained != ~0ul)
		((int (*)(unsigned long))symbol(shared, "seccomp_restrict_namespaces"))(retained);
	if (unit.on[TUNABLES])
		call("seccomp_protect_sysctl");
	if (unit.on[MODULES])
		deny_set("@module");
	if (unit.on[LOGS])
		call("seccomp_protect_syslog");
	if (unit.on[CLOCK])
		deny_set("@clock");
	if (unit.on[DEVICES])
		deny_set("@raw-io");
	if (unit.archs)
		((int (*)(void *))symbol(shared, "seccomp_restrict_archs"))(unit.archs);
	if (unit.on[LOCK])
		((int (*)(unsigned long))symbol(shared, "seccomp_lock_personality"))(PER_LINUX);
	load_lists();
}

/* ---- ours ---- */

/* @groups.json with systemd's own groups. */
struct groups {
	struct secbake_source_reader base; /* first */
	char *text;
};

static void write_members(FILE *to, const char *value)
{
	bool any = false;

	for (const char *p = value; *p; p += strlen(p) + 1) {
		if (*p != '@' &&
		    (!sb_syscall_known(p) || seccomp_syscall_resolve_name(p) == __NR_SCMP_ERROR))
			continue;
		fprintf(to, "%s\"%s\"", any ? ", " : "", p);
		any = true;
	}
}

static char *systemd_groups(void)
{
	static const char *const name[] = {
		"@aio",	     "@basic-io",	"@chown",	"@clock",    "@cpu-emulation",
		"@debug",    "@default",	"@file-system", "@io-event", "@ipc",
		"@keyring",  "@memlock",	"@module",	"@mount",    "@network-io",
		"@obsolete", "@pkey",		"@privileged",	"@process",  "@raw-io",
		"@reboot",   "@resources",	"@setuid",	"@signal",   "@swap",
		"@sync",     "@system-service", "@timer",
	};
	const struct filter_set *(*find)(const char *) = symbol(shared, "syscall_filter_set_find");
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	if (!to)
		test_die("out of memory");
	fprintf(to, "{\"secbake\": 1, \"groups\": {");
	for (size_t i = 0; i < sizeof(name) / sizeof(name[0]); i++) {
		const struct filter_set *set = find(name[i]);

		if (!set)
			test_die("systemd has no group %s", name[i]);
		fprintf(to, "%s\"%s\": [", i ? ",\n" : "", name[i]);
		write_members(to, set->value);
		fprintf(to, "]");
	}
	fprintf(to, "}}\n");
	fclose(to);
	return text;
}

static enum secbake_status read_groups(struct secbake_source_reader *self, uint32_t index,
				       enum secbake_source_kind kind, uint32_t parent,
				       const char *name, struct secbake_text *text,
				       struct secbake_error *error)
{
	const struct groups *groups = (const struct groups *)self;

	(void)index, (void)parent;
	if (kind != SECBAKE_SOURCE_POLICY || strcmp(name, "@groups"))
		return secbake_error_set(error, SECBAKE_ERR_MISSING, 0, "there is only @groups");
	*text = (struct secbake_text){
		.bytes = groups->text, .size = strlen(groups->text), .file = "@groups"};
	return SECBAKE_OK;
}

/* ---- comparing ---- */

struct against {
	struct test_visitor visitor;
	const char *path;
	const struct test_program *ours;
	uint32_t ours_count;
	size_t calls, differences;
};

static uint32_t fold(const struct test_program *program, uint32_t count,
		     const struct seccomp_data *data)
{
	uint32_t verdict = SECCOMP_RET_ALLOW;

	for (uint32_t i = 0; i < count; i++)
		verdict = secbake_verdict_strictest(test_interpret(&program[i], data), verdict);
	return verdict;
}

static bool left_out(const struct seccomp_data *data)
{
	const char *name =
		data->arch == AUDIT_ARCH_I386
			? secbake_syscall_name(secbake_arch_find("x86"), (uint32_t)data->nr)
			: secbake_syscall_name(secbake_arch_find("x86_64"),
					       (uint32_t)data->nr & ~SECBAKE_X32_BIT);

	if (!name)
		return false;
	if (!strcmp(name, "ipc") && (uint32_t)data->args[0] > 0xffff)
		return true;
	return seccomp_syscall_resolve_name(name) == __NR_SCMP_ERROR;
}

static void compare(struct test_visitor *self, const struct seccomp_data *data)
{
	struct against *a = (struct against *)self; /* visitor is its first member */
	uint32_t wanted, got;

	if (left_out(data))
		return;
	a->calls++;
	wanted = fold(peer, peer_count, data);
	got = fold(a->ours, a->ours_count, data);
	if (wanted != got && a->differences++ < SHOWN_MAX)
		fprintf(stderr, "%s: %s: systemd %s, secbake %s\n", a->path, test_call_text(data),
			test_verdict_text(wanted), test_verdict_text(got));
}

/* Each value that systemd's programs compare an argument with, as a point. */
static void collect_points(struct test_points *points)
{
	for (unsigned int i = 0; i < peer_count; i++) {
		int arg = -1;

		for (uint32_t j = 0; j < peer[i].program.count; j++) {
			const struct sock_filter *insn = &peer[i].insn[j];

			if (insn->code == (BPF_LD | BPF_W | BPF_ABS))
				arg = insn->k < 16 ? -1 : (int)((insn->k - 16) / 8);
			else if (arg >= 0 && BPF_CLASS(insn->code) != BPF_RET)
				test_points_add(points, (unsigned int)arg, insn->k, UINT64_MAX);
		}
	}
}

/* Calls with conditions in one of systemd's filters; for others the arguments mean nothing. */
static bool has_conditions(uint32_t arch, uint32_t nr)
{
	static const char *const conditional[] = {
		"socket",
		"mmap",
		"mmap2",
		"mprotect",
		"pkey_mprotect",
		"shmat",
		"chmod",
		"fchmod",
		"mkdir",
		"mkdirat",
		"mknod",
		"mknodat",
		"fchmodat",
		"open",
		"openat",
		"creat",
		"sched_setscheduler",
		"personality",
		"clone",
		"unshare",
		"setns",
		"socketcall",
		"ipc",
	};
	const struct secbake_arch *abi =
		secbake_arch_find(arch == AUDIT_ARCH_I386 ? "x86" : "x86_64");
	const char *name = secbake_syscall_name(abi, nr & ~SECBAKE_X32_BIT);

	for (size_t i = 0; name && i < sizeof(conditional) / sizeof(conditional[0]); i++)
		if (!strcmp(conditional[i], name))
			return true;
	return false;
}

static void compare_all(struct against *a)
{
	static const uint32_t arch[] = {AUDIT_ARCH_X86_64, AUDIT_ARCH_I386, AUDIT_ARCH_AARCH64};
	struct test_random random = {test_env("SECBAKE_SEED", 1)};
	struct test_points all = {0}, none = {0};
	size_t count;
	uint32_t *nr = test_numbers(NULL, 0, &count);

	collect_points(&all);
	for (uint32_t carried = 0; carried <= 25; carried++) /* by socketcall and ipc */
		test_points_add(&all, 0, carried, UINT64_MAX);
	for (size_t i = 0; i < sizeof(arch) / sizeof(arch[0]); i++)
		for (size_t j = 0; j < count; j++)
			test_calls_of_number(arch[i], nr[j],
					     has_conditions(arch[i], nr[j]) ? &all : &none, &random,
					     &a->visitor);
	free(nr);
	test_points_clear(&all);
}

static void run_unit(const char *path, struct groups *groups)
{
	static struct test_program ours[SECBAKE_LAYERS_MAX];
	struct against against = {.visitor = {compare}, .path = path, .ours = ours};
	struct secbake_import_options import = {.format = "systemd", .policy.file = path};
	struct secbake_compile_options options;
	struct secbake_error error = {0};
	struct test_compiled compiled;
	char *json;
	size_t size;

	import.policy.bytes = test_read_file(path, &import.policy.size);
	if (!parse_file(path))
		test_die("%s: systemd cannot read it", path);
	load_all();
	if (secbake_import(&import, &json, &size, &error) != SECBAKE_OK)
		test_die("%s:%u: %s", path, error.line, error.text);
	options = test_options("x86_64", SECBAKE_KERNEL(6, 12), json, size, path);
	options.sources = &groups->base;
	if (secbake_compile(&options, &compiled.compiled, &error) != SECBAKE_OK)
		test_die("%s: imported, line %u: %s: %s\n%s", path, error.line, error.pointer,
			 error.text, json);
	secbake_compiled_blob(compiled.compiled, &size);
	if (secbake_blob_open(secbake_compiled_blob(compiled.compiled, &size), size, &compiled.blob,
			      &error) != SECBAKE_OK)
		test_die("%s: %s", path, error.text);
	against.ours_count = secbake_blob_variant(&compiled.blob, 0).layer_count;
	for (uint32_t i = 0; i < against.ours_count; i++)
		test_program_of_layer(&compiled, i, &ours[i]);
	compare_all(&against);
	printf("%s: %u programs of systemd's, %u of ours, %zu calls, %zu differ\n", path,
	       peer_count, against.ours_count, against.calls, against.differences);
	fflush(stdout);
	_exit(against.differences || !against.calls);
}

/* In a process of its own: systemd remembers which architectures it has blocked. */
static bool try_unit(const char *path, struct groups *groups)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		run_unit(path, groups);
	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
	       !WEXITSTATUS(status);
}

/* A unit that has any of the settings. */
static bool is_wanted(const char *path)
{
	const char *end = strrchr(path, '.');
	struct stat st;
	size_t size;
	bool found;
	char *text;

	if (strcmp(end, ".service") || lstat(path, &st) || !S_ISREG(st.st_mode))
		return false;
	text = test_read_file(path, &size);
	found = strstr(text, "\nSystemCall") || strstr(text, "\nRestrict") ||
		strstr(text, "\nMemoryDeny") || strstr(text, "\nLockPersonality=");
	free(text);
	return found;
}

int main(int argc, char **argv)
{
	struct groups groups = {.base.read = read_groups};
	unsigned int tried = 0, failed = 0, found = 0;
	struct dirent **entry;
	int count;

#ifndef __x86_64__
	test_skip("only x86_64's systemd is looked at");
#endif
	open_systemd();
	groups.text = systemd_groups();
	for (int i = 2; i < argc; i++, tried++)
		failed += !try_unit(argv[i], &groups);
	count = argc > 1 ? scandir(argv[1], &entry, NULL, alphasort) : -1;
	for (int i = 0; i < count; i++) {
		char *path = test_sprintf("%s/%s", argv[1], entry[i]->d_name);

		if (is_wanted(path)) {
			failed += !try_unit(path, &groups);
			found++;
		}
		free(path);
		free(entry[i]);
	}
	if (count >= 0)
		free(entry);
	free(groups.text);
	printf("%u units and %u of %s, %u failed\n", tried, found, argv[1], failed);
	return failed || (count >= 0 && !found) ? 1 : 0;
}
