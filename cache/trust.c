/* SPDX-License-Identifier: MIT */
/* See trust.h. One openat and one fstat a component, nothing by name twice. */
#include "trust.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#define PATH_LIMIT 4096u
#define COMPONENT_LIMIT 256u /* NAME_MAX and NUL */

/*
 * How a message names what it is about: a path up to the component concerned. Not
 * copied: the loader pays for each page of stack that it touches.
 */
struct named {
	const char *path;
	size_t length;
};

/* For "%.*s". */
#define NAMED(what) (int)(what).length, (what).path

static struct named whole(const char *path)
{
	return (struct named){path, strlen(path)};
}

/*
 * In a user namespace every owner that it does not map looks like this one (kernel.overflowuid,
 * by default), and so does a caller that it does not map.
 */
#define OVERFLOW_UID 65534u
#define MAPS_ALL "         0          0 4294967295\n" /* as the kernel writes it */

/* Is each owner here told from each other? */
static __attribute__((noinline)) bool maps_all_users(void)
{
	char map[sizeof(MAPS_ALL)];
	int fd = open("/proc/self/uid_map", O_RDONLY | O_CLOEXEC);
	ssize_t got;

	if (fd < 0) /* a kernel without user namespaces, if there is a /proc at all */
		return !access("/proc/self/status", F_OK);
	got = read(fd, map, sizeof(map));
	close(fd);
	return got == sizeof(MAPS_ALL) - 1 && !memcmp(map, MAPS_ALL, sizeof(MAPS_ALL) - 1);
}

struct sb_trust sb_trust_self(void)
{
	struct sb_trust trust = {0};

	if (!getauxval(AT_SECURE))
		trust.uid = (uid_t)getauxval(AT_UID);
	if (trust.uid == OVERFLOW_UID && !maps_all_users())
		trust.uid = 0;
	return trust;
}

static enum secbake_status check_stat(const struct sb_trust *trust, const struct stat *st,
				      struct named what, struct secbake_error *error)
{
	if (trust->any_owner)
		return SECBAKE_OK;
	if (st->st_uid != 0 && st->st_uid != trust->uid)
		return secbake_error_set(error, SECBAKE_ERR_UNTRUSTED, 0,
					 "%.*s belongs to user %u; it must belong to root%s",
					 NAMED(what), (unsigned int)st->st_uid,
					 trust->uid ? " or to the caller" : "");
	if (!(st->st_mode & (S_IWGRP | S_IWOTH)))
		return SECBAKE_OK;
	if (S_ISDIR(st->st_mode) && (st->st_mode & S_ISVTX))
		return SECBAKE_OK;
	return secbake_error_set(error, SECBAKE_ERR_UNTRUSTED, 0,
				 "%.*s can be written by group or others (mode %x%x%x); take that "
				 "away with chmod go-w",
				 NAMED(what), (st->st_mode >> 6) & 7u, (st->st_mode >> 3) & 7u,
				 st->st_mode & 7u);
}

enum secbake_status sb_trust_stat(const struct sb_trust *trust, const struct stat *st,
				  const char *what, struct secbake_error *error)
{
	return check_stat(trust, st, whole(what), error);
}

/* No component empty, "." or "..": what is checked is then what is meant. */
bool sb_path_plain(const char *path)
{
	size_t size = strnlen(path, PATH_LIMIT);

	if (!size || size == PATH_LIMIT)
		return false;
	for (const char *p = path;; p++) {
		size_t length = strcspn(p, "/");

		if (!length || (length <= 2 && !memcmp(p, "..", length)))
			return false;
		p += length;
		if (!*p)
			return true;
	}
}

static enum secbake_status open_failed(int errnum, struct named what, struct secbake_error *error)
{
	switch (errnum) {
	case ENOENT:
		return secbake_error_set(error, SECBAKE_ERR_MISSING, errnum, "%.*s is not there",
					 NAMED(what));
	/* Where the text says it all the system's words would contradict it. */
	case ELOOP:
		return secbake_error_set(error, SECBAKE_ERR_UNTRUSTED, 0,
					 "%.*s is a symbolic link, which is not followed here; put "
					 "the file itself there",
					 NAMED(what));
	case ENOTDIR:
		return secbake_error_set(
			error, SECBAKE_ERR_UNTRUSTED, 0,
			"%.*s is not a directory (symbolic links are not followed here)",
			NAMED(what));
	case ENXIO:
		return secbake_error_set(error, SECBAKE_ERR_UNTRUSTED, 0,
					 "%.*s is not a regular file", NAMED(what));
	case ENAMETOOLONG:
		return secbake_error_set(error, SECBAKE_ERR_LIMIT, errnum,
					 "%.*s is too long a name", NAMED(what));
	default:
		return secbake_error_set(error, SECBAKE_ERR_SYSTEM, errnum, "cannot open %.*s",
					 NAMED(what));
	}
}

