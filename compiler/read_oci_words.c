/* SPDX-License-Identifier: MIT */
/*
 * The vocabulary of the oci dialect: actions, flags, operators, architectures,
 * capabilities, kernel versions, error numbers. The runtime specification's
 * config-linux.md lists the first four; the others are Docker's and Podman's.
 */
#include "read_oci.h"

#include <linux/seccomp.h>
#include <string.h>
#include <strings.h>

#include "capabilities.h"
#include "nearest.h"

struct word {
	const char *name;
	uint32_t value;
};

static const struct word actions[] = {
	{"SCMP_ACT_KILL", SECCOMP_RET_KILL_THREAD}, /* as runc and libseccomp read it */
	{"SCMP_ACT_KILL_THREAD", SECCOMP_RET_KILL_THREAD},
	{"SCMP_ACT_KILL_PROCESS", SECCOMP_RET_KILL_PROCESS},
	{"SCMP_ACT_TRAP", SECCOMP_RET_TRAP},
	{"SCMP_ACT_ERRNO", SECCOMP_RET_ERRNO},
	{"SCMP_ACT_NOTIFY", SECCOMP_RET_USER_NOTIF},
	{"SCMP_ACT_TRACE", SECCOMP_RET_TRACE},
	{"SCMP_ACT_LOG", SECCOMP_RET_LOG},
	{"SCMP_ACT_ALLOW", SECCOMP_RET_ALLOW},
};

