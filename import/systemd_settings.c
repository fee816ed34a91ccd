/* SPDX-License-Identifier: MIT */
/*
 * The values of a unit's settings. What a word means, and what a wrong one means, is as
 * in systemd 252: src/core/load-fragment.c.
 */
#include "systemd.h"

#include <string.h>
#include <strings.h>

#include "compiler/constants.h"
#include "compiler/errnos.h"
#include "compiler/syscalls.h"

const struct sb_systemd_namespace sb_systemd_namespace[SD_NAMESPACES] = {
	{"cgroup", "CLONE_NEWCGROUP"}, {"ipc", "CLONE_NEWIPC"},	  {"net", "CLONE_NEWNET"},
	{"mnt", "CLONE_NEWNS"},	       {"pid", "CLONE_NEWPID"},	  {"user", "CLONE_NEWUSER"},
	{"uts", "CLONE_NEWUTS"},       {"time", "CLONE_NEWTIME"},
};

static const char *const groups[] = {
	"@aio",	       "@basic-io",    "@chown",    "@clock",	   "@cpu-emulation",  "@debug",
	"@default",    "@file-system", "@io-event", "@ipc",	   "@keyring",	      "@known",
	"@memlock",    "@module",      "@mount",    "@network-io", "@obsolete",	      "@pkey",
	"@privileged", "@process",     "@raw-io",   "@reboot",	   "@resources",      "@sandbox",
	"@setuid",     "@signal",      "@swap",	    "@sync",	   "@system-service", "@timer",
};

/*
 * The next word of a value; NULL at its end. systemd takes quotes in some settings
 * and backslashes in all; nobody writes them there, and they are not guessed at.
 */
static bool next_word(struct sd_unit *unit, const struct sd_line *at, char **p, char **word)
{
	*word = strtok_r(NULL, " \t\r\n", p);
	if (*word && strpbrk(*word, "\\\"'"))
		return sb_import_fail(unit->import, at->line,
				      "%s: %.60s: write the words without quotes and backslashes",
				      at->key, *word);
	return true;
}

static bool parse_boolean(const char *text, bool *value)
{
	static const char *const yes[] = {"1", "yes", "y", "true", "t", "on"};
	static const char *const no[] = {"0", "no", "n", "false", "f", "off"};

	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
		*value = !strcasecmp(text, yes[i]);
		if (*value || !strcasecmp(text, no[i]))
			return true;
	}
	return false;
}

/* "EACCES", "13" or "kill" to an action; NULL: what systemd ignores, or no memory. */
static const char *parse_error(struct sd_unit *unit, const char *text, bool zero)
{
	size_t size = strlen(text);
	unsigned int number = 0;

	if (!strcmp(text, "kill"))
		return "kill-process";
	if (sb_errno_find(text))
		return sb_import_text(unit->import, "errno:%s", text);
	if (!size || size > 4 || strspn(text, "0123456789") != size || (*text == '0' && size > 1))
		return NULL;
	for (size_t i = 0; i < size; i++)
		number = number * 10 + (unsigned int)(text[i] - '0');
	return number > 4095 || (!number && !zero)
		       ? NULL
		       : sb_import_text(unit->import, "errno:%u", number);
}

static bool is_group(const char *name)
{
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		if (!strcmp(groups[i], name))
			return true;
	return false;
}

/* ---- SystemCallFilter=, SystemCallLog= ---- */

static bool add_word(struct sd_unit *unit, struct sd_list *list, const struct sd_word *word)
{
	if (list->word_count == list->word_room) {
		uint32_t room = list->word_room * 2 + 16;

		list->word = sb_grow(unit->import->arena, list->word, list->word_count, room,
				     sizeof(*list->word));
		if (!list->word)
			return sb_import_memory(unit->import);
		list->word_room = room;
	}
	list->word[list->word_count++] = *word;
	return true;
}

static bool read_list_word(struct sd_unit *unit, const struct sd_line *at, struct sd_list *list,
			   bool inverted, char *text, const struct sb_words *comment)
{
	bool filter = list == &unit->filter;
	char *colon = filter ? strchr(text, ':') : NULL;
	struct sd_word word = {.name = text, .comment = *comment};

	if (colon) {
		*colon = '\0';
		word.action = parse_error(unit, colon + 1, true);
		if (unit->import->status)
			return false;
		if (!word.action || colon == text)
			return SD_LOST(unit, at,
				       "\"%.60s:%.60s\": there is no such call or error; "
				       "systemd ignores the word",
				       text, colon + 1);
		if (!inverted)
			return SD_LOST(unit, at,
				       "\"%.60s:%.60s\": only calls behind \"~\" take an "
				       "error number; systemd ignores the word",
				       text, colon + 1);
	}
	if (*text == '@' ? !is_group(text) : !sb_syscall_known(text))
		return SD_LOST(unit, at, "there is no %s \"%.60s\"; systemd ignores the word",
			       *text == '@' ? "group" : "system call", text);
	word.removed = !word.action && inverted == list->allow_list;
	return add_word(unit, list, &word);
}

