/* SPDX-License-Identifier: MIT */
/*
 * Handing the user-notification descriptor to the agent that the policy names
 * (listenerPath), as the OCI runtime specification says: one message on a unix
 * stream socket, the container process state as JSON, the descriptor beside it
 * by SCM_RIGHTS. Connecting comes before the programs are in force, so that a
 * missing agent is told while the command can still be refused.
 */
#include "exec.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define OCI_VERSION "1.1.0"
#define LISTENER_SECONDS 5 /* for the agent to accept, and to make room for the message */

struct json {
	char *text;
	size_t used, size;
	bool full;
};

static void put(struct json *json, const char *text)
{
	for (; *text; text++) {
		if (json->used < json->size)
			json->text[json->used++] = *text;
		else
			json->full = true;
	}
}

static void put_string(struct json *json, const char *text)
{
	put(json, "\"");
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		char plain[2] = {*text, '\0'};
		char escaped[7] = {
			'\\', 'u', '0', '0', "0123456789abcdef"[c >> 4], "0123456789abcdef"[c & 15],
			'\0'};

		put(json, c < 0x20 || c == '"' || c == '\\' ? escaped : plain);
	}
	put(json, "\"");
}

static void put_pid(struct json *json)
{
	char digits[16];
	size_t at = sizeof(digits) - 1;
	unsigned int pid = (unsigned int)getpid();

	digits[at] = '\0';
	do {
		digits[--at] = (char)('0' + pid % 10);
		pid /= 10;
	} while (pid && at);
	put(json, digits + at);
}

/* The policy's name stands for the container's: there is no container, and no bundle. */
static enum secbake_status make_state(const struct sb_exec *x, const char *metadata,
				      struct sb_listener *listener, struct secbake_error *error)
{
	struct json json = {.text = listener->state, .size = SB_LISTENER_STATE_MAX};

	put(&json, "{\"ociVersion\":\"" OCI_VERSION "\",\"fds\":[\"seccompFd\"],\"pid\":");
	put_pid(&json);
	if (*metadata) {
		put(&json, ",\"metadata\":");
		put_string(&json, metadata);
	}
	put(&json, ",\"state\":{\"ociVersion\":\"" OCI_VERSION "\",\"id\":");
	put_string(&json, x->name);
	put(&json, ",\"status\":\"creating\",\"pid\":");
	put_pid(&json);
	put(&json, ",\"bundle\":\"/\"}}");
	listener->size = json.used;
	if (json.full)
		return secbake_error_set(error, SECBAKE_ERR_LIMIT, 0,
					 "the policy's listenerMetadata is too long to be handed "
					 "over (%u bytes in all)",
					 SB_LISTENER_STATE_MAX);
	return SECBAKE_OK;
}

enum secbake_status sb_listener_connect(const struct sb_exec *x, const struct sb_found *found,
					struct sb_listener *listener, struct secbake_error *error)
{
	struct secbake_blob_header header = secbake_blob_header(&found->blob);
	const char *path = secbake_blob_string(&found->blob, header.listener_path);
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const struct timeval patience = {.tv_sec = LISTENER_SECONDS};
	enum secbake_status status;

	listener->socket = -1;
	if (!found->plan.listener)
		return SECBAKE_OK;
	if (path[0] != '/' || strlen(path) >= sizeof(address.sun_path))
		return secbake_error_set(
			error, SECBAKE_ERR_INPUT, 0,
			"the policy has NOTIFY, and its listenerPath \"%s\" is not "
			"an absolute path of at most %zu bytes",
			path, sizeof(address.sun_path) - 1);
	status = make_state(x, secbake_blob_string(&found->blob, header.listener_metadata),
			    listener, error);
	if (status)
		return status;
	memcpy(address.sun_path, path, strlen(path));
	sb_standard_descriptors();
	listener->socket = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listener->socket < 0)
		return secbake_error_set(error, SECBAKE_ERR_SYSTEM, errno, "cannot make a socket");
	/* An agent that does not accept must not keep the command for ever. */
	setsockopt(listener->socket, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(listener->socket, (struct sockaddr *)&address, sizeof(address)))
		return secbake_error_set(
			error, SECBAKE_ERR_SYSTEM, errno,
			"cannot connect to the agent at %s, which the policy names "
			"as listenerPath; it must run, and accept",
			path);
	return SECBAKE_OK;
}

enum secbake_status sb_listener_send(const struct sb_listener *listener, int fd,
				     struct secbake_error *error)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {.bytes = {0}};
	size_t sent = 0;

	control.header.cmsg_len = CMSG_LEN(sizeof(int));
	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	/* The descriptor goes with the first byte; the rest, should it not fit, follows. */
	while (sent < listener->size) {
		struct iovec rest = {.iov_base = (char *)(uintptr_t)(listener->state + sent),
				     .iov_len = listener->size - sent};
		struct msghdr message = {.msg_iov = &rest, .msg_iovlen = 1};
		ssize_t done;

		if (!sent) {
			message.msg_control = control.bytes;
			message.msg_controllen = sizeof(control.bytes);
		}
		done = sendmsg(listener->socket, &message, MSG_NOSIGNAL);
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return secbake_error_set(error, SECBAKE_ERR_SYSTEM, errno,
						 "cannot hand the descriptor to the agent");
		sent += (size_t)done;
	}
	return SECBAKE_OK;
}
