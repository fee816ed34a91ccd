/* SPDX-License-Identifier: MIT */
/*
 * Trust and lookup: what somebody else could have written is refused, whichever
 * component of the path it is; the first policy on the path decides; sources
 * must be what they were.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <linux/seccomp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "cache/blob_write.h"
#include "cache/hash.h"
#include "cache/lookup.h"

#define COUNT(array) ((uint32_t)(sizeof(array) / sizeof((array)[0])))
#define STRANGER 65534

/* ---- a tree: top/a/b/file ---- */

static char top[PATH_MAX];
static uint8_t *made[8];
static uint32_t made_count;
static char kept[3][PATH_MAX + 256];

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)ftw;
	return type == FTW_DP || type == FTW_DNR ? rmdir(path) : unlink(path);
}

static const char *in_top(const char *name)
{
	static char paths[8][PATH_MAX + 256];
	static unsigned int next;
	char *path = paths[next++ % 8];

	snprintf(path, sizeof(paths[0]), "%s/%s", top, name);
	return path;
}

/* For a path that a lookup keeps: number of its place, 0 to 2. */
static const char *keep(unsigned int place, const char *name)
{
	snprintf(kept[place], sizeof(kept[0]), "%s/%s", top, name);
	return kept[place];
}

static void put_file(const char *name, const char *text)
{
	int fd = open(in_top(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static int set_up(void **state)
{
	const char *base = getenv("TMPDIR");
	char path[PATH_MAX];

	(void)state;
	umask(022);
	snprintf(path, sizeof(path), "%s/secbake-trust-XXXXXX", base && *base ? base : "/tmp");
	if (!mkdtemp(path) || !realpath(path, top) || chmod(top, 0755))
		return -1;
	if (mkdir(in_top("a"), 0755) || mkdir(in_top("a/b"), 0755))
		return -1;
	put_file("a/b/file", "content");
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	while (made_count)
		free(made[--made_count]);
	return nftw(top, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static enum secbake_status open_file(const char *path, enum sb_anchor anchor, const char *why)
{
	struct sb_trust trust = sb_trust_self();
	struct secbake_error e = {0};
	uint64_t size = 0;
	int fd = -1;
	enum secbake_status status = sb_trust_file(&trust, path, anchor, 100, &fd, &size, &e);

	assert_int_equal(fd >= 0, status == SECBAKE_OK);
	if (!status) {
		assert_int_equal(size, 7);
		assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
		close(fd);
	} else if (why && !strstr(e.text, why)) {
		fail_msg("\"%s\" does not say \"%s\"", e.text, why);
	}
	return status;
}

/* Some component is wrong: refused from "/" down. */
static void assert_untrusted(const char *why)
{
	assert_int_equal(open_file(in_top("a/b/file"), SB_ANCHOR_SYSTEM, why),
			 SECBAKE_ERR_UNTRUSTED);
}

static void test_good(void **state)
{
	(void)state;
	assert_int_equal(open_file(in_top("a/b/file"), SB_ANCHOR_SYSTEM, NULL), SECBAKE_OK);
	assert_int_equal(open_file(in_top("a/b/file"), SB_ANCHOR_NAMED, NULL), SECBAKE_OK);
	assert_int_equal(open_file(in_top("a/b/none"), SB_ANCHOR_SYSTEM, "not there"),
			 SECBAKE_ERR_MISSING);
	assert_int_equal(open_file(in_top("none/b/file"), SB_ANCHOR_SYSTEM, "not there"),
			 SECBAKE_ERR_MISSING);
	assert_int_equal(chdir(in_top("a/b")), 0);
	assert_int_equal(open_file("file", SB_ANCHOR_NAMED, NULL), SECBAKE_OK);
	assert_int_equal(open_file("./file", SB_ANCHOR_NAMED, NULL), SECBAKE_OK);
	assert_int_equal(open_file("file", SB_ANCHOR_SYSTEM, "plain path"), SECBAKE_ERR_INPUT);
	assert_int_equal(chdir("/"), 0);
}

static void test_writable_by_others(void **state)
{
	static const char *const names[] = {"a/b/file", "a/b", "a"};
	static const mode_t bits[] = {020, 002, 022};

	(void)state;
	for (uint32_t i = 0; i < COUNT(names); i++) {
		mode_t normal = i ? 0755 : 0644;

		for (uint32_t b = 0; b < COUNT(bits); b++) {
			assert_int_equal(chmod(in_top(names[i]), normal | bits[b]), 0);
			assert_untrusted("can be written by group or others");
			/* The sticky bit helps a directory and nothing else. */
			assert_int_equal(chmod(in_top(names[i]), normal | bits[b] | 01000), 0);
			if (i)
				assert_int_equal(
					open_file(in_top("a/b/file"), SB_ANCHOR_SYSTEM, NULL),
					SECBAKE_OK);
			else
				assert_untrusted("can be written by group or others");
		}
		assert_int_equal(chmod(in_top(names[i]), normal), 0);
	}
	assert_int_equal(open_file(in_top("a/b/file"), SB_ANCHOR_SYSTEM, NULL), SECBAKE_OK);
}

static void test_foreign_owner(void **state)
{
	static const char *const names[] = {"a/b/file", "a/b", "a"};

	(void)state;
	if (getuid())
		skip();
	for (uint32_t i = 0; i < COUNT(names); i++) {
		assert_int_equal(chown(in_top(names[i]), STRANGER, 0), 0);
		assert_untrusted("belongs to user 65534");
		assert_int_equal(chown(in_top(names[i]), 0, 0), 0);
	}
}

/* The caller counts beside root, if asked so; a third does not. */
static void test_caller_counts(void **state)
{
	struct sb_trust trust = {.uid = STRANGER};
	struct stat st = {.st_mode = S_IFREG | 0644, .st_uid = STRANGER};

	(void)state;
	assert_int_equal(sb_trust_stat(&trust, &st, "x", NULL), SECBAKE_OK);
	st.st_uid = 0;
	assert_int_equal(sb_trust_stat(&trust, &st, "x", NULL), SECBAKE_OK);
	st.st_uid = STRANGER - 1;
	assert_int_equal(sb_trust_stat(&trust, &st, "x", NULL), SECBAKE_ERR_UNTRUSTED);
	trust.uid = 0;
	st.st_uid = STRANGER;
	assert_int_equal(sb_trust_stat(&trust, &st, "x", NULL), SECBAKE_ERR_UNTRUSTED);
	trust.any_owner = true;
	assert_int_equal(sb_trust_stat(&trust, &st, "x", NULL), SECBAKE_OK);
}

static void test_links(void **state)
{
	(void)state;
	assert_int_equal(symlink("file", in_top("a/b/link")), 0);
	assert_int_equal(symlink("b", in_top("a/c")), 0);
	assert_int_equal(open_file(in_top("a/b/link"), SB_ANCHOR_SYSTEM, "symbolic link"),
			 SECBAKE_ERR_UNTRUSTED);
	assert_int_equal(open_file(in_top("a/b/link"), SB_ANCHOR_NAMED, "symbolic link"),
			 SECBAKE_ERR_UNTRUSTED);
	assert_int_equal(open_file(in_top("a/c/file"), SB_ANCHOR_SYSTEM, "not a directory"),
			 SECBAKE_ERR_UNTRUSTED);
	/* What leads to a directory that the caller named is the caller's own choice. */
	assert_int_equal(open_file(in_top("a/c/file"), SB_ANCHOR_NAMED, NULL), SECBAKE_OK);
}

/* A directory named by the caller: checked itself, and what is below, not above. */
static void test_named_anchor(void **state)
{
	struct sb_trust trust = sb_trust_self();
	int dir, fd;

	(void)state;
	assert_int_equal(chmod(top, 0777), 0);
	assert_int_equal(open_file(in_top("a/b/file"), SB_ANCHOR_NAMED, NULL), SECBAKE_OK);
	assert_untrusted("can be written");
	assert_int_equal(sb_trust_root(&trust, in_top("a"), SB_ANCHOR_NAMED, &dir, NULL),
			 SECBAKE_OK);
	assert_int_equal(sb_trust_file_at(&trust, dir, "b/file", 7, &fd, NULL, NULL), SECBAKE_OK);
	close(fd);
	assert_int_equal(sb_trust_file_at(&trust, dir, "b/file", 6, &fd, NULL, NULL),
			 SECBAKE_ERR_LIMIT);
	assert_int_equal(chmod(in_top("a/b"), 0775), 0);
	assert_int_equal(sb_trust_file_at(&trust, dir, "b/file", 7, &fd, NULL, NULL),
			 SECBAKE_ERR_UNTRUSTED);
	close(dir);
	assert_int_equal(sb_trust_root(&trust, in_top("a/b"), SB_ANCHOR_NAMED, &dir, NULL),
			 SECBAKE_ERR_UNTRUSTED);
}

static void test_not_regular(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int s;

	(void)state;
	assert_int_equal(mkfifo(in_top("fifo"), 0644), 0);
	assert_int_equal(open_file(in_top("fifo"), SB_ANCHOR_SYSTEM, "not a regular file"),
			 SECBAKE_ERR_UNTRUSTED);
	assert_int_equal(open_file(in_top("a"), SB_ANCHOR_SYSTEM, "not a regular file"),
			 SECBAKE_ERR_UNTRUSTED);
	assert_int_equal(open_file("/dev/null", SB_ANCHOR_SYSTEM, NULL), SECBAKE_ERR_UNTRUSTED);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", in_top("socket"));
	s = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(s, (struct sockaddr *)&address, sizeof(address)), 0);
	close(s);
	assert_int_equal(open_file(in_top("socket"), SB_ANCHOR_SYSTEM, "not a regular file"),
			 SECBAKE_ERR_UNTRUSTED);
	/* A file where a directory is expected. */
	assert_int_equal(open_file(in_top("a/b/file/x"), SB_ANCHOR_SYSTEM, "not a directory"),
			 SECBAKE_ERR_UNTRUSTED);
}

static void test_paths(void **state)
{
	static const char *const plain[] = {"a", "a/b", "...", "a..", ".a/b"};
	static const char *const other[] = {"",	 "/",  "/a",	"a/",	"a//b",
					    ".", "..", "a/./b", "a/..", "../a"};
	struct sb_trust trust = sb_trust_self();
	char longest[PATH_MAX + 2];
	int fd;

	(void)state;
	for (uint32_t i = 0; i < COUNT(plain); i++)
		assert_true(sb_path_plain(plain[i]));
	for (uint32_t i = 0; i < COUNT(other); i++)
		assert_false(sb_path_plain(other[i]));
	memset(longest, 'a', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	assert_false(sb_path_plain(longest));
	assert_int_equal(sb_trust_root(&trust, longest, SB_ANCHOR_NAMED, &fd, NULL),
			 SECBAKE_ERR_LIMIT);
	longest[300] = '\0'; /* longer than NAME_MAX */
	assert_int_equal(sb_trust_dir_at(&trust, AT_FDCWD, longest, &fd, NULL), SECBAKE_ERR_LIMIT);
	assert_int_equal(sb_trust_root(&trust, "/tmp/../etc", SB_ANCHOR_SYSTEM, &fd, NULL),
			 SECBAKE_ERR_INPUT);
}

static unsigned int open_descriptors(void)
{
	unsigned int count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

/* ---- lookup ---- */

static struct sb_lookup here(const char **caches, size_t cache_count, const char **policies,
			     size_t policy_count)
{
	struct sb_lookup_options options = {.privileged = getuid() == 0,
					    .cache_dir = caches,
					    .cache_count = cache_count,
					    .policy_dir = policies,
					    .policy_count = policy_count};
	struct sb_lookup lookup;

	assert_int_equal(sb_lookup_init(&lookup, &options, NULL), SECBAKE_OK);
	return lookup;
}

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

/* ---- sources ---- */

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
		T(test_good),		T(test_writable_by_others),
		T(test_foreign_owner),	T(test_caller_counts),
		T(test_links),		T(test_named_anchor),
		T(test_not_regular),	T(test_paths),
		T(test_roots),		T(test_policy_path),
		T(test_policy_trust),	T(test_blob_file),
		T(test_hash_fd),	T(test_sources),
		T(test_sources_buffer), T(test_sealed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
