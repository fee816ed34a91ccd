/* SPDX-License-Identifier: MIT */
/* Messages, without stdio: one line, one write(2). */
#include "exec.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_ 1536u

struct line {
	char text[LINE_MAX_];
	size_t used;
};

static void put(struct line *line, const char *text)
{
	while (*text && line->used < sizeof(line->text) - 1)
		line->text[line->used++] = *text++;
}

/* What cannot be written is nobody's to read: there is no one to report that to. */
static void write_all(int fd, const char *text, size_t size)
{
	while (size) {
		ssize_t done = write(fd, text, size);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return;
		text += done;
		size -= (size_t)done;
	}
}

void sb_write(int fd, const char *text)
{
	write_all(fd, text, strlen(text));
}

void sb_say(const struct sb_exec *x, const struct secbake_error *message)
{
	struct line line = {.used = 0};

	put(&line, "secbake-exec: ");
	if (x->name) {
		put(&line, x->name);
		put(&line, ": ");
	}
	if (message->file[0]) {
		put(&line, message->file);
		put(&line, ": ");
	}
	put(&line, message->text);
	/* The other statuses say in words what their errno would; so do the kernel's own errnos. */
	if (message->sys_errno && message->sys_errno < 512 &&
	    message->status == SECBAKE_ERR_SYSTEM) {
		put(&line, " (");
		put(&line, strerror(message->sys_errno));
		put(&line, ")");
	}
	line.text[line.used++] = '\n';
	write_all(STDERR_FILENO, line.text, line.used);
}
