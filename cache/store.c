/* SPDX-License-Identifier: MIT */
/* Writing into one feature set of a cache root; see store.h and docs/cache.md. */
#include "store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "places.h"
#include "stage.h"

#define WAIT_FIRST_NS 1000000L /* 1 ms, then twice as long each time */
#define WAIT_LAST_NS 50000000L
#define LOCK_TRIES 100 /* of a lock file that is removed each time */

void sb_lock_name(const char *hash, const char *name, char file[SB_LOCK_NAME_MAX])
{
	/* A hash has one length, so that "<hash>.lock" is no entry's. */
	snprintf(file, SB_LOCK_NAME_MAX, "%.*s%s%.*s%s", SECBAKE_HASH_TEXT - 1, hash,
		 name ? "." : "", (int)SECBAKE_NAME_MAX, name ? name : "", SB_LOCK_SUFFIX);
}

int sb_lock_try(int locks, const char *file, int operation)
{
	for (int i = 0; i < LOCK_TRIES; i++) {
		int fd = sb_open(locks, file, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0600);
		struct stat held, named;
		int failed;

		if (fd < 0)
			return -1;
		failed = TEMP_FAILURE_RETRY(flock(fd, operation | LOCK_NB)) ? errno : 0;
		if (!failed && fstat(fd, &held))
			failed = errno;
		/* A umask that takes the owner's rights would shut out whoever comes next. */
		if (!failed && (held.st_mode & 0600) != 0600 && fchmod(fd, 0600))
			failed = errno;
		if (failed) {
			close(fd);
			errno = failed;
			return -1;
		}
		/* Its last holder may have removed it between open and flock. */
		if (!fstatat(locks, file, &named, AT_SYMLINK_NOFOLLOW) &&
		    held.st_dev == named.st_dev && held.st_ino == named.st_ino)
			return fd;
		close(fd);
	}
	errno = EWOULDBLOCK;
	return -1;
}

enum secbake_status sb_lock_wait(int locks, const char *path, const char *file, int operation,
				 unsigned int seconds, int *lock, struct secbake_error *error)
{
	struct timespec pause = {.tv_nsec = WAIT_FIRST_NS}, start, now;
	int fd;

	clock_gettime(CLOCK_MONOTONIC, &start);
	for (;;) {
		fd = sb_lock_try(locks, file, operation);
		if (fd >= 0) {
			*lock = fd;
			return SECBAKE_OK;
		}
		if (errno != EWOULDBLOCK)
			return secbake_error_set(error, SECBAKE_ERR_SYSTEM, errno,
						 "cannot lock %s/%s/%s", path, SB_LOCK_DIR, file);
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (now.tv_sec - start.tv_sec >= (time_t)seconds)
			return secbake_error_set(
				error, SECBAKE_ERR_SYSTEM, 0,
				"another process, which may be compiling this, has held %s/%s/%s "
				"for %u seconds; try again when it is done, or end it (fuser tells "
				"which it is)",
				path, SB_LOCK_DIR, file, seconds);
		nanosleep(&pause, NULL);
		if (pause.tv_nsec < WAIT_LAST_NS)
			pause.tv_nsec *= 2;
	}
}

/*
 * mkdirat() with exactly this mode, and durable. One that is there already is as
 * good; its mode is its owner's business. path is its own, goal the one that it leads to.
 */
