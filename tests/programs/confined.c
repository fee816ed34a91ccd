/* SPDX-License-Identifier: MIT */
/*
 * confined BLOB [open]: applies a policy to itself, as a parser of what nobody trusts
 * would: everything is ready, then nothing is left but reading, writing and ending.
 * Counts the bytes of standard input; with "open", tries to open a file first.
 */
#include <secbake/load.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static _Alignas(SECBAKE_BLOB_ALIGN) uint8_t bytes[1 << 20];

static void confine(const char *path)
{
	const struct secbake_load_options options = {.mode = SECBAKE_MODE_ENFORCE};
	struct secbake_features features;
	struct secbake_error error = {0};
	struct secbake_blob blob;
	FILE *file = fopen(path, "rb");
	size_t size = file ? fread(bytes, 1, sizeof(bytes), file) : 0;

	if (file)
		fclose(file);
	if (secbake_features_probe(&features, &error) == SECBAKE_OK &&
	    secbake_blob_open(bytes, size, &blob, &error) == SECBAKE_OK &&
	    secbake_load_apply(&blob, &features, &options, NULL, &error) == SECBAKE_OK)
		return;
	fprintf(stderr, "confined: %s: %s\n", path, error.text);
	exit(1); /* never unfiltered */
}

int main(int argc, char *argv[])
{
	char buffer[4096], text[32];
	size_t total = 0;
	ssize_t got;
	int length;

	if (argc < 2)
		return 2;
	confine(argv[1]);
	if (argc > 2)
		open("/dev/null", O_RDONLY);
	while ((got = read(STDIN_FILENO, buffer, sizeof(buffer))) > 0)
		total += (size_t)got;
	length = snprintf(text, sizeof(text), "%zu bytes\n", total);
	if (write(STDOUT_FILENO, text, (size_t)length) != length)
		_exit(1);
	_exit(0);
}
