/* SPDX-License-Identifier: MIT */
/*
 * The program's side of the proof: what it decides, as a diagram.
 *
 * First forward: a point is an instruction together with what the registers and
 * the scratch memory hold there, each a word of conditions over the call. Paths
 * that meet with the same contents share a point, paths with different contents
 * do not, so nothing is lost where they join. Jumps only go forward, hence one
 * sweep over the instructions visits every point after those that lead to it.
 * Then backward: a RET is its verdict, any other point follows from the points
 * after it. Contents that nobody will read are forgotten, which is what keeps
 * points few.
 */
#include "prove_internal.h"

#include <stdio.h>
#include <stdlib.h>

#define NODES_OF_ONE (1u << 16) /* of one instruction */
#define STEPS_OF_ONE (1u << 19)
#define NO_POINT 0xffffffffu
#define DIVIDED_BY_ZERO 0xfffffffeu /* no point of its own: the program ends with 0 */
#define PLAIN 0xfffffffeu	    /* a condition: a plain word against the instruction's k */

/* Indices into the interned words. */
struct state {
	uint32_t word[SB_REG_COUNT];
};

struct point_key {
	uint32_t pc, state;
};

struct point {
	uint32_t cond;		  /* where it goes to then, elsewhere to otherwise; or PLAIN */
	uint32_t word;		  /* with PLAIN, A */
	uint32_t then, otherwise; /* points, or NO_POINT: cond never leads there, or
				   * DIVIDED_BY_ZERO */
	uint32_t diagram;	  /* of a return from the first sweep, else from the second */
	uint32_t next;		  /* of the same pc */
	bool leaf;
};

struct explorer {
	const struct sb_program *program;
	struct sb_dd *dd;
	struct secbake_error *error, *beyond;
	struct sb_intern words, states, points;
	struct point *point;
	uint32_t point_capacity;
	bool refine;	/* what a test showed is used behind it */
	uint32_t *head; /* first point of each pc */
	uint32_t *live; /* one bit a register that is read from pc on before it is written */
};

static enum secbake_status dd_failed(struct explorer *e, uint32_t pc)
{
	char where[32];

	snprintf(where, sizeof(where), "instruction %u", (unsigned int)pc);
	return sb_dd_failed(e->dd, where, e->error);
}

/* The form at pc is beyond the prover: so is what the program does from there on. */
static enum secbake_status give_up(struct explorer *e, uint32_t pc, uint32_t index, const char *why)
{
	secbake_error_set(e->beyond, SECBAKE_ERR_UNKNOWN, 0,
			  "cannot prove the program: instruction %u (code 0x%x): %s", pc,
			  (unsigned int)e->program->insn[pc].code, why);
	e->point[index].leaf = true;
	e->point[index].diagram = sb_dd_beyond(e->dd);
	return e->dd->status == SECBAKE_OK ? SECBAKE_OK : dd_failed(e, pc);
}

static enum secbake_status cannot(struct explorer *e, uint32_t pc, const char *why)
{
	return secbake_error_set(e->error, SECBAKE_ERR_UNKNOWN, 0,
				 "cannot prove the program: instruction %u (code 0x%x): %s", pc,
				 (unsigned int)e->program->insn[pc].code, why);
}

static enum secbake_status intern_failed(struct explorer *e, uint32_t pc,
					 enum secbake_status status)
{
	if (status == SECBAKE_ERR_MEMORY)
		return secbake_error_set(e->error, status, 0, "out of memory during the proof");
	return cannot(e, pc, "too many different register contents reach it");
}

/* The point of pc with these contents; made and queued when it is new. */
static enum secbake_status reach(struct explorer *e, uint32_t from, uint32_t pc, struct state state,
				 uint32_t *index)
{
	struct point_key key = {.pc = pc};
	enum secbake_status status;
	uint32_t known = e->points.count;

	for (uint32_t i = 0; i < SB_REG_COUNT; i++) {
		if ((e->live[pc] & (1u << i)) == 0)
			state.word[i] = 0;
	}
	status = sb_intern_get(&e->states, &state, &key.state);
	if (status == SECBAKE_OK)
		status = sb_intern_get(&e->points, &key, index);
	if (status != SECBAKE_OK)
		return intern_failed(e, from, status);
	if (*index < known)
		return SECBAKE_OK;
	if (*index >= e->point_capacity) {
		uint32_t capacity = e->point_capacity != 0 ? e->point_capacity * 2 : 512;
		struct point *point = reallocarray(e->point, capacity, sizeof(*point));

		if (point == NULL)
			return intern_failed(e, from, SECBAKE_ERR_MEMORY);
		e->point = point;
		e->point_capacity = capacity;
	}
	e->point[*index] =
		(struct point){.then = NO_POINT, .otherwise = NO_POINT, .next = e->head[pc]};
	e->head[pc] = *index;
	return SECBAKE_OK;
}

