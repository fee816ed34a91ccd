/* SPDX-License-Identifier: MIT */
/*
 * Read before each file of the loader: messages are seldom made, so that what leads to one is laid
 * apart from what each start runs. The compiler's other programs do without: it warns there, of
 * variables that are not set on such ways.
 */
#ifndef SB_COLD_H
#define SB_COLD_H

#include <secbake/error.h>

enum secbake_status secbake_error_set(struct secbake_error *error, enum secbake_status status,
				      int sys_errno, const char *format, ...) __attribute__((cold));
void secbake_error_file(struct secbake_error *error, const char *file, uint32_t line,
			uint32_t column, const char *pointer) __attribute__((cold));

#endif
