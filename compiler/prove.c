/* SPDX-License-Identifier: MIT */
/*
 * The proof that a program decides as its policy: both become diagrams in one
 * table, and equal functions are then one node. A refutation is never taken on
 * the diagrams' word alone: the call that shows it is run through the
 * interpreter and looked up in the layer, and all four answers must agree.
 */
#include "prove.h"
#include "prove_internal.h"

#include <inttypes.h>
#include <stdio.h>

/* No kernel has a table longer than this that it keeps a bitmap for. */
#define BITMAP_NUMBERS 1024u

/* The bit of a call that a variable stands for. */
static bool input_bit(const struct seccomp_data *data, uint32_t var)
{
	uint32_t arg;

	if (var < SB_VAR_NR)
		return (data->arch >> (31 - (var - SB_VAR_ARCH)) & 1) != 0;
	if (var < SB_VAR_IP)
		return ((uint32_t)data->nr >> (31 - (var - SB_VAR_NR)) & 1) != 0;
	if (var < SB_VAR_ARG)
		return (data->instruction_pointer >> (63 - (var - SB_VAR_IP)) & 1) != 0;
	arg = (var - SB_VAR_ARG) / 64;
	return (data->args[arg] >> (63 - (var - SB_VAR_ARG) % 64) & 1) != 0;
}

static void put(uint64_t *word, uint64_t bit, bool value)
{
	*word = value ? *word | bit : *word & ~bit;
}

void sb_prove_set_bit(struct seccomp_data *data, uint32_t var, bool value)
{
	uint64_t word;

	if (var < SB_VAR_NR) {
		word = data->arch;
		put(&word, UINT64_C(1) << (31 - (var - SB_VAR_ARCH)), value);
		data->arch = (uint32_t)word;
	} else if (var < SB_VAR_IP) {
		word = (uint32_t)data->nr;
		put(&word, UINT64_C(1) << (31 - (var - SB_VAR_NR)), value);
		data->nr = (int)(uint32_t)word;
	} else if (var < SB_VAR_ARG) {
		word = data->instruction_pointer;
		put(&word, UINT64_C(1) << (63 - (var - SB_VAR_IP)), value);
		data->instruction_pointer = word;
	} else {
		word = data->args[(var - SB_VAR_ARG) / 64];
		put(&word, UINT64_C(1) << (63 - (var - SB_VAR_ARG) % 64), value);
		data->args[(var - SB_VAR_ARG) / 64] = word;
	}
}

uint32_t sb_prove_lookup(const struct sb_dd *dd, uint32_t root, const struct seccomp_data *data)
{
	while (dd->node[root].var < SB_VAR_COUNT) {
		const struct sb_dd_node *node = &dd->node[root];

		root = input_bit(data, node->var) ? node->hi : node->lo;
	}
	return dd->node[root].lo;
}

/*
 * The least call, by the order of variables, on which two different diagrams
 * differ: where the halves for 0 are one node, the difference lies in the others.
 */
void sb_prove_difference(const struct sb_dd *dd, uint32_t p, uint32_t q, struct seccomp_data *data)
{
	*data = (struct seccomp_data){.nr = 0};
	for (;;) {
		uint32_t var = dd->node[p].var;
		uint32_t p0, q0;

		if (dd->node[q].var < var)
			var = dd->node[q].var;
		if (var >= SB_VAR_COUNT)
			return;
		p0 = sb_dd_half(dd, p, var, false);
		q0 = sb_dd_half(dd, q, var, false);
		if (p0 == q0) {
			sb_prove_set_bit(data, var, true);
			p0 = sb_dd_half(dd, p, var, true);
			q0 = sb_dd_half(dd, q, var, true);
		}
		p = p0;
		q = q0;
	}
}

static enum secbake_status report(const struct sb_witness *w, struct secbake_error *error)
{
	char args[6 * 20 + 1];
	size_t used = 0;

