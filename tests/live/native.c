/* SPDX-License-Identifier: MIT */
/*
 * The cases of the native language on the running kernel: live_native CASES SECBAKE.
 * Each case's policy is compiled as its options say, installed by the loader's own
 * code, and the calls of its verdicts are made, one in a child. Calls that a verdict
 * lets through are made only where they can do no harm in a child without files,
 * and must then do what they do without a filter. Only x86_64 and x32 calls.
 */
#include "live.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <secbake/inspect.h>

#define LEAST_CHECKS 200u /* fewer: something is wrong with this test */
#define LEAST_CASES 40u

struct world {
	const char *cases, *secbake;
	char work[64];
	struct live_shared *shared;
	unsigned int checked_cases, harmful, without_filter, unseen, by_verdict[5];
};

enum verdict {
	ALLOWED,
	FAILS,
	TRAPPED,
	TRACED,
	KILLED,
	OTHER,
};

struct line {
	const char *text;
	struct live_call call;
	enum verdict verdict;
	uint32_t data; /* of the verdict */
};

/* ---- reading a case ---- */

static bool parse_verdict(struct line *line, const char *text)
{
	static const struct {
		const char *start;
		enum verdict verdict;
	} known[] = {{"ALLOW", ALLOWED}, {"LOG", ALLOWED},   {"ERRNO(", FAILS},
		     {"TRAP(", TRAPPED}, {"TRACE(", TRACED}, {"KILL_", KILLED}};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		size_t size = strlen(known[i].start);

		if (strncmp(text, known[i].start, size))
			continue;
		line->verdict = known[i].verdict;
		line->data = (uint32_t)strtoul(text + size, NULL, 10);
		return true;
	}
	return false; /* NOTIFY needs somebody who answers */
}

/* "x86_64 read 0,-1 => ALLOW"; false: nothing for this test. */
static bool parse_line(struct line *line, char *text)
{
	char arch[16], name[64], args[256] = "", *arrow = strstr(text, "=>"), *at = args;
	const struct secbake_arch *abi;

	text[strcspn(text, "#\n")] = '\0';
	if (!arrow || arrow >= text + strlen(text))
		return false;
	*line = (struct line){.text = text};
	if (!parse_verdict(line, arrow + 2 + strspn(arrow + 2, " \t")))
		return false;
	if (sscanf(text, "%15s %63s %255[^=]", arch, name, args) < 2)
		return false;
	if (strcmp(arch, "x86_64") && strcmp(arch, "x32"))
		return false;
	abi = secbake_arch_find(arch);
	if (isdigit((unsigned char)name[0]))
		line->call.nr = (uint32_t)strtoul(name, NULL, 0);
	else if (!secbake_syscall_number(abi, name, &line->call.nr))
		test_die("%s: no such call", text);
	for (int i = 0; i < 6 && *at && !isspace((unsigned char)*at); i++) {
		line->call.args[i] =
			*at == '-' ? (uint64_t)strtoll(at, &at, 0) : strtoull(at, &at, 0);
		at += *at == ',';
	}
	return true;
}

/* ---- calls ---- */

/* In a child whose descriptors are 0 to 2, all of them /dev/null. */
static bool harmless(const struct live_call *call)
{
	static const char *const names[] = {"read",  "write",  "close",	 "dup",	  "dup2",   "dup3",
					    "lseek", "fchmod", "socket", "umask", "getppid"};
	const char *name = secbake_syscall_name(secbake_arch_find("x86_64"), call->nr);
	uint32_t which = (uint32_t)call->args[0];

	if (!name)
		return false;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(name, names[i]))
			return strcmp(name, "fchmod") || (uint32_t)call->args[0] > 2;
	/* The child itself, or nothing that there is. */
	return !strcmp(name, "setpriority") && ((!which && !(uint32_t)call->args[1]) || which > 2);
}

static struct live_shared *trap_shared;

static void on_trap(int signo, siginfo_t *info, void *context)
{
	(void)signo;
	(void)context;
	if (trap_shared->traps++)
		return; /* later ones are of what the child does on its way out */
	trap_shared->trap_errno = info->si_errno;
	trap_shared->trap_syscall = info->si_syscall;
}

static void empty_child(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = 0; fd < 3; fd++)
		if (null < 0 || dup2(null, fd) != fd)
			_exit(2);
	for (int fd = 3; fd < 256; fd++)
		close(fd);
}