/* Opens one directory and checks it. links: whether the last link may be followed. */
static enum secbake_status open_dir(const struct sb_trust *trust, int at, const char *name,
				    struct named what, bool links, int *fd,
				    struct secbake_error *error)
{
	int flags = O_PATH | O_DIRECTORY | O_CLOEXEC | (links ? 0 : O_NOFOLLOW);
	int opened = openat(at, name, flags);
	enum secbake_status status;
	struct stat st;

	if (opened < 0)
		return open_failed(errno, what, error);
	if (fstat(opened, &st))
		status = secbake_error_set(error, SECBAKE_ERR_SYSTEM, errno, "cannot stat %.*s",
					   NAMED(what));
	else
		status = check_stat(trust, &st, what, error);
	if (status)
		close(opened);
	else
		*fd = opened;
	return status;
}

/* Components of full from its byte at on, up to end; messages name full up to the component. */
static enum secbake_status walk(const struct sb_trust *trust, int dir, const char *full, size_t at,
				size_t end, bool own_dir, int *fd, struct secbake_error *error)
{
	char component[COMPONENT_LIMIT];
	int next;

	while (at < end) {
		size_t length = strcspn(full + at, "/");
		struct named what = {full, at + length};
		enum secbake_status status;

		if (length >= COMPONENT_LIMIT) {
			status = open_failed(ENAMETOOLONG, what, error);
		} else {
			memcpy(component, full + at, length);
			component[length] = '\0';
			status = open_dir(trust, dir, component, what, false, &next, error);
		}
		if (own_dir && (status || !trust->leave_open))
			close(dir);
		if (status)
			return status;
		dir = next;
		own_dir = true;
		at += length + 1;
	}
	*fd = dir;
	return SECBAKE_OK;
}

static enum secbake_status not_plain(const char *path, struct secbake_error *error)
{
	return secbake_error_set(
		error, SECBAKE_ERR_INPUT, 0,
		"\"%s\" is not a plain path: components must not be empty, . or ..", path);
}

static enum secbake_status system_root(const struct sb_trust *trust, const char *path, int *fd,
				       struct secbake_error *error)
{
	enum secbake_status status;
	int slash;

	if (path[0] != '/' || (path[1] && !sb_path_plain(path + 1)))
		return not_plain(path, error);
	/* Most roots are not there: one call says so, before one call for each component. */
	if (access(path, F_OK) && errno == ENOENT)
		return open_failed(ENOENT, whole(path), error);
	status = open_dir(trust, AT_FDCWD, "/", whole("/"), true, &slash, error);
	if (status)
		return status;
	return walk(trust, slash, path, 1, strlen(path), true, fd, error);
}

/* The bytes of IMAGE in "IMAGE/./path", or 0 for any other path. */
static size_t image_length(const char *path)
{
	for (size_t i = 1; path[0] && path[i]; i++)
		if (path[i] == '/' && path[i + 1] == '.' && path[i + 2] == '/')
			return sb_path_plain(path + i + 3) ? i : 0;
	return 0;
}

/* IMAGE as the caller names it, links in it followed; from there on as anywhere. */
static __attribute__((noinline)) enum secbake_status image_root(const struct sb_trust *trust,
								const char *path, size_t image,
								int *fd,
								struct secbake_error *error)
{
	char folder[PATH_LIMIT];
	enum secbake_status status;
	int dir = -1;

	memcpy(folder, path, image);
	folder[image] = '\0';
	status = open_dir(trust, AT_FDCWD, folder, (struct named){path, image}, true, &dir, error);
	if (status)
		return status;
	return walk(trust, dir, path, image + sizeof("/./") - 1, strlen(path), true, fd, error);
}

enum secbake_status sb_trust_root(const struct sb_trust *trust, const char *path,
				  enum sb_anchor anchor, int *fd, struct secbake_error *error)
{
	size_t image;

