/* SPDX-License-Identifier: MIT */
/*
 * Is there a good blob already? Of these features first; then of others whose
 * answers were the same to all that the compile asked: most new kernels differ in
 * what no policy here depends on.
 */
#include "refresh.h"

#include <dirent.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hash.h"
#include "refresh_index.h"

#define OTHERS_MAX 16u /* feature sets that are looked through for each policy */

/* This version's blob of this policy, and for this kernel's version. */
static bool usable(const struct sb_refresh *r, const char *name, const struct secbake_blob *blob)
{
	struct secbake_blob_header header = secbake_blob_header(blob);
	uint32_t variant;

	if (strcmp(header.name, name) != 0 || strcmp(header.compiler, SECBAKE_VERSION) != 0)
		return false;
	if (blob->flags & SECBAKE_BLOB_UNRESTRICTED)
		return true;
	return secbake_blob_select(blob, &r->options->features,
				   blob->flags & SECBAKE_BLOB_COMPLAIN ? SECBAKE_MODE_COMPLAIN
								       : SECBAKE_MODE_ENFORCE,
				   &variant, NULL) != SECBAKE_ERR_MISSING;
}

static bool open_candidate(const struct sb_refresh *r, size_t root, const struct secbake_hash *hash,
			   const char *name, struct sb_candidate *candidate)
{
	enum secbake_status status;
	uint64_t file_size;
	int fd;

	*candidate = (struct sb_candidate){0};
	if (sb_lookup_blob(&r->lookup, root, hash, name, &fd, &file_size, NULL))
		return false;
	status = sb_read_fd(fd, SECBAKE_BLOB_SIZE_MAX, &candidate->bytes, &candidate->size, name,
			    NULL);
	close(fd);
	if (!status &&
	    !secbake_blob_open(candidate->bytes, candidate->size, &candidate->blob, NULL))
		return true;
	free(candidate->bytes);
	*candidate = (struct sb_candidate){0};
	return false;
}

/* Right for these features in every variant, and of the sources that are there now? */
static bool current(const struct sb_refresh *r, const struct secbake_blob *blob)
{
	return !sb_blob_agrees(blob, &r->options->features, NULL) &&
	       !sb_lookup_sources(&r->lookup, blob, false, NULL);
}

/*
 * What is wrong with the roots before does not matter: they are not used. Only the
 * first that opens is a candidate of the loader's, but it goes on to the next as well.
 */
const char *sb_refresh_find(const struct sb_refresh *r, const char *name,
			    struct sb_candidate *earlier)
{
	for (size_t i = 0; i < r->lookup.cache.count; i++) {
		struct sb_candidate here;

		if (!open_candidate(r, i, &r->hash, name, &here))
			continue;
		if (usable(r, name, &here.blob) && current(r, &here.blob)) {
			sb_index_add(r->index, &here.blob);
			free(here.bytes);
			return r->lookup.cache.root[i].path;
		}
		if (earlier->bytes)
			free(here.bytes);
		else
			*earlier = here;
	}
	return NULL;
}

/*
 * Does each mode that it has cover every version? What is left out is what the
 * other kernel could not have had; this one perhaps can.
 */
static bool has_all_versions(const struct secbake_blob *blob)
{
	uint32_t count = secbake_blob_count(blob, SECBAKE_SECTION_VARIANTS);
	struct secbake_blob_variant last = {.kernel_to = SECBAKE_KERNEL_ANY};

	for (uint32_t i = 0; i < count; i++) {
		struct secbake_blob_variant v = secbake_blob_variant(blob, i);
		bool first = !i || v.mode != last.mode;

		if (first ? last.kernel_to != SECBAKE_KERNEL_ANY || v.kernel_from
			  : last.kernel_to != v.kernel_from)
			return false;
		last = v;
	}
	return last.kernel_to == SECBAKE_KERNEL_ANY;
}