static const struct word flags[] = {
	{"SECCOMP_FILTER_FLAG_TSYNC", SECBAKE_FLAG_TSYNC},
	{"SECCOMP_FILTER_FLAG_LOG", SECBAKE_FLAG_LOG},
	{"SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECBAKE_FLAG_SPEC_ALLOW},
	{"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", SECBAKE_FLAG_WAIT_KILLABLE_RECV},
};

enum { OP_NE, OP_LT, OP_LE, OP_EQ, OP_GE, OP_GT, OP_MASKED_EQ };

static const struct word operators[] = {
	{"SCMP_CMP_NE", OP_NE},
	{"SCMP_CMP_LT", OP_LT},
	{"SCMP_CMP_LE", OP_LE},
	{"SCMP_CMP_EQ", OP_EQ},
	{"SCMP_CMP_GE", OP_GE},
	{"SCMP_CMP_GT", OP_GT},
	{"SCMP_CMP_MASKED_EQ", OP_MASKED_EQ},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static enum secbake_status unknown_word(const struct sb_reader *reader, const struct sb_json *word,
					const char *kind, const char *near)
{
	if (near)
		return sb_json_fail(reader, word, SECBAKE_ERR_INPUT,
				    "there is no %s \"%.64s\"; did you mean \"%s\"?", kind,
				    word->text, near);
	return sb_json_fail(reader, word, SECBAKE_ERR_INPUT, "there is no %s \"%.64s\"", kind,
			    word->text);
}

/* "ALLOW" for "SCMP_ACT_ALLOW": too far for a misspelling, and clear all the same. */
static bool is_tail(const char *word, const char *name)
{
	size_t size = strlen(word), name_size = strlen(name);

	return size && size < name_size && name[name_size - size - 1] == '_' &&
	       !strcasecmp(word, name + name_size - size);
}

static enum secbake_status read_word(const struct sb_reader *reader, const struct sb_json *word,
				     const char *kind, const struct word *words, size_t count,
				     uint32_t *value)
{
	enum secbake_status status = sb_json_expect(reader, word, SB_JSON_STRING);
	struct sb_nearest nearest = {.word = word->text};
	const char *whole = NULL;

	if (status != SECBAKE_OK)
		return status;
	for (size_t i = 0; i < count; i++) {
		if (!strcmp(word->text, words[i].name)) {
			*value = words[i].value;
			return SECBAKE_OK;
		}
	}
	for (size_t i = 0; i < count; i++) {
		if (is_tail(word->text, words[i].name))
			whole = words[i].name;
		sb_nearest_try(&nearest, words[i].name);
	}
	return unknown_word(reader, word, kind, whole ? whole : nearest.best);
}

enum secbake_status sb_oci_read_action(const struct sb_reader *reader, const struct sb_json *word,
				       uint32_t *ret)
{
	return read_word(reader, word, "action", actions, COUNT(actions), ret);
}

enum secbake_status sb_oci_read_flag(const struct sb_reader *reader, const struct sb_json *word,
				     uint32_t *flag)
{
	return read_word(reader, word, "flag", flags, COUNT(flags), flag);
}

/* "x86_64", "amd64", "SCMP_ARCH_AMD64": what somebody may have meant. */
static const struct secbake_arch *arch_by_other_name(const char *name)
{
	static const char prefix[] = "SCMP_ARCH_";
	const struct secbake_arch *arch;

	if (!strncmp(name, prefix, sizeof(prefix) - 1))
		name += sizeof(prefix) - 1;
	for (size_t i = 0; (arch = secbake_arch_at(i)); i++)
		if (!strcasecmp(name, arch->name) ||
		    (arch->go_name && !strcasecmp(name, arch->go_name)))
			return arch;
	return NULL;
}

enum secbake_status sb_oci_read_arch(const struct sb_reader *reader, const struct sb_json *word,
				     const struct secbake_arch **arch)
{
	enum secbake_status status = sb_json_expect(reader, word, SB_JSON_STRING);
	struct sb_nearest nearest = {.word = word->text};
	const struct secbake_arch *known;

	if (status != SECBAKE_OK)
		return status;
	for (size_t i = 0; (known = secbake_arch_at(i)); i++) {
		if (known->scmp_name && !strcmp(word->text, known->scmp_name)) {
			*arch = known;
			return SECBAKE_OK;
		}
	}
	for (size_t i = 0; (known = secbake_arch_at(i)); i++)
		if (known->scmp_name)
			sb_nearest_try(&nearest, known->scmp_name);
	known = arch_by_other_name(word->text);
	return unknown_word(reader, word, "architecture",
			    known && known->scmp_name ? known->scmp_name : nearest.best);
}

enum secbake_status sb_oci_read_go_arch(const struct sb_reader *reader, const struct sb_json *word,
					const struct secbake_arch **arch)
{
	enum secbake_status status = sb_json_expect(reader, word, SB_JSON_STRING);
	struct sb_nearest nearest = {.word = word->text};
	const struct secbake_arch *known;

	if (status != SECBAKE_OK)
		return status;
	for (size_t i = 0; (known = secbake_arch_at(i)); i++) {
		if (known->go_name && !strcmp(word->text, known->go_name)) {
			*arch = known;
			return SECBAKE_OK;
		}
	}
	*arch = strcmp(word->text, "native") != 0 ? secbake_arch_find(word->text) : NULL;
	if (*arch && (*arch)->go_name)
		return sb_json_warn(
			reader, word,
			"taken for \"%s\"; Docker knows this architecture by that name only",
			(*arch)->go_name);
	*arch = NULL;
	for (size_t i = 0; (known = secbake_arch_at(i)); i++)
		if (known->go_name)
			sb_nearest_try(&nearest, known->go_name);
	if (nearest.best)
		return sb_json_warn(
			reader, word,
			"there is no architecture \"%.64s\", it matches none; did you mean "
			"\"%s\"?",
			word->text, nearest.best);
	return sb_json_warn(reader, word, "there is no architecture \"%.64s\", it matches none",
			    word->text);
}

enum secbake_status sb_oci_read_capability(const struct sb_reader *reader,
					   const struct sb_json *word)
{
	enum secbake_status status = sb_json_expect(reader, word, SB_JSON_STRING);
	const char *near;

	if (status != SECBAKE_OK || sb_capability_known(word->text))
		return status;
	near = sb_capability_nearest(word->text);
	if (near)
		return sb_json_warn(reader, word,
				    "there is no capability \"%.64s\"; did you mean \"%s\"?",
				    word->text, near);
	return sb_json_warn(reader, word, "there is no capability \"%.64s\"", word->text);
}

static const char *read_part(const char *text, uint32_t *value)
{
	const char *at = text;

	for (*value = 0; *at >= '0' && *at <= '9' && *value <= 0xffff; at++)
		*value = *value * 10 + (uint32_t)(*at - '0');
	return at > text && *value <= 0xffff ? at : NULL;
}

enum secbake_status sb_oci_read_kernel(const struct sb_reader *reader, const struct sb_json *word,
				       uint32_t *kernel)
{
	uint32_t x = 0, y = 0;
	const char *at;

	*kernel = 0;
	if (!word->text_size)
		return SECBAKE_OK;
	at = read_part(word->text, &x);
	if (at && *at == '.')
		at = read_part(at + 1, &y);
	else
		at = NULL;
	if (!at || *at || (!x && !y))
		return sb_json_fail(reader, word, SECBAKE_ERR_INPUT,
				    "\"%.64s\" is not a kernel version; write it as \"4.8\"",
				    word->text);
	*kernel = SECBAKE_KERNEL(x, y);
	return SECBAKE_OK;
}

enum secbake_status sb_oci_read_errno(const struct sb_reader *reader, const struct sb_json *word,
				      struct sb_oci_action *action)
{
	const char *near;
	uint32_t value;
	const char *end = read_part(word->text, &value);

	if (end && !*end) {
		action->data = value;
		action->errno_name = NULL;
		return SECBAKE_OK;
	}
	action->errno_name = sb_errno_find(word->text);
	if (action->errno_name)
		return SECBAKE_OK;
	near = sb_errno_nearest(word->text);
	return unknown_word(reader, word, "error number", near);
}

/* Comparisons are unsigned, on 64 bits. */
static void make_condition(struct sb_cond *cond, struct sb_interval *interval, uint32_t operator,
			   uint64_t value, uint64_t value_two)
{
	cond->mask = UINT64_MAX;
	cond->interval = interval;
	cond->interval_count = 1;
	*interval = (struct sb_interval){value, value};
	switch (operator) {
	case OP_NE:
		cond->negate = true;
		break;
	case OP_LT:
		cond->interval_count = value != 0;
		*interval = (struct sb_interval){0, value - (value != 0)};
		break;
	case OP_LE:
		*interval = (struct sb_interval){0, value};
		break;
	case OP_GE:
		*interval = (struct sb_interval){value, UINT64_MAX};
		break;
	case OP_GT:
		cond->interval_count = value != UINT64_MAX;
		*interval = (struct sb_interval){value + (value != UINT64_MAX), UINT64_MAX};
		break;
	case OP_MASKED_EQ: /* value is the mask here */
		cond->mask = value;
		*interval = (struct sb_interval){value_two & value, value_two & value};
		break;
	default: /* OP_EQ */
		break;
	}
}

enum secbake_status sb_oci_read_condition(const struct sb_reader *reader,
					  const struct sb_json *object, struct sb_cond *cond,
					  struct sb_interval *interval)
{
	enum { INDEX, VALUE, VALUE_TWO, OP, FIELDS };
	static const struct sb_json_field fields[FIELDS] = {
		[INDEX] = {"index", SB_JSON_NUMBER, true},
		[VALUE] = {"value", SB_JSON_NUMBER, true},
		[VALUE_TWO] = {"valueTwo", SB_JSON_NUMBER, false},
		[OP] = {"op", SB_JSON_STRING, true},
	};
	const struct sb_json *found[FIELDS];
	uint64_t index = 0, value = 0, value_two = 0;
	uint32_t operator= OP_EQ;
	enum secbake_status status =
		sb_json_fields(reader, object, "a condition", fields, FIELDS, found);

	if (status == SECBAKE_OK)
		status = sb_json_unsigned(reader, found[INDEX], UINT64_MAX, &index);
	if (status == SECBAKE_OK && index > 5)
		status = sb_json_fail(reader, found[INDEX], SECBAKE_ERR_INPUT,
				      "there is no argument %.*s; a call has arguments 0 to 5",
				      (int)found[INDEX]->text_size, found[INDEX]->text);
	if (status == SECBAKE_OK)
		status = sb_json_unsigned(reader, found[VALUE], UINT64_MAX, &value);
	if (status == SECBAKE_OK && found[VALUE_TWO])
		status = sb_json_unsigned(reader, found[VALUE_TWO], UINT64_MAX, &value_two);
	if (status == SECBAKE_OK)
		status = read_word(reader, found[OP], "operator", operators, COUNT(operators),
				   &operator);
	if (status != SECBAKE_OK)
		return status;
	cond->arg = (uint8_t)index;
	make_condition(cond, interval, operator, value, value_two);
	if (!cond->interval_count)
		return sb_json_warn(reader, object,
				    "no value is %s; this condition never holds",
				    operator== OP_LT ? "less than 0" : "greater than 2^64-1");
	return SECBAKE_OK;
}
