/* SPDX-License-Identifier: MIT */
/*
 * Memory that runs out, for nomem.sh: preloaded, it makes allocation number NOMEM_AT fail, and with
 * NOMEM_ON set all from there on; at the end it writes how many were asked for to descriptor 9, if
 * that is open.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

static unsigned long asked, at;
static bool on, ready;

static bool fails(void)
{
	if (!ready) { /* getenv() allocates nothing */
		const char *number = getenv("NOMEM_AT");

		ready = true;
		at = number ? strtoul(number, NULL, 10) : 0;
		on = getenv("NOMEM_ON") != NULL;
	}
	asked++;
	if (!at || asked < at || (asked > at && !on))
		return false;
	errno = ENOMEM;
	return true;
}

void *malloc(size_t size)
{
	return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	return fails() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
	return fails() ? NULL : __libc_realloc(old, size);
}

static __attribute__((destructor)) void say(void)
{
	char text[32];
	int size = snprintf(text, sizeof(text), "%lu\n", asked);

	if (write(9, text, (size_t)size) != size)
		return;
}
