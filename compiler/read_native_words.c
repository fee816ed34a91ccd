/* SPDX-License-Identifier: MIT */
/* Members and words of the native language: each unknown one is an error with its nearest
 * neighbour. */
#include "read_native.h"

#include <linux/seccomp.h>
#include <string.h>
#include <strings.h>

#include "capabilities.h"
#include "nearest.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

bool sb_native_memory(const struct sb_reader *reader)
{
	secbake_error_set(reader->report.error, SECBAKE_ERR_MEMORY, 0, "out of memory");
	if (!reader->report.faults->count++)
		reader->report.faults->status = SECBAKE_ERR_MEMORY;
	reader->report.faults->over = true;
	return false;
}

const char *sb_native_shown(const struct sb_reader *reader, const char *text)
{
	const char *shown;
	int size = 61;

	if (strlen(text) <= 64)
		return text;
	while (((unsigned char)text[size] & 0xc0) == 0x80) /* inside of a character of UTF-8 */
		size--;
	shown = sb_sprintf(reader->arena, "%.*s...", size, text);
	return shown ? shown : "";
}

bool sb_native_over(const struct sb_reader *reader)
{
	return reader->report.faults->over;
}

static bool unknown(const struct sb_reader *reader, const struct sb_json *word, const char *kind,
		    const char *text, const char *near)
{
	const char *shown = sb_native_shown(reader, text);

	if (near)
		return sb_native_fail(reader, word, "there is no %s \"%s\"; did you mean \"%s\"?",
				      kind, shown, near);
	return sb_native_fail(reader, word, "there is no %s \"%s\"", kind, shown);
}

static bool unknown_member(const struct sb_reader *reader, const struct sb_json *member,
			   const char *what, const struct sb_native_field *fields, size_t count)
{
	struct sb_nearest nearest = {.word = member->name};
	struct sb_json_spot spot;
	const struct sb_place *place = sb_json_name_spot(&spot, member);

	for (size_t i = 0; i < count; i++) {
		sb_nearest_try(&nearest, fields[i].name);
		if (!strcasecmp(member->name, fields[i].name))
			nearest.best = fields[i].name;
	}
	if (nearest.best)
		sb_fail(&reader->report, place, SECBAKE_ERR_INPUT,
			"%s has no member \"%s\"; did you mean \"%s\"?", what,
			sb_native_shown(reader, member->name), nearest.best);
	else
		sb_fail(&reader->report, place, SECBAKE_ERR_INPUT, "%s has no member \"%s\"", what,
			sb_native_shown(reader, member->name));
	return false;
}

static bool take_member(const struct sb_reader *reader, const struct sb_json *member,
			const struct sb_native_field *field, const struct sb_json **found)
{
	if (!(SB_TYPE(member->type) & field->types))
		return sb_native_fail(reader, member, "\"%s\" must be %s, not %s", field->name,
				      field->wanted,
				      sb_json_type_name((enum sb_json_type)member->type));
	*found = member;
	return true;
}

bool sb_native_fields(const struct sb_reader *reader, const struct sb_json *object,
		      const char *what, const struct sb_native_field *fields, size_t count,
		      const struct sb_json **found)
{
	static const struct sb_native_field comment = {"comment", SB_TYPE(SB_JSON_STRING),
						       "a string", false};
	const struct sb_json *ignored;
	bool good = true;

	memset(found, 0, count * sizeof(*found));
	if (object->type != SB_JSON_OBJECT)
		return sb_native_fail(reader, object, "%s must be an object, not %s", what,
				      sb_json_type_name((enum sb_json_type)object->type));
	sb_json_each(member, object) {
		size_t i = 0;

		if (sb_native_over(reader))
			return false;
		while (i < count && strcmp(member->name, fields[i].name) != 0)
			i++;
		if (i < count)
			good &= take_member(reader, member, &fields[i], &found[i]);
		else if (!strcmp(member->name, comment.name))
			good &= take_member(reader, member, &comment, &ignored);
		else
			good &= unknown_member(reader, member, what, fields, count);
	}
	for (size_t i = 0; i < count; i++)
		if (fields[i].required && !sb_json_member(object, fields[i].name))
			good = sb_native_fail(reader, object, "%s lacks \"%s\"; add it", what,
					      fields[i].name);
	return good;
}

bool sb_native_choose(const struct sb_reader *reader, const struct sb_json *word, const char *kind,
		      const char *const *words, size_t count, uint32_t *index)
{
	struct sb_nearest nearest = {.word = word->text};

	for (uint32_t i = 0; i < count; i++) {
		if (!strcmp(word->text, words[i])) {
			*index = i;
			return true;
		}
		sb_nearest_try(&nearest, words[i]);
		if (!strcasecmp(word->text, words[i]))
			nearest.best = words[i];
	}
	return unknown(reader, word, kind, word->text, nearest.best);
}