static enum secbake_status make_dir(int parent, const char *name, mode_t mode, const char *path,
				    const char *goal, struct secbake_error *error)
{
	struct stat st;
	int fd, failed = 0;

	if (TEMP_FAILURE_RETRY(mkdirat(parent, name, mode))) {
		if (errno == EEXIST)
			return SECBAKE_OK;
		return secbake_error_set(error, SECBAKE_ERR_SYSTEM, errno,
					 "cannot make the directory %s%s%s", path,
					 goal ? " for " : "", goal ? goal : "");
	}
	fd = sb_open(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	/* The umask has left its owner no right to open it. */
	if (fd < 0 && errno == EACCES && !fchmodat(parent, name, mode, AT_SYMLINK_NOFOLLOW))
		fd = sb_open(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	if (fd < 0 || fstat(fd, &st))
		failed = errno;
	else if ((st.st_mode & 0777) != mode && st.st_uid == geteuid() && fchmod(fd, mode))
		failed = errno;
	if (fd >= 0)
		close(fd);
	if (failed)
		return secbake_error_set(error, SECBAKE_ERR_SYSTEM, failed,
					 "cannot set the mode of the directory %s", path);
	return sb_dir_sync(parent, path, error);
}

/* The directory that a part of a root's path leads to, checked as the root itself would be. */
static enum secbake_status open_part(const struct sb_trust *trust, const char *part,
				     enum sb_anchor anchor, int *fd, struct secbake_error *error)
{
	if (anchor == SB_ANCHOR_SYSTEM || strstr(part, "/./"))
		return sb_trust_root(trust, part, anchor, fd, error);
	*fd = sb_open(AT_FDCWD, part, O_PATH | O_DIRECTORY, 0);
	if (*fd >= 0)
		return SECBAKE_OK;
	return secbake_error_set(error, errno == ENOENT ? SECBAKE_ERR_MISSING : SECBAKE_ERR_SYSTEM,
				 errno, "cannot open the directory %s", part);
}

/* Makes what is missing of a root's path, from the first missing component on. */
static enum secbake_status make_root(const struct sb_trust *trust,
				     const struct sb_store_place *place,
				     struct secbake_error *error)
{
	const char *path = place->root.path;
	enum secbake_status status = SECBAKE_OK;
	char part[SB_PATH_MAX];
	size_t at = 0, size = strlen(path);
	int parent = sb_open(AT_FDCWD, path[0] == '/' ? "/" : ".", O_PATH | O_DIRECTORY, 0);

	if (parent < 0)
		return secbake_error_set(error, SECBAKE_ERR_SYSTEM, errno, "cannot make %s", path);
	while (!status && at < size) {
		struct secbake_error missing = {0};
		size_t start = at + strspn(path + at, "/");
		int next = -1;

		at = start + strcspn(path + start, "/");
		if (at == start) /* slashes at the end */
			break;
		if (at >= sizeof(part)) {
			status = secbake_error_set(error, SECBAKE_ERR_LIMIT, 0,
						   "the path %s is too long", path);
			break;
		}
		memcpy(part, path, at);
		part[at] = '\0';
		status = open_part(trust, part, place->root.anchor, &next, &missing);
		if (status == SECBAKE_ERR_MISSING && at > place->existing) {
			missing = (struct secbake_error){0};
			status = make_dir(parent, part + start, 0755, part, at < size ? path : NULL,
					  &missing);
			if (!status)
				status =
					open_part(trust, part, place->root.anchor, &next, &missing);
		}
		if (status) {
			sb_error_pass(error, &missing);
			break;
		}
		close(parent);
		parent = next;
	}
	close(parent);
	return status;
}

static enum secbake_status open_root(const struct sb_trust *trust,
				     const struct sb_store_place *place, int *root,
				     struct secbake_error *error)
{
	struct secbake_error missing = {0};
	enum secbake_status status;

	status = sb_trust_root(trust, place->root.path, place->root.anchor, root, &missing);
	if (status == SECBAKE_ERR_MISSING) {
		status = make_root(trust, place, error);
		if (status)
			return status;
		return sb_trust_root(trust, place->root.path, place->root.anchor, root, error);
	}
	if (status)
		sb_error_pass(error, &missing);
	return status;
}

enum secbake_status sb_locks_open(int root, const char *path, bool make, int *locks,
				  struct secbake_error *error)
{
	char whole[SB_PATH_MAX + sizeof(SB_LOCK_DIR)];
	enum secbake_status status = SECBAKE_OK;
	struct stat st;
	int fd;

	snprintf(whole, sizeof(whole), "%s/%s", path, SB_LOCK_DIR);
	if (make)
		status = make_dir(root, SB_LOCK_DIR, 0700, whole, NULL, error);
	if (status)
		return status;
	fd = sb_open(root, SB_LOCK_DIR, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	if (fd < 0)
		return secbake_error_set(error,
					 errno == ENOENT ? SECBAKE_ERR_MISSING : SECBAKE_ERR_SYSTEM,
					 errno, "cannot open %s/%s", path, SB_LOCK_DIR);
	if (fstat(fd, &st))
		status = secbake_error_set(error, SECBAKE_ERR_SYSTEM, errno, "cannot look at %s/%s",
					   path, SB_LOCK_DIR);
	else if (st.st_uid != geteuid())
		status = secbake_error_set(error, SECBAKE_ERR_UNTRUSTED, 0,
					   "%s/%s belongs to user %u; remove it", path, SB_LOCK_DIR,
					   st.st_uid);
	/* Who can open a lock can hold it. */
	else if ((st.st_mode & 0777) != 0700 && fchmod(fd, 0700))
		status = secbake_error_set(error, SECBAKE_ERR_SYSTEM, errno,
					   "cannot set the mode of %s/%s", path, SB_LOCK_DIR);
	if (status) {
		close(fd);
		return status;
	}
	*locks = fd;
	return SECBAKE_OK;
}

void sb_store_sweep(int dir, const char *hash)
{
	int fd = sb_open(dir, ".", O_RDONLY | O_DIRECTORY, 0);
	DIR *list = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *entry;

	if (!list) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((entry = readdir(list)))
		if (sb_stage_is_temp(entry->d_name) &&
		    (!hash || !strncmp(entry->d_name + 1, hash, strlen(hash))))
			sb_stage_remove_dead(dir, entry->d_name);
	closedir(list);
}

/* Nobody else writes to this feature set at the moment: what is half written stays so. */
static void sweep_if_alone(const struct sb_store *store, int root)
{
	char file[SB_LOCK_NAME_MAX];
	int lock, dir;

	sb_lock_name(store->hash, NULL, file);
	lock = sb_lock_try(store->locks, file, LOCK_EX);
	if (lock < 0)
		return;
	if (!sb_trust_dir_at(&store->trust, root, store->hash, &dir, NULL)) {
		sb_store_sweep(dir, NULL);
		close(dir);
	}
	sb_store_sweep(root, store->hash);
	close(lock);
}

/*
 * EPERM is what a directory gets that is immutable, and what an outer filter says of a call that
 * it does not know: then the older call tells, which asks for the real user.
 */
bool sb_writable(int dir)
{
	if (!faccessat(dir, ".", W_OK | X_OK, AT_EACCESS))
		return true;
	return errno == EPERM && getuid() == geteuid() && getgid() == getegid() &&
	       !syscall(SYS_faccessat, dir, ".", W_OK | X_OK);
}

static enum secbake_status open_dir(struct sb_store *store, int root, struct secbake_error *error)
{
	struct secbake_error why = {0};
	enum secbake_status status;
	struct stat st;

	status = make_dir(root, store->hash, 0755, store->path, NULL, error);
	if (status)
		return status;
	status = sb_trust_dir_at(&store->trust, root, store->hash, &store->dir, &why);
	if (status) /* which speaks of the hash alone */
		return secbake_error_set(error, status, why.sys_errno, "in %s: %s", store->root,
					 why.text);
	/* Who was killed between mkdir and chmod left what the umask had made of it. */
	if (!fstat(store->dir, &st) && st.st_uid == geteuid() && (st.st_mode & 0755) != 0755 &&
	    fchmodat(root, store->hash, 0755, 0))
		return secbake_error_set(error, SECBAKE_ERR_SYSTEM, errno,
					 "cannot set the mode of %s", store->path);
	if (!sb_writable(store->dir))
		return secbake_error_set(error, SECBAKE_ERR_SYSTEM, errno, "cannot write to %s",
					 store->path);
	return SECBAKE_OK;
}

static bool same_text(const struct sb_store *store, const char *text, size_t size)
{
	char there[SECBAKE_FEATURES_TEXT_MAX + 1];
	ssize_t got;
	int fd;

	if (sb_trust_file_at(&store->trust, store->dir, SB_FEATURES_FILE, sizeof(there) - 1, &fd,
			     NULL, NULL))
		return false;
	got = TEMP_FAILURE_RETRY(read(fd, there, sizeof(there)));
	close(fd);
	return got >= 0 && (size_t)got == size && !memcmp(there, text, size);
}

size_t sb_store_features_text(const struct secbake_features *features,
			      char text[SECBAKE_FEATURES_TEXT_MAX])
{
	struct secbake_features hashed = *features;

	hashed.kernel = 0;
	return secbake_features_format(&hashed, text);
}

static enum secbake_status put_features(const struct sb_store *store,
					const struct secbake_features *features,
					struct secbake_error *error)
{
	char text[SECBAKE_FEATURES_TEXT_MAX];
	size_t size = sb_store_features_text(features, text);

	if (same_text(store, text, size))
		return SECBAKE_OK;
	return sb_stage_replace(store->dir, store->path, SB_FEATURES_FILE, text, size, 0644, error);
}

enum secbake_status sb_store_open(struct sb_store *store, const struct sb_trust *trust,
				  const struct sb_store_place *place,
				  const struct secbake_features *features,
				  struct secbake_error *error)
{
	struct sb_store made = {
		.trust = *trust, .root = place->root.path, .locks = -1, .dir = -1, .in_use = -1};
	char file[SB_LOCK_NAME_MAX];
	struct secbake_hash hash;
	enum secbake_status status;
	int root = -1;

	secbake_features_hash(features, &hash);
	secbake_hash_format(&hash, made.hash);
	if (strlen(place->root.path) >= SB_PATH_MAX)
		return secbake_error_set(error, SECBAKE_ERR_LIMIT, 0, "the path %s is too long",
					 place->root.path);
	snprintf(made.path, sizeof(made.path), "%s/%s", place->root.path, made.hash);
	sb_lock_name(made.hash, NULL, file);

	status = open_root(trust, place, &root, error);
	if (!status)
		status = sb_locks_open(root, place->root.path, true, &made.locks, error);
	if (!status) {
		sweep_if_alone(&made, root);
		status = sb_lock_wait(made.locks, made.root, file, LOCK_SH, SECBAKE_LOCK_SECONDS,
				      &made.in_use, error);
	}
	if (!status)
		status = open_dir(&made, root, error);
	if (!status)
		status = put_features(&made, features, error);
	if (root >= 0)
		close(root);
	if (status) {
		sb_store_close(&made);
		return status;
	}
	*store = made;
	return SECBAKE_OK;
}

enum secbake_status sb_store_mend_features(const struct sb_trust *trust,
					   const struct sb_store_place *place,
					   const struct secbake_features *features,
					   struct secbake_error *error)
{
	struct sb_store store = {.trust = *trust, .locks = -1, .dir = -1, .in_use = -1};
	char text[SECBAKE_FEATURES_TEXT_MAX], hex[SECBAKE_HASH_TEXT];
	size_t size = sb_store_features_text(features, text);
	enum secbake_status status = SECBAKE_OK;
	struct secbake_hash hash;
	bool wrong = false;
	int root;

	/* Where nobody has written yet there is nothing to mend. */
	if (sb_trust_root(trust, place->root.path, place->root.anchor, &root, NULL))
		return SECBAKE_OK;
	secbake_features_hash(features, &hash);
	secbake_hash_format(&hash, hex);
	if (!sb_trust_dir_at(trust, root, hex, &store.dir, NULL))
		wrong = !sb_trust_absent(store.dir, SB_FEATURES_FILE) &&
			!same_text(&store, text, size);
	sb_store_close(&store);
	close(root);
	if (wrong)
		status = sb_store_open(&store, trust, place, features, error);
	sb_store_close(&store);
	return status;
}

void sb_store_close(struct sb_store *store)
{
	int *const fds[] = {&store->dir, &store->in_use, &store->locks};

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		if (*fds[i] >= 0)
			close(*fds[i]);
		*fds[i] = -1;
	}
}

enum secbake_status sb_store_lock(const struct sb_store *store, const char *name, int *lock,
				  struct secbake_error *error)
{
	char file[SB_LOCK_NAME_MAX];

	sb_lock_name(store->hash, name, file);
	return sb_lock_wait(store->locks, store->root, file, LOCK_EX, SECBAKE_LOCK_SECONDS, lock,
			    error);
}

int sb_store_try_lock(const struct sb_store *store, const char *name)
{
	char file[SB_LOCK_NAME_MAX];

	sb_lock_name(store->hash, name, file);
	return sb_lock_try(store->locks, file, LOCK_EX);
}

enum secbake_status sb_store_put(const struct sb_store *store, const char *name, const void *bytes,
				 size_t size, struct secbake_error *error)
{
	char file[SECBAKE_NAME_MAX + sizeof(SB_SUFFIX_BLOB)];

	if (!secbake_name_valid(name))
		return secbake_error_set(error, SECBAKE_ERR_INPUT, 0, "'%s' cannot name a policy",
					 name);
	snprintf(file, sizeof(file), "%s%s", name, SB_SUFFIX_BLOB);
	return sb_stage_replace(store->dir, store->path, file, bytes, size, 0644, error);
}
