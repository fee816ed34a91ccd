/* SPDX-License-Identifier: MIT */
/*
 * Loaders start while other processes cut, rewrite and exchange the blob, its folder and
 * its sources under them. Two policies and their blobs are right, A and B, each only with
 * the other; a third is never what any policy was made into, and a fourth would be right and
 * allows all, but is never where it may be trusted. Whatever a loader sees of this, its
 * command is under A's filter or B's, by its own words, or does not run.
 */
#include "tests/lib/exec_world.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cache/hash.h"

#ifdef SANITIZED
#define STARTS 200
#else
#define STARTS 1500
#endif
#define ERRNO_A 11
#define ERRNO_B 22
#define POLICY_B "{\"another\": \"policy, and a longer one\"}"
#define POLICY_NEVER "{\"never\": \"there\"}"

/* ---- the command: it says what it is under ---- */

static int look(void)
{
	long r = syscall(SYS_getppid);

	printf("under %u filters, getppid %d, no_new_privs %d\n", filters_here(), r < 0 ? errno : 0,
	       prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
	fflush(stdout);
	_exit(0); /* a sanitizer that looks for leaks at exit needs getppid */
}

static char self[512]; /* this executable */

/* ---- what is put in place of what ---- */

struct bytes {
	uint8_t at[65536];
	size_t size;
};

static struct bytes good_a, good_b, never, evil;
static char blob_path[400], set_path[400], policy_path[400];

static const struct sock_filter deny_a[] = {LOAD(0), IS(SYS_getppid, SECCOMP_RET_ERRNO | ERRNO_A),
					    RET(SECCOMP_RET_ALLOW)};
static const struct sock_filter allow[] = {RET(SECCOMP_RET_ALLOW)};
static struct sock_filter deny_b[3000]; /* too large for the loader's stack: it is mapped */

static void take(struct bytes *bytes, const struct sock_filter *insn, uint32_t count,
		 const char *policy)
{
	struct blob b = simple();
	ssize_t got;
	int fd;

	b.layer[0] = (struct sb_blob_layer_in){.insn = insn, .insn_count = count};
	b.policy = policy;
	put_blob("made.sbk", &b);
	fd = open(in_top("made.sbk"), O_RDONLY | O_CLOEXEC);
	got = read(fd, bytes->at, sizeof(bytes->at));
	assert_in_range(got, 1, sizeof(bytes->at) - 1);
	bytes->size = (size_t)got;
	close(fd);
}

static void make_all(void)
{
	for (uint32_t i = 0; i < COUNT(deny_b); i++)
		deny_b[i] = (struct sock_filter)LOAD(0);
	deny_b[1] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1);
	deny_b[2] = (struct sock_filter)RET(SECCOMP_RET_ERRNO | ERRNO_B);
	deny_b[COUNT(deny_b) - 1] = (struct sock_filter)RET(SECCOMP_RET_ALLOW);
	take(&good_a, deny_a, COUNT(deny_a), POLICY);
	take(&good_b, deny_b, COUNT(deny_b), POLICY_B);
	take(&never, allow, COUNT(allow), POLICY_NEVER);
	take(&evil, allow, COUNT(allow), POLICY);
	snprintf(blob_path, sizeof(blob_path), "%s", in_top(entry("c1", "test")));
	snprintf(set_path, sizeof(set_path), "%s", blob_path);
	*strrchr(set_path, '/') = '\0';
	snprintf(policy_path, sizeof(policy_path), "%s", in_top("p/test.json"));
	/* A folder of the evil one, which only a link leads to. */
	assert_int_equal(mkdir(in_top("evil"), 0755), 0);
	put_bytes("evil/test.sbk", evil.at, evil.size, 0644);
}

/* Writers: what fails, fails, since the other one may have taken the file away. */
static void write_new(const char *path, const char *temporary, const void *bytes, size_t size,
		      mode_t mode)
{
	int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (write(fd, bytes, size) == (ssize_t)size && !fchmod(fd, mode))
		rename(temporary, path);
	close(fd);
}

/* Never the evil bytes: what is written to may be a file that is trusted. */
static void write_over(const char *path, const void *bytes, size_t size, bool cut)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | (cut ? O_TRUNC : 0));
	size_t half = size / 2;

	if (fd < 0)
		return;
	if (write(fd, bytes, half) == (ssize_t)half)
		(void)!write(fd, (const char *)bytes + half, size - half);
	if (!cut)
		(void)!ftruncate(fd, (off_t)size);
	close(fd);
}

static void link_new(const char *path, const char *temporary, const char *to)
{
	unlink(temporary);
	if (!symlink(to, temporary))
		rename(temporary, path);
}

static void swap_folder(void)
{
	char away[400];

	snprintf(away, sizeof(away), "%s", in_top("c1/away"));
	if (rename(set_path, away))
		return;
	if (!symlink("../evil", set_path))
		unlink(set_path);
	rename(away, set_path);
}

