/* SPDX-License-Identifier: MIT */
/*
 * What an index is, for who writes one (refresh_index.c) and who believes one
 * (refresh_index_read.c). Of this machine and this version of secbake alone: in host
 * order. The header, the records, then their names, each with its NUL.
 */
#ifndef SB_INDEX_FORMAT_H
#define SB_INDEX_FORMAT_H

#include "refresh.h"

#define SB_INDEX_MAGIC "sbkindx1"
#define SB_INDEX_SIZE_MAX (64u << 20)
#define SB_INDEX_ROOTS (2 * SB_ROOTS_MAX)
#define SB_INDEX_NAME_MAX (SECBAKE_HASH_TEXT + 16u)

/* The file as the last refresh saw it. All fields of one size: no padding to be hashed. */
struct sb_index_stamp {
	uint64_t present, device, inode, size, mode;
	int64_t mtime, mtime_ns, ctime, ctime_ns;
};

struct sb_index_record {
	struct sb_index_stamp stamp;
	uint32_t root; /* of the policy path */
	uint32_t name; /* offset into the strings */
};

struct sb_index_header {
	char magic[8];
	struct secbake_hash checksum; /* of all that follows it */
	struct secbake_hash key;
	uint64_t size, policies;
	uint32_t root_count, record_count;
	struct sb_index_stamp
		root[SB_INDEX_ROOTS];	  /* policy path, then the feature set in each cache root */
	struct sb_index_stamp account[2]; /* passwd, group; absent: nothing was looked up there */
};

/*
 * How a file looks now: name in dir, with fstatat(2)'s flags. All zeros if it is not there.
 * False: it may be there, and cannot be looked at.
 */
bool sb_index_stamp(int dir, const char *name, int flags, struct sb_index_stamp *stamp);

/* A root of the policy path, or one feature set of a cache root; fd -1: it is not there. */
bool sb_index_stamp_root(const struct sb_refresh *r, size_t number, struct sb_index_stamp *stamp,
			 int *fd);

/* /etc/passwd or /etc/group; there is no index of an image. fd: open, if it is true. */
bool sb_index_stamp_account(const struct sb_refresh *r, bool group, struct sb_index_stamp *stamp,
			    int *fd);

/* All that decides where is looked, and for what. */
struct secbake_hash sb_index_key(const struct sb_refresh *r);

/* Of all that follows the checksum. */
struct secbake_hash sb_index_checksum(const uint8_t *bytes, size_t size);

void sb_index_name(const struct sb_refresh *r, char name[SB_INDEX_NAME_MAX]);

/* Is all of it inside, meant for this refresh, and as it says? Its number of policies. */
bool sb_index_true(const struct sb_refresh *r, const uint8_t *bytes, size_t size, size_t *policies);

#endif
