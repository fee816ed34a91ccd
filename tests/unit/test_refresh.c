/* SPDX-License-Identifier: MIT */
/*
 * Refreshing, visiting and cleaning a cache, with the real compiler: what is
 * good is reused, what is not is compiled, what fails changes nothing, and only
 * what nobody will use is removed.
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

#define POLICY(call)                                                                         \
	"{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"architectures\": [\"SCMP_ARCH_X86_64\"]," \
	" \"syscalls\": [{\"names\": [\"" call "\"], \"action\": \"SCMP_ACT_ALLOW\"}]}"
#define BROKEN_POLICY "this is no JSON"
#define PROCESSES 20

/* ---- a directory for each test: policies in "p", a cache in "c" ---- */

static char top[256];
static int top_fd = -1;
static char policies[300], cache[300];
static const char *const policy_dirs[] = {policies};
static const char *const cache_dirs[] = {cache};

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)ftw;
	return type == FTW_DP || type == FTW_DNR ? rmdir(path) : unlink(path);
}

static int set_up(void **state)
{
	const char *base = getenv("TMPDIR");

	(void)state;
	snprintf(top, sizeof(top), "%s/secbake-refresh-XXXXXX", base && *base ? base : "/tmp");
	if (!mkdtemp(top))
		return -1;
	top_fd = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	snprintf(policies, sizeof(policies), "%s/p", top);
	snprintf(cache, sizeof(cache), "%s/c", top);
	return top_fd < 0 || mkdirat(top_fd, "p", 0755) ? -1 : 0;
}

