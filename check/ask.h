/* SPDX-License-Identifier: MIT */
/*
 * Questions about what a filter decides, answered exactly from its decision
 * diagram (compiler/prove_internal.h): "is there a call to ioctl whose second
 * argument's lower half is TIOCSTI, and that runs?" is one path in it.
 *
 * A set of calls is a condition: a diagram with leaves SB_DD_FALSE and SB_DD_TRUE.
 * Failures stick in ask->dd.status; what is returned then means nothing.
 */
#ifndef SB_ASK_H
#define SB_ASK_H

#include <compiler/prove_internal.h>

struct sb_ask {
	struct sb_dd dd;
	uint32_t root; /* verdicts of all layers together */
	/* What the running question found for each node of the diagram it is about. */
	uint32_t *stamp, *result, room, now;
};

/* After sb_ask_init() fails, sb_ask_free() is still due. Without layers everything runs. */
enum secbake_status sb_ask_init(struct sb_ask *ask);
void sb_ask_free(struct sb_ask *ask);
/* Says what ask->dd.status means. */
enum secbake_status sb_ask_failed(enum secbake_status status, struct secbake_error *error);
/* A filter on top of those before: of two verdicts the kernel takes the stricter one. */
enum secbake_status sb_ask_add_layer(struct sb_ask *ask, const struct sb_layer *layer,
				     struct secbake_error *error);
enum secbake_status sb_ask_add_program(struct sb_ask *ask, const struct sb_program *program,
				       struct secbake_error *error);

/* The verdicts of one architecture by number and arguments; of one number by arguments. */
uint32_t sb_ask_arch(const struct sb_ask *ask, uint32_t audit_arch);
uint32_t sb_ask_call(const struct sb_ask *ask, uint32_t audit_arch, uint32_t nr);
/* The same of another diagram in this table. */
uint32_t sb_ask_number(const struct sb_ask *ask, uint32_t root, uint32_t audit_arch, uint32_t nr);

/* Of verdicts f, the calls whose verdict is one that kind takes. */
uint32_t sb_ask_kind(struct sb_ask *ask, uint32_t f, bool (*kind)(uint32_t verdict));
/* f where (args[arg] & mask) == value, as a function of all else. */
uint32_t sb_ask_with(struct sb_ask *ask, uint32_t f, uint32_t arg, uint64_t mask, uint64_t value);
/* The calls that come to be in f if the bits in mask of the argument are chosen well. */
uint32_t sb_ask_some(struct sb_ask *ask, uint32_t f, uint32_t arg, uint64_t mask);
/* The calls with (args[arg] & mask) == value. */
uint32_t sb_ask_where(struct sb_ask *ask, uint32_t arg, uint64_t mask, uint64_t value);
uint32_t sb_ask_and(struct sb_ask *ask, uint32_t f, uint32_t g);
uint32_t sb_ask_not(struct sb_ask *ask, uint32_t f);

/*
 * Of all values of an argument, the share with which a call, as it is else, is in f; exact to
 * 32 bits.
 */
double sb_ask_share(struct sb_ask *ask, uint32_t f, uint32_t arg, const struct seccomp_data *call);

/* The least call of a set that is not empty; bits that do not matter are 0. */
void sb_ask_witness(const struct sb_ask *ask, uint32_t f, struct seccomp_data *data);
/* The different verdicts in f, at most max of them; returns how many. */
uint32_t sb_ask_verdicts(struct sb_ask *ask, uint32_t f, uint32_t *verdict, uint32_t max);

#endif
