/* SPDX-License-Identifier: MIT */
/*
 * Between the files of the prover; docs/proof.md is the way in.
 *
 *	prove.c          the proof: both diagrams, the witness, the bitmap
 *	prove_guess.c    a differing call, where diagrams give up
 *	prove_program.c  from a program to its diagram
 *	prove_live.c     which registers a program still reads
 *	prove_layer.c    from a resolved layer to its diagram; the plain evaluator
 *	prove_return.c   from a word that is returned to a diagram
 *	prove_word.c     32-bit arithmetic on words whose bits are diagrams
 *	prove_graph.c    the diagrams themselves
 *	prove_diff.c     where two diagrams differ, by architecture and number
 *	prove_side.c     several programs or layers as one diagram
 *	prove_terms.c    a condition written out
 *	prove_pairs.c    two diagrams into one, leaf by leaf
 *	prove_intern.c   equal keys get equal indices
 *
 * A diagram is a function from the bits that a filter can read to a leaf; it is
 * named by its node's index, and equal functions have equal indices. Conditions
 * have the leaves SB_DD_FALSE and SB_DD_TRUE, decisions have verdicts.
 */
#ifndef SB_PROVE_INTERNAL_H
#define SB_PROVE_INTERNAL_H

#include "program.h"
#include "resolved.h"

#include <stddef.h>

/* Where a program breaks an allocation or a limit, this comes back, and sticks. */
#define SB_DD_NONE 0xffffffffu
#define SB_DD_FALSE 0u
#define SB_DD_TRUE 1u

/*
 * Variables: one a bit, the most significant bit of a field first. Arch and
 * number come before anything else: what is decided without arguments is then
 * a diagram over these alone.
 */
enum {
	SB_VAR_ARCH = 0,
	SB_VAR_NR = 32,
	SB_VAR_IP = 64,
	SB_VAR_ARG = 128, /* 64 variables an argument */
	SB_VAR_COUNT = 512,
	SB_VAR_CONDITION = SB_VAR_COUNT, /* leaf: FALSE or TRUE */
	SB_VAR_VERDICT,			 /* leaf: a 32-bit verdict in lo */
	SB_VAR_BEYOND,			 /* leaf: what a program does that has no exact form */
};

struct sb_dd_node {
	uint32_t var;
	uint32_t lo, hi; /* where the variable is 0, where it is 1 */
};

struct sb_dd_memo {
	uint32_t f, g, h, result; /* f == SB_DD_FALSE: free */
};

/* Zeroed by sb_dd_init(). */
struct sb_dd {
	struct sb_dd_node *node;
	uint32_t count, capacity;
	uint32_t *slot; /* open addressing, capacity * 2 of them; index + 1, 0 is free */
	struct sb_dd_memo *memo;
	uint32_t memo_size; /* a power of two */
	uint32_t node_limit;
	uint64_t steps, step_limit;
	enum secbake_status status; /* the first failure */
};

/* What a proof may cost before its answer is "cannot tell". */
struct sb_prove_limits {
	uint32_t nodes;	 /* of diagrams, each about 20 bytes; at most 1 << 24 */
	uint64_t steps;	 /* of sb_dd_ite() */
	uint32_t points; /* pairs of an instruction and what the registers hold there */
};

