/* SPDX-License-Identifier: MIT */
/* Strings in JSON. */
#include "cli.h"

/* The bytes of one UTF-8 character at text, or 0 where there is none. */
static size_t character(const unsigned char *text)
{
	static const struct {
		unsigned char mask, lead;
	} form[] = {{0xe0, 0xc0}, {0xf0, 0xe0}, {0xf8, 0xf0}};

	if (*text < 0x80)
		return 1;
	for (size_t i = 0; i < sizeof(form) / sizeof(form[0]); i++) {
		if ((*text & form[i].mask) != form[i].lead)
			continue;
		for (size_t k = 1; k <= i + 1; k++)
			if ((text[k] & 0xc0) != 0x80)
				return 0;
		if (*text == 0xc0 || *text == 0xc1 || *text > 0xf4 ||
		    (*text == 0xe0 && text[1] < 0xa0) || (*text == 0xed && text[1] > 0x9f) ||
		    (*text == 0xf0 && text[1] < 0x90) || (*text == 0xf4 && text[1] > 0x8f))
			return 0;
		return i + 2;
	}
	return 0;
}

/* Paths may be any bytes, JSON may not: what is no character becomes U+FFFD. */
void cli_json_string(const char *text)
{
	const unsigned char *p = (const unsigned char *)text;

	putchar('"');
	while (*p) {
		size_t size = character(p);

		if (!size) {
			fputs("\\ufffd", stdout);
			size = 1;
		} else if (*p < 0x20 || *p == 0x7f) {
			printf("\\u%04x", (unsigned int)*p);
		} else {
			if (*p == '"' || *p == '\\')
				putchar('\\');
			fwrite(p, 1, size, stdout);
		}
		p += size;
	}
	putchar('"');
}
