/* SPDX-License-Identifier: MIT */
/*
 * Who could have written this file? Opens directories and files one component
 * at a time by descriptor, without following links, and refuses what somebody
 * else than root or the caller could have put there. Shared by the loader and
 * by the cache's writing side; libc only, no heap, no state.
 *
 * The rule, for a directory and for a file alike:
 *  - owned by root or by sb_trust.uid;
 *  - not writable by group or others (POSIX ACLs show up in the group bits); a
 *    directory may be, if it is sticky: its entries then belong to their owners,
 *    and the entry that is opened next is checked in its turn;
 *  - a file is a regular one of at most the given size.
 * A component that is a symbolic link is refused.
 */
#ifndef SB_TRUST_H
#define SB_TRUST_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include <secbake/error.h>

/**
 * struct sb_trust - whom to trust beside root
 * @uid: the caller; 0: root alone
 * @any_owner: skip the check of owner and mode (what an unprivileged caller named
 *	with -P is the caller's own business); type, size and links are still checked
 * @leave_open: do not close the directories passed on the way. For a process that
 *	is about to exec: they are close-on-exec, and a close for each component
 *	would be a fifth of the loader's system calls.
 */
struct sb_trust {
	uid_t uid;
	bool any_owner;
	bool leave_open;
};

/**
 * enum sb_anchor - from where on a path is checked
 * @SB_ANCHOR_SYSTEM: absolute; every component from "/" down, "/" included
 * @SB_ANCHOR_NAMED: the caller named it: whatever leads to it, links too, is the
 *	caller's own choice, as with any command's argument; the directory that it
 *	ends in is checked, and everything below. In "IMAGE/./path" that is IMAGE, and
 *	each component of path is one below it
 */
enum sb_anchor {
	SB_ANCHOR_SYSTEM = 0,
	SB_ANCHOR_NAMED,
};

/**
 * sb_trust_self() - the trust of this process
 * Return: uid is the real user; or 0 under AT_SECURE (set-user-ID, file capabilities),
 * where the caller is just who must not be trusted, and for a caller who cannot be told from
 * others, since a user namespace does not map them.
 */
struct sb_trust sb_trust_self(void);

/**
 * sb_trust_stat() - the rule for owner and mode, by itself
 * @st: of the directory or file
 * @what: how the message names it
 * @error: may be NULL
 * Return: SECBAKE_OK or SECBAKE_ERR_UNTRUSTED.
 */
enum secbake_status sb_trust_stat(const struct sb_trust *trust, const struct stat *st,
				  const char *what, struct secbake_error *error);

/**
 * sb_trust_root() - open a root (of a cache, of policies) and check it
 * @path: absolute for SB_ANCHOR_SYSTEM, without "." and ".." components there
 * @anchor: see enum sb_anchor
 * @fd: receives an O_PATH descriptor, close-on-exec, the caller's to close; written
 *	only on success. Good for *at() calls; to sync the directory, open "." below
 *	it with O_RDONLY | O_DIRECTORY.
 * @error: may be NULL
 * Return: SECBAKE_OK; SECBAKE_ERR_MISSING when it is not there;
 * SECBAKE_ERR_UNTRUSTED; SECBAKE_ERR_SYSTEM; SECBAKE_ERR_INPUT for a path that is
 * not absolute or not plain; SECBAKE_ERR_LIMIT for one too long.
 */
enum secbake_status sb_trust_root(const struct sb_trust *trust, const char *path,
				  enum sb_anchor anchor, int *fd, struct secbake_error *error);

/**
 * sb_trust_dir_at() - open a directory below a checked one
 * @dir: descriptor of a directory that was checked
 * @path: relative, one or more components, none empty, "." or ".."
 * @fd: as sb_trust_root()
 * Return: as sb_trust_root().
 */
enum secbake_status sb_trust_dir_at(const struct sb_trust *trust, int dir, const char *path,
				    int *fd, struct secbake_error *error);

/**
 * sb_trust_file_at() - open a file below a checked directory for reading
 * @dir: descriptor of a directory that was checked
 * @path: as sb_trust_dir_at(); the directories in it are checked too
 * @size_max: largest size accepted, bytes
 * @fd: receives an O_RDONLY descriptor, close-on-exec, the caller's to close; written
 *	only on success
 * @size: receives the size at that moment; may be NULL
 * Return: as sb_trust_root(); SECBAKE_ERR_UNTRUSTED also for what is not a regular
 * file, SECBAKE_ERR_LIMIT for one larger than @size_max.
 */
enum secbake_status sb_trust_file_at(const struct sb_trust *trust, int dir, const char *path,
				     uint64_t size_max, int *fd, uint64_t *size,
				     struct secbake_error *error);

/**
 * sb_trust_file() - open a file by its path
 * @path: the folder is opened as by sb_trust_root() with @anchor, then the file in it
 *	as by sb_trust_file_at()
 * Return: as those.
 */
enum secbake_status sb_trust_file(const struct sb_trust *trust, const char *path,
				  enum sb_anchor anchor, uint64_t size_max, int *fd, uint64_t *size,
				  struct secbake_error *error);

/**
 * sb_path_plain() - is this a relative path that stays below its start
 * Return: true for 1..4095 bytes of components separated by single slashes, none
 * empty, "." or "..".
 */
bool sb_path_plain(const char *path);

/**
 * sb_trust_absent() - is it certain that a directory has no entry of this name
 * @dir: descriptor of a directory that was checked
 * @name: one component
 * Return: true if so; false if there is one, or it cannot be told: opening it will tell.
 * For what is expected not to be there, where it costs less than to try to open it.
 */
bool sb_trust_absent(int dir, const char *name);

#endif
