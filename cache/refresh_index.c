/* SPDX-License-Identifier: MIT */
/*
 * See refresh_index.h. A file is taken to be unchanged if its device, inode, size,
 * mtime and ctime are; nobody can set a ctime. For that to be true, it must not
 * have changed within the clock's last tick when it was read, the clock must not
 * have been set back meanwhile, and the file system must be one whose times
 * this kernel keeps. Where any of it is doubtful there is no index.
 */
#include "refresh_index.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <time.h>
#include <unistd.h>

#include "index_format.h"
#include "refresh_sources.h"

#define TICK_NS 100000000LL /* several times the coarsest tick of a kernel's clock for files */
#define DRIFT_NS 50000000LL /* by which a clock may be slewed, but not set back */

struct sb_index_builder {
	pthread_mutex_t mutex;
	struct timespec start;
	int64_t offset; /* of the real time to the time since boot, ns */
	int root[SB_ROOTS_MAX];
	size_t root_count;
	bool no_memory; /* something is not in it that should be */
	bool image;	/* its files are copied to where nothing of a stamp is as it was */
	bool doubt;
	bool account[2]; /* looked up in passwd, group */
	struct sb_index_record *record;
	size_t record_count, record_room;
	char *text;
	size_t text_size, text_room;
};

static int64_t clock_offset(void)
{
	struct timespec real, boot;

	clock_gettime(CLOCK_REALTIME, &real);
	clock_gettime(CLOCK_BOOTTIME, &boot);
	return ((int64_t)real.tv_sec - (int64_t)boot.tv_sec) * 1000000000LL +
	       ((int64_t)real.tv_nsec - (int64_t)boot.tv_nsec);
}

struct sb_index_builder *sb_index_new(const struct sb_refresh *r)
{
	struct sb_index_builder *index = calloc(1, sizeof(*index));

	if (!index)
		return NULL;
	index->image = r->options->places.image;
	pthread_mutex_init(&index->mutex, NULL);
	/* In this order: a clock that is set back after either shows in the offset. */
	index->offset = clock_offset();
	clock_gettime(CLOCK_REALTIME, &index->start);
	index->root_count = r->lookup.policies.count;
	for (size_t i = 0; i < index->root_count; i++) {
		const struct sb_root *at = &r->lookup.policies.root[i];

		if (sb_trust_root(sb_lookup_policy_trust(&r->lookup, i), at->path, at->anchor,
				  &index->root[i], NULL))
			index->root[i] = -1;
	}
	return index;
}

void sb_index_free(struct sb_index_builder *index)
{
	if (!index)
		return;
	for (size_t i = 0; i < index->root_count; i++)
		if (index->root[i] >= 0)
			close(index->root[i]);
	pthread_mutex_destroy(&index->mutex);
	free(index->record);
	free(index->text);
	free(index);
}

/* ---- which files ---- */

static bool put_text(struct sb_index_builder *index, const char *text, uint32_t *at)
{
	size_t size = strlen(text) + 1;

	if (size > index->text_room - index->text_size) {
		size_t room = index->text_room ? index->text_room * 2 : 65536;
		char *grown;

		if (room > SB_INDEX_SIZE_MAX / 2)
			return false;
		grown = realloc(index->text, room);
		index->no_memory |= !grown;
		if (!grown)
			return false;
		index->text = grown;
		index->text_room = room;
	}
	*at = (uint32_t)index->text_size;
	memcpy(index->text + index->text_size, text, size);
	index->text_size += size;
	return true;
}

static bool put_record(struct sb_index_builder *index, size_t root, const char *name)
{
	struct sb_index_record record = {.root = (uint32_t)root};

	if (!put_text(index, name, &record.name))
		return false;
	if (index->record_count == index->record_room) {
		size_t room = index->record_room ? index->record_room * 2 : 1024;
		void *grown;

		if (room > SB_INDEX_SIZE_MAX / 2 / sizeof(record))
			return false;
		grown = reallocarray(index->record, room, sizeof(record));
		index->no_memory |= !grown;
		if (!grown)
			return false;
		index->record = grown;
		index->record_room = room;
	}
	index->record[index->record_count++] = record;
	return true;
}

