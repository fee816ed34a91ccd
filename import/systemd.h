/* SPDX-License-Identifier: MIT */
/*
 * What a systemd unit says about system calls, once it is read (systemd.c, as
 * src/core/load-fragment.c of systemd 252 does); systemd_write.c makes a policy of it.
 */
#ifndef SB_IMPORT_SYSTEMD_H
#define SB_IMPORT_SYSTEMD_H

#include "import.h"

/* A word of SystemCallFilter= or SystemCallLog=. The last one that names a call decides it. */
struct sd_word {
	const char *name;   /* a call or an "@group" */
	bool removed;	    /* takes the call off the list again */
	const char *action; /* of its own, "errno:EACCES"; NULL: the list's */
	struct sb_words comment;
};

struct sd_list {
	bool given;
	bool allow_list; /* its first line had no "~" */
	uint32_t line;	 /* of that */
	struct sd_word *word;
	uint32_t word_count, word_room;
};

/* Settings that are on or off. */
enum sd_switch {
	SD_MEMORY_DENY_WRITE_EXECUTE,
	SD_RESTRICT_REALTIME,
	SD_RESTRICT_SUID_SGID,
	SD_PROTECT_HOSTNAME,
	SD_PROTECT_KERNEL_TUNABLES,
	SD_PROTECT_KERNEL_MODULES,
	SD_PROTECT_KERNEL_LOGS,
	SD_PROTECT_CLOCK,
	SD_PRIVATE_DEVICES,
	SD_LOCK_PERSONALITY,
	SD_DYNAMIC_USER,
	SD_SWITCHES
};

struct sd_unit {
	struct sb_import *import;
	struct sd_list filter, log;
	const char *error;	/* action of SystemCallErrorNumber=; NULL: kill-process */
	struct sb_words arch;	/* SystemCallArchitectures=, by secbake's names */
	struct sb_words family; /* RestrictAddressFamilies= */
	bool families, families_allowed;
	bool namespaces;   /* RestrictNamespaces= is given */
	uint32_t retained; /* of those namespaces: bits by sb_systemd_namespace[] */
	bool on[SD_SWITCHES];
	const char *personality; /* its number, "0" or "8" */
};

/* One assignment. */
struct sd_line {
	const char *key;
	char *value;
	uint32_t line;
	struct sb_words comment; /* the lines above it */
};

#define SD_LOST(unit, at, ...) \
	sb_import_lost((unit)->import, (at)->line, &(unit)->import->policy.comment, __VA_ARGS__)

/* systemd_settings.c: takes a line of one of those sections; known: it is a filter's. */
bool sb_systemd_read_setting(struct sd_unit *unit, const struct sd_line *at, bool *known);

struct sb_systemd_namespace {
	const char *name, *flag;
};
#define SD_NAMESPACES 8u
/* NAMESPACE_FLAGS_ALL: without the last, "time". systemd 252 denies that wherever it denies any. */
#define SD_NAMESPACES_ALL ((1u << (SD_NAMESPACES - 1)) - 1)
extern const struct sb_systemd_namespace sb_systemd_namespace[SD_NAMESPACES];

/* The architectures whose calls a kernel of arch takes, itself first; NULL at the end. */
#define SD_LOCAL_MAX 4
void sb_systemd_local_arches(const struct secbake_arch *arch,
			     const struct secbake_arch *local[SD_LOCAL_MAX]);
/* Has it others of the other byte order, which one policy cannot serve? */
bool sb_systemd_local_mixed(const struct secbake_arch *arch);

/*
 * Can a policy with that name be one for architectures that all lack it? The covered
 * ones do, or one of the two that policies are mostly moved between.
 */
bool sb_systemd_call_may_lack(const struct secbake_arch *const *covered, const char *name);

/* systemd_write.c: fills in the policy. */
bool sb_systemd_write(struct sd_unit *unit);
/* systemd_restrict.c: the layer of all settings but the two lists; none where nothing is set. */
bool sb_systemd_write_restrictions(struct sd_unit *unit, const struct secbake_arch *const *covered);

#endif
