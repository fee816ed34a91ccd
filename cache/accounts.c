/* SPDX-License-Identifier: MIT */
/* See accounts.h. */
#include "accounts.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define READ_SIZE 4096u
#define KIND_GROUP "group:"

static const char *after_colon(const char *name)
{
	return strchr(name, ':') + 1;
}

/* One byte of field 0 or 2; false: this line is another's, or none. */
static bool fits(struct sb_account_scan *scan, char c)
{
	if (!scan->field) {
		char wanted = scan->name[scan->matched];

		scan->matched++;
		return wanted && wanted == c;
	}
	if (scan->field != 2)
		return true;
	if (c < '0' || c > '9')
		return false;
	scan->digits++;
	scan->id = scan->id * 10 + (uint64_t)(c - '0');
	return scan->id <= UINT32_MAX;
}

bool sb_account_scan(struct sb_account_scan *scan, const char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (bytes[i] == '\n') {
			*scan = (struct sb_account_scan){.name = scan->name};
		} else if (scan->other) {
			continue;
		} else if (bytes[i] != ':') {
			scan->other = !fits(scan, bytes[i]);
		} else if (scan->field == 2) {
			if (scan->digits)
				return true;
			scan->other = true;
		} else {
			scan->other = !scan->field && scan->name[scan->matched];
			scan->field++;
		}
	}
	return false;
}

bool sb_account_name_valid(const char *name)
{
	const bool group = !strncmp(name, KIND_GROUP, sizeof(KIND_GROUP) - 1);
	const char *rest;

	if (!group && strncmp(name, "user:", 5) != 0)
		return false;
	rest = after_colon(name);
	return *rest && !rest[strcspn(rest, ":\n")];
}

struct secbake_hash sb_account_content(uint32_t id)
{
	struct secbake_hash content = {{0}};

	for (int i = 0; i < 4; i++)
		content.bytes[i] = (uint8_t)(id >> 8 * i);
	return content;
}

static enum secbake_status find(int fd, struct sb_account_scan *scan, struct secbake_error *error)
{
	char buffer[READ_SIZE];
	ssize_t got;

	do {
		got = read(fd, buffer, sizeof(buffer));
		if (got < 0 && errno != EINTR)
			return secbake_error_set(error, SECBAKE_ERR_SYSTEM, errno,
						 "cannot read a file");
		if (got > 0 && sb_account_scan(scan, buffer, (size_t)got))
			return SECBAKE_OK;
	} while (got);
	return SECBAKE_ERR_MISSING;
}

enum secbake_status sb_account_check(const struct sb_lookup *lookup, const char *name,
				     const struct secbake_hash *content,
				     struct secbake_error *error)
{
	struct sb_account_scan scan = {.name = after_colon(name)};
	struct sb_trust trust = lookup->trust;
	const char *image = lookup->image;
	enum secbake_status status;
	struct secbake_hash now;
	int dir, fd;

	trust.leave_open = false;
	status = sb_trust_root(&trust, image ? image : "/",
			       image ? SB_ANCHOR_NAMED : SB_ANCHOR_SYSTEM, &dir, error);
	if (status)
		return status;
	status = sb_trust_file_at(&trust, dir, *name == 'g' ? "etc/group" : "etc/passwd",
				  SB_SOURCE_SIZE_MAX, &fd, NULL, error);
	if (!status) {
		status = find(fd, &scan, error);
		close(fd);
	}
	close(dir);
	if (status)
		return status;
	now = sb_account_content((uint32_t)scan.id);
	return memcmp(&now, content, sizeof(now)) ? SECBAKE_ERR_STALE : SECBAKE_OK;
}
