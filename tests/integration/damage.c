/* SPDX-License-Identifier: MIT */
/*
 * damage BLOB FOLDER
 *
 * Writes damaged copies of a blob into a folder, a file each, and for each a line on
 * standard output: the file's name, a tab, and what must be among the reasons for which
 * it is refused. "flip" and "cut" are as they come; what begins with "signed" says the
 * right size and has the right checksum, as an attacker's would.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <secbake/blob.h>

#include "cache/hash.h"

#define HEADER(field) offsetof(struct secbake_blob_header, field)
#define MORE 64u /* bytes that are appended at most */

static const char *folder;
static uint8_t *blob, *copy;
static size_t size;

static uint32_t get32(const uint8_t *at)
{
	return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 |
	       (uint32_t)at[3] << 24;
}

static void put32(uint8_t *at, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> 8 * i);
}

static void sign(size_t length)
{
	struct secbake_hash hash;

	put32(copy + HEADER(total_size), (uint32_t)length);
	put32(copy + HEADER(total_size) + 4, 0);
	memset(copy + HEADER(checksum), 0, sizeof(hash));
	hash = sb_hash_bytes(copy, length);
	memcpy(copy + HEADER(checksum), &hash, sizeof(hash));
}

/* copy, length bytes of it, as FOLDER/NAME.sbk; then a fresh copy is there again. */
static void put(size_t length, const char *reason, const char *name)
{
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s.sbk", folder, name);
	file = fopen(path, "w");
	if (!file || (length && fwrite(copy, length, 1, file) != 1) || fclose(file)) {
		perror(path);
		exit(1);
	}
	printf("%s\t%s\n", name, reason);
	memcpy(copy, blob, size);
	memset(copy + size, 0, MORE);
}

static const char *flip_reason(size_t at)
{
	uint64_t total = get32(copy + HEADER(total_size)) |
			 (uint64_t)get32(copy + HEADER(total_size) + 4) << 32;

	if (at < HEADER(version))
		return "the first 8 bytes are not its magic";
	if (at < HEADER(header_size))
		return "format version";
	if (at < HEADER(total_size))
		return "the size of its header is wrong";
	if (at < HEADER(audit_arch))
		return total > size ? "it was cut short" : "something was appended";
	return "the checksum is wrong: it is damaged";
}

static void flip(void)
{
	char name[64];

	for (size_t i = 0; i < size; i++) {
		for (int bit = 0; bit < 8; bit++) {
			copy[i] ^= (uint8_t)(1 << bit);
			snprintf(name, sizeof(name), "flip-%zu-%d", i, bit);
			put(size, flip_reason(i), name);
		}
	}
}

static void cut(void)
{
	char name[64];

	for (size_t length = 0; length < size; length++) {
		const bool header = length >= sizeof(struct secbake_blob_header);

		snprintf(name, sizeof(name), "cut-%zu", length);
		put(length, header ? "it was cut short" : "it is shorter than a header", name);
		if (!header)
			continue;
		snprintf(name, sizeof(name), "signed-cut-%zu", length);
		sign(length);
		put(length, length % 8 ? "its size is no multiple of 8" : "reaches outside of",
		    name);
	}
}

static void grow(void)
{
	char name[64];

	for (size_t more = 1; more <= MORE; more++) {
		snprintf(name, sizeof(name), "grown-%zu", more);
		put(size + more, "something was appended", name);
		snprintf(name, sizeof(name), "signed-grown-%zu", more);
		sign(size + more);
		put(size + more,
		    more % 8 ? "its size is no multiple of 8"
			     : "there is something behind the last section",
		    name);
	}
}

/* What a section at offset, of length bytes, that belongs at next, is refused for. */
static const char *move_reason(uint32_t offset, uint32_t length, uint32_t next)
{
	if (offset > size || length > size - offset)
		return "reaches outside of the file";
	if (offset % 8)
		return "is not aligned to 8";
	return offset < next ? "overlaps what is before it" : "leaves a gap before it";
}

static void move_section(uint32_t section, uint32_t offset)
{
	static const char *const names[] = {"variants", "layers", "programs", "sources",
					    "notes",	"rules",  "strings"};
	uint8_t *at = copy + HEADER(section) + (size_t)section * sizeof(struct secbake_blob_range);
	uint32_t there = get32(at), length = get32(at + 4);
	char name[64], reason[128];

	if (offset == there)
		return;
	snprintf(reason, sizeof(reason), "section %s %s", names[section],
		 move_reason(offset, length, there));
	put32(at, offset);
	sign(size);
	snprintf(name, sizeof(name), "signed-move-%u-%u", section, offset);
	put(size, reason, name);
}

/* Every section to every place in the file, and some beyond. */
static void move_all(void)
{
	static const uint32_t beyond[] = {0x7ffffff8, 0x80000000, 0xffffff00, 0xfffffff8,
					  0xffffffff};

	for (uint32_t s = 0; s < SECBAKE_SECTION_COUNT; s++) {
		for (uint32_t offset = 0; offset <= size + 8; offset++)
			move_section(s, offset);
		for (size_t i = 0; i < sizeof(beyond) / sizeof(beyond[0]); i++)
			move_section(s, beyond[i]);
	}
}

static void resize(void)
{
	static const uint32_t record[] = {48, 16, 8, 40, 16, 24, 1};
	char name[64];

	for (uint32_t s = 0; s < SECBAKE_SECTION_COUNT; s++) {
		size_t at = HEADER(section) + s * sizeof(struct secbake_blob_range);
		uint32_t offset = get32(blob + at), length = get32(blob + at + 4);

		for (uint32_t other = 0; other <= size - offset + 8; other++) {
			const char *reason = "not a blob: "; /* of whatever is then behind */

			if (other == length)
				continue;
			/* Zeros behind the strings are padding, or empty strings: all the same. */
			if (s == SECBAKE_SECTION_STRINGS && other > length &&
			    offset + other <= size)
				reason = "it is the blob of the policy";
			else if (other > size - offset)
				reason = "reaches outside of the file";
			else if (other % record[s])
				reason = "ends within a record";
			put32(copy + at + 4, other);
			sign(size);
			snprintf(name, sizeof(name), "signed-size-%u-%u", s, other);
			put(size, reason, name);
		}
	}
}

int main(int argc, char **argv)
{
	FILE *file = argc == 3 ? fopen(argv[1], "r") : NULL;

	if (!file) {
		fputs("damage BLOB FOLDER\n", stderr);
		return 2;
	}
	folder = argv[2];
	blob = calloc(1, SECBAKE_BLOB_SIZE_MAX);
	copy = calloc(1, SECBAKE_BLOB_SIZE_MAX + MORE);
	if (!blob || !copy)
		return 1;
	size = fread(blob, 1, SECBAKE_BLOB_SIZE_MAX, file);
	fclose(file);
	if (size < sizeof(struct secbake_blob_header))
		return 1;
	memcpy(copy, blob, size);
	flip();
	cut();
	grow();
	move_all();
	resize();
	free(blob);
	free(copy);
	return 0;
}
