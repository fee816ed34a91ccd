/* SPDX-License-Identifier: MIT */
/*
 * Replacing a file as a whole, step by step. A named temporary file and not
 * O_TMPFILE: linkat(2) cannot replace, so that a name would be needed all the
 * same before the rename, and it needs /proc or a capability.
 */
#include "stage.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <secbake/cache.h>

#define RANDOM_DIGITS 16
#define CREATE_TRIES 64
#define SLOTS 4 /* names that are tried, and swept, before a random one is taken */

int sb_open(int dir, const char *path, int flags, mode_t mode)
{
	int fd;

	do
		fd = openat(dir, path, flags | O_CLOEXEC, mode);
	while (fd < 0 && errno == EINTR);
	return fd;
}

static enum secbake_status failed(const struct sb_stage *stage, const char *step,
				  struct secbake_error *error)
{
	return secbake_error_set(error, SECBAKE_ERR_SYSTEM, errno, "cannot %s %s/%s", step,
				 stage->path, stage->name);
}

/* Unguessable where possible; O_EXCL is what makes it safe. */
static uint64_t some_number(void)
{
	uint64_t number;
	struct timespec now;

	if (getrandom(&number, sizeof(number), GRND_NONBLOCK) == (ssize_t)sizeof(number))
		return number;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return ((uint64_t)now.tv_nsec << 32) ^ ((uint64_t)now.tv_sec << 20) ^ (uint64_t)getpid();
}

static void name_temp(struct sb_stage *stage, uint64_t number)
{
	int size = snprintf(stage->temp, sizeof(stage->temp), ".%s.%0*llx%s", stage->name,
			    RANDOM_DIGITS, (unsigned long long)number, SB_STAGE_SUFFIX);

	if (size < 0 || (size_t)size > NAME_MAX)
		stage->temp[0] = '\0';
}

static enum secbake_status name_too_long(const struct sb_stage *stage, struct secbake_error *error)
{
	return secbake_error_set(error, SECBAKE_ERR_LIMIT, 0, "the file name %s is too long",
				 stage->name);
}

static bool create_named(struct sb_stage *stage, mode_t mode)
{
	stage->fd =
		sb_open(stage->dir, stage->temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
	return stage->fd >= 0;
}

/* Is what fd is open on the file that has this name now? */
static bool still_named(int fd, int dir, const char *name)
{
	struct stat held, named;

	return !fstat(fd, &held) && !fstatat(dir, name, &named, AT_SYMLINK_NOFOLLOW) &&
	       held.st_dev == named.st_dev && held.st_ino == named.st_ino;
}

int sb_stage_dead(int dir, const char *temp)
{
	struct stat st;
	int fd = sb_open(dir, temp, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0);

	if (fd < 0)
		return -1;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_uid == geteuid() &&
	    !TEMP_FAILURE_RETRY(flock(fd, LOCK_EX | LOCK_NB)) && still_named(fd, dir, temp))
		return fd;
	close(fd);
	return -1;
}

void sb_stage_remove_dead(int dir, const char *temp)
{
	int fd = sb_stage_dead(dir, temp);

	if (fd < 0)
		return;
	unlinkat(dir, temp, 0);
	close(fd);
}

/*
 * Locks what was just made. Another writer, or a sweep, may have taken it for a dead one's
 * before that; then it holds the lock, or has removed the name.
 */
static bool keep_locked(const struct sb_stage *stage)
{
	return (!TEMP_FAILURE_RETRY(flock(stage->fd, LOCK_EX | LOCK_NB)) || errno != EWOULDBLOCK) &&
	       still_named(stage->fd, stage->dir, stage->temp);
}

static enum secbake_status create(struct sb_stage *stage, mode_t mode, bool locked,
				  struct secbake_error *error)
{
	for (int i = 0; i < CREATE_TRIES; i++) {
		name_temp(stage, some_number());
		if (!stage->temp[0])
			return name_too_long(stage, error);
		if (create_named(stage, mode)) {
			if (!locked || keep_locked(stage))
				return SECBAKE_OK;
			sb_stage_close(stage);
			errno = EEXIST;
		}
		if (errno != EEXIST)
			break;
	}
	stage->temp[0] = '\0';
	return failed(stage, "create a temporary file for", error);
}

/*
 * As create(), under one of a few names: what a killed writer left under them is removed
 * first, without reading the directory. Who finds all of them taken gets a random one.
 */