/* Where a source is: the root, and the path below it. */
struct place {
	size_t root;
	char path[SB_PATH_MAX];
};

/* A policy: the first folder that has it. */
static bool place_policy(const struct sb_index_builder *index, const char *name,
			 struct place *place)
{
	struct stat st;

	snprintf(place->path, sizeof(place->path), "%s%s", name, SB_SUFFIX_POLICY);
	for (size_t i = 0; i < index->root_count; i++) {
		if (index->root[i] < 0 ||
		    fstatat(index->root[i], place->path, &st, AT_SYMLINK_NOFOLLOW))
			continue;
		place->root = i;
		return true;
	}
	return false;
}

static bool place_source(struct sb_index_builder *index, const struct secbake_blob *blob,
			 uint32_t number, unsigned int depth, struct place *place)
{
	struct secbake_blob_source source = secbake_blob_source(blob, number);
	const char *name = secbake_blob_string(blob, source.name);
	struct place *parent;
	char *slash;
	bool placed;

	if (source.kind == SECBAKE_SOURCE_POLICY)
		return place_policy(index, name, place);
	if (depth > SB_SOURCE_DEPTH_MAX)
		return false;
	parent = malloc(sizeof(*parent));
	index->no_memory |= !parent;
	if (!parent)
		return false;
	placed = place_source(index, blob, source.parent, depth + 1, parent);
	if (placed) {
		slash = strrchr(parent->path, '/');
		if (slash)
			slash[1] = '\0';
		else
			parent->path[0] = '\0';
		place->root = parent->root;
		placed = (size_t)snprintf(
				 place->path, sizeof(place->path), "%s%s%s", parent->path, name,
				 source.kind == SECBAKE_SOURCE_OPTIONS ? SB_SUFFIX_OPTIONS : "") <
			 sizeof(place->path);
	}
	free(parent);
	return placed;
}

void sb_index_add(struct sb_index_builder *index, const struct secbake_blob *blob)
{
	uint32_t count = secbake_blob_count(blob, SECBAKE_SECTION_SOURCES);
	bool good = count;

	if (!index)
		return;
	pthread_mutex_lock(&index->mutex);
	for (uint32_t i = 0; i < count; i++) {
		struct secbake_blob_source source = secbake_blob_source(blob, i);
		struct place place;

		if (source.kind == SECBAKE_SOURCE_ACCOUNT) {
			index->account[*secbake_blob_string(blob, source.name) == 'g'] = true;
			continue;
		}
		/* What is not there shows in its folder; that of options is a root of the path. */
		if (!source.present && source.kind == SECBAKE_SOURCE_OPTIONS)
			continue;
		good &= source.present && place_source(index, blob, i, 0, &place) &&
			put_record(index, place.root, place.path);
	}
	index->doubt |= !good;
	pthread_mutex_unlock(&index->mutex);
}

void sb_index_add_bytes(struct sb_index_builder *index, const uint8_t *bytes, size_t size)
{
	struct secbake_blob blob;

	if (!index)
		return;
	if (!secbake_blob_open(bytes, size, &blob, NULL)) {
		sb_index_add(index, &blob);
		return;
	}
	pthread_mutex_lock(&index->mutex);
	index->doubt = true;
	pthread_mutex_unlock(&index->mutex);
}

void sb_index_add_failed(struct sb_index_builder *index, const struct sb_refresh_sources *sources)
{
	if (!index || !sources)
		return;
	pthread_mutex_lock(&index->mutex);
	for (size_t i = 1; i < SECBAKE_SOURCES_MAX; i++)
		if (sources->at[i].path)
			put_record(index, sources->at[i].root, sources->at[i].path);
	index->doubt = true;
	pthread_mutex_unlock(&index->mutex);
}