/* prove_graph.c. After sb_dd_init() fails, sb_dd_free() is still due. */
enum secbake_status sb_dd_init(struct sb_dd *dd, const struct sb_prove_limits *limits);
void sb_dd_free(struct sb_dd *dd);
/* Records the first failure; SB_DD_NONE. */
uint32_t sb_dd_fail(struct sb_dd *dd, enum secbake_status status);
uint32_t sb_dd_node(struct sb_dd *dd, uint32_t var, uint32_t lo, uint32_t hi);
uint32_t sb_dd_verdict(struct sb_dd *dd, uint32_t verdict);
uint32_t sb_dd_beyond(struct sb_dd *dd);
/* Where condition f holds g, elsewhere h. */
uint32_t sb_dd_ite(struct sb_dd *dd, uint32_t f, uint32_t g, uint32_t h);
/* The half of diagram f in which var is value; var must not be below f's own. */
static inline uint32_t sb_dd_half(const struct sb_dd *dd, uint32_t f, uint32_t var, bool value)
{
	const struct sb_dd_node *node = &dd->node[f];

	if (node->var != var)
		return f;
	return value ? node->hi : node->lo;
}
/* Reports dd->status, naming the limit; where: "instruction 7", "the policy" ... */
enum secbake_status sb_dd_failed(const struct sb_dd *dd, const char *where,
				 struct secbake_error *error);

/* prove_intern.c: keys of one size, numbered from 0 in order of arrival. */
struct sb_intern {
	uint8_t *keys;
	size_t key_size; /* a multiple of 4, without padding inside */
	uint32_t count, capacity, limit;
	uint32_t *slot; /* capacity * 2; index + 1, 0 is free */
};

void sb_intern_init(struct sb_intern *intern, size_t key_size, uint32_t limit);
void sb_intern_free(struct sb_intern *intern);
/* SECBAKE_OK, SECBAKE_ERR_UNKNOWN at the limit, SECBAKE_ERR_MEMORY. */
enum secbake_status sb_intern_get(struct sb_intern *intern, const void *key, uint32_t *index);
/* Borrowed until the next sb_intern_get(). */
const void *sb_intern_key(const struct sb_intern *intern, uint32_t index);

/* prove_word.c: bit[0] is the least significant; each is a condition. */
struct sb_word {
	uint32_t bit[32];
};

struct sb_word sb_word_constant(uint32_t value);
/* The word at offset of seccomp_data, offset below 64 and divisible by 4. */
struct sb_word sb_word_input(struct sb_dd *dd, uint32_t offset, bool big_endian);
bool sb_word_value(const struct sb_word *word, uint32_t *value);
/*
 * op: BPF_ADD ... BPF_NEG. NULL, or why there is no exact answer; then *a is
 * untouched. Division by 0 is the caller's: there *a means nothing.
 */
const char *sb_word_alu(struct sb_dd *dd, uint16_t op, struct sb_word *a, const struct sb_word *b);
/* op: BPF_JEQ, BPF_JGT, BPF_JGE, BPF_JSET. */
uint32_t sb_word_test(struct sb_dd *dd, uint16_t op, const struct sb_word *a,
		      const struct sb_word *b);

/*
 * What nearly all jumps test: a plain word, whose bits are constants and bits of
 * the input in the order of variables, compared with a constant. Then the test is
 * a walk along one path, and no condition need be built for it.
 */
/* Is a plain? And the least and the greatest value that it can take. */
bool sb_word_plain(const struct sb_dd *dd, const struct sb_word *a, uint32_t *least,
		   uint32_t *most);
/* Of a plain word: is the test's outcome the same for every call? op as below. */
bool sb_word_always(uint16_t op, uint32_t least, uint32_t most, uint32_t k, bool *holds);
/* Where a plain word passes the test g, elsewhere h. op: BPF_JEQ, BPF_JGT, BPF_JGE. */
uint32_t sb_word_split(struct sb_dd *dd, uint16_t op, const struct sb_word *a, uint32_t k,
		       uint32_t g, uint32_t h);
/*
 * prove_return.c: RET A: the verdict for each value that a can take, as a diagram
 * (SB_DD_NONE where dd failed). NULL, or why there is none.
 */
const char *sb_word_return(struct sb_dd *dd, const struct sb_word *a, uint32_t *diagram);

/*
 * prove_program.c. The program must have passed sb_validate(). Where it goes on to an
 * instruction without an exact form the diagram has a leaf SB_VAR_BEYOND, and beyond
 * (zeroed by the caller) says which and why.
 */
