/* SPDX-License-Identifier: MIT */
/* Lookup: the roots, and the first policy on the path, which decides; and what it is trusted by. */
#include "tests/lib/trust_world.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void test_roots(void **state)
{
	static const char *const dirs[17] = {"x", "x", "x", "x", "x", "x", "x", "x", "x",
					     "x", "x", "x", "x", "x", "x", "x", "x"};
	char user_cache[SB_PATH_MAX];
	struct sb_lookup_options options = {.home = "/home/u", .user_cache = user_cache};
	struct sb_lookup lookup;

	(void)state;
	assert_int_equal(sb_lookup_init(&lookup, &options, NULL), SECBAKE_OK);
	assert_int_equal(lookup.cache.count, 4);
	assert_string_equal(lookup.cache.root[3].path, "/home/u/.cache/secbake");
	assert_int_equal(lookup.cache.root[3].anchor, SB_ANCHOR_NAMED);
	assert_string_equal(lookup.policies.root[0].path, "/etc/secbake/policies");
	assert_true(lookup.policy_trust.any_owner);
	assert_false(lookup.trust.any_owner);

	options.xdg_cache_home = "/x";
	assert_int_equal(sb_lookup_init(&lookup, &options, NULL), SECBAKE_OK);
	assert_string_equal(lookup.cache.root[3].path, "/x/secbake");
	options.xdg_cache_home = "relative";
	assert_int_equal(sb_lookup_init(&lookup, &options, NULL), SECBAKE_OK);
	assert_string_equal(lookup.cache.root[3].path, "/home/u/.cache/secbake");

	options.user_cache = NULL;
	assert_int_equal(sb_lookup_init(&lookup, &options, NULL), SECBAKE_OK);
	assert_int_equal(lookup.cache.count, 3);

	options.user_cache = user_cache;
	options.privileged = true;
	assert_int_equal(sb_lookup_init(&lookup, &options, NULL), SECBAKE_OK);
	assert_int_equal(lookup.cache.count, 3);
	assert_string_equal(lookup.cache.root[0].path, "/run/secbake/cache");
	assert_false(lookup.policy_trust.any_owner);

	/* Under AT_SECURE nothing of the caller's counts, not even the caller. */
	options = (struct sb_lookup_options){.secure = true,
					     .home = "/home/u",
					     .user_cache = user_cache,
					     .cache_dir = dirs,
					     .cache_count = 1,
					     .policy_dir = dirs,
					     .policy_count = 1};
	assert_int_equal(sb_lookup_init(&lookup, &options, NULL), SECBAKE_OK);
	assert_int_equal(lookup.cache.count, 3);
	assert_int_equal(lookup.trust.uid, 0);
	assert_false(lookup.policy_trust.any_owner);
	assert_string_equal(lookup.policies.root[0].path, "/etc/secbake/policies");

	options = (struct sb_lookup_options){.cache_dir = dirs, .cache_count = 17};
	assert_int_equal(sb_lookup_init(&lookup, &options, NULL), SECBAKE_ERR_LIMIT);
}

static void test_policy_path(void **state)
{
	const char *dirs[3] = {keep(0, "none"), keep(1, "p1"), keep(2, "p2")};
	struct sb_lookup lookup = here(NULL, 0, dirs, 3);
	struct sb_policy found;

	(void)state;
	assert_int_equal(mkdir(dirs[1], 0755), 0);
	assert_int_equal(mkdir(dirs[2], 0755), 0);
	assert_int_equal(sb_lookup_policy(&lookup, "web", &found, NULL), SECBAKE_ERR_MISSING);
	put_file("p2/web.json", "{}");
	assert_int_equal(sb_lookup_policy(&lookup, "web", &found, NULL), SECBAKE_OK);
	assert_int_equal(found.root, 2);
	assert_int_equal(found.size, 2);
	assert_true(fcntl(found.dir, F_GETFD) >= 0);
	close(found.fd);
	close(found.dir);
	put_file("p1/web.json", "{} ");
	assert_int_equal(sb_lookup_policy(&lookup, "web", &found, NULL), SECBAKE_OK);
	assert_int_equal(found.root, 1);
	close(found.fd);
	close(found.dir);
	assert_int_equal(sb_lookup_policy(&lookup, "../p1/web", &found, NULL), SECBAKE_ERR_INPUT);
	/* One that may not be trusted does not make way for the next. */
	assert_int_equal(unlink(in_top("p1/web.json")), 0);
	assert_int_equal(symlink("../p2/web.json", in_top("p1/web.json")), 0);
	assert_int_equal(sb_lookup_policy(&lookup, "web", &found, NULL), SECBAKE_ERR_UNTRUSTED);
}

