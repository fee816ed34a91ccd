/* SPDX-License-Identifier: MIT */
/*
 * Visiting and cleaning a cache, with the real compiler: only what nobody will
 * use is removed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <linux/seccomp.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <secbake/cache.h>

#include "cache/blob_write.h"
#include "cache/hash.h"
#include "cache/store.h"
#include "tests/lib/cache_world.h"

/* ---- visiting ---- */

struct seen {
	struct secbake_cache_visitor base; /* first */
	char names[512];		   /* "NAME=ok " or "NAME=status " */
	size_t troubles;
	char file[sizeof(((struct secbake_error *)0)->file)]; /* of the last trouble */
};

static void see_entry(struct secbake_cache_visitor *self, const struct secbake_cache_entry *entry)
{
	struct seen *seen = (struct seen *)self;
	size_t used = strlen(seen->names);

	assert_string_equal(entry->root, cache);
	assert_int_equal(strlen(entry->hash), 32);
	assert_true(entry->status || (entry->blob && entry->size == entry->blob->size));
	assert_true(!entry->status || entry->error->text[0]);
	snprintf(seen->names + used, sizeof(seen->names) - used, "%s=%d ", entry->name,
		 (int)entry->status);
}

static void see_trouble(struct secbake_cache_visitor *self, const struct secbake_error *error)
{
	struct seen *seen = (struct seen *)self;

	seen->troubles++;
	memcpy(seen->file, error->file, sizeof(seen->file));
	assert_true(error->text[0]);
}

static struct seen visit(void)
{
	struct seen seen = {.base = {.entry = see_entry, .trouble = see_trouble}};
	struct secbake_places places = {.cache_dir = cache_dirs, .cache_count = 1};

	assert_int_equal(secbake_cache_visit(&places, &seen.base, NULL), SECBAKE_OK);
	return seen;
}

static void test_visit(void **state)
{
	struct file file;
	struct seen seen = visit();

	(void)state;
	assert_int_equal(seen.troubles, 1); /* named, and not there */
	put_text("p/a.json", POLICY("read"));
	put_text("p/b.json", POLICY("read"));
	put_text("p/c.json", POLICY("read"));
	put_text("p/d.json", POLICY("read"));
	expect("a=compiled b=compiled c=compiled d=compiled ", SECBAKE_OK);
	seen = visit();
	assert_string_equal(seen.names, "a=0 b=0 c=0 d=0 ");

	file = read_file(cached("c", "a.sbk"));
	put_bytes(cached("c", "b.sbk"), file.bytes, file.size);
	((uint8_t *)file.bytes)[file.size - 1] ^= 1;
	put_bytes(cached("c", "a.sbk"), file.bytes, file.size);
	assert_int_equal(fchmodat(top_fd, cached("c", "c.sbk"), 0666, 0), 0);
	put_text(cached("c", ".d.sbk.0123456789abcdef.tmp"), "half");
	seen = visit();
	assert_string_equal(seen.names, "a=1 b=1 c=5 d=0 ");
	assert_int_equal(seen.troubles, 0);
	_Static_assert(SECBAKE_ERR_INPUT == 1 && SECBAKE_ERR_UNTRUSTED == 5, "numbers above");

	put_text(cached("c", "features"), "nonsense");
	seen = visit();
	assert_int_equal(seen.troubles, 1);
	assert_non_null(strstr(seen.file, cached("c", "features"))); /* where to mend it */
}

/* A blob that asked about LOG, in the directory of a kernel that answers otherwise. */
static void test_visit_features(void **state)
{
	struct secbake_features old = kernel(4, 9);
	struct seen seen;
	char there[PATH_MAX];
	struct file file;
	struct heard heard;
	struct secbake_refresh_options options = options_for(&heard);

	(void)state;
	put_text("p/a.json", "{\"defaultAction\": \"SCMP_ACT_LOG\"}");
	expect("a=compiled ", SECBAKE_OK);
	file = read_file(cached("c", "a.sbk"));
	options.features = old;
	refresh(&options);
	snprintf(there, sizeof(there), "c/%s/a.sbk", hash_name(&old));
	put_bytes(there, file.bytes, file.size);
	seen = visit();
	assert_non_null(strstr(seen.names, "a=6 "));
	_Static_assert(SECBAKE_ERR_STALE == 6, "number above");
	/* And so it is not reused there, either. */
	options = options_for(&heard);
	options.features = old;
	assert_int_equal(refresh(&options).compiled, 1);
	assert_string_equal(heard.names, "a=compiled ");
}

/* ---- cleaning ---- */

struct swept {
	struct secbake_gc_reporter base; /* first */
	size_t removed, troubles;
	char last[PATH_MAX];
};

static void hear_removed(struct secbake_gc_reporter *self, const char *path, const char *reason,
			 uint64_t size)
{
	struct swept *swept = (struct swept *)self;

	(void)size;
	swept->removed++;
	snprintf(swept->last, sizeof(swept->last), "%s: %s", path, reason);
}