static enum secbake_status create_in_slot(struct sb_stage *stage, mode_t mode,
					  struct secbake_error *error)
{
	for (unsigned int slot = 0; slot < SLOTS; slot++) {
		name_temp(stage, slot);
		if (!stage->temp[0])
			return name_too_long(stage, error);
		sb_stage_remove_dead(stage->dir, stage->temp);
	}
	for (unsigned int slot = 0; slot < SLOTS; slot++) {
		name_temp(stage, slot);
		if (!create_named(stage, mode))
			continue;
		if (keep_locked(stage))
			return SECBAKE_OK;
		sb_stage_close(stage);
	}
	return create(stage, mode, true, error);
}

static bool write_all(int fd, const char *bytes, size_t size)
{
	while (size) {
		ssize_t n = TEMP_FAILURE_RETRY(write(fd, bytes, size));

		if (n < 0)
			return false;
		if (!n) { /* no kernel should, and to go on would be to go on for ever */
			errno = EIO;
			return false;
		}
		bytes += n;
		size -= (size_t)n;
	}
	return true;
}

/* 0600 until it is whole: nobody has a use for half a file. */
static mode_t first_mode(mode_t mode)
{
	return mode == SB_STAGE_UMASK ? 0666 : 0600;
}

static enum secbake_status fill(struct sb_stage *stage, const void *bytes, size_t size, mode_t mode,
				struct secbake_error *error)
{
	enum secbake_status status = SECBAKE_OK;

	if (!write_all(stage->fd, bytes, size))
		status = failed(stage, "write", error);
	else if (mode != SB_STAGE_UMASK && TEMP_FAILURE_RETRY(fchmod(stage->fd, mode)))
		status = failed(stage, "set the mode of", error);
	if (status)
		sb_stage_drop(stage);
	return status;
}

enum secbake_status sb_stage_write(struct sb_stage *stage, int dir, const char *path,
				   const char *name, const void *bytes, size_t size, mode_t mode,
				   struct secbake_error *error)
{
	enum secbake_status status;

	*stage = (struct sb_stage){.dir = dir, .fd = -1, .path = path, .name = name};
	status = create(stage, first_mode(mode), false, error);
	return status ? status : fill(stage, bytes, size, mode, error);
}

enum secbake_status sb_stage_sync(struct sb_stage *stage, struct secbake_error *error)
{
	if (TEMP_FAILURE_RETRY(fsync(stage->fd)))
		return failed(stage, "sync", error);
	return SECBAKE_OK;
}

enum secbake_status sb_stage_rename(struct sb_stage *stage, struct secbake_error *error)
{
	if (TEMP_FAILURE_RETRY(renameat(stage->dir, stage->temp, stage->dir, stage->name))) {
		if (errno != EISDIR)
			return failed(stage, "replace", error);
		return secbake_error_set(error, SECBAKE_ERR_SYSTEM, 0,
					 "%s/%s is a directory, in whose place a file is to be "
					 "written: see what is in it, and remove it",
					 stage->path, stage->name);
	}
	stage->temp[0] = '\0';
	sb_stage_close(stage);
	return SECBAKE_OK;
}

void sb_stage_close(struct sb_stage *stage)
{
	if (stage->fd >= 0)
		close(stage->fd);
	stage->fd = -1;
}

void sb_stage_drop(struct sb_stage *stage)
{
	/* A rename that failed after all it did (a network's) must not leave both names. */
	if (stage->temp[0])
		unlinkat(stage->dir, stage->temp, 0);
	stage->temp[0] = '\0';
	sb_stage_close(stage);
}

enum secbake_status sb_dir_sync(int dir, const char *path, struct secbake_error *error)
{
	int fd = sb_open(dir, ".", O_RDONLY | O_DIRECTORY, 0);
	enum secbake_status status = SECBAKE_OK;

	/* A directory that may be searched and not read cannot be synced, by nobody's fault. */
	if (fd < 0 && errno == EACCES)
		return SECBAKE_OK;
	/* EINVAL: a file system without the notion. */
	if (fd < 0 || (TEMP_FAILURE_RETRY(fsync(fd)) && errno != EINVAL))
		status = secbake_error_set(error, SECBAKE_ERR_SYSTEM, errno,
					   "cannot sync the directory %s", path);
	if (fd >= 0)
		close(fd);
	return status;
}

