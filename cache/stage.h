/* SPDX-License-Identifier: MIT */
/*
 * Replacing a file as a whole: the new bytes are written beside it under a
 * temporary name, synced and renamed. Whoever reads sees the old file or the new
 * one, also after a crash. The steps are apart so that many files can share a
 * sync.
 */
#ifndef SB_STAGE_H
#define SB_STAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <secbake/error.h>

#define SB_STAGE_SUFFIX ".tmp"
#define SB_STAGE_UMASK ((mode_t)-1) /* mode 0666 less the umask, as any new file's */

/* A file that was written and has no name of its own yet. */
struct sb_stage {
	int dir;	  /* borrowed */
	int fd;		  /* -1 once it is closed */
	const char *path; /* of the directory, for messages; borrowed */
	const char *name; /* the final one; borrowed */
	char temp[256];	  /* "": nothing is staged */
};

/*
 * Writes size bytes to a new file in dir with a name of its own
 * (".NAME.<16 hex digits>.tmp") and exactly this mode, whatever the umask
 * (unless SB_STAGE_UMASK). On failure nothing is left. The caller holds a lock that
 * keeps sweeps away: the file itself is not locked.
 */
enum secbake_status sb_stage_write(struct sb_stage *stage, int dir, const char *path,
				   const char *name, const void *bytes, size_t size, mode_t mode,
				   struct secbake_error *error);

/* Makes its content durable. On failure the caller drops it. */
enum secbake_status sb_stage_sync(struct sb_stage *stage, struct secbake_error *error);

/* Gives its descriptor back: to be renamed or dropped it needs none. */
void sb_stage_close(struct sb_stage *stage);

/* Gives it the final name, replacing what has it. On failure the caller drops it. */
enum secbake_status sb_stage_rename(struct sb_stage *stage, struct secbake_error *error);

/* Removes a stage that was not renamed, and closes it; one of which nothing is staged stays so. */
void sb_stage_drop(struct sb_stage *stage);

/* Makes the names in a directory durable; dir may be an O_PATH descriptor. */
enum secbake_status sb_dir_sync(int dir, const char *path, struct secbake_error *error);

/*
 * All steps for one file, after removing what killed processes have left that were
 * replacing the same.
 */
enum secbake_status sb_stage_replace(int dir, const char *path, const char *name, const void *bytes,
				     size_t size, mode_t mode, struct secbake_error *error);

/* openat(2), close-on-exec, again when a signal interrupts it. */
int sb_open(int dir, const char *path, int flags, mode_t mode);

/*
 * A temporary file whose writer is dead: a descriptor that keeps it locked while it is
 * removed, else -1. A writer without another lock holds its file locked until that has its
 * name; where there are no locks (some network file systems) nothing is dead. What is
 * not a file of the user's own is nobody's leavings.
 */
int sb_stage_dead(int dir, const char *temp);
/* The same, and removes it. */
void sb_stage_remove_dead(int dir, const char *temp);

/* Is this a name that sb_stage_write() makes? */
bool sb_stage_is_temp(const char *name);

#endif
