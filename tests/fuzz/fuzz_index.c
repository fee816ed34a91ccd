/* SPDX-License-Identifier: MIT */
/*
 * Hostile indexes (docs/cache.md, "The index"), signed again and made for the places at
 * hand, so that what is behind these checks is reached. Starts from an index that a refresh
 * in a folder of its own leaves, and needs no corpus. What is believed must name the policy's
 * folder and file as they are.
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cache/hash.h>
#include <cache/index_format.h>

#define SIZE_MAX_HERE 16384u

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);

static char top[] = "/tmp/fuzz_index.XXXXXX";
static char caches[64], policies[64], policy[96], index_path[160];
static const char *const cache_dir[] = {caches}, *const policy_dir[] = {policies};
static struct secbake_refresh_options options = {
	.places = {.cache_dir = cache_dir,
		   .cache_count = 1,
		   .policy_dir = policy_dir,
		   .policy_count = 1},
};
static struct sb_refresh refreshed; /* as sb_index_holds() is given it */
static uint8_t seed_bytes[SIZE_MAX_HERE];
static size_t seed_size;

static void clean(void)
{
	char command[256];

	snprintf(command, sizeof(command), "rm -rf %s", top);
	if (system(command))
		perror(top);
}

static void make_world(void)
{
	static const char text[] = "{\"defaultAction\": \"SCMP_ACT_ALLOW\"}";
	char hash[SECBAKE_HASH_TEXT];
	FILE *file;

	if (!mkdtemp(top) || chmod(top, 0755))
		abort();
	atexit(clean);
	snprintf(caches, sizeof(caches), "%s/c", top);
	snprintf(policies, sizeof(policies), "%s/p", top);
	snprintf(policy, sizeof(policy), "%s/web.json", policies);
	if (mkdir(policies, 0755))
		abort();
	file = fopen(policy, "w");
	if (!file || fwrite(text, sizeof(text) - 1, 1, file) != 1 || fclose(file))
		abort();
	if (secbake_features_of_kernel(secbake_arch_native(), SECBAKE_KERNEL(6, 1),
				       &options.features, NULL))
		abort();
	refreshed.options = &options;
	secbake_features_hash(&options.features, &refreshed.hash);
	secbake_hash_format(&refreshed.hash, hash);
	snprintf(index_path, sizeof(index_path), "%s/%s.index", caches, hash);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct secbake_refresh_summary summary;
	size_t count;
	FILE *file;

	(void)argc;
	(void)argv;
	umask(022);
	make_world();
	/* The first makes what the index of the second names; files must be older than a tick. */
	for (int i = 0; i < 2; i++) {
		usleep(300000);
		if (secbake_refresh(&options, &summary, NULL) || summary.worst)
			abort();
	}
	file = fopen(index_path, "r");
	if (!file) {
		fprintf(stderr, "no index: /tmp is on a file system that it does not trust\n");
		abort();
	}
	seed_size = fread(seed_bytes, 1, sizeof(seed_bytes), file);
	fclose(file);
	if (sb_places_lookup(&options.places, &refreshed.lookup, refreshed.user_cache, NULL) ||
	    !sb_index_true(&refreshed, seed_bytes, seed_size, &count) || count != 1)
		abort();
	return 0;
}

/* Bytes as the library likes them, and words near those that are there. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed)
{
	static const uint32_t telling[] = {0,  1,	   2,	       15,	16, 17,
					   32, 0x7fffffff, 0x80000000, ~0u - 1, ~0u};
	uint32_t word;
	size_t at;

	if (size < sizeof(struct sb_index_header) && seed_size <= max) {
		memcpy(data, seed_bytes, seed_size);
		size = seed_size;
	}
	if (size < 4 || seed % 3 == 0)
		return LLVMFuzzerMutate(data, size, max);
	seed /= 3;
	at = (seed >> 8) % (size / 4) * 4;
	memcpy(&word, data + at, sizeof(word));
	switch (seed % 3) {
	case 0:
		word = telling[(seed >> 2) % (sizeof(telling) / sizeof(telling[0]))];
		break;
	case 1:
		word += (seed >> 2) % 33 - 16;
		break;
	default:
		word ^= 1u << (seed >> 2) % 32;
	}
	memcpy(data + at, &word, sizeof(word));
	return size;
}

static void sign(uint8_t *bytes, size_t size)
{
	struct sb_index_header header;

	memcpy(&header, bytes, sizeof(header));
	memcpy(header.magic, SB_INDEX_MAGIC, sizeof(header.magic));
	header.key = sb_index_key(&refreshed);
	header.size = size;
	memcpy(bytes, &header, sizeof(header));
	header.checksum = sb_index_checksum(bytes, size);
	memcpy(bytes, &header, sizeof(header));
}

/* Nothing has changed since the seed was written: what is believed says what it says. */
static void believed(const uint8_t *bytes)
{
	struct sb_index_header header, seed;
	struct sb_index_record record;

	memcpy(&header, bytes, sizeof(header));
	memcpy(&seed, seed_bytes, sizeof(seed));
	memcpy(&record, bytes + sizeof(header), sizeof(record));
	if (header.root_count != 2 || memcmp(header.root, seed.root, 2 * sizeof(seed.root[0])) != 0)
		abort();
	/* A name that is nowhere is not one that a refresh saw. */
	if (record.root != 0 || !record.stamp.present)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *bytes;
	size_t count;

	if (size > SIZE_MAX_HERE)
		return -1;
	bytes = malloc(size ? size : 1);
	if (!bytes)
		abort();
	memcpy(bytes, data, size);
	sb_index_true(&refreshed, bytes, size, &count);
	if (size >= sizeof(struct sb_index_header)) {
		sign(bytes, size);
		if (sb_index_true(&refreshed, bytes, size, &count))
			believed(bytes);
	}
	free(bytes);
	return 0;
}
