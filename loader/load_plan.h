/* SPDX-License-Identifier: MIT */
/*
 * The two halves of secbake_load_apply(), which the loader calls one by one:
 * between what can be refused and what cannot be undone it has work to do.
 */
#ifndef SB_LOAD_PLAN_H
#define SB_LOAD_PLAN_H

#include <secbake/load.h>

#include "cache/lookup.h"

/* What will be installed. */
struct sb_load_plan {
	uint32_t variant;
	uint32_t first, count; /* layers, in order */
	bool listener;	       /* one of them has NEW_LISTENER */
	uint32_t more_flags;   /* SECBAKE_FLAG_* beside those of the layers */
};

/*
 * The whole file in memory of this process's own: in room if it fits there, else
 * mapped. Not a mapping of the file: cutting a file takes back even the pages of a
 * private mapping that were written to, and what is written to it next is then
 * seen in their place. NULL when that fails.
 */
uint8_t *sb_take_in(int fd, uint64_t size, uint8_t *room, size_t room_size,
		    struct secbake_error *error);
/* What sb_take_in() returned, with the same sizes. */
void sb_give_back(uint8_t *bytes, size_t size, size_t room_size);

/*
 * The feature sets of a root, for a blob that was compiled for another kernel: it is as good for
 * this one if it answers the same to all that the variant's compile asked, which is checked as
 * for any blob. So many are looked at in one root, and no more.
 */
#define SB_OTHER_SETS 64u
struct sb_sets {
	const char *list; /* in room: as the kernel writes it */
	long size, at;
	unsigned int left;
};
struct sb_sets sb_sets_read(const struct sb_lookup *lookup, size_t root, char *room,
			    size_t room_size);
/* The next one's name, but for own; in room. NULL: there is none. */
const char *sb_sets_next(struct sb_sets *sets, const char *own);

/*
 * What the calling thread's /proc status says behind "KEY:\t"; in text. NULL when there is none.
 * key: with the line break before it, and with ":\t".
 */
const char *sb_own_status(const char *key, char *text, size_t size);

/* Selects and checks; changes nothing. Return: as secbake_load_apply(). */
enum secbake_status sb_load_plan(const struct secbake_blob *blob,
				 const struct secbake_features *features,
				 const struct secbake_load_options *options,
				 struct sb_load_plan *plan, struct secbake_error *error);

/* Installs; from the first program on there is no way back. listener may be NULL without one. */
enum secbake_status sb_load_install(const struct secbake_blob *blob,
				    const struct secbake_features *features,
				    const struct secbake_load_options *options,
				    const struct sb_load_plan *plan, int *listener,
				    struct secbake_error *error);

#endif