static bool read_list(struct sd_unit *unit, const struct sd_line *at, struct sd_list *list)
{
	bool inverted = *at->value == '~';
	struct sb_words comment = at->comment;
	char *p = at->value + inverted, *text;

	if (!*at->value) {
		*list = (struct sd_list){0};
		return true;
	}
	if (!list->given) {
		*list = (struct sd_list){.given = true, .allow_list = !inverted, .line = at->line};
		if (!inverted && list == &unit->filter &&
		    !add_word(unit, list, &(struct sd_word){.name = "@default"}))
			return false;
	}
	for (;;) {
		if (!next_word(unit, at, &p, &text))
			return false;
		if (!text)
			return true;
		if (!read_list_word(unit, at, list, inverted, text, &comment))
			return false;
		comment = (struct sb_words){0}; /* of a line's first word */
	}
}

/* ---- other settings ---- */

static bool read_error_number(struct sd_unit *unit, const struct sd_line *at)
{
	const char *action = *at->value ? parse_error(unit, at->value, false) : "kill-process";

	if (unit->import->status)
		return false;
	if (!action)
		return SD_LOST(unit, at,
			       "SystemCallErrorNumber=%.60s: there is no such error; systemd "
			       "ignores the line",
			       at->value);
	unit->error = action;
	return true;
}

static const struct secbake_arch *arch_of_word(const struct sd_unit *unit, const char *word)
{
	static const char *const other[][2] = {
		{"x86-64", "x86_64"},
		{"arm64", "aarch64"},
		{"mips64-n32", "mips64n32"},
		{"mips-le", "mipsel"},
		{"mips64-le", "mipsel64"},
		{"mips64-le-n32", "mipsel64n32"},
		{"ppc64-le", "ppc64le"},
		{"x86", "x86"},
		{"x32", "x32"},
		{"arm", "arm"},
		{"mips", "mips"},
		{"mips64", "mips64"},
		{"parisc", "parisc"},
		{"parisc64", "parisc64"},
		{"ppc", "ppc"},
		{"ppc64", "ppc64"},
		{"riscv64", "riscv64"},
		{"s390", "s390"},
		{"s390x", "s390x"},
		{"loongarch64", "loongarch64"},
	};

	if (!strcmp(word, "native"))
		return unit->import->arch;
	for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++)
		if (!strcmp(word, other[i][0]))
			return secbake_arch_find(other[i][1]);
	return NULL;
}

static bool read_arches(struct sd_unit *unit, const struct sd_line *at)
{
	char *p = at->value, *word;

	if (!*at->value)
		unit->arch.count = 0;
	for (;;) {
		const struct secbake_arch *arch;

		if (!next_word(unit, at, &p, &word))
			return false;
		if (!word)
			return true;
		arch = arch_of_word(unit, word);
		if (!arch && !SD_LOST(unit, at,
				      "there is no architecture \"%.60s\"; systemd ignores "
				      "the word",
				      word))
			return false;
		if (arch && !sb_words_add(unit->import, &unit->arch, arch->name))
			return false;
	}
}

/* A set: a family that is put twice is in it once. */
static bool put_family(struct sd_unit *unit, const char *name, bool put)
{
	struct sb_words *family = &unit->family;

	for (uint32_t i = 0; i < family->count; i++) {
		if (strcmp(family->word[i], name))
			continue;
		if (put)
			return true;
		memmove(&family->word[i], &family->word[i + 1],
			(--family->count - i) * sizeof(*family->word));
		return true;
	}
	return !put || sb_words_add(unit->import, family, name);
}

static bool read_families(struct sd_unit *unit, const struct sd_line *at)
{
	bool inverted = *at->value == '~';
	bool none = !strcmp(at->value, "none");
	char *p = at->value + inverted, *word;

	if (!*at->value || none) {
		unit->family.count = 0;
		unit->families = false;
		unit->families_allowed = none;
		return true;
	}
	if (!unit->families)
		unit->families_allowed = !inverted;
	unit->families = true;
	for (;;) {
		uint64_t value;
		bool negative;

		if (!next_word(unit, at, &p, &word))
			return false;
		if (!word)
			return true;
		if (strncmp(word, "AF_", 3) || !strcmp(word, "AF_MAX") ||
		    !sb_constant(unit->import->arch, word, &value, &negative)) {
			if (!SD_LOST(unit, at,
				     "there is no address family \"%.60s\"; systemd ignores "
				     "the word",
				     word))
				return false;
			continue;
		}
		if (!put_family(unit, strcmp(word, "AF_LOCAL") ? word : "AF_UNIX",
				inverted != unit->families_allowed))
			return false;
	}
}

