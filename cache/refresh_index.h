/* SPDX-License-Identifier: MIT */
/*
 * The index: what the files looked like of which all good blobs were made, so that
 * the next refresh can be spared by one stat(2) for each of them
 * (docs/cache.md, "The index"). It decides only whether a refresh is done; what is
 * run the loader decides, by contents.
 */
#ifndef SB_REFRESH_INDEX_H
#define SB_REFRESH_INDEX_H

#include "refresh.h"

struct sb_refresh_sources;

/* NULL: no memory. The other functions take NULL: there will be no index. */
struct sb_index_builder *sb_index_new(const struct sb_refresh *r);
void sb_index_free(struct sb_index_builder *index);

/* Notes the sources of a good blob. Any thread. */
void sb_index_add(struct sb_index_builder *index, const struct secbake_blob *blob);
void sb_index_add_bytes(struct sb_index_builder *index, const uint8_t *bytes, size_t size);

/*
 * Notes what a policy is made of that could not be compiled, as far as that was read: for
 * sb_index_add_base(), since there will be no index.
 */
void sb_index_add_failed(struct sb_index_builder *index, const struct sb_refresh_sources *sources);

/*
 * Is the policy of this name a source of a good blob, or of one that failed? Then it is noted with
 * its options, of which no blob knows: on them, too, depends that it cannot be compiled by itself.
 * When all threads are done.
 */
bool sb_index_add_base(struct sb_index_builder *index, const char *name);

/* Was there no memory for some of it? Then what is no base by it may be one. */
bool sb_index_no_memory(const struct sb_index_builder *index);

/* After a refresh that left nothing to be wished for. On any doubt, or failure, nothing is written.
 */
void sb_index_write(struct sb_index_builder *index, struct sb_refresh *r);

/* Is there an index for these places and features, and all as it says? Its number of policies. */
bool sb_index_holds(const struct sb_refresh *r, size_t *policies);

#endif