static struct sb_word get_word(const struct explorer *e, const struct state *state, uint32_t reg)
{
	return *(const struct sb_word *)sb_intern_key(&e->words, state->word[reg]);
}

static enum secbake_status set_word(struct explorer *e, uint32_t pc, struct state *state,
				    uint32_t reg, const struct sb_word *word)
{
	enum secbake_status status;

	if (e->dd->status != SECBAKE_OK)
		return dd_failed(e, pc);
	status = sb_intern_get(&e->words, word, &state->word[reg]);
	return status == SECBAKE_OK ? SECBAKE_OK : intern_failed(e, pc, status);
}

/* The second operand of ALU and JMP. */
static struct sb_word operand(const struct explorer *e, const struct sock_filter *insn,
			      const struct state *state)
{
	return BPF_SRC(insn->code) == BPF_X ? get_word(e, state, SB_REG_X)
					    : sb_word_constant(insn->k);
}

static enum secbake_status step_return(struct explorer *e, uint32_t pc, uint32_t index,
				       const struct state *state)
{
	const struct sock_filter *insn = &e->program->insn[pc];

	e->point[index].leaf = true;
	if (BPF_RVAL(insn->code) == BPF_K) {
		e->point[index].diagram = sb_dd_verdict(e->dd, insn->k);
	} else {
		struct sb_word a = get_word(e, state, SB_REG_A);
		const char *why = sb_word_return(e->dd, &a, &e->point[index].diagram);

		if (why != NULL)
			return give_up(e, pc, index, why);
	}
	return e->dd->status == SECBAKE_OK ? SECBAKE_OK : dd_failed(e, pc);
}

/* The condition of a conditional jump, or PLAIN, whose condition fold() need not build. */
static uint32_t jump_condition(struct explorer *e, const struct sock_filter *insn,
			       const struct state *state)
{
	const struct sb_word *a = sb_intern_key(&e->words, state->word[SB_REG_A]);
	struct sb_word b;
	uint32_t least, most;
	bool holds;

	if (BPF_SRC(insn->code) == BPF_K && BPF_OP(insn->code) != BPF_JSET &&
	    sb_word_plain(e->dd, a, &least, &most)) {
		if (!sb_word_always(BPF_OP(insn->code), least, most, insn->k, &holds))
			return PLAIN;
		return holds ? SB_DD_TRUE : SB_DD_FALSE;
	}
	b = operand(e, insn, state);
	return sb_word_test(e->dd, BPF_OP(insn->code), a, &b);
}

/*
 * Where a jump on equality with a constant was taken, all registers with what A had
 * hold that constant. This makes forms exact that would not be for all calls, but
 * also points that could have been one: it is for those programs that need it.
 */
static enum secbake_status reach_equal(struct explorer *e, uint32_t pc, uint32_t taken,
				       struct state state, uint32_t *index)
{
	const struct sock_filter *insn = &e->program->insn[pc];
	uint32_t a = state.word[SB_REG_A], constant;
	struct sb_word word;
	enum secbake_status status;

	if (e->refine && insn->code == (BPF_JMP | BPF_JEQ | BPF_K) && insn->jt != insn->jf) {
		word = sb_word_constant(insn->k);
		status = sb_intern_get(&e->words, &word, &constant);
		if (status != SECBAKE_OK)
			return intern_failed(e, pc, status);
		for (uint32_t i = 0; i < SB_REG_COUNT; i++)
			if (state.word[i] == a)
				state.word[i] = constant;
	}
	return reach(e, pc, taken, state, index);
}

static enum secbake_status step_jump(struct explorer *e, uint32_t pc, uint32_t index,
				     const struct state *state)
{
	const struct sock_filter *insn = &e->program->insn[pc];
	enum secbake_status status = SECBAKE_OK;
	uint32_t cond = SB_DD_TRUE, then = NO_POINT, otherwise = NO_POINT;
	uint32_t taken = pc + 1 + insn->k;

	if (BPF_OP(insn->code) != BPF_JA) {
		taken = pc + 1 + insn->jt;
		cond = jump_condition(e, insn, state);
		if (cond == SB_DD_NONE)
			return dd_failed(e, pc);
	}
	if (cond != SB_DD_FALSE)
		status = reach_equal(e, pc, taken, *state, &then);
	if (status == SECBAKE_OK && cond != SB_DD_TRUE)
		status = reach(e, pc, pc + 1 + insn->jf, *state, &otherwise);
	if (status != SECBAKE_OK)
		return status;
	e->point[index].cond = cond;
	e->point[index].word = state->word[SB_REG_A];
	e->point[index].then = then;
	e->point[index].otherwise = otherwise;
	return SECBAKE_OK;
}