/*
 * Out of a child that may not exit. Not declared _Noreturn: before calls of such
 * functions sanitizers make system calls of their own, which the filter denies.
 */
static void leave(void)
{
	const struct live_call exit_group = {LIVE_X86_64, 231, {0}};

	live_make_call(&exit_group);
	__asm__ volatile("ud2");
}

/*
 * Makes the call in a child, under the blob unless that is NULL. The child may
 * come to any end afterwards: the policy may forbid it to exit.
 */
static int make_call(struct world *world, const struct secbake_blob *blob,
		     const struct secbake_features *features, const struct line *line)
{
	const bool complain = blob && (blob->flags & SECBAKE_BLOB_COMPLAIN);
	const struct secbake_load_options options = {.mode = complain ? SECBAKE_MODE_COMPLAIN
								      : SECBAKE_MODE_ENFORCE};
	struct sigaction action = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO};
	struct live_shared *shared = world->shared;
	pid_t child;
	int status;

	memset(shared, 0, sizeof(*shared));
	fflush(stdout);
	child = fork();
	if (child < 0)
		test_die("fork: %s", strerror(errno));
	if (!child) {
		trap_shared = shared;
		empty_child();
		prctl(PR_SET_DUMPABLE, 0);
		umask(022);
		/* So that a trap ends it, or its time. */
		signal(SIGSEGV, SIG_DFL);
		signal(SIGILL, SIG_DFL);
		alarm(10);
		if (sigaction(SIGSYS, &action, NULL))
			_exit(2);
		if (blob && secbake_load_apply(blob, features, &options, NULL, &shared->error) !=
				    SECBAKE_OK)
			leave();
		shared->applied = 1;
		shared->value = live_make_call(&line->call);
		shared->done = 1;
		leave();
	}
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			test_die("waitpid: %s", strerror(errno));
	return status;
}

/* What came of it is what the verdict says. */
static bool as_verdict(const struct world *world, const struct line *line, int status,
		       long without_filter)
{
	const struct live_shared *shared = world->shared;

	switch (line->verdict) {
	case ALLOWED:
		return shared->done && shared->value == without_filter;
	case FAILS:
		return shared->done && shared->value == -(long)line->data;
	case TRAPPED:
		return shared->traps && shared->trap_errno == (int)line->data &&
		       shared->trap_syscall == (int)line->call.nr;
	case TRACED: /* by nobody */
		return shared->done && shared->value == -ENOSYS;
	case KILLED:
		return !shared->done && !shared->traps && WIFSIGNALED(status) &&
		       WTERMSIG(status) == SIGSYS;
	case OTHER:
		break;
	}
	return false;
}

static void check_line(struct world *world, const char *name, const struct secbake_blob *blob,
		       const struct secbake_features *features, const struct line *line)
{
	const struct live_shared *shared = world->shared;
	long without_filter = 0;
	int status;

	/* uretprobe (since 6.14) and uprobe (6.18) are not shown to filters. */
	if (line->call.nr == 335 || line->call.nr == 336) {
		world->unseen++;
		return;
	}
	if (line->verdict == ALLOWED) {
		if (!harmless(&line->call)) {
			world->harmful++;
			return;
		}
		make_call(world, NULL, features, line);
		if (!shared->done)
			test_die("%s: %s: a harmless call does not return", name, line->text);
		without_filter = shared->value;
	}
	status = make_call(world, blob, features, line);
	if (!shared->applied) {
		world->without_filter++; /* such as layers, of which the first forbids seccomp(2) */
		return;
	}
	live_checks++;
	world->by_verdict[line->verdict]++;
	if (!as_verdict(world, line, status, without_filter))
		live_fail("%s: %s: done %d, value %ld, traps %d, wait status 0x%x", name,
			  line->text, shared->done, shared->value, shared->traps,
			  (unsigned int)status);
}

/* ---- cases ---- */

/* The word behind an option; the last one wins. */
static const char *option(char *options, const char *name, const char *otherwise, char into[64])
{
	const char *value = otherwise;
	char *copy = test_sprintf("%s", options);

	for (char *word = strtok(copy, " \n"); word; word = strtok(NULL, " \n"))
		if (!strcmp(word, name) && (word = strtok(NULL, " \n")))
			value = word;
	snprintf(into, 64, "%s", value);
	free(copy);
	return into;
}

