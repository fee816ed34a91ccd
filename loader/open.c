/* SPDX-License-Identifier: MIT */
/*
 * Blobs for programs that sandbox themselves: from a descriptor, or by the policy's
 * name, under the same rules as secbake-exec. Part of libsecbake-load: libc only, no
 * heap, no printing.
 */
#include <secbake/load.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cache/lookup.h"
#include "load_plan.h"

void sb_give_back(uint8_t *bytes, size_t size, size_t room_size)
{
	if (size > room_size)
		munmap(bytes, size);
}

uint8_t *sb_take_in(int fd, uint64_t size, uint8_t *room, size_t room_size,
		    struct secbake_error *error)
{
	uint8_t *bytes = room;
	size_t used = 0;

	if (size < sizeof(struct secbake_blob_header)) {
		secbake_error_set(error, SECBAKE_ERR_INPUT, 0,
				  "not a blob: it is shorter than a header");
		return NULL;
	}
	if (size > room_size)
		bytes = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (bytes == MAP_FAILED) {
		secbake_error_set(error, SECBAKE_ERR_SYSTEM, errno, "no memory for the blob");
		return NULL;
	}
	while (used < size) {
		ssize_t got = read(fd, bytes + used, (size_t)size - used);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			secbake_error_set(error, got ? SECBAKE_ERR_SYSTEM : SECBAKE_ERR_INPUT,
					  got ? errno : 0,
					  got ? "cannot read the blob"
					      : "it was cut short while it was read: files in the "
						"cache must be replaced, not written to");
			sb_give_back(bytes, (size_t)size, room_size);
			return NULL;
		}
		used += (size_t)got;
	}
	return bytes;
}

static enum secbake_status open_sized(int fd, uint64_t size, struct secbake_blob *blob,
				      struct secbake_error *error)
{
	struct secbake_error why = {0};
	struct secbake_blob opened;
	uint8_t *bytes = sb_take_in(fd, size, NULL, 0, &why);
	enum secbake_status status;

	if (!bytes)
		return secbake_error_set(error, why.status, why.sys_errno, "%s", why.text);
	status = secbake_blob_open(bytes, (size_t)size, &opened, error);
	if (status)
		sb_give_back(bytes, (size_t)size, 0);
	else
		*blob = opened;
	return status;
}

enum secbake_status secbake_load_open_fd(int fd, struct secbake_blob *blob,
					 struct secbake_error *error)
{
	struct stat st;
	off_t at;

	if (fstat(fd, &st))
		return secbake_error_set(error, SECBAKE_ERR_SYSTEM, errno, "cannot stat the blob");
	if (!S_ISREG(st.st_mode) || st.st_size < 0)
		return secbake_error_set(error, SECBAKE_ERR_INPUT, 0,
					 "the blob is not a regular file");
	at = lseek(fd, 0, SEEK_CUR);
	if (at < 0)
		return secbake_error_set(error, SECBAKE_ERR_SYSTEM, errno, "cannot read the blob");
	at = at < st.st_size ? st.st_size - at : 0;
	if ((uint64_t)at > SECBAKE_BLOB_SIZE_MAX)
		return secbake_error_set(error, SECBAKE_ERR_LIMIT, 0, "a blob has at most %u bytes",
					 SECBAKE_BLOB_SIZE_MAX);
	return open_sized(fd, (uint64_t)at, blob, error);
}

/* Whole, of that name, for this kernel, and with the sources that are there now? */
static enum secbake_status check_named(const struct sb_lookup *lookup, const char *name,
				       const struct secbake_features *features,
				       const struct secbake_blob *blob, struct secbake_error *error)
{
	struct secbake_load_options options = {.mode = SECBAKE_MODE_ENFORCE};
	struct secbake_blob_header header = secbake_blob_header(blob);
	struct sb_load_plan plan;
	enum secbake_status status;

	if (strcmp(header.name, name) != 0)
		return secbake_error_set(error, SECBAKE_ERR_INPUT, 0,
					 "it is the policy %s under another name", header.name);
	options.mode = secbake_load_mode(blob);
	status = sb_load_plan(blob, features, &options, &plan, error);
	return status ? status : sb_lookup_sources(lookup, blob, false, error);
}

/* A record of getdents64(2): inode, offset, length of the record, kind, name. */
#define ENTRY_LENGTH 16u
#define ENTRY_NAME 19u
#define SHORTEST 24 /* bytes, with its name and padding */

struct sb_sets sb_sets_read(const struct sb_lookup *lookup, size_t root, char *room,
			    size_t room_size)
{
	const struct sb_root *at = &lookup->cache.root[root];
	struct sb_sets sets = {.list = room, .left = SB_OTHER_SETS};
	int dir, list;

	if (sb_trust_root(&lookup->trust, at->path, at->anchor, &dir, NULL))
		return sets;
	list = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	close(dir);
	if (list < 0)
		return sets;
	sets.size = syscall(SYS_getdents64, list, room, room_size);
	close(list);
	/* An outer filter may make up the size. */
	if (sets.size > (long)room_size)
		sets.size = 0;
	return sets;
}