enum secbake_status sb_prove_program(struct sb_dd *dd, const struct sb_program *program,
				     uint32_t point_limit, uint32_t *root,
				     struct secbake_error *beyond, struct secbake_error *error);
/* The condition under which a program's diagram is at such a leaf. */
uint32_t sb_prove_beyond(struct sb_dd *dd, uint32_t root);

/* prove_layer.c */
enum secbake_status sb_prove_layer_check(const struct sb_layer *layer, struct secbake_error *error);
enum secbake_status sb_prove_layer(struct sb_dd *dd, const struct sb_layer *layer, uint32_t *root,
				   struct secbake_error *error);
/* The calls for which one of some clauses holds: a condition. */
uint32_t sb_prove_clauses(struct sb_dd *dd, const struct sb_clause *clause, uint32_t count);
/* Looks the verdict up as resolved.h words it, without diagrams. */
uint32_t sb_prove_layer_eval(const struct sb_layer *layer, const struct seccomp_data *data);

/*
 * prove_guess.c: looks for a call on which they differ by trying; if dd is not NULL, those
 * that meet a condition, and all that the policy (diagram wanted) says to them, and
 * their neighbours. False: none was found, which proves nothing.
 */
struct sb_witness;
bool sb_prove_guess(const struct sb_program *program, const struct sb_layer *layer,
		    struct sb_dd *dd, uint32_t condition, uint32_t wanted,
		    struct sb_witness *witness);
/* prove.c: makes data meet a bit of a call: that of a variable. */
void sb_prove_set_bit(struct seccomp_data *data, uint32_t var, bool value);

/*
 * prove_pairs.c: the diagram whose leaf is, for each call, what leaf() makes of the
 * leaves f and g are there. leaf() gets and returns diagrams.
 */
uint32_t sb_dd_pairs(struct sb_dd *dd, uint32_t f, uint32_t g,
		     uint32_t (*leaf)(struct sb_dd *dd, const void *context, uint32_t f,
				      uint32_t g),
		     const void *context);

/* prove_side.c: several programs or layers as the kernel runs them, one after the other. */
struct sb_side;
enum secbake_status sb_prove_side(struct sb_dd *dd, const struct sb_side *side, uint32_t points,
				  uint32_t *root, struct secbake_error *error);
/* The same for one call, without diagrams. */
enum secbake_status sb_prove_side_eval(const struct sb_side *side, const struct seccomp_data *data,
				       uint32_t *verdict, struct secbake_error *error);

/* Registers of a program: its scratch memory, then these. */
enum {
	SB_REG_A = BPF_MEMWORDS,
	SB_REG_X,
	SB_REG_COUNT,
};
/* prove_live.c: for each instruction of a valid program the registers, a bit each, that are
 * read from there on before they are written. */
void sb_prove_live(const struct sb_program *program, uint32_t *live);

/*
 * prove_terms.c: a condition over arguments and instruction pointer written out, one
 * clause for each way to meet it. At most as many as *clause_count says on entry.
 */
struct sb_arena;
struct secbake_diff_clause;
bool sb_prove_terms(struct sb_dd *dd, struct sb_arena *arena, uint32_t condition,
		    struct secbake_diff_clause **clause, uint32_t *clause_count, bool *cut);

/* prove.c: the least call, in the order of variables, on which p and q differ. */
void sb_prove_difference(const struct sb_dd *dd, uint32_t p, uint32_t q, struct seccomp_data *data);
/* prove.c: sb_prove() with limits of one's own; witness may be NULL. */
enum secbake_status sb_prove_within(const struct sb_program *program, const struct sb_layer *layer,
				    const struct sb_prove_limits *limits,
				    struct sb_witness *witness, struct secbake_error *error);
/* The verdict of a decision diagram for one call. */
uint32_t sb_prove_lookup(const struct sb_dd *dd, uint32_t root, const struct seccomp_data *data);

#endif