static void hear_trouble(struct secbake_gc_reporter *self, const struct secbake_error *error)
{
	((struct swept *)self)->troubles++;
	assert_true(error->text[0]);
}

static struct swept sweep(bool dry_run, const struct secbake_hash *keep)
{
	struct swept swept = {.base = {.removed = hear_removed, .trouble = hear_trouble}};
	struct secbake_gc_options options = {
		.places = {.cache_dir = cache_dirs,
			   .cache_count = 1,
			   .policy_dir = policy_dirs,
			   .policy_count = 1},
		.keep_only = keep,
		.dry_run = dry_run,
		.reporter = &swept.base,
	};

	enum secbake_status status = secbake_cache_gc(&options, NULL);

	assert_int_equal(status != SECBAKE_OK, swept.troubles > 0);
	return swept;
}

static void test_gc_keeps(void **state)
{
	(void)state;
	put_text("p/web.json", POLICY("read"));
	expect("web=compiled ", SECBAKE_OK);
	put_text("p/web.json", POLICY("write")); /* stale is not garbage: it may come back */
	assert_int_equal(sweep(false, NULL).removed, 0);
	put_text("p/web.json", POLICY("read"));
	expect("web=reused ", SECBAKE_OK);
}

static void test_gc_removes(void **state)
{
	struct swept swept;

	(void)state;
	put_text("p/web.json", POLICY("read"));
	put_text("p/db.json", POLICY("read"));
	put_text("p/old.json", POLICY("read"));
	expect("db=compiled old=compiled web=compiled ", SECBAKE_OK);
	unlinkat(top_fd, "p/old.json", 0);
	put_text(cached("c", "db.sbk"), "damaged");
	put_text(cached("c", ".web.sbk.0123456789abcdef.tmp"), "half");
	put_text(cached("c", "notes.txt"), "not ours");

	assert_int_equal(sweep(true, NULL).removed, 3);
	assert_int_equal(count_names(cached("c", NULL)), 6);
	swept = sweep(false, NULL);
	assert_int_equal(swept.removed, 3);
	assert_int_equal(swept.troubles, 0);
	assert_true(exists(cached("c", "web.sbk")));
	assert_true(exists(cached("c", "features")));
	assert_true(exists(cached("c", "notes.txt")));
	assert_int_equal(count_names(cached("c", NULL)), 3);
	/* The locks of what is gone went, too: left are web's and the feature set's. */
	assert_int_equal(count_names("c/.lock"), 2);
	expect("db=compiled web=reused ", SECBAKE_OK);
}

static void test_gc_empties(void **state)
{
	struct swept swept;

	(void)state;
	put_text("p/web.json", POLICY("read"));
	expect("web=compiled ", SECBAKE_OK);
	unlinkat(top_fd, "p/web.json", 0);
	swept = sweep(false, NULL);
	assert_int_equal(swept.removed, 2);
	assert_non_null(strstr(swept.last, "no blob is left"));
	assert_int_equal(count_names("c"), 1);
	assert_int_equal(count_names("c/.lock"), 0);
	put_text("p/web.json", POLICY("read"));
	expect("web=compiled ", SECBAKE_OK);
}

static void test_gc_features(void **state)
{
	struct heard heard;
	struct secbake_refresh_options options = options_for(&heard);
	struct secbake_features now = kernel(6, 1);
	struct secbake_hash keep;

	(void)state;
	put_text("p/web.json", POLICY("read"));
	expect("web=compiled ", SECBAKE_OK);
	options.features = kernel(4, 9);
	refresh(&options);
	assert_int_equal(sweep(false, NULL).removed, 0);
	secbake_features_hash(&now, &keep);
	assert_int_equal(sweep(false, &keep).removed, 2);
	assert_int_equal(count_names("c"), 2);
	expect("web=reused ", SECBAKE_OK);
}

/* Somebody writes there: nothing of it is touched. */
static void test_gc_in_use(void **state)
{
	struct sb_trust trust = sb_trust_self();
	struct secbake_features features = kernel(6, 1);
	struct sb_store_place place = {.root = {.path = cache, .anchor = SB_ANCHOR_NAMED}};
	struct sb_store store;

	(void)state;
	assert_int_equal(sb_store_open(&store, &trust, &place, &features, NULL), SECBAKE_OK);
	put_text(cached("c", ".web.sbk.0123456789abcdef.tmp"), "half");
	assert_int_equal(sweep(false, NULL).removed, 0);
	sb_store_close(&store);
	assert_int_equal(sweep(false, NULL).removed, 2);
}

