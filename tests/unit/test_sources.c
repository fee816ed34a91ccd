/* SPDX-License-Identifier: MIT */
/* Sources of a blob: they must be what they were, and nobody's but who counts. */
#include "tests/lib/trust_world.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct sock_filter allow[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
static const struct sb_blob_layer_in layer[] = {{.insn = allow, .insn_count = 1}};
static const struct sb_blob_variant_in variant[] = {
	{.kernel_to = SECBAKE_KERNEL_ANY, .layer = layer, .layer_count = 1}};

static struct secbake_hash hash_of(const char *text)
{
	return sb_hash_bytes(text, strlen(text));
}

/* A blob in memory; freed by tear_down(). */
static struct secbake_blob blob_of(const struct sb_blob_source_in *source, uint32_t count,
				   uint32_t flags)
{
	struct sb_blob_in in = {.name = "web",
				.arch = secbake_arch_native(),
				.flags = flags,
				.variant = variant,
				.variant_count = 1,
				.source = source,
				.source_count = count};
	struct secbake_blob blob;
	uint8_t *bytes;
	size_t size;

	assert_int_equal(sb_blob_write(&in, &bytes, &size, NULL), SECBAKE_OK);
	assert_true(made_count < COUNT(made));
	made[made_count++] = bytes;
	assert_int_equal(secbake_blob_open(bytes, size, &blob, NULL), SECBAKE_OK);
	return blob;
}

static void sources(const struct sb_lookup *lookup, const struct secbake_blob *blob, bool lenient,
		    const char *stale)
{
	struct secbake_error e = {0};
	unsigned int before = open_descriptors();
	enum secbake_status status = sb_lookup_sources(lookup, blob, lenient, &e);

	assert_int_equal(open_descriptors(), before);
	if (!stale) {
		if (status)
			fail_msg("stale: %s", e.text);
		return;
	}
	assert_int_equal(status, SECBAKE_ERR_STALE);
	if (!strstr(e.text, stale))
		fail_msg("\"%s\" does not say \"%s\"", e.text, stale);
}

static void test_sources(void **state)
{
	const char *dirs[2] = {keep(0, "p1"), keep(1, "p2")};
	struct sb_lookup lookup = here(NULL, 0, dirs, 2);
	const struct sb_blob_source_in list[] = {
		{.kind = SECBAKE_SOURCE_POLICY,
		 .present = true,
		 .name = "web",
		 .content = hash_of("W")},
		{.kind = SECBAKE_SOURCE_OPTIONS, .name = "web"},
		{.kind = SECBAKE_SOURCE_POLICY,
		 .present = true,
		 .name = "base",
		 .content = hash_of("B")},
		{.kind = SECBAKE_SOURCE_OPTIONS,
		 .present = true,
		 .parent = 2,
		 .name = "base",
		 .content = hash_of("O")},
		{.kind = SECBAKE_SOURCE_FILE,
		 .present = true,
		 .parent = 2,
		 .name = "sub/x.json",
		 .content = hash_of("X")},
		{.kind = SECBAKE_SOURCE_FILE,
		 .present = true,
		 .parent = 4,
		 .name = "y.json",
		 .content = hash_of("Y")},
		{.kind = SECBAKE_SOURCE_FILE, .parent = 5, .name = "deep/z.json"},
	};
	struct secbake_blob blob = blob_of(list, COUNT(list), 0);

	(void)state;
	assert_int_equal(mkdir(in_top("p1"), 0755), 0);
	assert_int_equal(mkdir(in_top("p2"), 0755), 0);
	assert_int_equal(mkdir(in_top("p2/sub"), 0755), 0);
	sources(&lookup, &blob, false, "web.json is no longer there");
	put_file("p2/web.json", "W");
	put_file("p2/base.json", "B");
	put_file("p2/base.options", "O");
	put_file("p2/sub/x.json", "X");
	sources(&lookup, &blob, false, "y.json is no longer there");
	put_file("p2/sub/y.json", "Y"); /* beside x.json, not beside base.json */
	sources(&lookup, &blob, false, NULL);
	/* The same content with another time is the same. */
	put_file("p2/web.json", "W");
	sources(&lookup, &blob, false, NULL);

	put_file("p2/sub/y.json", "Z");
	sources(&lookup, &blob, false, "y.json has other content");
	put_file("p2/sub/y.json", "Y");
	assert_int_equal(mkdir(in_top("p2/sub/deep"), 0755), 0);
	sources(&lookup, &blob, false, NULL);
	put_file("p2/sub/deep/z.json", "");
	sources(&lookup, &blob, false, "z.json is new");
	assert_int_equal(unlink(in_top("p2/sub/deep/z.json")), 0);

	put_file("p2/base.options", "P");
	sources(&lookup, &blob, false, "base.options has other content");
	put_file("p2/base.options", "O");
	put_file("p2/web.options", "");
	sources(&lookup, &blob, false, "web.options is new");
	assert_int_equal(unlink(in_top("p2/web.options")), 0);
	/* A link that leads nowhere is there all the same. */
	assert_int_equal(symlink("nowhere", in_top("p2/web.options")), 0);
	assert_int_equal(sb_lookup_sources(&lookup, &blob, false, NULL), SECBAKE_ERR_UNTRUSTED);
	assert_int_equal(unlink(in_top("p2/web.options")), 0);

	/* A base that ranks higher; its options are then looked for beside it. */
	put_file("p1/base.json", "B2");
	sources(&lookup, &blob, false, "base.json has other content");
	put_file("p1/base.json", "B");
	sources(&lookup, &blob, false, "base.options is no longer there");
	assert_int_equal(unlink(in_top("p1/base.json")), 0);
	sources(&lookup, &blob, false, NULL);

	/* Cannot be told: neither fresh nor stale. */
	assert_int_equal(symlink("../p2/web.json", in_top("p1/web.json")), 0);
	assert_int_equal(sb_lookup_sources(&lookup, &blob, false, NULL), SECBAKE_ERR_UNTRUSTED);
}