static bool read_namespaces(struct sd_unit *unit, const struct sd_line *at)
{
	bool inverted = *at->value == '~', yes;
	char *p = at->value + inverted, *word;
	uint32_t flags = 0;

	if (!*at->value || parse_boolean(at->value, &yes)) {
		unit->namespaces = *at->value;
		unit->retained = *at->value && yes ? 0 : SD_NAMESPACES_ALL;
		return true;
	}
	for (;;) {
		uint32_t i = 0;

		if (!next_word(unit, at, &p, &word))
			return false;
		if (!word)
			break;
		while (i < SD_NAMESPACES && strcmp(sb_systemd_namespace[i].name, word))
			i++;
		if (i == SD_NAMESPACES)
			return SD_LOST(unit, at,
				       "there is no namespace \"%.60s\"; systemd ignores the "
				       "line",
				       word);
		flags |= 1u << i;
	}
	if (!unit->namespaces)
		unit->retained = inverted ? SD_NAMESPACES_ALL : 0;
	unit->namespaces = true;
	unit->retained = inverted ? unit->retained & ~flags : unit->retained | flags;
	return true;
}

/* architecture_from_string(): the target's own, or its 32-bit sibling. */
static bool read_personality(struct sd_unit *unit, const struct sd_line *at)
{
	static const char *const secondary[][2] = {
		{"x86_64", "x86"}, {"aarch64", "arm"},	  {"s390x", "s390"},
		{"ppc64", "ppc"},  {"ppc64le", "ppc-le"},
	};
	const struct secbake_arch *arch = arch_of_word(unit, at->value);

	unit->personality = "0";
	if (!*at->value || arch == unit->import->arch)
		return true;
	for (size_t i = 0; i < sizeof(secondary) / sizeof(secondary[0]); i++) {
		if (!strcmp(unit->import->arch->name, secondary[i][0]) &&
		    !strcmp(at->value, secondary[i][1])) {
			unit->personality = "PER_LINUX32";
			return true;
		}
	}
	return SD_LOST(unit, at, "Personality=%.60s is none that %s has; systemd ignores the line",
		       at->value, unit->import->arch->name);
}

static bool read_switch(struct sd_unit *unit, const struct sd_line *at, enum sd_switch which)
{
	bool value;

	if (!parse_boolean(at->value, &value))
		return SD_LOST(unit, at, "%s=%.60s is neither yes nor no; systemd ignores the line",
			       at->key, at->value);
	unit->on[which] = value;
	return true;
}

static const struct {
	const char *key;
	bool (*read)(struct sd_unit *unit, const struct sd_line *at);
	enum sd_switch which; /* read is NULL */
} settings[] = {
	{"SystemCallErrorNumber", read_error_number, 0},
	{"SystemCallArchitectures", read_arches, 0},
	{"RestrictAddressFamilies", read_families, 0},
	{"RestrictNamespaces", read_namespaces, 0},
	{"Personality", read_personality, 0},
	{"MemoryDenyWriteExecute", NULL, SD_MEMORY_DENY_WRITE_EXECUTE},
	{"RestrictRealtime", NULL, SD_RESTRICT_REALTIME},
	{"RestrictSUIDSGID", NULL, SD_RESTRICT_SUID_SGID},
	{"ProtectHostname", NULL, SD_PROTECT_HOSTNAME},
	{"ProtectKernelTunables", NULL, SD_PROTECT_KERNEL_TUNABLES},
	{"ProtectKernelModules", NULL, SD_PROTECT_KERNEL_MODULES},
	{"ProtectKernelLogs", NULL, SD_PROTECT_KERNEL_LOGS},
	{"ProtectClock", NULL, SD_PROTECT_CLOCK},
	{"PrivateDevices", NULL, SD_PRIVATE_DEVICES},
	{"LockPersonality", NULL, SD_LOCK_PERSONALITY},
	{"DynamicUser", NULL, SD_DYNAMIC_USER},
};

bool sb_systemd_read_setting(struct sd_unit *unit, const struct sd_line *at, bool *known)
{
	*known = true;
	if (!strcmp(at->key, "SystemCallFilter"))
		return read_list(unit, at, &unit->filter);
	if (!strcmp(at->key, "SystemCallLog"))
		return read_list(unit, at, &unit->log);
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		if (!strcmp(at->key, settings[i].key))
			return settings[i].read ? settings[i].read(unit, at)
						: read_switch(unit, at, settings[i].which);
	*known = false;
	return true;
}
