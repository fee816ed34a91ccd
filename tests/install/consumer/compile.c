/* SPDX-License-Identifier: MIT */
/* A user of libsecbake: compiles a policy and asks the program. */
#include <stdio.h>
#include <string.h>

#include <secbake/compile.h>
#include <secbake/inspect.h>

static const char policy[] = "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": ["
			     "{\"names\": [\"mount\"], \"action\": \"SCMP_ACT_ERRNO\"}]}";

int main(void)
{
	struct secbake_compile_options options = {
		.name = "consumer",
		.policy = {policy, sizeof(policy) - 1, "policy.json"},
	};
	struct secbake_call call = {.audit_arch = secbake_arch_native()->audit_arch};
	struct secbake_error error = {0};
	struct secbake_compiled *compiled;
	struct secbake_program program;
	struct secbake_blob blob;
	char text[SECBAKE_VERDICT_TEXT];
	const uint8_t *bytes;
	uint32_t verdict;
	size_t size;

	secbake_features_of_kernel(secbake_arch_native(), SECBAKE_KERNEL(6, 1), &options.target,
				   &error);
	if (secbake_compile(&options, &compiled, &error) != SECBAKE_OK)
		goto failed;
	bytes = secbake_compiled_blob(compiled, &size);
	if (secbake_blob_open(bytes, size, &blob, &error) != SECBAKE_OK)
		goto failed;
	program = (struct secbake_program){
		.bytes = secbake_blob_program(&blob, 0),
		.count = secbake_blob_layer(&blob, 0).insn_count,
		.big_endian = secbake_arch_native()->big_endian,
	};
	if (!secbake_syscall_number(secbake_arch_native(), "mount", &call.nr) ||
	    secbake_emulate(&program, &call, &verdict, &error) != SECBAKE_OK)
		goto failed;
	secbake_verdict_format(verdict, text);
	secbake_compiled_free(compiled);
	if (!strcmp(text, "ERRNO(1 EPERM)"))
		return 0;
	fprintf(stderr, "mount: %s\n", text);
	return 1;
failed:
	fprintf(stderr, "%s\n", error.text);
	return 1;
}
