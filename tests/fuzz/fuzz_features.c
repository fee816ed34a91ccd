/* SPDX-License-Identifier: MIT */
/*
 * Anything as a features file, from a buffer just as long. What is taken must come out the
 * same when it is written and read again; what is not must be said why.
 */
#include <stdlib.h>
#include <string.h>

#include <secbake/features.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void round_trip(const struct secbake_features *features)
{
	char text[SECBAKE_FEATURES_TEXT_MAX], again[SECBAKE_FEATURES_TEXT_MAX];
	struct secbake_features read;
	struct secbake_hash a, b;
	size_t size = secbake_features_format(features, text);

	if (size >= SECBAKE_FEATURES_TEXT_MAX || strlen(text) != size)
		abort();
	if (secbake_features_parse(text, size, &read, NULL))
		abort();
	if (secbake_features_format(&read, again) != size || memcmp(text, again, size) != 0)
		abort();
	secbake_features_hash(features, &a);
	secbake_features_hash(&read, &b);
	if (memcmp(&a, &b, sizeof(a)) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct secbake_features features;
	struct secbake_error error = {0};
	char *text = malloc(size ? size : 1);

	if (!text)
		abort();
	memcpy(text, data, size);
	if (!secbake_features_parse(text, size, &features, &error))
		round_trip(&features);
	else if (!error.text[0])
		abort();
	free(text);
	return 0;
}