/*
 * Where the divisor is 0 the program ends with 0 (KILL_THREAD): zero receives
 * that condition, SB_DD_FALSE for all other instructions.
 */
static enum secbake_status step_alu(struct explorer *e, uint32_t pc, uint32_t index,
				    struct state *state, uint32_t *zero)
{
	const struct sock_filter *insn = &e->program->insn[pc];
	struct sb_word a = get_word(e, state, SB_REG_A), b = operand(e, insn, state);
	struct sb_word none = sb_word_constant(0);
	const char *why;

	if (BPF_OP(insn->code) == BPF_DIV) {
		*zero = sb_word_test(e->dd, BPF_JEQ, &b, &none);
		if (*zero == SB_DD_TRUE)
			return SECBAKE_OK;
	}
	if (!(e->live[pc + 1] & 1u << SB_REG_A))
		return SECBAKE_OK; /* nobody reads what it would be */
	why = sb_word_alu(e->dd, BPF_OP(insn->code), &a, &b);
	if (why != NULL)
		return give_up(e, pc, index, why);
	return set_word(e, pc, state, SB_REG_A, &a);
}

static enum secbake_status step_load(struct explorer *e, uint32_t pc, struct state *state)
{
	const struct sock_filter *insn = &e->program->insn[pc];
	uint32_t reg = BPF_CLASS(insn->code) == BPF_LD ? SB_REG_A : SB_REG_X;
	struct sb_word word;

	switch (BPF_MODE(insn->code)) {
	case BPF_ABS:
		word = sb_word_input(e->dd, insn->k, e->program->big_endian);
		break;
	case BPF_LEN:
		word = sb_word_constant(sizeof(struct seccomp_data));
		break;
	case BPF_IMM:
		word = sb_word_constant(insn->k);
		break;
	case BPF_MEM:
		state->word[reg] = state->word[insn->k];
		return SECBAKE_OK;
	default:
		return cannot(e, pc, "the load is not known to the prover");
	}
	return set_word(e, pc, state, reg, &word);
}

/* Executes one point, and queues what follows it. */
static enum secbake_status step(struct explorer *e, uint32_t pc, uint32_t index)
{
	const struct sock_filter *insn = &e->program->insn[pc];
	const struct point_key *key = sb_intern_key(&e->points, index);
	struct state state = *(const struct state *)sb_intern_key(&e->states, key->state);
	enum secbake_status status = SECBAKE_OK;
	uint32_t next = NO_POINT, zero = SB_DD_FALSE;

	switch (BPF_CLASS(insn->code)) {
	case BPF_LD:
	case BPF_LDX:
		status = step_load(e, pc, &state);
		break;
	case BPF_ST:
	case BPF_STX:
		state.word[insn->k] =
			state.word[BPF_CLASS(insn->code) == BPF_ST ? SB_REG_A : SB_REG_X];
		break;
	case BPF_ALU:
		status = step_alu(e, pc, index, &state, &zero);
		break;
	case BPF_MISC:
		if (BPF_MISCOP(insn->code) == BPF_TAX)
			state.word[SB_REG_X] = state.word[SB_REG_A];
		else
			state.word[SB_REG_A] = state.word[SB_REG_X];
		break;
	case BPF_JMP:
		return step_jump(e, pc, index, &state);
	default:
		return step_return(e, pc, index, &state);
	}
	if (status != SECBAKE_OK || e->point[index].leaf)
		return status;
	if (zero != SB_DD_TRUE)
		status = reach(e, pc, pc + 1, state, &next);
	if (status != SECBAKE_OK)
		return status;
	e->point[index].cond = zero;
	e->point[index].then = zero == SB_DD_FALSE ? NO_POINT : DIVIDED_BY_ZERO;
	e->point[index].otherwise = next;
	return SECBAKE_OK;
}

/*
 * One instruction may not use up what the whole proof has: what needs a diagram that
 * large is taken for beyond the prover, and the rest is looked at all the same.
 */
static enum secbake_status step_bounded(struct explorer *e, uint32_t pc, uint32_t index)
{
	struct secbake_error own = {.status = SECBAKE_OK}, *given = e->error;
	struct sb_dd *dd = e->dd;
	uint32_t nodes = dd->node_limit;
	uint64_t steps = dd->step_limit;
	enum secbake_status status;

	if (nodes - dd->count > NODES_OF_ONE)
		dd->node_limit = dd->count + NODES_OF_ONE;
	if (steps - dd->steps > STEPS_OF_ONE)
		dd->step_limit = dd->steps + STEPS_OF_ONE;
	e->error = &own;
	status = step(e, pc, index);
	e->error = given;
	dd->node_limit = nodes;
	dd->step_limit = steps;
	if (status == SECBAKE_OK)
		return status;
	if (dd->status == SECBAKE_ERR_UNKNOWN && dd->count < nodes && dd->steps < steps) {
		dd->status = SECBAKE_OK;
		return give_up(e, pc, index, "it needs too large a diagram");
	}
	return secbake_error_set(given, status, own.sys_errno, "%s", own.text);
}

