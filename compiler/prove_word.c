/* SPDX-License-Identifier: MIT */
/*
 * 32-bit words whose bits are conditions over the call, and the arithmetic of
 * classic BPF on them, bit by bit as in hardware. Nothing here is an estimate:
 * what has no exact answer (a shift by what may be 32 or more, for instance)
 * says why.
 */
#include "prove_internal.h"

static uint32_t not_(struct sb_dd *dd, uint32_t f)
{
	return sb_dd_ite(dd, f, SB_DD_FALSE, SB_DD_TRUE);
}

static uint32_t and_(struct sb_dd *dd, uint32_t f, uint32_t g)
{
	return sb_dd_ite(dd, f, g, SB_DD_FALSE);
}

static uint32_t or_(struct sb_dd *dd, uint32_t f, uint32_t g)
{
	return sb_dd_ite(dd, f, SB_DD_TRUE, g);
}

static uint32_t xor_(struct sb_dd *dd, uint32_t f, uint32_t g)
{
	return sb_dd_ite(dd, f, not_(dd, g), g);
}

struct sb_word sb_word_constant(uint32_t value)
{
	struct sb_word word;

	for (uint32_t i = 0; i < 32; i++)
		word.bit[i] = (value >> i & 1) != 0 ? SB_DD_TRUE : SB_DD_FALSE;
	return word;
}

bool sb_word_value(const struct sb_word *word, uint32_t *value)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < 32; i++) {
		if (word->bit[i] > SB_DD_TRUE)
			return false;
		sum |= word->bit[i] << i;
	}
	*value = sum;
	return true;
}

struct sb_word sb_word_input(struct sb_dd *dd, uint32_t offset, bool big_endian)
{
	struct sb_word word;
	uint32_t first; /* variable of the word's most significant bit */

	if (offset == offsetof(struct seccomp_data, nr)) {
		first = SB_VAR_NR;
	} else if (offset == offsetof(struct seccomp_data, arch)) {
		first = SB_VAR_ARCH;
	} else {
		bool second = (offset & 4) != 0;

		/* The instruction pointer and then the arguments, eight bytes each, without gaps.
		 */
		_Static_assert(offsetof(struct seccomp_data, instruction_pointer) == 8, "layout");
		_Static_assert(offsetof(struct seccomp_data, args) == 16, "layout");
		first = SB_VAR_IP + (offset / 8 - 1) * 64;
		if (second == big_endian)
			first += 32; /* the less significant half */
	}
	for (uint32_t i = 0; i < 32; i++)
		word.bit[i] = sb_dd_node(dd, first + 31 - i, SB_DD_FALSE, SB_DD_TRUE);
	return word;
}

/* a + b + carry; the carry out of the last bit comes back. */
static uint32_t add(struct sb_dd *dd, struct sb_word *a, const struct sb_word *b, uint32_t carry)
{
	for (uint32_t i = 0; i < 32; i++) {
		uint32_t x = a->bit[i];
		uint32_t differ = xor_(dd, x, b->bit[i]);

		a->bit[i] = xor_(dd, differ, carry);
		carry = sb_dd_ite(dd, differ, carry, x);
	}
	return carry;
}

/* a - b; the condition a >= b, that is where nothing was borrowed, comes back. */
static uint32_t subtract(struct sb_dd *dd, struct sb_word *a, const struct sb_word *b)
{
	struct sb_word complement;

	for (uint32_t i = 0; i < 32; i++)
		complement.bit[i] = not_(dd, b->bit[i]);
	return add(dd, a, &complement, SB_DD_TRUE);
}

static void shift_left(struct sb_word *a, uint32_t amount)
{
	for (uint32_t i = 32; i-- > 0;)
		a->bit[i] = i >= amount ? a->bit[i - amount] : SB_DD_FALSE;
}

static void shift_right(struct sb_word *a, uint32_t amount)
{
	for (uint32_t i = 0; i < 32; i++)
		a->bit[i] = i + amount < 32 ? a->bit[i + amount] : SB_DD_FALSE;
}

