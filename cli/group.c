/* SPDX-License-Identifier: MIT */
/* See group.h. */
#include "group.h"

#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>

#include "program.h"

#define NAME_MAX_BYTES 64

static bool plain_name(const char *name)
{
	size_t size = strlen(name);

	return size > 1 && size < NAME_MAX_BYTES &&
	       strspn(name + 1,
		      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") ==
		       size - 1;
}

/* The whole program of the kernel's, in memory that the blob needs aligned: malloc's is. */
static enum cli_exit take_program(struct cli_group *group)
{
	struct secbake_error error = {0};
	size_t size;
	const uint8_t *blob = secbake_compiled_blob(group->compiled, &size);
	struct secbake_blob_variant variant;

	group->programs = calloc(1, sizeof(*group->programs));
	if (!group->programs) {
		secbake_error_set(&error, SECBAKE_ERR_MEMORY, 0, "out of memory");
		return cli_fail(&error);
	}
	if (secbake_blob_open(blob, size, &group->programs->blob, &error) != SECBAKE_OK)
		return cli_fail(&error);
	variant = secbake_blob_variant(&group->programs->blob, 0);
	cli_programs_of_variant(group->programs, &variant);
	return CLI_DONE;
}

enum cli_exit cli_group_open(struct cli_group *group, struct cli_sources *sources,
			     const struct secbake_arch *arch, const char *name)
{
	struct secbake_compile_options options = {.name = "group", .sources = &sources->base};
	struct secbake_error error = {0};
	char policy[NAME_MAX_BYTES + 256];

	*group = (struct cli_group){0};
	if (!plain_name(name)) {
		fprintf(stderr, "secbake syscalls: \"%s\" cannot name a group\n", name);
		return CLI_USAGE;
	}
	snprintf(policy, sizeof(policy),
		 "{\"secbake\":1,\"architectures\":[\"%s\"],\"default\":\"errno:EPERM\","
		 "\"rules\":[{\"syscalls\":[\"%s\"],\"action\":\"allow\"}]}",
		 arch->name, name);
	options.policy = (struct secbake_text){policy, strlen(policy), ""};
	/* Any kernel does: nothing is asked of it. x32 is an ABI of x86_64's kernel. */
	secbake_features_of_kernel(secbake_arch_by_audit(arch->audit_arch), SECBAKE_KERNEL(6, 12),
				   &options.target, NULL);
	cli_sources_init(sources, "");
	if (secbake_compile(&options, &group->compiled, &error) != SECBAKE_OK) {
		error.line = 0;
		error.file[0] = error.pointer[0] = '\0'; /* of a policy that nobody wrote */
		return cli_fail(&error);
	}
	return take_program(group);
}

bool cli_group_has(const struct cli_group *group, const struct secbake_arch *arch, uint32_t nr)
{
	struct secbake_call call = {.audit_arch = arch->audit_arch, .nr = nr};
	uint32_t verdict = 0;

	return secbake_emulate(&group->programs->program[0], &call, &verdict, NULL) == SECBAKE_OK &&
	       verdict == SECCOMP_RET_ALLOW;
}

void cli_group_close(struct cli_group *group)
{
	free(group->programs);
	secbake_compiled_free(group->compiled);
}
