/* SPDX-License-Identifier: MIT */
/* Writing programs out: a listing to read, bpf_asm's input, a C header. */
#include <secbake/inspect.h>

#include <ctype.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "program.h"
#include "program_bytes.h"
#include "syscalls.h"

/* What the accumulator holds where an instruction is reached; mixed when paths differ. */
enum holds { HOLDS_NOTHING, HOLDS_ARCH, HOLDS_NUMBER, HOLDS_OTHER };

struct context {
	enum holds holds;
	const struct secbake_arch *arch; /* known once a test for it was passed */
	bool reached;
};

static void join(struct context *at, struct context with)
{
	if (!at->reached) {
		*at = with;
		at->reached = true;
		return;
	}
	if (at->holds != with.holds)
		at->holds = HOLDS_OTHER;
	if (at->arch != with.arch)
		at->arch = NULL;
}

static const char *word_name(uint32_t offset, bool big_endian, char text[24])
{
	uint32_t first = (uint32_t)offsetof(struct seccomp_data, args);

	if (offset == offsetof(struct seccomp_data, nr))
		return "nr";
	if (offset == offsetof(struct seccomp_data, arch))
		return "arch";
	if (offset < first)
		return (offset == 8) != big_endian ? "ip.low" : "ip.high";
	snprintf(text, 24, "args[%u].%s", (offset - first) / 8,
		 (offset % 8 == 0) != big_endian ? "low" : "high");
	return text;
}

static const char *jump_name(uint16_t code)
{
	switch (BPF_OP(code)) {
	case BPF_JEQ:
		return "==";
	case BPF_JGT:
		return ">";
	case BPF_JGE:
		return ">=";
	default:
		return "&";
	}
}

static bool is_x32_number(const struct context *at, const struct sock_filter *insn)
{
	return at->holds == HOLDS_NUMBER && at->arch && insn->k >= SECBAKE_X32_BIT &&
	       !strcmp(at->arch->name, "x86_64");
}

/*
 * The name of the operand where the accumulator says what it is; "" elsewhere. Of X and of
 * bits that are tested nothing is known.
 */
static const char *operand_name(const struct context *at, const struct sock_filter *insn)
{
	const struct secbake_arch *arch = at->arch;
	const char *name = NULL;

	if (BPF_SRC(insn->code) == BPF_X || BPF_OP(insn->code) == BPF_JSET)
		return "";
	if (at->holds == HOLDS_ARCH) {
		arch = secbake_arch_by_audit(insn->k);
		return arch ? arch->name : "";
	}
	if (at->holds != HOLDS_NUMBER || !arch)
		return "";
	if (is_x32_number(at, insn))
		arch = secbake_arch_find("x32");
	name = sb_syscall_name(arch, insn->k);
	return name ? name : "";
}

static void list_jump(FILE *out, uint32_t i, const struct sock_filter *insn,
		      const struct context *at)
{
	const char *name = operand_name(at, insn);

	if (BPF_OP(insn->code) == BPF_JA) {
		fprintf(out, "goto %u", i + 1 + insn->k);
		return;
	}
	if (BPF_SRC(insn->code) == BPF_X)
		fprintf(out, "if A %s X", jump_name(insn->code));
	else
		fprintf(out, "if A %s 0x%x", jump_name(insn->code), insn->k);
	if (*name)
		fprintf(out, " (%s%s)", is_x32_number(at, insn) ? "x32 " : "", name);
	fprintf(out, " goto %u else %u", i + 1 + insn->jt, i + 1 + insn->jf);
}

static void list_alu(FILE *out, const struct sock_filter *insn)
{
	static const char *const ops[] = {"+", "-", "*", "/", "|", "&", "<<", ">>"};
	unsigned int op = BPF_OP(insn->code) >> 4;

	if (BPF_OP(insn->code) == BPF_NEG)
		fputs("A = -A", out);
	else if (BPF_SRC(insn->code) == BPF_X)
		fprintf(out, "A = A %s X", op < 8 ? ops[op] : "^");
	else
		fprintf(out, "A = A %s 0x%x", op < 8 ? ops[op] : "^", insn->k);
}