bool sb_index_no_memory(const struct sb_index_builder *index)
{
	return index->no_memory;
}

bool sb_index_add_base(struct sb_index_builder *index, const char *name)
{
	struct place place;
	struct stat st;
	bool found = false;

	if (!place_policy(index, name, &place))
		return false;
	for (size_t i = 0; !found && i < index->record_count; i++)
		found = index->record[i].root == place.root &&
			!strcmp(index->text + index->record[i].name, place.path);
	if (!found)
		return false;
	snprintf(place.path, sizeof(place.path), "%s%s", name, SB_SUFFIX_OPTIONS);
	/* What is not there shows in its folder. */
	if (!fstatat(index->root[place.root], place.path, &st, AT_SYMLINK_NOFOLLOW) &&
	    !put_record(index, place.root, place.path))
		index->doubt = true;
	return true;
}

/* File systems of this machine, whose times its kernel sets itself. */
static bool local(int fd)
{
	struct statfs fs;

	if (fstatfs(fd, &fs))
		return false;
	switch ((unsigned long)fs.f_type) {
	case EXT4_SUPER_MAGIC:
	case XFS_SUPER_MAGIC:
	case BTRFS_SUPER_MAGIC:
	case F2FS_SUPER_MAGIC:
	case TMPFS_MAGIC:
	case RAMFS_MAGIC:
	case OVERLAYFS_SUPER_MAGIC:
	case SQUASHFS_MAGIC:
	case EROFS_SUPER_MAGIC_V1:
		return true;
	default:
		return false;
	}
}

/* ---- how they look, and writing that down ---- */

/* Changed in the clock's last tick before the refresh began, or since: it may be another by now. */
static bool settled(const struct sb_index_builder *index, const struct sb_index_stamp *stamp)
{
	int64_t seconds = (int64_t)index->start.tv_sec - stamp->ctime;

	if (!stamp->present)
		return true;
	return seconds > 1 ||
	       (seconds >= 0 &&
		seconds * 1000000000LL + index->start.tv_nsec - stamp->ctime_ns > TICK_NS);
}

static bool stamp_roots(const struct sb_index_builder *index, const struct sb_refresh *r,
			struct sb_index_header *header)
{
	size_t policies = r->lookup.policies.count, count = policies + r->lookup.cache.count;

	for (size_t i = 0; i < count; i++) {
		struct sb_index_stamp *stamp = &header->root[i];
		bool good;
		int fd;

		if (!sb_index_stamp_root(r, i, stamp, &fd))
			return false;
		good = fd < 0 || (local(fd) && (i >= policies || settled(index, stamp)));
		if (fd >= 0)
			close(fd);
		if (!good || (i < policies && (fd < 0) != (index->root[i] < 0)))
			return false;
	}
	header->root_count = (uint32_t)count;
	return true;
}

static bool stamp_accounts(const struct sb_index_builder *index, const struct sb_refresh *r,
			   struct sb_index_header *header)
{
	for (int group = 0; group < 2; group++) {
		bool good;
		int fd;

		if (!index->account[group])
			continue;
		if (!sb_index_stamp_account(r, group, &header->account[group], &fd))
			return false;
		good = local(fd) && settled(index, &header->account[group]);
		close(fd);
		if (!good)
			return false;
	}
	return true;
}

struct sorting {
	const char *text;
};

static int by_place(const void *a, const void *b, void *sorting)
{
	const struct sb_index_record *x = a, *y = b;
	const char *text = ((const struct sorting *)sorting)->text;

	if (x->root != y->root)
		return x->root < y->root ? -1 : 1;
	return strcmp(text + x->name, text + y->name);
}

