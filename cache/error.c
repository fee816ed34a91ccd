/* SPDX-License-Identifier: MIT */
/*
 * Filling in struct secbake_error, with a formatter of its own: the loader
 * must not pull in stdio for a message. Control characters of what is quoted
 * never reach a terminal: names in policies are anybody's words.
 */
#include <secbake/error.h>

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct sink {
	char *text;
	size_t used, size;
};

static void put(struct sink *sink, char c)
{
	if (sink->used + 1 < sink->size)
		sink->text[sink->used++] = c;
}

static void put_string(struct sink *sink, const char *text, size_t limit)
{
	if (!text)
		text = "(none)";
	for (size_t i = 0; i < limit && text[i]; i++) {
		unsigned char c = (unsigned char)text[i];

		/* Those of U+0080 to U+009F, too: to some terminals U+009B is ESC [. */
		if (c == 0xc2 && i + 1 < limit && ((unsigned char)text[i + 1] & 0xe0) == 0x80) {
			c = '\0';
			i++;
		}
		put(sink, c < 0x20 || c == 0x7f ? '?' : (char)c);
	}
}

static void put_number(struct sink *sink, unsigned long long value, unsigned int base, int width,
		       bool zero)
{
	char digits[24];
	int n = 0;

	do {
		digits[n++] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	for (; width > n; width--)
		put(sink, zero ? '0' : ' ');
	while (n)
		put(sink, digits[--n]);
}

/* One conversion: what stands between '%' and its letter. */
struct conversion {
	bool alternate, zero, has_precision;
	int width, precision, length; /* length: 0 int, 1 long, 2 long long, 3 size_t */
};

static const char *parse_conversion(const char *p, struct conversion *c, va_list *args)
{
	*c = (struct conversion){0};
	for (; *p == '#' || *p == '0'; p++) {
		c->alternate |= *p == '#';
		c->zero |= *p == '0';
	}
	for (; *p >= '0' && *p <= '9'; p++)
		c->width = c->width * 10 + (*p - '0');
	if (*p == '.') {
		c->has_precision = true;
		p++;
		if (*p == '*') {
			c->precision = va_arg(*args, int);
			p++;
		}
		for (; *p >= '0' && *p <= '9'; p++)
			c->precision = c->precision * 10 + (*p - '0');
	}
	for (; *p == 'l'; p++)
		c->length++;
	if (*p == 'z') {
		c->length = 3;
		p++;
	}
	return p;
}

static unsigned long long unsigned_argument(int length, va_list *args)
{
	switch (length) {
	case 0:
		return va_arg(*args, unsigned int);
	case 1:
		return va_arg(*args, unsigned long);
	case 2:
		return va_arg(*args, unsigned long long);
	default:
		return va_arg(*args, size_t);
	}
}

static void put_signed(struct sink *sink, const struct conversion *c, va_list *args)
{
	long long value = c->length == 2   ? va_arg(*args, long long)
			  : c->length == 1 ? va_arg(*args, long)
					   : va_arg(*args, int);

	if (value < 0)
		put(sink, '-');
	put_number(sink, value < 0 ? 0ull - (unsigned long long)value : (unsigned long long)value,
		   10, c->width, c->zero);
}

static void format_into(struct sink *sink, const char *p, va_list *args)
{
	struct conversion c;

	for (; *p; p++) {
		if (*p != '%') {
			put(sink, *p);
			continue;
		}
		p = parse_conversion(p + 1, &c, args);
		switch (*p) {
		case 's':
			put_string(sink, va_arg(*args, const char *),
				   c.has_precision && c.precision >= 0 ? (size_t)c.precision
								       : (size_t)-1);
			break;
		case 'c':
			put(sink, (char)va_arg(*args, int));
			break;
		case 'd':
			put_signed(sink, &c, args);
			break;
		case 'u':
			put_number(sink, unsigned_argument(c.length, args), 10, c.width, c.zero);
			break;
		case 'x':
			if (c.alternate) {
				put(sink, '0');
				put(sink, 'x');
			}
			put_number(sink, unsigned_argument(c.length, args), 16, c.width, c.zero);
			break;
		case '%':
			put(sink, '%');
			break;
		default: /* not one of ours: say so rather than misread what follows */
			put_string(sink, "(bad format)", (size_t)-1);
			return;
		}
	}
}

enum secbake_status secbake_error_set(struct secbake_error *error, enum secbake_status status,
				      int sys_errno, const char *format, ...)
{
	struct sink sink;
	va_list args;

	if (!error || error->status != SECBAKE_OK)
		return status;
	memset(error, 0, sizeof(*error));
	error->status = status;
	error->sys_errno = sys_errno;
	sink = (struct sink){.text = error->text, .size = sizeof(error->text)};
	va_start(args, format);
	format_into(&sink, format, &args);
	va_end(args);
	error->text[sink.used] = '\0';
	return status;
}

/* Keeps the end of what is too long: the end of a path says more than its start. */
static void copy_tail(char *to, size_t size, const char *from)
{
	size_t length = strlen(from), skip = length >= size ? length - size + 1 : 0;
	struct sink sink = {.text = to, .size = size};

	put_string(&sink, from + skip, (size_t)-1);
	to[sink.used] = '\0';
}

void secbake_error_file(struct secbake_error *error, const char *file, uint32_t line,
			uint32_t column, const char *pointer)
{
	if (!error)
		return;
	if (file && !error->file[0])
		copy_tail(error->file, sizeof(error->file), file);
	if (pointer && !error->pointer[0])
		copy_tail(error->pointer, sizeof(error->pointer), pointer);
	if (!error->line) {
		error->line = line;
		error->column = column;
	}
}