/* Into memory of the caller's, of any size and place, and no byte beside it. */
static void test_sources_buffer(void **state)
{
	enum { LONG = 20000, EDGE = 64 };
	static char text[LONG + 1];
	static uint8_t room[EDGE + 16384 + EDGE];
	static const size_t sizes[] = {1, 7, 4096, 4097, 16384};
	const char *dirs[1] = {keep(0, "p")};
	struct sb_lookup lookup = here(NULL, 0, dirs, 1);

	(void)state;
	for (size_t i = 0; i < LONG; i++)
		text[i] = (char)('a' + i % 23);
	assert_int_equal(mkdir(in_top("p"), 0755), 0);
	put_file("p/web.json", text);
	put_file("p/base.json", text);
	for (size_t i = 0; i < COUNT(sizes); i++) {
		const struct sb_blob_source_in list[] = {
			{.kind = SECBAKE_SOURCE_POLICY,
			 .present = true,
			 .name = "web",
			 .content = hash_of(text)},
			{.kind = SECBAKE_SOURCE_POLICY,
			 .present = true,
			 .name = "base",
			 .content = hash_of(text)},
		};
		struct secbake_blob blob = blob_of(list, COUNT(list), 0);

		memset(room, 0x5a, sizeof(room));
		lookup.buffer = room + EDGE + i;
		lookup.buffer_size = sizes[i] - (sizes[i] > 16000 ? i : 0);
		sources(&lookup, &blob, false, NULL);
		for (size_t b = 0; b < EDGE + i; b++)
			assert_int_equal(room[b], 0x5a);
		for (size_t b = EDGE + i + lookup.buffer_size; b < sizeof(room); b++)
			assert_int_equal(room[b], 0x5a);
		text[LONG - 1] ^= 1;
		put_file("p/base.json", text);
		text[LONG - 1] ^= 1;
		sources(&lookup, &blob, false, "base.json has other content");
		put_file("p/base.json", text);
	}
}

static void test_sealed(void **state)
{
	const char *dirs[1] = {keep(0, "a")};
	struct sb_lookup lookup = here(NULL, 0, dirs, 1);
	const struct sb_blob_source_in list[] = {
		{.kind = SECBAKE_SOURCE_POLICY,
		 .present = true,
		 .name = "web",
		 .content = hash_of("W")},
		{.kind = SECBAKE_SOURCE_OPTIONS, .name = "web"},
		{.kind = SECBAKE_SOURCE_POLICY,
		 .present = true,
		 .name = "base",
		 .content = hash_of("B")},
		{.kind = SECBAKE_SOURCE_FILE,
		 .present = true,
		 .parent = 2,
		 .name = "x",
		 .content = hash_of("X")},
	};
	struct secbake_blob sealed = blob_of(list, COUNT(list), SECBAKE_BLOB_SEALED);
	struct secbake_blob silent = blob_of(NULL, 0, SECBAKE_BLOB_SEALED);
	struct secbake_blob plain = blob_of(list, COUNT(list), 0);
	struct secbake_blob no_source = blob_of(NULL, 0, 0);
	struct secbake_blob other = blob_of(list + 2, 1, 0);

	(void)state;
	/* Nothing is there. */
	sources(&lookup, &sealed, false, NULL);
	sources(&lookup, &silent, false, NULL);
	sources(&lookup, &plain, true, NULL);
	sources(&lookup, &plain, false, "web.json is no longer there");
	sources(&lookup, &no_source, false, "records no source");
	sources(&lookup, &no_source, true, NULL);
	put_file("a/base.json", "B");
	put_file("a/x", "X");
	sources(&lookup, &other, false, "records no source web.json");
	/* The policy itself is there: the one it was made of, and then another. */
	put_file("a/web.json", "W");
	sources(&lookup, &sealed, false, NULL);
	sources(&lookup, &plain, true, NULL);
	sources(&lookup, &silent, false, "does not say what it was made of");
	put_file("a/web.json", "V");
	sources(&lookup, &sealed, false, "web.json has other content");
	sources(&lookup, &plain, true, "web.json has other content");
	put_file("a/web.json", "W");
	put_file("a/web.options", "");
	sources(&lookup, &sealed, false, "web.options is new");
	assert_int_equal(unlink(in_top("a/web.options")), 0);
	put_file("a/base.json", "C");
	sources(&lookup, &sealed, false, "base.json has other content");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(test_sources),
		T(test_sources_buffer),
		T(test_sealed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