static enum secbake_status explore(struct explorer *e)
{
	struct sb_word zero = sb_word_constant(0);
	struct state state = {.word = {0}};
	enum secbake_status status;
	uint32_t first;

	/* Word 0 is zero: what A and X hold at first, and what is forgotten becomes. */
	status = sb_intern_get(&e->words, &zero, &first);
	if (status != SECBAKE_OK)
		return intern_failed(e, 0, status);
	status = reach(e, 0, 0, state, &first);
	for (uint32_t pc = 0; status == SECBAKE_OK && pc < e->program->count; pc++) {
		uint32_t index = e->head[pc];

		while (status == SECBAKE_OK && index != NO_POINT) {
			status = step_bounded(e, pc, index);
			index = e->point[index].next;
		}
	}
	return status;
}

static uint32_t diagram_of(const struct explorer *e, uint32_t point)
{
	return point == DIVIDED_BY_ZERO ? sb_dd_verdict(e->dd, 0) : e->point[point].diagram;
}

static uint32_t fold_point(const struct explorer *e, uint32_t pc, const struct point *point)
{
	const struct sock_filter *insn = &e->program->insn[pc];

	if (point->otherwise == NO_POINT)
		return diagram_of(e, point->then);
	if (point->then == NO_POINT)
		return diagram_of(e, point->otherwise);
	if (point->cond == PLAIN)
		return sb_word_split(e->dd, BPF_OP(insn->code),
				     sb_intern_key(&e->words, point->word), insn->k,
				     diagram_of(e, point->then), diagram_of(e, point->otherwise));
	return sb_dd_ite(e->dd, point->cond, diagram_of(e, point->then),
			 diagram_of(e, point->otherwise));
}

/* From the last instruction to the first; the diagram of the first point is the program's. */
static enum secbake_status fold(struct explorer *e, uint32_t *root)
{
	for (uint32_t pc = e->program->count; pc-- > 0;) {
		for (uint32_t i = e->head[pc]; i != NO_POINT; i = e->point[i].next) {
			struct point *point = &e->point[i];

			if (!point->leaf)
				point->diagram = fold_point(e, pc, point);
			if (point->diagram == SB_DD_NONE)
				return dd_failed(e, pc);
		}
	}
	*root = e->point[0].diagram;
	return SECBAKE_OK;
}

static enum secbake_status decide(struct sb_dd *dd, const struct sb_program *program,
				  uint32_t point_limit, bool refine, uint32_t *root,
				  struct secbake_error *unclear, struct secbake_error *error)
{
	struct explorer e = {
		.program = program, .dd = dd, .error = error, .beyond = unclear, .refine = refine};
	enum secbake_status status;

	sb_intern_init(&e.words, sizeof(struct sb_word), point_limit);
	sb_intern_init(&e.states, sizeof(struct state), point_limit);
	sb_intern_init(&e.points, sizeof(struct point_key), point_limit);
	e.head = calloc(program->count, sizeof(*e.head));
	e.live = calloc(program->count, sizeof(*e.live));
	if (e.head == NULL || e.live == NULL) {
		status = secbake_error_set(error, SECBAKE_ERR_MEMORY, 0,
					   "out of memory during the proof");
	} else {
		for (uint32_t pc = 0; pc < program->count; pc++)
			e.head[pc] = NO_POINT;
		sb_prove_live(program, e.live);
		status = explore(&e);
		if (status == SECBAKE_OK)
			status = fold(&e, root);
	}
	sb_intern_free(&e.words);
	sb_intern_free(&e.states);
	sb_intern_free(&e.points);
	free(e.point);
	free(e.head);
	free(e.live);
	return status;
}

static uint32_t is_beyond(struct sb_dd *dd, const void *context, uint32_t f, uint32_t g)
{
	(void)context;
	(void)g;
	return dd->node[f].var == SB_VAR_BEYOND ? SB_DD_TRUE : SB_DD_FALSE;
}

uint32_t sb_prove_beyond(struct sb_dd *dd, uint32_t root)
{
	return sb_dd_pairs(dd, root, root, is_beyond, NULL);
}

enum secbake_status sb_prove_program(struct sb_dd *dd, const struct sb_program *program,
				     uint32_t point_limit, uint32_t *root,
				     struct secbake_error *beyond, struct secbake_error *error)
{
	enum secbake_status status = decide(dd, program, point_limit, false, root, beyond, error);

	if (status != SECBAKE_OK || beyond->status == SECBAKE_OK)
		return status;
	*beyond = (struct secbake_error){.status = SECBAKE_OK};
	return decide(dd, program, point_limit, true, root, beyond, error);
}
