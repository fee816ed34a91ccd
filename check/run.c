/* SPDX-License-Identifier: MIT */
/*
 * secbake_check(): the meaning of the policy, for each interval of kernel versions
 * in the range, or of programs; then every check over it.
 */
#include "check.h"

#include <compiler/program_bytes.h>
#include <string.h>

static enum secbake_status no_memory(struct secbake_error *error)
{
	return secbake_error_set(error, SECBAKE_ERR_MEMORY, 0, "out of memory");
}

/* Receives what the compiler says on the way. */
struct ear {
	struct secbake_reporter base; /* first */
	struct secbake_reporter *caller;
	struct sb_checker *c;
};

static void hear(struct secbake_reporter *self, enum secbake_level level,
		 const struct secbake_error *message)
{
	struct ear *ear = (struct ear *)self; /* base is its first member */
	const struct secbake_check *check;

	/* Each error, of which the caller gets the first one otherwise; notes are for a compile. */
	if (level == SECBAKE_ERROR && ear->caller)
		ear->caller->report(ear->caller, level, message);
	if (level != SECBAKE_WARNING)
		return;
	check = message->code ? secbake_check_find(message->code) : NULL;
	if (check == &sb_check_rows[SB_CHECK_CARRIER_BYPASS].is)
		return; /* which is found for both dialects and for programs, too */
	sb_found_message(
		ear->c,
		check ? (enum sb_check_code)((const struct sb_check_row *)check - sb_check_rows)
		      : SB_CHECK_COMPILER_WARNING,
		SECBAKE_WARNING, message);
}

static void cover(struct sb_checker *c, const struct secbake_arch *arch)
{
	for (uint32_t i = 0; i < c->arch_count; i++)
		if (c->arch[i] == arch)
			return;
	if (c->arch_count < SB_ARCHES_MAX)
		c->arch[c->arch_count++] = arch;
}

/* Is some number that policies can mean in this half of the map not foreign? */
static bool half_covered(const struct sb_map *map, uint32_t lo)
{
	for (uint32_t i = 0; i < map->span_count; i++)
		if (map->span[i].lo <= lo && lo <= map->span[i].hi)
			return map->span[i].kind != SB_NUMBER_FOREIGN;
	return false;
}

static void find_arches(struct sb_checker *c)
{
	const struct secbake_arch *x32 = secbake_arch_find("x32");

	c->arch_count = 0;
	for (uint32_t l = 0; l < c->resolved->layer_count; l++) {
		const struct sb_layer *layer = &c->resolved->layer[l];

		for (uint32_t i = 0; i < layer->map_count; i++) {
			const struct sb_map *map = &layer->map[i];
			const struct secbake_arch *arch = secbake_arch_by_audit(map->audit_arch);
			bool shared = map->audit_arch == x32->audit_arch;

			if (arch && (!shared || half_covered(map, SECBAKE_X32_BIT - 1)))
				cover(c, arch);
			if (shared && half_covered(map, UINT32_MAX - 1))
				cover(c, x32);
		}
	}
}

static bool default_runs(const struct sb_checker *c)
{
	uint32_t nr = sb_syscall_last(c->arch[0]) + 64;
	uint32_t f = sb_ask_call(&c->ask, c->arch[0]->audit_arch, nr);

	return c->ask.dd.node[f].var == SB_VAR_VERDICT && sb_verdict_runs(c->ask.dd.node[f].lo);
}

static enum secbake_status run_checks(struct sb_checker *c, struct secbake_error *error)
{
	if (!c->arch_count)
		return SECBAKE_OK;
	c->open = default_runs(c);
	for (size_t i = 0; i < SB_CHECK_COUNT && c->ask.dd.status == SECBAKE_OK; i++)
		if (sb_check_rows[i].run)
			sb_check_rows[i].run(c);
	if (c->no_memory)
		return no_memory(error);
	if (c->ask.dd.status != SECBAKE_OK)
		return sb_ask_failed(c->ask.dd.status, error);
	return SECBAKE_OK;
}

/* One interval of kernel versions. */
static enum secbake_status check_variant(struct sb_checker *c,
					 struct secbake_compile_options *options,
					 struct sb_front *front, uint32_t kernel,
					 struct secbake_error *error)
{
	struct sb_resolved resolved;
	enum secbake_status status;

	/* --kernel A..B means mainline kernels; else the target is what the caller says. */
	if (c->options->kernel_from) {
		status = secbake_features_of_kernel(options->target.arch, kernel, &options->target,
						    error);
		if (status != SECBAKE_OK)
			return status;
	}
	status = sb_front_resolve(c->arena, front, SECBAKE_MODE_ENFORCE, kernel, options->reporter,
				  &resolved, error);
	if (status != SECBAKE_OK)
		return status;
	c->resolved = &resolved;
	c->kernel = kernel;
	status = sb_ask_init(&c->ask);
	for (uint32_t i = 0; i < resolved.layer_count && status == SECBAKE_OK; i++)
		status = sb_ask_add_layer(&c->ask, &resolved.layer[i], error);
	if (status == SECBAKE_OK) {
		find_arches(c);
		status = run_checks(c, error);
	} else if (status == SECBAKE_ERR_MEMORY) {
		no_memory(error);
	}
	sb_ask_free(&c->ask);
	c->resolved = NULL;
	c->first = false;
	return status;
}

