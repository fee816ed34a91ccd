/* SPDX-License-Identifier: MIT */
/*
 * Hostile texts for the importers. The first byte chooses the format, the second
 * architecture and strictness; what stands behind a byte 0xff is what the text includes.
 * A text is written in the native language, which must then compile, or is rejected with a word.
 */
#include <stdlib.h>
#include <string.h>

#include <secbake/import.h>

#define SIZE_MAX_HERE 16384u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct files {
	struct secbake_import_reader base; /* first */
	struct secbake_text included;
};

static enum secbake_status read_file(struct secbake_import_reader *self, uint32_t index,
				     uint32_t parent, const char *name, struct secbake_text *text,
				     struct secbake_error *error)
{
	if (!index || index >= SECBAKE_IMPORT_FILES_MAX || parent >= index || !*name ||
	    (*name != '/' &&
	     (!strncmp(name, "./", 2) || !strncmp(name, "../", 3) || strstr(name, "/../"))))
		abort();
	if (!((struct files *)self)->included.bytes)
		return secbake_error_set(error, SECBAKE_ERR_MISSING, 0, "is not there");
	*text = ((struct files *)self)->included;
	text->file = name;
	return SECBAKE_OK;
}

/* Accounts and groups of calls are not at hand here. */
static void compile(const char *json, size_t size, const struct secbake_arch *arch)
{
	struct secbake_compile_options options = {
		.name = "fuzz",
		.dialect = SECBAKE_DIALECT_NATIVE,
		.policy = {.bytes = json, .size = size, .file = "imported"},
		.sealed = true,
	};
	struct secbake_compiled *compiled;
	enum secbake_status status;

	if (strstr(json, "\"user:") || strstr(json, "\"group:") || strstr(json, "\"@"))
		return;
	if (secbake_features_of_kernel(arch, SECBAKE_KERNEL(6, 12), &options.target, NULL))
		abort();
	status = secbake_compile(&options, &compiled, NULL);
	if (status == SECBAKE_OK)
		secbake_compiled_free(compiled);
	else if (status != SECBAKE_ERR_LIMIT && status != SECBAKE_ERR_UNKNOWN)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const arches[] = {"x86_64", "aarch64", "x86", "s390x"};
	struct files files = {.base = {.read = read_file}};
	struct secbake_import_options options = {.reader = &files.base};
	struct secbake_error error = {0};
	enum secbake_status status;
	size_t count = 0, written;
	const uint8_t *split;
	char *bytes, *json;

	if (size < 2 || size > SIZE_MAX_HERE)
		return -1;
	while (secbake_import_format_at(count))
		count++;
	options.format = secbake_import_format_at(data[0] % count);
	options.arch = secbake_arch_find(arches[data[1] % 4]);
	options.strict = data[1] & 4;
	size -= 2;
	bytes = malloc(size ? size : 1);
	if (!bytes)
		abort();
	memcpy(bytes, data + 2, size);
	split = size ? memchr(bytes, 0xff, size) : NULL;
	if (split) {
		files.included.bytes = (const char *)split + 1;
		files.included.size = size - (size_t)((const char *)split - bytes) - 1;
		size = (size_t)((const char *)split - bytes);
	}
	options.policy = (struct secbake_text){.bytes = bytes, .size = size, .file = "fuzz"};
	status = secbake_import(&options, &json, &written, &error);
	if (status == SECBAKE_OK) {
		if (strlen(json) != written)
			abort();
		if (!(data[1] & 56)) /* one in eight: it takes most of the time */
			compile(json, written, options.arch);
		free(json);
	} else if (status == SECBAKE_ERR_INTERNAL || error.status != status || !*error.text) {
		abort();
	}
	free(bytes);
	return 0;
}