/* A writer that takes no lock on the feature set holds its file; nobody takes that away. */
static void test_gc_living_writer(void **state)
{
	static const char living[] = ".web.sbk.0000000000000000.tmp",
			  dead[] = ".web.sbk.0000000000000001.tmp";
	struct swept swept;
	int held;

	(void)state;
	put_text("p/web.json", POLICY("read"));
	expect("web=compiled ", SECBAKE_OK);
	put_text(cached("c", living), "half");
	put_text(cached("c", dead), "half");
	held = openat(top_fd, cached("c", living), O_RDONLY | O_CLOEXEC);
	assert_true(held >= 0);
	assert_int_equal(flock(held, LOCK_EX), 0);
	assert_int_equal(sweep(true, NULL).removed, 1);
	swept = sweep(false, NULL);
	assert_int_equal(swept.removed, 1);
	assert_int_equal(swept.troubles, 0);
	assert_true(exists(cached("c", living)));
	/* Nor does a refresh that writes. */
	put_text(cached("c", dead), "half");
	put_text("p/web.json", POLICY("write"));
	expect("web=compiled ", SECBAKE_OK);
	assert_false(exists(cached("c", dead)));
	assert_true(exists(cached("c", living)));
	/* All the rest may go, the folder not. */
	unlinkat(top_fd, "p/web.json", 0);
	swept = sweep(false, NULL);
	assert_int_equal(swept.removed, 1);
	assert_int_equal(swept.troubles, 0);
	assert_true(exists(cached("c", living)));
	close(held);
	assert_int_equal(sweep(false, NULL).removed, 2);
}

#define PUTS 300

/* What `secbake compile -d` does, with bytes that are no blob's: as soon as gc sees them they go.
 */
static int child_puts(void)
{
	struct secbake_features features = kernel(6, 1);

	for (int i = 0; i < PUTS; i++) {
		struct secbake_error error = {0};

		if (secbake_tree_put(cache, &features, "web", "no blob", 7, &error)) {
			fprintf(stderr, "%s: %s\n", error.text, strerror(error.sys_errno));
			return 1;
		}
	}
	return 0;
}

/* It writes, gc cleans up after it: neither fails. */
static void test_gc_meanwhile(void **state)
{
	int status, over = 0;
	pid_t pid;

	(void)state;
	put_text("p/other.json", POLICY("read"));
	expect("other=compiled ", SECBAKE_OK);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		_exit(child_puts());
	while (!over) {
		struct swept swept;

		over = waitpid(pid, &status, WNOHANG);
		unlinkat(top_fd, cached("c", "other.sbk"), 0);
		swept = sweep(false, NULL);
		assert_int_equal(swept.troubles, 0);
	}
	assert_int_equal(status, 0);
	assert_int_equal(count_names("c"), 1); /* the locks */
}

/* No folder of policies at all is more likely a mistake than the end of all policies. */
static void test_gc_without_policies(void **state)
{
	struct swept swept;

	(void)state;
	put_text("p/web.json", POLICY("read"));
	expect("web=compiled ", SECBAKE_OK);
	assert_int_equal(renameat(top_fd, "p", top_fd, "unmounted"), 0);
	swept = sweep(false, NULL);
	assert_int_equal(swept.removed, 0);
	assert_int_equal(swept.troubles, 1);
	assert_true(exists(cached("c", "web.sbk")));
}

/* An image's blob has no sources, and needs none. */
static void test_gc_sealed(void **state)
{
	static const struct sock_filter allow[] = {{BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW}};
	struct sb_blob_layer_in layer = {.insn = allow, .insn_count = 1};
	struct sb_blob_variant_in variant = {
		.kernel_to = SECBAKE_KERNEL_ANY, .layer = &layer, .layer_count = 1};
	struct sb_blob_in in = {.name = "image",
				.arch = secbake_arch_find("x86_64"),
				.flags = SECBAKE_BLOB_SEALED,
				.variant = &variant,
				.variant_count = 1};
	uint8_t *bytes;
	size_t size;

	(void)state;
	put_text("p/web.json", POLICY("read"));
	expect("web=compiled ", SECBAKE_OK);
	assert_int_equal(sb_blob_write(&in, &bytes, &size, NULL), SECBAKE_OK);
	put_bytes(cached("c", "image.sbk"), bytes, size);
	assert_int_equal(sweep(false, NULL).removed, 0);
	in.flags = 0;
	free(bytes);
	assert_int_equal(sb_blob_write(&in, &bytes, &size, NULL), SECBAKE_OK);
	put_bytes(cached("c", "image.sbk"), bytes, size);
	free(bytes);
	assert_int_equal(sweep(false, NULL).removed, 1);
	assert_false(exists(cached("c", "image.sbk")));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_visit),	 TEST(test_visit_features),
		TEST(test_gc_keeps),	 TEST(test_gc_removes),
		TEST(test_gc_empties),	 TEST(test_gc_features),
		TEST(test_gc_in_use),	 TEST(test_gc_without_policies),
		TEST(test_gc_sealed),	 TEST(test_gc_living_writer),
		TEST(test_gc_meanwhile),
	};

	umask(022);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
