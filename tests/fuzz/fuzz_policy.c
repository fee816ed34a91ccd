/* SPDX-License-Identifier: MIT */
/*
 * libFuzzer: any bytes as a policy. The first two choose the target and the
 * options, the rest is the document: read, resolved, generated and proved, and checked, or
 * rejected with a place and a reason. docs: tests/README.md, "Fuzzing".
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <secbake/check.h>

/* The other files of a policy: the document itself as every base, two groups, two accounts. */
struct files {
	struct secbake_source_reader base;
	struct secbake_text policy;
};

static struct secbake_text text_of(const char *text)
{
	return (struct secbake_text){text, strlen(text), "text"};
}

static enum secbake_status read_file(struct secbake_source_reader *self, uint32_t index,
				     enum secbake_source_kind kind, uint32_t parent,
				     const char *name, struct secbake_text *text,
				     struct secbake_error *error)
{
	(void)index;
	(void)kind;
	(void)parent;
	if (!strcmp(name, "@groups"))
		*text = text_of(
			"{\"secbake\":1,\"groups\":{\"@a\":[\"read\",\"@b\"],\"@b\":[\"open\"]}}");
	else if (strlen(name) % 2)
		*text = ((struct files *)self)->policy; /* base is its first member */
	else
		return secbake_error_set(error, SECBAKE_ERR_MISSING, 0, "there is none");
	return SECBAKE_OK;
}

static enum secbake_status read_accounts(struct secbake_source_reader *self, bool groups,
					 struct secbake_text *text, struct secbake_error *error)
{
	(void)self;
	(void)error;
	*text = text_of(groups ? "adm:x:4:\n" : "root:x:0:0::/root:/bin/sh\n");
	return SECBAKE_OK;
}

/* Every finding says something, of a file. */
static void found(struct secbake_findings *self, const struct secbake_finding *finding)
{
	(void)self;
	if (!finding->message.text[0] || !finding->message.file[0] || !finding->check->mend[0])
		abort();
}

/* What compiles can be checked, unless that is beyond the limits of the questions. */
static void check(const struct secbake_compile_options *options)
{
	struct secbake_findings findings = {.found = found};
	struct secbake_check_options check_options = {.policy = options, .findings = &findings};
	enum secbake_status status = secbake_check(&check_options, NULL);

	if (status != SECBAKE_OK && status != SECBAKE_ERR_UNKNOWN)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static const char *const caps[] = {"CAP_SYS_ADMIN"};
	struct secbake_compile_options options = {.name = "fuzz"};
	struct secbake_compiled *compiled = NULL;
	struct files files = {.base = {read_file, read_accounts}};
	struct secbake_error error = {0};
	const struct secbake_arch *arch;
	enum secbake_status status;
	uint32_t kernel;

	if (size < 2)
		return 0;
	arch = secbake_arch_at(bytes[0] & 0x1f);
	kernel = bytes[1] & 1 ? SECBAKE_KERNEL(4, 9) : SECBAKE_KERNEL(6, 12);
	if (!arch || arch->x32)
		arch = secbake_arch_find("x86_64");
	if (secbake_features_of_kernel(arch, kernel, &options.target, NULL) != SECBAKE_OK)
		abort();
	options.policy = (struct secbake_text){(const char *)bytes + 2, size - 2, "policy.json"};
	files.policy = options.policy;
	options.sources = &files.base;
	options.strict = bytes[1] & 2;
	options.caps = caps;
	options.cap_count = bytes[1] & 4 ? 1 : 0;
	options.enosys = bytes[1] & 8 ? SECBAKE_ENOSYS_NONE : SECBAKE_ENOSYS_AUTO;
	status = secbake_compile(&options, &compiled, &error);
	if (status == SECBAKE_ERR_INTERNAL || (status != SECBAKE_OK && !error.text[0]))
		abort(); /* we were wrong, or said nothing */
	secbake_compiled_free(compiled);
	if (status == SECBAKE_OK)
		check(&options);
	return 0;
}