const char *sb_sets_next(struct sb_sets *sets, const char *own)
{
	uint16_t length;

	/* Records are believed as far as they make sense. */
	while (sets->left && sets->at <= sets->size - SHORTEST) {
		const char *set = sets->list + sets->at + ENTRY_NAME;

		memcpy(&length, sets->list + sets->at + ENTRY_LENGTH, sizeof(length));
		if (length < SHORTEST || length > sets->size - sets->at)
			return NULL;
		sets->at += length;
		if (length < ENTRY_NAME + SECBAKE_HASH_TEXT || set[SECBAKE_HASH_TEXT - 1] ||
		    strlen(set) != SECBAKE_HASH_TEXT - 1 || !strcmp(set, own))
			continue;
		sets->left--;
		return set;
	}
	return NULL;
}

static enum secbake_status open_in(const struct sb_lookup *lookup, size_t root, const char *set,
				   const char *name, const struct secbake_features *features,
				   struct secbake_blob *blob, struct secbake_error *error)
{
	struct secbake_blob opened;
	uint64_t size;
	int fd;
	enum secbake_status status = sb_lookup_set(lookup, root, set, name, &fd, &size, error);

	if (status)
		return status;
	status = open_sized(fd, size, &opened, error);
	close(fd);
	if (status)
		return status;
	status = check_named(lookup, name, features, &opened, error);
	if (!status) {
		*blob = opened;
		return SECBAKE_OK;
	}
	secbake_load_close(&opened);
	secbake_error_file(error, lookup->cache.root[root].path, 0, 0, NULL);
	return status;
}

/* Where a search is; first: why the first blob that is there cannot be used. */
struct search {
	const struct sb_lookup *lookup;
	const char *name;
	const struct secbake_features *features;
	struct secbake_blob *blob;
	struct secbake_error first;
};

static bool found_in(struct search *search, size_t root, const char *set)
{
	struct secbake_error why = {0};
	enum secbake_status status = open_in(search->lookup, root, set, search->name,
					     search->features, search->blob, &why);

	if (status && status != SECBAKE_ERR_MISSING && !search->first.status)
		search->first = why;
	return !status;
}

static __attribute__((noinline)) bool found_in_others(struct search *search, size_t root,
						      const char *own)
{
	char room[8192];
	struct sb_sets sets = sb_sets_read(search->lookup, root, room, sizeof(room));
	const char *set;

	while ((set = sb_sets_next(&sets, own)))
		if (found_in(search, root, set))
			return true;
	return false;
}

/* As sb_find() of the loader: this kernel's feature set in each root, and then others. */
static bool found_anywhere(struct search *search)
{
	const size_t count = search->lookup->cache.count;
	char own[SECBAKE_HASH_TEXT];
	struct secbake_hash hash;

	secbake_features_hash(search->features, &hash);
	secbake_hash_format(&hash, own);
	for (size_t i = 0; i < count; i++)
		if (found_in(search, i, own))
			return true;
	for (size_t i = 0; i < count; i++)
		if (found_in_others(search, i, own))
			return true;
	return false;
}

enum secbake_status secbake_load_open(const char *name, const struct secbake_load_places *places,
				      const struct secbake_features *features,
				      struct secbake_blob *blob, struct secbake_error *error)
{
	struct sb_lookup_options where = {
		.privileged = !getauxval(AT_EUID),
		.secure = getauxval(AT_SECURE) != 0,
		.cache_dir = places->cache_dir,
		.cache_count = places->cache_count,
		.policy_dir = places->policy_dir,
		.policy_count = places->policy_count,
	};
	struct search search = {.name = name, .features = features, .blob = blob};
	struct sb_lookup lookup;
	enum secbake_status status;

	for (size_t i = 0; i < sizeof(places->reserved) / sizeof(places->reserved[0]); i++) {
		if (places->reserved[i])
			return secbake_error_set(error, SECBAKE_ERR_INPUT, 0,
						 "reserved options must be zero");
	}
	status = sb_lookup_init(&lookup, &where, error);
	if (status)
		return status;
	search.lookup = &lookup;
	if (found_anywhere(&search))
		return SECBAKE_OK;
	if (!search.first.status)
		return secbake_error_set(error, SECBAKE_ERR_MISSING, 0,
					 "there is no compiled policy %s for this kernel; run "
					 "\"secbake refresh %s\"",
					 name, name);
	if (search.first.status == SECBAKE_ERR_STALE)
		secbake_error_set(error, search.first.status, 0, "%s; run \"secbake refresh %s\"",
				  search.first.text, name);
	else
		secbake_error_set(error, search.first.status, search.first.sys_errno, "%s",
				  search.first.text);
	secbake_error_file(error, search.first.file, 0, 0, NULL);
	return search.first.status;
}

void secbake_load_close(struct secbake_blob *blob)
{
	if (blob->bytes)
		munmap((void *)(uintptr_t)blob->bytes, blob->size);
	*blob = (struct secbake_blob){0};
}

enum secbake_mode secbake_load_mode(const struct secbake_blob *blob)
{
	if (blob->flags & SECBAKE_BLOB_UNRESTRICTED) /* which has no variant but its own */
		return (enum secbake_mode)secbake_blob_variant(blob, 0).mode;
	return blob->flags & SECBAKE_BLOB_COMPLAIN ? SECBAKE_MODE_COMPLAIN : SECBAKE_MODE_ENFORCE;
}
