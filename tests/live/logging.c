/* SPDX-License-Identifier: MIT */
/*
 * What the kernel logs, seen and not assumed: programs are installed by the
 * loader's own code, calls are made, and the records are read from the audit
 * multicast socket. What says that nothing was logged is a record that is known to
 * come after: no test here waits for a while and then believes.
 *
 * It changes kernel.seccomp.actions_logged for a moment, and puts it back.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <secbake/load.h>

#include "cache/blob_write.h"

#define SKIP 77
#define ACTIONS_LOGGED "/proc/sys/kernel/seccomp/actions_logged"
#define SECONDS 10 /* for a record that must come */
#define CALL SYS_getpgid

static int audit = -1;
static char logged_before[256];
static unsigned int failures, checks;

/* ---- programs, through the loader's code ---- */

struct layer {
	uint32_t verdict, flags;
};

/* Each layer answers CALL with its verdict, and allows all else. */
static enum secbake_status apply(const struct layer *layer, uint32_t count, int *listener)
{
	static _Alignas(SECBAKE_BLOB_ALIGN) uint8_t aligned[4096];
	struct sock_filter insn[2][4];
	struct sb_blob_layer_in in[2];
	struct secbake_features features;
	struct secbake_error error = {0};
	struct sb_blob_variant_in variant = {.mode = SECBAKE_MODE_ENFORCE,
					     .kernel_to = SECBAKE_KERNEL_ANY,
					     .layer = in,
					     .layer_count = count};
	struct sb_blob_in blob_in = {.name = "logging",
				     .arch = secbake_arch_native(),
				     .variant = &variant,
				     .variant_count = 1};
	const struct secbake_load_options options = {.mode = SECBAKE_MODE_ENFORCE};
	struct secbake_blob blob;
	enum secbake_status status = secbake_features_probe(&features, &error);
	uint8_t *bytes;
	size_t size;

	for (uint32_t i = 0; i < count; i++) {
		const struct sock_filter program[4] = {
			BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
			BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, CALL, 0, 1),
			BPF_STMT(BPF_RET | BPF_K, layer[i].verdict),
			BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};

		memcpy(insn[i], program, sizeof(program));
		in[i] = (struct sb_blob_layer_in){
			.filter_flags = layer[i].flags, .insn = insn[i], .insn_count = 4};
	}
	variant.consulted_flags = SECBAKE_FLAGS_ALL;
	variant.answered_flags = features.flags;
	if (!status)
		status = sb_blob_write(&blob_in, &bytes, &size, &error);
	if (!status && size <= sizeof(aligned)) {
		memcpy(aligned, bytes, size);
		status = secbake_blob_open(aligned, size, &blob, &error);
	}
	if (!status)
		status = secbake_load_apply(&blob, &features, &options, listener, &error);
	if (status)
		fprintf(stderr, "logging: %s\n", error.text);
	return status;
}

/* Answers the one notification: CONTINUE, or errno 1. */
static void answer(int listener, bool go_on)
{
	struct seccomp_notif request = {0};
	struct seccomp_notif_resp response = {0};

	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &request))
		_exit(1);
	response.id = request.id;
	response.error = go_on ? 0 : -1;
	response.flags = go_on ? SECCOMP_USER_NOTIF_FLAG_CONTINUE : 0;
	_exit(ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response) ? 1 : 0);
}

enum agent { NOBODY, DENIES, CONTINUES };

/* In a child: its number, whose records are looked for; 0 when it could not be made ready. */
static pid_t make_call(const struct layer *layer, uint32_t count, enum agent agent)
{
	int ready[2], listener = -1;
	char byte = 0;
	pid_t pid;

	if (pipe(ready))
		return 0;
	pid = fork();
	if (!pid) {
		const struct rlimit none = {0, 0};

		setrlimit(RLIMIT_CORE, &none);
		if (apply(layer, count, &listener) || write(ready[1], "r", 1) != 1)
			_exit(99);
		if (agent != NOBODY && !fork())
			answer(listener, agent == CONTINUES);
		close(listener);
		syscall(CALL, 0);
		_exit(0);
	}
	close(ready[1]);
	if (pid < 0 || read(ready[0], &byte, 1) != 1)
		byte = 0;
	close(ready[0]);
	waitpid(pid, NULL, 0);
	return byte ? pid : 0;
}

