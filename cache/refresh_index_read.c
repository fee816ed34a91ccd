/* SPDX-License-Identifier: MIT */
/* Believing an index: does everything look as it says? See refresh_index.h. */
#include "refresh_index.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hash.h"
#include "index_format.h"

/* ---- how files look, and what an index is for ---- */

bool sb_index_stamp(int dir, const char *name, int flags, struct sb_index_stamp *stamp)
{
	struct stat st;

	*stamp = (struct sb_index_stamp){0};
	if (fstatat(dir, name, &st, flags))
		return errno == ENOENT;
	*stamp = (struct sb_index_stamp){
		.present = 1,
		.device = st.st_dev,
		.inode = st.st_ino,
		.size = S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0,
		.mode = st.st_mode,
		.mtime = st.st_mtim.tv_sec,
		.mtime_ns = st.st_mtim.tv_nsec,
		.ctime = st.st_ctim.tv_sec,
		.ctime_ns = st.st_ctim.tv_nsec,
	};
	return true;
}

bool sb_index_stamp_root(const struct sb_refresh *r, size_t number, struct sb_index_stamp *stamp,
			 int *fd)
{
	const bool policies = number < r->lookup.policies.count;
	const struct sb_root *at =
		policies ? &r->lookup.policies.root[number]
			 : &r->lookup.cache.root[number - r->lookup.policies.count];
	const struct sb_trust *trust =
		policies ? sb_lookup_policy_trust(&r->lookup, number) : &r->lookup.trust;
	char hash[SECBAKE_HASH_TEXT];
	enum secbake_status status;
	int dir;

	*stamp = (struct sb_index_stamp){0};
	*fd = -1;
	status = sb_trust_root(trust, at->path, at->anchor, &dir, NULL);
	if (status)
		return status == SECBAKE_ERR_MISSING;
	secbake_hash_format(&r->hash, hash);
	if (!sb_index_stamp(dir, policies ? "" : hash,
			    policies ? AT_EMPTY_PATH : AT_SYMLINK_NOFOLLOW, stamp)) {
		close(dir);
		return false;
	}
	*fd = dir;
	return true;
}

bool sb_index_stamp_account(const struct sb_refresh *r, bool group, struct sb_index_stamp *stamp,
			    int *fd)
{
	if (sb_trust_file(&r->lookup.trust, group ? "/etc/group" : "/etc/passwd", SB_ANCHOR_SYSTEM,
			  SB_SOURCE_SIZE_MAX, fd, NULL, NULL))
		return false;
	if (sb_index_stamp(*fd, "", AT_EMPTY_PATH, stamp) && stamp->present)
		return true;
	close(*fd);
	return false;
}

struct secbake_hash sb_index_key(const struct sb_refresh *r)
{
	const struct sb_roots *const roots[] = {&r->lookup.policies, &r->lookup.cache};
	uint64_t words[] = {r->options->features.kernel, r->lookup.trust.uid,
			    r->lookup.policy_trust.any_owner, sizeof(struct sb_index_header)};
	struct secbake_hash key = sb_hash_bytes(words, sizeof(words));

	for (size_t k = 0; k < 2; k++) {
		for (size_t i = 0; i <= roots[k]->count; i++) {
			const char *path = i < roots[k]->count ? roots[k]->root[i].path : "";
			struct secbake_hash chain[3] = {key, r->hash,
							sb_hash_bytes(path, strlen(path))};

			key = sb_hash_bytes(chain, sizeof(chain));
		}
	}
	{
		struct secbake_hash chain[2] = {
			key, sb_hash_bytes(SECBAKE_VERSION, sizeof(SECBAKE_VERSION))};

		return sb_hash_bytes(chain, sizeof(chain));
	}
}

void sb_index_name(const struct sb_refresh *r, char name[SB_INDEX_NAME_MAX])
{
	secbake_hash_format(&r->hash, name);
	strcat(name, SB_SUFFIX_INDEX);
}

struct secbake_hash sb_index_checksum(const uint8_t *bytes, size_t size)
{
	const size_t after = offsetof(struct sb_index_header, key);

	return sb_hash_bytes(bytes + after, size - after);
}

/* ---- is it true ---- */

/* Is all of it inside, and meant for this refresh? Whoever can write it is trusted, disks are not.
 */
