/* SPDX-License-Identifier: MIT */
/* Reading programs and calls. */
#include "program.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* It begins with a brace, which no program does: there is no such instruction. */
static bool is_policy(const struct cli_programs *programs)
{
	size_t at = 0;

	while (at < programs->size && strchr(" \t\r\n", programs->bytes[at]) && programs->bytes[at])
		at++;
	return at < programs->size && programs->bytes[at] == '{';
}

static enum cli_exit bare_program(struct cli_programs *programs, const struct secbake_arch *arch,
				  const char *path)
{
	struct secbake_error error = {0};

	if (is_policy(programs)) {
		secbake_error_set(&error, SECBAKE_ERR_INPUT, 0,
				  "is JSON, a policy, where a program or blob is wanted: secbake "
				  "compile makes one of it");
		secbake_error_file(&error, cli_shown(path), 0, 0, NULL);
		return cli_fail(&error);
	}
	if (programs->size == 0 || programs->size % 8 || programs->size / 8 > SECBAKE_PROGRAM_MAX) {
		secbake_error_set(&error, SECBAKE_ERR_INPUT, 0,
				  "is neither a blob nor a program: %zu bytes are not 1 to %u "
				  "instructions of 8 bytes",
				  programs->size, SECBAKE_PROGRAM_MAX);
		secbake_error_file(&error, cli_shown(path), 0, 0, NULL);
		return cli_fail(&error);
	}
	programs->count = 1;
	programs->program[0] = (struct secbake_program){.bytes = (const uint8_t *)programs->bytes,
							.count = (uint32_t)(programs->size / 8),
							.big_endian = arch->big_endian};
	return CLI_DONE;
}

void cli_programs_of_variant(struct cli_programs *programs,
			     const struct secbake_blob_variant *variant)
{
	const struct secbake_blob *blob = &programs->blob;

	programs->count = 0;
	for (uint32_t i = 0; i < variant->layer_count; i++) {
		struct secbake_blob_layer layer =
			secbake_blob_layer(blob, variant->layer_first + i);

		programs->filter_flags[programs->count] = layer.filter_flags;
		programs->program[programs->count++] = (struct secbake_program){
			.bytes = secbake_blob_program(blob, variant->layer_first + i),
			.count = layer.insn_count,
			.big_endian = blob->arch->big_endian};
	}
}

enum cli_exit cli_programs_of_blob(struct cli_programs *programs,
				   const struct secbake_features *features, enum secbake_mode mode,
				   const char *path)
{
	const struct secbake_blob *blob = &programs->blob;
	struct secbake_error error = {0};
	struct secbake_blob_variant variant;
	uint32_t index;

	if (blob->flags & SECBAKE_BLOB_UNRESTRICTED)
		return CLI_DONE; /* it has no program, in any mode */
	if (mode == SECBAKE_MODE_OWN)
		mode = blob->flags & SECBAKE_BLOB_COMPLAIN ? SECBAKE_MODE_COMPLAIN
							   : SECBAKE_MODE_ENFORCE;
	if (secbake_blob_select(blob, features, mode, &index, &error) != SECBAKE_OK) {
		secbake_error_file(&error, cli_shown(path), 0, 0, NULL);
		return cli_fail(&error);
	}
	variant = secbake_blob_variant(blob, index);
	cli_programs_of_variant(programs, &variant);
	return CLI_DONE;
}

enum cli_exit cli_programs_features(const struct cli_verb *verb,
				    const struct cli_programs *programs,
				    const struct cli_target *target,
				    struct secbake_features *features)
{
	struct cli_target of_blob = {.arch = programs->blob.arch->name,
				     .kernel = target->kernel,
				     .features = target->features};
	uint32_t count = secbake_blob_count(&programs->blob, SECBAKE_SECTION_VARIANTS);
	enum cli_exit status = cli_target_features(verb, &of_blob, features);

	if (status != CLI_DONE || target->kernel || target->features)
		return status;
	/* All variants asked one target, each about what it needed. */
	for (uint32_t i = 0; i < count; i++) {
		struct secbake_blob_variant v = secbake_blob_variant(&programs->blob, i);

		features->actions &= ~v.consulted_actions;
		features->actions |= v.answered_actions;
		features->flags &= ~v.consulted_flags;
		features->flags |= v.answered_flags;
	}
	return CLI_DONE;
}

enum cli_exit cli_programs_open(const struct cli_verb *verb, struct cli_programs *programs,
				const char *path, const struct cli_target *target,
				enum secbake_mode mode)
{
	const struct secbake_arch *arch =
		cli_arch(verb, target->arch ? target->arch : "native", true);
	struct secbake_features features;
	struct secbake_error error = {0};
	enum cli_exit status;