	for (uint32_t i = 0; i < 6; i++)
		used += (size_t)snprintf(args + used, sizeof(args) - used, "%s0x%" PRIx64,
					 i != 0 ? "," : "", (uint64_t)w->data.args[i]);
	return secbake_error_set(error, SECBAKE_ERR_INTERNAL, 0,
				 "the program does not decide as its policy: for arch 0x%x, number "
				 "%u, args %s, instruction pointer 0x%x%08x the program returns "
				 "0x%x, the policy says 0x%x",
				 (unsigned int)w->data.arch, (unsigned int)w->data.nr, args,
				 (unsigned int)(w->data.instruction_pointer >> 32),
				 (unsigned int)(w->data.instruction_pointer & 0xffffffffu),
				 w->program_verdict, w->policy_verdict);
}

static enum secbake_status refute(const struct sb_dd *dd, const struct sb_program *program,
				  const struct sb_layer *layer, uint32_t decided, uint32_t wanted,
				  struct sb_witness *witness, struct secbake_error *error)
{
	struct sb_witness w = {.program_verdict = 0};
	enum secbake_status status;

	sb_prove_difference(dd, decided, wanted, &w.data);
	status = sb_interpret(program, &w.data, &w.program_verdict, NULL);
	w.policy_verdict = sb_prove_layer_eval(layer, &w.data);
	if (status != SECBAKE_OK || w.program_verdict == w.policy_verdict ||
	    w.program_verdict != sb_prove_lookup(dd, decided, &w.data) ||
	    w.policy_verdict != sb_prove_lookup(dd, wanted, &w.data))
		return secbake_error_set(error, SECBAKE_ERR_INTERNAL, 0,
					 "the prover contradicts the interpreter on arch 0x%x, "
					 "number %u: please report this with the policy",
					 (unsigned int)w.data.arch, (unsigned int)w.data.nr);
	if (witness != NULL)
		*witness = w;
	return report(&w, error);
}

/*
 * Of the numbers from base with `bits` low bits free, each that diagram f always
 * allows must be seen to be allowed. Those that are not are added to witness.
 */
static void hidden_allow(const struct sb_dd *dd, const struct sb_program *program, uint32_t arch,
			 uint32_t f, uint32_t bits, uint32_t base, struct sb_witness *witness)
{
	uint32_t var = SB_VAR_NR + 32 - bits;

	if (base >= BITMAP_NUMBERS || witness->hidden_count == SB_HIDDEN_MAX)
		return;
	if (dd->node[f].var == SB_VAR_VERDICT) {
		uint64_t end = (uint64_t)base + (UINT64_C(1) << bits);

		if (dd->node[f].lo != SECCOMP_RET_ALLOW)
			return;
		for (uint32_t nr = base; nr < BITMAP_NUMBERS && nr < end; nr++) {
			if (sb_const_allow(program, arch, nr, NULL))
				continue;
			if (witness->hidden_count == SB_HIDDEN_MAX)
				return;
			witness->hidden[witness->hidden_count].arch = arch;
			witness->hidden[witness->hidden_count++].nr = nr;
		}
		return;
	}
	if (dd->node[f].var >= SB_VAR_IP) /* it depends on arguments */
		return;
	bits--;
	hidden_allow(dd, program, arch, sb_dd_half(dd, f, var, false), bits, base, witness);
	hidden_allow(dd, program, arch, sb_dd_half(dd, f, var, true), bits, base | 1u << bits,
		     witness);
}

static enum secbake_status check_bitmap(const struct sb_dd *dd, const struct sb_program *program,
					const struct sb_layer *layer, uint32_t root,
					struct sb_witness *witness, struct secbake_error *error)
{
	struct sb_witness found = {.hidden_allow = true,
				   .program_verdict = SECCOMP_RET_ALLOW,
				   .policy_verdict = SECCOMP_RET_ALLOW};

	for (uint32_t i = 0; i < layer->map_count; i++) {
		uint32_t arch = layer->map[i].audit_arch;
		uint32_t f = root;

		for (uint32_t bit = 32; bit-- > 0;)
			f = sb_dd_half(dd, f, SB_VAR_ARCH + 31 - bit, (arch >> bit & 1) != 0);
		hidden_allow(dd, program, arch, f, 32, 0, &found);
	}
	if (!found.hidden_count)
		return SECBAKE_OK;
	found.data.nr = (int)found.hidden[0].nr;
	found.data.arch = found.hidden[0].arch;
	if (witness)
		*witness = found;
	return secbake_error_set(
		error, SECBAKE_ERR_INTERNAL, 0,
		"the policy always allows number %u of arch 0x%x, but the kernel's "
		"emulator cannot see it in the program, which would be slow",
		found.hidden[0].nr, found.hidden[0].arch);
}