/* Decimal digits without leading zeros, up to max; NULL, or what stands behind them. */
static const char *digits(const char *text, uint32_t max, uint32_t *value)
{
	const char *at = text;
	uint64_t sum = 0;

	for (; *at >= '0' && *at <= '9' && sum <= max; at++)
		sum = sum * 10 + (uint64_t)(*at - '0');
	if (at == text || sum > max || (*text == '0' && at > text + 1))
		return NULL;
	*value = (uint32_t)sum;
	return at;
}

static const struct {
	const char *name;
	uint32_t ret;
	uint32_t max; /* of its data; 0: it has none */
	bool needs_data;
} actions[] = {
	{"allow", SECCOMP_RET_ALLOW, 0, false},
	{"log", SECCOMP_RET_LOG, 0, false},
	{"errno", SECCOMP_RET_ERRNO, 4095, true},
	{"trap", SECCOMP_RET_TRAP, 65535, false},
	{"trace", SECCOMP_RET_TRACE, 65535, true},
	{"notify", SECCOMP_RET_USER_NOTIF, 0, false},
	{"kill-thread", SECCOMP_RET_KILL_THREAD, 0, false},
	{"kill-process", SECCOMP_RET_KILL_PROCESS, 0, false},
};

static bool unknown_action(const struct sb_reader *reader, const struct sb_json *word,
			   const char *name)
{
	struct sb_nearest nearest = {.word = name};

	for (size_t i = 0; i < COUNT(actions); i++)
		sb_nearest_try(&nearest, actions[i].name);
	if (!nearest.best && !strncmp(name, "kill", 4))
		nearest.best = "kill-process";
	return unknown(reader, word, "action", name, nearest.best);
}

static bool read_data(const struct sb_reader *reader, const struct sb_json *word, size_t i,
		      const char *data, struct sb_native_action *action)
{
	const char *end = digits(data, actions[i].max, &action->data), *at = data;

	if (end && !*end)
		return true;
	while (*at >= '0' && *at <= '9')
		at++;
	if (at > data && !*at)
		return sb_native_fail(reader, word, "\"%.64s\": %s takes 0 to %u, in decimal",
				      word->text, actions[i].name, actions[i].max);
	if (actions[i].ret != SECCOMP_RET_ERRNO)
		return sb_native_fail(reader, word,
				      "\"%.64s\": %s takes a number from 0 to %u, as in \"%s:1\"",
				      word->text, actions[i].name, actions[i].max, actions[i].name);
	action->data = 0;
	action->errno_name = sb_errno_find(data);
	return action->errno_name ||
	       unknown(reader, word, "error number", data, sb_errno_nearest(data));
}

bool sb_native_read_action(const struct sb_reader *reader, const struct sb_json *word,
			   struct sb_native_action *action)
{
	const char *colon = strchr(word->text, ':');
	size_t size = colon ? (size_t)(colon - word->text) : word->text_size, i = 0;
	char *name = sb_strndup(reader->arena, word->text, size);

	if (!name)
		return sb_native_memory(reader);
	while (i < COUNT(actions) && strcmp(actions[i].name, name) != 0)
		i++;
	if (i == COUNT(actions))
		return unknown_action(reader, word, name);
	*action = (struct sb_native_action){.ret = actions[i].ret};
	if (!colon && actions[i].needs_data)
		return sb_native_fail(reader, word, "\"%s\" needs a number: write \"%s\"", name,
				      actions[i].ret == SECCOMP_RET_ERRNO ? "errno:EPERM"
									  : "trace:1");
	if (colon && !actions[i].max)
		return sb_native_fail(reader, word, "\"%s\" takes no number; write \"%s\"", name,
				      name);
	return !colon || read_data(reader, word, i, colon + 1, action);
}

bool sb_native_read_arch(const struct sb_reader *reader, const struct sb_json *word,
			 const struct secbake_arch **arch)
{
	struct sb_nearest nearest = {.word = word->text};
	const struct secbake_arch *known;

	if (word->type != SB_JSON_STRING)
		return sb_native_fail(reader, word, "an architecture is a string, not %s",
				      sb_json_type_name((enum sb_json_type)word->type));
	*arch = NULL;
	if (!strcmp(word->text, "native"))
		return true;
	*arch = secbake_arch_find(word->text);
	if (*arch)
		return true;
	sb_nearest_try(&nearest, "native");
	for (size_t i = 0; (known = secbake_arch_at(i)); i++) {
		sb_nearest_try(&nearest, known->name);
		if ((known->go_name && !strcasecmp(word->text, known->go_name)) ||
		    (known->scmp_name && !strcasecmp(word->text, known->scmp_name)) ||
		    !strcasecmp(word->text, known->name)) {
			nearest.best = known->name;
			break;
		}
	}
	if (!strcmp(word->text, "i386") || !strcmp(word->text, "i686"))
		nearest.best = "x86";
	return unknown(reader, word, "architecture", word->text, nearest.best);
}