/* Now and then long enough for a loader to get through. */
static void pause_a_little(void)
{
	const struct timespec pause = {.tv_nsec = random() % 1000000};

	nanosleep(&pause, NULL);
}

static void write_blobs(void)
{
	const char *temporary = in_top("c1/new");

	for (;;) {
		const struct bytes *good = random() % 2 ? &good_a : &good_b;

		pause_a_little();
		switch (random() % 16) {
		case 2:
			write_new(blob_path, temporary, never.at, never.size, 0644);
			break;
		case 3: /* anybody could have written it */
			write_new(blob_path, temporary, evil.at, evil.size, 0666);
			break;
		case 4:
			(void)!truncate(blob_path, random() % 1000);
			break;
		case 5:
			write_over(blob_path, good->at, good->size, random() % 2);
			break;
		case 6:
			write_over(blob_path, never.at, never.size, random() % 2);
			break;
		case 7:
			unlink(blob_path);
			break;
		case 8:
			link_new(blob_path, temporary, in_top("evil/test.sbk"));
			break;
		case 9:
			swap_folder();
			break;
		default:
			write_new(blob_path, temporary, good->at, good->size, 0644);
		}
	}
}

static void write_policies(void)
{
	const char *temporary = in_top("p/new");

	for (;;) {
		const char *text = random() % 2 ? POLICY : POLICY_B;

		pause_a_little();
		switch (random() % 12) {
		case 0:
		case 1:
			write_over(policy_path, text, strlen(text), random() % 2);
			break;
		case 2:
			unlink(policy_path);
			break;
		case 3:
			link_new(policy_path, temporary, "/dev/null");
			break;
		default:
			write_new(policy_path, temporary, text, strlen(text), 0644);
		}
	}
}

static pid_t start(void (*writer)(void), unsigned int seed)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		srandom(seed);
		writer();
	}
	return pid;
}

static void put_right(void)
{
	write_new(policy_path, in_top("p/new"), POLICY, strlen(POLICY), 0644);
	/* The folder, wherever its writer was stopped. */
	unlink(set_path);
	rename(in_top("c1/away"), set_path);
	write_new(blob_path, in_top("c1/new"), good_a.at, good_a.size, 0644);
}

static void test_changed_while_loaders_start(void **state)
{
	const unsigned int filters = filters_here() + 1;
	const char *chosen = getenv("SECBAKE_SEED");
	unsigned int seed = chosen ? (unsigned int)strtoul(chosen, NULL, 10) : 1;
	unsigned int ran_a = 0, ran_b = 0, refused = 0;
	char under_a[128], under_b[128], wrong[1024] = "";
	pid_t writer[2];

	(void)state;
	print_message("seed %u\n", seed);
	make_all();
	snprintf(under_a, sizeof(under_a), "under %u filters, getppid %d, no_new_privs 1\n",
		 filters, ERRNO_A);
	snprintf(under_b, sizeof(under_b), "under %u filters, getppid %d, no_new_privs 1\n",
		 filters, ERRNO_B);
	writer[0] = start(write_blobs, seed);
	writer[1] = start(write_policies, seed + 1);
	for (int i = 0; i < STARTS && !wrong[0]; i++) {
		int status = RUN("--no-compile", "test", self, "--look");

		if (status == 125 && !strstr(output, "under "))
			refused++;
		else if (!status && !strcmp(output, under_a))
			ran_a++;
		else if (!status && !strcmp(output, under_b))
			ran_b++;
		else
			snprintf(wrong, sizeof(wrong), "start %d: status %d: %.500s", i, status,
				 output);
	}
	for (int i = 0; i < 2; i++) {
		kill(writer[i], SIGKILL);
		assert_int_equal(waitpid(writer[i], NULL, 0), writer[i]);
	}
	if (wrong[0])
		fail_msg("%s", wrong);
	print_message("%u starts ran under A, %u under B, %u were refused\n", ran_a, ran_b,
		      refused);
	/* And it was not just that nothing could ever run. */
	put_right();
	assert_int_equal(RUN("--no-compile", "test", self, "--look"), 0);
	assert_string_equal(output, under_a);
	write_new(policy_path, in_top("p/new"), POLICY_B, strlen(POLICY_B), 0644);
	write_new(blob_path, in_top("c1/new"), good_b.at, good_b.size, 0644);
	assert_int_equal(RUN("--no-compile", "test", self, "--look"), 0);
	assert_string_equal(output, under_b);
	/* The evil one runs where it may be trusted: it was right but for that. */
	write_new(policy_path, in_top("p/new"), POLICY, strlen(POLICY), 0644);
	write_new(blob_path, in_top("c1/new"), evil.at, evil.size, 0644);
	assert_int_equal(RUN("--no-compile", "test", self, "--look"), 0);
	said("getppid 0,");
}

int main(int argc, char **argv)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {T(test_changed_while_loaders_start)};
	ssize_t length;

	if (argc == 2 && !strcmp(argv[1], "--look"))
		return look();
	length = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (length <= 0)
		snprintf(self, sizeof(self), "%s", argv[0]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