static void multiply(struct sb_dd *dd, struct sb_word *a, const struct sb_word *b)
{
	struct sb_word sum = sb_word_constant(0);
	struct sb_word shifted = *a;

	for (uint32_t i = 0; i < 32; i++) {
		struct sb_word part;

		for (uint32_t j = 0; j < 32; j++)
			part.bit[j] = and_(dd, b->bit[i], shifted.bit[j]);
		add(dd, &sum, &part, SB_DD_FALSE);
		shift_left(&shifted, 1);
	}
	*a = sum;
}

/*
 * Long division, a bit of the quotient at a time. The rest never loses a bit:
 * before its last shift it is at most the 31 upper bits of a. Where b is 0 the
 * quotient means nothing, and the caller sees that no such call gets here.
 */
static void divide(struct sb_dd *dd, struct sb_word *a, const struct sb_word *b)
{
	struct sb_word rest = sb_word_constant(0);

	for (uint32_t i = 32; i-- > 0;) {
		struct sb_word less;
		uint32_t fits;

		shift_left(&rest, 1);
		rest.bit[0] = a->bit[i];
		less = rest;
		fits = subtract(dd, &less, b);
		for (uint32_t j = 0; j < 32; j++)
			rest.bit[j] = sb_dd_ite(dd, fits, less.bit[j], rest.bit[j]);
		a->bit[i] = fits;
	}
}

static void shift_by(uint16_t op, struct sb_word *a, uint32_t amount)
{
	if (op == BPF_LSH)
		shift_left(a, amount);
	else
		shift_right(a, amount);
}

/* A stage for each bit of the amount: moved by that power of two where it is set. */
static const char *shift(struct sb_dd *dd, uint16_t op, struct sb_word *a, const struct sb_word *b)
{
	for (uint32_t i = 5; i < 32; i++)
		if (b->bit[i] != SB_DD_FALSE)
			return "it may shift by 32 or more, which machines do differently";
	for (uint32_t i = 0; i < 5; i++) {
		struct sb_word moved = *a;

		shift_by(op, &moved, 1u << i);
		for (uint32_t j = 0; j < 32; j++)
			a->bit[j] = sb_dd_ite(dd, b->bit[i], moved.bit[j], a->bit[j]);
	}
	return NULL;
}

const char *sb_word_alu(struct sb_dd *dd, uint16_t op, struct sb_word *a, const struct sb_word *b)
{
	struct sb_word zero = sb_word_constant(0);

	switch (op) {
	case BPF_ADD:
		add(dd, a, b, SB_DD_FALSE);
		return NULL;
	case BPF_SUB:
		subtract(dd, a, b);
		return NULL;
	case BPF_NEG:
		subtract(dd, &zero, a);
		*a = zero;
		return NULL;
	case BPF_MUL:
		multiply(dd, a, b);
		return NULL;
	case BPF_DIV:
		divide(dd, a, b);
		return NULL;
	case BPF_LSH:
	case BPF_RSH:
		return shift(dd, op, a, b);
	default:
		break;
	}
	for (uint32_t i = 0; i < 32; i++) {
		if (op == BPF_AND)
			a->bit[i] = and_(dd, a->bit[i], b->bit[i]);
		else if (op == BPF_OR)
			a->bit[i] = or_(dd, a->bit[i], b->bit[i]);
		else if (op == BPF_XOR)
			a->bit[i] = xor_(dd, a->bit[i], b->bit[i]);
		else
			return "its arithmetic is not known to the prover";
	}
	return NULL;
}

/* The test on the lowest `bits` bits alone. */
static uint32_t test_low(struct sb_dd *dd, uint16_t op, const struct sb_word *a,
			 const struct sb_word *b, uint32_t bits)
{
	uint32_t result = op == BPF_JEQ || op == BPF_JGE ? SB_DD_TRUE : SB_DD_FALSE;

	/*
	 * From the least significant bit up: result is the answer for the bits so
	 * far, and a difference in a higher bit overrules it.
	 */
	for (uint32_t i = 0; i < bits; i++) {
		uint32_t x = a->bit[i], y = b->bit[i];

		if (op == BPF_JEQ)
			result = sb_dd_ite(dd, x, and_(dd, y, result),
					   sb_dd_ite(dd, y, SB_DD_FALSE, result));
		else if (op == BPF_JSET)
			result = or_(dd, and_(dd, x, y), result);
		else
			result = sb_dd_ite(
				dd, x, sb_dd_ite(dd, y, result, SB_DD_TRUE),
				and_(dd, sb_dd_ite(dd, y, SB_DD_FALSE, SB_DD_TRUE), result));
	}
	return result;
}