	if (!arch)
		return CLI_USAGE;
	programs->arch = arch;
	if (cli_read_file(path, SECBAKE_BLOB_SIZE_MAX, &programs->bytes, &programs->size, &error) !=
	    SECBAKE_OK)
		return cli_fail(&error);
	if (programs->size < 8 || memcmp(programs->bytes, SECBAKE_BLOB_MAGIC, 8) != 0)
		return bare_program(programs, arch, path);
	/* malloc's memory is aligned as a blob wants it. */
	if (secbake_blob_open((const uint8_t *)programs->bytes, programs->size, &programs->blob,
			      &error) != SECBAKE_OK) {
		secbake_error_file(&error, cli_shown(path), 0, 0, NULL);
		return cli_fail(&error);
	}
	if (!target->arch)
		programs->arch = programs->blob.arch;
	status = cli_programs_features(verb, programs, target, &features);
	return status == CLI_DONE ? cli_programs_of_blob(programs, &features, mode, path) : status;
}

void cli_programs_close(struct cli_programs *programs)
{
	free(programs->bytes);
}

bool cli_parse_number(const char *text, const char *end, uint64_t *value)
{
	bool minus = text < end && *text == '-';
	char copy[32], *stop;
	size_t size = (size_t)(end - (text + minus));
	uint64_t magnitude;

	if (size == 0 || size >= sizeof(copy))
		return false;
	memcpy(copy, text + minus, size);
	copy[size] = '\0';
	if (copy[0] < '0' || copy[0] > '9')
		return false;
	errno = 0;
	magnitude = strtoull(copy, &stop, 0);
	if (errno || *stop || (minus && magnitude > UINT64_C(1) << 63))
		return false;
	*value = minus ? -magnitude : magnitude;
	return true;
}

static bool parse_args(const struct cli_verb *verb, const char *args, struct secbake_call *call)
{
	const char *at = args;

	for (int i = 0; *at; i++) {
		const char *end = strchr(at, ',');

		end = end ? end : at + strlen(at);
		if (i == 6) {
			cli_usage(verb, "a call has at most 6 arguments: '%s'", args);
			return false;
		}
		if (!cli_parse_number(at, end, &call->args[i])) {
			cli_usage(verb, "'%.*s' is not a 64-bit number", (int)(end - at), at);
			return false;
		}
		at = *end ? end + 1 : end;
		if (*end && !*at) {
			cli_usage(verb, "a number is missing behind the last comma of '%s'", args);
			return false;
		}
	}
	return true;
}

bool cli_parse_call(const struct cli_verb *verb, const struct secbake_arch *arch,
		    const char *syscall, const char *args, struct secbake_call *call)
{
	const char *nearest;
	uint64_t number;

	*call = (struct secbake_call){.audit_arch = arch->audit_arch};
	if (cli_parse_number(syscall, syscall + strlen(syscall), &number)) {
		if (number > UINT32_MAX) {
			cli_usage(verb, "%s is no number of a call: they have 32 bits", syscall);
			return false;
		}
		call->nr = (uint32_t)number | (arch->x32 ? SECBAKE_X32_BIT : 0);
	} else if (!secbake_syscall_number(arch, syscall, &call->nr)) {
		nearest = secbake_syscall_nearest(syscall);
		if (nearest && strcmp(nearest, syscall) != 0)
			cli_usage(verb, "%s has no call '%s'; did you mean '%s'?", arch->name,
				  syscall, nearest);
		else
			cli_usage(verb, "%s has no call '%s'", arch->name, syscall);
		return false;
	}
	return parse_args(verb, args ? args : "", call);
}

void cli_print_call(FILE *out, const struct secbake_call *call)
{
	const struct secbake_arch *arch = secbake_arch_by_audit(call->audit_arch);
	const char *name = NULL;
	int last = 5;

	if (arch && !strcmp(arch->name, "x86_64") && (call->nr & SECBAKE_X32_BIT))
		arch = secbake_arch_find("x32");
	if (arch)
		name = secbake_syscall_name(arch, call->nr);
	if (arch)
		fprintf(out, "%s ", arch->name);
	else
		fprintf(out, "arch 0x%x ", call->audit_arch);
	if (name)
		fprintf(out, "%s(", name);
	else
		fprintf(out, "%u(", call->nr);
	while (last > 0 && !call->args[last])
		last--;
	for (int i = 0; i <= last; i++)
		fprintf(out, "%s0x%llx", i ? ", " : "", (unsigned long long)call->args[i]);
	fputc(')', out);
}