static void list_load(FILE *out, const struct sock_filter *insn, bool big_endian)
{
	const char *to = BPF_CLASS(insn->code) == BPF_LDX ? "X" : "A";
	char text[24];

	switch (BPF_MODE(insn->code)) {
	case BPF_ABS:
		fprintf(out, "%s = %s", to, word_name(insn->k, big_endian, text));
		break;
	case BPF_IMM:
		fprintf(out, "%s = 0x%x", to, insn->k);
		break;
	case BPF_MEM:
		fprintf(out, "%s = M[%u]", to, insn->k);
		break;
	default:
		fprintf(out, "%s = sizeof(struct seccomp_data)", to);
		break;
	}
}

static void list_insn(FILE *out, uint32_t i, const struct sock_filter *insn, bool big_endian,
		      const struct context *at)
{
	char verdict[SECBAKE_VERDICT_TEXT];

	switch (BPF_CLASS(insn->code)) {
	case BPF_LD:
	case BPF_LDX:
		list_load(out, insn, big_endian);
		break;
	case BPF_ST:
		fprintf(out, "M[%u] = A", insn->k);
		break;
	case BPF_STX:
		fprintf(out, "M[%u] = X", insn->k);
		break;
	case BPF_ALU:
		list_alu(out, insn);
		break;
	case BPF_JMP:
		list_jump(out, i, insn, at);
		break;
	case BPF_RET:
		secbake_verdict_format(insn->k, verdict);
		fprintf(out, "return %s", BPF_RVAL(insn->code) == BPF_A ? "A" : verdict);
		break;
	default:
		fputs(BPF_MISCOP(insn->code) == BPF_TAX ? "X = A" : "A = X", out);
		break;
	}
}

/* Hands what is known at i to the instructions that follow it. */
static void flow(const struct sb_program *program, struct context *at, uint32_t i)
{
	const struct sock_filter *insn = &program->insn[i];
	struct context next = at[i], taken = at[i];

	if (BPF_CLASS(insn->code) == BPF_RET)
		return;
	if (BPF_CLASS(insn->code) == BPF_JMP) {
		if (BPF_OP(insn->code) == BPF_JA) {
			join(&at[i + 1 + insn->k], next);
			return;
		}
		if (at[i].holds == HOLDS_ARCH && BPF_OP(insn->code) == BPF_JEQ)
			taken.arch = secbake_arch_by_audit(insn->k);
		join(&at[i + 1 + insn->jt], taken);
		join(&at[i + 1 + insn->jf], next);
		return;
	}
	if (insn->code == (BPF_LD | BPF_W | BPF_ABS))
		next.holds = insn->k == offsetof(struct seccomp_data, nr)     ? HOLDS_NUMBER
			     : insn->k == offsetof(struct seccomp_data, arch) ? HOLDS_ARCH
									      : HOLDS_OTHER;
	else if (BPF_CLASS(insn->code) == BPF_LD || BPF_CLASS(insn->code) == BPF_ALU ||
		 insn->code == (BPF_MISC | BPF_TXA))
		next.holds = HOLDS_OTHER;
	join(&at[i + 1], next);
}

static void listing(FILE *out, const struct sb_program *program, struct context *at)
{
	at[0].reached = true;
	for (uint32_t i = 0; i < program->count; i++) {
		if (at[i].reached)
			flow(program, at, i);
		fprintf(out, "%4u  ", i);
		list_insn(out, i, &program->insn[i], program->big_endian, &at[i]);
		fputc('\n', out);
	}
}