static enum secbake_status check_policy(struct sb_checker *c, struct secbake_error *error)
{
	struct secbake_compile_options options = *c->options->policy;
	uint32_t from = c->options->kernel_from ? c->options->kernel_from : options.target.kernel;
	uint32_t to = c->options->kernel_from ? c->options->kernel_to : from;
	struct ear ear = {.base = {.report = hear}, .caller = options.reporter, .c = c};
	enum secbake_status status;
	struct sb_front front;

	options.reporter = &ear.base;
	options.strict = false;
	options.mode = NULL;
	c->target = options.target.arch;
	c->front = &front;
	status = sb_front_read(c->arena, &options, &front, error);
	if (status != SECBAKE_OK)
		return status;
	front.options.strict = false; /* what NAME.options may ask of a compile */
	status = check_variant(c, &options, &front, from, error);
	for (uint32_t i = 0; i < front.document.kernel_count && status == SECBAKE_OK; i++)
		if (front.document.kernel[i] > from && front.document.kernel[i] <= to)
			status =
				check_variant(c, &options, &front, front.document.kernel[i], error);
	if (status == SECBAKE_OK)
		sb_found_tell(c);
	else
		secbake_error_file(error, options.policy.file, 0, 0, NULL);
	return c->no_memory ? no_memory(error) : status;
}

/* Its siblings by whose calls a program tells numbers apart: the others get one answer for all. */
static void find_program_arches(struct sb_checker *c)
{
	const struct secbake_arch *arch;

	cover(c, c->target);
	for (size_t i = 0; (arch = sb_sibling(c->target, i)); i++) {
		uint32_t f = sb_arch_numbers(c, arch);

		if (c->ask.dd.node[f].var < SB_VAR_COUNT)
			cover(c, arch);
	}
}

static enum secbake_status check_programs(struct sb_checker *c, struct secbake_error *error)
{
	enum secbake_status status = SECBAKE_OK;

	c->target = c->options->arch;
	if (!c->options->program_count) {
		sb_check_mode(c);
		sb_found_tell(c);
		return c->no_memory ? no_memory(error) : SECBAKE_OK;
	}
	status = sb_ask_init(&c->ask);
	for (uint32_t i = 0; i < c->options->program_count && status == SECBAKE_OK; i++) {
		struct sock_filter insn[SECBAKE_PROGRAM_MAX];
		struct sb_program program;

		status = sb_program_decode(&c->options->program[i], insn, &program, error);
		if (status == SECBAKE_OK)
			status = sb_ask_add_program(&c->ask, &program, error);
	}
	if (status == SECBAKE_OK) {
		find_program_arches(c);
		status = run_checks(c, error);
	}
	sb_ask_free(&c->ask);
	if (status == SECBAKE_OK)
		sb_found_tell(c);
	else
		secbake_error_file(error, c->options->file, 0, 0, NULL);
	return c->no_memory ? no_memory(error) : status;
}

static enum secbake_status check_options(const struct secbake_check_options *options,
					 struct secbake_error *error)
{
	for (size_t i = 0; i < sizeof(options->reserved) / sizeof(options->reserved[0]); i++)
		if (options->reserved[i])
			return secbake_error_set(error, SECBAKE_ERR_INPUT, 0,
						 "reserved options must be zero");
	if (!options->findings ||
	    (!options->policy &&
	     (!options->program || !options->arch || !options->file ||
	      options->program_count > SECBAKE_LAYERS_MAX ||
	      (!options->program_count && !(options->program_mode & SECBAKE_BLOB_UNRESTRICTED)))))
		return secbake_error_set(error, SECBAKE_ERR_INPUT, 0,
					 "a policy or programs and a receiver are required");
	if (options->kernel_from > options->kernel_to)
		return secbake_error_set(error, SECBAKE_ERR_INPUT, 0,
					 "the range of kernels ends before it begins");
	return SECBAKE_OK;
}

enum secbake_status secbake_check(const struct secbake_check_options *options,
				  struct secbake_error *error)
{
	enum secbake_status status = check_options(options, error);
	struct sb_checker c = {.options = options, .first = true};

	if (status != SECBAKE_OK)
		return status;
	c.arena = sb_arena_new();
	if (!c.arena)
		return no_memory(error);
	status = options->policy ? check_policy(&c, error) : check_programs(&c, error);
	sb_arena_free(c.arena);
	return status;
}