	if (strnlen(path, PATH_LIMIT) == PATH_LIMIT)
		return secbake_error_set(error, SECBAKE_ERR_LIMIT, ENAMETOOLONG,
					 "a path has more than %u bytes", PATH_LIMIT - 1);
	if (anchor == SB_ANCHOR_SYSTEM)
		return system_root(trust, path, fd, error);
	image = image_length(path);
	if (image)
		return image_root(trust, path, image, fd, error);
	return open_dir(trust, AT_FDCWD, path, whole(path), true, fd, error);
}

enum secbake_status sb_trust_dir_at(const struct sb_trust *trust, int dir, const char *path,
				    int *fd, struct secbake_error *error)
{
	if (!sb_path_plain(path))
		return not_plain(path, error);
	return walk(trust, dir, path, 0, strlen(path), false, fd, error);
}

static enum secbake_status check_file(const struct sb_trust *trust, int fd, const char *what,
				      uint64_t size_max, uint64_t *size,
				      struct secbake_error *error)
{
	struct stat st;

	if (fstat(fd, &st))
		return secbake_error_set(error, SECBAKE_ERR_SYSTEM, errno, "cannot stat %s", what);
	if (!S_ISREG(st.st_mode))
		return secbake_error_set(error, SECBAKE_ERR_UNTRUSTED, 0,
					 "%s is not a regular file", what);
	if (sb_trust_stat(trust, &st, what, error))
		return SECBAKE_ERR_UNTRUSTED;
	if (st.st_size < 0 || (uint64_t)st.st_size > size_max)
		return secbake_error_set(error, SECBAKE_ERR_LIMIT, 0, "%s has more than %llu bytes",
					 what, (unsigned long long)size_max);
	if (size)
		*size = (uint64_t)st.st_size;
	return SECBAKE_OK;
}

/* Without blocking on a FIFO and without taking a terminal: nobody knows yet what it is. */
static enum secbake_status open_file(const struct sb_trust *trust, int dir, const char *name,
				     const char *what, uint64_t size_max, int *fd, uint64_t *size,
				     struct secbake_error *error)
{
	int opened = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	enum secbake_status status;

	if (opened < 0)
		return open_failed(errno, whole(what), error);
	status = check_file(trust, opened, what, size_max, size, error);
	if (status)
		close(opened);
	else
		*fd = opened;
	return status;
}

enum secbake_status sb_trust_file_at(const struct sb_trust *trust, int dir, const char *path,
				     uint64_t size_max, int *fd, uint64_t *size,
				     struct secbake_error *error)
{
	const char *slash = strrchr(path, '/');
	enum secbake_status status;
	int parent;

	if (!sb_path_plain(path))
		return not_plain(path, error);
	if (!slash)
		return open_file(trust, dir, path, path, size_max, fd, size, error);
	status = walk(trust, dir, path, 0, (size_t)(slash - path), false, &parent, error);
	if (status)
		return status;
	status = open_file(trust, parent, slash + 1, path, size_max, fd, size, error);
	if (!trust->leave_open)
		close(parent);
	return status;
}

enum secbake_status sb_trust_file(const struct sb_trust *trust, const char *path,
				  enum sb_anchor anchor, uint64_t size_max, int *fd, uint64_t *size,
				  struct secbake_error *error)
{
	char folder[PATH_LIMIT] = ".";
	const char *slash;
	enum secbake_status status;
	size_t length;
	int dir;

	if (strnlen(path, PATH_LIMIT) == PATH_LIMIT)
		return secbake_error_set(error, SECBAKE_ERR_LIMIT, ENAMETOOLONG,
					 "a path has more than %u bytes", PATH_LIMIT - 1);
	slash = strrchr(path, '/');
	if (slash) {
		length = slash == path ? 1 : (size_t)(slash - path);
		memcpy(folder, path, length);
		folder[length] = '\0';
	}
	if (!sb_path_plain(slash ? slash + 1 : path))
		return not_plain(path, error);
	status = sb_trust_root(trust, folder, anchor, &dir, error);
	if (status)
		return status;
	status = open_file(trust, dir, slash ? slash + 1 : path, path, size_max, fd, size, error);
	if (!trust->leave_open)
		close(dir);
	return status;
}

bool sb_trust_absent(int dir, const char *name)
{
	struct stat st;

	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) && errno == ENOENT;
}
