/* SPDX-License-Identifier: MIT */
/*
 * A generator that errs, for unproved.sh: linked in place of the call of the proof
 * (--wrap), it changes the finished program in one bit and then has it proved. The
 * product has no such thing in it.
 */
#include <compiler/prove.h>

enum secbake_status __real_sb_prove(const struct sb_program *program, const struct sb_layer *layer,
				    struct sb_witness *witness, struct secbake_error *error);
enum secbake_status __wrap_sb_prove(const struct sb_program *program, const struct sb_layer *layer,
				    struct sb_witness *witness, struct secbake_error *error);

enum secbake_status __wrap_sb_prove(const struct sb_program *program, const struct sb_layer *layer,
				    struct sb_witness *witness, struct secbake_error *error)
{
	struct sock_filter *insn = (struct sock_filter *)program->insn;

	/* The last test of an equality in the program is for a number beside the right one. */
	for (uint32_t i = program->count; i-- > 0;) {
		if (insn[i].code == (BPF_JMP | BPF_JEQ | BPF_K)) {
			insn[i].k ^= 1;
			break;
		}
	}
	return __real_sb_prove(program, layer, witness, error);
}
