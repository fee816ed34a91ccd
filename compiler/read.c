/* SPDX-License-Identifier: MIT */
/* From a policy's text to a document: which dialect it is, then its reader. */
#include "read.h"

#include <string.h>

#include "capabilities.h"
#include "read_json.h"
#include "read_native.h"
#include "read_oci.h"

static enum secbake_status check_capabilities(const struct sb_options *options,
					      struct secbake_error *error)
{
	for (size_t i = 0; i < options->cap_count; i++) {
		const char *near;

		if (sb_capability_known(options->caps[i]))
			continue;
		near = sb_capability_nearest(options->caps[i]);
		if (near)
			return secbake_error_set(error, SECBAKE_ERR_INPUT, 0,
						 "there is no capability \"%.64s\"; did you mean "
						 "\"%s\"?",
						 options->caps[i], near);
		return secbake_error_set(error, SECBAKE_ERR_INPUT, 0,
					 "there is no capability \"%.64s\"; write it as "
					 "\"CAP_SYS_ADMIN\"",
					 options->caps[i]);
	}
	return SECBAKE_OK;
}

/* A profile without its one required member, but with members of the other dialect. */
static bool looks_native(const struct sb_json *root)
{
	static const char *const oci[] = {"defaultAction", "syscalls", "ociVersion", "linux"};

	for (size_t i = 0; i < sizeof(oci) / sizeof(oci[0]); i++)
		if (sb_json_member(root, oci[i]))
			return false;
	return sb_json_member(root, "default") || sb_json_member(root, "rules");
}

enum secbake_status sb_read(struct sb_arena *arena, const struct secbake_text *text,
			    const struct sb_options *options, struct secbake_reporter *reporter,
			    struct sb_document *document, struct secbake_error *error)
{
	const struct sb_reader reader = {.arena = arena,
					 .report = {.file = text->file,
						    .strict = options->strict,
						    .reporter = reporter,
						    .error = error}};
	enum secbake_dialect dialect = options->dialect;
	struct sb_document read = {0};
	const struct sb_json *root, *marker;
	enum secbake_status status = check_capabilities(options, error);

	if (status == SECBAKE_OK)
		status = sb_json_parse(&reader, text, &root);
	if (status != SECBAKE_OK)
		return status;
	if (root->type != SB_JSON_OBJECT)
		return sb_json_fail(&reader, root, SECBAKE_ERR_INPUT,
				    "a policy is a JSON object, this is %s",
				    sb_json_type_name((enum sb_json_type)root->type));
	marker = sb_json_member(root, "secbake");
	if (dialect == SECBAKE_DIALECT_AUTO && !marker && looks_native(root))
		return sb_json_fail(&reader, root, SECBAKE_ERR_INPUT,
				    "this looks like a policy of the native language, which lacks "
				    "\"secbake\": 1; add it");
	if (dialect == SECBAKE_DIALECT_AUTO)
		dialect = marker ? SECBAKE_DIALECT_NATIVE : SECBAKE_DIALECT_OCI;
	status = dialect == SECBAKE_DIALECT_NATIVE ? sb_read_native(&reader, root, options, &read)
						   : sb_read_oci(&reader, root, &read);
	if (status == SECBAKE_OK)
		*document = read;
	return status;
}