/* What the program decides, where it is known; elsewhere what the policy wants. */
static uint32_t where_known(struct sb_dd *dd, const void *context, uint32_t decided,
			    uint32_t wanted)
{
	(void)context;
	return dd->node[decided].var == SB_VAR_BEYOND ? wanted : decided;
}

/* One call is enough to refute, also where there is no proof. */
static enum secbake_status try_calls(const struct sb_program *program, const struct sb_layer *layer,
				     struct sb_dd *dd, uint32_t condition, uint32_t wanted,
				     struct sb_witness *witness, struct secbake_error *error)
{
	struct sb_witness found = {.program_verdict = 0};

	if (!sb_prove_guess(program, layer, dd, condition, wanted, &found))
		return SECBAKE_OK;
	if (witness)
		*witness = found;
	return report(&found, error);
}

static enum secbake_status compare(struct sb_dd *dd, const struct sb_program *program,
				   const struct sb_layer *layer,
				   const struct sb_prove_limits *limits, struct sb_witness *witness,
				   struct secbake_error *error)
{
	struct secbake_error beyond = {.status = SECBAKE_OK};
	enum secbake_status status;
	uint32_t decided, wanted, condition = SB_DD_FALSE;

	if (sb_dd_init(dd, limits) != SECBAKE_OK)
		return sb_dd_failed(dd, "the start", error);
	status = sb_prove_layer(dd, layer, &wanted, error);
	if (status == SECBAKE_OK)
		status = sb_prove_program(dd, program, limits->points, &decided, &beyond, error);
	if (status != SECBAKE_OK)
		return status;
	if (beyond.status != SECBAKE_OK) {
		condition = sb_prove_beyond(dd, decided);
		decided = sb_dd_pairs(dd, decided, wanted, where_known, NULL);
		if (dd->status != SECBAKE_OK)
			return sb_dd_failed(dd, "the comparison", error);
	}
	if (decided != wanted)
		return refute(dd, program, layer, decided, wanted, witness, error);
	if (condition == SB_DD_FALSE)
		return check_bitmap(dd, program, layer, wanted, witness, error);
	status = try_calls(program, layer, dd, condition, wanted, witness, error);
	return status == SECBAKE_OK ? secbake_error_set(error, beyond.status, 0, "%s", beyond.text)
				    : status;
}

enum secbake_status sb_prove_within(const struct sb_program *program, const struct sb_layer *layer,
				    const struct sb_prove_limits *limits,
				    struct sb_witness *witness, struct secbake_error *error)
{
	struct secbake_error failed = {.status = SECBAKE_OK};
	enum secbake_status status, tried;
	struct sb_dd dd;

	status = sb_prove_layer_check(layer, error);
	if (status != SECBAKE_OK)
		return status;
	if (sb_validate(program, &failed) != SECBAKE_OK)
		return secbake_error_set(error, SECBAKE_ERR_INTERNAL, 0,
					 "the kernel would refuse the program: %s", failed.text);
	status = compare(&dd, program, layer, limits, witness, &failed);
	sb_dd_free(&dd);
	if (status == SECBAKE_ERR_UNKNOWN) {
		tried = try_calls(program, layer, NULL, 0, 0, witness, error);
		if (tried != SECBAKE_OK)
			return tried;
	}
	if (status != SECBAKE_OK)
		secbake_error_set(error, status, failed.sys_errno, "%s", failed.text);
	return status;
}

enum secbake_status sb_prove(const struct sb_program *program, const struct sb_layer *layer,
			     struct sb_witness *witness, struct secbake_error *error)
{
	/* At worst 80 MiB and two seconds; a container policy takes 2 MiB and one millisecond. */
	static const struct sb_prove_limits limits = {
		.nodes = 1u << 21,
		.steps = 1u << 25,
		.points = 1u << 16,
	};

	return sb_prove_within(program, layer, &limits, witness, error);
}