/* ---- records ---- */

/* The next record of seccomp's: the process and the call; false when none comes. */
static bool next_record(pid_t *pid, long *nr, unsigned int *code)
{
	struct {
		struct nlmsghdr header;
		char text[8192];
	} message;
	struct pollfd wait = {.fd = audit, .events = POLLIN};
	const char *at;

	for (;;) {
		ssize_t got;

		if (poll(&wait, 1, SECONDS * 1000) <= 0)
			return false;
		got = recv(audit, &message, sizeof(message) - 1, 0);
		if (got <= (ssize_t)sizeof(message.header) ||
		    message.header.nlmsg_type != AUDIT_SECCOMP)
			continue;
		((char *)&message)[got] = '\0';
		at = strstr(message.text, " pid=");
		if (!at || sscanf(at, " pid=%d", pid) != 1)
			continue;
		at = strstr(message.text, " syscall=");
		if (!at || sscanf(at, " syscall=%ld", nr) != 1)
			continue;
		at = strstr(message.text, " code=");
		if (at && sscanf(at, " code=%x", code) == 1)
			return true;
	}
}

/* Records of a process, read up to the one that marks the end; -1: that one never came. */
static int records_of(pid_t subject, uint32_t action)
{
	const struct layer mark = {SECCOMP_RET_LOG, 0};
	pid_t end = make_call(&mark, 1, NOBODY), pid;
	unsigned int code;
	int count = 0;
	long nr;

	while (end && next_record(&pid, &nr, &code)) {
		if (pid == end)
			return count;
		count += pid == subject && nr == CALL && (code & SECCOMP_RET_ACTION_FULL) == action;
	}
	return -1;
}

static bool set_logged(const char *actions)
{
	int fd = open(ACTIONS_LOGGED, O_WRONLY | O_CLOEXEC);
	bool done = fd >= 0 && write(fd, actions, strlen(actions)) == (ssize_t)strlen(actions);

	if (fd >= 0)
		close(fd);
	return done;
}

static void expect(const char *what, const struct layer *layer, uint32_t count, enum agent agent,
		   const char *logged, uint32_t action, int records)
{
	pid_t subject;
	int found;

	if (logged && !set_logged(logged)) {
		printf("%s: %s cannot be set\n", what, ACTIONS_LOGGED);
		failures++;
		return;
	}
	subject = make_call(layer, count, agent);
	if (logged)
		set_logged(logged_before);
	found = subject ? records_of(subject, action) : -2;
	checks++;
	if (found != records) {
		printf("%s: %d records instead of %d\n", what, found, records);
		failures++;
	}
}

static const struct {
	const char *name, *listed;
	uint32_t value;
	int plain, flagged; /* records without and with FLAG_LOG */
} verdicts[] = {
	{"LOG", "log", SECCOMP_RET_LOG, 1, 1},
	{"KILL_PROCESS", "kill_process", SECCOMP_RET_KILL_PROCESS, 1, 1},
	{"KILL_THREAD", "kill_thread", SECCOMP_RET_KILL_THREAD, 1, 1},
	{"TRAP", "trap", SECCOMP_RET_TRAP, 0, 1},
	{"ERRNO", "errno", SECCOMP_RET_ERRNO | 1, 0, 1},
	{"TRACE without a tracer", "trace", SECCOMP_RET_TRACE, 0, 1},
	{"ALLOW", NULL, SECCOMP_RET_ALLOW, 0, 0},
};

/* logged_before without one word. */
static void without(const char *word, char out[256])
{
	char words[256], *save = NULL;

	memcpy(words, logged_before, sizeof(words));
	out[0] = '\0';
	for (char *w = strtok_r(words, " \n", &save); w; w = strtok_r(NULL, " \n", &save)) {
		if (strcmp(w, word) != 0) {
			strcat(out, *out ? " " : "");
			strcat(out, w);
		}
	}
}