static bool compile_case(const struct world *world, const char *name, const char *options)
{
	char *command = test_sprintf("cd '%s/%s' && '%s' compile policy.json --arch x86_64 "
				     "--kernel 6.12 %s -o '%s/blob' 2>/dev/null",
				     world->cases, name, world->secbake, options, world->work);
	int status = system(command);

	free(command);
	return status == 0;
}

static void run_case(struct world *world, const char *name)
{
	char *path = test_sprintf("%s/%s/options", world->cases, name), *options, *lines, *bytes;
	struct secbake_features features;
	struct secbake_error error = {0};
	unsigned int before = live_checks;
	struct secbake_blob blob;
	char arch[64], kernel[64];
	uint32_t version;
	size_t size;

	options = access(path, R_OK) ? test_sprintf("%s", "") : test_read_file(path, &size);
	free(path);
	options[strcspn(options, "\n")] = '\0';
	if (strcmp(option(options, "--arch", "x86_64", arch), "x86_64"))
		goto out;
	if (!secbake_kernel_parse(option(options, "--kernel", "6.12", kernel), &version) ||
	    secbake_features_of_kernel(secbake_arch_find("x86_64"), version, &features, &error))
		test_die("%s: kernel %s", name, kernel);
	if (!compile_case(world, name, options))
		test_die("%s does not compile", name);
	path = test_sprintf("%s/blob", world->work);
	bytes = test_read_file(path, &size);
	free(path);
	if (secbake_blob_open((uint8_t *)bytes, size, &blob, &error) != SECBAKE_OK)
		test_die("%s: %s", name, error.text);
	path = test_sprintf("%s/%s/verdicts", world->cases, name);
	lines = test_read_file(path, &size);
	free(path);
	for (char *rest = lines, *text;
	     !(blob.flags & SECBAKE_BLOB_UNRESTRICTED) && (text = strsep(&rest, "\n"));) {
		struct line line;

		if (parse_line(&line, text))
			check_line(world, name, &blob, &features, &line);
	}
	world->checked_cases += live_checks > before;
	free(lines);
	free(bytes);
out:
	free(options);
}

static int is_case(const struct dirent *entry)
{
	return !strncmp(entry->d_name, "native-", 7);
}

int main(int argc, char **argv)
{
	static const char *const verdicts[] = {"allow or log", "errno", "trap", "trace", "kill"};
	struct world world = {.work = "/tmp/secbake-live-XXXXXX"};
	struct secbake_features host;
	struct secbake_error error = {0};
	struct dirent **entry;
	char *path;
	int count;

	if (argc != 3)
		test_die("usage: %s CASES SECBAKE", argv[0]);
	world.cases = argv[1];
	world.secbake = argv[2];
	if (secbake_features_probe(&host, &error) != SECBAKE_OK)
		test_skip("the kernel's features cannot be probed: %s", error.text);
	if (host.method != SECBAKE_METHOD_SECCOMP ||
	    (host.actions & SECBAKE_ACTIONS_ALL) != SECBAKE_ACTIONS_ALL)
		test_skip("this kernel lacks actions that the cases are about");
	world.shared = live_share();
	count = scandir(world.cases, &entry, is_case, alphasort);
	if (count < 0 || !mkdtemp(world.work))
		test_die("%s: %s", count < 0 ? world.cases : world.work, strerror(errno));
	for (int i = 0; i < count; i++) {
		path = test_sprintf("%s/%s/verdicts", world.cases, entry[i]->d_name);
		if (!access(path, R_OK))
			run_case(&world, entry[i]->d_name);
		free(path);
		free(entry[i]);
	}
	free(entry);
	path = test_sprintf("%s/blob", world.work);
	unlink(path);
	rmdir(world.work);
	free(path);
	for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++)
		printf("%u calls with %s\n", world.by_verdict[i], verdicts[i]);
	printf("%u cases, %u checks, %u failures; left out: %u calls that could do harm, %u of "
	       "policies that cannot be installed here, %u that no filter sees\n",
	       world.checked_cases, live_checks, live_failures, world.harmful, world.without_filter,
	       world.unseen);
	if (live_checks < LEAST_CHECKS || world.checked_cases < LEAST_CASES)
		test_die("too little was checked");
	return live_failures != 0;
}