/* Root reads policies under the trust rule; others may read what they name. */
static void test_policy_trust(void **state)
{
	const char *dirs[1] = {keep(0, "a")};
	struct sb_lookup lookup = here(NULL, 0, dirs, 1);
	struct sb_policy found;

	(void)state;
	put_file("a/web.json", "{}");
	assert_int_equal(chmod(in_top("a/web.json"), 0664), 0);
	lookup.policy_trust.any_owner = false;
	assert_int_equal(sb_lookup_policy(&lookup, "web", &found, NULL), SECBAKE_ERR_UNTRUSTED);
	lookup.policy_trust.any_owner = true;
	assert_int_equal(sb_lookup_policy(&lookup, "web", &found, NULL), SECBAKE_OK);
	close(found.fd);
	close(found.dir);
}

static void test_blob_file(void **state)
{
	const char *dirs[1] = {keep(0, "a")};
	struct sb_lookup lookup = here(dirs, 1, NULL, 0);
	struct secbake_hash hash = {{0xab, 0xcd}};
	unsigned int before = open_descriptors();
	struct secbake_error e = {0};
	uint64_t size;
	int fd;

	(void)state;
	assert_int_equal(sb_lookup_blob(&lookup, 0, &hash, "web", &fd, &size, NULL),
			 SECBAKE_ERR_MISSING);
	assert_int_equal(mkdir(in_top("a/abcd0000000000000000000000000000"), 0755), 0);
	put_file("a/abcd0000000000000000000000000000/web.sbk", "1234");
	assert_int_equal(sb_lookup_blob(&lookup, 0, &hash, "web", &fd, &size, NULL), SECBAKE_OK);
	assert_int_equal(size, 4);
	close(fd);
	assert_int_equal(chmod(in_top("a/abcd0000000000000000000000000000"), 0777), 0);
	assert_int_equal(sb_lookup_blob(&lookup, 0, &hash, "web", &fd, &size, &e),
			 SECBAKE_ERR_UNTRUSTED);
	assert_int_equal(sb_lookup_blob(&lookup, 0, &hash, "../x", &fd, &size, NULL),
			 SECBAKE_ERR_INPUT);
	assert_int_equal(open_descriptors(), before);
}

static void test_hash_fd(void **state)
{
	char *text = malloc(100001);
	struct secbake_hash got, expected;
	int fd;

	(void)state;
	assert_non_null(text);
	memset(text, 'x', 100000);
	text[100000] = '\0';
	put_file("big", text);
	fd = open(in_top("big"), O_RDONLY);
	assert_int_equal(sb_hash_fd(fd, 100000, &got, NULL), SECBAKE_OK);
	expected = sb_hash_bytes(text, 100000);
	assert_memory_equal(&got, &expected, sizeof(got));
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(sb_hash_fd(fd, 99999, &got, NULL), SECBAKE_ERR_LIMIT);
	close(fd);
	fd = open(top, O_RDONLY);
	assert_int_equal(sb_hash_fd(fd, 10, &got, NULL), SECBAKE_ERR_SYSTEM);
	close(fd);
	free(text);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(test_roots),	   T(test_policy_path), T(test_policy_trust),
		T(test_blob_file), T(test_hash_fd),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