uint32_t sb_word_test(struct sb_dd *dd, uint16_t op, const struct sb_word *a,
		      const struct sb_word *b)
{
	return test_low(dd, op, a, b, 32);
}

bool sb_word_plain(const struct sb_dd *dd, const struct sb_word *a, uint32_t *least, uint32_t *most)
{
	uint32_t last = 0;

	*least = *most = 0;
	for (uint32_t i = 32; i-- > 0;) {
		const struct sb_dd_node *node = &dd->node[a->bit[i]];

		if (a->bit[i] == SB_DD_FALSE)
			continue;
		*most |= 1u << i;
		if (a->bit[i] == SB_DD_TRUE) {
			*least |= 1u << i;
			continue;
		}
		/* Counted from 1, that the first may be variable 0. */
		if (node->lo != SB_DD_FALSE || node->hi != SB_DD_TRUE || node->var + 1 <= last)
			return false;
		last = node->var + 1;
	}
	return true;
}

struct splitter {
	struct sb_dd *dd;
	const struct sb_word *a;
	uint16_t op;
	uint32_t k;
};

/* The same in general: g or h depend on bits that were masked away. */
static __attribute__((noinline)) uint32_t split_any(const struct splitter *s, uint32_t bits,
						    uint32_t g, uint32_t h)
{
	struct sb_word b = sb_word_constant(s->k);

	return sb_dd_ite(s->dd, test_low(s->dd, s->op, s->a, &b, bits), g, h);
}

/* Where the lowest `bits` bits of a pass the test g, else h; the bits above are equal. */
static uint32_t split(const struct splitter *s, uint32_t bits, uint32_t g, uint32_t h)
{
	struct sb_dd *dd = s->dd;
	uint32_t f, var, equal, more, other;
	bool set;

	if (g == h || g == SB_DD_NONE || h == SB_DD_NONE)
		return g == h ? g : SB_DD_NONE;
	if (bits == 0)
		return s->op == BPF_JGT ? h : g;
	bits--;
	f = s->a->bit[bits];
	set = (s->k >> bits & 1) != 0;
	/* With the bit of a above that of k, and below it. */
	more = s->op == BPF_JEQ ? h : g;
	if (f <= SB_DD_TRUE) {
		if ((f == SB_DD_TRUE) == set)
			return split(s, bits, g, h);
		return set ? h : more;
	}
	var = dd->node[f].var;
	if (dd->node[g].var < var || dd->node[h].var < var)
		return split_any(s, bits + 1, g, h);
	equal = split(s, bits, sb_dd_half(dd, g, var, set), sb_dd_half(dd, h, var, set));
	other = sb_dd_half(dd, set ? h : more, var, !set);
	return set ? sb_dd_node(dd, var, other, equal) : sb_dd_node(dd, var, equal, other);
}

uint32_t sb_word_split(struct sb_dd *dd, uint16_t op, const struct sb_word *a, uint32_t k,
		       uint32_t g, uint32_t h)
{
	const struct splitter s = {.dd = dd, .a = a, .op = op, .k = k};

	return split(&s, 32, g, h);
}

bool sb_word_always(uint16_t op, uint32_t least, uint32_t most, uint32_t k, bool *holds)
{
	switch (op) {
	case BPF_JEQ:
		/* A bit that is the same in both is constant; one that is not may be either. */
		*holds = least == most && least == k;
		return *holds || ((k ^ least) & ~(least ^ most)) != 0;
	case BPF_JGT:
		*holds = least > k;
		return *holds || most <= k;
	default:
		*holds = least >= k;
		return *holds || most < k;
	}
}