/* bpf_asm knows the mnemonics below; targets are labels. */
static void asm_insn(FILE *out, uint32_t i, const struct sock_filter *insn)
{
	static const char *const alu[] = {"add", "sub", "mul", "div", "or", "and",
					  "lsh", "rsh", "neg", "mod", "xor"};
	static const char *const jump[] = {"ja", "jeq", "jgt", "jge", "jset"};
	const char *x = BPF_CLASS(insn->code) == BPF_LDX ? "ldx" : "ld";
	unsigned int op = BPF_OP(insn->code) >> 4;

	switch (BPF_CLASS(insn->code)) {
	case BPF_LD:
	case BPF_LDX:
		if (BPF_MODE(insn->code) == BPF_ABS)
			fprintf(out, "ld [%u]", insn->k);
		else if (BPF_MODE(insn->code) == BPF_IMM)
			fprintf(out, "%s #0x%x", x, insn->k);
		else if (BPF_MODE(insn->code) == BPF_MEM)
			fprintf(out, "%s M[%u]", x, insn->k);
		else
			fprintf(out, "%s len", x);
		break;
	case BPF_ST:
		fprintf(out, "st M[%u]", insn->k);
		break;
	case BPF_STX:
		fprintf(out, "stx M[%u]", insn->k);
		break;
	case BPF_ALU:
		fputs(alu[op], out);
		if (BPF_OP(insn->code) != BPF_NEG)
			BPF_SRC(insn->code) == BPF_X ? fputs(" x", out)
						     : fprintf(out, " #0x%x", insn->k);
		break;
	case BPF_JMP:
		if (BPF_OP(insn->code) == BPF_JA) {
			fprintf(out, "ja L%u", i + 1 + insn->k);
			break;
		}
		fputs(jump[op], out);
		BPF_SRC(insn->code) == BPF_X ? fputs(" x", out) : fprintf(out, " #0x%x", insn->k);
		fprintf(out, ", L%u, L%u", i + 1 + insn->jt, i + 1 + insn->jf);
		break;
	case BPF_RET:
		BPF_RVAL(insn->code) == BPF_A ? fputs("ret a", out)
					      : fprintf(out, "ret #0x%x", insn->k);
		break;
	default:
		fputs(BPF_MISCOP(insn->code) == BPF_TAX ? "tax" : "txa", out);
		break;
	}
}

static void assembler(FILE *out, const struct sb_program *program)
{
	for (uint32_t i = 0; i < program->count; i++) {
		fprintf(out, "L%u:\t", i);
		asm_insn(out, i, &program->insn[i]);
		fputc('\n', out);
	}
}

static void c_header(FILE *out, const struct sb_program *program, const char *name)
{
	fputs("/* A seccomp filter program. */\n#include <linux/filter.h>\n\n", out);
	/* A prefix: a policy may be called int, or begin with a digit. */
	fputs("static const struct sock_filter filter_", out);
	for (; *name; name++)
		fputc(isalnum((unsigned char)*name) ? *name : '_', out);
	fputs("[] = {\n", out);
	for (uint32_t i = 0; i < program->count; i++)
		fprintf(out, "\t{0x%02x, %u, %u, 0x%08x},\n", program->insn[i].code,
			program->insn[i].jt, program->insn[i].jf, program->insn[i].k);
	fputs("};\n", out);
}

static enum secbake_status write_out(const struct sb_program *program, enum secbake_style style,
				     const char *name, char **text, struct secbake_error *error)
{
	struct context *at = calloc(program->count + 1, sizeof(*at));
	size_t size = 0;
	char *made = NULL;
	FILE *out = at ? open_memstream(&made, &size) : NULL;
	bool whole;

	if (out) {
		if (style == SECBAKE_STYLE_LISTING)
			listing(out, program, at);
		else if (style == SECBAKE_STYLE_ASM)
			assembler(out, program);
		else
			c_header(out, program, name ? name : "filter");
	}
	free(at);
	whole = out && !ferror(out);
	if (!out || fclose(out) || !whole) {
		free(made);
		return secbake_error_set(error, SECBAKE_ERR_MEMORY, 0, "out of memory");
	}
	*text = made;
	return SECBAKE_OK;
}

enum secbake_status secbake_disassemble(const struct secbake_program *bytes,
					enum secbake_style style, const char *name, char **text,
					struct secbake_error *error)
{
	struct sock_filter insn[SECBAKE_PROGRAM_MAX];
	struct sb_program program;
	enum secbake_status status = sb_program_decode(bytes, insn, &program, error);

	/* Only what the kernel would take is written out: jumps then stay inside. */
	if (status == SECBAKE_OK)
		status = sb_validate(&program, error);
	return status == SECBAKE_OK ? write_out(&program, style, name, text, error) : status;
}