static bool stamp_records(struct sb_index_builder *index, const struct sb_index_header *header)
{
	struct sorting sorting = {.text = index->text};
	size_t kept = 0;

	qsort_r(index->record, index->record_count, sizeof(*index->record), by_place, &sorting);
	for (size_t i = 0; i < index->record_count; i++) {
		struct sb_index_record *record = &index->record[i];

		if (kept && !by_place(&index->record[kept - 1], record, &sorting))
			continue;
		if (!sb_index_stamp(index->root[record->root], index->text + record->name,
				    AT_SYMLINK_NOFOLLOW, &record->stamp) ||
		    !record->stamp.present || !S_ISREG((mode_t)record->stamp.mode) ||
		    record->stamp.device != header->root[record->root].device ||
		    !settled(index, &record->stamp))
			return false;
		index->record[kept++] = *record;
	}
	index->record_count = kept;
	return true;
}

static uint8_t *join(const struct sb_index_builder *index, struct sb_index_header *header,
		     size_t *size)
{
	size_t records = index->record_count * sizeof(*index->record);
	size_t total = sizeof(*header) + records + index->text_size;
	struct secbake_hash checksum;
	uint8_t *bytes;

	if (total > SB_INDEX_SIZE_MAX)
		return NULL;
	bytes = malloc(total);
	if (!bytes)
		return NULL;
	memcpy(header->magic, SB_INDEX_MAGIC, sizeof(header->magic));
	header->size = total;
	header->record_count = (uint32_t)index->record_count;
	memcpy(bytes, header, sizeof(*header));
	memcpy(bytes + sizeof(*header), index->record, records);
	memcpy(bytes + sizeof(*header) + records, index->text, index->text_size);
	checksum = sb_index_checksum(bytes, total);
	memcpy(bytes + offsetof(struct sb_index_header, checksum), &checksum, sizeof(checksum));
	*size = total;
	return bytes;
}

static bool same_there(const struct sb_refresh *r, int root, const char *name, const uint8_t *bytes,
		       size_t size)
{
	uint8_t *there;
	size_t got;
	bool same;
	int fd;

	if (sb_trust_file_at(&r->lookup.trust, root, name, SB_INDEX_SIZE_MAX, &fd, NULL, NULL))
		return false;
	same = !sb_read_fd(fd, SB_INDEX_SIZE_MAX, &there, &got, name, NULL);
	close(fd);
	if (!same)
		return false;
	same = got == size && !memcmp(there, bytes, size);
	free(there);
	return same;
}

/* Into the first root that is there and takes it; under the feature set's lock, so that it is
 * swept.
 */
static void put(struct sb_refresh *r, const uint8_t *bytes, size_t size)
{
	char name[SB_INDEX_NAME_MAX];

	sb_index_name(r, name);
	for (size_t i = 0; i < r->place_count; i++) {
		const struct sb_store_place *place = &r->place[i];
		struct sb_store store = {.locks = -1, .dir = -1, .in_use = -1};
		enum secbake_status status;
		bool same;
		int root;

		if (sb_trust_root(&r->lookup.trust, place->root.path, place->root.anchor, &root,
				  NULL))
			continue;
		same = same_there(r, root, name, bytes, size);
		status = same ? SECBAKE_OK
			      : sb_store_open(&store, &r->lookup.trust, place,
					      &r->options->features, NULL);
		if (!same && !status)
			status = sb_stage_replace(root, place->root.path, name, bytes, size, 0644,
						  NULL);
		sb_store_close(&store);
		close(root);
		if (!status)
			return;
	}
}

void sb_index_write(struct sb_index_builder *index, struct sb_refresh *r)
{
	struct sb_index_header header;
	uint8_t *bytes = NULL;
	size_t size;

	if (!index || index->image || index->doubt || !index->record_count ||
	    clock_offset() < index->offset - DRIFT_NS)
		return;
	memset(&header, 0, sizeof(header));
	header.key = sb_index_key(r);
	header.policies = r->summary.policies;
	if (stamp_roots(index, r, &header) && stamp_accounts(index, r, &header) &&
	    stamp_records(index, &header))
		bytes = join(index, &header, &size);
	if (bytes)
		put(r, bytes, size);
	free(bytes);
}