static void each_verdict(void)
{
	for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++) {
		const struct layer plain = {verdicts[i].value, 0};
		const struct layer flagged = {verdicts[i].value, SECBAKE_FLAG_LOG};
		uint32_t action = verdicts[i].value & SECCOMP_RET_ACTION_FULL;
		char rest[256], what[128];

		expect(verdicts[i].name, &plain, 1, NOBODY, NULL, action, verdicts[i].plain);
		snprintf(what, sizeof(what), "%s with the flag", verdicts[i].name);
		expect(what, &flagged, 1, NOBODY, NULL, action, verdicts[i].flagged);
		if (!verdicts[i].listed)
			continue;
		snprintf(what, sizeof(what), "%s, not in actions_logged", verdicts[i].name);
		without(verdicts[i].listed, rest);
		expect(what, &flagged, 1, NOBODY, rest, action, 0);
		snprintf(what, sizeof(what), "%s, put back", verdicts[i].name);
		expect(what, &flagged, 1, NOBODY, NULL, action, verdicts[i].flagged);
	}
}

static void notify(void)
{
	const uint32_t action = SECCOMP_RET_USER_NOTIF, on = SECBAKE_FLAG_NEW_LISTENER;
	const struct layer plain = {action, on}, flagged = {action, on | SECBAKE_FLAG_LOG};

	expect("NOTIFY, denied", &plain, 1, DENIES, NULL, action, 0);
	expect("NOTIFY with the flag, denied", &flagged, 1, DENIES, NULL, action, 1);
	expect("NOTIFY with the flag, continued", &flagged, 1, CONTINUES, NULL, action, 0);
	expect("NOTIFY with the flag, nobody there", &flagged, 1, NOBODY, NULL, action, 1);
}

/* Of equal verdicts the newer layer's wins, and with it its flag; else the stricter one's. */
static void two_layers(void)
{
	const uint32_t errno_1 = SECCOMP_RET_ERRNO | 1, action = SECCOMP_RET_ERRNO;
	const struct layer quiet_wins[] = {{errno_1, SECBAKE_FLAG_LOG}, {errno_1, 0}};
	const struct layer noisy_wins[] = {{errno_1, 0}, {errno_1, SECBAKE_FLAG_LOG}};
	const struct layer quiet_is_stricter[] = {{errno_1, 0},
						  {SECCOMP_RET_ALLOW, SECBAKE_FLAG_LOG}};
	const struct layer noisy_is_stricter[] = {{errno_1, SECBAKE_FLAG_LOG},
						  {SECCOMP_RET_ALLOW, 0}};

	expect("noisy, then quiet", quiet_wins, 2, NOBODY, NULL, action, 0);
	expect("quiet, then noisy", noisy_wins, 2, NOBODY, NULL, action, 1);
	expect("quiet denies, noisy allows", quiet_is_stricter, 2, NOBODY, NULL, action, 0);
	expect("noisy denies, quiet allows", noisy_is_stricter, 2, NOBODY, NULL, action, 1);
}

static int skip(const char *why)
{
	printf("%s\n", why);
	return SKIP;
}

int main(void)
{
	const struct sockaddr_nl group = {.nl_family = AF_NETLINK,
					  .nl_groups = 1u << (AUDIT_NLGRP_READLOG - 1)};
	struct secbake_features features;
	int fd = open(ACTIONS_LOGGED, O_RDONLY | O_CLOEXEC), room = 1 << 20;
	ssize_t got = fd < 0 ? -1 : read(fd, logged_before, sizeof(logged_before) - 1);

	if (got <= 0 || access(ACTIONS_LOGGED, W_OK))
		return skip(ACTIONS_LOGGED " cannot be read and written here");
	close(fd);
	logged_before[strcspn(logged_before, "\n")] = '\0';
	if (!strstr(logged_before, "log"))
		return skip("LOG verdicts are not logged here");
	if (secbake_features_probe(&features, NULL) || !(features.flags & SECBAKE_FLAG_LOG) ||
	    !(features.flags & SECBAKE_FLAG_NEW_LISTENER))
		return skip("this kernel lacks the flag LOG or notifications");
	audit = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_AUDIT);
	if (audit < 0 || bind(audit, (const struct sockaddr *)&group, sizeof(group)))
		return skip(
			"the audit multicast group cannot be joined (CAP_AUDIT_READ, CONFIG_AUDIT)");
	setsockopt(audit, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	if (records_of(0, 0) < 0)
		return skip("no audit records come here (audit=0, a rule, or a namespace)");
	each_verdict();
	notify();
	two_layers();
	printf("%u checks, %u failed\n", checks, failures);
	return failures ? 1 : 0;
}
