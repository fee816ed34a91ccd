/* SPDX-License-Identifier: MIT */
/*
 * Programs and layers written by hand, and the prover asked about them: right ones are
 * proved, and a wrong one is refuted by a call that the interpreter confirms.
 */
#ifndef TEST_PROVE_WORLD_H
#define TEST_PROVE_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "compiler/prove.h"
#include "compiler/prove_internal.h"

#define COUNT(array) ((uint32_t)(sizeof(array) / sizeof((array)[0])))
#define S(code, k) BPF_STMT((code), (k))
#define J(code, k, jt, jf) BPF_JUMP((code), (k), (jt), (jf))
#define LOAD(offset) S(BPF_LD | BPF_W | BPF_ABS, (offset))
#define RET(verdict) S(BPF_RET | BPF_K, (verdict))
#define JEQ(k, jt, jf) J(BPF_JMP | BPF_JEQ | BPF_K, (k), (jt), (jf))
#define JGE(k, jt, jf) J(BPF_JMP | BPF_JGE | BPF_K, (k), (jt), (jf))
#define JGT(k, jt, jf) J(BPF_JMP | BPF_JGT | BPF_K, (k), (jt), (jf))
#define JSET(k, jt, jf) J(BPF_JMP | BPF_JSET | BPF_K, (k), (jt), (jf))

#define ARG_LO(n) (16 + 8 * (n)) /* on a little-endian machine */
#define ARG_HI(n) (20 + 8 * (n))
#define X86_64 0xc000003eu
#define I386 0x40000003u
#define ALLOW SECCOMP_RET_ALLOW
#define KILL SECCOMP_RET_KILL_THREAD
#define EPERM_ (SECCOMP_RET_ERRNO | 1)
#define ENOSYS_ (SECCOMP_RET_ERRNO | 38)
#define PROVE(layer, program) prove((program), COUNT(program), false, (layer), NULL)

enum secbake_status prove(const struct sock_filter *insn, uint32_t count, bool big_endian,
			  const struct sb_layer *policy, struct secbake_error *error);

/* Refuted, and by a call on which interpreter and policy really differ. */
struct sb_witness refute(const struct sock_filter *insn, uint32_t count, bool big_endian,
			 const struct sb_layer *policy);

extern const struct sb_cond cond_wide;

extern const struct sb_rule rules[3];

extern const struct sb_map maps[2];
extern const struct sb_layer layer;

extern const struct sock_filter good[26];

extern const struct sb_map band_map[2];
extern const struct sb_layer band;

#endif