static bool sound(const struct sb_refresh *r, const uint8_t *bytes, size_t size,
		  struct sb_index_header *header)
{
	struct secbake_hash checksum, key;
	size_t records;

	if (size < sizeof(*header))
		return false;
	memcpy(header, bytes, sizeof(*header));
	checksum = sb_index_checksum(bytes, size);
	key = sb_index_key(r);
	if (memcmp(header->magic, SB_INDEX_MAGIC, sizeof(header->magic)) != 0 ||
	    header->size != size || memcmp(&header->checksum, &checksum, sizeof(checksum)) != 0 ||
	    memcmp(&header->key, &key, sizeof(key)) != 0 ||
	    header->root_count != r->lookup.policies.count + r->lookup.cache.count)
		return false;
	records = (size - sizeof(*header)) / sizeof(struct sb_index_record);
	return header->record_count && header->record_count <= records && !bytes[size - 1];
}

static bool files_same(const int *root, size_t root_count, const struct sb_index_header *header,
		       const uint8_t *bytes, size_t size)
{
	const size_t text = sizeof(*header) + header->record_count * sizeof(struct sb_index_record);

	for (uint32_t i = 0; i < header->record_count; i++) {
		struct sb_index_record record;
		struct sb_index_stamp now;

		memcpy(&record, bytes + sizeof(*header) + i * sizeof(record), sizeof(record));
		if (record.root >= root_count || root[record.root] < 0 ||
		    record.name >= size - text || !record.stamp.present ||
		    !sb_index_stamp(root[record.root], (const char *)bytes + text + record.name,
				    AT_SYMLINK_NOFOLLOW, &now) ||
		    memcmp(&now, &record.stamp, sizeof(now)) != 0)
			return false;
	}
	return true;
}

static bool accounts_same(const struct sb_refresh *r, const struct sb_index_header *header)
{
	for (int group = 0; group < 2; group++) {
		struct sb_index_stamp now;
		bool same;
		int fd;

		if (!header->account[group].present)
			continue;
		if (!sb_index_stamp_account(r, group, &now, &fd))
			return false;
		same = !memcmp(&now, &header->account[group], sizeof(now));
		close(fd);
		if (!same)
			return false;
	}
	return true;
}

static bool all_same(const struct sb_refresh *r, const struct sb_index_header *header,
		     const uint8_t *bytes, size_t size)
{
	int root[SB_INDEX_ROOTS];
	size_t opened = 0;
	bool same = true;

	while (same && opened < header->root_count) {
		struct sb_index_stamp now;

		same = sb_index_stamp_root(r, opened, &now, &root[opened]);
		same = same && !memcmp(&now, &header->root[opened], sizeof(now));
		opened++;
	}
	same = same && accounts_same(r, header) &&
	       files_same(root, r->lookup.policies.count, header, bytes, size);
	while (opened--)
		if (root[opened] >= 0)
			close(root[opened]);
	return same;
}

bool sb_index_true(const struct sb_refresh *r, const uint8_t *bytes, size_t size, size_t *policies)
{
	struct sb_index_header header;

	if (!sound(r, bytes, size, &header) || !all_same(r, &header, bytes, size))
		return false;
	*policies = (size_t)header.policies;
	return true;
}

bool sb_index_holds(const struct sb_refresh *r, size_t *policies)
{
	char name[SB_INDEX_NAME_MAX];
	bool holds = false;

	sb_index_name(r, name);
	for (size_t i = 0; !holds && i < r->lookup.cache.count; i++) {
		const struct sb_root *at = &r->lookup.cache.root[i];
		uint8_t *bytes = NULL;
		size_t size;
		int root, fd;

		if (sb_trust_root(&r->lookup.trust, at->path, at->anchor, &root, NULL))
			continue;
		if (!sb_trust_file_at(&r->lookup.trust, root, name, SB_INDEX_SIZE_MAX, &fd, NULL,
				      NULL)) {
			if (sb_read_fd(fd, SB_INDEX_SIZE_MAX, &bytes, &size, name, NULL))
				bytes = NULL;
			close(fd);
		}
		close(root);
		holds = bytes && sb_index_true(r, bytes, size, policies);
		free(bytes);
	}
	return holds;
}