enum secbake_status sb_stage_replace(int dir, const char *path, const char *name, const void *bytes,
				     size_t size, mode_t mode, struct secbake_error *error)
{
	struct sb_stage stage = {.dir = dir, .fd = -1, .path = path, .name = name};
	enum secbake_status status;

	status = create_in_slot(&stage, first_mode(mode), error);
	if (!status)
		status = fill(&stage, bytes, size, mode, error);
	if (!status)
		status = sb_stage_sync(&stage, error);
	if (!status)
		status = sb_stage_rename(&stage, error);
	sb_stage_drop(&stage);
	return status ? status : sb_dir_sync(dir, path, error);
}

bool sb_stage_is_temp(const char *name)
{
	const size_t tail = 1 + RANDOM_DIGITS + strlen(SB_STAGE_SUFFIX);
	size_t size = strlen(name);
	const char *digits;

	if (name[0] != '.' || size < 1 + 1 + tail)
		return false;
	digits = name + size - tail;
	return digits[0] == '.' && strspn(digits + 1, "0123456789abcdef") == RANDOM_DIGITS &&
	       !strcmp(digits + 1 + RANDOM_DIGITS, SB_STAGE_SUFFIX);
}

/* Devices, pipes and the like cannot be replaced: they are written to. */
static enum secbake_status write_through(const char *path, const void *bytes, size_t size,
					 struct secbake_error *error)
{
	int fd = sb_open(AT_FDCWD, path, O_WRONLY | O_NOCTTY, 0);
	enum secbake_status status = SECBAKE_OK;

	if (fd < 0 || !write_all(fd, bytes, size))
		status = secbake_error_set(error, SECBAKE_ERR_SYSTEM, errno, "cannot write %s",
					   path);
	if (fd >= 0)
		close(fd);
	return status;
}

/*
 * What path really names: the folder is opened, link by link resolved, and the
 * name in it copied. A link stays and what it points to is replaced.
 */
static enum secbake_status open_folder(const char *path, int *dir, char *resolved,
				       const char **name, struct secbake_error *error)
{
	char *slash;

	if (snprintf(resolved, PATH_MAX, "%s%s", strchr(path, '/') ? "" : "./", path) >= PATH_MAX)
		return secbake_error_set(error, SECBAKE_ERR_LIMIT, 0, "the path %s is too long",
					 path);
	slash = strrchr(resolved, '/');
	*name = slash + 1;
	if (!**name || !strcmp(*name, ".") || !strcmp(*name, ".."))
		return secbake_error_set(error, SECBAKE_ERR_SYSTEM, EISDIR, "cannot write %s",
					 path);
	*slash = '\0'; /* "/name" leaves "" */
	*dir = sb_open(AT_FDCWD, resolved[0] ? resolved : "/", O_PATH | O_DIRECTORY, 0);
	if (*dir < 0)
		return secbake_error_set(error, SECBAKE_ERR_SYSTEM, errno,
					 "cannot open the folder of %s", path);
	return SECBAKE_OK;
}

enum secbake_status secbake_store_file(const char *path, const void *bytes, size_t size,
				       struct secbake_error *error)
{
	char resolved[PATH_MAX], target[PATH_MAX];
	mode_t mode = SB_STAGE_UMASK;
	enum secbake_status status;
	const char *name = NULL;
	struct stat st;
	int dir = -1;

	if (!stat(path, &st)) {
		if (S_ISDIR(st.st_mode))
			return secbake_error_set(error, SECBAKE_ERR_SYSTEM, EISDIR,
						 "cannot write %s", path);
		if (!S_ISREG(st.st_mode))
			return write_through(path, bytes, size, error);
		mode = st.st_mode & 0777;
	} else if (errno != ENOENT) {
		return secbake_error_set(error, SECBAKE_ERR_SYSTEM, errno, "cannot write %s", path);
	}
	if (!lstat(path, &st) && S_ISLNK(st.st_mode)) {
		if (!realpath(path, target))
			return secbake_error_set(error, SECBAKE_ERR_SYSTEM, errno,
						 "%s is a link to nowhere; remove it", path);
		path = target;
	}
	status = open_folder(path, &dir, resolved, &name, error);
	if (status)
		return status;
	status =
		sb_stage_replace(dir, resolved[0] ? resolved : "/", name, bytes, size, mode, error);
	close(dir);
	return status;
}
