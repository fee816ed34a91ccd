/* SPDX-License-Identifier: MIT */
/* Asking a program: verdicts, and what it costs. */
#include <secbake/inspect.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "errnos.h"
#include "program.h"
#include "program_bytes.h"
#include "syscalls.h"

#ifndef SECCOMP_RET_USER_NOTIF
#define SECCOMP_RET_USER_NOTIF 0x7fc00000u
#endif

static uint32_t get32(const uint8_t *b, bool big_endian)
{
	if (big_endian)
		return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
	return (uint32_t)b[3] << 24 | (uint32_t)b[2] << 16 | (uint32_t)b[1] << 8 | b[0];
}

enum secbake_status sb_program_decode(const struct secbake_program *bytes,
				      struct sock_filter insn[SECBAKE_PROGRAM_MAX],
				      struct sb_program *program, struct secbake_error *error)
{
	if (bytes->count == 0 || bytes->count > SECBAKE_PROGRAM_MAX)
		return secbake_error_set(error, SECBAKE_ERR_INPUT, 0,
					 "a program has 1 to %u instructions, not %u",
					 SECBAKE_PROGRAM_MAX, bytes->count);
	for (uint32_t i = 0; i < bytes->count; i++) {
		const uint8_t *b = bytes->bytes + (size_t)i * 8;

		insn[i].code = (uint16_t)(bytes->big_endian ? b[0] << 8 | b[1] : b[1] << 8 | b[0]);
		insn[i].jt = b[2];
		insn[i].jf = b[3];
		insn[i].k = get32(b + 4, bytes->big_endian);
	}
	*program = (struct sb_program){insn, bytes->count, bytes->big_endian};
	return SECBAKE_OK;
}

enum secbake_status secbake_emulate(const struct secbake_program *bytes,
				    const struct secbake_call *call, uint32_t *verdict,
				    struct secbake_error *error)
{
	struct sock_filter insn[SECBAKE_PROGRAM_MAX];
	struct sb_program program;
	struct seccomp_data data = {.nr = (int)call->nr,
				    .arch = call->audit_arch,
				    .instruction_pointer = call->instruction_pointer};
	enum secbake_status status = sb_program_decode(bytes, insn, &program, error);

	for (int i = 0; i < 6; i++)
		data.args[i] = call->args[i];
	if (status == SECBAKE_OK)
		status = sb_validate(&program, error);
	return status == SECBAKE_OK ? sb_interpret(&program, &data, verdict, error) : status;
}

enum secbake_status secbake_cost_of(const struct secbake_program *bytes, const uint32_t *audit_arch,
				    size_t arch_count, uint32_t numbers, struct secbake_cost *cost,
				    struct secbake_error *error)
{
	struct sock_filter insn[SECBAKE_PROGRAM_MAX];
	struct sb_program program;
	enum secbake_status status = sb_program_decode(bytes, insn, &program, error);

	if (status == SECBAKE_OK)
		status = sb_validate(&program, error);
	if (status != SECBAKE_OK)
		return status;
	*cost = (struct secbake_cost){.instructions = bytes->count};
	for (size_t i = 0; i < arch_count; i++) {
		for (uint32_t nr = 0; nr < numbers; nr++) {
			uint32_t steps;

			cost->cached += sb_const_allow(&program, audit_arch[i], nr, &steps);
			cost->steps += steps;
		}
	}
	return SECBAKE_OK;
}

void secbake_verdict_format(uint32_t verdict, char text[SECBAKE_VERDICT_TEXT])
{
	secbake_verdict_format_on(secbake_arch_native(), verdict, text);
}

void secbake_verdict_format_on(const struct secbake_arch *arch, uint32_t verdict,
			       char text[SECBAKE_VERDICT_TEXT])
{
	uint32_t data = verdict & SECCOMP_RET_DATA;
	uint32_t number = data > 4095 ? 4095 : data; /* as the kernel caps it */
	const char *name = sb_errno_name(arch, number);

	switch (verdict & SECCOMP_RET_ACTION_FULL) {
	case SECCOMP_RET_KILL_PROCESS:
		strcpy(text, "KILL_PROCESS");
		break;
	case SECCOMP_RET_KILL_THREAD:
		strcpy(text, "KILL_THREAD");
		break;
	case SECCOMP_RET_TRAP:
		snprintf(text, SECBAKE_VERDICT_TEXT, data ? "TRAP(%u)" : "TRAP", data);
		break;
	case SECCOMP_RET_ERRNO:
		if (number && name)
			snprintf(text, SECBAKE_VERDICT_TEXT, "ERRNO(%u %s)", number, name);
		else
			snprintf(text, SECBAKE_VERDICT_TEXT, "ERRNO(%u)", number);
		break;
	case SECCOMP_RET_USER_NOTIF:
		strcpy(text, "NOTIFY");
		break;
	case SECCOMP_RET_TRACE:
		snprintf(text, SECBAKE_VERDICT_TEXT, "TRACE(%u)", data);
		break;
	case SECCOMP_RET_LOG:
		strcpy(text, "LOG");
		break;
	case SECCOMP_RET_ALLOW:
		strcpy(text, "ALLOW");
		break;
	default:
		snprintf(text, SECBAKE_VERDICT_TEXT, "UNKNOWN(0x%08x)", verdict);
		break;
	}
}

uint32_t secbake_verdict_strictest(uint32_t newer, uint32_t older)
{
	int32_t a = (int32_t)(newer & SECCOMP_RET_ACTION_FULL);
	int32_t b = (int32_t)(older & SECCOMP_RET_ACTION_FULL);

	return b < a ? older : newer;
}

bool secbake_syscall_number(const struct secbake_arch *arch, const char *name, uint32_t *nr)
{
	return sb_syscall_number(arch, name, nr);
}

const char *secbake_syscall_name(const struct secbake_arch *arch, uint32_t nr)
{
	return sb_syscall_name(arch, nr);
}

const char *secbake_syscall_nearest(const char *name)
{
	return sb_syscall_nearest(name);
}
