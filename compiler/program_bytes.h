/* SPDX-License-Identifier: MIT */
/* Between a program's bytes in the target's byte order and its instructions. */
#ifndef SB_PROGRAM_BYTES_H
#define SB_PROGRAM_BYTES_H

#include <secbake/inspect.h>

#include "program.h"

/* SECBAKE_OK, or SECBAKE_ERR_INPUT when the count is not one that the kernel takes. */
enum secbake_status sb_program_decode(const struct secbake_program *bytes,
				      struct sock_filter insn[SECBAKE_PROGRAM_MAX],
				      struct sb_program *program, struct secbake_error *error);

#endif