static int tear_down(void **state)
{
	(void)state;
	close(top_fd);
	return nftw(top, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void put_bytes(const char *name, const void *bytes, size_t size)
{
	int fd = openat(top_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0)
		fail_msg("%s: %s", name, strerror(errno));
	assert_int_equal(write(fd, bytes, size), (ssize_t)size);
	assert_int_equal(fchmod(fd, 0644), 0);
	close(fd);
}

static void put_text(const char *name, const char *text)
{
	put_bytes(name, text, strlen(text));
}

struct file {
	uint64_t bytes[16384]; /* aligned as a blob must be */
	size_t size;
	ino_t inode;
};

static struct file read_file(const char *name)
{
	struct file file = {0};
	int fd = openat(top_fd, name, O_RDONLY | O_CLOEXEC);
	ssize_t got;
	struct stat st;

	if (fd < 0)
		fail_msg("%s: %s", name, strerror(errno));
	assert_int_equal(fstat(fd, &st), 0);
	got = read(fd, file.bytes, sizeof(file.bytes));
	assert_true(got >= 0 && (size_t)got < sizeof(file.bytes));
	file.size = (size_t)got;
	file.inode = st.st_ino;
	close(fd);
	return file;
}

static void assert_same_file(const struct file *a, const struct file *b)
{
	assert_int_equal(a->inode, b->inode);
	assert_int_equal(a->size, b->size);
	assert_memory_equal(a->bytes, b->bytes, a->size);
}

static bool exists(const char *name)
{
	return !faccessat(top_fd, name, F_OK, AT_SYMLINK_NOFOLLOW);
}

static int count_names(const char *name)
{
	int fd = openat(top_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC), count = 0;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	assert_non_null(dir);
	while ((entry = readdir(dir)))
		count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
	closedir(dir);
	return count;
}

static struct secbake_features kernel(unsigned int major, unsigned int minor)
{
	struct secbake_features features;

	assert_int_equal(secbake_features_of_kernel(secbake_arch_find("x86_64"),
						    SECBAKE_KERNEL(major, minor), &features, NULL),
			 SECBAKE_OK);
	return features;
}

static const char *hash_name(const struct secbake_features *features)
{
	static char text[SECBAKE_HASH_TEXT];
	struct secbake_hash hash;

	secbake_features_hash(features, &hash);
	secbake_hash_format(&hash, text);
	return text;
}

/* "ROOT/HASH/FILE" for kernel 6.1; with file NULL the directory. */
static const char *cached(const char *root, const char *file)
{
	static char names[4][PATH_MAX];
	static unsigned int next;
	char *name = names[next++ % 4];
	struct secbake_features features = kernel(6, 1);

	snprintf(name, PATH_MAX, "%s/%s%s%s", root, hash_name(&features), file ? "/" : "",
		 file ? file : "");
	return name;
}

/* ---- refreshing, and what is heard of it ---- */

struct heard {
	struct secbake_refresh_reporter base; /* first */
	size_t events, warnings, errors, last_total;
	char names[1024]; /* "NAME=outcome " each, in order */
	char root[PATH_MAX];
	struct secbake_error failure, warning; /* the last */
};

static void hear_policy(struct secbake_refresh_reporter *self,
			const struct secbake_refresh_event *event)
{
	struct heard *heard = (struct heard *)self;
	size_t used = strlen(heard->names);

	heard->events++;
	heard->last_total = event->total;
	assert_int_equal(event->done, heard->events);
	assert_int_equal(event->outcome == SECBAKE_FAILED, event->error != NULL);
	assert_int_equal(event->outcome == SECBAKE_FAILED, event->root == NULL);
	snprintf(heard->names + used, sizeof(heard->names) - used, "%s=%s ", event->name,
		 event->outcome == SECBAKE_REUSED     ? "reused"
		 : event->outcome == SECBAKE_COMPILED ? "compiled"
						      : "failed");
	if (event->error)
		heard->failure = *event->error;
	if (event->root)
		snprintf(heard->root, sizeof(heard->root), "%s", event->root);
}

static void hear_message(struct secbake_refresh_reporter *self, enum secbake_level level,
			 const char *name, const struct secbake_error *message)
{
	struct heard *heard = (struct heard *)self;

	if (name) /* of a compile */
		return;
	heard->warnings += level == SECBAKE_WARNING;
	heard->errors += level == SECBAKE_ERROR;
	heard->warning = *message;
}

static struct secbake_refresh_options options_for(struct heard *heard)
{
	*heard = (struct heard){.base = {.policy = hear_policy, .message = hear_message}};
	return (struct secbake_refresh_options){
		.features = kernel(6, 1),
		.places = {.cache_dir = cache_dirs,
			   .cache_count = 1,
			   .policy_dir = policy_dirs,
			   .policy_count = 1},
		.reporter = &heard->base,
	};
}

static struct secbake_refresh_summary refresh(const struct secbake_refresh_options *options)
{
	struct secbake_refresh_summary summary = {0};
	struct secbake_error error = {0};

	if (secbake_refresh(options, &summary, &error))
		fail_msg("%s", error.text);
	assert_int_equal(summary.policies, summary.reused + summary.compiled + summary.failed);
	return summary;
}

/* Everything there is, in the usual places: outcomes must be these. */
static struct heard expect(const char *names, enum secbake_status worst)
{
	struct heard heard;
	struct secbake_refresh_options options = options_for(&heard);
	struct secbake_refresh_summary summary = refresh(&options);

	if (heard.failure.text[0] && !strstr(names, "failed"))
		fail_msg("%s", heard.failure.text);
	assert_string_equal(heard.names, names);
	assert_int_equal(summary.worst, worst);
	assert_int_equal(summary.policies, heard.events);
	return heard;
}

static void assert_opens(const char *name, const char *policy)
{
	struct file file = read_file(name);
	struct secbake_error error = {0};
	struct secbake_blob blob;

	if (secbake_blob_open((const uint8_t *)file.bytes, file.size, &blob, &error))
		fail_msg("%s: %s", name, error.text);
	assert_string_equal(secbake_blob_header(&blob).name, policy);
}

static void test_compiles_then_reuses(void **state)
{
	struct file first, second;
	struct heard heard;

	(void)state;
	put_text("p/web.json", POLICY("read"));
	put_text("p/db.json", POLICY("write"));
	heard = expect("db=compiled web=compiled ", SECBAKE_OK);
	assert_string_equal(heard.root, cache);
	assert_int_equal(heard.last_total, 2);
	assert_opens(cached("c", "web.sbk"), "web");
	assert_opens(cached("c", "db.sbk"), "db");
	assert_int_equal(count_names(cached("c", NULL)), 3);
	first = read_file(cached("c", "web.sbk"));
	expect("db=reused web=reused ", SECBAKE_OK);
	second = read_file(cached("c", "web.sbk"));
	assert_same_file(&first, &second);
}

static void test_nothing_to_do(void **state)
{
	(void)state;
	expect("", SECBAKE_OK);
	assert_false(exists("c"));
}

/* Content decides: times do not, every byte of a source does. */
static void test_follows_sources(void **state)
{
	const struct timespec times[2] = {{.tv_sec = 1}, {.tv_sec = 1}};

	(void)state;
	put_text("p/web.json", POLICY("read"));
	expect("web=compiled ", SECBAKE_OK);
	assert_int_equal(utimensat(top_fd, "p/web.json", times, 0), 0);
	expect("web=reused ", SECBAKE_OK);
	put_text("p/web.json", POLICY("read") "\n");
	expect("web=compiled ", SECBAKE_OK);
	expect("web=reused ", SECBAKE_OK);
	put_text("p/web.options", "enosys=none\n");
	expect("web=compiled ", SECBAKE_OK);
	expect("web=reused ", SECBAKE_OK);
	put_text("p/web.options", "enosys=runc\n");
	expect("web=compiled ", SECBAKE_OK);
	assert_int_equal(unlinkat(top_fd, "p/web.options", 0), 0);
	expect("web=compiled ", SECBAKE_OK);
	expect("web=reused ", SECBAKE_OK);
}

static void test_follows_overrides(void **state)
{
	char over[300];
	const char *const both[] = {over, policies};
	struct heard heard;
	struct secbake_refresh_options options = options_for(&heard);

	(void)state;
	snprintf(over, sizeof(over), "%s/over", top);
	options.places.policy_dir = both;
	options.places.policy_count = 2;
	assert_int_equal(mkdirat(top_fd, "over", 0755), 0);
	put_text("p/web.json", POLICY("read"));
	put_text("p/db.json", POLICY("read"));
	assert_int_equal(refresh(&options).compiled, 2);
	put_text("over/web.json", POLICY("write"));
	heard.names[0] = '\0';
	heard.events = 0;
	refresh(&options);
	assert_string_equal(heard.names, "db=reused web=compiled ");
	/* Options beside the one that is overridden do not count any more. */
	put_text("p/web.options", "enosys=none\n");
	heard.names[0] = '\0';
	heard.events = 0;
	refresh(&options);
	assert_string_equal(heard.names, "db=reused web=reused ");
}

static void test_replaces_broken_blobs(void **state)
{
	struct file good, damaged;

	(void)state;
	put_text("p/web.json", POLICY("read"));
	put_text("p/db.json", POLICY("read"));
	expect("db=compiled web=compiled ", SECBAKE_OK);
	good = read_file(cached("c", "web.sbk"));

	damaged = good;
	((uint8_t *)damaged.bytes)[good.size / 2] ^= 1;
	put_bytes(cached("c", "web.sbk"), damaged.bytes, good.size);
	expect("db=reused web=compiled ", SECBAKE_OK);
	put_bytes(cached("c", "web.sbk"), good.bytes, good.size - 8);
	expect("db=reused web=compiled ", SECBAKE_OK);
	put_bytes(cached("c", "web.sbk"), "", 0);
	expect("db=reused web=compiled ", SECBAKE_OK);
	/* Another policy's blob under this name is whole, and wrong. */
	damaged = read_file(cached("c", "db.sbk"));
	put_bytes(cached("c", "web.sbk"), damaged.bytes, damaged.size);
	expect("db=reused web=compiled ", SECBAKE_OK);

	damaged = read_file(cached("c", "web.sbk"));
	assert_int_equal(damaged.size, good.size);
	assert_memory_equal(damaged.bytes, good.bytes, good.size);
}

static void set_checksum(struct file *file)
{
	uint8_t *at = (uint8_t *)file->bytes + offsetof(struct secbake_blob_header, checksum);
	struct secbake_hash hash;

	memset(at, 0, sizeof(hash));
	hash = sb_hash_bytes(file->bytes, file->size);
	memcpy(at, &hash, sizeof(hash));
}

static void test_replaces_other_versions(void **state)
{
	struct file file;

	(void)state;
	put_text("p/web.json", POLICY("read"));
	expect("web=compiled ", SECBAKE_OK);
	file = read_file(cached("c", "web.sbk"));
	((char *)file.bytes)[offsetof(struct secbake_blob_header, compiler)] ^= 1;
	set_checksum(&file);
	put_bytes(cached("c", "web.sbk"), file.bytes, file.size);
	assert_opens(cached("c", "web.sbk"), "web");
	expect("web=compiled ", SECBAKE_OK);
}

static void test_failure_changes_nothing(void **state)
{
	struct file before, after;
	struct heard heard;

	(void)state;
	put_text("p/bad.json", POLICY("read"));
	put_text("p/good.json", POLICY("read"));
	expect("bad=compiled good=compiled ", SECBAKE_OK);
	before = read_file(cached("c", "bad.sbk"));
	put_text("p/bad.json", BROKEN_POLICY);
	put_text("p/good.json", POLICY("write"));
	put_text("p/new.json", BROKEN_POLICY);
	heard = expect("bad=failed good=compiled new=failed ", SECBAKE_ERR_INPUT);
	assert_non_null(strstr(heard.failure.file, "/p/new.json"));
	after = read_file(cached("c", "bad.sbk"));
	assert_same_file(&before, &after);
	/* "features" and two blobs: nothing of what failed. */
	assert_int_equal(count_names(cached("c", NULL)), 3);
	expect("bad=failed good=reused new=failed ", SECBAKE_ERR_INPUT);
	put_text("p/bad.json", POLICY("read"));
	unlinkat(top_fd, "p/new.json", 0);
	expect("bad=reused good=reused ", SECBAKE_OK);
}

static void test_bad_options(void **state)
{
	struct heard heard;

	(void)state;
	put_text("p/web.json", POLICY("read"));
	put_text("p/web.options", "nonsense\n");
	heard = expect("web=failed ", SECBAKE_ERR_INPUT);
	assert_non_null(strstr(heard.failure.file, "web.options"));
}

static void test_names(void **state)
{
	static const char *const twice[] = {"web", "db", "web"};
	static const char *const missing[] = {"nothing"};
	static const char *const invalid[] = {"web", "../web"};
	struct secbake_refresh_summary summary;
	struct secbake_error error = {0};
	struct heard heard;
	struct secbake_refresh_options options = options_for(&heard);

	(void)state;
	put_text("p/web.json", POLICY("read"));
	put_text("p/db.json", POLICY("read"));
	put_text("p/other.json", POLICY("read"));

	options.name = missing;
	options.name_count = 1;
	summary = refresh(&options);
	assert_int_equal(summary.worst, SECBAKE_ERR_MISSING);
	assert_string_equal(heard.names, "nothing=failed ");
	assert_false(exists("c")); /* nothing is made for a misspelt name */

	options = options_for(&heard);
	options.name = invalid;
	options.name_count = 2;
	assert_int_equal(secbake_refresh(&options, &summary, &error), SECBAKE_ERR_INPUT);
	assert_int_equal(heard.events, 0);
	assert_false(exists("c"));

	options = options_for(&heard);
	options.name = twice;
	options.name_count = 3;
	refresh(&options);
	assert_string_equal(heard.names, "db=compiled web=compiled ");
	assert_false(exists(cached("c", "other.sbk")));
}

static void test_other_files(void **state)
{
	struct heard heard;

	(void)state;
	put_text("p/web.json", POLICY("read"));
	put_text("p/.hidden.json", BROKEN_POLICY);
	put_text("p/README", "x");
	put_text("p/.json", "x");
	put_text("p/web.json~", BROKEN_POLICY);
	heard = expect("web=compiled ", SECBAKE_OK);
	assert_int_equal(heard.warnings, 0);
	put_text("p/with space.json", BROKEN_POLICY);
	heard = expect("web=reused ", SECBAKE_OK);
	assert_int_equal(heard.warnings, 1);
	assert_non_null(strstr(heard.warning.text, "with space.json"));
}

static void test_odd_files(void **state)
{
	(void)state;
	assert_int_equal(mkfifoat(top_fd, "p/fifo.json", 0600), 0);
	assert_int_equal(mkdirat(top_fd, "p/dir.json", 0755), 0);
	put_text("elsewhere", POLICY("read"));
	assert_int_equal(symlinkat("../elsewhere", top_fd, "p/link.json"), 0);
	expect("dir=failed fifo=failed link=failed ", SECBAKE_ERR_UNTRUSTED);
}

static void test_missing_folder(void **state)
{
	struct heard heard;
	struct secbake_refresh_options options = options_for(&heard);
	static const char *const nowhere[] = {"/nonexistent/policies"};

	(void)state;
	options.places.policy_dir = nowhere;
	assert_int_equal(refresh(&options).worst, SECBAKE_ERR_MISSING);
	assert_int_equal(heard.errors, 1);
	assert_int_equal(heard.events, 0);
}

/* Root compiles only what nobody else could have written; others, what they name. */
static void test_untrusted_policy(void **state)
{
	(void)state;
	put_text("p/web.json", POLICY("read"));
	assert_int_equal(fchmodat(top_fd, "p/web.json", 0666, 0), 0);
	if (geteuid())
		expect("web=compiled ", SECBAKE_OK);
	else
		expect("web=failed ", SECBAKE_ERR_UNTRUSTED);
	assert_int_equal(exists(cached("c", "web.sbk")), geteuid() != 0);
}

static void test_several_roots(void **state)
{
	char file[300], second[300];
	const char *const roots[] = {file, second, cache};
	struct heard heard;
	struct secbake_refresh_options options = options_for(&heard);

	(void)state;
	snprintf(file, sizeof(file), "%s/file", top);
	snprintf(second, sizeof(second), "%s/second", top);
	put_text("file", "not a directory");
	put_text("p/web.json", POLICY("read"));
	expect("web=compiled ", SECBAKE_OK);

	/* Good in the last: nothing is written to the first that could be. */
	options.places.cache_dir = roots;
	options.places.cache_count = 3;
	assert_int_equal(refresh(&options).reused, 1);
	assert_string_equal(heard.root, cache);
	assert_false(exists("second"));

	/* Stale everywhere: the first that can be written gets it. */
	put_text("p/web.json", POLICY("write"));
	options = options_for(&heard);
	options.places.cache_dir = roots;
	options.places.cache_count = 3;
	assert_int_equal(refresh(&options).compiled, 1);
	assert_string_equal(heard.root, second);
	assert_opens(cached("second", "web.sbk"), "web");

	/* None can be written: that is said, of each policy. */
	put_text("p/web.json", POLICY("close"));
	options = options_for(&heard);
	options.places.cache_dir = roots;
	options.places.cache_count = 1;
	assert_int_equal(refresh(&options).failed, 1);
	assert_non_null(strstr(heard.failure.text, "file"));
}

static void test_feature_sets(void **state)
{
	struct heard heard;
	struct secbake_refresh_options options = options_for(&heard);
	char other[PATH_MAX];

	(void)state;
	put_text("p/web.json", POLICY("read"));
	expect("web=compiled ", SECBAKE_OK);
	options.features = kernel(4, 9);
	snprintf(other, sizeof(other), "c/%s/web.sbk", hash_name(&options.features));
	assert_string_not_equal(other, cached("c", "web.sbk"));
	assert_int_equal(refresh(&options).compiled, 1);
	assert_opens(other, "web");
	/* Back on the old kernel there is nothing to do. */
	expect("web=reused ", SECBAKE_OK);
}

static void test_jobs(void **state)
{
	struct heard heard;
	struct secbake_refresh_options options = options_for(&heard);
	char name[32];

	(void)state;
	for (int i = 0; i < 40; i++) {
		snprintf(name, sizeof(name), "p/policy%02d.json", i);
		put_text(name, i == 17 ? BROKEN_POLICY : POLICY("read"));
	}
	options.jobs = 4;
	assert_int_equal(refresh(&options).compiled, 39);
	assert_int_equal(heard.events, 40);
	assert_int_equal(count_names(cached("c", NULL)), 40);
	options = options_for(&heard);
	options.jobs = 1000;
	assert_int_equal(refresh(&options).reused, 39);
	assert_int_equal(heard.events, 40);
}

/* Many at once on an empty cache: the lock lets one compile, the others wait and reuse. */
static void test_one_compile(void **state)
{
	pid_t pid[PROCESSES];
	int compiled = 0;

	(void)state;
	put_text("p/web.json", POLICY("read"));
	for (int i = 0; i < PROCESSES; i++) {
		pid[i] = fork();
		assert_true(pid[i] >= 0);
		if (!pid[i]) {
			struct heard heard;
			struct secbake_refresh_options options = options_for(&heard);
			struct secbake_refresh_summary summary;

			if (secbake_refresh(&options, &summary, NULL) || summary.worst)
				_exit(99);
			_exit((int)summary.compiled);
		}
	}
	for (int i = 0; i < PROCESSES; i++) {
		int status;

		assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
		assert_true(WIFEXITED(status));
		assert_true(WEXITSTATUS(status) <= 1);
		compiled += WEXITSTATUS(status);
	}
	assert_int_equal(compiled, 1);
	assert_int_equal(count_names(cached("c", NULL)), 2);
}

static void test_reserved(void **state)
{
	struct secbake_refresh_summary summary;
	struct heard heard;
	struct secbake_refresh_options options = options_for(&heard);

	(void)state;
	options.places.reserved[1] = 1;
	assert_int_equal(secbake_refresh(&options, &summary, NULL), SECBAKE_ERR_INPUT);
	options = options_for(&heard);
	options.reserved[6] = 1;
	assert_int_equal(secbake_refresh(&options, &summary, NULL), SECBAKE_ERR_INPUT);
}

/* ---- visiting ---- */

struct seen {
	struct secbake_cache_visitor base; /* first */
	char names[512];		   /* "NAME=ok " or "NAME=status " */
	size_t troubles;
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
	((struct seen *)self)->troubles++;
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
	const struct CMUnitTest tests[] = {
		TEST(test_compiles_then_reuses),
		TEST(test_nothing_to_do),
		TEST(test_follows_sources),
		TEST(test_follows_overrides),
		TEST(test_replaces_broken_blobs),
		TEST(test_replaces_other_versions),
		TEST(test_failure_changes_nothing),
		TEST(test_bad_options),
		TEST(test_names),
		TEST(test_other_files),
		TEST(test_odd_files),
		TEST(test_missing_folder),
		TEST(test_untrusted_policy),
		TEST(test_several_roots),
		TEST(test_feature_sets),
		TEST(test_jobs),
		TEST(test_one_compile),
		TEST(test_reserved),
		TEST(test_visit),
		TEST(test_visit_features),
		TEST(test_gc_keeps),
		TEST(test_gc_removes),
		TEST(test_gc_empties),
		TEST(test_gc_features),
		TEST(test_gc_in_use),
		TEST(test_gc_without_policies),
		TEST(test_gc_sealed),
	};

	umask(022);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
