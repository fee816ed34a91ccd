/* SPDX-License-Identifier: MIT */
/*
 * Reading the oci dialect: linux.seccomp of the OCI runtime specification with
 * what Docker and Podman profiles add to it, alone or inside a config.json.
 */
#include "read_oci.h"

#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>

#include <cache/blob_layout.h>

static enum secbake_status out_of_memory(const struct sb_reader *reader)
{
	return secbake_error_set(reader->report.error, SECBAKE_ERR_MEMORY, 0, "out of memory");
}

static enum secbake_status read_arches(const struct sb_reader *reader, const struct sb_json *list,
				       const struct sb_oci_arch **out, uint32_t *count)
{
	struct sb_oci_arch *arch = sb_alloc(reader->arena, list->count, sizeof(*arch));

	if (!arch)
		return out_of_memory(reader);
	sb_json_each(word, list) {
		enum secbake_status status =
			sb_oci_read_arch(reader, word, &arch[word->index].arch);

		if (status != SECBAKE_OK)
			return status;
		if (!sb_json_place(reader, word, &arch[word->index].place))
			return out_of_memory(reader);
	}
	*out = arch;
	*count = list->count;
	return SECBAKE_OK;
}

static enum secbake_status read_arch_map(const struct sb_reader *reader, const struct sb_json *list,
					 struct sb_oci *oci)
{
	enum { ARCHITECTURE, SUB, FIELDS };
	static const struct sb_json_field fields[FIELDS] = {
		[ARCHITECTURE] = {"architecture", SB_JSON_STRING, true},
		[SUB] = {"subArchitectures", SB_JSON_ARRAY, false},
	};
	struct sb_oci_arch_map *map = sb_alloc(reader->arena, list->count, sizeof(*map));

	if (!map)
		return out_of_memory(reader);
	sb_json_each(object, list) {
		struct sb_oci_arch_map *at = &map[object->index];
		const struct sb_json *found[FIELDS];
		enum secbake_status status = sb_json_fields(
			reader, object, "an entry of \"archMap\"", fields, FIELDS, found);

		if (status == SECBAKE_OK)
			status = sb_oci_read_arch(reader, found[ARCHITECTURE], &at->arch);
		if (status == SECBAKE_OK && found[SUB])
			status = read_arches(reader, found[SUB], &at->sub, &at->sub_count);
		if (status != SECBAKE_OK)
			return status;
	}
	oci->map = map;
	oci->map_count = list->count;
	return SECBAKE_OK;
}

static enum secbake_status read_flags(const struct sb_reader *reader, const struct sb_json *list,
				      struct sb_oci *oci)
{
	if (!sb_json_place(reader, list, &oci->flags_place))
		return out_of_memory(reader);
	oci->flags_given = true;
	sb_json_each(word, list) {
		uint32_t flag;
		enum secbake_status status = sb_oci_read_flag(reader, word, &flag);

		if (status != SECBAKE_OK)
			return status;
		oci->flags |= flag;
	}
	return SECBAKE_OK;
}

