/* SPDX-License-Identifier: MIT */
/* A user of libsecbake-load: refuses to apply what is no blob. */
#include <stdio.h>
#include <string.h>

#include <secbake/load.h>

int main(void)
{
	static _Alignas(SECBAKE_BLOB_ALIGN) uint8_t bytes[512];
	const struct secbake_load_options options = {.mode = SECBAKE_MODE_ENFORCE};
	struct secbake_features features;
	struct secbake_error error = {0};
	struct secbake_blob blob;

	memcpy(bytes, SECBAKE_BLOB_MAGIC, 8);
	if (secbake_features_probe(&features, &error) != SECBAKE_OK)
		goto failed;
	if (secbake_blob_open(bytes, sizeof(bytes), &blob, &error) == SECBAKE_OK &&
	    secbake_load_apply(&blob, &features, &options, NULL, &error) == SECBAKE_OK) {
		fputs("zeros were applied as a filter\n", stderr);
		return 1;
	}
	return error.status == SECBAKE_ERR_INPUT ? 0 : 1;
failed:
	fprintf(stderr, "%s\n", error.text);
	return 1;
}