/* The feature hash is all in which a compile for these features would differ. */
static void restamp(struct sb_candidate *candidate, const struct secbake_hash *hash)
{
	const size_t at = offsetof(struct secbake_blob_header, checksum);
	struct secbake_hash checksum = {0};

	memcpy(candidate->bytes + offsetof(struct secbake_blob_header, feature_hash), hash,
	       sizeof(*hash));
	memcpy(candidate->bytes + at, &checksum, sizeof(checksum));
	checksum = sb_hash_bytes(candidate->bytes, candidate->size);
	memcpy(candidate->bytes + at, &checksum, sizeof(checksum));
}

bool sb_refresh_find_other(const struct sb_refresh *r, const char *name, struct sb_candidate *found)
{
	for (size_t i = 0; i < r->others.count; i++) {
		const struct sb_other_set *other = &r->others.at[i];
		struct sb_candidate here;

		if (!open_candidate(r, other->root, &other->hash, name, &here))
			continue;
		if (usable(r, name, &here.blob) && has_all_versions(&here.blob) &&
		    current(r, &here.blob)) {
			restamp(&here, &r->hash);
			if (!secbake_blob_open(here.bytes, here.size, &here.blob, NULL)) {
				*found = here;
				return true;
			}
		}
		free(here.bytes);
	}
	return false;
}

struct dated_set {
	struct sb_other_set set;
	struct timespec time;
};

static int latest_first(const void *a, const void *b)
{
	const struct dated_set *x = a, *y = b;

	if (x->set.root != y->set.root)
		return x->set.root < y->set.root ? -1 : 1;
	if (x->time.tv_sec != y->time.tv_sec)
		return x->time.tv_sec > y->time.tv_sec ? -1 : 1;
	if (x->time.tv_nsec != y->time.tv_nsec)
		return x->time.tv_nsec > y->time.tv_nsec ? -1 : 1;
	return memcmp(&x->set.hash, &y->set.hash, sizeof(x->set.hash));
}

static int digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* What secbake_hash_format() wrote. */
static bool parse_hash(const char *text, struct secbake_hash *hash)
{
	if (strlen(text) != SECBAKE_HASH_TEXT - 1)
		return false;
	for (size_t i = 0; i < SECBAKE_HASH_SIZE; i++) {
		int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		hash->bytes[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

/* The sets of one root, of which there may be any number, into sets from count on. */
static size_t list_root(const struct sb_refresh *r, size_t root, struct dated_set **sets,
			size_t count)
{
	const struct sb_root *at = &r->lookup.cache.root[root];
	const struct dirent *entry;
	int dir, fd;
	DIR *list;

	if (sb_trust_root(&r->lookup.trust, at->path, at->anchor, &dir, NULL))
		return count;
	fd = sb_open(dir, ".", O_RDONLY | O_DIRECTORY, 0);
	close(dir);
	list = fd >= 0 ? fdopendir(fd) : NULL;
	if (!list) {
		if (fd >= 0)
			close(fd);
		return count;
	}
	while ((entry = readdir(list))) {
		struct dated_set one = {.set = {.root = root}}, *grown;
		struct stat st;

		if (!parse_hash(entry->d_name, &one.set.hash) ||
		    !memcmp(&one.set.hash, &r->hash, sizeof(r->hash)) ||
		    fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW))
			continue;
		one.time = st.st_mtim;
		grown = reallocarray(*sets, count + 1, sizeof(**sets));
		if (!grown)
			break;
		*sets = grown;
		grown[count++] = one;
	}
	closedir(list);
	return count;
}

/* Nothing here can fail for good: without other sets everything is compiled. */
void sb_refresh_other_sets(struct sb_refresh *r)
{
	struct dated_set *sets = NULL;
	size_t count = 0;

	for (size_t i = 0; i < r->lookup.cache.count; i++)
		count = list_root(r, i, &sets, count);
	if (count)
		qsort(sets, count, sizeof(*sets), latest_first);
	if (count > OTHERS_MAX)
		count = OTHERS_MAX;
	r->others.at = count ? calloc(count, sizeof(*r->others.at)) : NULL;
	r->others.count = r->others.at ? count : 0;
	for (size_t i = 0; i < r->others.count; i++)
		r->others.at[i] = sets[i].set;
	free(sets);
}