static int compare_numbers(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static enum secbake_status collect_kernels(const struct sb_reader *reader, const struct sb_oci *oci,
					   struct sb_document *document)
{
	uint32_t *kernel = sb_alloc(reader->arena, (size_t)oci->rule_count * 2, sizeof(*kernel));
	uint32_t count = 0, kept = 0;

	if (!kernel)
		return out_of_memory(reader);
	for (uint32_t i = 0; i < oci->rule_count; i++) {
		if (oci->rule[i].includes.min_kernel)
			kernel[count++] = oci->rule[i].includes.min_kernel;
		if (oci->rule[i].excludes.min_kernel)
			kernel[count++] = oci->rule[i].excludes.min_kernel;
	}
	qsort(kernel, count, sizeof(*kernel), compare_numbers);
	for (uint32_t i = 0; i < count; i++)
		if (!i || kernel[i] != kernel[i - 1])
			kernel[kept++] = kernel[i];
	document->kernel = kernel;
	document->kernel_count = kept;
	return SECBAKE_OK;
}

enum {
	DEFAULT_ACTION,
	DEFAULT_ERRNO_RET,
	DEFAULT_ERRNO,
	ARCHITECTURES,
	ARCH_MAP,
	FLAGS,
	LISTENER_PATH,
	LISTENER_METADATA,
	SYSCALLS,
	TOP_COMMENT,
	TOP_FIELDS
};

static const struct sb_json_field top_fields[TOP_FIELDS] = {
	[DEFAULT_ACTION] = {"defaultAction", SB_JSON_STRING, true},
	[DEFAULT_ERRNO_RET] = {"defaultErrnoRet", SB_JSON_NUMBER, false},
	[DEFAULT_ERRNO] = {"defaultErrno", SB_JSON_STRING, false},
	[ARCHITECTURES] = {"architectures", SB_JSON_ARRAY, false},
	[ARCH_MAP] = {"archMap", SB_JSON_ARRAY, false},
	[FLAGS] = {"flags", SB_JSON_ARRAY, false},
	[LISTENER_PATH] = {"listenerPath", SB_JSON_STRING, false},
	[LISTENER_METADATA] = {"listenerMetadata", SB_JSON_STRING, false},
	[SYSCALLS] = {"syscalls", SB_JSON_ARRAY, false},
	[TOP_COMMENT] = {"comment", SB_JSON_STRING, false},
};

static enum secbake_status read_default(const struct sb_reader *reader,
					const struct sb_json *const *found, struct sb_oci *oci)
{
	const struct sb_json *word = found[DEFAULT_ACTION];
	enum secbake_status status = sb_oci_read_action(reader, word, &oci->default_action.ret);

	if (status != SECBAKE_OK)
		return status;
	if (oci->default_action.ret == SECCOMP_RET_USER_NOTIF)
		return sb_json_fail(
			reader, word, SECBAKE_ERR_INPUT,
			"SCMP_ACT_NOTIFY cannot be the default: handing over the listener "
			"would have to ask that listener; name the calls to notify of");
	return sb_oci_read_data(reader, word, found[DEFAULT_ERRNO_RET], found[DEFAULT_ERRNO],
				&oci->default_action);
}

static const struct sb_oci_rule *first_notify(const struct sb_oci *oci)
{
	for (uint32_t i = 0; i < oci->rule_count; i++)
		if (oci->rule[i].action.ret == SECCOMP_RET_USER_NOTIF)
			return &oci->rule[i];
	return NULL;
}

/* What the loader cannot connect to: an error where it would have to at each start. */
static enum secbake_status bad_listener(const struct sb_reader *reader, const struct sb_json *path,
					bool needed, struct sb_document *document)
{
	if (needed)
		return sb_json_fail(reader, path, SECBAKE_ERR_INPUT,
				    "\"%.64s\" is not an absolute path of at most %d bytes, which "
				    "is what a socket's address holds; write it from / on",
				    path->text, SB_LISTENER_PATH_MAX);
	document->listener_path = document->listener_metadata = NULL;
	return sb_json_warn(reader, path,
			    "\"%.64s\" is not an absolute path of at most %d bytes, and is left "
			    "out: no rule has SCMP_ACT_NOTIFY",
			    path->text, SB_LISTENER_PATH_MAX);
}

static enum secbake_status read_listener(const struct sb_reader *reader,
					 const struct sb_json *const *found,
					 const struct sb_oci *oci, struct sb_document *document)
{
	const struct sb_oci_rule *notify = first_notify(oci);

	document->listener_path = sb_oci_text(found[LISTENER_PATH]);
	document->listener_metadata = sb_oci_text(found[LISTENER_METADATA]);
	if (document->listener_metadata && !document->listener_path)
		return sb_json_fail(
			reader, found[LISTENER_METADATA], SECBAKE_ERR_INPUT,
			"\"listenerMetadata\" needs \"listenerPath\", the socket that it is "
			"sent to");
	if (document->listener_metadata && found[LISTENER_METADATA]->text_size > SB_METADATA_MAX)
		return sb_json_fail(reader, found[LISTENER_METADATA], SECBAKE_ERR_LIMIT,
				    "%u bytes; \"listenerMetadata\" can have %u",
				    found[LISTENER_METADATA]->text_size, SB_METADATA_MAX);
	if (document->listener_path &&
	    !sb_listener_path_good(document->listener_path, found[LISTENER_PATH]->text_size))
		return bad_listener(reader, found[LISTENER_PATH], notify, document);
	if (notify && !document->listener_path)
		return sb_warn(&reader->report, &notify->place,
			       "SCMP_ACT_NOTIFY without \"listenerPath\": nobody is told which "
			       "socket gets the listener");
	return SECBAKE_OK;
}

static enum secbake_status read_profile(const struct sb_reader *reader,
					const struct sb_json *object, struct sb_oci *oci,
					struct sb_document *document)
{
	const struct sb_json *found[TOP_FIELDS];
	enum secbake_status status =
		sb_json_fields(reader, object, "a seccomp profile", top_fields, TOP_FIELDS, found);

	if (status != SECBAKE_OK)
		return status;
	if (!sb_json_place(reader, found[DEFAULT_ACTION], &oci->place))
		return out_of_memory(reader);
	if (found[ARCHITECTURES] && found[ARCHITECTURES]->count && found[ARCH_MAP] &&
	    found[ARCH_MAP]->count)
		return sb_json_fail(reader, found[ARCH_MAP], SECBAKE_ERR_INPUT,
				    "both \"architectures\" and \"archMap\" are given; keep one");
	status = read_default(reader, found, oci);
	if (status == SECBAKE_OK && found[ARCHITECTURES])
		status = read_arches(reader, found[ARCHITECTURES], &oci->arch, &oci->arch_count);
	if (status == SECBAKE_OK && found[ARCH_MAP])
		status = read_arch_map(reader, found[ARCH_MAP], oci);
	if (status == SECBAKE_OK && found[FLAGS])
		status = read_flags(reader, found[FLAGS], oci);
	if (status == SECBAKE_OK && found[SYSCALLS])
		status = sb_oci_read_rules(reader, found[SYSCALLS], oci);
	if (status == SECBAKE_OK)
		status = read_listener(reader, found, oci, document);
	if (status == SECBAKE_OK)
		status = collect_kernels(reader, oci, document);
	return status;
}

/* linux.seccomp of a config.json; the rest of that file is not secbake's to judge. */
static enum secbake_status find_seccomp(const struct sb_reader *reader, const struct sb_json *root,
					const struct sb_json **seccomp)
{
	const struct sb_json *parent;
	enum secbake_status status = sb_json_only_member(reader, root, "linux", &parent);

	*seccomp = NULL;
	if (status == SECBAKE_OK && parent)
		status = sb_json_expect(reader, parent, SB_JSON_OBJECT);
	if (status == SECBAKE_OK && parent)
		status = sb_json_only_member(reader, parent, "seccomp", seccomp);
	if (status != SECBAKE_OK)
		return status;
	if (!*seccomp)
		return sb_json_fail(reader, root, SECBAKE_ERR_INPUT,
				    "this is an OCI config.json without linux.seccomp; there is no "
				    "filter in it to compile");
	return SECBAKE_OK;
}

enum secbake_status sb_read_oci(const struct sb_reader *reader, const struct sb_json *root,
				struct sb_document *document)
{
	struct sb_oci *oci = sb_alloc(reader->arena, 1, sizeof(*oci));
	const struct sb_json *profile = root;
	enum secbake_status status;

	if (!oci)
		return out_of_memory(reader);
	if (!sb_json_member(root, "defaultAction") &&
	    (sb_json_member(root, "ociVersion") || sb_json_member(root, "linux"))) {
		status = find_seccomp(reader, root, &profile);
		if (status != SECBAKE_OK)
			return status;
	}
	status = read_profile(reader, profile, oci, document);
	if (status != SECBAKE_OK)
		return status;
	document->dialect = SECBAKE_DIALECT_OCI;
	document->oci = oci;
	return SECBAKE_OK;
}
