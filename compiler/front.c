/* SPDX-License-Identifier: MIT */
/* Reading and resolving, dialect by dialect. */
#include "front.h"

#include <string.h>

#include "passes.h"

/* A value that an enumeration does not have would be taken for one that it has. */
static enum secbake_status check_choice(const char *what, unsigned int value, unsigned int last,
					struct secbake_error *error)
{
	if (value <= last)
		return SECBAKE_OK;
	return secbake_error_set(error, SECBAKE_ERR_INPUT, 0, "there is no %s %u", what, value);
}

static enum secbake_status check_choices(const struct secbake_compile_options *given,
					 struct secbake_error *error)
{
	enum secbake_status status =
		check_choice("effort", given->effort, SECBAKE_EFFORT_BEST, error);

	if (!status)
		status = check_choice("dialect", given->dialect, SECBAKE_DIALECT_NATIVE, error);
	if (!status)
		status = check_choice("enosys", given->enosys, SECBAKE_ENOSYS_NONE, error);
	if (!status && given->mode)
		status = check_choice("mode", *given->mode, SECBAKE_MODE_OWN, error);
	return status;
}

static enum secbake_status check(const struct secbake_compile_options *given,
				 struct secbake_error *error)
{
	for (size_t i = 0; i < sizeof(given->reserved) / sizeof(given->reserved[0]); i++)
		if (given->reserved[i])
			return secbake_error_set(error, SECBAKE_ERR_INPUT, 0,
						 "reserved options must be zero");
	if (given->cap_count > 64 || (given->cap_count && !given->caps))
		return secbake_error_set(error, SECBAKE_ERR_INPUT, 0,
					 "at most 64 capabilities can be given");
	if (!given->target.arch || !given->policy.bytes || !given->name)
		return secbake_error_set(error, SECBAKE_ERR_INPUT, 0,
					 "a target, a name and a policy are required");
	if (!secbake_name_valid(given->name))
		return secbake_error_set(
			error, SECBAKE_ERR_INPUT, 0,
			"'%s' cannot name a policy: up to 64 of A-Z a-z 0-9 _ . @ - are "
			"allowed, the first not a dot",
			given->name);
	return check_choices(given, error);
}

static enum secbake_status read_passes(const char *passes, uint32_t *off,
				       struct secbake_error *error)
{
	const char *bad, *near = NULL;
	size_t size;

	if (!passes || sb_passes_parse(passes, off, &bad, &size))
		return SECBAKE_OK;
	if (size > 32)
		size = 32;
	for (int i = 0; i < SB_PASSES; i++)
		if (size && !strncmp(sb_pass_text[i].name, bad, size))
			near = sb_pass_text[i].name;
	if (near)
		return secbake_error_set(error, SECBAKE_ERR_INPUT, 0,
					 "the generator has no pass \"%.*s\"; did you mean \"%s\"?",
					 (int)size, bad, near);
	return secbake_error_set(
		error, SECBAKE_ERR_INPUT, 0,
		"the generator has no pass \"%.*s\"; secbake compile --passes list "
		"names them",
		(int)size, bad);
}

enum secbake_status sb_front_read(struct sb_arena *arena,
				  const struct secbake_compile_options *given,
				  struct sb_front *front, struct secbake_error *error)
{
	enum secbake_status status = check(given, error);

	*front = (struct sb_front){.given = given,
				   .options = {.dialect = given->dialect,
					       .enosys = given->enosys,
					       .effort = (enum secbake_effort)given->effort,
					       .strict = given->strict,
					       .no_complain = given->no_complain,
					       .caps = given->caps,
					       .cap_count = given->cap_count,
					       .target = given->target.arch,
					       .sources = &front->sources}};
	if (status == SECBAKE_OK)
		status = sb_sources_init(&front->sources, arena, given, error);
	if (status == SECBAKE_OK)
		status = read_passes(given->passes, &front->options.passes_off, error);
	if (status == SECBAKE_OK && given->options.bytes)
		status = sb_read_options(arena, &given->options, &front->options, error);
	if (status != SECBAKE_OK)
		return status;
	status = sb_read(arena, &given->policy, &front->options, given->reporter, &front->document,
			 error);
	if (status != SECBAKE_OK)
		return status;
	front->mode = front->document.mode;
	front->unrestricted = front->document.unrestricted;
	if (given->mode && *given->mode != SECBAKE_MODE_OWN) {
		front->mode = *given->mode;
		front->unrestricted = false;
	}
	if (front->options.no_complain && front->mode == SECBAKE_MODE_COMPLAIN) {
		secbake_error_set(
			error, SECBAKE_ERR_INPUT, 0,
			"its mode is complain, and complain mode is to be left out "
			"(--no-complain, or \"complain=no\" in its options); give up one of "
			"the two");
		secbake_error_file(error, given->policy.file, 0, 0, NULL);
		return SECBAKE_ERR_INPUT;
	}
	return SECBAKE_OK;
}

uint32_t sb_front_mode_flags(const struct sb_front *front)
{
	if (front->unrestricted)
		return SECBAKE_BLOB_UNRESTRICTED;
	return front->mode == SECBAKE_MODE_COMPLAIN ? SECBAKE_BLOB_COMPLAIN : 0;
}

enum secbake_status sb_front_resolve(struct sb_arena *arena, const struct sb_front *front,
				     enum secbake_mode mode, uint32_t kernel,
				     struct secbake_reporter *reporter,
				     struct sb_resolved *resolved, struct secbake_error *error)
{
	struct sb_resolve_options options = {
		.target = &front->given->target,
		.kernel = kernel,
		.mode = mode,
		.options = &front->options,
		.file = front->given->policy.file,
	};

	if (front->document.dialect == SECBAKE_DIALECT_NATIVE)
		return sb_resolve_native(arena, front->document.bound, &options, reporter, resolved,
					 error);
	return sb_resolve_oci(arena, front->document.oci, &options, reporter, resolved, error);
}

enum secbake_status sb_front_policy(struct sb_arena *arena,
				    const struct secbake_compile_options *given,
				    enum secbake_mode mode, struct sb_front *front,
				    struct sb_resolved *resolved, struct secbake_error *error)
{
	enum secbake_status status = sb_front_read(arena, given, front, error);

	if (status != SECBAKE_OK)
		return status;
	*resolved = (struct sb_resolved){0};
	if (mode == SECBAKE_MODE_OWN && front->unrestricted)
		return SECBAKE_OK;
	status = sb_front_resolve(arena, front, mode == SECBAKE_MODE_OWN ? front->mode : mode,
				  given->target.kernel, given->reporter, resolved, error);
	if (status != SECBAKE_OK)
		secbake_error_file(error, given->policy.file, 0, 0, NULL);
	return status;
}