bool sb_native_read_flags(const struct sb_reader *reader, const struct sb_json *list,
			  uint32_t *flags)
{
	static const char *const names[] = {"tsync", "log", "spec-allow", "tsync-esrch",
					    "wait-killable-recv"};
	static const uint32_t bits[] = {SECBAKE_FLAG_TSYNC, SECBAKE_FLAG_LOG,
					SECBAKE_FLAG_SPEC_ALLOW, SECBAKE_FLAG_TSYNC_ESRCH,
					SECBAKE_FLAG_WAIT_KILLABLE_RECV};
	bool good = true;

	*flags = 0;
	sb_json_each(word, list) {
		uint32_t i;

		if (sb_native_over(reader))
			return false;
		if (word->type != SB_JSON_STRING)
			good = sb_native_fail(reader, word, "a flag is a string, not %s",
					      sb_json_type_name((enum sb_json_type)word->type));
		else if (!sb_native_choose(reader, word, "flag", names, COUNT(names), &i))
			good = false;
		else if (*flags & bits[i])
			good = sb_native_fail(reader, word,
					      "the flag \"%s\" is listed twice; keep one",
					      names[i]);
		else
			*flags |= bits[i];
	}
	return good;
}

bool sb_native_read_kernel(const struct sb_reader *reader, const struct sb_json *word,
			   uint32_t *kernel)
{
	uint32_t x = 0, y = 0;
	const char *at = digits(word->text, 0xffff, &x);

	at = at && *at == '.' ? digits(at + 1, 0xffff, &y) : NULL;
	if (!at || *at || (!x && !y))
		return sb_native_fail(reader, word,
				      "\"%.64s\" is not a kernel version; write it as \"6.1\"",
				      word->text);
	*kernel = SECBAKE_KERNEL(x, y);
	return true;
}

bool sb_native_read_capability(const struct sb_reader *reader, const struct sb_json *word)
{
	const char *near;

	if (word->type != SB_JSON_STRING)
		return sb_native_fail(reader, word, "a capability is a string, not %s",
				      sb_json_type_name((enum sb_json_type)word->type));
	if (sb_capability_known(word->text))
		return true;
	near = sb_capability_nearest(word->text);
	return unknown(reader, word, "capability", word->text, near);
}

/* An entry of onUnsupported: "error", "drop" for a flag, else an action in place of an action. */
static bool read_substitute(const struct sb_reader *reader, const struct sb_json *word, bool flag,
			    struct sb_native_substitute *substitute)
{
	if (!strcmp(word->text, "error")) {
		substitute->kind = SB_NATIVE_ERROR;
		return true;
	}
	if (flag && !strcmp(word->text, "drop")) {
		substitute->kind = SB_NATIVE_DROP;
		return true;
	}
	if (flag)
		return sb_native_fail(
			reader, word,
			"\"%s\" can be \"drop\" or \"error\": \"%.64s\" cannot stand in for a flag",
			word->name, word->text);
	if (!strcmp(word->text, "drop"))
		return sb_native_fail(
			reader, word,
			"only flags can be dropped; \"%s\" can be an action or \"error\"",
			word->name);
	substitute->kind = SB_NATIVE_SUBSTITUTE;
	return sb_native_read_action(reader, word, &substitute->action);
}

bool sb_native_read_unsupported(const struct sb_reader *reader, const struct sb_json *object,
				struct sb_native *native)
{
	enum { LOG, KILL_PROCESS, NOTIFY, ACTIONS };
	static const struct sb_native_field fields[] = {
		[LOG] = {"log", SB_TYPE(SB_JSON_STRING), "a string", false},
		[KILL_PROCESS] = {"kill-process", SB_TYPE(SB_JSON_STRING), "a string", false},
		[NOTIFY] = {"notify", SB_TYPE(SB_JSON_STRING), "a string", false},
		{"flag:tsync", SB_TYPE(SB_JSON_STRING), "a string", false},
		{"flag:log", SB_TYPE(SB_JSON_STRING), "a string", false},
		{"flag:spec-allow", SB_TYPE(SB_JSON_STRING), "a string", false},
		{"flag:tsync-esrch", SB_TYPE(SB_JSON_STRING), "a string", false},
		{"flag:wait-killable-recv", SB_TYPE(SB_JSON_STRING), "a string", false},
	};
	const struct sb_json *found[COUNT(fields)];
	struct sb_native_substitute *const action[ACTIONS] = {
		&native->no_log, &native->no_kill_process, &native->no_notify};
	bool good =
		sb_native_fields(reader, object, "\"onUnsupported\"", fields, COUNT(fields), found);

	for (size_t i = 0; i < COUNT(fields); i++) {
		uint32_t bit = 0;

		if (!found[i])
			continue;
		if (i < ACTIONS) {
			good &= read_substitute(reader, found[i], false, action[i]);
			continue;
		}
		while (strcmp(fields[i].name + strlen("flag:"),
			      secbake_flag_name(UINT32_C(1) << bit)) != 0)
			bit++;
		good &= read_substitute(reader, found[i], true, &native->no_flag[bit]);
	}
	return good;
}
